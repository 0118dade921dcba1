//! What GitHub answers: token, budget, branch, rules, sources, and the permissions that a job needs.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::time::Duration;

use super::{Checkup, Health, complete, say_broken, say_whole, set_aside};
use crate::adapter::github_deployment;
use crate::cli::Failure;
use crate::cli::args::DoctorArgs;
use crate::config::Config;
use crate::github::{Budget, Client, GitHubError, Part, State, Token, forbids_commits};
use crate::host::Host;
use crate::ledger::{Branch, Loaded, Reading, first_day};

/// Deadline of all requests together.
const PATIENCE: Duration = Duration::from_mins(1);
/// Fewer requests than this may not last for a run.
const FEW: u64 = 50;
/// Most environments that are named.
const NAMED: usize = 8;

/// What a job needs, and why.
const PERMISSIONS: [(&str, &str, &str); 5] = [
    (
        "contents",
        "write",
        "the metrics branch, commits, the configuration",
    ),
    ("deployments", "read", "the history"),
    (
        "pull-requests",
        "write",
        "changes, and comments on shipped ones",
    ),
    ("issues", "read", "incidents"),
    (
        "actions",
        "read",
        "workflow runs: queues, waits, deploys without a record",
    ),
];

/// What to look at.
pub(super) struct Asked<'a> {
    pub(super) args: &'a DoctorArgs,
    pub(super) repository: Option<String>,
    pub(super) config: &'a Config,
}

/// Asks GitHub, where there is a token and a repository. Returns the permissions to paste.
pub(super) fn look(
    host: &Host,
    asked: &Asked<'_>,
    checkup: &mut Checkup,
) -> Result<Option<String>, Failure> {
    let repository = asked
        .repository
        .clone()
        .or_else(|| host.var("GITHUB_REPOSITORY").map(str::to_owned));
    let (Some(token), Some(repository), false) =
        (Token::of_host(host), repository, asked.args.offline)
    else {
        checkup.note("GitHub", Health::Skip, "not asked");
        if !asked.args.offline {
            checkup.help("set GITHUB_TOKEN, and --repository outside of a clone");
        }
        return Ok(None);
    };
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()?;
    let missing = runtime.block_on(async {
        let client = match Client::of_host(host, token, &repository) {
            Ok(client) => client,
            Err(error) => {
                problem("GitHub", &error, checkup);
                return None;
            }
        };
        let patient = Patient {
            host,
            asked,
            client: &client,
            budget: Budget::within(PATIENCE),
        };
        patient.examine(checkup).await
    });
    runtime.shutdown_background();
    Ok(missing.map(|missing| permissions(&missing)))
}

fn problem(what: &'static str, error: &GitHubError, checkup: &mut Checkup) {
    checkup.note(what, Health::Fail, error.to_string());
    if let Some(help) = error.help() {
        checkup.help(help);
    }
}

/// The block to paste; what was refused is marked.
fn permissions(missing: &[&str]) -> String {
    let mut out = "\nA job that measures needs:\n\n    permissions:\n".to_owned();
    for (scope, level, why) in PERMISSIONS {
        let refused = if missing.contains(&scope) {
            " (refused to this token)"
        } else {
            ""
        };
        let entry = format!("{scope}: {level}");
        let _ = writeln!(out, "      {entry:<21} # {why}{refused}");
    }
    out
}

struct Patient<'a> {
    host: &'a Host,
    asked: &'a Asked<'a>,
    client: &'a Client,
    budget: Budget,
}

impl Patient<'_> {
    /// Scopes that were refused; `None` when GitHub could not be asked at all.
    async fn examine(&self, checkup: &mut Checkup) -> Option<Vec<&'static str>> {
        match self.client.quota(&self.budget).await {
            Ok(None) => checkup.note("token", Health::Ok, "accepted; this server has no limits"),
            Ok(Some(quota)) => {
                let few = quota.remaining < FEW;
                checkup.note(
                    "token",
                    if few { Health::Warn } else { Health::Ok },
                    format!(
                        "accepted; {} of {} requests are left in this hour",
                        quota.remaining, quota.limit
                    ),
                );
                if few {
                    checkup.help("a run needs about six; wait for the next hour");
                }
            }
            Err(error) => {
                problem("token", &error, checkup);
                return None;
            }
        }
        let mut missing = Vec::new();
        let loaded = self.load(checkup).await?;
        repository(&loaded.state, checkup);
        self.branch(&loaded, checkup).await;
        if loaded.head.is_some() {
            self.rules(checkup).await;
        }
        if self.deployments(&loaded.state, checkup) {
            missing.push("deployments");
        }
        for (list, scope) in [
            ("pulls", "pull-requests"),
            ("issues", "issues"),
            ("actions/runs", "actions"),
        ] {
            if let Err(error) = self.client.can_read(list, &self.budget).await {
                problem(scope, &error, checkup);
                missing.push(scope);
            } else {
                checkup.note(scope, Health::Ok, "can be read");
            }
        }
        Some(missing)
    }

    async fn load(&self, checkup: &mut Checkup) -> Option<Loaded> {
        let today = self.host.now.date_naive();
        let loaded = Branch::new(self.client, &self.asked.args.branch)
            .load(
                Reading {
                    since: first_day(today),
                    today,
                    config: ".github/fivekeys.yml",
                    corrections: &self.asked.config.corrections,
                    incidents: &self.asked.config.incident_labels,
                },
                &self.budget,
            )
            .await;
        match loaded {
            Ok(loaded) => Some(loaded),
            Err(error) => {
                problem("repository", &error, checkup);
                None
            }
        }
    }

    /// The ledger on the branch, mended by a new commit where that is asked for.
    async fn branch(&self, loaded: &Loaded, checkup: &mut Checkup) {
        let Some(head) = &loaded.head else {
            checkup.note(
                "branch",
                Health::Skip,
                "not there yet: the first run makes it",
            );
            return;
        };
        if loaded.ledger.is_writable() {
            say_whole("branch", &loaded.ledger, checkup);
            return;
        }
        say_broken("branch", &loaded.ledger.unreadable, checkup);
        let branch = Branch::new(self.client, &self.asked.args.branch);
        let repair = match branch.repair(loaded, self.host.now.date_naive()) {
            Ok(Some(repair)) => repair,
            Ok(None) => {
                checkup.help("this is not a ledger of ours, or it cannot be mended line by line");
                return;
            }
            Err(error) => {
                checkup.note("branch", Health::Fail, error.to_string());
                return;
            }
        };
        if !self.asked.args.repair {
            checkup.help(
                "`fivekeys doctor --repair` mends it in a new commit and sets aside what it cannot",
            );
            return;
        }
        let aside = repair.aside.len();
        let plan = complete(repair, self.asked.config);
        let saved = branch
            .save(
                Some(head),
                &plan,
                "fivekeys: mend the ledger [skip ci]",
                &self.budget,
            )
            .await;
        match saved {
            Ok(commit) => {
                let says = format!("{}; by commit {commit}", set_aside(aside));
                checkup.mended("branch", says);
            }
            Err(error) => problem("branch", &error, checkup),
        }
    }

    async fn rules(&self, checkup: &mut Checkup) {
        let branch = &self.asked.args.branch;
        match self.client.rules_of(branch, &self.budget).await {
            Ok(rules) => {
                let against: Vec<&str> = rules
                    .iter()
                    .map(String::as_str)
                    .filter(|rule| forbids_commits(rule))
                    .collect();
                if against.is_empty() {
                    checkup.note(
                        "rules",
                        Health::Ok,
                        "none keeps a job from writing the branch",
                    );
                    return;
                }
                let says = format!("on `{branch}`: {}", against.join(", ").to_ascii_lowercase());
                checkup.note("rules", Health::Fail, says);
                checkup.help(format!(
                    "exempt the branch `{branch}` from the ruleset, or let the workflow bypass it"
                ));
            }
            Err(error) => problem("rules", &error, checkup),
        }
    }

    /// Deployments by environment. True when they were refused.
    fn deployments(&self, state: &State, checkup: &mut Checkup) -> bool {
        if let Some(error) = state.problem(&Part::Deployments) {
            problem("deployments", error, checkup);
            return true;
        }
        let mut seen: BTreeMap<String, u64> = BTreeMap::new();
        let mut production = 0;
        for node in &state.deployments {
            let Ok(event) = github_deployment::from_graphql(&node.0) else {
                continue;
            };
            if let Some(deployment) = event.fact.as_deployment() {
                let counts = self
                    .asked
                    .config
                    .environments
                    .is_production(&deployment.environment);
                production += u64::from(counts && !deployment.transient);
                *seen.entry(deployment.environment.clone()).or_default() += 1;
            }
        }
        let looked_at = state.deployments.len();
        if looked_at == 0 {
            checkup.note("deployments", Health::Warn, "GitHub has no record of any");
            checkup.help(
                "give the deploy job an `environment:`, or name its workflow in `workflows:`",
            );
            return false;
        }
        let names: Vec<&str> = seen.keys().take(NAMED).map(String::as_str).collect();
        let says = format!(
            "{production} of the latest {looked_at} went to production; environments: {}",
            names.join(", ")
        );
        if production > 0 {
            checkup.note("deployments", Health::Ok, says);
        } else {
            checkup.note("deployments", Health::Warn, says);
            checkup.help("say which of them is production: `environments:` in the configuration");
        }
        false
    }
}

fn repository(state: &State, checkup: &mut Checkup) {
    let kind = if state.is_private {
        "private"
    } else {
        "public"
    };
    let branch = state.default_branch.as_deref().unwrap_or("none yet");
    let says = format!("{}, {kind}, default branch {branch}", state.name_with_owner);
    checkup.note("repository", Health::Ok, says);
    match (state.problem(&Part::Config), &state.config) {
        (Some(error), _) => problem("configuration", error, checkup),
        (None, None) => checkup.note(
            "configuration",
            Health::Skip,
            "none on the default branch: the defaults are used",
        ),
        (None, Some(file)) => match crate::config::parse(file.text.as_deref().unwrap_or("")) {
            Ok(_) => checkup.note(
                "configuration",
                Health::Ok,
                "understood on the default branch",
            ),
            Err(error) => checkup.failure("configuration", &error.into()),
        },
    }
}
