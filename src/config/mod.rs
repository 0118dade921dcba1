//! What the team counts, promises and wants delivered: the configuration as meant, defaults filled in.

mod duration;
mod file;
mod rule;
mod shape;

use std::collections::BTreeMap;

use chrono_tz::Tz;

pub use duration::{DurationError, parse_days, parse_seconds};
pub use file::{ConfigError, parse};
pub use rule::{Environments, FailedAttempts, Globs, PatternError, Redeploys, Rules, TagPattern};
pub use shape::ShapeError;

/// Where deployments are read from (rule U1).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum SourceChoice {
    /// The first of the list that has any.
    #[default]
    Auto,
    /// GitHub deployments.
    Deployments,
    /// Tags.
    Tags,
    /// First-parent commits of the default branch.
    Merges,
}

/// What is written on pull requests.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum CommentMode {
    /// Nothing.
    Off,
    /// One comment on each shipped pull request.
    #[default]
    Shipped,
}

/// The edition that bands are named by.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Edition {
    /// DORA 2019.
    Y2019,
    /// DORA 2021.
    Y2021,
    /// DORA 2023.
    Y2023,
    /// DORA 2024.
    #[default]
    Y2024,
    /// No bands.
    None,
}

impl Edition {
    /// As written in configuration and printed beside a band.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Y2019 => "2019",
            Self::Y2021 => "2021",
            Self::Y2023 => "2023",
            Self::Y2024 => "2024",
            Self::None => "none",
        }
    }
}

/// One deployable component of the repository.
#[derive(Debug, Clone, Default)]
pub struct Service {
    /// Paths that belong to it; empty: every change belongs to it.
    pub paths: Globs,
    /// Its own deployment tags.
    pub tags: Option<TagPattern>,
}

/// The configuration, validated.
#[derive(Debug, Clone)]
pub struct Config {
    /// Which environments are production.
    pub environments: Environments,
    /// Components by name; empty: the repository is one.
    pub services: BTreeMap<String, Service>,
    /// Where deployments are read from.
    pub source: SourceChoice,
    /// Which tags are deployments.
    pub tags: TagPattern,
    /// Length of the window in days.
    pub window_days: u32,
    /// How far back the first run looks.
    pub lookback_days: u32,
    /// Days and weeks are this zone's.
    pub timezone: Tz,
    /// How deployments are judged.
    pub rules: Rules,
    /// Edition of the bands.
    pub benchmark: Edition,
    /// Comments on pull requests.
    pub comment: CommentMode,
    /// Most comments a run writes.
    pub max_comments: usize,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            environments: Environments::default(),
            services: BTreeMap::new(),
            source: SourceChoice::default(),
            tags: TagPattern::default(),
            window_days: 90,
            lookback_days: 365,
            timezone: Tz::UTC,
            rules: Rules::default(),
            benchmark: Edition::default(),
            comment: CommentMode::default(),
            max_comments: 10,
        }
    }
}

impl Config {
    /// Every parameter that can move a number, by the name it has in the file; sorted, so that it can be hashed.
    #[must_use]
    pub fn parameters(&self) -> BTreeMap<String, String> {
        let mut out = BTreeMap::new();
        let mut put = |key: &str, value: String| {
            out.insert(key.to_owned(), value);
        };
        put("environments", self.environments.describe());
        put("tags", self.tags.describe());
        put("timezone", self.timezone.name().to_owned());
        put("benchmark", self.benchmark.name().to_owned());
        for (key, value) in self.rules.parameters() {
            put(key, value);
        }
        for (name, service) in &self.services {
            put(&format!("services.{name}.paths"), service.paths.describe());
            if let Some(tags) = &service.tags {
                put(&format!("services.{name}.tags"), tags.describe());
            }
        }
        out
    }
}
