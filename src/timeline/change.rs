//! Changes and the deployments that delivered them first (rules LT1 to LT6, LT10, LT11).

use std::collections::{BTreeMap, HashMap};
use std::ops::Range;

use super::Remark;
use super::deployment::Deployment;
use super::graph::Node;
use super::stage::Stages;
use crate::event::{Instant, Span, seconds_between};

/// A pull request, or a commit without one, that reached production with a service.
#[derive(Debug, Clone)]
pub struct Change {
    /// Pull request number, or commit sha.
    pub id: String,
    /// The service that delivered it.
    pub service: Option<String>,
    /// Position of the deployment that delivered it first.
    pub deployment: usize,
    /// Pull request number.
    pub pull: Option<u64>,
    /// Where its lead time begins (rule LT2); unknown when its source gives no date at all.
    pub started_at: Option<Instant>,
    /// Pull request opened.
    pub created_at: Option<Instant>,
    /// Ready for review.
    pub ready_at: Option<Instant>,
    /// First human review.
    pub first_review_at: Option<Instant>,
    /// Last approval before the merge.
    pub approved_at: Option<Instant>,
    /// Merged.
    pub merged_at: Option<Instant>,
    /// Delivered.
    pub deployed_at: Instant,
    /// By a bot (rule LT8).
    pub bot: bool,
    /// Its deployment is known by time only.
    pub by_time: bool,
    /// Where the time went.
    pub stages: Stages,
    /// Lines added and deleted.
    pub lines: Option<u64>,
    /// No other service delivered it earlier: a roll-up counts it here (rule LT5).
    pub first: bool,
}

impl Change {
    /// From its start to production; negative where clocks disagree.
    #[must_use]
    pub fn lead_time(&self) -> Option<Span> {
        self.started_at
            .map(|from| seconds_between(from, self.deployed_at))
    }
}

/// A commit that reached production with a service.
#[derive(Debug, Clone)]
pub struct DeliveredCommit {
    /// Object id.
    pub sha: String,
    /// Position of the deployment.
    pub deployment: usize,
    /// When it was written.
    pub authored_at: Instant,
    /// By a bot.
    pub bot: bool,
    /// No other service delivered it earlier.
    pub first: bool,
}

/// A change that is merged and not deployed (rule LT10).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Waiting {
    /// Pull request number, or commit sha.
    pub id: String,
    /// Services that have not delivered it; `None` for the only one.
    pub service: Option<String>,
    /// Since when it waits: merged, else written.
    pub since: Instant,
}

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
    pub(super) fn place(&self) -> (usize, usize) {
        (self.changes.len(), self.commits.len())
    }

    /// Of several services that deliver the same, one was the first (rule LT5).
    pub(super) fn mark_firsts(&mut self, deployments: &[Deployment]) {
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
