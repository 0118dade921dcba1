//! Two samples by their ranks: is one larger, how often, by how much.

use statrs::distribution::{ContinuousCDF, StudentsT};

use super::{all_finite, over_ties, p_of_z, ranks, sorted_copy, z_of};

/// Up to this many pairs, and without ties, the distribution of U is counted out.
const EXACT_PAIRS: usize = 400;

/// The outcome of a Mann–Whitney test.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct MannWhitney {
    /// Pairs in which the first sample is larger; a tie is a half.
    pub u: f64,
    /// Two-sided p-value.
    pub p: f64,
    /// Counted out, not approximated.
    pub exact: bool,
}

/// A shift between two samples.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Shift {
    /// Hodges–Lehmann estimate: the median of all differences, first minus second.
    pub estimate: f64,
    /// Its interval; `None` when the samples are too small for the confidence asked.
    pub interval: Option<[f64; 2]>,
}

/// Mann–Whitney U test of two independent samples, two-sided (Mann & Whitney 1947).
///
/// Exact when there are no ties and at most 400 pairs; otherwise normal, with the variance corrected
/// for ties and a continuity correction of ½. All values equal: p = 1. `None` when a sample is empty
/// or not finite.
#[must_use]
pub fn mann_whitney(x: &[f64], y: &[f64]) -> Option<MannWhitney> {
    let u = larger_pairs(x, y)?;
    let pairs = x.len() as f64 * y.len() as f64;
    let total = x.len() as f64 + y.len() as f64;
    let all = sorted_copy(&[x, y].concat())?;
    let ties = over_ties(&all, |t| t * t * t - t);
    let far = u.max(pairs - u);
    if ties <= 0.0 && x.len().saturating_mul(y.len()) <= EXACT_PAIRS {
        let p = exact_p(x.len(), y.len(), far);
        return Some(MannWhitney { u, p, exact: true });
    }
    let variance = pairs / 12.0 * (total + 1.0 - ties / (total * (total - 1.0)));
    let p = if variance > 0.0 {
        p_of_z(((far - pairs / 2.0 - 0.5) / variance.sqrt()).max(0.0))
    } else {
        1.0
    };
    Some(MannWhitney { u, p, exact: false })
}

/// The outcome of a Brunner–Munzel test.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct BrunnerMunzel {
    /// The statistic: above 0 when the second sample is larger.
    pub w: f64,
    /// Two-sided p-value.
    pub p: f64,
}

/// Brunner–Munzel test of two samples that may differ in spread (Brunner & Munzel 2000).
///
/// `W = mn (R̄y − R̄x) / ((m + n) √(m Sx² + n Sy²))` on Satterthwaite's degrees of freedom. Use it where
/// [`mann_whitney`] would take a difference of spread for one of place. `None` below 2 values on a side,
/// for values that are not finite, and where the samples do not overlap: then there is no variance.
#[must_use]
pub fn brunner_munzel(x: &[f64], y: &[f64]) -> Option<BrunnerMunzel> {
    if x.len() < 2 || y.len() < 2 {
        return None;
    }
    let together = ranks(&[x, y].concat())?;
    let (x_together, y_together) = together.split_at(x.len());
    let (x_centre, x_spread) = placement(x_together, &ranks(x)?);
    let (y_centre, y_spread) = placement(y_together, &ranks(y)?);
    let [x_count, y_count] = [x, y].map(|sample| sample.len() as f64);
    let (x_part, y_part) = (x_count * x_spread, y_count * y_spread);
    let both = x_part + y_part;
    if both <= 0.0 {
        return None;
    }
    let w = x_count * y_count * (y_centre - x_centre) / ((x_count + y_count) * both.sqrt());
    let freedom =
        both * both / (x_part * x_part / (x_count - 1.0) + y_part * y_part / (y_count - 1.0));
    let p = 2.0 * StudentsT::new(0.0, 1.0, freedom).ok()?.sf(w.abs());
    Some(BrunnerMunzel { w, p: p.min(1.0) })
}

/// Mean rank among both samples, and the variance of the ranks that the other sample adds.
fn placement(together: &[f64], own: &[f64]) -> (f64, f64) {
    let n = own.len() as f64;
    let centre = together.iter().sum::<f64>() / n;
    let own_centre = f64::midpoint(n, 1.0);
    let squares = together
        .iter()
        .zip(own)
        .map(|(t, o)| (t - o - centre + own_centre).powi(2));
    (centre, squares.sum::<f64>() / (n - 1.0))
}

/// Cliff's δ: P(x > y) − P(x < y), from −1 to 1 (Cliff 1993).
///
/// `2U / mn − 1`. Beyond 0.147 it is called small, beyond 0.33 medium, beyond 0.474 large (Romano 2006).
#[must_use]
pub fn cliffs_delta(x: &[f64], y: &[f64]) -> Option<f64> {
    let pairs = x.len() as f64 * y.len() as f64;
    Some(2.0 * larger_pairs(x, y)? / pairs - 1.0)
}

/// Hodges–Lehmann shift, first minus second, with a distribution-free interval (Hodges & Lehmann 1963).
///
/// The ends are the C-th smallest and C-th largest of the mn differences, `C = ⌊mn/2 − z √(mn(m + n +
/// 1)/12)⌋`; C below 1 means no finite interval. The differences are searched, not stored.
#[must_use]
pub fn hodges_lehmann(x: &[f64], y: &[f64], confidence: f64) -> Option<Shift> {
    let z = z_of(confidence)?;
    let (x, y) = (sorted_copy(x)?, sorted_copy(y)?);
    let pairs = x.len().checked_mul(y.len()).filter(|pairs| *pairs > 0)?;
    let nth = |rank: usize| nth_difference(&x, &y, rank);
    let estimate = f64::midpoint(nth(pairs.div_ceil(2)), nth(pairs / 2 + 1));
    let (half, total) = (pairs as f64 / 2.0, (x.len() + y.len()) as f64);
    let cut = (half - z * (half / 6.0 * (total + 1.0)).sqrt()).floor();
    let interval = rank_of(cut).map(|c| [nth(c), nth(pairs + 1 - c)]);
    estimate.is_finite().then_some(Shift {
        estimate,
        interval: interval.filter(|ends| all_finite(ends)),
    })
}

/// A float as a rank; `None` below 1.
#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "checked to be at least 1; never above half the number of pairs"
)]
fn rank_of(value: f64) -> Option<usize> {
    (value >= 1.0).then_some(value as usize)
}

/// The `rank`-th smallest (from 1) of all x − y, by halving the range of floats: 64 rounds at most.
fn nth_difference(x: &[f64], y: &[f64], rank: usize) -> f64 {
    let (mut low, mut high) = (key(f64::NEG_INFINITY), key(f64::INFINITY));
    while low < high {
        let middle = low + (high - low) / 2;
        if differences_up_to(x, y, unkey(middle)) >= rank {
            high = middle;
        } else {
            low = middle + 1;
        }
    }
    // Never −0.
    unkey(low) + 0.0
}

/// How many x − y are at most `limit`; both samples sorted. Differences fall along y and rise
/// along x, so one pass over both is enough.
fn differences_up_to(x: &[f64], y: &[f64], limit: f64) -> usize {
    let mut skipped = 0;
    let mut count = 0;
    for value in x {
        while skipped < y.len() && value - y[skipped] > limit {
            skipped += 1;
        }
        count += y.len() - skipped;
    }
    count
}

/// A float as an integer of the same order (IEEE 754 total order).
fn key(value: f64) -> u64 {
    let bits = value.to_bits();
    if bits >> 63 == 0 {
        bits | 1 << 63
    } else {
        !bits
    }
}

/// The inverse of [`key`].
fn unkey(key: u64) -> f64 {
    f64::from_bits(if key >> 63 == 1 {
        key & !(1 << 63)
    } else {
        !key
    })
}

/// U of the first sample: pairs in which x is larger, ties a half.
fn larger_pairs(x: &[f64], y: &[f64]) -> Option<f64> {
    if x.is_empty() || y.is_empty() || !all_finite(x) {
        return None;
    }
    let y = sorted_copy(y)?;
    let above = |v: &f64| {
        let below = y.partition_point(|w| w < v);
        let up_to = y.partition_point(|w| w <= v);
        f64::midpoint(below as f64, up_to as f64)
    };
    Some(x.iter().map(above).sum())
}

/// Two-sided exact p-value: twice P(U ≥ `far`), without ties.
///
/// Of m + n ranks the largest is of the first sample with chance m / (m + n) and then beats all n:
/// `P(m, n, u) = m/(m+n) P(m−1, n, u−n) + n/(m+n) P(m, n−1, u)`. Probabilities, so nothing overflows.
fn exact_p(m: usize, n: usize, far: f64) -> f64 {
    let pairs = m * n;
    // One row of tables per size of the first sample: `row[j][u]` is P(i, j, u).
    let mut row = vec![vec![0.0; pairs + 1]; n + 1];
    for table in &mut row {
        table[0] = 1.0;
    }
    for i in 1..=m {
        let before = std::mem::replace(&mut row, vec![vec![0.0; pairs + 1]; n + 1]);
        row[0][0] = 1.0;
        for j in 1..=n {
            let mine = i as f64 / (i + j) as f64;
            for u in 0..=i * j {
                let won = if u >= j { before[j][u - j] } else { 0.0 };
                row[j][u] = mine * won + (1.0 - mine) * row[j - 1][u];
            }
        }
    }
    let reached = |u: &usize| *u as f64 >= far;
    let tail: f64 = (0..=pairs).filter(reached).map(|u| row[n][u]).sum();
    (2.0 * tail).min(1.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_exact_tail_of_small_samples_is_counted_right() {
        // All of 3 above all of 3: 1 of 20 orders, on either side.
        let found = mann_whitney(&[4.0, 5.0, 6.0], &[1.0, 2.0, 3.0]).unwrap();
        assert!(found.exact && (found.u - 9.0).abs() < 1e-12);
        assert!((found.p - 0.1).abs() < 1e-12);
        let one = mann_whitney(&[1.0], &[2.0]).unwrap();
        assert!((one.p - 1.0).abs() < 1e-12);
    }

    #[test]
    fn the_exact_distribution_adds_up() {
        for (m, n) in [(1, 1), (3, 7), (20, 20), (1, 400), (400, 1)] {
            assert!((exact_p(m, n, 0.0) - 1.0).abs() < 1e-12);
        }
        // Against all 35 ways to place 3 of 7 ranks.
        let orders = (0..1_u32 << 7).filter(|order| order.count_ones() == 3);
        let beaten = |order: u32| -> u32 {
            let mine = (0..7).filter(|i| order >> i & 1 == 1);
            mine.map(|i| (!order & ((1 << i) - 1)).count_ones()).sum()
        };
        let all: Vec<u32> = orders.map(beaten).collect();
        for far in 7..=12 {
            let reached = all.iter().filter(|u| **u >= far).count() as f64;
            assert!((exact_p(3, 4, f64::from(far)) - 2.0 * reached / 35.0).abs() < 1e-12);
        }
    }

    #[test]
    fn unequal_spread_needs_an_overlap() {
        let (x, y) = ([1.0, 2.0, 3.0, 9.0, 4.0], [2.0, 5.0, 8.0, 9.0, 7.0, 6.0]);
        let (there, back) = (
            brunner_munzel(&x, &y).unwrap(),
            brunner_munzel(&y, &x).unwrap(),
        );
        assert!((there.w + back.w).abs() < 1e-12 && (there.p - back.p).abs() < 1e-12);
        assert!(there.w > 0.0 && there.p > 0.05);
        assert_eq!(brunner_munzel(&[1.0, 2.0], &[5.0, 6.0]), None, "no overlap");
        assert_eq!(brunner_munzel(&[1.0], &y), None);
        assert_eq!(brunner_munzel(&[1.0, f64::NAN], &y), None);
    }

    #[test]
    fn swapping_the_samples_turns_the_sign_only() {
        let (x, y) = (
            [0.5, 2.0, 9.0, 3.3, 3.3, 1.0, 4.0],
            [1.5, 7.0, 3.3, 8.0, 12.0, 6.5],
        );
        let (there, back) = (mann_whitney(&x, &y).unwrap(), mann_whitney(&y, &x).unwrap());
        assert!((there.p - back.p).abs() < 1e-12);
        assert!((there.u + back.u - 42.0).abs() < 1e-12);
        let delta = cliffs_delta(&x, &y).unwrap();
        assert!((delta + cliffs_delta(&y, &x).unwrap()).abs() < 1e-12);
        let shift = hodges_lehmann(&x, &y, 0.95).unwrap();
        let mirrored = hodges_lehmann(&y, &x, 0.95).unwrap();
        assert!((shift.estimate + mirrored.estimate).abs() < 1e-12);
        let ([low, high], [m_low, m_high]) = (shift.interval.unwrap(), mirrored.interval.unwrap());
        assert!((low + m_high).abs() < 1e-12 && (high + m_low).abs() < 1e-12);
        assert!(low <= shift.estimate && shift.estimate <= high);
        let [wide_low, wide_high] = hodges_lehmann(&x, &y, 0.99).unwrap().interval.unwrap();
        assert!(wide_low <= low && high <= wide_high);
    }

    #[test]
    fn the_approximation_meets_the_exact_test() {
        let x: Vec<f64> = (0..20).map(|i| f64::from(i) * 1.1).collect();
        let y: Vec<f64> = (0..20).map(|i| f64::from(i) + 6.05).collect();
        let exact = mann_whitney(&x, &y).unwrap();
        let with_one_more: Vec<f64> = y.iter().copied().chain([15.05]).collect();
        let approximate = mann_whitney(&x, &with_one_more).unwrap();
        assert!(exact.exact && !approximate.exact);
        assert!((exact.p - approximate.p).abs() < 0.03);
    }

    #[test]
    fn equal_values_show_nothing() {
        let same = mann_whitney(&[3.0; 30], &[3.0; 40]).unwrap();
        assert!((same.p - 1.0).abs() < 1e-15);
        assert_eq!(cliffs_delta(&[3.0, 3.0], &[3.0]), Some(0.0));
        let shift = hodges_lehmann(&[3.0; 30], &[3.0; 40], 0.95).unwrap();
        assert_eq!(
            shift,
            Shift {
                estimate: 0.0,
                interval: Some([0.0, 0.0])
            }
        );
    }

    #[test]
    fn what_cannot_be_compared_is_unknown() {
        for (x, y) in [(&[][..], &[1.0][..]), (&[1.0], &[]), (&[f64::NAN], &[1.0])] {
            assert_eq!(mann_whitney(x, y), None);
            assert_eq!(cliffs_delta(x, y), None);
            assert_eq!(hodges_lehmann(x, y, 0.95), None);
        }
        assert_eq!(mann_whitney(&[1.0], &[f64::INFINITY]), None);
        assert_eq!(hodges_lehmann(&[1.0], &[2.0], 0.95).unwrap().interval, None);
        assert_eq!(hodges_lehmann(&[f64::MAX], &[-f64::MAX], 0.95), None);
    }

    #[test]
    fn the_searched_difference_is_the_sorted_one() {
        let (x, y) = ([-3.0, 0.0, 0.1, 7.0, 7.0], [-1.0, 0.2, 0.3, 40.0]);
        let mut all: Vec<f64> = x
            .iter()
            .flat_map(|a| y.iter().map(move |b| a - b))
            .collect();
        all.sort_by(f64::total_cmp);
        for (i, wanted) in all.iter().enumerate() {
            assert!((nth_difference(&x, &y, i + 1) - wanted).abs() < 1e-15);
        }
    }
}
