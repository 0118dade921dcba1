//! Many tests in one report: what their number explains is taken back, or not said at all.

use super::v1::{Delta, DeltaState, Scope};
use crate::insight::{Insight, gate};
use crate::metric::{Better, find};

/// Holds all deltas and findings against each other. A delta that does not survive is no detectable change, and
/// the others learn whether they are good news; a finding that does not survive is not returned.
pub(super) fn judge<'a>(
    scopes: impl Iterator<Item = &'a mut Scope>,
    findings: Vec<Insight>,
) -> Vec<Insight> {
    let mut deltas: Vec<(&str, &mut Delta)> = scopes
        .flat_map(|s| s.deltas.iter_mut().map(|(id, d)| (id.as_str(), d)))
        .collect();
    let tested: Vec<Option<f64>> = deltas
        .iter()
        .map(|(_, delta)| delta.p)
        .chain(findings.iter().map(|finding| finding.p))
        .collect();
    let mut survives = gate::survives(&tested).into_iter();
    for ((id, delta), survives) in deltas.iter_mut().zip(survives.by_ref()) {
        settle(id, delta, survives);
    }
    let said = findings.into_iter().zip(survives);
    said.filter_map(|(finding, survives)| survives.then_some(finding))
        .collect()
}

fn settle(id: &str, delta: &mut Delta, survives: bool) {
    if delta.state == DeltaState::Changed && !survives {
        delta.state = DeltaState::NoDetectableChange;
    }
    let higher = find(id).is_some_and(|m| m.better == Better::Higher);
    delta.better = delta
        .now
        .zip(delta.previous)
        .filter(|_| delta.state == DeltaState::Changed)
        .map(|(now, before)| (now > before) == higher);
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;
    use crate::insight::Level;
    use crate::report::v1::{Metrics, Series};

    fn scope(p: f64) -> Scope {
        let delta = Delta {
            state: DeltaState::Changed,
            better: None,
            previous: Some(2.0),
            now: Some(1.0),
            p: Some(p),
            because: None,
        };
        Scope {
            metrics: Metrics::default(),
            previous: Metrics::default(),
            deltas: BTreeMap::from([("change_lead_time".to_owned(), delta)]),
            series: Series::default(),
            beside: BTreeMap::new(),
        }
    }

    fn finding(p: Option<f64>) -> Insight {
        Insight {
            id: "test",
            level: Level::Info,
            says: String::new(),
            because: Vec::new(),
            next: None,
            p,
        }
    }

    #[test]
    fn findings_and_deltas_are_one_family() {
        let mut one = [scope(0.04)];
        let dull = || vec![finding(Some(0.5)), finding(Some(0.6)), finding(None)];
        let said = judge(one.iter_mut(), dull());
        assert_eq!(
            said,
            [finding(None)],
            "what was only counted is always said"
        );
        let delta = &one[0].deltas["change_lead_time"];
        assert_eq!(
            (delta.state, delta.better),
            (DeltaState::NoDetectableChange, None)
        );
        assert_eq!(delta.p, Some(0.04), "the p-value stays as tested");

        let mut strong = [scope(0.001)];
        let said = judge(strong.iter_mut(), dull());
        assert_eq!(said.len(), 1);
        let delta = &strong[0].deltas["change_lead_time"];
        assert_eq!(
            (delta.state, delta.better),
            (DeltaState::Changed, Some(true))
        );
    }

    #[test]
    fn dull_deltas_silence_a_weak_finding() {
        let weak = || vec![finding(Some(0.04))];
        assert_eq!(judge([].iter_mut(), weak()).len(), 1);
        let mut dull = [scope(0.5), scope(0.7), scope(0.9)];
        assert_eq!(judge(dull.iter_mut(), weak()), []);
    }
}
