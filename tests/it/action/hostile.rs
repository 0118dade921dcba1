//! Text from outside never becomes markup, a mention, a workflow command or a terminal escape.

use super::{deploy_of, is_green, is_well, shop};
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
    let lower = text.to_lowercase();
    for bad in [
        "<script>alert",
        "<img src",
        "<b>",
        "\u{202e}",
        "\u{1b}",
        "secrets.x",
    ] {
        assert!(!lower.contains(bad), "{what} has {bad:?}: {text}");
    }
    assert!(!text.contains("@acme/all"), "{what} mentions: {text}");
}

fn all_tame(done: &Transcript) {
    is_tame("the summary", &done.summary);
    for comment in &done.comments {
        is_tame("a comment", &comment.body);
    }
    is_tame("the README", &done.branch_files["README.md"]);
    for (path, text) in &done.branch_files {
        if super::is_kind(path, "svg") {
            is_tame(path, text);
        }
    }
    let page = &done.branch_files["dashboard/index.html"];
    assert!(
        !page.contains("<script>alert") && !page.contains("<img src=x"),
        "the page"
    );
    for stream in [&done.stdout, &done.stderr] {
        assert!(
            !stream.contains('\u{1b}') && !stream.contains("::error::"),
            "{stream}"
        );
    }
    assert!(
        done.commits_on_branch
            .iter()
            .all(|c| !c.message.contains("@acme"))
    );
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
