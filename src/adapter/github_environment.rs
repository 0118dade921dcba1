//! Protection rules of environments, and how they split a deployment's waiting into timer and approval (rule LT9).

use std::collections::BTreeMap;

use serde_json::Value;

use super::github_payload::{nodes, text};
use crate::event::{Deployment, Span};

/// What a deployment to an environment waits for.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Protection {
    /// Length of the wait timer.
    pub timer_seconds: Span,
    /// Somebody, or some other tool, has to let it through.
    pub gate: bool,
}

/// The rules of each environment, from the body of `GET /repos/…/environments`. Anything unreadable is left out.
#[must_use]
pub fn from_rest(body: &Value) -> BTreeMap<String, Protection> {
    nodes(&body["environments"])
        .filter_map(|environment| {
            let name = text(environment, "name")?.to_owned();
            let mut found = Protection::default();
            for rule in nodes(&environment["protection_rules"]) {
                match text(rule, "type") {
                    Some("wait_timer") => {
                        let minutes = rule["wait_timer"].as_u64().unwrap_or(0);
                        found.timer_seconds = Span::from(u32::try_from(minutes).unwrap_or(0)) * 60;
                    }
                    // Which branches may deploy is decided at once.
                    Some("branch_policy") | None => {}
                    Some(_) => found.gate = true,
                }
            }
            Some((name, found))
        })
        .collect()
}

/// Splits the time in `waiting`, which the statuses give in one piece as approval.
///
/// Timer and approval run side by side, so the timer has what it takes, and the approval what was waited beyond it.
/// Where no rule asks for anybody, the rest is queue: the job waited for its turn. An environment that is not known
/// keeps all of it as approval. The rules are today's; GitHub does not say what they were.
pub fn split_waiting(deployment: &mut Deployment, rules: &BTreeMap<String, Protection>) {
    let Some(waited) = deployment.approval_seconds else {
        return;
    };
    let Some(rule) = rules.get(&deployment.environment) else {
        return;
    };
    let timer = waited.min(rule.timer_seconds).max(0);
    let rest = waited - timer;
    deployment.timer_seconds = (rule.timer_seconds > 0).then_some(timer);
    deployment.approval_seconds = rule.gate.then_some(rest);
    if !rule.gate && rest > 0 {
        deployment.queue_seconds = Some(deployment.queue_seconds.unwrap_or(0) + rest);
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn rules() -> BTreeMap<String, Protection> {
        from_rest(&json!({ "total_count": 4, "environments": [
            { "name": "production", "protection_rules": [
                { "id": 1, "type": "wait_timer", "wait_timer": 30 },
                { "id": 2, "type": "required_reviewers", "reviewers": [] },
                { "id": 3, "type": "branch_policy" }] },
            { "name": "timed", "protection_rules": [{ "type": "wait_timer", "wait_timer": 30 }, { "type": "branch_policy" }] },
            { "name": "open", "protection_rules": [] },
            { "name": "" }, 7] }))
    }

    fn split(environment: &str, waited: Span) -> [Option<Span>; 3] {
        let mut d = Deployment {
            environment: environment.to_owned(),
            queue_seconds: Some(10),
            approval_seconds: Some(waited),
            ..Deployment::default()
        };
        split_waiting(&mut d, &rules());
        [d.queue_seconds, d.approval_seconds, d.timer_seconds]
    }

    #[test]
    fn the_timer_has_what_it_takes_and_the_approval_the_rest() {
        assert_eq!(split("production", 2000), [Some(10), Some(200), Some(1800)]);
        // It was let through early: by an administrator, who may skip the timer.
        assert_eq!(split("production", 90), [Some(10), Some(0), Some(90)]);
        assert_eq!(split("timed", 1803), [Some(13), None, Some(1800)]);
        assert_eq!(split("open", 50), [Some(60), None, None]);
        assert_eq!(split("elsewhere", 50), [Some(10), Some(50), None]);
    }

    #[test]
    fn what_is_not_known_splits_nothing() {
        for body in [json!(null), json!({ "environments": 3 }), json!([])] {
            assert_eq!(from_rest(&body), BTreeMap::new());
        }
        let huge = json!({ "environments": [{ "name": "p", "protection_rules": [
            { "type": "wait_timer", "wait_timer": 18_446_744_073_709_551_615_u64 }] }] });
        assert_eq!(from_rest(&huge)["p"], Protection::default());
    }
}
