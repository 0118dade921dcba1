//! Events at rest: a set union of lines, the same on the metrics branch and in `.dora/`.
//!
//! Lines are sharded by the day they were taken in, so that a run only ever touches today's file; the first
//! writer of a day folds earlier days into their month, line by line, and deletes them. A month is the month of
//! taking in, too: nothing is taken in before it happened, so the months since a window's start hold every event
//! of the window, and a closed month is never rewritten.

mod branch;
mod folder;
mod line;
mod plan;
mod repair;

use std::collections::BTreeMap;

use chrono::{Datelike as _, NaiveDate};
use serde::{Deserialize, Serialize};

use crate::event::{Events, Instant};

pub use branch::{Branch, Loaded, Reading, first_day};
pub use folder::{Folder, FolderError};
pub use line::Line;
pub use plan::{Plan, Step};
pub use repair::{Repair, aside_path, repair};

/// The layout that this version writes.
pub const SCHEMA: u32 = 1;
/// Where a repair puts what it could not read.
const ASIDE: &str = "ledger/aside/";
/// What is wrong with a file that something else has written over.
const MARKED: &str = "re-encoded: it begins with a byte order mark";
/// Lines of a file that are named one by one; a file of nothing but noise costs no more memory than itself.
const NAMED: usize = 1_000;
const RETURNED: &str = "re-encoded: lines end with a carriage return";

/// Bookkeeping beside the lines: what cannot be told from the end of the history alone.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Meta {
    /// Newest layout that stands in the ledger; it never goes down.
    pub schema: u32,
    /// Oldest layout that a reader must know to read, and to write, without harm.
    pub min_reader: u32,
    /// Who wrote last.
    pub writer: String,
    /// Where the collected history begins.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub history_since: Option<Instant>,
    /// Head of the production branch, as last seen.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub head: Option<String>,
    /// Where an unfinished first collection goes on.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub resume: Option<String>,
    /// How far each other source has been read, by its name: `all`, or where an unfinished collection goes on.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub places: BTreeMap<String, String>,
    /// Month of the first line, `YYYY-MM`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub first_month: Option<String>,
    /// First deployment of each service.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub baselines: BTreeMap<String, String>,
    /// What a newer writer of the same layout keeps here.
    #[serde(flatten)]
    pub rest: serde_json::Map<String, serde_json::Value>,
}

impl Default for Meta {
    fn default() -> Self {
        Self {
            schema: SCHEMA,
            min_reader: 1,
            writer: concat!("fivekeys ", env!("CARGO_PKG_VERSION")).to_owned(),
            history_since: None,
            head: None,
            resume: None,
            places: BTreeMap::new(),
            first_month: None,
            baselines: BTreeMap::new(),
            rest: serde_json::Map::new(),
        }
    }
}

/// A line that is no event, or a file that is none of ours.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{file}{}: {what}", self.place())]
pub struct Unreadable {
    /// Path in the ledger.
    pub file: String,
    /// From 1; 0 for the file as a whole.
    pub line: usize,
    /// The same line. Of a file with very many, the last entry is of all the others, up to this line.
    pub last: usize,
    /// How many lines are broken; 1 for the file as a whole.
    pub count: usize,
    /// What is wrong.
    pub what: String,
}

impl Unreadable {
    /// How many places all of these are.
    #[must_use]
    pub fn places(all: &[Self]) -> usize {
        all.iter().map(|broken| broken.count).sum()
    }

    fn place(&self) -> String {
        match (self.line, self.last) {
            (0, _) => String::new(),
            (line, last) if line == last => format!(":{line}"),
            (line, last) => format!(":{line}–{last}"),
        }
    }
}

/// A ledger that this version must not touch.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the ledger has layout {found}, this fivekeys knows {known}")]
pub struct TooNew {
    /// Layout found.
    pub found: u32,
    /// Layout known.
    pub known: u32,
}

/// A ledger as read: its events, and the files they stand in.
#[derive(Debug, Clone, Default)]
pub struct Ledger {
    /// The union of all lines.
    pub events: Events,
    /// Its bookkeeping.
    pub meta: Meta,
    /// Lines of each file that was read.
    files: BTreeMap<String, Vec<Line>>,
    /// Anything here makes the ledger read-only: what cannot be read is never overwritten.
    pub unreadable: Vec<Unreadable>,
}

/// `ledger/meta.json`.
pub const META: &str = "ledger/meta.json";

/// Path of a day's shard.
#[must_use]
pub fn day_path(day: NaiveDate) -> String {
    day.format("ledger/events/%Y/%m/%d.jsonl").to_string()
}

/// Path of a month's file; `month` is `YYYY-MM`.
#[must_use]
pub fn month_path(month: &str) -> String {
    format!("ledger/months/{month}.jsonl")
}

/// The month of a day, `YYYY-MM`.
#[must_use]
pub fn month_of(day: NaiveDate) -> String {
    day.format("%Y-%m").to_string()
}

/// Months from the one of `since` to the one of `now`, oldest first.
#[must_use]
pub fn months_between(since: NaiveDate, now: NaiveDate) -> Vec<String> {
    let mut out = Vec::new();
    let mut at = since.with_day(1).unwrap_or(since);
    while at <= now && out.len() < 1200 {
        out.push(month_of(at));
        at = at + chrono::Months::new(1);
    }
    out
}

/// The day of a day shard's path, written as we write it.
fn day_of(path: &str) -> Option<NaiveDate> {
    let name = path
        .strip_prefix("ledger/events/")?
        .strip_suffix(".jsonl")?;
    let day = NaiveDate::parse_from_str(name, "%Y/%m/%d").ok()?;
    (day_path(day) == path).then_some(day)
}

/// The month of a month file's path, written as we write it.
fn month_file(path: &str) -> Option<&str> {
    let month = path
        .strip_prefix("ledger/months/")?
        .strip_suffix(".jsonl")?;
    let first: NaiveDate = format!("{month}-01").parse().ok()?;
    (month_of(first) == month).then_some(month)
}

/// A file among the lines that holds none of ours: whatever stands in it would be passed over in silence.
fn is_foreign(path: &str) -> bool {
    let among = path.starts_with("ledger/events/") || path.starts_with("ledger/months/");
    among && day_of(path).is_none() && month_file(path).is_none()
}

/// A line as we would have written it: without the marks that an editor, a checkout or a shell put on it.
fn clean(raw: &str) -> &str {
    raw.trim_start_matches('\u{feff}').trim_end_matches('\r')
}

/// What of the bookkeeping every version can read, whatever becomes of the rest.
#[derive(Deserialize)]
struct Layout {
    schema: u32,
    min_reader: u32,
}

impl Ledger {
    /// Reads files by path. `loaded_since` is the first month that was asked for; `None` when all were read.
    ///
    /// # Errors
    /// When it asks for a reader of a newer layout than ours.
    pub fn read(
        files: &BTreeMap<String, String>,
        loaded_since: Option<&str>,
    ) -> Result<Self, TooNew> {
        let mut ledger = Self::default();
        if let Some(text) = files.get(META) {
            ledger.read_meta(text)?;
        }
        for (path, text) in files {
            if day_of(path).is_some() || month_file(path).is_some() {
                ledger.take_in(path, text);
            } else if is_foreign(path) && ledger.meta.schema <= SCHEMA {
                ledger.mark(path, 0, "no file of the ledger");
            }
        }
        if !files.contains_key(META) {
            ledger.meta.first_month = ledger.oldest_month();
        }
        let cut = match (loaded_since, &ledger.meta.first_month) {
            (Some(loaded), Some(first)) => first.as_str() < loaded,
            _ => false,
        };
        ledger.events.baselines = cut.then(|| ledger.meta.baselines.clone());
        ledger.events.history_since = ledger.meta.history_since;
        ledger.events.head.clone_from(&ledger.meta.head);
        Ok(ledger)
    }

    fn read_meta(&mut self, text: &str) -> Result<(), TooNew> {
        if let Ok(layout) = serde_json::from_str::<Layout>(clean(text))
            && layout.min_reader > SCHEMA
        {
            let found = layout.schema.max(layout.min_reader);
            return Err(TooNew {
                found,
                known: SCHEMA,
            });
        }
        match serde_json::from_str(clean(text)) {
            Ok(meta) => self.meta = meta,
            Err(e) => self.mark(META, e.line(), "not the ledger's bookkeeping"),
        }
        if self.is_writable() {
            self.mark_encoding(META, text);
        }
        Ok(())
    }

    fn take_in(&mut self, path: &str, text: &str) {
        let mut lines = Vec::new();
        let before = self.unreadable.len();
        for (number, raw) in text.split('\n').enumerate() {
            let raw = clean(raw);
            if raw.trim().is_empty() {
                continue;
            }
            match Line::read(raw) {
                Ok(line) => {
                    if let Some(event) = &line.event {
                        self.events.insert(event.clone());
                    }
                    lines.push(line);
                }
                Err(what) if self.unreadable.len() < before + NAMED => {
                    self.mark(path, number + 1, &what);
                }
                Err(_) => self.widen(number + 1),
            }
        }
        self.mark_encoding(path, text);
        // We write no such file: it was cut, and what it held is not known.
        if lines.is_empty() && self.unreadable.len() == before {
            self.mark(path, 0, "empty");
        }
        self.files.insert(path.to_owned(), lines);
    }

    /// From here on it is read-only.
    fn mark(&mut self, file: &str, line: usize, what: &str) {
        self.unreadable.push(Unreadable {
            file: file.to_owned(),
            line,
            last: line,
            count: 1,
            what: what.to_owned(),
        });
    }

    fn widen(&mut self, line: usize) {
        if let Some(named) = self.unreadable.last_mut() {
            named.last = line;
            named.count += 1;
        }
    }

    /// Its lines are understood all the same; whoever wrote them over may write them again.
    fn mark_encoding(&mut self, file: &str, text: &str) {
        let mut lines = text.split('\n').enumerate();
        if let Some((number, raw)) = lines.find(|(_, raw)| clean(raw).len() < raw.len()) {
            let mark = raw.starts_with('\u{feff}');
            let what = if mark { MARKED } else { RETURNED };
            self.mark(file, number + 1, what);
        }
    }

    fn oldest_month(&self) -> Option<String> {
        let months = self.files.keys().filter_map(|path| {
            let folded = month_file(path).map(str::to_owned);
            folded.or_else(|| day_of(path).map(month_of))
        });
        months.min()
    }

    /// Whether it may be written: everything that was read was understood.
    #[must_use]
    pub fn is_writable(&self) -> bool {
        self.unreadable.is_empty()
    }
}

#[cfg(test)]
mod tests;
