//! Recommendations and the quality of the data, from histories whose numbers are worked out by hand.

use fivekeys::adapter::parse_history;
use fivekeys::config;
use fivekeys::event::{Ci, Event, Events, Fact, Instant, Window, parse_instant};
use fivekeys::report::v1::{Prize, Recommendation, Report};
use fivekeys::report::{Ask, build};
use serde_json::{Value, json};

const HOUR: f64 = 3600.0;

fn moment(days: i64, hours: f64) -> String {
    let start = parse_instant("2026-01-05").unwrap();
    #[expect(clippy::cast_possible_truncation, reason = "hours of one story")]
    let seconds = (hours * 3600.0).round() as i64;
    (start + chrono::Duration::days(days) + chrono::Duration::seconds(seconds)).to_rfc3339()
}

/// A deployment at noon of a day.
fn deployment(id: &str, day: i64) -> Value {
    json!({
        "id": id, "environment": "production", "status": "success", "sha": format!("sha-{id}"),
        "started_at": moment(day, 11.5), "finished_at": moment(day, 12.0),
    })
}

/// A pull request that went out with a deployment at noon of a day: hours of coding, pickup, review, merge and wait;
/// the deployment itself takes half an hour.
fn pull(number: u64, day: i64, id: &str, [coding, pickup, review, merge, wait]: [f64; 5]) -> Value {
    let started = 11.5 - wait;
    let merged = started - merge;
    let approved = merged - review;
    let reviewed = approved - pickup;
    json!({
        "number": number, "deployment": id, "merge_sha": format!("merge-{number}"), "author": "ann",
        "commits": [{"sha": format!("own-{number}"), "authored_at": moment(day, reviewed - coding)}],
        "created_at": moment(day, reviewed),
        "reviews": [
            {"state": "COMMENTED", "reviewer": "bob", "at": moment(day, approved)},
            {"state": "APPROVED", "reviewer": "bob", "at": moment(day, merged)},
        ],
        "merged_at": moment(day, started),
    })
}

/// The report on the 84 days from Monday, 5 January.
fn report(history: &Value, configuration: &str) -> Report {
    let history = parse_history(&history.to_string()).unwrap();
    report_on(history.events, configuration)
}

fn report_on(events: Vec<Event>, configuration: &str) -> Report {
    let mut events: Events = events.into_iter().collect();
    events.history_since = Some(parse_instant("2025-06-01").unwrap());
    let config = config::parse(configuration).unwrap();
    let at = |day: &str| -> Instant { parse_instant(day).unwrap() };
    let ask = Ask {
        window: Window {
            from: at("2026-01-05"),
            to: at("2026-03-30"),
        },
        now: at("2026-03-30"),
        repository: None,
        notes: Vec::new(),
    };
    build(&events, &config, &ask)
}

/// A deployment a day for ten days, each with one pull request whose stages `of` its number, 1 to 8.
fn daily(of: impl Fn(f64) -> [f64; 5]) -> Value {
    let mut deployments = vec![deployment("d0", 0)];
    let mut pulls = vec![];
    for number in 1..=8_u32 {
        let day = i64::from(number);
        let id = format!("d{number}");
        deployments.push(deployment(&id, day));
        pulls.push(pull(number.into(), day, &id, of(f64::from(number))));
    }
    // Once a week after that, so that frequency is not what stands out.
    deployments.extend((2..12).map(|week| deployment(&format!("w{week}"), week * 7)));
    json!({"deployments": deployments, "pulls": pulls})
}

#[track_caller]
fn first(report: &Report, id: &str) -> Recommendation {
    let found = report.recommendation.clone();
    let found = found.unwrap_or_else(|| panic!("nothing is recommended"));
    assert_eq!(found.id, id, "{found:?}");
    assert!(found.url.starts_with("https://dora.dev/"));
    assert!(report.findings.iter().all(|f| f.id != id), "said twice");
    found
}

#[track_caller]
fn brings(found: &Recommendation, metric: &str, now: f64, then: f64) {
    let Some(Prize {
        metric: of,
        now: a,
        then: b,
        ..
    }) = &found.prize
    else {
        panic!("no prize: {found:?}");
    };
    assert_eq!(of, metric);
    assert!((a - now).abs() < 1e-6 && (b - then).abs() < 1e-6, "{a} {b}");
}

#[test]
fn waiting_for_a_review_is_named_with_what_a_quicker_one_brings() {
    let slow = report(&daily(|h| [1.0, h, 1.0, 0.0, 0.5]), "");
    let found = first(&slow, "review_wait");
    // Pickup is 36 of 36 + 8 × 3 hours; its 25th percentile of 1 to 8 is 2.75.
    assert!(
        found.says.contains("holds 60 % of the lead time"),
        "{}",
        found.says
    );
    assert!(found.says.contains("median 4.5 h"), "{}", found.says);
    brings(&found, "change_lead_time", 7.5 * HOUR, 5.75 * HOUR);
    assert_eq!(found.leading.value, Some(4.5 * HOUR));
    assert_eq!(found.because, ["8", "7", "6", "5", "4"]);
    let placeholders = |r: &Recommendation| r.steps.iter().any(|s| s.contains(['{', '}']));
    assert!(!placeholders(&found), "{:?}", found.steps);
    let bottleneck = slow.bottleneck.unwrap();
    assert_eq!((bottleneck.stage.as_str(), bottleneck.n), ("pickup", 8));

    let quick = report(&daily(|h| [h, 0.1, 0.1, 0.0, 0.5]), "");
    assert!(quick.recommendation.is_none_or(|r| r.id != "review_wait"));
    assert_eq!(quick.bottleneck.unwrap().stage, "coding");
}

#[test]
fn waiting_for_a_merge_or_a_deployment_is_named() {
    let merge = report(&daily(|h| [0.5, 0.5, 0.5, h, 0.5]), "");
    let found = first(&merge, "merge_wait");
    brings(&found, "change_lead_time", 7.0 * HOUR, 5.25 * HOUR);
    assert_eq!(found.leading.value, Some(4.5 * HOUR));

    let queue = report(&daily(|h| [0.5, 0.5, 0.5, 0.0, h]), "");
    let found = first(&queue, "deploy_queue");
    brings(&found, "change_lead_time", 6.5 * HOUR, 4.75 * HOUR);
    assert!(found.says.contains("carries 1 change."), "{}", found.says);
}

/// So many deployments, two a day; the first `failed` fail and are repaired `hours(n)` later.
fn failing(count: i64, failed: i64, hours: impl Fn(f64) -> f64) -> Value {
    let mut incidents = vec![];
    let deployments: Vec<Value> = (0..count)
        .map(|n| {
            let finished = (n % 2) as f64 * 6.0;
            let id = format!("d{n}");
            if n < failed {
                let until = finished + hours(n as f64);
                incidents.push(json!({
                    "id": format!("i{n}"), "deployment": id,
                    "opened_at": moment(n / 2, finished + 0.5), "resolved_at": moment(n / 2, until),
                }));
            }
            json!({
                "id": id, "environment": "production", "status": "success",
                "sha": format!("sha-{n}"), "finished_at": moment(n / 2, finished),
            })
        })
        .collect();
    json!({"deployments": deployments, "incidents": incidents})
}

#[test]
fn a_slow_recovery_is_named_with_the_pace_of_the_quickest_quarter() {
    let slow = report(&failing(160, 6, |n| n + 2.0), "");
    let found = first(&slow, "slow_recovery");
    // 2 to 7 hours: the median is 4.5, the 25th percentile 3.25.
    assert!(
        found
            .says
            .contains("4.5 h in the median of 6 failures, none"),
        "{}",
        found.says
    );
    assert!(found.says.contains("30 min pass until"), "{}", found.says);
    brings(
        &found,
        "failed_deployment_recovery_time",
        4.5 * HOUR,
        3.25 * HOUR,
    );
    assert_eq!(found.leading.value, Some(1800.0));
    assert_eq!(found.because[0], "d5");
    let quick = report(&failing(160, 6, |_| 0.9), "");
    assert_eq!(quick.recommendation, None);
}

#[test]
fn one_thing_is_recommended_and_the_others_stand_below() {
    let history = failing(160, 80, |n| 2.0 + n % 3.0);
    let both = report(&history, "targets: [\"cfr <= 5%\"]");
    let found = first(&both, "high_cfr");
    brings(&found, "change_fail_rate", 0.5, 0.05);
    assert!(
        found.says.contains("80 of 160 deployments failed: 50 %"),
        "{}",
        found.says
    );
    assert!(
        found.says.contains("all of it above 5 % (the target)"),
        "{}",
        found.says
    );
    let below: Vec<(&str, &str)> = both
        .findings
        .iter()
        .map(|f| (f.id.as_str(), f.level.as_str()))
        .collect();
    assert!(below.contains(&("slow_recovery", "info")), "{below:?}");
    // Without a target and without a window before there is nothing to be above of.
    let alone = report(&history, "");
    first(&alone, "slow_recovery");
}

#[test]
fn rework_above_the_target_is_named_by_its_largest_kind() {
    let mut history = failing(40, 0, |_| 0.0);
    for n in 0..20 {
        history["deployments"][n]["labels"] = json!([if n < 5 { "hotfix" } else { "rework" }]);
    }
    let found = first(
        &report(&history, "targets: [\"rework <= 10%\"]"),
        "high_rework",
    );
    brings(&found, "deployment_rework_rate", 0.5, 0.1);
    assert!(
        found.steps[0].ends_with("labelled, 15 of 20."),
        "{:?}",
        found.steps
    );
}

#[test]
fn large_deployments_that_fail_more_often_are_named_with_what_small_ones_save() {
    let mut history = failing(25, 0, |_| 0.0);
    let (mut pulls, mut incidents) = (vec![], vec![]);
    for n in 1..=24_i64 {
        let (id, day) = (format!("d{n}"), n / 2);
        let finished = (n % 2) as f64 * 6.0;
        let mut one = pull(u64::try_from(n).unwrap(), day, &id, [0.1; 5]);
        for key in ["created_at", "merged_at"] {
            one[key] = json!(moment(day, finished - 1.0));
        }
        one["commits"][0]["authored_at"] = json!(moment(day, finished - 1.0));
        one["reviews"] = json!([]);
        one["lines"] = json!(if n > 12 { 900 } else { 20 });
        pulls.push(one);
        if n > 12 {
            incidents.push(json!({
                "id": format!("i{n}"), "deployment": id,
                "opened_at": moment(day, finished + 0.1), "resolved_at": moment(day, finished + 0.5),
            }));
        }
    }
    history["pulls"] = json!(pulls);
    history["incidents"] = json!(incidents);
    let found = first(&report(&history, ""), "large_batches");
    brings(&found, "change_fail_rate", 0.5, 0.0);
    assert!(
        found
            .says
            .contains("above 460 lines fail in 100 % (12 of 12), the others in 0 % (0 of 12)"),
        "{}",
        found.says
    );
    for one in history["pulls"].as_array_mut().unwrap() {
        one["lines"] = json!(20);
    }
    let even = report(&history, "");
    let named = even.recommendation.iter().map(|r| &r.id);
    let mut named = named.chain(even.findings.iter().map(|f| &f.id));
    assert!(named.all(|id| id != "large_batches"));
    // Twelve days of deployments, and nothing since 17 January at 00:00.
    let seldom = first(&even, "low_frequency");
    assert_eq!(seldom.steps[0], "Find the reason of the longest gap: 72 d.");
}

#[test]
fn seldom_deployments_are_named_with_their_longest_gap() {
    let weeks = |every: usize| -> Value {
        let days = (0..12_i64).step_by(every).map(|week| week * 7);
        let deployments: Vec<Value> = days.map(|d| deployment(&format!("d{d}"), d)).collect();
        json!({"deployments": deployments})
    };
    let found = first(&report(&weeks(3), ""), "low_frequency");
    assert!(found.says.contains("in 4 of 12 weeks"), "{}", found.says);
    assert_eq!(found.steps[0], "Find the reason of the longest gap: 21 d.");
    assert_eq!(
        (found.prize, found.leading.value),
        (None, Some(21.0 * 24.0 * HOUR))
    );
    assert_eq!(report(&weeks(1), "").recommendation, None);
}

#[test]
fn deployments_in_bursts_make_a_frequency_less_certain() {
    // Twelve deployments in twelve weeks: Poisson's interval is 6.2 to 21.
    let even: Vec<Value> = (0..12)
        .map(|w| deployment(&format!("d{w}"), w * 7))
        .collect();
    let bursts: Vec<Value> = (0..12)
        .map(|n| deployment(&format!("d{n}"), n / 6 * 42 + n % 6))
        .collect();
    for (deployments, state) in [(even, "met"), (bursts, "not_sure")] {
        let target = "targets: [\"deployment_frequency >= 0.5/week\"]";
        let report = report(&json!({"deployments": deployments}), target);
        assert_eq!(report.targets[0].n, 12);
        assert_eq!(report.targets[0].state, state, "{:?}", report.targets[0]);
    }
}

#[test]
fn every_point_that_the_data_lacks_has_a_way_to_it() {
    let mut history = failing(40, 4, |_| 0.5);
    // Two of the four incidents name no deployment, and come too late to be blamed on one.
    for n in 2..4 {
        history["incidents"][n]["deployment"] = Value::Null;
        history["incidents"][n]["opened_at"] = json!(moment(60, n as f64));
        history["incidents"][n]["resolved_at"] = json!(moment(60, n as f64 + 1.0));
    }
    for n in 0..10 {
        history["deployments"][n]["sha"] = Value::Null;
    }
    let quality = report(&history, "").quality;
    let share = |part: &str| format!("{:.3}", quality.parts[part]);
    assert_eq!(share("deployment_has_revision"), "0.750");
    assert_eq!(share("incident_is_attributed"), "0.500");
    let parts = quality.parts.len() as f64;
    // The half that costs a command comes before the quarter that costs a habit.
    let ways: Vec<(&str, u8)> = quality
        .improvements
        .iter()
        .map(|i| (i.part.as_str(), i.effort))
        .collect();
    assert_eq!(
        ways,
        [
            ("incident_is_attributed", 1),
            ("deployment_has_revision", 2)
        ]
    );
    assert!((quality.improvements[0].adds - 0.5 / parts).abs() < 1e-12);
    assert!(
        quality.fixes[0].contains("2 of 4 incidents"),
        "{:?}",
        quality.fixes
    );
    assert!((quality.score - (parts - 0.75) / parts).abs() < 1e-12);
}

#[test]
fn waiting_for_an_approval_is_named_with_what_a_quicker_one_brings() {
    let mut history = daily(|_| [0.5, 0.5, 0.5, 0.0, 9.0]);
    for n in 1..=8 {
        let day = i64::try_from(n).unwrap();
        let at = |hour: f64| moment(day, hour);
        history["deployments"][n]["statuses"] = json!([
            {"state": "waiting", "at": at(3.0)}, {"state": "in_progress", "at": at(11.5)},
            {"state": "success", "at": at(12.0)},
        ]);
    }
    let slow = report(&history, "");
    let all: Vec<&str> = slow.findings.iter().map(|f| f.says.as_str()).collect();
    let said = slow.recommendation.iter().map(|r| r.says.as_str());
    let found = said
        .chain(all)
        .find(|says| says.contains("for somebody's approval"));
    assert!(
        found.unwrap().contains("wait 8.5 h in the median"),
        "{found:?}"
    );
    let quick = report(&daily(|_| [0.5, 0.5, 0.5, 0.0, 9.0]), "");
    assert!(quick.findings.iter().all(|f| f.id != "approval_wait"));
}

#[test]
fn a_long_ci_is_named_and_a_short_one_is_not() {
    for (minutes, queue, speaks) in [(25, 60, true), (8, 60, false), (8, 200, true)] {
        let history = parse_history(&daily(|_| [1.0, 1.0, 1.0, 1.0, 0.5]).to_string()).unwrap();
        let events = history.events.into_iter().map(|mut event| {
            if let Fact::Pull(pull) = &mut event.fact {
                pull.ci = Some(Ci {
                    run_seconds: Some(minutes * 60),
                    queue_seconds: Some(queue),
                    runs: 2,
                    flaky: 0,
                });
            }
            event
        });
        let report = report_on(events.collect(), "");
        let first = report.recommendation.iter().map(|r| r.id.as_str());
        let mut all = first.chain(report.findings.iter().map(|f| f.id.as_str()));
        assert_eq!(all.any(|id| id == "long_ci"), speaks, "{minutes} {queue}");
    }
}
