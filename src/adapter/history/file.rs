//! The rows of a history file, as they are written.

use std::collections::BTreeMap;

use serde::Deserialize;

use super::read::{Key, maybe_moment, moment, moments, number, numbers, or_default, texts, word};
use crate::event::Instant;

/// What of the configuration a history needs.
#[derive(Debug, Default, Clone, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields, default)]
pub struct Settings {
    /// Only deployments of these branches count: names or globs. One without a branch counts.
    #[serde(deserialize_with = "texts")]
    pub production_branches: Option<Vec<String>>,
    /// Only components that match this regular expression count.
    pub components: Option<String>,
    /// Only incidents with this label count: `label X`.
    pub incident_filter: Option<String>,
    /// Only pull requests into this branch count.
    pub base: Option<String>,
    /// Only pull requests into these branches count.
    #[serde(deserialize_with = "texts")]
    pub base_branches: Option<Vec<String>>,
    /// Environments that are production, as globs.
    #[serde(deserialize_with = "texts")]
    pub environments: Option<Vec<String>>,
    /// First day of a week: `monday` or `sunday`.
    pub week_start: Option<String>,
    /// Edition of the bands.
    #[serde(deserialize_with = "word")]
    pub bands: Option<String>,
    /// `count`: attempts that took no effect are failures too.
    pub failed_attempts: Option<String>,
    /// Paths of each component, as globs.
    #[serde(deserialize_with = "or_default")]
    pub paths: BTreeMap<String, Vec<String>>,
}

#[derive(Debug, Default, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields, default)]
pub(super) struct File {
    #[serde(default, deserialize_with = "maybe_moment")]
    pub(super) history_since: Option<Instant>,
    pub(super) head: Option<String>,
    #[serde(deserialize_with = "or_default")]
    pub(super) settings: Settings,
    /// Paths of each component, as globs.
    #[serde(deserialize_with = "or_default")]
    pub(super) settings_paths: BTreeMap<String, Vec<String>>,
    #[serde(deserialize_with = "or_default")]
    pub(super) deployments: Vec<DeploymentRow>,
    #[serde(deserialize_with = "or_default")]
    pub(super) commits: Vec<CommitRow>,
    #[serde(deserialize_with = "or_default")]
    pub(super) commit_ranges: Vec<RangeRow>,
    #[serde(deserialize_with = "or_default")]
    pub(super) pulls: Vec<PullRow>,
    #[serde(deserialize_with = "or_default")]
    pub(super) incidents: Vec<IncidentRow>,
    #[serde(deserialize_with = "or_default")]
    pub(super) marks: Vec<MarkRow>,
}

#[derive(Debug, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub(super) struct DeploymentRow {
    pub(super) id: Key,
    pub(super) component: Option<String>,
    pub(super) environment: Option<String>,
    pub(super) status: Option<String>,
    #[serde(default, deserialize_with = "maybe_moment")]
    pub(super) started_at: Option<Instant>,
    #[serde(default, deserialize_with = "maybe_moment")]
    pub(super) finished_at: Option<Instant>,
    #[serde(default, deserialize_with = "maybe_moment")]
    pub(super) created_at: Option<Instant>,
    pub(super) run: Option<Key>,
    pub(super) attempt: Option<u32>,
    pub(super) repo: Option<String>,
    pub(super) sha: Option<String>,
    pub(super) branch: Option<String>,
    #[serde(default, deserialize_with = "or_default")]
    pub(super) labels: Vec<String>,
    pub(super) changes: Option<Vec<ChangeRow>>,
    #[serde(default, deserialize_with = "numbers")]
    pub(super) merged_pulls: Vec<u64>,
    #[serde(default, deserialize_with = "or_default")]
    pub(super) statuses: Vec<StatusRow>,
}

#[derive(Debug, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub(super) struct ChangeRow {
    pub(super) sha: String,
    #[serde(deserialize_with = "moment")]
    pub(super) committed_at: Instant,
    #[serde(default, deserialize_with = "maybe_moment")]
    pub(super) authored_at: Option<Instant>,
    pub(super) author: Option<String>,
}

#[derive(Debug, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub(super) struct StatusRow {
    pub(super) state: String,
    #[serde(deserialize_with = "moment")]
    pub(super) at: Instant,
}

#[derive(Debug, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub(super) struct CommitRow {
    pub(super) sha: String,
    #[serde(default, deserialize_with = "or_default")]
    pub(super) parents: Vec<String>,
    #[serde(default, deserialize_with = "maybe_moment")]
    pub(super) authored_at: Option<Instant>,
    #[serde(deserialize_with = "moment")]
    pub(super) committed_at: Instant,
    pub(super) message: Option<String>,
    #[serde(default, deserialize_with = "or_default")]
    pub(super) paths: Vec<String>,
    pub(super) author: Option<String>,
    pub(super) ai: Option<bool>,
}

#[derive(Debug, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub(super) struct RangeRow {
    pub(super) old: Option<String>,
    pub(super) new: String,
    pub(super) commit: String,
}

#[derive(Debug, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub(super) struct PullRow {
    #[serde(deserialize_with = "number")]
    pub(super) number: u64,
    pub(super) repo: Option<String>,
    pub(super) author: Option<String>,
    pub(super) title: Option<String>,
    pub(super) body: Option<String>,
    pub(super) head: Option<String>,
    pub(super) base: Option<String>,
    #[serde(default, deserialize_with = "or_default")]
    pub(super) labels: Vec<String>,
    #[serde(default, deserialize_with = "maybe_moment")]
    pub(super) created_at: Option<Instant>,
    #[serde(default, deserialize_with = "moments")]
    pub(super) ready_at: Vec<Instant>,
    #[serde(default, deserialize_with = "maybe_moment")]
    pub(super) first_review_at: Option<Instant>,
    #[serde(default, deserialize_with = "or_default")]
    pub(super) reviews: Vec<ReviewRow>,
    #[serde(default, deserialize_with = "moments")]
    pub(super) approved_at: Vec<Instant>,
    #[serde(default, deserialize_with = "maybe_moment")]
    pub(super) queued_at: Option<Instant>,
    #[serde(default, deserialize_with = "maybe_moment")]
    pub(super) merged_at: Option<Instant>,
    pub(super) merge_sha: Option<String>,
    #[serde(default, deserialize_with = "or_default")]
    pub(super) merged_shas: Vec<String>,
    #[serde(default, deserialize_with = "or_default")]
    pub(super) commits: Vec<PullCommitRow>,
    pub(super) deployment: Option<Key>,
    pub(super) lines: Option<u64>,
    pub(super) ai: Option<bool>,
}

#[derive(Debug, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub(super) struct ReviewRow {
    pub(super) reviewer: Option<String>,
    #[serde(default)]
    pub(super) state: Option<String>,
    #[serde(deserialize_with = "moment")]
    pub(super) at: Instant,
}

#[derive(Debug, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub(super) struct PullCommitRow {
    pub(super) sha: Option<String>,
    #[serde(default, deserialize_with = "maybe_moment")]
    pub(super) authored_at: Option<Instant>,
    #[serde(default, deserialize_with = "maybe_moment")]
    pub(super) committed_at: Option<Instant>,
}

#[derive(Debug, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub(super) struct IncidentRow {
    pub(super) id: Key,
    #[serde(deserialize_with = "moment")]
    pub(super) opened_at: Instant,
    #[serde(default, deserialize_with = "maybe_moment")]
    pub(super) resolved_at: Option<Instant>,
    pub(super) component: Option<String>,
    pub(super) deployment: Option<Key>,
    pub(super) fixed_by: Option<Key>,
    #[serde(default, deserialize_with = "or_default")]
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
    #[serde(default, deserialize_with = "maybe_moment")]
    pub(super) at: Option<Instant>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_schema_is_current() {
        let schema = schemars::schema_for!(File);
        crate::config::published::is_current("history.schema.json", &schema);
    }
}
