//! The report's numbers as gauges with labels: what OpenMetrics and OTLP have in common.

use std::collections::BTreeMap;

use crate::report::v1::{Band, Delta, DeltaState, Metrics, Quantiles, Report, Scope};
use crate::report::{METRICS, headline};

/// What a gauge is measured in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Measure {
    /// How many.
    Count,
    /// Deployments a day.
    PerDay,
    /// Seconds.
    Seconds,
    /// A share, 0 to 1.
    Ratio,
    /// Always 1: the labels say it.
    Info,
}

/// Samples that differ only in their labels.
#[derive(Debug)]
pub(crate) struct Family {
    /// Name without prefix and unit.
    pub(crate) id: &'static str,
    pub(crate) measure: Measure,
    /// One sentence.
    pub(crate) help: &'static str,
}

const fn family(id: &'static str, measure: Measure, help: &'static str) -> Family {
    Family { id, measure, help }
}

/// Everything that is exported, in the order of the output.
pub(crate) const FAMILIES: [Family; 32] = [
    family(
        "report",
        Measure::Info,
        "The rules in force; numbers with different fingerprints must not be compared.",
    ),
    family(
        "window_start_timestamp",
        Measure::Seconds,
        "First moment of the window, since 1970.",
    ),
    family(
        "window_end_timestamp",
        Measure::Seconds,
        "First moment after the window, since 1970.",
    ),
    family(
        "data_quality",
        Measure::Ratio,
        "How far the data can be trusted.",
    ),
    family(
        "change_lead_time",
        Measure::Seconds,
        "Time from the first commit of a change to the production deployment that contains it.",
    ),
    family(
        "change_lead_time_mean",
        Measure::Seconds,
        "Mean change lead time; means of stages add up to it, medians do not.",
    ),
    family(
        "change_lead_time_stage",
        Measure::Seconds,
        "Time that changes spent in a stage of their lead time.",
    ),
    family(
        "change_lead_time_stage_mean",
        Measure::Seconds,
        "Mean time that changes spent in a stage.",
    ),
    family(
        "changes",
        Measure::Count,
        "Changes whose lead time was measured in the window.",
    ),
    family(
        "undeployed_changes",
        Measure::Count,
        "Changes on the production branch behind the last deployment.",
    ),
    family(
        "undeployed_change_oldest_age",
        Measure::Seconds,
        "Age of the oldest change that is not deployed.",
    ),
    family(
        "deployment_frequency",
        Measure::PerDay,
        "Production deployments that took effect, per day that the history covers.",
    ),
    family(
        "deployments",
        Measure::Count,
        "Production deployments of the window that took effect.",
    ),
    family(
        "deployments_in_environment",
        Measure::Count,
        "Production deployments of the window that took effect, by environment.",
    ),
    family(
        "failed_attempts",
        Measure::Count,
        "Attempts of the window that took no effect.",
    ),
    family(
        "failed_deployment_recovery_time",
        Measure::Seconds,
        "Time from a failed deployment to its repair.",
    ),
    family(
        "failed_deployment_recovery_time_mean",
        Measure::Seconds,
        "Mean time from a failed deployment to its repair.",
    ),
    family(
        "recovered_deployments",
        Measure::Count,
        "Failed deployments that were repaired in the window.",
    ),
    family(
        "unrecovered_deployments",
        Measure::Count,
        "Failed deployments that nothing has repaired yet.",
    ),
    family(
        "open_incidents",
        Measure::Count,
        "Incidents that are not resolved.",
    ),
    family(
        "change_fail_rate",
        Measure::Ratio,
        "Share of production deployments that took effect and then needed intervention.",
    ),
    family(
        "failed_deployments",
        Measure::Count,
        "Production deployments of the window that failed.",
    ),
    family(
        "deployment_rework_rate",
        Measure::Ratio,
        "Share of production deployments that were not planned but repaired an earlier one.",
    ),
    family(
        "rework_deployments",
        Measure::Count,
        "Production deployments of the window that were rework.",
    ),
    family(
        "change_lead_time_interval95",
        Measure::Seconds,
        "95 % interval of the median change lead time.",
    ),
    family(
        "deployment_frequency_interval95",
        Measure::PerDay,
        "95 % interval of the deployment frequency.",
    ),
    family(
        "failed_deployment_recovery_time_interval95",
        Measure::Seconds,
        "95 % interval of the median failed deployment recovery time.",
    ),
    family(
        "change_fail_rate_interval95",
        Measure::Ratio,
        "95 % interval of the change fail rate.",
    ),
    family(
        "deployment_rework_rate_interval95",
        Measure::Ratio,
        "95 % interval of the deployment rework rate.",
    ),
    family(
        "band",
        Measure::Info,
        "Position of a metric on the scale of one edition of DORA's report.",
    ),
    family(
        "delta",
        Measure::Info,
        "What changed against the window before, in three states.",
    ),
    family(
        "reason",
        Measure::Info,
        "Why a metric is missing or flagged.",
    ),
];

/// Labels by name; the same names in the same family, except where a value is not known.
pub(crate) type Labels = BTreeMap<&'static str, String>;

/// One number.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Sample {
    /// Of [`FAMILIES`].
    pub(crate) family: &'static str,
    pub(crate) labels: Labels,
    pub(crate) value: Number,
}

/// Counts stay whole.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum Number {
    Whole(u64),
    Real(f64),
}

/// What is said once of the whole report.
#[must_use]
pub(crate) fn of_report(report: &Report) -> Vec<Sample> {
    let mut out = Samples::default();
    out.add(
        "report",
        [
            ("schema", &report.schema),
            ("fingerprint", &report.definition.fingerprint),
            ("timezone", &report.window.timezone),
        ],
        Number::Whole(1),
    );
    let window = &report.window;
    for (family, at) in [
        ("window_start_timestamp", window.from),
        ("window_end_timestamp", window.to),
    ] {
        out.real(family, [], Some(at.timestamp() as f64));
    }
    out.real("data_quality", [], Some(report.quality.score));
    out.0
}

/// The numbers of one scope. What is missing has no sample; its reason has one.
#[must_use]
pub(crate) fn of_scope(scope: &Scope) -> Vec<Sample> {
    let mut out = Samples::default();
    let m = &scope.metrics;
    out.lead_time(m);
    out.deployments(m);
    out.recovery(m);
    for (family, ratio) in [
        ("change_fail_rate", m.change_fail_rate.ratio),
        ("deployment_rework_rate", m.deployment_rework_rate.ratio),
    ] {
        out.real(family, [], ratio);
    }
    for metric in &METRICS {
        let Some(head) = headline(metric.id, m) else {
            continue;
        };
        if let Some((family, [low, high])) = interval_of(metric.id).zip(head.interval95) {
            out.real(family, [("bound", "low")], Some(low));
            out.real(family, [("bound", "high")], Some(high));
        }
        out.words(
            metric.id,
            head.band.as_ref(),
            scope.deltas.get(metric.id),
            head.reason.as_deref(),
        );
    }
    out.0
}

#[derive(Default)]
struct Samples(Vec<Sample>);

impl Samples {
    fn add<const N: usize>(
        &mut self,
        family: &'static str,
        labels: [(&'static str, &str); N],
        value: Number,
    ) {
        let labels = labels
            .into_iter()
            .map(|(name, text)| (name, text.to_owned()))
            .collect();
        self.0.push(Sample {
            family,
            labels,
            value,
        });
    }

    fn real<const N: usize>(
        &mut self,
        family: &'static str,
        labels: [(&'static str, &str); N],
        value: Option<f64>,
    ) {
        if let Some(value) = value.filter(|v| v.is_finite()) {
            self.add(family, labels, Number::Real(value));
        }
    }

    fn count(&mut self, family: &'static str, count: u64) {
        self.add(family, [], Number::Whole(count));
    }

    fn percentiles(&mut self, family: &'static str, stage: Option<&str>, of: &[Option<f64>; 5]) {
        for (percentile, value) in ["50", "75", "90", "95", "99"].into_iter().zip(of) {
            match stage {
                Some(stage) => self.real(
                    family,
                    [("stage", stage), ("percentile", percentile)],
                    *value,
                ),
                None => self.real(family, [("percentile", percentile)], *value),
            }
        }
    }

    fn lead_time(&mut self, of: &Metrics) {
        let m = &of.change_lead_time;
        let spans = [
            m.median_seconds,
            m.p75_seconds,
            m.p90_seconds,
            m.p95_seconds,
            m.p99_seconds,
        ];
        self.percentiles("change_lead_time", None, &spans);
        self.real("change_lead_time_mean", [], m.mean_seconds);
        for (stage, spans) in &m.stages {
            self.percentiles("change_lead_time_stage", Some(stage), &five(spans));
            self.real(
                "change_lead_time_stage_mean",
                [("stage", stage)],
                spans.mean_seconds,
            );
        }
        self.count("changes", m.n);
        if let Some(waiting) = &m.undeployed {
            self.count("undeployed_changes", waiting.count);
            self.real("undeployed_change_oldest_age", [], waiting.oldest_seconds);
        }
    }

    fn deployments(&mut self, of: &Metrics) {
        let m = &of.deployment_frequency;
        self.real("deployment_frequency", [], m.per_day);
        self.count("deployments", m.count);
        for (environment, count) in &m.by_environment {
            let labels = [("environment", environment.as_str())];
            self.add("deployments_in_environment", labels, Number::Whole(*count));
        }
        self.count("failed_attempts", m.failed_attempts);
        self.count("failed_deployments", of.change_fail_rate.failed);
        self.count("rework_deployments", of.deployment_rework_rate.rework);
    }

    fn recovery(&mut self, of: &Metrics) {
        let m = &of.failed_deployment_recovery_time;
        let spans = [
            m.median_seconds,
            m.p75_seconds,
            m.p90_seconds,
            m.p95_seconds,
            m.p99_seconds,
        ];
        self.percentiles("failed_deployment_recovery_time", None, &spans);
        self.real("failed_deployment_recovery_time_mean", [], m.mean_seconds);
        self.count("recovered_deployments", m.n);
        self.count("unrecovered_deployments", m.open.len() as u64);
        self.count("open_incidents", m.incidents_open);
    }

    fn words(
        &mut self,
        metric: &str,
        band: Option<&Band>,
        delta: Option<&Delta>,
        reason: Option<&str>,
    ) {
        if let Some(band) = band {
            let labels = [
                ("metric", metric),
                ("edition", &band.edition),
                ("band", &band.name),
            ];
            self.add("band", labels, Number::Whole(1));
        }
        if let Some(delta) = delta {
            let news = match delta.better {
                Some(true) => "better",
                Some(false) => "worse",
                None => "none",
            };
            let labels = [
                ("metric", metric),
                ("state", state(delta.state)),
                ("news", news),
            ];
            self.add("delta", labels, Number::Whole(1));
        }
        if let Some(reason) = reason {
            let labels = [("metric", metric), ("reason", reason)];
            self.add("reason", labels, Number::Whole(1));
        }
    }
}

/// The family of a metric's interval.
fn interval_of(metric: &str) -> Option<&'static str> {
    FAMILIES
        .iter()
        .map(|family| family.id)
        .find(|id| id.strip_suffix("_interval95") == Some(metric))
}

fn five(of: &Quantiles) -> [Option<f64>; 5] {
    [
        of.median_seconds,
        of.p75_seconds,
        of.p90_seconds,
        of.p95_seconds,
        of.p99_seconds,
    ]
}

/// The name of a delta's state, as in the document.
#[must_use]
pub(crate) fn state(state: DeltaState) -> &'static str {
    match state {
        DeltaState::Changed => "changed",
        DeltaState::NoDetectableChange => "no_detectable_change",
        DeltaState::TooLittleData => "too_little_data",
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::render::fixture;

    #[test]
    fn every_family_is_used_and_every_sample_has_one() {
        let report = fixture::shop();
        let mut used: Vec<&str> = of_report(&report)
            .iter()
            .chain(&of_scope(&report.overall))
            .chain(&of_scope(&fixture::young().overall))
            .map(|s| s.family)
            .collect();
        used.sort_unstable();
        used.dedup();
        let mut known: Vec<&str> = FAMILIES.iter().map(|f| f.id).collect();
        known.sort_unstable();
        assert_eq!(used, known);
    }

    #[test]
    fn what_is_missing_has_a_reason_and_no_number() {
        let samples = of_scope(&fixture::empty().overall);
        for metric in &METRICS {
            assert!(samples.iter().all(|s| s.family != metric.id));
            let reason = samples.iter().find(|s| {
                s.family == "reason"
                    && s.labels.get("metric").map(String::as_str) == Some(metric.id)
            });
            assert_eq!(reason.unwrap().labels["reason"], "no_deployments");
        }
    }
}
