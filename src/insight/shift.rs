//! When it changed: change points of the weekly numbers, unusual weeks, and how evenly weeks are filled.
//!
//! A change point is Pettitt's, on ranks, over the whole weeks of both windows: a single one, since half a year
//! of weeks does not hold more. Unusual weeks are those outside the limits of natural variation (`XmR`) that
//! the weeks before them draw; these limits come from the differences of neighbouring weeks, so bursts widen
//! them.

use chrono::NaiveDate;

use super::gate::{MIN_BASELINE, MIN_SHIFT, MIN_WEEKLY};
use super::words::{number, span};
use super::{Insight, Level, Sight};
use crate::metric::stats::{quantile, rate, trend};
use crate::metric::{Bucket, Distribution};

/// Weeks that are judged, the latest ones.
const JUDGED: usize = 4;
/// Weeks before them that draw the limits, at most.
const BASELINE: usize = 20;

/// A change of level.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Shift {
    /// Monday of the first week after it.
    pub first_after: NaiveDate,
    /// Median of the weeks before.
    pub before: f64,
    /// Median of the weeks after.
    pub after: f64,
    /// Pettitt's p-value.
    pub p: f64,
    /// Weeks with a value.
    pub weeks: usize,
}

/// Where weekly values most likely changed their level, however unlikely that is: see `p`.
///
/// `weekly` are Mondays and values, oldest first; weeks without a value are left out. `None` below
/// [`MIN_SHIFT`] values and when one is not finite.
#[must_use]
pub fn shift(weekly: &[(NaiveDate, f64)]) -> Option<Shift> {
    if weekly.len() < MIN_SHIFT {
        return None;
    }
    let values: Vec<f64> = weekly.iter().map(|(_, value)| *value).collect();
    let found = trend::pettitt(&values)?;
    let (before, after) = values.split_at_checked(found.last_before + 1)?;
    let median = |of: &[f64]| quantile::median(&quantile::sorted(of));
    Some(Shift {
        first_after: weekly.get(before.len())?.0,
        before: median(before)?,
        after: median(after)?,
        p: found.p,
        weeks: values.len(),
    })
}

/// Deployments of each week.
#[must_use]
pub fn weekly_deployments(weeks: &[Bucket]) -> Vec<(NaiveDate, f64)> {
    weeks
        .iter()
        .map(|w| (w.first, w.deployments as f64))
        .collect()
}

/// Median lead time of each week that delivered a change.
#[must_use]
pub fn weekly_lead_times(weeks: &[Bucket]) -> Vec<(NaiveDate, f64)> {
    let median = |w: &Bucket| Distribution::of(w.leads.iter().copied()).quantile(0.5);
    weeks
        .iter()
        .filter_map(|w| median(w).map(|value| (w.first, value)))
        .collect()
}

/// A week with more or fewer deployments than the weeks before it explain.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Unusual {
    /// Its Monday.
    pub first: NaiveDate,
    /// Its deployments.
    pub deployments: u64,
    /// The limits of natural variation: the lower one at least 0.
    pub limits: [f64; 2],
}

/// Those of the last four weeks that lie outside the limits of up to twenty weeks before them.
///
/// Empty below [`MIN_BASELINE`] weeks before, and where those hold fewer than [`MIN_WEEKLY`] a week.
#[must_use]
pub fn unusual(weeks: &[Bucket]) -> Vec<Unusual> {
    let (earlier, judged) = weeks.split_at(weeks.len().saturating_sub(JUDGED));
    let counts: Vec<f64> = earlier
        .iter()
        .skip(earlier.len().saturating_sub(BASELINE))
        .map(|w| w.deployments as f64)
        .collect();
    let chart =
        trend::xmr(&counts).filter(|c| counts.len() >= MIN_BASELINE && c.centre >= MIN_WEEKLY);
    let Some(chart) = chart else {
        return Vec::new();
    };
    judged
        .iter()
        .filter(|w| chart.is_outside(w.deployments as f64))
        .map(|w| Unusual {
            first: w.first,
            deployments: w.deployments,
            limits: chart.limits.map(|limit| limit.max(0.0)),
        })
        .collect()
}

/// How unevenly deployments fall into weeks, around the mean of either window.
///
/// `None` without two weeks, or without a deployment.
#[must_use]
pub fn dispersion(sight: &Sight<'_>) -> Option<rate::Dispersion> {
    let of =
        |weeks: &[Bucket]| -> Vec<f64> { weeks.iter().map(|w| w.deployments as f64).collect() };
    let (before, now) = sight
        .weeks
        .split_at(sight.weeks.len() - sight.recent_weeks().len());
    rate::dispersion(&[&of(before), &of(now)])
}

/// Good news above 0.
fn level(gain: f64) -> Level {
    if gain > 0.0 {
        Level::Good
    } else if gain < 0.0 {
        Level::Warn
    } else {
        Level::Info
    }
}

/// Detector: deployments a week.
pub(super) fn frequency_shift(sight: &Sight<'_>) -> Option<Insight> {
    let found = shift(&weekly_deployments(sight.weeks))?;
    Some(Insight {
        id: "frequency_shift",
        level: level(found.after - found.before),
        says: format!(
            "Deployments changed in the week of {}: from {} a week to {} in the median.",
            found.first_after,
            number(found.before),
            number(found.after)
        ),
        because: Vec::new(),
        next: Some("Ask what was different from that week on.".to_owned()),
        p: Some(found.p),
    })
}

/// Detector: median lead time of the week.
pub(super) fn lead_time_shift(sight: &Sight<'_>) -> Option<Insight> {
    let found = shift(&weekly_lead_times(sight.weeks))?;
    Some(Insight {
        id: "lead_time_shift",
        level: level(found.before - found.after),
        says: format!(
            "Change lead time changed in the week of {}: weekly medians went from {} to {}.",
            found.first_after,
            span(found.before),
            span(found.after)
        ),
        because: Vec::new(),
        next: Some("Ask what was different from that week on.".to_owned()),
        p: Some(found.p),
    })
}

/// Detector: weeks outside their limits.
pub(super) fn unusual_weeks(sight: &Sight<'_>) -> Option<Insight> {
    let found = unusual(sight.weeks);
    let [low, high] = found.last()?.limits;
    let weeks: Vec<String> = found
        .iter()
        .map(|w| format!("{} ({})", w.first, w.deployments))
        .collect();
    Some(Insight {
        id: "unusual_week",
        level: Level::Info,
        says: format!(
            "Unusual number of deployments in the week of {}: between {} and {} is this team's natural variation.",
            weeks.join(", "),
            number(low),
            number(high)
        ),
        because: Vec::new(),
        next: None,
        p: None,
    })
}

/// Detector: deployments that come in bursts.
pub(super) fn deployment_bursts(sight: &Sight<'_>) -> Option<Insight> {
    // An index that is no larger than chance allows has nothing to say, whatever its p.
    let found = dispersion(sight).filter(|d| d.index > 1.5)?;
    Some(Insight {
        id: "deployment_bursts",
        level: Level::Info,
        says: format!(
            "Deployments come in bursts: weeks vary {} times as much as chance would make them.",
            number(found.index)
        ),
        because: Vec::new(),
        next: Some(
            "Look for what gathers changes: a release day, a freeze, a shared environment."
                .to_owned(),
        ),
        p: Some(found.p),
    })
}

#[cfg(test)]
mod tests {
    use super::super::sample::{deployments_a_week, found};
    use super::*;
    use serde_json::json;

    #[test]
    fn a_step_in_frequency_is_dated() {
        let counts: Vec<u64> = (0..26)
            .map(|w| if w < 14 { 2 + w % 2 } else { 9 + w % 3 })
            .collect();
        let history = deployments_a_week(&counts);
        let said = found("frequency_shift", &history).unwrap();
        assert_eq!(said.level, Level::Good);
        assert!(
            said.says.contains("from 3 a week to 10 in the median"),
            "{}",
            said.says
        );
        assert!(said.p.unwrap() < 0.001);
        let back: Vec<u64> = counts.iter().rev().copied().collect();
        assert_eq!(
            found("frequency_shift", &deployments_a_week(&back))
                .unwrap()
                .level,
            Level::Warn
        );
    }

    #[test]
    fn steady_or_few_weeks_hold_no_step() {
        let steady: Vec<u64> = (0..26).map(|w| 4 + w % 3).collect();
        assert_eq!(found("frequency_shift", &deployments_a_week(&steady)), None);
        assert_eq!(found("lead_time_shift", &deployments_a_week(&steady)), None);
        let short: Vec<(NaiveDate, f64)> = (0..10)
            .map(|w| (NaiveDate::default() + chrono::Days::new(7 * w), w as f64))
            .collect();
        assert_eq!(shift(&short), None);
        assert_eq!(shift(&[(NaiveDate::default(), f64::NAN); 20]), None);
    }

    #[test]
    fn a_step_in_lead_time_is_told_in_time() {
        let leads = |hours: fn(u64) -> u64| {
            let rows: Vec<_> = (0..26_u64)
                .flat_map(|week| (0..3_u64).map(move |n| (week, n)))
                .map(|(week, n)| {
                    let at = super::super::sample::week(week) + chrono::Duration::hours(24 * i64::try_from(n).unwrap() + 12);
                    let from = at - chrono::Duration::hours(i64::try_from(hours(week) + n).unwrap());
                    json!({"id": format!("d{week}-{n}"), "sha": format!("s{week}-{n}"), "finished_at": at,
                        "changes": [{"sha": format!("s{week}-{n}"), "committed_at": from}]})
                })
                .collect();
            json!({"deployments": rows})
        };
        let said = found(
            "lead_time_shift",
            &leads(|week| if week < 13 { 30 } else { 4 }),
        )
        .unwrap();
        assert_eq!(said.level, Level::Good);
        assert!(
            said.says.contains("from 31 hours to 5 hours"),
            "{}",
            said.says
        );
        assert_eq!(found("lead_time_shift", &leads(|week| 20 + week % 4)), None);
    }

    #[test]
    fn a_wild_week_stands_out_and_a_calm_one_does_not() {
        let mut counts: Vec<u64> = (0..26).map(|w| 5 + w % 3).collect();
        assert_eq!(found("unusual_week", &deployments_a_week(&counts)), None);
        counts[23] = 20;
        let said = found("unusual_week", &deployments_a_week(&counts)).unwrap();
        assert!(said.says.contains("(20)"), "{}", said.says);
        let rare: Vec<u64> = (0..26)
            .map(|w| if w == 23 { 6 } else { u64::from(w % 2 == 0) })
            .collect();
        assert_eq!(
            found("unusual_week", &deployments_a_week(&rare)),
            None,
            "too few a week"
        );
    }

    #[test]
    fn bursts_are_told_from_even_weeks() {
        let bursts: Vec<u64> = (0..26).map(|w| if w % 4 == 0 { 14 } else { 0 }).collect();
        let said = found("deployment_bursts", &deployments_a_week(&bursts)).unwrap();
        assert!(said.p.unwrap() < 1e-6);
        let even: Vec<u64> = (0..26).map(|w| 3 + w % 2).collect();
        assert_eq!(found("deployment_bursts", &deployments_a_week(&even)), None);
    }
}
