//! The stages of a change, adding up exactly to its lead time, and what is known of them in part (rule LT9).

use std::collections::BTreeMap;

use super::deployment::Waits;
use crate::config::LeadStart;
use crate::event::{Instant, Pull, Span, seconds_between};

/// Stages in order. They add up.
pub const STAGES: [&str; 7] = [
    "coding",
    "draft",
    "pickup",
    "review",
    "merge",
    "deploy_wait",
    "deploy",
];

/// A span that lies within stages, and adds nothing to the sum.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Part {
    /// Its name.
    pub name: &'static str,
    /// The stages that hold it; together it is never longer than they are.
    pub within: &'static [&'static str],
}

const TESTED_IN: &[&str] = &["pickup", "review", "merge"];

/// What is known of stages in part, in the order of the stages.
pub const PARTS: [Part; 6] = [
    Part {
        name: "ci",
        within: TESTED_IN,
    },
    Part {
        name: "ci_queue",
        within: TESTED_IN,
    },
    Part {
        name: "queue",
        within: &["merge"],
    },
    Part {
        name: "timer",
        within: &["deploy_wait"],
    },
    Part {
        name: "approval",
        within: &["deploy_wait"],
    },
    Part {
        name: "runner_queue",
        within: &["deploy_wait"],
    },
];

/// Seconds by stage, and by part where that is known; `None` where a stage is not known and its time lies in a later
/// one.
pub type Stages = BTreeMap<&'static str, Option<Span>>;

/// The deployment at the end of a change's way.
#[derive(Debug, Clone, Copy)]
pub(super) struct Arrival {
    pub(super) started_at: Option<Instant>,
    pub(super) finished_at: Instant,
    pub(super) waits: Waits,
}

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

    fn length(&self, stages: &[&'static str]) -> Span {
        let known = stages.iter().filter_map(|s| *self.stages.get(s)?);
        known.sum()
    }

    /// What is known of the deployment's wait: the timer first, since the others are what was waited beyond it.
    fn split_wait(&mut self, waits: &Waits) {
        let mut left = self.length(&["deploy_wait"]);
        for (part, wanted) in [
            ("timer", waits.timer),
            ("approval", waits.approval),
            ("runner_queue", waits.queue),
        ] {
            let taken = wanted.map(|span| span.clamp(0, left));
            left -= taken.unwrap_or(0);
            self.know(part, taken);
        }
    }

    /// The test of its last commit, which ran while it was reviewed and merged.
    fn test(&mut self, pull: &Pull) {
        let Some(ci) = &pull.ci else {
            return;
        };
        let whole = self.length(TESTED_IN);
        let ran = ci.run_seconds.map(|span| span.clamp(0, whole));
        let most = ran.unwrap_or(whole);
        let queued = ci.queue_seconds.map(|span| span.clamp(0, most));
        self.know("ci", ran);
        self.know("ci_queue", queued);
    }

    /// Parts are not in the list where they are not known: most changes have none.
    fn know(&mut self, part: &'static str, taken: Option<Span>) {
        if taken.is_some() {
            self.stages.insert(part, taken);
        }
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

/// Splits a change's way from `started` to its arrival.
pub(super) fn split(pull: Option<&Pull>, started: Instant, arrival: &Arrival) -> Stages {
    let finished = arrival.finished_at;
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
    let begin = walk.at;
    walk.step("merge", merged);
    let queued = pull.and_then(|p| p.queued_at).filter(|_| merged.is_some());
    if let Some(queued) = queued {
        let waited = seconds_between(queued.clamp(begin, walk.at), walk.at);
        walk.stages.insert("queue", Some(waited));
    }
    if let (Some(pull), Some(_)) = (pull, merged) {
        walk.test(pull);
    }
    if let Some(at) = arrival.started_at {
        walk.step("deploy_wait", Some(at));
        walk.step("deploy", Some(finished));
    } else {
        walk.step("deploy_wait", Some(finished));
        walk.step("deploy", None);
    }
    walk.split_wait(&arrival.waits);
    walk.stages
}

#[cfg(test)]
mod tests {
    use proptest::option::of;
    use proptest::prelude::*;

    use super::*;
    use crate::event::{Ci, parse_instant};

    fn at(hours: i64) -> Instant {
        parse_instant("2026-03-02").unwrap() + chrono::Duration::hours(hours)
    }

    fn sum(stages: &Stages) -> Span {
        STAGES.iter().filter_map(|s| stages[s]).sum()
    }

    #[test]
    fn a_way_whose_every_part_is_known() {
        let pull = Pull {
            created_at: Some(at(5)),
            first_review_at: Some(at(7)),
            approved_at: Some(at(8)),
            queued_at: Some(at(9)),
            merged_at: Some(at(10)),
            ci: Some(Ci {
                run_seconds: Some(1800),
                queue_seconds: Some(60),
                runs: 2,
                flaky: 0,
            }),
            ..Pull::default()
        };
        let arrival = Arrival {
            started_at: Some(at(14)),
            finished_at: at(15),
            waits: Waits {
                queue: Some(300),
                approval: Some(3 * 3600),
                timer: Some(1800),
            },
        };
        let stages = split(Some(&pull), at(0), &arrival);
        let hours = [5, 0, 2, 1, 2, 4, 1].map(|h| Some(h * 3600));
        assert_eq!(STAGES.map(|s| stages[s]), hours);
        assert_eq!(sum(&stages), 15 * 3600);
        let parts = PARTS.map(|part| stages[part.name]);
        assert_eq!(
            parts,
            [1800, 60, 3600, 1800, 3 * 3600, 300].map(Some),
            "{stages:?}"
        );
    }

    #[test]
    fn a_part_longer_than_its_stage_is_cut_and_one_that_is_not_known_is_no_zero() {
        let arrival = Arrival {
            started_at: Some(at(2)),
            finished_at: at(3),
            waits: Waits {
                queue: Some(600),
                approval: Some(9 * 3600),
                timer: Some(3600),
            },
        };
        let stages = split(None, at(0), &arrival);
        assert_eq!(stages["timer"], Some(3600));
        assert_eq!(stages["approval"], Some(3600));
        assert_eq!(stages["runner_queue"], Some(0));
        assert_eq!(stages.get("ci"), None);
        let quiet = Arrival {
            waits: Waits::default(),
            ..arrival
        };
        assert_eq!(split(None, at(0), &quiet).get("approval"), None);
    }

    proptest! {
        #[test]
        fn stages_add_up_and_parts_lie_within_them_whatever_the_clocks_say(
            pull in of((of(-9..99_i64), of(-9..99_i64), of(-9..99_i64), of(-9..99_i64), of(-9..99_i64), of(-9..99_i64))),
            tests in of((of(-9..400_000_i64), of(-9..400_000_i64))),
            (start, began, end) in (-9..99_i64, of(-9..99_i64), -9..99_i64),
            waits in (of(-9..400_000_i64), of(-9..400_000_i64), of(-9..400_000_i64)),
        ) {
            let pull = pull.map(|(created, ready, reviewed, approved, queued, merged)| Pull {
                created_at: created.map(at),
                ready_at: ready.map(at),
                first_review_at: reviewed.map(at),
                approved_at: approved.map(at),
                queued_at: queued.map(at),
                merged_at: merged.map(at),
                ci: tests.map(|(run_seconds, queue_seconds)| Ci { run_seconds, queue_seconds, runs: 1, flaky: 0 }),
                ..Pull::default()
            });
            let arrival = Arrival {
                started_at: began.map(at),
                finished_at: at(end),
                waits: Waits { queue: waits.0, approval: waits.1, timer: waits.2 },
            };
            let stages = split(pull.as_ref(), at(start), &arrival);
            prop_assert_eq!(sum(&stages), (end - start).max(0) * 3600);
            prop_assert!(stages.values().flatten().all(|s| *s >= 0));
            let known = |name: &str| stages.get(name).copied().flatten().unwrap_or(0);
            for part in PARTS {
                let whole: Span = part.within.iter().map(|s| known(s)).sum();
                prop_assert!(known(part.name) <= whole, "{} of {whole}: {stages:?}", part.name);
            }
            let waited = known("timer") + known("approval") + known("runner_queue");
            prop_assert!(waited <= known("deploy_wait"));
        }
    }
}
