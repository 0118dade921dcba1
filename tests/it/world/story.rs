//! How a test tells what happened in the repository; every detail has a realistic default.

use chrono::{DateTime, Duration, Utc};
use serde_json::{Value, json};

use super::git::{Actor, Blob, Commit, Files, sha};
use super::github::{Deployment, GitHub, Pull, Rate, Review, Status, VIEWER, moment};

/// How a pull request lands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Landing {
    Merge,
    Squash,
    Rebase,
}

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

/// Details of a pull request.
#[derive(Debug)]
pub(crate) struct PullStory {
    pull: Pull,
    own: Vec<(String, DateTime<Utc>)>,
    landing: Landing,
}

impl PullStory {
    pub(crate) fn title(mut self, text: &str) -> Self {
        text.clone_into(&mut self.pull.title);
        self
    }

    pub(crate) fn body(mut self, text: &str) -> Self {
        text.clone_into(&mut self.pull.body);
        self
    }

    pub(crate) fn branch(mut self, name: &str) -> Self {
        name.clone_into(&mut self.pull.branch);
        self
    }

    pub(crate) fn author(mut self, login: &str) -> Self {
        self.pull.author = Actor(login.to_owned());
        self
    }

    /// One of its own commits; without any it has one, made an hour before it was opened.
    pub(crate) fn commit(mut self, label: &str, at: &str) -> Self {
        self.own.push((sha(label), moment(at)));
        self
    }

    pub(crate) fn label(mut self, name: &str) -> Self {
        self.pull.labels.push(name.to_owned());
        self
    }

    /// `state` such as `APPROVED`.
    pub(crate) fn review(mut self, login: &str, state: &str, at: &str) -> Self {
        self.pull.reviews.push(Review {
            author: Actor(login.to_owned()),
            state: state.to_owned(),
            submitted_at: moment(at),
        });
        self
    }

    pub(crate) fn ready(mut self, at: &str) -> Self {
        self.pull.timeline.push(("ReadyForReviewEvent", moment(at)));
        self
    }

    pub(crate) fn queued(mut self, at: &str) -> Self {
        let event = ("AddedToMergeQueueEvent", moment(at));
        self.pull.timeline.push(event);
        self
    }

    pub(crate) fn size(mut self, additions: u64, deletions: u64, files: u64) -> Self {
        (self.pull.additions, self.pull.deletions) = (additions, deletions);
        self.pull.changed_files = files;
        self
    }

    /// Nobody can comment any more.
    pub(crate) fn locked(mut self) -> Self {
        self.pull.locked = true;
        self
    }

    /// Lands as one new commit instead of a merge.
    pub(crate) fn squash(mut self) -> Self {
        self.landing = Landing::Squash;
        self
    }

    /// Lands as copies of its commits.
    pub(crate) fn rebase(mut self) -> Self {
        self.landing = Landing::Rebase;
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
        let parents = story
            .parents
            .unwrap_or_else(|| head.into_iter().collect());
        let authored = story.authored_at.unwrap_or(at);
        self.place(&sha(label), parents, &story.author, (authored, at), &story.message);
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

    /// A pull request that was merged into the default branch, a day after it was opened. What it landed as has the
    /// label `pr<number>`, and its own commit, where none is told, `pr<number>-1`.
    pub(crate) fn merge_pull(&mut self, number: u64, merged_at: &str) -> &mut Self {
        self.merge_pull_with(number, merged_at, |pull| pull)
    }

    pub(crate) fn merge_pull_with(
        &mut self,
        number: u64,
        merged_at: &str,
        tell: impl FnOnce(PullStory) -> PullStory,
    ) -> &mut Self {
        let merged_at = moment(merged_at);
        let mut story = self.new_pull(number, merged_at - Duration::days(1), tell);
        let base: Vec<String> = self
            .head(&self.default_branch.clone())
            .into_iter()
            .collect();
        self.grow(&mut story, base.clone());
        let pull = &mut story.pull;
        let author = pull.author.0.clone();
        let title = pull.title.clone();
        let landed = sha(&format!("pr{number}"));
        let times = (merged_at, merged_at);
        match story.landing {
            Landing::Merge => {
                let tip = pull.commits.last().cloned();
                let parents = base.into_iter().chain(tip).collect();
                let message = format!(
                    "Merge pull request #{number} from {}/{}\n\n{title}",
                    self.owner, pull.branch
                );
                self.place(&landed, parents, &author, times, &message);
            }
            Landing::Squash => {
                let message = format!("{title} (#{number})");
                self.place(&landed, base, &author, times, &message);
            }
            Landing::Rebase => {
                let mut parents = base;
                for (n, own) in pull.commits.clone().iter().enumerate() {
                    let last = n + 1 == pull.commits.len();
                    let copy = sha(&format!("pr{number}-rebased-{}", n + 1));
                    let copy = if last { landed.clone() } else { copy };
                    let from = self.git.commit(own).expect("it was just made").clone();
                    let times = (from.authored_at, merged_at);
                    self.place(&copy, parents, &author, times, &from.message);
                    parents = vec![copy.clone()];
                    pull.landed.push(copy);
                }
            }
        }
        pull.merged_at = Some(merged_at);
        pull.merge_commit = Some(landed.clone());
        pull.landed.push(landed.clone());
        self.git.point(&self.default_ref(), Some(landed));
        self.pulls.insert(number, story.pull);
        self
    }

    /// A pull request that is open.
    pub(crate) fn open_pull(
        &mut self,
        number: u64,
        created_at: &str,
        tell: impl FnOnce(PullStory) -> PullStory,
    ) -> &mut Self {
        let mut story = self.new_pull(number, moment(created_at), tell);
        let base = self.head(&self.default_branch.clone());
        self.grow(&mut story, base.into_iter().collect());
        self.pulls.insert(number, story.pull);
        self
    }

    fn new_pull(
        &self,
        number: u64,
        created_at: DateTime<Utc>,
        tell: impl FnOnce(PullStory) -> PullStory,
    ) -> PullStory {
        tell(PullStory {
            pull: Pull {
                id: format!("PR_kwDOworld{number:05}"),
                number,
                title: format!("Change number {number}"),
                body: String::new(),
                branch: format!("change-{number}"),
                base: self.default_branch.clone(),
                author: Actor("ada".to_owned()),
                created_at,
                merged_at: None,
                merge_commit: None,
                commits: Vec::new(),
                landed: Vec::new(),
                labels: Vec::new(),
                reviews: Vec::new(),
                timeline: Vec::new(),
                additions: 10,
                deletions: 2,
                changed_files: 1,
                locked: false,
            },
            own: Vec::new(),
            landing: Landing::Merge,
        })
    }

    /// Makes the commits of a pull request, one on top of the other.
    fn grow(&mut self, story: &mut PullStory, base: Vec<String>) {
        let pull = &mut story.pull;
        if story.own.is_empty() {
            let label = format!("pr{}-1", pull.number);
            let at = pull.created_at - Duration::hours(1);
            story.own.push((sha(&label), at));
        }
        let mut parents = base;
        for (id, at) in &story.own {
            let message = format!("Work on {}", pull.title);
            self.place(id, parents, &pull.author.0, (*at, *at), &message);
            parents = vec![id.clone()];
            pull.commits.push(id.clone());
        }
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
