//! Workflows that look like deploys, said once where nothing better than tags or merges is known.

use super::{Collected, Note, Purse};
use crate::adapter::workflow_file::{self, DeployLike};

/// More lines than this nobody reads in a note.
const MOST: usize = 5;

/// Says which lines of the configuration would make them the source. What cannot be read is no loss.
pub(super) async fn collect(purse: &Purse<'_>, out: &mut Collected) {
    let ask = &purse.ask;
    if purse.left_for_source() == 0 {
        return;
    }
    let files = ask.client.workflow_files(ask.budget).await;
    let found: Vec<DeployLike> = files
        .unwrap_or_default()
        .iter()
        .flat_map(|(name, text)| workflow_file::deploys(name, text, &ask.config.environments))
        .collect();
    if found.is_empty() {
        return;
    }
    let jobs: Vec<String> = found
        .iter()
        .take(MOST)
        .map(|like| match &like.job {
            Some(job) => format!("{} (job {job})", like.file),
            None => like.file.clone(),
        })
        .collect();
    let lines: Vec<String> = found.iter().take(MOST).map(DeployLike::line).collect();
    out.note(Note {
        code: "workflows_look_like_deploys",
        says: format!(
            "these workflows look like deploys and are not counted: {}",
            jobs.join(", ")
        ),
        help: Some(format!(
            "if they are, write `workflows: [{}]` in .github/fivekeys.yml",
            lines.join(", ")
        )),
    });
}
