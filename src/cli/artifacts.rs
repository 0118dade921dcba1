//! The files that stand beside the ledger, on the branch and in `.dora/`: everything people and machines read.

use std::collections::BTreeMap;

use crate::render::{self, RenderError, RunFacts, Templates};
use crate::report::v1::Report;

/// Which of them are wanted.
#[derive(Debug, Clone, Copy)]
pub struct Wanted {
    /// Badges.
    pub badges: bool,
    /// The page, which is rewritten at most once a day.
    pub page: bool,
}

/// The report: the public contract.
pub const METRICS: &str = "metrics.json";
/// For who checks the files out: no line end is changed, and the lines of two branches are united.
const ATTRIBUTES: &str = "* -text\nledger/**/*.jsonl merge=union\n";

/// Contents by path.
///
/// # Errors
/// When a template does not fit the report.
pub fn all(
    report: &Report,
    facts: &RunFacts,
    wanted: Wanted,
    templates: &Templates,
) -> Result<BTreeMap<String, String>, RenderError> {
    let mut files = BTreeMap::from([
        (METRICS.to_owned(), render::metrics_json(report)?),
        (
            "deployments.json".to_owned(),
            render::deployments_json(report)?,
        ),
        ("incidents.json".to_owned(), render::incidents_json(report)?),
        (
            "README.md".to_owned(),
            render::readme(report, facts, templates)?,
        ),
        (".gitattributes".to_owned(), ATTRIBUTES.to_owned()),
    ]);
    if wanted.badges {
        files.extend(render::badges(report, templates)?);
    }
    if wanted.page {
        let page = render::page(report, templates)?;
        files.insert("dashboard/index.html".to_owned(), page);
    }
    Ok(files)
}
