//! The failure policy, row by row: the deploy stays green, one warning says why and what to do, nothing is lost.

use std::time::{Duration, Instant};

use super::{
    deploy_of, deployments, each, ids, is_degraded, is_green, is_not_stored, is_well, next_day,
    shop,
};
use crate::world::{Fault, On, Runner, World};

/// The run of `next_day`, impatient.
fn run(world: &World) -> Runner<'_> {
    deploy_of(world, 9, 101).input("timeout", "5s")
}

/// The next run, which nothing disturbs, stores what a disturbed one could not.
fn next_run_has_it_all(world: &World) {
    let expected = {
        let world = next_day();
        ids(&deploy_of(&world, 9, 101).run().branch_files)
    };
    let done = deploy_of(world, 9, 101).run();
    is_well(&done);
    assert_eq!(ids(&done.branch_files), expected);
}

#[test]
fn a_short_breakdown_is_outlasted() {
    let faults = [
        Fault::BadGateway,
        Fault::Dropped,
        Fault::Truncated,
        Fault::Secondary(Some(1)),
        Fault::TooMany(Some(1)),
        Fault::Graph("", "Something went wrong while executing your query."),
    ];
    each(faults, |fault| {
        let world = next_day();
        world.fault(On::operation("State"), fault.clone());
        let done = deploy_of(&world, 9, 101).run();
        is_well(&done);
        assert_eq!(world.requests().of("State"), 2, "{fault:?}");
        assert_eq!(world.requests().of("Commit"), 1, "{fault:?}");
        world.finish();
    });
}

#[test]
fn a_long_breakdown_of_the_first_query_leaves_it_to_the_next_run() {
    let cases = [
        (Fault::BadGateway, "status 502", "githubstatus.com"),
        (Fault::Dropped, "connection", "githubstatus.com"),
        (Fault::Truncated, "cannot be read", ""),
        (
            Fault::Secondary(Some(120)),
            "secondary rate limit",
            "the next run catches up",
        ),
        (
            Fault::Exhausted(1800),
            "rate limit",
            "the next run catches up",
        ),
        (
            Fault::Graph("", "Something went wrong"),
            "GitHub failed",
            "githubstatus.com",
        ),
    ];
    each(cases, |(fault, reason, help)| {
        let world = next_day();
        world.fault(On::operation("State").times(9), fault.clone());
        let begun = Instant::now();
        let done = run(&world).run();
        assert!(begun.elapsed() < Duration::from_millis(7_500), "{fault:?}");
        is_not_stored(&done, reason);
        assert!(
            done.said("warning")[0].contains(help),
            "{fault:?}: {:?}",
            done.said("warning")
        );
        assert_eq!(world.requests().mutations(), 0);
        world.left_over();
        next_run_has_it_all(&world);
    });
}

#[test]
fn every_request_of_a_steady_run_may_fail_once() {
    each(1..=7, |number| {
        let world = next_day();
        world.fault(On::request(number), Fault::BadGateway);
        let done = deploy_of(&world, 9, 101).run();
        is_green(&done);
        // A comment that may have been written is not written again.
        if number == 7 {
            is_degraded(&done, "comments may be missing");
        } else {
            is_well(&done);
            assert_eq!(done.comments.len(), 2, "request {number}");
        }
        assert_eq!(done.output("persisted"), "true", "request {number}");
        assert_eq!(done.commits_on_branch.len(), 2, "request {number}");
        world.finish();
        next_run_has_it_all(&world_again(&done));
    });
}

/// A world whose branch looks like this run left it.
fn world_again(done: &super::Transcript) -> World {
    let world = next_day();
    let files: Vec<(&str, &str)> = done
        .branch_files
        .iter()
        .map(|(path, text)| (path.as_str(), text.as_str()))
        .collect();
    world
        .github()
        .delete_branch("fivekeys")
        .push("fivekeys", &files);
    world
}

#[test]
fn every_request_of_a_first_run_may_fail_once() {
    each(1..=10, |number| {
        for fault in [Fault::BadGateway, Fault::BadGatewayAfter] {
            let world = shop();
            world.fault(On::request(number), fault.clone());
            let done = deploy_of(&world, 8, 100).run();
            is_green(&done);
            assert_eq!(
                done.output("persisted"),
                "true",
                "request {number}, {fault:?}"
            );
            assert_eq!(
                done.commits_on_branch.len(),
                1,
                "request {number}, {fault:?}"
            );
            assert_eq!(deployments(&done.branch_files).len(), 3);
            assert!(done.comments.len() <= 1, "request {number}, {fault:?}");
            if number < 10 {
                assert_eq!(done.comments.len(), 1, "request {number}, {fault:?}");
                is_well(&done);
            }
            world.finish();
        }
    });
}

#[test]
fn a_breakdown_in_the_middle_keeps_what_was_read() {
    each(
        [("GET compare", "commits"), ("Pulls", "pull requests")],
        |(operation, reason)| {
            let world = next_day();
            let on = match operation {
                "Pulls" => On::operation("Pulls"),
                _ => On::rest("GET", "compare"),
            };
            // After four tries the query for pull requests is made smaller.
            world.fault(
                on.times(if operation == "Pulls" { 8 } else { 4 }),
                Fault::BadGateway,
            );
            let done = deploy_of(&world, 9, 101).run();
            is_degraded(&done, &format!("{reason} could not be read"));
            assert_eq!(
                done.output("persisted"),
                "true",
                "the deployment itself is stored"
            );
            assert_eq!(deployments(&done.branch_files).len(), 4);
            assert_eq!(world.left_over(), Vec::<String>::new());
            next_run_has_it_all(&world);
        },
    );
}

#[test]
fn a_missing_permission_is_named_with_its_mend() {
    let all = [
        "contents: write",
        "deployments: read",
        "pull-requests: write",
    ];
    let cases = [
        (
            vec!["contents: read", all[1], all[2]],
            "contents: write",
            false,
        ),
        (vec![all[0], all[2]], "deployments: read", true),
        (vec![all[1], all[2]], "contents: ", false),
    ];
    for (granted, mend, persisted) in cases {
        let world = next_day();
        world.github().permissions(&granted);
        let done = deploy_of(&world, 9, 101).run();
        is_degraded(&done, &format!("add `{mend}"));
        assert!(done.summary.contains(mend), "{}", done.summary);
        assert_eq!(
            done.output("persisted"),
            persisted.to_string(),
            "{granted:?}"
        );
        world.github().permissions(&all);
        let next = deploy_of(&world, 9, 101).run();
        is_well(&next);
        assert_eq!(
            deployments(&next.branch_files)["dep:DE_kwDOworld00004"],
            "success"
        );
    }
}

#[test]
fn without_the_permission_to_comment_everything_else_is_done() {
    let world = next_day();
    world.github().permissions(&[
        "contents: write",
        "deployments: read",
        "pull-requests: read",
    ]);
    let done = deploy_of(&world, 9, 101).run();
    is_degraded(
        &done,
        "add `pull-requests: write` to the job's `permissions`",
    );
    assert_eq!(done.output("persisted"), "true");
    assert_eq!(done.comments.len(), 1);
}

#[test]
fn without_the_permission_to_read_pull_requests_commits_are_measured() {
    let world = next_day();
    world
        .github()
        .permissions(&["contents: write", "deployments: read"]);
    let done = deploy_of(&world, 9, 101).run();
    is_degraded(
        &done,
        "add `pull-requests: read` to the job's `permissions`",
    );
    assert_eq!(done.output("persisted"), "true");
}

#[test]
fn a_ruleset_on_the_branch_is_named() {
    for world in [next_day(), shop()] {
        world.github().ruleset("fivekeys");
        let done = deploy_of(&world, 8, 100).run();
        let done = if done.said("warning").is_empty() {
            run(&world).run()
        } else {
            done
        };
        is_not_stored(&done, "exclude the metrics branch from the ruleset");
        assert!(done.summary.contains("ruleset"), "{}", done.summary);
        assert!(
            done.summary.contains("Change lead time"),
            "the numbers are there"
        );
    }
}

#[test]
fn a_token_that_is_none_is_said() {
    for token in ["", "wrong"] {
        let world = next_day();
        let done = run(&world).input("token", token).run();
        is_not_stored(&done, "GitHub does not accept the token");
        assert!(done.said("warning")[0].contains("${{ github.token }}"));
        world.finish();
    }
}

#[test]
fn a_server_that_is_not_there_is_said() {
    let world = next_day();
    let nowhere = "http://127.0.0.1:9";
    let begun = Instant::now();
    let done = run(&world)
        .env("GITHUB_API_URL", nowhere)
        .env("GITHUB_GRAPHQL_URL", &format!("{nowhere}/graphql"))
        .run();
    assert!(begun.elapsed() < Duration::from_millis(7_500));
    is_not_stored(&done, "the connection to GitHub failed");
    for broken in ["", "api.github.com", "https://"] {
        let done = run(&world)
            .env("GITHUB_API_URL", broken)
            .env("GITHUB_GRAPHQL_URL", nowhere)
            .run();
        is_green(&done);
        assert_eq!(done.output("persisted"), "false", "{broken}");
    }
    world.finish();
}

#[test]
fn a_slow_github_is_left_at_the_deadline() {
    each(
        [
            On::operation("State"),
            On::operation("Commit"),
            On::rest("GET", "compare"),
        ],
        |on| {
            let world = next_day();
            world.fault(on.clone().times(9), Fault::Slow(Duration::from_secs(8)));
            let begun = Instant::now();
            let done = run(&world).run();
            let took = begun.elapsed();
            assert!(took < Duration::from_millis(7_500), "{on:?}: {took:?}");
            is_degraded(&done, "");
            assert!(
                done.summary.starts_with("### "),
                "{on:?}: the summary is written in time"
            );
            world.left_over();
            let next = deploy_of(&world, 9, 101).run();
            is_well(&next);
            assert_eq!(deployments(&next.branch_files).len(), 4);
        },
    );
}

#[test]
fn whoever_asks_for_it_gets_a_red_step_after_everything_was_written() {
    let degraded = |fail_on: &str| {
        let world = next_day();
        world.github().permissions(&[
            "contents: write",
            "deployments: read",
            "pull-requests: read",
        ]);
        deploy_of(&world, 9, 101).input("fail-on", fail_on).run()
    };
    for (fail_on, exit) in [("none", 0), ("gate", 0), ("degraded", 1), ("error", 1)] {
        let done = degraded(fail_on);
        assert_eq!(done.exit, exit, "{fail_on}");
        assert_eq!(done.commits_on_branch.len(), 2, "{fail_on}");
        assert_eq!(done.output("persisted"), "true", "{fail_on}");
        assert!(done.summary.contains("pull-requests: write"), "{fail_on}");
    }
    let world = next_day();
    let fine = deploy_of(&world, 9, 101).input("fail-on", "error").run();
    assert_eq!(fine.exit, 0);
}
