//! The folder ledger under `report`: collected once, folded, never damaged, never counted twice.

use super::*;

#[test]
fn a_second_run_adds_nothing() {
    let mut shop = Shop::tagged();
    let first = shop.json();
    let before = shop.ledger();
    assert_eq!(shop.json(), first);
    assert_eq!(shop.ledger(), before);
    // Nor does one on another day, or one that asks something else.
    shop.now += 3 * DAY;
    shop.run(&["report", "--window", "30d"]).ok();
    shop.run(&["trend"]).ok();
    assert_eq!(shop.ledger(), before);
}

#[test]
fn the_same_history_gives_the_same_bytes() {
    let (one, two) = (Shop::tagged(), Shop::tagged());
    one.run(&["report"]).ok();
    two.run(&["report"]).ok();
    let first = files(&one.path.join(".dora"));
    assert_eq!(first, files(&two.path.join(".dora")));
    for path in [
        "README.md",
        "metrics.json",
        "deployments.json",
        "incidents.json",
        "badges/dora.svg",
        "badges/change-lead-time.json",
        "dashboard/index.html",
        "ledger/meta.json",
        "ledger/events/2026/03/30.jsonl",
        ".gitignore",
    ] {
        assert!(first.contains_key(path), "{path} is missing");
    }
}

#[test]
fn what_is_new_on_another_day_goes_into_a_new_file_and_the_old_one_is_folded() {
    let mut shop = Shop::tagged();
    shop.run(&["report"]).ok();
    let first: Vec<String> = shop.ledger().into_keys().collect();
    assert_eq!(first, ["events/2026/03/30.jsonl", "meta.json"]);
    shop.now += DAY;
    shop.clock = NOW + HOUR;
    shop.commit("Change 12.0");
    shop.tag("v1.12.0");
    assert_eq!(deployments(&shop.json()), 13);
    let second = shop.ledger();
    let names: Vec<&String> = second.keys().collect();
    assert_eq!(
        names,
        [
            "events/2026/03/31.jsonl",
            "meta.json",
            "months/2026-03.jsonl"
        ]
    );
    let new = second["events/2026/03/31.jsonl"].lines().count();
    assert_eq!(new, 2, "one commit and one deployment");
}

#[test]
fn rewritten_history_is_not_counted_twice() {
    let mut shop = Shop::merged();
    assert_eq!(deployments(&shop.json()), 3);
    shop.wait(60);
    shop.git(&[
        "commit",
        "--quiet",
        "--amend",
        "--allow-empty",
        "-m",
        "Better",
    ]);
    assert_eq!(deployments(&shop.json()), 3);
    shop.git(&["reset", "--quiet", "--hard", "HEAD~1"]);
    assert_eq!(deployments(&shop.json()), 2);
}

#[test]
fn the_first_tag_ends_the_counting_of_merges() {
    let shop = Shop::merged();
    assert_eq!(deployments(&shop.json()), 3);
    shop.tag("v1.0.0");
    let report = shop.json();
    assert_eq!(deployments(&report), 1);
    assert!(notes(&report).is_empty(), "{:?}", notes(&report));
}

#[test]
fn a_changed_pattern_judges_what_was_collected_before() {
    let shop = Shop::tagged();
    assert_eq!(deployments(&shop.json()), 12);
    shop.write(".github/fivekeys.yml", "tags: '^v1\\.\\d\\.0$'\n");
    assert_eq!(deployments(&shop.json()), 10);
    shop.write(".github/fivekeys.yml", "tags: '^nothing$'\n");
    let report = shop.json();
    assert!(notes(&report).contains(&"no_tag_matches"));
    // Merges then; each of the 36 changes and the revert is one.
    assert_eq!(deployments(&report), 37);
}

/// The ledger's one file of events.
const SHARD: &str = ".dora/ledger/events/2026/03/30.jsonl";

#[test]
fn a_ledger_that_cannot_be_read_is_left_as_it_is_and_the_report_is_printed() {
    for (damage, says) in [
        ("{\"id\": \"tr", "not JSON"),
        ("<<<<<<< HEAD", "a merge conflict"),
        ("[1, 2]", "no event"),
    ] {
        let mut shop = Shop::tagged();
        shop.run(&["report"]).ok();
        let text = format!("{}{damage}\n", shop.read(SHARD));
        shop.write(SHARD, &text);
        let before = files(&shop.path.join(".dora"));
        shop.clock = NOW - 3 * HOUR;
        shop.commit("More to store");
        shop.tag("v2.0.0");
        let run = shop.run(&["report", "--verbose"]);
        assert_eq!(run.code, 0, "{}", run.err);
        assert!(
            run.out.contains("The ledger was not written"),
            "{}",
            run.out
        );
        assert!(run.out.contains(says), "{says}: {}", run.out);
        assert!(run.out.contains("13 deployments"), "{}", run.out);
        assert_eq!(files(&shop.path.join(".dora")), before, "byte for byte");
        let no = shop.run(&["incident", "open", "x"]).fails(2);
        assert!(no.contains("cannot be read"), "{no}");
        assert!(no.contains("30.jsonl"), "{no}");
        shop.run(&["init", "--reset"]).fails(2);
        assert_eq!(files(&shop.path.join(".dora")), before, "byte for byte");
    }
}

#[test]
fn a_ledger_that_is_newer_is_refused() {
    let shop = Shop::tagged();
    shop.run(&["report"]).ok();
    let meta = shop.read(".dora/ledger/meta.json");
    let newer = meta
        .replace("\"schema\": 1", "\"schema\": 9")
        .replace("\"min_reader\": 1", "\"min_reader\": 9");
    assert_ne!(meta, newer);
    shop.write(".dora/ledger/meta.json", &newer);
    let before = shop.ledger();
    for args in [
        &["report"][..],
        &["incident", "open", "x"],
        &["verify"],
        &["init", "--reset"],
    ] {
        let no = shop.run(args).fails(6);
        assert!(no.contains("layout 9, this fivekeys knows 1"), "{no}");
        assert!(no.contains("help: "), "{no}");
    }
    assert_eq!(shop.ledger(), before);
}

#[test]
fn lines_that_only_a_newer_version_knows_are_kept() {
    let mut shop = Shop::tagged();
    shop.run(&["report"]).ok();
    let line = r#"{"id":"x:1","fact":{"weather":{"rain":true}},"later":1}"#;
    shop.write(SHARD, &format!("{}{line}\n", shop.read(SHARD)));
    shop.now += DAY;
    shop.run(&["incident", "open", "x"]).ok();
    let kept = shop.read(".dora/ledger/months/2026-03.jsonl");
    assert!(kept.lines().any(|l| l == line));
}

#[test]
fn a_folder_that_cannot_be_written_is_said_and_the_report_printed() {
    let shop = Shop::tagged();
    shop.write(".dora", "a file in the way");
    let run = shop.run(&["report"]);
    assert_eq!(run.code, 0, "{}", run.err);
    assert!(run.out.contains("12 deployments"), "{}", run.out);
    assert!(run.out.contains("nothing was stored"), "{}", run.out);
    assert_eq!(shop.read(".dora"), "a file in the way");
    shop.run(&["incident", "open", "x"]).fails(2);
}

#[cfg(unix)]
#[test]
fn a_folder_without_the_right_to_write_is_said_and_the_report_printed() {
    use std::os::unix::fs::PermissionsExt;
    let mut shop = Shop::tagged();
    shop.run(&["report"]).ok();
    let close = |mode| {
        for folder in [
            ".dora/ledger/events/2026/03",
            ".dora/ledger",
            ".dora",
            ".dora/cache",
        ] {
            let path = shop.path.join(folder);
            std::fs::set_permissions(path, PermissionsExt::from_mode(mode)).unwrap();
        }
    };
    close(0o555);
    let probe = shop.path.join(".dora/probe");
    if std::fs::write(&probe, "").is_ok() {
        std::fs::remove_file(&probe).unwrap();
        close(0o755);
        eprintln!("skipped: this user may write everywhere");
        return;
    }
    shop.now += DAY;
    shop.tag("v9.0.0");
    let run = shop.run(&["report"]);
    close(0o755);
    assert_eq!(run.code, 0, "{}", run.err);
    assert!(
        run.out.contains("Nothing was stored in .dora/"),
        "{}",
        run.out
    );
}
