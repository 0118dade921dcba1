//! Reports for the tests of this module: acme/shop as it is, empty, young, and with hostile names.

use std::collections::BTreeMap;

use chrono::Duration;

use crate::event::{Instant, parse_instant};
use crate::report::v1::*;

fn at(text: &str) -> Instant {
    parse_instant(text).unwrap()
}

/// A report without any event.
pub(crate) fn empty() -> Report {
    let scope = || Scope {
        metrics: Metrics {
            deployment_frequency: DeploymentFrequency {
                reason: Some("no_deployments".into()),
                ..DeploymentFrequency::default()
            },
            change_lead_time: ChangeLeadTime {
                reason: Some("no_deployments".into()),
                ..ChangeLeadTime::default()
            },
            change_fail_rate: ChangeFailRate {
                reason: Some("no_deployments".into()),
                ..ChangeFailRate::default()
            },
            failed_deployment_recovery_time: RecoveryTime {
                reason: Some("no_deployments".into()),
                ..RecoveryTime::default()
            },
            deployment_rework_rate: ReworkRate {
                reason: Some("no_deployments".into()),
                ..ReworkRate::default()
            },
        },
        previous: Metrics::default(),
        deltas: BTreeMap::new(),
        series: Series::default(),
    };
    Report {
        schema: SCHEMA.into(),
        generated_at: at("2026-03-30T00:00:00Z"),
        repository: Some("acme/shop".into()),
        definition: Definition {
            fingerprint: "3f9a61c0d2b4".into(),
            parameters: BTreeMap::from([
                ("environments".into(), "production".into()),
                ("rollback.grace".into(), "5m".into()),
            ]),
        },
        window: WindowInfo {
            from: at("2025-12-30T00:00:00Z"),
            to: at("2026-03-30T00:00:00Z"),
            timezone: "UTC".into(),
            covered_days: 0.0,
            history_since: None,
        },
        overall: scope(),
        services: BTreeMap::new(),
        deployments: vec![],
        changes: vec![],
        incidents: vec![],
        findings: vec![],
        notes: vec![],
        quality: Quality::default(),
        sources: vec![],
    }
}

fn quantiles(n: u64, median: f64) -> Quantiles {
    Quantiles {
        n,
        median_seconds: Some(median),
        p75_seconds: Some(median * 2.0),
        p90_seconds: Some(median * 3.5),
        p95_seconds: Some(median * 5.0),
        p99_seconds: Some(median * 9.0),
        mean_seconds: Some(median * 1.6),
        interval95_seconds: Some([median * 0.85, median * 1.25]),
    }
}

fn metrics(per_day: f64, lead: f64, failed: u64, rework: u64) -> Metrics {
    let count = 216;
    let share = |part: u64| Some(part as f64 / count as f64);
    let lead_time = quantiles(301, lead);
    let recovery = quantiles(9, 2280.0);
    let band = |name: &str| {
        Some(Band {
            edition: "2024".into(),
            name: name.into(),
        })
    };
    Metrics {
        deployment_frequency: DeploymentFrequency {
            count,
            per_day: Some(per_day),
            per_week: Some(per_day * 7.0),
            active_days: 61,
            active_days_per_week_median: Some(5.0),
            time_between: quantiles(215, 20_000.0),
            interval95: Some([per_day * 0.87, per_day * 1.14]),
            change_bearing: 201,
            attempts: 231,
            failed_attempts: 15,
            ignored: 4,
            success_rate: Some(216.0 / 231.0),
            by_environment: BTreeMap::from([("production".into(), count)]),
            band: band("elite"),
            reason: None,
        },
        change_lead_time: ChangeLeadTime {
            n: lead_time.n,
            median_seconds: lead_time.median_seconds,
            p75_seconds: lead_time.p75_seconds,
            p90_seconds: lead_time.p90_seconds,
            p95_seconds: lead_time.p95_seconds,
            p99_seconds: lead_time.p99_seconds,
            mean_seconds: lead_time.mean_seconds,
            interval95_seconds: lead_time.interval95_seconds,
            stages: BTreeMap::from([
                ("coding".into(), quantiles(301, 5400.0)),
                ("pickup".into(), quantiles(280, 7200.0)),
                ("review".into(), quantiles(280, 3600.0)),
                ("deploy_wait".into(), quantiles(301, 1800.0)),
            ]),
            merge_to_deploy: quantiles(301, 2460.0),
            pr_created_to_deploy: quantiles(301, 30_000.0),
            per_commit: quantiles(950, 40_000.0),
            with_bots: quantiles(350, 33_000.0),
            by_time: 0,
            excluded: vec![Excluded {
                change: "412".into(),
                reason: "negative".into(),
            }],
            undeployed: Some(Undeployed {
                count: 3,
                oldest_seconds: Some(100_000.0),
                median_seconds: Some(50_000.0),
            }),
            band: band("high"),
            reason: None,
        },
        change_fail_rate: ChangeFailRate {
            failed,
            total: count,
            ratio: share(failed),
            interval95: Some([0.022, 0.077]),
            failed_ids: vec!["run:7/production/shop".into()],
            provisional: 2,
            with_failed_attempts: FailedShare {
                failed: failed + 15,
                total: count + 15,
                ratio: Some(0.104),
                interval95: Some([0.071, 0.15]),
            },
            unattributed: vec!["inc:gh:9".into()],
            band: band("elite–high"),
            reason: None,
        },
        failed_deployment_recovery_time: RecoveryTime {
            n: recovery.n,
            median_seconds: recovery.median_seconds,
            p75_seconds: recovery.p75_seconds,
            p90_seconds: recovery.p90_seconds,
            p95_seconds: recovery.p95_seconds,
            p99_seconds: recovery.p99_seconds,
            mean_seconds: recovery.mean_seconds,
            interval95_seconds: Some([1260.0, 12_240.0]),
            open: vec![OpenFailure {
                deployment: "run:24/production/shop".into(),
                age_seconds: 90_000.0,
            }],
            km_median_seconds: Some(2640.0),
            detection: quantiles(9, 900.0),
            incident_restore: quantiles(7, 3000.0),
            incidents_open: 1,
            attempt_recovery: quantiles(6, 1500.0),
            with_failed_attempts: quantiles(15, 2000.0),
            band: band("elite"),
            reason: None,
        },
        deployment_rework_rate: ReworkRate {
            rework,
            total: count,
            ratio: share(rework),
            interval95: Some([0.03, 0.09]),
            by_kind: BTreeMap::from([("rollback".into(), 4), ("hotfix".into(), 7)]),
            ids: vec!["run:8/production/shop".into()],
            last_180_days: ReworkShare {
                rework: 25,
                total: 420,
                ratio: Some(25.0 / 420.0),
                interval95: Some([0.04, 0.086]),
            },
            reason: None,
        },
    }
}

fn delta(state: DeltaState, better: Option<bool>, previous: f64, now: f64) -> Delta {
    let because = (state == DeltaState::TooLittleData).then(|| "9 of 10 recoveries".to_owned());
    Delta {
        state,
        better,
        previous: Some(previous),
        now: Some(now),
        p: Some(0.01),
        because,
    }
}

fn series() -> Series {
    let lead = [
        14.0, 13.2, 12.5, 15.1, 11.0, 10.2, 9.9, 9.0, 10.4, 8.8, 9.1, 8.2, 9.0,
    ];
    let weekly = lead
        .iter()
        .enumerate()
        .map(|(week, hours)| Point {
            start: (at("2025-12-29T00:00:00Z") + Duration::weeks(week as i64))
                .format("%Y-%m-%d")
                .to_string(),
            partial: week == 0,
            deployments: 12 + (week as u64 * 7) % 11,
            lead_time_median_seconds: Some(hours * 3600.0),
            lead_time_p90_seconds: Some(hours * 3600.0 * 3.1),
            failed: u64::from(week % 3 == 1),
            rework: u64::from(week % 4 == 1),
            recovery_median_seconds: (week % 3 == 1).then_some(1500.0 + 300.0 * week as f64),
        })
        .collect();
    Series {
        weekly,
        monthly: vec![],
    }
}

fn deployments() -> (Vec<Deployment>, Vec<Change>) {
    let mut deployments: Vec<Deployment> = vec![];
    let mut changes = vec![];
    for number in 0_i64..26 {
        let finished = at("2026-03-03T09:00:00Z") + Duration::hours(25 * number);
        let id = format!("run:{number}/production/shop");
        let mut delivered = vec![];
        for part in 0..=(number % 3) {
            let change = (400 + number * 3 + part).to_string();
            changes.push(Change {
                id: change.clone(),
                service: Some("shop".into()),
                started_at: Some(finished - Duration::hours(10 + number)),
                created_at: Some(finished - Duration::hours(8)),
                ready_at: None,
                first_review_at: Some(finished - Duration::hours(6)),
                approved_at: Some(finished - Duration::hours(5)),
                merged_at: Some(finished - Duration::minutes(192)),
                deployed_at: Some(finished),
                deployment: Some(id.clone()),
                lead_time_seconds: Some(3600.0 * (10 + number) as f64),
                stages: BTreeMap::from([
                    ("coding".into(), Some(3600.0 * (2 + number) as f64)),
                    ("pickup".into(), Some(7200.0)),
                    ("review".into(), Some(3600.0)),
                    ("queue".into(), None),
                    ("deploy_wait".into(), Some(10_800.0)),
                    ("deploy".into(), Some(720.0)),
                ]),
                bot: part == 2,
                ai: None,
                lines: Some(120),
            });
            delivered.push(change);
        }
        let failed = number % 8 == 7;
        let rework = number > 0 && number % 8 == 0;
        deployments.push(Deployment {
            id,
            service: Some("shop".into()),
            environment: "production".into(),
            revision: Some(format!("{:040x}", 0xabc_def0 + number)),
            started_at: Some(finished - Duration::minutes(12)),
            finished_at: Some(finished),
            first_production_at: None,
            outcome: if number == 5 { "failure" } else { "success" }.into(),
            previous: None,
            changes: delivered,
            failed,
            evidence: if failed || rework {
                vec![Evidence {
                    kind: if failed { "incident" } else { "hotfix" }.into(),
                    says: if failed { "failed" } else { "rework" }.into(),
                    event: format!("inc:gh:{number}"),
                    confidence: "certain".into(),
                }]
            } else {
                vec![]
            },
            rework,
            rework_kind: rework.then(|| "hotfix".into()),
            rollback: None,
            redeploy: false,
            partial: false,
            baseline: number == 0,
            recovered_at: (failed && number != 23).then(|| finished + Duration::minutes(38)),
            restored_after_seconds: (failed && number != 23).then_some(2280.0),
            attempts: 1,
            run: Some(number.to_string()),
            url: Some(format!(
                "https://github.com/acme/shop/actions/runs/{number}"
            )),
        });
    }
    (deployments, changes)
}

/// A quarter of an active team.
pub(crate) fn shop() -> Report {
    let (deployments, changes) = deployments();
    let mut report = Report {
        deployments,
        changes,
        incidents: vec![Incident {
            id: "inc:gh:7".into(),
            service: Some("shop".into()),
            opened_at: at("2026-03-10T16:20:00Z"),
            resolved_at: Some(at("2026-03-10T16:38:00Z")),
            deployment: Some("run:7/production/shop".into()),
            attributed_by: Some("explicit".into()),
            fixed_by: None,
        }],
        findings: vec![
            Finding {
                id: "pickup_wait".into(),
                level: "warn".into(),
                says:
                    "Waiting for a first review is the largest stage: 2 h of 9.8 h in the median."
                        .into(),
                because: vec!["pr:417".into()],
                next: Some("Agree on a time by which a review begins.".into()),
            },
            Finding {
                id: "lead_time_down".into(),
                level: "good".into(),
                says: "Change lead time has fallen for nine weeks.".into(),
                because: vec![],
                next: None,
            },
        ],
        notes: vec![Note {
            code: "no_queue".into(),
            says: "Merge queue times are not known.".into(),
            help: Some("Grant `pull-requests: read`.".into()),
        }],
        quality: Quality {
            score: 0.86,
            parts: BTreeMap::from([("history".into(), 1.0), ("incidents".into(), 0.7)]),
            fixes: vec!["Label incidents with the deployment that caused them.".into()],
        },
        sources: vec![
            SourceInfo {
                name: "github-deployments".into(),
                events: 446,
            },
            SourceInfo {
                name: "github-issues".into(),
                events: 7,
            },
        ],
        ..empty()
    };
    report.window.covered_days = 90.0;
    let changed = DeltaState::Changed;
    report.overall = Scope {
        metrics: metrics(2.4, 35_280.0, 9, 11),
        previous: metrics(1.8, 43_560.0, 10, 14),
        deltas: BTreeMap::from([
            (
                "change_lead_time".into(),
                delta(changed, Some(true), 43_560.0, 35_280.0),
            ),
            (
                "deployment_frequency".into(),
                delta(changed, Some(true), 1.8, 2.4),
            ),
            (
                "failed_deployment_recovery_time".into(),
                delta(DeltaState::TooLittleData, None, 2280.0, 2280.0),
            ),
            (
                "change_fail_rate".into(),
                delta(
                    DeltaState::NoDetectableChange,
                    None,
                    10.0 / 216.0,
                    9.0 / 216.0,
                ),
            ),
            (
                "deployment_rework_rate".into(),
                delta(changed, Some(false), 0.02, 11.0 / 216.0),
            ),
        ]),
        series: series(),
    };
    report
}

/// Nothing but the first deployment.
pub(crate) fn young() -> Report {
    let mut report = shop();
    let full = shop();
    report = Report {
        deployments: full.deployments[..1].to_vec(),
        changes: vec![],
        window: WindowInfo {
            covered_days: 3.0,
            ..report.window
        },
        ..empty()
    };
    report.deployments[0].changes.clear();
    let m = &mut report.overall.metrics;
    m.deployment_frequency = DeploymentFrequency {
        count: 1,
        per_day: Some(1.0 / 3.0),
        active_days: 1,
        attempts: 1,
        success_rate: Some(1.0),
        interval95: Some([0.0084, 1.857]),
        reason: Some("short_history".into()),
        ..DeploymentFrequency::default()
    };
    m.change_lead_time.reason = Some("baseline_only".into());
    m.change_fail_rate = ChangeFailRate {
        total: 1,
        ratio: Some(0.0),
        interval95: Some([0.0, 0.7935]),
        provisional: 1,
        reason: Some("no_incident_source".into()),
        ..ChangeFailRate::default()
    };
    m.failed_deployment_recovery_time.reason = Some("no_failures".into());
    report
}

/// What an attacker would write into every field that takes text.
pub(crate) const HOSTILE: &str =
    "x\u{202e}\x1b[2J\n::error::|](javascript:a) @acme/team #1 `=cmd()` </script><b>&";

/// Hostile text in every name.
pub(crate) fn hostile() -> Report {
    let mut report = shop();
    let bad = || HOSTILE.to_owned();
    report.repository = Some(bad());
    report.window.timezone = bad();
    report.definition.fingerprint = bad();
    report.definition.parameters.insert(bad(), bad());
    report.services.insert(bad(), report.overall.clone());
    report.findings[0].says = bad();
    report.findings[0].next = Some(bad());
    report.findings[0].level = bad();
    report.notes[0].says = bad();
    report.notes[0].help = Some(bad());
    report.quality.fixes = vec![bad()];
    report.sources[0].name = bad();
    report.overall.metrics.change_lead_time.reason = Some(bad());
    report.overall.metrics.change_lead_time.band = Some(Band {
        edition: bad(),
        name: bad(),
    });
    report
        .overall
        .metrics
        .change_lead_time
        .stages
        .insert(bad(), Quantiles::default());
    report.overall.metrics.change_lead_time.excluded[0].reason = bad();
    for point in &mut report.overall.series.weekly {
        point.start = bad();
    }
    for deployment in &mut report.deployments {
        deployment.environment = bad();
        deployment.service = Some(bad());
        deployment.revision = Some(bad());
        deployment.url = Some("javascript:alert(1)".into());
        deployment.rework_kind = Some(bad());
        for evidence in &mut deployment.evidence {
            evidence.kind = bad();
            evidence.event = bad();
        }
    }
    for change in &mut report.changes {
        change.stages.insert(bad(), Some(60.0));
    }
    report.incidents[0].service = Some(bad());
    report
}
