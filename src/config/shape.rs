//! A document that has not the shape it should: where, what, and a near match for a key that does not exist.

use crate::event::nearest;

/// A text whose keys or values do not fit.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
#[error("{}{what}", place.map(|(line, column)| format!("line {line}, column {column}: ")).unwrap_or_default())]
pub struct ShapeError {
    /// Line and column, from 1.
    pub place: Option<(usize, usize)>,
    /// What is wrong.
    pub what: String,
    /// A near match, or the keys that exist.
    pub help: Option<String>,
}

impl ShapeError {
    /// Reads the message of a deserializer.
    #[must_use]
    pub fn new(message: &str, place: Option<(usize, usize)>) -> Self {
        let what = message
            .split(" at line ")
            .next()
            .unwrap_or(message)
            .replace("unknown field", "unknown key");
        let quoted: Vec<&str> = message.split('`').skip(1).step_by(2).collect();
        let help = match quoted.split_first() {
            Some((wrong, known)) if what.contains("unknown ") && !known.is_empty() => {
                Some(suggest(wrong, known))
            }
            _ => None,
        };
        Self {
            place,
            what: what.split(", expected").next().unwrap_or(&what).to_owned(),
            help,
        }
    }
}

/// A near match, else the list.
fn suggest(wrong: &str, known: &[&str]) -> String {
    match nearest(wrong, known.iter().copied()) {
        Some(key) => format!("did you mean `{key}`?"),
        None => format!("the keys here are {}", known.join(", ")),
    }
}
