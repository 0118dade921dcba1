//! The metrics over weeks and months, zeros included.

use super::v1::{Point, Series};
use crate::metric::{Bucket, Distribution, Period, Scope, bucket};

/// Both series of the window.
pub(super) fn of(scope: &Scope<'_>, period: &Period) -> Series {
    let points = |buckets: Vec<Bucket>| buckets.into_iter().map(|b| point(b, period)).collect();
    Series {
        weekly: points(bucket::weekly(scope, &period.window, period.calendar)),
        monthly: points(bucket::monthly(scope, &period.window, period.calendar)),
    }
}

/// Effective deployments a whole week of the covered window, for the dispersion check.
pub(super) fn weekly_counts(scope: &Scope<'_>, period: &Period) -> Vec<f64> {
    bucket::weekly(scope, &period.covered, period.calendar)
        .into_iter()
        .filter(|week| week.is_within(&period.covered))
        .map(|week| week.deployments as f64)
        .collect()
}

fn point(of: Bucket, period: &Period) -> Point {
    let partial = !of.is_within(&period.covered);
    let leads = Distribution::of(of.leads);
    Point {
        start: of.first.to_string(),
        partial,
        deployments: of.deployments,
        lead_time_median_seconds: leads.quantile(0.5),
        lead_time_p90_seconds: leads.quantile(0.9),
        failed: of.failed,
        rework: of.rework,
        recovery_median_seconds: Distribution::of(of.recoveries).quantile(0.5),
    }
}
