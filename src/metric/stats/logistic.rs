//! A share that depends on a number: logistic regression on one variable.

use super::{p_of_z, z_of};

/// Rounds of Newton's method; from a sensible start fewer than ten are needed.
const ROUNDS: usize = 60;
/// The fit stands still below this step, in units of standard deviations.
const STILL: f64 = 1e-13;

/// The curve `1 / (1 + exp(−(intercept + slope x)))`.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Logistic {
    /// Log-odds at x = 0.
    pub intercept: f64,
    /// Change of the log-odds for one more x: the logarithm of the odds ratio.
    pub slope: f64,
    /// Standard errors of intercept and slope.
    pub errors: [f64; 2],
    /// Wald's two-sided p-value of the slope.
    pub p: f64,
    /// Logarithm of the likelihood.
    pub log_likelihood: f64,
}

impl Logistic {
    /// Fits the curve to `(x, hit)` by maximum likelihood.
    ///
    /// `None` when x or the outcome does not vary, a value is not finite, or one x parts hits from
    /// misses: the likelihood then grows for ever, and any slope it stopped at would be made up.
    #[must_use]
    pub fn fit(sample: &[(f64, bool)]) -> Option<Self> {
        if separated(sample)? {
            return None;
        }
        let n = sample.len() as f64;
        let centre = sample.iter().map(|(x, _)| x).sum::<f64>() / n;
        let variance = sample
            .iter()
            .map(|(x, _)| (x - centre).powi(2))
            .sum::<f64>()
            / n;
        let scale = variance.sqrt();
        if !(scale > 0.0 && scale.is_finite()) {
            return None;
        }
        // Centred and scaled, so that the two equations are never nearly one.
        let scaled: Vec<(f64, bool)> = sample
            .iter()
            .map(|(x, hit)| ((x - centre) / scale, *hit))
            .collect();
        let hits = sample.iter().filter(|(_, hit)| *hit).count() as f64;
        let mut at = [(hits / (n - hits)).ln(), 0.0];
        let mut reached = likelihood(&scaled, at);
        let mut still = false;
        for _ in 0..ROUNDS {
            let step = newton(&scaled, at)?;
            let mut share = 1.0;
            let mut next = at;
            // Newton may leap too far: then half of it, and half of that.
            while share > 1e-6 {
                next = [at[0] + share * step[0], at[1] + share * step[1]];
                if likelihood(&scaled, next) >= reached - 1e-12 * (1.0 + reached.abs()) {
                    break;
                }
                share /= 2.0;
            }
            at = next;
            reached = likelihood(&scaled, at);
            still = step[0].hypot(step[1]) < STILL * (1.0 + at[0].hypot(at[1]));
            if still {
                break;
            }
        }
        let moved = newton(&scaled, at)?;
        if !still && moved[0].hypot(moved[1]) > 1e-9 {
            return None;
        }
        let [[aa, ab], [_, bb]] = covariance(&scaled, at)?;
        // Back to the units given: slope b / s, intercept a − c b / s.
        let slope = at[1] / scale;
        let back = centre / scale;
        let errors = [
            (aa - 2.0 * back * ab + back * back * bb).max(0.0).sqrt(),
            bb.sqrt() / scale,
        ];
        Some(Self {
            intercept: at[0] - back * at[1],
            slope,
            errors,
            p: p_of_z(slope / errors[1]),
            log_likelihood: reached,
        })
    }

    /// How the odds of a hit are multiplied by one more x.
    #[must_use]
    pub fn odds_ratio(&self) -> f64 {
        self.slope.exp()
    }

    /// Wald's interval of the odds ratio; `None` for a confidence outside 0 to 1.
    #[must_use]
    pub fn interval(&self, confidence: f64) -> Option<[f64; 2]> {
        let half = z_of(confidence)? * self.errors[1];
        Some([(self.slope - half).exp(), (self.slope + half).exp()])
    }

    /// The share at x.
    #[must_use]
    pub fn share_at(&self, x: f64) -> f64 {
        share(self.intercept + self.slope * x)
    }

    /// The x at which the share is `p`; `None` outside 0 to 1 and for a flat curve.
    #[must_use]
    pub fn x_at(&self, p: f64) -> Option<f64> {
        let x = ((p / (1.0 - p)).ln() - self.intercept) / self.slope;
        (p > 0.0 && p < 1.0 && x.is_finite()).then_some(x)
    }
}

/// One x parts hits from misses; `None` when there is no both or a value is not finite.
fn separated(sample: &[(f64, bool)]) -> Option<bool> {
    if sample.iter().any(|(x, _)| !x.is_finite()) {
        return None;
    }
    let range = |wanted: bool| {
        let mut found = sample
            .iter()
            .filter(|(_, hit)| *hit == wanted)
            .map(|(x, _)| *x);
        let first = found.next()?;
        Some(found.fold([first, first], |[low, high], x| [low.min(x), high.max(x)]))
    };
    let (hits, misses) = (range(true)?, range(false)?);
    Some(hits[1] <= misses[0] || misses[1] <= hits[0])
}

/// Without overflow on either side.
fn share(log_odds: f64) -> f64 {
    1.0 / (1.0 + (-log_odds).exp())
}

fn likelihood(sample: &[(f64, bool)], [a, b]: [f64; 2]) -> f64 {
    let term = |(x, hit): &(f64, bool)| {
        let log_odds = if *hit { a + b * x } else { -(a + b * x) };
        // −ln(1 + e^−t), also where e^−t would overflow.
        log_odds.min(0.0) - (-log_odds.abs()).exp().ln_1p()
    };
    sample.iter().map(term).sum()
}

/// The inverse of the information: variances of both parameters.
fn covariance(sample: &[(f64, bool)], [a, b]: [f64; 2]) -> Option<[[f64; 2]; 2]> {
    let (mut aa, mut ab, mut bb) = (0.0, 0.0, 0.0);
    for (x, _) in sample {
        let p = share(a + b * x);
        let weight = p * (1.0 - p);
        aa += weight;
        ab += weight * x;
        bb += weight * x * x;
    }
    let determinant = aa * bb - ab * ab;
    (determinant > 0.0 && determinant.is_finite()).then(|| {
        [
            [bb / determinant, -ab / determinant],
            [-ab / determinant, aa / determinant],
        ]
    })
}

/// The step to where the quadratic through this point has its top.
fn newton(sample: &[(f64, bool)], at: [f64; 2]) -> Option<[f64; 2]> {
    let (mut first, mut second) = (0.0, 0.0);
    for (x, hit) in sample {
        let surprise = f64::from(u8::from(*hit)) - share(at[0] + at[1] * x);
        first += surprise;
        second += surprise * x;
    }
    let [top, bottom] = covariance(sample, at)?;
    Some([
        top[0] * first + top[1] * second,
        bottom[0] * first + bottom[1] * second,
    ])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn two_points_have_their_own_shares() {
        // 2 of 10 at x = 0, 6 of 10 at x = 1: the curve passes through both.
        let sample: Vec<(f64, bool)> = (0..20)
            .map(|i| (f64::from(i / 10), if i < 10 { i < 2 } else { i < 16 }))
            .collect();
        let found = Logistic::fit(&sample).unwrap();
        assert!((found.share_at(0.0) - 0.2).abs() < 1e-10);
        assert!((found.share_at(1.0) - 0.6).abs() < 1e-10);
        assert!((found.odds_ratio() - 6.0).abs() < 1e-9);
        assert!((found.x_at(0.6).unwrap() - 1.0).abs() < 1e-9);
        let [low, high] = found.interval(0.95).unwrap();
        assert!(low < 6.0 && 6.0 < high);
        assert_eq!(found.interval(1.0), None);
        assert_eq!(found.x_at(1.0), None);
    }

    #[test]
    fn shifting_and_scaling_x_changes_nothing_else() {
        let sample: Vec<(f64, bool)> = (0..40)
            .map(|i| (f64::from(i), i % 5 == 0 || i > 33))
            .collect();
        let far: Vec<(f64, bool)> = sample.iter().map(|(x, h)| (1e4 + 0.5 * x, *h)).collect();
        let (near, far) = (
            Logistic::fit(&sample).unwrap(),
            Logistic::fit(&far).unwrap(),
        );
        assert!((near.slope - far.slope * 0.5).abs() < 1e-6);
        assert!((near.log_likelihood - far.log_likelihood).abs() < 1e-9);
        assert!((near.p - far.p).abs() < 1e-6);
    }

    #[test]
    fn what_one_x_parts_has_no_curve() {
        let parted: Vec<(f64, bool)> = (0..30).map(|i| (f64::from(i), i >= 15)).collect();
        assert_eq!(Logistic::fit(&parted), None);
        let nearly: Vec<(f64, bool)> = (0..30).map(|i| (f64::from(i / 3), i >= 16)).collect();
        assert_eq!(Logistic::fit(&nearly), None, "parted but for a tie");
        let mirrored: Vec<(f64, bool)> = parted.iter().map(|(x, h)| (-x, *h)).collect();
        assert_eq!(Logistic::fit(&mirrored), None);
    }

    #[test]
    fn what_does_not_vary_has_no_curve() {
        for bad in [
            &[][..],
            &[(1.0, true)],
            &[(1.0, true), (1.0, false), (1.0, true)],
            &[(1.0, true), (2.0, true), (3.0, true)],
            &[(1.0, true), (f64::NAN, false), (0.0, true)],
            &[(1.0, true), (f64::INFINITY, false), (0.0, true)],
        ] {
            assert_eq!(Logistic::fit(bad), None, "{bad:?}");
        }
    }

    #[test]
    fn a_flat_relation_has_a_ratio_near_one() {
        let flat: Vec<(f64, bool)> = (0..100).map(|i| (f64::from(i), i % 4 == 1)).collect();
        let found = Logistic::fit(&flat).unwrap();
        assert!((found.odds_ratio() - 1.0).abs() < 0.01 && found.p > 0.8);
    }
}
