//! Laws that hold for any history, however broken.

use std::collections::HashSet;

use chrono::{DateTime, Duration};
use fivekeys::config::{self, Config, Measure};
use fivekeys::event::{
    Cause, Ci, Commit, Correction, Deployment, Event, Events, Fact, Incident, Instant, Outcome,
    Pull, Range, Retraction, Source, Undoes, Window,
};
use fivekeys::ledger::Line;
use fivekeys::report::v1::{Metrics, Quantiles, Report, Scope};
use fivekeys::report::{Ask, BESIDE, METRICS, Unit, build, headline};
use fivekeys::timeline::{PARTS, STAGES, Timeline};
use proptest::prelude::*;
use proptest::sample::select;

/// One promise on everything that can be promised.
const PROMISES: &str = "targets:
  - deployment_frequency >= 1/day
  - services.api.deployment_frequency > 1/week by 1970-02-01
  - change_lead_time.p90 <= 1d
  - pr_created_to_deploy < 5h
  - merge_to_deploy <= 2h by 1970-01-20
  - mttr <= 12h
  - cfr <= 20%
  - services.web.rework < 10%
guardrails:
  - cfr must not rise while df rises
";

/// `PROPTEST_CASES` asks for more.
fn cases() -> u32 {
    let asked = std::env::var("PROPTEST_CASES").ok();
    asked.and_then(|n| n.parse().ok()).unwrap_or(128)
}

/// Days of the histories; some facts lie before 1970.
const DAYS: i64 = 40;

/// Hours are coarse, so that moments and ids clash often.
fn instant() -> impl Strategy<Value = Instant> {
    (-3 * 24..DAYS * 24).prop_map(|h| DateTime::from_timestamp(h * 3600, 0).unwrap())
}

fn maybe(of: impl Strategy<Value = Instant>) -> impl Strategy<Value = Option<Instant>> {
    prop::option::weighted(0.7, of)
}

fn sha() -> impl Strategy<Value = String> {
    (0..14_u32).prop_map(|n| format!("{n:040x}"))
}

fn service() -> impl Strategy<Value = Option<String>> {
    select(vec![None, Some("api".to_owned()), Some("web".to_owned())])
}

/// Ids of deployments, some of which nobody made.
fn deployment_id() -> impl Strategy<Value = String> {
    (0..24_u32).prop_map(|n| format!("dep:{n}"))
}

fn undoes() -> impl Strategy<Value = Undoes> {
    let subject = prop::option::weighted(0.1, select(vec!["s1", "s2"]));
    let commits = prop::collection::vec(sha(), 0..2);
    (
        commits,
        prop::collection::vec(0..8_u64, 0..2),
        subject,
        0..4_u8,
    )
        .prop_map(|(commits, pulls, subject, on)| {
            if on > 0 {
                return Undoes::default();
            }
            Undoes {
                commits,
                pulls,
                subject: subject.map(str::to_owned),
            }
        })
}

fn deployment() -> impl Strategy<Value = (String, Fact)> {
    let outcome = select(vec![
        Outcome::Success,
        Outcome::Success,
        Outcome::Success,
        Outcome::Failure,
        Outcome::Ignored,
        Outcome::Pending,
    ]);
    let run = prop::option::weighted(0.3, (0..6_u32).prop_map(|n| n.to_string()));
    let environment = select(vec!["production", "production", "prod-eu", "staging"]);
    let labels = prop::collection::vec(select(vec!["hotfix", "rework", "x"]), 0..2);
    (
        (
            deployment_id(),
            service(),
            environment,
            prop::option::weighted(0.8, sha()),
        ),
        (outcome, maybe(instant()), maybe(instant()), any::<bool>()),
        (run, labels, prop::collection::vec(0..8_u64, 0..2)),
    )
        .prop_map(|(what, how, more)| {
            let fact = Deployment {
                service: what.1,
                environment: what.2.to_owned(),
                revision: what.3,
                outcome: how.0,
                started_at: how.1,
                finished_at: how.2,
                approximate: how.3,
                queue_seconds: how.3.then_some(700),
                approval_seconds: more.0.as_ref().map(|_| 90_000),
                timer_seconds: how.1.map(|_| 3_600),
                run: more.0,
                labels: more.1.into_iter().map(str::to_owned).collect(),
                pulls: more.2,
                ..Deployment::default()
            };
            (what.0, Fact::Deployment(fact))
        })
}

/// Parents are any commits: unknown ones, later ones, itself.
fn commit() -> impl Strategy<Value = (String, Fact)> {
    let parents = prop::collection::vec(sha(), 0..3);
    let pull = prop::option::weighted(0.4, 0..8_u64);
    (
        sha(),
        parents,
        instant(),
        any::<bool>(),
        pull,
        undoes(),
        any::<bool>(),
    )
        .prop_map(|(sha, parents, authored_at, bot, pull, undoes, hotfix)| {
            let fact = Commit {
                sha: sha.clone(),
                parents,
                authored_at,
                bot,
                ai: None,
                pull,
                undoes,
                subject: Some("s1".to_owned()),
                hotfix,
                paths: Vec::new(),
            };
            (format!("commit:{sha}"), Fact::Commit(fact))
        })
}

fn pull() -> impl Strategy<Value = (String, Fact)> {
    let times = prop::collection::vec(maybe(instant()), 7);
    let own = prop::collection::vec(sha(), 0..3);
    let deployment = prop::option::weighted(0.1, deployment_id());
    (0..8_u64, times, own, any::<bool>(), undoes(), deployment).prop_map(
        |(number, at, commits, bot, undoes, deployment)| {
            let fact = Pull {
                number,
                created_at: at[0],
                first_commit_at: at[1],
                ready_at: at[2],
                first_review_at: at[3],
                approved_at: at[4],
                queued_at: at[5],
                merged_at: at[6],
                ci: at[2].map(|_| Ci {
                    run_seconds: Some(40_000),
                    queue_seconds: Some(500),
                    runs: 2,
                    flaky: u32::from(bot),
                }),
                review_rounds: at[3].map(|_| 2),
                commits,
                bot,
                undoes,
                subject: Some("s2".to_owned()),
                deployment,
                ..Pull::default()
            };
            (format!("pr:{number}"), Fact::Pull(fact))
        },
    )
}

fn incident() -> impl Strategy<Value = (String, Fact)> {
    let cause = prop_oneof![
        deployment_id().prop_map(Cause::Deployment),
        sha().prop_map(|s| Cause::Commit(s[..12].to_owned())),
        (0..8_u64).prop_map(Cause::Pull),
    ];
    let causes = prop::collection::vec(cause, 0..2);
    let fixed_by = prop::option::weighted(0.3, deployment_id());
    (
        0..9_u32,
        instant(),
        maybe(instant()),
        service(),
        causes,
        fixed_by,
    )
        .prop_map(|(n, opened_at, resolved_at, service, causes, fixed_by)| {
            let fact = Incident {
                opened_at,
                resolved_at,
                service,
                causes,
                fixed_by,
                title: None,
            };
            (format!("inc:{n}"), Fact::Incident(fact))
        })
}

fn word() -> impl Strategy<Value = (String, Fact)> {
    let fixed_by = prop::option::weighted(0.5, deployment_id());
    prop_oneof![
        (0..5_u32, deployment_id(), any::<bool>(), fixed_by).prop_map(
            |(n, deployment, failed, fixed_by)| {
                let fact = Correction {
                    pull: None,
                    deployment,
                    failed,
                    fixed_by,
                };
                (format!("man:{n}"), Fact::DeploymentCorrected(fact))
            }
        ),
        (0..5_u32, deployment_id()).prop_map(|(n, event)| {
            let why = "a mistake".to_owned();
            (
                format!("ret:{n}"),
                Fact::EventRetracted(Retraction { event, why }),
            )
        }),
        (sha(), sha(), sha()).prop_map(|(old, new, commit)| {
            let id = format!("range:{old}..{new}:{commit}");
            (id, Fact::Range(Range { old, new, commit }))
        }),
    ]
}

fn event() -> impl Strategy<Value = Event> {
    let fact = prop_oneof![
        5 => deployment(),
        5 => commit(),
        2 => pull(),
        1 => incident(),
        1 => word(),
    ];
    let source = select(vec![
        Source::GithubDeployments,
        Source::WorkflowRun,
        Source::Manual,
    ]);
    (fact, instant(), instant(), source).prop_map(|((id, fact), time, updated, source)| Event {
        id,
        time,
        source,
        updated,
        fact,
    })
}

fn history() -> impl Strategy<Value = Vec<Event>> {
    prop::collection::vec(event(), 0..70)
}

fn set(of: &[Event]) -> Events {
    let mut events: Events = of.iter().cloned().collect();
    events.head = Some(format!("{:040x}", 3));
    events
}

fn window(from: i64, to: i64) -> Window {
    let at = |day: i64| DateTime::from_timestamp(day * 86_400, 0).unwrap();
    Window {
        from: at(from),
        to: at(to),
    }
}

fn report(events: &Events, window: Window) -> Report {
    let ask = Ask {
        window,
        now: window.to + Duration::hours(5),
        repository: None,
        notes: Vec::new(),
    };
    build(events, &Config::default(), &ask)
}

fn scopes(report: &Report) -> impl Iterator<Item = &Scope> {
    std::iter::once(&report.overall).chain(report.services.values())
}

proptest! {
    #![proptest_config(ProptestConfig { cases: cases(), failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn union_is_commutative_associative_and_idempotent(a in history(), b in history(), c in history()) {
        let join = |parts: &[&[Event]]| set(&parts.concat());
        prop_assert_eq!(join(&[&a, &b]), join(&[&b, &a]));
        prop_assert_eq!(join(&[&a, &a, &b, &a]), join(&[&a, &b]));
        let mut left = join(&[&a, &b]);
        left.extend(c.clone());
        let mut right = set(&a);
        right.extend(join(&[&b, &c]).iter().cloned());
        prop_assert_eq!(left, right);
    }

    #[test]
    fn arrival_does_not_change_a_byte(
        (events, shuffled) in history().prop_flat_map(|h| (Just(h.clone()), Just(h).prop_shuffle()))
    ) {
        let bytes = |e: &[Event]| serde_json::to_string(&report(&set(e), window(3, 33))).unwrap();
        prop_assert_eq!(bytes(&events), bytes(&shuffled));
    }

    #[test]
    fn a_line_of_the_ledger_gives_the_event_back(event in event()) {
        let line = Line::of(&event);
        prop_assert_eq!(Line::read(&line.raw).unwrap().event, Some(event));
    }

    #[test]
    fn each_change_is_delivered_once_by_a_service_and_its_stages_add_up(events in history()) {
        let timeline = Timeline::fold(&set(&events), &Config::default());
        let mut seen = HashSet::new();
        for change in &timeline.changes {
            prop_assert!(seen.insert((change.service.clone(), change.id.clone())), "{:?} twice", change.id);
            if let Some(lead) = change.lead_time().filter(|lead| *lead >= 0) {
                let taken: Vec<i64> = STAGES.iter().filter_map(|s| change.stages[s]).collect();
                prop_assert!(taken.iter().all(|s| *s >= 0));
                prop_assert_eq!(taken.iter().sum::<i64>(), lead);
                let known = |name: &str| change.stages.get(name).copied().flatten().unwrap_or(0);
                for part in PARTS {
                    let whole: i64 = part.within.iter().map(|s| known(s)).sum();
                    prop_assert!((0..=whole).contains(&known(part.name)), "{}", part.name);
                }
            }
        }
        let mut seen = HashSet::new();
        for commit in &timeline.commits {
            let service = timeline.deployments[commit.deployment].service.clone();
            prop_assert!(seen.insert((service, commit.sha.clone())), "{:?} twice", commit.sha);
        }
        let ids: HashSet<&str> = timeline.changes.iter().map(|c| c.id.as_str()).collect();
        let firsts = timeline.changes.iter().filter(|c| c.first).count();
        prop_assert_eq!(firsts, ids.len());
    }

    #[test]
    fn ratios_are_shares_and_what_is_missing_has_a_reason(events in history(), from in -4..DAYS, days in 0..DAYS) {
        let report = report(&set(&events), window(from, from + days));
        for scope in scopes(&report) {
            prop_assert_eq!(scope.beside.len(), BESIDE.len());
            for (id, row) in &scope.beside {
                prop_assert_eq!(row.value.is_none(), row.reason.is_some(), "{}: {:?}", id, row);
                prop_assert!(row.value.is_none_or(|v| v.is_finite() && v >= 0.0), "{id}: {row:?}");
                prop_assert!(row.unit != "ratio" || row.value.is_none_or(|v| v <= 1.0), "{id}: {row:?}");
            }
            for m in [&scope.metrics, &scope.previous] {
                let lead = &m.change_lead_time;
                if let Some(mean) = lead.mean_seconds {
                    let means = STAGES.iter().filter_map(|s| lead.stages.get(*s)?.mean_seconds);
                    let sum: f64 = means.sum();
                    prop_assert!((sum - mean).abs() <= 1e-6 * mean.max(1.0), "{sum} is not {mean}");
                }
                let failed = &m.change_fail_rate;
                let rework = &m.deployment_rework_rate;
                let ratios = [
                    failed.ratio,
                    failed.with_failed_attempts.ratio,
                    rework.ratio,
                    rework.last_180_days.ratio,
                    m.deployment_frequency.success_rate,
                ];
                prop_assert!(ratios.iter().flatten().all(|r| (0.0..=1.0).contains(r)), "{ratios:?}");
                for metric in &METRICS {
                    let found = headline(metric.id, m).unwrap();
                    prop_assert!(found.value.is_some() || found.reason.is_some(), "{}: {:?}", metric.id, found);
                    prop_assert!(found.value.is_none_or(f64::is_finite));
                    let known = found.reason.as_deref().is_none_or(|r| REASONS.contains(&r));
                    prop_assert!(known, "{}: {:?} is not one of the reasons", metric.id, found.reason);
                    // What stands on nothing has no value, and what stands on something has one.
                    if metric.unit != Unit::PerDay {
                        prop_assert_eq!(found.n == 0, found.value.is_none(), "{}: {:?}", metric.id, found);
                    }
                }
                for q in distributions(m) {
                    prop_assert_eq!(q.n == 0, q.median_seconds.is_none());
                    prop_assert_eq!(q.n == 0, q.mean_seconds.is_none());
                    prop_assert!(q.median_seconds.is_none_or(|s| s >= 0.0));
                    prop_assert!(q.median_seconds <= q.p75_seconds && q.p75_seconds <= q.p90_seconds);
                    prop_assert!(q.p90_seconds <= q.p95_seconds && q.p95_seconds <= q.p99_seconds);
                }
                for (ratio, total) in [
                    (failed.ratio, failed.total),
                    (failed.with_failed_attempts.ratio, failed.with_failed_attempts.total),
                    (rework.ratio, rework.total),
                    (rework.last_180_days.ratio, rework.last_180_days.total),
                    (m.deployment_frequency.success_rate, m.deployment_frequency.attempts),
                ] {
                    prop_assert_eq!(ratio.is_none(), total == 0);
                }
                // Each deployment fails once.
                let ids: HashSet<&String> = failed.failed_ids.iter().collect();
                prop_assert_eq!(ids.len() as u64, failed.failed);
                prop_assert_eq!(failed.failed_ids.len() as u64, failed.failed);
                prop_assert_eq!(rework.by_kind.values().sum::<u64>(), rework.rework);
            }
        }
        prop_assert!((0.0..=1.0).contains(&report.quality.score));
    }

    #[test]
    fn windows_partition(events in history(), middle in 1..DAYS) {
        let events = set(&events);
        let whole = report(&events, window(-4, DAYS + 1));
        let halves = [window(-4, middle), window(middle, DAYS + 1)].map(|w| report(&events, w));
        let names: HashSet<&String> = halves.iter().flat_map(|r| r.services.keys()).collect();
        prop_assert_eq!(names.len(), whole.services.len());
        prop_assert_eq!(added(&whole.overall), sum(halves.each_ref().map(|r| added(&r.overall))));
        for (name, scope) in &whole.services {
            prop_assert_eq!(added(scope), sum(halves.each_ref().map(|r| added(&r.services[name]))), "{}", name);
        }
    }

    #[test]
    fn a_roll_up_pools_what_its_services_hold(events in history()) {
        // A run over several services is one deployment of the roll-up; without runs each stands alone.
        let alone = events.into_iter().map(|mut event| {
            if let Fact::Deployment(d) = &mut event.fact {
                d.run = None;
                d.service.get_or_insert_with(|| "api".to_owned());
            }
            event
        });
        let report = report(&set(&alone.collect::<Vec<_>>()), window(-4, DAYS + 1));
        let all: Vec<[u64; COUNTS]> = report.services.values().map(added).collect();
        let parts = all.iter().fold([0; COUNTS], |a, b| std::array::from_fn(|n| a[n] + b[n]));
        let whole = added(&report.overall);
        // Changes and commits that several services deliver count once: they are the last.
        prop_assert_eq!(&whole[..POOLED], &parts[..POOLED]);
        prop_assert!((POOLED..COUNTS).all(|n| whole[n] <= parts[n]));
        let delivered = |counts: &[u64; COUNTS]| counts[POOLED] + counts[POOLED + 2];
        let most = all.iter().map(delivered).max().unwrap_or(0);
        prop_assert!(delivered(&whole) >= most);
        // Pooled, not averaged: the roll-up's mean is that of all values.
        let mean = |s: &Scope| {
            let q = &s.metrics.failed_deployment_recovery_time;
            q.mean_seconds.unwrap_or(0.0) * q.n as f64
        };
        let parts: f64 = report.services.values().map(mean).sum();
        prop_assert!((mean(&report.overall) - parts).abs() < 1e-3);
    }
    #[test]
    fn promises_and_advice_agree_with_their_own_numbers(events in history(), from in -4..DAYS, days in 1..DAYS) {
        let mut config = config::parse(PROMISES).unwrap();
        config.window_days = 30;
        let window = window(from, from + days);
        let ask = Ask { window, now: window.to + Duration::hours(5), repository: None, notes: Vec::new() };
        let report = build(&set(&events), &config, &ask);
        prop_assert_eq!(report.targets.len(), config.targets.len());
        for (target, written) in report.targets.iter().zip(&config.targets) {
            let (low, high) = (target.low.unwrap_or(0.0), target.high.unwrap_or(f64::INFINITY));
            let holds = |value| written.bound.holds(written.limit, value);
            prop_assert!(target.value.is_some() || target.reason.is_some(), "{target:?}");
            // What has ended may be quicker than what is still open allows.
            let timed = written.measure == Measure::FailedDeploymentRecoveryTime;
            prop_assert!(target.value.is_none_or(|v| (low <= v || timed) && v <= high), "{target:?}");
            match target.state.as_str() {
                "met" => prop_assert!(holds(low) && holds(high), "{target:?}"),
                "missed" | "not_yet" => prop_assert!(!holds(low) && !holds(high), "{target:?}"),
                "not_sure" => prop_assert!(target.value.is_some() && holds(low) != holds(high), "{target:?}"),
                state => prop_assert!(state == "no_data" && target.value.is_none(), "{target:?}"),
            }
            prop_assert_eq!(target.progress.is_some(), written.by.is_some());
        }
        for place in report.position.values() {
            let [low, high] = place.range;
            prop_assert!(0.0 <= low && low <= place.score && place.score <= high && high <= 10.0, "{place:?}");
        }
        if let Some(b) = &report.bottleneck {
            prop_assert!(b.lead_time_then_seconds <= b.lead_time_seconds && b.share <= 1.0 + 1e-9, "{b:?}");
        }
        if let Some(prize) = report.recommendation.as_ref().and_then(|r| r.prize.as_ref()) {
            prop_assert!(prize.then <= prize.now, "{prize:?}");
        }
        let added: f64 = report.quality.improvements.iter().map(|i| i.adds).sum();
        let empty = report.quality.parts.is_empty();
        prop_assert!(empty || (report.quality.score + added - 1.0).abs() < 1e-9, "{:?}", report.quality);
    }
}

/// Reasons of MD1: a closed list.
const REASONS: [&str; 12] = [
    "no_deployments",
    "baseline_only",
    "no_incident_source",
    "incident_source_silent",
    "no_failures",
    "all_open",
    "short_history",
    "not_permitted",
    "rate_limited",
    "truncated",
    "by_time",
    "approximate_time",
];

fn distributions(m: &Metrics) -> impl Iterator<Item = &Quantiles> {
    let lead = &m.change_lead_time;
    let recovery = &m.failed_deployment_recovery_time;
    let beside = [
        &m.deployment_frequency.time_between,
        &lead.merge_to_deploy,
        &lead.pr_created_to_deploy,
        &lead.per_commit,
        &lead.with_bots,
        &recovery.detection,
        &recovery.incident_restore,
        &recovery.attempt_recovery,
        &recovery.with_failed_attempts,
    ];
    beside.into_iter().chain(lead.stages.values())
}

const COUNTS: usize = 11;
/// Counts in which every service has its own share of the whole.
const POOLED: usize = 7;

/// What two adjacent windows add up to.
fn added(scope: &Scope) -> [u64; COUNTS] {
    let m = &scope.metrics;
    let lead = &m.change_lead_time;
    [
        m.deployment_frequency.count,
        m.deployment_frequency.failed_attempts,
        m.deployment_frequency.ignored,
        m.deployment_frequency.change_bearing,
        m.change_fail_rate.failed,
        m.deployment_rework_rate.rework,
        m.failed_deployment_recovery_time.n,
        lead.with_bots.n,
        lead.n,
        lead.excluded.len() as u64,
        lead.per_commit.n,
    ]
}

fn sum(halves: [[u64; COUNTS]; 2]) -> [u64; COUNTS] {
    std::array::from_fn(|n| halves[0][n] + halves[1][n])
}
