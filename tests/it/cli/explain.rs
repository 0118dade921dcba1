//! `explain` as people type it: figures, events, formats, and what cannot be explained.

use super::*;

/// The published description of the document.
fn schema() -> jsonschema::Validator {
    let text = include_str!("../../../explanation.schema.json");
    jsonschema::validator_for(&serde_json::from_str(text).unwrap()).unwrap()
}

/// What a path of the report leads to.
fn at<'v>(report: &'v Value, path: &str) -> &'v Value {
    path.split('.').fold(report, |value, key| &value[key])
}

#[test]
fn every_metric_and_part_fits_the_schema_and_says_what_the_report_says() {
    let shop = Shop::tagged();
    let report = shop.json();
    let schema = schema();
    for name in [
        "change_lead_time.median_seconds",
        "change_lead_time.merge_to_deploy.n",
        "deployment_frequency.per_week",
        "deployment_frequency.time_between.p90_seconds",
        "change_fail_rate.with_failed_attempts.ratio",
        "failed_deployment_recovery_time.km_median_seconds",
        "deployment_rework_rate.by_kind.revert",
        "deployment_rework_rate.last_180_days.total",
    ] {
        let json = shop.run(&["explain", name, "--format", "json"]).json();
        let errors: Vec<String> = schema
            .iter_errors(&json)
            .map(|e| format!("{}: {e}", e.instance_path))
            .collect();
        assert!(errors.is_empty(), "{name}: {}", errors.join("\n"));
        assert_eq!(
            json["value"],
            *at(&report["overall"]["metrics"], name),
            "{name}"
        );
        assert_eq!(json["fingerprint"], report["definition"]["fingerprint"]);
        assert_eq!(json["figure"], name);
    }
}

#[test]
fn events_are_explained_by_id_tag_and_commit() {
    let shop = Shop::tagged();
    shop.run(&["report"]).ok();
    let cause = shop.git(&["rev-parse", "v1.9.0^{commit}"]);
    shop.run(&[
        "incident",
        "open",
        "Down",
        "--id",
        "pd-1",
        "--caused-by",
        &cause,
        "--at",
        "2026-03-12T10:00:00Z",
    ])
    .ok();
    let schema = schema();
    let report = shop.json();
    let commit = report["changes"][0]["id"].as_str().unwrap().to_owned();
    for (name, kind, says) in [
        ("v1.4.0", "deployment", "It failed: revert"),
        (
            "tag:v1.9.0",
            "deployment",
            "It failed: incident man:pd-1 says so",
        ),
        ("tag:v1.3.0", "deployment", "It did not fail"),
        ("man:pd-1", "incident", "It is not resolved yet (FD3)."),
        (&commit[..10], "change", "(LT2, LT4)."),
    ] {
        let json = shop.run(&["explain", name, "--format", "json"]).json();
        let errors: Vec<String> = schema.iter_errors(&json).map(|e| e.to_string()).collect();
        assert!(errors.is_empty(), "{name}: {}", errors.join("\n"));
        assert_eq!(json["kind"], kind, "{name}");
        assert!(
            json["arithmetic"].to_string().contains(says),
            "{name}: {json}"
        );
        let text = shop.run(&["explain", name]).ok();
        assert!(text.lines().all(|l| l.chars().count() <= 80), "{text}");
        let markdown = shop.run(&["explain", name, "--format", "markdown"]).ok();
        assert!(markdown.starts_with("### "), "{markdown}");
    }
}

#[test]
fn a_service_is_explained_by_its_own_numbers() {
    let mut shop = Shop::empty();
    for n in 0..4 {
        shop.commit(&format!("Change {n}"));
        shop.tag(&format!("api-v{n}"));
        if n > 0 {
            shop.tag(&format!("web-v{n}"));
        }
        shop.wait(DAY);
    }
    shop.now = shop.clock + DAY;
    let tags = "(?<service>[a-z]+)-v.*";
    let report = shop
        .run(&["report", "--tags", tags, "--format", "json"])
        .json();
    for service in ["api", "web"] {
        let count = &report["services"][service]["metrics"]["deployment_frequency"]["count"];
        let args = [
            "explain",
            "df.count",
            "--service",
            service,
            "--tags",
            tags,
            "--format",
            "json",
        ];
        let json = shop.run(&args).json();
        assert_eq!(json["value"], *count);
        assert_eq!(json["service"], service);
        assert_eq!(
            json["events"].as_array().unwrap().len() as u64,
            count.as_u64().unwrap()
        );
    }
}

#[test]
fn without_a_name_the_figures_are_listed_even_without_a_clone() {
    let shop = Shop::folder();
    let list = shop.run(&["explain"]).ok();
    assert!(list.lines().all(|l| l.chars().count() <= 80), "{list}");
    insta::assert_snapshot!(list);
}

#[test]
fn what_cannot_be_explained_is_told_what_can() {
    let shop = Shop::tagged();
    let near = shop.run(&["explain", "change_lead_time.p9O"]).fails(2);
    assert!(near.contains("did you mean `change_lead_time.p9"), "{near}");
    let several = shop.run(&["explain", "p90"]).fails(2);
    assert!(
        several.contains("is the name of several figures"),
        "{several}"
    );
    let gone = shop.run(&["explain", "pr:123456"]).fails(2);
    assert!(
        gone.contains("`fivekeys explain` lists every figure"),
        "{gone}"
    );
}

#[test]
fn the_whole_of_a_metric_on_a_terminal() {
    let shop = Shop::tagged();
    let text = shop.run(&["explain", "MTTR"]).ok();
    // The fingerprint moves with every setting that is added.
    let (text, foot) = text.split_once("\nDefinition ").unwrap();
    assert!(foot.contains("parameters with --verbose"), "{foot}");
    insta::assert_snapshot!(text);
}
