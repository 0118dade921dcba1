//! What a token can do, as far as reading tells: budget, parts of the repository, rules on a branch.

use serde::Deserialize;
use serde_json::json;

use super::{Budget, Client, GitHubError};

const RULES: &str = "query Rules($owner: String!, $name: String!, $branch: String!) { \
    repository(owner: $owner, name: $name) { ref(qualifiedName: $branch) { \
    rules(first: 100) { nodes { type } } } } }";

/// The requests of an hour.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct Quota {
    /// Granted.
    pub limit: u64,
    /// Left.
    pub remaining: u64,
    /// When they are full again, in seconds since 1970.
    pub reset: i64,
}

impl Client {
    /// Requests left; `None` on a server without limits. Costs none of them.
    ///
    /// # Errors
    /// When the token is refused, or GitHub cannot be reached.
    pub async fn quota(&self, budget: &Budget) -> Result<Option<Quota>, GitHubError> {
        match self.read("/rate_limit", "rate limit", budget).await {
            // `rate` is dropped from newer versions of the API.
            Ok(answer) => Ok(Quota::deserialize(&answer["resources"]["core"]).ok()),
            Err(GitHubError::NotFound { .. }) => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// Whether a list of the repository can be read, such as `issues`; asks for one entry.
    ///
    /// # Errors
    /// Why it cannot.
    pub async fn can_read(&self, list: &str, budget: &Budget) -> Result<(), GitHubError> {
        let path = self.path(&format!("{list}?per_page=1"));
        self.read(&path, list, budget).await.map(drop)
    }

    /// Kinds of the rules in force on a branch that exists, such as `PULL_REQUEST`, sorted.
    ///
    /// # Errors
    /// Why they cannot be read.
    pub async fn rules_of(
        &self,
        branch: &str,
        budget: &Budget,
    ) -> Result<Vec<String>, GitHubError> {
        let (owner, name) = self.owner_and_name();
        let branch = format!("refs/heads/{branch}");
        let variables = json!({ "owner": owner, "name": name, "branch": branch });
        let answer = self.query(RULES, &variables, budget).await?;
        let rules = &answer.data["repository"]["ref"]["rules"];
        if let Some(error) = answer.first_error().filter(|_| rules.is_null()) {
            return Err(error.clone());
        }
        let nodes = rules["nodes"].as_array().map_or(&[][..], Vec::as_slice);
        let mut kinds: Vec<String> = nodes
            .iter()
            .filter_map(|rule| rule["type"].as_str().map(str::to_owned))
            .collect();
        kinds.sort();
        kinds.dedup();
        Ok(kinds)
    }
}

/// Whether rules of this kind keep a job's token from committing to the branch.
#[must_use]
pub fn forbids_commits(rule: &str) -> bool {
    matches!(
        rule,
        "UPDATE"
            | "PULL_REQUEST"
            | "REQUIRED_STATUS_CHECKS"
            | "MERGE_QUEUE"
            | "FILE_PATH_RESTRICTION"
            | "WORKFLOWS"
            | "REQUIRED_DEPLOYMENTS"
            | "LOCK_BRANCH"
    )
}
