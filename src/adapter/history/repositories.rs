//! Histories of several repositories: whose deployment, which pull request, and which row of an id.

use std::collections::{BTreeMap, BTreeSet};

use super::file::{DeploymentRow, PullRow};
use crate::event::{Deployment, Event, Fact};

/// Numbers of pull requests that another repository has too begin here.
const FIRST_OTHER: u64 = 1_000_000_000;

/// The repositories of a history.
pub(super) struct Repositories {
    /// Deployments are told apart by repository, because nothing else does.
    are_services: bool,
    /// Pull requests whose number another repository has too.
    renumbered: BTreeMap<(String, u64), u64>,
}

impl Repositories {
    pub(super) fn of(deployments: &[DeploymentRow], pulls: &[PullRow]) -> Self {
        let named: BTreeSet<&String> = deployments.iter().filter_map(|d| d.repo.as_ref()).collect();
        let keys: BTreeSet<(u64, Option<&String>)> =
            pulls.iter().map(|p| (p.number, p.repo.as_ref())).collect();
        let mut renumbered = BTreeMap::new();
        let mut last = None;
        for (number, repo) in keys {
            if last == Some(number)
                && let Some(repo) = repo
            {
                let other = FIRST_OTHER + renumbered.len() as u64;
                renumbered.insert((repo.clone(), number), other);
            }
            last = Some(number);
        }
        Self {
            are_services: named.len() > 1 && deployments.iter().all(|d| d.component.is_none()),
            renumbered,
        }
    }

    /// The component of a deployment; its repository, where several have no components.
    pub(super) fn service(
        &self,
        component: Option<String>,
        repo: Option<&String>,
    ) -> Option<String> {
        component.or_else(|| repo.filter(|_| self.are_services).cloned())
    }

    /// The number of a pull request among those of all repositories.
    pub(super) fn number(&self, repo: Option<&String>, number: u64) -> u64 {
        let own = repo.and_then(|repo| self.renumbered.get(&(repo.clone(), number)));
        own.copied().unwrap_or(number)
    }

    pub(super) fn numbers(&self, repo: Option<&String>, numbers: Vec<u64>) -> Vec<u64> {
        numbers.into_iter().map(|n| self.number(repo, n)).collect()
    }

    /// Rows of one id in several environments, repositories or components, of several commits or attempts, are not one
    /// record: each gets an id of its
    /// own, and those of one component are the parts of one deployment.
    pub(super) fn tell_apart(&self, events: &mut [Event]) {
        let mut places: BTreeMap<String, Vec<Place>> = BTreeMap::new();
        for event in &mut *events {
            if let Fact::Deployment(d) = &event.fact {
                let place = place(d);
                let known = places.entry(event.id.clone()).or_default();
                if !known.contains(&place) {
                    known.push(place);
                }
            }
        }
        for event in events {
            let Fact::Deployment(d) = &mut event.fact else {
                continue;
            };
            let Some(known) = places.get(&event.id).filter(|known| known.len() > 1) else {
                continue;
            };
            let place = place(d);
            let at = known.iter().position(|p| *p == place).unwrap_or_default();
            let component = d.service.as_deref().filter(|_| !self.are_services);
            let run = format!("{}/{}", event.id, component.unwrap_or_default());
            d.run.get_or_insert(run);
            if at > 0 {
                event.id = format!("{}#{}", event.id, at + 1);
            }
        }
    }
}

type Place = (
    Option<String>,
    String,
    Option<String>,
    Option<String>,
    Option<u32>,
);

/// What two rows of one id must share to be one record.
fn place(of: &Deployment) -> Place {
    (
        of.service.clone(),
        of.environment.clone(),
        of.repository.clone(),
        of.revision.clone(),
        of.attempt,
    )
}
