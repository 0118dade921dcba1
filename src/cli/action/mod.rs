//! `fivekeys action`: one run on a runner. Measuring never breaks a deploy: what goes wrong is said, and the exit is 0.

mod comment;
mod flow;
mod inputs;
mod outcome;
mod tell;
mod turn;
mod write;

use std::panic::{AssertUnwindSafe, catch_unwind};

use super::Exit;
use crate::host::Host;
use crate::host::actions::{Loudness, Runner};
use inputs::{FailOn, Inputs};
use outcome::Outcome;

/// Runs the action.
pub(super) fn run(host: &Host) -> Exit {
    let runner = Runner::of(host);
    let inputs = Inputs::read(runner);
    // The default hook would print to stderr what may hold text from outside.
    std::panic::set_hook(Box::new(|_| {}));
    let outcome = catch_unwind(AssertUnwindSafe(|| work(host, &inputs))).unwrap_or_else(|_| {
        let mut outcome = Outcome::default();
        outcome.error("fivekeys failed on a bug of its own; please report it at https://github.com/fivekeys/fivekeys/issues");
        outcome
    });
    tell::all(host, &inputs, &outcome);
    match inputs.fail_on {
        FailOn::Error | FailOn::Degraded if outcome.is_error() || outcome.is_degraded() => {
            Exit::Bug
        }
        FailOn::Error | FailOn::Degraded | FailOn::Gate | FailOn::None => Exit::Fine,
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
    runtime.block_on(async {
        let done = tokio::time::timeout(inputs.timeout, Box::pin(flow::run(host, inputs))).await;
        done.unwrap_or_else(|_| {
            let mut outcome = Outcome::default();
            outcome.degrade(&format!(
                "the deadline of {} s passed; nothing more was written, the next run catches up",
                inputs.timeout.as_secs()
            ));
            outcome
        })
    })
}

/// Says one thing once, as an annotation.
fn annotate(runner: Runner<'_>, loudness: Loudness, texts: &[String]) {
    if !texts.is_empty() {
        runner.annotate(loudness, "fivekeys", &texts.join("; "));
    }
}
