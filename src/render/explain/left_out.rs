//! What a metric does not count, and why.

use super::behind::{delivered, inside, succeeded};
use super::document::{Exclusion, Kind};
use crate::render::humanize;
use crate::report::v1::Report;

fn out(kind: Kind, id: &str, code: &str, says: String) -> Exclusion {
    Exclusion {
        kind,
        id: id.to_owned(),
        code: code.to_owned(),
        says,
    }
}

/// What a metric does not count, and why.
#[must_use]
pub(super) fn excluded(report: &Report, metric: &str) -> Vec<Exclusion> {
    let m = &report.overall.metrics;
    let mut found = Vec::new();
    if metric == "change_lead_time" {
        found.extend(m.change_lead_time.excluded.iter().map(|change| {
            let says = humanize::reason(&change.reason);
            out(Kind::Change, &change.change, &change.reason, says)
        }));
        let bots = delivered(report)
            .into_iter()
            .filter(|(change, _)| change.bot);
        found.extend(bots.map(|(change, _)| {
            let says = "By a bot: it stands in `with_bots`.".to_owned();
            out(Kind::Change, &change.id, "bot", says)
        }));
        let first = report.deployments.iter().filter(|d| {
            d.baseline && succeeded(d) && d.finished_at.is_some_and(|at| inside(report, at))
        });
        found.extend(first.map(|d| {
            let says = "First of its service: what it delivered is not known.".to_owned();
            out(Kind::Deployment, &d.id, "baseline_only", says)
        }));
        return found;
    }
    if metric == "change_fail_rate" {
        found.extend(m.change_fail_rate.unattributed.iter().map(|id| {
            let says = "No deployment explains this incident.".to_owned();
            out(Kind::Incident, id, "unattributed", says)
        }));
    }
    if metric == "failed_deployment_recovery_time" {
        let backwards = &m.failed_deployment_recovery_time.incident_restore_excluded;
        found.extend(backwards.iter().map(|of| {
            let says = "Resolved before it was opened: two clocks disagree.".to_owned();
            out(Kind::Incident, &of.incident, "negative", says)
        }));
    }
    let tried = report.deployments.iter().filter(|d| {
        !succeeded(d)
            && d.finished_at
                .or(d.started_at)
                .is_none_or(|at| inside(report, at))
    });
    found.extend(tried.map(|d| {
        let says = format!("Outcome {}: it took no effect.", d.outcome);
        out(Kind::Deployment, &d.id, &d.outcome, says)
    }));
    if metric != "deployment_frequency" {
        let races = report
            .deployments
            .iter()
            .filter(|d| d.rollback.as_ref().is_some_and(|r| r.race));
        found.extend(races.map(|d| {
            let says =
                "Two promotions raced: within the grace period this is no rollback.".to_owned();
            out(Kind::Deployment, &d.id, "promotion_race", says)
        }));
    }
    found
}
