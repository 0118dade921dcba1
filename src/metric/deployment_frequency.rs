//! Deployment frequency (rules DF1 to DF4).

use std::collections::{BTreeMap, BTreeSet};

use chrono::NaiveDate;

use super::{Distribution, Period, Scope, stats::rate};
use crate::event::seconds_between;

/// How often production is deployed to.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct DeploymentFrequency {
    /// Effective deployments.
    pub count: u64,
    /// Days of the window that the history covers.
    pub covered_days: f64,
    /// Over covered days.
    pub per_day: Option<f64>,
    /// Exact Poisson interval of `per_day`.
    pub interval95: Option<[f64; 2]>,
    /// Days with at least one.
    pub active_days: u64,
    /// Median of active days over the weeks.
    pub active_days_per_week_median: Option<f64>,
    /// From one to the next, by the later one's window.
    pub time_between: Distribution,
    /// Those that brought a change, or are a baseline.
    pub change_bearing: u64,
    /// Records of effective deployments and failed attempts.
    pub attempts: u64,
    /// Attempts that took no effect.
    pub failed_attempts: u64,
    /// Cancelled, skipped and pending ones.
    pub ignored: u64,
    /// By environment.
    pub by_environment: BTreeMap<String, u64>,
}

impl DeploymentFrequency {
    /// Effective over effective and failed attempts.
    #[must_use]
    pub fn success_rate(&self) -> Option<f64> {
        let tried = self.count + self.failed_attempts;
        (tried > 0).then(|| self.count as f64 / tried as f64)
    }
}

/// Counts.
#[must_use]
pub fn measure(scope: &Scope<'_>, period: &Period) -> DeploymentFrequency {
    let mut out = DeploymentFrequency {
        covered_days: period.covered.days(),
        ..DeploymentFrequency::default()
    };
    let mut days = BTreeSet::new();
    let mut gaps = Vec::new();
    let mut before = None;
    for unit in &scope.units {
        let inside = period.window.contains(unit.at);
        if inside {
            let records: u64 = scope.deployments(unit).map(|d| d.attempts).sum();
            if unit.effective {
                out.count += 1;
                out.attempts += records;
                days.insert(period.calendar.day(unit.at));
                gaps.extend(before.map(|b| seconds_between(b, unit.at) as f64));
                let bears = scope
                    .deployments(unit)
                    .any(|d| d.is_effective() && (d.baseline || !d.changes.is_empty()));
                out.change_bearing += u64::from(bears);
                let environments: BTreeSet<&str> = scope
                    .deployments(unit)
                    .filter(|d| d.is_effective())
                    .map(|d| d.environment.as_str())
                    .collect();
                for name in environments {
                    *out.by_environment.entry(name.to_owned()).or_default() += 1;
                }
            } else if unit.failed_attempt {
                out.failed_attempts += 1;
                out.attempts += records;
            } else {
                out.ignored += 1;
            }
        }
        if unit.effective {
            before = Some(unit.at);
        }
    }
    out.active_days = days.len() as u64;
    let mut per_week: BTreeMap<NaiveDate, f64> = period
        .calendar
        .weeks_of(&period.covered)
        .into_iter()
        .map(|monday| (monday, 0.0))
        .collect();
    for day in &days {
        let week = per_week.range_mut(..=*day).next_back();
        if let Some((_, active)) = week.filter(|(monday, _)| (*day - **monday).num_days() < 7) {
            *active += 1.0;
        }
    }
    out.active_days_per_week_median = Distribution::of(per_week.into_values()).quantile(0.5);
    out.time_between = Distribution::of(gaps);
    if out.covered_days > 0.0 {
        // A history of an hour does not say what a day will bring: a day is the least a rate is taken over.
        let days = out.covered_days.max(period.window.days().min(1.0));
        out.per_day = Some(out.count as f64 / days);
        out.interval95 = rate::poisson_interval(out.count, days, 0.95);
    }
    out
}
