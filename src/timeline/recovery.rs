//! When each failed deployment was repaired (rules FD1 to FD3).

use super::deployment::Deployment;
use super::incident::Incident;
use crate::event::Instant;

/// Fills `restored_at` of every failed deployment whose repair is known.
pub(super) fn restore(deployments: &mut [Deployment], incidents: &mut [Incident]) {
    for at in 0..deployments.len() {
        if !deployments[at].failed {
            continue;
        }
        let remedy = first_remedy(deployments, at);
        let own: Vec<Option<Instant>> = incidents
            .iter()
            .filter(|i| i.blamed.is_some_and(|(blamed, _)| blamed == at))
            .map(|i| match (i.resolved_at, remedy) {
                (Some(resolved), Some(remedy)) => Some(resolved.min(remedy)),
                (resolved, remedy) => resolved.or(remedy),
            })
            .collect();
        deployments[at].restored_at = if own.is_empty() {
            remedy
        } else {
            // Restored when the last one is; not at all while one is open.
            own.into_iter()
                .collect::<Option<Vec<Instant>>>()
                .and_then(|all| all.into_iter().max())
        };
    }
}

/// The first repair that took effect after the failed deployment did.
fn first_remedy(deployments: &[Deployment], failed: usize) -> Option<Instant> {
    deployments[failed]
        .remedies
        .iter()
        .map(|by| &deployments[*by])
        .filter(|by| by.is_effective() && by.finished_at >= deployments[failed].finished_at)
        .map(|by| by.finished_at)
        .min()
}
