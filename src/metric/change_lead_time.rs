//! Change lead time (rules LT1 to LT12).

use std::collections::BTreeMap;

use super::{Distribution, Period, Scope};
use crate::event::{Instant, seconds_between};
use crate::timeline::{Change, DeliveredCommit, PARTS, STAGES};

/// How long changes take to production.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct ChangeLeadTime {
    /// Without bots: the headline.
    pub all: Distribution,
    /// With them.
    pub with_bots: Distribution,
    /// By stage, and by what lies within stages.
    pub stages: BTreeMap<&'static str, Distribution>,
    /// Mean of each over all changes of the headline, an unknown one counting nothing: those of stages add up to its mean.
    pub stage_means: BTreeMap<&'static str, f64>,
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
    /// Begun more than two years before the merge: counted all the same.
    pub suspicious: Vec<String>,
    /// Left out: change and reason.
    pub excluded: Vec<(String, &'static str)>,
    /// The deployments of the window are all baselines.
    pub only_baselines: bool,
    /// Any deployment in the window.
    pub any_deployment: bool,
    /// Changes merged and not deployed; `None` where that is not known.
    pub undeployed: Option<Undeployed>,
}

/// Changes merged and not deployed.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Undeployed {
    /// How long they have waited, in seconds.
    pub ages: Distribution,
    /// Id of the one that has waited longest.
    pub oldest: Option<String>,
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
        if change.is_suspicious() {
            out.suspicious.push(change.id.clone());
        }
        for stage in STAGES.into_iter().chain(PARTS.map(|part| part.name)) {
            let value = change.stages.get(stage).copied().flatten();
            stages
                .entry(stage)
                .or_default()
                .extend(value.map(|s| s as f64));
        }
    }
    out.stage_means = means(&stages, people.len());
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

/// Over all changes, so that they add up.
fn means(stages: &BTreeMap<&'static str, Vec<f64>>, changes: usize) -> BTreeMap<&'static str, f64> {
    stages
        .iter()
        .filter(|(_, values)| !values.is_empty())
        .map(|(stage, values)| (*stage, values.iter().sum::<f64>() / changes as f64))
        .collect()
}

/// Changes by their first delivery; in a roll-up each counts once (rule LT5).
pub(super) fn delivered<'t>(scope: &Scope<'t>, period: &Period) -> Vec<&'t Change> {
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
fn undeployed(scope: &Scope<'_>, period: &Period) -> Option<Undeployed> {
    if period.window.to < period.now {
        return None;
    }
    let mut found: BTreeMap<&str, Instant> = BTreeMap::new();
    for waiting in scope.timeline.waiting.as_ref()? {
        let single = scope.service.is_some();
        if scope.includes(waiting.service.as_deref()) && (single || waiting.everywhere) {
            let slot = found.entry(&waiting.id).or_insert(waiting.since);
            *slot = (*slot).min(waiting.since);
        }
    }
    let oldest = found.iter().min_by_key(|(_, since)| **since);
    let age = |since: &Instant| (seconds_between(*since, period.now) as f64).max(0.0);
    Some(Undeployed {
        oldest: oldest.map(|(id, _)| (*id).to_owned()),
        ages: Distribution::of(found.values().map(age)),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::Config;
    use crate::event::{
        Calendar, Deployment, Event, Events, Fact, Outcome, Pull, Source, Window, parse_instant,
    };
    use crate::timeline::Timeline;

    /// Two pull requests delivered at noon of the third day; one was opened three years before.
    fn measured() -> (ChangeLeadTime, Timeline) {
        let at = |text: &str| parse_instant(text).unwrap();
        let event = |id: &str, time: &str, fact| Event {
            id: id.to_owned(),
            time: at(time),
            source: Source::History,
            updated: at(time),
            fact,
        };
        let deployment = |id: &str, time: &str, pulls: &[u64]| {
            let fact = Deployment {
                environment: "production".to_owned(),
                outcome: Outcome::Success,
                started_at: Some(at(time) - chrono::Duration::minutes(10)),
                finished_at: Some(at(time)),
                pulls: pulls.to_vec(),
                ..Deployment::default()
            };
            event(id, time, Fact::Deployment(fact))
        };
        let pull = |number: u64, opened: &str, reviewed: Option<&str>| {
            let fact = Pull {
                number,
                created_at: Some(at(opened)),
                first_review_at: reviewed.map(at),
                merged_at: Some(at("2026-03-04T10:00:00Z")),
                ..Pull::default()
            };
            event(
                &format!("pr:{number}"),
                "2026-03-04T10:00:00Z",
                Fact::Pull(fact),
            )
        };
        let events: Events = [
            deployment("d0", "2026-03-02T12:00:00Z", &[]),
            deployment("d1", "2026-03-04T12:00:00Z", &[1, 2]),
            pull(1, "2026-03-04T08:00:00Z", Some("2026-03-04T09:00:00Z")),
            pull(2, "2023-03-04T08:00:00Z", None),
        ]
        .into_iter()
        .collect();
        let timeline = Timeline::fold(&events, &Config::default());
        let window = Window {
            from: at("2026-03-01"),
            to: at("2026-03-08"),
        };
        let period = Period::new(window, None, Calendar::default(), window.to);
        (measure(&Scope::overall(&timeline), &period), timeline)
    }

    #[test]
    fn what_began_more_than_two_years_before_its_merge_counts_and_is_listed() {
        let (found, timeline) = measured();
        assert_eq!(found.all.n(), 2);
        assert_eq!(found.suspicious, ["2"]);
        assert!(found.excluded.is_empty());
        let remarks = timeline
            .remarks
            .iter()
            .filter(|r| r.code == "suspicious_start");
        let says: Vec<&str> = remarks.map(|r| r.says.as_str()).collect();
        assert_eq!(says.len(), 1, "{says:?}");
        assert!(says[0].ends_with(": 2."), "{says:?}");
    }

    #[test]
    fn means_of_stages_add_up_over_all_changes_where_medians_of_the_known_do_not() {
        let (found, _) = measured();
        // Of the two only one was reviewed: an hour of pickup in two changes.
        assert_eq!(found.stages["pickup"].values, [3600.0]);
        assert!((found.stage_means["pickup"] - 1800.0).abs() < 1e-9);
        let sum: f64 = STAGES.iter().filter_map(|s| found.stage_means.get(s)).sum();
        assert!((sum - found.all.mean().unwrap()).abs() < 1e-6, "{sum}");
        let medians = STAGES.iter().filter_map(|s| found.stages[s].quantile(0.5));
        assert!((medians.sum::<f64>() - found.all.quantile(0.5).unwrap()).abs() > 1.0);
    }
}
