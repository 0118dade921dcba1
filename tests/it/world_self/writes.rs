//! Commits, first commits and comments: what stands, what is refused, what is lost.

use std::io::{Read as _, Write as _};
use std::time::Duration;

use fivekeys::github::{CommentChange, GitHubError};
use serde_json::json;

use super::{begin, budget, files, request, save, shop, talk};
use crate::world::story::PullStory;
use crate::world::{Fault, On, World};

#[test]
fn a_branch_begins_once_and_moves_only_from_its_head() {
    let world = World::new();
    world.github().commit("c1", "2026-03-01T09:00:00Z");
    talk(&world, async |client| {
        let first = begin(&client).await.unwrap();
        assert_eq!(begin(&client).await, Err(GitHubError::Stale));
        let second = save(&client, &first, &[("a.json", "1")]).await.unwrap();
        assert_eq!(
            save(&client, &first, &[("b.json", "1")]).await,
            Err(GitHubError::Stale)
        );
        let gone = ["a.json".to_owned()];
        let add = files(&[("c.json", "2")]);
        let third = client
            .create_commit_on_branch("fivekeys", &second, "Drop", &add, &gone, &budget())
            .await
            .unwrap();
        assert_ne!(second, third);
    });
    let github = world.github();
    let commits = github.branch_commits("fivekeys");
    let messages: Vec<&str> = commits.iter().map(|one| one.message.as_str()).collect();
    assert_eq!(messages, ["Begin", "Store", "Drop"]);
    assert!(commits[0].parents.is_empty());
    assert!(commits[1].files.contains_key("a.json"));
    let now: Vec<String> = github.branch_files("fivekeys").into_keys().collect();
    assert_eq!(now, ["README.md", "c.json", "ledger/meta.json"]);
    drop(github);
    let requests = world.requests();
    assert_eq!((requests.reads(), requests.mutations()), (0, 9));
    assert_eq!(
        (requests.of("Commit"), requests.of("POST git/refs")),
        (3, 2)
    );
}

#[test]
fn a_refused_head_is_told_in_github_s_words() {
    let world = shop();
    let input = json!({ "branch": { "repositoryNameWithOwner": "acme/shop", "branchName": "fivekeys" },
        "expectedHeadOid": "abc", "message": { "headline": "x" }, "fileChanges": {} });
    let query = "mutation M($input: CreateCommitOnBranchInput!) { \
        createCommitOnBranch(input: $input) { commit { oid } } }";
    let body = json!({ "query": query, "variables": { "input": input } });
    let answer = post(&world, "/graphql", &body);
    let (head, body) = answer.split_once("\r\n\r\n").unwrap();
    assert!(head.starts_with("HTTP/1.1 200"), "{head}");
    assert!(head.contains("x-ratelimit-remaining: 999"), "{head}");
    assert!(
        head.contains("date: Mon, 02 Mar 2026 10:00:00 GMT"),
        "{head}"
    );
    let body: serde_json::Value = serde_json::from_str(body).unwrap();
    assert_eq!(body["data"], json!({ "createCommitOnBranch": null }));
    assert_eq!(body["errors"][0]["type"], "STALE_DATA");
    assert_eq!(body["errors"][0]["path"], json!(["createCommitOnBranch"]));
    assert_eq!(
        body["errors"][0]["message"],
        "Expected branch to point to \"abc\" but it did not.  Pull and try again."
    );
}

#[test]
fn a_commit_that_cannot_be_is_refused() {
    let world = shop();
    let head = world.github().head("fivekeys").unwrap();
    talk(&world, async |client| {
        let error = save(&client, &head, &[("../x", "1")]).await.unwrap_err();
        assert!(error.to_string().contains("not valid"), "{error}");
        let gone = ["none.json".to_owned()];
        let error = client
            .create_commit_on_branch("fivekeys", &head, "x", &[], &gone, &budget())
            .await
            .unwrap_err();
        assert!(error.to_string().contains("deletion"), "{error}");
        let error = client
            .create_commit_on_branch("none", &head, "x", &[], &[], &budget())
            .await
            .unwrap_err();
        assert!(matches!(error, GitHubError::NotFound { .. }));
    });
    assert_eq!(world.github().head("fivekeys"), Some(head));
}

/// The whole answer, headers included.
fn post(world: &World, path: &str, body: &serde_json::Value) -> String {
    let host = world.api_url().replace("http://", "");
    let token = world.github().token.clone();
    let body = body.to_string();
    let mut stream = std::net::TcpStream::connect(&host).unwrap();
    write!(
        stream,
        "POST {path} HTTP/1.1\r\nhost: {host}\r\nauthorization: Bearer {token}\r\nuser-agent: test\r\n\
         connection: close\r\ncontent-length: {}\r\n\r\n{body}",
        body.len()
    )
    .unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    answer
}

#[test]
fn somebody_else_can_be_faster() {
    let world = shop();
    world.before(On::operation("Commit"), |github| {
        github.push("fivekeys", &[("theirs.json", "1")]);
    });
    let head = world.github().head("fivekeys").unwrap();
    talk(&world, async |client| {
        let lost = save(&client, &head, &[("mine.json", "1")]).await;
        assert_eq!(lost, Err(GitHubError::Stale));
    });
    let found = world.github().branch_files("fivekeys");
    assert!(found.contains_key("theirs.json") && !found.contains_key("mine.json"));
}

#[test]
fn twenty_writers_at_once_lose_nothing() {
    let world = shop();
    let write = |n: usize| {
        talk(&world, async |client| {
            for _ in 0..200 {
                let state = client.state(&request(), &budget()).await.unwrap();
                let head = state.branch.unwrap().head_oid;
                let name = format!("event-{n}.json");
                match save(&client, &head, &[(&name, "1")]).await {
                    Ok(_) => return,
                    Err(GitHubError::Stale) => {}
                    Err(other) => panic!("{other}"),
                }
            }
            panic!("writer {n} never had its turn");
        });
    };
    std::thread::scope(|scope| {
        for n in 0..20 {
            scope.spawn(move || write(n));
        }
    });
    let github = world.github();
    let found = github.branch_files("fivekeys");
    let events = found.keys().filter(|path| path.starts_with("event-"));
    assert_eq!(events.count(), 20);
    assert_eq!(github.branch_commits("fivekeys").len(), 21);
}

#[test]
fn comments_are_added_changed_and_refused_one_by_one() {
    let world = World::new();
    world
        .github()
        .commit("c1", "2026-03-01T09:00:00Z")
        .merge_pull(7, "2026-03-03T10:00:00Z")
        .merge_pull_with(8, "2026-03-04T10:00:00Z", PullStory::locked)
        .comment(7, "mallory", "first")
        .minimize();
    let ids: Vec<String> = {
        let github = world.github();
        github.pulls.values().map(|pull| pull.id.clone()).collect()
    };
    talk(&world, async |client| {
        let add = |pull: &str, body: &str| CommentChange::Add {
            pull: pull.to_owned(),
            body: body.to_owned(),
        };
        let long = "x".repeat(65_537);
        let changes = [
            add(&ids[0], "shipped"),
            add(&ids[1], "shipped"),
            add(&ids[0], &long),
            add("PR_none", "shipped"),
        ];
        let written = client.write_comments(&changes, &budget()).await.unwrap();
        let id = written[0].clone().unwrap();
        let reasons: Vec<String> = written[1..]
            .iter()
            .map(|one| one.clone().unwrap_err().to_string())
            .collect();
        assert!(reasons[0].contains("locked"), "{reasons:?}");
        assert!(reasons[1].contains("65536"), "{reasons:?}");
        assert!(reasons[2].contains("PR_none"), "{reasons:?}");
        let update = |comment: &str| CommentChange::Update {
            comment: comment.to_owned(),
            body: "shipped again".to_owned(),
        };
        let read = client.comments(&ids, &budget()).await.unwrap();
        let on_seven = read[&ids[0]].clone().unwrap();
        let seen: Vec<_> = on_seven
            .iter()
            .map(|c| (c.body.as_str(), c.viewer_did_author, c.is_minimized))
            .collect();
        assert_eq!(seen, [("first", false, true), ("shipped", true, false)]);
        let changes = [update(&id), update(&on_seven[0].id)];
        let written = client.write_comments(&changes, &budget()).await.unwrap();
        assert_eq!(written[0].as_ref(), Ok(&id));
        assert!(matches!(written[1], Err(GitHubError::Forbidden { .. })));
    });
    let github = world.github();
    assert_eq!(github.own_comments(7), ["shipped again"]);
    assert_eq!(github.comments_on(7)[1].edits, 1);
    assert!(github.own_comments(8).is_empty());
}

#[test]
fn a_ruleset_blocks_the_first_commit_and_all_others() {
    let world = shop();
    world.github().ruleset("fivekeys");
    let head = world.github().head("fivekeys").unwrap();
    talk(&world, async |client| {
        let error = save(&client, &head, &[("a", "1")]).await.unwrap_err();
        assert!(matches!(error, GitHubError::RuleBlocked { .. }));
        world.github().delete_branch("fivekeys");
        let error = begin(&client).await.unwrap_err();
        assert!(
            matches!(error, GitHubError::RuleBlocked { .. }),
            "{error:?}"
        );
    });
}

#[test]
fn a_write_whose_answer_is_lost_may_stand_or_not() {
    let cases = [
        (Fault::BadGateway, false),
        (Fault::Dropped, false),
        (Fault::BadGatewayAfter, true),
        (Fault::DroppedAfter, true),
        (Fault::Truncated, true),
        (Fault::Slow(Duration::from_secs(2)), true),
    ];
    for (fault, stands) in cases {
        let world = shop();
        let said = format!("{fault:?}");
        world.fault(On::mutations(), fault);
        let head = world.github().head("fivekeys").unwrap();
        let error = talk(&world, async |client| {
            save(&client, &head, &[("a.json", "1")]).await.unwrap_err()
        });
        assert!(
            matches!(error, GitHubError::Ambiguous { .. }),
            "{said}: {error:?}"
        );
        let files = world.github().branch_files("fivekeys");
        assert_eq!(files.contains_key("a.json"), stands, "{said}");
        assert_eq!(world.requests().count(), 1, "{said}: sent once");
    }
}
