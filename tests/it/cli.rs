//! The program as people type it: a process, a clean environment, a fixed clock, repositories made on the spot.

mod badges;
mod digest;
mod doctor;
mod example;
mod explain;
mod folder;
mod hostile;
mod import;
mod init;
mod killed;
mod large;
mod ledger;
mod open;
mod promise;
mod record;
mod refuse;
mod report;
mod secret;
mod templates;
mod terminal;
mod verify;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::sync::OnceLock;

use serde_json::Value;

/// What every run takes for now: Monday, 30 March 2026.
const NOW: i64 = 1_774_828_800;
static REPORT: OnceLock<jsonschema::Validator> = OnceLock::new();
const DAY: i64 = 86_400;
const HOUR: i64 = 3_600;

/// A repository whose clock only moves when told to, and the program beside it.
struct Shop {
    // Kept for its end, which removes everything.
    _home: tempfile::TempDir,
    home: PathBuf,
    path: PathBuf,
    clock: i64,
    now: i64,
}

/// What a run said, and how it ended.
struct Run {
    code: i32,
    out: String,
    err: String,
}

impl Run {
    fn of(output: &Output) -> Self {
        Self {
            code: output.status.code().unwrap(),
            out: String::from_utf8(output.stdout.clone()).unwrap(),
            err: String::from_utf8(output.stderr.clone()).unwrap(),
        }
    }

    /// Its output, when it ended as it should.
    #[track_caller]
    fn ok(self) -> String {
        assert_eq!(self.code, 0, "{}{}", self.out, self.err);
        self.out
    }

    /// What it said of its failure, when it failed as it should.
    #[track_caller]
    fn fails(self, code: i32) -> String {
        assert_eq!(self.code, code, "{}{}", self.out, self.err);
        assert!(self.err.contains("error: "), "{}", self.err);
        self.err
    }

    /// The document; a report fits its published schema.
    #[track_caller]
    fn json(self) -> Value {
        let value: Value = serde_json::from_str(&self.ok()).unwrap();
        if value["schema"] == "fivekeys.report/1" {
            let schema = REPORT.get_or_init(|| {
                let text = include_str!("../../report.schema.json");
                jsonschema::validator_for(&serde_json::from_str(text).unwrap()).unwrap()
            });
            let error = schema.iter_errors(&value).next().map(|e| e.to_string());
            assert_eq!(error, None);
        }
        value
    }
}

impl Shop {
    /// A folder that is no repository.
    fn folder() -> Self {
        let home = tempfile::tempdir().unwrap();
        let at = home.path().canonicalize().unwrap();
        let path = at.join("shop");
        std::fs::create_dir(&path).unwrap();
        Self {
            _home: home,
            home: at,
            path,
            clock: NOW - 85 * DAY,
            now: NOW,
        }
    }

    /// A repository without commits.
    fn empty() -> Self {
        let shop = Self::folder();
        shop.git(&["init", "--quiet"]);
        shop.git(&[
            "remote",
            "add",
            "origin",
            "https://github.com/acme/shop.git",
        ]);
        shop
    }

    /// Twelve weeks: three changes and a version each, and one version that took one of them back.
    ///
    /// Git makes it once and every test gets a copy: a hundred processes for each would be most of their time.
    fn tagged() -> Self {
        static MADE: OnceLock<(i64, Vec<Entry>)> = OnceLock::new();
        let (clock, made) = MADE.get_or_init(|| {
            let mut shop = Self::empty();
            shop.twelve_weeks();
            shop.git(&["gc", "--quiet"]);
            (shop.clock, entries(&shop.path))
        });
        let shop = Self::folder();
        for (path, bytes) in made {
            let path = shop.path.join(path);
            match bytes {
                Some(bytes) => std::fs::write(path, bytes).unwrap(),
                None => std::fs::create_dir(path).unwrap(),
            }
        }
        Self {
            clock: *clock,
            ..shop
        }
    }

    fn twelve_weeks(&mut self) {
        let mut last = String::new();
        for version in 0..12 {
            if version == 5 {
                let message = format!("Revert \"Change 4.2\"\n\nThis reverts commit {last}.");
                self.commit(&message);
            }
            for change in 0..3 {
                last = self.commit(&format!("Change {version}.{change}"));
            }
            self.wait(2 * HOUR);
            self.tag(&format!("v1.{version}.0"));
            self.wait(6 * DAY);
        }
    }

    /// Three commits on the branch, no tags.
    fn merged() -> Self {
        let mut shop = Self::empty();
        for change in 0..3 {
            shop.commit(&format!("Change {change}"));
            shop.wait(DAY);
        }
        shop
    }

    fn wait(&mut self, seconds: i64) {
        self.clock += seconds;
    }

    fn git(&self, args: &[&str]) -> String {
        git(&self.home, &self.path, self.clock, args)
    }

    fn commit(&mut self, message: &str) -> String {
        self.wait(HOUR);
        self.git(&["commit", "--quiet", "--allow-empty", "-m", message]);
        self.git(&["rev-parse", "HEAD"])
    }

    fn tag(&self, name: &str) {
        self.git(&["tag", "-a", "-m", "A version", name]);
    }

    fn write(&self, path: &str, text: &str) {
        let path = self.path.join(path);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, text).unwrap();
    }

    fn read(&self, path: &str) -> String {
        let path = self.path.join(path);
        std::fs::read_to_string(&path).unwrap_or_else(|e| panic!("{}: {e}", path.display()))
    }

    /// Every file of the ledger, by path.
    fn ledger(&self) -> BTreeMap<String, String> {
        files(&self.path.join(".dora/ledger"))
    }

    fn command(&self, folder: &Path, args: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_fivekeys"));
        command
            .args(args)
            .current_dir(folder)
            .env_clear()
            .env("PATH", std::env::var_os("PATH").unwrap())
            .env("HOME", &self.home)
            .env("GIT_CONFIG_NOSYSTEM", "1")
            .env("SOURCE_DATE_EPOCH", self.now.to_string());
        command
    }

    fn run(&self, args: &[&str]) -> Run {
        self.run_in(&self.path, args)
    }

    fn run_in(&self, folder: &Path, args: &[&str]) -> Run {
        Run::of(&self.command(folder, args).output().unwrap())
    }

    /// The default report, as JSON.
    #[track_caller]
    fn json(&self) -> Value {
        self.run(&["report", "--format", "json"]).json()
    }
}

fn git(home: &Path, folder: &Path, clock: i64, args: &[&str]) -> String {
    let date = format!("{clock} +0000");
    let done = Command::new("git")
        .current_dir(folder)
        .args(["-c", "init.defaultBranch=main"])
        .args(["-c", "user.email=ann@example.com", "-c", "user.name=Ann"])
        .args(["-c", "protocol.file.allow=always"])
        .args(args)
        .env_clear()
        .env("PATH", std::env::var_os("PATH").unwrap())
        .env("HOME", home)
        .env("GIT_CONFIG_NOSYSTEM", "1")
        .env("GIT_AUTHOR_DATE", &date)
        .env("GIT_COMMITTER_DATE", &date)
        .output()
        .unwrap();
    assert!(done.status.success(), "git {args:?}: {done:?}");
    String::from_utf8_lossy(&done.stdout).trim().to_owned()
}

/// A path below a folder, and what a file there holds.
type Entry = (PathBuf, Option<Vec<u8>>);

/// All folders and files, a folder before what is in it.
fn entries(folder: &Path) -> Vec<Entry> {
    let mut found: Vec<Entry> = Vec::new();
    let mut open = vec![folder.to_owned()];
    while let Some(at) = open.pop() {
        for entry in std::fs::read_dir(&at).unwrap() {
            let path = entry.unwrap().path();
            let name = path.strip_prefix(folder).unwrap().to_owned();
            if path.is_dir() {
                found.push((name, None));
                open.push(path);
            } else {
                found.push((name, Some(std::fs::read(&path).unwrap())));
            }
        }
    }
    found
}

/// All files by path; each of them is text.
fn files(folder: &Path) -> BTreeMap<String, String> {
    let read = entries(folder).into_iter().filter_map(|(path, bytes)| {
        let text = String::from_utf8(bytes?).unwrap();
        Some((path.to_string_lossy().into_owned(), text))
    });
    read.collect()
}

/// Effective deployments in the window.
fn deployments(report: &Value) -> u64 {
    report["overall"]["metrics"]["deployment_frequency"]["count"]
        .as_u64()
        .unwrap()
}

/// Failed deployments in the window.
fn failed(report: &Value) -> u64 {
    report["overall"]["metrics"]["change_fail_rate"]["failed"]
        .as_u64()
        .unwrap()
}

fn notes(report: &Value) -> Vec<&str> {
    let notes = report["notes"].as_array().unwrap();
    notes.iter().map(|n| n["code"].as_str().unwrap()).collect()
}

#[test]
fn the_version_is_the_package_s() {
    let shop = Shop::folder();
    assert_eq!(shop.run(&["--version"]).ok(), "fivekeys 0.1.0\n");
}

#[test]
fn help_fits_a_terminal_and_shows_examples() {
    let shop = Shop::folder();
    let commands = [
        "", "init", "report", "digest", "trend", "explain", "deploy", "incident", "verify",
        "doctor", "compact", "action",
    ];
    for command in commands {
        let args: Vec<&str> = [command, "--help"]
            .into_iter()
            .filter(|a| !a.is_empty())
            .collect();
        let help = shop.run(&args).ok();
        let long = help.lines().find(|l| l.chars().count() > 80);
        assert_eq!(long, None, "{command}");
    }
    for command in [
        "report", "digest", "explain", "deploy", "incident", "compact",
    ] {
        let help = shop.run(&[command, "--help"]).ok();
        assert!(help.contains("Examples:\n  fivekeys "), "{help}");
    }
    let help = shop.run(&["report", "--help"]).ok();
    for format in &fivekeys::render::FORMATS {
        assert!(help.contains(format.id), "{}: {help}", format.id);
    }
    let lost = shop.run(&[]);
    assert_eq!(lost.code, 2);
    assert!(lost.err.contains("Usage: fivekeys <COMMAND>"));
}

#[test]
fn a_reader_that_goes_away_is_no_failure() {
    let shop = Shop::tagged();
    for args in [
        &["report", "--verbose"][..],
        &["--help"],
        &["explain", "lt"],
    ] {
        // The reading end is closed before the program can write.
        let (reader, writer) = std::io::pipe().unwrap();
        drop(reader);
        let mut command = shop.command(&shop.path, args);
        let done = command.stdout(writer).output().unwrap();
        let err = String::from_utf8_lossy(&done.stderr);
        assert!(!err.contains("panicked"), "{err}");
        assert_eq!(done.status.code(), Some(0), "{args:?}: {err}");
    }
}
