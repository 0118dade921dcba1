//! Incidents and the deployments that caused them (rules CF1, CF2).

use std::collections::{BTreeMap, BTreeSet, HashMap};

use super::Remark;
use super::deployment::Deployment;
use super::naming::Names;
use crate::config::Config;
use crate::event::{self, Cause, Events, Fact, Instant, Span, seconds_between};

/// Most incidents that one remark names.
const NAMED: usize = 5;

/// An incident, with the deployment that it is blamed on.
#[derive(Debug, Clone)]
pub struct Incident {
    /// Event id.
    pub id: String,
    /// The service it names.
    pub service: Option<String>,
    /// Opened.
    pub opened_at: Instant,
    /// Resolved.
    pub resolved_at: Option<Instant>,
    /// The deployment blamed, by position, and why; `None` where nothing explains it.
    pub blamed: Option<(usize, Attribution)>,
    /// Position of the deployment that repaired it.
    pub fixed_by: Option<usize>,
}

/// How an incident found its deployment; the first that names one wins.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Attribution {
    /// It names the deployment.
    Explicit,
    /// It names a commit that the deployment delivered.
    Sha,
    /// It names a pull request that the deployment delivered.
    Pull,
    /// It opened while the deployment was rolling out.
    Rollout,
    /// The deployment is the latest before it.
    Time,
}

impl Attribution {
    /// The word in reports.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Explicit => "explicit",
            Self::Sha => "sha",
            Self::Pull => "pull",
            Self::Rollout => "rollout",
            Self::Time => "time",
        }
    }
}

/// Every incident, blamed on at most one deployment.
pub(super) fn attribute(
    events: &Events,
    deployments: &[Deployment],
    names: &Names<'_>,
    config: &Config,
) -> Vec<Incident> {
    let mut found: Vec<(&str, &event::Incident)> = events
        .iter()
        .filter_map(|event| Some((event.id.as_str(), event.fact.as_incident()?)))
        .collect();
    found.sort_by_key(|(id, fact)| (fact.opened_at, *id));
    let mut blame = Blame {
        events,
        horizon: config.rules.incident_horizon_seconds,
        deployments,
        names,
        lines: lines(deployments),
        rollouts: Rollouts::of(deployments),
    };
    found
        .into_iter()
        .map(|(id, fact)| {
            let fixed_by = fixer(fact, deployments, names);
            Incident {
                id: id.to_owned(),
                service: fact.service.clone(),
                opened_at: fact.opened_at,
                resolved_at: fact.resolved_at,
                blamed: blame.find(fact, fixed_by),
                fixed_by,
            }
        })
        .collect()
}

/// The deployment that fixed it. Where a pull request or a commit did, it is the first after the incident opened that
/// delivered it, of the service that it hurts if there is one.
fn fixer(
    incident: &event::Incident,
    deployments: &[Deployment],
    names: &Names<'_>,
) -> Option<usize> {
    let name = incident.fixed_by.as_deref()?;
    let mut delivered = names.delivering(name);
    delivered.retain(|at| deployments[*at].finished_at >= incident.opened_at);
    delivered.sort_unstable();
    let own = delivered
        .iter()
        .find(|at| incident.service.is_some() && deployments[**at].service == incident.service);
    names
        .by_id(name)
        .or_else(|| own.or(delivered.first()).copied())
}

/// Incidents that are not counted any more, said once for each reason.
pub(super) fn left_out(all: &Events) -> Vec<Remark> {
    let mut whys: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    for event in all.iter() {
        if let Fact::EventRetracted(taken) = &event.fact
            && all.get("incident", &taken.event).is_some()
        {
            whys.entry(&taken.why).or_default().push(&taken.event);
        }
    }
    let say = |(why, ids): (&str, Vec<&str>)| Remark {
        code: "incident_left_out",
        says: format!(
            "{} left out ({why}): {}{}.",
            match ids.len() {
                1 => "An incident is".to_owned(),
                n => format!("{n} incidents are"),
            },
            ids.iter()
                .take(NAMED)
                .copied()
                .collect::<Vec<_>>()
                .join(", "),
            if ids.len() > NAMED { " and more" } else { "" }
        ),
        help: None,
    };
    whys.into_iter().map(say).collect()
}

/// Effective deployments, in order: all of them under `None`, and each service's own.
fn lines(deployments: &[Deployment]) -> HashMap<Option<&str>, Vec<usize>> {
    let mut lines: HashMap<Option<&str>, Vec<usize>> = HashMap::new();
    for (at, deployment) in deployments.iter().enumerate() {
        if deployment.is_effective() {
            lines.entry(None).or_default().push(at);
            if let Some(service) = &deployment.service {
                lines.entry(Some(service)).or_default().push(at);
            }
        }
    }
    lines
}

/// The deployments that are rolling out at a moment; asked in order of time.
struct Rollouts {
    /// By start, the next one last.
    waiting: Vec<(Instant, usize)>,
    rolling: BTreeSet<(Instant, usize)>,
}

impl Rollouts {
    fn of(deployments: &[Deployment]) -> Self {
        let mut waiting: Vec<(Instant, usize)> = deployments
            .iter()
            .enumerate()
            .filter(|(_, d)| d.is_effective())
            .filter_map(|(at, d)| Some((d.started_at?, at)))
            .collect();
        waiting.sort_unstable_by(|a, b| b.cmp(a));
        Self {
            waiting,
            rolling: BTreeSet::new(),
        }
    }

    /// Those under way at this moment, the last started first.
    fn at(&mut self, now: Instant, deployments: &[Deployment]) -> impl Iterator<Item = usize> + '_ {
        while let Some(next) = self.waiting.pop_if(|(start, _)| *start <= now) {
            if now < deployments[next.1].finished_at {
                self.rolling.insert(next);
            }
        }
        self.rolling
            .retain(|(_, at)| now < deployments[*at].finished_at);
        self.rolling.iter().rev().map(|(_, at)| *at)
    }
}

struct Blame<'a> {
    events: &'a Events,
    horizon: Span,
    deployments: &'a [Deployment],
    names: &'a Names<'a>,
    lines: HashMap<Option<&'a str>, Vec<usize>>,
    rollouts: Rollouts,
}

impl Blame<'_> {
    /// Incidents come by opening time.
    fn find(
        &mut self,
        incident: &event::Incident,
        fixed_by: Option<usize>,
    ) -> Option<(usize, Attribution)> {
        if let Some(found) = self.named(incident, fixed_by) {
            return Some(found);
        }
        if self.names_another(incident) {
            return None;
        }
        let deployments = self.deployments;
        let fits = |at: &usize| {
            Some(*at) != fixed_by
                && (incident.service.is_none() || incident.service == deployments[*at].service)
        };
        let opened = incident.opened_at;
        if let Some(at) = self.rollouts.at(opened, deployments).find(fits) {
            return Some((at, Attribution::Rollout));
        }
        // Deployments are in order: the last that had finished is the latest.
        let line = self.lines.get(&incident.service.as_deref())?;
        let before = line.partition_point(|at| deployments[*at].finished_at <= opened);
        let latest = line[..before].iter().rev().copied().find(fits)?;
        let age = seconds_between(deployments[latest].finished_at, opened);
        (age <= self.horizon).then_some((latest, Attribution::Time))
    }

    /// It names a deployment that took no effect, or is not counted: then no other one is to blame by the clock.
    fn names_another(&self, incident: &event::Incident) -> bool {
        incident.causes.iter().any(|cause| {
            let Cause::Deployment(id) = cause else {
                return false;
            };
            match self.names.find(self.deployments, id) {
                Some(at) => !self.deployments[at].is_effective(),
                None => self.events.get("deployment", id).is_some(),
            }
        })
    }

    /// What the incident names; it need not be of the service that it hurts. A deployment's own id beats the rest.
    fn named(
        &self,
        incident: &event::Incident,
        fixed_by: Option<usize>,
    ) -> Option<(usize, Attribution)> {
        let fits = |at: &usize| self.deployments[*at].is_effective() && Some(*at) != fixed_by;
        // Several services deliver the same: the one that is hurt, else the first to have it.
        let other = |at: &usize| {
            incident.service.is_some() && incident.service != self.deployments[*at].service
        };
        let first = |list: &[usize]| {
            let fitting = list.iter().copied().filter(fits);
            fitting.min_by_key(|at| (other(at), *at))
        };
        let explicit = incident.causes.iter().find_map(|cause| match cause {
            Cause::Deployment(name) => self.names.find(self.deployments, name).filter(fits),
            Cause::Commit(_) | Cause::Pull(_) => None,
        });
        if let Some(at) = explicit {
            return Some((at, Attribution::Explicit));
        }
        incident.causes.iter().find_map(|cause| match cause {
            Cause::Deployment(_) => None,
            Cause::Commit(sha) => {
                let delivered = self.names.by_commit(sha);
                let found = first(&delivered).or_else(|| first(&self.deployed(sha)));
                Some((found?, Attribution::Sha))
            }
            Cause::Pull(number) => Some((first(&self.names.by_pull(*number))?, Attribution::Pull)),
        })
    }

    /// Deployments of the revision itself: of a first one it is not known what else it delivered.
    fn deployed(&self, sha: &str) -> Vec<usize> {
        let is =
            |revision: &String| revision == sha || (sha.len() >= 7 && revision.starts_with(sha));
        let line = self.lines.get(&None).into_iter().flatten().copied();
        line.filter(|at| self.deployments[*at].revisions.iter().any(is))
            .collect()
    }
}
