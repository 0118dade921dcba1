//! Everything that is tested from outside, in one binary.
#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::disallowed_methods,
    clippy::print_stderr,
    unreachable_pub,
    reason = "tests may stop, read the disk and start programs"
)]

mod action;
mod adapters;
mod api_view;
mod architecture;
mod bundles;
mod cases;
mod cli;
mod clones;
mod data;
mod docs;
mod exports;
mod ghsim;
mod judged;
mod laws;
mod truth;
mod world;
mod world_self;
