//! Kinds of runs that ask GitHub different things, and what they leave when nothing disturbs them.

use std::collections::BTreeSet;
use std::sync::{LazyLock, Mutex};

use serde_json::{Value, json};

use super::super::{first_run, ids, lines};
use super::{deploy_of, is_well, next_day, ship, shop};
use crate::world::{GitHub, Runner, Transcript, World, sha};

/// A run to be disturbed.
pub(super) struct Kind {
    pub(super) name: &'static str,
    /// GitHub right before it.
    pub(super) before: GitHub,
    pub(super) run: fn(&World) -> Runner<'_>,
    /// The run after it, which has to mend what was disturbed.
    pub(super) next: fn(&World) -> Runner<'_>,
    /// Its own deployment.
    pub(super) own: &'static str,
    /// What it asks, undisturbed, in short names.
    pub(super) requests: Vec<String>,
    /// Which of them write.
    pub(super) writes: Vec<bool>,
    /// What it and the next run leave, undisturbed.
    pub(super) reference: Left,
    /// Worlds that a next run has mended already: equal worlds are mended alike.
    pub(super) mended: Mutex<BTreeSet<String>>,
}

/// The ledger, and what the report says of it.
#[derive(Debug, PartialEq)]
pub(super) struct Left {
    pub(super) ids: Vec<String>,
    pub(super) metrics: Value,
    pub(super) deployments: Vec<String>,
}

impl Left {
    pub(super) fn of(done: &Transcript) -> Self {
        let report = report(done);
        Self {
            ids: ids(&done.branch_files),
            metrics: report["overall"]["metrics"].clone(),
            deployments: deployments(&report),
        }
    }
}

/// The whole report, stored or not; null where there was none.
pub(super) fn report(done: &Transcript) -> Value {
    let text = done.files.get("workspace/fivekeys-metrics.json");
    text.map_or(Value::Null, |text| serde_json::from_str(text).unwrap())
}

/// Ids of the deployments of a report.
pub(super) fn deployments(report: &Value) -> Vec<String> {
    let all = report["deployments"].as_array().into_iter().flatten();
    all.map(|d| d["id"].as_str().unwrap().to_owned()).collect()
}

impl Kind {
    fn new(
        name: &'static str,
        world: World,
        run: fn(&World) -> Runner<'_>,
        next: fn(&World) -> Runner<'_>,
        own: &'static str,
    ) -> Self {
        let before = world.github().clone();
        world.forget_requests();
        let done = run(&world).run();
        is_well(&done);
        assert_eq!(done.output("event-id"), own, "{name}");
        let requests = world.requests();
        let after = next(&world).run();
        is_well(&after);
        assert_eq!(after.output("swept"), "0", "{name}");
        world.finish();
        Self {
            name,
            before,
            run,
            next,
            own,
            writes: requests.0.iter().map(|request| request.writes).collect(),
            requests: requests.names(),
            reference: Left::of(&after),
            mended: Mutex::default(),
        }
    }

    /// Whether a request is GraphQL.
    pub(super) fn is_query(&self, n: usize) -> bool {
        !self.requests[n].contains(' ')
    }

    /// Whether only this run can know its own deployment.
    pub(super) fn is_alone(&self) -> bool {
        self.name == "alone"
    }
}

static KINDS: LazyLock<Vec<Kind>> = LazyLock::new(all);

/// All of them, told once.
pub(super) fn kinds() -> &'static [Kind] {
    &KINDS
}

fn all() -> Vec<Kind> {
    let third = "dep:DE_kwDOworld00003";
    let fourth = "dep:DE_kwDOworld00004";
    let fifth = "run:505/production/";
    vec![
        Kind::new("first", shop(), |w| deploy_of(w, 8, 100), nightly, third),
        Kind::new(
            "same day",
            same_day(),
            |w| deploy_of(w, 9, 101),
            nightly,
            fourth,
        ),
        Kind::new(
            "fold",
            next_day(),
            |w| deploy_of(w, 9, 101),
            nightly,
            fourth,
        ),
        Kind::new(
            "incidents",
            incidents(),
            |w| deploy_of(w, 9, 101),
            nightly,
            fourth,
        ),
        Kind::new("cut", cut(), |w| deploy_of(w, 9, 101), nightly, fourth),
        Kind::new("workflow runs", runs(), run_505, nightly, fifth),
        Kind::new("alone", alone(), run_505, |w| run_505(w).attempt(2), fifth),
    ]
}

fn nightly(world: &World) -> Runner<'_> {
    Runner::new(world).event("schedule").run_id(900)
}

fn same_day() -> World {
    let world = shop();
    first_run(&world);
    world.clock("2026-03-02T12:00:00Z");
    ship(&world, 9, 101, "2026-03-02T11");
    world
}

/// A label of one's own, an incident that is open and one that is over.
fn incidents() -> World {
    let world = next_day();
    world
        .github()
        .file(".github/fivekeys.yml", "incidents: {labels: [outage]}\n")
        .open_issue(41, "outage", "2026-03-03T09:59:00Z", "Caused by #9\n")
        .open_issue(42, "outage", "2026-03-02T10:59:00Z", "")
        .close_issue(42, "2026-03-02T12:31:00Z", "COMPLETED", None);
    world
}

/// A ledger with a month that is larger than what GitHub gives at once: 512,000 bytes.
fn cut() -> World {
    let world = next_day();
    let all = lines(&world.github().branch_files("fivekeys"));
    let commit = all.iter().find(|line| line["fact"]["commit"].is_object());
    let mut commit = commit.unwrap().clone();
    commit["time"] = json!("2026-02-01T09:00:00Z");
    // Long words make few lines.
    let title = "x".repeat(8_000);
    let mut month = String::new();
    for n in 0.. {
        if month.len() > 512_000 {
            break;
        }
        let id = sha(&format!("old{n}"));
        commit["id"] = json!(format!("commit:{id}"));
        commit["fact"]["commit"]["sha"] = json!(id);
        commit["fact"]["commit"]["author"] = json!(title);
        month.push_str(&commit.to_string());
        month.push('\n');
    }
    world
        .github()
        .push("fivekeys", &[("ledger/months/2026-02.jsonl", &month)]);
    world
}

/// Deployments are runs of a named workflow; run 505 is the job's own.
fn runs() -> World {
    let world = World::new().at("2026-03-02T10:00:00Z");
    let deploy = |id: u64, label: &str, at: &str| {
        let job = &[("deploy", 1, "09:01", "09:06", "success")];
        world
            .github()
            .ran(id, "deploy.yml", label, at, "success", job);
    };
    world
        .github()
        .file(
            ".github/fivekeys.yml",
            "workflows: [{file: deploy.yml, job: deploy}]\n",
        )
        .commit("c1", "2026-02-01T09:00:00Z")
        .commit("c2", "2026-02-02T09:00:00Z");
    deploy(501, "c1", "2026-02-10T09:00:00Z");
    deploy(502, "c2", "2026-03-02T09:00:00Z");
    let first = Runner::new(&world).run_id(502).sha("c2");
    is_well(&first.input("status", "success").run());
    world.clock("2026-03-03T10:00:00Z");
    world.github().merge_pull(9, "2026-03-03T08:00:00Z");
    deploy(505, "pr9", "2026-03-03T09:00:00Z");
    world
}

/// GitHub has no record of deployments: only the job itself says that it deployed.
fn alone() -> World {
    let world = World::new().at("2026-03-02T10:00:00Z");
    world
        .github()
        .commit("c1", "2026-02-01T09:00:00Z")
        .commit("c2", "2026-02-02T09:00:00Z");
    let first = Runner::new(&world).run_id(502).sha("c2");
    is_well(&first.input("status", "success").run());
    world.clock("2026-03-03T10:00:00Z");
    world.github().merge_pull(9, "2026-03-03T08:00:00Z");
    world
}

fn run_505(world: &World) -> Runner<'_> {
    let run = Runner::new(world).run_id(505).sha("pr9");
    run.input("status", "success")
}
