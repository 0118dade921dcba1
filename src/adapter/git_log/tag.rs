//! Tags: what `git for-each-ref` prints, and which of them are deployments.

use super::{GitLogError, deployment, deployment_event, instant, object_id};
use crate::config::Config;
use crate::event::{Event, Instant, Source};

/// The `--format` of `git for-each-ref refs/tags`; a line a tag.
pub const TAG_FORMAT: &str = "%(objecttype)%00%(objectname)%00%(*objecttype)%00%(*objectname)%00\
     %(creatordate:unix)%00%(*committerdate:unix)%00%(refname:lstrip=2)";

/// A tag of a commit.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Tag {
    /// Without `refs/tags/`.
    pub name: String,
    /// What it points to.
    pub target: Target,
    /// Date of the tagger, or of the commit.
    pub created_at: Instant,
    /// The date is the commit's: a lightweight tag has none of its own, nor has a tag without a tagger.
    pub approximate: bool,
}

/// What a tag points to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Target {
    /// A commit.
    Commit(String),
    /// An annotated tag of another tag, by its own id: git before 2.45 does not say what is at the end.
    Nested(String),
}

/// Reads the output of `git for-each-ref --format=`[`TAG_FORMAT`]` refs/tags`. Tags of trees and files, and tags
/// without any date, are left out.
///
/// # Errors
/// When a line is cut off or names no object.
pub fn read_tags(bytes: &[u8]) -> Result<Vec<Tag>, GitLogError> {
    let text = String::from_utf8_lossy(bytes);
    let mut tags = Vec::new();
    for (index, line) in text.split('\n').filter(|line| !line.is_empty()).enumerate() {
        let record = index + 1;
        let fields: Vec<&str> = line.splitn(7, '\0').collect();
        let [kind, id, inner_kind, inner_id, created, committed, name] = fields[..] else {
            return Err(GitLogError::Malformed { record });
        };
        let target = match (kind, inner_kind) {
            ("commit", _) => Target::Commit(object_id(id, record)?),
            ("tag", "commit") => Target::Commit(object_id(inner_id, record)?),
            ("tag", "tag") => Target::Nested(object_id(id, record)?),
            _ => continue,
        };
        let own = instant(created);
        let Some(created_at) = own.or_else(|| instant(committed)) else {
            continue;
        };
        tags.push(Tag {
            name: name.to_owned(),
            target,
            created_at,
            approximate: kind == "commit" || own.is_none(),
        });
    }
    Ok(tags)
}

/// Deployments by tag (rule U1). The services' own patterns go first, then the general one. A tag that several
/// services claim deploys each of them.
#[must_use]
pub fn tag_deployments(tags: &[Tag], config: &Config) -> Vec<Event> {
    let mut events = Vec::new();
    for tag in tags {
        let Target::Commit(sha) = &tag.target else {
            continue;
        };
        let id = format!("tag:{}@{sha}", tag.name);
        let claimed = services_of(&tag.name, config);
        let shared = claimed.len() > 1;
        for service in claimed {
            let id = match &service {
                Some(name) if shared => format!("{id}/{name}"),
                _ => id.clone(),
            };
            let mut deployed = deployment(sha, tag.created_at);
            deployed.service = service;
            deployed.approximate = tag.approximate;
            deployed.labels = hotfix_label(&tag.name, config);
            events.push(deployment_event(
                id,
                Source::GitTags,
                tag.created_at,
                deployed,
            ));
        }
    }
    events
}

/// One entry for each deployment that a tag is; `None` stands for a repository that is one service.
pub(in crate::adapter) fn services_of(tag: &str, config: &Config) -> Vec<Option<String>> {
    let own: Vec<Option<String>> = config
        .services
        .iter()
        .filter(|(_, service)| service.tags.as_ref().is_some_and(|t| t.read(tag).is_some()))
        .map(|(name, _)| Some(name.clone()))
        .collect();
    if !own.is_empty() {
        return own;
    }
    // A hotfix may have a scheme of tags of its own.
    let hotfix = config.rules.hotfix_tags.as_ref();
    let general = config.tags.read(tag);
    general
        .or_else(|| hotfix.and_then(|pattern| pattern.read(tag)))
        .map(|service| service.map(str::to_owned))
        .into_iter()
        .collect()
}

pub(in crate::adapter) fn hotfix_label(tag: &str, config: &Config) -> Vec<String> {
    let rules = &config.rules;
    let hotfix = rules
        .hotfix_tags
        .as_ref()
        .is_some_and(|pattern| pattern.read(tag).is_some());
    let label = || {
        rules
            .hotfix_labels
            .first()
            .map_or("hotfix", String::as_str)
            .to_owned()
    };
    hotfix.then(label).into_iter().collect()
}
