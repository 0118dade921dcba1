//! What a deployment delivered where no graph says so: declared, or as a last resort by the clock (rule LT4).

use std::collections::{BTreeMap, BTreeSet};

use super::change::DeliveredCommit;
use super::delivery::{Deliverer, Draft};
use super::deployment::Deployment;
use crate::event::{Events, Instant, Pull};

/// Pull requests that a source maps to deployments itself, by deployment id.
pub(super) fn declared_pulls(
    events: &Events,
    pulls: &BTreeMap<u64, &Pull>,
) -> BTreeMap<String, BTreeSet<u64>> {
    let mut out: BTreeMap<String, BTreeSet<u64>> = BTreeMap::new();
    for pull in pulls.values() {
        if let Some(deployment) = &pull.deployment {
            out.entry(deployment.clone())
                .or_default()
                .insert(pull.number);
        }
    }
    for event in events.iter() {
        if let Some(deployment) = event.fact.as_deployment()
            && !deployment.pulls.is_empty()
        {
            out.entry(event.id.clone())
                .or_default()
                .extend(&deployment.pulls);
        }
    }
    out
}

impl Deliverer<'_> {
    pub(super) fn add_declared(
        &mut self,
        at: usize,
        deployments: &[Deployment],
        events: &Events,
        declared: &BTreeMap<String, BTreeSet<u64>>,
        drafts: &mut BTreeMap<String, Draft>,
    ) {
        for id in &deployments[at].ids {
            for number in declared.get(id).into_iter().flatten() {
                drafts.entry(number.to_string()).or_default().pull = Some(*number);
            }
            let fact = events
                .get("deployment", id)
                .and_then(|e| e.fact.as_deployment());
            for change in fact.and_then(|f| f.changes.as_ref()).into_iter().flatten() {
                // A declared commit of a pull request is part of that change, not one of its own.
                let pull = self.pull_of(&change.sha);
                let id = pull.map_or_else(|| change.sha.clone(), |n| n.to_string());
                let draft = drafts.entry(id).or_default();
                draft.pull = draft.pull.or(pull);
                draft.commits += 1;
                draft.bots += usize::from(change.bot);
                let first = draft.first_authored.get_or_insert(change.started_at);
                *first = (*first).min(change.started_at);
                self.out.commits.push(DeliveredCommit {
                    sha: change.sha.clone(),
                    deployment: at,
                    authored_at: change.started_at,
                    bot: change.bot,
                    first: false,
                });
            }
        }
    }

    /// The pull request that a commit belongs to, by the graph or by the pull request's own word.
    fn pull_of(&self, sha: &str) -> Option<u64> {
        let by_graph = self.graph.find(sha).and_then(|n| self.owner[n as usize]);
        by_graph
            .filter(|n| self.pulls.contains_key(n))
            .or_else(|| self.own_shas.get(sha).copied())
    }

    /// Without graph, range or declaration: pull requests merged since the deployment before.
    pub(super) fn add_by_time(
        &self,
        previous: Option<Instant>,
        until: Instant,
        done: &BTreeSet<String>,
        drafts: &mut BTreeMap<String, Draft>,
    ) {
        let Some(previous) = previous else {
            return;
        };
        let from = self.merged.partition_point(|(at, _)| *at <= previous);
        for (_, number) in self.merged[from..]
            .iter()
            .take_while(|(at, _)| *at <= until)
        {
            let id = number.to_string();
            if !done.contains(&id) {
                drafts.entry(id).or_default().pull = Some(*number);
            }
        }
    }
}
