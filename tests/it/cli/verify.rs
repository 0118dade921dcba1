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

#[test]
fn a_changed_definition_is_told_apart_from_a_changed_number() {
    let shop = Shop::tagged();
    shop.run(&["report"]).ok();
    let published: Value = serde_json::from_str(&shop.read(METRICS)).unwrap();
    let fingerprint = published["definition"]["fingerprint"].as_str().unwrap();
    let yes = shop.run(&["verify"]).ok();
    assert!(yes.contains(&format!("definition {fingerprint}")), "{yes}");
    shop.write(
        ".github/fivekeys.yml",
        "failure:\n  revert_horizon: 7d\nbenchmark: 2023\n",
    );
    let run = shop.run(&["verify"]);
    assert!(
        run.out.contains("benchmark: published `2024`, now `2023`"),
        "{}",
        run.out
    );
    assert!(
        run.out
            .contains("failure.revert_horizon: published `2592000s`, now `604800s`"),
        "{}",
        run.out
    );
    assert!(
        run.err.contains(&format!("published under {fingerprint}")),
        "{}",
        run.err
    );
    run.fails(2);
    // What cannot move a number does not move the definition either.
    shop.write(
        ".github/fivekeys.yml",
        "comment:\n  mode: 'off'\ntargets:\n  - change_fail_rate <= 2%\n",
    );
    shop.run(&["verify"]).ok();
}

#[test]
fn a_fingerprint_that_is_not_that_of_its_parameters_is_a_difference() {
    let shop = Shop::tagged();
    shop.run(&["report"]).ok();
    let text = shop.read(METRICS);
    let mut value: Value = serde_json::from_str(&text).unwrap();
    value["definition"]["fingerprint"] = "000000000000".into();
    shop.write(METRICS, &value.to_string());
    let run = shop.run(&["verify"]);
    assert!(
        run.out
            .contains("definition.fingerprint: published 000000000000, its parameters give "),
        "{}",
        run.out
    );
    run.fails(4);
}

#[test]
fn the_other_files_are_held_to_the_ledger_too() {
    let shop = Shop::tagged();
    shop.run(&["report"]).ok();
    for (file, from, to, said) in [
        (
            ".dora/deployments.json",
            "\"failed\": true",
            "\"failed\": false",
            "deployments.json: deployments[tag:v1.4.0@",
        ),
        (
            ".dora/badges/change-fail-rate.json",
            "\"schemaVersion\":1",
            "\"schemaVersion\":2",
            "badges/change-fail-rate.json: schemaVersion: published 2, computed 1",
        ),
        (
            ".dora/badges/dora.svg",
            "<title>DORA",
            "<title>ARID",
            "badges/dora.svg: title: published \"ARID",
        ),
    ] {
        let text = shop.read(file);
        let other = text.replace(from, to);
        assert!(text != other, "{file}");
        shop.write(file, &other);
        let run = shop.run(&["verify"]);
        assert!(run.out.contains(said), "{}", run.out);
        run.fails(4);
        shop.write(file, &text);
    }
    std::fs::remove_dir_all(shop.path.join(".dora/badges")).unwrap();
    let yes = shop.run(&["verify"]).ok();
    assert!(yes.contains("3 files hold what they say"), "{yes}");
}

#[test]
fn a_number_that_an_older_version_did_not_publish_is_not_wrong() {
    let shop = Shop::tagged();
    shop.run(&["report"]).ok();
    let mut value: Value = serde_json::from_str(&shop.read(METRICS)).unwrap();
    let metrics = value["overall"]["metrics"]["change_lead_time"]
        .as_object_mut()
        .unwrap();
    assert!(metrics.remove("p99_seconds").is_some_and(|v| v.is_number()));
    shop.write(METRICS, &value.to_string());
    let run = shop.run(&["verify"]);
    assert!(
        run.err.contains("1 keys of today are not in it"),
        "{}",
        run.err
    );
    run.ok();
}
