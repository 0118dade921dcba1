//! Verdicts: which deployments failed, which were rework, each with its evidence (rules CF1 to CF5, RW1).

use std::collections::{BTreeMap, HashMap, HashSet};

use super::Remark;
use super::delivery::Delivery;
use super::deployment::Deployment;
use super::graph::Graph;
use super::incident::{Attribution, Incident};
use super::naming::Names;
use super::verdict::{Confidence, Evidence, EvidenceKind, ReworkKind};
use crate::config::Config;
use crate::event::{Correction, Events, Fact, Pull, Undoes, seconds_between};

/// Code of the remark on a word about a deployment that is not known.
const UNKNOWN: &str = "unknown_deployment";

struct Judge<'a> {
    deployments: &'a mut [Deployment],
    delivery: &'a Delivery,
    config: &'a Config,
    graph: &'a Graph<'a>,
    pulls: &'a BTreeMap<u64, &'a Pull>,
    subjects: Subjects<'a>,
}

/// Deployments, in order, that delivered a change with a subject, by service and subject.
type Subjects<'a> = HashMap<(Option<&'a str>, &'a str), Vec<usize>>;

fn subjects<'a>(
    delivery: &'a Delivery,
    graph: &Graph<'a>,
    pulls: &BTreeMap<u64, &'a Pull>,
) -> Subjects<'a> {
    let mut out = Subjects::new();
    let by_commit = delivery.commits.iter().filter_map(|c| graph.find(&c.sha));
    let wanted: HashSet<&str> = by_commit
        .map(|node| &graph.commit(node).undoes)
        .chain(pulls.values().map(|p| &p.undoes))
        .filter_map(|undoes| undoes.subject.as_deref())
        .collect();
    if wanted.is_empty() {
        return out;
    }
    for change in &delivery.changes {
        let subject = match change.pull.and_then(|n| pulls.get(&n)) {
            Some(pull) => pull.subject.as_deref(),
            None => graph
                .find(&change.id)
                .and_then(|n| graph.commit(n).subject.as_deref()),
        };
        if let Some(subject) = subject.filter(|s| wanted.contains(s)) {
            let key = (change.service.as_deref(), subject);
            out.entry(key).or_default().push(change.deployment);
        }
    }
    out
}

/// What is known when the judging begins.
pub(super) struct Known<'a> {
    pub(super) incidents: &'a [Incident],
    pub(super) delivery: &'a Delivery,
    pub(super) names: &'a Names<'a>,
    pub(super) graph: &'a Graph<'a>,
    pub(super) pulls: &'a BTreeMap<u64, &'a Pull>,
}

/// Judges every deployment.
pub(super) fn judge(
    deployments: &mut [Deployment],
    known: &Known<'_>,
    events: &Events,
    config: &Config,
) -> Vec<Remark> {
    let Known {
        incidents,
        delivery,
        names,
        graph,
        pulls,
    } = *known;
    let mut judge = Judge {
        deployments,
        delivery,
        config,
        graph,
        pulls,
        subjects: subjects(delivery, graph, pulls),
    };
    if config.profile.remediation {
        judge.rollbacks();
        judge.reverts();
        judge.hotfixes();
    }
    judge.incidents(incidents);
    judge.labels();
    judge.corrections(events, names)
}

impl Judge<'_> {
    fn fail(&mut self, at: usize, kind: EvidenceKind, event: &str, confidence: Confidence) {
        self.deployments[at].failed = true;
        self.note(at, kind, true, event, confidence);
    }

    fn note(
        &mut self,
        at: usize,
        kind: EvidenceKind,
        of_failure: bool,
        event: &str,
        confidence: Confidence,
    ) {
        let evidence = Evidence {
            kind,
            of_failure,
            event: event.to_owned(),
            confidence,
        };
        let known = &mut self.deployments[at].evidence;
        if !known.contains(&evidence) {
            known.push(evidence);
        }
    }

    /// Marks a repair; the first kind that fits wins.
    fn rework(&mut self, at: usize, kind: ReworkKind, event: &str, confidence: Confidence) {
        let deployment = &mut self.deployments[at];
        deployment.rework = Some(deployment.rework.map_or(kind, |known| known.min(kind)));
        self.note(at, kind.evidence(), false, event, confidence);
    }

    fn remedy(&mut self, failed: usize, by: usize) {
        if !self.deployments[failed].remedies.contains(&by) {
            self.deployments[failed].remedies.push(by);
        }
    }

    fn rollbacks(&mut self) {
        for at in 0..self.deployments.len() {
            let Some(rollback) = self.deployments[at].rollback.filter(|r| !r.race) else {
                continue;
            };
            let (back, undone) = (
                self.deployments[at].id.clone(),
                self.deployments[rollback.failed].id.clone(),
            );
            self.fail(
                rollback.failed,
                EvidenceKind::Rollback,
                &back,
                Confidence::Certain,
            );
            self.rework(at, ReworkKind::Rollback, &undone, Confidence::Certain);
            self.remedy(rollback.failed, at);
        }
    }

    fn reverts(&mut self) {
        for at in 0..self.deployments.len() {
            for (by, undoes) in self.undoes_of(at) {
                for original in self.originals(at, &undoes) {
                    let failed = self.deployments[original].id.clone();
                    self.fail(original, EvidenceKind::Revert, &by, Confidence::Certain);
                    self.rework(at, ReworkKind::Revert, &failed, Confidence::Certain);
                    self.remedy(original, at);
                }
            }
        }
    }

    /// What the changes of a deployment take back, each with the change that does.
    fn undoes_of(&self, at: usize) -> Vec<(String, Undoes)> {
        let own = self.deployments[at].changes.iter();
        let changes = own
            .map(|c| &self.delivery.changes[*c])
            .filter_map(|change| {
                let pull = change.pull.and_then(|n| self.pulls.get(&n));
                let undoes = match pull {
                    Some(pull) => &pull.undoes,
                    None => &self.graph.commit(self.graph.find(&change.id)?).undoes,
                };
                Some((change.id.as_str(), undoes))
            });
        let commits = self.delivery.commits_of(at).filter_map(|sha| {
            let node = self.graph.find(sha)?;
            Some((sha, &self.graph.commit(node).undoes))
        });
        changes
            .chain(commits)
            .filter(|(_, undoes)| !undoes.is_nothing())
            .map(|(id, undoes)| (id.to_owned(), undoes.clone()))
            .collect()
    }

    /// Earlier deployments of the same service that first delivered what is taken back, within the horizon.
    fn originals(&self, at: usize, undoes: &Undoes) -> Vec<usize> {
        let mut found: Vec<usize> = Vec::new();
        for sha in &undoes.commits {
            found.extend(self.delivery.delivered(sha, self.graph));
        }
        for number in &undoes.pulls {
            found.extend(self.delivery.by_pull.get(number).into_iter().flatten());
        }
        if found.is_empty()
            && let Some(subject) = &undoes.subject
        {
            found.extend(self.by_subject(at, subject));
        }
        let this = &self.deployments[at];
        found.retain(|original| {
            let original = &self.deployments[*original];
            let age = seconds_between(original.finished_at, this.finished_at);
            original.service == this.service
                && original.id != this.id
                && (0..=self.config.rules.revert_horizon_seconds).contains(&age)
        });
        found.sort_unstable();
        found.dedup();
        found
    }

    /// The latest earlier delivery of a change with this subject.
    fn by_subject(&self, at: usize, subject: &str) -> Option<usize> {
        let service = self.deployments[at].service.as_deref();
        let delivered = self.subjects.get(&(service, subject))?;
        let before = delivered.partition_point(|d| *d < at);
        delivered[..before].last().copied()
    }

    fn hotfixes(&mut self) {
        for at in 0..self.deployments.len() {
            // What is a rollback or a revert already repairs what it names, not the deployment before it.
            if !self.deployments[at].is_effective() || self.deployments[at].rework.is_some() {
                continue;
            }
            let Some((by, confidence)) = self.is_hotfix(at) else {
                continue;
            };
            self.rework(at, ReworkKind::Hotfix, &by, confidence);
            if let Some(before) = self.deployments[at].previous {
                self.fail(before, EvidenceKind::Hotfix, &by, confidence);
                self.remedy(before, at);
            }
        }
    }

    fn is_hotfix(&self, at: usize) -> Option<(String, Confidence)> {
        let rules = &self.config.rules;
        let deployment = &self.deployments[at];
        let listed = |label: &String| {
            rules
                .hotfix_labels
                .iter()
                .any(|l| l.eq_ignore_ascii_case(label))
        };
        if deployment.labels.iter().any(listed) {
            return Some((deployment.id.clone(), Confidence::Certain));
        }
        if let Some(pattern) = &rules.hotfix_tags {
            let name = deployment
                .id
                .strip_prefix("tag:")
                .and_then(|t| t.rsplit_once('@'));
            let names = name
                .map(|(tag, _)| tag)
                .into_iter()
                .chain(deployment.revision.as_deref());
            if names.into_iter().any(|n| pattern.read(n).is_some()) {
                return Some((deployment.id.clone(), Confidence::Certain));
            }
        }
        deployment
            .changes
            .iter()
            .map(|c| &self.delivery.changes[*c])
            .find_map(
                |change| match change.pull.and_then(|n| self.pulls.get(&n)) {
                    Some(pull) if pull.labels.iter().any(listed) => {
                        Some((change.id.clone(), Confidence::Certain))
                    }
                    Some(pull) => pull.hotfix.then(|| (change.id.clone(), Confidence::Likely)),
                    None => {
                        let node = self.graph.find(&change.id)?;
                        let hotfix = self.graph.commit(node).hotfix;
                        hotfix.then(|| (change.id.clone(), Confidence::Likely))
                    }
                },
            )
    }

    fn incidents(&mut self, incidents: &[Incident]) {
        for incident in incidents {
            if let Some((at, how)) = incident.blamed {
                let confidence = match how {
                    Attribution::Explicit | Attribution::Sha | Attribution::Pull => {
                        Confidence::Certain
                    }
                    Attribution::Rollout => Confidence::Likely,
                    Attribution::Time => Confidence::Estimated,
                };
                self.fail(at, EvidenceKind::Incident, &incident.id, confidence);
                if let Some(by) = incident.fixed_by {
                    self.remedy(at, by);
                }
            }
            if let Some(by) = incident
                .fixed_by
                .filter(|at| self.deployments[*at].is_effective())
            {
                self.rework(by, ReworkKind::FixedBy, &incident.id, Confidence::Certain);
            }
        }
    }

    fn labels(&mut self) {
        let rules = &self.config.rules;
        let listed = |label: &String| {
            rules
                .rework_labels
                .iter()
                .any(|l| l.eq_ignore_ascii_case(label))
        };
        let labelled: Vec<(usize, String)> = (0..self.deployments.len())
            .filter(|at| self.deployments[*at].is_effective())
            .filter_map(|at| {
                let deployment = &self.deployments[at];
                if deployment.labels.iter().any(listed) {
                    return Some((at, deployment.id.clone()));
                }
                deployment
                    .changes
                    .iter()
                    .map(|c| &self.delivery.changes[*c])
                    .find(|c| {
                        let pull = c.pull.and_then(|n| self.pulls.get(&n));
                        pull.is_some_and(|p| p.labels.iter().any(listed))
                    })
                    .map(|c| (at, c.id.clone()))
            })
            .collect();
        for (at, by) in labelled {
            self.rework(at, ReworkKind::Labelled, &by, Confidence::Certain);
        }
    }

    /// A person's word beats everything, both ways (rule CF1). Of two words the later one counts.
    fn corrections(&mut self, events: &Events, names: &Names<'_>) -> Vec<Remark> {
        let mut remarks = Vec::new();
        let mut words: Vec<(&Correction, &str, crate::event::Instant)> = events
            .iter()
            .filter_map(|e| {
                if let Fact::DeploymentCorrected(c) = &e.fact {
                    Some((c, e.id.as_str(), e.time))
                } else {
                    None
                }
            })
            .collect();
        words.sort_by_key(|(_, id, time)| (*time, *id));
        let mut last: BTreeMap<usize, (&Correction, &str)> = BTreeMap::new();
        for (word, id, _) in words {
            match self.judged(word, names) {
                Ok(Some(at)) => {
                    last.insert(at, (word, id));
                }
                Ok(None) => {}
                // Where only the end of the history is loaded, the deployment may lie before it.
                Err(remark) if remark.code == UNKNOWN && events.baselines.is_some() => {}
                Err(remark) => remarks.push(remark),
            }
        }
        for (at, (word, id)) in last {
            self.correct(at, word, id, names);
        }
        remarks
    }

    /// The deployment that a word is about; none yet where a pull request is not delivered.
    fn judged(&self, word: &Correction, names: &Names<'_>) -> Result<Option<usize>, Remark> {
        if let Some(number) = word.pull {
            return Ok(names.by_pull(number).into_iter().min());
        }
        let wrong = |code, says| {
            let help = Some("Name it by id, run, page, version or commit.".to_owned());
            Err(Remark { code, says, help })
        };
        match names.find(self.deployments, &word.deployment) {
            Some(at) if self.deployments[at].is_effective() => Ok(Some(at)),
            Some(at) => wrong(
                "took_no_effect",
                format!(
                    "A correction names a deployment that took no effect, so it cannot fail: {}.",
                    self.deployments[at].id
                ),
            ),
            None => wrong(
                UNKNOWN,
                format!(
                    "A correction names a deployment that is not known: {}.",
                    word.deployment
                ),
            ),
        }
    }

    fn correct(&mut self, at: usize, word: &Correction, id: &str, names: &Names<'_>) {
        let deployment = &mut self.deployments[at];
        deployment.failed = false;
        if !word.failed {
            deployment.evidence.retain(|e| !e.of_failure);
            return;
        }
        self.fail(at, EvidenceKind::Manual, id, Confidence::Certain);
        let fixed_by = word
            .fixed_by
            .as_deref()
            .and_then(|name| names.find(self.deployments, name))
            .filter(|by| self.deployments[*by].is_effective());
        if let Some(by) = fixed_by {
            self.remedy(at, by);
            self.rework(by, ReworkKind::FixedBy, id, Confidence::Certain);
        }
    }
}
