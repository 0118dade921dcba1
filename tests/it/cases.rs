//! The rules of counting, each by at least one hand-computed case.

use std::collections::BTreeMap;

use chrono::Duration;
use fivekeys::adapter::{HistorySettings, parse_history};
use fivekeys::config::{Config, Edition, Environments, FailedAttempts, Globs, Service};
use fivekeys::event::{Calendar, Events, Window, parse_instant};
use fivekeys::report::v1::{Quantiles, Report, Scope};
use fivekeys::report::{Ask, build};
use serde_json::{Map, Value, json};

/// One for each rule.
const RULES: &str = include_str!("fixtures/cases.json");
/// The ways in which other tools see and write the world.
const OTHER_TOOLS: &str = include_str!("fixtures/more_cases.json");

/// All of them.
pub(crate) fn cases() -> Vec<Value> {
    [RULES, OTHER_TOOLS]
        .into_iter()
        .flat_map(cases_of)
        .collect()
}

fn cases_of(text: &str) -> Vec<Value> {
    let file: Value = serde_json::from_str(text).unwrap();
    file["cases"].as_array().unwrap().clone()
}

fn instant(value: &Value) -> fivekeys::event::Instant {
    parse_instant(value.as_str().unwrap()).unwrap()
}

/// What the case's history needs of the configuration.
fn config(settings: &HistorySettings, case: &Value) -> Config {
    let mut config = Config {
        timezone: case["timezone"].as_str().unwrap().parse().unwrap(),
        benchmark: match case["settings"]["bands"].as_str() {
            Some("2023") => Edition::Y2023,
            _ => Edition::Y2024,
        },
        ..Config::default()
    };
    if let Some(list) = &settings.environments {
        config.environments = Environments::new(list).unwrap();
    }
    for (name, paths) in &settings.paths {
        let paths = Globs::new(paths, true).unwrap();
        config.services.insert(
            name.clone(),
            Service {
                paths,
                ..Service::default()
            },
        );
    }
    config
}

pub(crate) fn report(case: &Value, failed_attempts: FailedAttempts) -> Report {
    let history = parse_history(&case["events"].to_string()).unwrap();
    let mut config = config(&history.settings, case);
    config.rules.failed_attempts = failed_attempts;
    let mut events: Events = history.events.into_iter().collect();
    events.history_since = history.since;
    events.head = history.head;
    let ask = Ask {
        window: Window {
            from: instant(&case["window"]["from"]),
            to: instant(&case["window"]["to"])
                + Duration::seconds(i64::from(case["window"]["to_inclusive"] == true)),
        },
        now: instant(&case["now"]),
        repository: None,
        notes: Vec::new(),
    };
    build(&events, &config, &ask)
}

fn quantiles(q: &Quantiles) -> Value {
    json!({"count": q.n, "median_s": q.median_seconds, "mean_s": q.mean_seconds})
}

/// The report, by the paths that the cases use.
#[expect(clippy::too_many_lines, reason = "one table, read from top to bottom")]
fn paths(report: &Report, counted: &Report, zone: chrono_tz::Tz) -> Value {
    let m = &report.overall.metrics;
    let (df, lt, cf) = (
        &m.deployment_frequency,
        &m.change_lead_time,
        &m.change_fail_rate,
    );
    let (fd, rw) = (
        &m.failed_deployment_recovery_time,
        &m.deployment_rework_rate,
    );
    let effective: Vec<_> = report
        .deployments
        .iter()
        .filter(|d| d.outcome == "success" && d.finished_at.unwrap() >= report.window.from)
        .collect();
    let mut by_day: BTreeMap<String, u64> = BTreeMap::new();
    for d in &effective {
        let day = Calendar {
            zone,
            ..Calendar::default()
        }
        .day(d.finished_at.unwrap());
        *by_day.entry(day.to_string()).or_default() += 1;
    }
    let weekly: Map<String, Value> = report
        .overall
        .series
        .weekly
        .iter()
        .map(|p| (p.start.clone(), json!(p.deployments)))
        .collect();
    let of_services = |f: &dyn Fn(&Scope) -> Value| -> Value {
        report
            .services
            .iter()
            .map(|(n, s)| (n.clone(), f(s)))
            .collect::<Map<_, _>>()
            .into()
    };
    let leads: Map<String, Value> = report
        .changes
        .iter()
        .filter(|c| c.lead_time_seconds.is_some_and(|s| s >= 0.0))
        .map(|c| (c.id.clone(), json!(c.lead_time_seconds)))
        .collect();
    let pulls: Map<String, Value> = report
        .changes
        .iter()
        .map(|c| {
            (
                c.id.clone(),
                json!({"stages_s": c.stages, "total_s": c.lead_time_seconds}),
            )
        })
        .collect();
    let changes: Map<String, Value> = effective
        .iter()
        .map(|d| {
            let mut ids = d.changes.clone();
            ids.sort();
            (d.id.clone(), json!(ids))
        })
        .collect();
    let recovered: Map<String, Value> = report
        .deployments
        .iter()
        .filter(|d| d.failed)
        .filter_map(|d| Some((d.id.clone(), json!(d.restored_after_seconds?))))
        .collect();
    let rollbacks: Vec<Value> = effective
        .iter()
        .filter_map(|d| {
            let r = d.rollback.as_ref()?;
            Some(json!({"rollback": d.id, "failed": r.failed, "target": r.target}))
        })
        .collect();
    let attribution: Map<String, Value> = report
        .incidents
        .iter()
        .filter_map(|i| Some((i.id.clone(), json!(i.attributed_by.as_ref()?))))
        .collect();
    let kinds: Map<String, Value> = rw
        .by_kind
        .iter()
        .filter(|(_, n)| **n > 0)
        .map(|(k, n)| (k.clone(), json!(n)))
        .collect();
    let other = &counted.overall.metrics;
    json!({
        "deployments": {
            "total": df.count, "per_day": df.per_day, "per_week": df.per_week, "days": df.active_days,
            "failed_attempts": df.failed_attempts, "ignored": df.ignored, "attempts": df.attempts,
            "success_rate": df.success_rate, "by_environment": df.by_environment, "by_day": by_day,
            "weekly": weekly, "covered_days": report.window.covered_days,
            "days_per_week": {"median": df.active_days_per_week_median},
            "time_between": {"median_s": df.time_between.median_seconds},
            "by_component": of_services(&|s| json!(s.metrics.deployment_frequency.count)),
            "list": effective, "reason": df.reason,
        },
        "changes": {"by_deployment": changes},
        "lead_time": {
            "count": lt.n, "median_s": lt.median_seconds, "mean_s": lt.mean_seconds, "p75_s": lt.p75_seconds,
            "p90_s": lt.p90_seconds, "p95_s": lt.p95_seconds, "p99_s": lt.p99_seconds, "by_change_s": leads,
            "excluded": lt.excluded.iter().map(|e| (e.change.clone(), json!(e.reason))).collect::<Map<_, _>>(),
            "reason": lt.reason, "with_bots": quantiles(&lt.with_bots),
            "per_commit": quantiles(&lt.per_commit), "merge_to_deploy": quantiles(&lt.merge_to_deploy),
            "by_component": {"median_s": of_services(&|s| json!(s.metrics.change_lead_time.median_seconds))},
        },
        "pulls": pulls,
        "undeployed": lt.undeployed.as_ref().map(|u| json!({"count": u.count, "oldest_s": u.oldest_seconds})),
        "cfr": {
            "failed": cf.failed, "total": cf.total, "ratio": cf.ratio, "failed_ids": cf.failed_ids,
            "reason": cf.reason, "ci95": cf.interval95,
            "by_component": of_services(&|s| json!(s.metrics.change_fail_rate.ratio)),
        },
        "incidents": {"unattributed": cf.unattributed},
        "attribution": attribution,
        "recovery": {
            "count": fd.n, "median_s": fd.median_seconds, "mean_s": fd.mean_seconds, "by_deployment_s": recovered,
            "open": fd.open.iter().map(|o| o.deployment.clone()).collect::<Vec<_>>(),
            "open_age_s": fd.open.iter().map(|o| (o.deployment.clone(), json!(o.age_seconds))).collect::<Map<_, _>>(),
        },
        "incident_restore": quantiles(&fd.incident_restore),
        "attempt_recovery": quantiles(&fd.attempt_recovery),
        "rework": {"ids": rw.ids, "ratio": rw.ratio, "by_kind": kinds},
        "rollbacks": rollbacks,
        "with_failed_attempts": {
            "cfr": {"failed": other.change_fail_rate.failed, "total": other.change_fail_rate.total},
            "recovery": {"median_s": other.failed_deployment_recovery_time.median_seconds},
        },
        "rating": {
            "deployment_frequency": df.band.as_ref().map(|b| b.name.clone()),
            "change_failure_rate": cf.band.as_ref().map(|b| b.name.clone()),
        },
    })
}

/// Longest dotted path first: change ids and dates have no dots, so a plain walk is enough.
fn look<'v>(value: &'v Value, path: &str) -> &'v Value {
    path.split('.')
        .fold(value, |at, key| match key.parse::<usize>() {
            Ok(index) if at.is_array() => &at[index],
            _ => &at[key],
        })
}

fn close(found: &Value, expected: &Value, tolerance: f64) -> bool {
    match (found, expected) {
        (Value::Number(a), Value::Number(b)) => {
            let (a, b) = (a.as_f64().unwrap(), b.as_f64().unwrap());
            (a - b).abs() <= tolerance.max(1e-6 * b.abs())
        }
        (Value::Array(a), Value::Array(b)) => {
            a.len() == b.len() && a.iter().zip(b).all(|(a, b)| close(a, b, tolerance))
        }
        // A map is compared key by key: `stages_s` names only some stages.
        (Value::Object(a), Value::Object(b)) => {
            b.iter()
                .all(|(k, b)| close(a.get(k).unwrap_or(&Value::Null), b, tolerance))
                && (b.is_empty() == a.is_empty() || b.keys().all(|k| a.contains_key(k)))
        }
        (a, b) => a == b,
    }
}

#[test]
fn every_case_holds() {
    let (mut wrong, mut checked) = (Vec::new(), 0);
    for case in cases() {
        let id = case["id"].as_str().unwrap();
        let zone = case["timezone"].as_str().unwrap().parse().unwrap();
        let found = paths(
            &report(&case, FailedAttempts::Separate),
            &report(&case, FailedAttempts::Count),
            zone,
        );
        for (path, expected) in case["expected"].as_object().unwrap() {
            let tolerance = if path == "cfr.ci95" { 1e-4 } else { 0.0 };
            let got = look(&found, path);
            checked += 1;
            if !close(got, expected, tolerance) {
                wrong.push(format!("{id}: {path}: expected {expected}, got {got}"));
            }
        }
    }
    assert!(checked > 200, "only {checked} expectations were read");
    assert!(wrong.is_empty(), "\n{}", wrong.join("\n"));
}

/// Rules LT4 and U7, where nobody knows the commits: the next version brings what was merged, and no old one does.
#[test]
fn a_version_that_ran_before_brings_no_change_by_time_either() {
    let deployed = |id: &str, sha: &str, day: u8| {
        json!({ "id": id, "sha": sha, "environment": "production", "status": "success",
            "finished_at": format!("2026-03-{day:02}T12:00:00Z") })
    };
    let pull = |number: u64, day: u8| {
        json!({ "number": number, "merge_sha": format!("m{number}"),
            "created_at": format!("2026-03-{day:02}T09:00:00Z"),
            "merged_at": format!("2026-03-{day:02}T10:00:00Z") })
    };
    let case = json!({
        "now": "2026-03-30T00:00:00Z", "timezone": "UTC", "settings": {},
        "window": { "from": "2026-03-02T00:00:00Z", "to": "2026-03-30T00:00:00Z" },
        "events": {
            "pulls": [pull(5, 10), pull(6, 14)],
            "deployments": [
                deployed("first", "v1", 4), deployed("again", "v1", 11), deployed("next", "v2", 12),
                deployed("back", "v1", 15), deployed("last", "v3", 16),
            ],
        },
    });
    let report = report(&case, FailedAttempts::Separate);
    let delivered: Vec<(&str, &str)> = report
        .changes
        .iter()
        .map(|c| (c.id.as_str(), c.deployment.as_deref().unwrap()))
        .collect();
    let by = |id: &str| {
        let mut all = report.deployments.iter();
        all.find(|d| d.id.contains(id)).unwrap().id.as_str()
    };
    assert_eq!(delivered, [("5", by("next")), ("6", by("last"))]);
}

#[test]
fn an_unknown_key_is_refused_with_its_place_and_a_near_match() {
    let error = parse_history("{\n  \"deploymnts\": []\n}").unwrap_err();
    assert_eq!(error.place, Some((2, 14)));
    assert_eq!(error.help.as_deref(), Some("did you mean `deployments`?"));
}

#[test]
fn every_case_fits_the_published_schema_and_a_typing_error_does_not() {
    let schema: Value = serde_json::from_str(include_str!("../../history.schema.json")).unwrap();
    let schema = jsonschema::validator_for(&schema).unwrap();
    // What other tools write is read more tolerantly than it should be written.
    for case in cases_of(RULES) {
        let errors: Vec<String> = schema
            .iter_errors(&case["events"])
            .map(|e| format!("{}: {e}", case["id"]))
            .collect();
        assert!(errors.is_empty(), "{}", errors.join("\n"));
    }
    assert!(!schema.is_valid(&json!({"deploymnts": []})));
    assert!(!schema.is_valid(&json!({"deployments": [{"environment": "production"}]})));
}
