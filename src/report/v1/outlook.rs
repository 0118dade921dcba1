//! What the weeks say beyond the two windows: forecasts, shifts, and batch size against risk.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::DeltaState;

/// One headline over the next whole weeks, made from all services' whole weeks of both windows.
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Forecast {
    /// Monday of the first week foretold, `YYYY-MM-DD`; null without a whole week.
    pub from: Option<String>,
    /// Weeks foretold.
    pub weeks: u64,
    /// Weeks that they are foretold from.
    pub based_on_weeks: u64,
    /// In the metric's unit.
    pub value: Option<f64>,
    /// 80 % interval, made from the errors of the same forecast at earlier weeks.
    pub interval80: Option<[f64; 2]>,
    /// Earlier weeks at which such an interval could be drawn from what was known then.
    pub tried: u64,
    /// Of them, those at which it held.
    pub held: u64,
    /// What is missing, when there is no value.
    pub because: Option<String>,
}

/// When the weekly numbers changed.
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Shifts {
    /// By metric id: `deployment_frequency` in deployments a week, `change_lead_time` in weekly medians.
    pub change_points: BTreeMap<String, ChangePoint>,
    /// Of the last four whole weeks, those outside the limits of the weeks before.
    pub unusual_weeks: Vec<UnusualWeek>,
    /// How unevenly deployments fall into weeks; null without deployments.
    pub dispersion: Option<Dispersion>,
}

/// Where the level of weekly values changed (Pettitt).
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ChangePoint {
    /// `changed` when it survives all tests of the report.
    pub state: DeltaState,
    /// Weeks with a value.
    pub weeks: u64,
    /// Monday of the first week after it, `YYYY-MM-DD`; the likeliest one whatever the state.
    pub first_after: Option<String>,
    /// Median of the weeks before.
    pub before: Option<f64>,
    /// Median of the weeks after.
    pub after: Option<f64>,
    /// The test's p-value.
    pub p: Option<f64>,
    /// What is missing, when there is too little data.
    pub because: Option<String>,
}

/// A week outside the limits of natural variation.
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct UnusualWeek {
    /// Its Monday, `YYYY-MM-DD`.
    pub start: String,
    /// Its deployments.
    pub deployments: u64,
    /// Limits drawn by up to twenty weeks before the last four (`XmR`).
    pub limits: [f64; 2],
}

/// Variance against mean of weekly deployments.
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Dispersion {
    /// 1 for a constant rate, larger for bursts.
    pub index: f64,
    /// Probability of a larger one under a constant rate.
    pub p: f64,
    /// `changed` when deployments come in bursts: index above 1.5, and it survives all tests of the report.
    pub state: DeltaState,
}

/// Batch size against failure, over the deployments of both windows.
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct BatchRisk {
    /// `changed` when the risk goes with the size and survives all tests of the report.
    pub state: DeltaState,
    /// Deployments of known size.
    pub deployments: u64,
    /// Of them, failed.
    pub failed: u64,
    /// Median size.
    pub median_size: Option<f64>,
    /// Share of failures by size.
    pub bands: Vec<SizeBand>,
    /// How the odds of failure are multiplied when the size doubles (logistic curve).
    pub odds_ratio_per_doubling: Option<f64>,
    /// Wald, 95 %.
    pub interval95: Option<[f64; 2]>,
    /// Cochran–Armitage test of a trend over the bands.
    pub trend_p: Option<f64>,
    /// The larger of that and the p-value of the curve.
    pub p: Option<f64>,
    /// Risk on the curve at the median size.
    pub risk_at_median: Option<f64>,
    /// The size above which the risk is twice that of the median; only when `state` is `changed`.
    pub doubles_above: Option<f64>,
    /// What is missing, when there is too little data.
    pub because: Option<String>,
}

/// Deployments of one range of sizes.
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct SizeBand {
    /// Smallest size.
    pub from: u64,
    /// Largest size; null for the last band.
    pub to: Option<u64>,
    /// Deployments.
    pub deployments: u64,
    /// Of them, failed.
    pub failed: u64,
    /// `failed / deployments`.
    pub ratio: Option<f64>,
    /// Wilson, 95 %.
    pub interval95: Option<[f64; 2]>,
}
