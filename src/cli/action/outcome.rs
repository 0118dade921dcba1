//! What became of a run.

use crate::collect::github::Note;
use crate::config::Config;
use crate::event::Event;
use crate::ledger::Loaded;
use crate::render::{RenderError, RunFacts, TemplateError, Templates};
use crate::report::v1::Report;

/// What became of a run, and everything that will be said about it.
#[derive(Debug, Default)]
pub struct Outcome {
    /// The numbers; absent when nothing could be read at all.
    pub(super) report: Option<Report>,
    /// What the summary says about the run.
    pub(super) facts: RunFacts,
    /// Commit on the metrics branch that this run wrote.
    pub(super) commit: Option<String>,
    /// Files that were, or in a dry run would be, written, with their sizes.
    pub(super) files: Vec<(String, usize)>,
    /// Comment bodies that a dry run would have written.
    pub(super) drafts: Vec<String>,
    /// Requests sent.
    pub(super) requests: u64,
    /// The team's templates, as far as they can be used.
    pub(super) templates: Templates,
    degraded: Vec<String>,
    errors: Vec<String>,
    notices: Vec<String>,
    /// Promises that were missed: nothing went wrong with the run itself.
    missed: Vec<String>,
}

impl Outcome {
    /// A new pass over a new snapshot: what the last one could not do, this one may.
    pub(super) fn begin_again(&mut self) {
        self.degraded.clear();
        self.notices.clear();
    }

    /// Counts the production deployments that are stored now and are not this run's: a first run takes the history
    /// in, any other recovers what earlier runs could not store.
    pub(super) fn count_late(&mut self, loaded: &Loaded, fresh: &[Event], config: &Config) {
        let own = self.facts.deployment.as_deref();
        let late = fresh.iter().filter(|event| {
            event.fact.as_deployment().is_some_and(|d| {
                config.environments.is_production(&d.environment)
                    && own != Some(&event.id)
                    && loaded.ledger.events.get("deployment", &event.id).is_none()
            })
        });
        let late = late.count();
        let first = loaded.head.is_none();
        self.facts.swept = if first { late } else { 0 };
        self.facts.recovered = if first { 0 } else { late };
    }

    /// What could not be read was skipped; a gap in the history itself is for the report alone.
    pub(super) fn say_notes(&mut self, notes: &[Note]) {
        for note in notes.iter().filter(|note| note.is_gap()) {
            let says = &note.says;
            let help = note.help.as_ref();
            self.degrade(&help.map_or_else(|| says.clone(), |help| format!("{says}; {help}")));
        }
    }

    /// Draws with the team's templates. One that is wrong is said, and the built-in one takes its place.
    pub(super) fn draw<T>(
        &mut self,
        draw: impl Fn(&Templates) -> Result<T, RenderError>,
    ) -> Result<T, RenderError> {
        loop {
            match draw(&self.templates) {
                Err(RenderError::Own(error)) => self.reject(&error),
                done => return done,
            }
        }
    }

    /// Uses the built-in template instead, and says why.
    pub(super) fn reject(&mut self, error: &TemplateError) {
        self.error(&format!(
            "{error}; {}; the built-in template is used",
            error.help
        ));
        self.templates.reject(error);
    }

    /// Something was skipped or not stored.
    pub(super) fn degrade(&mut self, says: &str) {
        push(&mut self.degraded, says);
    }

    /// Somebody has to mend something.
    pub(super) fn error(&mut self, says: &str) {
        push(&mut self.errors, says);
    }

    /// Worth knowing.
    pub(super) fn notice(&mut self, says: &str) {
        push(&mut self.notices, says);
    }

    /// A promise was missed.
    pub(super) fn miss(&mut self, says: &str) {
        push(&mut self.missed, says);
    }

    /// Whether what this run had to store stands on the branch.
    #[must_use]
    pub fn is_persisted(&self) -> bool {
        self.facts.persisted
    }

    /// Commit on the metrics branch that this run wrote.
    #[must_use]
    pub fn commit(&self) -> Option<&str> {
        self.commit.as_deref()
    }

    /// Requests that this run sent, retries included.
    #[must_use]
    pub fn requests(&self) -> u64 {
        self.requests
    }

    pub(super) fn is_degraded(&self) -> bool {
        !self.degraded.is_empty()
    }

    pub(super) fn is_error(&self) -> bool {
        !self.errors.is_empty()
    }

    /// What was skipped or not stored, in sentences.
    #[must_use]
    pub fn degraded(&self) -> &[String] {
        &self.degraded
    }

    /// What somebody has to mend, in sentences.
    #[must_use]
    pub fn errors(&self) -> &[String] {
        &self.errors
    }

    pub(super) fn missed(&self) -> &[String] {
        &self.missed
    }

    pub(super) fn notices(&self) -> &[String] {
        &self.notices
    }
}

fn push(list: &mut Vec<String>, says: &str) {
    if !list.iter().any(|known| known == says) {
        list.push(says.to_owned());
    }
}
