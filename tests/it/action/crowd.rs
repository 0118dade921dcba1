//! A hundred runs that start together, in virtual time: nothing lost, nothing twice, a handful of writes.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use fivekeys::cli::action::{Outcome, once};
use tokio::runtime::{Builder, Runtime};
use tokio::task::LocalSet;
use tokio::time::{Instant, sleep};

use super::{deploy_of, deployments, ids, ship, shop};
use crate::world::{Fault, Line, On, Runner, World, sha};

/// What GitHub allows a repository in an hour, and in a minute and an hour of what it creates.
const AN_HOUR: usize = 1_000;
const CREATED_A_MINUTE: usize = 80;
const CREATED_AN_HOUR: usize = 500;
/// The deadline of a run.
const DEADLINE: Duration = Duration::from_mins(1);
/// The first pull request and the first run of the crowd.
const PULL: u64 = 20;
const RUN: u64 = 200;

/// Numbers that look like chance, the same in every run of a test.
struct Chance(u64);

impl Chance {
    fn below(&mut self, end: u64) -> u64 {
        self.0 = self
            .0
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) % end
    }

    fn millis(&mut self, from: u64, to: u64) -> Duration {
        Duration::from_millis(from + self.below(to - from))
    }
}

/// How a crowd comes.
#[derive(Clone, Copy)]
struct Crowd {
    /// Deployments, each of a pull request of its own.
    size: u64,
    /// Of ten deployments, so many have no run of ours, the oldest among them.
    ghosts: u64,
    /// The runs start within so many seconds.
    within: u64,
    /// GitHub takes so many times as long as it usually does.
    slower: u32,
    seed: u64,
}

const HUNDRED: Crowd = Crowd {
    size: 100,
    ghosts: 0,
    within: 5,
    slower: 1,
    seed: 1,
};

/// What became of one run, and how long it took.
struct Done {
    outcome: Outcome,
    took: Duration,
}

impl Crowd {
    /// Tells the world of the deployments, and says which of them have a run.
    fn gather(&self, world: &World) -> Vec<u64> {
        let mut chance = Chance(self.seed);
        let all = 0..self.size;
        let with_run = all.filter(|n| {
            ship(world, PULL + n, RUN + n, "2026-03-03T09");
            let oldest = self.ghosts > 0 && *n < 2;
            chance.below(10) >= self.ghosts && !oldest
        });
        with_run.collect()
    }

    /// Starts a run for each of these deployments and waits for all of them.
    fn run(&self, world: &World, of: &[u64]) -> (Vec<Done>, Line) {
        let runtime = virtual_time();
        let mut chance = Chance(self.seed ^ 0xD0);
        let (slower, mut pace) = (self.slower, Chance(self.seed ^ 0xBA5E));
        LocalSet::new().block_on(&runtime, async {
            let line = world.line(Box::new(move |asked: &str| {
                // Of what a request takes, the larger part is spent before it takes effect.
                let (from, to) = if asked.contains("mutation") {
                    (700, 1_600)
                } else {
                    (250, 600)
                };
                let all = pace.millis(from, to) * slower;
                (all * 2 / 3, all / 3)
            }));
            let started: Vec<_> = of
                .iter()
                .map(|n| {
                    let host = runner(world, *n).host();
                    let client = line.client(RUN + n);
                    let late = chance.millis(0, self.within * 1_000 + 1);
                    tokio::task::spawn_local(async move {
                        sleep(late).await;
                        let begun = Instant::now();
                        let outcome = once(&host, client).await;
                        Done {
                            outcome,
                            took: begun.elapsed(),
                        }
                    })
                })
                .collect();
            let mut all = Vec::new();
            for one in started {
                all.push(one.await.unwrap());
            }
            (all, line)
        })
    }
}

fn runner(world: &World, n: u64) -> Runner<'_> {
    deploy_of(world, PULL + n, RUN + n)
}

/// A runtime whose time passes only when everybody waits.
fn virtual_time() -> Runtime {
    Builder::new_current_thread()
        .enable_all()
        .start_paused(true)
        .build()
        .unwrap()
}

/// A day after the first run.
fn day_two() -> World {
    let world = shop();
    let host = deploy_of(&world, 8, 100).host();
    let first = virtual_time().block_on(async {
        let line = world.line(Box::new(|_| (Duration::ZERO, Duration::ZERO)));
        once(&host, line.client(100)).await
    });
    assert!(first.is_persisted(), "{first:?}");
    world.clock("2026-03-03T10:00:00Z");
    world.forget_requests();
    world.github().rate_left(1_000, 1_000);
    world
}

/// Every deployment, commit and pull request of the crowd stands once, and none was told twice.
fn is_whole(world: &World, crowd: &Crowd) {
    let github = world.github();
    let files = github.branch_files("fivekeys");
    let all = ids(&files);
    let once: BTreeSet<&String> = all.iter().collect();
    assert_eq!(all.len(), once.len(), "something stands twice");
    let stored = deployments(&files);
    let open: BTreeMap<_, _> = stored.iter().filter(|(_, end)| *end != "success").collect();
    assert!(open.is_empty(), "{open:?}");
    assert_eq!(stored.len() as u64, crowd.size + 3);
    for n in 0..crowd.size {
        let pull = PULL + n;
        let commit = format!("commit commit:{}", sha(&format!("pr{pull}")));
        assert!(
            once.contains(&format!("pull pr:{pull}")) && once.contains(&commit),
            "{pull}"
        );
        assert!(github.own_comments(pull).len() <= 1, "pull request {pull}");
    }
}

/// What the crowd did stays far inside GitHub's limits; says how much it was.
fn is_modest(world: &World, line: &Line, done: &[Done], most_mutations: usize) {
    let sent = line.sent();
    let mutations = world.requests().mutations();
    let created: usize = sent.iter().map(|one| one.creates).sum();
    let in_a_minute = |from: Instant| {
        let until = from + Duration::from_mins(1);
        let within = sent.iter().filter(|one| (from..until).contains(&one.at));
        within.map(|one| one.creates).sum::<usize>()
    };
    let peak = sent.iter().map(|one| in_a_minute(one.at)).max();
    let slowest = done.iter().map(|one| one.took).max().unwrap_or_default();
    let said = format!(
        "{} runs: {} requests, {mutations} mutations, {created} things created, the last after {slowest:?}; {:?}",
        done.len(),
        sent.len(),
        world
            .requests()
            .names()
            .iter()
            .fold(BTreeMap::<&str, usize>::new(), |mut all, name| {
                *all.entry(name).or_default() += 1;
                all
            })
    );
    eprintln!("{said}");
    assert!(mutations <= most_mutations, "{said}");
    assert!(sent.len() <= AN_HOUR, "{said}");
    assert!(
        created <= CREATED_AN_HOUR && peak <= Some(CREATED_A_MINUTE),
        "{said}"
    );
    assert!(slowest < DEADLINE, "{said}");
}

/// Every run found its deployment stored, and had nothing to complain of.
fn is_content(done: &[Done]) {
    for one in done {
        let Done { outcome, .. } = one;
        let said = (outcome.degraded(), outcome.errors());
        assert_eq!(said, (&[][..], &[][..]));
        assert!(outcome.is_persisted());
    }
}

/// The same runs again: nothing is written, and nothing but the state is read.
fn is_settled(world: &World, crowd: &Crowd, of: &[u64]) {
    let before = world.github().head("fivekeys");
    world.forget_requests();
    world.github().rate_left(1_000, 1_000);
    let (done, _) = crowd.run(world, of);
    is_content(&done);
    assert_eq!(world.github().head("fivekeys"), before);
    assert_eq!(world.requests().mutations(), 0);
    assert_eq!(world.requests().count(), of.len());
}

/// A crowd that nothing disturbs.
fn comes_and_goes(crowd: Crowd) {
    let world = day_two();
    let of = crowd.gather(&world);
    let (done, line) = crowd.run(&world, &of);
    is_whole(&world, &crowd);
    is_modest(&world, &line, &done, 12);
    is_content(&done);
    is_settled(&world, &crowd, &of);
    world.finish();
}

#[test]
fn a_hundred_runs_store_everything_once_in_a_few_writes() {
    comes_and_goes(HUNDRED);
}

#[test]
fn deployments_without_a_run_of_ours_are_taken_along() {
    let ghosts = 3;
    comes_and_goes(Crowd { ghosts, ..HUNDRED });
}

#[test]
fn crowds_of_any_size_pace_and_order_store_everything_once() {
    for seed in 1..=6 {
        let mut chance = Chance(seed);
        comes_and_goes(Crowd {
            size: 2 + chance.below(30),
            ghosts: chance.below(8),
            within: chance.below(20),
            slower: 1 + u32::try_from(chance.below(3)).unwrap(),
            seed,
        });
    }
}

#[test]
fn answers_that_are_lost_after_the_write_lead_to_no_second_one() {
    let (world, crowd) = (day_two(), HUNDRED);
    world.fault(On::mutations().each(3), Fault::BadGatewayAfter);
    let of = crowd.gather(&world);
    let (done, line) = crowd.run(&world, &of);
    is_whole(&world, &crowd);
    is_modest(&world, &line, &done, 12);
    assert!(done.iter().all(|one| one.outcome.is_persisted()));
    world.finish();
}

#[test]
fn reads_that_see_the_head_before_cost_a_turn_and_no_event() {
    let (world, crowd) = (day_two(), HUNDRED);
    world.fault(On::operation("State").each(3), Fault::Stale);
    let of = crowd.gather(&world);
    let (done, line) = crowd.run(&world, &of);
    is_whole(&world, &crowd);
    is_modest(&world, &line, &done, 12);
    is_content(&done);
    world.finish();
}

#[test]
fn ten_first_runs_make_one_branch() {
    let world = shop();
    world.clock("2026-03-03T10:00:00Z");
    let crowd = Crowd {
        size: 10,
        within: 0,
        ..HUNDRED
    };
    let of = crowd.gather(&world);
    let (done, line) = crowd.run(&world, &of);
    is_whole(&world, &crowd);
    is_modest(&world, &line, &done, 12);
    is_content(&done);
    assert!(
        world.github().branch_commits("fivekeys")[0]
            .parents
            .is_empty()
    );
    is_settled(&world, &crowd, &of);
    world.finish();
}
