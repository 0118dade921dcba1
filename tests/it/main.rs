//! The integration tests: one program, so that it links once.
#![expect(
    clippy::panic,
    clippy::unwrap_used,
    clippy::disallowed_methods,
    reason = "tests read the repository's files, and a test that cannot read them has failed"
)]

mod architecture;
mod docs;
