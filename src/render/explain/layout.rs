//! The explanation on a terminal, and the cells that Markdown shows too.

use serde::Serialize;

use super::document::{Explanation, Item, Kind};
use super::{SHOWN, escape, evidence, humanize};
use crate::render::Style;
use crate::render::screen::{Paint, Screen};

/// An event's cells.
#[derive(Debug, Serialize)]
pub(super) struct Row {
    pub(super) kind: &'static str,
    pub(super) name: String,
    pub(super) at: String,
    pub(super) took: String,
    pub(super) says: String,
    pub(super) url: String,
}

/// An event's name as people say it.
#[must_use]
pub(super) fn name(kind: Kind, id: &str) -> String {
    match kind {
        Kind::Change => evidence::change_name(id),
        Kind::Figure | Kind::Deployment | Kind::Incident => escape::brief(id),
    }
}

/// An event in cells.
#[must_use]
pub(super) fn row(of: &Explanation, event: &Item) -> Row {
    Row {
        kind: event.kind.name(),
        name: name(event.kind, &event.id),
        at: event
            .at
            .map(|at| humanize::minute(at, &of.window.timezone))
            .unwrap_or_default(),
        took: event.seconds.map(humanize::exact).unwrap_or_default(),
        says: escape::visible(&event.says),
        url: event.url.clone().unwrap_or_default(),
    }
}

/// `2025-12-30 – 2026-03-29 UTC, 90 days covered`.
#[must_use]
pub(super) fn window(of: &Explanation) -> String {
    let window = &of.window;
    let until = (window.to - chrono::Duration::seconds(1)).max(window.from);
    format!(
        "{} – {} {}, {} days covered",
        humanize::day(window.from, &window.timezone),
        humanize::day(until, &window.timezone),
        escape::brief(&window.timezone),
        humanize::number(window.covered_days),
    )
}

/// ` (95 %: 2–8 %)`, or nothing.
#[must_use]
pub(super) fn interval(of: &Explanation) -> String {
    let shown = of.interval_shown.as_deref();
    shown.map_or_else(String::new, |interval| format!(" (95 %: {interval})"))
}

/// `github-deployments (446), github-issues (7)`.
#[must_use]
pub(super) fn sources(of: &Explanation) -> String {
    let names: Vec<String> = of
        .sources
        .iter()
        .take(20)
        .map(|s| format!("{} ({})", escape::brief(&s.name), s.events))
        .collect();
    if names.is_empty() {
        "none".to_owned()
    } else {
        names.join(", ")
    }
}

/// The explanation for a terminal: the first twenty events, or all of them with `verbose`.
#[must_use]
pub fn explanation_terminal(of: &Explanation, style: &Style) -> String {
    let most = if style.verbose { usize::MAX } else { SHOWN };
    let mut screen = Screen::new(style);
    head(&mut screen, of);
    steps(&mut screen, of);
    tables(&mut screen, of, style.verbose);
    events(&mut screen, of, most);
    if !of.excluded.is_empty() {
        title(&mut screen, "Left out");
        for excluded in of.excluded.iter().take(most) {
            let name = name(excluded.kind, &excluded.id);
            screen.text(2, 2, Paint::Plain, &format!("{name}: {}", excluded.says));
        }
        more(&mut screen, of.excluded.len().saturating_sub(most));
    }
    foot(&mut screen, of, style.verbose);
    screen.finish()
}

fn title(screen: &mut Screen, text: &str) {
    screen.blank();
    screen.line(&[(Paint::Strong, text)]);
}

fn more(screen: &mut Screen, hidden: usize) {
    if hidden > 0 {
        let text = format!("and {hidden} more; --verbose lists them");
        screen.text(2, 0, Paint::Faint, &text);
    }
}

fn head(screen: &mut Screen, of: &Explanation) {
    let interval = interval(of);
    screen.line(&[
        (Paint::Strong, &of.title),
        (Paint::Plain, "  "),
        (Paint::Strong, &of.shown),
        (Paint::Plain, &interval),
    ]);
    screen.text(0, 0, Paint::Plain, &of.definition);
    let service = of
        .service
        .as_deref()
        .map(|name| format!(" · service {}", escape::brief(name)));
    let line = format!(
        "{} · {}{}",
        of.figure,
        window(of),
        service.unwrap_or_default()
    );
    screen.text(0, 2, Paint::Faint, &line);
}

fn steps(screen: &mut Screen, of: &Explanation) {
    let band = of.band.as_ref().map(|band| {
        format!(
            "Band {}: {}.",
            escape::brief(&band.edition),
            escape::brief(&band.name)
        )
    });
    let sentences = (of.reason.iter().map(|reason| reason.says.clone()))
        .chain(of.arithmetic.iter().cloned())
        .chain(
            of.comparison
                .iter()
                .map(|comparison| comparison.says.clone()),
        )
        .chain(band);
    let mut first = true;
    for sentence in sentences {
        if std::mem::take(&mut first) {
            screen.blank();
        }
        screen.text(2, 0, Paint::Plain, &sentence);
    }
}

fn tables(screen: &mut Screen, of: &Explanation, verbose: bool) {
    if !of.facts.is_empty() {
        title(screen, "Known of it");
        for fact in &of.facts {
            screen.text(
                2,
                4,
                Paint::Plain,
                &format!("{}: {}", fact.name, fact.value),
            );
        }
    }
    if !of.parts.is_empty() {
        let name = if of.kind == Kind::Figure {
            "Parts, each of which can be explained"
        } else {
            "Where its time went"
        };
        title(screen, name);
        let within = format!("{}.", of.figure);
        let mut line = String::new();
        for part in &of.parts {
            let cell = format!(
                "{} {}",
                part.figure.strip_prefix(&within).unwrap_or(&part.figure),
                part.shown
            );
            line.push_str(if line.is_empty() { "" } else { " · " });
            line.push_str(&cell.replace(' ', "\u{a0}"));
        }
        for line in wrapped(&line, screen.width().saturating_sub(2)) {
            screen.text(2, 0, Paint::Plain, &line);
        }
    }
    if !of.rules.is_empty() {
        title(screen, "Rules");
        for rule in &of.rules {
            screen.text(2, 4, Paint::Plain, &format!("{}  {}", rule.id, rule.says));
        }
    }
    if !of.parameters.is_empty() && verbose {
        title(screen, "Parameters in force");
        for (key, value) in &of.parameters {
            let value = if value.is_empty() {
                "–".to_owned()
            } else {
                escape::brief(value)
            };
            screen.text(
                2,
                4,
                Paint::Plain,
                &format!("{}: {value}", escape::brief(key)),
            );
        }
    }
}

/// Cells stay whole where a line is wrapped: a name is never parted from its value.
fn wrapped(text: &str, width: usize) -> Vec<String> {
    let mut lines: Vec<String> = Vec::new();
    for cell in text.split(" · ") {
        match lines.last_mut() {
            Some(line) if line.chars().count() + 3 + cell.chars().count() <= width => {
                line.push_str(" · ");
                line.push_str(cell);
            }
            _ => lines.push(cell.to_owned()),
        }
    }
    lines
        .into_iter()
        .map(|line| line.replace('\u{a0}', " "))
        .collect()
}

fn events(screen: &mut Screen, of: &Explanation, most: usize) {
    if of.events.is_empty() {
        return;
    }
    title(screen, "Events, newest first");
    let rows: Vec<Row> = of
        .events
        .iter()
        .take(most)
        .map(|event| row(of, event))
        .collect();
    let timed = rows.iter().any(|row| !row.took.is_empty());
    let cells = |row: [&str; 4]| -> Vec<String> {
        let [at, took, name, says] = row.map(str::to_owned);
        if timed {
            vec![at, took, name, says]
        } else {
            vec![at, name, says]
        }
    };
    let mut table = vec![cells(["at", "took", "event", ""])];
    table.extend(
        rows.iter()
            .map(|row| cells([&row.at, &row.took, &row.name, &row.says])),
    );
    let right: &[bool] = if timed {
        &[false, true, false, false]
    } else {
        &[false; 3]
    };
    screen.table(right, &table);
    more(screen, of.events.len().saturating_sub(most));
}

fn foot(screen: &mut Screen, of: &Explanation, verbose: bool) {
    if !of.would_change.is_empty() {
        title(screen, "What would change it");
        for text in &of.would_change {
            screen.text(2, 2, Paint::Plain, text);
        }
    }
    screen.blank();
    let hidden = if verbose || of.parameters.is_empty() {
        String::new()
    } else {
        format!(
            " · {} with --verbose",
            humanize::plural(of.parameters.len() as u64, "parameter")
        )
    };
    let fingerprint = escape::brief(&of.fingerprint);
    let line = format!(
        "Definition {fingerprint}{hidden} · sources: {}",
        sources(of)
    );
    screen.text(0, 2, Paint::Faint, &line);
}
