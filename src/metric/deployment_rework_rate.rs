//! Deployment rework rate (rules RW1 to RW3).

use std::collections::BTreeMap;

use super::{Period, Proportion, Scope};
use crate::event::Window;
use crate::timeline::ReworkKind;

/// How many deployments are unplanned repairs.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct DeploymentReworkRate {
    /// Rework over effective.
    pub rate: Proportion,
    /// The first kind that fits each.
    pub by_kind: BTreeMap<&'static str, u64>,
    /// In order.
    pub ids: Vec<String>,
    /// Over the 180 days to the window's end, since DORA asks about six months.
    pub last_180_days: Proportion,
}

/// Counts repairs.
#[must_use]
pub fn measure(scope: &Scope<'_>, period: &Period) -> DeploymentReworkRate {
    let mut out = DeploymentReworkRate {
        by_kind: ReworkKind::ALL.iter().map(|k| (k.name(), 0)).collect(),
        ..DeploymentReworkRate::default()
    };
    for unit in scope.effective_in(period.window) {
        out.rate.total += 1;
        let kind = scope
            .deployments(unit)
            .filter(|d| d.is_effective())
            .filter_map(|d| d.rework.map(|kind| (kind, d)))
            .min_by_key(|(kind, _)| *kind);
        if let Some((kind, deployment)) = kind {
            out.rate.hits += 1;
            *out.by_kind.entry(kind.name()).or_default() += 1;
            out.ids.push(deployment.id.clone());
        }
    }
    for unit in scope.effective_in(Window::last_days(period.window.to, 180)) {
        out.last_180_days.total += 1;
        let repaired = scope
            .deployments(unit)
            .any(|d| d.is_effective() && d.rework.is_some());
        out.last_180_days.hits += u64::from(repaired);
    }
    out
}
