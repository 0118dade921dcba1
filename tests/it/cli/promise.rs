//! Targets, guardrails and the gate: what a team promised, judged where it is typed.

use super::*;

const CONFIG: &str = ".github/fivekeys.yml";

/// The tagged shop with promises: a median lead time of 3 hours, and 1 of 12 deployments failed.
fn promising(lines: &str) -> Shop {
    let shop = Shop::tagged();
    shop.write(CONFIG, lines);
    shop
}

fn states(report: &Value) -> Vec<&str> {
    let targets = report["targets"].as_array().unwrap();
    targets
        .iter()
        .map(|t| t["state"].as_str().unwrap())
        .collect()
}

#[test]
fn every_target_is_judged_on_its_interval() {
    let shop = promising(
        "targets:
  - change_lead_time <= 5h
  - lead_time.p50 <= 1h
  - change_lead_time <= 1h by 2026-09-30
  - CFR <= 2%
  - MTTR <= 5m
  - merge_to_deploy <= 1h
  - services.api.deployment_frequency >= 1/week
  - deployment_frequency >= 1/month
",
    );
    let report = shop.json();
    assert_eq!(
        states(&report),
        [
            "met", "missed", "not_yet", "not_sure", "not_sure", "no_data", "no_data", "met"
        ]
    );
    let fails = &report["targets"][3];
    // Clopper–Pearson of 1 in 12, not Wilson: 0.21 % to 38.5 %.
    assert!((fails["low"].as_f64().unwrap() - 0.002_107_6).abs() < 1e-6);
    assert!((fails["high"].as_f64().unwrap() - 0.384_796).abs() < 1e-6);
    let merged = &report["targets"][5]["because"];
    assert_eq!(merged, "no merge of the delivered changes is known");
    assert_eq!(report["targets"][6]["reason"], "no_deployments");
    let way = &report["targets"][2]["progress"];
    assert_eq!(way["due"], "2026-10-01T00:00:00Z");
    assert_eq!(way["pace"], "no_data", "the window before is empty");
    // From 3 hours to 1 hour in 185 days.
    let weekly = way["needed_per_week"].as_f64().unwrap();
    assert!((weekly + 7200.0 / (185.0 / 7.0)).abs() < 1e-6, "{weekly}");
}

#[test]
fn the_gate_closes_on_certainty_only_and_after_everything_was_written() {
    let shop = promising("targets:\n  - change_lead_time <= 1h\n  - cfr <= 2%\n");
    let run = shop.run(&["report", "--gate"]);
    assert_eq!(run.code, 4, "{}", run.err);
    assert_eq!(run.err.matches("missed: ").count(), 1, "{}", run.err);
    assert!(run.err.contains("missed: change_lead_time <= 1h"));
    assert!(run.out.contains("DORA metrics of acme/shop"), "{}", run.out);
    assert!(shop.read(".dora/metrics.json").contains("\"missed\""));
    // Without the flag a miss is said and fails nothing.
    let text = shop.run(&["report"]).ok();
    assert!(text.contains("missed: change_lead_time <= 1h"), "{text}");
    assert!(text.contains("not sure: cfr <= 2%"), "{text}");

    shop.write(
        CONFIG,
        "targets: [\"change_lead_time <= 1h by 2026-03-31\"]\n",
    );
    let early = shop.run(&["report", "--gate"]);
    assert!(early.ok().contains("not yet: "), "its day has not come");
    shop.write(
        CONFIG,
        "targets: [\"change_lead_time <= 1h by 2026-03-29\"]\n",
    );
    assert_eq!(shop.run(&["report", "--gate"]).code, 4, "its day is over");

    shop.write(CONFIG, "window: 90d\n");
    let nothing = shop.run(&["report", "--gate"]);
    assert!(
        nothing.err.contains("there is no target"),
        "{}",
        nothing.err
    );
    nothing.ok();
}

#[test]
fn a_promise_that_cannot_be_read_is_a_usage_error_with_its_place() {
    let shop = promising("window: 90d\ntargets:\n  - change_led_time <= 1d\n");
    let no = shop.run(&["report"]).fails(2);
    for part in [
        "line 3, column 5",
        "`targets`",
        "did you mean `change_lead_time`?",
    ] {
        assert!(no.contains(part), "{part}: {no}");
    }
}

#[test]
fn markdown_shows_targets_where_there_are_any() {
    let shop = promising("targets:\n  - change_lead_time <= 1h\n");
    let with = shop.run(&["report", "--format", "markdown"]).ok();
    assert!(with.contains("#### Targets"), "{with}");
    assert!(with.contains("**missed**"), "{with}");
    shop.write(CONFIG, "");
    let without = shop.run(&["report", "--format", "markdown"]).ok();
    assert!(!without.contains("#### Targets"), "{without}");
}

#[test]
fn a_service_is_shown_its_own_promises_and_nothing_of_the_whole() {
    let mut shop = Shop::empty();
    for version in 0..3 {
        for service in ["api", "web"] {
            shop.commit("Change");
            shop.tag(&format!("{service}-v1.{version}.0"));
            shop.wait(DAY);
        }
    }
    shop.write(
        CONFIG,
        "targets:
  - deployment_frequency >= 1/week
  - services.api.deployment_frequency >= 1/week
guardrails: [services.web.cfr must not rise]
",
    );
    let args = ["report", "--service", "api", "--format", "json"];
    let report = shop.run(&args).json();
    let targets = report["targets"].as_array().unwrap();
    assert_eq!(targets.len(), 1);
    assert_eq!(targets[0]["service"], "api");
    assert_eq!(targets[0]["n"], 3);
    assert_eq!(report["guardrails"], serde_json::json!([]));
    assert_eq!(report["position"], serde_json::json!({}));
}

/// Deployments every few hours of 30 days, every `nth` of which failed and was repaired in an hour.
fn month(
    from: i64,
    count: i64,
    nth: Option<i64>,
    out: &mut Vec<Value>,
    incidents: &mut Vec<Value>,
) {
    let at = |seconds: i64| {
        chrono::DateTime::from_timestamp(seconds, 0)
            .unwrap()
            .to_rfc3339()
    };
    for number in 0..count {
        let finished = from + number * (30 * DAY / count) + HOUR;
        let id = format!("d{finished}");
        out.push(serde_json::json!({
            "id": id, "environment": "production", "status": "success",
            "finished_at": at(finished), "sha": format!("{finished:040x}"),
        }));
        if nth.is_some_and(|n| number % n == 0) {
            incidents.push(serde_json::json!({
                "id": format!("i{finished}"), "opened_at": at(finished + 600),
                "resolved_at": at(finished + 3600), "deployment": id,
            }));
        }
    }
}

#[test]
fn a_guardrail_breaks_when_both_changes_are_detected() {
    let shop = Shop::folder();
    let rail = "change_fail_rate must not rise while deployment_frequency rises";
    shop.write("c.yml", &format!("window: 30d\nguardrails:\n  - {rail}\n"));
    let args = [
        "report",
        "--from",
        "history=h.json",
        "--config",
        "c.yml",
        "--gate",
        "--format",
        "json",
    ];
    for (now, nth, code, state) in [
        (120, Some(2), 4, "broken"),
        (120, None, 0, "held"),
        (40, Some(2), 0, "held"),
    ] {
        let (mut deployments, mut incidents) = (vec![], vec![]);
        month(
            NOW - 60 * DAY,
            40,
            Some(8),
            &mut deployments,
            &mut incidents,
        );
        month(NOW - 30 * DAY, now, nth, &mut deployments, &mut incidents);
        let history = serde_json::json!({"deployments": deployments, "incidents": incidents});
        shop.write("h.json", &history.to_string());
        let run = shop.run(&args);
        assert_eq!(run.code, code, "{}", run.err);
        let report: Value = serde_json::from_str(&run.out).unwrap();
        assert_eq!(report["guardrails"][0]["state"], state, "{now} {nth:?}");
        assert_eq!(run.err.contains(&format!("missed: {rail}")), code == 4);
    }
}

#[test]
fn the_place_in_the_industry_has_its_edition_and_can_be_left_out() {
    let shop = promising("benchmark: seed\n");
    let report = shop.json();
    let place = &report["position"]["change_lead_time"];
    assert_eq!(place["edition"], "Quick Check 2025");
    // Three hours: less than one day. (8 − 5.5) / 2.4
    assert_eq!(place["score"], 8.0);
    assert!((place["z"].as_f64().unwrap() - 2.5 / 2.4).abs() < 1e-9);
    let metrics = &report["overall"]["metrics"];
    assert_eq!(metrics["change_lead_time"]["band"]["edition"], "seed");
    assert_eq!(metrics["change_lead_time"]["band"]["name"], "not reached");
    assert_eq!(metrics["deployment_rework_rate"]["band"]["edition"], "seed");
    shop.write(CONFIG, "benchmark: none\n");
    assert_eq!(shop.json()["position"], serde_json::json!({}));
}
