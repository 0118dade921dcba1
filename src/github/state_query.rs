//! The text of the queries for state and deployments.

use std::fmt::Write as _;

use super::StateRequest;

/// Fields of one deployment; also what the adapter of deployments reads.
macro_rules! deployment_fields {
    () => {
        "id createdAt updatedAt environment latestEnvironment originalEnvironment task payload commitOid \
         statuses(first: 20) { totalCount nodes { state createdAt logUrl environmentUrl } }"
    };
}

macro_rules! deployment_page {
    () => {
        concat!(
            "orderBy: {field: CREATED_AT, direction: DESC}) { totalCount pageInfo { hasNextPage endCursor } nodes { ",
            deployment_fields!(),
            " } }"
        )
    };
}

/// One page of deployments.
pub(super) const MORE_DEPLOYMENTS: &str = concat!(
    "query Deployments($owner: String!, $name: String!, $cursor: String) { rateLimit { cost remaining resetAt } \
     repository(owner: $owner, name: $name) { deployments(first: 100, after: $cursor, ",
    deployment_page!(),
    " } }"
);

/// Deployments by node id.
pub(super) const DEPLOYMENTS_BY_ID: &str = concat!(
    "query DeploymentsById($ids: [ID!]!) { rateLimit { cost remaining resetAt } nodes(ids: $ids) { ... on Deployment { ",
    deployment_fields!(),
    " } } }"
);

/// Fields of an issue; also what the adapter of issues reads.
macro_rules! issue_fields {
    () => {
        "number title body state stateReason createdAt updatedAt closedAt repository { nameWithOwner } \
         labels(first: 20) { nodes { name } } \
         timelineItems(last: 1, itemTypes: [CLOSED_EVENT]) { nodes { ... on ClosedEvent { closer { __typename \
         ... on PullRequest { number repository { nameWithOwner } } ... on Commit { oid } } } } }"
    };
}

/// Fields of a merged pull request that say what people think of its deployment; the adapter of marks reads them.
macro_rules! mark_fields {
    () => {
        "number mergedAt updatedAt labels(first: 20) { nodes { name } } \
         timelineItems(last: 10, itemTypes: [LABELED_EVENT]) { nodes { ... on LabeledEvent { createdAt label { name } } } } \
         comments(last: 10) { totalCount nodes { body createdAt isMinimized authorAssociation author { __typename login } } }"
    };
}

/// The last touched issues, after `first: …, `.
const ISSUE_PAGE: &str = concat!(
    "orderBy: {field: UPDATED_AT, direction: DESC}) { pageInfo { hasNextPage endCursor } nodes { ",
    issue_fields!(),
    " } }"
);

/// The last touched pull requests, after `first: …, `.
const MARK_PAGE: &str = concat!(
    "states: MERGED, orderBy: {field: UPDATED_AT, direction: DESC}) { pageInfo { hasNextPage endCursor } nodes { ",
    mark_fields!(),
    " } }"
);

/// One page of issues with any of these labels.
pub(super) fn more_issues() -> String {
    more(
        "Issues",
        ", $labels: [String!]",
        &format!("issues(first: 50, after: $cursor, labels: $labels, {ISSUE_PAGE}"),
    )
}

/// One page of pull requests and what people think of them.
pub(super) fn more_marks() -> String {
    more(
        "Marks",
        "",
        &format!("pullRequests(first: 50, after: $cursor, {MARK_PAGE}"),
    )
}

fn more(operation: &str, declared: &str, field: &str) -> String {
    format!(
        "query {operation}($owner: String!, $name: String!, $cursor: String{declared}) {{ \
         rateLimit {{ cost remaining resetAt }} repository(owner: $owner, name: $name) {{ {field} }} }}"
    )
}

const BLOB: &str = "... on Blob { oid text isTruncated byteSize }";

/// The query for a request. Paths stand in it as quoted strings; everything else is a variable.
pub(super) fn state_query(request: &StateRequest) -> String {
    let mut files = String::new();
    for (n, path) in request.files.iter().enumerate() {
        let _ = write!(
            files,
            " f{n}: file(path: {}) {{ object {{ {BLOB} }} }}",
            quoted(path)
        );
    }
    for (n, path) in request.oids.iter().enumerate() {
        let _ = write!(
            files,
            " o{n}: file(path: {}) {{ object {{ ... on Blob {{ oid byteSize }} }} }}",
            quoted(path)
        );
    }
    if let Some(folder) = &request.folder {
        let _ = write!(
            files,
            " folder: file(path: {}) {{ object {{ {} }} }}",
            quoted(folder),
            levels(3)
        );
    }
    let deployments = if request.deployments {
        concat!(" deployments(first: 100, ", deployment_page!())
    } else {
        ""
    };
    let issues = if request.issues.is_empty() {
        String::new()
    } else {
        let labels: Vec<String> = request.issues.iter().map(|l| quoted(l)).collect();
        format!(
            " issues(first: 50, labels: [{}], {ISSUE_PAGE}",
            labels.join(", ")
        )
    };
    let marks = if request.marks {
        format!(" pullRequests(first: 20, {MARK_PAGE}")
    } else {
        String::new()
    };
    let corrections = request
        .corrections_path
        .as_deref()
        .map_or_else(String::new, |path| {
            let at = quoted(&format!("HEAD:{path}"));
            format!(" corrections: object(expression: {at}) {{ {BLOB} }}")
        });
    format!(
        "query State($owner: String!, $name: String!, $branch: String!, $config: String!) {{ \
         rateLimit {{ cost remaining resetAt }} \
         repository(owner: $owner, name: $name) {{ nameWithOwner isPrivate \
         defaultBranchRef {{ name target {{ oid }} }} \
         config: object(expression: $config) {{ {BLOB} }}{corrections} \
         ref(qualifiedName: $branch) {{ target {{ oid ... on Commit {{ oid{files} }} }} }}\
         {deployments}{issues}{marks} }} }}"
    )
}

/// Trees down to the files of the last level.
fn levels(deep: u32) -> String {
    let inner = if deep == 1 {
        BLOB.to_owned()
    } else {
        levels(deep - 1)
    };
    format!("... on Tree {{ entries {{ name type object {{ {inner} }} }} }}")
}

/// A GraphQL string.
fn quoted(text: &str) -> String {
    serde_json::Value::from(text).to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_cannot_leave_its_quotes() {
        let request = StateRequest {
            files: vec!["a\") { x } #".to_owned()],
            ..StateRequest::default()
        };
        assert!(state_query(&request).contains(r#"file(path: "a\") { x } #")"#));
    }
}
