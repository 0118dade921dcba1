//! `--from KIND=PATH`: files of other tools, measured without a clone or beside it.

use super::*;

const ROWS: &str = "Deployed At,App,Env,Version,By\n\
    2026-03-02 10:00,api,prod,v1,ada\n\
    2026-03-09T10:00:00Z,api,prod,v2,ada\n\
    2026-03-09T11:00:00Z,api,staging,v3,ada\n\
    2026-03-10T10:00:00Z,api,prod,v1,ben\n";

const POST: &str = "---\ntitle: API is down\ndate: 2026-03-09T12:00:00-00:00\nresolved: true\n\
    resolvedWhen: 2026-03-09T9:00:00-00:00\nseverity: down\n---\nText.\n";

fn report(shop: &Shop, more: &[&str]) -> Value {
    shop.run(&[&["report", "--format", "json"], more].concat())
        .json()
}

#[test]
fn an_export_is_measured_without_a_clone_and_says_what_it_did_not_read() {
    let shop = Shop::folder();
    shop.write("export.csv", ROWS);
    let found = report(&shop, &["--from", "deployments=export.csv"]);
    assert_eq!(deployments(&found), 3);
    assert_eq!(failed(&found), 1, "v2 was rolled back to v1");
    assert_eq!(
        notes(&found),
        ["columns_not_read", "utc_assumed", "environments_left_out"]
    );
    assert_eq!(found["sources"][0]["name"], "history");
    assert!(!shop.path.join(".dora").exists());
    let staging = report(
        &shop,
        &[
            "--from",
            "deployments=export.csv",
            "--environment",
            "staging",
        ],
    );
    assert_eq!(deployments(&staging), 1);
}

#[test]
fn a_status_page_adds_incidents_to_an_export_or_to_the_clone() {
    let shop = Shop::tagged();
    shop.write("export.csv", ROWS);
    shop.write("status/2026-03-09-api.md", POST);
    shop.write(
        "status/2026-03-11-upgrade.md",
        "---\nseverity: notice\n---\n",
    );
    shop.write("status/README.md", "# Status\n");
    let page = ["--from", "cstate=status"];
    let both = report(
        &shop,
        &[&["--from", "deployments=export.csv"][..], &page].concat(),
    );
    assert_eq!(both["incidents"][0]["id"], "inc:cstate:2026-03-09-api");
    assert_eq!(both["incidents"][0]["attributed_by"], "time");
    let recovery = &both["overall"]["metrics"]["failed_deployment_recovery_time"];
    assert_eq!(
        recovery["incident_restore_excluded"][0]["reason"],
        "negative"
    );
    let said = notes(&both);
    assert!(
        said.contains(&"notices_left_out") && said.contains(&"posts_left_out"),
        "{said:?}"
    );
    let text = shop
        .run(&[
            "explain",
            "mttr",
            "--from",
            "cstate=status",
            "--since",
            "2026-01-01",
        ])
        .ok();
    assert!(text.contains("inc:cstate:2026-03-09-api"), "{text}");
    // Beside the clone they are kept, as everything is that was once read.
    let cloned = report(&shop, &page);
    assert_eq!(deployments(&cloned), 12);
    assert_eq!(cloned["incidents"].as_array().unwrap().len(), 1);
    assert_eq!(shop.json()["incidents"].as_array().unwrap().len(), 1);
    shop.run(&["report"]).ok();
    shop.run(&["verify"]).ok();
}

/// A copy of the results of a clone, as a checkout of the metrics branch has them, and beside it no clone.
fn checkout(shop: &Shop) -> std::path::PathBuf {
    let outside = shop.home.join("outside");
    for (path, text) in files(&shop.path.join(".dora")) {
        let path = outside.join("metrics").join(path);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, text).unwrap();
    }
    outside
}

#[test]
fn a_checkout_of_the_metrics_branch_is_measured_without_git_by_the_configuration_beside_it() {
    let shop = Shop::tagged();
    shop.write(".github/fivekeys.yml", "timezone: Europe/Berlin\n");
    let cloned = shop.json();
    let outside = checkout(&shop);
    let ledger = ["--from", "ledger=metrics"];
    let run = |args: &[&str]| {
        let mut command = shop.command(&outside, &[args, &ledger].concat());
        // The image of the action has no git.
        Run::of(&command.env("PATH", "").output().unwrap())
    };
    let json = ["report", "--format", "json"];
    let found = run(&json).json();
    assert_eq!(found["window"]["timezone"], "UTC");
    std::fs::create_dir(outside.join(".github")).unwrap();
    let config = outside.join(".github/fivekeys.yml");
    std::fs::copy(shop.path.join(".github/fivekeys.yml"), config).unwrap();
    let found = run(&json).json();
    assert!(found == cloned, "the same document, by whichever way");
    let month = ["--month", "2026-01"];
    let digest = ["digest", "--to", "slack"];
    let told = run(&[&digest[..], &month].concat()).ok();
    assert!(told.contains("acme/shop"), "{told}");
    assert_eq!(told, shop.run(&[&digest[..], &month].concat()).ok());
    for command in [&["trend"][..], &["explain", "cfr"]] {
        assert!(!run(command).ok().is_empty());
    }
    assert!(!outside.join(".dora").exists(), "it only prints");
}

#[test]
fn what_was_judged_when_a_ledger_was_published_is_not_said_again() {
    let shop = Shop::tagged();
    shop.json();
    let outside = checkout(&shop);
    let path = outside.join("metrics/metrics.json");
    let mut published: Value = serde_json::from_slice(&std::fs::read(&path).unwrap()).unwrap();
    let note = |code: &str| serde_json::json!({"code": code, "says": "Then.", "help": null});
    let codes = [
        "environments_left_out",
        "incident_left_out",
        "ledger_unreadable",
        "not_written",
        "suspicious_start",
        "truncated",
        "no_such_code",
    ];
    published["notes"] = codes.map(note).into_iter().collect();
    std::fs::write(&path, published.to_string()).unwrap();
    let args = ["report", "--format", "json", "--from", "ledger=metrics"];
    let found = shop.run_in(&outside, &args).json();
    assert_eq!(notes(&found), ["truncated"], "what was not read then");
}

#[test]
fn a_ledger_that_cannot_be_measured_is_refused_with_the_way_out() {
    let shop = Shop::tagged();
    shop.json();
    let outside = checkout(&shop);
    let fails = |args: &[&str], says: &str| {
        let no = shop.run_in(&outside, &[&["report"], args].concat());
        let no = no.fails(2);
        assert!(no.contains(says), "{args:?}: {no}");
    };
    fails(&["--from", "ledger=."], "there is no ledger in ");
    fails(
        &["--from", "ledger=none"],
        "git worktree add ../metrics origin/fivekeys",
    );
    let twice = ["--from", "ledger=metrics", "--from", "ledger=metrics"];
    fails(&twice, "can be given once");
    std::fs::write(outside.join("metrics/ledger/events/notes.txt"), "x").unwrap();
    fails(&["--from", "ledger=metrics"], "fivekeys doctor --repair");
    fails(
        &["--from", "ledger=metrics"],
        "cannot be used: a place in it cannot be read as written (",
    );
}

#[test]
fn a_clone_of_a_repository_that_the_action_measures_says_where_more_is_known() {
    let shop = Shop::tagged();
    assert!(!notes(&shop.json()).contains(&"measured_on_github"));
    shop.git(&["update-ref", "refs/remotes/origin/fivekeys", "HEAD"]);
    let report = shop.json();
    assert!(notes(&report).contains(&"measured_on_github"));
    let text = report["notes"].to_string();
    assert!(
        text.contains("git worktree add ../metrics origin/fivekeys"),
        "{text}"
    );
}

#[test]
fn what_cannot_be_imported_says_what_would_do() {
    let shop = Shop::tagged();
    shop.write("bad.csv", "time,enviroment\n2026-03-02,prod\n");
    shop.write("empty/x.md", "");
    for (from, says) in [
        ("deployments=bad.csv", "did you mean `environment`?"),
        ("deployments=none.csv", "there is no "),
        ("deployments=", "names no adapter and file"),
        ("cstate=empty", "it has no front matter"),
        ("jenkins=x", "adapters are cstate, deployments, "),
    ] {
        let no = shop.run(&["report", "--from", from]).fails(2);
        assert!(no.contains(says), "{from}: {no}");
    }
}
