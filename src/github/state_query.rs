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
    format!(
        "query State($owner: String!, $name: String!, $branch: String!, $config: String!) {{ \
         rateLimit {{ cost remaining resetAt }} \
         repository(owner: $owner, name: $name) {{ nameWithOwner isPrivate \
         defaultBranchRef {{ name target {{ oid }} }} \
         config: object(expression: $config) {{ {BLOB} }} \
         ref(qualifiedName: $branch) {{ target {{ oid ... on Commit {{ oid{files} }} }} }}\
         {deployments} }} }}"
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
