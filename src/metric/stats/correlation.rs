//! Two numbers that go together, judged by their order alone.

use statrs::distribution::{ContinuousCDF, StudentsT};

use super::{all_finite, over_ties, p_of_z, ranks, sorted_copy};

/// Pairs of values beyond which Kendall's pairs are not counted one by one.
const MOST_PAIRED: usize = 20_000;

/// How strongly two numbers go together.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Correlation {
    /// −1 to 1.
    pub coefficient: f64,
    /// Two-sided p-value.
    pub p: f64,
}

/// Spearman's ρ: Pearson's correlation of the ranks, ties at their mean rank (Spearman 1904).
///
/// `t = ρ √((n − 2) / (1 − ρ²))` on n − 2 degrees of freedom. `None` below 3 pairs, when the lengths
/// differ, a value is not finite, or one side does not vary.
#[must_use]
pub fn spearman(x: &[f64], y: &[f64]) -> Option<Correlation> {
    if x.len() != y.len() || x.len() < 3 {
        return None;
    }
    let (x, y) = (ranks(x)?, ranks(y)?);
    let n = x.len() as f64;
    let centre = f64::midpoint(n, 1.0);
    let product = |left: &[f64], right: &[f64]| -> f64 {
        let pairs = left.iter().zip(right);
        pairs.map(|(l, r)| (l - centre) * (r - centre)).sum()
    };
    let spread = (product(&x, &x) * product(&y, &y)).sqrt();
    if spread <= 0.0 {
        return None;
    }
    let coefficient = (product(&x, &y) / spread).clamp(-1.0, 1.0);
    let freedom = n - 2.0;
    let statistic = coefficient.abs() * (freedom / (1.0 - coefficient * coefficient)).sqrt();
    let p = if statistic.is_finite() {
        2.0 * StudentsT::new(0.0, 1.0, freedom).ok()?.sf(statistic)
    } else {
        0.0
    };
    Some(Correlation { coefficient, p })
}

/// Kendall's τ-b, which allows for ties, with the normal approximation of its p-value (Kendall 1945).
///
/// `S / √((N − ties of x)(N − ties of y))`, N the number of pairs. `None` below 3 pairs of values and
/// above twenty thousand, when the lengths differ, a value is not finite, or one side does not vary.
#[must_use]
pub fn kendall(x: &[f64], y: &[f64]) -> Option<Correlation> {
    if x.len() != y.len() || !(3..=MOST_PAIRED).contains(&x.len()) || !all_finite(x) {
        return None;
    }
    let (x_sorted, y_sorted) = (sorted_copy(x)?, sorted_copy(y)?);
    let sign = |a: f64, b: f64| f64::from(i8::from(a > b) - i8::from(a < b));
    let mut s = 0.0;
    for (i, (x1, y1)) in x.iter().zip(y).enumerate() {
        let later = x.iter().zip(y).skip(i + 1);
        s += later
            .map(|(x2, y2)| sign(*x2, *x1) * sign(*y2, *y1))
            .sum::<f64>();
    }
    let n = x.len() as f64;
    let pairs = n * (n - 1.0) / 2.0;
    let terms = |sorted: &[f64]| {
        [
            over_ties(sorted, |t| t * (t - 1.0) / 2.0),
            over_ties(sorted, |t| t * (t - 1.0) * (t - 2.0)),
            over_ties(sorted, |t| t * (t - 1.0) * (2.0 * t + 5.0)),
        ]
    };
    let ([x_ties, x_threes, x_term], [y_ties, y_threes, y_term]) =
        (terms(&x_sorted), terms(&y_sorted));
    let spread = ((pairs - x_ties) * (pairs - y_ties)).sqrt();
    let variance = (n * (n - 1.0) * (2.0 * n + 5.0) - x_term - y_term) / 18.0
        + x_ties * y_ties / pairs
        + x_threes * y_threes / (18.0 * pairs * (n - 2.0));
    (spread > 0.0 && variance > 0.0).then(|| Correlation {
        coefficient: s / spread,
        p: p_of_z(s / variance.sqrt()),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn order_is_all_that_counts() {
        let x: Vec<f64> = (0..12).map(f64::from).collect();
        let curved: Vec<f64> = x.iter().map(|v| v.exp()).collect();
        let falling: Vec<f64> = x.iter().map(|v| -v.powi(3)).collect();
        for of in [spearman, kendall] {
            let up = of(&x, &curved).unwrap();
            let down = of(&x, &falling).unwrap();
            assert!((up.coefficient - 1.0).abs() < 1e-12 && up.p < 1e-4);
            assert!((down.coefficient + 1.0).abs() < 1e-12 && down.p < 1e-4);
        }
    }

    #[test]
    fn it_does_not_matter_which_is_named_first() {
        let x = [3.0, 1.0, 4.0, 1.0, 5.0, 9.0, 2.0, 6.0];
        let y = [2.0, 7.0, 1.0, 8.0, 2.0, 8.0, 1.0, 8.0];
        for of in [spearman, kendall] {
            let (there, back) = (of(&x, &y).unwrap(), of(&y, &x).unwrap());
            assert!((there.coefficient - back.coefficient).abs() < 1e-12);
            assert!((there.p - back.p).abs() < 1e-12 && there.p > 0.2);
        }
    }

    #[test]
    fn what_does_not_vary_goes_with_nothing() {
        for of in [spearman, kendall] {
            assert_eq!(of(&[1.0; 5], &[1.0, 2.0, 3.0, 4.0, 5.0]), None);
            assert_eq!(of(&[1.0, 2.0], &[1.0, 2.0]), None);
            assert_eq!(of(&[1.0, 2.0, 3.0], &[1.0, 2.0]), None);
            assert_eq!(of(&[1.0, f64::NAN, 3.0], &[1.0, 2.0, 3.0]), None);
        }
    }
}
