//! How a pull request was tested: the workflow runs of its last commit, and the jobs of one of them (rule RE).

use serde_json::Value;

use super::github_payload::{instant, nodes, text};
use crate::event::{Ci, Instant, Span, seconds_between};

/// What makes a run a test of a pull request; schedules, releases and deployments are not.
const EVENTS: [&str; 4] = ["pull_request", "pull_request_target", "push", "merge_group"];

/// The runs of one commit.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Tests {
    /// Summed up; without the wait for a runner, which only jobs know.
    pub ci: Ci,
    /// Id of the run that took longest in its first attempt.
    pub slowest: Option<u64>,
}

/// From the body of `GET /repos/…/actions/runs?head_sha=…`; nothing where nothing tested the commit before it was
/// merged. `is_deploy` is asked with a run's id and the file of its workflow.
#[must_use]
pub fn from_rest(
    body: &Value,
    merged_at: Instant,
    is_deploy: impl Fn(&str, &str) -> bool,
) -> Option<Tests> {
    let runs: Vec<Run> = nodes(&body["workflow_runs"])
        .filter_map(Run::read)
        .filter(|run| run.created < merged_at && !is_deploy(&run.id.to_string(), &run.file))
        .collect();
    if runs.is_empty() {
        return None;
    }
    // Of a run that was run again, GitHub shows only the last attempt: when the first ended is not known.
    let first = || runs.iter().filter(|run| run.attempt == 1);
    let begin = first().map(|run| run.created).min();
    let end = first().map(|run| run.updated).max();
    let count = |n: usize| u32::try_from(n).unwrap_or(u32::MAX);
    let flaky = runs.iter().filter(|run| run.attempt > 1 && run.passed);
    Some(Tests {
        ci: Ci {
            run_seconds: begin
                .zip(end)
                .map(|(from, to)| seconds_between(from, to).max(0)),
            queue_seconds: None,
            runs: count(runs.len()),
            flaky: count(flaky.count()),
        },
        slowest: first()
            .max_by_key(|run| (seconds_between(run.created, run.updated), run.id))
            .map(|run| run.id),
    })
}

/// A run that has ended.
struct Run {
    id: u64,
    file: String,
    attempt: u64,
    passed: bool,
    created: Instant,
    updated: Instant,
}

impl Run {
    fn read(run: &Value) -> Option<Self> {
        let event = text(run, "event").is_none_or(|event| EVENTS.contains(&event));
        let path = text(run, "path").unwrap_or_default();
        // `.github/workflows/ci.yml@refs/heads/main` for what another repository provides.
        let path = path.split('@').next().unwrap_or_default();
        let ended = text(run, "status") == Some("completed") && event;
        ended.then_some(())?;
        Some(Self {
            id: run["id"].as_u64()?,
            file: path.rsplit('/').next().unwrap_or_default().to_owned(),
            attempt: run["run_attempt"].as_u64().unwrap_or(1),
            passed: text(run, "conclusion") == Some("success"),
            created: instant(run, "created_at")?,
            updated: instant(run, "updated_at")?,
        })
    }
}

/// The longest wait of a job for a runner, from the body of `GET /repos/…/actions/runs/…/jobs`. Jobs that no runner
/// took are left out.
#[must_use]
pub fn longest_queue(body: &Value) -> Option<Span> {
    nodes(&body["jobs"])
        .filter(|job| text(job, "conclusion") != Some("skipped"))
        .filter_map(|job| {
            let waited = seconds_between(instant(job, "created_at")?, instant(job, "started_at")?);
            (waited >= 0).then_some(waited)
        })
        .max()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::event::parse_instant;

    fn run(id: u64, file: &str, attempt: u64, conclusion: &str, from: &str, to: &str) -> Value {
        json!({ "id": id, "path": format!(".github/workflows/{file}"), "run_attempt": attempt, "status": "completed",
            "event": "pull_request", "conclusion": conclusion,
            "created_at": format!("2026-03-02T{from}:00Z"), "updated_at": format!("2026-03-02T{to}:00Z") })
    }

    fn at(text: &str) -> Instant {
        parse_instant(&format!("2026-03-02T{text}:00Z")).unwrap()
    }

    #[test]
    fn the_runs_of_a_commit_are_one_test_from_first_to_last() {
        let mut scheduled = run(6, "nightly.yml", 1, "success", "09:00", "13:00");
        scheduled["event"] = json!("schedule");
        let mut going_on = run(7, "slow.yml", 1, "success", "09:00", "13:00");
        going_on["status"] = json!("in_progress");
        let body = json!({ "total_count": 7, "workflow_runs": [
            run(1, "ci.yml", 1, "success", "10:00", "10:12"),
            run(2, "lint.yml", 1, "failure", "10:01", "10:05"),
            run(3, "flaky.yml@refs/heads/main", 3, "success", "10:00", "15:00"),
            run(4, "deploy.yml", 1, "success", "10:00", "11:00"),
            run(5, "ci.yml", 1, "success", "12:00", "12:10"),
            scheduled, going_on, null] });
        let found = from_rest(&body, at("12:00"), |id, file| {
            assert_ne!(id, "0");
            file == "deploy.yml"
        });
        let found = found.unwrap();
        assert_eq!(found.slowest, Some(1));
        assert_eq!(
            found.ci,
            Ci {
                run_seconds: Some(720),
                queue_seconds: None,
                runs: 3,
                flaky: 1
            }
        );
        assert_eq!(from_rest(&body, at("09:00"), |_, _| false), None);
        assert_eq!(from_rest(&json!({}), at("12:00"), |_, _| false), None);
        let again = json!({ "workflow_runs": [run(3, "f.yml", 2, "failure", "10:00", "15:00")] });
        let found = from_rest(&again, at("12:00"), |_, _| false).unwrap();
        assert_eq!((found.ci.run_seconds, found.ci.flaky), (None, 0));
    }

    #[test]
    fn the_longest_wait_for_a_runner_counts() {
        let job = |from: &str, to: Option<&str>, conclusion: &str| {
            json!({ "created_at": format!("2026-03-02T10:{from}Z"), "conclusion": conclusion,
                "started_at": to.map(|to| format!("2026-03-02T10:{to}Z")) })
        };
        let body = json!({ "jobs": [job("00:00", Some("00:07"), "success"), job("00:00", Some("01:30"), "failure"),
            job("00:00", Some("09:00"), "skipped"), job("00:00", None, "cancelled"), job("00:09", Some("00:07"), "success")] });
        assert_eq!(longest_queue(&body), Some(90));
        assert_eq!(longest_queue(&json!({ "jobs": [] })), None);
    }
}
