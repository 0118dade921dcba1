//! Deployments: page by page, back to what the ledger knows or to the cutoff and the baseline before it.

use std::collections::BTreeSet;

use super::{Ask, Collected, Note, Purse, is_news, production};
use crate::adapter::{github_deployment, github_environment};
use crate::event::{Event, Events, Fact, Instant, Outcome, Source, parse_instant};
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
            let Ok(mut event) = github_deployment::from_graphql(&node.0) else {
                self.unreadable += 1;
                continue;
            };
            keep_waits(ask.known, &mut event);
            all_new &= ask.known.get("deployment", &event.id).is_none();
            if let Some(d) = production(ask.config, &event) {
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
    let news = kept.iter().filter(|e| is_news(ask.known, e));
    let mut news: Vec<Event> = news.cloned().collect();
    split_waits(purse, &mut news, out).await;
    out.events.extend(news);
    kept
}

/// What an earlier run has split into timer and approval is not split again, so that it is no news.
fn keep_waits(known: &Events, event: &mut Event) {
    if let Some(Fact::Deployment(old)) = known.get("deployment", &event.id).map(|e| &e.fact)
        && let Fact::Deployment(new) = &mut event.fact
        && (old.outcome, old.finished_at, old.approximate)
            == (new.outcome, new.finished_at, new.approximate)
    {
        new.queue_seconds = old.queue_seconds;
        new.approval_seconds = old.approval_seconds;
        new.timer_seconds = old.timer_seconds;
    }
}

/// Asks for the environments' rules when a new deployment to production waited for one.
async fn split_waits(purse: &Purse<'_>, news: &mut [Event], out: &mut Collected) {
    let ask = &purse.ask;
    let waited = |event: &Event| {
        let deployment = production(ask.config, event);
        deployment.is_some_and(|d| d.approval_seconds.is_some_and(|s| s > 0))
    };
    if purse.left() == 0 || !news.iter().any(waited) {
        return;
    }
    match ask.client.environments(ask.budget).await {
        Ok(body) => {
            let rules = github_environment::from_rest(&body);
            for event in news {
                if let Fact::Deployment(d) = &mut event.fact {
                    github_environment::split_waiting(d, &rules);
                }
            }
        }
        Err(error) => out.aside(Note::of("rules of environments", &error)),
    }
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
            let reached = pages.oldest.unwrap_or(ask.cutoff);
            Err(Note::unfinished("deployments", reached, ask.cutoff))
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
pub(super) fn trimmed(ask: &Ask<'_>, events: Vec<Event>) -> Vec<Event> {
    let mut newest_first = events;
    newest_first.sort_by(|a, b| (b.time, &b.id).cmp(&(a.time, &a.id)));
    let mut based: BTreeSet<String> = ask
        .known
        .iter()
        .flat_map(|e| baselines_of(ask, e))
        .collect();
    newest_first.retain(|event| {
        let before = based.len();
        // Of each service that it is of: one deployment may be the baseline of several.
        if event.time < ask.cutoff && ask.known.get("deployment", &event.id).is_none() {
            based.extend(baselines_of(ask, event));
            return based.len() > before;
        }
        true
    });
    newest_first
}

/// The services whose baseline this event can be.
fn baselines_of<'a>(ask: &'a Ask<'_>, event: &'a Event) -> impl Iterator<Item = String> + 'a {
    let found = production(ask.config, event)
        .filter(|d| event.time < ask.cutoff && d.outcome == Outcome::Success);
    found
        .into_iter()
        .flat_map(|d| ask.config.services_of(d))
        .map(|service| service.unwrap_or_default().to_owned())
}
