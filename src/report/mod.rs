//! REPORT: the one document, built from events by a function that cannot fail.

mod advice;
mod beside;
mod chance;
mod cohorts;
mod facts;
mod flow;
mod headline;
mod measure;
mod outlook;
mod promise;
mod quality;
mod series;
pub mod v1;

use std::collections::BTreeMap;

use crate::config::Config;
use crate::event::{Events, Instant, Window, digest, seconds_between};
use crate::insight;
use crate::metric::stats::quantile;
use crate::metric::{Bucket, Period, Scope};
use crate::timeline::Timeline;

pub use crate::metric::beside::BESIDE;
pub use crate::metric::{Better, Factor, METRICS, Metric, Unit, find as find_metric};
pub use headline::{Headline, headline};

/// Which values of a sample of `n`, counted from 1 in ascending order, are the ends of the median's 95 % interval;
/// none below six values.
#[must_use]
pub fn median_ranks(n: u64) -> Option<[u64; 2]> {
    let (low, high) = quantile::ranks(usize::try_from(n).ok()?, 0.5, 0.95);
    Some([low? as u64, high? as u64])
}

/// What is asked of the events.
#[derive(Debug, Clone)]
pub struct Ask {
    /// `[from, to)`.
    pub window: Window,
    /// The moment that ages are counted to.
    pub now: Instant,
    /// `owner/name`.
    pub repository: Option<String>,
    /// What collecting left out.
    pub notes: Vec<v1::Note>,
}

impl Ask {
    /// The configured window up to now.
    #[must_use]
    pub fn recent(config: &Config, now: Instant) -> Self {
        Self {
            window: Window::last_days(now, config.window_days),
            now,
            repository: None,
            notes: Vec::new(),
        }
    }
}

/// Builds the report. Same events, configuration and question: same report.
#[must_use]
pub fn build(events: &Events, config: &Config, ask: &Ask) -> v1::Report {
    let timeline = Timeline::fold(events, config);
    assemble(events, &Frame::of(&timeline, config, ask), ask)
}

/// Builds the report of one service: its numbers, deltas, targets and guardrails as [`build`] says them, and what
/// [`build`] says of all services together said of this one. Places on DORA's scale are of all services, and left out;
/// the quality of the data and the notes are of all of them.
///
/// # Errors
/// When no deployment is of that service; the names that there are.
pub fn build_service(
    events: &Events,
    config: &Config,
    ask: &Ask,
    service: &str,
) -> Result<v1::Report, Vec<String>> {
    let timeline = Timeline::fold(events, config);
    let frame = Frame::of(&timeline, config, ask);
    let mut report = assemble(events, &frame, ask);
    let Some(own) = report.services.remove(service) else {
        return Err(timeline.services());
    };
    // Its deltas were held against all tests of the whole report, and stay as they are: no number has two verdicts.
    let scope = Scope::of_service(&timeline, service);
    let weeks = frame.weeks(&scope);
    let outlook = outlook::look(
        &frame.sight(&scope, &weeks),
        std::iter::once(&mut own.clone()),
    );
    outlook.show_in(&mut report);
    let ours = |of: &Option<String>| of.as_deref() == Some(service);
    report.targets.retain(|t| ours(&t.service));
    report.guardrails.retain(|g| ours(&g.service));
    report.deployments.retain(|d| ours(&d.service));
    report.changes.retain(|c| ours(&c.service));
    report
        .incidents
        .retain(|i| i.service.is_none() || ours(&i.service));
    Ok(v1::Report {
        service: Some(service.to_owned()),
        overall: own,
        services: BTreeMap::new(),
        position: BTreeMap::new(),
        ..report
    })
}

/// The window, the one before, and the rules by which both are read.
struct Frame<'a> {
    timeline: &'a Timeline,
    config: &'a Config,
    period: Period,
    before: Period,
}

impl<'a> Frame<'a> {
    fn of(timeline: &'a Timeline, config: &'a Config, ask: &Ask) -> Self {
        let calendar = config.calendar();
        let period = |window| Period::new(window, timeline.history_since, calendar, ask.now);
        Self {
            timeline,
            config,
            period: period(ask.window),
            before: period(ask.window.before()),
        }
    }

    fn measure(&self, scope: &Scope<'_>) -> v1::Scope {
        measure::scope(scope, &self.period, &self.before, self.config)
    }

    fn weeks(&self, scope: &Scope<'_>) -> Vec<Bucket> {
        insight::whole_weeks(scope, &self.period, &self.before)
    }

    fn sight<'s>(&'s self, scope: &'s Scope<'s>, weeks: &'s [Bucket]) -> insight::Sight<'s> {
        insight::Sight {
            timeline: self.timeline,
            scope,
            period: &self.period,
            before: &self.before,
            weeks,
            config: self.config,
        }
    }
}

/// Of all services together, and the numbers of each.
fn assemble(events: &Events, frame: &Frame<'_>, ask: &Ask) -> v1::Report {
    let (timeline, config) = (frame.timeline, frame.config);
    let pooled = Scope::overall(timeline);
    let mut overall = frame.measure(&pooled);
    let services = timeline.services().into_iter();
    let mut by_service: BTreeMap<String, v1::Scope> = services
        .map(|name| {
            let scope = frame.measure(&Scope::of_service(timeline, &name));
            (name, scope)
        })
        .collect();
    let weeks = frame.weeks(&pooled);
    let sight = frame.sight(&pooled, &weeks);
    let scopes = std::iter::once(&mut overall).chain(by_service.values_mut());
    let outlook = outlook::look(&sight, scopes);
    let notes = notes(ask, timeline);
    let mut report = v1::Report {
        schema: v1::SCHEMA.to_owned(),
        generated_at: ask.now,
        repository: ask.repository.clone(),
        service: None,
        definition: definition(config, &ask.window),
        window: window(ask, config, &frame.period, timeline),
        quality: quality::judge(timeline, &ask.window, &notes),
        deployments: facts::deployments(timeline, &ask.window),
        changes: facts::changes(timeline, &ask.window),
        incidents: facts::incidents(timeline, &ask.window),
        forecast: BTreeMap::new(),
        shifts: v1::Shifts::default(),
        batch_risk: BTreeMap::new(),
        ai: None,
        lead_time_bands: Vec::new(),
        waits: BTreeMap::new(),
        findings: Vec::new(),
        sources: facts::sources(events, timeline),
        targets: promise::targets(&sight),
        guardrails: promise::guardrails(config, &overall, &by_service),
        position: advice::position(&sight, &overall.metrics),
        bottleneck: None,
        recommendation: None,
        overall,
        services: by_service,
        notes,
    };
    outlook.show_in(&mut report);
    report
}

fn window(ask: &Ask, config: &Config, period: &Period, timeline: &Timeline) -> v1::WindowInfo {
    v1::WindowInfo {
        from: ask.window.from,
        to: ask.window.to,
        timezone: config.timezone.name().to_owned(),
        covered_days: period.covered.days(),
        history_since: timeline.history_since,
    }
}

/// What collecting left out, then what judging assumed; what was assumed when they were published is judged again.
fn notes(ask: &Ask, timeline: &Timeline) -> Vec<v1::Note> {
    let mut notes = ask.notes.clone();
    notes.retain(|note| timeline.remarks.iter().all(|r| r.code != note.code));
    notes.extend(timeline.remarks.iter().map(|r| v1::Note {
        code: r.code.to_owned(),
        says: r.says.clone(),
        help: r.help.clone(),
    }));
    notes
}

/// Two reports with the same fingerprint mean the same by every number.
fn definition(config: &Config, window: &Window) -> v1::Definition {
    let mut parameters = config.parameters();
    let days = seconds_between(window.from, window.to) / 86_400;
    parameters.insert("window".to_owned(), format!("{days}d"));
    parameters.insert("rules".to_owned(), "1".to_owned());
    v1::Definition {
        fingerprint: fingerprint(&parameters),
        parameters,
    }
}

/// The hash of the rules in force: twelve hexadecimal digits of SHA-256 over `key=value` lines, sorted by key.
#[must_use]
pub fn fingerprint(parameters: &BTreeMap<String, String>) -> String {
    let lines: Vec<String> = parameters
        .iter()
        .map(|(key, value)| format!("{key}={value}\n"))
        .collect();
    digest(lines.concat().as_bytes(), 6)
}
