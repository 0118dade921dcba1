//! Seven real histories against an independent truth: deployments, their times, and what each delivered first.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};
use std::path::{Path, PathBuf};
use std::process::Command;

use fivekeys::collect::git::{GitHistory, collect};
use fivekeys::config::{Config, TagPattern};
use fivekeys::event::{Commit, Deployment, Events, Instant, Pull, Source};
use fivekeys::timeline::Timeline;
use serde_json::Value;

/// Commits that a deployment delivered first, merges left out, by its id; a baseline is absent.
type ChangeSets = BTreeMap<String, BTreeSet<String>>;

fn data() -> PathBuf {
    std::env::var_os("FIVEKEYS_DATA").map_or_else(
        || Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared/data"),
        PathBuf::from,
    )
}

/// The bundle's name and its truth, or `None` with a word about it.
pub(crate) fn truth(name: &str) -> Option<Value> {
    let path = data().join("truth").join(format!("{name}.json"));
    let Ok(text) = std::fs::read_to_string(&path) else {
        eprintln!("skipped: {} is absent", path.display());
        return None;
    };
    Some(serde_json::from_str(&text).unwrap())
}

/// The truth's pattern, with our name of its group.
pub(crate) fn config(truth: &Value) -> Config {
    let pattern = truth["config"]["tag_regex"].as_str().unwrap();
    Config {
        tags: TagPattern::new(&pattern.replace("(?P<c>", "(?P<service>")).unwrap(),
        ..Config::default()
    }
}

/// What git mode collects from a clone of a bundle.
pub(crate) fn history(bundle: &str, truth: &Value) -> GitHistory {
    let folder = tempfile::tempdir().unwrap();
    let bundle = data().join(format!("bundles/{bundle}-skel.bundle"));
    let cloned = Command::new("git")
        .args(["clone", "--quiet", "--bare"])
        .arg(&bundle)
        .arg(folder.path())
        .output()
        .unwrap();
    assert!(cloned.status.success(), "{}: {cloned:?}", bundle.display());
    let config = config(truth);
    let began = std::time::Instant::now();
    let history = collect(folder.path(), &config).unwrap();
    eprintln!(
        "{}: {} events in {:?}",
        bundle.display(),
        history.events.len(),
        began.elapsed()
    );
    history
}

fn deployments(history: &GitHistory) -> impl Iterator<Item = (&str, &Deployment, Instant)> {
    history.events.iter().filter_map(|event| {
        let deployed = event.fact.as_deployment()?;
        Some((event.id.as_str(), deployed, deployed.finished_at.unwrap()))
    })
}

fn commits(history: &GitHistory) -> HashMap<&str, (&Commit, Instant)> {
    let all = history.events.iter();
    all.filter_map(|event| Some((event, event.fact.as_commit()?)))
        .map(|(event, c)| (c.sha.as_str(), (c, event.time)))
        .collect()
}

fn pulls(history: &GitHistory) -> HashMap<u64, &Pull> {
    let all = history.events.iter();
    all.filter_map(|event| event.fact.as_pull())
        .map(|p| (p.number, p))
        .collect()
}

/// What the timeline says.
fn change_sets(history: &GitHistory, config: &Config) -> ChangeSets {
    let mut events: Events = history.events.iter().cloned().collect();
    events.head.clone_from(&history.head);
    let timeline = Timeline::fold(&events, config);
    let later = timeline.deployments.iter().filter(|d| !d.baseline);
    let mut sets: ChangeSets = later.map(|d| (d.id.clone(), BTreeSet::new())).collect();
    for commit in &timeline.commits {
        let id = &timeline.deployments[commit.deployment].id;
        let fresh = sets.get_mut(id).unwrap().insert(commit.sha.clone());
        assert!(fresh, "{} twice in {id}", commit.sha);
    }
    sets
}

/// Every row of the truth, and nothing else.
fn check(bundle: &str, name: &str) {
    let Some(truth) = truth(name) else { return };
    let history = history(bundle, &truth);
    assert_eq!(history.source, Source::GitTags);
    assert_eq!(history.head.as_deref(), truth["head"].as_str());
    assert_eq!(history.default_branch.as_deref(), Some("main"));
    let sets = change_sets(&history, &config(&truth));
    let known = commits(&history);
    let mut left: HashMap<&str, (&Deployment, Instant)> = deployments(&history)
        .map(|(id, d, at)| (id, (d, at)))
        .collect();
    for (service, part) in truth["components"].as_object().unwrap() {
        let rows = part["rows"].as_array().unwrap();
        assert_eq!(part["deployments"].as_u64().unwrap(), rows.len() as u64);
        for row in rows {
            let sha = row["sha"].as_str().unwrap();
            let id = format!("tag:{}@{sha}", row["tag"].as_str().unwrap());
            let (d, at) = left
                .remove(id.as_str())
                .unwrap_or_else(|| panic!("{id} is missing"));
            assert_eq!(d.service.as_deref().unwrap_or(""), service, "{id}");
            assert_eq!(d.revision.as_deref(), Some(sha), "{id}");
            assert_eq!(at.timestamp(), row["t"].as_i64().unwrap(), "{id}");
            assert_eq!(!d.approximate, row["annotated"].as_bool().unwrap(), "{id}");
            check_changes(&id, row, at, sets.get(&id), &known);
        }
        check_pulls(part, &history);
        check_reverts(part, &sets, &known);
    }
    assert!(left.is_empty(), "not in the truth: {:?}", left.keys());
}

fn check_changes(
    id: &str,
    row: &Value,
    at: Instant,
    set: Option<&BTreeSet<String>>,
    known: &HashMap<&str, (&Commit, Instant)>,
) {
    let Some(set) = set else {
        assert_eq!(row["kind"], "baseline", "{id}");
        return;
    };
    let work: Vec<_> = set.iter().map(|sha| known[sha.as_str()]).collect();
    assert_eq!(
        Some(work.len() as u64),
        row["commits_nonmerge"].as_u64(),
        "{id}"
    );
    let slowest = work
        .iter()
        .map(|(_, committed)| (at - *committed).num_seconds())
        .max();
    assert_eq!(slowest, row["lead_max_committer"].as_i64(), "{id}");
    let mut leads: Vec<i64> = work
        .iter()
        .map(|(commit, _)| (at - commit.authored_at).num_seconds())
        .collect();
    leads.sort_unstable();
    let middle = leads.len() / 2;
    let median = match leads.len() {
        0 => None,
        n if n % 2 == 1 => Some(leads[middle] as f64),
        _ => Some((leads[middle - 1] + leads[middle]) as f64 / 2.0),
    };
    assert_eq!(median, row["lead_p50_author"].as_f64(), "{id}");
}

fn check_pulls(part: &Value, history: &GitHistory) {
    let found = pulls(history);
    for want in part["pr_list"].as_array().unwrap() {
        let number = want["number"].as_u64().unwrap();
        let pull = found
            .get(&number)
            .unwrap_or_else(|| panic!("pr:{number} is missing"));
        assert_eq!(
            pull.merge_sha.as_deref(),
            want["sha"].as_str(),
            "pr:{number}"
        );
        let merged = pull.merged_at.map(|at| at.timestamp());
        assert_eq!(merged, want["merged_at"].as_i64(), "pr:{number}");
    }
}

/// Every `This reverts commit <sha>` of the truth is read, and among delivered changes no other.
fn check_reverts(part: &Value, sets: &ChangeSets, known: &HashMap<&str, (&Commit, Instant)>) {
    let mut listed = HashSet::new();
    for want in part["reverts"]["list"].as_array().unwrap() {
        let sha = want["revert"].as_str().unwrap();
        let named = &known[sha].0.undoes.commits;
        let original = want["reverted"].as_str().unwrap_or_default();
        let is_original = |prefix: &String| original.starts_with(prefix.as_str());
        assert!(named.iter().any(is_original), "{sha}");
        // An original that was rebased away is named and not there.
        let resolved = known
            .keys()
            .any(|sha| named.iter().any(|prefix| sha.starts_with(prefix.as_str())));
        assert_eq!(Some(resolved), want["resolved"].as_bool(), "{sha}");
        listed.insert(sha);
    }
    for row in part["rows"].as_array().unwrap() {
        let (tag, sha) = (row["tag"].as_str().unwrap(), row["sha"].as_str().unwrap());
        for sha in sets.get(&format!("tag:{tag}@{sha}")).into_iter().flatten() {
            let (commit, _) = known[sha.as_str()];
            let reverts = !commit.undoes.commits.is_empty();
            assert!(!reverts || listed.contains(sha.as_str()), "{sha}");
        }
    }
}

#[test]
fn publishing_api_has_thousands_of_tags() {
    check("publishing-api", "publishing-api-tags");
}

#[test]
fn nextest_deploys_eight_crates_by_their_own_tags() {
    check("nextest", "nextest");
}

#[test]
fn nextest_is_one_product_by_one_pattern() {
    check("nextest", "nextest-cargo-nextest");
}

#[test]
fn release_plz_tags_its_crates_together() {
    check("release-plz", "release-plz");
}

#[test]
fn ripgrep_tags_with_bare_numbers() {
    check("ripgrep", "ripgrep");
}

#[test]
fn em_agent_tagged_afterwards() {
    check("em-agent", "em-agent");
}

#[test]
fn opg_dora_metrics_tags_off_its_branch() {
    check("opg-dora-metrics", "opg-dora-metrics");
}

#[test]
fn zizmor_action_is_small() {
    check("zizmor-action", "zizmor-action");
}
