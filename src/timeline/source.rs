//! Which source's deployments count, where several know the same repository (rule U1).

use std::collections::{HashMap, HashSet};

use crate::config::{Config, SourceChoice};
use crate::event::{Event, Events, Source};

/// Keeps the records of the first source that has any, and those that people wrote.
pub(super) fn select<T>(
    records: Vec<T>,
    events: &Events,
    config: &Config,
    event: impl Fn(&T) -> &Event,
) -> Vec<T> {
    let from = |source: Source| records.iter().any(|r| event(r).source == source);
    let tagged = records
        .iter()
        .any(|r| event(r).source == Source::GitTags && is_deployment_tag(event(r), config));
    let recorded = from(Source::GithubDeployments) || from(Source::WorkflowRun);
    let chosen = match config.source {
        SourceChoice::Auto if recorded => SourceChoice::Deployments,
        SourceChoice::Auto if from(Source::StateFile) => SourceChoice::State,
        SourceChoice::Auto if from(Source::GithubReleases) => SourceChoice::Releases,
        SourceChoice::Auto if tagged => SourceChoice::Tags,
        SourceChoice::Auto => SourceChoice::Merges,
        said @ (SourceChoice::Deployments
        | SourceChoice::Workflows
        | SourceChoice::Releases
        | SourceChoice::Tags
        | SourceChoice::State
        | SourceChoice::Merges) => said,
    };
    let mainline = (chosen == SourceChoice::Merges)
        .then(|| mainline(events))
        .flatten();
    records
        .into_iter()
        .filter(|record| {
            let event = event(record);
            match event.source {
                Source::GithubDeployments => chosen == SourceChoice::Deployments,
                Source::WorkflowRun => {
                    matches!(chosen, SourceChoice::Deployments | SourceChoice::Workflows)
                }
                Source::GithubReleases => chosen == SourceChoice::Releases,
                Source::StateFile => chosen == SourceChoice::State,
                Source::GitTags => chosen == SourceChoice::Tags && is_deployment_tag(event, config),
                Source::GitMerges => {
                    chosen == SourceChoice::Merges && is_on(event, mainline.as_ref())
                }
                Source::GithubChanges
                | Source::GitLog
                | Source::History
                | Source::Manual
                | Source::GithubIssues
                | Source::GithubMarks
                | Source::CorrectionsFile
                | Source::StatusPage => true,
            }
        })
        .collect()
}

/// Whether a tag is a deployment by the patterns in force now, not by those it was collected with.
fn is_deployment_tag(event: &Event, config: &Config) -> bool {
    let name = event.id.strip_prefix("tag:").unwrap_or(&event.id);
    let name = name.rsplit_once('@').map_or(name, |(name, _)| name);
    config.tags.read(name).is_some()
        || config
            .services
            .values()
            .filter_map(|s| s.tags.as_ref())
            .any(|pattern| pattern.read(name).is_some())
}

/// Whether a merge is still on the branch: rewritten history leaves merges behind that never were deployed.
fn is_on(event: &Event, mainline: Option<&HashSet<&str>>) -> bool {
    let revision = event
        .fact
        .as_deployment()
        .and_then(|d| d.revision.as_deref());
    match (mainline, revision) {
        (Some(line), Some(sha)) => line.contains(sha),
        _ => true,
    }
}

/// First-parent commits of the production branch's head, when it is known.
fn mainline(events: &Events) -> Option<HashSet<&str>> {
    let head = events.head.as_deref()?;
    let parents: HashMap<&str, Option<&str>> = events
        .iter()
        .filter_map(|e| e.fact.as_commit())
        .map(|c| (c.sha.as_str(), c.parents.first().map(String::as_str)))
        .collect();
    let mut line = HashSet::new();
    let mut at = Some(head);
    while let Some(sha) = at.filter(|sha| parents.contains_key(sha)) {
        if !line.insert(sha) {
            break;
        }
        at = parents.get(sha).copied().flatten();
    }
    Some(line)
}
