//! Which way: is this window different from the one before, or is it noise?
//!
//! A difference has three states. It is [`State::Changed`] only when a test rejects chance at 5 %, and
//! after [`survives`](super::gate::survives) only when it also survives the number of tests in the report. It is
//! [`State::TooLittleData`] when no outcome, or hardly one, could have been told from chance; then
//! `because` says what is missing. All else is [`State::NoDetectableChange`]: not "equal".

use super::gate::{ALPHA, MIN_DAYS, MIN_EVENTS, MIN_HITS, MIN_TRIALS, MIN_VALUES};
use crate::metric::stats::{proportion, rank, rate};

const CONFIDENCE: f64 = 0.95;

/// What is known about a difference.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum State {
    /// More than noise.
    Changed,
    /// Enough data, no difference that it could show.
    NoDetectableChange,
    /// Not enough data to tell.
    TooLittleData,
}

/// The difference between this window and the one before.
#[derive(Debug, Clone, PartialEq)]
pub struct Difference {
    /// One of three.
    pub state: State,
    /// The test's p-value, as tested: never the adjusted one. `None` when nothing was tested.
    pub p: Option<f64>,
    /// What is missing, when there is too little data.
    pub because: Option<String>,
    /// Now minus before in the metric's unit; for durations the Hodges–Lehmann shift.
    pub shift: Option<f64>,
    /// 95 % interval of `shift`, where there is one.
    pub shift_interval95: Option<[f64; 2]>,
}

impl Difference {
    /// A verdict from a p-value.
    fn tested(p: f64, shift: Option<f64>, shift_interval95: Option<[f64; 2]>) -> Self {
        let state = if p < ALPHA {
            State::Changed
        } else {
            State::NoDetectableChange
        };
        Self {
            state,
            p: Some(p),
            because: None,
            shift,
            shift_interval95,
        }
    }

    /// No verdict, and what would allow one.
    #[must_use]
    pub fn too_little(because: String) -> Self {
        let state = State::TooLittleData;
        Self {
            state,
            p: None,
            because: Some(because),
            shift: None,
            shift_interval95: None,
        }
    }
}

/// Compares how often something happened, as events in days of history.
///
/// `weekly_now` and `weekly_prev` are the full weeks' counts of each window: when events come in bursts
/// (dispersion index above 1.5, p < 0.05) the exact test would cry wolf, and the variance is scaled up.
/// Without weeks events are taken as evenly spread. `what` names the events in the plural.
#[must_use]
pub fn frequency(
    (count_now, days_now): (u64, f64),
    (count_prev, days_prev): (u64, f64),
    weekly_now: &[f64],
    weekly_prev: &[f64],
    what: &str,
) -> Difference {
    let days = [days_now, days_prev].map(|d| (MIN_DAYS - d.max(0.0)).max(0.0));
    let short = days.map(|missing| {
        if missing > 0.0 {
            missing.ceil().max(1.0)
        } else {
            0.0
        }
    });
    if let Some(because) = missing(short, "days of history") {
        return Difference::too_little(because);
    }
    let total = count_now.saturating_add(count_prev);
    if total < MIN_EVENTS {
        let more = counted((MIN_EVENTS - total) as f64, what);
        return Difference::too_little(format!("needs {more} in the two windows together"));
    }
    let bursts = rate::dispersion(&[weekly_now, weekly_prev]).filter(rate::Dispersion::is_bursty);
    let p = match bursts {
        Some(d) => rate::compare_bursty(count_now, days_now, count_prev, days_prev, d.index),
        None => rate::compare(count_now, days_now, count_prev, days_prev),
    };
    let shift = count_now as f64 / days_now - count_prev as f64 / days_prev;
    p.map_or_else(not_comparable, |p| Difference::tested(p, Some(shift), None))
}

/// Compares how long something took: Mann–Whitney, with the Hodges–Lehmann shift in the same unit.
///
/// Too little data below [`MIN_VALUES`] on either side. `what` names the values in the plural.
#[must_use]
pub fn durations(now: &[f64], prev: &[f64], what: &str) -> Difference {
    let short = [now, prev].map(|side| MIN_VALUES.saturating_sub(side.len()) as f64);
    if let Some(because) = missing(short, what) {
        return Difference::too_little(because);
    }
    let Some(test) = rank::mann_whitney(now, prev) else {
        return not_comparable();
    };
    let shift = rank::hodges_lehmann(now, prev, CONFIDENCE);
    Difference::tested(
        test.p,
        shift.map(|s| s.estimate),
        shift.and_then(|s| s.interval),
    )
}

/// Compares shares, as hits of trials: Fisher's exact test, with Newcombe's interval of the difference.
///
/// Too little data below [`MIN_TRIALS`] on either side or below [`MIN_HITS`] hits in both together.
/// `trials` and `hits` name what is counted in the plural, such as "deployments" and "failures".
#[must_use]
pub fn proportion(
    (hits_now, trials_now): (u64, u64),
    (hits_prev, trials_prev): (u64, u64),
    trials: &str,
    hits: &str,
) -> Difference {
    let short = [trials_now, trials_prev].map(|n| MIN_TRIALS.saturating_sub(n) as f64);
    if let Some(because) = missing(short, trials) {
        return Difference::too_little(because);
    }
    let total = hits_now.saturating_add(hits_prev);
    if total < MIN_HITS {
        let because =
            format!("{total} {hits} in the two windows together; a comparison needs {MIN_HITS}");
        return Difference::too_little(because);
    }
    let Some(p) = proportion::fisher(hits_now, trials_now, hits_prev, trials_prev) else {
        return not_comparable();
    };
    let found = proportion::newcombe(hits_now, trials_now, hits_prev, trials_prev, CONFIDENCE);
    Difference::tested(p, found.map(|f| f.0), found.map(|f| f.1))
}

/// "needs 2 more changes in this window and 4 more in the window before"; `None` when nothing lacks.
fn missing([now, prev]: [f64; 2], what: &str) -> Option<String> {
    let (here, before) = (counted(now, what), counted(prev, what));
    match (now > 0.0, prev > 0.0) {
        (false, false) => None,
        (true, false) => Some(format!("needs {here} in this window")),
        (false, true) => Some(format!("needs {before} in the window before")),
        (true, true) => Some(format!(
            "needs {here} in this window and {prev} more in the window before"
        )),
    }
}

/// "4 more changes", "1 more change", "1 more day of history".
fn counted(n: f64, what: &str) -> String {
    let (noun, rest) = what.split_at(what.find(' ').unwrap_or(what.len()));
    if n > 1.0 {
        format!("{n} more {what}")
    } else if let Some(stem) = noun.strip_suffix("ies") {
        format!("{n} more {stem}y{rest}")
    } else {
        format!("{n} more {}{rest}", noun.strip_suffix('s').unwrap_or(noun))
    }
}

/// Values that no test accepts: not finite, or more hits than trials.
fn not_comparable() -> Difference {
    Difference::too_little("the values cannot be compared".to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn because(of: &Difference) -> &str {
        assert_eq!((of.state, of.p), (State::TooLittleData, None));
        of.because.as_deref().unwrap()
    }

    #[test]
    fn durations_say_how_many_values_are_missing() {
        let six = [1.0, 2.0, 3.0, 4.0, 5.0, 6.0];
        let of = |now: usize, prev: usize| durations(&six[..now], &six[..prev], "changes");
        assert_eq!(
            because(&of(6, 2)),
            "needs 4 more changes in the window before"
        );
        assert_eq!(because(&of(5, 6)), "needs 1 more change in this window");
        assert_eq!(
            because(&of(0, 0)),
            "needs 6 more changes in this window and 6 more in the window before"
        );
        assert_eq!(of(6, 6).state, State::NoDetectableChange);
        let recoveries = durations(&six, &six[..5], "recoveries");
        assert_eq!(
            because(&recoveries),
            "needs 1 more recovery in the window before"
        );
        assert_eq!(
            because(&durations(&[f64::NAN; 6], &six, "changes")),
            "the values cannot be compared"
        );
    }

    #[test]
    fn a_clear_shift_is_a_change_with_its_size() {
        let prev: Vec<f64> = (0..30).map(|i| 100.0 + f64::from(i)).collect();
        let now: Vec<f64> = prev.iter().map(|v| v - 50.0).collect();
        let found = durations(&now, &prev, "changes");
        assert_eq!(found.state, State::Changed);
        assert!((found.shift.unwrap() + 50.0).abs() < 1e-9);
        let [low, high] = found.shift_interval95.unwrap();
        assert!(low < -50.0 && -50.0 < high && high < 0.0);
        assert_eq!(
            durations(&prev, &prev, "changes").state,
            State::NoDetectableChange
        );
    }

    #[test]
    fn proportions_need_trials_and_hits() {
        let of = |now, prev| proportion(now, prev, "deployments", "failures");
        assert_eq!(
            because(&of((1, 4), (3, 30))),
            "needs 1 more deployment in this window"
        );
        assert_eq!(
            because(&of((1, 90), (3, 90))),
            "4 failures in the two windows together; a comparison needs 5"
        );
        assert_eq!(
            because(&of((9, 8), (3, 90))),
            "the values cannot be compared"
        );
        let found = of((20, 100), (4, 100));
        assert_eq!(found.state, State::Changed);
        assert!((found.shift.unwrap() - 0.16).abs() < 1e-12);
        assert!(found.shift_interval95.unwrap()[0] > 0.0);
        assert_eq!(of((6, 60), (5, 60)).state, State::NoDetectableChange);
    }

    #[test]
    fn frequencies_need_history_and_events() {
        let of = |now, prev| frequency(now, prev, &[], &[], "deployments");
        assert_eq!(
            because(&of((40, 90.0), (0, 0.0))),
            "needs 7 more days of history in the window before"
        );
        assert_eq!(
            because(&of((40, 90.0), (1, 6.5))),
            "needs 1 more day of history in the window before"
        );
        assert!(because(&of((40, f64::NAN), (1, 90.0))).contains("in this window"));
        assert_eq!(
            because(&of((3, 90.0), (2, 90.0))),
            "needs 1 more deployment in the two windows together"
        );
        assert_eq!(of((6, 90.0), (0, 90.0)).state, State::Changed);
        assert_eq!(of((24, 90.0), (20, 90.0)).state, State::NoDetectableChange);
        let found = of((90, 90.0), (45, 90.0));
        assert!((found.state, found.shift) == (State::Changed, Some(0.5)));
    }

    #[test]
    fn bursts_need_a_larger_difference() {
        let calm = [3.0, 3.0, 4.0, 2.0, 3.0, 3.0, 4.0, 3.0, 2.0, 3.0];
        let bursts = [0.0, 15.0, 0.0, 0.0, 0.0, 15.0, 0.0, 0.0, 0.0, 0.0];
        let of = |weeks: &[f64]| frequency((50, 70.0), (30, 70.0), weeks, weeks, "deployments");
        assert_eq!(of(&calm).state, State::Changed);
        assert_eq!(of(&bursts).state, State::NoDetectableChange);
        assert!(of(&bursts).p > of(&calm).p);
    }

    #[test]
    fn equal_windows_never_differ_whichever_comes_first() {
        for count in [3, 10, 200] {
            let same = frequency((count, 90.0), (count, 90.0), &[], &[], "deployments");
            assert!(same.p.is_some_and(|p| p > 0.99));
        }
        let there = proportion((20, 100), (4, 100), "deployments", "failures");
        let back = proportion((4, 100), (20, 100), "deployments", "failures");
        assert!((there.p.unwrap() - back.p.unwrap()).abs() < 1e-12);
        assert!((there.shift.unwrap() + back.shift.unwrap()).abs() < 1e-12);
    }
}
