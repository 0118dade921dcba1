//! `verify`: the published numbers are those of the ledger.

use super::*;

const METRICS: &str = ".dora/metrics.json";

#[test]
fn what_was_just_written_holds() {
    let mut shop = Shop::tagged();
    let no = shop.run(&["verify"]).fails(2);
    assert!(no.contains("help: `fivekeys report` writes it"), "{no}");
    shop.run(&["report"]).ok();
    // Whenever it is checked.
    shop.now += 40 * DAY;
    let yes = shop.run(&["verify"]).ok();
    assert!(yes.contains("events give every number of "), "{yes}");
    // And wherever: a checkout of the branch is a folder too.
    std::fs::rename(shop.path.join(".dora"), shop.home.join("branch")).unwrap();
    shop.run(&["verify", "--folder", "../branch"]).ok();
}

#[test]
fn a_changed_number_is_found_with_its_path() {
    let shop = Shop::tagged();
    shop.run(&["report"]).ok();
    let text = shop.read(METRICS);
    let mut value: Value = serde_json::from_str(&text).unwrap();
    value["overall"]["metrics"]["change_fail_rate"]["failed"] = 0.into();
    shop.write(METRICS, &serde_json::to_string_pretty(&value).unwrap());
    let run = shop.run(&["verify"]);
    assert!(
        run.out
            .contains("overall.metrics.change_fail_rate.failed: published 0, computed 1"),
        "{}",
        run.out
    );
    run.fails(4);
}

#[test]
fn a_changed_ledger_is_found() {
    let shop = Shop::tagged();
    shop.run(&["report"]).ok();
    let shard = ".dora/ledger/events/2026/03/30.jsonl";
    let lines = shop.read(shard);
    let kept: String = lines
        .lines()
        .filter(|l| !l.contains("tag:v1.7.0@"))
        .fold(String::new(), |all, l| all + l + "\n");
    assert_ne!(kept, lines);
    shop.write(shard, &kept);
    let run = shop.run(&["verify"]);
    assert!(run.out.contains("deployment"), "{}", run.out);
    run.fails(4);
    shop.write(shard, "{broken\n");
    shop.run(&["verify"]).fails(2);
}
