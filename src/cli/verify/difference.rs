//! Where two documents differ, by path.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

/// Longest value that is quoted.
const QUOTED: usize = 60;

/// What comparing found.
#[derive(Debug, Default)]
pub(super) struct Findings {
    /// Where two values differ.
    pub(super) differences: Vec<String>,
    /// Keys of the contract that an older version did not publish.
    pub(super) newer: usize,
}

/// Takes from `fresh` what an older version could not publish: keys that reading the published text fills in.
///
/// What was not published cannot be wrong. A key that only the data make, such as a service's name, is not filled in,
/// so that its absence stays a difference.
pub(super) fn forget(published: &Value, read: &Value, fresh: &mut Value, found: &mut Findings) {
    match (published, read, fresh) {
        (Value::Object(published), Value::Object(read), Value::Object(fresh)) => {
            for (key, value) in read {
                match published.get(key) {
                    Some(own) => {
                        if let Some(fresh) = fresh.get_mut(key) {
                            forget(own, value, fresh, found);
                        }
                    }
                    None => found.newer += usize::from(fresh.remove(key).is_some()),
                }
            }
        }
        (Value::Array(published), Value::Array(read), Value::Array(fresh)) => {
            for ((own, value), fresh) in published.iter().zip(read).zip(fresh) {
                forget(own, value, fresh, found);
            }
        }
        _ => {}
    }
}

/// Lists where two documents differ; events are found by their id, wherever they stand.
pub(super) fn compare(path: &str, old: &Value, new: &Value, found: &mut Findings) {
    match (old, new) {
        (Value::Object(a), Value::Object(b)) => {
            let keys: BTreeSet<&String> = a.keys().chain(b.keys()).collect();
            for key in keys {
                either(&format!("{path}.{key}"), a.get(key), b.get(key), found);
            }
        }
        (Value::Array(a), Value::Array(b)) => match by_id(a).zip(by_id(b)) {
            Some((a, b)) => {
                let ids: BTreeSet<&String> = a.keys().chain(b.keys()).collect();
                for id in ids {
                    let (old, new) = (a.get(id).copied(), b.get(id).copied());
                    either(&format!("{path}[{id}]"), old, new, found);
                }
            }
            None if a.len() == b.len() => {
                for (n, (x, y)) in a.iter().zip(b).enumerate() {
                    compare(&format!("{path}[{n}]"), x, y, found);
                }
            }
            None => differ(path, Some(old), Some(new), found),
        },
        (old, new) if old == new => {}
        (old, new) => differ(path, Some(old), Some(new), found),
    }
}

fn either(path: &str, old: Option<&Value>, new: Option<&Value>, found: &mut Findings) {
    match (old, new) {
        (Some(old), Some(new)) => compare(path, old, new, found),
        (old, new) => differ(path, old, new, found),
    }
}

fn differ(path: &str, old: Option<&Value>, new: Option<&Value>, found: &mut Findings) {
    let short = |value: Option<&Value>| {
        value.map_or_else(
            || "nothing".to_owned(),
            |value| value.to_string().chars().take(QUOTED).collect(),
        )
    };
    let path = path.trim_start_matches('.');
    found.differences.push(format!(
        "{path}: published {}, computed {}",
        short(old),
        short(new)
    ));
}

/// Elements by id, and by service where one id stands in several; none where they have no ids of their own.
fn by_id(list: &[Value]) -> Option<BTreeMap<String, &Value>> {
    let mut out = BTreeMap::new();
    for element in list {
        let id = element.get("id")?.as_str()?.to_owned();
        let service = element.get("service").and_then(Value::as_str);
        let key = service.map_or_else(|| id.clone(), |service| format!("{id} {service}"));
        if out.insert(key, element).is_some() {
            return None;
        }
    }
    (!out.is_empty()).then_some(out)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn found(old: &Value, new: &Value) -> Vec<String> {
        let mut found = Findings::default();
        compare("", old, new, &mut found);
        found.differences
    }

    #[test]
    fn a_difference_is_named_by_its_path() {
        let old = json!({"a": {"b": [1, 2]}, "d": [{"id": "x", "n": 1}, {"id": "y", "n": 2}]});
        let new = json!({"a": {"b": [1, 3]}, "d": [{"id": "y", "n": 2}, {"id": "z", "n": 3}]});
        assert_eq!(
            found(&old, &new),
            [
                "a.b[1]: published 2, computed 3",
                "d[x]: published {\"id\":\"x\",\"n\":1}, computed nothing",
                "d[z]: published nothing, computed {\"id\":\"z\",\"n\":3}",
            ]
        );
        assert!(found(&old, &old).is_empty());
        let twice = json!([{"id": "x", "n": 1}, {"id": "x", "n": 2}]);
        let other = json!([{"id": "x", "n": 1}, {"id": "x", "n": 3}]);
        assert_eq!(found(&twice, &other), ["[1].n: published 2, computed 3"]);
    }

    #[test]
    fn only_keys_of_the_contract_can_be_newer() {
        let published = json!({"old": 1, "services": {}});
        let read = json!({"old": 1, "services": {}, "added": null});
        let mut fresh = json!({"old": 1, "services": {"api": 2}, "added": 3});
        let mut found = Findings::default();
        forget(&published, &read, &mut fresh, &mut found);
        compare("", &published, &fresh, &mut found);
        assert_eq!(found.newer, 1);
        assert_eq!(
            found.differences,
            ["services.api: published nothing, computed 2"]
        );
    }
}
