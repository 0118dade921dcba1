//! Commits as GitHub's REST API gives them, in comparisons and alone (rules LT1, LT2, LT8, CF3).

use serde_json::Value;

use super::PayloadError;
use super::github_payload::{instant, is_bot_actor, text};
use super::table::{Adapter, each_record};
use crate::event::{
    Commit, Event, Fact, Source, Undoes, is_agent, is_bot, is_hotfix_title, is_signed_by_agent,
    subject_key,
};

const WHAT: &str = "commit";

/// A row of the table of adapters.
pub(super) const ADAPTER: Adapter = Adapter {
    id: "github-commit",
    title: "GitHub commits",
    definition: "Commits as REST lists and compares them; one object, a list, or an object a line.",
    read: |bytes, _| each_record(bytes, |node| from_rest(node).map(Some)),
};

/// One commit. Its message is read and not kept.
///
/// # Errors
/// When it has no full object id, no date, or no list of parents: a commit that is taken for a root cuts histories.
pub fn from_rest(node: &Value) -> Result<Event, PayloadError> {
    let missing = |field| PayloadError { what: WHAT, field };
    let sha = text(node, "sha")
        .filter(|sha| is_object_id(sha))
        .ok_or_else(|| missing("sha"))?
        .to_ascii_lowercase();
    let git = &node["commit"];
    let authored_at = instant(&git["author"], "date")
        .or_else(|| instant(&git["committer"], "date"))
        .ok_or_else(|| missing("commit.author.date"))?;
    let message = git["message"].as_str().unwrap_or_default();
    let (subject, body) = message.split_once('\n').unwrap_or((message, ""));
    let parents = node["parents"]
        .as_array()
        .ok_or_else(|| missing("parents"))?;
    let commit = Commit {
        parents: parents
            .iter()
            .filter_map(|parent| text(parent, "sha"))
            .map(str::to_ascii_lowercase)
            .collect(),
        authored_at,
        bot: is_bot_actor(&node["author"]) || text(&git["author"], "name").is_some_and(is_bot),
        ai: Some(
            is_agent(
                git["author"]["name"].as_str().unwrap_or_default(),
                git["author"]["email"].as_str().unwrap_or_default(),
            ) || is_signed_by_agent(body),
        ),
        pull: None,
        undoes: Undoes::read(subject, body, ""),
        subject: Some(subject_key(subject)).filter(|_| !subject.trim().is_empty()),
        hotfix: is_hotfix_title(subject),
        paths: Vec::new(),
        sha: sha.clone(),
    };
    Ok(Event {
        id: format!("commit:{sha}"),
        time: authored_at,
        source: Source::GithubChanges,
        updated: authored_at,
        fact: Fact::Commit(commit),
    })
}

/// Whether a text is a whole object id, of SHA-1 or SHA-256.
#[must_use]
pub fn is_object_id(text: &str) -> bool {
    matches!(text.len(), 40 | 64) && text.bytes().all(|b| b.is_ascii_hexdigit())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn commit(node: &Value) -> Commit {
        let mut node = node.clone();
        if node["parents"].is_null() {
            node["parents"] = json!([]);
        }
        let Fact::Commit(found) = from_rest(&node).unwrap().fact else {
            panic!("no commit")
        };
        found
    }

    #[test]
    fn a_commit_keeps_its_author_date_and_no_message() {
        let node = json!({ "sha": "A".repeat(40), "parents": [{ "sha": "b".repeat(40) }],
            "author": { "login": "ada", "type": "User" },
            "commit": { "message": "Revert \"Add cache\"\n\nThis reverts commit 0123456789abcdef.",
                "author": { "name": "Ada", "date": "2026-03-02T10:00:00+02:00" },
                "committer": { "date": "2026-03-05T10:00:00Z" } } });
        let found = commit(&node);
        assert_eq!(found.sha, "a".repeat(40));
        assert_eq!(found.authored_at.to_rfc3339(), "2026-03-02T08:00:00+00:00");
        assert_eq!(found.undoes.commits, ["0123456789abcdef"]);
        assert_eq!(found.undoes.subject, Some(subject_key("Add cache")));
        assert!(!found.bot && !found.hotfix);
        assert!(!serde_json::to_string(&found).unwrap().contains("cache"));
    }

    #[test]
    fn bots_are_told_by_type_login_or_name() {
        let node = |author: Value, name: &str| {
            json!({ "sha": "a".repeat(40), "author": author,
                "commit": { "message": "hotfix: x", "author": { "name": name, "date": "2026-03-02T10:00:00Z" } } })
        };
        assert!(commit(&node(json!({ "login": "x", "type": "Bot" }), "x")).bot);
        assert!(commit(&node(json!({ "login": "renovate[bot]" }), "x")).bot);
        assert!(commit(&node(json!(null), "my-bot")).bot);
        let person = commit(&node(json!(null), "Abbott"));
        assert!(!person.bot && person.hotfix);
    }

    #[test]
    fn what_is_no_commit_is_an_error() {
        for bad in [
            json!(null),
            json!({ "sha": "abc" }),
            json!({ "sha": "a".repeat(40) }),
            json!({ "sha": "g".repeat(40), "commit": { "author": { "date": "2026-03-02T10:00:00Z" } } }),
        ] {
            assert!(from_rest(&bad).is_err(), "{bad}");
        }
    }
}
