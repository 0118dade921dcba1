//! The definition's fingerprint: it moves with every setting that can move a number, and with no other.

use std::collections::BTreeSet;

use fivekeys::config;
use fivekeys::event::{Events, Window, parse_instant};
use fivekeys::report::{Ask, build};
use serde_json::Value;

/// Settings that can move a number, each with two values that differ.
const MOVES: [(&str, &str, &str); 35] = [
    ("ai.labels", "ai: {labels: [a b]}", "ai: {labels: [a, b]}"),
    ("benchmark", "benchmark: 2024", "benchmark: 2023"),
    ("corrections", "corrections: a.yml", "corrections: b.yml"),
    (
        "deployments.cancelled",
        "deployments: {cancelled: ignore}",
        "deployments: {cancelled: failure}",
    ),
    (
        "deployments.time",
        "deployments: {time: first_success}",
        "deployments: {time: started}",
    ),
    (
        "environments",
        "environments: [production]",
        "environments: [live]",
    ),
    (
        "failure.cleared_labels",
        "failure: {cleared_labels: [a b]}",
        "failure: {cleared_labels: [a, b]}",
    ),
    (
        "failure.failed_attempts",
        "failure: {failed_attempts: separate}",
        "failure: {failed_attempts: count}",
    ),
    (
        "failure.incident_horizon",
        "failure: {incident_horizon: 7d}",
        "failure: {incident_horizon: 3d}",
    ),
    (
        "failure.labels",
        "failure: {labels: [a b]}",
        "failure: {labels: [a, b]}",
    ),
    (
        "failure.remediation",
        "failure: {remediation: true}",
        "failure: {remediation: false}",
    ),
    (
        "failure.revert_horizon",
        "failure: {revert_horizon: 30d}",
        "failure: {revert_horizon: 31d}",
    ),
    (
        "failure.rollback_grace",
        "failure: {rollback_grace: 5m}",
        "failure: {rollback_grace: 6m}",
    ),
    (
        "hotfix.labels",
        "hotfix: {labels: [a b]}",
        "hotfix: {labels: [a, b]}",
    ),
    ("hotfix.tags", "{}", "hotfix: {tags: '^fix-.*$'}"),
    (
        "incidents.labels",
        "incidents: {labels: [type incident]}",
        "incidents: {labels: [type, incident]}",
    ),
    (
        "lead_time.aggregate",
        "lead_time: {aggregate: median}",
        "lead_time: {aggregate: mean}",
    ),
    (
        "lead_time.baseline",
        "lead_time: {baseline: exclude}",
        "lead_time: {baseline: include}",
    ),
    (
        "lead_time.start",
        "lead_time: {start: first_commit}",
        "lead_time: {start: merged}",
    ),
    (
        "lead_time.unit",
        "lead_time: {unit: pull}",
        "lead_time: {unit: commit}",
    ),
    ("prereleases", "prereleases: false", "prereleases: true"),
    ("redeploys", "redeploys: count", "redeploys: drop"),
    (
        "rework.labels",
        "rework: {labels: [a b]}",
        "rework: {labels: [a, b]}",
    ),
    (
        "services.*.environments",
        "services: {api: {environments: [a]}}",
        "services: {api: {environments: [b]}}",
    ),
    (
        "services.*.paths",
        "services: {api: {paths: [a/**]}}",
        "services: {api: {paths: [b/**]}}",
    ),
    (
        "services.*.tags",
        "services: {api: {tags: '^a.*$'}}",
        "services: {api: {tags: '^b.*$'}}",
    ),
    (
        "services.*.workflows",
        "services: {api: {workflows: [a.yml]}}",
        "services: {api: {workflows: [b.yml]}}",
    ),
    ("source", "source: tags", "source: merges"),
    (
        "state_files",
        "state_files: [{path: a, service: x}]",
        "state_files: [{path: a, environment: x}]",
    ),
    ("tags", "tags: '^v.*$'", "tags: '^w.*$'"),
    ("timezone", "timezone: UTC", "timezone: Europe/Berlin"),
    ("window", "window: 90d", "window: 30d"),
    (
        "workflows",
        "workflows: [{file: a.yml, job: x}]",
        "workflows: [{file: a.yml, environment: x}]",
    ),
    (
        "workflows",
        "workflows: [{file: a.yml, job: x y, environment: z}]",
        "workflows: [{file: a.yml, job: x, environment: y z}]",
    ),
    ("week_start", "week_start: monday", "week_start: sunday"),
];

/// Settings that cannot. How far the first run looks back is no rule: the report says where its history begins.
const STAYS: [(&str, &str); 6] = [
    ("comment.max", "comment: {max: 3}"),
    ("comment.mode", "comment: {mode: 'off'}"),
    (
        "guardrails",
        "guardrails: [change_fail_rate must not rise while deployment_frequency rises]",
    ),
    ("lookback", "lookback: 30d"),
    ("templates", "templates: .github/fivekeys"),
    ("targets", "targets: [change_fail_rate <= 2%]"),
];

fn fingerprint(text: &str) -> String {
    let config = config::parse(text).unwrap_or_else(|e| panic!("{text}: {e}"));
    let now = parse_instant("2026-03-30").unwrap();
    let ask = Ask {
        window: Window::last_days(now, config.window_days),
        now,
        repository: None,
        notes: Vec::new(),
    };
    build(&Events::default(), &config, &ask)
        .definition
        .fingerprint
}

#[test]
fn what_can_move_a_number_moves_it() {
    for (key, one, other) in MOVES {
        assert_ne!(fingerprint(one), fingerprint(other), "{key}");
        assert_eq!(fingerprint(one), fingerprint(one), "{key}");
    }
}

#[test]
fn what_cannot_does_not() {
    for (key, text) in STAYS {
        assert_eq!(fingerprint(text), fingerprint("{}"), "{key}");
    }
    // Nor does the order in which things are written.
    assert_eq!(
        fingerprint("window: 30d\nsource: tags"),
        fingerprint("source: tags\nwindow: 30d")
    );
}

#[test]
fn every_setting_is_one_or_the_other() {
    let schema: Value = serde_json::from_str(include_str!("../../fivekeys.schema.json")).unwrap();
    let mut keys = BTreeSet::new();
    settings(&schema, &schema, "", &mut keys);
    let told: BTreeSet<String> = (MOVES.iter().map(|(key, _, _)| *key))
        .chain(STAYS.iter().map(|(key, _)| *key))
        .map(str::to_owned)
        .collect();
    assert_eq!(keys, told);
}

/// The settings of a schema; a list of objects is one setting.
fn settings(schema: &Value, node: &Value, path: &str, out: &mut BTreeSet<String>) {
    let at = |node: &Value| -> Option<Value> {
        let name = node["$ref"].as_str()?.rsplit('/').next()?;
        Some(schema["$defs"][name].clone())
    };
    let node = at(node).unwrap_or_else(|| node.clone());
    let properties = node["properties"].as_object().filter(|p| !p.is_empty());
    if let Some(properties) = properties {
        for (key, value) in properties {
            let dot = if path.is_empty() { "" } else { "." };
            settings(schema, value, &format!("{path}{dot}{key}"), out);
        }
    } else if node["additionalProperties"].is_object() {
        settings(
            schema,
            &node["additionalProperties"],
            &format!("{path}.*"),
            out,
        );
    } else {
        out.insert(path.to_owned());
    }
}
