//! Fetches payloads and hands them to adapters.

pub mod git;
pub mod github;
pub mod own;
