//! Git as plain data: commits with their files, refs with their past, blobs and trees by id.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::{self, Write as _};
use std::sync::Arc;

use chrono::{DateTime, Utc};
use sha2::{Digest as _, Sha256};

/// Files of a commit by path.
pub(crate) type Files = BTreeMap<String, Blob>;

/// The content of a file.
#[derive(Clone, PartialEq, Eq)]
pub(crate) struct Blob {
    pub(crate) oid: String,
    pub(crate) bytes: Arc<[u8]>,
}

impl fmt::Debug for Blob {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} of {} bytes", self.oid, self.bytes.len())
    }
}

impl Blob {
    pub(crate) fn new(bytes: &[u8]) -> Self {
        Self {
            oid: object_id(&[b"blob", bytes]),
            bytes: bytes.into(),
        }
    }

    pub(crate) fn text(&self) -> String {
        String::from_utf8_lossy(&self.bytes).into_owned()
    }
}

/// Somebody who commits, opens or reviews. A login that ends in `[bot]` is a bot.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Actor(pub(crate) String);

impl Actor {
    pub(crate) fn is_bot(&self) -> bool {
        self.0.ends_with("[bot]")
    }
}

/// One commit and all of its files.
#[derive(Debug, Clone)]
pub(crate) struct Commit {
    pub(crate) sha: String,
    pub(crate) parents: Vec<String>,
    pub(crate) author: Actor,
    pub(crate) authored_at: DateTime<Utc>,
    pub(crate) committed_at: DateTime<Utc>,
    pub(crate) message: String,
    pub(crate) files: Files,
}

/// All objects, and the refs.
#[derive(Debug, Clone, Default)]
pub(crate) struct Git {
    /// In the order they were made, so parents stand before their children.
    commits: Vec<Commit>,
    place: BTreeMap<String, usize>,
    /// Every value a ref ever had; `None` where it was deleted.
    reflog: BTreeMap<String, Vec<Option<String>>>,
    trees: BTreeMap<String, Files>,
    blobs: BTreeMap<String, Blob>,
}

/// What lies between two commits.
pub(crate) struct Between<'g> {
    pub(crate) status: &'static str,
    pub(crate) ahead: Vec<&'g Commit>,
    pub(crate) behind: usize,
    pub(crate) merge_base: &'g Commit,
}

impl Git {
    pub(crate) fn add(&mut self, commit: Commit) {
        for parent in &commit.parents {
            assert!(
                self.commit(parent).is_some(),
                "parent {parent} is no commit"
            );
        }
        for blob in commit.files.values() {
            self.blobs.insert(blob.oid.clone(), blob.clone());
        }
        if self.place.contains_key(&commit.sha) {
            return;
        }
        self.place.insert(commit.sha.clone(), self.commits.len());
        self.commits.push(commit);
    }

    pub(crate) fn commit(&self, sha: &str) -> Option<&Commit> {
        self.place.get(sha).map(|n| &self.commits[*n])
    }

    pub(crate) fn blob(&self, oid: &str) -> Option<&Blob> {
        self.blobs.get(oid)
    }

    /// Puts a file into a commit that is there already.
    pub(crate) fn amend(&mut self, sha: &str, path: &str, blob: Blob) {
        self.blobs.insert(blob.oid.clone(), blob.clone());
        let n = self.place[sha];
        self.commits[n].files.insert(path.to_owned(), blob);
    }

    /// Keeps files as a tree without a commit and returns its id.
    pub(crate) fn add_tree(&mut self, files: Files) -> String {
        let oid = tree_id(&files);
        for blob in files.values() {
            self.blobs.insert(blob.oid.clone(), blob.clone());
        }
        self.trees.insert(oid.clone(), files);
        oid
    }

    pub(crate) fn tree(&self, oid: &str) -> Option<&Files> {
        self.trees.get(oid)
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.reflog
            .values()
            .all(|past| matches!(past.last(), None | Some(None)))
    }

    /// Where a ref points; a stale read sees the value before the last change.
    pub(crate) fn head(&self, full_name: &str, stale: bool) -> Option<&str> {
        let past = self.reflog.get(full_name)?;
        let n = past.len().checked_sub(1 + usize::from(stale))?;
        past[n].as_deref()
    }

    pub(crate) fn point(&mut self, full_name: &str, to: Option<String>) {
        let past = self.reflog.entry(full_name.to_owned()).or_default();
        past.push(to);
    }

    /// Refs below a prefix and where they point, by name.
    pub(crate) fn refs(&self, prefix: &str) -> Vec<(String, String)> {
        let below = self
            .reflog
            .iter()
            .filter(|(name, _)| name.starts_with(prefix));
        below
            .filter_map(|(name, past)| Some((name.clone(), past.last()?.clone()?)))
            .collect()
    }

    /// A commit and all of its ancestors, newest first; where a path is given, those that changed it.
    pub(crate) fn history(&self, sha: &str, path: Option<&str>) -> Vec<&Commit> {
        let mut found: Vec<usize> = self.ancestors(sha).into_iter().collect();
        found.sort_by_key(|n| std::cmp::Reverse((self.commits[*n].committed_at, *n)));
        let commits = found.into_iter().map(|n| &self.commits[n]);
        let changed = |commit: &&Commit| {
            let parent = commit.parents.first().and_then(|sha| self.commit(sha));
            path.is_none_or(|path| {
                commit.files.get(path) != parent.and_then(|parent| parent.files.get(path))
            })
        };
        commits.filter(changed).collect()
    }

    /// A commit by branch name, tag name or id.
    pub(crate) fn resolve(&self, revision: &str) -> Option<&Commit> {
        let names = ["refs/heads/", "refs/tags/", ""].map(|prefix| format!("{prefix}{revision}"));
        let mut refs = names.iter().filter_map(|name| self.head(name, false));
        self.commit(refs.next().unwrap_or(revision))
    }

    /// A branch's commits along first parents, oldest first.
    pub(crate) fn first_parents(&self, head: &str) -> Vec<&Commit> {
        let mut chain = Vec::new();
        let mut at = self.commit(head);
        while let Some(commit) = at {
            chain.push(commit);
            at = commit.parents.first().and_then(|sha| self.commit(sha));
        }
        chain.reverse();
        chain
    }

    fn ancestors(&self, sha: &str) -> BTreeSet<usize> {
        let mut seen = BTreeSet::new();
        let mut todo = vec![self.place[sha]];
        while let Some(n) = todo.pop() {
            if seen.insert(n) {
                let parents = self.commits[n].parents.iter();
                todo.extend(parents.filter_map(|sha| self.place.get(sha)));
            }
        }
        seen
    }

    /// None where they share no history.
    pub(crate) fn between(&self, base: &str, head: &str) -> Option<Between<'_>> {
        let (old, new) = (self.ancestors(base), self.ancestors(head));
        let merge_base = *old.intersection(&new).max()?;
        let ahead: Vec<&Commit> = new.difference(&old).map(|n| &self.commits[*n]).collect();
        let behind = old.difference(&new).count();
        let status = match (ahead.is_empty(), behind) {
            (true, 0) => "identical",
            (true, _) => "behind",
            (false, 0) => "ahead",
            (false, _) => "diverged",
        };
        Some(Between {
            status,
            ahead,
            behind,
            merge_base: &self.commits[merge_base],
        })
    }
}

/// An id of 40 hexadecimal digits that follows from the content.
pub(crate) fn object_id(parts: &[&[u8]]) -> String {
    let mut hash = Sha256::new();
    for part in parts {
        hash.update((part.len() as u64).to_be_bytes());
        hash.update(part);
    }
    let mut text = String::new();
    for byte in hash.finalize().iter().take(20) {
        let _ = write!(text, "{byte:02x}");
    }
    text
}

/// The commit id of a story's name for it; an id stands for itself.
pub(crate) fn sha(label: &str) -> String {
    let is_id = label.len() == 40 && label.bytes().all(|b| b.is_ascii_hexdigit());
    if is_id {
        label.to_owned()
    } else {
        object_id(&[b"label", label.as_bytes()])
    }
}

pub(crate) fn tree_id(files: &Files) -> String {
    let mut parts: Vec<&[u8]> = vec![b"tree"];
    for (path, blob) in files {
        parts.extend([path.as_bytes(), blob.oid.as_bytes()]);
    }
    object_id(&parts)
}

/// The id of a commit that GitHub makes, so that equal commits are equal and others are not.
pub(crate) fn commit_id(
    files: &Files,
    parents: &[String],
    message: &str,
    at: DateTime<Utc>,
) -> String {
    let tree = tree_id(files);
    let date = at.to_rfc3339();
    let mut parts: Vec<&[u8]> = vec![b"commit", tree.as_bytes(), message.as_bytes()];
    parts.push(date.as_bytes());
    parts.extend(parents.iter().map(String::as_bytes));
    object_id(&parts)
}
