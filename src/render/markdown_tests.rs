//! Tests of the job summary and the Markdown report.

use super::*;
use crate::render::fixture;

fn summary(report: &Report, facts: &RunFacts) -> Result<String, RenderError> {
    super::summary(report, facts, &Templates::default())
}

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
    let (top, charts) = out.split_once("```mermaid").unwrap();
    let (charts, below) = charts.rsplit_once("```\n").unwrap();
    let (below, _) = below.split_once("<details>").unwrap();
    assert!(!charts.contains("###"), "{charts}");
    insta::assert_snapshot!(format!("{top}(charts)\n{below}"), @r##"
        ### Software delivery of acme/shop

        **Worse: deployment rework rate (2 % → 5 %). Better: change lead time (12 h → 9.8 h), deployment frequency (1.8 per day → 2.4 per day).**

        | Metric | Now | 95 % interval | Change | Before | Band | 12 weeks |
        | --- | ---: | --- | --- | ---: | --- | --- |
        | Change lead time | **9.8 h** | 8.3–12 h | ↓ 2.3 h, better | 12 h | 2024: high | ▇▇█▆▆▆▅▆▅▅▅▅ |
        | Deployment frequency | **2.4 per day** | 2.1–2.7 per day | ↑ 0.6 per day, better | 1.8 per day | 2024: elite | ▇▆█▇▅█▆▅▇▆▅▇ |
        | Failed deployment recovery time | **38 min** | 21 min – 3.4 h | too little data | 38 min | 2024: elite | ▄⋅⋅▅⋅⋅▇⋅⋅█⋅⋅ |
        | Change fail rate | **4 %** | 2–8 % | no detectable change | 5 % | 2024: elite–high | ▇▁▁▇▁▁█▁▁█▁▁ |
        | Deployment rework rate | **5 %** | 3–9 % | ↑ 3.1 points, worse | 2 % | – | ▆▁▁▁█▁▁▁▆▁▁▁ |

        - Change lead time: merged to deployed 41 min · opened to deployed 8.3 h
        - Failed deployment recovery time: 1 failed deployment still open; with them the median is at least 44 min

        2025-12-30 – 2026-03-29 UTC against the 90 days before; all covered by the history. 216 deployments, 301 changes, 1 incident.

        (charts)

        #### This deployment

        <code>abcdef19</code> of shop to production, finished 2026-03-29 10:00 UTC. It ships 2 changes (median here: 2 changes); median lead time 1.5 d. <code>fivekeys explain run:25/production/shop</code> says how it was judged.

        | Median | coding | pickup | review | deploy wait | deploy |
        | --- | ---: | ---: | ---: | ---: | ---: |
        | this deployment | 1.1 d | 2 h | 1 h | 3 h | 12 min |
        | the team | 1.5 h | 2 h | 1 h | 30 min | – |

        | Change | Lead time | Since merge |
        | --- | ---: | ---: |
        | &#35;<!-- -->475 | 1 d 11 h | 3 h 12 min |
        | &#35;<!-- -->476 | 1 d 11 h | 3 h 12 min |

        #### Findings

        - **warn**: Waiting for a first review is the largest stage: 2 h of 9.8 h in the median. *Next:* Agree on a time by which a review begins.
        - **good**: Change lead time has fallen for nine weeks.
        "##);
    assert_eq!(out.matches("```mermaid").count(), 3);
    assert!(out.contains("#### This deployment"));
}

#[test]
fn every_table_row_has_the_columns_of_its_head() {
    for mut report in fixture::all() {
        report
            .services
            .insert("shop".into(), report.overall.clone());
        for text in [
            summary(&report, &facts()).unwrap(),
            render(&report, &Style::default(), &Templates::default()).unwrap(),
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
fn an_id_with_a_command_in_it_is_not_to_be_pasted() {
    let mut report = fixture::shop();
    let id = "run:25/production $(id)/shop";
    report.deployments[25].id = id.into();
    let mut facts = facts();
    facts.deployment = Some(id.into());
    let out = summary(&report, &facts).unwrap();
    assert!(out.contains("#### This deployment"), "{out}");
    assert!(!out.contains("fivekeys explain run:"), "{out}");
}

#[test]
fn hostile_names_stay_text() {
    let mut facts = facts();
    facts.banner = vec![fixture::HOSTILE.to_owned()];
    facts.deployment = Some("run:7/production/shop".into());
    let out = summary(&fixture::hostile(), &facts).unwrap();
    assert!(is_harmless(&out), "{out}");
    let out = render(
        &fixture::hostile(),
        &Style::default(),
        &Templates::default(),
    )
    .unwrap();
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

/// Ten thousand deployments of fifty services with names that are as long and as hostile as they come; the last one
/// failed, and going back takes away ten thousand changes.
#[test]
fn the_summary_of_ten_thousand_deployments_is_short_whatever_they_are_called() {
    let hostile = format!("{}{}", fixture::HOSTILE, "</td>|`@acme ".repeat(20));
    let mut report = fixture::shop();
    let good = report.deployments[1].clone();
    let change = report.changes[0].clone();
    for n in 0..10_000_u32 {
        let mut deployment = good.clone();
        deployment.id = format!("{hostile}{n}");
        deployment.service = Some(format!("{}{hostile}", n % 50));
        deployment.revision = Some(format!("{n}{hostile}"));
        deployment.url = Some(format!("https://example.com/{n}"));
        deployment.finished_at = good
            .finished_at
            .map(|at| at + chrono::Duration::minutes(n.into()));
        report.deployments.push(deployment);
    }
    let mut last = report.deployments.last().unwrap().clone();
    last.id = "last".into();
    last.failed = true;
    last.recovered_at = None;
    last.revision = Some("new".into());
    last.url = Some(format!(
        "https://example.com/{}",
        "x".repeat(LONGEST_SUMMARY)
    ));
    last.finished_at = last.finished_at.map(|at| at + chrono::Duration::hours(1));
    for n in 0..10_000 {
        let mut shipped = change.clone();
        shipped.id = format!("{n}{hostile}");
        shipped.deployment = Some("last".into());
        report.changes.push(shipped);
    }
    report.deployments.push(last);
    for n in 0..50 {
        report
            .services
            .insert(format!("{n}{hostile}"), report.overall.clone());
    }
    let facts = RunFacts {
        deployment: Some("last".into()),
        ..facts()
    };
    let out = summary(&report, &facts).unwrap();
    assert!(out.len() < LONGEST_SUMMARY, "{}", out.len());
    assert!(is_harmless(&out));
    assert!(out.contains("This deployment failed, and nothing has repaired it"));
    assert!(out.contains("The way back: ") && out.contains("more"));
    assert!(out.contains("Services") || out.contains("services"));
}

#[test]
fn charts_hold_at_most_26_whole_weeks() {
    let mut report = fixture::shop();
    let point = report.overall.series.weekly[1].clone();
    report.overall.series.weekly = vec![point; 60];
    let charts = charts(&report);
    assert_eq!(charts.len(), 3);
    assert!(charts.iter().all(|c| c.count == 26 && c.labels.is_empty()));
    report.overall.series.weekly.truncate(1);
    assert!(super::charts(&report).is_empty());
}

#[test]
fn a_target_stands_in_the_row_of_its_metric() {
    let out = summary(&fixture::promised(), &facts()).unwrap();
    let row = |title: &str| out.lines().find(|l| l.starts_with(title)).unwrap();
    assert!(
        row("| Change lead time").contains("| &lt;= 1 d: met |"),
        "{out}"
    );
    assert!(row("| Change fail rate").contains("| – |"), "{out}");
}

#[test]
fn what_a_deployment_did_is_said_where_it_moved_a_number() {
    let with = fixture::shop();
    assert_eq!(effects(&with, &with), []);
    let mut without = fixture::shop();
    without.overall.metrics.change_lead_time.median_seconds = Some(36_000.0);
    let facts = RunFacts {
        effects: effects(&without, &with),
        ..facts()
    };
    let out = summary(&with, &facts).unwrap();
    assert!(
        out.contains("What it did to the numbers: Change lead time 10 h → 9.8 h."),
        "{out}"
    );
}
