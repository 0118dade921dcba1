//! Many real processes that start together on one branch, within GitHub's published contract.
//!
//! `FIVEKEYS_RUNS` says how many; as many as two cores bear, where it says nothing.

use std::io::{Read as _, Write as _};
use std::net::TcpStream;

use serde_json::{Value, json};

use super::Simulator;
use crate::data;

/// 2026-11-20T12:10:00Z: a little later than the story.
const EPOCH: &str = "SOURCE_DATE_EPOCH=1795176600";
const MOST_MUTATIONS: u64 = 12;

fn how_many() -> u64 {
    let given = std::env::var("FIVEKEYS_RUNS").ok();
    given.and_then(|text| text.parse().ok()).unwrap_or(25)
}

/// The simulator that nobody has asked anything yet.
pub(super) fn simulator() -> Option<Simulator> {
    let scenario = data::shared("../tools/ghsim/tests/scenario.json")?;
    Simulator::start(&["--scenario", scenario.to_str().unwrap()])
}

impl Simulator {
    /// Changes the world behind the API.
    pub(super) fn tell(&self, what: &str, body: &Value) {
        self.talk("POST", what, &body.to_string());
    }

    /// How many requests were disturbed.
    pub(super) fn struck(&self) -> u64 {
        let faults = self.talk("GET", "faults", "");
        let fired = faults.as_array().unwrap().iter().map(|f| &f["fired"]);
        fired.map(|count| count.as_u64().unwrap()).sum()
    }

    fn talk(&self, method: &str, what: &str, body: &str) -> Value {
        let place = self.info["url"].as_str().unwrap().replace("http://", "");
        let mut line = TcpStream::connect(&place).unwrap();
        write!(
            line,
            "{method} /_sim/{what} HTTP/1.1\r\nHost: {place}\r\nConnection: close\r\nContent-Length: {}\r\n\r\n{body}",
            body.len()
        )
        .unwrap();
        let mut answer = String::new();
        line.read_to_string(&mut answer).unwrap();
        assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
        let (_, json) = answer.split_once("\r\n\r\n").unwrap();
        serde_json::from_str(json).unwrap()
    }

    /// So many runs at once, each with a settled deployment of its own, or with none.
    pub(super) fn crowd(&self, runs: u64, deployments: bool) -> Value {
        let runs = runs.to_string();
        let more = if deployments {
            "--settled"
        } else {
            "--no-deployment"
        };
        self.run(&["--parallel", &runs, more, "--env", EPOCH])
    }
}

/// All went well, everything stands once, and little was written; returns the commits on the branch.
fn is_whole(run: &Value, runs: u64) -> u64 {
    let stats = &run["sim"]["stats"];
    let counted = |group: &str, prefix: &str| -> u64 {
        let all = stats[group].as_object().unwrap().iter();
        let of = all.filter(|(name, _)| name.starts_with(prefix));
        of.map(|(_, count)| count.as_u64().unwrap()).sum()
    };
    let mutations = counted("graphql", "mutation") + counted("rest", "POST");
    eprintln!(
        "{runs} runs in {}: {mutations} mutations, {} commits, {stats}",
        run["seconds"], run["events"]["commits"]
    );
    assert_eq!(run["exit_codes"], json!({ "0": runs }));
    assert_eq!(run["events"]["lost"], json!([]));
    assert_eq!(run["events"]["duplicated"], json!({}));
    for one in run["results"].as_array().unwrap() {
        assert_eq!(one["outputs"]["persisted"], "true", "{one}");
        assert_eq!(one["warnings"], json!([]));
    }
    assert!(mutations <= MOST_MUTATIONS, "{mutations} mutations");
    run["events"]["commits"].as_u64().unwrap()
}

#[test]
fn runs_that_start_together_lose_nothing_store_nothing_twice_and_write_little() {
    let Some(simulator) = simulator() else {
        return;
    };
    let runs = how_many();
    // Three of ten deployments are somebody else's, and no run of ours will ever speak of them.
    for _ in 0..runs * 3 / 7 {
        let statuses = json!([{ "state": "in_progress" }, { "state": "success" }]);
        simulator.tell(
            "deployments",
            &json!({ "environment": "production", "statuses": statuses }),
        );
    }
    let first = simulator.crowd(runs, true);
    let commits = is_whole(&first, runs);
    // An hour later the limits begin again.
    simulator.tell("reset", &json!({}));
    let again = simulator.crowd(runs, false);
    assert_eq!(
        is_whole(&again, runs),
        commits,
        "nothing was left to be written"
    );
    assert_eq!(again["sim"]["stats"]["content_creating"], 0);
}

#[test]
fn runs_that_start_together_bear_lost_answers_and_reads_of_the_past() {
    let Some(simulator) = simulator() else {
        return;
    };
    let runs = how_many();
    simulator.tell(
        "faults",
        &json!([
            { "kind": "502-after", "match": { "method": "POST", "path": "/git/" }, "every": 3 },
            { "kind": "502-after", "match": { "operation": "^mutation" }, "every": 3 },
            { "kind": "stale", "match": { "operation": "^query State" }, "every": 3 },
        ]),
    );
    is_whole(&simulator.crowd(runs, true), runs);
}
