//! How the pull requests that are new in this run were tested. A few requests: it is asked once, or never.

use std::collections::BTreeSet;

use super::{Collected, Note, Purse};
use crate::adapter::github_ci;
use crate::adapter::github_commit::is_object_id;
use crate::event::{Event, Fact, Instant, Pull};
use crate::github::GitHubError;

/// Most requests of a run.
const MOST_REQUESTS: u64 = 5;

/// Fills in the tests of new pull requests, newest first: the runs of each, and with what requests are left, the wait
/// for runners in the longest run of each. It is done before they are first remembered, since they never change later.
pub(super) async fn collect(purse: &Purse<'_>, out: &mut Collected) {
    let begin = purse.ask.client.requests();
    let left = || {
        let spent = purse.ask.client.requests() - begin;
        MOST_REQUESTS.saturating_sub(spent).min(purse.left())
    };
    let deploys = runs_of_deployments(purse, &out.events);
    let mut slowest: Vec<(usize, u64)> = Vec::new();
    for (place, head, merged_at) in newest(&out.events) {
        if left() == 0 {
            break;
        }
        let ask = &purse.ask;
        let answer = ask.client.tests_of_commit(&head, ask.budget).await;
        let Some(body) = or_note(answer, out) else {
            return;
        };
        let is_deploy =
            |run: &str, file: &str| deploys.contains(run) || ask.config.is_deploy_workflow(file);
        if let Some(tests) = github_ci::from_rest(&body, merged_at, is_deploy)
            && let Some(pull) = pull_at(out, place)
        {
            pull.ci = Some(tests.ci);
            slowest.extend(tests.slowest.map(|run| (place, run)));
        }
    }
    for (place, run) in slowest {
        if left() == 0 {
            break;
        }
        let ask = &purse.ask;
        let answer = ask.client.jobs_of_test(run, ask.budget).await;
        let Some(body) = or_note(answer, out) else {
            return;
        };
        if let Some(ci) = pull_at(out, place).and_then(|pull| pull.ci.as_mut()) {
            ci.queue_seconds = github_ci::longest_queue(&body);
        }
    }
}

/// Places of the new pull requests with their last commits, the latest merge first.
fn newest(events: &[Event]) -> Vec<(usize, String, Instant)> {
    let mut found: Vec<_> = events
        .iter()
        .enumerate()
        .filter_map(|(place, event)| {
            let pull = event.fact.as_pull()?;
            let head = pull.head.clone().filter(|sha| is_object_id(sha))?;
            Some((pull.merged_at?, pull.number, place, head))
        })
        .collect();
    found.sort_unstable();
    let latest_first = found.into_iter().rev();
    latest_first
        .map(|(merged_at, _, place, head)| (place, head, merged_at))
        .collect()
}

/// Workflow runs that deployments name: they ship a commit and test nothing.
fn runs_of_deployments(purse: &Purse<'_>, events: &[Event]) -> BTreeSet<String> {
    let ask = &purse.ask;
    let all = ask.known.iter().chain(events).chain(ask.own);
    all.filter_map(|event| event.fact.as_deployment()?.run.clone())
        .collect()
}

fn pull_at(out: &mut Collected, place: usize) -> Option<&mut Pull> {
    match out.events.get_mut(place).map(|event| &mut event.fact) {
        Some(Fact::Pull(pull)) => Some(pull),
        _ => None,
    }
}

/// The answer, or a note and nothing. Where Actions are switched off there are no runs.
fn or_note<T>(answer: Result<T, GitHubError>, out: &mut Collected) -> Option<T> {
    match answer {
        Ok(found) => Some(found),
        Err(GitHubError::NotFound { .. }) => None,
        Err(error) => {
            out.aside(Note::of("tests of pull requests", &error));
            None
        }
    }
}
