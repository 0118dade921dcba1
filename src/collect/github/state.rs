//! State files: what each commit of a file's history says was deployed.

use serde_json::Value;

use super::source::ALL;
use super::{Collected, Note, Purse};
use crate::adapter::state_file::{self, Version};
use crate::config::StateFile;
use crate::event::{Event, parse_instant};

/// Every file that the configuration names.
pub(super) async fn collect(purse: &Purse<'_>, out: &mut Collected) -> Vec<Event> {
    let mut found = Vec::new();
    for file in &purse.ask.config.state_files {
        found.extend(read(purse, file, out).await);
    }
    found
}

async fn read(purse: &Purse<'_>, file: &StateFile, out: &mut Collected) -> Vec<Event> {
    let ask = &purse.ask;
    let key = format!("state:{}", file.path);
    let Some(head) = ask.state.head.clone() else {
        return Vec::new();
    };
    let mut place = ask.places.get(&key).map(String::as_str);
    let mut parts: Vec<(Vec<Version>, bool)> = vec![(Vec::new(), false)];
    let mut from = head;
    loop {
        let reached = parts.last().and_then(|(versions, _)| versions.last());
        let reached = reached.map(|version| version.at);
        if purse.left_for_source() == 0 {
            out.unfinished(&key, from, reached, ask.cutoff);
            break;
        }
        let (nodes, more) = match ask.client.file_history(&from, &file.path, ask.budget).await {
            Ok(page) => page,
            Err(error) => {
                out.unread(&key, &error);
                out.places.insert(key.clone(), from);
                break;
            }
        };
        let versions: Vec<Version> = nodes.iter().filter_map(version).collect();
        let met = versions.iter().any(|v| is_known(purse, file, v));
        let oldest = versions.last().cloned();
        if let Some((all, whole)) = parts.last_mut() {
            let seen = all.last().map(|v| v.sha.clone());
            let fresh = versions.into_iter();
            all.extend(fresh.filter(|v| Some(&v.sha) != seen.as_ref()));
            *whole = !more;
        }
        let past = oldest.as_ref().is_none_or(|v| v.at < ask.cutoff);
        let stuck = oldest.as_ref().is_some_and(|v| v.sha == from);
        if !more || past || stuck || (met && place == Some(ALL)) {
            out.finished(&key, oldest.map(|v| v.at), ask.cutoff);
            break;
        }
        from = match (place.filter(|_| met), oldest) {
            // Between the new ones and this place everything is known.
            (Some(older), _) => {
                place = None;
                parts.push((Vec::new(), false));
                older.to_owned()
            }
            (None, Some(oldest)) => oldest.sha,
            (None, None) => break,
        };
    }
    if parts.iter().all(|(versions, _)| versions.is_empty()) {
        out.note(Note {
            code: "unreadable",
            says: format!("{} has no history on the default branch", file.path),
            help: Some("check the path under `state_files` in .github/fivekeys.yml".to_owned()),
        });
    }
    told(purse, file, parts, out)
}

fn told(
    purse: &Purse<'_>,
    file: &StateFile,
    parts: Vec<(Vec<Version>, bool)>,
    out: &mut Collected,
) -> Vec<Event> {
    let production = purse.ask.config.environments.default_name();
    let (mut events, mut foreign) = (Vec::new(), false);
    for (mut versions, whole) in parts {
        versions.reverse();
        let log = state_file::deployments(file, production, &versions, whole);
        for error in log.unreadable {
            out.note(Note {
                code: "unreadable",
                says: error.to_string(),
                help: None,
            });
        }
        foreign |= log.is_foreign;
        events.extend(log.events);
    }
    if foreign && events.is_empty() {
        out.note(Note {
            code: "unreadable",
            says: format!("{} names no version in a shape that is known", file.path),
            help: Some("see docs/configuration.md for the shapes".to_owned()),
        });
    }
    events
}

fn is_known(purse: &Purse<'_>, file: &StateFile, version: &Version) -> bool {
    let prefix = state_file::id_prefix(&file.path, &version.sha);
    let mut known = purse.ask.known.iter();
    known.any(|event| event.id.starts_with(&prefix))
}

/// A commit with the file as it left it.
fn version(node: &Value) -> Option<Version> {
    let blob = &node["file"]["object"];
    let text = blob["text"]
        .as_str()
        .filter(|_| blob["isTruncated"] != true);
    Some(Version {
        sha: node["oid"].as_str()?.to_owned(),
        at: parse_instant(node["committedDate"].as_str()?).ok()?,
        text: text.map(str::to_owned),
    })
}
