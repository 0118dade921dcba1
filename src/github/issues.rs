//! Issues that this token wrote: one query that finds them, one mutation that writes one.

use serde::Deserialize;
use serde_json::{Value, json};

use super::{Budget, Client, GitHubError};

/// What a refusal means.
const NEEDED: &str = "issues: write";

/// The newest issues, whoever wrote them: what is looked for is younger than a month.
const READ: &str = "query Issues($owner: String!, $name: String!) { rateLimit { cost remaining resetAt } \
    repository(owner: $owner, name: $name) { id issues(first: 100, orderBy: {field: CREATED_AT, direction: DESC}) \
    { nodes { id url body viewerDidAuthor } } } }";
const CREATE: &str = "mutation CreateIssue($input: CreateIssueInput!) \
    { createIssue(input: $input) { issue { id url } } }";
const UPDATE: &str = "mutation UpdateIssue($input: UpdateIssueInput!) \
    { updateIssue(input: $input) { issue { id url } } }";

/// One issue.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Issue {
    /// Node id.
    pub id: String,
    /// Its page.
    #[serde(default)]
    pub url: String,
    /// Its text.
    #[serde(default)]
    pub body: String,
    /// Whether this token wrote it.
    #[serde(default)]
    pub viewer_did_author: bool,
}

/// The newest issues of the repository, and where new ones go.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Issues {
    /// Node id of the repository.
    pub repository: String,
    /// Newest first, at most 100.
    pub newest: Vec<Issue>,
}

/// An issue to write.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum IssueChange {
    /// A new issue.
    Create {
        /// Node id of the repository.
        repository: String,
        /// Title.
        title: String,
        /// Text.
        body: String,
    },
    /// Another text for an issue that is there.
    Update {
        /// Node id of the issue.
        issue: String,
        /// Text.
        body: String,
    },
}

impl Client {
    /// The newest issues.
    ///
    /// # Errors
    /// When they could not be read.
    pub async fn issues(&self, budget: &Budget) -> Result<Issues, GitHubError> {
        let (owner, name) = self.owner_and_name();
        let variables = json!({ "owner": owner, "name": name });
        let answer = self.query(READ, &variables, budget).await?;
        let repository = &answer.data["repository"];
        let listed = repository["issues"]["nodes"].as_array();
        let refused = || answer.error_at(&["repository"]).cloned();
        match (repository["id"].as_str(), listed) {
            (Some(id), Some(nodes)) => Ok(Issues {
                repository: id.to_owned(),
                newest: nodes
                    .iter()
                    .filter_map(|node| Issue::deserialize(node).ok())
                    .collect(),
            }),
            _ => Err(refused().unwrap_or_else(|| GitHubError::BadAnswer {
                message: "it holds no issues".to_owned(),
            })),
        }
    }

    /// Writes one issue, sent once; returns its page.
    ///
    /// # Errors
    /// When it was not written, or, [`GitHubError::Ambiguous`], when that is not known.
    pub async fn write_issue(
        &self,
        change: &IssueChange,
        budget: &Budget,
    ) -> Result<String, GitHubError> {
        let (mutation, field, input) = match change {
            IssueChange::Create {
                repository,
                title,
                body,
            } => (
                CREATE,
                "createIssue",
                json!({ "repositoryId": repository, "title": title, "body": body }),
            ),
            IssueChange::Update { issue, body } => {
                (UPDATE, "updateIssue", json!({ "id": issue, "body": body }))
            }
        };
        let answer = self
            .mutate(mutation, &json!({ "input": input }), budget)
            .await
            .map_err(|error| error.needing(NEEDED))?;
        let written: &Value = &answer.data[field]["issue"];
        match (written["id"].as_str(), answer.error_at(&[field])) {
            (Some(_), _) => Ok(written["url"].as_str().unwrap_or_default().to_owned()),
            (None, Some(error)) => Err(error.clone().after_write().needing(NEEDED)),
            (None, None) => Err(GitHubError::Ambiguous {
                message: "the answer names no issue".to_owned(),
            }),
        }
    }
}
