//! Four years of ten applications of GOV.UK, imported as rows and counted again here, row by row.

use std::collections::BTreeMap;
use std::process::{Command, Stdio};

use fivekeys::adapter;
use fivekeys::config::{Config, Environments};
use fivekeys::event::{Events, Instant, Window, parse_instant};
use fivekeys::report::v1::Report;
use fivekeys::report::{Ask, build};
use serde_json::Value;

use crate::data::shared;

fn text() -> Option<String> {
    let path = shared("govuk/A_events_10_apps.jsonl.gz")?;
    let unpacked = Command::new("gzip")
        .arg("-dc")
        .arg(path)
        .stderr(Stdio::inherit())
        .output();
    match unpacked {
        Ok(out) if out.status.success() => Some(String::from_utf8(out.stdout).unwrap()),
        _ => {
            eprintln!("skipped: there is no gzip");
            None
        }
    }
}

/// A row as the test itself reads it.
#[derive(Clone)]
struct Row {
    at: Instant,
    app: String,
    environment: String,
    version: String,
}

fn rows(text: &str) -> Vec<Row> {
    text.lines()
        .map(|line| {
            let value: Value = serde_json::from_str(line).unwrap();
            let of = |key: &str| value[key].as_str().unwrap().to_owned();
            Row {
                at: parse_instant(&of("deployed_at")).unwrap(),
                app: of("app"),
                environment: of("environment"),
                version: of("version"),
            }
        })
        .collect()
}

fn report(text: &str, environment: &str, grace: i64) -> Report {
    let rows = adapter::find("deployments").unwrap();
    let read = (rows.read)(text.as_bytes(), &Config::default()).unwrap();
    let mut events: Events = read.events.into_iter().collect();
    events.history_since = read.since;
    let mut config = Config {
        environments: Environments::new(&[environment.to_owned()]).unwrap(),
        ..Config::default()
    };
    config.rules.rollback_grace_seconds = grace;
    let ask = Ask {
        window: window(),
        ..Ask::recent(&config, window().to)
    };
    build(&events, &config, &ask)
}

fn window() -> Window {
    Window {
        from: parse_instant("2022-10-10").unwrap(),
        to: parse_instant("2026-09-01").unwrap(),
    }
}

/// Rollbacks the slow way: at each deployment look back at everything before it. Without a commit graph a version
/// is older than another when it was deployed first. Gives the seconds that what was undone had been live for.
fn rollbacks(line: &[&Row]) -> Vec<i64> {
    let first = |version: &str| line.iter().position(|r| r.version == version).unwrap();
    let mut ages = Vec::new();
    for at in 1..line.len() {
        let (now, replaced) = (line[at], line[at - 1]);
        if now.version == replaced.version {
            continue;
        }
        let target = (0..at).rev().find(|n| line[*n].version == now.version);
        if let Some(target) = target.filter(|_| first(&now.version) < first(&replaced.version)) {
            ages.push((now.at - line[target + 1].at).num_seconds());
        }
    }
    ages
}

#[test]
fn frequency_and_rollbacks_of_every_app_and_environment_are_those_of_the_rows() {
    let Some(text) = text() else { return };
    let all = rows(&text);
    assert_eq!(all.len(), 14_532);
    let mut total = BTreeMap::new();
    for environment in ["integration", "staging", "production", "test"] {
        let started = std::time::Instant::now();
        let (with_grace, without) = (
            report(&text, environment, 300),
            report(&text, environment, 0),
        );
        eprintln!(
            "govuk {environment}: two reports of 14,532 rows in {:?}",
            started.elapsed()
        );
        let mut apps: BTreeMap<&str, Vec<&Row>> = BTreeMap::new();
        for row in all.iter().filter(|r| r.environment == environment) {
            apps.entry(&row.app).or_default().push(row);
        }
        assert!(with_grace.services.keys().eq(apps.keys()), "{environment}");
        for (app, line) in &apps {
            let m = &with_grace.services[*app].metrics;
            let df = &m.deployment_frequency;
            assert_eq!(df.count, line.len() as u64, "{app} {environment}");
            let days: std::collections::BTreeSet<_> =
                line.iter().map(|r| r.at.date_naive()).collect();
            assert_eq!(df.active_days, days.len() as u64, "{app} {environment}");
            // Covered from the first row of the file, not from the start of its day.
            let seconds = (window().to - all[0].at).num_seconds();
            let per_day = df.per_day.unwrap() - line.len() as f64 * 86_400.0 / seconds as f64;
            assert!(per_day.abs() < 1e-9, "{app} {environment}: {per_day}");
            let ages = rollbacks(line);
            let counted = ages.iter().filter(|age| **age >= 300).count() as u64;
            let by_kind =
                |r: &Report| r.services[*app].metrics.deployment_rework_rate.by_kind["rollback"];
            assert_eq!(by_kind(&with_grace), counted, "{app} {environment}");
            assert_eq!(by_kind(&without), ages.len() as u64, "{app} {environment}");
            let sum = total.entry(environment).or_insert((0, 0, 0));
            *sum = (sum.0 + df.count, sum.1 + ages.len(), sum.2 + counted);
        }
        let shown = with_grace
            .deployments
            .iter()
            .filter(|d| d.rollback.is_some());
        assert_eq!(
            shown.count(),
            total[environment].1,
            "a race is shown, and not counted"
        );
        assert_eq!(
            with_grace.overall.metrics.deployment_frequency.count,
            total[environment].0
        );
    }
    assert_eq!(total["production"], (3866, 29, 27));
    eprintln!("govuk: deployments, rollbacks, rollbacks beyond the grace period: {total:?}");
}

#[test]
fn reading_the_rows_twice_or_in_any_order_changes_nothing() {
    let Some(text) = text() else { return };
    let backwards: Vec<&str> = text.lines().rev().collect();
    let twice = format!("{}\n{text}", backwards.join("\n"));
    let bytes = |text: &str| serde_json::to_string(&report(text, "production", 300)).unwrap();
    assert_eq!(bytes(&text), bytes(&twice));
}
