//! What a job may do: the lines of `permissions` that the configuration in force needs, and no others.

use super::checkup::Permission;
use crate::config::{Config, SourceChoice};

/// The lines to paste, `refused` of them marked.
pub(super) fn needed(config: &Config, is_private: bool, refused: &[&str]) -> Vec<Permission> {
    let shipped = config.comment.tells_shipped() && config.max_comments > 0;
    let comments = shipped || config.comment.tells_open();
    let records = matches!(
        config.source,
        SourceChoice::Auto | SourceChoice::Deployments
    );
    let runs = config.source == SourceChoice::Workflows || !config.workflows.is_empty();
    let lines = [
        Some((
            "contents",
            "write",
            "the branch, commits, the configuration",
        )),
        records.then_some(("deployments", "read", "the history")),
        Some(if comments {
            (
                "pull-requests",
                "write",
                "changes, and comments on pull requests",
            )
        } else {
            ("pull-requests", "read", "changes")
        }),
        (!config.incident_labels.is_empty()).then_some(("issues", "read", "incidents")),
        if runs {
            Some(("actions", "read", "the workflow runs that are deployments"))
        } else {
            // Anybody may read the runs of a public repository.
            is_private.then_some(("actions", "read", "tests, queues and waits for approval"))
        },
    ];
    let lines = lines.into_iter().flatten();
    lines
        .map(|(scope, level, why)| Permission {
            scope,
            level,
            why,
            refused: refused.contains(&scope),
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::parse;

    fn lines(text: &str, is_private: bool) -> Vec<String> {
        let needed = needed(&parse(text).unwrap(), is_private, &["issues"]);
        needed
            .iter()
            .map(|p| format!("{}: {}", p.scope, p.level))
            .collect()
    }

    #[test]
    fn only_what_the_configuration_needs_is_asked_for() {
        assert_eq!(
            lines("", true),
            [
                "contents: write",
                "deployments: read",
                "pull-requests: write",
                "issues: read",
                "actions: read"
            ]
        );
        assert_eq!(
            lines("", false).len(),
            4,
            "anybody may read the runs of a public repository"
        );
        let little = "source: tags\ncomment: {mode: off}\nincidents: {labels: []}\n";
        assert_eq!(
            lines(little, false),
            ["contents: write", "pull-requests: read"]
        );
        for mode in ["preview", "all"] {
            let told = lines(&format!("comment: {{mode: {mode}}}\n"), false);
            assert!(told.contains(&"pull-requests: write".to_owned()), "{mode}");
        }
        let runs = lines("workflows: [{file: deploy.yml}]\n", false);
        assert_eq!(runs.last().map(String::as_str), Some("actions: read"));
    }
}
