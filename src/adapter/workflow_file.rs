//! Workflow files of a repository: which of their jobs look like a deploy to production.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::sync::LazyLock;

use regex::Regex;
use serde::Deserialize;

use crate::config::{Environments, parse_yaml};

/// Jobs and files by name.
static DEPLOYS: LazyLock<Regex> = LazyLock::new(|| {
    #[expect(clippy::expect_used, reason = "a constant, compiled by a test")]
    Regex::new(r"(?i)deploy|release|production").expect("a valid pattern")
});

/// An expression, which no pattern can foresee.
static EXPRESSION: LazyLock<Regex> = LazyLock::new(|| {
    #[expect(clippy::expect_used, reason = "a constant, compiled by a test")]
    Regex::new(r"\$\{\{.*?\}\}").expect("a valid pattern")
});

/// A workflow that looks like a deploy, as the configuration would name it.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct DeployLike {
    /// Its file.
    pub file: String,
    /// The job, as a glob of the names that GitHub gives it; `None`: the whole run.
    pub job: Option<String>,
    /// The environment that the job names.
    pub environment: Option<String>,
}

impl DeployLike {
    /// As an item of `workflows`, in JSON, which is YAML that no name can break.
    #[must_use]
    pub fn line(&self) -> String {
        let quoted = |text: &str| serde_json::Value::from(text).to_string();
        let mut line = format!("{{file: {}", quoted(&self.file));
        for (key, value) in [("job", &self.job), ("environment", &self.environment)] {
            if let Some(value) = value {
                let _ = write!(line, ", {key}: {}", quoted(value));
            }
        }
        line.push('}');
        line
    }
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct File {
    name: Option<String>,
    jobs: BTreeMap<String, Job>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Job {
    name: Option<String>,
    environment: Option<Environment>,
    uses: Option<String>,
    strategy: Option<Strategy>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Strategy {
    matrix: Option<serde::de::IgnoredAny>,
}

#[derive(Debug, Deserialize)]
#[serde(untagged)]
enum Environment {
    Name(String),
    Object { name: String },
}

impl Job {
    fn environment(&self) -> Option<&str> {
        match self.environment.as_ref()? {
            Environment::Name(name) | Environment::Object { name } => Some(name),
        }
    }

    /// The names that GitHub gives the job, as a glob.
    fn names(&self, id: &str) -> String {
        let written = self.name.as_deref().unwrap_or(id);
        let mut glob = EXPRESSION.replace_all(written, "*").into_owned();
        if self.strategy.as_ref().is_some_and(|s| s.matrix.is_some()) && !glob.contains('*') {
            glob.push_str(" (*)");
        }
        if self.uses.is_some() {
            glob.push_str(" / *");
        }
        glob
    }
}

/// Jobs with an environment of production; without any, jobs and else the file that are called after a deploy. A file
/// that is no workflow has none.
#[must_use]
pub fn deploys(file: &str, text: &str, environments: &Environments) -> Vec<DeployLike> {
    let Ok(workflow) = parse_yaml::<File>(text) else {
        return Vec::new();
    };
    let like = |(id, job): (&String, &Job), environment: Option<&str>| DeployLike {
        file: file.to_owned(),
        job: Some(job.names(id)),
        environment: environment.map(str::to_owned),
    };
    let to_production: Vec<DeployLike> = workflow
        .jobs
        .iter()
        .filter_map(|(id, job)| {
            let name = job.environment()?;
            environments
                .is_production(name)
                .then(|| like((id, job), Some(name)))
        })
        .collect();
    if !to_production.is_empty() {
        return to_production;
    }
    let called: Vec<DeployLike> = workflow
        .jobs
        .iter()
        // A job with another environment says that it is not production.
        .filter(|(_, job)| job.environment().is_none_or(|name| name.contains("${{")))
        .filter(|(id, job)| {
            DEPLOYS.is_match(id) || job.name.as_deref().is_some_and(|n| DEPLOYS.is_match(n))
        })
        .map(|row| like(row, None))
        .collect();
    let named = DEPLOYS.is_match(file) || workflow.name.is_some_and(|n| DEPLOYS.is_match(&n));
    if called.is_empty() && named && workflow.jobs.values().all(|j| j.environment().is_none()) {
        return vec![DeployLike {
            file: file.to_owned(),
            job: None,
            environment: None,
        }];
    }
    called
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lines(file: &str, text: &str) -> Vec<String> {
        let found = deploys(file, text, &Environments::default());
        found.iter().map(DeployLike::line).collect()
    }

    #[test]
    fn an_environment_of_production_says_it_best() {
        let text = "on: push\njobs:\n  test: {runs-on: x}\n  stage: {environment: staging}\n  \
            ship: {environment: {name: production, url: https://x}}\n";
        assert_eq!(
            lines("ci.yml", text),
            [r#"{file: "ci.yml", job: "ship", environment: "production"}"#]
        );
    }

    #[test]
    fn names_of_matrix_reusable_and_computed_jobs_become_globs() {
        let text = "name: CI\non: {push: null}\njobs:\n  deploy:\n    strategy: {matrix: {region: [eu]}}\n  \
            release: {uses: ./.github/workflows/r.yml}\n  deploy-x: {name: 'Deploy ${{ matrix.x }}'}\n";
        assert_eq!(
            lines("ci.yml", text),
            [
                r#"{file: "ci.yml", job: "deploy (*)"}"#,
                r#"{file: "ci.yml", job: "Deploy *"}"#,
                r#"{file: "ci.yml", job: "release / *"}"#
            ]
        );
    }

    #[test]
    fn a_file_that_is_called_after_a_deploy_is_one_and_a_test_is_none() {
        assert_eq!(
            lines("deploy.yml", "jobs: {go: {runs-on: x}}"),
            [r#"{file: "deploy.yml"}"#]
        );
        for text in ["jobs: {test: {runs-on: x}}", "", "[]", ": :", "jobs: 3"] {
            assert_eq!(lines("ci.yml", text), Vec::<String>::new(), "{text}");
        }
        assert_eq!(
            lines(
                "deploy-staging.yml",
                "jobs: {deploy: {environment: staging}}"
            ),
            Vec::<String>::new()
        );
    }
}
