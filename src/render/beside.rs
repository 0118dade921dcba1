//! What stands beside a headline, in words: what it leaves out, and its nearest relatives.

use super::humanize;
use crate::report::v1::Metrics;

/// What must be read with a headline: without it the number looks better than it is, or is not the one that a
/// contract is written on (rules FD3, LT12).
#[must_use]
pub(crate) fn pinned(metric: &str, of: &Metrics) -> Vec<String> {
    match metric {
        "change_lead_time" => {
            let m = &of.change_lead_time;
            let spans = [
                ("merged", &m.merge_to_deploy),
                ("opened", &m.pr_created_to_deploy),
            ];
            let said: Vec<String> = spans
                .iter()
                .filter_map(|(from, span)| {
                    let seconds = humanize::duration(span.median_seconds?);
                    // A median of a few of the changes is not one of all.
                    let of = if span.n < m.n {
                        format!(" (of {})", humanize::plural(span.n, "change"))
                    } else {
                        String::new()
                    };
                    Some(format!("{from} to deployed {seconds}{of}"))
                })
                .collect();
            let line = said.join(" · ");
            if line.is_empty() {
                Vec::new()
            } else {
                vec![line]
            }
        }
        "failed_deployment_recovery_time" => still_open(of).into_iter().collect(),
        _ => Vec::new(),
    }
}

/// What stands beside a headline.
#[must_use]
pub(crate) fn beside(metric: &str, of: &Metrics) -> Vec<String> {
    let mut out = Vec::new();
    match metric {
        "change_lead_time" => beside_lead_time(of, &mut out),
        "deployment_frequency" => {
            let m = &of.deployment_frequency;
            if m.active_days > 0 {
                out.push(format!("on {}", humanize::plural(m.active_days, "day")));
            }
            if let Some(rate) = m.success_rate {
                let attempts = humanize::plural(m.attempts, "attempt");
                out.push(format!(
                    "{} of {attempts} succeeded",
                    humanize::percent(rate)
                ));
            }
            if let Some(days) = m.active_days_per_week_median {
                out.push(format!(
                    "deployed on {} days a week (median)",
                    humanize::number(days)
                ));
            }
        }
        "failed_deployment_recovery_time" => beside_recovery(of, &mut out),
        "change_fail_rate" => {
            let m = &of.change_fail_rate;
            if m.provisional > 0 {
                let recent = humanize::plural(m.provisional, "deployment");
                out.push(format!(
                    "{recent} of the last 24 hours may still turn out failed"
                ));
            }
            if !m.unattributed.is_empty() {
                let count = humanize::plural(m.unattributed.len() as u64, "incident");
                out.push(format!("{count} that no deployment explains"));
            }
        }
        _ => {
            let m = &of.deployment_rework_rate.last_180_days;
            if let Some(ratio) = m.ratio {
                out.push(format!("{} over 180 days", humanize::percent(ratio)));
            }
        }
    }
    out
}

fn beside_lead_time(of: &Metrics, out: &mut Vec<String>) {
    let m = &of.change_lead_time;
    if m.by_time > 0 {
        out.push(format!(
            "{} matched by time only",
            humanize::plural(m.by_time, "change")
        ));
    }
    if !m.suspicious.is_empty() {
        let count = humanize::plural(m.suspicious.len() as u64, "change");
        out.push(format!(
            "{count} begun more than two years before the merge"
        ));
    }
    if !m.excluded.is_empty() {
        let count = humanize::plural(m.excluded.len() as u64, "change");
        out.push(format!("{count} left out"));
    }
    if let Some(waiting) = m.undeployed.as_ref().filter(|u| u.count > 0) {
        let oldest = waiting
            .oldest_seconds
            .map(|s| format!(", the oldest for {}", humanize::duration(s)))
            .unwrap_or_default();
        out.push(format!(
            "{} merged and not deployed{oldest}",
            humanize::plural(waiting.count, "change")
        ));
    }
}

fn still_open(of: &Metrics) -> Option<String> {
    let m = &of.failed_deployment_recovery_time;
    if m.open.is_empty() {
        return None;
    }
    let open = humanize::plural(m.open.len() as u64, "failed deployment");
    let with = m.km_median_seconds.map_or_else(
        || "the median with them is not reached yet".to_owned(),
        |s| format!("with them the median is at least {}", humanize::duration(s)),
    );
    Some(format!("{open} still open; {with}"))
}

fn beside_recovery(of: &Metrics, out: &mut Vec<String>) {
    let m = &of.failed_deployment_recovery_time;
    if let Some(restore) = m.incident_restore.median_seconds {
        let n = humanize::plural(m.incident_restore.n, "incident");
        out.push(format!(
            "incident restore {} ({n})",
            humanize::duration(restore)
        ));
    }
}
