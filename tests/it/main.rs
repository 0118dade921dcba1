//! Everything that is tested from outside, in one binary.
#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::disallowed_methods,
    clippy::print_stderr,
    reason = "tests may stop, read the disk and start programs"
)]

mod api_view;
mod architecture;
mod bundles;
mod cases;
mod clones;
mod data;
mod docs;
mod laws;
mod truth;
