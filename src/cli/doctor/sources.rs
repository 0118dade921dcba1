//! What each source of deployments returns, and which one is in force (rule U1).

use std::collections::BTreeMap;

use serde_json::Value;

use super::checkup::{Checkup, Health};
use crate::adapter::{github_deployment, github_mark, tag_deployments};
use crate::config::{Config, SourceChoice};
use crate::event::Event;
use crate::github::{Budget, Client, GitHubError, List, ListPage, Part, State};

/// Most environments that are named.
const NAMED: usize = 8;

/// What was found of deployments.
#[derive(Default)]
struct Found {
    /// GitHub's records among the latest: all, and those of production.
    records: usize,
    production: usize,
    unreadable: bool,
    releases: usize,
    tags: usize,
}

/// Asks every source. Returns the scopes that were refused.
pub(super) async fn look(
    client: &Client,
    budget: &Budget,
    config: &Config,
    state: &State,
    checkup: &mut Checkup,
) -> Vec<&'static str> {
    let mut refused = Vec::new();
    let mut found = Found::default();
    if let Some(error) = state.problem(&Part::Deployments) {
        checkup.problem("deployments", Health::Fail, error);
        found.unreadable = true;
        refused.push("deployments");
    } else {
        records(config, state, &mut found, checkup);
    }
    if !runs(client, budget, checkup).await {
        refused.push("actions");
    }
    match client
        .lists(&[(List::Releases, None), (List::Tags, None)], budget)
        .await
    {
        Ok(pages) => {
            if let [releases, tags] = pages.as_slice() {
                found.releases = marked("releases", releases, config, checkup);
                found.tags = marked("tags", tags, config, checkup);
            }
        }
        Err(error) => checkup.problem("releases", Health::Fail, &error),
    }
    if !pulls(client, budget, state, checkup).await {
        refused.push("pull-requests");
    }
    if !incidents(client, budget, config, state, checkup).await {
        refused.push("issues");
    }
    in_force(config, &found, checkup);
    refused
}

/// GitHub's own records by environment.
fn records(config: &Config, state: &State, found: &mut Found, checkup: &mut Checkup) {
    let mut seen: BTreeMap<String, u64> = BTreeMap::new();
    let mut newest = None;
    for node in &state.deployments {
        let Ok(event) = github_deployment::from_graphql(&node.0) else {
            continue;
        };
        newest = newest.max(Some(event.time));
        if let Some(deployment) = event.fact.as_deployment() {
            let counts = config.environments.is_production(&deployment.environment);
            found.production += usize::from(counts && !deployment.transient);
            *seen.entry(deployment.environment.clone()).or_default() += 1;
        }
    }
    found.records = state.deployments.len();
    if found.records == 0 {
        checkup.note("deployments", Health::Skip, "GitHub has no record of any");
        checkup.help("give the deploy job an `environment:`, or name its workflow in `workflows:`");
        return;
    }
    let names: Vec<&str> = seen.keys().take(NAMED).map(String::as_str).collect();
    let more = if seen.len() > NAMED { ", …" } else { "" };
    let newest = newest.map_or_else(String::new, |at| format!(", newest of {}", at.date_naive()));
    let says = format!(
        "{} in all{newest}; {} of the latest {} went to production; environments: {}{more}",
        state.deployments_total.max(found.records as u64),
        found.production,
        found.records,
        names.join(", ")
    );
    let health = if found.production > 0 {
        Health::Ok
    } else {
        Health::Warn
    };
    checkup.note("deployments", health, says);
    if found.production == 0 {
        checkup.help("say which of them is production: `environments:` in the configuration");
    }
}

/// Whether they can be read.
async fn runs(client: &Client, budget: &Budget, checkup: &mut Checkup) -> bool {
    match client.newest("actions/runs", budget).await {
        Ok(answer) => {
            let newest = day(&answer["workflow_runs"][0]["created_at"]);
            let count = answer["total_count"].as_u64().unwrap_or(0);
            counted("workflow runs", count, false, newest, checkup);
            true
        }
        Err(GitHubError::NotFound { .. }) => {
            checkup.note(
                "workflow runs",
                Health::Skip,
                "Actions are switched off here",
            );
            true
        }
        Err(error) => {
            checkup.problem("workflow runs", Health::Warn, &error);
            false
        }
    }
}

/// Deployments that the newest page of a list is taken for.
fn marked(what: &'static str, page: &ListPage, config: &Config, checkup: &mut Checkup) -> usize {
    let of = |node: &Value| -> Vec<Event> {
        if what == "releases" {
            let event = github_mark::release(node, config).ok();
            return event.into_iter().flatten().collect();
        }
        let tag = github_mark::tag(node);
        tag_deployments(tag.as_slice(), config)
    };
    let events: Vec<Event> = page.nodes.iter().flat_map(of).collect();
    let newest = events.iter().map(|event| event.time).max();
    let more = page.next_cursor.is_some();
    let newest = newest.map(|at| at.date_naive().to_string());
    counted(what, page.nodes.len() as u64, more, newest, checkup);
    let skipped = page.nodes.len().saturating_sub(events.len());
    if skipped > 0 && events.is_empty() {
        checkup.help(format!(
            "none of these {what} is a deployment by the configuration: `tags`"
        ));
    }
    events.len()
}

fn counted(
    what: &'static str,
    count: u64,
    more: bool,
    newest: Option<String>,
    checkup: &mut Checkup,
) {
    if count == 0 {
        checkup.note(what, Health::Skip, "none");
        return;
    }
    let many = if more { " or more" } else { "" };
    let newest = newest.map_or_else(String::new, |day| format!(", newest of {day}"));
    checkup.note(what, Health::Ok, format!("{count}{many}{newest}"));
}

/// The day of a moment as GitHub writes it.
fn day(at: &Value) -> Option<String> {
    let day = at.as_str()?.split('T').next()?;
    Some(day.to_owned())
}

/// Whether they can be read.
async fn pulls(client: &Client, budget: &Budget, state: &State, checkup: &mut Checkup) -> bool {
    let read = match state.problem(&Part::Marks) {
        Some(error) => Err(error.clone()),
        None => client.newest("pulls", budget).await.map(drop),
    };
    match read {
        Ok(()) => {
            checkup.note("pull requests", Health::Ok, "can be read");
            true
        }
        Err(error) => {
            checkup.problem("pull requests", Health::Fail, &error);
            false
        }
    }
}

/// Whether they can be read.
async fn incidents(
    client: &Client,
    budget: &Budget,
    config: &Config,
    state: &State,
    checkup: &mut Checkup,
) -> bool {
    if config.incident_labels.is_empty() {
        checkup.note(
            "incidents",
            Health::Skip,
            "the configuration names no label of theirs",
        );
        return true;
    }
    let read = match state.problem(&Part::Issues) {
        Some(error) => Err(error.clone()),
        None => client.newest("issues", budget).await.map(drop),
    };
    if let Err(error) = read {
        checkup.problem("incidents", Health::Warn, &error);
        return false;
    }
    let labels: Vec<String> = config
        .incident_labels
        .iter()
        .map(|l| format!("`{l}`"))
        .collect();
    let labels = labels.join(" or ");
    let nodes = &state.issues.nodes;
    let Some(newest) = nodes
        .iter()
        .filter_map(|issue| day(&issue["updatedAt"]))
        .max()
    else {
        checkup.note(
            "incidents",
            Health::Skip,
            format!("no issue is labelled {labels}"),
        );
        checkup.help(
            "without incidents only rollbacks, reverts and words on pull requests tell failures",
        );
        return true;
    };
    let many = if state.issues.next_cursor.is_some() {
        " or more"
    } else {
        ""
    };
    let says = format!(
        "{}{many} issues labelled {labels}, the last touched {newest}",
        nodes.len()
    );
    checkup.note("incidents", Health::Ok, says);
    true
}

/// The source that deployments are counted by, and why.
fn in_force(config: &Config, found: &Found, checkup: &mut Checkup) {
    let (health, says) = if config.source == SourceChoice::Auto {
        first_of_all(config, found)
    } else {
        let says = format!("{}, as the configuration says", config.source.name());
        (Health::Ok, says)
    };
    checkup.note("source", health, says);
}

fn first_of_all(config: &Config, found: &Found) -> (Health, String) {
    let (health, says) = if found.production > 0 {
        (Health::Ok, "deployments: GitHub has records of production")
    } else if !config.workflows.is_empty() {
        (
            Health::Ok,
            "workflows: the configuration names them, and no record is of production",
        )
    } else if !config.state_files.is_empty() {
        (
            Health::Ok,
            "state files: the configuration names them, and no record is of production",
        )
    } else if found.unreadable {
        (
            Health::Warn,
            "none: deployments cannot be read, so nothing takes their place",
        )
    } else if found.records > 0 {
        (
            Health::Warn,
            "deployments, and none of them counts: no environment is production",
        )
    } else if found.releases > 0 {
        (Health::Ok, "releases: there is no record of a deployment")
    } else if found.tags > 0 {
        (Health::Ok, "tags: there is no deployment and no release")
    } else {
        (
            Health::Warn,
            "merges: there is nothing else, so every merge is taken for a deployment",
        )
    };
    (health, says.to_owned())
}
