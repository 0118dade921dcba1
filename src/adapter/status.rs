//! What a list of deployment statuses means: one outcome, and the times that count (rules U5, U6).

use crate::event::{Instant, Outcome};

/// A list of statuses, settled.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Settled {
    /// How it ended, or that it has not.
    pub(super) outcome: Outcome,
    /// First `in_progress`, or another tool's word for it.
    pub(super) started_at: Option<Instant>,
    /// First success; without one, the first failure, or the last word.
    pub(super) finished_at: Option<Instant>,
}

/// Settles statuses in any order. `inactive` after a success is a superseded success, alone it is nothing.
pub(super) fn settle(statuses: &[(&str, Instant)]) -> Settled {
    let first = |wanted: &dyn Fn(&str) -> bool| {
        statuses
            .iter()
            .filter(|(state, _)| wanted(&state.to_ascii_lowercase()))
            .map(|(_, at)| *at)
            .min()
    };
    let ended = |s: &str| Outcome::of_status(s) == Outcome::Success;
    let success = first(&|s| ended(s) && !matches!(s, "inactive" | "destroyed"));
    let failure = first(&|s| Outcome::of_status(s) == Outcome::Failure);
    let started_at = first(&|s| matches!(s, "in_progress" | "running" | "started"));
    let last = statuses.iter().max_by_key(|(_, at)| *at);
    let outcome = match (success, failure, last) {
        (Some(_), _, _) => Outcome::Success,
        (None, Some(_), _) => Outcome::Failure,
        (None, None, Some((state, _))) if Outcome::of_status(state) != Outcome::Pending => {
            Outcome::Ignored
        }
        (None, None, _) => Outcome::Pending,
    };
    let finished_at = success.or(failure).or_else(|| {
        last.filter(|_| outcome == Outcome::Ignored)
            .map(|(_, at)| *at)
    });
    Settled {
        outcome,
        started_at,
        finished_at,
    }
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
        assert_eq!(found.outcome, Outcome::Success);
        assert_eq!(
            (found.started_at, found.finished_at),
            (Some(at(9)), Some(at(10)))
        );
    }

    #[test]
    fn inactive_alone_is_ignored_and_nothing_is_pending() {
        assert_eq!(settle(&[("inactive", at(1))]).outcome, Outcome::Ignored);
        assert_eq!(settle(&[]).outcome, Outcome::Pending);
        assert_eq!(
            settle(&[("waiting", at(1)), ("queued", at(2))]).outcome,
            Outcome::Pending
        );
        assert_eq!(
            settle(&[("error", at(3)), ("queued", at(2))]).finished_at,
            Some(at(3))
        );
    }
}
