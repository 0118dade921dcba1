//! Deployments over time, and under them how long each failed one stayed unrepaired.

use std::cmp::Reverse;

use serde::Serialize;

use super::axis::{self, Axis, Label, Table, Tick, across, px};
use crate::event::Instant;
use crate::render::{escape, evidence, humanize};
use crate::report::Unit;
use crate::report::v1::{Deployment, Report};

/// Most columns: a window of two years has one a week.
const COLUMNS: i64 = 105;
/// Most rows of repairs.
const LANES: usize = 8;
/// Height of one, in pixels.
const LANE: f64 = 12.0;
/// Most repairs that are drawn.
const REPAIRS: usize = 90;
/// Most rows of the table of failures.
const FAILURES: usize = 60;
/// Part of the width that a repair takes at least, so that it can be seen and pointed at.
const THIN: f64 = 0.006;
/// From this many days on, a label names the year.
const LONG: i64 = 400;

/// The drawing.
#[derive(Debug, Serialize)]
pub(super) struct Timeline {
    /// `a day`, `each 4 days`.
    per: String,
    says: String,
    ticks: Vec<Tick>,
    labels: Vec<Label>,
    columns: Vec<Column>,
    bar: String,
    /// Columns, those without a deployment too.
    count: usize,
    repairs: Vec<Repair>,
    /// Failed deployments that found no room.
    hidden: usize,
    /// Height of all rows of repairs.
    lanes: String,
    table: Table,
    failed: Table,
    failed_hidden: usize,
}

/// Deployments of some days, as columns from the foot, the highest first: each hides the lower part of those before.
#[derive(Debug, Serialize)]
struct Column {
    x: String,
    /// Its place among all, from 1.
    place: usize,
    /// Kind, and where it ends.
    parts: Vec<(&'static str, String)>,
    words: String,
}

/// A failed deployment until it was repaired.
#[derive(Debug, Serialize)]
struct Repair {
    x: String,
    width: String,
    y: String,
    /// Where it is pointed at: row, first column and the one behind the last, of a thousand.
    area: String,
    open: bool,
    words: String,
}

/// Deployments of some days.
#[derive(Default, Clone)]
struct Count {
    fine: u64,
    rework: u64,
    failed: u64,
}

/// The window in columns of whole days.
struct Span<'r> {
    report: &'r Report,
    /// Days of a column.
    days: i64,
    columns: usize,
}

impl<'r> Span<'r> {
    fn of(report: &'r Report) -> Self {
        let seconds = (report.window.to - report.window.from).num_seconds().max(1);
        let whole = (seconds + 86_399) / 86_400;
        let days = ((whole + COLUMNS - 1) / COLUMNS).max(1);
        let columns = usize::try_from((whole + days - 1) / days).unwrap_or(1);
        Self {
            report,
            days,
            columns,
        }
    }

    fn is_long(&self) -> bool {
        (self.report.window.to - self.report.window.from).num_days() > LONG
    }

    fn start(&self, column: usize) -> String {
        let days = i64::try_from(column).unwrap_or(0).saturating_mul(self.days);
        let at = self.report.window.from + chrono::Duration::days(days);
        humanize::day(at, &self.report.window.timezone)
    }

    fn column(&self, at: Instant) -> Option<usize> {
        let seconds = (at - self.report.window.from).num_seconds();
        let column = usize::try_from(seconds.div_euclid(self.days * 86_400)).ok()?;
        (column < self.columns).then_some(column)
    }

    /// Part of the width at which a moment stands.
    fn share(&self, at: Instant) -> f64 {
        let all = self.columns as f64 * self.days as f64 * 86_400.0;
        let seconds = (at - self.report.window.from).num_seconds() as f64;
        (seconds / all).clamp(0.0, 1.0)
    }
}

/// Draws the window; none without a deployment that took effect.
#[must_use]
pub(super) fn timeline(report: &Report) -> Option<Timeline> {
    let effective = evidence::effective(report);
    if effective.is_empty() {
        return None;
    }
    let span = Span::of(report);
    let mut counts = vec![Count::default(); span.columns];
    for deployment in &effective {
        let column = deployment.finished_at.and_then(|at| span.column(at));
        if let Some(count) = column.and_then(|at| counts.get_mut(at)) {
            match (deployment.failed, deployment.rework) {
                (true, _) => count.failed += 1,
                (false, true) => count.rework += 1,
                _ => count.fine += 1,
            }
        }
    }
    let most = counts.iter().map(Count::all).max().unwrap_or(0);
    let axis = Axis::holding(Unit::PerDay, &[most as f64]);
    let failed: Vec<&Deployment> = report.deployments.iter().filter(|d| d.failed).collect();
    let (repairs, lanes) = repairs(&span, &failed);
    let columns = span.columns as f64;
    Some(Timeline {
        per: if span.days == 1 {
            "a day".to_owned()
        } else {
            format!("each {} days", span.days)
        },
        says: format!(
            "{} from {} on, {} failed, {} of them not repaired yet",
            humanize::plural(effective.len() as u64, "deployment"),
            span.start(0),
            failed.len(),
            failed.iter().filter(|d| d.recovered_at.is_none()).count()
        ),
        ticks: axis.ticks(),
        labels: axis::labels(span.columns, span.is_long(), |at| span.start(at)),
        columns: counts
            .iter()
            .enumerate()
            .filter(|(_, count)| count.all() > 0)
            .map(|(at, count)| column(&span, at, count, &axis))
            .collect(),
        bar: across(0.8, columns),
        count: span.columns,
        hidden: failed.len().saturating_sub(repairs.len()),
        repairs,
        lanes: px(LANE * lanes as f64 + 2.0),
        table: counted(&span, &counts),
        failed_hidden: failed.len().saturating_sub(FAILURES),
        failed: failures(report, &failed),
    })
}

impl Count {
    fn all(&self) -> u64 {
        self.fine + self.rework + self.failed
    }
}

fn column(span: &Span<'_>, at: usize, count: &Count, axis: &Axis) -> Column {
    let mut below = 0.0;
    let mut parts = Vec::new();
    for (kind, number) in [
        ("ok", count.fine),
        ("rework", count.rework),
        ("failed", count.failed),
    ] {
        if number > 0 {
            below += number as f64;
            parts.push((kind, axis.y(below)));
        }
    }
    parts.reverse();
    let columns = span.columns as f64;
    let kinds = [(count.failed, "failed"), (count.rework, "rework")];
    let kinds = kinds.into_iter().filter(|(number, _)| *number > 0);
    let words: String = [
        format!("{}: ", span.start(at)),
        humanize::plural(count.all(), "deployment"),
    ]
    .into_iter()
    .chain(kinds.map(|(number, name)| format!(", {number} {name}")))
    .collect();
    Column {
        x: across(at as f64 + 0.1, columns),
        place: at + 1,
        parts,
        words,
    }
}

/// Each failed deployment as a line in the first row that has room, and how many rows that takes: those that are not
/// repaired yet go first, then those that took longest. In order of time.
fn repairs(span: &Span<'_>, failed: &[&Deployment]) -> (Vec<Repair>, usize) {
    let mut taken: [Vec<(f64, f64)>; LANES] = Default::default();
    let mut out = Vec::new();
    let span_of = |d: &Deployment| Some(Reverse(d.recovered_at? - d.finished_at?));
    let mut by_length = failed.to_vec();
    by_length.sort_by_key(|d| span_of(d));
    for deployment in by_length {
        let Some(at) = deployment.finished_at else {
            continue;
        };
        let until = deployment.recovered_at.unwrap_or(span.report.window.to);
        let from = span.share(at).min(1.0 - THIN);
        let to = span.share(until).max(from + THIN);
        let has_room = |row: &&mut Vec<(f64, f64)>| {
            let apart = |(begin, end): &(f64, f64)| to + THIN / 2.0 <= *begin || *end <= from;
            row.iter().all(apart)
        };
        let mut rows = taken.iter_mut().enumerate();
        if out.len() == REPAIRS {
            break;
        }
        if let Some((lane, row)) = rows.find(|(_, row)| has_room(row)) {
            row.push((from, to + THIN / 2.0));
            out.push((at, repair(span, deployment, at, (from, to, lane))));
        }
    }
    out.sort_by_key(|(at, _)| *at);
    let out = out.into_iter().map(|(_, repair)| repair).collect();
    let used = taken.iter().filter(|row| !row.is_empty()).count();
    (out, used)
}

fn repair(
    span: &Span<'_>,
    deployment: &Deployment,
    at: Instant,
    (from, to, lane): (f64, f64, usize),
) -> Repair {
    let took = match deployment.restored_after_seconds {
        Some(seconds) => format!("repaired after {}", humanize::exact(seconds)),
        None if deployment.recovered_at.is_some() => "repaired".to_owned(),
        None => "not repaired yet".to_owned(),
    };
    let day = humanize::minute(at, &span.report.window.timezone);
    Repair {
        x: across(from, 1.0),
        width: across(to - from, 1.0),
        y: px(LANE * lane as f64 + 2.0),
        area: format!(
            "{}/{}/auto/{}",
            lane + 1,
            (from * 1000.0).floor() + 1.0,
            (to * 1000.0).ceil() + 1.0
        ),
        open: deployment.recovered_at.is_none(),
        words: format!("{}, failed {day}: {took}", escape::brief(&deployment.id)),
    }
}

fn counted(span: &Span<'_>, counts: &[Count]) -> Table {
    let full = counts.iter().enumerate().filter(|(_, c)| c.all() > 0);
    Table {
        words: false,
        heads: vec!["From", "Deployments", "Rework", "Failed"],
        rows: full
            .map(|(at, c)| {
                let numbers = [c.all(), c.rework, c.failed].map(|n| n.to_string());
                std::iter::once(span.start(at)).chain(numbers).collect()
            })
            .collect(),
    }
}

/// The failed deployments, newest first.
fn failures(report: &Report, failed: &[&Deployment]) -> Table {
    let minute = |at: Instant| humanize::minute(at, &report.window.timezone);
    Table {
        words: true,
        heads: vec![
            "Deployment",
            "Finished",
            "Repaired after",
            "How it is known",
        ],
        rows: failed
            .iter()
            .rev()
            .take(FAILURES)
            .map(|d| {
                let known = d.evidence.iter().find(|e| e.says == "failed");
                vec![
                    escape::brief(&d.id),
                    d.finished_at.map(minute).unwrap_or_default(),
                    match (d.restored_after_seconds, d.recovered_at) {
                        (Some(seconds), _) => humanize::exact(seconds),
                        (None, Some(at)) => minute(at),
                        (None, None) => "not yet".to_owned(),
                    },
                    known
                        .map(|e| {
                            let event = escape::brief(&e.event);
                            format!("{} {event}, {}", escape::brief(&e.kind), e.confidence)
                        })
                        .unwrap_or_default(),
                ]
            })
            .collect(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::render::fixture;

    #[test]
    fn every_effective_deployment_is_in_a_column() {
        let report = fixture::shop();
        let found = timeline(&report).unwrap();
        let sum: u64 = found
            .table
            .rows
            .iter()
            .map(|row| row[1].parse::<u64>().unwrap())
            .sum();
        assert_eq!(sum, 25);
        assert_eq!(found.per, "a day");
        assert_eq!(found.repairs.len() + found.hidden, 3);
        assert_eq!(found.repairs.iter().filter(|r| r.open).count(), 1);
        assert!(timeline(&fixture::empty()).is_none());
    }

    #[test]
    fn two_years_are_a_hundred_and_five_columns_at_most() {
        let mut report = fixture::shop();
        report.window.from -= chrono::Duration::days(640);
        let found = timeline(&report).unwrap();
        assert_eq!(found.per, "each 7 days");
        assert_eq!(found.count, 105);
    }

    #[test]
    fn the_longest_of_many_repairs_are_drawn_in_order_of_time() {
        let mut report = fixture::shop();
        let one = report.deployments[7].clone();
        let from = report.window.from;
        report.deployments = (0..200)
            .map(|n| {
                let at = from + chrono::Duration::hours(10 * n);
                let hours = if n % 2 == 0 { 9 } else { 1 };
                let mut d = one.clone();
                d.finished_at = Some(at);
                d.recovered_at = Some(at + chrono::Duration::hours(hours));
                d.restored_after_seconds = Some(3600.0 * hours as f64);
                d
            })
            .collect();
        let found = timeline(&report).unwrap();
        assert_eq!(found.repairs.len(), REPAIRS);
        assert!(found.repairs.iter().all(|r| r.words.ends_with("after 9 h")));
        let places: Vec<f64> = found
            .repairs
            .iter()
            .map(|r| r.x.trim_end_matches('%').parse().unwrap())
            .collect();
        assert!(places.is_sorted(), "{places:?}");
    }

    #[test]
    fn failures_that_find_no_room_are_counted() {
        let mut report = fixture::shop();
        let one = report.deployments[7].clone();
        report.deployments = vec![one; 500];
        let found = timeline(&report).unwrap();
        assert_eq!(found.repairs.len(), LANES);
        assert_eq!(found.hidden, 500 - LANES);
        assert_eq!(found.failed.rows.len(), FAILURES);
    }
}
