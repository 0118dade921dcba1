//! Other tools' payloads: text to events.

mod git_log;
mod history;
mod status;

pub use git_log::{
    GitLogError, LOG_FORMAT, LogEntry, TAG_FORMAT, Tag, Target, changes, merge_deployments,
    read_log, read_tags, tag_deployments,
};
pub use history::{History, Settings as HistorySettings, parse as parse_history};
