//! Templates of a team in place of the built-in ones, checked before they are used and after.

use std::collections::BTreeMap;

use serde::Serialize;

use super::{RenderError, template};
use crate::event::nearest;

/// Templates that a team can replace. The others say what has to be said, or are no text for readers.
pub const REPLACEABLE: [&str; 9] = [
    "badge.svg.j2",
    "comment.md.j2",
    "dashboard.html.j2",
    "digest.md.j2",
    "explain.md.j2",
    "preview.md.j2",
    "readme.md.j2",
    "report.md.j2",
    "summary.md.j2",
];

/// A template that cannot be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{file}{}: {what}", line.map(|line| format!(", line {line}")).unwrap_or_default())]
pub struct TemplateError {
    /// The file, as it was given.
    pub file: String,
    /// Its line, from 1, where it is known.
    pub line: Option<usize>,
    /// What is wrong.
    pub what: String,
    /// What to do about it.
    pub help: String,
}

impl TemplateError {
    /// For a file that is no text.
    #[must_use]
    pub fn unreadable(file: String) -> Self {
        Self {
            file,
            line: None,
            what: "it is too large, or no UTF-8 text".to_owned(),
            help: "write it as text".to_owned(),
        }
    }
}

/// A team's own template.
#[derive(Debug, Clone)]
pub(super) struct Own {
    pub(super) file: String,
    pub(super) source: String,
}

/// The templates in force: the built-in ones, and those that a team has put in their place.
#[derive(Debug, Clone, Default)]
pub struct Templates {
    own: BTreeMap<&'static str, Own>,
}

impl Templates {
    /// Puts a template in the place of the built-in one that has the same name as its file.
    ///
    /// # Errors
    /// When there is none of this name, or the text is not of the language that templates are written in.
    pub fn replace(&mut self, file: &str, source: &str) -> Result<(), TemplateError> {
        let base = file.rsplit('/').next().unwrap_or(file);
        let Some(name) = REPLACEABLE.into_iter().find(|name| *name == base) else {
            return Err(TemplateError {
                file: file.to_owned(),
                line: None,
                what: "there is no built-in template of this name".to_owned(),
                help: match nearest(base, REPLACEABLE) {
                    Some(name) => format!("did you mean `{name}`?"),
                    None => format!("templates are {}", REPLACEABLE.join(", ")),
                },
            });
        };
        let own = Own {
            file: file.to_owned(),
            // An editor's mark of the byte order is no text.
            source: source.trim_start_matches('\u{feff}').to_owned(),
        };
        template::check(name, &own)?;
        self.own.insert(name, own);
        Ok(())
    }

    /// Takes the built-in template again.
    pub fn reject(&mut self, error: &TemplateError) {
        self.own.retain(|_, own| own.file != error.file);
    }

    /// Whether a template was replaced.
    pub(super) fn has_own(&self, name: &str) -> bool {
        self.own.contains_key(name)
    }

    /// Renders the template in force. What a team's own makes must contain every text of `needs`.
    pub(super) fn render(
        &self,
        name: &'static str,
        context: &impl Serialize,
        needs: &[&str],
    ) -> Result<String, RenderError> {
        let Some(own) = self.own.get(name) else {
            return template::render(name, context);
        };
        let text = template::render_own(name, own, context)?;
        match needs.iter().find(|need| !text.contains(**need)) {
            None => Ok(text),
            Some(need) => Err(self.refuse(name, &format!("what it makes has no `{need}`"))),
        }
    }

    /// What is wrong with the text that a team's own template has made.
    pub(super) fn refuse(&self, name: &'static str, what: &str) -> RenderError {
        RenderError::Own(TemplateError {
            file: self
                .own
                .get(name)
                .map_or_else(|| name.to_owned(), |own| own.file.clone()),
            line: None,
            what: what.to_owned(),
            help: format!(
                "begin with `{{% extends \"fivekeys/{name}\" %}}` and replace only its blocks"
            ),
        })
    }
}

#[cfg(test)]
#[path = "templates_tests.rs"]
mod tests;
