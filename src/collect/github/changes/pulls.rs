//! The pull requests of new commits: links first, then only those whole that are not known.

use std::collections::{BTreeMap, BTreeSet};

use chrono::SecondsFormat;
use serde_json::Value;

use super::{A_SMALL_QUERY, Changes, commit_of};
use crate::adapter::github_pull;
use crate::collect::github::{Collected, Note};
use crate::event::{Fact, parse_instant};
use crate::github::{GitHubError, MOST_IDS, MOST_LINKS, MOST_WHOLE, Part, PullFields};

/// In the bookkeeping: since when commits are stored whose pull requests could not be asked for.
const OWED: &str = "pulls";

/// Which pull requests commits belong to, and those of them that are read whole.
struct Linked {
    links: BTreeMap<String, Vec<Value>>,
    whole: Vec<Value>,
}

impl Changes<'_, '_> {
    /// First the merges and squashes of the branch itself, then what none of their pull requests holds.
    pub(super) async fn ask_pulls(&mut self, out: &mut Collected) {
        let chain = self.first_parents();
        self.chain.extend(chain.iter().cloned());
        self.ask_for(chain, out).await;
        let left: Vec<String> = self
            .commits
            .iter()
            .filter(|(sha, event)| {
                !self.context.contains(*sha)
                    && commit_of(event).is_some_and(|c| c.parents.len() < 2)
            })
            .map(|(sha, _)| sha.clone())
            .collect();
        self.ask_for(left, out).await;
        let owed = self.owed();
        self.ask_for(owed, out).await;
        if !self.pulled && self.may_read() {
            out.places.remove(OWED);
        }
    }

    /// Commits that an earlier run stored without being permitted to ask for their pull requests.
    fn owed(&self) -> Vec<String> {
        let ask = &self.purse.ask;
        let since = ask.places.get(OWED).map(|text| parse_instant(text));
        let Some(Ok(since)) = since.filter(|_| self.may_read()) else {
            return Vec::new();
        };
        let known = ask.known.iter().filter(|event| event.time >= since);
        known
            .filter_map(commit_of)
            .map(|commit| commit.sha.clone())
            .collect()
    }

    /// The first query read pull requests, so that they may be read.
    fn may_read(&self) -> bool {
        self.purse.ask.state.problem(&Part::Marks).is_none()
    }

    /// Remembers since when pull requests are owed.
    fn owe(&self, out: &mut Collected) {
        let oldest = self.commits.values().map(|event| event.time).min();
        if let Some(oldest) = oldest {
            let since = oldest.to_rfc3339_opts(SecondsFormat::Secs, true);
            out.places.entry(OWED.to_owned()).or_insert(since);
        }
    }

    /// The branch itself, oldest commit first: what every deployed revision reaches by first parents.
    fn first_parents(&self) -> Vec<String> {
        let mut chain = Vec::new();
        let mut seen = BTreeSet::new();
        for head in &self.heads {
            let mut part = Vec::new();
            let mut at = Some(head);
            while let Some(sha) = at.filter(|sha| !self.context.contains(*sha)) {
                let Some(commit) = self.commits.get(sha).and_then(commit_of) else {
                    break;
                };
                if !seen.insert(sha) {
                    break;
                }
                part.push(sha.clone());
                at = commit.parents.first();
            }
            chain.extend(part.into_iter().rev());
        }
        chain
    }

    async fn ask_for(&mut self, mut shas: Vec<String>, out: &mut Collected) {
        let mut size = MOST_LINKS;
        shas.reverse();
        while !self.pulled {
            let mut batch = Vec::new();
            while batch.len() < size
                && let Some(sha) = shas.pop()
            {
                if !self.pull_of.contains_key(&sha) && !self.asked.contains(&sha) {
                    batch.push(sha);
                }
            }
            if batch.is_empty() {
                return;
            }
            if self.purse.left() == 0 {
                out.note(Note::truncated("older pull requests", &self.purse.ask));
                out.more = true;
                self.pulled = true;
                return;
            }
            match self.read_pulls(&batch).await {
                Ok(found) => {
                    self.take_pulls(&found.whole);
                    for (sha, pulls) in found.links {
                        self.link(&sha, &pulls);
                    }
                    self.asked.extend(batch);
                }
                Err(GitHubError::Server { .. } | GitHubError::TimedOut) if size > A_SMALL_QUERY => {
                    size = A_SMALL_QUERY;
                    shas.extend(batch.into_iter().rev());
                }
                Err(error) => {
                    out.note(Note::of("pull requests", &error));
                    self.pulled = true;
                    // What is not permitted is asked again once it is; the rest is, by the next run.
                    if matches!(error, GitHubError::Forbidden { .. }) {
                        self.asked.extend(self.commits.keys().cloned());
                        self.owe(out);
                    } else {
                        out.more = true;
                    }
                }
            }
        }
    }

    /// Few commits bring their pull requests with them. Of many, it is first asked which pull requests they are, and
    /// only those that nobody knows are read whole: an hour's points are few, and most of them are known.
    async fn read_pulls(&self, batch: &[String]) -> Result<Linked, GitHubError> {
        let ask = &self.purse.ask;
        let fields = if ask.config.tells_services_by_path() {
            PullFields::WithPaths
        } else {
            PullFields::Whole
        };
        let (client, budget) = (ask.client, ask.budget);
        if batch.len() <= MOST_WHOLE {
            let links = client.pulls_of_commits(batch, fields, budget).await?;
            let whole = links.values().flatten().cloned().collect();
            return Ok(Linked { links, whole });
        }
        let links = client
            .pulls_of_commits(batch, PullFields::Link, budget)
            .await?;
        let new = links.values().flatten().filter(|node| {
            self.is_on_the_way(node) && number(node).is_some_and(|n| !self.has_pull(n))
        });
        let ids: BTreeSet<&str> = new.filter_map(|node| node["id"].as_str()).collect();
        let ids: Vec<String> = ids.into_iter().map(str::to_owned).collect();
        let mut whole = Vec::new();
        for ids in ids.chunks(MOST_IDS) {
            whole.extend(client.pulls_by_id(ids, fields, budget).await?);
        }
        Ok(Linked { links, whole })
    }

    /// Merged, and the merge is on the way to production.
    fn is_on_the_way(&self, node: &Value) -> bool {
        let merge = node["mergeCommit"]["oid"].as_str();
        node["mergedAt"].is_string() && merge.is_none_or(|sha| self.is_known(sha))
    }

    fn has_pull(&self, number: u64) -> bool {
        let known = self.purse.ask.known;
        self.pulls.contains_key(&number) || known.get("pull", &format!("pr:{number}")).is_some()
    }

    fn take_pulls(&mut self, nodes: &[Value]) {
        for node in nodes {
            if let Ok(Some(event)) = github_pull::from_graphql(node)
                && let Fact::Pull(pull) = &event.fact
                && self.is_on_the_way(node)
            {
                for own in pull.merge_sha.iter().chain(&pull.commits) {
                    self.pull_of.entry(own.clone()).or_insert(pull.number);
                }
                self.pulls.insert(pull.number, event);
            }
        }
    }

    /// Which of its pull requests brought this commit: the one that it merged, else one to the default branch.
    fn link(&mut self, sha: &str, nodes: &[Value]) {
        let default = self.purse.ask.state.default_branch.as_deref();
        let best = nodes
            .iter()
            .filter(|node| self.is_on_the_way(node))
            .filter_map(|node| {
                let number = number(node).filter(|n| self.has_pull(*n))?;
                let merged_here = node["mergeCommit"]["oid"].as_str() == Some(sha);
                let to_default = default.is_some() && node["baseRefName"].as_str() == default;
                Some((2 * u8::from(merged_here) + u8::from(to_default), number))
            })
            .max();
        if let Some((_, number)) = best {
            self.pull_of.insert(sha.to_owned(), number);
        }
    }

    pub(super) fn is_settled(&self, sha: &str) -> bool {
        !self.pulled || self.asked.contains(sha) || self.pull_of.contains_key(sha)
    }
}

fn number(node: &Value) -> Option<u64> {
    node["number"].as_u64()
}
