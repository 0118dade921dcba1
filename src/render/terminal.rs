//! The report on one screen of a terminal.

use super::humanize;
use super::judged::{self, Judged};
use super::screen::{Paint, Screen};
use super::view::{self, Header, Row};
use super::{RenderError, Style, beyond, distribution, evidence};
use crate::report::v1::{Report, Scope};

/// Columns of title and value together; the longest title and a short value share them.
const LEFT: usize = 42;
/// The same in the compact form, which has no indent.
const COMPACT_LEFT: usize = 39;

/// Findings, and notes, that are shown where nothing more was asked for, so that the whole fits a screen; one of each
/// where there is something to do next.
const SHOWN: usize = 2;
/// Lines of a note that are shown then.
const NOTE_LINES: usize = 3;
/// Promises that are shown then.
const PROMISES: usize = 4;

/// `report --format terminal`.
#[expect(
    clippy::unnecessary_wraps,
    reason = "the shape of every row of FORMATS"
)]
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
    let mut said = Vec::new();
    for row in &rows {
        if row.factor != group {
            group = row.factor;
            screen.blank();
            screen.line(&[(Paint::Strong, group)]);
        }
        metric(&mut screen, row, style);
        // What holds for several metrics is said once.
        if !said.contains(&row.reason.as_str()) {
            said.push(&row.reason);
            screen.text(4, 0, Paint::Plain, &row.reason);
        }
    }
    let judged = judged::of(report);
    if style.verbose {
        places(&mut screen, &judged);
    }
    let shown = shown(&judged, style);
    promises(&mut screen, &judged, style);
    advice(&mut screen, &judged, style);
    findings(&mut screen, report, shown, style);
    if style.verbose {
        services(&mut screen, report);
        distributions(&mut screen, &report.overall);
        beyond_five(&mut screen, &report.overall);
        left_out(&mut screen, report);
    }
    notes(&mut screen, report, shown, style);
    foot(&mut screen, report);
    Ok(screen.finish())
}

/// How many findings, and notes, are shown.
fn shown(judged: &Judged, style: &Style) -> usize {
    most(style, if judged.advice.is_some() { 1 } else { SHOWN })
}

/// All there is where everything was asked for.
fn most(style: &Style, usual: usize) -> usize {
    if style.verbose { usize::MAX } else { usual }
}

fn head(screen: &mut Screen, header: &Header) {
    let right = format!("{} – {} {}", header.from, header.until, header.timezone);
    let left = format!("DORA metrics of {}", header.repository);
    let taken = left.chars().count() + right.chars().count();
    if taken + 2 > screen.width() {
        screen.line(&[(Paint::Strong, &left)]);
        screen.line(&[(Paint::Plain, &right)]);
    } else {
        let gap = " ".repeat(screen.width() - taken);
        screen.line(&[
            (Paint::Strong, &left),
            (Paint::Plain, &gap),
            (Paint::Plain, &right),
        ]);
    }
    let days = humanize::plural(header.days, "day");
    let line = format!("{days}, {} · {}", header.covered, header.counts);
    screen.text(0, 0, Paint::Faint, &line);
}

fn news(word: &str) -> Paint {
    match word {
        "good" => Paint::Good,
        "bad" => Paint::Bad,
        _ => Paint::Plain,
    }
}

fn metric(screen: &mut Screen, row: &Row, style: &Style) {
    let taken = 2 + row.title.chars().count() + row.value.chars().count();
    let pad = LEFT.min(screen.width()).saturating_sub(taken).max(1);
    // A value is never cut: where it does not fit beside its name, it stands below.
    let below = taken + pad > screen.width();
    let wide = screen.width() >= 80;
    let change = if row.known {
        row.change.text()
    } else {
        String::new()
    };
    let spark = format!("  {:<12}  ", row.spark);
    let (name, space) = if below {
        screen.line(&[(Paint::Plain, "  "), (Paint::Plain, row.title)]);
        ("", "  ".to_owned())
    } else {
        (row.title, " ".repeat(pad))
    };
    let mut spans = vec![
        (Paint::Plain, "  "),
        (Paint::Plain, name),
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
        spans.push((news(row.change.news), &change));
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
    screen.text(4, 0, Paint::Faint, &details.join(" · "));
    let rest = row.beside.iter().filter(|_| style.verbose);
    for line in row.pinned.iter().chain(rest) {
        screen.text(4, 2, Paint::Plain, line);
    }
    if style.verbose && !row.change.because.is_empty() {
        let line = format!("compared: {}", row.change.because);
        screen.text(4, 2, Paint::Plain, &line);
    }
}

fn compact(screen: &mut Screen, row: &Row) {
    let pad = COMPACT_LEFT
        .min(screen.width())
        .saturating_sub(row.title.chars().count() + row.value.chars().count())
        .max(1);
    let mut last = Vec::new();
    if row.known {
        last.push(row.change.text());
    } else {
        last.push(row.why.clone());
    }
    if !row.band.is_empty() {
        last.push(row.band.clone());
    }
    screen.line(&[
        (Paint::Plain, row.title),
        (Paint::Plain, &" ".repeat(pad)),
        (Paint::Strong, &row.value),
        (Paint::Plain, "  "),
        (news(row.change.news), &last.join(" · ")),
    ]);
}

fn places(screen: &mut Screen, judged: &Judged) {
    if judged.places.is_empty() {
        return;
    }
    let words: Vec<String> = judged
        .places
        .iter()
        .map(|p| {
            let industry = p.industry.replace(' ', "");
            format!("{} {} ({industry})", p.title.to_lowercase(), p.score)
        })
        .collect();
    let line = format!(
        "{}, 0 to 10 (industry, mean±spread): {}",
        judged.edition,
        words.join(" · ")
    );
    screen.blank();
    screen.text(2, 2, Paint::Faint, &line);
}

fn promises(screen: &mut Screen, judged: &Judged, style: &Style) {
    if judged.promises.is_empty() {
        return;
    }
    screen.blank();
    screen.line(&[(Paint::Strong, "Targets")]);
    let shown = most(style, PROMISES);
    for promise in judged.promises.iter().take(shown) {
        let line = format!("{}: {}", promise.state, promise.text);
        screen.text(2, 2, news(promise.news), &line);
        let details: Vec<&str> = [promise.now.as_str(), promise.way.as_str()]
            .into_iter()
            .filter(|text| !text.is_empty())
            .collect();
        screen.text(4, 0, Paint::Faint, &details.join(" · "));
    }
    more(screen, judged.promises.len().saturating_sub(shown));
}

fn advice(screen: &mut Screen, judged: &Judged, style: &Style) {
    if judged.bottleneck.is_empty() && judged.advice.is_none() {
        return;
    }
    screen.blank();
    screen.line(&[(Paint::Strong, "What next")]);
    // One thing to do next is enough for a screen.
    if style.verbose || judged.advice.is_none() {
        screen.text(2, 2, Paint::Plain, &judged.bottleneck);
    }
    let Some(advice) = &judged.advice else {
        return;
    };
    let says = format!("{} {}", advice.says, advice.prize);
    screen.text(2, 2, Paint::Plain, &says);
    for step in advice.steps.iter().take(most(style, 1)) {
        screen.text(4, 2, Paint::Plain, &format!("Do: {step}"));
    }
    if style.verbose {
        screen.text(4, 2, Paint::Faint, &format!("Watch: {}", advice.leading));
        let why = format!("{} ({})", advice.evidence, advice.source);
        screen.text(4, 2, Paint::Faint, &why);
    }
    let more = format!("{}: {}", advice.capability, advice.url);
    screen.text(4, 2, Paint::Faint, &more);
}

fn findings(screen: &mut Screen, report: &Report, shown: usize, style: &Style) {
    if report.findings.is_empty() {
        return;
    }
    screen.blank();
    screen.line(&[(Paint::Strong, "Findings")]);
    for finding in report.findings.iter().take(shown) {
        let paint = match finding.level.as_str() {
            "good" => Paint::Good,
            "warn" | "alert" => Paint::Bad,
            _ => Paint::Plain,
        };
        screen.text(2, 2, paint, &format!("{}: {}", finding.level, finding.says));
        if let Some(next) = &finding.next {
            screen.text(4, 0, Paint::Faint, &format!("Next: {next}"));
        }
        if style.verbose && !finding.because.is_empty() {
            let events = finding.because.iter().take(10).cloned().collect::<Vec<_>>();
            let line = format!("events: {}", events.join(", "));
            screen.text(4, 0, Paint::Faint, &line);
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

fn distributions(screen: &mut Screen, scope: &Scope) {
    let found = distribution::of(scope);
    if found.is_empty() {
        return;
    }
    screen.blank();
    screen.line(&[
        (Paint::Strong, "Distributions"),
        (
            Paint::Faint,
            "  medians of stages do not add up; means do, over all changes",
        ),
    ]);
    let head = ["", "n", "p50", "p75", "p90", "p95", "p99", "mean"];
    let mut table = vec![head.map(str::to_owned).to_vec()];
    for (name, q) in found {
        let mut cells = vec![name];
        cells.extend(distribution::cells(&q));
        table.push(cells);
    }
    screen.table(&[false, true, true, true, true, true, true, true], &table);
}

fn beyond_five(screen: &mut Screen, scope: &Scope) {
    let rows = beyond::rows(scope);
    if rows.is_empty() {
        return;
    }
    screen.blank();
    screen.line(&[(Paint::Strong, "Beside the five")]);
    let head = ["", "n", "now", "p90", "95 %", ""];
    let mut table = vec![head.map(str::to_owned).to_vec()];
    table.extend(rows.into_iter().map(|row| {
        let title = row.title.to_owned();
        vec![title, row.n, row.value, row.p90, row.interval, row.why]
    }));
    screen.table(&[false, true, true, true, true, false], &table);
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

fn notes(screen: &mut Screen, report: &Report, shown: usize, style: &Style) {
    if report.notes.is_empty() {
        return;
    }
    screen.blank();
    screen.line(&[(Paint::Strong, "Notes")]);
    let lines = most(style, NOTE_LINES);
    let mut cut = false;
    for note in report.notes.iter().take(shown) {
        let help = note.help.as_deref().unwrap_or("");
        cut |= screen.opening(2, 2, lines, format!("{} {help}", note.says).trim());
    }
    let hidden = report.notes.len().saturating_sub(shown);
    if cut && hidden == 0 {
        screen.text(2, 0, Paint::Faint, "--verbose shows the whole");
    }
    more(screen, hidden);
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
        insta::assert_snapshot!(out, @r##"
        DORA metrics of acme/shop                            2025-12-30 – 2026-03-29 UTC
        90 days, all covered by the history · 216 deployments, 301 changes, 1 incident

        Throughput
          Change lead time                   9.8 h  ▇▇█▆▆▆▅▆▅▅▅▅  ↓ 2.3 h, better
            95 %: 8.3–12 h · 301 changes · was 12 h · band 2024: high
            merged to deployed 41 min · opened to deployed 8.3 h
          Deployment frequency         2.4 per day  ▇▆█▇▅█▆▅▇▆▅▇  ↑ 0.6 per day, better
            95 %: 2.1–2.7 per day · 216 deployments · was 1.8 per day · band 2024: elite
          Failed deployment recovery time   38 min  ▄⋅⋅▅⋅⋅▇⋅⋅█⋅⋅  too little data
            95 %: 21 min – 3.4 h · 9 failed deployments repaired · band 2024: elite
            1 failed deployment still open; with them the median is at least 44 min

        Instability
          Change fail rate                     4 %  ▇▁▁▇▁▁█▁▁█▁▁  no detectable change
            95 %: 2–8 % · 9 of 216 deployments failed · band 2024: elite–high
          Deployment rework rate               5 %  ▆▁▁▁█▁▁▁▆▁▁▁  ↑ 3.1 points, worse
            95 %: 3–9 % · 11 of 216 deployments were rework · was 2 %

        Findings
          warn: Waiting for a first review is the largest stage: 2 h of 9.8 h in the
            median.
            Next: Agree on a time by which a review begins.
          good: Change lead time has fallen for nine weeks.

        Notes
          Merge queue times are not known. Grant `pull-requests: read`.

        Sources: github-deployments (446), github-issues (7) · data quality 86 % ·
          definition 3f9a61c0d2b4
        Cheapest improvement: Label incidents with the deployment that caused them.
        "##);
    }

    #[test]
    fn promises_and_advice_are_said_when_there_are_any() {
        let out = lines(&fixture::promised(), Style::default());
        assert!(out.lines().all(|line| line.chars().count() <= 80), "{out}");
        let from = out.find("Targets").unwrap();
        let to = out.find("Findings").unwrap();
        insta::assert_snapshot!(&out[from..to], @r"
        Targets
          met: change_lead_time <= 1d
            9.8 h (8.3–12 h)
          not yet: deployment_frequency >= 8/day by 2026-06-07
            2.4 per day (2.1–2.7 per day) · behind the straight line, which is at 5.1
            per day; needs 0.6 per day more each week for 10 weeks
          no data: services.api.mttr.p90 <= 1h
            No failed deployment was repaired in this window, so there is nothing to
            time.
          held: change_fail_rate must not rise while deployment_frequency rises

        What next
          Review is your largest wait. By your own numbers: change lead time 8 h instead
            of 9.8 h.
            Do: Put reviews before new work.
            Streamlining change approval:
              https://dora.dev/capabilities/streamlining-change-approval/
        ");
    }

    #[test]
    fn who_asks_for_more_gets_the_whole() {
        let style = Style {
            verbose: true,
            ..Style::default()
        };
        let out = lines(&fixture::promised(), style);
        for part in [
            "Quick Check 2025, 0 to 10",
            "The largest stage is pickup",
            "Watch: Median time to the first review",
            "Distributions",
            "Beside the five",
        ] {
            assert!(out.contains(part), "{part}: {out}");
        }
        assert!(!lines(&fixture::promised(), Style::default()).contains("Quick Check"));
    }

    #[test]
    fn an_empty_history_says_why_and_shows_no_zero() {
        let out = lines(&fixture::empty(), Style::default());
        assert_eq!(out.matches("no data").count(), 5, "{out}");
        assert_eq!(
            out.matches("No production deployment took").count(),
            1,
            "{out}"
        );
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
