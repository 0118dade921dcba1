//! How far the data can be trusted: shares between 0 and 1, and the cheapest way to better ones (rule MD2).

use super::v1::{Improvement, Note, Quality};
use crate::event::{Window, seconds_between};
use crate::timeline::{Change, Timeline};

/// A start that is further before the end than this is suspicious (rule LT2).
const SUSPICIOUS_SECONDS: i64 = 2 * 365 * 86_400;
/// Incidents that a source which is alive should have shown: fewer can be luck.
const EXPECTED_INCIDENTS: f64 = 3.0;

/// A setting or a command.
const SETTING: u8 = 1;
/// Something people do each time.
const HABIT: u8 = 2;
/// A change of how deployments are made.
const PIPELINE: u8 = 3;

/// One part of the data, and what would mend it.
struct Part {
    name: &'static str,
    share: f64,
    effort: u8,
    fix: String,
}

/// Judges the window's data. A part that there is nothing to judge of is left out.
pub(super) fn judge(timeline: &Timeline, window: &Window, notes: &[Note]) -> Quality {
    let deployments = deployment_parts(timeline, window);
    if deployments.is_empty() {
        return Quality {
            score: 0.0,
            fixes: vec!["No deployment in this window: there is nothing to judge.".to_owned()],
            ..Quality::default()
        };
    }
    let parts: Vec<Part> = deployments
        .into_iter()
        .chain(change_parts(timeline, window))
        .chain(failure_parts(timeline, window))
        .chain(reading_parts(notes))
        .collect();
    let weight = 1.0 / parts.len() as f64;
    let mut missing: Vec<&Part> = parts.iter().filter(|p| p.share < 1.0).collect();
    // What a unit of effort brings.
    let worth = |p: &Part| (1.0 - p.share) / f64::from(p.effort);
    missing.sort_by(|a, b| {
        worth(b)
            .total_cmp(&worth(a))
            .then_with(|| a.name.cmp(b.name))
    });
    Quality {
        score: parts.iter().map(|p| p.share).sum::<f64>() * weight,
        fixes: missing.iter().map(|p| p.fix.clone()).collect(),
        parts: parts.iter().map(|p| (p.name.to_owned(), p.share)).collect(),
        improvements: missing
            .iter()
            .map(|p| Improvement {
                part: p.name.to_owned(),
                adds: (1.0 - p.share) * weight,
                effort: p.effort,
                says: p.fix.clone(),
            })
            .collect(),
    }
}

/// A part from things that are well or not; `fix` says what to do, given how many of how many are not.
fn part<T>(
    name: &'static str,
    of: &[T],
    well: impl Fn(&T) -> bool,
    effort: u8,
    fix: impl Fn(&str) -> String,
) -> Option<Part> {
    if of.is_empty() {
        return None;
    }
    let wrong = of.iter().filter(|t| !well(t)).count();
    Some(Part {
        name,
        share: (of.len() - wrong) as f64 / of.len() as f64,
        effort,
        fix: fix(&format!("{wrong} of {}", of.len())),
    })
}

fn deployment_parts(timeline: &Timeline, window: &Window) -> Vec<Part> {
    let deployments: Vec<_> = timeline
        .deployments
        .iter()
        .filter(|d| d.is_effective() && window.contains(d.finished_at))
        .collect();
    [
        part(
            "deployment_has_revision",
            &deployments,
            |d| d.revision.is_some(),
            HABIT,
            |n| format!("Record the deployed commit: {n} deployments name none."),
        ),
        part(
            "deployment_time_is_exact",
            &deployments,
            |d| !d.approximate,
            PIPELINE,
            |n| {
                format!(
                    "Use GitHub deployments, or annotated tags: {n} deployments have only a time that is near theirs."
                )
            },
        ),
    ]
    .into_iter()
    .flatten()
    .collect()
}

fn change_parts(timeline: &Timeline, window: &Window) -> impl Iterator<Item = Part> {
    let changes: Vec<&Change> = timeline
        .changes
        .iter()
        .filter(|c| c.first && window.contains(c.deployed_at))
        .collect();
    let people: Vec<&Change> = changes.iter().copied().filter(|c| !c.bot).collect();
    let plausible = |c: &&Change| {
        let end = c.merged_at.unwrap_or(c.deployed_at);
        c.started_at
            .is_none_or(|at| seconds_between(at, end) <= SUSPICIOUS_SECONDS)
    };
    [
        part(
            "change_is_linked",
            &changes,
            |c| !c.by_time,
            HABIT,
            |n| {
                format!(
                    "Keep deployed commits reachable: {n} changes are linked to their deployment by time only."
                )
            },
        ),
        part(
            "review_is_known",
            &people,
            |c| c.created_at.is_some(),
            SETTING,
            |n| {
                format!(
                    "Run the action with `pull-requests: read`: how {n} changes were reviewed is not known, so neither is where their time went."
                )
            },
        ),
        part("start_is_plausible", &changes, plausible, HABIT, |n| {
            format!(
                "Look at the dates of {n} changes: they began more than two years before their merge."
            )
        }),
        part(
            "lead_time_is_positive",
            &changes,
            |c| c.lead_time().is_none_or(|s| s >= 0),
            HABIT,
            |n| format!("Mend the clocks: {n} changes were deployed before they began."),
        ),
    ]
    .into_iter()
    .flatten()
}

fn failure_parts(timeline: &Timeline, window: &Window) -> impl Iterator<Item = Part> {
    let evidence = !timeline.incidents.is_empty()
        || timeline.deployments.iter().any(|d| !d.evidence.is_empty());
    let recent: Vec<_> = timeline
        .incidents
        .iter()
        .filter(|i| window.contains(i.opened_at))
        .collect();
    [
        part(
            "failures_are_recorded",
            &[evidence],
            |known| *known,
            SETTING,
            |_| "Record incidents with `fivekeys incident open`, or label issues: without them a fail rate of 0 says nothing.".to_owned(),
        ),
        is_alive(timeline, window).and_then(|alive| {
            part("incident_source_is_alive", &[alive], |a| *a, HABIT, |_| {
                "Find out why no incident was recorded in this window: earlier ones came often enough.".to_owned()
            })
        }),
        part(
            "incident_is_attributed",
            &recent,
            |i| i.blamed.is_some(),
            SETTING,
            |n| {
                format!(
                    "Name the cause in the incident, such as `Caused-by: #123`: {n} incidents have none."
                )
            },
        ),
    ]
    .into_iter()
    .flatten()
}

/// Whether incidents still come, judged by how often they came before; `None` where that says too little.
fn is_alive(timeline: &Timeline, window: &Window) -> Option<bool> {
    let earlier: Vec<_> = timeline
        .incidents
        .iter()
        .map(|i| i.opened_at)
        .filter(|at| *at < window.from)
        .collect();
    let first = earlier.iter().min()?;
    let before = seconds_between(*first, window.from) as f64;
    let length = seconds_between(window.from, window.to) as f64;
    let expected = earlier.len() as f64 / before.max(length) * length;
    (expected >= EXPECTED_INCIDENTS).then(|| {
        timeline
            .incidents
            .iter()
            .any(|i| window.contains(i.opened_at))
    })
}

fn reading_parts(notes: &[Note]) -> impl Iterator<Item = Part> {
    let free_of = |codes: &[&str]| !notes.iter().any(|note| codes.contains(&note.code.as_str()));
    let readable = free_of(&["unreadable", "ledger_unreadable"]);
    let complete = free_of(&["truncated", "rate_limited", "not_permitted"]);
    [
        part("records_are_readable", &[readable], |r| *r, HABIT, |_| {
            "Mend what could not be read; the notes name it.".to_owned()
        }),
        part("history_is_complete", &[complete], |c| *c, SETTING, |_| {
            "Let the next runs read on, or grant what the notes name: a part of the history was not read.".to_owned()
        }),
    ]
    .into_iter()
    .flatten()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_not_read_costs_points_and_says_what_to_do() {
        let note = |code: &str| Note {
            code: code.to_owned(),
            says: String::new(),
            help: None,
        };
        let parts: Vec<Part> = reading_parts(&[note("truncated"), note("no_tags")]).collect();
        let shares: Vec<(&str, f64)> = parts.iter().map(|p| (p.name, p.share)).collect();
        assert_eq!(
            shares,
            [("records_are_readable", 1.0), ("history_is_complete", 0.0)]
        );
    }

    #[test]
    fn a_part_counts_what_is_wrong_and_nothing_is_no_part() {
        let found = part(
            "x",
            &[1, 2, 3, 4],
            |n| *n > 1,
            HABIT,
            |n| format!("mend {n}"),
        );
        let found = found.unwrap();
        assert_eq!((found.share, found.fix.as_str()), (0.75, "mend 1 of 4"));
        assert!(part("x", &[0; 0], |_| true, HABIT, |_| String::new()).is_none());
    }
}
