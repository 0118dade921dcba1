//! The one template environment: embedded templates, undefined is an error, everything is escaped by the file's kind.

use std::sync::LazyLock;

use minijinja::syntax::SyntaxConfig;
use minijinja::value::{Serde, Value};
use minijinja::{AutoEscape, Environment, Error, ErrorKind, Output, State, UndefinedBehavior};
use serde::Serialize;

use super::dialect;
use super::templates::{Own, TemplateError};
use super::{RenderError, escape};

/// Instructions that a team's own template may take; the built-in page of a full report takes less than a tenth of them.
const FUEL: u64 = 500_000;

/// Longest text that a team's own template may make.
const LONGEST: usize = 1024 * 1024;

const TEMPLATES: [(&str, &str); 12] = [
    (
        "fivekeys.yml.j2",
        include_str!("../../templates/fivekeys.yml.j2"),
    ),
    ("parts.md.j2", include_str!("../../templates/parts.md.j2")),
    ("status.md.j2", include_str!("../../templates/status.md.j2")),
    (
        "summary.md.j2",
        include_str!("../../templates/summary.md.j2"),
    ),
    ("readme.md.j2", include_str!("../../templates/readme.md.j2")),
    (
        "comment.md.j2",
        include_str!("../../templates/comment.md.j2"),
    ),
    (
        "preview.md.j2",
        include_str!("../../templates/preview.md.j2"),
    ),
    ("digest.md.j2", include_str!("../../templates/digest.md.j2")),
    ("report.md.j2", include_str!("../../templates/report.md.j2")),
    (
        "explain.md.j2",
        include_str!("../../templates/explain.md.j2"),
    ),
    ("badge.svg.j2", include_str!("../../templates/badge.svg.j2")),
    (
        "dashboard.html.j2",
        include_str!("../../templates/dashboard.html.j2"),
    ),
];

/// Reads each embedded template when it is first asked for, and never again.
static BUILT_IN: LazyLock<Result<Environment<'static>, Error>> = LazyLock::new(|| {
    let mut environment = environment()?;
    environment.set_loader(|name| Ok(source(name)));
    Ok(environment)
});

/// Renders one of the embedded templates.
pub(crate) fn render(name: &str, context: &impl Serialize) -> Result<String, RenderError> {
    let environment = BUILT_IN
        .as_ref()
        .map_err(|e| Error::new(e.kind(), e.to_string()))?;
    let template = environment.get_template(name)?;
    let text = template.render(Value::from(Serde(context)))?;
    Ok(finished(name, text))
}

/// The text of a built-in template.
pub(super) fn source(name: &str) -> Option<&'static str> {
    let mut all = TEMPLATES.iter();
    all.find(|(known, _)| *known == name)
        .map(|(_, source)| *source)
}

/// Whether a team's own template could be rendered: its language and its grammar.
pub(super) fn check(name: &str, own: &Own) -> Result<(), TemplateError> {
    let wrong = |line, what| TemplateError {
        file: own.file.clone(),
        line: Some(line),
        what,
        help: HELP.to_owned(),
    };
    let environment = environment().map_err(|e| explained(name, own, &e))?;
    dialect::check(&own.source, environment.syntax().clone())
        .map_err(|(line, what)| wrong(line, what))?;
    environment
        .template_from_named_str(name, &own.source)
        .map_err(|e| explained(name, own, &e))?;
    Ok(())
}

/// Renders a team's own template: with the built-in ones under `fivekeys/`, a count of its instructions and a cap.
pub(super) fn render_own(
    name: &str,
    own: &Own,
    context: &impl Serialize,
) -> Result<String, RenderError> {
    let mut environment = environment()?;
    for function in ["range", "dict", "debug", "namespace"] {
        environment.remove_global(function);
    }
    environment.set_fuel(Some(FUEL));
    // Its errors know the words that they are about.
    environment.set_debug(true);
    environment.set_loader(|name| {
        let shared = (name == "parts.md.j2").then_some(name);
        Ok(shared.or(name.strip_prefix("fivekeys/")).and_then(source))
    });
    let mut text = Capped(Vec::new());
    // Under no name of its own, so that it cannot begin with itself.
    environment
        .template_from_named_str(name, &own.source)
        .and_then(|template| template.render_captured_to(Value::from(Serde(context)), &mut text))
        .map_err(|e| explained(name, own, &e))?;
    Ok(finished(
        name,
        String::from_utf8_lossy(&text.0).into_owned(),
    ))
}

/// What stands at the end of what a template is refused for.
const HELP: &str = "the section on templates in the README says what can be used";

/// An error of the engine, with the place in the team's own file.
fn explained(name: &str, own: &Own, error: &Error) -> TemplateError {
    let mut what = if error.kind() == ErrorKind::OutOfFuel {
        "it takes too many steps".to_owned()
    } else if error.kind() == ErrorKind::WriteFailure {
        format!("it makes more than {} KiB of text", LONGEST / 1024)
    } else {
        error.kind().to_string()
    };
    let here = error.name() == Some(name);
    if let Some(detail) = error.detail() {
        what = format!("{what}: {detail}");
    } else if let Some(words) = error.range().and_then(|range| own.source.get(range))
        && here
        && error.kind() == ErrorKind::UndefinedError
    {
        what = format!("{what}: `{}`", escape::brief(words));
    }
    TemplateError {
        file: own.file.clone(),
        line: error.line().filter(|_| here),
        what,
        help: HELP.to_owned(),
    }
}

/// Text that refuses to grow any longer.
struct Capped(Vec<u8>);

impl std::io::Write for Capped {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        if self.0.len() + bytes.len() > LONGEST {
            return Err(std::io::ErrorKind::FileTooLarge.into());
        }
        self.0.extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

fn finished(name: &str, text: String) -> String {
    if name.ends_with(".md.j2") {
        spaced(&text)
    } else {
        text
    }
}

/// Sections that are left out leave empty lines behind: one is kept, and one line break at the end.
fn spaced(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut empty = true;
    for line in text.lines() {
        let line = line.trim_end();
        if !(line.is_empty() && empty) {
            out.push_str(line);
            out.push('\n');
        }
        empty = line.is_empty();
    }
    out.truncate(out.trim_end().len());
    out.push('\n');
    out
}

/// The rules of all templates, without any.
fn environment() -> Result<Environment<'static>, Error> {
    let mut environment = Environment::new();
    environment.set_undefined_behavior(UndefinedBehavior::Strict);
    environment.set_syntax(
        SyntaxConfig::builder()
            .trim_blocks(true)
            .lstrip_blocks(true)
            .keep_trailing_newline(true)
            .build()?,
    );
    environment.set_auto_escape_callback(kind_of);
    environment.set_formatter(write_escaped);
    environment.add_filter("address", |state: &State, url: &str| {
        let address = if *state.auto_escape() == AutoEscape::Custom("markdown".into()) {
            escape::silent_address(url)
        } else {
            escape::address(url)
        };
        // An entity is read as `&` in attributes and in Markdown's targets alike.
        Value::from_safe_string(address.unwrap_or_default().replace('&', "&amp;"))
    });
    environment.add_filter("mermaid", |label: &str| {
        Value::from_safe_string(escape::mermaid(label))
    });
    Ok(environment)
}

fn kind_of(name: &str) -> AutoEscape {
    match name.trim_end_matches(".j2").rsplit('.').next() {
        Some("html" | "svg") => AutoEscape::Custom("xml".into()),
        Some("yml") => AutoEscape::Custom("yaml".into()),
        _ => AutoEscape::Custom("markdown".into()),
    }
}

fn write_escaped(out: &mut Output, state: &mut State, value: &Value) -> Result<(), Error> {
    if value.is_undefined() {
        return Err(Error::from(ErrorKind::UndefinedError));
    }
    if value.is_none() {
        // A number that is missing is said in words by the view; what slips through becomes nothing, never 0.
        return Ok(());
    }
    let text = value.to_string();
    let written = if value.is_safe() || value.is_number() {
        out.write_str(&text)
    } else if *state.auto_escape() == AutoEscape::Custom("yaml".into()) {
        // JSON is YAML that no name can break.
        out.write_str(&serde_json::to_string(value).unwrap_or_default())
    } else if *state.auto_escape() == AutoEscape::Custom("xml".into()) {
        out.write_str(&escape::xml(&text))
    } else {
        out.write_str(&escape::markdown(&text))
    };
    written.map_err(Error::from)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rendered(name: &'static str, source: &'static str) -> Result<String, Error> {
        let mut environment = environment().unwrap();
        environment.add_template(name, source)?;
        environment
            .get_template(name)?
            .render(minijinja::context! { x => "<@a|`#1", n => -1.5 })
    }

    #[test]
    fn an_author_cannot_forget_to_escape() {
        assert_eq!(
            rendered("t.md.j2", "{{ x }} {{ n }}").unwrap(),
            "&lt;@<!-- -->a&#124;&#96;&#35;<!-- -->1 -1.5"
        );
        assert_eq!(rendered("t.svg.j2", "{{ x }}").unwrap(), "&lt;@a|`#1");
        assert_eq!(
            rendered("t.html.j2", "{{ [x] }}").unwrap(),
            "[&#39;&lt;@a|`#1&#39;]"
        );
    }

    #[test]
    fn a_typing_error_in_a_template_is_an_error() {
        assert!(rendered("t.md.j2", "{{ nope }}").is_err());
        assert!(rendered("t.html.j2", "{{ x.nope }}").is_err());
    }
}
