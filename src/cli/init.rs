//! `fivekeys init`: find what exists, write the configuration, print the baseline.

use std::collections::BTreeMap;
use std::path::Path;

use serde::Deserialize;

use super::args::{InitArgs, Scope};
use super::workspace::{self, FOLDER};
use super::{Exit, Failure, question, report};
use crate::collect::git::{self, Glance};
use crate::config::{self, Config, parse_days};
use crate::event::Source;
use crate::host::{Host, disk};
use crate::ledger::Folder;
use crate::render::{self, Found, FoundFile, FoundWorkflow};

/// Largest file of an older tool that is read.
const LARGEST: u64 = 1 << 20;

/// What an older `.dora/config.json` says.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Older {
    lookback_days: Option<u32>,
    environments: BTreeMap<String, OlderEnvironment>,
    thresholds: BTreeMap<String, serde_json::Value>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct OlderEnvironment {
    state_file: Option<String>,
    is_production: bool,
}

/// Runs the command.
pub(super) fn run(host: &Host, args: &InitArgs) -> Result<Exit, Failure> {
    let lookback = args.lookback.as_deref().map(parse_days).transpose();
    let lookback = lookback.map_err(question::of_flag("--lookback"))?;
    let root = workspace::root(host)?;
    let folder = Folder::at(root.join(FOLDER));
    if args.reset {
        forget(host, &folder)?;
    }
    let path = root.join(question::CONFIG_FILES[0]);
    let exists = disk::read_text(&path, LARGEST)?.is_some();
    if exists && !args.reset {
        host.say(&format!("kept {}; --reset writes it anew", path.display()));
    } else {
        let older = take_over(host, &root)?;
        let seen = git::glance(&root, &Config::default())?;
        let found = settings(&older, seen, lookback);
        say_found(host, &found);
        let text = render::config_file(&found)?;
        // What we write must read back.
        config::parse(&text)?;
        disk::write_atomic(&path, text.as_bytes())?;
        host.say(&format!("wrote {}", path.display()));
    }
    let scope = Scope {
        window: lookback.map(|days| format!("{days}d")),
        ..Scope::default()
    };
    let workspace = workspace::open(host, &scope)?;
    let report = report::measure(host, &workspace, &scope)?;
    if let Some(nothing) = workspace.nothing() {
        return Err(nothing);
    }
    report::keep(host, &workspace, &report)?;
    let Some(format) = render::find_format("terminal") else {
        return Ok(Exit::Bug);
    };
    host.print(&(format.render)(
        &report,
        &report::terminal(host),
        &workspace.templates,
    )?)?;
    report::point_to_the_latest(host, &workspace, &report);
    host.say(
        "next: add the job of the README to your deploy workflow, then `fivekeys report` any time",
    );
    Ok(Exit::Fine)
}

/// Removes what git can tell again. What people recorded stays: nobody else knows it.
fn forget(host: &Host, folder: &Folder) -> Result<(), Failure> {
    let _lock = folder.lock()?;
    let ledger = folder.load()?;
    if !ledger.is_writable() {
        let note = workspace::unreadable(&ledger);
        return Err(Failure::usage(note.says, note.help));
    }
    let plan = ledger.without(host.now.date_naive(), |event| {
        matches!(
            event.source,
            Source::GitTags | Source::GitMerges | Source::StateFile | Source::GitLog
        )
    });
    folder.save(&plan)?;
    Ok(())
}

/// Reads the configuration of an older tool, and says what of it has no place here.
fn take_over(host: &Host, root: &Path) -> Result<Older, Failure> {
    let path = root.join(FOLDER).join("config.json");
    let Some(text) = disk::read_text(&path, LARGEST)? else {
        return Ok(Older::default());
    };
    let older: Older = serde_json::from_str(&text).map_err(|e| {
        Failure::usage(
            format!("{}: {e}", path.display()),
            Some("mend it, or move it away".to_owned()),
        )
    })?;
    host.say(&format!("took over {}", path.display()));
    for name in older.thresholds.keys() {
        if older.target(name).is_none() {
            host.say(&format!(
                "note: the threshold `{name}` is not understood; write it under `targets`"
            ));
        }
    }
    Ok(older)
}

impl Older {
    /// A threshold as a target: `lead_time_hours`, `change_failure_rate_percent`, `deployments_per_day`.
    fn target(&self, name: &str) -> Option<String> {
        const UNITS: [(&str, &str, &str); 8] = [
            ("_hours", "<=", "h"),
            ("_minutes", "<=", "m"),
            ("_seconds", "<=", "s"),
            ("_days", "<=", "d"),
            ("_percent", "<=", "%"),
            ("_per_day", ">=", "/day"),
            ("_per_week", ">=", "/week"),
            ("_per_month", ">=", "/month"),
        ];
        let value = self.thresholds.get(name)?.as_f64()?;
        UNITS.iter().find_map(|(ending, sign, unit)| {
            let metric = match name.strip_suffix(ending)? {
                "deployments" | "deploys" => "deployment_frequency",
                metric => metric,
            };
            let text = format!("{metric} {sign} {value}{unit}");
            config::parse_target(&text).is_ok().then_some(text)
        })
    }
}

/// What the written configuration has uncommented. What an older tool was told goes before what is guessed.
fn settings(older: &Older, seen: Glance, lookback: Option<u32>) -> Found {
    let days = older.lookback_days.or(lookback);
    let told: Vec<FoundFile> = older
        .environments
        .iter()
        .filter_map(|(name, environment)| {
            Some(FoundFile {
                path: environment.state_file.clone()?,
                environment: Some(name.clone()),
            })
        })
        .collect();
    let guessed = seen.state_files.into_iter().map(|path| FoundFile {
        path,
        environment: None,
    });
    let (workflows, likely_workflows) = seen
        .workflows
        .into_iter()
        .map(|like| FoundWorkflow {
            file: like.file,
            job: like.job,
            environment: like.environment,
        })
        .partition(|workflow| workflow.environment.is_some());
    Found {
        environments: older.environments.keys().cloned().collect(),
        production: older
            .environments
            .iter()
            .filter(|(_, e)| e.is_production)
            .map(|(name, _)| name.clone())
            .collect(),
        lookback: days.map(|days| format!("{days}d")),
        targets: older
            .thresholds
            .keys()
            .filter_map(|name| older.target(name))
            .collect(),
        tags: seen.tags,
        services: seen.services,
        workflows,
        likely_workflows,
        state_files: if told.is_empty() {
            guessed.collect()
        } else {
            told
        },
    }
}

/// One line for each kind of thing that was found.
fn say_found(host: &Host, found: &Found) {
    let files = |list: &[FoundWorkflow]| {
        let mut files: Vec<&str> = list.iter().map(|w| w.file.as_str()).collect();
        files.dedup();
        files.join(", ")
    };
    let paths: Vec<&str> = found.state_files.iter().map(|f| f.path.as_str()).collect();
    for (what, list) in [
        (
            "workflows that deploy to production",
            files(&found.workflows),
        ),
        (
            "workflows that look like deploys, as comments",
            files(&found.likely_workflows),
        ),
        ("state files", paths.join(", ")),
        ("a scheme of tags", found.tags.clone().unwrap_or_default()),
        ("components that tags name", found.services.join(", ")),
    ] {
        if !list.is_empty() {
            host.say(&format!("found {what}: {list}"));
        }
    }
}
