//! How much, how often, how long: DORA's five metrics over a judged timeline.

pub mod beside;
pub mod bucket;
pub mod change_fail_rate;
pub mod change_lead_time;
pub mod deployment_frequency;
pub mod deployment_rework_rate;
pub mod failed_deployment_recovery_time;
pub mod flow;
mod scope;
pub mod silence;
pub mod stats;
mod value;

pub use bucket::Bucket;
pub use scope::{Period, Scope, Unit as DeploymentUnit};
pub use value::{Distribution, Proportion};

/// Whether a change of the number upwards is good news.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Better {
    /// Smaller is better.
    Lower,
    /// Larger is better.
    Higher,
}

/// What a headline number is measured in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Unit {
    /// Deployments a day.
    PerDay,
    /// Seconds.
    Seconds,
    /// A share, 0 to 1.
    Ratio,
}

/// DORA's two factors.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Factor {
    /// How much gets through.
    Throughput,
    /// How much of it goes wrong.
    Instability,
}

/// A row of [`METRICS`].
#[derive(Debug)]
pub struct Metric {
    /// Stable id: the key in the report, in `explain`, in badges.
    pub id: &'static str,
    /// DORA's name.
    pub title: &'static str,
    /// Throughput or instability.
    pub factor: Factor,
    /// Unit of the headline.
    pub unit: Unit,
    /// Good direction.
    pub better: Better,
    /// What the headline is, in one sentence.
    pub definition: &'static str,
    /// The rules it follows.
    pub rules: &'static str,
    /// Older names that inputs accept.
    pub aliases: &'static [&'static str],
}

/// The five metrics, in DORA's order.
pub const METRICS: [Metric; 5] = [
    Metric {
        id: "change_lead_time",
        title: "Change lead time",
        factor: Factor::Throughput,
        unit: Unit::Seconds,
        better: Better::Lower,
        definition: "Median time from the first commit of a change to the first production deployment that contains it; bots apart.",
        rules: "LT1–LT12",
        aliases: &["lead_time", "lead-time", "lt"],
    },
    Metric {
        id: "deployment_frequency",
        title: "Deployment frequency",
        factor: Factor::Throughput,
        unit: Unit::PerDay,
        better: Better::Higher,
        definition: "Production deployments that took effect, per day that the history covers.",
        rules: "DF1–DF4",
        aliases: &["frequency", "df"],
    },
    Metric {
        id: "failed_deployment_recovery_time",
        title: "Failed deployment recovery time",
        factor: Factor::Throughput,
        unit: Unit::Seconds,
        better: Better::Lower,
        definition: "Median time from a failed deployment to its repair: the incident resolved, or the deployment that remedied it.",
        rules: "FD1–FD5",
        aliases: &["recovery_time", "recovery", "mttr", "fdrt"],
    },
    Metric {
        id: "change_fail_rate",
        title: "Change fail rate",
        factor: Factor::Instability,
        unit: Unit::Ratio,
        better: Better::Lower,
        definition: "Share of production deployments that took effect and then needed intervention.",
        rules: "CF1–CF7",
        aliases: &["change_failure_rate", "fail_rate", "cfr"],
    },
    Metric {
        id: "deployment_rework_rate",
        title: "Deployment rework rate",
        factor: Factor::Instability,
        unit: Unit::Ratio,
        better: Better::Lower,
        definition: "Share of production deployments that were not planned but repaired an earlier one.",
        rules: "RW1–RW3",
        aliases: &["rework_rate", "rework", "rw"],
    },
];

/// Finds a metric by id or by an older name.
#[must_use]
pub fn find(name: &str) -> Option<&'static Metric> {
    let name = name.trim().to_ascii_lowercase().replace('-', "_");
    METRICS
        .iter()
        .find(|m| m.id == name || m.aliases.iter().any(|a| a.replace('-', "_") == name))
}
