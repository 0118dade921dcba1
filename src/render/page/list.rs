//! Incidents and services as tables.

use super::axis::Table;
use crate::render::{escape, humanize, view};
use crate::report::v1::{Incident, Report};

/// The incidents of the window, newest first.
#[must_use]
pub(super) fn incidents(report: &Report, most: usize) -> Table {
    let mut found: Vec<&Incident> = report.incidents.iter().collect();
    found.sort_by(|a, b| (b.opened_at, &b.id).cmp(&(a.opened_at, &a.id)));
    let mut table = Table {
        words: true,
        heads: vec![
            "Incident",
            "Opened",
            "Resolved after",
            "Caused by",
            "How it is known",
            "Service",
        ],
        rows: found.iter().take(most).map(|i| row(report, i)).collect(),
    };
    // A repository of one service has nothing to tell apart.
    if found.iter().all(|i| i.service.is_none()) {
        table.heads.pop();
        for row in &mut table.rows {
            row.pop();
        }
    }
    table
}

fn row(report: &Report, incident: &Incident) -> Vec<String> {
    let text = |of: &Option<String>, none: &str| {
        of.as_deref().map_or_else(|| none.to_owned(), escape::brief)
    };
    vec![
        escape::brief(&incident.id),
        humanize::minute(incident.opened_at, &report.window.timezone),
        incident.resolved_at.map_or_else(
            || "still open".to_owned(),
            |at| humanize::exact((at - incident.opened_at).num_seconds() as f64),
        ),
        text(&incident.deployment, "nothing known"),
        text(&incident.attributed_by, "–"),
        text(&incident.service, "–"),
    ]
}

/// Why the window has no incident; empty where it has one.
#[must_use]
pub(super) fn no_incidents(report: &Report) -> String {
    if !report.incidents.is_empty() {
        return String::new();
    }
    match report.overall.metrics.change_fail_rate.reason.as_deref() {
        Some(code @ ("no_incident_source" | "incident_source_silent" | "not_permitted")) => {
            humanize::reason(code)
        }
        _ => "No incident touches this window.".to_owned(),
    }
}

/// The five metrics of each service.
#[must_use]
pub(super) fn services(report: &Report, most: usize) -> Table {
    Table {
        words: false,
        heads: vec![
            "Service",
            "Change lead time",
            "Deployments",
            "Recovery time",
            "Fail rate",
            "Rework rate",
        ],
        rows: report
            .services
            .iter()
            .take(most)
            .map(|(name, scope)| {
                let values = view::rows(scope).into_iter().map(|row| row.value);
                std::iter::once(escape::brief(name)).chain(values).collect()
            })
            .collect(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::render::fixture;

    #[test]
    fn an_open_incident_is_said_to_be_open() {
        let mut report = fixture::shop();
        report.incidents[0].resolved_at = None;
        assert_eq!(incidents(&report, 10).rows[0][2], "still open");
        assert!(no_incidents(&report).is_empty());
    }

    #[test]
    fn no_incident_and_no_source_of_incidents_are_told_apart() {
        let mut report = fixture::empty();
        assert_eq!(no_incidents(&report), "No incident touches this window.");
        report.overall.metrics.change_fail_rate.reason = Some("no_incident_source".into());
        assert!(no_incidents(&report).starts_with("No incident source"));
    }
}
