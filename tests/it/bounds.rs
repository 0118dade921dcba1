//! What comes in has a limit, and beyond it is refused with a sentence: the table `Bounds` in SECURITY.md.

use std::fmt::Write as _;
use std::fs;

use fivekeys::adapter::{self, Corrections, state_file};
use fivekeys::config::{self, Config, LONGEST_YAML, StateFile};
use fivekeys::event::{Events, Instant, Window, parse_instant};
use fivekeys::insight::whole_weeks;
use fivekeys::ledger::{Ledger, Line, day_path, repair};
use fivekeys::metric::{Period, Scope};
use fivekeys::timeline::Timeline;

fn refusal(config: &str) -> String {
    let error = config::parse(config).expect_err("it is too much");
    let chain = [
        error.to_string(),
        error.help().unwrap_or_default().to_owned(),
    ];
    chain.join(" ").trim().to_owned()
}

/// A body is bounded as it comes over the wire, and it stays as large as it is.
#[test]
fn no_answer_is_ever_decompressed() {
    let lock = fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/Cargo.lock")).unwrap();
    assert!(
        lock.contains("name = \"hyper\""),
        "the transport has another name"
    );
    for name in [
        "async-compression",
        "flate2",
        "brotli",
        "zstd",
        "lz4",
        "miniz_oxide",
    ] {
        assert!(
            !lock.contains(&format!("name = \"{name}\"")),
            "{name} unpacks"
        );
    }
}

#[test]
fn a_list_of_a_hundred_thousand_globs_is_refused() {
    let list = |count: usize| {
        let globs: Vec<String> = (0..count).map(|n| format!("p{n}*")).collect();
        format!("environments: [{}]", globs.join(","))
    };
    let says = refusal(&list(100_000));
    assert!(
        says.contains("100000 globs in one list; the most is 1000"),
        "{says}"
    );
    let most = config::parse(&list(1_000)).unwrap();
    assert!(most.environments.is_production("p999x"));
    let long = format!("environments: ['{}']", "a*".repeat(40_000));
    assert!(refusal(&long).contains("65536 bytes together"));
}

#[test]
fn a_pattern_that_grows_when_it_is_written_out_is_refused() {
    for pattern in ["(a{1000}){1000}", "((\\w{99}){99}){99}"] {
        let says = refusal(&format!("tags: '{pattern}'"));
        assert!(says.contains("is not a regular expression"), "{says}");
        let history = format!(
            r#"{{"settings":{{"components":"{}"}}}}"#,
            pattern.replace('\\', "\\\\")
        );
        let read = (adapter::find("history").unwrap().read)(history.as_bytes(), &Config::default());
        assert!(read.is_err(), "{pattern}");
    }
}

#[test]
fn a_document_that_is_too_long_or_too_deep_is_refused_at_every_door() {
    let long = format!("# a\nwindow: 30d # {}\n", "x".repeat(LONGEST_YAML));
    assert_eq!(refusal(&long), "longer than 1048576 bytes");
    let deep = format!("environments: {}", "[".repeat(100_000));
    assert!(refusal(&deep).contains("more than 500 brackets are open"));
    for text in [&long, &deep] {
        assert!(Corrections::parse(text).is_err());
        let file = StateFile {
            path: "x.yml".to_owned(),
            environment: None,
            service: None,
        };
        let version = state_file::Version {
            sha: "a".repeat(40),
            at: Instant::default(),
            text: Some(text.clone()),
        };
        let history = state_file::deployments(&file, "production", &[version], true);
        assert_eq!(history.unreadable.len(), 1);
        let page = format!("---\n{text}\n---\n");
        let read = (adapter::find("cstate").unwrap().read)(page.as_bytes(), &Config::default());
        assert!(read.is_err());
    }
}

#[test]
fn twenty_thousand_corrections_are_read_in_one_pass() {
    let mut text = String::new();
    for n in 0..20_000 {
        let _ = writeln!(text, "- {{deployment: d{n}, failed: true, why: x}}");
    }
    let found = Corrections::parse(&text).unwrap();
    let events = found.events(&Events::default(), Instant::default());
    assert_eq!(events.len(), 20_000);
    text.push_str("- {deployment: d7, failed: false, why: x}\n");
    assert!(
        Corrections::parse(&text)
            .unwrap_err()
            .to_string()
            .contains("`d7` is judged twice")
    );
}

/// Attempts are numbered by GitHub, and nobody makes four billion of them.
#[test]
fn a_run_that_claims_billions_of_attempts_is_read_by_its_jobs() {
    let job = |attempt: u64, end: &str| {
        format!(
            r#"{{"name":"x","run_attempt":{attempt},"conclusion":"{end}","status":"completed","completed_at":"2026-03-02T10:0{attempt}:00Z"}}"#
        )
    };
    let run = format!(
        r#"{{"id":1,"head_sha":"abc1234","path":"a.yml","run_attempt":4294967295,"conclusion":"failure","created_at":"2026-03-02T10:00:00Z","jobs":[{},{}]}}"#,
        job(2, "failure"),
        job(3, "success")
    );
    let read = (adapter::find("github-run").unwrap().read)(run.as_bytes(), &Config::default());
    let events = read.unwrap().events;
    assert_eq!(events.len(), 1);
    assert_eq!(
        events[0].time,
        parse_instant("2026-03-02T10:03:00Z").unwrap()
    );
}

#[test]
fn moments_outside_of_the_calendar_are_refused() {
    for text in [
        "+10000-01-01",
        "0000-01-01",
        "-0001-01-01T00:00:00Z",
        "+262142-12-31",
    ] {
        assert!(parse_instant(text).is_err(), "{text}");
    }
    let line = |time: &str| {
        format!(
            r#"{{"id":"inc:1","time":"{time}","source":"manual","updated":"{time}","fact":{{"incident":{{"opened_at":"{time}"}}}}}}"#
        )
    };
    assert!(Line::read(&line("9999-12-31T23:59:59Z")).is_ok());
    let error = Line::read(&line("+262142-12-31T23:59:59Z")).unwrap_err();
    assert_eq!(error, "a time outside of the years 1 to 9999");
}

/// Trends compare each week with every other: of a century only the last five years are asked.
#[test]
fn a_window_of_a_century_is_asked_about_its_last_five_years() {
    let at = |text| parse_instant(text).unwrap();
    let text = include_str!("../../fuzz/seeds/events/plain_history.jsonl");
    let mut events: Events = text
        .lines()
        .filter_map(|l| Line::read(l).ok()?.event)
        .collect();
    events.history_since = Some(at("1900-01-01"));
    let config = Config::default();
    let timeline = Timeline::fold(&events, &config);
    let window = Window {
        from: at("1900-01-01"),
        to: at("2026-05-01"),
    };
    let of = |window| Period::new(window, events.history_since, config.calendar(), window.to);
    let weeks = whole_weeks(
        &Scope::overall(&timeline),
        &of(window),
        &of(window.before()),
    );
    assert_eq!(weeks.len(), 260);
    assert!(weeks.last().is_some_and(|week| week.deployments > 0));
}

#[test]
fn a_ledger_of_many_short_lines_is_read_in_one_pass() {
    let mut text = String::new();
    for n in 0..50_000 {
        let _ = writeln!(text, r#"{{"id":"{n}","fact":{{"of.tomorrow":0}}}}"#);
    }
    let path = day_path(Instant::default().date_naive());
    let mut ledger = Ledger::read(&[(path, text)].into(), None).unwrap();
    assert!(ledger.is_writable() && ledger.events.is_empty());
    assert_eq!(ledger.append(&[], Instant::default().date_naive()), None);
}

#[test]
fn a_ledger_of_many_broken_lines_is_mended_in_one_pass() {
    let today = Instant::default().date_naive();
    let path = day_path(today);
    let mut files: std::collections::BTreeMap<String, String> =
        [(path, "<<<<<<< a\n".repeat(20_000))].into();
    let mended = repair(&files, today).unwrap().unwrap();
    assert_eq!(mended.aside.len(), 1_000, "the last of them is of the rest");
    let plan = mended.finish();
    let aside: String = plan.writes.values().map(String::as_str).collect();
    assert_eq!(aside.matches("<<<<<<< a").count(), 20_000);
    files.extend(plan.writes);
    files.retain(|path, _| !plan.deletes.contains(path));
    assert!(Ledger::read(&files, None).unwrap().is_writable());
}
