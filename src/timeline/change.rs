//! Changes and the deployments that delivered them first (rules LT1 to LT6, LT10, LT11).

use super::stage::Stages;
use crate::event::{Ci, Instant, Span, seconds_between};

/// A pull request, or a commit without one, that reached production with a service.
#[derive(Debug, Clone)]
pub struct Change {
    /// Pull request number, or commit sha.
    pub id: String,
    /// The service that delivered it.
    pub service: Option<String>,
    /// Position of the deployment that delivered it first.
    pub deployment: usize,
    /// Pull request number.
    pub pull: Option<u64>,
    /// Where its lead time begins (rule LT2); unknown when its source gives no date at all.
    pub started_at: Option<Instant>,
    /// Pull request opened.
    pub created_at: Option<Instant>,
    /// Ready for review.
    pub ready_at: Option<Instant>,
    /// First human review.
    pub first_review_at: Option<Instant>,
    /// Last approval before the merge.
    pub approved_at: Option<Instant>,
    /// Merged.
    pub merged_at: Option<Instant>,
    /// Delivered.
    pub deployed_at: Instant,
    /// By a bot (rule LT8).
    pub bot: bool,
    /// It carries the sign of an AI agent; unknown where nobody looked.
    pub ai: Option<bool>,
    /// Its deployment is known by time only.
    pub by_time: bool,
    /// Where the time went.
    pub stages: Stages,
    /// Lines added and deleted.
    pub lines: Option<u64>,
    /// Files touched.
    pub files: Option<u64>,
    /// Rounds of review; none when nobody looked.
    pub review_rounds: Option<u32>,
    /// How its last commit was tested.
    pub ci: Option<Ci>,
    /// No other service delivered it earlier: a roll-up counts it here (rule LT5).
    pub first: bool,
}

impl Change {
    /// From its start to production; negative where clocks disagree.
    #[must_use]
    pub fn lead_time(&self) -> Option<Span> {
        self.started_at
            .map(|from| seconds_between(from, self.deployed_at))
    }

    /// Begun more than two years before its merge: kept, and listed (rule LT2).
    #[must_use]
    pub fn is_suspicious(&self) -> bool {
        let end = self.merged_at.unwrap_or(self.deployed_at);
        let old = |from| seconds_between(from, end) > 2 * 365 * 86_400;
        self.started_at.is_some_and(old)
    }
}

/// A commit that reached production with a service.
#[derive(Debug, Clone)]
pub struct DeliveredCommit {
    /// Object id.
    pub sha: String,
    /// Position of the deployment.
    pub deployment: usize,
    /// When it was written.
    pub authored_at: Instant,
    /// By a bot.
    pub bot: bool,
    /// No other service delivered it earlier.
    pub first: bool,
}

/// A change that is merged and not deployed (rule LT10).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Waiting {
    /// Pull request number, or commit sha.
    pub id: String,
    /// Services that have not delivered it; `None` for the only one.
    pub service: Option<String>,
    /// Since when it waits: merged, else written.
    pub since: Instant,
    /// No service that it belongs to has delivered it: it waits in a roll-up too (rule LT5).
    pub everywhere: bool,
}
