//! Rules that other tools have otherwise, each with the number that it moves.

use fivekeys::adapter::parse_history;
use fivekeys::config;
use fivekeys::event::{Events, Window, parse_instant};
use fivekeys::report::v1::Report;
use fivekeys::report::{Ask, build, headline};
use serde_json::{Value, json};

const HOUR: f64 = 3600.0;

fn march(history: &Value, written: &str) -> Report {
    let config = config::parse(written).unwrap();
    let events: Events = parse_history(&history.to_string())
        .unwrap()
        .events
        .into_iter()
        .collect();
    let end = parse_instant("2026-04-01").unwrap();
    let ask = Ask {
        window: Window {
            from: parse_instant("2026-03-01").unwrap(),
            to: end,
        },
        ..Ask::recent(&config, end)
    };
    build(&events, &config, &ask)
}

/// Two commits of one pull request, deployed 40 and 30 hours after they were written, 20 after it was opened and 10
/// after the merge.
fn changes() -> Value {
    json!({
        "commits": [
            {"sha": "o", "committed_at": "2026-03-01T00:00:00Z"},
            {"sha": "a", "parents": ["o"], "committed_at": "2026-03-02T08:00:00Z"},
            {"sha": "b", "parents": ["a"], "committed_at": "2026-03-02T18:00:00Z"},
        ],
        "pulls": [{"number": 1, "merged_shas": ["a", "b"], "created_at": "2026-03-03T04:00:00Z", "merged_at": "2026-03-03T14:00:00Z"}],
        "deployments": [
            {"id": "A", "sha": "o", "finished_at": "2026-03-01T05:00:00Z"},
            {"id": "B", "sha": "b", "finished_at": "2026-03-04T00:00:00Z"},
        ],
    })
}

#[test]
fn lead_time_begins_where_the_profile_says() {
    for (written, hours) in [
        ("", 40.0),
        ("lead_time: {start: first_commit}", 40.0),
        ("lead_time: {start: pull_created}", 20.0),
        ("lead_time: {start: merged}", 10.0),
        ("lead_time: {unit: commit}", 35.0),
    ] {
        let report = march(&changes(), written);
        let found = report.overall.metrics.change_lead_time.median_seconds;
        assert_eq!(found, Some(hours * HOUR), "{written}");
    }
}

#[test]
fn the_first_deployment_delivers_nothing_or_everything() {
    let n = |written| {
        march(&changes(), written)
            .overall
            .metrics
            .change_lead_time
            .n
    };
    assert_eq!((n(""), n("lead_time: {baseline: include}")), (1, 2));
}

#[test]
fn a_deployment_happens_when_the_profile_says() {
    let history = json!({"deployments": [
        {"id": "a", "run": 1, "started_at": "2026-03-02T09:00:00Z", "finished_at": "2026-03-02T10:00:00Z"},
        {"id": "b", "run": 1, "started_at": "2026-03-02T11:00:00Z", "finished_at": "2026-03-02T12:00:00Z"},
    ]});
    for (written, hour) in [
        ("", "10"),
        ("deployments: {time: first_success}", "10"),
        ("deployments: {time: last_success}", "12"),
        ("deployments: {time: started}", "09"),
    ] {
        let at = march(&history, written).deployments[0].finished_at.unwrap();
        assert_eq!(at.format("%H").to_string(), hour, "{written}");
    }
}

#[test]
fn remediation_is_evidence_unless_it_is_switched_off() {
    let history = json!({"deployments": [
        {"id": "a", "sha": "v1", "finished_at": "2026-03-02T00:00:00Z"},
        {"id": "b", "sha": "v2", "finished_at": "2026-03-03T00:00:00Z"},
        {"id": "c", "sha": "v1", "finished_at": "2026-03-04T00:00:00Z"},
    ]});
    let counts = |written| {
        let m = march(&history, written).overall.metrics;
        (m.change_fail_rate.failed, m.deployment_rework_rate.rework)
    };
    assert_eq!(counts(""), (1, 1));
    assert_eq!(counts("failure: {remediation: false}"), (0, 0));
}

#[test]
fn an_incident_is_blamed_however_late_where_there_is_no_horizon() {
    let history = json!({
        "deployments": [{"id": "a", "finished_at": "2026-03-02T00:00:00Z"}],
        "incidents": [{"id": "i", "opened_at": "2026-03-30T00:00:00Z"}],
    });
    let failed = |written| {
        march(&history, written)
            .overall
            .metrics
            .change_fail_rate
            .failed
    };
    assert_eq!(failed(""), 0);
    assert_eq!(failed("failure: {incident_horizon: unlimited}"), 1);
}

#[test]
fn weeks_begin_on_monday_or_on_sunday() {
    let history = json!({"deployments": [{"id": "a", "finished_at": "2026-03-08T12:00:00Z"}]});
    let week = |written| {
        let report = march(&history, written);
        let mut weekly = report.overall.series.weekly.into_iter();
        weekly.find(|p| p.deployments == 1).unwrap().start
    };
    assert_eq!(week(""), "2026-03-02");
    assert_eq!(week("week_start: sunday"), "2026-03-08");
}

#[test]
fn what_differs_from_our_rules_is_in_the_fingerprint_and_what_does_not_is_not() {
    let definition = |written| march(&changes(), written).definition;
    let own = definition("");
    assert_eq!(
        own.fingerprint,
        definition("lead_time: {unit: pull}").fingerprint
    );
    for written in [
        "lead_time: {start: merged}",
        "lead_time: {unit: commit}",
        "lead_time: {baseline: include}",
        "deployments: {time: started}",
        "failure: {remediation: false}",
        "failure: {incident_horizon: unlimited}",
        "week_start: sunday",
    ] {
        assert_ne!(
            own.fingerprint,
            definition(written).fingerprint,
            "{written}"
        );
    }
}

#[test]
fn the_mean_may_be_the_headline() {
    let history = json!({
        "commits": [
            {"sha": "o", "committed_at": "2026-03-01T00:00:00Z"},
            {"sha": "a", "parents": ["o"], "committed_at": "2026-03-02T00:00:00Z"},
            {"sha": "b", "parents": ["a"], "committed_at": "2026-03-03T00:00:00Z"},
            {"sha": "c", "parents": ["b"], "committed_at": "2026-03-03T18:00:00Z"},
        ],
        "deployments": [
            {"id": "A", "sha": "o", "finished_at": "2026-03-01T05:00:00Z"},
            {"id": "B", "sha": "c", "finished_at": "2026-03-04T00:00:00Z"},
        ],
    });
    // 48, 24 and 6 hours: the median is 24, the mean 26.
    for (written, hours) in [("", 24.0), ("lead_time: {aggregate: mean}", 26.0)] {
        let metrics = march(&history, written).overall.metrics;
        let found = headline("change_lead_time", &metrics).unwrap();
        assert_eq!(found.value, Some(hours * HOUR), "{written}");
    }
}

#[test]
fn what_was_stopped_may_be_a_failed_attempt() {
    let history = json!({"deployments": [
        {"id": "A", "finished_at": "2026-03-02T05:00:00Z"},
        {"id": "B", "status": "CANCELLED", "finished_at": "2026-03-03T05:00:00Z"},
        {"id": "C", "status": "skipped", "finished_at": "2026-03-04T05:00:00Z"},
    ]});
    for (written, failed, ignored) in [("", 0, 2), ("deployments: {cancelled: failure}", 1, 1)] {
        let found = march(&history, written)
            .overall
            .metrics
            .deployment_frequency;
        let counts = (found.count, found.failed_attempts, found.ignored);
        assert_eq!(counts, (1, failed, ignored), "{written}");
    }
}

#[test]
fn failed_attempts_stand_in_every_list_of_failures_where_they_count() {
    let history = json!({"deployments": [
        {"id": "a", "sha": "v1", "finished_at": "2026-03-02T00:00:00Z"},
        {"id": "b", "status": "failure", "finished_at": "2026-03-03T00:00:00Z"},
        {"id": "c", "sha": "v2", "finished_at": "2026-03-04T00:00:00Z"},
        {"id": "d", "sha": "v1", "finished_at": "2026-03-05T00:00:00Z"},
        {"id": "e", "status": "failure", "finished_at": "2026-03-31T00:00:00Z"},
    ]});
    for (written, failed, open, median) in [
        ("", vec!["c"], vec![], 24.0),
        (
            "failure: {failed_attempts: count}",
            vec!["b", "c", "e"],
            vec!["e"],
            24.0,
        ),
    ] {
        let report = march(&history, written);
        let m = &report.overall.metrics;
        assert_eq!(m.change_fail_rate.failed_ids, failed, "{written}");
        assert_eq!(m.change_fail_rate.failed, failed.len() as u64);
        let recovery = &m.failed_deployment_recovery_time;
        let still: Vec<&str> = recovery
            .open
            .iter()
            .map(|o| o.deployment.as_str())
            .collect();
        assert_eq!(still, open, "{written}");
        assert_eq!(recovery.median_seconds, Some(median * HOUR));
        assert_eq!(recovery.n, (failed.len() - open.len()) as u64);
    }
}
