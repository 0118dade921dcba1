//! The one comment on an open pull request that starts a workflow, updated in place.

use serde_json::Value;

use super::flow::{Run, said};
use super::outcome::Outcome;
use crate::adapter::github_pull;
use crate::config::Config;
use crate::deliver::{self, Draft};
use crate::github::{GitHubError, PullFields};
use crate::render;
use crate::report::v1::Report;

/// Writes it where the configuration asks for it and the token can.
pub(super) async fn post(run: &Run<'_>, report: &Report, config: &Config, outcome: &mut Outcome) {
    let pull = &run.payload["pull_request"];
    let Some(id) = pull["node_id"].as_str().filter(|_| pull["state"] == "open") else {
        return;
    };
    if !config.comment.tells_open() {
        return;
    }
    // Such a token reads, and asking it to write would be an error on every pull request from a fork.
    if run.host.var("GITHUB_EVENT_NAME") != Some("pull_request_target") && is_from_fork(pull) {
        outcome.notice(
            "a pull request from a fork gets no comment: its token only reads; \
             start the workflow on `pull_request_target`, without a checkout",
        );
        return;
    }
    match write(run, report, id, outcome).await {
        Ok(written) => outcome.facts.commented += written,
        Err(GitHubError::Forbidden { .. }) if is_dependabot(run) => outcome.notice(
            "a pull request of Dependabot gets no comment: its token only reads, unless the job's `permissions` \
             grant `pull-requests: write`",
        ),
        Err(error) => outcome.degrade(&format!(
            "the preview comment was not written: {}",
            said(&error)
        )),
    }
}

async fn write(
    run: &Run<'_>,
    report: &Report,
    id: &str,
    outcome: &mut Outcome,
) -> Result<usize, GitHubError> {
    let ids = [id.to_owned()];
    let nodes = run
        .client
        .pulls_by_id(&ids, PullFields::Whole, &run.budget)
        .await?;
    let Some((pull, is_draft)) = nodes.first().and_then(|node| {
        let pull = github_pull::read(node).ok()?;
        Some((pull, node["isDraft"] == true))
    }) else {
        return Ok(0);
    };
    let now = run.host.now;
    let drawn = outcome.draw(|templates| render::preview(report, &pull, is_draft, now, templates));
    let body = match drawn {
        Ok(body) => body,
        Err(e) => {
            outcome.error(&format!("the preview could not be rendered: {e}"));
            return Ok(0);
        }
    };
    if run.inputs.dry_run {
        outcome.drafts.push(body);
        return Ok(0);
    }
    let draft = Draft {
        pull: id.to_owned(),
        marker: render::preview_marker(),
        body,
    };
    let posted = deliver::post(run.client, &[draft], &run.budget).await?;
    match posted.failed.into_iter().next() {
        Some(error) => Err(error),
        None => Ok(posted.written + posted.unchanged),
    }
}

/// What Dependabot starts reads only, unless the workflow says otherwise.
fn is_dependabot(run: &Run<'_>) -> bool {
    run.host.var("GITHUB_ACTOR") == Some("dependabot[bot]")
}

/// Names can be taken over; ids cannot. A fork that was deleted is one all the same.
fn is_from_fork(pull: &Value) -> bool {
    pull["head"]["repo"]["id"] != pull["base"]["repo"]["id"]
}
