//! The spread of lead times and the hours in which waiting begins, as the document shows them.

use std::collections::BTreeMap;

use super::v1::{LeadTimeBand, WaitBegun};
use crate::metric::flow::{self, HourOfWeek};
use crate::metric::{Distribution, Period, Scope};

/// Every band; none without a lead time.
pub(super) fn bands(scope: &Scope<'_>, period: &Period) -> Vec<LeadTimeBand> {
    let whole = |seconds: i64| seconds.unsigned_abs();
    flow::bands(scope, period)
        .into_iter()
        .map(|band| LeadTimeBand {
            from_seconds: whole(band.from),
            to_seconds: band.to.map(whole),
            changes: band.changes,
        })
        .collect()
}

/// By stage; hours in which nothing began are left out.
pub(super) fn waits(scope: &Scope<'_>, period: &Period) -> BTreeMap<String, Vec<WaitBegun>> {
    let begun = |(at, took): (HourOfWeek, Distribution)| {
        Some(WaitBegun {
            weekday: at.weekday,
            hour: at.hour,
            n: took.n(),
            median_seconds: took.quantile(0.5)?,
        })
    };
    flow::waits(scope, period)
        .into_iter()
        .map(|(stage, hours)| {
            (
                stage.to_owned(),
                hours.into_iter().filter_map(begun).collect(),
            )
        })
        .collect()
}
