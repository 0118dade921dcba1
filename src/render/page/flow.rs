//! Where the time goes: how lead times are spread, by stage, and by the hour in which waiting begins.

use std::collections::BTreeMap;

use serde::Serialize;

use super::axis::{Axis, Label, Table, Tick, across, px};
use crate::render::chart::Scale;
use crate::render::{distribution, humanize};
use crate::report::Unit;
use crate::report::v1::{LeadTimeBand, Report};

/// Bands beyond which only every second edge has a label.
const LABELLED: usize = 8;
/// Height of a stage's row, in pixels.
const ROW: f64 = 28.0;
/// Share of the width that the longest stage takes; the rest is for its words.
const LONGEST: f64 = 0.64;
/// Stages whose beginning is looked at, in their order.
const WAITS: [&str; 4] = ["pickup", "review", "merge", "deploy_wait"];
/// Where one shade ends and the next begins, in seconds, and what they are called.
const SHADES: [(f64, &str); 5] = [
    (900.0, "under 15 min"),
    (3600.0, "under 1 h"),
    (4.0 * 3600.0, "under 4 h"),
    (86_400.0, "under 1 d"),
    (f64::INFINITY, "1 d or more"),
];
const WEEKDAYS: [&str; 7] = ["Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"];
/// Height of an hour in the heatmap with its gap, in pixels.
const CELL: f64 = 18.0;

/// How many changes took how long.
#[derive(Debug, Serialize)]
pub(super) struct Spread {
    says: String,
    ticks: Vec<Tick>,
    labels: Vec<Label>,
    bars: Vec<Bar>,
    /// Width of a bar.
    bar: String,
    /// Median and 90th percentile.
    marks: Vec<Label>,
    table: Table,
}

/// A column.
#[derive(Debug, Serialize)]
struct Bar {
    x: String,
    y: String,
    words: String,
}

/// Draws the spread; none below two changes.
#[must_use]
pub(super) fn spread(report: &Report) -> Option<Spread> {
    let bands = &report.lead_time_bands;
    let first = bands.iter().position(|b| b.changes > 0)?;
    let last = bands.iter().rposition(|b| b.changes > 0)?;
    let bands = bands.get(first..=last)?;
    let all: u64 = bands.iter().map(|b| b.changes).sum();
    if all < 2 {
        return None;
    }
    let most = bands.iter().map(|b| b.changes).max().unwrap_or(0) as f64;
    let axis = Axis::holding(Unit::PerDay, &[most]);
    let count = bands.len() as f64;
    let lead = &report.overall.metrics.change_lead_time;
    let marks = [
        ("median", lead.median_seconds),
        ("90th percentile", lead.p90_seconds),
    ];
    Some(Spread {
        says: sentence(bands, all, lead.median_seconds),
        ticks: axis.ticks(),
        labels: edges(bands),
        bars: bands
            .iter()
            .enumerate()
            .map(|(at, band)| Bar {
                x: across(at as f64 + 0.04, count),
                y: axis.y(band.changes as f64),
                words: format!("{}: {}", range(band), of_all(band.changes, all)),
            })
            .collect(),
        bar: across(0.92, count),
        marks: marks
            .into_iter()
            .filter_map(|(name, value)| {
                let value = value?;
                Some(Label {
                    x: across(place(bands, value)?, count),
                    label: format!("{name} {}", humanize::duration(value)),
                })
            })
            .collect(),
        table: Table {
            words: false,
            heads: vec!["Lead time", "Changes", "Share"],
            rows: bands
                .iter()
                .map(|band| {
                    let share = humanize::percent(band.changes as f64 / all as f64);
                    vec![range(band), band.changes.to_string(), share]
                })
                .collect(),
        },
    })
}

fn of_all(changes: u64, all: u64) -> String {
    format!(
        "{} ({})",
        humanize::plural(changes, "change"),
        humanize::percent(changes as f64 / all as f64)
    )
}

fn sentence(bands: &[LeadTimeBand], all: u64, median: Option<f64>) -> String {
    let most = bands.iter().max_by_key(|b| b.changes);
    let most = most.map(|b| format!("most in {}", range(b)));
    let median = median.map(|m| format!("median {}", humanize::duration(m)));
    let parts: Vec<String> = median.into_iter().chain(most).collect();
    format!(
        "Lead times of {}: {}",
        humanize::plural(all, "change"),
        parts.join(", ")
    )
}

/// `4 h – 12 h`.
fn range(band: &LeadTimeBand) -> String {
    let name = |seconds: u64| humanize::span_name(seconds as f64);
    match (band.from_seconds, band.to_seconds) {
        (0, Some(to)) => format!("under {}", name(to)),
        (from, Some(to)) => format!("{} – {}", name(from), name(to)),
        (from, None) => format!("{} or more", name(from)),
    }
}

/// Labels stand where one band ends and the next begins.
fn edges(bands: &[LeadTimeBand]) -> Vec<Label> {
    let every = if bands.len() > LABELLED { 2 } else { 1 };
    bands
        .iter()
        .enumerate()
        .filter(|(at, band)| band.from_seconds > 0 && at % every == 0)
        .map(|(at, band)| Label {
            x: across(at as f64, bands.len() as f64),
            label: humanize::span_name(band.from_seconds as f64),
        })
        .collect()
}

/// Bands to the left of a value; inside its band it stands by its logarithm.
fn place(bands: &[LeadTimeBand], value: f64) -> Option<f64> {
    let at = bands
        .iter()
        .position(|b| b.to_seconds.is_none_or(|to| value < to as f64))?;
    let band = bands.get(at)?;
    let from = (band.from_seconds as f64).max(1.0);
    let to = band.to_seconds.map_or(from * 4.0, |to| to as f64);
    let inside = (value.max(from) / from).ln() / (to / from).ln();
    Some(at as f64 + inside.clamp(0.0, 1.0))
}

/// What each stage adds to the mean lead time.
#[derive(Debug, Serialize)]
pub(super) struct Stages {
    says: String,
    rows: Vec<StageRow>,
    /// Where the rows end.
    foot: String,
    ticks: Vec<Label>,
    mean: String,
    table: Table,
}

/// One stage.
#[derive(Debug, Serialize)]
struct StageRow {
    name: String,
    y: String,
    /// Where its words stand, down and across.
    middle: String,
    end: String,
    width: String,
    words: String,
    largest: bool,
}

/// Draws the stages; none without one.
#[must_use]
pub(super) fn stages(report: &Report) -> Option<Stages> {
    let lead = &report.overall.metrics.change_lead_time;
    let found: Vec<(&str, f64)> = distribution::stages(lead)
        .filter(|(name, _)| distribution::is_stage(name))
        .filter_map(|(name, q)| Some((name, q.mean_seconds.filter(|mean| *mean > 0.0)?)))
        .collect();
    let most = found.iter().map(|(_, mean)| *mean).fold(0.0, f64::max);
    let sum: f64 = found.iter().map(|(_, mean)| mean).sum();
    if sum <= 0.0 {
        return None;
    }
    let scale = Scale::holding(Unit::Seconds, most);
    let rows = found.iter().enumerate().map(|(at, (name, mean))| {
        let share = humanize::percent(mean / sum);
        let top = ROW * at as f64;
        let width = mean / scale.top * LONGEST;
        StageRow {
            name: name.replace('_', " "),
            y: px(top + 5.0),
            middle: px(top + ROW / 2.0 + 4.0),
            end: across(width + 0.015, 1.0),
            width: across(width.max(0.004), 1.0),
            words: format!("{} · {share}", humanize::duration(*mean)),
            largest: *mean >= most,
        }
    });
    Some(Stages {
        says: stage_sentence(&found, sum),
        rows: rows.collect(),
        foot: px(ROW * found.len() as f64),
        ticks: scale
            .ticks()
            .into_iter()
            .map(|(value, label)| Label {
                x: across(value / scale.top * LONGEST, 1.0),
                label,
            })
            .collect(),
        mean: humanize::duration(sum),
        table: Table {
            words: false,
            heads: vec![
                "Stage", "Changes", "Median", "p75", "p90", "p95", "p99", "Mean",
            ],
            rows: distribution::stages(lead)
                .filter(|(_, q)| q.n > 0)
                .map(|(name, q)| {
                    let title = distribution::stage_title(name);
                    let title = title.strip_prefix("stage ").unwrap_or(&title).to_owned();
                    std::iter::once(title)
                        .chain(distribution::cells(q))
                        .collect()
                })
                .collect(),
        },
    })
}

fn stage_sentence(found: &[(&str, f64)], sum: f64) -> String {
    let parts: Vec<String> = found
        .iter()
        .map(|(name, mean)| {
            format!(
                "{} {}",
                name.replace('_', " "),
                humanize::percent(mean / sum)
            )
        })
        .collect();
    format!(
        "Stages of the mean lead time, {}: {}",
        humanize::duration(sum),
        parts.join(", ")
    )
}

/// How long stages take, by the hour of the week in which they begin.
#[derive(Debug, Serialize)]
pub(super) struct Heat {
    maps: Vec<HeatMap>,
    days: Vec<Tick>,
    hours: Vec<Label>,
    /// Shade and its name.
    legend: Vec<(usize, &'static str)>,
}

/// One stage.
#[derive(Debug, Serialize)]
struct HeatMap {
    title: String,
    says: String,
    cells: Vec<Cell>,
    /// Weekdays down, hours across.
    rows: Vec<(&'static str, Vec<String>)>,
}

/// One hour of the week.
#[derive(Debug, Serialize)]
struct Cell {
    /// Row and column, from 1.
    area: String,
    shade: usize,
    words: String,
}

/// Draws a map for each stage that waits; none without one.
#[must_use]
pub(super) fn heat(report: &Report) -> Option<Heat> {
    let maps: Vec<HeatMap> = WAITS
        .into_iter()
        .filter_map(|stage| heat_map(report, stage))
        .collect();
    let day = |(at, name): (usize, &&str)| Tick {
        y: px(CELL * at as f64 + 8.0),
        label: (*name).to_owned(),
    };
    let hour = |at: usize| Label {
        x: across(at as f64 + 0.5, 24.0),
        label: format!("{at:02}"),
    };
    (!maps.is_empty()).then(|| Heat {
        maps,
        days: WEEKDAYS.iter().enumerate().map(day).collect(),
        hours: (0..24).step_by(6).map(hour).collect(),
        legend: SHADES
            .into_iter()
            .map(|(_, name)| name)
            .enumerate()
            .collect(),
    })
}

fn heat_map(report: &Report, stage: &str) -> Option<HeatMap> {
    let begun = report.waits.get(stage).filter(|hours| !hours.is_empty())?;
    let by_hour: BTreeMap<(usize, usize), _> = begun
        .iter()
        .map(|b| ((usize::from(b.weekday), usize::from(b.hour)), b))
        .collect();
    let mut cells = Vec::new();
    let mut rows = Vec::new();
    for (day, name) in WEEKDAYS.iter().enumerate() {
        let mut row = Vec::new();
        for hour in 0..24 {
            let found = by_hour.get(&(day + 1, hour));
            row.push(found.map_or_else(String::new, |b| humanize::duration(b.median_seconds)));
            cells.extend(found.map(|b| Cell {
                area: format!("{}/{}", day + 1, hour + 1),
                shade: shade(b.median_seconds),
                words: format!(
                    "{name} {hour:02}:00: {}, {}",
                    humanize::duration(b.median_seconds),
                    humanize::plural(b.n, "change")
                ),
            }));
        }
        rows.push((*name, row));
    }
    let title = stage.replace('_', " ");
    let changes: u64 = begun.iter().map(|b| b.n).sum();
    Some(HeatMap {
        says: format!(
            "Median time in {title} by weekday and hour, {} begun in {} hours of the week",
            humanize::plural(changes, "change"),
            begun.len()
        ),
        title,
        cells,
        rows,
    })
}

fn shade(seconds: f64) -> usize {
    let found = SHADES.iter().position(|(below, _)| seconds < *below);
    found.unwrap_or(SHADES.len() - 1)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::render::fixture;
    use crate::report::v1::WaitBegun;

    fn band(from: u64, to: Option<u64>, changes: u64) -> LeadTimeBand {
        LeadTimeBand {
            from_seconds: from,
            to_seconds: to,
            changes,
        }
    }

    #[test]
    fn empty_bands_outside_are_cut_and_those_between_stay() {
        let mut report = fixture::shop();
        report.lead_time_bands = vec![
            band(0, Some(3600), 0),
            band(3600, Some(14_400), 6),
            band(14_400, Some(43_200), 0),
            band(43_200, None, 2),
        ];
        let found = spread(&report).unwrap();
        let words: Vec<&str> = found.bars.iter().map(|b| b.words.as_str()).collect();
        assert_eq!(
            words,
            [
                "1 h – 4 h: 6 changes (75 %)",
                "4 h – 12 h: 0 changes (0 %)",
                "12 h or more: 2 changes (25 %)"
            ]
        );
        assert_eq!(found.labels.len(), 3);
        report.lead_time_bands = vec![band(0, None, 1)];
        assert!(spread(&report).is_none());
    }

    #[test]
    fn a_value_stands_inside_its_band() {
        let bands = [band(3600, Some(14_400), 6), band(14_400, None, 1)];
        assert!((place(&bands, 7200.0).unwrap() - 0.5).abs() < 1e-9);
        assert!((place(&bands, 1.0).unwrap() - 0.0).abs() < 1e-9);
        assert!(place(&bands, 1e12).unwrap() <= 2.0);
    }

    #[test]
    fn stages_share_the_mean_and_the_largest_stands_out() {
        let found = stages(&fixture::shop()).unwrap();
        assert_eq!(found.rows.iter().filter(|r| r.largest).count(), 1);
        assert!(found.rows.iter().all(|r| r.words.ends_with('%')));
        assert!(stages(&fixture::empty()).is_none());
    }

    #[test]
    fn hours_without_a_change_stay_empty() {
        let mut report = fixture::shop();
        assert!(heat(&report).is_none());
        let begun = WaitBegun {
            weekday: 5,
            hour: 17,
            n: 3,
            median_seconds: 200_000.0,
        };
        report.waits.insert("pickup".into(), vec![begun]);
        let found = heat(&report).unwrap();
        let map = &found.maps[0];
        assert_eq!(map.cells.len(), 1);
        assert_eq!(map.cells[0].words, "Fri 17:00: 2.3 d, 3 changes");
        assert_eq!(map.cells[0].shade, 4);
        assert_eq!(map.rows[4].1[17], "2.3 d");
        assert_eq!([0.0, 900.0, 86_400.0].map(shade), [0, 1, 4]);
    }
}
