//! CDEvents 0.5.1, an event a line: what the window's deployments, incidents and changes are in that vocabulary.
//!
//! It has no word for a deployment that took no effect, so attempts are left out. Ids come from ids, so sending twice
//! changes nothing.

use serde_json::{Map, Value, json};

use super::{RenderError, Style, escape};
use crate::event::{Instant, digest};
use crate::report::v1::{Change, Deployment, Incident, Report};

const SPEC: &str = "0.5.1";

/// `report --format cdevents`.
pub(crate) fn render(report: &Report, _: &Style) -> Result<String, RenderError> {
    let mut events: Vec<(Instant, Value)> = Vec::new();
    let changes = report.changes.iter().filter_map(|c| merged(report, c));
    let deployments = report
        .deployments
        .iter()
        .filter_map(|d| took_effect(report, d));
    events.extend(changes);
    events.extend(deployments);
    for incident in &report.incidents {
        events.push((
            incident.opened_at,
            incident_event(report, incident, "detected", incident.opened_at),
        ));
        if let Some(at) = incident.resolved_at {
            events.push((at, incident_event(report, incident, "resolved", at)));
        }
    }
    // The report also tells of earlier deployments and incidents; each event belongs to one window.
    events.retain(|(at, _)| report.window.from <= *at && *at < report.window.to);
    events.sort_by_cached_key(|(at, event)| (*at, event["context"]["id"].to_string()));
    let mut out = String::new();
    for (_, event) in &events {
        out.push_str(&escape::json(&serde_json::to_string(event)?));
        out.push('\n');
    }
    Ok(out)
}

fn merged(report: &Report, change: &Change) -> Option<(Instant, Value)> {
    let at = change.merged_at?;
    let mut content = Map::new();
    if let Some(repository) = named(report.repository.as_deref()) {
        content.insert("repository".into(), json!({ "id": repository }));
    }
    let head = head(report, "change.merged", &change.id, at);
    Some((at, event(head, &change.id, content, Map::new())))
}

fn took_effect(report: &Report, deployment: &Deployment) -> Option<(Instant, Value)> {
    let at = deployment
        .finished_at
        .filter(|_| deployment.outcome == "success")?;
    let what = if deployment.rollback.as_ref().is_some_and(|r| !r.race) {
        "service.rolledback"
    } else if deployment.previous.is_some() && !deployment.redeploy {
        "service.upgraded"
    } else {
        "service.deployed"
    };
    let mut content = Map::new();
    content.insert(
        "environment".into(),
        json!({ "id": environment(deployment) }),
    );
    content.insert("artifactId".into(), json!(artifact(report, deployment)));
    let mut data = Map::new();
    data.insert("deployment".into(), json!(deployment.id));
    if let Some(revision) = &deployment.revision {
        let is_sha = revision.len() >= 7 && revision.bytes().all(|b| b.is_ascii_hexdigit());
        let key = if is_sha { "sha" } else { "version" };
        data.insert(key.into(), json!(revision));
    }
    if let Some(url) = deployment.url.as_deref().and_then(escape::address) {
        data.insert("url".into(), json!(url));
    }
    // One id whatever it is called, so that incidents can point to it.
    let head = head(report, what, &deployment.id, at);
    let subject = service(report, deployment.service.as_deref());
    Some((at, event(head, subject, content, data)))
}

fn incident_event(report: &Report, incident: &Incident, what: &str, at: Instant) -> Value {
    let deployment = |id: &Option<String>| {
        report
            .deployments
            .iter()
            .find(|d| Some(d.id.as_str()) == id.as_deref())
    };
    let blamed = deployment(&incident.deployment);
    let mut content = Map::new();
    // Only production is measured, so an incident that nothing explains is production's.
    let place = blamed.map_or("production", environment);
    content.insert("environment".into(), json!({ "id": place }));
    if let Some(name) = named(incident.service.as_deref()) {
        content.insert("service".into(), json!({ "id": name }));
    }
    if let Some(blamed) = blamed {
        content.insert("artifactId".into(), json!(artifact(report, blamed)));
    }
    let mut head = head(report, &format!("incident.{what}"), &incident.id, at);
    let link = match what {
        "resolved" => ("FIX", deployment(&incident.fixed_by)),
        _ => ("CAUSE", blamed),
    };
    if let (kind, Some(target)) = link {
        head["links"] = json!([{
            "linkType": "RELATION",
            "linkKind": kind,
            "target": { "contextId": uuid("service", &target.id) },
        }]);
    }
    let mut data = Map::new();
    if let Some(how) = &incident.attributed_by {
        data.insert("attributedBy".into(), json!(how));
    }
    event(head, &incident.id, content, data)
}

/// The context of an event.
fn head(report: &Report, what: &str, id: &str, at: Instant) -> Value {
    let (subject, predicate) = what.split_once('.').unwrap_or((what, ""));
    // A service's event keeps its id when it is judged anew: deployed, upgraded, rolled back.
    let key = if subject == "service" { subject } else { what };
    json!({
        "specversion": SPEC,
        "id": uuid(key, id),
        "source": source(report),
        "type": format!("dev.cdevents.{subject}.{predicate}.0.3.0"),
        "timestamp": at.to_rfc3339_opts(chrono::SecondsFormat::AutoSi, true),
    })
}

fn event(
    head: Value,
    subject: &str,
    content: Map<String, Value>,
    data: Map<String, Value>,
) -> Value {
    let mut about = Map::new();
    about.insert(
        "id".into(),
        json!(named(Some(subject)).unwrap_or("unnamed")),
    );
    about.insert("content".into(), Value::Object(content));
    let mut event = Map::new();
    event.insert("context".into(), head);
    event.insert("subject".into(), Value::Object(about));
    if !data.is_empty() {
        event.insert("customData".into(), Value::Object(data));
        event.insert("customDataContentType".into(), json!("application/json"));
    }
    Value::Object(event)
}

/// Version 8 of RFC 9562: a UUID with meaning of our own, here a digest.
fn uuid(kind: &str, id: &str) -> String {
    let hex = digest(format!("fivekeys\n{kind}\n{id}").as_bytes(), 16);
    let part = |from: usize, to: usize| hex.get(from..to).unwrap_or_default();
    format!(
        "{}-{}-8{}-8{}-{}",
        part(0, 8),
        part(8, 12),
        part(13, 16),
        part(17, 20),
        part(20, 32)
    )
}

fn source(report: &Report) -> String {
    match named(report.repository.as_deref()) {
        Some(repository) => format!("/fivekeys/{}", path(repository)),
        None => "/fivekeys".to_owned(),
    }
}

fn service<'a>(report: &'a Report, name: Option<&'a str>) -> &'a str {
    named(name)
        .or(named(report.repository.as_deref()))
        .unwrap_or("service")
}

fn environment(deployment: &Deployment) -> &str {
    named(Some(&deployment.environment)).unwrap_or("production")
}

/// A package URL: the repository at the revision that was deployed.
fn artifact(report: &Report, deployment: &Deployment) -> String {
    let repository = report.repository.as_deref().unwrap_or_default();
    let package = match repository.split_once('/') {
        // The type's rule: owner and name of GitHub are lower case.
        Some((owner, name)) if !owner.is_empty() && !name.is_empty() && !name.contains('/') => {
            let (owner, name) = (owner.to_lowercase(), name.to_lowercase());
            format!("pkg:github/{}/{}", segment(&owner), segment(&name))
        }
        _ => {
            let name = service(report, deployment.service.as_deref());
            format!("pkg:generic/{}", segment(name))
        }
    };
    match named(deployment.revision.as_deref()) {
        Some(revision) => format!("{package}@{}", segment(revision)),
        None => package,
    }
}

fn named(text: Option<&str>) -> Option<&str> {
    text.filter(|t| !t.is_empty())
}

/// Segments of a path, each encoded.
fn path(text: &str) -> String {
    let parts: Vec<String> = text.split('/').map(segment).collect();
    parts.join("/")
}

/// Percent-encodes everything but RFC 3986's unreserved characters.
fn segment(text: &str) -> String {
    use std::fmt::Write as _;
    let mut out = String::with_capacity(text.len());
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
            out.push(char::from(byte));
        } else {
            // Writing to a string cannot fail.
            let _ = write!(out, "%{byte:02X}");
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::render::fixture;
    use crate::report::v1::Rollback;

    fn read(report: &Report) -> Vec<Value> {
        let text = render(report, &Style::default()).unwrap();
        text.lines()
            .map(|line| serde_json::from_str(line).unwrap())
            .collect()
    }

    fn kinds(events: &[Value], kind: &str) -> usize {
        let name = format!("dev.cdevents.{kind}.0.3.0");
        events
            .iter()
            .filter(|e| e["context"]["type"] == name.as_str())
            .count()
    }

    #[test]
    fn facts_become_events_and_attempts_do_not() {
        let mut report = fixture::shop();
        let previous = report.deployments[0].id.clone();
        for deployment in &mut report.deployments[1..] {
            deployment.previous = Some(previous.clone());
        }
        report.deployments[8].rollback = Some(Rollback {
            target: previous.clone(),
            failed: previous,
            race: false,
        });
        let events = read(&report);
        assert_eq!(kinds(&events, "service.deployed"), 1);
        assert_eq!(kinds(&events, "service.rolledback"), 1);
        assert_eq!(kinds(&events, "service.upgraded"), 23, "one attempt failed");
        assert_eq!(kinds(&events, "incident.detected"), 1);
        assert_eq!(kinds(&events, "incident.resolved"), 1);
        assert_eq!(kinds(&events, "change.merged"), report.changes.len());
        let detected = events
            .iter()
            .find(|e| e["context"]["links"].is_array())
            .unwrap();
        let cause = &detected["context"]["links"][0]["target"]["contextId"];
        let caused = events
            .iter()
            .find(|e| e["context"]["id"] == *cause)
            .unwrap();
        assert_eq!(caused["customData"]["deployment"], "run:7/production/shop");
        assert_eq!(
            caused["subject"]["content"]["artifactId"],
            detected["subject"]["content"]["artifactId"]
        );
        let times: Vec<&str> = events
            .iter()
            .map(|e| e["context"]["timestamp"].as_str().unwrap())
            .collect();
        assert!(times.is_sorted());
    }

    #[test]
    fn ids_are_unique_and_stay_when_a_verdict_changes() {
        let report = fixture::shop();
        let ids = |report: &Report| -> Vec<String> {
            let events = read(report);
            events
                .iter()
                .map(|e| e["context"]["id"].to_string())
                .collect()
        };
        let mut before = ids(&report);
        let mut judged = report.clone();
        for deployment in &mut judged.deployments {
            deployment.redeploy = true;
        }
        assert_eq!(ids(&judged), before);
        let all = before.len();
        before.sort_unstable();
        before.dedup();
        assert_eq!(before.len(), all);
    }

    #[test]
    fn nothing_is_no_line_and_other_windows_are_not_told() {
        assert_eq!(render(&fixture::empty(), &Style::default()).unwrap(), "");
        let mut report = fixture::shop();
        report.window.to = report.window.from;
        assert_eq!(render(&report, &Style::default()).unwrap(), "");
    }

    #[test]
    fn hostile_names_stay_inside_their_strings() {
        let report = fixture::hostile();
        for event in read(&report) {
            let source = event["context"]["source"].as_str().unwrap();
            assert!(
                source.is_ascii() && !source.contains([' ', '<', '"']),
                "{source}"
            );
            if let Some(artifact) = event["subject"]["content"]["artifactId"].as_str() {
                assert!(artifact.starts_with("pkg:") && artifact.is_ascii());
                assert_eq!(artifact.matches('@').count(), 1, "{artifact}");
            }
        }
    }
}
