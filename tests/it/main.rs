//! The integration tests: one binary.
#![expect(
    clippy::disallowed_methods,
    clippy::unwrap_used,
    clippy::panic,
    clippy::print_stderr,
    clippy::wildcard_enum_match_arm,
    reason = "tests touch the disk, start programs, say what they skip, look for one fact and fail loudly"
)]

mod bundles;
mod clones;
