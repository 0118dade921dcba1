//! What cannot be measured: the error's form, its place, the way out, the exit code.

use super::*;

#[test]
fn a_folder_that_is_no_repository_is_refused_with_the_way_out() {
    let shop = Shop::folder();
    for command in [&["report"][..], &["trend"], &["init"], &["explain", "lt"]] {
        let no = shop.run(command).fails(2);
        assert!(no.contains("is not in a git repository"), "{no}");
        assert!(no.contains("\nhelp: change into a clone"), "{no}");
    }
}

#[test]
fn a_repository_without_commits_has_nothing_to_measure() {
    let shop = Shop::empty();
    for command in [&["report"][..], &["trend"], &["init"], &["explain", "lt"]] {
        let run = shop.run(command);
        assert_eq!(run.out, "", "no table of nothing");
        assert_eq!(
            run.fails(3)
                .lines()
                .filter(|l| !l.starts_with("wrote "))
                .collect::<Vec<_>>(),
            [
                "error: there is nothing to measure",
                "caused by: this repository has no commits yet",
                "help: commit, or record a deployment with `fivekeys deploy`"
            ]
        );
    }
    // A program still gets its document, and every reason in it.
    let run = shop.run(&["report", "--format", "json"]);
    assert_eq!(run.code, 3);
    let report: Value = serde_json::from_str(&run.out).unwrap();
    assert_eq!(deployments(&report), 0);
    assert!(report["overall"]["metrics"]["change_fail_rate"]["ratio"].is_null());
    assert!(!shop.path.join(".dora/metrics.json").exists());
}

#[test]
fn a_source_without_anything_says_what_would_help() {
    let shop = Shop::merged();
    shop.write(".github/fivekeys.yml", "source: tags\n");
    let no = shop.run(&["report"]).fails(3);
    assert!(no.contains("the clone has none"), "{no}");
    assert!(no.contains("git fetch --tags"), "{no}");
}

#[test]
fn a_shallow_clone_is_refused_and_never_cut_silently() {
    let shop = Shop::tagged();
    let from = format!("file://{}", shop.path.display());
    shop.git(&["clone", "--quiet", "--depth", "1", &from, "../short"]);
    let short = shop.home.join("short");
    for command in [&["report"][..], &["trend"], &["init"]] {
        let no = shop.run_in(&short, command).fails(2);
        assert!(no.contains("this clone is shallow"), "{no}");
        assert!(no.contains("git fetch --unshallow --tags"), "{no}");
        assert!(no.contains("fetch-depth: 0"), "{no}");
    }
    assert!(!short.join(".dora/metrics.json").exists());
}

#[test]
fn a_configuration_that_cannot_be_used_names_place_and_near_match() {
    let shop = Shop::tagged();
    shop.write(".github/fivekeys.yml", "window: 30d\nenviroments: [prod]\n");
    let no = shop.run(&["report"]).fails(2);
    let lines: Vec<&str> = no.lines().collect();
    assert!(lines[0].starts_with("error: cannot use /"), "{no}");
    assert!(lines[0].ends_with("/shop/.github/fivekeys.yml"), "{no}");
    assert_eq!(
        lines[1..],
        [
            "caused by: line 2, column 1: unknown key `enviroments`",
            "help: did you mean `environments`?"
        ]
    );
    for (text, says) in [
        ("window: soon", "`window`: `soon` is not a duration"),
        (
            "timezone: Mars",
            "`timezone`: `Mars` is not an IANA time zone",
        ),
        ("tags: '('", "`tags`: `(` is not a regular expression"),
        ("benchmark: 1999", "`benchmark`: `1999` is not an edition"),
        ("source: tag", "did you mean `tags`?"),
        ("services: [api]", "line 1"),
        ("window: [", "line "),
    ] {
        shop.write(".github/fivekeys.yml", text);
        for command in [&["report"][..], &["incident", "open"], &["verify"]] {
            if command == ["verify"] && !shop.path.join(".dora/metrics.json").exists() {
                continue;
            }
            let no = shop.run(command).fails(2);
            assert!(no.contains(says), "{text}: {no}");
        }
    }
    assert!(!shop.path.join(".dora").exists(), "nothing was touched");
}

#[test]
fn wrong_flags_are_named() {
    let shop = Shop::tagged();
    for (args, says) in [
        (&["--window", "soon"][..], "cannot use `--window`"),
        (&["--since", "soon"], "cannot use `--since`"),
        (&["--until", "2026-13-01"], "cannot use `--until`"),
        (&["--as-of", "x"], "cannot use `--as-of`"),
        (&["--timezone", "Mars"], "`Mars` is not an IANA time zone"),
        (&["--tags", "("], "cannot use `--tags`"),
        (
            &["--since", "2026-03-02", "--until", "2026-03-01"],
            "ends before it begins",
        ),
        (
            &["--since", "2026-03-02", "--window", "30d"],
            "cannot be used with",
        ),
        (&["--config", "none.yml"], "there is no none.yml"),
        (&["--from", "history"], "write --from ADAPTER=FILE"),
        (&["--from", "history=none.json"], "none.json"),
        (
            &["--format", "xml"],
            "terminal, markdown, html, digest, json",
        ),
        (&["--windo", "30d"], "'--window'"),
    ] {
        let no = shop.run(&[&["report"], args].concat()).fails(2);
        assert!(no.contains(says), "{args:?}: {no}");
        // Only the first line is the error; causes of several lines are indented.
        assert_eq!(no.matches("\nerror:").count(), 0, "{no}");
    }
}

#[test]
fn an_environment_that_nothing_went_to_is_named_with_those_that_exist() {
    let shop = Shop::tagged();
    shop.run(&["deploy", "--environment", "staging"]).ok();
    for command in [&["report"][..], &["trend"], &["explain", "df"]] {
        let no = shop
            .run(&[command, &["--environment", "prd"]].concat())
            .fails(2);
        assert!(no.contains("nothing was deployed to `prd`"), "{no}");
        assert!(
            no.contains("help: environments are production, staging"),
            "{no}"
        );
    }
    shop.run(&["report", "--environment", "stag*"]).ok();
}

#[test]
fn a_malformed_history_file_is_refused_with_its_place() {
    let shop = Shop::folder();
    for (text, says) in [
        ("{\n  \"deployments\": [", "line 2"),
        ("{\"deploymets\": []}", "did you mean `deployments`?"),
        ("", "line 1"),
    ] {
        shop.write("h.json", text);
        let no = shop.run(&["report", "--from", "history=h.json"]).fails(2);
        assert!(no.contains("cannot use ") && no.contains("h.json"), "{no}");
        assert!(no.contains(says), "{text}: {no}");
    }
    std::fs::write(shop.path.join("h.json"), b"\xff\xfe").unwrap();
    shop.run(&["report", "--from", "history=h.json"]).fails(2);
}
