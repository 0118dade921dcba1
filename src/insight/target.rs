//! Are promises kept: targets judged on intervals, with the way to their day, and guardrails on deltas.
//!
//! A target is met or missed only when the whole 95 % interval says so. Shares are judged by
//! Clopper–Pearson, which never claims more certainty than it has; percentiles by order statistics, where
//! a failure that is still open counts as its age at least and as endless at most; a frequency by the
//! exact Poisson interval, widened where deployments come in bursts.

use std::collections::BTreeMap;

use crate::config::{Bound, Config, FailedAttempts, Measure, Target};
use crate::event::{Instant, seconds_between};
use crate::metric::change_lead_time::ChangeLeadTime;
use crate::metric::stats::{proportion, quantile, rate};
use crate::metric::{
    Distribution, Period, Proportion, Scope, change_fail_rate, change_lead_time,
    deployment_frequency, deployment_rework_rate, failed_deployment_recovery_time,
};

const CONFIDENCE: f64 = 0.95;
const WEEK: f64 = 604_800.0;

/// How a target stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum State {
    /// The whole interval keeps the limit.
    Met,
    /// The whole interval breaks it, and it had to hold.
    Missed,
    /// The whole interval breaks it, and its day has not come.
    NotYet,
    /// The interval spans the limit.
    NotSure,
    /// There is nothing to judge.
    NoData,
}

impl State {
    /// The word in reports.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Met => "met",
            Self::Missed => "missed",
            Self::NotYet => "not_yet",
            Self::NotSure => "not_sure",
            Self::NoData => "no_data",
        }
    }
}

/// What is known of the promised number.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Reading {
    /// In the measure's quantity.
    pub value: Option<f64>,
    /// Low end of the 95 % interval; `None`: not known, 0 at least.
    pub low: Option<f64>,
    /// High end; `None`: unbounded.
    pub high: Option<f64>,
    /// Events behind it, open failures included.
    pub n: u64,
    /// Why there is no value (rule MD1).
    pub reason: Option<&'static str>,
    /// What an interval would need.
    pub lacks: Option<String>,
}

/// The straight way from where it began to the limit on its day.
#[derive(Debug, Clone, PartialEq)]
pub struct Progress {
    /// First moment after the promised day.
    pub due: Instant,
    /// From the window's end to `due`, 0 at least.
    pub weeks_left: f64,
    /// The value of the window before, taken for that window's end.
    pub baseline: Option<f64>,
    /// Where the straight line from there to the limit is now.
    pub expected: Option<f64>,
    /// The interval against that line; never [`State::NotYet`].
    pub pace: State,
    /// Change a week that reaches the limit on its day; `None`: reached already, or too late.
    pub needed_per_week: Option<f64>,
}

/// The verdict on one target.
#[derive(Debug, Clone, PartialEq)]
pub struct Judgement {
    /// One of five.
    pub state: State,
    /// What it stands on.
    pub reading: Reading,
    /// Only of a target with a day.
    pub progress: Option<Progress>,
}

/// Judges one target in the scope it speaks of.
#[must_use]
pub fn judge(
    target: &Target,
    scope: &Scope<'_>,
    period: &Period,
    before: &Period,
    config: &Config,
) -> Judgement {
    let reading = read(target, scope, period, config);
    let now = period.window.to.min(period.now);
    let due = target.by.map(|day| {
        let next = day.succ_opt().unwrap_or(day);
        period.calendar.start_of(next)
    });
    let mut state = verdict(target.bound, target.limit, &reading);
    if state == State::Missed && due.is_some_and(|due| now < due) {
        state = State::NotYet;
    }
    let progress = due.map(|due| {
        let baseline = read(target, scope, before, config).value;
        progress(target, &reading, baseline, (before.window.to, now, due))
    });
    Judgement {
        state,
        reading,
        progress,
    }
}

/// The interval against a limit.
fn verdict(bound: Bound, limit: f64, reading: &Reading) -> State {
    let low = reading.low.unwrap_or(0.0);
    let high = reading.high.unwrap_or(f64::INFINITY);
    let (worst, best) = if bound.is_ceiling() {
        (high, low)
    } else {
        (low, high)
    };
    if reading.n == 0 && reading.reason.is_some() {
        State::NoData
    } else if bound.holds(limit, worst) {
        State::Met
    } else if !bound.holds(limit, best) {
        State::Missed
    } else if reading.value.is_none() {
        State::NoData
    } else {
        State::NotSure
    }
}

fn progress(
    target: &Target,
    reading: &Reading,
    baseline: Option<f64>,
    (begun, now, due): (Instant, Instant, Instant),
) -> Progress {
    let whole = seconds_between(begun, due) as f64;
    let gone = seconds_between(begun, now) as f64;
    let share = if whole > 0.0 {
        (gone / whole).clamp(0.0, 1.0)
    } else {
        1.0
    };
    let expected = baseline.map(|from| {
        // What began beyond the limit need not come back to it.
        if target.bound.holds(target.limit, from) {
            target.limit
        } else {
            from + (target.limit - from) * share
        }
    });
    let line = if target.bound.is_ceiling() {
        Bound::AtMost
    } else {
        Bound::AtLeast
    };
    let weeks_left = (seconds_between(now, due) as f64 / WEEK).max(0.0);
    let needed_per_week = reading
        .value
        .filter(|value| weeks_left > 0.0 && !target.bound.holds(target.limit, *value))
        .map(|value| (target.limit - value) / weeks_left);
    Progress {
        due,
        weeks_left,
        baseline,
        expected,
        pace: expected.map_or(State::NoData, |at| verdict(line, at, reading)),
        needed_per_week,
    }
}

fn read(target: &Target, scope: &Scope<'_>, period: &Period, config: &Config) -> Reading {
    let q = f64::from(target.percentile) / 100.0;
    let counted = config.rules.failed_attempts == FailedAttempts::Count;
    match target.measure {
        Measure::DeploymentFrequency => frequency(scope, period),
        Measure::ChangeLeadTime => lead(scope, period, q, None, |m| &m.all),
        Measure::PrCreatedToDeploy => lead(scope, period, q, Some("pull request"), |m| {
            &m.pr_created_to_deploy
        }),
        Measure::MergeToDeploy => lead(scope, period, q, Some("merge"), |m| &m.merge_to_deploy),
        Measure::FailedDeploymentRecoveryTime => {
            let m = failed_deployment_recovery_time::measure(scope, period);
            let headline = m.headline(counted);
            let open: Vec<f64> = headline.open.iter().map(|(_, age)| *age).collect();
            let reason = if open.is_empty() {
                "no_failures"
            } else {
                "all_open"
            };
            duration(&headline.restored, &open, q, reason, "failed deployments")
        }
        Measure::ChangeFailRate => {
            let m = change_fail_rate::measure(scope, period);
            let of = if counted {
                m.with_failed_attempts
            } else {
                m.rate
            };
            // Without evidence a rate of 0 says nothing.
            let blind = (!m.any_evidence && of.hits == 0).then_some("no_incident_source");
            share(of, blind)
        }
        Measure::DeploymentReworkRate => {
            share(deployment_rework_rate::measure(scope, period).rate, None)
        }
    }
}

/// One of the ways to time a change; `begins` is what it needs to be known of it.
fn lead(
    scope: &Scope<'_>,
    period: &Period,
    q: f64,
    begins: Option<&str>,
    of: fn(&ChangeLeadTime) -> &Distribution,
) -> Reading {
    let m = change_lead_time::measure(scope, period);
    let reason = if m.any_deployment && m.only_baselines {
        "baseline_only"
    } else {
        "no_deployments"
    };
    let mut reading = duration(of(&m), &[], q, reason, "changes");
    if reading.n == 0 && m.all.n() > 0 {
        reading.lacks = begins.map(|what| format!("no {what} of the delivered changes is known"));
    }
    reading
}

fn frequency(scope: &Scope<'_>, period: &Period) -> Reading {
    let m = deployment_frequency::measure(scope, period);
    let missing = if scope.units.is_empty() {
        Some("no_deployments")
    } else if m.per_day.is_none() {
        Some("short_history")
    } else {
        None
    };
    if missing.is_some() {
        return Reading {
            reason: missing,
            ..Reading::default()
        };
    }
    let weeks = weekly(scope, period);
    let bursts = rate::dispersion(&[&weeks]).filter(rate::Dispersion::is_bursty);
    let interval = match bursts {
        // Clusters are counted instead of deployments: the same rate of fewer events.
        Some(found) => {
            let clusters = (m.count as f64 / found.index).floor();
            let of = rate::poisson_interval(whole(clusters), 1.0, CONFIDENCE);
            let scale = if clusters > 0.0 {
                m.per_day.unwrap_or(0.0) / clusters
            } else {
                0.0
            };
            of.filter(|_| clusters > 0.0)
                .map(|ends| ends.map(|end| end * scale))
        }
        None => m.interval95,
    };
    Reading {
        value: m.per_day,
        low: interval.map(|i| i[0]),
        high: interval.map(|i| i[1]),
        n: m.count,
        reason: None,
        lacks: None,
    }
}

/// A count that is far below 2^52.
fn whole(count: f64) -> u64 {
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "a count divided by an index above 1"
    )]
    let count = count.max(0.0) as u64;
    count
}

/// Effective deployments of the whole weeks that the history covers.
pub(super) fn weekly(scope: &Scope<'_>, period: &Period) -> Vec<f64> {
    let calendar = period.calendar;
    let mut weeks: BTreeMap<_, f64> = calendar
        .weeks_of(&period.covered)
        .into_iter()
        .filter(|monday| {
            calendar.start_of(*monday) >= period.covered.from
                && calendar.start_of(*monday + chrono::Days::new(7)) <= period.covered.to
        })
        .map(|monday| (monday, 0.0))
        .collect();
    for unit in scope.effective_in(period.window) {
        if let Some(count) = weeks.get_mut(&calendar.week(unit.at)) {
            *count += 1.0;
        }
    }
    weeks.into_values().collect()
}

fn duration(
    ended: &Distribution,
    open: &[f64],
    q: f64,
    reason: &'static str,
    what: &str,
) -> Reading {
    let at_least = Distribution::of(ended.values.iter().chain(open).copied());
    let n = at_least.values.len();
    let (low, high) = quantile::ranks(n, q, CONFIDENCE);
    let low = low.and_then(|rank| at_least.values.get(rank - 1)).copied();
    // Open ones may take forever: they stand behind all that have ended.
    let high = high.and_then(|rank| ended.values.get(rank - 1)).copied();
    let lacks = (n > 0 && low.is_none() && high.is_none()).then(|| {
        let enough = |m: &usize| {
            let (low, high) = quantile::ranks(*m, q, CONFIDENCE);
            low.is_some() || high.is_some()
        };
        let needed = (n..400).find(enough).unwrap_or(400);
        format!("an interval needs {needed} {what}, and there are {n}")
    });
    let value = ended.quantile(q);
    Reading {
        value,
        low,
        high,
        n: n as u64,
        reason: value.is_none().then_some(reason),
        lacks,
    }
}

fn share(of: Proportion, blind: Option<&'static str>) -> Reading {
    let reason = if of.total == 0 {
        Some("no_deployments")
    } else {
        blind
    };
    if reason.is_some() {
        return Reading {
            reason,
            ..Reading::default()
        };
    }
    let interval = proportion::clopper_pearson(of.hits, of.total, CONFIDENCE);
    Reading {
        value: of.ratio(),
        low: interval.map(|i| i[0]),
        high: interval.map(|i| i[1]),
        n: of.total,
        reason: None,
        lacks: None,
    }
}

/// How a guardrail stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Rail {
    /// What must not happen was not detected, or its condition was not.
    Held,
    /// It happened while its condition did.
    Broken,
    /// Too little data to tell.
    NotSure,
}

impl Rail {
    /// The word in reports.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Held => "held",
            Self::Broken => "broken",
            Self::NotSure => "not_sure",
        }
    }
}

/// A guardrail from what is known of both movements: `None` where there is too little data. Without a condition the
/// second is `Some(true)`.
#[must_use]
pub fn guard(never: Option<bool>, during: Option<bool>) -> Rail {
    match (never, during) {
        (Some(true), Some(true)) => Rail::Broken,
        (Some(false), _) | (_, Some(false)) => Rail::Held,
        (None, _) | (_, None) => Rail::NotSure,
    }
}

#[cfg(test)]
mod tests {
    #![expect(clippy::float_cmp, reason = "exact by construction")]

    use super::*;
    use crate::config::parse_target;
    use crate::event::parse_instant;

    fn seconds(values: &[f64]) -> Distribution {
        Distribution::of(values.iter().copied())
    }

    fn stands(text: &str, reading: &Reading) -> State {
        let target = parse_target(text).unwrap();
        verdict(target.bound, target.limit, reading)
    }

    #[test]
    fn a_share_is_met_or_missed_only_by_its_whole_exact_interval() {
        // Clopper–Pearson: 0 of 59 reaches to 6.06 %, 9 of 216 from 1.92 % to 7.76 %.
        let none = share(Proportion { hits: 0, total: 59 }, None);
        assert_eq!(stands("cfr <= 7%", &none), State::Met);
        assert_eq!(stands("cfr <= 5%", &none), State::NotSure);
        let some = share(
            Proportion {
                hits: 9,
                total: 216,
            },
            None,
        );
        assert_eq!(stands("cfr <= 1.9%", &some), State::Missed);
        assert_eq!(stands("cfr <= 2%", &some), State::NotSure);
        assert_eq!(stands("cfr <= 8%", &some), State::Met);
        let nothing = share(Proportion::default(), None);
        assert_eq!(stands("cfr <= 8%", &nothing), State::NoData);
        let blind = share(
            Proportion {
                hits: 0,
                total: 500,
            },
            Some("no_incident_source"),
        );
        assert_eq!(stands("cfr <= 8%", &blind), State::NoData);
    }

    #[test]
    fn a_percentile_needs_as_many_values_as_its_interval() {
        let hours = |n: i32| seconds(&(1..=n).map(|h| f64::from(h) * 3600.0).collect::<Vec<_>>());
        let few = duration(&hours(3), &[], 0.5, "no_deployments", "changes");
        assert_eq!(stands("lt <= 1m", &few), State::NotSure);
        assert_eq!(
            few.lacks.as_deref(),
            Some("an interval needs 6 changes, and there are 3")
        );
        // The interval of the median of ten reaches from the second to the ninth.
        let ten = duration(&hours(10), &[], 0.5, "no_deployments", "changes");
        assert_eq!((ten.low, ten.high), (Some(7200.0), Some(32_400.0)));
        assert_eq!(stands("lt <= 9h", &ten), State::Met);
        assert_eq!(stands("lt < 2h", &ten), State::Missed);
        assert_eq!(stands("lt <= 2h", &ten), State::NotSure);
        // Ten values have no upper end for the 90th percentile, and a lower one.
        let p90 = duration(&hours(10), &[], 0.9, "no_deployments", "changes");
        assert_eq!((p90.low.is_some(), p90.high), (true, None));
        assert_eq!(stands("lt.p90 <= 1h", &p90), State::Missed);
        assert_eq!(stands("lt.p90 <= 99h", &p90), State::NotSure);
    }

    #[test]
    fn what_is_still_open_can_only_make_a_recovery_longer() {
        let quick = seconds(&[60.0; 6]);
        let closed = duration(&quick, &[], 0.5, "no_failures", "failed deployments");
        assert_eq!(stands("mttr <= 5m", &closed), State::Met);
        let open = duration(&quick, &[90.0; 6], 0.5, "no_failures", "failed deployments");
        assert_eq!((open.n, open.value, open.high), (12, Some(60.0), None));
        assert_eq!(stands("mttr <= 5m", &open), State::NotSure);
        // Nothing has ended, and all of it has taken too long already.
        let never = duration(
            &seconds(&[]),
            &[7200.0; 8],
            0.5,
            "all_open",
            "failed deployments",
        );
        assert_eq!(stands("mttr <= 1h", &never), State::Missed);
        assert_eq!(stands("mttr <= 5h", &never), State::NoData);
    }

    #[test]
    fn the_way_to_a_day_is_a_straight_line_from_the_window_before() {
        let at = |day: &str| parse_instant(day).unwrap();
        let target = parse_target("lt <= 10h by 2026-03-11").unwrap();
        let reading = Reading {
            value: Some(20.0 * 3600.0),
            low: Some(19.0 * 3600.0),
            high: Some(21.0 * 3600.0),
            n: 50,
            ..Reading::default()
        };
        let days = (at("2026-01-01"), at("2026-01-29"), at("2026-03-12"));
        let way = progress(&target, &reading, Some(30.0 * 3600.0), days);
        // 28 of 70 days: two fifths of the way from 30 to 10 hours.
        assert_eq!(way.expected, Some(22.0 * 3600.0));
        assert_eq!(way.pace, State::Met);
        assert_eq!(way.weeks_left, 6.0);
        assert_eq!(way.needed_per_week, Some(-6000.0));
        let slower = progress(&target, &reading, Some(20.0 * 3600.0), days);
        assert_eq!(slower.expected, Some(16.0 * 3600.0));
        assert_eq!(slower.pace, State::Missed);
        let over = progress(
            &target,
            &reading,
            None,
            (days.0, at("2026-04-01"), at("2026-03-12")),
        );
        assert_eq!((over.weeks_left, over.needed_per_week), (0.0, None));
        assert_eq!((over.expected, over.pace), (None, State::NoData));
    }

    #[test]
    fn every_name_of_a_metric_is_its_name_in_a_promise() {
        use crate::metric::{METRICS, Unit};
        for metric in &METRICS {
            let limit = match metric.unit {
                Unit::PerDay => "1/day",
                Unit::Seconds => "1h",
                Unit::Ratio => "1%",
            };
            for name in metric.aliases.iter().chain([&metric.id]) {
                let target = parse_target(&format!("{name} <= {limit}")).unwrap();
                assert_eq!(target.measure.name(), metric.id, "{name}");
            }
        }
    }

    #[test]
    fn a_guardrail_breaks_only_when_both_movements_were_detected() {
        let yes = Some(true);
        let no = Some(false);
        assert_eq!(guard(yes, yes), Rail::Broken);
        assert_eq!(guard(yes, no), Rail::Held);
        assert_eq!(guard(no, None), Rail::Held);
        assert_eq!(guard(None, yes), Rail::NotSure);
        assert_eq!(guard(yes, None), Rail::NotSure);
    }
}
