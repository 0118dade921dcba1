//! Durations as people write them: `90d`, `5m`, `1h30m`.

use crate::event::Span;

/// A text that is not a duration.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
#[error("`{0}` is not a duration such as 5m, 2.5h, 90d or 12w")]
pub struct DurationError(String);

/// Seconds of `30s`, `5m`, `2.5h`, `7d`, `12w` or a sum of such parts.
///
/// # Errors
/// When a part has no unit, no number, or the sum is not positive and below a century.
pub fn parse_seconds(text: &str) -> Result<Span, DurationError> {
    let fail = || DurationError(text.chars().take(40).collect());
    let mut rest = text.trim();
    let mut total = 0.0_f64;
    while !rest.is_empty() {
        let digits = rest
            .find(|c: char| !c.is_ascii_digit() && c != '.')
            .ok_or_else(fail)?;
        let number: f64 = rest[..digits].parse().map_err(|_| fail())?;
        let unit_end = rest[digits..]
            .find(|c: char| !c.is_ascii_alphabetic())
            .map_or(rest.len(), |at| digits + at);
        total += number
            * match &rest[digits..unit_end] {
                "s" | "sec" | "seconds" => 1.0,
                "m" | "min" | "minutes" => 60.0,
                "h" | "hours" | "hour" => 3600.0,
                "d" | "days" | "day" => 86_400.0,
                "w" | "weeks" | "week" => 604_800.0,
                _ => return Err(fail()),
            };
        rest = rest[unit_end..].trim_start();
    }
    if !(0.0..3.2e9).contains(&total) || text.trim().is_empty() {
        return Err(fail());
    }
    #[expect(clippy::cast_possible_truncation, reason = "bounded just above")]
    let seconds = total.round() as Span;
    Ok(seconds)
}

/// Whole days of a duration; a bare number is days.
///
/// # Errors
/// When it is no duration or shorter than a day.
pub fn parse_days(text: &str) -> Result<u32, DurationError> {
    let fail = || DurationError(text.chars().take(40).collect());
    let days = match text.trim().parse::<u32>() {
        Ok(days) => days,
        Err(_) => u32::try_from(parse_seconds(text)? / 86_400).map_err(|_| fail())?,
    };
    if (1..=36_500).contains(&days) {
        Ok(days)
    } else {
        Err(fail())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_add_up_and_nonsense_is_refused() {
        assert_eq!(parse_seconds("1h30m"), Ok(5400));
        assert_eq!(parse_seconds("2.5h"), Ok(9000));
        assert_eq!(parse_days("12w"), Ok(84));
        assert_eq!(parse_days("30"), Ok(30));
        for bad in ["", "90", "d", "5x", "-1d", "1e999d", "9999999999999w"] {
            assert!(parse_seconds(bad).is_err(), "{bad}");
        }
        assert!(parse_days("5m").is_err());
    }
}
