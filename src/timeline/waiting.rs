//! What is merged and not deployed, service by service (rules LT10, LT11).

use std::collections::BTreeMap;

use super::change::Waiting;
use super::delivery::Deliverer;
use super::graph::Node;
use crate::event::Instant;

/// A service, and the commits that its deployments contain.
pub(super) type Reached<'s> = (Option<&'s String>, Vec<bool>);

impl Deliverer<'_> {
    /// What waits for a deployment, service by service.
    pub(super) fn all_waiting(&self, head: Option<Node>, reached: &[Reached<'_>]) -> Vec<Waiting> {
        let services = (0..reached.len()).zip(std::iter::repeat(head));
        services
            .filter_map(|(at, head)| Some(self.waiting(head?, reached, at)))
            .flatten()
            .collect()
    }

    /// What the head reaches and the service at this place has not delivered.
    fn waiting(&self, head: Node, reached: &[Reached<'_>], at: usize) -> Vec<Waiting> {
        let (service, marked) = &reached[at];
        let mut marked = marked.clone();
        let mut since: BTreeMap<String, (Instant, bool)> = BTreeMap::new();
        for node in self.graph.take_new(head, &mut marked) {
            let commit = self.graph.commit(node);
            let pull = self.owner[node as usize].and_then(|n| self.pulls.get(&n));
            if !self.belongs(*service, node) || (commit.parents.len() > 1 && pull.is_none()) {
                continue;
            }
            let (id, at) = pull.map_or_else(
                || (commit.sha.clone(), commit.authored_at),
                |p| {
                    (
                        p.number.to_string(),
                        p.merged_at.unwrap_or(commit.authored_at),
                    )
                },
            );
            let nowhere = reached
                .iter()
                .all(|(other, marked)| !marked[node as usize] || !self.belongs(*other, node));
            let slot = since.entry(id).or_insert((at, false));
            *slot = (slot.0.min(at), slot.1 || nowhere);
        }
        since
            .into_iter()
            .map(|(id, (since, everywhere))| Waiting {
                id,
                service: service.cloned(),
                since,
                everywhere,
            })
            .collect()
    }

    /// Whether a commit touches the paths of a service; one without paths is touched by all.
    fn belongs(&self, service: Option<&String>, node: Node) -> bool {
        let own = service.and_then(|name| self.config.services.get(name));
        let paths = own.map(|s| &s.paths).filter(|globs| !globs.is_empty());
        paths.is_none_or(|globs| self.touches(globs, node))
    }
}
