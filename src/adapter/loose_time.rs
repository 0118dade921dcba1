//! Moments as people and exports write them: RFC 3339, without an offset, with one digit for the hour, or as an epoch.

use std::sync::LazyLock;

use chrono::{DateTime, Duration, NaiveDate, NaiveTime};
use regex::Regex;

use crate::event::Instant;

/// A moment, and what had to be assumed to read it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Moment {
    pub(super) at: Instant,
    /// It names no offset: UTC was assumed.
    pub(super) assumed_utc: bool,
}

static SHAPE: LazyLock<Regex> = LazyLock::new(|| {
    #[expect(clippy::expect_used, reason = "a constant, compiled by a test")]
    Regex::new(concat!(
        r"(?i)^([0-9]{4})-([0-9]{1,2})-([0-9]{1,2})",
        r"(?:(?:T| +)([0-9]{1,2}):([0-9]{2})(?::([0-9]{2})(?:[.,]([0-9]+))?)?)?",
        r" *(Z|UTC|GMT|[+-][0-9]{2}:?[0-9]{2})?$"
    ))
    .expect("a valid pattern")
});

/// Reads a moment; `None` when the text is none.
pub(super) fn read(text: &str) -> Option<Moment> {
    let text = text.trim();
    if let Some(at) = epoch(text) {
        return Some(Moment {
            at,
            assumed_utc: false,
        });
    }
    let parts = SHAPE.captures(text)?;
    let part = |n: usize| parts.get(n).map(|m| m.as_str());
    let number = |n: usize| part(n).map_or(Some(0), |digits| digits.parse::<u32>().ok());
    let year = part(1)?.parse().ok()?;
    let day = NaiveDate::from_ymd_opt(year, number(2)?, number(3)?)?;
    let nanos: String = part(7)
        .unwrap_or("")
        .chars()
        .chain("000000000".chars())
        .take(9)
        .collect();
    // A leap second is the last one of its minute.
    let second = number(6).filter(|s| *s <= 60)?.min(59);
    let time = NaiveTime::from_hms_nano_opt(number(4)?, number(5)?, second, nanos.parse().ok()?)?;
    let east = part(8).map_or(Some(0), seconds_east)?;
    Some(Moment {
        at: (day.and_time(time) - Duration::seconds(east)).and_utc(),
        assumed_utc: part(8).is_none(),
    })
}

/// Seconds or milliseconds since 1970, as far as they look like it: 2001 to 2286.
fn epoch(text: &str) -> Option<Instant> {
    let count: i64 = text.parse().ok()?;
    match text.len() {
        10 => DateTime::from_timestamp(count, 0),
        13 => DateTime::from_timestamp_millis(count),
        _ => None,
    }
}

/// Of `Z`, `UTC`, `+02:00` or `-0530`.
fn seconds_east(offset: &str) -> Option<i64> {
    let sign = match offset.as_bytes().first()? {
        b'+' => 1,
        b'-' => -1,
        _ => return Some(0),
    };
    let digits: String = offset.chars().filter(char::is_ascii_digit).collect();
    let hours: i64 = digits.get(..2)?.parse().ok()?;
    let minutes: i64 = digits.get(2..)?.parse().ok()?;
    (hours < 24 && minutes < 60).then_some(sign * (hours * 3600 + minutes * 60))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::event::parse_instant;

    #[test]
    fn one_moment_in_many_forms() {
        let wanted = parse_instant("2026-03-02T09:05:00Z").unwrap();
        for (text, assumed_utc) in [
            ("2026-03-02T09:05:00Z", false),
            ("2026-03-02T9:05:00-00:00", false),
            ("2026-03-02 11:05 +0200", false),
            ("2026-03-02 09:05:00 UTC", false),
            ("2026-03-02T09:05:00.000", true),
            ("2026-3-2 9:05", true),
            ("1772442300", false),
            ("1772442300000", false),
        ] {
            let wanted = Moment {
                at: wanted,
                assumed_utc,
            };
            assert_eq!(read(text), Some(wanted), "{text}");
        }
        assert_eq!(
            read("2026-03-02").map(|m| m.at),
            parse_instant("2026-03-02").ok()
        );
    }

    #[test]
    fn what_is_no_moment_is_none() {
        for text in [
            "",
            "yesterday",
            "2026-13-02",
            "2026-03-02T25:00:00Z",
            "2026-03-02T10:61",
            "42",
            "2026-03-02T10:00:00+99:00",
            "٢٠٢٦-٠٣-٠٢",
            "02/03/2026",
            "9999999999999999999999",
        ] {
            assert_eq!(read(text), None, "{text}");
        }
        assert!(read("9999-12-31T23:59:59-23:59").is_some());
        assert!(read("0000-01-01T00:00:00+23:59").is_some());
    }
}
