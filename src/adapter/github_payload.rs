//! What GitHub's payloads have in common: optional texts, instants, lists, actors.

use serde_json::Value;

use crate::event::{Instant, is_bot, parse_instant};

/// A payload that lacks what makes it countable.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("a {what} of GitHub has no usable `{field}`")]
pub struct PayloadError {
    /// Kind of object.
    pub what: &'static str,
    /// Its field.
    pub field: &'static str,
}

/// A text that is there and not blank.
pub(super) fn text<'a>(object: &'a Value, field: &str) -> Option<&'a str> {
    object[field]
        .as_str()
        .filter(|text| !text.trim().is_empty())
}

/// The same, as a value that must be there.
pub(super) fn required(
    object: &Value,
    what: &'static str,
    field: &'static str,
) -> Result<String, PayloadError> {
    text(object, field)
        .map(str::to_owned)
        .ok_or(PayloadError { what, field })
}

/// A moment; one that cannot be read is as good as none.
pub(super) fn instant(object: &Value, field: &str) -> Option<Instant> {
    parse_instant(text(object, field)?).ok()
}

/// The `nodes` of a connection, or a bare list.
pub(super) fn nodes(connection: &Value) -> impl Iterator<Item = &Value> {
    connection["nodes"]
        .as_array()
        .or_else(|| connection.as_array())
        .into_iter()
        .flatten()
        .filter(|node| node.is_object())
}

/// Whether an actor is a bot by its type or its name; REST says `type`, GraphQL `__typename`.
pub(super) fn is_bot_actor(actor: &Value) -> bool {
    actor["__typename"] == "Bot"
        || actor["type"] == "Bot"
        || text(actor, "login").is_some_and(is_bot)
}
