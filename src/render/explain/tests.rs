//! Explanations of the fixtures: every figure, every event, and hostile names.

use serde_json::Value;

use super::*;
use crate::render::fixture;

fn text(report: &Report, name: &str) -> String {
    explanation_terminal(&explain(report, name, None).unwrap(), &Style::default())
}

/// Every number below a value, with its path.
fn leaves(path: &str, value: &Value, out: &mut Vec<(String, Value)>) {
    match value {
        Value::Object(map) => map
            .iter()
            .for_each(|(key, value)| leaves(&format!("{path}.{key}"), value, out)),
        Value::Array(list) => list
            .iter()
            .enumerate()
            .for_each(|(n, value)| leaves(&format!("{path}[{n}]"), value, out)),
        leaf @ (Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_)) => {
            out.push((path.to_owned(), leaf.clone()));
        }
    }
}

#[test]
fn every_leaf_of_every_fixture_is_explained_with_its_own_value() {
    for report in fixture::all() {
        let document: Value =
            serde_json::from_str(&crate::render::metrics_json(&report).unwrap()).unwrap();
        let mut found = Vec::new();
        leaves(
            "overall.metrics",
            &document["overall"]["metrics"],
            &mut found,
        );
        assert!(found.len() > 60);
        for (path, value) in found {
            let explained = explain(&report, &path, None).unwrap_or_else(|e| panic!("{path}: {e}"));
            if explained.figure == "change_lead_time.undeployed" && value.is_null() {
                assert_eq!(explained.value, Value::Null);
                continue;
            }
            assert_eq!(explained.value, value, "{path}");
            assert!(!explained.rules.is_empty(), "{path}");
            assert!(!value.is_null() || explained.reason.is_some(), "{path}");
        }
    }
}

#[test]
fn every_rendering_of_every_figure_stays_text() {
    for report in fixture::all() {
        for path in figure::known() {
            let explained = explain(&report, &path, None).unwrap_or_else(|e| panic!("{path}: {e}"));
            let out = explanation_terminal(&explained, &Style::default());
            assert!(
                out.lines().all(|line| line.chars().count() <= 80),
                "{path}: {out}"
            );
            assert!(
                !out.contains(['\x1b', '\u{202e}'])
                    && !out.lines().any(|l| l.trim_start().starts_with("::")),
                "{out}"
            );
            let out =
                explanation_markdown(&explained, &Style::default(), &Templates::default()).unwrap();
            for wrong in ["</script>", "@acme", "#1 ", "](javascript"] {
                assert!(!out.contains(wrong), "{path}: {wrong}: {out}");
            }
            let json: Value = serde_json::from_str(&explanation_json(&explained).unwrap()).unwrap();
            assert_eq!(json["figure"], path.as_str());
        }
    }
}

#[test]
fn events_behind_a_metric_are_named() {
    for (name, event) in [
        ("change_lead_time", "#475"),
        ("deployment_frequency", "run:25/production/shop"),
        ("mttr", "run:15/production/shop"),
        (
            "failed_deployment_recovery_time.open",
            "run:24/production/shop",
        ),
        ("cfr", "run:7/production/shop"),
        ("rework", "hotfix inc:gh:8"),
        ("rework.by_kind.hotfix", "run:8/production/shop"),
        ("lt.review", "#475"),
        (
            "deployment_frequency.failed_attempts",
            "run:5/production/shop",
        ),
        ("incident_restore", "inc:gh:7"),
    ] {
        let out = text(&fixture::shop(), name);
        assert!(out.contains(event), "{name}: {out}");
    }
}

#[test]
fn a_part_is_found_by_its_short_name_when_only_one_is_called_so() {
    let report = fixture::shop();
    let path = |name: &str| explain(&report, name, None).unwrap().figure;
    assert_eq!(path("change_lead_time.p90"), "change_lead_time.p90_seconds");
    assert_eq!(path("LT.P50"), "change_lead_time.median_seconds");
    assert_eq!(path("merge_to_deploy"), "change_lead_time.merge_to_deploy");
    assert_eq!(path("review"), "change_lead_time.stages.review");
    assert_eq!(
        path("fdrt.km_median"),
        "failed_deployment_recovery_time.km_median_seconds"
    );
    assert_eq!(path("change-failure-rate"), "change_fail_rate");
    assert_eq!(path("quality.score"), "quality.score");
    assert_eq!(path("covered_days"), path("window.covered_days"));
    let error = explain(&report, "p90", None).unwrap_err();
    assert!(matches!(&error, Unexplained::Several { paths, .. } if paths.len() >= 3));
    assert!(
        error.help().contains("change_lead_time.p90_seconds"),
        "{}",
        error.help()
    );
}

#[test]
fn a_name_that_means_nothing_is_told_what_was_meant() {
    let of = |name: &str| explain(&fixture::shop(), name, None).unwrap_err();
    assert!(of("velocity").help().contains("deployment_rework_rate"));
    assert!(
        of("change_led_time")
            .help()
            .contains("did you mean `change_lead_time`?")
    );
    assert!(of("mttrr").help().contains("did you mean `mttr`?"));
    assert!(of("").to_string().contains("there is no figure"));
    assert!(of(&"x.".repeat(10_000)).to_string().len() < 200);
    assert!(!of(fixture::HOSTILE).to_string().contains(['\x1b', '\n']));
}

#[test]
fn long_lists_are_cut_and_counted() {
    let explained = explain(&fixture::shop(), "frequency", None).unwrap();
    assert_eq!(explained.events.len(), 25);
    let out = explanation_terminal(&explained, &Style::default());
    assert!(out.contains("and 5 more; --verbose lists them"), "{out}");
    let all = Style {
        verbose: true,
        ..Style::default()
    };
    let out = explanation_terminal(&explained, &all);
    assert!(!out.contains("more; --verbose"));
    assert!(
        out.contains("run:0/production/shop")
            && out.contains("run:5/production/shop: Outcome failure")
    );
    assert!(out.contains("rollback.grace: 5m") || !out.contains("rollback.grace"));
}

#[test]
fn a_failed_deployment_is_told_why_and_a_good_one_that_nothing_speaks_against_it() {
    insta::assert_snapshot!(text(&fixture::shop(), "run:7/production/shop"));
    let good = text(&fixture::shop(), "run:1/production/shop");
    assert!(good.contains("It did not fail: no incident"), "{good}");
    let attempt = text(&fixture::shop(), "run:5/production/shop");
    assert!(
        attempt.contains("a failed attempt, beside the headline"),
        "{attempt}"
    );
}

#[test]
fn a_change_is_told_where_its_time_went() {
    let report = fixture::shop();
    insta::assert_snapshot!(text(&report, "#475"));
    for name in ["475", "pr:475"] {
        assert_eq!(text(&report, name), text(&report, "#475"));
    }
    let incident = text(&report, "inc:gh:7");
    assert!(
        incident.contains("It names the deployment that caused it (CF1)."),
        "{incident}"
    );
    let by_commit = explain(
        &report,
        &format!("{:x}{:032x}", 0xabc_def00_i64 + 3, 7)[..9],
        None,
    )
    .unwrap();
    assert_eq!(by_commit.figure, "run:3/production/shop");
    assert_eq!(by_commit.kind, Kind::Deployment);
}

#[test]
fn the_five_metrics_on_a_terminal() {
    insta::assert_snapshot!(text(&fixture::shop(), "cfr"));
    insta::assert_snapshot!("lead_time", text(&fixture::shop(), "lt"));
    insta::assert_snapshot!("empty", text(&fixture::empty(), "lt.p90"));
}

#[test]
fn the_same_in_markdown() {
    let explained = explain(&fixture::shop(), "change_fail_rate", None).unwrap();
    insta::assert_snapshot!(
        explanation_markdown(&explained, &Style::default(), &Templates::default()).unwrap()
    );
}

#[test]
fn what_can_be_explained_is_listed_and_fits() {
    let out = explainable(&Style::default());
    assert!(out.lines().all(|line| line.chars().count() <= 80), "{out}");
    for name in [
        "change_lead_time",
        "also rework_rate",
        "merge_to_deploy",
        "by_kind",
        "km_median_seconds",
    ] {
        assert!(out.contains(name), "{name}: {out}");
    }
}
