//! The metrics over weeks and months, zeros included.

use std::collections::BTreeMap;

use chrono::NaiveDate;

use super::v1::{Point, Series};
use crate::event::{Instant, Window};
use crate::metric::{Distribution, Period, Scope};

#[derive(Default)]
struct Bucket {
    deployments: u64,
    failed: u64,
    rework: u64,
    leads: Vec<f64>,
    recoveries: Vec<f64>,
}

/// Both series of the window.
pub(super) fn of(scope: &Scope<'_>, period: &Period) -> Series {
    let calendar = period.calendar;
    let weeks = calendar.weeks_of(&period.window);
    let months = calendar.months_of(&period.window);
    Series {
        weekly: points(
            scope,
            period,
            &weeks,
            |at| calendar.week(at),
            |first| first + chrono::Days::new(7),
        ),
        monthly: points(
            scope,
            period,
            &months,
            |at| calendar.month(at),
            |first| first + chrono::Months::new(1),
        ),
    }
}

/// Effective deployments a whole week of the covered window, for the dispersion check.
pub(super) fn weekly_counts(scope: &Scope<'_>, period: &Period) -> Vec<f64> {
    let calendar = period.calendar;
    let mut counts: BTreeMap<NaiveDate, f64> = calendar
        .weeks_of(&period.covered)
        .into_iter()
        .filter(|monday| {
            whole(
                &calendar_span(period, *monday, *monday + chrono::Days::new(7)),
                period,
            )
        })
        .map(|monday| (monday, 0.0))
        .collect();
    for unit in scope.effective_in(period.window) {
        if let Some(count) = counts.get_mut(&calendar.week(unit.at)) {
            *count += 1.0;
        }
    }
    counts.into_values().collect()
}

fn calendar_span(period: &Period, first: NaiveDate, next: NaiveDate) -> Window {
    Window {
        from: period.calendar.start_of(first),
        to: period.calendar.start_of(next),
    }
}

fn whole(span: &Window, period: &Period) -> bool {
    period.covered.from <= span.from && span.to <= period.covered.to
}

fn points(
    scope: &Scope<'_>,
    period: &Period,
    starts: &[NaiveDate],
    start: impl Fn(Instant) -> NaiveDate,
    next: impl Fn(NaiveDate) -> NaiveDate,
) -> Vec<Point> {
    let mut buckets: BTreeMap<NaiveDate, Bucket> =
        starts.iter().map(|s| (*s, Bucket::default())).collect();
    for unit in scope.units.iter().filter(|u| u.effective) {
        let failed: Vec<_> = scope.deployments(unit).filter(|d| d.failed).collect();
        let restored = failed.iter().filter_map(|d| d.restored_at).max();
        if let Some(at) = restored.filter(|at| period.window.contains(*at))
            && failed.iter().all(|d| d.restored_at.is_some())
            && let Some(bucket) = buckets.get_mut(&start(at))
        {
            let took = failed.iter().filter_map(|d| d.restored_after()).max();
            bucket.recoveries.extend(took.map(|s| s as f64));
        }
        if !period.window.contains(unit.at) {
            continue;
        }
        let Some(bucket) = buckets.get_mut(&start(unit.at)) else {
            continue;
        };
        bucket.deployments += 1;
        bucket.failed += u64::from(!failed.is_empty());
        bucket.rework += u64::from(scope.deployments(unit).any(|d| d.rework.is_some()));
        for deployment in scope.deployments(unit) {
            bucket.leads.extend(
                deployment
                    .changes
                    .iter()
                    .map(|c| &scope.timeline.changes[*c])
                    .filter(|c| !c.bot)
                    .filter_map(|c| c.lead_time().filter(|s| *s >= 0))
                    .map(|s| s as f64),
            );
        }
    }
    buckets
        .into_iter()
        .map(|(first, bucket)| {
            let leads = Distribution::of(bucket.leads);
            Point {
                start: first.to_string(),
                partial: !whole(&calendar_span(period, first, next(first)), period),
                deployments: bucket.deployments,
                lead_time_median_seconds: leads.quantile(0.5),
                lead_time_p90_seconds: leads.quantile(0.9),
                failed: bucket.failed,
                rework: bucket.rework,
                recovery_median_seconds: Distribution::of(bucket.recoveries).quantile(0.5),
            }
        })
        .collect()
}
