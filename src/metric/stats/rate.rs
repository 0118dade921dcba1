//! Counts over an exposure: how often, how surely, how evenly.

use statrs::distribution::{ChiSquared, ContinuousCDF, Gamma};

use super::{all_finite, p_at_most_as_likely, p_of_z, tail_of, z_of};

/// Above this count the exact quantile is replaced by Wilson and Hilferty's: they agree there.
const EXACT_UP_TO: u64 = 1_000_000;

/// Whether counts are more uneven than a constant rate would make them.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Dispersion {
    /// Variance over mean: 1 for a constant rate, larger for bursts.
    pub index: f64,
    /// Σ (x − x̄)² / x̄.
    pub chi_squared: f64,
    /// Degrees of freedom.
    pub freedom: u64,
    /// Probability of a larger `chi_squared` under a constant rate.
    pub p: f64,
}

impl Dispersion {
    /// Uneven enough to distrust a Poisson comparison: index above 1.5 and p below 0.05.
    #[must_use]
    pub fn is_bursty(&self) -> bool {
        self.index > 1.5 && self.p < 0.05
    }
}

/// Exact interval of a rate: `count` events in `exposure` (Garwood 1936).
///
/// `[χ²(α/2; 2k) / 2T, χ²(1 − α/2; 2k + 2) / 2T]`, written with gamma quantiles. A count of 0 has 0
/// as its low end. `None` unless the exposure is finite and above 0.
#[must_use]
pub fn poisson_interval(count: u64, exposure: f64, confidence: f64) -> Option<[f64; 2]> {
    let tail = tail_of(confidence)?;
    if !(exposure > 0.0 && exposure.is_finite()) {
        return None;
    }
    let low = if count == 0 {
        0.0
    } else {
        mean_with_tail(count, confidence, tail, -1.0)?
    };
    let high = mean_with_tail(count, confidence, tail, 1.0)?;
    let found = [low / exposure, high / exposure];
    all_finite(&found).then_some(found)
}

/// The Poisson mean under which the count is just not surprising; `side` is −1 below, 1 above.
fn mean_with_tail(count: u64, confidence: f64, tail: f64, side: f64) -> Option<f64> {
    let shape = count as f64 + if side > 0.0 { 1.0 } else { 0.0 };
    if count > EXACT_UP_TO {
        let ninth = 1.0 / (9.0 * shape);
        return Some(shape * (1.0 - ninth + side * z_of(confidence)? * ninth.sqrt()).powi(3));
    }
    let p = if side > 0.0 { 1.0 - tail } else { tail };
    Some(Gamma::new(shape, 1.0).ok()?.inverse_cdf(p))
}

/// Compares two rates exactly: the two-sided p-value of c1 in t1 against c2 in t2.
///
/// Given the total, c1 is binomial with probability `t1 / (t1 + t2)` (Przyborowski & Wilenski 1940);
/// p adds up what is at most as likely. No events at all: p = 1; 2^40 and more: `None`. Correct for evenly spread events
/// only: see [`dispersion`] and [`compare_bursty`].
#[must_use]
pub fn compare(c1: u64, t1: f64, c2: u64, t2: f64) -> Option<f64> {
    let split = split_of(t1, t2)?;
    let total = c1.checked_add(c2).filter(|total| *total < 1 << 40)?;
    let n = total as f64;
    let odds = split / (1.0 - split);
    let step = move |x: f64| (n - x) / (x + 1.0) * odds;
    let mode = whole((n + 1.0) * split).min(total);
    Some(p_at_most_as_likely([0, total], mode, c1, step))
}

/// Compares two rates of bursty events: as [`compare`], with the variance scaled by `index`.
///
/// `z = (|c1 − Nπ| − ½) / √(D N π(1 − π))`, π the share of the exposure, D the dispersion index: the
/// quasi-Poisson form of the conditional test. An index below 1 is taken as 1.
#[must_use]
pub fn compare_bursty(c1: u64, t1: f64, c2: u64, t2: f64, index: f64) -> Option<f64> {
    let split = split_of(t1, t2)?;
    if !index.is_finite() {
        return None;
    }
    let n = c1 as f64 + c2 as f64;
    let variance = index.max(1.0) * n * split * (1.0 - split);
    if variance <= 0.0 {
        return Some(1.0);
    }
    let distance = ((c1 as f64 - n * split).abs() - 0.5).max(0.0);
    Some(p_of_z(distance / variance.sqrt()))
}

/// Dispersion of counts over equal intervals, pooled over groups that may differ in their rate.
///
/// Each group is measured around its own mean, so a difference between groups is not taken for
/// unevenness inside them. `χ² = Σ (x − x̄)² / x̄` with Σ (n − 1) degrees of freedom, index χ² / freedom
/// (Fisher's index of dispersion). Groups of fewer than two counts and groups without events say
/// nothing; `None` when no other is left or a count is negative or not finite.
#[must_use]
pub fn dispersion(groups: &[&[f64]]) -> Option<Dispersion> {
    let (mut chi_squared, mut freedom) = (0.0, 0_u64);
    for group in groups {
        if !all_finite(group) || group.iter().any(|x| *x < 0.0) {
            return None;
        }
        let mean = group.iter().sum::<f64>() / group.len() as f64;
        if group.len() < 2 || mean <= 0.0 {
            continue;
        }
        chi_squared += group.iter().map(|x| (x - mean).powi(2) / mean).sum::<f64>();
        freedom += group.len() as u64 - 1;
    }
    let distribution = ChiSquared::new(freedom as f64).ok()?;
    chi_squared.is_finite().then(|| Dispersion {
        index: chi_squared / freedom as f64,
        chi_squared,
        freedom,
        p: distribution.sf(chi_squared),
    })
}

/// Share of the first exposure; `None` unless both are finite and above 0.
fn split_of(t1: f64, t2: f64) -> Option<f64> {
    let split = t1 / (t1 + t2);
    (t1 > 0.0 && t2 > 0.0 && split > 0.0 && split < 1.0).then_some(split)
}

/// The whole part of a float that is at least 0.
#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "products of counts and shares: at least 0, below 2^53"
)]
fn whole(value: f64) -> u64 {
    value.max(0.0) as u64
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn intervals_hold_the_rate_and_widen() {
        for count in [0, 1, 3, 40, 999, 1_000_000, 1_000_001, 1 << 50] {
            let rate = count as f64 / 13.0;
            let [low, high] = poisson_interval(count, 13.0, 0.95).unwrap();
            assert!(low <= rate && rate <= high && low >= 0.0, "{count}");
            let [wider_low, wider_high] = poisson_interval(count, 13.0, 0.99).unwrap();
            assert!(wider_low <= low && high < wider_high, "{count}");
        }
    }

    #[test]
    fn the_fast_interval_meets_the_exact_one() {
        let [low, high] = poisson_interval(EXACT_UP_TO, 1.0, 0.95).unwrap();
        let [next_low, next_high] = poisson_interval(EXACT_UP_TO + 1, 1.0, 0.95).unwrap();
        assert!((next_low - low - 1.0).abs() < 0.01, "{low} {next_low}");
        assert!((next_high - high - 1.0).abs() < 0.01, "{high} {next_high}");
    }

    #[test]
    fn no_exposure_has_no_rate() {
        for exposure in [0.0, -1.0, f64::NAN, f64::INFINITY] {
            assert_eq!(poisson_interval(3, exposure, 0.95), None);
            assert_eq!(compare(1, exposure, 1, 1.0), None);
            assert_eq!(compare_bursty(1, 1.0, 1, exposure, 1.0), None);
        }
        assert!(poisson_interval(u64::MAX, 1.0, 0.95).is_some());
        assert_eq!(compare(u64::MAX, 1.0, 1, 1.0), None);
    }

    #[test]
    fn comparing_is_symmetric_and_nothing_against_nothing_is_the_same() {
        for (c1, t1, c2, t2) in [(12, 4.0, 60, 26.0), (3, 4.0, 30, 12.0), (0, 1.0, 9, 1.0)] {
            let there = compare(c1, t1, c2, t2).unwrap();
            assert!((there - compare(c2, t2, c1, t1).unwrap()).abs() < 1e-12);
        }
        assert!((compare(0, 4.0, 0, 4.0).unwrap() - 1.0).abs() < 1e-15);
        assert!((compare_bursty(0, 4.0, 0, 4.0, 2.0).unwrap() - 1.0).abs() < 1e-15);
        // Six against none at equal exposure: 2 of 64 outcomes.
        assert!((compare(6, 1.0, 0, 1.0).unwrap() - 2.0 / 64.0).abs() < 1e-12);
    }

    #[test]
    fn bursts_make_a_comparison_more_careful() {
        let even = compare_bursty(30, 1.0, 12, 1.0, 1.0).unwrap();
        let bursty = compare_bursty(30, 1.0, 12, 1.0, 4.0).unwrap();
        assert!(even < 0.05 && bursty > 0.05 && even < bursty);
        assert!((even - compare(30, 1.0, 12, 1.0).unwrap()).abs() < 0.002);
    }

    #[test]
    fn a_jump_between_groups_is_not_unevenness_within() {
        let (calm, busy) = ([2.0, 3.0, 2.0, 3.0, 2.0], [20.0, 21.0, 22.0, 19.0, 20.0]);
        assert!(!dispersion(&[&calm, &busy]).unwrap().is_bursty());
        let mixed: Vec<f64> = calm.into_iter().chain(busy).collect();
        assert!(dispersion(&[&mixed]).unwrap().is_bursty());
    }

    #[test]
    fn dispersion_of_nothing_is_unknown() {
        assert_eq!(dispersion(&[]), None);
        assert_eq!(dispersion(&[&[]]), None);
        assert_eq!(dispersion(&[&[4.0]]), None);
        assert_eq!(dispersion(&[&[0.0, 0.0]]), None);
        assert_eq!(dispersion(&[&[1.0, f64::NAN]]), None);
        assert_eq!(dispersion(&[&[1.0, -1.0]]), None);
    }
}
