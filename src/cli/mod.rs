//! Commands, exit codes, how errors look.

pub mod action;
mod args;
pub mod artifacts;
mod badges;
mod compact;
mod digest;
mod doctor;
mod exit;
mod explain;
mod failure;
mod gate;
mod import;
mod init;
mod period;
mod progress;
mod question;
mod record;
mod report;
mod trend;
mod verify;
mod workspace;

use std::process::ExitCode;

use clap::Parser as _;
use clap::error::ErrorKind;

use crate::host::Host;
use args::{Cli, Command};

#[cfg(any(test, feature = "fuzz"))]
pub(crate) use action::surface;
pub use exit::{EXITS, Exit};
pub use failure::Failure;

/// Runs the command that the host was given.
#[must_use]
pub fn run(host: &Host) -> ExitCode {
    let cli = match Cli::try_parse_from(&host.args) {
        Ok(cli) => cli,
        Err(e) => return refused(host, &e).into(),
    };
    let done = match cli.command {
        Command::Init(args) => init::run(host, &args),
        Command::Report(args) => report::run(host, &args),
        Command::Digest(args) => digest::run(host, &args),
        Command::Trend(args) => trend::run(host, &args),
        Command::Explain(args) => explain::run(host, &args),
        Command::Deploy(args) => record::deploy(host, &args),
        Command::Incident { command } => record::incident(host, &command),
        Command::Badges(args) => badges::run(host, &args),
        Command::Verify(args) => verify::run(host, &args),
        Command::Doctor(args) => doctor::run(host, &args),
        Command::Compact(args) => compact::run(host, &args),
        Command::Action => return action::run(host).into(),
    };
    match done {
        Ok(exit) => exit,
        Err(failure) => {
            failure.show(host);
            failure.exit
        }
    }
    .into()
}

/// Help and version are answers; the rest is a usage error.
fn refused(host: &Host, error: &clap::Error) -> Exit {
    let text = error.render().to_string();
    if matches!(
        error.kind(),
        ErrorKind::DisplayHelp | ErrorKind::DisplayVersion
    ) {
        // A reader that went away has what it wanted.
        let _ = host.print(&text);
        return Exit::Fine;
    }
    // What was typed stands in it, and may have lines of its own.
    let tame: Vec<String> = text
        .trim_end()
        .lines()
        .map(failure::plain)
        .map(|line| {
            let command = line.trim_start().starts_with("::");
            format!("{}{line}", if command { ": " } else { "" })
        })
        .collect();
    host.say(&tame.join("\n"));
    Exit::Usage
}
