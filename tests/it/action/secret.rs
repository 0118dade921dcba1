//! The token is in nothing that a run leaves, whatever fails. Every transcript is searched for it, in every form that it
//! is sent in; these are the ways to fail, each as loud as can be.

use std::time::Duration;

use super::{deploy_of, next_day};
use crate::world::{Fault, On, Runner, World};

const TOKEN: &str = "ghs_VerySecretVerySecretVerySecret012345";

/// As much as a runner can be asked to say.
fn loud<'w>(world: &'w World, token: &str) -> Runner<'w> {
    deploy_of(world, 9, 101)
        .input("timeout", "5s")
        .input("token", token)
        .env("GITHUB_TOKEN", TOKEN)
        .env("ACTIONS_STEP_DEBUG", "true")
        .env("RUNNER_DEBUG", "1")
        .env("RUST_LOG", "trace")
        .env("RUST_BACKTRACE", "full")
        .env("ACTIONS_RUNTIME_TOKEN", TOKEN)
}

fn world() -> World {
    let world = next_day();
    TOKEN.clone_into(&mut world.github().token);
    world
}

#[test]
fn no_failure_prints_it() {
    let faults = [
        Fault::BadGateway,
        Fault::BadGatewayAfter,
        Fault::Dropped,
        Fault::DroppedAfter,
        Fault::Truncated,
        Fault::Secondary(Some(60)),
        Fault::TooMany(None),
        Fault::Exhausted(1800),
        Fault::Slow(Duration::from_secs(7)),
        Fault::Graph("FORBIDDEN", "Resource not accessible by integration"),
        // A proxy in between that repeats what it was sent.
        Fault::Graph(
            "FORBIDDEN",
            "bad header: Bearer ghs_VerySecretVerySecretVerySecret012345",
        ),
        Fault::Graph(
            "",
            "bad header `ghs_VerySecretVerySecretVerySecret012345`, again ghs_VerySecretVerySecretVerySecret012345",
        ),
    ];
    super::each(faults, |fault| {
        for at in 0..4 {
            let world = world();
            world.fault(On::any().skip(at).times(9), fault.clone());
            let given = ["", "${{ github.token }}"][at % 2];
            let done = loud(&world, given).input("dry-run", "false").run();
            assert_eq!(done.exit, 0, "{fault:?}");
            done.assert_silent_about(TOKEN);
            let _ = world.left_over();
        }
    });
}

#[test]
fn no_setting_prints_it() {
    for (name, value) in [
        (
            "GITHUB_API_URL",
            "http://x-access-token:ghs_VerySecretVerySecretVerySecret012345@127.0.0.1:9",
        ),
        ("GITHUB_API_URL", "ghs_VerySecretVerySecretVerySecret012345"),
        (
            "GITHUB_GRAPHQL_URL",
            "http://ghs_VerySecretVerySecretVerySecret012345@127.0.0.1:9/graphql",
        ),
        ("GITHUB_WORKSPACE", "/nowhere/x"),
    ] {
        let world = world();
        let done = loud(&world, "${{ github.token }}").env(name, value).run();
        assert_eq!(done.exit, 0, "{name}");
        done.assert_silent_about(TOKEN);
    }
    // One that cannot be sent, and one that is somebody else's.
    for token in [
        "ghs_VerySecret\u{e9}VerySecretVery",
        "ghs_Other0SecretOther0SecretOther0Secret",
        "  ",
    ] {
        let world = world();
        let done = loud(&world, token).run();
        assert_eq!(done.exit, 0);
        done.assert_silent_about(TOKEN);
        done.assert_silent_about("ghs_Other0SecretOther0SecretOther0Secret");
    }
}

#[test]
fn a_dry_run_and_the_other_commands_do_not_print_it() {
    let world = world();
    let done = loud(&world, "${{ github.token }}")
        .input("dry-run", "true")
        .run();
    assert_eq!(done.exit, 0);
    done.assert_silent_about(TOKEN);
    for args in [&["report", "--verbose"][..], &["doctor", "--no-such"]] {
        let args: Vec<String> = args.iter().map(|&arg| arg.to_owned()).collect();
        loud(&world, "").run_args(&args).assert_silent_about(TOKEN);
    }
}
