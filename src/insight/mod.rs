//! How good, which way, why, what next.

pub mod band;
pub mod batch;
pub mod bottleneck;
pub mod cohort;
pub mod delta;
mod detect;
pub mod forecast;
pub mod gate;
pub mod position;
pub mod recommend;
pub mod shift;
pub mod target;
pub mod trend;
mod words;

use crate::config::Config;
use crate::event::Window;
use crate::metric::{Bucket, Period, Scope, bucket};
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
    /// The whole weeks of both windows that the history covers, oldest first.
    pub weeks: &'a [Bucket],
    /// How it is counted.
    pub config: &'a Config,
}

impl<'a> Sight<'a> {
    /// The weeks of the window itself.
    #[must_use]
    pub fn recent_weeks(&self) -> &'a [Bucket] {
        let from = self.period.window.from;
        let earlier = self.weeks.partition_point(|w| w.span.from < from);
        self.weeks.get(earlier..).unwrap_or_default()
    }
}

/// Most weeks that are looked at: five years. A trend compares every week with every other one.
const MOST_WEEKS: usize = 260;

/// The last whole weeks of both windows that the history covers. Not of all history: a ledger is read no further
/// back, and the same report has to come from what was read and from all of it.
#[must_use]
pub fn whole_weeks(scope: &Scope<'_>, period: &Period, before: &Period) -> Vec<Bucket> {
    let covered = Window {
        from: if before.covered.days() > 0.0 {
            before.covered.from
        } else {
            period.covered.from
        },
        to: period.window.to,
    };
    let mut weeks = bucket::weekly(scope, &covered, period.calendar);
    weeks.retain(|week| week.is_within(&covered));
    weeks.drain(..weeks.len().saturating_sub(MOST_WEEKS));
    weeks
}

/// Something that stands out.
#[derive(Debug, Clone, PartialEq)]
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
    /// P-value of the test behind it, whatever came out: the report says it only when it [`gate::survives`].
    /// `None` where nothing was tested, only counted.
    pub p: Option<f64>,
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
    /// Looks; `None` when there is nothing to say, and nothing was tested.
    pub look: fn(&Sight<'_>) -> Option<Insight>,
}

pub use detect::DETECTORS;

/// Asks every detector; the loudest first. What was tested is not yet held against the other tests.
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

/// Histories for the tests of detectors.
#[cfg(test)]
pub(crate) mod sample {
    use chrono::Duration;
    use serde_json::{Value, json};

    use super::{DETECTORS, Insight, Sight, gate, whole_weeks};
    use crate::adapter::parse_history;
    use crate::config::Config;
    use crate::event::{Calendar, Events, Instant, Window, parse_instant};
    use crate::metric::{Period, Scope};
    use crate::timeline::Timeline;

    /// Monday of the n-th of 26 weeks; the window ends with the last.
    pub(crate) fn week(n: u64) -> Instant {
        let weeks = i64::try_from(n).unwrap() - 26;
        parse_instant("2026-06-29").unwrap() + Duration::weeks(weeks)
    }

    /// So many deployments in each of 26 weeks, evenly over the days.
    pub(crate) fn deployments_a_week(counts: &[u64]) -> Value {
        let mut rows = Vec::new();
        for (n, count) in (0..).zip(counts) {
            for i in 0..*count {
                let seconds = 7 * 86_400 * (2 * i + 1) / (2 * count);
                let at = week(n) + Duration::seconds(i64::try_from(seconds).unwrap());
                let id = format!("{n}-{i}");
                rows.push(
                    json!({"id": format!("d{id}"), "sha": format!("s{id}"), "finished_at": at}),
                );
            }
        }
        json!({"deployments": rows})
    }

    /// Looks at the last 90 days of a history and the 90 before.
    pub(crate) fn look<T>(history: &Value, at: impl FnOnce(&Sight<'_>) -> T) -> T {
        let read = parse_history(&history.to_string()).unwrap();
        let mut events: Events = read.events.into_iter().collect();
        events.history_since = events.iter().map(|e| e.time).min();
        let config = Config::default();
        let timeline = Timeline::fold(&events, &config);
        let scope = Scope::overall(&timeline);
        let window = Window::last_days(week(26), 90);
        let calendar = Calendar::default();
        let period = |window| Period::new(window, timeline.history_since, calendar, week(26));
        let (now, before) = (period(window), period(window.before()));
        let weeks = whole_weeks(&scope, &now, &before);
        at(&Sight {
            timeline: &timeline,
            scope: &scope,
            period: &now,
            before: &before,
            weeks: &weeks,
            config: &config,
        })
    }

    /// What one detector would say of a history if it were the only one.
    pub(crate) fn found(id: &str, history: &Value) -> Option<Insight> {
        let detector = DETECTORS.iter().find(|d| d.id == id).unwrap();
        look(history, |sight| (detector.look)(sight)).filter(|i| gate::survives(&[i.p]) == [true])
    }
}
