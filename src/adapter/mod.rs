//! Other tools' payloads: text to events.

mod corrections;
mod cstate;
mod deployment_rows;
mod git_log;
pub mod github_ci;
pub mod github_commit;
pub mod github_deployment;
pub mod github_environment;
pub mod github_issue;
pub mod github_judgement;
pub mod github_mark;
mod github_payload;
pub mod github_pull;
pub mod github_pull_rest;
pub mod github_run;
mod history;
mod loose_time;
pub mod state_file;
mod status;
mod table;
pub mod workflow_file;

pub use corrections::Corrections;
pub use deployment_rows::{Column, DEPLOYMENT_COLUMNS};
pub use git_log::{
    GitLogError, LOG_FORMAT, LogEntry, TAG_FORMAT, Tag, Target, changes, merge_deployments,
    read_log, read_tags, tag_deployments,
};
pub use github_payload::PayloadError;
pub use history::{Settings as HistorySettings, parse as parse_history};
pub use table::{Adapter, Assumed, ReadError, Reading};

/// Every adapter, by name.
pub const ADAPTERS: [Adapter; 11] = [
    cstate::ADAPTER,
    deployment_rows::ADAPTER,
    git_log::ADAPTER,
    git_log::TAG_ADAPTER,
    github_commit::ADAPTER,
    github_deployment::ADAPTER,
    github_issue::ADAPTER,
    github_pull::ADAPTER,
    github_mark::RELEASE_ADAPTER,
    github_run::ADAPTER,
    history::ADAPTER,
];

/// The adapter of this name.
#[must_use]
pub fn find(id: &str) -> Option<&'static Adapter> {
    const TABLE: &[Adapter] = &ADAPTERS;
    TABLE.iter().find(|adapter| adapter.id == id)
}
