//! The events behind the numbers: deployments, changes and incidents as the document lists them.

use std::collections::BTreeMap;

use super::v1;
use crate::event::{Events, Outcome, Window};
use crate::timeline::{Deployment, Timeline};

/// Deployments of the window, and earlier ones whose failure was restored in it or is still open.
pub(super) fn deployments(timeline: &Timeline, window: &Window) -> Vec<v1::Deployment> {
    timeline
        .deployments
        .iter()
        .filter(|d| concerns(d, window))
        .map(|d| deployment(timeline, d))
        .collect()
}

fn concerns(deployment: &Deployment, window: &Window) -> bool {
    window.contains(deployment.finished_at)
        || (deployment.finished_at < window.from
            && deployment.failed
            && deployment.restored_at.is_none_or(|at| at >= window.from))
}

fn deployment(timeline: &Timeline, d: &Deployment) -> v1::Deployment {
    let id = |at: usize| timeline.deployments[at].id.clone();
    let finished = d.outcome != Outcome::Pending;
    v1::Deployment {
        id: d.id.clone(),
        service: d.service.clone(),
        environment: d.environment.clone(),
        revision: d.revision.clone(),
        started_at: d.started_at,
        finished_at: finished.then_some(d.finished_at),
        first_production_at: d.first_production_at,
        outcome: match d.outcome {
            Outcome::Pending => "pending",
            Outcome::Ignored => "ignored",
            Outcome::Failure => "failure",
            Outcome::Success => "success",
        }
        .to_owned(),
        previous: d.previous.map(id),
        changes: d
            .changes
            .iter()
            .map(|c| timeline.changes[*c].id.clone())
            .collect(),
        failed: d.failed,
        evidence: d
            .evidence
            .iter()
            .map(|e| v1::Evidence {
                kind: e.kind.name().to_owned(),
                says: if e.of_failure { "failed" } else { "rework" }.to_owned(),
                event: e.event.clone(),
                confidence: e.confidence.name().to_owned(),
            })
            .collect(),
        rework: d.rework.is_some(),
        rework_kind: d.rework.map(|k| k.name().to_owned()),
        rollback: d.rollback.map(|r| v1::Rollback {
            target: id(r.target),
            failed: id(r.failed),
            race: r.race,
        }),
        redeploy: d.redeploy,
        partial: d.partial,
        baseline: d.baseline,
        recovered_at: d.restored_at,
        restored_after_seconds: d.restored_after().map(|s| s as f64),
        attempts: d.attempts,
        run: d.run.clone(),
        queue_seconds: d.waits.queue.map(|s| s as f64),
        approval_seconds: d.waits.approval.map(|s| s as f64),
        timer_seconds: d.waits.timer.map(|s| s as f64),
        url: d.url.clone(),
    }
}

/// Changes delivered in the window.
pub(super) fn changes(timeline: &Timeline, window: &Window) -> Vec<v1::Change> {
    timeline
        .changes
        .iter()
        .filter(|c| window.contains(c.deployed_at))
        .map(|c| v1::Change {
            id: c.id.clone(),
            service: c.service.clone(),
            started_at: c.started_at,
            created_at: c.created_at,
            ready_at: c.ready_at,
            first_review_at: c.first_review_at,
            approved_at: c.approved_at,
            merged_at: c.merged_at,
            deployed_at: Some(c.deployed_at),
            deployment: Some(timeline.deployments[c.deployment].id.clone()),
            lead_time_seconds: c.lead_time().map(|s| s as f64),
            stages: c
                .stages
                .iter()
                .map(|(stage, s)| ((*stage).to_owned(), s.map(|s| s as f64)))
                .collect(),
            bot: c.bot,
            ai: c.ai,
            lines: c.lines,
            files: c.files,
            review_rounds: c.review_rounds,
        })
        .collect()
}

/// Incidents opened or resolved in the window, or still open.
pub(super) fn incidents(timeline: &Timeline, window: &Window) -> Vec<v1::Incident> {
    timeline
        .incidents
        .iter()
        .filter(|i| i.opened_at < window.to && i.resolved_at.is_none_or(|at| at >= window.from))
        .map(|i| v1::Incident {
            id: i.id.clone(),
            service: i.service.clone(),
            opened_at: i.opened_at,
            resolved_at: i.resolved_at,
            deployment: i.blamed.map(|(at, _)| timeline.deployments[at].id.clone()),
            attributed_by: i.blamed.map(|(_, how)| how.name().to_owned()),
            fixed_by: i.fixed_by.map(|at| timeline.deployments[at].id.clone()),
        })
        .collect()
}

/// Where the records of what is counted came from.
pub(super) fn sources(events: &Events, timeline: &Timeline) -> Vec<v1::SourceInfo> {
    let deployments = timeline
        .deployments
        .iter()
        .flat_map(|d| &d.ids)
        .filter_map(|id| events.get("deployment", id));
    let incidents = timeline
        .incidents
        .iter()
        .filter_map(|i| events.get("incident", &i.id));
    let mut counts: BTreeMap<&'static str, u64> = BTreeMap::new();
    for event in deployments.chain(incidents) {
        *counts.entry(event.source.name()).or_default() += 1;
    }
    counts
        .into_iter()
        .map(|(name, events)| v1::SourceInfo {
            name: name.to_owned(),
            events,
        })
        .collect()
}
