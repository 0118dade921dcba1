//! The page as a whole: what it never holds, what is never missing, how long it may be.

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
    let mut report = fixture::promised();
    report.ai = Some(fixture::cohorts());
    let out = page(&report).unwrap();
    assert!(out.matches("<figure").count() >= 9, "{out}");
    for figure in out.split("<figure").skip(1) {
        let figure = figure.split("</figure>").next().unwrap();
        assert!(figure.contains("<table"), "{figure}");
    }
    assert!(out.contains("2024: high") && out.contains("no detectable change"));
    assert!(out.contains("Review is your largest wait."));
}

#[test]
fn every_value_of_a_chart_is_reached_by_the_keyboard() {
    let mut report = fixture::promised();
    report.ai = Some(fixture::cohorts());
    let out = page(&report).unwrap();
    let groups: Vec<&str> = out.split("role=\"radiogroup\"").skip(1).collect();
    assert!(groups.len() >= 7, "{}", groups.len());
    let mut names = std::collections::BTreeSet::new();
    for group in groups {
        let group = group.split("</div>").next().unwrap();
        let name = group.split("name=\"").nth(1).unwrap();
        let name = name.split('"').next().unwrap();
        assert!(names.insert(name), "two charts are one group: {name}");
        for input in group.split("<input").skip(1) {
            assert!(input.contains(&format!("name=\"{name}\"")), "{input}");
            assert!(input.contains("aria-label=\"") && !input.contains("aria-label=\"\""));
        }
    }
}

#[test]
fn agents_are_spoken_of_only_where_both_groups_are_known() {
    let mut report = fixture::shop();
    assert!(!page(&report).unwrap().contains("AI agent"));
    report.ai = Some(fixture::cohorts());
    let out = page(&report).unwrap();
    assert!(out.contains("id=\"ai\"") && out.contains("href=\"#ai\""));
    assert!(out.contains("At equal size no detectable difference"));
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
    assert!(out.contains("5940 more"));
}

#[test]
fn an_empty_history_is_a_designed_state() {
    let out = page(&fixture::empty()).unwrap();
    assert_eq!(out.matches("no data</p>").count(), 5, "{out}");
    assert!(!out.contains("<svg") && out.contains("Nothing to measure yet"));
}

#[test]
fn the_same_report_gives_the_same_bytes() {
    for report in fixture::all() {
        assert_eq!(page(&report).unwrap(), page(&report).unwrap());
    }
}
