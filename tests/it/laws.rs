//! Laws that hold for any history, however broken.

use std::collections::HashSet;

use chrono::{DateTime, Duration};
use fivekeys::config::Config;
use fivekeys::event::{
    Cause, Commit, Correction, Deployment, Event, Events, Fact, Incident, Instant, Outcome, Pull,
    Range, Retraction, Source, Undoes, Window,
};
use fivekeys::ledger::Line;
use fivekeys::report::v1::{Report, Scope};
use fivekeys::report::{Ask, METRICS, build, headline};
use fivekeys::timeline::{STAGES, Timeline};
use proptest::prelude::*;
use proptest::sample::select;

const CASES: u32 = 96;
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

fn count(report: &Report) -> u64 {
    report.overall.metrics.deployment_frequency.count
}

proptest! {
    #![proptest_config(ProptestConfig { cases: CASES, failure_persistence: None, ..ProptestConfig::default() })]

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
            for m in [&scope.metrics, &scope.previous] {
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
                }
            }
        }
        prop_assert!((0.0..=1.0).contains(&report.quality.score));
    }

    #[test]
    fn windows_partition_and_services_hold_the_whole(events in history(), middle in 1..DAYS) {
        let events = set(&events);
        let whole = report(&events, window(-4, DAYS + 1));
        let halves = [window(-4, middle), window(middle, DAYS + 1)].map(|w| report(&events, w));
        prop_assert_eq!(count(&whole), count(&halves[0]) + count(&halves[1]));
        let failed = |r: &Report| r.overall.metrics.change_fail_rate.failed;
        prop_assert_eq!(failed(&whole), failed(&halves[0]) + failed(&halves[1]));
        // Deployments without a service belong to the whole alone.
        let parts: u64 = whole.services.values().map(|s| s.metrics.deployment_frequency.count).sum();
        let timeline = Timeline::fold(&events, &Config::default());
        let nameless = timeline.deployments.iter().filter(|d| d.service.is_none() && d.is_effective());
        prop_assert!(count(&whole) <= parts + nameless.count() as u64);
        let changes = whole.overall.metrics.change_lead_time.with_bots.n;
        prop_assert!(changes <= timeline.changes.len() as u64);
    }
}
