//! The table of adapters: what can be read, by name.

use serde_json::Value;

use super::{GitLogError, HistorySettings, PayloadError};
use crate::config::{Config, ShapeError};
use crate::event::{Event, Instant};

/// A row of [`super::ADAPTERS`].
#[derive(Debug)]
pub struct Adapter {
    /// Stable name, as in `--from NAME=FILE`.
    pub id: &'static str,
    /// What it is called.
    pub title: &'static str,
    /// What text it reads, and which events come of it.
    pub definition: &'static str,
    /// Reads a whole text. Reading the same text twice gives the same events, with the same ids.
    pub read: fn(&[u8], &Config) -> Result<Reading, ReadError>,
}

/// What a text held.
#[derive(Debug, Default)]
pub struct Reading {
    /// Its facts.
    pub events: Vec<Event>,
    /// Where the history it tells begins, when it says so.
    pub since: Option<Instant>,
    /// Head of the production branch, when it says so.
    pub head: Option<String>,
    /// What of the configuration it needs.
    pub settings: HistorySettings,
}

impl From<Vec<Event>> for Reading {
    fn from(events: Vec<Event>) -> Self {
        Self {
            events,
            ..Self::default()
        }
    }
}

/// A text that cannot be read. Nothing of it is used: half a text would be counted as a whole one.
#[derive(Debug, thiserror::Error)]
pub enum ReadError {
    /// Not of the shape that the adapter reads.
    #[error(transparent)]
    Shape(#[from] ShapeError),
    /// A record that lacks what makes it countable.
    #[error("record {record}: {source}")]
    Payload {
        /// Its place in the text, from 1.
        record: usize,
        /// What it lacks.
        source: PayloadError,
    },
    /// Not the output of git that it should be.
    #[error(transparent)]
    Git(#[from] GitLogError),
}

impl ReadError {
    /// What to do about it.
    #[must_use]
    pub fn help(&self) -> Option<&str> {
        match self {
            Self::Shape(shape) => shape.help.as_deref(),
            Self::Payload { .. } | Self::Git(_) => None,
        }
    }
}

/// A text without the mark that some editors put before it.
pub(super) fn text(bytes: &[u8]) -> Result<&str, ShapeError> {
    let text = std::str::from_utf8(bytes).map_err(|e| {
        let what = format!("byte {} is not UTF-8", e.valid_up_to() + 1);
        ShapeError::new(&what, None)
    })?;
    Ok(text.trim_start_matches('\u{feff}'))
}

/// Reads the records of a JSON text one by one: a single object, a list, or an object a line.
///
/// A record that is no event of this kind gives none; one that lacks something is an error that names its place.
pub(super) fn each_record<I: IntoIterator<Item = Event>>(
    bytes: &[u8],
    event: impl Fn(&Value) -> Result<I, PayloadError>,
) -> Result<Reading, ReadError> {
    let mut events = Vec::new();
    let mut record = 0;
    for value in serde_json::Deserializer::from_str(text(bytes)?).into_iter::<Value>() {
        let value = value.map_err(|e| {
            let place = (e.line() > 0).then(|| (e.line(), e.column()));
            ShapeError::new(&e.to_string(), place)
        })?;
        let items = if let Value::Array(items) = value {
            items
        } else {
            vec![value]
        };
        for item in items {
            record += 1;
            let found = event(&item).map_err(|source| ReadError::Payload { record, source })?;
            events.extend(found);
        }
    }
    Ok(events.into())
}
