//! Tests of the adapter of GitHub deployments.

use serde_json::json;

use super::*;
use crate::event::Outcome;

fn node(statuses: &Value) -> Value {
    json!({ "id": "DE_1", "createdAt": "2026-03-02T10:00:00Z", "updatedAt": "2026-03-11T10:00:00Z",
        "environment": "production", "payload": "{\"service\":\"api\"}", "commitOid": "a".repeat(40),
        "statuses": { "totalCount": statuses.as_array().map_or(0, Vec::len), "nodes": statuses } })
}

fn status(state: &str, at: &str) -> Value {
    json!({ "state": state, "createdAt": format!("2026-03-02T{at}Z"), "environmentUrl": null,
        "logUrl": "https://github.com/acme/shop/actions/runs/19500000001/job/55" })
}

fn fact(event: &Event) -> &Deployment {
    let Fact::Deployment(found) = &event.fact else {
        panic!("no deployment")
    };
    found
}

fn at(text: &str) -> Option<Instant> {
    crate::event::parse_instant(&format!("2026-03-02T{text}Z")).ok()
}

#[test]
fn a_superseded_success_finished_when_it_first_succeeded() {
    // Newest first, as GraphQL gives them; success and inactive share a second.
    let event = from_graphql(&node(&json!([
        status("INACTIVE", "10:09:00"),
        status("SUCCESS", "10:09:00"),
        status("IN_PROGRESS", "10:05:00"),
        status("WAITING", "10:00:01"),
    ])))
    .unwrap();
    let found = fact(&event);
    assert_eq!(event.id, "dep:DE_1");
    assert_eq!(found.outcome, Outcome::Success);
    assert_eq!(
        (found.started_at, found.finished_at),
        (at("10:05:00"), at("10:09:00"))
    );
    assert_eq!(Some(event.updated), at("10:09:00"));
    assert_eq!(found.run.as_deref(), Some("19500000001"));
    assert_eq!(found.service.as_deref(), Some("api"));
    assert!(!found.approximate);
}

#[test]
fn outcomes_follow_the_statuses_and_not_the_state() {
    let cases = [
        (json!([]), Outcome::Pending, None),
        (
            json!([status("FAILURE", "10:09:00"), status("ERROR", "10:08:00")]),
            Outcome::Failure,
            at("10:08:00"),
        ),
        (
            json!([status("SUCCESS", "10:20:00"), status("FAILURE", "10:08:00")]),
            Outcome::Success,
            at("10:20:00"),
        ),
        (
            json!([status("INACTIVE", "10:09:00")]),
            Outcome::Ignored,
            at("10:09:00"),
        ),
        (
            json!([status("WAITING", "10:01:00")]),
            Outcome::Pending,
            None,
        ),
        (
            json!([status("ABANDONED", "10:01:00")]),
            Outcome::Pending,
            None,
        ),
        (
            json!([status("BRAND_NEW_WORD", "10:01:00")]),
            Outcome::Ignored,
            at("10:01:00"),
        ),
    ];
    for (statuses, outcome, finished) in cases {
        let event = from_graphql(&node(&statuses)).unwrap();
        assert_eq!(fact(&event).outcome, outcome, "{statuses}");
        assert_eq!(fact(&event).finished_at, finished, "{statuses}");
    }
}

#[test]
fn hidden_statuses_make_the_time_approximate() {
    let mut cut = node(&json!([status("SUCCESS", "10:09:00")]));
    cut["statuses"]["totalCount"] = json!(21);
    assert!(fact(&from_graphql(&cut).unwrap()).approximate);
}

#[test]
fn payloads_come_in_every_shape() {
    let service_of = |payload: Value| service(&payload, 0);
    let api = Some("api".to_owned());
    assert_eq!(service_of(json!({ "service": "api" })), api);
    assert_eq!(service_of(json!("{\"service\": \"api\"}")), api);
    assert_eq!(service_of(json!("\"{\\\"service\\\":\\\"api\\\"}\"")), api);
    for none in [
        json!({}),
        json!(""),
        json!("api"),
        json!("{"),
        json!(null),
        json!([1]),
        json!({ "service": 7 }),
    ] {
        assert_eq!(service_of(none.clone()), None, "{none}");
    }
}

#[test]
fn rest_says_what_is_transient_and_its_no_is_no_news() {
    let mut deployment = json!({ "id": 3_400_000_001_u64, "node_id": "DE_1", "sha": "b".repeat(40), "environment": "",
        "original_environment": "live", "created_at": "2026-03-02T10:00:00Z", "payload": {},
        "production_environment": false, "transient_environment": true });
    let statuses = [
        json!({ "state": "success", "created_at": "2026-03-02T10:04:00Z",
        "log_url": "javascript:alert(1)", "target_url": "https://ci.example/actions/runs/7/attempts/2" }),
    ];
    let event = from_rest(&deployment, &statuses).unwrap();
    let found = fact(&event);
    assert_eq!((found.production, found.transient), (None, true));
    assert_eq!(found.environment, "live");
    assert_eq!((found.run.as_deref(), found.attempt), (Some("7"), Some(2)));
    assert_eq!(
        found.url.as_deref(),
        Some("https://ci.example/actions/runs/7/attempts/2")
    );
    deployment["production_environment"] = json!(true);
    assert_eq!(
        fact(&from_rest(&deployment, &[]).unwrap()).production,
        Some(true)
    );
}

#[test]
fn a_webhook_names_its_run() {
    let payload = json!({ "deployment": { "node_id": "DE_2", "sha": "c".repeat(40), "environment": "production",
            "created_at": "2026-03-02T10:00:00Z" },
        "deployment_status": { "state": "in_progress", "created_at": "2026-03-02T10:01:00Z", "log_url": "" },
        "workflow_run": { "id": 19_500_000_009_u64, "run_attempt": 3 } });
    let event = from_webhook(&payload).unwrap();
    assert_eq!(fact(&event).outcome, Outcome::Pending);
    assert_eq!(
        (fact(&event).run.as_deref(), fact(&event).attempt),
        (Some("19500000009"), Some(3))
    );
}

#[test]
fn what_cannot_be_counted_is_an_error_and_no_panic() {
    for bad in [
        json!(null),
        json!([]),
        json!("x"),
        json!({ "id": "DE_1" }),
        json!({ "id": 7, "environment": "production", "createdAt": "2026-03-02T10:00:00Z" }),
        json!({ "id": "DE_1", "environment": "production", "createdAt": "yesterday" }),
        json!({ "id": "DE_1", "environment": " ", "createdAt": "2026-03-02T10:00:00Z", "statuses": 3 }),
    ] {
        assert!(from_graphql(&bad).is_err(), "{bad}");
        assert!(from_webhook(&bad).is_err(), "{bad}");
        assert!(
            from_rest(&bad, std::slice::from_ref(&bad)).is_err(),
            "{bad}"
        );
    }
}

#[test]
fn waiting_and_queueing_are_told_until_work_begins_and_not_of_a_list_that_is_cut() {
    let list = json!([
        status("SUCCESS", "10:09:00"),
        status("IN_PROGRESS", "10:06:00"),
        status("QUEUED", "10:05:30"),
        status("WAITING", "10:00:01"),
    ]);
    let event = from_graphql(&node(&list)).unwrap();
    let found = fact(&event);
    assert_eq!(found.started_at, at("10:06:00"));
    assert_eq!(
        (found.queue_seconds, found.approval_seconds),
        (Some(30), Some(329))
    );
    let mut cut = node(&list);
    cut["statuses"]["totalCount"] = json!(21);
    let event = from_graphql(&cut).unwrap();
    let found = fact(&event);
    assert_eq!((found.queue_seconds, found.approval_seconds), (None, None));
    // It still waits: how long is not known before it goes on.
    let event = from_graphql(&node(&json!([status("WAITING", "10:00:01")]))).unwrap();
    assert_eq!(fact(&event).approval_seconds, None);
}
