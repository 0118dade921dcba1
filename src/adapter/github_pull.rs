//! Merged pull requests as GitHub's GraphQL API gives them (rules LT2, LT8, LT9, CF3).

use serde_json::Value;

use super::PayloadError;
use super::github_payload::{instant, is_bot_actor, nodes, required, text};
use super::github_pull_rest;
use super::table::{Adapter, each_record};
use crate::event::{
    Event, Fact, Instant, Pull, Source, Undoes, is_agents_account, is_agents_branch,
    is_hotfix_branch, is_hotfix_title, is_signed_by_agent, subject_key,
};

const WHAT: &str = "pull request";
/// A row of the table of adapters.
pub(super) const ADAPTER: Adapter = Adapter {
    id: "github-pull",
    title: "GitHub pull requests",
    definition: "Pull requests as nodes of GraphQL, or as REST objects with lists `commit_list` and `review_list`; \
                 one object, a list, or an object a line. What was not merged is no change.",
    read: |bytes, _| each_record(bytes, github_pull_rest::of_either),
};

/// GitHub itself lists no more.
const MOST_COMMITS: usize = 250;
/// A page of them: what services are told apart by is seldom further down, and [`Pull::files`] says when there is more.
const MOST_PATHS: usize = 100;

/// One pull request; nothing when it was not merged. Title and body are read and not kept.
///
/// # Errors
/// When it has no number.
pub fn from_graphql(node: &Value) -> Result<Option<Event>, PayloadError> {
    let number = number(node)?;
    let Some(merged_at) = instant(node, "mergedAt") else {
        return Ok(None);
    };
    Ok(Some(Event {
        id: format!("pr:{number}"),
        time: merged_at,
        source: Source::GithubChanges,
        updated: merged_at,
        fact: Fact::Pull(read(node)?),
    }))
}

fn number(node: &Value) -> Result<u64, PayloadError> {
    node["number"].as_u64().ok_or(PayloadError {
        what: WHAT,
        field: "number",
    })
}

/// One pull request, open ones too.
///
/// # Errors
/// When it has no number or id.
pub fn read(node: &Value) -> Result<Pull, PayloadError> {
    let merged_at = instant(node, "mergedAt");
    let title = node["title"].as_str().unwrap_or_default();
    let body = node["body"].as_str().unwrap_or_default();
    let branch = node["headRefName"].as_str().unwrap_or_default();
    let own = || nodes(&node["commits"]).map(|n| &n["commit"]);
    Ok(Pull {
        number: number(node)?,
        created_at: instant(node, "createdAt"),
        first_commit_at: own().filter_map(|c| instant(c, "authoredDate")).min(),
        ready_at: moments(node, "ReadyForReviewEvent").min(),
        first_review_at: first_review(node),
        approved_at: nodes(&node["reviews"])
            .filter(|review| review["state"] == "APPROVED")
            .filter_map(|review| instant(review, "submittedAt"))
            .filter(|at| merged_at.is_none_or(|merged| *at <= merged))
            .max(),
        // The entry that led to the merge: it may have been taken out and put in again.
        queued_at: moments(node, "AddedToMergeQueueEvent")
            .filter(|at| merged_at.is_none_or(|merged| *at <= merged))
            .max(),
        merged_at,
        merge_sha: text(&node["mergeCommit"], "oid").map(str::to_owned),
        head: text(node, "headRefOid").map(str::to_owned),
        review_rounds: node["reviews"].is_object().then(|| rounds(node)),
        paths: nodes(&node["files"])
            .filter_map(|file| text(file, "path"))
            .take(MOST_PATHS)
            .map(str::to_owned)
            .collect(),
        commits: own()
            .filter_map(|c| text(c, "oid"))
            .take(MOST_COMMITS)
            .map(str::to_owned)
            .collect(),
        bot: is_bot_actor(&node["author"]),
        ai: Some(
            is_agents_branch(branch)
                || is_signed_by_agent(body)
                || is_agents_account(
                    node["author"]["login"].as_str().unwrap_or_default(),
                    is_bot_actor(&node["author"]),
                ),
        ),
        lines: lines(node),
        files: node["changedFiles"].as_u64(),
        labels: nodes(&node["labels"])
            .filter_map(|label| text(label, "name"))
            .map(str::to_owned)
            .collect(),
        undoes: Undoes::read(title, body, branch),
        subject: Some(subject_key(title)).filter(|_| !title.trim().is_empty()),
        hotfix: is_hotfix_branch(branch) || is_hotfix_title(title),
        node: Some(required(node, WHAT, "id")?),
        ..Pull::default()
    })
}

/// Reviews that were submitted by a person other than the author.
fn reviews(node: &Value) -> impl Iterator<Item = &Value> {
    let author = text(&node["author"], "login");
    nodes(&node["reviews"])
        .filter(|review| review["state"] != "PENDING" && !is_bot_actor(&review["author"]))
        .filter(move |review| author.is_none() || text(&review["author"], "login") != author)
}

fn first_review(node: &Value) -> Option<Instant> {
    reviews(node)
        .filter_map(|review| instant(review, "submittedAt"))
        .min()
}

/// How often changes were asked for, and one more when it was reviewed at all.
fn rounds(node: &Value) -> u32 {
    let asked = reviews(node).filter(|review| review["state"] == "CHANGES_REQUESTED");
    let asked = u32::try_from(asked.count()).unwrap_or(u32::MAX);
    asked.saturating_add(u32::from(reviews(node).next().is_some()))
}

fn moments<'a>(node: &'a Value, kind: &'static str) -> impl Iterator<Item = Instant> + 'a {
    nodes(&node["timelineItems"])
        .filter(move |item| item["__typename"] == kind)
        .filter_map(|item| instant(item, "createdAt"))
}

fn lines(node: &Value) -> Option<u64> {
    let added = node["additions"].as_u64()?;
    added.checked_add(node["deletions"].as_u64()?)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn node() -> Value {
        json!({ "id": "PR_1", "number": 7, "title": "Revert \"Add cache (#5)\"", "body": "Reverts acme/shop#5",
            "createdAt": "2026-03-02T10:00:00Z", "mergedAt": "2026-03-03T10:00:00Z",
            "headRefName": "hotfix/cache", "baseRefName": "main", "additions": 3, "deletions": 4, "changedFiles": 2,
            "headRefOid": "c2", "files": { "nodes": [{ "path": "api/a.rs" }, { "path": "" }, null] },
            "author": { "__typename": "User", "login": "ada" }, "mergeCommit": { "oid": "m".repeat(40) },
            "labels": { "nodes": [{ "name": "hotfix" }, null] },
            "commits": { "totalCount": 2, "nodes": [
                { "commit": { "oid": "c2", "authoredDate": "2026-03-02T09:30:00Z" } },
                { "commit": { "oid": "c1", "authoredDate": "2026-03-01T09:00:00Z" } }] },
            "reviews": { "nodes": [
                { "state": "COMMENTED", "submittedAt": "2026-03-02T10:01:00Z", "author": { "__typename": "Bot", "login": "lint" } },
                { "state": "COMMENTED", "submittedAt": "2026-03-02T10:02:00Z", "author": { "__typename": "User", "login": "ada" } },
                { "state": "PENDING", "submittedAt": null, "author": { "__typename": "User", "login": "ben" } },
                { "state": "CHANGES_REQUESTED", "submittedAt": "2026-03-02T12:00:00Z", "author": { "__typename": "User", "login": "ben" } },
                { "state": "APPROVED", "submittedAt": "2026-03-02T13:00:00Z", "author": { "__typename": "User", "login": "ben" } },
                { "state": "APPROVED", "submittedAt": "2026-03-04T13:00:00Z", "author": null }] },
            "timelineItems": { "nodes": [
                { "__typename": "ReadyForReviewEvent", "createdAt": "2026-03-02T11:00:00Z" },
                { "__typename": "AddedToMergeQueueEvent", "createdAt": "2026-03-03T09:00:00Z" },
                { "__typename": "SomethingNew" }] } })
    }

    #[test]
    fn a_merged_pull_request_keeps_its_moments() {
        let event = from_graphql(&node()).unwrap().unwrap();
        assert_eq!(event.id, "pr:7");
        let Fact::Pull(pull) = event.fact else {
            panic!()
        };
        let hour = |at: Option<Instant>| at.unwrap().format("%d %H").to_string();
        assert_eq!(hour(pull.first_commit_at), "01 09");
        assert_eq!(hour(pull.first_review_at), "02 12");
        assert_eq!(hour(pull.approved_at), "02 13");
        assert_eq!(hour(pull.ready_at), "02 11");
        assert_eq!(hour(pull.queued_at), "03 09");
        assert_eq!(pull.commits, ["c2", "c1"]);
        assert_eq!((pull.lines, pull.files), (Some(7), Some(2)));
        assert_eq!(
            (pull.head.as_deref(), pull.review_rounds),
            (Some("c2"), Some(2))
        );
        assert_eq!(pull.paths, ["api/a.rs"]);
        assert_eq!(
            (pull.labels, pull.undoes.pulls),
            (vec!["hotfix".to_owned()], vec![5])
        );
        assert!(pull.hotfix && !pull.bot);
    }

    #[test]
    fn what_was_not_merged_is_no_change_and_nonsense_no_panic() {
        let mut open = node();
        open["mergedAt"] = json!(null);
        assert_eq!(from_graphql(&open), Ok(None));
        for bad in [
            json!(null),
            json!({ "number": "7" }),
            json!({ "number": 7, "mergedAt": "2026-03-03T10:00:00Z" }),
        ] {
            assert!(from_graphql(&bad).is_err(), "{bad}");
        }
        let bare = json!({ "id": "x", "number": 7, "mergedAt": "2026-03-03T10:00:00Z", "reviews": 3, "commits": [null] });
        assert!(from_graphql(&bare).unwrap().is_some());
        let mut unseen = node();
        unseen["reviews"] = json!({ "nodes": [] });
        let event = from_graphql(&unseen).unwrap().unwrap();
        assert_eq!(event.fact.as_pull().unwrap().review_rounds, Some(0));
    }
}
