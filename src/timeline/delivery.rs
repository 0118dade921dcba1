//! The walk that finds what each deployment delivered first (rules LT3 to LT6, LT10, LT11).

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::ops::Range;

use super::Remark;
use super::change::{Change, DeliveredCommit, Waiting};
use super::declared::declared_pulls;
use super::deployment::Deployment;
use super::graph::{Graph, Node};
use super::stage::{self, Stages};
use crate::config::{Baseline, Config, Globs};
use crate::event::{Events, Instant, Pull};

/// Where a service's changes and commits lie.
pub(super) type Stretches = BTreeMap<Option<String>, (Range<usize>, Range<usize>)>;

/// What was delivered by what.
#[derive(Default)]
pub(super) struct Delivery {
    pub(super) changes: Vec<Change>,
    pub(super) commits: Vec<DeliveredCommit>,
    pub(super) waiting: Option<Vec<Waiting>>,
    pub(super) remarks: Vec<Remark>,
    /// Stretches of `changes` and of `commits` that belong to each service.
    pub(super) stretches: Stretches,
    /// Stretch of `commits` that belongs to each deployment.
    pub(super) commits_at: HashMap<usize, Range<usize>>,
    /// Deployments (positions) that delivered each commit first, one a service.
    pub(super) by_commit: HashMap<Node, Vec<usize>>,
    /// The same of revisions that no graph knows.
    pub(super) by_name: BTreeMap<String, Vec<usize>>,
    /// Deployments that delivered each pull request first, one a service.
    pub(super) by_pull: BTreeMap<u64, Vec<usize>>,
}

impl Delivery {
    /// Commits that a deployment delivered first.
    pub(super) fn commits_of(&self, at: usize) -> impl Iterator<Item = &str> {
        let from = self.commits_at.get(&at).cloned().unwrap_or(0..0);
        self.commits[from].iter().map(|c| c.sha.as_str())
    }
}

impl Delivery {
    fn place(&self) -> (usize, usize) {
        (self.changes.len(), self.commits.len())
    }

    /// Of several services that deliver the same, one was the first (rule LT5).
    fn mark_firsts(&mut self, deployments: &[Deployment]) {
        if self.stretches.len() < 2 {
            self.changes.iter_mut().for_each(|c| c.first = true);
            self.commits.iter_mut().for_each(|c| c.first = true);
            return;
        }
        let times = self.changes.iter().map(|c| (c.id.as_str(), c.deployed_at));
        for at in earliest(times) {
            self.changes[at].first = true;
        }
        let times = self
            .commits
            .iter()
            .map(|c| (c.sha.as_str(), deployments[c.deployment].finished_at));
        for at in earliest(times) {
            self.commits[at].first = true;
        }
    }
}

/// Places of the earliest of each id.
fn earliest<'a>(times: impl Iterator<Item = (&'a str, Instant)>) -> Vec<usize> {
    let mut first: HashMap<&str, (Instant, usize)> = HashMap::new();
    for (at, (id, time)) in times.enumerate() {
        let known = first.entry(id).or_insert((time, at));
        *known = (*known).min((time, at));
    }
    first.into_values().map(|(_, at)| at).collect()
}

/// A change being put together from its commits.
#[derive(Default)]
pub(super) struct Draft {
    pub(super) pull: Option<u64>,
    pub(super) first_authored: Option<Instant>,
    pub(super) bots: usize,
    pub(super) commits: usize,
    pub(super) ai: Option<bool>,
}

pub(super) struct Deliverer<'a> {
    pub(super) config: &'a Config,
    pub(super) graph: &'a Graph<'a>,
    pub(super) pulls: &'a BTreeMap<u64, &'a Pull>,
    /// Merges, in order of time, of pull requests that name no deployment.
    pub(super) merged: Vec<(Instant, u64)>,
    pub(super) owner: Vec<Option<u64>>,
    /// Pull requests by the commits that they name as their own.
    pub(super) own_shas: HashMap<&'a str, u64>,
    pub(super) out: Delivery,
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
        own_shas: pulls
            .values()
            .flat_map(|p| {
                p.merge_sha
                    .iter()
                    .chain(&p.commits)
                    .map(|sha| (sha.as_str(), p.number))
            })
            .collect(),
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
    let mut reached = Vec::new();
    for (service, line) in &services {
        let from = deliverer.out.place();
        let marked = deliverer.run_service(deployments, line, events, &declared);
        let to = deliverer.out.place();
        let stretch = (from.0..to.0, from.1..to.1);
        deliverer.out.stretches.insert(service.clone(), stretch);
        if head.is_some() {
            reached.push((service.as_ref(), marked));
        }
    }
    let all_run_it = head.is_none() && all_run(events.head.as_ref(), &services, deployments);
    if (head.is_some() || all_run_it) && !services.is_empty() {
        deliverer.out.waiting = Some(deliverer.all_waiting(head, &reached));
    }
    deliverer.list_suspicious();
    deliverer.out.mark_firsts(deployments);
    deliverer.out
}

/// Whether every service runs the head: then nothing waits, even where no commit of it is known.
fn all_run(
    head: Option<&String>,
    services: &BTreeMap<Option<String>, Vec<usize>>,
    deployments: &[Deployment],
) -> bool {
    head.is_some()
        && services.values().all(|line| {
            let last = line.last().map(|at| &deployments[*at]);
            last.and_then(|d| d.revision.as_ref()) == head
        })
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
        let mut done: BTreeSet<String> = BTreeSet::new();
        let mut latest: Option<usize> = None;
        let mut ran: BTreeSet<String> = BTreeSet::new();
        let mut moved_on: Option<Instant> = None;
        for at in line.iter().copied() {
            // Of a version that ran before, all is known, whatever the graph knows of it (rule U7).
            let revisions = &deployments[at].revisions;
            let again = !revisions.is_empty() && revisions.iter().all(|sha| ran.contains(sha));
            ran.extend(revisions.iter().cloned());
            let roots: Vec<Node> = deployments[at]
                .revisions
                .iter()
                .filter_map(|sha| self.graph.find(sha))
                .collect();
            let mut found: Vec<Node> = Vec::new();
            for root in &roots {
                found.extend(self.graph.take_new(*root, &mut marked));
            }
            let unseen = self.take_range(latest, at, deployments, &mut marked, &mut found);
            let ranged = unseen.is_some();
            let unknown = self.config.profile.baseline == Baseline::Exclude;
            if deployments[at].baseline && unknown && !ranged {
                found.clear();
            }
            let begin = self.out.commits.len();
            let mut drafts = self.draft(at, &deployments[at], found);
            self.add_unseen(at, deployments, &unseen.unwrap_or_default(), &mut drafts);
            self.add_declared(at, deployments, events, declared, &mut drafts);
            self.out
                .commits_at
                .insert(at, begin..self.out.commits.len());
            let known = again
                || ranged
                || !roots.is_empty()
                || !drafts.is_empty()
                || deployments[at].baseline;
            if !known {
                self.add_by_time(moved_on, &deployments[at], &done, &mut drafts);
                deployments[at].by_time = !drafts.is_empty();
            }
            self.finish(at, deployments, drafts, &mut done);
            latest = Some(at);
            // What was merged before a version ran again waits for the next one.
            if !again {
                moved_on = Some(deployments[at].finished_at);
            }
        }
        marked
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
            let touches = paths.is_none_or(|globs| self.touches(globs, node));
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
                // One sign is enough, and `Some(true)` is the largest.
                draft.ai = draft.ai.max(commit.ai);
                draft.commits += 1;
                draft.bots += usize::from(commit.bot);
                let first = draft.first_authored.get_or_insert(commit.authored_at);
                *first = (*first).min(commit.authored_at);
            }
        }
        drafts
    }

    fn finish(
        &mut self,
        at: usize,
        deployments: &mut [Deployment],
        drafts: BTreeMap<String, Draft>,
        done: &mut BTreeSet<String>,
    ) {
        for (id, draft) in drafts {
            // Its first delivery is final (rule LT5).
            if !done.insert(id.clone()) {
                continue;
            }
            if let Some(number) = draft.pull {
                self.out.by_pull.entry(number).or_default().push(at);
            }
            let change = self.change(id, &draft, at, &deployments[at]);
            deployments[at].changes.push(self.out.changes.len());
            self.out.changes.push(change);
        }
    }

    fn change(&self, id: String, draft: &Draft, at: usize, deployment: &Deployment) -> Change {
        let pull = draft.pull.and_then(|n| self.pulls.get(&n)).copied();
        let started = stage::start(pull, draft.first_authored, self.config.profile.lead_start);
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
            ai: self.sign(pull, draft),
            by_time: deployment.by_time,
            stages: started.map_or_else(Stages::new, |from| {
                let arrival = stage::Arrival {
                    started_at: deployment.started_at,
                    finished_at: deployment.finished_at,
                    waits: deployment.waits,
                };
                stage::split(pull, from, &arrival)
            }),
            lines: pull.and_then(|p| p.lines),
            files: pull.and_then(|p| p.files),
            review_rounds: pull.and_then(|p| p.review_rounds),
            ci: pull.and_then(|p| p.ci.clone()),
            first: false,
        }
    }

    /// Whether an agent took part: by the commits, the pull request, or a label that people put on it.
    fn sign(&self, pull: Option<&Pull>, draft: &Draft) -> Option<bool> {
        let labels = &self.config.ai_labels;
        let labelled = pull.is_some_and(|p| {
            let is_one = |label: &String| labels.iter().any(|l| l.eq_ignore_ascii_case(label));
            p.labels.iter().any(is_one)
        });
        labelled
            .then_some(true)
            .or(draft.ai.max(pull.and_then(|p| p.ai)))
    }

    /// Dates more than two years before the merge are kept and listed (rule LT2).
    fn list_suspicious(&mut self) {
        let found: BTreeSet<&str> = self
            .out
            .changes
            .iter()
            .filter(|change| change.is_suspicious())
            .map(|change| change.id.as_str())
            .collect();
        if found.is_empty() {
            return;
        }
        // Eight digits of a commit are enough to find it by.
        let short = |id: &&'_ str| {
            id.get(..8)
                .filter(|_| id.len() >= 40)
                .unwrap_or(id)
                .to_owned()
        };
        let shown: Vec<String> = found.iter().take(8).map(short).collect();
        let more = match found.len().saturating_sub(shown.len()) {
            0 => String::new(),
            n => format!(" and {n} more"),
        };
        self.out.remarks.push(Remark {
            code: "suspicious_start",
            says: format!(
                "These changes began more than two years before they were merged, and count all the same: {}{more}.",
                shown.join(", ")
            ),
            help: Some("Look at the dates of their commits: a clock may have been wrong.".to_owned()),
        });
    }

    /// Whether a commit belongs to a service of these paths (rule LT11): by its own paths, else by those of its pull
    /// request. What is not known to lie elsewhere belongs to every service.
    pub(super) fn touches(&self, globs: &Globs, node: Node) -> bool {
        let commit = self.graph.commit(node);
        let hit = |paths: &[String]| paths.iter().any(|path| globs.matches(path));
        if !commit.paths.is_empty() {
            return hit(&commit.paths);
        }
        let pull = self.owner[node as usize].and_then(|n| self.pulls.get(&n));
        pull.is_none_or(|pull| {
            let all = pull.files.is_some_and(|n| n <= pull.paths.len() as u64);
            pull.paths.is_empty() || !all || hit(&pull.paths)
        })
    }
}
