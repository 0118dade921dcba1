//! Instants, spans of seconds, half-open windows, and the calendar of a time zone.

use chrono::{DateTime, Datelike, Days, NaiveDate, NaiveTime, TimeZone, Utc, Weekday};
use chrono_tz::Tz;

use super::is_datable;

/// A moment in UTC. Always when something happened, never when it was recorded.
pub type Instant = DateTime<Utc>;

/// Whole elapsed seconds; negative only where two clocks disagree.
pub type Span = i64;

/// A text that is not a moment.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
#[error(
    "`{text}` is neither a date such as 2026-03-02 nor an RFC 3339 instant such as 2026-03-02T10:00:00Z"
)]
pub struct TimeError {
    text: String,
}

/// Reads an RFC 3339 instant, or a bare date as midnight UTC.
///
/// # Errors
/// When the text is neither, or lies outside of the years 1 to 9999.
pub fn parse_instant(text: &str) -> Result<Instant, TimeError> {
    let trimmed = text.trim();
    let moment = DateTime::parse_from_rfc3339(trimmed).map(|found| found.with_timezone(&Utc));
    let day = || NaiveDate::parse_from_str(trimmed, "%Y-%m-%d");
    let midnight = |day: NaiveDate| day.and_time(NaiveTime::MIN).and_utc();
    moment
        .or_else(|_| day().map(midnight))
        .ok()
        .filter(|at| is_datable(*at))
        .ok_or_else(|| TimeError {
            text: text.chars().take(60).collect(),
        })
}

/// Seconds from `from` to `to`.
#[must_use]
pub fn seconds_between(from: Instant, to: Instant) -> Span {
    (to - from).num_seconds()
}

/// A half-open stretch of time: `from` belongs to it, `to` does not (rule W1).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Window {
    /// First moment inside.
    pub from: Instant,
    /// First moment after.
    pub to: Instant,
}

impl Window {
    /// The `days` days before `to`.
    #[must_use]
    pub fn last_days(to: Instant, days: u32) -> Self {
        Self {
            from: to - chrono::Duration::days(i64::from(days)),
            to,
        }
    }

    /// Whether the moment lies in `[from, to)`.
    #[must_use]
    pub fn contains(&self, at: Instant) -> bool {
        self.from <= at && at < self.to
    }

    /// The window of the same length just before.
    #[must_use]
    pub fn before(&self) -> Self {
        Self {
            from: self.from - (self.to - self.from),
            to: self.from,
        }
    }

    /// Length in days of 24 hours.
    #[must_use]
    pub fn days(&self) -> f64 {
        #[expect(
            clippy::cast_precision_loss,
            reason = "windows are far shorter than 2^52 seconds"
        )]
        let seconds = seconds_between(self.from, self.to) as f64;
        seconds / 86_400.0
    }
}

/// Days, weeks and months as people in one time zone see them (rule W2).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Calendar {
    /// IANA zone.
    pub zone: Tz,
    /// First day of a week.
    pub week_start: Weekday,
}

impl Default for Calendar {
    fn default() -> Self {
        Self {
            zone: Tz::UTC,
            week_start: Weekday::Mon,
        }
    }
}

impl Calendar {
    /// The local day of a moment.
    #[must_use]
    pub fn day(&self, at: Instant) -> NaiveDate {
        at.with_timezone(&self.zone).date_naive()
    }

    /// The first day of the week of a moment: the Monday of the ISO week, where nothing else is said.
    #[must_use]
    pub fn week(&self, at: Instant) -> NaiveDate {
        let day = self.day(at);
        let into = day.weekday().days_since(self.week_start);
        day - Days::new(u64::from(into))
    }

    /// The first day of the month of a moment.
    #[must_use]
    pub fn month(&self, at: Instant) -> NaiveDate {
        let day = self.day(at);
        day.with_day(1).unwrap_or(day)
    }

    /// The moment a local day begins; where midnight does not exist, the first moment that does.
    #[must_use]
    pub fn start_of(&self, day: NaiveDate) -> Instant {
        let midnight = day.and_time(NaiveTime::MIN);
        (0..8)
            .find_map(|quarter| {
                self.zone
                    .from_local_datetime(&(midnight + chrono::Duration::minutes(15 * quarter)))
                    .earliest()
            })
            .map_or_else(|| midnight.and_utc(), |at| at.with_timezone(&Utc))
    }

    /// Every week that the window touches, in order, as Mondays.
    #[must_use]
    pub fn weeks_of(&self, window: &Window) -> Vec<NaiveDate> {
        self.steps(window, |at| self.week(at), |monday| monday + Days::new(7))
    }

    /// Every month that the window touches, in order, as first days.
    #[must_use]
    pub fn months_of(&self, window: &Window) -> Vec<NaiveDate> {
        self.steps(
            window,
            |at| self.month(at),
            |first| first + chrono::Months::new(1),
        )
    }

    fn steps(
        self,
        window: &Window,
        start: impl Fn(Instant) -> NaiveDate,
        next: impl Fn(NaiveDate) -> NaiveDate,
    ) -> Vec<NaiveDate> {
        let mut out = Vec::new();
        if window.to <= window.from {
            return out;
        }
        let mut at = start(window.from);
        // A guard against absurd windows: ten thousand weeks are two centuries.
        while self.start_of(at) < window.to && out.len() < 10_000 {
            out.push(at);
            at = next(at);
        }
        out
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_week_begins_on_monday_in_the_report_zone() {
        let berlin = Calendar {
            zone: chrono_tz::Europe::Berlin,
            ..Calendar::default()
        };
        let at = parse_instant("2026-03-08T23:30:00Z").unwrap();
        assert_eq!(berlin.week(at).to_string(), "2026-03-09");
        assert_eq!(Calendar::default().week(at).to_string(), "2026-03-02");
    }

    #[test]
    fn a_day_without_midnight_begins_at_its_first_moment() {
        let zone = Calendar {
            zone: chrono_tz::America::Santiago,
            ..Calendar::default()
        };
        let day = NaiveDate::from_ymd_opt(2026, 9, 6).unwrap();
        assert_eq!(
            zone.start_of(day),
            parse_instant("2026-09-06T04:00:00Z").unwrap()
        );
    }

    #[test]
    fn a_bare_date_is_midnight_and_nonsense_is_refused() {
        assert_eq!(
            parse_instant("2026-03-02").unwrap(),
            parse_instant("2026-03-02T00:00:00Z").unwrap()
        );
        assert!(parse_instant("yesterday").is_err());
    }
}
