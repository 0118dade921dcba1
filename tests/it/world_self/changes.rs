//! Commits, comparisons and pull requests.

use fivekeys::adapter::{github_commit, github_pull};
use fivekeys::collect::github::{Ask, collect};
use fivekeys::config;
use fivekeys::event::{Events, Fact, parse_instant};
use fivekeys::github::{GitHubError, PullFields};

use super::{budget, talk};
use crate::world::story::PullStory;
use crate::world::{World, sha};

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
        client
            .pulls_of_commits(&shas, PullFields::WithPaths, &budget())
            .await
            .unwrap()
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
        client
            .pulls_of_commits(&shas, PullFields::WithPaths, &budget())
            .await
            .unwrap()
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
fn a_first_run_finds_what_the_last_deployment_delivered() {
    let world = World::new().at("2026-03-05T12:00:00Z");
    world
        .github()
        .commit("c1", "2026-03-01T09:00:00Z")
        .deploy(
            "production",
            "c1",
            "2026-03-01T10:00:00Z",
            &[("success", "2026-03-01T10:05:00Z")],
        )
        .merge_pull(7, "2026-03-03T10:00:00Z")
        .merge_pull_with(8, "2026-03-04T10:00:00Z", PullStory::squash)
        .deploy(
            "production",
            "pr8",
            "2026-03-05T10:00:00Z",
            &[("success", "2026-03-05T10:05:00Z")],
        );
    let now = world.github().now;
    let found = talk(&world, async |client| {
        let budget = budget();
        let state = client.state(&super::request(), &budget).await.unwrap();
        collect(Ask {
            client: &client,
            state: &state,
            config: &config::parse("").unwrap(),
            trusted: true,
            now,
            known: &Events::default(),
            own: None,
            cutoff: parse_instant("2026-01-01T00:00:00Z").unwrap(),
            resume: None,
            places: &std::collections::BTreeMap::new(),
            requests: 40,
            budget: &budget,
        })
        .await
    });
    assert_eq!(found.notes, []);
    let ids: Vec<&str> = found.events.iter().map(|event| event.id.as_str()).collect();
    for label in ["pr7", "pr7-1", "pr8"] {
        let id = format!("commit:{}", sha(label));
        assert!(ids.contains(&id.as_str()), "{label} is missing in {ids:?}");
    }
    assert!(ids.contains(&"pr:7") && ids.contains(&"pr:8"));
    assert_eq!(ids.iter().filter(|id| id.starts_with("dep:")).count(), 2);
    assert_eq!(
        world.requests().names(),
        [
            "State",
            "GET compare",
            "Pulls",
            "GET actions",
            "GET actions"
        ]
    );
}
