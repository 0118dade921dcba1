//! Deployments: raw records folded into the deployments that people count (rules U2 to U8).

use std::collections::{BTreeMap, BTreeSet, HashMap};

use super::graph::Graph;
use super::record::Raw;
use super::verdict::{Evidence, ReworkKind};
use super::{Remark, source};
use crate::config::{Config, DeploymentTime, Redeploys, Rules};
use crate::event::{Events, Instant, Outcome, Source, Span, seconds_between};

/// A deployment of one service to production, or an attempt at one.
#[expect(
    clippy::struct_excessive_bools,
    reason = "independent facts, each with its own rule"
)]
#[derive(Debug, Clone)]
pub struct Deployment {
    /// Id of the first record that it folds.
    pub id: String,
    /// Ids of all of them.
    pub ids: Vec<String>,
    /// Component.
    pub service: Option<String>,
    /// The environment that finished last.
    pub environment: String,
    /// What was deployed last.
    pub revision: Option<String>,
    /// Everything that was deployed; more than one where a run deploys several commits.
    pub revisions: Vec<String>,
    /// The repositories that it deployed from, where its source names them.
    pub repositories: BTreeSet<String>,
    /// How it ended.
    pub outcome: Outcome,
    /// Work on it began.
    pub started_at: Option<Instant>,
    /// It took effect everywhere, or failed; for a pending one, when it was created.
    pub finished_at: Instant,
    /// It took effect in the first of several environments.
    pub first_production_at: Option<Instant>,
    /// `finished_at` is the best known, not what the source says.
    pub approximate: bool,
    /// One part failed beside one that took effect.
    pub partial: bool,
    /// Records that it folds.
    pub attempts: u64,
    /// Workflow run.
    pub run: Option<String>,
    /// What it waited for before it began.
    pub waits: Waits,
    /// A page about it.
    pub url: Option<String>,
    /// Labels of all records.
    pub labels: BTreeSet<String>,
    /// Position of the effective deployment of the service before it.
    pub previous: Option<usize>,
    /// First effective deployment of the service (rule LT3).
    pub baseline: bool,
    /// The same version as the one before (rule U7).
    pub redeploy: bool,
    /// It brought back an earlier version (rule CF3).
    pub rollback: Option<Rollback>,
    /// Positions in `Timeline::changes`.
    pub changes: Vec<usize>,
    /// Its changes are known by time only.
    pub by_time: bool,
    /// Took effect and needed intervention.
    pub failed: bool,
    /// An unplanned repair, and of what kind.
    pub rework: Option<ReworkKind>,
    /// Why.
    pub evidence: Vec<Evidence>,
    /// Positions of the deployments that repaired it.
    pub remedies: Vec<usize>,
    /// When its failure was repaired.
    pub restored_at: Option<Instant>,
}

/// Seconds that a deployment waited before it began; `None` where it is not known to have waited.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Waits {
    /// For a runner.
    pub queue: Option<Span>,
    /// For somebody's approval.
    pub approval: Option<Span>,
    /// For the environment's timer.
    pub timer: Option<Span>,
}

/// A rollback and what it undid.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Rollback {
    /// Position of the deployment whose version came back.
    pub target: usize,
    /// Position of the first effective one after it.
    pub failed: usize,
    /// Within the grace period.
    pub race: bool,
}

impl Deployment {
    /// Whether it took effect.
    #[must_use]
    pub fn is_effective(&self) -> bool {
        self.outcome == Outcome::Success
    }

    /// Whether it tried and took no effect.
    #[must_use]
    pub fn is_failed_attempt(&self) -> bool {
        self.outcome == Outcome::Failure
    }

    /// From taking effect to its repair.
    #[must_use]
    pub fn restored_after(&self) -> Option<Span> {
        self.restored_at
            .map(|at| seconds_between(self.finished_at, at).max(0))
    }
}

/// Production's deployments, folded.
pub(super) fn fold(events: &Events, config: &Config, remarks: &mut Vec<Remark>) -> Vec<Deployment> {
    let raws: Vec<Raw<'_>> = events
        .iter()
        .filter_map(|event| Raw::of(event, config))
        .collect();
    let raws = source::select(raws, events, config, |raw| raw.event);
    let raws = production(raws, config, remarks);
    let services = services_of_runs(&raws);
    let mut groups: BTreeMap<(Option<&str>, &str), Vec<Raw<'_>>> = BTreeMap::new();
    for raw in raws {
        let run = raw.run();
        // The run that names its service knows better than the configuration what fits.
        let of_run = services.get(run).copied().flatten();
        let found = match of_run.filter(|_| raw.fact.service.is_none()) {
            Some(name) => vec![Some(name)],
            None => config.services_of(raw.fact),
        };
        for service in found {
            groups.entry((service, run)).or_default().push(raw);
        }
    }
    groups
        .into_iter()
        .map(|((service, _), group)| fold_group(service, &group, config.profile.time))
        .collect()
}

/// The service of each run that names exactly one: a record of that run without a service is of the same one.
fn services_of_runs<'e>(raws: &[Raw<'e>]) -> HashMap<&'e str, Option<&'e str>> {
    let mut out: HashMap<&str, Option<&str>> = HashMap::new();
    for raw in raws {
        let Some(service) = raw.fact.service.as_deref() else {
            continue;
        };
        out.entry(raw.run())
            .and_modify(|known| *known = known.filter(|k| *k == service))
            .or_insert(Some(service));
    }
    out
}

/// The records of production (rule U4).
fn production<'e>(raws: Vec<Raw<'e>>, config: &Config, remarks: &mut Vec<Remark>) -> Vec<Raw<'e>> {
    // Releases, tags and merges know no environment: what they mark is production by being marked.
    let marked = |r: &Raw<'_>| {
        matches!(
            r.event.source,
            Source::GithubReleases | Source::GitTags | Source::GitMerges
        )
    };
    let named = |r: &Raw<'_>| marked(r) || config.environments.is_production(&r.fact.environment);
    let flagged = |r: &Raw<'_>| r.fact.production == Some(true);
    let by_flag = !config.environments.is_configured() && !raws.iter().any(named);
    let mut others: BTreeMap<String, u64> = BTreeMap::new();
    let mut kept = Vec::new();
    for raw in raws {
        let counts = if by_flag { flagged(&raw) } else { named(&raw) };
        if counts && !raw.fact.transient {
            kept.push(raw);
        } else {
            *others.entry(raw.fact.environment.clone()).or_default() += 1;
        }
    }
    if !others.is_empty() {
        let mut list: Vec<(String, u64)> = others.into_iter().collect();
        list.sort_by(|a, b| b.1.cmp(&a.1).then_with(|| a.0.cmp(&b.0)));
        let shown: Vec<String> = list
            .iter()
            .take(8)
            .map(|(n, c)| format!("{n} ({c})"))
            .collect();
        let more = list.len().saturating_sub(8);
        let tail = if more > 0 {
            format!(" and {more} more")
        } else {
            String::new()
        };
        remarks.push(Remark {
            code: if kept.is_empty() {
                "no_production_environment"
            } else {
                "environments_left_out"
            },
            says: format!(
                "Deployments to these environments are not counted: {}{tail}.",
                shown.join(", ")
            ),
            help: Some("List production under `environments` in .github/fivekeys.yml.".to_owned()),
        });
    }
    kept
}

/// One part of a run: an environment, a repository, a commit. Its attempts follow one another.
type PartKey<'e> = (&'e str, Option<&'e str>, Option<&'e str>);

fn fold_group(service: Option<&str>, group: &[Raw<'_>], time: DeploymentTime) -> Deployment {
    let mut parts: BTreeMap<PartKey<'_>, Vec<&Raw<'_>>> = BTreeMap::new();
    for raw in group {
        let fact = raw.fact;
        let key = (
            fact.environment.as_str(),
            fact.repository.as_deref(),
            fact.revision.as_deref(),
        );
        parts.entry(key).or_default().push(raw);
    }
    // The first success ends a part (rule U2); the last part ends the deployment (rule U3).
    let ended: Vec<&Raw<'_>> = parts
        .values()
        .filter_map(|part| {
            let successes = part.iter().filter(|r| r.outcome == Outcome::Success);
            if time == DeploymentTime::LastSuccess {
                successes.max_by_key(|r| (r.at(), &r.event.id)).copied()
            } else {
                successes.min_by_key(|r| (r.at(), &r.event.id)).copied()
            }
        })
        .collect();
    let outcome = group
        .iter()
        .map(|r| r.outcome)
        .max()
        .unwrap_or(Outcome::Ignored);
    let decisive: Vec<&Raw<'_>> = if ended.is_empty() {
        group.iter().filter(|r| r.outcome == outcome).collect()
    } else {
        ended
    };
    let partial = outcome == Outcome::Success
        && parts.values().any(|part| {
            part.iter().any(|r| r.outcome == Outcome::Failure)
                && part.iter().all(|r| r.outcome != Outcome::Success)
        });
    let mut deployment = Deployment {
        service: service.map(str::to_owned),
        ..assemble(group, &decisive, outcome, partial)
    };
    if time == DeploymentTime::Started {
        deployment.finished_at = deployment.started_at.unwrap_or(deployment.finished_at);
    }
    deployment
}

/// They belong to the part that began first, as the start does.
fn waits(decisive: &[&Raw<'_>]) -> Waits {
    let first = decisive
        .iter()
        .min_by_key(|r| (r.fact.started_at.unwrap_or(r.at()), &r.event.id));
    first
        .map(|r| Waits {
            queue: r.fact.queue_seconds,
            approval: r.fact.approval_seconds,
            timer: r.fact.timer_seconds,
        })
        .unwrap_or_default()
}

fn assemble(
    group: &[Raw<'_>],
    decisive: &[&Raw<'_>],
    outcome: Outcome,
    partial: bool,
) -> Deployment {
    let order = |r: &&Raw<'_>| (r.at(), r.event.id.clone());
    let first = group.iter().min_by_key(|r| order(r)).unwrap_or(&group[0]);
    let last = decisive
        .iter()
        .max_by_key(|r| order(r))
        .unwrap_or(&decisive[0]);
    let mut ids: Vec<String> = group.iter().map(|r| r.event.id.clone()).collect();
    ids.sort();
    let mut revisions: Vec<String> = decisive
        .iter()
        .filter_map(|r| r.fact.revision.clone())
        .collect();
    revisions.sort();
    revisions.dedup();
    Deployment {
        id: first.event.id.clone(),
        ids,
        service: None,
        environment: last.fact.environment.clone(),
        revision: last.fact.revision.clone(),
        revisions,
        repositories: group
            .iter()
            .filter_map(|r| r.fact.repository.clone())
            .collect(),
        outcome,
        started_at: decisive.iter().filter_map(|r| r.fact.started_at).min(),
        finished_at: last.at(),
        first_production_at: (outcome == Outcome::Success)
            .then(|| decisive.iter().map(|r| r.at()).min())
            .flatten(),
        approximate: last.fact.approximate,
        partial,
        attempts: group.len() as u64,
        run: first.fact.run.clone(),
        waits: waits(decisive),
        url: decisive.iter().find_map(|r| r.fact.url.clone()),
        labels: group
            .iter()
            .flat_map(|r| r.fact.labels.iter().cloned())
            .collect(),
        previous: None,
        baseline: false,
        redeploy: false,
        rollback: None,
        changes: Vec::new(),
        by_time: false,
        failed: false,
        rework: None,
        evidence: Vec::new(),
        remedies: Vec::new(),
        restored_at: None,
    }
}

/// Sorts (rule U8), links each to its predecessor, and finds the baselines (rule LT3).
pub(super) fn order(
    deployments: &mut [Deployment],
    known_baselines: Option<&BTreeMap<String, String>>,
) {
    deployments.sort_by(|a, b| (a.finished_at, &a.id).cmp(&(b.finished_at, &b.id)));
    let mut latest: BTreeMap<Option<String>, usize> = BTreeMap::new();
    for (at, deployment) in deployments.iter_mut().enumerate() {
        deployment.previous = latest.get(&deployment.service).copied();
        if deployment.is_effective() {
            let name = deployment.service.clone().unwrap_or_default();
            deployment.baseline = deployment.previous.is_none()
                && known_baselines.is_none_or(|known| {
                    known
                        .get(&name)
                        .is_none_or(|id| deployment.ids.contains(id))
                });
            latest.insert(deployment.service.clone(), at);
        }
    }
}

/// The same version again (rule U7); where the policy drops it, it is ignored. True when one was.
pub(super) fn mark_redeploys(deployments: &mut [Deployment], config: &Config) -> bool {
    let mut dropped = false;
    for at in 0..deployments.len() {
        let Some(previous) = deployments[at].previous else {
            continue;
        };
        let same = deployments[at].revision.is_some()
            && deployments[at].revisions == deployments[previous].revisions;
        if same && deployments[at].is_effective() {
            deployments[at].redeploy = true;
            if config.rules.redeploys == Redeploys::Drop {
                deployments[at].outcome = Outcome::Ignored;
                dropped = true;
            }
        }
    }
    dropped
}

/// Rollbacks: a version seen before that is an ancestor of the one it replaces (rule CF3).
pub(super) fn find_rollbacks(deployments: &mut [Deployment], graph: &Graph<'_>, rules: &Rules) {
    let mut services: BTreeMap<Option<&str>, Vec<usize>> = BTreeMap::new();
    for (at, deployment) in deployments.iter().enumerate() {
        if deployment.is_effective() {
            services
                .entry(deployment.service.as_deref())
                .or_default()
                .push(at);
        }
    }
    let found: Vec<(usize, Rollback)> = services
        .values()
        .flat_map(|line| rollbacks_of(line, deployments, graph, rules))
        .collect();
    for (at, rollback) in found {
        deployments[at].rollback = Some(rollback);
    }
}

fn rollbacks_of(
    line: &[usize],
    deployments: &[Deployment],
    graph: &Graph<'_>,
    rules: &Rules,
) -> Vec<(usize, Rollback)> {
    let mut out = Vec::new();
    let mut last_seen: HashMap<&str, usize> = HashMap::new();
    let mut first_seen: HashMap<&str, usize> = HashMap::new();
    for (place, at) in line.iter().enumerate() {
        let deployment = &deployments[*at];
        let Some(revision) = deployment.revision.as_deref() else {
            continue;
        };
        if let Some(target) = last_seen.get(revision)
            && !deployment.redeploy
            && let Some(replaced) = place.checked_sub(1).map(|p| line[p])
            && goes_back(revision, &deployments[replaced], graph, &first_seen)
        {
            let failed = line[target + 1];
            let age = seconds_between(deployments[failed].finished_at, deployment.finished_at);
            let rollback = Rollback {
                target: line[*target],
                failed,
                race: age < rules.rollback_grace_seconds,
            };
            out.push((*at, rollback));
        }
        first_seen.entry(revision).or_insert(place);
        last_seen.insert(revision, place);
    }
    out
}

/// Ancestry where the graph knows both versions, else the order in which they were first seen.
fn goes_back(
    revision: &str,
    replaced: &Deployment,
    graph: &Graph<'_>,
    first_seen: &HashMap<&str, usize>,
) -> bool {
    let Some(current) = &replaced.revision else {
        return false;
    };
    match (graph.find(revision), graph.find(current)) {
        (Some(old), Some(new)) => graph.is_ancestor(old, new),
        _ => first_seen.get(revision) < first_seen.get(current.as_str()),
    }
}
