//! GraphQL answers: data and errors side by side, since one may come with the other.

use serde::Deserialize;
use serde_json::Value;

use super::GitHubError;
use super::answer::Answer;
use super::error::{is_rule, one_line};
use super::older::Unknown;

/// An answer that holds data, perhaps not all of it.
#[derive(Debug, Clone)]
pub struct GraphAnswer {
    /// What was asked for; null where an error says why.
    pub data: Value,
    /// What went wrong, and where.
    pub errors: Vec<GraphError>,
}

/// One error of an answer.
#[derive(Debug, Clone)]
pub struct GraphError {
    /// Aliases and list positions from the root, such as `repository`, `deployments`.
    pub path: Vec<String>,
    /// What it means.
    pub error: GitHubError,
}

#[derive(Deserialize)]
struct Body {
    #[serde(default)]
    data: Value,
    #[serde(default)]
    errors: Vec<Raw>,
}

#[derive(Deserialize)]
struct Raw {
    #[serde(default, rename = "type")]
    kind: Option<String>,
    #[serde(default)]
    message: String,
    #[serde(default)]
    path: Option<Vec<Value>>,
    #[serde(default)]
    extensions: Value,
    #[serde(default)]
    locations: Value,
}

impl GraphAnswer {
    /// Reads a body.
    pub(super) fn of(answer: &Answer) -> Result<Self, GitHubError> {
        let body: Body = answer.json()?;
        if body.data.is_null() {
            let errors = body.errors.iter();
            let unknown: Vec<Unknown> = errors
                .filter_map(|raw| Unknown::of(&raw.message, &raw.extensions, &raw.locations))
                .collect();
            if !unknown.is_empty() {
                return Err(GitHubError::TooOld { unknown });
            }
        }
        let errors: Vec<GraphError> = body
            .errors
            .into_iter()
            .map(|raw| raw.classified(answer))
            .collect();
        let empty = body.data.is_null()
            || body
                .data
                .as_object()
                .is_some_and(|fields| fields.values().all(Value::is_null));
        let limited = |e: &&GraphError| matches!(e.error, GitHubError::RateLimited { .. });
        if let Some(limit) = errors.iter().find(limited).filter(|_| empty) {
            return Err(limit.error.clone());
        }
        if body.data.is_null() {
            return Err(errors.into_iter().next().map_or(
                GitHubError::BadAnswer {
                    message: "it holds neither data nor errors".to_owned(),
                },
                |first| first.error,
            ));
        }
        Ok(Self {
            data: body.data,
            errors,
        })
    }

    /// The first error at this path, above it or below it.
    #[must_use]
    pub fn error_at(&self, path: &[&str]) -> Option<&GitHubError> {
        self.errors
            .iter()
            .find(|e| e.path.iter().zip(path).all(|(a, b)| a == b))
            .map(|e| &e.error)
    }

    /// The first error that lies at this path or below it.
    #[must_use]
    pub fn error_below(&self, path: &[&str]) -> Option<&GitHubError> {
        self.errors
            .iter()
            .find(|e| e.path.len() >= path.len() && e.path.iter().zip(path).all(|(a, b)| a == b))
            .map(|e| &e.error)
    }

    /// The first error of all.
    #[must_use]
    pub fn first_error(&self) -> Option<&GitHubError> {
        self.errors.first().map(|e| &e.error)
    }
}

impl Raw {
    fn classified(self, answer: &Answer) -> GraphError {
        let path: Vec<String> = self
            .path
            .unwrap_or_default()
            .iter()
            .map(|part| {
                part.as_str()
                    .map_or_else(|| part.to_string(), str::to_owned)
            })
            .collect();
        let message = one_line(&self.message);
        let error = match self.kind.as_deref() {
            Some("STALE_DATA") => GitHubError::Stale,
            Some("NOT_FOUND") => GitHubError::NotFound { what: message },
            Some("RATE_LIMITED" | "RATE_LIMIT") => GitHubError::RateLimited {
                retry_after: answer.retry_after.or(answer.until_reset),
                secondary: false,
            },
            _ if is_rule(&message) => GitHubError::RuleBlocked { message },
            Some("FORBIDDEN" | "INSUFFICIENT_SCOPES") => forbidden(&path, message),
            _ => untyped(&path, message),
        };
        GraphError { path, error }
    }
}

/// Errors without a telling type are told by their words.
fn untyped(path: &[String], message: String) -> GitHubError {
    let lower = message.to_ascii_lowercase();
    if lower.contains("secondary rate limit") {
        return GitHubError::RateLimited {
            retry_after: None,
            secondary: true,
        };
    }
    if lower.contains("not accessible by") {
        return forbidden(path, message);
    }
    // GitHub's own ten seconds ran out, or something broke inside.
    if lower.contains("something went wrong") || lower.contains("timed out") {
        return GitHubError::Server { status: 200 };
    }
    GitHubError::Refused {
        status: 200,
        message,
    }
}

fn forbidden(path: &[String], message: String) -> GitHubError {
    // The last field that says what kind of thing was touched.
    let needed = path.iter().rev().find_map(|field| {
        Some(match field.as_str() {
            "deployments" | "statuses" => "deployments: read",
            "issues" => "issues: read",
            "pullRequests" | "associatedPullRequests" | "comments" | "pullRequest" => {
                "pull-requests: read"
            }
            "config" | "corrections" | "ref" | "object" | "file" | "target" => "contents: read",
            "createCommitOnBranch" => "contents: write",
            "addComment" | "updateIssueComment" => "pull-requests: write",
            _ => return None,
        })
    });
    GitHubError::Forbidden {
        needed: needed.map(str::to_owned),
        message,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(body: &str) -> Result<GraphAnswer, GitHubError> {
        GraphAnswer::of(&Answer {
            status: 200,
            text: body.to_owned(),
            ..Answer::default()
        })
    }

    #[test]
    fn partial_data_survives_its_errors() {
        let answer = read(
            r#"{"data":{"repository":{"deployments":null,"name":"x"}},
                "errors":[{"type":"FORBIDDEN","path":["repository","deployments"],"message":"Resource not accessible by integration"}]}"#,
        )
        .unwrap();
        assert_eq!(answer.data["repository"]["name"], "x");
        let error = answer.error_at(&["repository", "deployments"]).unwrap();
        assert_eq!(
            error.help().unwrap(),
            "add `deployments: read` to the job's `permissions`"
        );
        assert!(answer.error_at(&["repository", "ref"]).is_none());
    }

    #[test]
    fn a_stale_head_is_told_by_its_type() {
        let body = r#"{"data":{"createCommitOnBranch":null},"errors":[{"type":"STALE_DATA","path":["createCommitOnBranch"],"message":"Expected branch"}]}"#;
        assert_eq!(read(body).unwrap().first_error(), Some(&GitHubError::Stale));
    }

    #[test]
    fn limits_and_breakdowns_without_data_are_errors() {
        let limited = r#"{"errors":[{"type":"RATE_LIMITED","message":"API rate limit exceeded"}]}"#;
        assert!(matches!(
            read(limited),
            Err(GitHubError::RateLimited { .. })
        ));
        let broken = r#"{"data":null,"errors":[{"message":"Something went wrong while executing your query."}]}"#;
        assert!(matches!(read(broken), Err(GitHubError::Server { .. })));
        assert!(matches!(read("{}"), Err(GitHubError::BadAnswer { .. })));
        assert!(matches!(read("<html>"), Err(GitHubError::BadAnswer { .. })));
        assert!(matches!(
            read("{\"data\":{\"a\""),
            Err(GitHubError::BadAnswer { .. })
        ));
    }
}
