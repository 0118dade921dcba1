//! `fivekeys report`: measure, print, keep.

use std::path::Path;

use super::args::{ReportArgs, Scope};
use super::artifacts::{self, Wanted};
use super::gate::{Gate, IN_DOUBT, gate};
use super::progress::Progress;
use super::workspace::{self, Workspace};
use super::{Exit, Failure, question};
use crate::event::Instant;
use crate::host::{Host, disk, open};
use crate::render::{self, RunFacts, Style, Templates};
use crate::report::v1::Report;
use crate::report::{Ask, build, build_service};

/// Runs the command.
pub(super) fn run(host: &Host, args: &ReportArgs) -> Result<Exit, Failure> {
    // A mistyped ending is said before anything is read.
    let export_as = args.export.as_deref().map(ending).transpose()?;
    let workspace = workspace::open(host, &args.scope)?;
    let report = measure(host, &workspace, &args.scope)?;
    let empty = workspace.nothing();
    if is_default(&args.scope) && empty.is_none() {
        keep(host, &workspace, &report)?;
    }
    let style = style(host, args);
    // A person is told why; a machine gets the document all the same, with its reasons.
    if empty.is_none() || args.format != "terminal" {
        host.print(&if args.compare && args.format == "terminal" {
            render::compare(&report, &style)?
        } else {
            print_as(&report, &args.format, &style, &workspace.templates)?
        })?;
    }
    if args.compare && args.format != "terminal" {
        host.say("note: --compare is for the terminal; this format has both windows anyway");
    }
    if let (Some(path), Some(format)) = (&args.export, export_as) {
        let text = print_as(
            &report,
            format,
            &Style {
                colour: false,
                ..style
            },
            &workspace.templates,
        )?;
        export(host, path, &text)?;
    }
    if args.open {
        open_page(
            host,
            &workspace,
            &report,
            args.export.as_deref().zip(export_as),
        )?;
    }
    if let Some(nothing) = empty {
        return Err(nothing);
    }
    point_to_the_latest(host, &workspace, &report);
    Ok(if args.gate {
        gated(host, &report)
    } else {
        Exit::Fine
    })
}

/// Says what is missed, last of all: everything else was printed and written.
fn gated(host: &Host, report: &Report) -> Exit {
    match gate(report) {
        Gate::Open => Exit::Fine,
        Gate::Nothing => {
            host.say(
                "note: there is no target and no guardrail to gate by; write some under `targets`",
            );
            Exit::Fine
        }
        Gate::Partial => {
            host.say(&format!("warning: {IN_DOUBT}"));
            Exit::Fine
        }
        Gate::Missed(texts) => {
            for text in texts {
                host.say(&format!("missed: {text}"));
            }
            Exit::Missed
        }
    }
}

/// An old clone has nothing in the window up to now; its history is one flag away.
pub(super) fn point_to_the_latest(host: &Host, workspace: &Workspace, report: &Report) {
    if let Some(latest) = latest_before(workspace, report) {
        let next = latest + chrono::Duration::days(1);
        host.say(&format!(
            "note: the latest deployment was on {}; `--until {}` shows the window up to it",
            latest.format("%Y-%m-%d"),
            next.format("%Y-%m-%d")
        ));
    }
}

/// The latest deployment before a window that has none.
pub(super) fn latest_before(workspace: &Workspace, report: &Report) -> Option<Instant> {
    if report.overall.metrics.deployment_frequency.attempts > 0 {
        return None;
    }
    let times = workspace
        .events
        .iter()
        .filter(|e| e.fact.as_deployment().is_some())
        .map(|e| e.time);
    times.filter(|at| *at < report.window.from).max()
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
    check_environment(workspace, scope)?;
    let progress = Progress::start(host, 1);
    progress.step("measuring");
    let (events, config) = (&workspace.events, &workspace.config);
    match &scope.service {
        None => Ok(build(events, config, &ask)),
        Some(name) => build_service(events, config, &ask, name)
            .map_err(|known| question::no_service(name, &known)),
    }
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
        month,
        quarter,
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
        month,
        quarter,
        as_of,
        timezone,
        service,
        environment,
        tags,
    ]
    .iter()
    .all(|o| o.is_none())
        && from.is_empty()
        && source.is_none()
        && config.is_none()
}

/// Writes the files beside the ledger. What cannot be written is said; the report is printed all the same.
pub(super) fn keep(host: &Host, workspace: &Workspace, report: &Report) -> Result<(), Failure> {
    let Some(folder) = &workspace.folder else {
        return Ok(());
    };
    if !workspace.complete {
        host.say("warning: the results in .dora/ were left as they are; see the notes");
        return Ok(());
    }
    let facts = RunFacts {
        persisted: true,
        repository: report.repository.clone().unwrap_or_default(),
        ..RunFacts::default()
    };
    let wanted = Wanted {
        badges: true,
        page: true,
    };
    let files = artifacts::all(report, &facts, wanted, &workspace.templates)?;
    let write = || -> Result<(), Failure> {
        let _lock = folder.lock()?;
        for (path, text) in files {
            disk::write_atomic(&folder.path().join(path), text.as_bytes())?;
        }
        Ok(())
    };
    if let Err(failure) = write() {
        host.say(&format!(
            "warning: the results were not written: {}",
            failure.line()
        ));
    }
    Ok(())
}

fn print_as(
    report: &Report,
    format: &str,
    style: &Style,
    templates: &Templates,
) -> Result<String, Failure> {
    let Some(format) = render::find_format(format) else {
        return Err(Failure::usage(
            format!("there is no format `{format}`"),
            None,
        ));
    };
    Ok((format.render)(report, style, templates)?)
}

/// The format that a file's ending names.
fn ending(path: &Path) -> Result<&'static str, Failure> {
    let ending = path
        .extension()
        .map(|e| e.to_string_lossy().to_ascii_lowercase());
    Ok(match ending.as_deref() {
        Some("json") => "json",
        Some("csv") => "csv",
        Some("md") => "markdown",
        Some("txt") => "terminal",
        Some("html") => "html",
        _ => {
            return Err(Failure::usage(
                format!("the ending of `{}` names no format", path.display()),
                Some("use .json, .csv, .md, .html or .txt".to_owned()),
            ));
        }
    })
}

fn export(host: &Host, path: &Path, text: &str) -> Result<(), Failure> {
    let path = host.folder.join(path);
    disk::write_atomic(&path, text.as_bytes())?;
    host.say(&format!("wrote {}", path.display()));
    Ok(())
}

/// Shows the page: the exported one, or one in the cache, since the kept one answers the default question only.
fn open_page(
    host: &Host,
    workspace: &Workspace,
    report: &Report,
    exported: Option<(&Path, &str)>,
) -> Result<(), Failure> {
    let path = match (exported, &workspace.folder) {
        (Some((path, "html")), _) => host.folder.join(path),
        (_, Some(folder)) => {
            let path = folder.path().join("cache/report.html");
            disk::write_atomic(
                &path,
                render::page(report, &workspace.templates)?.as_bytes(),
            )?;
            host.say(&format!("wrote {}", path.display()));
            path
        }
        (_, None) => {
            return Err(Failure::usage(
                "there is no .dora/ here to put the page in",
                Some("say where with `--export page.html`".to_owned()),
            ));
        }
    };
    if let Err(error) = open::open(&path) {
        host.say(&format!(
            "warning: `{}` did not open the page: {error}",
            open::OPENER
        ));
    }
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
        width: host.columns(),
        colour: host.stdout_is_terminal && !dumb && host.var("NO_COLOR").is_none(),
        ascii: dumb || !utf8,
        ..Style::default()
    }
}
