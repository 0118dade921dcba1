//! One comment on each pull request that this run's new deployments have just shipped.

use super::flow::{Run, said};
use super::outcome::Outcome;
use crate::config::Config;
use crate::deliver::{self, Draft};
use crate::event::{Event, Events};
use crate::github::GitHubError;
use crate::render;
use crate::report::v1::Report;

/// A comment that may stand is never written a second time.
const NOT_AGAIN: &str =
    "nothing to do: the numbers are stored, and the next run does not comment again";
/// Older deliveries are no news.
const JUST_SHIPPED: chrono::Duration = chrono::Duration::hours(24);

/// What was shipped, and how it is told.
pub(super) struct Shipped<'a> {
    /// Events that this run stored.
    pub(super) fresh: &'a [Event],
    /// Everything that is known.
    pub(super) events: &'a Events,
    /// The numbers.
    pub(super) report: &'a Report,
    /// Whether to comment, and how often.
    pub(super) config: &'a Config,
}

/// Writes the comments, or keeps their bodies in a dry run. What fails is said; the step goes on.
pub(super) async fn post(run: &Run<'_>, shipped: &Shipped<'_>, outcome: &mut Outcome) {
    if !shipped.config.comment.tells_shipped() || run.is_read_only() {
        return;
    }
    let mut drafts = drafts(run, shipped, outcome);
    let over = drafts.len().saturating_sub(shipped.config.max_comments);
    drafts.truncate(shipped.config.max_comments);
    if over > 0 {
        outcome.notice(&format!(
            "{over} more shipped pull requests were not commented on"
        ));
    }
    if run.inputs.dry_run {
        outcome.drafts = drafts.into_iter().map(|d| d.body).collect();
        return;
    }
    if !drafts.is_empty() && run.budget.is_over() {
        return outcome.degrade(&format!(
            "comments were not written: the time of this run is used up; {NOT_AGAIN}"
        ));
    }
    match deliver::post(run.client, &drafts, &run.budget).await {
        Ok(posted) => {
            outcome.facts.commented = posted.written + posted.unchanged;
            // Where nothing was written, how many more there would have been is not the news.
            if outcome.facts.commented > 0 {
                outcome.facts.untold = over;
            }
            if let Some(error) = posted.failed.first() {
                outcome.degrade(&unwritten(
                    &format!("{} comments", posted.failed.len()),
                    error,
                ));
            }
        }
        Err(error) => outcome.degrade(&unwritten("comments", &error)),
    }
}

/// What is not there, why, and what to do.
fn unwritten(what: &str, error: &GitHubError) -> String {
    if let GitHubError::Ambiguous { message } = error {
        return format!("{what} may be missing: {message}; {NOT_AGAIN}");
    }
    let is_refused = matches!(
        error,
        GitHubError::Forbidden { .. } | GitHubError::Unauthorized
    );
    if is_refused {
        return format!("{what} were not written: {}", said(error));
    }
    format!("{what} were not written: {error}; {NOT_AGAIN}")
}

fn drafts(run: &Run<'_>, shipped: &Shipped<'_>, outcome: &mut Outcome) -> Vec<Draft> {
    let Shipped {
        fresh,
        events,
        report,
        config: _,
    } = shipped;
    // The attempts of a run are one deployment in the report, known by its first.
    let run_of = |e: &Event| e.fact.as_deployment().and_then(|d| d.run.clone());
    let is_fresh = |id: &str| {
        let run = events.get("deployment", id).and_then(run_of);
        fresh
            .iter()
            .any(|e| e.id == id || (run.is_some() && run_of(e) == run))
    };
    let just_shipped = |id: &str| {
        is_fresh(id)
            && report
                .deployments
                .iter()
                .any(|d| d.id == id && d.finished_at.is_some_and(|at| run.now - at < JUST_SHIPPED))
    };
    let mut out = Vec::new();
    for change in &report.changes {
        if !change.deployment.as_deref().is_some_and(just_shipped) {
            continue;
        }
        let node = events
            .get("pull", &format!("pr:{}", change.id))
            .and_then(|e| e.fact.as_pull())
            .and_then(|p| p.node.clone());
        let Some(pull) = node else {
            continue;
        };
        let key = change.service.as_deref().unwrap_or("production");
        let drawn = outcome.draw(|templates| render::comment(report, change, key, templates));
        match drawn {
            Ok(Some(body)) => out.push(Draft {
                pull,
                marker: render::marker("shipped", key),
                body,
            }),
            Ok(None) => {}
            Err(e) => outcome.error(&format!("a comment could not be rendered: {e}")),
        }
    }
    out
}
