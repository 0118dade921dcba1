//! What changes the state: a commit with compare-and-swap, comments.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::Value;

use super::super::git::{Blob, Files};
use super::super::github::{Issue, REPOSITORY, VIEWER};
use super::{Call, Object, Refusal, Thing};

/// Characters of the longest comment.
const LONGEST: usize = 65_536;

fn refused(message: impl Into<String>) -> Refusal {
    Refusal::new("UNPROCESSABLE", message)
}

fn payload(kind: &'static str, name: &'static str, thing: Thing) -> Thing {
    Thing::Object(Object::Record {
        kind,
        fields: vec![(name, thing)],
    })
}

impl Call<'_> {
    pub(super) fn mutation(&mut self, name: &str, input: &Value) -> Result<Thing, Refusal> {
        match name {
            "createCommitOnBranch" => self.create_commit(input),
            "updateRefs" => self.update_refs(input),
            "addComment" => self.add_comment(input),
            "updateIssueComment" => self.update_comment(input),
            "deleteIssueComment" => self.delete_comment(input),
            "createIssue" => self.create_issue(input),
            "updateIssue" => self.update_issue(input),
            _ => {
                self.unknown.push(format!("Mutation.{name}"));
                Ok(Thing::NULL)
            }
        }
    }

    fn create_commit(&mut self, input: &Value) -> Result<Thing, Refusal> {
        self.need("contents", "write")?;
        let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
        let repository = text(&input["branch"]["repositoryNameWithOwner"]);
        if !repository.eq_ignore_ascii_case(&self.github.slug()) {
            let message =
                format!("Could not resolve to a Repository with the name '{repository}'.");
            return Err(Refusal::new("NOT_FOUND", message));
        }
        let branch = text(&input["branch"]["branchName"]);
        let Some(head) = self.github.head(&branch) else {
            let message = format!("The branch '{branch}' was not found");
            return Err(Refusal::new("NOT_FOUND", message));
        };
        let expected = text(&input["expectedHeadOid"]);
        if head != expected {
            return Err(Refusal::new(
                "STALE_DATA",
                format!(
                    "Expected branch to point to \"{expected}\" but it did not.  Pull and try again."
                ),
            ));
        }
        if self.github.ruled.contains(&branch) {
            return Err(refused(
                "Repository rule violations found\n\nChanges must be made through a pull request.\n\n",
            ));
        }
        let before = self.github.git.commit(&head);
        let files = before.map_or_else(Files::new, |commit| commit.files.clone());
        let files = changed(files, &input["fileChanges"], &head)?;
        let headline = text(&input["message"]["headline"]);
        if headline.trim().is_empty() {
            return Err(refused("A commit message is required"));
        }
        let sha = self
            .github
            .commit_files(&branch, vec![head], files, &headline);
        let commit = Thing::Object(Object::Commit(sha));
        Ok(payload("CreateCommitOnBranchPayload", "commit", commit))
    }

    /// One ref, by compare-and-swap.
    fn update_refs(&mut self, input: &Value) -> Result<Thing, Refusal> {
        self.need("contents", "write")?;
        let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
        if input["repositoryId"] != REPOSITORY {
            return Err(Refusal::new("NOT_FOUND", "Could not resolve to a node"));
        }
        let update = &input["refUpdates"][0];
        let (name, new) = (text(&update["name"]), text(&update["afterOid"]));
        let head = self.github.git.head(&name, false).map(str::to_owned);
        if head != Some(text(&update["beforeOid"])) {
            return Err(refused(format!(
                "Reference update failed: {name} has moved"
            )));
        }
        if self
            .github
            .ruled
            .contains(name.trim_start_matches("refs/heads/"))
        {
            return Err(refused(
                "Repository rule violations found\n\nCannot force-push to this branch\n\n",
            ));
        }
        let Some(commit) = self.github.git.commit(&new) else {
            return Err(refused(format!(
                "Reference update failed: {new} does not exist."
            )));
        };
        if update["force"] != true && !commit.parents.contains(&head.unwrap_or_default()) {
            return Err(refused("Reference update failed: not a fast forward."));
        }
        self.github.git.point(&name, Some(new));
        Ok(payload(
            "UpdateRefsPayload",
            "clientMutationId",
            Thing::NULL,
        ))
    }

    /// Comments on pull requests need one of two permissions.
    fn may_comment(&self) -> Result<(), Refusal> {
        self.need("pull-requests", "write")
            .or_else(|_| self.need("issues", "write"))
    }

    fn add_comment(&mut self, input: &Value) -> Result<Thing, Refusal> {
        let subject = input["subjectId"].as_str().unwrap_or_default();
        let Some(pull) = self.github.pulls.values().find(|pull| pull.id == subject) else {
            let message = format!("Could not resolve to a node with the global id of '{subject}'");
            return Err(Refusal::new("NOT_FOUND", message));
        };
        let number = pull.number;
        let locked = pull.locked;
        self.may_comment()?;
        if locked {
            return Err(refused("Unable to create comment because issue is locked"));
        }
        let body = comment_body(input)?;
        let id = self.github.add_comment(number, VIEWER, body);
        let node = payload("IssueComment", "id", Thing::leaf(id));
        let edge = payload("IssueCommentEdge", "node", node);
        Ok(payload("AddCommentPayload", "commentEdge", edge))
    }

    fn update_comment(&mut self, input: &Value) -> Result<Thing, Refusal> {
        let id = input["id"].as_str().unwrap_or_default();
        let allowed = self.may_comment();
        let Some(comment) = self.github.comments.iter_mut().find(|c| c.id == id) else {
            let message = format!("Could not resolve to a node with the global id of '{id}'");
            return Err(Refusal::new("NOT_FOUND", message));
        };
        allowed?;
        if comment.author != VIEWER {
            return Err(Refusal::forbidden());
        }
        comment_body(input)?.clone_into(&mut comment.body);
        comment.edits += 1;
        let node = payload("IssueComment", "id", Thing::leaf(id));
        Ok(payload("UpdateIssueCommentPayload", "issueComment", node))
    }

    fn delete_comment(&mut self, input: &Value) -> Result<Thing, Refusal> {
        let id = input["id"].as_str().unwrap_or_default();
        self.may_comment()?;
        let Some(comment) = self.github.comments.iter_mut().find(|c| c.id == id) else {
            let message = format!("Could not resolve to a node with the global id of '{id}'");
            return Err(Refusal::new("NOT_FOUND", message));
        };
        if comment.author != VIEWER {
            return Err(Refusal::forbidden());
        }
        // Ids are counted, so its place stays.
        comment.pull = 0;
        Ok(payload(
            "DeleteIssueCommentPayload",
            "clientMutationId",
            Thing::NULL,
        ))
    }
}

impl Call<'_> {
    fn create_issue(&mut self, input: &Value) -> Result<Thing, Refusal> {
        if input["repositoryId"] != REPOSITORY {
            return Err(Refusal::new("NOT_FOUND", "Could not resolve to a node"));
        }
        self.need("issues", "write")?;
        let title = input["title"].as_str().unwrap_or_default();
        if title.trim().is_empty() {
            return Err(refused("Title can't be blank"));
        }
        let body = comment_body(input)?.to_owned();
        let numbers = self.github.issues.keys().chain(self.github.pulls.keys());
        let number = numbers.max().map_or(1, |last| last + 1);
        let now = self.github.now;
        let issue = Issue {
            number,
            author: VIEWER.to_owned(),
            title: title.to_owned(),
            body,
            labels: Vec::new(),
            created_at: now,
            updated_at: now,
            closed_at: None,
            reason: None,
            closer: None,
        };
        let node = self.issue(&issue);
        self.github.issues.insert(number, issue);
        Ok(payload("CreateIssuePayload", "issue", node))
    }

    fn update_issue(&mut self, input: &Value) -> Result<Thing, Refusal> {
        let id = input["id"].as_str().unwrap_or_default();
        self.need("issues", "write")?;
        let body = comment_body(input)?.to_owned();
        let Some(issue) = self.github.issues.values_mut().find(|i| i.id() == id) else {
            return Err(Refusal::new("NOT_FOUND", "Could not resolve to a node"));
        };
        issue.body = body;
        let issue = issue.clone();
        let node = self.issue(&issue);
        Ok(payload("UpdateIssuePayload", "issue", node))
    }
}

fn comment_body(input: &Value) -> Result<&str, Refusal> {
    let body = input["body"].as_str().unwrap_or_default();
    if body.trim().is_empty() {
        return Err(refused("Body can't be blank"));
    }
    if body.chars().count() > LONGEST {
        return Err(refused("Body is too long (maximum is 65536 characters)"));
    }
    Ok(body)
}

/// The files after additions and deletions.
fn changed(mut files: Files, changes: &Value, head: &str) -> Result<Files, Refusal> {
    let list = |name: &str| changes[name].as_array().cloned().unwrap_or_default();
    for deletion in list("deletions") {
        let path = deletion["path"].as_str().unwrap_or_default();
        if files.remove(path).is_none() {
            return Err(refused(format!(
                "A path was requested for deletion which does not exist as of commit oid `{head}`"
            )));
        }
    }
    for addition in list("additions") {
        let path = addition["path"].as_str().unwrap_or_default();
        let odd = |part: &str| matches!(part, "" | "." | ".." | ".git");
        if path.split('/').any(odd) {
            return Err(refused(format!("The path {path:?} is not valid.")));
        }
        let packed = addition["contents"].as_str().unwrap_or_default();
        let bytes = STANDARD
            .decode(packed)
            .map_err(|_| refused("A file addition's contents are not valid base64."))?;
        files.insert(path.to_owned(), Blob::new(&bytes));
    }
    Ok(files)
}
