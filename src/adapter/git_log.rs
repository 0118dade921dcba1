//! What `git log` and `git for-each-ref` print, as commits, pull requests and deployments.
//!
//! Fields end with NUL, which no name, message or path can hold, so nothing inside them can break the parsing.

mod tag;
#[cfg(test)]
mod tests;

use std::collections::{BTreeMap, HashMap, HashSet};

use super::{Adapter, Reading};
use crate::event::{
    Commit, Deployment, Event, Fact, Instant, Outcome, Pull, Source, Undoes, instant_of_seconds,
    is_agent, is_agents_branch, is_bot, is_hotfix_branch, is_hotfix_title, is_signed_by_agent,
    subject_key,
};

pub use tag::{TAG_FORMAT, Tag, Target, read_tags, tag_deployments};
pub(super) use tag::{hotfix_label, services_of};

/// The `--format` of `git log -z`, with or without `--name-only`. An empty field begins each record.
pub const LOG_FORMAT: &str = "%x00%H%x00%P%x00%at%x00%ct%x00%an%x00%ae%x00%s%x00%b";

/// Most commits of a branch that are looked at to tell whether a bot wrote it.
const LONGEST_BRANCH: usize = 250;

/// Output that is not of the format that was asked for.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
pub enum GitLogError {
    /// A record has too few fields, or begins in the middle.
    #[error("record {record} of git's output is cut off or malformed")]
    Malformed {
        /// Counted from 1.
        record: usize,
    },
    /// A field that should be an object id is not.
    #[error("record {record} of git's output names `{found}`, which is no object id")]
    NotAnId {
        /// Counted from 1.
        record: usize,
        /// Its first characters.
        found: String,
    },
}

/// A commit as git prints it. Subject and body are read for their meaning and then dropped.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LogEntry {
    /// Full object id.
    pub sha: String,
    /// First parent first.
    pub parents: Vec<String>,
    /// Author date.
    pub authored_at: Instant,
    /// Committer date.
    pub committed_at: Instant,
    /// Author name.
    pub author: String,
    /// Author e-mail.
    pub email: String,
    /// First paragraph, on one line.
    pub subject: String,
    /// The rest of the message.
    pub body: String,
    /// Paths touched; empty for merges, and where they were not asked for.
    pub paths: Vec<String>,
}

/// Reads the output of `git log -z --format=`[`LOG_FORMAT`].
///
/// # Errors
/// When a record is cut off or does not begin with an object id.
pub fn read_log(bytes: &[u8]) -> Result<Vec<LogEntry>, GitLogError> {
    let mut fields = bytes
        .split(|b| *b == 0)
        .map(String::from_utf8_lossy)
        .peekable();
    let mut entries = Vec::new();
    while let Some(mark) = fields.next() {
        let record = entries.len() + 1;
        let malformed = || GitLogError::Malformed { record };
        if fields.peek().is_none() && mark.trim().is_empty() {
            break;
        }
        if !mark.is_empty() {
            return Err(malformed());
        }
        let mut next = || fields.next().ok_or_else(malformed);
        let (sha, parents) = (object_id(&next()?, record)?, next()?);
        let (authored, committed) = (instant(&next()?), instant(&next()?));
        let (author, email) = (next()?.into_owned(), next()?.into_owned());
        let (subject, body) = (next()?.into_owned(), next()?.into_owned());
        let mut paths = Vec::new();
        // Paths begin with a line break; the empty field of the next record, or the end, ends them.
        if let Some(first) = fields.next_if(|field| field.starts_with('\n')) {
            paths.push(first[1..].to_owned());
            while let Some(path) = fields.next_if(|field| !field.is_empty()) {
                paths.push(path.into_owned());
            }
        }
        entries.push(LogEntry {
            sha,
            parents: parents
                .split_ascii_whitespace()
                .map(str::to_owned)
                .collect(),
            authored_at: authored.or(committed).unwrap_or_default(),
            committed_at: committed.or(authored).unwrap_or_default(),
            author,
            email,
            subject,
            body,
            paths,
        });
    }
    Ok(entries)
}

fn object_id(text: &str, record: usize) -> Result<String, GitLogError> {
    let looks_right =
        (40..=64).contains(&text.len()) && text.bytes().all(|b| b.is_ascii_hexdigit());
    if looks_right {
        return Ok(text.to_owned());
    }
    Err(GitLogError::NotAnId {
        record,
        found: text.chars().filter(|c| !c.is_control()).take(12).collect(),
    })
}

fn instant(seconds: &str) -> Option<Instant> {
    instant_of_seconds(seconds.trim().parse().ok()?)
}

/// A row of the table of adapters.
pub(super) const ADAPTER: Adapter = Adapter {
    id: "git-log",
    title: "git log",
    definition: "The output of `git log -z` in the format this program asks for, newest first: commits, the pull \
                 requests that they say they merged, and, as merge is deploy, the first-parent commits of the first.",
    read: |bytes, _| {
        let log = read_log(bytes)?;
        let head = log.first().map(|entry| entry.sha.clone());
        let mut events = changes(&log, head.as_deref());
        events.extend(merge_deployments(&log, head.as_deref()));
        Ok(Reading {
            events,
            head,
            ..Reading::default()
        })
    },
};

/// A row of the table of adapters.
pub(super) const TAG_ADAPTER: Adapter = Adapter {
    id: "git-tags",
    title: "git tags",
    definition: "The output of `git for-each-ref refs/tags` in the format this program asks for: a deployment for \
                 each tag that the patterns in force call one.",
    read: |bytes, config| Ok(tag_deployments(&read_tags(bytes)?, config).into()),
};

/// Commits, and the pull requests that they say they merged. Where a merge was copied to another branch, the
/// pull request is the one on the line of first parents of `head`, else the earliest.
#[must_use]
pub fn changes(log: &[LogEntry], head: Option<&str>) -> Vec<Event> {
    let by_sha = index(log);
    let mainline: HashSet<&str> = first_parents(&by_sha, head)
        .map(|e| e.sha.as_str())
        .collect();
    let mut pulls: BTreeMap<u64, (bool, &LogEntry, Mention)> = BTreeMap::new();
    let mut events = Vec::with_capacity(log.len() * 2);
    for entry in log {
        let mention = mention(entry);
        events.push(commit_event(entry, mention.as_ref().map(|m| m.number)));
        let Some(mention) = mention else { continue };
        let aside = !mainline.contains(entry.sha.as_str());
        let rank = |aside: bool, e: &LogEntry| (aside, e.committed_at, e.sha.clone());
        match pulls.get(&mention.number) {
            Some((other, known, _)) if rank(*other, known) <= rank(aside, entry) => {}
            _ => {
                pulls.insert(mention.number, (aside, entry, mention));
            }
        }
    }
    events.extend(pulls.into_values().map(|(_, entry, mention)| {
        let bot = bot_wrote(entry, &by_sha, &mainline);
        pull_event(entry, &mention, bot)
    }));
    events
}

fn index(log: &[LogEntry]) -> HashMap<&str, &LogEntry> {
    log.iter()
        .map(|entry| (entry.sha.as_str(), entry))
        .collect()
}

/// From `head` back along first parents.
fn first_parents<'l>(
    by_sha: &HashMap<&str, &'l LogEntry>,
    head: Option<&str>,
) -> impl Iterator<Item = &'l LogEntry> {
    let first = head.and_then(|sha| by_sha.get(sha).copied());
    std::iter::successors(first, |entry| {
        by_sha.get(entry.parents.first()?.as_str()).copied()
    })
}

/// What a merge says about its pull request.
struct Mention<'l> {
    number: u64,
    branch: &'l str,
    title: &'l str,
    body: &'l str,
}

/// GitHub's own words: `Merge pull request #N from owner/branch` with the title below, or `Title (#N)`.
fn mention(entry: &LogEntry) -> Option<Mention<'_>> {
    let subject = entry.subject.trim();
    if let Some(rest) = subject.strip_prefix("Merge pull request #") {
        let (number, source) = rest.split_once(" from ")?;
        let source = source.split_whitespace().next()?;
        return Some(Mention {
            number: number.parse().ok()?,
            branch: source.split_once('/').map_or(source, |(_, branch)| branch),
            title: entry.body.trim_start().lines().next().unwrap_or_default(),
            body: &entry.body,
        });
    }
    let (title, number) = subject.strip_suffix(')')?.rsplit_once(" (#")?;
    Some(Mention {
        number: number.parse().ok()?,
        branch: "",
        title,
        body: &entry.body,
    })
}

fn commit_event(entry: &LogEntry, pull: Option<u64>) -> Event {
    let subject = entry.subject.trim();
    Event {
        id: format!("commit:{}", entry.sha),
        time: entry.committed_at,
        source: Source::GitLog,
        updated: entry.committed_at,
        fact: Fact::Commit(Commit {
            sha: entry.sha.clone(),
            parents: entry.parents.clone(),
            authored_at: entry.authored_at,
            bot: is_bot_author(entry),
            ai: Some(is_agent(&entry.author, &entry.email) || is_signed_by_agent(&entry.body)),
            pull,
            undoes: Undoes::read(subject, &entry.body, ""),
            subject: (!subject.is_empty()).then(|| subject_key(subject)),
            hotfix: is_hotfix_title(subject),
            paths: entry.paths.clone(),
        }),
    }
}

fn pull_event(entry: &LogEntry, mention: &Mention<'_>, bot: bool) -> Event {
    let title = mention.title.trim();
    Event {
        id: format!("pr:{}", mention.number),
        time: entry.committed_at,
        source: Source::GitLog,
        updated: entry.committed_at,
        fact: Fact::Pull(Pull {
            number: mention.number,
            merged_at: Some(entry.committed_at),
            merge_sha: Some(entry.sha.clone()),
            bot,
            ai: Some(is_agents_branch(mention.branch) || is_signed_by_agent(mention.body)),
            undoes: Undoes::read(title, mention.body, mention.branch),
            subject: (!title.is_empty()).then(|| subject_key(title)),
            hotfix: is_hotfix_branch(mention.branch) || is_hotfix_title(title),
            ..Pull::default()
        }),
    }
}

/// By name, or by the part of the e-mail before the `@` (rule LT8).
fn is_bot_author(entry: &LogEntry) -> bool {
    is_bot(&entry.author) || is_bot(entry.email.split('@').next().unwrap_or_default())
}

/// Whether a bot opened it. A squash keeps its author; behind a merge, every commit of the branch must be a
/// bot's, since bots also push repairs to people's branches and people update bots' branches by merging.
fn bot_wrote(
    merge: &LogEntry,
    by_sha: &HashMap<&str, &LogEntry>,
    mainline: &HashSet<&str>,
) -> bool {
    let Some(tip) = merge.parents.get(1) else {
        return is_bot_author(merge);
    };
    let mut own = first_parents(by_sha, Some(tip))
        .take_while(|entry| !mainline.contains(entry.sha.as_str()))
        .take(LONGEST_BRANCH)
        .filter(|entry| entry.parents.len() < 2)
        .peekable();
    own.peek().is_some() && own.all(is_bot_author)
}

/// Merge is deploy (rule U1): every commit on the line of first parents of `head`.
#[must_use]
pub fn merge_deployments(log: &[LogEntry], head: Option<&str>) -> Vec<Event> {
    first_parents(&index(log), head)
        .map(|entry| merge_deployment(&entry.sha, entry.committed_at))
        .collect()
}

/// The deployment that landing a commit on the default branch is.
pub(super) fn merge_deployment(sha: &str, at: Instant) -> Event {
    let id = format!("merge:{sha}");
    deployment_event(id, Source::GitMerges, at, deployment(sha, at))
}

pub(super) fn deployment(sha: &str, finished_at: Instant) -> Deployment {
    Deployment {
        environment: "production".to_owned(),
        revision: Some(sha.to_owned()),
        outcome: Outcome::Success,
        finished_at: Some(finished_at),
        production: Some(true),
        ..Deployment::default()
    }
}

pub(super) fn deployment_event(
    id: String,
    source: Source,
    at: Instant,
    deployed: Deployment,
) -> Event {
    Event {
        id,
        time: at,
        source,
        updated: at,
        fact: Fact::Deployment(deployed),
    }
}
