//! EVENTS: a set of registers, one an id, whose union never depends on the order of arrival.

use std::collections::BTreeMap;
use std::collections::btree_map::Entry;

use super::{Event, Fact, Instant, Outcome};

/// All that is remembered, and how far back it reaches.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Events {
    /// By kind, then id.
    registers: BTreeMap<&'static str, BTreeMap<String, Event>>,
    /// When the collected history begins; rates are taken over covered days only (rule W3).
    pub history_since: Option<Instant>,
    /// Head of the production branch, for what is merged and not deployed (rule LT10).
    pub head: Option<String>,
    /// First deployment of each service, where only the end of the history is loaded. Absent: all of it is.
    pub baselines: Option<BTreeMap<String, String>>,
}

impl Events {
    /// Takes an event in. True when it changed something: the id is new, or this revision wins.
    pub fn insert(&mut self, event: Event) -> bool {
        let kind = self.registers.entry(event.fact.kind()).or_default();
        match kind.entry(event.id.clone()) {
            Entry::Vacant(slot) => {
                slot.insert(event);
                true
            }
            Entry::Occupied(mut slot) => {
                let wins = event.beats(slot.get());
                if wins {
                    slot.insert(event);
                }
                wins
            }
        }
    }

    /// Takes in every event.
    pub fn extend(&mut self, events: impl IntoIterator<Item = Event>) {
        for event in events {
            self.insert(event);
        }
    }

    /// Whether this event, or a revision that beats it, is already here.
    #[must_use]
    pub fn knows(&self, event: &Event) -> bool {
        self.get(event.fact.kind(), &event.id)
            .is_some_and(|known| known == event || !event.beats(known))
    }

    /// The register of an id.
    #[must_use]
    pub fn get(&self, kind: &'static str, id: &str) -> Option<&Event> {
        self.registers.get(kind)?.get(id)
    }

    /// Every event, by kind and id; the retracted ones too.
    pub fn iter(&self) -> impl Iterator<Item = &Event> {
        self.registers.values().flat_map(BTreeMap::values)
    }

    /// How many there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.registers.values().map(BTreeMap::len).sum()
    }

    /// Whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.registers.is_empty()
    }
}

impl FromIterator<Event> for Events {
    fn from_iter<T: IntoIterator<Item = Event>>(iter: T) -> Self {
        let mut events = Self::default();
        events.extend(iter);
        events
    }
}

impl Event {
    /// A total order on revisions of one id: what is settled beats what is not, then the later source, then
    /// the text. Arrival never decides, so the union is commutative, associative and idempotent.
    #[must_use]
    pub fn beats(&self, old: &Self) -> bool {
        let rank = |event: &Self| (settled(&event.fact), event.updated, event.time);
        match rank(self).cmp(&rank(old)) {
            std::cmp::Ordering::Equal => self != old && text(self) > text(old),
            std::cmp::Ordering::Greater => true,
            std::cmp::Ordering::Less => false,
        }
    }
}

/// How final a fact is: a source's own word on a finished deployment beats what the caller's job reported.
fn settled(fact: &Fact) -> u8 {
    match fact {
        Fact::Deployment(d) => match (d.outcome, d.approximate) {
            (Outcome::Pending, _) => 0,
            (_, true) => 1,
            (_, false) => 2,
        },
        Fact::Commit(_)
        | Fact::Pull(_)
        | Fact::Range(_)
        | Fact::Incident(_)
        | Fact::DeploymentCorrected(_)
        | Fact::EventRetracted(_) => 0,
    }
}

fn text(event: &Event) -> String {
    serde_json::to_string(event).unwrap_or_default()
}
