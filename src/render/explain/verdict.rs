//! The verdicts on one deployment in sentences, each with its rule in brackets.

use super::{escape, evidence, humanize};
use crate::report::v1::{Deployment, Evidence, Report};

/// Which rule a piece of evidence speaks by.
fn rule_of(report: &Report, evidence: &Evidence) -> &'static str {
    let by_time = report.incidents.iter().any(|incident| {
        incident.id == evidence.event
            && matches!(incident.attributed_by.as_deref(), Some("rollout" | "time"))
    });
    match (evidence.says.as_str(), evidence.kind.as_str()) {
        ("rework", _) => "RW1",
        (_, "rollback" | "revert" | "hotfix") => "CF3",
        (_, "attempt") => "CF4",
        _ if by_time => "CF2",
        _ => "CF1",
    }
}

fn because(report: &Report, evidence: &Evidence) -> String {
    format!(
        "{}: {} {} says so, {} ({}).",
        if evidence.says == "failed" {
            "It failed"
        } else {
            "It is rework"
        },
        escape::brief(&evidence.kind.replace('_', " ")),
        escape::brief(&evidence.event),
        escape::brief(&evidence.confidence),
        rule_of(report, evidence),
    )
}

/// The verdicts on a deployment, a sentence each, with the rule.
pub(super) fn verdicts(report: &Report, of: &Deployment) -> Vec<String> {
    let mut out = vec![
        match of.outcome.as_str() {
            "success" if evidence::in_window(report, of) => {
                "It took effect in the window, so it counts (DF1, U5)."
            }
            "success" => "It took effect before the window; it is here for its recovery (W4).",
            "failure" => {
                "It took no effect: a failed attempt, beside the headline and not in it (CF4, U5)."
            }
            "pending" => "It is not done yet, so it does not count (U5).",
            _ => "It was cancelled or skipped, so it does not count (U5).",
        }
        .to_owned(),
    ];
    out.extend(of.evidence.iter().map(|evidence| because(report, evidence)));
    if of.outcome == "success" && !of.failed {
        out.push("It did not fail: no incident, rollback, revert, hotfix or correction speaks against it (CF1, CF3).".to_owned());
    }
    match (of.failed, of.restored_after_seconds) {
        (true, Some(seconds)) => out.push(format!(
            "It was repaired after {} (FD1).",
            humanize::exact(seconds)
        )),
        (true, None) if of.recovered_at.is_none() => out.push(
            "Nothing has repaired it yet: a lower bound of the recovery time (FD3).".to_owned(),
        ),
        _ => {}
    }
    if let Some(rollback) = &of.rollback {
        let (target, failed) = (
            escape::brief(&rollback.target),
            escape::brief(&rollback.failed),
        );
        out.push(if rollback.race {
            format!("It brought back {target} within the grace period: two promotions raced, which is no rollback (CF3).")
        } else {
            format!("It rolled back to {target}; {failed} is the one that failed (CF3).")
        });
    }
    out.extend(flags(of));
    out
}

/// What is odd about a deployment.
fn flags(of: &Deployment) -> impl Iterator<Item = String> {
    [
        (
            of.redeploy,
            "It is the same version again, so it brought no change (U7).",
        ),
        (
            of.partial,
            "A part of it failed beside a part that took effect (U3).",
        ),
        (
            of.baseline,
            "It is the first of its service: what it delivered is not known (LT3).",
        ),
        (
            of.attempts > 1,
            "It took several attempts; they are one deployment (U2).",
        ),
    ]
    .into_iter()
    .filter(|(holds, _)| *holds)
    .map(|(_, words)| words.to_owned())
}

/// The rules that sentences cite in brackets.
pub(super) fn cited(sentences: &[String]) -> String {
    let inside = sentences
        .iter()
        .filter_map(|s| s.rsplit_once('(')?.1.split_once(')'));
    inside.map(|(ids, _)| ids).collect::<Vec<_>>().join(", ")
}
