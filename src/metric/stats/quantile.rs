//! Where a sample lies: mean, quantiles and their order-statistic intervals, outliers.

use statrs::distribution::{Binomial, DiscreteCDF};

use super::{all_finite, sorted_copy, tail_of};

/// A sorted copy without values that are not finite: what the functions on sorted slices expect.
#[must_use]
pub fn sorted(values: &[f64]) -> Vec<f64> {
    let mut kept: Vec<f64> = values.iter().copied().filter(|v| v.is_finite()).collect();
    kept.sort_by(f64::total_cmp);
    kept
}

/// Arithmetic mean. `None` for an empty sample and for values that are not finite.
#[must_use]
pub fn mean(values: &[f64]) -> Option<f64> {
    if values.is_empty() || !all_finite(values) {
        return None;
    }
    let mean = values.iter().sum::<f64>() / values.len() as f64;
    mean.is_finite().then_some(mean)
}

/// Quantile of type 7: `h = (n − 1) q`, linear between the neighbours of `h`.
///
/// The default of `NumPy`, R, SQL's `PERCENTILE_CONT` and spreadsheets (Hyndman & Fan 1996). `sorted`
/// must be ascending. `None` when it is empty, when `q` is outside 0 to 1, or when a neighbour is
/// not finite. One value is every quantile of itself.
#[must_use]
pub fn quantile(sorted: &[f64], q: f64) -> Option<f64> {
    if !(0.0..=1.0).contains(&q) {
        return None;
    }
    let last = sorted.len().checked_sub(1)?;
    let position = last as f64 * q;
    let below = index(position.floor(), last);
    let above = (below + 1).min(last);
    let (low, high) = (sorted[below], sorted[above]);
    let value = low + (high - low) * (position - below as f64);
    value.is_finite().then(|| value.clamp(low, high.max(low)))
}

/// Quantile 0.5 of a sorted sample.
#[must_use]
pub fn median(sorted: &[f64]) -> Option<f64> {
    quantile(sorted, 0.5)
}

/// Interval of a quantile by order statistics: no assumption about the distribution.
///
/// With B the binomial distribution of (n, q) and α = 1 − confidence, the ranks are
/// `l = max{i: B(i − 1) ≤ α/2}` and `u = min{i: B(i − 1) ≥ 1 − α/2}` (Conover, Practical
/// Nonparametric Statistics, 3.2). `None` when one end would be infinite: at 95 % the sample must
/// have 6 values for the median, 36 for the 90th percentile, 368 for the 99th.
#[must_use]
pub fn interval(sorted: &[f64], q: f64, confidence: f64) -> Option<[f64; 2]> {
    let (low, high) = ranks(sorted.len(), q, confidence);
    let found = [sorted[low? - 1], sorted[high? - 1]];
    all_finite(&found).then_some(found)
}

/// The 1-based ranks of [`interval`]; an end that no rank of `n` values can hold is `None`.
#[must_use]
pub fn ranks(n: usize, q: f64, confidence: f64) -> (Option<usize>, Option<usize>) {
    let (Some(tail), Ok(binomial)) = (tail_of(confidence), Binomial::new(q, n as u64)) else {
        return (None, None);
    };
    if n == 0 {
        return (None, None);
    }
    // The distribution function grows with the rank: halve instead of walking.
    let at = |rank: usize| binomial.cdf(rank as u64 - 1);
    let first = |holds: &dyn Fn(f64) -> bool| {
        let (mut low, mut high) = (1, n + 1);
        while low < high {
            let middle = usize::midpoint(low, high);
            if holds(at(middle)) {
                high = middle;
            } else {
                low = middle + 1;
            }
        }
        low
    };
    let low = first(&|share| share > tail) - 1;
    let high = first(&|share| share >= 1.0 - tail);
    ((low >= 1).then_some(low), (high <= n).then_some(high))
}

/// Modified z-scores: `0.6745 (x − median) / MAD`, MAD the median absolute deviation.
///
/// When more than half of the values are equal the MAD is 0 and `(x − median) / (1.2533 mean |x −
/// median|)` takes its place (Iglewicz & Hoaglin 1993); all equal: all 0. Durations are skewed: give
/// their logarithms. `None` when the sample is empty or not finite.
#[must_use]
pub fn modified_z(values: &[f64]) -> Option<Vec<f64>> {
    let centre = median(&sorted_copy(values)?)?;
    let deviations: Vec<f64> = values.iter().map(|v| (v - centre).abs()).collect();
    let mad = median(&sorted_copy(&deviations)?)?;
    let scale = if mad > 0.0 {
        mad / 0.6745
    } else {
        1.2533 * mean(&deviations)?
    };
    let score = |v: &f64| {
        if scale > 0.0 {
            (v - centre) / scale
        } else {
            0.0
        }
    };
    Some(values.iter().map(score).collect())
}

/// Indices of the values whose modified z-score is beyond 3.5 on either side.
#[must_use]
pub fn outliers(values: &[f64]) -> Vec<usize> {
    let scores = modified_z(values).unwrap_or_default();
    let far = |(i, z): (usize, &f64)| (z.abs() > 3.5).then_some(i);
    scores.iter().enumerate().filter_map(far).collect()
}

/// A float known to lie in 0 to `last`, as an index.
#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "the callers' floats are whole and within 0 to last"
)]
fn index(whole: f64, last: usize) -> usize {
    (whole.max(0.0) as usize).min(last)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quantiles_of_nothing_and_of_one_value() {
        assert_eq!(quantile(&[], 0.5), None);
        assert_eq!(quantile(&[7.0], 0.99), Some(7.0));
        assert_eq!(quantile(&[1.0, 2.0], f64::NAN), None);
        assert_eq!(quantile(&[1.0, 2.0], 1.1), None);
        assert_eq!(quantile(&[1.0, f64::NAN], 0.5), None);
        assert_eq!(quantile(&[1.0, f64::INFINITY], 0.5), None);
        assert_eq!(mean(&[]), None);
        assert_eq!(mean(&[f64::NAN]), None);
        assert_eq!(mean(&[f64::MAX, f64::MAX]), None);
    }

    #[test]
    fn quantiles_rise_with_q_and_stay_inside() {
        let sample = sorted(&[9.0, 1.0, 4.0, 4.0, 100.0, f64::NAN, 2.5]);
        assert_eq!(sample.len(), 6);
        let mut before = f64::NEG_INFINITY;
        for step in 0..=100 {
            let value = quantile(&sample, f64::from(step) / 100.0).unwrap();
            assert!(value >= before && (1.0..=100.0).contains(&value));
            before = value;
        }
    }

    #[test]
    fn intervals_need_the_published_number_of_values() {
        for (q, n) in [(0.5, 6), (0.75, 13), (0.9, 36), (0.95, 72), (0.99, 368)] {
            let sample: Vec<f64> = (0..n).map(f64::from).collect();
            assert!(interval(&sample, q, 0.95).is_some(), "{q} {n}");
            assert_eq!(interval(&sample[1..], q, 0.95), None, "{q} {n}");
        }
    }

    #[test]
    fn intervals_hold_the_quantile_and_widen_with_confidence() {
        for n in 40..90 {
            let sample: Vec<f64> = (0..n).map(|i| f64::from(i * i)).collect();
            let value = median(&sample).unwrap();
            let [low, high] = interval(&sample, 0.5, 0.95).unwrap();
            assert!(low <= value && value <= high);
            let [wider_low, wider_high] = interval(&sample, 0.5, 0.99).unwrap();
            assert!(wider_low <= low && high <= wider_high);
            let (l, u) = ranks(sample.len(), 0.5, 0.95);
            assert_eq!(l.unwrap() + u.unwrap(), sample.len() + 1, "symmetric");
        }
    }

    #[test]
    fn ranks_of_bad_questions_are_unknown() {
        for (n, q, c) in [
            (0, 0.5, 0.95),
            (9, 1.5, 0.95),
            (9, 0.5, 1.0),
            (9, f64::NAN, 0.9),
        ] {
            assert_eq!(ranks(n, q, c), (None, None));
        }
        assert_eq!(interval(&[f64::NAN; 9], 0.5, 0.95), None);
    }

    #[test]
    fn one_far_value_stands_out_even_when_the_mad_is_zero() {
        assert_eq!(outliers(&[5.0, 5.0, 5.0, 5.0, 5.0, 5.0, 90.0]), vec![6]);
        assert_eq!(outliers(&[6.0, 5.0, 7.0, 6.0, 5.0, 8.0, 15.0]), vec![6]);
        assert_eq!(outliers(&[5.0; 4]), Vec::<usize>::new());
        assert_eq!(modified_z(&[3.0, 3.0]), Some(vec![0.0, 0.0]));
        assert_eq!(modified_z(&[]), None);
        assert_eq!(outliers(&[f64::NAN, 1.0]), Vec::<usize>::new());
    }
}
