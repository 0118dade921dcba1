//! Promises, the place in the industry, the bottleneck and what to do next, in words.

use std::collections::BTreeMap;

use serde::Serialize;

use super::humanize;
use crate::report::v1::{Position, Prize, Progress, Report, Target};
use crate::report::{Unit, find_metric};

/// Most targets, and most guardrails, that a page shows: as many as a configuration may have.
const MOST: usize = 50;

/// Everything that is judged.
#[derive(Debug, Serialize)]
pub(crate) struct Judged {
    /// Targets, then guardrails.
    pub(crate) promises: Vec<Promise>,
    pub(crate) places: Vec<Place>,
    /// Of the places: `Quick Check 2025`.
    pub(crate) edition: String,
    /// One sentence; empty without one.
    pub(crate) bottleneck: String,
    pub(crate) advice: Option<Advice>,
}

/// A target or guardrail.
#[derive(Debug, Serialize)]
pub(crate) struct Promise {
    /// `met`, `missed`, `not yet`, `not sure`, `no data`, `held`, `broken`.
    pub(crate) state: String,
    pub(crate) text: String,
    /// The value with its interval, or why there is none.
    pub(crate) now: String,
    /// The way to the day; empty without one.
    pub(crate) way: String,
    /// `good`, `bad` or `none`.
    pub(crate) news: &'static str,
}

/// A metric's score.
#[derive(Debug, Serialize)]
pub(crate) struct Place {
    pub(crate) title: String,
    pub(crate) score: String,
    pub(crate) industry: String,
    /// Such as `1 spread above it`.
    pub(crate) away: String,
}

/// The recommendation.
#[derive(Debug, Serialize)]
pub(crate) struct Advice {
    pub(crate) says: String,
    /// One sentence; empty where it cannot be computed.
    pub(crate) prize: String,
    pub(crate) steps: Vec<String>,
    pub(crate) leading: String,
    pub(crate) capability: String,
    pub(crate) url: String,
    pub(crate) evidence: String,
    pub(crate) source: String,
}

/// Words everything.
#[must_use]
pub(crate) fn of(report: &Report) -> Judged {
    let edition = report.position.values().next();
    Judged {
        promises: promises(report),
        places: crate::report::METRICS
            .iter()
            .filter_map(|m| Some(place(m.title, report.position.get(m.id)?)))
            .collect(),
        edition: edition.map(|p| p.edition.clone()).unwrap_or_default(),
        bottleneck: bottleneck(report),
        advice: report.recommendation.as_ref().map(|r| {
            let value = r.leading.value.map_or_else(
                || "not known yet".to_owned(),
                |value| match r.leading.unit.as_str() {
                    "seconds" => format!("now {}", humanize::duration(value)),
                    _ => format!("now {}", humanize::number(value)),
                },
            );
            Advice {
                says: r.says.clone(),
                prize: r.prize.as_ref().map(prize).unwrap_or_default(),
                steps: r.steps.clone(),
                leading: format!("{}, {value}", r.leading.name),
                capability: r.capability.clone(),
                url: r.url.clone(),
                evidence: r.evidence.clone(),
                source: r.source.clone(),
            }
        }),
    }
}

/// The target of each metric that has one for all services together: `<= 1 d: met`. Of several the first.
#[must_use]
pub(crate) fn lines(report: &Report) -> BTreeMap<String, String> {
    let mut out = BTreeMap::new();
    for target in report.targets.iter().filter(|t| t.service.is_none()) {
        let limit = humanize::value(unit(&target.unit), target.limit);
        let percentile = match target.percentile {
            Some(p) if p != 50 => format!("p{p} "),
            _ => String::new(),
        };
        let state = target.state.replace('_', " ");
        let line = format!("{percentile}{} {limit}: {state}", target.comparison);
        out.entry(target.metric.clone()).or_insert(line);
    }
    out
}

fn promises(report: &Report) -> Vec<Promise> {
    let targets = report.targets.iter().take(MOST).map(|target| Promise {
        state: target.state.replace('_', " "),
        text: target.text.clone(),
        now: now(report, target),
        way: target
            .progress
            .as_ref()
            .map(|p| way(target, p))
            .unwrap_or_default(),
        news: match target.state.as_str() {
            "met" => "good",
            "missed" => "bad",
            _ => "none",
        },
    });
    let rails = report.guardrails.iter().take(MOST).map(|rail| Promise {
        state: rail.state.replace('_', " "),
        text: rail.text.clone(),
        now: rail.because.clone().unwrap_or_default(),
        way: String::new(),
        news: if rail.state == "broken" {
            "bad"
        } else {
            "none"
        },
    });
    targets.chain(rails).collect()
}

fn unit(name: &str) -> Unit {
    match name {
        "per_day" => Unit::PerDay,
        "seconds" => Unit::Seconds,
        _ => Unit::Ratio,
    }
}

/// `9.8 h (8.3–12 h)`, or why there is none.
fn now(report: &Report, target: &Target) -> String {
    let unit = unit(&target.unit);
    let Some(value) = target.value else {
        let reason = target.reason.as_deref().unwrap_or("no_deployments");
        let because = target.because.clone();
        let count = report.overall.metrics.deployment_frequency.count;
        return because.unwrap_or_else(|| humanize::missing(&target.metric, reason, count));
    };
    let interval = match (target.low, target.high) {
        (Some(low), Some(high)) => humanize::interval(unit, value, [low, high]),
        (Some(low), None) => format!("at least {}", humanize::value(unit, low)),
        (None, Some(high)) => format!("at most {}", humanize::value(unit, high)),
        (None, None) => target.because.clone().unwrap_or_default(),
    };
    let value = humanize::value(unit, value);
    if interval.is_empty() {
        value
    } else {
        format!("{value} ({interval})")
    }
}

fn way(target: &Target, progress: &Progress) -> String {
    let unit = unit(&target.unit);
    let mut parts = Vec::new();
    if let Some(expected) = progress.expected {
        let at = humanize::value(unit, expected);
        parts.push(match progress.pace.as_str() {
            "ahead" => format!("ahead of the straight line, which is at {at}"),
            "behind" => format!("behind the straight line, which is at {at}"),
            _ => format!("about on the straight line, which is at {at}"),
        });
    }
    let weeks = humanize::number(progress.weeks_left);
    if let (Some(needed), Some(value)) = (progress.needed_per_week, target.value) {
        let by = humanize::difference(unit, value, value + needed);
        let way = if needed < 0.0 { "less" } else { "more" };
        parts.push(format!("needs {by} {way} each week for {weeks} weeks"));
    } else if progress.weeks_left > 0.0 {
        parts.push(format!("{weeks} weeks left"));
    } else {
        parts.push("its day is over".to_owned());
    }
    parts.join("; ")
}

fn place(title: &str, position: &Position) -> Place {
    let z = humanize::number(position.z.abs());
    let side = if position.z < 0.0 { "below" } else { "above" };
    Place {
        title: title.to_owned(),
        score: humanize::number(position.score),
        industry: format!(
            "{} ± {}",
            humanize::number(position.industry_mean),
            humanize::number(position.spread)
        ),
        away: if z == "0" {
            "at the mean".to_owned()
        } else {
            let noun = if z == "1" { "spread" } else { "spreads" };
            format!("{z} {noun} {side} the mean")
        },
    }
}

fn bottleneck(report: &Report) -> String {
    report.bottleneck.as_ref().map_or_else(String::new, |b| {
        let found = format!(
            "The largest stage is {} with {} of the lead time.",
            b.stage.replace('_', " "),
            humanize::percent(b.share)
        );
        let then = humanize::duration(b.lead_time_then_seconds);
        let now = humanize::duration(b.lead_time_seconds);
        if then == now {
            return found;
        }
        format!(
            "{found} If no change took longer there than your own quickest quarter ({}), the median lead time would be {then} instead of {now}.",
            humanize::duration(b.p25_seconds)
        )
    })
}

fn prize(prize: &Prize) -> String {
    let Some(metric) = find_metric(&prize.metric) else {
        return String::new();
    };
    let [now, then] = [prize.now, prize.then].map(|v| humanize::value(unit(&prize.unit), v));
    format!(
        "By your own numbers: {} {then} instead of {now}.",
        metric.title.to_lowercase()
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::render::fixture;

    #[test]
    fn promises_say_where_they_stand_and_what_is_left_to_do() {
        let judged = of(&fixture::promised());
        let said: Vec<String> = judged
            .promises
            .iter()
            .map(|p| format!("{}: {} | {} | {}", p.state, p.text, p.now, p.way))
            .collect();
        insta::assert_snapshot!(said.join("\n"), @r"
        met: change_lead_time <= 1d | 9.8 h (8.3–12 h) | 
        not yet: deployment_frequency >= 8/day by 2026-06-07 | 2.4 per day (2.1–2.7 per day) | behind the straight line, which is at 5.1 per day; needs 0.6 per day more each week for 10 weeks
        no data: services.api.mttr.p90 <= 1h | No failed deployment was repaired in this window, so there is nothing to time. | 
        held: change_fail_rate must not rise while deployment_frequency rises |  | 
        ");
    }

    #[test]
    fn a_place_is_never_without_its_edition() {
        let judged = of(&fixture::promised());
        assert_eq!(judged.edition, "Quick Check 2025");
        let said: Vec<String> = judged
            .places
            .iter()
            .map(|p| format!("{} {} ({}), {}", p.title, p.score, p.industry, p.away))
            .collect();
        insta::assert_snapshot!(said.join("\n"), @"Change lead time 8 (5.5 ± 2.4), 1 spread above the mean");
        let without = of(&fixture::shop());
        assert!(without.places.is_empty() && without.promises.is_empty());
        assert!(without.bottleneck.is_empty() && without.advice.is_none());
    }

    #[test]
    fn the_advice_has_a_prize_and_a_number_to_watch() {
        let judged = of(&fixture::promised());
        let advice = judged.advice.unwrap();
        assert_eq!(
            advice.prize,
            "By your own numbers: change lead time 8 h instead of 9.8 h."
        );
        assert_eq!(advice.leading, "Median time to the first review, now 2 h");
        assert!(judged.bottleneck.contains("would be 8 h instead of 9.8 h"));
    }
}
