//! The Actions runner: inputs, event payload, step summary, outputs, annotations.

use std::fmt::Write as _;
use std::path::PathBuf;

use serde_json::Value;

use super::{Host, disk};

/// Largest event payload that is read.
const LARGEST_PAYLOAD: u64 = 32 << 20;
/// Annotations are cut by the runner beyond this many characters.
const LONGEST_ANNOTATION: usize = 4_000;

/// Inputs of `action.yml`, in its order. A test holds the two together.
pub const INPUTS: [&str; 16] = [
    "token",
    "mode",
    "environment",
    "service",
    "status",
    "sha",
    "event-id",
    "branch",
    "config",
    "window",
    "comment",
    "summary",
    "badges",
    "fail-on",
    "timeout",
    "dry-run",
];

/// How loud an annotation is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Loudness {
    /// `::notice`
    Notice,
    /// `::warning`
    Warning,
    /// `::error`
    Error,
}

/// The runner that started this process, as its environment shows it.
#[derive(Debug, Clone, Copy)]
pub struct Runner<'h> {
    host: &'h Host,
}

impl<'h> Runner<'h> {
    /// The runner of this host.
    #[must_use]
    pub fn of(host: &'h Host) -> Self {
        Self { host }
    }

    /// Whether there is one.
    #[must_use]
    pub fn is_there(self) -> bool {
        self.host.var("GITHUB_ACTIONS") == Some("true")
    }

    /// An input that is set and not empty; the runner keeps hyphens and upper-cases.
    #[must_use]
    pub fn input(self, name: &str) -> Option<&'h str> {
        let upper = name.to_ascii_uppercase();
        self.host
            .var(&format!("INPUT_{upper}"))
            .or_else(|| self.host.var(&format!("INPUT_{}", upper.replace('-', "_"))))
            .map(str::trim)
            .filter(|v| !v.is_empty())
    }

    /// A variable of the runner.
    #[must_use]
    pub fn var(self, name: &str) -> Option<&'h str> {
        self.host.var(name)
    }

    /// The payload of the event that started the workflow; null when there is none or it cannot be read.
    #[must_use]
    pub fn payload(self) -> Value {
        let path = self.host.var("GITHUB_EVENT_PATH").map(PathBuf::from);
        path.and_then(|p| disk::read_text(&p, LARGEST_PAYLOAD).ok().flatten())
            .and_then(|text| serde_json::from_str(&text).ok())
            .unwrap_or(Value::Null)
    }

    /// Adds to the step summary; what earlier commands of the step wrote stays.
    ///
    /// # Errors
    /// When the file cannot be written.
    pub fn add_summary(self, markdown: &str) -> std::io::Result<bool> {
        let Some(path) = self.host.var("GITHUB_STEP_SUMMARY") else {
            return Ok(false);
        };
        disk::append(&PathBuf::from(path), markdown.as_bytes())?;
        Ok(true)
    }

    /// Sets outputs of the step.
    ///
    /// # Errors
    /// When the file cannot be written.
    pub fn set_outputs(self, outputs: &[(&str, String)]) -> std::io::Result<()> {
        let Some(path) = self.host.var("GITHUB_OUTPUT") else {
            return Ok(());
        };
        let mut text = String::new();
        for (name, value) in outputs {
            let mark = delimiter(value);
            let _ = write!(text, "{name}<<{mark}\n{value}\n{mark}\n");
        }
        disk::append(&PathBuf::from(path), text.as_bytes())
    }

    /// Says something where people look: an annotation on the run, or a line on stderr without a runner.
    pub fn annotate(self, loudness: Loudness, title: &str, text: &str) {
        let word = match loudness {
            Loudness::Notice => "notice",
            Loudness::Warning => "warning",
            Loudness::Error => "error",
        };
        if self.is_there() {
            let text: String = text.chars().take(LONGEST_ANNOTATION).collect();
            self.host.say(&format!(
                "::{word} title={}::{}",
                property(title),
                message(&text)
            ));
        } else {
            self.host.say(&format!("{word}: {text}"));
        }
    }

    /// Writes to the log. Text from outside can never become a workflow command.
    pub fn log(self, text: &str) {
        for line in text.lines() {
            let safe: String = line.chars().filter(|c| !c.is_control()).collect();
            let safe = safe.replace("::", ": :").replace("##[", "# #[");
            self.host.say(&safe);
        }
    }
}

/// A line that does not occur in the value. Derived from the value, so that the same run writes the same bytes.
/// A thousand marks that all occur in it would need a value made for the purpose, and gigabytes of it.
fn delimiter(value: &str) -> String {
    (0_u64..1_000)
        .map(|n| {
            let sum = value.bytes().fold(0xCBF2_9CE4_8422_2325 ^ n, |hash, b| {
                (hash ^ u64::from(b)).wrapping_mul(0x0100_0000_01B3)
            });
            format!("fivekeys_{sum:016x}")
        })
        .find(|mark| !value.contains(mark.as_str()))
        .unwrap_or_default()
}

/// The message part of a workflow command.
fn message(text: &str) -> String {
    text.replace('%', "%25")
        .replace('\r', "%0D")
        .replace('\n', "%0A")
}

/// A property of a workflow command.
fn property(text: &str) -> String {
    message(text).replace(':', "%3A").replace(',', "%2C")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_value_cannot_end_its_own_block() {
        let hostile = delimiter("x");
        let value = format!("{hostile}\nname<<x");
        assert!(!value.contains(&delimiter(&value)));
    }

    #[test]
    fn text_cannot_become_a_command() {
        assert_eq!(message("a\n::error::b%"), "a%0A::error::b%25");
        assert_eq!(property("a:b,c"), "a%3Ab%2Cc");
    }

    #[test]
    fn a_payload_beyond_its_limit_is_none() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("event.json");
        disk::write_atomic(&path, b"{\"action\": \"created\"}").unwrap();
        let name = path.to_str().unwrap().to_owned();
        let host = Host::of_variables([("GITHUB_EVENT_PATH".to_owned(), name)].into());
        assert_eq!(Runner::of(&host).payload()["action"], "created");
        let long = |bytes: u64| {
            let rest = " ".repeat(usize::try_from(bytes).unwrap() - 2);
            disk::write_atomic(&path, format!("[]{rest}").as_bytes()).unwrap();
        };
        long(LARGEST_PAYLOAD);
        assert!(Runner::of(&host).payload().is_array());
        long(LARGEST_PAYLOAD + 1);
        assert!(Runner::of(&host).payload().is_null());
    }
}
