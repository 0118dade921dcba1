//! The digest as an issue.

use super::{deploy_of, is_degraded, is_green, is_well, next_day};
use crate::world::{Fault, On, Runner, World};

fn scheduled<'w>(world: &'w World, mode: &str) -> Runner<'w> {
    deploy_of(world, 9, 150)
        .event("schedule")
        .input("status", "")
        .input("mode", mode)
}

fn with_issues() -> World {
    let world = next_day();
    world.github().permissions(&[
        "contents: write",
        "deployments: read",
        "pull-requests: write",
        "issues: write",
    ]);
    world
}

fn digests(world: &World) -> Vec<(String, String)> {
    let github = world.github();
    let found = github.issues.values();
    found.map(|i| (i.title.clone(), i.body.clone())).collect()
}

#[test]
fn a_period_has_one_issue_however_often_the_run_is_started() {
    let world = with_issues();
    let done = scheduled(&world, "digest").run();
    is_well(&done);
    let first = digests(&world);
    assert_eq!(first.len(), 1);
    assert_eq!(first[0].0, "Software delivery, 2026-02-23 – 2026-03-01");
    assert!(
        first[0].1.starts_with(
            "<!-- fivekeys:v1:digest:2026-02-23/2026-03-01 -->\n# Software delivery of acme/shop"
        ),
        "{}",
        first[0].1
    );
    assert!(done.summary.contains("/acme/shop/issues/"));

    let written = world.requests().mutations();
    is_well(&scheduled(&world, "digest").run());
    assert_eq!(world.requests().mutations(), written, "nothing moved");
    is_well(&scheduled(&world, "monthly-digest").run());
    let titles: Vec<String> = digests(&world).into_iter().map(|d| d.0).collect();
    assert_eq!(titles.len(), 2);
    assert_eq!(titles[1], "Software delivery, 2026-02-01 – 2026-02-28");
}

#[test]
fn a_stranger_s_issue_with_our_marker_is_left_alone() {
    let world = with_issues();
    let body = "<!-- fivekeys:v1:digest:2026-02-23/2026-03-01 -->\nmine";
    world
        .github()
        .open_issue(77, "news", "2026-03-03T08:00:00Z", body);
    is_well(&scheduled(&world, "digest").run());
    let all = digests(&world);
    assert_eq!(all.len(), 2);
    assert_eq!(all[0].1, body);
}

#[test]
fn without_the_permission_everything_else_is_done_and_the_mend_is_named() {
    let world = next_day();
    world.github().permissions(&[
        "contents: write",
        "deployments: read",
        "pull-requests: write",
        "issues: read",
    ]);
    let done = scheduled(&world, "digest").run();
    is_degraded(&done, "add `issues: write`");
    assert_eq!(done.output("persisted"), "true");
    assert!(digests(&world).is_empty());
}

#[test]
fn an_issue_whose_answer_was_lost_is_not_written_twice() {
    let world = with_issues();
    world.fault(On::operation("CreateIssue"), Fault::BadGatewayAfter);
    let done = scheduled(&world, "digest").run();
    is_green(&done);
    assert_eq!(digests(&world).len(), 1);
    is_well(&scheduled(&world, "digest").run());
    assert_eq!(digests(&world).len(), 1);
    world.finish();
}
