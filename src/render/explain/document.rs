//! The explanation as a document: everything that is said of one figure or one event, before it is laid out.

use std::collections::BTreeMap;

use serde::Serialize;
use serde_json::Value;

use crate::event::Instant;
use crate::report::v1::{Band, DeltaState, Evidence, SourceInfo, WindowInfo};

/// The schema's name, first in every document.
pub const SCHEMA: &str = "fivekeys.explanation/1";

/// How one figure, or one event, came about. `explanation.schema.json` describes it; fields may be added.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Explanation {
    /// Always [`SCHEMA`].
    pub schema: &'static str,
    /// What is explained.
    pub kind: Kind,
    /// Path of the figure below `overall.metrics` of the report, or else below its root; or the event's id.
    pub figure: String,
    /// In words.
    pub title: String,
    /// `owner/name`.
    pub repository: Option<String>,
    /// The one service that was looked at; null for all of them together.
    pub service: Option<String>,
    /// As it stands in the report: durations in seconds, ratios 0 to 1, null where it is missing.
    pub value: Value,
    /// What `value` is measured in.
    pub unit: Measure,
    /// The value as people read it.
    pub shown: String,
    /// 95 % interval, in the unit of the value.
    pub interval95: Option<[f64; 2]>,
    /// The interval as people read it.
    pub interval_shown: Option<String>,
    /// Why the value is missing, or how it is flagged.
    pub reason: Option<Reason>,
    /// Band of the chosen edition.
    pub band: Option<Band>,
    /// What it is.
    pub definition: String,
    /// The rules that it follows.
    pub rules: Vec<Rule>,
    /// The parameters in force that bear on it.
    pub parameters: BTreeMap<String, String>,
    /// What was looked at.
    pub window: WindowInfo,
    /// Where events came from.
    pub sources: Vec<SourceInfo>,
    /// What is known of an event, by name; empty for a figure.
    pub facts: Vec<Fact>,
    /// From the events to the value, a sentence a step.
    pub arithmetic: Vec<String>,
    /// Figures beneath it, each of which can be explained.
    pub parts: Vec<Part>,
    /// Against the window before.
    pub comparison: Option<Comparison>,
    /// The events behind it, newest first.
    pub events: Vec<Item>,
    /// What does not count, and why.
    pub excluded: Vec<Exclusion>,
    /// What would change it.
    pub would_change: Vec<String>,
    /// Hash of the rules in force: numbers with different ones cannot be compared.
    pub fingerprint: String,
}

/// What is explained.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    /// A number of the report.
    Figure,
    /// One deployment.
    Deployment,
    /// One change.
    Change,
    /// One incident.
    Incident,
}

impl Kind {
    /// In words.
    #[must_use]
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Figure => "figure",
            Self::Deployment => "deployment",
            Self::Change => "change",
            Self::Incident => "incident",
        }
    }
}

/// What a value is measured in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Measure {
    /// Seconds.
    Seconds,
    /// A share, 0 to 1.
    Ratio,
    /// A day.
    PerDay,
    /// A week.
    PerWeek,
    /// A whole number of things.
    Count,
    /// A number without a unit.
    Number,
    /// No number.
    Text,
}

/// Why something is missing.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Reason {
    /// Of the report's closed list; null where only the words know it.
    pub code: Option<String>,
    /// One sentence.
    pub says: String,
}

/// A rule of counting.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct Rule {
    /// Stable id, such as `LT2`.
    pub id: &'static str,
    /// What it says, in one line.
    pub says: &'static str,
}

/// Something known of an event.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Fact {
    /// Such as `environment`.
    pub name: String,
    /// In words.
    pub value: String,
}

/// A figure beneath another.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Part {
    /// Its path.
    pub figure: String,
    /// Its value.
    pub value: Value,
    /// What the value is measured in.
    pub unit: Measure,
    /// The value as people read it.
    pub shown: String,
}

/// Against the window before.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Comparison {
    /// One of three; null where nothing was tested, since only headlines are.
    pub state: Option<DeltaState>,
    /// Good or bad news; only when it changed.
    pub better: Option<bool>,
    /// Before.
    pub previous: Value,
    /// The test's p-value.
    pub p: Option<f64>,
    /// One sentence.
    pub says: String,
}

/// An event behind a figure.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Item {
    /// Deployment, change or incident.
    pub kind: Kind,
    /// Event id, pull request number or commit.
    pub id: String,
    /// When it counts.
    pub at: Option<Instant>,
    /// What it adds to a distribution.
    pub seconds: Option<f64>,
    /// What is to say of it; may be empty.
    pub says: String,
    /// Why it counts as failed or as rework.
    pub evidence: Vec<Evidence>,
    /// A page about it.
    pub url: Option<String>,
}

/// Something that does not count.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Exclusion {
    /// Deployment, change or incident.
    pub kind: Kind,
    /// Event id, pull request number or commit.
    pub id: String,
    /// Stable code.
    pub code: String,
    /// Why, in words.
    pub says: String,
}
