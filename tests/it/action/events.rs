//! Which events may write, and which only look.

use serde_json::{Value, json};

use super::{deploy_of, deployments, is_green, next_day};
use crate::data::shared;
use crate::world::{Runner, World};

#[test]
fn pull_requests_and_merge_groups_are_measured_and_nothing_is_written() {
    for event in [
        "pull_request",
        "pull_request_target",
        "pull_request_review",
        "merge_group",
    ] {
        let world = next_day();
        let before = world.github().branch_files("fivekeys");
        // A fork's token reads, and no more.
        world
            .github()
            .permissions(&["contents: read", "deployments: read", "pull-requests: read"]);
        let done = deploy_of(&world, 9, 101)
            .event(event)
            .input("status", "")
            .run();
        is_green(&done);
        assert_eq!(done.annotations, [], "{event}");
        assert_eq!(world.requests().mutations(), 0, "{event}");
        assert_eq!(done.branch_files, before, "{event}");
        assert_eq!(done.comments.len(), 1, "{event}");
        for (name, value) in [
            ("persisted", "false"),
            ("degraded", "false"),
            ("commit", ""),
            ("event-id", ""),
        ] {
            assert_eq!(done.output(name), value, "{event}: {name}");
        }
        assert!(
            done.summary.contains("4 deployments"),
            "{event}: {}",
            done.summary
        );
        assert!(
            done.summary.contains("measured and not stored"),
            "{event}: {}",
            done.summary
        );
        assert!(
            !done.summary.contains("[!WARNING]"),
            "{event}: {}",
            done.summary
        );
    }
}

#[test]
fn a_dry_run_prints_files_and_comments_and_writes_nothing() {
    for world in [next_day(), super::shop()] {
        let before = world.github().branch_files("fivekeys");
        let pull = if before.is_empty() { 8 } else { 9 };
        let comments = world.github().comments.len();
        let done = deploy_of(&world, pull, 92 + pull)
            .input("dry-run", "true")
            .run();
        is_green(&done);
        assert_eq!(done.annotations, []);
        assert_eq!(world.requests().mutations(), 0);
        assert_eq!(done.branch_files, before);
        assert_eq!(done.comments.len(), comments);
        for text in [
            "dry run",
            "metrics.json (",
            "README.md (",
            "UTC, 58 min after merge",
        ] {
            assert!(
                done.stderr.contains(text),
                "{text} is not in {}",
                done.stderr
            );
        }
        assert!(
            done.summary.contains("Dry run: nothing was written."),
            "{}",
            done.summary
        );
        assert_eq!(
            (done.output("persisted"), done.output("commit")),
            ("false", "")
        );
    }
}

#[test]
fn a_schedule_sweeps_without_a_deployment_of_its_own() {
    let world = next_day();
    let done = deploy_of(&world, 9, 150)
        .event("schedule")
        .input("status", "")
        .run();
    is_green(&done);
    assert_eq!(done.output("persisted"), "true");
    assert_eq!(done.output("swept"), "1");
    assert_eq!(done.commits_on_branch.len(), 2);
}

/// A payload as GitHub sends it.
fn webhook(name: &str) -> Option<Value> {
    let text = std::fs::read_to_string(shared(&format!("contract/webhooks/{name}.json"))?).unwrap();
    let mut payload: Value = serde_json::from_str(&text).unwrap();
    // The world has a repository of its own.
    payload.as_object_mut().unwrap().remove("repository");
    Some(payload)
}

/// An open pull request of a fork whose head says how it wants to be measured.
fn proposed() -> World {
    let world = next_day();
    world
        .github()
        .file(".github/fivekeys.yml", "comment: {mode: all}\n")
        .open_pull(20, "2026-03-03T09:30:00Z", |pull| pull.branch("evil"))
        .push(
            "evil",
            &[(
                ".github/fivekeys.yml",
                "environments: [nowhere]\ntemplates: own\n",
            )],
        );
    world
}

fn from(mut payload: Value, repository: Value) -> Value {
    let pull = &mut payload["pull_request"];
    pull["node_id"] = json!("PR_kwDOworld00020");
    pull["number"] = json!(20);
    pull["head"]["repo"] = repository;
    payload
}

/// Nothing is stored, nothing of the head is believed, and the numbers are those of the default branch.
fn only_looks(what: &str, world: &World, runner: &Runner<'_>) -> usize {
    let before = world.github().branch_files("fivekeys");
    let done = runner.run();
    is_green(&done);
    assert_eq!(
        (done.said("error"), done.said("warning")),
        (vec![], vec![]),
        "{what}"
    );
    assert_eq!(done.branch_files, before, "{what}");
    assert_eq!(done.output("persisted"), "false", "{what}");
    assert_eq!(done.output("event-id"), "", "{what}");
    assert_eq!(done.output("degraded"), "false", "{what}");
    assert!(
        done.summary.contains("4 deployments"),
        "{what}: {}",
        done.summary
    );
    assert!(done.summary.contains("measured and not stored"), "{what}");
    assert_eq!(
        world.requests().of("Commit") + world.requests().of("Folder"),
        0,
        "{what}"
    );
    world.github().own_comments(20).len()
}

#[test]
fn no_pull_request_writes_the_branch_whoever_it_comes_from() {
    let Some(opened) = webhook("pull_request.12.opened") else {
        return;
    };
    let ours = opened["pull_request"]["base"]["repo"].clone();
    let mut fork = ours.clone();
    fork["id"] = json!(7);
    // Names can be taken over: only ids tell.
    fork["full_name"] = ours["full_name"].clone();
    let reads = [
        "contents: read",
        "deployments: read",
        "pull-requests: read",
        "actions: read",
        "issues: read",
    ];
    let writes = [
        "contents: write",
        "deployments: read",
        "pull-requests: write",
        "actions: read",
        "issues: read",
    ];
    // Event, actor, whose head it is, what the token can; and how many comments come of it.
    for (event, actor, head, token, comments) in [
        ("pull_request", "ada", &ours, writes, 1),
        ("pull_request", "mallory", &fork, reads, 0),
        ("pull_request", "mallory", &Value::Null, reads, 0),
        ("pull_request", "dependabot[bot]", &ours, reads, 0),
        ("pull_request", "dependabot[bot]", &ours, writes, 1),
        ("pull_request_target", "mallory", &fork, writes, 1),
        ("pull_request_review", "mallory", &fork, reads, 0),
    ] {
        let what = format!("{event} {actor} {}", head["id"]);
        let world = proposed();
        world.github().permissions(&token);
        let runner = deploy_of(&world, 9, 101)
            .event(event)
            .env("GITHUB_ACTOR", actor)
            .env("GITHUB_HEAD_REF", "evil")
            .checkout(
                ".github/fivekeys.yml",
                "environments: [nowhere]\ntemplates: own\n",
            )
            .checkout("own/summary.md.j2", "evil")
            .payload(from(opened.clone(), head.clone()));
        // Even where the workflow says that it has deployed.
        assert_eq!(only_looks(&what, &world, &runner), comments, "{what}");
    }
}

#[test]
fn a_merge_group_only_looks() {
    let Some(payload) = webhook("merge_group.00.checks_requested") else {
        return;
    };
    let world = proposed();
    let runner = deploy_of(&world, 9, 101)
        .event("merge_group")
        .payload(payload);
    assert_eq!(only_looks("merge_group", &world, &runner), 0);
}

#[test]
fn a_workflow_that_a_fork_s_pull_request_triggered_deployed_nothing() {
    let Some(mut payload) = webhook("workflow_run.00.completed") else {
        return;
    };
    let run = &mut payload["workflow_run"];
    run["event"] = json!("pull_request");
    run["conclusion"] = json!("success");
    run["path"] = json!(".github/workflows/deploy.yml");
    run["head_repository"]["id"] = json!(7);
    for status in ["", "success"] {
        let world = next_day();
        world
            .github()
            .file(".github/fivekeys.yml", "workflows: [{file: deploy.yml}]\n");
        let done = Runner::new(&world)
            .event("workflow_run")
            .run_id(150)
            .input("status", status)
            .payload(payload.clone())
            .run();
        assert_eq!(done.exit, 0);
        let stored = deployments(&done.branch_files);
        let theirs = payload["workflow_run"]["id"].to_string();
        assert!(stored.keys().all(|id| !id.contains(&theirs)), "{stored:?}");
        let text: String = done.branch_files.values().map(String::as_str).collect();
        let head = payload["workflow_run"]["head_sha"].as_str().unwrap();
        assert!(
            !text.contains(head),
            "what is not merged was deployed by nobody"
        );
    }
}
