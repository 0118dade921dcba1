//! What people write: the configuration, corrections, and the small languages in both.

use crate::adapter::Corrections;
use crate::cli::surface::said;
use crate::config::{
    self, Config, ConfigError, ShapeError, parse_days, parse_guardrail, parse_seconds, parse_target,
};
use crate::event::{
    Deployment, Events, Instant, Undoes, causes_in, is_bot, is_hotfix_title, nearest,
    parse_instant, subject_key,
};

/// Names that every pattern of a configuration is asked about.
const NAMES: [&str; 4] = [
    "production",
    "api-v1.2.3",
    "services/api/main.rs",
    "\u{0}\u{202e}é",
];

pub(super) fn config(bytes: &[u8]) {
    let text = String::from_utf8_lossy(bytes);
    match (config::parse(&text), config::parse(&text)) {
        (Ok(one), Ok(two)) => {
            assert_eq!(one.parameters(), two.parameters());
            ask(&one);
        }
        (Err(one), Err(two)) => {
            assert_eq!(one.to_string(), two.to_string());
            within(one.place(), &text);
            super::tame(&said(one));
        }
        (one, two) => assert_eq!(one.is_ok(), two.is_ok()),
    }
}

fn ask(config: &Config) {
    assert!(
        (1..=36_500).contains(&config.window_days),
        "{}",
        config.window_days
    );
    assert!(
        (1..=36_500).contains(&config.lookback_days),
        "{}",
        config.lookback_days
    );
    assert!(config.max_comments <= 50, "{}", config.max_comments);
    for name in NAMES {
        let deployment = Deployment {
            environment: name.to_owned(),
            workflow: Some(name.to_owned()),
            ..Deployment::default()
        };
        assert!(!config.services_of(&deployment).is_empty());
        let _ = (
            config.environments.is_production(name),
            config.tags.read(name),
            config.is_deploy_workflow(name),
        );
        for service in config.services.values() {
            let _ = (
                service.paths.matches(name),
                service.tags.as_ref().map(|t| t.read(name)),
            );
        }
    }
}

/// A place lies in the text that it is a place in, or just behind it.
fn within(place: Option<(usize, usize)>, text: &str) {
    if let Some((line, column)) = place {
        assert!(line >= 1 && column >= 1, "{line}:{column}");
        assert!(
            line <= text
                .split(['\n', '\r', '\u{85}', '\u{2028}', '\u{2029}'])
                .count()
                + 1,
            "{line}:{column}"
        );
    }
}

pub(super) fn corrections(bytes: &[u8]) {
    let text = String::from_utf8_lossy(bytes);
    let now = Instant::UNIX_EPOCH;
    match Corrections::parse(&text) {
        Ok(found) => {
            let mut known: Events = found.events(&Events::default(), now).into_iter().collect();
            assert_eq!(found.events(&known, now), [], "reading again gives nothing");
            // The file is gone: each word is taken back, once.
            let gone = Corrections::default();
            known.extend(gone.events(&known, now));
            assert_eq!(gone.events(&known, now), []);
        }
        Err(error) => {
            within(error.place, &text);
            super::tame(&said(ConfigError::Shape(error)));
        }
    }
}

pub(super) fn grammar(bytes: &[u8]) {
    let text = String::from_utf8_lossy(bytes);
    let text = text.as_ref();
    if let Ok(seconds) = parse_seconds(text) {
        assert_eq!(parse_seconds(&format!("{seconds}s")), Ok(seconds));
    }
    if let Ok(days) = parse_days(text) {
        assert_eq!(parse_days(&format!("{days}d")), Ok(days));
    }
    if let Ok(at) = parse_instant(text) {
        assert_eq!(parse_instant(&at.to_rfc3339()), Ok(at));
    }
    match parse_target(text) {
        Ok(target) => {
            assert!(target.limit.is_finite());
            assert_eq!(parse_target(&target.written).as_ref(), Ok(&target));
        }
        Err(error) => assert!(error.column <= text.chars().count() + 1, "{error}"),
    }
    match parse_guardrail(text) {
        Ok(rail) => assert_eq!(parse_guardrail(&rail.written).as_ref(), Ok(&rail)),
        Err(error) => assert!(error.column <= text.chars().count() + 1, "{error}"),
    }
    assert_eq!(subject_key(text).len(), 16);
    let _ = (
        is_bot(text),
        is_hotfix_title(text),
        causes_in(text),
        Undoes::read(text, text, text),
    );
    let _ = nearest(text, NAMES);
    let _ = ShapeError::new(text, None);
}
