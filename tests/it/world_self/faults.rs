//! What goes wrong on purpose, and how a test learns of what nobody expected.

use fivekeys::github::{Budget, GitHubError, Part};
use serde_json::json;

use super::{ONE_TRY, begin, budget, client, read, request, save, shop, talk};
use crate::world::{Fault, On, World};

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
    // The schema says that `deployments` is never null: refused, they take the repository along, and the rest is asked
    // for without them.
    let world = shop();
    let granted = ["contents: write", "issues: read", "pull-requests: read"];
    world.github().permissions(&granted);
    let state = talk(&world, async |client| {
        client.state(&request(), &budget()).await.unwrap()
    });
    let problem = state.problem(&Part::Deployments).unwrap();
    assert!(problem.help().unwrap().contains("deployments: read"));
    assert_eq!(world.requests().names(), ["State", "State"]);
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
    assert_eq!(
        read(&first).unwrap().branch,
        None,
        "a young branch is not there yet"
    );
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
        assert!(
            asked("mutation Star($id: ID!) { addStar(input: $id) { x } }")
                .await
                .is_err()
        );
        assert!(
            asked("query Odd { repository(owner: \"acme\", name: \"shop\") { stars } }")
                .await
                .is_err()
        );
        assert!(asked("query All { repository(owner: \"acme\", name: \"shop\") { deployments { totalCount } } }").await.is_err());
        assert!(
            asked("query Half($id: ID!) { rateLimit { cost } }")
                .await
                .is_err()
        );
        assert!(asked("query { rateLimit {").await.is_err());
        assert!(
            client
                .commit("a/b", &Budget::within(ONE_TRY))
                .await
                .is_err()
        );
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
