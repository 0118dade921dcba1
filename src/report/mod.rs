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
use crate::metric::{Period, Scope};
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
    assemble(events, &timeline, config, ask, None)
}

/// Builds the report of one service: what [`build`] says of all of them, said of this one alone. Places on DORA's
/// scale are of all services together, and left out.
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
    let known = timeline.services();
    if !known.iter().any(|name| name == service) {
        return Err(known);
    }
    let mut report = assemble(events, &timeline, config, ask, Some(service));
    let ours = |of: &Option<String>| of.as_deref() == Some(service);
    report.services.clear();
    report.position.clear();
    report.targets.retain(|t| ours(&t.service));
    report.guardrails.retain(|g| ours(&g.service));
    report.deployments.retain(|d| ours(&d.service));
    report.changes.retain(|c| ours(&c.service));
    report
        .incidents
        .retain(|i| i.service.is_none() || ours(&i.service));
    Ok(report)
}

/// Of one service, or of all of them together and of each.
fn assemble(
    events: &Events,
    timeline: &Timeline,
    config: &Config,
    ask: &Ask,
    service: Option<&str>,
) -> v1::Report {
    let calendar = config.calendar();
    let period_of = |window| Period::new(window, timeline.history_since, calendar, ask.now);
    let (period, before) = (period_of(ask.window), period_of(ask.window.before()));
    let pooled = service.map_or_else(
        || Scope::overall(timeline),
        |name| Scope::of_service(timeline, name),
    );
    let measured = |scope: &Scope<'_>| measure::scope(scope, &period, &before, config);
    let mut overall = measured(&pooled);
    let mut by_service: BTreeMap<String, v1::Scope> = BTreeMap::new();
    let each = service.is_none().then(|| timeline.services());
    for name in each.into_iter().flatten() {
        let scope = measured(&Scope::of_service(timeline, &name));
        by_service.insert(name, scope);
    }
    let notes = notes(ask, timeline);
    let sight = insight::Sight {
        timeline,
        scope: &pooled,
        period: &period,
        before: &before,
        weeks: &insight::whole_weeks(&pooled, &period, &before),
        config,
    };
    let (found, recommendation) = insight::look(&sight);
    let scopes = std::iter::once(&mut overall).chain(by_service.values_mut());
    let outlook = outlook::look(&sight, found, scopes);
    by_service.extend(service.map(|name| (name.to_owned(), overall.clone())));
    v1::Report {
        schema: v1::SCHEMA.to_owned(),
        generated_at: ask.now,
        repository: ask.repository.clone(),
        service: service.map(str::to_owned),
        definition: definition(config, &ask.window),
        window: window(ask, config, &period, timeline),
        quality: quality::judge(timeline, &ask.window, &notes),
        deployments: facts::deployments(timeline, &ask.window),
        changes: facts::changes(timeline, &ask.window),
        incidents: facts::incidents(timeline, &ask.window),
        forecast: outlook.forecast,
        shifts: outlook.shifts,
        batch_risk: outlook.batch_risk,
        ai: outlook.ai,
        lead_time_bands: flow::bands(&pooled, &period),
        waits: flow::waits(&pooled, &period),
        findings: outlook.findings,
        sources: facts::sources(events, timeline),
        targets: promise::targets(&sight),
        guardrails: promise::guardrails(config, &overall, &by_service),
        position: advice::position(&sight, &overall.metrics),
        bottleneck: insight::bottleneck::find(&sight).map(advice::bottleneck),
        recommendation: recommendation.as_ref().map(advice::recommendation),
        overall,
        services: by_service,
        notes,
    }
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
