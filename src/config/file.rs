//! The configuration as written: `.github/fivekeys.yml`, with errors that name the place and a near match.

use std::collections::BTreeMap;

use serde::Deserialize;

use super::profile::{
    Aggregate, Baseline, Cancelled, DeploymentTime, LeadStart, LeadUnit, WeekStart,
};
use super::{Config, ShapeError, TargetError};

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
    /// A target or guardrail that cannot be read.
    #[error("{}`{key}`: {error}", place.map(|(line, column)| format!("line {line}, column {column}: ")).unwrap_or_default())]
    Promise {
        /// `targets` or `guardrails`.
        key: &'static str,
        /// Line and column in the file, where the promise stands there as one piece.
        place: Option<(usize, usize)>,
        /// What is wrong.
        error: TargetError,
    },
}

impl ConfigError {
    /// What to do about it.
    #[must_use]
    pub fn help(&self) -> Option<&str> {
        match self {
            Self::Shape(shape) => shape.help.as_deref(),
            Self::Promise { error, .. } => error.help.as_deref(),
            Self::Value { .. } => None,
        }
    }

    /// Line and column in the file, where they are known.
    #[must_use]
    pub fn place(&self) -> Option<(usize, usize)> {
        match self {
            Self::Shape(shape) => shape.place,
            Self::Promise { place, .. } => *place,
            Self::Value { .. } => None,
        }
    }

    /// Finds a promise in the file.
    fn placed_in(mut self, text: &str) -> Self {
        if let Self::Promise { place, error, .. } = &mut self {
            *place = text.lines().enumerate().find_map(|(line, whole)| {
                let at = whole.find(error.written.as_str())?;
                let before = whole.get(..at)?.chars().count();
                Some((line + 1, before + error.column))
            });
        }
        self
    }
}

/// The file's keys.
#[derive(Debug, Default, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields, default)]
pub(super) struct File {
    /// Environments that are production, as globs. Default: names that begin with production, prod, prd or live.
    pub(super) environments: Option<OneOrMany>,
    /// Deployable components of this repository, by name.
    pub(super) services: BTreeMap<String, ServiceFile>,
    /// Where deployments are read from: auto, deployments, workflows, releases, tags, state or merges.
    pub(super) source: Option<SourceFile>,
    /// Workflow runs that are deployments, where GitHub has no record of deployments.
    pub(super) workflows: Vec<WorkflowFile>,
    /// Files whose git history says what was deployed, and when.
    pub(super) state_files: Vec<StateFileFile>,
    /// Whether a pre-release is a deployment: true or false.
    pub(super) prereleases: bool,
    /// Which tags are deployments: a regular expression; a group called service names the component.
    pub(super) tags: Option<String>,
    /// Length of the window, such as 90d.
    pub(super) window: Option<String>,
    /// How far back the first run looks, such as 365d.
    pub(super) lookback: Option<String>,
    /// IANA time zone of days and weeks.
    pub(super) timezone: Option<String>,
    /// First day of a week: monday or sunday.
    pub(super) week_start: WeekStart,
    /// What lead time is measured of, and from where.
    pub(super) lead_time: LeadTimeFile,
    /// When a deployment happened.
    pub(super) deployments: DeploymentsFile,
    /// What counts as a failed deployment.
    pub(super) failure: FailureFile,
    /// Which issues are incidents.
    pub(super) incidents: IncidentsFile,
    /// Path of the reviewed file of corrections.
    pub(super) corrections: Option<String>,
    /// Folder of templates that take the place of the built-in ones, such as .github/fivekeys.
    pub(super) templates: Option<String>,
    /// What makes a deployment a hotfix.
    pub(super) hotfix: HotfixFile,
    /// What makes a deployment rework.
    pub(super) rework: ReworkFile,
    /// The same version deployed again: count or drop.
    pub(super) redeploys: Option<RedeploysFile>,
    /// Edition of the bands: 2019, 2021, 2023, 2024, seed or none.
    pub(super) benchmark: Option<EditionFile>,
    /// What the team has promised, such as `change_lead_time.p50 <= 1d by 2027-03-31`.
    pub(super) targets: Vec<String>,
    /// What must not get worse, such as `change_fail_rate must not rise while deployment_frequency rises`.
    pub(super) guardrails: Vec<String>,
    /// What marks the help of AI agents, beside the signs that they leave themselves.
    pub(super) ai: AiFile,
    /// Comments on pull requests.
    pub(super) comment: CommentFile,
}

#[derive(Debug, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub(super) struct WorkflowFile {
    /// File of the workflow, such as deploy.yml, as a glob.
    pub(super) file: String,
    /// Name of the job that deploys, as a glob; without it the whole run is the deployment.
    pub(super) job: Option<String>,
    /// Environment it deploys to; production where it is not said.
    pub(super) environment: Option<String>,
    /// Component it deploys.
    pub(super) service: Option<String>,
}

#[derive(Debug, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub(super) struct StateFileFile {
    /// Path of the file on the default branch.
    pub(super) path: String,
    /// Environment, where the file does not say it; production where neither does.
    pub(super) environment: Option<String>,
    /// Component, where the file does not say it.
    pub(super) service: Option<String>,
}

#[derive(Debug, Default, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields, default)]
pub(super) struct LeadTimeFile {
    /// Where it begins: `first_commit`, `pull_created` or `merged`.
    pub(super) start: LeadStart,
    /// What it is measured of: pull (a commit without one counts too) or commit.
    pub(super) unit: LeadUnit,
    /// What the first deployment of a service delivered is not known: exclude or include it.
    pub(super) baseline: Baseline,
    /// Which value is the headline: median or mean.
    pub(super) aggregate: Aggregate,
}

#[derive(Debug, Default, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields, default)]
pub(super) struct DeploymentsFile {
    /// When a deployment happened: `first_success`, `last_success` or `started`.
    pub(super) time: DeploymentTime,
    /// One that was stopped: ignore, or count as a failed attempt (failure).
    pub(super) cancelled: Cancelled,
}

#[derive(Debug, Default, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields, default)]
pub(super) struct IncidentsFile {
    /// Labels of issues that are incidents; an empty list reads none.
    pub(super) labels: Option<Vec<String>>,
}

#[derive(Debug, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(untagged, expecting = "a text or a list of texts")]
pub(super) enum OneOrMany {
    One(String),
    Many(Vec<String>),
}

#[derive(Debug, Default, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields, default)]
pub(super) struct ServiceFile {
    /// Paths that belong to the service, as globs.
    pub(super) paths: Vec<String>,
    /// Its own deployment tags, as a regular expression.
    pub(super) tags: Option<String>,
    /// Environments that are its own, as globs: a deployment there is of this service.
    pub(super) environments: Vec<String>,
    /// Workflow files that deploy it, as globs: a deployment by one of them is of this service.
    pub(super) workflows: Vec<String>,
}

#[derive(Debug, Default, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields, default)]
pub(super) struct FailureFile {
    /// Attempts that took no effect: separate (shown beside the rate) or count (part of it).
    pub(super) failed_attempts: Option<FailedAttemptsFile>,
    /// Whether rollbacks, reverts and hotfixes are evidence: true or false.
    pub(super) remediation: Option<bool>,
    /// How long after a deployment an incident is blamed on it by time alone, such as 7d; or unlimited.
    pub(super) incident_horizon: Option<String>,
    /// How long after a delivery a revert of it is a failure.
    pub(super) revert_horizon: Option<String>,
    /// Labels by which a person says that the deployment of a pull request failed.
    pub(super) labels: Option<Vec<String>>,
    /// Labels by which a person says that it did not.
    pub(super) cleared_labels: Option<Vec<String>>,
    /// A rollback faster than this is a race of two promotions.
    pub(super) rollback_grace: Option<String>,
}

#[derive(Debug, Default, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields, default)]
pub(super) struct HotfixFile {
    /// Labels of pull requests and deployments.
    pub(super) labels: Option<Vec<String>>,
    /// Tags or refs, as a regular expression.
    pub(super) tags: Option<String>,
}

#[derive(Debug, Default, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields, default)]
pub(super) struct ReworkFile {
    /// Labels of pull requests and deployments.
    pub(super) labels: Option<Vec<String>>,
}

#[derive(Debug, Default, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields, default)]
pub(super) struct AiFile {
    /// Labels of pull requests.
    pub(super) labels: Option<Vec<String>>,
}

#[derive(Debug, Default, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields, default)]
pub(super) struct CommentFile {
    /// off, shipped, preview (on open pull requests, in a workflow that they start) or all.
    pub(super) mode: Option<CommentModeFile>,
    /// Most comments a run writes.
    pub(super) max: Option<usize>,
}

#[derive(Debug, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "lowercase")]
pub(super) enum SourceFile {
    Auto,
    Deployments,
    Workflows,
    Releases,
    Tags,
    State,
    Merges,
}

#[derive(Debug, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "lowercase")]
pub(super) enum FailedAttemptsFile {
    Separate,
    Count,
}

#[derive(Debug, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "lowercase")]
pub(super) enum RedeploysFile {
    Count,
    Drop,
}

#[derive(Debug, Clone, Copy, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "lowercase")]
pub(super) enum CommentModeFile {
    Off,
    Shipped,
    Preview,
    All,
}

/// `2024` and `"2024"` both read.
#[derive(Debug, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(untagged, expecting = "2019, 2021, 2023, 2024, seed or none")]
pub(super) enum EditionFile {
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
    let file: File = super::parse_yaml(text).map_err(ConfigError::Shape)?;
    super::meaning::of(file).map_err(|error| error.placed_in(text))
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
    fn a_promise_that_cannot_be_read_is_named_with_its_place() {
        let text = "window: 30d\ntargets:\n  - mttr <= 1h\n  - change_led_time <= 1d\n";
        let error = parse(text).unwrap_err();
        assert_eq!(error.place(), Some((4, 5)));
        assert_eq!(error.help(), Some("did you mean `change_lead_time`?"));
        let says = error.to_string();
        assert!(says.starts_with("line 4, column 5: `targets`: "), "{says}");
        let text = "guardrails: [\"cfr must\\u0020rise\"]";
        let error = parse(text).unwrap_err();
        assert!(error.to_string().starts_with("`guardrails`: "), "{error}");
        let many = "targets:\n".to_owned() + &"  - cfr <= 1%\n".repeat(51);
        assert!(parse(&many).unwrap_err().to_string().contains("most is 50"));
    }

    #[test]
    fn an_empty_file_and_a_file_of_comments_are_all_defaults() {
        assert_eq!(parse("").unwrap().window_days, 90);
        assert_eq!(parse("# nothing\n\n").unwrap().max_comments, 10);
    }

    #[test]
    fn the_schema_is_current() {
        let schema = schemars::schema_for!(File);
        crate::config::published::is_current("fivekeys.schema.json", &schema);
    }
}
