//! The test world, tested: it answers as GitHub does, and a test can fail in it.

mod faults;
mod writes;

use std::time::Duration;

use fivekeys::adapter::{github_commit, github_deployment, github_pull};
use fivekeys::event::{Fact, Outcome};
use fivekeys::github::{Budget, Client, GitHubError, State, StateRequest, Token};

use crate::world::story::PullStory;
use crate::world::{Runner, World, sha};

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
        .create_commit_on_branch(
            "fivekeys",
            head,
            "Store",
            &list,
            &[],
            &Budget::within(ONE_TRY),
        )
        .await
}

async fn begin(client: &Client) -> Result<String, GitHubError> {
    let list = files(&[("README.md", "# Metrics\n"), ("ledger/meta.json", "{}")]);
    client
        .bootstrap("fivekeys", &list, "Begin", &budget())
        .await
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
    assert_eq!(state.config.unwrap().text.as_deref(), Some("window: 90d\n"));
    let branch = state.branch.unwrap();
    assert_eq!(Some(branch.head_oid), world.github().head("fivekeys"));
    let text = |path: &str| branch.files[path].text.clone();
    assert_eq!(text("ledger/meta.json").as_deref(), Some("{}"));
    assert_eq!(
        text("ledger/events/2026/03/01.jsonl").as_deref(),
        Some("{\"id\":1}\n")
    );
    assert_eq!(
        (text("README.md"), branch.files["README.md"].bytes),
        (None, 10)
    );
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
    assert_eq!(
        (state.default_branch, state.branch, state.rate),
        (None, None, None)
    );
    assert_eq!(state.deployments_total, 0);
    let refused = talk(&world, async |client| begin(&client).await);
    assert!(matches!(
        refused,
        Err(GitHubError::Refused { status: 409, .. })
    ));
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
            client
                .compare(&sha(base), &sha(head), pages, &budget())
                .await
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
        .merge_pull(7, "2026-03-03T10:00:00Z")
        .merge_pull_with(8, "2026-03-04T10:00:00Z", PullStory::squash)
        .merge_pull_with(9, "2026-03-05T10:00:00Z", |pull| {
            pull.rebase()
                .commit("r1", "2026-03-04T08:00:00Z")
                .commit("r2", "2026-03-04T09:00:00Z")
        })
        .open_pull(10, "2026-03-06T11:00:00Z", |pull| pull);
    let expected = [
        ("c1", None),
        ("pr7", Some(7)),
        ("pr7-1", Some(7)),
        ("pr8", Some(8)),
        ("pr9-rebased-1", Some(9)),
        ("pr9", Some(9)),
        ("r1", Some(9)),
        ("pr10-1", Some(10)),
    ];
    let mut shas: Vec<String> = expected.iter().map(|(label, _)| sha(label)).collect();
    shas.push(sha("gone"));
    let found = talk(&world, async |client| {
        client.pulls_of_commits(&shas, &budget()).await.unwrap()
    });
    for (label, number) in expected {
        let first = found[&sha(label)].first();
        let seen = first.and_then(|pull| pull["number"].as_u64());
        assert_eq!(seen, number, "{label}");
    }
    assert!(!found.contains_key(&sha("gone")));
    let open = &found[&sha("pr10-1")][0];
    assert_eq!(github_pull::from_graphql(open), Ok(None));
    let github = world.github();
    let parents = |label: &str| github.git.commit(&sha(label)).unwrap().parents.clone();
    assert_eq!(parents("pr7"), [sha("c1"), sha("pr7-1")]);
    assert_eq!(parents("pr8"), [sha("pr7")]);
    assert_eq!(parents("pr9"), [sha("pr9-rebased-1")]);
    assert_eq!(github.head("main"), Some(sha("pr9")));
}

#[test]
fn a_pull_request_has_all_its_moments() {
    let world = World::new();
    world
        .github()
        .commit("c1", "2026-03-01T09:00:00Z")
        .merge_pull_with(7, "2026-03-03T10:00:00Z", |pull| {
            pull.title("Revert \"Add cache (#5)\"")
                .body("Reverts acme/shop#5")
                .branch("hotfix/cache")
                .author("renovate[bot]")
                .commit("work", "2026-03-02T08:00:00Z")
                .label("hotfix")
                .ready("2026-03-02T11:00:00Z")
                .review("lint[bot]", "COMMENTED", "2026-03-02T11:30:00Z")
                .review("ben", "APPROVED", "2026-03-02T12:00:00Z")
                .queued("2026-03-03T09:00:00Z")
                .size(3, 4, 2)
        });
    let found = talk(&world, async |client| {
        let shas = [sha("pr7")];
        client.pulls_of_commits(&shas, &budget()).await.unwrap()
    });
    let event = github_pull::from_graphql(&found[&sha("pr7")][0]);
    let Fact::Pull(pull) = event.unwrap().unwrap().fact else {
        panic!()
    };
    let hour = |at: Option<fivekeys::event::Instant>| at.unwrap().format("%d %H").to_string();
    assert_eq!(hour(pull.first_commit_at), "02 08");
    assert_eq!(hour(pull.created_at), "02 10");
    assert_eq!(hour(pull.ready_at), "02 11");
    assert_eq!(hour(pull.first_review_at), "02 12");
    assert_eq!(hour(pull.queued_at), "03 09");
    assert_eq!((pull.lines, pull.files), (Some(7), Some(2)));
    assert_eq!(pull.labels, ["hotfix"]);
    assert_eq!(pull.undoes.pulls, [5]);
    assert_eq!(pull.merge_sha, Some(sha("pr7")));
    assert_eq!(pull.commits, [sha("work")]);
    assert!(pull.bot && pull.hotfix);
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
    assert_eq!(
        (state.deployments.len(), state.deployments_total),
        (100, 236)
    );
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
    let names = [
        "POST git/trees",
        "POST git/commits",
        "POST git/refs",
        "GET compare",
        "State",
    ];
    assert_eq!(world.requests().names(), names);
}

#[test]
fn the_program_runs_in_the_surroundings_of_a_container_action() {
    let world = shop();
    let done = Runner::new(&world)
        .sha("c1")
        .input("status", "success")
        .run();
    assert_eq!(done.exit, 0, "{done:#?}");
    assert_eq!(done.branch_files, world.github().branch_files("fivekeys"));
    assert_eq!(
        done.commits_on_branch.len(),
        world.github().branch_commits("fivekeys").len()
    );
    assert!(done.comments.is_empty());
    let all = Runner::new(&world)
        .real_clock()
        .run_many(3, |n, runner| runner.run_id(200 + n as u64));
    assert_eq!(all.iter().filter(|one| one.exit == 0).count(), 3);
}
