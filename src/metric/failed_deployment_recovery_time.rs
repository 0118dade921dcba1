//! Failed deployment recovery time (rules FD1 to FD5), and what stands beside it.

use std::collections::BTreeMap;

use super::{Distribution, Period, Scope, stats::survival};
use crate::event::{Instant, seconds_between};

/// Failures restored in the window, and those that were open at its end.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Recoveries {
    /// How long those restored in the window took (rule FD4).
    pub restored: Distribution,
    /// Failed and not restored: deployment and age, oldest first.
    pub open: Vec<(String, f64)>,
    /// Kaplan–Meier median with open failures as lower bounds (rule FD3).
    pub km_median: Option<f64>,
}

/// How long until failed deployments are repaired.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct RecoveryTime {
    /// Of deployments that took effect.
    pub failures: Recoveries,
    /// Of these and of failed attempts.
    pub with_failed_attempts: Recoveries,
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
}

/// One failure, or one streak of failed attempts.
struct Failure<'a> {
    deployment: &'a str,
    from: Instant,
    /// When the whole deployment was over (rule W4).
    at: Instant,
    /// When it was repaired, known today.
    until: Option<Instant>,
}

impl RecoveryTime {
    /// What the team reports: with failed attempts where it counts them as failures (rule CF4).
    #[must_use]
    pub fn headline(&self, with_failed_attempts: bool) -> &Recoveries {
        if with_failed_attempts {
            &self.with_failed_attempts
        } else {
            &self.failures
        }
    }
}

impl Failure<'_> {
    fn took(&self, until: Instant) -> f64 {
        seconds_between(self.from, until).max(0) as f64
    }
}

impl Recoveries {
    fn of(mut failures: Vec<Failure<'_>>, period: &Period) -> Self {
        failures.sort_by_key(|failure| (failure.from, failure.deployment));
        let end = period.now.min(period.window.to);
        let mut restored = Vec::new();
        let mut open = Vec::new();
        for failure in &failures {
            // What is restored after the window was still open at its end.
            match failure.until.filter(|at| *at < period.window.to) {
                Some(at) if period.window.contains(at) => restored.push(failure.took(at)),
                None if failure.at < period.window.to => {
                    open.push((failure.deployment.to_owned(), failure.took(end)));
                }
                Some(_) | None => {}
            }
        }
        let spans: Vec<(f64, bool)> = restored
            .iter()
            .map(|took| (*took, true))
            .chain(open.iter().map(|(_, age)| (*age, false)))
            .collect();
        Self {
            km_median: survival::kaplan_meier(&spans, 0.95).and_then(|km| km.median()),
            restored: Distribution::of(restored),
            open,
        }
    }
}

/// Measures what was restored in the window.
#[must_use]
pub fn measure(scope: &Scope<'_>, period: &Period) -> RecoveryTime {
    let streaks = attempt_streaks(scope);
    let attempts = streaks
        .iter()
        .filter_map(|streak| Some((streak, streak.until?)))
        .filter(|(_, at)| period.window.contains(*at))
        .map(|(streak, at)| streak.took(at));
    let mut out = RecoveryTime {
        attempt_recovery: Distribution::of(attempts),
        failures: Recoveries::of(failures(scope), period),
        with_failed_attempts: Recoveries::of(
            failures(scope).into_iter().chain(streaks).collect(),
            period,
        ),
        ..RecoveryTime::default()
    };
    incidents(scope, period, &mut out);
    out
}

/// Each failed deployment; the parts of a run are one, which is repaired when all of them are.
fn failures<'a>(scope: &'a Scope<'_>) -> Vec<Failure<'a>> {
    let mut out = Vec::new();
    for unit in scope.units.iter().filter(|u| u.effective) {
        let failed: Vec<_> = scope
            .deployments(unit)
            .filter(|d| d.failed && d.is_effective())
            .collect();
        let whole: Option<Vec<Instant>> = failed.iter().map(|d| d.restored_at).collect();
        out.extend(failed.first().map(|first| Failure {
            deployment: &first.id,
            from: first.finished_at,
            at: unit.at,
            until: whole.and_then(|all| all.into_iter().max()),
        }));
    }
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

/// Each streak of failed attempts that ended: when, and its seconds from finish to finish.
pub(super) fn attempt_recoveries(scope: &Scope<'_>) -> Vec<(Instant, f64)> {
    attempt_streaks(scope)
        .iter()
        .filter_map(|streak| streak.until.map(|at| (at, streak.took(at))))
        .collect()
}

/// Each streak of failed attempts of a service, named by its first and ended by the next success.
fn attempt_streaks<'a>(scope: &'a Scope<'_>) -> Vec<Failure<'a>> {
    let mut streaks: BTreeMap<Option<&str>, (&str, Instant)> = BTreeMap::new();
    let mut out = Vec::new();
    let mut own: Vec<usize> = scope.units.iter().flat_map(|u| u.members.clone()).collect();
    own.sort_unstable();
    for deployment in own.iter().map(|at| &scope.timeline.deployments[*at]) {
        let service = deployment.service.as_deref();
        if deployment.is_failed_attempt() {
            streaks
                .entry(service)
                .or_insert((&deployment.id, deployment.finished_at));
        } else if deployment.is_effective()
            && let Some((first, from)) = streaks.remove(&service)
        {
            out.push(Failure {
                deployment: first,
                from,
                at: from,
                until: Some(deployment.finished_at),
            });
        }
    }
    out.extend(streaks.into_values().map(|(deployment, from)| Failure {
        deployment,
        from,
        at: from,
        until: None,
    }));
    out
}
