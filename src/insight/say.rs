//! Numbers as words, for sentences that the report itself says.

const MINUTE: f64 = 60.0;
const HOUR: f64 = 3600.0;
const DAY: f64 = 86_400.0;

/// `45 s`, `38 min`, `2.1 h`, `3.4 d`.
pub(super) fn span(seconds: f64) -> String {
    let (size, unit) = match seconds {
        s if s < MINUTE => (1.0, "s"),
        s if s < HOUR => (MINUTE, "min"),
        s if s < 2.0 * DAY => (HOUR, "h"),
        _ => (DAY, "d"),
    };
    format!("{} {unit}", number(seconds / size))
}

/// `7 %`.
pub(super) fn percent(share: f64) -> String {
    format!("{} %", number(share * 100.0))
}

/// At most one decimal below ten, none above.
pub(super) fn number(value: f64) -> String {
    let text = if value < 9.95 {
        format!("{value:.1}")
    } else {
        format!("{value:.0}")
    };
    text.strip_suffix(".0").map_or(text.clone(), str::to_owned)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_are_rounded_as_people_say_them() {
        assert_eq!(span(0.0), "0 s");
        assert_eq!(span(7_560.0), "2.1 h");
        assert_eq!(span(36.0 * HOUR), "36 h");
        assert_eq!(span(8.0 * DAY), "8 d");
        assert_eq!(percent(0.13), "13 %");
        assert_eq!(number(9.96), "10");
    }
}
