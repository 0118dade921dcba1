//! A day of deployments of a made-up repository, played through the real action against the tests' GitHub.
//!
//! `cargo run --release --example deploy_day` leaves what each run wrote in `deploy-day/`.
#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::disallowed_methods,
    clippy::print_stdout,
    reason = "an example may stop, write files and talk"
)]

#[path = "../tests/it/world/mod.rs"]
#[expect(
    dead_code,
    unused_imports,
    reason = "the tests use more of their world than a day does"
)]
mod world;

use std::fs;
use std::path::Path;
use std::process::ExitCode;

use chrono::{DateTime, Datelike as _, Duration, Utc, Weekday};
use fivekeys::host::Host;

use world::story::PullStory;
use world::{Runner, Transcript, World};

/// Where everything is left.
const OUT: &str = "deploy-day";
/// The day; its history begins half a year before.
const DAY: &str = "2026-03-18T00:00:00Z";

fn main() -> ExitCode {
    let host = Host::from_process();
    // The runner of the world starts this very program as the action.
    if host.args.get(1).is_some_and(|arg| arg == "action") {
        return fivekeys::cli::run(&host);
    }
    play();
    ExitCode::SUCCESS
}

/// A moment, as the world's stories write it.
fn text(at: DateTime<Utc>) -> String {
    at.to_rfc3339_opts(chrono::SecondsFormat::Secs, true)
}

/// What happens next: numbers that look like chance and are the same in every run.
struct Chance(u64);

impl Chance {
    fn below(&mut self, end: u64) -> u64 {
        self.0 = self
            .0
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) % end
    }

    fn minutes(&mut self, from: u64, to: u64) -> Duration {
        let minutes = from + self.below(to - from);
        Duration::minutes(i64::try_from(minutes).unwrap_or_default())
    }
}

/// How a deployment goes.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    /// New pull requests, a good end.
    Ship,
    /// The one before the last again.
    Rollback,
    /// One small pull request that repairs.
    Hotfix,
    /// Nothing new goes live.
    Failure,
}

/// The repository as it grows.
struct Shop<'w> {
    world: &'w World,
    chance: Chance,
    pull: u64,
    run: u64,
    /// What was live, newest last.
    live: Vec<String>,
}

impl Shop<'_> {
    /// A merged pull request; returns the label of what it landed as.
    fn merge(&mut self, at: DateTime<Utc>, kind: Kind) -> String {
        self.pull += 1;
        let hotfix = kind == Kind::Hotfix;
        let author = self.chance.below(7);
        let reviewer = format!("dev-{}", (author + 1) % 6 + 1);
        let author = match author {
            6 => "renovate[bot]".to_owned(),
            n => format!("dev-{}", n + 1),
        };
        let age = if hotfix {
            self.chance.minutes(15, 50)
        } else {
            self.chance.minutes(180, 4_300)
        };
        let opened = age / 2;
        let review = self.chance.minutes(5, if hotfix { 10 } else { 150 });
        let label = format!("work-{}", self.pull);
        let size = 3 + self.chance.below(if hotfix { 20 } else { 420 });
        let tell = |pull: PullStory| {
            let pull = pull
                .author(&author)
                .commit(&label, &text(at - age))
                .opened(&text(at - opened))
                .review(&reviewer, "APPROVED", &text(at - review))
                .size(size, size / 3, 1 + size / 60)
                .squash();
            if hotfix {
                pull.title("Hotfix: keep the cart")
                    .branch("hotfix/cart")
                    .label("hotfix")
            } else {
                pull
            }
        };
        self.world
            .github()
            .merge_pull_with(self.pull, &text(at), tell);
        format!("pr{}", self.pull)
    }

    /// A deployment that begins at this moment; returns what the run needs to know.
    fn deploy(&mut self, at: DateTime<Utc>, kind: Kind) -> Deployed {
        let sha = match kind {
            Kind::Rollback => self.live[self.live.len() - 2].clone(),
            Kind::Hotfix => self.merge(at - Duration::minutes(6), kind),
            Kind::Ship | Kind::Failure => {
                let count = 1 + self.chance.below(3);
                let mut landed = String::new();
                for n in (0..count).rev() {
                    let before = Duration::minutes(4 + 17 * i64::try_from(n).unwrap_or_default());
                    landed = self.merge(at - before, kind);
                }
                landed
            }
        };
        let end = at + self.chance.minutes(4, 11);
        let state = if kind == Kind::Failure {
            "failure"
        } else {
            "success"
        };
        self.run += 1;
        let run = self.run;
        self.world.github().deploy_with(
            "production",
            &sha,
            &text(at),
            &[
                ("in_progress", &text(at + Duration::seconds(20))),
                (state, &text(end)),
            ],
            |deploy| deploy.run(run, 1),
        );
        if kind != Kind::Failure {
            self.live.push(sha.clone());
        }
        Deployed {
            sha,
            run,
            state,
            end,
        }
    }

    /// Half a year: up to two deployments on a working day, and what goes wrong now and then.
    fn history(&mut self, day: DateTime<Utc>) {
        let first = day - Duration::weeks(27);
        self.world
            .github()
            .commit("begin", &text(first - Duration::days(1)));
        self.live.push("begin".to_owned());
        let mut number = 0;
        for n in 0..189 {
            let date = first + Duration::days(n);
            if matches!(date.weekday(), Weekday::Sat | Weekday::Sun) {
                continue;
            }
            let mut at = date + self.chance.minutes(8 * 60, 10 * 60);
            for _ in 0..self.chance.below(3) {
                number += 1;
                self.deploy(
                    at,
                    if number % 31 == 17 {
                        Kind::Failure
                    } else {
                        Kind::Ship
                    },
                );
                at += self.chance.minutes(40, 170);
                if number % 23 == 11 {
                    self.deploy(at, Kind::Rollback);
                    at += self.chance.minutes(60, 120);
                }
                if number % 29 == 14 {
                    self.deploy(at, Kind::Hotfix);
                    at += self.chance.minutes(60, 120);
                }
            }
        }
    }
}

/// What the deploy job hands to the job that measures.
struct Deployed {
    sha: String,
    run: u64,
    state: &'static str,
    end: DateTime<Utc>,
}

fn play() {
    let day: DateTime<Utc> = DAY.parse().expect("a moment");
    let world = World::new().at(DAY);
    let mut shop = Shop {
        world: &world,
        chance: Chance(5),
        pull: 400,
        run: 7_000,
        live: Vec::new(),
    };
    shop.history(day);
    let known = world.github().deployments.len();
    println!("acme/shop has deployed {known} times in half a year. Now comes a day of five:\n");
    let _ = fs::remove_dir_all(OUT);
    let plan = [
        (8 * 60 + 40, Kind::Ship, "ships"),
        (10 * 60 + 15, Kind::Ship, "ships, and breaks the cart"),
        (10 * 60 + 52, Kind::Rollback, "rolls back"),
        (12 * 60 + 5, Kind::Hotfix, "ships the hotfix"),
        (15 * 60 + 30, Kind::Failure, "fails on the way"),
    ];
    let mut last = None;
    for (n, (minute, kind, what)) in plan.into_iter().enumerate() {
        let deployed = shop.deploy(day + Duration::minutes(minute), kind);
        world.clock(&text(deployed.end + Duration::seconds(40)));
        world.forget_requests();
        let done = measure(&world, &deployed);
        let folder = format!("run-{}-{}", n + 1, deployed.end.format("%H%M"));
        leave(&format!("{folder}/summary.md"), &done.summary);
        leave(&format!("{folder}/log.txt"), &done.stderr);
        let outputs: Vec<String> = done
            .outputs
            .iter()
            .map(|(k, v)| format!("{k}={v}\n"))
            .collect();
        leave(&format!("{folder}/outputs.txt"), &outputs.concat());
        println!(
            "{}  run {} {what}: {} requests, {}",
            deployed.end.format("%H:%M"),
            deployed.run,
            world.requests().count(),
            told(&done),
        );
        last = Some(done);
    }
    if let Some(done) = last {
        leave_results(&done);
    }
    println!(
        "\nLook at {OUT}/run-1-*/summary.md, {OUT}/branch/README.md and {OUT}/branch/dashboard/index.html."
    );
    world.finish();
}

/// The job that measures, as a process of its own.
fn measure(world: &World, deployed: &Deployed) -> Transcript {
    let done = Runner::new(world)
        .sha(&deployed.sha)
        .run_id(deployed.run)
        .input("status", deployed.state)
        .run();
    assert_eq!(done.exit, 0, "{}", done.stderr);
    done
}

fn told(done: &Transcript) -> String {
    let first = |name: &str| done.output(name).get(..7).unwrap_or("none").to_owned();
    let rate: f64 = done.output("change-fail-rate").parse().unwrap_or(f64::NAN);
    format!(
        "commit {}, {} comments so far, change fail rate {:.1} %",
        first("commit"),
        done.comments.len(),
        100.0 * rate,
    )
}

fn leave_results(done: &Transcript) {
    for (path, text) in &done.branch_files {
        leave(&format!("branch/{path}"), text);
    }
    for comment in &done.comments {
        leave(&format!("comments/pull-{}.md", comment.pull), &comment.body);
    }
    let messages: Vec<String> = done
        .commits_on_branch
        .iter()
        .map(|c| format!("{}\n", c.message))
        .collect();
    leave("branch-log.txt", &messages.concat());
}

fn leave(path: &str, text: &str) {
    let path = Path::new(OUT).join(path);
    fs::create_dir_all(path.parent().expect("a folder")).expect("the folder can be made");
    fs::write(path, text).expect("the file can be written");
}
