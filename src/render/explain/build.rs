//! The explanation of a figure, put together from its path, its shape and the report.

use std::collections::BTreeMap;

use serde_json::Value;

use super::document::{Comparison, Explanation, Kind, Measure, Part, Reason, SCHEMA};
use super::figure::Figure;
use super::shape::{Shape, headline, shape_of};
use super::{arithmetic, escape, humanize, left_out, meaning, rule};
use crate::report::Unit;
use crate::report::v1::{Band, Delta, DeltaState, Report};

/// Explains a figure.
#[must_use]
pub(super) fn figure(report: &Report, figure: &Figure, service: Option<&str>) -> Explanation {
    let words = meaning::words(report, &figure.path);
    let metric = meaning::metric_of(&figure.path);
    let (value, unit, interval95) = headline(figure);
    let reason = reason(report, figure, &value);
    let mut arithmetic = arithmetic::of(report, figure, &words.events);
    arithmetic.extend((!words.how.is_empty()).then(|| words.how.to_owned()));
    let excluded = metric.map_or_else(Vec::new, |metric| left_out::excluded(report, metric.id));
    Explanation {
        would_change: would_change(report, figure, reason.as_ref()),
        comparison: comparison(report, figure, unit),
        parts: parts(figure),
        band: figure
            .value
            .get("band")
            .and_then(|band| serde_json::from_value::<Option<Band>>(band.clone()).ok())
            .flatten(),
        shown: shown(unit, &value),
        interval_shown: interval95
            .zip(value.as_f64())
            .and_then(|(interval, value)| {
                Some(humanize::interval(unit_of(unit)?, value, interval))
            }),
        interval95,
        reason,
        title: words.title,
        definition: words.definition,
        rules: rule::listed(words.rules),
        parameters: parameters(report, metric.map(|metric| metric.id)),
        arithmetic,
        events: words.events,
        excluded,
        ..frame(
            report,
            Kind::Figure,
            figure.dotted(),
            service,
            (value, unit),
        )
    }
}

/// What every explanation says of its report.
#[must_use]
pub(super) fn frame(
    report: &Report,
    kind: Kind,
    figure: String,
    service: Option<&str>,
    (value, unit): (Value, Measure),
) -> Explanation {
    Explanation {
        schema: SCHEMA,
        kind,
        figure,
        title: String::new(),
        repository: report.repository.clone(),
        service: service.map(str::to_owned),
        value,
        unit,
        shown: String::new(),
        interval95: None,
        interval_shown: None,
        reason: None,
        band: None,
        definition: String::new(),
        rules: Vec::new(),
        parameters: BTreeMap::new(),
        window: report.window.clone(),
        sources: report.sources.clone(),
        facts: Vec::new(),
        arithmetic: Vec::new(),
        parts: Vec::new(),
        comparison: None,
        events: Vec::new(),
        excluded: Vec::new(),
        would_change: Vec::new(),
        fingerprint: report.definition.fingerprint.clone(),
    }
}

/// The parameters in force that bear on a metric: all of them, but for those that judge failures where none is.
#[must_use]
pub(super) fn parameters(report: &Report, metric: Option<&str>) -> BTreeMap<String, String> {
    let judged = !matches!(metric, Some("change_lead_time" | "deployment_frequency"));
    let of_verdicts = |key: &str| {
        ["failure.", "hotfix.", "rework.", "rollback.", "incidents."]
            .iter()
            .any(|p| key.starts_with(p))
    };
    report
        .definition
        .parameters
        .iter()
        .filter(|(key, _)| judged || !of_verdicts(key))
        .map(|(key, value)| (key.clone(), value.clone()))
        .collect()
}

fn unit_of(unit: Measure) -> Option<Unit> {
    match unit {
        Measure::Seconds => Some(Unit::Seconds),
        Measure::Ratio => Some(Unit::Ratio),
        Measure::PerDay => Some(Unit::PerDay),
        Measure::PerWeek | Measure::Count | Measure::Number | Measure::Text => None,
    }
}

/// A value in words.
#[must_use]
pub(super) fn shown(unit: Measure, value: &Value) -> String {
    match (value, unit_of(unit)) {
        (Value::Null, _) => humanize::NOTHING.to_owned(),
        (Value::Number(n), Some(unit)) => humanize::value(unit, n.as_f64().unwrap_or_default()),
        (Value::Number(n), None) if n.is_u64() => n.to_string(),
        (Value::Number(n), None) => {
            let number = arithmetic::digits(n.as_f64().unwrap_or_default());
            if unit == Measure::PerWeek {
                format!("{number} per week")
            } else {
                number
            }
        }
        (Value::Array(ends), Some(unit)) => {
            let ends: Vec<f64> = ends.iter().filter_map(Value::as_f64).collect();
            match ends.as_slice() {
                [low, high] => humanize::interval(unit, *low, [*low, *high]),
                _ => humanize::NOTHING.to_owned(),
            }
        }
        (Value::String(text), _) => escape::brief(text),
        (Value::Bool(yes), _) => if *yes { "yes" } else { "no" }.to_owned(),
        (Value::Array(_) | Value::Object(_), _) => String::new(),
    }
}

fn reason(report: &Report, figure: &Figure, value: &Value) -> Option<Reason> {
    let own = figure.value.get("reason").and_then(Value::as_str);
    let of_metric = || {
        let metric = meaning::metric_of(&figure.path)?;
        crate::report::headline(metric.id, &report.overall.metrics)?.reason
    };
    if let Some(code) = own {
        return Some(coded(code));
    }
    if !value.is_null() || figure.value.is_object() && shape_of(&figure.value) == Shape::Other {
        return None;
    }
    let key = figure.path.last().map_or("", String::as_str);
    let few = |of: &Shape| matches!(of, Shape::Distribution(q) if q.n > 0);
    let none = |of: &Shape| {
        matches!(of, Shape::Distribution(q) if q.n == 0) || matches!(of, Shape::Proportion(_, _, 0))
    };
    let (shape, above) = (shape_of(&figure.value), shape_of(&figure.parent));
    let says = match key {
        "reason" => "Nothing is missing and nothing is flagged.",
        "band" => "No band: too few events, no value, or none in the chosen edition.",
        "interval95_seconds" if few(&above) => {
            "An interval of a median is finite from six values on."
        }
        "undeployed" => {
            "Not known: the head of the branch is not known, or the window ends before now."
        }
        "km_median_seconds" => "Not reached: fewer than half of the failures are repaired.",
        _ if none(&shape) || none(&above) => "Nothing of the kind happened in this window.",
        _ => "The report has no value here.",
    };
    if let Some(code) = of_metric().filter(|_| !["reason", "band"].contains(&key)) {
        return Some(coded(&code));
    }
    Some(Reason {
        code: None,
        says: says.to_owned(),
    })
}

fn coded(code: &str) -> Reason {
    Reason {
        code: Some(code.to_owned()),
        says: humanize::reason(code),
    }
}

/// What stands beneath a figure, one level down; words about it are said elsewhere.
fn parts(figure: &Figure) -> Vec<Part> {
    let children = figure.value.as_object().into_iter().flatten();
    let children = children.map(|(key, value)| (key.clone(), value));
    children
        .filter(|(key, value)| {
            !["reason", "band", "interval95", "interval95_seconds"].contains(&key.as_str())
                && !value.is_null()
                && !value.is_string()
        })
        .map(|(key, value)| {
            let path = [&figure.path[..], &[key]].concat();
            let child = Figure {
                value: value.clone(),
                before: Value::Null,
                parent: figure.value.clone(),
                path,
            };
            let (value, unit, _) = headline(&child);
            let group = value.is_null()
                && child.value.is_object()
                && shape_of(&child.value) == Shape::Other;
            let shown = if group {
                humanize::plural(
                    child.value.as_object().map_or(0, serde_json::Map::len) as u64,
                    "figure",
                )
            } else {
                shown(unit, &value)
            };
            Part {
                figure: child.dotted(),
                value,
                unit,
                shown,
            }
        })
        .collect()
}

fn comparison(report: &Report, figure: &Figure, unit: Measure) -> Option<Comparison> {
    let metric = meaning::metric_of(&figure.path)?;
    let rest = figure.path.get(1..).unwrap_or_default();
    let is_headline = match rest {
        [] => true,
        [key] => ["median_seconds", "ratio", "per_day"].contains(&key.as_str()),
        _ => false,
    };
    let before = Figure {
        value: figure.before.clone(),
        ..figure.clone()
    };
    let (previous, _, _) = headline(&before);
    let was = shown(unit, &previous);
    if is_headline && let Some(delta) = report.overall.deltas.get(metric.id) {
        return Some(Comparison {
            state: Some(delta.state),
            better: delta.better,
            p: delta.p,
            says: format!("Window before: {was}; {}.", verdict(delta)),
            previous,
        });
    }
    previous.is_number().then(|| Comparison {
        state: None,
        better: None,
        p: None,
        says: format!("Window before: {was}. Only headlines are tested for a change."),
        previous,
    })
}

fn verdict(delta: &Delta) -> String {
    let state = match (delta.state, delta.better) {
        (DeltaState::Changed, Some(true)) => "changed, for the better",
        (DeltaState::Changed, Some(false)) => "changed, for the worse",
        (DeltaState::Changed, None) => "changed",
        (DeltaState::NoDetectableChange, _) => "no detectable change",
        (DeltaState::TooLittleData, _) => "too little data",
    };
    let p = delta.p.map(|p| {
        format!(
            " (p = {})",
            if p < 0.001 {
                "<0.001".to_owned()
            } else {
                arithmetic::digits(p)
            }
        )
    });
    let because = delta
        .because
        .as_deref()
        .map(|because| format!(": {because}"));
    [
        state.to_owned(),
        p.unwrap_or_default().replace("= <", "< "),
        because.unwrap_or_default(),
    ]
    .concat()
}

fn would_change(report: &Report, figure: &Figure, reason: Option<&Reason>) -> Vec<String> {
    let metrics = &report.overall.metrics;
    let metric = meaning::metric_of(&figure.path).map_or("", |metric| metric.id);
    let mut out = Vec::new();
    let code = reason.and_then(|reason| reason.code.as_deref());
    let remedy = match code.unwrap_or_default() {
        "no_incident_source" => {
            "A source of incidents: label the issues that are, or record them with `fivekeys incident open`."
        }
        "baseline_only" => {
            "The next deployment of the service: it has one before it to be compared with."
        }
        "short_history" => "Time, or a longer `lookback` in the configuration.",
        "by_time" => {
            "The commits behind the deployed revisions: a full clone, or a source that names them."
        }
        "no_deployments" => {
            "A deployment; or `environments`, `tags` or `source` in the configuration, where one was missed."
        }
        _ => "",
    };
    out.extend((!remedy.is_empty()).then(|| remedy.to_owned()));
    if let Shape::Distribution(q) = shape_of(&figure.value)
        && (1..6).contains(&q.n)
    {
        out.push("Six values: from then on the median has an interval.".to_owned());
    }
    if metric == "change_lead_time" && !metrics.change_lead_time.excluded.is_empty() {
        let left = humanize::plural(metrics.change_lead_time.excluded.len() as u64, "change");
        out.push(format!("A time for {left} left out."));
    }
    if metric == "change_fail_rate" && metrics.change_fail_rate.provisional > 0 {
        let recent = humanize::plural(metrics.change_fail_rate.provisional, "deployment");
        out.push(format!(
            "An incident about one of {recent} of the last 24 hours."
        ));
    }
    if metric == "failed_deployment_recovery_time"
        && !metrics.failed_deployment_recovery_time.open.is_empty()
    {
        let open = metrics.failed_deployment_recovery_time.open.len() as u64;
        out.push(format!(
            "The repair of {}.",
            humanize::plural(open, "open failure")
        ));
    }
    if !["", "change_lead_time", "deployment_frequency"].contains(&metric) {
        out.push("A correction, where a verdict is wrong: `fivekeys deploy --amend ID --failed` or `--not-failed`.".to_owned());
    }
    out
}
