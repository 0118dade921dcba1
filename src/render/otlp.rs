//! OTLP metrics as JSON, for `POST /v1/metrics` of a collector: protobuf's JSON mapping, one resource a service.

use serde_json::{Value, json};

use super::gauge::{self, FAMILIES, Family, Labels, Measure, Number, Sample};
use super::json::written;
use super::{RenderError, Style};
use crate::event::Instant;
use crate::report::v1::Report;

/// `report --format otlp`.
pub(crate) fn render(report: &Report, _: &Style) -> Result<String, RenderError> {
    // A repository without named services is one service.
    let alone = report.repository.as_deref().map(short_name);
    let alone = alone.filter(|_| report.services.is_empty());
    let whole = report.service.as_deref().or(alone);
    let mut samples = gauge::of_report(report);
    samples.extend(gauge::of_scope(&report.overall));
    let mut resources = vec![resource(report, whole, &samples)];
    for (name, scope) in &report.services {
        resources.push(resource(report, Some(name), &gauge::of_scope(scope)));
    }
    written(&json!({ "resourceMetrics": resources }))
}

/// `shop` of `acme/shop`.
fn short_name(repository: &str) -> &str {
    repository.rsplit('/').next().unwrap_or(repository)
}

/// Attributes have the names of the semantic conventions where these have one.
fn resource(report: &Report, service: Option<&str>, samples: &[Sample]) -> Value {
    let mut attributes = Vec::new();
    if let Some(name) = service {
        attributes.push(attribute("service.name", name));
    }
    if let Some(repository) = &report.repository {
        attributes.push(attribute("vcs.repository.name", short_name(repository)));
        if let Some((owner, _)) = repository.rsplit_once('/') {
            attributes.push(attribute("vcs.owner.name", owner));
        }
    }
    let metrics: Vec<Value> = FAMILIES
        .iter()
        .filter_map(|family| metric(report, family, samples))
        .collect();
    json!({
        "resource": { "attributes": attributes },
        "scopeMetrics": [{
            "scope": { "name": "fivekeys", "version": env!("CARGO_PKG_VERSION") },
            "metrics": metrics,
        }],
    })
}

/// Every number is of a window, so every metric is a gauge; none without a number.
fn metric(report: &Report, family: &Family, samples: &[Sample]) -> Option<Value> {
    let points: Vec<Value> = samples
        .iter()
        .filter(|sample| sample.family == family.id)
        .map(|sample| point(report, sample))
        .collect();
    (!points.is_empty()).then(|| {
        json!({
            "name": format!("fivekeys.{}", family.id),
            "description": family.help,
            "unit": unit(family.measure),
            "gauge": { "dataPoints": points },
        })
    })
}

/// A unit of UCUM, as the semantic conventions write it.
fn unit(measure: Measure) -> &'static str {
    match measure {
        Measure::Count => "{count}",
        Measure::PerDay => "{deployment}/d",
        Measure::Seconds => "s",
        Measure::Ratio | Measure::Info => "1",
    }
}

fn point(report: &Report, sample: &Sample) -> Value {
    let mut point = json!({ "attributes": attributes(&sample.labels) });
    // 64-bit integers are strings in this mapping; what does not fit is left out, which means unknown.
    for (field, at) in [
        ("startTimeUnixNano", report.window.from),
        ("timeUnixNano", report.window.to),
    ] {
        if let Some(nanos) = nanos(at) {
            point[field] = json!(nanos);
        }
    }
    match sample.value {
        Number::Whole(count) => point["asInt"] = json!(count.to_string()),
        Number::Real(value) => point["asDouble"] = json!(value),
    }
    point
}

fn nanos(at: Instant) -> Option<String> {
    at.timestamp_nanos_opt()
        .filter(|nanos| *nanos >= 0)
        .map(|nanos| nanos.to_string())
}

fn attributes(labels: &Labels) -> Vec<Value> {
    labels
        .iter()
        .map(|(name, text)| match *name {
            "environment" => attribute("deployment.environment.name", text),
            other => attribute(&format!("fivekeys.{other}"), text),
        })
        .collect()
}

fn attribute(key: &str, text: &str) -> Value {
    json!({ "key": key, "value": { "stringValue": text } })
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;
    use crate::render::fixture;

    /// The object has exactly these fields, or fewer where they are optional.
    #[track_caller]
    fn fields<'v>(value: &'v Value, required: &[&str], optional: &[&str]) -> &'v Value {
        let object = value.as_object().unwrap_or_else(|| panic!("{value}"));
        for name in required {
            assert!(object.contains_key(*name), "no {name}: {value}");
        }
        for name in object.keys() {
            assert!(
                required.contains(&name.as_str()) || optional.contains(&name.as_str()),
                "{name} is no field: {value}"
            );
        }
        value
    }

    fn read_attributes(value: &Value) -> BTreeSet<String> {
        let mut keys = BTreeSet::new();
        for one in value.as_array().unwrap() {
            fields(one, &["key", "value"], &[]);
            fields(&one["value"], &["stringValue"], &[]);
            assert!(one["value"]["stringValue"].is_string());
            let key = one["key"].as_str().unwrap().to_owned();
            assert!(!key.is_empty() && keys.insert(key), "{value}");
        }
        keys
    }

    /// `fixed64` in protobuf's JSON mapping: a string of decimal digits.
    #[track_caller]
    fn read_u64(value: &Value) -> u64 {
        let text = value.as_str().unwrap_or_else(|| panic!("{value}"));
        assert!(text == "0" || !text.starts_with(['0', '+', '-']), "{text}");
        text.parse().unwrap()
    }

    fn read_point(point: &Value, seen: &mut BTreeSet<String>) {
        fields(
            point,
            &["attributes", "timeUnixNano"],
            &["startTimeUnixNano", "asInt", "asDouble"],
        );
        let start = point.get("startTimeUnixNano").map(read_u64);
        assert!(start.unwrap_or(0) <= read_u64(&point["timeUnixNano"]));
        match (point.get("asInt"), point.get("asDouble")) {
            (Some(count), None) => {
                let _ = i64::try_from(read_u64(count)).unwrap();
            }
            (None, Some(value)) => assert!(value.is_number(), "{value}"),
            _ => panic!("one value: {point}"),
        }
        let _ = read_attributes(&point["attributes"]);
        let labels = point["attributes"].to_string();
        assert!(seen.insert(labels), "a series twice: {point}");
    }

    /// Every message of `ExportMetricsServiceRequest` that is used, with its fields in lowerCamelCase.
    fn read(text: &str) -> usize {
        let value: Value = serde_json::from_str(text).unwrap();
        fields(&value, &["resourceMetrics"], &[]);
        let mut count = 0;
        for resource in value["resourceMetrics"].as_array().unwrap() {
            fields(resource, &["resource", "scopeMetrics"], &["schemaUrl"]);
            fields(&resource["resource"], &["attributes"], &[]);
            let _ = read_attributes(&resource["resource"]["attributes"]);
            for scope in resource["scopeMetrics"].as_array().unwrap() {
                fields(scope, &["scope", "metrics"], &["schemaUrl"]);
                fields(&scope["scope"], &["name", "version"], &[]);
                let mut names = BTreeSet::new();
                for metric in scope["metrics"].as_array().unwrap() {
                    fields(metric, &["name", "description", "unit", "gauge"], &[]);
                    let name = metric["name"].as_str().unwrap().to_owned();
                    assert!(names.insert(name), "{metric}");
                    fields(&metric["gauge"], &["dataPoints"], &[]);
                    let mut seen = BTreeSet::new();
                    for point in metric["gauge"]["dataPoints"].as_array().unwrap() {
                        read_point(point, &mut seen);
                        count += 1;
                    }
                }
            }
        }
        count
    }

    #[test]
    fn the_json_mapping_holds_for_every_report() {
        for report in fixture::all() {
            assert!(read(&render(&report, &Style::default()).unwrap()) > 10);
        }
    }

    #[test]
    fn resources_and_points_are_named_by_the_conventions() {
        let mut report = fixture::shop();
        let text = render(&report, &Style::default()).unwrap();
        let value: Value = serde_json::from_str(&text).unwrap();
        let first = &value["resourceMetrics"][0];
        let expected = json!([
            { "key": "service.name", "value": { "stringValue": "shop" } },
            { "key": "vcs.repository.name", "value": { "stringValue": "shop" } },
            { "key": "vcs.owner.name", "value": { "stringValue": "acme" } },
        ]);
        assert_eq!(first["resource"]["attributes"], expected);
        let metrics = first["scopeMetrics"][0]["metrics"].as_array().unwrap();
        let of = |name: &str| metrics.iter().find(|m| m["name"] == name).unwrap();
        let point = &of("fivekeys.deployments_in_environment")["gauge"]["dataPoints"][0];
        let expected = json!({
            "attributes": [{
                "key": "deployment.environment.name",
                "value": { "stringValue": "production" },
            }],
            "startTimeUnixNano": "1767052800000000000",
            "timeUnixNano": "1774828800000000000",
            "asInt": "216",
        });
        assert_eq!(*point, expected);
        assert_eq!(of("fivekeys.change_lead_time")["unit"], "s");

        report.services.insert("api".into(), report.overall.clone());
        let text = render(&report, &Style::default()).unwrap();
        let value: Value = serde_json::from_str(&text).unwrap();
        let names: Vec<&Value> = value["resourceMetrics"]
            .as_array()
            .unwrap()
            .iter()
            .map(|r| &r["resource"]["attributes"][0])
            .collect();
        assert_eq!(
            names[0]["key"], "vcs.repository.name",
            "the roll-up is no service"
        );
        assert_eq!(names[1]["value"]["stringValue"], "api");
    }

    #[test]
    fn times_that_do_not_fit_are_unknown() {
        let mut report = fixture::shop();
        report.window.from = crate::event::parse_instant("1900-01-01").unwrap();
        let text = render(&report, &Style::default()).unwrap();
        assert!(read(&text) > 10 && !text.contains("startTimeUnixNano"));
    }
}
