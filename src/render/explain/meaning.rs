//! What each figure means: one row a figure, found by the longest path that fits.
//!
//! A figure without a row is a part of the nearest one above it.

use super::behind as events;
use super::document::Item;
use crate::report::v1::Report;
use crate::report::{METRICS, find_metric};

/// Kinds of rework, the first that fits wins.
pub(super) const REWORK_KINDS: [&str; 5] = ["rollback", "revert", "hotfix", "fixed_by", "labelled"];

/// A row of [`MEANINGS`].
pub(super) struct Meaning {
    /// Where it stands below `overall.metrics`; everything beneath is its part.
    pub(super) path: &'static str,
    /// In words; a metric's own row takes it from [`METRICS`].
    pub(super) title: &'static str,
    /// What it is, in a sentence; a metric's own row takes it from [`METRICS`].
    pub(super) definition: &'static str,
    /// The rules it follows.
    pub(super) rules: &'static str,
    /// How it is computed where its shape does not say it; may be empty.
    pub(super) how: &'static str,
    /// The events behind it; for the whole path that was asked.
    pub(super) events: fn(&Report, &[String]) -> Vec<Item>,
}

const fn row(
    path: &'static str,
    [title, rules, definition, how]: [&'static str; 4],
    events: fn(&Report, &[String]) -> Vec<Item>,
) -> Meaning {
    Meaning {
        path,
        title,
        definition,
        rules,
        how,
        events,
    }
}

/// The figures that have words of their own.
#[rustfmt::skip]
pub(super) const MEANINGS: [Meaning; 41] = [
    row("change_lead_time", ["", "LT1–LT8, W4", "", ""], events::lead_times),
    row("change_lead_time.stages", ["Stages of the lead time", "LT9, LT7, LT8", "Where the time of a change goes, from its start to production.", "Each change's stages add up to its lead time."], events::stage),
    row("change_lead_time.stages.coding", ["Coding", "LT9, LT2, LT7", "From a change's start to its pull request.", ""], events::stage),
    row("change_lead_time.stages.draft", ["Draft", "LT9, LT7", "From the pull request to its being ready for review.", ""], events::stage),
    row("change_lead_time.stages.pickup", ["Pickup", "LT9, LT7", "From ready for review to the first review by a person.", "Without a review it is not known, and its time lies in merge."], events::stage),
    row("change_lead_time.stages.review", ["Review", "LT9, LT7", "From the first review to the last approval before the merge.", "Without a review it is not known, and its time lies in merge."], events::stage),
    row("change_lead_time.stages.merge", ["Merge", "LT9, LT7", "From the last approval to the merge, the merge queue included.", ""], events::stage),
    row("change_lead_time.stages.queue", ["Merge queue", "LT9, LT7", "From the entry into the merge queue to the merge; a part of the stage merge.", ""], events::stage),
    row("change_lead_time.stages.deploy_wait", ["Wait for the deployment", "LT9, LT7", "From the merge to the start of the deployment.", ""], events::stage),
    row("change_lead_time.stages.deploy", ["Deployment", "LT9, LT7, U6", "From the deployment's start to its end.", "Where the start is not known, its time lies in the wait for the deployment."], events::stage),
    row("change_lead_time.merge_to_deploy", ["Merge to deployed", "LT12, LT4, LT7, LT8", "From the merge of a pull request to the deployment that first contains it.", ""], events::merge_to_deploy),
    row("change_lead_time.pr_created_to_deploy", ["Pull request to deployed", "LT12, LT4, LT7, LT8", "From the opening of a pull request to the deployment that first contains it.", ""], events::created_to_deploy),
    row("change_lead_time.per_commit", ["Lead time by commit", "LT4, LT7", "From each commit's author date to its first deployment: the commit is the unit, not the change.", "The report does not list single commits."], events::nothing),
    row("change_lead_time.with_bots", ["Lead time with bots", "LT8, LT7", "Change lead time with the changes by bots.", ""], events::with_bots),
    row("change_lead_time.by_time", ["Matched by time", "LT4", "Changes whose deployment is known by time only.", ""], events::nothing),
    row("change_lead_time.excluded", ["Left out of the lead time", "LT6", "Changes that reached production and could not be timed.", ""], events::nothing),
    row("change_lead_time.undeployed", ["Merged and not deployed", "LT10", "Changes on the production branch after the last deployment, and how long they have waited.", "Known only for a window that ends now, and where the head of the branch is known. Of them the report names the oldest."], events::nothing),
    row("deployment_frequency", ["", "DF1–DF4, U1–U8, W3", "", ""], events::effective),
    row("deployment_frequency.active_days", ["Days with a deployment", "DF1, W2", "Days of the report's time zone on which at least one deployment took effect.", ""], events::effective),
    row("deployment_frequency.active_days_per_week_median", ["Deployment days a week", "DF1, W2", "Median over the window's weeks of the days with a deployment.", "Weeks without any count as nought."], events::effective),
    row("deployment_frequency.time_between", ["Time between deployments", "DF1, LT7", "From one deployment that took effect to the next.", "The first gap begins at the last deployment before the window."], events::gaps),
    row("deployment_frequency.change_bearing", ["Deployments that brought a change", "DF2", "Deployments that delivered at least one change first, or were the first of their service.", ""], events::change_bearing),
    row("deployment_frequency.attempts", ["Attempts", "U2, U5", "Deployments that took effect and failed attempts, re-runs counted one by one.", ""], events::attempts),
    row("deployment_frequency.failed_attempts", ["Failed attempts", "CF4, U5", "Deployments that were tried and took no effect.", ""], events::failed_attempts),
    row("deployment_frequency.ignored", ["Ignored deployments", "U5", "Cancelled, skipped and pending deployments.", ""], events::ignored),
    row("deployment_frequency.success_rate", ["Deploy success rate", "CF4, U5", "Share of the deployments tried that took effect.", ""], events::failed_attempts),
    row("deployment_frequency.by_environment", ["Deployments by environment", "U4, DF1", "Deployments that took effect, by where they went.", ""], events::by_environment),
    row("change_fail_rate", ["", "CF1–CF7, W4, W5", "", ""], events::failed),
    row("change_fail_rate.total", ["Deployments judged", "DF1, CF4", "Deployments that took effect, and failed attempts where they count: what the failed ones are a share of.", ""], events::judged),
    row("change_fail_rate.provisional", ["Provisional deployments", "W5", "Deployments of the last 24 hours: their incidents may still come.", ""], events::provisional),
    row("change_fail_rate.with_failed_attempts", ["Change fail rate with failed attempts", "CF4, CF7", "Failed deployments and failed attempts, as a share of all that were tried.", ""], events::failed_and_attempts),
    row("change_fail_rate.unattributed", ["Unexplained incidents", "CF1, CF2", "Incidents of the window that no deployment explains.", ""], events::unattributed),
    row("failed_deployment_recovery_time", ["", "FD1–FD5, W4", "", ""], events::repairs),
    row("failed_deployment_recovery_time.open", ["Open failures", "FD3", "Failed deployments that nothing has repaired yet, with their age.", ""], events::open),
    row("failed_deployment_recovery_time.km_median_seconds", ["Recovery time with open failures", "FD3", "Kaplan–Meier median of the recovery time, in which open failures are lower bounds.", "A repaired failure counts as it is, an open one as at least its age; the median is where half of them are repaired, and is missing while that is not reached."], events::repairs_and_open),
    row("failed_deployment_recovery_time.detection", ["Detection", "FD1, CF1", "From a deployment to the opening of an incident blamed on it.", "An incident during the rollout is detected at once."], events::detections),
    row("failed_deployment_recovery_time.incident_restore", ["Incident restore", "FD1", "From an incident's opening to its resolution, whatever caused it: the classic MTTR.", ""], events::restores),
    row("failed_deployment_recovery_time.incidents_open", ["Open incidents", "FD3", "Incidents that are not resolved at the window's end.", ""], events::incidents_open),
    row("failed_deployment_recovery_time.attempt_recovery", ["Recovery of attempts", "CF4", "From the first failed attempt of a streak to the next success of the service.", ""], events::attempts_repaired),
    row("failed_deployment_recovery_time.with_failed_attempts", ["Recovery time with failed attempts", "CF4, FD1", "Recovery of failed deployments and of failed attempts together.", ""], events::repairs_and_attempts),
    row("deployment_rework_rate", ["", "RW1–RW3, W4", "", ""], events::rework),
];

/// Rows below rework, which need the same events in another cut.
#[rustfmt::skip]
pub(super) const REWORK: [Meaning; 3] = [
    row("deployment_rework_rate.total", ["Deployments judged", "DF1, RW2", "Deployments that took effect: what rework is a share of.", ""], events::effective),
    row("deployment_rework_rate.by_kind", ["Rework by kind", "RW1", "Rework deployments, each under the first kind that fits.", ""], events::rework_by_kind),
    row("deployment_rework_rate.last_180_days", ["Rework rate over 180 days", "RW2, RW3", "The same rate over the 180 days before the window's end, since DORA asks about six months.", "The report lists the deployments of its own window only."], events::nothing),
];

/// A figure's words.
pub(super) struct Words {
    pub(super) title: String,
    pub(super) definition: String,
    pub(super) rules: &'static str,
    pub(super) how: &'static str,
    pub(super) events: Vec<Item>,
}

/// The words of a path, and the events behind it.
#[must_use]
pub(super) fn words(report: &Report, path: &[String]) -> Words {
    let found = (1..=path.len()).rev().find_map(|length| {
        let (head, rest) = path.split_at_checked(length)?;
        Some((row_of(&head.join("."))?, rest))
    });
    let Some((row, rest)) = found else {
        return Words {
            title: capital(
                &path
                    .iter()
                    .map(|key| spoken(key))
                    .collect::<Vec<_>>()
                    .join(", "),
            ),
            definition: format!("`{}` of the report.", path.join(".")),
            rules: "",
            how: "",
            events: Vec::new(),
        };
    };
    let metric = find_metric(row.path).filter(|metric| metric.id == row.path);
    let (title, definition) = metric.map_or((row.title, row.definition), |metric| {
        (metric.title, metric.definition)
    });
    let more: Vec<String> = rest.iter().map(|key| spoken(key)).collect();
    let leaf = rest.last().map_or("", |key| says(key));
    Words {
        title: [&[title.to_owned()], &more[..]].concat().join(", "),
        definition: if leaf.is_empty() {
            definition.to_owned()
        } else {
            format!("{leaf} {title}: {definition}")
        },
        rules: row.rules,
        how: row.how,
        events: (row.events)(report, path),
    }
}

/// The row of exactly this path.
#[must_use]
pub(super) fn row_of(path: &str) -> Option<&'static Meaning> {
    MEANINGS.iter().chain(&REWORK).find(|row| row.path == path)
}

/// Keys that are said otherwise than they are written, and what they mean.
const KEYS: [(&str, &str, &str); 17] = [
    ("n", "count", "How many values it stands on."),
    (
        "median_seconds",
        "median",
        "The middle value: half of the values are at most this.",
    ),
    (
        "p75_seconds",
        "75th percentile",
        "75 % of the values are at most this.",
    ),
    (
        "p90_seconds",
        "90th percentile",
        "90 % of the values are at most this.",
    ),
    (
        "p95_seconds",
        "95th percentile",
        "95 % of the values are at most this.",
    ),
    (
        "p99_seconds",
        "99th percentile",
        "99 % of the values are at most this.",
    ),
    (
        "mean_seconds",
        "mean",
        "The sum over the count; it exists to add up stages and is no headline.",
    ),
    (
        "interval95_seconds",
        "95 % interval",
        "Where the true median lies, by order statistics; finite from six values on.",
    ),
    (
        "interval95",
        "95 % interval",
        "Where the true value lies, as far as so few events can tell.",
    ),
    ("ratio", "share", "The numerator over the denominator."),
    ("total", "total", "The denominator."),
    ("per_day", "per day", "The count over the covered days."),
    ("per_week", "per week", "Seven times the rate per day."),
    (
        "band",
        "band",
        "A position on a published scale of the edition named.",
    ),
    (
        "reason",
        "reason",
        "Why it is missing, or how it is flagged.",
    ),
    ("0", "lower end", "Its lower end."),
    ("1", "upper end", "Its upper end."),
];

/// A key in words.
#[must_use]
pub(super) fn spoken(key: &str) -> String {
    let known = KEYS.iter().find(|(name, _, _)| *name == key);
    known.map_or_else(
        || key.trim_end_matches("_seconds").replace('_', " "),
        |(_, words, _)| (*words).to_owned(),
    )
}

fn says(key: &str) -> &'static str {
    KEYS.iter()
        .find(|(name, _, _)| *name == key)
        .map_or("", |(_, _, says)| says)
}

fn capital(text: &str) -> String {
    let mut letters = text.chars();
    letters.next().map_or_else(String::new, |first| {
        first.to_uppercase().chain(letters).collect()
    })
}

/// The metric that a path belongs to.
#[must_use]
pub(super) fn metric_of(path: &[String]) -> Option<&'static crate::report::Metric> {
    METRICS
        .iter()
        .find(|metric| path.first().is_some_and(|id| id == metric.id))
}

#[cfg(test)]
mod tests {
    use super::super::{figure, rule};
    use super::*;

    #[test]
    fn every_row_is_a_figure_with_rules_and_words() {
        let known = figure::known();
        for row in MEANINGS.iter().chain(&REWORK) {
            assert!(known.iter().any(|path| path == row.path), "{}", row.path);
            let named = row.rules.split([',', '–']).map(str::trim);
            for id in named {
                assert!(rule::RULES.iter().any(|rule| rule.id == id), "{id}");
            }
            assert!(!rule::listed(row.rules).is_empty());
            let of_metric = METRICS.iter().any(|metric| metric.id == row.path);
            assert_eq!(row.title.is_empty(), of_metric, "{}", row.path);
            assert_eq!(row.definition.is_empty(), of_metric, "{}", row.path);
        }
        for metric in &METRICS {
            assert!(row_of(metric.id).is_some(), "{}", metric.id);
        }
    }

    #[test]
    fn a_path_without_a_row_is_a_part_of_the_nearest_one() {
        let report = crate::render::fixture::shop();
        let path = |text: &str| text.split('.').map(str::to_owned).collect::<Vec<_>>();
        let found = words(&report, &path("change_lead_time.stages.review.p90_seconds"));
        assert_eq!(found.title, "Review, 90th percentile");
        assert!(
            found
                .definition
                .starts_with("90 % of the values are at most this. Review: From")
        );
        let new = words(&report, &path("change_lead_time.stages.approval_wait"));
        assert_eq!(new.title, "Stages of the lead time, approval wait");
        let other = words(&report, &path("batch_risk.odds"));
        assert_eq!(
            (other.title.as_str(), other.rules),
            ("Batch risk, odds", "")
        );
    }
}
