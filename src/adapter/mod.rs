//! Other tools' payloads: text to events.

pub mod github_commit;
pub mod github_deployment;
mod github_payload;
pub mod github_pull;

pub use github_payload::PayloadError;
