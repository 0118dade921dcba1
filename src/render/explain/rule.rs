//! The rules of counting by their stable ids, a line each.

use super::document::Rule;

const fn rule(id: &'static str, says: &'static str) -> Rule {
    Rule { id, says }
}

/// Every rule that a figure can cite.
#[rustfmt::skip]
pub const RULES: [Rule; 44] = [
    rule("U1", "One source a deployment: ledger, GitHub deployments, workflow, release, tag, merge, in this order."),
    rule("U2", "Attempts of one run and service are one deployment; it took effect when any attempt did."),
    rule("U3", "The parts of one run are one deployment a service, finished with the last part."),
    rule("U4", "Only production environments count."),
    rule("U5", "Success took effect; failure is a failed attempt; cancelled, skipped and pending are ignored."),
    rule("U6", "It finished at its first success, never when it was last touched."),
    rule("U7", "The same version again counts, and brings no change."),
    rule("U8", "Deployments are ordered by when they finished."),
    rule("W1", "The window is half-open, and compared with the one of the same length before it."),
    rule("W2", "Days, weeks and months are those of the report's time zone."),
    rule("W3", "Where the history begins inside the window, rates use the days that it covers."),
    rule("W4", "A deployment counts when it finished, a recovery when it was restored."),
    rule("W5", "The last 24 hours of the fail rate are provisional: incidents arrive late."),
    rule("DF1", "Deployments that took effect, over the days that the history covers."),
    rule("DF2", "Rollbacks and repeated versions count too."),
    rule("DF3", "No deployment is 0 a day, with a band only where the history covers the window."),
    rule("DF4", "The interval is an exact Poisson one."),
    rule("LT1", "A change is a merged pull request, or a commit without one; never a merge commit."),
    rule("LT2", "It starts at the earlier of the pull request's creation and its first commit's author date."),
    rule("LT3", "The first deployment of a service delivers an unknown set, so it times nothing."),
    rule("LT4", "It ends when the first effective deployment that contains it finished."),
    rule("LT5", "The first delivery is final, and in a roll-up a change counts once."),
    rule("LT6", "A negative time is left out, counted and listed; zero is kept."),
    rule("LT7", "Percentiles are type 7 (linear); the median's interval comes from order statistics."),
    rule("LT8", "Changes by bots stand apart."),
    rule("LT9", "Stages add up exactly for each change; their medians do not add up, their means do."),
    rule("LT10", "Undeployed changes are those on the production branch after the last deployment."),
    rule("LT11", "A change belongs to every service whose paths it touches."),
    rule("LT12", "Merge to deployed, and pull request to deployed, always stand beside the headline."),
    rule("CF1", "An incident is blamed by a mark, else by the deployment, commit or pull request it names."),
    rule("CF2", "Else by time: the deployment rolling out, or the latest one within the horizon."),
    rule("CF3", "A rollback, revert or hotfix shows that an earlier deployment failed."),
    rule("CF4", "A failed attempt took no effect, so it stands beside the headline, not in it."),
    rule("CF5", "A deployment fails once, however many incidents it has."),
    rule("CF6", "No deployment, no rate; no incident source is said aloud."),
    rule("CF7", "The interval is Wilson's, and no band is given below five deployments."),
    rule("FD1", "From the failed deployment's finish to its repair: resolved, or remedied by a deployment."),
    rule("FD2", "Of several incidents the last repair counts."),
    rule("FD3", "What nothing has repaired is open: a lower bound in the Kaplan–Meier median."),
    rule("FD4", "A recovery counts in the window in which it was restored."),
    rule("FD5", "One value a failed deployment."),
    rule("RW1", "Rework is a rollback, revert, hotfix, named repair or labelled deployment; the first that fits."),
    rule("RW2", "Over the deployments that took effect; the rate of 180 days stands beside it."),
    rule("RW3", "Failure and rework are judged apart; the interval is Wilson's."),
];

/// The rules that a list such as `LT1–LT8, W4` names, in its order; what is no rule is left out.
#[must_use]
pub(super) fn listed(list: &str) -> Vec<Rule> {
    let mut out: Vec<Rule> = Vec::new();
    for entry in list.split(',').map(str::trim) {
        let (from, to) = entry.split_once('–').unwrap_or((entry, entry));
        let place = |id: &str| RULES.iter().position(|rule| rule.id == id);
        if let Some((from, to)) = place(from).zip(place(to)) {
            let named = RULES.get(from..=to).unwrap_or_default();
            out.extend(
                named
                    .iter()
                    .filter(|rule| !out.contains(rule))
                    .copied()
                    .collect::<Vec<_>>(),
            );
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::METRICS;

    #[test]
    fn lists_and_ranges_name_their_rules() {
        let ids = |list| listed(list).iter().map(|rule| rule.id).collect::<Vec<_>>();
        assert_eq!(ids("LT9, LT1–LT3, LT2"), ["LT9", "LT1", "LT2", "LT3"]);
        assert_eq!(ids("XX1, LT3–LT1"), Vec::<&str>::new());
    }

    #[test]
    fn every_rule_of_a_metric_is_a_line() {
        for metric in &METRICS {
            let (first, last) = metric.rules.split_once('–').unwrap();
            let found = listed(metric.rules);
            assert_eq!(found.first().map(|rule| rule.id), Some(first));
            assert_eq!(found.last().map(|rule| rule.id), Some(last));
            let prefix: String = first.chars().filter(char::is_ascii_alphabetic).collect();
            assert!(found.iter().all(|rule| rule.id.starts_with(&prefix)));
        }
        for rule in &RULES {
            assert!(
                rule.says.ends_with('.') && rule.says.chars().count() <= 110,
                "{}",
                rule.id
            );
        }
    }
}
