//! What is typed or configured in a workflow, as a function of bytes; see [`crate::surface`].

use std::collections::BTreeMap;

use super::inputs::Inputs;
use crate::cli::args::Scope;
use crate::cli::{Failure, failure, period, question as asked, verify};
use crate::config::Config;
use crate::event::Events;
use crate::host::Host;
use crate::host::actions::{INPUTS, Runner};
use crate::report::build;
use crate::report::v1::Report;

/// An error as it is said.
pub(crate) fn said(error: impl Into<Failure>) -> String {
    error.into().line()
}

/// Text as it is printed.
pub(crate) fn plain(text: impl std::fmt::Display) -> String {
    failure::plain(text)
}

/// A published document, where it is one.
pub(crate) fn document(text: &str) -> Option<Report> {
    verify::document(text).ok()
}

/// Reads each line as the input of its number.
///
/// # Panics
/// Where a law is broken.
pub fn inputs(bytes: &[u8]) {
    let text = String::from_utf8_lossy(bytes);
    let names = INPUTS
        .iter()
        .map(|name| format!("INPUT_{}", name.to_uppercase()));
    let lines = text.split('\n').map(str::to_owned);
    let host = Host::of_variables(names.zip(lines).collect());
    let read = Inputs::read(Runner::of(&host));
    assert!((5..=600).contains(&read.timeout.as_secs()), "{read:?}");
    assert!(
        !read.branch.is_empty() && !read.branch.contains([' ', '\0', ':']),
        "{read:?}"
    );
    let mut config = Config::default();
    let _ = (read.override_config(&mut config), read.one_environment());
    assert!((1..=36_500).contains(&config.window_days), "{read:?}");
    let _ = config.environments.is_production("production");
}

/// Reads each line as a flag; asks what it means of a repository without any history.
///
/// # Panics
/// Where a law is broken.
pub fn question(bytes: &[u8]) {
    let text = String::from_utf8_lossy(bytes);
    let mut lines = text.split('\n').map(str::trim);
    let mut flag = || {
        lines
            .next()
            .filter(|line| !line.is_empty())
            .map(str::to_owned)
    };
    let scope = Scope {
        window: flag(),
        since: flag(),
        until: flag(),
        month: flag(),
        quarter: flag(),
        as_of: flag(),
        timezone: flag(),
        environment: flag(),
        tags: flag(),
        ..Scope::default()
    };
    let host = Host::of_variables(BTreeMap::new());
    let mut config = Config::default();
    let asked = asked::override_config(&mut config, &scope).and_then(|()| {
        let now = asked::now(&host, &scope)?;
        let _ = (
            period::last_week(&config, now),
            period::last_month(&config, now),
        );
        asked::ask(&host, &config, &scope)
    });
    match asked {
        Ok(ask) => {
            assert!(ask.window.from < ask.window.to);
            let report = build(&Events::default(), &config, &ask);
            assert_eq!(report.overall.metrics.deployment_frequency.attempts, 0);
        }
        Err(failure) => assert!(!failure.line().contains(['\u{1b}', '\r'])),
    }
}
