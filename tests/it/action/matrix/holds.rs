//! What must hold of a run, whatever happened to it, and of the run after it.

use std::collections::{BTreeMap, BTreeSet};
use std::time::{Duration, Instant};

use fivekeys::ledger::Ledger;

use super::super::{ids, lines};
use super::kinds::{Kind, Left, deployments, report};
use super::{Case, is_green, is_well};
use crate::world::{Fault, GitHub, Transcript, World};

/// The shortest deadline that there is, and how far beyond it a run may end on a machine with other work.
pub(super) const HURRY: (&str, Duration) = ("5s", Duration::from_secs(40));

/// Everything that must hold of one case.
pub(super) fn holds(kind: &Kind, case: &Case) {
    let world = World::of(kind.before.clone());
    for (on, fault) in &case.faults {
        world.fault(on.clone(), fault.clone());
    }
    let mut runner = (kind.run)(&world);
    if case.hurry {
        runner = runner.input("timeout", HURRY.0);
    }
    let begun = Instant::now();
    let done = runner.run();
    let took = begun.elapsed();
    let asked = world.requests().names();
    let what = format!("{}: {case:?}\n{asked:?}\n{}", kind.name, shown(&done));
    assert!(!case.hurry || took < HURRY.1, "{took:?}\n{what}");
    let left = world.left_over();
    let planned = |one: &String| one.contains("was planned for");
    assert!(left.iter().all(planned), "{left:?}\n{what}");
    assert!(
        !case.all || case.hurry || left.is_empty(),
        "{left:?}\n{what}"
    );

    is_calm(&done, &what);
    is_intact(&kind.before, &done, &what);
    let held = is_stored(kind, &done, &what);
    is_said(&done, &what);
    is_told(&done, case, &what);
    if !report(&done).is_null() {
        is_true(kind, &done, &what);
    }
    if case.outlasted {
        is_well(&done);
        let metrics = &report(&done)["overall"]["metrics"];
        assert_eq!(*metrics, kind.reference.metrics, "{what}");
    }
    let state = format!("{:?}{:?}", done.branch_files, done.comments);
    if kind.mended.lock().unwrap().insert(state) {
        recovers(kind, &world, held, &what);
    }
}

/// The same for something that GitHub refuses until somebody `grants` it; `help` says what to do.
pub(super) fn refused(kind: &Kind, github: GitHub, help: &str, grant: impl Fn(&mut GitHub)) {
    let world = World::of(github);
    let done = (kind.run)(&world).run();
    let what = format!("{}: {help}\n{}", kind.name, shown(&done));
    is_calm(&done, &what);
    is_intact(&kind.before, &done, &what);
    let is_kept = is_stored(kind, &done, &what);
    is_said(&done, &what);
    let said = done.said("warning").concat();
    assert!(said.is_empty() || said.contains(help), "{what}");
    if !report(&done).is_null() {
        is_true(kind, &done, &what);
    }
    grant(&mut world.github());
    recovers(kind, &world, is_kept, &what);
}

pub(super) fn shown(done: &Transcript) -> String {
    let Transcript {
        annotations,
        summary,
        outputs,
        stderr,
        ..
    } = done;
    format!("{annotations:#?}\n{summary}\n{outputs:?}\n{stderr}")
}

/// The step is green, and nothing fell over.
fn is_calm(done: &Transcript, what: &str) {
    is_green(done);
    let bugs = [
        "panicked",
        "RUST_BACKTRACE",
        "a bug of its own",
        "could not be rendered",
    ];
    for bug in bugs {
        assert!(!done.stderr.contains(bug), "{what}");
    }
    assert_eq!(done.said("error"), Vec::<&str>::new(), "{what}");
}

/// No line of the ledger is lost, none stands twice, and nobody was told twice.
pub(super) fn is_intact(before: &GitHub, done: &Transcript, what: &str) {
    let text = |files: &BTreeMap<String, String>| -> BTreeSet<String> {
        let all = lines(files);
        all.iter().map(ToString::to_string).collect()
    };
    let was = text(&before.branch_files("fivekeys"));
    let now = text(&done.branch_files);
    let lost: Vec<&String> = was.difference(&now).collect();
    assert!(lost.is_empty(), "{lost:#?}\n{what}");
    let all = ids(&done.branch_files);
    let once: BTreeSet<&String> = all.iter().collect();
    assert_eq!(all.len(), once.len(), "{all:#?}\n{what}");
    if !done.branch_files.is_empty() {
        let ledger = Ledger::read(&done.branch_files, None).unwrap();
        assert!(ledger.is_writable(), "{:?}\n{what}", ledger.unreadable);
    }
    let mut told = BTreeSet::new();
    for comment in &done.comments {
        assert!(told.insert(comment.pull), "told twice\n{what}");
    }
}

/// Whether the branch holds the run's own deployment; the output says so, or that it is not known.
fn is_stored(kind: &Kind, done: &Transcript, what: &str) -> bool {
    let stored = ids(&done.branch_files);
    let has = |id: &str| stored.contains(&format!("deployment {id}"));
    // Without GitHub's record of it, the run stores what its own job says.
    let held = has(kind.own) || has(done.output("event-id"));
    let persisted = done.output("persisted") == "true";
    assert!(held || !persisted, "not stored\n{what}");
    if held && !persisted {
        let said = done.said("warning").concat();
        assert!(said.contains("not known whether"), "stored\n{what}");
    }
    assert!(!held || !done.summary.contains("was not updated"), "{what}");
    held
}

/// What went wrong is said once, alike in the annotation and in the summary.
fn is_said(done: &Transcript, what: &str) {
    let said = done.said("warning");
    let degraded = (!said.is_empty()).to_string();
    assert_eq!(done.output("degraded"), degraded, "{what}");
    let persisted = done.output("persisted") == "true";
    assert!(persisted || !said.is_empty(), "{what}");
    assert!(done.summary.starts_with("### "), "{what}");
    let Some(said) = said.first() else {
        assert!(!done.summary.contains("[!WARNING]"), "{what}");
        return;
    };
    assert!(done.summary.contains("[!WARNING]"), "{what}");
    let shown = letters(&plain(&done.summary));
    for part in said.split("; ") {
        assert!(shown.contains(&letters(part)), "{part}\n{what}");
    }
}

/// The warning has the reason and what to do.
fn is_told(done: &Transcript, case: &Case, what: &str) {
    let said = done.said("warning").concat();
    let told = case.faults.iter().any(|(_, fault)| {
        let (reasons, helps) = words_of(fault);
        let any = |list: &[&str]| list.iter().any(|word| said.contains(word));
        any(reasons) && any(helps)
    });
    // On a machine with much other work, the deadline may pass before anything else goes wrong.
    let late_words = ["the deadline of", "the time of this run", "in time"];
    let late = late_words.iter().any(|word| said.contains(word));
    assert!(
        said.is_empty() || told || late,
        "no reason or no help\n{what}"
    );
}

/// Markdown without its entities and breaks.
fn plain(markdown: &str) -> String {
    let text = markdown.replace("<!-- -->", "");
    let mut parts = text.split('&');
    let first = parts.next().unwrap_or_default().to_owned();
    parts.fold(first, |text, part| {
        text + part.split_once(';').map_or(part, |(_, rest)| rest)
    })
}

fn letters(text: &str) -> String {
    text.chars().filter(|c| c.is_alphanumeric()).collect()
}

/// The reasons and the helps that a fault may be told by.
fn words_of(fault: &Fault) -> (&'static [&'static str], &'static [&'static str]) {
    let later: &[&str] = &["githubstatus.com", "the next run"];
    match fault {
        Fault::BadGateway | Fault::BadGatewayAfter => (&["status 502"], later),
        Fault::Dropped | Fault::DroppedAfter => (&["the connection"], later),
        Fault::Truncated | Fault::Portal | Fault::Odd(_) => (
            &["cannot be read", "names no commit", "names no comment"],
            later,
        ),
        Fault::Slow(_) => (&["did not answer in time", "deadline"], later),
        Fault::Secondary(_) | Fault::TooMany(_) | Fault::Exhausted(_) => {
            (&["rate limit"], &["the next run"])
        }
        Fault::Graph(..) | Fault::GraphField(_) => (&["GitHub failed", "cannot be read"], later),
        Fault::Stale => (&["other runs kept writing"], later),
        Fault::Denied => (&["not accessible"], &["`permissions`"]),
        Fault::Ruled => (&["rule"], &["exclude the metrics branch", "the next run"]),
        Fault::Gone => (&["GitHub has no"], &["check", "Check", "the next run"]),
        Fault::BadToken => (&["does not accept the token"], &["valid token"]),
        Fault::Signal(_) => (&["cancelled"], later),
    }
}

/// Numbers that are not those of an undisturbed run are said to be in doubt, and none of them is made up.
fn is_true(kind: &Kind, done: &Transcript, what: &str) {
    let report = report(done);
    let metrics = &report["overall"]["metrics"];
    let says_so = done.output("degraded") == "true" || done.summary.contains("cannot be compared");
    assert!(
        says_so || *metrics == kind.reference.metrics,
        "{metrics:#}\n{what}"
    );
    let known: BTreeSet<&str> = kind
        .reference
        .deployments
        .iter()
        .map(String::as_str)
        .collect();
    let all = deployments(&report);
    let ours = done.output("event-id");
    let is_known = |id: &String| known.contains(id.as_str()) || id == ours;
    assert!(all.iter().all(is_known), "{all:?}\n{what}");
    // What the ledger holds is counted, unless the ledger is what could not be read.
    let codes = report["notes"].to_string();
    if !codes.contains("ledger_unreadable") {
        let ledger = ids(&kind.before.branch_files("fivekeys"));
        for id in known {
            let stored = ledger.contains(&format!("deployment {id}"));
            let counted = all.iter().any(|one| one == id);
            assert!(!stored || counted, "{id} is not counted\n{what}");
        }
    }
    let frequency = &metrics["deployment_frequency"];
    if frequency["count"] == 0 {
        assert_ne!(
            frequency["reason"], "no_deployments",
            "there are some\n{what}"
        );
    }
}

/// The next run, which nothing disturbs, ends where a world without trouble ends, and says what it recovered.
pub(super) fn recovers(kind: &Kind, world: &World, held: bool, what: &str) {
    let next = (kind.next)(world).run();
    let what = format!("{what}\nNEXT {}", shown(&next));
    is_well(&next);
    is_intact(&kind.before, &next, &what);
    let mut left = Left::of(&next);
    let all = left.ids.len();
    left.ids
        .retain(|id| kind.reference.ids.contains(id) || !id.starts_with("deployment run:"));
    if left.ids.len() < all {
        // What the job itself said, where GitHub's record could not be read, stays, is counted once, and knows no waits.
        assert_eq!(left.ids, kind.reference.ids, "{what}");
        for (metric, field) in [
            ("deployment_frequency", "count"),
            ("change_lead_time", "n"),
            ("change_fail_rate", "total"),
        ] {
            let theirs = &kind.reference.metrics[metric][field];
            assert_eq!(left.metrics[metric][field], *theirs, "{metric}: {what}");
        }
    } else {
        assert_eq!(left, kind.reference, "{what}");
    }
    if !held && !kind.is_alone() {
        let first = kind.before.branch_files("fivekeys").is_empty();
        let said = if first {
            "Taken in from"
        } else {
            "Recovered from earlier runs: 1"
        };
        assert!(next.summary.contains(said), "{what}");
        assert_ne!(next.output("swept"), "0", "{what}");
    }
    world.left_over();
}
