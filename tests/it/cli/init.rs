//! `init`: the file, the backfill, the baseline, and beginning anew.

use super::*;

#[test]
fn a_fresh_clone_gets_a_commented_file_and_the_baseline() {
    let shop = Shop::tagged();
    let run = shop.run(&["init"]);
    assert!(run.err.contains("/.github/fivekeys.yml"), "{}", run.err);
    assert!(run.err.contains("next: "), "{}", run.err);
    assert!(run.ok().contains("12 deployments"));
    let text = shop.read(".github/fivekeys.yml");
    fivekeys::config::parse(&text).unwrap();
    assert!(text.contains("# environments: [production"), "{text}");
    assert!(shop.path.join(".dora/metrics.json").exists());
    // Uncommented, every example is a configuration too.
    let uncommented: String = text
        .lines()
        .filter_map(|l| l.strip_prefix("# "))
        .filter(|l| {
            let word = l.trim_start().split(':').next().unwrap_or_default();
            l.contains(':') && !word.contains(' ') && !l.starts_with("Keys")
        })
        .fold(String::new(), |all, l| all + l + "\n");
    assert!(uncommented.contains("rollback_grace"), "{uncommented}");
    fivekeys::config::parse(&uncommented).unwrap_or_else(|e| panic!("{e}\n{uncommented}"));
    // The file changes nothing by itself.
    assert_eq!(deployments(&shop.json()), 12);
}

#[test]
fn lookback_is_the_window_of_the_baseline() {
    let shop = Shop::tagged();
    let out = shop.run(&["init", "--lookback", "30d"]).ok();
    assert!(out.contains("30 days"), "{out}");
    assert!(
        shop.read(".github/fivekeys.yml")
            .contains("lookback: \"30d\"")
    );
    let no = shop.run(&["init", "--lookback", "ever"]).fails(2);
    assert!(no.contains("`--lookback`"), "{no}");
}

#[test]
fn a_file_that_exists_is_kept_until_reset() {
    let shop = Shop::tagged();
    shop.write(".github/fivekeys.yml", "window: 60d # ours\n");
    let run = shop.run(&["init"]);
    assert!(run.err.contains("kept "), "{}", run.err);
    run.ok();
    assert_eq!(shop.read(".github/fivekeys.yml"), "window: 60d # ours\n");
    shop.run(&["init", "--reset"]).ok();
    assert!(!shop.read(".github/fivekeys.yml").contains("# ours"));
}

#[test]
fn reset_keeps_what_people_recorded_and_reads_git_anew() {
    let shop = Shop::tagged();
    shop.run(&["report"]).ok();
    shop.run(&["incident", "open", "Down", "--id", "k"]).ok();
    // A tag that was withdrawn stays in a ledger, and leaves it with a reset.
    shop.git(&["tag", "-d", "v1.11.0"]);
    assert_eq!(deployments(&shop.json()), 12);
    shop.run(&["init", "--reset"]).ok();
    assert_eq!(deployments(&shop.json()), 11);
    assert!(shop.run(&["incident", "list"]).ok().contains("man:k"));
}

#[test]
fn the_settings_of_an_older_tool_are_taken_over() {
    let shop = Shop::tagged();
    shop.write(
        ".dora/config.json",
        r#"{"lookback_days": 45,
            "environments": {"live": {"state_file": "live.json", "is_production": true},
                             "test": {"is_production": false}},
            "thresholds": {"lead_time_hours": 24, "change_failure_rate_percent": 15,
                           "deployments_per_day": 1, "velocity": 9}}"#,
    );
    let run = shop.run(&["init"]);
    assert!(run.err.contains("took over "), "{}", run.err);
    assert!(
        run.err.contains("threshold `velocity` is not understood"),
        "{}",
        run.err
    );
    assert!(
        run.err.contains("state file `live.json` of `live`"),
        "{}",
        run.err
    );
    run.ok();
    let text = shop.read(".github/fivekeys.yml");
    let config = fivekeys::config::parse(&text).unwrap();
    assert_eq!(config.lookback_days, 45);
    let targets: Vec<&str> = config.targets.iter().map(|t| t.written.as_str()).collect();
    assert_eq!(
        targets,
        [
            "change_failure_rate <= 15%",
            "deployment_frequency >= 1/day",
            "lead_time <= 24h"
        ]
    );
    assert!(config.environments.is_production("live"));
    assert!(!config.environments.is_production("test"));
    assert!(text.contains("\"test\""), "{text}");
    // The file itself is not ours to remove.
    assert!(shop.path.join(".dora/config.json").exists());

    let shop = Shop::tagged();
    shop.write(".dora/config.json", "{\"lookback_days\": \"long\"}");
    let no = shop.run(&["init"]).fails(2);
    assert!(no.contains("config.json") && no.contains("help: "), "{no}");
    assert!(!shop.path.join(".github").exists());
}
