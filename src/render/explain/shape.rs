//! What a value of the report is: one of three shapes, its one number, and what that is measured in.

use serde_json::{Map, Value};

use super::document::Measure;
use super::figure::Figure;
use crate::report::v1::Quantiles;

/// The three shapes of a measurement, recognised by their keys.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Shape {
    /// Durations.
    Distribution(Quantiles),
    /// A share: the numerator's name, the two counts.
    Proportion(String, u64, u64),
    /// A count over days.
    Frequency(u64),
    /// None of them.
    Other,
}

/// Which shape a value has.
#[must_use]
pub(super) fn shape_of(value: &Value) -> Shape {
    let Some(map) = value.as_object() else {
        return Shape::Other;
    };
    let count = |key: &str| map.get(key).and_then(Value::as_u64);
    if map.contains_key("median_seconds") && map.contains_key("n") {
        let read = serde_json::from_value(value.clone());
        return read.map_or(Shape::Other, Shape::Distribution);
    }
    if map.contains_key("ratio")
        && let Some(total) = count("total")
        && let Some((name, hits)) = ["failed", "rework", "hits", "count"]
            .into_iter()
            .chain(map.keys().map(String::as_str).filter(|key| *key != "total"))
            .find_map(|key| Some((key, count(key)?)))
    {
        return Shape::Proportion(name.to_owned(), hits, total);
    }
    if map.contains_key("per_day")
        && let Some(count) = count("count")
    {
        return Shape::Frequency(count);
    }
    Shape::Other
}

/// The one number that stands for a value, its unit and its interval.
#[must_use]
pub(super) fn headline(figure: &Figure) -> (Value, Measure, Option<[f64; 2]>) {
    let Some(map) = figure.value.as_object() else {
        let unit = measure(&figure.path, &figure.value, &figure.parent);
        if let Value::Array(list) = &figure.value
            && unit == Measure::Count
        {
            return (list.len().into(), unit, None);
        }
        let interval = beside(&figure.path, figure.parent.as_object());
        return (figure.value.clone(), unit, interval);
    };
    for (key, unit) in [
        ("median_seconds", Measure::Seconds),
        ("ratio", Measure::Ratio),
        ("per_day", Measure::PerDay),
    ] {
        // A median without its count is not what the value is about.
        if let Some(value) = map
            .get(key)
            .filter(|_| unit != Measure::Seconds || map.contains_key("n"))
        {
            let path = [&figure.path[..], &[key.to_owned()]].concat();
            return (value.clone(), unit, beside(&path, Some(map)));
        }
    }
    for key in ["value", "count", "n", "score", "name"] {
        if let Some(value) = map.get(key) {
            let path = [&figure.path[..], &[key.to_owned()]].concat();
            return (value.clone(), measure(&path, value, &figure.value), None);
        }
    }
    (Value::Null, Measure::Text, None)
}

/// The interval beside a headline's key.
fn beside(path: &[String], map: Option<&Map<String, Value>>) -> Option<[f64; 2]> {
    let key = match path.last().map(String::as_str)? {
        "median_seconds" => "interval95_seconds",
        "ratio" | "per_day" => "interval95",
        _ => return None,
    };
    serde_json::from_value(map?.get(key)?.clone()).ok()
}

/// What a value is measured in, by its key and by what stands beside it.
#[must_use]
pub(super) fn measure(path: &[String], value: &Value, parent: &Value) -> Measure {
    let key = path.last().map_or("", String::as_str);
    // The ends of an interval are called by their places.
    let named = if key.parse::<usize>().is_ok() {
        path.iter().rev().nth(1).map_or("", String::as_str)
    } else {
        key
    };
    let has = |name: &str| parent.get(name).is_some();
    let of_ratio = ["ratio", "score", "share"].contains(&named)
        || named.ends_with("_rate")
        || named.ends_with("_share")
        || named.ends_with("_ratio");
    if named.ends_with("_seconds") {
        return Measure::Seconds;
    }
    if named == "interval95" {
        // Seen from the array itself its sibling decides; from an end of it, the metric's own name.
        let frequency =
            has("per_day") || path.first().is_some_and(|id| id == "deployment_frequency");
        return if frequency {
            Measure::PerDay
        } else {
            Measure::Ratio
        };
    }
    match (value, named) {
        (_, "per_day") => Measure::PerDay,
        (_, "per_week") => Measure::PerWeek,
        (Value::Number(n), _) if n.is_u64() && !of_ratio => Measure::Count,
        (Value::Number(_) | Value::Null, _) if of_ratio => Measure::Ratio,
        (Value::Number(_), _) => Measure::Number,
        (Value::Array(_), _) => Measure::Count,
        _ => Measure::Text,
    }
}
