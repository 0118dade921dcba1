//! The comment on an open pull request: how far it is, what its size has meant here, what waits before it.

use serde::Serialize;

use super::judged::{self, Promise};
use super::{
    RenderError, Templates,
    comment::{fitting, marker},
    escape, evidence, humanize, view,
};
use crate::event::{Instant, Pull, seconds_between};
use crate::report::v1::{BatchRisk, DeltaState, Report, SizeBand};

const TEMPLATE: &str = "preview.md.j2";

/// Below this, how a size compares with others says nothing.
const FEWEST_CHANGES: usize = 10;
/// The same for the deployments of a range of sizes.
const FEWEST_DEPLOYMENTS: u64 = 5;

/// A stage of the way to the merge.
#[derive(Debug, Serialize)]
struct Stage {
    name: &'static str,
    so_far: String,
    goes_on: bool,
    team: String,
}

#[derive(Serialize)]
struct Context {
    size: String,
    open_for: String,
    stages: Vec<Stage>,
    /// Sentences, each of its own.
    size_says: Vec<String>,
    waiting: String,
    ahead: String,
    promises: Vec<Promise>,
    /// How many of them are in each state.
    kept: String,
    window: String,
    fingerprint: String,
}

/// The preview of an open pull request, at `now`; `is_draft` where it is not ready for review yet.
///
/// # Errors
/// When the team's own template cannot be rendered, or makes too much; with the built-in one, a bug.
pub fn preview(
    report: &Report,
    pull: &Pull,
    is_draft: bool,
    now: Instant,
    templates: &Templates,
) -> Result<String, RenderError> {
    let header = view::header(report);
    let promises = judged::of(report).promises;
    let context = Context {
        size: size(pull),
        open_for: pull.created_at.map(|at| span(at, now)).unwrap_or_default(),
        stages: way(report, pull, is_draft, now),
        size_says: pull
            .lines
            .map(|lines| size_says(report, lines))
            .unwrap_or_default(),
        waiting: waiting(report),
        ahead: ahead(report),
        kept: kept(&promises),
        promises,
        window: header.span(),
        fingerprint: escape::brief(&header.fingerprint),
    };
    fitting(templates, TEMPLATE, &preview_marker(), &context)
}

/// The first line of a preview: there is one on a pull request.
#[must_use]
pub fn preview_marker() -> String {
    marker("preview", "production")
}

fn span(from: Instant, to: Instant) -> String {
    humanize::exact(seconds_between(from, to).max(0) as f64)
}

fn size(pull: &Pull) -> String {
    let lines = pull.lines.map(|n| humanize::plural(n, "line"));
    let files = pull.files.map(|n| humanize::plural(n, "file"));
    match (lines, files) {
        (Some(lines), Some(files)) => format!("{lines} in {files}"),
        (Some(one), None) | (None, Some(one)) => one,
        (None, None) => String::new(),
    }
}

/// Each stage that has begun. What has not ended is measured up to now.
fn way(report: &Report, pull: &Pull, is_draft: bool, now: Instant) -> Vec<Stage> {
    let Some(created) = pull.created_at else {
        return Vec::new();
    };
    let begun = pull.first_commit_at.map_or(created, |at| at.min(created));
    let ready = pull.ready_at.or((!is_draft).then_some(created));
    let drafted = is_draft || pull.ready_at.is_some();
    let reviewed = pull.first_review_at;
    let steps = [
        ("coding", Some(begun), Some(created)),
        ("draft", drafted.then_some(created), ready),
        ("pickup", ready, reviewed),
        ("review", reviewed, pull.approved_at),
        ("merge", pull.approved_at, None),
    ];
    let team = |name: &str| {
        let stages = &report.overall.metrics.change_lead_time.stages;
        stages.get(name)?.median_seconds
    };
    steps
        .into_iter()
        .filter_map(|(name, from, until)| {
            Some(Stage {
                name,
                so_far: span(from?, until.unwrap_or(now)),
                goes_on: until.is_none(),
                team: team(name).map_or_else(|| "–".to_owned(), humanize::duration),
            })
        })
        .collect()
}

/// What this size compares to, and how deployments of such a size have fared.
fn size_says(report: &Report, lines: u64) -> Vec<String> {
    let known: Vec<u64> = report
        .changes
        .iter()
        .filter(|c| c.deployed_at.is_some() && !c.bot)
        .filter_map(|c| c.lines)
        .collect();
    let mut out = Vec::new();
    if known.len() >= FEWEST_CHANGES {
        let smaller = known.iter().filter(|size| **size < lines).count();
        let share = match smaller {
            0 => "none".to_owned(),
            all if all == known.len() => "all".to_owned(),
            some => humanize::percent(some as f64 / known.len() as f64),
        };
        out.push(format!(
            "Larger than {share} of the {} changes of people that reached production.",
            known.len()
        ));
    }
    out.extend(
        report
            .batch_risk
            .get("lines")
            .and_then(|risk| risk_says(risk, lines)),
    );
    out
}

fn risk_says(risk: &BatchRisk, lines: u64) -> Option<String> {
    let holds = |band: &&SizeBand| band.from <= lines && band.to.is_none_or(|to| lines <= to);
    let band = risk.bands.iter().find(holds)?;
    let ratio = band
        .ratio
        .filter(|_| band.deployments >= FEWEST_DEPLOYMENTS)?;
    let range = match band.to {
        Some(to) => format!("{} to {to} lines", band.from),
        None => format!("{} lines or more", band.from),
    };
    let interval = band.interval95.map(|[low, high]| {
        let (low, high) = (humanize::percent(low), humanize::percent(high));
        format!(", 95 %: {low} to {high}")
    });
    let verdict = match risk.state {
        DeltaState::Changed => match risk.doubles_above {
            Some(at) if lines as f64 > at => {
                ", above the size at which the risk here is twice that of the median deployment"
            }
            _ => "; the risk of failure goes with the size here",
        },
        DeltaState::NoDetectableChange => "; a relation of size and failure is not detectable here",
        DeltaState::TooLittleData => "; too little data to relate size and failure",
    };
    Some(format!(
        "Deployments of {range} failed {} of {} times ({}{}), all of known size {} of {}{verdict}.",
        band.failed,
        band.deployments,
        humanize::percent(ratio),
        interval.unwrap_or_default(),
        risk.failed,
        risk.deployments,
    ))
}

/// `2 met, 1 missed`, in the order in which the states are first met with.
fn kept(promises: &[Promise]) -> String {
    let mut counts: Vec<(&str, usize)> = Vec::new();
    for promise in promises {
        match counts.iter_mut().find(|(state, _)| *state == promise.state) {
            Some((_, count)) => *count += 1,
            None => counts.push((&promise.state, 1)),
        }
    }
    let words: Vec<String> = counts
        .iter()
        .map(|(state, count)| format!("{count} {state}"))
        .collect();
    words.join(", ")
}

fn waiting(report: &Report) -> String {
    let lead = &report.overall.metrics.change_lead_time;
    match lead.undeployed.as_ref() {
        Some(of) if of.count > 0 => {
            let name = of.oldest.as_deref().map(evidence::change_name);
            let since = of.oldest_seconds.map(|age| {
                let name = name.map_or_else(String::new, |name| format!(", {name},"));
                format!(", the oldest{name} for {}", humanize::exact(age))
            });
            let verb = if of.count == 1 { "waits" } else { "wait" };
            format!(
                "{} {verb} for a deployment already{}.",
                humanize::plural(of.count, "merged change"),
                since.unwrap_or_default()
            )
        }
        Some(_) => "Nothing that is merged waits for a deployment.".to_owned(),
        None => String::new(),
    }
}

fn ahead(report: &Report) -> String {
    let lead = &report.overall.metrics.change_lead_time;
    let median = lead.merge_to_deploy.median_seconds;
    median.map_or_else(String::new, |seconds| {
        format!(
            "From merge to production it takes {} in the median of {}.",
            humanize::duration(seconds),
            humanize::plural(lead.merge_to_deploy.n, "change")
        )
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::event::parse_instant;
    use crate::render::fixture;

    fn at(text: &str) -> Instant {
        parse_instant(text).unwrap()
    }

    fn open() -> Pull {
        Pull {
            number: 480,
            first_commit_at: Some(at("2026-03-27T08:00:00Z")),
            created_at: Some(at("2026-03-28T09:00:00Z")),
            lines: Some(412),
            files: Some(9),
            ..Pull::default()
        }
    }

    fn preview(
        report: &Report,
        pull: &Pull,
        is_draft: bool,
        now: Instant,
    ) -> Result<String, RenderError> {
        super::preview(report, pull, is_draft, now, &Templates::default())
    }

    #[test]
    fn an_open_change_is_told_how_far_it_is() {
        let out = preview(
            &fixture::promised(),
            &open(),
            false,
            at("2026-03-29T09:30:00Z"),
        );
        insta::assert_snapshot!(out.unwrap(), @r##"
        <!-- fivekeys:v1:preview:production -->
        **Before production** · 412 lines in 9 files · open for 1 d 1 h

        | Stage | So far | Team median |
        | --- | ---: | ---: |
        | coding | 1 d 1 h | 1.5 h |
        | pickup | 1 d 1 h, goes on | 2 h |

        - Larger than all of the 43 changes of people that reached production.
        - 3 merged changes wait for a deployment already, the oldest, &#35;<!-- -->470, for 1 d 4 h.
        - From merge to production it takes 41 min in the median of 301 changes.

        <details>
        <summary>What the team promises: 1 met, 1 not yet, 1 no data, 1 held</summary>

        | State | Promise | Now |
        | --- | --- | --- |
        | met | change&#95;lead&#95;time &lt;= 1d | 9.8 h (8.3–12 h) |
        | not yet | deployment&#95;frequency &gt;= 8/day by 2026-06-07 | 2.4 per day (2.1–2.7 per day) |
        | no data | services.api.mttr.p90 &lt;= 1h | No failed deployment was repaired in this window, so there is nothing to time. |
        | held | change&#95;fail&#95;rate must not rise while deployment&#95;frequency rises |  |

        </details>

        2025-12-30 – 2026-03-29 UTC. Definition <code>3f9a61c0d2b4</code>.
        "##);
    }

    #[test]
    fn a_draft_waits_for_nobody_s_review() {
        let out = preview(&fixture::shop(), &open(), true, at("2026-03-29T09:30:00Z")).unwrap();
        assert!(
            out.contains("| draft |") && !out.contains("pickup"),
            "{out}"
        );
        let ready = Pull {
            ready_at: Some(at("2026-03-28T12:00:00Z")),
            first_review_at: Some(at("2026-03-28T14:00:00Z")),
            approved_at: Some(at("2026-03-28T15:00:00Z")),
            ..open()
        };
        let out = preview(&fixture::shop(), &ready, false, at("2026-03-28T16:00:00Z")).unwrap();
        for row in ["| draft | 3 h |", "| pickup | 2 h |", "| review | 1 h |"] {
            assert!(out.contains(row), "{row}: {out}");
        }
    }

    #[test]
    fn an_empty_history_compares_with_nothing() {
        let out = preview(
            &fixture::empty(),
            &open(),
            false,
            at("2026-03-29T09:30:00Z"),
        )
        .unwrap();
        assert!(
            !out.contains("Larger than") && !out.contains("failed"),
            "{out}"
        );
        assert!(out.starts_with("<!-- fivekeys:v1:preview:production -->\n"));
        let nothing = Pull::default();
        let out = preview(
            &fixture::empty(),
            &nothing,
            false,
            at("2026-03-29T09:30:00Z"),
        )
        .unwrap();
        assert!(out.contains("Before production"), "{out}");
    }

    #[test]
    fn what_is_too_long_loses_its_table_of_promises_first() {
        let long = "x".repeat(65_536);
        let own = format!(
            "{{% extends \"fivekeys/preview.md.j2\" %}}{{% block says %}}\
             {{% if detail == \"full\" %}}{long}{{% endif %}}{{% endblock %}}"
        );
        let mut templates = Templates::default();
        templates.replace(TEMPLATE, &own).unwrap();
        let now = at("2026-03-29T09:30:00Z");
        let out = super::preview(&fixture::promised(), &open(), false, now, &templates).unwrap();
        assert!(!out.contains(&long) && !out.contains("<details>"), "{out}");
        let line = "What the team promises: 1 met, 1 not yet, 1 no data, 1 held.";
        assert!(out.contains("| coding |") && out.contains(line), "{out}");
    }
}
