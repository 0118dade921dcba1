//! Whether incidents are still recorded, or fell out of use (rule CF6).

use std::collections::BTreeSet;

use super::Period;
use crate::event::{Instant, seconds_between};
use crate::timeline::{EvidenceKind, Timeline};

/// Fewest different weeks with a record that make a habit.
const HABIT_WEEKS: usize = 3;
/// A silence shorter than this is nothing to speak of.
const LEAST_DAYS: i64 = 60;
/// How improbable the silence has to be.
const ALPHA: f64 = 0.05;

/// Failures were recorded, and then no more.
#[derive(Debug, Clone, PartialEq)]
pub struct Silence {
    /// The last record: an incident, or a deployment that a person called failed.
    pub last: String,
    /// When it was.
    pub since: Instant,
    /// Weeks in which anything was recorded.
    pub weeks: usize,
    /// Chance of such a silence, had the recording gone on as before.
    pub p: f64,
}

/// Finds a silence that covers the whole window.
///
/// The records are the incidents and the words of people: what a team writes down, not what git shows. Records of one
/// week count once, since incidents come in bursts. If the habit of these weeks had gone on, each of them but the
/// first, which starts the clock, would lie anywhere between the first and now; the chance that none of them lies in
/// the silence is `(recorded span / whole span) ^ (weeks - 1)`. That is exact for a Poisson process of any rate.
#[must_use]
pub fn find(timeline: &Timeline, period: &Period) -> Option<Silence> {
    let records = records(timeline, period.window.to);
    let (first, _) = *records.first()?;
    let (since, last) = *records.last()?;
    let silence = seconds_between(since, period.window.to);
    // Whoever recorded something later has not stopped.
    if since >= period.window.from
        || silence < LEAST_DAYS * 86_400
        || records_later(timeline, period)
    {
        return None;
    }
    let weeks: BTreeSet<_> = records
        .iter()
        .map(|(at, _)| period.calendar.week(*at))
        .collect();
    if weeks.len() < HABIT_WEEKS {
        return None;
    }
    let habit = seconds_between(first, since) as f64;
    let more = i32::try_from(weeks.len() - 1).unwrap_or(i32::MAX);
    let p = (habit / (habit + silence as f64)).powi(more);
    (p < ALPHA).then(|| Silence {
        last: last.to_owned(),
        since,
        weeks: weeks.len(),
        p,
    })
}

/// What people wrote down before a moment, in order.
fn records(timeline: &Timeline, until: Instant) -> Vec<(Instant, &str)> {
    let incidents = timeline
        .incidents
        .iter()
        .map(|i| (i.opened_at, i.id.as_str()));
    let words = timeline.deployments.iter().filter(|d| {
        let mut evidence = d.evidence.iter();
        evidence.any(|e| e.of_failure && e.kind == EvidenceKind::Manual)
    });
    let words = words.map(|d| (d.finished_at, d.id.as_str()));
    let mut all: Vec<(Instant, &str)> = incidents
        .chain(words)
        .filter(|(at, _)| *at < until)
        .collect();
    all.sort_unstable();
    all
}

fn records_later(timeline: &Timeline, period: &Period) -> bool {
    let later = |at: &Instant| (period.window.to..=period.now).contains(at);
    records(timeline, period.now)
        .iter()
        .any(|(at, _)| later(at))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::event::{Calendar, Window, parse_instant};
    use crate::timeline::Incident;

    fn incident(at: &str) -> Incident {
        Incident {
            id: format!("inc:{at}"),
            service: None,
            opened_at: parse_instant(&format!("{at}T12:00:00Z")).unwrap(),
            resolved_at: None,
            blamed: None,
            fixed_by: None,
        }
    }

    fn look(days: &[&str]) -> Option<Silence> {
        let mut timeline = Timeline::default();
        timeline.incidents = days.iter().map(|day| incident(day)).collect();
        let now = parse_instant("2026-12-01T00:00:00Z").unwrap();
        let zone = chrono_tz::Tz::UTC;
        let window = Window::last_days(now, 90);
        find(
            &timeline,
            &Period::new(
                window,
                None,
                Calendar {
                    zone,
                    ..Calendar::default()
                },
                now,
            ),
        )
    }

    const HABIT: [&str; 5] = [
        "2026-01-05",
        "2026-02-02",
        "2026-03-02",
        "2026-03-30",
        "2026-04-13",
    ];

    #[test]
    fn a_habit_that_ended_is_a_silence() {
        let found = look(&HABIT).unwrap();
        assert_eq!((found.last.as_str(), found.weeks), ("inc:2026-04-13", 5));
        // 98 days of five weeks, then 231.5 days of none: (98 / 329.5)^4.
        assert!((found.p - (98.0_f64 / 329.5).powi(4)).abs() < 1e-12);
    }

    #[test]
    fn a_record_in_the_window_breaks_it() {
        let mut days = HABIT.to_vec();
        days.push("2026-11-20");
        assert_eq!(look(&days), None);
    }

    #[test]
    fn few_records_one_burst_and_rare_ones_prove_nothing() {
        assert_eq!(look(&["2025-01-06", "2026-01-05"]), None);
        assert_eq!(
            look(&["2026-03-02", "2026-03-03", "2026-03-04", "2026-03-05"]),
            None
        );
        // One a year, three years long: two hundred days without one are nothing new.
        assert_eq!(
            look(&["2023-05-01", "2024-05-06", "2025-05-05", "2026-05-04"]),
            None
        );
        assert_eq!(look(&[]), None);
    }
}
