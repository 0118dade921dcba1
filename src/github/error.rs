//! What can go wrong with GitHub, and what would put it right.

use super::answer::Answer;
use super::older::Unknown;

/// Why GitHub did not do it. No variant ever holds the token.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum GitHubError {
    /// It does not exist, or the token may not know that it does.
    #[error("GitHub has no {what}")]
    NotFound {
        /// What was asked for.
        what: String,
    },
    /// The token lacks a permission.
    #[error("GitHub refuses: {message}")]
    Forbidden {
        /// The permission as written in a workflow, such as `deployments: read`, where it is known.
        needed: Option<String>,
        /// What GitHub said.
        message: String,
    },
    /// The token is not valid.
    #[error("GitHub does not accept the token")]
    Unauthorized,
    /// Too many requests.
    #[error("GitHub's {} is reached", if *secondary { "secondary rate limit" } else { "rate limit" })]
    RateLimited {
        /// Seconds until it is worth asking again, where GitHub said so.
        retry_after: Option<u64>,
        /// A limit on bursts, not the hourly one.
        secondary: bool,
    },
    /// Somebody else has written in between: read again.
    #[error("somebody else has written in between")]
    Stale,
    /// A write was sent and its fate is unknown: read again, never send it again.
    #[error("it is not known whether GitHub has taken the write: {message}")]
    Ambiguous {
        /// How the answer was lost.
        message: String,
    },
    /// GitHub failed.
    #[error("GitHub failed with status {status}")]
    Server {
        /// HTTP status.
        status: u16,
    },
    /// The connection failed.
    #[error("the connection to GitHub failed: {message}")]
    Network {
        /// How.
        message: String,
    },
    /// No answer in time.
    #[error("GitHub did not answer in time")]
    TimedOut,
    /// The time of the run was over before anything was sent.
    #[error("the time of this run is used up")]
    NoTime,
    /// The answer cannot be read.
    #[error("GitHub's answer cannot be read: {message}")]
    BadAnswer {
        /// What is wrong with it.
        message: String,
    },
    /// The answer is larger than is safe to read.
    #[error("GitHub's answer is too large: {bytes} bytes")]
    TooLarge {
        /// Its size.
        bytes: u64,
    },
    /// A ruleset or branch protection forbids the write.
    #[error("a repository rule forbids it: {message}")]
    RuleBlocked {
        /// What GitHub said.
        message: String,
    },
    /// GitHub understood and said no, for another reason.
    #[error("GitHub says no ({status}): {message}")]
    Refused {
        /// HTTP status; 200 for an error of GraphQL.
        status: u16,
        /// What GitHub said.
        message: String,
    },
    /// The proxy on the way failed, or would not let us through.
    #[error("the proxy that {variable} names failed: {message}")]
    Proxy {
        /// The variable that names it.
        variable: &'static str,
        /// Its address without credentials, and what happened.
        message: String,
    },
    /// Nobody whom this machine trusts vouches for the server.
    #[error("the server's certificate is not trusted: {message}")]
    Untrusted {
        /// Why.
        message: String,
    },
    /// The server is too old for what was asked.
    #[error("this GitHub is too old: it does not know {}", named(unknown))]
    TooOld {
        /// What it does not know.
        unknown: Vec<Unknown>,
    },
    /// The client was not set up right.
    #[error("{message}")]
    Setup {
        /// What is wrong.
        message: String,
    },
}

impl GitHubError {
    /// What to do about it.
    #[must_use]
    pub fn help(&self) -> Option<String> {
        let text = match self {
            Self::Forbidden {
                needed: Some(needed),
                ..
            } => {
                return Some(format!("add `{needed}` to the job's `permissions`"));
            }
            Self::Forbidden { needed: None, .. } => "check the job's `permissions`",
            Self::Unauthorized => {
                "give a valid token; inside a workflow the default is `${{ github.token }}`"
            }
            Self::NotFound { what } if what.to_ascii_lowercase().contains("repository") => {
                "check the repository's name, and that the token may read it"
            }
            Self::RateLimited { .. } | Self::NoTime => "nothing to do: the next run catches up",
            Self::RuleBlocked { .. } => {
                "exclude the metrics branch from the ruleset, or keep the metrics in another repository with an app's token"
            }
            Self::Server { .. }
            | Self::Network { .. }
            | Self::TimedOut
            | Self::BadAnswer { .. }
            | Self::TooLarge { .. } => {
                "try again later; for github.com, https://www.githubstatus.com tells whether it is well"
            }
            Self::Proxy { variable, .. } => {
                return Some(format!(
                    "check {variable}, or name the server in NO_PROXY if no proxy stands before it"
                ));
            }
            Self::Untrusted { .. } => {
                "set SSL_CERT_FILE to a file with the certificate of your authority, in PEM form"
            }
            Self::TooOld { .. } => "update the server",
            Self::NotFound { .. } => "check that it exists, and that the token may read it",
            Self::Stale | Self::Ambiguous { .. } => {
                "nothing to do: the next run looks, and stores what is missing"
            }
            Self::Refused { .. } => "`fivekeys doctor` looks at what the token may do",
            Self::Setup { .. } => {
                "check what the runner sets: GITHUB_REPOSITORY, GITHUB_API_URL, GITHUB_GRAPHQL_URL, and the variables of proxies and certificates"
            }
        };
        Some(text.to_owned())
    }

    /// Whether a write that ended like this may have taken effect.
    pub(super) fn leaves_doubt(&self) -> bool {
        matches!(
            self,
            Self::Server { .. }
                | Self::Network { .. }
                | Self::TimedOut
                | Self::BadAnswer { .. }
                | Self::TooLarge { .. }
        )
    }

    /// The same error, for a write that was sent once.
    pub(super) fn after_write(self) -> Self {
        if self.leaves_doubt() {
            Self::Ambiguous {
                message: self.to_string(),
            }
        } else {
            self
        }
    }

    /// The same error, a refusal by the permission that is known to be needed.
    pub(super) fn needing(mut self, permission: &str) -> Self {
        if let Self::Forbidden { needed, .. } = &mut self {
            *needed = Some(permission.to_owned());
        }
        self
    }

    /// What a REST answer that is no success means.
    pub(super) fn of_answer(answer: &Answer, what: &str) -> Self {
        let message = answer.message();
        match answer.status {
            401 => Self::Unauthorized,
            407 => Self::Proxy {
                variable: "HTTP_PROXY",
                message: "it wants a user and a password".to_owned(),
            },
            404 | 410 => Self::NotFound {
                what: what.to_owned(),
            },
            403 | 429 => Self::of_denial(answer, message),
            _ if is_rule(&message) => Self::RuleBlocked { message },
            status if status >= 500 => Self::Server { status },
            status => Self::Refused { status, message },
        }
    }

    /// A 403 is a limit, a rule or a missing permission, in this order of certainty.
    fn of_denial(answer: &Answer, message: String) -> Self {
        let lower = message.to_ascii_lowercase();
        let secondary = lower.contains("secondary rate limit") || lower.contains("abuse");
        let denied = lower.contains("not accessible") || lower.contains("must have");
        let limited = lower.contains("rate limit exceeded")
            || answer.status == 429
            || (!denied && (answer.retry_after.is_some() || answer.remaining == Some(0)));
        if secondary || limited {
            let primary = answer.remaining == Some(0) && !secondary;
            return Self::RateLimited {
                retry_after: answer
                    .retry_after
                    .or(answer.until_reset.filter(|_| primary)),
                secondary: !primary,
            };
        }
        if is_rule(&message) {
            return Self::RuleBlocked { message };
        }
        Self::Forbidden {
            needed: answer.accepted.as_deref().map(as_permission),
            message,
        }
    }
}

fn named(unknown: &[Unknown]) -> String {
    let names: Vec<String> = unknown
        .iter()
        .take(3)
        .map(|one| format!("`{one}`"))
        .collect();
    names.join(", ")
}

/// Whether a message speaks of a ruleset or a protected branch.
pub(super) fn is_rule(message: &str) -> bool {
    let lower = message.to_ascii_lowercase();
    [
        "rule violation",
        "ruleset",
        "protected branch",
        "protected ref",
        "being restricted",
        "push declined",
    ]
    .iter()
    .any(|phrase| lower.contains(phrase))
}

/// `contents=write; issues=write` as a workflow writes it: the first alternative.
fn as_permission(accepted: &str) -> String {
    let first = accepted.split([';', ',']).next().unwrap_or(accepted);
    first.trim().replacen('=', ": ", 1).replace('_', "-")
}

/// One line of plain text, at most 300 characters.
pub(super) fn one_line(text: &str) -> String {
    let words: Vec<&str> = text
        .split(|c: char| c.is_whitespace() || c.is_control())
        .filter(|w| !w.is_empty())
        .collect();
    words.join(" ").chars().take(300).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn answer(status: u16, body: &str) -> Answer {
        Answer {
            status,
            text: body.to_owned(),
            ..Answer::default()
        }
    }

    #[test]
    fn a_secondary_limit_is_no_missing_permission() {
        let mut limited = answer(
            403,
            r#"{"message":"You have exceeded a secondary rate limit."}"#,
        );
        limited.remaining = Some(900);
        limited.accepted = Some("contents=write".into());
        let error = GitHubError::of_answer(&limited, "x");
        assert_eq!(
            error,
            GitHubError::RateLimited {
                retry_after: None,
                secondary: true
            }
        );
    }

    #[test]
    fn the_missing_permission_is_named_even_on_the_last_request_of_the_hour() {
        let mut denied = answer(
            403,
            r#"{"message":"Resource not accessible by integration"}"#,
        );
        denied.remaining = Some(0);
        denied.accepted = Some("pull_requests=write; issues=write".into());
        let error = GitHubError::of_answer(&denied, "x");
        assert_eq!(
            error.help().unwrap(),
            "add `pull-requests: write` to the job's `permissions`"
        );
    }

    #[test]
    fn an_empty_hour_waits_for_its_end() {
        let mut empty = answer(
            403,
            r#"{"message":"API rate limit exceeded for installation ID 1."}"#,
        );
        empty.remaining = Some(0);
        empty.until_reset = Some(120);
        assert_eq!(
            GitHubError::of_answer(&empty, "x"),
            GitHubError::RateLimited {
                retry_after: Some(120),
                secondary: false
            }
        );
    }

    #[test]
    fn html_is_not_quoted() {
        let error = GitHubError::of_answer(&answer(502, "<html><h1>Bad Gateway</h1></html>"), "x");
        assert_eq!(error, GitHubError::Server { status: 502 });
    }

    #[test]
    fn a_rule_is_recognised() {
        let body = r#"{"message":"Repository rule violations found\n\nCannot create ref due to creations being restricted."}"#;
        let error = GitHubError::of_answer(&answer(422, body), "x");
        assert!(matches!(error, GitHubError::RuleBlocked { .. }));
        assert!(!error.to_string().contains('\n'));
    }
}
