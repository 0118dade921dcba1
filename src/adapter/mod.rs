//! Other tools' payloads: text to events.

mod history;
mod status;

pub use history::{History, Settings as HistorySettings, parse as parse_history};
