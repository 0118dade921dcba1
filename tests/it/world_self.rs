//! The test world, tested: it answers as GitHub does, and a test can fail in it.

mod changes;
mod faults;
mod writes;

use std::time::Duration;

use fivekeys::adapter::github_deployment;
use fivekeys::event::{Fact, Outcome};
use fivekeys::github::{Budget, Client, GitHubError, Proxies, Server, State, StateRequest, Token};

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
    let server = Server {
        api,
        graphql: graph,
    };
    Client::new(&server, &Proxies::default(), Token::new(token), "acme/shop").unwrap()
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
        issues: vec!["incident".to_owned()],
        marks: true,
        corrections_path: Some(".github/fivekeys-corrections.yml".to_owned()),
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
    let payload = world.github().deployment_status("production");
    let told = github_deployment::from_webhook(&payload).unwrap();
    assert_eq!((told.id, told.time), (deployment.id, deployment.time));
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
