//! What GitHub answers, as a function of bytes; see [`crate::surface`].

use super::answer::Answer;
use super::graph::GraphAnswer;
use super::{GitHubError, StateRequest, state_read};

/// Reads bytes as the body of an answer, under every status that is told apart. The first line is every header too.
pub fn answer(bytes: &[u8]) {
    let text = String::from_utf8_lossy(bytes);
    let header = text.lines().next();
    let request = StateRequest {
        branch: "fivekeys".to_owned(),
        config_path: ".github/fivekeys.yml".to_owned(),
        files: vec![
            "ledger/meta.json".to_owned(),
            "ledger/months/2026-01.jsonl".to_owned(),
        ],
        folder: Some("ledger/events".to_owned()),
        oids: vec!["dashboard/index.html".to_owned()],
        deployments: true,
        issues: vec!["incident".to_owned()],
        marks: true,
        corrections_path: Some(".github/fivekeys-corrections.yml".to_owned()),
    };
    for status in [200, 403, 404, 422, 429, 502] {
        let mut answer = Answer::with_headers(status, |_| header);
        text.as_ref().clone_into(&mut answer.text);
        tame(&GitHubError::of_answer(&answer, "thing"));
        match GraphAnswer::of(&answer) {
            Err(error) => tame(&error),
            Ok(found) => {
                let read = state_read::state(&found, &request);
                for (_, error) in read.iter().flat_map(|(state, _)| &state.problems) {
                    tame(error);
                }
                let _ = (
                    state_read::page(&found.data),
                    state_read::records(&found.data),
                );
            }
        }
        let _ = answer.json::<super::compare::Page>();
    }
}

/// What GitHub says in words stays one short line.
fn tame(error: &GitHubError) {
    let said = format!("{error} {}", error.help().unwrap_or_default());
    assert!(!said.contains(char::is_control), "{said:?}");
    assert!(said.chars().count() < 1_000, "{said:?}");
}
