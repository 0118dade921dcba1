//! The ledger's own laws, in small.

use std::collections::BTreeMap;

use super::*;
use crate::event::{Event, Fact, Incident, Source, parse_instant};

fn incident(id: &str, at: &str, resolved: Option<&str>) -> Event {
    let opened_at = parse_instant(at).unwrap();
    let resolved_at = resolved.map(|r| parse_instant(r).unwrap());
    Event {
        id: id.to_owned(),
        time: opened_at,
        source: Source::Manual,
        updated: resolved_at.unwrap_or(opened_at),
        fact: Fact::Incident(Incident {
            opened_at,
            resolved_at,
            service: None,
            causes: Vec::new(),
            fixed_by: None,
            title: None,
        }),
    }
}

fn day(text: &str) -> NaiveDate {
    text.parse().unwrap()
}

fn apply(files: &mut BTreeMap<String, String>, plan: Plan) {
    files.extend(plan.writes);
    for path in plan.deletes {
        files.remove(&path);
    }
}

#[test]
fn taking_in_twice_is_taking_in_once() {
    let mut ledger = Ledger::default();
    let event = incident("inc:1", "2026-03-02T10:00:00Z", None);
    assert!(
        ledger
            .append(std::slice::from_ref(&event), day("2026-03-02"))
            .is_some()
    );
    assert!(ledger.append(&[event], day("2026-03-03")).is_none());
}

#[test]
fn a_revision_of_today_takes_the_place_of_its_line_and_a_new_day_folds_the_old_one() {
    let mut files = BTreeMap::new();
    let open = incident("inc:1", "2026-03-02T10:00:00Z", None);
    let closed = incident(
        "inc:1",
        "2026-03-02T10:00:00Z",
        Some("2026-03-02T11:00:00Z"),
    );
    let other = incident("inc:2", "2026-03-03T10:00:00Z", None);
    for (event, on) in [
        (&open, "2026-03-02"),
        (&closed, "2026-03-02"),
        (&other, "2026-03-03"),
    ] {
        let mut ledger = Ledger::read(&files, None).unwrap();
        let plan = ledger.append(std::slice::from_ref(event), day(on)).unwrap();
        apply(&mut files, plan);
    }
    assert_eq!(
        files.keys().map(String::as_str).collect::<Vec<_>>(),
        [
            "ledger/events/2026/03/03.jsonl",
            META,
            "ledger/months/2026-03.jsonl"
        ]
    );
    assert_eq!(files["ledger/months/2026-03.jsonl"].lines().count(), 1);
    let ledger = Ledger::read(&files, None).unwrap();
    assert_eq!(ledger.events.get("incident", "inc:1"), Some(&closed));
    assert_eq!(ledger.events.len(), 2);
}

#[test]
fn a_newer_fact_survives_an_older_writer_byte_by_byte() {
    let newer = r#"{"id":"x:1","time":"2026-03-02T10:00:00Z","fact":{"telepathy":{"of":"acme"}},"extra":1}"#;
    let mut files = BTreeMap::from([(
        "ledger/events/2026/03/02.jsonl".to_owned(),
        format!("{newer}\n"),
    )]);
    let mut ledger = Ledger::read(&files, None).unwrap();
    assert!(ledger.is_writable());
    let plan = ledger
        .append(
            &[incident("inc:1", "2026-03-03T10:00:00Z", None)],
            day("2026-03-03"),
        )
        .unwrap();
    apply(&mut files, plan);
    assert_eq!(files["ledger/months/2026-03.jsonl"], format!("{newer}\n"));
}

#[test]
fn what_cannot_be_read_makes_the_ledger_read_only_and_is_named() {
    for (bad, what) in [
        ("{\"id\":\"dep:1\",\"time\":", "not JSON"),
        ("<<<<<<< HEAD", "a merge conflict"),
        (
            "{\"id\":\"dep:1\",\"fact\":{\"deployment\":{}}}",
            "a `deployment` without",
        ),
        ("[]", "no event"),
    ] {
        let files = BTreeMap::from([(
            "ledger/months/2026-03.jsonl".to_owned(),
            format!("\n{bad}\n"),
        )]);
        let ledger = Ledger::read(&files, None).unwrap();
        assert!(!ledger.is_writable());
        let named = ledger.unreadable[0].to_string();
        assert!(
            named.starts_with("ledger/months/2026-03.jsonl:2: "),
            "{named}"
        );
        assert!(named.contains(what), "{named}");
    }
}

#[test]
fn a_byte_order_mark_and_carriage_returns_are_read_through() {
    let line = Line::of(&incident("inc:1", "2026-03-02T10:00:00Z", None)).raw;
    let files = BTreeMap::from([(
        "ledger/months/2026-03.jsonl".to_owned(),
        format!("\u{feff}{line}\r\n"),
    )]);
    let ledger = Ledger::read(&files, None).unwrap();
    assert!(ledger.is_writable());
    assert_eq!(ledger.events.len(), 1);
}

#[test]
fn a_newer_layout_is_refused() {
    let files = BTreeMap::from([(
        META.to_owned(),
        r#"{"schema":2,"min_reader":2,"writer":"fivekeys 9"}"#.to_owned(),
    )]);
    assert_eq!(
        Ledger::read(&files, None).unwrap_err(),
        TooNew { found: 2, known: 1 }
    );
}

#[test]
fn baselines_are_only_trusted_where_the_history_is_cut() {
    let meta = r#"{"schema":1,"min_reader":1,"writer":"x","first_month":"2026-01","baselines":{"":"dep:1"}}"#;
    let files = BTreeMap::from([(META.to_owned(), meta.to_owned())]);
    assert!(
        Ledger::read(&files, Some("2026-01"))
            .unwrap()
            .events
            .baselines
            .is_none()
    );
    assert!(
        Ledger::read(&files, Some("2026-02"))
            .unwrap()
            .events
            .baselines
            .is_some()
    );
}
