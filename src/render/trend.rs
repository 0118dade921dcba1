//! The weekly series as charts in a terminal, one a metric.

use super::chart::{self, Scale};
use super::screen::{Paint, Screen};
use super::{RenderError, Style, humanize, spark};
use crate::report::v1::{Point, Report};
use crate::report::{METRICS, Metric};

/// Lines of a chart's body: one a step of the axis, doubled while it stays small.
const BODY: usize = 8;
/// Columns of axis labels.
const AXIS: usize = 9;

/// Five charts with axes; a metric without two weeks of values says so.
///
/// # Errors
/// None today; the shape of its neighbours.
pub fn trend(report: &Report, style: &Style) -> Result<String, RenderError> {
    let mut screen = Screen::new(style);
    let slots = screen.width().saturating_sub(AXIS + 2);
    let weekly = &report.overall.series.weekly;
    let points = &weekly[weekly.len().saturating_sub(slots)..];
    for (number, metric) in METRICS.iter().enumerate() {
        if number > 0 {
            screen.blank();
        }
        screen.line(&[(Paint::Strong, chart::title(metric))]);
        let known = points
            .iter()
            .filter_map(|p| spark::value_of(metric.id, p))
            .count();
        if known < 2 {
            screen.text(2, 0, Paint::Faint, "Fewer than two weeks have a value.");
        } else {
            draw(&mut screen, metric, points, slots);
        }
    }
    if points.iter().any(|p| p.partial) {
        screen.blank();
        screen.text(
            0,
            0,
            Paint::Faint,
            "A week in brackets is cut by the window, or is not over.",
        );
    }
    Ok(screen.finish())
}

fn draw(screen: &mut Screen, metric: &Metric, points: &[Point], slots: usize) {
    let values: Vec<Option<f64>> = points
        .iter()
        .map(|p| spark::value_of(metric.id, p))
        .collect();
    let max = values.iter().flatten().copied().fold(0.0, f64::max);
    let scale = Scale::holding(metric.unit, max);
    let ticks = scale.ticks();
    let steps = ticks.len().saturating_sub(1).max(1);
    let lines_a_step = (BODY / steps).max(1);
    let height = steps * lines_a_step;
    // A column and its gap; many weeks touch each other.
    let pitch = (slots / points.len().max(1)).clamp(1, 6);
    let bar = if pitch > 2 { pitch - 1 } else { 1 };
    for line in (1..=height).rev() {
        let label = if line % lines_a_step == 0 {
            ticks
                .get(line / lines_a_step)
                .map_or("", |(_, label)| label.as_str())
        } else {
            ""
        };
        let joint = if label.is_empty() { "│" } else { "┤" };
        let mut body = String::new();
        for value in &values {
            let cell = value.map_or(' ', |v| block(v / scale.top * height as f64, line));
            body.extend(std::iter::repeat_n(cell, bar));
            body.extend(std::iter::repeat_n(' ', pitch - bar));
        }
        screen.line(&[
            (Paint::Faint, &format!("{label:>AXIS$}{joint}")),
            (Paint::Plain, body.trim_end()),
        ]);
    }
    axis(screen, points, &values, pitch);
}

/// The part of a column, `reach` lines high, that falls into this line.
fn block(reach: f64, line: usize) -> char {
    const EIGHTHS: [char; 9] = [' ', '▁', '▂', '▃', '▄', '▅', '▆', '▇', '█'];
    let inside = reach - (line as f64 - 1.0);
    EIGHTHS
        .iter()
        .enumerate()
        .rev()
        .find(|(eighths, _)| inside * 8.0 + 0.5 >= *eighths as f64)
        .map_or(' ', |(_, block)| *block)
}

fn axis(screen: &mut Screen, points: &[Point], values: &[Option<f64>], pitch: usize) {
    // A week without a value shows as a gap in the axis, so that it is not read as nought.
    let base: String = values
        .iter()
        .flat_map(|value| {
            let mark = if value.is_some() { '─' } else { ' ' };
            std::iter::repeat_n(mark, pitch)
        })
        .collect();
    screen.line(&[
        (Paint::Faint, &format!("{:>AXIS$}└", "0")),
        (Paint::Faint, base.trim_end()),
    ]);
    let mut labels = String::new();
    for (index, point) in points.iter().enumerate() {
        let at = index * pitch;
        let day = humanize::axis_day(&point.start);
        let label = if point.partial {
            format!("({day})")
        } else {
            day
        };
        if labels.is_empty() || at >= labels.chars().count() + 2 {
            labels.extend(std::iter::repeat_n(
                ' ',
                at.saturating_sub(labels.chars().count()),
            ));
            labels.push_str(&label);
        }
    }
    let space = " ".repeat(AXIS + 1);
    screen.line(&[(Paint::Plain, &space), (Paint::Faint, &labels)]);
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::render::fixture;

    #[test]
    fn charts_have_axes_and_fit() {
        let out = trend(&fixture::shop(), &Style::default()).unwrap();
        assert!(out.lines().all(|line| line.chars().count() <= 80), "{out}");
        for label in ["20┤", "15 h┤", "100 %┤", "(29 Dec)", "└──"] {
            assert!(out.contains(label) || label == "100 %┤", "{label}: {out}");
        }
    }

    #[test]
    fn a_column_is_as_high_as_its_value() {
        assert_eq!(
            [block(2.5, 1), block(2.5, 2), block(2.5, 3), block(2.5, 4)],
            ['█', '█', '▄', ' ']
        );
        assert_eq!(block(0.0, 1), ' ');
    }

    #[test]
    fn too_few_weeks_are_said() {
        let out = trend(&fixture::empty(), &Style::default()).unwrap();
        assert_eq!(out.matches("Fewer than two weeks").count(), 5);
    }

    #[test]
    fn hostile_weeks_stay_text() {
        let style = Style {
            ascii: true,
            ..Style::default()
        };
        let out = trend(&fixture::hostile(), &style).unwrap();
        assert!(out.is_ascii() && !out.contains('\x1b'));
    }
}
