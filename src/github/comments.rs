//! Comments on pull requests: one query that reads many, one mutation that writes many.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use serde::Deserialize;
use serde_json::{Map, Value, json};

use super::{Budget, Client, GitHubError};

/// Most comments a mutation writes.
pub const MOST_COMMENTS: usize = 20;

/// What a refusal means: aliases hide which field was refused.
const NEEDED: &str = "pull-requests: write";

const READ: &str = "query Comments($ids: [ID!]!) { rateLimit { cost remaining resetAt } nodes(ids: $ids) { \
    ... on PullRequest { oldest: comments(first: 50) { nodes { ...Body } } newest: comments(last: 50) { nodes { ...Body } } } } } \
    fragment Body on IssueComment { id body viewerDidAuthor isMinimized }";

/// One comment.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Comment {
    /// Node id.
    pub id: String,
    /// Its text.
    #[serde(default)]
    pub body: String,
    /// Whether this token wrote it.
    #[serde(default)]
    pub viewer_did_author: bool,
    /// Whether it is hidden.
    #[serde(default)]
    pub is_minimized: bool,
}

/// A comment to write.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum CommentChange {
    /// A new comment.
    Add {
        /// Node id of the pull request.
        pull: String,
        /// Text.
        body: String,
    },
    /// Another text for a comment that is there.
    Update {
        /// Node id of the comment.
        comment: String,
        /// Text.
        body: String,
    },
    /// A comment that is there once too often.
    Delete {
        /// Node id of the comment.
        comment: String,
    },
}

impl Client {
    /// The first and the last 50 comments of up to 100 pull requests, by node id and oldest first; each fails alone.
    /// One that is kept up to date stands near the beginning, however long people have talked since.
    ///
    /// # Errors
    /// When nothing could be read.
    pub async fn comments(
        &self,
        pulls: &[String],
        budget: &Budget,
    ) -> Result<BTreeMap<String, Result<Vec<Comment>, GitHubError>>, GitHubError> {
        if pulls.is_empty() {
            return Ok(BTreeMap::new());
        }
        let pulls = &pulls[..pulls.len().min(100)];
        let answer = self.query(READ, &json!({ "ids": pulls }), budget).await?;
        let mut found = BTreeMap::new();
        for (n, pull) in pulls.iter().enumerate() {
            let place = n.to_string();
            let list = |end: &str| answer.data["nodes"][n][end]["nodes"].as_array();
            let ends = list("oldest").zip(list("newest"));
            let read = match (ends, answer.error_at(&["nodes", &place])) {
                (Some((oldest, newest)), _) => Ok(union(oldest, newest)),
                (None, Some(error)) => Err(error.clone()),
                (None, None) => Err(GitHubError::NotFound {
                    what: "such pull request".to_owned(),
                }),
            };
            found.insert(pull.clone(), read);
        }
        Ok(found)
    }

    /// Writes up to [`MOST_COMMENTS`] comments in one mutation, sent once. Returns, in the order of `changes`, the node id of each
    /// comment or why it was not written.
    ///
    /// # Errors
    /// When nothing was written, or, [`GitHubError::Ambiguous`], when that is not known.
    pub async fn write_comments(
        &self,
        changes: &[CommentChange],
        budget: &Budget,
    ) -> Result<Vec<Result<String, GitHubError>>, GitHubError> {
        if changes.is_empty() {
            return Ok(Vec::new());
        }
        let changes = &changes[..changes.len().min(MOST_COMMENTS)];
        let mut variables = Map::new();
        let (mut declared, mut aliases) = (Vec::new(), String::new());
        for (n, change) in changes.iter().enumerate() {
            let (kind, input, call) = match change {
                CommentChange::Add { pull, body } => (
                    "AddCommentInput",
                    json!({ "subjectId": pull, "body": body }),
                    "addComment",
                ),
                CommentChange::Update { comment, body } => (
                    "UpdateIssueCommentInput",
                    json!({ "id": comment, "body": body }),
                    "updateIssueComment",
                ),
                CommentChange::Delete { comment } => (
                    "DeleteIssueCommentInput",
                    json!({ "id": comment }),
                    "deleteIssueComment",
                ),
            };
            let fields = match change {
                CommentChange::Add { .. } => "commentEdge { node { id } }",
                CommentChange::Update { .. } => "issueComment { id }",
                CommentChange::Delete { .. } => "clientMutationId",
            };
            variables.insert(format!("i{n}"), input);
            declared.push(format!("$i{n}: {kind}!"));
            let _ = write!(aliases, " c{n}: {call}(input: $i{n}) {{ {fields} }}");
        }
        let mutation = format!("mutation Comments({}) {{{aliases} }}", declared.join(", "));
        let answer = self
            .mutate(&mutation, &Value::Object(variables), budget)
            .await?;
        let written = changes.iter().enumerate().map(|(n, change)| {
            let alias = format!("c{n}");
            let done = &answer.data[&alias];
            let id = match change {
                CommentChange::Add { .. } => done["commentEdge"]["node"]["id"].as_str(),
                CommentChange::Update { .. } => done["issueComment"]["id"].as_str(),
                CommentChange::Delete { comment } => done.is_object().then_some(comment.as_str()),
            };
            match (id, answer.error_at(&[&alias])) {
                (Some(id), _) => Ok(id.to_owned()),
                (None, Some(error)) => Err(error.clone().after_write().needing(NEEDED)),
                (None, None) => Err(GitHubError::Ambiguous {
                    message: "the answer names no comment".to_owned(),
                }),
            }
        });
        Ok(written.collect())
    }
}

/// Both ends of a conversation, which overlap where it is short.
fn union(oldest: &[Value], newest: &[Value]) -> Vec<Comment> {
    let mut all: Vec<Comment> = Vec::new();
    for value in oldest.iter().chain(newest) {
        if let Ok(comment) = Comment::deserialize(value)
            && all.iter().all(|known| known.id != comment.id)
        {
            all.push(comment);
        }
    }
    all
}
