//! Figures by path: what a name means, what stands there, and of which shape it is. It knows no figure by name.

use serde_json::Value;

use super::meaning;
use crate::render::distribution::STAGES;
use crate::report::find_metric;
use crate::report::v1::{Metrics, Quantiles, Report, Undeployed};

/// Longest name that is looked up.
const LONGEST: usize = 300;

/// A figure of the report.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Figure {
    /// Keys from `overall.metrics`, or from the report's root.
    pub(super) path: Vec<String>,
    /// What stands there now.
    pub(super) value: Value,
    /// What stands there in the window before.
    pub(super) before: Value,
    /// What it is a part of.
    pub(super) parent: Value,
}

impl Figure {
    /// `change_lead_time.p90_seconds`.
    #[must_use]
    pub(super) fn dotted(&self) -> String {
        self.path.join(".")
    }
}

/// Why a name is no figure.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Lost {
    /// Nothing is called so.
    Unknown,
    /// Several are: these.
    Several(Vec<String>),
}

/// Finds a figure by its path, by an older name, or by its last words where only one ends so.
pub(super) fn find(report: &Report, name: &str) -> Result<Figure, Lost> {
    let text = plain(name);
    let (head, rest) = text.split_once('.').unwrap_or((&text, ""));
    // An older name of a metric becomes its key.
    let text = match find_metric(head) {
        Some(metric) if rest.is_empty() => metric.id.to_owned(),
        Some(metric) => format!("{}.{rest}", metric.id),
        None => text,
    };
    let roots = Roots::of(report);
    let named = paths(&roots.shape, &text);
    let mut found = paths(&roots.now, &text);
    if found.is_empty() {
        found.clone_from(&named);
    }
    match (found.as_slice(), named.as_slice()) {
        // What lies beneath something that is missing has a name all the same.
        ([short], [long]) if long.starts_with(short) => return Ok(roots.figure(long)),
        ([one], _) => return Ok(roots.figure(one)),
        ([], _) => {}
        (more, _) => return Err(Lost::Several(more.iter().map(|p| p.join(".")).collect())),
    }
    let roots = Roots {
        now: elsewhere(report),
        before: Value::Null,
        shape: Value::Null,
    };
    match paths(&roots.now, &text).as_slice() {
        [one] => Ok(roots.figure(one)),
        [] => Err(Lost::Unknown),
        more => Err(Lost::Several(more.iter().map(|p| p.join(".")).collect())),
    }
}

/// The paths that a text can mean: from the root, else the ones that end so, the shallowest of a branch first.
fn paths(root: &Value, text: &str) -> Vec<Vec<String>> {
    let whole = walk(root, text).filter(|path| !path.is_empty());
    if let Some(path) = whole {
        return vec![path];
    }
    // Inside one metric, the last words are enough too.
    let inside = text.split_once('.').and_then(|(metric, rest)| {
        let found = beneath(root.get(metric)?, rest).into_iter();
        Some(
            found
                .map(|path| [vec![metric.to_owned()], path].concat())
                .collect(),
        )
    });
    inside.unwrap_or_else(|| beneath(root, text))
}

/// Every figure that can be named whatever the data are, in the order of the metrics.
#[must_use]
pub(super) fn known() -> Vec<String> {
    let shape = shape();
    let mut out = Vec::new();
    for metric in &crate::report::METRICS {
        if let Some(value) = shape.get(metric.id) {
            listed(value, metric.id, &mut out);
        }
    }
    out
}

fn listed(value: &Value, path: &str, out: &mut Vec<String>) {
    out.push(path.to_owned());
    for (key, value) in value.as_object().into_iter().flatten() {
        listed(value, &format!("{path}.{key}"), out);
    }
}

struct Roots {
    now: Value,
    before: Value,
    shape: Value,
}

impl Roots {
    fn of(report: &Report) -> Self {
        let value = |of: &Metrics| serde_json::to_value(of).unwrap_or_default();
        Self {
            now: value(&report.overall.metrics),
            before: value(&report.overall.previous),
            shape: shape(),
        }
    }

    fn figure(&self, path: &[String]) -> Figure {
        let above = path.split_last().map_or(path, |(_, above)| above);
        Figure {
            value: at(&self.now, path).clone(),
            before: at(&self.before, path).clone(),
            parent: at(&self.now, above).clone(),
            path: path.to_vec(),
        }
    }
}

/// What a path leads to; null where it leads nowhere.
pub(super) fn at<'v>(value: &'v Value, path: &[String]) -> &'v Value {
    path.iter().fold(value, |value, key| {
        let found = match value {
            Value::Object(map) => map.get(key),
            Value::Array(list) => key.parse::<usize>().ok().and_then(|n| list.get(n)),
            Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => None,
        };
        found.unwrap_or(&Value::Null)
    })
}

/// The metrics without any data: names exist before there is a number.
fn shape() -> Value {
    let mut empty = Metrics::default();
    for stage in STAGES {
        let stages = &mut empty.change_lead_time.stages;
        stages.insert(stage.to_owned(), Quantiles::default());
    }
    empty.change_lead_time.undeployed = Some(Undeployed::default());
    for kind in meaning::REWORK_KINDS {
        empty
            .deployment_rework_rate
            .by_kind
            .insert(kind.to_owned(), 0);
    }
    serde_json::to_value(&empty).unwrap_or_default()
}

/// What else the report holds: no events, and no metrics.
fn elsewhere(report: &Report) -> Value {
    let mut whole = serde_json::to_value(report).unwrap_or_default();
    if let Value::Object(map) = &mut whole {
        let overall = map.remove("overall").unwrap_or_default();
        for key in ["deployments", "changes", "incidents", "services", "schema"] {
            map.remove(key);
        }
        for (key, value) in overall.as_object().into_iter().flatten() {
            if key != "metrics" && key != "previous" {
                map.insert(key.clone(), value.clone());
            }
        }
    }
    whole
}

/// The name without what people put around it; `open[0]` becomes `open.0`.
fn plain(name: &str) -> String {
    let text: String = name.trim().chars().take(LONGEST).collect();
    let text = text.strip_prefix("overall.").unwrap_or(&text);
    let text = text.strip_prefix("metrics.").unwrap_or(text);
    let mut out = String::new();
    let mut parts = text.split('[');
    out.push_str(parts.next().unwrap_or_default());
    for part in parts {
        match part.split_once(']') {
            Some((place, rest)) if place.parse::<u32>().is_ok() => {
                out.push('.');
                out.push_str(place);
                out.push_str(rest);
            }
            _ => {
                out.push('[');
                out.push_str(part);
            }
        }
    }
    out
}

/// The path that a text means from here on; tolerant of short names. What lies beneath nothing is nothing.
fn walk(here: &Value, text: &str) -> Option<Vec<String>> {
    if text.is_empty() || here.is_null() {
        return Some(Vec::new());
    }
    match here {
        Value::Object(map) => {
            // A key may hold dots, so the longest that fits is tried first, and the exact one before a short name.
            let mut fits: Vec<(usize, bool, &String)> = map
                .keys()
                .flat_map(|key| {
                    names(key).into_iter().filter_map(move |name| {
                        begins(text, &name).then(|| (name.len(), name == *key, key))
                    })
                })
                .collect();
            fits.sort_by(|a, b| (b.0, b.1).cmp(&(a.0, a.1)).then_with(|| a.2.cmp(b.2)));
            fits.into_iter().find_map(|(length, _, key)| {
                let rest = text.get(length..)?.trim_start_matches('.');
                let path = walk(map.get(key)?, rest)?;
                Some([vec![key.clone()], path].concat())
            })
        }
        Value::Array(list) => {
            let (first, rest) = text.split_once('.').unwrap_or((text, ""));
            let position: usize = first.parse().ok()?;
            let path = walk(list.get(position)?, rest)?;
            Some([vec![position.to_string()], path].concat())
        }
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => None,
    }
}

/// What a key may be called.
fn names(key: &str) -> Vec<String> {
    let mut out = vec![key.to_owned()];
    out.extend(key.strip_suffix("_seconds").map(str::to_owned));
    if key == "median_seconds" {
        out.push("p50".to_owned());
    }
    out
}

/// Whether the text begins with this whole name.
fn begins(text: &str, name: &str) -> bool {
    let plain = |byte: u8| {
        if byte == b'-' {
            b'_'
        } else {
            byte.to_ascii_lowercase()
        }
    };
    let ends = matches!(text.as_bytes().get(name.len()), None | Some(b'.'));
    ends && text.len() >= name.len()
        && text
            .bytes()
            .zip(name.bytes())
            .all(|(a, b)| plain(a) == plain(b))
}

/// Paths of the objects' children that the text names, anywhere below.
fn beneath(here: &Value, text: &str) -> Vec<Vec<String>> {
    let mut out = Vec::new();
    for (key, value) in here.as_object().into_iter().flatten() {
        if value.is_object() {
            let own = walk(value, text).filter(|path| !path.is_empty());
            let found = own.map_or_else(|| beneath(value, text), |path| vec![path]);
            out.extend(
                found
                    .into_iter()
                    .map(|path| [vec![key.clone()], path].concat()),
            );
        }
    }
    out
}
