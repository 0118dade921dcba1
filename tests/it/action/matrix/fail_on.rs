//! `fail-on`: which class of trouble fails the step under which value, always after everything was written.

use super::super::{deploy_of, deployments, each};
use super::next_day;
use crate::world::{Fault, On, Transcript, World};

const VALUES: [&str; 4] = ["none", "gate", "degraded", "error"];

/// A class of trouble, how it comes about, how the step ends under each value, and whether the run can still store.
type Row = (&'static str, fn(&World), [i32; 4], bool);

const ROWS: [Row; 12] = [
    ("nothing", |_| (), [0, 0, 0, 0], true),
    ("a target missed", target, [0, 4, 0, 0], true),
    (
        "network",
        |w| w.fault(On::from(1), Fault::Dropped),
        [0, 0, 1, 1],
        false,
    ),
    (
        "rate limit",
        |w| w.fault(On::from(1), Fault::Exhausted(900)),
        [0, 0, 1, 1],
        false,
    ),
    ("lost race", race, [0, 0, 1, 1], false),
    ("permission", unwritable, [0, 0, 1, 1], false),
    ("ruleset", ruled, [0, 0, 1, 1], false),
    ("comments", uncommented, [0, 0, 1, 1], true),
    ("unreadable ledger", broken, [0, 0, 1, 1], false),
    ("newer ledger", newer, [0, 0, 1, 1], false),
    (
        "configuration",
        |w| config(w, "windw: 90d\n"),
        [0, 0, 0, 1],
        true,
    ),
    (
        "cancelled",
        |w| w.fault(On::request(2), Fault::Signal("TERM")),
        [0, 0, 1, 1],
        false,
    ),
];

fn config(world: &World, text: &str) {
    world.github().file(".github/fivekeys.yml", text);
}

fn target(world: &World) {
    config(world, "targets: [\"deployment_frequency >= 5/day\"]\n");
}

fn ruled(world: &World) {
    world.github().ruleset("fivekeys");
}

fn race(world: &World) {
    world.before(On::operation("Commit").times(9), |github| {
        github.push("fivekeys", &[("note.md", "again\n")]);
    });
}

fn unwritable(world: &World) {
    let granted = [
        "contents: read",
        "deployments: read",
        "pull-requests: write",
    ];
    world.github().permissions(&granted);
}

fn uncommented(world: &World) {
    let granted = [
        "contents: write",
        "deployments: read",
        "pull-requests: read",
    ];
    world.github().permissions(&granted);
}

fn broken(world: &World) {
    let shard = "ledger/events/2026/03/02.jsonl";
    let text = world.github().branch_files("fivekeys")[shard].clone();
    let cut = &text[..text.len() - 9];
    world.github().push("fivekeys", &[(shard, cut)]);
}

fn newer(world: &World) {
    let path = "ledger/meta.json";
    let text = world.github().branch_files("fivekeys")[path].clone();
    let mut meta: serde_json::Value = serde_json::from_str(&text).unwrap();
    meta["schema"] = 99.into();
    meta["min_reader"] = 99.into();
    world
        .github()
        .push("fivekeys", &[(path, &meta.to_string())]);
}

/// Everything that a run can write is written before it ends, however it ends.
fn is_written(done: &Transcript, stores: bool, what: &str) {
    assert!(done.summary.starts_with("### "), "{what}");
    assert_eq!(done.output("persisted"), stores.to_string(), "{what}");
    assert_eq!(done.outputs.len(), 14, "{what}");
    let kept = deployments(&done.branch_files).contains_key("dep:DE_kwDOworld00004");
    assert_eq!(kept, stores, "{what}");
    let told = if stores && !what.starts_with("comments") {
        2
    } else {
        1
    };
    assert_eq!(done.comments.len(), told, "{what}");
}

#[test]
fn each_class_of_trouble_fails_under_the_values_that_ask_for_it() {
    let day = next_day().github().clone();
    each(ROWS, |(name, trouble, exits, stores)| {
        for (fail_on, exit) in VALUES.into_iter().zip(exits) {
            let world = World::of(day.clone());
            trouble(&world);
            let done = deploy_of(&world, 9, 101).input("fail-on", fail_on).run();
            let what = format!("{name}, {fail_on}: {done:#?}");
            assert_eq!(done.exit, exit, "{what}");
            if name == "newer ledger" || name == "unreadable ledger" {
                assert!(done.summary.starts_with("### "), "{what}");
                assert_eq!(done.output("persisted"), "false", "{what}");
            } else {
                is_written(&done, stores, &what);
            }
            world.left_over();
        }
    });
}

/// A wrong input is said like a wrong configuration.
#[test]
fn a_wrong_input_fails_only_where_errors_do() {
    for (fail_on, exit) in VALUES.into_iter().zip([0, 0, 0, 1]) {
        let world = next_day();
        let run = deploy_of(&world, 9, 101).input("window", "soon");
        let done = run.input("fail-on", fail_on).run();
        assert_eq!(done.exit, exit, "{fail_on}");
        assert_eq!(done.output("persisted"), "true", "{fail_on}");
    }
}
