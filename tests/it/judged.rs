//! Histories that once gave a wrong number.

use fivekeys::adapter::parse_history;
use fivekeys::config::Config;
use fivekeys::event::{
    Cause, Event, Events, Fact, Incident, Retraction, Source, Window, parse_instant,
};
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

#[test]
fn an_incident_that_names_a_pull_request_and_a_deployment_blames_the_deployment() {
    let mut events = events(&json!({
        "deployments": [
            {"id": "a", "finished_at": "2026-03-02T00:00:00Z"},
            {"id": "b", "finished_at": "2026-03-03T00:00:00Z", "merged_pulls": [7]},
            {"id": "c", "finished_at": "2026-03-04T00:00:00Z"},
        ],
        "pulls": [{"number": 7, "created_at": "2026-03-01T00:00:00Z", "merged_at": "2026-03-02T06:00:00Z"}],
    }));
    let opened_at = parse_instant("2026-03-05").unwrap();
    events.insert(Event {
        id: "i".to_owned(),
        time: opened_at,
        source: Source::History,
        updated: opened_at,
        fact: Fact::Incident(Incident {
            opened_at,
            resolved_at: None,
            service: None,
            causes: vec![Cause::Pull(7), Cause::Deployment("c".to_owned())],
            fixed_by: None,
            title: None,
        }),
    });
    let report = march(&events);
    assert_eq!(report.overall.metrics.change_fail_rate.failed_ids, ["c"]);
    assert_eq!(
        report.incidents[0].attributed_by.as_deref(),
        Some("explicit")
    );
}

#[test]
fn a_revert_on_a_hotfix_branch_blames_what_it_reverts_and_not_the_one_before() {
    let pull = |number: u64, deployment: &str, head: &str| {
        json!({"number": number, "created_at": "2026-03-01T00:00:00Z", "merged_at": "2026-03-02T00:00:00Z",
            "deployment": deployment, "head": head, "body": if number == 3 { "Reverts acme/shop#1" } else { "" }})
    };
    let report = march(&events(&json!({
        "deployments": [
            {"id": "o", "finished_at": "2026-03-02T00:00:00Z"},
            {"id": "a", "finished_at": "2026-03-03T00:00:00Z"},
            {"id": "b", "finished_at": "2026-03-04T00:00:00Z"},
            {"id": "c", "finished_at": "2026-03-05T00:00:00Z"},
        ],
        "pulls": [pull(1, "a", "x"), pull(2, "b", "y"), pull(3, "c", "hotfix/undo")],
    })));
    let m = &report.overall.metrics;
    assert_eq!(m.change_fail_rate.failed_ids, ["a"]);
    assert_eq!(m.deployment_rework_rate.by_kind["revert"], 1);
}

#[test]
fn of_two_services_that_deliver_a_cause_the_hurt_one_is_blamed_else_the_first() {
    let deployment = |id: &str, component: &str, day: u32, pulls: Value| json!({"id": id, "component": component, "finished_at": format!("2026-03-{day:02}T00:00:00Z"), "merged_pulls": pulls});
    let incident = |id: &str, component: Value| json!({"id": id, "component": component, "opened_at": "2026-03-09T00:00:00Z", "body": "Caused-by: #7"});
    let report = march(&events(&json!({
        "deployments": [
            deployment("a0", "api", 1, json!([])), deployment("w0", "web", 1, json!([])),
            deployment("w1", "web", 2, json!([7])), deployment("a1", "api", 3, json!([7])),
        ],
        "pulls": [{"number": 7, "created_at": "2026-03-01T00:00:00Z", "merged_at": "2026-03-01T06:00:00Z"}],
        "incidents": [incident("i", json!("api")), incident("j", Value::Null)],
    })));
    let blamed: Vec<_> = report
        .incidents
        .iter()
        .map(|i| i.deployment.as_deref().unwrap())
        .collect();
    assert_eq!(blamed, ["a1", "w1"]);
}

/// A component that nobody deploys any more leaves nothing undeployed in the roll-up: the others have delivered it.
#[test]
fn what_one_service_has_delivered_does_not_wait_in_the_roll_up() {
    let mut events = events(&json!({
        "commits": [
            {"sha": "a", "committed_at": "2026-03-01T00:00:00Z"},
            {"sha": "b", "parents": ["a"], "committed_at": "2026-03-02T00:00:00Z"},
            {"sha": "c", "parents": ["b"], "committed_at": "2026-03-03T00:00:00Z"},
            {"sha": "d", "parents": ["c"], "committed_at": "2026-03-04T00:00:00Z"},
        ],
        "deployments": [
            {"id": "A1", "component": "old", "sha": "a", "finished_at": "2026-03-01T01:00:00Z"},
            {"id": "B1", "component": "new", "sha": "c", "finished_at": "2026-03-03T01:00:00Z"},
        ],
    }));
    events.head = Some("d".to_owned());
    let report = march(&events);
    let count = |scope: &fivekeys::report::v1::Scope| {
        let waiting = scope.metrics.change_lead_time.undeployed.as_ref();
        waiting.map(|w| w.count)
    };
    assert_eq!(count(&report.overall), Some(1));
    assert_eq!(count(&report.services["old"]), Some(3));
    assert_eq!(count(&report.services["new"]), Some(1));
}

/// A pull request that was closed without a merge is no change, and takes no commit from the one that was merged.
#[test]
fn a_pull_request_that_was_not_merged_is_no_change() {
    let report = march(&events(&json!({
        "commits": [
            {"sha": "a", "committed_at": "2026-03-01T00:00:00Z"},
            {"sha": "b", "parents": ["a"], "committed_at": "2026-03-02T00:00:00Z"},
        ],
        "pulls": [
            {"number": 1, "created_at": "2026-03-01T01:00:00Z", "commits": [{"sha": "b"}]},
            {"number": 2, "created_at": "2026-03-02T01:00:00Z", "merged_at": "2026-03-02T02:00:00Z", "commits": [{"sha": "b"}]},
        ],
        "deployments": [
            {"id": "A", "sha": "a", "finished_at": "2026-03-01T05:00:00Z"},
            {"id": "B", "sha": "b", "finished_at": "2026-03-03T00:00:00Z"},
        ],
    })));
    let ids: Vec<&str> = report.changes.iter().map(|c| c.id.as_str()).collect();
    assert_eq!(ids, ["2"]);
}

/// Of two words on a deployment the later one counts, and nothing of the earlier.
#[test]
fn an_overruled_word_leaves_no_trace() {
    let report = march(&events(&json!({
        "deployments": [
            {"id": "A", "finished_at": "2026-03-02T00:00:00Z"},
            {"id": "B", "finished_at": "2026-03-03T00:00:00Z"},
            {"id": "C", "finished_at": "2026-03-04T00:00:00Z"},
        ],
        "marks": [
            {"deployment": "A", "failed": true, "fixed_by": "B", "at": "2026-03-05T00:00:00Z"},
            {"deployment": "A", "failed": true, "fixed_by": "C", "at": "2026-03-06T00:00:00Z"},
        ],
    })));
    let metrics = &report.overall.metrics;
    assert_eq!(metrics.deployment_rework_rate.ids, ["C"]);
    let recovery = metrics.failed_deployment_recovery_time.median_seconds;
    assert_eq!(recovery, Some(2.0 * 86_400.0));
}

/// Attempts of one run that an export gives one id are attempts all the same (rule U2).
#[test]
fn attempts_that_share_an_id_fold_into_the_first_success() {
    let report = march(&events(&json!({
        "deployments": [
            {"id": "r", "run": 5, "attempt": 1, "status": "success", "finished_at": "2026-03-02T12:00:00Z"},
            {"id": "r", "run": 5, "attempt": 2, "status": "failure", "finished_at": "2026-03-02T13:00:00Z"},
        ],
    })));
    let frequency = &report.overall.metrics.deployment_frequency;
    assert_eq!((frequency.count, frequency.failed_attempts), (1, 0));
    assert_eq!(report.deployments[0].attempts, 2);
}

/// A history's commits are called as its author likes, in a revert too.
#[test]
fn a_revert_names_any_commit_of_the_history() {
    let report = march(&events(&json!({
        "commits": [
            {"sha": "r1", "committed_at": "2026-03-01T00:00:00Z"},
            {"sha": "r2", "parents": ["r1"], "committed_at": "2026-03-02T00:00:00Z"},
            {"sha": "r3", "parents": ["r2"], "committed_at": "2026-03-03T00:00:00Z", "message": "Take it back\n\nThis reverts commit r2."},
        ],
        "deployments": [
            {"id": "A", "sha": "r1", "finished_at": "2026-03-01T05:00:00Z"},
            {"id": "B", "sha": "r2", "finished_at": "2026-03-02T05:00:00Z"},
            {"id": "C", "sha": "r3", "finished_at": "2026-03-03T05:00:00Z"},
        ],
    })));
    let metrics = &report.overall.metrics;
    assert_eq!(metrics.change_fail_rate.failed_ids, ["B"]);
    assert_eq!(metrics.deployment_rework_rate.by_kind["revert"], 1);
}
