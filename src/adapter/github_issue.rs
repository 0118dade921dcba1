//! GitHub issues that are incidents (rules CF1, CF2, FD1).

use serde_json::Value;

use super::PayloadError;
use super::github_payload::{instant, nodes, text};
use super::table::{Adapter, each_record};
use crate::event::{Event, Fact, Incident, Source, causes_in};

const WHAT: &str = "issue";
/// What a label that names the component begins with.
const SERVICE: &str = "service:";

/// The row of [`super::ADAPTERS`].
pub(super) const ADAPTER: Adapter = Adapter {
    id: "github-issue",
    title: "GitHub issues",
    definition: "Issues with an incident label, as nodes of GraphQL; one object, a list, or an object a line. What was \
                 closed as not planned or as a duplicate is no incident.",
    read: |bytes, config| {
        each_record(bytes, |node| {
            let read = from_graphql(node, &config.incident_labels)?;
            Ok(read
                .filter(|issue| issue.left_out.is_none())
                .map(|issue| issue.incident))
        })
    },
};

/// An issue with an incident label, and why it is none after all.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReadIssue {
    /// The incident, whether it counts or not.
    pub incident: Event,
    /// It was closed as not planned or as a duplicate: nothing happened, or another issue tells it.
    pub left_out: Option<&'static str>,
}

/// One issue; nothing without one of these labels, which have no case. It opened when it was created, since users were
/// affected before anybody labelled it, and is resolved when it was closed last; opened again, it is open. Title and
/// body are read and not kept.
///
/// # Errors
/// When it has no number or no time.
pub fn from_graphql(node: &Value, labels: &[String]) -> Result<Option<ReadIssue>, PayloadError> {
    let missing = |field| PayloadError { what: WHAT, field };
    let number = node["number"].as_u64().ok_or_else(|| missing("number"))?;
    let opened = instant(node, "createdAt").ok_or_else(|| missing("createdAt"))?;
    let names: Vec<&str> = nodes(&node["labels"])
        .filter_map(|l| text(l, "name"))
        .collect();
    let listed = |name: &&str| {
        labels
            .iter()
            .any(|l| l.to_lowercase() == name.to_lowercase())
    };
    if !names.iter().any(listed) {
        return Ok(None);
    }
    let closed = node["state"] == "CLOSED";
    let event = nodes(&node["timelineItems"])
        .last()
        .map(|item| &item["closer"]);
    let title = node["title"].as_str().unwrap_or_default();
    let body = node["body"].as_str().unwrap_or_default();
    let fact = Incident {
        opened_at: opened,
        resolved_at: instant(node, "closedAt").filter(|_| closed),
        service: names.iter().find_map(|name| service(name)),
        causes: causes_in(&format!("{title}\n{body}")),
        fixed_by: event.filter(|_| closed).and_then(|c| closed_by(node, c)),
        title: None,
    };
    Ok(Some(ReadIssue {
        incident: Event {
            id: format!("inc:gh:{number}"),
            time: opened,
            source: Source::GithubIssues,
            updated: instant(node, "updatedAt").unwrap_or(opened),
            fact: Fact::Incident(fact),
        },
        left_out: match node["stateReason"].as_str().filter(|_| closed) {
            Some("NOT_PLANNED") => Some("closed as not planned"),
            Some("DUPLICATE") => Some("closed as a duplicate"),
            _ => None,
        },
    }))
}

fn service(label: &str) -> Option<String> {
    let (head, name) = label.split_at_checked(SERVICE.len())?;
    let name = name.trim();
    (head.eq_ignore_ascii_case(SERVICE) && !name.is_empty()).then(|| name.to_owned())
}

/// What closed it: a pull request of the same repository, or a commit.
fn closed_by(issue: &Value, closer: &Value) -> Option<String> {
    if let Some(oid) = text(closer, "oid") {
        return Some(oid.to_owned());
    }
    let ours = closer["repository"]["nameWithOwner"] == issue["repository"]["nameWithOwner"];
    let number = closer["number"].as_u64().filter(|_| ours)?;
    Some(format!("#{number}"))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::event::Cause;

    fn node() -> Value {
        json!({ "number": 41, "title": "Checkout is down", "state": "CLOSED", "stateReason": "COMPLETED",
            "body": "### Root cause\n\n#12\n",
            "createdAt": "2026-03-02T10:00:00Z", "closedAt": "2026-03-02T12:00:00Z", "updatedAt": "2026-03-02T12:00:01Z",
            "repository": { "nameWithOwner": "acme/shop" },
            "labels": { "nodes": [{ "name": "INCIDENT" }, { "name": "Service: api" }, null] },
            "timelineItems": { "nodes": [{ "closer": { "__typename": "PullRequest", "number": 14,
                "repository": { "nameWithOwner": "acme/shop" } } }] } })
    }

    fn read(node: &Value) -> ReadIssue {
        from_graphql(node, &["incident".to_owned()])
            .unwrap()
            .unwrap()
    }

    fn incident(node: &Value) -> Incident {
        read(node).incident.fact.as_incident().unwrap().clone()
    }

    #[test]
    fn an_issue_keeps_its_moments_its_cause_and_what_closed_it() {
        let event = read(&node()).incident;
        assert_eq!(
            (event.id.as_str(), event.source),
            ("inc:gh:41", Source::GithubIssues)
        );
        assert_eq!(event.updated.to_rfc3339(), "2026-03-02T12:00:01+00:00");
        let fact = incident(&node());
        assert_eq!((fact.resolved_at.unwrap() - fact.opened_at).num_hours(), 2);
        assert_eq!(fact.service.as_deref(), Some("api"));
        assert_eq!(fact.causes, [Cause::Pull(12)]);
        assert_eq!(fact.fixed_by.as_deref(), Some("#14"));
        assert_eq!(fact.title, None, "words of an issue are never kept");
    }

    #[test]
    fn opened_again_it_is_open_and_nothing_fixed_it() {
        let mut again = node();
        again["state"] = json!("OPEN");
        again["stateReason"] = json!("REOPENED");
        let fact = incident(&again);
        assert_eq!((fact.resolved_at, fact.fixed_by), (None, None));
    }

    #[test]
    fn what_was_not_planned_or_told_twice_is_left_out() {
        for (reason, why) in [
            ("NOT_PLANNED", Some("closed as not planned")),
            ("DUPLICATE", Some("closed as a duplicate")),
            ("COMPLETED", None),
        ] {
            let mut issue = node();
            issue["stateReason"] = json!(reason);
            assert_eq!(read(&issue).left_out, why);
        }
    }

    #[test]
    fn a_commit_or_a_pull_request_of_elsewhere_is_told_apart() {
        let mut issue = node();
        let closer = &mut issue["timelineItems"]["nodes"][0]["closer"];
        closer["repository"]["nameWithOwner"] = json!("acme/other");
        assert_eq!(incident(&issue).fixed_by, None);
        issue["timelineItems"]["nodes"][0]["closer"] = json!({ "oid": "c".repeat(40) });
        assert_eq!(incident(&issue).fixed_by, Some("c".repeat(40)));
    }

    #[test]
    fn another_label_is_no_incident_and_nonsense_no_panic() {
        assert_eq!(from_graphql(&node(), &["outage".to_owned()]), Ok(None));
        for bad in [
            json!(null),
            json!({}),
            json!({ "number": -1 }),
            json!({ "number": 1, "createdAt": "soon" }),
        ] {
            assert!(from_graphql(&bad, &["incident".to_owned()]).is_err());
        }
        let hostile = json!({ "number": 1, "createdAt": "2026-03-02T10:00:00Z", "body": 7, "closedAt": [],
            "labels": { "nodes": [{ "name": "incident" }, { "name": "servicé" }, { "name": "service:" }] },
            "timelineItems": "x" });
        let fact = incident(&hostile);
        assert_eq!((fact.service, fact.fixed_by), (None, None));
    }
}
