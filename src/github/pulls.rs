//! The pull requests of many commits in one query.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use serde_json::{Map, Value, json};

use super::{Budget, Client, GitHubError};

/// Most commits a query asks for: about 7 points and 29,000 nodes.
const MOST_COMMITS: usize = 50;

const PULL: &str = "id number title body createdAt mergedAt headRefName baseRefName isDraft \
    additions deletions changedFiles author { __typename login } mergeCommit { oid } \
    labels(first: 20) { nodes { name } } \
    commits(first: 100) { totalCount nodes { commit { oid authoredDate } } } \
    reviews(first: 50) { nodes { state submittedAt author { __typename login } } } \
    timelineItems(first: 20, itemTypes: [READY_FOR_REVIEW_EVENT, ADDED_TO_MERGE_QUEUE_EVENT]) { nodes { __typename \
    ... on ReadyForReviewEvent { createdAt } ... on AddedToMergeQueueEvent { createdAt } } }";

impl Client {
    /// The pull requests that each of up to 50 commits belongs to, in the shape of GraphQL. A commit that GitHub
    /// does not have is missing; one without a pull request has an empty list.
    ///
    /// # Errors
    /// When none could be read.
    pub async fn pulls_of_commits(
        &self,
        shas: &[String],
        budget: &Budget,
    ) -> Result<BTreeMap<String, Vec<Value>>, GitHubError> {
        let shas = &shas[..shas.len().min(MOST_COMMITS)];
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
        let query = format!(
            "query Pulls($owner: String!, $name: String!{declared}) {{ rateLimit {{ cost remaining resetAt }} \
             repository(owner: $owner, name: $name) {{{aliases} }} }} \
             fragment pulls on Commit {{ oid associatedPullRequests(first: 3) {{ nodes {{ {PULL} }} }} }}"
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
        match answer.first_error() {
            Some(error) if found.is_empty() => Err(error.clone()),
            _ => Ok(found),
        }
    }
}
