//! What GitHub knows and the ledger lacks: deployments, the commits they delivered, the pull requests of those.
//!
//! Nothing is asked twice: what the ledger knows is not fetched again. Every part fails alone and says so in a note.

mod changes;
mod ci;
mod deployments;
mod evidence;
mod hint;
mod lists;
mod merges;
mod order;
mod source;
mod state;
mod workflows;

use std::collections::BTreeMap;

use crate::adapter::github_mark;
use crate::config::Config;
use crate::event::{Deployment, Event, Events, Fact, Instant};
use crate::github::{Budget, Client, GitHubError, State};

/// Requests of one run, where the caller has no other number.
pub const REQUESTS: u64 = 40;

/// What is known and how much may be spent.
#[derive(Debug, Clone, Copy)]
pub struct Ask<'a> {
    /// The repository.
    pub client: &'a Client,
    /// What the first query read.
    pub state: &'a State,
    /// Which environments are production.
    pub config: &'a Config,
    /// The configuration is what the team wrote; else it is only the defaults, and nothing is taken back because of it.
    pub trusted: bool,
    /// What the ledger remembers.
    pub known: &'a Events,
    /// The run's own deployment, where GitHub has no settled record of it.
    pub own: Option<&'a Event>,
    /// The moment of reading.
    pub now: Instant,
    /// How far back a first run looks.
    pub cutoff: Instant,
    /// Where an earlier run had to stop paging: [`Collected::resume`].
    pub resume: Option<&'a str>,
    /// How far the other sources were read: [`Collected::places`].
    pub places: &'a BTreeMap<String, String>,
    /// Most requests to send.
    pub requests: u64,
    /// When to stop.
    pub budget: &'a Budget,
}

/// What was found.
#[derive(Debug, Clone, Default)]
pub struct Collected {
    /// Events that the ledger lacks, or knows in an older revision.
    pub events: Vec<Event>,
    /// What could not be read, and what would turn it on.
    pub notes: Vec<Note>,
    /// The same of what only stands beside the metrics, which need none of it: no run is the worse for it.
    pub asides: Vec<Note>,
    /// There is more than the requests reached; the next run goes on.
    pub more: bool,
    /// Where the next run goes on with deployments older than those read here.
    pub resume: Option<String>,
    /// How far each other source has been read, by its name: `all`, or where the next run goes on.
    pub places: BTreeMap<String, String>,
    /// Head of the default branch, where all that is merged and not deployed is known (rule LT10).
    pub head: Option<String>,
    /// Since when the deployments are complete; absent where this run did not page back to their beginning.
    pub history_since: Option<Instant>,
}

impl Collected {
    /// Says it once.
    fn note(&mut self, note: Note) {
        if !self.notes.contains(&note) {
            self.notes.push(note);
        }
    }

    /// Says it once, beside.
    fn aside(&mut self, note: Note) {
        if !self.asides.contains(&note) {
            self.asides.push(note);
        }
    }
}

/// Something a reader of the report must know.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Note {
    /// Stable code: `not_permitted`, `rate_limited`, `truncated`, `by_time` (rule MD1), `unreadable`,
    /// `merge_is_deploy`, `older_server`, `workflows_look_like_deploys`.
    pub code: &'static str,
    /// One sentence.
    pub says: String,
    /// What would change it.
    pub help: Option<String>,
}

impl Note {
    fn of(what: &str, error: &GitHubError) -> Self {
        let code = match error {
            GitHubError::Forbidden { .. } | GitHubError::Unauthorized => "not_permitted",
            GitHubError::RateLimited { .. } => "rate_limited",
            GitHubError::TimedOut => "truncated",
            GitHubError::NotFound { .. }
            | GitHubError::Stale
            | GitHubError::Ambiguous { .. }
            | GitHubError::Server { .. }
            | GitHubError::Network { .. }
            | GitHubError::BadAnswer { .. }
            | GitHubError::TooLarge { .. }
            | GitHubError::RuleBlocked { .. }
            | GitHubError::Refused { .. }
            | GitHubError::Proxy { .. }
            | GitHubError::Untrusted { .. }
            | GitHubError::TooOld { .. }
            | GitHubError::Setup { .. } => "unreadable",
        };
        Self {
            code,
            says: format!("{what} could not be read: {error}"),
            help: error.help(),
        }
    }

    /// Whether something was skipped. The others tell a reader of the report what was decided.
    #[must_use]
    pub fn is_gap(&self) -> bool {
        !matches!(
            self.code,
            "by_time"
                | "merge_is_deploy"
                | "no_incident_source"
                | "older_server"
                | "undeployed_unknown"
                | "workflows_look_like_deploys"
        )
    }

    /// How far back a source has been read, where the requests did not reach to the end.
    fn unfinished(what: &str, reached: Instant, cutoff: Instant) -> Self {
        Self {
            code: "truncated",
            says: format!(
                "{what}: history read back to {} of {}; the next run goes on",
                reached.date_naive(),
                cutoff.date_naive()
            ),
            help: Some("nothing to do: every run reads a part of it".to_owned()),
        }
    }

    fn truncated(what: &str) -> Self {
        Self {
            code: "truncated",
            says: format!("{what}: the requests of this run are used up"),
            help: Some("nothing to do: the next run goes on from here".to_owned()),
        }
    }
}

/// The requests a run may still send.
struct Purse<'a> {
    ask: Ask<'a>,
    start: u64,
}

impl Purse<'_> {
    /// Left of this share of all requests.
    fn left_of(&self, share: u64) -> u64 {
        let spent = self.ask.client.requests() - self.start;
        if self.ask.budget.is_over() {
            return 0;
        }
        share.saturating_sub(spent)
    }

    fn left(&self) -> u64 {
        self.left_of(self.ask.requests)
    }
}

/// Collects. Never fails: what fails becomes a note.
pub async fn collect(ask: Ask<'_>) -> Collected {
    let purse = Purse {
        ask,
        start: ask.client.requests(),
    };
    let mut out = Collected {
        places: ask.places.clone(),
        ..Collected::default()
    };
    let mut found = deployments::collect(&purse, &mut out).await;
    let others = source::collect(&purse, &found, &mut out).await;
    found.extend(others);
    // What it delivered is asked for as well; the event itself is the caller's.
    found.extend(ask.own.cloned());
    evidence::collect(&purse, &mut out).await;
    changes::collect(&purse, &found, &mut out).await;
    ci::collect(&purse, &mut out).await;
    for what in ask.client.unknown_here() {
        out.note(Note {
            code: "older_server",
            says: format!("this GitHub is too old to tell {what}"),
            help: Some("update the server to have it measured".to_owned()),
        });
    }
    out
}

/// Whether the ledger lacks it. A later revision that changes nothing is no news.
fn is_news(known: &Events, event: &Event) -> bool {
    !known.knows(event)
        && known
            .get(event.fact.kind(), &event.id)
            .is_none_or(|old| old.fact != event.fact)
}

/// Rule U4, the first two of its three steps settled by the configuration. What is marked is production by that.
fn is_production(config: &Config, event: &Event, deployment: &Deployment) -> bool {
    let environments = &config.environments;
    github_mark::is_mark(event)
        || (!deployment.transient
            && (environments.is_production(&deployment.environment)
                || (!environments.is_configured() && deployment.production == Some(true))))
}

/// The production deployment that an event is.
fn production<'e>(config: &Config, event: &'e Event) -> Option<&'e Deployment> {
    let Fact::Deployment(deployment) = &event.fact else {
        return None;
    };
    is_production(config, event, deployment).then_some(deployment)
}
