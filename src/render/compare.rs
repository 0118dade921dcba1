//! The window against the one before, side by side.

use super::screen::{Paint, Screen};
use super::{RenderError, Style, humanize, view};
use crate::report::v1::Report;

/// `compare`: five rows, before and now, and what the difference is worth.
///
/// # Errors
/// None today; the shape of its neighbours.
pub fn compare(report: &Report, style: &Style) -> Result<String, RenderError> {
    let mut screen = Screen::new(style);
    let header = view::header(report);
    let window = &report.window;
    let before = window.from - (window.to - window.from);
    screen.line(&[(
        Paint::Strong,
        &format!("{}: two windows", header.repository),
    )]);
    let first = humanize::day(before, &window.timezone);
    let last = humanize::day(window.from - chrono::Duration::seconds(1), &window.timezone);
    screen.line(&[(Paint::Faint, &format!("before  {first} – {last}"))]);
    screen.line(&[(
        Paint::Faint,
        &format!("now     {} – {}", header.from, header.until),
    )]);
    screen.blank();
    let mut table = vec![["", "before", "now", "change"].map(str::to_owned).to_vec()];
    let rows = view::rows(&report.overall);
    for row in &rows {
        let title = row.title.to_owned();
        table.push(vec![
            title,
            row.previous.clone(),
            row.value.clone(),
            row.change.text(),
        ]);
    }
    screen.table(&[false, true, true, false], &table);
    let missing: Vec<&view::Row> = rows
        .iter()
        .filter(|r| !r.change.because.is_empty())
        .collect();
    if !missing.is_empty() {
        screen.blank();
        for row in missing {
            let line = format!(
                "{}: {} ({})",
                row.title, row.change.words, row.change.because
            );
            screen.text(2, 2, Paint::Plain, &line);
        }
    }
    Ok(screen.finish())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::render::fixture;

    #[test]
    fn both_windows_stand_side_by_side() {
        let out = compare(&fixture::shop(), &Style::default()).unwrap();
        assert!(out.contains("before  2025-10-01 – 2025-12-29"), "{out}");
        assert!(out.lines().all(|line| line.chars().count() <= 80), "{out}");
        let words: Vec<&str> = out
            .lines()
            .find(|line| line.contains("Change lead time"))
            .unwrap()
            .split_whitespace()
            .collect();
        assert_eq!(
            words[3..],
            ["12", "h", "9.8", "h", "↓", "2.3", "h,", "better"]
        );
    }

    #[test]
    fn nothing_to_compare_is_said() {
        let out = compare(&fixture::empty(), &Style::default()).unwrap();
        assert_eq!(out.matches("too little data").count(), 5, "{out}");
    }
}
