//! From the events to the value, in sentences. A sentence is only written where it gives the value of the report.

use serde_json::Value;

use super::document::Item;
use super::figure::Figure;
use super::shape::{Shape, shape_of};
use crate::render::humanize;
use crate::report::median_ranks;
use crate::report::v1::{Quantiles, Report};

/// The sentences of a figure.
#[must_use]
pub(super) fn of(report: &Report, figure: &Figure, events: &[Item]) -> Vec<String> {
    let leaf = figure.path.last().map_or("", String::as_str);
    let inner = if leaf.parse::<usize>().is_ok() {
        figure.path.iter().rev().nth(1).map_or("", String::as_str)
    } else {
        leaf
    };
    match (shape_of(&figure.value), shape_of(&figure.parent)) {
        (Shape::Distribution(of), _) => distribution(&of, "", events),
        (Shape::Proportion(name, hits, total), _) => proportion(&figure.value, &name, hits, total),
        (Shape::Frequency(count), _) => frequency(report, &figure.value, count),
        (Shape::Other, Shape::Distribution(of)) if is_of_distribution(inner) => {
            distribution(&of, inner, events)
        }
        (Shape::Other, Shape::Proportion(name, hits, total))
            if ["ratio", "total", "interval95", name.as_str()].contains(&inner) =>
        {
            proportion(&figure.parent, &name, hits, total)
        }
        (Shape::Other, Shape::Frequency(count))
            if ["count", "per_day", "per_week", "interval95"].contains(&inner) =>
        {
            frequency(report, &figure.parent, count)
        }
        (Shape::Other, Shape::Frequency(count)) if inner == "success_rate" => {
            success_rate(&figure.parent, count)
        }
        _ => counted(&figure.value, events),
    }
}

fn is_of_distribution(key: &str) -> bool {
    ["n", "median_seconds", "mean_seconds", "interval95_seconds"].contains(&key)
        || percent_of(key).is_some()
}

/// 90 for `p90_seconds`.
fn percent_of(key: &str) -> Option<usize> {
    let number = key.strip_prefix('p')?.strip_suffix("_seconds")?;
    number.parse().ok().filter(|percent| *percent <= 100)
}

/// The first, the second, the third.
fn nth(number: usize) -> String {
    let ending = match (number % 10, number % 100) {
        (_, 11..=13) => "th",
        (1, _) => "st",
        (2, _) => "nd",
        (3, _) => "rd",
        _ => "th",
    };
    format!("{number}{ending}")
}

/// A span to the second below an hour: what is added up before the reader's eyes must add up.
fn span(seconds: f64) -> String {
    let whole = seconds.round();
    if !(60.0..3600.0).contains(&whole) || whole % 60.0 == 0.0 {
        return humanize::exact(seconds);
    }
    format!("{:.0} min {:.0} s", (whole / 60.0).floor(), whole % 60.0)
}

fn is(found: f64, published: Option<f64>) -> bool {
    published.is_some_and(|value| (found - value).abs() <= 1e-9 * value.abs().max(1.0))
}

fn distribution(of: &Quantiles, key: &str, events: &[Item]) -> Vec<String> {
    let mut values: Vec<f64> = events.iter().filter_map(|event| event.seconds).collect();
    values.sort_by(f64::total_cmp);
    let mut out = vec![format!("It stands on {}.", humanize::plural(of.n, "value"))];
    if of.n == 0 || key == "n" {
        return out;
    }
    let share = percent_of(key).unwrap_or(50);
    let published = match key {
        "p75_seconds" => of.p75_seconds,
        "p90_seconds" => of.p90_seconds,
        "p95_seconds" => of.p95_seconds,
        "p99_seconds" => of.p99_seconds,
        _ => of.median_seconds,
    };
    if key == "mean_seconds" {
        out.extend(mean(of, &values));
        return out;
    }
    let listed = values.len() as u64 == of.n;
    let position = listed
        .then(|| quantile(&values, share, published))
        .flatten();
    out.push(position.unwrap_or_else(|| {
        let name = if key.is_empty() || percent_of(key).is_none() {
            "median"
        } else {
            "percentile"
        };
        let why = if events.is_empty() {
            "the report does not list its values"
        } else {
            "the values listed are not all of them"
        };
        format!("The {name} is type 7 (linear between neighbours); {why}.")
    }));
    if percent_of(key).is_none() {
        out.push(ranks(of, if listed { &values } else { &[] }));
    }
    out
}

/// Where a percentile stands among the values in order (rule LT7).
fn quantile(values: &[f64], percent: usize, published: Option<f64>) -> Option<String> {
    let last = values.len().checked_sub(1)?;
    let (below, part) = (last * percent / 100, last * percent % 100);
    let (low, high) = (*values.get(below)?, *values.get((below + 1).min(last))?);
    if !is(low + (high - low) * part as f64 / 100.0, published) {
        return None;
    }
    let spot = |at: usize, value: f64| format!("the {} of them ({})", nth(at + 1), span(value));
    let name = if percent == 50 {
        "median".to_owned()
    } else {
        format!("{percent} % point")
    };
    if part == 0 {
        return Some(format!(
            "In ascending order the {name} is {}.",
            spot(below, low)
        ));
    }
    Some(format!(
        "In ascending order the {name} stands at 1 + ({} − 1) × {} = {}: between {} and {}, which gives {}.",
        values.len(),
        decimals(percent as f64 / 100.0),
        decimals(below as f64 + 1.0 + part as f64 / 100.0),
        spot(below, low),
        spot(below + 1, high),
        span(published?),
    ))
}

fn decimals(value: f64) -> String {
    let text = format!("{value:.2}");
    text.trim_end_matches('0').trim_end_matches('.').to_owned()
}

fn mean(of: &Quantiles, values: &[f64]) -> Option<String> {
    let sum: f64 = values.iter().sum();
    let fits = values.len() as u64 == of.n && is(sum / of.n as f64, of.mean_seconds);
    fits.then(|| {
        format!(
            "Their sum is {}; divided by {} that is {}.",
            span(sum),
            of.n,
            span(sum / of.n as f64)
        )
    })
}

/// Which values are the ends of the median's interval.
fn ranks(of: &Quantiles, values: &[f64]) -> String {
    let Some(([low, high], [from, to])) = median_ranks(of.n).zip(of.interval95_seconds) else {
        return "The interval of a median is finite from six values on.".to_owned();
    };
    let place = |rank: u64| {
        usize::try_from(rank)
            .ok()
            .and_then(|rank| values.get(rank.checked_sub(1)?))
            .copied()
    };
    let words = [low, high].map(|rank| nth(usize::try_from(rank).unwrap_or(usize::MAX)));
    let ends = format!("{} to {}", span(from), span(to));
    let shown = place(low).is_some_and(|v| is(v, Some(from)))
        && place(high).is_some_and(|v| is(v, Some(to)));
    if shown || values.is_empty() {
        format!(
            "Its 95 % interval runs from the {} to the {} value in order: {ends}.",
            words[0], words[1]
        )
    } else {
        format!("Its 95 % interval is {ends}, by order statistics.")
    }
}

/// A percentage with a decimal: `3.3 %`.
fn percent(ratio: f64) -> String {
    format!("{} %", decimals((ratio * 1000.0).round() / 10.0))
}

fn proportion(value: &Value, name: &str, hits: u64, total: u64) -> Vec<String> {
    let ratio = value.get("ratio").and_then(Value::as_f64);
    let name = name.replace('_', " ");
    if total == 0 {
        return vec![format!(
            "{hits} {name} of 0: there is nothing to divide by."
        )];
    }
    let mut out = Vec::new();
    if is(hits as f64 / total as f64, ratio) {
        out.push(format!(
            "{hits} {name} / {total} deployments = {}.",
            percent(hits as f64 / total as f64)
        ));
    }
    let interval = value.get("interval95").cloned().unwrap_or_default();
    if let Ok([low, high]) = serde_json::from_value::<[f64; 2]>(interval) {
        out.push(format!(
            "Wilson's 95 % interval is {} to {}.",
            percent(low),
            percent(high)
        ));
    }
    out
}

fn frequency(report: &Report, value: &Value, count: u64) -> Vec<String> {
    let window = &report.window;
    let length = (window.to - window.from).num_seconds() as f64 / 86_400.0;
    // A history of an hour does not say what a day will bring.
    let days = window.covered_days.max(length.min(1.0));
    let rate = value.get("per_day").and_then(Value::as_f64);
    let mut out = Vec::new();
    if days > 0.0 && is(count as f64 / days, rate) {
        let per_day = count as f64 / days;
        out.push(format!(
            "{} / {} {} = {} a day, {} a week.",
            humanize::plural(count, "deployment"),
            decimals(days),
            if is(days, Some(1.0)) { "day" } else { "days" },
            digits(per_day),
            digits(per_day * 7.0),
        ));
    } else {
        out.push(format!(
            "{} took effect.",
            humanize::plural(count, "deployment")
        ));
    }
    let interval = value.get("interval95").cloned().unwrap_or_default();
    if let Ok([low, high]) = serde_json::from_value::<[f64; 2]>(interval) {
        out.push(format!(
            "The exact Poisson 95 % interval is {} to {} a day.",
            digits(low),
            digits(high)
        ));
    }
    out
}

fn success_rate(value: &Value, count: u64) -> Vec<String> {
    let failed = value
        .get("failed_attempts")
        .and_then(Value::as_u64)
        .unwrap_or(0);
    let ratio = value.get("success_rate").and_then(Value::as_f64);
    let tried = count + failed;
    if tried == 0 || !is(count as f64 / tried as f64, ratio) {
        return Vec::new();
    }
    vec![format!(
        "{count} took effect / ({count} + {failed} failed attempts) = {}.",
        percent(count as f64 / tried as f64)
    )]
}

/// Three digits that count: `0.0714`, `2.4`, `14`.
pub(super) fn digits(value: f64) -> String {
    if value == 0.0 || !value.is_finite() {
        return "0".to_owned();
    }
    let (mut scaled, mut places) = (value.abs(), 0);
    while scaled < 100.0 && places < 9 {
        scaled *= 10.0;
        places += 1;
    }
    let text = format!("{value:.places$}");
    if text.contains('.') {
        text.trim_end_matches('0').trim_end_matches('.').to_owned()
    } else {
        text
    }
}

/// A plain count is the number of the events listed, where that is so.
fn counted(value: &Value, events: &[Item]) -> Vec<String> {
    match value.as_u64() {
        Some(count) if count > 0 && count == events.len() as u64 => {
            vec![format!(
                "It counts the {} below.",
                humanize::plural(count, "event")
            )]
        }
        _ => Vec::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::render::fixture;

    fn said(path: &str) -> Vec<String> {
        let report = fixture::shop();
        let figure = super::super::figure::find(&report, path).unwrap();
        let words = super::super::meaning::words(&report, &figure.path);
        of(&report, &figure, &words.events)
    }

    #[test]
    fn shares_and_rates_are_divided_before_the_reader_s_eyes() {
        assert_eq!(said("cfr")[0], "9 failed / 216 deployments = 4.2 %.");
        assert_eq!(
            said("df")[0],
            "216 deployments / 90 days = 2.4 a day, 16.8 a week."
        );
        assert_eq!(
            said("df.success_rate")[0],
            "216 took effect / (216 + 15 failed attempts) = 93.5 %."
        );
        assert_eq!(
            said("rework.last_180_days.ratio")[0],
            "25 rework / 420 deployments = 6 %."
        );
    }

    #[test]
    fn a_median_is_found_among_its_values() {
        let of = |values: &[f64], share: usize, is: f64| quantile(values, share, Some(is));
        assert_eq!(
            of(&[60.0, 120.0, 300.0], 50, 120.0).unwrap(),
            "In ascending order the median is the 2nd of them (2 min)."
        );
        assert_eq!(
            of(&[60.0, 120.0], 50, 90.0).unwrap(),
            "In ascending order the median stands at 1 + (2 − 1) × 0.5 = 1.5: between the 1st of them (1 min) and the 2nd of them (2 min), which gives 1 min 30 s."
        );
        assert_eq!(
            of(&[60.0, 120.0], 50, 91.0),
            None,
            "what it does not give is not said"
        );
        assert_eq!(of(&[], 50, 0.0), None);
        let text = said("change_lead_time").join(" ");
        assert!(
            text.contains("the values listed are not all of them"),
            "{text}"
        );
    }

    #[test]
    fn numbers_are_named_as_people_count() {
        let names: Vec<String> = [1, 2, 3, 4, 11, 12, 21, 113].map(nth).into();
        assert_eq!(
            names,
            ["1st", "2nd", "3rd", "4th", "11th", "12th", "21st", "113th"]
        );
        assert_eq!(
            [0.0, 2.4, 0.071_428, 14.0, 1234.5].map(digits),
            ["0", "2.4", "0.0714", "14", "1234"]
        );
    }
}
