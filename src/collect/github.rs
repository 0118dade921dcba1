//! What GitHub knows and the ledger lacks: deployments, the commits they delivered, the pull requests of those.
//!
//! Nothing is asked twice: what the ledger knows is not fetched again. Every part fails alone and says so in a note.

mod changes;
mod deployments;
mod evidence;
mod order;

use crate::config::Config;
use crate::event::{Deployment, Event, Events, Instant};
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
    /// There is more than the requests reached; the next run goes on.
    pub more: bool,
    /// Where the next run goes on with deployments older than those read here.
    pub resume: Option<String>,
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
}

/// Something a reader of the report must know.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Note {
    /// Stable code: `not_permitted`, `rate_limited`, `truncated`, `by_time` (rule MD1), `unreadable`.
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
            | GitHubError::Setup { .. } => "unreadable",
        };
        Self {
            code,
            says: format!("{what} could not be read: {error}"),
            help: error.help(),
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
    let mut out = Collected::default();
    let mut found = deployments::collect(&purse, &mut out).await;
    // What it delivered is asked for as well; the event itself is the caller's.
    found.extend(ask.own.cloned());
    evidence::collect(&purse, &mut out).await;
    changes::collect(&purse, &found, &mut out).await;
    out
}

/// Whether the ledger lacks it. A later revision that changes nothing is no news.
fn is_news(known: &Events, event: &Event) -> bool {
    !known.knows(event)
        && known
            .get(event.fact.kind(), &event.id)
            .is_none_or(|old| old.fact != event.fact)
}

/// Rule U4, the first two of its three steps settled by the configuration.
fn is_production(config: &Config, deployment: &Deployment) -> bool {
    let environments = &config.environments;
    !deployment.transient
        && (environments.is_production(&deployment.environment)
            || (!environments.is_configured() && deployment.production == Some(true)))
}
