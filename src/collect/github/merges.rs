//! Merge is deploy: the first-parent commits of the default branch, where nothing else is known.

use std::collections::BTreeMap;

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
    out.note(Note {
        code: "merge_is_deploy",
        says: "every commit on the default branch counts as a deployment, at the moment it was merged"
            .to_owned(),
        help: Some(
            "deploy with an `environment`, or name the deploy under `workflows` in .github/fivekeys.yml"
                .to_owned(),
        ),
    });
    let is_known = |sha: &str| {
        let id = format!("merge:{sha}");
        ask.known.get("deployment", &id).is_some()
    };
    let mut place = ask.places.get(KEY).map(String::as_str);
    let mut found: Vec<Event> = Vec::new();
    let mut oldest: Option<Instant> = None;
    let mut next = Some(head);
    while let Some(from) = next.take() {
        let met = is_known(&from);
        if met && place == Some(ALL) {
            break;
        }
        // Between the new ones and this place everything is known.
        let from = match place.filter(|_| met) {
            Some(older) => {
                place = None;
                older.to_owned()
            }
            None => from,
        };
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
        let page: BTreeMap<String, Landed> = nodes
            .iter()
            .filter_map(Landed::read)
            .map(|landed| (landed.sha.clone(), landed))
            .collect();
        let mut at = Some(from.clone());
        while let Some(landed) = at.as_ref().and_then(|sha| page.get(sha)) {
            if place.is_some() && is_known(&landed.sha) {
                break;
            }
            oldest = Some(landed.at);
            found.push(landed.deployment());
            at = landed.parent.clone();
            if landed.at < ask.cutoff {
                // The last one before the cutoff is the baseline.
                at = None;
            }
        }
        // A page without its own first commit would be asked for again and again.
        next = at.filter(|sha| *sha != from);
    }
    out.finished(KEY, oldest, ask.cutoff);
    found
}
