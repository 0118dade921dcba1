//! `docs/configuration.md`: every key of the schema, with a default that is one and an example that reads.

use std::fmt::Write as _;

use fivekeys::config;
use serde_json::Value;

use super::{cell, check_block, read};

/// What holds without a key.
enum Default {
    /// This value, as it would be written.
    Is(&'static str),
    /// What no value says.
    Says(&'static str),
}
use Default::{Is, Says};

/// Every key that takes a value, what holds without it, and an example.
const KEYS: [(&str, Default, &str); 45] = [
    ("ai.labels", Is("[ai-assisted, ai-generated]"), "[copilot]"),
    ("benchmark", Is("2024"), "2023"),
    ("comment.max", Is("10"), "3"),
    ("comment.mode", Is("shipped"), "off"),
    (
        "corrections",
        Is(".github/fivekeys-corrections.yml"),
        "ops/corrections.yml",
    ),
    ("deployments.cancelled", Is("ignore"), "failure"),
    ("deployments.time", Is("first_success"), "started"),
    (
        "environments",
        Says("those of the rule"),
        "[production, 'eu-*']",
    ),
    (
        "failure.cleared_labels",
        Is("[deployment-fine]"),
        "[not-our-fault]",
    ),
    ("failure.failed_attempts", Is("separate"), "count"),
    ("failure.incident_horizon", Is("7d"), "unlimited"),
    (
        "failure.labels",
        Is("[deployment-failed]"),
        "[broke-production]",
    ),
    ("failure.remediation", Is("true"), "false"),
    ("failure.revert_horizon", Is("30d"), "14d"),
    ("failure.rollback_grace", Is("5m"), "90s"),
    (
        "guardrails",
        Is("[]"),
        "['change_fail_rate must not rise while deployment_frequency rises']",
    ),
    ("hotfix.labels", Is("[hotfix]"), "[hotfix, urgent]"),
    ("hotfix.tags", Says("none"), "'-hotfix\\d*$'"),
    ("incidents.labels", Is("[incident]"), "[incident, outage]"),
    ("lead_time.aggregate", Is("median"), "mean"),
    ("lead_time.baseline", Is("exclude"), "include"),
    ("lead_time.start", Is("first_commit"), "merged"),
    ("lead_time.unit", Is("pull"), "commit"),
    ("lookback", Is("365d"), "180d"),
    ("prereleases", Is("false"), "true"),
    ("redeploys", Is("count"), "drop"),
    ("rework.labels", Is("[rework, unplanned]"), "[rework]"),
    ("services.NAME.environments", Is("[]"), "[production-api]"),
    ("services.NAME.paths", Is("[]"), "['api/**', 'libs/**']"),
    (
        "services.NAME.tags",
        Says("the pattern of `tags`"),
        "'^api-v\\d+$'",
    ),
    ("services.NAME.workflows", Is("[]"), "[deploy-api.yml]"),
    ("source", Is("auto"), "workflows"),
    (
        "state_files[].environment",
        Says("what the file says, else production"),
        "production",
    ),
    (
        "state_files[].path",
        Says("needed"),
        "deploy/production.json",
    ),
    ("state_files[].service", Says("what the file says"), "api"),
    (
        "tags",
        Says("semantic versions, with a service before them"),
        "'^v\\d+$'",
    ),
    (
        "targets",
        Is("[]"),
        "['change_lead_time.p90 <= 2d by 2027-03-31']",
    ),
    ("templates", Says("the built-in ones"), ".github/fivekeys"),
    ("timezone", Is("UTC"), "Europe/Berlin"),
    ("week_start", Is("monday"), "sunday"),
    ("window", Is("90d"), "30d"),
    ("workflows[].environment", Says("production"), "live"),
    ("workflows[].file", Says("needed"), "deploy.yml"),
    ("workflows[].job", Says("the whole run"), "'deploy *'"),
    ("workflows[].service", Says("none"), "api"),
];

struct Reference {
    schema: Value,
    rows: String,
    seen: Vec<String>,
}

impl Reference {
    /// What a reference points at, and what stands beside it.
    fn resolved<'v>(&'v self, node: &'v Value) -> &'v Value {
        let of = |node: &'v Value| -> &'v Value {
            let name = node["$ref"].as_str().and_then(|r| r.rsplit('/').next());
            name.map_or(node, |name| &self.schema["$defs"][name])
        };
        let alternatives = node["anyOf"].as_array();
        let null = |a: &&Value| a["type"] != "null";
        match alternatives.map(|all| all.iter().filter(null).collect::<Vec<_>>()) {
            Some(one) if one.len() == 1 => of(one[0]),
            _ => of(node),
        }
    }

    fn kind(&self, node: &Value) -> String {
        let node = self.resolved(node);
        let listed = |list: &Value, key: &str| {
            let words = list.as_array().unwrap().iter();
            let words = words.map(|w| if key.is_empty() { w } else { &w[key] });
            let words: Vec<String> = words
                .map(|w| format!("`{}`", w.as_str().unwrap()))
                .collect();
            words.join(", ")
        };
        if node["enum"].is_array() {
            return listed(&node["enum"], "");
        }
        if node["oneOf"].is_array() {
            return listed(&node["oneOf"], "const");
        }
        if let Some(several) = node["anyOf"].as_array() {
            let kinds: Vec<String> = several.iter().map(|one| self.kind(one)).collect();
            return kinds.join(" or ");
        }
        let name = node["type"].as_str().or_else(|| node["type"][0].as_str());
        match name.unwrap() {
            "string" => "text".to_owned(),
            "boolean" => "`true`, `false`".to_owned(),
            "integer" => "number".to_owned(),
            "array" => format!("list of {}", self.kind(&node["items"])),
            other => panic!("what is a {other}?"),
        }
    }

    fn walk(&mut self, path: &str, node: &Value, about: &str) {
        let shape = self.resolved(node).clone();
        let below = |key: &str| match path {
            "" => key.to_owned(),
            path => format!("{path}.{key}"),
        };
        if let Some(properties) = shape["properties"].as_object() {
            if !path.is_empty() {
                let _ = writeln!(self.rows, "| **`{path}`** | | | {} | |", cell(about));
            }
            // Plain keys first: a section belongs together.
            let is_section = |node: &Value| {
                let shape = self.resolved(node);
                shape["properties"].is_object()
                    || shape["additionalProperties"].is_object()
                    || self.resolved(&shape["items"])["properties"].is_object()
            };
            let (sections, plain): (Vec<_>, Vec<_>) =
                properties.iter().partition(|(_, node)| is_section(node));
            let all: Vec<_> = plain.into_iter().chain(sections).collect();
            for (key, node) in all {
                let about = node["description"].as_str().unwrap_or_default();
                self.walk(&below(key), node, about);
            }
        } else if shape["additionalProperties"].is_object() {
            let (of, path) = (shape["additionalProperties"].clone(), below("NAME"));
            self.walk(&path, &of, about);
        } else if self.resolved(&shape["items"])["properties"].is_object() {
            self.walk(&format!("{path}[]"), &shape["items"], about);
        } else {
            self.row(path, node, about);
        }
    }

    fn row(&mut self, path: &str, node: &Value, about: &str) {
        let (_, default, example) = KEYS
            .iter()
            .find(|(key, ..)| *key == path)
            .unwrap_or_else(|| panic!("tests/it/docs/configuration.rs says nothing of `{path}`"));
        let default = match default {
            Is(value) => format!("`{value}`"),
            Says(text) => (*text).to_owned(),
        };
        let _ = writeln!(
            self.rows,
            "| `{path}` | {} | {default} | {} | `{}` |",
            self.kind(node),
            cell(about),
            cell(example)
        );
        self.seen.push(path.to_owned());
    }
}

#[test]
fn the_reference_of_the_configuration_is_that_of_the_schema() {
    let schema: Value = serde_json::from_str(&read("fivekeys.schema.json")).unwrap();
    let mut reference = Reference {
        schema: schema.clone(),
        rows: "| key | takes | default | meaning | example |\n|---|---|---|---|---|\n".to_owned(),
        seen: Vec::new(),
    };
    reference.walk("", &schema, "");
    for (key, ..) in &KEYS {
        let known = reference.seen.iter().any(|seen| seen == key);
        assert!(known, "the schema has no `{key}`");
    }
    check_block("docs/configuration.md", "keys", &reference.rows);
}

/// A configuration with one key.
fn written(key: &str, value: &str) -> String {
    let (list, rest) = key.split_once("[].").unwrap_or(("", key));
    let with = match (list, rest) {
        ("workflows", "job" | "environment" | "service") => "file: deploy.yml, ",
        ("state_files", "environment" | "service") => "path: live.json, ",
        _ => "",
    };
    let names: Vec<&str> = rest.split('.').collect();
    let open: Vec<String> = names
        .iter()
        .map(|name| format!("{{{with}{name}: "))
        .collect();
    let open = open.concat();
    let one = format!("{open}{value}{}", "}".repeat(names.len()));
    match list {
        "" => one,
        list => format!("{{{list}: [{one}]}}"),
    }
}

#[test]
fn defaults_change_nothing_and_examples_something() {
    let read = |key: &str, value: &str| {
        let text = written(key, value);
        let config = config::parse(&text).unwrap_or_else(|e| panic!("{text}: {e}"));
        format!("{config:?}")
    };
    let silent = format!("{:?}", config::Config::default());
    for (key, default, example) in &KEYS {
        if let Is(default) = default {
            let without = if key.starts_with("services.") {
                format!("{:?}", config::parse("services: {NAME: {}}").unwrap())
            } else {
                silent.clone()
            };
            assert_eq!(read(key, default), without, "{key}: {default}");
        }
        assert_ne!(read(key, example), silent, "{key}: {example}");
    }
}
