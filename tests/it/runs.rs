//! Recorded workflow runs and jobs of real repositories, read as deployments.

use std::collections::BTreeMap;
use std::path::Path;

use fivekeys::adapter::github_run::{Run, Target, deployment};
use fivekeys::config::Globs;
use fivekeys::event::{Outcome, parse_instant};
use serde_json::{Value, json};

use crate::data;

/// The rows of a CSV file by their headings.
fn rows(path: &Path) -> Vec<BTreeMap<String, String>> {
    let text = std::fs::read_to_string(path).unwrap();
    let mut table: Vec<Vec<String>> = vec![vec![String::new()]];
    let mut quoted = false;
    for c in text.trim_start_matches('\u{feff}').chars() {
        let row = table.last_mut().unwrap();
        match c {
            '"' => {
                // Two of them are one.
                quoted = !quoted;
                let cell = row.last_mut().unwrap();
                if quoted && cell.ends_with('\u{0}') {
                    cell.pop();
                    cell.push('"');
                } else if !quoted {
                    cell.push('\u{0}');
                }
            }
            ',' if !quoted => row.push(String::new()),
            '\n' if !quoted => table.push(vec![String::new()]),
            other => row.last_mut().unwrap().push(other),
        }
    }
    let mut table = table.into_iter().filter(|row| row.len() > 1);
    let clean = |cell: &String| cell.replace(['\u{0}', '\r'], "");
    let heads: Vec<String> = table.next().unwrap().iter().map(clean).collect();
    table
        .map(|row| heads.iter().cloned().zip(row.iter().map(clean)).collect())
        .collect()
}

fn payloads(path: &Path) -> Vec<Value> {
    let rows = rows(path);
    rows.iter()
        .map(|row| serde_json::from_str(&row["data"]).unwrap())
        .collect()
}

const WHOLE: Target<'_> = Target {
    environment: "production",
    service: None,
    job: None,
};

#[test]
fn recorded_runs_end_when_they_were_last_changed_only_if_they_ran_once() {
    let Some(folder) = data::shared("recorded/devlake/github/e2e") else {
        return;
    };
    let theirs: BTreeMap<String, BTreeMap<String, String>> =
        rows(&folder.join("snapshot_tables/cicd_pipelines.csv"))
            .into_iter()
            .map(|row| (row["id"].rsplit(':').next().unwrap().to_owned(), row))
            .collect();
    let mut outcomes: BTreeMap<String, u32> = BTreeMap::new();
    let (mut exact, mut again) = (0, 0);
    for node in payloads(&folder.join("raw_tables/_raw_github_api_runs.csv")) {
        let run = Run::read(&node).unwrap();
        let event = deployment(&run, &[], WHOLE);
        let fact = event.fact.as_deployment().unwrap();
        assert_eq!(event.id, format!("run:{}/production/", node["id"]));
        let their = &theirs[&node["id"].to_string()];
        let expected = u5(&their["original_result"]);
        assert_eq!(fact.outcome, expected, "{}", event.id);
        *outcomes.entry(format!("{expected:?}")).or_default() += 1;
        let finished = parse_instant(&their["finished_date"]).ok();
        if expected == Outcome::Pending {
            assert_eq!(fact.finished_at, None);
        } else if run.attempt == 1 {
            assert_eq!(fact.finished_at, finished, "{}", event.id);
            assert!(!fact.approximate);
            exact += 1;
        } else {
            // A re-run keeps its creation; its last change says nothing of the first success.
            assert_eq!(fact.finished_at, Some(run.created_at));
            assert!(fact.approximate && fact.finished_at < finished);
            again += 1;
        }
    }
    assert_eq!((exact, again), (12, 16));
    let told: Vec<(&str, u32)> = outcomes.iter().map(|(o, n)| (o.as_str(), *n)).collect();
    let expected = [
        ("Failure", 5),
        ("Ignored", 5),
        ("Pending", 7),
        ("Success", 18),
    ];
    assert_eq!(told, expected);
}

#[test]
fn recorded_jobs_begin_and_end_as_they_say() {
    let Some(folder) = data::shared("recorded/devlake/github/e2e") else {
        return;
    };
    let theirs: BTreeMap<String, BTreeMap<String, String>> =
        rows(&folder.join("snapshot_tables/cicd_tasks.csv"))
            .into_iter()
            .map(|row| (row["id"].rsplit(':').next().unwrap().to_owned(), row))
            .collect();
    let jobs = payloads(&folder.join("raw_tables/_raw_github_api_jobs.csv"));
    assert_eq!(jobs.len(), 35);
    let mut outcomes: BTreeMap<String, u32> = BTreeMap::new();
    for job in &jobs {
        let their = &theirs[&job["id"].to_string()];
        let run = json!({ "id": job["run_id"], "created_at": job["started_at"],
            "run_attempt": job["run_attempt"], "conclusion": "failure" });
        let name = globset_of(job["name"].as_str().unwrap());
        let target = Target {
            job: Some(&name),
            ..WHOLE
        };
        let one = std::slice::from_ref(job);
        let event = deployment(&Run::read(&run).unwrap(), one, target);
        let fact = event.fact.as_deployment().unwrap();
        let expected = u5(&their["original_result"]);
        assert_eq!(fact.outcome, expected, "{job}");
        *outcomes.entry(format!("{expected:?}")).or_default() += 1;
        if expected == Outcome::Pending {
            assert_eq!(fact.finished_at, None);
            continue;
        }
        let at = |key: &str| parse_instant(&their[key]).ok();
        assert_eq!(fact.finished_at, at("finished_date"), "{}", job["name"]);
        if expected != Outcome::Ignored {
            assert_eq!(fact.started_at, at("started_date"), "{}", job["name"]);
        }
    }
    let told: Vec<(&str, u32)> = outcomes.iter().map(|(o, n)| (o.as_str(), *n)).collect();
    let expected = [
        ("Failure", 5),
        ("Ignored", 11),
        ("Pending", 7),
        ("Success", 12),
    ];
    assert_eq!(told, expected);
}

/// Rule U5 on the word that GitHub recorded; nothing while it is under way. Others count a cancelled run as a failure.
fn u5(conclusion: &str) -> Outcome {
    match conclusion.to_ascii_lowercase().as_str() {
        "success" => Outcome::Success,
        "failure" | "timed_out" | "startup_failure" => Outcome::Failure,
        "" => Outcome::Pending,
        _ => Outcome::Ignored,
    }
}

fn globset_of(name: &str) -> Globs {
    let literal: String = name
        .chars()
        .map(|c| match c {
            '*' | '?' | '[' | ']' | '{' | '}' => format!("[{c}]"),
            other => other.to_string(),
        })
        .collect();
    Globs::new(&[literal], false).unwrap()
}

#[test]
fn every_recorded_list_of_runs_and_jobs_is_read() {
    let Some(folder) = data::shared("recorded/core") else {
        return;
    };
    let (mut runs, mut jobs) = (0, 0);
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_name().unwrap().to_str().unwrap();
        if !name.starts_with("run") || path.extension().is_none_or(|e| e != "json") {
            continue;
        }
        let text = std::fs::read_to_string(&path).unwrap();
        let recorded: Value = serde_json::from_str(&text).unwrap();
        let body = &recorded["response"]["body"];
        for node in body["workflow_runs"].as_array().into_iter().flatten() {
            let event = deployment(&Run::read(node).unwrap(), &[], WHOLE);
            assert!(event.id.starts_with("run:"));
            runs += 1;
        }
        if let Some(list) = body["jobs"].as_array() {
            // Recorded before jobs said their attempt and their creation.
            let run = json!({ "id": list[0]["run_id"], "created_at": "2021-04-05T15:42:00Z",
                "conclusion": "success" });
            let name = Globs::new(&["job*".to_owned()], false).unwrap();
            let target = Target {
                job: Some(&name),
                ..WHOLE
            };
            let event = deployment(&Run::read(&run).unwrap(), list, target);
            let fact = event.fact.as_deployment().unwrap();
            assert_eq!(
                (fact.outcome, fact.finished_at),
                (Outcome::Success, parse_instant("2021-04-05T15:42:59Z").ok())
            );
            jobs += list.len();
        }
    }
    assert_eq!((runs, jobs), (9, 2));
}
