//! Tests of the job summary and the Markdown report.

use super::*;
use crate::render::fixture;

fn facts() -> RunFacts {
    RunFacts {
        deployment: Some("run:25/production/shop".into()),
        persisted: true,
        branch: "fivekeys".into(),
        server_url: "https://github.com".into(),
        repository: "acme/shop".into(),
        commented: 2,
        ..RunFacts::default()
    }
}

fn is_harmless(text: &str) -> bool {
    [
        "</script>",
        "@acme",
        "#1 ",
        "](javascript",
        "\x1b",
        "\u{202e}",
        "<b>",
        "`=cmd",
    ]
    .iter()
    .all(|bad| !text.contains(bad))
}

#[test]
fn the_summary_of_a_shop() {
    let out = summary(&fixture::shop(), &facts()).unwrap();
    assert!(out.starts_with("### "));
    let (top, _) = out.split_once("```mermaid").unwrap();
    insta::assert_snapshot!(top);
    assert_eq!(out.matches("```mermaid").count(), 2);
    assert!(out.contains("#### This deployment"));
}

#[test]
fn every_table_row_has_the_columns_of_its_head() {
    for report in [
        fixture::shop(),
        fixture::hostile(),
        fixture::empty(),
        fixture::young(),
    ] {
        let mut report = report;
        report
            .services
            .insert("shop".into(), report.overall.clone());
        for text in [
            summary(&report, &facts()).unwrap(),
            render(&report, &Style::default()).unwrap(),
        ] {
            let mut columns = 0;
            for line in text.lines() {
                if !line.starts_with('|') {
                    columns = 0;
                    continue;
                }
                let here = line.matches('|').count();
                assert!(columns == 0 || columns == here, "{line}");
                columns = here;
            }
            assert!(!text.contains("\n\n\n"), "two empty lines: {text}");
        }
    }
}

#[test]
fn hostile_names_stay_text() {
    let mut facts = facts();
    facts.banner = vec![fixture::HOSTILE.to_owned()];
    facts.deployment = Some("run:7/production/shop".into());
    let out = summary(&fixture::hostile(), &facts).unwrap();
    assert!(is_harmless(&out), "{out}");
    let out = render(&fixture::hostile(), &Style::default()).unwrap();
    assert!(is_harmless(&out), "{out}");
}

#[test]
fn nothing_deployed_is_said_first() {
    let out = summary(
        &fixture::empty(),
        &RunFacts {
            persisted: true,
            ..RunFacts::default()
        },
    )
    .unwrap();
    assert!(
        out.lines()
            .take(4)
            .any(|l| l.contains("No production deployment took effect")),
        "{out}"
    );
    assert!(!out.contains("mermaid") && !out.contains("This deployment"));
    assert_eq!(
        out.matches("no data").count(),
        10,
        "five now, five before: {out}"
    );
}

#[test]
fn a_run_that_stored_nothing_says_so() {
    let lost = RunFacts {
        persisted: false,
        banner: vec!["GitHub was down.".into()],
        ..facts()
    };
    let out = summary(&fixture::shop(), &lost).unwrap();
    assert!(out.contains("> [!WARNING]\n> GitHub was down."), "{out}");
    assert!(out.contains("not stored"));
    let dry = RunFacts {
        persisted: false,
        dry_run: true,
        ..facts()
    };
    assert!(summary(&fixture::shop(), &dry).unwrap().contains("Dry run"));
    assert!(
        !summary(&fixture::shop(), &facts())
            .unwrap()
            .contains("not stored")
    );
}

#[test]
fn a_huge_report_loses_detail_and_keeps_whole_tables() {
    let mut report = fixture::shop();
    for note in 0..3000 {
        report.notes.push(Note {
            code: "x".into(),
            says: format!("{note} {}", "<&".repeat(400)),
            help: None,
        });
        report
            .services
            .insert(format!("service-{note}"), report.overall.clone());
    }
    let out = summary(&report, &facts()).unwrap();
    assert!(out.len() < LONGEST_SUMMARY, "{}", out.len());
    assert!(out.contains("| Deployment rework rate |") && out.contains("more"));
}

#[test]
fn charts_hold_at_most_26_whole_weeks() {
    let mut report = fixture::shop();
    let point = report.overall.series.weekly[1].clone();
    report.overall.series.weekly = vec![point; 60];
    let charts = charts(&report);
    assert_eq!(charts.len(), 2);
    assert!(charts.iter().all(|c| c.count == 26 && c.labels.is_empty()));
    report.overall.series.weekly.truncate(1);
    assert!(super::charts(&report).is_empty());
}
