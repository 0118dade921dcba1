//! The write protocol: read one snapshot, take in what is new, commit on that snapshot or begin again.

use std::time::Duration;

use chrono::NaiveDate;
use serde_json::Value;

use super::comment::{self, Shipped};
use super::inputs::Inputs;
use super::outcome::Outcome;
use super::preview;
use super::turn::attempt_of;
use crate::cli::{Failure, workspace};
use crate::collect::github::{self, Ask as CollectAsk, Collected};
use crate::config::{self, Config};
use crate::event::{Event, Events, Instant};
use crate::github::{Budget, Client, GitHubError, Part, Token};
use crate::host::Host;
use crate::host::actions::Runner;
use crate::ledger::{Branch, Ledger, Loaded, Reading};
use crate::report::v1::{Note, Report};
use crate::report::{Ask, build};

/// Most commits that are tried.
const MOST_WRITES: u32 = 4;
/// What is kept back of the deadline for saying how it ended.
const LAST_WORDS: Duration = Duration::from_secs(2);
/// A clock that is further ahead than this is wrong.
const MOST_SKEW: chrono::Duration = chrono::Duration::hours(1);

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

/// What the passes of one run have tried so far.
#[derive(Default)]
struct Tries {
    writes: u32,
    waits: u32,
    /// What was sent when an answer was lost: if it is found stored, it was stored by us.
    doubtful: Vec<Event>,
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
pub(super) async fn run(host: &Host, inputs: &Inputs) -> Outcome {
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
    let client = match connect(host) {
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

fn connect(host: &Host) -> Result<Client, GitHubError> {
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
        loop {
            match self.pass(outcome, &mut tries).await {
                Pass::Done => return,
                Pass::Again if self.budget.is_over() || tries.writes >= MOST_WRITES => {
                    outcome.degrade(
                        "other runs kept writing; the next run stores what this one could not",
                    );
                    return;
                }
                Pass::Again => {}
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
        if self.should_wait(&loaded, &config, tries.waits) {
            tries.waits += 1;
            tokio::time::sleep(self.courtesy(tries.waits)).await;
            return Pass::Again;
        }
        self.templates(&config, outcome).await;
        self.measure_and_write(loaded, (&config, trusted), outcome, tries)
            .await
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

    /// A little longer each time, and not the same for two runs.
    pub(super) fn courtesy(&self, waits: u32) -> Duration {
        let run: u64 = self.workflow.bytes().map(u64::from).sum();
        let seed = run.wrapping_mul(2_654_435_761) ^ u64::from(waits);
        Duration::from_millis(1_000 + 500 * u64::from(waits) + seed % 1_000)
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

    async fn measure_and_write(
        &self,
        mut loaded: Loaded,
        (config, trusted): (&Config, bool),
        outcome: &mut Outcome,
        tries: &mut Tries,
    ) -> Pass {
        let own = self.own(&loaded, config, outcome);
        let collected = self.collect(&loaded, (config, trusted), own.as_ref()).await;
        let mut fresh = collected.events.clone();
        fresh.extend(own);
        outcome.count_late(&loaded, &fresh, config);
        let plan = loaded.ledger.append(&fresh, self.host.now.date_naive());
        let moved = Self::keep_books(&mut loaded.ledger, &collected, config);
        // How far the history was read back is worth a commit of its own, or the next run would begin there again.
        let plan = plan.or_else(|| moved.then(|| loaded.ledger.bookkeeping()));
        let report = self.report(&loaded.ledger, config, &collected);
        let own = outcome.facts.deployment.take();
        outcome.facts.deployment = own.map(|id| attempt_of(&report, &loaded.ledger.events, id));
        outcome.say_notes(&collected.notes);
        let writable = loaded.ledger.is_writable();
        if !writable {
            outcome.degrade(&unwritable(&loaded.ledger));
        }
        let pass = match plan {
            None => {
                // Without the deployments it is not known what was to be stored.
                let blind = outcome.facts.deployment.is_none()
                    && loaded.state.problem(&Part::Deployments).is_some();
                outcome.facts.persisted =
                    writable && loaded.head.is_some() && !blind && !self.is_read_only();
                Pass::Done
            }
            Some(_) if !writable => Pass::Done,
            Some(plan) => {
                let sent = fresh.clone();
                let (saved, doubt) = self
                    .write(&loaded, plan, &report, outcome, &mut tries.writes)
                    .await;
                if doubt {
                    tries.doubtful.extend(sent);
                }
                saved
            }
        };
        fresh.append(&mut tries.doubtful.clone());
        let ours =
            outcome.commit.is_some() || (outcome.facts.persisted && !tries.doubtful.is_empty());
        if (pass == Pass::Done && ours) || self.inputs.dry_run {
            let shipped = Shipped {
                fresh: &fresh,
                events: &loaded.ledger.events,
                report: &report,
                config,
            };
            comment::post(self, &shipped, outcome).await;
        }
        if pass == Pass::Done {
            preview::post(self, &report, config, outcome).await;
        }
        outcome.report = Some(report);
        pass
    }

    async fn collect(
        &self,
        loaded: &Loaded,
        (config, trusted): (&Config, bool),
        own: Option<&Event>,
    ) -> Collected {
        github::collect(CollectAsk {
            client: self.client,
            state: &loaded.state,
            config,
            trusted,
            known: &loaded.ledger.events,
            own,
            now: self.host.now,
            cutoff: self.cutoff(loaded, config),
            resume: loaded.ledger.meta.resume.as_deref(),
            places: &loaded.ledger.meta.places,
            requests: github::REQUESTS,
            budget: &self.budget,
        })
        .await
    }

    /// How far back deployments are looked for. Where only the end of the ledger was read, what is older is in it.
    fn cutoff(&self, loaded: &Loaded, config: &Config) -> Instant {
        let back = self.host.now - chrono::Duration::days(i64::from(config.lookback_days));
        match loaded.ledger.events.baselines {
            Some(_) => back.max(self.host.now - read_back(config)),
            None => back,
        }
    }

    /// Also tells whether a source was read further, where there is anything to remember at all.
    fn keep_books(ledger: &mut Ledger, collected: &Collected, config: &Config) -> bool {
        let moved =
            ledger.meta.places != collected.places || ledger.meta.resume != collected.resume;
        let since = collected
            .history_since
            .into_iter()
            .chain(ledger.meta.history_since)
            .min();
        let first = ledger
            .events
            .iter()
            .filter(|e| e.fact.as_deployment().is_some())
            .map(|e| e.time)
            .min();
        ledger.meta.history_since = since.or(first);
        ledger.events.history_since = ledger.meta.history_since;
        ledger.meta.head.clone_from(&collected.head);
        ledger.events.head.clone_from(&collected.head);
        ledger.meta.resume.clone_from(&collected.resume);
        ledger.meta.places.clone_from(&collected.places);
        ledger.meta.baselines = workspace::baselines(&ledger.events, config);
        moved && !ledger.events.is_empty()
    }

    fn report(&self, ledger: &Ledger, config: &Config, collected: &Collected) -> Report {
        let mut ask = Ask::recent(config, self.now(&ledger.events));
        ask.repository = Some(self.client.repository());
        ask.notes = collected
            .notes
            .iter()
            .chain(&collected.asides)
            .map(|n| Note {
                code: n.code.to_owned(),
                says: workspace::sentence(&n.says),
                help: n.help.as_deref().map(workspace::sentence),
            })
            .collect();
        build(&ledger.events, config, &ask)
    }

    /// Our clock, or GitHub's where it is a little ahead: what has just finished is not in the future.
    pub(super) fn now(&self, events: &Events) -> Instant {
        let now = self.host.now;
        let ahead = events
            .iter()
            .filter(|e| e.fact.as_deployment().is_some())
            .map(|e| e.time)
            .filter(|at| *at < now + MOST_SKEW)
            .max();
        ahead.map_or(now, |at| now.max(at + chrono::Duration::seconds(1)))
    }
}

/// How much of the ledger is read: the window, the one before it, and the six months that rework is asked about.
fn read_back(config: &Config) -> chrono::Duration {
    chrono::Duration::days(i64::from(config.window_days.max(90)) * 2)
}

/// Why a ledger is left as it is.
fn unwritable(ledger: &Ledger) -> String {
    let note = workspace::unreadable(ledger);
    match note.help {
        Some(help) => format!("{} {help}", note.says),
        None => note.says,
    }
}
