//! Text from outside never becomes markup, a mention, a workflow command or a terminal escape.

use super::{deploy_of, is_green, is_well, shop};
use crate::hostile::{STRINGS, is_json, is_log, is_markdown, is_markup};
use crate::world::{Transcript, World};

const ENVIRONMENT: &str = "prod <script>alert(1)</script>|@acme/all";
const TITLE: &str =
    "::error::\u{202e}<img src=x onerror=alert(2)> @acme/all ${{ secrets.X }}\u{1b}[31m";

fn hostile() -> World {
    let world = shop();
    world
        .github()
        .file(".github/fivekeys.yml", "environments: ['prod*']\n")
        .merge_pull_with(9, "2026-03-02T09:55:00Z", |pull| {
            pull.title(TITLE)
                .body(TITLE)
                .opened("2026-03-01T09:00:00Z")
                .branch("x`::error::`|@acme/all")
                .author("mallory<b>")
                .label("<script>|@acme/all")
        })
        .deploy_with(
            ENVIRONMENT,
            "pr9",
            "2026-03-02T09:56:00Z",
            &[("success", "2026-03-02T09:58:00Z")],
            |deploy| deploy.run(101, 1),
        )
        .deploy_with(
            "production",
            "pr8",
            "2026-03-02T09:57:00Z",
            &[("success", "2026-03-02T09:59:00Z")],
            |deploy| deploy.service("api\n::error::x|<b>@acme/all"),
        );
    world
}

fn is_tame(what: &str, text: &str) {
    is_markdown(what, text);
    let lower = text.to_lowercase();
    for bad in ["<script>alert", "<img src", "<b>", "secrets.x", "@acme/all"] {
        assert!(!lower.contains(bad), "{what} has {bad:?}: {text}");
    }
}

/// Everything that a run leaves, each judged by the reader of its kind.
fn all_tame(done: &Transcript) {
    is_markdown("the summary", &done.summary);
    for comment in &done.comments {
        is_markdown("a comment", &comment.body);
    }
    for (path, text) in &done.branch_files {
        match path.rsplit('.').next() {
            Some("md") => is_markdown(path, text),
            Some("svg" | "html") => is_markup(path, text),
            // The ledger keeps every fact as it was.
            Some("json") if !path.starts_with("ledger/") => is_json(path, text),
            _ => {}
        }
    }
    for stream in [&done.stdout, &done.stderr] {
        is_log("the log", stream);
    }
    for commit in &done.commits_on_branch {
        let quiet = |c: char| c.is_ascii_alphanumeric() || " :_()+[].,-".contains(c);
        assert!(commit.message.chars().all(quiet), "{}", commit.message);
    }
    let known = [
        "persisted",
        "degraded",
        "event-id",
        "commit",
        "summary-json",
        "report-path",
    ];
    assert!(known.iter().all(|name| done.outputs.contains_key(*name)));
    assert_eq!(done.outputs.len(), 14, "{:?}", done.outputs);
}

#[test]
fn whatever_anybody_calls_anything_it_is_only_a_name() {
    let chunks: Vec<&[&str]> = STRINGS.chunks(26).collect();
    super::each(chunks, |strings| {
        let world = shop();
        let mut github = world.github();
        github.file(
            ".github/fivekeys.yml",
            "environments: ['*']\ncomment: {max: 50}\nincidents: {labels: [incident]}\n",
        );
        for (n, text) in strings.iter().enumerate() {
            let number = 100 + n as u64;
            let at = |minute: usize| format!("2026-03-02T09:{minute:02}:{:02}Z", n * 2);
            github
                .merge_pull_with(number, &at(10), |pull| {
                    pull.title(text)
                        .body(text)
                        .opened("2026-03-01T09:00:00Z")
                        .branch(text)
                        .author(text)
                        .label(text)
                })
                .deploy_with(
                    text,
                    &format!("pr{number}"),
                    &at(20),
                    &[("success", &at(30))],
                    |deploy| match n % 4 {
                        0 => deploy.service(text).run(1000 + number, 1),
                        _ => deploy.run(1000 + number, 1),
                    },
                )
                .open_issue(500 + n as u64, "incident", &at(40), text);
            let issue = github.issues.get_mut(&(500 + n as u64)).unwrap();
            (*text).clone_into(&mut issue.title);
            issue.labels.push((*text).to_owned());
        }
        // Pages of deployments are anybody's too.
        for (deployment, text) in github.deployments.iter_mut().skip(3).zip(strings) {
            if text.starts_with("http") || text.contains("script") {
                deployment.log_url = Some((*text).to_owned());
            }
        }
        drop(github);
        let done = deploy_of(&world, 8, 100).run();
        assert_eq!(done.exit, 0, "{done:#?}");
        assert_eq!(done.output("persisted"), "true", "{:#?}", done.annotations);
        assert!(done.comments.len() > 10, "{}", done.comments.len());
        all_tame(&done);
        world.finish();
    });
}

#[test]
fn whatever_an_input_says_it_is_only_an_input() {
    let chunks: Vec<&[&str]> = STRINGS.chunks(20).collect();
    super::each(chunks, |strings| {
        // A variable of the environment ends where a zero stands.
        let text = strings.join(" ").replace("${{", "$ {{");
        for name in [
            "environment",
            "service",
            "event-id",
            "branch",
            "config",
            "window",
            "sha",
        ] {
            let world = shop();
            let done = deploy_of(&world, 8, 500).input(name, &text).run();
            assert_eq!(done.exit, 0, "{name}: {done:#?}");
            all_tame(&done);
        }
    });
}

#[test]
fn hostile_names_are_only_names() {
    let world = hostile();
    let done = deploy_of(&world, 9, 101).run();
    is_well(&done);
    assert_eq!(done.comments.len(), 2, "both shipments are told");
    all_tame(&done);
}

#[test]
fn hostile_inputs_are_only_inputs() {
    let world = shop();
    let done = deploy_of(&world, 8, 500)
        .input("environment", ENVIRONMENT)
        .input("service", "api\n::error::x|<b>@acme/all")
        .input("event-id", "k\n::set-output name=x::y <b>@acme/all")
        .input("status", "success")
        .input("window", "<b>::error::@acme/all")
        .run();
    is_green(&done);
    assert_eq!(done.output("persisted"), "true");
    assert_eq!(done.said("error").len(), 1, "{:#?}", done.annotations);
    is_tame("the summary", &done.summary);
    is_tame("the README", &done.branch_files["README.md"]);
    let known = [
        "::error title=fivekeys::",
        "::warning title=fivekeys::",
        "::notice title=fivekeys::",
    ];
    for line in done
        .stderr
        .lines()
        .filter(|line| line.trim_start().starts_with("::"))
    {
        assert!(known.iter().any(|k| line.starts_with(k)), "{line}");
    }
    assert!(done.outputs.keys().all(|name| name != "x"));
}

#[test]
fn a_hostile_configuration_is_only_quoted() {
    let world = shop();
    world
        .github()
        .file(".github/fivekeys.yml", "\"<b>@acme/all\\n::error::x\": 1\n");
    let done = deploy_of(&world, 8, 100).run();
    is_green(&done);
    assert_eq!(done.said("error").len(), 1);
    is_tame("the summary", &done.summary);
}

#[test]
fn a_private_repository_gets_links_that_work_and_no_titles() {
    let world = shop();
    world
        .github()
        .private()
        .merge_pull_with(9, "2026-03-02T09:55:00Z", |pull| pull.title("Secret plan"));
    let done = deploy_of(&world, 8, 100).run();
    is_well(&done);
    let readme = &done.branch_files["README.md"];
    assert!(
        readme.contains("https://github.com/acme/shop/raw/fivekeys/badges/"),
        "{readme}"
    );
    assert!(
        !readme.contains("raw.githubusercontent.com") && !readme.contains("img.shields.io"),
        "{readme}"
    );
    assert!(
        done.branch_files
            .values()
            .all(|text| !text.contains("Secret plan"))
    );
    let public = deploy_of(&shop(), 8, 100).run();
    let readme = &public.branch_files["README.md"];
    assert!(
        readme.contains("https://raw.githubusercontent.com/acme/shop/fivekeys/badges/"),
        "{readme}"
    );
}
