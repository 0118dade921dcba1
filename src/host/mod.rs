//! The world outside, in one snapshot: clock, environment, streams. Nothing else reads them.

pub mod actions;
pub mod disk;
pub mod git;
pub mod open;
pub mod text;

use std::collections::BTreeMap;
use std::fmt;
use std::io::Write as _;
use std::path::PathBuf;

use chrono::{DateTime, Utc};

/// What a run knows of its surroundings. Read once; tests build one by hand.
#[derive(Clone)]
pub struct Host {
    /// The one moment that a run calls now; `SOURCE_DATE_EPOCH` fixes it.
    pub now: DateTime<Utc>,
    /// Command line, program name first.
    pub args: Vec<std::ffi::OsString>,
    /// Environment variables.
    pub env: BTreeMap<String, String>,
    /// The folder the command was given in.
    pub folder: PathBuf,
    /// Standard output is a terminal.
    pub stdout_is_terminal: bool,
    /// Standard error is a terminal.
    pub stderr_is_terminal: bool,
    /// Columns of the terminal that is written to, where there is one.
    pub terminal_columns: Option<u16>,
}

/// Variables hold secrets: they are never part of what is printed.
impl fmt::Debug for Host {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Host")
            .field("now", &self.now)
            .field("folder", &self.folder)
            .finish_non_exhaustive()
    }
}

impl Host {
    /// Surroundings of which nothing but these variables is known.
    #[cfg(any(test, feature = "fuzz"))]
    pub(crate) fn of_variables(env: BTreeMap<String, String>) -> Self {
        Self {
            now: DateTime::UNIX_EPOCH,
            args: Vec::new(),
            env,
            folder: PathBuf::new(),
            stdout_is_terminal: false,
            stderr_is_terminal: false,
            terminal_columns: None,
        }
    }

    /// A snapshot of this process.
    #[must_use]
    #[expect(
        clippy::disallowed_methods,
        reason = "the one place that reads the world"
    )]
    pub fn from_process() -> Self {
        use std::io::IsTerminal as _;
        let env: BTreeMap<String, String> = std::env::vars_os()
            .filter_map(|(k, v)| Some((k.into_string().ok()?, v.into_string().ok()?)))
            .collect();
        let fixed = env
            .get("SOURCE_DATE_EPOCH")
            .and_then(|text| text.trim().parse::<i64>().ok())
            // The years 1970 to 9999.
            .filter(|seconds| (0..253_402_300_800).contains(seconds))
            .and_then(|seconds| DateTime::from_timestamp(seconds, 0));
        Self {
            now: fixed.unwrap_or_else(Utc::now),
            args: std::env::args_os().collect(),
            env,
            folder: std::env::current_dir().unwrap_or_else(|_| PathBuf::from(".")),
            stdout_is_terminal: std::io::stdout().is_terminal(),
            stderr_is_terminal: std::io::stderr().is_terminal(),
            terminal_columns: [console::Term::stdout(), console::Term::stderr()]
                .iter()
                .find_map(|terminal| Some(terminal.size_checked()?.1)),
        }
    }

    /// A variable that is set and not empty.
    #[must_use]
    pub fn var(&self, name: &str) -> Option<&str> {
        self.env
            .get(name)
            .map(String::as_str)
            .filter(|v| !v.is_empty())
    }

    /// Data for the next program. A closed pipe is success: the reader has what it wanted.
    ///
    /// # Errors
    /// When standard output cannot be written for another reason.
    pub fn print(&self, text: &str) -> std::io::Result<()> {
        let mut out = std::io::stdout().lock();
        match out.write_all(text.as_bytes()).and_then(|()| out.flush()) {
            Err(e) if e.kind() == std::io::ErrorKind::BrokenPipe => Ok(()),
            other => other,
        }
    }

    /// Talk for the person, wrapped on a terminal. Never fails: there is nowhere to say so.
    pub fn say(&self, text: &str) {
        let mut err = std::io::stderr().lock();
        let _ = if self.stderr_is_terminal {
            writeln!(err, "{}", wrapped(text, self.columns()))
        } else {
            writeln!(err, "{text}")
        };
    }

    /// Columns to fill: what `COLUMNS` says, else the terminal, else 80; within reason.
    #[must_use]
    pub fn columns(&self) -> usize {
        let said = self.var("COLUMNS").and_then(|c| c.parse().ok());
        let said = said.or(self.terminal_columns.map(usize::from));
        said.map_or(80, |columns| columns.clamp(40, 120))
    }
}

/// Lines broken between words where they are longer than `width`; what follows is indented.
fn wrapped(text: &str, width: usize) -> String {
    const INDENT: &str = "    ";
    let mut out = String::with_capacity(text.len());
    for line in text.split('\n') {
        if !out.is_empty() {
            out.push('\n');
        }
        let mut taken = 0;
        for (n, word) in line.split(' ').enumerate() {
            let length = word.chars().count();
            if n == 0 {
                taken = length;
            } else if taken + 1 + length > width && !word.is_empty() {
                out.push('\n');
                out.push_str(INDENT);
                taken = INDENT.len() + length;
            } else {
                out.push(' ');
                taken += 1 + length;
            }
            out.push_str(word);
        }
    }
    out
}

/// Ends when the process is asked to stop; never, where signals cannot be had.
pub async fn asked_to_stop() {
    #[cfg(unix)]
    {
        use tokio::signal::unix::{SignalKind, signal};
        // A runner interrupts first and terminates seconds later.
        let (stop, interrupt) = (SignalKind::terminate(), SignalKind::interrupt());
        if let (Ok(mut stop), Ok(mut interrupt)) = (signal(stop), signal(interrupt)) {
            tokio::select! {
                _ = stop.recv() => {}
                _ = interrupt.recv() => {}
            }
            return;
        }
    }
    std::future::pending::<()>().await;
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn talk_is_broken_between_words_and_nothing_is_lost() {
        let text = format!("help: {} end\n  kept as it is", "some words ".repeat(9));
        let out = wrapped(&text, 40);
        assert!(out.lines().all(|line| line.chars().count() <= 40), "{out}");
        assert!(out.lines().nth(1).unwrap().starts_with("    "), "{out}");
        assert!(out.ends_with("\n  kept as it is"), "{out}");
        let words = |text: &str| {
            text.split_whitespace()
                .map(str::to_owned)
                .collect::<Vec<_>>()
        };
        assert_eq!(words(&out), words(&text));
        let long = "x".repeat(100);
        assert_eq!(wrapped(&long, 40), long);
    }
}
