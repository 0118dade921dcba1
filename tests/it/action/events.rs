//! Which events may write, and which only look.

use super::{deploy_of, is_green, next_day};

#[test]
fn pull_requests_and_merge_groups_are_measured_and_nothing_is_written() {
    for event in [
        "pull_request",
        "pull_request_target",
        "pull_request_review",
        "merge_group",
    ] {
        let world = next_day();
        let before = world.github().branch_files("fivekeys");
        // A fork's token reads, and no more.
        world
            .github()
            .permissions(&["contents: read", "deployments: read", "pull-requests: read"]);
        let done = deploy_of(&world, 9, 101)
            .event(event)
            .input("status", "")
            .run();
        is_green(&done);
        assert_eq!(done.annotations, [], "{event}");
        assert_eq!(world.requests().mutations(), 0, "{event}");
        assert_eq!(done.branch_files, before, "{event}");
        assert_eq!(done.comments.len(), 1, "{event}");
        for (name, value) in [
            ("persisted", "false"),
            ("degraded", "false"),
            ("commit", ""),
            ("event-id", ""),
        ] {
            assert_eq!(done.output(name), value, "{event}: {name}");
        }
        assert!(
            done.summary.contains("4 deployments"),
            "{event}: {}",
            done.summary
        );
        assert!(
            done.summary.contains("measured and not stored"),
            "{event}: {}",
            done.summary
        );
        assert!(
            !done.summary.contains("[!WARNING]"),
            "{event}: {}",
            done.summary
        );
    }
}

#[test]
fn a_dry_run_prints_files_and_comments_and_writes_nothing() {
    for world in [next_day(), super::shop()] {
        let before = world.github().branch_files("fivekeys");
        let pull = if before.is_empty() { 8 } else { 9 };
        let comments = world.github().comments.len();
        let done = deploy_of(&world, pull, 92 + pull)
            .input("dry-run", "true")
            .run();
        is_green(&done);
        assert_eq!(done.annotations, []);
        assert_eq!(world.requests().mutations(), 0);
        assert_eq!(done.branch_files, before);
        assert_eq!(done.comments.len(), comments);
        for text in [
            "dry run",
            "metrics.json (",
            "README.md (",
            "**In production** 58 min",
        ] {
            assert!(
                done.stderr.contains(text),
                "{text} is not in {}",
                done.stderr
            );
        }
        assert!(
            done.summary.contains("Dry run: nothing was written."),
            "{}",
            done.summary
        );
        assert_eq!(
            (done.output("persisted"), done.output("commit")),
            ("false", "")
        );
    }
}

#[test]
fn a_schedule_sweeps_without_a_deployment_of_its_own() {
    let world = next_day();
    let done = deploy_of(&world, 9, 150)
        .event("schedule")
        .input("status", "")
        .run();
    is_green(&done);
    assert_eq!(done.output("persisted"), "true");
    assert_eq!(done.output("swept"), "1");
    assert_eq!(done.commits_on_branch.len(), 2);
}
