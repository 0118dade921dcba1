//! What was looked at, how it stands, and how that is printed.

use std::fmt::Write as _;

use serde::Serialize;

use crate::cli::Failure;
use crate::cli::failure::plain;
use crate::github::GitHubError;
use crate::render::Style;

/// Column at which sentences begin.
const INDENT: usize = 17;

/// How one thing stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum Health {
    /// As it should be.
    Ok,
    /// It works, and something is lost.
    Warn,
    /// It does not work.
    Fail,
    /// It was not looked at, or is not there.
    Skip,
}

impl Health {
    fn mark(self, style: &Style) -> String {
        let (mark, ascii, colour) = match self {
            Self::Ok => ("✓", "+", "36"),
            Self::Warn => ("!", "!", "33"),
            Self::Fail => ("✗", "x", "33"),
            Self::Skip => ("–", "-", "2"),
        };
        let mark = if style.ascii { ascii } else { mark };
        if style.colour {
            format!("\x1b[{colour}m{mark}\x1b[0m")
        } else {
            mark.to_owned()
        }
    }
}

/// One thing that was looked at.
#[derive(Debug, Serialize)]
struct Check {
    what: &'static str,
    health: Health,
    says: String,
    help: Option<String>,
}

/// Everything that was looked at, in order.
#[derive(Debug, Default)]
pub(super) struct Checkup {
    checks: Vec<Check>,
    /// What a job needs: scope, level, and why.
    pub(super) permissions: Vec<Permission>,
}

/// One line of a job's `permissions`.
#[derive(Debug, Clone, Serialize)]
pub(super) struct Permission {
    pub(super) scope: &'static str,
    pub(super) level: &'static str,
    pub(super) why: &'static str,
    /// The token that asked does not have it.
    pub(super) refused: bool,
}

impl Checkup {
    pub(super) fn note(&mut self, what: &'static str, health: Health, says: impl Into<String>) {
        self.checks.push(Check {
            what,
            health,
            says: says.into(),
            help: None,
        });
    }

    /// What would mend the last thing that was noted.
    pub(super) fn help(&mut self, help: impl Into<String>) {
        if let Some(last) = self.checks.last_mut() {
            last.help = Some(help.into());
        }
    }

    pub(super) fn failure(&mut self, what: &'static str, failure: &Failure) {
        let chain: Vec<String> = failure.error.chain().map(ToString::to_string).collect();
        self.note(what, Health::Fail, chain.join(": "));
        if let Some(help) = &failure.help {
            self.help(help.clone());
        }
    }

    /// What GitHub would not do: a failure, or a warning where the metrics do without it.
    pub(super) fn problem(&mut self, what: &'static str, health: Health, error: &GitHubError) {
        self.note(what, health, error.to_string());
        if let Some(help) = error.help() {
            self.help(help);
        }
    }

    /// What was broken a moment ago is whole again.
    pub(super) fn mended(&mut self, what: &'static str, says: impl Into<String>) {
        let broken = self.checks.iter_mut().filter(|check| check.what == what);
        for check in broken.filter(|check| check.health == Health::Fail) {
            check.health = Health::Warn;
        }
        self.note(what, Health::Ok, says);
    }

    pub(super) fn has_failed(&self) -> bool {
        self.checks.iter().any(|check| check.health == Health::Fail)
    }

    /// A mark, a name and a sentence for each thing, below it what mends it, and at the end the permissions to paste.
    pub(super) fn text(&self, style: &Style) -> String {
        let mut out = String::new();
        for check in &self.checks {
            let mark = check.health.mark(style);
            let _ = write!(out, "{mark} {:<width$}", check.what, width = INDENT - 2);
            sentence(&mut out, &check.says, 0, style);
            if let Some(help) = &check.help {
                let _ = write!(out, "{:INDENT$}", "");
                sentence(&mut out, &format!("help: {help}"), 6, style);
            }
        }
        if !self.permissions.is_empty() {
            out.push_str("\nA job that measures this repository needs:\n\n    permissions:\n");
        }
        for line in &self.permissions {
            let refused = if line.refused { ", refused" } else { "" };
            let entry = format!("{}: {}", line.scope, line.level);
            let _ = writeln!(out, "      {entry:<21} # {}{refused}", line.why);
        }
        out
    }

    /// The same for programs.
    pub(super) fn json(&self) -> String {
        let document =
            serde_json::json!({ "checks": self.checks, "permissions": self.permissions });
        format!("{document:#}\n")
    }
}

/// The rest of a line, and further lines below where it began.
fn sentence(out: &mut String, text: &str, hang: usize, style: &Style) {
    let room = style.width.saturating_sub(INDENT).max(20);
    let mut used = 0;
    for word in plain(text).split_whitespace() {
        let word: String = if style.ascii {
            word.chars()
                .map(|c| if c.is_ascii() { c } else { '?' })
                .collect()
        } else {
            word.to_owned()
        };
        let count = word.chars().count();
        if used > 0 && used + 1 + count > room {
            let _ = write!(out, "\n{:width$}", "", width = INDENT + hang);
            used = hang;
        } else if used > 0 {
            out.push(' ');
            used += 1;
        }
        out.push_str(&word);
        used += count;
    }
    out.push('\n');
}

#[cfg(test)]
mod tests {
    use super::*;

    fn checkup() -> Checkup {
        let mut checkup = Checkup::default();
        checkup.note("configuration", Health::Ok, "understood");
        checkup.note("deployments", Health::Warn, "none of the latest hundred went to production; environments: staging, integration, preview, café");
        checkup.help("say which of them is production: `environments:` in the configuration; a list of globs does");
        checkup.note(".dora", Health::Fail, "broken\u{1b}[2J\n::error::x");
        checkup.note("GitHub", Health::Skip, "not asked");
        checkup.permissions.push(Permission {
            scope: "pull-requests",
            level: "write",
            why: "changes, and comments",
            refused: true,
        });
        checkup
    }

    #[test]
    fn lines_are_aligned_and_fit() {
        for ascii in [false, true] {
            let style = Style {
                ascii,
                ..Style::default()
            };
            let text = checkup().text(&style);
            assert!(
                text.lines().all(|line| line.chars().count() <= 80),
                "{text}"
            );
            assert!(!ascii || text.is_ascii(), "{text}");
            assert!(
                !text.contains('\u{1b}') && !text.lines().any(|l| l.trim_start().starts_with("::")),
                "{text}"
            );
            let fail = if ascii { "x" } else { "✗" };
            assert!(
                text.contains(&format!("\n{fail} .dora          broken [2J")),
                "{text}"
            );
            let help = "                 help: say which of them is production: `environments:` in the\n                       configuration; a list of globs does\n";
            assert!(text.contains(help), "{text}");
            assert!(
                text.ends_with("      pull-requests: write  # changes, and comments, refused\n"),
                "{text}"
            );
        }
    }

    #[test]
    fn programs_read_the_same() {
        let read: serde_json::Value = serde_json::from_str(&checkup().json()).unwrap();
        assert_eq!(read["checks"][1]["health"], "warn");
        assert_eq!(read["checks"][3]["help"], serde_json::Value::Null);
        assert_eq!(read["permissions"][0]["scope"], "pull-requests");
    }
}
