//! The rows of a history file, as they are written.

use std::collections::BTreeMap;

use serde::Deserialize;

use crate::event::Instant;

/// What of the configuration a history needs.
#[derive(Debug, Default, Clone, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields, default)]
pub struct Settings {
    /// Only deployments of these branches count.
    pub production_branches: Option<Vec<String>>,
    /// Only components that match this regular expression count.
    pub components: Option<String>,
    /// Only incidents with this label count: `label X`.
    pub incident_filter: Option<String>,
    /// Only pull requests into this branch count.
    pub base: Option<String>,
    /// Only pull requests into these branches count.
    pub base_branches: Option<Vec<String>>,
    /// Environments that are production, as globs.
    pub environments: Option<Vec<String>>,
    /// Edition of the bands.
    pub bands: Option<String>,
    /// `count`: attempts that took no effect are failures too.
    pub failed_attempts: Option<String>,
    /// Paths of each component, as globs.
    pub paths: BTreeMap<String, Vec<String>>,
}

#[derive(Debug, Default, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields, default)]
pub(super) struct File {
    pub(super) history_since: Option<Instant>,
    pub(super) head: Option<String>,
    pub(super) settings: Settings,
    /// Paths of each component, as globs.
    pub(super) settings_paths: BTreeMap<String, Vec<String>>,
    pub(super) deployments: Vec<DeploymentRow>,
    pub(super) commits: Vec<CommitRow>,
    pub(super) commit_ranges: Vec<RangeRow>,
    pub(super) pulls: Vec<PullRow>,
    pub(super) incidents: Vec<IncidentRow>,
    pub(super) marks: Vec<MarkRow>,
}

/// A list; many exporters write null for an empty one.
fn list<'de, T, D>(from: D) -> Result<Vec<T>, D::Error>
where
    T: Deserialize<'de>,
    D: serde::Deserializer<'de>,
{
    Ok(Option::deserialize(from)?.unwrap_or_default())
}

#[derive(Debug, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(untagged, expecting = "a text or a whole number")]
pub(super) enum Key {
    Text(String),
    Number(i64),
}

impl Key {
    pub(super) fn text(self) -> String {
        match self {
            Self::Text(text) => text,
            Self::Number(number) => number.to_string(),
        }
    }
}

#[derive(Debug, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub(super) struct DeploymentRow {
    pub(super) id: Key,
    pub(super) component: Option<String>,
    #[serde(default = "production")]
    pub(super) environment: String,
    pub(super) status: Option<String>,
    pub(super) started_at: Option<Instant>,
    pub(super) finished_at: Option<Instant>,
    pub(super) created_at: Option<Instant>,
    pub(super) run: Option<Key>,
    pub(super) attempt: Option<u32>,
    pub(super) repo: Option<String>,
    pub(super) sha: Option<String>,
    pub(super) branch: Option<String>,
    #[serde(default, deserialize_with = "list")]
    pub(super) labels: Vec<String>,
    pub(super) changes: Option<Vec<ChangeRow>>,
    #[serde(default, deserialize_with = "list")]
    pub(super) merged_pulls: Vec<u64>,
    #[serde(default, deserialize_with = "list")]
    pub(super) statuses: Vec<StatusRow>,
}

fn production() -> String {
    "production".to_owned()
}

#[derive(Debug, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub(super) struct ChangeRow {
    pub(super) sha: String,
    pub(super) committed_at: Instant,
    pub(super) authored_at: Option<Instant>,
    pub(super) author: Option<String>,
}

#[derive(Debug, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub(super) struct StatusRow {
    pub(super) state: String,
    pub(super) at: Instant,
}

#[derive(Debug, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub(super) struct CommitRow {
    pub(super) sha: String,
    #[serde(default, deserialize_with = "list")]
    pub(super) parents: Vec<String>,
    pub(super) authored_at: Option<Instant>,
    pub(super) committed_at: Instant,
    pub(super) message: Option<String>,
    #[serde(default, deserialize_with = "list")]
    pub(super) paths: Vec<String>,
    pub(super) author: Option<String>,
}

#[derive(Debug, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub(super) struct RangeRow {
    pub(super) old: String,
    pub(super) new: String,
    pub(super) commit: String,
}

#[derive(Debug, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub(super) struct PullRow {
    pub(super) number: u64,
    #[serde(rename = "repo")]
    pub(super) _repo: Option<String>,
    pub(super) author: Option<String>,
    pub(super) title: Option<String>,
    pub(super) body: Option<String>,
    pub(super) head: Option<String>,
    pub(super) base: Option<String>,
    #[serde(default, deserialize_with = "list")]
    pub(super) labels: Vec<String>,
    pub(super) created_at: Option<Instant>,
    #[serde(default, deserialize_with = "list")]
    pub(super) ready_at: Vec<Instant>,
    pub(super) first_review_at: Option<Instant>,
    #[serde(default, deserialize_with = "list")]
    pub(super) reviews: Vec<ReviewRow>,
    #[serde(default, deserialize_with = "list")]
    pub(super) approved_at: Vec<Instant>,
    pub(super) queued_at: Option<Instant>,
    pub(super) merged_at: Option<Instant>,
    pub(super) merge_sha: Option<String>,
    #[serde(default, deserialize_with = "list")]
    pub(super) merged_shas: Vec<String>,
    #[serde(default, deserialize_with = "list")]
    pub(super) commits: Vec<PullCommitRow>,
    pub(super) deployment: Option<Key>,
    pub(super) lines: Option<u64>,
}

#[derive(Debug, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub(super) struct ReviewRow {
    pub(super) reviewer: Option<String>,
    pub(super) state: String,
    pub(super) at: Instant,
}

#[derive(Debug, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub(super) struct PullCommitRow {
    pub(super) sha: Option<String>,
    pub(super) authored_at: Option<Instant>,
    #[serde(rename = "committed_at")]
    pub(super) _committed_at: Option<Instant>,
}

#[derive(Debug, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub(super) struct IncidentRow {
    pub(super) id: Key,
    pub(super) opened_at: Instant,
    pub(super) resolved_at: Option<Instant>,
    pub(super) component: Option<String>,
    pub(super) deployment: Option<Key>,
    pub(super) fixed_by: Option<Key>,
    #[serde(default, deserialize_with = "list")]
    pub(super) labels: Vec<String>,
    pub(super) title: Option<String>,
    pub(super) body: Option<String>,
}

#[derive(Debug, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub(super) struct MarkRow {
    pub(super) deployment: Key,
    pub(super) failed: bool,
    pub(super) fixed_by: Option<Key>,
    pub(super) at: Option<Instant>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    #[expect(
        clippy::disallowed_methods,
        reason = "a test that keeps a file current"
    )]
    fn the_schema_is_current() {
        let mut text = serde_json::to_string_pretty(&schemars::schema_for!(File)).unwrap();
        text.push('\n');
        let path = concat!(env!("CARGO_MANIFEST_DIR"), "/history.schema.json");
        if std::env::var_os("UPDATE_DOCS").is_some() {
            std::fs::write(path, &text).unwrap();
        }
        let written = std::fs::read_to_string(path).unwrap_or_default();
        assert!(
            written == text,
            "run UPDATE_DOCS=1 cargo test the_schema_is_current"
        );
    }
}
