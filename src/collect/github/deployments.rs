//! Deployments: page by page, back to what the ledger knows or to the cutoff and the baseline before it.

use std::collections::BTreeSet;

use super::{Ask, Collected, Note, Purse, is_news, is_production};
use crate::adapter::github_deployment;
use crate::event::{Event, Fact, Instant, Outcome, Source, parse_instant};
use crate::github::{DeploymentNode, Part};

/// How long a pending deployment is looked after, once it has left the first page.
const LOOK_AFTER_DAYS: i64 = 30;

/// What the pages held.
#[derive(Default)]
struct Pages {
    events: Vec<Event>,
    unreadable: usize,
    oldest: Option<Instant>,
    newest: Option<Instant>,
    /// A production deployment from before the cutoff was seen: the baseline.
    baseline: bool,
    /// Some production deployment was seen.
    production: bool,
}

impl Pages {
    /// Takes a page in. True when the ledger knew none of it.
    fn take(&mut self, ask: &Ask<'_>, nodes: &[DeploymentNode]) -> bool {
        let mut all_new = true;
        for node in nodes {
            let created = node.0["createdAt"]
                .as_str()
                .and_then(|text| parse_instant(text).ok());
            self.oldest = self.oldest.min(created).or(created).or(self.oldest);
            self.newest = self.newest.max(created);
            let Ok(event) = github_deployment::from_graphql(&node.0) else {
                self.unreadable += 1;
                continue;
            };
            all_new &= ask.known.get("deployment", &event.id).is_none();
            if let Fact::Deployment(d) = &event.fact
                && is_production(ask.config, d)
            {
                self.production = true;
                self.baseline |= event.time < ask.cutoff && d.outcome == Outcome::Success;
            }
            self.events.push(event);
        }
        all_new
    }

    /// Whether the cutoff is behind us, and where the history is being filled, the baseline too.
    fn reaches(&self, cutoff: Instant, backfill: bool) -> bool {
        let past = self.oldest.is_some_and(|oldest| oldest < cutoff);
        past && (!backfill || self.baseline || !self.production)
    }
}

/// Every deployment that was read and belongs to the history, known or new; the new ones go to `out` too.
pub(super) async fn collect(purse: &Purse<'_>, out: &mut Collected) -> Vec<Event> {
    let ask = &purse.ask;
    if let Some(error) = ask.state.problem(&Part::Deployments) {
        out.note(Note::of("deployments", error));
    }
    let mut pages = Pages::default();
    page_back(purse, &mut pages, out).await;
    refresh(purse, &mut pages, out).await;
    if pages.unreadable > 0 {
        out.note(Note {
            code: "unreadable",
            says: format!(
                "{} deployments have no environment or time",
                pages.unreadable
            ),
            help: None,
        });
    }
    let kept = trimmed(ask, pages.events);
    out.events
        .extend(kept.iter().filter(|e| is_news(ask.known, e)).cloned());
    kept
}

/// Follows the pages until the ledger goes on, and where its own history is unfinished, until the cutoff.
async fn page_back(purse: &Purse<'_>, pages: &mut Pages, out: &mut Collected) {
    let ask = &purse.ask;
    // Until the end of the history has been reached, an earlier run's place in it is kept.
    out.resume = ask.resume.map(str::to_owned);
    let first_run = !ask
        .known
        .iter()
        .any(|e| e.source == Source::GithubDeployments && matches!(e.fact, Fact::Deployment(_)));
    let mut backfill = first_run;
    let mut cursor = ask.state.next_cursor.clone();
    let mut all_new = pages.take(ask, &ask.state.deployments);
    loop {
        if !backfill && !all_new {
            if ask.resume.is_none() {
                return;
            }
            cursor = ask.resume.map(str::to_owned);
            backfill = true;
        }
        let Some(from) = cursor.filter(|_| !pages.reaches(ask.cutoff, backfill)) else {
            break;
        };
        // Commits and pull requests need the other half.
        let page = if purse.left_of(ask.requests / 2) == 0 {
            Err(Note::truncated("older deployments"))
        } else {
            let page = ask.client.more_deployments(&from, ask.budget).await;
            page.map_err(|error| Note::of("older deployments", &error))
        };
        match page {
            Ok(page) => {
                all_new = pages.take(ask, &page.nodes);
                cursor = page.next_cursor;
            }
            Err(note) => {
                out.note(note);
                out.more = true;
                out.resume = Some(from);
                return;
            }
        }
    }
    if backfill && ask.state.problem(&Part::Deployments).is_none() {
        out.resume = None;
        out.history_since = pages.oldest.map(|oldest| oldest.max(ask.cutoff));
    }
}

/// Pending deployments that have left the first page are asked for by id.
async fn refresh(purse: &Purse<'_>, pages: &mut Pages, out: &mut Collected) {
    let ask = &purse.ask;
    let Some(since) = pages
        .newest
        .map(|at| at - chrono::Duration::days(LOOK_AFTER_DAYS))
    else {
        return;
    };
    let seen: BTreeSet<&str> = pages.events.iter().map(|e| e.id.as_str()).collect();
    let open: Vec<String> = ask
        .known
        .iter()
        .filter(|e| matches!(&e.fact, Fact::Deployment(d) if d.outcome == Outcome::Pending))
        .filter(|e| e.time >= since && !seen.contains(e.id.as_str()))
        .filter_map(|e| e.id.strip_prefix("dep:").map(str::to_owned))
        .take(100)
        .collect();
    if open.is_empty() || purse.left() == 0 {
        return;
    }
    match ask.client.deployments_by_id(&open, ask.budget).await {
        Ok(nodes) => {
            pages.take(ask, &nodes);
        }
        Err(error) => out.note(Note::of("open deployments", &error)),
    }
}

/// Leaves out what is older than the cutoff, but for the baseline: the newest older success of each production service.
fn trimmed(ask: &Ask<'_>, events: Vec<Event>) -> Vec<Event> {
    let mut newest_first = events;
    newest_first.sort_by(|a, b| (b.time, &b.id).cmp(&(a.time, &a.id)));
    let mut based: BTreeSet<String> = ask
        .known
        .iter()
        .filter_map(|e| baseline_of(ask, e))
        .collect();
    newest_first.retain(|event| {
        event.time >= ask.cutoff
            || ask.known.get("deployment", &event.id).is_some()
            || baseline_of(ask, event).is_some_and(|service| based.insert(service))
    });
    newest_first
}

/// The service whose baseline this event can be.
fn baseline_of(ask: &Ask<'_>, event: &Event) -> Option<String> {
    let Fact::Deployment(d) = &event.fact else {
        return None;
    };
    let counts =
        event.time < ask.cutoff && d.outcome == Outcome::Success && is_production(ask.config, d);
    counts.then(|| d.service.clone().unwrap_or_default())
}
