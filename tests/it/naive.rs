//! The rules of METRICS read off one by one: slow, plain, and written without a look at how the core does it.
#![expect(
    clippy::too_many_lines,
    clippy::wildcard_enum_match_arm,
    clippy::type_complexity,
    reason = "a rule is read from top to bottom, in one place"
)]

use std::collections::{BTreeMap, BTreeSet};

use fivekeys::event::{Cause, Commit, Deployment, Event, Fact, Incident, Instant, Outcome, Pull};

const DAY: i64 = 86_400;

/// What the rules say of a history.
#[derive(Debug, Default, PartialEq)]
pub struct Verdict {
    /// Effective deployments by id: service, time, failed, rework, seconds to the repair.
    pub effective: BTreeMap<String, Judged>,
    /// Attempts that took no effect, by id of the first record.
    pub failed_attempts: BTreeSet<String>,
    /// Changes: service, id, deployment, lead time in seconds.
    pub changes: BTreeSet<(Option<String>, String, String, i64)>,
    /// Incident: the deployment blamed, and how.
    pub blamed: BTreeMap<String, (String, &'static str)>,
}

/// One effective deployment.
#[derive(Debug, Clone, PartialEq)]
pub struct Judged {
    pub service: Option<String>,
    pub run: Option<String>,
    pub at: Instant,
    pub failed: bool,
    pub rework: bool,
    pub rollback: bool,
    /// When, and how long after it took effect.
    pub restored: Option<(Instant, i64)>,
}

/// A deployment as it counts.
#[derive(Debug, Clone)]
struct Unit<'e> {
    id: String,
    ids: Vec<&'e str>,
    service: Option<&'e str>,
    run: Option<&'e str>,
    started: Option<Instant>,
    at: Instant,
    version: Option<&'e str>,
    versions: Vec<&'e str>,
    labels: Vec<&'e str>,
    outcome: Outcome,
}

struct World<'e> {
    /// Every deployment, production or not.
    known: BTreeSet<&'e str>,
    units: Vec<Unit<'e>>,
    commits: BTreeMap<&'e str, (&'e Commit, Instant)>,
    pulls: BTreeMap<u64, &'e Pull>,
    /// First delivery of each commit and change: service, thing, unit.
    commit_at: BTreeMap<(Option<&'e str>, &'e str), usize>,
    change_at: BTreeMap<(Option<&'e str>, String), usize>,
}

fn seconds(from: Instant, to: Instant) -> i64 {
    (to - from).num_seconds()
}

/// Judges a history without retractions, ranges or declared changes, of the default configuration.
pub fn judge(events: &[Event]) -> Verdict {
    let deployments = events.iter().filter(|e| e.fact.as_deployment().is_some());
    let mut world = World {
        known: deployments.map(|e| e.id.as_str()).collect(),
        units: units(events),
        commits: BTreeMap::new(),
        pulls: BTreeMap::new(),
        commit_at: BTreeMap::new(),
        change_at: BTreeMap::new(),
    };
    for event in events {
        match &event.fact {
            Fact::Commit(commit) => {
                world.commits.insert(&commit.sha, (commit, event.time));
            }
            Fact::Pull(pull) => {
                world.pulls.insert(pull.number, pull);
            }
            _ => {}
        }
    }
    world.deliver();
    let incidents: Vec<(&str, &Incident)> = events
        .iter()
        .filter_map(|e| Some((e.id.as_str(), e.fact.as_incident()?)))
        .collect();
    world.verdict(events, &incidents)
}

/// U2 to U6, U8: the records of one run and service are one deployment, in order of their end.
fn units(events: &[Event]) -> Vec<Unit<'_>> {
    let mut groups: BTreeMap<(Option<&str>, &str), Vec<(&Event, &Deployment)>> = BTreeMap::new();
    for event in events {
        let Some(fact) = event.fact.as_deployment() else {
            continue;
        };
        if fact.environment.starts_with("prod") {
            let run = fact.run.as_deref().unwrap_or(&event.id);
            let key = (fact.service.as_deref(), run);
            groups.entry(key).or_default().push((event, fact));
        }
    }
    let mut units: Vec<Unit<'_>> = groups.values().map(|records| unit(records)).collect();
    units.sort_by(|a, b| (a.at, &a.id).cmp(&(b.at, &b.id)));
    units
}

fn unit<'e>(records: &[(&'e Event, &'e Deployment)]) -> Unit<'e> {
    let at = |r: &(&Event, &Deployment)| (r.1.finished_at.unwrap_or(r.0.time), r.0.id.clone());
    let has = |outcome| records.iter().any(|r| r.1.outcome == outcome);
    let outcome = [Outcome::Success, Outcome::Failure, Outcome::Ignored]
        .into_iter()
        .find(|o| has(*o))
        .unwrap_or(Outcome::Pending);
    // The first success of each part counts, and of the parts the last.
    let mut parts: BTreeMap<_, Vec<&(&Event, &Deployment)>> = BTreeMap::new();
    for record in records.iter().filter(|r| r.1.outcome == outcome) {
        let of = if outcome == Outcome::Success {
            (
                record.1.environment.as_str(),
                record.1.revision.as_deref(),
                "",
            )
        } else {
            ("", None, record.0.id.as_str())
        };
        parts.entry(of).or_default().push(record);
    }
    let ends: Vec<&(&Event, &Deployment)> = parts
        .into_values()
        .filter_map(|part| part.into_iter().min_by_key(|r| at(r)))
        .collect();
    let last = ends.iter().max_by_key(|r| at(r)).unwrap();
    let first = records.iter().min_by_key(|r| at(r)).unwrap();
    Unit {
        id: first.0.id.clone(),
        ids: records.iter().map(|r| r.0.id.as_str()).collect(),
        service: first.1.service.as_deref(),
        run: first.1.run.as_deref(),
        started: ends.iter().filter_map(|r| r.1.started_at).min(),
        at: at(last).0,
        version: last.1.revision.as_deref(),
        versions: ends
            .iter()
            .filter_map(|r| r.1.revision.as_deref())
            .collect(),
        labels: records
            .iter()
            .flat_map(|r| r.1.labels.iter().map(String::as_str))
            .collect(),
        outcome,
    }
}

impl<'e> World<'e> {
    /// Positions of the effective deployments of each service, in order.
    fn lines(&self) -> BTreeMap<Option<&'e str>, Vec<usize>> {
        let mut lines: BTreeMap<_, Vec<usize>> = BTreeMap::new();
        for (at, unit) in self.units.iter().enumerate() {
            if unit.outcome == Outcome::Success {
                lines.entry(unit.service).or_default().push(at);
            }
        }
        lines
    }

    /// A commit and all above which it stands.
    fn reach(&self, sha: &str) -> BTreeSet<&'e str> {
        let mut found = BTreeSet::new();
        let mut open = vec![sha.to_owned()];
        while let Some(sha) = open.pop() {
            if let Some((known, (commit, _))) = self.commits.get_key_value(sha.as_str())
                && found.insert(*known)
            {
                open.extend(commit.parents.iter().cloned());
            }
        }
        found
    }

    fn owner(&self, commit: &Commit) -> Option<u64> {
        let names = |p: &&&Pull| {
            p.commits.contains(&commit.sha) || p.merge_sha.as_ref() == Some(&commit.sha)
        };
        let said = commit
            .pull
            .or_else(|| Some(self.pulls.values().find(names)?.number));
        said.filter(|number| self.pulls.contains_key(number))
    }

    /// LT1, LT3 to LT5: what a deployment reaches and no earlier one of its service did; the first delivers nothing,
    /// and neither does a version that ran before (U7).
    fn deliver(&mut self) {
        for (service, line) in self.lines() {
            let mut seen: BTreeSet<&str> = BTreeSet::new();
            let mut ran: BTreeSet<&str> = BTreeSet::new();
            let mut moved_on = self.units[line[0]].at;
            for (place, at) in line.iter().copied().enumerate() {
                let unit = self.units[at].clone();
                let again =
                    !unit.versions.is_empty() && unit.versions.iter().all(|v| ran.contains(v));
                ran.extend(unit.versions.iter().copied());
                let before = moved_on;
                if !again {
                    moved_on = unit.at;
                }
                let known: Vec<&str> = unit
                    .versions
                    .iter()
                    .copied()
                    .filter(|v| self.commits.contains_key(v))
                    .collect();
                let mut reached: BTreeSet<&str> = BTreeSet::new();
                for version in &known {
                    reached.extend(self.reach(version));
                }
                let new: Vec<&str> = reached.difference(&seen).copied().collect();
                seen.extend(reached);
                if place == 0 {
                    continue;
                }
                for sha in &new {
                    self.commit_at.insert((service, sha), at);
                    let commit = self.commits[sha].0;
                    let id = match self.owner(commit) {
                        Some(number) => number.to_string(),
                        None if commit.parents.len() > 1 => continue,
                        None => commit.sha.clone(),
                    };
                    self.change_at.entry((service, id)).or_insert(at);
                }
                if known.is_empty() && !again {
                    for (number, pull) in &self.pulls {
                        let merged = pull.merged_at.unwrap();
                        if before < merged && merged <= unit.at {
                            let key = (service, number.to_string());
                            self.change_at.entry(key).or_insert(at);
                        }
                    }
                }
            }
        }
    }

    /// LT2: the earliest of what is known of a change's beginning.
    fn start(&self, service: Option<&str>, id: &str, at: usize) -> Instant {
        let pull = id.parse::<u64>().ok().and_then(|n| self.pulls.get(&n));
        let delivered = self.commit_at.iter().filter_map(|((of, sha), by)| {
            let commit = self.commits[sha].0;
            let own = match (self.owner(commit), pull) {
                (Some(owner), Some(pull)) => owner == pull.number,
                (None, None) => commit.sha == id,
                _ => false,
            };
            let counts = *of == service && *by == at && own && commit.parents.len() < 2;
            counts.then_some(commit.authored_at)
        });
        let said = pull.and_then(|p| p.created_at.into_iter().chain(p.first_commit_at).min());
        delivered.chain(said).min().unwrap()
    }

    fn find(&self, id: &str) -> Option<usize> {
        self.units.iter().position(|u| u.ids.contains(&id))
    }

    fn is_effective(&self, at: usize) -> bool {
        self.units[at].outcome == Outcome::Success
    }

    /// CF1, CF2.
    fn blame(&self, incident: &Incident) -> Option<(usize, &'static str)> {
        let fixed_by = incident.fixed_by.as_deref().and_then(|id| self.find(id));
        let may = |at: &usize| self.is_effective(*at) && Some(*at) != fixed_by;
        let mut named_attempt = false;
        for cause in &incident.causes {
            let Cause::Deployment(id) = cause else {
                continue;
            };
            match self.find(id) {
                Some(at) if may(&at) => return Some((at, "explicit")),
                Some(at) => named_attempt |= !self.is_effective(at),
                None => named_attempt |= self.known.contains(id.as_str()),
            }
        }
        for cause in &incident.causes {
            let (found, how): (Vec<usize>, _) = match cause {
                Cause::Deployment(_) => continue,
                Cause::Commit(sha) => {
                    let same = |(key, at): (&(_, &str), &usize)| {
                        key.1.starts_with(sha.as_str()).then_some(*at)
                    };
                    let delivered: Vec<usize> = self.commit_at.iter().filter_map(same).collect();
                    // Of a revision that nothing is known to have delivered: those that deployed it.
                    let deployed = (0..self.units.len()).filter(|at| {
                        self.units[*at]
                            .versions
                            .iter()
                            .any(|v| v.starts_with(sha.as_str()))
                    });
                    if delivered.iter().any(may) {
                        (delivered, "sha")
                    } else {
                        (deployed.collect(), "sha")
                    }
                }
                Cause::Pull(number) => {
                    let same = |(key, at): (&(_, String), &usize)| {
                        (key.1 == number.to_string()).then_some(*at)
                    };
                    (self.change_at.iter().filter_map(same).collect(), "pull")
                }
            };
            let elsewhere = |at: &usize| {
                incident.service.is_some() && incident.service.as_deref() != self.units[*at].service
            };
            let found = found.into_iter().filter(may);
            if let Some(at) = found.min_by_key(|at| (elsewhere(at), *at)) {
                return Some((at, how));
            }
        }
        if named_attempt {
            return None;
        }
        let opened = incident.opened_at;
        let fits = |at: &usize| {
            let service = incident.service.as_deref();
            may(at) && (service.is_none() || service == self.units[*at].service)
        };
        let all = 0..self.units.len();
        let rolling = all.clone().filter(fits).filter(|at| {
            let unit = &self.units[*at];
            unit.started.is_some_and(|from| from <= opened) && opened < unit.at
        });
        if let Some(at) = rolling.max_by_key(|at| (self.units[*at].started, *at)) {
            return Some((at, "rollout"));
        }
        let latest = all.filter(fits).rfind(|at| self.units[*at].at <= opened)?;
        (seconds(self.units[latest].at, opened) <= 7 * DAY).then_some((latest, "time"))
    }

    /// CF3: (repair, what it repairs).
    fn rollbacks(&self) -> Vec<(usize, usize)> {
        let mut out = Vec::new();
        for line in self.lines().values() {
            let version = |place: usize| self.units[line[place]].version;
            for place in 1..line.len() {
                let (Some(now), Some(before)) = (version(place), version(place - 1)) else {
                    continue;
                };
                let first = |of| (0..place).find(|p| version(*p) == Some(of));
                let Some(target) = (0..place).rfind(|p| version(*p) == Some(now)) else {
                    continue;
                };
                let known = |v| self.commits.contains_key(v);
                let goes_back = if known(now) && known(before) {
                    self.reach(before).contains(now)
                } else {
                    first(now) < first(before)
                };
                if now != before && goes_back {
                    let failed = line[target + 1];
                    if seconds(self.units[failed].at, self.units[line[place]].at) >= 300 {
                        out.push((line[place], failed));
                    }
                }
            }
        }
        out
    }

    fn reverts(&self) -> Vec<(usize, usize)> {
        let mut out = Vec::new();
        let mut undo = |at: usize, undoes: &fivekeys::event::Undoes| {
            let service = self.units[at].service;
            let commits = undoes.commits.iter().filter_map(|sha| {
                let mut of = self.commit_at.iter();
                Some(*of.find(|((s, c), _)| *s == service && c == sha)?.1)
            });
            let pulls = undoes
                .pulls
                .iter()
                .filter_map(|number| self.change_at.get(&(service, number.to_string())).copied());
            for failed in commits.chain(pulls) {
                let age = seconds(self.units[failed].at, self.units[at].at);
                if failed != at && (0..=30 * DAY).contains(&age) {
                    out.push((at, failed));
                }
            }
        };
        for ((_, sha), at) in &self.commit_at {
            let commit = self.commits[sha].0;
            if commit.parents.len() < 2 {
                undo(*at, &commit.undoes);
            }
        }
        for ((_, id), at) in &self.change_at {
            if let Some(pull) = id.parse().ok().and_then(|n: u64| self.pulls.get(&n)) {
                undo(*at, &pull.undoes);
            }
        }
        out
    }

    fn is_hotfix(&self, at: usize) -> bool {
        self.units[at].labels.contains(&"hotfix")
            || self
                .change_at
                .iter()
                .filter(|(_, by)| **by == at)
                .any(
                    |((_, id), _)| match id.parse().ok().and_then(|n: u64| self.pulls.get(&n)) {
                        Some(pull) => pull.hotfix || pull.labels.contains(&"hotfix".to_owned()),
                        None => self.commits[id.as_str()].0.hotfix,
                    },
                )
    }

    fn verdict(&self, events: &[Event], incidents: &[(&str, &Incident)]) -> Verdict {
        let mut out = Verdict::default();
        let mut failed: BTreeSet<usize> = BTreeSet::new();
        let mut rework: BTreeSet<usize> = BTreeSet::new();
        let mut repairs: BTreeSet<(usize, usize)> = BTreeSet::new();
        let rollbacks = self.rollbacks();
        for (by, of) in rollbacks.iter().copied().chain(self.reverts()) {
            repairs.insert((by, of));
            rework.insert(by);
            failed.insert(of);
        }
        let undoing = rework.clone();
        for line in self.lines().values() {
            for (place, at) in line.iter().copied().enumerate() {
                if undoing.contains(&at) || !self.is_hotfix(at) {
                    continue;
                }
                rework.insert(at);
                if place > 0 {
                    repairs.insert((at, line[place - 1]));
                    failed.insert(line[place - 1]);
                }
            }
        }
        let mut ended: BTreeMap<usize, Vec<Option<Instant>>> = BTreeMap::new();
        for (id, incident) in incidents {
            let fixed_by = incident.fixed_by.as_deref().and_then(|id| self.find(id));
            rework.extend(fixed_by.filter(|at| self.is_effective(*at)));
            if let Some((at, how)) = self.blame(incident) {
                failed.insert(at);
                ended.entry(at).or_default().push(incident.resolved_at);
                repairs.extend(fixed_by.map(|by| (by, at)));
                out.blamed
                    .insert((*id).to_owned(), (self.units[at].id.clone(), how));
            }
        }
        rework.extend(
            (0..self.units.len()).filter(|at| self.is_effective(*at) && self.is_labelled(*at)),
        );
        let mut words: Vec<_> = events
            .iter()
            .filter_map(|e| match &e.fact {
                Fact::DeploymentCorrected(word) => Some((e.time, e.id.as_str(), word)),
                _ => None,
            })
            .collect();
        words.sort_by_key(|(at, id, _)| (*at, *id));
        // Of two words on a deployment the later one counts, and nothing of the earlier.
        let mut last = BTreeMap::new();
        for (_, _, word) in words {
            let found = self.find(&word.deployment);
            if let Some(at) = found.filter(|at| self.is_effective(*at)) {
                last.insert(at, word);
            }
        }
        for (at, word) in last {
            failed.remove(&at);
            if word.failed {
                failed.insert(at);
                let by = word.fixed_by.as_deref().and_then(|id| self.find(id));
                if let Some(by) = by.filter(|by| self.is_effective(*by)) {
                    rework.insert(by);
                    repairs.insert((by, at));
                }
            }
        }
        // CF1: whoever says that a deployment did not fail says that it caused none of its incidents.
        let failures: BTreeSet<&str> = failed
            .iter()
            .map(|at| self.units[*at].id.as_str())
            .collect();
        out.blamed
            .retain(|_, (id, _)| failures.contains(id.as_str()));
        for (at, unit) in self.units.iter().enumerate() {
            if unit.outcome == Outcome::Failure {
                out.failed_attempts.insert(unit.id.clone());
            }
            if unit.outcome == Outcome::Success {
                let judged = Judged {
                    service: unit.service.map(str::to_owned),
                    run: unit.run.map(str::to_owned),
                    at: unit.at,
                    failed: failed.contains(&at),
                    rework: rework.contains(&at),
                    rollback: rollbacks.iter().any(|(by, _)| *by == at),
                    restored: failed
                        .contains(&at)
                        .then(|| self.restored(at, &repairs, ended.get(&at)))
                        .flatten(),
                };
                out.effective.insert(unit.id.clone(), judged);
            }
        }
        for ((service, id), at) in &self.change_at {
            let lead = seconds(self.start(*service, id, *at), self.units[*at].at);
            let by = self.units[*at].id.clone();
            out.changes
                .insert((service.map(str::to_owned), id.clone(), by, lead));
        }
        out
    }

    /// RW1: labelled, itself or by one of its pull requests.
    fn is_labelled(&self, at: usize) -> bool {
        let says = |label: &str| matches!(label, "rework" | "unplanned");
        self.units[at].labels.iter().copied().any(says)
            || self
                .change_at
                .iter()
                .filter(|(_, by)| **by == at)
                .any(|((_, id), _)| {
                    let pull = id.parse().ok().and_then(|n: u64| self.pulls.get(&n));
                    pull.is_some_and(|p| p.labels.iter().any(|l| says(l)))
                })
    }

    /// FD1 to FD3.
    fn restored(
        &self,
        at: usize,
        repairs: &BTreeSet<(usize, usize)>,
        ended: Option<&Vec<Option<Instant>>>,
    ) -> Option<(Instant, i64)> {
        let unit = &self.units[at];
        let remedy = repairs
            .iter()
            .filter(|(by, of)| *of == at && self.is_effective(*by))
            .map(|(by, _)| self.units[*by].at)
            .filter(|by| *by >= unit.at)
            .min();
        let end = match ended {
            None => remedy?,
            Some(incidents) => {
                let mut latest = None;
                for resolved in incidents {
                    latest = latest.max(Some((*resolved).into_iter().chain(remedy).min()?));
                }
                latest?
            }
        };
        // What was over before the deployment was left nothing to recover from.
        let end = end.max(unit.at);
        Some((end, seconds(unit.at, end)))
    }
}
