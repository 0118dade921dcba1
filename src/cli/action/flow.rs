//! The write protocol: read one snapshot, take in what is new, commit on that snapshot or begin again.

use std::time::Duration;

use chrono::NaiveDate;
use serde_json::Value;
use tokio::time::Instant as Moment;

use super::inputs::Inputs;
use super::outcome::Outcome;
use super::place::{Turn, Waiting};
use crate::cli::Failure;
use crate::config::{self, Config};
use crate::event::Event;
use crate::github::{Budget, Client, GitHubError, Part, Token};
use crate::host::Host;
use crate::host::actions::Runner;
use crate::ledger::{Branch, Loaded, Reading};

/// Nothing is lost by it.
pub(super) const OUTRUN: &str =
    "other runs kept writing; the next run stores what this one could not";
/// What is kept back of the deadline for saying how it ended.
const LAST_WORDS: Duration = Duration::from_secs(2);
/// What a server that answers from the past is given to catch up.
const LAG: Duration = Duration::from_secs(2);

/// One run and all it works with.
pub(super) struct Run<'a> {
    pub(super) host: &'a Host,
    pub(super) inputs: &'a Inputs,
    pub(super) client: &'a Client,
    pub(super) budget: Budget,
    pub(super) payload: Value,
    pub(super) workflow: String,
    /// The run that triggered this one, where one did.
    pub(super) triggered_by: Option<String>,
}

/// The head of the branch as it was read; none where there was no branch.
#[derive(PartialEq, Eq)]
pub(super) struct Head(pub(super) Option<String>);

/// What the passes of one run have tried so far.
#[derive(Default)]
pub(super) struct Tries {
    pub(super) writes: u32,
    pub(super) waiting: Option<Waiting>,
    /// The head on which the last commit was not taken.
    pub(super) refused: Option<Head>,
    /// What was sent when an answer was lost: if it is found stored, it was stored by us.
    pub(super) doubtful: Vec<Event>,
}

/// What one pass over a snapshot came to.
#[derive(PartialEq, Eq)]
pub(super) enum Pass {
    /// Done, stored or not.
    Done,
    /// Somebody else moved: read again.
    Again,
}

/// One run, from reading to commenting. Never fails: what fails is in the outcome.
pub(super) async fn run(
    host: &Host,
    inputs: &Inputs,
    client: Result<Client, GitHubError>,
) -> Outcome {
    let runner = Runner::of(host);
    let mut outcome = Outcome::default();
    outcome.facts.branch.clone_from(&inputs.branch);
    outcome.facts.dry_run = inputs.dry_run;
    runner
        .var("GITHUB_SERVER_URL")
        .unwrap_or("https://github.com")
        .clone_into(&mut outcome.facts.server_url);
    for problem in &inputs.problems {
        outcome.error(problem);
    }
    let client = match client {
        Ok(client) => client,
        Err(error) => {
            outcome.degrade(&said(&error));
            return outcome;
        }
    };
    outcome.facts.repository = client.repository();
    let payload = runner.payload();
    let other = payload["workflow_run"]["id"].as_u64();
    let run = Run {
        host,
        inputs,
        client: &client,
        budget: Budget::within(inputs.timeout.saturating_sub(LAST_WORDS)),
        workflow: runner.var("GITHUB_RUN_ID").unwrap_or("0").to_owned(),
        triggered_by: other
            .filter(|_| runner.var("GITHUB_EVENT_NAME") == Some("workflow_run"))
            // What a pull request ran is not merged, and may come from a fork: it deployed nothing.
            .filter(|_| !of_pull(&payload["workflow_run"]))
            .map(|id| id.to_string()),
        payload,
    };
    outcome.facts.read_only = run.is_read_only();
    run.protocol(&mut outcome).await;
    outcome.requests = client.requests();
    outcome
}

/// Whether a run was one of a pull request.
fn of_pull(run: &Value) -> bool {
    let event = run["event"].as_str().unwrap_or_default();
    event.starts_with("pull_request")
}

/// The client that the runner's variables ask for.
pub(super) fn connect(host: &Host) -> Result<Client, GitHubError> {
    let runner = Runner::of(host);
    let token = runner.input("token").or_else(|| runner.var("GITHUB_TOKEN"));
    let seed = runner.var("GITHUB_RUN_ID").and_then(|id| id.parse().ok());
    let repository = runner.var("GITHUB_REPOSITORY").unwrap_or("");
    let client = Client::of_host(host, Token::new(token.unwrap_or("")), repository)?;
    Ok(client.seeded(seed.unwrap_or(0)))
}

/// An error and what to do about it, in one line.
pub(super) fn said(error: &GitHubError) -> String {
    match error.help() {
        Some(help) => format!("{error}; {help}"),
        None => error.to_string(),
    }
}

impl Run<'_> {
    async fn protocol(&self, outcome: &mut Outcome) {
        let mut tries = Tries::default();
        while self.pass(outcome, &mut tries).await == Pass::Again {
            if self.budget.is_over() {
                outcome.degrade(OUTRUN);
                return;
            }
        }
    }

    async fn pass(&self, outcome: &mut Outcome, tries: &mut Tries) -> Pass {
        outcome.begin_again();
        let today = self.host.now.date_naive();
        let mut config = Config::default();
        if let Some(days) = self.inputs.window_days {
            config.window_days = days;
        }
        let asked_at = Moment::now();
        let mut loaded = match self.load(&config, today).await {
            Ok(loaded) => loaded,
            Err(failure) => {
                outcome.degrade(&failure.line());
                return Pass::Done;
            }
        };
        let asked = config;
        let mut trusted;
        (config, trusted) = self.configure(&loaded, outcome);
        // The state was asked for by the defaults; what the configuration adds costs one request more.
        if config.window_days > asked.window_days.max(90)
            || (config.incident_labels != asked.incident_labels
                && !config.incident_labels.is_empty())
            || config.corrections != asked.corrections
        {
            match self.load(&config, today).await {
                Ok(again) => loaded = again,
                Err(failure) => {
                    trusted = false;
                    outcome.degrade(&failure.line());
                }
            }
        }
        outcome.facts.private = loaded.state.is_private;
        // A commit on this head was not taken, so another head is there, or soon will be.
        if tries.refused.take() == Some(Head(loaded.head.clone())) {
            return self.wait(LAG).await;
        }
        self.templates(&config, outcome).await;
        // If our own commit may stand there, what it stored is still to be told.
        let sure = tries.doubtful.is_empty();
        match self.turn(&loaded, &config, asked_at.elapsed(), &mut tries.waiting) {
            Turn::Wait(wait) => self.wait(wait).await,
            Turn::Stored if sure => self.leave(&loaded, &config, outcome),
            Turn::Late if sure => {
                outcome.degrade(OUTRUN);
                self.leave(&loaded, &config, outcome);
                outcome.facts.persisted = false;
                Pass::Done
            }
            Turn::Write | Turn::Stored | Turn::Late => {
                // By far the largest part of a run; the others need not be as large.
                Box::pin(self.measure_and_write(loaded, (&config, trusted), outcome, tries)).await
            }
        }
    }

    async fn wait(&self, wait: Duration) -> Pass {
        tokio::time::sleep(wait.min(self.budget.left())).await;
        Pass::Again
    }

    async fn load(&self, config: &Config, today: NaiveDate) -> Result<Loaded, Failure> {
        let since = today - read_back(config) - chrono::Duration::days(1);
        Ok(Branch::new(self.client, &self.inputs.branch)
            .load(
                Reading {
                    since,
                    today,
                    config: &self.inputs.config,
                    corrections: &config.corrections,
                    incidents: &config.incident_labels,
                },
                &self.budget,
            )
            .await?)
    }

    /// The configuration in force, and whether it is what the team wrote; a wrong one is an error with its place, and
    /// the defaults are used.
    fn configure(&self, loaded: &Loaded, outcome: &mut Outcome) -> (Config, bool) {
        let text = loaded.state.config.as_ref().and_then(|f| f.text.as_deref());
        let mut trusted = loaded.state.problem(&Part::Config).is_none();
        let mut config = match text.map(config::parse).transpose() {
            Ok(config) => config.unwrap_or_default(),
            Err(error) => {
                let help = error.help().map(|h| format!("; {h}")).unwrap_or_default();
                outcome.error(&format!(
                    "{}: {error}{help}; the defaults are used",
                    self.inputs.config
                ));
                trusted = false;
                Config::default()
            }
        };
        if let Some(error) = loaded.state.problem(&Part::Config) {
            outcome.degrade(&format!(
                "{} could not be read: {}",
                self.inputs.config,
                said(error)
            ));
        }
        if let Err(problem) = self.inputs.override_config(&mut config) {
            outcome.error(&problem);
        }
        (config, trusted)
    }

    /// Nobody's deployment started this run.
    pub(super) fn is_by_the_clock(&self) -> bool {
        let event = Runner::of(self.host).var("GITHUB_EVENT_NAME");
        matches!(event, Some("schedule" | "workflow_dispatch"))
    }

    /// Pull requests may never write the branch: their code is not merged, and a fork's token cannot.
    pub(super) fn is_read_only(&self) -> bool {
        let event = Runner::of(self.host).var("GITHUB_EVENT_NAME").unwrap_or("");
        event.starts_with("pull_request") || event == "merge_group"
    }
}

/// How much of the ledger is read: the window, the one before it, and the six months that rework is asked about.
pub(super) fn read_back(config: &Config) -> chrono::Duration {
    chrono::Duration::days(i64::from(config.window_days.max(90)) * 2)
}
