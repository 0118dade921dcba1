//! Recomputing everything from a ledger at rest, against the least that any reader must do: count its lines.
//!
//! `cargo bench` takes 100,000 deployments; `FIVEKEYS_BENCH_DEPLOYMENTS=1000000 cargo bench` takes a million.
//! The ratio of the whole to the count is printed first.
#![expect(
    clippy::unwrap_used,
    clippy::disallowed_methods,
    clippy::print_stderr,
    reason = "a benchmark may stop, read the clock and the disk, and speak"
)]

use std::fmt::Write as _;
use std::hint::black_box;
use std::path::Path;
use std::time::{Duration, Instant as Clock};

use chrono::DateTime;
use criterion::{Criterion, Throughput};
use fivekeys::config::Config;
use fivekeys::event::{
    Cause, Commit, Deployment, Event, Events, Fact, Incident, Instant, Outcome, Pull, Source,
    Undoes,
};
use fivekeys::ledger::{Folder, Line};
use fivekeys::report::{Ask, build};

/// 2018-01-01.
const BEGIN: i64 = 1_514_764_800;
/// Eight years.
const SPAN: i64 = 8 * 365 * 86_400;
const SERVICES: [&str; 3] = ["api", "web", "worker"];

fn at(seconds: i64) -> Instant {
    DateTime::from_timestamp(seconds, 0).unwrap_or_default()
}

/// Numbers without a generator: the same ledger on every machine.
fn mixed(n: u64) -> u64 {
    let mut x = n.wrapping_add(0x9E37_79B9_7F4A_7C15);
    x = (x ^ (x >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    x = (x ^ (x >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    x ^ (x >> 31)
}

fn sha(n: u64) -> String {
    let mut out = String::new();
    for part in 0..3 {
        let _ = write!(out, "{:016x}", mixed(n.wrapping_mul(3) + part));
    }
    out.truncate(40);
    out
}

fn event(id: String, time: Instant, source: Source, fact: Fact) -> Event {
    Event {
        id,
        time,
        source,
        updated: time,
        fact,
    }
}

/// One step of the history: a change is merged, and one of three services is deployed with it.
fn step(n: u64, of: u64, out: &mut Vec<Event>) {
    let place = i128::from(n) * i128::from(SPAN) / i128::from(of.max(1));
    let merged = BEGIN + i64::try_from(place).unwrap_or(0);
    let finished = merged + 300 + below(n + 7, 900);
    let pull = (!n.is_multiple_of(5)).then_some(n + 1);
    out.push(commit(n, merged, pull));
    out.extend(pull.map(|number| opened(n, number, merged)));
    out.push(deployed(n, finished));
    if n % 100 == 99 {
        out.push(broken(n, finished));
    }
}

fn below(n: u64, limit: u64) -> i64 {
    i64::try_from(mixed(n) % limit).unwrap_or(0)
}

/// Seconds from the first keystroke to the merge.
fn worked(n: u64) -> i64 {
    below(n, 200_000)
}

fn commit(n: u64, merged: i64, pull: Option<u64>) -> Event {
    let commit = Commit {
        sha: sha(n),
        parents: n.checked_sub(1).map(sha).into_iter().collect(),
        authored_at: at(merged - worked(n)),
        bot: n.is_multiple_of(11),
        ai: Some(false),
        pull,
        undoes: Undoes {
            commits: (n % 97 == 96).then(|| sha(n - 3)).into_iter().collect(),
            ..Undoes::default()
        },
        subject: Some(sha(n)[..16].to_owned()),
        hotfix: n.is_multiple_of(211),
        paths: Vec::new(),
    };
    let id = format!("commit:{}", commit.sha);
    event(id, at(merged), Source::GithubChanges, Fact::Commit(commit))
}

fn opened(n: u64, number: u64, merged: i64) -> Event {
    let took = worked(n);
    let fact = Pull {
        number,
        created_at: Some(at(merged - took / 2)),
        first_commit_at: Some(at(merged - took)),
        first_review_at: Some(at(merged - took / 3)),
        approved_at: Some(at(merged - took / 4)),
        merged_at: Some(at(merged)),
        merge_sha: Some(sha(n)),
        bot: n.is_multiple_of(11),
        lines: Some(mixed(n) % 900),
        ..Pull::default()
    };
    let id = format!("pr:{number}");
    event(id, at(merged), Source::GithubChanges, Fact::Pull(fact))
}

/// Every 53rd goes back by two versions of its service; every 17th takes no effect.
fn deployed(n: u64, finished: i64) -> Event {
    let revision = if n % 53 == 52 { n - 6 } else { n };
    let fact = Deployment {
        service: Some(SERVICES[usize::try_from(n % 3).unwrap_or(0)].to_owned()),
        environment: "production".to_owned(),
        revision: Some(sha(revision)),
        outcome: if n.is_multiple_of(17) {
            Outcome::Failure
        } else {
            Outcome::Success
        },
        started_at: Some(at(finished - 200)),
        finished_at: Some(at(finished)),
        run: Some((9_000_000_000 + n).to_string()),
        attempt: Some(1),
        production: Some(true),
        ..Deployment::default()
    };
    let id = format!("dep:DE_{n}");
    event(
        id,
        at(finished),
        Source::GithubDeployments,
        Fact::Deployment(fact),
    )
}

/// Every third names its deployment, every third a commit, every third nothing; every fifth stays open.
fn broken(n: u64, finished: i64) -> Event {
    let causes = match n % 3 {
        0 => vec![Cause::Deployment(format!("dep:DE_{n}"))],
        1 => vec![Cause::Commit(sha(n)[..12].to_owned())],
        _ => Vec::new(),
    };
    let opened = at(finished + 600);
    let fact = Incident {
        opened_at: opened,
        resolved_at: (n % 500 != 499).then(|| at(finished + 6_000)),
        service: None,
        causes,
        fixed_by: None,
        title: None,
    };
    let id = format!("inc:gh:{n}");
    event(id, opened, Source::GithubChanges, Fact::Incident(fact))
}

/// Writes the ledger by months, in the ledger's own lines. Returns how many there are.
fn write(root: &Path, deployments: u64) -> u64 {
    let months = root.join("ledger/months");
    std::fs::create_dir_all(&months).unwrap();
    let (mut month, mut text, mut lines) = (String::new(), String::new(), 0);
    let mut events = Vec::new();
    for n in 0..deployments {
        step(n, deployments, &mut events);
        let of = events[0].time.format("%Y-%m").to_string();
        if of != month && !text.is_empty() {
            std::fs::write(months.join(format!("{month}.jsonl")), &text).unwrap();
            text.clear();
        }
        month = of;
        for event in events.drain(..) {
            text.push_str(&Line::of(&event).raw);
            text.push('\n');
            lines += 1;
        }
    }
    std::fs::write(months.join(format!("{month}.jsonl")), &text).unwrap();
    lines
}

fn read(root: &Path) -> Vec<u8> {
    let mut files: Vec<_> = std::fs::read_dir(root.join("ledger/months"))
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .collect();
    files.sort();
    files
        .iter()
        .flat_map(|f| std::fs::read(f).unwrap())
        .collect()
}

fn count(bytes: &[u8]) -> usize {
    memchr::memchr_iter(b'\n', bytes).count()
}

fn parse(bytes: &[u8]) -> Events {
    std::str::from_utf8(bytes)
        .unwrap()
        .lines()
        .filter_map(|line| Line::read(line).ok()?.event)
        .collect()
}

fn recompute(events: &Events) -> usize {
    let config = Config::default();
    build(events, &config, &Ask::recent(&config, at(BEGIN + SPAN)))
        .deployments
        .len()
}

fn whole(root: &Path) -> usize {
    let ledger = Folder::at(root).load().unwrap();
    recompute(&ledger.events)
}

/// The best of a few.
fn best<T>(times: u32, run: impl Fn() -> T) -> Duration {
    (0..times)
        .map(|_| {
            let began = Clock::now();
            black_box(run());
            began.elapsed()
        })
        .min()
        .unwrap_or_default()
}

fn main() {
    let asked = std::env::var("FIVEKEYS_BENCH_DEPLOYMENTS").ok();
    let deployments: u64 = asked.and_then(|n| n.parse().ok()).unwrap_or(100_000);
    let folder = tempfile::tempdir().unwrap();
    let lines = write(folder.path(), deployments);
    let bytes = read(folder.path());
    assert_eq!(count(&bytes) as u64, lines);
    let mut events = parse(&bytes);
    events.head = Some(sha(deployments - 1));
    let (a, b) = (best(5, || count(&bytes)), best(2, || parse(&bytes)));
    let (c, d) = (
        best(2, || recompute(&events)),
        best(2, || whole(folder.path())),
    );
    eprintln!(
        "{deployments} deployments, {lines} lines, {} MB\n  count {a:?}, parse {b:?}, report {c:?}, whole {d:?}: {:.0} times the count",
        bytes.len() / 1_000_000,
        d.as_secs_f64() / a.as_secs_f64()
    );
    if std::env::var_os("FIVEKEYS_BENCH_ONCE").is_some() {
        return;
    }
    let mut criterion = Criterion::default().configure_from_args().sample_size(10);
    let mut group = criterion.benchmark_group(format!("{deployments} deployments"));
    group.throughput(Throughput::Bytes(bytes.len() as u64));
    group.bench_function("count lines", |b| b.iter(|| count(&bytes)));
    group.bench_function("parse lines", |b| b.iter(|| parse(&bytes)));
    group.bench_function("report", |b| b.iter(|| recompute(&events)));
    group.bench_function("whole", |b| b.iter(|| whole(folder.path())));
    group.finish();
}
