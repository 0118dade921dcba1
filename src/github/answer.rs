//! One HTTP answer, read whole: status, body, and the headers that govern the next request.

use chrono::{DateTime, Utc};
use serde::de::DeserializeOwned;

use super::GitHubError;
use super::error::one_line;

/// Largest body that is read.
pub(super) const MOST_BYTES: u64 = 64 * 1024 * 1024;

/// An answer of any status.
#[derive(Debug, Clone, Default)]
pub(super) struct Answer {
    pub(super) status: u16,
    pub(super) text: String,
    /// Seconds to wait, from `retry-after`.
    pub(super) retry_after: Option<u64>,
    /// Requests or points left in this hour.
    pub(super) remaining: Option<u64>,
    /// Seconds until the hour's budget is full again, by the server's own clock.
    pub(super) until_reset: Option<u64>,
    /// `x-accepted-github-permissions`.
    pub(super) accepted: Option<String>,
    /// `x-oauth-scopes`, which only classic tokens have.
    pub(super) scopes: Option<String>,
    /// `x-github-enterprise-version`.
    pub(super) version: Option<String>,
    /// The server's clock.
    pub(super) now: Option<DateTime<Utc>>,
}

impl Answer {
    /// Takes the headers in; `get` finds one by name.
    pub(super) fn with_headers<'a>(status: u16, get: impl Fn(&str) -> Option<&'a str>) -> Self {
        let number = |name: &str| get(name).and_then(|text| text.trim().parse::<u64>().ok());
        let now = get("date").and_then(|text| DateTime::parse_from_rfc2822(text).ok());
        let server_now = now.and_then(|at| u64::try_from(at.timestamp()).ok());
        let until_reset = number("x-ratelimit-reset")
            .zip(server_now)
            .map(|(reset, now)| reset.saturating_sub(now));
        Self {
            status,
            text: String::new(),
            retry_after: number("retry-after"),
            remaining: number("x-ratelimit-remaining"),
            until_reset,
            accepted: get("x-accepted-github-permissions").map(one_line),
            scopes: get("x-oauth-scopes").map(one_line),
            version: get("x-github-enterprise-version").map(one_line),
            now: now.map(|at| at.to_utc()),
        }
    }

    pub(super) fn is_success(&self) -> bool {
        (200..300).contains(&self.status)
    }

    /// What GitHub said in words; nothing where it sent a page instead of JSON.
    pub(super) fn message(&self) -> String {
        #[derive(serde::Deserialize)]
        struct Said {
            message: String,
        }
        serde_json::from_str::<Said>(&self.text)
            .map(|said| one_line(&said.message))
            .unwrap_or_default()
    }

    /// The body as JSON.
    pub(super) fn json<T: DeserializeOwned>(&self) -> Result<T, GitHubError> {
        serde_json::from_str(&self.text).map_err(|e| GitHubError::BadAnswer {
            message: one_line(&e.to_string()),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_reset_is_measured_by_the_server_s_clock() {
        let answer = Answer::with_headers(403, |name| match name {
            "date" => Some("Sat, 21 Nov 2026 04:00:00 GMT"),
            "x-ratelimit-reset" => Some("1795233690"),
            "x-ratelimit-remaining" => Some("0"),
            _ => None,
        });
        assert_eq!(answer.until_reset, Some(90));
        assert_eq!(answer.remaining, Some(0));
    }
}
