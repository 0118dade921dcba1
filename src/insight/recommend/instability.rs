//! The triggers of the recommendations on failure, recovery and rework.

use std::collections::BTreeMap;

use super::rule::{Facts, Found, HOUR, NAMED};
use super::{Gain, Leading};
use crate::config::Measure;
use crate::insight::bottleneck::MIN_CHANGES;
use crate::insight::words::{percent, short_span};
use crate::metric::{
    Proportion, change_fail_rate, deployment_rework_rate, failed_deployment_recovery_time,
};
use crate::timeline::Deployment;

/// Numbers of a rate that is above its baseline with all of its interval.
fn above(of: Proportion, (limit, name): (f64, &str)) -> Vec<(&'static str, String)> {
    let [low, high] = of.interval95().unwrap_or_default();
    vec![
        ("k", of.hits.to_string()),
        ("n", of.total.to_string()),
        ("share", percent(of.ratio().unwrap_or_default())),
        ("low", percent(low)),
        ("high", percent(high)),
        ("baseline", percent(limit)),
        ("of", name.to_owned()),
    ]
}

/// The low end of the fail rate's interval is above the target, or above what it was.
pub(super) fn high_cfr(facts: &Facts<'_>) -> Option<Found> {
    let sight = facts.sight;
    let m = change_fail_rate::measure(sight.scope, sight.period);
    let before = change_fail_rate::measure(sight.scope, sight.before).rate;
    let baseline = facts.baseline(Measure::ChangeFailRate, m.rate, before, "failures")?;
    let mut values = above(m.rate, baseline);
    let mut services: BTreeMap<&str, u64> = BTreeMap::new();
    for unit in sight.scope.effective_in(sight.period.window) {
        for failed in sight.scope.deployments(unit).filter(|d| d.failed) {
            *services
                .entry(failed.service.as_deref().unwrap_or(""))
                .or_default() += 1;
        }
    }
    let worst = services.iter().max_by_key(|(name, n)| (**n, *name));
    if let Some((name, n)) = worst.filter(|_| services.len() > 1 && !services.contains_key("")) {
        values.extend([
            ("service", (*name).to_owned()),
            ("service_k", n.to_string()),
        ]);
    }
    Some(Found {
        values,
        because: m.failed_ids.into_iter().rev().take(NAMED).collect(),
        gain: m.rate.ratio().map(|now| Gain {
            metric: "change_fail_rate",
            now,
            then: baseline.0,
        }),
        leading: Leading {
            unit: "changes",
            value: facts.batch(),
        },
    })
}

/// Five failures or more, and half of them take longer than an hour, open ones included.
pub(super) fn slow_recovery(facts: &Facts<'_>) -> Option<Found> {
    let sight = facts.sight;
    let recovery = failed_deployment_recovery_time::measure(sight.scope, sight.period);
    let m = &recovery.failures;
    let n = m.restored.n() + m.open.len() as u64;
    let km = m.km_median.filter(|km| n >= 5 && *km > HOUR)?;
    // Without open ones it is the median that stands in the table.
    let median = m.restored.quantile(0.5).filter(|_| m.open.is_empty());
    let mut values = vec![
        ("km", short_span(median.unwrap_or(km))),
        ("n", n.to_string()),
    ];
    if m.open.is_empty() {
        values.push(("open", "none".to_owned()));
    } else {
        values.push(("open", m.open.len().to_string()));
    }
    values.extend(
        recovery
            .detection
            .quantile(0.5)
            .map(|s| ("detect", short_span(s))),
    );
    values.extend(
        recovery
            .incident_restore
            .quantile(0.5)
            .map(|s| ("fix", short_span(s))),
    );
    let mut slow: Vec<&Deployment> = sight
        .timeline
        .deployments
        .iter()
        .filter(|d| d.failed && d.is_effective())
        .filter(|d| sight.scope.includes(d.service.as_deref()))
        .filter(|d| {
            d.restored_at
                .is_some_and(|at| sight.period.window.contains(at))
        })
        .collect();
    slow.sort_by(|a, b| (b.restored_after(), &a.id).cmp(&(a.restored_after(), &b.id)));
    let open = m.open.iter().map(|(id, _)| id.clone());
    let gain = match (m.restored.quantile(0.5), m.restored.quantile(0.25)) {
        (Some(now), Some(then)) if m.restored.values.len() >= MIN_CHANGES => Some(Gain {
            metric: "failed_deployment_recovery_time",
            now,
            then,
        }),
        _ => None,
    };
    Some(Found {
        values,
        because: open
            .chain(slow.iter().map(|d| d.id.clone()))
            .take(NAMED)
            .collect(),
        gain,
        leading: Leading {
            unit: "seconds",
            value: recovery.detection.quantile(0.5),
        },
    })
}

/// The low end of the rework rate's interval is above the target, or above what it was.
pub(super) fn high_rework(facts: &Facts<'_>) -> Option<Found> {
    let sight = facts.sight;
    let m = deployment_rework_rate::measure(sight.scope, sight.period);
    let before = deployment_rework_rate::measure(sight.scope, sight.before).rate;
    let measure = Measure::DeploymentReworkRate;
    let baseline = facts.baseline(measure, m.rate, before, "rework deployments")?;
    let mut values = above(m.rate, baseline);
    // Of equals the first by name.
    let largest = m.by_kind.iter().rev().max_by_key(|(_, n)| **n);
    if let Some((kind, n)) = largest.filter(|(_, n)| **n > 0) {
        values.extend([("kind", (*kind).to_owned()), ("kind_k", n.to_string())]);
    }
    let recovery = failed_deployment_recovery_time::measure(sight.scope, sight.period);
    Some(Found {
        values,
        because: m.ids.into_iter().rev().take(NAMED).collect(),
        gain: m.rate.ratio().map(|now| Gain {
            metric: "deployment_rework_rate",
            now,
            then: baseline.0,
        }),
        leading: Leading {
            unit: "seconds",
            value: recovery.failures.restored.quantile(0.5),
        },
    })
}
