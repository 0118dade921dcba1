//! What it takes to be said: how much data, and how much more than chance.
//!
//! Every least number stands here (rule S). Below it no outcome, or hardly one, could be told from chance,
//! or the statement was measured to be wrong too often. Whatever was tested goes through [`survives`] once,
//! together with all other tests of the report.

use crate::metric::stats::multiple;

/// A test rejects chance below this p-value.
pub const ALPHA: f64 = 0.05;
/// Share of false statements allowed across one report.
pub const FALSE_DISCOVERIES: f64 = 0.10;

/// Values that a median needs: of fewer, no 95 % interval by order statistics is finite.
pub const MIN_VALUES: usize = 6;
/// Trials on either side that a proportion needs.
pub const MIN_TRIALS: u64 = 5;
/// Hits in both windows together that a proportion needs.
pub const MIN_HITS: u64 = 5;
/// Events in both windows together that a frequency needs: of fewer, no split of equal windows is
/// significant.
pub const MIN_EVENTS: u64 = 6;
/// Days of history on either side that a frequency needs.
pub const MIN_DAYS: f64 = 7.0;
/// Events below which no band of a benchmark is named (rule CF7).
pub const MIN_RATED: u64 = 5;
/// Weeks with a value that a trend needs.
pub const MIN_POINTS: usize = 8;
/// Weeks that a trend needs before the likeness of its neighbours can be measured.
pub const MIN_ALIKE: usize = 20;
/// Weeks with a value that a change point needs: of ten, even a clean step has p 0.07.
pub const MIN_SHIFT: usize = 11;
/// Weeks that process limits need before the weeks that they judge.
pub const MIN_BASELINE: usize = 12;
/// Mean of weekly counts that process limits need: of a Poisson count of 2 they call 1.8 % of weeks unusual, of
/// 0.5 twice as many.
pub const MIN_WEEKLY: f64 = 2.0;
/// Failed deployments, and good ones, that a relation to size needs.
pub const MIN_OUTCOMES: u64 = 10;
/// Lead times of either group that a comparison of groups needs.
pub const MIN_COHORT_CHANGES: usize = 30;
/// Deployments of either group that a comparison of their failures needs.
pub const MIN_COHORT_DEPLOYMENTS: u64 = 100;
/// Past cases in which a forecast must have been tried.
pub const MIN_TRIED: usize = 5;

/// Which of the tests of one report are to be believed: p below [`ALPHA`], and among those that
/// Benjamini and Hochberg keep at [`FALSE_DISCOVERIES`].
///
/// All tests that were made belong here, whatever came out: leaving out the dull ones would be choosing by
/// result. `None` was not tested: it is not counted, and kept.
#[must_use]
pub fn survives(tested: &[Option<f64>]) -> Vec<bool> {
    let p: Vec<f64> = tested.iter().map(|p| p.unwrap_or(f64::NAN)).collect();
    let adjusted = multiple::benjamini_hochberg(&p);
    tested
        .iter()
        .zip(adjusted)
        .map(|(p, q)| p.is_none_or(|p| p < ALPHA && q <= FALSE_DISCOVERIES))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::metric::stats::trend::pettitt;

    #[test]
    fn one_weak_test_among_many_is_not_believed() {
        assert_eq!(survives(&[Some(0.04)]), [true]);
        let weak = [0.04, 0.5, 0.7, 0.9, 0.3].map(Some);
        assert_eq!(survives(&weak), [false; 5]);
        let strong = [0.001, 0.5, 0.7, 0.9, 0.3].map(Some);
        assert_eq!(survives(&strong), [true, false, false, false, false]);
    }

    #[test]
    fn what_was_not_tested_is_not_counted_and_kept() {
        let mut all = vec![Some(0.04)];
        all.extend([None; 9]);
        assert_eq!(survives(&all), [true; 10]);
        assert_eq!(survives(&[]), Vec::<bool>::new());
        assert_eq!(survives(&[Some(f64::NAN)]), [false]);
    }

    #[test]
    fn ten_weeks_hold_no_change_point_and_eleven_do() {
        let step =
            |n: usize| -> Vec<f64> { (0..n).map(|i| f64::from(u8::from(i >= n / 2))).collect() };
        let distinct = |n: usize| -> Vec<f64> {
            (0..n)
                .map(|i| if i < n / 2 { i as f64 } else { 90.0 + i as f64 })
                .collect()
        };
        for of in [step as fn(usize) -> Vec<f64>, distinct] {
            assert!(pettitt(&of(MIN_SHIFT - 1)).unwrap().p > ALPHA);
            assert!(pettitt(&of(MIN_SHIFT)).unwrap().p < ALPHA);
        }
    }
}
