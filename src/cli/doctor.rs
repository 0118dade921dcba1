//! `fivekeys doctor`: what keeps the numbers from being right, and how to mend it.

mod remote;

use std::fmt::Write as _;
use std::path::{Path, PathBuf};

use super::args::DoctorArgs;
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

/// How one thing stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Health {
    /// As it should be.
    Ok,
    /// It works, and something is lost.
    Warn,
    /// It does not work.
    Fail,
    /// It was not looked at.
    Skip,
}

impl Health {
    fn word(self) -> &'static str {
        match self {
            Self::Ok => "ok",
            Self::Warn => "warn",
            Self::Fail => "fail",
            Self::Skip => "skip",
        }
    }
}

/// One thing that was looked at.
#[derive(Debug)]
struct Check {
    what: &'static str,
    health: Health,
    says: String,
    help: Option<String>,
}

/// Everything that was looked at, in order.
#[derive(Debug, Default)]
struct Checkup(Vec<Check>);

impl Checkup {
    fn note(&mut self, what: &'static str, health: Health, says: impl Into<String>) {
        self.0.push(Check {
            what,
            health,
            says: says.into(),
            help: None,
        });
    }

    /// What would mend the last thing that was noted.
    fn help(&mut self, help: impl Into<String>) {
        if let Some(last) = self.0.last_mut() {
            last.help = Some(help.into());
        }
    }

    fn failure(&mut self, what: &'static str, failure: &Failure) {
        let chain: Vec<String> = failure.error.chain().map(ToString::to_string).collect();
        self.note(what, Health::Fail, chain.join(": "));
        if let Some(help) = &failure.help {
            self.help(help.clone());
        }
    }

    /// What was broken a moment ago is whole again.
    fn mended(&mut self, what: &'static str, says: impl Into<String>) {
        let broken = self.0.iter_mut().filter(|check| check.what == what);
        for check in broken.filter(|check| check.health == Health::Fail) {
            check.health = Health::Warn;
        }
        self.note(what, Health::Ok, says);
    }

    fn has_failed(&self) -> bool {
        self.0.iter().any(|check| check.health == Health::Fail)
    }

    /// One line a thing, and one for what mends it.
    fn text(&self) -> String {
        let mut out = String::new();
        for check in &self.0 {
            let says = super::failure::plain(&check.says);
            let _ = writeln!(out, "{:<5} {:<14} {says}", check.health.word(), check.what);
            if let Some(help) = &check.help {
                let help = super::failure::plain(help);
                let _ = writeln!(out, "{:<20} help: {help}", "");
            }
        }
        out
    }
}

/// Runs the command.
pub(super) fn run(host: &Host, args: &DoctorArgs) -> Result<Exit, Failure> {
    let mut checkup = Checkup::default();
    let root = workspace::root(host).unwrap_or_else(|_| host.folder.clone());
    let config = configuration(&root, args, &mut checkup);
    let repository = clone(&host.folder, &config, &mut checkup);
    folder(host, &root, args.repair, &config, &mut checkup)?;
    let local = checkup.has_failed();
    let asked = remote::Asked {
        args,
        repository: args.repository.clone().or(repository),
        config: &config,
    };
    let permissions = remote::look(host, &asked, &mut checkup)?;
    host.print(&checkup.text())?;
    if let Some(block) = permissions {
        host.print(&block)?;
    }
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
            checkup.note("configuration", Health::Ok, "understood");
            config
        }
        Err(failure) => {
            checkup.failure("configuration", &failure);
            Config::default()
        }
    }
}

/// The clone and what in it marks deployments. Returns `owner/name`.
fn clone(at: &Path, config: &Config, checkup: &mut Checkup) -> Option<String> {
    if Git::open(at).is_err() {
        checkup.note("clone", Health::Skip, "this folder is in no clone");
        return None;
    }
    let history = match git::collect(at, config) {
        Ok(history) => history,
        Err(error) => {
            checkup.failure("clone", &error.into());
            return None;
        }
    };
    let count = |is: fn(&Event) -> bool| history.events.iter().filter(|e| is(e)).count();
    let commits = count(|e| e.fact.as_commit().is_some());
    let deployments = count(|e| e.fact.as_deployment().is_some());
    let marked = if history.source == Source::GitTags {
        "tags"
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
    history.repository
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
        let aside = repair.aside.len();
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
    let more = broken.len().saturating_sub(NAMED);
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
