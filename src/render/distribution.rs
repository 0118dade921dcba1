//! Distributions by name: the two headline spans, their variants, stages and what stands beside them.

use super::humanize;
use crate::report::v1::{ChangeLeadTime, Quantiles, RecoveryTime, Scope};

/// Stages in the order a change passes through them, each followed by what lies within.
pub(crate) const STAGES: [&str; 13] = [
    "coding",
    "draft",
    "pickup",
    "review",
    "merge",
    "ci",
    "ci_queue",
    "queue",
    "deploy_wait",
    "timer",
    "approval",
    "runner_queue",
    "deploy",
];

/// A stage in words; what lies within others says so.
#[must_use]
pub(crate) fn stage_title(name: &str) -> String {
    match name {
        "ci" => "CI, before the merge".to_owned(),
        "ci_queue" => "of it, wait for a runner".to_owned(),
        "queue" => "of merge, in the queue".to_owned(),
        "timer" => "of deploy wait, timer".to_owned(),
        "approval" => "of deploy wait, approval".to_owned(),
        "runner_queue" => "of deploy wait, runner".to_owned(),
        stage => format!("stage {}", stage.replace('_', " ")),
    }
}

/// Whether a name is that of a stage; what lies within stages adds nothing to the lead time.
#[must_use]
pub(crate) fn is_stage(name: &str) -> bool {
    stage_title(name).starts_with("stage ")
}

/// Every distribution of a scope that has values.
#[must_use]
pub(crate) fn of(scope: &Scope) -> Vec<(String, Quantiles)> {
    let m = &scope.metrics;
    let (lead, recovery) = (&m.change_lead_time, &m.failed_deployment_recovery_time);
    let mut out: Vec<(String, Quantiles)> = Vec::new();
    let mut add = |name: &str, q: Quantiles| {
        if q.n > 0 {
            out.push((name.to_owned(), q));
        }
    };
    add("change lead time", of_lead_time(lead));
    add("with bots", lead.with_bots.clone());
    add("per commit", lead.per_commit.clone());
    add(
        "pull request to deployed",
        lead.pr_created_to_deploy.clone(),
    );
    add("merge to deployed", lead.merge_to_deploy.clone());
    for (name, stage) in stages(lead) {
        add(&stage_title(name), stage.clone());
    }
    add(
        "between deployments",
        m.deployment_frequency.time_between.clone(),
    );
    add("recovery", of_recovery(recovery));
    add("incident detection", recovery.detection.clone());
    add("incident restore", recovery.incident_restore.clone());
    add("attempt recovery", recovery.attempt_recovery.clone());
    out
}

/// The known stages in their order, then any other.
pub(super) fn stages(lead: &ChangeLeadTime) -> impl Iterator<Item = (&str, &Quantiles)> {
    let known = STAGES
        .iter()
        .filter_map(|name| Some((*name, lead.stages.get(*name)?)));
    let others = lead
        .stages
        .iter()
        .map(|(name, stage)| (name.as_str(), stage))
        .filter(|(name, _)| !STAGES.contains(name));
    known.chain(others)
}

fn of_lead_time(m: &ChangeLeadTime) -> Quantiles {
    Quantiles {
        n: m.n,
        median_seconds: m.median_seconds,
        p75_seconds: m.p75_seconds,
        p90_seconds: m.p90_seconds,
        p95_seconds: m.p95_seconds,
        p99_seconds: m.p99_seconds,
        mean_seconds: m.mean_seconds,
        interval95_seconds: m.interval95_seconds,
    }
}

fn of_recovery(m: &RecoveryTime) -> Quantiles {
    Quantiles {
        n: m.n,
        median_seconds: m.median_seconds,
        p75_seconds: m.p75_seconds,
        p90_seconds: m.p90_seconds,
        p95_seconds: m.p95_seconds,
        p99_seconds: m.p99_seconds,
        mean_seconds: m.mean_seconds,
        interval95_seconds: m.interval95_seconds,
    }
}

/// A distribution's cells: n, p50, p75, p90, p95, p99, mean.
#[must_use]
pub(crate) fn cells(q: &Quantiles) -> Vec<String> {
    let mut cells = vec![q.n.to_string()];
    let values = [
        q.median_seconds,
        q.p75_seconds,
        q.p90_seconds,
        q.p95_seconds,
        q.p99_seconds,
        q.mean_seconds,
    ];
    cells.extend(values.map(|v| v.map_or_else(|| "–".to_owned(), humanize::duration)));
    cells
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::render::fixture;

    #[test]
    fn stages_stand_in_the_order_of_work_and_empty_ones_are_left_out() {
        let mut scope = fixture::shop().overall;
        let stages = &mut scope.metrics.change_lead_time.stages;
        stages.insert("draft".into(), Quantiles::default());
        stages.insert("anything".into(), stages["coding"].clone());
        let names: Vec<String> = of(&scope).into_iter().map(|(name, _)| name).collect();
        assert!(names.contains(&"CI, before the merge".to_owned()));
        let stages: Vec<&str> = names
            .iter()
            .filter_map(|n| n.strip_prefix("stage "))
            .collect();
        assert_eq!(
            stages,
            ["coding", "pickup", "review", "deploy wait", "anything"]
        );
        assert_eq!(cells(&Quantiles::default())[..2], ["0", "–"]);
    }
}
