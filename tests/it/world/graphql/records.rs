//! Deployments and pull requests with all their fields.

use serde_json::Value;

use super::super::git::Actor;
use super::super::github::{Comment, Deployment, Issue, Pull, VIEWER, iso};
use super::{Call, Object, Thing};

fn record(kind: &'static str, fields: Vec<(&'static str, Thing)>) -> Thing {
    Thing::Object(Object::Record { kind, fields })
}

fn connection<T>(kind: &'static str, rows: &[T], make: impl Fn(&T) -> Thing) -> Thing {
    Thing::Connection(kind, rows.iter().map(make).collect())
}

/// GraphQL gives a bot's login without `[bot]`.
fn actor(actor: &Actor) -> Thing {
    let kind = if actor.is_bot() { "Bot" } else { "User" };
    let login = actor.0.trim_end_matches("[bot]");
    record(kind, vec![("login", Thing::leaf(login))])
}

fn optional(text: Option<&str>) -> Thing {
    text.map_or(Thing::NULL, Thing::leaf)
}

impl Call<'_> {
    #[expect(clippy::unused_self, reason = "stands beside `pull`")]
    pub(super) fn deployment(&self, deployment: &Deployment) -> Thing {
        let mut newest_first = deployment.statuses.clone();
        newest_first.reverse();
        let updated = newest_first.first().map(|status| status.created_at);
        let statuses = connection("DeploymentStatusConnection", &newest_first, |status| {
            record(
                "DeploymentStatus",
                vec![
                    ("state", Thing::leaf(status.state.to_ascii_uppercase())),
                    ("createdAt", Thing::leaf(iso(status.created_at))),
                    ("logUrl", optional(status.log_url.as_deref())),
                    ("environmentUrl", Thing::NULL),
                ],
            )
        });
        let environment = || Thing::leaf(deployment.environment.as_str());
        let updated = updated.unwrap_or(deployment.created_at);
        record(
            "Deployment",
            vec![
                ("id", Thing::leaf(deployment.id.as_str())),
                ("createdAt", Thing::leaf(iso(deployment.created_at))),
                ("updatedAt", Thing::leaf(iso(updated))),
                ("environment", environment()),
                ("latestEnvironment", environment()),
                ("originalEnvironment", environment()),
                ("task", Thing::leaf("deploy")),
                ("payload", Thing::leaf(deployment.payload.to_string())),
                ("commitOid", Thing::leaf(deployment.sha.as_str())),
                ("statuses", statuses),
            ],
        )
    }

    pub(super) fn pull(&self, pull: &Pull) -> Thing {
        let merged = pull.merged_at.map(iso);
        let merge_commit = pull.merge_commit.clone();
        let is_draft = Thing::leaf(false);
        let mut fields = vec![
            ("id", Thing::leaf(pull.id.as_str())),
            ("number", Thing::leaf(pull.number)),
            ("title", Thing::leaf(pull.title.as_str())),
            ("body", Thing::leaf(pull.body.as_str())),
            ("createdAt", Thing::leaf(iso(pull.created_at))),
            ("mergedAt", optional(merged.as_deref())),
            (
                "updatedAt",
                Thing::leaf(iso(pull.updated_at(&self.github.comments_on(pull.number)))),
            ),
            ("repository", self.home()),
            ("headRefName", Thing::leaf(pull.branch.as_str())),
            (
                "headRefOid",
                optional(pull.commits.last().map(String::as_str)),
            ),
            ("baseRefName", Thing::leaf(pull.base.as_str())),
            ("isDraft", is_draft),
            ("additions", Thing::leaf(pull.additions)),
            ("deletions", Thing::leaf(pull.deletions)),
            ("changedFiles", Thing::leaf(pull.changed_files)),
            ("author", actor(&pull.author)),
            (
                "mergeCommit",
                merge_commit.map_or(Thing::NULL, |sha| Thing::Object(Object::Commit(sha))),
            ),
        ];
        fields.extend(lists(pull));
        fields.push(("comments", self.comments(pull)));
        record("PullRequest", fields)
    }

    fn home(&self) -> Thing {
        let name = Thing::leaf(self.github.slug());
        record("Repository", vec![("nameWithOwner", name)])
    }

    pub(super) fn issue(&self, issue: &Issue) -> Thing {
        let closed = issue.closed_at.map(iso);
        let labels = connection("LabelConnection", &issue.labels, |name| {
            record("Label", vec![("name", Thing::leaf(name.as_str()))])
        });
        let closing: Vec<Option<u64>> = closed.iter().map(|_| issue.closer).collect();
        let events = connection("IssueTimelineItemsConnection", &closing, |closer| {
            let pull = closer.and_then(|number| self.github.pulls.get(&number));
            let by = pull.map_or(Thing::NULL, |pull| self.pull(pull));
            record("ClosedEvent", vec![("closer", by)])
        });
        record(
            "Issue",
            vec![
                ("id", Thing::leaf(issue.id())),
                ("url", Thing::leaf(issue.url())),
                ("viewerDidAuthor", Thing::leaf(issue.author == VIEWER)),
                ("number", Thing::leaf(issue.number)),
                ("title", Thing::leaf(issue.title.as_str())),
                ("body", Thing::leaf(issue.body.as_str())),
                (
                    "state",
                    Thing::leaf(if closed.is_some() { "CLOSED" } else { "OPEN" }),
                ),
                ("stateReason", optional(issue.reason)),
                ("createdAt", Thing::leaf(iso(issue.created_at))),
                ("updatedAt", Thing::leaf(iso(issue.updated_at))),
                ("closedAt", optional(closed.as_deref())),
                ("repository", self.home()),
                ("labels", labels),
                ("timelineItems", events),
            ],
        )
    }

    fn comments(&self, pull: &Pull) -> Thing {
        let rows = self.github.comments_on(pull.number);
        connection("IssueCommentConnection", &rows, comment)
    }
}

fn comment(comment: &Comment) -> Thing {
    record(
        "IssueComment",
        vec![
            ("id", Thing::leaf(comment.id.as_str())),
            ("body", Thing::leaf(comment.body.as_str())),
            ("viewerDidAuthor", Thing::leaf(comment.author == VIEWER)),
            ("isMinimized", Thing::leaf(comment.minimized)),
            ("createdAt", Thing::leaf(iso(comment.created_at))),
            ("authorAssociation", Thing::leaf(comment.association)),
            ("author", actor(&Actor(comment.author.clone()))),
        ],
    )
}

fn lists(pull: &Pull) -> Vec<(&'static str, Thing)> {
    let labels = connection("LabelConnection", &pull.labels, |name| {
        record("Label", vec![("name", Thing::leaf(name.as_str()))])
    });
    let commits = connection("PullRequestCommitConnection", &pull.commits, |sha| {
        let commit = Thing::Object(Object::Commit(sha.clone()));
        record("PullRequestCommit", vec![("commit", commit)])
    });
    let files = connection("PullRequestChangedFileConnection", &pull.paths, |path| {
        let path = Thing::leaf(path.as_str());
        record("PullRequestChangedFile", vec![("path", path)])
    });
    let reviews = connection("PullRequestReviewConnection", &pull.reviews, |review| {
        record(
            "PullRequestReview",
            vec![
                ("state", Thing::leaf(review.state.as_str())),
                ("submittedAt", Thing::leaf(iso(review.submitted_at))),
                ("author", actor(&review.author)),
            ],
        )
    });
    let events = pull.timeline.iter().map(|(kind, at)| {
        let at = Thing::Leaf(Value::from(iso(*at)));
        record(kind, vec![("createdAt", at)])
    });
    let labelled = pull.labelled.iter().map(|(name, at)| {
        let label = record("Label", vec![("name", Thing::leaf(name.as_str()))]);
        let at = Thing::Leaf(Value::from(iso(*at)));
        record("LabeledEvent", vec![("createdAt", at), ("label", label)])
    });
    let timeline = Thing::Connection(
        "PullRequestTimelineItemsConnection",
        events.chain(labelled).collect(),
    );
    vec![
        ("labels", labels),
        ("commits", commits),
        ("files", files),
        ("reviews", reviews),
        ("timelineItems", timeline),
    ]
}
