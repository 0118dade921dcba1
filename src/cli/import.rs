//! Files that a person names with `--from KIND=PATH`: which adapter reads them, and what they add to the measurement.

use std::path::{Path, PathBuf};

use super::Failure;
use super::question;
use crate::adapter::{
    CstatePost, DeploymentRows, parse_cstate, parse_deployment_rows, parse_history,
};
use crate::config::Config;
use crate::event::{Event, Instant};
use crate::host::{Host, disk};
use crate::report::v1::Note;

/// Largest file of facts that is read.
const LARGEST_FILE: u64 = 1 << 30;
/// Largest post of a status page that is read, and how many.
const LARGEST_POST: u64 = 1 << 20;
const MOST_POSTS: usize = 20_000;

/// What a path is to be read as.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    History,
    Deployments,
    Cstate,
}

/// A path and its kind, as typed.
#[derive(Debug)]
pub(super) struct Import {
    kind: Kind,
    path: PathBuf,
}

/// What imports say.
#[derive(Debug, Default)]
pub(super) struct Imported {
    pub(super) events: Vec<Event>,
    pub(super) since: Option<Instant>,
    pub(super) head: Option<String>,
    pub(super) notes: Vec<Note>,
}

impl Import {
    /// Reads `KIND=PATH`.
    pub(super) fn parse(host: &Host, from: &str) -> Result<Self, Failure> {
        let (kind, path) = from.split_once('=').unwrap_or((from, ""));
        let kind = match kind {
            "history" => Kind::History,
            "deployments" => Kind::Deployments,
            "cstate" => Kind::Cstate,
            _ => return Err(unreadable(from)),
        };
        if path.is_empty() {
            return Err(unreadable(from));
        }
        Ok(Self {
            kind,
            path: host.folder.join(path),
        })
    }

    /// Whether it is measured instead of the clone, and not beside it.
    pub(super) fn brings_deployments(&self) -> bool {
        self.kind != Kind::Cstate
    }
}

fn unreadable(from: &str) -> Failure {
    Failure::usage(
        format!("`--from {from}` names no adapter and file"),
        Some("write --from history=FILE, deployments=FILE or cstate=FOLDER".to_owned()),
    )
}

/// Reads every import, in order; a history brings settings along.
pub(super) fn read(imports: &[Import], config: &mut Config) -> Result<Imported, Failure> {
    let mut out = Imported::default();
    for import in imports {
        match import.kind {
            Kind::History => history(&import.path, config, &mut out)?,
            Kind::Deployments => deployments(&import.path, &mut out)?,
            Kind::Cstate => cstate(&import.path, config, &mut out)?,
        }
    }
    Ok(out)
}

fn text(path: &Path) -> Result<String, Failure> {
    disk::read_text(path, LARGEST_FILE)?
        .ok_or_else(|| Failure::usage(format!("there is no {}", path.display()), None))
}

fn history(path: &Path, config: &mut Config, out: &mut Imported) -> Result<(), Failure> {
    let history = parse_history(&text(path)?)
        .map_err(|e| Failure::from(e).during(format!("cannot use {}", path.display())))?;
    question::apply_settings(config, &history.settings)?;
    out.events.extend(history.events);
    out.since = out.since.into_iter().chain(history.since).min();
    out.head = history.head.or(out.head.take());
    Ok(())
}

fn deployments(path: &Path, out: &mut Imported) -> Result<(), Failure> {
    let rows = parse_deployment_rows(&text(path)?)
        .map_err(|e| Failure::from(e).during(format!("cannot use {}", path.display())))?;
    let DeploymentRows {
        events,
        since,
        unread,
        assumed_utc,
        unknown_statuses,
    } = rows;
    out.events.extend(events);
    out.since = out.since.into_iter().chain(since).min();
    let mut note = |code: &str, says: String, help: &str| {
        out.notes.push(Note {
            code: code.to_owned(),
            says,
            help: Some(help.to_owned()),
        });
    };
    if !unread.is_empty() {
        let names: Vec<String> = unread.into_iter().take(12).collect();
        let says = format!(
            "These columns of the deployments are not read: {}.",
            names.join(", ")
        );
        note(
            "columns_not_read",
            says,
            "README.md lists the columns that are.",
        );
    }
    if assumed_utc > 0 {
        let says =
            format!("{assumed_utc} deployments have a time without an offset: UTC was assumed.");
        note(
            "utc_assumed",
            says,
            "Write times as 2026-03-02T10:00:00+01:00.",
        );
    }
    if !unknown_statuses.is_empty() {
        let words: Vec<String> = unknown_statuses
            .iter()
            .take(8)
            .map(|(word, n)| format!("{word} ({n})"))
            .collect();
        let says = format!(
            "Deployments with these statuses are not counted: {}.",
            words.join(", ")
        );
        note(
            "statuses_not_known",
            says,
            "Use success, failure or cancelled.",
        );
    }
    Ok(())
}

/// Each post is its own fault: one that cannot be used is said, and the rest are read.
fn cstate(folder: &Path, config: &Config, out: &mut Imported) -> Result<(), Failure> {
    let files: Vec<PathBuf> = disk::list_files(folder)?
        .into_iter()
        .filter(|path| path.extension().is_some_and(|e| e == "md"))
        .collect();
    if files.is_empty() {
        return Err(Failure::usage(
            format!("there is no Markdown file in {}", folder.display()),
            Some("name the folder of the posts, such as content/issues".to_owned()),
        ));
    }
    let (mut notices, mut assumed, mut left_out) = (0_usize, 0_usize, Vec::new());
    for path in files.iter().take(MOST_POSTS) {
        let key = path.with_extension("").to_string_lossy().into_owned();
        let read = disk::read_text(&folder.join(path), LARGEST_POST).map_err(|e| e.to_string());
        let parsed = read.and_then(|text| {
            parse_cstate(&key, &text.unwrap_or_default(), config).map_err(|e| e.to_string())
        });
        match parsed {
            Ok(CstatePost::Incident { event, assumed_utc }) => {
                assumed += usize::from(assumed_utc);
                out.events.push(*event);
            }
            Ok(CstatePost::Notice) => notices += 1,
            Err(why) => left_out.push(format!("{} ({why})", path.display())),
        }
    }
    let mut note = |code: &str, says: String| {
        out.notes.push(Note {
            code: code.to_owned(),
            says,
            help: None,
        });
    };
    if files.len() > MOST_POSTS {
        note(
            "truncated",
            format!("Only the first {MOST_POSTS} posts of the status page were read."),
        );
    }
    if notices > 0 {
        note(
            "notices_left_out",
            format!("{notices} posts of the status page are planned work or news, not incidents."),
        );
    }
    if assumed > 0 {
        note(
            "utc_assumed",
            format!("{assumed} incidents have a time without an offset: UTC was assumed."),
        );
    }
    if !left_out.is_empty() {
        let shown = left_out
            .iter()
            .take(8)
            .cloned()
            .collect::<Vec<_>>()
            .join(", ");
        note(
            "posts_left_out",
            format!(
                "{} posts of the status page were not read: {shown}.",
                left_out.len()
            ),
        );
    }
    Ok(())
}
