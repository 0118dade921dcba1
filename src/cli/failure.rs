//! How errors look: `error:`, `caused by:`, `help:`; on a runner also an annotation.

use super::Exit;
use crate::adapter::PayloadError;
use crate::adapter::ReadError;
use crate::collect::git::GitHistoryError;
use crate::config::{ConfigError, DurationError, PatternError};
use crate::event::TimeError;
use crate::github::GitHubError;
use crate::host::Host;
use crate::host::git::GitError;
use crate::ledger::{FolderError, TooNew};
use crate::render::{RenderError, TemplateError, is_hidden};

/// Why a command could not do what it was asked.
#[derive(Debug)]
pub struct Failure {
    /// How the program ends.
    pub exit: Exit,
    /// What happened, with its causes.
    pub error: anyhow::Error,
    /// What to do about it.
    pub help: Option<String>,
}

impl Failure {
    /// A wrong command line or input.
    pub fn usage(message: impl Into<String>, help: impl Into<Option<String>>) -> Self {
        Self {
            exit: Exit::Usage,
            error: anyhow::anyhow!(message.into()),
            help: help.into(),
        }
    }

    /// Says what was being done.
    #[must_use]
    pub fn during(mut self, what: impl std::fmt::Display + Send + Sync + 'static) -> Self {
        self.error = self.error.context(what);
        self
    }

    /// Prints it.
    pub fn show(&self, host: &Host) {
        host.say(&format!("error: {}", plain(&self.error)));
        for cause in self.error.chain().skip(1) {
            host.say(&format!("caused by: {}", plain(cause)));
        }
        if let Some(help) = &self.help {
            host.say(&format!("help: {}", plain(help)));
        }
    }

    /// In one line, for an annotation.
    #[must_use]
    pub fn line(&self) -> String {
        let chain: Vec<String> = self.error.chain().map(plain).collect();
        match &self.help {
            Some(help) => format!("{}. {}", chain.join(": "), plain(help)),
            None => chain.join(": "),
        }
    }
}

/// Without characters that a terminal would obey, or lines that a runner would. Further lines are indented, so that
/// a cause of several lines is not taken for several errors.
pub(super) fn plain(text: impl std::fmt::Display) -> String {
    let text: String = text
        .to_string()
        .chars()
        .map(|c| if c.is_control() && c != '\n' { ' ' } else { c })
        .filter(|c| *c == '\n' || !is_hidden(*c))
        .collect();
    let text = text.replace("##[", "## [").replace("##vso[", "## vso[");
    let mut lines = text.trim_end().lines();
    let mut out = lines.next().unwrap_or_default().to_owned();
    for line in lines {
        out.push_str("\n    ");
        let command = line.trim_start().strip_prefix("::");
        out.push_str(if command.is_some() { ": :" } else { "" });
        out.push_str(command.unwrap_or(line));
    }
    out
}

impl From<anyhow::Error> for Failure {
    fn from(error: anyhow::Error) -> Self {
        Self {
            exit: Exit::Bug,
            error,
            help: None,
        }
    }
}

/// A conversion for every typed error: its exit code, and where its help comes from.
macro_rules! failures {
    ($($error:ty => $exit:expr, $help:expr;)*) => {$(
        impl From<$error> for Failure {
            fn from(error: $error) -> Self {
                let help: fn(&$error) -> Option<String> = $help;
                let help = help(&error);
                Self { exit: $exit, error: error.into(), help }
            }
        }
    )*};
}

failures! {
    ConfigError => Exit::Usage, |e| e.help().map(str::to_owned);
    ReadError => Exit::Usage, |e| e.help().map(str::to_owned);
    PatternError => Exit::Usage, |_| None;
    DurationError => Exit::Usage, |_| None;
    TimeError => Exit::Usage, |_| None;
    PayloadError => Exit::Usage, |_| None;
    GitError => Exit::Usage, |e| e.help().map(str::to_owned);
    GitHistoryError => Exit::Usage, |e| e.help().map(str::to_owned);
    GitHubError => Exit::GitHub, GitHubError::help;
    TooNew => Exit::TooNew, |_| Some("use the fivekeys that wrote it, or a newer one".to_owned());
    std::io::Error => Exit::Usage, help_of_disk;
    TemplateError => Exit::Usage, |e| Some(e.help.clone());
    crate::render::Unexplained => Exit::Usage, |e| Some(e.help());
}

impl From<RenderError> for Failure {
    fn from(error: RenderError) -> Self {
        match error {
            RenderError::Own(error) => error.into(),
            RenderError::Template(_) | RenderError::Json(_) => Self {
                exit: Exit::Bug,
                error: error.into(),
                help: None,
            },
        }
    }
}

/// What would put a disk right.
fn help_of_disk(error: &std::io::Error) -> Option<String> {
    use std::io::ErrorKind::{
        PermissionDenied, QuotaExceeded, ReadOnlyFilesystem, StorageFull, TimedOut,
    };
    let helps: [(&[std::io::ErrorKind], &str); 3] = [
        (&[StorageFull, QuotaExceeded], "make room on that disk"),
        (
            &[ReadOnlyFilesystem, PermissionDenied],
            "use a folder that may be written",
        ),
        (&[TimedOut], "end the process that keeps it, or wait for it"),
    ];
    let mut fitting = helps
        .iter()
        .filter(|(kinds, _)| kinds.contains(&error.kind()));
    fitting.next().map(|(_, help)| (*help).to_owned())
}

impl From<FolderError> for Failure {
    fn from(error: FolderError) -> Self {
        match error {
            FolderError::Disk(e) => e.into(),
            FolderError::TooNew(e) => e.into(),
        }
    }
}
