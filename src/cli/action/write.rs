//! The write of a run: ledger and results in one commit on what was read.

use super::flow::{Pass, Run, said};
use super::outcome::Outcome;
use crate::cli::artifacts::{self, Wanted};
use crate::github::GitHubError;
use crate::ledger::{Branch, Loaded, Plan};
use crate::report::v1::Report;

impl Run<'_> {
    /// Commits a plan; also tells whether the answer was lost.
    pub(super) async fn write(
        &self,
        loaded: &Loaded,
        mut plan: Plan,
        report: &Report,
        outcome: &mut Outcome,
        writes: &mut u32,
    ) -> (Pass, bool) {
        let mut facts = outcome.facts.clone();
        facts.persisted = true;
        let wanted = Wanted {
            badges: self.inputs.badges,
            // The first writer of a day, and whoever makes the branch or finds none.
            page: !has_page(loaded) || !plan.deletes.is_empty(),
        };
        match outcome.draw(|templates| artifacts::all(report, &facts, wanted, templates)) {
            Ok(files) => plan.writes.extend(files),
            Err(e) => outcome.error(&format!("the results could not be rendered: {e}")),
        }
        plan.writes
            .insert(crate::ledger::META.to_owned(), loaded.ledger.meta_text());
        outcome.files = plan
            .writes
            .iter()
            .map(|(path, text)| (path.clone(), text.len()))
            .collect();
        if self.inputs.dry_run || self.is_read_only() {
            return (Pass::Done, false);
        }
        *writes += 1;
        let headline = headline(outcome.facts.deployment.as_deref(), plan.taken_in);
        let saved = Branch::new(self.client, &self.inputs.branch)
            .save(loaded.head.as_deref(), &plan, &headline, &self.budget)
            .await;
        let doubt = matches!(saved, Err(GitHubError::Ambiguous { .. }));
        (self.settle(saved, outcome, *writes).await, doubt)
    }

    async fn settle(
        &self,
        saved: Result<String, GitHubError>,
        outcome: &mut Outcome,
        writes: u32,
    ) -> Pass {
        match saved {
            Ok(commit) => {
                outcome.commit = Some(commit);
                outcome.facts.persisted = true;
                Pass::Done
            }
            // Both mean: read again. The answer is on the branch.
            Err(GitHubError::Stale | GitHubError::Ambiguous { .. }) => {
                let wait = self.backoff(writes).min(self.budget.left());
                tokio::time::sleep(wait).await;
                Pass::Again
            }
            Err(error) => {
                outcome.degrade(&format!(
                    "branch `{}` could not be written: {}",
                    self.inputs.branch,
                    said(&error)
                ));
                Pass::Done
            }
        }
    }
}

/// Whether the branch has the page already.
fn has_page(loaded: &Loaded) -> bool {
    let branch = loaded.state.branch.as_ref();
    branch.is_some_and(|b| b.files.contains_key("dashboard/index.html"))
}

fn headline(deployment: Option<&str>, taken_in: usize) -> String {
    let more = taken_in.saturating_sub(usize::from(deployment.is_some()));
    // Environment and service may say anything, and GitHub reads mentions and references in commits too.
    let what: String = deployment
        .and_then(|id| id.split('/').next())
        .unwrap_or("sweep")
        .chars()
        .filter(|c| c.is_ascii_alphanumeric() || matches!(c, ':' | '_'))
        .take(60)
        .collect();
    format!("fivekeys: {what} (+{more}) [skip ci]")
}
