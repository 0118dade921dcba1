//! Pull requests: told in a few words, landed in one of GitHub's three ways.

use chrono::{DateTime, Duration, Utc};

use super::super::git::{Actor, sha};
use super::super::github::{GitHub, Pull, Review, moment};

/// How a pull request lands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Landing {
    Merge,
    Squash,
    Rebase,
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

    pub(crate) fn opened(mut self, at: &str) -> Self {
        self.pull.created_at = moment(at);
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

    /// Everything it touches.
    pub(crate) fn paths(mut self, paths: &[&str]) -> Self {
        self.pull.paths = paths.iter().map(|&path| path.to_owned()).collect();
        self.pull.changed_files = paths.len() as u64;
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
                labelled: Vec::new(),
                reviews: Vec::new(),
                timeline: Vec::new(),
                additions: 10,
                deletions: 2,
                changed_files: 1,
                paths: Vec::new(),
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
}
