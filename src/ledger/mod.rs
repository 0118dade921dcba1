//! Events at rest: a set union of lines, the same on the metrics branch and in `.dora/`.
//!
//! Lines are sharded by the day they were taken in, so that a run only ever touches today's file; the first
//! writer of a day folds earlier days into their month, line by line, and deletes them. A month is the month of
//! taking in, too: nothing is taken in before it happened, so the months since a window's start hold every event
//! of the window, and a closed month is never rewritten.

mod branch;
mod folder;
mod line;
mod plan;
mod repair;

use std::collections::BTreeMap;

use chrono::{Datelike as _, NaiveDate};
use serde::{Deserialize, Serialize};

use crate::event::{Events, Instant};

pub use branch::{Branch, Loaded, Reading};
pub use folder::{Folder, FolderError};
pub use line::Line;
pub use plan::Plan;
pub use repair::{Repair, aside_path, repair};

/// The layout that this version writes.
pub const SCHEMA: u32 = 1;

/// Bookkeeping beside the lines: what cannot be told from the end of the history alone.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Meta {
    /// Layout of the lines.
    pub schema: u32,
    /// Oldest layout that a reader must know.
    pub min_reader: u32,
    /// Who wrote last.
    pub writer: String,
    /// Where the collected history begins.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub history_since: Option<Instant>,
    /// Head of the production branch, as last seen.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub head: Option<String>,
    /// Where an unfinished first collection goes on.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub resume: Option<String>,
    /// How far each other source has been read, by its name: `all`, or where an unfinished collection goes on.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub places: BTreeMap<String, String>,
    /// Month of the first line, `YYYY-MM`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub first_month: Option<String>,
    /// First deployment of each service.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub baselines: BTreeMap<String, String>,
    /// What a newer writer of the same layout keeps here.
    #[serde(flatten)]
    pub rest: serde_json::Map<String, serde_json::Value>,
}

impl Default for Meta {
    fn default() -> Self {
        Self {
            schema: SCHEMA,
            min_reader: 1,
            writer: concat!("fivekeys ", env!("CARGO_PKG_VERSION")).to_owned(),
            history_since: None,
            head: None,
            resume: None,
            places: BTreeMap::new(),
            first_month: None,
            baselines: BTreeMap::new(),
            rest: serde_json::Map::new(),
        }
    }
}

/// A line that is no event, or a file that is none of ours.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{file}{}: {what}", if *line == 0 { String::new() } else { format!(":{line}") })]
pub struct Unreadable {
    /// Path in the ledger.
    pub file: String,
    /// From 1; 0 for the file as a whole.
    pub line: usize,
    /// What is wrong.
    pub what: String,
}

/// A ledger that this version must not touch.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the ledger has layout {found}, this fivekeys knows {known}")]
pub struct TooNew {
    /// Layout found.
    pub found: u32,
    /// Layout known.
    pub known: u32,
}

/// A ledger as read: its events, and the files they stand in.
#[derive(Debug, Clone, Default)]
pub struct Ledger {
    /// The union of all lines.
    pub events: Events,
    /// Its bookkeeping.
    pub meta: Meta,
    /// Lines of each file that was read.
    files: BTreeMap<String, Vec<Line>>,
    /// Anything here makes the ledger read-only: what cannot be read is never overwritten.
    pub unreadable: Vec<Unreadable>,
}

/// `ledger/meta.json`.
pub const META: &str = "ledger/meta.json";

/// Path of a day's shard.
#[must_use]
pub fn day_path(day: NaiveDate) -> String {
    day.format("ledger/events/%Y/%m/%d.jsonl").to_string()
}

/// Path of a month's file; `month` is `YYYY-MM`.
#[must_use]
pub fn month_path(month: &str) -> String {
    format!("ledger/months/{month}.jsonl")
}

/// The month of a day, `YYYY-MM`.
#[must_use]
pub fn month_of(day: NaiveDate) -> String {
    day.format("%Y-%m").to_string()
}

/// Months from the one of `since` to the one of `now`, oldest first.
#[must_use]
pub fn months_between(since: NaiveDate, now: NaiveDate) -> Vec<String> {
    let mut out = Vec::new();
    let mut at = since.with_day(1).unwrap_or(since);
    while at <= now && out.len() < 1200 {
        out.push(month_of(at));
        at = at + chrono::Months::new(1);
    }
    out
}

/// The day of a day shard's path.
fn day_of(path: &str) -> Option<NaiveDate> {
    let name = path
        .strip_prefix("ledger/events/")?
        .strip_suffix(".jsonl")?;
    NaiveDate::parse_from_str(name, "%Y/%m/%d").ok()
}

/// The month of a month file's path.
fn month_file(path: &str) -> Option<&str> {
    path.strip_prefix("ledger/months/")?.strip_suffix(".jsonl")
}

impl Ledger {
    /// Reads files by path. `loaded_since` is the first month that was asked for; `None` when all were read.
    ///
    /// # Errors
    /// When the layout is newer than ours.
    pub fn read(
        files: &BTreeMap<String, String>,
        loaded_since: Option<&str>,
    ) -> Result<Self, TooNew> {
        let mut ledger = Self::default();
        if let Some(text) = files.get(META) {
            match serde_json::from_str::<Meta>(text) {
                Ok(meta) => ledger.meta = meta,
                Err(e) => ledger.unreadable.push(Unreadable {
                    file: META.to_owned(),
                    line: e.line(),
                    what: "not the ledger's bookkeeping".to_owned(),
                }),
            }
        }
        if ledger.meta.min_reader > SCHEMA || ledger.meta.schema > SCHEMA {
            return Err(TooNew {
                found: ledger.meta.schema,
                known: SCHEMA,
            });
        }
        for (path, text) in files {
            if day_of(path).is_some() || month_file(path).is_some() {
                ledger.take_in(path, text);
            }
        }
        let cut = match (loaded_since, &ledger.meta.first_month) {
            (Some(loaded), Some(first)) => first.as_str() < loaded,
            _ => false,
        };
        ledger.events.baselines = cut.then(|| ledger.meta.baselines.clone());
        ledger.events.history_since = ledger.meta.history_since;
        ledger.events.head.clone_from(&ledger.meta.head);
        Ok(ledger)
    }

    fn take_in(&mut self, path: &str, text: &str) {
        let mut lines = Vec::new();
        for (number, raw) in text.lines().enumerate() {
            let raw = raw.trim_start_matches('\u{feff}').trim_end_matches('\r');
            if raw.trim().is_empty() {
                continue;
            }
            match Line::read(raw) {
                Ok(line) => {
                    if let Some(event) = &line.event {
                        self.events.insert(event.clone());
                    }
                    lines.push(line);
                }
                Err(what) => self.unreadable.push(Unreadable {
                    file: path.to_owned(),
                    line: number + 1,
                    what,
                }),
            }
        }
        self.files.insert(path.to_owned(), lines);
    }

    /// Whether it may be written: everything that was read was understood.
    #[must_use]
    pub fn is_writable(&self) -> bool {
        self.unreadable.is_empty()
    }
}

#[cfg(test)]
mod tests;
