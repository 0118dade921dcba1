//! What the team counts, promises and wants delivered: the configuration as meant, defaults filled in.

mod duration;
mod file;
mod meaning;
mod profile;
mod rule;
mod shape;
mod target;
mod yaml;

use std::collections::BTreeMap;

use chrono_tz::Tz;

use crate::event::{Calendar, Deployment};

pub use duration::{DurationError, parse_days, parse_seconds};
pub use file::{ConfigError, parse};
pub use profile::{
    Aggregate, Baseline, Cancelled, DeploymentTime, LeadStart, LeadUnit, Profile, WeekStart,
};
pub use rule::{
    Environments, FailedAttempts, Globs, PatternError, Redeploys, Rules, TagPattern, parse_pattern,
};
pub use shape::ShapeError;
pub use target::{
    Bound, Guardrail, MOST_PROMISES, Measure, Movement, Quantity, Target, TargetError,
    parse_guardrail, parse_target,
};
pub use yaml::{LONGEST_YAML, parse_yaml};

/// Where deployments are read from (rule U1).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum SourceChoice {
    /// The first of the list that has any.
    #[default]
    Auto,
    /// GitHub deployments.
    Deployments,
    /// Workflow runs and jobs that the configuration names.
    Workflows,
    /// GitHub releases.
    Releases,
    /// Tags.
    Tags,
    /// Files whose git history is the log of deployments.
    State,
    /// First-parent commits of the default branch.
    Merges,
}

impl SourceChoice {
    /// As written in the configuration.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Auto => "auto",
            Self::Deployments => "deployments",
            Self::Workflows => "workflows",
            Self::Releases => "releases",
            Self::Tags => "tags",
            Self::State => "state",
            Self::Merges => "merges",
        }
    }
}

/// What is written on pull requests.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum CommentMode {
    /// Nothing.
    Off,
    /// One comment on each shipped pull request.
    #[default]
    Shipped,
    /// One on each open pull request, updated in place.
    Preview,
    /// Both.
    All,
}

impl CommentMode {
    /// The word of the configuration and of the input `comment`.
    #[must_use]
    pub fn named(word: &str) -> Option<Self> {
        Some(match word {
            "off" => Self::Off,
            "shipped" => Self::Shipped,
            "preview" => Self::Preview,
            "all" => Self::All,
            _ => return None,
        })
    }

    /// Shipped pull requests are told.
    #[must_use]
    pub fn tells_shipped(self) -> bool {
        matches!(self, Self::Shipped | Self::All)
    }

    /// Open pull requests are told.
    #[must_use]
    pub fn tells_open(self) -> bool {
        matches!(self, Self::Preview | Self::All)
    }
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
    /// One threshold a metric, of the idea this project began with; no report of DORA.
    Seed,
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
            Self::Seed => "seed",
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
    /// Environments that are its own.
    pub environments: Globs,
    /// Files of the workflows that deploy it.
    pub workflows: Globs,
}

/// A workflow whose runs are deployments.
#[derive(Debug, Clone)]
pub struct DeployWorkflow {
    /// Its file.
    pub file: Globs,
    /// The job that deploys; `None`: the whole run.
    pub job: Option<Globs>,
    /// Where it deploys to; `None`: the default name of production.
    pub environment: Option<String>,
    /// What it deploys.
    pub service: Option<String>,
}

impl DeployWorkflow {
    /// Whether it is written in this file, given without its folder.
    #[must_use]
    pub fn is(&self, file: &str) -> bool {
        self.file.matches(file) || self.file.matches(&format!(".github/workflows/{file}"))
    }

    fn describe(&self) -> String {
        let job = self.job.as_ref().map(Globs::describe);
        let rest = [
            job.as_deref(),
            self.environment.as_deref(),
            self.service.as_deref(),
        ];
        let rest: Vec<&str> = rest.into_iter().map(Option::unwrap_or_default).collect();
        format!("{}, {}", self.file.describe(), rest.join(", "))
    }
}

/// A file whose git history is the log of deployments.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StateFile {
    /// Path in the repository.
    pub path: String,
    /// Environment, where the file does not say it.
    pub environment: Option<String>,
    /// Component, where the file does not say it.
    pub service: Option<String>,
}

impl StateFile {
    fn describe(&self) -> String {
        let environment = self.environment.as_deref().unwrap_or_default();
        let service = self.service.as_deref().unwrap_or_default();
        format!("{}, {environment}, {service}", self.path)
    }
}

/// What people commonly call the labels of changes that an AI agent took part in.
const AI_LABELS: [&str; 2] = ["ai-assisted", "ai-generated"];

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
    /// Workflows whose runs are deployments.
    pub workflows: Vec<DeployWorkflow>,
    /// Files whose git history is the log of deployments.
    pub state_files: Vec<StateFile>,
    /// A pre-release is a deployment.
    pub prereleases: bool,
    /// Labels of the issues that are incidents.
    pub incident_labels: Vec<String>,
    /// Labels of pull requests that an AI agent took part in.
    pub ai_labels: Vec<String>,
    /// Path of the reviewed file of corrections.
    pub corrections: String,
    /// Folder of templates that take the place of the built-in ones.
    pub templates: Option<String>,
    /// What the team has promised.
    pub targets: Vec<Target>,
    /// What must not get worse.
    pub guardrails: Vec<Guardrail>,
    /// Length of the window in days.
    pub window_days: u32,
    /// How far back the first run looks.
    pub lookback_days: u32,
    /// Days and weeks are this zone's.
    pub timezone: Tz,
    /// How deployments are judged.
    pub rules: Rules,
    /// Rules that other tools have otherwise.
    pub profile: Profile,
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
            workflows: Vec::new(),
            state_files: Vec::new(),
            prereleases: false,
            incident_labels: vec!["incident".to_owned()],
            ai_labels: AI_LABELS.map(str::to_owned).to_vec(),
            corrections: ".github/fivekeys-corrections.yml".to_owned(),
            templates: None,
            targets: Vec::new(),
            guardrails: Vec::new(),
            window_days: 90,
            lookback_days: 365,
            timezone: Tz::UTC,
            rules: Rules::default(),
            profile: Profile::default(),
            benchmark: Edition::default(),
            comment: CommentMode::default(),
            max_comments: 10,
        }
    }
}

impl Config {
    /// Days, weeks and months as this team counts them (rule W2).
    #[must_use]
    pub fn calendar(&self) -> Calendar {
        Calendar {
            zone: self.timezone,
            week_start: self.profile.week_start.day(),
        }
    }

    /// The services that a deployment is of (rule LT11): the one it names; else those whose own environments and
    /// workflows fit; else none, which is the repository as a whole. A workflow that is not known fits no list alone.
    #[must_use]
    pub fn services_of<'a>(&'a self, deployment: &'a Deployment) -> Vec<Option<&'a str>> {
        if let Some(name) = deployment.service.as_deref() {
            return vec![Some(name)];
        }
        let workflow = deployment.workflow.as_deref();
        let fits = |service: &Service| {
            let by_place = (!service.environments.is_empty())
                .then(|| service.environments.matches(&deployment.environment));
            let by_workflow = workflow
                .filter(|_| !service.workflows.is_empty())
                .map(|file| service.workflows.matches(file));
            by_place.or(by_workflow).is_some()
                && by_place != Some(false)
                && by_workflow != Some(false)
        };
        let found = self.services.iter().filter(|(_, service)| fits(service));
        let names: Vec<Option<&str>> = found.map(|(name, _)| Some(name.as_str())).collect();
        if names.is_empty() { vec![None] } else { names }
    }

    /// Whether services are told apart by the paths of changes.
    #[must_use]
    pub fn tells_services_by_path(&self) -> bool {
        self.services
            .values()
            .any(|service| !service.paths.is_empty())
    }

    /// Whether the configuration names this workflow file as one that deploys.
    #[must_use]
    pub fn is_deploy_workflow(&self, file: &str) -> bool {
        self.workflows.iter().any(|w| w.file.matches(file))
            || self.services.values().any(|s| s.workflows.matches(file))
    }

    /// Every parameter that can move a number, by the name it has in the file; sorted, so that it can be hashed.
    #[must_use]
    pub fn parameters(&self) -> BTreeMap<String, String> {
        let mut out = BTreeMap::new();
        let mut put = |key: &str, value: String| {
            out.insert(key.to_owned(), value);
        };
        put("environments", self.environments.describe());
        put("source", self.source.name().to_owned());
        put("tags", self.tags.describe());
        put("prereleases", self.prereleases.to_string());
        put("incidents.labels", self.incident_labels.join(", "));
        // Younger than the fingerprints that ledgers hold: the default leaves those as they are.
        if self.ai_labels != AI_LABELS {
            put("ai.labels", self.ai_labels.join(", "));
        }
        put("corrections", self.corrections.clone());
        for (n, workflow) in self.workflows.iter().enumerate() {
            put(&format!("workflows.{n}"), workflow.describe());
        }
        for (n, file) in self.state_files.iter().enumerate() {
            put(&format!("state_files.{n}"), file.describe());
        }
        put("timezone", self.timezone.name().to_owned());
        put("benchmark", self.benchmark.name().to_owned());
        for (key, value) in self.rules.parameters() {
            put(key, value);
        }
        for (key, value) in self.profile.parameters() {
            put(key, value);
        }
        for (name, service) in &self.services {
            put(&format!("services.{name}.paths"), service.paths.describe());
            if let Some(tags) = &service.tags {
                put(&format!("services.{name}.tags"), tags.describe());
            }
            for (key, globs) in [
                ("environments", &service.environments),
                ("workflows", &service.workflows),
            ] {
                if !globs.is_empty() {
                    put(&format!("services.{name}.{key}"), globs.describe());
                }
            }
        }
        out
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_deployment_is_of_the_services_whose_environments_and_workflows_fit() {
        let config = parse(
            "services:\n  api: {environments: [prod-eu, prod-us], workflows: [api.yml]}\n  \
             web: {environments: [prod-eu]}\n  jobs: {workflows: [jobs-*.yml]}\n  lib: {paths: ['lib/**']}\n",
        )
        .unwrap();
        let of = |environment: &str, workflow: Option<&str>, service: Option<&str>| {
            let deployment = Deployment {
                environment: environment.to_owned(),
                workflow: workflow.map(str::to_owned),
                service: service.map(str::to_owned),
                ..Deployment::default()
            };
            let found = config.services_of(&deployment);
            let names = found.into_iter().map(|name| name.unwrap_or("-"));
            names.collect::<Vec<_>>().join(" ")
        };
        assert_eq!(of("prod-eu", None, None), "api web");
        assert_eq!(of("prod-us", None, None), "api");
        assert_eq!(of("prod-eu", Some("api.yml"), None), "api web");
        assert_eq!(of("prod-us", Some("other.yml"), None), "-");
        assert_eq!(of("prod", Some("jobs-nightly.yml"), None), "jobs");
        assert_eq!(of("prod", None, None), "-");
        assert_eq!(of("prod-eu", None, Some("db")), "db");
        assert!(config.tells_services_by_path());
        assert!(config.is_deploy_workflow("jobs-x.yml") && !config.is_deploy_workflow("ci.yml"));
    }
}

/// Schemas in the repository against the types that they describe; for tests.
#[cfg(test)]
pub(crate) mod published {
    /// The file says what the type is, or is made to with `UPDATE_DOCS=1`.
    #[track_caller]
    #[expect(
        clippy::disallowed_methods,
        reason = "a test that keeps a file current"
    )]
    pub(crate) fn is_current(name: &str, schema: &schemars::Schema) {
        let mut text = serde_json::to_string_pretty(schema).unwrap();
        text.push('\n');
        let path = format!("{}/{name}", env!("CARGO_MANIFEST_DIR"));
        if std::env::var_os("UPDATE_DOCS").is_some() {
            std::fs::write(&path, &text).unwrap();
        }
        let written = std::fs::read_to_string(&path).unwrap_or_default();
        assert!(
            written == text,
            "run UPDATE_DOCS=1 cargo test the_schema_is_current"
        );
    }
}
