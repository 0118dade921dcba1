//! Change lead time (rules LT1 to LT12).

use std::collections::BTreeMap;

use super::{Distribution, Period, Scope};
use crate::event::{Instant, seconds_between};
use crate::timeline::{Change, DeliveredCommit, STAGES};

/// How long changes take to production.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct ChangeLeadTime {
    /// Without bots: the headline.
    pub all: Distribution,
    /// With them.
    pub with_bots: Distribution,
    /// By stage; `queue` lies within `merge`.
    pub stages: BTreeMap<&'static str, Distribution>,
    /// Merged to deployed.
    pub merge_to_deploy: Distribution,
    /// Opened to deployed.
    pub pr_created_to_deploy: Distribution,
    /// With the commit as unit, bots included.
    pub per_commit: Distribution,
    /// The same without bots.
    pub per_commit_of_people: Distribution,
    /// Changes whose deployment is known by time only.
    pub by_time: u64,
    /// Left out: change and reason.
    pub excluded: Vec<(String, &'static str)>,
    /// The deployments of the window are all baselines.
    pub only_baselines: bool,
    /// Any deployment in the window.
    pub any_deployment: bool,
    /// Changes merged and not deployed: ages, in seconds.
    pub undeployed: Option<Distribution>,
}

/// Measures the changes delivered in the window.
#[must_use]
pub fn measure(scope: &Scope<'_>, period: &Period) -> ChangeLeadTime {
    let mut out = ChangeLeadTime::default();
    let delivered = delivered(scope, period);
    let mut stages: BTreeMap<&'static str, Vec<f64>> = BTreeMap::new();
    let (mut people, mut everyone, mut merged, mut opened) = (vec![], vec![], vec![], vec![]);
    for change in &delivered {
        // Known even where the start is not.
        if !change.bot {
            let since = |at: Option<Instant>| {
                at.map(|at| seconds_between(at, change.deployed_at) as f64)
                    .filter(|s| *s >= 0.0)
            };
            merged.extend(since(change.merged_at));
            opened.extend(since(change.created_at));
        }
        let Some(lead) = change.lead_time() else {
            out.excluded.push((change.id.clone(), "no_start"));
            continue;
        };
        if lead < 0 {
            out.excluded.push((change.id.clone(), "negative"));
            continue;
        }
        out.by_time += u64::from(change.by_time);
        everyone.push(lead as f64);
        if change.bot {
            continue;
        }
        people.push(lead as f64);
        for stage in STAGES.iter().copied().chain(["queue"]) {
            let value = change.stages.get(stage).copied().flatten();
            stages
                .entry(stage)
                .or_default()
                .extend(value.map(|s| s as f64));
        }
    }
    out.all = Distribution::of(people);
    out.with_bots = Distribution::of(everyone);
    out.merge_to_deploy = Distribution::of(merged);
    out.pr_created_to_deploy = Distribution::of(opened);
    out.stages = stages
        .into_iter()
        .map(|(stage, values)| (stage, Distribution::of(values)))
        .collect();
    out.per_commit = per_commit(scope, period, true);
    out.per_commit_of_people = per_commit(scope, period, false);
    let mut units = scope.effective_in(period.window).peekable();
    out.any_deployment = units.peek().is_some();
    out.only_baselines = units
        .flat_map(|u| scope.deployments(u))
        .filter(|d| d.is_effective())
        .all(|d| d.baseline && d.changes.is_empty());
    out.undeployed = undeployed(scope, period);
    out
}

/// Changes by their first delivery; in a roll-up each counts once (rule LT5).
fn delivered<'t>(scope: &Scope<'t>, period: &Period) -> Vec<&'t Change> {
    let mut out: Vec<&Change> = scope
        .changes()
        .filter(|c| period.window.contains(c.deployed_at))
        .collect();
    out.sort_by(|a, b| (a.deployed_at, &a.id).cmp(&(b.deployed_at, &b.id)));
    out
}

fn per_commit(scope: &Scope<'_>, period: &Period, bots: bool) -> Distribution {
    let deployed = |commit: &DeliveredCommit| {
        let at = scope.timeline.deployments[commit.deployment].finished_at;
        (commit.authored_at, at)
    };
    let leads = scope
        .commits()
        .filter(|commit| bots || !commit.bot)
        .map(deployed)
        .filter(|(_, at)| period.window.contains(*at))
        .map(|(from, at)| seconds_between(from, at) as f64)
        .filter(|lead| *lead >= 0.0);
    Distribution::of(leads)
}

/// What waits now; only a window that reaches to now can say so (rule LT10).
fn undeployed(scope: &Scope<'_>, period: &Period) -> Option<Distribution> {
    if period.window.to < period.now {
        return None;
    }
    let mut oldest: BTreeMap<&str, Instant> = BTreeMap::new();
    for waiting in scope.timeline.waiting.as_ref()? {
        if scope.includes(waiting.service.as_deref()) {
            let slot = oldest.entry(&waiting.id).or_insert(waiting.since);
            *slot = (*slot).min(waiting.since);
        }
    }
    Some(Distribution::of(oldest.into_values().map(|since| {
        (seconds_between(since, period.now) as f64).max(0.0)
    })))
}
