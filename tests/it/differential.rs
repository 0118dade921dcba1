//! Histories by chance, judged by the core and by the plain reading of the rules: both must say the same.

use std::collections::{BTreeMap, BTreeSet};

use chrono::DateTime;
use fivekeys::config::Config;
use fivekeys::event::{
    Cause, Commit, Correction, Deployment, Event, Events, Fact, Incident, Instant, Outcome, Pull,
    Source, Undoes, Window,
};
use fivekeys::report::v1::{Report, Scope};
use fivekeys::report::{Ask, build};
use fivekeys::timeline::Timeline;
use proptest::prelude::*;
use proptest::sample::select;

use crate::naive::{self, Judged, Verdict};

const COMMITS: usize = 16;
const PULLS: u64 = 6;
const HOURS: i64 = 30 * 24;

fn at(hour: i64) -> Instant {
    DateTime::from_timestamp(hour * 3600, 0).unwrap()
}

fn sha(n: usize) -> String {
    format!("f{n:x}").repeat(20)
}

fn hour() -> impl Strategy<Value = Instant> {
    (0..HOURS).prop_map(at)
}

fn service(many: bool) -> impl Strategy<Value = Option<String>> {
    let names: Vec<_> = if many {
        vec![Some("api".to_owned()), Some("web".to_owned())]
    } else {
        vec![None]
    };
    select(names)
}

fn event(id: String, time: Instant, fact: Fact) -> Event {
    Event {
        id,
        time,
        source: Source::History,
        updated: time,
        fact,
    }
}

fn undoes() -> impl Strategy<Value = Undoes> {
    let commits = prop::collection::vec((0..COMMITS).prop_map(sha), 0..2);
    let pulls = prop::collection::vec(0..PULLS, 0..2);
    (commits, pulls, 0..6_u8).prop_map(|(commits, pulls, on)| {
        if on > 0 {
            return Undoes::default();
        }
        Undoes {
            commits,
            pulls,
            subject: None,
        }
    })
}

/// Commits whose parents come before them; each belongs to a pull request, to one that is not known, or to none.
fn commit(n: usize) -> impl Strategy<Value = Event> {
    let parents = prop::collection::vec(any::<prop::sample::Index>(), 0..3);
    let pull = prop::option::weighted(0.5, 0..PULLS + 1);
    let rare = prop::bool::weighted(0.06);
    (parents, pull, hour(), any::<bool>(), undoes(), rare).prop_map(
        move |(parents, pull, authored_at, bot, undoes, hotfix)| {
            let parents: BTreeSet<String> = parents
                .iter()
                .filter(|_| n > 0)
                .map(|p| sha(p.index(n)))
                .collect();
            let fact = Commit {
                sha: sha(n),
                // A merge belongs to no pull request here: what its sides belong to is a rule of its own.
                pull: pull.filter(|_| parents.len() < 2),
                parents: parents.into_iter().collect(),
                authored_at,
                bot,
                ai: None,
                undoes,
                subject: None,
                hotfix,
                paths: Vec::new(),
            };
            event(
                format!("commit:{}", sha(n)),
                authored_at,
                Fact::Commit(fact),
            )
        },
    )
}

fn pull(number: u64) -> impl Strategy<Value = Event> {
    let rare = prop::bool::weighted(0.1);
    let label = prop::option::weighted(0.2, select(vec!["hotfix", "rework", "other"]));
    (
        hour(),
        prop::option::of(hour()),
        hour(),
        any::<bool>(),
        undoes(),
        rare,
        label,
    )
        .prop_map(
            move |(created, first_commit_at, merged, bot, undoes, hotfix, label)| {
                let fact = Pull {
                    number,
                    created_at: Some(created),
                    first_commit_at,
                    merged_at: Some(merged),
                    bot,
                    undoes,
                    hotfix,
                    labels: label.map(str::to_owned).into_iter().collect(),
                    ..Pull::default()
                };
                event(format!("pr:{number}"), merged, Fact::Pull(fact))
            },
        )
}

fn deployment(n: usize, many: bool, versions: bool) -> impl Strategy<Value = Event> {
    let outcome = select(vec![
        Outcome::Success,
        Outcome::Success,
        Outcome::Success,
        Outcome::Success,
        Outcome::Failure,
        Outcome::Ignored,
    ]);
    let run = prop::option::weighted(0.2, (0..4_u8).prop_map(|n| format!("run-{n}")));
    let revision = prop::option::weighted(0.9, 0..COMMITS);
    let label = prop::option::weighted(0.1, select(vec!["hotfix", "unplanned"]));
    let environment = select(vec![
        "production",
        "production",
        "production",
        "prod-eu",
        "staging",
    ]);
    let took = prop::option::of(0..5_i64);
    (
        outcome,
        run,
        revision,
        label,
        environment,
        (hour(), took),
        service(many),
    )
        .prop_map(
            move |(outcome, run, revision, label, environment, (finished, took), service)| {
                let revision = revision.map(|n| {
                    if versions {
                        format!("v{}", n % 4)
                    } else {
                        sha(n)
                    }
                });
                let fact = Deployment {
                    service,
                    environment: environment.to_owned(),
                    revision,
                    outcome,
                    started_at: took.map(|h| finished - chrono::Duration::hours(h)),
                    finished_at: Some(finished),
                    run,
                    labels: label.map(str::to_owned).into_iter().collect(),
                    ..Deployment::default()
                };
                event(format!("d{n:02}"), finished, Fact::Deployment(fact))
            },
        )
}

fn deployment_id() -> impl Strategy<Value = String> {
    (0..24_u8).prop_map(|n| format!("d{n:02}"))
}

fn incident(n: usize, many: bool) -> impl Strategy<Value = Event> {
    let cause = prop_oneof![
        deployment_id().prop_map(Cause::Deployment),
        (0..COMMITS).prop_map(|n| Cause::Commit(sha(n)[..12].to_owned())),
        (0..PULLS).prop_map(Cause::Pull),
    ];
    let causes = prop_oneof![2 => Just(vec![]), 1 => prop::collection::vec(cause, 1..3)];
    let service = prop::option::weighted(0.4, service(many)).prop_map(Option::flatten);
    let fixed_by = prop::option::weighted(0.3, deployment_id());
    let took = prop::option::weighted(0.8, 0..200_i64);
    (hour(), took, service, causes, fixed_by).prop_map(
        move |(opened_at, took, service, causes, fixed_by)| {
            let fact = Incident {
                opened_at,
                resolved_at: took.map(|h| opened_at + chrono::Duration::hours(h)),
                service,
                causes,
                fixed_by,
                title: None,
            };
            event(format!("inc:{n}"), opened_at, Fact::Incident(fact))
        },
    )
}

fn word(n: usize) -> impl Strategy<Value = Event> {
    let fixed_by = prop::option::of(deployment_id());
    (deployment_id(), any::<bool>(), fixed_by, hour()).prop_map(
        move |(deployment, failed, fixed_by, time)| {
            let fact = Correction {
                pull: None,
                deployment,
                failed,
                fixed_by,
            };
            event(format!("man:{n}"), time, Fact::DeploymentCorrected(fact))
        },
    )
}

fn up_to<S: Strategy<Value = Event> + 'static>(
    most: usize,
    make: impl Fn(usize) -> S + Clone + 'static,
) -> impl Strategy<Value = Vec<Event>> {
    (0..=most).prop_flat_map(move |n| (0..n).map(make.clone()).collect::<Vec<_>>())
}

/// A history that is shown a line an event.
#[derive(Clone)]
struct History(Vec<Event>);

impl std::fmt::Debug for History {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        for event in &self.0 {
            writeln!(f, "\n{}", serde_json::to_string(event).unwrap())?;
        }
        Ok(())
    }
}

/// With or without services, and with commits or bare versions that no graph knows.
fn history() -> impl Strategy<Value = History> {
    (any::<bool>(), prop::bool::weighted(0.3)).prop_flat_map(|(many, versions)| {
        (
            up_to(20, move |n| deployment(n, many, versions)),
            up_to(if versions { 0 } else { COMMITS }, commit),
            up_to(usize::try_from(PULLS).unwrap(), |n| pull(n as u64)),
            up_to(5, move |n| incident(n, many)),
            up_to(3, word),
        )
            .prop_map(|(a, b, c, d, e)| History([a, b, c, d, e].concat()))
    })
}

fn report(events: &[Event], from: i64, to: i64) -> Report {
    let config = Config::default();
    let window = Window {
        from: at(from),
        to: at(to),
    };
    let ask = Ask {
        window,
        ..Ask::recent(&config, window.to)
    };
    build(&events.iter().cloned().collect::<Events>(), &config, &ask)
}

/// Every deployment, change and incident, as the core judges them.
fn judged(events: &[Event]) -> Verdict {
    let events: Events = events.iter().cloned().collect();
    let timeline = Timeline::fold(&events, &Config::default());
    let mut out = Verdict::default();
    for d in &timeline.deployments {
        if d.is_failed_attempt() {
            out.failed_attempts.insert(d.id.clone());
        }
        if d.is_effective() {
            let judged = Judged {
                service: d.service.clone(),
                run: d.run.clone(),
                at: d.finished_at,
                failed: d.failed,
                rework: d.rework.is_some(),
                rollback: d.rollback.is_some_and(|r| !r.race),
                restored: d.restored_at.zip(d.restored_after()),
            };
            out.effective.insert(d.id.clone(), judged);
        }
    }
    for c in &timeline.changes {
        let by = timeline.deployments[c.deployment].id.clone();
        out.changes
            .insert((c.service.clone(), c.id.clone(), by, c.lead_time().unwrap()));
    }
    for i in &timeline.incidents {
        if let Some((by, how)) = i.blamed {
            let by = timeline.deployments[by].id.clone();
            out.blamed.insert(i.id.clone(), (by, how.name()));
        }
    }
    out
}

/// What a scope counts in a window, by a plain count over the verdict: a run is one deployment, whatever its services.
fn counted(verdict: &Verdict, service: Option<&str>, from: Instant, to: Instant) -> [u64; 3] {
    let mut runs: BTreeMap<&str, Vec<&Judged>> = BTreeMap::new();
    for (id, d) in &verdict.effective {
        if service.is_none() || service == d.service.as_deref() {
            runs.entry(d.run.as_deref().unwrap_or(id))
                .or_default()
                .push(d);
        }
    }
    let inside = |parts: &&Vec<&Judged>| {
        let at = parts.iter().map(|d| d.at).max().unwrap();
        from <= at && at < to
    };
    let of = |says: fn(&Judged) -> bool| {
        let runs = runs.values().filter(inside);
        runs.filter(|parts| parts.iter().any(|d| says(d))).count() as u64
    };
    [of(|_| true), of(|d| d.failed), of(|d| d.rework)]
}

fn said(scope: &Scope) -> [u64; 3] {
    let m = &scope.metrics;
    assert_eq!(m.change_fail_rate.total, m.deployment_frequency.count);
    assert_eq!(m.deployment_rework_rate.total, m.deployment_frequency.count);
    [
        m.deployment_frequency.count,
        m.change_fail_rate.failed,
        m.deployment_rework_rate.rework,
    ]
}

/// Median by sorting, type 7.
fn median(mut values: Vec<i64>) -> Option<f64> {
    values.sort_unstable();
    let last = values.len().checked_sub(1)?;
    Some((values[last / 2] + values[last - last / 2]) as f64 / 2.0)
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, max_shrink_iters: 20_000, ..ProptestConfig::with_cases(cases()) })]

    #[test]
    fn the_core_judges_as_the_rules_read(History(events) in history()) {
        let (core, plain) = (judged(&events), naive::judge(&events));
        prop_assert_eq!(&core.failed_attempts, &plain.failed_attempts);
        prop_assert_eq!(&core.blamed, &plain.blamed);
        prop_assert_eq!(&core.changes, &plain.changes);
        prop_assert_eq!(&core.effective, &plain.effective);
    }

    #[test]
    fn the_report_counts_as_the_rules_read(History(events) in history(), from in 0..HOURS, hours in 1..HOURS) {
        let plain = naive::judge(&events);
        let report = report(&events, from, from + hours);
        let (start, end) = (at(from), at(from + hours));
        prop_assert_eq!(said(&report.overall), counted(&plain, None, start, end));
        for (name, scope) in &report.services {
            prop_assert_eq!(said(scope), counted(&plain, Some(name), start, end));
        }
        // Each change of the roll-up once, at its first delivery; bots apart; nothing negative.
        let mut first: BTreeMap<&str, (Instant, i64)> = BTreeMap::new();
        for (_, id, by, lead) in &plain.changes {
            let delivery = (plain.effective[by].at, *lead);
            let known = first.entry(id).or_insert(delivery);
            if delivery.0 < known.0 {
                *known = delivery;
            }
        }
        let bot = |id: &str| events.iter().any(|e| match &e.fact {
            Fact::Commit(c) => c.sha == id && c.bot,
            Fact::Pull(p) => p.number.to_string() == id && p.bot,
            Fact::Deployment(_)
            | Fact::Range(_)
            | Fact::Incident(_)
            | Fact::DeploymentCorrected(_)
            | Fact::EventRetracted(_) => false,
        });
        let inside = |at: Instant| start <= at && at < end;
        let leads: Vec<(i64, bool)> = first
            .iter()
            .filter(|(_, (at, lead))| inside(*at) && *lead >= 0)
            .map(|(id, (_, lead))| (*lead, bot(id)))
            .collect();
        let lead = &report.overall.metrics.change_lead_time;
        prop_assert_eq!(lead.with_bots.n, leads.len() as u64);
        let people: Vec<i64> = leads.iter().filter(|(_, bot)| !bot).map(|(lead, _)| *lead).collect();
        prop_assert_eq!(lead.n, people.len() as u64);
        prop_assert_eq!(lead.median_seconds, median(people));
        let excluded = first.values().filter(|(at, lead)| inside(*at) && *lead < 0).count();
        prop_assert_eq!(lead.excluded.len(), excluded);
        // Recovery belongs to the window in which the repair lies.
        for (name, scope) in &report.services {
            let took: Vec<i64> = plain
                .effective
                .values()
                .filter(|d| d.service.as_deref() == Some(name.as_str()))
                .filter_map(|d| d.restored)
                .filter(|(at, _)| inside(*at))
                .map(|(_, took)| took)
                .collect();
            prop_assert_eq!(scope.metrics.failed_deployment_recovery_time.n, took.len() as u64);
            prop_assert_eq!(scope.metrics.failed_deployment_recovery_time.median_seconds, median(took));
        }
    }
}

/// Many enough for a look at every rule; `PROPTEST_CASES` asks for more.
fn cases() -> u32 {
    let asked = std::env::var("PROPTEST_CASES").ok();
    asked.and_then(|n| n.parse().ok()).unwrap_or(128)
}
