//! Every number of every case is explained, and the events behind it are the ones it was computed from.

use fivekeys::config::FailedAttempts;
use fivekeys::render::{Explanation, Kind, explain};
use fivekeys::report::v1::Report;
use serde_json::Value;

use crate::cases::{cases, report};

fn leaves(path: &str, value: &Value, out: &mut Vec<(String, Value)>) {
    match value {
        Value::Object(map) => {
            for (key, value) in map {
                leaves(&format!("{path}.{key}"), value, out);
            }
        }
        Value::Array(list) => {
            for (n, value) in list.iter().enumerate() {
                leaves(&format!("{path}.{n}"), value, out);
            }
        }
        leaf @ (Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_)) => {
            out.push((path.to_owned(), leaf.clone()));
        }
    }
}

fn explained(report: &Report, path: &str) -> Explanation {
    explain(report, path, None).unwrap_or_else(|e| panic!("{path}: {e}"))
}

#[test]
fn every_leaf_of_every_case_is_explained_with_its_own_value() {
    let mut checked = 0;
    for case in cases() {
        let report = report(&case, FailedAttempts::Separate);
        let metrics = serde_json::to_value(&report.overall.metrics).unwrap();
        let mut found = Vec::new();
        leaves("metrics", &metrics, &mut found);
        for (path, value) in found {
            let of = explained(&report, &path);
            assert_eq!(of.value, value, "{}: {path}", case["id"]);
            assert!(
                !value.is_null() || of.reason.is_some(),
                "{}: {path}",
                case["id"]
            );
            checked += 1;
        }
    }
    assert!(checked > 2000, "only {checked} numbers were read");
}

fn under_both_policies() -> Vec<(Value, FailedAttempts)> {
    let policies = [FailedAttempts::Separate, FailedAttempts::Count];
    let each = |case: Value| policies.map(|policy| (case.clone(), policy));
    cases().into_iter().flat_map(each).collect()
}

#[test]
fn the_events_behind_a_count_are_as_many_as_it_counts() {
    let mut listed = 0;
    for (case, policy) in under_both_policies() {
        let report = report(&case, policy);
        for path in [
            "deployment_frequency.count",
            "deployment_frequency.change_bearing",
            "deployment_frequency.failed_attempts",
            "change_fail_rate.failed",
            "change_fail_rate.total",
            "change_fail_rate.provisional",
            "change_fail_rate.unattributed",
            "change_fail_rate.with_failed_attempts.failed",
            "deployment_rework_rate.rework",
            "deployment_rework_rate.by_kind.rollback",
            "deployment_rework_rate.by_kind.revert",
            "deployment_rework_rate.by_kind.hotfix",
            "deployment_rework_rate.by_kind.fixed_by",
            "failed_deployment_recovery_time.open",
            "failed_deployment_recovery_time.incidents_open",
        ] {
            let of = explained(&report, path);
            if let Some(count) = of.value.as_u64() {
                assert_eq!(of.events.len() as u64, count, "{}: {path}", case["id"]);
                listed += of.events.len();
            }
        }
    }
    assert!(listed > 300, "only {listed} events were listed");
}

#[test]
fn the_median_of_the_events_is_the_median_of_the_report() {
    let mut checked = 0;
    for (case, policy) in under_both_policies() {
        let report = report(&case, policy);
        for path in [
            "change_lead_time",
            "change_lead_time.with_bots",
            "change_lead_time.merge_to_deploy",
            "change_lead_time.pr_created_to_deploy",
            "change_lead_time.stages.coding",
            "change_lead_time.stages.pickup",
            "change_lead_time.stages.review",
            "change_lead_time.stages.merge",
            "change_lead_time.stages.deploy_wait",
            "change_lead_time.stages.deploy",
            "failed_deployment_recovery_time",
            "failed_deployment_recovery_time.incident_restore",
            "failed_deployment_recovery_time.attempt_recovery",
            "failed_deployment_recovery_time.with_failed_attempts",
        ] {
            let of = explained(&report, path);
            let mut values: Vec<f64> = of.events.iter().filter_map(|e| e.seconds).collect();
            values.sort_by(f64::total_cmp);
            let half = values.len() / 2;
            let median = match values.len() {
                0 => None,
                n if n % 2 == 1 => Some(values[half]),
                _ => Some(f64::midpoint(values[half - 1], values[half])),
            };
            assert_eq!(of.value.as_f64(), median, "{}: {path}", case["id"]);
            checked += usize::from(median.is_some());
        }
    }
    assert!(checked > 80, "only {checked} medians were found");
}

#[test]
fn every_event_of_every_case_is_explained_by_rules() {
    let mut found = 0;
    for case in cases() {
        let report = report(&case, FailedAttempts::Separate);
        let deployments = report.deployments.iter().map(|d| (&d.id, Kind::Deployment));
        let incidents = report.incidents.iter().map(|i| (&i.id, Kind::Incident));
        for (id, kind) in deployments.chain(incidents) {
            let of = explained(&report, id);
            // A name may be that of two events; each of them has its verdict.
            assert_ne!(of.kind, Kind::Figure, "{}: {id}", case["id"]);
            assert!(of.kind != kind || of.figure == *id, "{}: {id}", case["id"]);
            assert!(!of.rules.is_empty(), "{}: {id}", case["id"]);
            found += 1;
        }
        for change in &report.changes {
            let of = explained(&report, &change.id);
            assert!(
                of.figure.starts_with(&change.id),
                "{}: {}",
                case["id"],
                change.id
            );
        }
    }
    assert!(found > 100, "only {found} events were explained");
}
