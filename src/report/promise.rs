//! Targets and guardrails as the document shows them.

use std::collections::BTreeMap;

use super::v1::{self, DeltaState};
use crate::config::{Config, Movement, Quantity, Target};
use crate::insight::Sight;
use crate::insight::target::{self, Judgement, Progress, State};
use crate::metric::Scope;

/// Every target, judged in its own scope.
pub(super) fn targets(sight: &Sight<'_>) -> Vec<v1::Target> {
    sight
        .config
        .targets
        .iter()
        .map(|target| {
            let own = target
                .service
                .as_deref()
                .map(|name| Scope::of_service(sight.timeline, name));
            let scope = own.as_ref().unwrap_or(sight.scope);
            let judged = target::judge(target, scope, sight.period, sight.before, sight.config);
            shown(target, &judged)
        })
        .collect()
}

fn shown(target: &Target, judged: &Judgement) -> v1::Target {
    let quantity = target.measure.quantity();
    let Judgement {
        state,
        reading,
        progress,
    } = judged;
    v1::Target {
        text: target.written.clone(),
        service: target.service.clone(),
        metric: target.measure.name().to_owned(),
        percentile: (quantity == Quantity::Seconds).then_some(target.percentile),
        unit: quantity.name().to_owned(),
        comparison: target.bound.sign().to_owned(),
        limit: target.limit,
        by: target.by.map(|day| day.to_string()),
        state: state.name().to_owned(),
        value: reading.value,
        low: reading.low,
        high: reading.high,
        n: reading.n,
        reason: reading.reason.map(str::to_owned),
        because: reading.lacks.clone(),
        progress: progress.as_ref().map(way),
    }
}

fn way(progress: &Progress) -> v1::Progress {
    v1::Progress {
        due: progress.due,
        weeks_left: progress.weeks_left,
        baseline: progress.baseline,
        expected: progress.expected,
        pace: match progress.pace {
            State::Met => "ahead",
            State::Missed | State::NotYet => "behind",
            State::NotSure => "not_sure",
            State::NoData => "no_data",
        }
        .to_owned(),
        needed_per_week: progress.needed_per_week,
    }
}

/// Every guardrail, from deltas that the number of tests has been allowed for.
pub(super) fn guardrails(
    config: &Config,
    overall: &v1::Scope,
    services: &BTreeMap<String, v1::Scope>,
) -> Vec<v1::Guardrail> {
    let moved = |movement: &Movement| -> Result<bool, String> {
        let scope = match &movement.service {
            None => Some(overall),
            Some(name) => services.get(name),
        };
        let Some(delta) = scope.and_then(|s| s.deltas.get(movement.measure.name())) else {
            let name = movement.service.as_deref().unwrap_or_default();
            return Err(format!("there is no service `{name}`"));
        };
        match delta.state {
            DeltaState::TooLittleData => Err(format!(
                "{}: {}",
                movement.measure.name(),
                delta.because.as_deref().unwrap_or("too little data")
            )),
            DeltaState::NoDetectableChange => Ok(false),
            DeltaState::Changed => Ok(delta
                .now
                .zip(delta.previous)
                .is_some_and(|(now, before)| (now > before) == movement.rises)),
        }
    };
    config
        .guardrails
        .iter()
        .map(|rail| {
            let never = moved(&rail.never);
            let during = rail.during.as_ref().map_or(Ok(true), moved);
            let state = target::guard(never.clone().ok(), during.clone().ok());
            let because = never.err().or(during.err());
            v1::Guardrail {
                text: rail.written.clone(),
                service: rail.never.service.clone(),
                state: state.name().to_owned(),
                because: because.filter(|_| state == target::Rail::NotSure),
            }
        })
        .collect()
}
