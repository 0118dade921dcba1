//! What other programs say: exports, git, and the objects of GitHub.

use serde_json::Value;

use crate::adapter::{
    ADAPTERS, changes, github_ci, github_commit, github_deployment, github_environment,
    github_issue, github_judgement, github_mark, github_pull, github_pull_rest, github_run,
    merge_deployments, read_log, read_tags, state_file, tag_deployments, workflow_file,
};
use crate::cli::surface::said;
use crate::collect::own::{self, OwnRun};
use crate::config::{Config, StateFile};
use crate::event::{Event, Fact, Instant};
use crate::ledger::Line;

/// What an adapter gives is what the ledger gives back.
fn kept<'e>(events: impl IntoIterator<Item = &'e Event>) {
    for event in events {
        let line = Line::of(event);
        assert!(!line.raw.contains(['\n', '\r']), "{}", line.raw);
        let read = Line::read(&line.raw).map(|line| line.event);
        assert_eq!(read, Ok(Some(event.clone())));
    }
}

pub(super) fn adapters(bytes: &[u8]) {
    let config = Config::default();
    for adapter in &ADAPTERS {
        let read = || (adapter.read)(bytes, &config);
        match (read(), read()) {
            (Ok(one), Ok(two)) => {
                assert_eq!(one.events, two.events, "{}", adapter.id);
                kept(&one.events);
            }
            (Err(one), Err(two)) => {
                assert_eq!(one.to_string(), two.to_string(), "{}", adapter.id);
                super::tame(&said(one));
            }
            (one, two) => assert_eq!(one.is_ok(), two.is_ok(), "{}", adapter.id),
        }
    }
}

/// Logs, tags, and two versions of a file, whatever the bytes were meant to be.
pub(super) fn git(bytes: &[u8]) {
    let config = Config::default();
    if let Ok(log) = read_log(bytes) {
        let head = log.first().map(|entry| entry.sha.as_str());
        kept(&changes(&log, head));
        kept(&merge_deployments(&log, head));
    }
    if let Ok(tags) = read_tags(bytes) {
        kept(&tag_deployments(&tags, &config));
    }
    let text = String::from_utf8_lossy(bytes);
    let file = StateFile {
        path: "deployments.json".to_owned(),
        environment: None,
        service: None,
    };
    let half = text
        .char_indices()
        .nth(text.len() / 2)
        .map_or(text.len(), |(at, _)| at);
    let parts = [&text[..half], &text[half..], &text];
    let versions: Vec<_> = parts
        .iter()
        .map(|text| state_file::Version {
            sha: "a".repeat(40),
            at: Instant::UNIX_EPOCH,
            text: Some((*text).to_owned()),
        })
        .collect();
    kept(&state_file::deployments(&file, "production", &versions, true).events);
    for found in workflow_file::deploys("deploy.yml", &text, &config.environments) {
        let listed = format!("workflows: [{}]", found.line());
        // What is proposed can be read, or it is a pattern too long for one.
        let _ = crate::config::parse(&listed);
    }
    assert!(crate::collect::git::blobs(bytes) <= bytes.len());
}

pub(super) fn payload(bytes: &[u8]) {
    let Ok(node) = serde_json::from_slice::<Value>(bytes) else {
        return;
    };
    let config = Config::default();
    let list = || {
        node.as_array()
            .map_or(std::slice::from_ref(&node), Vec::as_slice)
    };
    let mut events: Vec<Event> = Vec::new();
    for node in list() {
        events.extend(github_deployment::from_graphql(node));
        events.extend(github_deployment::from_rest(node, list()));
        events.extend(github_deployment::from_webhook(node));
        events.extend(github_pull::from_graphql(node).ok().flatten());
        events.extend(
            github_pull_rest::from_rest(node, list(), list())
                .ok()
                .flatten(),
        );
        events.extend(github_commit::from_rest(node));
        events.extend(github_mark::release(node, &config).unwrap_or_default());
        let issue = github_issue::from_graphql(node, &config.incident_labels);
        events.extend(issue.ok().flatten().map(|issue| issue.incident));
        let mark = github_judgement::from_graphql(node, &config.rules);
        events.extend(mark.ok().and_then(|mark| mark.word));
        if let Ok(run) = github_run::Run::read(node) {
            let target = github_run::Target {
                environment: "production",
                service: None,
                job: None,
            };
            let jobs = node["jobs"].as_array().map_or(&[][..], Vec::as_slice);
            events.push(github_run::deployment(&run, jobs, target));
        }
        let tests = github_ci::from_rest(node, Instant::UNIX_EPOCH, |_, _| false);
        let _ = (
            tests,
            github_ci::longest_queue(node),
            github_mark::tag(node),
        );
        let rules = github_environment::from_rest(node);
        for event in &mut events {
            if let Fact::Deployment(deployed) = &mut event.fact {
                github_environment::split_waiting(deployed, &rules);
            }
        }
    }
    kept(&events);
    started(&node, &events, &config);
}

/// The deployment of a run that this payload started.
fn started(node: &Value, events: &[Event], config: &Config) {
    let run = &node["workflow_run"];
    let text = |value: &Value| value.as_str().map(str::to_owned);
    let (sha, node, status) = (
        text(&run["head_sha"]),
        text(&node["deployment"]["node_id"]),
        text(&run["conclusion"]),
    );
    let own = OwnRun {
        run: "1",
        attempt: run["run_attempt"]
            .as_u64()
            .and_then(|n| u32::try_from(n).ok()),
        status: status.as_deref(),
        sha: sha.as_deref(),
        environment: None,
        production: "production",
        service: None,
        key: None,
        node: node.as_deref(),
        now: Instant::UNIX_EPOCH,
    };
    if let own::Own::Reported(event) = own::find(&own, events, config) {
        kept([&*event]);
    }
}
