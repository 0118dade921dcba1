//! What every reader is shown, worded once: rows, findings, notes. Outputs only lay it out.

use serde::Serialize;

use super::humanize::{self, NOTHING};
use super::{beside, escape, spark};
use crate::report::v1::{Delta, DeltaState, Metrics, Report, Scope};
use crate::report::{Factor, METRICS, Metric, Unit, headline};

/// A metric's headline in words.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct Row {
    pub(crate) id: &'static str,
    pub(crate) title: &'static str,
    /// File name of the badge.
    pub(crate) slug: String,
    pub(crate) factor: &'static str,
    pub(crate) definition: &'static str,
    pub(crate) rules: &'static str,
    /// `9.8 h`, or that there is none.
    pub(crate) value: String,
    pub(crate) known: bool,
    /// `8.1–12 h`; empty when it is not finite.
    pub(crate) interval: String,
    /// `301 changes`.
    pub(crate) counted: String,
    /// The window before.
    pub(crate) previous: String,
    pub(crate) change: Change,
    /// `2024: high`; empty without a band.
    pub(crate) band: String,
    pub(crate) spark: String,
    /// Why it is missing or flagged; empty when nothing is to say.
    pub(crate) reason: String,
    /// The reason in two or three words.
    pub(crate) why: String,
    /// What must be read with the headline.
    pub(crate) pinned: Vec<String>,
    /// What stands beside the headline.
    pub(crate) beside: Vec<String>,
}

/// A delta in words.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct Change {
    /// Only when it changed; an arrow is drawn for nothing else.
    pub(crate) arrow: &'static str,
    /// `2.3 h, better`, `no detectable change`, `too little data`.
    pub(crate) words: String,
    /// `good`, `bad` or `none`.
    pub(crate) news: &'static str,
    /// What is missing.
    pub(crate) because: String,
}

impl Change {
    /// Arrow and words.
    #[must_use]
    pub(crate) fn text(&self) -> String {
        if self.arrow.is_empty() {
            self.words.clone()
        } else {
            format!("{} {}", self.arrow, self.words)
        }
    }
}

/// The five rows of a scope, in DORA's order.
#[must_use]
pub(crate) fn rows(scope: &Scope) -> Vec<Row> {
    METRICS.iter().map(|metric| row(metric, scope)).collect()
}

/// One row of a scope.
#[must_use]
pub(crate) fn row(metric: &Metric, scope: &Scope) -> Row {
    let now = headline(metric.id, &scope.metrics);
    let before = headline(metric.id, &scope.previous);
    let value = now.as_ref().and_then(|h| h.value);
    let interval = now.as_ref().and_then(|h| h.interval95);
    let band = now.as_ref().and_then(|h| h.band.as_ref());
    let code = now
        .as_ref()
        .and_then(|h| h.reason.clone())
        .unwrap_or_default();
    Row {
        id: metric.id,
        title: metric.title,
        slug: metric.id.replace('_', "-"),
        factor: factor(metric.factor),
        definition: metric.definition,
        rules: metric.rules,
        value: worded(metric.unit, value),
        known: value.is_some(),
        interval: value
            .zip(interval.filter(|[low, high]| low.is_finite() && high.is_finite()))
            .map(|(value, interval)| humanize::interval(metric.unit, value, interval))
            .unwrap_or_default(),
        counted: counted(metric.id, &scope.metrics),
        previous: match (before.and_then(|h| h.value), value) {
            (Some(before), Some(now)) => humanize::value_beside(metric.unit, before, now),
            (before, _) => worded(metric.unit, before),
        },
        change: change(metric.unit, scope.deltas.get(metric.id)),
        band: band
            .map(|band| format!("{}: {}", band.edition, band.name))
            .unwrap_or_default(),
        spark: spark::sparkline(metric.id, &scope.series, 12),
        why: code.replace('_', " "),
        reason: if code.is_empty() {
            code
        } else {
            let count = scope.metrics.deployment_frequency.count;
            humanize::missing(metric.id, &code, count)
        },
        pinned: beside::pinned(metric.id, &scope.metrics),
        beside: beside::beside(metric.id, &scope.metrics),
    }
}

/// The group a metric stands in.
#[must_use]
pub(crate) fn factor(factor: Factor) -> &'static str {
    match factor {
        Factor::Throughput => "Throughput",
        Factor::Instability => "Instability",
    }
}

/// A value that may be missing.
#[must_use]
pub(crate) fn worded(unit: Unit, value: Option<f64>) -> String {
    value.map_or_else(|| NOTHING.to_owned(), |v| humanize::value(unit, v))
}

fn change(unit: Unit, delta: Option<&Delta>) -> Change {
    let quiet = |words: &str, because: &str| Change {
        arrow: "",
        words: words.to_owned(),
        news: "none",
        because: because.to_owned(),
    };
    let Some(delta) = delta else {
        return quiet("too little data", "");
    };
    let because = delta.because.as_deref().unwrap_or("");
    match (delta.state, delta.previous.zip(delta.now)) {
        (DeltaState::Changed, Some((previous, now))) => {
            let (news, verdict) = match delta.better {
                Some(true) => ("good", ", better"),
                Some(false) => ("bad", ", worse"),
                None => ("none", ""),
            };
            Change {
                arrow: if now < previous { "↓" } else { "↑" },
                words: format!("{}{verdict}", humanize::difference(unit, previous, now)),
                news,
                because: because.to_owned(),
            }
        }
        (DeltaState::Changed, None) => quiet("changed", because),
        (DeltaState::NoDetectableChange, _) => quiet("no detectable change", because),
        (DeltaState::TooLittleData, _) => quiet("too little data", because),
    }
}

fn counted(metric: &str, of: &Metrics) -> String {
    match metric {
        "change_lead_time" => humanize::plural(of.change_lead_time.n, "change"),
        "deployment_frequency" => humanize::plural(of.deployment_frequency.count, "deployment"),
        "failed_deployment_recovery_time" => {
            let n = of.failed_deployment_recovery_time.n;
            format!("{} repaired", humanize::plural(n, "failed deployment"))
        }
        "change_fail_rate" => {
            let m = &of.change_fail_rate;
            format!(
                "{} of {} failed",
                m.failed,
                humanize::plural(m.total, "deployment")
            )
        }
        _ => {
            let m = &of.deployment_rework_rate;
            format!(
                "{} of {} were rework",
                m.rework,
                humanize::plural(m.total, "deployment")
            )
        }
    }
}

/// The header of every output.
#[derive(Debug, Serialize)]
pub(crate) struct Header {
    /// `acme/shop`, or `api in acme/shop` where one service was asked for.
    pub(crate) repository: String,
    pub(crate) from: String,
    /// The last day inside.
    pub(crate) until: String,
    pub(crate) days: u64,
    pub(crate) timezone: String,
    /// How much of the window the history covers.
    pub(crate) covered: String,
    /// `214 deployments, 301 changes, 3 incidents`.
    pub(crate) counts: String,
    pub(crate) generated: String,
    pub(crate) fingerprint: String,
    /// One line: the numbers' news.
    pub(crate) verdict: String,
}

impl Header {
    /// `2 March – 30 May Europe/Berlin`.
    pub(crate) fn span(&self) -> String {
        let zone = escape::brief(&self.timezone);
        format!("{} – {} {zone}", self.from, self.until)
    }
}

/// Builds the header.
#[must_use]
pub(crate) fn header(report: &Report) -> Header {
    let window = &report.window;
    let zone = &window.timezone;
    let length = (window.to - window.from).num_seconds().max(0) as f64 / 86_400.0;
    let covered = if window.covered_days + 0.5 >= length {
        "all covered by the history".to_owned()
    } else if window.covered_days <= 0.0 {
        "none of them covered by the history".to_owned()
    } else {
        format!(
            "{} of them covered by the history",
            humanize::number(window.covered_days)
        )
    };
    let m = &report.overall.metrics;
    let repository = report.repository.as_deref().unwrap_or("this repository");
    Header {
        repository: match &report.service {
            Some(service) => format!("{} in {repository}", escape::brief(service)),
            None => repository.to_owned(),
        },
        from: humanize::day(window.from, zone),
        until: humanize::day(
            (window.to - chrono::Duration::seconds(1)).max(window.from),
            zone,
        ),
        days: (window.to - window.from).num_days().unsigned_abs(),
        timezone: zone.clone(),
        covered,
        counts: format!(
            "{}, {}, {}",
            humanize::plural(m.deployment_frequency.count, "deployment"),
            humanize::plural(m.change_lead_time.n, "change"),
            humanize::plural(report.incidents.len() as u64, "incident"),
        ),
        generated: humanize::minute(report.generated_at, zone),
        fingerprint: report.definition.fingerprint.clone(),
        verdict: verdict(report),
    }
}

/// Whether any number could be held against the one before.
pub(crate) fn is_compared(rows: &[Row]) -> bool {
    let mut words = rows.iter().map(|row| row.change.words.as_str());
    words.any(|words| words != "too little data")
}

fn verdict(report: &Report) -> String {
    let m = &report.overall.metrics;
    if m.deployment_frequency.count == 0 {
        return m
            .deployment_frequency
            .reason
            .as_deref()
            .map_or_else(|| humanize::reason("no_deployments"), humanize::reason);
    }
    let rows = rows(&report.overall);
    let named = |news: &str| -> Vec<String> {
        rows.iter()
            .filter(|row| row.change.news == news)
            .map(|row| {
                format!(
                    "{} ({} → {})",
                    row.title.to_lowercase(),
                    row.previous,
                    row.value
                )
            })
            .collect()
    };
    let (good, bad) = (named("good"), named("bad"));
    let mut parts = Vec::new();
    if !bad.is_empty() {
        parts.push(format!("Worse: {}.", bad.join(", ")));
    }
    if !good.is_empty() {
        parts.push(format!("Better: {}.", good.join(", ")));
    }
    if parts.is_empty() {
        parts.push(if is_compared(&rows) {
            "No detectable change against the window before.".to_owned()
        } else {
            "Too little data to compare with the window before.".to_owned()
        });
    }
    parts.join(" ")
}
