//! Changes with the sign of an AI agent beside those without.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::{DeltaState, Quantiles};

/// Two groups of changes, and how they differ. Bots that are no agents are in neither.
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct AiCohorts {
    /// Share of the changes with a sign: a lower bound, since much help leaves none.
    pub share: Option<f64>,
    /// Wilson, 95 %.
    pub interval95: Option<[f64; 2]>,
    /// `signed` and `unsigned`. No sign does not mean that a person wrote it alone.
    pub cohorts: BTreeMap<String, AiCohort>,
    /// Lead times compared.
    pub lead_time: AiLeadTime,
    /// Shares of failed deployments compared.
    pub fail_rate: AiFailRate,
}

/// One group.
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct AiCohort {
    /// Changes.
    pub changes: u64,
    /// Median of the lines added and deleted, where they are known.
    pub median_lines: Option<f64>,
    /// From start to production.
    pub lead_time: Quantiles,
    /// Deployments with one of the changes; `unsigned` are those without any that has a sign.
    pub failures: AiFailures,
}

/// How often deployments failed.
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct AiFailures {
    /// Deployments.
    pub deployments: u64,
    /// Of them, failed.
    pub failed: u64,
    /// `failed / deployments`.
    pub ratio: Option<f64>,
    /// Wilson, 95 %.
    pub interval95: Option<[f64; 2]>,
}

/// How much longer changes with a sign take.
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct AiLeadTime {
    /// `changed` when they differ and it survives all tests of the report.
    pub state: DeltaState,
    /// With a sign less without (Hodges–Lehmann); negative when they take less.
    pub difference_seconds: Option<f64>,
    /// 95 %.
    pub interval95_seconds: Option<[f64; 2]>,
    /// Mann–Whitney.
    pub p: Option<f64>,
    /// What is missing, when there is too little data.
    pub because: Option<String>,
}

/// How much more often deployments with a sign fail.
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct AiFailRate {
    /// `changed` when they differ at equal size and it survives all tests of the report.
    pub state: DeltaState,
    /// Share with a sign less share without, whatever the size.
    pub difference: Option<f64>,
    /// Newcombe, 95 %.
    pub difference_interval95: Option<[f64; 2]>,
    /// Odds of failure with a sign over those without, at equal size (Mantel–Haenszel).
    pub odds_ratio: Option<f64>,
    /// Robins, Breslow and Greenland, 95 %.
    pub interval95: Option<[f64; 2]>,
    /// Cochran–Mantel–Haenszel.
    pub p: Option<f64>,
    /// What size is counted in: `lines`, or `changes` where not all lines are known.
    pub size: String,
    /// By size, every band.
    pub bands: Vec<AiBand>,
    /// What is missing, when there is too little data.
    pub because: Option<String>,
}

/// Deployments of one range of sizes.
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct AiBand {
    /// Smallest size.
    pub from: u64,
    /// Largest size; null for the last band.
    pub to: Option<u64>,
    /// Those with a sign.
    pub signed: AiFailures,
    /// Those without.
    pub unsigned: AiFailures,
}
