//! Shares: k of n, two shares, and a trend of shares over ordered groups.

use statrs::distribution::{Beta, ContinuousCDF};

use super::{p_at_most_as_likely, p_of_z, tail_of, z_of};

/// k / n. `None` when n is 0 or k is larger.
#[must_use]
pub fn share(k: u64, n: u64) -> Option<f64> {
    (n > 0 && k <= n).then(|| k as f64 / n as f64)
}

/// Wilson's score interval of k of n: for display.
///
/// `centre = (p + z²/2n) / (1 + z²/n)`, `half = z / (1 + z²/n) √(p(1 − p)/n + z²/4n²)` (Wilson 1927;
/// Brown, Cai & `DasGupta` 2001). Its coverage stays near the stated one where the textbook interval
/// falls to 64 % (n = 20, p = 5 %). k = 0 has 0 as its low end, k = n has 1 as its high end.
#[must_use]
pub fn wilson(k: u64, n: u64, confidence: f64) -> Option<[f64; 2]> {
    let p = share(k, n)?;
    let z = z_of(confidence)?;
    let n_float = n as f64;
    let shrink = 1.0 + z * z / n_float;
    let centre = (p + z * z / (2.0 * n_float)) / shrink;
    let spread = p * (1.0 - p) / n_float + z * z / (4.0 * n_float * n_float);
    let half = z / shrink * spread.sqrt();
    let low = if k == 0 {
        0.0
    } else {
        (centre - half).max(0.0)
    };
    let high = if k == n {
        1.0
    } else {
        (centre + half).min(1.0)
    };
    Some([low, high])
}

/// Clopper–Pearson interval of k of n: for guarantees, since it never covers less than it states.
///
/// Quantiles of Beta(k, n − k + 1) and Beta(k + 1, n − k) (Clopper & Pearson 1934). `None` beyond a
/// million trials: there [`wilson`] does as well.
#[must_use]
pub fn clopper_pearson(k: u64, n: u64, confidence: f64) -> Option<[f64; 2]> {
    share(k, n)?;
    let tail = tail_of(confidence)?;
    let (hits, misses) = (k as f64, (n - k) as f64);
    let low = if k == 0 {
        0.0
    } else {
        beta_quantile(hits, misses + 1.0, tail)?
    };
    let high = if k == n {
        1.0
    } else {
        beta_quantile(hits + 1.0, misses, 1.0 - tail)?
    };
    Some([low, high])
}

/// The one-sided exact upper bound of k of n: "at most this share, with this confidence".
///
/// 0 of n bounds the share by `1 − α^(1/n)`: 5 % takes 59 clean trials at 95 %.
#[must_use]
pub fn upper_bound(k: u64, n: u64, confidence: f64) -> Option<f64> {
    share(k, n)?;
    tail_of(confidence)?;
    if k == n {
        return Some(1.0);
    }
    beta_quantile(k as f64 + 1.0, (n - k) as f64, confidence)
}

/// Difference of two shares, k1/n1 − k2/n2, with Newcombe's hybrid score interval.
///
/// From the two Wilson intervals: `d − √((p1 − l1)² + (u2 − p2)²)` to `d + √((u1 − p1)² + (p2 − l2)²)`
/// (Newcombe 1998, method 10).
#[must_use]
pub fn newcombe(k1: u64, n1: u64, k2: u64, n2: u64, confidence: f64) -> Option<(f64, [f64; 2])> {
    let (p1, p2) = (share(k1, n1)?, share(k2, n2)?);
    let [low1, high1] = wilson(k1, n1, confidence)?;
    let [low2, high2] = wilson(k2, n2, confidence)?;
    let difference = p1 - p2;
    let low = difference - (p1 - low1).hypot(high2 - p2);
    let high = difference + (high1 - p1).hypot(p2 - low2);
    Some((difference, [low.max(-1.0), high.min(1.0)]))
}

/// Fisher's exact test of k1 of n1 against k2 of n2: the two-sided p-value.
///
/// Conditional on both margins k1 is hypergeometric; p is the total probability of tables at most
/// as likely as the observed one. An empty group or an empty margin leaves one table only: p = 1.
/// `None` when a k exceeds its n or the counts reach 2^40, where adding up would take long.
#[must_use]
pub fn fisher(k1: u64, n1: u64, k2: u64, n2: u64) -> Option<f64> {
    let total = n1.checked_add(n2).filter(|total| *total < 1 << 40)?;
    if k1 > n1 || k2 > n2 {
        return None;
    }
    let hits = k1 + k2;
    let (n1_float, n2_float, hits_float) = (n1 as f64, n2 as f64, hits as f64);
    let support = [hits.saturating_sub(n2), hits.min(n1)];
    // The table that independence expects.
    let expected = u128::from(hits + 1) * u128::from(n1 + 1) / u128::from(total + 2);
    let mode = u64::try_from(expected).unwrap_or(support[1]);
    let step = move |x: f64| {
        let up = (n1_float - x) * (hits_float - x);
        let down = (x + 1.0) * (n2_float - hits_float + x + 1.0);
        up / down
    };
    Some(p_at_most_as_likely(support, mode, k1, step))
}

/// Cochran–Armitage test for a linear trend of shares over ordered groups.
///
/// `groups` are `(k, n, score)`. `z = Σ s (k − n p) / √(p(1 − p)(Σ n s² − (Σ n s)²/N))`, p pooled
/// (Cochran 1954, Armitage 1955). Returns `(z, two-sided p)`. `None` with fewer than two groups that
/// have trials, when nothing or everything is a hit, or when all scores are equal.
#[must_use]
pub fn cochran_armitage(groups: &[(u64, u64, f64)]) -> Option<(f64, f64)> {
    if groups.iter().any(|(k, n, s)| k > n || !s.is_finite()) {
        return None;
    }
    let sum = |f: &dyn Fn(f64, f64, f64) -> f64| -> f64 {
        groups
            .iter()
            .map(|(k, n, s)| f(*k as f64, *n as f64, *s))
            .sum()
    };
    let total = sum(&|_, n, _| n);
    let pooled = sum(&|k, _, _| k) / total;
    // Scores are centred first: large scores would otherwise cancel.
    let centre = sum(&|_, n, s| n * s) / total;
    let numerator = sum(&|k, n, s| (s - centre) * (k - n * pooled));
    let variance = pooled * (1.0 - pooled) * sum(&|_, n, s| n * (s - centre) * (s - centre));
    let z = numerator / variance.sqrt();
    (variance > 0.0 && z.is_finite()).then(|| (z, p_of_z(z)))
}

/// Quantile of a beta distribution. `None` beyond a million trials, where the search may not end.
fn beta_quantile(a: f64, b: f64, p: f64) -> Option<f64> {
    if a + b > 1e6 {
        return None;
    }
    let found = Beta::new(a, b).ok()?.try_inverse_cdf(p).ok()?;
    (0.0..=1.0).contains(&found).then_some(found)
}

#[cfg(test)]
mod tests {
    use super::*;

    const GRID: [u64; 7] = [1, 2, 5, 20, 59, 197, 1000];

    #[test]
    fn impossible_counts_have_no_interval() {
        for (k, n) in [(0, 0), (2, 1), (u64::MAX, 1)] {
            assert_eq!(wilson(k, n, 0.95), None);
            assert_eq!(clopper_pearson(k, n, 0.95), None);
            assert_eq!(upper_bound(k, n, 0.95), None);
        }
        assert_eq!(wilson(1, 2, 0.0), None);
        assert_eq!(clopper_pearson(1, 2, f64::NAN), None);
        assert_eq!(fisher(3, 2, 1, 2), None);
        assert_eq!(fisher(0, u64::MAX, 0, u64::MAX), None);
        assert!(wilson(u64::MAX / 2, u64::MAX, 0.95).is_some());
        assert_eq!(clopper_pearson(1, u64::MAX, 0.95), None);
        for k in [0, 1, 2, 777, 50_000, 99_999, 100_000] {
            let [low, high] = clopper_pearson(k, 100_000, 0.95).unwrap();
            let share = k as f64 / 100_000.0;
            assert!(low <= share && share <= high);
        }
    }

    #[test]
    fn intervals_hold_the_share_mirror_and_widen() {
        for n in GRID {
            for k in (0..=n).step_by(usize::try_from(n / 7 + 1).unwrap()) {
                for of in [wilson, clopper_pearson] {
                    let p = share(k, n).unwrap();
                    let [low, high] = of(k, n, 0.95).unwrap();
                    assert!(
                        0.0 <= low && low <= p && p <= high && high <= 1.0,
                        "{k}/{n}"
                    );
                    let [mirror_low, mirror_high] = of(n - k, n, 0.95).unwrap();
                    assert!((low - (1.0 - mirror_high)).abs() < 1e-9, "{k}/{n}");
                    assert!((high - (1.0 - mirror_low)).abs() < 1e-9, "{k}/{n}");
                    let [narrow_low, narrow_high] = of(k, n, 0.9).unwrap();
                    assert!(low <= narrow_low && narrow_high <= high, "{k}/{n}");
                }
            }
        }
    }

    #[test]
    fn a_claim_of_five_percent_takes_59_clean_trials() {
        assert!(upper_bound(0, 58, 0.95).unwrap() > 0.05);
        assert!(upper_bound(0, 59, 0.95).unwrap() < 0.05);
    }

    #[test]
    fn the_difference_turns_its_sign_with_the_order() {
        let (d, [low, high]) = newcombe(8, 40, 2, 45, 0.95).unwrap();
        let (back, [back_low, back_high]) = newcombe(2, 45, 8, 40, 0.95).unwrap();
        assert!((d + back).abs() < 1e-15 && low <= d && d <= high);
        assert!((low + back_high).abs() < 1e-12 && (high + back_low).abs() < 1e-12);
        assert_eq!(newcombe(0, 0, 1, 2, 0.95), None);
    }

    #[test]
    fn fisher_is_symmetric_and_one_where_nothing_can_differ() {
        for (a, b, c, d) in [(3, 21, 5, 50), (0, 20, 3, 25), (9, 9, 0, 9), (0, 5, 5, 5)] {
            let p = fisher(a, b, c, d).unwrap();
            assert!((p - fisher(c, d, a, b).unwrap()).abs() < 1e-12);
            assert!((p - fisher(b - a, b, d - c, d).unwrap()).abs() < 1e-12);
        }
        for (a, b, c, d) in [(0, 0, 3, 9), (0, 5, 0, 7), (5, 5, 7, 7), (0, 0, 0, 0)] {
            assert!((fisher(a, b, c, d).unwrap() - 1.0).abs() < 1e-15);
        }
        // All five against none of five: 2 of the C(10, 5) tables.
        assert!((fisher(5, 5, 0, 5).unwrap() - 2.0 / 252.0).abs() < 1e-12);
        assert!(fisher(40_000, 100_000, 1, 100_000).unwrap() < 1e-300);
    }

    #[test]
    fn a_trend_of_shares_needs_spread() {
        assert_eq!(cochran_armitage(&[]), None);
        assert_eq!(cochran_armitage(&[(1, 5, 0.0)]), None);
        assert_eq!(cochran_armitage(&[(0, 5, 0.0), (0, 5, 1.0)]), None);
        assert_eq!(cochran_armitage(&[(1, 5, 2.0), (2, 5, 2.0)]), None);
        assert_eq!(cochran_armitage(&[(6, 5, 0.0), (2, 5, 1.0)]), None);
        let (up, p) = cochran_armitage(&[(1, 9, 0.0), (3, 9, 1.0), (7, 9, 2.0)]).unwrap();
        let (down, same) = cochran_armitage(&[(1, 9, 2.0), (3, 9, 1.0), (7, 9, 0.0)]).unwrap();
        assert!(up > 0.0 && (up + down).abs() < 1e-12 && (p - same).abs() < 1e-12);
    }
}
