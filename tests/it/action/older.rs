//! An Enterprise Server of some age: every field that is asked for is missing once, and so is every key and route of
//! REST. Nothing is lost, the deploy is green, and what is not known is said.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Debug;
use std::sync::Mutex;

use super::{deploy_of, each, ids, is_well, lines, ship, tell};
use crate::world::{Lack, Runner, Transcript, World};

/// At the same time.
const A_FEW: usize = 4;

/// An Enterprise Server without limits and with a year of everything: incidents, words, pull requests.
fn server() -> World {
    let world = World::enterprise().at("2026-03-02T10:00:00Z");
    world.github().no_rate_limits();
    tell(&world);
    world
        .github()
        .open_issue(40, "incident", "2026-02-25T10:00:00Z", "Broken")
        .close_issue(40, "2026-02-25T12:00:00Z", "COMPLETED", Some(7))
        .label_pull(7, "2026-02-25T11:00:00Z", "deployment-failed")
        .say(
            7,
            ("ada", "MEMBER"),
            "2026-02-25T11:30:00Z",
            "/fivekeys failed",
        );
    world
}

/// A server whose first run is done, one day on.
fn next_day() -> World {
    let world = server();
    is_well(&deploy_of(&world, 8, 100).run());
    world.clock("2026-03-03T10:00:00Z");
    ship(&world, 9, 101, "2026-03-03T09");
    world
        .github()
        .open_issue(41, "incident", "2026-03-03T09:59:00Z", "Caused by #9")
        .graph_asked
        .clear();
    world.github().rest_keys.clear();
    world
}

/// A server that has never seen us, with releases, tags, commits and a workflow.
fn marked() -> World {
    let world = World::enterprise().at("2026-03-02T10:00:00Z");
    world
        .github()
        .no_rate_limits()
        .file(
            ".github/fivekeys.yml",
            "services:\n  shop: {paths: [\"**\"]}\n",
        )
        .file(".github/workflows/ci.yml", "on: push\njobs: {test: {}}\n")
        .commit("c1", "2026-02-01T09:00:00Z")
        .merge_pull(7, "2026-02-02T09:00:00Z")
        .tag("v1.0.0", "c1")
        .tag("v1.1.0", "pr7")
        .release("v1.0.0", "2026-02-01T10:00:00Z")
        .release("v1.1.0", "2026-02-02T10:00:00Z");
    world
}

/// A server that has never seen us, whose workflow runs are deployments.
fn running() -> World {
    let world = World::enterprise().at("2026-03-02T10:00:00Z");
    let jobs = [
        ("ship", 1, "09:01", "09:05", "failure"),
        ("ship", 2, "11:01", "11:08", "success"),
    ];
    world
        .github()
        .no_rate_limits()
        .file(
            ".github/fivekeys.yml",
            "workflows: [{file: ship.yml, job: ship}]\n",
        )
        .commit("c1", "2026-02-01T09:00:00Z")
        .merge_pull(7, "2026-02-02T09:00:00Z")
        .ran(
            500,
            "ship.yml",
            "c1",
            "2026-02-01T09:00:00Z",
            "success",
            &jobs[..1],
        )
        .ran(
            501,
            "ship.yml",
            "pr7",
            "2026-02-03T09:00:00Z",
            "success",
            &jobs,
        );
    world
}

/// The same server again, and what is different about it.
fn like(world: &World, tell: impl FnOnce(&World)) -> World {
    let copy = World::enterprise();
    let state = world.github().clone();
    *copy.github() = state;
    tell(&copy);
    copy
}

fn second_run(world: &World) -> Transcript {
    deploy_of(world, 9, 101).run()
}

/// A run that ships nothing itself.
fn look(world: &World) -> Transcript {
    Runner::new(world).run_id(900).sha("pr7").run()
}

fn told(done: &Transcript) -> String {
    let said = done.annotations.iter().map(|one| one.message.as_str());
    let all: Vec<&str> = said.chain([done.summary.as_str()]).collect();
    all.join("\n").to_lowercase()
}

/// What a server lacks costs nothing that was known, and the first run after an update knows all. What is wrong.
fn survives(
    (base, run): (&World, fn(&World) -> Transcript),
    lack: impl FnOnce(&World),
    whole: &BTreeSet<String>,
    says: &str,
) -> Vec<String> {
    let world = like(base, lack);
    let known =
        |files: &BTreeMap<String, String>| -> BTreeSet<String> { ids(files).into_iter().collect() };
    let before = known(&world.github().branch_files("fivekeys"));
    let done = run(&world);
    let mut wrong = Vec::new();
    let mut check = |holds: bool, what: String| wrong.extend((!holds).then_some(what));
    check(done.exit == 0, format!("exit {}", done.exit));
    let errors = done.said("error");
    check(errors.is_empty(), format!("{errors:?}"));
    check(!done.stderr.contains("panicked"), done.stderr.clone());
    let after = known(&done.branch_files);
    let lost: Vec<_> = before.difference(&after).collect();
    check(lost.is_empty(), format!("lost {lost:?}"));
    check(
        told(&done).contains(says),
        format!("does not say {says:?}: {:?}", done.annotations),
    );
    world.github().graph_lacks.clear();
    world.github().rest_lacks = None;
    let (settled, rows) = if whole.is_subset(&after) {
        (after, lines(&done.branch_files))
    } else {
        let next = run(&world);
        (known(&next.branch_files), lines(&next.branch_files))
    };
    let missing: Vec<_> = whole.difference(&settled).collect();
    check(
        missing.is_empty(),
        format!("after an update unknown: {missing:?}"),
    );
    let once: BTreeSet<String> = rows.iter().map(ToString::to_string).collect();
    check(once.len() == rows.len(), "a line stands twice".to_owned());
    wrong
}

/// Runs cases in groups: every one starts the program twice. What is wrong, by case.
fn in_groups<T: Send + Clone + Debug>(cases: &[T], test: impl Fn(T) -> Vec<String> + Sync) {
    let wrong = Mutex::new(BTreeMap::new());
    for group in cases.chunks(A_FEW) {
        each(group.to_vec(), |case| {
            let name = format!("{case:?}");
            let found = test(case);
            if !found.is_empty() {
                wrong.lock().unwrap().insert(name, found);
            }
        });
    }
    let wrong = wrong.into_inner().unwrap();
    assert!(
        wrong.is_empty(),
        "{} of {}: {wrong:#?}",
        wrong.len(),
        cases.len()
    );
}

/// Whatever the server lacks of what a whole one was asked for.
fn without_each_field(base: &World, run: fn(&World) -> Transcript, says: &str) -> usize {
    let whole = like(base, |_| {});
    let done = run(&whole);
    assert_eq!(done.output("persisted"), "true", "{done:#?}");
    let known: BTreeSet<String> = ids(&done.branch_files).into_iter().collect();
    let asked: Vec<String> = whole.github().graph_asked.iter().cloned().collect();
    in_groups(&asked, |field| {
        let lack = |world: &World| {
            world.github().graph_lacks.insert(field.clone());
        };
        survives((base, run), lack, &known, says)
    });
    asked.len()
}

fn without_each_key(base: &World, run: fn(&World) -> Transcript) -> usize {
    let whole = like(base, |_| {});
    let done = run(&whole);
    let known: BTreeSet<String> = ids(&done.branch_files).into_iter().collect();
    let keys = whole.github().rest_keys.clone();
    let mut cases: Vec<(String, Lack)> = Vec::new();
    for key in keys {
        cases.extend([(key.clone(), Lack::Absent), (key, Lack::Null)]);
    }
    for route in ["actions", "compare", "commits", "environments"] {
        cases.push((route.to_owned(), Lack::Route));
    }
    in_groups(&cases, |case| {
        let lack = |world: &World| world.github().rest_lacks = Some(case.clone());
        survives((base, run), lack, &known, "")
    });
    cases.len()
}

#[test]
fn a_server_that_lacks_any_one_field_loses_nothing_and_says_what_it_cannot_tell() {
    let count = without_each_field(&next_day(), second_run, "this github is too old");
    assert!(count > 90, "{count}");
    eprintln!("{count} fields and types");
}

#[test]
fn a_first_run_by_releases_does_without_any_one_field() {
    let count = without_each_field(&marked(), look, "");
    assert!(count > 60, "{count}");
    eprintln!("{count} fields and types");
}

#[test]
fn a_server_that_lacks_any_one_key_or_route_of_rest_loses_nothing() {
    let count = without_each_key(&next_day(), second_run);
    eprintln!("{count} cases");
}

#[test]
fn a_first_run_by_workflow_runs_does_without_any_one_key_or_route() {
    let count = without_each_key(&running(), look);
    eprintln!("{count} cases");
}
