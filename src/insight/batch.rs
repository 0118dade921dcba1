//! Batch size against failure: do larger deployments fail more often, and from which size on?
//!
//! Size is counted in changes, and in lines where every change of a deployment has them. Deployments of both
//! windows count that took effect and delivered at least one change; a baseline delivers an unknown set.
//! Three views of the same data: shares by size band, for the eye; a logistic curve on log2(1 + size), for the
//! odds ratio of a doubling; Cochran and Armitage's test over the bands, for chance. It is a relation, not a
//! cause: large deployments may differ in more than their size.

use super::gate::MIN_OUTCOMES;
use super::words::number;
use super::{Insight, Level, Sight};
use crate::event::Window;
use crate::metric::stats::logistic::Logistic;
use crate::metric::stats::proportion::cochran_armitage;
use crate::metric::{Distribution, Proportion};
use crate::timeline::Change;

/// Largest sizes of all bands but the last: the answers of DORA's survey.
const CHANGES: [u64; 4] = [1, 10, 50, 100];
const LINES: [u64; 4] = [10, 50, 100, 250];

/// What a size is counted in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Size {
    /// Changes of a deployment.
    Changes,
    /// Lines added and deleted by them.
    Lines,
}

impl Size {
    /// Both.
    pub const ALL: [Self; 2] = [Self::Changes, Self::Lines];

    /// The word in reports.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Changes => "changes",
            Self::Lines => "lines",
        }
    }

    fn bands(self) -> [u64; 4] {
        match self {
            Self::Changes => CHANGES,
            Self::Lines => LINES,
        }
    }

    /// Smallest and largest size of each band; the last has no end.
    pub(super) fn ranges(self) -> impl Iterator<Item = (u64, Option<u64>)> {
        // No change, no batch; but a change may have no line.
        let least = u64::from(self == Self::Changes);
        let ends = self.bands().into_iter();
        let starts = std::iter::once(least).chain(ends.clone().map(|end| end + 1));
        starts.zip(ends.map(Some).chain([None]))
    }

    /// How large a deployment of these changes is; `None` where one of them is not known.
    pub(super) fn of(self, changes: &[&Change]) -> Option<u64> {
        match self {
            Self::Changes => Some(changes.len() as u64),
            Self::Lines => changes.iter().map(|c| c.lines).sum(),
        }
    }
}

/// One deployment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Batch {
    /// How large.
    pub size: u64,
    /// It needed intervention.
    pub failed: bool,
}

/// Deployments of one range of sizes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SizeBand {
    /// Smallest size.
    pub from: u64,
    /// Largest size; `None` for the last band.
    pub to: Option<u64>,
    /// Failed among all.
    pub failed: Proportion,
}

/// How failure goes with size.
#[derive(Debug, Clone, PartialEq)]
pub struct Relation {
    /// Failed among all.
    pub failed: Proportion,
    /// Median size.
    pub median: Option<f64>,
    /// Every band, empty ones too.
    pub bands: Vec<SizeBand>,
    /// The curve, or what is missing for one.
    pub curve: Result<Curve, String>,
}

/// The fitted curve.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Curve {
    /// How the odds of failure are multiplied when the size doubles.
    pub odds_ratio: f64,
    /// Wald's 95 % interval of it.
    pub interval: [f64; 2],
    /// Cochran and Armitage's p-value of a trend over the bands.
    pub trend_p: f64,
    /// The larger of that and Wald's p-value of the curve: both have to reject chance.
    pub p: f64,
    /// Risk on the curve at the median size.
    pub risk_at_median: f64,
    /// The size above which the risk is twice that; only when the interval lies above 1 and the size is
    /// within what was seen.
    pub doubles_above: Option<f64>,
}

/// The deployments of both windows by size; those without a known size are left out.
#[must_use]
pub fn batches(sight: &Sight<'_>, size: Size) -> Vec<Batch> {
    let sized = |(changes, failed): (Vec<&Change>, bool)| {
        let size = size.of(&changes)?;
        Some(Batch { size, failed })
    };
    delivered(sight).filter_map(sized).collect()
}

/// The deployments of both windows that delivered a known set of changes: which, and whether they failed.
pub(super) fn delivered<'a>(sight: &'a Sight<'_>) -> impl Iterator<Item = (Vec<&'a Change>, bool)> {
    let both = Window {
        from: sight.before.window.from,
        to: sight.period.window.to,
    };
    let single = sight.scope.service.is_some();
    sight.scope.effective_in(both).filter_map(move |unit| {
        let parts = || sight.scope.deployments(unit).filter(|d| d.is_effective());
        let changes: Vec<_> = parts()
            .flat_map(|d| &d.changes)
            .filter_map(|at| sight.timeline.changes.get(*at))
            .filter(|c| single || c.first)
            .collect();
        let is_known = !changes.is_empty() && !parts().any(|d| d.baseline);
        is_known.then(|| (changes, parts().any(|d| d.failed)))
    })
}

/// Relates failure to size.
#[must_use]
pub fn relate(batches: &[Batch], size: Size) -> Relation {
    let sizes = Distribution::of(batches.iter().map(|b| b.size as f64));
    let bands = bands(batches, size);
    let failed = share(batches.iter());
    Relation {
        curve: curve(batches, &bands, failed, &sizes),
        median: sizes.quantile(0.5),
        failed,
        bands,
    }
}

fn share<'a>(of: impl Iterator<Item = &'a Batch>) -> Proportion {
    of.fold(Proportion::default(), |sum, batch| Proportion {
        hits: sum.hits + u64::from(batch.failed),
        total: sum.total + 1,
    })
}

fn bands(batches: &[Batch], size: Size) -> Vec<SizeBand> {
    size.ranges()
        .map(|(from, to)| SizeBand {
            from,
            to,
            failed: share(
                batches
                    .iter()
                    .filter(|b| b.size >= from && to.is_none_or(|to| b.size <= to)),
            ),
        })
        .collect()
}

fn curve(
    batches: &[Batch],
    bands: &[SizeBand],
    failed: Proportion,
    sizes: &Distribution,
) -> Result<Curve, String> {
    let good = failed.total - failed.hits;
    if failed.hits < MIN_OUTCOMES || good < MIN_OUTCOMES {
        return Err(format!(
            "{} failed and {good} good deployments of known size; a relation needs {MIN_OUTCOMES} of each",
            failed.hits
        ));
    }
    let sample: Vec<(f64, bool)> = batches
        .iter()
        .map(|b| (doublings(b.size as f64), b.failed))
        .collect();
    let groups: Vec<(u64, u64, f64)> = (0_u8..)
        .zip(bands)
        .map(|(score, band)| (band.failed.hits, band.failed.total, f64::from(score)))
        .collect();
    let alike = "no curve fits: sizes do not vary, or one size parts failed from good";
    let fitted = Logistic::fit(&sample).ok_or(alike)?;
    let (_, trend_p) = cochran_armitage(&groups).ok_or(alike)?;
    let interval = fitted.interval(0.95).ok_or(alike)?;
    let (median, largest) = sizes.quantile(0.5).zip(sizes.quantile(1.0)).ok_or(alike)?;
    let risk_at_median = fitted.share_at(doublings(median));
    let doubled = fitted
        .x_at(2.0 * risk_at_median)
        .map(|x| (x.exp2() - 1.0).round())
        .filter(|size| interval[0] > 1.0 && *size <= largest);
    Ok(Curve {
        odds_ratio: fitted.odds_ratio(),
        interval,
        trend_p,
        p: trend_p.max(fitted.p),
        risk_at_median,
        doubles_above: doubled,
    })
}

/// A size on the scale on which a step is a doubling.
fn doublings(size: f64) -> f64 {
    (1.0 + size).log2()
}

/// Detector: in changes.
pub(super) fn changes(sight: &Sight<'_>) -> Option<Insight> {
    told(sight, Size::Changes, "batch_changes")
}

/// Detector: in lines.
pub(super) fn lines(sight: &Sight<'_>) -> Option<Insight> {
    told(sight, Size::Lines, "batch_lines")
}

fn told(sight: &Sight<'_>, size: Size, id: &'static str) -> Option<Insight> {
    let found = relate(&batches(sight, size), size);
    let (curve, median) = found.curve.ok().zip(found.median)?;
    let what = size.name();
    let from = curve.doubles_above.map_or(String::new(), |size| {
        format!(
            " Above {} {what} the risk is twice that of the median, {} {what}.",
            number(size),
            number(median)
        )
    });
    let [low, high] = curve.interval.map(number);
    let larger = curve.odds_ratio > 1.0;
    Some(Insight {
        id,
        level: if larger { Level::Warn } else { Level::Info },
        says: format!(
            "Each doubling of the {what} in a deployment multiplies the odds of failure by {} (95 %: {low} to {high}).{from}",
            number(curve.odds_ratio)
        ),
        because: Vec::new(),
        next: larger
            .then(|| "Deploy smaller batches: each change as soon as it is merged.".to_owned()),
        p: Some(curve.p),
    })
}

#[cfg(test)]
mod tests {
    use super::super::sample::{found, look, week};
    use super::*;
    use serde_json::{Value, json};

    /// 96 deployments of 1 to 8 changes, the last of them failed where `fails` says so.
    fn history(fails: impl Fn(u64, u64) -> bool) -> Value {
        let rows: Vec<(u64, u64)> = (0..24)
            .flat_map(|w| [1, 2, 4, 16].map(|size| (w, size)))
            .collect();
        let mut deployments = vec![json!({"id": "first", "sha": "s", "finished_at": week(1)})];
        let mut marks = Vec::new();
        for (n, size) in &rows {
            let at = week(n + 2) + chrono::Duration::hours(9 * i64::try_from(*size).unwrap());
            let id = format!("{n}-{size}");
            let changes: Vec<Value> = (0..*size)
                .map(|i| json!({"sha": format!("c{id}-{i}"), "committed_at": at - chrono::Duration::hours(1)}))
                .collect();
            deployments.push(
                json!({"id": id, "sha": format!("c{id}-0"), "finished_at": at, "changes": changes}),
            );
            if fails(*n, *size) {
                marks.push(json!({"deployment": id, "failed": true}));
            }
        }
        json!({"deployments": deployments, "marks": marks})
    }

    #[test]
    fn large_batches_that_fail_are_told_with_the_size() {
        let history = history(|n, size| n % 24 < size);
        let said = found("batch_changes", &history).unwrap();
        assert_eq!(said.level, Level::Warn);
        assert!(
            said.says.starts_with("Each doubling of the changes"),
            "{}",
            said.says
        );
        assert!(
            said.says
                .contains("the risk is twice that of the median, 3 changes"),
            "{}",
            said.says
        );
        assert_eq!(found("batch_lines", &history), None, "no lines are known");
    }

    #[test]
    fn without_a_relation_nothing_is_said() {
        let even = history(|n, _| n % 6 == 0);
        assert_eq!(found("batch_changes", &even), None);
        let few = history(|n, size| size == 16 && n < 9);
        assert_eq!(found("batch_changes", &few), None);
        let relation = look(&few, |sight| {
            relate(&batches(sight, Size::Changes), Size::Changes)
        });
        assert!(relation.curve.unwrap_err().starts_with("9 failed and "));
        assert_eq!(relation.bands.len(), 5);
    }

    #[test]
    fn the_baseline_has_no_size_and_every_other_deployment_falls_in_one_band() {
        let history = history(|n, size| n % 24 < size);
        let relation = look(&history, |sight| {
            relate(&batches(sight, Size::Changes), Size::Changes)
        });
        let sum: u64 = relation.bands.iter().map(|b| b.failed.total).sum();
        assert_eq!((sum, relation.failed.total), (96, 96));
        assert_eq!(relation.bands[0].failed.total, 24);
        assert_eq!(relation.bands[2].failed.hits, 16);
        let curve = relation.curve.unwrap();
        let doubled = curve.doubles_above.unwrap();
        assert!((3.0..16.0).contains(&doubled) && curve.interval[0] > 1.0);
    }

    #[test]
    fn a_relation_that_could_be_chance_names_no_size() {
        let sizes = [
            3, 8, 12, 20, 25, 40, 55, 60, 80, 120, 150, 200, 260, 310, 420, 500, 700, 900, 1200,
            2500,
        ];
        let failed = [7, 11, 13, 16, 17, 19];
        let once: Vec<Batch> = sizes
            .iter()
            .enumerate()
            .map(|(i, size)| Batch {
                size: *size,
                failed: failed.contains(&i) || i == 6,
            })
            .collect();
        assert!(
            relate(&once, Size::Lines).curve.is_err(),
            "too few failures"
        );
        let flat: Vec<Batch> = (0..80)
            .map(|i| Batch {
                size: 1 + i % 20,
                failed: i % 5 == i / 16,
            })
            .collect();
        let curve = relate(&flat, Size::Changes).curve.unwrap();
        assert!(curve.interval[0] < 1.0 && curve.doubles_above.is_none());
        let parted: Vec<Batch> = (0..40)
            .map(|i| Batch {
                size: i,
                failed: i >= 20,
            })
            .collect();
        assert_eq!(
            relate(&parted, Size::Lines).curve.unwrap_err(),
            "no curve fits: sizes do not vary, or one size parts failed from good"
        );
    }
}
