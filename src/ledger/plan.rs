//! What a write would change: today's shard, the folding of earlier days, the bookkeeping. Pure.

use std::collections::hash_map::Entry;
use std::collections::{BTreeMap, HashMap};

use chrono::NaiveDate;

use super::{ASIDE, Ledger, Line, META, SCHEMA, day_of, day_path, month_of, month_path};
use crate::event::Event;

/// Files to write and to delete, in one commit.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Plan {
    /// Contents by path.
    pub writes: BTreeMap<String, String>,
    /// Paths that go.
    pub deletes: Vec<String>,
    /// Events that are new, or beat what was known.
    pub taken_in: usize,
}

/// One of the changes that a plan is made of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Step<'p> {
    /// A file by path, and all of its text.
    Write(&'p str, &'p str),
    /// A path that goes.
    Delete(&'p str),
}

impl Plan {
    /// The changes in an order that loses nothing wherever it stops: first what is set aside, then months before the
    /// days whose lines they take, the new lines as the last of all writes, deletions at the end.
    #[must_use]
    pub fn steps(&self) -> Vec<Step<'_>> {
        let write = |(path, text)| Step::Write(path, text);
        let writes = self.writes.iter().map(|(p, t)| (p.as_str(), t.as_str()));
        let (aside, rest): (Vec<_>, Vec<_>) = writes.partition(|(path, _)| path.starts_with(ASIDE));
        let rest = rest.into_iter().rev();
        let deletes = self.deletes.iter().map(|path| Step::Delete(path));
        aside
            .into_iter()
            .chain(rest)
            .map(write)
            .chain(deletes)
            .collect()
    }
}

impl Ledger {
    /// Takes events in and says what has to be written; `None` when nothing is new.
    #[must_use]
    pub fn append(&mut self, events: &[Event], today: NaiveDate) -> Option<Plan> {
        let mut fresh: Vec<Event> = Vec::new();
        for event in events {
            if !self.events.knows(event) {
                self.events.insert(event.clone());
                let joined = self.events.get(event.fact.kind(), &event.id);
                fresh.extend(joined.cloned());
            }
        }
        if fresh.is_empty() {
            return None;
        }
        let mut plan = Plan {
            taken_in: fresh.len(),
            ..Plan::default()
        };
        self.fold(today, &mut plan);
        let path = day_path(today);
        let shard = self.files.entry(path.clone()).or_default();
        join(shard, fresh.iter().map(Line::of));
        plan.writes.insert(path, print(shard));
        let month = month_of(today);
        if self.meta.first_month.as_ref().is_none_or(|m| *m > month) {
            self.meta.first_month = Some(month);
        }
        self.meta.schema = self.meta.schema.max(SCHEMA);
        self.meta.writer = super::Meta::default().writer;
        plan.writes.insert(META.to_owned(), self.meta_text());
        Some(plan)
    }

    /// A plan that leaves some events out, folded into one file of today.
    #[must_use]
    pub fn without(&self, today: NaiveDate, goes: impl Fn(&Event) -> bool) -> Plan {
        let mut plan = Plan::default();
        let mut kept: Vec<Line> = Vec::new();
        for (path, lines) in &self.files {
            join(
                &mut kept,
                lines
                    .iter()
                    .filter(|l| !l.event.as_ref().is_some_and(&goes))
                    .cloned(),
            );
            plan.deletes.push(path.clone());
        }
        let meta = super::Meta {
            schema: self.meta.schema,
            first_month: (!kept.is_empty()).then(|| month_of(today)),
            rest: self.meta.rest.clone(),
            ..super::Meta::default()
        };
        plan.writes.insert(META.to_owned(), text_of(&meta));
        if !kept.is_empty() {
            let path = day_path(today);
            plan.deletes.retain(|p| *p != path);
            plan.writes.insert(path, print(&kept));
        }
        plan
    }

    /// A plan that writes the bookkeeping alone.
    #[must_use]
    pub fn bookkeeping(&self) -> Plan {
        Plan {
            writes: BTreeMap::from([(META.to_owned(), self.meta_text())]),
            ..Plan::default()
        }
    }

    /// The bookkeeping as text.
    #[must_use]
    pub fn meta_text(&self) -> String {
        text_of(&self.meta)
    }

    /// Moves the lines of earlier days into the files of their months. Exact: every line survives, a revised one once.
    fn fold(&mut self, today: NaiveDate, plan: &mut Plan) {
        let past: Vec<(String, NaiveDate)> = self
            .files
            .keys()
            .filter_map(|path| Some((path.clone(), day_of(path)?)))
            .filter(|(_, day)| *day < today)
            .collect();
        for (path, day) in past {
            let target = month_path(&month_of(day));
            let Some(lines) = self.files.remove(&path) else {
                continue;
            };
            let month = self.files.entry(target.clone()).or_default();
            join(month, lines);
            plan.writes.insert(target, print(month));
            plan.deletes.push(path);
        }
    }
}

fn text_of(meta: &super::Meta) -> String {
    // A struct of strings and numbers always serialises.
    let mut text = serde_json::to_string_pretty(meta).unwrap_or_default();
    text.push('\n');
    text
}

/// Puts lines in; a revision takes the place of the line that it beats.
fn join(lines: &mut Vec<Line>, more: impl IntoIterator<Item = Line>) {
    let name = |line: &Line| {
        line.key().map_or_else(
            || ("", line.raw.clone()),
            |(kind, id)| (kind, id.to_owned()),
        )
    };
    let mut places: HashMap<(&'static str, String), usize> = lines
        .iter()
        .enumerate()
        .map(|(at, line)| (name(line), at))
        .collect();
    for line in more {
        match places.entry(name(&line)) {
            Entry::Vacant(slot) => {
                slot.insert(lines.len());
                lines.push(line);
            }
            Entry::Occupied(slot) => {
                let known = &mut lines[*slot.get()];
                if let (Some(new), Some(old)) = (&line.event, &known.event) {
                    let joined = old.join(new);
                    if new == old {
                        // One of them may carry a field that only a newer version knows.
                        let more = (line.raw.len(), &line.raw) > (known.raw.len(), &known.raw);
                        if more {
                            *known = line;
                        }
                    } else if joined == *new {
                        *known = line;
                    } else if joined != *old {
                        *known = Line::of(&joined);
                    }
                }
            }
        }
    }
}

pub(super) fn print(lines: &[Line]) -> String {
    let mut text = String::new();
    for line in lines {
        text.push_str(&line.raw);
        text.push('\n');
    }
    text
}
