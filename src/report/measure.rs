//! One scope's metrics, now and before, as the document shows them: with reasons, bands and deltas.

use std::collections::BTreeMap;

use super::v1::{self, Band, Delta, DeltaState, Quantiles};
use super::{beside, series};
use crate::config::{Aggregate, Config, FailedAttempts, LeadUnit};
use crate::insight::{band, delta};
use crate::metric::{
    Distribution, Period, Proportion, Scope, change_fail_rate, change_lead_time,
    deployment_frequency, deployment_rework_rate, failed_deployment_recovery_time,
};

/// What the deltas are made from.
struct Measured {
    metrics: v1::Metrics,
    covered_days: f64,
    leads: Vec<f64>,
    recoveries: Vec<f64>,
    failures: Proportion,
    /// Failures are not recorded any more.
    silent: bool,
    rework: Proportion,
    weekly: Vec<f64>,
}

/// Measures a scope in both windows.
pub(super) fn scope(
    scope: &Scope<'_>,
    period: &Period,
    before: &Period,
    config: &Config,
) -> v1::Scope {
    let now = measure(scope, period, config);
    let previous = measure(scope, before, config);
    let deltas = differences(&now, &previous)
        .into_iter()
        .map(|(id, difference)| {
            let value = |m: &v1::Metrics| super::headline(id, m).and_then(|h| h.value);
            let found = Delta {
                state: state(difference.state),
                better: None,
                previous: value(&previous.metrics),
                now: value(&now.metrics),
                p: difference.p,
                because: difference.because,
            };
            (id.to_owned(), found)
        })
        .collect();
    v1::Scope {
        metrics: now.metrics,
        previous: previous.metrics,
        deltas,
        series: series::of(scope, period),
        beside: beside::of(scope, period),
    }
}

/// Each metric's comparison with the window before.
fn differences(now: &Measured, previous: &Measured) -> [(&'static str, delta::Difference); 5] {
    [
        (
            "change_lead_time",
            delta::durations(&now.leads, &previous.leads, "changes"),
        ),
        (
            "deployment_frequency",
            delta::frequency(
                (now.metrics.deployment_frequency.count, now.covered_days),
                (
                    previous.metrics.deployment_frequency.count,
                    previous.covered_days,
                ),
                &now.weekly,
                &previous.weekly,
                "deployments",
            ),
        ),
        (
            "failed_deployment_recovery_time",
            delta::durations(&now.recoveries, &previous.recoveries, "recoveries"),
        ),
        ("change_fail_rate", failures(now, previous)),
        (
            "deployment_rework_rate",
            delta::proportion(
                (now.rework.hits, now.rework.total),
                (previous.rework.hits, previous.rework.total),
                "deployments",
                "rework deployments",
            ),
        ),
    ]
}

fn failures(now: &Measured, previous: &Measured) -> delta::Difference {
    let known = |m: &Measured| Some(m.failures).filter(|_| !m.silent);
    match known(now).zip(known(previous)) {
        Some((now, previous)) => delta::proportion(
            (now.hits, now.total),
            (previous.hits, previous.total),
            "deployments",
            "failures",
        ),
        None => delta::Difference::too_little("incidents are not recorded any more".to_owned()),
    }
}

fn state(state: delta::State) -> DeltaState {
    match state {
        delta::State::Changed => DeltaState::Changed,
        delta::State::NoDetectableChange => DeltaState::NoDetectableChange,
        delta::State::TooLittleData => DeltaState::TooLittleData,
    }
}

fn measure(scope: &Scope<'_>, period: &Period, config: &Config) -> Measured {
    let frequency = deployment_frequency::measure(scope, period);
    let mut lead = change_lead_time::measure(scope, period);
    if config.profile.lead_unit == LeadUnit::Commit {
        lead.all = lead.per_commit_of_people.clone();
    }
    let fail = change_fail_rate::measure(scope, period);
    let recovery = failed_deployment_recovery_time::measure(scope, period);
    let rework = deployment_rework_rate::measure(scope, period);
    let counted = config.rules.failed_attempts == FailedAttempts::Count;
    let failures = if counted {
        fail.with_failed_attempts
    } else {
        fail.rate
    };
    let recovered = recovery.headline(counted);
    Measured {
        covered_days: frequency.covered_days,
        leads: lead.all.values.clone(),
        recoveries: recovered.restored.values.clone(),
        failures,
        silent: fail.silent.is_some(),
        rework: rework.rate,
        weekly: series::weekly_counts(scope, period),
        metrics: v1::Metrics {
            deployment_frequency: frequency_of(&frequency, scope, period, config),
            change_lead_time: lead_time_of(lead, config),
            change_fail_rate: fail_rate_of(fail, failures, config),
            failed_deployment_recovery_time: recovery_of(&recovery, counted, config),
            deployment_rework_rate: rework_of(rework, config),
        },
    }
}

/// A distribution as the document shows it.
pub(super) fn quantiles(of: &Distribution) -> Quantiles {
    Quantiles {
        n: of.n(),
        median_seconds: of.quantile(0.5),
        p75_seconds: of.quantile(0.75),
        p90_seconds: of.quantile(0.9),
        p95_seconds: of.quantile(0.95),
        p99_seconds: of.quantile(0.99),
        mean_seconds: of.mean(),
        interval95_seconds: of.interval95(),
    }
}

fn banded(
    metric: &str,
    config: &Config,
    value: Option<f64>,
    interval: Option<[f64; 2]>,
    n: u64,
) -> Option<Band> {
    let (edition, name) = band::band(metric, config.benchmark, value?, interval, n)?;
    Some(Band {
        edition: edition.to_owned(),
        name,
    })
}

fn frequency_of(
    m: &deployment_frequency::DeploymentFrequency,
    scope: &Scope<'_>,
    period: &Period,
    config: &Config,
) -> v1::DeploymentFrequency {
    let reason = if scope.units.is_empty() {
        Some("no_deployments")
    } else if !period.is_covered() || m.per_day.is_none() {
        Some("short_history")
    } else if scope
        .effective_in(period.window)
        .any(|u| scope.deployments(u).any(|d| d.approximate))
    {
        Some("approximate_time")
    } else {
        None
    };
    // No deployment at all is a band only where the history covers the window (rule DF3).
    let judged = m.count > 0 || (period.is_covered() && !scope.units.is_empty());
    let n = if m.count == 0 { u64::MAX } else { m.count };
    v1::DeploymentFrequency {
        count: m.count,
        per_day: m.per_day,
        per_week: m.per_day.map(|d| d * 7.0),
        active_days: m.active_days,
        active_days_per_week_median: m.active_days_per_week_median,
        time_between: quantiles(&m.time_between),
        interval95: m.interval95,
        change_bearing: m.change_bearing,
        attempts: m.attempts,
        failed_attempts: m.failed_attempts,
        ignored: m.ignored,
        success_rate: m.success_rate(),
        by_environment: m.by_environment.clone(),
        band: banded(
            "deployment_frequency",
            config,
            m.per_day.filter(|_| judged),
            m.interval95.filter(|_| m.count > 0),
            n,
        ),
        reason: reason.map(str::to_owned),
    }
}

fn lead_time_of(m: change_lead_time::ChangeLeadTime, config: &Config) -> v1::ChangeLeadTime {
    let all = quantiles(&m.all);
    let reason = if m.all.n() > 0 {
        (m.by_time > 0).then_some("by_time")
    } else if m.any_deployment && m.only_baselines {
        Some("baseline_only")
    } else {
        // No deployment that brought a change.
        Some("no_deployments")
    };
    let (value, interval) = match config.profile.aggregate {
        Aggregate::Median => (all.median_seconds, all.interval95_seconds),
        Aggregate::Mean => (all.mean_seconds, None),
    };
    v1::ChangeLeadTime {
        n: all.n,
        median_seconds: all.median_seconds,
        p75_seconds: all.p75_seconds,
        p90_seconds: all.p90_seconds,
        p95_seconds: all.p95_seconds,
        p99_seconds: all.p99_seconds,
        mean_seconds: all.mean_seconds,
        interval95_seconds: all.interval95_seconds,
        aggregate: config.profile.aggregate.name().to_owned(),
        stages: m
            .stages
            .iter()
            .map(|(stage, of)| {
                let mut found = quantiles(of);
                found.mean_seconds = m.stage_means.get(stage).copied();
                ((*stage).to_owned(), found)
            })
            .collect(),
        merge_to_deploy: quantiles(&m.merge_to_deploy),
        pr_created_to_deploy: quantiles(&m.pr_created_to_deploy),
        per_commit: quantiles(&m.per_commit),
        with_bots: quantiles(&m.with_bots),
        by_time: m.by_time,
        suspicious: m.suspicious,
        excluded: m
            .excluded
            .into_iter()
            .map(|(change, reason)| v1::Excluded {
                change,
                reason: reason.to_owned(),
            })
            .collect(),
        undeployed: m.undeployed.map(|of| v1::Undeployed {
            count: of.ages.n(),
            oldest: of.oldest,
            oldest_seconds: of.ages.values.last().copied(),
            median_seconds: of.ages.quantile(0.5),
        }),
        band: banded("change_lead_time", config, value, interval, all.n),
        reason: reason.map(str::to_owned),
    }
}

fn fail_rate_of(
    m: change_fail_rate::ChangeFailRate,
    headline: Proportion,
    config: &Config,
) -> v1::ChangeFailRate {
    let known = m.silent.is_none();
    let counted = config.rules.failed_attempts == FailedAttempts::Count;
    let reason = if headline.total == 0 {
        Some("no_deployments")
    } else if !known {
        Some("incident_source_silent")
    } else if !m.any_evidence && !counted {
        Some("no_incident_source")
    } else {
        None
    };
    v1::ChangeFailRate {
        failed: headline.hits,
        total: headline.total,
        ratio: headline.ratio().filter(|_| known),
        interval95: headline.interval95().filter(|_| known),
        failed_ids: if counted {
            m.failed_ids_with_attempts
        } else {
            m.failed_ids
        },
        provisional: m.provisional,
        with_failed_attempts: v1::FailedShare {
            failed: m.with_failed_attempts.hits,
            total: m.with_failed_attempts.total,
            ratio: m.with_failed_attempts.ratio().filter(|_| known),
            interval95: m.with_failed_attempts.interval95().filter(|_| known),
        },
        unattributed: m.unattributed,
        // Without any evidence nothing is known, so nothing is rated.
        band: banded(
            "change_fail_rate",
            config,
            headline.ratio().filter(|_| m.any_evidence && known),
            headline.interval95(),
            headline.total,
        ),
        reason: reason.map(str::to_owned),
    }
}

fn recovery_of(
    m: &failed_deployment_recovery_time::RecoveryTime,
    counted: bool,
    config: &Config,
) -> v1::RecoveryTime {
    let headline = m.headline(counted);
    let all = quantiles(&headline.restored);
    let reason = if all.n > 0 {
        None
    } else if headline.open.is_empty() {
        Some("no_failures")
    } else {
        Some("all_open")
    };
    v1::RecoveryTime {
        n: all.n,
        median_seconds: all.median_seconds,
        p75_seconds: all.p75_seconds,
        p90_seconds: all.p90_seconds,
        p95_seconds: all.p95_seconds,
        p99_seconds: all.p99_seconds,
        mean_seconds: all.mean_seconds,
        interval95_seconds: all.interval95_seconds,
        open: headline
            .open
            .iter()
            .map(|(deployment, age_seconds)| v1::OpenFailure {
                deployment: deployment.clone(),
                age_seconds: *age_seconds,
            })
            .collect(),
        km_median_seconds: headline.km_median,
        detection: quantiles(&m.detection),
        incident_restore: quantiles(&m.incident_restore),
        incident_restore_excluded: m
            .incidents_excluded
            .iter()
            .map(|(incident, reason)| v1::ExcludedIncident {
                incident: incident.clone(),
                reason: (*reason).to_owned(),
            })
            .collect(),
        incidents_open: m.incidents_open,
        attempt_recovery: quantiles(&m.attempt_recovery),
        with_failed_attempts: quantiles(&m.with_failed_attempts.restored),
        band: banded(
            "failed_deployment_recovery_time",
            config,
            all.median_seconds,
            all.interval95_seconds,
            all.n,
        ),
        reason: reason.map(str::to_owned),
    }
}

fn rework_of(m: deployment_rework_rate::DeploymentReworkRate, config: &Config) -> v1::ReworkRate {
    v1::ReworkRate {
        rework: m.rate.hits,
        total: m.rate.total,
        ratio: m.rate.ratio(),
        interval95: m.rate.interval95(),
        by_kind: m
            .by_kind
            .iter()
            .map(|(kind, n)| ((*kind).to_owned(), *n))
            .collect::<BTreeMap<_, _>>(),
        ids: m.ids,
        last_180_days: v1::ReworkShare {
            rework: m.last_180_days.hits,
            total: m.last_180_days.total,
            ratio: m.last_180_days.ratio(),
            interval95: m.last_180_days.interval95(),
        },
        band: banded(
            "deployment_rework_rate",
            config,
            m.rate.ratio(),
            m.rate.interval95(),
            m.rate.total,
        ),
        reason: (m.rate.total == 0).then(|| "no_deployments".to_owned()),
    }
}
