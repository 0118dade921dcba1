//! `fivekeys doctor`: what keeps the numbers from being right, and how to mend it.

mod checkup;
mod permissions;
mod remote;
mod sources;

use std::path::{Path, PathBuf};

use checkup::{Checkup, Health};

use super::args::{DoctorArgs, DoctorFormat};
use super::progress::Progress;
use super::report::terminal;
use super::workspace::{self, FOLDER};
use super::{Exit, Failure, question};
use crate::collect::git;
use crate::config::Config;
use crate::event::{Event, Source};
use crate::host::Host;
use crate::host::git::Git;
use crate::ledger::{Folder, FolderError, Ledger, Repair, Unreadable};

/// Most places of a broken ledger that are named.
const NAMED: usize = 10;

/// Runs the command.
pub(super) fn run(host: &Host, args: &DoctorArgs) -> Result<Exit, Failure> {
    let mut checkup = Checkup::default();
    let root = workspace::root(host).unwrap_or_else(|_| host.folder.clone());
    let config = configuration(&root, args, &mut checkup);
    let (repository, site) = clone(&host.folder, &config, &mut checkup);
    folder(host, &root, args.repair, &config, &mut checkup)?;
    let local = checkup.has_failed();
    let asked = remote::Asked {
        args,
        repository: args.repository.clone().or(repository),
        site,
        config: &config,
    };
    {
        let progress = Progress::start(host, 1);
        progress.step("asking GitHub");
        remote::look(host, &asked, &mut checkup)?;
    }
    host.print(&match args.format {
        DoctorFormat::Terminal => checkup.text(&terminal(host)),
        DoctorFormat::Json => checkup.json(),
    })?;
    Ok(match (local, checkup.has_failed()) {
        (true, _) => Exit::Usage,
        (false, true) => Exit::GitHub,
        (false, false) => Exit::Fine,
    })
}

/// The configuration; its defaults, where it is broken.
fn configuration(root: &Path, args: &DoctorArgs, checkup: &mut Checkup) -> Config {
    match question::read_config(root, args.config.as_deref()) {
        Ok(config) => {
            let mut files = question::CONFIG_FILES.iter();
            let is_there = args.config.is_some() || files.any(|file| root.join(file).is_file());
            let (health, word) = if is_there {
                (Health::Ok, "understood")
            } else {
                (Health::Skip, "none here")
            };
            checkup.note(
                "configuration",
                health,
                format!("{word}: {}", settings(&config)),
            );
            config
        }
        Err(failure) => {
            checkup.failure("configuration", &failure);
            Config::default()
        }
    }
}

/// The settings that decide what is counted, and which of them nobody has chosen.
fn settings(config: &Config) -> String {
    let usual = Config::default();
    let default = |is: bool| if is { " (default)" } else { "" };
    let environments = if config.environments.is_configured() {
        "as listed"
    } else {
        "named production, prod, prd or live (default)"
    };
    let labels = if config.incident_labels.is_empty() {
        "none".to_owned()
    } else {
        config.incident_labels.join(", ")
    };
    format!(
        "window {} days{}; source {}{}; environments {environments}; incident labels {labels}{}",
        config.window_days,
        default(config.window_days == usual.window_days),
        config.source.name(),
        default(config.source == usual.source),
        default(config.incident_labels == usual.incident_labels),
    )
}

/// The clone and what in it marks deployments. Returns `owner/name` and the address of the GitHub it came from.
fn clone(at: &Path, config: &Config, checkup: &mut Checkup) -> (Option<String>, Option<String>) {
    let Ok(git) = Git::open(at) else {
        checkup.note("clone", Health::Skip, "this folder is in no clone");
        return (None, None);
    };
    let history = match git::collect(at, config) {
        Ok(history) => history,
        Err(error) => {
            checkup.failure("clone", &error.into());
            return (None, None);
        }
    };
    let count = |is: fn(&Event) -> bool| history.events.iter().filter(|e| is(e)).count();
    let commits = count(|e| e.fact.as_commit().is_some());
    let deployments = count(|e| e.fact.as_deployment().is_some());
    let marked = if history.source == Source::GitTags {
        "tags"
    } else if history.source == Source::StateFile {
        "state files"
    } else {
        "merges, since no tag is one"
    };
    checkup.note(
        "clone",
        if deployments > 0 {
            Health::Ok
        } else {
            Health::Warn
        },
        format!("{commits} commits; {deployments} deployments by {marked}"),
    );
    for note in history.notes {
        checkup.note("clone", Health::Warn, note.text);
        checkup.help(note.help);
    }
    let site = git.site().ok().flatten();
    (history.repository, site)
}

/// The ledger in `.dora/`, mended where that is asked for.
fn folder(
    host: &Host,
    root: &Path,
    mend: bool,
    config: &Config,
    checkup: &mut Checkup,
) -> Result<(), Failure> {
    let path: PathBuf = root.join(FOLDER);
    let folder = Folder::at(&path);
    let ledger = match folder.load() {
        Ok(ledger) => ledger,
        Err(FolderError::TooNew(error)) => {
            checkup.failure(FOLDER, &error.into());
            return Ok(());
        }
        Err(FolderError::Disk(error)) => {
            checkup.note(FOLDER, Health::Fail, error.to_string());
            return Ok(());
        }
    };
    if ledger.is_writable() {
        say_whole(FOLDER, &ledger, checkup);
        return Ok(());
    }
    say_broken(FOLDER, &ledger.unreadable, checkup);
    if !mend {
        checkup.help("`fivekeys doctor --repair` mends it and sets aside what it cannot");
        return Ok(());
    }
    let lock = folder.lock()?;
    let mended = folder.repair(host.now.date_naive())?;
    if let Some(repair) = mended {
        let aside = Unreadable::places(&repair.aside);
        folder.save(&complete(repair, config))?;
        checkup.mended(FOLDER, set_aside(aside));
    }
    drop(lock);
    Ok(())
}

fn say_whole(what: &'static str, ledger: &Ledger, checkup: &mut Checkup) {
    let events = ledger.events.len();
    if events == 0 {
        checkup.note(what, Health::Skip, "no ledger yet");
        return;
    }
    let since = ledger.meta.history_since;
    let since = since.map_or_else(String::new, |at| format!(" since {}", at.format("%F")));
    let count = if events == 1 {
        "1 event".to_owned()
    } else {
        format!("{events} events")
    };
    checkup.note(what, Health::Ok, format!("{count}{since}"));
}

/// A broken ledger is read-only: nothing is written until it is mended.
fn say_broken(what: &'static str, broken: &[Unreadable], checkup: &mut Checkup) {
    for place in broken.iter().take(NAMED) {
        checkup.note(what, Health::Fail, place.to_string());
    }
    let more = Unreadable::places(broken.get(NAMED..).unwrap_or_default());
    if more > 0 {
        checkup.note(what, Health::Fail, format!("and {more} more places"));
    }
}

fn set_aside(count: usize) -> String {
    match count {
        0 => "mended: every line was understood".to_owned(),
        1 => "mended: 1 place set aside in ledger/aside/".to_owned(),
        _ => format!("mended: {count} places set aside in ledger/aside/"),
    }
}

/// The plan of a repair, its bookkeeping completed with what only the configuration tells.
fn complete(mut repair: Repair, config: &Config) -> crate::ledger::Plan {
    repair.ledger.meta.baselines = workspace::baselines(&repair.ledger.events, config);
    repair.finish()
}
