//! `fivekeys digest`: a period in short, as the webhook of a place takes it. Nothing is sent.

use super::args::DigestArgs;
use super::{Exit, Failure, period, question, report, workspace};
use crate::event::parse_instant;
use crate::host::Host;
use crate::render::{DIGESTS, Style};

/// Runs the command.
pub(super) fn run(host: &Host, args: &DigestArgs) -> Result<Exit, Failure> {
    let Some(place) = DIGESTS.iter().find(|place| place.id == args.to) else {
        return Err(Failure::usage(
            format!("there is no place `{}`", args.to),
            None,
        ));
    };
    let workspace = workspace::open(host, &args.scope)?;
    let mut scope = args.scope.clone();
    // A moment alone says of when the last week is asked, not how long it is.
    let asked = [&scope.window, &scope.since, &scope.month, &scope.quarter];
    if asked.iter().all(|o| o.is_none()) {
        let until = scope.until.as_deref().map(parse_instant).transpose();
        let now = match until.map_err(question::of_flag("--until"))? {
            Some(until) => until,
            None => question::now(host, &scope)?,
        };
        let window = if args.monthly {
            period::last_month(&workspace.config, now)
        } else {
            period::last_week(&workspace.config, now)
        };
        scope.since = Some(window.from.to_rfc3339());
        scope.until = Some(window.to.to_rfc3339());
    }
    let report = report::measure(host, &workspace, &scope)?;
    host.print(&(place.render)(
        &report,
        &Style::default(),
        &workspace.templates,
    )?)?;
    if let Some(nothing) = workspace.nothing() {
        return Err(nothing);
    }
    if let Some(latest) = report::latest_before(&workspace, &report) {
        let latest = latest.with_timezone(&workspace.config.timezone);
        host.say(&format!(
            "note: the latest deployment was on {}; see `--month {}`",
            latest.format("%Y-%m-%d"),
            latest.format("%Y-%m")
        ));
    }
    Ok(Exit::Fine)
}
