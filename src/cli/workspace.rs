//! A clone and its folder ledger: everything that the offline commands work on.

use std::path::{Path, PathBuf};

use super::args::Scope;
use super::import::{self, Import};
use super::progress::Progress;
use super::{Exit, Failure, question};
use crate::adapter::Corrections;
use crate::collect::git::{self, GitHistory};
use crate::config::Config;
use crate::event::{Event, Events, Fact, Instant, Source};
use crate::host::git::{Git, GitError};
use crate::host::{Host, disk};
use crate::ledger::{Folder, FolderError, Ledger, Unreadable};
use crate::render::Templates;
use crate::report::v1::Note;
use crate::timeline::Timeline;

/// The folder that holds the ledger and the results.
pub(super) const FOLDER: &str = ".dora";

/// What there is to measure.
#[derive(Debug)]
pub(super) struct Workspace {
    /// The facts.
    pub(super) events: Events,
    /// How they are counted.
    pub(super) config: Config,
    /// `owner/name`, or the folder's name.
    pub(super) repository: Option<String>,
    /// What collecting left out.
    pub(super) notes: Vec<Note>,
    /// Where results go; absent when a file was measured.
    pub(super) folder: Option<Folder>,
    /// Everything that is stored was read. If not, what was published before is better than what would be now.
    pub(super) complete: bool,
    /// How it is drawn.
    pub(super) templates: Templates,
}

impl Workspace {
    /// Why there is nothing to measure; `None` when there is something.
    pub(super) fn nothing(&self) -> Option<Failure> {
        if self.events.iter().any(|e| e.fact.as_deployment().is_some()) {
            return None;
        }
        let without_commits = self.folder.is_some() && self.events.head.is_none();
        let (why, help) = if without_commits {
            (
                "this repository has no commits yet".to_owned(),
                "commit, or record a deployment with `fivekeys deploy`".to_owned(),
            )
        } else {
            let reason = self.notes.first();
            (
                reason.map_or_else(|| "there are no deployments".to_owned(), |n| n.says.clone()),
                reason.and_then(|n| n.help.clone()).unwrap_or_else(|| {
                    "record one with `fivekeys deploy`, or set `source: merges`".to_owned()
                }),
            )
        };
        Some(Failure {
            exit: Exit::Nothing,
            error: anyhow::anyhow!(why).context("there is nothing to measure"),
            help: Some(help),
        })
    }
}

/// The top of the clone that a folder is in; a bare one is its own top.
pub(super) fn root(host: &Host) -> Result<PathBuf, Failure> {
    let git = Git::open(&host.folder)?;
    Ok(git.top_level()?.unwrap_or_else(|| host.folder.clone()))
}

/// The same, or this folder where there is no clone, or no `git`.
pub(super) fn top(host: &Host) -> PathBuf {
    root(host).unwrap_or_else(|_| host.folder.clone())
}

/// Reads the files that were named, or collects from the clone into its folder ledger; named incidents join it there.
pub(super) fn open(host: &Host, scope: &Scope) -> Result<Workspace, Failure> {
    let imports = import::find(host, &scope.from)?;
    if imports.is_empty() {
        return from_clone(host, scope, None);
    }
    let top = imports.iter().any(Import::is_ledger).then(|| top(host));
    let mut config = match (&scope.config, &top) {
        (None, None) => Config::default(),
        (given, top) => {
            question::read_config(top.as_ref().unwrap_or(&host.folder), given.as_deref())?
        }
    };
    question::override_config(&mut config, scope)?;
    let read = import::read(&imports, &mut config, &Progress::start(host, imports.len()))?;
    if read.is_beside() {
        return from_clone(host, scope, Some(&imports));
    }
    // What is asked for on the command line beats what the file says it needs.
    question::override_config(&mut config, scope)?;
    let mut events: Events = read.events.into_iter().collect();
    events.history_since = read.since;
    events.head = read.head;
    Ok(Workspace {
        events,
        templates: question::read_templates(top.as_ref().unwrap_or(&host.folder), &config)?,
        config,
        repository: read.repository,
        notes: read.notes,
        folder: None,
        complete: true,
    })
}

fn from_clone(
    host: &Host,
    scope: &Scope,
    imports: Option<&[Import]>,
) -> Result<Workspace, Failure> {
    let root = root(host)?;
    let mut config = question::read_config(&root, scope.config.as_deref())?;
    question::override_config(&mut config, scope)?;
    let imports = imports.unwrap_or_default();
    let progress = Progress::start(host, imports.len() + git::STEPS + 1);
    // Read again: only the configuration of the clone knows its services.
    let read = import::read(imports, &mut config, &progress)?;
    let step = |what: &str| progress.step(what);
    let mut history = git::collect_by_steps(&host.folder, &config, &step)?;
    history.events.extend(read.events);
    let folder = Folder::at(root.join(FOLDER));
    let mut notes: Vec<Note> = history
        .notes
        .iter()
        .map(|n| Note {
            code: n.code.to_owned(),
            says: sentence(&n.text),
            help: Some(sentence(&n.help)),
        })
        .collect();
    notes.extend(read.notes);
    let repository = history.repository.clone().or_else(|| name_of(&root));
    let corrections = question::read_corrections(&root, &config)?;
    progress.step("reading and writing .dora");
    let (events, complete) = store(host, &folder, history, &corrections, &mut notes)?;
    Ok(Workspace {
        events,
        templates: question::read_templates(&root, &config)?,
        config,
        repository,
        notes,
        folder: Some(folder),
        complete,
    })
}

/// Notes stand one after the other: each begins and ends as sentences do.
/// A note as a sentence of its own.
pub(super) fn sentence(text: &str) -> String {
    let mut chars = text.chars();
    let first = chars.next().map(|c| c.to_ascii_uppercase());
    let mut out: String = first.into_iter().chain(chars).collect();
    if !out.ends_with(['.', '!', '?']) {
        out.push('.');
    }
    out
}

fn name_of(root: &Path) -> Option<String> {
    Some(root.file_name()?.to_string_lossy().into_owned())
}

/// Takes the clone's history into the folder ledger. A folder that cannot be written, or must not be, is said and
/// measured all the same. Also tells whether everything that is stored was read.
fn store(
    host: &Host,
    folder: &Folder,
    history: GitHistory,
    corrections: &Corrections,
    notes: &mut Vec<Note>,
) -> Result<(Events, bool), Failure> {
    let GitHistory {
        mut events, head, ..
    } = history;
    let lock = folder.lock();
    let mut ledger = match folder.load() {
        Ok(ledger) => ledger,
        Err(FolderError::Disk(error)) => {
            notes.push(Note {
                code: "ledger_unreadable".to_owned(),
                says: sentence(&format!(
                    "Only git was measured, and nothing was stored: {error}"
                )),
                help: Some("Make `.dora` a folder that can be read and written.".to_owned()),
            });
            let since = first_deployment(&events);
            let mut all: Events = events.into_iter().collect();
            all.extend(corrections.events(&Events::default(), host.now));
            all.history_since = since;
            all.head = head;
            return Ok((all, false));
        }
        Err(too_new @ FolderError::TooNew(_)) => return Err(too_new.into()),
    };
    let since = first_deployment(&events)
        .into_iter()
        .chain(ledger.meta.history_since)
        .min();
    let head_moved = ledger.meta.head != head || ledger.meta.history_since != since;
    ledger.meta.history_since = since;
    ledger.meta.head.clone_from(&head);
    events.extend(corrections.events(&ledger.events, host.now));
    let plan = ledger.append(&events, host.now.date_naive());
    if !ledger.is_writable() {
        notes.push(unreadable(&ledger));
    } else if let Some(plan) = plan {
        keep_cache_out_of_git(folder);
        say_unwritten(
            lock.map_err(Failure::from)
                .and_then(|_lock| Ok(folder.save(&plan)?)),
            notes,
        );
    } else if head_moved {
        let plan = ledger.bookkeeping();
        say_unwritten(
            lock.map_err(Failure::from)
                .and_then(|_lock| Ok(folder.save(&plan)?)),
            notes,
        );
    }
    let complete = ledger.is_writable();
    let mut all = ledger.events;
    all.history_since = since;
    all.head = head;
    Ok((all, complete))
}

/// When the measured history begins: the first deployment that a tag or merge marks.
fn first_deployment(events: &[Event]) -> Option<Instant> {
    events
        .iter()
        .filter(|e| matches!(e.fact, Fact::Deployment(_)) && e.source != Source::History)
        .map(|e| e.time)
        .min()
}

/// A ledger with lines that cannot be read is never written.
pub(super) fn unreadable(ledger: &Ledger) -> Note {
    Note {
        code: "ledger_unreadable".to_owned(),
        says: format!("The ledger was not written: {}.", broken(ledger)),
        help: Some(
            "`fivekeys doctor --repair` mends it and sets aside what it cannot; nothing was touched."
                .to_owned(),
        ),
    }
}

/// The same, where it is only read.
pub(super) fn unusable(ledger: &Ledger) -> Failure {
    let help = "`fivekeys doctor --repair` mends it and sets aside what it cannot";
    Failure::usage(
        format!("the ledger cannot be used: {}", broken(ledger)),
        help.to_owned(),
    )
}

fn broken(ledger: &Ledger) -> String {
    let first: Vec<String> = ledger
        .unreadable
        .iter()
        .take(3)
        .map(ToString::to_string)
        .collect();
    let places = match Unreadable::places(&ledger.unreadable) {
        1 => "a place".to_owned(),
        n => format!("{n} places"),
    };
    format!(
        "{places} in it cannot be read as written ({})",
        first.join("; ")
    )
}

fn say_unwritten(saved: Result<(), Failure>, notes: &mut Vec<Note>) {
    if let Err(failure) = saved {
        notes.push(Note {
            code: "not_written".to_owned(),
            says: sentence(&format!("Nothing was stored in .dora/: {}", failure.line())),
            help: None,
        });
    }
}

/// The cache is nobody's business but this machine's.
fn keep_cache_out_of_git(folder: &Folder) {
    let path = folder.path().join(".gitignore");
    if let Ok(None) = disk::read_text(&path, 1 << 16) {
        // Without it git shows a lock file; nothing breaks.
        let _ = disk::write_atomic(&path, b"cache/\n");
    }
}

/// Loads the folder ledger alone, for recording by hand.
pub(super) fn folder_ledger(host: &Host) -> Result<(Folder, Ledger, Config), Failure> {
    let root = root(host).or_else(|failure| {
        let no_clone = failure
            .error
            .downcast_ref::<GitError>()
            .is_some_and(|e| matches!(e, GitError::NotARepository { .. }));
        // Recording needs no clone, only a folder.
        if no_clone {
            Ok(host.folder.clone())
        } else {
            Err(failure)
        }
    })?;
    let config = question::read_config(&root, None)?;
    let folder = Folder::at(root.join(FOLDER));
    let ledger = folder.load()?;
    Ok((folder, ledger, config))
}

/// First deployments of each service, for readers that will only load the end of the history.
pub(super) fn baselines(
    events: &Events,
    config: &Config,
) -> std::collections::BTreeMap<String, String> {
    let mut out = events.baselines.clone().unwrap_or_default();
    for deployment in Timeline::fold(events, config).deployments {
        if deployment.baseline {
            let service = deployment.service.unwrap_or_default();
            out.entry(service).or_insert(deployment.id);
        }
    }
    out
}
