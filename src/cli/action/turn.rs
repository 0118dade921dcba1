//! The run's own deployment, and whose turn it is to write.

use std::time::Duration;

use super::flow::Run;
use super::outcome::Outcome;
use crate::adapter::github_deployment;
use crate::collect::own::{self, Own, OwnRun};
use crate::config::{Config, DeployWorkflow};
use crate::event::{Event, Events, Instant, Outcome as Ended, Source};
use crate::host::actions::Runner;
use crate::ledger::Loaded;
use crate::report::v1::Report;

/// Most waits for a writer whose event is older.
const MOST_WAITS: u32 = 3;
/// An event older than this has no writer to wait for.
const FRESH: chrono::Duration = chrono::Duration::seconds(20);
/// With less than this left, a courtesy would cost the run its own write.
const PATIENCE: Duration = Duration::from_secs(10);

impl Run<'_> {
    fn own_run<'r>(&'r self, loaded: &Loaded, config: &'r Config) -> OwnRun<'r> {
        let runner = Runner::of(self.host);
        // A workflow that another one has triggered speaks of that one, and not of itself.
        let other = self
            .triggered_by
            .as_ref()
            .map(|_| &self.payload["workflow_run"]);
        let text = |field: &str| other.and_then(|run| run[field].as_str());
        let attempt = || {
            runner
                .var("GITHUB_RUN_ATTEMPT")
                .and_then(|a| a.parse().ok())
        };
        let path = text("path").or_else(|| runner.var("GITHUB_WORKFLOW_REF"));
        let named = workflow_named(config, path.unwrap_or_default());
        OwnRun {
            run: self.triggered_by.as_deref().unwrap_or(&self.workflow),
            attempt: match other {
                Some(run) => run["run_attempt"]
                    .as_u64()
                    .and_then(|n| u32::try_from(n).ok()),
                None => attempt(),
            },
            status: self.inputs.status.as_deref().or_else(|| {
                text("conclusion").filter(|_| self.is_deploy(named.is_some(), loaded, config))
            }),
            // The event's own commit is only the default branch's head; another one was given on purpose.
            sha: text("head_sha")
                .filter(|_| self.inputs.sha.as_deref() == runner.var("GITHUB_SHA"))
                .or(self.inputs.sha.as_deref()),
            environment: self.inputs.one_environment(),
            production: named
                .and_then(|workflow| workflow.environment.as_deref())
                .unwrap_or(config.environments.default_name()),
            service: self
                .inputs
                .service
                .as_deref()
                .or_else(|| named?.service.as_deref()),
            key: self.inputs.key.as_deref(),
            node: self.payload["deployment"]["node_id"].as_str(),
            now: self.host.now,
        }
    }

    /// Whether the run that triggered this one is a deploy: the configuration names it, or nothing else could be meant,
    /// and it ran on what is merged.
    fn is_deploy(&self, named: bool, loaded: &Loaded, config: &Config) -> bool {
        let run = &self.payload["workflow_run"];
        let event = run["event"].as_str();
        let merged = event != Some("push")
            || run["head_branch"].as_str() == loaded.state.default_branch.as_deref();
        let alone = config.workflows.is_empty() && loaded.state.deployments.is_empty() && merged;
        named || alone
    }

    /// The writer of the oldest pending event goes first; the others usually find themselves stored.
    pub(super) fn should_wait(&self, loaded: &Loaded, config: &Config, waits: u32) -> bool {
        if waits >= MOST_WAITS || self.is_read_only() || self.budget.left() < PATIENCE {
            return false;
        }
        let recorded = recorded(loaded);
        let ours = match own::find(&self.own_run(loaded, config), &recorded, config) {
            Own::Recorded(id) => Some(id),
            Own::Reported(event) => Some(event.id),
            Own::Ambiguous(_) | Own::Nothing => None,
        };
        let created = |id: &str| {
            loaded.state.deployments.iter().find_map(|node| {
                (format!("dep:{}", node.id()) == id)
                    .then(|| {
                        node.0["createdAt"]
                            .as_str()
                            .and_then(|t| t.parse::<Instant>().ok())
                    })
                    .flatten()
            })
        };
        let ours = ours.and_then(|id| created(&id).map(|at| (at, id)));
        recorded
            .iter()
            .filter(|e| !loaded.ledger.events.knows(e))
            .filter_map(|e| created(&e.id).map(|at| (at, e.id.clone())))
            .any(|theirs| match &ours {
                Some(ours) => theirs < *ours && ours.0 - theirs.0 < FRESH,
                // Whoever has nothing of its own to store leaves fresh events to their owners first.
                None => self.now(&loaded.ledger.events) - theirs.0 < FRESH,
            })
    }

    /// The run's own deployment, where there is more to say of it than GitHub's record does.
    pub(super) fn own(
        &self,
        loaded: &Loaded,
        config: &Config,
        outcome: &mut Outcome,
    ) -> Option<Event> {
        if self.is_read_only() {
            return None;
        }
        match own::find(&self.own_run(loaded, config), &recorded(loaded), config) {
            Own::Recorded(id) => outcome.facts.deployment = Some(id),
            Own::Reported(event) => {
                outcome.facts.deployment = Some(event.id.clone());
                // A success stands: a later attempt of the same run folds into it.
                let stands = event.source == Source::WorkflowRun && loaded
                    .ledger
                    .events
                    .get("deployment", &event.id)
                    .and_then(|e| e.fact.as_deployment())
                    .is_some_and(|d| d.outcome == Ended::Success);
                return (!stands).then_some(*event);
            }
            Own::Ambiguous(several) => outcome.notice(&format!(
                "{several} deployments of this commit are under way; each is stored when GitHub settles it"
            )),
            // A nightly run has nothing of its own.
            Own::Nothing if self.is_by_the_clock() => {}
            Own::Nothing => outcome.notice(
                "no deployment of this commit was found and no `status` was given: nothing of this run was recorded",
            ),
        }
        None
    }
}

/// The one deploy of the configuration that a workflow's path names, such as `.github/workflows/deploy.yml@main`.
fn workflow_named<'c>(config: &'c Config, path: &str) -> Option<&'c DeployWorkflow> {
    let path = path.split('@').next().unwrap_or_default();
    let file = path.rsplit('/').next().unwrap_or_default();
    let mut found = config.workflows.iter().filter(|workflow| workflow.is(file));
    // Of several, nothing says which one this run's own job is.
    found.next().filter(|_| found.next().is_none())
}

/// The deployments of the snapshot, as events.
fn recorded(loaded: &Loaded) -> Vec<Event> {
    let mut events: Vec<Event> = loaded
        .state
        .deployments
        .iter()
        .filter_map(|node| github_deployment::from_graphql(&node.0).ok())
        .collect();
    events.sort_by(|a, b| (a.time, &a.id).cmp(&(b.time, &b.id)));
    events
}

/// The deployment in the report that this one is an attempt at: the attempts of a run are one deployment, known by its
/// first.
pub(super) fn attempt_of(report: &Report, events: &Events, id: String) -> String {
    let run = |id: &str| {
        let event = events.get("deployment", id)?;
        event.fact.as_deployment()?.run.clone()
    };
    let known = |wanted: &str| report.deployments.iter().any(|d| d.id == wanted);
    let Some(ours) = run(&id).filter(|_| !known(&id)) else {
        return id;
    };
    let mut same = report
        .deployments
        .iter()
        .filter(|d| run(&d.id).as_ref() == Some(&ours));
    same.next().map_or(id, |d| d.id.clone())
}
