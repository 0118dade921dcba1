//! The whole action against a GitHub that nobody on this project wrote: every request is checked against GitHub's
//! published contract. Skipped aloud where the simulator, its Python packages or its data are absent.

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

/// Eight runs that start together: real processes, one branch.
#[test]
fn runs_that_start_together_lose_nothing_and_store_nothing_twice() {
    let Some(scenario) = data::shared("../tools/ghsim/tests/scenario.json") else {
        return;
    };
    let Some(simulator) = Simulator::start(&["--scenario", scenario.to_str().unwrap()]) else {
        return;
    };
    let run = simulator.run(&["--parallel", "8", "--settled"]);
    assert_eq!(run["exit_codes"], serde_json::json!({"0": 8}));
    assert_eq!(run["events"]["lost"], serde_json::json!([]));
    assert_eq!(run["events"]["duplicated"], serde_json::json!({}));
}
