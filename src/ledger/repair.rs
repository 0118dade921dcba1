//! Mending a broken ledger: what cannot be read is set aside, word for word; nothing is thrown away.

use std::collections::BTreeMap;

use chrono::NaiveDate;
use serde_json::json;

use super::plan::print;
use super::{Ledger, META, Plan, TooNew, Unreadable, day_of, month_file, month_of};
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

/// Where a repair puts what it could not read: JSON Lines of `file`, `line`, `what` and `text`. The name tells the
/// content, so that no repair overwrites what an earlier one set aside.
#[must_use]
pub fn aside_path(day: NaiveDate, text: &str) -> String {
    format!("ledger/aside/{day}-{}.jsonl", digest(text.as_bytes(), 4))
}

/// How the ledger in these files is mended; `None` when nothing is broken.
///
/// # Errors
/// When a newer version wrote it: what looks broken may only be new.
pub fn repair(
    files: &BTreeMap<String, String>,
    today: NaiveDate,
) -> Result<Option<Repair>, TooNew> {
    let mut ledger = Ledger::read(files, None)?;
    if ledger.is_writable() {
        return Ok(None);
    }
    let aside = std::mem::take(&mut ledger.unreadable);
    let mut kept_aside = String::new();
    let mut plan = Plan::default();
    let mut lines: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    for broken in &aside {
        let whole = files.get(&broken.file).map_or("", String::as_str);
        // Bookkeeping is one document; a line of it alone would mean nothing.
        let text = if broken.file == META {
            whole
        } else {
            let all = lines
                .entry(&broken.file)
                .or_insert_with(|| whole.lines().collect());
            all.get(broken.line.saturating_sub(1)).unwrap_or(&"")
        };
        let record = json!({
            "file": broken.file, "line": broken.line, "what": broken.what, "text": text,
        });
        kept_aside.push_str(&record.to_string());
        kept_aside.push('\n');
    }
    for file in lines.into_keys() {
        if let Some(lines) = ledger.files.get(file) {
            plan.writes.insert(file.to_owned(), print(lines));
        }
    }
    plan.writes
        .insert(aside_path(today, &kept_aside), kept_aside);
    if aside.iter().any(|broken| broken.file == META) {
        ledger.rebuild_meta();
    }
    Ok(Some(Repair {
        plan,
        ledger,
        aside,
    }))
}

impl Ledger {
    /// What of the bookkeeping the lines themselves tell. Where a collection was to go on is lost: it begins again.
    fn rebuild_meta(&mut self) {
        let months = self
            .files
            .keys()
            .filter_map(|path| month_file(path).map(str::to_owned))
            .chain(self.files.keys().filter_map(|p| day_of(p)).map(month_of));
        self.meta.first_month = months.min();
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
    fn a_second_repair_of_a_day_leaves_the_first_alone() {
        let month = "ledger/months/2026-01.jsonl";
        let mend = |text: &str| {
            let files = BTreeMap::from([(month.to_owned(), text.to_owned())]);
            repair(&files, today()).unwrap().unwrap().finish()
        };
        let (first, second) = (mend("broken\n"), mend("broken too\n"));
        assert_eq!(first.writes[month], "");
        let both: BTreeMap<_, _> = first.writes.iter().chain(&second.writes).collect();
        assert_eq!(both.len(), 4, "{both:?}");
    }
}
