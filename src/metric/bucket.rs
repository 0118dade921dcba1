//! What happened week by week or month by month, zeros included.

use std::collections::BTreeMap;

use chrono::{Days, Months, NaiveDate};

use super::{Scope, failed_deployment_recovery_time};
use crate::event::{Calendar, Instant, Window};

/// One week or month of a scope.
#[derive(Debug, Clone, PartialEq)]
pub struct Bucket {
    /// Its first local day.
    pub first: NaiveDate,
    /// From its first moment to the first of the next one.
    pub span: Window,
    /// Effective deployments.
    pub deployments: u64,
    /// Of them, failed.
    pub failed: u64,
    /// Of them, rework.
    pub rework: u64,
    /// Attempts that took no effect.
    pub failed_attempts: u64,
    /// Seconds of lead time of the changes delivered; bots and negative ones apart.
    pub leads: Vec<f64>,
    /// Seconds of recovery of failed deployments restored in it.
    pub recoveries: Vec<f64>,
    /// Seconds from the first failed attempt of a streak to the success in it.
    pub attempt_recoveries: Vec<f64>,
}

impl Bucket {
    fn new(calendar: Calendar, first: NaiveDate, next: NaiveDate) -> Self {
        Self {
            first,
            span: Window {
                from: calendar.start_of(first),
                to: calendar.start_of(next),
            },
            deployments: 0,
            failed: 0,
            rework: 0,
            failed_attempts: 0,
            leads: Vec::new(),
            recoveries: Vec::new(),
            attempt_recoveries: Vec::new(),
        }
    }

    /// All of it lies in `covered`.
    #[must_use]
    pub fn is_within(&self, covered: &Window) -> bool {
        covered.from <= self.span.from && self.span.to <= covered.to
    }
}

/// The ISO weeks that the window touches; only what lies in the window is counted.
#[must_use]
pub fn weekly(scope: &Scope<'_>, window: &Window, calendar: Calendar) -> Vec<Bucket> {
    let empty = calendar
        .weeks_of(window)
        .into_iter()
        .map(|monday| Bucket::new(calendar, monday, monday + Days::new(7)));
    filled(scope, window, empty, |at| calendar.week(at))
}

/// The months that the window touches, likewise.
#[must_use]
pub fn monthly(scope: &Scope<'_>, window: &Window, calendar: Calendar) -> Vec<Bucket> {
    let empty = calendar
        .months_of(window)
        .into_iter()
        .map(|first| Bucket::new(calendar, first, first + Months::new(1)));
    filled(scope, window, empty, |at| calendar.month(at))
}

fn filled(
    scope: &Scope<'_>,
    window: &Window,
    empty: impl Iterator<Item = Bucket>,
    start: impl Fn(Instant) -> NaiveDate,
) -> Vec<Bucket> {
    let mut buckets: BTreeMap<NaiveDate, Bucket> = empty.map(|b| (b.first, b)).collect();
    let mut at = |at: Instant, count: &mut dyn FnMut(&mut Bucket)| {
        if window.contains(at)
            && let Some(bucket) = buckets.get_mut(&start(at))
        {
            count(bucket);
        }
    };
    for unit in &scope.units {
        if unit.failed_attempt {
            at(unit.at, &mut |b| b.failed_attempts += 1);
        }
        if !unit.effective {
            continue;
        }
        let failed: Vec<_> = scope.deployments(unit).filter(|d| d.failed).collect();
        let rework = scope.deployments(unit).any(|d| d.rework.is_some());
        at(unit.at, &mut |b| {
            b.deployments += 1;
            b.failed += u64::from(!failed.is_empty());
            b.rework += u64::from(rework);
        });
        let whole: Option<Vec<Instant>> = failed.iter().map(|d| d.restored_at).collect();
        let took = failed.iter().filter_map(|d| d.restored_after()).max();
        if let Some((restored, took)) = whole.and_then(|all| all.into_iter().max()).zip(took) {
            at(restored, &mut |b| b.recoveries.push(took as f64));
        }
    }
    for change in scope.changes().filter(|c| !c.bot) {
        if let Some(lead) = change.lead_time().filter(|s| *s >= 0) {
            at(change.deployed_at, &mut |b| b.leads.push(lead as f64));
        }
    }
    for (restored, took) in failed_deployment_recovery_time::attempt_recoveries(scope) {
        at(restored, &mut |b| b.attempt_recoveries.push(took));
    }
    buckets.into_values().collect()
}
