//! Other tools' payloads: text to events.

mod corrections;
mod git_log;
pub mod github_commit;
pub mod github_deployment;
pub mod github_issue;
pub mod github_mark;
mod github_payload;
pub mod github_pull;
mod history;
mod status;

pub use corrections::Corrections;
pub use git_log::{
    GitLogError, LOG_FORMAT, LogEntry, TAG_FORMAT, Tag, Target, changes, merge_deployments,
    read_log, read_tags, tag_deployments,
};
pub use github_payload::PayloadError;
pub use history::{History, Settings as HistorySettings, parse as parse_history};
