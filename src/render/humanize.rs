//! One place for the wording of numbers, spans, days and reasons.

use chrono::NaiveDate;

use crate::event::{Calendar, Instant};
use crate::report::Unit;

/// Stands where there is no number.
pub(crate) const NOTHING: &str = "no data";

const MINUTE: f64 = 60.0;
const HOUR: f64 = 3600.0;
const DAY: f64 = 86_400.0;

/// At most one decimal below ten, none above: `9.8`, `2`, `14`.
#[must_use]
pub(crate) fn number(value: f64) -> String {
    let rounded = if value.abs() < 9.95 {
        format!("{value:.1}")
    } else {
        format!("{value:.0}")
    };
    let trimmed = rounded.strip_suffix(".0").unwrap_or(&rounded);
    let trimmed = if trimmed == "-0" { "0" } else { trimmed };
    trimmed.replace('-', "−")
}

fn span_unit(seconds: f64) -> (f64, &'static str) {
    // Each limit is where rounding would print the next unit's first value.
    match seconds.abs() {
        s if s < 59.5 => (1.0, "s"),
        s if s < 59.5 * MINUTE => (MINUTE, "min"),
        s if s < 23.5 * HOUR => (HOUR, "h"),
        _ => (DAY, "d"),
    }
}

/// A span with its largest unit: `45 s`, `38 min`, `2.1 h`, `3.4 d`.
#[must_use]
pub(crate) fn duration(seconds: f64) -> String {
    let (size, name) = span_unit(seconds);
    format!("{} {name}", number(seconds / size))
}

/// A span with two units, for single events: `3 h 12 min`.
#[must_use]
pub(crate) fn exact(seconds: f64) -> String {
    let size = if seconds.abs() < MINUTE {
        1.0
    } else if seconds.abs() < DAY {
        MINUTE
    } else {
        HOUR
    };
    let whole = (seconds.abs() / size).round() * size;
    let mut parts = Vec::new();
    let mut left = whole;
    for (unit, name) in [(DAY, "d"), (HOUR, "h"), (MINUTE, "min"), (1.0, "s")] {
        let count = (left / unit).floor();
        left -= count * unit;
        if count > 0.0 && parts.len() < 2 {
            parts.push(format!("{count:.0} {name}"));
        }
    }
    if parts.is_empty() {
        parts.push("0 s".to_owned());
    }
    format!(
        "{}{}",
        if seconds < 0.0 { "−" } else { "" },
        parts.join(" ")
    )
}

#[derive(Clone, Copy, PartialEq)]
enum Pace {
    Day,
    Week,
    Every,
}

fn pace(per_day: f64) -> Pace {
    if per_day >= 0.95 || per_day <= 0.0 {
        Pace::Day
    } else if per_day * 7.0 >= 0.95 {
        Pace::Week
    } else {
        Pace::Every
    }
}

/// A rate in the unit people would use: `2.4 per day`, `1.5 per week`, `every 12 days`.
#[must_use]
pub(crate) fn rate(per_day: f64) -> String {
    match pace(per_day) {
        Pace::Day => format!("{} per day", number(per_day)),
        Pace::Week => format!("{} per week", number(per_day * 7.0)),
        Pace::Every => format!("every {:.0} days", 1.0 / per_day),
    }
}

fn rate_interval(value: f64, low: f64, high: f64) -> String {
    match pace(if value > 0.0 { value } else { high }) {
        Pace::Day => format!("{}–{} per day", number(low), number(high)),
        Pace::Week => format!("{}–{} per week", number(low * 7.0), number(high * 7.0)),
        // A rate of nought has no period, and one in ten years is as good as that.
        Pace::Every if low < 1.0 / 3650.0 => {
            format!("at most every {:.0} days", (1.0 / high).max(1.0))
        }
        Pace::Every => format!(
            "every {}–{} days",
            number(1.0 / high),
            number((1.0 / low).round())
        ),
    }
}

fn percent_number(ratio: f64) -> String {
    let percent = ratio * 100.0;
    if percent > 0.0 && percent < 0.05 {
        "<0.1".to_owned()
    } else if percent < 0.95 {
        number(percent)
    } else if percent > 99.5 && percent < 100.0 {
        // Nearly all is not all.
        format!("{:.1}", (percent * 10.0).floor() / 10.0)
    } else {
        format!("{percent:.0}")
    }
}

/// A share: `7 %`.
#[must_use]
pub(crate) fn percent(ratio: f64) -> String {
    format!("{} %", percent_number(ratio))
}

fn span_interval(low: f64, high: f64) -> String {
    let (size, name) = span_unit(high);
    if span_unit(low).1 == name {
        format!("{}–{} {name}", number(low / size), number(high / size))
    } else {
        format!("{} – {}", duration(low), duration(high))
    }
}

/// A headline in its unit.
#[must_use]
pub(crate) fn value(unit: Unit, value: f64) -> String {
    match unit {
        Unit::PerDay => rate(value),
        Unit::Seconds => duration(value),
        Unit::Ratio => percent(value),
    }
}

/// A headline beside another one of its metric: in the same unit, so that the two can be compared.
#[must_use]
pub(crate) fn value_beside(unit: Unit, value: f64, other: f64) -> String {
    match (unit, pace(value), pace(other)) {
        (Unit::PerDay, Pace::Week, Pace::Day) => format!("{} per day", number(value)),
        (Unit::PerDay, Pace::Day | Pace::Every, Pace::Week) => {
            format!("{} per week", number(value * 7.0))
        }
        (Unit::PerDay, Pace::Week, Pace::Every) => format!("every {} days", number(1.0 / value)),
        _ => self::value(unit, value),
    }
}

/// A headline for a badge: `2.4/day`.
#[must_use]
pub(crate) fn short(unit: Unit, value: f64) -> String {
    self::value(unit, value)
        .replace(" per ", "/")
        .replace(" days", " d")
}

/// An interval around a headline.
#[must_use]
pub(crate) fn interval(unit: Unit, value: f64, [low, high]: [f64; 2]) -> String {
    match unit {
        Unit::PerDay => rate_interval(value, low, high),
        Unit::Seconds => span_interval(low, high),
        Unit::Ratio => format!("{}–{} %", percent_number(low), percent_number(high)),
    }
}

/// The size of a difference, without its sign: `2.3 h`, `0.6 per day`, `3 points`.
#[must_use]
pub(crate) fn difference(unit: Unit, from: f64, to: f64) -> String {
    let by = (to - from).abs();
    match unit {
        Unit::PerDay => {
            // In the unit that the later value is worded in; a period has none.
            let worded = match pace(if to > 0.0 { to } else { from }) {
                Pace::Every => pace(from.max(to)),
                rate @ (Pace::Day | Pace::Week) => rate,
            };
            match worded {
                Pace::Day => format!("{} per day", number(by)),
                Pace::Week => format!("{} per week", number(by * 7.0)),
                Pace::Every => format!("{} per month", number(by * 30.0)),
            }
        }
        Unit::Seconds => duration(by),
        Unit::Ratio => plural_of(&number(by * 100.0), "point"),
    }
}

fn plural_of(number: &str, noun: &str) -> String {
    format!("{number} {noun}{}", if number == "1" { "" } else { "s" })
}

/// `1 change`, `2 changes`.
#[must_use]
pub(crate) fn plural(count: u64, noun: &str) -> String {
    plural_of(&count.to_string(), noun)
}

/// A day: `2026-03-02`.
#[must_use]
pub(crate) fn day(at: Instant, zone: &str) -> String {
    calendar(zone).day(at).to_string()
}

/// A minute: `2026-03-02 10:00`.
#[must_use]
pub(crate) fn minute(at: Instant, zone: &str) -> String {
    at.with_timezone(&calendar(zone).zone)
        .format("%Y-%m-%d %H:%M")
        .to_string()
}

/// A day of a series for an axis: `2 Mar`. Text that is no day stays as it is.
#[must_use]
pub(crate) fn axis_day(start: &str) -> String {
    NaiveDate::parse_from_str(start, "%Y-%m-%d")
        .map_or_else(|_| start.to_owned(), |day| day.format("%-d %b").to_string())
}

/// The same; `long` axes name month and year: `Mar 2026`.
#[must_use]
pub(crate) fn axis_label(start: &str, long: bool) -> String {
    if !long {
        return axis_day(start);
    }
    NaiveDate::parse_from_str(start, "%Y-%m-%d")
        .map_or_else(|_| start.to_owned(), |day| day.format("%b %Y").to_string())
}

/// A round span with its largest whole unit: `15 min`, `12 h`, `2 w`, `30 d`.
#[must_use]
pub(crate) fn span_name(seconds: f64) -> String {
    let units = [
        (365.0 * DAY, "y"),
        (7.0 * DAY, "w"),
        (DAY, "d"),
        (HOUR, "h"),
        (MINUTE, "min"),
    ];
    let whole = |size: f64| seconds >= size && (seconds % size).abs() < 0.5;
    let found = units.into_iter().find(|(size, _)| whole(*size));
    let (size, name) = found.unwrap_or((1.0, "s"));
    format!("{:.0} {name}", seconds / size)
}

fn calendar(zone: &str) -> Calendar {
    zone.parse().map_or_else(
        |_| Calendar::default(),
        |zone| Calendar {
            zone,
            ..Calendar::default()
        },
    )
}

/// Why a number is missing (rule MD1), by code, and the sentence that says it.
pub const REASONS: [(&str, &str); 13] = [
    (
        "no_deployments",
        "No production deployment took effect in this window.",
    ),
    (
        "baseline_only",
        "Only first deployments so far: what they delivered is not known, so nothing can be timed yet.",
    ),
    (
        "no_incident_source",
        "No incident source is set up, so only rollbacks, reverts and hotfixes can show a failure.",
    ),
    (
        "incident_source_silent",
        "The incident source fell silent, so a rate would only look good.",
    ),
    (
        "no_failures",
        "No failed deployment was repaired in this window, so there is nothing to time.",
    ),
    (
        "all_open",
        "Every failed deployment is still open: there are only lower bounds.",
    ),
    (
        "short_history",
        "The history begins inside the window; rates use the days that it covers, at least one.",
    ),
    ("not_permitted", "The token may not read what this needs."),
    (
        "rate_limited",
        "The platform's rate limit was reached before everything was read.",
    ),
    ("truncated", "The platform returned only part of the data."),
    (
        "by_time",
        "Without the commit graph, changes are matched to deployments by time only.",
    ),
    (
        "negative",
        "It was deployed before it began: two clocks disagree.",
    ),
    (
        "approximate_time",
        "Some deployments have no exact finishing time.",
    ),
];

/// Why a metric is missing where so many deployments took effect: the closed list has no code of its own for
/// deployments that brought nothing to time.
#[must_use]
pub(crate) fn missing(metric: &str, code: &str, deployments: u64) -> String {
    let timed = matches!(
        metric,
        "change_lead_time" | "pr_created_to_deploy" | "merge_to_deploy"
    );
    if timed && deployments > 0 && code == "no_deployments" {
        return "No deployment of this window brought a change that could be timed.".to_owned();
    }
    reason(code)
}

/// A reason code (rule MD1) as one sentence; an unknown code is shown as it is.
#[must_use]
pub fn reason(code: &str) -> String {
    let known = REASONS.iter().find(|(known, _)| *known == code);
    known.map_or_else(|| code.replace('_', " "), |(_, says)| (*says).to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spans_use_the_largest_unit_and_carry_over() {
        for (seconds, words) in [
            (0.0, "0 s"),
            (45.0, "45 s"),
            (59.7, "1 min"),
            (38.0 * 60.0, "38 min"),
            (59.6 * 60.0, "1 h"),
            (2.1 * 3600.0, "2.1 h"),
            (23.8 * 3600.0, "1 d"),
            (3.4 * 86_400.0, "3.4 d"),
            (-3600.0, "−1 h"),
        ] {
            assert_eq!(duration(seconds), words);
        }
        assert_eq!(exact(3.0 * 3600.0 + 12.0 * 60.0), "3 h 12 min");
        assert_eq!(exact(3599.0), "1 h");
        assert_eq!(exact(2.0 * 86_400.0 + 3600.0 + 60.0), "2 d 1 h");
    }

    #[test]
    fn rates_are_worded_by_size() {
        let told = |from, to| {
            let before = value_beside(Unit::PerDay, from, to);
            let by = difference(Unit::PerDay, from, to);
            format!("{before}, {}, by {by}", rate(to))
        };
        assert_eq!(
            told(1.9, 6.5 / 7.0),
            "13 per week, 6.5 per week, by 6.8 per week"
        );
        assert_eq!(
            told(6.0 / 7.0, 2.0),
            "0.9 per day, 2 per day, by 1.1 per day"
        );
        assert_eq!(told(0.1, 0.0), "every 10 days, 0 per day, by 3 per month");
        let beside = |from, to| value_beside(Unit::PerDay, from, to);
        assert_eq!(beside(1.0 / 9.0, 1.2 / 7.0), "0.8 per week");
        assert_eq!(beside(1.2 / 7.0, 1.0 / 9.0), "every 5.8 days");
        assert_eq!(rate(2.4), "2.4 per day");
        assert_eq!(rate(1.5 / 7.0), "1.5 per week");
        assert_eq!(rate(1.0 / 12.0), "every 12 days");
        assert_eq!(rate(0.0), "0 per day");
        assert_eq!(
            interval(Unit::PerDay, 1.0 / 12.0, [0.05, 0.125]),
            "every 8–20 days"
        );
        assert_eq!(
            interval(Unit::PerDay, 0.0, [0.0, 0.04]),
            "at most every 25 days"
        );
    }

    #[test]
    fn shares_never_round_to_all_or_nothing() {
        assert_eq!(percent(0.07), "7 %");
        assert_eq!(percent(0.004), "0.4 %");
        assert_eq!(percent(0.999), "99.9 %");
        assert_eq!(percent(0.0002), "<0.1 %");
        assert_eq!(interval(Unit::Ratio, 0.07, [0.02, 0.2]), "2–20 %");
    }

    #[test]
    fn intervals_share_a_unit_where_they_can() {
        assert_eq!(
            interval(Unit::Seconds, 0.0, [29_160.0, 43_200.0]),
            "8.1–12 h"
        );
        assert_eq!(
            interval(Unit::Seconds, 0.0, [2280.0, 12_240.0]),
            "38 min – 3.4 h"
        );
    }

    #[test]
    fn every_reason_is_a_sentence() {
        for code in [
            "no_deployments",
            "baseline_only",
            "no_incident_source",
            "incident_source_silent",
            "no_failures",
            "all_open",
            "short_history",
            "not_permitted",
            "rate_limited",
            "truncated",
            "by_time",
            "approximate_time",
        ] {
            assert!(
                reason(code).ends_with('.') && !reason(code).contains('_'),
                "{code}"
            );
        }
    }

    #[test]
    fn days_are_the_report_zone_s() {
        let at = crate::event::parse_instant("2026-03-01T23:30:00Z").unwrap();
        assert_eq!(day(at, "Europe/Berlin"), "2026-03-02");
        assert_eq!(minute(at, "UTC"), "2026-03-01 23:30");
        assert_eq!(day(at, "not/a zone"), "2026-03-01");
        assert_eq!(axis_day("2026-03-02"), "2 Mar");
        assert_eq!(axis_label("2026-03-02", true), "Mar 2026");
        let spans = [1.0, 900.0, 43_200.0, 604_800.0, 2_592_000.0].map(span_name);
        assert_eq!(spans, ["1 s", "15 min", "12 h", "1 w", "30 d"]);
    }
}
