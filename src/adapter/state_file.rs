//! A file whose git history is the log of deployments: which component runs which version (rules U1, U6, U7).
//!
//! Three shapes are known, alone or below one another: `"image": "registry/name:tag"` under any key,
//! `{"api": {"version": "…"}, "deployed_at": "…", "environment": "…"}`, and `image_tag: v123`, which Helm writes as
//! `repository` with `tag` and Kustomize as `name` with `newTag`.

use std::collections::BTreeMap;

use serde_json::Value;

use super::github_payload::{instant, text};
use crate::config::{StateFile, parse_yaml};
use crate::event::{Deployment, Event, Fact, Instant, Outcome, Source};

/// Deeper than this nobody writes by hand, and nothing is read.
const DEEPEST: usize = 12;
/// Most components of one file.
const MOST: usize = 500;
/// A longer text is no version.
const LONGEST: usize = 200;

/// The file as one commit left it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Version {
    /// The commit.
    pub sha: String,
    /// When it was committed.
    pub at: Instant,
    /// What the file said; `None` where it was deleted.
    pub text: Option<String>,
}

/// A file that is neither JSON nor YAML.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{path} at {sha} is neither JSON nor YAML")]
pub struct StateFileError {
    /// Path of the file.
    pub path: String,
    /// The commit.
    pub sha: String,
}

/// What the history of a file says was deployed.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct StateLog {
    /// A deployment for each version that changed, oldest first.
    pub events: Vec<Event>,
    /// Commits that left the file unreadable; what stood before them goes on.
    pub unreadable: Vec<StateFileError>,
    /// The file was read, and none of its versions has any of the shapes that are known.
    pub is_foreign: bool,
}

/// A component as a file describes it.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Component {
    version: String,
    at: Option<Instant>,
    environment: Option<String>,
    url: Option<String>,
}

/// Reads the versions of a file, oldest first. `whole` says that the first of them is where the file began; if not, it
/// only shows what ran before.
#[must_use]
pub fn deployments(
    file: &StateFile,
    production: &str,
    versions: &[Version],
    whole: bool,
) -> StateLog {
    type Key = (Option<String>, Option<String>);
    let mut log = StateLog::default();
    let mut running: BTreeMap<Key, String> = BTreeMap::new();
    let mut shown = whole;
    for version in versions {
        let Some(text) = &version.text else { continue };
        let Some(document) = parse(text) else {
            log.unreadable.push(StateFileError {
                path: file.path.clone(),
                sha: version.sha.clone(),
            });
            continue;
        };
        let found = components(&document);
        // One that says nothing at all has nothing to be understood.
        let silent = document.is_null()
            || document.as_object().is_some_and(serde_json::Map::is_empty)
            || document.as_array().is_some_and(Vec::is_empty);
        log.is_foreign = !silent && running.is_empty() && found.is_empty();
        for (service, component) in found {
            let key = (service.clone(), component.environment.clone());
            let before = running.insert(key, component.version.clone());
            // Only a changed version is a deployment.
            if shown && before.as_ref() != Some(&component.version) {
                let service = service.or_else(|| file.service.clone());
                log.events
                    .push(event(file, production, version, service, component));
            }
        }
        shown = true;
    }
    log
}

/// First half of the ids of all deployments that one commit of a file says.
#[must_use]
pub fn id_prefix(path: &str, sha: &str) -> String {
    format!("state:{path}@{sha}/")
}

fn event(
    file: &StateFile,
    production: &str,
    version: &Version,
    service: Option<String>,
    component: Component,
) -> Event {
    let environment = component
        .environment
        .or_else(|| file.environment.clone())
        .unwrap_or_else(|| production.to_owned());
    let at = component.at.unwrap_or(version.at);
    let id = format!(
        "{}{environment}/{}",
        id_prefix(&file.path, &version.sha),
        service.as_deref().unwrap_or_default()
    );
    Event {
        id,
        time: at,
        source: Source::StateFile,
        updated: version.at,
        fact: Fact::Deployment(Deployment {
            service,
            environment,
            revision: Some(component.version),
            outcome: Outcome::Success,
            finished_at: Some(at),
            url: component.url,
            ..Deployment::default()
        }),
    }
}

/// JSON, or the YAML that is not; a text that is no list and no mapping says nothing.
fn parse(text: &str) -> Option<Value> {
    let text = text.trim_start_matches('\u{feff}');
    let document: Value = serde_json::from_str(text)
        .ok()
        .or_else(|| parse_yaml(text).ok())?;
    (document.is_object() || document.is_array() || document.is_null()).then_some(document)
}

/// Everything in a document that names a version, by component; the first of a name stands.
fn components(document: &Value) -> BTreeMap<Option<String>, Component> {
    let mut found = BTreeMap::new();
    let outer = Outer::default().below(document);
    walk(document, None, &outer, 0, &mut found);
    found
}

/// What the objects around a component say for all below them.
#[derive(Debug, Clone, Default)]
struct Outer {
    at: Option<Instant>,
    environment: Option<String>,
}

impl Outer {
    fn below(&self, object: &Value) -> Self {
        let at = ["deployed_at", "deployedAt", "deployed", "timestamp"]
            .iter()
            .find_map(|key| instant(object, key));
        Self {
            at: at.or(self.at),
            environment: text(object, "environment")
                .map(|name| name.trim().to_owned())
                .or_else(|| self.environment.clone()),
        }
    }
}

fn walk(
    value: &Value,
    name: Option<&str>,
    outer: &Outer,
    deep: usize,
    found: &mut BTreeMap<Option<String>, Component>,
) {
    if deep > DEEPEST || found.len() >= MOST {
        return;
    }
    if let Value::Array(items) = value {
        for item in items {
            walk(item, text(item, "name").or(name), outer, deep + 1, found);
        }
        return;
    }
    let Value::Object(fields) = value else { return };
    let outer = outer.below(value);
    let mut put = |service: Option<&str>, version: &str| {
        if version.len() <= LONGEST {
            found
                .entry(service.map(str::to_owned))
                .or_insert_with(|| Component {
                    version: version.to_owned(),
                    at: outer.at,
                    environment: outer.environment.clone(),
                    url: text(value, "url").filter(|u| is_web(u)).map(str::to_owned),
                });
        }
    };
    // Only below a name of its own is `version` that of a component, and not of the file's format.
    let own = name.and_then(|_| plain(fields.get("version")?));
    let tag = ["image_tag", "imageTag"]
        .iter()
        .find_map(|key| plain(fields.get(*key)?));
    let helm = fields
        .get("repository")
        .and_then(|_| plain(fields.get("tag")?));
    if let Some(version) = own.or(tag).or(helm) {
        put(name, &version);
    }
    if let Some(version) = fields.get("newTag").and_then(plain) {
        // Kustomize names the image by its whole path.
        put(name.and_then(|path| path.rsplit('/').next()), &version);
    }
    for inner in fields.values() {
        if let Some((image, tag)) = inner.as_str().and_then(image) {
            put(Some(image), tag);
        }
    }
    for (key, inner) in fields {
        if inner.is_object() || inner.is_array() {
            let name = if is_wrapper(key) {
                name
            } else {
                Some(key.as_str())
            };
            walk(inner, name, &outer, deep + 1, found);
        }
    }
}

/// Keys that hold a component without naming it.
fn is_wrapper(key: &str) -> bool {
    matches!(
        key,
        "service"
            | "services"
            | "components"
            | "apps"
            | "image"
            | "images"
            | "spec"
            | "values"
            | "global"
            | "containers"
            | "deployment"
            | "template"
    )
}

/// A version: a text, or a number that YAML took it for.
fn plain(value: &Value) -> Option<String> {
    let text = match value {
        Value::String(text) => text.trim().to_owned(),
        Value::Number(number) => number.to_string(),
        Value::Null | Value::Bool(_) | Value::Array(_) | Value::Object(_) => return None,
    };
    (!text.is_empty()).then_some(text)
}

/// Name and tag in `registry/name:tag`, with or without a digest behind. An address, a time or an ARN is none.
fn image(reference: &str) -> Option<(&str, &str)> {
    let bare = reference.split('@').next().unwrap_or(reference).trim();
    let allowed = |c: char| c.is_ascii_alphanumeric() || "._-/:".contains(c);
    let (path, last) = bare.rsplit_once('/')?;
    let (name, tag) = last.split_once(':')?;
    let is_tag = !tag.is_empty() && tag.len() <= 128 && !tag.contains(':');
    let is_path = !path.is_empty() && !path.contains("//") && path.matches(':').count() <= 1;
    (bare.chars().all(allowed) && is_tag && is_path && !path.ends_with(':') && !name.is_empty())
        .then_some((name, tag))
}

fn is_web(url: &str) -> bool {
    url.starts_with("https://") || url.starts_with("http://")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::event::parse_instant;

    fn file() -> StateFile {
        StateFile {
            path: "deploy/state.json".to_owned(),
            environment: None,
            service: None,
        }
    }

    fn version(n: u32, text: &str) -> Version {
        Version {
            sha: format!("{n:040}"),
            at: parse_instant(&format!("2026-03-{:02}T12:00:00Z", n + 1)).unwrap(),
            text: Some(text.to_owned()),
        }
    }

    /// Service, environment and revision of each deployment.
    fn told(log: &StateLog) -> Vec<String> {
        let tell = |event: &Event| {
            let d = event.fact.as_deployment().unwrap();
            let service = d.service.as_deref().unwrap_or("-");
            format!(
                "{service} {} {}",
                d.environment,
                d.revision.as_deref().unwrap()
            )
        };
        log.events.iter().map(tell).collect()
    }

    fn one(text: &str) -> Vec<String> {
        told(&deployments(
            &file(),
            "production",
            &[version(0, text)],
            true,
        ))
    }

    #[test]
    fn an_image_under_any_key_is_a_component_with_the_tag_as_its_version() {
        let sha = "aa00000000000000000000000000000000000001";
        let text = format!(
            r#"{{"service_image_uri_with_tag": "123.dkr.ecr.eu-west-1.amazonaws.com/team/api:{sha}",
                "worker": {{"image": "ghcr.io/acme/worker:v2@sha256:00ff"}},
                "page": "https://acme.example:8080/x", "at": "2026-03-01T12:00:00Z",
                "arn": "arn:aws:ecs:eu-west-1:123:task-definition/api:42"}}"#
        );
        assert_eq!(
            one(&text),
            [
                format!("api production {sha}"),
                "worker production v2".to_owned()
            ]
        );
    }

    #[test]
    fn several_services_with_version_share_the_moment_and_the_environment() {
        let text = r#"{"api": {"version": "1.4", "url": "https://api.acme.example"},
            "web": {"version": 7}, "version": 3,
            "deployed_at": "2026-03-01T08:30:00Z", "environment": "live"}"#;
        let log = deployments(&file(), "production", &[version(0, text)], true);
        assert_eq!(told(&log), ["api live 1.4", "web live 7"]);
        let first = &log.events[0];
        assert_eq!(
            first.id,
            format!("state:deploy/state.json@{:040}/live/api", 0)
        );
        assert_eq!(first.time, parse_instant("2026-03-01T08:30:00Z").unwrap());
        let url = &first.fact.as_deployment().unwrap().url;
        assert_eq!(url.as_deref(), Some("https://api.acme.example"));
    }

    #[test]
    fn a_tag_in_yaml_is_one_and_the_configuration_names_what_the_file_does_not() {
        assert_eq!(one("# chart\nimage_tag: v123\n"), ["- production v123"]);
        assert_eq!(
            one("api:\n  image:\n    repository: ghcr.io/acme/api\n    tag: 1.2.3\n"),
            ["api production 1.2.3"]
        );
        assert_eq!(
            one("kind: Kustomization\nimages:\n  - name: ghcr.io/acme/api\n    newTag: 1.2.3\n"),
            ["api production 1.2.3"]
        );
        let named = StateFile {
            environment: Some("live".to_owned()),
            service: Some("shop".to_owned()),
            ..file()
        };
        let log = deployments(&named, "production", &[version(0, "image_tag: v1")], true);
        assert_eq!(told(&log), ["shop live v1"]);
    }

    #[test]
    fn only_a_changed_version_is_a_deployment_and_a_rollback_is_one() {
        let state = |api: &str, web: &str| {
            format!(r#"{{"api": {{"version": "{api}"}}, "web": {{"version": "{web}"}}}}"#)
        };
        let mut versions = vec![
            version(0, &state("1", "1")),
            version(1, &state("2", "1")),
            version(2, "{\"api\": "),
            version(3, &state("2", "1")),
            version(4, &state("1", "1")),
        ];
        versions.insert(
            3,
            Version {
                text: None,
                ..version(5, "")
            },
        );
        let log = deployments(&file(), "production", &versions, true);
        assert_eq!(
            told(&log),
            [
                "api production 1",
                "web production 1",
                "api production 2",
                "api production 1"
            ]
        );
        assert_eq!(log.unreadable.len(), 1);
        // What ran when reading began was deployed before.
        let later = deployments(&file(), "production", &versions[1..], false);
        assert_eq!(told(&later), ["api production 1"]);
    }

    #[test]
    fn nothing_in_it_breaks_the_reading() {
        let is_foreign =
            |text| deployments(&file(), "production", &[version(0, text)], true).is_foreign;
        assert!(is_foreign("a: 1"));
        assert!(!is_foreign("{}") && !is_foreign("image_tag: 1"));
        for text in [
            "",
            "null",
            "[]",
            "{}",
            "[[[[[[[[[[[[[[[[[[{\"image_tag\": 1}]]]]]]]]]]]]]]]]]]",
            "{\"version\": \"1\"}",
            "{\"a\": \":\", \"b\": \"/:x\", \"c\": \"a/:x\", \"d\": \"a/b:\"}",
        ] {
            assert_eq!(one(text), Vec::<String>::new(), "{text}");
        }
        assert_eq!(
            deployments(&file(), "production", &[version(0, "just words")], true)
                .unreadable
                .len(),
            1
        );
    }
}
