//! The walk that finds what each deployment delivered first (rules LT3 to LT6, LT10, LT11).

use std::collections::{BTreeMap, BTreeSet};

use super::Remark;
use super::change::{Change, DeliveredCommit, Delivery, Waiting};
use super::deployment::Deployment;
use super::graph::{Graph, Node};
use super::stage::{self, Stages};
use crate::config::Config;
use crate::event::{Events, Instant, Pull, seconds_between};

/// A change being put together from its commits.
#[derive(Default)]
struct Draft {
    pull: Option<u64>,
    first_authored: Option<Instant>,
    bots: usize,
    commits: usize,
}

struct Deliverer<'a> {
    config: &'a Config,
    graph: &'a Graph<'a>,
    pulls: &'a BTreeMap<u64, &'a Pull>,
    /// Merges, in order of time, of pull requests that name no deployment.
    merged: Vec<(Instant, u64)>,
    owner: Vec<Option<u64>>,
    out: Delivery,
}

/// Walks each service's effective deployments in order; what a deployment reaches first, it delivers.
pub(super) fn deliver(
    deployments: &mut [Deployment],
    events: &Events,
    config: &Config,
    graph: &Graph<'_>,
    pulls: &BTreeMap<u64, &Pull>,
) -> Delivery {
    let head = events.head.as_deref().and_then(|sha| graph.find(sha));
    let mut tips: Vec<Node> = head.into_iter().collect();
    // The latest first: a branch that was deployed before its merge still belongs to the merge.
    tips.extend(
        deployments
            .iter()
            .rev()
            .flat_map(|d| d.revisions.iter().filter_map(|sha| graph.find(sha))),
    );
    let mut merged: Vec<(Instant, u64)> = pulls
        .values()
        .filter(|p| p.deployment.is_none())
        .filter_map(|p| Some((p.merged_at?, p.number)))
        .collect();
    merged.sort_unstable();
    let mut deliverer = Deliverer {
        config,
        graph,
        pulls,
        merged,
        owner: graph.pull_of_each(pulls, &tips),
        out: Delivery::default(),
    };
    let declared = declared_pulls(events, pulls);
    let mut services: BTreeMap<Option<String>, Vec<usize>> = BTreeMap::new();
    for (at, deployment) in deployments.iter().enumerate() {
        if deployment.is_effective() {
            services
                .entry(deployment.service.clone())
                .or_default()
                .push(at);
        }
    }
    let mut waiting = Vec::new();
    for (service, line) in &services {
        let from = deliverer.out.place();
        let marked = deliverer.run_service(deployments, line, events, &declared);
        let to = deliverer.out.place();
        let stretch = (from.0..to.0, from.1..to.1);
        deliverer.out.stretches.insert(service.clone(), stretch);
        if let Some(head) = head {
            waiting.extend(deliverer.waiting(head, marked, service.as_ref()));
        }
    }
    if head.is_some() && !services.is_empty() {
        deliverer.out.waiting = Some(waiting);
    }
    deliverer.out.mark_firsts(deployments);
    deliverer.out
}

/// Pull requests that a source maps to deployments itself, by deployment id.
fn declared_pulls(
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
    fn run_service(
        &mut self,
        deployments: &mut [Deployment],
        line: &[usize],
        events: &Events,
        declared: &BTreeMap<String, BTreeSet<u64>>,
    ) -> Vec<bool> {
        let mut marked = vec![false; self.graph.len()];
        let mut pulls_done: BTreeSet<u64> = BTreeSet::new();
        let mut latest: Option<usize> = None;
        for at in line.iter().copied() {
            let roots: Vec<Node> = deployments[at]
                .revisions
                .iter()
                .filter_map(|sha| self.graph.find(sha))
                .collect();
            let mut found: Vec<Node> = Vec::new();
            for root in &roots {
                found.extend(self.graph.take_new(*root, &mut marked));
            }
            let ranged = roots.is_empty()
                && self.take_range(latest, at, deployments, &mut marked, &mut found);
            if deployments[at].baseline && !ranged {
                found.clear();
            }
            let begin = self.out.commits.len();
            let mut drafts = self.draft(at, &deployments[at], found);
            self.add_declared(at, deployments, events, declared, &mut drafts);
            self.out
                .commits_at
                .insert(at, begin..self.out.commits.len());
            let known =
                !roots.is_empty() || ranged || !drafts.is_empty() || deployments[at].baseline;
            if !known {
                let previous = latest.map(|p| deployments[p].finished_at);
                self.add_by_time(
                    previous,
                    deployments[at].finished_at,
                    &pulls_done,
                    &mut drafts,
                );
                deployments[at].by_time = !drafts.is_empty();
            }
            self.finish(at, deployments, drafts, &mut pulls_done);
            latest = Some(at);
        }
        marked
    }

    /// Where no graph knows the revision, a declared range from the one before.
    fn take_range(
        &self,
        latest: Option<usize>,
        at: usize,
        deployments: &[Deployment],
        marked: &mut [bool],
        found: &mut Vec<Node>,
    ) -> bool {
        let old = latest.and_then(|p| deployments[p].revision.as_deref());
        let (Some(old), Some(new)) = (old, deployments[at].revision.as_deref()) else {
            return false;
        };
        let Some(declared) = self.graph.range(old, new) else {
            return false;
        };
        for node in declared {
            if !std::mem::replace(&mut marked[node as usize], true) {
                found.push(node);
            }
        }
        true
    }

    /// Groups newly delivered commits into changes; merge commits are never changes (rule LT1).
    fn draft(
        &mut self,
        at: usize,
        deployment: &Deployment,
        mut found: Vec<Node>,
    ) -> BTreeMap<String, Draft> {
        found.sort_by_key(|n| (self.graph.time(*n), &self.graph.commit(*n).sha));
        let paths = deployment
            .service
            .as_ref()
            .and_then(|name| self.config.services.get(name))
            .map(|service| &service.paths)
            .filter(|globs| !globs.is_empty());
        let mut drafts: BTreeMap<String, Draft> = BTreeMap::new();
        for node in found {
            let commit = self.graph.commit(node);
            let touches = paths.is_none_or(|globs| {
                commit.paths.is_empty() || commit.paths.iter().any(|p| globs.matches(p))
            });
            if !touches {
                continue;
            }
            self.out.by_commit.entry(node).or_default().push(at);
            let merge = commit.parents.len() > 1;
            let pull = self.owner[node as usize].filter(|n| self.pulls.contains_key(n));
            if !merge {
                self.out.commits.push(DeliveredCommit {
                    sha: commit.sha.clone(),
                    deployment: at,
                    authored_at: commit.authored_at,
                    bot: commit.bot,
                    first: false,
                });
            } else if pull.is_none() {
                continue;
            }
            let id = pull.map_or_else(|| commit.sha.clone(), |n| n.to_string());
            let draft = drafts.entry(id).or_default();
            draft.pull = pull;
            if !merge {
                draft.commits += 1;
                draft.bots += usize::from(commit.bot);
                let first = draft.first_authored.get_or_insert(commit.authored_at);
                *first = (*first).min(commit.authored_at);
            }
        }
        drafts
    }

    fn add_declared(
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
                let draft = drafts.entry(change.sha.clone()).or_default();
                draft.first_authored = Some(change.started_at);
                draft.commits = 1;
                draft.bots = usize::from(change.bot);
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

    /// Without graph, range or declaration: pull requests merged since the deployment before.
    fn add_by_time(
        &self,
        previous: Option<Instant>,
        until: Instant,
        done: &BTreeSet<u64>,
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
            if !done.contains(number) {
                drafts.entry(number.to_string()).or_default().pull = Some(*number);
            }
        }
    }

    fn finish(
        &mut self,
        at: usize,
        deployments: &mut [Deployment],
        drafts: BTreeMap<String, Draft>,
        done: &mut BTreeSet<u64>,
    ) {
        for (id, draft) in drafts {
            if let Some(number) = draft.pull {
                // Its first delivery is final (rule LT5).
                if !done.insert(number) {
                    continue;
                }
                self.out.by_pull.entry(number).or_default().push(at);
            }
            let change = self.change(id, &draft, at, &deployments[at]);
            deployments[at].changes.push(self.out.changes.len());
            self.suspicious(&change);
            self.out.changes.push(change);
        }
    }

    fn change(&self, id: String, draft: &Draft, at: usize, deployment: &Deployment) -> Change {
        let pull = draft.pull.and_then(|n| self.pulls.get(&n)).copied();
        let started = [
            pull.and_then(|p| p.created_at),
            pull.and_then(|p| p.first_commit_at),
            draft.first_authored,
        ]
        .into_iter()
        .flatten()
        .min();
        let by_bots = draft.commits > 0 && draft.bots == draft.commits;
        Change {
            id,
            service: deployment.service.clone(),
            deployment: at,
            pull: draft.pull,
            started_at: started,
            created_at: pull.and_then(|p| p.created_at),
            ready_at: pull.and_then(|p| p.ready_at),
            first_review_at: pull.and_then(|p| p.first_review_at),
            approved_at: pull.and_then(|p| p.approved_at),
            merged_at: pull.and_then(|p| p.merged_at),
            deployed_at: deployment.finished_at,
            bot: pull.map_or(by_bots, |p| p.bot || (p.created_at.is_none() && by_bots)),
            by_time: deployment.by_time,
            stages: started.map_or_else(Stages::new, |from| {
                stage::split(pull, from, deployment.started_at, deployment.finished_at)
            }),
            lines: pull.and_then(|p| p.lines),
            first: false,
        }
    }

    /// Dates more than two years before the merge are kept and listed (rule LT2).
    fn suspicious(&mut self, change: &Change) {
        let end = change.merged_at.unwrap_or(change.deployed_at);
        let old = |from| seconds_between(from, end) > 2 * 365 * 86_400;
        if change.started_at.is_some_and(old) {
            self.out.remarks.push(Remark {
                code: "suspicious_start",
                says: format!(
                    "Change {} began more than two years before it was merged.",
                    change.id
                ),
                help: None,
            });
        }
    }

    /// What the head reaches and the service has not delivered.
    fn waiting(
        &mut self,
        head: Node,
        mut marked: Vec<bool>,
        service: Option<&String>,
    ) -> Vec<Waiting> {
        let paths = service
            .and_then(|name| self.config.services.get(name))
            .map(|s| &s.paths)
            .filter(|globs| !globs.is_empty());
        let mut since: BTreeMap<String, Instant> = BTreeMap::new();
        for node in self.graph.take_new(head, &mut marked) {
            let commit = self.graph.commit(node);
            let pull = self.owner[node as usize].and_then(|n| self.pulls.get(&n));
            let touches = paths.is_none_or(|globs| {
                commit.paths.is_empty() || commit.paths.iter().any(|p| globs.matches(p))
            });
            if !touches || (commit.parents.len() > 1 && pull.is_none()) {
                continue;
            }
            let (id, at) = pull.map_or_else(
                || (commit.sha.clone(), commit.authored_at),
                |p| {
                    (
                        p.number.to_string(),
                        p.merged_at.unwrap_or(commit.authored_at),
                    )
                },
            );
            let slot = since.entry(id).or_insert(at);
            *slot = (*slot).min(at);
        }
        since
            .into_iter()
            .map(|(id, since)| Waiting {
                id,
                service: service.cloned(),
                since,
            })
            .collect()
    }
}
