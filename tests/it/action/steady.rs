//! Day after day: what a run costs, and what it leaves alone.

use super::{deploy_of, first_run, ids, is_well, next_day, ship, shop};

#[test]
fn a_deployment_with_one_pull_request_takes_four_requests_one_for_its_tests_and_two_for_the_comment()
 {
    let world = next_day();
    let done = deploy_of(&world, 9, 101).run();
    is_well(&done);
    let names = world.requests().names();
    assert_eq!(
        names,
        [
            "State",
            "GET compare",
            "Pulls",
            "GET actions",
            "Commit",
            "Comments",
            "Comments"
        ]
    );
    assert_eq!(done.commits_on_branch.len(), 2);
    assert_eq!(done.output("swept"), "0", "nothing was left behind");
    assert!(!done.summary.contains("Recovered"), "{}", done.summary);
    assert!(!done.summary.contains("Taken in from"), "{}", done.summary);
    assert!(
        done.summary
            .contains("What it did to the numbers: Deployment frequency"),
        "{}",
        done.summary
    );
    world.finish();
}

#[test]
fn the_second_run_of_a_deployment_costs_one_request_and_changes_nothing() {
    let world = next_day();
    let first = deploy_of(&world, 9, 101).run();
    world.forget_requests();
    let again = deploy_of(&world, 9, 101).run();
    is_well(&again);
    assert_eq!(world.requests().names(), ["State"]);
    assert_eq!(again.branch_files, first.branch_files);
    assert_eq!(again.commits_on_branch.len(), 2);
    assert_eq!(again.comments, first.comments);
    assert_eq!(again.output("commit"), "");
    assert_eq!(again.output("event-id"), first.output("event-id"));
    assert_eq!(again.output("summary-json"), first.output("summary-json"));
}

#[test]
fn the_ledger_grows_only_by_what_is_new() {
    let world = shop();
    let before = first_run(&world);
    world.clock("2026-03-02T12:00:00Z");
    ship(&world, 9, 101, "2026-03-02T11");
    let after = deploy_of(&world, 9, 101).run();
    let shard = "ledger/events/2026/03/02.jsonl";
    let (old, new) = (&before.branch_files[shard], &after.branch_files[shard]);
    let added = new
        .strip_prefix(old.as_str())
        .expect("lines are only added");
    let expected = ["commit", "commit", "deployment", "pull"];
    let mut kinds: Vec<String> = added
        .lines()
        .map(|line| {
            let line: serde_json::Value = serde_json::from_str(line).unwrap();
            line["fact"]
                .as_object()
                .unwrap()
                .keys()
                .next()
                .unwrap()
                .clone()
        })
        .collect();
    kinds.sort();
    assert_eq!(kinds, expected);
    // The page is for once a day; the rest is as new as the numbers.
    let same = |path: &str| before.branch_files[path] == after.branch_files[path];
    assert!(same("dashboard/index.html"));
    assert!(!same("metrics.json") && !same("README.md"));
}

#[test]
fn the_first_run_of_a_day_folds_the_days_before_and_every_line_survives_once() {
    let world = shop();
    let first = first_run(&world);
    let mut known = ids(&first.branch_files);
    for (day, number, run) in [("03-03", 9, 101), ("03-04", 10, 102), ("04-01", 11, 103)] {
        world.clock(&format!("2026-{day}T10:00:00Z"));
        ship(&world, number, run, &format!("2026-{day}T09"));
        let done = deploy_of(&world, number, run).run();
        is_well(&done);
        let files = &done.branch_files;
        let shards: Vec<&String> = files.keys().filter(|p| p.contains("/events/")).collect();
        let today = format!("ledger/events/2026/{}.jsonl", day.replace('-', "/"));
        assert_eq!(shards, [&today]);
        let now = ids(files);
        let mut once = now.clone();
        once.dedup();
        assert_eq!(now, once, "no line stands twice");
        assert!(known.iter().all(|id| now.contains(id)), "no line is lost");
        known = now;
    }
    let done = deploy_of(&world, 11, 103).run();
    let months = done.branch_files.keys().filter(|p| p.contains("/months/"));
    assert_eq!(months.collect::<Vec<_>>(), ["ledger/months/2026-03.jsonl"]);
}

#[test]
fn a_month_survives_a_silence_longer_than_any_window() {
    let world = next_day();
    let before = deploy_of(&world, 9, 101).run();
    assert!(
        before
            .branch_files
            .contains_key("ledger/months/2026-03.jsonl")
    );
    // A year later, March is no month of the window any more, but its last day is still to be folded into it.
    world.clock("2027-03-10T10:00:00Z");
    ship(&world, 10, 102, "2027-03-10T09");
    let done = deploy_of(&world, 10, 102).run();
    is_well(&done);
    let now = ids(&done.branch_files);
    for id in ids(&before.branch_files) {
        assert_eq!(now.iter().filter(|one| **one == id).count(), 1, "{id}");
    }
}

#[test]
fn a_missing_page_is_written_again() {
    let world = next_day();
    deploy_of(&world, 9, 101).run();
    world.github().remove("fivekeys", "dashboard/index.html");
    ship(&world, 10, 102, "2026-03-03T10");
    world.clock("2026-03-03T11:00:00Z");
    let done = deploy_of(&world, 10, 102).run();
    is_well(&done);
    assert!(done.branch_files.contains_key("dashboard/index.html"));
}

#[test]
fn a_window_longer_than_the_months_that_were_read_reads_the_rest() {
    let world = next_day();
    deploy_of(&world, 9, 101).run();
    for (clock, number) in [("2026-08-01", 10), ("2026-09-01", 11)] {
        world.clock(&format!("{clock}T10:00:00Z"));
        ship(&world, number, 100 + number, &format!("{clock}T09"));
        is_well(&deploy_of(&world, number, 100 + number).run());
    }
    world.forget_requests();
    let count = |done: &super::Transcript| {
        let report: serde_json::Value =
            serde_json::from_str(&done.files["workspace/fivekeys-metrics.json"]).unwrap();
        let found = report["deployments"].as_array().unwrap();
        found.len()
    };
    let run = deploy_of(&world, 11, 111);
    let narrow = run.clone().run();
    let wide = run.clone().input("window", "210d").run();
    assert_eq!(world.requests().names(), ["State", "State"]);
    assert!(
        count(&wide) > count(&narrow),
        "{} {}",
        count(&wide),
        count(&narrow)
    );
    // The same length from the configuration costs one request more: it is read by the first.
    world
        .github()
        .file(".github/fivekeys.yml", "window: 210d\n");
    world.forget_requests();
    let configured = run.run();
    is_well(&configured);
    assert_eq!(world.requests().names(), ["State", "State"]);
    assert_eq!(count(&configured), count(&wide));
}
