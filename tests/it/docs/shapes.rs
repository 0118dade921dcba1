//! Deploy workflows as people have them: each has its recipe, and `init` finds each.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;
use std::process::Command;

use fivekeys::collect::git::{Glance, glance};
use fivekeys::config::Config;
use serde_yaml::Value;

use super::read;
use crate::data::shared;

/// Real workflows, by what their names begin with, and the recipes for their shapes.
const REAL: [(&str, &[&str]); 20] = [
    (
        "0bCdian__resumeJson__deploy-production",
        &["A monorepo", "A reusable workflow", "Tags"],
    ),
    (
        "0bCdian__resumeJson__deploy.yml",
        &["A matrix", "A reusable workflow", "Several environments"],
    ),
    (
        "0bCdian__resumeJson__manual-deploy",
        &["A matrix", "Several environments"],
    ),
    ("0xferit", &["A job with an environment"]),
    (
        "0xsend",
        &["A job without an environment", "A reusable workflow"],
    ),
    (
        "23people-io",
        &["A deploy after CI", "A job without an environment"],
    ),
    ("2halfone", &["A job without an environment"]),
    ("3AG-App", &["A job with an environment"]),
    (
        "GSA__notifications-api__deploy-prod",
        &["A job with an environment"],
    ),
    (
        "GSA__notifications-api__deploy.yml",
        &["A deploy after CI", "A job with an environment"],
    ),
    ("Tirovo", &["A job with an environment", "GitHub Pages"]),
    (
        "alphagov",
        &["A reusable workflow", "Releases", "Several environments"],
    ),
    (
        "bcgov__quickstart-openshift__merge",
        &[
            "A job with an environment",
            "A matrix",
            "A reusable workflow",
            "Several environments",
        ],
    ),
    (
        "bcgov__quickstart-openshift__reusable",
        &["A matrix", "A reusable workflow", "Several environments"],
    ),
    ("cloudflare", &["A job without an environment"]),
    ("documenso", &["A job without an environment", "Tags"]),
    ("dora-team", &["A job without an environment"]),
    ("release-plz", &["A job with an environment", "Tags"]),
    (
        "rust-lang__bors__deploy-production",
        &["A job with an environment"],
    ),
    (
        "rust-lang__bors__deploy-staging",
        &["A job with an environment"],
    ),
];

/// Those that deploy to something that is neither production by its name nor said to be: `init` leaves them out.
const ELSEWHERE: [&str; 4] = [
    "GSA__notifications-api__deploy.yml",
    "Tirovo",
    "release-plz",
    "rust-lang__bors__deploy-staging",
];

/// The environments that jobs of a workflow name, themselves or to the workflow that they call.
fn environments(jobs: &[&Value]) -> BTreeSet<String> {
    let named = jobs.iter().filter_map(|job| {
        let own = job.get("environment");
        let own = own.and_then(|of| of.get("name").or(Some(of)));
        own.or_else(|| job.get("with")?.get("environment"))?
            .as_str()
    });
    named.map(str::to_owned).collect()
}

/// The recipes that a workflow's own words ask for.
fn recipes(workflow: &Value) -> BTreeSet<&'static str> {
    let jobs: Vec<&Value> = workflow["jobs"].as_mapping().unwrap().values().collect();
    let events = &workflow["on"];
    let on = |event: &str| {
        let list = events.as_sequence();
        events == event
            || events.get(event).is_some()
            || list.is_some_and(|all| all.iter().any(|one| one == event))
    };
    let pushes = |key: &str| {
        let push = workflow["on"].get("push");
        push.is_some_and(|push| push.get(key).is_some())
    };
    let any = |key: &str| jobs.iter().any(|job| job.get(key).is_some());
    let named = environments(&jobs);
    let chosen = named.iter().any(|name| name.contains("inputs."));
    let fixed = jobs.iter().any(|job| {
        let name = job
            .get("environment")
            .map(|of| of.get("name").unwrap_or(of));
        name.and_then(Value::as_str)
            .is_some_and(|name| !name.contains("${{"))
    });
    let found = [
        ("A deploy after CI", on("workflow_run")),
        ("A job with an environment", fixed),
        (
            "A job without an environment",
            !any("environment") && any("steps"),
        ),
        ("A matrix", any("strategy")),
        ("A monorepo", pushes("paths")),
        ("A reusable workflow", any("uses") || on("workflow_call")),
        ("GitHub Pages", named.contains("github-pages")),
        ("Releases", on("release")),
        ("Several environments", chosen || named.len() > 1),
        ("Tags", pushes("tags")),
    ];
    found
        .into_iter()
        .filter(|(_, is)| *is)
        .map(|(name, _)| name)
        .collect()
}

fn git(folder: &Path, args: &[&str]) {
    let done = Command::new("git")
        .args(["-c", "user.email=ann@example.com", "-c", "user.name=Ann"])
        .args(args)
        .current_dir(folder)
        .output()
        .unwrap();
    assert!(done.status.success(), "{args:?}: {done:?}");
}

/// A clone with all of them.
fn glanced(folder: &Path) -> Glance {
    let clone = tempfile::tempdir().unwrap();
    let workflows = clone.path().join(".github/workflows");
    fs::create_dir_all(&workflows).unwrap();
    for entry in fs::read_dir(folder).unwrap() {
        let entry = entry.unwrap();
        fs::copy(entry.path(), workflows.join(entry.file_name())).unwrap();
    }
    git(clone.path(), &["init", "--quiet"]);
    git(clone.path(), &["add", "."]);
    git(clone.path(), &["commit", "--quiet", "--message", "All"]);
    glance(clone.path(), &Config::default()).unwrap()
}

#[test]
fn every_real_workflow_has_a_recipe_and_is_found_by_init() {
    let Some(folder) = shared("workflows") else {
        return;
    };
    let page = read("docs/recipes.md");
    let found = glanced(&folder);
    let mut files: Vec<String> = fs::read_dir(&folder)
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    files.sort();
    assert_eq!(files.len(), REAL.len());
    for file in files {
        let (name, wanted) = REAL
            .iter()
            .find(|(name, _)| file.starts_with(name))
            .unwrap();
        let text = fs::read_to_string(folder.join(&file)).unwrap();
        let workflow: Value = serde_yaml::from_str(&text).unwrap();
        let has: Vec<&str> = recipes(&workflow).into_iter().collect();
        assert_eq!(has, *wanted, "{file}");
        for recipe in has {
            assert!(
                page.contains(&format!("\n## {recipe}\n")),
                "{file}: {recipe}"
            );
        }
        let is_found = found.workflows.iter().any(|one| one.file == file);
        assert_ne!(is_found, ELSEWHERE.contains(name), "{file}");
    }
}
