//! The dashboard: one page of HTML that needs nothing else, not even a network.

mod answer;
mod axis;
mod batch;
mod cohort;
mod flow;
mod list;
#[cfg(test)]
mod tests;
mod timeline;
mod weekly;

use serde::Serialize;

use super::beyond::{self, Line};
use super::evidence::{self, DeploymentRow};
use super::judged::{self, Judged};
use super::view::{self, Header, Row};
use super::{RenderError, Templates, escape, humanize};
use crate::report::METRICS;
use crate::report::v1::{Finding, Note, Report, SourceInfo};
use answer::Answers;
use axis::Table;
use batch::Batch;
use cohort::Cohorts;
use flow::{Heat, Spread, Stages};
use timeline::Timeline;
use weekly::Plot;

/// Most rows of the deployments' table.
const DEPLOYMENTS: usize = 60;
/// Most rows of the services' table.
const SERVICES: usize = 100;
/// Most rows of the smaller lists.
const LIST: usize = 40;

/// Everything that the template may show.
#[derive(Serialize)]
struct Page<'a> {
    header: Header,
    answers: Answers,
    cards: Vec<Card>,
    judged: Judged,
    plots: Vec<Plot>,
    spread: Option<Spread>,
    stages: Option<Stages>,
    heat: Option<Heat>,
    timeline: Option<Timeline>,
    deployments: Vec<DeploymentRow>,
    deployments_hidden: usize,
    incidents: Table,
    incidents_hidden: usize,
    /// Why there is none; empty where there are some.
    no_incidents: String,
    batches: Vec<Batch>,
    ai: Option<Cohorts>,
    services: Table,
    services_hidden: usize,
    findings: Vec<Finding>,
    beyond: Vec<Line>,
    notes: Vec<Note>,
    notes_hidden: usize,
    parameters: Vec<(String, String)>,
    sources: &'a [SourceInfo],
    quality: String,
    fixes: Vec<String>,
}

/// One metric's card.
#[derive(Serialize)]
struct Card {
    #[serde(flatten)]
    row: Row,
    /// The value's number, and what follows it.
    figure: String,
    unit: String,
    /// Band or place, each with its edition; empty without one.
    benchmark: String,
    /// `points` of the small line.
    lines: Vec<String>,
}

/// What any page has: it asks for nothing, whatever a name in it says.
const NEEDS: [&str; 3] = [
    "<!doctype html>",
    "http-equiv=\"Content-Security-Policy\"",
    "default-src 'none'",
];

/// A self-contained page: no script, no request, light and dark.
///
/// # Errors
/// When the team's own template cannot be rendered, or leaves the policy out; with the built-in one, a bug.
pub fn page(report: &Report, templates: &Templates) -> Result<String, RenderError> {
    let effective = evidence::effective(report);
    let judged = judged::of(report);
    let cards = view::rows(&report.overall)
        .into_iter()
        .map(|row| card(report, &judged, row));
    let brief = |(key, value): (&String, &String)| (escape::brief(key), escape::brief(value));
    templates.render(
        "dashboard.html.j2",
        &Page {
            header: view::header(report),
            answers: answer::answers(report, &judged),
            cards: cards.collect(),
            plots: METRICS
                .iter()
                .filter_map(|m| weekly::plot(m, report))
                .collect(),
            spread: flow::spread(report),
            stages: flow::stages(report),
            heat: flow::heat(report),
            timeline: timeline::timeline(report),
            deployments: effective
                .iter()
                .take(DEPLOYMENTS)
                .map(|d| evidence::deployment_row(report, d))
                .collect(),
            deployments_hidden: effective.len().saturating_sub(DEPLOYMENTS),
            incidents: list::incidents(report, LIST),
            incidents_hidden: report.incidents.len().saturating_sub(LIST),
            no_incidents: list::no_incidents(report),
            batches: batch::batches(report),
            ai: cohort::cohorts(report),
            services: list::services(report, SERVICES),
            services_hidden: report.services.len().saturating_sub(SERVICES),
            findings: first(&report.findings, LIST).iter().map(finding).collect(),
            beyond: beyond::rows(&report.overall),
            notes: first(&report.notes, LIST).iter().map(note).collect(),
            notes_hidden: report.notes.len().saturating_sub(LIST),
            parameters: report
                .definition
                .parameters
                .iter()
                .take(SERVICES)
                .map(brief)
                .collect(),
            sources: first(&report.sources, LIST),
            quality: humanize::percent(report.quality.score),
            fixes: first(&report.quality.fixes, 3)
                .iter()
                .map(|fix| unticked(fix))
                .collect(),
            judged,
        },
        &NEEDS,
    )
}

/// The marks of code in Markdown are noise here.
fn unticked(text: &str) -> String {
    text.replace('`', "")
}

fn finding(of: &Finding) -> Finding {
    Finding {
        says: unticked(&of.says),
        next: of.next.as_deref().map(unticked),
        ..of.clone()
    }
}

fn note(of: &Note) -> Note {
    Note {
        says: unticked(&of.says),
        help: of.help.as_deref().map(unticked),
        ..of.clone()
    }
}

fn first<T>(of: &[T], most: usize) -> &[T] {
    of.get(..most).unwrap_or(of)
}

fn card(report: &Report, judged: &Judged, row: Row) -> Card {
    let starts_with_digit = row
        .value
        .starts_with(|c: char| c.is_ascii_digit() || c == '<');
    let split = row.value.split_once(' ').filter(|_| starts_with_digit);
    let (figure, unit) = split.unwrap_or((&row.value, ""));
    let place = judged.places.iter().find(|place| place.title == row.title);
    let benchmark = match (row.band.as_str(), place) {
        ("", Some(place)) => format!(
            "{}: {} of 10, industry {}",
            judged.edition, place.score, place.industry
        ),
        (band, _) => band.to_owned(),
    };
    Card {
        figure: figure.to_owned(),
        unit: unit.to_owned(),
        benchmark,
        lines: weekly::spark_lines(row.id, &report.overall.series),
        row,
    }
}
