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
    in_time(host, &inputs, Ok(client)).await
}

/// Runs the action. Whatever happens, the exit says only what `fail-on` asks for.
pub(super) fn run(host: &Host) -> Exit {
    let runner = Runner::of(host);
    // The default hook would print what may hold text from outside.
    std::panic::set_hook(Box::new(|_| {}));
    let done = catch_unwind(AssertUnwindSafe(|| {
        let inputs = Inputs::read(runner);
        let mut outcome = work(host, &inputs);
        let gated = inputs.fail_on == FailOn::Gate && misses(&mut outcome);
        tell::all(host, &inputs, &mut outcome);
        let wrong = outcome.is_error() || outcome.is_degraded();
        (
            inputs.fail_on,
            if inputs.fail_on == FailOn::Gate {
                gated
            } else {
                wrong
            },
        )
    }));
    let (fail_on, fails) = done.unwrap_or_else(|_| {
        let bug = "fivekeys failed on a bug of its own; please report it at https://github.com/fivekeys/fivekeys/issues";
        runner.annotate(Loudness::Error, "fivekeys", bug);
        let asked = runner.input("fail-on");
        let fails = matches!(asked, Some("error" | "degraded"));
        (if fails { FailOn::Error } else { FailOn::None }, true)
    });
    match fail_on {
        FailOn::Error | FailOn::Degraded if fails => Exit::Bug,
        FailOn::Gate if fails => Exit::Missed,
        FailOn::Error | FailOn::Degraded | FailOn::Gate | FailOn::None => Exit::Fine,
    }
}

/// Whether the gate closes, everything being written by now; says why it does, or why it cannot tell.
fn misses(outcome: &mut Outcome) -> bool {
    match outcome.report.as_ref().map(gate) {
        Some(Gate::Missed(texts)) => {
            outcome.miss(&format!("missed: {}", texts.join("; ")));
            true
        }
        Some(Gate::Partial) => {
            outcome.notice(IN_DOUBT);
            false
        }
        Some(Gate::Nothing) => {
            outcome.notice(
                "`fail-on: gate` has nothing to judge by: the configuration has no `targets`",
            );
            false
        }
        Some(Gate::Open) | None => false,
    }
}

fn work(host: &Host, inputs: &Inputs) -> Outcome {
    let runtime = match tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
    {
        Ok(runtime) => runtime,
        Err(e) => {
            let mut outcome = Outcome::default();
            outcome.error(&format!("the runner gives no resources to start: {e}"));
            return outcome;
        }
    };
    let outcome = runtime.block_on(async {
        tokio::select! {
            done = in_time(host, inputs, flow::connect(host)) => done,
            () = crate::host::asked_to_stop() => cut_short(
                "the job was cancelled; nothing more was written, the next run catches up",
            ),
        }
    });
    // A name that is still being looked up would hold the process beyond its deadline.
    runtime.shutdown_background();
    outcome
}

async fn in_time(host: &Host, inputs: &Inputs, client: Result<Client, GitHubError>) -> Outcome {
    let run = Box::pin(flow::run(host, inputs, client));
    let done = tokio::time::timeout(inputs.timeout, run).await;
    done.unwrap_or_else(|_| {
        cut_short(&format!(
            "the deadline of {} s passed; nothing more was written, the next run catches up",
            inputs.timeout.as_secs()
        ))
    })
}

fn cut_short(why: &str) -> Outcome {
    let mut outcome = Outcome::default();
    outcome.degrade(why);
    outcome
}

/// Says one thing once, as an annotation.
fn annotate(runner: Runner<'_>, loudness: Loudness, texts: &[String]) {
    if !texts.is_empty() {
        runner.annotate(loudness, "fivekeys", &plain(texts.join("; ")));
    }
}
