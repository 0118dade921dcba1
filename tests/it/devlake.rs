//! Raw answers of GitHub that another tool recorded, and what it made of them.

use std::collections::BTreeMap;

use fivekeys::adapter::{github_deployment, github_pull_rest};
use fivekeys::event::{Outcome, Pull, parse_instant};
use serde_json::{Map, Value};

use crate::data::shared;

/// Rows of a CSV file by column.
fn rows(path: &str) -> Option<Vec<BTreeMap<String, String>>> {
    let path = shared(&format!("recorded/devlake/{path}"))?;
    let mut reader = csv::Reader::from_path(path).unwrap();
    Some(reader.deserialize().map(|row| row.unwrap()).collect())
}

/// The payloads of a table of raw answers, with the URL each was asked from.
fn raw(path: &str) -> Option<Vec<(String, Value)>> {
    let read = |row: BTreeMap<String, String>| {
        let value = serde_json::from_str(&row["data"]).unwrap();
        (row["url"].clone(), value)
    };
    Some(rows(path)?.into_iter().map(read).collect())
}

/// Number of the pull request in an address such as `…/pulls/41/commits`.
fn number(url: &str) -> Option<u64> {
    let (_, rest) = url.split_once("/pulls/")?;
    rest.split('/').next()?.parse().ok()
}

#[test]
#[expect(
    clippy::too_many_lines,
    reason = "one table, compared column by column"
)]
fn pull_requests_of_rest_keep_the_moments_that_were_recorded() {
    let raw_table = |name: &str| raw(&format!("github/e2e/raw_tables/_raw_github_api_{name}.csv"));
    let (Some(pulls), Some(commits), Some(reviews)) = (
        raw_table("pull_requests"),
        raw_table("pull_request_commits"),
        raw_table("pull_request_reviews"),
    ) else {
        return;
    };
    let known = rows("github/e2e/raw_tables/_tool_github_pull_requests.csv").unwrap();
    let mut by_number: BTreeMap<u64, (Vec<Value>, Vec<Value>)> = BTreeMap::new();
    for (url, commit) in commits {
        by_number
            .entry(number(&url).unwrap())
            .or_default()
            .0
            .push(commit);
    }
    for (_, review) in reviews {
        let of = number(review["pull_request_url"].as_str().unwrap()).unwrap();
        by_number.entry(of).or_default().1.push(review);
    }
    let mut read: BTreeMap<u64, Pull> = BTreeMap::new();
    let mut unmerged = 0;
    for (_, pull) in &pulls {
        let of = pull["number"].as_u64().unwrap();
        let (commits, reviews) = by_number.get(&of).cloned().unwrap_or_default();
        match github_pull_rest::from_rest(pull, &commits, &reviews).unwrap() {
            Some(event) => {
                read.insert(of, event.fact.as_pull().unwrap().clone());
            }
            None => unmerged += 1,
        }
    }
    // Number 4 was recorded twice.
    assert_eq!((pulls.len(), unmerged, read.len()), (50, 23, 26));
    let mut compared = 0;
    for row in known.iter().filter(|row| !row["merged_at"].is_empty()) {
        let Some(pull) = read.get(&row["number"].parse().unwrap()) else {
            panic!("{} is missing", row["number"]);
        };
        assert_eq!(
            pull.created_at,
            parse_instant(&row["github_created_at"]).ok()
        );
        assert_eq!(pull.merged_at, parse_instant(&row["merged_at"]).ok());
        assert_eq!(
            pull.merge_sha.as_deref(),
            Some(row["merge_commit_sha"].as_str())
        );
        compared += 1;
    }
    assert_eq!(compared, 26);
    // Straight from the recorded payloads: the first commit, and the first review by somebody else.
    for (of, (commits, reviews)) in &by_number {
        let Some(pull) = read.get(of) else { continue };
        let date =
            |c: &Value| parse_instant(c["commit"]["author"]["date"].as_str().unwrap()).unwrap();
        assert_eq!(pull.first_commit_at, commits.iter().map(date).min(), "{of}");
        let author = |p: &&(String, Value)| p.1["number"].as_u64() == Some(*of);
        let author = &pulls.iter().find(author).unwrap().1["user"]["login"];
        let others = reviews.iter().filter(|r| r["user"]["login"] != *author);
        let submitted = |r: &Value| parse_instant(r["submitted_at"].as_str().unwrap()).unwrap();
        assert_eq!(pull.first_review_at, others.map(submitted).min(), "{of}");
    }
}

/// The recorder wrote the names of its own fields: `CommitOid` for `commitOid`.
fn lower(value: &Value) -> Value {
    match value {
        Value::Object(object) => object
            .iter()
            .map(|(name, value)| {
                let (first, rest) = name.split_at(1);
                (first.to_lowercase() + rest, lower(value))
            })
            .collect::<Map<_, _>>()
            .into(),
        Value::Array(list) => list.iter().map(lower).collect(),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => value.clone(),
    }
}

#[test]
fn a_superseded_deployment_ends_when_it_succeeded_and_not_when_it_was_superseded() {
    let Some(raw) = raw("github_graphql/e2e/raw_tables/_raw_github_graphql_deployment.csv") else {
        return;
    };
    let (mut judged, mut unknown) = (0, 0);
    for (_, record) in raw {
        let mut node = lower(&record);
        // It asked for the last change of each status, which is made once.
        let listed = node["statuses"]["nodes"].as_array_mut();
        for status in listed.into_iter().flatten() {
            status["createdAt"] = status["updatedAt"].clone();
        }
        let successes = node["statuses"]["nodes"].as_array().into_iter().flatten();
        let first = successes
            .filter(|s| s["state"] == "SUCCESS")
            .map(|s| parse_instant(s["createdAt"].as_str().unwrap()).unwrap())
            .min();
        let event = github_deployment::from_graphql(&node).unwrap();
        let fact = event.fact.as_deployment().unwrap();
        assert_eq!(fact.environment, "github-pages");
        assert_eq!(fact.revision.as_deref(), record["CommitOid"].as_str());
        if first.is_some() {
            assert_eq!((fact.outcome, fact.finished_at), (Outcome::Success, first));
            judged += 1;
        } else {
            // Without its statuses nobody knows when it ended: the other tool takes the moment of its end as
            // superseded, up to nine days late.
            assert_eq!((fact.outcome, fact.finished_at), (Outcome::Pending, None));
            unknown += 1;
        }
    }
    assert_eq!((judged, unknown), (2, 5));
}
