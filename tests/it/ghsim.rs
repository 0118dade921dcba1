//! The whole action against a GitHub that nobody on this project wrote: every request is checked against GitHub's
//! published contract. Skipped aloud where the simulator, its Python packages or its data are absent.

mod many;
mod soak;

use std::collections::BTreeMap;
use std::io::{BufRead as _, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use fivekeys::config::{Config, Environments};
use fivekeys::event::Window;
use fivekeys::ledger::Ledger;
use fivekeys::report::v1::{Deployment, Quantiles, Report};
use fivekeys::report::{Ask, build};
use serde_json::Value;

use crate::data;

/// A simulator on loopback; it ends with the test, and by itself when forgotten.
struct Simulator {
    child: Child,
    python: String,
    tools: PathBuf,
    info: Value,
}

impl Drop for Simulator {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// A Python that has what the simulator needs.
fn python() -> Option<String> {
    let given = std::env::var("FIVEKEYS_PYTHON").ok();
    let found = given
        .into_iter()
        .chain(["python3".to_owned()])
        .find(|python| {
            Command::new(python)
                .args(["-c", "import graphql, jsonschema, referencing, yaml"])
                .stderr(Stdio::null())
                .status()
                .is_ok_and(|s| s.success())
        });
    if found.is_none() {
        eprintln!("skipped: no python3 with graphql-core, jsonschema, referencing and PyYAML");
    }
    found
}

impl Simulator {
    fn start(args: &[&str]) -> Option<Self> {
        let tools = data::shared("../tools/ghsim")?;
        let python = python()?;
        let mut child = Command::new(&python)
            .arg(&tools)
            .args(args)
            .args(["--port", "0", "--max-seconds", "300"])
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let mut line = String::new();
        BufReader::new(child.stdout.take().unwrap())
            .read_line(&mut line)
            .unwrap();
        let info = serde_json::from_str(&line).unwrap();
        Some(Self {
            child,
            python,
            tools,
            info,
        })
    }

    /// Runs the action as the Actions runner would; the answer of the tool that does so.
    fn run(&self, args: &[&str]) -> Value {
        let action = Path::new(env!("CARGO_MANIFEST_DIR")).join("action.yml");
        let out = Command::new(&self.python)
            .arg(self.tools.join("gharun.py"))
            .args(["--sim", self.info["url"].as_str().unwrap(), "--action"])
            .arg(action)
            .args(args)
            .args(["--branch", "fivekeys", "--", env!("CARGO_BIN_EXE_fivekeys")])
            .output()
            .unwrap();
        assert!(
            out.status.success(),
            "{}",
            String::from_utf8_lossy(&out.stderr)
        );
        let answer: Value = serde_json::from_slice(&out.stdout).unwrap();
        assert_eq!(
            answer["sim"]["violations"],
            serde_json::json!([]),
            "the contract is broken"
        );
        assert_eq!(answer["sim"]["server"], 0);
        answer
    }

    /// The ledger's files on the metrics branch.
    fn ledger(&self) -> BTreeMap<String, String> {
        let out = Command::new("git")
            .args(["--git-dir", self.info["git_dir"].as_str().unwrap()])
            .args(["ls-tree", "-r", "--name-only", "fivekeys", "ledger/"])
            .output()
            .unwrap();
        let names = String::from_utf8(out.stdout).unwrap();
        names
            .lines()
            .map(|n| (n.to_owned(), self.file(n)))
            .collect()
    }

    /// Somebody pushes a file to the metrics branch.
    fn push(&self, path: &str, text: &str) {
        let folder = tempfile::tempdir().unwrap();
        let git = |args: &[&str]| {
            let done = Command::new("git")
                .args(["-c", "user.name=Acme", "-c", "user.email=dev@acme.example"])
                .args(args)
                .current_dir(folder.path())
                .output()
                .unwrap();
            assert!(done.status.success(), "git {args:?}");
        };
        let origin = self.info["git_dir"].as_str().unwrap();
        git(&["clone", "--quiet", "--branch", "fivekeys", origin, "."]);
        std::fs::write(folder.path().join(path), text).unwrap();
        git(&["commit", "--quiet", "--all", "--message", "Break it"]);
        git(&["push", "--quiet", "origin", "HEAD:fivekeys"]);
    }

    /// A file of the metrics branch.
    fn file(&self, path: &str) -> String {
        let out = Command::new("git")
            .args(["--git-dir", self.info["git_dir"].as_str().unwrap(), "show"])
            .arg(format!("fivekeys:{path}"))
            .output()
            .unwrap();
        assert!(out.status.success(), "{path} is not on the branch");
        String::from_utf8(out.stdout).unwrap()
    }
}

fn close(what: &str, ours: Option<f64>, theirs: &Value) {
    let (ours, theirs) = (ours.unwrap(), theirs.as_f64().unwrap());
    assert!(
        (ours - theirs).abs() <= 1e-6 * theirs.abs().max(1.0),
        "{what}: {ours} is not {theirs}"
    );
}

fn same(what: &str, ours: &Quantiles, theirs: &Value) {
    assert_eq!(ours.n, theirs["n"].as_u64().unwrap(), "{what}: n");
    for (name, value) in [
        ("p50_linear", ours.median_seconds),
        ("p75_linear", ours.p75_seconds),
        ("p90_linear", ours.p90_seconds),
        ("p95_linear", ours.p95_seconds),
        ("p99_linear", ours.p99_seconds),
        ("mean", ours.mean_seconds),
    ] {
        close(&format!("{what}: {name}"), value, &theirs[name]);
    }
}

/// Production of a real application, read through GitHub's API by the real binary: 250 deployments in half a year.
#[test]
fn real_deployments_read_through_the_api_give_the_independent_truth() {
    let (Some(view), Some(bundle)) = (
        data::shared("api_view/A-publishing-api"),
        data::shared("bundles/publishing-api-skel.bundle"),
    ) else {
        return;
    };
    let truth: Value =
        serde_json::from_str(&std::fs::read_to_string(view.join("expected.json")).unwrap())
            .unwrap();
    let now = fivekeys::event::parse_instant(truth["now"].as_str().unwrap()).unwrap();
    let epoch = format!("SOURCE_DATE_EPOCH={}", now.timestamp());
    let Some(simulator) = Simulator::start(&[
        "--api-view",
        view.to_str().unwrap(),
        "--bundle",
        bundle.to_str().unwrap(),
    ]) else {
        return;
    };
    let run = simulator.run(&["--input", "window=180d", "--no-deployment", "--env", &epoch]);
    assert_eq!(run["exit_code"], 0);
    assert_eq!(run["events"]["lost"], serde_json::json!([]));
    assert_eq!(run["events"]["duplicated"], serde_json::json!({}));
    // Asked for by links first, and whole only where they are new: 50 points and 28 requests, when all came whole.
    let stats = &run["sim"]["stats"];
    let cost = ["requests", "graphql_points"].map(|what| stats[what].as_u64().unwrap());
    eprintln!("first run: {} requests, {} points", cost[0], cost[1]);
    assert!(cost[0] <= 35 && cost[1] <= 29, "{stats}");
    let published: Report = serde_json::from_str(&simulator.file("metrics.json")).unwrap();
    agrees(&published, &truth["envs"]["production"]["windows"]["180"]);
    // The ledger that the run left answers for every other window and environment.
    let ledger = Ledger::read(&simulator.ledger(), None).unwrap();
    for environment in ["production", "staging", "integration"] {
        let config = Config {
            environments: Environments::new(&[environment.to_owned()]).unwrap(),
            ..Config::default()
        };
        for days in [30, 90, 180] {
            let ask = Ask {
                window: Window::last_days(now, days),
                ..Ask::recent(&config, now)
            };
            let report = build(&ledger.events, &config, &ask);
            // Only production's commits were collected: the others deploy branches that never reached it.
            if environment == "production" {
                agrees(
                    &report,
                    &truth["envs"][environment]["windows"][days.to_string()],
                );
            } else {
                let theirs =
                    &truth["envs"][environment]["windows"][days.to_string()]["deployments"];
                let count = report.overall.metrics.deployment_frequency.count;
                assert_eq!(
                    count,
                    theirs.as_u64().unwrap(),
                    "{environment}, {days} days"
                );
            }
        }
    }
}

fn agrees(report: &Report, theirs: &Value) {
    let metrics = &report.overall.metrics;
    let frequency = &metrics.deployment_frequency;
    assert_eq!(frequency.count, theirs["deployments"].as_u64().unwrap());
    close("per day", frequency.per_day, &theirs["per_day"]);
    same(
        "commits",
        &metrics.change_lead_time.per_commit,
        &theirs["lead_author"],
    );
    // Theirs counts bots' pull requests too; ours lists every change, and keeps bots out of the headline.
    let mut merged: Vec<f64> = report
        .changes
        .iter()
        .filter_map(|c| Some((c.deployed_at? - c.merged_at?).num_seconds() as f64))
        .collect();
    merged.sort_by(f64::total_cmp);
    assert_eq!(
        merged.len() as u64,
        theirs["lead_pr"]["n"].as_u64().unwrap()
    );
    let middle = merged.len() / 2;
    let median = if merged.len() % 2 == 1 {
        merged[middle]
    } else {
        f64::midpoint(merged[middle - 1], merged[middle])
    };
    close(
        "merge to deploy",
        Some(median),
        &theirs["lead_pr"]["p50_linear"],
    );
    let inside = |d: &&Deployment| d.finished_at >= Some(report.window.from);
    let redeploys = report
        .deployments
        .iter()
        .filter(inside)
        .filter(|d| d.redeploy);
    let kinds = &theirs["kinds"]["redeploy"];
    assert_eq!(redeploys.count() as u64, kinds.as_u64().unwrap_or(0));
}

/// A repository without deployments, told by a scenario; one run of the action in it, and the events of its ledger.
fn without_deployments(scenario: &Value, config: &str) -> Option<(Value, Ledger, Report)> {
    on_server(&[], scenario, config)
}

/// The same on a simulator that was started with more arguments.
fn on_server(args: &[&str], scenario: &Value, config: &str) -> Option<(Value, Ledger, Report)> {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("scenario.json");
    let mut scenario = scenario.clone();
    let first = &mut scenario["commits"][0];
    first["files"][".github/fivekeys.yml"] = config.into();
    std::fs::write(&path, scenario.to_string()).unwrap();
    let args = [args, &["--scenario", path.to_str().unwrap()]].concat();
    let simulator = Simulator::start(&args)?;
    let epoch = "SOURCE_DATE_EPOCH=1795176600"; // 2026-11-20T12:10:00Z
    let arguments = ["--no-deployment", "--input", "status=", "--env", epoch];
    let run = simulator.run(&arguments);
    assert_eq!(run["exit_code"], 0, "{run}");
    assert_eq!(run["outputs"]["degraded"], "false", "{run}");
    let ledger = Ledger::read(&simulator.ledger(), None).unwrap();
    let report = serde_json::from_str(&simulator.file("metrics.json")).unwrap();
    // The next run finds nothing new, and asks for the state and at most one request more.
    let before = run["sim"]["stats"]["requests"].as_u64().unwrap();
    let again = simulator.run(&arguments);
    assert_eq!(again["outputs"]["commit"], "", "{again}");
    assert!(again["sim"]["stats"]["requests"].as_u64().unwrap() - before <= 2);
    Some((run, ledger, report))
}

/// Four commits in November; `more` is laid over it.
fn story(more: &Value) -> Value {
    let commit = |n: u32, file: &str, text: &str| {
        serde_json::json!({ "key": format!("c{n}"), "date": format!("2026-11-0{n}T09:00:00Z"),
            "author": "ada", "message": format!("Change {n}"), "files": { file: text } })
    };
    let mut story = serde_json::json!({
        "now": "2026-11-20T12:00:00Z",
        "repo": { "owner": "acme", "name": "shop", "default_branch": "main" },
        "commits": [
            commit(1, "live.yml", "image_tag: v1\n"),
            commit(2, "a", "2"),
            commit(3, "live.yml", "image_tag: v2\n"),
            commit(4, "b", "4"),
        ],
    });
    for (key, value) in more.as_object().unwrap() {
        story[key] = value.clone();
    }
    story
}

fn counted(report: &Report) -> Vec<(String, String)> {
    let effective = report.deployments.iter().filter(|d| d.outcome == "success");
    effective
        .map(|d| {
            let kind = d.id.split(':').next().unwrap_or_default();
            let at = d.finished_at.map(|at| at.to_rfc3339()).unwrap_or_default();
            (kind.to_owned(), at[..16].to_owned())
        })
        .collect()
}

fn pairs(list: &[(&str, &str)]) -> Vec<(String, String)> {
    let owned = |(a, b): &(&str, &str)| ((*a).to_owned(), (*b).to_owned());
    list.iter().map(owned).collect()
}

/// Runs and jobs, attempts included, by the published contract.
#[test]
fn jobs_of_a_named_workflow_are_read_within_the_contract() {
    let job = |name: &str, hour: &str, conclusion: &str| {
        serde_json::json!({ "name": name, "conclusion": conclusion,
            "created_at": format!("2026-11-05T{hour}:00:00Z"),
            "started_at": format!("2026-11-05T{hour}:01:00Z"),
            "completed_at": format!("2026-11-05T{hour}:09:00Z") })
    };
    let runs = serde_json::json!({ "runs": [
        { "id": 19_500_000_100_u64, "head_sha": "c2", "created_at": "2026-11-05T09:00:00Z", "path": ".github/workflows/ship.yml",
          "conclusion": "success", "run_attempt": 2,
          "attempts": [{ "conclusion": "failure", "jobs": [job("ship", "09", "failure")] }],
          "jobs": [job("ship", "11", "success")] },
        { "id": 19_500_000_101_u64, "head_sha": "c4", "created_at": "2026-11-05T13:00:00Z", "path": ".github/workflows/ship.yml",
          "conclusion": "failure", "jobs": [job("ship", "13", "success"), job("test", "14", "failure")] },
        { "id": 19_500_000_102_u64, "head_sha": "c4", "created_at": "2026-11-05T15:00:00Z",
          "conclusion": "success", "path": ".github/workflows/ci.yml",
          "jobs": [job("ship", "15", "success")] },
    ] });
    let config = "workflows: [{file: ship.yml, job: ship}]\n";
    let Some((_, ledger, report)) = without_deployments(&story(&runs), config) else {
        return;
    };
    assert_eq!(
        counted(&report),
        pairs(&[("run", "2026-11-05T11:09"), ("run", "2026-11-05T13:09")])
    );
    let event = ledger
        .events
        .get("deployment", "run:19500000100/production/")
        .unwrap();
    let fact = event.fact.as_deployment().unwrap();
    assert_eq!((fact.attempt, fact.queue_seconds), (Some(2), Some(60)));
    let changes = report.overall.metrics.change_lead_time.per_commit.n;
    assert_eq!(changes, 2, "what lies between the two runs");
}

#[test]
fn releases_tags_merges_and_state_files_are_read_within_the_contract() {
    let tags = serde_json::json!({ "tags": { "v1.0.0": "c2", "v1.1.0": "c4" } });
    let mut releases = tags.clone();
    releases["releases"] = serde_json::json!([
        { "tag": "v1.0.0", "created_at": "2026-11-06T10:00:00Z" },
        { "tag": "v1.1.0", "created_at": "2026-11-07T10:00:00Z" },
    ]);
    let empty = serde_json::json!({});
    let cases = [
        (
            &releases,
            "",
            pairs(&[("rel", "2026-11-06T10:00"), ("rel", "2026-11-07T10:00")]),
        ),
        (
            &tags,
            "",
            pairs(&[("tag", "2026-11-02T09:00"), ("tag", "2026-11-04T09:00")]),
        ),
        (
            &releases,
            "source: tags\n",
            pairs(&[("tag", "2026-11-02T09:00"), ("tag", "2026-11-04T09:00")]),
        ),
        (
            &empty,
            "",
            pairs(&[
                ("merge", "2026-11-01T09:00"),
                ("merge", "2026-11-02T09:00"),
                ("merge", "2026-11-03T09:00"),
                ("merge", "2026-11-04T09:00"),
            ]),
        ),
        (
            &releases,
            "state_files: [{path: live.yml}]\n",
            pairs(&[("state", "2026-11-01T09:00"), ("state", "2026-11-03T09:00")]),
        ),
    ];
    for (more, config, expected) in cases {
        let Some((run, _, report)) = without_deployments(&story(more), config) else {
            return;
        };
        assert_eq!(counted(&report), expected, "{config}: {run}");
        let merged = report.notes.iter().any(|n| n.code == "merge_is_deploy");
        assert_eq!(merged, expected.len() == 4);
    }
}

/// The request budget of a deploy run, counted by somebody else.
#[test]
fn a_deploy_costs_four_requests_and_two_for_comments_and_a_repetition_one() {
    let Some(scenario) = data::shared("../tools/ghsim/tests/scenario.json") else {
        return;
    };
    let Some(simulator) = Simulator::start(&["--scenario", scenario.to_str().unwrap()]) else {
        return;
    };
    let epoch = "SOURCE_DATE_EPOCH=1795176600"; // 2026-11-20T12:10:00Z
    let first = simulator.run(&["--settled", "--env", epoch]);
    assert_eq!(first["outputs"]["persisted"], "true");
    let before = first["sim"]["stats"]["requests"].as_u64().unwrap();
    let again = simulator.run(&["--no-deployment", "--env", epoch]);
    assert_eq!(again["outputs"]["commit"], "");
    assert_eq!(
        again["sim"]["stats"]["requests"].as_u64().unwrap() - before,
        1
    );
    let next = simulator.run(&["--settled", "--env", epoch]);
    assert_eq!(next["outputs"]["persisted"], "true");
    assert!(next["sim"]["stats"]["requests"].as_u64().unwrap() - before - 1 <= 4);
    assert_eq!(next["events"]["lost"], serde_json::json!([]));
    assert_eq!(next["events"]["duplicated"], serde_json::json!({}));
}

/// Issues, a label and the file of corrections in a GitHub that nobody here wrote, read without a request more.
#[test]
fn what_people_say_is_read_within_the_budget_and_the_contract() {
    let Some(path) = data::shared("../tools/ghsim/tests/scenario.json") else {
        return;
    };
    let mut story: Value = serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap();
    story["commits"][3]["files"][".github/fivekeys-corrections.yml"] =
        "- deployment: c2\n  failed: true\n  why: \"nobody's commit\"\n- retract: inc:gh:3\n  why: only a typo\n".into();
    story["pulls"][0]["labels"] = serde_json::json!(["Deployment-Failed"]);
    let labelled = serde_json::json!({ "event": "labeled", "label": "Deployment-Failed", "at": "2026-11-05T10:00:00Z" });
    story["pulls"][0]["events"]
        .as_array_mut()
        .unwrap()
        .push(labelled);
    story["issues"][0]["body"] = "Sorry!\n\n### Caused by\n\n#1\n".into();
    let folder = tempfile::tempdir().unwrap();
    let scenario = folder.path().join("scenario.json");
    std::fs::write(&scenario, story.to_string()).unwrap();
    let Some(simulator) = Simulator::start(&["--scenario", scenario.to_str().unwrap()]) else {
        return;
    };
    let epoch = "SOURCE_DATE_EPOCH=1795176600"; // 2026-11-20T12:10:00Z
    let first = simulator.run(&["--settled", "--env", epoch]);
    assert_eq!(first["outputs"]["persisted"], "true");
    let report: Report = serde_json::from_str(&simulator.file("metrics.json")).unwrap();
    let ids: Vec<&str> = report.incidents.iter().map(|i| i.id.as_str()).collect();
    assert_eq!(ids, ["inc:gh:2"], "the other one is taken back");
    assert!(report.incidents[0].resolved_at.is_some());
    let known: Vec<&str> = report.notes.iter().map(|n| n.code.as_str()).collect();
    assert!(
        known.contains(&"unknown_deployment") && known.contains(&"incident_left_out"),
        "{known:?}"
    );
    let ledger = Ledger::read(&simulator.ledger(), None).unwrap();
    assert!(
        ledger
            .events
            .get("deployment.corrected", "mark:pr:1")
            .is_some()
    );
    let before = first["sim"]["stats"]["requests"].as_u64().unwrap();
    let again = simulator.run(&["--no-deployment", "--env", epoch]);
    let after = again["sim"]["stats"]["requests"].as_u64().unwrap();
    assert_eq!(
        (after - before, &again["outputs"]["commit"]),
        (1, &"".into())
    );
}

/// A deployment that waited for a timer of five minutes and an approval, of a pull request that two workflows tested.
fn guarded() -> Value {
    let statuses = |list: &[(&str, &str)]| -> Vec<Value> {
        let shown = |(state, at): &(&str, &str)| serde_json::json!({ "state": state, "at": at });
        list.iter().map(shown).collect()
    };
    let job = |from: &str, began: &str, to: &str| {
        serde_json::json!([{ "name": "test", "created_at": from, "started_at": began, "completed_at": to,
            "conclusion": "success", "status": "completed" }])
    };
    serde_json::json!({
        "now": "2026-11-20T12:00:00Z",
        "repo": { "owner": "acme", "name": "shop", "default_branch": "main" },
        "commits": [
            { "key": "c0", "date": "2026-11-01T09:00:00Z", "author": "ada", "message": "Start", "files": { "a": "1\n" } },
            { "key": "f1", "date": "2026-11-02T09:00:00Z", "author": "ben", "branch": "feature", "from": "c0",
              "message": "Feature", "files": { "b": "1\n2\n" } },
            { "key": "m1", "date": "2026-11-02T12:00:00Z", "author": "ada", "parents": ["c0", "f1"],
              "message": "Merge pull request #1 from acme/feature", "files": { "b": "1\n2\n" } }],
        "environments": [{ "name": "production", "reviewers": ["ada"], "wait_timer": 5 }],
        "deployments": [
            { "sha": "c0", "environment": "production", "created_at": "2026-11-01T10:00:00Z",
              "statuses": statuses(&[("success", "2026-11-01T10:05:00Z")]) },
            { "sha": "m1", "environment": "production", "created_at": "2026-11-02T12:10:00Z",
              "statuses": statuses(&[("waiting", "2026-11-02T12:10:00Z"), ("queued", "2026-11-02T12:40:00Z"),
                  ("in_progress", "2026-11-02T12:42:00Z"), ("success", "2026-11-02T12:50:00Z")]) }],
        "pulls": [{ "number": 1, "title": "Feature", "branch": "feature", "author": "ben", "commits": ["f1"],
            "created_at": "2026-11-02T10:00:00Z", "merged_at": "2026-11-02T12:00:00Z", "merge_commit": "m1",
            "reviews": [{ "user": "ada", "state": "changes_requested", "at": "2026-11-02T11:00:00Z" },
                { "user": "ada", "state": "approved", "at": "2026-11-02T11:30:00Z" }] }],
        "runs": [
            { "path": ".github/workflows/ci.yml", "event": "pull_request", "head_sha": "f1",
              "created_at": "2026-11-02T10:01:00Z", "updated_at": "2026-11-02T10:31:00Z", "conclusion": "success",
              "jobs": job("2026-11-02T10:01:00Z", "2026-11-02T10:04:00Z", "2026-11-02T10:31:00Z") },
            { "path": ".github/workflows/lint.yml", "event": "pull_request", "head_sha": "f1",
              "created_at": "2026-11-02T10:00:30Z", "updated_at": "2026-11-02T10:05:00Z", "conclusion": "success" },
            { "path": ".github/workflows/nightly.yml", "event": "schedule", "head_sha": "f1",
              "created_at": "2026-11-02T11:00:00Z", "updated_at": "2026-11-02T19:05:00Z", "conclusion": "success" }],
    })
}

/// Waits, tests and reviews as GitHub's published contract gives them, down to the stages of the change.
#[test]
fn statuses_environments_runs_and_jobs_explain_the_stages_of_a_change() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("scenario.json");
    std::fs::write(&path, guarded().to_string()).unwrap();
    let Some(simulator) = Simulator::start(&["--scenario", path.to_str().unwrap()]) else {
        return;
    };
    let epoch = "SOURCE_DATE_EPOCH=1795176600"; // 2026-11-20T12:10:00Z
    let run = simulator.run(&["--no-deployment", "--env", epoch]);
    assert_eq!(run["outputs"]["persisted"], "true");
    let asked = &run["sim"]["stats"]["rest"];
    for (route, times) in [
        ("environments", 1),
        ("actions/runs", 1),
        ("actions/runs/{run_id}/jobs", 1),
    ] {
        let name = format!("GET /repos/{{owner}}/{{repo}}/{route}");
        assert_eq!(asked[&name], times, "{asked}");
    }
    let report: Report = serde_json::from_str(&simulator.file("metrics.json")).unwrap();
    let change = report.changes.iter().find(|c| c.id == "1").unwrap();
    let minutes = |stage: &str| change.stages[stage].unwrap() / 60.0;
    let stages = [
        ("coding", 60.0),
        ("draft", 0.0),
        ("pickup", 60.0),
        ("review", 30.0),
        ("merge", 30.0),
        ("deploy_wait", 42.0),
        ("deploy", 8.0),
    ];
    for (stage, expected) in stages {
        assert!(
            (minutes(stage) - expected).abs() < 1e-9,
            "{stage}: {change:?}"
        );
    }
    let sum: f64 = stages.iter().map(|(stage, _)| minutes(stage)).sum();
    assert!((sum * 60.0 - change.lead_time_seconds.unwrap()).abs() < 1e-9);
    for (part, expected) in [
        ("ci", 30.5),
        ("ci_queue", 3.0),
        ("timer", 5.0),
        ("approval", 25.0),
        ("runner_queue", 2.0),
    ] {
        assert!(
            (minutes(part) - expected).abs() < 1e-9,
            "{part}: {change:?}"
        );
    }
    assert_eq!(change.review_rounds, Some(2));
    let beside = &report.overall.beside;
    assert_eq!(beside["time_to_merge"].value, Some(7200.0));
    assert_eq!(beside["approval_wait"].value, Some(1500.0));
    let again = simulator.run(&["--no-deployment", "--env", epoch]);
    let requests = |of: &Value| of["sim"]["stats"]["requests"].as_u64().unwrap();
    assert_eq!(requests(&again) - requests(&run), 1, "all of it is known");
}

/// A scenario of one deployment to production, as a file.
fn one_deployment(folder: &Path) -> PathBuf {
    let story = serde_json::json!({
        "now": "2026-11-20T12:00:00Z",
        "repo": { "owner": "acme", "name": "shop", "default_branch": "main" },
        "commits": [{ "key": "c1", "date": "2026-11-18T10:00:00Z", "message": "Start" }],
        "deployments": [{ "sha": "c1", "environment": "production", "created_at": "2026-11-18T11:00:00Z",
            "statuses": [{ "state": "success", "at": "2026-11-18T11:05:00Z" }] }],
    });
    let scenario = folder.join("story.json");
    std::fs::write(&scenario, story.to_string()).unwrap();
    scenario
}

/// What a command says of a simulator, its words in one line.
fn examined(simulator: &Simulator, command: &str, folder: &Path, more: &[&str]) -> (i32, String) {
    let at = |key: &str| simulator.info[key].as_str().unwrap().to_owned();
    let out = Command::new(env!("CARGO_BIN_EXE_fivekeys"))
        .args([command, "--repository", "acme/shop"])
        .args(more)
        .current_dir(folder)
        .env("GITHUB_TOKEN", at("token"))
        .env("GITHUB_API_URL", at("api_url"))
        .env("GITHUB_GRAPHQL_URL", at("graphql_url"))
        .env("SOURCE_DATE_EPOCH", "1795176000")
        .output()
        .unwrap();
    let text = String::from_utf8(out.stdout).unwrap();
    assert!(!text.contains(&at("token")));
    assert!(
        text.lines().all(|line| line.chars().count() <= 80),
        "{text}"
    );
    let words: Vec<&str> = text.split_whitespace().collect();
    (out.status.code().unwrap(), words.join(" "))
}

/// A ledger that a merge broke is named, and mended by a commit of its own; what the token may not read is said.
#[test]
fn the_doctor_asks_within_the_contract_and_mends_a_branch_by_a_commit() {
    let folder = tempfile::tempdir().unwrap();
    let scenario = one_deployment(folder.path());
    let Some(simulator) = Simulator::start(&["--scenario", scenario.to_str().unwrap()]) else {
        return;
    };
    let doctor = |more: &[&str]| examined(&simulator, "doctor", folder.path(), more);
    let (code, before) = doctor(&[]);
    assert_eq!(code, 0, "{before}");
    assert!(before.contains("not there yet"), "{before}");
    assert!(
        before.contains("1 of the latest 1 went to production"),
        "{before}"
    );
    simulator.run(&["--no-deployment", "--env", "SOURCE_DATE_EPOCH=1795176000"]);
    let shard = "ledger/events/2026/11/20.jsonl";
    let whole = simulator.file(shard);
    simulator.push(shard, &format!("<<<<<<< ours\n{whole}=======\n"));

    let (code, broken) = doctor(&[]);
    assert_eq!(code, 5, "{broken}");
    assert!(
        broken.contains(&format!("{shard}:1: a merge conflict")),
        "{broken}"
    );
    let (code, mended) = doctor(&["--repair"]);
    assert_eq!(code, 0, "{mended}");
    assert!(mended.contains("2 places set aside"), "{mended}");
    assert_eq!(simulator.file(shard), whole);
    let aside = simulator.ledger();
    let aside: Vec<&String> = aside.keys().filter(|p| p.contains("/aside/")).collect();
    assert_eq!(aside.len(), 1);
    the_past_can_be_let_go(&simulator, |more| {
        examined(&simulator, "compact", folder.path(), more)
    });
    // One more run, for its check that nothing so far broke the contract.
    simulator.run(&["--no-deployment", "--env", "SOURCE_DATE_EPOCH=1795176000"]);
}

/// What the token may not do is said, each with its line of the block, and the others are not.
#[test]
fn the_doctor_tells_what_a_token_may_not_do_without_writing() {
    let folder = tempfile::tempdir().unwrap();
    let scenario = one_deployment(folder.path());
    let Some(poor) = Simulator::start(&[
        "--scenario",
        scenario.to_str().unwrap(),
        "--permissions",
        "contents=read,pull-requests=write",
    ]) else {
        return;
    };
    let (code, said) = examined(&poor, "doctor", folder.path(), &[]);
    assert_eq!(code, 5, "{said}");
    for line in [
        "✗ contents GitHub refuses",
        "✗ deployments GitHub refuses",
        "! workflow runs GitHub refuses",
        "✓ pull requests can be read",
        "! incidents GitHub refuses",
        "! source none: deployments cannot be read",
        "contents: write # the branch, commits, the configuration, refused",
        "pull-requests: write # changes, and comments on pull requests issues: read",
    ] {
        assert!(said.contains(line), "{line}\n{said}");
    }
    poor.run(&["--no-deployment", "--env", "SOURCE_DATE_EPOCH=1795176000"]);
}

/// An Enterprise Server has its APIs elsewhere and counts no requests.
#[test]
fn an_enterprise_server_is_read_and_written_within_the_contract() {
    let releases = serde_json::json!({ "tags": { "v1.0.0": "c2" },
        "releases": [{ "tag": "v1.0.0", "created_at": "2026-11-06T10:00:00Z" }],
        "issues": [{ "number": 7, "title": "Down", "labels": ["incident"],
            "created_at": "2026-11-06T11:00:00Z", "closed_at": "2026-11-06T12:00:00Z" }] });
    let job = serde_json::json!({ "name": "ship", "conclusion": "success",
        "created_at": "2026-11-05T09:00:00Z", "started_at": "2026-11-05T09:01:00Z",
        "completed_at": "2026-11-05T09:09:00Z" });
    let runs = serde_json::json!({ "runs": [{ "id": 19_500_000_100_u64, "head_sha": "c2",
        "created_at": "2026-11-05T09:00:00Z", "path": ".github/workflows/ship.yml",
        "conclusion": "success", "jobs": [job] }] });
    for (more, config, expected) in [
        (&releases, "", ("rel", "2026-11-06T10:00")),
        (
            &runs,
            "workflows: [{file: ship.yml, job: ship}]\n",
            ("run", "2026-11-05T09:09"),
        ),
    ] {
        let Some((run, ledger, report)) = on_server(&["--ghes"], &story(more), config) else {
            return;
        };
        assert_eq!(counted(&report), pairs(&[expected]));
        let incidents = ledger
            .events
            .iter()
            .filter(|e| e.fact.as_incident().is_some());
        assert_eq!(incidents.count(), usize::from(config.is_empty()), "{run}");
    }
    let Some(scenario) = data::shared("../tools/ghsim/tests/scenario.json") else {
        return;
    };
    let Some(simulator) = Simulator::start(&["--ghes", "--scenario", scenario.to_str().unwrap()])
    else {
        return;
    };
    for run in [simulator.run(&[]), simulator.run(&[])] {
        assert_eq!(run["exit_code"], 0, "{run}");
        assert_eq!(run["outputs"]["persisted"], "true", "{run}");
        assert_eq!(run["outputs"]["degraded"], "false", "{run}");
        assert_eq!(run["events"]["lost"], serde_json::json!([]));
        assert_eq!(run["events"]["duplicated"], serde_json::json!({}));
    }
    let server = simulator.info["url"].as_str().unwrap();
    let readme = simulator.file("README.md");
    assert!(
        readme.contains(server) && !readme.contains("https://github.com/acme"),
        "{readme}"
    );
}

fn the_past_can_be_let_go(simulator: &Simulator, compact: impl Fn(&[&str]) -> (i32, String)) {
    let before = simulator.ledger();
    let (code, dry) = compact(&["--dry-run"]);
    assert_eq!(code, 0, "{dry}");
    assert!(dry.contains("in the place of 3"), "{dry}");
    let (code, done) = compact(&[]);
    assert_eq!(code, 0, "{done}");
    assert_eq!(simulator.ledger(), before);
    let (_, again) = compact(&[]);
    assert!(again.contains("one commit already"), "{again}");
}
