//! `fivekeys trend`: the metrics week by week.

use super::args::TrendArgs;
use super::{Exit, Failure, report, workspace};
use crate::host::Host;
use crate::render;

/// Half a year shows a trend where a quarter shows noise.
const DEFAULT_WINDOW: &str = "26w";

/// Runs the command.
pub(super) fn run(host: &Host, args: &TrendArgs) -> Result<Exit, Failure> {
    let mut scope = args.scope.clone();
    if scope.window.is_none() && scope.since.is_none() {
        scope.window = Some(DEFAULT_WINDOW.to_owned());
    }
    let workspace = workspace::open(host, &scope)?;
    let report = report::measure(host, &workspace, &scope)?;
    if let Some(nothing) = workspace.nothing() {
        return Err(nothing);
    }
    host.print(&render::trend(&report, &report::terminal(host))?)?;
    Ok(Exit::Fine)
}
