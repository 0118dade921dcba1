//! Merge is deploy: the first-parent commits of the default branch, where nothing else is known.

use std::collections::BTreeMap;

use serde_json::Value;

use super::source::ALL;
use super::{Collected, Note, Purse};
use crate::adapter::github_mark::Landed;
use crate::event::{Event, Instant};

const KEY: &str = "merges";

/// From the head back to what the ledger knows, or to the last one before the cutoff.
pub(super) async fn collect(purse: &Purse<'_>, out: &mut Collected) -> Vec<Event> {
    let ask = &purse.ask;
    let Some(head) = ask.state.head.clone() else {
        return Vec::new();
    };
    say(out);
    let mut place = ask.places.get(KEY).map(String::as_str);
    let mut found: Vec<Event> = Vec::new();
    let mut oldest: Option<Instant> = None;
    let mut next = Some(head);
    while let Some(mut from) = next.take() {
        if is_known(purse, &from) {
            if place == Some(ALL) {
                break;
            }
            // Between the new ones and this place everything is known.
            if let Some(older) = place.take() {
                older.clone_into(&mut from);
            }
        }
        if purse.left_for_source() == 0 {
            out.unfinished(KEY, from, oldest, ask.cutoff);
            return found;
        }
        let nodes = match ask.client.history(&from, ask.budget).await {
            Ok(nodes) => nodes,
            Err(error) => {
                out.unread(KEY, &error);
                out.places.insert(KEY.to_owned(), from);
                return found;
            }
        };
        let mut at = Some(from.clone());
        for landed in line(&nodes, &from) {
            if place.is_some() && is_known(purse, &landed.sha) {
                break;
            }
            oldest = Some(landed.at);
            found.push(landed.deployment());
            at = landed.parent;
            if landed.at < ask.cutoff {
                // The last one before the cutoff is the baseline.
                at = None;
                break;
            }
        }
        // A page without its own first commit would be asked for again and again.
        next = at.filter(|sha| *sha != from);
    }
    out.finished(KEY, oldest, ask.cutoff);
    found
}

fn say(out: &mut Collected) {
    out.note(Note {
        code: "merge_is_deploy",
        says: "every commit on the default branch counts as a deployment, at the moment it was merged"
            .to_owned(),
        help: Some(
            "deploy with an `environment`, or name the deploy under `workflows` in .github/fivekeys.yml"
                .to_owned(),
        ),
    });
}

fn is_known(purse: &Purse<'_>, sha: &str) -> bool {
    let id = format!("merge:{sha}");
    purse.ask.known.get("deployment", &id).is_some()
}

/// The first parents of a commit, itself first, as far as a page of its ancestors holds them.
fn line(nodes: &[Value], from: &str) -> Vec<Landed> {
    let mut page: BTreeMap<String, Landed> = nodes
        .iter()
        .filter_map(Landed::read)
        .map(|landed| (landed.sha.clone(), landed))
        .collect();
    let mut found: Vec<Landed> = Vec::new();
    let mut at = Some(from.to_owned());
    while let Some(landed) = at.as_ref().and_then(|sha| page.remove(sha)) {
        at.clone_from(&landed.parent);
        found.push(landed);
    }
    found
}
