//! Periods that people name: a month, a quarter, the last whole week; in the report's time zone.

use chrono::{Days, Months, NaiveDate};

use super::Failure;
use super::args::Scope;
use crate::config::Config;
use crate::event::{Instant, Window};

/// The window of `--month` or `--quarter`, up to now where it is not over.
pub(super) fn named(
    scope: &Scope,
    config: &Config,
    now: Instant,
) -> Result<Option<Window>, Failure> {
    let (flag, text, months) = match (&scope.month, &scope.quarter) {
        (Some(text), _) => ("--month", text, 1),
        (None, Some(text)) => ("--quarter", text, 3),
        (None, None) => return Ok(None),
    };
    let first = if months == 1 {
        month(text)
    } else {
        quarter(text)
    };
    let Some((first, after)) =
        first.and_then(|f| Some((f, f.checked_add_months(Months::new(months))?)))
    else {
        let example = if months == 1 { "2026-09" } else { "2026Q3" };
        return Err(Failure::usage(
            format!("cannot use `{flag}`: `{text}` is not one such as {example}"),
            None,
        ));
    };
    let window = between(config, first, after);
    if window.from >= now {
        return Err(Failure::usage(format!("{text} has not begun"), None));
    }
    Ok(Some(Window {
        to: window.to.min(now),
        ..window
    }))
}

/// The last whole week before now, from Monday.
pub(super) fn last_week(config: &Config, now: Instant) -> Window {
    let monday = config.calendar().week(now);
    between(config, monday - Days::new(7), monday)
}

/// The last whole month before now.
pub(super) fn last_month(config: &Config, now: Instant) -> Window {
    let first = config.calendar().month(now);
    let before = first.checked_sub_months(Months::new(1)).unwrap_or(first);
    between(config, before, first)
}

fn between(config: &Config, first: NaiveDate, after: NaiveDate) -> Window {
    let calendar = config.calendar();
    Window {
        from: calendar.start_of(first),
        to: calendar.start_of(after),
    }
}

/// The first day of `2026-09`.
fn month(text: &str) -> Option<NaiveDate> {
    let (year, month) = text.trim().split_once('-')?;
    NaiveDate::from_ymd_opt(year_of(year)?, month.parse().ok()?, 1)
}

/// The first day of `2026Q3` or `2026-q3`.
fn quarter(text: &str) -> Option<NaiveDate> {
    let (year, quarter) = text.trim().split_once(['Q', 'q'])?;
    let quarter: u32 = quarter.parse().ok().filter(|q| (1..=4).contains(q))?;
    let year = year_of(year.strip_suffix('-').unwrap_or(year))?;
    NaiveDate::from_ymd_opt(year, quarter * 3 - 2, 1)
}

fn year_of(text: &str) -> Option<i32> {
    (text.len() == 4).then(|| text.parse().ok())?
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::event::parse_instant;

    fn at(text: &str) -> Instant {
        parse_instant(text).unwrap()
    }

    fn asked(month: Option<&str>, quarter: Option<&str>) -> Result<Option<Window>, Failure> {
        let scope = Scope {
            month: month.map(str::to_owned),
            quarter: quarter.map(str::to_owned),
            ..Scope::default()
        };
        let config = Config {
            timezone: chrono_tz::Europe::Berlin,
            ..Config::default()
        };
        named(&scope, &config, at("2026-09-20T12:00:00Z"))
    }

    #[test]
    fn months_and_quarters_begin_at_midnight_of_the_zone() {
        let found = asked(None, Some("2026Q1")).unwrap().unwrap();
        // Winter time at the beginning, summer time at the end.
        assert_eq!(found.from, at("2025-12-31T23:00:00Z"));
        assert_eq!(found.to, at("2026-03-31T22:00:00Z"));
        let found = asked(Some("2025-12"), None).unwrap().unwrap();
        assert_eq!(found.from, at("2025-11-30T23:00:00Z"));
        assert_eq!(found.to, at("2025-12-31T23:00:00Z"));
    }

    #[test]
    fn what_is_not_over_ends_now_and_what_has_not_begun_is_refused() {
        let found = asked(None, Some("2026-q3")).unwrap().unwrap();
        assert_eq!(found.to, at("2026-09-20T12:00:00Z"));
        assert!(asked(Some("2026-10"), None).is_err());
        assert_eq!(asked(None, None).unwrap(), None);
    }

    #[test]
    fn nonsense_is_refused() {
        for text in [
            "",
            "2026",
            "2026-13",
            "26-01",
            "2026-00",
            "٢٠٢٦-01",
            "-999-1",
            "2026-1é",
        ] {
            assert!(asked(Some(text), None).is_err(), "{text}");
        }
        for text in ["", "2026Q5", "2026Q0", "Q3", "2026-09", "2026Q33333333333"] {
            assert!(asked(None, Some(text)).is_err(), "{text}");
        }
    }

    #[test]
    fn the_last_week_and_month_are_whole() {
        let config = Config::default();
        let now = at("2026-09-20T12:00:00Z");
        let week = last_week(&config, now);
        assert_eq!(week.from, at("2026-09-07"));
        assert_eq!(week.to, at("2026-09-14"));
        let month = last_month(&config, now);
        assert_eq!(month.from, at("2026-08-01"));
        assert_eq!(month.to, at("2026-09-01"));
    }
}
