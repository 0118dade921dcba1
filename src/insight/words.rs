//! How findings word counts, shares and spans of time.

/// "1 deployment", "3 deployments".
pub(super) fn plural(n: u64, one: &str, many: &str) -> String {
    format!("{n} {}", if n == 1 { one } else { many })
}

/// Seconds in the largest unit that leaves at least two of it: "3.5 days", "90 minutes".
pub(super) fn span(seconds: f64) -> String {
    for (unit, name) in [(86_400.0, "days"), (3600.0, "hours"), (60.0, "minutes")] {
        if seconds >= 2.0 * unit {
            return format!("{} {name}", number(seconds / unit));
        }
    }
    format!("{} seconds", number(seconds))
}

/// The same in a few letters: `45 s`, `38 min`, `2.1 h`, `3.4 d`.
pub(super) fn short_span(seconds: f64) -> String {
    let (size, unit) = match seconds {
        s if s < 60.0 => (1.0, "s"),
        s if s < 3600.0 => (60.0, "min"),
        s if s < 172_800.0 => (3600.0, "h"),
        _ => (86_400.0, "d"),
    };
    format!("{} {unit}", number(seconds / size))
}

/// A share as a percentage: "4.2 %".
pub(super) fn percent(share: f64) -> String {
    format!("{} %", number(share * 100.0))
}

/// One decimal place where it says something.
pub(super) fn number(value: f64) -> String {
    let rounded = (value * 10.0).round() / 10.0;
    if rounded.fract().abs() < 1e-9 || rounded.abs() >= 100.0 {
        format!("{rounded:.0}")
    } else {
        format!("{rounded:.1}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spans_and_shares_are_short() {
        for (seconds, text) in [
            (0.0, "0 seconds"),
            (119.0, "119 seconds"),
            (5400.0, "90 minutes"),
            (9000.0, "2.5 hours"),
            (86_400.0 * 3.0, "3 days"),
        ] {
            assert_eq!(span(seconds), text);
        }
        assert_eq!(short_span(7_560.0), "2.1 h");
        assert_eq!(short_span(36.0 * 3600.0), "36 h");
        assert_eq!(short_span(8.0 * 86_400.0), "8 d");
        assert_eq!(percent(0.0417), "4.2 %");
        assert_eq!(percent(1.0), "100 %");
        assert_eq!(plural(1, "week", "weeks"), "1 week");
    }
}
