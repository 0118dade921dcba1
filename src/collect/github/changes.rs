//! What production deployments delivered: commits by comparison, pull requests by commit.

mod pulls;

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use super::order::{latest, timelines};
use super::{Collected, Note, Purse};
use crate::adapter::github_commit;
use crate::event::{Commit, Event, Events, Fact};
use crate::github::{Comparison, GitHubError};

/// After a query that was too much for GitHub.
const A_SMALL_QUERY: usize = 10;
/// With more commits than these merged and not deployed, they are not counted.
const MOST_WAITING: u64 = 300;
/// Revisions that an earlier run did not find are asked for again, a few a run.
const ASK_AGAIN: usize = 2;

/// A revision whose commits are not known, and the revision deployed before it.
struct Step {
    base: String,
    head: String,
    /// Its deployment is news of this run.
    fresh: bool,
}

struct Changes<'a, 'p> {
    purse: &'p Purse<'a>,
    /// New commits by id.
    commits: BTreeMap<String, Event>,
    /// Revisions from before the history; nobody needs their pull requests.
    context: BTreeSet<String>,
    /// Deployed revisions among the new commits, oldest first.
    heads: Vec<String>,
    /// Pull requests by the commits they brought.
    pull_of: BTreeMap<String, u64>,
    /// New pull requests.
    pulls: BTreeMap<u64, Event>,
    /// First-parent commits of the branch: the ones that pull requests are merged by.
    chain: BTreeSet<String>,
    asked: BTreeSet<String>,
    /// No more comparisons can be had in this run.
    compared: bool,
    /// No more pull requests can be had in this run.
    pulled: bool,
}

/// Adds the commits and pull requests of `deployments` and of those the ledger knows.
pub(super) async fn collect(purse: &Purse<'_>, deployments: &[Event], out: &mut Collected) {
    let mut changes = Changes {
        purse,
        commits: BTreeMap::new(),
        context: BTreeSet::new(),
        heads: Vec::new(),
        pull_of: known_pulls(purse.ask.known),
        pulls: BTreeMap::new(),
        chain: BTreeSet::new(),
        asked: BTreeSet::new(),
        compared: false,
        pulled: false,
    };
    for service in timelines(purse, deployments) {
        changes.compare_service(&service, out).await;
    }
    let deployed = latest(purse, deployments);
    if let Some(deployed) = &deployed {
        changes.compare_head(deployed, out).await;
    }
    changes.ask_pulls(out).await;
    changes.hand_over(out);
    let head = purse.ask.state.head.clone();
    out.head = head.filter(|head| {
        let id = format!("commit:{head}");
        deployed.as_ref() == Some(head)
            || purse.ask.known.get("commit", &id).is_some()
            || out.events.iter().any(|event| event.id == id)
    });
}

fn known_pulls(known: &Events) -> BTreeMap<String, u64> {
    let mut found = BTreeMap::new();
    for event in known.iter() {
        if let Fact::Pull(pull) = &event.fact {
            for sha in pull.merge_sha.iter().chain(&pull.commits) {
                found.entry(sha.clone()).or_insert(pull.number);
            }
        }
    }
    found
}

fn commit_of(event: &Event) -> Option<&Commit> {
    match &event.fact {
        Fact::Commit(commit) => Some(commit),
        Fact::Deployment(_)
        | Fact::Pull(_)
        | Fact::Range(_)
        | Fact::Incident(_)
        | Fact::DeploymentCorrected(_)
        | Fact::EventRetracted(_) => None,
    }
}

impl Changes<'_, '_> {
    fn is_known(&self, sha: &str) -> bool {
        self.commits.contains_key(sha)
            || self
                .purse
                .ask
                .known
                .get("commit", &format!("commit:{sha}"))
                .is_some()
    }

    /// One comparison over all that is unknown, then one for each revision that it did not hold.
    async fn compare_service(&mut self, revisions: &[(String, bool)], out: &mut Collected) {
        let mut seen = BTreeSet::new();
        let mut steps = Vec::new();
        for (n, (head, fresh)) in revisions.iter().enumerate() {
            // The first one is the baseline: what it delivered is not known (rule LT3).
            if seen.insert(head) && n > 0 && !self.is_known(head) {
                let base = revisions[n - 1].0.clone();
                let (head, fresh) = (head.clone(), *fresh);
                steps.push(Step { base, head, fresh });
            }
        }
        if let [first, .., last] = steps.as_slice() {
            let range = Step {
                base: first.base.clone(),
                head: last.head.clone(),
                fresh: true,
            };
            // A pair that shares no history may still be compared step by step.
            self.compare(&range, false, out).await;
        }
        let mut again = ASK_AGAIN;
        for step in &steps {
            if self.compared || self.is_known(&step.head) {
                continue;
            }
            if !step.fresh {
                if again == 0 {
                    continue;
                }
                again -= 1;
            }
            self.compare(step, true, out).await;
        }
        let found = steps.into_iter().map(|step| step.head);
        self.heads
            .extend(found.filter(|head| self.commits.contains_key(head)));
    }

    async fn compare(&mut self, step: &Step, says_so: bool, out: &mut Collected) {
        let ask = &self.purse.ask;
        let pages = self.purse.left_of(ask.requests - ask.requests / 4);
        if self.compared || pages == 0 {
            if !self.compared {
                out.notes.push(Note::truncated(
                    "commits of older deployments",
                    &self.purse.ask,
                ));
            }
            out.more = true;
            self.compared = true;
            return;
        }
        match ask
            .client
            .compare(&step.base, &step.head, pages, ask.budget)
            .await
        {
            Ok(found) => self.take(&found, out),
            Err(GitHubError::NotFound { .. }) if !says_so => {}
            Err(GitHubError::NotFound { .. }) => out.note(Note {
                code: "by_time",
                says: format!(
                    "{}...{} cannot be compared: a commit is gone, or they share no history",
                    short(&step.base),
                    short(&step.head)
                ),
                help: None,
            }),
            Err(error) => {
                out.note(Note::of("commits", &error));
                out.more = true;
                self.compared = true;
            }
        }
    }

    /// What is merged and not deployed, once: what is known is not asked for again.
    async fn compare_head(&mut self, deployed: &str, out: &mut Collected) {
        let ask = &self.purse.ask;
        let Some(head) = ask.state.head.clone() else {
            return;
        };
        let left = self.purse.left_of(ask.requests - ask.requests / 4);
        if head == deployed || self.is_known(&head) || self.compared || left == 0 {
            return;
        }
        let compare = async |pages| ask.client.compare(deployed, &head, pages, ask.budget).await;
        let mut found = compare(1).await;
        if let Ok(first) = &found
            && !first.is_complete()
            && first.total <= MOST_WAITING
        {
            found = compare(left.min(MOST_WAITING / 100)).await;
        }
        match found {
            Ok(found) if found.is_complete() => {
                self.take(&found, out);
                self.heads.push(head);
            }
            Ok(found) => out.note(Note {
                code: "undeployed_unknown",
                says: format!(
                    "{} commits are merged and not deployed: too many to be read, so they are not counted as changes",
                    found.total
                ),
                help: None,
            }),
            // The last deployed commit is gone, or is of another branch: nothing can be said.
            Err(GitHubError::NotFound { .. }) => {}
            Err(error) => out.note(Note::of("what is merged and not deployed", &error)),
        }
    }

    fn take(&mut self, found: &Comparison, out: &mut Collected) {
        if !found.is_complete() {
            out.notes.push(Note::truncated(
                "commits of older deployments",
                &self.purse.ask,
            ));
            out.more = true;
        }
        for node in &found.commits {
            self.insert(node);
        }
        // A rollback to before the history: its commit is remembered, so that it is not asked for again. Where older
        // deployments are still to come, one of them may have delivered it.
        if let Some(node) = found
            .merge_base
            .as_ref()
            .filter(|_| found.commits.is_empty() && out.resume.is_none())
            && let Some(sha) = self.insert(node)
        {
            self.context.insert(sha);
        }
    }

    /// The id of a commit that was not known before.
    fn insert(&mut self, node: &Value) -> Option<String> {
        let event = github_commit::from_rest(node).ok()?;
        let sha = commit_of(&event)?.sha.clone();
        if self.is_known(&sha) {
            return None;
        }
        self.commits.insert(sha.clone(), event);
        Some(sha)
    }

    /// What may be remembered: only commits whose own past is remembered too, since a later run compares from there.
    /// A commit whose pull request could not be asked for is held back with all that follows it.
    fn complete(&self) -> BTreeSet<String> {
        let mut children: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
        for commit in self.commits.values().filter_map(commit_of) {
            for parent in &commit.parents {
                children.entry(parent).or_default().push(&commit.sha);
            }
        }
        let unsettled = self.chain.iter().filter(|sha| !self.is_settled(sha));
        let mut held: BTreeSet<&str> = BTreeSet::new();
        let mut next: Vec<&str> = unsettled.map(String::as_str).collect();
        while let Some(sha) = next.pop() {
            if held.insert(sha) {
                next.extend(children.get(sha).into_iter().flatten());
            }
        }
        let mut kept: BTreeSet<String> = self.context.clone();
        let settled = self.chain.iter().filter(|sha| !held.contains(sha.as_str()));
        let mut next: Vec<&str> = settled.map(String::as_str).collect();
        while let Some(sha) = next.pop() {
            if let Some(commit) = self.commits.get(sha).and_then(commit_of)
                && kept.insert(sha.to_owned())
            {
                next.extend(commit.parents.iter().map(String::as_str));
            }
        }
        kept
    }

    fn hand_over(self, out: &mut Collected) {
        let complete = self.complete();
        for (sha, mut event) in self.commits {
            if let Fact::Commit(commit) = &mut event.fact
                && complete.contains(&sha)
            {
                commit.pull = self.pull_of.get(&sha).copied();
                out.events.push(event);
            }
        }
        // One that is known is settled, tests and all: what is read again of it is no news.
        let known = self.purse.ask.known;
        let pulls = self.pulls.into_values();
        out.events
            .extend(pulls.filter(|event| known.get("pull", &event.id).is_none()));
    }
}

fn short(sha: &str) -> &str {
    sha.get(..7).unwrap_or(sha)
}
