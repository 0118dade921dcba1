//! Histories that once gave a wrong number.

use fivekeys::adapter::parse_history;
use fivekeys::config::Config;
use fivekeys::event::{Event, Events, Fact, Retraction, Source, Window, parse_instant};
use fivekeys::report::v1::Report;
use fivekeys::report::{Ask, build};
use serde_json::{Value, json};

fn events(history: &Value) -> Events {
    parse_history(&history.to_string())
        .unwrap()
        .events
        .into_iter()
        .collect()
}

fn march(events: &Events) -> Report {
    let ask = Ask {
        window: Window {
            from: parse_instant("2026-03-01").unwrap(),
            to: parse_instant("2026-04-01").unwrap(),
        },
        ..Ask::recent(&Config::default(), parse_instant("2026-04-01").unwrap())
    };
    build(events, &Config::default(), &ask)
}

#[test]
fn an_incident_that_names_an_attempt_blames_no_other_deployment() {
    let report = march(&events(&json!({
        "deployments": [
            {"id": "a", "status": "success", "finished_at": "2026-03-02T00:00:00Z"},
            {"id": "b", "status": "failure", "finished_at": "2026-03-03T00:00:00Z"},
        ],
        "incidents": [{"id": "i", "opened_at": "2026-03-03T00:05:00Z", "deployment": "b"}],
    })));
    let rate = &report.overall.metrics.change_fail_rate;
    assert!(rate.failed_ids.is_empty());
    assert_eq!(rate.unattributed, ["i"]);
}

#[test]
fn a_declared_commit_of_a_pull_request_is_that_change_and_is_delivered_once() {
    let declared = json!([{"sha": "s2", "committed_at": "2026-03-02T00:00:00Z"}]);
    let report = march(&events(&json!({
        "deployments": [
            {"id": "a", "sha": "s1", "finished_at": "2026-03-02T00:00:00Z"},
            {"id": "b", "sha": "s2", "finished_at": "2026-03-03T00:00:00Z", "changes": declared},
            {"id": "c", "sha": "s3", "finished_at": "2026-03-04T00:00:00Z", "changes": declared},
        ],
        "pulls": [{"number": 7, "merge_sha": "s2", "created_at": "2026-03-01T12:00:00Z", "merged_at": "2026-03-02T06:00:00Z"}],
    })));
    let delivered: Vec<&str> = report.changes.iter().map(|c| c.id.as_str()).collect();
    assert_eq!(delivered, ["7"]);
    assert_eq!(report.overall.metrics.change_lead_time.n, 1);
    assert_eq!(
        report.overall.metrics.change_lead_time.median_seconds,
        Some(36.0 * 3600.0)
    );
}

#[test]
fn a_record_without_a_service_belongs_to_the_one_that_its_run_names() {
    let report = march(&events(&json!({
        "deployments": [
            {"id": "a", "component": "api", "run": "7", "finished_at": "2026-03-02T00:00:00Z"},
            {"id": "b", "run": "7", "finished_at": "2026-03-02T00:00:10Z"},
        ],
    })));
    assert_eq!(report.overall.metrics.deployment_frequency.count, 1);
    assert_eq!(report.services.keys().collect::<Vec<_>>(), ["api"]);
}

#[test]
fn what_is_retracted_never_happened_and_an_unknown_correction_is_said() {
    let mut events = events(&json!({
        "deployments": [{"id": "a", "finished_at": "2026-03-02T00:00:00Z"}],
        "incidents": [{"id": "i", "opened_at": "2026-03-02T01:00:00Z"}],
        "marks": [{"deployment": "nobody", "failed": true}],
    }));
    assert_eq!(march(&events).overall.metrics.change_fail_rate.failed, 1);
    let at = parse_instant("2026-03-03").unwrap();
    events.insert(Event {
        id: "man:r".to_owned(),
        time: at,
        source: Source::Manual,
        updated: at,
        fact: Fact::EventRetracted(Retraction {
            event: "i".to_owned(),
            why: "a drill".to_owned(),
        }),
    });
    let report = march(&events);
    assert_eq!(report.overall.metrics.change_fail_rate.failed, 0);
    assert!(report.incidents.is_empty());
    assert!(report.notes.iter().any(|n| n.code == "unknown_deployment"));
}

#[test]
fn a_service_that_only_the_caller_knows_survives_the_record_of_its_end() {
    let history = |component: Value, at: &str, status: &str| {
        let row = json!({"id": "d", "component": component, "status": status, "started_at": at,
            "finished_at": if status == "success" { json!(at) } else { Value::Null }});
        events(&json!({"deployments": [row]}))
            .iter()
            .next()
            .unwrap()
            .clone()
    };
    let said = history(json!("api"), "2026-03-02T00:00:00Z", "in_progress");
    let recorded = history(Value::Null, "2026-03-02T00:10:00Z", "success");
    let both = said.join(&recorded);
    assert_eq!(
        both,
        recorded.join(&said),
        "the order of arrival never matters"
    );
    let deployment = both.fact.as_deployment().unwrap();
    assert_eq!(deployment.service.as_deref(), Some("api"));
    assert_eq!(
        deployment.finished_at,
        recorded.fact.as_deployment().unwrap().finished_at
    );
}
