//! A run that is ended from outside at each of its requests: nothing is lost, and the next run goes on.

use std::time::{Duration, Instant};

use super::holds::{is_intact, recovers, shown};
use super::kinds::{Kind, kinds};
use super::{each, is_green, is_whole};
use crate::world::{Fault, On, World};

/// Whoever takes longer has waited for its own deadline of a minute: a machine with much other work is slow.
const AT_ONCE: Duration = Duration::from_secs(55);

/// Each request of each kind of run, once before anything was done and once after. Every second read is left out of
/// kinds that share it with a deploy; `FIVEKEYS_MATRIX=all` tries them too.
fn at_every_request(kinds: &[Kind], test: impl Fn(&Kind, usize, bool) + Sync) {
    for kind in kinds.iter().filter(|kind| kind.name != "cut") {
        let is_tried = |number: &usize| {
            let always = kind.name == "fold" || kind.writes[*number - 1];
            always || is_whole() || number.is_multiple_of(2)
        };
        let places = (1..=kind.requests.len()).filter(is_tried);
        each(places, |number| {
            test(kind, number, true);
            if kind.writes[number - 1] {
                test(kind, number, false);
            }
        });
    }
}

fn disturbed(kind: &Kind, number: usize, signal: &'static str, done: bool) -> World {
    let world = World::of(kind.before.clone());
    world.fault(On::request(number), Fault::Signal(signal));
    if !done {
        world.fault(On::request(number), Fault::Dropped);
    }
    world
}

#[test]
fn a_run_that_is_killed_at_any_request_loses_nothing() {
    at_every_request(kinds(), |kind, number, effect| {
        let world = disturbed(kind, number, "KILL", effect);
        let done = (kind.run)(&world).run();
        let what = format!(
            "{} killed at {number}, {effect}\n{}",
            kind.name,
            shown(&done)
        );
        assert_eq!(done.exit, -1, "{what}");
        assert_eq!(done.outputs.len(), 0, "{what}");
        is_intact(&kind.before, &done, &what);
        let own = format!("deployment {}", kind.own);
        let held = super::super::ids(&done.branch_files).contains(&own);
        recovers(kind, &world, held, &what);
    });
}

#[test]
fn a_run_that_is_asked_to_stop_stops_at_once_and_says_so() {
    at_every_request(kinds(), |kind, number, effect| {
        let signals = if kind.name == "fold" {
            ["TERM", "INT"].as_slice()
        } else {
            &["TERM"]
        };
        for &signal in signals {
            let world = disturbed(kind, number, signal, effect);
            let begun = Instant::now();
            let done = (kind.run)(&world).run();
            let took = begun.elapsed();
            let what = format!(
                "{} {signal} at {number}, {effect}\n{}",
                kind.name,
                shown(&done)
            );
            assert!(took < AT_ONCE, "{took:?}\n{what}");
            is_green(&done);
            is_intact(&kind.before, &done, &what);
            let said = done.said("warning").concat();
            assert!(said.contains("the job was cancelled"), "{what}");
            assert!(said.contains("the next run catches up"), "{what}");
            let own = format!("deployment {}", kind.own);
            let held = super::super::ids(&done.branch_files).contains(&own);
            let persisted = done.output("persisted") == "true";
            assert!(held || !persisted, "{what}");
            let doubt = said.contains("it is not known whether");
            assert!(held == persisted || doubt, "{what}");
            assert_eq!(
                world.requests().count(),
                number,
                "nothing more is asked: {what}"
            );
            recovers(kind, &world, held, &what);
        }
    });
}
