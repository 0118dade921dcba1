//! What is remembered and published: files of the ledger, events on their way through the core, documents.

use std::collections::BTreeMap;

use chrono::NaiveDate;

use crate::config::{self, Config};
use crate::event::{Event, Events, Instant, Window};
use crate::ledger::{Ledger, Line, META, day_path, repair};
use crate::render::{self, DIGESTS, FORMATS, RunFacts, Style, Templates};
use crate::report::v1::Report;
use crate::report::{Ask, build};

/// A promise on everything, and a rule of every kind.
const CONFIG: &str = "
timezone: America/Santiago
services: {api: {paths: ['api/**']}, web: {environments: [prod-web]}}
hotfix: {labels: [hotfix], tags: hotfix}
failure: {failed_attempts: count, incident_horizon: unlimited}
targets:
  - deployment_frequency >= 1/day
  - services.api.deployment_frequency > 1/week by 1970-02-01
  - change_lead_time.p90 <= 1d by 2199-12-31
  - merge_to_deploy <= 2h by 1970-01-20
  - mttr <= 12h
  - cfr <= 20%
  - services.web.rework < 10%
guardrails: [cfr must not rise while df rises]
";

fn day() -> NaiveDate {
    Instant::UNIX_EPOCH.date_naive()
}

/// The same text as a shard of a day, and as bookkeeping.
pub(super) fn ledger(bytes: &[u8]) {
    let text = String::from_utf8_lossy(bytes).into_owned();
    let shard = day_path(day());
    for name in [META, shard.as_str()] {
        let files = BTreeMap::from([(name.to_owned(), text.clone())]);
        let Ok(mut ledger) = Ledger::read(&files, None) else {
            continue;
        };
        for broken in &ledger.unreadable {
            super::tame(&crate::cli::surface::plain(broken));
        }
        let events: Vec<Event> = ledger.events.iter().cloned().collect();
        for event in &events {
            let read = Line::read(&Line::of(event).raw).map(|line| line.event);
            assert_eq!(read, Ok(Some(event.clone())));
        }
        let whole = ledger.without(day(), |_| false);
        let again = Ledger::read(&whole.writes, None).unwrap_or_default();
        assert_eq!(
            again.events.iter().collect::<Vec<_>>(),
            events.iter().collect::<Vec<_>>()
        );
        assert!(again.is_writable());
        assert_eq!(
            ledger.append(&events, day()),
            None,
            "what is known is not written"
        );
        mended(&files);
    }
}

/// After a repair everything can be read, and nothing is lost.
fn mended(files: &BTreeMap<String, String>) {
    if let Ok(Some(repair)) = repair(files, day()) {
        let mut files = files.clone();
        let plan = repair.finish();
        files.extend(plan.writes);
        files.retain(|path, _| !plan.deletes.contains(path));
        let again = Ledger::read(&files, None).unwrap_or_default();
        assert!(again.is_writable(), "{:?}", again.unreadable);
    }
}

/// Lines of the ledger, measured over all their time, and over the last 90 days by the defaults.
pub(super) fn events(bytes: &[u8]) {
    let text = String::from_utf8_lossy(bytes);
    let read: Vec<Event> = text
        .lines()
        .filter_map(|l| Line::read(l).ok()?.event)
        .collect();
    let mut events: Events = read.iter().cloned().collect();
    let backwards: Events = read.into_iter().rev().collect();
    assert_eq!(events, backwards, "the order of arrival does not matter");
    let times = || events.iter().map(|event| event.time);
    let (first, last) = (times().min(), times().max());
    let (Some(first), Some(last)) = (first, last) else {
        return;
    };
    let commit = |event: &Event| Some(event.fact.as_commit()?.sha.clone());
    let head = events.iter().find_map(commit);
    events.head = head;
    events.history_since = Some(first);
    let after = last
        .checked_add_signed(chrono::Duration::hours(1))
        .unwrap_or(last);
    let ours = config::parse(CONFIG).unwrap_or_default();
    assert!(ours.targets.len() == 7);
    for (config, window) in [
        (
            &ours,
            Window {
                from: first,
                to: after,
            },
        ),
        (&Config::default(), Window::last_days(after, 90)),
    ] {
        let ask = Ask {
            window,
            now: after,
            repository: Some("acme/shop".to_owned()),
            notes: Vec::new(),
        };
        let report = build(&events, config, &ask);
        let written = serde_json::to_string(&report).unwrap_or_default();
        let again = serde_json::to_string(&build(&events, config, &ask)).unwrap_or_default();
        assert_eq!(written, again, "the same question has the same answer");
        let read = serde_json::from_str::<Report>(&written);
        assert_eq!(read.ok().as_ref(), Some(&report), "{written}");
        rendered(&report);
    }
}

/// A document that somebody else wrote, or changed.
pub(super) fn report(bytes: &[u8]) {
    if let Some(report) = crate::cli::surface::document(&String::from_utf8_lossy(bytes)) {
        let written = serde_json::to_string(&report).unwrap_or_default();
        assert_eq!(
            serde_json::from_str::<Report>(&written).ok(),
            Some(report.clone())
        );
        rendered(&report);
    }
}

/// Every form that a report takes; what is for terminals is tame.
fn rendered(report: &Report) {
    let (plain, own) = (Style::default(), Templates::default());
    let long = Style {
        width: 40,
        ascii: true,
        verbose: true,
        ..plain
    };
    for format in FORMATS.iter().chain(&DIGESTS) {
        let text = (format.render)(report, &plain, &own).unwrap_or_default();
        assert!(
            text.len() > 1 || format.id.starts_with('c'),
            "{} is empty",
            format.id
        );
        assert!(!text.contains('\0'), "{} has a NUL", format.id);
    }
    let facts = RunFacts::default();
    for made in [
        render::page(report, &own),
        render::readme(report, &facts, &own),
        render::summary(report, &facts, &own),
        render::deployments_json(report),
        render::incidents_json(report),
    ] {
        assert!(made.is_ok(), "{made:?}");
    }
    assert!(render::badges(report, &own).is_ok());
    for change in report.changes.iter().take(2) {
        assert!(render::comment(report, change, "key", &own).is_ok());
    }
    for style in [plain, long] {
        let screen = render::find_format("terminal").map(|f| (f.render)(report, &style, &own));
        for text in [
            screen,
            Some(render::compare(report, &style)),
            Some(render::trend(report, &style)),
        ] {
            super::tame(&text.and_then(Result::ok).unwrap_or_default());
        }
        for name in ["lt", "cfr", "df", "mttr", "rework", "position", "quality"] {
            if let Ok(found) = render::explain(report, name, None) {
                super::tame(&render::explanation_terminal(&found, &style));
                assert!(render::explanation_markdown(&found, &style, &own).is_ok());
            }
        }
    }
}
