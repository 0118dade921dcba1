//! What people say of a merged pull request's deployment, by label or comment (rule CF1).

use serde_json::Value;

use super::PayloadError;
use super::github_payload::{instant, is_bot_actor, nodes, text};
use crate::config::Rules;
use crate::event::{Correction, Event, Fact, Instant, Source};

const WHAT: &str = "pull request";
const COMMAND: &str = "/fivekeys";
/// Comments of our own begin like this.
const OURS: &str = "<!-- fivekeys";
/// A longer name is none.
const LONGEST_NAME: usize = 200;

/// What stands on one pull request now.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReadMark {
    /// Id of its word, also where there is none.
    pub id: String,
    /// The latest word, about the deployment that first delivers the pull request.
    pub word: Option<Event>,
    /// Older comments exist that are not among these.
    pub cut: bool,
    /// When the pull request was last touched.
    pub updated: Instant,
    /// The number, where a command is none that we know.
    pub unclear: Option<u64>,
}

/// Reads labels, and comments of people with write access. Words of bots, of strangers, of hidden comments and of
/// ours count for nothing.
///
/// # Errors
/// When it has no number or no time.
pub fn from_graphql(node: &Value, rules: &Rules) -> Result<ReadMark, PayloadError> {
    let missing = |field| PayloadError { what: WHAT, field };
    let number = node["number"].as_u64().ok_or_else(|| missing("number"))?;
    let updated = instant(node, "updatedAt").ok_or_else(|| missing("updatedAt"))?;
    let id = format!("mark:pr:{number}");
    let comments: Vec<&Value> = nodes(&node["comments"]).collect();
    let mut words: Vec<(Instant, Word)> = labels(node, rules, updated).collect();
    let mut unclear = false;
    for comment in comments.iter().filter(|c| may_judge(c)) {
        let at = instant(comment, "createdAt").unwrap_or(updated);
        for line in commands(comment["body"].as_str().unwrap_or_default()) {
            match Word::read(line) {
                Some(word) => words.push((at, word)),
                None => unclear = true,
            }
        }
    }
    // Of two words of one moment the later written one counts: the sort is stable.
    words.sort_by_key(|(at, _)| *at);
    let word = words.pop().map(|(at, word)| Event {
        id: id.clone(),
        time: at,
        source: Source::GithubMarks,
        updated: updated.max(at),
        fact: Fact::DeploymentCorrected(Correction {
            deployment: String::new(),
            pull: Some(number),
            failed: word.failed,
            fixed_by: word.fixed_by,
        }),
    });
    let total = node["comments"]["totalCount"].as_u64().unwrap_or(0);
    Ok(ReadMark {
        id,
        word,
        cut: total > comments.len() as u64,
        updated,
        unclear: unclear.then_some(number),
    })
}

/// A judgement.
struct Word {
    failed: bool,
    fixed_by: Option<String>,
}

impl Word {
    /// `failed [fixed by #12 [why]]` or `fine [why]`.
    fn read(line: &str) -> Option<Self> {
        let mut words = line.split_whitespace();
        let verb = words.next()?;
        let failed = verb.eq_ignore_ascii_case("failed");
        if !failed && !verb.eq_ignore_ascii_case("fine") {
            return None;
        }
        let is =
            |word: Option<&str>, what: &str| word.is_some_and(|w| w.eq_ignore_ascii_case(what));
        let fixed = failed && is(words.next(), "fixed") && is(words.next(), "by");
        let name = words.next().filter(|_| fixed);
        let name = name.map(|n| n.trim_end_matches(['.', ',', ';', ')']));
        let is_name = |n: &&str| {
            !n.is_empty() && n.len() <= LONGEST_NAME && n.chars().all(|c| c.is_ascii_graphic())
        };
        Some(Self {
            failed,
            fixed_by: name.filter(is_name).map(str::to_owned),
        })
    }
}

/// The labels in force, each since it was put on last.
fn labels<'a>(
    node: &'a Value,
    rules: &'a Rules,
    updated: Instant,
) -> impl Iterator<Item = (Instant, Word)> + 'a {
    let merged = instant(node, "mergedAt").unwrap_or(updated);
    let names = nodes(&node["labels"]).filter_map(|label| text(label, "name"));
    names.filter_map(move |name| {
        let listed = |list: &[String]| list.iter().any(|l| l.to_lowercase() == name.to_lowercase());
        let failed = listed(&rules.failure_labels);
        if !failed && !listed(&rules.cleared_labels) {
            return None;
        }
        let put_on = nodes(&node["timelineItems"])
            .filter(|item| text(&item["label"], "name") == Some(name))
            .filter_map(|item| instant(item, "createdAt"))
            .max();
        let word = Word {
            failed,
            fixed_by: None,
        };
        Some((put_on.unwrap_or(merged), word))
    })
}

fn may_judge(comment: &Value) -> bool {
    let writes = ["OWNER", "MEMBER", "COLLABORATOR"];
    let association = comment["authorAssociation"].as_str().unwrap_or_default();
    let body = comment["body"].as_str().unwrap_or_default();
    writes.contains(&association)
        && comment["isMinimized"] != true
        && !is_bot_actor(&comment["author"])
        && !body.contains(OURS)
}

/// What follows the command, on lines of their own; not in code or in a quotation.
fn commands(body: &str) -> impl Iterator<Item = &str> {
    let mut fenced = false;
    body.lines().filter_map(move |line| {
        let line = line.trim();
        if line.starts_with("```") || line.starts_with("~~~") {
            fenced = !fenced;
        }
        let rest = line.strip_prefix(COMMAND).filter(|_| !fenced)?;
        (rest.is_empty() || rest.starts_with(char::is_whitespace)).then_some(rest)
    })
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn comment(body: &str, who: &str, at: &str) -> Value {
        json!({ "body": body, "authorAssociation": who, "createdAt": at, "isMinimized": false,
            "author": { "__typename": "User", "login": "ada" } })
    }

    fn pull(labels: &[&str], comments: &[Value]) -> Value {
        let labels: Vec<Value> = labels.iter().map(|name| json!({ "name": name })).collect();
        json!({ "number": 7, "mergedAt": "2026-03-01T10:00:00Z", "updatedAt": "2026-03-03T10:00:00Z",
            "labels": { "nodes": labels }, "comments": { "totalCount": comments.len(), "nodes": comments },
            "timelineItems": { "nodes": [{ "__typename": "LabeledEvent", "createdAt": "2026-03-02T10:00:00Z",
                "label": { "name": "deployment-failed" } }] } })
    }

    fn word(node: &Value) -> Option<(bool, Option<String>)> {
        let read = from_graphql(node, &Rules::default()).unwrap();
        read.word.map(|event| {
            let Fact::DeploymentCorrected(c) = event.fact else {
                panic!()
            };
            assert_eq!((event.id.as_str(), c.pull), ("mark:pr:7", Some(7)));
            (c.failed, c.fixed_by)
        })
    }

    const NOON: &str = "2026-03-02T12:00:00Z";

    #[test]
    fn labels_and_comments_are_words_and_the_latest_counts() {
        assert_eq!(word(&pull(&["Deployment-Failed"], &[])), Some((true, None)));
        assert_eq!(word(&pull(&["deployment-fine"], &[])), Some((false, None)));
        assert_eq!(word(&pull(&[], &[])), None);
        let fine = comment("/fivekeys fine", "MEMBER", NOON);
        assert_eq!(
            word(&pull(&["deployment-failed"], &[fine])),
            Some((false, None))
        );
        let early = comment("/fivekeys fine", "MEMBER", "2026-03-02T09:00:00Z");
        assert_eq!(
            word(&pull(&["deployment-failed"], &[early])),
            Some((true, None))
        );
    }

    #[test]
    fn the_repair_is_named_by_the_way() {
        for (body, by) in [
            ("/fivekeys failed", None),
            (
                "Sorry.\r\n/fivekeys FAILED fixed by #12, checkout was down",
                Some("#12"),
            ),
            ("/fivekeys failed fixed by dep:DE_1", Some("dep:DE_1")),
            ("/fivekeys failed because of me", None),
            ("/fivekeys failed fixed by \u{202e}x", None),
        ] {
            let node = pull(&[], &[comment(body, "OWNER", NOON)]);
            assert_eq!(word(&node), Some((true, by.map(str::to_owned))), "{body}");
        }
    }

    #[test]
    fn only_people_with_write_access_are_heard_and_only_commands() {
        for (body, who) in [
            ("/fivekeys failed", "CONTRIBUTOR"),
            ("/fivekeys failed", "NONE"),
            ("/fivekeysfailed", "OWNER"),
            ("say /fivekeys failed", "OWNER"),
            ("> /fivekeys failed", "OWNER"),
            ("```\n/fivekeys failed\n```", "OWNER"),
            ("<!-- fivekeys:v1 -->\n/fivekeys failed", "OWNER"),
        ] {
            assert_eq!(
                word(&pull(&[], &[comment(body, who, NOON)])),
                None,
                "{body}"
            );
        }
        let mut bot = comment("/fivekeys failed", "MEMBER", NOON);
        bot["author"] = json!({ "__typename": "Bot", "login": "renovate" });
        let mut hidden = comment("/fivekeys failed", "MEMBER", NOON);
        hidden["isMinimized"] = json!(true);
        assert_eq!(word(&pull(&[], &[bot, hidden])), None);
    }

    #[test]
    fn what_is_not_understood_is_said_and_nonsense_is_no_panic() {
        let node = pull(&[], &[comment("/fivekeys explode", "OWNER", NOON)]);
        assert_eq!(
            from_graphql(&node, &Rules::default()).unwrap().unclear,
            Some(7)
        );
        for bad in [
            json!(null),
            json!({ "number": 7 }),
            json!({ "updatedAt": NOON }),
        ] {
            assert!(from_graphql(&bad, &Rules::default()).is_err());
        }
        let hostile = json!({ "number": 7, "updatedAt": NOON, "comments": { "nodes": [7, { "body": [] }] }, "labels": 3 });
        assert_eq!(word(&hostile), None);
    }
}
