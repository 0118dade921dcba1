//! Several runs at once, and answers that are lost: nothing lost, nothing twice.

use std::collections::BTreeSet;

use super::{deploy_of, deployments, each, first_run, ids, is_well, next_day, ship, shop};
use crate::world::{Fault, On, World, sha};

/// Runs at the same moment, each with a deployment of its own; returns their deployments.
fn at_once(world: &World, count: u64) -> Vec<String> {
    world.clock("2026-03-03T10:00:00Z");
    for n in 0..count {
        ship(world, 20 + n, 200 + n, "2026-03-03T09");
    }
    let runs = deploy_of(world, 20, 200).run_many(usize::try_from(count).unwrap(), |n, run| {
        let n = n as u64;
        run.sha(&format!("pr{}", 20 + n)).run_id(200 + n)
    });
    for done in &runs {
        is_well(done);
    }
    runs.iter()
        .map(|done| done.output("event-id").to_owned())
        .collect()
}

/// Every deployment, commit and pull request stands once, and every run's pull request was told once.
fn is_whole(world: &World, own: &[String], first: u64) {
    let github = world.github();
    let files = github.branch_files("fivekeys");
    let all = ids(&files);
    let once: BTreeSet<&String> = all.iter().collect();
    assert_eq!(all.len(), once.len(), "{all:#?}");
    let found = deployments(&files);
    for id in own {
        assert_eq!(found[id], "success");
    }
    for (n, _) in own.iter().enumerate() {
        let pull = first + n as u64;
        assert!(all.contains(&format!("pull pr:{pull}")), "{pull}");
        assert!(
            all.contains(&format!("commit commit:{}", sha(&format!("pr{pull}")))),
            "{pull}"
        );
        assert_eq!(github.own_comments(pull).len(), 1, "pull request {pull}");
    }
    let distinct: BTreeSet<&String> = own.iter().collect();
    assert_eq!(distinct.len(), own.len());
}

#[test]
fn two_runs_at_once_lose_nothing_and_write_nothing_twice() {
    let world = shop();
    first_run(&world);
    let own = at_once(&world, 2);
    is_whole(&world, &own, 20);
    let commits = world.github().branch_commits("fivekeys").len();
    assert!((2..=3).contains(&commits), "{commits}");
}

#[test]
fn six_runs_at_once_lose_nothing_and_write_nothing_twice() {
    let world = shop();
    first_run(&world);
    let own = at_once(&world, 6);
    is_whole(&world, &own, 20);
    let commits = world.github().branch_commits("fivekeys").len();
    assert!(commits <= 7, "{commits}");
}

#[test]
fn two_first_runs_at_once_make_one_branch() {
    let world = shop();
    let own = at_once(&world, 2);
    is_whole(&world, &own, 20);
    let commits = world.github().branch_commits("fivekeys");
    assert_eq!(commits[0].parents, Vec::<String>::new());
}

#[test]
fn a_head_that_moved_between_read_and_commit_is_read_again() {
    let world = next_day();
    world.before(On::operation("Commit"), |github| {
        github.push("fivekeys", &[("note.md", "somebody was here\n")]);
    });
    let done = deploy_of(&world, 9, 101).run();
    is_well(&done);
    let names = world.requests().names();
    let commits = names.iter().filter(|name| *name == "Commit").count();
    let states = names.iter().filter(|name| *name == "State").count();
    assert_eq!((states, commits), (2, 2), "{names:?}");
    assert_eq!(done.branch_files["note.md"], "somebody was here\n");
    assert_eq!(
        deployments(&done.branch_files)["dep:DE_kwDOworld00004"],
        "success"
    );
    assert_eq!(done.comments.len(), 2);
    world.finish();
}

#[test]
fn a_commit_whose_answer_was_lost_is_found_stored_and_never_sent_again() {
    each(
        [
            Fault::BadGatewayAfter,
            Fault::DroppedAfter,
            Fault::Truncated,
        ],
        |fault| {
            let world = next_day();
            world.fault(On::operation("Commit"), fault.clone());
            let done = deploy_of(&world, 9, 101).run();
            is_well(&done);
            let names = world.requests().names();
            assert_eq!(world.requests().of("Commit"), 1, "{fault:?}: {names:?}");
            assert_eq!(done.commits_on_branch.len(), 2, "{fault:?}");
            assert_eq!(done.comments.len(), 2, "{fault:?}: what we stored, we tell");
            world.finish();
        },
    );
}

#[test]
fn a_commit_that_was_lost_on_its_way_is_sent_once_more() {
    each([Fault::BadGateway, Fault::Dropped], |fault| {
        let world = next_day();
        world.fault(On::operation("Commit"), fault.clone());
        let done = deploy_of(&world, 9, 101).run();
        is_well(&done);
        assert_eq!(world.requests().of("Commit"), 2, "{fault:?}");
        assert_eq!(done.commits_on_branch.len(), 2, "{fault:?}");
        assert_eq!(done.comments.len(), 2, "{fault:?}");
    });
}

#[test]
fn a_stale_read_costs_a_turn_and_no_event() {
    let world = next_day();
    world.github().push("fivekeys", &[("note.md", "new\n")]);
    world.fault(On::operation("State"), Fault::Stale);
    let done = deploy_of(&world, 9, 101).run();
    is_well(&done);
    assert_eq!(done.branch_files["note.md"], "new\n");
    assert_eq!(world.requests().of("Commit"), 2);
    world.finish();
}

#[test]
fn a_branch_that_another_run_has_made_meanwhile_is_used() {
    let world = shop();
    let other = {
        let other = shop();
        first_run(&other);
        other.github().branch_files("fivekeys")
    };
    world.before(On::rest("POST", "git/refs"), move |github| {
        let files: Vec<(&str, &str)> = other
            .iter()
            .map(|(p, t)| (p.as_str(), t.as_str()))
            .collect();
        github.push("fivekeys", &files);
    });
    let done = deploy_of(&world, 8, 100).run();
    is_well(&done);
    assert_eq!(
        done.commits_on_branch.len(),
        1,
        "the other's commit has it all"
    );
    assert_eq!(world.requests().of("POST git/refs"), 1);
    assert_eq!(world.requests().of("State"), 2);
    world.finish();
}

#[test]
fn a_branch_that_somebody_deletes_is_made_again() {
    let world = next_day();
    world.before(On::operation("Commit"), |github| {
        github.delete_branch("fivekeys");
    });
    let done = deploy_of(&world, 9, 101).run();
    super::is_green(&done);
    let next = deploy_of(&world, 9, 101).run();
    is_well(&next);
    assert_eq!(deployments(&next.branch_files).len(), 4);
}

#[test]
fn whoever_loses_every_race_says_so_and_leaves_it_to_the_next() {
    let world = next_day();
    world.before(On::operation("Commit").times(4), |github| {
        github.push("fivekeys", &[("note.md", "again\n")]);
    });
    let done = deploy_of(&world, 9, 101).run();
    super::is_not_stored(&done, "other runs kept writing");
    assert_eq!(done.comments.len(), 1, "what is not stored is not told");
    let next = deploy_of(&world, 9, 102).input("status", "").run();
    is_well(&next);
    assert_eq!(deployments(&next.branch_files).len(), 4);
    assert_eq!(next.output("swept"), "1");
    assert!(
        next.summary.contains("Recovered from earlier runs: 1."),
        "{}",
        next.summary
    );
    world.finish();
}
