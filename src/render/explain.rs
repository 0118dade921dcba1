//! `explain METRIC`: what a number means, how it was computed, and the events behind it.

use serde::Serialize;

use super::screen::{Paint, Screen};
use super::view::{self, Row};
use super::{RenderError, Style, evidence, humanize, template};
use crate::report::find_metric;
use crate::report::v1::{Deployment, Report};

/// Events shown when not everything is asked for.
const SHOWN: usize = 20;

/// One metric, explained; both outputs lay out this.
#[derive(Serialize)]
struct Explanation {
    row: Row,
    window: String,
    fingerprint: String,
    /// Sentences: from the events to the number.
    how: Vec<String>,
    events_title: &'static str,
    head: Vec<&'static str>,
    events: Vec<Vec<String>>,
    hidden: usize,
    excluded: Vec<(String, String)>,
    excluded_hidden: usize,
}

/// A metric's explanation for a terminal; `metric` may be an id or an older name.
///
/// # Errors
/// When no metric is called so.
pub fn explain(report: &Report, metric: &str, style: &Style) -> Result<String, RenderError> {
    let shown = if style.verbose { usize::MAX } else { SHOWN };
    let explanation = explanation(report, metric, shown)?;
    let mut screen = Screen::new(style);
    let row = &explanation.row;
    screen.line(&[
        (Paint::Strong, row.title),
        (Paint::Plain, "  "),
        (Paint::Strong, &row.value),
    ]);
    screen.text(0, 0, Paint::Plain, row.definition);
    let rules = format!("Rules {} · {}", row.rules, explanation.window);
    screen.text(0, 0, Paint::Faint, &rules);
    screen.blank();
    for sentence in &explanation.how {
        screen.text(2, 0, Paint::Plain, sentence);
    }
    if !explanation.events.is_empty() {
        screen.blank();
        screen.line(&[(Paint::Strong, explanation.events_title)]);
        let head = explanation
            .head
            .iter()
            .map(|&cell| cell.to_owned())
            .collect();
        let mut table: Vec<Vec<String>> = vec![head];
        table.extend(explanation.events.iter().cloned());
        screen.table(&vec![false; explanation.head.len()], &table);
        more(&mut screen, explanation.hidden);
    }
    if !explanation.excluded.is_empty() {
        screen.blank();
        screen.line(&[(Paint::Strong, "Left out")]);
        for (what, why) in &explanation.excluded {
            screen.text(2, 2, Paint::Plain, &format!("{what}: {why}"));
        }
        more(&mut screen, explanation.excluded_hidden);
    }
    screen.blank();
    screen.text(
        0,
        2,
        Paint::Faint,
        &format!("Definition {}", explanation.fingerprint),
    );
    Ok(screen.finish())
}

fn more(screen: &mut Screen, hidden: usize) {
    if hidden > 0 {
        screen.text(
            2,
            0,
            Paint::Faint,
            &format!("and {hidden} more; --verbose lists them"),
        );
    }
}

/// The same as Markdown.
///
/// # Errors
/// When no metric is called so.
pub fn explain_markdown(report: &Report, metric: &str) -> Result<String, RenderError> {
    template::render("explain.md.j2", &explanation(report, metric, SHOWN)?)
}

fn explanation(report: &Report, metric: &str, shown: usize) -> Result<Explanation, RenderError> {
    let found = find_metric(metric).ok_or_else(|| RenderError::UnknownMetric(metric.to_owned()))?;
    let row = view::row(found, &report.overall);
    let header = view::header(report);
    let (events_title, head, mut events) = events(report, found.id);
    let mut excluded = excluded(report, found.id);
    let hidden = events.len().saturating_sub(shown);
    let excluded_hidden = excluded.len().saturating_sub(shown);
    events.truncate(shown);
    excluded.truncate(shown);
    Ok(Explanation {
        how: how(report, &row),
        window: format!("{} – {} {}", header.from, header.until, header.timezone),
        fingerprint: header.fingerprint,
        row,
        events_title,
        head,
        events,
        hidden,
        excluded,
        excluded_hidden,
    })
}

fn how(report: &Report, row: &Row) -> Vec<String> {
    let mut out = Vec::new();
    if row.known {
        let interval = if row.interval.is_empty() {
            "too few values for an interval".to_owned()
        } else {
            format!("95 % interval {}", row.interval)
        };
        out.push(format!("{}: {}; {interval}.", row.value, row.counted));
    }
    if !row.reason.is_empty() {
        out.push(row.reason.clone());
    }
    let method = match row.id {
        "change_lead_time" => {
            "The median is type 7 (linear); its interval comes from order statistics and is finite from six changes on."
        }
        "deployment_frequency" => {
            "Effective deployments divided by the days that the history covers; the interval is an exact Poisson one."
        }
        "failed_deployment_recovery_time" => {
            "One value a failed deployment, counted in the window in which it was repaired; open ones enter the Kaplan–Meier median as lower bounds."
        }
        _ => "A share of the deployments that took effect; the interval is Wilson's.",
    };
    out.push(method.to_owned());
    if row.id == "deployment_frequency" {
        let covered = humanize::number(report.window.covered_days);
        out.push(format!("Days covered: {covered}."));
    }
    for beside in &row.beside {
        out.push(format!("Also: {beside}."));
    }
    if row.known {
        out.push(format!(
            "Window before: {}; {}.",
            row.previous,
            row.change.text()
        ));
    }
    if !row.band.is_empty() {
        out.push(format!("Band {}.", row.band));
    }
    out
}

type Events = (&'static str, Vec<&'static str>, Vec<Vec<String>>);

fn events(report: &Report, metric: &str) -> Events {
    let m = &report.overall.metrics;
    match metric {
        "change_lead_time" => changes(report),
        "deployment_frequency" => judged(report, "Deployments, newest first", |_| true),
        "change_fail_rate" => judged(report, "Failed deployments, newest first", |d| {
            m.change_fail_rate.failed_ids.contains(&d.id) || d.failed
        }),
        "deployment_rework_rate" => {
            judged(report, "Rework deployments, newest first", |d| d.rework)
        }
        _ => repairs(report),
    }
}

fn changes(report: &Report) -> Events {
    let zone = &report.window.timezone;
    let counted = report.changes.iter().filter(|change| {
        change.lead_time_seconds.is_some()
            && change
                .deployed_at
                .is_some_and(|at| report.window.from <= at && at < report.window.to)
    });
    let mut rows: Vec<_> = counted.collect();
    rows.sort_by(|a, b| {
        b.deployed_at
            .cmp(&a.deployed_at)
            .then_with(|| a.id.cmp(&b.id))
    });
    let cells = rows.into_iter().map(|change| {
        vec![
            evidence::change_name(&change.id),
            change
                .lead_time_seconds
                .map(humanize::exact)
                .unwrap_or_default(),
            change
                .deployed_at
                .map(|at| humanize::minute(at, zone))
                .unwrap_or_default(),
            change.deployment.clone().unwrap_or_default(),
            if change.bot { "bot" } else { "" }.to_owned(),
        ]
    });
    (
        "Changes, newest first",
        vec!["change", "lead time", "deployed", "by", ""],
        cells.collect(),
    )
}

fn judged(report: &Report, title: &'static str, wanted: impl Fn(&Deployment) -> bool) -> Events {
    let found = evidence::effective(report)
        .into_iter()
        .filter(|d| wanted(d));
    let cells = found.map(|deployment| {
        let row = evidence::deployment_row(report, deployment);
        vec![row.finished, row.id, row.batch, row.verdict]
    });
    (
        title,
        vec!["finished", "deployment", "batch", ""],
        cells.collect(),
    )
}

fn repairs(report: &Report) -> Events {
    let zone = &report.window.timezone;
    let inside = |d: &&Deployment| {
        d.failed
            && d.recovered_at
                .is_none_or(|at| report.window.from <= at && at < report.window.to)
    };
    let mut cells: Vec<Vec<String>> = Vec::new();
    for deployment in report.deployments.iter().rev().filter(inside) {
        let row = evidence::deployment_row(report, deployment);
        let because = deployment.evidence.iter().find(|e| e.says == "failed");
        cells.push(vec![
            row.id,
            deployment
                .restored_after_seconds
                .map_or_else(|| "still open".to_owned(), humanize::exact),
            row.finished,
            deployment
                .recovered_at
                .map(|at| humanize::minute(at, zone))
                .unwrap_or_default(),
            because.map(|e| e.event.clone()).unwrap_or_default(),
        ]);
    }
    (
        "Failed deployments, newest first",
        vec!["deployment", "recovery", "failed", "repaired", "because of"],
        cells,
    )
}

/// What was not counted, and why.
fn excluded(report: &Report, metric: &str) -> Vec<(String, String)> {
    let m = &report.overall.metrics;
    let mut out = Vec::new();
    match metric {
        "change_lead_time" => out.extend(m.change_lead_time.excluded.iter().map(|change| {
            let why = humanize::reason(&change.reason);
            (evidence::change_name(&change.change), why)
        })),
        "change_fail_rate" => out.extend(m.change_fail_rate.unattributed.iter().map(|incident| {
            (
                incident.clone(),
                "no deployment explains this incident".to_owned(),
            )
        })),
        "failed_deployment_recovery_time" => {
            let incidents = &m.failed_deployment_recovery_time.incident_restore_excluded;
            let why = "resolved before it was opened: two clocks disagree";
            out.extend(
                incidents
                    .iter()
                    .map(|i| (i.incident.clone(), why.to_owned())),
            );
        }
        _ => {}
    }
    if metric != "change_lead_time" {
        let outside = report.deployments.iter().filter(|d| {
            d.outcome != "success" && (d.finished_at.is_none() || evidence::in_window(report, d))
        });
        out.extend(outside.map(|d| {
            (
                d.id.clone(),
                format!("outcome {}: took no effect", d.outcome),
            )
        }));
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::render::fixture;
    use crate::report::METRICS;

    #[test]
    fn every_metric_names_its_events() {
        for (metric, event) in [
            ("change_lead_time", "#475"),
            ("deployment_frequency", "run:25/production/shop"),
            ("failed_deployment_recovery_time", "still open"),
            ("cfr", "run:7/production/shop"),
            ("rework", "hotfix inc:gh:8"),
        ] {
            let out = explain(&fixture::shop(), metric, &Style::default()).unwrap();
            assert!(out.contains(event), "{metric}: {out}");
            assert!(out.lines().all(|line| line.chars().count() <= 80), "{out}");
        }
    }

    #[test]
    fn long_lists_are_cut_and_counted() {
        let out = explain(&fixture::shop(), "frequency", &Style::default()).unwrap();
        assert!(out.contains("and 5 more; --verbose lists them"), "{out}");
        let all = Style {
            verbose: true,
            ..Style::default()
        };
        let out = explain(&fixture::shop(), "frequency", &all).unwrap();
        assert!(!out.contains("more; --verbose"));
        assert!(
            out.contains("run:0/production/shop")
                && out.contains("run:5/production/shop: outcome failure")
        );
    }

    #[test]
    fn an_unknown_metric_is_an_error() {
        let error = explain(&fixture::shop(), "velocity", &Style::default()).unwrap_err();
        assert_eq!(error.to_string(), "no metric is called `velocity`");
    }

    #[test]
    fn markdown_says_the_same_and_stays_text() {
        for metric in &METRICS {
            let out = explain_markdown(&fixture::hostile(), metric.id).unwrap();
            assert!(
                out.contains(metric.definition.split(';').next().unwrap()),
                "{out}"
            );
            assert!(
                !out.contains("</script>") && !out.contains("@acme"),
                "{out}"
            );
        }
        assert!(
            explain_markdown(&fixture::empty(), "lt")
                .unwrap()
                .contains("no data")
        );
    }
}
