//! Widths of Verdana's letters, so that a badge is as wide as its text.

/// Advance widths of the printable ASCII characters, in 2048ths of the font size.
const WIDTHS: [u16; 95] = [
    720, 806, 940, 1676, 1302, 2204, 1488, 550, 930, 930, 1302, 1676, 745, 930, 745, 930, 1302,
    1302, 1302, 1302, 1302, 1302, 1302, 1302, 1302, 1302, 930, 930, 1676, 1676, 1676, 1117, 2048,
    1400, 1404, 1430, 1578, 1295, 1177, 1588, 1539, 862, 931, 1419, 1140, 1726, 1532, 1612, 1235,
    1612, 1424, 1400, 1262, 1499, 1400, 2025, 1403, 1260, 1403, 930, 930, 930, 1676, 1302, 1302,
    1230, 1276, 1067, 1276, 1220, 720, 1276, 1296, 562, 705, 1212, 562, 1992, 1296, 1243, 1276,
    1276, 874, 1067, 807, 1296, 1212, 1676, 1212, 1212, 1076, 1300, 930, 1300, 1676,
];

/// Characters outside of the table are taken as wide as a digit; full-width ones are rare in numbers.
const OTHER: u16 = 1302;

/// Width of the middle dot.
const MIDDLE_DOT: u16 = 745;
/// Width of a minus, as of plus and equals.
const MINUS: u16 = 1676;

/// Width of a text in pixels at 11 px.
#[must_use]
pub(crate) fn width_11px(text: &str) -> f64 {
    let units: u32 = text.chars().map(|c| u32::from(letter(c))).sum();
    f64::from(units) * 11.0 / 2048.0
}

fn letter(c: char) -> u16 {
    match c {
        '·' => MIDDLE_DOT,
        '−' => MINUS,
        _ => u32::from(c)
            .checked_sub(32)
            .and_then(|at| WIDTHS.get(at as usize).copied())
            .unwrap_or(OTHER),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn wide_letters_are_wider() {
        assert!((width_11px("0") - 6.993).abs() < 0.01);
        assert!(width_11px("mmm") > 2.0 * width_11px("iii"));
        assert!(width_11px("€") > 0.0);
    }
}
