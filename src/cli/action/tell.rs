//! What is said at the end: summary, outputs, annotations, the log.

use std::path::Path;

use super::inputs::Inputs;
use super::outcome::Outcome;
use super::{Loudness, annotate};
use crate::cli::failure::plain;
use crate::host::Host;
use crate::host::actions::Runner;
use crate::host::disk;
use crate::render::{self, RenderError, RunFacts};
use crate::report::headline;
use crate::report::v1::Report;

/// The full report, in the workspace.
const REPORT: &str = "fivekeys-metrics.json";

/// Says everything once, each to its reader. What cannot be said is logged; nothing here fails the step.
pub(super) fn all(host: &Host, inputs: &Inputs, outcome: &mut Outcome) {
    let runner = Runner::of(host);
    // First of all: a template of the team's that is wrong is said with everything else.
    let text = inputs.summary.then(|| summary(outcome));
    let outcome = &*outcome;
    let errors = [outcome.errors(), outcome.missed()].concat();
    annotate(runner, Loudness::Error, &errors);
    annotate(runner, Loudness::Warning, outcome.degraded());
    annotate(runner, Loudness::Notice, outcome.notices());
    log(runner, inputs, outcome);
    if let Some(text) = text {
        match runner.add_summary(&text) {
            Ok(_) => {}
            Err(e) => runner.log(&format!("the summary could not be written: {e}")),
        }
    }
    let path = leave_report(runner, outcome);
    if let Err(e) = runner.set_outputs(&outputs(outcome, path)) {
        runner.log(&format!("the outputs could not be written: {e}"));
    }
}

fn summary(outcome: &mut Outcome) -> String {
    loop {
        let facts = RunFacts {
            banner: [outcome.errors(), outcome.degraded()].concat(),
            ..outcome.facts.clone()
        };
        let rendered = outcome
            .report
            .as_ref()
            .map(|report| render::summary(report, &facts, &outcome.templates));
        match rendered {
            Some(Ok(text)) => return text,
            Some(Err(RenderError::Own(error))) => outcome.reject(&error),
            // Without a report there is still something to say, in words that cannot be markup.
            Some(Err(_)) | None => return render::apology(&facts),
        }
    }
}

fn log(runner: Runner<'_>, inputs: &Inputs, outcome: &Outcome) {
    let facts = &outcome.facts;
    let say = |text: &str| runner.log(&plain(text));
    if inputs.dry_run {
        say("dry run: nothing was written; this is what would be");
        for (path, bytes) in &outcome.files {
            say(&format!("  {path} ({bytes} bytes)"));
        }
        for draft in &outcome.drafts {
            say("  a comment:");
            for line in draft.lines() {
                say(&format!("    {line}"));
            }
        }
    } else {
        let written = outcome.commit.as_deref().map_or_else(
            || "no commit was needed or made".to_owned(),
            |commit| format!("commit {commit} on branch {}", facts.branch),
        );
        say(&format!(
            "{written}; {} swept; {} comments; {} requests",
            facts.swept + facts.recovered,
            facts.commented,
            outcome.requests
        ));
    }
}

/// Leaves the full report in the workspace for later steps, and says where.
fn leave_report(runner: Runner<'_>, outcome: &Outcome) -> Option<&'static str> {
    let text = render::metrics_json(outcome.report.as_ref()?).ok()?;
    let folder = runner.var("GITHUB_WORKSPACE")?;
    match disk::write_atomic(&Path::new(folder).join(REPORT), text.as_bytes()) {
        Ok(()) => Some(REPORT),
        Err(e) => {
            runner.log(&format!("the report could not be left behind: {e}"));
            None
        }
    }
}

/// The outputs of `action.yml`, in its order.
fn outputs(outcome: &Outcome, path: Option<&str>) -> Vec<(&'static str, String)> {
    let number = |metric: &str| -> String {
        outcome
            .report
            .as_ref()
            .and_then(|r| headline(metric, &r.overall.metrics))
            .and_then(|h| h.value)
            .map(|v| v.to_string())
            .unwrap_or_default()
    };
    let p90 = outcome
        .report
        .as_ref()
        .and_then(|r| r.overall.metrics.change_lead_time.p90_seconds);
    vec![
        ("persisted", outcome.facts.persisted.to_string()),
        (
            "degraded",
            (outcome.is_degraded() || outcome.is_error()).to_string(),
        ),
        (
            "event-id",
            outcome.facts.deployment.clone().unwrap_or_default(),
        ),
        (
            "swept",
            (outcome.facts.swept + outcome.facts.recovered).to_string(),
        ),
        ("commit", outcome.commit.clone().unwrap_or_default()),
        ("deployment-frequency", number("deployment_frequency")),
        ("lead-time-p50", number("change_lead_time")),
        (
            "lead-time-p90",
            p90.map(|v| v.to_string()).unwrap_or_default(),
        ),
        ("change-fail-rate", number("change_fail_rate")),
        (
            "recovery-time-p50",
            number("failed_deployment_recovery_time"),
        ),
        ("rework-rate", number("deployment_rework_rate")),
        (
            "band",
            outcome.report.as_ref().map(bands).unwrap_or_default(),
        ),
        (
            "summary-json",
            outcome.report.as_ref().map(short_json).unwrap_or_default(),
        ),
        ("report-path", path.unwrap_or_default().to_owned()),
    ]
}

/// `change_lead_time 2024: high; …`: never without the edition.
fn bands(report: &Report) -> String {
    crate::report::METRICS
        .iter()
        .filter_map(|m| Some((m.id, headline(m.id, &report.overall.metrics)?.band?)))
        .map(|(id, band)| format!("{id} {}: {}", band.edition, band.name))
        .collect::<Vec<_>>()
        .join("; ")
}

/// The headlines as one JSON object.
fn short_json(report: &Report) -> String {
    let object: serde_json::Map<String, serde_json::Value> = crate::report::METRICS
        .iter()
        .filter_map(|m| {
            let h = headline(m.id, &report.overall.metrics)?;
            Some((
                m.id.to_owned(),
                serde_json::json!({
                    "value": h.value, "interval95": h.interval95, "n": h.n, "reason": h.reason,
                }),
            ))
        })
        .collect();
    serde_json::Value::Object(object).to_string()
}
