//! Comments on pull requests: found by marker and author, written once, never a stranger's.

use std::collections::{BTreeMap, BTreeSet};

use crate::github::{Budget, Client, Comment, CommentChange, GitHubError, MOST_COMMENTS};

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

/// Writes the drafts: one query to find what is there, and a mutation for each [`MOST_COMMENTS`] of them.
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
    // Each service that ships a pull request has its own comment there.
    let pulls: BTreeSet<&str> = drafts.iter().map(|d| d.pull.as_str()).collect();
    let pulls: Vec<String> = pulls.into_iter().map(str::to_owned).collect();
    let there = client.comments(&pulls, budget).await?;
    let changes = plan_all(drafts, &there, &mut posted);
    for part in changes.chunks(MOST_COMMENTS) {
        let outcomes = match client.write_comments(part, budget).await {
            Ok(outcomes) => outcomes,
            Err(error) if posted == Posted::default() => return Err(error),
            Err(error) => vec![Err(error); part.len()],
        };
        for (change, outcome) in part.iter().zip(outcomes) {
            match (change, outcome) {
                // One that stands twice is no missing one, and the next run looks again.
                (CommentChange::Delete { .. }, _) => {}
                (_, Ok(_)) => posted.written += 1,
                (_, Err(error)) => posted.failed.push(error),
            }
        }
    }
    Ok(posted)
}

/// What is to be done for all drafts. One whose pull request could not be read is a failure.
fn plan_all(
    drafts: &[Draft],
    there: &BTreeMap<String, Result<Vec<Comment>, GitHubError>>,
    posted: &mut Posted,
) -> Vec<CommentChange> {
    let mut changes = Vec::new();
    for draft in drafts {
        match there.get(&draft.pull) {
            Some(Ok(comments)) => {
                let (change, superfluous) = plan(draft, comments);
                posted.unchanged += usize::from(change.is_none());
                changes.extend(change);
                changes.extend(superfluous);
            }
            Some(Err(error)) => posted.failed.push(error.clone()),
            None => posted.failed.push(GitHubError::NotFound {
                what: "such pull request".to_owned(),
            }),
        }
    }
    changes
}

/// What is to be done for one draft, nothing when its comment stands as it should; and which ones of ours go because
/// there is a newer one, as after two runs at once or an answer that was lost.
fn plan(draft: &Draft, there: &[Comment]) -> (Option<CommentChange>, Vec<CommentChange>) {
    let mut ours: Vec<&Comment> = there
        .iter()
        .filter(|c| {
            let marked = c.body.trim_start().starts_with(&draft.marker);
            c.viewer_did_author && !c.is_minimized && marked
        })
        .collect();
    let body = draft.body.clone();
    let change = match ours.pop() {
        Some(comment) if same(&comment.body, &draft.body) => None,
        Some(comment) => Some(CommentChange::Update {
            comment: comment.id.clone(),
            body,
        }),
        None => Some(CommentChange::Add {
            pull: draft.pull.clone(),
            body,
        }),
    };
    let superfluous = ours.into_iter().map(|comment| CommentChange::Delete {
        comment: comment.id.clone(),
    });
    (change, superfluous.collect())
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
    fn each_draft_is_planned_or_has_failed() {
        let draft = |pull: &str, service: &str| Draft {
            pull: pull.to_owned(),
            marker: format!("<!-- {service} -->"),
            body: format!("<!-- {service} -->\nnew"),
        };
        let drafts = [draft("PR_1", "api"), draft("PR_1", "web")];
        let unread = [draft("PR_2", "api"), draft("PR_3", "api")];
        let drafts = [drafts, unread].concat();
        let there = BTreeMap::from([
            (
                "PR_1".to_owned(),
                Ok(vec![comment("<!-- api -->\nnew", true)]),
            ),
            ("PR_2".to_owned(), Err(GitHubError::Unauthorized)),
        ]);
        let mut posted = Posted::default();
        let changes = plan_all(&drafts, &there, &mut posted);
        assert_eq!((changes.len(), posted.unchanged), (1, 1));
        assert!(matches!(&changes[0], CommentChange::Add { pull, body }
                if pull == "PR_1" && body.contains("web")));
        assert_eq!(posted.failed.len(), 2, "{posted:?}");
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
            plan(&draft, &strangers),
            (Some(CommentChange::Add { .. }), deleted) if deleted.is_empty()
        ));
        assert!(matches!(
            plan(&draft, &[comment("<!-- m -->\nold", true)]).0,
            Some(CommentChange::Update { .. })
        ));
        let same = [comment("<!-- m -->\r\nnew\n", true)];
        assert_eq!(plan(&draft, &same), (None, Vec::new()));
    }
}
