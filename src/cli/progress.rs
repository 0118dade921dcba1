//! How far long work has come, on a terminal only: a pipe, a log and a file get nothing of it.

use std::time::Duration;

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

use super::failure::plain;
use super::report::terminal;
use crate::host::Host;

/// A bar over steps of a known number, or a spinner for one; it goes away when it is dropped.
#[derive(Debug)]
pub(super) struct Progress {
    bar: ProgressBar,
}

impl Progress {
    /// Nothing is done yet.
    pub(super) fn start(host: &Host, steps: usize) -> Self {
        let target = if host.stderr_is_terminal {
            ProgressDrawTarget::stderr()
        } else {
            ProgressDrawTarget::hidden()
        };
        let bar = ProgressBar::with_draw_target(Some(steps as u64), target);
        let template = if steps > 1 {
            "{spinner} [{bar:20}] {pos}/{len} {msg} ({elapsed})"
        } else {
            "{spinner} {msg} ({elapsed})"
        };
        if let Ok(style) = ProgressStyle::with_template(template) {
            bar.set_style(if terminal(host).ascii {
                style.progress_chars("=> ").tick_chars("|/-\\ ")
            } else {
                style.progress_chars("█▌░")
            });
        }
        Self { bar }
    }

    /// The next step begins; the one before it is done.
    pub(super) fn step(&self, what: &str) {
        if self.bar.message().is_empty() {
            self.bar.enable_steady_tick(Duration::from_millis(120));
        } else {
            self.bar.inc(1);
        }
        self.bar.set_message(plain(what));
    }
}

impl Drop for Progress {
    fn drop(&mut self) {
        self.bar.finish_and_clear();
    }
}
