//! The first run: a branch without a past, and everything on it.

use serde_json::Value;

use super::{deploy_of, deployments, ids, is_well, metrics, shop, tell};
use crate::world::{World, sha};

#[test]
fn the_first_run_makes_the_branch_with_everything_on_it() {
    let world = shop();
    let done = deploy_of(&world, 8, 100).run();
    is_well(&done);
    assert_eq!(done.commits_on_branch.len(), 1, "one commit");
    let commit = &done.commits_on_branch[0];
    assert_eq!(commit.parents, Vec::<String>::new(), "an orphan");
    assert!(commit.message.contains("[skip ci]"), "{}", commit.message);
    let paths: Vec<&str> = done.branch_files.keys().map(String::as_str).collect();
    for path in [
        "README.md",
        "dashboard/index.html",
        "deployments.json",
        "incidents.json",
        "ledger/events/2026/03/02.jsonl",
        "ledger/meta.json",
        "metrics.json",
    ] {
        assert!(paths.contains(&path), "{path} is not among {paths:?}");
    }
    let badge = |path: &&&str| path.starts_with("badges/");
    assert!(paths.iter().filter(badge).any(|p| super::is_kind(p, "svg")));
    assert!(
        paths
            .iter()
            .filter(badge)
            .any(|p| super::is_kind(p, "json"))
    );
    let known = |path: &&str| path.starts_with("badges/") || !path.contains("badges");
    assert!(paths.iter().all(known));
    assert_eq!(
        world.requests().names(),
        [
            "State",
            "GET compare",
            "Pulls",
            // How the two new pull requests were tested.
            "GET actions",
            "GET actions",
            "POST git/trees",
            "POST git/commits",
            "POST git/refs",
            "Comments",
            "Comments",
        ]
    );
    world.finish();
}

#[test]
fn the_first_run_knows_the_whole_history_and_says_so_everywhere() {
    let world = shop();
    let done = deploy_of(&world, 8, 100).run();
    let found = deployments(&done.branch_files);
    let all: Vec<(&str, &str)> = found.iter().map(|(k, v)| (&**k, &**v)).collect();
    let expected = [
        ("dep:DE_kwDOworld00001", "success"),
        ("dep:DE_kwDOworld00002", "success"),
        ("dep:DE_kwDOworld00003", "success"),
    ];
    assert_eq!(all, expected);
    let head = world.github().head("fivekeys").unwrap();
    for (name, value) in [
        ("persisted", "true"),
        ("degraded", "false"),
        ("event-id", "dep:DE_kwDOworld00003"),
        ("swept", "2"),
        ("commit", &head),
        ("change-fail-rate", "0"),
    ] {
        assert_eq!(done.output(name), value, "{name}");
    }
    let short: Value = serde_json::from_str(done.output("summary-json")).unwrap();
    assert_eq!(short["change_fail_rate"]["value"], 0.0);
    let lead_time = &metrics(&done)["overall"]["metrics"]["change_lead_time"];
    let median = lead_time["median_seconds"].as_f64().unwrap();
    assert_eq!(done.output("lead-time-p50"), median.to_string());
    let id = "<code>fivekeys explain dep:DE&#95;kwDOworld00003</code>";
    assert!(done.summary.contains(id), "{}", done.summary);
    assert!(
        done.summary.contains("&#35;<!-- -->8 |"),
        "{}",
        done.summary
    );
    assert!(done.stderr.contains(&head), "{}", done.stderr);
    let path = done.output("report-path");
    let copy = &done.files[&format!("workspace/{path}")];
    assert_eq!(copy, &done.branch_files["metrics.json"]);
}

#[test]
fn only_the_pull_request_that_has_just_shipped_is_told() {
    let world = shop();
    let done = deploy_of(&world, 8, 100).run();
    assert_eq!(done.comments.len(), 1, "{:#?}", done.comments);
    assert_eq!(done.comments[0].pull, 8);
    let body = &done.comments[0].body;
    assert!(body.starts_with("<!-- fivekeys:v1:shipped:"), "{body}");
    assert!(body.contains("UTC, 58 min after merge"), "{body}");
}

#[test]
fn the_first_run_works_on_an_enterprise_server() {
    let world = World::enterprise().at("2026-03-02T10:00:00Z");
    tell(&world);
    let done = deploy_of(&world, 8, 100).run();
    is_well(&done);
    assert_eq!((done.commits_on_branch.len(), done.comments.len()), (1, 1));
    let readme = &done.branch_files["README.md"];
    assert!(
        readme.contains("https://github.example.com/acme/shop/raw/fivekeys/badges/"),
        "{readme}"
    );
    assert!(!readme.contains("raw.githubusercontent.com"), "{readme}");
    world.finish();
}

#[test]
fn an_empty_history_is_said_and_is_no_failure() {
    let world = World::new().at("2026-03-02T10:00:00Z");
    world
        .github()
        .file(".github/fivekeys.yml", "source: deployments\n")
        .commit("c1", "2026-03-01T09:00:00Z");
    let done = deploy_of(&world, 8, 100)
        .input("status", "")
        .sha("c1")
        .run();
    super::is_green(&done);
    assert_eq!(done.said("warning"), Vec::<&str>::new());
    assert!(
        done.said("notice")[0].contains("no deployment of this commit was found"),
        "{done:#?}"
    );
    assert_eq!(done.commits_on_branch.len(), 0, "there is nothing to keep");
    assert_eq!(done.output("event-id"), "");
    assert_eq!(done.output("persisted"), "false");
    assert_eq!(world.requests().names(), ["State"]);
    assert!(done.summary.starts_with("### "), "{}", done.summary);
}

#[test]
fn one_deployment_is_a_history() {
    let world = World::new().at("2026-03-02T10:00:00Z");
    world
        .github()
        .commit("c1", "2026-03-01T09:00:00Z")
        .deploy_with(
            "production",
            "c1",
            "2026-03-02T09:50:00Z",
            &[("success", "2026-03-02T09:55:00Z")],
            |deploy| deploy.run(100, 1),
        );
    let done = deploy_of(&world, 8, 100).sha("c1").run();
    is_well(&done);
    assert_eq!(
        ids(&done.branch_files),
        ["deployment dep:DE_kwDOworld00001"]
    );
    assert_eq!(
        done.output("lead-time-p50"),
        "",
        "what it delivered is not known"
    );
    let report = metrics(&done);
    assert_eq!(report["deployments"][0]["revision"], sha("c1"));
    assert_eq!(done.comments, []);
}

#[test]
fn without_a_production_environment_the_names_that_are_there_are_listed() {
    let world = World::new().at("2026-03-02T10:00:00Z");
    let at = "2026-03-02T09:50:00Z";
    world
        .github()
        .commit("c1", "2026-03-01T09:00:00Z")
        .deploy("qa-7", "c1", at, &[("success", at)])
        .deploy("cluster-eu", "c1", at, &[("success", at)]);
    let done = deploy_of(&world, 8, 100)
        .sha("c1")
        .input("status", "")
        .run();
    super::is_green(&done);
    for name in ["qa-7", "cluster-eu"] {
        let plain = done.summary.replace('\\', "");
        assert!(plain.contains(name), "{}", done.summary);
    }
}
