//! GitHub as plain data: one repository, and what its token may do.

use std::collections::{BTreeMap, BTreeSet};

use chrono::{DateTime, SecondsFormat, Utc};
use serde_json::Value;

use super::git::{Actor, Commit, Files, Git, commit_id};

/// The login that the job's token acts as.
pub(crate) const VIEWER: &str = "github-actions[bot]";
/// Node id of the repository.
pub(crate) const REPOSITORY: &str = "R_kwDOworld";

/// One state of a deployment.
#[derive(Debug, Clone)]
pub(crate) struct Status {
    pub(crate) state: String,
    pub(crate) created_at: DateTime<Utc>,
    pub(crate) log_url: Option<String>,
}

/// A deployment.
#[derive(Debug, Clone)]
pub(crate) struct Deployment {
    pub(crate) id: String,
    pub(crate) environment: String,
    pub(crate) sha: String,
    pub(crate) created_at: DateTime<Utc>,
    pub(crate) payload: Value,
    pub(crate) log_url: Option<String>,
    /// Oldest first, as the story tells them.
    pub(crate) statuses: Vec<Status>,
}

/// A review of a pull request.
#[derive(Debug, Clone)]
pub(crate) struct Review {
    pub(crate) author: Actor,
    pub(crate) state: String,
    pub(crate) submitted_at: DateTime<Utc>,
}

/// A pull request.
#[derive(Debug, Clone)]
pub(crate) struct Pull {
    pub(crate) id: String,
    pub(crate) number: u64,
    pub(crate) title: String,
    pub(crate) body: String,
    pub(crate) branch: String,
    pub(crate) base: String,
    pub(crate) author: Actor,
    pub(crate) created_at: DateTime<Utc>,
    pub(crate) merged_at: Option<DateTime<Utc>>,
    pub(crate) merge_commit: Option<String>,
    pub(crate) commits: Vec<String>,
    /// Commits of the default branch that it became, besides its own.
    pub(crate) landed: Vec<String>,
    pub(crate) labels: Vec<String>,
    /// When a label was put on.
    pub(crate) labelled: Vec<(String, DateTime<Utc>)>,
    pub(crate) reviews: Vec<Review>,
    /// Type of the event, such as `ReadyForReviewEvent`, and its moment.
    pub(crate) timeline: Vec<(&'static str, DateTime<Utc>)>,
    pub(crate) additions: u64,
    pub(crate) deletions: u64,
    pub(crate) changed_files: u64,
    pub(crate) paths: Vec<String>,
    pub(crate) locked: bool,
}

impl Pull {
    /// When it was last touched.
    pub(crate) fn updated_at(&self, comments: &[Comment]) -> DateTime<Utc> {
        let merged = self.merged_at.into_iter();
        let labelled = self.labelled.iter().map(|(_, at)| *at);
        let said = comments.iter().map(|c| c.created_at);
        let all = merged.chain(labelled).chain(said);
        all.max().unwrap_or(self.created_at)
    }
}

/// An issue.
#[derive(Debug, Clone)]
pub(crate) struct Issue {
    pub(crate) number: u64,
    /// Login of who opened it.
    pub(crate) author: String,
    pub(crate) title: String,
    pub(crate) body: String,
    pub(crate) labels: Vec<String>,
    pub(crate) created_at: DateTime<Utc>,
    pub(crate) updated_at: DateTime<Utc>,
    pub(crate) closed_at: Option<DateTime<Utc>>,
    /// As GraphQL says it, such as `NOT_PLANNED`.
    pub(crate) reason: Option<&'static str>,
    /// The pull request that closed it last.
    pub(crate) closer: Option<u64>,
}

impl Issue {
    pub(crate) fn id(&self) -> String {
        format!("I_kwDOworld{:05}", self.number)
    }

    pub(crate) fn url(&self) -> String {
        format!("https://github.com/acme/shop/issues/{}", self.number)
    }
}

/// A comment on a pull request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Comment {
    pub(crate) id: String,
    pub(crate) pull: u64,
    pub(crate) author: String,
    pub(crate) body: String,
    pub(crate) minimized: bool,
    pub(crate) created_at: DateTime<Utc>,
    /// As GraphQL says it, such as `MEMBER`.
    pub(crate) association: &'static str,
    /// How often its text was replaced.
    pub(crate) edits: u32,
}

/// A workflow run and the jobs of all its attempts.
#[derive(Debug, Clone)]
pub(crate) struct Run {
    pub(crate) id: u64,
    pub(crate) file: String,
    pub(crate) created_at: DateTime<Utc>,
    /// As REST gives it.
    pub(crate) body: Value,
    pub(crate) jobs: Vec<Value>,
}

/// A release of a tag.
#[derive(Debug, Clone)]
pub(crate) struct Release {
    pub(crate) tag: String,
    pub(crate) published_at: DateTime<Utc>,
    pub(crate) draft: bool,
    pub(crate) prerelease: bool,
}

/// What is left of the hour.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Rate {
    pub(crate) limit: u64,
    pub(crate) rest: u64,
    pub(crate) graph: u64,
}

/// How an answer of REST lacks a key.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Lack {
    Absent,
    Null,
    /// It is a route that does not exist.
    Route,
}

/// The whole of GitHub.
#[derive(Debug, Clone)]
pub(crate) struct GitHub {
    pub(crate) owner: String,
    pub(crate) name: String,
    pub(crate) private: bool,
    pub(crate) default_branch: String,
    pub(crate) now: DateTime<Utc>,
    pub(crate) token: String,
    pub(crate) git: Git,
    /// Files of the default branch before its first commit.
    pub(crate) first_files: Files,
    pub(crate) deployments: Vec<Deployment>,
    pub(crate) pulls: BTreeMap<u64, Pull>,
    pub(crate) issues: BTreeMap<u64, Issue>,
    pub(crate) comments: Vec<Comment>,
    pub(crate) runs: Vec<Run>,
    pub(crate) releases: Vec<Release>,
    /// As REST gives them.
    pub(crate) environments: Vec<Value>,
    /// `contents: write` as a workflow writes it; write includes read.
    pub(crate) permissions: BTreeSet<String>,
    /// Branches that a ruleset protects.
    pub(crate) ruled: BTreeSet<String>,
    /// Absent on servers without limits.
    pub(crate) rate: Option<Rate>,
    /// A forbidden field that the schema says is never null takes its parent with it, as the specification demands.
    pub(crate) strict_nulls: bool,
    /// Fields and types of GraphQL that this server is too old for, such as `Issue.stateReason`.
    pub(crate) graph_lacks: BTreeSet<String>,
    /// Fields of GraphQL that were asked for.
    pub(crate) graph_asked: BTreeSet<String>,
    /// Keys that no answer of REST has, or has as null.
    pub(crate) rest_lacks: Option<(String, Lack)>,
    /// Keys that answers of REST had.
    pub(crate) rest_keys: BTreeSet<String>,
    /// `https://github.com`, or the enterprise server.
    pub(crate) site: String,
}

impl GitHub {
    pub(crate) fn new(site: &str) -> Self {
        let permissions = [
            "actions: read",
            "contents: write",
            "deployments: read",
            "issues: read",
            "pull-requests: write",
        ];
        Self {
            owner: "acme".to_owned(),
            name: "shop".to_owned(),
            private: false,
            default_branch: "main".to_owned(),
            now: moment("2026-03-02T10:00:00Z"),
            token: "ghs_thisIsTheTokenOfTheWorldOfTheTests".to_owned(),
            git: Git::default(),
            first_files: Files::new(),
            deployments: Vec::new(),
            pulls: BTreeMap::new(),
            issues: BTreeMap::new(),
            comments: Vec::new(),
            runs: Vec::new(),
            environments: Vec::new(),
            releases: Vec::new(),
            permissions: permissions.map(str::to_owned).into(),
            ruled: BTreeSet::new(),
            rate: Some(Rate {
                limit: 1000,
                rest: 1000,
                graph: 1000,
            }),
            strict_nulls: true,
            graph_lacks: BTreeSet::new(),
            graph_asked: BTreeSet::new(),
            rest_lacks: None,
            rest_keys: BTreeSet::new(),
            site: site.to_owned(),
        }
    }

    pub(crate) fn slug(&self) -> String {
        format!("{}/{}", self.owner, self.name)
    }

    /// Whether the token may do this, such as `contents`, `write`.
    pub(crate) fn permits(&self, scope: &str, level: &str) -> bool {
        self.permissions.contains(&format!("{scope}: write"))
            || self.permissions.contains(&format!("{scope}: {level}"))
    }

    pub(crate) fn default_ref(&self) -> String {
        format!("refs/heads/{}", self.default_branch)
    }

    /// Head of a branch.
    pub(crate) fn head(&self, branch: &str) -> Option<String> {
        let head = self.git.head(&format!("refs/heads/{branch}"), false);
        head.map(str::to_owned)
    }

    /// Makes a commit on top of `parents` and moves the branch there.
    pub(crate) fn commit_files(
        &mut self,
        branch: &str,
        parents: Vec<String>,
        files: Files,
        message: &str,
    ) -> String {
        let sha = self.write_commit(parents, files, message);
        self.git
            .point(&format!("refs/heads/{branch}"), Some(sha.clone()));
        sha
    }

    /// Makes a commit that no branch has yet.
    pub(crate) fn write_commit(
        &mut self,
        parents: Vec<String>,
        files: Files,
        message: &str,
    ) -> String {
        let sha = commit_id(&files, &parents, message, self.now);
        self.git.add(Commit {
            sha: sha.clone(),
            parents,
            author: Actor(VIEWER.to_owned()),
            authored_at: self.now,
            committed_at: self.now,
            message: message.to_owned(),
            files,
        });
        sha
    }

    /// The files of a branch as text.
    pub(crate) fn branch_files(&self, branch: &str) -> BTreeMap<String, String> {
        let head = self.head(branch);
        let commit = head.and_then(|sha| self.git.commit(&sha));
        let files = commit.into_iter().flat_map(|commit| &commit.files);
        files
            .map(|(path, blob)| (path.clone(), blob.text()))
            .collect()
    }

    /// The commits of a branch, oldest first.
    pub(crate) fn branch_commits(&self, branch: &str) -> Vec<Commit> {
        let head = self.head(branch).unwrap_or_default();
        self.git.first_parents(&head).into_iter().cloned().collect()
    }

    pub(crate) fn add_comment(&mut self, pull: u64, author: &str, body: &str) -> String {
        let id = format!("IC_kwDOworld{:05}", self.comments.len() + 1);
        self.comments.push(Comment {
            id: id.clone(),
            pull,
            author: author.to_owned(),
            body: body.to_owned(),
            minimized: false,
            created_at: self.now,
            association: "NONE",
            edits: 0,
        });
        id
    }

    /// Bodies of the comments on a pull request, oldest first.
    pub(crate) fn comments_on(&self, pull: u64) -> Vec<Comment> {
        let on = |c: &&Comment| c.pull == pull;
        self.comments.iter().filter(on).cloned().collect()
    }
}

/// A moment, as stories write it.
pub(crate) fn moment(text: &str) -> DateTime<Utc> {
    let parsed = DateTime::parse_from_rfc3339(text);
    let parsed = parsed.unwrap_or_else(|e| panic!("`{text}` is no moment of RFC 3339: {e}"));
    parsed.to_utc()
}

/// A moment, as GitHub writes it.
pub(crate) fn iso(at: DateTime<Utc>) -> String {
    at.to_rfc3339_opts(SecondsFormat::Secs, true)
}
