//! The comment on a pull request that has reached production.

use serde::Serialize;

use super::distribution::{STAGES, stage_title};
use super::view::{self, Row};
use super::{RenderError, Templates, escape, evidence, humanize};
use crate::event::Instant;
use crate::report::v1::{Change, Deployment, Report};

/// GitHub refuses comments above 65,536 characters.
const LONGEST: usize = 65_000;

const TEMPLATE: &str = "comment.md.j2";

/// The first line of a comment of ours: `<!-- fivekeys:v1:KIND:KEY -->`.
#[must_use]
pub fn marker(kind: &str, key: &str) -> String {
    let plain = |text: &str| -> String {
        let kept = text.chars().map(|c| {
            if c.is_ascii_alphanumeric() || "._:/".contains(c) {
                c
            } else {
                '-'
            }
        });
        // Two dashes would end the comment early.
        let mut out = String::new();
        for c in kept.take(200) {
            if c != '-' || !out.ends_with('-') {
                out.push(c);
            }
        }
        out.trim_matches('-').to_owned()
    };
    format!("<!-- fivekeys:v1:{}:{} -->", plain(kind), plain(key))
}

/// How much a comment says. What is too long for GitHub is said in fewer words, and never cut.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
enum Detail {
    /// All of it.
    Full,
    /// Without its longest table.
    Compact,
    /// What cannot be long.
    Minimal,
}

/// What a template sees.
#[derive(Serialize)]
struct InDetail<'a, T> {
    #[serde(flatten)]
    context: &'a T,
    detail: Detail,
}

/// A comment in the most detail that fits into one. The marker is no part of the template, so that a team's own cannot
/// lose it.
///
/// # Errors
/// When the template cannot be rendered, or makes too much in the least detail.
pub(super) fn fitting(
    templates: &Templates,
    template: &'static str,
    marker: &str,
    context: &impl Serialize,
) -> Result<String, RenderError> {
    for detail in [Detail::Full, Detail::Compact, Detail::Minimal] {
        let context = InDetail { context, detail };
        let text = format!("{marker}\n{}", templates.render(template, &context, &[])?);
        if text.chars().count() <= LONGEST {
            return Ok(text);
        }
    }
    Err(templates.refuse(template, "what it makes is too long for a comment"))
}

#[derive(Serialize)]
struct Context {
    since_merge: String,
    lead_time: String,
    team: String,
    deployment: evidence::DeploymentRow,
    timezone: String,
    stages: Vec<(String, String)>,
    rows: Vec<Row>,
    moved: String,
    window: String,
    change: String,
    fingerprint: String,
}

/// The shipped comment of one change of the report; none when the report does not know it as delivered. The same pull
/// request is another change in each service that ships it.
///
/// # Errors
/// When the team's own template cannot be rendered, or makes too much; with the built-in one, a bug.
pub fn comment(
    report: &Report,
    change: &Change,
    marker_key: &str,
    templates: &Templates,
) -> Result<Option<String>, RenderError> {
    // A deployment that fits two services is there twice.
    let delivery = report
        .deployments
        .iter()
        .find(|d| Some(&d.id) == change.deployment.as_ref() && d.service == change.service);
    let Some((deployed, deployment)) = change.deployed_at.zip(delivery) else {
        return Ok(None);
    };
    let context = context(report, change, deployed, deployment);
    let mark = marker("shipped", marker_key);
    fitting(templates, TEMPLATE, &mark, &context).map(Some)
}

fn context(
    report: &Report,
    change: &Change,
    deployed: Instant,
    deployment: &Deployment,
) -> Context {
    let stages = STAGES.iter().filter_map(|name| {
        // Nobody asks how long a pull request was no draft.
        let seconds = change.stages.get(*name).copied().flatten()?;
        if *name == "draft" && seconds == 0.0 {
            return None;
        }
        let title = stage_title(name);
        let title = title.strip_prefix("stage ").unwrap_or(&title);
        Some((title.to_owned(), humanize::exact(seconds)))
    });
    let rows = view::rows(&report.overall);
    let header = view::header(report);
    let timezone = escape::brief(&header.timezone);
    Context {
        since_merge: change
            .merged_at
            .map(|merged| humanize::exact((deployed - merged).num_seconds() as f64))
            .unwrap_or_default(),
        lead_time: change
            .lead_time_seconds
            .map(humanize::duration)
            .unwrap_or_default(),
        team: rows
            .first()
            .filter(|row| row.known)
            .map(|row| row.value.clone())
            .unwrap_or_default(),
        deployment: evidence::deployment_row(report, deployment),
        stages: stages.collect(),
        moved: moved(&rows),
        rows,
        window: header.span(),
        timezone,
        change: escape::brief(&change.id),
        fingerprint: escape::brief(&header.fingerprint),
    }
}

/// The metrics that changed, in a line.
fn moved(rows: &[Row]) -> String {
    let changed: Vec<String> = rows
        .iter()
        .filter(|row| !row.change.arrow.is_empty())
        .map(|row| format!("{} {}", row.title.to_lowercase(), row.change.text()))
        .collect();
    if !changed.is_empty() {
        changed.join("; ")
    } else if view::is_compared(rows) {
        "no detectable change".to_owned()
    } else {
        "too little data to compare".to_owned()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::render::fixture;

    fn comment(report: &Report, change: &str, key: &str) -> Result<Option<String>, RenderError> {
        let change = report.changes.iter().find(|c| c.id == change).unwrap();
        super::comment(report, change, key, &Templates::default())
    }

    #[test]
    fn a_shipped_change_is_told_its_way() {
        let out = comment(&fixture::shop(), "475", "475/production")
            .unwrap()
            .unwrap();
        insta::assert_snapshot!(out, @r##"
        <!-- fivekeys:v1:shipped:475/production -->
        **In production** since 2026-03-29 10:00 UTC, 3 h 12 min after merge · lead time 1.5 d (team median 9.8 h)

        Deployment [abcdef19](https://github.com/acme/shop/actions/runs/25) of shop to production, 2 changes together.

        | coding | pickup | review | deploy wait | deploy |
        | ---: | ---: | ---: | ---: | ---: |
        | 1 d 3 h | 2 h | 1 h | 3 h | 12 min |

        <details>
        <summary>The five metrics now: change lead time ↓ 2.3 h, better; deployment frequency ↑ 0.6 per day, better; deployment rework rate ↑ 3.1 points, worse</summary>

        | Metric | Now | Before | Change |
        | --- | ---: | ---: | --- |
        | Change lead time | 9.8 h | 12 h | ↓ 2.3 h, better |
        | Deployment frequency | 2.4 per day | 1.8 per day | ↑ 0.6 per day, better |
        | Failed deployment recovery time | 38 min | 38 min | too little data |
        | Change fail rate | 4 % | 5 % | no detectable change |
        | Deployment rework rate | 5 % | 2 % | ↑ 3.1 points, worse |

        2025-12-30 – 2026-03-29 UTC, against the window before. Definition <code>3f9a61c0d2b4</code>; <code>fivekeys explain 475</code> says where each time comes from.

        </details>
        "##);
    }

    #[test]
    fn only_delivered_changes_get_a_comment() {
        let mut report = fixture::shop();
        report.changes[0].deployed_at = None;
        let id = report.changes[0].id.clone();
        assert!(comment(&report, &id, "k").unwrap().is_none());
        report
            .deployments
            .retain(|d| d.id != "run:25/production/shop");
        assert!(comment(&report, "475", "k").unwrap().is_none());
    }

    #[test]
    fn a_deployment_of_two_services_is_told_of_the_one_that_shipped_the_change() {
        let mut report = fixture::shop();
        let mut other = report.deployments.clone();
        for deployment in &mut other {
            deployment.service = Some("other".into());
        }
        report.deployments.splice(0..0, other);
        let out = comment(&report, "475", "k").unwrap().unwrap();
        assert!(out.contains(" of shop to production"), "{out}");
    }

    #[test]
    fn what_is_not_known_is_left_out() {
        let mut report = fixture::young();
        report.changes = vec![fixture::shop().changes[0].clone()];
        report.changes[0].merged_at = None;
        report.changes[0].lead_time_seconds = None;
        report.changes[0].stages.clear();
        let out = comment(&report, "400", "k").unwrap().unwrap();
        assert!(
            out.contains("**In production**") && !out.contains("after merge"),
            "{out}"
        );
        assert!(!out.contains("team median") && !out.contains("| coding"));
    }

    #[test]
    fn a_marker_cannot_be_left() {
        assert_eq!(
            marker("shipped", "12/production"),
            "<!-- fivekeys:v1:shipped:12/production -->"
        );
        assert_eq!(
            marker("shipped", "a --> <b>--"),
            "<!-- fivekeys:v1:shipped:a-b -->"
        );
        let out = comment(&fixture::hostile(), "407", fixture::HOSTILE)
            .unwrap()
            .unwrap();
        assert!(
            !out.contains("</script>") && !out.contains("@acme") && !out.contains("#1 "),
            "{out}"
        );
        assert!(out.chars().count() < LONGEST);
        assert_eq!(out.lines().next().unwrap().matches("-->").count(), 1);
    }
    #[test]
    fn what_is_too_long_is_said_in_less_detail_and_never_cut() {
        let long = |level: &str| {
            let text = "x".repeat(LONGEST);
            format!("{{% if detail == \"{level}\" %}}{text}{{% endif %}}")
        };
        let drawn = |own: &str| {
            let own = format!("{own}in {{{{ detail }}}} detail: {{{{ lead_time }}}}");
            let mut templates = Templates::default();
            templates.replace(TEMPLATE, &own).unwrap();
            let report = fixture::shop();
            let change = report.changes.iter().find(|c| c.id == "475");
            super::comment(&report, change.unwrap(), "k", &templates)
        };
        let mark = "<!-- fivekeys:v1:shipped:k -->\n";
        for (own, told) in [
            (String::new(), "full"),
            (long("full"), "compact"),
            (long("full") + &long("compact"), "minimal"),
        ] {
            let out = drawn(&own).unwrap().unwrap();
            assert_eq!(out.trim(), format!("{mark}in {told} detail: 1.5 d"));
        }
        let all = long("full") + &long("compact") + &long("minimal");
        assert!(drawn(&all).unwrap_err().to_string().contains("too long"));
    }

    #[test]
    fn each_level_is_a_whole_comment() {
        let report = fixture::shop();
        let change = report.changes.iter().find(|c| c.id == "475").unwrap();
        let mut deployment = report.deployments.iter();
        let deployment = deployment.rfind(|d| Some(&d.id) == change.deployment.as_ref());
        let context = context(
            &report,
            change,
            change.deployed_at.unwrap(),
            deployment.unwrap(),
        );
        let at = |detail| {
            let context = InDetail {
                context: &context,
                detail,
            };
            let text = Templates::default().render(TEMPLATE, &context, &[]);
            text.unwrap()
        };
        let (full, compact, minimal) = (at(Detail::Full), at(Detail::Compact), at(Detail::Minimal));
        assert!(full.len() > compact.len() && compact.len() > minimal.len());
        for text in [&full, &compact, &minimal] {
            assert!(text.contains("3 h 12 min after merge"), "{text}");
            assert_eq!(
                text.matches("<details>").count(),
                text.matches("</details>").count()
            );
        }
        assert!(
            compact.contains("| coding |") && compact.contains("↓ 2.3 h, better"),
            "{compact}"
        );
        assert!(
            minimal.lines().count() < 5 && !minimal.contains("]("),
            "{minimal}"
        );
    }
}
