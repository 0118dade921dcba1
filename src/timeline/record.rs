//! One record of a deployment, as a source tells it, under the rules in force (rule U5).

use crate::config::{Cancelled, Config};
use crate::event::{self, Event, Instant, Outcome};

/// One record of one source.
#[derive(Clone, Copy)]
pub(super) struct Raw<'e> {
    pub(super) event: &'e Event,
    pub(super) fact: &'e event::Deployment,
    /// How it ended, by the rules in force.
    pub(super) outcome: Outcome,
}

impl<'e> Raw<'e> {
    pub(super) fn of(event: &'e Event, config: &Config) -> Option<Self> {
        let fact = event.fact.as_deployment()?;
        let failed = fact.cancelled && config.profile.cancelled == Cancelled::Failure;
        let outcome = if failed {
            fact.outcome.max(Outcome::Failure)
        } else {
            fact.outcome
        };
        Some(Self {
            event,
            fact,
            outcome,
        })
    }

    pub(super) fn at(&self) -> Instant {
        self.fact.finished_at.unwrap_or(self.event.time)
    }

    /// Without a run id a record stands alone; its own id cannot be a run's, which are numbers.
    pub(super) fn run(&self) -> &'e str {
        self.fact.run.as_deref().unwrap_or(&self.event.id)
    }
}
