//! How good against the industry: the place on DORA's Quick Check scale of 2025, 0 to 10.
//!
//! The Quick Check asks for one of six answers about times and frequency, worth 0, 2, 4, 6, 8 and 10, and
//! for a percentage about the rates, worth 10 minus a tenth of it. It publishes the industry's mean and
//! standard deviation of these scores and no percentiles, so a place is given in standard deviations (`z`)
//! and in nothing finer. What is measured is turned into an answer by these rules, which are ours:
//!
//! 1. Times: the answer that holds the median. An end that two answers share belongs to the better one,
//!    except that "less than" excludes its own end.
//! 2. Frequency: the answers overlap, so days decide. On demand: in the median two deployments or more on a
//!    day with any, and such days are 60 % of the working days. Between once an hour and once a day: a median
//!    of three such days a week. Between once a day and once a week: a median of one. Then at least one
//!    deployment a month, at least one in six months. A window without any deployment has no place.
//! 3. Rates: the score of the share; fewer than five events, or no evidence at all, have no place.

use std::collections::BTreeMap;
use std::sync::LazyLock;

use serde::Deserialize;

use super::gate::MIN_RATED;
use crate::metric::deployment_frequency::DeploymentFrequency;
use crate::metric::{Distribution, Period, Scope};

const HOUR: f64 = 3600.0;
const DAY: f64 = 86_400.0;
const MONTH_DAYS: f64 = 30.4375;

/// The answers about times, best first: what each is below, and its words.
const TIMES: [(f64, &str); 5] = [
    (HOUR, "less than one hour"),
    (DAY, "less than one day"),
    (7.0 * DAY, "between one day and one week"),
    (MONTH_DAYS * DAY, "between one week and one month"),
    (6.0 * MONTH_DAYS * DAY, "between one month and six months"),
];
const SLOWEST: &str = "more than six months";

/// The answers about frequency, best first.
const FREQUENCIES: [&str; 5] = [
    "on demand (multiple deploys per day)",
    "between once per hour and once per day",
    "between once per day and once per week",
    "between once per week and once per month",
    "between once per month and once every six months",
];

/// The file as shipped. It is part of the program and tested; were it broken, nothing has a place.
static QUICK_CHECK: LazyLock<QuickCheck> =
    LazyLock::new(|| serde_json::from_str(include_str!("quick_check.json")).unwrap_or_default());

#[derive(Debug, Default, Deserialize)]
struct QuickCheck {
    edition: String,
    source: String,
    metrics: BTreeMap<String, Industry>,
}

#[derive(Debug, Deserialize)]
struct Industry {
    mean: f64,
    spread: f64,
}

/// A place on the scale.
#[derive(Debug, Clone, PartialEq)]
pub struct Position {
    /// Never shown without it.
    pub edition: &'static str,
    /// 0 to 10, higher is better.
    pub score: f64,
    /// The scores of the ends of the value's 95 % interval, worse first; the score twice without one.
    pub range: [f64; 2],
    /// The answer, for times and frequency.
    pub answer: Option<&'static str>,
    /// Mean of the industry.
    pub mean: f64,
    /// Standard deviation of the industry.
    pub spread: f64,
    /// Standard deviations above the mean.
    pub z: f64,
    /// Where mean and spread come from.
    pub source: &'static str,
}

fn placed(
    metric: &str,
    score: f64,
    ends: Option<[f64; 2]>,
    answer: Option<&'static str>,
) -> Option<Position> {
    let known: &'static QuickCheck = &QUICK_CHECK;
    let industry = known.metrics.get(metric)?;
    let [a, b] = ends.unwrap_or([score, score]);
    Some(Position {
        edition: &known.edition,
        score,
        range: [a.min(b).min(score), a.max(b).max(score)],
        answer,
        mean: industry.mean,
        spread: industry.spread,
        z: (score - industry.mean) / industry.spread,
        source: &known.source,
    })
}

/// The place of a median in seconds, standing on `n` values.
#[must_use]
pub fn of_time(metric: &str, median: f64, interval: Option<[f64; 2]>, n: u64) -> Option<Position> {
    if n < MIN_RATED || !(median.is_finite() && median >= 0.0) {
        return None;
    }
    let rank = |seconds: f64| {
        TIMES
            .iter()
            .enumerate()
            .position(|(at, (end, _))| seconds < *end || (at > 1 && seconds <= *end))
            .unwrap_or(TIMES.len())
    };
    let score = |rank: usize| 10.0 - 2.0 * rank as f64;
    let own = rank(median);
    let answer = TIMES.get(own).map_or(SLOWEST, |(_, words)| words);
    let ends = interval.map(|ends| ends.map(|end| score(rank(end))));
    placed(metric, score(own), ends, Some(answer))
}

/// The place of a share, 0 to 1, of `n` events.
#[must_use]
pub fn of_share(metric: &str, share: f64, interval: Option<[f64; 2]>, n: u64) -> Option<Position> {
    if n < MIN_RATED || !(0.0..=1.0).contains(&share) {
        return None;
    }
    let score = |share: f64| 10.0 - 10.0 * share;
    placed(
        metric,
        score(share),
        interval.map(|ends| ends.map(score)),
        None,
    )
}

/// The place of a frequency; it needs four weeks of history and a deployment.
#[must_use]
pub fn of_frequency(
    frequency: &DeploymentFrequency,
    scope: &Scope<'_>,
    period: &Period,
) -> Option<Position> {
    let covered = frequency.covered_days;
    if frequency.count == 0 || covered < 28.0 {
        return None;
    }
    let mut days: BTreeMap<_, f64> = BTreeMap::new();
    for unit in scope.effective_in(period.window) {
        *days.entry(period.calendar.day(unit.at)).or_default() += 1.0;
    }
    let on_active_day = Distribution::of(days.into_values()).quantile(0.5)?;
    let a_week = frequency.active_days_per_week_median.unwrap_or(0.0);
    let rank = rank_of_frequency(
        on_active_day,
        frequency.active_days as f64 / (covered * 5.0 / 7.0),
        a_week,
        frequency.count as f64 / covered,
    );
    let answer = FREQUENCIES
        .get(rank)
        .copied()
        .unwrap_or("fewer than once per six months");
    let points = 10.0 - 2.0 * rank as f64;
    placed("deployment_frequency", points, None, Some(answer))
}

/// Deployments on a day with any, share of working days with any, such days a week, deployments a day.
fn rank_of_frequency(a_day: f64, active: f64, a_week: f64, rate: f64) -> usize {
    let holds = [
        a_day >= 2.0 && active >= 0.6,
        a_week >= 3.0,
        a_week >= 1.0,
        rate * MONTH_DAYS >= 1.0,
        rate * 6.0 * MONTH_DAYS >= 1.0,
    ];
    holds.iter().position(|h| *h).unwrap_or(holds.len())
}

#[cfg(test)]
mod tests {
    #![expect(clippy::float_cmp, reason = "exact by construction")]

    use super::*;

    #[test]
    fn the_file_reads_and_has_every_metric() {
        for metric in &crate::metric::METRICS {
            let industry = &QUICK_CHECK.metrics[metric.id];
            assert!((0.0..=10.0).contains(&industry.mean) && industry.spread > 0.0);
        }
        assert!(QUICK_CHECK.source.contains("Quick Check 2025"));
    }

    #[test]
    fn times_are_the_answer_that_holds_them() {
        let score = |seconds: f64| {
            let found = of_time("change_lead_time", seconds, None, 9).unwrap();
            assert_eq!(found.edition, "Quick Check 2025");
            (found.score, found.answer.unwrap())
        };
        assert_eq!(score(0.0), (10.0, "less than one hour"));
        assert_eq!(score(HOUR), (8.0, "less than one day"));
        assert_eq!(score(DAY), (6.0, "between one day and one week"));
        assert_eq!(score(7.0 * DAY), (6.0, "between one day and one week"));
        assert_eq!(score(20.0 * DAY).0, 4.0);
        assert_eq!(score(90.0 * DAY).0, 2.0);
        assert_eq!(score(400.0 * DAY), (0.0, SLOWEST));
        let spans = of_time("change_lead_time", 5.0 * HOUR, Some([0.5 * HOUR, DAY]), 9).unwrap();
        assert_eq!((spans.score, spans.range), (8.0, [6.0, 10.0]));
        // (8 − 5.5) / 2.4
        assert!((spans.z - 1.041_666_666_666_666_7).abs() < 1e-12);
        assert_eq!(of_time("change_lead_time", 60.0, None, 4), None);
        assert_eq!(of_time("change_lead_time", f64::NAN, None, 9), None);
        assert_eq!(of_time("nothing", 60.0, None, 9), None);
    }

    #[test]
    fn shares_lose_a_point_for_ten_percent() {
        let found = of_share("change_fail_rate", 0.19, Some([0.1, 0.3]), 50).unwrap();
        assert!((found.score - 8.1).abs() < 1e-12 && found.z.abs() < 1e-9);
        assert_eq!(found.range, [7.0, 9.0]);
        assert_eq!(of_share("change_fail_rate", 0.0, None, 4), None);
        assert_eq!(of_share("change_fail_rate", 1.5, None, 50), None);
    }

    #[test]
    fn frequency_is_ranked_by_days_and_not_by_bursts() {
        assert_eq!(rank_of_frequency(2.0, 0.6, 4.0, 2.0), 0);
        // Ten deployments on one day a week are no deployment on demand.
        assert_eq!(rank_of_frequency(10.0, 0.2, 1.0, 1.4), 2);
        assert_eq!(rank_of_frequency(1.0, 0.9, 5.0, 0.7), 1);
        assert_eq!(rank_of_frequency(1.0, 0.05, 0.0, 0.034), 3);
        assert_eq!(rank_of_frequency(1.0, 0.01, 0.0, 0.01), 4);
        assert_eq!(rank_of_frequency(1.0, 0.001, 0.0, 0.001), 5);
    }
}
