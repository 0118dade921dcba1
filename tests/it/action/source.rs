//! Where deployments come from when GitHub has no record of them (rule U1): runs, releases, tags, files, merges.

use serde_json::{Value, json};

use super::{deployments, is_degraded, is_green, is_well, lines, metrics};
use crate::world::{Runner, Transcript, World, sha};

const PERMISSIONS: [&str; 5] = [
    "contents: write",
    "deployments: read",
    "issues: read",
    "pull-requests: write",
    "actions: read",
];

/// Five commits of February and a configuration; nothing was ever deployed as far as GitHub knows.
fn bare(config: &str) -> World {
    let world = World::new().at("2026-03-02T10:00:00Z");
    let mut github = world.github();
    if !config.is_empty() {
        github.file(".github/fivekeys.yml", config);
    }
    for n in 1..=5 {
        github.commit(&format!("c{n}"), &format!("2026-02-0{n}T09:00:00Z"));
    }
    drop(github);
    world
}

/// A run that has nothing of its own to report.
fn look(world: &World) -> Runner<'_> {
    Runner::new(world).run_id(900).sha("c5")
}

fn fact(done: &Transcript, id: &str) -> Value {
    let mut all = lines(&done.branch_files).into_iter();
    let found = all.find(|line| line["id"] == id);
    found.unwrap_or_else(|| panic!("no {id}"))["fact"]["deployment"].clone()
}

fn ids(done: &Transcript) -> Vec<String> {
    deployments(&done.branch_files).into_keys().collect()
}

fn notes(done: &Transcript) -> Vec<String> {
    let report = metrics(done);
    let notes = report["notes"].as_array().unwrap().iter();
    notes
        .map(|note| note["code"].as_str().unwrap().to_owned())
        .collect()
}

const DEPLOY: &str = "workflows:\n  - {file: deploy.yml, job: deploy}\n";

/// Three runs: a plain one, one whose deploy was skipped, one that needed a second attempt.
fn runs(world: &World) {
    world
        .github()
        .permissions(&PERMISSIONS)
        .ran(
            501,
            "deploy.yml",
            "c1",
            "2026-02-10T09:00:00Z",
            "failure",
            &[
                ("deploy", 1, "09:01", "09:10", "success"),
                ("smoke", 1, "09:11", "09:20", "failure"),
            ],
        )
        .ran(
            502,
            "deploy.yml",
            "c2",
            "2026-02-11T09:00:00Z",
            "success",
            &[("deploy", 1, "09:01", "09:02", "skipped")],
        )
        .ran(
            503,
            "deploy.yml",
            "c3",
            "2026-02-12T09:00:00Z",
            "success",
            &[
                ("deploy", 1, "09:01", "09:05", "failure"),
                ("deploy", 2, "11:01", "11:08", "success"),
            ],
        )
        .ran(504, "ci.yml", "c3", "2026-02-12T09:00:00Z", "success", &[]);
}

#[test]
fn the_jobs_of_a_named_workflow_are_the_deployments() {
    let world = bare(DEPLOY);
    runs(&world);
    let done = look(&world).run();
    is_green(&done);
    assert_eq!(done.said("warning"), Vec::<&str>::new());
    let found = deployments(&done.branch_files);
    let found: Vec<(&str, &str)> = found.iter().map(|(id, o)| (&**id, &**o)).collect();
    assert_eq!(
        found,
        [
            ("run:501/production/", "success"),
            ("run:502/production/", "ignored"),
            ("run:503/production/", "success"),
        ]
    );
    let third = fact(&done, "run:503/production/");
    assert_eq!(third["finished_at"], "2026-02-12T11:08:00Z");
    assert_eq!(
        (&third["attempt"], &third["workflow"]),
        (&json!(2), &json!("deploy.yml"))
    );
    assert_eq!(metrics(&done)["deployments"].as_array().unwrap().len(), 3);
    assert_eq!(
        metrics(&done)["overall"]["metrics"]["deployment_frequency"]["count"],
        2
    );
    // State, the list, the jobs of three runs; then the commits in between, as for any other source.
    let names = world.requests().names();
    assert_eq!(names.iter().filter(|n| *n == "GET actions").count(), 4);
    assert!(names.contains(&"GET compare".to_owned()), "{names:?}");
    world.finish();
}

#[test]
fn a_steady_run_asks_for_the_list_alone_and_a_new_one_for_its_jobs() {
    let world = bare(DEPLOY);
    runs(&world);
    look(&world).run();
    world.forget_requests();
    let again = look(&world).run();
    assert_eq!(again.output("commit"), "");
    assert_eq!(world.requests().names(), ["State", "GET actions"]);
    world.clock("2026-03-03T10:00:00Z");
    world.github().ran(
        505,
        "deploy.yml",
        "c4",
        "2026-03-03T09:00:00Z",
        "success",
        &[("deploy", 1, "09:01", "09:06", "success")],
    );
    world.forget_requests();
    let next = look(&world).run();
    assert!(ids(&next).contains(&"run:505/production/".to_owned()));
    assert_eq!(world.requests().of("GET actions"), 2);
    // A re-run of an old run is the same deployment, with one more attempt.
    world.github().ran(
        501,
        "deploy.yml",
        "c1",
        "2026-02-10T09:00:00Z",
        "success",
        &[
            ("deploy", 1, "09:01", "09:10", "success"),
            ("deploy", 2, "15:01", "15:10", "success"),
        ],
    );
    let last = look(&world).run();
    let first = fact(&last, "run:501/production/");
    assert_eq!(first["finished_at"], "2026-02-10T09:10:00Z");
    assert_eq!((first["attempt"].as_u64(), ids(&last).len()), (Some(2), 4));
}

#[test]
fn the_run_s_own_word_and_github_s_are_one_event() {
    let world = bare(DEPLOY);
    runs(&world);
    world.github().ran(
        510,
        "deploy.yml",
        "c4",
        "2026-03-02T09:50:00Z",
        "",
        &[
            ("deploy", 1, "09:51", "09:57", "success"),
            ("metrics", 1, "09:58", "", ""),
        ],
    );
    let own = Runner::new(&world)
        .run_id(510)
        .sha("c4")
        .input("status", "success");
    let done = own.run();
    is_well(&done);
    assert_eq!(done.output("event-id"), "run:510/production/");
    let event = fact(&done, "run:510/production/");
    // The job's end is known, although the run goes on.
    assert_eq!(event["finished_at"], "2026-03-02T09:57:00Z");
    assert_eq!(event["approximate"], Value::Null);
    assert_eq!(ids(&done).len(), 4);
}

#[test]
fn a_run_that_another_workflow_triggered_speaks_of_that_one() {
    for config in [
        "",
        "workflows: [{file: deploy.yml, environment: live, service: api}]",
    ] {
        let world = bare(config);
        world.github().permissions(&PERMISSIONS).ran(
            77,
            "deploy.yml",
            "c4",
            "2026-03-02T09:40:00Z",
            "success",
            &[],
        );
        let mut payload = world.github().runs[0].body.clone();
        payload["head_branch"] = json!("main");
        let triggered = |payload: &Value| {
            Runner::new(&world)
                .event("workflow_run")
                .payload(json!({ "action": "completed", "workflow_run": payload }))
                .run_id(900)
                .sha("c5")
                .run()
        };
        let mut proposed = payload.clone();
        proposed["event"] = json!("pull_request");
        proposed["id"] = json!(76);
        assert_eq!(triggered(&proposed).output("event-id"), "");
        let done = triggered(&payload);
        is_green(&done);
        let id = if config.is_empty() {
            "run:77/production/"
        } else {
            "run:77/live/api"
        };
        assert_eq!(done.output("event-id"), id);
        assert!(ids(&done).contains(&id.to_owned()));
        let event = fact(&done, id);
        assert_eq!(event["revision"], sha("c4"));
        assert_eq!(event["outcome"], "success");
    }
}

#[test]
fn a_deploy_that_another_workflow_triggered_speaks_of_itself() {
    // Tests end, and the deploy begins; its last job measures.
    for (config, recorded, id) in [
        ("", true, "dep:DE_kwDOworld00001"),
        (
            "workflows: [{file: ship.yml}]",
            false,
            "run:900/production/",
        ),
    ] {
        let world = bare(config);
        world.github().permissions(&PERMISSIONS).ran(
            77,
            "ci.yml",
            "c5",
            "2026-03-02T09:40:00Z",
            "success",
            &[],
        );
        if recorded {
            world.github().deploy_with(
                "production",
                "c5",
                "2026-03-02T09:50:00Z",
                &[("success", "2026-03-02T09:58:00Z")],
                |deploy| deploy.run(900, 1),
            );
        } else {
            let ended = "2026-03-02T09:50:00Z";
            world
                .github()
                .ran(900, "ship.yml", "c5", ended, "success", &[]);
        }
        let payload = world.github().runs[0].body.clone();
        let done = Runner::new(&world)
            .event("workflow_run")
            .payload(json!({ "action": "completed", "workflow_run": payload }))
            .env(
                "GITHUB_WORKFLOW_REF",
                "acme/shop/.github/workflows/ship.yml@refs/heads/main",
            )
            .run_id(900)
            .sha("c5")
            .input("status", "success")
            .run();
        is_green(&done);
        assert_eq!(done.output("event-id"), id);
        assert_eq!(ids(&done), [id], "{config}: one deployment, counted once");
    }
}

#[test]
fn a_missing_permission_and_a_missing_file_are_said_with_the_remedy() {
    let world = bare(DEPLOY);
    runs(&world);
    world.github().permissions(&PERMISSIONS[..4]);
    let done = look(&world).run();
    is_degraded(&done, "add `actions: read` to the job's `permissions`");
    let world = bare("workflows: [{file: gone.yml}]");
    world.github().permissions(&PERMISSIONS);
    let done = look(&world).run();
    is_degraded(&done, "workflow `gone.yml`");
}

#[test]
fn more_runs_than_github_lists_are_read_over_several_runs_and_progress_is_said() {
    let world = bare("workflows: [{file: deploy.yml}]");
    world.github().permissions(&PERMISSIONS);
    {
        let mut github = world.github();
        for n in 0..2_300_u64 {
            // Twenty hours of one run a minute, over two days; 150 of them in one second.
            let minute = if (1_000..1_150).contains(&n) {
                1_000
            } else {
                n
            };
            let at = crate::world::moment("2026-02-27T00:00:00Z")
                + chrono::Duration::minutes(i64::try_from(minute).unwrap());
            let at = at.to_rfc3339_opts(chrono::SecondsFormat::Secs, true);
            github.ran(10_000 + n, "deploy.yml", "c5", &at, "success", &[]);
        }
    }
    let first = look(&world).run();
    let warned = first.said("warning");
    assert!(
        warned.len() == 1 && warned[0].contains("history read back to 2026-02-27 of 2025-03-02"),
        "{warned:?}"
    );
    let before = ids(&first).len();
    assert!((1_900..2_300).contains(&before), "{before}");
    world.clock("2026-03-02T11:00:00Z");
    let second = look(&world).run();
    assert_eq!(ids(&second).len(), 2_300);
    assert_eq!(second.said("warning"), Vec::<&str>::new());
    world.forget_requests();
    look(&world).run();
    assert_eq!(world.requests().of("GET actions"), 1);
}

#[test]
fn without_deployments_releases_count_then_tags_then_merges() {
    let world = bare("");
    world
        .github()
        .tag("v1.0.0", "c1")
        .tag("v1.1.0", "c3")
        .tag("nightly", "c4");
    let done = look(&world).run();
    is_green(&done);
    let tag = |name: &str, label: &str| format!("tag:{name}@{}", sha(label));
    assert_eq!(ids(&done), [tag("v1.0.0", "c1"), tag("v1.1.0", "c3")]);
    assert!(!notes(&done).contains(&"merge_is_deploy".to_owned()));
    // Lists, and the workflows that could be named instead, once.
    assert_eq!(
        world.requests().names()[..3],
        ["State", "Lists", "Workflows"]
    );
    world.forget_requests();
    let again = look(&world).run();
    assert_eq!(again.output("commit"), "");
    assert_eq!(world.requests().names(), ["State", "Lists"]);
    world
        .github()
        .release("v1.0.0", "2026-02-03T12:00:00Z")
        .release("v1.1.0", "2026-02-05T12:00:00Z")
        .tag("v1.2.0-rc1", "c4")
        .release("v1.2.0-rc1", "2026-02-06T12:00:00Z")
        .unready(false, true)
        .tag("v1.2.0", "c4")
        .release("v1.2.0", "2026-02-07T12:00:00Z")
        .unready(true, false);
    let released = look(&world).run();
    let report = metrics(&released);
    let counted: Vec<&str> = report["deployments"]
        .as_array()
        .unwrap()
        .iter()
        .map(|d| d["id"].as_str().unwrap())
        .collect();
    assert_eq!(
        counted,
        ["rel:RE_kwDOworldv1.0.0", "rel:RE_kwDOworldv1.1.0"]
    );
    let second = &report["deployments"][1];
    assert_eq!(second["revision"], sha("c3"));
    assert_eq!(second["finished_at"], "2026-02-05T12:00:00Z");
    assert_eq!(
        report["overall"]["metrics"]["change_lead_time"]["per_commit"]["n"],
        2
    );
}

#[test]
fn merge_is_deploy_where_nothing_else_is_and_it_is_said() {
    let world = bare("");
    world
        .github()
        .file(
            ".github/workflows/ship.yml",
            "on: push\njobs:\n  ship: {environment: production, runs-on: x}\n",
        )
        .merge_pull(7, "2026-02-24T09:00:00Z");
    let done = look(&world).run();
    is_green(&done);
    assert_eq!(done.said("warning"), Vec::<&str>::new());
    assert_eq!(
        ids(&done).len(),
        6,
        "the branch's own commits, and no others"
    );
    assert!(ids(&done).contains(&format!("merge:{}", sha("pr7"))));
    let notes = notes(&done);
    for code in ["merge_is_deploy", "workflows_look_like_deploys"] {
        assert!(notes.contains(&code.to_owned()), "{notes:?}");
    }
    let report = metrics(&done).to_string();
    assert!(
        report.contains(
            r#"workflows: [{file: \"ship.yml\", job: \"ship\", environment: \"production\"}]"#
        ),
        "{report}"
    );
    world.forget_requests();
    let again = look(&world).run();
    assert_eq!(again.output("commit"), "");
    assert_eq!(world.requests().names(), ["State", "Lists"]);
    world.clock("2026-03-03T10:00:00Z");
    world.github().commit("c9", "2026-03-03T09:00:00Z");
    let next = look(&world).run();
    assert_eq!(ids(&next).len(), 7);
}

#[test]
fn a_state_file_s_history_is_the_log() {
    let world = bare("state_files: [{path: live.json}]");
    let image = |label: &str| {
        let tag = sha(label);
        format!("{{\"service_image_uri_with_tag\": \"ghcr.io/acme/shop:{tag}\"}}")
    };
    world
        .github()
        .writes("s1", "2026-02-10T09:00:00Z", "live.json", &image("c1"))
        .writes("s2", "2026-02-12T09:00:00Z", "live.json", &image("c3"))
        .writes(
            "s3",
            "2026-02-13T09:00:00Z",
            "live.json",
            &(image("c3") + "\n"),
        )
        .writes("s4", "2026-02-14T09:00:00Z", "live.json", &image("c1"));
    let done = look(&world).run();
    is_green(&done);
    assert_eq!(done.said("warning"), Vec::<&str>::new());
    let report = metrics(&done);
    let counted: Vec<String> = report["deployments"]
        .as_array()
        .unwrap()
        .iter()
        .map(|d| d["revision"].as_str().unwrap().to_owned())
        .collect();
    assert_eq!(counted, [sha("c1"), sha("c3"), sha("c1")]);
    assert_eq!(report["deployments"][2]["rollback"]["race"], false);
    world.forget_requests();
    let again = look(&world).run();
    assert_eq!(again.output("commit"), "");
    assert_eq!(world.requests().names(), ["State", "FileHistory"]);
}

#[test]
fn github_s_own_deployments_cost_nothing_more_whatever_is_configured() {
    let world = super::shop();
    world
        .github()
        .file(".github/fivekeys.yml", DEPLOY)
        .tag("v1.0.0", "c1");
    let done = super::deploy_of(&world, 8, 100).run();
    is_well(&done);
    let names = world.requests().names();
    assert_eq!(names[..3], ["State", "GET compare", "Pulls"]);
    assert!(ids(&done).iter().all(|id| id.starts_with("dep:")));
}

#[test]
fn a_history_that_is_read_in_parts_is_remembered_even_where_a_part_holds_nothing_new() {
    let world = bare("source: tags");
    {
        let mut github = world.github();
        for n in 0..2_500 {
            // Nothing matches, but for the oldest.
            let name = if n == 0 {
                "v1.0.0".to_owned()
            } else {
                format!("build-{n:05}")
            };
            let label = format!("t{n}");
            let at = crate::world::moment("2026-02-06T00:00:00Z") + chrono::Duration::minutes(n);
            let at = at.to_rfc3339_opts(chrono::SecondsFormat::Secs, true);
            github.commit(&label, &at).tag(&name, &label);
        }
    }
    let own = Runner::new(&world)
        .run_id(901)
        .sha("c5")
        .input("status", "success");
    let first = own.run();
    assert!(first.said("warning")[0].contains("tags: history read back to"));
    assert_eq!(ids(&first), ["run:901/production/"]);
    let second = look(&world).run();
    assert_eq!(second.said("warning"), Vec::<&str>::new());
    assert_eq!(ids(&second).len(), 2);
}

#[test]
fn what_is_older_than_the_months_that_are_read_is_not_stored_again() {
    let world = bare("");
    world.github().tag("v1.0.0", "c1").tag("v1.1.0", "c3");
    look(&world).run();
    for (label, at) in [
        ("d1", "2026-11-01"),
        ("d2", "2026-11-02"),
        ("d3", "2026-12-03"),
    ] {
        world.clock(&format!("{at}T10:00:00Z"));
        world
            .github()
            .commit(label, &format!("{at}T09:00:00Z"))
            .tag(&format!("v2.0.{}", &label[1..]), label);
        let done = look(&world).run();
        assert_ne!(done.output("commit"), "", "{at}");
    }
    // By now the month of the first tags is read no more.
    world.forget_requests();
    let done = look(&world).run();
    assert_eq!(done.output("commit"), "");
    assert_eq!(world.requests().names(), ["State", "Lists"]);
    let all: Vec<String> = super::ids(&done.branch_files);
    let tags: Vec<&String> = all
        .iter()
        .filter(|id| id.starts_with("deployment tag:"))
        .collect();
    // The baseline alone may be stored once more, where the part of the ledger that is read has none.
    assert!(tags.len() <= 6, "{tags:#?}");
    assert_eq!(deployments(&done.branch_files).len(), 5);
}
