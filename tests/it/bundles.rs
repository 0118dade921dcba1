//! Seven real histories against an independent truth: deployments, their times, and what each delivered first.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};
use std::path::{Path, PathBuf};
use std::process::Command;

use fivekeys::collect::git::{GitHistory, collect};
use fivekeys::config::{Config, TagPattern};
use fivekeys::event::{Commit, Deployment, Fact, Instant, Pull, Source};
use serde_json::Value;

/// Commits that a deployment delivered first, by its id; a baseline is absent.
type ChangeSets = BTreeMap<String, BTreeSet<String>>;

/// How change sets are found. Here a small walk of its own; swap it for the timeline's.
const CHANGE_SETS: fn(&GitHistory) -> ChangeSets = walked_change_sets;

fn data() -> PathBuf {
    std::env::var_os("FIVEKEYS_DATA").map_or_else(
        || Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared/data"),
        PathBuf::from,
    )
}

/// The bundle's name and its truth, or `None` with a word about it.
fn truth(name: &str) -> Option<Value> {
    let path = data().join("truth").join(format!("{name}.json"));
    let Ok(text) = std::fs::read_to_string(&path) else {
        eprintln!("skipped: {} is absent", path.display());
        return None;
    };
    Some(serde_json::from_str(&text).unwrap())
}

fn history(bundle: &str, truth: &Value) -> GitHistory {
    let folder = tempfile::tempdir().unwrap();
    let bundle = data().join(format!("bundles/{bundle}-skel.bundle"));
    let cloned = Command::new("git")
        .args(["clone", "--quiet", "--bare"])
        .arg(&bundle)
        .arg(folder.path())
        .output()
        .unwrap();
    assert!(cloned.status.success(), "{}: {cloned:?}", bundle.display());
    let pattern = truth["config"]["tag_regex"].as_str().unwrap();
    let config = Config {
        tags: TagPattern::new(&pattern.replace("(?P<c>", "(?P<service>")).unwrap(),
        ..Config::default()
    };
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
    history.events.iter().filter_map(|event| match &event.fact {
        Fact::Deployment(d) => Some((event.id.as_str(), d, d.finished_at.unwrap())),
        _ => None,
    })
}

fn commits(history: &GitHistory) -> HashMap<&str, (&Commit, Instant)> {
    let all = history.events.iter();
    all.filter_map(|event| match &event.fact {
        Fact::Commit(c) => Some((c.sha.as_str(), (c, event.time))),
        _ => None,
    })
    .collect()
}

fn pulls(history: &GitHistory) -> HashMap<u64, &Pull> {
    let all = history.events.iter();
    all.filter_map(|event| match &event.fact {
        Fact::Pull(p) => Some((p.number, p)),
        _ => None,
    })
    .collect()
}

fn walked_change_sets(history: &GitHistory) -> ChangeSets {
    let graph = commits(history);
    let mut services: BTreeMap<Option<&str>, Vec<(Instant, &str, &str)>> = BTreeMap::new();
    for (id, d, at) in deployments(history) {
        let revision = d.revision.as_deref().unwrap();
        services
            .entry(d.service.as_deref())
            .or_default()
            .push((at, id, revision));
    }
    let mut sets = ChangeSets::new();
    for mut line in services.into_values() {
        line.sort_unstable();
        let mut seen = HashSet::new();
        for (nth, (_, id, revision)) in line.into_iter().enumerate() {
            let mut fresh = BTreeSet::new();
            let mut open = vec![revision];
            while let Some(sha) = open.pop() {
                if seen.insert(sha) {
                    fresh.insert(sha.to_owned());
                    open.extend(graph[sha].0.parents.iter().map(String::as_str));
                }
            }
            if nth > 0 {
                sets.insert(id.to_owned(), fresh);
            }
        }
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
    let sets = CHANGE_SETS(&history);
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
    assert_eq!(Some(set.len() as u64), row["commits"].as_u64(), "{id}");
    let work: Vec<_> = set
        .iter()
        .map(|sha| known[sha.as_str()])
        .filter(|(commit, _)| commit.parents.len() < 2)
        .collect();
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
            let reverts = commit.parents.len() < 2 && !commit.undoes.commits.is_empty();
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
