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
        };
        let text = config_file(&found).unwrap();
        assert!(text.contains("\nenvironments: [\"prod: {\"]\n"), "{text}");
        assert!(text.contains("\nlookback: \"90d\"\n"));
        assert!(!text.contains("\nwindow: 1d") && !text.contains("\nwindow: 2d"));
    }
}
