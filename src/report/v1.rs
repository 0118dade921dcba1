//! The report's document, version 1: frozen and public. Fields may be added, never renamed or retyped.
//!
//! Durations are seconds, ratios 0 to 1, instants RFC 3339 in UTC; what is missing is null, with a `reason` beside it.

mod ai;
mod flow;
mod outlook;

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::event::Instant;

pub use ai::{AiBand, AiCohort, AiCohorts, AiFailRate, AiFailures, AiLeadTime};
pub use flow::{LeadTimeBand, WaitBegun};
pub use outlook::{BatchRisk, ChangePoint, Dispersion, Forecast, Shifts, SizeBand, UnusualWeek};

/// The schema's name, first in every document.
pub const SCHEMA: &str = "fivekeys.report/1";

/// The one document that every output is made from.
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Report {
    /// Always [`SCHEMA`].
    pub schema: String,
    /// The moment that ages are counted to.
    pub generated_at: Instant,
    /// `owner/name`, or the folder's name in a clone without a remote.
    pub repository: Option<String>,
    /// The one service that it is of; null where it is of all of them.
    #[serde(default)]
    pub service: Option<String>,
    /// The rules in force.
    pub definition: Definition,
    /// What was looked at.
    pub window: WindowInfo,
    /// All services together: pooled events, never averaged averages.
    pub overall: Scope,
    /// Each service alone; empty where there is only one.
    pub services: BTreeMap<String, Scope>,
    /// What the team has promised, in the order of the configuration.
    #[serde(default)]
    pub targets: Vec<Target>,
    /// What must not get worse, in the order of the configuration.
    #[serde(default)]
    pub guardrails: Vec<Guardrail>,
    /// The place of all services together on DORA's Quick Check scale, by metric; a metric without a place is absent.
    #[serde(default)]
    pub position: BTreeMap<String, Position>,
    /// The largest stage of the lead time; null with fewer than six changes.
    #[serde(default)]
    pub bottleneck: Option<Bottleneck>,
    /// What to do next: one thing. Others that were found are findings.
    #[serde(default)]
    pub recommendation: Option<Recommendation>,
    /// Production deployments of this window and the one before, oldest first, attempts included.
    pub deployments: Vec<Deployment>,
    /// Changes that those deployments delivered.
    pub changes: Vec<Change>,
    /// Incidents that touch the window.
    pub incidents: Vec<Incident>,
    /// What the next weeks bring, by metric id.
    #[serde(default)]
    pub forecast: BTreeMap<String, Forecast>,
    /// When the weekly numbers changed.
    #[serde(default)]
    pub shifts: Shifts,
    /// Batch size against failure, in `changes` and in `lines`.
    #[serde(default)]
    pub batch_risk: BTreeMap<String, BatchRisk>,
    /// Changes with the sign of an AI agent against those without, over both windows; null without one of either.
    #[serde(default)]
    pub ai: Option<AiCohorts>,
    /// Lead times of all services by length, every band; empty without one.
    #[serde(default)]
    pub lead_time_bands: Vec<LeadTimeBand>,
    /// How long `pickup`, `review`, `merge` and `deploy_wait` took, by the hour of the week in which they began.
    #[serde(default)]
    pub waits: BTreeMap<String, Vec<WaitBegun>>,
    /// What stands out.
    pub findings: Vec<Finding>,
    /// What was left out, why, and what would turn it on.
    pub notes: Vec<Note>,
    /// How far the data can be trusted.
    pub quality: Quality,
    /// Where events came from.
    pub sources: Vec<SourceInfo>,
}

/// The rules in force, so that two numbers can be compared only when they mean the same.
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Definition {
    /// Hash of the parameters.
    pub fingerprint: String,
    /// Every parameter that can move a number.
    pub parameters: BTreeMap<String, String>,
}

/// The window, `[from, to)`.
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct WindowInfo {
    /// First moment inside.
    pub from: Instant,
    /// First moment after.
    pub to: Instant,
    /// IANA time zone of days and weeks.
    pub timezone: String,
    /// Days of the window that the history covers.
    pub covered_days: f64,
    /// Where the history begins, when that is known.
    pub history_since: Option<Instant>,
}

/// One service, or all of them.
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Scope {
    /// The window's metrics.
    pub metrics: Metrics,
    /// The same of the window before.
    pub previous: Metrics,
    /// What changed between the two, in three states.
    pub deltas: BTreeMap<String, Delta>,
    /// Over time.
    pub series: Series,
    /// What stands beside the five, by id; never called DORA.
    #[serde(default)]
    pub beside: BTreeMap<String, Beside>,
}

/// A number beside the five metrics.
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Beside {
    /// `ratio`, `per_100`, `count` or `seconds`: what `value`, the percentiles and the interval are in.
    pub unit: String,
    /// Of how many: deployments, incidents, pull requests or runs.
    pub n: u64,
    /// The share, the count, or the median of many values.
    pub value: Option<f64>,
    /// 75th percentile, of many values.
    pub p75: Option<f64>,
    /// 90th percentile.
    pub p90: Option<f64>,
    /// 95th percentile.
    pub p95: Option<f64>,
    /// Mean.
    pub mean: Option<f64>,
    /// 95 %: Wilson of a share, exact Poisson of a count over a whole, order statistics of a median.
    pub interval95: Option<[f64; 2]>,
    /// Why there is no value.
    pub reason: Option<String>,
}

/// DORA's five metrics.
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Metrics {
    /// Throughput.
    pub deployment_frequency: DeploymentFrequency,
    /// Throughput.
    pub change_lead_time: ChangeLeadTime,
    /// Instability.
    pub change_fail_rate: ChangeFailRate,
    /// Throughput.
    pub failed_deployment_recovery_time: RecoveryTime,
    /// Instability.
    pub deployment_rework_rate: ReworkRate,
}

/// A distribution of durations. Percentiles are type 7 (linear).
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Quantiles {
    /// How many values.
    pub n: u64,
    /// Middle value.
    pub median_seconds: Option<f64>,
    /// 75th percentile.
    pub p75_seconds: Option<f64>,
    /// 90th percentile.
    pub p90_seconds: Option<f64>,
    /// 95th percentile.
    pub p95_seconds: Option<f64>,
    /// 99th percentile.
    pub p99_seconds: Option<f64>,
    /// Mean, which only exists to add up stages.
    pub mean_seconds: Option<f64>,
    /// Order-statistic interval of the median; finite from six values on.
    pub interval95_seconds: Option<[f64; 2]>,
}

/// How often.
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct DeploymentFrequency {
    /// Effective deployments.
    pub count: u64,
    /// Over covered days; null when no day is covered.
    pub per_day: Option<f64>,
    /// Seven times that.
    pub per_week: Option<f64>,
    /// Days with at least one.
    pub active_days: u64,
    /// Median over the window's weeks.
    pub active_days_per_week_median: Option<f64>,
    /// From one to the next.
    pub time_between: Quantiles,
    /// Exact Poisson interval of `per_day`.
    pub interval95: Option<[f64; 2]>,
    /// Those that delivered at least one change, or are a baseline.
    pub change_bearing: u64,
    /// Effective ones and failed attempts, re-runs counted one by one.
    pub attempts: u64,
    /// Attempts that took no effect.
    pub failed_attempts: u64,
    /// Cancelled, skipped and still pending ones.
    pub ignored: u64,
    /// Effective over effective and failed.
    pub success_rate: Option<f64>,
    /// Effective deployments by environment.
    pub by_environment: BTreeMap<String, u64>,
    /// Band of the chosen edition.
    pub band: Option<Band>,
    /// Why something is missing or flagged.
    pub reason: Option<String>,
}

/// How long a change takes to reach production.
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct ChangeLeadTime {
    /// How many changes.
    pub n: u64,
    /// Middle value.
    pub median_seconds: Option<f64>,
    /// 75th percentile.
    pub p75_seconds: Option<f64>,
    /// 90th percentile.
    pub p90_seconds: Option<f64>,
    /// 95th percentile.
    pub p95_seconds: Option<f64>,
    /// 99th percentile.
    pub p99_seconds: Option<f64>,
    /// Mean.
    pub mean_seconds: Option<f64>,
    /// Order-statistic interval of the median.
    pub interval95_seconds: Option<[f64; 2]>,
    /// Which of these is the headline: `median` or `mean`.
    #[serde(default)]
    pub aggregate: String,
    /// By stage, and by what lies within stages: `ci`, `ci_queue`, `queue`, `timer`, `approval`, `runner_queue`.
    ///
    /// The mean of each is over all changes of the headline, an unknown one counting nothing: means of stages add up
    /// to the mean of the headline. Medians do not add up, and parts are no addends.
    pub stages: BTreeMap<String, Quantiles>,
    /// Merged to deployed.
    pub merge_to_deploy: Quantiles,
    /// Pull request opened to deployed.
    pub pr_created_to_deploy: Quantiles,
    /// With the commit as unit.
    pub per_commit: Quantiles,
    /// With changes by bots.
    pub with_bots: Quantiles,
    /// Changes whose deployment is known by time only.
    pub by_time: u64,
    /// Changes that began more than two years before their merge: counted all the same.
    #[serde(default)]
    pub suspicious: Vec<String>,
    /// Changes left out.
    pub excluded: Vec<Excluded>,
    /// Merged and not deployed; null when the head of the branch is not known.
    pub undeployed: Option<Undeployed>,
    /// Band of the chosen edition.
    pub band: Option<Band>,
    /// Why something is missing or flagged.
    pub reason: Option<String>,
}

/// A change left out of the lead time.
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Excluded {
    /// Its id.
    pub change: String,
    /// Why.
    pub reason: String,
}

/// Changes on the production branch behind the last deployment.
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Undeployed {
    /// How many.
    pub count: u64,
    /// Id of the one that has waited longest.
    #[serde(default)]
    pub oldest: Option<String>,
    /// Age of the oldest.
    pub oldest_seconds: Option<f64>,
    /// Median age.
    pub median_seconds: Option<f64>,
}

/// A share of deployments, with Wilson's interval.
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct FailedShare {
    /// Numerator.
    pub failed: u64,
    /// Denominator.
    pub total: u64,
    /// `failed / total`.
    pub ratio: Option<f64>,
    /// Wilson, 95 %.
    pub interval95: Option<[f64; 2]>,
}

/// How many deployments fail.
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct ChangeFailRate {
    /// Deployments that took effect and needed intervention.
    pub failed: u64,
    /// Effective deployments.
    pub total: u64,
    /// `failed / total`.
    pub ratio: Option<f64>,
    /// Wilson, 95 %.
    pub interval95: Option<[f64; 2]>,
    /// The failed ones, oldest first.
    pub failed_ids: Vec<String>,
    /// Deployments of the last 24 hours: their incidents may still come.
    pub provisional: u64,
    /// Failed attempts counted as failures.
    pub with_failed_attempts: FailedShare,
    /// Incidents that no deployment explains.
    pub unattributed: Vec<String>,
    /// Band of the chosen edition.
    pub band: Option<Band>,
    /// Why something is missing or flagged.
    pub reason: Option<String>,
}

/// How long until a failed deployment is repaired.
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct RecoveryTime {
    /// Failed deployments restored in the window.
    pub n: u64,
    /// Middle value.
    pub median_seconds: Option<f64>,
    /// 75th percentile.
    pub p75_seconds: Option<f64>,
    /// 90th percentile.
    pub p90_seconds: Option<f64>,
    /// 95th percentile.
    pub p95_seconds: Option<f64>,
    /// 99th percentile.
    pub p99_seconds: Option<f64>,
    /// Mean.
    pub mean_seconds: Option<f64>,
    /// Order-statistic interval of the median.
    pub interval95_seconds: Option<[f64; 2]>,
    /// Failed and not restored yet.
    pub open: Vec<OpenFailure>,
    /// Kaplan–Meier median, open failures as lower bounds; null when it is not reached.
    pub km_median_seconds: Option<f64>,
    /// Deployed to incident opened.
    pub detection: Quantiles,
    /// Incident opened to resolved, whatever caused it.
    pub incident_restore: Quantiles,
    /// Incidents left out of it, such as those resolved before they were opened.
    #[serde(default)]
    pub incident_restore_excluded: Vec<ExcludedIncident>,
    /// Incidents not resolved yet.
    pub incidents_open: u64,
    /// First failed attempt of a streak to the next success.
    pub attempt_recovery: Quantiles,
    /// Recovery of failed deployments and of failed attempts together.
    pub with_failed_attempts: Quantiles,
    /// Band of the chosen edition.
    pub band: Option<Band>,
    /// Why something is missing or flagged.
    pub reason: Option<String>,
}

/// An incident that is left out of a number.
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ExcludedIncident {
    /// Its id.
    pub incident: String,
    /// Why.
    pub reason: String,
}

/// A failed deployment that nothing has repaired yet.
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct OpenFailure {
    /// Its id.
    pub deployment: String,
    /// Since it finished.
    pub age_seconds: f64,
}

/// How many deployments are unplanned repairs.
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct ReworkRate {
    /// Rework deployments.
    pub rework: u64,
    /// Effective deployments.
    pub total: u64,
    /// `rework / total`.
    pub ratio: Option<f64>,
    /// Wilson, 95 %.
    pub interval95: Option<[f64; 2]>,
    /// `rollback`, `revert`, `hotfix`, `fixed_by`, `labelled`: each deployment under the first that fits.
    pub by_kind: BTreeMap<String, u64>,
    /// The rework deployments, oldest first.
    pub ids: Vec<String>,
    /// The same over 180 days, since DORA asks about six months.
    pub last_180_days: ReworkShare,
    /// Band of the chosen edition; only `seed` has one.
    #[serde(default)]
    pub band: Option<Band>,
    /// Why something is missing or flagged.
    pub reason: Option<String>,
}

/// Rework as a share of deployments.
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct ReworkShare {
    /// Numerator.
    pub rework: u64,
    /// Denominator.
    pub total: u64,
    /// `rework / total`.
    pub ratio: Option<f64>,
    /// Wilson, 95 %.
    pub interval95: Option<[f64; 2]>,
}

/// A position on a published scale. Never printed without its edition.
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Band {
    /// Such as `2024`.
    pub edition: String,
    /// Such as `elite`; a range such as `medium–high` when the interval spans two.
    pub name: String,
}

/// The difference between the window and the one before.
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Delta {
    /// One of three.
    pub state: DeltaState,
    /// Good or bad news; only when `state` is `changed`.
    pub better: Option<bool>,
    /// Headline before.
    pub previous: Option<f64>,
    /// Headline now.
    pub now: Option<f64>,
    /// The test's p-value.
    pub p: Option<f64>,
    /// What is missing, when there is too little data.
    pub because: Option<String>,
}

/// A delta has three states; an arrow is drawn only for the first.
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum DeltaState {
    /// More than noise.
    Changed,
    /// Enough data, no difference that it could show.
    NoDetectableChange,
    /// Not enough data to tell.
    TooLittleData,
}

/// The metrics over time.
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Series {
    /// ISO weeks, zeros included.
    pub weekly: Vec<Point>,
    /// Months, zeros included.
    pub monthly: Vec<Point>,
}

/// One week or month.
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Point {
    /// Its first day, `YYYY-MM-DD`, in the report's time zone.
    pub start: String,
    /// The window cuts it, or it is not over.
    pub partial: bool,
    /// Effective deployments.
    pub deployments: u64,
    /// Median lead time of the changes they delivered.
    pub lead_time_median_seconds: Option<f64>,
    /// 90th percentile of it.
    pub lead_time_p90_seconds: Option<f64>,
    /// Of them, failed.
    pub failed: u64,
    /// Of them, rework.
    pub rework: u64,
    /// Median recovery of failures restored then.
    pub recovery_median_seconds: Option<f64>,
}

/// A production deployment, judged.
#[expect(
    clippy::struct_excessive_bools,
    reason = "independent facts, each with its own rule"
)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Deployment {
    /// Event id.
    pub id: String,
    /// Component.
    pub service: Option<String>,
    /// Where.
    pub environment: String,
    /// Commit or version.
    pub revision: Option<String>,
    /// Work on it began.
    pub started_at: Option<Instant>,
    /// It took effect, or failed.
    pub finished_at: Option<Instant>,
    /// First of several production environments was done.
    pub first_production_at: Option<Instant>,
    /// `success`, `failure`, `pending` or `ignored`.
    pub outcome: String,
    /// The effective deployment of the service before it.
    pub previous: Option<String>,
    /// Ids of the changes it delivered first.
    pub changes: Vec<String>,
    /// Took effect and needed intervention.
    pub failed: bool,
    /// Why it counts as failed or as rework.
    pub evidence: Vec<Evidence>,
    /// An unplanned repair.
    pub rework: bool,
    /// The first kind of rework that fits.
    pub rework_kind: Option<String>,
    /// It brought back an earlier version.
    pub rollback: Option<Rollback>,
    /// The same version again.
    pub redeploy: bool,
    /// A part of it failed beside a part that took effect.
    pub partial: bool,
    /// First of its service: delivers an unknown set.
    pub baseline: bool,
    /// When its failure was repaired.
    pub recovered_at: Option<Instant>,
    /// From `finished_at` to `recovered_at`.
    pub restored_after_seconds: Option<f64>,
    /// Attempts that it folds.
    pub attempts: u64,
    /// Workflow run.
    pub run: Option<String>,
    /// Waited for a runner.
    #[serde(default)]
    pub queue_seconds: Option<f64>,
    /// Waited for somebody's approval.
    #[serde(default)]
    pub approval_seconds: Option<f64>,
    /// Waited for the environment's timer.
    #[serde(default)]
    pub timer_seconds: Option<f64>,
    /// A page about it.
    pub url: Option<String>,
}

/// One reason for a verdict.
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Evidence {
    /// `incident`, `rollback`, `revert`, `hotfix`, `manual`, `fixed_by`, `labelled`, `attempt`.
    pub kind: String,
    /// What the verdict is: `failed` or `rework`.
    pub says: String,
    /// The event that says so.
    pub event: String,
    /// `certain`, `likely` or `estimated`.
    pub confidence: String,
}

/// A rollback, and what it undid.
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Rollback {
    /// The deployment whose version came back.
    pub target: String,
    /// The first deployment after it: the one that failed.
    pub failed: String,
    /// Within the grace period: two promotions that raced, shown and not counted.
    pub race: bool,
}

/// A change that reached production.
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Change {
    /// Pull request number, or commit sha.
    pub id: String,
    /// Services whose deployments delivered it; the first delivery counts.
    pub service: Option<String>,
    /// Where its lead time begins.
    pub started_at: Option<Instant>,
    /// Pull request opened.
    pub created_at: Option<Instant>,
    /// Ready for review.
    pub ready_at: Option<Instant>,
    /// First human review.
    pub first_review_at: Option<Instant>,
    /// Last approval before the merge.
    pub approved_at: Option<Instant>,
    /// Merged.
    pub merged_at: Option<Instant>,
    /// Deployed.
    pub deployed_at: Option<Instant>,
    /// By this deployment.
    pub deployment: Option<String>,
    /// From `started_at` to `deployed_at`.
    pub lead_time_seconds: Option<f64>,
    /// Each stage, null where it is not known, and what is known of them in part.
    pub stages: BTreeMap<String, Option<f64>>,
    /// By a bot.
    pub bot: bool,
    /// It carries the sign of an AI agent. False is no sign, and never means a person alone; null where nobody looked.
    pub ai: Option<bool>,
    /// Lines added and deleted.
    pub lines: Option<u64>,
    /// Files touched.
    #[serde(default)]
    pub files: Option<u64>,
    /// Rounds of review.
    #[serde(default)]
    pub review_rounds: Option<u32>,
}

/// An incident.
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Incident {
    /// Event id.
    pub id: String,
    /// Component.
    pub service: Option<String>,
    /// Opened.
    pub opened_at: Instant,
    /// Resolved; null while open.
    pub resolved_at: Option<Instant>,
    /// The deployment blamed.
    pub deployment: Option<String>,
    /// `manual`, `explicit`, `sha`, `pull`, `rollout` or `time`; null when nothing explains it.
    pub attributed_by: Option<String>,
    /// The deployment that repaired it.
    pub fixed_by: Option<String>,
}

/// Something that stands out.
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Finding {
    /// Stable id.
    pub id: String,
    /// `good`, `info`, `warn` or `alert`.
    pub level: String,
    /// One sentence.
    pub says: String,
    /// Events behind it.
    pub because: Vec<String>,
    /// What to do next.
    pub next: Option<String>,
    /// P-value of the test behind it, as tested; null where nothing was tested, only counted.
    #[serde(default)]
    pub p: Option<f64>,
}

/// Something left out or assumed.
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Note {
    /// Stable code.
    pub code: String,
    /// One sentence.
    pub says: String,
    /// What would change it.
    pub help: Option<String>,
}

/// How far the data can be trusted.
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Quality {
    /// 0 to 1: the mean of the parts.
    pub score: f64,
    /// Each part, 0 to 1.
    pub parts: BTreeMap<String, f64>,
    /// The cheapest improvements, best first: what to do.
    pub fixes: Vec<String>,
    /// The same with what each brings.
    #[serde(default)]
    pub improvements: Vec<Improvement>,
}

/// What would make the data better.
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Improvement {
    /// The part of the data that it mends.
    pub part: String,
    /// What it adds to `score` when all of it is done: a share of 1.
    pub adds: f64,
    /// 1 a setting or a command, 2 a habit, 3 a change of the pipeline.
    pub effort: u8,
    /// What to do.
    pub says: String,
}

/// A source of events.
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SourceInfo {
    /// Such as `github-deployments`.
    pub name: String,
    /// How many records of deployments and incidents that are counted came from it.
    pub events: u64,
}

/// A target and how it stands.
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Target {
    /// As written in the configuration.
    pub text: String,
    /// Component; null: all together.
    pub service: Option<String>,
    /// Metric id, `pr_created_to_deploy` or `merge_to_deploy`.
    pub metric: String,
    /// Of a duration: 50, 75, 90, 95 or 99.
    pub percentile: Option<u8>,
    /// Of `limit` and all values here: `per_day`, `seconds` or `ratio`.
    pub unit: String,
    /// `<=`, `<`, `>=` or `>`.
    pub comparison: String,
    /// What was promised.
    pub limit: f64,
    /// The day by whose end it must hold, `YYYY-MM-DD` in the report's time zone; null: always.
    pub by: Option<String>,
    /// `met` or `missed` when the whole interval says so, `not_yet` for missed before its day, `not_sure` when the
    /// interval spans the limit, or `no_data`.
    pub state: String,
    /// Now.
    pub value: Option<f64>,
    /// Low end of the 95 % interval; shares by Clopper–Pearson.
    pub low: Option<f64>,
    /// High end; null: unbounded.
    pub high: Option<f64>,
    /// How many events it stands on, failures that are still open included.
    pub n: u64,
    /// Why there is no value.
    pub reason: Option<String>,
    /// What an interval would need.
    pub because: Option<String>,
    /// The way to the day; null without one.
    pub progress: Option<Progress>,
}

/// The straight way to a target's day.
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Progress {
    /// First moment after the day.
    pub due: Instant,
    /// Left of the window's end.
    pub weeks_left: f64,
    /// Value of the window before.
    pub baseline: Option<f64>,
    /// Where a straight line from there to the limit is now.
    pub expected: Option<f64>,
    /// The interval against that line: `ahead`, `behind`, `not_sure` or `no_data`.
    pub pace: String,
    /// Change a week that still reaches the limit; null when it is reached, or too late.
    pub needed_per_week: Option<f64>,
}

/// A guardrail and how it stands.
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Guardrail {
    /// As written in the configuration.
    pub text: String,
    /// Component of what must not happen; null: all together.
    pub service: Option<String>,
    /// `held`, `broken`, or `not_sure` with too little data.
    pub state: String,
    /// What is missing.
    pub because: Option<String>,
}

/// A place on DORA's Quick Check scale. Never printed without its edition.
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Position {
    /// Such as `Quick Check 2025`.
    pub edition: String,
    /// 0 to 10, higher is better.
    pub score: f64,
    /// Scores of the ends of the value's interval, the worse first.
    pub range: [f64; 2],
    /// The answer of the Quick Check that fits; null for rates, which are scored as they are.
    pub answer: Option<String>,
    /// Mean score of the industry.
    pub industry_mean: f64,
    /// Standard deviation of the industry's scores.
    pub spread: f64,
    /// Standard deviations above that mean; no percentiles are published.
    pub z: f64,
    /// Where mean and spread come from.
    pub source: String,
}

/// The largest stage of the lead time, and what the team's own pace there would bring.
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Bottleneck {
    /// Such as `pickup`.
    pub stage: String,
    /// Share of all changes' lead time that lies in it.
    pub share: f64,
    /// Changes whose stage is known.
    pub n: u64,
    /// Its median.
    pub median_seconds: f64,
    /// Its 25th percentile.
    pub p25_seconds: f64,
    /// Median lead time.
    pub lead_time_seconds: f64,
    /// Median lead time if no change had taken longer than `p25_seconds` there, computed change by change.
    pub lead_time_then_seconds: f64,
    /// Changes that spent most in it, longest first.
    pub because: Vec<String>,
}

/// What to do next.
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Recommendation {
    /// Stable id.
    pub id: String,
    /// What was found.
    pub says: String,
    /// What to do, the first first.
    pub steps: Vec<String>,
    /// Events behind it.
    pub because: Vec<String>,
    /// What it would bring; null where that cannot be computed.
    pub prize: Option<Prize>,
    /// DORA's capability.
    pub capability: String,
    /// Its page.
    pub url: String,
    /// What is known about it.
    pub evidence: String,
    /// Where that is written.
    pub source: String,
    /// What moves first when it is followed.
    pub leading: Leading,
}

/// What following a recommendation would bring, from the team's own data.
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Prize {
    /// Metric id.
    pub metric: String,
    /// `seconds` or `ratio`.
    pub unit: String,
    /// Now.
    pub now: f64,
    /// Then.
    pub then: f64,
}

/// A leading indicator.
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Leading {
    /// What it is.
    pub name: String,
    /// `seconds` or `changes`.
    pub unit: String,
    /// Now; null where it is not known.
    pub value: Option<f64>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_schema_is_current() {
        // As it is written: every field is there, and what is missing is null.
        let schema = schemars::generate::SchemaSettings::draft2020_12()
            .for_serialize()
            .into_generator()
            .into_root_schema_for::<Report>();
        crate::config::published::is_current("report.schema.json", &schema);
    }
}
