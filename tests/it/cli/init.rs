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
    let written = fivekeys::config::parse(&text).unwrap();
    assert_eq!(
        written.lookback_days, 365,
        "the action has all it needs to compare"
    );
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
    for version in ["v1.0.0", "v1.1.0"] {
        shop.write(
            "live.json",
            &format!("{{\"image\": \"ghcr.io/acme/shop:{version}\"}}"),
        );
        shop.git(&["add", "live.json"]);
        shop.git(&["commit", "-q", "-m", version]);
    }
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
        run.err.contains("found state files: live.json"),
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
    assert_eq!(config.state_files[0].path, "live.json");
    assert_eq!(config.state_files[0].environment.as_deref(), Some("live"));
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

#[test]
fn what_the_clone_holds_is_written_and_what_is_only_likely_is_a_comment() {
    let mut shop = Shop::empty();
    for file in [
        (
            ".github/workflows/ship.yml",
            "on: push\njobs:\n  ship: {environment: production, runs-on: x}\n",
        ),
        (
            ".github/workflows/ci.yml",
            "on: push\njobs:\n  test: {runs-on: x}\n  release: {runs-on: x}\n",
        ),
    ] {
        shop.write(file.0, file.1);
    }
    for n in 1..=4 {
        shop.write("deploy/live.yaml", &format!("image_tag: v{n}\n"));
        shop.git(&["add", "."]);
        shop.commit(&format!("Deploy {n}"));
        shop.tag(&format!("release_{n}"));
    }
    let run = shop.run(&["init"]);
    for said in [
        "found workflows that deploy to production: ship.yml",
        "found workflows that look like deploys, as comments: ci.yml",
        "found state files: deploy/live.yaml",
        "found a scheme of tags: ^release_\\d+$",
    ] {
        assert!(run.err.contains(said), "{said}: {}", run.err);
    }
    // The state file is the better source.
    assert!(run.ok().contains("4 deployments"));
    let text = shop.read(".github/fivekeys.yml");
    let config = fivekeys::config::parse(&text).unwrap();
    assert_eq!(config.workflows.len(), 1);
    assert!(config.workflows[0].is("ship.yml"), "{text}");
    assert_eq!(config.state_files[0].path, "deploy/live.yaml");
    assert_eq!(config.tags.describe(), "^release_\\d+$");
    assert!(
        text.contains("#   - {file: \"ci.yml\", job: \"release\"}"),
        "{text}"
    );
    // A monorepo's tags name its components.
    let mut shop = Shop::empty();
    shop.commit("one");
    shop.tag("api-v1.0.0");
    shop.tag("web-v1.0.0");
    let run = shop.run(&["init"]);
    assert!(
        run.err
            .contains("found components that tags name: api, web"),
        "{}",
        run.err
    );
    assert!(
        shop.read(".github/fivekeys.yml")
            .contains("# Tags name these components: [\"api\",\"web\"]")
    );
}

#[test]
fn a_file_made_up_for_tests_is_no_state_file_and_doctor_names_what_marks_deployments() {
    let mut shop = Shop::empty();
    for n in 1..=4 {
        for path in ["deploy/live.yaml", "fuzz/seeds/state.yaml"] {
            shop.write(path, &format!("image_tag: v{n}\n"));
        }
        shop.git(&["add", "."]);
        shop.commit(&format!("Deploy {n}"));
    }
    let run = shop.run(&["init"]);
    let found = "found state files: deploy/live.yaml\n";
    assert!(run.err.contains(found), "{}", run.err);
    let checked = shop.run(&["doctor"]).ok();
    assert!(
        checked.contains("4 deployments by state files"),
        "{checked}"
    );
}
