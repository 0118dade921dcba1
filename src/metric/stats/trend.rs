//! A sequence over time: drift, unusual points, and the place where it changed.

use super::quantile::{mean, median};
use super::{all_finite, over_ties, p_of_z, ranks, sorted_copy, z_of};

/// The outcome of a Mann–Kendall test.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct MannKendall {
    /// Pairs that rise minus pairs that fall.
    pub s: f64,
    /// Variance of `s` without a trend, corrected for ties.
    pub variance: f64,
    /// Standardised `s`, with continuity correction.
    pub z: f64,
    /// Two-sided p-value.
    pub p: f64,
    /// `s` over the number of pairs: −1 to 1.
    pub tau: f64,
}

impl MannKendall {
    fn new(s: f64, variance: f64, tau: f64) -> Self {
        let z = if variance > 0.0 && s.abs() > 0.0 {
            (s - s.signum()) / variance.sqrt()
        } else {
            0.0
        };
        Self {
            s,
            variance,
            z,
            p: p_of_z(z),
            tau,
        }
    }
}

/// A line through a sequence.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct TheilSen {
    /// Median of the slopes of all pairs.
    pub slope: f64,
    /// Interval of the slope.
    pub interval: [f64; 2],
    /// Median of y minus slope times median of x.
    pub intercept: f64,
}

/// Limits of a process: the `XmR` chart.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Xmr {
    /// Centre line.
    pub centre: f64,
    /// Typical moving range.
    pub range: f64,
    /// Natural process limits; the lower one may be below what is possible.
    pub limits: [f64; 2],
    /// Upper limit of a moving range.
    pub range_limit: f64,
}

/// A point of an EWMA chart.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Smoothed {
    /// The weighted mean of this value and all before it.
    pub value: f64,
    /// The limits of chance for it.
    pub limits: [f64; 2],
}

/// A change point.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Pettitt {
    /// Index of the last value before the change.
    pub last_before: usize,
    /// The test statistic K.
    pub k: f64,
    /// Its p-value, approximate.
    pub p: f64,
}

/// Mann–Kendall test for a monotonic trend (Mann 1945, Kendall 1975).
///
/// `S = Σ sgn(xj − xi)`, `var = [n(n−1)(2n+5) − Σ t(t−1)(2t+5)] / 18`, `z = (S ∓ 1) / √var`. Assumes
/// that neighbours are not correlated. All equal: p = 1. `None` below 3 values or not finite.
#[must_use]
pub fn mann_kendall(values: &[f64]) -> Option<MannKendall> {
    let ordered = sorted_copy(values)?;
    if values.len() < 3 {
        return None;
    }
    let mut s = 0.0;
    for (i, early) in values.iter().enumerate() {
        s += values[i + 1..]
            .iter()
            .map(|late| sign(*late, *early))
            .sum::<f64>();
    }
    let n = values.len() as f64;
    let term = |t: f64| t * (t - 1.0) * (2.0 * t + 5.0);
    let variance = (term(n) - over_ties(&ordered, term)) / 18.0;
    Some(MannKendall::new(s, variance, s / (n * (n - 1.0) / 2.0)))
}

/// The same for values whose neighbours are alike, with the variance of Hamed and Rao (1998).
///
/// The ranks of what remains after the Theil–Sen slope is taken out give the autocorrelations r(k); those
/// beyond `1.96 / √n` count: `var × (1 + 2 / (n(n−1)(n−2)) Σ (n−k)(n−k−1)(n−k−2) r(k))`. `None` as in
/// [`mann_kendall`], and where the corrected variance is not positive: on short sequences it often is not.
#[must_use]
pub fn mann_kendall_autocorrelated(values: &[f64]) -> Option<MannKendall> {
    let plain = mann_kendall(values)?;
    let n = values.len() as f64;
    let bound = z_of(0.95)? / n.sqrt();
    let weighted: f64 = autocorrelations(values)?
        .iter()
        .enumerate()
        .filter(|(_, r)| r.abs() > bound)
        .map(|(before, r)| {
            let left = n - (before as f64 + 1.0);
            left * (left - 1.0) * (left - 2.0) * r
        })
        .sum();
    let variance = plain.variance * (1.0 + 2.0 * weighted / (n * (n - 1.0) * (n - 2.0)));
    (variance > 0.0).then(|| MannKendall::new(plain.s, variance, plain.tau))
}

/// How alike neighbours are once the trend is taken out: the autocorrelation of ranks at lag 1.
#[must_use]
pub fn neighbours_alike(values: &[f64]) -> Option<f64> {
    autocorrelations(values)?.first().copied()
}

/// Autocorrelations of the ranks of the detrended values, from lag 1 on.
fn autocorrelations(values: &[f64]) -> Option<Vec<f64>> {
    let x: Vec<f64> = (0..values.len()).map(|i| i as f64).collect();
    let slope = theil_sen(&x, values, 0.95)?.slope;
    let detrended: Vec<f64> = values.iter().zip(&x).map(|(v, x)| v - slope * x).collect();
    let ranks = ranks(&detrended)?;
    let centre = f64::midpoint(ranks.len() as f64, 1.0);
    let product = |lag: usize| -> f64 {
        let pairs = ranks.iter().zip(ranks.iter().skip(lag));
        pairs.map(|(a, b)| (a - centre) * (b - centre)).sum()
    };
    let spread = product(0);
    let share = |lag: usize| {
        if spread > 0.0 {
            product(lag) / spread
        } else {
            0.0
        }
    };
    Some((1..ranks.len()).map(share).collect())
}

/// Theil–Sen line of y on x with Sen's interval of the slope (Theil 1950, Sen 1968).
///
/// The ends are the slopes at 1-based ranks `(N − z √var) / 2` and `(N + z √var) / 2 + 1` of N (Sen's), var as in [`mann_kendall`] with the ties of x and of
/// y. Outliers of up to 29 % of the points do not move it. `None` when the lengths differ, a value
/// is not finite, or fewer than two x differ.
#[must_use]
pub fn theil_sen(x: &[f64], y: &[f64], confidence: f64) -> Option<TheilSen> {
    let z = z_of(confidence)?;
    if x.len() != y.len() {
        return None;
    }
    let (x_sorted, y_sorted) = (sorted_copy(x)?, sorted_copy(y)?);
    let mut slopes = Vec::with_capacity(x.len() * x.len().saturating_sub(1) / 2);
    for (i, (x1, y1)) in x.iter().zip(y).enumerate() {
        let later = x.iter().zip(y).skip(i + 1);
        slopes.extend(
            later
                .filter(|(x2, _)| sign(**x2, *x1).abs() > 0.0)
                .map(|(x2, y2)| (y2 - y1) / (x2 - x1)),
        );
    }
    let slopes = sorted_copy(&slopes)?;
    let slope = median(&slopes)?;
    let intercept = median(&y_sorted)? - slope * median(&x_sorted)?;
    let n = y.len() as f64;
    let term = |t: f64| t * (t - 1.0) * (2.0 * t + 5.0);
    let ties = over_ties(&x_sorted, term) + over_ties(&y_sorted, term);
    let deviation = ((term(n) - ties) / 18.0).max(0.0).sqrt();
    let count = slopes.len() as f64;
    let last = slopes.len() - 1;
    let half_width = z * deviation / 2.0;
    let low = place((count / 2.0 - half_width).round_ties_even() - 1.0, last);
    let high = place((count / 2.0 + half_width).round_ties_even(), last);
    let interval = [slopes[low], slopes[high]];
    intercept.is_finite().then_some(TheilSen {
        slope,
        interval,
        intercept,
    })
}

/// Limits of natural variation from means: `x̄ ± 2.66 mR̄`, ranges up to `3.268 mR̄`.
///
/// mR̄ is the mean of |x(i) − x(i−1)| (Wheeler, Understanding Variation). One false alarm in a hundred
/// points. `None` below 2 values or not finite.
#[must_use]
pub fn xmr(values: &[f64]) -> Option<Xmr> {
    Some(chart(
        mean(values)?,
        mean(&moving_ranges(values)?)?,
        2.66,
        3.268,
    ))
}

/// The same from medians, which one wild point does not widen: `x̃ ± 3.145 mR̃`, ranges up to `3.865 mR̃`.
#[must_use]
pub fn xmr_median(values: &[f64]) -> Option<Xmr> {
    let ranges = sorted_copy(&moving_ranges(values)?)?;
    let centre = median(&sorted_copy(values)?)?;
    Some(chart(centre, median(&ranges)?, 3.145, 3.865))
}

/// Exponentially weighted moving averages, for drifts too slow for [`xmr`] (Roberts 1959).
///
/// `z ← λ x + (1 − λ) z` from the mean of the first `baseline` values; limits `± L σ √(λ/(2−λ) (1 − (1−λ)^2i))`,
/// σ the mean moving range of the baseline over 1.128. λ 0.2 and L 2.7 are usual (Lucas & Saccucci 1990).
/// `None` when a value is not finite, the baseline has fewer than 2 values or more than there are, λ is
/// outside 0 to 1, or L is not positive.
#[must_use]
pub fn ewma(values: &[f64], baseline: usize, lambda: f64, width: f64) -> Option<Vec<Smoothed>> {
    if !(lambda > 0.0 && lambda <= 1.0 && width > 0.0 && all_finite(values)) {
        return None;
    }
    let first = values.get(..baseline)?;
    let centre = mean(first)?;
    let sigma = mean(&moving_ranges(first)?)? / 1.128;
    let (mut at, mut left) = (centre, 1.0);
    let point = |value: &f64| {
        at = lambda * value + (1.0 - lambda) * at;
        left *= (1.0 - lambda) * (1.0 - lambda);
        let half = width * sigma * (lambda / (2.0 - lambda) * (1.0 - left)).sqrt();
        Smoothed {
            value: at,
            limits: [centre - half, centre + half],
        }
    };
    Some(values.iter().map(point).collect())
}

impl Xmr {
    /// Beyond the natural limits.
    #[must_use]
    pub fn is_outside(&self, value: f64) -> bool {
        value < self.limits[0] || value > self.limits[1]
    }

    /// How many of the latest values lie on one side of the centre; 8 in a row are a shift.
    #[must_use]
    pub fn run_at_end(&self, values: &[f64]) -> usize {
        let Some(latest) = values.last().map(|v| sign(*v, self.centre)) else {
            return 0;
        };
        let same = |v: &&f64| sign(**v, self.centre) * latest > 0.0;
        values.iter().rev().take_while(same).count()
    }
}

/// Pettitt's test for one change of level (Pettitt 1979).
///
/// `U(t) = Σ(i ≤ t) Σ(j > t) sgn(xi − xj)`, here from ranks: `U(t) = 2 Σ(i ≤ t) r(i) − t(n + 1)`. The change
/// is after the first t with the largest |U| = K, `p ≈ 2 exp(−6K² / (n³ + n²))`, at most 1. `None` below
/// 2 values or not finite.
#[must_use]
pub fn pettitt(values: &[f64]) -> Option<Pettitt> {
    let ranks = ranks(values)?;
    let last = ranks.len().checked_sub(1).filter(|last| *last > 0)?;
    let n = values.len() as f64;
    let (mut u, mut k, mut last_before) = (0.0, f64::NEG_INFINITY, 0);
    for (t, rank) in ranks.iter().take(last).enumerate() {
        u += 2.0 * rank - (n + 1.0);
        if f64::abs(u) > k {
            (k, last_before) = (f64::abs(u), t);
        }
    }
    let p = (2.0 * (-6.0 * k * k / (n.powi(3) + n.powi(2))).exp()).min(1.0);
    Some(Pettitt { last_before, k, p })
}

/// −1, 0 or 1.
fn sign(a: f64, b: f64) -> f64 {
    f64::from(i8::from(a > b) - i8::from(a < b))
}

/// |x(i) − x(i−1)|; `None` below 2 values or not finite.
fn moving_ranges(values: &[f64]) -> Option<Vec<f64>> {
    let ranges: Vec<f64> = values.windows(2).map(|w| (w[1] - w[0]).abs()).collect();
    (!ranges.is_empty() && all_finite(&ranges)).then_some(ranges)
}

/// Limits around a centre.
fn chart(centre: f64, range: f64, factor: f64, range_factor: f64) -> Xmr {
    Xmr {
        centre,
        range,
        limits: [centre - factor * range, centre + factor * range],
        range_limit: range_factor * range,
    }
}

/// A whole float as an index within 0 to `last`.
#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "clamped to 0 to last before the cast"
)]
fn place(whole: f64, last: usize) -> usize {
    whole.clamp(0.0, last as f64) as usize
}

#[cfg(test)]
mod tests {
    use super::*;

    fn weeks(n: usize) -> Vec<f64> {
        (0..n).map(|i| i as f64).collect()
    }

    #[test]
    fn a_straight_line_is_found_whatever_its_sign() {
        for slope in [-2.5, 0.0, 3.0] {
            let y: Vec<f64> = weeks(12).iter().map(|x| 4.0 + slope * x).collect();
            let line = theil_sen(&weeks(12), &y, 0.95).unwrap();
            assert!((line.slope - slope).abs() < 1e-12 && (line.intercept - 4.0).abs() < 1e-9);
            assert!((line.interval[0] - slope).abs() < 1e-12);
            let test = mann_kendall(&y).unwrap();
            assert!(
                (test.tau
                    - if slope > 0.0 {
                        1.0
                    } else if slope < 0.0 {
                        -1.0
                    } else {
                        0.0
                    })
                .abs()
                    < 1e-12
            );
            assert_eq!(test.p < 0.001, slope.abs() > 0.0);
        }
    }

    #[test]
    fn one_wild_point_does_not_bend_the_line() {
        let mut y: Vec<f64> = weeks(15).iter().map(|x| 2.0 * x).collect();
        y[14] = 1e6;
        assert!((theil_sen(&weeks(15), &y, 0.95).unwrap().slope - 2.0).abs() < 1e-12);
    }

    #[test]
    fn reversing_time_turns_the_trend() {
        let y = [5.0, 7.0, 4.0, 6.0, 8.0, 7.0, 9.0, 6.0, 10.0];
        let back: Vec<f64> = y.iter().rev().copied().collect();
        let (a, b) = (mann_kendall(&y).unwrap(), mann_kendall(&back).unwrap());
        assert!((a.z + b.z).abs() < 1e-12 && (a.p - b.p).abs() < 1e-12);
        let line = theil_sen(&weeks(9), &y, 0.95).unwrap();
        assert!((line.slope + theil_sen(&weeks(9), &back, 0.95).unwrap().slope).abs() < 1e-12);
        assert!(line.interval[0] <= line.slope && line.slope <= line.interval[1]);
        let wide = theil_sen(&weeks(9), &y, 0.99).unwrap().interval;
        assert!(wide[0] <= line.interval[0] && line.interval[1] <= wide[1]);
    }

    #[test]
    fn the_limits_catch_a_wild_point_and_a_run() {
        let calm = [6.0, 5.0, 7.0, 6.0, 5.0, 8.0, 6.0, 7.0, 5.0, 6.0, 7.0, 6.0];
        for of in [xmr, xmr_median] {
            let chart = of(&calm).unwrap();
            assert!(calm.iter().all(|v| !chart.is_outside(*v)));
            assert!(chart.is_outside(15.0) && chart.is_outside(-4.0));
            assert_eq!(chart.run_at_end(&[1.0, 9.0, 9.0, 9.0]), 3);
            assert_eq!(chart.run_at_end(&[9.0, chart.centre]), 0);
            assert_eq!(chart.run_at_end(&[]), 0);
        }
    }

    #[test]
    fn a_slow_drift_leaves_the_weighted_limits() {
        let mut y: Vec<f64> = (0..20).map(|i| 6.0 + f64::from(i % 3)).collect();
        let calm = ewma(&y, 12, 0.2, 2.7).unwrap();
        let outside = |p: &Smoothed| p.value < p.limits[0] || p.value > p.limits[1];
        assert!(!calm.iter().any(outside));
        for (i, v) in y.iter_mut().enumerate().skip(12) {
            *v += 0.5 * (i as f64 - 11.0);
        }
        let drifting = ewma(&y, 12, 0.2, 2.7).unwrap();
        assert!(outside(drifting.last().unwrap()) && !outside(&drifting[11]));
        for (baseline, lambda, width) in
            [(1, 0.2, 2.7), (21, 0.2, 2.7), (9, 0.0, 2.7), (9, 0.2, -1.0)]
        {
            assert_eq!(ewma(&y, baseline, lambda, width), None);
        }
    }

    #[test]
    fn alike_neighbours_weaken_a_trend() {
        let waves: Vec<f64> = (0..40)
            .map(|i| (f64::from(i) / 6.0).sin() * 4.0 + 0.08 * f64::from(i))
            .collect();
        assert!(neighbours_alike(&waves).unwrap() > 0.8);
        let (plain, careful) = (
            mann_kendall(&waves).unwrap(),
            mann_kendall_autocorrelated(&waves).unwrap(),
        );
        assert!(careful.variance > plain.variance && careful.p > plain.p);
        let calm = [6.0, 5.0, 7.0, 6.0, 5.0, 8.0, 6.0, 7.0, 5.0, 6.0, 7.0, 6.0];
        assert_eq!(mann_kendall_autocorrelated(&calm), mann_kendall(&calm));
    }

    #[test]
    fn a_step_is_found_where_it_is() {
        for at in 6..11 {
            let y: Vec<f64> = (0..16).map(|i| if i < at { 1.0 } else { 9.0 }).collect();
            let found = pettitt(&y).unwrap();
            assert_eq!(found.last_before + 1, at);
            assert!(found.p < 0.06);
        }
        assert!((pettitt(&[3.0; 9]).unwrap().p - 1.0).abs() < 1e-15);
    }

    #[test]
    fn short_and_broken_sequences_are_unknown() {
        for bad in [
            &[][..],
            &[1.0],
            &[f64::NAN, 1.0, 2.0],
            &[1.0, f64::INFINITY, 2.0],
        ] {
            assert_eq!(mann_kendall(bad), None);
            assert_eq!(xmr(bad), None);
            assert_eq!(xmr_median(bad), None);
            assert_eq!(pettitt(bad), None);
            assert_eq!(theil_sen(&weeks(bad.len()), bad, 0.95), None);
        }
        assert_eq!(theil_sen(&[1.0, 1.0], &[1.0, 2.0], 0.95), None);
        assert_eq!(theil_sen(&[1.0, 2.0, 3.0], &[1.0, 2.0], 0.95), None);
        assert!(mann_kendall(&[f64::MAX, -f64::MAX, 0.0]).is_some());
    }
}
