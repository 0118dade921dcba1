//! `digest`, and the periods that people name.

use super::*;

#[test]
fn a_digest_is_of_the_last_whole_week_or_month() {
    let shop = Shop::tagged();
    let of = |args: &[&str]| {
        let mut all = vec!["digest", "--to", "json"];
        all.extend(args);
        let digest = shop.run(&all).json();
        ["from", "until"].map(|key| digest[key].as_str().unwrap().to_owned())
    };
    // Now is Monday, 30 March 2026, midnight.
    assert_eq!(of(&[]), ["2026-03-23", "2026-03-29"]);
    assert_eq!(of(&["--monthly"]), ["2026-02-01", "2026-02-28"]);
    assert_eq!(of(&["--month", "2026-01"]), ["2026-01-01", "2026-01-31"]);
    let month = shop.run(&["digest", "--month", "2026-01"]).ok();
    assert!(
        month.starts_with("# Software delivery of acme/shop\n\n2026-01-01 – 2026-01-31 UTC"),
        "{month}"
    );
    assert!(
        !shop.path.join(".dora/metrics.json").exists(),
        "it only prints"
    );
}

#[test]
fn every_place_gets_its_document() {
    let shop = Shop::tagged();
    for (place, key) in [
        ("slack", "blocks"),
        ("teams", "attachments"),
        ("discord", "embeds"),
        ("json", "numbers"),
    ] {
        let value = shop.run(&["digest", "--to", place, "--monthly"]).json();
        assert!(value[key].is_array(), "{value}");
    }
    let no = shop.run(&["digest", "--to", "pager"]);
    assert_eq!(no.code, 2);
    assert!(no.err.contains("slack"), "{}", no.err);
}

#[test]
fn a_quarter_is_a_window_of_the_time_zone() {
    let shop = Shop::tagged();
    let args = ["report", "--quarter", "2025Q4", "--format", "json"];
    let report = shop.run(&args).json();
    assert_eq!(report["window"]["from"], "2025-10-01T00:00:00Z");
    assert_eq!(report["window"]["to"], "2026-01-01T00:00:00Z");
    let zoned = [&args[..], &["--timezone", "America/New_York"]].concat();
    let report = shop.run(&zoned).json();
    assert_eq!(report["window"]["from"], "2025-10-01T04:00:00Z");
    assert_eq!(report["window"]["to"], "2026-01-01T05:00:00Z");
    let page = shop
        .run(&["report", "--quarter", "2026Q1", "--format", "html"])
        .ok();
    assert!(page.starts_with("<!doctype html>") || page.starts_with("<!DOCTYPE html>"));
    assert!(page.contains("2026-01-01"), "its first day");
    let sheet = shop
        .run(&["report", "--quarter", "2026q1", "--format", "csv"])
        .ok();
    // The quarter is not over, so it ends now.
    assert!(
        sheet.contains("2026-01-01T00:00:00Z,2026-03-30T00:00:00Z"),
        "{sheet}"
    );
    for args in [
        &["report", "--quarter", "2026Q5"][..],
        &["report", "--month", "March"],
        &["report", "--month", "2026-05"],
    ] {
        shop.run(args).fails(2);
    }
    let both = shop.run(&["report", "--month", "2026-01", "--window", "30d"]);
    assert_eq!(both.code, 2);
}

#[test]
fn a_period_without_deployments_says_when_the_last_one_was() {
    let mut shop = Shop::tagged();
    shop.now += 90 * DAY;
    let run = shop.run(&["digest"]);
    assert!(
        run.out.contains("No production deployment took effect"),
        "{}",
        run.out
    );
    assert!(
        run.err.contains("the latest deployment was on 2026-03-")
            && run.err.contains("see `--month 2026-03`"),
        "{}",
        run.err
    );
    let quiet = shop.run(&["digest", "--month", "2026-03"]);
    assert!(!quiet.err.contains("latest deployment"), "{}", quiet.err);
}
