//! The triggers of the recommendations on flow: each speaks from the report's own data, or stays silent.

use super::instability::{high_cfr, high_rework, slow_recovery};
use super::waits::{approval_wait, long_ci};
use super::{Gain, Leading};
use crate::config::Measure;
use crate::event::seconds_between;
use crate::insight::bottleneck::{self, Bottleneck, MIN_CHANGES, Prize, part};
use crate::insight::words::{number, percent, short_span};
use crate::insight::{Sight, delta, gate, target, trend};
use crate::metric::change_lead_time::ChangeLeadTime;
use crate::metric::stats::proportion;
use crate::metric::{Distribution, Proportion, change_lead_time, deployment_frequency};
use crate::timeline::{Change, Deployment};

pub(super) const HOUR: f64 = 3600.0;
/// Events that are named.
pub(super) const NAMED: usize = 10;

/// What several rules look at.
pub(super) struct Facts<'a> {
    pub(super) sight: &'a Sight<'a>,
    pub(super) changes: Vec<&'a Change>,
    bottleneck: Option<Bottleneck>,
    pub(super) lead: ChangeLeadTime,
    /// Deployments of the window that delivered changes.
    batches: Vec<&'a Deployment>,
}

impl<'a> Facts<'a> {
    pub(super) fn of(sight: &'a Sight<'a>) -> Self {
        let changes = bottleneck::changes(sight);
        Self {
            bottleneck: bottleneck::largest(&changes),
            changes,
            lead: change_lead_time::measure(sight.scope, sight.period),
            batches: sight
                .timeline
                .deployments
                .iter()
                .filter(|d| d.is_effective() && sight.period.window.contains(d.finished_at))
                .filter(|d| !d.baseline && !d.changes.is_empty())
                .filter(|d| sight.scope.includes(d.service.as_deref()))
                .collect(),
            sight,
        }
    }

    pub(super) fn batch(&self) -> Option<f64> {
        Distribution::of(self.batches.iter().map(|d| d.changes.len() as f64)).quantile(0.5)
    }

    /// Lines of each deployment whose changes all say theirs.
    fn lines(&self) -> Vec<(f64, &Deployment)> {
        self.batches
            .iter()
            .filter_map(|d| {
                let all: Option<u64> = d
                    .changes
                    .iter()
                    .map(|at| self.sight.timeline.changes[*at].lines)
                    .sum();
                Some((all? as f64, *d))
            })
            .collect()
    }

    /// The limit of a target on the metric, or what it was in the window before if it is worse since.
    pub(super) fn baseline(
        &self,
        measure: Measure,
        now: Proportion,
        before: Proportion,
        hits: &str,
    ) -> Option<(f64, &'static str)> {
        let promised = self
            .sight
            .config
            .targets
            .iter()
            .find(|t| t.measure == measure && t.service.is_none() && t.bound.is_ceiling());
        let (limit, of) = if let Some(target) = promised {
            (target.limit, "the target")
        } else {
            let found = delta::proportion(
                (now.hits, now.total),
                (before.hits, before.total),
                "deployments",
                hits,
            );
            if found.state != delta::State::Changed {
                return None;
            }
            (before.ratio()?, "the window before")
        };
        now.interval95()
            .is_some_and(|[low, _]| low > limit)
            .then_some((limit, of))
    }
}

/// What a rule found.
pub(super) struct Found {
    /// Numbers for the placeholders.
    pub(super) values: Vec<(&'static str, String)>,
    pub(super) because: Vec<String>,
    pub(super) gain: Option<Gain>,
    pub(super) leading: Leading,
}

/// A rule's id, and where it looks.
type Rule = (&'static str, fn(&Facts<'_>) -> Option<Found>);

/// Every rule; of two that bring the same the earlier comes first.
pub(super) const RULES: [Rule; 10] = [
    ("review_wait", review_wait),
    ("long_ci", long_ci),
    ("merge_wait", merge_wait),
    ("deploy_queue", deploy_queue),
    ("approval_wait", approval_wait),
    ("large_batches", large_batches),
    ("high_cfr", high_cfr),
    ("slow_recovery", slow_recovery),
    ("high_rework", high_rework),
    ("low_frequency", low_frequency),
];

pub(super) fn lead_gain(prize: &Prize) -> Gain {
    Gain {
        metric: "change_lead_time",
        now: prize.lead_now,
        then: prize.lead_then,
    }
}

pub(super) fn waiting(prize: &Prize) -> Vec<(&'static str, String)> {
    vec![
        ("share", percent(prize.share)),
        ("p50", short_span(prize.median)),
        ("p90", short_span(prize.p90)),
    ]
}

fn counted(n: f64, noun: &str) -> String {
    let number = number(n);
    let ending = if number == "1" { "" } else { "s" };
    format!("{number} {noun}{ending}")
}

/// The first review, or the review itself, is the largest stage and more than 30 % of the lead time.
fn review_wait(facts: &Facts<'_>) -> Option<Found> {
    let found = facts.bottleneck.as_ref()?;
    let name = found.stage;
    if !matches!(name, "pickup" | "review") || found.prize.share <= 0.3 {
        return None;
    }
    let mut values = waiting(&found.prize);
    let says = if name == "pickup" {
        "waiting for the first review"
    } else {
        "the review itself"
    };
    values.push(("stage", says.to_owned()));
    values.extend(split(facts, name));
    Some(Found {
        values,
        because: found.prize.longest.clone(),
        gain: Some(lead_gain(&found.prize)),
        leading: Leading {
            unit: "seconds",
            value: facts
                .lead
                .stages
                .get("pickup")
                .and_then(|d| d.quantile(0.5)),
        },
    })
}

/// How much slower large pull requests are, where ten on each side say so.
fn split(facts: &Facts<'_>, name: &str) -> Vec<(&'static str, String)> {
    let sized: Vec<(f64, f64)> = facts
        .changes
        .iter()
        .filter_map(|c| Some((c.lines? as f64, part(c, name)?)))
        .collect();
    let Some(cut) = Distribution::of(sized.iter().map(|(lines, _)| *lines)).quantile(0.5) else {
        return Vec::new();
    };
    let side = |large: bool| {
        let taken = sized.iter().filter(|(lines, _)| (*lines > cut) == large);
        Distribution::of(taken.map(|(_, took)| *took))
    };
    let (large, small) = (side(true), side(false));
    let ratio = match (large.quantile(0.9), small.quantile(0.9)) {
        (Some(a), Some(b)) if b > 0.0 && large.n() >= 10 && small.n() >= 10 => a / b,
        _ => return Vec::new(),
    };
    if ratio < 1.5 {
        return Vec::new();
    }
    vec![("cut", number(cut)), ("ratio", number(ratio))]
}

/// Of reviewed changes, approval to merge is more than 20 % of the lead time, or one in ten queues for an hour.
fn merge_wait(facts: &Facts<'_>) -> Option<Found> {
    // Without a review its time would lie in here.
    let merge = |c: &Change| part(c, "review").and_then(|_| part(c, "merge"));
    let prize = bottleneck::prize(&facts.changes, merge)?;
    let queue = facts.lead.stages.get("queue")?;
    let queues =
        queue.values.len() >= MIN_CHANGES && queue.quantile(0.9).is_some_and(|p90| p90 > HOUR);
    (prize.share > 0.2 || queues).then(|| Found {
        values: waiting(&prize),
        because: prize.longest.clone(),
        gain: Some(lead_gain(&prize)),
        leading: Leading {
            unit: "seconds",
            value: Some(prize.median),
        },
    })
}

/// From merge to the start of the deployment is the largest stage.
fn deploy_queue(facts: &Facts<'_>) -> Option<Found> {
    let found = facts.bottleneck.as_ref()?;
    if found.stage != "deploy_wait" {
        return None;
    }
    let mut values = waiting(&found.prize);
    values.extend(facts.batch().map(|n| ("batch", counted(n, "change"))));
    Some(Found {
        values,
        because: found.prize.longest.clone(),
        gain: Some(lead_gain(&found.prize)),
        leading: Leading {
            unit: "seconds",
            value: facts.lead.merge_to_deploy.quantile(0.5),
        },
    })
}

/// The median deployment carries more than five changes or 250 lines, or large ones fail more often.
fn large_batches(facts: &Facts<'_>) -> Option<Found> {
    let batch = facts
        .batch()
        .filter(|_| facts.batches.len() >= MIN_CHANGES)?;
    let sized = facts.lines();
    let median = Distribution::of(sized.iter().map(|(lines, _)| *lines)).quantile(0.5);
    let lines = median.filter(|_| sized.len() >= MIN_CHANGES);
    let side = |large: bool| {
        let of = sized
            .iter()
            .filter(|(n, _)| lines.is_some_and(|cut| (*n > cut) == large));
        Proportion {
            hits: of.clone().filter(|(_, d)| d.failed).count() as u64,
            total: of.count() as u64,
        }
    };
    let (high, low) = (side(true), side(false));
    // A curve cannot be fitted where every large one fails and no small one does; the exact test can.
    let fails_more = high.ratio() > low.ratio()
        && proportion::fisher(high.hits, high.total, low.hits, low.total)
            .is_some_and(|p| p < gate::ALPHA);
    if batch <= 5.0 && lines.is_none_or(|n| n <= 250.0) && !fails_more {
        return None;
    }
    let mut values = vec![("batch", counted(batch, "change"))];
    values.extend(lines.map(|n| ("lines", number(n))));
    let mut gain = None;
    if let (true, Some(cut), Some(r1), Some(r2)) = (fails_more, lines, high.ratio(), low.ratio()) {
        values.extend([
            ("cut", number(cut)),
            ("high", percent(r1)),
            ("high_k", high.hits.to_string()),
            ("high_n", high.total.to_string()),
            ("low", percent(r2)),
            ("low_k", low.hits.to_string()),
            ("low_n", low.total.to_string()),
        ]);
        let all = (high.hits + low.hits) as f64 / (high.total + low.total) as f64;
        gain = Some(Gain {
            metric: "change_fail_rate",
            now: all,
            then: r2,
        });
    }
    let mut largest: Vec<&&Deployment> = facts.batches.iter().collect();
    largest.sort_by(|a, b| (b.changes.len(), &a.id).cmp(&(a.changes.len(), &b.id)));
    Some(Found {
        values,
        because: largest.iter().take(NAMED).map(|d| d.id.clone()).collect(),
        gain,
        leading: Leading {
            unit: "changes",
            value: Some(batch),
        },
    })
}

/// Fewer than half of the weeks have a deployment, and the weeks show no trend towards more.
fn low_frequency(facts: &Facts<'_>) -> Option<Found> {
    let sight = facts.sight;
    let m = deployment_frequency::measure(sight.scope, sight.period);
    if m.count == 0 || m.active_days_per_week_median.is_none_or(|days| days >= 1.0) {
        return None;
    }
    let weeks = target::weekly(sight.scope, sight.period);
    let known: Vec<Option<f64>> = weeks.iter().copied().map(Some).collect();
    let found = trend::trend(&known)?;
    if found.direction == trend::Direction::Rising {
        return None;
    }
    // The gap since the last one is not over yet.
    let end = sight.period.window.to.min(sight.period.now);
    let last = sight.scope.effective_in(sight.period.window).last();
    let since = last.map(|unit| seconds_between(unit.at, end) as f64);
    let gap = m
        .time_between
        .quantile(1.0)
        .into_iter()
        .chain(since)
        .reduce(f64::max);
    let mut values = vec![
        ("d", weeks.iter().filter(|n| **n > 0.0).count().to_string()),
        ("w", weeks.len().to_string()),
    ];
    values.extend(gap.map(|gap| ("gap", short_span(gap))));
    // Twice as many deployments halve the wait for the next one.
    let wait = |c: &Change| part(c, "deploy_wait");
    let lead = |c: &Change| c.lead_time().unwrap_or(0) as f64;
    let known = facts.changes.iter().filter(|c| wait(c).is_some()).count();
    let now = Distribution::of(facts.changes.iter().map(|c| lead(c)));
    let shorter = |c: &&Change| lead(c) - wait(c).unwrap_or(0.0) / 2.0;
    let then = Distribution::of(facts.changes.iter().map(shorter));
    let gain = match (now.quantile(0.5), then.quantile(0.5)) {
        (Some(now), Some(then)) if known >= MIN_CHANGES => Some(Gain {
            metric: "change_lead_time",
            now,
            then,
        }),
        _ => None,
    };
    let latest: Vec<String> = sight
        .scope
        .effective_in(sight.period.window)
        .map(|u| sight.timeline.deployments[u.members[0]].id.clone())
        .collect();
    Some(Found {
        values,
        because: latest.into_iter().rev().take(NAMED).collect(),
        gain,
        leading: Leading {
            unit: "seconds",
            value: gap,
        },
    })
}
