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
fn what_was_re_encoded_is_counted_named_once_and_not_written() {
    let line = Line::of(&incident("inc:1", "2026-03-02T10:00:00Z", None)).raw;
    for (text, said) in [
        (format!("\u{feff}{line}\n"), ":1: re-encoded: it begins"),
        (format!("{line}\r\n\r\n"), ":1: re-encoded: lines end"),
    ] {
        let files = BTreeMap::from([("ledger/months/2026-03.jsonl".to_owned(), text)]);
        let ledger = Ledger::read(&files, None).unwrap();
        assert_eq!(ledger.events.len(), 1);
        assert_eq!(ledger.unreadable.len(), 1, "{:?}", ledger.unreadable);
        let named = ledger.unreadable[0].to_string();
        assert!(named.contains(said), "{named}");
        let mended = repair(&files, day("2026-03-04")).unwrap().unwrap();
        assert!(mended.aside.is_empty());
        let plan = mended.finish();
        assert_eq!(
            plan.writes["ledger/months/2026-03.jsonl"],
            format!("{line}\n")
        );
        assert_eq!(plan.writes.len(), 2, "the month and the bookkeeping");
    }
}

#[test]
fn files_that_are_none_of_ours_are_named_and_others_of_ours_are_not() {
    let line = Line::of(&incident("inc:1", "2026-03-02T10:00:00Z", None)).raw;
    for path in [
        "ledger/months/2026-3.jsonl",
        "ledger/months/2026-13.jsonl",
        "ledger/months/2026-03 (copy).jsonl",
        "ledger/months/2026-03.jsonl/inside",
        "ledger/events/2026/03/2.jsonl",
        "ledger/events/2026/03/notes.txt",
    ] {
        let files = BTreeMap::from([(path.to_owned(), format!("{line}\n"))]);
        let ledger = Ledger::read(&files, None).unwrap();
        assert_eq!(ledger.unreadable[0].file, path);
        let plan = repair(&files, day("2026-03-04")).unwrap().unwrap().finish();
        assert_eq!(plan.deletes, [path]);
        let kept = plan.writes.values().any(|text| text.contains("inc:1"));
        assert!(kept, "{plan:?}");
    }
    for path in ["ledger/aside/x.jsonl", "ledger/index", "notes.txt"] {
        let files = BTreeMap::from([(path.to_owned(), "?".to_owned())]);
        assert!(Ledger::read(&files, None).unwrap().is_writable(), "{path}");
    }
}

#[test]
fn an_empty_file_was_cut_and_is_named() {
    for text in ["", "\n \n"] {
        let path = "ledger/months/2026-03.jsonl";
        let files = BTreeMap::from([(path.to_owned(), text.to_owned())]);
        let ledger = Ledger::read(&files, None).unwrap();
        assert_eq!(ledger.unreadable[0].to_string(), format!("{path}: empty"));
    }
}

fn meta(text: &str) -> BTreeMap<String, String> {
    BTreeMap::from([(META.to_owned(), text.to_owned())])
}

#[test]
fn a_layout_that_needs_a_newer_reader_is_refused_whatever_became_of_the_rest() {
    for text in [
        r#"{"schema":2,"min_reader":2,"writer":"fivekeys 9"}"#,
        r#"{"schema":2,"min_reader":2,"writer":{"name":"fivekeys"},"head":[1]}"#,
        "\u{feff}{\"schema\":2,\"min_reader\":2}",
    ] {
        let found = Ledger::read(&meta(text), None).unwrap_err();
        assert_eq!(found, TooNew { found: 2, known: 1 });
        assert!(repair(&meta(text), day("2026-03-04")).is_err());
    }
}

#[test]
fn a_newer_layout_that_we_may_write_keeps_its_number_its_fields_and_its_files() {
    let text = r#"{"schema":2,"min_reader":1,"writer":"fivekeys 9","shards":{"by":"service"}}"#;
    let mut files = meta(text);
    let index = "ledger/months/2026-02.index".to_owned();
    files.insert(index.clone(), "binary".to_owned());
    let mut ledger = Ledger::read(&files, None).unwrap();
    assert!(ledger.is_writable(), "{:?}", ledger.unreadable);
    let event = incident("inc:1", "2026-03-03T10:00:00Z", None);
    let plan = ledger.append(&[event], day("2026-03-03")).unwrap();
    assert!(!plan.writes.contains_key(&index) && plan.deletes.is_empty());
    let meta: Meta = serde_json::from_str(&plan.writes[META]).unwrap();
    assert_eq!((meta.schema, meta.min_reader), (2, 1));
    assert_eq!(meta.rest["shards"]["by"], "service");
    let anew: Meta =
        serde_json::from_str(&ledger.without(day("2026-03-03"), |_| true).writes[META]).unwrap();
    assert_eq!((anew.schema, anew.rest.len()), (2, 1));
    // What looks broken in it may only be new.
    files.insert("ledger/months/2026-02.jsonl".to_owned(), "?".to_owned());
    assert!(repair(&files, day("2026-03-04")).is_err());
}

#[test]
fn of_two_equal_revisions_the_one_that_says_more_stays() {
    let event = incident("inc:1", "2026-03-02T10:00:00Z", None);
    let ours = Line::of(&event).raw;
    let theirs = ours.replacen('{', "{\"later\":1,", 1);
    for both in [[&ours, &theirs], [&theirs, &ours]] {
        let days = [
            "ledger/events/2026/03/01.jsonl",
            "ledger/events/2026/03/02.jsonl",
        ];
        let files = days
            .map(str::to_owned)
            .into_iter()
            .zip(both.map(|l| format!("{l}\n")));
        let mut ledger = Ledger::read(&files.collect(), None).unwrap();
        let other = incident("inc:2", "2026-03-03T10:00:00Z", None);
        let plan = ledger.append(&[other], day("2026-03-03")).unwrap();
        assert_eq!(
            plan.writes["ledger/months/2026-03.jsonl"],
            format!("{theirs}\n")
        );
    }
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
