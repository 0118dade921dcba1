//! Other tools' payloads: text to events.

mod cstate;
mod deployment_rows;
mod git_log;
pub mod github_commit;
pub mod github_deployment;
mod github_payload;
pub mod github_pull;
mod history;
mod loose_time;
mod status;

pub use cstate::{CstateError, Post as CstatePost, parse as parse_cstate};
pub use deployment_rows::{
    Column, DEPLOYMENT_COLUMNS, DeploymentRows, parse as parse_deployment_rows,
};
pub use git_log::{
    GitLogError, LOG_FORMAT, LogEntry, TAG_FORMAT, Tag, Target, changes, merge_deployments,
    read_log, read_tags, tag_deployments,
};
pub use github_payload::PayloadError;
pub use history::{History, Settings as HistorySettings, parse as parse_history};
