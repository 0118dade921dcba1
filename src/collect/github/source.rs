//! Which source besides GitHub's deployments is asked, in the order of rule U1: the first that has any.

use super::deployments::trimmed;
use super::{Collected, Note, Purse, hint, lists, merges, production, state, workflows};
use crate::config::SourceChoice;
use crate::event::{Event, Fact, Instant, Source};
use crate::github::{GitHubError, List, Part};

/// Everything up to the cutoff has been read.
pub(super) const ALL: &str = "all";

/// Deployments of the source in force; the new ones go to `out` too. Asks nothing where GitHub's deployments are it.
pub(super) async fn collect(
    purse: &Purse<'_>,
    deployments: &[Event],
    out: &mut Collected,
) -> Vec<Event> {
    let ask = &purse.ask;
    let found = match ask.config.source {
        SourceChoice::Deployments => Vec::new(),
        SourceChoice::Workflows => workflows::collect(purse, out).await,
        SourceChoice::Releases => lists::collect(purse, &[List::Releases], out).await,
        SourceChoice::Tags => lists::collect(purse, &[List::Tags], out).await,
        SourceChoice::State => state::collect(purse, out).await,
        SourceChoice::Merges => merges::collect(purse, out).await,
        SourceChoice::Auto => first_of_all(purse, deployments, out).await,
    };
    let found = trimmed(ask, found);
    let news = found.iter().filter(|event| !ask.known.knows(event));
    out.events.extend(news.cloned());
    found
}

async fn first_of_all(purse: &Purse<'_>, deployments: &[Event], out: &mut Collected) -> Vec<Event> {
    let ask = &purse.ask;
    let of = |wanted: Source| {
        let all = deployments.iter().chain(ask.known.iter());
        all.filter(move |e| e.source == wanted && matches!(e.fact, Fact::Deployment(_)))
    };
    let mut recorded = of(Source::GithubDeployments);
    if recorded.any(|event| production(ask.config, event).is_some()) {
        return Vec::new();
    }
    if !ask.config.workflows.is_empty() {
        return workflows::collect(purse, out).await;
    }
    if !ask.config.state_files.is_empty() {
        return state::collect(purse, out).await;
    }
    // Deployments to other environments are listed and never replaced in silence (rule U4); where they cannot be
    // read, it is not known whether there are any.
    let told = [Source::GithubDeployments, Source::Manual, Source::History];
    if ask.state.problem(&Part::Deployments).is_some()
        || told.into_iter().any(|source| of(source).next().is_some())
    {
        return Vec::new();
    }
    let reported = ask.own.is_some() || of(Source::WorkflowRun).next().is_some();
    let first = ask.places.is_empty();
    let mut found = lists::collect(purse, &[List::Releases, List::Tags], out).await;
    let marked = [Source::GithubReleases, Source::GitTags];
    let known = marked.into_iter().any(|source| of(source).next().is_some());
    // What could not be read may be there: merges count only when nothing else exists.
    if found.is_empty() && !known && !reported && out.notes.iter().all(|note| !note.is_gap()) {
        found = merges::collect(purse, out).await;
    }
    if first {
        hint::collect(purse, out).await;
    }
    found
}

impl Purse<'_> {
    /// Requests for a source: the other half is for commits and pull requests.
    pub(super) fn left_for_source(&self) -> u64 {
        self.left_of(self.ask.requests / 2)
    }
}

impl Collected {
    /// Remembers that a source has been read to its end.
    pub(super) fn finished(&mut self, key: &str, oldest: Option<Instant>, cutoff: Instant) {
        let before = self.places.insert(key.to_owned(), ALL.to_owned());
        if before.as_deref() != Some(ALL) {
            let oldest = oldest.map(|oldest| oldest.max(cutoff));
            self.since(oldest);
        }
    }

    /// Remembers where a source goes on, and says how far it was read.
    pub(super) fn unfinished(
        &mut self,
        key: &str,
        place: String,
        reached: Option<Instant>,
        cutoff: Instant,
    ) {
        self.places.insert(key.to_owned(), place);
        self.more = true;
        self.note(Note::unfinished(key, reached.unwrap_or(cutoff), cutoff));
        self.since(reached);
    }

    fn since(&mut self, oldest: Option<Instant>) {
        // Several sources of one kind are complete only since the latest of their beginnings.
        self.history_since = self.history_since.max(oldest);
    }

    /// A source that could not be read is read by the next run.
    pub(super) fn unread(&mut self, key: &str, error: &GitHubError) {
        self.note(Note::of(key, error));
        self.more = true;
    }
}
