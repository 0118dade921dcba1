//! Every place where text comes in from outside, as a function of bytes, for fuzz targets and their bounded run.
//!
//! A function returns, whether the text was read or refused. It panics where a law is broken: what is read twice is
//! the same twice, what is written is read back, and what is said is tame.

mod facts;
mod payloads;
#[cfg(test)]
mod tests;
mod words;

pub use crate::cli::surface::{inputs, question};
pub use crate::github::surface::answer;

/// A place where text comes in.
#[derive(Debug, Clone, Copy)]
pub struct Surface {
    /// Name of the fuzz target, and of its folder of seeds.
    pub name: &'static str,
    /// What comes in there.
    pub what: &'static str,
    /// Reads any bytes.
    pub read: fn(&[u8]),
}

const fn row(name: &'static str, what: &'static str, read: fn(&[u8])) -> Surface {
    Surface { name, what, read }
}

/// Every one, by name.
pub const SURFACES: [Surface; 12] = [
    row(
        "adapters",
        "a file of `--from`, read by every adapter",
        payloads::adapters,
    ),
    row("answer", "what GitHub answers, of any status", answer),
    row("config", "the configuration", words::config),
    row("corrections", "the file of corrections", words::corrections),
    row(
        "events",
        "events as the core sees them, measured and rendered",
        facts::events,
    ),
    row("git", "what git prints", payloads::git),
    row(
        "grammar",
        "durations, targets, guardrails, moments",
        words::grammar,
    ),
    row("inputs", "the inputs of the action, a line each", inputs),
    row("ledger", "files of the ledger", facts::ledger),
    row(
        "payload",
        "an object of GitHub, or the payload of an event",
        payloads::payload,
    ),
    row(
        "question",
        "window, period and scope, a line each",
        question,
    ),
    row("report", "a published document", facts::report),
];

/// Reads bytes at the place of this name.
pub fn read(name: &str, bytes: &[u8]) {
    let found = SURFACES.iter().find(|surface| surface.name == name);
    assert!(found.is_some(), "there is no surface {name}");
    if let Some(surface) = found {
        (surface.read)(bytes);
    }
}

/// Holds text for people to what a terminal and a runner may be given.
fn tame(text: &str) {
    let evil = |c: char| (c.is_control() && c != '\n') || matches!(c, '\u{202a}'..='\u{202e}');
    assert!(!text.contains(evil), "{text:?} is not tame");
}
