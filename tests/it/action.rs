//! The whole action as a process, against the test world: every branch of its protocol and of its failure policy.

mod comments;
mod config;
mod cost;
mod crowd;
mod digest;
mod events;
mod evidence;
mod exported;
mod failure;
mod first;
mod gate;
mod hostile;
mod ledger;
mod matrix;
mod older;
mod own;
mod preview;
mod race;
mod recipes;
mod secret;
mod source;
mod steady;
mod stream;
mod templates;

use std::collections::BTreeMap;
use std::path::Path;

use fivekeys::event::Event;
use fivekeys::ledger::Ledger;
use serde_json::Value;

use crate::world::{Runner, Transcript, World};

/// A repository with two deployments of February and one of now: run 100 ships pull request 8.
fn shop() -> World {
    let world = World::new().at("2026-03-02T10:00:00Z");
    tell(&world);
    world
}

fn tell(world: &World) {
    let mut github = world.github();
    github.commit("c1", "2026-02-10T09:00:00Z").deploy_with(
        "production",
        "c1",
        "2026-02-10T10:00:00Z",
        &[("success", "2026-02-10T10:05:00Z")],
        |deploy| deploy.run(98, 1),
    );
    github.merge_pull(7, "2026-02-24T09:00:00Z").deploy_with(
        "production",
        "pr7",
        "2026-02-24T09:30:00Z",
        &[("success", "2026-02-24T09:40:00Z")],
        |deploy| deploy.run(99, 1),
    );
    drop(github);
    ship(world, 8, 100, "2026-03-02T09");
}

/// Pull request `number` is merged at `hour`:00 and deployed by a run at `hour`:50.
fn ship(world: &World, number: u64, run: u64, hour: &str) {
    world
        .github()
        .merge_pull(number, &format!("{hour}:00:00Z"))
        .deploy_with(
            "production",
            &format!("pr{number}"),
            &format!("{hour}:50:00Z"),
            &[
                ("in_progress", &format!("{hour}:51:00Z")),
                ("success", &format!("{hour}:58:00Z")),
            ],
            |deploy| deploy.run(run, 1),
        );
}

/// The run that ships this pull request.
pub(crate) fn deploy_of(world: &World, number: u64, run: u64) -> Runner<'_> {
    Runner::new(world)
        .sha(&format!("pr{number}"))
        .run_id(run)
        .input("status", "success")
}

/// A shop whose first run is done, one day on: run 101 ships pull request 9.
pub(crate) fn next_day() -> World {
    let world = shop();
    first_run(&world);
    world.clock("2026-03-03T10:00:00Z");
    ship(&world, 9, 101, "2026-03-03T09");
    world
}

/// The first run, which nothing disturbs.
fn first_run(world: &World) -> Transcript {
    let done = deploy_of(world, 8, 100).run();
    assert_eq!(done.output("persisted"), "true", "{done:#?}");
    world.forget_requests();
    done
}

/// Tests every case at the same time: most of them only wait.
pub(crate) fn each<T: Send>(cases: impl IntoIterator<Item = T>, test: impl Fn(T) + Sync) {
    std::thread::scope(|scope| {
        let test = &test;
        let begun: Vec<_> = cases
            .into_iter()
            .map(|case| scope.spawn(move || test(case)))
            .collect();
        for one in begun {
            if let Err(panic) = one.join() {
                std::panic::resume_unwind(panic);
            }
        }
    });
}

fn is_kind(path: &str, extension: &str) -> bool {
    Path::new(path).extension().is_some_and(|e| e == extension)
}

/// All lines of the ledger, as JSON.
fn lines(files: &BTreeMap<String, String>) -> Vec<Value> {
    let ledger = files.iter().filter(|(path, _)| is_kind(path, "jsonl"));
    let lines = ledger.flat_map(|(_, text)| text.lines());
    lines
        .map(|line| serde_json::from_str(line).unwrap())
        .collect()
}

/// Kind and id of every line, sorted; twice where a line stands twice.
pub(crate) fn ids(files: &BTreeMap<String, String>) -> Vec<String> {
    let name = |line: Value| {
        let kind = line["fact"].as_object().unwrap().keys().next().cloned();
        format!(
            "{} {}",
            kind.unwrap(),
            line["id"].as_str().unwrap().to_owned()
        )
    };
    let mut ids: Vec<String> = lines(files).into_iter().map(name).collect();
    ids.sort();
    ids
}

/// The deployments of the ledger and how each ended.
pub(crate) fn deployments(files: &BTreeMap<String, String>) -> BTreeMap<String, String> {
    let ledger = Ledger::read(files, None).unwrap();
    let outcome = |event: &Event| {
        let outcome = event.fact.as_deployment()?.outcome;
        Some((event.id.clone(), format!("{outcome:?}").to_lowercase()))
    };
    ledger.events.iter().filter_map(outcome).collect()
}

fn metrics(done: &Transcript) -> Value {
    serde_json::from_str(&done.branch_files["metrics.json"]).unwrap()
}

/// The step is green and says everything once.
fn is_green(done: &Transcript) {
    assert_eq!(done.exit, 0, "{done:#?}");
    for level in ["error", "warning", "notice"] {
        assert!(done.said(level).len() <= 1, "{:#?}", done.annotations);
    }
}

/// Nothing was wrong and nothing was said to be.
pub(crate) fn is_well(done: &Transcript) {
    is_green(done);
    assert_eq!(done.said("warning"), Vec::<&str>::new());
    assert_eq!(done.said("error"), Vec::<&str>::new());
    assert_eq!(done.output("persisted"), "true");
    assert_eq!(done.output("degraded"), "false");
    assert!(!done.summary.contains("[!WARNING]"), "{}", done.summary);
}

/// The deploy is green, and one warning, the summary and the outputs say what was skipped.
fn is_degraded(done: &Transcript, reason: &str) {
    is_green(done);
    let said = done.said("warning");
    assert_eq!(said.len(), 1, "{done:#?}");
    assert!(said[0].contains(reason), "{said:?} does not say {reason:?}");
    assert_eq!(done.output("degraded"), "true");
    assert!(done.summary.contains("[!WARNING]"), "{}", done.summary);
}

/// Degraded, and nothing was stored.
pub(crate) fn is_not_stored(done: &Transcript, reason: &str) {
    is_degraded(done, reason);
    assert_eq!(done.output("persisted"), "false");
    assert_eq!(done.output("commit"), "");
}
