//! `fivekeys deploy` and `fivekeys incident`: what only people know, in the folder ledger.

use std::fmt::Write as _;

use sha2::{Digest, Sha256};

use super::args::{DeployArgs, IncidentCommand, IncidentOpenArgs, IncidentResolveArgs};
use super::workspace::folder_ledger;
use super::{Exit, Failure, workspace};
use crate::event::{
    Cause, Correction, Deployment, Event, Events, Fact, Incident, Instant, Outcome, Source,
    causes_in, parse_instant,
};
use crate::host::Host;
use crate::host::git::Git;

/// Records or corrects a deployment.
pub(super) fn deploy(host: &Host, args: &DeployArgs) -> Result<Exit, Failure> {
    if let Some(amended) = &args.amend {
        return amend(host, args, amended);
    }
    let at = instant(args.at.as_deref(), host.now)?;
    let started = args.started.as_deref().map(parse_instant).transpose()?;
    if started.is_some_and(|from| from > at) {
        return Err(Failure::usage("it began after it finished", None));
    }
    let revision = match &args.sha {
        Some(sha) => Some(full_revision(host, sha)),
        None => Git::open(&host.folder)
            .ok()
            .and_then(|git| git.commit("HEAD").ok().flatten()),
    };
    let id = args.id.as_ref().map_or_else(
        || {
            hashed(&[
                "deployment",
                &args.environment,
                args.service.as_deref().unwrap_or(""),
                revision.as_deref().unwrap_or(""),
                &at.to_rfc3339(),
            ])
        },
        |key| format!("man:{key}"),
    );
    let event = manual(
        id,
        at,
        host.now,
        Fact::Deployment(Deployment {
            service: args.service.clone(),
            environment: args.environment.clone(),
            revision,
            outcome: Outcome::of_status(&args.status),
            started_at: started,
            finished_at: Some(at),
            approximate: false,
            run: None,
            repository: None,
            attempt: None,
            production: None,
            transient: false,
            labels: args.labels.clone(),
            changes: None,
            pulls: Vec::new(),
            url: None,
        }),
    );
    store(host, event)
}

fn amend(host: &Host, args: &DeployArgs, amended: &str) -> Result<Exit, Failure> {
    if !args.failed && !args.not_failed {
        return Err(Failure::usage(
            "`--amend` needs a verdict",
            Some("add --failed or --not-failed".to_owned()),
        ));
    }
    let (_, ledger, _) = folder_ledger(host)?;
    for id in std::iter::once(amended).chain(args.fixed_by.as_deref()) {
        known_deployment(&ledger.events, id)?;
    }
    let verdict = if args.failed { "failed" } else { "fine" };
    let id = hashed(&["correction", amended, verdict, &host.now.to_rfc3339()]);
    store(
        host,
        manual(
            id,
            host.now,
            host.now,
            Fact::DeploymentCorrected(Correction {
                deployment: amended.to_owned(),
                failed: args.failed,
                fixed_by: args.fixed_by.clone(),
            }),
        ),
    )
}

fn known_deployment(events: &Events, id: &str) -> Result<(), Failure> {
    if events.get("deployment", id).is_some() {
        return Ok(());
    }
    let mut latest: Vec<&Event> = events
        .iter()
        .filter(|e| e.fact.as_deployment().is_some())
        .collect();
    latest.sort_by_key(|e| std::cmp::Reverse(e.time));
    let ids: Vec<&str> = latest.iter().take(3).map(|e| e.id.as_str()).collect();
    let help = if ids.is_empty() {
        "there is none yet; `fivekeys report` reads them from git".to_owned()
    } else {
        format!("the latest are {}", ids.join(", "))
    };
    Err(Failure::usage(
        format!("there is no deployment `{id}`"),
        Some(help),
    ))
}

/// Opens, resolves or lists incidents.
pub(super) fn incident(host: &Host, command: &IncidentCommand) -> Result<Exit, Failure> {
    match command {
        IncidentCommand::Open(args) => open(host, args),
        IncidentCommand::Resolve(args) => resolve(host, args),
        IncidentCommand::List => list(host),
    }
}

fn open(host: &Host, args: &IncidentOpenArgs) -> Result<Exit, Failure> {
    let at = instant(args.at.as_deref(), host.now)?;
    let title = args.title.as_deref().unwrap_or("");
    let id = args.id.as_ref().map_or_else(
        || {
            hashed(&[
                "incident",
                title,
                args.service.as_deref().unwrap_or(""),
                &at.to_rfc3339(),
            ])
        },
        |key| format!("man:{key}"),
    );
    let causes = args.caused_by.iter().map(|c| cause(host, c)).collect();
    store(
        host,
        manual(
            id,
            at,
            host.now,
            Fact::Incident(Incident {
                opened_at: at,
                resolved_at: None,
                service: args.service.clone(),
                causes,
                fixed_by: None,
                title: args.title.clone(),
            }),
        ),
    )
}

fn resolve(host: &Host, args: &IncidentResolveArgs) -> Result<Exit, Failure> {
    let at = instant(args.at.as_deref(), host.now)?;
    let (_, ledger, _) = folder_ledger(host)?;
    let known = ledger
        .events
        .get("incident", &args.id)
        .or_else(|| ledger.events.get("incident", &format!("man:{}", args.id)));
    let Some((event, incident)) = known.and_then(|e| Some((e, e.fact.as_incident()?))) else {
        return Err(Failure::usage(
            format!("there is no incident `{}`", args.id),
            Some("`fivekeys incident list` shows them".to_owned()),
        ));
    };
    if at < incident.opened_at {
        return Err(Failure::usage("it was resolved before it was opened", None));
    }
    let mut incident = incident.clone();
    incident.resolved_at = Some(at);
    incident.fixed_by = args.fixed_by.clone().or(incident.fixed_by);
    let event = Event {
        updated: host.now,
        fact: Fact::Incident(incident),
        ..event.clone()
    };
    store(host, event)
}

fn list(host: &Host) -> Result<Exit, Failure> {
    let (_, ledger, _) = folder_ledger(host)?;
    let mut rows: Vec<(&Event, &Incident)> = ledger
        .events
        .iter()
        .filter_map(|e| Some((e, e.fact.as_incident()?)))
        .collect();
    rows.sort_by_key(|(e, i)| (std::cmp::Reverse(i.opened_at), e.id.clone()));
    let mut text = String::new();
    for (event, incident) in &rows {
        let state = incident.resolved_at.map_or_else(
            || "open".to_owned(),
            |at| format!("resolved {}", at.format("%Y-%m-%d %H:%M")),
        );
        let title: String = incident
            .title
            .as_deref()
            .unwrap_or("")
            .chars()
            .filter(|c| !c.is_control())
            .collect();
        let opened = incident.opened_at.format("%Y-%m-%d %H:%M");
        let _ = writeln!(text, "{}  opened {opened}  {state}  {title}", event.id);
    }
    if rows.is_empty() {
        host.say("no incidents are recorded; `fivekeys incident open` records one");
    }
    host.print(&text)?;
    Ok(Exit::Fine)
}

/// Takes one event in; says the same thing when it is known already.
fn store(host: &Host, event: Event) -> Result<Exit, Failure> {
    let (folder, _, _) = folder_ledger(host)?;
    let _lock = folder.lock()?;
    // Read again under the lock: another writer may have been faster.
    let mut ledger = folder.load()?;
    if !ledger.is_writable() {
        let note = workspace::unreadable(&ledger);
        return Err(Failure::usage(note.says, note.help));
    }
    let id = event.id.clone();
    if let Some(plan) = ledger.append(&[event], host.now.date_naive()) {
        folder.save(&plan)?;
    } else {
        host.say("already recorded");
    }
    host.print(&format!("{id}\n"))?;
    Ok(Exit::Fine)
}

fn manual(id: String, time: Instant, updated: Instant, fact: Fact) -> Event {
    Event {
        id,
        time,
        source: Source::Manual,
        updated,
        fact,
    }
}

fn instant(text: Option<&str>, now: Instant) -> Result<Instant, Failure> {
    Ok(text.map(parse_instant).transpose()?.unwrap_or(now))
}

/// A full object id where the clone knows it; else as written, which may be a version.
fn full_revision(host: &Host, sha: &str) -> String {
    Git::open(&host.folder)
        .ok()
        .and_then(|git| git.commit(sha).ok().flatten())
        .unwrap_or_else(|| sha.to_owned())
}

fn cause(host: &Host, text: &str) -> Cause {
    match causes_in(&format!("caused-by: {text}")).into_iter().next() {
        Some(Cause::Commit(sha)) => Cause::Commit(full_revision(host, &sha)),
        Some(found) => found,
        None => Cause::Deployment(text.to_owned()),
    }
}

/// Ids of events that no system names: the same facts are the same event.
fn hashed(parts: &[&str]) -> String {
    let digest = Sha256::digest(parts.join("|").as_bytes());
    digest[..8].iter().fold("man:".to_owned(), |mut out, byte| {
        let _ = write!(out, "{byte:02x}");
        out
    })
}
