//! How a test tells what happened in the repository; every detail has a realistic default.

mod evidence;
mod pull;
mod source;

use chrono::{DateTime, Utc};
use serde_json::{Value, json};

pub(crate) use pull::PullStory;

use super::git::{Actor, Blob, Commit, Files, sha};
use super::github::{Deployment, GitHub, Rate, Status, VIEWER, iso, moment};

/// Details of a commit.
#[derive(Debug)]
pub(crate) struct CommitStory {
    author: String,
    message: String,
    parents: Option<Vec<String>>,
    authored_at: Option<DateTime<Utc>>,
}

impl CommitStory {
    pub(crate) fn author(mut self, login: &str) -> Self {
        login.clone_into(&mut self.author);
        self
    }

    pub(crate) fn message(mut self, text: &str) -> Self {
        text.clone_into(&mut self.message);
        self
    }

    /// Labels of the parents, in order; none for a second root.
    pub(crate) fn parents(mut self, labels: &[&str]) -> Self {
        self.parents = Some(labels.iter().map(|label| sha(label)).collect());
        self
    }

    pub(crate) fn authored(mut self, at: &str) -> Self {
        self.authored_at = Some(moment(at));
        self
    }
}

/// Details of a deployment.
#[derive(Debug)]
pub(crate) struct DeployStory {
    payload: Value,
    log_url: Option<String>,
    site: String,
}

impl DeployStory {
    pub(crate) fn service(mut self, name: &str) -> Self {
        self.payload = json!({ "service": name });
        self
    }

    /// The workflow run that made it.
    pub(crate) fn run(mut self, id: u64, attempt: u32) -> Self {
        let site = &self.site;
        self.log_url = Some(format!("{site}/actions/runs/{id}/attempts/{attempt}/job/1"));
        self
    }
}

impl GitHub {
    pub(crate) fn private(&mut self) -> &mut Self {
        self.private = true;
        self
    }

    /// The token's permissions, as a workflow writes them; all others are none.
    pub(crate) fn permissions(&mut self, granted: &[&str]) -> &mut Self {
        self.permissions = granted.iter().map(|&one| one.to_owned()).collect();
        self
    }

    /// A ruleset forbids to create or change this branch.
    pub(crate) fn ruleset(&mut self, branch: &str) -> &mut Self {
        self.ruled.insert(branch.to_owned());
        self
    }

    /// What is left of the hour for each of the two APIs.
    pub(crate) fn rate_left(&mut self, rest: u64, graph: u64) -> &mut Self {
        let limit = 1000;
        self.rate = Some(Rate { limit, rest, graph });
        self
    }

    /// A server that counts nothing.
    pub(crate) fn no_rate_limits(&mut self) -> &mut Self {
        self.rate = None;
        self
    }

    /// A forbidden field is null and its parent stays, whatever the schema says.
    pub(crate) fn lenient_nulls(&mut self) -> &mut Self {
        self.strict_nulls = false;
        self
    }

    /// A file on the default branch, as if it had always been there.
    pub(crate) fn file(&mut self, path: &str, text: &str) -> &mut Self {
        let blob = Blob::new(text.as_bytes());
        self.first_files.insert(path.to_owned(), blob.clone());
        if let Some(head) = self.head(&self.default_branch.clone()) {
            self.git.amend(&head, path, blob);
        }
        self
    }

    /// A commit on the default branch.
    pub(crate) fn commit(&mut self, label: &str, at: &str) -> &mut Self {
        self.commit_with(label, at, |commit| commit)
    }

    pub(crate) fn commit_with(
        &mut self,
        label: &str,
        at: &str,
        tell: impl FnOnce(CommitStory) -> CommitStory,
    ) -> &mut Self {
        let story = tell(CommitStory {
            author: "ada".to_owned(),
            message: format!("Change {label}"),
            parents: None,
            authored_at: None,
        });
        let at = moment(at);
        let head = self.head(&self.default_branch.clone());
        let parents = story.parents.unwrap_or_else(|| head.into_iter().collect());
        let authored = story.authored_at.unwrap_or(at);
        self.place(
            &sha(label),
            parents,
            &story.author,
            (authored, at),
            &story.message,
        );
        self.git.point(&self.default_ref(), Some(sha(label)));
        self
    }

    /// Adds a commit that inherits the files of its first parent.
    fn place(
        &mut self,
        id: &str,
        parents: Vec<String>,
        author: &str,
        (authored_at, committed_at): (DateTime<Utc>, DateTime<Utc>),
        message: &str,
    ) {
        let base = parents.first().and_then(|sha| self.git.commit(sha));
        let files = base.map_or_else(|| self.first_files.clone(), |c| c.files.clone());
        self.git.add(Commit {
            sha: id.to_owned(),
            parents,
            author: Actor(author.to_owned()),
            authored_at,
            committed_at,
            message: message.to_owned(),
            files,
        });
    }

    /// A deployment of a commit and its statuses, oldest first.
    pub(crate) fn deploy(
        &mut self,
        environment: &str,
        label: &str,
        created_at: &str,
        statuses: &[(&str, &str)],
    ) -> &mut Self {
        self.deploy_with(environment, label, created_at, statuses, |deploy| deploy)
    }

    pub(crate) fn deploy_with(
        &mut self,
        environment: &str,
        label: &str,
        created_at: &str,
        statuses: &[(&str, &str)],
        tell: impl FnOnce(DeployStory) -> DeployStory,
    ) -> &mut Self {
        let number = self.deployments.len() + 1;
        let story = tell(DeployStory {
            payload: json!({}),
            log_url: None,
            site: format!("{}/{}", self.site, self.slug()),
        });
        let mut deployment = Deployment {
            id: format!("DE_kwDOworld{number:05}"),
            environment: environment.to_owned(),
            sha: sha(label),
            created_at: moment(created_at),
            payload: story.payload,
            log_url: story.log_url,
            statuses: Vec::new(),
        };
        for (state, at) in statuses {
            deployment.add(state, at);
        }
        self.deployments.push(deployment);
        self
    }

    /// A later status of the newest deployment to an environment.
    pub(crate) fn status(&mut self, environment: &str, state: &str, at: &str) -> &mut Self {
        let mut newest_first = self.deployments.iter_mut().rev();
        let found = newest_first.find(|d| d.environment == environment);
        found.expect("nothing was deployed there").add(state, at);
        self
    }

    /// What the event `deployment_status` says of the newest deployment to an environment and its last status.
    pub(crate) fn deployment_status(&self, environment: &str) -> Value {
        let mut newest_first = self.deployments.iter().rev();
        let found = newest_first.find(|d| d.environment == environment);
        let deployment = found.expect("nothing was deployed there");
        let status = deployment.statuses.last().expect("it has no status");
        json!({
            "action": "created",
            "deployment": {
                "node_id": deployment.id,
                "sha": deployment.sha,
                "environment": environment,
                "original_environment": environment,
                "payload": deployment.payload,
                "created_at": iso(deployment.created_at),
                "updated_at": iso(status.created_at),
                "production_environment": environment == "production",
                "transient_environment": false,
            },
            "deployment_status": {
                "state": status.state,
                "environment": environment,
                "created_at": iso(status.created_at),
                "log_url": status.log_url,
            },
        })
    }

    /// A comment that somebody left.
    pub(crate) fn comment(&mut self, pull: u64, login: &str, body: &str) -> &mut Self {
        self.add_comment(pull, login, body);
        self
    }

    /// The newest comment was hidden.
    pub(crate) fn minimize(&mut self) -> &mut Self {
        self.comments.last_mut().expect("a comment").minimized = true;
        self
    }

    /// A commit on any branch by somebody else, which keeps the other files. Makes the branch where there is none.
    pub(crate) fn push(&mut self, branch: &str, files: &[(&str, &str)]) -> &mut Self {
        let head = self.head(branch);
        let before = head.as_ref().and_then(|sha| self.git.commit(sha));
        let mut all = before.map_or_else(Files::new, |c| c.files.clone());
        for (path, text) in files {
            all.insert((*path).to_owned(), Blob::new(text.as_bytes()));
        }
        let parents: Vec<String> = head.into_iter().collect();
        let message = format!("Push number {}", self.branch_commits(branch).len() + 1);
        self.commit_files(branch, parents, all, &message);
        self
    }

    /// Somebody pushes one file, whatever its bytes.
    pub(crate) fn push_bytes(&mut self, branch: &str, path: &str, bytes: &[u8]) {
        let head = self.head(branch).expect("a branch");
        let mut files = self.git.commit(&head).expect("its head").files.clone();
        files.insert(path.to_owned(), Blob::new(bytes));
        let message = format!("Push {path} number {}", self.branch_commits(branch).len());
        self.commit_files(branch, vec![head], files, &message);
    }

    /// Somebody deletes a file of a branch.
    pub(crate) fn remove(&mut self, branch: &str, path: &str) -> &mut Self {
        let head = self.head(branch).expect("a branch");
        let mut files = self.git.commit(&head).expect("its head").files.clone();
        files.remove(path).expect("a file");
        let message = format!("Remove {path}");
        self.commit_files(branch, vec![head], files, &message);
        self
    }

    /// Somebody deletes a branch.
    pub(crate) fn delete_branch(&mut self, branch: &str) -> &mut Self {
        self.git.point(&format!("refs/heads/{branch}"), None);
        self
    }

    /// The bodies of this token's own comments on a pull request.
    pub(crate) fn own_comments(&self, pull: u64) -> Vec<String> {
        let all = self.comments_on(pull).into_iter();
        all.filter(|c| c.author == VIEWER).map(|c| c.body).collect()
    }
}

impl Deployment {
    fn add(&mut self, state: &str, at: &str) {
        self.statuses.push(Status {
            state: state.to_owned(),
            created_at: moment(at),
            log_url: self.log_url.clone(),
        });
    }
}
