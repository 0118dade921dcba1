//! The test world, tested: it answers as GitHub does, and a test can fail in it.

use std::time::Duration;

use fivekeys::adapter::{github_commit, github_deployment, github_pull};
use fivekeys::event::{Fact, Outcome};
use fivekeys::github::{
    Budget, Client, CommentChange, GitHubError, Part, State, StateRequest, Token,
};
use serde_json::json;

use crate::world::{Fault, On, Runner, World, sha};

/// Long enough for everything but a second try.
const ONE_TRY: Duration = Duration::from_millis(350);

/// Runs a conversation with GitHub.
fn talk<T>(world: &World, with: impl AsyncFnOnce(Client) -> T) -> T {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap();
    let token = world.github().token.clone();
    runtime.block_on(async { with(client(world, &token)).await })
}

fn client(world: &World, token: &str) -> Client {
    let (api, graph) = (world.api_url(), world.graphql_url());
    Client::new(&api, &graph, Token::new(token), "acme/shop").unwrap()
}

fn budget() -> Budget {
    Budget::within(Duration::from_secs(20))
}

fn request() -> StateRequest {
    StateRequest {
        branch: "fivekeys".to_owned(),
        config_path: ".github/fivekeys.yml".to_owned(),
        files: vec!["ledger/meta.json".to_owned(), "none.json".to_owned()],
        folder: Some("ledger/events".to_owned()),
        oids: vec!["README.md".to_owned()],
        deployments: true,
    }
}

fn read(world: &World) -> Result<State, GitHubError> {
    talk(world, async |client| {
        client.state(&request(), &Budget::within(ONE_TRY)).await
    })
}

fn files(list: &[(&str, &str)]) -> Vec<(String, Vec<u8>)> {
    let owned = |(path, text): &(&str, &str)| ((*path).to_owned(), text.as_bytes().to_vec());
    list.iter().map(owned).collect()
}

async fn save(client: &Client, head: &str, list: &[(&str, &str)]) -> Result<String, GitHubError> {
    let list = files(list);
    client
        .create_commit_on_branch("fivekeys", head, "Store", &list, &[], &Budget::within(ONE_TRY))
        .await
}

async fn begin(client: &Client) -> Result<String, GitHubError> {
    let list = files(&[("README.md", "# Metrics\n"), ("ledger/meta.json", "{}")]);
    client.bootstrap("fivekeys", &list, "Begin", &budget()).await
}

/// A repository with one deployment and a metrics branch.
fn shop() -> World {
    let world = World::new().at("2026-03-02T10:00:00Z");
    world
        .github()
        .file(".github/fivekeys.yml", "window: 90d\n")
        .commit("c1", "2026-03-01T09:00:00Z")
        .deploy_with(
            "production",
            "c1",
            "2026-03-01T10:00:00Z",
            &[
                ("in_progress", "2026-03-01T10:01:00Z"),
                ("success", "2026-03-01T10:05:00Z"),
            ],
            |deploy| deploy.service("api").run(77, 2),
        )
        .push(
            "fivekeys",
            &[
                ("README.md", "# Metrics\n"),
                ("ledger/meta.json", "{}"),
                ("ledger/events/2026/03/01.jsonl", "{\"id\":1}\n"),
            ],
        );
    world
}

#[test]
fn the_state_is_read_from_one_commit() {
    let world = shop();
    world.github().private();
    let state = read(&world).unwrap();
    assert_eq!(state.problems, []);
    assert_eq!(state.name_with_owner, "acme/shop");
    assert!(state.is_private);
    assert_eq!(state.default_branch.as_deref(), Some("main"));
    assert_eq!(state.head, Some(sha("c1")));
    assert_eq!(
        state.config.unwrap().text.as_deref(),
        Some("window: 90d\n")
    );
    let branch = state.branch.unwrap();
    assert_eq!(Some(branch.head_oid), world.github().head("fivekeys"));
    let text = |path: &str| branch.files[path].text.clone();
    assert_eq!(text("ledger/meta.json").as_deref(), Some("{}"));
    assert_eq!(
        text("ledger/events/2026/03/01.jsonl").as_deref(),
        Some("{\"id\":1}\n")
    );
    assert_eq!((text("README.md"), branch.files["README.md"].bytes), (None, 10));
    assert!(!branch.files.contains_key("none.json"));
    let deployment = github_deployment::from_graphql(&state.deployments[0].0).unwrap();
    let Fact::Deployment(found) = deployment.fact else {
        panic!("{deployment:?}")
    };
    assert_eq!(found.outcome, Outcome::Success);
    assert_eq!(found.service.as_deref(), Some("api"));
    assert_eq!((found.run.as_deref(), found.attempt), (Some("77"), Some(2)));
    assert_eq!(found.revision, Some(sha("c1")));
    assert_eq!(state.rate.unwrap().remaining, 999);
    assert_eq!(world.requests().names(), ["State"]);
}

#[test]
fn an_empty_repository_has_nothing_and_says_so() {
    let world = World::new();
    world.github().no_rate_limits();
    let state = read(&world).unwrap();
    assert_eq!((state.default_branch, state.branch, state.rate), (None, None, None));
    assert_eq!(state.deployments_total, 0);
    let refused = talk(&world, async |client| begin(&client).await);
    assert!(matches!(refused, Err(GitHubError::Refused { status: 409, .. })));
}

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
    assert_eq!((requests.of("Commit"), requests.of("POST git/refs")), (3, 2));
}

#[test]
fn a_refused_head_is_told_in_github_s_words() {
    let world = shop();
    let input = json!({ "branch": { "repositoryNameWithOwner": "acme/shop", "branchName": "fivekeys" },
        "expectedHeadOid": "abc", "message": { "headline": "x" }, "fileChanges": {} });
    let body = raw(
        &world,
        "mutation M($input: CreateCommitOnBranchInput!) { createCommitOnBranch(input: $input) { commit { oid } } }",
        &json!({ "input": input }),
    );
    assert_eq!(body["data"], json!({ "createCommitOnBranch": null }));
    assert_eq!(body["errors"][0]["type"], "STALE_DATA");
    assert_eq!(
        body["errors"][0]["message"],
        "Expected branch to point to \"abc\" but it did not.  Pull and try again."
    );
}

/// The whole answer to a document.
fn raw(world: &World, query: &str, variables: &serde_json::Value) -> serde_json::Value {
    talk(world, async |client| {
        let answer = client.mutate(query, variables, &budget()).await.unwrap();
        let errors: Vec<_> = answer.errors.iter().map(|e| format!("{:?}", e.error)).collect();
        json!({ "data": answer.data, "errors": errors })
    })
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
fn comparisons_come_in_pages() {
    let world = World::new();
    {
        let mut github = world.github();
        github.commit("base", "2026-03-01T09:00:00Z");
        for n in 0..250 {
            github.commit(&format!("c{n}"), "2026-03-01T10:00:00Z");
        }
        github
            .commit_with("other", "2026-03-01T11:00:00Z", |commit| {
                commit
                    .parents(&["base"])
                    .author("renovate[bot]")
                    .message("hotfix: x")
                    .authored("2026-02-28T09:00:00Z")
            })
            .commit_with("root", "2026-03-01T12:00:00Z", |commit| commit.parents(&[]));
    }
    talk(&world, async |client| {
        let compare = async |base: &str, head: &str, pages: u64| {
            client.compare(&sha(base), &sha(head), pages, &budget()).await
        };
        let all = compare("base", "c249", 9).await.unwrap();
        assert_eq!((all.status.as_str(), all.total), ("ahead", 250));
        assert!(all.is_complete());
        assert_eq!(all.commits[0]["sha"], sha("c0"));
        assert_eq!(all.commits[249]["sha"], sha("c249"));
        assert_eq!(world.requests().of("GET compare"), 3);
        let some = compare("base", "c249", 2).await.unwrap();
        assert_eq!((some.commits.len(), some.is_complete()), (200, false));
        let back = compare("c9", "base", 1).await.unwrap();
        assert_eq!((back.status.as_str(), back.total), ("behind", 0));
        assert_eq!(back.merge_base.unwrap()["sha"], sha("base"));
        let fork = compare("c1", "other", 1).await.unwrap();
        assert_eq!((fork.status.as_str(), fork.total), ("diverged", 1));
        let event = github_commit::from_rest(&fork.commits[0]).unwrap();
        let Fact::Commit(commit) = event.fact else {
            panic!("{event:?}")
        };
        assert!(commit.bot && commit.hotfix);
        assert_eq!(commit.parents, [sha("base")]);
        assert_eq!(event.time.to_rfc3339(), "2026-02-28T09:00:00+00:00");
        for (base, head) in [("base", "root"), ("base", "gone")] {
            let missing = compare(base, head, 1).await;
            assert!(matches!(missing, Err(GitHubError::NotFound { .. })));
        }
        let one = client.commit(&sha("c7"), &budget()).await.unwrap();
        assert_eq!(one["parents"][0]["sha"], sha("c6"));
    });
}

#[test]
fn pull_requests_belong_to_what_they_landed_as() {
    let world = World::new();
    world
        .github()
        .commit("c1", "2026-03-01T09:00:00Z")
        .merge_pull_with(7, "2026-03-03T10:00:00Z", |pull| {
            pull.title("Revert \"Add cache (#5)\"")
                .body("Reverts acme/shop#5")
                .branch("hotfix/cache")
                .commit("work", "2026-03-02T08:00:00Z")
                .label("hotfix")
                .ready("2026-03-02T11:00:00Z")
                .review("lint[bot]", "COMMENTED", "2026-03-02T11:30:00Z")
                .review("ben", "APPROVED", "2026-03-02T12:00:00Z")
                .queued("2026-03-03T09:00:00Z")
                .size(3, 4, 2)
        })
        .merge_pull_with(8, "2026-03-04T10:00:00Z", |pull| {
            pull.squash().author("renovate[bot]")
        })
        .merge_pull_with(9, "2026-03-05T10:00:00Z", |pull| {
            pull.rebase()
                .commit("r1", "2026-03-04T08:00:00Z")
                .commit("r2", "2026-03-04T09:00:00Z")
        })
        .merge_pull(10, "2026-03-06T10:00:00Z")
        .open_pull(11, "2026-03-06T11:00:00Z", |pull| pull);
    let labels = ["c1", "work", "pr7", "pr8", "pr9-rebased-1", "pr9", "pr10", "pr11-1", "gone"];
    let shas = labels.map(sha);
    let found = talk(&world, async |client| {
        client.pulls_of_commits(&shas, &budget()).await.unwrap()
    });
    let number = |label: &str| found[&sha(label)].first().map(|pull| pull["number"].clone());
    let numbers = labels[..8].iter().map(|label| number(label));
    let expected = [None, Some(7), Some(7), Some(8), Some(9), Some(9), Some(10), Some(11)];
    assert!(numbers.eq(expected.map(|n| n.map(|n: u64| json!(n)))));
    assert!(!found.contains_key(&sha("gone")));
    let pull = |label: &str| github_pull::from_graphql(&found[&sha(label)][0]).unwrap();
    assert_eq!(pull("pr11-1"), None);
    let Fact::Pull(seven) = pull("pr7").unwrap().fact else {
        panic!()
    };
    let hour = |at: Option<fivekeys::event::Instant>| at.unwrap().format("%d %H").to_string();
    assert_eq!(hour(seven.first_commit_at), "02 08");
    assert_eq!(hour(seven.created_at), "02 10");
    assert_eq!(hour(seven.ready_at), "02 11");
    assert_eq!(hour(seven.first_review_at), "02 12");
    assert_eq!(hour(seven.queued_at), "03 09");
    assert_eq!((seven.lines, seven.files), (Some(7), Some(2)));
    assert_eq!(seven.labels, ["hotfix"]);
    assert_eq!(seven.undoes.pulls, [5]);
    assert_eq!(seven.merge_sha, Some(sha("pr7")));
    assert_eq!(seven.commits, [sha("work")]);
    let Fact::Pull(eight) = pull("pr8").unwrap().fact else {
        panic!()
    };
    assert!(eight.bot && !seven.bot);
}

#[test]
fn comments_are_added_changed_and_refused_one_by_one() {
    let world = World::new();
    world
        .github()
        .commit("c1", "2026-03-01T09:00:00Z")
        .merge_pull(7, "2026-03-03T10:00:00Z")
        .merge_pull_with(8, "2026-03-04T10:00:00Z", |pull| pull.locked())
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
fn deployments_come_newest_first_and_pages_do_not_shift() {
    let world = World::new();
    {
        let mut github = world.github();
        github.commit("c1", "2026-03-01T09:00:00Z");
        for minute in 0..59 {
            for second in 0..4 {
                let at = format!("2026-03-01T10:{minute:02}:{second:02}Z");
                github.deploy("production", "c1", &at, &[("queued", &at)]);
            }
        }
    }
    let state = read(&world).unwrap();
    assert_eq!((state.deployments.len(), state.deployments_total), (100, 236));
    assert_eq!(state.deployments[0].0["createdAt"], "2026-03-01T10:58:03Z");
    world
        .github()
        .deploy("staging", "c1", "2026-03-01T11:00:00Z", &[])
        .status("production", "success", "2026-03-01T11:05:00Z");
    let last = state.deployments[99].0["createdAt"].clone();
    let cursor = state.next_cursor.unwrap();
    talk(&world, async |client| {
        let page = client.more_deployments(&cursor, &budget()).await.unwrap();
        assert_eq!(last, "2026-03-01T10:34:00Z");
        assert_eq!(page.nodes[0].0["createdAt"], "2026-03-01T10:33:03Z");
        let cursor = page.next_cursor.unwrap();
        let page = client.more_deployments(&cursor, &budget()).await.unwrap();
        assert_eq!((page.nodes.len(), page.next_cursor), (36, None));
        let newest = world.github().deployments[235].id.clone();
        let ids = [newest, "DE_gone".to_owned()];
        let found = client.deployments_by_id(&ids, &budget()).await.unwrap();
        assert_eq!(found.len(), 1);
        let statuses = &found[0].0["statuses"];
        assert_eq!(statuses["totalCount"], 2);
        assert_eq!(statuses["nodes"][0]["state"], "SUCCESS");
        assert_eq!(statuses["nodes"][1]["state"], "QUEUED");
    });
}

#[test]
fn a_large_file_is_cut_and_its_blob_is_whole() {
    let world = shop();
    let large = "é".repeat(300_000);
    world
        .github()
        .push("fivekeys", &[("ledger/meta.json", &large)]);
    let state = talk(&world, async |client| {
        client.state(&request(), &budget()).await.unwrap()
    });
    let file = &state.branch.unwrap().files["ledger/meta.json"];
    assert_eq!(file.text.as_ref(), Some(&large));
    assert_eq!(world.requests().names(), ["State", "GET git/blobs"]);
}

#[test]
fn a_missing_permission_is_named() {
    let denied = |granted: &[&str]| {
        let world = shop();
        world.github().permissions(granted).lenient_nulls();
        (read(&world).unwrap(), world)
    };
    let (state, _) = denied(&["contents: read"]);
    let problem = state.problem(&Part::Deployments).unwrap();
    assert!(problem.help().unwrap().contains("deployments: read"));
    let (state, world) = denied(&["deployments: read"]);
    for part in [Part::Config, Part::Branch] {
        let problem = state.problem(&part).unwrap();
        assert!(problem.help().unwrap().contains("contents: read"));
    }
    talk(&world, async |client| {
        let help = |error: GitHubError| error.help().unwrap();
        let error = save(&client, "x", &[]).await.unwrap_err();
        assert!(help(error).contains("contents: write"));
        let error = begin(&client).await.unwrap_err();
        assert!(help(error).contains("contents: write"));
        let error = client.compare("a", "b", 1, &budget()).await.unwrap_err();
        assert!(help(error).contains("contents: read"));
    });
    // The schema says that `deployments` is never null: without the permission the whole repository is.
    let world = shop();
    world.github().permissions(&["contents: write"]);
    let error = read(&world).unwrap_err();
    assert!(error.help().unwrap().contains("deployments: read"));
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
        assert!(matches!(error, GitHubError::RuleBlocked { .. }), "{error:?}");
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
        assert!(matches!(error, GitHubError::Ambiguous { .. }), "{said}: {error:?}");
        let files = world.github().branch_files("fivekeys");
        assert_eq!(files.contains_key("a.json"), stands, "{said}");
        assert_eq!(world.requests().count(), 1, "{said}: sent once");
    }
}

#[test]
fn limits_and_breakdowns_are_told_apart() {
    let limited = |retry_after, secondary| GitHubError::RateLimited {
        retry_after,
        secondary,
    };
    let cases = [
        (Fault::Secondary(Some(120)), limited(Some(120), true)),
        (Fault::Secondary(None), limited(None, true)),
        (Fault::TooMany(Some(90)), limited(Some(90), true)),
        (Fault::Exhausted(300), limited(Some(300), false)),
        (Fault::BadGateway, GitHubError::Server { status: 502 }),
        (
            Fault::Graph("", "Something went wrong while executing your query."),
            GitHubError::Server { status: 200 },
        ),
        (
            Fault::Graph("RATE_LIMITED", "API rate limit exceeded"),
            limited(Some(1800), false),
        ),
    ];
    for (fault, expected) in cases {
        let world = shop();
        world.fault(On::any(), fault);
        assert_eq!(read(&world).unwrap_err(), expected);
    }
    let world = shop();
    world.fault(On::rest("GET", "compare"), Fault::Exhausted(60));
    let error = talk(&world, async |client| {
        client.compare("a", "b", 1, &Budget::within(ONE_TRY)).await
    });
    assert_eq!(error.unwrap_err(), limited(Some(60), false));
    let world = shop();
    world.github().rate_left(0, 1);
    assert!(read(&world).is_ok());
    assert_eq!(read(&world).unwrap_err(), limited(Some(1800), false));
}

#[test]
fn faults_strike_when_they_are_told_to() {
    let world = shop();
    world.fault(On::request(2), Fault::BadGateway);
    world.fault(On::operation("State").skip(3).times(2), Fault::Truncated);
    let outcomes: Vec<bool> = (0..6).map(|_| read(&world).is_ok()).collect();
    // A budget of one try: no retry hides them.
    assert_eq!(outcomes, [true, false, true, false, false, true]);
    world.fault(On::any(), Fault::Dropped);
    let state = talk(&world, async |client| {
        client.state(&request(), &budget()).await
    });
    assert!(state.is_ok(), "a read is tried again");
    assert_eq!(world.requests().count(), 8);
    world.forget_requests();
    assert_eq!(world.requests().count(), 0);
}

#[test]
fn a_stale_read_sees_the_head_before_the_last_change() {
    let world = shop();
    let old = world.github().head("fivekeys");
    world.github().push("fivekeys", &[("new.json", "1")]);
    world.fault(On::operation("State").times(2), Fault::Stale);
    let head = || read(&world).unwrap().branch.map(|branch| branch.head_oid);
    assert_eq!((head(), head()), (old.clone(), old));
    assert_eq!(head(), world.github().head("fivekeys"));
    let first = World::new();
    first.github().push("fivekeys", &[("new.json", "1")]);
    first.fault(On::any(), Fault::Stale);
    assert_eq!(read(&first).unwrap().branch, None, "a young branch is not there yet");
}

#[test]
fn an_enterprise_server_has_its_own_paths() {
    let world = World::enterprise();
    world
        .github()
        .commit("c1", "2026-03-01T09:00:00Z")
        .commit("c2", "2026-03-01T10:00:00Z");
    assert!(world.api_url().ends_with("/api/v3"));
    talk(&world, async |client| {
        begin(&client).await.unwrap();
        let found = client.compare(&sha("c1"), &sha("c2"), 1, &budget()).await;
        assert_eq!(found.unwrap().total, 1);
    });
    assert!(read(&world).unwrap().branch.is_some());
    let names = ["POST git/trees", "POST git/commits", "POST git/refs", "GET compare", "State"];
    assert_eq!(world.requests().names(), names);
}

#[test]
fn a_wrong_token_opens_nothing() {
    let world = shop();
    let runtime = tokio::runtime::Builder::new_current_thread();
    let runtime = { runtime }.enable_all().build().unwrap();
    let error = runtime.block_on(async {
        let client = client(&world, "ghs_wrong");
        client.state(&request(), &budget()).await.unwrap_err()
    });
    assert_eq!(error, GitHubError::Unauthorized);
}

#[test]
fn what_the_world_does_not_know_is_left_over() {
    let world = shop();
    talk(&world, async |client| {
        let asked = |query: &'static str| {
            let variables = json!({ "id": "x" });
            let client = &client;
            async move { client.mutate(query, &variables, &budget()).await }
        };
        assert!(asked("mutation Star($id: ID!) { addStar(input: $id) { x } }").await.is_err());
        assert!(asked("query Odd { repository(owner: \"acme\", name: \"shop\") { stars } }").await.is_err());
        assert!(asked("query All { repository(owner: \"acme\", name: \"shop\") { deployments { totalCount } } }").await.is_err());
        assert!(asked("query Half($id: ID!) { rateLimit { cost } }").await.is_err());
        assert!(asked("query { rateLimit {").await.is_err());
        assert!(client.commit("a/b", &Budget::within(ONE_TRY)).await.is_err());
    });
    world.fault(On::request(99), Fault::Dropped);
    world.before(On::operation("Never").times(2), |_| {});
    let left = world.left_over().join("\n");
    for said in [
        "`Star`: the world does not know Mutation.addStar",
        "`Odd`: the world does not know Repository.stars",
        "`deployments` without `first` or `last`",
        "$id is declared but not used",
        "Unexpected end of document",
        "no route GET /repos/acme/shop/commits/a/b",
        "Dropped was planned for",
        "a hook was planned for",
    ] {
        assert!(left.contains(said), "{said} is not in:\n{left}");
    }
    world.finish();
}

#[test]
#[should_panic(expected = "left over")]
fn a_fault_that_never_happens_fails_the_test() {
    let world = World::new();
    world.fault(On::any(), Fault::Dropped);
    world.finish();
}

#[test]
#[should_panic(expected = "no route")]
fn an_unknown_route_fails_the_test_even_without_a_finish() {
    let world = shop();
    let _ = talk(&world, async |client| {
        client.commit("a/b", &Budget::within(ONE_TRY)).await
    });
}

#[test]
fn the_program_runs_in_the_surroundings_of_a_container_action() {
    let world = shop();
    let done = Runner::new(&world).sha("c1").input("status", "success").run();
    assert_eq!(done.exit, 0, "{done:#?}");
    assert_eq!(done.branch_files, world.github().branch_files("fivekeys"));
    assert_eq!(
        done.commits_on_branch.len(),
        world.github().branch_commits("fivekeys").len()
    );
    assert!(done.comments.is_empty());
    let all = Runner::new(&world).run_many(3, |n, runner| runner.run_id(200 + n as u64));
    assert_eq!(all.iter().filter(|one| one.exit == 0).count(), 3);
}
