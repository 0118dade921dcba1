//! How far the data can be trusted: a few shares between 0 and 1, and the cheapest fix of each.

use super::v1::Quality;
use crate::event::Window;
use crate::timeline::Timeline;

/// One part of the data, and what would mend it.
struct Part {
    name: &'static str,
    share: f64,
    fix: &'static str,
}

/// Judges the window's data.
pub(super) fn judge(timeline: &Timeline, window: &Window) -> Quality {
    let mut parts = deployment_parts(timeline, window);
    if parts.is_empty() {
        return Quality {
            score: 0.0,
            fixes: vec!["No deployment in this window: there is nothing to judge.".to_owned()],
            ..Quality::default()
        };
    }
    parts.extend(failure_parts(timeline));
    let mut missing: Vec<&Part> = parts.iter().filter(|p| p.share < 1.0).collect();
    missing.sort_by(|a, b| a.share.total_cmp(&b.share));
    Quality {
        score: parts.iter().map(|p| p.share).sum::<f64>() / parts.len() as f64,
        fixes: missing.iter().map(|p| p.fix.to_owned()).collect(),
        parts: parts.iter().map(|p| (p.name.to_owned(), p.share)).collect(),
    }
}

fn share<T>(of: &[T], has: impl Fn(&T) -> bool) -> f64 {
    if of.is_empty() {
        return 1.0;
    }
    of.iter().filter(|t| has(t)).count() as f64 / of.len() as f64
}

fn deployment_parts(timeline: &Timeline, window: &Window) -> Vec<Part> {
    let deployments: Vec<_> = timeline
        .deployments
        .iter()
        .filter(|d| d.is_effective() && window.contains(d.finished_at))
        .collect();
    if deployments.is_empty() {
        return Vec::new();
    }
    let changes: Vec<_> = timeline
        .changes
        .iter()
        .filter(|c| window.contains(c.deployed_at))
        .collect();
    vec![
        Part {
            name: "deployment_has_revision",
            share: share(&deployments, |d| d.revision.is_some()),
            fix: "Record the deployed commit with each deployment.",
        },
        Part {
            name: "deployment_time_is_exact",
            share: share(&deployments, |d| !d.approximate),
            fix: "Use GitHub deployments, or annotated tags: a lightweight tag has only its commit's date.",
        },
        Part {
            name: "change_is_linked",
            share: share(&changes, |c| !c.by_time),
            fix: "Keep deployed commits reachable, so that changes are linked by commit and not by time.",
        },
    ]
}

fn failure_parts(timeline: &Timeline) -> [Part; 2] {
    let evidence = !timeline.incidents.is_empty()
        || timeline.deployments.iter().any(|d| !d.evidence.is_empty());
    [
        Part {
            name: "failures_are_recorded",
            share: f64::from(u8::from(evidence)),
            fix: "Record incidents with fivekeys incident open: without them a fail rate of 0 says nothing.",
        },
        Part {
            name: "incident_is_attributed",
            share: share(&timeline.incidents, |i| i.blamed.is_some()),
            fix: "Name the cause in the incident: a deployment, a commit or a pull request.",
        },
    ]
}
