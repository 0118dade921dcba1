//! One pass over a snapshot: what is new is taken in, measured, written and told.

use super::comment::{self, Shipped};
use super::digest;
use super::flow::{Head, OUTRUN, Pass, Run, Tries, read_back};
use super::outcome::Outcome;
use super::own::attempt_of;
use super::preview;
use crate::cli::workspace;
use crate::collect::github::{self, Ask as CollectAsk, Collected};
use crate::config::Config;
use crate::event::{Event, Events, Instant, Source};
use crate::github::Part;
use crate::ledger::{Ledger, Loaded};
use crate::render::{self, Effect};
use crate::report::v1::{Note, Report};
use crate::report::{Ask, build};

/// Most commits that are tried, where every other run can store this run's deployment too.
const MOST_WRITES: u32 = 4;
/// Where no other run can.
const MOST_ALONE: u32 = 8;
/// With more events, measuring twice would be felt.
const MOST_TWICE: usize = 50_000;
/// A clock that is further ahead than this is wrong.
const MOST_SKEW: chrono::Duration = chrono::Duration::hours(1);

/// What was read besides of the ledger, and why that may not be written, if it may not.
type Read<'a> = (&'a Collected, Option<&'a Note>);

impl Run<'_> {
    pub(super) async fn measure_and_write(
        &self,
        mut loaded: Loaded,
        (config, trusted): (&Config, bool),
        outcome: &mut Outcome,
        tries: &mut Tries,
    ) -> Pass {
        let own = self.own(&loaded, config, outcome);
        let collected = self.collect(&loaded, (config, trusted), own.as_ref()).await;
        let mut fresh = collected.events.clone();
        let alone = own.as_ref().is_some_and(|own| !own.id.starts_with("dep:"));
        outcome.facts.alone = alone && (config.workflows.is_empty() || self.inputs.key.is_some());
        let most_writes = if alone { MOST_ALONE } else { MOST_WRITES };
        fresh.extend(own);
        outcome.count_late(&loaded, &fresh, config);
        let plan = loaded.ledger.append(&fresh, self.now.date_naive());
        let moved = Self::keep_books(&mut loaded.ledger, &collected, config);
        // How far the history was read back is worth a commit of its own, or the next run would begin there again.
        let plan = plan.or_else(|| moved.then(|| loaded.ledger.bookkeeping()));
        let unwritable = unwritable(&loaded);
        let read = (&collected, unwritable.as_ref());
        let report = self.report(&loaded.ledger.events, config, read);
        let own = outcome.facts.deployment.take();
        outcome.facts.deployment = own.map(|id| attempt_of(&report, &loaded.ledger.events, id));
        outcome.report = Some(report.clone());
        outcome.say_notes(&collected.notes);
        if let Some(note) = &unwritable {
            let help = note.help.as_deref().unwrap_or_default();
            outcome.degrade(format!("{} {help}", note.says).trim_end());
        }
        let pass = match plan {
            None => {
                outcome.facts.persisted = self.is_stored(&loaded, outcome);
                Pass::Done
            }
            Some(_) if unwritable.is_some() => Pass::Done,
            Some(_) if tries.writes >= most_writes => {
                outcome.degrade(OUTRUN);
                Pass::Done
            }
            Some(plan) => {
                let sent = fresh.clone();
                tries.refused = Some(Head(loaded.head.clone()));
                let saved = self.write(&loaded, plan, &report, outcome, tries).await;
                if outcome.facts.in_doubt {
                    tries.doubtful.extend(sent);
                }
                saved
            }
        };
        if pass == Pass::Done {
            fresh.append(&mut tries.doubtful.clone());
            let ours =
                outcome.commit.is_some() || (outcome.facts.persisted && !tries.doubtful.is_empty());
            let shipped = Shipped {
                fresh: &fresh,
                events: &loaded.ledger.events,
                report: &report,
                config,
            };
            if ours || self.inputs.dry_run {
                comment::post(self, &shipped, outcome).await;
            }
            self.tell(&shipped, read, outcome).await;
        }
        pass
    }

    /// What is said besides of what was shipped.
    async fn tell(&self, shipped: &Shipped<'_>, read: Read<'_>, outcome: &mut Outcome) {
        let &Shipped {
            events,
            report,
            config,
            ..
        } = shipped;
        outcome.facts.effects = self.effects(events, report, (config, read), outcome);
        preview::post(self, report, config, outcome).await;
        digest::post(self, events, config, outcome).await;
    }

    /// What this run's deployment did to the numbers: the same report without it.
    fn effects(
        &self,
        events: &Events,
        report: &Report,
        (config, read): (&Config, Read<'_>),
        outcome: &Outcome,
    ) -> Vec<Effect> {
        // The summary alone tells it, and it costs a second report.
        let is_told = self.inputs.summary && events.len() < MOST_TWICE;
        let own = outcome.facts.deployment.as_deref();
        let Some(own) = own.filter(|_| is_told) else {
            return Vec::new();
        };
        let mut others = events.clone();
        let why = Some("what if it had not been");
        others.insert(Event::retraction(own, why, Source::Manual, self.now));
        render::effects(&self.report(&others, config, read), report)
    }

    /// Says what the ledger says, and asks and writes nothing: others are at it.
    pub(super) fn leave(&self, loaded: &Loaded, config: &Config, outcome: &mut Outcome) -> Pass {
        self.own(loaded, config, outcome);
        let nothing = Collected::default();
        let read = (&nothing, None);
        let report = self.report(&loaded.ledger.events, config, read);
        let own = outcome.facts.deployment.take();
        outcome.facts.deployment = own.map(|id| attempt_of(&report, &loaded.ledger.events, id));
        outcome.facts.persisted = self.is_stored(loaded, outcome);
        let read = (config, read);
        outcome.facts.effects = self.effects(&loaded.ledger.events, &report, read, outcome);
        outcome.report = Some(report);
        Pass::Done
    }

    /// Whether nothing is left to be stored, where there is nothing to write.
    fn is_stored(&self, loaded: &Loaded, outcome: &Outcome) -> bool {
        // Without the deployments it is not known what was to be stored.
        let blind = outcome.facts.deployment.is_none()
            && loaded.state.problem(&Part::Deployments).is_some();
        loaded.ledger.is_writable() && loaded.head.is_some() && !blind && !self.is_read_only()
    }

    async fn collect(
        &self,
        loaded: &Loaded,
        (config, trusted): (&Config, bool),
        own: Option<&Event>,
    ) -> Collected {
        github::collect(CollectAsk {
            client: self.client,
            state: &loaded.state,
            config,
            trusted,
            known: &loaded.ledger.events,
            own,
            now: self.now,
            cutoff: self.cutoff(loaded, config),
            resume: loaded.ledger.meta.resume.as_deref(),
            places: &loaded.ledger.meta.places,
            requests: github::REQUESTS,
            budget: &self.budget,
        })
        .await
    }

    /// How far back deployments are looked for. Where only the end of the ledger was read, what is older is in it.
    fn cutoff(&self, loaded: &Loaded, config: &Config) -> Instant {
        let back = self.now - chrono::Duration::days(i64::from(config.lookback_days));
        match loaded.ledger.events.baselines {
            Some(_) => back.max(self.now - read_back(config)),
            None => back,
        }
    }

    /// Also tells whether a source was read further, where there is anything to remember at all.
    fn keep_books(ledger: &mut Ledger, collected: &Collected, config: &Config) -> bool {
        let moved =
            ledger.meta.places != collected.places || ledger.meta.resume != collected.resume;
        let since = collected
            .history_since
            .into_iter()
            .chain(ledger.meta.history_since)
            .min();
        let first = ledger
            .events
            .iter()
            .filter(|e| e.fact.as_deployment().is_some())
            .map(|e| e.time)
            .min();
        ledger.meta.history_since = since.or(first);
        ledger.events.history_since = ledger.meta.history_since;
        ledger.meta.head.clone_from(&collected.head);
        ledger.events.head.clone_from(&collected.head);
        ledger.meta.resume.clone_from(&collected.resume);
        ledger.meta.places.clone_from(&collected.places);
        ledger.meta.baselines = workspace::baselines(&ledger.events, config);
        moved && !ledger.events.is_empty()
    }

    fn report(
        &self,
        events: &Events,
        config: &Config,
        (collected, unwritable): Read<'_>,
    ) -> Report {
        let mut ask = Ask::recent(config, self.now(events));
        ask.repository = Some(self.client.repository());
        ask.notes = collected
            .notes
            .iter()
            .chain(&collected.asides)
            .map(|n| Note {
                code: n.code.to_owned(),
                says: workspace::sentence(&n.says),
                help: n.help.as_deref().map(workspace::sentence),
            })
            .chain(unwritable.cloned())
            .collect();
        build(events, config, &ask)
    }

    /// Our clock, or GitHub's where it is a little ahead: what has just finished is not in the future.
    pub(super) fn now(&self, events: &Events) -> Instant {
        let now = self.now;
        let ahead = events
            .iter()
            .filter(|e| e.fact.as_deployment().is_some())
            .map(|e| e.time)
            .filter(|at| *at < now + MOST_SKEW)
            .max();
        ahead.map_or(now, |at| now.max(at + chrono::Duration::seconds(1)))
    }
}

/// Why a ledger is left as it is; nothing where it may be written.
fn unwritable(loaded: &Loaded) -> Option<Note> {
    if loaded.ledger.is_writable() {
        return None;
    }
    let mut note = workspace::unreadable(&loaded.ledger);
    let of_ledger = |(part, _): &&(Part, _)| matches!(part, Part::Branch | Part::File(_));
    // What GitHub did not give is not broken, and nobody has to mend it.
    if let Some((part, error)) = loaded.state.problems.iter().find(of_ledger) {
        let what = if let Part::File(path) = part {
            path.as_str()
        } else {
            "the metrics branch"
        };
        note.says = format!("Nothing was written, because {what} could not be read: {error}.");
        note.help = error.help().as_deref().map(workspace::sentence);
    }
    Some(note)
}
