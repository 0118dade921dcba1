//! One event by its id: what was judged of it, by which rule and which evidence, and where its time went.

use serde_json::Value;

use super::build::{frame, parameters, shown};
use super::document::{Explanation, Fact, Item, Kind, Measure, Part, Reason};
use super::verdict::{cited, verdicts};
use super::{escape, evidence, humanize, rule};
use crate::event::{Instant, seconds_between};
use crate::render::distribution::STAGES;
use crate::report::v1::{Change, Deployment, Incident, Report};

/// Shortest commit that names something.
const SHORTEST_SHA: usize = 7;

/// An event of the report.
#[derive(Debug, Clone, Copy)]
pub(super) enum Found<'r> {
    Deployment(&'r Deployment),
    Change(&'r Change),
    Incident(&'r Incident),
}

/// The event that a name means: by id, by number, by commit, or by the beginning of its id where one begins so.
pub(super) fn find<'r>(report: &'r Report, name: &str) -> Option<Found<'r>> {
    let name = name.trim();
    let change = name
        .strip_prefix("pr:")
        .or_else(|| name.strip_prefix('#'))
        .unwrap_or(name);
    let exact = (report
        .deployments
        .iter()
        .find(|d| d.id == name)
        .map(Found::Deployment))
    .or_else(|| {
        report
            .changes
            .iter()
            .find(|c| c.id == change)
            .map(Found::Change)
    })
    .or_else(|| {
        report
            .incidents
            .iter()
            .find(|i| i.id == name)
            .map(Found::Incident)
    });
    exact
        .or_else(|| by_commit(report, name))
        .or_else(|| by_beginning(report, name))
}

fn by_commit<'r>(report: &'r Report, name: &str) -> Option<Found<'r>> {
    let is_sha =
        (SHORTEST_SHA..=64).contains(&name.len()) && name.bytes().all(|b| b.is_ascii_hexdigit());
    let sha = name.to_ascii_lowercase();
    if !is_sha {
        return None;
    }
    let change = report
        .changes
        .iter()
        .find(|c| c.id.starts_with(&sha))
        .map(Found::Change);
    change.or_else(|| {
        let mut deployed = report
            .deployments
            .iter()
            .filter(|d| d.revision.as_deref().is_some_and(|r| r.starts_with(&sha)));
        deployed.next().map(Found::Deployment)
    })
}

fn by_beginning<'r>(report: &'r Report, name: &str) -> Option<Found<'r>> {
    let starts = |id: &str| {
        let tag = id.strip_prefix("tag:").unwrap_or(id);
        [id, tag].iter().any(|id| {
            id.strip_prefix(name)
                .is_some_and(|rest| rest.starts_with(['@', '/']))
        })
    };
    let mut found = (report
        .deployments
        .iter()
        .filter(|d| starts(&d.id))
        .map(Found::Deployment))
    .chain(
        report
            .incidents
            .iter()
            .filter(|i| starts(&i.id))
            .map(Found::Incident),
    );
    let first = found.next()?;
    found.next().is_none().then_some(first)
}

/// Explains it.
#[must_use]
pub(super) fn explain(report: &Report, found: &Found<'_>, service: Option<&str>) -> Explanation {
    match found {
        Found::Deployment(deployment) => of_deployment(report, deployment, service),
        Found::Change(change) => of_change(report, change, service),
        Found::Incident(incident) => of_incident(report, incident, service),
    }
}

/// Known facts, without those that are not.
struct Facts<'r> {
    zone: &'r str,
    list: Vec<Fact>,
}

impl<'r> Facts<'r> {
    fn of(report: &'r Report) -> Self {
        Self {
            zone: &report.window.timezone,
            list: Vec::new(),
        }
    }

    fn text(&mut self, name: &str, value: Option<&str>) {
        self.list
            .extend(value.filter(|v| !v.is_empty()).map(|value| Fact {
                name: name.to_owned(),
                value: escape::visible(value),
            }));
    }

    fn time(&mut self, name: &str, at: Option<Instant>) {
        let text = at.map(|at| humanize::minute(at, self.zone));
        self.text(name, text.as_deref());
    }
}

fn of_deployment(report: &Report, of: &Deployment, service: Option<&str>) -> Explanation {
    let mut facts = Facts::of(report);
    facts.text("service", of.service.as_deref());
    facts.text("environment", Some(&of.environment));
    facts.text("revision", of.revision.as_deref());
    facts.time("started", of.started_at);
    facts.time("finished", of.finished_at);
    facts.text("outcome", Some(&of.outcome));
    facts.text("deployment before it", of.previous.as_deref());
    facts.time("repaired", of.recovered_at);
    facts.text("workflow run", of.run.as_deref());
    facts.text(
        "page",
        of.url.as_deref().and_then(escape::address).as_deref(),
    );
    let arithmetic = verdicts(report, of);
    let short = match (of.outcome.as_str(), of.failed, of.rework) {
        ("success", true, true) => "failed, and rework itself",
        ("success", true, false) => "failed",
        ("success", false, true) => "took effect, as rework",
        ("success", false, false) => "took effect",
        ("failure", _, _) => "failed attempt",
        ("pending", _, _) => "pending",
        _ => "ignored",
    };
    let delivered = evidence::delivered(report, of).into_iter();
    let blamed = report.incidents.iter().filter(|i| {
        i.deployment.as_deref() == Some(&of.id) || i.fixed_by.as_deref() == Some(&of.id)
    });
    Explanation {
        title: format!("Deployment {}", escape::brief(&of.id)),
        shown: short.to_owned(),
        definition:
            "What was judged of this deployment, by which rule, and what it delivered first."
                .to_owned(),
        rules: rule::listed(&cited(&arithmetic)),
        parameters: parameters(report, None),
        events: delivered
            .map(change_item)
            .chain(blamed.map(|i| incident_item(i, of)))
            .collect(),
        arithmetic,
        facts: facts.list,
        would_change: vec![format!(
            "A correction, where this is wrong: `fivekeys deploy --amend {} --failed` or `--not-failed`.",
            escape::brief(&of.id)
        )],
        ..frame(
            report,
            Kind::Deployment,
            of.id.clone(),
            service,
            (Value::Null, Measure::Text),
        )
    }
}

fn change_item(of: &Change) -> Item {
    Item {
        kind: Kind::Change,
        id: of.id.clone(),
        at: of.merged_at.or(of.started_at),
        seconds: of.lead_time_seconds,
        says: if of.bot {
            "delivered; bot"
        } else {
            "delivered"
        }
        .to_owned(),
        evidence: Vec::new(),
        url: None,
    }
}

fn incident_item(of: &Incident, deployment: &Deployment) -> Item {
    let blamed = of.deployment.as_deref() == Some(&deployment.id);
    Item {
        kind: Kind::Incident,
        id: of.id.clone(),
        at: Some(of.opened_at),
        seconds: of
            .resolved_at
            .map(|at| seconds_between(of.opened_at, at) as f64),
        says: if blamed {
            "blamed on it"
        } else {
            "repaired by it"
        }
        .to_owned(),
        evidence: Vec::new(),
        url: None,
    }
}

fn facts_of_change(report: &Report, of: &Change) -> Vec<Fact> {
    let mut facts = Facts::of(report);
    facts.text("service", of.service.as_deref());
    for (name, at) in [
        ("started", of.started_at),
        ("pull request opened", of.created_at),
        ("ready for review", of.ready_at),
        ("first review", of.first_review_at),
        ("last approval", of.approved_at),
        ("merged", of.merged_at),
        ("deployed", of.deployed_at),
    ] {
        facts.time(name, at);
    }
    facts.text("delivered first by", of.deployment.as_deref());
    facts.text("lines", of.lines.map(|lines| lines.to_string()).as_deref());
    facts.list
}

fn of_change(report: &Report, of: &Change, service: Option<&str>) -> Explanation {
    let seconds = of.lead_time_seconds;
    let left_out = &report.overall.metrics.change_lead_time.excluded;
    let excluded = left_out.iter().find(|e| e.change == of.id);
    let mut arithmetic = Vec::new();
    if let Some((from, to)) = of.started_at.zip(of.deployed_at) {
        arithmetic.push(format!(
            "From {} to {} (LT2, LT4).",
            humanize::minute(from, &report.window.timezone),
            humanize::minute(to, &report.window.timezone)
        ));
    }
    let known: f64 = of
        .stages
        .iter()
        .filter(|(name, _)| *name != "queue")
        .filter_map(|(_, s)| *s)
        .sum();
    if seconds.is_some_and(|s| (s - known).abs() < 0.5) {
        arithmetic.push("Its stages add up to its lead time exactly (LT9).".to_owned());
    }
    if of.bot {
        arithmetic.push(
            "A bot made it: it stands in `with_bots` and not in the headline (LT8).".to_owned(),
        );
    }
    arithmetic.extend(excluded.map(|_| "It is left out of the lead time (LT6).".to_owned()));
    let deployment = report
        .deployments
        .iter()
        .filter(|d| Some(&d.id) == of.deployment.as_ref());
    let value = seconds.map_or(Value::Null, Value::from);
    Explanation {
        title: format!("Change {}", evidence::change_name(&of.id)),
        shown: seconds.map_or_else(|| humanize::NOTHING.to_owned(), humanize::exact),
        reason: excluded.map(|e| Reason {
            code: Some(e.reason.clone()),
            says: humanize::reason(&e.reason),
        }),
        definition: "How long this change took to reach production, and where the time went."
            .to_owned(),
        rules: rule::listed(&cited(&arithmetic)),
        parameters: parameters(report, Some("change_lead_time")),
        parts: stages(of),
        events: deployment.map(deployment_item).collect(),
        arithmetic,
        facts: facts_of_change(report, of),
        ..frame(
            report,
            Kind::Change,
            of.id.clone(),
            service,
            (value, Measure::Seconds),
        )
    }
}

/// The stages in the order of work, then any other.
fn stages(of: &Change) -> Vec<Part> {
    let others = of
        .stages
        .keys()
        .map(String::as_str)
        .filter(|name| !STAGES.contains(name));
    STAGES
        .into_iter()
        .chain(others)
        .filter_map(|name| {
            let seconds = *of.stages.get(name)?;
            let value = seconds.map_or(Value::Null, Value::from);
            Some(Part {
                figure: format!("stages.{}", escape::brief(name)),
                shown: seconds.map_or_else(|| shown(Measure::Seconds, &value), humanize::exact),
                value,
                unit: Measure::Seconds,
            })
        })
        .collect()
}

fn deployment_item(of: &Deployment) -> Item {
    Item {
        kind: Kind::Deployment,
        id: of.id.clone(),
        at: of.finished_at,
        seconds: None,
        says: evidence::verdict(of),
        evidence: of.evidence.clone(),
        url: of.url.clone(),
    }
}

fn of_incident(report: &Report, of: &Incident, service: Option<&str>) -> Explanation {
    let mut facts = Facts::of(report);
    facts.text("service", of.service.as_deref());
    facts.time("opened", Some(of.opened_at));
    facts.time("resolved", of.resolved_at);
    facts.text("caused by", of.deployment.as_deref());
    facts.text("repaired by", of.fixed_by.as_deref());
    let mut arithmetic = vec![match of.attributed_by.as_deref() {
        Some("manual") => "A person said which deployment caused it (CF1).",
        Some("explicit") => "It names the deployment that caused it (CF1).",
        Some("sha") => "It names a commit; the deployment that delivered it first caused it (CF1).",
        Some("pull") => "It names a pull request; the deployment that delivered it first caused it (CF1).",
        Some("rollout") => "It was opened while the deployment rolled out (CF2).",
        Some("time") => "It names nothing, so the latest deployment before it within the horizon is blamed (CF2).",
        Some(_) => "A deployment is blamed for it (CF1).",
        None => "No deployment explains it, so it makes none fail (CF2).",
    }
    .to_owned()];
    let seconds = of
        .resolved_at
        .map(|at| seconds_between(of.opened_at, at) as f64);
    arithmetic.push(match seconds {
        Some(s) if s < 0.0 => {
            "It was resolved before it was opened: two clocks disagree, so it is not timed (LT6)."
                .to_owned()
        }
        Some(s) => format!("Opened to resolved took {} (FD1).", humanize::exact(s)),
        None => "It is not resolved yet (FD3).".to_owned(),
    });
    let concerned = report.deployments.iter().filter(|d| {
        Some(&d.id) == of.deployment.as_ref()
            || Some(&d.id) == of.fixed_by.as_ref()
            || d.evidence.iter().any(|e| e.event == of.id)
    });
    Explanation {
        title: format!("Incident {}", escape::brief(&of.id)),
        shown: seconds.map_or_else(|| "open".to_owned(), humanize::exact),
        definition: "Which deployment this incident is blamed on, why, and how long it lasted.".to_owned(),
        rules: rule::listed(&cited(&arithmetic)),
        parameters: parameters(report, None),
        events: concerned.map(deployment_item).collect(),
        arithmetic,
        facts: facts.list,
        would_change: vec!["A cause that it names itself, such as `Caused-by: #12`, or `fivekeys incident open --caused-by`.".to_owned()],
        ..frame(report, Kind::Incident, of.id.clone(), service, (seconds.map_or(Value::Null, Value::from), Measure::Seconds))
    }
}
