//! How lead times are spread, and how long waiting takes by the hour of the week in which it begins.

use std::collections::BTreeMap;

use chrono::{Datelike as _, Duration, Timelike as _};

use super::change_lead_time::delivered;
use super::{Distribution, Period, Scope};
use crate::event::Span;
use crate::timeline::{Change, STAGES};

const HOUR: Span = 3600;
const DAY: Span = 24 * HOUR;

/// Where one band of lead times ends and the next begins, in seconds: the same for every team, so that two
/// windows, or two teams, can be laid side by side.
pub const EDGES: [Span; 13] = [
    60,
    300,
    900,
    HOUR,
    4 * HOUR,
    12 * HOUR,
    DAY,
    2 * DAY,
    4 * DAY,
    7 * DAY,
    14 * DAY,
    28 * DAY,
    84 * DAY,
];

/// Stages that are mostly waiting, in their order.
pub const WAITS: [&str; 4] = ["pickup", "review", "merge", "deploy_wait"];

/// Changes of one range of lead times, `[from, to)`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Band {
    /// Shortest, in seconds.
    pub from: Span,
    /// Longest; `None` for the last band.
    pub to: Option<Span>,
    /// How many.
    pub changes: u64,
}

/// An hour of the week.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct HourOfWeek {
    /// 1 is Monday.
    pub weekday: u8,
    /// 0 to 23.
    pub hour: u8,
}

/// What waiting took, by stage and by the hour in which it began.
pub type Waits = BTreeMap<&'static str, BTreeMap<HourOfWeek, Distribution>>;

/// The changes of the headline, by length. Every band is there, those without a change too; without any change
/// there is none.
#[must_use]
pub fn bands(scope: &Scope<'_>, period: &Period) -> Vec<Band> {
    let leads: Vec<Span> = timed(scope, period).map(|(_, lead)| lead).collect();
    if leads.is_empty() {
        return Vec::new();
    }
    let starts = std::iter::once(0).chain(EDGES);
    let ends = EDGES.into_iter().map(Some).chain([None]);
    starts
        .zip(ends)
        .map(|(from, to)| Band {
            from,
            to,
            changes: leads
                .iter()
                .filter(|lead| from <= **lead && to.is_none_or(|to| **lead < to))
                .count() as u64,
        })
        .collect()
}

/// How long each of [`WAITS`] took, by the hour of the team's week in which it began.
#[must_use]
pub fn waits(scope: &Scope<'_>, period: &Period) -> Waits {
    let mut found: BTreeMap<&'static str, BTreeMap<HourOfWeek, Vec<f64>>> = BTreeMap::new();
    for (change, _) in timed(scope, period) {
        let Some(mut at) = change.started_at else {
            continue;
        };
        // Stages follow each other without a gap, so the sum of those before is where one begins.
        for stage in STAGES {
            let Some(taken) = change.stages.get(stage).copied().flatten() else {
                continue;
            };
            if WAITS.contains(&stage) {
                let local = at.with_timezone(&period.calendar.zone);
                let hour = HourOfWeek {
                    weekday: u8::try_from(local.weekday().number_from_monday()).unwrap_or(1),
                    hour: u8::try_from(local.hour()).unwrap_or(0),
                };
                let hours = found.entry(stage).or_default();
                hours.entry(hour).or_default().push(taken as f64);
            }
            at += Duration::seconds(taken);
        }
    }
    let spread = |hours: BTreeMap<HourOfWeek, Vec<f64>>| {
        let each = hours.into_iter();
        each.map(|(hour, values)| (hour, Distribution::of(values)))
            .collect()
    };
    found
        .into_iter()
        .map(|(stage, hours)| (stage, spread(hours)))
        .collect()
}

/// The changes that the headline of the lead time counts, each with its own.
fn timed<'t>(
    scope: &Scope<'t>,
    period: &Period,
) -> impl Iterator<Item = (&'t Change, Span)> + use<'t> {
    delivered(scope, period)
        .into_iter()
        .filter(|change| !change.bot)
        .filter_map(|change| Some((change, change.lead_time().filter(|lead| *lead >= 0)?)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::Config;
    use crate::event::{
        Calendar, Deployment, Event, Events, Fact, Outcome, Pull, Source, Window, parse_instant,
    };
    use crate::timeline::Timeline;

    fn event(id: &str, time: &str, fact: Fact) -> Event {
        let at = parse_instant(time).unwrap();
        Event {
            id: id.to_owned(),
            time: at,
            source: Source::History,
            updated: at,
            fact,
        }
    }

    fn deployment(id: &str, time: &str, pulls: &[u64]) -> Event {
        let at = parse_instant(time).unwrap();
        let fact = Deployment {
            environment: "production".to_owned(),
            outcome: Outcome::Success,
            started_at: Some(at),
            finished_at: Some(at),
            pulls: pulls.to_vec(),
            ..Deployment::default()
        };
        event(id, time, Fact::Deployment(fact))
    }

    /// Opened on Tuesday at 23:30 UTC, reviewed two hours later, approved and merged at 8:00, out at 9:00.
    fn timeline() -> Timeline {
        let at = |text: &str| Some(parse_instant(text).unwrap());
        let pull = Pull {
            number: 1,
            created_at: at("2026-03-03T23:30:00Z"),
            first_review_at: at("2026-03-04T01:30:00Z"),
            approved_at: at("2026-03-04T08:00:00Z"),
            merged_at: at("2026-03-04T08:00:00Z"),
            ..Pull::default()
        };
        let events: Events = [
            deployment("d0", "2026-03-02T12:00:00Z", &[]),
            deployment("d1", "2026-03-04T09:00:00Z", &[1]),
            event("pr:1", "2026-03-04T08:00:00Z", Fact::Pull(pull)),
        ]
        .into_iter()
        .collect();
        Timeline::fold(&events, &Config::default())
    }

    fn period(zone: &str) -> Period {
        let window = Window {
            from: parse_instant("2026-03-01").unwrap(),
            to: parse_instant("2026-03-08").unwrap(),
        };
        let calendar = Calendar {
            zone: zone.parse().unwrap(),
            ..Calendar::default()
        };
        Period::new(window, None, calendar, window.to)
    }

    #[test]
    fn every_change_of_the_headline_is_in_one_band() {
        let timeline = timeline();
        let found = bands(&Scope::overall(&timeline), &period("UTC"));
        assert_eq!(found.len(), EDGES.len() + 1);
        let full: Vec<&Band> = found.iter().filter(|b| b.changes > 0).collect();
        // 9.5 hours.
        assert_eq!((full[0].from, full[0].to), (4 * HOUR, Some(12 * HOUR)));
        assert_eq!(full.len(), 1);
        let nothing = Timeline::fold(&Events::default(), &Config::default());
        assert!(bands(&Scope::overall(&nothing), &period("UTC")).is_empty());
    }

    #[test]
    fn waiting_stands_at_the_hour_of_the_team_in_which_it_began() {
        let timeline = timeline();
        for (zone, weekday, hour) in [("UTC", 2, 23), ("Europe/Berlin", 3, 0)] {
            let found = waits(&Scope::overall(&timeline), &period(zone));
            assert_eq!(
                found.keys().copied().collect::<Vec<_>>(),
                ["deploy_wait", "merge", "pickup", "review"]
            );
            let (at, took) = found["pickup"].first_key_value().unwrap();
            assert_eq!((at.weekday, at.hour), (weekday, hour));
            assert_eq!(took.values, [7200.0]);
            assert_eq!(found["review"].values().next().unwrap().values, [23_400.0]);
        }
    }
}
