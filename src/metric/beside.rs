//! What stands beside the five, never called DORA (rule RE): one row each.

use std::collections::BTreeMap;

use super::{Distribution, Period, Proportion, Scope};
use crate::event::{Instant, seconds_between};
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
    /// Nothing, and why (rule MD1).
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
        look: |s| s.pulls(|change| change.ci.as_ref()?.queue_seconds.map(|v| v as f64)),
    },
    Row {
        id: "ci_run",
        title: "CI run time",
        definition: "From the first workflow run of a pull request's last commit to the end of the last, those run again apart; bots apart.",
        measure: Measure::Seconds,
        look: |s| s.pulls(|change| change.ci.as_ref()?.run_seconds.map(|v| v as f64)),
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
                s.no_pull_data(),
            )
        },
    },
    Row {
        id: "approval_wait",
        title: "Wait for approval",
        definition: "Time that a deployment waited for somebody's approval, beyond the environment's timer, of those that had to.",
        measure: Measure::Seconds,
        look: |s| {
            if s.approvals.values.is_empty() {
                // An environment without rules is no gap in the data, but neither is it a wait of no time.
                Found::Nothing(if s.effective == 0 {
                    "no_deployments"
                } else {
                    "truncated"
                })
            } else {
                Found::Many(s.approvals.clone())
            }
        },
    },
];

fn share(hits: u64, total: u64, reason: &'static str) -> Found {
    if total == 0 {
        return Found::Nothing(reason);
    }
    Found::Share(Proportion { hits, total })
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
        let found = Distribution::of(sums.map(|n| n as f64));
        if !found.values.is_empty() {
            return Found::Many(found);
        }
        Found::Nothing(self.no_pull_data())
    }

    /// The values of delivered pull requests that have one.
    fn pulls(&self, value: impl Fn(&Change) -> Option<f64>) -> Found {
        let values = self.changes.iter().filter(|c| c.pull.is_some());
        let found = Distribution::of(values.filter_map(|change| value(change)));
        if !found.values.is_empty() {
            return Found::Many(found);
        }
        Found::Nothing(self.no_pull_data())
    }

    /// Why no delivered change has what a row asks for.
    fn no_pull_data(&self) -> &'static str {
        if self.effective == 0 {
            "no_deployments"
        } else if self.only_baselines {
            "baseline_only"
        } else {
            "truncated"
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
