//! How far the data can be trusted: a few shares between 0 and 1, and the cheapest fix of each.

use super::v1::Quality;
use crate::event::Window;
use crate::timeline::{Deployment, Timeline};

/// Judges the window's data.
pub(super) fn judge(timeline: &Timeline, window: &Window) -> Quality {
    let deployments: Vec<_> = timeline
        .deployments
        .iter()
        .filter(|d| d.is_effective() && window.contains(d.finished_at))
        .collect();
    if deployments.is_empty() {
        return Quality {
            score: 0.0,
            fixes: vec![
                "Deploy to a production environment once: there is nothing to judge yet."
                    .to_owned(),
            ],
            ..Quality::default()
        };
    }
    let parts = parts(timeline, window, &deployments);
    let mut missing: Vec<(f64, &str)> = parts
        .iter()
        .filter(|(_, share, _)| *share < 1.0)
        .map(|(_, share, fix)| (*share, *fix))
        .collect();
    missing.sort_by(|a, b| a.0.total_cmp(&b.0));
    Quality {
        score: parts.iter().map(|(_, share, _)| share).sum::<f64>() / parts.len() as f64,
        parts: parts
            .iter()
            .map(|(name, share, _)| ((*name).to_owned(), *share))
            .collect(),
        fixes: missing.into_iter().map(|(_, fix)| fix.to_owned()).collect(),
    }
}

/// What is judged: its name, the share that is as it should be, and what would make it so.
type Part = (&'static str, f64, &'static str);

fn parts(timeline: &Timeline, window: &Window, deployments: &[&Deployment]) -> [Part; 5] {
    let share = |hits: usize, of: usize| {
        if of == 0 {
            1.0
        } else {
            hits as f64 / of as f64
        }
    };
    let changes: Vec<_> = timeline
        .changes
        .iter()
        .filter(|c| window.contains(c.deployed_at))
        .collect();
    let evidence = !timeline.incidents.is_empty()
        || timeline.deployments.iter().any(|d| !d.evidence.is_empty());
    let incidents = &timeline.incidents;
    [
        (
            "deployment_has_revision",
            share(
                deployments.iter().filter(|d| d.revision.is_some()).count(),
                deployments.len(),
            ),
            "Record the deployed commit with each deployment.",
        ),
        (
            "deployment_time_is_exact",
            share(
                deployments.iter().filter(|d| !d.approximate).count(),
                deployments.len(),
            ),
            "Use GitHub deployments, or annotated tags: lightweight tags carry only their commit's date.",
        ),
        (
            "change_is_linked",
            share(changes.iter().filter(|c| !c.by_time).count(), changes.len()),
            "Keep deployed commits reachable, so that changes are linked by commit and not by time.",
        ),
        (
            "failures_are_recorded",
            f64::from(u8::from(evidence)),
            "Record incidents (`fivekeys incident open`): without them a fail rate of 0 says nothing.",
        ),
        (
            "incident_is_attributed",
            share(
                incidents.iter().filter(|i| i.blamed.is_some()).count(),
                incidents.len(),
            ),
            "Name the cause in the incident: a deployment, a commit or a pull request.",
        ),
    ]
}
