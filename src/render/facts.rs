//! The raw facts as CSV (RFC 4180), a row each: deployments, changes, incidents.

use super::csv::Cell;
use super::distribution::STAGES;
use super::{RenderError, Style, escape};
use crate::event::Instant;
use crate::report::v1::{Change, Deployment, Incident, Report};

/// `report --format csv-deployments`: those that finished in the window, or are not done.
#[expect(
    clippy::unnecessary_wraps,
    reason = "the shape of every row of FORMATS"
)]
pub(crate) fn deployments(report: &Report, _: &Style) -> Result<String, RenderError> {
    let head = "id,service,environment,revision,outcome,started_at,finished_at,failed,rework,\
                rework_kind,redeploy,partial,baseline,changes,attempts,previous,recovered_at,\
                restored_after_seconds,run,url\r\n";
    Ok(report
        .deployments
        .iter()
        .filter(|d| d.finished_at.is_none_or(|at| report.window.from <= at))
        .map(|d| super::csv::line(&deployment(d)))
        .fold(head.to_owned(), |out, line| out + &line))
}

/// `report --format csv-changes`: those that were delivered in the window.
#[expect(
    clippy::unnecessary_wraps,
    reason = "the shape of every row of FORMATS"
)]
pub(crate) fn changes(report: &Report, _: &Style) -> Result<String, RenderError> {
    let head = "id,service,deployment,started_at,created_at,ready_at,first_review_at,\
                    approved_at,merged_at,deployed_at,lead_time_seconds,bot,ai,lines";
    let stages = STAGES.map(|stage| format!(",{stage}_seconds")).concat();
    let head = format!("{head}{stages}\r\n");
    Ok(report
        .changes
        .iter()
        .map(|c| super::csv::line(&change(c)))
        .fold(head, |out, line| out + &line))
}

/// `report --format csv-incidents`: those that touch the window.
#[expect(
    clippy::unnecessary_wraps,
    reason = "the shape of every row of FORMATS"
)]
pub(crate) fn incidents(report: &Report, _: &Style) -> Result<String, RenderError> {
    let head =
        "id,service,opened_at,resolved_at,open_seconds,deployment,attributed_by,fixed_by\r\n";
    Ok(report
        .incidents
        .iter()
        .map(|i| super::csv::line(&incident(i)))
        .fold(head.to_owned(), |out, line| out + &line))
}

fn deployment(d: &Deployment) -> Vec<Cell> {
    vec![
        Cell::text(&d.id),
        Cell::maybe(d.service.as_deref()),
        Cell::text(&d.environment),
        Cell::maybe(d.revision.as_deref()),
        Cell::text(&d.outcome),
        instant(d.started_at),
        instant(d.finished_at),
        flag(Some(d.failed)),
        flag(Some(d.rework)),
        Cell::maybe(d.rework_kind.as_deref()),
        flag(Some(d.redeploy)),
        flag(Some(d.partial)),
        flag(Some(d.baseline)),
        Cell::Count(Some(d.changes.len() as u64)),
        Cell::Count(Some(d.attempts)),
        Cell::maybe(d.previous.as_deref()),
        instant(d.recovered_at),
        Cell::Number(d.restored_after_seconds),
        Cell::maybe(d.run.as_deref()),
        // A cell that a table turns into a link is a web address or nothing.
        Cell::text(
            &d.url
                .as_deref()
                .and_then(escape::address)
                .unwrap_or_default(),
        ),
    ]
}

fn change(c: &Change) -> Vec<Cell> {
    let mut cells = vec![
        Cell::text(&c.id),
        Cell::maybe(c.service.as_deref()),
        Cell::maybe(c.deployment.as_deref()),
    ];
    cells.extend(
        [
            c.started_at,
            c.created_at,
            c.ready_at,
            c.first_review_at,
            c.approved_at,
            c.merged_at,
            c.deployed_at,
        ]
        .map(instant),
    );
    cells.extend([
        Cell::Number(c.lead_time_seconds),
        flag(Some(c.bot)),
        flag(c.ai),
        Cell::Count(c.lines),
    ]);
    cells.extend(STAGES.map(|stage| Cell::Number(c.stages.get(stage).copied().flatten())));
    cells
}

fn incident(i: &Incident) -> Vec<Cell> {
    let open = i
        .resolved_at
        .map(|at| (at - i.opened_at).num_seconds() as f64);
    vec![
        Cell::text(&i.id),
        Cell::maybe(i.service.as_deref()),
        instant(Some(i.opened_at)),
        instant(i.resolved_at),
        Cell::Number(open),
        Cell::maybe(i.deployment.as_deref()),
        Cell::maybe(i.attributed_by.as_deref()),
        Cell::maybe(i.fixed_by.as_deref()),
    ]
}

fn instant(at: Option<Instant>) -> Cell {
    Cell::text(&at.map_or_else(String::new, |at| {
        at.to_rfc3339_opts(chrono::SecondsFormat::Secs, true)
    }))
}

fn flag(is: Option<bool>) -> Cell {
    Cell::maybe(is.map(|is| if is { "true" } else { "false" }))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::render::fixture;

    /// Records of RFC 4180, strictly: every line ends in CRLF, quotes stand only around a whole field.
    fn read(text: &str) -> Vec<Vec<String>> {
        let (mut rows, mut row, mut rest) = (Vec::new(), Vec::new(), text);
        while !rest.is_empty() {
            let cell;
            (cell, rest) = if let Some(mut inside) = rest.strip_prefix('"') {
                let mut cell = String::new();
                loop {
                    let (part, after) = inside.split_once('"').expect("a closing quote");
                    cell.push_str(part);
                    match after.strip_prefix('"') {
                        Some(more) => {
                            cell.push('"');
                            inside = more;
                        }
                        None => break (cell, after),
                    }
                }
            } else {
                let end = rest.find([',', '\r']).expect("an end");
                assert!(!rest[..end].contains(['"', '\n']), "{rest:?}");
                (rest[..end].to_owned(), &rest[end..])
            };
            row.push(cell);
            if let Some(after) = rest.strip_prefix(',') {
                rest = after;
            } else {
                rest = rest.strip_prefix("\r\n").expect("CRLF");
                rows.push(std::mem::take(&mut row));
            }
        }
        rows
    }

    type Render = fn(&Report, &Style) -> Result<String, RenderError>;

    const ALL: [Render; 4] = [deployments, changes, incidents, crate::render::csv::render];

    #[test]
    fn every_record_has_every_field_and_none_is_a_formula() {
        for report in fixture::all() {
            for render in ALL {
                let rows = read(&render(&report, &Style::default()).unwrap());
                for row in &rows {
                    assert_eq!(row.len(), rows[0].len());
                    for cell in row {
                        let formula = cell.starts_with(['=', '+', '@', '\t', '\r', '\n']);
                        assert!(!formula, "{cell:?}");
                        assert!(!cell.starts_with('-') || cell.parse::<f64>().is_ok());
                        assert!(!cell.contains("javascript:") || cell.contains("::error::"));
                    }
                }
            }
        }
    }

    #[test]
    fn a_row_a_fact() {
        let report = fixture::shop();
        let of = |render: Render| read(&render(&report, &Style::default()).unwrap());
        let deployments = of(deployments);
        assert_eq!(deployments.len(), 27);
        let failed: Vec<&str> = ["id", "finished_at", "failed", "restored_after_seconds"]
            .map(|name| {
                let at = deployments[0].iter().position(|h| h == name).unwrap();
                deployments[8][at].as_str()
            })
            .to_vec();
        assert_eq!(
            failed,
            [
                "run:7/production/shop",
                "2026-03-10T16:00:00Z",
                "true",
                "2280"
            ]
        );
        let changes = of(changes);
        assert_eq!(changes.len(), report.changes.len() + 1);
        let queue = changes[0]
            .iter()
            .position(|h| h == "queue_seconds")
            .unwrap();
        assert_eq!(changes[1][queue], "", "not known is no 0");
        assert_eq!(
            of(incidents)[1],
            [
                "inc:gh:7",
                "shop",
                "2026-03-10T16:20:00Z",
                "2026-03-10T16:38:00Z",
                "1080",
                "run:7/production/shop",
                "explicit",
                ""
            ]
        );
    }

    #[test]
    fn nothing_is_a_head_alone() {
        for render in &ALL[..3] {
            let rows = read(&render(&fixture::empty(), &Style::default()).unwrap());
            assert_eq!(rows.len(), 1);
        }
    }
}
