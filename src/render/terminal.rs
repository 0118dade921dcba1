//! The report on one screen of a terminal.

use super::humanize;
use super::screen::{Paint, Screen};
use super::view::{self, Header, Row};
use super::{RenderError, Style, evidence};
use crate::report::v1::{Quantiles, Report, Scope};

/// Columns of title and value together; the longest title and a short value share them.
const LEFT: usize = 42;

/// `report --format terminal`.
pub(crate) fn render(report: &Report, style: &Style) -> Result<String, RenderError> {
    let mut screen = Screen::new(style);
    let rows = view::rows(&report.overall);
    if style.compact {
        for row in &rows {
            compact(&mut screen, row);
        }
        return Ok(screen.finish());
    }
    head(&mut screen, &view::header(report));
    let mut group = "";
    for row in &rows {
        if row.factor != group {
            group = row.factor;
            screen.blank();
            screen.line(&[(Paint::Strong, group)]);
        }
        metric(&mut screen, row, style);
    }
    findings(&mut screen, report, style);
    if style.verbose {
        services(&mut screen, report);
        distributions(&mut screen, &report.overall);
        left_out(&mut screen, report);
    }
    notes(&mut screen, report, style);
    foot(&mut screen, report);
    Ok(screen.finish())
}

fn head(screen: &mut Screen, header: &Header) {
    let right = format!("{} – {} {}", header.from, header.until, header.timezone);
    let left = format!("DORA metrics of {}", header.repository);
    let gap = screen
        .width()
        .saturating_sub(left.chars().count() + right.chars().count())
        .max(2);
    screen.line(&[
        (Paint::Strong, &left),
        (Paint::Plain, &" ".repeat(gap)),
        (Paint::Plain, &right),
    ]);
    let days = humanize::plural(header.days, "day");
    let line = format!("{days}, {} · {}", header.covered, header.counts);
    screen.text(0, 0, Paint::Faint, &line);
}

fn news(row: &Row) -> Paint {
    match row.change.news {
        "good" => Paint::Good,
        "bad" => Paint::Bad,
        _ => Paint::Plain,
    }
}

fn metric(screen: &mut Screen, row: &Row, style: &Style) {
    let pad = LEFT
        .saturating_sub(2 + row.title.chars().count() + row.value.chars().count())
        .max(1);
    let wide = screen.width() >= 80;
    let change = if row.known {
        row.change.text()
    } else {
        String::new()
    };
    let spark = format!("  {:<12}  ", row.spark);
    let space = " ".repeat(pad);
    let mut spans = vec![
        (Paint::Plain, "  "),
        (Paint::Plain, row.title),
        (Paint::Plain, space.as_str()),
        (
            if row.known {
                Paint::Strong
            } else {
                Paint::Faint
            },
            row.value.as_str(),
        ),
    ];
    if wide {
        spans.push((Paint::Plain, &spark));
        spans.push((news(row), &change));
    }
    screen.line(&spans);
    let mut details = Vec::new();
    if !wide && !change.is_empty() {
        details.push(change.clone());
    }
    if !row.interval.is_empty() {
        details.push(format!("95 %: {}", row.interval));
    }
    if row.known {
        details.push(row.counted.clone());
    }
    if !row.change.arrow.is_empty() {
        details.push(format!("was {}", row.previous));
    }
    if !row.band.is_empty() {
        details.push(format!("band {}", row.band));
    }
    if style.verbose {
        details.extend(row.beside.iter().cloned());
        if !row.change.because.is_empty() {
            details.push(format!("compared: {}", row.change.because));
        }
    }
    screen.text(4, 0, Paint::Faint, &details.join(" · "));
    screen.text(4, 0, Paint::Plain, &row.reason);
    if row.id == "failed_deployment_recovery_time" && !style.verbose {
        // Without the open ones the median looks better than it is.
        for line in row.beside.iter().filter(|line| line.contains("still open")) {
            screen.text(4, 0, Paint::Plain, line);
        }
    }
}

fn compact(screen: &mut Screen, row: &Row) {
    let pad = LEFT
        .saturating_sub(row.title.chars().count() + row.value.chars().count())
        .max(1);
    let mut last = Vec::new();
    if row.known {
        last.push(row.change.text());
    } else {
        last.push(row.reason.clone());
    }
    if !row.band.is_empty() {
        last.push(row.band.clone());
    }
    screen.line(&[
        (Paint::Plain, row.title),
        (Paint::Plain, &" ".repeat(pad)),
        (Paint::Strong, &row.value),
        (Paint::Plain, "  "),
        (news(row), &last.join(" · ")),
    ]);
}

fn findings(screen: &mut Screen, report: &Report, style: &Style) {
    if report.findings.is_empty() {
        return;
    }
    screen.blank();
    screen.line(&[(Paint::Strong, "Findings")]);
    let shown = if style.verbose { usize::MAX } else { 3 };
    for finding in report.findings.iter().take(shown) {
        let paint = match finding.level.as_str() {
            "good" => Paint::Good,
            "warn" | "alert" => Paint::Bad,
            _ => Paint::Plain,
        };
        screen.text(2, 2, paint, &format!("{}: {}", finding.level, finding.says));
        if let Some(next) = &finding.next {
            screen.text(4, 0, Paint::Faint, next);
        }
        if style.verbose && !finding.because.is_empty() {
            let events = finding.because.iter().take(10).cloned().collect::<Vec<_>>();
            screen.text(
                4,
                0,
                Paint::Faint,
                &format!("events: {}", events.join(", ")),
            );
        }
    }
    more(screen, report.findings.len().saturating_sub(shown));
}

fn more(screen: &mut Screen, hidden: usize) {
    if hidden > 0 {
        let line = format!("and {hidden} more; --verbose shows all");
        screen.text(2, 0, Paint::Faint, &line);
    }
}

fn services(screen: &mut Screen, report: &Report) {
    if report.services.is_empty() {
        return;
    }
    screen.blank();
    screen.line(&[(Paint::Strong, "By service")]);
    let mut table = vec![
        [
            "service",
            "lead time",
            "deployments",
            "recovery",
            "fail rate",
            "rework",
        ]
        .map(str::to_owned)
        .to_vec(),
    ];
    for (name, scope) in &report.services {
        let mut cells = vec![name.clone()];
        cells.extend(view::rows(scope).into_iter().map(|row| row.value));
        table.push(cells);
    }
    screen.table(&[false, true, true, true, true, true], &table);
}

/// Every distribution of a scope that has values, by name.
#[must_use]
pub(crate) fn quantiles(scope: &Scope) -> Vec<(String, Quantiles)> {
    let m = &scope.metrics;
    let (lead, recovery) = (&m.change_lead_time, &m.failed_deployment_recovery_time);
    let mut out = vec![
        (
            "change lead time".to_owned(),
            Quantiles {
                n: lead.n,
                median_seconds: lead.median_seconds,
                p75_seconds: lead.p75_seconds,
                p90_seconds: lead.p90_seconds,
                p95_seconds: lead.p95_seconds,
                p99_seconds: lead.p99_seconds,
                mean_seconds: lead.mean_seconds,
                interval95_seconds: lead.interval95_seconds,
            },
        ),
        ("with bots".to_owned(), lead.with_bots.clone()),
        ("per commit".to_owned(), lead.per_commit.clone()),
        (
            "pull request to deployed".to_owned(),
            lead.pr_created_to_deploy.clone(),
        ),
        ("merge to deployed".to_owned(), lead.merge_to_deploy.clone()),
    ];
    // In the order a change passes through them.
    let order = [
        "coding",
        "draft",
        "pickup",
        "review",
        "merge",
        "queue",
        "deploy_wait",
        "deploy",
    ];
    let known = order
        .iter()
        .filter_map(|name| Some((*name, lead.stages.get(*name)?)));
    let others = lead
        .stages
        .iter()
        .filter(|(name, _)| !order.contains(&name.as_str()));
    let stages = known.chain(others.map(|(name, stage)| (name.as_str(), stage)));
    out.extend(
        stages.map(|(name, stage)| (format!("stage {}", name.replace('_', " ")), stage.clone())),
    );
    out.extend([
        (
            "between deployments".to_owned(),
            m.deployment_frequency.time_between.clone(),
        ),
        (
            "recovery".to_owned(),
            Quantiles {
                n: recovery.n,
                median_seconds: recovery.median_seconds,
                p75_seconds: recovery.p75_seconds,
                p90_seconds: recovery.p90_seconds,
                p95_seconds: recovery.p95_seconds,
                p99_seconds: recovery.p99_seconds,
                mean_seconds: recovery.mean_seconds,
                interval95_seconds: recovery.interval95_seconds,
            },
        ),
        ("incident detection".to_owned(), recovery.detection.clone()),
        (
            "incident restore".to_owned(),
            recovery.incident_restore.clone(),
        ),
        (
            "attempt recovery".to_owned(),
            recovery.attempt_recovery.clone(),
        ),
    ]);
    out.retain(|(_, q)| q.n > 0);
    out
}

/// A distribution's cells: n, p50, p75, p90, p95, p99, mean.
#[must_use]
pub(crate) fn quantile_cells(q: &Quantiles) -> Vec<String> {
    let mut cells = vec![q.n.to_string()];
    let values = [
        q.median_seconds,
        q.p75_seconds,
        q.p90_seconds,
        q.p95_seconds,
        q.p99_seconds,
        q.mean_seconds,
    ];
    cells.extend(values.map(|v| v.map_or_else(|| "–".to_owned(), humanize::duration)));
    cells
}

fn distributions(screen: &mut Screen, scope: &Scope) {
    let found = quantiles(scope);
    if found.is_empty() {
        return;
    }
    screen.blank();
    screen.line(&[
        (Paint::Strong, "Distributions"),
        (Paint::Faint, "  medians of stages do not add up; means do"),
    ]);
    let head = ["", "n", "p50", "p75", "p90", "p95", "p99", "mean"];
    let mut table = vec![head.map(str::to_owned).to_vec()];
    for (name, q) in found {
        let mut cells = vec![name];
        cells.extend(quantile_cells(&q));
        table.push(cells);
    }
    screen.table(&[false, true, true, true, true, true, true, true], &table);
}

fn left_out(screen: &mut Screen, report: &Report) {
    let m = &report.overall.metrics;
    let open = &m.failed_deployment_recovery_time.open;
    if !open.is_empty() {
        screen.blank();
        screen.line(&[(Paint::Strong, "Failed and not repaired yet")]);
        for failure in open {
            let age = humanize::exact(failure.age_seconds);
            screen.text(
                2,
                2,
                Paint::Plain,
                &format!("{}, for {age}", failure.deployment),
            );
        }
    }
    let excluded = &m.change_lead_time.excluded;
    if !excluded.is_empty() {
        screen.blank();
        screen.line(&[(Paint::Strong, "Left out of change lead time")]);
        for change in excluded.iter().take(20) {
            let name = evidence::change_name(&change.change);
            let why = humanize::reason(&change.reason);
            screen.text(2, 2, Paint::Plain, &format!("{name}: {why}"));
        }
        more(screen, excluded.len().saturating_sub(20));
    }
}

fn notes(screen: &mut Screen, report: &Report, style: &Style) {
    if report.notes.is_empty() {
        return;
    }
    screen.blank();
    screen.line(&[(Paint::Strong, "Notes")]);
    let shown = if style.verbose { usize::MAX } else { 3 };
    for note in report.notes.iter().take(shown) {
        let help = note.help.as_deref().unwrap_or("");
        screen.text(2, 2, Paint::Plain, format!("{} {help}", note.says).trim());
    }
    more(screen, report.notes.len().saturating_sub(shown));
}

fn foot(screen: &mut Screen, report: &Report) {
    screen.blank();
    let names: Vec<String> = report
        .sources
        .iter()
        .map(|source| format!("{} ({})", source.name, source.events))
        .collect();
    let sources = if names.is_empty() {
        "none".to_owned()
    } else {
        names.join(", ")
    };
    let quality = humanize::percent(report.quality.score);
    screen.text(
        0,
        2,
        Paint::Faint,
        &format!(
            "Sources: {sources} · data quality {quality} · definition {}",
            report.definition.fingerprint
        ),
    );
    if let Some(fix) = report.quality.fixes.first() {
        screen.text(0, 2, Paint::Faint, &format!("Cheapest improvement: {fix}"));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::render::fixture;

    fn lines(report: &Report, style: Style) -> String {
        render(report, &style).unwrap()
    }

    #[test]
    fn the_report_fits_a_screen() {
        let out = lines(&fixture::shop(), Style::default());
        assert!(out.lines().all(|line| line.chars().count() <= 80), "{out}");
        assert!(out.lines().count() <= 34, "{} lines", out.lines().count());
        insta::assert_snapshot!(out);
    }

    #[test]
    fn an_empty_history_says_why_and_shows_no_zero() {
        let out = lines(&fixture::empty(), Style::default());
        assert_eq!(out.matches("no data").count(), 5, "{out}");
        assert!(out.contains("No production deployment took effect"));
        assert!(!out.contains(" 0 s") && !out.contains("0 %:"));
    }

    #[test]
    fn one_deployment_claims_nothing() {
        let out = lines(&fixture::young(), Style::default());
        assert!(out.contains("Only first deployments so far"), "{out}");
        assert!(out.contains("too little data"));
        assert!(!out.contains('↑') && !out.contains('↓'));
    }

    #[test]
    fn hostile_names_stay_text_in_every_style() {
        for (ascii, verbose, compact, width) in [
            (false, true, false, 80),
            (true, true, false, 44),
            (false, false, true, 80),
        ] {
            let style = Style {
                width,
                colour: false,
                ascii,
                verbose,
                compact,
            };
            let out = lines(&fixture::hostile(), style);
            assert!(!out.contains(['\x1b', '\u{202e}', '\r']), "{out}");
            assert!(
                out.lines().all(|l| !l.trim_start().starts_with("::")),
                "{out}"
            );
            assert!(out.lines().all(|l| l.chars().count() <= width), "{out}");
            assert!(!ascii || out.is_ascii());
        }
    }

    #[test]
    fn compact_is_five_lines() {
        let style = Style {
            compact: true,
            ..Style::default()
        };
        assert_eq!(lines(&fixture::shop(), style).lines().count(), 5);
        assert_eq!(lines(&fixture::empty(), style).lines().count(), 5);
    }

    #[test]
    fn arrows_stand_only_where_something_changed() {
        let out = lines(&fixture::shop(), Style::default());
        for line in out
            .lines()
            .filter(|l| l.contains("no detectable") || l.contains("too little"))
        {
            assert!(!line.contains(['↑', '↓']), "{line}");
        }
        assert_eq!(out.matches(['↑', '↓']).count(), 3);
    }
}
