//! Releases, tags and merges as GitHub's GraphQL gives them, where they mark deployments (rule U1).

use serde_json::Value;

use super::PayloadError;
use super::git_log::{
    Tag, Target, deployment, deployment_event, hotfix_label, merge_deployment, services_of,
};
use super::github_commit::is_object_id;
use super::github_payload::{instant, required, text};
use super::table::{Adapter, each_record};
use crate::config::Config;
use crate::event::{Event, Fact, Instant, Source};

/// The row of [`super::ADAPTERS`].
pub(super) const RELEASE_ADAPTER: Adapter = Adapter {
    id: "github-release",
    title: "GitHub releases",
    definition: "Published releases as nodes of GraphQL; one object, a list, or an object a line. Pre-releases count \
                 where the configuration says so, drafts never.",
    read: |bytes, config| each_record(bytes, |node| release(node, config)),
};

/// A release: `id tagName publishedAt isDraft isPrerelease url tagCommit { oid }`. Drafts are none, and so are
/// pre-releases unless the configuration counts them, and releases of tags that belong to none of the services where
/// those name their tags.
///
/// # Errors
/// When a published one has no id, tag or date.
pub fn release(node: &Value, config: &Config) -> Result<Vec<Event>, PayloadError> {
    const WHAT: &str = "release";
    if node["isDraft"] == true || (node["isPrerelease"] == true && !config.prereleases) {
        return Ok(Vec::new());
    }
    let id = format!("rel:{}", required(node, WHAT, "id")?);
    let tag = required(node, WHAT, "tagName")?;
    let at = instant(node, "publishedAt").ok_or(PayloadError {
        what: WHAT,
        field: "publishedAt",
    })?;
    let mut services = services_of(&tag, config);
    if services.is_empty() && config.services.values().all(|s| s.tags.is_none()) {
        services.push(None);
    }
    let shared = services.len() > 1;
    let events = services.into_iter().map(|service| {
        let id = match &service {
            Some(name) if shared => format!("{id}/{name}"),
            _ => id.clone(),
        };
        // A tag that is gone leaves its name, which says at least whether two releases are of one version.
        let mut deployed = deployment(text(&node["tagCommit"], "oid").unwrap_or(&tag), at);
        deployed.service = service;
        deployed.labels = hotfix_label(&tag, config);
        deployed.url = text(node, "url").map(str::to_owned);
        deployment_event(id, Source::GithubReleases, at, deployed)
    });
    Ok(events.collect())
}

/// A tag: `name target { __typename oid … on Commit { committedDate } … on Tag { tagger { date } target { … } } }`, the
/// same as a clone tells it. `None` for tags of trees and files, of tags of tags, and without any date.
#[must_use]
pub fn tag(node: &Value) -> Option<Tag> {
    let target = &node["target"];
    let annotated = target["__typename"] == "Tag";
    let commit = if annotated { &target["target"] } else { target };
    let sha = text(commit, "oid").filter(|sha| is_object_id(sha))?;
    if commit["__typename"] != "Commit" {
        return None;
    }
    let own = instant(&target["tagger"], "date").filter(|_| annotated);
    Some(Tag {
        name: text(node, "name")?.to_owned(),
        target: Target::Commit(sha.to_owned()),
        created_at: own.or_else(|| instant(commit, "committedDate"))?,
        approximate: own.is_none(),
    })
}

/// A commit of the default branch, its parents left open.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Landed {
    /// Its id.
    pub sha: String,
    /// When it was committed.
    pub at: Instant,
    /// Its first parent; absent for the first commit.
    pub parent: Option<String>,
}

impl Landed {
    /// Reads `oid committedDate parents(first: 1) { nodes { oid } }`.
    #[must_use]
    pub fn read(node: &Value) -> Option<Self> {
        Some(Self {
            sha: text(node, "oid")?.to_owned(),
            at: instant(node, "committedDate")?,
            parent: text(&node["parents"]["nodes"][0], "oid").map(str::to_owned),
        })
    }

    /// Merge is deploy: the same event as a clone's.
    #[must_use]
    pub fn deployment(&self) -> Event {
        merge_deployment(&self.sha, self.at)
    }
}

/// Whether an event is a deployment that is production by being marked, whatever its environment is called.
#[must_use]
pub fn is_mark(event: &Event) -> bool {
    matches!(event.fact, Fact::Deployment(_))
        && matches!(
            event.source,
            Source::GitTags | Source::GitMerges | Source::GithubReleases
        )
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::adapter::tag_deployments;
    use crate::config::parse;
    use crate::event::parse_instant;

    const SHA: &str = "aa00000000000000000000000000000000000001";

    fn published() -> Value {
        json!({ "id": "RE_kwDO1", "tagName": "v1.2.0", "publishedAt": "2026-03-02T09:00:00Z",
            "isDraft": false, "isPrerelease": false, "tagCommit": { "oid": SHA },
            "url": "https://github.com/acme/shop/releases/tag/v1.2.0" })
    }

    #[test]
    fn a_published_release_is_a_deployment_of_its_tag_s_commit() {
        let events = release(&published(), &Config::default()).unwrap();
        assert_eq!(events.len(), 1);
        assert_eq!(events[0].id, "rel:RE_kwDO1");
        let fact = events[0].fact.as_deployment().unwrap();
        assert_eq!(fact.revision.as_deref(), Some(SHA));
        assert_eq!(
            fact.finished_at,
            Some(parse_instant("2026-03-02T09:00:00Z").unwrap())
        );
        assert!(!fact.approximate && is_mark(&events[0]));
        let mut gone = published();
        gone["tagCommit"] = Value::Null;
        let events = release(&gone, &Config::default()).unwrap();
        let fact = events[0].fact.as_deployment().unwrap();
        assert_eq!(fact.revision.as_deref(), Some("v1.2.0"));
    }

    #[test]
    fn drafts_never_count_and_pre_releases_only_when_asked_for() {
        let mut node = published();
        node["isPrerelease"] = json!(true);
        assert_eq!(release(&node, &Config::default()), Ok(Vec::new()));
        let config = parse("prereleases: true").unwrap();
        assert_eq!(release(&node, &config).unwrap().len(), 1);
        node["isDraft"] = json!(true);
        node["publishedAt"] = Value::Null;
        assert_eq!(release(&node, &config), Ok(Vec::new()));
        node["isDraft"] = json!(false);
        assert_eq!(release(&node, &config).unwrap_err().field, "publishedAt");
    }

    #[test]
    fn the_services_own_tags_name_the_component_of_a_release() {
        let config =
            parse("services:\n  api: {tags: '^api-v'}\n  web: {tags: '^web-v'}\n").unwrap();
        let mut node = published();
        node["tagName"] = json!("api-v3");
        let events = release(&node, &config).unwrap();
        let fact = events[0].fact.as_deployment().unwrap();
        assert_eq!(fact.service.as_deref(), Some("api"));
        node["tagName"] = json!("docs-3");
        assert_eq!(release(&node, &config), Ok(Vec::new()));
    }

    #[test]
    fn a_tag_is_what_a_clone_says_of_it() {
        let light = json!({ "name": "v1.0.0", "target": { "__typename": "Commit", "oid": SHA,
            "committedDate": "2026-03-02T09:00:00Z" } });
        let found = tag(&light).unwrap();
        assert!(found.approximate);
        let events = tag_deployments(&[found], &Config::default());
        assert_eq!(events[0].id, format!("tag:v1.0.0@{SHA}"));
        let annotated = json!({ "name": "v1.0.1", "target": { "__typename": "Tag",
            "oid": "bb00000000000000000000000000000000000001",
            "tagger": { "date": "2026-03-02T12:00:00+02:00" },
            "target": { "__typename": "Commit", "oid": SHA, "committedDate": "2026-03-01T09:00:00Z" } } });
        let found = tag(&annotated).unwrap();
        assert_eq!(
            found.created_at,
            parse_instant("2026-03-02T10:00:00Z").unwrap()
        );
        assert!(!found.approximate);
        let tree = json!({ "name": "x", "target": { "__typename": "Tree", "oid": SHA } });
        assert_eq!(tag(&tree), None);
    }

    #[test]
    fn a_landed_commit_is_the_merge_of_a_clone() {
        let node = json!({ "oid": SHA, "committedDate": "2026-03-02T09:00:00Z",
            "parents": { "nodes": [] } });
        let landed = Landed::read(&node).unwrap();
        assert_eq!(landed.parent, None);
        assert_eq!(landed.deployment().id, format!("merge:{SHA}"));
        assert_eq!(Landed::read(&json!({ "oid": SHA })), None);
    }
}
