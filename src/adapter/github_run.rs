//! Workflow runs and their jobs as deployments, where the configuration names them so (rules U2, U3, U5, U6).

use std::collections::BTreeSet;

use serde_json::Value;

use super::PayloadError;
use super::github_payload::{instant, text};
use super::table::{Adapter, each_record};
use crate::config::{Config, DeployWorkflow, Globs};
use crate::event::{Deployment, Event, Fact, Instant, Outcome, Source, Span, seconds_between};

const WHAT: &str = "workflow run";

/// The row of [`super::ADAPTERS`].
pub(super) const ADAPTER: Adapter = Adapter {
    id: "github-run",
    title: "GitHub workflow runs",
    definition: "Workflow runs as REST lists them, each with the list `jobs` of all its attempts; one object, a list, or \
                 an object a line. Those of the configured `workflows` are deployments; without any, all are.",
    read: |bytes, config| each_record(bytes, |record| all_of(record, config)),
};

fn all_of(record: &Value, config: &Config) -> Result<Vec<Event>, PayloadError> {
    let run = Run::read(record)?;
    let jobs = record["jobs"].as_array().map_or(&[][..], Vec::as_slice);
    if config.workflows.is_empty() {
        let target = Target {
            environment: config.environments.default_name(),
            service: None,
            job: None,
        };
        return Ok(vec![deployment(&run, jobs, target)]);
    }
    let named = config.workflows.iter().filter(|w| w.is(&run.file));
    let events = named.map(|workflow| deployment(&run, jobs, Target::of(workflow, config)));
    Ok(events.collect())
}

/// A run as REST lists it: its latest attempt, under the id and creation of the first.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Run {
    /// Its id, the same for every attempt.
    pub id: u64,
    /// When the first attempt was asked for. It never moves.
    pub created_at: Instant,
    /// File of the workflow, without its folder.
    pub file: String,
    /// Number of the latest attempt, from 1.
    pub attempt: u32,
    /// What triggered it, such as `push`.
    pub event: String,
    /// What the latest attempt came to; without a conclusion its status.
    pub word: String,
    /// Commit it ran on.
    pub sha: Option<String>,
    started_at: Option<Instant>,
    updated_at: Option<Instant>,
    url: Option<String>,
}

impl Run {
    /// Reads a run of `GET /actions/runs` and its relatives, or of a `workflow_run` event.
    ///
    /// # Errors
    /// When it has no id or no time.
    pub fn read(node: &Value) -> Result<Self, PayloadError> {
        let missing = |field| PayloadError { what: WHAT, field };
        // `path` may end in `@ref`.
        let path = text(node, "path").unwrap_or_default();
        let path = path.split('@').next().unwrap_or_default();
        let attempt = node["run_attempt"].as_u64();
        Ok(Self {
            id: node["id"].as_u64().ok_or_else(|| missing("id"))?,
            created_at: instant(node, "created_at").ok_or_else(|| missing("created_at"))?,
            file: path.rsplit('/').next().unwrap_or_default().to_owned(),
            attempt: attempt
                .and_then(|n| u32::try_from(n).ok())
                .unwrap_or(1)
                .max(1),
            event: text(node, "event").unwrap_or_default().to_owned(),
            word: text(node, "conclusion")
                .or_else(|| text(node, "status"))
                .unwrap_or_default()
                .to_owned(),
            sha: text(node, "head_sha").map(str::to_ascii_lowercase),
            started_at: instant(node, "run_started_at"),
            updated_at: instant(node, "updated_at"),
            url: text(node, "html_url").map(str::to_owned),
        })
    }

    /// Id of the deployment of this run to an environment. An attempt is a revision of it (rule U2).
    #[must_use]
    pub fn deployment_id(&self, environment: &str, service: Option<&str>) -> String {
        deployment_id(&self.id.to_string(), environment, service)
    }
}

/// Id of the deployment of a run: the same, whether the run's own job says it or GitHub does.
#[must_use]
pub fn deployment_id(run: &str, environment: &str, service: Option<&str>) -> String {
    format!("run:{run}/{environment}/{}", service.unwrap_or_default())
}

/// What of a run is the deployment, and of what.
#[derive(Debug, Clone, Copy)]
pub struct Target<'a> {
    /// Environment it deploys to.
    pub environment: &'a str,
    /// Component.
    pub service: Option<&'a str>,
    /// Names of the jobs that deploy; `None`: the whole run.
    pub job: Option<&'a Globs>,
}

impl<'a> Target<'a> {
    /// What a configured workflow deploys, and where to.
    #[must_use]
    pub fn of(workflow: &'a DeployWorkflow, config: &'a Config) -> Self {
        let production = config.environments.default_name();
        Self {
            environment: workflow.environment.as_deref().unwrap_or(production),
            service: workflow.service.as_deref(),
            job: workflow.job.as_ref(),
        }
    }
}

/// One attempt, judged.
struct Attempt {
    outcome: Outcome,
    started_at: Option<Instant>,
    finished_at: Option<Instant>,
    queue: Option<Span>,
    url: Option<String>,
}

/// The deployment that a run is. `jobs` are those of all its attempts, as REST lists them with `filter=all`; without
/// them only a whole run of one attempt can be told exactly.
#[must_use]
pub fn deployment(run: &Run, jobs: &[Value], target: Target<'_>) -> Event {
    // A run may claim billions of attempts: those that have jobs, and the last, are all that can be told.
    let told = jobs
        .iter()
        .filter_map(|job| u32::try_from(job["run_attempt"].as_u64()?).ok());
    let earlier: BTreeSet<u32> = told.filter(|n| (1..run.attempt).contains(n)).collect();
    let attempts: Vec<Attempt> = earlier
        .into_iter()
        .chain([run.attempt])
        .filter_map(|attempt| match target.job {
            Some(names) => of_jobs(run, attempt, jobs, names),
            None => of_run(run, attempt, jobs),
        })
        .collect();
    let first_success = attempts.iter().find(|a| a.outcome == Outcome::Success);
    // The deploy job decides: a run in which it had no part is no deployment.
    let never = Attempt {
        outcome: match Outcome::of_status(&run.word) {
            Outcome::Pending => Outcome::Pending,
            Outcome::Ignored | Outcome::Failure | Outcome::Success => Outcome::Ignored,
        },
        started_at: None,
        finished_at: None,
        queue: None,
        url: None,
    };
    let decides = first_success.or(attempts.last()).unwrap_or(&never);
    let ended = decides.outcome != Outcome::Pending;
    let finished_at = decides.finished_at.filter(|_| ended);
    let approximate = ended && finished_at.is_none();
    let finished_at = finished_at.or(approximate.then_some(run.created_at));
    Event {
        id: run.deployment_id(target.environment, target.service),
        time: finished_at.unwrap_or(run.created_at),
        source: Source::WorkflowRun,
        updated: run.updated_at.or(finished_at).unwrap_or(run.created_at),
        fact: Fact::Deployment(Deployment {
            service: target.service.map(str::to_owned),
            environment: target.environment.to_owned(),
            revision: run.sha.clone(),
            cancelled: decides.outcome == Outcome::Ignored && Outcome::is_cancelled(&run.word),
            outcome: decides.outcome,
            // A re-run moves `run_started_at`, so it is that of the latest attempt only.
            started_at: decides
                .started_at
                .or(run.started_at.filter(|_| run.attempt == 1)),
            finished_at,
            approximate,
            run: Some(run.id.to_string()),
            attempt: Some(run.attempt),
            workflow: Some(run.file.clone()).filter(|file| !file.is_empty()),
            queue_seconds: decides.queue,
            url: decides.url.clone().or_else(|| run.url.clone()),
            ..Deployment::default()
        }),
    }
}

/// The jobs of an attempt.
fn jobs_of<'j>(run: &Run, number: u32, jobs: &'j [Value]) -> impl Iterator<Item = &'j Value> {
    let latest = run.attempt;
    jobs.iter().filter(move |job| {
        let own = job["run_attempt"].as_u64().unwrap_or(u64::from(latest));
        own == u64::from(number)
    })
}

fn word(job: &Value) -> &str {
    let status = text(job, "status").unwrap_or_default();
    text(job, "conclusion").unwrap_or(status)
}

/// An attempt by its deploy jobs; `None` where it had none. Parts of a matrix end when the last one does (rule U3).
fn of_jobs(run: &Run, number: u32, jobs: &[Value], names: &Globs) -> Option<Attempt> {
    let own: Vec<&Value> = jobs_of(run, number, jobs)
        .filter(|job| text(job, "name").is_some_and(|name| names.matches(name)))
        .collect();
    let outcomes = own.iter().map(|job| Outcome::of_status(word(job)));
    // What is still under way keeps the whole open; else the best of the parts took effect.
    let outcome = outcomes
        .clone()
        .find(|o| *o == Outcome::Pending)
        .or(outcomes.max())?;
    let decisive: Vec<&Value> = own
        .into_iter()
        .filter(|job| Outcome::of_status(word(job)) == outcome)
        .collect();
    Some(Attempt {
        outcome,
        started_at: decisive
            .iter()
            .filter(|_| outcome != Outcome::Ignored)
            .filter_map(|job| instant(job, "started_at"))
            .min(),
        finished_at: last_end(decisive.iter().copied()),
        queue: decisive
            .iter()
            .filter(|_| matches!(outcome, Outcome::Success | Outcome::Failure))
            .filter_map(|job| waited(job))
            .max(),
        url: decisive
            .last()
            .and_then(|job| text(job, "html_url"))
            .map(str::to_owned),
    })
}

/// An attempt as a whole. The run itself says only how the latest one ended.
fn of_run(run: &Run, number: u32, jobs: &[Value]) -> Option<Attempt> {
    let latest = number == run.attempt;
    let mut own = jobs_of(run, number, jobs).peekable();
    if !latest && own.peek().is_none() {
        return None;
    }
    let own: Vec<&Value> = own.collect();
    let outcome = if latest {
        Outcome::of_status(&run.word)
    } else {
        whole(&own)
    };
    let only = run.attempt == 1;
    Some(Attempt {
        outcome,
        started_at: own
            .iter()
            .filter_map(|job| instant(job, "started_at"))
            .min()
            .or(run.started_at.filter(|_| latest)),
        finished_at: last_end(own.iter().copied()).or(run.updated_at.filter(|_| only)),
        queue: own.iter().filter_map(|job| waited(job)).max(),
        url: None,
    })
}

/// How all jobs of an attempt ended together.
fn whole(jobs: &[&Value]) -> Outcome {
    let any = |wanted: Outcome| {
        jobs.iter()
            .any(|job| Outcome::of_status(word(job)) == wanted)
    };
    let cancelled = jobs
        .iter()
        .any(|job| word(job).eq_ignore_ascii_case("cancelled"));
    match (any(Outcome::Failure), cancelled, any(Outcome::Success)) {
        (true, _, _) => Outcome::Failure,
        (false, false, true) => Outcome::Success,
        (false, _, _) => Outcome::Ignored,
    }
}

fn last_end<'j>(jobs: impl Iterator<Item = &'j Value>) -> Option<Instant> {
    jobs.filter_map(|job| instant(job, "completed_at")).max()
}

/// From being asked for to having a runner. Skipped jobs never waited.
fn waited(job: &Value) -> Option<Span> {
    let (asked, began) = (instant(job, "created_at")?, instant(job, "started_at")?);
    let span = seconds_between(asked, began);
    (span >= 0 && !word(job).eq_ignore_ascii_case("skipped")).then_some(span)
}

#[cfg(test)]
#[path = "github_run_tests.rs"]
mod tests;
