//! The real incidents of Jenkins' infrastructure, read from its status page's Markdown.

use std::collections::{BTreeMap, BTreeSet};

use fivekeys::adapter;
use fivekeys::config::Config;
use fivekeys::event::{Events, Source, Window, parse_instant};
use fivekeys::report::{Ask, build};
use serde_json::Value;

use crate::data::shared;

#[test]
#[expect(
    clippy::too_many_lines,
    reason = "one table, compared column by column"
)]
fn jenkins_incidents_give_the_durations_of_the_independent_truth() {
    let Some(folder) = shared("incidents/jenkins-infra-status") else {
        return;
    };
    let truth: Value =
        serde_json::from_str(&std::fs::read_to_string(folder.join("truth.json")).unwrap()).unwrap();
    let config = Config::default();
    let mut text = String::new();
    for entry in std::fs::read_dir(folder.join("issues")).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_name().unwrap().to_str().unwrap();
        let post = std::fs::read_to_string(&path).unwrap();
        for part in ["==> ", name, " <==\n", &post, "\n"] {
            text += part;
        }
    }
    let read = (adapter::find("cstate").unwrap().read)(text.as_bytes(), &config).unwrap();
    let said = |code: &str| -> usize {
        let note = read.notes.iter().find(|n| n.code == code);
        let first = note.and_then(|n| n.says.split(' ').next()?.parse().ok());
        first.unwrap_or(0)
    };
    let (notices, assumed) = (said("notices_left_out"), said("utc_assumed"));
    assert_eq!(said("posts_left_out"), 0);
    let events: Events = read.events.iter().cloned().collect();
    assert!(events.iter().all(|e| e.source == Source::StatusPage));
    let known = truth["incidents"].as_array().unwrap();
    let of = |row: &Value, key: &str| row[key].as_str().unwrap_or_default().to_owned();
    let planned = known.iter().filter(|row| of(row, "severity") == "notice");
    assert_eq!((events.len() + notices, notices), (297, planned.count()));
    // Every moment is that of the truth.
    let by_file: BTreeMap<String, &Value> =
        known.iter().map(|row| (of(row, "file"), row)).collect();
    for event in events.iter() {
        let row = by_file[&format!("{}.md", event.id.strip_prefix("inc:cstate:").unwrap())];
        let fact = event.fact.as_incident().unwrap();
        assert_eq!(
            fact.opened_at,
            parse_instant(&of(row, "start")).unwrap(),
            "{}",
            event.id
        );
        assert_eq!(
            fact.resolved_at,
            parse_instant(&of(row, "end")).ok(),
            "{}",
            event.id
        );
    }
    let without_offset = known.iter().filter(|row| {
        let zoned = |key: &str| of(row, key).len() > 19 || of(row, key).ends_with("-00:00");
        of(row, "severity") != "notice" && !(zoned("date") && zoned("resolvedWhen"))
    });
    assert_eq!(assumed, without_offset.count());
    let window = Window {
        from: parse_instant("2019-01-01").unwrap(),
        to: parse_instant("2030-01-01").unwrap(),
    };
    let ask = Ask {
        window,
        ..Ask::recent(&config, window.to)
    };
    let report = build(&events, &config, &ask);
    let recovery = &report.overall.metrics.failed_deployment_recovery_time;
    let restore = &recovery.incident_restore;
    assert_eq!(restore.n, truth["n_unplanned"].as_u64().unwrap());
    assert_eq!(restore.median_seconds, truth["median_unplanned_s"].as_f64());
    let mean = restore.mean_seconds.unwrap() - truth["mean_unplanned_s"].as_f64().unwrap();
    assert!(mean.abs() < 1e-6, "{mean}");
    eprintln!(
        "jenkins: {} incidents, median {:.1} h, mean {:.1} h",
        restore.n,
        restore.median_seconds.unwrap() / 3600.0,
        restore.mean_seconds.unwrap() / 3600.0
    );
    // What ends before it begins is left out, and named.
    let negative: BTreeSet<String> = known
        .iter()
        .filter(|row| of(row, "severity") != "notice" && row["duration_s"].as_f64() < Some(0.0))
        .map(|row| format!("inc:cstate:{}", of(row, "file").trim_end_matches(".md")))
        .collect();
    let listed = recovery.incident_restore_excluded.iter();
    assert_eq!(
        listed
            .clone()
            .map(|e| e.incident.clone())
            .collect::<BTreeSet<_>>(),
        negative
    );
    assert!(listed.clone().all(|e| e.reason == "negative") && !negative.is_empty());
    eprintln!(
        "jenkins: {} negative durations of unplanned incidents",
        negative.len()
    );
}
