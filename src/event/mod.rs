//! The vocabulary: what can be remembered about a repository's delivery.
//!
//! | our fact | CDEvents | OpenTelemetry attributes |
//! |---|---|---|
//! | `deployment` | `service.deployed` (a failed attempt has no CDEvent) | `deployment.id`, `deployment.environment.name`, `service.name`, `vcs.ref.head.revision` |
//! | `commit`, `pull` | `change.merged` | `vcs.change.id`, `vcs.ref.head.revision` |
//! | `incident` | `incident.detected`, `incident.resolved` | – |
//! | `deployment.corrected`, `event.retracted` | – | – |

mod ai;
mod bounds;
mod events;
mod fact;
mod near;
mod text;
mod time;

pub use ai::{is_agent, is_agents_account, is_agents_branch, is_signed_by_agent};
pub use bounds::{instant_of_seconds, is_datable};
pub use events::Events;
pub use fact::{
    Cause, Ci, Commit, Correction, DeclaredChange, Deployment, Event, Fact, Incident, Outcome,
    Pull, Range, Retraction, Source,
};
pub use near::{distance, nearest};
pub use text::{
    Undoes, cause_words, causes_in, digest, is_bot, is_hotfix_branch, is_hotfix_title, is_sha,
    subject_key,
};
pub use time::{Calendar, Instant, Span, TimeError, Window, parse_instant, seconds_between};
