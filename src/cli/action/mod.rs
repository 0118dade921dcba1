//! `fivekeys action`: one run on a runner. Measuring never breaks a deploy: what goes wrong is said, and the exit is 0.

mod comment;
mod digest;
mod flow;
mod inputs;
mod measure;
mod outcome;
mod own;
mod place;
mod preview;
#[cfg(any(test, feature = "fuzz"))]
pub(crate) mod surface;
mod tell;
mod templates;
mod write;

use std::panic::{AssertUnwindSafe, catch_unwind};

use super::Exit;
use super::failure::plain;
use super::gate::{Gate, IN_DOUBT, gate};
use crate::github::{Client, GitHubError};
use crate::host::Host;
use crate::host::actions::{Loudness, Runner};
use inputs::{FailOn, Inputs};
pub use outcome::Outcome;

/// One run over a client that the caller made, in the caller's runtime, up to its deadline. What became of it is
/// returned and told to nobody; the runner's files stay as they are.
pub async fn once(host: &Host, client: Client) -> Outcome {
    let inputs = Inputs::read(Runner::of(host));
    let mut outcome = Outcome::default();
    in_time(host, &inputs, Ok(client), &mut outcome).await;
    outcome
}

/// Said in place of what a panic would say, which may hold text from outside.
const BUG: &str = "fivekeys failed on a bug of its own; please report it at https://github.com/fivekeys/fivekeys/issues";

/// Runs the action. Whatever happens, the exit says only what `fail-on` asks for.
pub(super) fn run(host: &Host) -> Exit {
    let runner = Runner::of(host);
    std::panic::set_hook(Box::new(|_| {}));
    let inputs = Inputs::read(runner);
    let mut outcome = Outcome::default();
    guarded(&mut outcome, |outcome| work(host, &inputs, outcome));
    if inputs.fail_on == FailOn::Gate {
        guarded(&mut outcome, judge);
    }
    if catch_unwind(AssertUnwindSafe(|| tell::all(host, &inputs, &mut outcome))).is_err() {
        outcome.error(BUG);
        annotate(runner, Loudness::Error, &[BUG.to_owned()]);
    }
    exit(inputs.fail_on, &outcome)
}

/// Does a step; a bug in it is one more thing to say, and what was done before stands.
fn guarded(outcome: &mut Outcome, step: impl FnOnce(&mut Outcome)) {
    if catch_unwind(AssertUnwindSafe(|| step(outcome))).is_err() {
        outcome.error(BUG);
    }
}

/// How the step ends, everything being written by now.
fn exit(fail_on: FailOn, outcome: &Outcome) -> Exit {
    match fail_on {
        FailOn::Gate if !outcome.missed().is_empty() => Exit::Missed,
        FailOn::Degraded if outcome.is_degraded() => Exit::Bug,
        FailOn::Error if outcome.is_degraded() || outcome.is_error() => Exit::Bug,
        FailOn::None | FailOn::Gate | FailOn::Degraded | FailOn::Error => Exit::Fine,
    }
}

/// Judges the promises; says which are missed, or why it cannot tell.
fn judge(outcome: &mut Outcome) {
    match outcome.report.as_ref().map(gate) {
        Some(Gate::Missed(texts)) => outcome.miss(&format!("missed: {}", texts.join("; "))),
        Some(Gate::Partial) => outcome.notice(IN_DOUBT),
        None => outcome.notice("`fail-on: gate` could not judge: nothing was measured"),
        Some(Gate::Nothing) if outcome.is_degraded() || outcome.is_error() => outcome.notice(
            "`fail-on: gate` has nothing to judge by: no `targets` could be read in the configuration",
        ),
        Some(Gate::Nothing) => outcome
            .notice("`fail-on: gate` has nothing to judge by: the configuration has no `targets`"),
        Some(Gate::Open) => {}
    }
}

fn work(host: &Host, inputs: &Inputs, outcome: &mut Outcome) {
    let runtime = match tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
    {
        Ok(runtime) => runtime,
        Err(e) => {
            outcome.error(&format!("the runner gives no resources to start: {e}"));
            return;
        }
    };
    let stopped = runtime.block_on(async {
        tokio::select! {
            biased;
            () = crate::host::asked_to_stop() => true,
            () = in_time(host, inputs, flow::connect(host), outcome) => false,
        }
    });
    if stopped {
        outcome.cut_short("the job was cancelled");
    }
    // A name that is still being looked up would hold the process beyond its deadline.
    runtime.shutdown_background();
}

async fn in_time(
    host: &Host,
    inputs: &Inputs,
    client: Result<Client, GitHubError>,
    outcome: &mut Outcome,
) {
    let run = Box::pin(flow::run(host, inputs, client, outcome));
    if tokio::time::timeout(inputs.timeout, run).await.is_err() {
        let seconds = inputs.timeout.as_secs();
        outcome.cut_short(&format!("the deadline of {seconds} s passed"));
    }
}

/// Says one thing once, as an annotation.
fn annotate(runner: Runner<'_>, loudness: Loudness, texts: &[String]) {
    if !texts.is_empty() {
        runner.annotate(loudness, "fivekeys", &plain(texts.join("; ")));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ALL: [FailOn; 4] = [FailOn::None, FailOn::Gate, FailOn::Degraded, FailOn::Error];

    #[test]
    fn each_class_of_trouble_fails_under_the_values_that_ask_for_it() {
        type Trouble = fn(&mut Outcome);
        let classes: [(Trouble, [Exit; 4]); 4] = [
            (|_| {}, [Exit::Fine; 4]),
            (
                |o| o.miss("a target"),
                [Exit::Fine, Exit::Missed, Exit::Fine, Exit::Fine],
            ),
            (
                |o| o.degrade("not stored"),
                [Exit::Fine, Exit::Fine, Exit::Bug, Exit::Bug],
            ),
            (
                |o| o.error("a wrong configuration"),
                [Exit::Fine, Exit::Fine, Exit::Fine, Exit::Bug],
            ),
        ];
        for (trouble, expected) in classes {
            let mut outcome = Outcome::default();
            trouble(&mut outcome);
            assert_eq!(ALL.map(|fail_on| exit(fail_on, &outcome)), expected);
        }
    }

    #[test]
    fn a_bug_leaves_what_was_done_and_is_said_without_its_words() {
        let mut outcome = Outcome::default();
        guarded(&mut outcome, |outcome| {
            outcome.facts.persisted = true;
            panic!("text from outside");
        });
        assert!(outcome.facts.persisted);
        assert_eq!(outcome.errors(), [BUG]);
        let [none, gate, degraded, error] = ALL.map(|fail_on| exit(fail_on, &outcome));
        assert_eq!((none, gate, degraded), (Exit::Fine, Exit::Fine, Exit::Fine));
        assert_eq!(error, Exit::Bug);
    }
}
