//! Values of a history file, read the way people and exporters write them.

use serde::Deserialize;

use crate::adapter::loose_time;
use crate::event::Instant;

#[derive(Debug, Clone, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(untagged, expecting = "a text or a whole number")]
pub(super) enum Key {
    Text(String),
    Number(i64),
}

impl Key {
    pub(super) fn text(self) -> String {
        match self {
            Self::Text(text) => text,
            Self::Number(number) => number.to_string(),
        }
    }
}

/// Many exporters write null for what is empty.
pub(super) fn or_default<'de, T, D>(from: D) -> Result<T, D::Error>
where
    T: Deserialize<'de> + Default,
    D: serde::Deserializer<'de>,
{
    Ok(Option::deserialize(from)?.unwrap_or_default())
}

/// RFC 3339; without an offset it is UTC.
pub(super) fn moment<'de, D: serde::Deserializer<'de>>(from: D) -> Result<Instant, D::Error> {
    read_moment(&Key::deserialize(from)?.text())
}

pub(super) fn maybe_moment<'de, D: serde::Deserializer<'de>>(
    from: D,
) -> Result<Option<Instant>, D::Error> {
    let written: Option<Key> = Option::deserialize(from)?;
    let text = written.map(Key::text).filter(|t| !t.trim().is_empty());
    text.as_deref().map(read_moment).transpose()
}

/// A list of moments, one alone, or null.
pub(super) fn moments<'de, D: serde::Deserializer<'de>>(from: D) -> Result<Vec<Instant>, D::Error> {
    let written: Option<OneOrMany> = Option::deserialize(from)?;
    let written = written.map(OneOrMany::many).unwrap_or_default();
    written.iter().map(|text| read_moment(text)).collect()
}

fn read_moment<E: serde::de::Error>(text: &str) -> Result<Instant, E> {
    let shown: String = text.chars().take(60).collect();
    loose_time::read(text).map(|m| m.at).ok_or_else(|| {
        E::custom(format!(
            "`{shown}` is not a moment such as 2026-03-02T10:00:00Z"
        ))
    })
}

/// A text, or several.
#[derive(Debug, Clone, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(untagged, expecting = "a text or a list of texts")]
pub(super) enum OneOrMany {
    One(String),
    Many(Vec<String>),
}

impl OneOrMany {
    pub(super) fn many(self) -> Vec<String> {
        match self {
            Self::One(one) => vec![one],
            Self::Many(many) => many,
        }
    }
}

pub(super) fn texts<'de, D: serde::Deserializer<'de>>(
    from: D,
) -> Result<Option<Vec<String>>, D::Error> {
    let written: Option<OneOrMany> = Option::deserialize(from)?;
    Ok(written.map(OneOrMany::many))
}

/// A text, also where a number is written.
pub(super) fn word<'de, D: serde::Deserializer<'de>>(from: D) -> Result<Option<String>, D::Error> {
    let written: Option<Key> = Option::deserialize(from)?;
    Ok(written.map(Key::text))
}

/// Number of a pull request: `7`, `"7"`, `"#7"` or `"!7"`.
pub(super) fn number<'de, D: serde::Deserializer<'de>>(from: D) -> Result<u64, D::Error> {
    read_number(Key::deserialize(from)?)
}

pub(super) fn numbers<'de, D: serde::Deserializer<'de>>(from: D) -> Result<Vec<u64>, D::Error> {
    let written: Option<Vec<Key>> = Option::deserialize(from)?;
    written
        .unwrap_or_default()
        .into_iter()
        .map(read_number)
        .collect()
}

fn read_number<E: serde::de::Error>(key: Key) -> Result<u64, E> {
    let text = key.text();
    let digits = text.trim().trim_start_matches(['#', '!']);
    digits
        .parse()
        .map_err(|_| E::custom("a pull request is named by its number"))
}
