//! The value stream: what deployments waited for, how pull requests were tested, whose paths they touch.

use serde_json::{Value, json};

use super::{deploy_of, first_run, is_green, is_well, lines, metrics, next_day, ship, shop};
use crate::world::{Transcript, World};

/// A day on: pull request 9 was tested, and its deployment waited for a timer of half an hour and for an approval.
fn guarded() -> World {
    let world = shop();
    first_run(&world);
    world.clock("2026-03-03T12:00:00Z");
    world
        .github()
        .environment("production", 30, true)
        .merge_pull_with(9, "2026-03-03T09:00:00Z", |pull| {
            pull.opened("2026-03-03T07:00:00Z")
                .review("ben", "CHANGES_REQUESTED", "2026-03-03T08:00:00Z")
                .review("ben", "APPROVED", "2026-03-03T08:30:00Z")
                .size(10, 2, 1)
        })
        .workflow_run(
            ("ci.yml", "pr9-1"),
            (1, "success"),
            [
                "2026-03-03T07:01:00Z",
                "2026-03-03T07:03:00Z",
                "2026-03-03T07:21:00Z",
            ],
        )
        .workflow_run(
            ("e2e.yml", "pr9-1"),
            (2, "success"),
            [
                "2026-03-03T07:01:00Z",
                "2026-03-03T08:03:00Z",
                "2026-03-03T08:21:00Z",
            ],
        )
        .deploy_with(
            "production",
            "pr9",
            "2026-03-03T09:10:00Z",
            &[
                ("waiting", "2026-03-03T09:10:00Z"),
                ("queued", "2026-03-03T10:10:00Z"),
                ("in_progress", "2026-03-03T10:11:00Z"),
                ("success", "2026-03-03T10:20:00Z"),
            ],
            |deploy| deploy.run(101, 1),
        );
    world
}

fn change<'v>(report: &'v Value, id: &str) -> &'v Value {
    let changes = report["changes"].as_array().unwrap();
    changes.iter().find(|c| c["id"] == id).expect("the change")
}

fn pull(done: &Transcript, number: u64) -> Value {
    let id = format!("pr:{number}");
    let found = lines(&done.branch_files)
        .into_iter()
        .find(|line| line["id"] == id.as_str());
    found.expect("the pull request")["fact"]["pull"].clone()
}

#[test]
fn waits_and_tests_lie_within_the_stages_and_the_stages_add_up() {
    let world = guarded();
    let done = deploy_of(&world, 9, 101).run();
    is_well(&done);
    assert_eq!(
        world.requests().names(),
        [
            "State",
            "GET environments",
            "GET compare",
            "Pulls",
            "GET actions",
            "GET actions",
            "Commit",
            "Comments",
            "Comments"
        ]
    );
    let report = metrics(&done);
    let stages = &change(&report, "9")["stages"];
    let expected = json!({
        "coding": 3600.0, "draft": 0.0, "pickup": 3600.0, "review": 1800.0, "merge": 1800.0,
        "deploy_wait": 4260.0, "deploy": 540.0,
        // Of them: the run that was run again has no time of its own.
        "ci": 1200.0, "ci_queue": 120.0, "timer": 1800.0, "approval": 1800.0, "runner_queue": 60.0,
    });
    assert_eq!(stages, &expected);
    assert_eq!(change(&report, "9")["lead_time_seconds"], 15_600.0);
    assert_eq!(change(&report, "9")["review_rounds"], 2);
    let beside = &report["overall"]["beside"];
    assert_eq!(beside["approval_wait"]["value"], 1800.0);
    assert_eq!(beside["ci_run"]["value"], 1200.0);
    assert_eq!(
        (
            &beside["ci_flaky_share"]["n"],
            &beside["ci_flaky_share"]["value"]
        ),
        (&json!(2), &json!(0.5))
    );
    assert_eq!(beside["open_incidents"]["value"], Value::Null);
    assert_eq!(beside["open_incidents"]["reason"], "no_incident_source");
    assert!(
        done.summary.contains("of deploy wait, approval"),
        "{}",
        done.summary
    );
    assert!(done.summary.contains("Beside the five"), "{}", done.summary);
    assert!(
        done.summary.contains("merged to deployed"),
        "{}",
        done.summary
    );
    world.finish();
}

#[test]
fn what_is_known_is_not_asked_for_again_and_stays_as_it_was() {
    let world = guarded();
    let first = deploy_of(&world, 9, 101).run();
    world.forget_requests();
    let again = deploy_of(&world, 9, 101).run();
    is_well(&again);
    assert_eq!(world.requests().names(), ["State"]);
    assert_eq!(again.branch_files, first.branch_files);
    // Rules that change later change nothing about what was waited for then.
    world.clock("2026-03-04T12:00:00Z");
    world.github().environments.clear();
    ship(&world, 10, 102, "2026-03-04T09");
    let later = deploy_of(&world, 10, 102).run();
    is_well(&later);
    let stages = |done: &Transcript| change(&metrics(done), "9")["stages"].clone();
    assert_eq!(stages(&later), stages(&first));
}

#[test]
fn without_the_permission_the_tests_are_not_known_and_one_note_says_what_would_help() {
    let world = guarded();
    world.github().permissions(&[
        "contents: write",
        "deployments: read",
        "pull-requests: write",
    ]);
    let done = deploy_of(&world, 9, 101).run();
    // The metrics need none of it: nothing is degraded, and nobody is warned.
    is_well(&done);
    assert_eq!(world.requests().of("GET actions"), 1);
    let report = metrics(&done);
    let stages = &change(&report, "9")["stages"];
    // Without the rules, all of it was waited for somebody.
    assert_eq!(stages["approval"], 3600.0);
    assert_eq!(
        (&stages["timer"], &stages["ci"]),
        (&Value::Null, &Value::Null)
    );
    assert_eq!(report["overall"]["beside"]["ci_run"]["reason"], "truncated");
    let notes = report["notes"].as_array().unwrap();
    let about: Vec<&Value> = notes
        .iter()
        .filter(|n| n["code"] == "not_permitted")
        .collect();
    assert_eq!(about.len(), 2, "{notes:#?}");
    for note in about {
        let help = note["help"].as_str().unwrap();
        assert_eq!(help, "Add `actions: read` to the job's `permissions`.");
    }
    assert!(done.summary.contains("actions: read"), "{}", done.summary);
}

#[test]
fn the_workflow_that_deploys_tests_nothing() {
    let world = next_day();
    let times = [
        "2026-03-03T08:01:00Z",
        "2026-03-03T08:02:00Z",
        "2026-03-03T08:31:00Z",
    ];
    world
        .github()
        .file(".github/fivekeys.yml", "workflows:\n  - file: ship.yml\n")
        .workflow_run(("ship.yml", "pr9-1"), (1, "success"), times);
    let done = deploy_of(&world, 9, 101).run();
    is_well(&done);
    assert_eq!(pull(&done, 9)["ci"], Value::Null);
    assert_eq!(world.requests().of("GET actions"), 1, "no job is asked for");
}

#[test]
fn a_change_belongs_to_the_services_whose_paths_it_touches_and_without_paths_to_each() {
    let config = "services:\n  api:\n    paths: [api/**]\n    environments: [production-api]\n  web:\n    paths: [web/**]\n    environments: [production-web]\n";
    let world = World::new().at("2026-03-02T12:00:00Z");
    {
        let mut github = world.github();
        github.file(".github/fivekeys.yml", config);
        github.commit("c1", "2026-02-10T09:00:00Z");
        for place in ["production-api", "production-web"] {
            let at = "2026-02-10T10:05:00Z";
            github.deploy(place, "c1", "2026-02-10T10:00:00Z", &[("success", at)]);
        }
        github.merge_pull_with(7, "2026-03-02T08:00:00Z", |pull| {
            pull.paths(&["api/main.rs", "README.md"])
        });
        github.merge_pull_with(8, "2026-03-02T08:30:00Z", |pull| {
            pull.paths(&["web/app.ts"])
        });
        // More files than a page of them: it may touch anything.
        github.merge_pull_with(9, "2026-03-02T09:00:00Z", |pull| {
            pull.paths(&["docs/a.md"]).size(1, 1, 900)
        });
        github.commit("direct", "2026-03-02T09:30:00Z");
        for place in ["production-api", "production-web"] {
            let at = "2026-03-02T10:05:00Z";
            github.deploy(place, "direct", "2026-03-02T10:00:00Z", &[("success", at)]);
        }
    }
    let done = deploy_of(&world, 9, 100)
        .sha("direct")
        .input("status", "")
        .run();
    is_green(&done);
    assert_eq!(pull(&done, 7)["paths"], json!(["api/main.rs", "README.md"]));
    let report = metrics(&done);
    let of = |service: &str| {
        let changes = report["changes"].as_array().unwrap();
        let own = changes.iter().filter(|c| c["service"] == service);
        let mut ids: Vec<&str> = own.map(|c| c["id"].as_str().unwrap()).collect();
        ids.sort_unstable();
        ids.into_iter()
            .map(|id| id.get(..2).unwrap_or(id))
            .collect::<Vec<_>>()
    };
    let direct = &crate::world::sha("direct")[..2];
    let (mut api, mut web) = (vec!["7", "9", direct], vec!["8", "9", direct]);
    api.sort_unstable();
    web.sort_unstable();
    assert_eq!((of("api"), of("web")), (api, web), "{report:#}");
    assert_eq!(report["overall"]["metrics"]["change_lead_time"]["n"], 4);
}

#[test]
fn a_deployment_that_fits_two_services_is_one_of_each_and_one_of_the_whole() {
    let config = "services:\n  api:\n    environments: [production]\n  web:\n    environments: [production]\n";
    let world = next_day();
    world.github().file(".github/fivekeys.yml", config);
    let done = deploy_of(&world, 9, 101).run();
    is_green(&done);
    let report = metrics(&done);
    let count = |scope: &Value| scope["metrics"]["deployment_frequency"]["count"].clone();
    assert_eq!(count(&report["overall"]), 4);
    for name in ["api", "web"] {
        assert_eq!(count(&report["services"][name]), 4, "{name}");
    }
    assert_eq!(report["overall"]["metrics"]["change_lead_time"]["n"], 3);
}
