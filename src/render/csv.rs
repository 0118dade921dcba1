//! One row a scope, metric and window, and the two spans that contracts are written on: RFC 4180, numbers as numbers.

use super::{RenderError, Style, escape, gauge};
use crate::report::v1::{Quantiles, Report, Scope};
use crate::report::{Headline, METRICS, Unit, headline};

const HEAD: [&str; 16] = [
    "scope",
    "service",
    "metric",
    "unit",
    "value",
    "low",
    "high",
    "n",
    "previous",
    "delta_state",
    "band",
    "edition",
    "reason",
    "from",
    "to",
    "definition",
];

/// A field of a record.
pub(super) enum Cell {
    /// Quoted, and never a formula.
    Text(String),
    /// Empty when it is missing.
    Number(Option<f64>),
    /// Empty when it is missing.
    Count(Option<u64>),
}

impl Cell {
    pub(super) fn text(text: &str) -> Self {
        Self::Text(text.to_owned())
    }

    pub(super) fn maybe(text: Option<&str>) -> Self {
        Self::text(text.unwrap_or_default())
    }
}

/// `report --format csv`.
#[expect(
    clippy::unnecessary_wraps,
    reason = "the shape of every row of FORMATS"
)]
pub(crate) fn render(report: &Report, _: &Style) -> Result<String, RenderError> {
    let mut out = HEAD.join(",");
    out.push_str("\r\n");
    let length = report.window.to - report.window.from;
    let days = [
        (report.window.from, report.window.to),
        (report.window.from - length, report.window.from),
    ]
    .map(|(from, to)| [from, to].map(|at| at.to_rfc3339_opts(chrono::SecondsFormat::Secs, true)));
    let definition = &report.definition.fingerprint;
    let names = match &report.service {
        Some(name) => ["service", name],
        None => ["overall", ""],
    };
    scope_rows(&mut out, names, &report.overall, (&days, definition));
    for (name, scope) in &report.services {
        scope_rows(&mut out, ["service", name], scope, (&days, definition));
    }
    Ok(out)
}

fn scope_rows(
    out: &mut String,
    names: [&str; 2],
    scope: &Scope,
    (days, definition): (&[[String; 2]; 2], &str),
) {
    for (index, [from, to]) in days.iter().enumerate() {
        let metrics = if index == 0 {
            &scope.metrics
        } else {
            &scope.previous
        };
        for metric in &METRICS {
            let delta = scope.deltas.get(metric.id).filter(|_| index == 0);
            let compared = (
                delta.and_then(|d| d.previous),
                delta.map_or("", |d| gauge::state(d.state)),
            );
            if let Some(head) = headline(metric.id, metrics) {
                let row = (metric.id, metric.unit, &head);
                metric_row(out, names, row, compared, [from, to, definition]);
            }
        }
        // Some contracts are written on these two (rule LT12).
        let lead = &metrics.change_lead_time;
        for (id, span) in [
            ("merge_to_deploy", &lead.merge_to_deploy),
            ("pr_created_to_deploy", &lead.pr_created_to_deploy),
        ] {
            let head = span_headline(span, lead.reason.as_deref());
            metric_row(
                out,
                names,
                (id, Unit::Seconds, &head),
                (None, ""),
                [from, to, definition],
            );
        }
    }
}

fn span_headline(of: &Quantiles, reason: Option<&str>) -> Headline {
    Headline {
        value: of.median_seconds,
        interval95: of.interval95_seconds,
        n: of.n,
        band: None,
        reason: reason.map(str::to_owned),
    }
}

fn metric_row(
    out: &mut String,
    [scope, service]: [&str; 2],
    (metric, unit, head): (&str, Unit, &Headline),
    (previous, state): (Option<f64>, &str),
    [from, to, definition]: [&str; 3],
) {
    let finite = head
        .interval95
        .filter(|[low, high]| low.is_finite() && high.is_finite());
    let band = head.band.as_ref();
    let cells = [
        Cell::text(scope),
        Cell::text(service),
        Cell::text(metric),
        Cell::text(unit_name(unit)),
        Cell::Number(head.value),
        Cell::Number(finite.map(|i| i[0])),
        Cell::Number(finite.map(|i| i[1])),
        Cell::Count(Some(head.n)),
        Cell::Number(previous),
        Cell::text(state),
        Cell::maybe(band.map(|b| b.name.as_str())),
        Cell::maybe(band.map(|b| b.edition.as_str())),
        Cell::maybe(head.reason.as_deref()),
        Cell::text(from),
        Cell::text(to),
        Cell::text(definition),
    ];
    out.push_str(&line(&cells));
}

/// One record with its end.
pub(super) fn line(cells: &[Cell]) -> String {
    let written: Vec<String> = cells.iter().map(written).collect();
    format!("{}\r\n", written.join(","))
}

fn written(cell: &Cell) -> String {
    match cell {
        Cell::Text(text) => escape::csv(text),
        Cell::Number(number) => number.map(|n| n.to_string()).unwrap_or_default(),
        Cell::Count(count) => count.map(|n| n.to_string()).unwrap_or_default(),
    }
}

fn unit_name(unit: Unit) -> &'static str {
    match unit {
        Unit::PerDay => "per_day",
        Unit::Seconds => "seconds",
        Unit::Ratio => "ratio",
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::render::fixture;

    #[test]
    fn one_row_a_scope_metric_and_window() {
        let mut report = fixture::shop();
        report
            .services
            .insert("shop".into(), report.overall.clone());
        let out = render(&report, &Style::default()).unwrap();
        let lines: Vec<&str> = out.split("\r\n").collect();
        assert_eq!(lines.len(), 1 + 2 * (5 + 2) * 2 + 1);
        assert_eq!(
            lines[1],
            "overall,,change_lead_time,seconds,35280,29988,44100,301,43560,changed,high,2024,,2025-12-30T00:00:00Z,2026-03-30T00:00:00Z,3f9a61c0d2b4"
        );
        assert_eq!(
            lines[6],
            "overall,,merge_to_deploy,seconds,2460,2091,3075,301,,,,,,2025-12-30T00:00:00Z,2026-03-30T00:00:00Z,3f9a61c0d2b4"
        );
        assert!(lines[8].ends_with("2025-10-01T00:00:00Z,2025-12-30T00:00:00Z,3f9a61c0d2b4"));
        assert!(
            lines
                .iter()
                .filter(|l| !l.is_empty())
                .all(|l| l.split(',').count() == 16)
        );
    }

    #[test]
    fn what_is_missing_is_an_empty_cell() {
        let out = render(&fixture::empty(), &Style::default()).unwrap();
        assert!(out.contains("overall,,change_fail_rate,ratio,,,,0,,,,,no_deployments,"));
    }

    #[test]
    fn hostile_names_are_one_cell() {
        let mut report = fixture::shop();
        report
            .services
            .insert("=cmd(),\"x\"\n".into(), report.overall.clone());
        let out = render(&report, &Style::default()).unwrap();
        assert!(out.contains("service,\"'=cmd(),\"\"x\"\" \",change_lead_time"));
    }
}
