//! Fetches payloads and hands them to adapters.

pub mod github;
