//! The commit graph, as far as it is known: who is whose ancestor, and which pull request brought what in.

use std::collections::HashMap;

use crate::event::{Commit, Events, Fact, Instant, Pull, Range};

/// A commit's place in the graph.
pub(super) type Node = u32;

/// Known commits by dense number.
pub(super) struct Graph<'e> {
    numbers: HashMap<&'e str, Node>,
    commits: Vec<&'e Commit>,
    times: Vec<Instant>,
    parents: Vec<Vec<Node>>,
    ranges: Vec<&'e Range>,
}

impl<'e> Graph<'e> {
    /// Every commit among the events.
    pub(super) fn of(events: &'e Events) -> Self {
        let mut graph = Self {
            numbers: HashMap::new(),
            commits: Vec::new(),
            times: Vec::new(),
            parents: Vec::new(),
            ranges: Vec::new(),
        };
        for event in events.iter() {
            if let Fact::Commit(commit) = &event.fact {
                let number = Node::try_from(graph.commits.len()).unwrap_or(Node::MAX);
                graph.numbers.insert(&commit.sha, number);
                graph.commits.push(commit);
                graph.times.push(event.time);
            } else if let Fact::Range(range) = &event.fact {
                graph.ranges.push(range);
            }
        }
        graph.parents = graph
            .commits
            .iter()
            .map(|c| c.parents.iter().filter_map(|p| graph.find(p)).collect())
            .collect();
        graph
    }

    /// The node of a full revision.
    pub(super) fn find(&self, sha: &str) -> Option<Node> {
        self.numbers.get(sha).copied()
    }

    /// The commit of a full or abbreviated revision, when exactly one fits.
    pub(super) fn resolve(&self, sha: &str) -> Option<Node> {
        self.find(sha).or_else(|| {
            let mut found = self
                .numbers
                .iter()
                .filter(|(full, _)| full.starts_with(sha));
            match (found.next(), found.next()) {
                (Some((_, node)), None) if sha.len() >= 7 => Some(*node),
                _ => None,
            }
        })
    }

    /// Number of nodes.
    pub(super) fn len(&self) -> usize {
        self.commits.len()
    }

    /// The commit of a node.
    pub(super) fn commit(&self, node: Node) -> &'e Commit {
        self.commits[node as usize]
    }

    /// Its committer date.
    pub(super) fn time(&self, node: Node) -> Instant {
        self.times[node as usize]
    }

    /// Commits declared to lie in `old..new`.
    pub(super) fn range(&self, old: &str, new: &str) -> Vec<Node> {
        self.ranges
            .iter()
            .filter(|r| r.old == old && r.new == new)
            .filter_map(|r| self.find(&r.commit))
            .collect()
    }

    /// Whether commits are declared to lie in `old..new`.
    pub(super) fn has_range(&self, old: &str, new: &str) -> bool {
        self.ranges.iter().any(|r| r.old == old && r.new == new)
    }

    /// Commits reachable from `from` that are not marked yet; marks them. In a fixed order.
    pub(super) fn take_new(&self, from: Node, marked: &mut [bool]) -> Vec<Node> {
        let mut found = Vec::new();
        let mut stack = vec![from];
        while let Some(node) = stack.pop() {
            if std::mem::replace(&mut marked[node as usize], true) {
                continue;
            }
            found.push(node);
            stack.extend(&self.parents[node as usize]);
        }
        found
    }

    /// Whether `old` is a strict ancestor of `new`.
    pub(super) fn is_ancestor(&self, old: Node, new: Node) -> bool {
        if old == new {
            return false;
        }
        let mut marked = vec![false; self.len()];
        let mut stack = vec![new];
        while let Some(node) = stack.pop() {
            if node == old {
                return true;
            }
            if !std::mem::replace(&mut marked[node as usize], true) {
                stack.extend(&self.parents[node as usize]);
            }
        }
        false
    }

    /// The pull request that brought each commit in. What a source says beats what the graph suggests:
    /// the second-parent side of a pull request's merge belongs to it.
    pub(super) fn pull_of_each(
        &self,
        pulls: &std::collections::BTreeMap<u64, &Pull>,
        tips: &[Node],
    ) -> Vec<Option<u64>> {
        let mut said: Vec<Option<u64>> = self.commits.iter().map(|c| c.pull).collect();
        for (number, pull) in pulls {
            let own = pull.commits.iter().chain(&pull.merge_sha);
            for node in own.filter_map(|sha| self.find(sha)) {
                said[node as usize].get_or_insert(*number);
            }
        }
        let mut owner = said.clone();
        let mut done = vec![false; self.len()];
        for tip in tips {
            for node in self.mainline(*tip, &done) {
                done[node as usize] = true;
                if let Some(number) = said[node as usize] {
                    self.claim_sides(node, number, &said, &mut owner, &mut done);
                }
            }
        }
        owner
    }

    /// The first-parent chain below a tip, down to what is done, oldest first.
    fn mainline(&self, tip: Node, done: &[bool]) -> Vec<Node> {
        let mut chain = Vec::new();
        let mut at = Some(tip);
        while let Some(node) = at.filter(|n| !done[*n as usize]) {
            chain.push(node);
            // An unknown first parent ends the chain even when a second one is known.
            let first = self.commits[node as usize].parents.first();
            at = first.and_then(|sha| self.find(sha));
            if chain.len() > self.len() {
                break;
            }
        }
        chain.reverse();
        chain
    }

    fn claim_sides(
        &self,
        merge: Node,
        number: u64,
        said: &[Option<u64>],
        owner: &mut [Option<u64>],
        done: &mut [bool],
    ) {
        let mut work: Vec<(Node, u64)> = self.sides(merge).map(|n| (n, number)).collect();
        while let Some((node, for_pull)) = work.pop() {
            if std::mem::replace(&mut done[node as usize], true) {
                continue;
            }
            let own = said[node as usize].unwrap_or(for_pull);
            owner[node as usize] = Some(own);
            let first = self.commits[node as usize].parents.first();
            work.extend(self.sides(node).map(|n| (n, own)));
            work.extend(first.and_then(|sha| self.find(sha)).map(|n| (n, for_pull)));
        }
    }

    /// Known parents but the first.
    fn sides(&self, node: Node) -> impl Iterator<Item = Node> + '_ {
        self.commits[node as usize]
            .parents
            .iter()
            .skip(1)
            .filter_map(|sha| self.find(sha))
    }
}
