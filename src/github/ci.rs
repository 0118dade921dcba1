//! How commits were tested, and what environments wait for. All of it needs `actions: read` in private repositories.

use serde_json::Value;

use super::{Budget, Client, GitHubError};

impl Client {
    /// The newest 100 workflow runs of a commit that have ended, as REST gives them.
    ///
    /// # Errors
    /// When they could not be read.
    pub async fn tests_of_commit(&self, sha: &str, budget: &Budget) -> Result<Value, GitHubError> {
        let tail = format!("actions/runs?head_sha={sha}&status=completed&per_page=100");
        self.read(&self.path(&tail), "workflow runs", budget).await
    }

    /// Up to 100 jobs of a run's last attempt, as REST gives them.
    ///
    /// # Errors
    /// When they could not be read.
    pub async fn jobs_of_test(&self, run: u64, budget: &Budget) -> Result<Value, GitHubError> {
        let tail = format!("actions/runs/{run}/jobs?per_page=100");
        self.read(&self.path(&tail), "such run", budget).await
    }

    /// The first 100 environments with their protection rules, as REST gives them.
    ///
    /// # Errors
    /// When they could not be read.
    pub async fn environments(&self, budget: &Budget) -> Result<Value, GitHubError> {
        let tail = "environments?per_page=100";
        self.read(&self.path(tail), "environments", budget).await
    }
}
