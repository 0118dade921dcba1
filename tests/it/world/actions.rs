//! Workflow runs with their jobs, and environments with their rules, as REST gives them.

use serde_json::{Value, json};

use super::git::sha;
use super::github::GitHub;
use super::reply::Reply;
use super::rest::Ask;

/// A workflow run and the jobs of its last attempt.
#[derive(Debug, Clone)]
pub(crate) struct WorkflowRun {
    run: Value,
    jobs: Vec<Value>,
}

impl GitHub {
    /// A run of a workflow that has ended, with one job that began when a runner took it.
    pub(crate) fn workflow_run(
        &mut self,
        (file, label): (&str, &str),
        (attempt, conclusion): (u32, &str),
        [created, began, ended]: [&str; 3],
    ) -> &mut Self {
        let id = 19_500_000_000_u64 + self.runs.len() as u64;
        let run = json!({ "id": id, "path": format!(".github/workflows/{file}"), "head_sha": sha(label),
            "event": "pull_request", "status": "completed", "conclusion": conclusion, "run_attempt": attempt,
            "created_at": created, "run_started_at": created, "updated_at": ended });
        let job = json!({ "id": id + 7, "run_id": id, "name": "test", "status": "completed",
            "conclusion": conclusion, "created_at": created, "started_at": began, "completed_at": ended });
        self.runs.push(WorkflowRun {
            run,
            jobs: vec![job],
        });
        self
    }

    /// An environment whose timer is so many minutes; reviewed ones have reviewers too.
    pub(crate) fn environment(&mut self, name: &str, minutes: u64, reviewed: bool) -> &mut Self {
        let mut rules = vec![
            json!({ "id": 1, "type": "wait_timer", "wait_timer": minutes }),
            json!({ "id": 2, "type": "branch_policy" }),
        ];
        if reviewed {
            rules.push(json!({ "id": 3, "type": "required_reviewers", "reviewers": [] }));
        }
        self.environments
            .push(json!({ "id": 9, "name": name, "protection_rules": rules }));
        self
    }
}

/// The answer; none where the route is another's.
pub(super) fn answer(github: &GitHub, route: &str, ask: &Ask<'_>) -> Option<Reply> {
    let page = |list: &str, rows: Vec<Value>| json!({ "total_count": rows.len(), list: rows });
    let asked = |name: &str| {
        let mut found = ask.query.iter().filter(|(key, _)| key == name);
        found.next().map(|(_, value)| value.as_str())
    };
    let body = match route {
        _ if ask.method != "GET" => return None,
        "environments" => page("environments", github.environments.clone()),
        "actions/runs" => {
            let head = asked("head_sha");
            let of = |one: &&WorkflowRun| head.is_none_or(|sha| one.run["head_sha"] == sha);
            let runs = github.runs.iter().filter(of);
            page("workflow_runs", runs.map(|one| one.run.clone()).collect())
        }
        _ => {
            let id = route.strip_prefix("actions/runs/")?.strip_suffix("/jobs")?;
            let id: u64 = id.parse().ok()?;
            let run = github.runs.iter().find(|one| one.run["id"] == id);
            match run {
                Some(found) => page("jobs", found.jobs.clone()),
                None => return Some(Reply::refusal(404, "Not Found")),
            }
        }
    };
    if !github.permits("actions", "read") {
        let refusal = Reply::refusal(403, "Resource not accessible by integration");
        let needed = "actions=read".to_owned();
        return Some(refusal.header("x-accepted-github-permissions", needed));
    }
    Some(Reply::json(200, &body))
}
