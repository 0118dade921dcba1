//! `explain`: how a figure or an event came about, as one document and its three renderings.
//!
//! It is table-driven: `meaning` has the words of the figures that need some, `rule` those of the rules. A figure that
//! no table knows is explained from its path and its shape.

mod arithmetic;
mod behind;
mod build;
mod document;
mod figure;
mod layout;
mod left_out;
mod list;
mod meaning;
mod rule;
mod shape;
mod single;
mod verdict;

use serde::Serialize;

pub use document::{
    Comparison, Exclusion, Explanation, Fact, Item, Kind, Measure, Part, Reason, Rule,
    SCHEMA as EXPLANATION_SCHEMA,
};
pub use layout::explanation_terminal;
pub use list::explainable;
pub use rule::RULES;

use super::{RenderError, Style, Templates, escape, evidence, humanize, json};
use crate::event::nearest;
use crate::report::METRICS;
use crate::report::v1::Report;
use figure::Lost;

/// Events shown when not everything is asked for.
const SHOWN: usize = 20;

/// A name that cannot be explained.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Unexplained {
    /// Nothing is called so.
    #[error("there is no figure and no event of this window `{name}`")]
    Unknown {
        /// As it was typed.
        name: String,
        /// What was most likely meant.
        near: Option<String>,
    },
    /// Several figures are.
    #[error("`{name}` is the name of several figures")]
    Several {
        /// As it was typed.
        name: String,
        /// Their paths.
        paths: Vec<String>,
    },
}

/// Whether only GitHub gives such ids: deployments, runs, and numbers of pull requests and issues.
fn is_from_github(name: &str) -> bool {
    let number = name.trim_start_matches('#');
    let is_number = !number.is_empty() && number.bytes().all(|b| b.is_ascii_digit());
    is_number || name.starts_with("dep:") || name.starts_with("run:")
}

impl Unexplained {
    /// What to do about it.
    #[must_use]
    pub fn help(&self) -> String {
        match self {
            Self::Unknown { name, .. } if is_from_github(name) => {
                "what the action has read is on its branch: `git worktree add ../metrics origin/fivekeys`, then `--from ledger=../metrics`"
                    .to_owned()
            }
            Self::Unknown {
                near: Some(near), ..
            } => {
                format!("did you mean `{near}`? `fivekeys explain` lists every figure")
            }
            Self::Unknown { near: None, .. } => {
                let metrics: Vec<&str> = METRICS.iter().map(|metric| metric.id).collect();
                format!(
                    "metrics are {}; `fivekeys explain` lists every figure; events are found by id while they lie in the window",
                    metrics.join(", ")
                )
            }
            Self::Several { paths, .. } => {
                let shown: Vec<&str> = paths.iter().take(8).map(String::as_str).collect();
                let more = paths.len().saturating_sub(shown.len());
                let more = if more > 0 {
                    format!(" and {more} more")
                } else {
                    String::new()
                };
                format!("say which: {}{more}", shown.join(", "))
            }
        }
    }
}

/// Explains a figure by its path or an older name, or one deployment, change or incident by its id.
///
/// `service` is the one that the report was narrowed to.
///
/// # Errors
/// When nothing, or more than one figure, is called so.
pub fn explain(
    report: &Report,
    name: &str,
    service: Option<&str>,
) -> Result<Explanation, Unexplained> {
    let lost = match figure::find(report, name) {
        Ok(figure) => return Ok(build::figure(report, &figure, service)),
        Err(lost) => lost,
    };
    if let Some(found) = single::find(report, name) {
        return Ok(single::explain(report, &found, service));
    }
    let typed = escape::brief(name);
    Err(match lost {
        Lost::Several(paths) => Unexplained::Several { name: typed, paths },
        Lost::Unknown => Unexplained::Unknown {
            near: near(name),
            name: typed,
        },
    })
}

fn near(name: &str) -> Option<String> {
    let name = name.trim().to_ascii_lowercase().replace('-', "_");
    let known = figure::known();
    let aliases = METRICS
        .iter()
        .flat_map(|metric| metric.aliases.iter().copied());
    let short = known
        .iter()
        .map(|path| path.strip_suffix("_seconds").unwrap_or(path));
    nearest(&name, short.chain(aliases)).map(str::to_owned)
}

/// The explanation as JSON, with every event; `explanation.schema.json` describes it.
///
/// # Errors
/// When the document cannot be written: a bug.
pub fn explanation_json(of: &Explanation) -> Result<String, RenderError> {
    json::written(of)
}

/// The explanation in GitHub's Markdown; the first twenty events, or all of them.
///
/// # Errors
/// When the team's own template cannot be rendered; with the built-in one, a bug.
pub fn explanation_markdown(
    of: &Explanation,
    style: &Style,
    templates: &Templates,
) -> Result<String, RenderError> {
    #[derive(Serialize)]
    struct Context<'a> {
        of: &'a Explanation,
        interval: String,
        window: String,
        sources: String,
        events: Vec<layout::Row>,
        events_hidden: usize,
        excluded: Vec<(String, &'a str)>,
        excluded_hidden: usize,
        fingerprint: String,
    }
    let most = if style.verbose { usize::MAX } else { SHOWN };
    let excluded = of.excluded.iter().take(most);
    let context = Context {
        of,
        interval: layout::interval(of),
        window: layout::window(of),
        sources: layout::sources(of),
        events: of
            .events
            .iter()
            .take(most)
            .map(|event| layout::row(of, event))
            .collect(),
        events_hidden: of.events.len().saturating_sub(most),
        excluded: excluded
            .map(|e| (layout::name(e.kind, &e.id), e.says.as_str()))
            .collect(),
        excluded_hidden: of.excluded.len().saturating_sub(most),
        fingerprint: escape::brief(&of.fingerprint),
    };
    templates.render("explain.md.j2", &context, &[])
}

#[cfg(test)]
mod tests;
