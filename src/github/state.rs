//! The state of a repository in one query: head and files of one branch, a file of the default branch, deployments.

use std::collections::BTreeMap;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde::Deserialize;
use serde_json::{Value, json};

use super::state_query::{
    DEPLOYMENTS_BY_ID, MORE_DEPLOYMENTS, more_issues, more_marks, state_query,
};
use super::state_read;
use super::{Budget, Client, GitHubError, GraphAnswer};
use crate::host::text;

/// What to read.
#[derive(Debug, Clone, Default)]
pub struct StateRequest {
    /// Branch whose head and files are read.
    pub branch: String,
    /// Path of a file on the default branch, read whole.
    pub config_path: String,
    /// Paths on `branch`, read whole.
    pub files: Vec<String>,
    /// A folder on `branch` of which every file three levels down (`folder/a/b/c`) is read whole.
    pub folder: Option<String>,
    /// Paths on `branch` of which only the object id and size are read.
    pub oids: Vec<String>,
    /// Whether to read the first page of deployments.
    pub deployments: bool,
    /// Labels of issues; those that have one of them are read, the last touched first.
    pub issues: Vec<String>,
    /// Whether to read labels and comments of the merged pull requests that were touched last.
    pub marks: bool,
    /// Path of one more file on the default branch, read whole.
    pub corrections_path: Option<String>,
}

/// One file as it stands in one commit.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FileText {
    /// Id of the blob.
    pub oid: String,
    /// Its text; absent where only the id was asked for.
    pub text: Option<String>,
    /// Its size in bytes.
    pub bytes: u64,
}

/// A branch at one commit.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct BranchState {
    /// The commit that every file was read from.
    pub head_oid: String,
    /// Files by path. A path that was asked for and is missing here is absent, unless [`State::problems`] names it.
    pub files: BTreeMap<String, FileText>,
}

/// What a problem is about; each part fails alone.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Part {
    /// The file of the default branch.
    Config,
    /// The branch as a whole: its head is not known, so neither is its absence.
    Branch,
    /// A file or folder of the branch: unreadable, which is not the same as absent.
    File(String),
    /// The deployments.
    Deployments,
    /// The issues.
    Issues,
    /// The merged pull requests and what people think of them.
    Marks,
    /// The other file of the default branch.
    Corrections,
    /// Anything else of the repository.
    Repository,
}

/// A deployment in the shape of GraphQL, with up to 20 of its statuses, newest first.
#[derive(Debug, Clone, PartialEq)]
pub struct DeploymentNode(pub Value);

impl DeploymentNode {
    /// The node id; empty where there is none.
    #[must_use]
    pub fn id(&self) -> &str {
        self.0["id"].as_str().unwrap_or_default()
    }
}

/// What is left of the hour's points.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct Rate {
    /// Points that this query cost.
    pub cost: u64,
    /// Points left.
    pub remaining: u64,
    /// When they are full again, RFC 3339.
    #[serde(rename = "resetAt")]
    pub reset_at: String,
}

/// The repository at one moment, in parts that may be missing one by one.
#[derive(Debug, Clone, Default)]
pub struct State {
    /// `owner/name`, in GitHub's own spelling.
    pub name_with_owner: String,
    /// Whether only members see it.
    pub is_private: bool,
    /// Name of the default branch; absent in an empty repository.
    pub default_branch: Option<String>,
    /// Its head.
    pub head: Option<String>,
    /// The file of the default branch; absent and no problem [`Part::Config`]: it does not exist.
    pub config: Option<FileText>,
    /// The branch; absent and no problem [`Part::Branch`]: it does not exist.
    pub branch: Option<BranchState>,
    /// Deployments, newest first.
    pub deployments: Vec<DeploymentNode>,
    /// How many there are in all.
    pub deployments_total: u64,
    /// Where the next page begins; absent: there is none.
    pub next_cursor: Option<String>,
    /// Issues with one of the labels, the last touched first.
    pub issues: Page,
    /// Merged pull requests with labels and comments, the last touched first.
    pub marks: Page,
    /// The other file of the default branch; absent and no problem [`Part::Corrections`]: it does not exist.
    pub corrections: Option<FileText>,
    /// Points; absent on servers without limits.
    pub rate: Option<Rate>,
    /// What could not be read, and why.
    pub problems: Vec<(Part, GitHubError)>,
}

impl State {
    /// Why a part could not be read.
    #[must_use]
    pub fn problem(&self, part: &Part) -> Option<&GitHubError> {
        self.problems
            .iter()
            .find(|(of, _)| of == part)
            .map(|(_, error)| error)
    }
}

/// A page of records as GraphQL gives them.
#[derive(Debug, Clone, Default)]
pub struct Page {
    /// The last touched first.
    pub nodes: Vec<Value>,
    /// Where the next page begins.
    pub next_cursor: Option<String>,
}

/// A page of deployments.
#[derive(Debug, Clone, Default)]
pub struct DeploymentPage {
    /// Newest first.
    pub nodes: Vec<DeploymentNode>,
    /// Where the next page begins.
    pub next_cursor: Option<String>,
}

/// A blob whose text GitHub cut, or does not take for text.
pub(super) struct Cut {
    pub(super) part: Part,
    pub(super) path: String,
    pub(super) oid: String,
    pub(super) bytes: u64,
}

impl Client {
    /// Reads the state in one query; a file that GitHub cuts at 512,000 bytes costs one request more.
    ///
    /// # Errors
    /// When nothing could be read at all; what is missing in part is listed in [`State::problems`].
    pub async fn state(
        &self,
        request: &StateRequest,
        budget: &Budget,
    ) -> Result<State, GitHubError> {
        let (owner, name) = self.owner_and_name();
        let variables = json!({
            "owner": owner,
            "name": name,
            "branch": format!("refs/heads/{}", request.branch),
            "config": format!("HEAD:{}", request.config_path),
        });
        let mut request = request.clone();
        let mut refused = Vec::new();
        let answer = loop {
            let answer = self
                .query(&state_query(&request), &variables, budget)
                .await?;
            // Connections cannot be null in GitHub's schema: refused, they take the whole repository with them.
            let denied = if answer.data["repository"].is_null() {
                request.refused(&answer)
            } else {
                Vec::new()
            };
            if denied.is_empty() {
                break answer;
            }
            refused.extend(denied);
        };
        let (mut state, cut) = state_read::state(&answer, &request)?;
        state.problems.extend(refused);
        for blob in cut {
            match self.blob(&blob, budget).await {
                Ok(file) => match (&blob.part, &mut state.branch) {
                    (Part::Config, _) => state.config = Some(file),
                    (Part::Corrections, _) => state.corrections = Some(file),
                    (_, Some(branch)) => {
                        branch.files.insert(blob.path, file);
                    }
                    (_, None) => {}
                },
                Err(error) => state.problems.push((blob.part, error)),
            }
        }
        Ok(state)
    }

    /// The page of deployments that begins at `cursor`.
    ///
    /// # Errors
    /// When the page could not be read whole.
    pub async fn more_deployments(
        &self,
        cursor: &str,
        budget: &Budget,
    ) -> Result<DeploymentPage, GitHubError> {
        let (owner, name) = self.owner_and_name();
        let variables = json!({ "owner": owner, "name": name, "cursor": cursor });
        let answer = self.query(MORE_DEPLOYMENTS, &variables, budget).await?;
        let connection = &answer.data["repository"]["deployments"];
        match answer.error_at(&["repository", "deployments"]) {
            Some(error) if connection.is_null() => Err(error.clone()),
            _ => Ok(state_read::page(connection)),
        }
    }

    /// The page of issues with these labels that begins at `cursor`.
    ///
    /// # Errors
    /// When the page could not be read whole.
    pub async fn more_issues(
        &self,
        labels: &[String],
        cursor: &str,
        budget: &Budget,
    ) -> Result<Page, GitHubError> {
        let (owner, name) = self.owner_and_name();
        let variables = json!({ "owner": owner, "name": name, "cursor": cursor, "labels": labels });
        let answer = self.query(&more_issues(), &variables, budget).await?;
        page_of(&answer, "issues")
    }

    /// The page of merged pull requests with labels and comments that begins at `cursor`.
    ///
    /// # Errors
    /// When the page could not be read whole.
    pub async fn more_marks(&self, cursor: &str, budget: &Budget) -> Result<Page, GitHubError> {
        let (owner, name) = self.owner_and_name();
        let variables = json!({ "owner": owner, "name": name, "cursor": cursor });
        let answer = self.query(&more_marks(), &variables, budget).await?;
        page_of(&answer, "pullRequests")
    }

    /// Up to 100 deployments by node id; those that are gone are left out.
    ///
    /// # Errors
    /// When none could be read.
    pub async fn deployments_by_id(
        &self,
        ids: &[String],
        budget: &Budget,
    ) -> Result<Vec<DeploymentNode>, GitHubError> {
        let answer = self
            .query(DEPLOYMENTS_BY_ID, &json!({ "ids": ids }), budget)
            .await?;
        Ok(state_read::nodes(&answer.data["nodes"]))
    }

    /// A blob whole, by REST, checked against the size that GraphQL gave.
    async fn blob(&self, cut: &Cut, budget: &Budget) -> Result<FileText, GitHubError> {
        #[derive(Deserialize)]
        struct Blob {
            content: String,
            encoding: String,
        }
        let bad = |message: String| GitHubError::BadAnswer { message };
        let path = self.path(&format!("git/blobs/{}", cut.oid));
        let answer = self.read(&path, "blob", budget).await?;
        let blob: Blob = serde_json::from_value(answer).map_err(|e| bad(e.to_string()))?;
        let raw = if blob.encoding == "base64" {
            let packed: String = blob.content.split_ascii_whitespace().collect();
            STANDARD.decode(packed).map_err(|e| bad(e.to_string()))?
        } else {
            blob.content.into_bytes()
        };
        if raw.len() as u64 != cut.bytes {
            let message = format!("{} of {} bytes came", raw.len(), cut.bytes);
            return Err(bad(message));
        }
        // Whoever mends a file must see all of it, whatever it is.
        let text = if matches!(cut.part, Part::File(_)) {
            text::of_bytes(raw)
        } else {
            String::from_utf8(raw).map_err(|_| bad("it is not UTF-8 text".to_owned()))?
        };
        Ok(FileText {
            oid: cut.oid.clone(),
            text: Some(text),
            bytes: cut.bytes,
        })
    }
}

impl StateRequest {
    /// Leaves out what the answer refuses, and says why.
    fn refused(&mut self, answer: &GraphAnswer) -> Vec<(Part, GitHubError)> {
        let error = |field| answer.error_below(&["repository", field]).cloned();
        let mut found = Vec::new();
        if let Some(error) = error("deployments").filter(|_| self.deployments) {
            self.deployments = false;
            found.push((Part::Deployments, error));
        }
        if let Some(error) = error("issues").filter(|_| !self.issues.is_empty()) {
            self.issues.clear();
            found.push((Part::Issues, error));
        }
        if let Some(error) = error("pullRequests").filter(|_| self.marks) {
            self.marks = false;
            found.push((Part::Marks, error));
        }
        found
    }
}

fn page_of(answer: &GraphAnswer, field: &str) -> Result<Page, GitHubError> {
    let connection = &answer.data["repository"][field];
    match answer.error_at(&["repository", field]) {
        Some(error) if connection.is_null() => Err(error.clone()),
        _ => Ok(state_read::records(connection)),
    }
}
