//! The REST routes of workflow runs and jobs.

use chrono::{DateTime, Utc};
use serde_json::{Value, json};

use super::github::{GitHub, Run, moment};
use super::reply::Reply;
use super::rest::{Ask, number};

/// The answer; none where the world does not know the route.
pub(super) fn answer(github: &GitHub, rest: &str, ask: &Ask<'_>) -> Option<Reply> {
    if !github.permits("actions", "read") {
        let refusal = Reply::refusal(403, "Resource not accessible by integration");
        return Some(refusal.header("x-accepted-github-permissions", "actions=read"));
    }
    let parts: Vec<&str> = rest.split('/').collect();
    Some(match parts.as_slice() {
        ["runs"] => list(github.runs.iter(), ask),
        ["workflows", file, "runs"] => {
            let own = github.runs.iter().filter(|run| run.file == *file);
            if own.clone().next().is_none() {
                return Some(Reply::refusal(404, "Not Found"));
            }
            list(own, ask)
        }
        ["runs", id] => match one(github, id) {
            Some(run) => Reply::json(200, &run.body),
            None => Reply::refusal(404, "Not Found"),
        },
        ["runs", id, "jobs"] => match one(github, id) {
            Some(run) => Reply::json(200, &jobs(run, ask)),
            None => Reply::refusal(404, "Not Found"),
        },
        _ => return None,
    })
}

fn one<'g>(github: &'g GitHub, id: &str) -> Option<&'g Run> {
    github.runs.iter().find(|run| run.id.to_string() == id)
}

fn jobs(run: &Run, ask: &Ask<'_>) -> Value {
    let all = ask.query.contains(&("filter".to_owned(), "all".to_owned()));
    let latest = &run.body["run_attempt"];
    let jobs = run.jobs.iter();
    let jobs: Vec<&Value> = jobs
        .filter(|job| all || job["run_attempt"] == *latest)
        .collect();
    json!({ "total_count": jobs.len(), "jobs": jobs })
}

/// Newest first; of a filtered list GitHub gives at most 1,000.
fn list<'g>(runs: impl Iterator<Item = &'g Run>, ask: &Ask<'_>) -> Reply {
    let created = ask.query.iter().find(|(key, _)| key == "created");
    let (since, until) = created.map_or((None, None), |(_, range)| range_of(range));
    let mut found: Vec<&Run> = runs
        .filter(|run| since.is_none_or(|since| run.created_at >= since))
        .filter(|run| until.is_none_or(|until| run.created_at <= until))
        .collect();
    found.sort_by_key(|run| std::cmp::Reverse((run.created_at, run.id)));
    let total = found.len();
    let size = number(ask, "per_page").unwrap_or(30).clamp(1, 100);
    let skip = size * (number(ask, "page").unwrap_or(1).max(1) - 1);
    let page = found.into_iter().take(1000).skip(skip).take(size);
    let page: Vec<&Value> = page.map(|run| &run.body).collect();
    Reply::json(200, &json!({ "total_count": total, "workflow_runs": page }))
}

fn range_of(range: &str) -> (Option<DateTime<Utc>>, Option<DateTime<Utc>>) {
    if let Some((since, until)) = range.split_once("..") {
        return (Some(moment(since)), Some(moment(until)));
    }
    (range.strip_prefix(">=").map(moment), None)
}
