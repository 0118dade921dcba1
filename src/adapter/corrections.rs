//! The reviewed file of corrections: what people say of deployments, as a state and not as a log (rule CF1).

use std::collections::{BTreeMap, BTreeSet, btree_map};

use serde::Deserialize;

use crate::config::{ShapeError, parse_yaml};
use crate::event::{Correction, Event, Events, Fact, Instant, Source, digest, parse_instant};

/// What stands in the file now.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Corrections {
    /// Judgements by the deployment that they name.
    words: BTreeMap<String, Word>,
    /// Events taken back, and why.
    retracted: BTreeMap<String, String>,
}

/// A judgement.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Word {
    failed: bool,
    fixed_by: Option<String>,
    at: Option<Instant>,
}

/// What is wrong with an entry, and what to do about it.
type Wrong = (String, Option<&'static str>);

/// What an entry says.
enum Said {
    Word(String, Word),
    Retraction(String, String),
}

/// One entry, as written.
#[derive(Debug, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
struct Entry {
    /// The deployment judged: its id, its page, its version, its commit, or the id or page of its workflow run.
    deployment: Option<Name>,
    /// true: it took effect and needed intervention. false: it did not.
    failed: Option<bool>,
    /// The deployment that repaired it, named in the same way; also `#12` for the pull request.
    fixed_by: Option<Name>,
    /// The id of an event that never should have been written.
    retract: Option<String>,
    /// Why; for those who review the file.
    why: Option<String>,
    /// When it was said; the latest word about a deployment counts. Default: when the entry is first read.
    at: Option<String>,
}

/// Ids of runs are numbers.
#[derive(Debug, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(untagged, expecting = "a text; a commit made of digits needs quotes")]
enum Name {
    Text(String),
    Number(u64),
}

impl Name {
    fn text(self) -> String {
        match self {
            Self::Text(text) => text.trim().to_owned(),
            Self::Number(number) => number.to_string(),
        }
    }
}

impl Entry {
    fn read(self) -> Result<Said, Wrong> {
        let wrong = |what: &str, help| Err((what.to_owned(), help));
        let why = self.why.as_deref().unwrap_or_default().trim().to_owned();
        if why.is_empty() {
            return wrong(
                "the entry has no `why`",
                Some("say it for those who review it"),
            );
        }
        match (self.deployment.map(Name::text), self.retract, self.failed) {
            (Some(deployment), None, _) if deployment.is_empty() => {
                wrong("`deployment` is empty", None)
            }
            (Some(_), None, None) => wrong("`failed` is missing", Some("say true or false")),
            (Some(deployment), None, Some(failed)) => {
                let at = self.at.as_deref().map(parse_instant).transpose();
                let word = Word {
                    failed,
                    fixed_by: self.fixed_by.map(Name::text),
                    at: at.map_err(|e| (format!("`at`: {e}"), None))?,
                };
                Ok(Said::Word(deployment, word))
            }
            (None, Some(event), None) if self.fixed_by.is_none() && self.at.is_none() => {
                Ok(Said::Retraction(event.trim().to_owned(), why))
            }
            _ => wrong(
                "the entry is neither a judgement nor a retraction",
                Some("write `deployment`, `failed` and `why`, or `retract` and `why`"),
            ),
        }
    }
}

impl Corrections {
    /// Reads the file; an empty one says nothing.
    ///
    /// # Errors
    /// When it is no list of entries, or an entry does not say what it is about: with the place, and a near match for a
    /// key that does not exist.
    pub fn parse(text: &str) -> Result<Self, ShapeError> {
        let mut found = Self::default();
        if text
            .lines()
            .all(|l| l.trim().is_empty() || l.trim_start().starts_with('#'))
        {
            return Ok(found);
        }
        let entries: Vec<Entry> = parse_yaml(text)?;
        for (n, entry) in entries.into_iter().enumerate() {
            let read = entry.read().and_then(|said| found.take(said));
            read.map_err(|(what, help)| ShapeError {
                place: place_of(text, n),
                what,
                help: help.map(str::to_owned),
            })?;
        }
        Ok(found)
    }

    fn take(&mut self, said: Said) -> Result<(), Wrong> {
        match said {
            Said::Word(deployment, word) => match self.words.entry(deployment) {
                btree_map::Entry::Occupied(known) => {
                    let what = format!("`{}` is judged twice", known.key());
                    return Err((what, Some("keep one of the entries")));
                }
                btree_map::Entry::Vacant(slot) => {
                    slot.insert(word);
                }
            },
            Said::Retraction(event, why) => {
                self.retracted.insert(event, why);
            }
        }
        Ok(())
    }

    /// What has to be stored so that the ledger says what the file says. Reading it again gives nothing; an entry that
    /// is gone is taken back.
    #[must_use]
    pub fn events(&self, known: &Events, now: Instant) -> Vec<Event> {
        let mut out = Vec::new();
        let mut written = BTreeSet::new();
        for (deployment, word) in &self.words {
            let id = format!("cor:{}", digest(deployment.as_bytes(), 8));
            let fact = Fact::DeploymentCorrected(Correction {
                deployment: deployment.clone(),
                pull: None,
                failed: word.failed,
                fixed_by: word.fixed_by.clone(),
            });
            let old = known.get(fact.kind(), &id);
            let same = |e: &Event| e.fact == fact && word.at.is_none_or(|at| e.time == at);
            if !old.is_some_and(same) {
                out.push(Event {
                    time: word.at.unwrap_or(now),
                    source: Source::CorrectionsFile,
                    updated: after(old, now),
                    id: id.clone(),
                    fact,
                });
            }
            written.insert(id);
        }
        let mut taken = self.retracted.clone();
        let gone = |e: &&Event| e.fact.kind() == "deployment.corrected" && !written.contains(&e.id);
        for old in ours(known).filter(gone) {
            let why = "no longer in the file".to_owned();
            taken.entry(old.id.clone()).or_insert(why);
        }
        // What was taken back by an entry that is gone counts again.
        for old in ours(known) {
            if let Fact::EventRetracted(retraction) = &old.fact
                && !retraction.event.is_empty()
                && !taken.contains_key(&retraction.event)
            {
                let at = after(Some(old), now);
                out.push(Event::retraction(
                    &retraction.event,
                    None,
                    Source::CorrectionsFile,
                    at,
                ));
            }
        }
        for (event, why) in &taken {
            let mut new = Event::retraction(event, Some(why), Source::CorrectionsFile, now);
            let old = known.get(new.fact.kind(), &new.id);
            if old.is_none_or(|old| old.fact != new.fact) {
                new.updated = after(old, now);
                out.push(new);
            }
        }
        out
    }
}

fn ours(known: &Events) -> impl Iterator<Item = &Event> {
    known.iter().filter(|e| e.source == Source::CorrectionsFile)
}

/// A revision that beats the known one, even where both fall on one tick of the clock.
fn after(old: Option<&Event>, now: Instant) -> Instant {
    let least = old.map(|old| old.updated + chrono::Duration::milliseconds(1));
    least.map_or(now, |least| now.max(least))
}

/// Where the entry with this number begins: entries of a list are indented alike.
fn place_of(text: &str, number: usize) -> Option<(usize, usize)> {
    let begins = |line: &str| line.trim_start().starts_with('-') && line.trim() != "---";
    let indent = |line: &str| line.len() - line.trim_start().len();
    let first = text.lines().find(|line| begins(line)).map(indent)?;
    let mut entries = text
        .lines()
        .enumerate()
        .filter(|(_, line)| begins(line) && indent(line) == first);
    entries.nth(number).map(|(n, _)| (n + 1, first + 1))
}

#[cfg(test)]
#[path = "corrections_tests.rs"]
mod tests;

#[cfg(test)]
mod schema {
    use super::Entry;

    #[test]
    fn the_schema_is_current() {
        let schema = schemars::schema_for!(Vec<Entry>);
        crate::config::published::is_current("corrections.schema.json", &schema);
    }
}
