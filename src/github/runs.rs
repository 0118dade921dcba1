//! Workflow runs and their jobs, by REST.

use serde::Deserialize;
use serde_json::Value;

use super::compare::bad;
use super::{Budget, Client, GitHubError};

const A_PAGE: usize = 100;

/// A page of workflow runs.
#[derive(Debug, Clone, Default)]
pub struct RunPage {
    /// Newest first, as REST gives them.
    pub runs: Vec<Value>,
    /// Whether there are no more behind them.
    pub last: bool,
}

impl Client {
    /// Runs of one workflow by its file, or of all of them, newest first, 100 a page from 1. Needs `actions: read`.
    ///
    /// Nothing is filtered: of a filtered list GitHub gives at most 1,000 runs, of the whole one all.
    ///
    /// # Errors
    /// [`GitHubError::NotFound`] when there is no such workflow.
    pub async fn runs(
        &self,
        file: Option<&str>,
        page: u64,
        budget: &Budget,
    ) -> Result<RunPage, GitHubError> {
        #[derive(Deserialize)]
        struct Page {
            workflow_runs: Vec<Value>,
        }
        let list = match file {
            Some(file) => format!("actions/workflows/{}/runs", segment(file)),
            None => "actions/runs".to_owned(),
        };
        let path = self.path(&format!("{list}?per_page={A_PAGE}&page={page}"));
        let what = format!("workflow `{}`", file.unwrap_or("runs"));
        let answer = self.read(&path, &what, budget).await.map_err(of_actions)?;
        let page: Page = Deserialize::deserialize(answer).map_err(bad)?;
        Ok(RunPage {
            last: page.workflow_runs.len() < A_PAGE,
            runs: page.workflow_runs,
        })
    }

    /// One run by its id.
    ///
    /// # Errors
    /// [`GitHubError::NotFound`] when it is gone.
    pub async fn run(&self, id: u64, budget: &Budget) -> Result<Value, GitHubError> {
        let path = self.path(&format!("actions/runs/{id}"));
        let answer = self.read(&path, "such workflow run", budget).await;
        answer.map_err(of_actions)
    }

    /// The jobs of every attempt of a run, at most 100.
    ///
    /// # Errors
    /// [`GitHubError::NotFound`] when the run is gone; [`GitHubError::BadAnswer`] when a job has no name: nobody
    /// could tell a deploy by it.
    pub async fn jobs(&self, run: u64, budget: &Budget) -> Result<Vec<Value>, GitHubError> {
        #[derive(Deserialize)]
        struct Page {
            jobs: Vec<Value>,
        }
        let tail = format!("actions/runs/{run}/jobs?filter=all&per_page={A_PAGE}");
        let answer = self
            .read(&self.path(&tail), "such workflow run", budget)
            .await;
        let page: Page = Deserialize::deserialize(answer.map_err(of_actions)?).map_err(bad)?;
        if page.jobs.iter().any(|job| !job["name"].is_string()) {
            let message = "a job has no name".to_owned();
            return Err(GitHubError::BadAnswer { message });
        }
        Ok(page.jobs)
    }
}

/// A refusal without a word about the permission is about this one.
fn of_actions(mut error: GitHubError) -> GitHubError {
    if let GitHubError::Forbidden { needed, .. } = &mut error {
        needed.get_or_insert_with(|| "actions: read".to_owned());
    }
    error
}

/// A file's name as one segment of a path.
fn segment(name: &str) -> String {
    use std::fmt::Write as _;
    let mut out = String::new();
    for byte in name.bytes() {
        if byte.is_ascii_alphanumeric() || b"-_.".contains(&byte) {
            out.push(char::from(byte));
        } else {
            let _ = write!(out, "%{byte:02X}");
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_stays_one_segment() {
        assert_eq!(segment("deploy-to_prod.yml"), "deploy-to_prod.yml");
        assert_eq!(segment("../a?b c"), "..%2Fa%3Fb%20c");
    }

    #[test]
    fn a_bare_refusal_names_the_permission() {
        let refused = of_actions(GitHubError::Forbidden {
            needed: None,
            message: String::new(),
        });
        let help = refused.help().unwrap();
        assert_eq!(help, "add `actions: read` to the job's `permissions`");
    }
}
