//! Crowds of real processes under faults that chance picks: whatever was disturbed, the next run makes whole.
//!
//! `FIVEKEYS_SEEDS` says how many crowds; one, where it says nothing.

use serde_json::{Value, json};

use super::many::simulator;

/// Runs of a crowd.
const RUNS: u64 = 8;

fn seeds() -> u64 {
    let given = std::env::var("FIVEKEYS_SEEDS").ok();
    given.and_then(|text| text.parse().ok()).unwrap_or(1)
}

/// Faults that together strike every third request, the same for the same seed.
fn faults(seed: u64) -> Value {
    let kinds = [
        json!({ "kind": "502" }),
        json!({ "kind": "502-after" }),
        json!({ "kind": "drop" }),
        json!({ "kind": "drop-after" }),
        json!({ "kind": "truncate" }),
        json!({ "kind": "slow", "delay": 3 }),
        json!({ "kind": "secondary", "retry_after": 1 }),
        json!({ "kind": "secondary" }),
        json!({ "kind": "gql-error", "match": { "operation": "." } }),
        json!({ "kind": "stale", "match": { "operation": "^query State" } }),
    ];
    let rated = (1..).zip(kinds).map(|(n, mut fault)| {
        fault["rate"] = json!(0.04);
        fault["seed"] = json!(seed * 100 + n);
        fault
    });
    rated.collect()
}

#[test]
fn whatever_chance_disturbs_the_next_run_makes_whole() {
    for seed in 1..=seeds() {
        let Some(simulator) = simulator() else {
            return;
        };
        simulator.tell("faults", &faults(seed));
        let crowd = simulator.crowd(RUNS, true);
        let runs = crowd["results"].as_array().unwrap();
        let stored = runs.iter().filter(|r| r["outputs"]["persisted"] == "true");
        let stored = stored.count();
        eprintln!(
            "seed {seed}: {} requests disturbed, {stored} of {RUNS} say that all is stored, {} deployments not yet",
            simulator.struck(),
            crowd["events"]["lost"].as_array().unwrap().len()
        );
        assert_eq!(crowd["exit_codes"], json!({ "0": RUNS }), "seed {seed}");
        assert_eq!(crowd["events"]["duplicated"], json!({}), "seed {seed}");
        for run in runs {
            // Who could not store it says so, and who says that it is stored is right.
            let is_told =
                run["outputs"]["persisted"] == "true" || run["outputs"]["degraded"] == "true";
            assert!(is_told, "seed {seed}: {run}");
        }
        simulator.tell("faults", &json!([]));
        simulator.tell("reset", &json!({}));
        let next = simulator.crowd(2, true);
        assert_eq!(next["events"]["lost"], json!([]), "seed {seed}");
        assert_eq!(next["events"]["duplicated"], json!({}), "seed {seed}");
        for run in next["results"].as_array().unwrap() {
            assert_eq!(run["outputs"]["persisted"], "true", "seed {seed}: {run}");
            assert_eq!(run["outputs"]["degraded"], "false", "seed {seed}: {run}");
        }
    }
}
