//! Rules that other tools have otherwise: parameters by which a team can follow the numbers that it is used to.

use chrono::Weekday;
use serde::Deserialize;

/// Where the lead time of a change begins (rule LT2).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum LeadStart {
    /// The earliest of its commits and of its pull request.
    #[default]
    FirstCommit,
    /// Its pull request was opened.
    PullCreated,
    /// It was merged.
    Merged,
}

/// What the lead time is measured of (rule LT1).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum LeadUnit {
    /// A pull request, or a commit without one.
    #[default]
    Pull,
    /// A commit.
    Commit,
}

/// What the first deployment of a service delivers (rule LT3).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum Baseline {
    /// An unknown set: no lead times.
    #[default]
    Exclude,
    /// Everything that it contains.
    Include,
}

/// When a deployment happened (rule U6).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum DeploymentTime {
    /// Its first success, of all attempts.
    #[default]
    FirstSuccess,
    /// Its last success.
    LastSuccess,
    /// The start of it.
    Started,
}

/// What a deployment that was stopped is (rule U5).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum Cancelled {
    /// Nothing.
    #[default]
    Ignore,
    /// A failed attempt.
    Failure,
}

/// Which lead time is the headline (rule LT7).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum Aggregate {
    /// The median, with its interval.
    #[default]
    Median,
    /// The mean.
    Mean,
}

impl Aggregate {
    /// As it is written.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Median => "median",
            Self::Mean => "mean",
        }
    }
}

/// First day of a week.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum WeekStart {
    /// ISO weeks.
    #[default]
    Monday,
    /// Weeks of other tools.
    Sunday,
}

impl WeekStart {
    /// The day.
    #[must_use]
    pub fn day(self) -> Weekday {
        match self {
            Self::Monday => Weekday::Mon,
            Self::Sunday => Weekday::Sun,
        }
    }
}

/// The rules; the defaults are those of this tool.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Profile {
    /// Where lead time begins.
    pub lead_start: LeadStart,
    /// Its unit.
    pub lead_unit: LeadUnit,
    /// Which of its values is the headline.
    pub aggregate: Aggregate,
    /// What a deployment that was stopped is.
    pub cancelled: Cancelled,
    /// What the first deployment delivers.
    pub baseline: Baseline,
    /// When a deployment happened.
    pub time: DeploymentTime,
    /// Rollbacks, reverts and hotfixes are evidence of failure and rework (rule CF3).
    pub remediation: bool,
    /// First day of a week.
    pub week_start: WeekStart,
}

impl Default for Profile {
    fn default() -> Self {
        Self {
            lead_start: LeadStart::default(),
            lead_unit: LeadUnit::default(),
            aggregate: Aggregate::default(),
            cancelled: Cancelled::default(),
            baseline: Baseline::default(),
            time: DeploymentTime::default(),
            remediation: true,
            week_start: WeekStart::default(),
        }
    }
}

impl Profile {
    /// What differs from this tool's own rules, by key.
    pub(super) fn parameters(self) -> Vec<(&'static str, String)> {
        let all = |of: Self| {
            [
                ("lead_time.start", format!("{:?}", of.lead_start)),
                ("lead_time.unit", format!("{:?}", of.lead_unit)),
                ("lead_time.aggregate", format!("{:?}", of.aggregate)),
                ("deployments.cancelled", format!("{:?}", of.cancelled)),
                ("lead_time.baseline", format!("{:?}", of.baseline)),
                ("deployments.time", format!("{:?}", of.time)),
                ("failure.remediation", format!("{:?}", of.remediation)),
                ("week_start", format!("{:?}", of.week_start)),
            ]
        };
        let own = all(Self::default());
        let said = all(self).into_iter().zip(own);
        said.filter(|(said, own)| said != own)
            .map(|((key, value), _)| (key, as_written(&value)))
            .collect()
    }
}

/// `PullCreated` as it is written: `pull_created`.
fn as_written(name: &str) -> String {
    let mut out = String::new();
    for letter in name.chars() {
        if letter.is_uppercase() && !out.is_empty() {
            out.push('_');
        }
        out.extend(letter.to_lowercase());
    }
    out
}
