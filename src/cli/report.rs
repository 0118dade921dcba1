//! `fivekeys report`: measure, print, keep.

use std::path::Path;

use super::args::{ReportArgs, Scope};
use super::artifacts::{self, Wanted};
use super::workspace::{self, Workspace};
use super::{Exit, Failure, question};
use crate::host::{Host, disk};
use crate::render::{self, RunFacts, Style};
use crate::report::v1::Report;
use crate::report::{Ask, build};

/// Runs the command.
pub(super) fn run(host: &Host, args: &ReportArgs) -> Result<Exit, Failure> {
    let workspace = workspace::open(host, &args.scope)?;
    let report = measure(host, &workspace, &args.scope)?;
    if report.deployments.is_empty() {
        check_environment(&workspace, &args.scope)?;
    }
    if is_default(&args.scope) {
        keep(host, &workspace, &report);
    }
    let style = style(host, args);
    let text = if args.compare && args.format == "terminal" {
        render::compare(&report, &style)?
    } else {
        print_as(&report, &args.format, &style)?
    };
    host.print(&text)?;
    if let Some(path) = &args.export {
        export(host, &report, path, &style)?;
    }
    Ok(if workspace.has_deployments() {
        Exit::Fine
    } else {
        Exit::Nothing
    })
}

/// Builds the report that was asked for.
pub(super) fn measure(
    host: &Host,
    workspace: &Workspace,
    scope: &Scope,
) -> Result<Report, Failure> {
    let mut ask: Ask = question::ask(host, &workspace.config, scope)?;
    ask.repository.clone_from(&workspace.repository);
    ask.notes.clone_from(&workspace.notes);
    let mut report = build(&workspace.events, &workspace.config, &ask);
    question::narrow(&mut report, scope.service.as_deref())?;
    Ok(report)
}

/// An environment that nothing was deployed to is a mistake worth naming.
fn check_environment(workspace: &Workspace, scope: &Scope) -> Result<(), Failure> {
    let Some(asked) = &scope.environment else {
        return Ok(());
    };
    let mut seen: Vec<&str> = workspace
        .events
        .iter()
        .filter_map(|e| e.fact.as_deployment())
        .map(|d| d.environment.as_str())
        .collect();
    seen.sort_unstable();
    seen.dedup();
    if seen.is_empty()
        || seen
            .iter()
            .any(|n| workspace.config.environments.is_production(n))
    {
        return Ok(());
    }
    Err(Failure::usage(
        format!("nothing was deployed to `{asked}`"),
        Some(format!("environments are {}", seen.join(", "))),
    ))
}

/// Only the default question's answer is kept: the files mean the same every time.
fn is_default(scope: &Scope) -> bool {
    let Scope {
        window,
        since,
        until,
        as_of,
        timezone,
        service,
        environment,
        tags,
        source,
        config,
        from,
    } = scope;
    [
        window,
        since,
        until,
        as_of,
        timezone,
        service,
        environment,
        tags,
        from,
    ]
    .iter()
    .all(|o| o.is_none())
        && source.is_none()
        && config.is_none()
}

/// Writes the files beside the ledger. What cannot be written is said; the report is printed all the same.
pub(super) fn keep(host: &Host, workspace: &Workspace, report: &Report) {
    let Some(folder) = &workspace.folder else {
        return;
    };
    let facts = RunFacts {
        persisted: true,
        repository: report.repository.clone().unwrap_or_default(),
        ..RunFacts::default()
    };
    let wanted = Wanted {
        badges: true,
        page: true,
    };
    let written = artifacts::all(report, &facts, wanted)
        .map_err(Failure::from)
        .and_then(|files| {
            let _lock = folder.lock()?;
            for (path, text) in files {
                disk::write_atomic(&folder.path().join(path), text.as_bytes())?;
            }
            Ok(())
        });
    if let Err(failure) = written {
        host.say(&format!(
            "warning: the results were not written: {}",
            failure.line()
        ));
    }
}

fn print_as(report: &Report, format: &str, style: &Style) -> Result<String, Failure> {
    let Some(format) = render::find_format(format) else {
        return Err(Failure::usage(
            format!("there is no format `{format}`"),
            None,
        ));
    };
    Ok((format.render)(report, style)?)
}

fn export(host: &Host, report: &Report, path: &Path, style: &Style) -> Result<(), Failure> {
    let ending = path
        .extension()
        .map(|e| e.to_string_lossy().to_ascii_lowercase());
    let text = match ending.as_deref() {
        Some("json") => print_as(report, "json", style)?,
        Some("csv") => print_as(report, "csv", style)?,
        Some("md") => print_as(report, "markdown", style)?,
        Some("txt") => print_as(
            report,
            "terminal",
            &Style {
                colour: false,
                ..*style
            },
        )?,
        Some("html") => render::page(report)?,
        _ => {
            return Err(Failure::usage(
                format!("the ending of `{}` names no format", path.display()),
                Some("use .json, .csv, .md, .html or .txt".to_owned()),
            ));
        }
    };
    let path = host.folder.join(path);
    disk::write_atomic(&path, text.as_bytes())?;
    host.say(&format!("wrote {}", path.display()));
    Ok(())
}

fn style(host: &Host, args: &ReportArgs) -> Style {
    Style {
        compact: args.compact,
        verbose: args.verbose,
        ..terminal(host)
    }
}

/// How this terminal, or pipe, wants text.
pub(super) fn terminal(host: &Host) -> Style {
    let dumb = host.var("TERM") == Some("dumb");
    let locale = ["LC_ALL", "LC_CTYPE", "LANG"]
        .iter()
        .find_map(|v| host.var(v));
    // Without any locale, as in a container, the reader is most likely a UTF-8 log.
    let utf8 = locale.is_none_or(|l| {
        let l = l.to_ascii_lowercase();
        l.contains("utf-8") || l.contains("utf8") || !(l == "c" || l == "posix")
    });
    Style {
        width: host
            .var("COLUMNS")
            .and_then(|c| c.parse().ok())
            .map_or(80, |c: usize| c.clamp(40, 120)),
        colour: host.stdout_is_terminal && !dumb && host.var("NO_COLOR").is_none(),
        ascii: dumb || !utf8,
        ..Style::default()
    }
}

impl Workspace {
    /// Whether there is anything to measure.
    pub(super) fn has_deployments(&self) -> bool {
        self.events.iter().any(|e| e.fact.as_deployment().is_some())
    }
}
