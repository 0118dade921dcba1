//! The deployment that this very run belongs to, joined with what GitHub recorded of it.

use crate::adapter::github_run;
use crate::config::Config;
use crate::event::{Deployment, Event, Fact, Instant, Outcome, Source};

/// What the run knows of its own deployment.
#[derive(Debug, Clone)]
pub struct OwnRun<'a> {
    /// Workflow run id.
    pub run: &'a str,
    /// Its attempt.
    pub attempt: Option<u32>,
    /// Result of the deploy job, when the workflow passes it.
    pub status: Option<&'a str>,
    /// Commit deployed.
    pub sha: Option<&'a str>,
    /// Environment, when the workflow names exactly one.
    pub environment: Option<&'a str>,
    /// Environment of a deployment that names none.
    pub production: &'a str,
    /// Component.
    pub service: Option<&'a str>,
    /// The caller's own key.
    pub key: Option<&'a str>,
    /// Node id of the deployment in the event payload.
    pub node: Option<&'a str>,
    /// Now.
    pub now: Instant,
}

/// What was found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Own {
    /// GitHub's record says it all; its id.
    Recorded(String),
    /// GitHub's record is not settled yet, or there is none: this event says what the job reported.
    Reported(Box<Event>),
    /// Several deployments of this commit are under way and nothing says which is ours.
    Ambiguous(usize),
    /// Nothing to record: no deployment, and no `status`.
    Nothing,
}

/// Finds the run's own deployment among the recorded ones.
#[must_use]
pub fn find(own: &OwnRun<'_>, recorded: &[Event], config: &Config) -> Own {
    let candidates = candidates(own, recorded, config);
    let pending: Vec<_> = candidates
        .iter()
        .filter(|(_, d)| d.outcome == Outcome::Pending)
        .collect();
    match (pending.as_slice(), candidates.last()) {
        ([(event, d)], _) => settle(own, event, d),
        ([], Some((event, d))) => named(own, event, d),
        ([], None) => elsewhere(own, recorded).unwrap_or_else(|| report(own)),
        (several, _) => Own::Ambiguous(several.len()),
    }
}

/// The records that may be the run's own; where there are several, nothing says which one is.
#[must_use]
pub fn all<'e>(own: &OwnRun<'_>, recorded: &'e [Event], config: &Config) -> Vec<&'e Event> {
    let found = candidates(own, recorded, config).into_iter();
    found.map(|(event, _)| event).collect()
}

fn candidates<'e>(
    own: &OwnRun<'_>,
    recorded: &'e [Event],
    config: &Config,
) -> Vec<(&'e Event, &'e Deployment)> {
    let ours: Vec<_> = recorded
        .iter()
        .filter_map(|e| Some((e, e.fact.as_deployment()?)))
        .filter(|(event, d)| is_ours(own, event, d, config))
        .collect();
    let by_run: Vec<_> = ours
        .iter()
        .filter(|(_, d)| d.run.as_deref() == Some(own.run))
        .copied()
        .collect();
    if by_run.is_empty() { ours } else { by_run }
}

fn is_ours(own: &OwnRun<'_>, event: &Event, d: &Deployment, config: &Config) -> bool {
    if let Some(node) = own.node {
        return event.id.strip_prefix("dep:") == Some(node);
    }
    let environment = match own.environment {
        Some(name) => d.environment == name,
        None => config.environments.is_production(&d.environment),
    };
    let run = d.run.as_deref().is_none_or(|run| run == own.run);
    let service =
        own.service.is_none() || d.service.is_none() || d.service.as_deref() == own.service;
    // An old deployment of the same commit is not this run's.
    let recent = own.now - event.time < chrono::Duration::hours(24);
    environment && run && service && recent && own.sha.is_some() && d.revision.as_deref() == own.sha
}

/// What this run deployed to an environment that nobody named: GitHub says where, so it is not production.
fn elsewhere(own: &OwnRun<'_>, recorded: &[Event]) -> Option<Own> {
    let ours = recorded.iter().rev().find(|event| {
        let deployment = event.fact.as_deployment();
        own.environment.is_none() && deployment.is_some_and(|d| d.run.as_deref() == Some(own.run))
    });
    ours.map(|event| Own::Recorded(event.id.clone()))
}

/// The job's word on a record that GitHub has not settled.
fn settle(own: &OwnRun<'_>, event: &Event, d: &Deployment) -> Own {
    let Some(status) = own.status else {
        return named(own, event, d);
    };
    let mut settled = d.clone();
    settled.outcome = Outcome::of_status(status);
    settled.finished_at = Some(own.now);
    settled.approximate = true;
    settled.run = settled.run.or_else(|| Some(own.run.to_owned()));
    settled.attempt = settled.attempt.or(own.attempt);
    settled.service = settled.service.or_else(|| own.service.map(str::to_owned));
    Own::Reported(Box::new(Event {
        id: event.id.clone(),
        time: own.now,
        source: event.source,
        updated: own.now,
        fact: Fact::Deployment(settled),
    }))
}

/// GitHub's record, with the service that only the workflow knows.
fn named(own: &OwnRun<'_>, event: &Event, d: &Deployment) -> Own {
    let Some(service) = own.service.filter(|_| d.service.is_none()) else {
        return Own::Recorded(event.id.clone());
    };
    let mut named = d.clone();
    named.service = Some(service.to_owned());
    Own::Reported(Box::new(Event {
        fact: Fact::Deployment(named),
        ..event.clone()
    }))
}

/// The job's word where GitHub has no record.
fn report(own: &OwnRun<'_>) -> Own {
    let Some(status) = own.status else {
        return Own::Nothing;
    };
    let environment = own.environment.unwrap_or(own.production);
    let id = match own.key {
        Some(key) => format!("man:{key}"),
        None => github_run::deployment_id(own.run, environment, own.service),
    };
    Own::Reported(Box::new(Event {
        id,
        time: own.now,
        source: Source::WorkflowRun,
        updated: own.now,
        fact: Fact::Deployment(Deployment {
            service: own.service.map(str::to_owned),
            environment: environment.to_owned(),
            revision: own.sha.map(str::to_owned),
            outcome: Outcome::of_status(status),
            cancelled: Outcome::is_cancelled(status),
            finished_at: Some(own.now),
            approximate: true,
            run: Some(own.run.to_owned()),
            attempt: own.attempt,
            ..Deployment::default()
        }),
    }))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::event::parse_instant;

    fn own(status: Option<&'static str>) -> OwnRun<'static> {
        OwnRun {
            run: "77",
            attempt: Some(1),
            status,
            sha: Some("abc"),
            environment: None,
            production: "production",
            service: None,
            key: None,
            node: None,
            now: parse_instant("2026-03-02T12:00:00Z").unwrap(),
        }
    }

    fn deployment(id: &str, outcome: Outcome, run: Option<&str>) -> Event {
        let Own::Reported(event) = report(&own(Some("success"))) else {
            unreachable!("a status is given")
        };
        let mut event = *event;
        event.id = format!("dep:{id}");
        if let Fact::Deployment(d) = &mut event.fact {
            d.outcome = outcome;
            d.run = run.map(str::to_owned);
        }
        event
    }

    #[test]
    fn a_pending_record_takes_the_job_s_word_and_keeps_its_id() {
        let found = find(
            &own(Some("failure")),
            &[deployment("A", Outcome::Pending, None)],
            &Config::default(),
        );
        let Own::Reported(event) = found else {
            panic!("{found:?}")
        };
        assert_eq!(event.id, "dep:A");
        assert_eq!(
            event.fact.as_deployment().unwrap().outcome,
            Outcome::Failure
        );
    }

    #[test]
    fn without_a_record_the_run_is_the_event_and_without_a_status_there_is_none() {
        let Own::Reported(event) = find(&own(Some("success")), &[], &Config::default()) else {
            panic!("nothing reported")
        };
        assert_eq!(event.id, "run:77/production/");
        assert_eq!(find(&own(None), &[], &Config::default()), Own::Nothing);
    }

    #[test]
    fn among_several_the_run_s_own_is_taken_and_none_is_guessed() {
        let a = deployment("A", Outcome::Pending, None);
        let b = deployment("B", Outcome::Pending, Some("77"));
        let c = deployment("C", Outcome::Pending, Some("78"));
        let all = [a.clone(), b, c];
        let Own::Reported(event) = find(&own(Some("success")), &all, &Config::default()) else {
            panic!("nothing reported")
        };
        assert_eq!(event.id, "dep:B");
        let twins = [a, deployment("D", Outcome::Pending, None)];
        assert_eq!(
            find(&own(Some("success")), &twins, &Config::default()),
            Own::Ambiguous(2)
        );
    }
}
