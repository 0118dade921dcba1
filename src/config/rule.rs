//! The rules that judge: which environments count, which tags are deployments, what is failure and rework.

use std::sync::LazyLock;

use globset::{Glob, GlobSet, GlobSetBuilder};
use regex::{Regex, RegexBuilder};

use crate::event::Span;

/// A pattern that cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum PatternError {
    /// Not a glob.
    #[error("`{pattern}` is not a glob")]
    Glob {
        /// As written.
        pattern: String,
        /// Why.
        source: globset::Error,
    },
    /// Not a regular expression.
    #[error("`{pattern}` is not a regular expression")]
    Regex {
        /// As written.
        pattern: String,
        /// Why.
        source: Box<regex::Error>,
    },
    /// Globs that would make every name expensive to look at.
    #[error(
        "{found} globs in one list; the most is {MOST_GLOBS}, and {LONGEST_GLOBS} bytes together"
    )]
    TooMany {
        /// How many there are.
        found: usize,
    },
}

/// Most globs in one list.
const MOST_GLOBS: usize = 1_000;
/// Most bytes of the globs of one list.
const LONGEST_GLOBS: usize = 64 << 10;
/// Most bytes of a compiled pattern; the time that a name takes is at most their product.
const LARGEST_PATTERN: usize = 1 << 20;

/// Compiles a regular expression from outside. It reads any text in linear time, and its size is bounded.
///
/// # Errors
/// When it is none, or one that is too large when it is written out.
pub fn parse_pattern(pattern: &str) -> Result<Regex, PatternError> {
    let built = RegexBuilder::new(pattern)
        .size_limit(LARGEST_PATTERN)
        .build();
    built.map_err(|e| PatternError::Regex {
        pattern: pattern.chars().take(200).collect(),
        source: Box::new(e),
    })
}

/// A list of globs; `*` stays within a path segment, `**` does not.
#[derive(Debug, Clone, Default)]
pub struct Globs {
    written: Vec<String>,
    set: GlobSet,
}

impl Globs {
    /// Compiles the list.
    ///
    /// # Errors
    /// When one of them is not a glob, or there are too many.
    pub fn new(patterns: &[String], literal_separator: bool) -> Result<Self, PatternError> {
        let mut builder = GlobSetBuilder::new();
        let too_many = || PatternError::TooMany {
            found: patterns.len(),
        };
        let bytes: usize = patterns.iter().map(String::len).sum();
        if patterns.len() > MOST_GLOBS || bytes > LONGEST_GLOBS {
            return Err(too_many());
        }
        for pattern in patterns {
            let glob = globset::GlobBuilder::new(pattern)
                .literal_separator(literal_separator)
                .build()
                .map_err(|source| PatternError::Glob {
                    pattern: pattern.clone(),
                    source,
                })?;
            builder.add(Glob::clone(&glob));
        }
        Ok(Self {
            written: patterns.to_vec(),
            set: builder.build().map_err(|_| too_many())?,
        })
    }

    /// Whether one of them matches.
    #[must_use]
    pub fn matches(&self, text: &str) -> bool {
        self.set.is_match(text)
    }

    /// Whether the list is empty.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.written.is_empty()
    }

    /// As written.
    #[must_use]
    pub fn describe(&self) -> String {
        self.written.join(" ")
    }
}

/// Which environments are production (rule U4).
#[derive(Debug, Clone, Default)]
pub struct Environments {
    configured: Globs,
}

static PRODUCTION: LazyLock<Regex> = LazyLock::new(|| {
    #[expect(clippy::expect_used, reason = "a constant, compiled by a test")]
    Regex::new(r"(?i)^(production|prod|prd|live)([-_/ .:].*)?$").expect("a valid pattern")
});

impl Environments {
    /// The configured list; empty for the rule's own pattern.
    ///
    /// # Errors
    /// When one of them is not a glob.
    pub fn new(patterns: &[String]) -> Result<Self, PatternError> {
        Ok(Self {
            configured: Globs::new(patterns, false)?,
        })
    }

    /// Whether a name is production by the list, or by the pattern where there is no list.
    #[must_use]
    pub fn is_production(&self, name: &str) -> bool {
        if self.configured.is_empty() {
            PRODUCTION.is_match(name)
        } else {
            self.configured.matches(name)
        }
    }

    /// Whether a list was configured.
    #[must_use]
    pub fn is_configured(&self) -> bool {
        !self.configured.is_empty()
    }

    /// The name of a production deployment that says none: `production`, or where the list does not know that, the
    /// first of the list that is a name and no pattern.
    #[must_use]
    pub fn default_name(&self) -> &str {
        let names = &self.configured.written;
        let mut plain = names
            .iter()
            .filter(|n| !n.contains(['*', '?', '[', '{', '!']));
        if self.is_production("production") {
            return "production";
        }
        plain.next().map_or("production", String::as_str)
    }

    /// As written, or the rule.
    #[must_use]
    pub fn describe(&self) -> String {
        if self.configured.is_empty() {
            PRODUCTION.as_str().to_owned()
        } else {
            self.configured.describe()
        }
    }
}

/// Which tags are deployments, and of which service.
#[derive(Debug, Clone)]
pub struct TagPattern {
    regex: Regex,
}

/// `v1.2.3`, and `api-v1.2.3`, `api/1.2.3`, `api@1.2.3` for services; no pre-releases.
const SEMVER: &str = r"^(?:(?:release|rel|version|ver)[-_/]?|(?P<service>[A-Za-z@][\w@./-]*?)[-_/@])?v?\d+\.\d+\.\d+(?:\+[\w.]+)?$";

impl Default for TagPattern {
    fn default() -> Self {
        #[expect(clippy::expect_used, reason = "a constant, compiled by a test")]
        Self::new(SEMVER).expect("a valid pattern")
    }
}

impl TagPattern {
    /// A regular expression over the short tag name; a group called `service` names the component.
    ///
    /// # Errors
    /// When it is not a regular expression.
    pub fn new(pattern: &str) -> Result<Self, PatternError> {
        Ok(Self {
            regex: parse_pattern(pattern)?,
        })
    }

    /// `None` when the tag is no deployment, else the service it names, if any.
    #[must_use]
    pub fn read<'t>(&self, tag: &'t str) -> Option<Option<&'t str>> {
        let found = self.regex.captures(tag)?;
        Some(found.name("service").map(|m| m.as_str()))
    }

    /// As written.
    #[must_use]
    pub fn describe(&self) -> String {
        self.regex.as_str().to_owned()
    }
}

/// What an attempt that took no effect means for the change fail rate (rule CF4).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum FailedAttempts {
    /// Shown beside it.
    #[default]
    Separate,
    /// Part of it.
    Count,
}

/// What the same version deployed again means (rule U7).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Redeploys {
    /// A deployment like any other.
    #[default]
    Count,
    /// No deployment.
    Drop,
}

/// How deployments are judged.
#[derive(Debug, Clone)]
pub struct Rules {
    /// Failed attempts in the headline or beside it.
    pub failed_attempts: FailedAttempts,
    /// Redeployments counted or dropped.
    pub redeploys: Redeploys,
    /// How long after a deployment an incident is blamed on it by time alone (rule CF2).
    pub incident_horizon_seconds: Span,
    /// How long after a delivery a revert of it is a failure (rule CF3).
    pub revert_horizon_seconds: Span,
    /// A rollback faster than this is a race of two promotions (rule CF3).
    pub rollback_grace_seconds: Span,
    /// Labels of pull requests that say their deployment failed (rule CF1).
    pub failure_labels: Vec<String>,
    /// Labels of pull requests that say it did not.
    pub cleared_labels: Vec<String>,
    /// Labels of deployments and pull requests that make a hotfix.
    pub hotfix_labels: Vec<String>,
    /// Tags or refs that make a hotfix.
    pub hotfix_tags: Option<TagPattern>,
    /// Labels that make rework.
    pub rework_labels: Vec<String>,
}

impl Default for Rules {
    fn default() -> Self {
        Self {
            failed_attempts: FailedAttempts::default(),
            redeploys: Redeploys::default(),
            incident_horizon_seconds: 7 * 86_400,
            revert_horizon_seconds: 30 * 86_400,
            rollback_grace_seconds: 300,
            failure_labels: vec!["deployment-failed".to_owned()],
            cleared_labels: vec!["deployment-fine".to_owned()],
            hotfix_labels: vec!["hotfix".to_owned()],
            hotfix_tags: None,
            rework_labels: vec!["rework".to_owned(), "unplanned".to_owned()],
        }
    }
}

impl Rules {
    pub(super) fn parameters(&self) -> Vec<(&'static str, String)> {
        vec![
            (
                "failure.failed_attempts",
                match self.failed_attempts {
                    FailedAttempts::Separate => "separate",
                    FailedAttempts::Count => "count",
                }
                .to_owned(),
            ),
            (
                "redeploys",
                match self.redeploys {
                    Redeploys::Count => "count",
                    Redeploys::Drop => "drop",
                }
                .to_owned(),
            ),
            (
                "failure.incident_horizon",
                match self.incident_horizon_seconds {
                    Span::MAX => "unlimited".to_owned(),
                    seconds => format!("{seconds}s"),
                },
            ),
            (
                "failure.revert_horizon",
                format!("{}s", self.revert_horizon_seconds),
            ),
            (
                "failure.rollback_grace",
                format!("{}s", self.rollback_grace_seconds),
            ),
            ("failure.labels", self.failure_labels.join(", ")),
            ("failure.cleared_labels", self.cleared_labels.join(", ")),
            ("hotfix.labels", self.hotfix_labels.join(", ")),
            (
                "hotfix.tags",
                self.hotfix_tags
                    .as_ref()
                    .map_or_else(String::new, TagPattern::describe),
            ),
            ("rework.labels", self.rework_labels.join(", ")),
        ]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn production_is_a_word_not_a_part_of_one() {
        let rule = Environments::default();
        for yes in [
            "production",
            "Prod",
            "production-eu",
            "live",
            "prd/eu",
            "Production: web",
        ] {
            assert!(rule.is_production(yes), "{yes}");
        }
        for no in [
            "reproduction",
            "staging",
            "preproduction",
            "live2",
            "preview/prod",
        ] {
            assert!(!rule.is_production(no), "{no}");
        }
    }

    #[test]
    fn semver_tags_name_their_service() {
        let tags = TagPattern::default();
        assert_eq!(tags.read("v1.2.3"), Some(None));
        assert_eq!(tags.read("1.2.3"), Some(None));
        assert_eq!(tags.read("release-1.2.3"), Some(None));
        assert_eq!(
            tags.read("cargo-nextest-0.9.1"),
            Some(Some("cargo-nextest"))
        );
        assert_eq!(tags.read("api/v1.2.3"), Some(Some("api")));
        for no in ["v1.2.3-rc.1", "v1.2", "nightly", "release_12"] {
            assert_eq!(tags.read(no), None, "{no}");
        }
    }
}
