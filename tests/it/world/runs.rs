//! The REST routes of workflow runs and jobs.

use serde_json::{Value, json};

use super::github::{GitHub, Run};
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

/// Newest first.
fn list<'g>(runs: impl Iterator<Item = &'g Run>, ask: &Ask<'_>) -> Reply {
    let known = ["per_page", "page", "head_sha", "status"];
    let unknown = ask
        .query
        .iter()
        .find(|(key, _)| !known.contains(&key.as_str()));
    if let Some((key, _)) = unknown {
        // The world knows no other filter: GitHub cuts a filtered list at 1,000 runs.
        return Reply::refusal(422, &format!("the world cannot filter runs by {key}"));
    }
    let head = ask.query.iter().find(|(key, _)| key == "head_sha");
    let of = |run: &&Run| head.is_none_or(|(_, sha)| run.body["head_sha"] == **sha);
    let status = ask.query.iter().find(|(key, _)| key == "status");
    let is = |run: &&Run| status.is_none_or(|(_, wanted)| run.body["status"] == **wanted);
    let mut found: Vec<&Run> = runs.filter(of).filter(is).collect();
    found.sort_by_key(|run| std::cmp::Reverse((run.created_at, run.id)));
    let total = found.len();
    let size = number(ask, "per_page").unwrap_or(30).clamp(1, 100);
    let skip = size * (number(ask, "page").unwrap_or(1).max(1) - 1);
    let page = found.into_iter().skip(skip).take(size);
    let page: Vec<&Value> = page.map(|run| &run.body).collect();
    Reply::json(200, &json!({ "total_count": total, "workflow_runs": page }))
}
