//! Real deployments in the shape of GitHub's API, against an independent truth; and as tags of the same clone.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::fmt::Write as _;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use fivekeys::adapter::{github_commit, github_deployment, github_pull};
use fivekeys::collect::git::collect;
use fivekeys::config::{Config, Environments, TagPattern};
use fivekeys::event::{Event, Events, Window, parse_instant, seconds_between};
use fivekeys::metric::Distribution;
use fivekeys::report::v1::{Metrics, Report};
use fivekeys::timeline::{EvidenceKind, STAGES, Timeline};
use serde_json::{Value, json};

use super::data::shared;
use super::truth::{at, measured, same, same_quantiles, summary};

const REPOSITORY: &str = "/repos/gov-example/publishing-api";
const ENVIRONMENTS: [&str; 3] = ["integration", "staging", "production"];
const GRACE_SECONDS: i64 = 300;
/// Pull requests of a bot that a person pushed to.
const PUSHED_TO: [u64; 4] = [3054, 3071, 3090, 3181];
/// Pull requests whose branch was deployed before their merge commit was, by environment.
const BRANCHES: [(&str, &[u64]); 3] = [
    (
        "integration",
        &[
            3026, 3055, 3061, 3071, 3075, 3203, 3219, 3255, 3263, 3283, 3289, 3315, 3340, 3343,
        ],
    ),
    ("staging", &[3160, 3203, 3219, 3263]),
    ("production", &[3263]),
];
/// Rollbacks by environment: to a version that was there before, those of them within the grace period, and
/// the truth's others, which put an older commit out that was not there before.
const ROLLBACKS: [(&str, [usize; 3]); 3] = [
    ("integration", [2, 0, 17]),
    ("staging", [6, 3, 6]),
    ("production", [6, 2, 3]),
];

/// The recorded answers: a path below the repository, its query, its body.
struct View {
    folder: PathBuf,
    routes: Vec<Value>,
}

impl View {
    fn open() -> Option<Self> {
        let folder = shared("api_view/A-publishing-api")?;
        let text = std::fs::read_to_string(folder.join("routes.json")).unwrap();
        let routes = serde_json::from_str(&text).unwrap();
        Some(Self { folder, routes })
    }

    fn read(&self, file: &str) -> Value {
        let text = std::fs::read_to_string(self.folder.join(file)).unwrap();
        serde_json::from_str(&text).unwrap()
    }

    /// Bodies by path, of routes without a filter.
    fn bodies(&self) -> impl Iterator<Item = (&str, Value)> {
        self.routes.iter().filter_map(|route| {
            let path = route["path"].as_str()?.strip_prefix(REPOSITORY)?;
            let filtered = ["environment", "sha", "state"]
                .iter()
                .any(|key| !route["query"][key].is_null());
            let body = self.read(route["body"].as_str()?);
            (!filtered && route["status"] == 200).then_some((path, body))
        })
    }

    fn events(&self) -> Events {
        let mut deployments: BTreeMap<u64, Value> = BTreeMap::new();
        let mut statuses: HashMap<u64, Vec<Value>> = HashMap::new();
        let mut pulls: BTreeMap<u64, Value> = BTreeMap::new();
        let mut own: HashMap<u64, Vec<Value>> = HashMap::new();
        let mut events = Events::default();
        let list = |body: Value| body.as_array().cloned().unwrap_or_default();
        for (path, body) in self.bodies() {
            let parts: Vec<&str> = path.split('/').skip(1).collect();
            let number = parts.get(1).and_then(|n| n.parse().ok()).unwrap_or(0);
            match parts[..] {
                ["deployments"] => {
                    let rows = list(body).into_iter();
                    deployments.extend(rows.map(|d| (d["id"].as_u64().unwrap(), d)));
                }
                ["deployments", _, "statuses"] => {
                    statuses.entry(number).or_default().extend(list(body));
                }
                ["pulls", _] => {
                    pulls.insert(number, body);
                }
                ["pulls", _, "commits"] => own.entry(number).or_default().extend(list(body)),
                ["commits", _] => events.extend(github_commit::from_rest(&body)),
                ["compare", _] => {
                    let commits = list(body["commits"].clone());
                    events.extend(commits.iter().map(|c| github_commit::from_rest(c).unwrap()));
                }
                _ => {}
            }
        }
        for (id, deployment) in &deployments {
            events.insert(github_deployment::from_rest(deployment, &statuses[id]).unwrap());
        }
        for (number, pull) in &pulls {
            events.extend(pull_of(pull, &own[number]));
        }
        events
    }
}

/// A pull request in GraphQL's shape, from what REST says of it.
fn pull_of(rest: &Value, commits: &[Value]) -> Option<Event> {
    let commits: Vec<Value> = commits
        .iter()
        .map(
            |c| json!({"commit": {"oid": c["sha"], "authoredDate": c["commit"]["author"]["date"]}}),
        )
        .collect();
    let node = json!({
        "id": format!("PR_{}", rest["number"]), "number": rest["number"], "title": rest["title"],
        "body": rest["body"], "createdAt": rest["created_at"], "mergedAt": rest["merged_at"],
        "headRefName": rest["head"]["ref"], "baseRefName": rest["base"]["ref"],
        "author": {"__typename": rest["user"]["type"], "login": rest["user"]["login"]},
        "mergeCommit": {"oid": rest["merge_commit_sha"]}, "commits": {"nodes": commits},
        "additions": rest["additions"], "deletions": rest["deletions"],
    });
    github_pull::from_graphql(&node).unwrap()
}

/// The deployments of an environment as annotated tags of a clone, at the moments they took effect.
fn tagged(folder: &Path, rows: &[Value]) -> Events {
    let bundle = shared("bundles/publishing-api-skel.bundle").unwrap();
    let cloned = Command::new("git")
        .args(["clone", "--quiet", "--bare"])
        .arg(&bundle)
        .arg(folder)
        .status()
        .unwrap();
    assert!(cloned.success());
    let mut script = String::new();
    for (nth, row) in rows.iter().enumerate() {
        let (sha, seconds) = (row["sha"].as_str().unwrap(), row["t"].as_i64().unwrap());
        writeln!(
            script,
            "tag deploy-{nth:04}\nfrom {sha}\ntagger Deployer <deployer@example.invalid> {seconds} +0000\ndata 0\n"
        )
        .unwrap();
    }
    let mut import = Command::new("git")
        .args(["fast-import", "--quiet"])
        .current_dir(folder)
        .stdin(Stdio::piped())
        .spawn()
        .unwrap();
    let mut input = import.stdin.take().unwrap();
    input.write_all(script.as_bytes()).unwrap();
    drop(input);
    assert!(import.wait().unwrap().success());
    let history = collect(folder, &by_tag(GRACE_SECONDS)).unwrap();
    let mut events: Events = history.events.into_iter().collect();
    events.head = history.head;
    events
}

fn by_tag(grace: i64) -> Config {
    let mut config = Config {
        tags: TagPattern::new(r"^deploy-\d+$").unwrap(),
        ..Config::default()
    };
    config.rules.rollback_grace_seconds = grace;
    config
}

fn by_environment(name: &str, grace: i64) -> Config {
    let mut config = Config {
        environments: Environments::new(&[name.to_owned()]).unwrap(),
        ..Config::default()
    };
    config.rules.rollback_grace_seconds = grace;
    config
}

/// A rollback by our rule, worked out from the truth's rows: places of the rollback and of what it undid.
#[derive(Debug, Clone, Copy)]
struct Back {
    rollback: usize,
    failed: usize,
    replaced: usize,
}

/// The truth calls every strict ancestor of its predecessor a rollback, and the predecessor failed. By ours its
/// version was there before, and the first deployment after its last time failed (rule CF3).
fn backs(rows: &[Value]) -> (Vec<Back>, Vec<usize>) {
    let mut last: HashMap<&str, usize> = HashMap::new();
    let (mut seen, mut unseen) = (Vec::new(), Vec::new());
    for (nth, row) in rows.iter().enumerate() {
        let sha = row["sha"].as_str().unwrap();
        if row["kind"] == "rollback" {
            match last.get(sha) {
                Some(target) => seen.push(Back {
                    rollback: nth,
                    failed: target + 1,
                    replaced: nth - 1,
                }),
                None => unseen.push(nth),
            }
        }
        last.insert(sha, nth);
    }
    (seen, unseen)
}

fn time(row: &Value) -> i64 {
    row["t"].as_i64().unwrap()
}

/// Recovery of the failed deployments that rollbacks restored in the window: the first that undid each.
fn recoveries(rows: &[Value], found: &[Back], window: Window, grace: i64) -> Vec<f64> {
    let mut first: BTreeMap<usize, i64> = BTreeMap::new();
    for back in found {
        let took = time(&rows[back.rollback]) - time(&rows[back.failed]);
        if took >= grace {
            first.entry(back.failed).or_insert(took);
        }
    }
    first
        .into_iter()
        .filter(|(failed, took)| window.contains(at(time(&rows[*failed]) + took)))
        .map(|(_, took)| took as f64)
        .collect()
}

/// One environment: what the truth says of it, and what we make of its events.
struct Checked<'a> {
    environment: &'a str,
    rows: &'a [Value],
    found: Vec<Back>,
    unseen: Vec<usize>,
    events: &'a Events,
    timeline: Timeline,
    merges: Merges,
}

fn check(environment: &str, want: &Value, events: &Events, now: i64) {
    let rows = want["rows"].as_array().unwrap();
    let (found, unseen) = backs(rows);
    let timeline = Timeline::fold(events, &by_environment(environment, GRACE_SECONDS));
    assert_eq!(timeline.deployments.len(), rows.len(), "{environment}");
    let checked = Checked {
        environment,
        rows,
        found,
        unseen,
        events,
        merges: merges(&timeline),
        timeline,
    };
    for nth in 0..rows.len() {
        checked.row(nth);
    }
    checked.rollbacks();
    pulls(environment, rows, &checked.timeline);
    for (days, want) in want["windows"].as_object().unwrap() {
        let window = Window {
            from: at(now - days.parse::<i64>().unwrap() * 86_400),
            to: at(now),
        };
        for grace in [0, GRACE_SECONDS] {
            checked.window(
                window,
                grace,
                want,
                &format!("{environment} {days} {grace}"),
            );
        }
    }
}

impl Checked<'_> {
    /// What a deployment delivered, and what it rolled back.
    fn row(&self, nth: usize) {
        let (ours, row) = (&self.timeline.deployments[nth], &self.rows[nth]);
        let what = format!("{} {nth}", self.environment);
        assert_eq!(ours.id, format!("dep:DE_{}", row["id"]));
        let commits: BTreeSet<&str> = self
            .timeline
            .commits
            .iter()
            .filter(|c| c.deployment == nth)
            .map(|c| c.sha.as_str())
            .collect();
        let theirs = row["changes"].as_array().unwrap().iter();
        let theirs: BTreeSet<&str> = theirs.map(|c| c.as_str().unwrap()).collect();
        assert_eq!(commits, theirs, "{what}");
        let back = self.found.iter().find(|b| b.rollback == nth);
        let failed = ours.rollback.map(|r| r.failed);
        assert_eq!(failed, back.map(|b| b.failed), "{what}");
        if let Some(back) = back {
            // The truth's own measure of it, from what was replaced.
            let replaced = &self.timeline.deployments[back.replaced];
            let took = seconds_between(replaced.finished_at, ours.finished_at);
            assert_eq!(Some(took), row["recovery_s"].as_i64(), "{what}");
            let age = time(row) - time(&self.rows[back.failed]);
            assert_eq!(ours.rollback.unwrap().race, age < GRACE_SECONDS, "{what}");
        }
    }

    fn rollbacks(&self) {
        let races = self.timeline.deployments.iter();
        let races = races.filter_map(|d| d.rollback).filter(|r| r.race).count();
        let counts = [self.found.len(), races, self.unseen.len()];
        assert!(
            ROLLBACKS.contains(&(self.environment, counts)),
            "{counts:?}"
        );
    }

    fn window(&self, window: Window, grace: i64, want: &Value, what: &str) {
        let config = by_environment(self.environment, grace);
        let report = measured(self.events, &config, window);
        let m = &report.overall.metrics;
        numbers(m, want, what);
        same_quantiles(
            &m.change_lead_time.merge_to_deploy,
            &summary(people(&self.merges, window)),
            what,
        );
        self.pulls_in(window, want, what);
        let inside = |nth: usize| window.contains(at(time(&self.rows[nth])));
        let back = || self.found.iter().filter(|b| inside(b.rollback));
        let unseen = self.unseen.iter().filter(|nth| inside(**nth)).count();
        let all = (back().count() + unseen) as u64;
        assert_eq!(Some(all), want["rollbacks"].as_u64(), "{what}");
        let took = |b: &Back| time(&self.rows[b.rollback]) - time(&self.rows[b.failed]);
        assert_eq!(
            m.deployment_rework_rate.by_kind["rollback"],
            back().filter(|b| took(b) >= grace).count() as u64,
            "{what}"
        );
        let restored = recoveries(self.rows, &self.found, window, grace);
        by_rollback(self.events, &config, window, &restored, what);
    }

    /// From merge to deployment, bots included as in the truth; where a branch went ahead of its merge commit the
    /// two differ, as [`pulls`] shows one by one.
    fn pulls_in(&self, window: Window, want: &Value, what: &str) {
        let early = BRANCHES.iter().any(|(name, list)| {
            let inside = |n: &u64| window.contains(at(self.merges[n].1));
            *name == self.environment && list.iter().any(inside)
        });
        let inside = |at_: &i64| window.contains(at(*at_));
        let took = self
            .merges
            .values()
            .filter(|(_, deployed, _)| inside(deployed));
        let took = summary(took.map(|(merged, deployed, _)| (deployed - merged) as f64));
        for field in [
            "n",
            "mean",
            "p50_linear",
            "p75_linear",
            "p90_linear",
            "p95_linear",
            "p99_linear",
        ] {
            if !early {
                let theirs = &want["lead_pr"][field];
                same(took[field].as_f64(), theirs, &format!("{what} {field}"));
            }
        }
    }
}

/// Merges and deployments of pull requests, row by row and bots included. Ours are the truth's, but for branches
/// that were deployed before their merge commit, which the truth waits for.
fn pulls(environment: &str, rows: &[Value], timeline: &Timeline) {
    let theirs: BTreeSet<(i64, i64)> = rows
        .iter()
        .flat_map(|row| {
            let leads = row["lead_pr"].as_array().unwrap().iter();
            leads.map(|lead| (time(row) - lead.as_i64().unwrap(), time(row)))
        })
        .collect();
    let ours = merges(timeline);
    let mut early = Vec::new();
    let mut known = BTreeSet::new();
    for (number, (merged, deployed, _)) in &ours {
        if theirs.contains(&(*merged, *deployed)) {
            known.insert((*merged, *deployed));
        } else {
            let later = theirs.iter().find(|(m, at)| m == merged && at > deployed);
            known.insert(*later.unwrap_or_else(|| panic!("{environment} pr:{number}")));
            early.push(*number);
        }
    }
    assert_eq!(known, theirs, "{environment}");
    let want = BRANCHES.iter().find(|(name, _)| *name == environment);
    assert_eq!(early, want.unwrap().1, "{environment}");
}

fn numbers(m: &Metrics, want: &Value, what: &str) {
    let frequency = &m.deployment_frequency;
    assert_eq!(
        Some(frequency.count),
        want["deployments"].as_u64(),
        "{what}"
    );
    same(frequency.per_day, &want["per_day"], what);
    let lead = &m.change_lead_time;
    same_quantiles(
        &lead.per_commit,
        &want["lead_author"],
        &format!("{what} per commit"),
    );
}

/// The recoveries whose failure a rollback speaks of.
fn by_rollback(events: &Events, config: &Config, window: Window, want: &[f64], what: &str) {
    let timeline = Timeline::fold(events, config);
    let ours = timeline
        .deployments
        .iter()
        .filter(|d| {
            d.evidence
                .iter()
                .any(|e| e.of_failure && e.kind == EvidenceKind::Rollback)
        })
        .filter(|d| d.restored_at.is_some_and(|at| window.contains(at)))
        .map(|d| d.restored_after().unwrap() as f64);
    assert_eq!(
        Distribution::of(ours),
        Distribution::of(want.iter().copied()),
        "{what}"
    );
}

/// Merged, deployed, and whether by a bot, by number.
type Merges = BTreeMap<u64, (i64, i64, bool)>;

fn merges(timeline: &Timeline) -> Merges {
    timeline
        .changes
        .iter()
        .filter_map(|c| {
            let merged = c.merged_at?.timestamp();
            Some((c.pull?, (merged, c.deployed_at.timestamp(), c.bot)))
        })
        .collect()
}

/// From merge to deployment, bots left out.
fn people(of: &Merges, window: Window) -> Vec<f64> {
    of.values()
        .filter(|(merged, deployed, bot)| {
            !bot && merged <= deployed && window.contains(at(*deployed))
        })
        .map(|(merged, deployed, _)| (deployed - merged) as f64)
        .collect()
}

#[test]
fn three_environments_agree_with_the_truth() {
    let Some(view) = View::open() else { return };
    let expected = view.read("expected.json");
    let events = view.events();
    let now = parse_instant(expected["now"].as_str().unwrap())
        .unwrap()
        .timestamp();
    for environment in ENVIRONMENTS {
        check(environment, &expected["envs"][environment], &events, now);
    }
}

/// The same pull requests, merges and deliveries. Who opened one is known to the API alone: a bot's branch that a
/// person pushed to is a person's in a clone.
fn the_same_merges(events: &Events, tags: &Events, environment: &str) -> (Merges, Merges) {
    let of_tags = merges(&Timeline::fold(tags, &by_tag(0)));
    let of_api = merges(&Timeline::fold(events, &by_environment(environment, 0)));
    assert_eq!(of_tags.len(), of_api.len());
    let mut pushed_to = Vec::new();
    for (number, (merged, deployed, bot)) in &of_tags {
        let api = of_api[number];
        assert_eq!((*merged, *deployed), (api.0, api.1), "pr:{number}");
        if *bot != api.2 {
            assert!(api.2, "pr:{number}");
            pushed_to.push(*number);
        }
    }
    assert_eq!(pushed_to, PUSHED_TO, "{environment}");
    (of_api, of_tags)
}

#[test]
fn tags_of_a_clone_give_the_numbers_of_the_api() {
    let Some(view) = View::open() else { return };
    let expected = view.read("expected.json");
    let events = view.events();
    let now = parse_instant(expected["now"].as_str().unwrap())
        .unwrap()
        .timestamp();
    for environment in ENVIRONMENTS {
        let want = &expected["envs"][environment];
        let folder = tempfile::tempdir().unwrap();
        let tags = tagged(folder.path(), want["rows"].as_array().unwrap());
        let (of_api, of_tags) = the_same_merges(&events, &tags, environment);
        for days in [30, 90, 180] {
            for grace in [0, GRACE_SECONDS] {
                let window = Window {
                    from: at(now - days * 86_400),
                    to: at(now),
                };
                let api = measured(&events, &by_environment(environment, grace), window);
                let git = measured(&tags, &by_tag(grace), window);
                let (a, b) = (&api.overall.metrics, &git.overall.metrics);
                let what = format!("{environment} {days} {grace}");
                assert_eq!(
                    a.deployment_frequency.count, b.deployment_frequency.count,
                    "{what}"
                );
                assert_eq!(
                    a.deployment_frequency.per_day, b.deployment_frequency.per_day,
                    "{what}"
                );
                assert_eq!(
                    a.change_lead_time.per_commit, b.change_lead_time.per_commit,
                    "{what}"
                );
                same_quantiles(
                    &b.change_lead_time.merge_to_deploy,
                    &summary(people(&of_tags, window)),
                    &what,
                );
                same_quantiles(
                    &a.change_lead_time.merge_to_deploy,
                    &summary(people(&of_api, window)),
                    &what,
                );
                assert_eq!(
                    a.deployment_rework_rate.by_kind, b.deployment_rework_rate.by_kind,
                    "{what}"
                );
                assert_eq!(a.change_fail_rate.ratio, b.change_fail_rate.ratio, "{what}");
                let recovery = |m: &Metrics| {
                    let r = &m.failed_deployment_recovery_time;
                    (r.n, r.median_seconds, r.p90_seconds, r.mean_seconds)
                };
                assert_eq!(recovery(a), recovery(b), "{what}");
            }
        }
    }
}

/// The largest stage of the report's own changes, and the median lead time with it at its 25th percentile at most.
fn bottleneck(report: &Report) -> (String, f64, f64) {
    let quantile = |values: Vec<f64>, q: f64| Distribution::of(values).quantile(q).unwrap();
    let people: Vec<_> = report
        .changes
        .iter()
        .filter(|c| !c.bot && c.lead_time_seconds.is_some_and(|s| s >= 0.0))
        .collect();
    let known = |stage: &str| -> Vec<f64> {
        let of = people
            .iter()
            .filter(|c| c.created_at.is_some() && c.merged_at.is_some());
        of.filter_map(|c| c.stages[stage]).collect()
    };
    let (stage, _) = STAGES
        .iter()
        .map(|stage| (*stage, known(stage).iter().sum::<f64>()))
        .max_by(|a, b| a.1.total_cmp(&b.1))
        .unwrap();
    let p25 = quantile(known(stage), 0.25);
    let shorter = people.iter().map(|c| {
        let own = c.stages[stage].filter(|_| c.created_at.is_some() && c.merged_at.is_some());
        c.lead_time_seconds.unwrap() - own.map_or(0.0, |s| (s - p25).max(0.0))
    });
    (stage.to_owned(), p25, quantile(shorter.collect(), 0.5))
}

#[test]
fn the_bottleneck_is_what_the_published_changes_say() {
    let Some(view) = View::open() else { return };
    let expected = view.read("expected.json");
    let events = view.events();
    let now = parse_instant(expected["now"].as_str().unwrap())
        .unwrap()
        .timestamp();
    for environment in ENVIRONMENTS {
        let window = Window {
            from: at(now - 180 * 86_400),
            to: at(now),
        };
        let config = by_environment(environment, GRACE_SECONDS);
        let report = measured(&events, &config, window);
        let found = report.bottleneck.as_ref().unwrap();
        let (stage, p25, then) = bottleneck(&report);
        assert_eq!(found.stage, stage, "{environment}");
        assert!((found.p25_seconds - p25).abs() < 1e-6, "{environment}");
        assert!(
            (found.lead_time_then_seconds - then).abs() < 1e-6,
            "{environment}"
        );
        assert!(found.lead_time_then_seconds <= found.lead_time_seconds);
        let next = report.recommendation.as_ref();
        eprintln!(
            "{environment}: {stage} {:.0} % of the time, p25 {p25:.0} s, lead time {:.0} s, then {then:.0} s; {:?}, quality {:.2}, {:?}",
            found.share * 100.0,
            found.lead_time_seconds,
            next.map(|r| (&r.id, &r.says, r.prize.as_ref().map(|p| (p.now, p.then)))),
            report.quality.score,
            report.quality.fixes,
        );
        for other in &report.findings {
            assert!(
                next.is_none_or(|r| r.id != other.id),
                "said twice: {}",
                other.id
            );
        }
    }
}
