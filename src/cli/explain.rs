//! `fivekeys explain`: how a number came about.

use super::args::ExplainArgs;
use super::{Exit, Failure, report, workspace};
use crate::host::Host;
use crate::render::{self, Style};
use crate::report::{METRICS, find_metric};

/// Runs the command.
pub(super) fn run(host: &Host, args: &ExplainArgs) -> Result<Exit, Failure> {
    let Some(metric) = find_metric(&args.metric) else {
        let known: Vec<&str> = METRICS.iter().map(|m| m.id).collect();
        return Err(Failure::usage(
            format!("there is no metric `{}`", args.metric),
            Some(format!("metrics are {}", known.join(", "))),
        ));
    };
    let workspace = workspace::open(host, &args.scope)?;
    let report = report::measure(host, &workspace, &args.scope)?;
    if let Some(nothing) = workspace.nothing() {
        return Err(nothing);
    }
    let style = Style {
        verbose: args.verbose,
        ..report::terminal(host)
    };
    host.print(&render::explain(&report, metric.id, &style)?)?;
    Ok(Exit::Fine)
}
