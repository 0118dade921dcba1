//! The job summary and the full report in Markdown: one view, less detail where it would be too long.

use std::collections::BTreeMap;

use serde::Serialize;

use super::beyond::{self, Line};
use super::chart::{Scale, unit_size, unit_word};
use super::evidence::{self, DeploymentRow};
use super::judged::{self, Judged};
use super::this::{self, This};
use super::view::{self, Header, Row};
use super::{RenderError, Style, Templates, distribution, escape, humanize, spark, template};
use crate::report::v1::{Finding, Note, Point, Report, SourceInfo};
use crate::report::{Unit, find_metric, headline};

/// Above this a job summary is refused; GitHub's own cliff is 1 MiB for all steps together.
const LONGEST_SUMMARY: usize = 256 * 1024;

const SUMMARY: &str = "summary.md.j2";

/// Most points of a chart.
const POINTS: usize = 26;

/// Points whose labels still stand side by side.
const LABELLED: usize = 13;

/// What the run knows beside the report.
#[expect(
    clippy::struct_excessive_bools,
    reason = "four independent facts of a run"
)]
#[derive(Debug, Clone, Default, Serialize)]
pub struct RunFacts {
    /// Id of the deployment that this run recorded.
    pub deployment: Option<String>,
    /// Whether the commit of the metrics branch stands.
    pub persisted: bool,
    /// Whether a commit was sent and its answer was lost.
    pub in_doubt: bool,
    /// Whether no other run can know this deployment: GitHub has no record of it.
    pub alone: bool,
    /// Whether nothing was meant to be written.
    pub dry_run: bool,
    /// Whether this event may never write, as those of pull requests.
    pub read_only: bool,
    /// Warnings in plain text, shown first.
    pub banner: Vec<String>,
    /// Deployments that GitHub knew and the ledger lacked.
    pub swept: usize,
    /// Events of earlier runs that were stored late.
    pub recovered: usize,
    /// What the run's deployment did to the five metrics, those that it moved.
    pub effects: Vec<Effect>,
    /// Pull requests commented on.
    pub commented: usize,
    /// Shipped pull requests beyond the most comments of a run.
    pub untold: usize,
    /// Page of the digest that was written.
    pub digest: Option<String>,
    /// The metrics branch.
    pub branch: String,
    /// Such as `https://github.com`.
    pub server_url: String,
    /// `owner/name`.
    pub repository: String,
    /// Whether readers need an account.
    pub private: bool,
}

/// A metric with and without one deployment.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Effect {
    /// Title of the metric.
    pub title: &'static str,
    /// Without the deployment, in words.
    pub without: String,
    /// With it.
    pub with: String,
}

/// The metrics that differ, in words, between two reports of one window; a number that was not there before is no
/// effect.
#[must_use]
pub fn effects(without: &Report, with: &Report) -> Vec<Effect> {
    let before = view::rows(&without.overall);
    let pairs = before.into_iter().zip(view::rows(&with.overall));
    pairs
        .filter(|(before, now)| before.known && now.known && before.value != now.value)
        .map(|(before, now)| Effect {
            title: now.title,
            without: beside(now.id, without, with).unwrap_or(before.value),
            with: now.value,
        })
        .collect()
}

/// The headline of one report in the unit of the other's.
fn beside(metric: &str, one: &Report, other: &Report) -> Option<String> {
    let of = |report: &Report| headline(metric, &report.overall.metrics)?.value;
    let unit = find_metric(metric)?.unit;
    Some(humanize::value_beside(unit, of(one)?, of(other)?))
}

/// How much is shown; each level drops whole sections and rows, never half of one.
#[derive(Debug, Clone, Copy)]
struct Detail {
    rows: usize,
    details: bool,
    charts: bool,
}

const LEVELS: [Detail; 4] = [
    Detail {
        rows: 100,
        details: true,
        charts: true,
    },
    Detail {
        rows: 20,
        details: true,
        charts: true,
    },
    Detail {
        rows: 10,
        details: false,
        charts: false,
    },
    Detail {
        rows: 3,
        details: false,
        charts: false,
    },
];

/// Everything that a Markdown template may show.
#[derive(Serialize)]
pub(crate) struct Page<'a> {
    header: Header,
    rows: Vec<Row>,
    /// State and line of the target of each metric that has one.
    targets: BTreeMap<String, String>,
    charts: Vec<Mermaid>,
    this: Option<This>,
    deployments: Vec<DeploymentRow>,
    deployments_hidden: usize,
    findings: &'a [Finding],
    findings_hidden: usize,
    notes: &'a [Note],
    notes_hidden: usize,
    services: Vec<(String, Vec<String>)>,
    services_hidden: usize,
    distributions: Vec<(String, Vec<String>)>,
    beyond: Vec<Line>,
    parameters: Vec<(String, String)>,
    sources: &'a [SourceInfo],
    quality: String,
    fixes: &'a [String],
    judged: Judged,
    details: bool,
}

/// A chart in GitHub's Markdown.
#[derive(Serialize)]
struct Mermaid {
    title: String,
    /// Labels, or nothing where they would overlap.
    labels: Vec<String>,
    count: usize,
    unit: &'static str,
    top: String,
    /// `bar` or `line`, and its values.
    series: Vec<(&'static str, Vec<String>)>,
}

/// The job summary, below 256 KiB. What went wrong is said whatever the team's own template says.
///
/// # Errors
/// When the team's own template cannot be rendered, or makes too much; with the built-in one, a bug.
pub fn summary(
    report: &Report,
    facts: &RunFacts,
    templates: &Templates,
) -> Result<String, RenderError> {
    #[derive(Serialize)]
    struct Facts<'a> {
        facts: &'a RunFacts,
    }
    #[derive(Serialize)]
    struct Context<'a> {
        #[serde(flatten)]
        page: Page<'a>,
        facts: &'a RunFacts,
    }
    let mut text = String::new();
    for detail in LEVELS {
        let page = page(report, facts.deployment.as_deref(), detail);
        text = templates.render(SUMMARY, &Context { page, facts }, &[])?;
        if text.len() < LONGEST_SUMMARY {
            break;
        }
    }
    if !templates.has_own(SUMMARY) {
        return Ok(text);
    }
    if text.len() >= LONGEST_SUMMARY {
        return Err(templates.refuse(SUMMARY, "what it makes is too long for a job summary"));
    }
    let status = template::render("status.md.j2", &Facts { facts })?;
    let status = status.trim();
    Ok(if text.contains(status) {
        text
    } else {
        format!("{status}\n\n{text}")
    })
}

/// `report --format markdown`.
pub(crate) fn render(
    report: &Report,
    style: &Style,
    templates: &Templates,
) -> Result<String, RenderError> {
    let detail = if style.compact { LEVELS[2] } else { LEVELS[0] };
    templates.render("report.md.j2", &page(report, None, detail), &[])
}

/// What the branch's README shows of the report.
#[must_use]
pub(crate) fn for_readme(report: &Report) -> Page<'_> {
    page(report, None, LEVELS[1])
}

fn page<'a>(report: &'a Report, this: Option<&str>, detail: Detail) -> Page<'a> {
    let effective = evidence::effective(report);
    let of = |all: usize| all.min(detail.rows);
    let services: Vec<_> = report
        .services
        .iter()
        .take(detail.rows)
        .map(|(name, scope)| {
            let values = view::rows(scope).into_iter().map(|row| row.value).collect();
            (escape::brief(name), values)
        })
        .collect();
    let brief = |(key, value): (&String, &String)| (escape::brief(key), escape::brief(value));
    Page {
        header: view::header(report),
        rows: view::rows(&report.overall),
        targets: judged::lines(report),
        charts: if detail.charts {
            charts(report)
        } else {
            Vec::new()
        },
        this: this.and_then(|id| this::of(report, id, detail.rows)),
        deployments: effective
            .iter()
            .take(detail.rows)
            .map(|d| evidence::deployment_row(report, d))
            .collect(),
        deployments_hidden: effective.len().saturating_sub(detail.rows),
        findings: &report.findings[..of(report.findings.len())],
        findings_hidden: report.findings.len().saturating_sub(detail.rows),
        notes: &report.notes[..of(report.notes.len())],
        notes_hidden: report.notes.len().saturating_sub(detail.rows),
        services,
        services_hidden: report.services.len().saturating_sub(detail.rows),
        distributions: distribution::of(&report.overall)
            .iter()
            .take(60)
            .map(|(name, q)| (escape::brief(name), distribution::cells(q)))
            .collect(),
        beyond: beyond::rows(&report.overall),
        parameters: report
            .definition
            .parameters
            .iter()
            .take(100)
            .map(brief)
            .collect(),
        sources: &report.sources[..report.sources.len().min(50)],
        quality: humanize::percent(report.quality.score),
        fixes: &report.quality.fixes[..report.quality.fixes.len().min(3)],
        judged: judged::of(report),
        details: detail.details,
    }
}

fn charts(report: &Report) -> Vec<Mermaid> {
    let weeks = spark::whole_weeks(&report.overall.series, POINTS);
    let mut out = Vec::new();
    if weeks.len() >= 2 && weeks.iter().any(|p| p.deployments > 0) {
        let values: Vec<f64> = weeks.iter().map(|p| p.deployments as f64).collect();
        let scale = Scale::holding(Unit::PerDay, values.iter().copied().fold(0.0, f64::max));
        let bars = values.iter().map(|v| format!("{v:.0}")).collect();
        out.push(mermaid(
            "Deployments a week",
            &weeks,
            "deployments",
            scale.top,
            vec![("bar", bars)],
        ));
    }
    out.extend(lead_time(&weeks));
    out.extend(instability(&weeks));
    out
}

fn lead_time(weeks: &[&Point]) -> Option<Mermaid> {
    let mut timed: Vec<(&Point, f64, f64)> = weeks
        .iter()
        .filter_map(|p| Some((*p, p.lead_time_median_seconds?, p.lead_time_p90_seconds?)))
        .collect();
    keep_labelled(&mut timed, weeks.len());
    if timed.len() < 2 {
        return None;
    }
    let max = timed.iter().map(|(_, _, p90)| *p90).fold(0.0, f64::max);
    let size = unit_size(max);
    let top = Scale::holding(Unit::Seconds, max).top / size;
    let in_unit = |seconds: f64| format!("{:.1}", seconds / size);
    let medians = timed.iter().map(|(_, median, _)| in_unit(*median));
    let p90s = timed.iter().map(|(_, _, p90)| in_unit(*p90));
    let series = vec![("line", medians.collect()), ("line", p90s.collect())];
    let points: Vec<&Point> = timed.iter().map(|(point, _, _)| *point).collect();
    let title = "Change lead time a week: median (lower line) and 90th percentile";
    Some(mermaid(title, &points, unit_word(size), top, series))
}

/// Shares of the deployments of a week; none where nothing failed and nothing was rework.
fn instability(weeks: &[&Point]) -> Option<Mermaid> {
    let mut tried: Vec<(&Point, f64, f64)> = weeks
        .iter()
        .filter(|p| p.deployments > 0)
        .map(|p| {
            let share = |count: u64| 100.0 * count as f64 / p.deployments as f64;
            (*p, share(p.failed), share(p.rework))
        })
        .collect();
    keep_labelled(&mut tried, weeks.len());
    let max = tried.iter().map(|(_, f, r)| f.max(*r)).fold(0.0, f64::max);
    if tried.len() < 2 || max == 0.0 {
        return None;
    }
    let top = 100.0 * Scale::holding(Unit::Ratio, max / 100.0).top;
    let word = |share: f64| format!("{share:.0}");
    let failed = tried.iter().map(|(_, failed, _)| word(*failed));
    let rework = tried.iter().map(|(_, _, rework)| word(*rework));
    let series = vec![("bar", failed.collect()), ("line", rework.collect())];
    let points: Vec<&Point> = tried.iter().map(|(point, _, _)| *point).collect();
    let title = "Change fail rate (bars) and rework rate (line) a week";
    Some(mermaid(title, &points, "percent", top, series))
}

/// Where a week is missing only labels tell which, so there may be no more than fit.
fn keep_labelled<T>(points: &mut Vec<T>, weeks: usize) {
    if points.len() < weeks {
        points.drain(..points.len().saturating_sub(LABELLED));
    }
}

fn mermaid(
    title: &str,
    points: &[&Point],
    unit: &'static str,
    top: f64,
    series: Vec<(&'static str, Vec<String>)>,
) -> Mermaid {
    let first = points.first().map_or("", |p| p.start.as_str());
    let fits = points.len() <= LABELLED;
    Mermaid {
        title: if fits {
            title.to_owned()
        } else {
            format!("{title}, week 1 is {first}")
        },
        labels: if fits {
            points
                .iter()
                .map(|p| humanize::axis_day(&p.start))
                .collect()
        } else {
            Vec::new()
        },
        count: points.len(),
        unit,
        top: humanize::number(top),
        series,
    }
}

#[cfg(test)]
#[path = "markdown_tests.rs"]
mod tests;
