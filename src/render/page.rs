//! The dashboard: one page of HTML that needs nothing else, not even a network.

use serde::Serialize;

use super::chart::{self, Plot};
use super::evidence::{self, DeploymentRow};
use super::view::{self, Header, Row};
use super::{RenderError, Templates, escape, humanize};
use crate::report::METRICS;
use crate::report::v1::{Finding, Note, Report, SourceInfo};

/// Most rows of the deployments' table.
const DEPLOYMENTS: usize = 150;
/// Most weeks of a chart: two years.
const WEEKS: usize = 105;
/// Most rows of the smaller lists.
const LIST: usize = 40;

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
    #[derive(Serialize)]
    struct Context<'a> {
        header: Header,
        rows: Vec<Row>,
        plots: Vec<Plot>,
        findings: &'a [Finding],
        services: Vec<(String, Vec<String>)>,
        services_hidden: usize,
        deployments: Vec<DeploymentRow>,
        deployments_hidden: usize,
        notes: &'a [Note],
        notes_hidden: usize,
        parameters: Vec<(String, String)>,
        sources: &'a [SourceInfo],
        quality: String,
    }
    let effective = evidence::effective(report);
    let series = &report.overall.series;
    let brief = |(key, value): (&String, &String)| (escape::brief(key), escape::brief(value));
    templates.render(
        "dashboard.html.j2",
        &Context {
            header: view::header(report),
            rows: view::rows(&report.overall),
            plots: METRICS
                .iter()
                .filter_map(|m| chart::plot(m, series, WEEKS))
                .collect(),
            findings: &report.findings[..report.findings.len().min(LIST)],
            services: report
                .services
                .iter()
                .take(LIST)
                .map(|(name, scope)| {
                    let values = view::rows(scope).into_iter().map(|row| row.value).collect();
                    (escape::brief(name), values)
                })
                .collect(),
            services_hidden: report.services.len().saturating_sub(LIST),
            deployments: effective
                .iter()
                .take(DEPLOYMENTS)
                .map(|d| evidence::deployment_row(report, d))
                .collect(),
            deployments_hidden: effective.len().saturating_sub(DEPLOYMENTS),
            notes: &report.notes[..report.notes.len().min(LIST)],
            notes_hidden: report.notes.len().saturating_sub(LIST),
            parameters: report
                .definition
                .parameters
                .iter()
                .take(100)
                .map(brief)
                .collect(),
            sources: &report.sources[..report.sources.len().min(LIST)],
            quality: humanize::percent(report.quality.score),
        },
        &NEEDS,
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::render::fixture;

    fn page(report: &Report) -> Result<String, RenderError> {
        super::page(report, &Templates::default())
    }

    #[test]
    fn the_page_asks_for_nothing_and_runs_nothing() {
        for report in fixture::all() {
            let out = page(&report).unwrap();
            for bad in [
                "<script",
                "</script",
                "<b>",
                "src=",
                "@import",
                "url(http",
                "javascript:",
                "\x1b",
                "onload",
            ] {
                let found = out.to_lowercase();
                // Hostile text may name a scheme; it must never be in an attribute.
                let found = found.replace("](javascript:a)", "");
                assert!(!found.contains(bad), "{bad}");
            }
            assert!(out.contains("default-src 'none'"));
        }
    }

    #[test]
    fn every_chart_has_a_table_behind_it() {
        let out = page(&fixture::shop()).unwrap();
        assert_eq!(out.matches("<svg").count(), 5);
        assert_eq!(
            out.matches("<figure").count(),
            out.matches("</details></figure>").count()
        );
        assert!(out.contains("2024: high") && out.contains("no detectable change"));
    }

    #[test]
    fn two_years_of_an_active_team_stay_small() {
        let mut report = fixture::shop();
        let one = report.deployments[7].clone();
        report.deployments = (0..6000)
            .map(|n| {
                let mut d = one.clone();
                d.id = format!("run:{n}/production/shop");
                d
            })
            .collect();
        let week = report.overall.series.weekly[3].clone();
        report.overall.series.weekly = vec![week; 105];
        let out = page(&report).unwrap();
        assert!(out.len() < 300_000, "{}", out.len());
        assert!(out.contains("5850 more"));
    }

    #[test]
    fn an_empty_history_is_a_designed_state() {
        let out = page(&fixture::empty()).unwrap();
        assert_eq!(out.matches("no data</p>").count(), 5, "{out}");
        assert!(!out.contains("<svg"));
    }
}
