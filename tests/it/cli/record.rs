//! `deploy` and `incident`: what people record, and what becomes of it.

use super::*;

#[test]
fn recorded_deployments_and_incidents_are_measured_without_a_repository() {
    let shop = Shop::folder();
    for (key, at) in [
        ("a", "2026-03-02"),
        ("b", "2026-03-09"),
        ("c", "2026-03-16"),
    ] {
        let id = shop
            .run(&["deploy", "--id", key, "--sha", key, "--at", at])
            .ok();
        assert_eq!(id, format!("man:{key}\n"));
    }
    // Recording needs a folder, measuring needs a clone.
    shop.run(&["report"]).fails(2);
    shop.git(&["init", "--quiet"]);
    let report = shop.json();
    assert_eq!(deployments(&report), 3);
}

#[test]
fn an_incident_that_names_its_cause_fails_the_deployment() {
    let shop = Shop::tagged();
    shop.run(&["report"]).ok();
    let cause = shop.git(&["rev-parse", "v1.9.0^{commit}"]);
    let id = shop
        .run(&[
            "incident",
            "open",
            "Checkout is down",
            "--id",
            "pd-1",
            "--caused-by",
            &cause[..9],
            "--at",
            "2026-03-12T10:00:00Z",
        ])
        .ok();
    assert_eq!(id, "man:pd-1\n");
    let list = shop.run(&["incident", "list"]).ok();
    assert_eq!(
        list,
        "man:pd-1  opened 2026-03-12 10:00  open  Checkout is down\n"
    );
    let open = shop.json();
    assert_eq!(failed(&open), 2);
    assert_eq!(open["incidents"][0]["attributed_by"], "sha");
    assert!(
        open["incidents"][0]["deployment"]
            .as_str()
            .unwrap()
            .starts_with("tag:v1.9.0@")
    );

    shop.run(&[
        "incident",
        "resolve",
        "pd-1",
        "--at",
        "2026-03-12T12:00:00Z",
    ])
    .ok();
    let list = shop.run(&["incident", "list"]).ok();
    assert!(list.contains("resolved 2026-03-12 12:00"), "{list}");
    let closed = shop.json();
    assert_eq!(failed(&closed), 2);
    let restore =
        &closed["overall"]["metrics"]["failed_deployment_recovery_time"]["incident_restore"];
    assert_eq!(restore["median_seconds"], 7200.0);
    let why = shop.run(&["explain", "cfr"]).ok();
    assert!(why.contains("man:pd-1"), "{why}");
}

#[test]
fn the_same_key_is_the_same_event() {
    let mut shop = Shop::tagged();
    shop.run(&["incident", "open", "Down", "--id", "k"]).ok();
    shop.run(&["deploy", "--id", "d", "--sha", "v1.0.0"]).ok();
    let before = shop.ledger();
    shop.now += HOUR;
    for args in [
        &["incident", "open", "Down", "--id", "k"][..],
        &["deploy", "--id", "d", "--sha", "v1.0.0"],
        &["deploy", "--id", "d"],
    ] {
        let run = shop.run(args);
        assert!(run.err.contains("already recorded"), "{}", run.err);
        assert_eq!(run.code, 0);
    }
    assert_eq!(shop.ledger(), before);
    // An alarm that repeats itself does not open again what was resolved.
    shop.run(&["incident", "resolve", "k"]).ok();
    shop.now += HOUR;
    shop.run(&["incident", "open", "Down", "--id", "k"]).ok();
    let list = shop.run(&["incident", "list"]).ok();
    assert!(list.contains("resolved"), "{list}");
    assert_eq!(list.lines().count(), 1);
}

#[test]
fn opened_and_resolved_within_one_tick_is_resolved() {
    let shop = Shop::tagged();
    shop.run(&["incident", "open", "Down", "--id", "k"]).ok();
    shop.run(&["incident", "resolve", "man:k"]).ok();
    assert!(shop.run(&["incident", "list"]).ok().contains("resolved"));
}

#[test]
fn a_judgement_by_a_person_stands_with_its_evidence() {
    let shop = Shop::tagged();
    assert_eq!(failed(&shop.json()), 1);
    shop.run(&["deploy", "--id", "build-7", "--at", "2026-03-29"])
        .ok();
    shop.run(&["deploy", "--amend", "build-7", "--failed"]).ok();
    let report = shop.json();
    assert_eq!(failed(&report), 2);
    let judged = report["deployments"]
        .as_array()
        .unwrap()
        .iter()
        .find(|d| d["id"] == "man:build-7")
        .unwrap();
    assert_eq!(judged["failed"], true);
    assert_eq!(judged["evidence"][0]["kind"], "manual", "{judged}");
    let tag = report["overall"]["metrics"]["change_fail_rate"]["failed_ids"][0]
        .as_str()
        .unwrap();
    shop.run(&["deploy", "--amend", tag, "--not-failed"]).ok();
    assert_eq!(failed(&shop.json()), 1);
}

#[test]
fn what_cannot_be_recorded_is_refused_with_a_way_on() {
    let shop = Shop::tagged();
    let none = shop.run(&["deploy", "--amend", "x", "--failed"]).fails(2);
    assert!(none.contains("there is none yet"), "{none}");
    shop.run(&["report"]).ok();
    for (args, says) in [
        (
            &["deploy", "--amend", "x", "--failed"][..],
            "help: the latest are tag:v1.11.0@",
        ),
        (&["deploy", "--amend", "x"], "add --failed or --not-failed"),
        (&["deploy", "--at", "yesterday"], "`--at`"),
        (
            &["deploy", "--started", "2026-03-02", "--at", "2026-03-01"],
            "it began after it finished",
        ),
        (
            &["deploy", "--status", "great"],
            "success, failure, cancelled",
        ),
        (
            &["incident", "resolve", "x"],
            "`fivekeys incident list` shows them",
        ),
        (&["incident", "open", "--at", "soon"], "`--at`"),
        (
            &["incident", "open", "--id", "a\nb"],
            "`a\\nb` cannot be a key",
        ),
    ] {
        let no = shop.run(args).fails(2);
        assert!(no.contains(says), "{args:?}: {no}");
    }
    shop.run(&["incident", "open", "--id", "k", "--at", "2026-03-10"])
        .ok();
    let early = shop
        .run(&["incident", "resolve", "k", "--at", "2026-03-09"])
        .fails(2);
    assert!(early.contains("resolved before it was opened"), "{early}");
    let fix = shop
        .run(&["incident", "resolve", "k", "--fixed-by", "x"])
        .fails(2);
    assert!(fix.contains("there is no deployment `x`"), "{fix}");
    let list = Shop::folder().run(&["incident", "list"]);
    assert!(
        list.err.contains("no incidents are recorded"),
        "{}",
        list.err
    );
}

#[test]
fn many_writers_at_once_lose_nothing() {
    let shop = Shop::tagged();
    let running: Vec<_> = (0..8)
        .map(|n| {
            let title = format!("Incident {n}");
            let mut command = shop.command(&shop.path, &["incident", "open", &title]);
            command.stdout(std::process::Stdio::null()).spawn().unwrap()
        })
        .chain((0..2).map(|_| {
            let mut command = shop.command(&shop.path, &["report"]);
            command.stdout(std::process::Stdio::null()).spawn().unwrap()
        }))
        .collect();
    for mut child in running {
        assert!(child.wait().unwrap().success());
    }
    let list = shop.run(&["incident", "list"]).ok();
    assert_eq!(list.lines().count(), 8, "{list}");
    assert_eq!(deployments(&shop.json()), 12);
}

#[test]
fn the_reviewed_file_judges_and_what_is_taken_out_of_it_counts_no_more() {
    let shop = Shop::tagged();
    let before = failed(&shop.json());
    let file = shop.path.join(".github/fivekeys-corrections.yml");
    std::fs::create_dir_all(file.parent().unwrap()).unwrap();
    let write = |text: &str| std::fs::write(&file, text).unwrap();
    write("- deployment: v1.9.0\n  failed: true\n  why: checkout was down\n");
    let judged = shop.json();
    assert_eq!(failed(&judged), before + 1);
    let ledger = || {
        let list = std::fs::read_dir(shop.path.join(".dora/ledger/events/2026/03")).unwrap();
        let mut texts: Vec<String> = list
            .map(|file| std::fs::read_to_string(file.unwrap().path()).unwrap())
            .collect();
        texts.sort();
        texts
    };
    let stored = ledger();
    assert_eq!(shop.json(), judged);
    assert_eq!(ledger(), stored, "reading it again stores nothing");
    write("- deployment: v1.9.0\n  faild: true\n");
    let said = shop.run(&["report"]).fails(2);
    for part in [
        "fivekeys-corrections.yml",
        "line 2",
        "did you mean `failed`?",
    ] {
        assert!(said.contains(part), "{said}");
    }
    write("");
    assert_eq!(failed(&shop.json()), before);
    // A page of a run is kept as it is written, and said to be unknown.
    let run = shop.run(&[
        "incident",
        "open",
        "x",
        "--caused-by",
        "https://github.com/acme/shop/actions/runs/9",
    ]);
    assert!(run.err.contains("kept as written"), "{}", run.err);
}
