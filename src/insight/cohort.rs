//! Changes with the sign of an AI agent against those without one: how long they take, and how often they fail.
//!
//! A sign is what agents leave in commits and pull requests, or a label (see `event::ai`). No sign does not mean that
//! a person wrote it alone, so the share is a lower bound, and a difference is more likely too small than too large.
//! Bots that are no agents are in neither group. Lead times are compared change by change. Failures are compared
//! deployment by deployment: one that delivered a change with a sign against one without any. Those with a sign may
//! be larger, and larger ones fail more often, so they are compared within bands of size (Mantel and Haenszel). It
//! is a relation, not a cause.

use super::batch::{Size, delivered};
use super::gate::{MIN_COHORT_CHANGES, MIN_COHORT_DEPLOYMENTS, MIN_OUTCOMES};
use super::words::{number, span};
use super::{Insight, Level, Sight};
use crate::event::Window;
use crate::metric::stats::{proportion, rank, strata};
use crate::metric::{Distribution, Proportion};
use crate::timeline::Change;

/// One of the two groups.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Cohort {
    /// Changes.
    pub changes: u64,
    /// Lead times, in seconds, of those that have one.
    pub lead_times: Distribution,
    /// Lines added and deleted, of those that are known.
    pub lines: Distribution,
    /// Failed deployments among all of the group.
    pub failed: Proportion,
}

/// Both groups, and how they differ; over both windows.
#[derive(Debug, Clone, PartialEq)]
pub struct Cohorts {
    /// With a sign.
    pub signed: Cohort,
    /// Without one.
    pub unsigned: Cohort,
    /// Lead times compared, or what is missing.
    pub lead_time: Result<Shift, String>,
    /// Shares of failure compared, or what is missing.
    pub failure: Result<Odds, String>,
    /// What the size of a deployment is counted in: lines, where all are known.
    pub size: Size,
    /// Deployments by size.
    pub bands: Vec<Stratum>,
}

/// How much longer changes with a sign take.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Shift {
    /// Hodges and Lehmann's estimate in seconds; negative when they take less.
    pub seconds: f64,
    /// Its 95 % interval.
    pub interval: Option<[f64; 2]>,
    /// Mann and Whitney's p-value.
    pub p: f64,
}

impl Shift {
    /// Whether the whole interval is on one side of 0. With many ties groups can differ and not be shifted.
    fn is_apart(&self) -> bool {
        self.interval
            .is_some_and(|[low, high]| low > 0.0 || high < 0.0)
    }
}

/// How much more often deployments with a sign fail.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Odds {
    /// Share of failure with a sign, less that without, whatever the size.
    pub difference: f64,
    /// Newcombe's 95 % interval of it.
    pub interval: [f64; 2],
    /// Odds of failure over those without a sign, at equal size (Mantel and Haenszel).
    pub ratio: f64,
    /// Its 95 % interval (Robins, Breslow and Greenland).
    pub ratio_interval: [f64; 2],
    /// Cochran, Mantel and Haenszel's p-value.
    pub p: f64,
}

/// Deployments of one range of sizes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Stratum {
    /// Smallest size.
    pub from: u64,
    /// Largest size; `None` for the last band.
    pub to: Option<u64>,
    /// Failed among those with a sign.
    pub signed: Proportion,
    /// Failed among those without.
    pub unsigned: Proportion,
}

/// Which group a change is in; none where nobody looked, or a bot wrote it that is no agent.
fn is_signed(change: &Change) -> Option<bool> {
    change.ai.filter(|signed| *signed || !change.bot)
}

/// A deployment that is compared.
struct Shipped {
    signed: bool,
    failed: bool,
    changes: u64,
    lines: Option<u64>,
}

/// Compares the groups; nothing where there is no change of one of them.
#[must_use]
pub fn compare(sight: &Sight<'_>) -> Option<Cohorts> {
    let both = Window {
        from: sight.before.window.from,
        to: sight.period.window.to,
    };
    let changes: Vec<(bool, &Change)> = sight
        .scope
        .changes()
        .filter(|change| both.contains(change.deployed_at))
        .filter_map(|change| Some((is_signed(change)?, change)))
        .collect();
    let shipped: Vec<Shipped> = delivered(sight).filter_map(shipped).collect();
    let all_lines = shipped.iter().all(|d| d.lines.is_some());
    let size = if all_lines {
        Size::Lines
    } else {
        Size::Changes
    };
    let (signed, unsigned) = (
        cohort(true, &changes, &shipped),
        cohort(false, &changes, &shipped),
    );
    if signed.changes == 0 || unsigned.changes == 0 {
        return None;
    }
    let bands = strata(&shipped, size);
    Some(Cohorts {
        lead_time: shift(&signed.lead_times, &unsigned.lead_times),
        failure: odds(signed.failed, unsigned.failed, &bands),
        signed,
        unsigned,
        size,
        bands,
    })
}

/// One with a change that nobody looked at is in neither group, unless another one has a sign.
fn shipped((changes, failed): (Vec<&Change>, bool)) -> Option<Shipped> {
    let signed = changes.iter().any(|c| c.ai == Some(true));
    let is_known = signed || changes.iter().all(|c| c.bot || c.ai.is_some());
    let by_bots = changes.iter().all(|c| is_signed(c).is_none());
    (is_known && !by_bots).then(|| Shipped {
        signed,
        failed,
        changes: changes.len() as u64,
        lines: Size::Lines.of(&changes),
    })
}

fn cohort(signed: bool, changes: &[(bool, &Change)], shipped: &[Shipped]) -> Cohort {
    let own = || {
        changes
            .iter()
            .filter(|(is, _)| *is == signed)
            .map(|(_, change)| *change)
    };
    let leads = own().filter_map(Change::lead_time).filter(|s| *s >= 0);
    Cohort {
        changes: own().count() as u64,
        lead_times: Distribution::of(leads.map(|s| s as f64)),
        lines: Distribution::of(own().filter_map(|c| c.lines).map(|n| n as f64)),
        failed: share(shipped.iter().filter(|d| d.signed == signed)),
    }
}

fn share<'a>(of: impl Iterator<Item = &'a Shipped>) -> Proportion {
    of.fold(Proportion::default(), |sum, one| Proportion {
        hits: sum.hits + u64::from(one.failed),
        total: sum.total + 1,
    })
}

fn strata(shipped: &[Shipped], size: Size) -> Vec<Stratum> {
    let within = |one: &Shipped, from: u64, to: Option<u64>| {
        let size = match size {
            Size::Changes => Some(one.changes),
            Size::Lines => one.lines,
        };
        size.is_some_and(|n| n >= from && to.is_none_or(|to| n <= to))
    };
    let of = |signed: bool, from, to| {
        let own = |one: &&Shipped| one.signed == signed && within(one, from, to);
        share(shipped.iter().filter(own))
    };
    size.ranges()
        .map(|(from, to)| Stratum {
            from,
            to,
            signed: of(true, from, to),
            unsigned: of(false, from, to),
        })
        .collect()
}

fn shift(signed: &Distribution, unsigned: &Distribution) -> Result<Shift, String> {
    let (with, without) = (signed.values.len(), unsigned.values.len());
    let too_few = || {
        format!(
            "{with} lead times with a sign and {without} without; a comparison needs {MIN_COHORT_CHANGES} of each"
        )
    };
    if with.min(without) < MIN_COHORT_CHANGES {
        return Err(too_few());
    }
    let found = rank::mann_whitney(&signed.values, &unsigned.values).zip(rank::hodges_lehmann(
        &signed.values,
        &unsigned.values,
        0.95,
    ));
    let (test, shift) = found.ok_or_else(too_few)?;
    Ok(Shift {
        seconds: shift.estimate,
        interval: shift.interval,
        p: test.p,
    })
}

fn odds(signed: Proportion, unsigned: Proportion, bands: &[Stratum]) -> Result<Odds, String> {
    let failed = signed.hits + unsigned.hits;
    if signed.total.min(unsigned.total) < MIN_COHORT_DEPLOYMENTS || failed < MIN_OUTCOMES {
        return Err(format!(
            "{} deployments with a sign and {} without, {failed} of them failed; a comparison needs \
             {MIN_COHORT_DEPLOYMENTS} of each and {MIN_OUTCOMES} failed",
            signed.total, unsigned.total
        ));
    }
    let row = |of: Proportion| [of.hits, of.total - of.hits];
    let tables: Vec<strata::Table> = bands
        .iter()
        .map(|band| [row(band.signed), row(band.unsigned)])
        .collect();
    let alike = "no band of sizes holds failed and good deployments of both groups";
    let pooled = strata::mantel_haenszel(&tables, 0.95).ok_or(alike)?;
    let test = strata::cochran_mantel_haenszel(&tables, true).ok_or(alike)?;
    let (with, without) = (signed, unsigned);
    let (difference, interval) =
        proportion::newcombe(with.hits, with.total, without.hits, without.total, 0.95)
            .ok_or(alike)?;
    Ok(Odds {
        difference,
        interval,
        ratio: pooled.odds_ratio,
        ratio_interval: pooled.interval,
        p: test.p,
    })
}

/// Detector: how long they take.
pub(super) fn lead_time(sight: &Sight<'_>) -> Option<Insight> {
    let found = compare(sight)?.lead_time.ok()?;
    let less = found.seconds < 0.0;
    let between = found.interval.map_or(String::new(), |[low, high]| {
        let (near, far) = if less { (-high, -low) } else { (low, high) };
        format!(" (95 %: {} to {})", span(near), span(far))
    });
    let word = if less { "less" } else { "more" };
    Some(Insight {
        id: "ai_lead_time",
        level: Level::Info,
        says: format!(
            "Changes with the sign of an AI agent take {} {word} from start to production than those without{between}.",
            span(found.seconds.abs())
        ),
        because: Vec::new(),
        next: None,
        // Without a shift there is nothing to say, but a test that was made stays among the tests.
        p: Some(if found.is_apart() { found.p } else { 1.0 }),
    })
}

/// Detector: how often they fail.
pub(super) fn failure(sight: &Sight<'_>) -> Option<Insight> {
    let found = compare(sight)?;
    let odds = found.failure.ok()?;
    let [low, high] = odds.ratio_interval.map(number);
    let more = odds.ratio > 1.0;
    Some(Insight {
        id: "ai_fail_rate",
        level: if more { Level::Warn } else { Level::Info },
        says: format!(
            "At equal size, the odds of failure of deployments with the sign of an AI agent are {} times those \
             without (95 %: {low} to {high}).",
            number(odds.ratio)
        ),
        because: Vec::new(),
        next: more.then(|| {
            "Look at how such changes are reviewed and tested; keep them small.".to_owned()
        }),
        p: Some(odds.p),
    })
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::super::sample::{found, look, week};
    use super::*;

    /// 24 weeks of ten deployments of one change: `each` says of the n-th whether it has a sign, its lines, whether it
    /// failed and how many hours it took.
    fn history(each: impl Fn(u64) -> (Option<bool>, u64, bool, i64)) -> Value {
        let mut deployments = vec![json!({"id": "first", "sha": "s", "finished_at": week(1)})];
        let (mut pulls, mut marks) = (Vec::new(), Vec::new());
        for n in 0..240_u64 {
            let (ai, lines, failed, hours) = each(n);
            let at =
                week(2 + n / 10) + chrono::Duration::hours(16 * i64::try_from(n % 10).unwrap());
            let begun = at - chrono::Duration::hours(hours);
            pulls.push(
                json!({"number": n, "created_at": begun, "merged_at": at, "lines": lines, "ai": ai,
                "commits": [{"sha": format!("c{n}"), "authored_at": begun}]}),
            );
            deployments.push(
                json!({"id": n.to_string(), "sha": format!("c{n}"), "finished_at": at,
                "merged_pulls": [n]}),
            );
            if failed {
                marks.push(json!({"deployment": n.to_string(), "failed": true}));
            }
        }
        json!({"deployments": deployments, "pulls": pulls, "marks": marks})
    }

    #[test]
    fn larger_batches_are_not_taken_for_the_agent() {
        // Simpson's paradox: small ones fail in 5 %, large ones in 30 %, with and without; agents write large ones.
        let skewed = history(|n| {
            let signed = n % 2 == 0;
            let large = if signed { n % 10 != 0 } else { n % 10 == 1 };
            let fails = if large {
                n % 7 < 2
            } else {
                n % 20 == 3 || n % 40 == 10
            };
            (Some(signed), if large { 300 } else { 5 }, fails, 10)
        });
        let found = look(&skewed, compare).unwrap();
        let odds = found.failure.unwrap();
        assert!(
            odds.difference > 0.08,
            "crude, they fail more often: {odds:?}"
        );
        let [low, high] = odds.ratio_interval;
        assert!(low < 1.0 && high > 1.0 && odds.p > 0.2, "{odds:?}");
        assert!(found.signed.lines.quantile(0.5) > found.unsigned.lines.quantile(0.5));
        assert_eq!(found.size, Size::Lines);
        assert_eq!(super::super::sample::found("ai_fail_rate", &skewed), None);
    }

    #[test]
    fn a_difference_at_equal_size_is_told() {
        let worse = history(|n| {
            (
                Some(n % 2 == 0),
                20,
                n % 2 == 0 && n % 3 == 0 || n % 20 == 1,
                10,
            )
        });
        let says = found("ai_fail_rate", &worse).unwrap().says;
        assert!(
            says.starts_with("At equal size, the odds of failure"),
            "{says}"
        );
        assert_eq!(found("ai_lead_time", &worse), None, "all take ten hours");
    }

    #[test]
    fn a_difference_of_lead_times_is_told_with_its_interval() {
        let faster = history(|n| {
            let spread = i64::try_from(n % 7).unwrap();
            (
                Some(n % 2 == 0),
                20,
                false,
                if n % 2 == 0 { 6 } else { 12 } + spread,
            )
        });
        let told = found("ai_lead_time", &faster).unwrap();
        assert_eq!(
            told.says,
            "Changes with the sign of an AI agent take 6 hours less from start to production than those without \
             (95 %: 5 hours to 7 hours)."
        );
    }

    #[test]
    fn a_tail_that_is_longer_is_no_shift() {
        // Most take an hour in both groups; 40 % and 20 % take a day.
        let tied = history(|n| {
            let late = if n % 2 == 0 { n % 10 < 4 } else { n % 10 < 2 };
            (Some(n % 2 == 0), 20, false, if late { 24 } else { 1 })
        });
        let shift = look(&tied, compare).unwrap().lead_time.unwrap();
        assert!(shift.p < 0.01, "{shift:?}");
        assert_eq!(
            (shift.seconds.to_bits(), shift.interval),
            (0, Some([0.0; 2])),
            "no −0 either: {shift:?}"
        );
        assert_eq!(found("ai_lead_time", &tied), None);
    }

    #[test]
    fn few_changes_are_counted_and_not_compared() {
        let few = history(|n| (Some(n % 24 == 0), 20, n % 9 == 0, 10));
        let found = look(&few, compare).unwrap();
        assert_eq!(found.signed.changes, 10);
        assert!(found.lead_time.unwrap_err().contains("needs 30 of each"));
        assert!(found.failure.unwrap_err().contains("needs 100 of each"));
    }

    #[test]
    fn a_label_a_signature_and_an_agents_branch_are_signs() {
        let mut some = history(|_| (Some(false), 20, false, 10));
        some["pulls"][10]["labels"] = json!(["AI-Assisted"]);
        some["pulls"][11]["ai"] = json!(null);
        some["pulls"][11]["body"] = json!("x\n\nCo-authored-by: Claude <noreply@anthropic.com>");
        some["pulls"][12]["ai"] = json!(null);
        some["pulls"][12]["head"] = json!("copilot/fix");
        // A bot that is no agent is in neither group.
        some["pulls"][13]["author"] = json!("dependabot[bot]");
        let found = look(&some, compare).unwrap();
        assert_eq!(found.signed.changes, 3);
        some["pulls"][13]["author"] = json!("acme-dev");
        let person = look(&some, compare).unwrap();
        assert_eq!(person.unsigned.changes, found.unsigned.changes + 1);
    }

    #[test]
    fn one_group_alone_or_nobody_looking_is_no_comparison() {
        for ai in [None, Some(true), Some(false)] {
            let alone = history(|_| (ai, 20, false, 10));
            assert_eq!(look(&alone, compare), None, "{ai:?}");
        }
    }
}
