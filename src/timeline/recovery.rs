//! When each failed deployment was repaired (rules FD1 to FD3).

use std::collections::HashMap;

use super::deployment::Deployment;
use super::incident::Incident;
use crate::event::Instant;

/// Fills `restored_at` of every failed deployment whose repair is known.
pub(super) fn restore(deployments: &mut [Deployment], incidents: &[Incident]) {
    let mut blamed: HashMap<usize, Vec<Option<Instant>>> = HashMap::new();
    for incident in incidents {
        if let Some((at, _)) = incident.blamed {
            blamed.entry(at).or_default().push(incident.resolved_at);
        }
    }
    for at in 0..deployments.len() {
        if !deployments[at].failed {
            continue;
        }
        let remedy = first_remedy(deployments, at);
        let restored = match blamed.get(&at) {
            None => remedy,
            // Restored when the last one is; not at all while one is open.
            Some(resolved) => resolved
                .iter()
                .map(|resolved| match (*resolved, remedy) {
                    (Some(resolved), Some(remedy)) => Some(resolved.min(remedy)),
                    (resolved, remedy) => resolved.or(remedy),
                })
                .collect::<Option<Vec<Instant>>>()
                .and_then(|all| all.into_iter().max()),
        };
        // An incident of the rollout may be over before the rollout is: then nothing was left to recover from.
        let finished = deployments[at].finished_at;
        deployments[at].restored_at = restored.map(|restored| restored.max(finished));
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
