//! The order in which production was deployed to, known and new deployments together.

use std::collections::BTreeMap;

use super::{Purse, production};
use crate::adapter::github_commit::is_object_id;
use crate::event::{Event, Instant, Outcome};

/// Production deployments in order of time, service by service, from the last one before the cutoff.
pub(super) fn timelines(purse: &Purse<'_>, deployments: &[Event]) -> Vec<Vec<(String, bool)>> {
    type Row<'e> = (Instant, &'e str, &'e str, bool);
    let ask = &purse.ask;
    let mut latest: BTreeMap<&str, &Event> = BTreeMap::new();
    for event in ask.known.iter().chain(deployments) {
        latest.insert(&event.id, event);
    }
    let mut services: BTreeMap<&str, Vec<Row<'_>>> = BTreeMap::new();
    for event in latest.values() {
        if let Some(d) = production(ask.config, event)
            && d.outcome != Outcome::Ignored
            && let Some(revision) = d.revision.as_deref().filter(|text| is_object_id(text))
        {
            let fresh = ask.known.get("deployment", &event.id).is_none();
            for service in ask.config.services_of(d) {
                let rows = services.entry(service.unwrap_or_default()).or_default();
                rows.push((event.time, &event.id, revision, fresh));
            }
        }
    }
    let ordered = services.into_values().map(|mut rows| {
        rows.sort_unstable();
        let begin = rows.partition_point(|row| row.0 < ask.cutoff);
        let rows = rows.into_iter().skip(begin.saturating_sub(1));
        rows.map(|(_, _, revision, fresh)| (revision.to_ascii_lowercase(), fresh))
            .collect()
    });
    ordered.collect()
}

/// The revision that took effect in production last, of whatever service.
pub(super) fn latest(purse: &Purse<'_>, deployments: &[Event]) -> Option<String> {
    let ask = &purse.ask;
    let effective = ask.known.iter().chain(deployments).filter_map(|event| {
        let deployment = production(ask.config, event)?;
        let revision = deployment.revision.as_deref();
        let counts = deployment.outcome == Outcome::Success;
        let revision = revision.filter(|text| counts && is_object_id(text))?;
        Some((event.time, event.id.as_str(), revision))
    });
    effective
        .max()
        .map(|(_, _, revision)| revision.to_ascii_lowercase())
}
