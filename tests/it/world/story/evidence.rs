//! What people say of failures: issues, labels, comments.

use super::super::github::{GitHub, Issue, moment};

impl GitHub {
    /// An issue with a label.
    pub(crate) fn open_issue(
        &mut self,
        number: u64,
        label: &str,
        at: &str,
        body: &str,
    ) -> &mut Self {
        let issue = Issue {
            number,
            author: "ada".to_owned(),
            title: format!("Incident {number}"),
            body: body.to_owned(),
            labels: vec![label.to_owned()],
            created_at: moment(at),
            updated_at: moment(at),
            closed_at: None,
            reason: None,
            closer: None,
        };
        self.issues.insert(number, issue);
        self
    }

    /// It was closed: for a reason, perhaps by a pull request.
    pub(crate) fn close_issue(
        &mut self,
        number: u64,
        at: &str,
        reason: &'static str,
        closer: Option<u64>,
    ) -> &mut Self {
        self.touch_issue(number, at, |issue| {
            (issue.closed_at, issue.reason) = (Some(moment(at)), Some(reason));
            issue.closer = closer;
        })
    }

    pub(crate) fn reopen_issue(&mut self, number: u64, at: &str) -> &mut Self {
        self.touch_issue(number, at, |issue| {
            (issue.closed_at, issue.reason) = (None, Some("REOPENED"));
        })
    }

    /// All its labels from now on.
    pub(crate) fn label_issue(&mut self, number: u64, at: &str, labels: &[&str]) -> &mut Self {
        self.touch_issue(number, at, |issue| {
            issue.labels = labels.iter().map(|&label| label.to_owned()).collect();
        })
    }

    fn touch_issue(&mut self, number: u64, at: &str, tell: impl FnOnce(&mut Issue)) -> &mut Self {
        let issue = self.issues.get_mut(&number).expect("an issue");
        tell(issue);
        issue.updated_at = moment(at);
        self
    }

    /// A label is put on a pull request.
    pub(crate) fn label_pull(&mut self, number: u64, at: &str, label: &str) -> &mut Self {
        let pull = self.pulls.get_mut(&number).expect("a pull request");
        pull.labels.push(label.to_owned());
        pull.labelled.push((label.to_owned(), moment(at)));
        self
    }

    /// And taken off again.
    pub(crate) fn unlabel_pull(&mut self, number: u64, label: &str) -> &mut Self {
        let pull = self.pulls.get_mut(&number).expect("a pull request");
        pull.labels.retain(|known| known != label);
        self
    }

    /// Somebody of this association comments at a moment.
    pub(crate) fn say(
        &mut self,
        pull: u64,
        (login, association): (&str, &'static str),
        at: &str,
        body: &str,
    ) -> &mut Self {
        self.add_comment(pull, login, body);
        let comment = self.comments.last_mut().expect("a comment");
        comment.created_at = moment(at);
        comment.association = association;
        self
    }
}
