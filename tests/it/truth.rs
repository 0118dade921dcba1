//! Seven real histories, measured in git mode, against an independent truth: every number of every window.
//!
//! The truth's windows are `(end - days, end]`, ours are `[from, to)`: both ends are moved by a second, so that
//! the same deployments lie inside.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};

use chrono::Duration;
use fivekeys::config::Config;
use fivekeys::event::{Commit, Events, Instant, Window, seconds_between};
use fivekeys::metric::Distribution;
use fivekeys::report::v1::{Quantiles, Report, Scope};
use fivekeys::report::{Ask, build};
use fivekeys::timeline::{Change, Deployment, EvidenceKind, Timeline};
use serde_json::Value;

use super::bundles;

/// Longer than any history: every revert counts.
const FOREVER_SECONDS: i64 = 100 * 365 * 86_400;

pub(crate) fn at(seconds: i64) -> Instant {
    chrono::DateTime::from_timestamp(seconds, 0).unwrap()
}

/// Equal to one part in a million.
pub(crate) fn same(ours: Option<f64>, truth: &Value, what: &str) {
    let theirs = truth.as_f64();
    let close = match (ours, theirs) {
        (Some(a), Some(b)) => (a - b).abs() <= 1e-6 * b.abs().max(1e-9),
        (None, None) => true,
        _ => false,
    };
    assert!(close, "{what}: {ours:?}, in truth {truth}");
}

/// A distribution against the truth's form of it.
pub(crate) fn same_quantiles(ours: &Quantiles, truth: &Value, what: &str) {
    let n = truth["n"].as_u64().unwrap_or(0);
    assert_eq!(ours.n, n, "{what}: n");
    assert_eq!(
        truth["negatives"].as_u64().unwrap_or(0),
        0,
        "{what}: clocks disagree"
    );
    for (value, field) in [
        (ours.median_seconds, "p50_linear"),
        (ours.p75_seconds, "p75_linear"),
        (ours.p90_seconds, "p90_linear"),
        (ours.p95_seconds, "p95_linear"),
        (ours.p99_seconds, "p99_linear"),
        (ours.mean_seconds, "mean"),
    ] {
        same(value, &truth[field], &format!("{what}: {field}"));
    }
}

/// The same summary of values that the truth lists one by one.
pub(crate) fn summary(values: impl IntoIterator<Item = f64>) -> Value {
    let all = Distribution::of(values);
    serde_json::json!({
        "n": all.n(), "mean": all.mean(), "p50_linear": all.quantile(0.5), "p75_linear": all.quantile(0.75),
        "p90_linear": all.quantile(0.9), "p95_linear": all.quantile(0.95), "p99_linear": all.quantile(0.99),
    })
}

pub(crate) fn measured(events: &Events, config: &Config, window: Window) -> Report {
    let ask = Ask {
        window,
        now: window.to,
        repository: None,
        notes: Vec::new(),
    };
    build(events, config, &ask)
}

/// One component of one truth.
struct Part<'a> {
    name: &'a str,
    truth: &'a Value,
    timeline: &'a Timeline,
    commits: &'a HashMap<&'a str, &'a Commit>,
}

impl<'a> Part<'a> {
    fn rows(&self) -> &'a [Value] {
        self.truth["rows"].as_array().unwrap()
    }

    /// Our deployments by the truth's names of them.
    fn deployments(&self) -> BTreeMap<&'a str, &'a Deployment> {
        let by_id: HashMap<&str, &Deployment> = self
            .timeline
            .deployments
            .iter()
            .map(|d| (d.id.as_str(), d))
            .collect();
        self.rows()
            .iter()
            .map(|row| {
                let tag = row["tag"].as_str().unwrap();
                let id = format!("tag:{tag}@{}", row["sha"].as_str().unwrap());
                (tag, by_id[id.as_str()])
            })
            .collect()
    }

    fn is_own(&self, deployment: &Deployment) -> bool {
        deployment.service.as_deref().unwrap_or("") == self.name
    }
}

fn agree(bundle: &str, name: &str, copies: &Explained, early: &Explained) {
    let Some(truth) = bundles::truth(name) else {
        return;
    };
    let history = bundles::history(bundle, &truth);
    let config = bundles::config(&truth);
    let mut events: Events = history.events.into_iter().collect();
    events.head = history.head;
    let timeline = Timeline::fold(&events, &config);
    let mut patient = config.clone();
    patient.rules.revert_horizon_seconds = FOREVER_SECONDS;
    let patient = Timeline::fold(&events, &patient);
    let commits: HashMap<&str, &Commit> = events
        .iter()
        .filter_map(|e| e.fact.as_commit())
        .map(|c| (c.sha.as_str(), c))
        .collect();
    let mut count = 0;
    for (name, part) in truth["components"].as_object().unwrap() {
        let part = Part {
            name,
            truth: part,
            timeline: &timeline,
            commits: &commits,
        };
        count += part.rows().len();
        windows(&part, &events, &config);
        kinds(&part);
        pulls(&part, &events, &config, copies, early);
        reverts(&part, &config, &patient);
    }
    assert_eq!(count, timeline.deployments.len());
}

/// Frequency, active days and lead time by commit, of each window.
fn windows(part: &Part<'_>, events: &Events, config: &Config) {
    let rows = part.rows();
    let (first, last) = (
        rows[0]["t"].as_i64().unwrap(),
        rows[rows.len() - 1]["t"].as_i64().unwrap(),
    );
    for (name, want) in part.truth["windows"].as_object().unwrap() {
        let what = format!("{} {name}", part.name);
        let days: Option<i64> = name.parse().ok();
        let window = Window {
            from: days.map_or(at(first), |d| at(last - d * 86_400 + 1)),
            to: at(last + 1),
        };
        let report = measured(events, config, window);
        let found: &Scope = report.services.get(part.name).unwrap_or(&report.overall);
        let frequency = &found.metrics.deployment_frequency;
        assert_eq!(
            Some(frequency.count),
            want["deployments"].as_u64(),
            "{what}: deployments"
        );
        assert_eq!(
            Some(frequency.active_days),
            want["distinct_days"].as_u64(),
            "{what}: days"
        );
        // The whole span is half-open here too, and so a second longer than the truth's.
        let longer = window.days() / (window.days() - 1.0 / 86_400.0);
        let per_day = frequency
            .per_day
            .map(|d| if days.is_none() { d * longer } else { d });
        same(per_day, &want["per_day"], &format!("{what}: per_day"));
        same_quantiles(
            &found.metrics.change_lead_time.per_commit,
            &want["lead_author"],
            &what,
        );
        assert_eq!(
            Some(found.metrics.change_lead_time.per_commit.n),
            want["commits_nonmerge"].as_u64(),
            "{what}"
        );
        kinds_in(part, &report, want, &what);
        failures_in(part, &window, want, &what);
    }
}

/// Deployments of one kind in a window. Forward and diverged ones are no words of ours.
fn kinds_in(part: &Part<'_>, report: &Report, want: &Value, what: &str) {
    let own = || {
        report.deployments.iter().filter(|d| {
            d.service.as_deref().unwrap_or("") == part.name
                && d.finished_at
                    .is_some_and(|at| report.window.from <= at && at < report.window.to)
        })
    };
    let theirs = |kind: &str| usize::try_from(want["kinds"][kind].as_u64().unwrap_or(0)).unwrap();
    assert_eq!(
        own().filter(|d| d.baseline).count(),
        theirs("baseline"),
        "{what}"
    );
    assert_eq!(
        own().filter(|d| d.redeploy).count(),
        theirs("redeploy"),
        "{what}"
    );
    let tags: HashSet<&str> = own().map(|d| d.id.as_str()).collect();
    let never_seen = unseen_rollbacks(part)
        .iter()
        .filter(|id| tags.contains(id.as_str()))
        .count();
    assert_eq!(
        own().filter(|d| d.rollback.is_some()).count() + never_seen,
        theirs("rollback"),
        "{what}"
    );
}

/// The truth's rollbacks whose version no deployment had before: a tag put on an older commit afterwards. A
/// rollback of ours brings back a version that was seen (rule CF3), so that these are out-of-order tags to us.
fn unseen_rollbacks(part: &Part<'_>) -> BTreeSet<String> {
    let mut seen = HashSet::new();
    part.rows()
        .iter()
        .filter_map(|row| {
            let sha = row["sha"].as_str().unwrap();
            let fresh = seen.insert(sha);
            let id = format!("tag:{}@{sha}", row["tag"].as_str().unwrap());
            (row["kind"] == "rollback" && fresh).then_some(id)
        })
        .collect()
}

/// Each deployment's kind, one by one.
fn kinds(part: &Part<'_>) {
    let unseen = unseen_rollbacks(part);
    let found = part.deployments();
    for row in part.rows() {
        let deployment = found[row["tag"].as_str().unwrap()];
        let id = &deployment.id;
        let kind = row["kind"].as_str().unwrap();
        assert_eq!(deployment.baseline, kind == "baseline", "{id}");
        assert_eq!(deployment.redeploy, kind == "redeploy", "{id}");
        let back = kind == "rollback" && !unseen.contains(id);
        assert_eq!(deployment.rollback.is_some(), back, "{id}");
    }
}

/// Pull requests that the truth does not know, or knows at a later deployment; each with a reason below.
type Explained = [u64];

/// Pull requests: which deployment delivered each, and how long after the merge. `copies` were merged by a merge
/// commit with the title `Title (#N)`, one of GitHub's own forms, that the truth reads in squashes only. `early`
/// were deployed from their branch before they were merged; the truth waits for the merge commit.
fn pulls(part: &Part<'_>, events: &Events, config: &Config, copies: &Explained, early: &Explained) {
    let deployments = part.deployments();
    let ours: BTreeMap<u64, &Change> = part
        .timeline
        .changes
        .iter()
        .filter(|c| part.is_own(&part.timeline.deployments[c.deployment]))
        .filter_map(|c| Some((c.pull?, c)))
        .collect();
    let took = |c: &Change| seconds_between(c.merged_at.unwrap(), c.deployed_at) as f64;
    let listed = part.truth["pr_list"].as_array().unwrap();
    let mut left: BTreeSet<u64> = ours.keys().copied().collect();
    let mut people = Vec::new();
    for want in listed {
        let number = want["number"].as_u64().unwrap();
        let change = ours[&number];
        left.remove(&number);
        let deployment = deployments[want["deployed_by"].as_str().unwrap()];
        assert_eq!(
            change.merged_at.map(|t| t.timestamp()),
            want["merged_at"].as_i64(),
            "pr:{number}"
        );
        if early.contains(&number) {
            assert!(change.deployed_at < deployment.finished_at && took(change) < 0.0);
            continue;
        }
        let found = &part.timeline.deployments[change.deployment];
        assert_eq!(found.id, deployment.id, "pr:{number}");
        people.extend((!change.bot).then(|| took(change)));
    }
    // The truths of several components have sums and no list.
    if listed.is_empty() {
        left.clear();
        people = ours.values().filter(|c| !c.bot).map(|c| took(c)).collect();
    }
    assert_eq!(left.iter().copied().collect::<Vec<_>>(), copies);
    for number in copies {
        people.extend((!ours[number].bot).then(|| took(ours[number])));
        let merge = events.get("pull", &format!("pr:{number}")).unwrap();
        let merge = merge.fact.as_pull().unwrap().merge_sha.as_deref().unwrap();
        assert_eq!(part.commits[merge].parents.len(), 2, "pr:{number}");
    }
    if early.is_empty() {
        let shared = ours
            .values()
            .filter(|c| !c.pull.is_some_and(|n| copies.contains(&n)));
        sums(part, shared.map(|c| took(c)));
    }
    merges(part, events, config, people);
}

/// What the truth sums up itself.
fn sums(part: &Part<'_>, took: impl Iterator<Item = f64>) {
    let ours = summary(took);
    let theirs = &part.truth["prs"];
    assert_eq!(ours["n"].as_u64(), theirs["n"].as_u64(), "{}", part.name);
    for field in [
        "mean",
        "p50_linear",
        "p75_linear",
        "p90_linear",
        "p95_linear",
        "p99_linear",
    ] {
        let what = format!("{} {field}", part.name);
        same(
            ours[field].as_f64(),
            &theirs["merge_to_deploy"][field],
            &what,
        );
    }
}

/// The headline is about people; the truth counts bots in, so that the sum is taken without them here.
fn merges(part: &Part<'_>, events: &Events, config: &Config, people: Vec<f64>) {
    let window = Window {
        from: part.timeline.deployments[0].finished_at,
        to: part.timeline.deployments.last().unwrap().finished_at + Duration::seconds(1),
    };
    let report = measured(events, config, window);
    let found = report.services.get(part.name).unwrap_or(&report.overall);
    same_quantiles(
        &found.metrics.change_lead_time.merge_to_deploy,
        &summary(people),
        &format!("{} merge_to_deploy", part.name),
    );
}

/// A revert by its commit: the commit, what it failed, what repaired it, and the seconds between.
type Repair = (String, String, String, i64);

/// The truth's escaped reverts: the original was in production before its revert was.
fn escaped(part: &Part<'_>) -> BTreeSet<Repair> {
    let ids = part.deployments();
    let id = |tag: &Value| ids[tag.as_str().unwrap()].id.clone();
    part.truth["reverts"]["list"]
        .as_array()
        .unwrap()
        .iter()
        .filter(|r| r["escaped"] == true)
        .map(|r| {
            (
                r["revert"].as_str().unwrap().to_owned(),
                id(&r["dep_reverted"]),
                id(&r["dep_revert"]),
                r["recovery_s"].as_i64().unwrap(),
            )
        })
        .collect()
}

/// Ours: revert evidence that names a commit whose trailer names the original.
fn by_trailer(part: &Part<'_>, timeline: &Timeline) -> BTreeSet<Repair> {
    let delivered: HashMap<(&str, Option<&str>), usize> = timeline
        .commits
        .iter()
        .map(|c| {
            let service = timeline.deployments[c.deployment].service.as_deref();
            ((c.sha.as_str(), service), c.deployment)
        })
        .collect();
    let mut out = BTreeSet::new();
    for failed in timeline.deployments.iter().filter(|d| part.is_own(d)) {
        for evidence in &failed.evidence {
            let names_commits = part
                .commits
                .get(evidence.event.as_str())
                .is_some_and(|c| !c.undoes.commits.is_empty());
            if evidence.kind != EvidenceKind::Revert || !evidence.of_failure || !names_commits {
                continue;
            }
            let by = delivered[&(evidence.event.as_str(), failed.service.as_deref())];
            assert!(failed.failed && failed.remedies.contains(&by));
            let by = &timeline.deployments[by];
            out.insert((
                evidence.event.clone(),
                failed.id.clone(),
                by.id.clone(),
                seconds_between(failed.finished_at, by.finished_at),
            ));
        }
    }
    out
}

/// Without a horizon ours are the truth's; within it (30 days) they are those that it does not cut off. What
/// else is evidence of a revert names no commit: `Revert "title"`, `Reverts #N`, or a `revert-N-` branch.
fn reverts(part: &Part<'_>, config: &Config, patient: &Timeline) {
    let theirs = escaped(part);
    assert_eq!(
        part.truth["reverts"]["escaped"].as_u64().unwrap(),
        theirs.len() as u64
    );
    assert_eq!(by_trailer(part, patient), theirs, "{}", part.name);
    let horizon = config.rules.revert_horizon_seconds;
    let near: BTreeSet<Repair> = theirs
        .iter()
        .filter(|(_, _, _, took)| *took <= horizon)
        .cloned()
        .collect();
    assert_eq!(by_trailer(part, part.timeline), near, "{}", part.name);
    let took = by_trailer(part, patient);
    let took = summary(took.iter().map(|(_, _, _, took)| *took as f64));
    for (field, value) in part.truth["reverts"]["recovery"]
        .as_object()
        .into_iter()
        .flatten()
    {
        if !took[field].is_null() {
            same(
                took[field].as_f64(),
                value,
                &format!("{} {field}", part.name),
            );
        }
    }
    for failed in patient.deployments.iter().filter(|d| part.is_own(d)) {
        // Restored by the first repair, of whatever kind.
        let first = failed
            .remedies
            .iter()
            .map(|by| patient.deployments[*by].finished_at)
            .min();
        assert_eq!(failed.restored_at, first, "{}", failed.id);
    }
}

/// Failures of a window by escaped revert: each deployment once, in the window of the failed deployment.
fn failures_in(part: &Part<'_>, window: &Window, want: &Value, what: &str) {
    let horizon = Config::default().rules.revert_horizon_seconds;
    let theirs = escaped(part);
    let finished: HashMap<&str, Instant> = part
        .timeline
        .deployments
        .iter()
        .map(|d| (d.id.as_str(), d.finished_at))
        .collect();
    let inside = |id: &&str| window.contains(finished[id]);
    let all: BTreeSet<&str> = theirs
        .iter()
        .map(|(_, failed, _, _)| failed.as_str())
        .filter(inside)
        .collect();
    assert_eq!(
        Some(all.len() as u64),
        want["failed_by_escaped_revert"].as_u64(),
        "{what}"
    );
    let near: BTreeSet<&str> = theirs
        .iter()
        .filter(|(_, _, _, took)| *took <= horizon)
        .map(|(_, failed, _, _)| failed.as_str())
        .filter(inside)
        .collect();
    let ours: BTreeSet<String> = by_trailer(part, part.timeline)
        .into_iter()
        .map(|(_, failed, _, _)| failed)
        .filter(|id| window.contains(finished[id.as_str()]))
        .collect();
    let ours: BTreeSet<&str> = ours.iter().map(String::as_str).collect();
    assert_eq!(ours, near, "{what}");
}

#[test]
fn publishing_api_agrees_with_the_truth() {
    agree(
        "publishing-api",
        "publishing-api-tags",
        &[1571, 1583, 1655],
        &[],
    );
}

#[test]
fn each_crate_of_nextest_agrees_with_the_truth() {
    agree("nextest", "nextest", &[], &[]);
}

#[test]
fn nextest_as_one_product_agrees_with_the_truth() {
    agree("nextest", "nextest-cargo-nextest", &[], &[]);
}

#[test]
fn each_crate_of_release_plz_agrees_with_the_truth() {
    agree("release-plz", "release-plz", &[], &[]);
}

#[test]
fn ripgrep_agrees_with_the_truth() {
    agree("ripgrep", "ripgrep", &[], &[]);
}

#[test]
fn em_agent_agrees_with_the_truth() {
    agree("em-agent", "em-agent", &[], &[]);
}

#[test]
fn opg_dora_metrics_agrees_with_the_truth() {
    agree("opg-dora-metrics", "opg-dora-metrics", &[], &[2]);
}

#[test]
fn zizmor_action_agrees_with_the_truth() {
    agree("zizmor-action", "zizmor-action", &[], &[]);
}
