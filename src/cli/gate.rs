//! Whether every promise is kept: what `report --gate` and `fail-on: gate` decide by.

use crate::report::v1::Report;

/// Notes after which numbers may be partial (rule MD3): then nothing is certain.
const PARTIAL: [&str; 4] = [
    "truncated",
    "rate_limited",
    "not_permitted",
    "ledger_unreadable",
];

/// What the promises come to.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Gate {
    /// None was made.
    Nothing,
    /// None is missed with certainty.
    Open,
    /// These are missed with certainty.
    Missed(Vec<String>),
    /// Some look missed, and a part of the history could not be read.
    Partial,
}

/// Judges a report: a target counts as missed, a guardrail as broken, only where the numbers leave no doubt.
pub(super) fn gate(report: &Report) -> Gate {
    if report.targets.is_empty() && report.guardrails.is_empty() {
        return Gate::Nothing;
    }
    let targets = report.targets.iter().filter(|t| t.state == "missed");
    let rails = report.guardrails.iter().filter(|g| g.state == "broken");
    let missed: Vec<String> = targets
        .map(|t| t.text.clone())
        .chain(rails.map(|g| g.text.clone()))
        .collect();
    if missed.is_empty() {
        Gate::Open
    } else if report
        .notes
        .iter()
        .any(|n| PARTIAL.contains(&n.code.as_str()))
    {
        Gate::Partial
    } else {
        Gate::Missed(missed)
    }
}

/// What is said where [`Gate::Partial`] keeps a gate open.
pub(super) const IN_DOUBT: &str =
    "targets look missed, but a part of the history could not be read, so the gate stays open";
