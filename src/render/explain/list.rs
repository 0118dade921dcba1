//! What can be explained, from the table and from the shape of the report.

use super::{figure, meaning};
use crate::render::Style;
use crate::render::screen::{Paint, Screen};
use crate::report::METRICS;

/// Every figure with its words, and how events are named; for a terminal.
#[must_use]
pub fn explainable(style: &Style) -> String {
    let mut screen = Screen::new(style);
    screen.text(0, 0, Paint::Plain, "fivekeys explain FIGURE shows where a number comes from. A figure is named by its path in the report:");
    let known = figure::known();
    for metric in &METRICS {
        screen.blank();
        let older = format!("  also {}", metric.aliases.join(", "));
        screen.line(&[(Paint::Strong, metric.id), (Paint::Faint, &older)]);
        let prefix = format!("{}.", metric.id);
        let inside: Vec<&str> = known
            .iter()
            .filter_map(|path| path.strip_prefix(&prefix))
            .collect();
        let (named, plain): (Vec<&str>, Vec<&str>) = inside
            .iter()
            .filter(|path| {
                meaning::row_of(&format!("{prefix}{path}")).is_some() || !path.contains('.')
            })
            .partition(|path| meaning::row_of(&format!("{prefix}{path}")).is_some());
        screen.text(2, 2, Paint::Plain, &plain.join(", "));
        for path in named {
            let title = meaning::row_of(&format!("{prefix}{path}")).map_or("", |row| row.title);
            screen.text(2, 4, Paint::Plain, &format!("{path}  {title}"));
        }
    }
    screen.blank();
    screen.text(0, 0, Paint::Plain, "Figures that are distributions have .n, .p50, .p75, .p90, .p95, .p99 and .mean beneath them.");
    screen.text(0, 0, Paint::Plain, "One event: a deployment by id or commit (dep:…, run:…, tag:v1.2.0), a change (#12, pr:12, a commit), an incident (inc:…).");
    screen.finish()
}
