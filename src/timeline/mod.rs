//! What happened, judged once: failed, rework, rolled back, each with its evidence.

mod change;
mod declared;
mod delivery;
mod deployment;
mod graph;
mod incident;
mod judge;
mod naming;
mod record;
mod recovery;
mod source;
mod stage;
mod verdict;
mod waiting;

use std::collections::{BTreeMap, BTreeSet};

use crate::config::Config;
use crate::event::{Events, Instant, Pull};

pub use change::{Change, DeliveredCommit, Waiting};
pub use deployment::{Deployment, Rollback, Waits};
pub use incident::{Attribution, Incident};
pub use stage::{PARTS, Part, STAGES, Stages};
pub use verdict::{Confidence, Evidence, EvidenceKind, ReworkKind};

/// Everything that happened in production, in order, linked and judged.
#[derive(Debug, Default)]
pub struct Timeline {
    /// Deployments and attempts of production, by finishing time, then id (rule U8).
    pub deployments: Vec<Deployment>,
    /// Changes delivered, one a service; by delivering deployment, then id.
    pub changes: Vec<Change>,
    /// Commits delivered, one a service.
    pub commits: Vec<DeliveredCommit>,
    /// Changes on the production branch that no deployment contains; `None` when its head is not known.
    pub waiting: Option<Vec<Waiting>>,
    /// Incidents by opening time, then id.
    pub incidents: Vec<Incident>,
    /// What was assumed or left out: a code, and a sentence.
    pub remarks: Vec<Remark>,
    /// Where the collected history begins.
    pub history_since: Option<Instant>,
    stretches: delivery::Stretches,
}

/// Something assumed or left out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Remark {
    /// Stable code.
    pub code: &'static str,
    /// One sentence.
    pub says: String,
    /// What would change it.
    pub help: Option<String>,
}

impl Timeline {
    /// Folds events into what happened. Never fails: what cannot be used becomes a remark.
    #[must_use]
    pub fn fold(events: &Events, config: &Config) -> Self {
        let valid = events.without_retracted();
        let mut remarks = incident::left_out(events);
        let events = valid.as_ref();
        let mut deployments = deployment::fold(events, config, &mut remarks);
        let graph = graph::Graph::of(events);
        let pulls = pulls(events);
        deployment::order(&mut deployments, events.baselines.as_ref());
        if deployment::mark_redeploys(&mut deployments, config) {
            // What is dropped is nobody's predecessor.
            deployment::order(&mut deployments, events.baselines.as_ref());
        }
        let delivery = delivery::deliver(&mut deployments, events, config, &graph, &pulls);
        deployment::find_rollbacks(&mut deployments, &graph, &config.rules);
        let names = naming::Names::of(&deployments, &delivery, &graph);
        let mut incidents = incident::attribute(events, &deployments, &names, config);
        remarks.extend(judge::judge(
            &mut deployments,
            &judge::Known {
                incidents: &incidents,
                delivery: &delivery,
                names: &names,
                graph: &graph,
                pulls: &pulls,
            },
            events,
            config,
        ));
        for incident in &mut incidents {
            // Whoever says that a deployment did not fail takes it out of the ladder of rule CF1: the incident has
            // another cause, and nobody has named it.
            incident.blamed.take_if(|(at, _)| !deployments[*at].failed);
        }
        recovery::restore(&mut deployments, &incidents);
        remarks.extend(delivery.remarks);
        Self {
            deployments,
            changes: delivery.changes,
            commits: delivery.commits,
            waiting: delivery.waiting,
            incidents,
            remarks,
            history_since: events.history_since,
            stretches: delivery.stretches,
        }
    }

    /// Changes that one service delivered.
    #[must_use]
    pub fn changes_of(&self, service: &str) -> &[Change] {
        let own = self.stretches.get(&Some(service.to_owned()));
        own.map_or(&[], |(changes, _)| &self.changes[changes.clone()])
    }

    /// Commits that one service delivered.
    #[must_use]
    pub fn commits_of(&self, service: &str) -> &[DeliveredCommit] {
        let own = self.stretches.get(&Some(service.to_owned()));
        own.map_or(&[], |(_, commits)| &self.commits[commits.clone()])
    }

    /// Names of the services that have a deployment.
    #[must_use]
    pub fn services(&self) -> Vec<String> {
        let mut names: Vec<String> = self
            .deployments
            .iter()
            .filter_map(|d| d.service.clone())
            .collect();
        names.sort();
        names.dedup();
        names
    }
}

/// Merged pull requests by number, and those that a deployment names (rule LT1).
fn pulls(events: &Events) -> BTreeMap<u64, &Pull> {
    let deployments = events.iter().filter_map(|event| event.fact.as_deployment());
    let named: BTreeSet<u64> = deployments.flat_map(|d| d.pulls.iter().copied()).collect();
    let landed = |pull: &&Pull| {
        pull.merged_at.is_some()
            || pull.merge_sha.is_some()
            || pull.deployment.is_some()
            || named.contains(&pull.number)
    };
    events
        .iter()
        .filter_map(|event| event.fact.as_pull())
        .filter(landed)
        .map(|pull| (pull.number, pull))
        .collect()
}
