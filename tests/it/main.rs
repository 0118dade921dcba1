//! The integration tests: one binary.
#![expect(
    clippy::disallowed_methods,
    clippy::unwrap_used,
    clippy::panic,
    clippy::print_stderr,
    reason = "tests touch the disk, start programs, say what they skip and fail loudly"
)]

mod bundles;
mod clones;
