//! Older servers: what one does not know of a query is left out of it, where that can be done without.

use std::ops::Range;

use serde_json::Value;

use super::error::one_line;

/// Fields and types that a server may lack, and what is then not known. Everything else is needed.
const NEWER: [(&str, &str, &str); 18] = [
    (
        "AddedToMergeQueueEvent",
        "",
        "when a pull request entered the merge queue",
    ),
    ("ClosedEvent", "closer", "what closed an issue"),
    (
        "Deployment",
        "latestEnvironment",
        "environments that were renamed",
    ),
    (
        "Deployment",
        "originalEnvironment",
        "environments that were renamed",
    ),
    (
        "IssueComment",
        "authorAssociation",
        "which comments are of members",
    ),
    ("IssueComment", "isMinimized", "which comments are hidden"),
    ("Issue", "stateReason", "why an issue was closed"),
    ("Issue", "timelineItems", "what closed an issue"),
    ("PullRequest", "additions", "the size of changes"),
    ("PullRequest", "changedFiles", "the size of changes"),
    ("PullRequest", "deletions", "the size of changes"),
    ("PullRequest", "files", "the paths of changes"),
    ("PullRequest", "headRefOid", "the tests of pull requests"),
    ("PullRequest", "isDraft", "which pull requests were drafts"),
    ("PullRequest", "reviews", "reviews of pull requests"),
    (
        "ReadyForReviewEvent",
        "",
        "when a pull request was ready for review",
    ),
    ("Ref", "refUpdateRule", "the protection of a branch"),
    ("Ref", "rules", "the rules on a branch"),
];

/// Something in a query that the server does not know.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unknown {
    kind: String,
    /// Empty where the whole type is unknown.
    field: String,
    line: usize,
    column: usize,
}

impl std::fmt::Display for Unknown {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let dot = if self.field.is_empty() { "" } else { "." };
        write!(f, "{}{dot}{}", self.kind, self.field)
    }
}

impl Unknown {
    /// What an error of GraphQL says is unknown; `None` where it says something else.
    pub(super) fn of(message: &str, extensions: &Value, locations: &Value) -> Option<Self> {
        let text = |name: &str| one_line(extensions[name].as_str().unwrap_or_default());
        let number = |name: &str| {
            let number = locations[0][name].as_u64().unwrap_or(0);
            usize::try_from(number).unwrap_or(0)
        };
        if extensions["code"] == "undefinedField" {
            return Some(Self {
                kind: text("typeName"),
                field: text("fieldName"),
                line: number("line"),
                column: number("column"),
            });
        }
        if extensions["code"] == "undefinedType" {
            return Some(Self {
                kind: text("typeName"),
                field: String::new(),
                line: 0,
                column: 0,
            });
        }
        // A type is named as a word in a list of types, too.
        let mut types = NEWER.iter().filter(|(_, field, _)| field.is_empty());
        let (kind, ..) =
            types.find(|(kind, ..)| message.contains(kind) || message.contains(&word(kind)))?;
        Some(Self {
            kind: (*kind).to_owned(),
            field: String::new(),
            line: 0,
            column: 0,
        })
    }

    fn row(&self) -> Option<&'static (&'static str, &'static str, &'static str)> {
        let mut rows = NEWER.iter();
        rows.find(|(kind, field, _)| *kind == self.kind && *field == self.field)
    }

    /// Where it stands in the query; nowhere, where the server speaks of another query.
    fn spans(&self, query: &str) -> Vec<Range<usize>> {
        if self.field.is_empty() {
            let word = word(&self.kind);
            let named = query
                .match_indices(&word)
                .map(|(at, word)| at..at + word.len());
            let fragment = format!("... on {} {{", self.kind);
            let parts = query.match_indices(&fragment);
            let parts =
                parts.filter_map(|(at, head)| Some(at..closed(query, at + head.len() - 1)?));
            return named.chain(parts).collect();
        }
        let mut lines = query.split_inclusive('\n');
        let before: usize = lines
            .by_ref()
            .take(self.line.saturating_sub(1))
            .map(str::len)
            .sum();
        let place = lines.next().and_then(|line| {
            let (at, _) = line.char_indices().nth(self.column.checked_sub(1)?)?;
            line[at..].starts_with(&self.field).then_some(before + at)
        });
        let span = place.and_then(|at| Some(at..field_end(query, at + self.field.len())?));
        span.into_iter().collect()
    }
}

/// The query without what is unknown, and what is then not known; `None` where it cannot be done without.
pub(super) fn without(query: &str, unknown: &[Unknown]) -> Option<(String, Vec<&'static str>)> {
    let (mut spans, mut lost) = (Vec::new(), Vec::new());
    for one in unknown {
        lost.push(one.row()?.2);
        spans.extend(one.spans(query));
    }
    if spans.is_empty() {
        return None;
    }
    spans.sort_by_key(|span| span.start);
    let (mut out, mut from) = (String::new(), 0);
    for span in spans {
        // One that lies in another is gone with it.
        if span.start >= from {
            out.push_str(&query[from..span.start]);
            from = span.end;
            let is_first = out.trim_end().ends_with('{');
            if is_first && query[from..].trim_start().starts_with('}') {
                out.push_str("__typename");
            }
        }
    }
    out.push_str(&query[from..]);
    Some((out, lost))
}

/// `ReadyForReviewEvent` as a list of types names it: `READY_FOR_REVIEW_EVENT`.
fn word(kind: &str) -> String {
    let mut out = String::new();
    for (n, c) in kind.char_indices() {
        if n > 0 && c.is_ascii_uppercase() {
            out.push('_');
        }
        out.push(c.to_ascii_uppercase());
    }
    out
}

/// The end of a field whose name ends at `at`: behind its arguments and selections.
fn field_end(query: &str, at: usize) -> Option<usize> {
    let mut end = at;
    for open in ['(', '{'] {
        let rest = query[end..].trim_start();
        if rest.starts_with(open) {
            end = closed(query, query.len() - rest.len())?;
        }
    }
    Some(end)
}

/// Behind the bracket that closes the one at `at`; brackets in strings are text.
fn closed(query: &str, at: usize) -> Option<usize> {
    let (mut depth, mut quoted, mut escaped) = (0_u32, false, false);
    for (n, byte) in query.bytes().enumerate().skip(at) {
        match byte {
            _ if escaped => escaped = false,
            b'\\' if quoted => escaped = true,
            b'"' => quoted = !quoted,
            b'(' | b'{' if !quoted => depth += 1,
            b')' | b'}' if !quoted => {
                depth = depth.checked_sub(1)?;
                if depth == 0 {
                    return Some(n + 1);
                }
            }
            _ => {}
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn unknown(query: &str, kind: &str, field: &str) -> Unknown {
        let column = query.find(field).unwrap() + 1;
        let said = json!({ "code": "undefinedField", "typeName": kind, "fieldName": field });
        let places = json!([{ "line": 1, "column": column }]);
        Unknown::of("Field doesn't exist", &said, &places).unwrap()
    }

    #[test]
    fn a_field_goes_with_its_arguments_and_selections() {
        let query =
            r#"query Q { a { number reviews(first: 50, x: ") } {") { nodes { state } } title } }"#;
        let (shorter, lost) = without(query, &[unknown(query, "PullRequest", "reviews")]).unwrap();
        assert_eq!(shorter, "query Q { a { number  title } }");
        assert_eq!(lost, ["reviews of pull requests"]);
    }

    #[test]
    fn a_selection_that_is_left_empty_still_selects() {
        let query = "query Q { repository { ref { rules(first: 100) { nodes { type } } } } }";
        let (shorter, _) = without(query, &[unknown(query, "Ref", "rules")]).unwrap();
        assert_eq!(shorter, "query Q { repository { ref { __typename } } }");
    }

    #[test]
    fn a_type_goes_from_the_list_and_from_the_fragments() {
        let query = "{ timelineItems(itemTypes: [READY_FOR_REVIEW_EVENT, ADDED_TO_MERGE_QUEUE_EVENT]) { nodes { \
            __typename ... on AddedToMergeQueueEvent { createdAt } } } }";
        let message = "No such type AddedToMergeQueueEvent, so it can't be a fragment condition";
        let said = json!({ "code": "undefinedType", "typeName": "AddedToMergeQueueEvent" });
        let found = Unknown::of(message, &said, &Value::Null).unwrap();
        assert_eq!(found.to_string(), "AddedToMergeQueueEvent");
        let (shorter, _) = without(query, &[found]).unwrap();
        assert_eq!(
            shorter,
            "{ timelineItems(itemTypes: [READY_FOR_REVIEW_EVENT, ]) { nodes { __typename  } } }"
        );
    }

    #[test]
    fn what_is_needed_is_not_left_out_and_a_wrong_place_changes_nothing() {
        let query = "query Q { ref { target { oid } rules { nodes { type } } } }";
        assert_eq!(without(query, &[unknown(query, "Ref", "target")]), None);
        let mut wrong = unknown(query, "Ref", "rules");
        for (line, column) in [
            (0, 0),
            (1, 0),
            (1, 3),
            (2, 1),
            (1, 9999),
            (usize::MAX, usize::MAX),
        ] {
            (wrong.line, wrong.column) = (line, column);
            assert_eq!(
                without(query, std::slice::from_ref(&wrong)),
                None,
                "{line}:{column}"
            );
        }
        assert_eq!(
            Unknown::of("Something went wrong", &Value::Null, &Value::Null),
            None
        );
    }
}
