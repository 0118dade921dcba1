//! The configuration that `fivekeys init` writes: every key, commented, what was found uncommented.

use serde::Serialize;

use super::{RenderError, template};

/// What of the configuration is written out; the rest is shown as comments.
#[derive(Debug, Clone, Default, Serialize)]
pub struct Found {
    /// Names of environments that exist.
    pub environments: Vec<String>,
    /// Those that are production.
    pub production: Vec<String>,
    /// How far back the first run looks, such as `90d`.
    pub lookback: Option<String>,
    /// What was promised elsewhere.
    pub targets: Vec<String>,
    /// A pattern that most tags follow, where the default matches none.
    pub tags: Option<String>,
    /// Components that tags name.
    pub services: Vec<String>,
    /// Items of `workflows` that name production.
    pub workflows: Vec<FoundWorkflow>,
    /// Items of `workflows` that only look like deploys.
    pub likely_workflows: Vec<FoundWorkflow>,
    /// Items of `state_files`.
    pub state_files: Vec<FoundFile>,
}

/// A workflow that deploys.
#[derive(Debug, Clone, Default, Serialize)]
pub struct FoundWorkflow {
    /// Its file.
    pub file: String,
    /// The job that deploys, as a glob.
    pub job: Option<String>,
    /// Environment, where the job names it.
    pub environment: Option<String>,
}

/// A file whose history is the log of deployments.
#[derive(Debug, Clone, Default, Serialize)]
pub struct FoundFile {
    /// Path in the repository.
    pub path: String,
    /// Environment, where it is known.
    pub environment: Option<String>,
}

/// The file's text. Values are written as JSON, which is YAML that no name can break.
///
/// # Errors
/// When the template is broken.
pub fn config_file(found: &Found) -> Result<String, RenderError> {
    template::render("fivekeys.yml.j2", found)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_hostile_name_stays_a_value() {
        let found = Found {
            environments: vec!["a\nwindow: 1d".to_owned(), "prod: {".to_owned()],
            production: vec!["prod: {".to_owned()],
            lookback: Some("90d".to_owned()),
            targets: vec!["lt <= 1d\nwindow: 2d".to_owned()],
            tags: Some("^a: \"b\n$".to_owned()),
            services: vec!["x\ny: 1".to_owned()],
            workflows: vec![FoundWorkflow {
                file: "a.yml".to_owned(),
                job: Some("b }, c: 1\nwindow: 1d".to_owned()),
                environment: Some("prod".to_owned()),
            }],
            likely_workflows: vec![FoundWorkflow {
                file: "b\nc".to_owned(),
                ..FoundWorkflow::default()
            }],
            state_files: vec![FoundFile {
                path: "a: {\n".to_owned(),
                environment: None,
            }],
        };
        let text = config_file(&found).unwrap();
        assert!(text.contains("\nenvironments: [\"prod: {\"]\n"), "{text}");
        assert!(text.contains("\nlookback: \"90d\"\n"));
        assert!(!text.contains("\nwindow: 1d") && !text.contains("\nwindow: 2d"));
        assert!(!text.contains("\ny: 1"));
        let item = r#"  - {file: "a.yml", job: "b }, c: 1\nwindow: 1d", environment: "prod"}"#;
        assert!(text.lines().any(|line| line == item), "{text}");
        let likely = r#"#   - {file: "b\nc"}"#;
        assert!(text.lines().any(|line| line == likely), "{text}");
        assert!(text.contains("\n  - {path: \"a: {\\n\"}\n"), "{text}");
    }
}
