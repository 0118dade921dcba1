//! Facts: one thing that happened, with the id that makes it countable once.

use serde::{Deserialize, Serialize};

use super::{Instant, Span, Undoes};

/// One remembered fact. `(kind of fact, id)` names it; a later revision of the same id replaces it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Event {
    /// A fact about the world, never a counter: `dep:…`, `run:…`, `tag:…`, `pr:…`, `inc:…`, `man:…`.
    pub id: String,
    /// When it happened.
    pub time: Instant,
    /// Who says so.
    pub source: Source,
    /// When the source last changed it; decides between two revisions of one id.
    pub updated: Instant,
    /// What happened.
    pub fact: Fact,
}

/// Where an event was read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Source {
    /// GitHub's deployments and their statuses.
    GithubDeployments,
    /// A workflow run or job: the one that called us, or one that the configuration names as the deploy.
    WorkflowRun,
    /// Releases published on GitHub.
    GithubReleases,
    /// The git history of a file that says what is deployed.
    StateFile,
    /// GitHub issues with an incident label.
    GithubIssues,
    /// Labels and comments by which people judge the pull requests of a deployment.
    GithubMarks,
    /// The reviewed file of corrections.
    CorrectionsFile,
    /// Incidents of a status page kept as files.
    StatusPage,
    /// GitHub's commits and pull requests.
    GithubChanges,
    /// Tags of a git clone.
    GitTags,
    /// First-parent commits of the default branch: merge is deploy.
    GitMerges,
    /// Commits of a git clone.
    GitLog,
    /// A history file.
    History,
    /// Written by a person with `fivekeys deploy` or `fivekeys incident`.
    Manual,
}

impl Source {
    /// The name that documents and reports print.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::GithubDeployments => "github-deployments",
            Self::WorkflowRun => "workflow-run",
            Self::GithubReleases => "github-releases",
            Self::StateFile => "state-file",
            Self::GithubIssues => "github-issues",
            Self::GithubMarks => "github-marks",
            Self::CorrectionsFile => "corrections-file",
            Self::StatusPage => "status-page",
            Self::GithubChanges => "github-changes",
            Self::GitTags => "git-tags",
            Self::GitMerges => "git-merges",
            Self::GitLog => "git-log",
            Self::History => "history",
            Self::Manual => "manual",
        }
    }
}

/// Everything that can happen.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum Fact {
    /// Something was sent to an environment, or tried to be.
    #[serde(rename = "deployment")]
    Deployment(Deployment),
    /// A commit exists.
    #[serde(rename = "commit")]
    Commit(Commit),
    /// A pull request was merged.
    #[serde(rename = "pull")]
    Pull(Pull),
    /// A commit lies between two revisions, where the graph itself is not known.
    #[serde(rename = "range")]
    Range(Range),
    /// Users were, or are, affected.
    #[serde(rename = "incident")]
    Incident(Incident),
    /// A person judged a deployment.
    #[serde(rename = "deployment.corrected")]
    DeploymentCorrected(Correction),
    /// An event was a mistake.
    #[serde(rename = "event.retracted")]
    EventRetracted(Retraction),
}

/// How a deployment ended (rule U5). What a status means is decided once, by the adapter that reads it.
#[derive(
    Debug, Clone, Copy, Default, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize,
)]
#[serde(rename_all = "lowercase")]
pub enum Outcome {
    /// Still under way.
    #[default]
    Pending,
    /// Took no effect and was not meant to: cancelled, skipped, superseded before it began.
    Ignored,
    /// Tried and took no effect.
    Failure,
    /// Took effect.
    Success,
}

impl Outcome {
    /// What a status word of GitHub, or of another tool, means; a word that is not known is ignored.
    #[must_use]
    pub fn of_status(word: &str) -> Self {
        Self::read(word).unwrap_or(Self::Ignored)
    }

    /// Whether a status word says that it was stopped.
    #[must_use]
    pub fn is_cancelled(word: &str) -> bool {
        let word = word.trim().to_ascii_lowercase();
        matches!(word.as_str(), "cancelled" | "canceled" | "aborted")
    }

    /// What a status word means, without case; `None` for one that is not known.
    #[must_use]
    pub fn read(word: &str) -> Option<Self> {
        let word: String = word
            .trim()
            .chars()
            .map(|c| if matches!(c, ' ' | '-') { '_' } else { c })
            .flat_map(char::to_lowercase)
            .collect();
        Some(match word.as_str() {
            "success" | "succeeded" | "successful" | "passed" | "done" | "ok" | "complete"
            | "completed" | "finished" | "deployed" | "unstable" | "active" | "inactive"
            | "destroyed" => Self::Success,
            "failure" | "failed" | "fail" | "error" | "errored" | "timed_out" | "timedout"
            | "timeout" | "startup_failure" | "terminal" => Self::Failure,
            "pending" | "queued" | "waiting" | "in_progress" | "inprogress" | "requested"
            | "running" | "started" | "created" | "scheduled" => Self::Pending,
            "cancelled" | "canceled" | "skipped" | "neutral" | "stale" | "action_required"
            | "aborted" | "abort" | "stopped" | "manual" | "blocked" | "not_built" | "not_run"
            | "rejected" | "abandoned" | "unknown" | "" => Self::Ignored,
            _ => return None,
        })
    }
}

/// A deployment, or an attempt at one.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Deployment {
    /// The deployable component; absent where the repository has only one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub service: Option<String>,
    /// Where it runs.
    pub environment: String,
    /// The commit or version that was deployed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub revision: Option<String>,
    /// How it ended.
    pub outcome: Outcome,
    /// When work on it began.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub started_at: Option<Instant>,
    /// When it ended; absent while pending.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub finished_at: Option<Instant>,
    /// Somebody or something stopped it. We ignore that; other tools count it as a failure.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub cancelled: bool,
    /// `finished_at` is the best we have, not what the source says (rule U6).
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub approximate: bool,
    /// The workflow run, so that re-runs and matrix parts fold (rules U2, U3).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub run: Option<String>,
    /// File of the workflow that ran, such as `deploy.yml`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub workflow: Option<String>,
    /// Seconds it waited for a runner.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub queue_seconds: Option<Span>,
    /// Seconds it waited for somebody's approval.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub approval_seconds: Option<Span>,
    /// Seconds of its environment's wait timer.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub timer_seconds: Option<Span>,
    /// The repository, where one run deploys several.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub repository: Option<String>,
    /// The attempt of that run.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub attempt: Option<u32>,
    /// The source says this environment is production (`Some(true)`), or is not.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub production: Option<bool>,
    /// A preview that will go away: never production.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub transient: bool,
    /// Labels that say what kind of deployment it is, such as `hotfix`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub labels: Vec<String>,
    /// The changes that this deployment delivered first, where its source declares them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub changes: Option<Vec<DeclaredChange>>,
    /// Numbers of the pull requests it delivered first, where its source declares them.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub pulls: Vec<u64>,
    /// A page about it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub url: Option<String>,
}

/// A change named by the deployment that delivered it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct DeclaredChange {
    /// Commit.
    pub sha: String,
    /// When the work on it began, as far as is known.
    pub started_at: Instant,
    /// Written by a bot.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub bot: bool,
}

/// A commit. Its message is never kept, only what the rules need of it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Commit {
    /// Full object id.
    pub sha: String,
    /// Parents, first parent first; more than one makes it a merge.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub parents: Vec<String>,
    /// When it was written; survives squash, rebase and cherry-pick better than the committer date.
    pub authored_at: Instant,
    /// Written by a bot.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub bot: bool,
    /// It carries the sign of an AI agent; absent where nobody looked.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ai: Option<bool>,
    /// The pull request that brought it in.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub pull: Option<u64>,
    /// What it takes back, when it is a revert.
    #[serde(default, skip_serializing_if = "Undoes::is_nothing")]
    pub undoes: Undoes,
    /// A one-way key of its subject, so that `Revert "subject"` finds it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub subject: Option<String>,
    /// Its subject calls it a hotfix.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub hotfix: bool,
    /// Paths it touches, where services are told apart by path.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub paths: Vec<String>,
}

/// A pull request on its way to production.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Pull {
    /// Number in the repository.
    pub number: u64,
    /// Opened.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub created_at: Option<Instant>,
    /// Earliest author date of its own commits.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub first_commit_at: Option<Instant>,
    /// First marked ready for review, when it began as a draft.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ready_at: Option<Instant>,
    /// First review by a person other than its author.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub first_review_at: Option<Instant>,
    /// Last approval before the merge.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub approved_at: Option<Instant>,
    /// Entered the merge queue.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub queued_at: Option<Instant>,
    /// Merged.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub merged_at: Option<Instant>,
    /// The commit on the target branch that the merge made.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub merge_sha: Option<String>,
    /// Last of its own commits: the one that was tested.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub head: Option<String>,
    /// How its last commit was tested.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ci: Option<Ci>,
    /// Rounds of review: how often changes were asked for, and one more when it was reviewed at all.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub review_rounds: Option<u32>,
    /// Paths it touches, at most 100, where services are told apart by path; fewer than `files` where there are more.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub paths: Vec<String>,
    /// Its own commits, before and after a rebase.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub commits: Vec<String>,
    /// Opened by a bot.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub bot: bool,
    /// It carries the sign of an AI agent; absent where nobody looked.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ai: Option<bool>,
    /// Lines added and deleted together.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub lines: Option<u64>,
    /// Files touched.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub files: Option<u64>,
    /// Labels.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub labels: Vec<String>,
    /// What it takes back, when it is a revert.
    #[serde(default, skip_serializing_if = "Undoes::is_nothing")]
    pub undoes: Undoes,
    /// A one-way key of its title.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub subject: Option<String>,
    /// Its branch or title calls it a hotfix.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub hotfix: bool,
    /// The deployment that delivered it, where the source knows.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub deployment: Option<String>,
    /// Its repository, where a history holds several.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub repository: Option<String>,
    /// The node id that comments are written to.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub node: Option<String>,
}

/// The workflow runs of a pull request's last commit.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Ci {
    /// From the first of them created to the last of them completed, of those that were not run again.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub run_seconds: Option<Span>,
    /// Longest wait of a job for a runner.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub queue_seconds: Option<Span>,
    /// Runs.
    pub runs: u32,
    /// Of them, those that passed when they were only run again.
    #[serde(default)]
    pub flaky: u32,
}

/// `commit` is in `old..new`, said by a source that has no graph.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Range {
    /// Excluded revision.
    pub old: String,
    /// Included revision.
    pub new: String,
    /// The commit.
    pub commit: String,
}

/// An incident: users were affected.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Incident {
    /// Opened.
    pub opened_at: Instant,
    /// Resolved; absent while it is open.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub resolved_at: Option<Instant>,
    /// The service it hurts, when it names one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub service: Option<String>,
    /// What it says caused it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub causes: Vec<Cause>,
    /// The deployment that fixed it; or `#12` or a commit, for the first deployment after it opened that delivered it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub fixed_by: Option<String>,
    /// A title that a person gave to `fivekeys incident open`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub title: Option<String>,
}

/// What an incident names as its cause (rule CF1).
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Cause {
    /// A deployment, as it is named: an id, a run or a page.
    Deployment(String),
    /// A commit.
    Commit(String),
    /// A pull request.
    Pull(u64),
}

/// A judgement by a person. Nothing beats it (rule CF1).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Correction {
    /// The deployment judged, as it was named: an id, a run, a page or a commit. Empty where a pull request names it.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub deployment: String,
    /// The pull request whose first deployment is judged.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub pull: Option<u64>,
    /// It failed, or it did not.
    pub failed: bool,
    /// The deployment that repaired it, as it was named: also `#12` or a commit, for the deployment that delivered it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub fixed_by: Option<String>,
}

/// An event that never should have been written, or is no longer meant.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Retraction {
    /// Its id; empty where the retraction itself was taken back.
    pub event: String,
    /// Why.
    pub why: String,
}

impl Fact {
    /// The first half of an event's name; ids are unique within a kind.
    #[must_use]
    pub fn kind(&self) -> &'static str {
        match self {
            Self::Deployment(_) => "deployment",
            Self::Commit(_) => "commit",
            Self::Pull(_) => "pull",
            Self::Range(_) => "range",
            Self::Incident(_) => "incident",
            Self::DeploymentCorrected(_) => "deployment.corrected",
            Self::EventRetracted(_) => "event.retracted",
        }
    }

    /// The fact, when it is a deployment.
    #[must_use]
    pub fn as_deployment(&self) -> Option<&Deployment> {
        if let Self::Deployment(fact) = self {
            Some(fact)
        } else {
            None
        }
    }

    /// The fact, when it is a commit.
    #[must_use]
    pub fn as_commit(&self) -> Option<&Commit> {
        if let Self::Commit(fact) = self {
            Some(fact)
        } else {
            None
        }
    }

    /// The fact, when it is a pull request.
    #[must_use]
    pub fn as_pull(&self) -> Option<&Pull> {
        if let Self::Pull(fact) = self {
            Some(fact)
        } else {
            None
        }
    }

    /// The fact, when it is an incident.
    #[must_use]
    pub fn as_incident(&self) -> Option<&Incident> {
        if let Self::Incident(fact) = self {
            Some(fact)
        } else {
            None
        }
    }
}
