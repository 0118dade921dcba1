//! The events behind a figure, and what was left out of it.

use std::collections::{BTreeMap, BTreeSet};

use super::document::{Item, Kind};
use crate::event::{Instant, seconds_between};
use crate::render::evidence;
use crate::report::v1::{Change, Deployment, Incident, Report};

/// Where a path names one of several: `change_lead_time.stages.review`, `deployment_rework_rate.by_kind.rollback`.
const PART: usize = 2;

/// What counts as one deployment: the parts of one run together (rules U3, RU1).
struct Unit<'a> {
    members: Vec<&'a Deployment>,
    at: Instant,
}

pub(super) fn inside(report: &Report, at: Instant) -> bool {
    report.window.from <= at && at < report.window.to
}

pub(super) fn succeeded(deployment: &Deployment) -> bool {
    deployment.outcome == "success"
}

/// Runs of which a part took effect, oldest first, with the parts that did.
fn units(report: &Report) -> Vec<Unit<'_>> {
    let mut runs: BTreeMap<&str, Vec<&Deployment>> = BTreeMap::new();
    for deployment in report.deployments.iter().filter(|d| succeeded(d)) {
        let key = deployment.run.as_deref().unwrap_or(&deployment.id);
        runs.entry(key).or_default().push(deployment);
    }
    let mut out: Vec<Unit<'_>> = runs
        .into_values()
        .filter_map(|members| {
            let at = members.iter().filter_map(|d| d.finished_at).max()?;
            Some(Unit { members, at })
        })
        .collect();
    out.sort_by_key(|unit| unit.at);
    out
}

fn in_window(report: &Report) -> Vec<Unit<'_>> {
    let mut out = units(report);
    out.retain(|unit| inside(report, unit.at));
    out
}

fn deployment(of: &Deployment, at: Option<Instant>, seconds: Option<f64>) -> Item {
    Item {
        kind: Kind::Deployment,
        id: of.id.clone(),
        at,
        seconds,
        says: evidence::verdict(of),
        evidence: of.evidence.clone(),
        url: of.url.clone(),
    }
}

/// A run as one item: the part that the figure is about stands for it.
fn unit(of: &Unit<'_>, about: impl Fn(&Deployment) -> bool, seconds: Option<f64>) -> Option<Item> {
    let chosen = of
        .members
        .iter()
        .find(|d| about(d))
        .or(of.members.first())?;
    let mut item = deployment(chosen, Some(of.at), seconds);
    if of.members.len() > 1 {
        let parts = format!("{} parts of one run", of.members.len());
        item.says = [parts, item.says]
            .into_iter()
            .filter(|t| !t.is_empty())
            .collect::<Vec<_>>()
            .join("; ");
    }
    Some(item)
}

fn newest_first(mut items: Vec<Item>) -> Vec<Item> {
    items.sort_by(|a, b| b.at.cmp(&a.at).then_with(|| a.id.cmp(&b.id)));
    items
}

fn chosen(report: &Report, about: impl Fn(&Deployment) -> bool) -> Vec<Item> {
    let units = in_window(report);
    let found = units
        .iter()
        .filter(|of| of.members.iter().any(|d| about(d)));
    newest_first(found.filter_map(|of| unit(of, &about, None)).collect())
}

pub(super) fn nothing(_: &Report, _: &[String]) -> Vec<Item> {
    Vec::new()
}

pub(super) fn effective(report: &Report, _: &[String]) -> Vec<Item> {
    chosen(report, |_| true)
}

pub(super) fn change_bearing(report: &Report, _: &[String]) -> Vec<Item> {
    chosen(report, |d| d.baseline || !d.changes.is_empty())
}

pub(super) fn by_environment(report: &Report, path: &[String]) -> Vec<Item> {
    chosen(report, |d| {
        path.get(PART).is_none_or(|name| *name == d.environment)
    })
}

pub(super) fn provisional(report: &Report, _: &[String]) -> Vec<Item> {
    let since = report.generated_at - chrono::Duration::hours(24);
    chosen(report, |d| d.finished_at.is_some_and(|at| at > since))
}

/// What the failures of the headline are a share of.
pub(super) fn judged(report: &Report, path: &[String]) -> Vec<Item> {
    let effective = effective(report, path);
    if counts_attempts(report) {
        return newest_first([effective, failed_attempts(report, path)].concat());
    }
    effective
}

/// The failures of the headline: failed attempts too where the team counts them (rule CF4).
pub(super) fn failed(report: &Report, path: &[String]) -> Vec<Item> {
    if counts_attempts(report) {
        return failed_and_attempts(report, path);
    }
    took_effect_and_failed(report)
}

fn took_effect_and_failed(report: &Report) -> Vec<Item> {
    chosen(report, |d| d.failed)
}

fn counts_attempts(report: &Report) -> bool {
    let policy = report.definition.parameters.get("failure.failed_attempts");
    policy.is_some_and(|policy| policy == "count")
}

pub(super) fn rework(report: &Report, _: &[String]) -> Vec<Item> {
    chosen(report, |d| d.rework)
}

pub(super) fn rework_by_kind(report: &Report, path: &[String]) -> Vec<Item> {
    chosen(report, |d| {
        d.rework
            && path
                .get(PART)
                .is_none_or(|kind| d.rework_kind.as_ref() == Some(kind))
    })
}

/// From one deployment to the next.
pub(super) fn gaps(report: &Report, _: &[String]) -> Vec<Item> {
    let units = units(report);
    let mut items = Vec::new();
    let mut before = None;
    for of in &units {
        if inside(report, of.at) {
            let gap = before.map(|b| seconds_between(b, of.at) as f64);
            items.extend(unit(of, |_| true, gap));
        }
        before = Some(of.at);
    }
    newest_first(items)
}

fn with_outcome(report: &Report, outcomes: &[&str]) -> Vec<Item> {
    let took_effect: BTreeSet<&str> = report
        .deployments
        .iter()
        .filter(|d| succeeded(d))
        .filter_map(|d| d.run.as_deref())
        .collect();
    let found = report.deployments.iter().filter(|d| {
        outcomes.contains(&d.outcome.as_str())
            && (succeeded(d)
                || !d
                    .run
                    .as_deref()
                    .is_some_and(|run| took_effect.contains(run)))
            && d.finished_at
                .or(d.started_at)
                .is_none_or(|at| inside(report, at))
    });
    newest_first(found.map(|d| deployment(d, d.finished_at, None)).collect())
}

pub(super) fn failed_attempts(report: &Report, _: &[String]) -> Vec<Item> {
    with_outcome(report, &["failure"])
}

pub(super) fn ignored(report: &Report, _: &[String]) -> Vec<Item> {
    with_outcome(report, &["ignored", "pending"])
}

pub(super) fn attempts(report: &Report, _: &[String]) -> Vec<Item> {
    with_outcome(report, &["success", "failure"])
}

pub(super) fn failed_and_attempts(report: &Report, path: &[String]) -> Vec<Item> {
    newest_first(
        [
            took_effect_and_failed(report),
            failed_attempts(report, path),
        ]
        .concat(),
    )
}

/// The repairs of the headline: those of failed attempts too where the team counts them (rule CF4).
pub(super) fn repairs(report: &Report, path: &[String]) -> Vec<Item> {
    if counts_attempts(report) {
        return repairs_and_attempts(report, path);
    }
    failures_repaired(report)
}

pub(super) fn repairs_and_attempts(report: &Report, path: &[String]) -> Vec<Item> {
    newest_first([failures_repaired(report), attempts_repaired(report, path)].concat())
}

/// Streaks of failed attempts of a service that a success ended in the window.
pub(super) fn attempts_repaired(report: &Report, _: &[String]) -> Vec<Item> {
    let mut listed: Vec<(Instant, &Deployment)> = report
        .deployments
        .iter()
        .filter_map(|d| Some((d.finished_at?, d)))
        .collect();
    listed.sort_by_key(|(at, d)| (*at, &d.id));
    let mut streaks: BTreeMap<Option<&str>, (Instant, &Deployment)> = BTreeMap::new();
    let mut items = Vec::new();
    for (at, of) in listed {
        let service = of.service.as_deref();
        if of.outcome == "failure" {
            streaks.entry(service).or_insert((at, of));
        } else if succeeded(of)
            && let Some((from, first)) = streaks.remove(&service)
            && inside(report, at)
        {
            let took = seconds_between(from, at).max(0) as f64;
            items.push(deployment(first, Some(at), Some(took)));
        }
    }
    newest_first(items)
}

/// Failed deployments that were restored in the window.
fn failures_repaired(report: &Report) -> Vec<Item> {
    let units = units(report);
    let mut items = Vec::new();
    for of in &units {
        let broken: Vec<&&Deployment> = of.members.iter().filter(|d| d.failed).collect();
        let ends: Option<Vec<Instant>> = broken.iter().map(|d| d.recovered_at).collect();
        let end = ends.and_then(|ends| ends.into_iter().max());
        if let Some((first, end)) = broken.first().zip(end.filter(|at| inside(report, *at))) {
            let took = first
                .finished_at
                .map(|from| seconds_between(from, end).max(0) as f64);
            items.extend(unit(of, |d| d.failed, took).map(|item| Item {
                at: Some(end),
                ..item
            }));
        }
    }
    newest_first(items)
}

/// Failed deployments that nothing had repaired at the window's end, with their age.
pub(super) fn open(report: &Report, path: &[String]) -> Vec<Item> {
    let recovery = &report.overall.metrics.failed_deployment_recovery_time;
    let position = path.get(PART).and_then(|at| at.parse::<usize>().ok());
    let listed = recovery.open.iter().enumerate();
    let asked = listed.filter(|(at, _)| position.is_none_or(|wanted| wanted == *at));
    let items = asked.map(|(_, open)| {
        let known = report.deployments.iter().find(|d| d.id == open.deployment);
        known.map_or_else(
            || Item {
                kind: Kind::Deployment,
                id: open.deployment.clone(),
                at: None,
                seconds: Some(open.age_seconds),
                says: "still open".to_owned(),
                evidence: Vec::new(),
                url: None,
            },
            |d| deployment(d, d.finished_at, Some(open.age_seconds)),
        )
    });
    newest_first(items.collect())
}

pub(super) fn repairs_and_open(report: &Report, _: &[String]) -> Vec<Item> {
    newest_first([repairs(report, &[]), open(report, &[])].concat())
}

/// Delivered changes, each at its first delivery (rule LT5).
pub(super) fn delivered(report: &Report) -> Vec<(&Change, Instant)> {
    let mut first: BTreeMap<&str, (&Change, Instant)> = BTreeMap::new();
    for change in &report.changes {
        if let Some(at) = change.deployed_at.filter(|at| inside(report, *at)) {
            let slot = first.entry(&change.id).or_insert((change, at));
            if at < slot.1 {
                *slot = (change, at);
            }
        }
    }
    first.into_values().collect()
}

fn changes(
    report: &Report,
    wanted: impl Fn(&Change) -> bool,
    seconds: impl Fn(&Change, Instant) -> Option<f64>,
) -> Vec<Item> {
    let found = delivered(report)
        .into_iter()
        .filter(|(change, _)| wanted(change));
    let items = found.filter_map(|(change, at)| {
        let took = seconds(change, at).filter(|s| *s >= 0.0)?;
        let by = change.deployment.as_deref().map(|id| format!("by {id}"));
        let bot = change.bot.then(|| "bot".to_owned());
        Some(Item {
            kind: Kind::Change,
            id: change.id.clone(),
            at: Some(at),
            seconds: Some(took),
            says: by.into_iter().chain(bot).collect::<Vec<_>>().join("; "),
            evidence: Vec::new(),
            url: None,
        })
    });
    newest_first(items.collect())
}

fn since(from: Option<Instant>, at: Instant) -> Option<f64> {
    from.map(|from| seconds_between(from, at) as f64)
}

pub(super) fn lead_times(report: &Report, _: &[String]) -> Vec<Item> {
    changes(report, |c| !c.bot, |c, _| c.lead_time_seconds)
}

pub(super) fn with_bots(report: &Report, _: &[String]) -> Vec<Item> {
    changes(report, |_| true, |c, _| c.lead_time_seconds)
}

pub(super) fn stage(report: &Report, path: &[String]) -> Vec<Item> {
    let Some(stage) = path.get(PART) else {
        return Vec::new();
    };
    changes(
        report,
        |c| !c.bot && c.lead_time_seconds.is_some_and(|s| s >= 0.0),
        |c, _| c.stages.get(stage).copied().flatten(),
    )
}

pub(super) fn merge_to_deploy(report: &Report, _: &[String]) -> Vec<Item> {
    changes(report, |c| !c.bot, |c, at| since(c.merged_at, at))
}

pub(super) fn created_to_deploy(report: &Report, _: &[String]) -> Vec<Item> {
    changes(report, |c| !c.bot, |c, at| since(c.created_at, at))
}

fn incident(of: &Incident, at: Instant, seconds: Option<f64>) -> Item {
    let blamed = of.deployment.as_ref().zip(of.attributed_by.as_ref());
    Item {
        kind: Kind::Incident,
        id: of.id.clone(),
        at: Some(at),
        seconds,
        says: blamed.map_or_else(
            || "no deployment explains it".to_owned(),
            |(deployment, how)| format!("caused by {deployment} ({how})"),
        ),
        evidence: Vec::new(),
        url: None,
    }
}

pub(super) fn unattributed(report: &Report, _: &[String]) -> Vec<Item> {
    let listed = &report.overall.metrics.change_fail_rate.unattributed;
    let found = report.incidents.iter().filter(|i| listed.contains(&i.id));
    newest_first(found.map(|i| incident(i, i.opened_at, None)).collect())
}

pub(super) fn detections(report: &Report, _: &[String]) -> Vec<Item> {
    let found = report
        .incidents
        .iter()
        .filter(|i| inside(report, i.opened_at));
    let items = found.filter_map(|i| {
        let id = i.deployment.as_ref()?;
        let from = report
            .deployments
            .iter()
            .find(|d| d.id == *id)?
            .finished_at?;
        Some(incident(
            i,
            i.opened_at,
            Some(seconds_between(from, i.opened_at).max(0) as f64),
        ))
    });
    newest_first(items.collect())
}

pub(super) fn restores(report: &Report, _: &[String]) -> Vec<Item> {
    let items = report.incidents.iter().filter_map(|i| {
        let at = i.resolved_at.filter(|at| inside(report, *at))?;
        let took = seconds_between(i.opened_at, at) as f64;
        (took >= 0.0).then(|| incident(i, at, Some(took)))
    });
    newest_first(items.collect())
}

pub(super) fn incidents_open(report: &Report, _: &[String]) -> Vec<Item> {
    let until = report.window.to;
    let found = report
        .incidents
        .iter()
        .filter(|i| i.opened_at < until && i.resolved_at.is_none_or(|at| at >= until));
    newest_first(found.map(|i| incident(i, i.opened_at, None)).collect())
}
