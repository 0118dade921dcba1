//! Charts without a canvas: scales with round ticks, and the geometry of one metric's weekly series.

use serde::Serialize;

use super::{humanize, spark};
use crate::report::v1::{Point, Series};
use crate::report::{Metric, Unit};

/// An axis from nought to a round number.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Scale {
    pub(crate) top: f64,
    pub(crate) step: f64,
    unit: Unit,
    /// One unit an axis: what its labels are divided by.
    size: f64,
}

impl Scale {
    /// The axis that holds `max` in three to five steps.
    #[must_use]
    pub(crate) fn holding(unit: Unit, max: f64) -> Self {
        let size = match unit {
            Unit::PerDay => 1.0,
            Unit::Ratio => 0.01,
            Unit::Seconds => unit_size(max),
        };
        let max = (max / size).max(if unit == Unit::Seconds { 0.1 } else { 1.0 });
        let rough = max / 4.0;
        let power = 10_f64.powf(rough.log10().floor());
        let step = [1.0, 2.0, 5.0, 10.0]
            .into_iter()
            .map(|round| round * power)
            .find(|step| *step >= rough * 0.999)
            .unwrap_or(10.0 * power);
        // Deployments are whole.
        let step = if unit == Unit::PerDay {
            step.max(1.0)
        } else {
            step
        };
        Self {
            top: (max / step - 1e-9).ceil().max(1.0) * step * size,
            step: step * size,
            unit,
            size,
        }
    }

    /// Ticks from nought upwards, with labels.
    #[must_use]
    pub(crate) fn ticks(&self) -> Vec<(f64, String)> {
        let mut out = Vec::new();
        let mut count = 0.0;
        while count * self.step <= self.top * 1.001 && out.len() < 12 {
            let value = count * self.step;
            out.push((value, self.label(value)));
            count += 1.0;
        }
        out
    }

    /// A value as the axis words it.
    #[must_use]
    pub(crate) fn label(&self, value: f64) -> String {
        match self.unit {
            Unit::PerDay => humanize::number(value),
            Unit::Ratio => format!("{} %", humanize::number(value * 100.0)),
            Unit::Seconds if value <= 0.0 => "0".to_owned(),
            Unit::Seconds => {
                format!(
                    "{} {}",
                    humanize::number(value / self.size),
                    unit_name(self.size)
                )
            }
        }
    }
}

/// The unit that an axis up to `max` seconds is best read in.
#[must_use]
pub(crate) fn unit_size(max: f64) -> f64 {
    [86_400.0, 3600.0, 60.0]
        .into_iter()
        .find(|size| max >= 2.0 * size)
        .unwrap_or(1.0)
}

/// Its name.
#[must_use]
pub(crate) fn unit_name(size: f64) -> &'static str {
    match size {
        s if s >= 86_400.0 => "d",
        s if s >= 3600.0 => "h",
        s if s >= 60.0 => "min",
        _ => "s",
    }
}

/// The same in full.
#[must_use]
pub(crate) fn unit_word(size: f64) -> &'static str {
    match unit_name(size) {
        "d" => "days",
        "h" => "hours",
        "min" => "minutes",
        _ => "seconds",
    }
}

/// What a chart of this metric shows.
#[must_use]
pub(crate) fn title(metric: &Metric) -> &'static str {
    match metric.id {
        "change_lead_time" => "Change lead time, weekly median",
        "deployment_frequency" => "Deployments a week",
        "failed_deployment_recovery_time" => "Failed deployment recovery time, weekly median",
        "change_fail_rate" => "Change fail rate, weekly",
        _ => "Deployment rework rate, weekly",
    }
}

/// A weekly value in words.
#[must_use]
pub(crate) fn point_words(metric: &Metric, value: Option<f64>) -> String {
    value.map_or_else(
        || "–".to_owned(),
        |v| match metric.unit {
            Unit::PerDay => humanize::number(v),
            Unit::Seconds | Unit::Ratio => humanize::value(metric.unit, v),
        },
    )
}

const WIDTH: f64 = 560.0;
const LEFT: f64 = 46.0;
const RIGHT: f64 = 8.0;
const TOP: f64 = 10.0;
const BASE: f64 = 150.0;

/// A drawn chart; lengths are in the units of its view box.
#[derive(Debug, Serialize)]
pub(crate) struct Plot {
    pub(crate) title: &'static str,
    pub(crate) slug: String,
    pub(crate) ticks: Vec<Mark>,
    pub(crate) weeks: Vec<Mark>,
    pub(crate) bars: Vec<Bar>,
    /// `points` of polylines; gaps part them.
    pub(crate) lines: Vec<String>,
    /// The same of the 90th percentile.
    pub(crate) upper: Vec<String>,
    pub(crate) dots: Vec<Bar>,
    pub(crate) rows: Vec<Week>,
}

/// A label at a place.
#[derive(Debug, Serialize)]
pub(crate) struct Mark {
    at: String,
    label: String,
}

/// A column, or a dot at its top.
#[derive(Debug, Serialize)]
pub(crate) struct Bar {
    x: String,
    y: String,
    width: String,
    height: String,
    words: String,
    partial: bool,
}

/// A row of the table behind the chart.
#[derive(Debug, Serialize)]
pub(crate) struct Week {
    start: String,
    partial: bool,
    value: String,
    deployments: u64,
}

/// Draws one metric; none below two values.
#[must_use]
pub(crate) fn plot(metric: &Metric, series: &Series, most: usize) -> Option<Plot> {
    let points = &series.weekly[series.weekly.len().saturating_sub(most)..];
    let value = |p: &Point| spark::value_of(metric.id, p);
    let p90 = |p: &Point| {
        p.lead_time_p90_seconds
            .filter(|_| metric.id == "change_lead_time" && !p.partial)
    };
    let values: Vec<f64> = points.iter().filter_map(value).collect();
    if values.len() < 2 {
        return None;
    }
    let max = points
        .iter()
        .flat_map(|p| [value(p), p90(p)])
        .flatten()
        .fold(0.0, f64::max);
    let scale = Scale::holding(metric.unit, max);
    let slot = (WIDTH - LEFT - RIGHT) / points.len() as f64;
    let y = |v: f64| BASE - (BASE - TOP) * v / scale.top;
    let middle = |index: usize| LEFT + slot * (index as f64 + 0.5);
    let is_span = metric.unit == Unit::Seconds;
    let marks = drawn(metric, points, slot, &value, &y);
    let line = |of: &dyn Fn(&Point) -> Option<f64>| {
        let at = points.iter().enumerate().map(|(i, p)| {
            of(p)
                .filter(|_| !p.partial)
                .map(|v| format!("{:.1},{:.1}", middle(i), y(v)))
        });
        polylines(at)
    };
    Some(Plot {
        title: title(metric),
        slug: metric.id.replace('_', "-"),
        ticks: scale
            .ticks()
            .into_iter()
            .map(|(v, label)| Mark {
                at: format!("{:.1}", y(v)),
                label,
            })
            .collect(),
        weeks: week_marks(points, &middle),
        lines: if is_span { line(&value) } else { Vec::new() },
        upper: line(&p90),
        rows: points.iter().map(|p| week(metric, p, value(p))).collect(),
        bars: if is_span {
            Vec::new()
        } else {
            marks.into_iter().collect()
        },
        dots: if is_span {
            drawn(metric, points, slot, &value, &y)
        } else {
            Vec::new()
        },
    })
}

fn drawn(
    metric: &Metric,
    points: &[Point],
    slot: f64,
    value: &impl Fn(&Point) -> Option<f64>,
    y: &impl Fn(f64) -> f64,
) -> Vec<Bar> {
    let width = (slot * 0.72).min(26.0);
    let is_span = metric.unit == Unit::Seconds;
    points
        .iter()
        .enumerate()
        .filter_map(|(index, point)| {
            let found = value(point)?;
            let middle = LEFT + slot * (index as f64 + 0.5);
            let note = if point.partial {
                " (part of a week)"
            } else {
                ""
            };
            let x = if is_span {
                middle
            } else {
                middle - width / 2.0
            };
            Some(Bar {
                x: format!("{x:.1}"),
                y: format!("{:.1}", y(found)),
                width: format!("{width:.1}"),
                height: format!("{:.1}", BASE - y(found)),
                words: format!(
                    "{}: {}{note}",
                    point.start,
                    point_words(metric, Some(found))
                ),
                partial: point.partial,
            })
        })
        .collect()
}

fn week(metric: &Metric, point: &Point, value: Option<f64>) -> Week {
    Week {
        start: point.start.clone(),
        partial: point.partial,
        value: point_words(metric, value),
        deployments: point.deployments,
    }
}

fn week_marks(points: &[Point], middle: &impl Fn(usize) -> f64) -> Vec<Mark> {
    let every = points.len().div_ceil(8).max(1);
    points
        .iter()
        .enumerate()
        .filter(|(index, _)| index % every == 0)
        .map(|(index, point)| Mark {
            at: format!("{:.1}", middle(index)),
            label: humanize::axis_day(&point.start),
        })
        .collect()
}

fn polylines(points: impl Iterator<Item = Option<String>>) -> Vec<String> {
    let mut out: Vec<Vec<String>> = vec![Vec::new()];
    for point in points {
        match (point, out.last_mut()) {
            (Some(point), Some(run)) => run.push(point),
            (None, Some(run)) if !run.is_empty() => out.push(Vec::new()),
            _ => {}
        }
    }
    out.retain(|run| run.len() > 1);
    out.into_iter().map(|run| run.join(" ")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::render::fixture;
    use crate::report::METRICS;

    fn labels(unit: Unit, max: f64) -> Vec<String> {
        Scale::holding(unit, max)
            .ticks()
            .into_iter()
            .map(|(_, label)| label)
            .collect()
    }

    #[test]
    fn ticks_are_round_and_hold_the_largest_value() {
        assert_eq!(labels(Unit::PerDay, 17.0), ["0", "5", "10", "15", "20"]);
        assert_eq!(labels(Unit::PerDay, 2.0), ["0", "1", "2"]);
        assert_eq!(
            labels(Unit::Ratio, 0.07),
            ["0 %", "2 %", "4 %", "6 %", "8 %"]
        );
        assert_eq!(
            labels(Unit::Seconds, 15.1 * 3600.0),
            ["0", "5 h", "10 h", "15 h", "20 h"]
        );
        assert_eq!(
            labels(Unit::Seconds, 46.8 * 3600.0),
            ["0", "20 h", "40 h", "60 h"]
        );
        assert!(labels(Unit::Seconds, 0.0).len() >= 2);
        for max in [0.3, 1.0, 59.0, 61.0, 7000.0, 1e5, 9.9e6] {
            assert!(Scale::holding(Unit::Seconds, max).top >= max, "{max}");
        }
    }

    #[test]
    fn lines_break_at_gaps_and_leave_cut_weeks_out() {
        let mut series = fixture::shop().overall.series;
        series.weekly[5].lead_time_median_seconds = None;
        let plot = plot(&METRICS[0], &series, 26).unwrap();
        assert_eq!(plot.lines.len(), 2);
        assert_eq!(
            plot.lines[0].split(' ').count(),
            4,
            "weeks 1 to 4; week 0 is cut"
        );
        assert_eq!(plot.rows[5].value, "–");
    }

    #[test]
    fn a_single_value_is_no_chart() {
        assert!(plot(&METRICS[0], &fixture::young().overall.series, 26).is_none());
    }
}
