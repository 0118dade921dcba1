//! Failed deployment recovery time (rules FD1 to FD5), and what stands beside it.

use std::collections::BTreeMap;

use super::{Distribution, Period, Scope, stats::survival};
use crate::event::{Instant, seconds_between};

/// How long until failed deployments are repaired.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct RecoveryTime {
    /// Of the failures restored in the window (rule FD4).
    pub all: Distribution,
    /// Failed and not restored: deployment and age.
    pub open: Vec<(String, f64)>,
    /// Kaplan–Meier median with open failures as lower bounds (rule FD3).
    pub km_median: Option<f64>,
    /// Deployed to incident opened.
    pub detection: Distribution,
    /// Incident opened to resolved.
    pub incident_restore: Distribution,
    /// Incidents resolved in the window that have no usable duration, and why.
    pub incidents_excluded: Vec<(String, &'static str)>,
    /// Incidents not resolved.
    pub incidents_open: u64,
    /// First failed attempt of a streak to the next success.
    pub attempt_recovery: Distribution,
    /// Both kinds of recovery together.
    pub with_failed_attempts: Distribution,
    /// Any failure in the window or restored in it.
    pub any_failure: bool,
}

/// Measures what was restored in the window.
#[must_use]
pub fn measure(scope: &Scope<'_>, period: &Period) -> RecoveryTime {
    let mut out = RecoveryTime::default();
    let mut restored = Vec::new();
    for unit in scope.units.iter().filter(|u| u.effective) {
        let failed: Vec<_> = scope
            .deployments(unit)
            .filter(|d| d.failed && d.is_effective())
            .collect();
        let Some(first) = failed.first() else {
            continue;
        };
        let inside = period.window.contains(unit.at);
        let whole: Option<Vec<Instant>> = failed.iter().map(|d| d.restored_at).collect();
        // What is restored after the window was still open at its end.
        let end = whole
            .and_then(|all| all.into_iter().max())
            .filter(|at| *at < period.window.to);
        out.any_failure |= inside;
        match end {
            Some(at) if period.window.contains(at) => {
                out.any_failure = true;
                restored.push(seconds_between(first.finished_at, at).max(0) as f64);
            }
            None if unit.at < period.window.to => {
                let until = period.now.min(period.window.to);
                let age = seconds_between(first.finished_at, until).max(0) as f64;
                out.open.push((first.id.clone(), age));
            }
            Some(_) | None => {}
        }
    }
    let spans: Vec<(f64, bool)> = restored
        .iter()
        .map(|took| (*took, true))
        .chain(out.open.iter().map(|(_, age)| (*age, false)))
        .collect();
    out.km_median = survival::kaplan_meier(&spans, 0.95).and_then(|km| km.median());
    let attempts: Vec<f64> = attempt_recoveries(scope)
        .into_iter()
        .filter(|(at, _)| period.window.contains(*at))
        .map(|(_, took)| took)
        .collect();
    out.with_failed_attempts = Distribution::of(restored.iter().chain(&attempts).copied());
    out.attempt_recovery = Distribution::of(attempts);
    out.all = Distribution::of(restored);
    incidents(scope, period, &mut out);
    out
}

fn incidents(scope: &Scope<'_>, period: &Period, out: &mut RecoveryTime) {
    let mut restore = Vec::new();
    let mut detection = Vec::new();
    for incident in &scope.timeline.incidents {
        let blamed = incident
            .blamed
            .map(|(at, _)| &scope.timeline.deployments[at]);
        let service = incident
            .service
            .as_deref()
            .or_else(|| blamed.and_then(|d| d.service.as_deref()));
        if !scope.includes(service) {
            continue;
        }
        match incident.resolved_at.filter(|at| *at < period.window.to) {
            Some(at) if period.window.contains(at) => {
                let took = seconds_between(incident.opened_at, at);
                if took < 0 {
                    let listed = (incident.id.clone(), "negative");
                    out.incidents_excluded.push(listed);
                } else {
                    restore.push(took as f64);
                }
            }
            None if incident.opened_at < period.window.to => out.incidents_open += 1,
            Some(_) | None => {}
        }
        if let Some(deployment) = blamed.filter(|_| period.window.contains(incident.opened_at)) {
            // An incident during the rollout is detected at once.
            let took = seconds_between(deployment.finished_at, incident.opened_at).max(0);
            detection.push(took as f64);
        }
    }
    out.incident_restore = Distribution::of(restore);
    out.detection = Distribution::of(detection);
}

/// Each streak of failed attempts of a service: when it ended, and its seconds from finish to finish.
pub(super) fn attempt_recoveries(scope: &Scope<'_>) -> Vec<(Instant, f64)> {
    let mut streaks: BTreeMap<Option<&str>, Instant> = BTreeMap::new();
    let mut out = Vec::new();
    let mut own: Vec<usize> = scope.units.iter().flat_map(|u| u.members.clone()).collect();
    own.sort_unstable();
    for deployment in own.iter().map(|at| &scope.timeline.deployments[*at]) {
        let service = deployment.service.as_deref();
        if deployment.is_failed_attempt() {
            streaks.entry(service).or_insert(deployment.finished_at);
        } else if deployment.is_effective()
            && let Some(from) = streaks.remove(&service)
        {
            let at = deployment.finished_at;
            out.push((at, seconds_between(from, at) as f64));
        }
    }
    out
}
