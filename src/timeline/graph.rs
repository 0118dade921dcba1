//! The commit graph, as far as it is known: who is whose ancestor, and which pull request brought what in.

use std::collections::{HashMap, HashSet};

use crate::event::{Commit, Events, Fact, Instant, Pull, Range};

/// A commit's place in the graph.
pub(super) type Node = u32;

/// Known commits by dense number.
pub(super) struct Graph<'e> {
    numbers: HashMap<&'e str, Node>,
    /// By revision, for abbreviated ones.
    sorted: Vec<(&'e str, Node)>,
    commits: Vec<&'e Commit>,
    times: Vec<Instant>,
    parents: Vec<Vec<Node>>,
    /// Longest way down to a root: an ancestor's is always less. [`CYCLE`] on a cycle and above it.
    heights: Vec<u32>,
    ranges: HashMap<(&'e str, &'e str), Vec<&'e str>>,
}

/// The height of what has none: broken sources can name a descendant as a parent.
const CYCLE: u32 = u32::MAX;

impl<'e> Graph<'e> {
    /// Every commit among the events.
    pub(super) fn of(events: &'e Events) -> Self {
        let mut graph = Self {
            numbers: HashMap::new(),
            sorted: Vec::new(),
            commits: Vec::new(),
            times: Vec::new(),
            parents: Vec::new(),
            heights: Vec::new(),
            ranges: HashMap::new(),
        };
        for event in events.iter() {
            if let Fact::Commit(commit) = &event.fact {
                let number = Node::try_from(graph.commits.len()).unwrap_or(Node::MAX);
                graph.numbers.insert(&commit.sha, number);
                graph.commits.push(commit);
                graph.times.push(event.time);
            } else if let Fact::Range(Range { old, new, commit }) = &event.fact {
                graph.ranges.entry((old, new)).or_default().push(commit);
            }
        }
        graph.sorted = graph.numbers.iter().map(|(sha, n)| (*sha, *n)).collect();
        graph.sorted.sort_unstable();
        graph.parents = graph
            .commits
            .iter()
            .map(|c| c.parents.iter().filter_map(|p| graph.find(p)).collect())
            .collect();
        graph.heights = heights(&graph.parents);
        graph
    }

    /// The node of a full revision.
    pub(super) fn find(&self, sha: &str) -> Option<Node> {
        self.numbers.get(sha).copied()
    }

    /// The commit of a full or abbreviated revision, when exactly one fits.
    pub(super) fn resolve(&self, sha: &str) -> Option<Node> {
        self.find(sha).or_else(|| {
            let from = self.sorted.partition_point(|(full, _)| *full < sha);
            let mut found = self.sorted[from..]
                .iter()
                .take_while(|(full, _)| full.starts_with(sha));
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

    /// Revisions declared to lie in `old..new`; `None` where nothing is declared.
    pub(super) fn range(&self, old: &str, new: &str) -> Option<Vec<String>> {
        let declared = self.ranges.get(&(old, new))?;
        Some(declared.iter().map(|sha| (*sha).to_owned()).collect())
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

    /// Whether `old` is a strict ancestor of `new`. Looks only at what is higher up than `old`.
    pub(super) fn is_ancestor(&self, old: Node, new: Node) -> bool {
        if old == new {
            return false;
        }
        let floor = self.heights[old as usize];
        let mut seen = HashSet::new();
        let mut stack = vec![new];
        while let Some(node) = stack.pop() {
            if node == old {
                return true;
            }
            // Below a cycle there may be anything, above one nothing that has a height.
            let height = self.heights[node as usize];
            if (height == CYCLE || height > floor) && seen.insert(node) {
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

/// Longest ways down to a root.
fn heights(parents: &[Vec<Node>]) -> Vec<u32> {
    let mut children: Vec<Vec<Node>> = vec![Vec::new(); parents.len()];
    let mut missing: Vec<usize> = parents.iter().map(Vec::len).collect();
    let mut ready = Vec::new();
    for (node, own) in (0..).zip(parents) {
        for parent in own {
            children[*parent as usize].push(node);
        }
        if own.is_empty() {
            ready.push(node);
        }
    }
    let mut heights = vec![CYCLE; parents.len()];
    while let Some(node) = ready.pop() {
        let below = parents[node as usize].iter();
        heights[node as usize] = below
            .map(|p| heights[*p as usize].saturating_add(1))
            .max()
            .unwrap_or(0);
        for child in &children[node as usize] {
            missing[*child as usize] -= 1;
            if missing[*child as usize] == 0 {
                ready.push(*child);
            }
        }
    }
    heights
}
