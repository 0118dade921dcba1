//! `fail-on: gate`: the step fails on what is missed with certainty, after everything was written.

use super::{deploy_of, is_green, next_day};
use crate::world::{Transcript, World};

/// Four deployments in three weeks, with these lines of configuration.
fn with(lines: &str, fail_on: &str) -> (World, Transcript) {
    let world = next_day();
    world.github().file(".github/fivekeys.yml", lines);
    let done = deploy_of(&world, 9, 101).input("fail-on", fail_on).run();
    (world, done)
}

/// The deployment is stored, the summary and the report are written.
fn is_written(done: &Transcript) {
    assert_eq!(done.output("persisted"), "true", "{done:#?}");
    assert_eq!(done.output("degraded"), "false");
    assert_eq!(done.commits_on_branch.len(), 2);
    assert!(done.branch_files["metrics.json"].contains("\"targets\""));
    assert!(done.summary.contains("Software delivery of"));
}

#[test]
fn a_target_missed_for_certain_fails_the_step_after_everything_was_written() {
    let (_, done) = with("targets: [\"deployment_frequency >= 5/day\"]\n", "gate");
    assert_eq!(done.exit, 4, "{done:#?}");
    is_written(&done);
    let said = done.said("error");
    assert_eq!(said.len(), 1, "{said:?}");
    assert!(said[0].contains("missed: deployment_frequency >= 5/day"));
    assert!(done.summary.contains("**missed**"), "{}", done.summary);
    let readme = &done.branch_files["README.md"];
    assert!(readme.contains("deployment"), "{readme}");
    assert!(readme.contains("#### Targets"), "{readme}");
    assert!(!done.comments.is_empty(), "pull requests are told as ever");
}

#[test]
fn what_is_met_or_not_certain_or_not_due_fails_nothing() {
    for target in [
        "deployment_frequency >= 1/month",
        "change_fail_rate <= 2%",
        "change_lead_time <= 1m",
        "deployment_frequency >= 5/day by 2026-12-31",
    ] {
        let (_, done) = with(&format!("targets: [\"{target}\"]\n"), "gate");
        is_green(&done);
        is_written(&done);
        assert_eq!(done.said("error"), Vec::<&str>::new(), "{target}");
    }
}

#[test]
fn a_missed_target_is_said_and_fails_nothing_where_nobody_asked() {
    for fail_on in ["none", "degraded", "error"] {
        let (_, done) = with("targets: [\"deployment_frequency >= 5/day\"]\n", fail_on);
        is_green(&done);
        is_written(&done);
        assert!(done.summary.contains("**missed**"), "{fail_on}");
    }
}

#[test]
fn a_gate_without_targets_says_that_it_has_nothing_to_judge_by() {
    let (_, done) = with("window: 90d\n", "gate");
    is_green(&done);
    let said = done.said("notice");
    assert!(said[0].contains("nothing to judge by"), "{said:?}");
}

#[test]
fn a_history_that_was_read_in_part_keeps_the_gate_open() {
    let world = next_day();
    let target = "targets: [\"deployment_frequency >= 5/day\"]\n";
    world.github().file(".github/fivekeys.yml", target);
    world
        .github()
        .permissions(&["contents: write", "deployments: read"]);
    let done = deploy_of(&world, 9, 101).input("fail-on", "gate").run();
    assert_eq!(done.exit, 0, "{done:#?}");
    assert!(done.summary.contains("**missed**"), "{}", done.summary);
    let said = done.said("notice");
    assert!(said[0].contains("so the gate stays open"), "{said:?}");
}
