//! Releases and tags as deployments: the newest page, and behind it what the ledger lacks.

use std::collections::BTreeMap;

use serde_json::Value;

use super::source::ALL;
use super::{Collected, Note, Purse};
use crate::adapter::{github_mark, tag_deployments};
use crate::event::{Event, Instant, parse_instant};
use crate::github::{List, ListPage};

/// Name of a list in the bookkeeping and in notes.
fn key(list: List) -> &'static str {
    match list {
        List::Releases => "releases",
        List::Tags => "tags",
    }
}

/// Deployments of the first of these lists that has any. All of them are looked at in one request.
pub(super) async fn collect(purse: &Purse<'_>, lists: &[List], out: &mut Collected) -> Vec<Event> {
    let ask = &purse.ask;
    if purse.left_for_source() == 0 {
        return Vec::new();
    }
    let wanted: Vec<(List, Option<&str>)> = lists.iter().map(|list| (*list, None)).collect();
    let pages = match ask.client.lists(&wanted, ask.budget).await {
        Ok(pages) => pages,
        Err(error) => {
            out.unread(key(lists[0]), &error);
            return Vec::new();
        }
    };
    for (list, page) in lists.iter().zip(pages) {
        let mut reader = Reader {
            purse,
            list: *list,
            events: BTreeMap::new(),
            oldest: None,
            unreadable: 0,
        };
        reader.read(page, out).await;
        if reader.unreadable > 0 {
            out.note(Note {
                code: "unreadable",
                says: format!("{} {} have no tag or date", reader.unreadable, key(*list)),
                help: None,
            });
        }
        if !reader.events.is_empty() {
            return reader.events.into_values().collect();
        }
    }
    Vec::new()
}

struct Reader<'a, 'p> {
    purse: &'p Purse<'a>,
    list: List,
    events: BTreeMap<String, Event>,
    oldest: Option<Instant>,
    unreadable: usize,
}

impl Reader<'_, '_> {
    async fn read(&mut self, mut page: ListPage, out: &mut Collected) {
        let ask = &self.purse.ask;
        let key = key(self.list);
        let mut place = ask.places.get(key).map(String::as_str);
        loop {
            let met = self.take(&page.nodes);
            let past = self.oldest.is_some_and(|oldest| oldest < ask.cutoff);
            let mut next = page.next_cursor.take().filter(|_| !past);
            if met && place == Some(ALL) {
                next = None;
            } else if met && let Some(older) = place.take().filter(|_| next.is_some()) {
                // Between the new ones and this place everything is known.
                next = Some(older.to_owned());
            }
            let Some(cursor) = next else {
                if !self.events.is_empty() {
                    out.finished(key, self.oldest, ask.cutoff);
                }
                return;
            };
            if self.purse.left_for_source() == 0 {
                out.unfinished(key, cursor, self.oldest, ask.cutoff);
                return;
            }
            let wanted = [(self.list, Some(cursor.as_str()))];
            match ask.client.lists(&wanted, ask.budget).await {
                Ok(mut pages) => page = pages.pop().unwrap_or_default(),
                Err(error) => {
                    out.unread(key, &error);
                    out.places.insert(key.to_owned(), cursor);
                    return;
                }
            }
        }
    }

    /// Takes a page in; whether the ledger knew some of it, or it held nothing that a ledger would know.
    fn take(&mut self, nodes: &[Value]) -> bool {
        let ask = &self.purse.ask;
        let mut met = false;
        let before = self.events.len();
        for node in nodes {
            let (at, events) = match self.list {
                List::Releases => {
                    let at = node["publishedAt"].as_str().map(parse_instant);
                    let events = github_mark::release(node, ask.config).ok();
                    (at.and_then(Result::ok), events)
                }
                List::Tags => {
                    let tag = github_mark::tag(node);
                    let at = tag.as_ref().map(|tag| tag.created_at);
                    (at, Some(tag_deployments(tag.as_slice(), ask.config)))
                }
            };
            self.oldest = self.oldest.into_iter().chain(at).min();
            self.unreadable += usize::from(events.is_none());
            for event in events.into_iter().flatten() {
                met |= ask.known.get("deployment", &event.id).is_some();
                self.events.insert(event.id.clone(), event);
            }
        }
        met || self.events.len() == before
    }
}
