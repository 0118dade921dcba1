//! The comment on an open pull request.

use serde_json::{Value, json};

use super::{is_degraded, is_green, is_well, next_day};
use crate::world::{Runner, Transcript, World};

const OPEN: u64 = 30;

fn world() -> World {
    let world = next_day();
    world
        .github()
        .open_pull(OPEN, "2026-03-03T07:00:00Z", |pull| {
            pull.title("@acme/all Fixes #8 <b>")
                .size(300, 112, 9)
                .review("ben", "COMMENTED", "2026-03-03T08:00:00Z")
        });
    world
}

fn payload(head: u64) -> Value {
    json!({ "action": "synchronize", "pull_request": {
        "number": OPEN, "node_id": format!("PR_kwDOworld{OPEN:05}"), "state": "open",
        "head": { "repo": { "id": head } }, "base": { "repo": { "id": 1 } } } })
}

fn opened<'w>(world: &'w World, event: &str, head: u64) -> Runner<'w> {
    Runner::new(world)
        .event(event)
        .payload(payload(head))
        .input("comment", "preview")
}

fn previews(world: &World) -> Vec<String> {
    world.github().own_comments(OPEN)
}

fn nothing_is_stored(world: &World, done: &Transcript) {
    assert_eq!(done.output("persisted"), "false");
    assert_eq!(world.github().branch_commits("fivekeys").len(), 1);
}

#[test]
fn an_open_pull_request_has_one_preview_that_is_kept_up_to_date() {
    let world = world();
    let done = opened(&world, "pull_request", 1).run();
    is_green(&done);
    assert_eq!(done.annotations, []);
    nothing_is_stored(&world, &done);
    let first = previews(&world);
    assert_eq!(first.len(), 1);
    for part in [
        "<!-- fivekeys:v1:preview:production -->",
        "412 lines in 9 files",
        "| pickup | 1 h |",
        "goes on",
        "Nothing that is merged waits for a deployment.",
    ] {
        assert!(first[0].contains(part), "{part}: {}", first[0]);
    }
    // Nothing has moved: the comment stands as it is.
    let asked = world.requests().mutations();
    opened(&world, "pull_request", 1).run();
    assert_eq!(world.requests().mutations(), asked);

    world
        .github()
        .comment(OPEN, "ada", "<!-- fivekeys:v1:preview:production -->\nmine");
    let later = opened(&world, "pull_request", 1)
        .env("SOURCE_DATE_EPOCH", "1772539200")
        .run();
    is_green(&later);
    let second = previews(&world);
    assert_eq!(second.len(), 1, "the same comment, rewritten");
    assert_ne!(first, second);
}

#[test]
fn a_preview_is_written_where_it_is_asked_for_and_the_token_can() {
    let other = |event: &str, head, mode: &str| {
        let world = world();
        let done = opened(&world, event, head).input("comment", mode).run();
        is_green(&done);
        assert_eq!(done.said("warning"), Vec::<&str>::new(), "{event} {mode}");
        previews(&world).len()
    };
    assert_eq!(other("pull_request", 1, "all"), 1);
    assert_eq!(other("pull_request", 1, "shipped"), 0);
    assert_eq!(other("pull_request", 1, "off"), 0);
    assert_eq!(other("pull_request", 2, "preview"), 0, "a fork");
    assert_eq!(other("pull_request_target", 2, "preview"), 1);

    let world = world();
    let fork = opened(&world, "pull_request", 2).run();
    assert!(fork.said("notice")[0].contains("from a fork"), "{fork:?}");
    world
        .github()
        .permissions(&["contents: read", "deployments: read", "pull-requests: read"]);
    let done = opened(&world, "pull_request", 1).run();
    is_degraded(&done, "pull-requests: write");
    assert!(previews(&world).is_empty());
}

#[test]
fn a_preview_mentions_nobody_and_a_shipped_comment_is_another_one() {
    let world = world();
    let done = opened(&world, "pull_request", 1)
        .input("comment", "all")
        .run();
    is_green(&done);
    let text = &previews(&world)[0];
    assert!(!text.contains("@acme") && !text.contains("#8"), "{text}");
    let shipped = super::deploy_of(&world, 9, 101).run();
    is_well(&shipped);
    assert_eq!(world.github().own_comments(9).len(), 1);
}
