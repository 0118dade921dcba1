//! Single deployments and changes in words: what a number can be traced to.

use serde::Serialize;

use super::{escape, humanize};
use crate::report::v1::{Change, Deployment, Report};

/// A deployment in words.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct DeploymentRow {
    pub(crate) id: String,
    /// What people know it by: its revision, else its id.
    pub(crate) name: String,
    pub(crate) service: String,
    pub(crate) environment: String,
    pub(crate) revision: String,
    pub(crate) finished: String,
    /// `3 changes`.
    pub(crate) batch: String,
    /// Median of its changes; empty when none is known.
    pub(crate) lead_time: String,
    /// Empty for an ordinary deployment.
    pub(crate) verdict: String,
    pub(crate) failed: bool,
    pub(crate) rework: bool,
    pub(crate) url: String,
}

/// Effective deployments of the window, newest first.
#[must_use]
pub(crate) fn effective(report: &Report) -> Vec<&Deployment> {
    let mut found: Vec<&Deployment> = report
        .deployments
        .iter()
        .filter(|d| d.outcome == "success" && in_window(report, d))
        .collect();
    found.reverse();
    found
}

/// Whether it finished inside the window.
#[must_use]
pub(crate) fn in_window(report: &Report, deployment: &Deployment) -> bool {
    deployment
        .finished_at
        .is_some_and(|at| report.window.from <= at && at < report.window.to)
}

/// Changes that this deployment delivered first.
#[must_use]
pub(crate) fn delivered<'a>(report: &'a Report, deployment: &Deployment) -> Vec<&'a Change> {
    report
        .changes
        .iter()
        .filter(|change| change.deployment.as_deref() == Some(deployment.id.as_str()))
        .collect()
}

/// One deployment in words.
#[must_use]
pub(crate) fn deployment_row(report: &Report, deployment: &Deployment) -> DeploymentRow {
    let times: Vec<f64> = delivered(report, deployment)
        .iter()
        .filter_map(|change| change.lead_time_seconds)
        .collect();
    DeploymentRow {
        id: escape::brief(&deployment.id),
        name: name(deployment),
        service: escape::brief(deployment.service.as_deref().unwrap_or_default()),
        environment: escape::brief(&deployment.environment),
        revision: escape::brief(&revision(
            deployment.revision.as_deref().unwrap_or_default(),
        )),
        finished: deployment
            .finished_at
            .map(|at| humanize::minute(at, &report.window.timezone))
            .unwrap_or_default(),
        batch: humanize::plural(deployment.changes.len() as u64, "change"),
        lead_time: middle(times).map(humanize::duration).unwrap_or_default(),
        verdict: verdict(deployment),
        failed: deployment.failed,
        rework: deployment.rework,
        url: deployment.url.clone().unwrap_or_default(),
    }
}

/// What people know a deployment by: its revision, else its id.
#[must_use]
pub(crate) fn name(deployment: &Deployment) -> String {
    let revision = deployment.revision.as_deref().filter(|r| !r.is_empty());
    escape::brief(&revision.map_or_else(|| deployment.id.clone(), self::revision))
}

/// A commit's first eight digits; versions stay whole.
#[must_use]
pub(crate) fn revision(text: &str) -> String {
    let is_sha = text.len() >= 40 && text.bytes().all(|b| b.is_ascii_hexdigit());
    if is_sha {
        text[..8].to_owned()
    } else {
        text.to_owned()
    }
}

/// `#12` for a pull request, a short commit otherwise.
#[must_use]
pub(crate) fn change_name(id: &str) -> String {
    if !id.is_empty() && id.bytes().all(|b| b.is_ascii_digit()) && id.len() < 12 {
        format!("#{id}")
    } else {
        escape::brief(&revision(id))
    }
}

/// Middle of a few values.
pub(crate) fn middle(mut values: Vec<f64>) -> Option<f64> {
    values.sort_by(f64::total_cmp);
    let half = values.len() / 2;
    let upper = *values.get(half)?;
    if values.len() % 2 == 1 {
        return Some(upper);
    }
    Some(f64::midpoint(values[half - 1], upper))
}

/// What was judged about a deployment, and why.
#[must_use]
pub(crate) fn verdict(deployment: &Deployment) -> String {
    let mut parts = Vec::new();
    if deployment.outcome != "success" {
        parts.push(format!("outcome {}", deployment.outcome));
    }
    if deployment.failed {
        let repair = match deployment.restored_after_seconds {
            Some(seconds) => format!("repaired after {}", humanize::exact(seconds)),
            None if deployment.recovered_at.is_some() => "repaired".to_owned(),
            None => "not repaired yet".to_owned(),
        };
        parts.push(format!("failed{}, {repair}", because(deployment, "failed")));
    }
    if deployment.rework {
        let kind = deployment.rework_kind.as_deref().unwrap_or("repair");
        parts.push(format!("rework: {kind}{}", because(deployment, "rework")));
    }
    if deployment.rollback.as_ref().is_some_and(|r| r.race) {
        parts.push("promotion race, not counted as a rollback".to_owned());
    }
    for (holds, words) in [
        (deployment.redeploy, "same version again"),
        (deployment.partial, "a part of it failed"),
        (deployment.baseline, "first of its service"),
    ] {
        if holds {
            parts.push(words.to_owned());
        }
    }
    parts.join("; ")
}

fn because(deployment: &Deployment, says: &str) -> String {
    let found: Vec<String> = deployment
        .evidence
        .iter()
        .filter(|evidence| evidence.says == says)
        .take(3)
        .map(|evidence| {
            let kind = evidence.kind.replace('_', " ");
            format!(
                "{} {}, {}",
                escape::brief(&kind),
                escape::brief(&evidence.event),
                evidence.confidence
            )
        })
        .collect();
    if found.is_empty() {
        String::new()
    } else {
        format!(" ({})", found.join("; "))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::render::fixture;

    #[test]
    fn failures_attempts_and_other_windows_are_told_apart() {
        let report = fixture::shop();
        let found = effective(&report);
        assert_eq!(found.len(), 25, "26 of which one is a failed attempt");
        assert_eq!(found[0].id, "run:25/production/shop", "newest first");
        let mut earlier = report.clone();
        earlier.window.from += chrono::Duration::days(80);
        assert!(effective(&earlier).len() < 25);
    }

    #[test]
    fn a_verdict_names_its_evidence() {
        let report = fixture::shop();
        assert_eq!(
            verdict(&report.deployments[7]),
            "failed (incident inc:gh:7, certain), repaired after 38 min"
        );
        assert_eq!(
            verdict(&report.deployments[8]),
            "rework: hotfix (hotfix inc:gh:8, certain)"
        );
        assert!(verdict(&report.deployments[23]).ends_with("not repaired yet"));
        assert_eq!(verdict(&report.deployments[1]), "");
    }

    #[test]
    fn names_of_changes_are_short() {
        assert_eq!(change_name("417"), "#417");
        assert_eq!(change_name(&"a".repeat(40)), "aaaaaaaa");
        assert_eq!(middle(vec![3.0, 1.0, 2.0, 10.0]), Some(2.5));
    }
}
