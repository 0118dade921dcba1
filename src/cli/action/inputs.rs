//! What the workflow asks for: the inputs of `action.yml`, read leniently. A wrong value is said, its default used.

use std::time::Duration;

use crate::config::{Config, Environments, parse_days, parse_seconds};
use crate::host::actions::Runner;

/// What turns a run that went wrong into a failed step.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum FailOn {
    /// Nothing.
    None,
    /// A missed gate. There are no gates yet, so this is nothing.
    Gate,
    /// Anything that was skipped or not stored.
    Degraded,
    /// Anything that went wrong.
    Error,
}

/// The inputs.
#[derive(Debug, Clone)]
pub(super) struct Inputs {
    pub(super) environment: Option<String>,
    pub(super) service: Option<String>,
    pub(super) status: Option<String>,
    pub(super) sha: Option<String>,
    pub(super) key: Option<String>,
    pub(super) branch: String,
    pub(super) config: String,
    pub(super) window_days: Option<u32>,
    pub(super) comment: Option<bool>,
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
        let mut problems = Vec::new();
        let owned = |name: &str| runner.input(name).map(str::to_owned);
        let truth = |name: &str, default: bool, problems: &mut Vec<String>| match runner.input(name)
        {
            None => default,
            Some(word) => match word.to_ascii_lowercase().as_str() {
                "true" | "yes" | "1" => true,
                "false" | "no" | "0" => false,
                _ => {
                    problems.push(wrong(name, word, "true or false"));
                    default
                }
            },
        };
        let comment = match runner.input("comment") {
            None => None,
            Some("off") => Some(false),
            Some("shipped") => Some(true),
            Some(word) => {
                problems.push(wrong("comment", word, "off or shipped"));
                None
            }
        };
        let fail_on = match runner.input("fail-on") {
            None | Some("none" | "never") => FailOn::None,
            Some("gate") => FailOn::Gate,
            Some("degraded") => FailOn::Degraded,
            Some("error") => FailOn::Error,
            Some(word) => {
                problems.push(wrong("fail-on", word, "none, gate, degraded or error"));
                FailOn::None
            }
        };
        let window_days = runner.input("window").and_then(|text| {
            parse_days(text)
                .map_err(|_| problems.push(wrong("window", text, "a length such as 90d")))
                .ok()
        });
        let timeout = runner.input("timeout").and_then(|text| {
            let seconds = parse_seconds(text).ok().and_then(|s| u64::try_from(s).ok());
            let fits = seconds.filter(|s| (SHORTEST..=LONGEST).contains(s));
            if fits.is_none() {
                problems.push(wrong("timeout", text, "between 5s and 10m"));
            }
            fits
        });
        let branch = match runner.input("branch") {
            None => "fivekeys".to_owned(),
            Some(name) if is_branch_name(name) => name.to_owned(),
            Some(name) => {
                problems.push(wrong("branch", name, "a branch name"));
                "fivekeys".to_owned()
            }
        };
        Self {
            environment: owned("environment"),
            service: owned("service"),
            status: owned("status"),
            sha: owned("sha").or_else(|| runner.var("GITHUB_SHA").map(str::to_owned)),
            key: owned("event-id"),
            branch,
            config: owned("config").unwrap_or_else(|| ".github/fivekeys.yml".to_owned()),
            window_days,
            comment,
            summary: truth("summary", true, &mut problems),
            badges: truth("badges", true, &mut problems),
            fail_on,
            timeout: Duration::from_secs(timeout.unwrap_or(60)),
            dry_run: truth("dry-run", false, &mut problems),
            problems,
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
        if let Some(wanted) = self.comment {
            config.comment = if wanted {
                crate::config::CommentMode::Shipped
            } else {
                crate::config::CommentMode::Off
            };
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
