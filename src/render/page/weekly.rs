//! The five metrics week by week: bars for counts and shares, a line for durations.

use serde::Serialize;

use super::axis::{self, Axis, HEIGHT, Label, Table, Tick, across, px};
use crate::render::{chart, humanize, spark};
use crate::report::v1::{DeltaState, Point, Report, Series};
use crate::report::{Factor, Metric, Unit};

/// Most weeks of a chart: two years.
const WEEKS: usize = 105;
/// From this many weeks on, a label names the year.
const LONG: usize = 60;
/// Width of the box that lines are drawn in; it is stretched.
const BOX: f64 = 1000.0;
/// Most points of one line.
const PIECE: usize = 30;
/// Weeks of the small line in a card.
const SPARK: usize = 26;

/// A drawn chart.
#[derive(Debug, Serialize)]
pub(super) struct Plot {
    title: &'static str,
    factor: u8,
    /// What else there is to see.
    note: &'static str,
    /// The chart in a sentence, for who cannot see it.
    says: String,
    ticks: Vec<Tick>,
    labels: Vec<Label>,
    weeks: Vec<Week>,
    /// Width of a bar.
    bar: String,
    /// `points` of polylines; gaps part them.
    lines: Vec<String>,
    /// The same of the 90th percentile.
    upper: Vec<String>,
    shift: Option<Shift>,
    table: Table,
}

/// Where the level changed.
#[derive(Debug, Serialize)]
struct Shift {
    x: String,
    label: String,
    /// On which side of the line the label stands.
    anchor: &'static str,
}

/// One week of a chart.
#[derive(Debug, Serialize)]
struct Week {
    /// Where its bar begins.
    bar_x: String,
    middle: String,
    /// Top of its bar, or its dot; empty without a value.
    y: String,
    is_bar: bool,
    partial: bool,
    words: String,
}

/// Draws one metric; none below two values.
#[must_use]
pub(super) fn plot(metric: &Metric, report: &Report) -> Option<Plot> {
    let weekly = &report.overall.series.weekly;
    let points = &weekly[weekly.len().saturating_sub(WEEKS)..];
    let value = |p: &Point| spark::value_of(metric.id, p);
    let p90 = |p: &Point| {
        p.lead_time_p90_seconds
            .filter(|_| metric.id == "change_lead_time" && !p.partial)
    };
    let is_silent = points.iter().all(|p| p.deployments == 0);
    if is_silent || points.iter().filter_map(value).count() < 2 {
        return None;
    }
    let all: Vec<f64> = points
        .iter()
        .flat_map(|p| [value(p), p90(p)])
        .flatten()
        .collect();
    let axis = Axis::holding(metric.unit, &all);
    let is_bar = metric.unit != Unit::Seconds;
    let is_flat = all.iter().all(|v| *v <= 0.0);
    let whole = |p: &Point| value(p).filter(|_| !is_bar && !p.partial);
    let count = points.len() as f64;
    Some(Plot {
        title: chart::title(metric),
        factor: u8::from(metric.factor == Factor::Instability),
        note: match (metric.id, is_bar) {
            ("change_fail_rate", _) if is_flat => "no deployment of these weeks failed",
            ("deployment_rework_rate", _) if is_flat => "no deployment of these weeks was rework",
            ("change_lead_time", _) => "dashed: 90th percentile; log scale",
            (_, false) => "log scale",
            _ => "",
        },
        says: sentence(metric, points),
        ticks: axis.ticks(),
        labels: axis::labels(points.len(), points.len() >= LONG, |at| {
            points.get(at).map(|p| p.start.clone()).unwrap_or_default()
        }),
        weeks: weeks(metric, points, &axis),
        bar: across(0.76, count),
        lines: polylines(points, &axis, whole),
        upper: polylines(points, &axis, p90),
        shift: shift(metric, report, points),
        table: table(metric, points),
    })
}

fn weeks(metric: &Metric, points: &[Point], axis: &Axis) -> Vec<Week> {
    let count = points.len() as f64;
    let each = points.iter().enumerate().map(|(at, point)| {
        let value = spark::value_of(metric.id, point);
        let at = at as f64;
        Week {
            bar_x: across(at + 0.12, count),
            middle: across(at + 0.5, count),
            y: value.map(|v| axis.y(v)).unwrap_or_default(),
            is_bar: metric.unit != Unit::Seconds,
            partial: point.partial,
            words: format!(
                "{}: {}{}",
                point.start,
                worded(metric, point),
                if point.partial {
                    ", not a whole week"
                } else {
                    ""
                }
            ),
        }
    });
    each.collect()
}

/// The week's value in words; a share with what it is a share of.
fn worded(metric: &Metric, point: &Point) -> String {
    let value = chart::point_words(metric, spark::value_of(metric.id, point));
    let part = match metric.id {
        "change_fail_rate" => point.failed,
        "deployment_rework_rate" => point.rework,
        "deployment_frequency" => return humanize::plural(point.deployments, "deployment"),
        _ => return value,
    };
    format!("{value} ({part} of {})", point.deployments)
}

/// Deployments are their own value.
fn table(metric: &Metric, points: &[Point]) -> Table {
    let row = |point: &Point| {
        let note = if point.partial { " (not whole)" } else { "" };
        let mut cells = vec![format!("{}{note}", point.start)];
        if metric.unit != Unit::PerDay {
            cells.push(worded(metric, point));
        }
        cells.push(point.deployments.to_string());
        cells
    };
    Table {
        words: false,
        heads: if metric.unit == Unit::PerDay {
            vec!["Week of", "Deployments"]
        } else {
            vec!["Week of", "Value", "Deployments"]
        },
        rows: points.iter().map(row).collect(),
    }
}

/// First, last, least and most.
fn sentence(metric: &Metric, points: &[Point]) -> String {
    let whole: Vec<(&Point, f64)> = points
        .iter()
        .filter(|p| !p.partial)
        .filter_map(|p| Some((p, spark::value_of(metric.id, p)?)))
        .collect();
    let words = |value: f64| chart::point_words(metric, Some(value));
    let title = chart::title(metric);
    let (Some((first, _)), Some((last, latest))) = (whole.first(), whole.last()) else {
        return format!("{title}: no whole week yet");
    };
    let lowest = whole.iter().map(|(_, v)| *v).fold(f64::INFINITY, f64::min);
    let highest = whole.iter().map(|(_, v)| *v).fold(0.0, f64::max);
    format!(
        "{title}, whole weeks from {} to {}: least {}, most {}, last {}",
        first.start,
        last.start,
        words(lowest),
        words(highest),
        words(*latest)
    )
}

/// Where the level of the weeks changed for certain.
fn shift(metric: &Metric, report: &Report, points: &[Point]) -> Option<Shift> {
    let found = report.shifts.change_points.get(metric.id)?;
    let first = found.first_after.as_deref()?;
    let at = points.iter().position(|p| p.start == first)?;
    let is_seen = at > 0 && found.state == DeltaState::Changed;
    is_seen.then(|| Shift {
        x: across(at as f64, points.len() as f64),
        label: format!("level changed {}", humanize::axis_day(first)),
        anchor: if at * 2 < points.len() {
            "start"
        } else {
            "end"
        },
    })
}

fn polylines(points: &[Point], axis: &Axis, value: impl Fn(&Point) -> Option<f64>) -> Vec<String> {
    let count = points.len() as f64;
    let each = points.iter().enumerate().map(|(at, point)| {
        let x = px((at as f64 + 0.5) / count * BOX);
        value(point).map(|v| format!("{x},{}", px(HEIGHT * (1.0 - axis.share(v)))))
    });
    joined(each)
}

fn joined(points: impl Iterator<Item = Option<String>>) -> Vec<String> {
    let mut out: Vec<Vec<String>> = vec![Vec::new()];
    for point in points {
        match (point, out.last_mut()) {
            (Some(point), Some(run)) => run.push(point),
            (None, Some(run)) if !run.is_empty() => out.push(Vec::new()),
            _ => {}
        }
    }
    out.iter().flat_map(|run| pieces(run)).collect()
}

/// A run of points in pieces that share their ends: text is cut beyond a length, whatever it is.
fn pieces(run: &[String]) -> Vec<String> {
    let ends = (1..run.len()).step_by(PIECE - 1);
    ends.filter_map(|end| run.get(end - 1..(end - 1 + PIECE).min(run.len())))
        .map(|piece| piece.join(" "))
        .collect()
}

/// The small line in a metric's card, in a box of 100 by 24; empty below two values.
#[must_use]
pub(super) fn spark_lines(metric: &str, series: &Series) -> Vec<String> {
    let points = spark::whole_weeks(series, SPARK);
    if points.iter().all(|p| p.deployments == 0) {
        return Vec::new();
    }
    let values: Vec<Option<f64>> = points.iter().map(|p| spark::value_of(metric, p)).collect();
    let top = values.iter().flatten().copied().fold(0.0, f64::max);
    let last = (values.len().saturating_sub(1)).max(1) as f64;
    let each = values.iter().enumerate().map(|(at, value)| {
        let y = |v: f64| {
            if top > 0.0 {
                23.0 - 22.0 * v / top
            } else {
                23.0
            }
        };
        value.map(|v| format!("{},{}", px(at as f64 / last * 100.0), px(y(v))))
    });
    joined(each)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::render::fixture;
    use crate::report::METRICS;

    #[test]
    fn lines_break_at_gaps_and_leave_cut_weeks_out() {
        let mut report = fixture::shop();
        report.overall.series.weekly[5].lead_time_median_seconds = None;
        let plot = plot(&METRICS[0], &report).unwrap();
        assert_eq!(plot.lines.len(), 2);
        assert_eq!(
            plot.lines[0].split(' ').count(),
            4,
            "weeks 1 to 4; week 0 is cut"
        );
        assert_eq!(plot.table.rows[5][1], "–");
        assert!(plot.weeks[5].y.is_empty());
    }

    #[test]
    fn a_long_line_is_whole() {
        let mut report = fixture::shop();
        let week = report.overall.series.weekly[3].clone();
        report.overall.series.weekly = vec![week; 105];
        let plot = plot(&METRICS[0], &report).unwrap();
        let ends: Vec<(&str, &str)> = plot
            .lines
            .iter()
            .map(|l| {
                (
                    l.split(' ').next().unwrap(),
                    l.split(' ').next_back().unwrap(),
                )
            })
            .collect();
        assert!(ends.windows(2).all(|w| w[0].1 == w[1].0), "{ends:?}");
        let points: usize = plot.lines.iter().map(|l| l.split(' ').count() - 1).sum();
        assert_eq!(points + 1, 105);
        assert!(plot.lines.iter().all(|l| l.len() < 500));
    }

    #[test]
    fn a_chart_is_said_in_a_sentence_without_cut_weeks() {
        let plot = plot(&METRICS[1], &fixture::shop()).unwrap();
        assert!(
            plot.says
                .starts_with("Deployments a week, whole weeks from 2026-01-05"),
            "{}",
            plot.says
        );
    }

    #[test]
    fn a_single_value_is_no_chart() {
        assert!(plot(&METRICS[0], &fixture::young()).is_none());
        assert!(spark_lines("change_lead_time", &fixture::young().overall.series).is_empty());
    }

    #[test]
    fn only_a_shift_that_is_certain_is_drawn() {
        let mut report = fixture::shop();
        let start = report.overall.series.weekly[4].start.clone();
        let mut point = crate::report::v1::ChangePoint {
            state: DeltaState::NoDetectableChange,
            weeks: 12,
            first_after: Some(start),
            before: Some(1.0),
            after: Some(2.0),
            p: Some(0.2),
            because: None,
        };
        let id = METRICS[1].id.to_owned();
        report
            .shifts
            .change_points
            .insert(id.clone(), point.clone());
        assert!(plot(&METRICS[1], &report).unwrap().shift.is_none());
        point.state = DeltaState::Changed;
        report.shifts.change_points.insert(id, point);
        assert!(plot(&METRICS[1], &report).unwrap().shift.is_some());
    }
}
