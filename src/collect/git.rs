//! A clone's history: its commits, the pull requests they merged, and the deployments that tags or merges mark.

mod glance;
mod state;

use std::collections::BTreeSet;
use std::path::Path;

use crate::adapter::{
    GitLogError, LOG_FORMAT, LogEntry, TAG_FORMAT, Tag, Target, changes, merge_deployments,
    read_log, read_tags, tag_deployments,
};
use crate::config::{Config, SourceChoice};
use crate::event::{Event, Fact, Source};
use crate::host::git::{Git, GitError};

pub use glance::{Glance, glance};
#[cfg(any(test, feature = "fuzz"))]
pub(crate) use state::blobs;

/// Most bytes of a log: room for half a million commits.
const LOG_LIMIT: usize = 512 * 1024 * 1024;

/// Most bytes of a list of tags.
const TAGS_LIMIT: usize = 64 * 1024 * 1024;

/// Where a clone has the branch of the action, unless a workflow names another one.
const METRICS_BRANCH: &str = "refs/remotes/*/fivekeys";

/// Tags that a note names when none of them is a deployment.
const NAMED_TAGS: usize = 5;

/// Why there is no history.
#[derive(Debug, thiserror::Error)]
pub enum GitHistoryError {
    /// Git gave no answer.
    #[error(transparent)]
    Git(#[from] GitError),
    /// Git's answer cannot be read.
    #[error("cannot read the output of git")]
    Log(#[from] GitLogError),
}

impl GitHistoryError {
    /// What to do about it.
    #[must_use]
    pub fn help(&self) -> Option<&'static str> {
        match self {
            Self::Git(error) => error.help(),
            Self::Log(_) => None,
        }
    }
}

/// Something a reader must know about the source.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GitNote {
    /// Stable, for machines.
    pub code: &'static str,
    /// For people. May quote tags: text from outside.
    pub text: String,
    /// What would change it.
    pub help: String,
}

/// What a clone tells.
#[derive(Debug, Clone)]
pub struct GitHistory {
    /// Commits, pull requests and deployments.
    pub events: Vec<Event>,
    /// Head of the default branch; `None` in an empty repository.
    pub head: Option<String>,
    /// Its name; `None` where `HEAD` is detached and nothing says.
    pub default_branch: Option<String>,
    /// `owner/name` of the remote `origin`.
    pub repository: Option<String>,
    /// What marks deployments: tags or merges.
    pub source: Source,
    /// What was decided, said aloud.
    pub notes: Vec<GitNote>,
}

/// Reads the clone that a folder belongs to.
///
/// # Errors
/// When the folder is in no repository, the clone is shallow, or git cannot be started or read.
pub fn collect(folder: &Path, config: &Config) -> Result<GitHistory, GitHistoryError> {
    collect_by_steps(folder, config, &|_| {})
}

/// How many steps [`collect_by_steps`] has.
pub const STEPS: usize = 2;

/// The same; says what it does, before each of its [`STEPS`].
///
/// # Errors
/// As [`collect`].
pub fn collect_by_steps(
    folder: &Path,
    config: &Config,
    step: &dyn Fn(&str),
) -> Result<GitHistory, GitHistoryError> {
    let git = Git::open(folder)?;
    if git.is_shallow() {
        return Err(GitError::Shallow.into());
    }
    let branch = git.default_branch()?;
    let head = branch.as_ref().map(|branch| branch.head.clone());
    step("reading tags");
    let tags = tags_of(&git)?;
    let tagged = tag_deployments(&tags, config);
    let (source, mut notes) = choose(config, &tags, !tagged.is_empty());
    notes.extend(measured_on_github(&git)?);
    let (marked, revisions) = if source == Source::StateFile {
        state::collect(&git, head.as_deref(), config, &mut notes)?
    } else if source == Source::GitTags {
        let revisions = tagged.iter().filter_map(revision).map(str::to_owned);
        let revisions = revisions.collect();
        (tagged, revisions)
    } else {
        (Vec::new(), BTreeSet::new())
    };
    let revisions = revisions.iter().map(String::as_str);
    step("reading commits");
    let log = log_of(&git, revisions.chain(head.as_deref()), config)?;
    let mut events = changes(&log, head.as_deref());
    events.extend(if source == Source::GitMerges {
        merge_deployments(&log, head.as_deref())
    } else {
        marked
    });
    Ok(GitHistory {
        events,
        head,
        default_branch: branch.and_then(|branch| branch.name),
        repository: git.repository()?,
        source,
        notes,
    })
}

/// A clone of a repository that the action measures has only a part of what the action knows.
fn measured_on_github(git: &Git) -> Result<Option<GitNote>, GitHistoryError> {
    let found = git.run(
        &["for-each-ref", "--format=%(refname:short)", METRICS_BRANCH],
        TAGS_LIMIT,
    )?;
    let found = String::from_utf8_lossy(&found);
    Ok(found.lines().next().map(|branch| GitNote {
        code: "measured_on_github",
        text: format!("the action measures this repository, and knows more: see `{branch}`"),
        help: format!(
            "run `git worktree add ../metrics {branch}`, then give `--from ledger=../metrics`"
        ),
    }))
}

fn tags_of(git: &Git) -> Result<Vec<Tag>, GitHistoryError> {
    let format = format!("--format={TAG_FORMAT}");
    let bytes = git.run(&["for-each-ref", &format, "refs/tags"], TAGS_LIMIT)?;
    let mut tags = Vec::new();
    for mut tag in read_tags(&bytes)? {
        if let Target::Nested(id) = &tag.target {
            match git.commit(id)? {
                Some(sha) => tag.target = Target::Commit(sha),
                None => continue,
            }
        }
        tags.push(tag);
    }
    Ok(tags)
}

/// State files where there are any, tags if any is a deployment, else merges, unless the configuration decides
/// (rule U1).
fn choose(config: &Config, tags: &[Tag], any_marked: bool) -> (Source, Vec<GitNote>) {
    let choice = config.source;
    let mut notes = Vec::new();
    let (source, read) = match choice {
        SourceChoice::State => (Source::StateFile, "state files"),
        SourceChoice::Tags => (Source::GitTags, "tags"),
        SourceChoice::Merges => (Source::GitMerges, "merges"),
        SourceChoice::Auto
        | SourceChoice::Deployments
        | SourceChoice::Workflows
        | SourceChoice::Releases => match (config.state_files.is_empty(), any_marked) {
            (false, _) => (Source::StateFile, "state files"),
            (true, true) => (Source::GitTags, "tags"),
            (true, false) => (Source::GitMerges, "merges"),
        },
    };
    if matches!(
        choice,
        SourceChoice::Deployments | SourceChoice::Workflows | SourceChoice::Releases
    ) {
        notes.push(GitNote {
            code: "deployments_need_github",
            text: format!(
                "the configured source `{}` is on GitHub and not in a clone: {read} are read instead",
                choice.name(),
            ),
            help: "measure what the action has read, with `--from ledger=FOLDER`, or set `source: tags` or \
                   `source: merges`"
                .to_owned(),
        });
    }
    if source == Source::StateFile {
        return (source, notes);
    }
    if choice != SourceChoice::Merges && !any_marked {
        notes.extend(unmatched(tags));
    }
    if source == Source::GitMerges {
        notes.push(GitNote {
            code: "merge_is_deploy",
            text: "every commit on the default branch counts as a deployment, at the moment it was merged"
                .to_owned(),
            help: "tag what you deploy and set `tags`, or measure GitHub deployments".to_owned(),
        });
    }
    if source == Source::GitTags && tags.is_empty() {
        notes.push(GitNote {
            code: "no_tags",
            text: "the configured source is `tags`, and the clone has none".to_owned(),
            help: "run `git fetch --tags`".to_owned(),
        });
    }
    (source, notes)
}

fn unmatched(tags: &[Tag]) -> Option<GitNote> {
    // The latest say most about today's scheme.
    let mut latest: Vec<&Tag> = tags.iter().collect();
    latest.sort_by(|a, b| b.created_at.cmp(&a.created_at).then(a.name.cmp(&b.name)));
    let named: Vec<&str> = latest
        .iter()
        .take(NAMED_TAGS)
        .map(|tag| tag.name.as_str())
        .collect();
    let more = latest.len() - named.len();
    let rest = if more == 0 {
        String::new()
    } else {
        format!(" and {more} more")
    };
    (!named.is_empty()).then(|| GitNote {
        code: "no_tag_matches",
        text: format!(
            "no tag is a deployment by the pattern in force: {}{rest}",
            named.join(", ")
        ),
        help: "set `tags` to a regular expression that matches your deployment tags".to_owned(),
    })
}

fn revision(event: &Event) -> Option<&str> {
    let Fact::Deployment(deployed) = &event.fact else {
        return None;
    };
    deployed.revision.as_deref()
}

/// Everything reachable from the revisions, in one call.
fn log_of<'r>(
    git: &Git,
    revisions: impl Iterator<Item = &'r str>,
    config: &Config,
) -> Result<Vec<LogEntry>, GitHistoryError> {
    let input: String = revisions.flat_map(|sha| [sha, "\n"]).collect();
    if input.is_empty() {
        return Ok(Vec::new());
    }
    let format = format!("--format={LOG_FORMAT}");
    let mut args = vec!["log", "-z", "--no-color", "--no-notes", &format, "--stdin"];
    if config.tells_services_by_path() {
        // Renames are not looked for: they need the files, and both names touch the service anyway.
        args.extend([
            "--name-only",
            "--no-renames",
            "--no-ext-diff",
            "--no-relative",
        ]);
    }
    Ok(read_log(&git.run_with(&args, &input, LOG_LIMIT)?)?)
}
