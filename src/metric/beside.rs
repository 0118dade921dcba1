//! What stands beside the five, never called DORA (rule RE): one row each.

use std::collections::BTreeMap;

use super::{Distribution, Period, Proportion, Scope};
use crate::event::{Ci, Instant, Span, seconds_between};
use crate::timeline::{Change, EvidenceKind, Timeline};

/// What a row is counted in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Measure {
    /// A share, 0 to 1.
    Ratio,
    /// So many of each hundred.
    PerHundred,
    /// A number of things; of several values, their median.
    Count,
    /// Seconds, their median.
    Seconds,
}

impl Measure {
    /// The word in the report.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Ratio => "ratio",
            Self::PerHundred => "per_100",
            Self::Count => "count",
            Self::Seconds => "seconds",
        }
    }
}

/// What was found for a row.
#[derive(Debug, Clone, PartialEq)]
pub enum Found {
    /// A share of a whole.
    Share(Proportion),
    /// A count over a whole, which may be larger than it.
    PerHundred(Proportion),
    /// One number.
    Count(u64),
    /// Many values.
    Many(Distribution),
    /// Nothing, and why (rule MD1): `no_deployments` where no deployment of the window has what the row counts,
    /// `truncated` where the data has a gap.
    Nothing(&'static str),
}

/// A row of [`BESIDE`].
#[derive(Debug)]
pub struct Row {
    /// Stable id: the key in the report.
    pub id: &'static str,
    /// What people call it.
    pub title: &'static str,
    /// What it is, in one sentence.
    pub definition: &'static str,
    /// What it is counted in.
    pub measure: Measure,
    look: fn(&Sight<'_>) -> Found,
}

impl Row {
    /// Its value in a window.
    #[must_use]
    pub fn of(&self, sight: &Sight<'_>) -> Found {
        (self.look)(sight)
    }
}

/// Everything that stands beside the five.
pub const BESIDE: [Row; 15] = [
    Row {
        id: "deploy_success_rate",
        title: "Deploy success rate",
        definition: "Deployments that took effect, of those that tried.",
        measure: Measure::Ratio,
        look: |s| {
            share(
                s.effective,
                s.effective + s.failed_attempts,
                "no_deployments",
            )
        },
    },
    Row {
        id: "rollback_rate",
        title: "Rollback rate",
        definition: "Deployments that brought back an earlier version, of those that took effect; races of promotions apart.",
        measure: Measure::Ratio,
        look: |s| share(s.rollbacks, s.effective, "no_deployments"),
    },
    Row {
        id: "revert_rate",
        title: "Revert rate",
        definition: "Deployments that took a change back, of those that took effect.",
        measure: Measure::Ratio,
        look: |s| share(s.reverts, s.effective, "no_deployments"),
    },
    Row {
        id: "incidents_per_100_deployments",
        title: "Incidents per 100 deployments",
        definition: "Incidents opened in the window, for each hundred deployments that took effect.",
        measure: Measure::PerHundred,
        look: |s| match s.incidents {
            None => Found::Nothing("no_incident_source"),
            Some(_) if s.effective == 0 => Found::Nothing("no_deployments"),
            Some((opened, _)) => Found::PerHundred(Proportion {
                hits: opened,
                total: s.effective,
            }),
        },
    },
    Row {
        id: "open_incidents",
        title: "Open incidents",
        definition: "Incidents not resolved at the end of the window.",
        measure: Measure::Count,
        look: |s| {
            s.incidents
                .map_or(Found::Nothing("no_incident_source"), |(_, open)| {
                    Found::Count(open)
                })
        },
    },
    Row {
        id: "batch_changes",
        title: "Changes a deployment",
        definition: "Changes that a deployment delivered first; deployments without any apart.",
        measure: Measure::Count,
        look: |s| s.batch(|_| Some(1)),
    },
    Row {
        id: "batch_lines",
        title: "Lines a deployment",
        definition: "Lines added and deleted by those changes, where all of them are known.",
        measure: Measure::Count,
        look: |s| s.batch(|change| change.lines),
    },
    Row {
        id: "batch_files",
        title: "Files a deployment",
        definition: "Files touched by those changes, one by one, where all of them are known.",
        measure: Measure::Count,
        look: |s| s.batch(|change| change.files),
    },
    Row {
        id: "review_rounds",
        title: "Review rounds",
        definition: "How often changes were asked for, and one more when it was reviewed at all, for each pull request delivered; bots apart.",
        measure: Measure::Count,
        look: |s| s.pulls(|change| change.review_rounds.map(f64::from)),
    },
    Row {
        id: "time_to_first_review",
        title: "Time to first review",
        definition: "From ready for review to the first review by another person; bots apart.",
        measure: Measure::Seconds,
        look: |s| {
            s.pulls(|change| {
                let ready = change.ready_at.max(change.created_at);
                between(ready, change.first_review_at)
            })
        },
    },
    Row {
        id: "time_to_merge",
        title: "Time to merge",
        definition: "From opened to merged; bots apart.",
        measure: Measure::Seconds,
        look: |s| s.pulls(|change| between(change.created_at, change.merged_at)),
    },
    Row {
        id: "ci_queue",
        title: "Wait for a runner in CI",
        definition: "Longest wait of a job in the longest workflow run of a pull request's last commit; bots apart.",
        measure: Measure::Seconds,
        look: |s| s.tests(|ci| ci.queue_seconds),
    },
    Row {
        id: "ci_run",
        title: "CI run time",
        definition: "From the first workflow run of a pull request's last commit to the end of the last, those run again apart; bots apart.",
        measure: Measure::Seconds,
        look: |s| s.tests(|ci| ci.run_seconds),
    },
    Row {
        id: "ci_flaky_share",
        title: "Flaky CI runs",
        definition: "Workflow runs that passed when they were only run again, of those of delivered pull requests; bots apart.",
        measure: Measure::Ratio,
        look: |s| {
            let tests = || s.changes.iter().filter_map(|change| change.ci.as_ref());
            let flaky = tests().map(|ci| u64::from(ci.flaky)).sum();
            share(
                flaky,
                tests().map(|ci| u64::from(ci.runs)).sum(),
                s.nothing(s.any_pull()),
            )
        },
    },
    Row {
        id: "approval_wait",
        title: "Wait for approval",
        definition: "Time that a deployment waited for somebody's approval, beyond the environment's timer, of those that had to.",
        measure: Measure::Seconds,
        // An environment that asks nobody is no gap in the data, but neither is it a wait of no time.
        look: |s| many(s.approvals.clone(), "no_deployments"),
    },
];

fn share(hits: u64, total: u64, reason: &'static str) -> Found {
    if total == 0 {
        return Found::Nothing(reason);
    }
    Found::Share(Proportion { hits, total })
}

fn many(values: Distribution, reason: &'static str) -> Found {
    if values.values.is_empty() {
        return Found::Nothing(reason);
    }
    Found::Many(values)
}

fn between(from: Option<Instant>, to: Option<Instant>) -> Option<f64> {
    let took = seconds_between(from?, to?);
    (took >= 0).then_some(took as f64)
}

/// What the rows look at, gathered once.
#[derive(Debug)]
pub struct Sight<'t> {
    timeline: &'t Timeline,
    effective: u64,
    failed_attempts: u64,
    rollbacks: u64,
    reverts: u64,
    /// Opened in the window, and open at its end; `None` where nothing records incidents.
    incidents: Option<(u64, u64)>,
    approvals: Distribution,
    /// Changes delivered first by each deployment of the window.
    batches: Vec<Vec<usize>>,
    only_baselines: bool,
    /// Pull requests and commits delivered by people.
    changes: Vec<&'t Change>,
}

impl<'t> Sight<'t> {
    /// Of one scope in one window.
    #[must_use]
    pub fn of(scope: &Scope<'t>, period: &Period) -> Self {
        let window = period.window;
        let mut out = Self {
            timeline: scope.timeline,
            effective: 0,
            failed_attempts: 0,
            rollbacks: 0,
            reverts: 0,
            incidents: incidents(scope, period),
            approvals: Distribution::default(),
            batches: Vec::new(),
            only_baselines: true,
            changes: scope
                .changes()
                .filter(|c| window.contains(c.deployed_at) && !c.bot)
                .collect(),
        };
        let mut waits = Vec::new();
        for unit in scope.units.iter().filter(|u| window.contains(u.at)) {
            out.failed_attempts += u64::from(unit.failed_attempt);
            if !unit.effective {
                continue;
            }
            out.effective += 1;
            let parts = || scope.deployments(unit).filter(|d| d.is_effective());
            out.rollbacks += u64::from(parts().any(|d| d.rollback.is_some_and(|r| !r.race)));
            out.reverts += u64::from(parts().any(|d| {
                let mut evidence = d.evidence.iter();
                evidence.any(|e| e.kind == EvidenceKind::Revert && !e.of_failure)
            }));
            let longest = parts().filter_map(|d| d.waits.approval).max();
            waits.extend(longest.map(|s| s as f64));
            out.only_baselines &= parts().all(|d| d.baseline);
            // A change that two parts of one run delivered is one change of the batch.
            let by_id: BTreeMap<&str, usize> = parts()
                .flat_map(|d| &d.changes)
                .filter_map(|at| Some((scope.timeline.changes.get(*at)?.id.as_str(), *at)))
                .collect();
            out.batches.push(by_id.into_values().collect());
        }
        out.approvals = Distribution::of(waits);
        out
    }

    /// The sum over each batch; a batch of which something is not known is left out.
    fn batch(&self, size: impl Fn(&Change) -> Option<u64>) -> Found {
        let sums = self.batches.iter().filter(|batch| !batch.is_empty());
        let sums = sums.filter_map(|batch| {
            let sizes = batch.iter().map(|at| size(self.timeline.changes.get(*at)?));
            sizes.sum::<Option<u64>>()
        });
        let known = self.batches.iter().any(|batch| !batch.is_empty());
        many(
            Distribution::of(sums.map(|n| n as f64)),
            self.nothing(known),
        )
    }

    /// The values of delivered pull requests that have one. A review that nobody gave is no gap; a clone, which knows
    /// of merges and not of reviews, has one.
    fn pulls(&self, value: impl Fn(&Change) -> Option<f64>) -> Found {
        let pulls = self.changes.iter().filter(|c| c.pull.is_some());
        let values = pulls.filter_map(|change| value(change));
        let mut unread = self.changes.iter().filter(|c| c.pull.is_some());
        let gap = unread.any(|c| c.review_rounds.is_none());
        many(Distribution::of(values), self.nothing(gap))
    }

    /// The same of their tests, which are read of a few pull requests a run.
    fn tests(&self, value: impl Fn(&Ci) -> Option<Span>) -> Found {
        let tested = self.changes.iter().filter_map(|c| c.ci.as_ref());
        let values = tested.filter_map(|ci| value(ci).map(|span| span as f64));
        many(Distribution::of(values), self.nothing(self.any_pull()))
    }

    fn any_pull(&self) -> bool {
        self.changes.iter().any(|c| c.pull.is_some())
    }

    /// Why a row has no value: no deployment of the window has what it counts, or the data has a gap there.
    fn nothing(&self, gap: bool) -> &'static str {
        match (self.effective, self.only_baselines) {
            (0, _) => "no_deployments",
            (_, true) => "baseline_only",
            _ if gap => "truncated",
            _ => "no_deployments",
        }
    }
}

fn incidents(scope: &Scope<'_>, period: &Period) -> Option<(u64, u64)> {
    if scope.timeline.incidents.is_empty() {
        return None;
    }
    let (mut opened, mut open) = (0, 0);
    for incident in &scope.timeline.incidents {
        let blamed = incident.blamed.map(|(at, _)| at);
        let blamed = blamed.and_then(|at| scope.timeline.deployments.get(at));
        let service = incident.service.as_deref();
        if !scope.includes(service.or_else(|| blamed.and_then(|d| d.service.as_deref()))) {
            continue;
        }
        opened += u64::from(period.window.contains(incident.opened_at));
        let resolved = incident.resolved_at.is_some_and(|at| at < period.window.to);
        open += u64::from(incident.opened_at < period.window.to && !resolved);
    }
    Some((opened, open))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::Config;
    use crate::event::{
        Calendar, Deployment, Event, Events, Fact, Incident, Outcome, Pull, Source, Window,
        parse_instant,
    };

    fn at(hours: i64) -> Instant {
        parse_instant("2026-03-02").unwrap() + chrono::Duration::hours(hours)
    }

    fn event(id: &str, hours: i64, fact: Fact) -> Event {
        Event {
            id: id.to_owned(),
            time: at(hours),
            source: Source::History,
            updated: at(hours),
            fact,
        }
    }

    fn deployment(id: &str, hours: i64, outcome: Outcome, pulls: &[u64]) -> Event {
        let fact = Deployment {
            environment: "production".to_owned(),
            outcome,
            finished_at: Some(at(hours)),
            approval_seconds: (hours == 30).then_some(900),
            pulls: pulls.to_vec(),
            ..Deployment::default()
        };
        event(id, hours, Fact::Deployment(fact))
    }

    fn pull(number: u64, tested: bool) -> Event {
        let fact = Pull {
            number,
            created_at: Some(at(1)),
            ready_at: Some(at(2)),
            first_review_at: (number == 1).then(|| at(5)),
            merged_at: Some(at(9)),
            review_rounds: Some(u32::from(number == 1) * 2),
            lines: Some(10 * number),
            files: (number < 3).then_some(number),
            bot: number == 4,
            ci: tested.then_some(Ci {
                run_seconds: Some(600),
                queue_seconds: Some(20),
                runs: 3,
                flaky: 1,
            }),
            ..Pull::default()
        };
        event(&format!("pr:{number}"), 9, Fact::Pull(fact))
    }

    fn measured(events: Vec<Event>, id: &str) -> Found {
        let events: Events = events.into_iter().collect();
        let timeline = Timeline::fold(&events, &Config::default());
        let window = Window {
            from: at(0),
            to: at(100),
        };
        let period = Period::new(window, None, Calendar::default(), at(100));
        let sight = Sight::of(&Scope::overall(&timeline), &period);
        let row = BESIDE.iter().find(|row| row.id == id).unwrap();
        row.of(&sight)
    }

    fn history() -> Vec<Event> {
        let incident = |opened, resolved: Option<i64>| {
            Fact::Incident(Incident {
                opened_at: at(opened),
                resolved_at: resolved.map(at),
                service: None,
                causes: Vec::new(),
                fixed_by: None,
                title: None,
            })
        };
        vec![
            deployment("d0", 8, Outcome::Success, &[]),
            deployment("d1", 20, Outcome::Success, &[1, 2]),
            deployment("d2", 25, Outcome::Failure, &[]),
            deployment("d3", 30, Outcome::Success, &[3, 4]),
            pull(1, true),
            pull(2, true),
            pull(3, false),
            pull(4, true),
            event("inc:1", 21, incident(21, Some(22))),
            event("inc:2", 31, incident(31, None)),
        ]
    }

    fn values(found: Found) -> Vec<f64> {
        match found {
            Found::Many(of) => of.values,
            Found::Share(of) | Found::PerHundred(of) => vec![of.hits as f64, of.total as f64],
            Found::Count(n) => vec![n as f64],
            Found::Nothing(reason) => panic!("{reason}"),
        }
    }

    #[test]
    fn every_row_by_hand() {
        for (id, expected) in [
            ("deploy_success_rate", vec![3.0, 4.0]),
            ("rollback_rate", vec![0.0, 3.0]),
            ("revert_rate", vec![0.0, 3.0]),
            ("incidents_per_100_deployments", vec![2.0, 3.0]),
            ("open_incidents", vec![1.0]),
            // The first brought an unknown set, the others two each.
            ("batch_changes", vec![2.0, 2.0]),
            ("batch_lines", vec![30.0, 70.0]),
            // Files of one of the last two are not known.
            ("batch_files", vec![3.0]),
            // The fourth is a bot's.
            ("review_rounds", vec![0.0, 0.0, 2.0]),
            ("time_to_first_review", vec![3.0 * 3600.0]),
            ("time_to_merge", vec![8.0 * 3600.0; 3]),
            ("ci_queue", vec![20.0, 20.0]),
            ("ci_run", vec![600.0, 600.0]),
            ("ci_flaky_share", vec![2.0, 6.0]),
            ("approval_wait", vec![900.0]),
        ] {
            assert_eq!(values(measured(history(), id)), expected, "{id}");
        }
    }

    #[test]
    fn what_is_missing_has_the_reason_that_fits() {
        let only_first = || vec![deployment("d0", 8, Outcome::Success, &[])];
        let untested = || {
            let mut events = only_first();
            events.extend([deployment("d1", 20, Outcome::Success, &[3]), pull(3, false)]);
            events
        };
        for (id, none, first, untold) in [
            ("deploy_success_rate", "no_deployments", None, None),
            (
                "open_incidents",
                "no_incident_source",
                Some("no_incident_source"),
                Some("no_incident_source"),
            ),
            (
                "batch_changes",
                "no_deployments",
                Some("baseline_only"),
                None,
            ),
            (
                "batch_files",
                "no_deployments",
                Some("baseline_only"),
                Some("truncated"),
            ),
            (
                "ci_run",
                "no_deployments",
                Some("baseline_only"),
                Some("truncated"),
            ),
            (
                "time_to_first_review",
                "no_deployments",
                Some("baseline_only"),
                Some("no_deployments"),
            ),
            (
                "approval_wait",
                "no_deployments",
                Some("no_deployments"),
                Some("no_deployments"),
            ),
        ] {
            let reason = |events| match measured(events, id) {
                Found::Nothing(reason) => Some(reason),
                Found::Share(_) | Found::PerHundred(_) | Found::Count(_) | Found::Many(_) => None,
            };
            assert_eq!(reason(Vec::new()), Some(none), "{id}");
            assert_eq!(reason(only_first()), first, "{id}");
            assert_eq!(reason(untested()), untold, "{id}");
        }
    }
}
