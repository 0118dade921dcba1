//! Exports against the specifications that others read them by, on the histories of the counting rules.

use std::collections::BTreeSet;

use fivekeys::adapter::parse_history;
use fivekeys::config::Config;
use fivekeys::event::{Events, Window, parse_instant};
use fivekeys::render::{FORMATS, Style, Templates, find_format};
use fivekeys::report::{Ask, build, v1::Report};
use serde_json::{Map, Value};

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

/// What CDEvents 0.5.1 says of a type: required and further fields of its content.
fn content_of(kind: &str) -> (&'static [&'static str], &'static [&'static str]) {
    match kind {
        "service.deployed" | "service.upgraded" | "service.rolledback" => {
            (&["environment", "artifactId"], &[])
        }
        "incident.detected" | "incident.resolved" => {
            (&["environment"], &["description", "service", "artifactId"])
        }
        "change.merged" => (&[], &["repository"]),
        other => panic!("no type that is written: {other}"),
    }
}

#[track_caller]
fn fields<'v>(value: &'v Value, required: &[&str], further: &[&str]) -> &'v Map<String, Value> {
    let object = value.as_object().unwrap();
    for name in required {
        assert!(object.contains_key(*name), "no {name}: {value}");
    }
    for name in object.keys() {
        let known = required.contains(&name.as_str()) || further.contains(&name.as_str());
        assert!(known, "{name}: {value}");
    }
    object
}

#[track_caller]
fn text(value: &Value) -> &str {
    let text = value.as_str().unwrap();
    assert!(!text.is_empty());
    text
}

/// A strict reader of version 0.5.1.
#[track_caller]
fn check_cdevent(event: &Value) {
    fields(
        event,
        &["context", "subject"],
        &["customData", "customDataContentType"],
    );
    let context = &event["context"];
    fields(
        context,
        &["specversion", "id", "source", "type", "timestamp"],
        &["chainId", "links"],
    );
    assert_eq!(context["specversion"], "0.5.1");
    text(&context["id"]);
    assert!(!text(&context["source"]).contains([' ', '<', '>', '"', '\\', '^', '`', '{', '|']));
    assert!(text(&context["timestamp"]).contains('T'));
    parse_instant(text(&context["timestamp"])).unwrap();
    let kind = text(&context["type"]);
    let kind = kind.strip_prefix("dev.cdevents.").unwrap();
    let kind = kind.strip_suffix(".0.3.0").unwrap();
    for link in context["links"].as_array().into_iter().flatten() {
        fields(link, &["linkType", "linkKind", "target"], &["tags"]);
        assert_eq!(link["linkType"], "RELATION");
        text(&link["linkKind"]);
        fields(&link["target"], &["contextId"], &[]);
        text(&link["target"]["contextId"]);
    }
    let subject = &event["subject"];
    fields(subject, &["id", "content"], &["source"]);
    text(&subject["id"]);
    let (required, further) = content_of(kind);
    for (name, value) in fields(&subject["content"], required, further) {
        match name.as_str() {
            "artifactId" => assert!(text(value).starts_with("pkg:"), "{value}"),
            "description" => assert!(value.is_string()),
            _ => {
                fields(value, &["id"], &["source"]);
                text(&value["id"]);
            }
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
