//! Configuration and inputs: a wrong one is said with its place, and the default is used.

use fivekeys::event::Instant;

use super::{deploy_of, is_green, metrics, next_day};
use crate::world::Transcript;

/// Length of the window that was measured.
fn days(done: &Transcript) -> i64 {
    let window = &metrics(done)["window"];
    let at = |name: &str| window[name].as_str().unwrap().parse::<Instant>().unwrap();
    (at("to") - at("from")).num_days()
}

#[test]
fn a_typo_in_the_configuration_is_an_error_with_its_place_and_a_suggestion() {
    let world = next_day();
    world.github().file(
        ".github/fivekeys.yml",
        "# ours\nwindow: 30d\nenvironmens: [live]\n",
    );
    let done = deploy_of(&world, 9, 101).run();
    is_green(&done);
    let said = done.said("error")[0];
    for part in [
        ".github/fivekeys.yml",
        "line 3",
        "column 1",
        "environmens",
        "environments",
        "the defaults are used",
    ] {
        assert!(said.contains(part), "{part:?} is not in {said:?}");
    }
    assert_eq!(
        (done.output("persisted"), done.output("degraded")),
        ("true", "true")
    );
    assert_eq!(days(&done), 90, "the default, not 30");
    assert_eq!(done.commits_on_branch.len(), 2);
}

#[test]
fn a_configuration_is_followed() {
    let world = next_day();
    world.github().file(
        ".github/fivekeys.yml",
        "window: 30d\ncomment:\n  mode: off\n",
    );
    let done = deploy_of(&world, 9, 101).run();
    super::is_well(&done);
    assert_eq!(days(&done), 30);
    assert_eq!(done.comments.len(), 1);
    assert_eq!(world.requests().of("Comments"), 0);
}

#[test]
fn unknown_values_of_inputs_are_named_in_one_annotation() {
    let world = next_day();
    let done = deploy_of(&world, 9, 101)
        .input("comment", "loud")
        .input("summary", "perhaps")
        .input("badges", "2")
        .input("fail-on", "mondays")
        .input("timeout", "1ms")
        .input("window", "soon")
        .input("branch", "../../etc")
        .input("dry-run", "ja")
        .run();
    is_green(&done);
    let said = done.said("error")[0];
    for name in [
        "comment", "summary", "badges", "fail-on", "timeout", "window", "branch", "dry-run",
    ] {
        assert!(
            said.contains(&format!("input `{name}`")),
            "{name} is not in {said:?}"
        );
    }
    assert_eq!(done.output("persisted"), "true", "the defaults are used");
    assert!(!done.summary.is_empty());
}

#[test]
fn badges_and_summary_can_be_left_out() {
    let world = super::shop();
    let done = deploy_of(&world, 8, 100)
        .input("badges", "false")
        .input("summary", "false")
        .input("comment", "off")
        .run();
    is_green(&done);
    assert_eq!(done.output("persisted"), "true");
    assert_eq!(done.summary, "");
    assert_eq!(done.comments, []);
    assert!(
        done.branch_files
            .keys()
            .all(|path| !path.starts_with("badges/"))
    );
    assert!(done.branch_files.contains_key("README.md"));
}

#[test]
fn another_branch_is_another_ledger() {
    let world = next_day();
    let before = world.github().branch_files("fivekeys");
    let done = deploy_of(&world, 9, 101)
        .input("branch", "metrics/dora")
        .run();
    super::is_well(&done);
    assert_eq!(done.commits_on_branch.len(), 1);
    assert_eq!(world.github().branch_files("fivekeys"), before);
}
