//! REPORT: the one document, built from events by a function that cannot fail.

mod facts;
mod headline;
mod measure;
mod quality;
mod series;
pub mod v1;

use std::collections::BTreeMap;

use crate::config::Config;
use crate::event::{Calendar, Events, Instant, Window, digest, seconds_between};
use crate::insight;
use crate::metric::stats::quantile;
use crate::metric::{Period, Scope};
use crate::timeline::Timeline;

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
    let calendar = Calendar {
        zone: config.timezone,
    };
    let period = Period::new(ask.window, timeline.history_since, calendar, ask.now);
    let before = Period::new(
        ask.window.before(),
        timeline.history_since,
        calendar,
        ask.now,
    );
    let pooled = Scope::overall(&timeline);
    let mut overall = measure::scope(&pooled, &period, &before, config);
    let services: Vec<String> = timeline.services();
    let mut by_service: BTreeMap<String, v1::Scope> = services
        .iter()
        .map(|name| {
            let scope = Scope::of_service(&timeline, name);
            (
                name.clone(),
                measure::scope(&scope, &period, &before, config),
            )
        })
        .collect();
    measure::adjust(std::iter::once(&mut overall).chain(by_service.values_mut()));
    let mut notes = ask.notes.clone();
    notes.extend(timeline.remarks.iter().map(|r| v1::Note {
        code: r.code.to_owned(),
        says: r.says.clone(),
        help: r.help.clone(),
    }));
    let findings = insight::detect(&insight::Sight {
        timeline: &timeline,
        scope: &pooled,
        period: &period,
        before: &before,
        config,
    });
    v1::Report {
        schema: v1::SCHEMA.to_owned(),
        generated_at: ask.now,
        repository: ask.repository.clone(),
        definition: definition(config, &ask.window),
        window: v1::WindowInfo {
            from: ask.window.from,
            to: ask.window.to,
            timezone: config.timezone.name().to_owned(),
            covered_days: period.covered.days(),
            history_since: timeline.history_since,
        },
        quality: quality::judge(&timeline, &ask.window),
        deployments: facts::deployments(&timeline, &ask.window),
        changes: facts::changes(&timeline, &ask.window),
        incidents: facts::incidents(&timeline, &ask.window),
        findings: findings.into_iter().map(finding).collect(),
        sources: facts::sources(events, &timeline),
        overall,
        services: by_service,
        notes,
    }
}

fn finding(found: insight::Insight) -> v1::Finding {
    let insight::Insight {
        id,
        level,
        says,
        because,
        next,
    } = found;
    v1::Finding {
        id: id.to_owned(),
        level: level.name().to_owned(),
        says,
        because,
        next,
    }
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
