//! What the workflow asks for: the inputs of `action.yml`, read leniently. A wrong value is said, its default used.

use std::time::Duration;

use crate::config::{CommentMode, Config, Environments, parse_days, parse_seconds};
use crate::host::actions::Runner;

/// What turns a run that went wrong into a failed step.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum FailOn {
    /// Nothing.
    None,
    /// A target that is missed with certainty, or a broken guardrail.
    Gate,
    /// Anything that was skipped or not stored.
    Degraded,
    /// Anything that went wrong.
    Error,
}

/// What a run is for, beside measuring.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Mode {
    /// Nothing else.
    Auto,
    /// An issue about the last whole week.
    Weekly,
    /// An issue about the last whole month.
    Monthly,
}

impl Mode {
    fn named(word: &str) -> Option<Self> {
        Some(match word {
            "auto" => Self::Auto,
            "digest" => Self::Weekly,
            "monthly-digest" => Self::Monthly,
            _ => return None,
        })
    }
}

/// The inputs.
#[derive(Debug, Clone)]
pub(super) struct Inputs {
    pub(super) mode: Mode,
    pub(super) environment: Option<String>,
    pub(super) service: Option<String>,
    pub(super) status: Option<String>,
    pub(super) sha: Option<String>,
    pub(super) key: Option<String>,
    pub(super) branch: String,
    pub(super) config: String,
    pub(super) window_days: Option<u32>,
    pub(super) comment: Option<CommentMode>,
    pub(super) summary: bool,
    pub(super) badges: bool,
    pub(super) fail_on: FailOn,
    pub(super) timeout: Duration,
    pub(super) dry_run: bool,
    /// What was not understood.
    pub(super) problems: Vec<String>,
}

const SHORTEST: u64 = 5;
const LONGEST: u64 = 600;

impl Inputs {
    /// Reads them from the runner.
    pub(super) fn read(runner: Runner<'_>) -> Self {
        let mut reader = Reader {
            runner,
            problems: Vec::new(),
        };
        Self {
            mode: reader
                .parsed("mode", "auto, digest or monthly-digest", Mode::named)
                .unwrap_or(Mode::Auto),
            environment: reader.text("environment"),
            service: reader.text("service"),
            status: reader.text("status"),
            sha: reader
                .text("sha")
                .or_else(|| runner.var("GITHUB_SHA").map(str::to_owned)),
            key: reader.text("event-id"),
            branch: reader
                .parsed("branch", "a branch name", |name| {
                    is_branch_name(name).then(|| name.to_owned())
                })
                .unwrap_or_else(|| "fivekeys".to_owned()),
            config: reader
                .text("config")
                .unwrap_or_else(|| ".github/fivekeys.yml".to_owned()),
            window_days: reader.parsed("window", "a length such as 90d", |t| parse_days(t).ok()),
            comment: reader.parsed(
                "comment",
                "off, shipped, preview or all",
                CommentMode::named,
            ),
            summary: reader.truth("summary", true),
            badges: reader.truth("badges", true),
            fail_on: reader
                .parsed(
                    "fail-on",
                    "none, gate, degraded or error",
                    |word| match word {
                        "none" | "never" => Some(FailOn::None),
                        "gate" => Some(FailOn::Gate),
                        "degraded" => Some(FailOn::Degraded),
                        "error" => Some(FailOn::Error),
                        _ => None,
                    },
                )
                .unwrap_or(FailOn::None),
            timeout: reader
                .parsed("timeout", "between 5s and 10m", |text| {
                    let seconds = u64::try_from(parse_seconds(text).ok()?).ok()?;
                    (SHORTEST..=LONGEST).contains(&seconds).then_some(seconds)
                })
                .map_or(Duration::from_mins(1), Duration::from_secs),
            dry_run: reader.truth("dry-run", false),
            problems: reader.problems,
        }
    }

    /// Puts the inputs over the configuration.
    pub(super) fn override_config(&self, config: &mut Config) -> Result<(), String> {
        if let Some(days) = self.window_days {
            config.window_days = days;
        }
        if let Some(globs) = &self.environment {
            let list: Vec<String> = globs.split(',').map(|g| g.trim().to_owned()).collect();
            config.environments = Environments::new(&list)
                .map_err(|e| wrong("environment", globs, &e.to_string()))?;
        }
        if let Some(mode) = self.comment {
            config.comment = mode;
        }
        Ok(())
    }

    /// The one environment that is named, when it is no pattern and no list.
    pub(super) fn one_environment(&self) -> Option<&str> {
        self.environment
            .as_deref()
            .filter(|e| !e.contains(['*', '?', ',', '[', '{']))
    }
}

/// Reads inputs and remembers what it did not understand.
struct Reader<'r> {
    runner: Runner<'r>,
    problems: Vec<String>,
}

impl Reader<'_> {
    fn text(&self, name: &str) -> Option<String> {
        self.runner.input(name).map(str::to_owned)
    }

    fn parsed<T>(
        &mut self,
        name: &str,
        expected: &str,
        parse: impl Fn(&str) -> Option<T>,
    ) -> Option<T> {
        let text = self.runner.input(name)?;
        let found = parse(text);
        if found.is_none() {
            self.problems.push(wrong(name, text, expected));
        }
        found
    }

    fn truth(&mut self, name: &str, default: bool) -> bool {
        let read = |word: &str| match word.to_ascii_lowercase().as_str() {
            "true" | "yes" | "1" => Some(true),
            "false" | "no" | "0" => Some(false),
            _ => None,
        };
        self.parsed(name, "true or false", read).unwrap_or(default)
    }
}

fn wrong(name: &str, value: &str, expected: &str) -> String {
    format!("input `{name}`: `{value}` is not {expected}; the default is used")
}

/// Git's rules for a branch name, as far as they keep a name from meaning something else.
fn is_branch_name(name: &str) -> bool {
    !name.is_empty()
        && name.len() <= 200
        && !name.starts_with(['-', '/', '.'])
        && !name.ends_with(['/', '.'])
        && !name.contains("..")
        && !name.contains("//")
        && !name.contains("@{")
        && name
            .chars()
            .all(|c| !c.is_control() && !c.is_whitespace() && !"~^:?*[\\".contains(c))
}
