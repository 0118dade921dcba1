//! Forecasts against what came: every half year of real histories, and the four weeks after it.

use std::collections::BTreeMap;
use std::process::Command;

use fivekeys::adapter::parse_history;
use fivekeys::config::Config;
use fivekeys::event::{Calendar, Events, Window};
use fivekeys::insight::forecast::{AHEAD, forecasts};
use fivekeys::metric::{Bucket, Distribution, Scope, bucket};
use fivekeys::timeline::Timeline;
use serde_json::{Value, json};

use crate::bundles;
use crate::data::shared;

/// Whole weeks that the two default windows of 90 days hold.
const HALF_YEAR: usize = 25;

/// How often intervals held: afterwards, and in the back-tests that the forecasts state.
#[derive(Debug, Default, Clone, Copy, PartialEq)]
struct Tally {
    made: usize,
    held: usize,
    tried: usize,
    held_before: usize,
}

impl Tally {
    fn coverage(self) -> f64 {
        self.held as f64 / self.made as f64
    }

    fn stated(self) -> f64 {
        self.held_before as f64 / self.tried as f64
    }

    /// Within three points of what was measured.
    #[track_caller]
    fn is_about(self, made: usize, coverage: f64, stated: f64) {
        assert_eq!(self.made, made, "{self:?}");
        assert!(
            (self.coverage() - coverage).abs() < 0.03,
            "{} {self:?}",
            self.coverage()
        );
        assert!(
            (self.stated() - stated).abs() < 0.03,
            "{} {self:?}",
            self.stated()
        );
    }
}

fn whole_weeks(scope: &Scope<'_>) -> Vec<Bucket> {
    let effective: Vec<_> = scope.units.iter().filter(|u| u.effective).collect();
    let Some((first, last)) = effective.first().zip(effective.last()) else {
        return vec![];
    };
    let life = Window {
        from: first.at,
        to: last.at,
    };
    let mut weeks = bucket::weekly(scope, &life, Calendar::default());
    weeks.retain(|w| w.is_within(&life));
    weeks
}

/// What came, in the unit of the headline; the same least numbers as a forecast needs.
fn came(metric: &str, weeks: &[Bucket]) -> Option<f64> {
    let sum = |of: fn(&Bucket) -> u64| weeks.iter().map(of).sum::<u64>() as f64;
    let total = sum(|w| w.deployments);
    let median = |of: fn(&Bucket) -> &[f64]| {
        let all = Distribution::of(weeks.iter().flat_map(|w| of(w).to_vec()));
        (all.n() >= 6).then(|| all.quantile(0.5).unwrap())
    };
    match metric {
        "deployment_frequency" => Some(total / (7.0 * weeks.len() as f64)),
        "change_lead_time" => median(|w| &w.leads),
        "failed_deployment_recovery_time" => median(|w| &w.recoveries),
        "change_fail_rate" => (total >= 5.0).then(|| sum(|w| w.failed) / total),
        "deployment_rework_rate" => (total >= 5.0).then(|| sum(|w| w.rework) / total),
        other => panic!("{other}"),
    }
}

fn try_out(weeks: &[Bucket], tallies: &mut BTreeMap<&'static str, Tally>) {
    let last = weeks.len().saturating_sub(AHEAD);
    for now in (HALF_YEAR..=last).step_by(AHEAD) {
        let known = &weeks[now - HALF_YEAR..now];
        for (metric, found) in forecasts(known, &Config::default()) {
            let Ok(found) = found else { continue };
            let Some(came) = came(metric, &weeks[now..now + AHEAD]) else {
                continue;
            };
            let tally = tallies.entry(metric).or_default();
            let [low, high] = found.interval;
            tally.made += 1;
            tally.held += usize::from(low - 1e-6 <= came && came <= high + 1e-6);
            tally.tried += found.tried;
            tally.held_before += found.held;
        }
    }
}

#[test]
fn the_govuk_applications_deploy_as_often_as_foretold() {
    let Some(path) = shared("govuk/A_events_10_apps.jsonl.gz") else {
        return;
    };
    let unpacked = Command::new("gzip").arg("-dc").arg(&path).output().unwrap();
    assert!(unpacked.status.success(), "{unpacked:?}");
    let text = String::from_utf8(unpacked.stdout).unwrap();
    let rows: Vec<Value> = text
        .lines()
        .enumerate()
        .map(|(n, line)| {
            let row: Value = serde_json::from_str(line).unwrap();
            json!({"id": format!("g{n}"), "component": row["app"], "environment": row["environment"],
                "sha": row["version"], "finished_at": row["deployed_at"]})
        })
        .collect();
    let history = parse_history(&json!({"deployments": rows}).to_string()).unwrap();
    let events: Events = history.events.into_iter().collect();
    let timeline = Timeline::fold(&events, &Config::default());
    let mut tallies = BTreeMap::new();
    for service in timeline.services() {
        try_out(
            &whole_weeks(&Scope::of_service(&timeline, &service)),
            &mut tallies,
        );
    }
    for (metric, tally) in &tallies {
        eprintln!(
            "{metric}: {:.3} {:.3} {tally:?}",
            tally.coverage(),
            tally.stated()
        );
    }
    tallies["deployment_frequency"].is_about(359, 0.844, 0.816);
}

#[test]
fn the_libraries_and_the_publishing_api_go_on_as_foretold() {
    let mut tallies = BTreeMap::new();
    for (bundle, name) in [
        ("publishing-api", "publishing-api-tags"),
        ("nextest", "nextest"),
        ("release-plz", "release-plz"),
        ("ripgrep", "ripgrep"),
    ] {
        let Some(truth) = bundles::truth(name) else {
            return;
        };
        let collected = bundles::history(bundle, &truth);
        let mut events: Events = collected.events.into_iter().collect();
        events.head.clone_from(&collected.head);
        let timeline = Timeline::fold(&events, &bundles::config(&truth));
        let mut scopes: Vec<Scope<'_>> = Vec::new();
        let services = timeline.services();
        if services.is_empty() {
            scopes.push(Scope::overall(&timeline));
        }
        scopes.extend(services.iter().map(|s| Scope::of_service(&timeline, s)));
        for scope in &scopes {
            try_out(&whole_weeks(scope), &mut tallies);
        }
    }
    for (metric, tally) in &tallies {
        eprintln!(
            "{metric}: {:.3} {:.3} {tally:?}",
            tally.coverage(),
            tally.stated()
        );
    }
    tallies["deployment_frequency"].is_about(456, 0.855, 0.846);
    tallies["change_lead_time"].is_about(223, 0.825, 0.816);
}
