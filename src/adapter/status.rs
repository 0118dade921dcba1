//! What a list of deployment statuses means: one outcome, the times that count, and the waits (rules U5, U6, LT9).

use crate::event::{Instant, Outcome, Span, seconds_between};

/// A list of statuses, settled.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Settled {
    /// How it ended, or that it has not.
    pub(super) outcome: Outcome,
    /// First `in_progress`, or another tool's word for it.
    pub(super) started_at: Option<Instant>,
    /// First success; without one, the first failure, or the last word.
    pub(super) finished_at: Option<Instant>,
    /// Place of the status that says how it ended.
    pub(super) decided: Option<usize>,
    /// Seconds in `queued` or `pending` before it started; absent where it never was.
    pub(super) queue: Option<Span>,
    /// Seconds in `waiting` before it started; absent where it never was.
    pub(super) waiting: Option<Span>,
}

/// Settles statuses of one second: what ends a deployment comes after what begins it.
fn rank(state: &str) -> u8 {
    match state {
        "inactive" | "destroyed" => 5,
        "in_progress" | "running" | "started" => 2,
        // GitHub's own word for a pending deployment that nobody has updated for half an hour.
        "abandoned" => 0,
        word => match Outcome::of_status(word) {
            Outcome::Pending => 1,
            Outcome::Ignored | Outcome::Failure => 3,
            Outcome::Success => 4,
        },
    }
}

/// A status as it counts: when, how it ranks among those of its second, its word, and its place in the list.
type Row = (Instant, u8, String, usize);

/// Settles statuses in any order. `inactive` after a success is a superseded success, alone it is nothing.
pub(super) fn settle(statuses: &[(&str, Instant)]) -> Settled {
    let mut rows: Vec<Row> = statuses
        .iter()
        .enumerate()
        .map(|(place, (state, at))| {
            let word = state.trim().to_ascii_lowercase();
            (*at, rank(&word), word, place)
        })
        .collect();
    rows.sort();
    let first = |wanted: &dyn Fn(&Row) -> bool| rows.iter().find(|row| wanted(row));
    let success = first(&|row| row.1 == 4);
    let failure = first(&|row| Outcome::of_status(&row.2) == Outcome::Failure);
    let (outcome, decided) = match (success, failure, rows.last()) {
        (Some(row), _, _) => (Outcome::Success, Some(row)),
        (None, Some(row), _) => (Outcome::Failure, Some(row)),
        (None, None, Some(row)) if row.1 > 2 => (Outcome::Ignored, Some(row)),
        (None, None, _) => (Outcome::Pending, None),
    };
    let started_at = first(&|row| row.1 == 2).map(|row| row.0);
    let finished_at = decided.map(|row| row.0);
    // While nothing has begun, the wait is not over and its length not known.
    let end = started_at.or(finished_at);
    Settled {
        outcome,
        started_at,
        finished_at,
        decided: decided.map(|row| row.3),
        queue: end.and_then(|end| spent_in(&rows, end, &["queued", "pending"])),
        waiting: end.and_then(|end| spent_in(&rows, end, &["waiting"])),
    }
}

/// Seconds before `end` in which one of these states was the last word; `None` where there was no such state.
fn spent_in(rows: &[Row], end: Instant, states: &[&str]) -> Option<Span> {
    let mut spent = None;
    for (at, row) in rows.iter().enumerate().filter(|(_, row)| row.0 < end) {
        if states.contains(&row.2.as_str()) {
            let until = rows.get(at + 1).map_or(end, |next| next.0.min(end));
            *spent.get_or_insert(0) += seconds_between(row.0, until);
        }
    }
    spent
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::event::parse_instant;

    fn at(hour: u32) -> Instant {
        parse_instant(&format!("2026-03-03T{hour:02}:00:00Z")).unwrap()
    }

    #[test]
    fn a_superseded_success_stays_a_success_at_its_time() {
        let found = settle(&[
            ("INACTIVE", at(12)),
            ("success", at(10)),
            ("in_progress", at(9)),
        ]);
        assert_eq!((found.outcome, found.decided), (Outcome::Success, Some(1)));
        assert_eq!(
            (found.started_at, found.finished_at),
            (Some(at(9)), Some(at(10)))
        );
        assert_eq!((found.queue, found.waiting), (None, None));
    }

    #[test]
    fn inactive_alone_is_ignored_and_nothing_is_pending() {
        assert_eq!(settle(&[("inactive", at(1))]).outcome, Outcome::Ignored);
        assert_eq!(settle(&[]).outcome, Outcome::Pending);
        assert_eq!(settle(&[("abandoned", at(1))]).outcome, Outcome::Pending);
        assert_eq!(
            settle(&[("waiting", at(1)), ("queued", at(2))]),
            Settled::default()
        );
        assert_eq!(
            settle(&[("error", at(3)), ("queued", at(2))]).finished_at,
            Some(at(3))
        );
    }

    #[test]
    fn waits_are_the_spans_between_statuses_until_work_begins() {
        let found = settle(&[
            ("success", at(12)),
            ("in_progress", at(9)),
            ("QUEUED", at(7)),
            ("waiting", at(2)),
            ("pending", at(1)),
            // It was tried again after it had begun: no wait of its beginning.
            ("queued", at(10)),
        ]);
        assert_eq!(found.waiting, Some(5 * 3600));
        assert_eq!(found.queue, Some(3 * 3600));
        // Without a start, until the end; a wait of no time was there all the same.
        let found = settle(&[("waiting", at(2)), ("queued", at(4)), ("failure", at(4))]);
        assert_eq!((found.waiting, found.queue), (Some(2 * 3600), None));
    }
}
