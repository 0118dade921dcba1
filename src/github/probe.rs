//! What a token can do, as far as reading tells: budget, parts of the repository, rules on a branch.

use chrono::{DateTime, Utc};
use serde::Deserialize;
use serde_json::{Value, json};

use super::{Budget, Client, GitHubError};

const RULES: &str = "query Rules($owner: String!, $name: String!, $branch: String!) { \
    repository(owner: $owner, name: $name) { ref(qualifiedName: $branch) { \
    rules(first: 100) { nodes { type } } refUpdateRule { viewerCanPush } } } }";

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

/// What a server says of itself and of the token.
#[derive(Debug, Clone, Default)]
pub struct Greeting {
    /// Requests of REST and points of GraphQL; `None` on a server without limits.
    pub quotas: Option<(Quota, Quota)>,
    /// Scopes of a classic token; `None` for every other kind.
    pub scopes: Option<Vec<String>>,
    /// The server's clock.
    pub now: Option<DateTime<Utc>>,
    /// Version of an Enterprise Server.
    pub version: Option<String>,
}

impl Client {
    /// Asks for the limits, which costs none of them.
    ///
    /// # Errors
    /// When the token is refused, or GitHub cannot be reached.
    pub async fn greet(&self, budget: &Budget) -> Result<Greeting, GitHubError> {
        let answer = self.answer("/rate_limit", "rate limit", budget).await?;
        let limits: Value = answer.json().unwrap_or_default();
        let quota = |of: &str| Quota::deserialize(&limits["resources"][of]).ok();
        let scopes = answer.scopes.as_deref().map(|list| {
            let scopes = list.split(',').map(str::trim);
            scopes
                .filter(|s| !s.is_empty())
                .map(str::to_owned)
                .collect()
        });
        Ok(Greeting {
            quotas: quota("core").zip(quota("graphql")),
            scopes,
            now: answer.now,
            version: answer.version,
        })
    }

    /// A list of the repository, such as `issues`, down to its newest entry.
    ///
    /// # Errors
    /// Why it cannot be read.
    pub async fn newest(&self, list: &str, budget: &Budget) -> Result<Value, GitHubError> {
        let path = self.path(&format!("{list}?per_page=1"));
        let what = list.replace('/', " ");
        self.read(&path, &what, budget).await
    }

    /// Whether the token may write to the repository. Asks for a branch on a commit that cannot exist, so that
    /// nothing is ever written.
    ///
    /// # Errors
    /// Why it may not.
    pub async fn may_write(&self, budget: &Budget) -> Result<(), GitHubError> {
        let body = json!({ "ref": "refs/heads/fivekeys-doctor", "sha": "0".repeat(40) });
        let path = self.path("git/refs");
        match self
            .write(&path, &body, "permission to write", budget)
            .await
        {
            // No such commit, or no commit at all yet.
            Err(GitHubError::Refused {
                status: 409 | 422, ..
            })
            | Ok(_) => Ok(()),
            Err(error) => Err(error),
        }
    }

    /// Kinds of the rules in force on a branch that exists, such as `PULL_REQUEST`, sorted; `None` where the server
    /// does not tell.
    ///
    /// # Errors
    /// Why they cannot be read.
    pub async fn rules_of(
        &self,
        branch: &str,
        budget: &Budget,
    ) -> Result<Option<Vec<String>>, GitHubError> {
        let (owner, name) = self.owner_and_name();
        let branch = format!("refs/heads/{branch}");
        let variables = json!({ "owner": owner, "name": name, "branch": branch });
        let answer = self.query(RULES, &variables, budget).await?;
        let rules = &answer.data["repository"]["ref"]["rules"];
        if let Some(error) = answer.first_error().filter(|_| rules.is_null()) {
            return Err(error.clone());
        }
        let Some(nodes) = rules["nodes"].as_array() else {
            return Ok(None);
        };
        let mut kinds: Vec<String> = nodes
            .iter()
            .filter_map(|rule| rule["type"].as_str().map(str::to_owned))
            .collect();
        // Branch protection, which is no ruleset.
        if answer.data["repository"]["ref"]["refUpdateRule"]["viewerCanPush"] == false {
            kinds.push("BRANCH_PROTECTION".to_owned());
        }
        kinds.sort();
        kinds.dedup();
        Ok(Some(kinds))
    }
}

/// Whether rules of this kind keep a job's token from committing to the branch.
#[must_use]
pub fn forbids_commits(rule: &str) -> bool {
    matches!(
        rule,
        "UPDATE"
            | "BRANCH_PROTECTION"
            | "PULL_REQUEST"
            | "REQUIRED_STATUS_CHECKS"
            | "MERGE_QUEUE"
            | "FILE_PATH_RESTRICTION"
            | "WORKFLOWS"
            | "REQUIRED_DEPLOYMENTS"
            | "LOCK_BRANCH"
    )
}
