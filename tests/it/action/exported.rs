//! What the action measured, exported by the command line from a checkout of the metrics branch, as the recipes do it.

use std::path::Path;
use std::process::Command;

use serde_json::Value as Json;
use serde_yaml::Value;

use super::{deploy_of, is_well, metrics, next_day};
use crate::docs::{fenced, read};

/// The program without git and without a network, as in the image.
fn run(folder: &Path, args: &[&str]) -> String {
    let done = Command::new(env!("CARGO_BIN_EXE_fivekeys"))
        .args(args)
        .current_dir(folder)
        .env_clear()
        .env("SOURCE_DATE_EPOCH", now().to_string())
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&done.stderr);
    assert!(done.status.success(), "{args:?}: {said}");
    String::from_utf8(done.stdout).unwrap()
}

fn now() -> i64 {
    let at = fivekeys::event::parse_instant("2026-03-03T10:00:00Z").unwrap();
    at.timestamp()
}

/// The files of the branch in the folder `metrics`, and the report that stands there.
fn checkout() -> (tempfile::TempDir, Json) {
    let world = next_day();
    let done = deploy_of(&world, 9, 101).run();
    is_well(&done);
    let folder = tempfile::tempdir().unwrap();
    for (path, text) in &done.branch_files {
        let path = folder.path().join("metrics").join(path);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, text).unwrap();
    }
    (folder, metrics(&done))
}

/// What the shell lines of a recipe give to the image of this version.
fn commands(heading: &str) -> Vec<Vec<String>> {
    let page = read("docs/recipes.md");
    let (_, section) = page.split_once(&format!("\n## {heading}\n")).unwrap();
    let section = section.split("\n## ").next().unwrap();
    let mut lines = fenced(section, "sh");
    for text in fenced(section, "yaml") {
        let workflow: Value = serde_yaml::from_str(&text).unwrap();
        let jobs = workflow["jobs"].as_mapping().unwrap().values();
        let steps = jobs.flat_map(|job| job["steps"].as_sequence().unwrap());
        lines.extend(steps.filter_map(|step| Some(step.get("run")?.as_str()?.to_owned())));
    }
    let image = concat!(
        " ghcr.io/fivekeys/fivekeys:",
        env!("CARGO_PKG_VERSION"),
        " "
    );
    let lines = lines.iter().flat_map(|text| text.lines());
    lines
        .filter_map(|line| {
            let called = line.split_once(image).map(|(_, rest)| rest);
            let (args, _) = called
                .or_else(|| line.strip_prefix("fivekeys "))?
                .split_once(" > ")?;
            let args = args
                .replace("../metrics", "metrics")
                .replace("2026Q3", "2026Q1");
            Some(args.split(' ').map(str::to_owned).collect())
        })
        .collect()
}

#[test]
fn the_report_from_the_branch_is_the_one_on_the_branch() {
    let (folder, published) = checkout();
    let args = ["report", "--from", "ledger=metrics", "--format", "json"];
    let computed: Json = serde_json::from_str(&run(folder.path(), &args)).unwrap();
    let deployments = computed["deployments"].as_array().unwrap();
    assert!(
        deployments
            .iter()
            .all(|d| d["id"].as_str().unwrap().starts_with("dep:"))
    );
    for (key, value) in published.as_object().unwrap() {
        assert!(computed[key] == *value, "{key}: {value}\n{}", computed[key]);
    }
}

#[test]
fn the_recipes_of_exports_make_what_they_say() {
    let (folder, published) = checkout();
    let median = &published["overall"]["metrics"]["change_lead_time"]["median_seconds"];
    let median = median.as_f64().unwrap();
    let mut made = Vec::new();
    for heading in [
        "A digest in a chat",
        "Numbers elsewhere",
        "A quarter on paper",
    ] {
        for args in commands(heading) {
            let args: Vec<&str> = args.iter().map(String::as_str).collect();
            let text = run(folder.path(), &args);
            let what = *args.last().unwrap();
            let has = match what {
                "slack" => text.contains("\"blocks\""),
                "prometheus" => text.contains(&format!(
                    "percentile=\"50\",repository=\"acme/shop\"}} {median}\n"
                )),
                "otlp" => text.contains("fivekeys.change_lead_time"),
                "html" => text.contains("2026-01-01"),
                "csv" => text.contains(&format!("change_lead_time,seconds,{median}")),
                other => panic!("what is {other}?"),
            };
            assert!(has, "{args:?}: {text}");
            made.push(what.to_owned());
        }
    }
    assert_eq!(made, ["slack", "prometheus", "otlp", "html", "csv"]);
}
