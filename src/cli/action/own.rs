//! The run's own deployment.

use super::flow::Run;
use super::outcome::Outcome;
use crate::adapter::github_deployment;
use crate::collect::own::{self, Own, OwnRun};
use crate::config::{Config, DeployWorkflow};
use crate::event::{Event, Events, Outcome as Ended, Source};
use crate::host::actions::Runner;
use crate::ledger::Loaded;
use crate::report::v1::Report;

impl Run<'_> {
    pub(super) fn own_run<'r>(
        &'r self,
        loaded: &Loaded,
        recorded: &[Event],
        config: &'r Config,
    ) -> OwnRun<'r> {
        let runner = Runner::of(self.host);
        let triggered_by = self
            .triggered_by
            .as_deref()
            .filter(|_| !self.deploys_itself(recorded, config));
        let other = triggered_by.map(|_| &self.payload["workflow_run"]);
        let text = |field: &str| other.and_then(|run| run[field].as_str());
        let attempt = || {
            runner
                .var("GITHUB_RUN_ATTEMPT")
                .and_then(|a| a.parse().ok())
        };
        let path = text("path").or_else(|| runner.var("GITHUB_WORKFLOW_REF"));
        let named = workflow_named(config, path.unwrap_or_default());
        OwnRun {
            run: triggered_by.unwrap_or(&self.workflow),
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

    /// A workflow that another one has triggered speaks of that one, unless it is the deploy itself: GitHub has a
    /// deployment of this very run, or the configuration names its file.
    fn deploys_itself(&self, recorded: &[Event], config: &Config) -> bool {
        let path = Runner::of(self.host).var("GITHUB_WORKFLOW_REF");
        let runs = recorded.iter().filter_map(|e| e.fact.as_deployment());
        runs.filter_map(|d| d.run.as_deref())
            .any(|run| run == self.workflow)
            || config.is_deploy_workflow(file_of(path.unwrap_or_default()))
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
        let recorded = recorded(loaded);
        match own::find(&self.own_run(loaded, &recorded, config), &recorded, config) {
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
    let file = file_of(path);
    let mut found = config.workflows.iter().filter(|workflow| workflow.is(file));
    // Of several, nothing says which one this run's own job is.
    found.next().filter(|_| found.next().is_none())
}

/// The file's name in a workflow's path.
fn file_of(path: &str) -> &str {
    let path = path.split('@').next().unwrap_or_default();
    path.rsplit('/').next().unwrap_or_default()
}

/// The deployments of the snapshot, as events.
pub(super) fn recorded(loaded: &Loaded) -> Vec<Event> {
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
