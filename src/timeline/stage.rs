//! The stages of a change, adding up exactly to its lead time (rule LT9).

use std::collections::BTreeMap;

use crate::config::LeadStart;
use crate::event::{Instant, Pull, Span, seconds_between};

/// Stages in order. `queue` is part of `merge` and does not add to the sum.
pub const STAGES: [&str; 7] = [
    "coding",
    "draft",
    "pickup",
    "review",
    "merge",
    "deploy_wait",
    "deploy",
];

/// Seconds by stage; `None` where the stage is not known and its time lies in a later one.
pub type Stages = BTreeMap<&'static str, Option<Span>>;

/// A walk along one change's instants: each stage ends at an instant, or is unknown.
struct Walk {
    at: Instant,
    last: Instant,
    stages: Stages,
}

impl Walk {
    /// Ends a stage at `until`. Clocks may disagree: a stage never takes less than nothing, and none reaches
    /// beyond the end.
    fn step(&mut self, stage: &'static str, until: Option<Instant>) {
        let taken = until.map(|until| {
            let until = until.clamp(self.at, self.last);
            let taken = seconds_between(self.at, until);
            self.at = until;
            taken
        });
        self.stages.insert(stage, taken);
    }
}

/// Where the lead time of a change begins (rule LT2); a commit without a pull request begins when it was written.
pub(super) fn start(
    pull: Option<&Pull>,
    first_authored: Option<Instant>,
    from: LeadStart,
) -> Option<Instant> {
    let created = pull.and_then(|p| p.created_at);
    let known = match from {
        LeadStart::FirstCommit => [
            created,
            pull.and_then(|p| p.first_commit_at),
            first_authored,
        ]
        .into_iter()
        .flatten()
        .min(),
        LeadStart::PullCreated => created,
        LeadStart::Merged => pull.and_then(|p| p.merged_at),
    };
    known.or(first_authored)
}

/// Splits a change's way from `started` to `finished`.
pub(super) fn split(
    pull: Option<&Pull>,
    started: Instant,
    deploy_started: Option<Instant>,
    finished: Instant,
) -> Stages {
    let mut walk = Walk {
        at: started,
        last: finished.max(started),
        stages: Stages::new(),
    };
    let created = pull.and_then(|p| p.created_at);
    let merged = pull.and_then(|p| p.merged_at);
    walk.step("coding", created);
    let ready = pull.and_then(|p| p.ready_at).or(created);
    walk.step("draft", ready);
    let reviewed = pull
        .and_then(|p| p.first_review_at)
        .filter(|_| created.is_some());
    walk.step("pickup", reviewed);
    let approved = pull
        .and_then(|p| p.approved_at)
        .filter(|_| reviewed.is_some());
    walk.step("review", approved);
    let queued = pull.and_then(|p| p.queued_at).filter(|_| merged.is_some());
    if let (Some(queued), Some(merged)) = (queued, merged) {
        let waited = seconds_between(queued.clamp(started, walk.last), merged.min(walk.last));
        walk.stages.insert("queue", Some(waited.max(0)));
    }
    walk.step("merge", merged);
    if let Some(at) = deploy_started {
        walk.step("deploy_wait", Some(at));
        walk.step("deploy", Some(finished));
    } else {
        walk.step("deploy_wait", Some(finished));
        walk.step("deploy", None);
    }
    walk.stages
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::event::parse_instant;

    #[test]
    fn stages_add_up_whatever_the_clocks_say() {
        let at = |h: i64| parse_instant("2026-03-02").unwrap() + chrono::Duration::hours(h);
        let pull = Pull {
            created_at: Some(at(5)),
            ready_at: Some(at(3)),
            first_review_at: Some(at(9)),
            approved_at: Some(at(8)),
            merged_at: Some(at(30)),
            ..Pull::default()
        };
        let stages = split(Some(&pull), at(0), Some(at(11)), at(12));
        let sum: i64 = STAGES.iter().filter_map(|s| stages[s]).sum();
        assert_eq!(sum, 12 * 3600);
        assert!(stages.values().flatten().all(|s| *s >= 0));
    }
}
