//! Change fail rate (rules CF4 to CF7).

use super::{Period, Proportion, Scope, silence};

/// How many deployments fail.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct ChangeFailRate {
    /// Failed over effective.
    pub rate: Proportion,
    /// Failed attempts on both sides as well.
    pub with_failed_attempts: Proportion,
    /// One failed deployment each, in order.
    pub failed_ids: Vec<String>,
    /// The same with failed attempts among them.
    pub failed_ids_with_attempts: Vec<String>,
    /// Deployments of the last 24 hours, whose incidents may still come (rule W5).
    pub provisional: u64,
    /// Incidents opened in the window that nothing explains.
    pub unattributed: Vec<String>,
    /// There is an incident, or other evidence, anywhere in the history.
    pub any_evidence: bool,
    /// Incidents were recorded once, and are not any more: then the rate is not known (rule CF6).
    pub silent: Option<silence::Silence>,
}

/// Counts failures; each deployment once.
#[must_use]
pub fn measure(scope: &Scope<'_>, period: &Period) -> ChangeFailRate {
    let mut out = ChangeFailRate::default();
    for unit in scope.units.iter().filter(|u| period.window.contains(u.at)) {
        let failed = scope.deployments(unit).find(|d| {
            if unit.effective {
                d.failed && d.is_effective()
            } else {
                d.is_failed_attempt()
            }
        });
        if unit.effective {
            out.rate.total += 1;
            out.rate.hits += u64::from(failed.is_some());
            out.failed_ids.extend(failed.map(|d| d.id.clone()));
            out.provisional += u64::from(period.now - unit.at < chrono::Duration::hours(24));
        }
        if unit.effective || unit.failed_attempt {
            out.with_failed_attempts.total += 1;
            out.with_failed_attempts.hits += u64::from(failed.is_some());
            out.failed_ids_with_attempts
                .extend(failed.map(|d| d.id.clone()));
        }
    }
    out.unattributed = scope
        .timeline
        .incidents
        .iter()
        .filter(|i| i.blamed.is_none() && period.window.contains(i.opened_at))
        .filter(|i| scope.service.is_none() || i.service.as_deref() == scope.service)
        .map(|i| i.id.clone())
        .collect();
    out.silent = silence::find(scope.timeline, period);
    out.any_evidence = !scope.timeline.incidents.is_empty()
        || scope
            .timeline
            .deployments
            .iter()
            .any(|d| !d.evidence.is_empty());
    out
}
