//! The configuration as written: `.github/fivekeys.yml`, with errors that name the place and a near match.

use std::collections::BTreeMap;

use chrono_tz::Tz;
use serde::Deserialize;

use super::{
    CommentMode, Config, Edition, Environments, FailedAttempts, Globs, PatternError, Redeploys,
    Service, ShapeError, SourceChoice, TagPattern, parse_days, parse_seconds,
};

/// A configuration that cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum ConfigError {
    /// Not YAML, or not of this shape.
    #[error(transparent)]
    Shape(ShapeError),
    /// A value that does not mean anything.
    #[error("`{key}`: {what}")]
    Value {
        /// Path of the key.
        key: String,
        /// What is wrong.
        what: String,
    },
}

impl ConfigError {
    /// What to do about it.
    #[must_use]
    pub fn help(&self) -> Option<&str> {
        match self {
            Self::Shape(shape) => shape.help.as_deref(),
            Self::Value { .. } => None,
        }
    }

    /// Line and column in the file, where they are known.
    #[must_use]
    pub fn place(&self) -> Option<(usize, usize)> {
        match self {
            Self::Shape(shape) => shape.place,
            Self::Value { .. } => None,
        }
    }
}

/// The file's keys.
#[derive(Debug, Default, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields, default)]
struct File {
    /// Environments that are production, as globs. Default: names that begin with production, prod, prd or live.
    environments: Option<OneOrMany>,
    /// Deployable components of this repository, by name.
    services: BTreeMap<String, ServiceFile>,
    /// Where deployments are read from: auto, deployments, tags or merges.
    source: Option<SourceFile>,
    /// Which tags are deployments: a regular expression; a group called service names the component.
    tags: Option<String>,
    /// Length of the window, such as 90d.
    window: Option<String>,
    /// How far back the first run looks, such as 365d.
    lookback: Option<String>,
    /// IANA time zone of days and weeks.
    timezone: Option<String>,
    /// What counts as a failed deployment.
    failure: FailureFile,
    /// What makes a deployment a hotfix.
    hotfix: HotfixFile,
    /// What makes a deployment rework.
    rework: ReworkFile,
    /// The same version deployed again: count or drop.
    redeploys: Option<RedeploysFile>,
    /// Edition of the bands: 2019, 2021, 2023, 2024 or none.
    benchmark: Option<EditionFile>,
    /// Comments on pull requests.
    comment: CommentFile,
}

#[derive(Debug, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(untagged, expecting = "a text or a list of texts")]
enum OneOrMany {
    One(String),
    Many(Vec<String>),
}

#[derive(Debug, Default, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields, default)]
struct ServiceFile {
    /// Paths that belong to the service, as globs.
    paths: Vec<String>,
    /// Its own deployment tags, as a regular expression.
    tags: Option<String>,
}

#[derive(Debug, Default, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields, default)]
struct FailureFile {
    /// Attempts that took no effect: separate (shown beside the rate) or count (part of it).
    failed_attempts: Option<FailedAttemptsFile>,
    /// How long after a deployment an incident is blamed on it by time alone.
    incident_horizon: Option<String>,
    /// How long after a delivery a revert of it is a failure.
    revert_horizon: Option<String>,
    /// A rollback faster than this is a race of two promotions.
    rollback_grace: Option<String>,
}

#[derive(Debug, Default, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields, default)]
struct HotfixFile {
    /// Labels of pull requests and deployments.
    labels: Option<Vec<String>>,
    /// Tags or refs, as a regular expression.
    tags: Option<String>,
}

#[derive(Debug, Default, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields, default)]
struct ReworkFile {
    /// Labels of pull requests and deployments.
    labels: Option<Vec<String>>,
}

#[derive(Debug, Default, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields, default)]
struct CommentFile {
    /// off or shipped.
    mode: Option<CommentModeFile>,
    /// Most comments a run writes.
    max: Option<usize>,
}

#[derive(Debug, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "lowercase")]
enum SourceFile {
    Auto,
    Deployments,
    Tags,
    Merges,
}

#[derive(Debug, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "lowercase")]
enum FailedAttemptsFile {
    Separate,
    Count,
}

#[derive(Debug, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "lowercase")]
enum RedeploysFile {
    Count,
    Drop,
}

#[derive(Debug, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "lowercase")]
enum CommentModeFile {
    Off,
    Shipped,
}

/// `2024` and `"2024"` both read.
#[derive(Debug, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(untagged, expecting = "2019, 2021, 2023, 2024 or none")]
enum EditionFile {
    Year(u16),
    Name(String),
}

/// Reads a configuration; an empty text is all defaults.
///
/// # Errors
/// When it is not YAML, has a key that does not exist, or a value without meaning.
pub fn parse(text: &str) -> Result<Config, ConfigError> {
    if text
        .lines()
        .all(|l| l.trim().is_empty() || l.trim_start().starts_with('#'))
    {
        return Ok(Config::default());
    }
    let file: File = serde_yaml::from_str(text).map_err(|e| {
        let place = e.location().map(|at| (at.line(), at.column()));
        ConfigError::Shape(ShapeError::new(&e.to_string(), place))
    })?;
    validate(file)
}

fn validate(file: File) -> Result<Config, ConfigError> {
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
    } = file;
    let mut config = Config::default();
    if let Some(list) = environments {
        let list = match list {
            OneOrMany::One(one) => one.split(',').map(|s| s.trim().to_owned()).collect(),
            OneOrMany::Many(many) => many,
        };
        config.environments = Environments::new(&list).map_err(value("environments"))?;
    }
    for (name, written) in services {
        let service = service(&name, &written)?;
        config.services.insert(name, service);
    }
    config.source = source.map_or(SourceChoice::Auto, |s| match s {
        SourceFile::Auto => SourceChoice::Auto,
        SourceFile::Deployments => SourceChoice::Deployments,
        SourceFile::Tags => SourceChoice::Tags,
        SourceFile::Merges => SourceChoice::Merges,
    });
    if let Some(tags) = tags {
        config.tags = TagPattern::new(&tags).map_err(value("tags"))?;
    }
    if let Some(window) = window {
        config.window_days = parse_days(&window).map_err(text_value("window"))?;
    }
    if let Some(lookback) = lookback {
        config.lookback_days = parse_days(&lookback).map_err(text_value("lookback"))?;
    }
    if let Some(zone) = timezone {
        config.timezone = parse_zone(&zone)?;
    }
    rules(&mut config, failure, hotfix, rework, redeploys.as_ref())?;
    if let Some(edition) = benchmark {
        config.benchmark = read_edition(&edition)?;
    }
    if let Some(mode) = comment.mode {
        config.comment = match mode {
            CommentModeFile::Off => CommentMode::Off,
            CommentModeFile::Shipped => CommentMode::Shipped,
        };
    }
    config.max_comments = comment.max.unwrap_or(config.max_comments).min(50);
    Ok(config)
}

fn service(name: &str, written: &ServiceFile) -> Result<Service, ConfigError> {
    let key = format!("services.{name}");
    let tags = written.tags.as_deref().map(TagPattern::new).transpose();
    Ok(Service {
        paths: Globs::new(&written.paths, true).map_err(value(&key))?,
        tags: tags.map_err(value(&key))?,
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
            *slot = parse_seconds(&written).map_err(text_value(key))?;
        }
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
        Edition::None,
    ]
    .into_iter()
    .find(|edition| edition.name() == name)
    .ok_or_else(|| ConfigError::Value {
        key: "benchmark".to_owned(),
        what: format!("`{name}` is not an edition; use 2019, 2021, 2023, 2024 or none"),
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_typo_is_named_with_its_place_and_a_near_match() {
        let error = parse("window: 30d\nenviroments: [production]\n").unwrap_err();
        assert_eq!(error.place(), Some((2, 1)));
        assert_eq!(error.help(), Some("did you mean `environments`?"));
        assert!(
            error.to_string().contains("unknown key `enviroments`"),
            "{error}"
        );
    }

    #[test]
    fn values_without_meaning_name_their_key() {
        for (text, key) in [
            ("window: soon", "`window`"),
            ("timezone: Mars/Olympus", "`timezone`"),
            ("tags: '('", "`tags`"),
            ("benchmark: 1999", "`benchmark`"),
        ] {
            let error = parse(text).unwrap_err().to_string();
            assert!(error.contains(key), "{text}: {error}");
        }
    }

    #[test]
    fn an_empty_file_and_a_file_of_comments_are_all_defaults() {
        assert_eq!(parse("").unwrap().window_days, 90);
        assert_eq!(parse("# nothing\n\n").unwrap().max_comments, 10);
    }

    #[test]
    #[expect(
        clippy::disallowed_methods,
        reason = "a test that keeps a file current"
    )]
    fn the_schema_is_current() {
        let mut text = serde_json::to_string_pretty(&schemars::schema_for!(File)).unwrap();
        text.push('\n');
        let path = concat!(env!("CARGO_MANIFEST_DIR"), "/fivekeys.schema.json");
        if std::env::var_os("UPDATE_DOCS").is_some() {
            std::fs::write(path, &text).unwrap();
        }
        let written = std::fs::read_to_string(path).unwrap_or_default();
        assert!(
            written == text,
            "run UPDATE_DOCS=1 cargo test the_schema_is_current"
        );
    }
}
