//! Tests of runs and jobs.

use serde_json::{Value, json};

use super::*;
use crate::event::parse_instant;

fn at(text: &str) -> Instant {
    parse_instant(text).unwrap()
}

fn run(attempt: u32, conclusion: &str) -> Value {
    json!({
        "id": 19_500_000_100_u64, "path": ".github/workflows/deploy.yml", "event": "push",
        "head_sha": "aa00000000000000000000000000000000000001", "run_attempt": attempt,
        "status": "completed", "conclusion": conclusion,
        "created_at": "2026-03-02T09:00:00Z", "run_started_at": "2026-03-02T09:00:00Z",
        "updated_at": "2026-03-02T09:30:00Z",
        "html_url": "https://github.com/acme/shop/actions/runs/19500000100",
    })
}

fn job(name: &str, attempt: u32, hour: &str, conclusion: &str) -> Value {
    json!({
        "name": name, "run_attempt": attempt, "status": "completed", "conclusion": conclusion,
        "created_at": format!("2026-03-02T{hour}:00:00Z"),
        "started_at": format!("2026-03-02T{hour}:00:40Z"),
        "completed_at": format!("2026-03-02T{hour}:10:00Z"),
        "html_url": format!("https://github.com/acme/shop/actions/runs/19500000100/job/{hour}"),
    })
}

fn told(run: &Value, jobs: &[Value], names: Option<&str>) -> (Event, Deployment) {
    let names = names.map(|name| Globs::new(&[name.to_owned()], false).unwrap());
    let target = Target {
        environment: "production",
        service: None,
        job: names.as_ref(),
    };
    let event = deployment(&Run::read(run).unwrap(), jobs, target);
    let fact = event.fact.as_deployment().unwrap().clone();
    (event, fact)
}

#[test]
fn u5_the_deploy_job_decides_and_not_its_workflow() {
    let jobs = [
        job("test", 1, "09", "success"),
        job("deploy", 1, "10", "success"),
        job("smoke", 1, "11", "failure"),
    ];
    let (event, fact) = told(&run(1, "failure"), &jobs, Some("deploy"));
    assert_eq!(event.id, "run:19500000100/production/");
    assert_eq!(fact.outcome, Outcome::Success);
    assert_eq!(fact.finished_at, Some(at("2026-03-02T10:10:00Z")));
    assert_eq!(fact.started_at, Some(at("2026-03-02T10:00:40Z")));
    assert_eq!(fact.queue_seconds, Some(40));
    assert_eq!(fact.workflow.as_deref(), Some("deploy.yml"));
    assert!(!fact.approximate && fact.url.unwrap().ends_with("/job/10"));
    // The workflow went well, but without the deploy.
    for word in ["skipped", "cancelled", "neutral"] {
        let (_, fact) = told(
            &run(1, "success"),
            &[job("deploy", 1, "10", word)],
            Some("deploy"),
        );
        assert_eq!((fact.outcome, fact.queue_seconds), (Outcome::Ignored, None));
    }
    let (_, fact) = told(&run(1, "success"), &[], Some("deploy"));
    assert_eq!(fact.outcome, Outcome::Ignored);
    for word in ["failure", "timed_out", "startup_failure"] {
        let (_, fact) = told(
            &run(1, "failure"),
            &[job("deploy", 1, "10", word)],
            Some("deploy"),
        );
        assert_eq!(fact.outcome, Outcome::Failure, "{word}");
    }
}

#[test]
fn u2_the_first_success_of_any_attempt_is_the_deployment() {
    let jobs = [
        job("deploy", 1, "09", "failure"),
        job("deploy", 2, "11", "success"),
        job("deploy", 3, "13", "failure"),
    ];
    for names in [Some("deploy"), None] {
        let (event, fact) = told(&run(3, "failure"), &jobs, names);
        assert_eq!(fact.outcome, Outcome::Success, "{names:?}");
        assert_eq!(fact.finished_at, Some(at("2026-03-02T11:10:00Z")));
        assert_eq!(fact.started_at, Some(at("2026-03-02T11:00:40Z")));
        assert_eq!((fact.attempt, fact.approximate), (Some(3), false));
        assert_eq!(event.id, "run:19500000100/production/");
    }
    // A second attempt that ran only what had failed keeps the deploy of the first.
    let jobs = [
        job("deploy", 1, "09", "success"),
        job("smoke", 2, "11", "success"),
    ];
    let (_, fact) = told(&run(2, "success"), &jobs, Some("deploy"));
    assert_eq!(fact.finished_at, Some(at("2026-03-02T09:10:00Z")));
}

#[test]
fn u6_a_run_s_last_change_is_its_end_only_when_it_ran_once() {
    let (_, once) = told(&run(1, "success"), &[], None);
    assert_eq!(once.finished_at, Some(at("2026-03-02T09:30:00Z")));
    assert_eq!(once.started_at, Some(at("2026-03-02T09:00:00Z")));
    assert!(!once.approximate);
    let (event, twice) = told(&run(2, "success"), &[], None);
    assert_eq!(twice.finished_at, Some(at("2026-03-02T09:00:00Z")));
    assert_eq!(event.time, at("2026-03-02T09:00:00Z"));
    assert!(twice.approximate);
}

#[test]
fn u3_a_matrix_ends_with_its_last_part_and_takes_effect_with_its_best() {
    let jobs = [
        job("deploy (eu)", 1, "09", "success"),
        job("deploy (us)", 1, "11", "success"),
        job("deploy (ap)", 1, "12", "failure"),
    ];
    let (_, fact) = told(&run(1, "failure"), &jobs, Some("deploy (*)"));
    assert_eq!(fact.outcome, Outcome::Success);
    assert_eq!(fact.finished_at, Some(at("2026-03-02T11:10:00Z")));
    let mut open = jobs.to_vec();
    open[2] = json!({ "name": "deploy (ap)", "run_attempt": 1, "status": "in_progress" });
    let (_, fact) = told(&run(1, ""), &open, Some("deploy (*)"));
    assert_eq!((fact.outcome, fact.finished_at), (Outcome::Pending, None));
}

#[test]
fn a_run_under_way_is_pending() {
    for status in ["queued", "in_progress", "waiting", "requested", "pending"] {
        let mut open = run(1, "");
        open["conclusion"] = Value::Null;
        open["status"] = json!(status);
        for names in [None, Some("deploy")] {
            let (event, fact) = told(&open, &[], names);
            assert_eq!(fact.outcome, Outcome::Pending, "{status}");
            assert_eq!((fact.finished_at, fact.approximate), (None, false));
            assert_eq!(event.time, at("2026-03-02T09:00:00Z"));
        }
    }
}

#[test]
fn what_is_null_or_absent_is_no_obstacle_and_what_makes_it_countable_is() {
    let bare = json!({ "id": 7, "created_at": "2026-03-02T09:00:00Z", "conclusion": "success",
        "path": null, "head_sha": "aa1", "run_attempt": null, "updated_at": null });
    let (event, fact) = told(
        &bare,
        &[json!({}), json!(null), json!({ "name": null })],
        None,
    );
    assert_eq!(
        (event.id.as_str(), fact.approximate),
        ("run:7/production/", true)
    );
    assert_eq!(
        (fact.workflow, fact.revision.as_deref()),
        (None, Some("aa1"))
    );
    let unknown = json!({ "id": 7, "created_at": "2026-03-02T09:00:00Z", "head_sha": null });
    assert_eq!(Run::read(&unknown).unwrap().sha, None);
    assert_eq!(Run::read(&json!({})).unwrap_err().field, "id");
    assert_eq!(
        Run::read(&json!({ "id": 7 })).unwrap_err().field,
        "created_at"
    );
    let mut named = run(1, "success");
    named["path"] = json!(".github/workflows/ship.yml@refs/heads/main");
    assert_eq!(Run::read(&named).unwrap().file, "ship.yml");
}
