//! A ledger that cannot be read is never written: absent is not unreadable.

use super::{deploy_of, first_run, ids, is_not_stored, is_well, next_day, ship, shop};
use crate::world::{Fault, On};

const SHARD: &str = "ledger/events/2026/03/02.jsonl";

#[test]
fn what_cannot_be_read_is_said_and_left_as_it_is() {
    let conflict = "<<<<<<< HEAD\n{}\n=======\n{}\n>>>>>>> other\n";
    for (path, text, reason) in [
        (
            SHARD,
            "{\"id\":\"dep:1\",\"fact\":{\"deplo\n",
            "02.jsonl:1: not JSON",
        ),
        (SHARD, conflict, "02.jsonl:1: a merge conflict"),
        (
            SHARD,
            "{\"id\":\"x\",\"fact\":{\"deployment\":{}}}\n",
            "without the fields it needs",
        ),
        ("ledger/meta.json", "{\"schema\": 1,", "meta.json"),
        ("ledger/months/2026-02.jsonl", "\u{0}\n", "2026-02.jsonl:1"),
    ] {
        let world = next_day();
        world.github().push("fivekeys", &[(path, text)]);
        let before = world.github().branch_files("fivekeys");
        let done = deploy_of(&world, 9, 101).run();
        is_not_stored(&done, reason);
        assert_eq!(world.requests().mutations(), 0, "{path}");
        assert_eq!(done.branch_files, before, "{path}");
        assert!(
            done.summary.contains("Deployment frequency"),
            "the numbers are there"
        );
        assert_eq!(done.comments.len(), 1);
    }
}

#[test]
fn an_unreadable_ledger_is_said_even_when_nothing_is_new() {
    let world = shop();
    first_run(&world);
    world
        .github()
        .push("fivekeys", &[("ledger/months/2026-02.jsonl", "?\n")]);
    let done = deploy_of(&world, 8, 100).run();
    is_not_stored(&done, "2026-02.jsonl:1: not JSON");
}

#[test]
fn a_newer_layout_is_read_only_and_the_numbers_are_shown() {
    let world = next_day();
    let meta = "{\"schema\":2,\"min_reader\":2,\"writer\":\"fivekeys 9.0.0\"}\n";
    world
        .github()
        .push("fivekeys", &[("ledger/meta.json", meta)]);
    let before = world.github().branch_files("fivekeys");
    let done = deploy_of(&world, 9, 101).run();
    is_not_stored(&done, "the ledger has layout 2");
    assert!(
        done.said("warning")[0].contains("or a newer one"),
        "{done:#?}"
    );
    assert_eq!(done.branch_files, before);
    assert_eq!(world.requests().mutations(), 0);
    assert!(done.summary.contains("4 deployments"), "{}", done.summary);
}

#[test]
fn lines_of_a_newer_version_stay_word_for_word() {
    let world = next_day();
    let line =
        r#"{"id":"x:1","time":"2026-03-02T00:00:00Z","fact":{"weather":{"sky":"grey"}},"new":1}"#;
    let shard = world.github().branch_files("fivekeys")[SHARD].clone();
    let with = format!("{shard}{line}\n");
    world.github().push("fivekeys", &[(SHARD, &with)]);
    let done = deploy_of(&world, 9, 101).run();
    is_well(&done);
    let month = &done.branch_files["ledger/months/2026-03.jsonl"];
    assert_eq!(
        month.lines().filter(|one| *one == line).count(),
        1,
        "{month}"
    );
}

#[test]
fn a_shard_that_github_cuts_is_read_whole() {
    let world = next_day();
    let mut large = world.github().branch_files("fivekeys")[SHARD].clone();
    let line = |n: u32| {
        format!(
            "{{\"id\":\"x:{n}\",\"time\":\"2026-03-02T00:00:00Z\",\"fact\":{{\"weather\":{{\"sky\":\"{}\"}}}}}}\n",
            "grau".repeat(40)
        )
    };
    large.extend((0..3_000).map(line));
    assert!(large.len() > 512_000);
    world.github().push("fivekeys", &[(SHARD, &large)]);
    let done = deploy_of(&world, 9, 101).run();
    is_well(&done);
    assert_eq!(world.requests().names()[..2], ["State", "GET git/blobs"]);
    let found = ids(&done.branch_files);
    let weather = found.iter().filter(|id| id.starts_with("weather"));
    assert_eq!(weather.count(), 3_000);
}

#[test]
fn a_shard_that_cannot_be_read_whole_is_not_written() {
    let world = next_day();
    let large = "{}\n".repeat(200_000);
    world.github().push("fivekeys", &[(SHARD, &large)]);
    world.fault(On::rest("GET", "git/blobs").times(4), Fault::BadGateway);
    let done = deploy_of(&world, 9, 101).run();
    is_not_stored(
        &done,
        "02.jsonl could not be read: GitHub failed with status 502",
    );
    assert_eq!(world.requests().mutations(), 0);
    assert_eq!(done.branch_files[SHARD], large);
    assert_eq!(done.said("error"), Vec::<&str>::new());
    world.finish();
}

#[test]
fn what_earlier_runs_left_behind_is_swept_in() {
    let world = next_day();
    for (n, hour) in [(10, "2026-03-03T07"), (11, "2026-03-03T08")] {
        ship(&world, n, 100 + n, hour);
    }
    let done = deploy_of(&world, 9, 101).run();
    is_well(&done);
    assert_eq!(done.output("swept"), "2");
    assert!(
        done.summary.contains("Recovered from earlier runs: 2."),
        "{}",
        done.summary
    );
}

#[test]
fn a_branch_that_is_somebody_else_s_is_left_as_it_is() {
    let world = shop();
    world
        .github()
        .push("fivekeys", &[("README.md", "Keys of the office.\n")]);
    let before = world.github().branch_files("fivekeys");
    let done = deploy_of(&world, 8, 100).run();
    is_not_stored(&done, "holds no ledger");
    assert_eq!(done.branch_files, before);

    let world = shop();
    let done = deploy_of(&world, 8, 100).input("branch", "main").run();
    is_not_stored(&done, "the default branch holds the code");
    assert_eq!(world.requests().mutations(), 0);
}
