//! `fivekeys explain`: how a figure, or the verdict on an event, came about.

use super::args::ExplainArgs;
use super::{Exit, Failure, report, workspace};
use crate::host::Host;
use crate::render::{self, Style};

/// Runs the command.
pub(super) fn run(host: &Host, args: &ExplainArgs) -> Result<Exit, Failure> {
    let style = Style {
        verbose: args.verbose,
        ..report::terminal(host)
    };
    let Some(name) = &args.figure else {
        host.print(&render::explainable(&style))?;
        return Ok(Exit::Fine);
    };
    let workspace = workspace::open(host, &args.scope)?;
    let report = report::measure(host, &workspace, &args.scope)?;
    if let Some(nothing) = workspace.nothing() {
        return Err(nothing);
    }
    let found = render::explain(&report, name, args.scope.service.as_deref())?;
    host.print(&match args.format.as_str() {
        "json" => render::explanation_json(&found)?,
        "markdown" => render::explanation_markdown(&found, &style, &workspace.templates)?,
        _ => render::explanation_terminal(&found, &style),
    })?;
    Ok(Exit::Fine)
}
