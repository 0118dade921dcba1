//! Every example in the documents: workflows, configurations, corrections and command lines are what they claim to be.

use std::collections::BTreeSet;
use std::process::Command;

use fivekeys::adapter::Corrections;
use fivekeys::config;
use serde_yaml::{Mapping, Value};

use super::{action, entries, fenced, pages};

/// How the documents name the action; a release pins it.
const ACTION: &str = "fivekeys/fivekeys@v0";

const WORKFLOW: [&str; 8] = [
    "name",
    "run-name",
    "on",
    "permissions",
    "env",
    "defaults",
    "concurrency",
    "jobs",
];
const JOB: [&str; 16] = [
    "name",
    "permissions",
    "needs",
    "if",
    "runs-on",
    "environment",
    "concurrency",
    "outputs",
    "env",
    "defaults",
    "steps",
    "timeout-minutes",
    "strategy",
    "uses",
    "with",
    "secrets",
];
const STEP: [&str; 8] = [
    "id",
    "if",
    "name",
    "uses",
    "run",
    "with",
    "env",
    "working-directory",
];
const EVENTS: [&str; 9] = [
    "push",
    "pull_request",
    "release",
    "schedule",
    "workflow_dispatch",
    "workflow_call",
    "workflow_run",
    "deployment_status",
    "repository_dispatch",
];
const PERMISSIONS: [&str; 12] = [
    "actions",
    "attestations",
    "checks",
    "contents",
    "deployments",
    "discussions",
    "id-token",
    "issues",
    "packages",
    "pages",
    "pull-requests",
    "statuses",
];

/// A fenced block, and what to call it when it is wrong.
struct Block {
    place: String,
    text: String,
}

impl Block {
    fn keys<'v>(&self, of: &'v Value, allowed: &[&str]) -> &'v Mapping {
        let Some(mapping) = of.as_mapping() else {
            panic!("{self}: {of:?} is no mapping");
        };
        for key in mapping.keys() {
            let key = key.as_str().unwrap();
            assert!(allowed.contains(&key), "{self}: `{key}` is no key here");
        }
        mapping
    }

    fn permissions(&self, of: &Value) {
        for (scope, level) in self.keys(of, &PERMISSIONS) {
            let level = level.as_str().unwrap_or_default();
            let known = matches!(level, "read" | "write" | "none");
            assert!(known, "{self}: {scope:?} cannot be {level}");
        }
    }

    /// Checks a workflow, or its `jobs` alone; returns how many of its jobs run the action.
    fn workflow(&self, of: &Value) -> usize {
        self.keys(of, &WORKFLOW);
        let whole = of.get("on");
        match whole {
            Some(Value::String(event)) => assert!(EVENTS.contains(&event.as_str()), "{self}"),
            Some(events) => {
                self.keys(events, &EVENTS);
            }
            None => {}
        }
        if let Some(permissions) = of.get("permissions") {
            self.permissions(permissions);
        }
        let jobs = of["jobs"].as_mapping().unwrap();
        jobs.values()
            .map(|job| {
                let needs: Vec<&Value> = match &job.get("needs") {
                    Some(Value::Sequence(all)) => all.iter().collect(),
                    Some(one) => vec![one],
                    None => vec![],
                };
                for needed in needs {
                    let known = whole.is_none() || jobs.contains_key(needed);
                    assert!(known, "{self}: there is no job {needed:?}");
                }
                self.job(job)
            })
            .sum()
    }

    fn job(&self, job: &Value) -> usize {
        let keys = self.keys(job, &JOB);
        let runs = keys.contains_key("runs-on") && keys.contains_key("steps");
        assert!(runs != keys.contains_key("uses"), "{self}: nothing to run");
        if let Some(permissions) = job.get("permissions") {
            self.permissions(permissions);
        }
        let none = vec![];
        let steps = job.get("steps").and_then(Value::as_sequence);
        let steps = steps.unwrap_or(&none);
        let mut measures = 0;
        for step in steps {
            self.keys(step, &STEP);
            let uses = step.get("uses").and_then(Value::as_str);
            assert!(
                uses.is_some() != step.get("run").is_some(),
                "{self}: {step:?}"
            );
            if uses.is_some_and(|uses| uses.contains("/fivekeys")) {
                measures += 1;
                self.measuring(job, step);
            }
        }
        measures
    }

    /// The job that holds the permission to write does nothing else, and ends by itself.
    fn measuring(&self, job: &Value, step: &Value) {
        assert_eq!(step["uses"], ACTION, "{self}");
        let permissions = job.get("permissions").and_then(Value::as_mapping);
        let Some(permissions) = permissions else {
            panic!("{self}: no permissions");
        };
        assert!(permissions.contains_key("contents"), "{self}");
        // It may fetch a certificate first.
        let others = job["steps"].as_sequence().unwrap().iter();
        let mut others = others.filter(|other| *other != step);
        let fetches = |other: &Value| {
            let run = other.get("run").and_then(Value::as_str);
            run.is_some_and(|run| run.starts_with("cp ") && run.contains(".pem"))
        };
        assert!(others.all(fetches), "{self}");
        assert!(job.get("timeout-minutes").is_some(), "{self}: no timeout");
        let action = action();
        let inputs = entries(&action, "inputs");
        let known: Vec<&str> = inputs.iter().map(|(name, ..)| name.as_str()).collect();
        if let Some(with) = step.get("with") {
            self.keys(with, &known);
        }
    }
}

impl std::fmt::Display for Block {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}:\n{}\n", self.place, self.text)
    }
}

fn blocks(language: &str) -> Vec<Block> {
    let of = |(place, text): (String, String)| {
        let found = fenced(&text, language).into_iter();
        found
            .map(move |text| Block {
                place: place.clone(),
                text,
            })
            .collect::<Vec<_>>()
    };
    pages().into_iter().flat_map(of).collect()
}

#[test]
fn every_yaml_block_is_a_workflow_a_configuration_or_corrections() {
    let (mut measuring, mut configurations, mut corrections) = (0, 0, 0);
    for block in blocks("yaml") {
        let value: Value =
            serde_yaml::from_str(&block.text).unwrap_or_else(|e| panic!("{e}: {block}"));
        if value.get("jobs").is_some() {
            measuring += block.workflow(&value);
        } else if let Some(permissions) = value.get("permissions") {
            block.keys(&value, &["permissions"]);
            block.permissions(permissions);
        } else if value.is_sequence() {
            Corrections::parse(&block.text).unwrap_or_else(|e| panic!("{e}: {block}"));
            corrections += 1;
        } else if value.get("labels").is_some() {
            issue_form(&block, &value);
        } else {
            config::parse(&block.text).unwrap_or_else(|e| panic!("{e}: {block}"));
            configurations += 1;
        }
    }
    let found = (measuring, configurations, corrections);
    assert!(
        measuring > 10 && configurations > 5 && corrections > 0,
        "{found:?}"
    );
}

#[test]
fn every_file_to_import_is_read_whole() {
    let schema: serde_json::Value =
        serde_json::from_str(&super::read("history.schema.json")).unwrap();
    let schema = jsonschema::validator_for(&schema).unwrap();
    let mut seen = 0;
    for (language, adapter) in [("json", "history"), ("csv", "deployments")] {
        let adapter = fivekeys::adapter::find(adapter).unwrap();
        for block in blocks(language) {
            if language == "json" {
                let value = serde_json::from_str(&block.text).unwrap();
                assert_eq!(schema.iter_errors(&value).count(), 0, "{block}");
            }
            let read = (adapter.read)(block.text.as_bytes(), &config::Config::default())
                .unwrap_or_else(|e| panic!("{e}: {block}"));
            assert!(read.events.len() >= 3, "{block}");
            assert!(read.notes.is_empty(), "{:?}: {block}", read.notes);
            seen += 1;
        }
    }
    assert!(seen >= 2, "no file to import is shown");
}

/// A form whose answers are read: its label is one of an incident, its headings are those that name a cause.
fn issue_form(block: &Block, form: &Value) {
    block.keys(form, &["name", "description", "labels", "body"]);
    let labels = form["labels"].as_sequence().unwrap();
    assert_eq!(labels[0], "incident", "{block}");
    let mut named = false;
    for part in form["body"].as_sequence().unwrap() {
        block.keys(part, &["type", "id", "attributes", "validations"]);
        let label = part["attributes"]["label"].as_str().unwrap();
        let answered = format!("### {label}\n\n#12\n");
        named |= !fivekeys::event::causes_in(&answered).is_empty();
    }
    assert!(named, "{block}: no answer names a cause");
}

#[test]
fn the_first_workflow_waits_for_the_deployment_and_runs_whatever_came_of_it() {
    let readme = super::read("README.md");
    let first = fenced(&readme, "yaml").into_iter().next().unwrap();
    let value: Value = serde_yaml::from_str(&first).unwrap();
    let job = &value["jobs"]["dora"];
    assert_eq!(job["needs"], "deploy");
    assert_eq!(job["if"], "${{ !cancelled() }}");
    assert_eq!(
        job["steps"][0]["with"]["status"],
        "${{ needs.deploy.result }}"
    );
}

/// Words of a command line, up to where the shell takes over.
fn words(line: &str) -> Vec<String> {
    let (mut out, mut word, mut quote): (Vec<String>, Option<String>, _) = (vec![], None, None);
    for c in line.chars() {
        match (c, quote) {
            (c, Some(open)) if c == open => quote = None,
            ('\'' | '"', None) => {
                quote = Some(c);
                word.get_or_insert_default();
            }
            (' ', None) => out.extend(word.take()),
            ('#', None) if word.is_none() => break,
            ('|' | '>' | ';' | '&', None) => break,
            (c, _) => word.get_or_insert_default().push(c),
        }
    }
    out.extend(word);
    out
}

/// Command lines of the program: those of shell blocks, and those quoted in a sentence.
fn command_lines() -> BTreeSet<Vec<String>> {
    let mut found = BTreeSet::new();
    let mut take = |line: &str| {
        let after = line.find("fivekeys ").map(|at| line.split_at(at));
        let Some((before, line)) = after else { return };
        let starts = before.trim_end();
        // A path, a name or a message that holds the word is none.
        if line.contains('…') {
            return;
        }
        if starts.is_empty() || starts.ends_with('|') || starts.ends_with('…') {
            let mut words = words(line);
            words.remove(0);
            found.insert(words);
        }
    };
    for block in blocks("sh") {
        block.text.lines().for_each(&mut take);
    }
    for (_, text) in pages() {
        for prose in text.split("```").step_by(2) {
            prose.split('`').skip(1).step_by(2).for_each(&mut take);
        }
    }
    found
}

#[test]
fn every_command_line_is_one() {
    let lines = command_lines();
    assert!(lines.len() > 25, "{lines:?}");
    for line in lines {
        // A word in capitals at this place stands for any command.
        if line[0].chars().all(|c| c.is_ascii_uppercase()) {
            continue;
        }
        let done = Command::new(env!("CARGO_BIN_EXE_fivekeys"))
            .args(&line)
            .arg("--help")
            .output()
            .unwrap();
        let said = String::from_utf8_lossy(&done.stderr);
        assert!(done.status.success(), "fivekeys {}\n{said}", line.join(" "));
    }
}
