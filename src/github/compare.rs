//! Commits between two revisions, and single commits.

use serde::Deserialize;
use serde_json::Value;

use super::{Budget, Client, GitHubError};

const A_PAGE: u64 = 100;

/// What lies between two revisions.
#[derive(Debug, Clone, Default)]
pub struct Comparison {
    /// `ahead`, `behind`, `identical` or `diverged`, as GitHub says it.
    pub status: String,
    /// Commits that head has and base lacks, oldest first, as REST gives them.
    pub commits: Vec<Value>,
    /// How many there are in all; more than `commits` where `pages` did not reach.
    pub total: u64,
    /// The newest commit both have; it is the head where the status is `behind`.
    pub merge_base: Option<Value>,
}

impl Comparison {
    /// Whether every commit came.
    #[must_use]
    pub fn is_complete(&self) -> bool {
        self.commits.len() as u64 >= self.total
    }
}

#[derive(Deserialize)]
pub(super) struct Page {
    status: String,
    total_commits: u64,
    commits: Vec<Value>,
    #[serde(default)]
    merge_base_commit: Option<Value>,
}

impl Client {
    /// The commits of `base..head`, at most `pages` requests of 100.
    ///
    /// # Errors
    /// [`GitHubError::NotFound`] when one of them is gone or they share no history.
    pub async fn compare(
        &self,
        base: &str,
        head: &str,
        pages: u64,
        budget: &Budget,
    ) -> Result<Comparison, GitHubError> {
        let mut found = Comparison::default();
        for number in 1..=pages.max(1) {
            let tail = format!("compare/{base}...{head}?per_page={A_PAGE}&page={number}");
            let answer = self
                .read(&self.path(&tail), "such pair of commits", budget)
                .await?;
            let page: Page = Deserialize::deserialize(answer).map_err(bad)?;
            let last = (page.commits.len() as u64) < A_PAGE;
            if number == 1 {
                found.status = page.status;
                found.total = page.total_commits;
                found.merge_base = page.merge_base_commit;
            }
            found.commits.extend(page.commits);
            if last || found.is_complete() {
                break;
            }
        }
        Ok(found)
    }

    /// One commit, as REST gives it.
    ///
    /// # Errors
    /// [`GitHubError::NotFound`] when it is gone.
    pub async fn commit(&self, sha: &str, budget: &Budget) -> Result<Value, GitHubError> {
        self.read(&self.path(&format!("commits/{sha}")), "such commit", budget)
            .await
    }
}

#[expect(clippy::needless_pass_by_value, reason = "a function for map_err")]
pub(super) fn bad(error: serde_json::Error) -> GitHubError {
    GitHubError::BadAnswer {
        message: error.to_string(),
    }
}
