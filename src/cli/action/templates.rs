//! The team's templates, from the default branch alone: never from what a pull request brings.

use super::flow::{Run, said};
use super::outcome::Outcome;
use crate::config::Config;
use crate::render::{TemplateError, Templates};

impl Run<'_> {
    /// Reads them where the configuration names a folder. What cannot be used is said, and the built-in one is used.
    pub(super) async fn templates(&self, config: &Config, outcome: &mut Outcome) {
        outcome.templates = Templates::default();
        let Some(folder) = &config.templates else {
            return;
        };
        let files = match self.client.folder(folder, &self.budget).await {
            Ok(Some(files)) => files,
            Ok(None) => {
                outcome.error(&format!(
                    "`templates`: there is no folder `{folder}` on the default branch; the built-in ones are used"
                ));
                return;
            }
            Err(error) => {
                outcome.degrade(&format!(
                    "the templates in {folder} could not be read: {}",
                    said(&error)
                ));
                return;
            }
        };
        for (name, text) in files.iter().filter(|(name, _)| is_template(name)) {
            let file = format!("{folder}/{name}");
            let put = match text {
                Some(text) => outcome.templates.replace(&file, text),
                None => Err(TemplateError::unreadable(file)),
            };
            if let Err(error) = put {
                outcome.reject(&error);
            }
        }
    }
}

/// Beside them may lie what explains them.
fn is_template(name: &str) -> bool {
    name.rsplit_once('.')
        .is_some_and(|(_, ending)| ending == "j2")
}
