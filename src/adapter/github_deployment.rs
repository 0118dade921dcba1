//! GitHub deployments with their statuses, from GraphQL, REST and webhooks (rules U2, U5, U6).

use serde_json::Value;

use super::PayloadError;
use super::github_payload::{instant, nodes, required, text};
use super::table::{Adapter, each_record};
use crate::event::{Deployment, Event, Fact, Instant, Outcome, Source};

const WHAT: &str = "deployment";

/// A row of the table of adapters.
pub(super) const ADAPTER: Adapter = Adapter {
    id: "github-deployment",
    title: "GitHub deployments",
    definition: "Deployments with their statuses, as payloads of `deployment_status`, as REST objects with a list \
                 `statuses`, or as nodes of GraphQL; one object, a list, or an object a line.",
    read: |bytes, _| each_record(bytes, |record| one(record).map(Some)),
};

fn one(record: &Value) -> Result<Event, PayloadError> {
    if record["deployment"].is_object() {
        from_webhook(record)
    } else if record["node_id"].is_string() {
        from_rest(
            record,
            record["statuses"].as_array().map_or(&[], Vec::as_slice),
        )
    } else {
        from_graphql(record)
    }
}

/// A deployment and its statuses, before they are judged.
#[derive(Debug, Default)]
struct Record {
    statuses: Vec<Status>,
    /// Statuses exist that are not among these.
    cut: bool,
    production: Option<bool>,
    transient: bool,
    run: Option<String>,
    attempt: Option<u32>,
}

#[derive(Debug)]
struct Status {
    at: Instant,
    state: String,
    log: Option<String>,
    site: Option<String>,
    environment: Option<String>,
}

impl Status {
    fn read(status: &Value) -> Option<Self> {
        let url = |names: &[&str]| {
            let mut found = names.iter().filter_map(|name| text(status, name));
            found.find(|url| is_web(url)).map(str::to_owned)
        };
        Some(Self {
            at: instant(status, "createdAt").or_else(|| instant(status, "created_at"))?,
            state: text(status, "state")?.trim().to_ascii_lowercase(),
            log: url(&["logUrl", "log_url", "target_url"]),
            site: url(&["environmentUrl", "environment_url"]),
            environment: text(status, "environment").map(str::to_owned),
        })
    }

    /// Settles statuses of one second: what ends a deployment comes after what begins it.
    fn rank(&self) -> u8 {
        match self.state.as_str() {
            "in_progress" => 1,
            "failure" | "error" => 2,
            "success" | "active" => 3,
            "inactive" | "destroyed" => 4,
            _ => 0,
        }
    }

    fn is_success(&self) -> bool {
        self.rank() == 3
    }

    fn is_failure(&self) -> bool {
        self.rank() == 2
    }
}

/// From a node of GraphQL: `id createdAt updatedAt environment … statuses { totalCount nodes { … } }`.
///
/// # Errors
/// When it has no id, environment or time.
pub fn from_graphql(node: &Value) -> Result<Event, PayloadError> {
    let statuses: Vec<Status> = nodes(&node["statuses"]).filter_map(Status::read).collect();
    let total = node["statuses"]["totalCount"].as_u64().unwrap_or(0);
    let record = Record {
        cut: total > statuses.len() as u64,
        statuses,
        ..Record::default()
    };
    let id = required(node, WHAT, "id")?;
    build(node, &id, text(node, "commitOid"), record)
}

/// From REST: a deployment and the list of its statuses.
///
/// # Errors
/// When it has no node id, environment or time.
pub fn from_rest(deployment: &Value, statuses: &[Value]) -> Result<Event, PayloadError> {
    rest(deployment, statuses, Record::default())
}

/// From the payload of a `deployment` or `deployment_status` webhook.
///
/// # Errors
/// When it holds no deployment, or one that cannot be counted.
pub fn from_webhook(payload: &Value) -> Result<Event, PayloadError> {
    let run = &payload["workflow_run"];
    let record = Record {
        run: run["id"].as_u64().map(|id| id.to_string()),
        attempt: run["run_attempt"]
            .as_u64()
            .and_then(|n| u32::try_from(n).ok()),
        ..Record::default()
    };
    let status = &payload["deployment_status"];
    rest(&payload["deployment"], std::slice::from_ref(status), record)
}

fn rest(deployment: &Value, statuses: &[Value], record: Record) -> Result<Event, PayloadError> {
    let record = Record {
        statuses: statuses.iter().filter_map(Status::read).collect(),
        // GitHub says false of every name but `production`: only its yes is news.
        production: (deployment["production_environment"] == true).then_some(true),
        transient: deployment["transient_environment"] == true,
        ..record
    };
    let id = required(deployment, WHAT, "node_id")?;
    build(deployment, &id, text(deployment, "sha"), record)
}

fn build(
    node: &Value,
    id: &str,
    revision: Option<&str>,
    mut record: Record,
) -> Result<Event, PayloadError> {
    let missing = |field| PayloadError { what: WHAT, field };
    record.statuses.sort_by_key(|s| (s.at, s.rank()));
    let statuses = &record.statuses;
    let created = instant(node, "createdAt").or_else(|| instant(node, "created_at"));
    let changed = instant(node, "updatedAt").or_else(|| instant(node, "updated_at"));
    let created = created
        .or_else(|| statuses.first().map(|s| s.at))
        .ok_or_else(|| missing("createdAt"))?;
    let environment = [
        "environment",
        "latestEnvironment",
        "originalEnvironment",
        "original_environment",
    ]
    .iter()
    .find_map(|field| text(node, field))
    .or_else(|| statuses.last().and_then(|s| s.environment.as_deref()))
    .ok_or_else(|| missing("environment"))?;
    let (outcome, decided) = judge(statuses);
    let log = statuses
        .iter()
        .find_map(|s| s.log.as_deref().and_then(run_of));
    let finished_at = decided.map(|status| status.at);
    let last = statuses.last().map(|s| s.at);
    Ok(Event {
        id: format!("dep:{id}"),
        time: finished_at.unwrap_or(created),
        source: Source::GithubDeployments,
        // What supersedes a finished deployment changes nothing about it: no new revision.
        updated: finished_at.or(last).or(changed).unwrap_or(created),
        fact: Fact::Deployment(Deployment {
            service: service(&node["payload"], 0),
            environment: environment.trim().to_owned(),
            revision: revision.map(str::to_owned),
            outcome,
            started_at: statuses
                .iter()
                .find(|s| s.state == "in_progress")
                .map(|s| s.at),
            finished_at,
            approximate: record.cut && decided.is_some(),
            run: record.run.or_else(|| log.map(|(run, _)| run.to_owned())),
            attempt: record
                .attempt
                .or_else(|| log.and_then(|(_, attempt)| attempt)),
            production: record.production,
            transient: record.transient,
            url: decided.and_then(|s| s.log.clone().or_else(|| s.site.clone())),
            ..Deployment::default()
        }),
    })
}

/// How it ended, and the status that says so. `inactive` after `success` is a superseded success.
fn judge(statuses: &[Status]) -> (Outcome, Option<&Status>) {
    if let Some(first) = statuses.iter().find(|s| s.is_success()) {
        return (Outcome::Success, Some(first));
    }
    if let Some(first) = statuses.iter().find(|s| s.is_failure()) {
        return (Outcome::Failure, Some(first));
    }
    let Some(last) = statuses.last() else {
        return (Outcome::Pending, None);
    };
    match last.state.as_str() {
        "inactive" | "destroyed" => (Outcome::Ignored, Some(last)),
        "abandoned" => (Outcome::Pending, None),
        word => match Outcome::of_status(word) {
            Outcome::Pending => (Outcome::Pending, None),
            ended @ (Outcome::Ignored | Outcome::Failure | Outcome::Success) => (ended, Some(last)),
        },
    }
}

/// `{"service": "api"}`; the payload may be that object, a string of it, any other string, or nothing.
fn service(payload: &Value, deep: u8) -> Option<String> {
    match payload {
        Value::Object(_) => text(payload, "service").map(|name| name.trim().to_owned()),
        Value::String(packed) if deep < 3 => service(&serde_json::from_str(packed).ok()?, deep + 1),
        Value::String(_) | Value::Null | Value::Bool(_) | Value::Number(_) | Value::Array(_) => {
            None
        }
    }
}

/// Run and attempt in `…/actions/runs/123/attempts/2` or `…/actions/runs/123/job/4`.
fn run_of(url: &str) -> Option<(&str, Option<u32>)> {
    let (_, rest) = url.split_once("/actions/runs/")?;
    let mut parts = rest.split(['/', '?', '#']);
    let digits = |text: &&str| !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit());
    let run = parts.next().filter(digits)?;
    let attempt = (parts.next() == Some("attempts"))
        .then(|| parts.next()?.parse().ok())
        .flatten();
    Some((run, attempt))
}

fn is_web(url: &str) -> bool {
    url.starts_with("https://") || url.starts_with("http://")
}

#[cfg(test)]
#[path = "github_deployment_tests.rs"]
mod tests;
