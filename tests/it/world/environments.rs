//! Environments with their rules, and the runs that test pull requests.

use serde_json::json;

use super::git::sha;
use super::github::{GitHub, Run, moment};
use super::reply::Reply;
use super::rest::Ask;

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
        let job = json!({ "id": id + 7, "run_id": id, "run_attempt": attempt, "name": "test", "status": "completed",
            "conclusion": conclusion, "created_at": created, "started_at": began, "completed_at": ended });
        self.runs.push(Run {
            id,
            file: file.to_owned(),
            created_at: moment(created),
            body: run,
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
    if (ask.method, route) != ("GET", "environments") {
        return None;
    }
    if !github.permits("actions", "read") {
        let refusal = Reply::refusal(403, "Resource not accessible by integration");
        return Some(refusal.header("x-accepted-github-permissions", "actions=read"));
    }
    let rows = &github.environments;
    let body = json!({ "total_count": rows.len(), "environments": rows });
    Some(Reply::json(200, &body))
}
