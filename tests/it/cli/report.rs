//! `report`, `trend` and `explain` on clones as people have them.

use super::*;

#[test]
fn tags_are_deployments_and_a_revert_shows_the_failure() {
    let shop = Shop::tagged();
    let report = shop.json();
    assert_eq!(report["repository"], "acme/shop");
    assert_eq!(deployments(&report), 12);
    assert_eq!(failed(&report), 1);
    assert_eq!(
        report["overall"]["metrics"]["change_fail_rate"]["failed_ids"][0]
            .as_str()
            .unwrap()
            .split('@')
            .next(),
        Some("tag:v1.4.0")
    );
    // Committed 1, 2 and 3 hours in, tagged after 5: the median is 3 hours.
    let lead = &report["overall"]["metrics"]["change_lead_time"];
    assert_eq!(lead["median_seconds"], 3.0 * 3600.0);
    let text = shop.run(&["report"]).ok();
    assert!(text.contains("DORA metrics of acme/shop"), "{text}");
    assert!(text.contains("1 of 12 deployments failed"), "{text}");
    assert!(text.contains("git-tags (12)"), "{text}");
}

#[test]
fn merges_are_deployments_where_there_is_no_tag_and_it_is_said_aloud() {
    let shop = Shop::merged();
    let report = shop.json();
    assert_eq!(deployments(&report), 3);
    assert_eq!(notes(&report), ["merge_is_deploy"]);
    let text = shop.run(&["report"]).ok();
    assert!(
        text.contains("Every commit on the default branch counts"),
        "{text}"
    );
    // Notes are sentences.
    assert!(text.contains("merged. Tag what you deploy"), "{text}");
}

#[test]
fn tags_that_are_no_deployments_are_named() {
    let shop = Shop::merged();
    shop.tag("nightly-7");
    let report = shop.json();
    assert_eq!(notes(&report), ["no_tag_matches", "merge_is_deploy"]);
    let by_pattern = shop.run(&["report", "--tags", "^nightly-", "--format", "json"]);
    assert_eq!(deployments(&by_pattern.json()), 1);
}

#[test]
fn tags_of_a_monorepo_are_services() {
    let mut shop = Shop::empty();
    for version in 0..3 {
        for service in ["api", "web"] {
            shop.commit("Change");
            shop.tag(&format!("{service}-v1.{version}.0"));
            shop.wait(DAY);
        }
    }
    let report = shop.json();
    let names: Vec<&String> = report["services"].as_object().unwrap().keys().collect();
    assert_eq!(names, ["api", "web"]);
    let api = shop
        .run(&["report", "--service", "api", "--format", "json"])
        .json();
    assert_eq!(deployments(&report), 6);
    assert_eq!(deployments(&api), 3);
    assert_eq!(api["overall"], report["services"]["api"]);
    // Nobody takes the numbers of one service for those of all.
    let of_api = |format| {
        shop.run(&["report", "--service", "api", "--format", format])
            .ok()
    };
    assert!(of_api("terminal").contains("DORA metrics of api in acme/shop"));
    assert!(of_api("markdown").contains("# Software delivery of api in acme/shop"));
    assert!(of_api("html").contains("<h1>Software delivery of api in acme/shop</h1>"));
    let labelled = "fivekeys_deployments{repository=\"acme/shop\",service=\"api\"} 3";
    assert!(
        of_api("prometheus").contains(labelled),
        "{}",
        of_api("prometheus")
    );
    let all = shop.run(&["report", "--format", "csv"]).ok();
    for row in of_api("csv").lines() {
        assert!(all.contains(row), "{row}");
    }
    let otlp: Value = serde_json::from_str(&of_api("otlp")).unwrap();
    let resource = &otlp["resourceMetrics"][0]["resource"]["attributes"][0]["value"];
    assert_eq!(resource["stringValue"], "api");
    let no = shop.run(&["report", "--service", "apl"]).fails(2);
    assert!(no.contains("there is no service `apl`"), "{no}");
    assert!(no.contains("help: services are api, web"), "{no}");
}

/// What is promised across services is judged of all of them, whichever is shown.
#[test]
fn a_guardrail_has_one_verdict() {
    let mut shop = Shop::empty();
    for n in 0..40 {
        let service = ["api", "web"][usize::from(n % 4 == 0)];
        shop.commit("Change");
        shop.tag(&format!("{service}-v1.{n}.0"));
        shop.wait(2 * DAY);
    }
    shop.write(
        ".github/fivekeys.yml",
        "guardrails:\n  - services.web.deployment_frequency must not fall while services.api.deployment_frequency rises\n  \
         - services.web.deployment_frequency must not fall while deployment_frequency rises\n",
    );
    let whole = shop.json();
    assert_eq!(whole["guardrails"].as_array().unwrap().len(), 2);
    let web = shop.run(&["report", "--service", "web", "--format", "json"]);
    assert_eq!(web.json()["guardrails"], whole["guardrails"]);
}

#[test]
fn subfolders_worktrees_bare_clones_and_detached_heads_are_the_same_repository() {
    let shop = Shop::tagged();
    let expected = deployments(&shop.json());
    shop.write("src/deep/x", "");
    let deep = shop.path.join("src/deep");
    let run = shop.run_in(&deep, &["report", "--format", "json"]);
    assert_eq!(deployments(&run.json()), expected);
    assert!(!deep.join(".dora").exists(), "the ledger is at the top");

    shop.git(&["worktree", "add", "--quiet", "--detach", "../tree"]);
    shop.git(&["clone", "--quiet", "--bare", ".", "../bare.git"]);
    for place in ["tree", "bare.git"] {
        let run = shop.run_in(&shop.home.join(place), &["report", "--format", "json"]);
        assert_eq!(deployments(&run.json()), expected, "{place}");
    }

    shop.git(&["checkout", "--quiet", "--detach", "HEAD~5"]);
    assert_eq!(deployments(&shop.json()), expected);
}

#[test]
fn an_old_clone_points_to_its_latest_deployment() {
    let mut shop = Shop::tagged();
    shop.now += 400 * DAY;
    let run = shop.run(&["report"]);
    assert!(
        run.err
            .contains("the latest deployment was on 2026-03-13; `--until 2026-03-14`"),
        "{}",
        run.err
    );
    let then = shop
        .run(&["report", "--until", "2026-03-14", "--format", "json"])
        .json();
    assert_eq!(deployments(&then), 12);
}

#[test]
fn every_line_fits_and_nothing_escapes_into_a_pipe() {
    let shop = Shop::tagged();
    for args in [
        &["report"][..],
        &["report", "--verbose"],
        &["report", "--compact"],
        &["report", "--compare"],
        &["trend"],
        &["explain", "change_fail_rate"],
        &["explain", "lead_time", "--verbose"],
    ] {
        for no_color in [false, true] {
            let mut command = shop.command(&shop.path, args);
            if no_color {
                command.env("NO_COLOR", "1");
            }
            let text = Run::of(&command.output().unwrap()).ok();
            assert!(!text.contains('\x1b'), "{args:?}");
            let long = text.lines().find(|l| l.chars().count() > 80);
            assert_eq!(long, None, "{args:?}");
        }
    }
    let mut plain = shop.command(&shop.path, &["report", "--verbose"]);
    plain.env("LC_ALL", "C");
    assert!(Run::of(&plain.output().unwrap()).ok().is_ascii());
}

#[test]
fn compact_verbose_and_compare_are_three_views_of_one_report() {
    let shop = Shop::tagged();
    let compact = shop.run(&["report", "--compact"]).ok();
    assert!(compact.lines().count() <= 8, "{compact}");
    let verbose = shop.run(&["report", "--verbose"]).ok();
    assert!(verbose.contains("Distributions"), "{verbose}");
    assert!(verbose.contains("compared: needs"), "{verbose}");
    let compare = shop.run(&["report", "--compare"]).ok();
    assert!(
        compare.contains("before  2025-10-01 – 2025-12-29"),
        "{compare}"
    );
    assert!(
        compare.contains("now     2025-12-30 – 2026-03-29"),
        "{compare}"
    );
    let both = shop.run(&["report", "--compact", "--verbose"]);
    assert_eq!(both.code, 2);
}

#[test]
fn json_is_the_public_document() {
    let shop = Shop::tagged();
    let text = shop.run(&["report", "--format", "json"]).ok();
    let typed: fivekeys::report::v1::Report = serde_json::from_str(&text).unwrap();
    let again: Value = serde_json::to_value(&typed).unwrap();
    let value: Value = serde_json::from_str(&text).unwrap();
    assert_eq!(again, value, "reading and writing lose nothing");
    assert_eq!(value["schema"], "fivekeys.report/1");
    assert_eq!(shop.read(".dora/metrics.json"), text);
}

#[test]
fn csv_has_as_many_cells_in_every_row_and_ends_lines_as_it_should() {
    let shop = Shop::tagged();
    let text = shop.run(&["report", "--format", "csv"]).ok();
    assert!(text.ends_with("\r\n"));
    let rows: Vec<usize> = text
        .split_terminator("\r\n")
        .map(|row| {
            assert!(!row.contains(['\n', '\r', '"']), "{row}");
            row.split(',').count()
        })
        .collect();
    assert_eq!(
        rows.len(),
        15,
        "five metrics and two spans in two windows, and a head"
    );
    assert!(rows.iter().all(|n| *n == rows[0]), "{rows:?}");
}

#[test]
fn the_ending_of_an_export_is_its_format() {
    let shop = Shop::tagged();
    for (name, begins) in [
        ("a.json", "{"),
        ("a.csv", "scope,"),
        ("a.md", "#"),
        ("a.html", "<!"),
        ("a.txt", "DORA metrics of acme/shop"),
    ] {
        let run = shop.run(&["report", "--compact", "--export", name]);
        assert!(run.err.contains("wrote "), "{}", run.err);
        let text = shop.read(name);
        let compact = name == "a.txt" && text.starts_with("Change lead time");
        assert!(text.starts_with(begins) || compact, "{name}: {text}");
    }
    let shop = Shop::tagged();
    let no = shop.run(&["report", "--export", "a.docx"]);
    assert!(no.out.is_empty(), "nothing is measured for a typo");
    assert!(
        no.fails(2)
            .contains("help: use .json, .csv, .md, .html or .txt")
    );
    assert!(!shop.path.join(".dora").exists());
}

#[test]
fn windows_and_zones_are_what_was_asked_for() {
    let shop = Shop::tagged();
    let report = shop
        .run(&[
            "report",
            "--since",
            "2026-02-01",
            "--until",
            "2026-03-01",
            "--timezone",
            "Europe/Berlin",
            "--format",
            "json",
        ])
        .json();
    assert_eq!(report["window"]["from"], "2026-02-01T00:00:00Z");
    assert_eq!(report["window"]["timezone"], "Europe/Berlin");
    assert_eq!(deployments(&report), 4);
    // Another question leaves the published answer alone.
    assert!(!shop.path.join(".dora/metrics.json").exists());
    let short = shop
        .run(&["report", "--window", "2w", "--format", "json"])
        .json();
    assert_eq!(short["window"]["from"], "2026-03-16T00:00:00Z");
}

#[test]
fn trend_draws_every_metric_and_explain_names_the_events() {
    let shop = Shop::tagged();
    let trend = shop.run(&["trend"]).ok();
    for title in [
        "Change lead time",
        "Deployments a week",
        "Failed deployment recovery time",
        "Change fail rate",
        "Deployment rework rate",
    ] {
        assert!(trend.contains(title), "{title}: {trend}");
    }
    for name in ["change_fail_rate", "CFR", "change-failure-rate"] {
        let text = shop.run(&["explain", name]).ok();
        assert!(text.contains("v1.4.0"), "{name}: {text}");
        assert!(text.contains("revert"), "{name}: {text}");
    }
    let mttr = shop.run(&["explain", "MTTR"]).ok();
    assert!(mttr.contains("ailed deployment recovery time"), "{mttr}");
    let no = shop.run(&["explain", "velocity"]).fails(2);
    assert!(
        no.contains("there is no figure and no event of this window `velocity`"),
        "{no}"
    );
    assert!(no.contains("deployment_rework_rate"), "{no}");
}

#[test]
fn a_history_file_is_measured_anywhere() {
    let shop = Shop::folder();
    shop.write(
        "h.json",
        r#"{"deployments": [
            {"id": "a", "environment": "production", "status": "success", "finished_at": "2026-03-02T10:00:00Z", "sha": "aaaaaaa"},
            {"id": "b", "environment": "production", "status": "success", "finished_at": "2026-03-09T10:00:00Z", "sha": "bbbbbbb"}
        ]}"#,
    );
    let args = [
        "report",
        "--from",
        "history=h.json",
        "--as-of",
        "2026-03-30T00:00:00Z",
        "--since",
        "2026-03-01T00:00:00Z",
        "--until",
        "2026-03-30T00:00:00Z",
        "--timezone",
        "UTC",
        "--format",
        "json",
    ];
    let report = shop.run(&args).json();
    assert_eq!(deployments(&report), 2);
    assert!(!shop.path.join(".dora").exists());
}

#[test]
fn the_sign_of_an_agent_is_read_from_a_clone() {
    let mut shop = Shop::empty();
    shop.commit("Begin");
    shop.tag("v1.0.0");
    shop.commit("By hand, about Claude and the cursor");
    shop.commit("With help\n\nCo-authored-by: Claude <noreply@anthropic.com>");
    shop.tag("v1.1.0");
    let report = shop.json();
    let signs: Vec<&Value> = report["changes"]
        .as_array()
        .unwrap()
        .iter()
        .map(|change| &change["ai"])
        .collect();
    assert_eq!(signs.len(), 2);
    assert!(signs.contains(&&Value::Bool(true)) && signs.contains(&&Value::Bool(false)));
    assert_eq!(report["ai"]["cohorts"]["signed"]["changes"], 1);
    assert_eq!(report["ai"]["lead_time"]["state"], "too_little_data");
    assert!(!shop.read(".dora/dashboard/index.html").contains("AI agent"));
}

#[test]
fn the_page_of_one_service_shows_where_its_own_time_goes() {
    let mut shop = Shop::empty();
    for version in 0..6 {
        for service in ["api", "web"] {
            shop.commit("Change");
            shop.wait(HOUR);
            shop.tag(&format!("{service}-v1.{version}.0"));
            shop.wait(DAY);
        }
    }
    let all = shop.json();
    let api = shop
        .run(&["report", "--service", "api", "--format", "json"])
        .json();
    let changes = |of: &Value| -> u64 {
        let bands = of["lead_time_bands"].as_array().unwrap().iter();
        bands.map(|band| band["changes"].as_u64().unwrap()).sum()
    };
    assert!(
        changes(&api) > 0 && changes(&api) < changes(&all),
        "{} {}",
        changes(&api),
        changes(&all)
    );
    let page = shop
        .run(&["report", "--service", "api", "--format", "html"])
        .ok();
    assert!(page.contains("Change lead time, spread"), "{page}");
    assert!(page.contains("<h1>Software delivery of api in acme/shop</h1>"));
    assert_eq!(
        (&api["service"], &all["service"]),
        (&"api".into(), &Value::Null)
    );
}
