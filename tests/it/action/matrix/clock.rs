//! A runner whose clock is wrong: the numbers are those of GitHub's clock, and it is said.

use std::time::SystemTime;

use chrono::{DateTime, Duration, SecondsFormat, Utc};

use super::super::{deploy_of, deployments, is_green, metrics};
use super::each;
use crate::world::{Transcript, World};

/// A world whose clock differs from this machine's: two deployments, the second one an hour old.
fn shop(ahead: Duration) -> (World, DateTime<Utc>) {
    let now = DateTime::<Utc>::from(SystemTime::now()) - ahead;
    let text =
        |hours: i64| (now - Duration::hours(hours)).to_rfc3339_opts(SecondsFormat::Secs, true);
    let world = World::new().at(&text(0));
    let mut github = world.github();
    for (pull, hours) in [(7, 50), (8, 3)] {
        github.merge_pull(pull, &text(hours)).deploy_with(
            "production",
            &format!("pr{pull}"),
            &text(hours - 1),
            &[("success", &text(hours - 2))],
            |deploy| deploy.run(92 + pull, 1),
        );
    }
    drop(github);
    (world, now)
}

fn run(world: &World) -> Transcript {
    deploy_of(world, 8, 100).real_clock().run()
}

#[test]
fn a_clock_hours_or_days_off_changes_no_number_and_is_said() {
    let right = {
        let (world, _) = shop(Duration::zero());
        let done = run(&world);
        is_green(&done);
        assert!(!done.said("notice").concat().contains("clock"), "{done:#?}");
        metrics(&done)["overall"]["metrics"].clone()
    };
    assert_eq!(right["deployment_frequency"]["count"], 2);
    let wrong = [-40 * 365 * 24, -26, -5, 5, 26, 40 * 365 * 24];
    each(wrong, |hours| {
        let (world, now) = shop(Duration::hours(hours));
        let done = run(&world);
        is_green(&done);
        let said = done.said("notice").concat();
        let side = if hours > 0 { "ahead of" } else { "behind" };
        assert!(said.contains("the runner's clock is"), "{hours}: {said}");
        assert!(said.contains(side), "{hours}: {said}");
        assert_eq!(done.output("persisted"), "true", "{hours}");
        assert_eq!(deployments(&done.branch_files).len(), 2, "{hours}");
        let measured = &metrics(&done)["overall"]["metrics"];
        assert_eq!(measured["deployment_frequency"]["count"], 2, "{hours}");
        let lead = "change_lead_time";
        assert_eq!(
            measured[lead]["median_seconds"],
            right[lead]["median_seconds"]
        );
        // What was taken in today is in the shard of GitHub's day.
        let shard = format!("ledger/events/{}.jsonl", now.format("%Y/%m/%d"));
        assert!(done.branch_files.contains_key(&shard), "{hours}: {shard}");
        assert_eq!(done.comments.len(), 1, "{hours}: only the last is news");
    });
}
