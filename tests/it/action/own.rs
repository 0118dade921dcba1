//! The run's own deployment: joined with GitHub's record, reported without one, folded when it runs again.

use serde_json::json;

use super::{deploy_of, deployments, first_run, is_green, is_well, lines, ship, shop};
use crate::world::{Runner, Transcript, World};

/// A commit that nobody deployed as far as GitHub knows.
fn bare() -> World {
    let world = shop();
    first_run(&world);
    world.clock("2026-03-03T10:00:00Z");
    world.github().merge_pull(9, "2026-03-03T09:00:00Z");
    world
}

fn of(done: &Transcript, id: &str) -> Vec<serde_json::Value> {
    let all = lines(&done.branch_files).into_iter();
    all.filter(|line| line["id"] == id).collect()
}

/// Ended how, and how often it stands in the ledger.
fn ended(done: &Transcript, id: &str) -> (String, usize) {
    let found = of(done, id);
    let outcome = &found[0]["fact"]["deployment"]["outcome"];
    (outcome.as_str().unwrap().to_owned(), found.len())
}

#[test]
fn a_pending_record_takes_the_job_s_word_and_github_s_later() {
    let world = bare();
    let pending = [("in_progress", "2026-03-03T09:51:00Z")];
    world
        .github()
        .deploy_with("production", "pr9", "2026-03-03T09:50:00Z", &pending, |d| {
            d.run(101, 1)
        });
    let done = deploy_of(&world, 9, 101).input("status", "failure").run();
    is_well(&done);
    let id = "dep:DE_kwDOworld00004";
    assert_eq!(done.output("event-id"), id);
    assert_eq!(ended(&done, id), ("failure".to_owned(), 1));
    // GitHub settles it otherwise: its word is the later one, and the lines of the day before are folded.
    world
        .github()
        .status("production", "success", "2026-03-03T10:02:00Z");
    world.clock("2026-03-04T10:00:00Z");
    let done = deploy_of(&world, 9, 150).input("status", "").run();
    assert_eq!(deployments(&done.branch_files)[id], "success");
}

#[test]
fn without_a_record_the_run_itself_is_the_event() {
    let world = bare();
    let done = deploy_of(&world, 9, 101).run();
    is_well(&done);
    let id = "run:101/production/";
    assert_eq!(done.output("event-id"), id);
    let event = &of(&done, id)[0]["fact"]["deployment"];
    assert_eq!(event["revision"], crate::world::sha("pr9"));
    assert_eq!(
        (event["outcome"].as_str(), event["attempt"].as_u64()),
        (Some("success"), Some(1))
    );
    assert_eq!(
        done.comments.last().unwrap().pull,
        9,
        "its pull request is told"
    );
}

#[test]
fn without_a_record_and_a_status_nothing_is_recorded_and_that_is_said() {
    let world = bare();
    let done = deploy_of(&world, 9, 101).input("status", "").run();
    is_green(&done);
    let notice = done.said("notice")[0];
    assert!(notice.contains("no `status` was given"), "{notice}");
    assert_eq!(done.output("event-id"), "");
    // What is merged and waits is news all the same.
    let before = [
        "dep:DE_kwDOworld00001",
        "dep:DE_kwDOworld00002",
        "dep:DE_kwDOworld00003",
    ];
    let stored = deployments(&done.branch_files);
    assert_eq!(stored.keys().collect::<Vec<_>>(), before);
}

#[test]
fn the_environment_service_and_key_of_the_inputs_name_the_event() {
    let world = bare();
    let run = deploy_of(&world, 9, 101);
    let done = run
        .clone()
        .input("environment", "live")
        .input("service", "api")
        .run();
    assert_eq!(done.output("event-id"), "run:101/live/api");
    let event = &of(&done, "run:101/live/api")[0]["fact"]["deployment"];
    assert_eq!(
        (event["environment"].as_str(), event["service"].as_str()),
        (Some("live"), Some("api"))
    );
    let keyed = run.input("event-id", "build-7");
    for run in [101, 102] {
        let done = keyed.clone().run_id(run).run();
        assert_eq!(done.output("event-id"), "man:build-7");
        assert_eq!(
            ended(&done, "man:build-7"),
            ("success".to_owned(), 1),
            "run {run}"
        );
    }
}

#[test]
fn a_deployment_without_a_name_is_one_of_the_configured_environment() {
    let world = bare();
    world
        .github()
        .file(".github/fivekeys.yml", "environments: [main-cluster]\n");
    let done = deploy_of(&world, 9, 101).run();
    assert_eq!(done.output("event-id"), "run:101/main-cluster/");
}

#[test]
fn a_second_attempt_folds_into_the_event_of_the_first() {
    for (first, second, kept) in [
        ("failure", "success", "success"),
        ("success", "failure", "success"),
        ("failure", "failure", "failure"),
        ("cancelled", "success", "success"),
    ] {
        let world = bare();
        let run = deploy_of(&world, 9, 101);
        run.clone().input("status", first).run();
        world.clock("2026-03-03T10:20:00Z");
        let done = run.attempt(2).input("status", second).run();
        is_green(&done);
        let found = ended(&done, "run:101/production/");
        assert_eq!(found, (kept.to_owned(), 1), "{first}, then {second}");
    }
}

#[test]
fn a_second_attempt_with_deployments_of_its_own_is_one_deployment_that_was_tried_twice() {
    let world = bare();
    let made = |at: &str, state: &'static str, attempt: u32| {
        let (made, ended) = (format!("{at}:00Z"), format!("{at}:30Z"));
        world
            .github()
            .deploy_with("production", "pr9", &made, &[(state, &ended)], |d| {
                d.run(101, attempt)
            });
    };
    made("2026-03-03T09:50", "failure", 1);
    let run = deploy_of(&world, 9, 101);
    let first = run.clone().input("status", "failure").run();
    assert_eq!(first.output("event-id"), "dep:DE_kwDOworld00004");
    assert_eq!(first.comments.len(), 1, "a failure is not told as shipped");
    made("2026-03-03T10:10", "success", 2);
    world.clock("2026-03-03T10:20:00Z");
    let second = run.attempt(2).run();
    is_well(&second);
    assert_eq!(second.output("event-id"), first.output("event-id"));
    assert!(
        second.summary.contains("#### This deployment"),
        "{}",
        second.summary
    );
    let found = deployments(&second.branch_files);
    assert_eq!(found["dep:DE_kwDOworld00004"], "failure");
    assert_eq!(found["dep:DE_kwDOworld00005"], "success");
    assert_eq!(found.len(), 5);
    assert_eq!(second.comments.last().unwrap().pull, 9);
}

#[test]
fn twins_under_way_are_left_to_github() {
    let world = bare();
    for _ in 0..2 {
        let pending = [("in_progress", "2026-03-03T09:51:00Z")];
        world
            .github()
            .deploy("production", "pr9", "2026-03-03T09:50:00Z", &pending);
    }
    let done = deploy_of(&world, 9, 101).run();
    is_green(&done);
    let notice = done.said("notice")[0];
    assert!(
        notice.contains("2 deployments of this commit are under way"),
        "{notice}"
    );
    let found = deployments(&done.branch_files);
    for id in ["dep:DE_kwDOworld00004", "dep:DE_kwDOworld00005"] {
        assert_eq!(found[id], "pending");
    }
    assert_eq!(done.output("event-id"), "");
}

#[test]
fn a_deployment_status_event_names_its_deployment() {
    let world = bare();
    world
        .github()
        .deploy(
            "staging",
            "pr9",
            "2026-03-03T09:40:00Z",
            &[("success", "2026-03-03T09:41:00Z")],
        )
        .deploy(
            "production",
            "pr9",
            "2026-03-03T09:50:00Z",
            &[("success", "2026-03-03T09:51:00Z")],
        );
    let payload = world.github().deployment_status("production");
    let done = Runner::new(&world)
        .event("deployment_status")
        .payload(payload)
        .sha("pr9")
        .run_id(150)
        .run();
    is_well(&done);
    assert_eq!(done.output("event-id"), "dep:DE_kwDOworld00005");
    assert_eq!(done.comments.last().unwrap().pull, 9);
}

#[test]
fn a_cancelled_deploy_job_is_no_deployment() {
    let world = bare();
    let before = deploy_of(&world, 8, 100).run();
    let done = deploy_of(&world, 9, 101).input("status", "cancelled").run();
    is_green(&done);
    let count = |done| {
        let frequency = &super::metrics(done)["overall"]["metrics"]["deployment_frequency"];
        frequency["count"].clone()
    };
    assert_eq!(count(&done), count(&before));
    assert_eq!(
        done.output("change-fail-rate"),
        before.output("change-fail-rate")
    );
    assert_eq!(done.comments, before.comments);
}

#[test]
fn a_payload_that_is_no_json_is_no_obstacle() {
    let world = bare();
    ship(&world, 10, 101, "2026-03-03T09");
    for text in [
        "",
        "{\"deployment\": ",
        "[1,2]",
        "\"text\"",
        "{\"deployment\":{\"node_id\":7}}",
    ] {
        let run = deploy_of(&world, 10, 101).event("deployment_status");
        let done = run.payload(json!(text)).run();
        is_well(&done);
        assert_eq!(done.output("event-id"), "dep:DE_kwDOworld00004", "{text}");
    }
}
