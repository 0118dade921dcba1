//! Whose numbers: one service, or all of them with the parts of one run counted once (rules U3, RU1).

use std::collections::BTreeMap;

use crate::event::{Calendar, Instant, Window};
use crate::timeline::{Change, DeliveredCommit, Deployment, Timeline};

/// Part of a timeline, with the deployments as they count in it.
#[derive(Debug)]
pub struct Scope<'t> {
    /// All of it.
    pub timeline: &'t Timeline,
    /// The service; `None` for the roll-up.
    pub service: Option<&'t str>,
    /// Deployments and attempts, in order.
    pub units: Vec<Unit>,
}

/// What counts as one deployment here.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unit {
    /// When its last part finished.
    pub at: Instant,
    /// Positions in the timeline.
    pub members: Vec<usize>,
    /// A part took effect.
    pub effective: bool,
    /// It tried and no part took effect.
    pub failed_attempt: bool,
}

/// A window, and how much of it the history covers.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Period {
    /// The window.
    pub window: Window,
    /// Days and weeks.
    pub calendar: Calendar,
    /// Covered part of the window (rule W3); empty when the history begins after it.
    pub covered: Window,
    /// The moment that open things age to.
    pub now: Instant,
}

impl Period {
    /// A window over a history that begins at `since`, or before everything.
    #[must_use]
    pub fn new(window: Window, since: Option<Instant>, calendar: Calendar, now: Instant) -> Self {
        // What lies ahead is not covered.
        let to = window.to.min(now).max(window.from);
        let from = since.map_or(window.from, |s| s.clamp(window.from, to));
        Self {
            window,
            calendar,
            covered: Window { from, to },
            now,
        }
    }

    /// Whether the history covers all of it.
    #[must_use]
    pub fn is_covered(&self) -> bool {
        self.covered == self.window
    }
}

impl<'t> Scope<'t> {
    /// All services; the parts of one run are one deployment.
    #[must_use]
    pub fn overall(timeline: &'t Timeline) -> Self {
        let mut runs: BTreeMap<&str, Vec<usize>> = BTreeMap::new();
        for (at, deployment) in timeline.deployments.iter().enumerate() {
            let key = deployment.run.as_deref().unwrap_or(&deployment.id);
            runs.entry(key).or_default().push(at);
        }
        Self::new(timeline, None, runs.into_values())
    }

    /// One service.
    #[must_use]
    pub fn of_service(timeline: &'t Timeline, service: &'t str) -> Self {
        let own = (0..timeline.deployments.len())
            .filter(|at| timeline.deployments[*at].service.as_deref() == Some(service));
        Self::new(timeline, Some(service), own.map(|at| vec![at]))
    }

    fn new(
        timeline: &'t Timeline,
        service: Option<&'t str>,
        groups: impl Iterator<Item = Vec<usize>>,
    ) -> Self {
        let mut units: Vec<Unit> = groups
            .filter_map(|members| {
                let of = |at: &usize| &timeline.deployments[*at];
                let effective = members.iter().any(|at| of(at).is_effective());
                let decisive = |d: &&Deployment| !effective || d.is_effective();
                let at = members
                    .iter()
                    .map(of)
                    .filter(decisive)
                    .map(|d| d.finished_at)
                    .max()?;
                Some(Unit {
                    at,
                    effective,
                    failed_attempt: !effective && members.iter().any(|m| of(m).is_failed_attempt()),
                    members,
                })
            })
            .collect();
        units.sort_by(|a, b| (a.at, &a.members).cmp(&(b.at, &b.members)));
        Self {
            timeline,
            service,
            units,
        }
    }

    /// Units that took effect in the window.
    pub fn effective_in(&self, window: Window) -> impl Iterator<Item = &Unit> {
        self.units
            .iter()
            .filter(move |u| u.effective && window.contains(u.at))
    }

    /// The effective deployments of a unit.
    pub fn deployments<'a>(&'a self, unit: &'a Unit) -> impl Iterator<Item = &'t Deployment> + 'a {
        let timeline = self.timeline;
        unit.members
            .iter()
            .map(move |at| &timeline.deployments[*at])
    }

    /// Changes, each at its first delivery.
    pub fn changes(&self) -> impl Iterator<Item = &'t Change> {
        let timeline = self.timeline;
        let own = self.service.map(|name| timeline.changes_of(name));
        let single = own.is_some();
        own.unwrap_or(&timeline.changes)
            .iter()
            .filter(move |change| single || change.first)
    }

    /// Commits, each at its first delivery.
    pub fn commits(&self) -> impl Iterator<Item = &'t DeliveredCommit> {
        let timeline = self.timeline;
        let own = self.service.map(|name| timeline.commits_of(name));
        let single = own.is_some();
        own.unwrap_or(&timeline.commits)
            .iter()
            .filter(move |commit| single || commit.first)
    }

    /// Whether a service's things belong here.
    #[must_use]
    pub fn includes(&self, service: Option<&str>) -> bool {
        self.service.is_none() || self.service == service
    }
}
