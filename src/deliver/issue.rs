//! One issue for a text that comes again: found by marker and author, rewritten only when it changed.

use super::comments::same;
use crate::github::{Budget, Client, GitHubError, IssueChange};

/// Writes the text as the issue of its marker, its first line; returns the issue's page.
///
/// # Errors
/// When the issues could not be read or this one not written.
pub async fn issue(
    client: &Client,
    marker: &str,
    title: &str,
    body: &str,
    budget: &Budget,
) -> Result<String, GitHubError> {
    let known = client.issues(budget).await?;
    let ours = known
        .newest
        .into_iter()
        .find(|i| i.viewer_did_author && i.body.trim_start().starts_with(marker));
    let change = match ours {
        Some(issue) if same(&issue.body, body) => return Ok(issue.url),
        Some(issue) => IssueChange::Update {
            issue: issue.id,
            body: body.to_owned(),
        },
        None => IssueChange::Create {
            repository: known.repository,
            title: title.to_owned(),
            body: body.to_owned(),
        },
    };
    client.write_issue(&change, budget).await
}
