//! From what was typed to what is asked: configuration, window, scope.

use std::path::{Path, PathBuf};

use super::args::{Scope, SourceArg};
use super::{Failure, period};
use crate::adapter::{Corrections, HistorySettings};
use crate::config::{
    self, Config, ConfigError, Environments, FailedAttempts, Globs, Service, SourceChoice,
    TagPattern, parse_days,
};
use crate::event::{Instant, Window, parse_instant};
use crate::host::{Host, disk};
use crate::render::Templates;
use crate::report::Ask;

/// Where a configuration is looked for, in this order.
pub(super) const CONFIG_FILES: [&str; 2] = [".github/fivekeys.yml", ".fivekeys.yml"];
/// Largest configuration that is read.
const LARGEST_CONFIG: u64 = 1 << 20;

/// Reads the configuration of a clone; without a file it is all defaults.
pub(super) fn read_config(root: &Path, given: Option<&Path>) -> Result<Config, Failure> {
    let candidates: Vec<PathBuf> = match given {
        Some(path) => vec![path.to_owned()],
        None => CONFIG_FILES.iter().map(|f| root.join(f)).collect(),
    };
    for path in &candidates {
        if let Some(text) = disk::read_text(path, LARGEST_CONFIG)? {
            return config::parse(&text)
                .map_err(|e| Failure::from(e).during(format!("cannot use {}", path.display())));
        }
    }
    match given {
        Some(path) => Err(Failure::usage(
            format!("there is no {}", path.display()),
            None,
        )),
        None => Ok(Config::default()),
    }
}

/// Reads the file of corrections of a clone; without one nothing is corrected.
pub(super) fn read_corrections(root: &Path, config: &Config) -> Result<Corrections, Failure> {
    let path = root.join(&config.corrections);
    let text = disk::read_text(&path, LARGEST_CONFIG)?.unwrap_or_default();
    Corrections::parse(&text).map_err(|e| {
        Failure::from(ConfigError::Shape(e)).during(format!("cannot use {}", path.display()))
    })
}

/// Reads the templates of a clone that take the place of the built-in ones.
pub(super) fn read_templates(root: &Path, config: &Config) -> Result<Templates, Failure> {
    let mut templates = Templates::default();
    let Some(folder) = &config.templates else {
        return Ok(templates);
    };
    let files = disk::list_files(&root.join(folder))?;
    if files.is_empty() {
        return Err(Failure::usage(
            format!("`templates`: there is no file in {folder}"),
            Some("name a folder of this clone, or leave `templates` out".to_owned()),
        ));
    }
    let right_there = |file: &&PathBuf| file.components().count() == 1;
    for file in files.iter().filter(right_there) {
        if file.extension().is_some_and(|ending| ending == "j2") {
            let path = Path::new(folder).join(file);
            let text = disk::read_text_below(root, &path, LARGEST_CONFIG)?.unwrap_or_default();
            templates.replace(&path.to_string_lossy(), &text)?;
        }
    }
    Ok(templates)
}

/// Puts what was typed over what is configured.
pub(super) fn override_config(config: &mut Config, scope: &Scope) -> Result<(), Failure> {
    if let Some(globs) = &scope.environment {
        let list: Vec<String> = globs.split(',').map(|g| g.trim().to_owned()).collect();
        config.environments = Environments::new(&list).map_err(of_flag("--environment"))?;
    }
    if let Some(pattern) = &scope.tags {
        config.tags = TagPattern::new(pattern).map_err(of_flag("--tags"))?;
    }
    if let Some(zone) = &scope.timezone {
        config.timezone = zone.parse().map_err(|_| {
            Failure::from(ConfigError::Value {
                key: "--timezone".to_owned(),
                what: format!("`{zone}` is not an IANA time zone such as Europe/Berlin"),
            })
        })?;
    }
    if let Some(window) = &scope.window {
        config.window_days = parse_days(window).map_err(of_flag("--window"))?;
    }
    match scope.source {
        Some(SourceArg::Auto) => config.source = SourceChoice::Auto,
        Some(SourceArg::Tags) => config.source = SourceChoice::Tags,
        Some(SourceArg::Merges) => config.source = SourceChoice::Merges,
        None => {}
    }
    Ok(())
}

/// Names the flag that a wrong value was typed after.
pub(super) fn of_flag<E: Into<Failure>>(flag: &'static str) -> impl Fn(E) -> Failure {
    move |error| error.into().during(format!("cannot use `{flag}`"))
}

/// What of the configuration a history file brings along.
pub(super) fn apply_settings(
    config: &mut Config,
    settings: &HistorySettings,
) -> Result<(), Failure> {
    if let Some(list) = &settings.environments {
        config.environments = Environments::new(list)?;
    }
    if let Some(bands) = &settings.bands {
        config.benchmark = config::parse(&format!("benchmark: \"{bands}\""))?.benchmark;
    }
    if let Some(day) = &settings.week_start {
        let key = format!("week_start: \"{}\"", day.to_lowercase());
        config.profile.week_start = config::parse(&key)?.profile.week_start;
    }
    match settings.failed_attempts.as_deref() {
        None | Some("separate") => {}
        Some("count") => config.rules.failed_attempts = FailedAttempts::Count,
        Some(other) => {
            let message =
                format!("settings.failed_attempts: `{other}` is neither separate nor count");
            return Err(Failure::usage(message, None));
        }
    }
    for (name, paths) in &settings.paths {
        let service: &mut Service = config.services.entry(name.clone()).or_default();
        service.paths = Globs::new(paths, true)?;
    }
    Ok(())
}

/// What counts as now.
pub(super) fn now(host: &Host, scope: &Scope) -> Result<Instant, Failure> {
    let given = scope.as_of.as_deref().map(parse_instant).transpose();
    Ok(given.map_err(of_flag("--as-of"))?.unwrap_or(host.now))
}

/// The window that was asked for.
pub(super) fn ask(host: &Host, config: &Config, scope: &Scope) -> Result<Ask, Failure> {
    let instant = |flag, text: &Option<String>| -> Result<Option<Instant>, Failure> {
        text.as_deref()
            .map(parse_instant)
            .transpose()
            .map_err(of_flag(flag))
    };
    let (since, until) = (
        instant("--since", &scope.since)?,
        instant("--until", &scope.until)?,
    );
    let now = now(host, scope)?;
    // Nothing has happened yet after now: a window that reaches further would look as if its history were short.
    let to = until.map_or(now, |until| until.min(now));
    let named = period::named(scope, config, now)?;
    let window = named.unwrap_or_else(|| match since {
        Some(from) => Window { from, to },
        None => Window::last_days(to, config.window_days),
    });
    if window.from >= window.to {
        return Err(Failure::usage(
            "the window ends before it begins",
            Some("give --since before --until".to_owned()),
        ));
    }
    Ok(Ask {
        window,
        now,
        repository: None,
        notes: Vec::new(),
    })
}

/// There is no such service; which there are.
pub(super) fn no_service(name: &str, known: &[String]) -> Failure {
    let help = if known.is_empty() {
        "this repository has one service without a name; leave --service out".to_owned()
    } else {
        format!("services are {}", known.join(", "))
    };
    Failure::usage(format!("there is no service `{name}`"), Some(help))
}
