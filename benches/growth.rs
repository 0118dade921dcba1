//! Bytes that a run uploads as the history grows: 2,000 deployments, 8 a day over 250 days, each stored by a run of its
//! own through the ledger's plan and the files beside it, against one file that takes every event.
//!
//! `cargo bench --bench growth` prints the curve in tenths. `FIVEKEYS_BENCH_RUNS` asks for another number of runs,
//! `FIVEKEYS_BENCH_A_DAY` for another number a day.
#![expect(
    clippy::unwrap_used,
    clippy::disallowed_methods,
    clippy::print_stdout,
    reason = "a benchmark may stop, read the environment, and speak"
)]

use std::collections::{BTreeMap, BTreeSet};

use chrono::{DateTime, Days, NaiveDate};
use fivekeys::cli::artifacts::{self, Wanted};
use fivekeys::config::Config;
use fivekeys::event::{
    Commit, Deployment, Event, Fact, Incident, Instant, Outcome, Pull, Source, Undoes,
};
use fivekeys::ledger::{Ledger, META, Plan, Step, month_path, months_between};
use fivekeys::render::{RunFacts, Templates};
use fivekeys::report::{Ask, build};

type Files = BTreeMap<String, String>;

/// 2026-01-01.
const BEGIN: i64 = 1_767_225_600;
const PAGE: &str = "dashboard/index.html";
/// Parts that the curve is printed in.
const PARTS: u64 = 10;

fn at(seconds: i64) -> Instant {
    DateTime::from_timestamp(seconds, 0).unwrap()
}

/// Numbers without a generator: the same history on every machine.
fn mixed(n: u64) -> u64 {
    let mut x = n.wrapping_add(0x9E37_79B9_7F4A_7C15);
    x = (x ^ (x >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    x = (x ^ (x >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    x ^ (x >> 31)
}

fn sha(n: u64) -> String {
    format!("{:016x}{:016x}{:08x}", mixed(n), mixed(!n), n)
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

fn later(at: Instant, seconds: i64) -> Instant {
    at + chrono::Duration::seconds(seconds)
}

/// What run `n` finds: a deployment, its pull request of one commit, and now and then an incident.
fn found(n: u64, a_day: u64) -> (Instant, Vec<Event>) {
    let second = n / a_day * 86_400 + n % a_day * (72_000 / a_day);
    let jitter = i64::try_from(mixed(n) % 3_000).unwrap();
    let merged = at(BEGIN + i64::try_from(second).unwrap() + jitter);
    let finished = later(merged, 300 + jitter / 5);
    let mut events = changed(n, merged, jitter).to_vec();
    let failed = n % 17 == 16;
    let deployment = Deployment {
        environment: "production".to_owned(),
        revision: Some(sha(n)),
        outcome: if failed {
            Outcome::Failure
        } else {
            Outcome::Success
        },
        started_at: Some(later(merged, 60)),
        finished_at: Some(finished),
        run: Some((9_000_000_000 + n).to_string()),
        attempt: Some(1),
        production: Some(true),
        ..Deployment::default()
    };
    let (id, fact) = (format!("dep:DE_kwDO{n:08}"), Fact::Deployment(deployment));
    events.push(event(id, finished, Source::GithubDeployments, fact));
    if n % 61 == 60 {
        let incident = Incident {
            opened_at: finished,
            resolved_at: Some(later(finished, jitter + 600)),
            service: None,
            causes: Vec::new(),
            fixed_by: None,
            title: Some(format!("Incident {n}")),
        };
        let (id, fact) = (format!("inc:gh:{n}"), Fact::Incident(incident));
        events.push(event(id, finished, Source::GithubIssues, fact));
    }
    (later(finished, 60), events)
}

/// A commit and its pull request.
fn changed(n: u64, merged: Instant, jitter: i64) -> [Event; 2] {
    let commit = Commit {
        sha: sha(n),
        parents: n.checked_sub(1).map(sha).into_iter().collect(),
        authored_at: later(merged, -jitter * 30),
        bot: false,
        ai: Some(false),
        pull: Some(n + 1),
        undoes: Undoes::default(),
        subject: Some(sha(n)[..16].to_owned()),
        hotfix: false,
        paths: Vec::new(),
    };
    let pull = Pull {
        number: n + 1,
        created_at: Some(later(merged, -jitter * 20)),
        first_commit_at: Some(later(merged, -jitter * 30)),
        approved_at: Some(later(merged, -jitter)),
        merged_at: Some(merged),
        merge_sha: Some(sha(n)),
        lines: Some(mixed(n) % 900),
        ..Pull::default()
    };
    let source = Source::GithubChanges;
    [
        event(
            format!("commit:{}", sha(n)),
            merged,
            source,
            Fact::Commit(commit),
        ),
        event(format!("pr:{}", n + 1), merged, source, Fact::Pull(pull)),
    ]
}

/// What a run reads of the branch: bookkeeping, every shard, and the months of half a year.
fn read(files: &Files, today: NaiveDate) -> Ledger {
    let months = months_between(today - Days::new(181), today);
    let mut wanted: BTreeSet<String> = months.iter().map(|month| month_path(month)).collect();
    wanted.insert(META.to_owned());
    let read = files
        .iter()
        .filter(|(path, _)| wanted.contains(*path) || path.starts_with("ledger/events/"));
    let read = read
        .map(|(path, text)| (path.clone(), text.clone()))
        .collect();
    Ledger::read(&read, months.first().map(String::as_str)).unwrap()
}

/// One run, as the action's: the events, the report, the files. Returns what it uploads.
fn run(files: &mut Files, n: u64, a_day: u64, config: &Config) -> Plan {
    let (now, events) = found(n, a_day);
    let today = now.date_naive();
    let mut ledger = read(files, today);
    let mut plan = ledger.append(&events, today).unwrap();
    let begun = at(BEGIN);
    ledger.meta.history_since = Some(begun);
    ledger.meta.head = Some(sha(n));
    ledger.events.history_since = Some(begun);
    ledger.events.head = Some(sha(n));
    let report = build(&ledger.events, config, &Ask::recent(config, now));
    let facts = RunFacts {
        persisted: true,
        repository: "acme/shop".to_owned(),
        branch: "fivekeys".to_owned(),
        ..RunFacts::default()
    };
    let page = !files.contains_key(PAGE) || !plan.deletes.is_empty();
    let wanted = Wanted { badges: true, page };
    plan.writes
        .extend(artifacts::all(&report, &facts, wanted, &Templates::default()).unwrap());
    plan.writes.insert(META.to_owned(), ledger.meta_text());
    for step in plan.steps() {
        match step {
            Step::Write(path, text) => files.insert(path.to_owned(), text.to_owned()),
            Step::Delete(path) => files.remove(path),
        };
    }
    plan
}

/// Kinds of files, and where a path belongs.
const KINDS: [&str; 7] = [
    "ledger day",
    "ledger month",
    "metrics.json",
    "deployments.json",
    "README and rest",
    "badges",
    "page",
];

fn kind(path: &str) -> usize {
    match path {
        "metrics.json" => 2,
        "deployments.json" => 3,
        PAGE => 6,
        _ if path.starts_with("ledger/events/") => 0,
        _ if path.starts_with("ledger/months/") => 1,
        _ if path.starts_with("badges/") => 5,
        _ => 4,
    }
}

/// Bytes of one run, by kind, and of the one file that would hold every event so far.
struct Upload {
    bytes: [usize; KINDS.len()],
    one_file: usize,
}

impl Upload {
    fn all(&self) -> usize {
        self.bytes.iter().sum()
    }
}

fn mean(part: &[Upload], of: impl Fn(&Upload) -> usize) -> usize {
    part.iter().map(of).sum::<usize>() / part.len().max(1)
}

fn print(days: &str, part: &[Upload]) {
    let cells: Vec<String> = (0..KINDS.len())
        .map(|kind| format!("{:>16}", mean(part, |run| run.bytes[kind])))
        .collect();
    let all = mean(part, Upload::all);
    let one_file = mean(part, |run| run.one_file);
    println!("{days:>10} {} {all:>12} {one_file:>12}", cells.join(" "));
}

fn asked(name: &str) -> Option<u64> {
    std::env::var(name).ok()?.parse().ok()
}

fn main() {
    let runs = asked("FIVEKEYS_BENCH_RUNS").unwrap_or(2_000);
    let a_day = asked("FIVEKEYS_BENCH_A_DAY").unwrap_or(8).max(1);
    let config = Config::default();
    let window = u64::from(config.window_days);
    println!("bytes a run, by tenths of {runs} runs, {a_day} a day; the window has {window} days");
    let head: Vec<String> = KINDS.iter().map(|kind| format!("{kind:>16}")).collect();
    println!(
        "{:>10} {} {:>12} {:>12}",
        "days",
        head.join(" "),
        "all",
        "one file"
    );
    let (mut files, mut one_file) = (Files::new(), 0);
    let mut curve: Vec<Upload> = Vec::new();
    let tenth = runs.div_ceil(PARTS).max(1);
    for n in 0..runs {
        let plan = run(&mut files, n, a_day, &config);
        let mut bytes = [0; KINDS.len()];
        for (path, text) in &plan.writes {
            bytes[kind(path)] += text.len();
        }
        let lines = found(n, a_day).1.into_iter();
        one_file += lines
            .map(|e| serde_json::to_string_pretty(&e).unwrap().len())
            .sum::<usize>();
        curve.push(Upload { bytes, one_file });
        if (n + 1) % tenth == 0 || n + 1 == runs {
            let first = n / tenth * tenth;
            let part = &curve[usize::try_from(first).unwrap()..];
            print(&format!("{}-{}", first / a_day, n / a_day), part);
        }
    }
    let skip = usize::try_from(window * a_day).unwrap().min(curve.len());
    let steady = &curve[skip..];
    let tenth = steady.len() / 10;
    if tenth > 0 {
        let first = mean(&steady[..tenth], Upload::all);
        let last = mean(&steady[steady.len() - tenth..], Upload::all);
        let ratio = last as f64 / first as f64;
        println!("after the first window, last tenth / first tenth: {ratio:.3}");
    }
}
