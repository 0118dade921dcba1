//! Comments on pull requests: found by marker and author, written once, never a stranger's.

use crate::github::{Budget, Client, Comment, CommentChange, GitHubError};

/// A comment to be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Draft {
    /// Node id of the pull request.
    pub pull: String,
    /// First line of the body; the same marker is the same comment.
    pub marker: String,
    /// Text, marker included.
    pub body: String,
}

/// What became of the drafts.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Posted {
    /// New ones and rewritten ones.
    pub written: usize,
    /// Already there, word for word.
    pub unchanged: usize,
    /// Refused, each with its reason.
    pub failed: Vec<GitHubError>,
}

/// Writes the drafts: one query to find what is there, one mutation for all.
///
/// # Errors
/// When nothing could be read or written.
pub async fn post(
    client: &Client,
    drafts: &[Draft],
    budget: &Budget,
) -> Result<Posted, GitHubError> {
    let mut posted = Posted::default();
    if drafts.is_empty() {
        return Ok(posted);
    }
    let pulls: Vec<String> = drafts.iter().map(|d| d.pull.clone()).collect();
    let mut there = client.comments(&pulls, budget).await?;
    let mut changes = Vec::new();
    for draft in drafts {
        match there.remove(&draft.pull) {
            Some(Ok(comments)) => match change(draft, &comments) {
                Some(change) => changes.push(change),
                None => posted.unchanged += 1,
            },
            Some(Err(error)) => posted.failed.push(error),
            None => {}
        }
    }
    for outcome in client.write_comments(&changes, budget).await? {
        match outcome {
            Ok(_) => posted.written += 1,
            Err(error) => posted.failed.push(error),
        }
    }
    Ok(posted)
}

/// What is to be done for one draft; `None` when its comment stands as it should.
fn change(draft: &Draft, there: &[Comment]) -> Option<CommentChange> {
    let ours = there.iter().rev().find(|c| {
        c.viewer_did_author && !c.is_minimized && c.body.trim_start().starts_with(&draft.marker)
    });
    match ours {
        Some(comment) if same(&comment.body, &draft.body) => None,
        Some(comment) => Some(CommentChange::Update {
            comment: comment.id.clone(),
            body: draft.body.clone(),
        }),
        None => Some(CommentChange::Add {
            pull: draft.pull.clone(),
            body: draft.body.clone(),
        }),
    }
}

/// GitHub may store other line ends than it was given.
pub(super) fn same(there: &str, draft: &str) -> bool {
    let lines = |text: &str| -> Vec<String> {
        text.trim()
            .lines()
            .map(|l| l.trim_end().to_owned())
            .collect()
    };
    lines(there) == lines(draft)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn comment(body: &str, ours: bool) -> Comment {
        Comment {
            id: "IC_1".to_owned(),
            body: body.to_owned(),
            viewer_did_author: ours,
            is_minimized: false,
        }
    }

    #[test]
    fn a_stranger_s_quote_of_our_marker_is_never_touched() {
        let draft = Draft {
            pull: "PR_1".to_owned(),
            marker: "<!-- m -->".to_owned(),
            body: "<!-- m -->\nnew".to_owned(),
        };
        let strangers = [
            comment("<!-- m -->\nold", false),
            comment("> <!-- m -->", true),
        ];
        assert!(matches!(
            change(&draft, &strangers),
            Some(CommentChange::Add { .. })
        ));
        assert!(matches!(
            change(&draft, &[comment("<!-- m -->\nold", true)]),
            Some(CommentChange::Update { .. })
        ));
        assert_eq!(
            change(&draft, &[comment("<!-- m -->\r\nnew\n", true)]),
            None
        );
    }
}
