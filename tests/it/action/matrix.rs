//! The failure matrix: each fault at each request of each kind of run, and one set of invariants for all of them.

mod clock;
mod fail_on;
mod holds;
mod kinds;
mod signals;

use std::collections::BTreeSet;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Mutex;
use std::time::Duration;

use super::{deploy_of, each, is_green, is_well, next_day, ship, shop};
use crate::world::{Fault, On};
use holds::holds;
use kinds::{Kind, kinds};

/// Cases at the same time: most of them only wait.
const AT_ONCE: usize = 16;

/// One way of being disturbed.
#[derive(Debug, Clone)]
struct Case {
    faults: Vec<(On, Fault)>,
    /// With the shortest deadline: what lasts would only be waited for.
    hurry: bool,
    /// A short fault of a read, which the run has to outlast.
    outlasted: bool,
    /// All of the faults happen.
    all: bool,
}

impl Case {
    fn of(faults: Vec<(On, Fault)>) -> Self {
        Self {
            faults,
            hurry: false,
            outlasted: false,
            all: false,
        }
    }
}

/// Tries all cases, a few at a time; every one that fails is told, not only the first.
fn try_all(cases: Vec<(&'static Kind, Case)>) {
    let count = cases.len();
    let cases = Mutex::new(cases.into_iter());
    let failed = Mutex::new(0);
    let work = || {
        loop {
            let next = cases.lock().unwrap().next();
            let Some((kind, case)) = next else {
                return;
            };
            if catch_unwind(AssertUnwindSafe(|| holds(kind, &case))).is_err() {
                *failed.lock().unwrap() += 1;
            }
        }
    };
    std::thread::scope(|scope| {
        for _ in 0..AT_ONCE {
            scope.spawn(work);
        }
    });
    let failed = *failed.lock().unwrap();
    assert_eq!(failed, 0, "of {count} cases");
}

/// What passes by itself.
fn short_faults() -> Vec<Fault> {
    vec![
        Fault::BadGateway,
        Fault::BadGatewayAfter,
        Fault::Dropped,
        Fault::DroppedAfter,
        Fault::Truncated,
        Fault::Portal,
        Fault::Secondary(Some(1)),
        Fault::TooMany(Some(1)),
        Fault::Graph("", "Something went wrong while executing your query."),
    ]
}

/// What a run does not outlast, or does not try to.
fn hard_faults() -> Vec<Fault> {
    vec![
        Fault::Slow(Duration::from_secs(7)),
        Fault::Secondary(None),
        Fault::TooMany(None),
        Fault::Exhausted(1800),
        Fault::Odd("{}"),
        Fault::Denied,
        Fault::Ruled,
        Fault::Gone,
        Fault::BadToken,
        Fault::Stale,
    ]
}

/// Whether `FIVEKEYS_MATRIX=all` asks for all cases; otherwise a fixed part of them is tried.
fn is_whole() -> bool {
    std::env::var("FIVEKEYS_MATRIX").is_ok_and(|value| value == "all")
}

/// A deploy gets every seventh fault at each request, the other kinds every nineteenth, and other ones at the next
/// request.
fn is_thinned(kind: &Kind, n: usize, fault: usize) -> bool {
    let every = if kind.name == "fold" { 7 } else { 19 };
    !is_whole() && !(n + fault + kind.name.len()).is_multiple_of(every)
}

fn say_left_out(count: usize) {
    if count > 0 {
        eprintln!("{count} cases were left out; FIVEKEYS_MATRIX=all tries them");
    }
}

#[test]
fn every_fault_at_every_request_of_every_kind_of_run() {
    let kinds = kinds();
    let mut cases = Vec::new();
    let mut left_out = 0;
    for kind in kinds {
        for (n, name) in kind.requests.iter().enumerate() {
            let on = || On::request(n + 1);
            for (at, fault) in short_faults().into_iter().enumerate() {
                if !kind.is_query(n) && matches!(fault, Fault::Graph(..)) {
                    continue;
                }
                if is_thinned(kind, n, at) {
                    left_out += 1;
                } else {
                    let mut case = Case::of(vec![(on(), fault)]);
                    case.outlasted = !kind.writes[n];
                    cases.push((kind, Case { all: true, ..case }));
                }
            }
            for (at, fault) in hard_faults().into_iter().enumerate() {
                // A rule forbids writes, and only a query can see an older branch.
                let is_odd = (matches!(fault, Fault::Ruled) && !kind.writes[n])
                    || (matches!(fault, Fault::Stale) && name != "State");
                if is_odd {
                    continue;
                }
                if is_thinned(kind, n, at) {
                    left_out += 1;
                } else {
                    let hurry = matches!(fault, Fault::Slow(_));
                    let case = Case::of(vec![(on(), fault)]);
                    cases.push((
                        kind,
                        Case {
                            hurry,
                            all: true,
                            ..case
                        },
                    ));
                }
            }
        }
    }
    say_left_out(left_out);
    try_all(cases);
}

#[test]
fn every_fault_that_lasts_from_any_request_on() {
    let kinds = kinds();
    let mut cases = Vec::new();
    let mut left_out = 0;
    for kind in kinds {
        for number in 1..=kind.requests.len() {
            let lasting = [
                (Fault::BadGateway, true),
                (Fault::Truncated, true),
                (Fault::Exhausted(1800), false),
                (Fault::BadToken, false),
            ];
            for (at, (fault, hurry)) in lasting.into_iter().enumerate() {
                if is_thinned(kind, number, at) {
                    left_out += 1;
                    continue;
                }
                let case = Case::of(vec![(On::from(number), fault)]);
                cases.push((kind, Case { hurry, ..case }));
            }
        }
    }
    say_left_out(left_out);
    try_all(cases);
}

/// A part of the first query fails with an error of its own, and the other parts come.
#[test]
fn every_part_of_the_first_query_may_fail_alone() {
    let kinds = kinds();
    let mut cases = Vec::new();
    for kind in kinds {
        for field in [
            "ref",
            "config",
            "corrections",
            "deployments",
            "issues",
            "pullRequests",
            "defaultBranchRef",
        ] {
            let lasting = On::operation("State").times(9);
            cases.push((kind, Case::of(vec![(lasting, Fault::GraphField(field))])));
        }
    }
    try_all(cases);
}

/// Two different faults at two places, drawn from a seed.
#[test]
fn pairs_of_faults() {
    let kinds = kinds();
    let mut seed = 7_u64;
    let mut draw = |below: usize| {
        seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
        usize::try_from(seed >> 33).unwrap() % below
    };
    let mut all = short_faults();
    all.extend(hard_faults());
    let mut cases = Vec::new();
    for _ in 0..60 {
        let kind = &kinds[draw(kinds.len())];
        let mut one = || {
            let fault = all[draw(all.len())].clone();
            (On::request(1 + draw(kind.requests.len() + 2)), fault)
        };
        let faults = vec![one(), one()];
        let hurry = faults
            .iter()
            .any(|(_, fault)| matches!(fault, Fault::Slow(_)));
        cases.push((
            kind,
            Case {
                hurry,
                ..Case::of(faults)
            },
        ));
    }
    try_all(cases);
}

/// Each permission missing alone, and a ruleset on the branch: the run says which, and the next run recovers once it
/// is granted.
#[test]
fn every_permission_may_be_missing() {
    let all = [
        "actions: read",
        "contents: write",
        "deployments: read",
        "issues: read",
        "pull-requests: write",
    ];
    let kinds = kinds();
    let missing: Vec<(&'static Kind, usize)> = kinds
        .iter()
        .flat_map(|kind| (0..all.len()).map(move |n| (kind, n)))
        .collect();
    each(missing, |(kind, n)| {
        let mut github = kind.before.clone();
        let granted: BTreeSet<&str> = all.iter().copied().filter(|one| *one != all[n]).collect();
        github.permissions(&granted.into_iter().collect::<Vec<_>>());
        let scope = all[n].split(':').next().unwrap();
        holds::refused(kind, github, &format!("add `{scope}: "), |github| {
            github.permissions(&all);
        });
    });
    each(kinds, |kind| {
        let mut github = kind.before.clone();
        github.ruleset("fivekeys");
        let help = "exclude the metrics branch from the ruleset";
        holds::refused(kind, github, help, |github| github.ruled.clear());
    });
}
