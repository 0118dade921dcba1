//! Incidents and the deployments that caused them (rules CF1, CF2).

use super::change::Delivery;
use super::deployment::Deployment;
use super::graph::Graph;
use crate::config::Config;
use crate::event::{self, Cause, Events, Instant, seconds_between};

/// An incident, with the deployment that it is blamed on.
#[derive(Debug, Clone)]
pub struct Incident {
    /// Event id.
    pub id: String,
    /// The service it names.
    pub service: Option<String>,
    /// Opened.
    pub opened_at: Instant,
    /// Resolved.
    pub resolved_at: Option<Instant>,
    /// The deployment blamed, by position, and why; `None` where nothing explains it.
    pub blamed: Option<(usize, Attribution)>,
    /// Position of the deployment that repaired it.
    pub fixed_by: Option<usize>,
}

/// How an incident found its deployment; the first that names one wins.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Attribution {
    /// It names the deployment.
    Explicit,
    /// It names a commit that the deployment delivered.
    Sha,
    /// It names a pull request that the deployment delivered.
    Pull,
    /// It opened while the deployment was rolling out.
    Rollout,
    /// The deployment is the latest before it.
    Time,
}

impl Attribution {
    /// The word in reports.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Explicit => "explicit",
            Self::Sha => "sha",
            Self::Pull => "pull",
            Self::Rollout => "rollout",
            Self::Time => "time",
        }
    }
}

/// Position of the deployment that folds the record with this id.
pub(super) fn position(deployments: &[Deployment], id: &str) -> Option<usize> {
    deployments
        .iter()
        .position(|d| d.ids.iter().any(|i| i == id))
}

/// Every incident, blamed on at most one deployment.
pub(super) fn attribute(
    events: &Events,
    deployments: &[Deployment],
    delivery: &Delivery,
    graph: &Graph<'_>,
    config: &Config,
) -> Vec<Incident> {
    let mut out: Vec<Incident> = events
        .iter()
        .filter_map(|event| {
            let fact = event.fact.as_incident()?;
            let fixed_by = fact
                .fixed_by
                .as_deref()
                .and_then(|id| position(deployments, id));
            Some(Incident {
                id: event.id.clone(),
                service: fact.service.clone(),
                opened_at: fact.opened_at,
                resolved_at: fact.resolved_at,
                blamed: blame(fact, fixed_by, deployments, delivery, graph, config),
                fixed_by,
            })
        })
        .collect();
    out.sort_by(|a, b| (a.opened_at, &a.id).cmp(&(b.opened_at, &b.id)));
    out
}

fn blame(
    incident: &event::Incident,
    fixed_by: Option<usize>,
    deployments: &[Deployment],
    delivery: &Delivery,
    graph: &Graph<'_>,
    config: &Config,
) -> Option<(usize, Attribution)> {
    let fits = |at: &usize| {
        let deployment = &deployments[*at];
        deployment.is_effective()
            && Some(*at) != fixed_by
            && (incident.service.is_none() || incident.service == deployment.service)
    };
    // What the incident names need not be of the service that it hurts.
    let named = |at: &usize| deployments[*at].is_effective() && Some(*at) != fixed_by;
    for cause in &incident.causes {
        let found = match cause {
            Cause::Deployment(id) => position(deployments, id)
                .filter(named)
                .map(|at| (at, Attribution::Explicit)),
            Cause::Commit(sha) => graph
                .resolve(sha)
                .and_then(|node| delivery.by_commit.get(&node))
                .and_then(|at| at.iter().copied().find(named))
                .map(|at| (at, Attribution::Sha)),
            Cause::Pull(number) => delivery
                .by_pull
                .get(number)
                .and_then(|at| at.iter().copied().find(named))
                .map(|at| (at, Attribution::Pull)),
        };
        if found.is_some() {
            return found;
        }
    }
    let opened = incident.opened_at;
    let rolling = (0..deployments.len())
        .filter(fits)
        .filter(|at| {
            let d = &deployments[*at];
            d.started_at.is_some_and(|from| from <= opened) && opened < d.finished_at
        })
        .max_by_key(|at| deployments[*at].started_at);
    if let Some(at) = rolling {
        return Some((at, Attribution::Rollout));
    }
    // Deployments are in order: the last that had finished is the latest.
    let before = deployments.partition_point(|d| d.finished_at <= opened);
    (0..before)
        .rev()
        .find(|at| fits(at))
        .filter(|at| {
            seconds_between(deployments[*at].finished_at, opened)
                <= config.rules.incident_horizon_seconds
        })
        .map(|at| (at, Attribution::Time))
}
