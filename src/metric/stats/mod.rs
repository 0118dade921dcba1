//! Statistics without domain words: small samples, exact where exactness is cheap, never random.
//!
//! One rule for all of it: a question that the data cannot answer (an empty sample, a value that is
//! not finite, a level of confidence outside 0 to 1) has the answer `None`, never a panic and never
//! a number that only looks like one. Intervals are `[low, high]`; `confidence` is 0.95 for 95 %.
//! Everything is deterministic: order statistics and exact distributions, no resampling.

pub mod correlation;
pub mod logistic;
pub mod multiple;
pub mod proportion;
pub mod quantile;
pub mod rank;
pub mod rate;
pub mod strata;
pub mod survival;
pub mod trend;

#[cfg(test)]
mod golden;

use statrs::distribution::{ContinuousCDF, Normal};

/// The z of a two-sided interval: 1.96 for 0.95. `None` outside 0 to 1, both excluded.
fn z_of(confidence: f64) -> Option<f64> {
    let tail = tail_of(confidence)?;
    Some(-Normal::standard().inverse_cdf(tail))
}

/// Half of what a two-sided interval leaves out: 0.025 for 0.95.
fn tail_of(confidence: f64) -> Option<f64> {
    (confidence > 0.0 && confidence < 1.0).then(|| (1.0 - confidence) / 2.0)
}

/// Two-sided p-value of a standard normal statistic; precise far in the tail.
fn p_of_z(z: f64) -> f64 {
    (2.0 * Normal::standard().sf(z.abs())).min(1.0)
}

/// Total probability of outcomes at most as likely as the one observed: the two-sided p-value of an
/// exact test on `support` (inclusive), for a distribution with one peak at `mode`.
///
/// `step(x)` is P(x + 1) / P(x). Weights start at 1 in the mode and are carried outwards until they
/// vanish, so neither factorials nor overflow occur. Likelihoods within 1e-7 of each other count as
/// equal, as in R and `SciPy`: mirror images must not differ by rounding.
fn p_at_most_as_likely(
    support: [u64; 2],
    mode: u64,
    observed: u64,
    step: impl Fn(f64) -> f64,
) -> f64 {
    let mode = mode.clamp(support[0], support[1]);
    let up = |x: u64| step(x as f64);
    let down = |x: u64| 1.0 / step(x as f64 - 1.0);
    let weight_of = |goal: u64| {
        let mut weight = 1.0;
        let mut x = mode;
        while x != goal && weight > 0.0 {
            weight *= if x < goal { up(x) } else { down(x) };
            x = if x < goal { x + 1 } else { x - 1 };
        }
        weight
    };
    let limit = weight_of(observed) * (1.0 + 1e-7);
    let (mut extreme, mut all) = (0.0, 0.0);
    let mut take = |weight: f64| {
        all += weight;
        if weight <= limit {
            extreme += weight;
        }
    };
    take(1.0);
    let (mut x, mut weight) = (mode, 1.0);
    while x < support[1] && weight > 0.0 {
        weight *= up(x);
        x += 1;
        take(weight);
    }
    (x, weight) = (mode, 1.0);
    while x > support[0] && weight > 0.0 {
        weight *= down(x);
        x -= 1;
        take(weight);
    }
    (extreme / all).clamp(0.0, 1.0)
}

/// Sum of `f(t)` over groups of `t` equal values of a sorted sample: the terms of tie corrections.
fn over_ties(sorted: &[f64], f: impl Fn(f64) -> f64) -> f64 {
    sorted
        .chunk_by(|a, b| a.total_cmp(b).is_eq())
        .map(|group| f(group.len() as f64))
        .sum()
}

/// Ranks from 1, ties at their mean rank. `None` when a value is not finite.
fn ranks(values: &[f64]) -> Option<Vec<f64>> {
    let ordered = sorted_copy(values)?;
    let rank = |v: &f64| {
        let below = ordered.partition_point(|w| w < v);
        let up_to = ordered.partition_point(|w| w <= v);
        f64::midpoint(below as f64 + 1.0, up_to as f64)
    };
    Some(values.iter().map(rank).collect())
}

/// Every value is finite.
fn all_finite(values: &[f64]) -> bool {
    values.iter().all(|v| v.is_finite())
}

/// A sorted copy, where -0 and 0 are one value. `None` when a value is not finite.
fn sorted_copy(values: &[f64]) -> Option<Vec<f64>> {
    all_finite(values).then(|| {
        let mut copy: Vec<f64> = values.iter().map(|v| v + 0.0).collect();
        copy.sort_by(f64::total_cmp);
        copy
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn z_is_known_and_grows_with_confidence() {
        assert!((z_of(0.95).unwrap() - 1.959_963_984_540_054).abs() < 1e-9);
        assert!(z_of(0.9).unwrap() < z_of(0.99).unwrap());
        for bad in [0.0, 1.0, -0.1, 1.1, f64::NAN] {
            assert_eq!(z_of(bad), None);
        }
    }

    #[test]
    fn a_fair_coin_is_symmetric_in_the_exact_tail() {
        let step = |x: f64| (10.0 - x) / (x + 1.0);
        for k in 0..=10 {
            let p = p_at_most_as_likely([0, 10], 5, k, step);
            let mirrored = p_at_most_as_likely([0, 10], 5, 10 - k, step);
            assert!((p - mirrored).abs() < 1e-12, "{k}: {p} {mirrored}");
        }
        let none = p_at_most_as_likely([0, 10], 5, 0, step);
        assert!((none - 2.0 / 1024.0).abs() < 1e-15);
    }

    #[test]
    fn both_zeros_are_one_value() {
        let sorted = sorted_copy(&[0.0, -0.0]).unwrap();
        assert!((over_ties(&sorted, |t| t) - 2.0).abs() < f64::EPSILON);
        assert!((over_ties(&sorted, |_| 1.0) - 1.0).abs() < f64::EPSILON);
        assert_eq!(sorted_copy(&[1.0, f64::NAN]), None);
    }
}
