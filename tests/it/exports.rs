//! Exports against the specifications that others read them by, on the histories of the counting rules.

use std::collections::BTreeSet;

use cdevents_sdk::CDEvent;
use fivekeys::adapter::parse_history;
use fivekeys::config::Config;
use fivekeys::event::{Events, Window, parse_instant};
use fivekeys::render::{FORMATS, Style, Templates, find_format};
use fivekeys::report::{Ask, build, v1::Report};
use serde_json::Value;

use crate::data::shared;

/// A report of every case of counting.
pub(crate) fn reports() -> Vec<Report> {
    let file: Value = serde_json::from_str(include_str!("fixtures/cases.json")).unwrap();
    let cases = file["cases"].as_array().unwrap();
    let at = |value: &Value| parse_instant(value.as_str().unwrap()).unwrap();
    cases
        .iter()
        .map(|case| {
            let history = parse_history(&case["events"].to_string()).unwrap();
            let mut events: Events = history.events.into_iter().collect();
            events.history_since = history.since;
            events.head = history.head;
            let ask = Ask {
                window: Window {
                    from: at(&case["window"]["from"]),
                    to: at(&case["window"]["to"]),
                },
                now: at(&case["now"]),
                repository: Some("acme/shop".to_owned()),
                notes: Vec::new(),
            };
            build(&events, &Config::default(), &ask)
        })
        .collect()
}

pub(crate) fn rendered(report: &Report, format: &str) -> String {
    (find_format(format).unwrap().render)(report, &Style::default(), &Templates::default()).unwrap()
}

#[test]
fn every_format_renders_every_case_alike_twice() {
    for report in reports() {
        for format in &FORMATS {
            let text = rendered(&report, format.id);
            assert_eq!(text, rendered(&report, format.id), "{}", format.id);
            assert!(
                !text.contains("NaN") && !text.contains("inf\n"),
                "{}",
                format.id
            );
        }
    }
}

#[test]
fn every_report_fits_the_published_schema() {
    let schema: Value = serde_json::from_str(include_str!("../../report.schema.json")).unwrap();
    let schema = jsonschema::validator_for(&schema).unwrap();
    let reports = reports();
    assert!(reports.len() > 30);
    for report in reports {
        let value = serde_json::from_str(&rendered(&report, "json")).unwrap();
        let errors: Vec<String> = schema.iter_errors(&value).map(|e| e.to_string()).collect();
        assert!(errors.is_empty(), "{}", errors.join("\n"));
    }
}

#[track_caller]
fn text(value: &Value) -> &str {
    let text = value.as_str().unwrap();
    assert!(!text.is_empty());
    text
}

/// CDEvents' own types, which know the fields of each, and what they leave open.
#[track_caller]
fn check_cdevent(event: &Value) {
    let read: CDEvent =
        serde_json::from_value(event.clone()).unwrap_or_else(|e| panic!("{e}: {event}"));
    assert_eq!(read.version(), "0.5.1");
    assert!(read.ty().ends_with(".0.3.0"), "{event}");
    assert!(!read.id().as_str().is_empty());
    for link in event["context"]["links"].as_array().into_iter().flatten() {
        let names: Vec<&String> = link.as_object().unwrap().keys().collect();
        assert_eq!(names, ["linkKind", "linkType", "target"], "{event}");
        assert_eq!(link["linkType"], "RELATION");
        text(&link["linkKind"]);
        text(&link["target"]["contextId"]);
    }
    text(&event["subject"]["id"]);
    for (name, value) in event["subject"]["content"].as_object().unwrap() {
        match name.as_str() {
            "artifactId" => assert!(text(value).starts_with("pkg:"), "{value}"),
            "description" => assert!(value.is_string()),
            _ => assert!(!text(&value["id"]).is_empty()),
        }
    }
    let data = event.get("customData").is_none_or(Value::is_object);
    assert!(data, "{event}");
}

#[test]
fn cdevents_are_conformant_in_every_case() {
    let (mut kinds, mut ids) = (BTreeSet::new(), 0);
    for report in reports() {
        let mut seen = BTreeSet::new();
        for line in rendered(&report, "cdevents").lines() {
            let event: Value = serde_json::from_str(line).unwrap();
            check_cdevent(&event);
            let id = text(&event["context"]["id"]);
            let at = |place: usize| id.as_bytes().get(place).copied();
            assert!(
                id.len() == 36 && at(14) == Some(b'8') && at(19) == Some(b'8'),
                "{id}"
            );
            kinds.insert(text(&event["context"]["type"]).to_owned());
            assert!(
                seen.insert(text(&event["context"]["id"]).to_owned()),
                "{line}"
            );
            ids += 1;
        }
    }
    assert!(ids > 100, "only {ids}");
    assert_eq!(kinds.len(), 6, "{kinds:?}");
}

#[test]
fn the_reader_of_cdevents_reads_the_specification_s_samples() {
    for kind in [
        "incident.detected",
        "incident.resolved",
        "service.deployed",
        "service.upgraded",
        "service.rolledback",
    ] {
        let Some(path) = shared(&format!("payloads/cdevents-{kind}.json")) else {
            return;
        };
        let sample = serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap();
        check_cdevent(&sample);
    }
}

/// `tests/formats` makes the files and names their folder.
#[test]
fn cdevents_of_the_stories_are_conformant() {
    let Some(folder) = std::env::var_os("FIVEKEYS_OUTPUTS") else {
        eprintln!("skipped: FIVEKEYS_OUTPUTS names no folder");
        return;
    };
    let (mut files, mut events) = (0, 0);
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.extension().is_some_and(|kind| kind == "cdevents") {
            files += 1;
            for line in std::fs::read_to_string(path).unwrap().lines() {
                check_cdevent(&serde_json::from_str(line).unwrap());
                events += 1;
            }
        }
    }
    assert!(events > 0);
    eprintln!("{events} events of {files} documents: judged by the SDK of CDEvents");
}
