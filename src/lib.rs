//! fivekeys: software delivery measured by DORA's five metrics, from what a team already has.
//!
//! ```text
//!  the world                     pure: no clock, no disk, no network, no failure                     the world
//!  GitHub API ┐                                                                                ┌ job summary
//!  git clone  ├▶ collect ▶ adapter ▶ EVENTS ▶ timeline ▶ metric ▶ insight ▶ REPORT ▶ render ▶ deliver ┤ PR comment
//!  payloads   ┘                       ▲                                                        └ branch, files
//!                                  ledger (set union): branch `fivekeys` or folder `.dora/`
//! ```

pub mod event;

pub mod config;

pub mod adapter;
pub mod timeline;

pub mod metric;

pub mod insight;

pub mod report;

pub mod render;

// Nothing above this line knows the world.
pub mod host;

pub mod github;

pub mod ledger;

pub mod collect;

pub mod deliver;

pub mod cli;

#[cfg(any(test, feature = "fuzz"))]
#[doc(hidden)]
pub mod surface;
