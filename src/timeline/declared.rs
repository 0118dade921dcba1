//! What a deployment delivered where no graph says so: declared, or as a last resort by the clock (rule LT4).

use std::collections::{BTreeMap, BTreeSet};

use super::change::DeliveredCommit;
use super::delivery::{Deliverer, Delivery, Draft};
use super::deployment::Deployment;
use super::graph::{Graph, Node};
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

impl Delivery {
    /// Deployments that delivered a commit first, one a service; by a full or an abbreviated revision.
    pub(super) fn delivered(&self, sha: &str, graph: &Graph<'_>) -> &[usize] {
        let by_graph = graph.resolve(sha).and_then(|n| self.by_commit.get(&n));
        let by_name = || {
            self.by_name.get(sha).or_else(|| {
                let mut found = self.by_name.range(sha.to_owned()..);
                let first = found.next().filter(|(full, _)| full.starts_with(sha));
                let alone = !found.next().is_some_and(|(full, _)| full.starts_with(sha));
                first.filter(|_| alone && sha.len() >= 7).map(|f| f.1)
            })
        };
        by_graph.or_else(by_name).map_or(&[], Vec::as_slice)
    }
}

impl Deliverer<'_> {
    /// A range from the deployment before that a source declares: beside what the graph shows, which may be cut.
    /// Gives the revisions in it that no graph knows; `None` where nothing is declared.
    pub(super) fn take_range(
        &self,
        latest: Option<usize>,
        at: usize,
        deployments: &[Deployment],
        marked: &mut [bool],
        found: &mut Vec<Node>,
    ) -> Option<Vec<String>> {
        let old = deployments[latest?].revision.as_deref()?;
        let declared = self
            .graph
            .range(old, deployments[at].revision.as_deref()?)?;
        let mut unseen = Vec::new();
        for sha in declared {
            match self.graph.find(&sha) {
                None => unseen.push(sha),
                Some(node) if !std::mem::replace(&mut marked[node as usize], true) => {
                    found.push(node);
                }
                Some(_) => {}
            }
        }
        Some(unseen)
    }

    /// Delivers revisions that no graph knows: parts of the pull requests that name them, else changes of no date.
    pub(super) fn add_unseen(
        &mut self,
        at: usize,
        deployments: &[Deployment],
        unseen: &[String],
        drafts: &mut BTreeMap<String, Draft>,
    ) {
        for sha in unseen {
            let pull = self.pull_of(sha);
            let id = pull.map_or_else(|| sha.clone(), |n| n.to_string());
            let draft = drafts.entry(id).or_default();
            draft.pull = draft.pull.or(pull);
            self.name(sha, at, deployments);
        }
    }

    fn has_delivered(&self, sha: &str, at: usize, deployments: &[Deployment]) -> bool {
        let service = &deployments[at].service;
        let by_graph = self
            .graph
            .find(sha)
            .and_then(|n| self.out.by_commit.get(&n));
        let by_name = self.out.by_name.get(sha);
        let known = by_graph.into_iter().chain(by_name).flatten();
        known.copied().any(|by| deployments[by].service == *service)
    }

    /// Remembers the first delivery by this service of a revision that no graph need know.
    fn name(&mut self, sha: &str, at: usize, deployments: &[Deployment]) {
        let known = self.out.by_name.entry(sha.to_owned()).or_default();
        let service = &deployments[at].service;
        if !known.iter().any(|by| deployments[*by].service == *service) {
            known.push(at);
        }
    }

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
                // The graph may have told it already, or an earlier deployment of the service declared it.
                if self.has_delivered(&change.sha, at, deployments) {
                    continue;
                }
                let draft = drafts.entry(id).or_default();
                draft.pull = draft.pull.or(pull);
                draft.commits += 1;
                draft.bots += usize::from(change.bot);
                let first = draft.first_authored.get_or_insert(change.started_at);
                *first = (*first).min(change.started_at);
                self.name(&change.sha, at, deployments);
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
        deployment: &Deployment,
        done: &BTreeSet<String>,
        drafts: &mut BTreeMap<String, Draft>,
    ) {
        let Some(previous) = previous else {
            return;
        };
        let until = deployment.finished_at;
        let from = self.merged.partition_point(|(at, _)| *at <= previous);
        let repositories = &deployment.repositories;
        for (_, number) in self.merged[from..]
            .iter()
            .take_while(|(at, _)| *at <= until)
        {
            let id = number.to_string();
            let repository = self.pulls.get(number).and_then(|p| p.repository.as_ref());
            let ours =
                repositories.is_empty() || repository.is_none_or(|r| repositories.contains(r));
            if ours && !done.contains(&id) {
                drafts.entry(id).or_default().pull = Some(*number);
            }
        }
    }
}
