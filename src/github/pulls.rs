//! Pull requests: those of many commits in one query, and many by their ids.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use serde_json::{Map, Value, json};

use super::graph::GraphAnswer;
use super::{Budget, Client, GitHubError};

/// Most commits of a query that only asks which pull requests there are: 1 point.
pub const MOST_LINKS: usize = 100;
/// Most commits of a query that reads their pull requests whole: 4 points. Above, two queries cost less.
pub const MOST_WHOLE: usize = 25;
/// Most pull requests of a query by ids: 4 points, 5 with paths.
pub const MOST_IDS: usize = 100;

const LINK: &str = "id number mergedAt baseRefName mergeCommit { oid }";

const PULL: &str = "id number title body createdAt mergedAt headRefName headRefOid baseRefName isDraft \
    additions deletions changedFiles author { __typename login } mergeCommit { oid } \
    labels(first: 20) { nodes { name } } \
    commits(first: 100) { totalCount nodes { commit { oid authoredDate } } } \
    reviews(first: 50) { nodes { state submittedAt author { __typename login } } } \
    timelineItems(first: 20, itemTypes: [READY_FOR_REVIEW_EVENT, ADDED_TO_MERGE_QUEUE_EVENT]) { nodes { __typename \
    ... on ReadyForReviewEvent { createdAt } ... on AddedToMergeQueueEvent { createdAt } } }";

const PATHS: &str = " files(first: 100) { nodes { path } }";

/// How much is read of each pull request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PullFields {
    /// Id, number, and where it was merged.
    Link,
    /// What delivery is measured by.
    Whole,
    /// The same, and the paths it touches.
    WithPaths,
}

impl PullFields {
    fn text(self) -> String {
        match self {
            Self::Link => LINK.to_owned(),
            Self::Whole => PULL.to_owned(),
            Self::WithPaths => format!("{PULL}{PATHS}"),
        }
    }
}

impl Client {
    /// The pull requests that each of up to [`MOST_LINKS`] commits belongs to, in the shape of GraphQL. A commit that
    /// GitHub does not have is missing; one without a pull request has an empty list.
    ///
    /// # Errors
    /// When none could be read.
    pub async fn pulls_of_commits(
        &self,
        shas: &[String],
        fields: PullFields,
        budget: &Budget,
    ) -> Result<BTreeMap<String, Vec<Value>>, GitHubError> {
        let shas = &shas[..shas.len().min(MOST_LINKS)];
        let (owner, name) = self.owner_and_name();
        let mut variables = Map::new();
        variables.insert("owner".to_owned(), json!(owner));
        variables.insert("name".to_owned(), json!(name));
        let mut declared = String::new();
        let mut aliases = String::new();
        for (n, sha) in shas.iter().enumerate() {
            variables.insert(format!("o{n}"), json!(sha));
            let _ = write!(declared, ", $o{n}: GitObjectID!");
            let _ = write!(aliases, " c{n}: object(oid: $o{n}) {{ ...pulls }}");
        }
        let fields = fields.text();
        let query = format!(
            "query Pulls($owner: String!, $name: String!{declared}) {{ rateLimit {{ cost remaining resetAt }} \
             repository(owner: $owner, name: $name) {{{aliases} }} }} \
             fragment pulls on Commit {{ oid associatedPullRequests(first: 3) {{ nodes {{ {fields} }} }} }}"
        );
        let answer = self
            .query(&query, &Value::Object(variables), budget)
            .await?;
        let repository = &answer.data["repository"];
        let mut found = BTreeMap::new();
        for (n, sha) in shas.iter().enumerate() {
            let list = &repository[format!("c{n}")]["associatedPullRequests"]["nodes"];
            if let Some(list) = list.as_array() {
                let there = list.iter().filter(|pull| pull.is_object());
                found.insert(sha.clone(), there.cloned().collect());
            }
        }
        or_refusal(found, &answer, BTreeMap::is_empty)
    }

    /// Up to [`MOST_IDS`] pull requests by node id, in the shape of GraphQL; what is gone is missing.
    ///
    /// # Errors
    /// When none could be read.
    pub async fn pulls_by_id(
        &self,
        ids: &[String],
        fields: PullFields,
        budget: &Budget,
    ) -> Result<Vec<Value>, GitHubError> {
        let ids = &ids[..ids.len().min(MOST_IDS)];
        let fields = fields.text();
        let query = format!(
            "query PullsById($ids: [ID!]!) {{ rateLimit {{ cost remaining resetAt }} \
             nodes(ids: $ids) {{ ... on PullRequest {{ {fields} }} }} }}"
        );
        let answer = self.query(&query, &json!({ "ids": ids }), budget).await?;
        let nodes = answer.data["nodes"].as_array().into_iter().flatten();
        let found: Vec<Value> = nodes.filter(|pull| pull.is_object()).cloned().collect();
        or_refusal(found, &answer, Vec::is_empty)
    }
}

/// What was found; where that is nothing, the reason that came instead.
fn or_refusal<T>(
    found: T,
    answer: &GraphAnswer,
    is_empty: impl Fn(&T) -> bool,
) -> Result<T, GitHubError> {
    match answer.first_error() {
        Some(error) if is_empty(&found) => Err(error.clone()),
        _ => Ok(found),
    }
}
