//! How good, which way, why, what next.

pub mod band;
pub mod bottleneck;
pub mod delta;
mod detect;
pub mod position;
pub mod recommend;
mod say;
pub mod target;
pub mod trend;

use crate::config::Config;
use crate::metric::{Period, Scope};
use crate::timeline::Timeline;
use recommend::Recommendation;

/// What a detector looks at.
#[derive(Debug)]
pub struct Sight<'a> {
    /// What happened.
    pub timeline: &'a Timeline,
    /// All services.
    pub scope: &'a Scope<'a>,
    /// The window.
    pub period: &'a Period,
    /// The window before.
    pub before: &'a Period,
    /// How it is counted.
    pub config: &'a Config,
}

/// Something that stands out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Insight {
    /// Id of its detector.
    pub id: &'static str,
    /// How loud.
    pub level: Level,
    /// One sentence.
    pub says: String,
    /// The events behind it.
    pub because: Vec<String>,
    /// What to do next.
    pub next: Option<String>,
}

/// How loud a finding is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Level {
    /// Somebody should act.
    Alert,
    /// Somebody should look.
    Warn,
    /// Worth knowing.
    Info,
    /// Good news.
    Good,
}

impl Level {
    /// The word in reports.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Alert => "alert",
            Self::Warn => "warn",
            Self::Info => "info",
            Self::Good => "good",
        }
    }
}

/// A row of [`DETECTORS`].
#[derive(Debug)]
pub struct Detector {
    /// Stable id.
    pub id: &'static str,
    /// What it looks for.
    pub title: &'static str,
    /// When it speaks.
    pub definition: &'static str,
    /// Looks; `None` when there is nothing to say.
    pub look: fn(&Sight<'_>) -> Option<Insight>,
}

pub use detect::DETECTORS;

/// Asks every detector; the loudest first.
#[must_use]
pub fn detect(sight: &Sight<'_>) -> Vec<Insight> {
    let mut found: Vec<Insight> = DETECTORS.iter().filter_map(|d| (d.look)(sight)).collect();
    found.sort_by_key(|i| (i.level, i.id));
    found
}

/// Findings, and the one thing to do next. One constraint at a time: what else would be recommended stands among the
/// findings, and no louder.
#[must_use]
pub fn look(sight: &Sight<'_>) -> (Vec<Insight>, Option<Recommendation>) {
    let mut advice = recommend::recommend(sight).into_iter();
    let first = advice.next();
    let mut found = detect(sight);
    found.extend(advice.map(|other| other.as_finding()));
    found.sort_by_key(|i| (i.level, i.id));
    (found, first)
}
