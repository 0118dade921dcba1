//! Exit codes. They are API: scripts rely on them.

use std::process::ExitCode;

/// How the program ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Exit {
    /// Everything was done.
    Fine,
    /// The program is at fault.
    Bug,
    /// The command line, the configuration or an input file is at fault.
    Usage,
    /// There is nothing to measure.
    Nothing,
    /// A target or policy was missed, or a check failed.
    Missed,
    /// GitHub said no.
    GitHub,
    /// A newer version wrote the ledger.
    TooNew,
}

/// Every exit code with its meaning, as the documentation prints it.
pub const EXITS: [(Exit, &str); 7] = [
    (Exit::Fine, "fine"),
    (Exit::Bug, "bug"),
    (Exit::Usage, "usage or configuration"),
    (Exit::Nothing, "nothing to measure"),
    (Exit::Missed, "a target or policy missed"),
    (Exit::GitHub, "GitHub said no"),
    (Exit::TooNew, "ledger too new"),
];

impl Exit {
    /// The number.
    #[must_use]
    pub fn code(self) -> u8 {
        match self {
            Self::Fine => 0,
            Self::Bug => 1,
            Self::Usage => 2,
            Self::Nothing => 3,
            Self::Missed => 4,
            Self::GitHub => 5,
            Self::TooNew => 6,
        }
    }
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        Self::from(exit.code())
    }
}
