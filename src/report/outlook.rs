//! What is seen in the weeks of a service or of all together: findings, forecasts, shifts, risks, waits, as the document shows them.

use std::collections::BTreeMap;

use super::v1::{
    self, AiCohorts, BatchRisk, ChangePoint, DeltaState, Dispersion, Forecast, Shifts, SizeBand,
    UnusualWeek,
};
use super::{advice, chance, cohorts, flow};
use crate::insight::{self, Insight, Sight, batch, cohort, forecast, gate, shift};

/// What is found in the weeks of a scope.
pub(super) struct Outlook {
    findings: Vec<v1::Finding>,
    forecast: BTreeMap<String, Forecast>,
    shifts: Shifts,
    batch_risk: BTreeMap<String, BatchRisk>,
    ai: Option<AiCohorts>,
    lead_time_bands: Vec<v1::LeadTimeBand>,
    waits: BTreeMap<String, Vec<v1::WaitBegun>>,
    bottleneck: Option<v1::Bottleneck>,
    recommendation: Option<v1::Recommendation>,
}

impl Outlook {
    /// Puts it in the place of what the document says so far.
    pub(super) fn show_in(self, report: &mut v1::Report) {
        report.findings = self.findings;
        report.forecast = self.forecast;
        report.shifts = self.shifts;
        report.batch_risk = self.batch_risk;
        report.ai = self.ai;
        report.lead_time_bands = self.lead_time_bands;
        report.waits = self.waits;
        report.bottleneck = self.bottleneck;
        report.recommendation = self.recommendation;
    }
}

/// Looks, holds what was found against the deltas of all `scopes`, and shows what the weeks tell.
pub(super) fn look<'a>(
    sight: &Sight<'_>,
    scopes: impl Iterator<Item = &'a mut v1::Scope>,
) -> Outlook {
    let (found, recommendation) = insight::look(sight);
    let said = chance::judge(scopes, found);
    Outlook {
        forecast: forecasts(sight),
        shifts: shifts(sight, &said),
        batch_risk: batch_risk(sight, &said),
        ai: cohort::compare(sight).map(|found| cohorts::shown(&found, &said)),
        lead_time_bands: flow::bands(sight.scope, sight.period),
        waits: flow::waits(sight.scope, sight.period),
        bottleneck: insight::bottleneck::find(sight).map(advice::bottleneck),
        recommendation: recommendation.as_ref().map(advice::recommendation),
        findings: said.into_iter().map(finding).collect(),
    }
}

fn finding(found: Insight) -> v1::Finding {
    let Insight {
        id,
        level,
        says,
        because,
        next,
        p,
    } = found;
    v1::Finding {
        id: id.to_owned(),
        level: level.name().to_owned(),
        says,
        because,
        next,
        p,
    }
}

/// What the next weeks bring, by metric id.
fn forecasts(sight: &Sight<'_>) -> BTreeMap<String, Forecast> {
    let from = sight
        .weeks
        .last()
        .map(|w| (w.first + chrono::Days::new(7)).to_string());
    forecast::forecasts(sight.weeks, sight.config)
        .into_iter()
        .map(|(metric, found)| {
            let known = found.as_ref().ok();
            let shown = Forecast {
                from: from.clone(),
                weeks: forecast::AHEAD as u64,
                based_on_weeks: forecast::BASE as u64,
                value: known.map(|f| f.value),
                interval80: known.map(|f| f.interval),
                tried: known.map_or(0, |f| f.tried as u64),
                held: known.map_or(0, |f| f.held as u64),
                because: found.err(),
            };
            (metric.to_owned(), shown)
        })
        .collect()
}

/// When the weekly numbers changed; `said` are the findings that survived.
fn shifts(sight: &Sight<'_>, said: &[Insight]) -> Shifts {
    let points = [
        (
            "deployment_frequency",
            "frequency_shift",
            shift::weekly_deployments(sight.weeks),
        ),
        (
            "change_lead_time",
            "lead_time_shift",
            shift::weekly_lead_times(sight.weeks),
        ),
    ];
    Shifts {
        change_points: points
            .into_iter()
            .map(|(metric, id, weekly)| (metric.to_owned(), change_point(&weekly, state(said, id))))
            .collect(),
        unusual_weeks: shift::unusual(sight.weeks)
            .into_iter()
            .map(|w| UnusualWeek {
                start: w.first.to_string(),
                deployments: w.deployments,
                limits: w.limits,
            })
            .collect(),
        dispersion: shift::dispersion(sight).map(|d| Dispersion {
            index: d.index,
            p: d.p,
            state: state(said, "deployment_bursts"),
        }),
    }
}

/// A test was made; whether its finding survived says which way it went.
pub(super) fn state(said: &[Insight], id: &str) -> DeltaState {
    if said.iter().any(|finding| finding.id == id) {
        DeltaState::Changed
    } else {
        DeltaState::NoDetectableChange
    }
}

fn change_point(weekly: &[(chrono::NaiveDate, f64)], state: DeltaState) -> ChangePoint {
    let found = shift::shift(weekly);
    let known = found.as_ref();
    let because = || {
        let missing = gate::MIN_SHIFT.saturating_sub(weekly.len());
        format!("needs {missing} more whole weeks with a value")
    };
    ChangePoint {
        state: known.map_or(DeltaState::TooLittleData, |_| state),
        weeks: weekly.len() as u64,
        first_after: known.map(|s| s.first_after.to_string()),
        before: known.map(|s| s.before),
        after: known.map(|s| s.after),
        p: known.map(|s| s.p),
        because: known.is_none().then(because),
    }
}

/// Batch size against failure, in changes and in lines.
fn batch_risk(sight: &Sight<'_>, said: &[Insight]) -> BTreeMap<String, BatchRisk> {
    [
        (batch::Size::Changes, "batch_changes"),
        (batch::Size::Lines, "batch_lines"),
    ]
    .into_iter()
    .map(|(size, id)| {
        let relation = batch::relate(&batch::batches(sight, size), size);
        (size.name().to_owned(), risk(relation, state(said, id)))
    })
    .collect()
}

fn risk(of: batch::Relation, state: DeltaState) -> BatchRisk {
    let curve = of.curve.as_ref().ok();
    BatchRisk {
        state: curve.map_or(DeltaState::TooLittleData, |_| state),
        deployments: of.failed.total,
        failed: of.failed.hits,
        median_size: of.median,
        bands: of
            .bands
            .iter()
            .map(|b| SizeBand {
                from: b.from,
                to: b.to,
                deployments: b.failed.total,
                failed: b.failed.hits,
                ratio: b.failed.ratio(),
                interval95: b.failed.interval95(),
            })
            .collect(),
        odds_ratio_per_doubling: curve.map(|c| c.odds_ratio),
        interval95: curve.map(|c| c.interval),
        trend_p: curve.map(|c| c.trend_p),
        p: curve.map(|c| c.p),
        risk_at_median: curve.map(|c| c.risk_at_median),
        doubles_above: curve
            .filter(|_| state == DeltaState::Changed)
            .and_then(|c| c.doubles_above),
        because: of.curve.err(),
    }
}
