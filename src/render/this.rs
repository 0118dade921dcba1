//! The deployment of a run in words: what it shipped, how its stages compare, and the way back where it failed.

use std::collections::{BTreeMap, BTreeSet};

use serde::Serialize;

use super::evidence::{self, DeploymentRow};
use super::{escape, humanize};
use crate::report::v1::{Change, Deployment, Report};

/// The stages that add up to a lead time; their parts are left to the distributions.
const STAGES: [&str; 7] = [
    "coding",
    "draft",
    "pickup",
    "review",
    "merge",
    "deploy_wait",
    "deploy",
];
/// Changes that a way back names.
const NAMED: usize = 20;

/// The deployment that this run recorded.
#[derive(Debug, Serialize)]
pub(crate) struct This {
    row: DeploymentRow,
    /// Its id where it can be pasted into a shell; empty where it cannot.
    explained_by: String,
    median_batch: String,
    stages: Vec<Stage>,
    changes: Vec<Shipped>,
    hidden: usize,
    back: Option<Back>,
}

/// A stage of its changes beside the team's.
#[derive(Debug, Serialize)]
struct Stage {
    name: String,
    here: String,
    team: String,
}

#[derive(Debug, Serialize)]
struct Shipped {
    name: String,
    lead_time: String,
    since_merge: String,
    bot: bool,
}

/// The way back from a deployment that failed and that nothing has repaired.
#[derive(Debug, PartialEq, Eq, Serialize)]
struct Back {
    /// It took no effect: what was there before still runs.
    still_runs: bool,
    /// The revision of the last deployment of the service there that did not fail, else its id.
    name: String,
    finished: String,
    /// Its page, where the same run can be started again.
    url: String,
    /// Changes that going back would take away.
    undoes: Vec<String>,
    undoes_hidden: usize,
}

/// Words for one deployment of the report, with at most `rows` changes; `None` where the report does not have it.
pub(crate) fn of(report: &Report, id: &str, rows: usize) -> Option<This> {
    let deployment = report.deployments.iter().find(|d| d.id == id)?;
    let changes = evidence::delivered(report, deployment);
    let mut batches: Vec<usize> = evidence::effective(report)
        .iter()
        .map(|d| d.changes.len())
        .collect();
    batches.sort_unstable();
    let median = batches.get(batches.len() / 2).copied().unwrap_or(0);
    Some(This {
        row: evidence::deployment_row(report, deployment),
        explained_by: pasteable(id).unwrap_or_default().to_owned(),
        median_batch: humanize::plural(median as u64, "change"),
        stages: stages(report, &changes),
        hidden: changes.len().saturating_sub(rows),
        changes: changes.into_iter().take(rows).map(shipped).collect(),
        back: back(report, deployment),
    })
}

/// An id that is one plain word to every shell, and that is shown whole: ids may hold names from outside.
fn pasteable(id: &str) -> Option<&str> {
    let is_plain = |b: u8| b.is_ascii_alphanumeric() || b":/._@#-".contains(&b);
    let begins = id.bytes().next().is_some_and(|b| b.is_ascii_alphanumeric());
    (begins && id.bytes().all(is_plain) && escape::brief(id) == id).then_some(id)
}

fn shipped(change: &Change) -> Shipped {
    let since_merge = change.merged_at.zip(change.deployed_at);
    Shipped {
        name: evidence::change_name(&change.id),
        lead_time: change
            .lead_time_seconds
            .map_or_else(|| humanize::NOTHING.to_owned(), humanize::exact),
        since_merge: since_merge.map_or_else(
            || "–".to_owned(),
            |(merged, deployed)| humanize::exact((deployed - merged).num_seconds() as f64),
        ),
        bot: change.bot,
    }
}

/// Each stage that is known of a change of this deployment.
fn stages(report: &Report, changes: &[&Change]) -> Vec<Stage> {
    let team = &report.overall.metrics.change_lead_time.stages;
    let row = |name: &&str| {
        let times = changes.iter().filter_map(|c| *c.stages.get(*name)?);
        let here = evidence::middle(times.collect())?;
        let team = team.get(*name).and_then(|q| q.median_seconds);
        // Where nobody opens drafts there is nothing to compare.
        if here == 0.0 && team.is_none_or(|team| team == 0.0) {
            return None;
        }
        Some(Stage {
            name: name.replace('_', " "),
            here: humanize::duration(here),
            team: team.map_or_else(|| "–".to_owned(), humanize::duration),
        })
    };
    STAGES.iter().filter_map(row).collect()
}

fn back(report: &Report, failed: &Deployment) -> Option<Back> {
    let still_runs = failed.outcome == "failure";
    if !still_runs && (!failed.failed || failed.recovered_at.is_some()) {
        return None;
    }
    let line: Vec<&Deployment> = report
        .deployments
        .iter()
        .filter(|d| d.service == failed.service && d.environment == failed.environment)
        .filter(|d| d.outcome == "success" && d.finished_at <= failed.finished_at)
        .collect();
    let before = |d: &&&Deployment| d.finished_at < failed.finished_at && d.id != failed.id;
    let good = line.iter().rev().filter(before).find(|d| {
        // The same version again would fail again.
        still_runs || (!d.failed && (d.revision.is_none() || d.revision != failed.revision))
    })?;
    let undone: BTreeSet<&str> = line
        .iter()
        .filter(|d| !still_runs && d.finished_at > good.finished_at)
        .map(|d| d.id.as_str())
        .collect();
    // The report lists changes by service; the same one may be there twice.
    let names: BTreeMap<&str, String> = report
        .changes
        .iter()
        .filter(|c| {
            c.deployment
                .as_deref()
                .is_some_and(|id| undone.contains(id))
        })
        .map(|c| (c.id.as_str(), evidence::change_name(&c.id)))
        .collect();
    Some(Back {
        still_runs,
        name: evidence::name(good),
        finished: good
            .finished_at
            .map(|at| humanize::minute(at, &report.window.timezone))
            .unwrap_or_default(),
        url: good.url.clone().unwrap_or_default(),
        undoes_hidden: names.len().saturating_sub(NAMED),
        undoes: names.into_values().take(NAMED).collect(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::render::fixture;

    /// The fixture with its newest deployment failed, and nothing done about it.
    fn broken(outcome: &str) -> (Report, String) {
        let mut report = fixture::shop();
        let newest = report
            .deployments
            .iter_mut()
            .rfind(|d| d.outcome == "success")
            .unwrap();
        newest.failed = outcome == "success";
        newest.recovered_at = None;
        outcome.clone_into(&mut newest.outcome);
        let id = newest.id.clone();
        (report, id)
    }

    #[test]
    fn only_a_whole_and_plain_id_becomes_a_command() {
        let long = format!("run:1/{}", "x".repeat(60));
        for (id, shown) in [
            ("run:25/production/shop", true),
            ("dep:DE_kwDO.a-b@1#2", true),
            ("run:25/production $(id)/shop", false),
            ("run:25/`id`", false),
            ("run:25/a;b", false),
            ("run:25/größe", false),
            ("#12", false),
            ("--help", false),
            ("", false),
            (&long, false),
        ] {
            let mut report = fixture::shop();
            report.deployments[25].id = id.to_owned();
            let this = of(&report, id, 10).unwrap();
            assert_eq!(this.explained_by, if shown { id } else { "" });
        }
    }

    #[test]
    fn a_good_deployment_needs_no_way_back() {
        let report = fixture::shop();
        let good = report
            .deployments
            .iter()
            .find(|d| d.outcome == "success" && !d.failed);
        let this = of(&report, &good.unwrap().id, 10).unwrap();
        assert_eq!(this.back, None);
        assert!(of(&report, "run:0/none", 10).is_none());
    }

    #[test]
    fn a_failed_one_names_the_last_good_one_and_what_going_back_undoes() {
        let (report, id) = broken("success");
        let failed = report.deployments.iter().find(|d| d.id == id).unwrap();
        let back = of(&report, &id, 10).unwrap().back.unwrap();
        let good = report
            .deployments
            .iter()
            .rfind(|d| evidence::name(d) == back.name)
            .unwrap();
        assert!(!back.still_runs && !good.failed && good.service == failed.service);
        assert!(good.finished_at < failed.finished_at && good.revision != failed.revision);
        let own: Vec<String> = evidence::delivered(&report, failed)
            .iter()
            .map(|c| evidence::change_name(&c.id))
            .collect();
        assert!(
            !own.is_empty() && own.iter().all(|c| back.undoes.contains(c)),
            "{back:?}"
        );
    }

    #[test]
    fn one_that_took_no_effect_undoes_nothing() {
        let (report, id) = broken("failure");
        let back = of(&report, &id, 10).unwrap().back.unwrap();
        assert!(back.still_runs && back.undoes.is_empty(), "{back:?}");
    }
}
