//! From the configuration as written to the configuration as meant.

use chrono_tz::Tz;

use crate::event::Span;

use super::file::{
    CommentModeFile, ConfigError, DeploymentsFile, EditionFile, FailedAttemptsFile, FailureFile,
    File, HotfixFile, LeadTimeFile, OneOrMany, RedeploysFile, ReworkFile, ServiceFile, SourceFile,
    StateFileFile, WorkflowFile,
};
use super::{
    CommentMode, Config, DeployWorkflow, Edition, Environments, FailedAttempts, Globs,
    MOST_PROMISES, PatternError, Profile, Redeploys, Service, SourceChoice, StateFile, TagPattern,
    TargetError, WeekStart, parse_days, parse_guardrail, parse_seconds, parse_target,
};

/// Reads every key.
///
/// # Errors
/// When a value has no meaning.
pub(super) fn of(file: File) -> Result<Config, ConfigError> {
    let File {
        environments,
        services,
        source,
        tags,
        window,
        lookback,
        timezone,
        failure,
        hotfix,
        rework,
        redeploys,
        benchmark,
        comment,
        workflows,
        state_files,
        prereleases,
        incidents,
        ai,
        corrections,
        templates,
        targets,
        guardrails,
        week_start,
        lead_time,
        deployments,
    } = file;
    let mut config = Config::default();
    if let Some(list) = environments {
        config.environments = Environments::new(&listed(list)).map_err(value("environments"))?;
    }
    for (name, written) in services {
        let service = service(&name, &written)?;
        config.services.insert(name, service);
    }
    sources(&mut config, source, &workflows, state_files)?;
    config.prereleases = prereleases;
    config.incident_labels = incidents.labels.unwrap_or(config.incident_labels);
    config.ai_labels = ai.labels.unwrap_or(config.ai_labels);
    let path = |key, path: Option<String>| path.map(|path| within(key, &path)).transpose();
    config.corrections = path("corrections", corrections)?.unwrap_or(config.corrections);
    config.templates = path("templates", templates)?;
    config.targets = promises("targets", &targets, parse_target)?;
    config.guardrails = promises("guardrails", &guardrails, parse_guardrail)?;
    if let Some(tags) = tags {
        config.tags = TagPattern::new(&tags).map_err(value("tags"))?;
    }
    days("window", window.as_deref(), &mut config.window_days)?;
    days("lookback", lookback.as_deref(), &mut config.lookback_days)?;
    if let Some(zone) = timezone {
        config.timezone = parse_zone(&zone)?;
    }
    config.profile = profile(&lead_time, &deployments, failure.remediation, week_start);
    rules(&mut config, failure, hotfix, rework, redeploys.as_ref())?;
    if let Some(edition) = benchmark {
        config.benchmark = read_edition(&edition)?;
    }
    config.comment = comment.mode.map_or(config.comment, comment_mode);
    config.max_comments = comment.max.unwrap_or(config.max_comments).min(50);
    Ok(config)
}

fn comment_mode(written: CommentModeFile) -> CommentMode {
    match written {
        CommentModeFile::Off => CommentMode::Off,
        CommentModeFile::Shipped => CommentMode::Shipped,
        CommentModeFile::Preview => CommentMode::Preview,
        CommentModeFile::All => CommentMode::All,
    }
}

fn profile(
    lead_time: &LeadTimeFile,
    deployments: &DeploymentsFile,
    remediation: Option<bool>,
    week_start: WeekStart,
) -> Profile {
    Profile {
        lead_start: lead_time.start,
        lead_unit: lead_time.unit,
        aggregate: lead_time.aggregate,
        cancelled: deployments.cancelled,
        baseline: lead_time.baseline,
        time: deployments.time,
        remediation: remediation.unwrap_or(true),
        week_start,
    }
}

/// A list, or one text with commas.
fn listed(written: OneOrMany) -> Vec<String> {
    match written {
        OneOrMany::One(one) => one.split(',').map(|s| s.trim().to_owned()).collect(),
        OneOrMany::Many(many) => many,
    }
}

/// A path that stays in the repository.
fn within(key: &str, path: &str) -> Result<String, ConfigError> {
    let leaves = path.trim().is_empty()
        || path.starts_with(['/', '\\', '~'])
        || path.contains(':')
        || path.split(['/', '\\']).any(|part| part == "..");
    if leaves {
        return Err(ConfigError::Value {
            key: key.to_owned(),
            what: "it must be a path in the repository".to_owned(),
        });
    }
    Ok(path.trim_end_matches('/').to_owned())
}

fn sources(
    config: &mut Config,
    source: Option<SourceFile>,
    workflows: &[WorkflowFile],
    state_files: Vec<StateFileFile>,
) -> Result<(), ConfigError> {
    config.source = source.map_or(SourceChoice::Auto, |s| match s {
        SourceFile::Auto => SourceChoice::Auto,
        SourceFile::Deployments => SourceChoice::Deployments,
        SourceFile::Workflows => SourceChoice::Workflows,
        SourceFile::Releases => SourceChoice::Releases,
        SourceFile::Tags => SourceChoice::Tags,
        SourceFile::State => SourceChoice::State,
        SourceFile::Merges => SourceChoice::Merges,
    });
    for written in workflows {
        let glob = |text: &String| Globs::new(std::slice::from_ref(text), false);
        let job = written.job.as_ref().map(glob).transpose();
        config.workflows.push(DeployWorkflow {
            file: glob(&written.file).map_err(value("workflows.file"))?,
            job: job.map_err(value("workflows.job"))?,
            environment: written.environment.clone(),
            service: written.service.clone(),
        });
    }
    config.state_files = state_files
        .into_iter()
        .map(|written| StateFile {
            path: written.path,
            environment: written.environment,
            service: written.service,
        })
        .collect();
    Ok(())
}

fn service(name: &str, written: &ServiceFile) -> Result<Service, ConfigError> {
    let key = format!("services.{name}");
    let tags = written.tags.as_deref().map(TagPattern::new).transpose();
    Ok(Service {
        paths: Globs::new(&written.paths, true).map_err(value(&key))?,
        tags: tags.map_err(value(&key))?,
        environments: Globs::new(&written.environments, false).map_err(value(&key))?,
        workflows: Globs::new(&written.workflows, false).map_err(value(&key))?,
    })
}

fn rules(
    config: &mut Config,
    failure: FailureFile,
    hotfix: HotfixFile,
    rework: ReworkFile,
    redeploys: Option<&RedeploysFile>,
) -> Result<(), ConfigError> {
    let rules = &mut config.rules;
    if let Some(FailedAttemptsFile::Count) = failure.failed_attempts {
        rules.failed_attempts = FailedAttempts::Count;
    }
    if let Some(RedeploysFile::Drop) = redeploys {
        rules.redeploys = Redeploys::Drop;
    }
    for (key, written, slot) in [
        (
            "failure.incident_horizon",
            failure.incident_horizon,
            &mut rules.incident_horizon_seconds,
        ),
        (
            "failure.revert_horizon",
            failure.revert_horizon,
            &mut rules.revert_horizon_seconds,
        ),
        (
            "failure.rollback_grace",
            failure.rollback_grace,
            &mut rules.rollback_grace_seconds,
        ),
    ] {
        if let Some(written) = written {
            if key == "failure.incident_horizon" && written.trim() == "unlimited" {
                *slot = Span::MAX;
                continue;
            }
            *slot = parse_seconds(&written).map_err(text_value(key))?;
        }
    }
    if let Some(labels) = failure.labels {
        rules.failure_labels = labels;
    }
    if let Some(labels) = failure.cleared_labels {
        rules.cleared_labels = labels;
    }
    if let Some(labels) = hotfix.labels {
        rules.hotfix_labels = labels;
    }
    if let Some(tags) = hotfix.tags {
        rules.hotfix_tags = Some(TagPattern::new(&tags).map_err(value("hotfix.tags"))?);
    }
    if let Some(labels) = rework.labels {
        rules.rework_labels = labels;
    }
    Ok(())
}

fn promises<T>(
    key: &'static str,
    written: &[String],
    read: impl Fn(&str) -> Result<T, TargetError>,
) -> Result<Vec<T>, ConfigError> {
    if written.len() > MOST_PROMISES {
        return Err(ConfigError::Value {
            key: key.to_owned(),
            what: format!("{} are written; the most is {MOST_PROMISES}", written.len()),
        });
    }
    let place = None;
    written
        .iter()
        .map(|text| read(text).map_err(|error| ConfigError::Promise { key, place, error }))
        .collect()
}

fn days(key: &str, written: Option<&str>, slot: &mut u32) -> Result<(), ConfigError> {
    if let Some(written) = written {
        *slot = parse_days(written).map_err(text_value(key))?;
    }
    Ok(())
}

fn parse_zone(zone: &str) -> Result<Tz, ConfigError> {
    zone.parse().map_err(|_| ConfigError::Value {
        key: "timezone".to_owned(),
        what: format!("`{zone}` is not an IANA time zone such as Europe/Berlin"),
    })
}

fn read_edition(written: &EditionFile) -> Result<Edition, ConfigError> {
    let name = match written {
        EditionFile::Year(year) => year.to_string(),
        EditionFile::Name(name) => name.clone(),
    };
    [
        Edition::Y2019,
        Edition::Y2021,
        Edition::Y2023,
        Edition::Y2024,
        Edition::Seed,
        Edition::None,
    ]
    .into_iter()
    .find(|edition| edition.name() == name)
    .ok_or_else(|| ConfigError::Value {
        key: "benchmark".to_owned(),
        what: format!("`{name}` is not an edition; use 2019, 2021, 2023, 2024, seed or none"),
    })
}

fn value(key: &str) -> impl Fn(PatternError) -> ConfigError + '_ {
    move |error| ConfigError::Value {
        key: key.to_owned(),
        what: error.to_string(),
    }
}

fn text_value<E: std::fmt::Display>(key: &str) -> impl Fn(E) -> ConfigError + '_ {
    move |error| ConfigError::Value {
        key: key.to_owned(),
        what: error.to_string(),
    }
}
