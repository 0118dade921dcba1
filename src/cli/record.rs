//! `fivekeys deploy` and `fivekeys incident`: what only people know, in the folder ledger.

use std::fmt::Write as _;

use super::args::{DeployArgs, IncidentCommand, IncidentOpenArgs, IncidentResolveArgs};
use super::failure::plain;
use super::workspace::folder_ledger;
use super::{Exit, Failure, question, workspace};
use crate::event::{
    Cause, Correction, Deployment, Event, Events, Fact, Incident, Instant, Outcome, Source,
    causes_in, digest, parse_instant,
};
use crate::host::Host;
use crate::host::git::Git;

/// Records or corrects a deployment.
pub(super) fn deploy(host: &Host, args: &DeployArgs) -> Result<Exit, Failure> {
    if let Some(amended) = &args.amend {
        return amend(host, args, amended);
    }
    let given = args.id.as_deref().map(id_of_key).transpose()?;
    let (_, ledger, _) = folder_ledger(host)?;
    let known = given
        .as_ref()
        .and_then(|id| ledger.events.get("deployment", id)?.fact.as_deployment());
    // The same key again is the same deployment: what is not said anew stays.
    let said = known.and_then(|d| d.finished_at).unwrap_or(host.now);
    let at = instant("--at", args.at.as_deref())?.unwrap_or(said);
    let started =
        instant("--started", args.started.as_deref())?.or(known.and_then(|d| d.started_at));
    if started.is_some_and(|from| from > at) {
        return Err(Failure::usage("it began after it finished", None));
    }
    let revision = match &args.sha {
        Some(sha) => Some(full_revision(host, sha)),
        None => known.and_then(|d| d.revision.clone()).or_else(|| {
            let git = Git::open(&host.folder).ok()?;
            git.commit("HEAD").ok().flatten()
        }),
    };
    let id = given.clone().unwrap_or_else(|| {
        hashed(&[
            "deployment",
            &args.environment,
            args.service.as_deref().unwrap_or(""),
            revision.as_deref().unwrap_or(""),
            &at.to_rfc3339(),
        ])
    });
    let deployment = Deployment {
        service: args
            .service
            .clone()
            .or_else(|| known.and_then(|d| d.service.clone())),
        environment: args.environment.clone(),
        revision,
        outcome: Outcome::of_status(&args.status),
        cancelled: Outcome::is_cancelled(&args.status),
        started_at: started,
        finished_at: Some(at),
        labels: match known {
            Some(known) if args.labels.is_empty() => known.labels.clone(),
            _ => args.labels.clone(),
        },
        ..Deployment::default()
    };
    if known == Some(&deployment) {
        return already(host, &id);
    }
    let said = recorded(&deployment, at);
    let done = store(host, manual(id, at, host.now, Fact::Deployment(deployment)))?;
    host.say(&said);
    Ok(done)
}

/// What stands in the ledger now: most of it may not have been typed.
fn recorded(deployment: &Deployment, at: Instant) -> String {
    let revision = deployment.revision.as_deref().unwrap_or("no revision");
    let revision: String = plain(revision).chars().take(12).collect();
    let service = match &deployment.service {
        Some(service) => format!(" of {}", plain(service)),
        None => String::new(),
    };
    format!(
        "recorded: {revision}{service} to {}, {}, {}",
        plain(&deployment.environment),
        match deployment.outcome {
            Outcome::Success => "it took effect",
            Outcome::Failure => "it failed",
            Outcome::Pending => "it has not ended",
            Outcome::Ignored => "it does not count",
        },
        at.format("%Y-%m-%d %H:%M UTC")
    )
}

fn amend(host: &Host, args: &DeployArgs, amended: &str) -> Result<Exit, Failure> {
    if !args.failed && !args.not_failed {
        return Err(Failure::usage(
            "`--amend` needs a verdict",
            Some("add --failed or --not-failed".to_owned()),
        ));
    }
    let (_, ledger, _) = folder_ledger(host)?;
    let amended = known_deployment(&ledger.events, amended)?;
    let fixed_by = args.fixed_by.as_deref();
    let fixed_by = fixed_by
        .map(|id| known_deployment(&ledger.events, id))
        .transpose()?;
    let verdict = if args.failed { "failed" } else { "fine" };
    let id = hashed(&["correction", &amended, verdict, &host.now.to_rfc3339()]);
    store(
        host,
        manual(
            id,
            host.now,
            host.now,
            Fact::DeploymentCorrected(Correction {
                deployment: amended,
                pull: None,
                failed: args.failed,
                fixed_by,
            }),
        ),
    )
}

/// A deployment's id, given in full or as the key it was recorded with.
fn known_deployment(events: &Events, id: &str) -> Result<String, Failure> {
    let by_key = format!("man:{id}");
    for known in [id, &by_key] {
        if events.get("deployment", known).is_some() {
            return Ok(known.to_owned());
        }
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
    let given = args.id.as_deref().map(id_of_key).transpose()?;
    let (_, ledger, _) = folder_ledger(host)?;
    let known = given
        .as_ref()
        .and_then(|id| ledger.events.get("incident", id)?.fact.as_incident());
    // The same key again is the same incident: an alarm that repeats itself opens nothing anew.
    let said = known.map_or(host.now, |i| i.opened_at);
    let at = instant("--at", args.at.as_deref())?.unwrap_or(said);
    let title = args.title.as_deref().unwrap_or("");
    let id = given.clone().unwrap_or_else(|| {
        hashed(&[
            "incident",
            title,
            args.service.as_deref().unwrap_or(""),
            &at.to_rfc3339(),
        ])
    });
    let causes: Vec<Cause> = args
        .caused_by
        .iter()
        .map(|c| cause(host, &ledger.events, c))
        .collect();
    let incident = Incident {
        opened_at: at,
        resolved_at: known.and_then(|i| i.resolved_at),
        service: args
            .service
            .clone()
            .or_else(|| known.and_then(|i| i.service.clone())),
        causes: match known {
            Some(known) if causes.is_empty() => known.causes.clone(),
            _ => causes,
        },
        fixed_by: known.and_then(|i| i.fixed_by.clone()),
        title: args
            .title
            .clone()
            .or_else(|| known.and_then(|i| i.title.clone())),
    };
    if known == Some(&incident) {
        return already(host, &id);
    }
    store(host, manual(id, at, host.now, Fact::Incident(incident)))
}

fn resolve(host: &Host, args: &IncidentResolveArgs) -> Result<Exit, Failure> {
    let at = instant("--at", args.at.as_deref())?.unwrap_or(host.now);
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
    if let Some(id) = &args.fixed_by {
        incident.fixed_by = Some(known_deployment(&ledger.events, id)?);
    }
    let event = Event {
        // Later than what it resolves, even where both fall on one tick of the clock.
        updated: host
            .now
            .max(event.updated + chrono::Duration::milliseconds(1)),
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
        let title = tame(incident.title.as_deref().unwrap_or(""));
        let id = tame(&event.id);
        let opened = incident.opened_at.format("%Y-%m-%d %H:%M");
        let _ = writeln!(text, "{id}  opened {opened}  {state}  {title}");
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
        host.print(&format!("{id}\n"))?;
        return Ok(Exit::Fine);
    }
    already(host, &id)
}

fn already(host: &Host, id: &str) -> Result<Exit, Failure> {
    host.say("already recorded");
    host.print(&format!("{id}\n"))?;
    Ok(Exit::Fine)
}

/// The id that a key of one's own stands for. It is printed for scripts as it is, so it must be printable.
fn id_of_key(key: &str) -> Result<String, Failure> {
    if key.trim().is_empty() || key.chars().any(hides) || key.contains("##[") {
        return Err(Failure::usage(
            format!("`{}` cannot be a key", key.escape_debug()),
            Some("use letters, digits and marks such as build-812".to_owned()),
        ));
    }
    Ok(format!("man:{key}"))
}

/// Text from outside in a line of ours.
fn tame(text: &str) -> String {
    let text: String = text.chars().filter(|c| !hides(*c)).collect();
    text.replace("##[", "## [")
}

/// Characters that a terminal obeys, or that reorder what is read.
fn hides(c: char) -> bool {
    c.is_control()
        || matches!(c, '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}')
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

fn instant(flag: &'static str, text: Option<&str>) -> Result<Option<Instant>, Failure> {
    text.map(parse_instant)
        .transpose()
        .map_err(question::of_flag(flag))
}

/// A full object id where the clone knows it; else as written, which may be a version.
fn full_revision(host: &Host, sha: &str) -> String {
    Git::open(&host.folder)
        .ok()
        .and_then(|git| git.commit(sha).ok().flatten())
        .unwrap_or_else(|| sha.to_owned())
}

fn cause(host: &Host, events: &Events, text: &str) -> Cause {
    if let Ok(id) = known_deployment(events, text) {
        return Cause::Deployment(id);
    }
    match causes_in(&format!("caused-by: {text}")).into_iter().next() {
        Some(Cause::Commit(sha)) => Cause::Commit(full_revision(host, &sha)),
        Some(found @ Cause::Pull(_)) => found,
        Some(Cause::Deployment(_)) | None => {
            // It may be known elsewhere: kept, and said.
            host.say(&format!(
                "note: no deployment `{}` is known here; the cause is kept as written",
                super::failure::plain(text.escape_debug())
            ));
            Cause::Deployment(text.to_owned())
        }
    }
}

/// Ids of events that no system names: the same facts are the same event.
fn hashed(parts: &[&str]) -> String {
    format!("man:{}", digest(parts.join("|").as_bytes(), 8))
}
