//! Comments: one for each shipped pull request, ours alone, and never more than is bearable.

use super::{deploy_of, is_degraded, is_green, is_well, next_day};
use crate::world::{Fault, On, Transcript, World};

/// Twelve pull requests that one deployment ships.
fn batch() -> World {
    let world = next_day();
    {
        let mut github = world.github();
        for n in 0..12_u64 {
            github.merge_pull(30 + n, &format!("2026-03-03T10:{n:02}:00Z"));
        }
        github.deploy_with(
            "production",
            "pr41",
            "2026-03-03T10:20:00Z",
            &[("success", "2026-03-03T10:25:00Z")],
            |deploy| deploy.run(101, 1),
        );
    }
    world.clock("2026-03-03T10:30:00Z");
    world
}

#[test]
fn a_large_batch_is_told_ten_times_and_the_rest_is_said() {
    let world = batch();
    let done = deploy_of(&world, 41, 101).run();
    is_green(&done);
    assert_eq!(done.said("warning"), Vec::<&str>::new());
    // Pull request 9 was shipped by the deployment before, which this run stores too.
    assert_eq!(done.comments.len(), 1 + 10);
    assert_eq!(
        done.said("notice"),
        ["3 more shipped pull requests were not commented on"]
    );
    assert_eq!(
        world.requests().of("Comments"),
        2,
        "one query, one mutation"
    );
    let line = "Shipped pull requests without a comment: 3, beyond the 10 that were told";
    assert!(done.summary.contains(line), "{}", done.summary);
}

#[test]
fn what_two_runs_told_twice_is_told_once_and_found_however_long_people_talked() {
    let world = next_day();
    let marker = "<!-- fivekeys:v1:shipped:production -->";
    {
        let mut github = world.github();
        for text in ["one", "two"] {
            github.comment(9, "github-actions[bot]", &format!("{marker}\n{text}"));
        }
        github.comment(9, "mallory", &format!("{marker}\nmine"));
        for n in 0..120 {
            github.comment(9, "ada", &format!("Talk {n}"));
        }
    }
    let done = deploy_of(&world, 9, 101).run();
    is_well(&done);
    let on: Vec<_> = done.comments.iter().filter(|c| c.pull == 9).collect();
    assert_eq!(
        on.len(),
        1 + 1 + 120,
        "one of ours, the stranger's, the talk"
    );
    let ours: Vec<_> = on
        .iter()
        .filter(|c| c.author == "github-actions[bot]")
        .collect();
    assert_eq!((ours.len(), ours[0].edits), (1, 1));
    assert!(
        ours[0].body.contains("**In production** since"),
        "{}",
        ours[0].body
    );
    assert!(
        on.iter()
            .any(|c| c.author == "mallory" && c.body.ends_with("mine"))
    );
}

#[test]
fn more_comments_than_a_mutation_holds_are_all_written() {
    let world = next_day();
    {
        let mut github = world.github();
        for n in 0..25_u64 {
            github.merge_pull(30 + n, &format!("2026-03-03T10:{n:02}:00Z"));
        }
        github.deploy_with(
            "production",
            "pr54",
            "2026-03-03T10:40:00Z",
            &[("success", "2026-03-03T10:45:00Z")],
            |deploy| deploy.run(101, 1),
        );
        github.file(".github/fivekeys.yml", "comment: { max: 50 }\n");
    }
    world.clock("2026-03-03T10:50:00Z");
    let done = deploy_of(&world, 54, 101).run();
    is_green(&done);
    assert_eq!(done.comments.len(), 1 + 26);
    assert!(
        !done.summary.contains("without a comment"),
        "{}",
        done.summary
    );
}

#[test]
fn a_stranger_who_quotes_our_marker_is_left_alone() {
    let world = next_day();
    let marker = "<!-- fivekeys:v1:shipped:production -->";
    let theirs = format!("{marker}\nI am no robot.");
    world.github().comment(9, "mallory", &theirs);
    let done = deploy_of(&world, 9, 101).run();
    is_well(&done);
    let on: Vec<_> = done.comments.iter().filter(|c| c.pull == 9).collect();
    assert_eq!(on.len(), 2);
    assert_eq!((on[0].body.as_str(), on[0].edits), (theirs.as_str(), 0));
    assert!(on[1].body.starts_with(marker), "{}", on[1].body);
}

#[test]
fn a_comment_of_ours_is_rewritten_in_place_and_an_equal_one_is_left() {
    let world = next_day();
    let expected = deploy_of(&world, 9, 101).run().comments[1].body.clone();
    for (there, edits) in [
        ("<!-- fivekeys:v1:shipped:production -->\nold", 1),
        (expected.as_str(), 0),
    ] {
        let world = next_day();
        world.github().comment(9, "github-actions[bot]", there);
        let done = deploy_of(&world, 9, 101).run();
        is_well(&done);
        let on: Vec<_> = done.comments.iter().filter(|c| c.pull == 9).collect();
        assert_eq!(on.len(), 1, "{there}");
        assert_eq!(
            (on[0].body.as_str(), on[0].edits),
            (expected.as_str(), edits)
        );
    }
}

#[test]
fn a_locked_pull_request_costs_its_own_comment_and_no_other() {
    let world = next_day();
    world.clock("2026-03-03T11:00:00Z");
    {
        let mut github = world.github();
        github
            .merge_pull_with(
                30,
                "2026-03-03T10:00:00Z",
                super::super::world::story::PullStory::locked,
            )
            .merge_pull(31, "2026-03-03T10:05:00Z")
            .deploy_with(
                "production",
                "pr31",
                "2026-03-03T10:20:00Z",
                &[("success", "2026-03-03T10:25:00Z")],
                |deploy| deploy.run(101, 1),
            );
    }
    let done = deploy_of(&world, 31, 101).run();
    is_degraded(&done, "1 comments were not written");
    assert_eq!(done.output("persisted"), "true");
    assert!(done.comments.iter().any(|c| c.pull == 31));
    assert!(!done.comments.iter().any(|c| c.pull == 30));
}

/// Two services that were deployed together once, and then pull request 7, which is a change of both.
fn monorepo() -> World {
    let world = World::new().at("2026-03-03T10:00:00Z");
    {
        let mut github = world.github();
        github.file(
            ".github/fivekeys.yml",
            "services: { api: { environments: [production-api] }, web: { environments: [production-web] } }\n",
        );
        github.commit("c1", "2026-02-10T09:00:00Z");
        for place in ["production-api", "production-web"] {
            let at = "2026-02-10T10:05:00Z";
            github.deploy(place, "c1", "2026-02-10T10:00:00Z", &[("success", at)]);
        }
        github.merge_pull(7, "2026-03-02T09:00:00Z");
    }
    world
}

/// Pull request 7 reaches these services in March at 9:05, and a run of 10:00 tells it.
fn reaches(world: &World, services: &[&str], day: u32, run: u64) -> Transcript {
    let at = |minute: u32| format!("2026-03-{day:02}T09:{minute:02}:00Z");
    for service in services {
        let place = format!("production-{service}");
        let statuses = [("success", &*at(5))];
        world.github().deploy(&place, "pr7", &at(0), &statuses);
    }
    world.clock(&format!("2026-03-{day:02}T10:00:00Z"));
    let done = deploy_of(world, 7, run).input("status", "").run();
    is_well(&done);
    done
}

/// What each service's comment begins with.
fn tells(done: &Transcript, service: &str, day: u32) -> bool {
    let marker = format!("<!-- fivekeys:v1:shipped:{service} -->\n");
    let told: Vec<&str> = done
        .comments
        .iter()
        .filter_map(|c| c.body.strip_prefix(&marker))
        .collect();
    let since = format!("**In production** since 2026-03-{day:02} 09:05 UTC");
    let place = format!("of {service} to production-{service},");
    told.len() == 1 && told[0].starts_with(&since) && told[0].contains(&place)
}

#[test]
fn each_service_tells_its_own_deployment_of_a_pull_request() {
    let world = monorepo();
    let first = reaches(&world, &["api"], 3, 100);
    assert_eq!(first.comments.len(), 1);
    let second = reaches(&world, &["web"], 6, 101);
    assert_eq!(second.comments.len(), 2);
    for (service, day) in [("api", 3), ("web", 6)] {
        let comments = &second.comments;
        assert!(tells(&second, service, day), "{service}: {comments:#?}");
    }
}

#[test]
fn a_run_that_deploys_two_services_tells_a_pull_request_of_both() {
    let done = reaches(&monorepo(), &["api", "web"], 3, 100);
    assert_eq!(done.comments.len(), 2, "{:#?}", done.comments);
    assert!(tells(&done, "api", 3) && tells(&done, "web", 3));
}

#[test]
fn a_doubled_comment_that_does_not_go_is_no_missing_comment() {
    let world = next_day();
    for text in ["one", "two"] {
        let body = format!("<!-- fivekeys:v1:shipped:production -->\n{text}");
        world.github().comment(9, "github-actions[bot]", &body);
    }
    // Somebody else takes it away between the question and the deletion.
    world.before(On::operation("Comments").skip(1), |github| {
        let doubled = github.comments.iter_mut();
        for comment in doubled.filter(|c| c.body.ends_with("one")) {
            "IC_gone".clone_into(&mut comment.id);
        }
    });
    let done = deploy_of(&world, 9, 101).run();
    is_well(&done);
    assert!(done.comments.iter().any(|c| c.edits == 1));
}

#[test]
fn nobody_was_told_where_no_comment_was_written() {
    let world = batch();
    let done = deploy_of(&world, 41, 101).input("dry-run", "true").run();
    is_green(&done);
    assert!(!done.summary.contains("that were told"), "{}", done.summary);

    world.fault(On::operation("Comments"), Fault::Denied);
    let done = deploy_of(&world, 41, 101).run();
    is_degraded(&done, "comments were not written");
    assert!(!done.summary.contains("that were told"), "{}", done.summary);
}
