//! One number a metric: what tables, badges, outputs and deltas show first.

use super::v1::{Band, Metrics};

/// The headline of one metric.
#[derive(Debug, Clone, PartialEq)]
pub struct Headline {
    /// In the metric's unit.
    pub value: Option<f64>,
    /// 95 % interval in the same unit.
    pub interval95: Option<[f64; 2]>,
    /// How many events it stands on.
    pub n: u64,
    /// Band of the chosen edition.
    pub band: Option<Band>,
    /// Why it is missing or flagged.
    pub reason: Option<String>,
}

/// The headline of the metric with this id; an unknown id has none.
#[must_use]
pub fn headline(metric: &str, of: &Metrics) -> Option<Headline> {
    let found = match metric {
        "deployment_frequency" => {
            let m = &of.deployment_frequency;
            Headline {
                value: m.per_day,
                interval95: m.interval95,
                n: m.count,
                band: m.band.clone(),
                reason: m.reason.clone(),
            }
        }
        "change_lead_time" => {
            let m = &of.change_lead_time;
            let mean = m.aggregate == "mean";
            Headline {
                value: if mean {
                    m.mean_seconds
                } else {
                    m.median_seconds
                },
                // The interval is the median's.
                interval95: m.interval95_seconds.filter(|_| !mean),
                n: m.n,
                band: m.band.clone(),
                reason: m.reason.clone(),
            }
        }
        "change_fail_rate" => {
            let m = &of.change_fail_rate;
            Headline {
                value: m.ratio,
                interval95: m.interval95,
                n: m.total,
                band: m.band.clone(),
                reason: m.reason.clone(),
            }
        }
        "failed_deployment_recovery_time" => {
            let m = &of.failed_deployment_recovery_time;
            Headline {
                value: m.median_seconds,
                interval95: m.interval95_seconds,
                n: m.n,
                band: m.band.clone(),
                reason: m.reason.clone(),
            }
        }
        "deployment_rework_rate" => {
            let m = &of.deployment_rework_rate;
            Headline {
                value: m.ratio,
                interval95: m.interval95,
                n: m.total,
                band: m.band.clone(),
                reason: m.reason.clone(),
            }
        }
        _ => return None,
    };
    Some(found)
}
