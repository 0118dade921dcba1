//! The same number in every outlet: JSON, CSV, OpenMetrics, OTLP and the digest of the same ledger.

use std::collections::BTreeMap;

use fivekeys::event::parse_instant;
use fivekeys::render::{DIGESTS, Style, Templates};
use fivekeys::report::v1::Report;
use serde_json::Value;

use crate::exports::{rendered, reports};

/// A metric: its id, where the document has its headline, the unit in the names of `OpenMetrics`, and the labels and
/// attributes that stand at the headline.
struct Headline {
    metric: &'static str,
    value: &'static str,
    interval: &'static str,
    unit: &'static str,
    median: bool,
}

const fn row(
    metric: &'static str,
    value: &'static str,
    interval: &'static str,
    unit: &'static str,
    median: bool,
) -> Headline {
    Headline {
        metric,
        value,
        interval,
        unit,
        median,
    }
}

const HEADLINES: [Headline; 5] = [
    row(
        "change_lead_time",
        "median_seconds",
        "interval95_seconds",
        "seconds",
        true,
    ),
    row(
        "deployment_frequency",
        "per_day",
        "interval95",
        "per_day",
        false,
    ),
    row(
        "failed_deployment_recovery_time",
        "median_seconds",
        "interval95_seconds",
        "seconds",
        true,
    ),
    row("change_fail_rate", "ratio", "interval95", "ratio", false),
    row(
        "deployment_rework_rate",
        "ratio",
        "interval95",
        "ratio",
        false,
    ),
];

/// Counts: the family, and where the document has it.
const COUNTS: [(&str, &str); 7] = [
    ("changes", "/change_lead_time/n"),
    ("deployments", "/deployment_frequency/count"),
    ("failed_attempts", "/deployment_frequency/failed_attempts"),
    (
        "recovered_deployments",
        "/failed_deployment_recovery_time/n",
    ),
    ("failed_deployments", "/change_fail_rate/failed"),
    ("rework_deployments", "/deployment_rework_rate/rework"),
    (
        "open_incidents",
        "/failed_deployment_recovery_time/incidents_open",
    ),
];

type Labels = BTreeMap<String, String>;

/// What one outlet says, by name and labels; the service is a label, and the roll-up has none.
#[derive(Default)]
struct Series(BTreeMap<(String, Labels), f64>);

impl Series {
    fn get(&self, name: &str, service: Option<&str>, label: Option<(&str, &str)>) -> Option<f64> {
        let service = service.map(|name| ("service", name));
        let labels = label.into_iter().chain(service);
        let labels = labels.map(|(k, v)| (k.to_owned(), v.to_owned()));
        let key = (name.to_owned(), labels.collect());
        self.0.get(&key).copied()
    }
}

/// Names in these cases hold neither quotes nor commas.
fn openmetrics(text: &str) -> Series {
    let mut out = Series::default();
    for line in text.lines().filter(|line| !line.starts_with('#')) {
        let (series, value) = line.rsplit_once(' ').unwrap();
        let (name, labels) = series.split_once('{').unwrap_or((series, "}"));
        let labels = labels.strip_suffix('}').unwrap();
        let pairs = labels.split(',').filter_map(|pair| pair.split_once('='));
        let mut labels: Labels = pairs
            .map(|(k, v)| (k.to_owned(), v.trim_matches('"').to_owned()))
            .collect();
        labels.remove("repository");
        let name = name.strip_prefix("fivekeys_").unwrap().to_owned();
        out.0.insert((name, labels), value.parse().unwrap());
    }
    out
}

fn otlp(text: &str, services: bool) -> Series {
    let strings = |of: &Value| -> Labels {
        let all = of.as_array().unwrap().iter();
        let pair = |one: &Value| {
            let key = one["key"].as_str().unwrap();
            let key = key.strip_prefix("fivekeys.").unwrap_or(key).to_owned();
            (
                key,
                one["value"]["stringValue"].as_str().unwrap().to_owned(),
            )
        };
        all.map(pair).collect()
    };
    let mut out = Series::default();
    let document: Value = serde_json::from_str(text).unwrap();
    for resource in document["resourceMetrics"].as_array().unwrap() {
        let about = strings(&resource["resource"]["attributes"]);
        // A repository without services is one service of its own name.
        let service = about.get("service.name").filter(|_| services);
        for metric in resource["scopeMetrics"][0]["metrics"].as_array().unwrap() {
            let name = metric["name"].as_str().unwrap();
            let name = name.strip_prefix("fivekeys.").unwrap();
            for point in metric["gauge"]["dataPoints"].as_array().unwrap() {
                let mut labels = strings(&point["attributes"]);
                labels.extend(service.map(|name| ("service".to_owned(), name.clone())));
                let whole = point["asInt"].as_str().map(|n| n.parse().unwrap());
                let value = whole.or_else(|| point["asDouble"].as_f64()).unwrap();
                out.0.insert((name.to_owned(), labels), value);
            }
        }
    }
    out
}

/// Rows of the window itself, by service and metric.
fn csv(text: &str, from: &str) -> BTreeMap<(String, String), BTreeMap<String, String>> {
    let mut reader = csv::Reader::from_reader(text.as_bytes());
    let head: Vec<String> = reader
        .headers()
        .unwrap()
        .iter()
        .map(str::to_owned)
        .collect();
    let rows = reader.records().map(|record| {
        let record = record.unwrap();
        let cells = record.iter().map(str::to_owned);
        head.iter().cloned().zip(cells).collect()
    });
    rows.filter(|row: &BTreeMap<_, _>| row["from"] == from)
        .map(|row| ((row["service"].clone(), row["metric"].clone()), row))
        .collect()
}

/// Every scope of the document: its service, and its metrics.
fn scopes(document: &Value) -> Vec<(Option<&str>, &Value)> {
    let services = document["services"].as_object().unwrap().iter();
    let services = services.map(|(name, scope)| (Some(name.as_str()), &scope["metrics"]));
    std::iter::once((None, &document["overall"]["metrics"]))
        .chain(services)
        .collect()
}

/// Compares one report; gives how many numbers there were.
fn compare(report: &Report) -> usize {
    let document: Value = serde_json::from_str(&rendered(report, "json")).unwrap();
    let from = document["window"]["from"].as_str().unwrap();
    let rows = csv(&rendered(report, "csv"), from);
    let prometheus = openmetrics(&rendered(report, "openmetrics"));
    let collector = otlp(&rendered(report, "otlp"), !report.services.is_empty());
    let digest = DIGESTS.iter().find(|place| place.id == "json").unwrap();
    let digest = (digest.render)(report, &Style::default(), &Templates::default()).unwrap();
    let digest: Value = serde_json::from_str(&digest).unwrap();
    let mut seen = 0;
    for (service, metrics) in scopes(&document) {
        for (at, one) in HEADLINES.iter().enumerate() {
            let Headline { metric, unit, .. } = *one;
            let said = &metrics[metric];
            let value = said[one.value].as_f64();
            let label = one.median.then_some(("percentile", "50"));
            let name = format!("{metric}_{unit}");
            assert_eq!(prometheus.get(&name, service, label), value, "{metric}");
            assert_eq!(collector.get(metric, service, label), value, "{metric}");
            let row = &rows[&(service.unwrap_or_default().to_owned(), metric.to_owned())];
            assert_eq!(row["value"].parse().ok(), value, "{row:?}");
            assert_eq!(row["reason"], said["reason"].as_str().unwrap_or_default());
            if service.is_none() {
                let number = &digest["numbers"][at];
                assert_eq!(number["id"], metric);
                assert_eq!(number["value"].as_f64(), value, "{metric}");
                assert_eq!(number["reason"], said["reason"], "{metric}");
            }
            let why = said["reason"].as_str();
            let why = why.map(|reason| format!("reason=\"{reason}\""));
            let text = rendered(report, "openmetrics");
            let info = why.is_none_or(|why| {
                let metric = format!("metric=\"{metric}\"");
                text.lines()
                    .any(|l| l.contains(&metric) && l.contains(&why))
            });
            assert!(info, "{metric}: {said}");
            for (bound, column, place) in [("low", "low", 0), ("high", "high", 1)] {
                let value = said[one.interval][place].as_f64();
                let both = said[one.interval][0]
                    .as_f64()
                    .and(said[one.interval][1].as_f64());
                assert_eq!(row[column].parse().ok(), both.and(value), "{row:?}");
                let label = Some(("bound", bound));
                let name = format!("{metric}_interval95");
                assert_eq!(collector.get(&name, service, label), value, "{name}");
                let name = format!("{name}_{unit}");
                assert_eq!(prometheus.get(&name, service, label), value, "{name}");
            }
            seen += usize::from(value.is_some());
        }
        for (family, place) in COUNTS {
            let value = metrics.pointer(place).unwrap().as_f64();
            assert_eq!(prometheus.get(family, service, None), value, "{family}");
            assert_eq!(collector.get(family, service, None), value, "{family}");
        }
    }
    seen
}

#[test]
fn every_outlet_has_the_numbers_of_the_document() {
    let reports = reports();
    assert!(reports.iter().any(|report| report.services.len() > 1));
    let seen: usize = reports.iter().map(compare).sum();
    assert!(seen > 150, "only {seen} numbers");
}

#[test]
fn every_fact_of_the_document_is_a_row() {
    let mut seen = 0;
    for report in reports() {
        let document: Value = serde_json::from_str(&rendered(&report, "json")).unwrap();
        for kind in ["deployments", "changes", "incidents"] {
            let text = rendered(&report, &format!("csv-{kind}"));
            let mut reader = csv::Reader::from_reader(text.as_bytes());
            let rows = reader.records().map(|row| row.unwrap()[0].to_owned());
            let rows: Vec<String> = rows.collect();
            // An earlier deployment stands in the document because it was repaired in the window: it is no row.
            let from = report.window.from;
            let in_window = |fact: &&Value| {
                let at = fact["finished_at"].as_str();
                at.is_none_or(|at| from <= parse_instant(at).unwrap())
            };
            let facts = document[kind].as_array().unwrap().iter().filter(in_window);
            let facts: Vec<&str> = facts.map(|fact| fact["id"].as_str().unwrap()).collect();
            assert_eq!(rows, facts, "{kind}");
            seen += rows.len();
        }
    }
    assert!(seen > 150, "only {seen} facts");
}
