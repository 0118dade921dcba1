//! Pull requests as GitHub's REST API gives them, brought into the form of GraphQL.

use serde_json::{Value, json};

use super::PayloadError;
use super::github_payload::nodes;
use super::github_pull;
use crate::event::Event;

/// One pull request with the lists of its commits and reviews; nothing when it was not merged.
///
/// REST does not tell when a draft became ready, or when the merge queue took it: those stages stay unknown.
///
/// # Errors
/// When it has no number or node id.
pub fn from_rest(
    pull: &Value,
    commits: &[Value],
    reviews: &[Value],
) -> Result<Option<Event>, PayloadError> {
    let commits: Vec<Value> = commits
        .iter()
        .map(
            |c| json!({"commit": {"oid": c["sha"], "authoredDate": c["commit"]["author"]["date"]}}),
        )
        .collect();
    let reviews: Vec<Value> = reviews
        .iter()
        .map(
            |r| json!({"state": r["state"], "submittedAt": r["submitted_at"], "author": r["user"]}),
        )
        .collect();
    github_pull::from_graphql(&json!({
        "id": pull["node_id"],
        "number": pull["number"],
        "title": pull["title"],
        "body": pull["body"],
        "createdAt": pull["created_at"],
        "mergedAt": pull["merged_at"],
        "headRefName": pull["head"]["ref"],
        "headRefOid": pull["head"]["sha"],
        "baseRefName": pull["base"]["ref"],
        "additions": pull["additions"],
        "deletions": pull["deletions"],
        "changedFiles": pull["changed_files"],
        "author": pull["user"],
        "mergeCommit": {"oid": pull["merge_commit_sha"]},
        "labels": pull["labels"],
        "commits": commits,
        "reviews": reviews,
    }))
}

/// A record of either API; lists of REST stand in the object as `commit_list` and `review_list`, since `commits` is
/// a number there.
pub(super) fn of_either(record: &Value) -> Result<Option<Event>, PayloadError> {
    if !record["node_id"].is_string() {
        return github_pull::from_graphql(record);
    }
    let list = |field: &str| nodes(&record[field]).cloned().collect::<Vec<_>>();
    from_rest(record, &list("commit_list"), &list("review_list"))
}
