//! Writing: one commit on a branch with compare-and-swap, and the first commit of a branch without a past.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};

use super::{Budget, Client, GitHubError};

const COMMIT: &str = "mutation Commit($input: CreateCommitOnBranchInput!) { \
    createCommitOnBranch(input: $input) { commit { oid } } }";

impl Client {
    /// Commits files on a branch whose head is still `expected_head`. Sent once. Returns the new head.
    ///
    /// # Errors
    /// [`GitHubError::Stale`] when the head has moved, [`GitHubError::Ambiguous`] when the answer was lost,
    /// [`GitHubError::RuleBlocked`] when a ruleset forbids it.
    pub async fn create_commit_on_branch(
        &self,
        branch: &str,
        expected_head: &str,
        headline: &str,
        additions: &[(String, Vec<u8>)],
        deletions: &[String],
        budget: &Budget,
    ) -> Result<String, GitHubError> {
        let added: Vec<Value> = additions
            .iter()
            .map(|(path, bytes)| json!({ "path": path, "contents": STANDARD.encode(bytes) }))
            .collect();
        let deleted: Vec<Value> = deletions
            .iter()
            .map(|path| json!({ "path": path }))
            .collect();
        let input = json!({
            "branch": { "repositoryNameWithOwner": self.repository(), "branchName": branch },
            "expectedHeadOid": expected_head,
            "message": { "headline": headline },
            "fileChanges": { "additions": added, "deletions": deleted },
        });
        let answer = self
            .mutate(COMMIT, &json!({ "input": input }), budget)
            .await?;
        if let Some(oid) = answer.data["createCommitOnBranch"]["commit"]["oid"].as_str() {
            return Ok(oid.to_owned());
        }
        Err(answer
            .first_error()
            .cloned()
            .map_or_else(no_oid, GitHubError::after_write))
    }

    /// Creates a branch without a past that holds these files. Three requests, each sent once. Returns its head.
    ///
    /// # Errors
    /// [`GitHubError::Stale`] when the branch exists by now, [`GitHubError::Ambiguous`] when an answer was lost:
    /// in both cases read again. [`GitHubError::RuleBlocked`] when a ruleset forbids it.
    pub async fn bootstrap(
        &self,
        branch: &str,
        files: &[(String, Vec<u8>)],
        headline: &str,
        budget: &Budget,
    ) -> Result<String, GitHubError> {
        let mut entries = Vec::new();
        for (path, bytes) in files {
            let text = std::str::from_utf8(bytes).map_err(|_| GitHubError::Setup {
                message: format!("`{path}` is not UTF-8 text"),
            })?;
            entries
                .push(json!({ "path": path, "mode": "100644", "type": "blob", "content": text }));
        }
        let tree = self
            .create("git/trees", &json!({ "tree": entries }), budget)
            .await?;
        let body = json!({ "message": headline, "tree": tree, "parents": [] });
        let commit = self.create("git/commits", &body, budget).await?;
        let body = json!({ "ref": format!("refs/heads/{branch}"), "sha": commit });
        match self
            .write(&self.path("git/refs"), &body, "repository", budget)
            .await
        {
            Ok(_) => Ok(commit),
            Err(GitHubError::Refused {
                status: 422,
                message,
            }) if message.to_ascii_lowercase().contains("already exists") => {
                Err(GitHubError::Stale)
            }
            Err(error) => Err(error),
        }
    }

    /// Creates an object of Git and returns its id.
    pub(super) async fn create(
        &self,
        tail: &str,
        body: &Value,
        budget: &Budget,
    ) -> Result<String, GitHubError> {
        let answer = self
            .write(&self.path(tail), body, "repository", budget)
            .await?;
        answer["sha"].as_str().map(str::to_owned).ok_or_else(no_oid)
    }
}

fn no_oid() -> GitHubError {
    GitHubError::Ambiguous {
        message: "the answer names no commit".to_owned(),
    }
}
