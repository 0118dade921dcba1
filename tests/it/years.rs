//! The ledger over years: folding is exact, closed months are closed, and a run may die anywhere.

use std::collections::{BTreeMap, BTreeSet};

use chrono::{DateTime, Days, NaiveDate};
use fivekeys::event::{Event, Events, Fact, Incident, Source};
use fivekeys::ledger::{Ledger, META, Plan, Step, month_of, month_path, months_between};
use proptest::prelude::*;

type Files = BTreeMap<String, String>;

/// What arrives on one day: how many days after the one before, and which revisions of which incidents.
type Batch = (u64, Vec<(u32, i64)>);

/// 2024-11-20: years and leap days follow.
fn first_day() -> NaiveDate {
    NaiveDate::from_ymd_opt(2024, 11, 20).unwrap()
}

fn incident((id, revision): (u32, i64)) -> Event {
    let opened_at = DateTime::from_timestamp(1_700_000_000 + i64::from(id) * 3_600, 0).unwrap();
    let updated = opened_at + chrono::Duration::days(revision);
    Event {
        id: format!("inc:{id}"),
        time: opened_at,
        source: Source::Manual,
        updated,
        fact: Fact::Incident(Incident {
            opened_at,
            resolved_at: (revision % 3 == 2).then_some(updated),
            service: None,
            causes: Vec::new(),
            fixed_by: None,
            title: Some(format!("Revision {revision}")),
        }),
    }
}

fn batches() -> impl Strategy<Value = Vec<Batch>> {
    let gap = prop_oneof![6 => Just(1_u64), 3 => Just(0), 2 => 2..9_u64, 1 => 20..400_u64];
    let facts = prop::collection::vec((0..40_u32, 0..6_i64), 1..6);
    prop::collection::vec((gap, facts), 1..60)
}

fn carry_out(files: &mut Files, plan: &Plan, steps: usize) {
    for step in plan.steps().into_iter().take(steps) {
        match step {
            Step::Write(path, text) => files.insert(path.to_owned(), text.to_owned()),
            Step::Delete(path) => files.remove(path),
        };
    }
}

/// What a run of the action reads: bookkeeping, the shards, their months, and the months of half a year.
fn recent(files: &Files, today: NaiveDate) -> (Files, String) {
    let months = months_between(today - Days::new(181), today);
    let since = months[0].clone();
    let mut wanted: BTreeSet<String> = months.iter().map(|month| month_path(month)).collect();
    for path in files.keys().filter(|path| path.contains("/events/")) {
        wanted.insert(path.clone());
        let day = path.trim_start_matches("ledger/events/");
        wanted.insert(month_path(&day[..7].replace('/', "-")));
    }
    wanted.insert(META.to_owned());
    let read = files.iter().filter(|(path, _)| wanted.contains(*path));
    let read = read.map(|(path, text)| (path.clone(), text.clone()));
    (read.collect(), since)
}

fn plan(files: &Files, facts: &[(u32, i64)], today: NaiveDate, all: bool) -> Option<Plan> {
    let facts: Vec<Event> = facts.iter().copied().map(incident).collect();
    let mut ledger = if all {
        Ledger::read(files, None).unwrap()
    } else {
        let (files, since) = recent(files, today);
        Ledger::read(&files, Some(&since)).unwrap()
    };
    assert!(ledger.is_writable(), "{:?}", ledger.unreadable);
    ledger.append(&facts, today)
}

fn events(files: &Files) -> Vec<Event> {
    let ledger = Ledger::read(files, None).unwrap();
    ledger.events.iter().cloned().collect()
}

/// The union, whatever the ledger does.
fn union<'b>(batches: impl IntoIterator<Item = &'b Batch>) -> Vec<Event> {
    let facts = batches.into_iter().flat_map(|(_, facts)| facts);
    let all: Events = facts.copied().map(incident).collect();
    all.iter().cloned().collect()
}

/// The files after all batches, and whether a month that was over and folded ever changed.
fn live(batches: &[Batch], all: bool) -> Files {
    let (mut files, mut today) = (Files::new(), first_day());
    let mut closed = Files::new();
    for (gap, facts) in batches {
        today = today + Days::new(*gap);
        if let Some(plan) = plan(&files, facts, today, all) {
            carry_out(&mut files, &plan, usize::MAX);
            let shards: Vec<&String> = files.keys().filter(|p| p.contains("/events/")).collect();
            assert_eq!(shards.len(), 1, "one day is open: {shards:?}");
        }
        for (path, text) in &closed {
            assert_eq!(files.get(path), Some(text), "{path} was closed");
        }
        let open = month_path(&month_of(today));
        let over = files
            .iter()
            .filter(|(p, _)| p.contains("/months/") && **p < open);
        // Only once its last day is folded is a month over.
        let folded = !files
            .keys()
            .any(|p| p.contains("/events/") && !p.contains(&today.format("%Y/%m").to_string()));
        closed.extend(over.filter(|_| folded).map(|(p, t)| (p.clone(), t.clone())));
    }
    files
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 96, ..ProptestConfig::default() })]

    #[test]
    fn years_of_folding_keep_every_event_once(batches in batches(), all in any::<bool>()) {
        let files = live(&batches, all);
        prop_assert_eq!(events(&files), union(&batches));
        for (path, text) in files.iter().filter(|(path, _)| path.contains("/months/")) {
            let mut ids: Vec<&str> = text.lines().map(|l| &l[..14]).collect();
            let count = ids.len();
            ids.sort_unstable();
            ids.dedup();
            prop_assert_eq!(ids.len(), count, "{}", path);
        }
        prop_assert_eq!(live(&batches, all), files, "the same story gives the same bytes");
    }

    #[test]
    fn the_order_of_arrival_changes_no_event(batches in batches(), seed in any::<u64>()) {
        let mut facts: Vec<(u32, i64)> = batches.iter().flat_map(|(_, f)| f.clone()).collect();
        let len = facts.len() as u64;
        for n in (1..facts.len()).rev() {
            let other = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(n as u64 * 7_919) % (n as u64 + 1);
            facts.swap(n, usize::try_from(other.min(len)).unwrap());
        }
        let mut facts = facts.into_iter();
        let other: Vec<Batch> = batches
            .iter()
            .map(|(gap, f)| (*gap, facts.by_ref().take(f.len()).collect()))
            .collect();
        prop_assert_eq!(events(&live(&other, true)), union(&batches));
    }

    #[test]
    fn a_run_that_dies_between_two_steps_loses_nothing(batches in batches(), cuts in prop::collection::vec(0..8_usize, 60)) {
        let (mut files, mut today) = (Files::new(), first_day());
        let mut sure: Vec<&Batch> = Vec::new();
        for (batch, cut) in batches.iter().zip(cuts) {
            today = today + Days::new(batch.0);
            let Some(plan) = plan(&files, &batch.1, today, true) else {
                sure.push(batch);
                continue;
            };
            carry_out(&mut files, &plan, cut);
            // Dead or not, everything that was there is there.
            let now: Events = events(&files).into_iter().collect();
            for event in union(sure.iter().copied()) {
                prop_assert!(now.knows(&event), "{} after {cut} steps", event.id);
            }
            if cut >= plan.steps().len() {
                sure.push(batch);
            }
        }
        // The next run of a day that has nobody dying closes what was left open.
        for (_, facts) in &batches {
            if let Some(plan) = plan(&files, facts, today + Days::new(1), true) {
                carry_out(&mut files, &plan, usize::MAX);
            }
        }
        prop_assert_eq!(events(&files), union(&batches));
    }
}

#[test]
fn idle_days_and_years_fold_as_one() {
    let story = |gaps: [u64; 4]| {
        let batch = |(n, gap): (usize, u64)| (gap, vec![(u32::try_from(n).unwrap(), 0)]);
        live(
            &gaps.into_iter().enumerate().map(batch).collect::<Vec<_>>(),
            true,
        )
    };
    let files = story([0, 3, 800, 1]);
    let paths: Vec<&str> = files.keys().map(String::as_str).collect();
    assert_eq!(
        paths,
        [
            "ledger/events/2027/02/02.jsonl",
            META,
            "ledger/months/2024-11.jsonl",
            "ledger/months/2027-02.jsonl",
        ]
    );
    assert_eq!(files["ledger/months/2024-11.jsonl"].lines().count(), 2);
}

#[test]
fn a_run_that_began_before_midnight_writes_after_the_fold_and_nothing_is_lost() {
    let eve = NaiveDate::from_ymd_opt(2026, 3, 31).unwrap();
    let (next, after) = (eve + Days::new(1), eve + Days::new(2));
    let mut files = Files::new();
    for (fact, today) in [
        ((1, 0), eve),
        ((2, 0), next),
        ((3, 0), eve),
        ((4, 0), next),
        ((5, 0), after),
    ] {
        let plan = plan(&files, &[fact], today, false).unwrap();
        carry_out(&mut files, &plan, usize::MAX);
    }
    assert_eq!(events(&files).len(), 5);
    let lines = |path: &str| files[path].lines().count();
    assert_eq!(lines("ledger/months/2026-03.jsonl"), 2);
    assert_eq!(lines("ledger/months/2026-04.jsonl"), 2);
    assert_eq!(lines("ledger/events/2026/04/02.jsonl"), 1);
}
