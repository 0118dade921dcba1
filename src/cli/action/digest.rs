//! The digest as an issue: one for a period, whoever starts the run again.

use super::flow::{Run, said};
use super::inputs::Mode;
use super::outcome::Outcome;
use crate::cli::period;
use crate::config::Config;
use crate::deliver;
use crate::event::Events;
use crate::render;
use crate::report::{Ask, build};

/// Writes the issue where the run is for that. What fails is said; the step goes on.
pub(super) async fn post(run: &Run<'_>, events: &Events, config: &Config, outcome: &mut Outcome) {
    let now = run.now(events);
    let window = match run.inputs.mode {
        Mode::Auto => return,
        Mode::Weekly => period::last_week(config, now),
        Mode::Monthly => period::last_month(config, now),
    };
    if run.is_read_only() {
        outcome.notice("a pull request starts no digest");
        return;
    }
    let mut ask = Ask::recent(config, now);
    ask.window = window;
    ask.repository = Some(run.client.repository());
    let report = build(events, config, &ask);
    let drawn = outcome.draw(|templates| render::digest_issue(&report, templates));
    let (marker, title, body) = match drawn {
        Ok(written) => written,
        Err(e) => {
            outcome.error(&format!("the digest could not be rendered: {e}"));
            return;
        }
    };
    if run.inputs.dry_run {
        outcome.drafts.push(body);
        return;
    }
    match deliver::issue(run.client, &marker, &title, &body, &run.budget).await {
        Ok(url) => outcome.facts.digest = Some(url),
        Err(error) => outcome.degrade(&format!("the digest was not written: {}", said(&error))),
    }
}
