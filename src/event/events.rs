//! EVENTS: a set of registers, one an id, whose union never depends on the order of arrival.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::collections::btree_map::Entry;

use super::{Event, Fact, Instant, Outcome, Retraction, Source};

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
    /// Takes an event in. True when it changed something: the id is new, or this revision adds to what is known.
    pub fn insert(&mut self, event: Event) -> bool {
        let kind = self.registers.entry(event.fact.kind()).or_default();
        match kind.entry(event.id.clone()) {
            Entry::Vacant(slot) => {
                slot.insert(event);
                true
            }
            Entry::Occupied(mut slot) => {
                let joined = slot.get().join(&event);
                let news = joined != *slot.get();
                if news {
                    slot.insert(joined);
                }
                news
            }
        }
    }

    /// Takes in every event.
    pub fn extend(&mut self, events: impl IntoIterator<Item = Event>) {
        for event in events {
            self.insert(event);
        }
    }

    /// Whether this event adds nothing to what is already here.
    #[must_use]
    pub fn knows(&self, event: &Event) -> bool {
        self.get(event.fact.kind(), &event.id)
            .is_some_and(|known| known == event || known.join(event) == *known)
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

    /// Whether this event was taken back.
    #[must_use]
    pub fn is_retracted(&self, id: &str) -> bool {
        let retractions = self.registers.get("event.retracted");
        retractions.is_some_and(|all| {
            all.values().any(
                |event| matches!(&event.fact, Fact::EventRetracted(taken) if taken.event == id),
            )
        })
    }

    /// The events that nobody has taken back.
    #[must_use]
    pub fn without_retracted(&self) -> Cow<'_, Self> {
        let Some(retractions) = self.registers.get("event.retracted") else {
            return Cow::Borrowed(self);
        };
        let mut kept = self.clone();
        for retraction in retractions.values() {
            if let Fact::EventRetracted(Retraction { event, .. }) = &retraction.fact {
                for kind in kept.registers.values_mut() {
                    kind.remove(event);
                }
            }
        }
        Cow::Owned(kept)
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
    /// Takes an event back. A source says so about each event under one id, so that it can change its mind: without a
    /// reason, the event counts again.
    #[must_use]
    pub fn retraction(of: &str, why: Option<&str>, source: Source, at: Instant) -> Self {
        Self {
            id: format!("ret:{}:{of}", source.name()),
            time: at,
            source,
            updated: at,
            fact: Fact::EventRetracted(Retraction {
                event: why.map_or_else(String::new, |_| of.to_owned()),
                why: why.unwrap_or_default().to_owned(),
            }),
        }
    }

    /// Two revisions of one id as one: the revision that beats the other, with what either says of the service and
    /// the run. GitHub's record of a deployment knows the end of it best, and often only the caller knows the service.
    #[must_use]
    pub fn join(&self, other: &Self) -> Self {
        let (winner, loser) = if other.beats(self) {
            (other, self)
        } else {
            (self, other)
        };
        let mut joined = winner.clone();
        if let (Fact::Deployment(d), Fact::Deployment(also)) = (&mut joined.fact, &loser.fact) {
            // The greater of two names, so that the order of arrival never matters.
            d.service = d.service.take().max(also.service.clone());
            d.run = d.run.take().max(also.run.clone());
            d.attempt = d.attempt.max(also.attempt);
        }
        joined
    }

    /// A total order on revisions of one id: what is settled beats what is not, then the later source, then
    /// the text. Arrival never decides, so the union is commutative, associative and idempotent.
    #[must_use]
    pub fn beats(&self, old: &Self) -> bool {
        let rank = |event: &Self| (settled(&event.fact), event.updated, event.time);
        let order = rank(self).cmp(&rank(old));
        order.is_gt() || (order.is_eq() && self != old && text(self) > text(old))
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
