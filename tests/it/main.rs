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
mod advice;
mod api_view;
mod architecture;
mod bounds;
mod branch;
mod bundles;
mod cases;
mod cli;
mod clones;
mod data;
mod definition;
mod devlake;
mod differential;
mod docs;
mod explained;
mod exports;
mod forecast;
mod ghsim;
mod govuk;
mod hostile;
mod judged;
mod laws;
mod naive;
mod profile;
mod road;
mod runs;
mod same;
mod status_page;
mod truth;
mod world;
mod world_self;
mod years;
