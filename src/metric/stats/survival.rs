//! How long until it is over, when some of it is not over yet: Kaplan and Meier's estimate.

use super::{p_of_z, z_of};

/// A product of fractions that should be 0.5 may miss it by rounding.
const ROUNDING: f64 = 1e-12;

/// One time of the estimate.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Step {
    /// A time at which something ended or was last seen.
    pub time: f64,
    /// Share that lasts longer.
    pub survival: f64,
    /// Its interval; `None` once nothing lasts longer.
    pub interval: Option<[f64; 2]>,
}

/// The estimated survival function: a step at 0 and one at each distinct time.
#[derive(Debug, Clone, PartialEq)]
pub struct KaplanMeier {
    /// In order of time; the first is time 0, survival 1.
    pub steps: Vec<Step>,
}

/// Kaplan–Meier estimate of `(duration, ended)`; what has not ended is a lower bound.
///
/// `S = Π (1 − d/n)` over the times of an end; an end and a last sight at one time: the end comes
/// first. The interval is Greenwood's on the scale log(−log S): `S^exp(±θ)`, `θ = z √(Σ d/(n(n − d))) /
/// ln S` (Kaplan & Meier 1958, Kalbfleisch & Prentice 1980). `None` for an empty sample and for
/// durations that are negative or not finite.
#[must_use]
pub fn kaplan_meier(durations: &[(f64, bool)], confidence: f64) -> Option<KaplanMeier> {
    let z = z_of(confidence)?;
    let usable = |(t, _): &(f64, bool)| t.is_finite() && *t >= 0.0;
    if durations.is_empty() || !durations.iter().all(usable) {
        return None;
    }
    let mut ordered: Vec<(f64, bool)> = durations.iter().map(|(t, e)| (t + 0.0, *e)).collect();
    ordered.sort_by(|a, b| a.0.total_cmp(&b.0));
    let mut steps = vec![Step {
        time: 0.0,
        survival: 1.0,
        interval: Some([1.0, 1.0]),
    }];
    let (mut at_risk, mut survival, mut variance) = (ordered.len(), 1.0, 0.0);
    for group in ordered.chunk_by(|a, b| a.0.total_cmp(&b.0).is_eq()) {
        let ended = group.iter().filter(|(_, ended)| *ended).count() as f64;
        let n = at_risk as f64;
        survival *= (n - ended) / n;
        variance += ended / (n * (n - ended));
        at_risk -= group.len();
        let step = Step {
            time: group[0].0,
            survival,
            interval: log_log(survival, variance, z),
        };
        match steps.last_mut() {
            Some(last) if last.time.total_cmp(&step.time).is_eq() => *last = step,
            _ => steps.push(step),
        }
    }
    Some(KaplanMeier { steps })
}

/// The outcome of a log-rank test.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct LogRank {
    /// The statistic, on one degree of freedom.
    pub chi_squared: f64,
    /// Two-sided p-value.
    pub p: f64,
}

/// Log-rank test that two samples of `(duration, ended)` last equally long (Mantel 1966).
///
/// At each time of an end the first sample expects `d n₁/n` of the d ends, with variance `d n₁ n₂ (n − d) /
/// (n² (n − 1))`. `None` for an empty sample, for durations that are negative or not finite, and when
/// nothing ended while both were at risk.
#[must_use]
pub fn log_rank(x: &[(f64, bool)], y: &[(f64, bool)]) -> Option<LogRank> {
    let usable = |(t, _): &(f64, bool)| t.is_finite() && *t >= 0.0;
    if x.is_empty() || y.is_empty() || !x.iter().chain(y).all(usable) {
        return None;
    }
    let mine = x.iter().map(|(t, ended)| (t + 0.0, *ended, true));
    let theirs = y.iter().map(|(t, ended)| (t + 0.0, *ended, false));
    let mut ordered: Vec<(f64, bool, bool)> = mine.chain(theirs).collect();
    ordered.sort_by(|a, b| a.0.total_cmp(&b.0));
    let (mut mine, mut all) = (x.len() as f64, ordered.len() as f64);
    let (mut excess, mut variance) = (0.0, 0.0);
    for group in ordered.chunk_by(|a, b| a.0.total_cmp(&b.0).is_eq()) {
        let count = |of: &dyn Fn(&(f64, bool, bool)) -> bool| {
            group.iter().filter(|row| of(row)).count() as f64
        };
        let ended = count(&|(_, ended, _)| *ended);
        excess += count(&|(_, ended, first)| *ended && *first) - ended * mine / all;
        if all > 1.0 {
            variance += ended * mine * (all - mine) * (all - ended) / (all * all * (all - 1.0));
        }
        mine -= count(&|(_, _, first)| *first);
        all -= group.len() as f64;
    }
    (variance > 0.0).then(|| LogRank {
        chi_squared: excess * excess / variance,
        p: p_of_z(excess / variance.sqrt()),
    })
}

/// The interval of one survival probability.
fn log_log(survival: f64, variance: f64, z: f64) -> Option<[f64; 2]> {
    if survival >= 1.0 {
        return Some([1.0, 1.0]);
    }
    if survival <= 0.0 {
        return None;
    }
    let theta = z * variance.sqrt() / survival.ln();
    // ln S is negative: exp(−θ) is the larger power, which is the smaller probability.
    Some([survival.powf((-theta).exp()), survival.powf(theta.exp())])
}

impl KaplanMeier {
    /// The time by which a share `q` has ended: the first with survival at most 1 − q. `None` while
    /// that is not reached. An observed time, never interpolated.
    #[must_use]
    pub fn quantile(&self, q: f64) -> Option<f64> {
        if !(0.0..=1.0).contains(&q) {
            return None;
        }
        self.first(|step| step.survival <= 1.0 - q + ROUNDING)
    }

    /// The time by which half has ended; `None`: not reached.
    #[must_use]
    pub fn median(&self) -> Option<f64> {
        self.quantile(0.5)
    }

    /// Interval of the median (Brookmeyer & Crowley 1982): where the limits of the survival function
    /// cross one half. An end that is not reached is `None`: unbounded above.
    #[must_use]
    pub fn median_interval(&self) -> [Option<f64>; 2] {
        let crosses = |end: usize| {
            // Where survival is 0 the lower limit is 0 too; the upper one is not known.
            let limit =
                move |step: &Step| step.interval.map_or(end == 0, |i| i[end] <= 0.5 + ROUNDING);
            self.first(limit)
        };
        [crosses(0), crosses(1)]
    }

    /// Mean up to `limit`: the area under the function, defined even when much is still open.
    ///
    /// `None` when `limit` is not finite or negative.
    #[must_use]
    pub fn restricted_mean(&self, limit: f64) -> Option<f64> {
        if !(limit.is_finite() && limit >= 0.0) {
            return None;
        }
        let ends = self
            .steps
            .iter()
            .skip(1)
            .map(|step| step.time)
            .chain([limit]);
        let area =
            |(step, end): (&Step, f64)| (end.min(limit) - step.time).max(0.0) * step.survival;
        Some(self.steps.iter().zip(ends).map(area).sum())
    }

    /// Time of the first step for which this holds.
    fn first(&self, holds: impl Fn(&Step) -> bool) -> Option<f64> {
        self.steps
            .iter()
            .find(|step| holds(step))
            .map(|step| step.time)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn equal_samples_last_equally_long_and_far_ones_do_not() {
        let short: Vec<(f64, bool)> = (1..20).map(|i| (f64::from(i), i % 4 != 0)).collect();
        let long: Vec<(f64, bool)> = short.iter().map(|(t, e)| (t * 9.0, *e)).collect();
        assert!(log_rank(&short, &short).unwrap().p > 0.999);
        let (there, back) = (
            log_rank(&short, &long).unwrap(),
            log_rank(&long, &short).unwrap(),
        );
        assert!(there.p < 0.01 && (there.p - back.p).abs() < 1e-12);
        assert_eq!(log_rank(&[], &short), None);
        assert_eq!(log_rank(&[(f64::NAN, true)], &short), None);
        assert_eq!(log_rank(&[(1.0, false)], &[(2.0, false)]), None);
    }

    #[test]
    fn without_open_ends_it_is_the_sample() {
        for n in 1..40_u32 {
            let all: Vec<(f64, bool)> = (1..=n).map(|i| (f64::from(i), true)).collect();
            let found = kaplan_meier(&all, 0.95).unwrap();
            assert_eq!(found.median(), Some(f64::from(n.div_ceil(2))), "{n}");
            let mean = f64::from(n + 1) / 2.0;
            assert!((found.restricted_mean(1e6).unwrap() - mean).abs() < 1e-9);
        }
    }

    #[test]
    fn open_ends_can_only_lengthen() {
        let closed = [
            (1.0, true),
            (2.0, true),
            (3.0, true),
            (4.0, true),
            (9.0, true),
        ];
        let mut open = closed;
        open[1].1 = false;
        let (closed, open) = (
            kaplan_meier(&closed, 0.95).unwrap(),
            kaplan_meier(&open, 0.95).unwrap(),
        );
        assert!(open.median().unwrap() > closed.median().unwrap());
        for (a, b) in closed.steps.iter().zip(&open.steps) {
            assert!(a.survival <= b.survival + 1e-12);
        }
    }

    #[test]
    fn all_open_is_not_reached() {
        let found = kaplan_meier(&[(3.0, false), (5.0, false)], 0.95).unwrap();
        assert_eq!(found.median(), None);
        assert_eq!(found.median_interval(), [None, None]);
        assert_eq!(found.restricted_mean(10.0), Some(10.0));
    }

    #[test]
    fn limits_hold_the_estimate_and_widen() {
        let sample: Vec<(f64, bool)> = (0..25)
            .map(|i| (f64::from(i * 7 % 25), i % 4 > 0))
            .collect();
        let (narrow, wide) = (
            kaplan_meier(&sample, 0.9).unwrap(),
            kaplan_meier(&sample, 0.99).unwrap(),
        );
        for (a, b) in narrow.steps.iter().zip(&wide.steps) {
            let (Some([low, high]), Some([wide_low, wide_high])) = (a.interval, b.interval) else {
                assert!(a.survival <= 0.0);
                continue;
            };
            assert!(low <= a.survival && a.survival <= high);
            assert!(wide_low <= low && high <= wide_high);
        }
    }

    #[test]
    fn bad_durations_are_unknown() {
        assert_eq!(kaplan_meier(&[], 0.95), None);
        for bad in [-1.0, f64::NAN, f64::INFINITY] {
            assert_eq!(kaplan_meier(&[(bad, true)], 0.95), None);
        }
        assert_eq!(kaplan_meier(&[(1.0, true)], 1.0), None);
        let at_once = kaplan_meier(&[(0.0, true), (-0.0, true)], 0.95).unwrap();
        assert_eq!((at_once.median(), at_once.steps.len()), (Some(0.0), 1));
        assert_eq!(at_once.quantile(f64::NAN), None);
        assert_eq!(at_once.restricted_mean(f64::NAN), None);
    }
}
