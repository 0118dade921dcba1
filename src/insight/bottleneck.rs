//! The one bottleneck: the largest stage of the lead time, and what the team's own pace there would bring.
//!
//! The largest stage is the one that holds most of all the time that the window's changes took together:
//! means of stages add up, medians do not. Its prize is computed change by change: each change's stage becomes
//! the smaller of its own and the 25th percentile of the same stage here, and the median is taken anew.
//!
//! Only changes whose pull request is known count: without it the time of all stages lies in the last.

use super::Sight;
use crate::metric::Distribution;
use crate::timeline::{Change, STAGES};

/// Changes with the stage known below which nothing is said: a median has no interval before.
pub const MIN_CHANGES: usize = 6;
/// Changes that are named.
const NAMED: usize = 5;

/// What a smaller stage would do to the median lead time.
#[derive(Debug, Clone, PartialEq)]
pub struct Prize {
    /// Changes whose stage is known.
    pub n: u64,
    /// Share of the time of these changes that lies in the stage.
    pub share: f64,
    /// The stage's median, in seconds.
    pub median: f64,
    /// Its 90th percentile.
    pub p90: f64,
    /// Its 25th percentile: a pace that this team has kept in a quarter of its changes.
    pub p25: f64,
    /// Median lead time of all changes.
    pub lead_now: f64,
    /// What it would be with the stage at `p25` at most.
    pub lead_then: f64,
    /// Ids of the changes that spent most in the stage, longest first.
    pub longest: Vec<String>,
}

/// The largest stage.
#[derive(Debug, Clone, PartialEq)]
pub struct Bottleneck {
    /// Its name.
    pub stage: &'static str,
    /// What it holds, and what a smaller one would bring.
    pub prize: Prize,
}

/// The changes that the headline stands on: delivered in the window, by people, not before they began.
#[must_use]
pub fn changes<'t>(sight: &Sight<'t>) -> Vec<&'t Change> {
    let mut out: Vec<&Change> = sight
        .scope
        .changes()
        .filter(|c| sight.period.window.contains(c.deployed_at) && !c.bot)
        .filter(|c| c.lead_time().is_some_and(|s| s >= 0))
        .collect();
    out.sort_by(|a, b| (a.deployed_at, &a.id).cmp(&(b.deployed_at, &b.id)));
    out
}

/// Finds it; `None` while fewer than [`MIN_CHANGES`] changes know a stage, or all stages are empty.
#[must_use]
pub fn find(sight: &Sight<'_>) -> Option<Bottleneck> {
    largest(&changes(sight))
}

pub(super) fn largest(changes: &[&Change]) -> Option<Bottleneck> {
    let total = |stage: &str| changes.iter().filter_map(|c| part(c, stage)).sum::<f64>();
    // Of equals the earlier one.
    let stage = STAGES
        .into_iter()
        .rev()
        .max_by(|a, b| total(a).total_cmp(&total(b)))
        .filter(|stage| total(stage) > 0.0)?;
    Some(Bottleneck {
        stage,
        prize: prize(changes, |c| part(c, stage))?,
    })
}

/// Seconds of a stage, where its pull request says where it began.
pub(super) fn part(change: &Change, stage: &str) -> Option<f64> {
    change.created_at.and(change.merged_at)?;
    change
        .stages
        .get(stage)
        .copied()
        .flatten()
        .map(|s| s as f64)
}

/// The prize of any part of the lead time; `part` is `None` where it is not known of a change.
pub(super) fn prize(changes: &[&Change], part: impl Fn(&Change) -> Option<f64>) -> Option<Prize> {
    let known: Vec<(f64, &Change)> = changes
        .iter()
        .filter_map(|c| Some((part(c)?, *c)))
        .collect();
    if known.len() < MIN_CHANGES {
        return None;
    }
    let parts = Distribution::of(known.iter().map(|(s, _)| *s));
    let p25 = parts.quantile(0.25)?;
    let lead = |c: &Change| c.lead_time().unwrap_or(0) as f64;
    let leads = Distribution::of(changes.iter().map(|c| lead(c)));
    let then = Distribution::of(
        changes
            .iter()
            .map(|c| lead(c) - part(c).map_or(0.0, |s| (s - p25).max(0.0))),
    );
    let all: f64 = known.iter().map(|(_, c)| lead(c)).sum();
    let mut longest = known.clone();
    longest.sort_by(|a, b| b.0.total_cmp(&a.0).then_with(|| a.1.id.cmp(&b.1.id)));
    Some(Prize {
        n: parts.n(),
        share: if all > 0.0 {
            parts.values.iter().sum::<f64>() / all
        } else {
            0.0
        },
        median: parts.quantile(0.5)?,
        p90: parts.quantile(0.9)?,
        p25,
        lead_now: leads.quantile(0.5)?,
        lead_then: then.quantile(0.5)?,
        longest: longest
            .into_iter()
            .take(NAMED)
            .map(|(_, c)| c.id.clone())
            .collect(),
    })
}

#[cfg(test)]
pub(super) mod tests {
    #![expect(clippy::float_cmp, reason = "exact by construction")]

    use super::*;
    use crate::event::parse_instant;
    use crate::timeline::Stages;

    /// A change of these stages, in hours.
    pub(in crate::insight) fn change(id: &str, stages: &[(&'static str, i64)]) -> Change {
        let sum: i64 = stages.iter().map(|(_, h)| h).sum();
        let deployed_at = parse_instant("2026-03-02").unwrap();
        let stages: Stages = stages.iter().map(|(s, h)| (*s, Some(h * 3600))).collect();
        Change {
            id: id.to_owned(),
            service: None,
            deployment: 0,
            pull: None,
            started_at: Some(deployed_at - chrono::Duration::hours(sum)),
            created_at: Some(deployed_at),
            ready_at: None,
            first_review_at: None,
            approved_at: None,
            merged_at: Some(deployed_at),
            deployed_at,
            bot: false,
            ai: None,
            by_time: false,
            stages,
            lines: None,
            files: None,
            ci: None,
            review_rounds: None,
            first: true,
        }
    }

    #[test]
    fn the_prize_is_computed_change_by_change() {
        // Pickup takes 1 to 8 hours, coding always 2: lead times are 3 to 10, the median 6.5.
        let all: Vec<Change> = (1..=8)
            .map(|h| change(&h.to_string(), &[("coding", 2), ("pickup", h)]))
            .collect();
        let all: Vec<&Change> = all.iter().collect();
        let found = largest(&all).unwrap();
        assert_eq!(found.stage, "pickup");
        let prize = found.prize;
        // The 25th percentile of 1 to 8 is 2.75: then 3, 4 and six times 4.75 hours, the median 4.75.
        assert_eq!(prize.p25, 2.75 * 3600.0);
        assert_eq!(prize.lead_now, 6.5 * 3600.0);
        assert_eq!(prize.lead_then, 4.75 * 3600.0);
        assert!((prize.share - 36.0 / 52.0).abs() < 1e-12);
        assert_eq!(prize.longest, ["8", "7", "6", "5", "4"]);
    }

    #[test]
    fn a_change_without_a_pull_request_blames_no_stage() {
        let all: Vec<Change> = (1..=9)
            .map(|h| Change {
                created_at: None,
                merged_at: None,
                ..change("a", &[("deploy_wait", h)])
            })
            .collect();
        assert_eq!(largest(&all.iter().collect::<Vec<_>>()), None);
    }

    #[test]
    fn too_few_changes_or_no_time_at_all_say_nothing() {
        let few: Vec<Change> = (1..=5).map(|h| change("a", &[("coding", h)])).collect();
        assert_eq!(largest(&few.iter().collect::<Vec<_>>()), None);
        let none: Vec<Change> = (1..=9).map(|_| change("a", &[("coding", 0)])).collect();
        assert_eq!(largest(&none.iter().collect::<Vec<_>>()), None);
    }
}
