//! The triggers of the recommendations on machines and gates: what lies within the stages.

use super::Leading;
use super::rule::{Facts, Found, HOUR, lead_gain, waiting};
use crate::insight::bottleneck::{self, part};
use crate::insight::words::short_span;
use crate::timeline::Change;

/// DORA's upper limit for feedback of continuous integration.
const TEN_MINUTES: f64 = 600.0;

/// The tests of a pull request take more than ten minutes in the median, or a fifth of that is waiting for a runner.
pub(super) fn long_ci(facts: &Facts<'_>) -> Option<Found> {
    let prize = bottleneck::prize(&facts.changes, |c| part(c, "ci"))?;
    let queue = facts
        .lead
        .stages
        .get("ci_queue")
        .and_then(|of| of.quantile(0.5));
    let queues = queue.is_some_and(|queue| queue > 0.2 * prize.median);
    if prize.median <= TEN_MINUTES && !queues {
        return None;
    }
    let mut values = waiting(&prize);
    values.extend(queue.map(|queue| ("queue", short_span(queue))));
    // It runs while people review: a quicker one need not bring anything to the lead time.
    Some(Found {
        values,
        because: prize.longest,
        gain: None,
        leading: Leading {
            unit: "seconds",
            value: Some(prize.median),
        },
    })
}

/// Approval of deployments holds more than 15 % of the lead time, or one in ten waits for four hours.
pub(super) fn approval_wait(facts: &Facts<'_>) -> Option<Found> {
    let approval = |c: &Change| part(c, "approval");
    let prize = bottleneck::prize(&facts.changes, approval)?;
    (prize.share > 0.15 || prize.p90 > 4.0 * HOUR).then(|| Found {
        values: waiting(&prize),
        because: prize.longest.clone(),
        gain: Some(lead_gain(&prize)),
        leading: Leading {
            unit: "seconds",
            value: Some(prize.median),
        },
    })
}
