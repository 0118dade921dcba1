//! A line of the ledger, kept as read, so that an older version never destroys what a newer one wrote.

use crate::event::Event;

/// One line: its text, and the event in it when this version knows the fact.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Line {
    /// As read, or as written by us.
    pub raw: String,
    /// `None` for a fact that only a newer version knows.
    pub event: Option<Event>,
}

impl Line {
    /// Reads a line.
    ///
    /// # Errors
    /// When it is no event of any version: not JSON, or an object without an id and a fact.
    pub fn read(raw: &str) -> Result<Self, String> {
        if let Ok(event) = serde_json::from_str::<Event>(raw) {
            if !event.is_bounded() {
                return Err("a time outside of the years 1 to 9999".to_owned());
            }
            return Ok(Self {
                raw: raw.to_owned(),
                event: Some(event),
            });
        }
        let value: serde_json::Value = serde_json::from_str(raw).map_err(|e| {
            if CONFLICT.iter().any(|mark| raw.starts_with(mark)) {
                "a merge conflict".to_owned()
            } else if raw.starts_with('\u{fffd}') {
                "not UTF-8".to_owned()
            } else {
                format!("not JSON (column {})", e.column())
            }
        })?;
        let kind = value
            .get("fact")
            .and_then(|f| f.as_object())
            .and_then(|f| f.keys().next());
        match (value.get("id").and_then(|id| id.as_str()), kind) {
            (Some(_), Some(kind)) if !KNOWN.contains(&kind.as_str()) => Ok(Self {
                raw: raw.to_owned(),
                event: None,
            }),
            (Some(_), Some(kind)) => Err(format!("a `{kind}` without the fields it needs")),
            _ => Err("no event: an id and a fact are needed".to_owned()),
        }
    }

    /// The line of an event.
    #[must_use]
    pub fn of(event: &Event) -> Self {
        Self {
            // A struct of strings, numbers and instants always serialises.
            raw: serde_json::to_string(event).unwrap_or_default(),
            event: Some(event.clone()),
        }
    }

    /// What a later revision would share with it.
    #[must_use]
    pub(super) fn key(&self) -> Option<(&'static str, &str)> {
        self.event
            .as_ref()
            .map(|event| (event.fact.kind(), event.id.as_str()))
    }
}

/// How Git marks what it could not merge.
const CONFLICT: [&str; 4] = ["<<<<<<<", "|||||||", "=======", ">>>>>>>"];

/// Kinds of facts that this version knows.
const KNOWN: [&str; 7] = [
    "deployment",
    "commit",
    "pull",
    "range",
    "incident",
    "deployment.corrected",
    "event.retracted",
];
