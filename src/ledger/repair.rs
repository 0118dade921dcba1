//! Mending a broken ledger: what cannot be read is set aside, word for word; nothing is thrown away.

use std::collections::{BTreeMap, BTreeSet};

use chrono::NaiveDate;
use serde_json::json;

use super::plan::print;
use super::{ASIDE, Ledger, Line, MARKED, META, Plan, RETURNED, SCHEMA, TooNew, Unreadable, clean};
use crate::event::digest;

/// How a broken ledger is mended.
#[derive(Debug, Clone)]
pub struct Repair {
    /// What has to be written, in one commit or one pass over a folder.
    pub plan: Plan,
    /// The ledger as it will be; its bookkeeping may still be completed before [`Repair::finish`].
    pub ledger: Ledger,
    /// What is set aside, and where it stood.
    pub aside: Vec<Unreadable>,
}

/// Where a repair puts what it could not read: JSON Lines of `file`, `line`, `what` and `text`, with `last` where the
/// text is of many lines. The name tells the
/// content, so that no repair overwrites what an earlier one set aside.
#[must_use]
pub fn aside_path(day: NaiveDate, text: &str) -> String {
    format!("{ASIDE}{day}-{}.jsonl", digest(text.as_bytes(), 4))
}

/// How the ledger in these files is mended; `None` when nothing is broken. What was only re-encoded is written anew, and
/// a file without a line that can be read goes.
///
/// # Errors
/// When a newer version wrote it: what looks broken may only be new.
pub fn repair(
    files: &BTreeMap<String, String>,
    today: NaiveDate,
) -> Result<Option<Repair>, TooNew> {
    let mut ledger = Ledger::read(files, None)?;
    let has_meta = files.contains_key(META);
    if ledger.is_writable() && (has_meta || ledger.files.is_empty()) {
        return Ok(None);
    }
    let meta = files.get(META).map_or("", String::as_str);
    let (found, known) = (newest(meta).max(ledger.meta.schema), SCHEMA);
    if found > known {
        return Err(TooNew { found, known });
    }
    let broken = std::mem::take(&mut ledger.unreadable);
    let paths: BTreeSet<&String> = broken.iter().map(|broken| &broken.file).collect();
    let mut plan = Plan::default();
    for path in paths.into_iter().filter(|path| *path != META) {
        let lines = ledger
            .files
            .get(path)
            .map_or_else(String::new, |l| print(l));
        if lines.is_empty() {
            ledger.files.remove(path);
            plan.deletes.push(path.clone());
        } else {
            plan.writes.insert(path.clone(), lines);
        }
    }
    let lost_meta = !has_meta || broken.iter().any(|b| b.file == META && !b.is_encoding());
    let aside: Vec<Unreadable> = broken.into_iter().filter(|b| !b.is_encoding()).collect();
    let records = records(files, &aside);
    if !records.is_empty() {
        plan.writes.insert(aside_path(today, &records), records);
    }
    if lost_meta {
        ledger.rebuild_meta();
    }
    Ok(Some(Repair {
        plan,
        ledger,
        aside,
    }))
}

/// The newest layout that bookkeeping speaks of, whatever else became of it.
fn newest(meta: &str) -> u32 {
    let numbers = ["\"schema\"", "\"min_reader\""]
        .into_iter()
        .flat_map(|key| {
            meta.split(key).skip(1).filter_map(|rest| {
                let rest = rest.trim_start().strip_prefix(':')?.trim_start();
                let end = rest.find(|c: char| !c.is_ascii_digit());
                rest[..end.unwrap_or(rest.len())].parse::<u32>().ok()
            })
        });
    numbers.max().unwrap_or(0)
}

/// What is set aside, word for word. Every file is split once: all of its lines may be broken.
fn records(files: &BTreeMap<String, String>, aside: &[Unreadable]) -> String {
    let mut lines: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    let mut out = String::new();
    for broken in aside {
        let whole = files.get(&broken.file).map_or("", String::as_str);
        let line = broken.line.checked_sub(1);
        // Bookkeeping is one document; a line of it alone would mean nothing.
        let text = match line.filter(|_| broken.file != META) {
            None => whole.to_owned(),
            Some(line) => {
                let all = lines.entry(&broken.file);
                let all = all.or_insert_with(|| whole.split('\n').collect());
                let of = all.get(line..broken.last).unwrap_or_default();
                let unread = of.iter().map(|raw| clean(raw));
                let unread =
                    unread.filter(|raw| !raw.trim().is_empty() && Line::read(raw).is_err());
                unread.collect::<Vec<_>>().join("\n")
            }
        };
        let mut record = json!({
            "file": broken.file, "line": broken.line, "what": broken.what, "text": text,
        });
        if broken.last != broken.line {
            record["last"] = broken.last.into();
        }
        out.push_str(&record.to_string());
        out.push('\n');
    }
    out
}

impl Unreadable {
    /// Every line is understood: there is nothing to set aside.
    fn is_encoding(&self) -> bool {
        self.what == MARKED || self.what == RETURNED
    }
}

impl Ledger {
    /// What of the bookkeeping the lines themselves tell. Where a collection was to go on is lost: it begins again.
    fn rebuild_meta(&mut self) {
        self.meta.first_month = self.oldest_month();
        let deployments = self
            .events
            .iter()
            .filter(|event| event.fact.as_deployment().is_some());
        self.meta.history_since = deployments.map(|event| event.time).min();
        self.events.history_since = self.meta.history_since;
    }
}

impl Repair {
    /// The plan with the bookkeeping as it is now.
    #[must_use]
    pub fn finish(mut self) -> Plan {
        let text = self.ledger.meta_text();
        self.plan.writes.insert(META.to_owned(), text);
        self.plan
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::event::{Deployment, Event, Fact, Outcome, Source, parse_instant};

    fn line(id: &str, at: &str) -> String {
        let time = parse_instant(at).unwrap();
        let event = Event {
            id: id.to_owned(),
            time,
            source: Source::Manual,
            updated: time,
            fact: Fact::Deployment(Deployment {
                environment: "production".to_owned(),
                outcome: Outcome::Success,
                finished_at: Some(time),
                ..Deployment::default()
            }),
        };
        serde_json::to_string(&event).unwrap()
    }

    fn today() -> NaiveDate {
        NaiveDate::from_ymd_opt(2026, 3, 4).unwrap()
    }

    fn after(files: &BTreeMap<String, String>, plan: &Plan) -> BTreeMap<String, String> {
        let mut files = files.clone();
        files.extend(plan.writes.clone());
        files.retain(|path, _| !plan.deletes.contains(path));
        files
    }

    fn aside(files: &BTreeMap<String, String>) -> &str {
        let found = files
            .iter()
            .find(|(path, _)| path.starts_with("ledger/aside/"));
        found.unwrap().1
    }

    #[test]
    fn both_sides_of_a_merge_conflict_survive_and_nothing_is_thrown_away() {
        let (a, b) = (
            line("man:a", "2026-03-01T10:00:00Z"),
            line("man:b", "2026-03-02T10:00:00Z"),
        );
        let cut = &line("man:c", "2026-03-03T10:00:00Z")[..40];
        let shard = "ledger/events/2026/03/03.jsonl";
        let text = format!("<<<<<<< ours\n{a}\n=======\n{b}\n>>>>>>> theirs\n{cut}");
        let files = BTreeMap::from([(shard.to_owned(), text.clone())]);
        let found = repair(&files, today()).unwrap().unwrap();
        assert_eq!(found.aside.len(), 4);
        let mended = after(&files, &found.finish());
        let ledger = Ledger::read(&mended, None).unwrap();
        assert!(ledger.is_writable());
        assert_eq!(ledger.events.len(), 2);
        assert_eq!(mended[shard], format!("{a}\n{b}\n"));
        for gone in text.lines().filter(|l| *l != a && *l != b) {
            let text = serde_json::to_string(gone).unwrap();
            assert!(aside(&mended).contains(&text), "{gone}");
        }
        assert!(repair(&mended, today()).unwrap().is_none());
    }

    #[test]
    fn of_very_many_broken_lines_the_last_entry_is_of_all_the_others() {
        let good = line("man:a", "2026-03-01T10:00:00Z");
        let noise = |from: usize, to: usize| -> String {
            let lines: Vec<String> = (from..to).map(|n| format!("noise {n}")).collect();
            format!("{}\n", lines.join("\n"))
        };
        let shard = "ledger/events/2026/03/03.jsonl";
        let text = format!("{}{good}\n\n{}", noise(0, 1_500), noise(1_500, 3_000));
        let files = BTreeMap::from([(shard.to_owned(), text)]);
        let found = repair(&files, today()).unwrap().unwrap();
        assert_eq!(found.aside.len(), 1_000);
        let last = found.aside.last().unwrap().to_string();
        assert!(last.contains(":1000–3002: "), "{last}");
        let mended = after(&files, &found.finish());
        assert_eq!(mended[shard], format!("{good}\n"));
        let texts = aside(&mended).lines().map(|record| {
            let record: serde_json::Value = serde_json::from_str(record).unwrap();
            format!("{}\n", record["text"].as_str().unwrap())
        });
        assert_eq!(texts.collect::<String>(), noise(0, 3_000));
    }

    #[test]
    fn lost_bookkeeping_is_told_from_the_lines() {
        let files = BTreeMap::from([
            (META.to_owned(), "{\"schema\": 1, \"min_rea".to_owned()),
            (
                "ledger/months/2026-01.jsonl".to_owned(),
                line("man:a", "2026-01-05T10:00:00Z"),
            ),
            (
                "ledger/events/2026/03/03.jsonl".to_owned(),
                line("man:b", "2026-03-03T10:00:00Z"),
            ),
        ]);
        let found = repair(&files, today()).unwrap().unwrap();
        let mended = after(&files, &found.finish());
        let ledger = Ledger::read(&mended, None).unwrap();
        assert!(ledger.is_writable());
        assert_eq!(ledger.meta.first_month.as_deref(), Some("2026-01"));
        let since = ledger.meta.history_since.unwrap();
        assert_eq!(since, parse_instant("2026-01-05T10:00:00Z").unwrap());
        assert!(aside(&mended).contains("min_rea"));
    }

    #[test]
    fn a_whole_ledger_and_a_newer_one_are_left_alone() {
        assert!(repair(&BTreeMap::new(), today()).unwrap().is_none());
        let newer = "{\"schema\": 9, \"min_reader\": 9, \"writer\": \"x\"}";
        let files = BTreeMap::from([
            (META.to_owned(), newer.to_owned()),
            (
                "ledger/months/2026-01.jsonl".to_owned(),
                "broken".to_owned(),
            ),
        ]);
        assert!(repair(&files, today()).is_err());
    }

    #[test]
    fn bookkeeping_of_a_newer_layout_is_not_rebuilt_as_ours() {
        for meta in [
            "{\"schema\": 2, \"min_rea",
            "<<<<<<< a\n{\"schema\": 1}\n=======\n{\"schema\" :1, \"min_reader\": 3}\n>>>>>>> b\n",
        ] {
            let files = BTreeMap::from([(META.to_owned(), meta.to_owned())]);
            assert!(repair(&files, today()).is_err(), "{meta}");
        }
        let cut = BTreeMap::from([(META.to_owned(), "{\"schema\": ".to_owned())]);
        assert!(repair(&cut, today()).unwrap().is_some());
    }

    #[test]
    fn a_second_repair_of_a_day_leaves_the_first_alone() {
        let month = "ledger/months/2026-01.jsonl";
        let mend = |text: &str| {
            let files = BTreeMap::from([(month.to_owned(), text.to_owned())]);
            repair(&files, today()).unwrap().unwrap().finish()
        };
        let (first, second) = (mend("broken\n"), mend("broken too\n"));
        assert_eq!(first.deletes, [month], "no empty file stays");
        let both: BTreeMap<_, _> = first.writes.iter().chain(&second.writes).collect();
        assert_eq!(both.len(), 3, "{both:?}");
    }
}
