//! Batch size against failure: the share of failures by size, each with its interval.

use serde::Serialize;

use super::axis::{Axis, Label, Table, Tick, across};
use crate::render::humanize;
use crate::report::Unit;
use crate::report::v1::{BatchRisk, DeltaState, Report, SizeBand};

/// One way of counting size, drawn.
#[derive(Debug, Serialize)]
pub(super) struct Batch {
    /// `changes` or `lines`.
    size: String,
    /// What the relation is worth, in a sentence.
    says: String,
    ticks: Vec<Tick>,
    labels: Vec<Label>,
    bands: Vec<Band>,
    bar: String,
    table: Table,
}

#[derive(Debug, Serialize)]
struct Band {
    x: String,
    middle: String,
    y: String,
    /// Ends of the interval.
    high: String,
    low: String,
    words: String,
}

/// Draws changes, then lines; those with fewer than two sizes are left out.
#[must_use]
pub(super) fn batches(report: &Report) -> Vec<Batch> {
    let each = report.batch_risk.iter();
    each.filter_map(|(size, risk)| batch(size, risk)).collect()
}

fn batch(size: &str, risk: &BatchRisk) -> Option<Batch> {
    let known: Vec<(&SizeBand, f64, [f64; 2])> = risk
        .bands
        .iter()
        .filter_map(|band| Some((band, band.ratio?, band.interval95?)))
        .collect();
    if known.len() < 2 {
        return None;
    }
    let tops: Vec<f64> = known.iter().map(|(_, _, [_, high])| *high).collect();
    let axis = Axis::holding(Unit::Ratio, &tops);
    let count = known.len() as f64;
    let band = |(at, (band, ratio, [low, high])): (usize, &(&SizeBand, f64, [f64; 2]))| {
        let at = at as f64;
        Band {
            x: across(at + 0.2, count),
            middle: across(at + 0.5, count),
            y: axis.y(*ratio),
            high: axis.y(*high),
            low: axis.y(*low),
            words: format!(
                "{} {size}: {} ({}), {} of {} failed",
                range(band.from, band.to),
                humanize::percent(*ratio),
                humanize::interval(Unit::Ratio, *ratio, [*low, *high]),
                band.failed,
                humanize::plural(band.deployments, "deployment"),
            ),
        }
    };
    Some(Batch {
        size: size.to_owned(),
        says: says(risk),
        ticks: axis.ticks(),
        labels: known
            .iter()
            .enumerate()
            .map(|(at, (band, _, _))| Label {
                x: across(at as f64 + 0.5, count),
                label: range(band.from, band.to),
            })
            .collect(),
        bands: known.iter().enumerate().map(band).collect(),
        bar: across(0.6, count),
        table: Table {
            words: false,
            heads: vec!["Size", "Deployments", "Failed", "Share", "95 % interval"],
            rows: known.iter().map(row).collect(),
        },
    })
}

fn row((band, ratio, interval): &(&SizeBand, f64, [f64; 2])) -> Vec<String> {
    vec![
        range(band.from, band.to),
        band.deployments.to_string(),
        band.failed.to_string(),
        humanize::percent(*ratio),
        humanize::interval(Unit::Ratio, *ratio, *interval),
    ]
}

/// `11–50`, `251+`.
#[must_use]
pub(super) fn range(from: u64, to: Option<u64>) -> String {
    match to {
        Some(to) if to == from => to.to_string(),
        Some(to) => format!("{from}–{to}"),
        None => format!("{from}+"),
    }
}

fn says(risk: &BatchRisk) -> String {
    let odds = risk.odds_ratio_per_doubling.zip(risk.interval95);
    match (risk.state, odds) {
        (DeltaState::Changed, Some((odds, [low, high]))) => {
            let doubles = risk.doubles_above.map(|size| {
                format!(
                    " Above {} the risk is twice that of the usual size.",
                    humanize::number(size)
                )
            });
            format!(
                "Twice the size goes with {} times the odds of failure ({}–{}).{}",
                humanize::number(odds),
                humanize::number(low),
                humanize::number(high),
                doubles.unwrap_or_default()
            )
        }
        (DeltaState::TooLittleData, _) => risk.because.as_deref().map_or_else(
            || "Too little data to tell whether size matters.".to_owned(),
            |because| format!("Too little data to tell whether size matters: {because}."),
        ),
        _ => "No detectable relation between size and failure.".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn band(from: u64, to: Option<u64>, failed: u64, deployments: u64) -> SizeBand {
        SizeBand {
            from,
            to,
            deployments,
            failed,
            ratio: (deployments > 0).then(|| failed as f64 / deployments as f64),
            interval95: (deployments > 0).then_some([0.01, 0.4]),
        }
    }

    fn risk(state: DeltaState) -> BatchRisk {
        BatchRisk {
            state,
            deployments: 60,
            failed: 9,
            median_size: Some(2.0),
            bands: vec![
                band(1, Some(1), 1, 30),
                band(2, Some(10), 8, 30),
                band(11, None, 0, 0),
            ],
            odds_ratio_per_doubling: Some(1.8),
            interval95: Some([1.2, 2.7]),
            trend_p: Some(0.01),
            p: Some(0.02),
            risk_at_median: Some(0.08),
            doubles_above: Some(9.0),
            because: None,
        }
    }

    #[test]
    fn sizes_nobody_deployed_are_left_out() {
        let drawn = batch("changes", &risk(DeltaState::Changed)).unwrap();
        assert_eq!(drawn.bands.len(), 2);
        assert_eq!(
            drawn.bands[1].words,
            "2–10 changes: 27 % (1–40 %), 8 of 30 deployments failed"
        );
    }

    #[test]
    fn only_what_is_certain_is_said_of_the_odds() {
        assert!(says(&risk(DeltaState::Changed)).starts_with("Twice the size goes with 1.8 times"));
        assert!(says(&risk(DeltaState::NoDetectableChange)).starts_with("No detectable"));
        let mut few = risk(DeltaState::TooLittleData);
        few.because = Some("needs 8 more failures".into());
        assert!(says(&few).ends_with("needs 8 more failures."));
    }
}
