//! Failures as people tell them: issues, labels, comments and the file of corrections, read with everything else.

use serde_json::Value;

use super::{deploy_of, first_run, is_green, is_well, lines, metrics, next_day, ship, shop};
use crate::world::{Transcript, World};

const FILE: &str = ".github/fivekeys-corrections.yml";

/// Runs the newest deployment's run again, later: a sweep.
fn sweep(world: &World, clock: &str) -> Transcript {
    world.clock(clock);
    world.forget_requests();
    let done = deploy_of(world, 9, 101).run();
    is_green(&done);
    done
}

/// The whole report, stored or not.
fn report(done: &Transcript) -> Value {
    serde_json::from_str(&done.files["workspace/fivekeys-metrics.json"]).unwrap()
}

fn fail_rate(done: &Transcript) -> Value {
    report(done)["overall"]["metrics"]["change_fail_rate"].clone()
}

/// Ids of failed deployments, by the run that made them.
fn failed_runs(done: &Transcript) -> Vec<String> {
    let report = report(done);
    let all = report["deployments"].as_array().unwrap();
    let failed = all.iter().filter(|d| d["failed"] == true);
    failed
        .map(|d| d["run"].as_str().unwrap().to_owned())
        .collect()
}

fn incident(done: &Transcript, id: &str) -> Value {
    let report = report(done);
    let all = report["incidents"].as_array().unwrap();
    all.iter()
        .find(|i| i["id"] == id)
        .cloned()
        .unwrap_or_default()
}

#[test]
fn an_issue_is_an_incident_from_its_opening_to_its_last_closing() {
    let world = next_day();
    world.github().open_issue(
        41,
        "Incident",
        "2026-03-03T09:59:00Z",
        "### Root cause\n\n#9\n",
    );
    let done = deploy_of(&world, 9, 101).run();
    is_well(&done);
    // One query reads it: compare, pull requests, commit and comments are what a deployment costs anyway.
    assert_eq!(world.requests().of("Issues"), 0);
    assert_eq!(world.requests().of("State"), 1);
    assert_eq!(failed_runs(&done), ["101"]);
    assert_eq!(incident(&done, "inc:gh:41")["attributed_by"], "pull");
    let stored = lines(&done.branch_files);
    let line = stored
        .iter()
        .find(|line| line["id"] == "inc:gh:41")
        .unwrap();
    assert!(
        !line.to_string().contains("Incident 41"),
        "no title is kept"
    );

    // The fix is merged, closes the issue, and is deployed: the failure is restored when the issue was closed.
    world.github().merge_pull(10, "2026-03-03T10:30:00Z");
    world
        .github()
        .close_issue(41, "2026-03-03T10:31:00Z", "COMPLETED", Some(10));
    world.github().deploy_with(
        "production",
        "pr10",
        "2026-03-03T10:40:00Z",
        &[("success", "2026-03-03T10:45:00Z")],
        |deploy| deploy.run(102, 1),
    );
    world.clock("2026-03-03T11:00:00Z");
    let done = deploy_of(&world, 10, 102).run();
    is_well(&done);
    let told = incident(&done, "inc:gh:41");
    assert_eq!(told["resolved_at"], "2026-03-03T10:31:00Z");
    let report = report(&done);
    let fixed = report["deployments"].as_array().unwrap();
    let fixed = fixed.iter().find(|d| d["id"] == told["fixed_by"]).unwrap();
    assert_eq!(
        (&fixed["run"], &fixed["rework_kind"]),
        (&"102".into(), &"fixed_by".into())
    );
    let recovery = &report["overall"]["metrics"]["failed_deployment_recovery_time"];
    assert_eq!(
        (&recovery["n"], &recovery["median_seconds"]),
        (&1.into(), &1980.0.into())
    );

    // Opened again, it is open, whatever the first repair did.
    world.github().reopen_issue(41, "2026-03-03T12:00:00Z");
    let done = sweep(&world, "2026-03-03T12:30:00Z");
    assert_eq!(incident(&done, "inc:gh:41")["resolved_at"], Value::Null);
    let open =
        &self::report(&done)["overall"]["metrics"]["failed_deployment_recovery_time"]["open"];
    assert_eq!(open.as_array().unwrap().len(), 1, "{open}");
}

#[test]
fn an_issue_that_is_none_after_all_is_left_out_and_said() {
    let world = next_day();
    world
        .github()
        .open_issue(41, "incident", "2026-03-03T09:59:00Z", "")
        .open_issue(42, "incident", "2026-03-03T09:59:30Z", "")
        .open_issue(43, "bug", "2026-03-03T09:59:40Z", "caused by: #9");
    assert_eq!(failed_runs(&deploy_of(&world, 9, 101).run()), ["101"]);
    world
        .github()
        .close_issue(41, "2026-03-03T10:10:00Z", "NOT_PLANNED", None)
        .label_issue(42, "2026-03-03T10:11:00Z", &["question"]);
    let done = sweep(&world, "2026-03-03T10:30:00Z");
    assert!(failed_runs(&done).is_empty());
    assert_eq!(report(&done)["incidents"], serde_json::json!([]));
    let notes = report(&done)["notes"].to_string();
    for why in ["closed as not planned", "lost its incident label"] {
        assert!(notes.contains(why), "{notes}");
    }
    // Nothing is said twice, and nothing is for ever.
    let again = sweep(&world, "2026-03-03T10:40:00Z");
    assert_eq!(again.output("commit"), "");
    world
        .github()
        .reopen_issue(41, "2026-03-03T10:50:00Z")
        .label_issue(42, "2026-03-03T10:51:00Z", &["incident"]);
    let back = sweep(&world, "2026-03-03T11:00:00Z");
    assert_eq!(report(&back)["incidents"].as_array().unwrap().len(), 2);
}

#[test]
fn labels_of_ones_own_cost_one_request_and_a_broken_configuration_takes_nothing_back() {
    let world = next_day();
    world
        .github()
        .file(
            ".github/fivekeys.yml",
            "incidents:\n  labels: [Outage, sev1]\n",
        )
        .open_issue(41, "outage", "2026-03-03T09:59:00Z", "")
        .open_issue(42, "incident", "2026-03-03T09:59:00Z", "");
    let done = deploy_of(&world, 9, 101).run();
    is_well(&done);
    assert_eq!(world.requests().of("State"), 2);
    assert_eq!(incident(&done, "inc:gh:42"), Value::Null);
    assert_ne!(incident(&done, "inc:gh:41"), Value::Null);
    world.github().file(".github/fivekeys.yml", "incidnts: 1\n");
    let broken = sweep(&world, "2026-03-03T10:30:00Z");
    assert_ne!(incident(&broken, "inc:gh:41"), Value::Null);
}

#[test]
fn more_incidents_than_a_page_are_read_once() {
    let world = shop();
    for n in 0..120 {
        let at = format!("2026-02-{:02}T{:02}:00:00Z", 1 + n / 24, n % 24);
        world.github().open_issue(1000 + n, "incident", &at, "");
    }
    let first = deploy_of(&world, 8, 100).run();
    is_well(&first);
    assert_eq!(world.requests().of("Issues"), 2);
    let stored = lines(&first.branch_files);
    assert_eq!(
        stored
            .iter()
            .filter(|l| l["fact"]["incident"].is_object())
            .count(),
        120
    );
    world.forget_requests();
    world.clock("2026-03-03T10:00:00Z");
    ship(&world, 9, 101, "2026-03-03T09");
    is_well(&deploy_of(&world, 9, 101).run());
    assert_eq!(world.requests().of("Issues"), 0);
}

#[test]
fn labels_and_comments_of_people_with_write_access_judge_a_deployment() {
    let world = next_day();
    deploy_of(&world, 9, 101).run();
    let ada = ("ada", "MEMBER");
    world
        .github()
        .say(
            9,
            ("eve", "NONE"),
            "2026-03-03T10:01:00Z",
            "/fivekeys failed",
        )
        .say(
            9,
            ("renovate[bot]", "MEMBER"),
            "2026-03-03T10:02:00Z",
            "/fivekeys failed",
        );
    let done = sweep(&world, "2026-03-03T10:10:00Z");
    assert!(failed_runs(&done).is_empty());
    assert_eq!(world.requests().names(), ["State"]);

    world
        .github()
        .label_pull(9, "2026-03-03T10:20:00Z", "Deployment-Failed");
    let done = sweep(&world, "2026-03-03T10:30:00Z");
    assert_eq!(failed_runs(&done), ["101"]);
    assert_eq!(
        world.requests().names(),
        ["State", "Commit"],
        "no request but the write"
    );
    assert_eq!(sweep(&world, "2026-03-03T10:31:00Z").output("commit"), "");

    world.github().say(
        9,
        ada,
        "2026-03-03T10:40:00Z",
        "/fivekeys fine, a false alarm\r\n",
    );
    assert_eq!(
        failed_runs(&sweep(&world, "2026-03-03T10:41:00Z")),
        ["101"],
        "`fine,` is no command"
    );
    world
        .github()
        .say(9, ada, "2026-03-03T10:42:00Z", "Checked.\n/fivekeys fine");
    assert!(failed_runs(&sweep(&world, "2026-03-03T10:45:00Z")).is_empty());
    world.github().say(
        9,
        ada,
        "2026-03-03T10:50:00Z",
        "/fivekeys failed fixed by #10, after all",
    );
    assert_eq!(failed_runs(&sweep(&world, "2026-03-03T10:55:00Z")), ["101"]);

    the_repair_is_rework(&world);
}

fn the_repair_is_rework(world: &World) {
    ship(world, 10, 102, "2026-03-03T11");
    world.clock("2026-03-03T12:00:00Z");
    let done = deploy_of(world, 10, 102).run();
    let report = report(&done);
    let all = report["deployments"].as_array().unwrap();
    let of = |run: &str| all.iter().find(|d| d["run"] == run).unwrap();
    assert_eq!(of("102")["rework_kind"], "fixed_by");
    assert_eq!(of("101")["recovered_at"], "2026-03-03T11:58:00Z");
}

#[test]
fn a_label_that_is_taken_off_takes_its_word_along() {
    let world = next_day();
    world
        .github()
        .label_pull(9, "2026-03-03T09:10:00Z", "deployment-failed");
    assert_eq!(failed_runs(&deploy_of(&world, 9, 101).run()), ["101"]);
    world.github().unlabel_pull(9, "deployment-failed").say(
        9,
        ("ada", "OWNER"),
        "2026-03-03T10:05:00Z",
        "Not this one.",
    );
    assert!(failed_runs(&sweep(&world, "2026-03-03T10:10:00Z")).is_empty());
    world
        .github()
        .label_pull(9, "2026-03-03T10:20:00Z", "deployment-failed");
    assert_eq!(failed_runs(&sweep(&world, "2026-03-03T10:30:00Z")), ["101"]);
}

#[test]
fn the_file_of_corrections_is_followed_changed_and_emptied() {
    let world = next_day();
    world.github().file(
        FILE,
        "- deployment: 99\n  failed: true\n  fixed_by: '#8'\n  why: checkout was down\n- deployment: nowhere\n  failed: true\n  why: a slip\n",
    );
    let done = deploy_of(&world, 9, 101).run();
    is_well(&done);
    assert_eq!(failed_runs(&done), ["99"]);
    let rate = fail_rate(&done);
    assert_eq!((&rate["failed"], &rate["total"]), (&1.into(), &4.into()));
    let notes = report(&done)["notes"].to_string();
    assert!(notes.contains("not known: nowhere"), "{notes}");
    let again = sweep(&world, "2026-03-03T10:30:00Z");
    assert_eq!(
        (again.output("commit"), failed_runs(&again)),
        ("", vec!["99".to_owned()])
    );

    // A mistake in it is said with its place; what it said before stays in force.
    world
        .github()
        .file(FILE, "- deployment: 99\n  faild: true\n");
    let wrong = sweep(&world, "2026-03-03T10:40:00Z");
    assert_eq!(failed_runs(&wrong), ["99"]);
    let said = wrong.said("warning").join(" ");
    for part in [FILE, "line 2", "did you mean `failed`?"] {
        assert!(said.contains(part), "{said}");
    }
    world.github().file(FILE, "# nothing is wrong any more\n");
    assert!(failed_runs(&sweep(&world, "2026-03-03T10:50:00Z")).is_empty());
}

#[test]
fn what_a_person_calls_fine_is_blamed_by_no_incident() {
    let world = next_day();
    world
        .github()
        .open_issue(41, "incident", "2026-03-03T09:59:00Z", "");
    world.github().file(
        FILE,
        "- deployment: 101\n  failed: false\n  why: it was the network\n",
    );
    let done = deploy_of(&world, 9, 101).run();
    assert!(failed_runs(&done).is_empty());
    assert_eq!(incident(&done, "inc:gh:41")["deployment"], Value::Null);
    assert_eq!(
        fail_rate(&done)["unattributed"],
        serde_json::json!(["inc:gh:41"])
    );
}

#[test]
fn without_permission_the_rest_is_measured_and_the_permission_is_named() {
    let world = next_day();
    world
        .github()
        .private()
        .permissions(&["contents: write", "deployments: read"]);
    let done = deploy_of(&world, 9, 101).run();
    is_green(&done);
    assert_eq!(done.output("persisted"), "true");
    let said = done.said("warning").join(" ");
    assert!(said.contains("pull-requests: read"), "{said}");
    let notes = report(&done)["notes"].to_string();
    assert!(notes.contains("issues: read"), "{notes}");
}

#[test]
fn a_workflow_that_was_written_without_incidents_in_mind_is_not_warned() {
    let world = next_day();
    let granted = [
        "contents: write",
        "deployments: read",
        "pull-requests: write",
    ];
    world.github().permissions(&granted);
    let done = deploy_of(&world, 9, 101).run();
    is_well(&done);
    let notes = report(&done)["notes"].to_string();
    assert!(
        notes.contains("no_incident_source") && notes.contains("issues: read"),
        "{notes}"
    );
}

#[test]
fn an_incident_label_that_fell_out_of_use_gives_no_rate() {
    let world = shop();
    for (n, day) in [
        "2025-04-07",
        "2025-04-21",
        "2025-05-05",
        "2025-05-19",
        "2025-06-02",
    ]
    .iter()
    .enumerate()
    {
        let number = 50 + n as u64;
        world
            .github()
            .open_issue(number, "incident", &format!("{day}T09:00:00Z"), "")
            .close_issue(number, &format!("{day}T11:00:00Z"), "COMPLETED", None);
    }
    let done = first_run(&world);
    let rate = fail_rate(&done);
    assert_eq!(
        (&rate["ratio"], &rate["reason"]),
        (&Value::Null, &"incident_source_silent".into())
    );
    assert_eq!(done.output("change-fail-rate"), "");
    let found = report(&done)["findings"].to_string();
    assert!(
        found.contains("5 different weeks and none since 2025-06-02"),
        "{found}"
    );
}

#[test]
fn hostile_words_change_nothing_and_reach_nobody() {
    let world = next_day();
    let evil = "::error::x\n</summary><script>@acme/team\u{202e}` | ${{ x }}";
    world.github().open_issue(
        41,
        "incident",
        "2026-03-03T09:59:00Z",
        &format!("root cause: {evil}\n{evil}"),
    );
    world.github().label_issue(
        41,
        "2026-03-03T09:59:10Z",
        &["incident", &format!("service:{evil}")],
    );
    world.github().say(
        9,
        ("ada", "OWNER"),
        "2026-03-03T09:59:00Z",
        &format!("/fivekeys {evil}"),
    );
    world.github().file(
        FILE,
        "- deployment: \"::error::x\\n<script>@acme/team\"\n  failed: true\n  why: y\n",
    );
    let done = deploy_of(&world, 9, 101).run();
    is_green(&done);
    assert_eq!(done.output("persisted"), "true");
    for text in [&done.summary, &done.branch_files["README.md"]] {
        assert!(
            !text.contains("<script>") && !text.contains("@acme/team"),
            "{text}"
        );
    }
    assert!(done.said("error").is_empty());
    let _ = metrics(&done);
}

#[test]
fn what_is_merged_and_not_deployed_is_counted_once_it_is_read() {
    let undeployed = |done: &Transcript| {
        report(done)["overall"]["metrics"]["change_lead_time"]["undeployed"].clone()
    };
    let world = next_day();
    let done = deploy_of(&world, 9, 101).run();
    assert_eq!(undeployed(&done)["count"], 0);
    world
        .github()
        .merge_pull(10, "2026-03-03T11:00:00Z")
        .merge_pull(11, "2026-03-03T12:00:00Z");
    let done = sweep(&world, "2026-03-03T13:00:00Z");
    let waiting = undeployed(&done);
    assert_eq!(
        (&waiting["count"], &waiting["oldest_seconds"]),
        (&2.into(), &7200.0.into())
    );
    assert_eq!(
        world.requests().names(),
        [
            "State",
            "GET compare",
            "Pulls",
            "GET actions",
            "GET actions",
            "Commit"
        ]
    );
    // Known now: it costs nothing, and neither does its deployment.
    let done = sweep(&world, "2026-03-03T14:00:00Z");
    assert_eq!(
        (
            undeployed(&done)["count"].as_u64(),
            world.requests().names()
        ),
        (Some(2), vec!["State".to_owned()])
    );
    world.github().deploy_with(
        "production",
        "pr11",
        "2026-03-03T14:10:00Z",
        &[("success", "2026-03-03T14:20:00Z")],
        |deploy| deploy.run(102, 1),
    );
    world.clock("2026-03-03T15:00:00Z");
    world.forget_requests();
    let done = deploy_of(&world, 11, 102).input("comment", "off").run();
    assert_eq!(undeployed(&done)["count"], 0);
    assert_eq!(world.requests().names(), ["State", "Commit"]);
    let report = report(&done);
    let all = report["deployments"].as_array().unwrap();
    let last = all.iter().find(|d| d["run"] == "102").unwrap();
    assert_eq!(last["changes"], serde_json::json!(["10", "11"]));
}

#[test]
fn a_mountain_that_waits_is_said_and_not_climbed() {
    let world = next_day();
    for n in 0..310 {
        let at = format!("2026-03-03T{:02}:{:02}:00Z", 10 + n / 60, n % 60);
        world.github().commit(&format!("w{n}"), &at);
    }
    world.clock("2026-03-03T18:00:00Z");
    let done = deploy_of(&world, 9, 101).run();
    is_well(&done);
    let told = report(&done);
    assert_eq!(
        told["overall"]["metrics"]["change_lead_time"]["undeployed"],
        Value::Null
    );
    assert!(
        told["notes"]
            .to_string()
            .contains("310 commits are merged and not deployed")
    );
}
