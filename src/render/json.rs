//! JSON that people can read and diffs can follow: objects open up, an array's objects take a line each.

use std::io;

use serde::Serialize;
use serde_json::ser::{Formatter, Serializer};

use super::{RenderError, Style, escape};
use crate::report::v1::{Deployment, Incident, Report, WindowInfo};

/// Objects below this depth are written on one line.
const DEEPEST: usize = 4;

/// `report --format json`: the whole document.
pub(crate) fn render(report: &Report, _: &Style) -> Result<String, RenderError> {
    written(report)
}

/// `metrics.json`: the whole document.
///
/// # Errors
/// When the document cannot be written: a bug.
pub fn metrics_json(report: &Report) -> Result<String, RenderError> {
    written(report)
}

/// `deployments.json`: deployments that finished in the window, or are not done, with verdicts and evidence.
///
/// # Errors
/// When the document cannot be written: a bug.
pub fn deployments_json(report: &Report) -> Result<String, RenderError> {
    #[derive(Serialize)]
    struct Document<'a> {
        schema: &'a str,
        window: &'a WindowInfo,
        deployments: Vec<&'a Deployment>,
    }
    written(&Document {
        schema: "fivekeys.deployments/1",
        window: &report.window,
        deployments: report
            .deployments
            .iter()
            .filter(|d| d.finished_at.is_none_or(|at| report.window.from <= at))
            .collect(),
    })
}

/// `incidents.json`: incidents that touch the window.
///
/// # Errors
/// When the document cannot be written: a bug.
pub fn incidents_json(report: &Report) -> Result<String, RenderError> {
    #[derive(Serialize)]
    struct Document<'a> {
        schema: &'a str,
        window: &'a WindowInfo,
        incidents: &'a [Incident],
    }
    written(&Document {
        schema: "fivekeys.incidents/1",
        window: &report.window,
        incidents: &report.incidents,
    })
}

/// Any document in this layout, with a final line break.
pub(crate) fn written(document: &impl Serialize) -> Result<String, RenderError> {
    let mut bytes = Vec::new();
    document.serialize(&mut Serializer::with_formatter(
        &mut bytes,
        Layout::default(),
    ))?;
    bytes.push(b'\n');
    let text = String::from_utf8(bytes);
    let text = text.map_err(|e| RenderError::Json(serde::ser::Error::custom(e)))?;
    Ok(escape::json(&text))
}

/// Where the writer stands.
#[derive(Default)]
struct Layout {
    /// Open containers, outermost first.
    open: Vec<Container>,
}

struct Container {
    /// Its values stand on lines of their own.
    spread: bool,
    is_array: bool,
    empty: bool,
}

impl Layout {
    fn begin(&mut self, is_array: bool) {
        let nested = self.open.iter().any(|c| c.is_array);
        let spread = !is_array && !nested && self.open.len() < DEEPEST;
        self.open.push(Container {
            spread,
            is_array,
            empty: true,
        });
    }

    fn end(&mut self, out: &mut (impl io::Write + ?Sized)) -> io::Result<()> {
        let closed = self.open.pop();
        if closed.is_some_and(|c| c.spread && !c.empty) {
            self.newline(out)?;
        }
        Ok(())
    }

    fn newline(&self, out: &mut (impl io::Write + ?Sized)) -> io::Result<()> {
        out.write_all(b"\n")?;
        for _ in &self.open {
            out.write_all(b" ")?;
        }
        Ok(())
    }
}

impl Formatter for Layout {
    fn begin_object<W: ?Sized + io::Write>(&mut self, out: &mut W) -> io::Result<()> {
        // The first object opens up an array that does not lie inside another.
        let arrays = self.open.iter().filter(|c| c.is_array).count();
        let shallow = self.open.len() <= DEEPEST;
        if let Some(array) = self.open.last_mut().filter(|c| c.is_array)
            && arrays == 1
            && shallow
        {
            array.spread = true;
            self.newline(out)?;
        }
        out.write_all(b"{")?;
        self.begin(false);
        Ok(())
    }

    fn end_object<W: ?Sized + io::Write>(&mut self, out: &mut W) -> io::Result<()> {
        self.end(out)?;
        out.write_all(b"}")
    }

    fn begin_array<W: ?Sized + io::Write>(&mut self, out: &mut W) -> io::Result<()> {
        out.write_all(b"[")?;
        self.begin(true);
        Ok(())
    }

    fn end_array<W: ?Sized + io::Write>(&mut self, out: &mut W) -> io::Result<()> {
        self.end(out)?;
        out.write_all(b"]")
    }

    fn begin_array_value<W: ?Sized + io::Write>(
        &mut self,
        out: &mut W,
        first: bool,
    ) -> io::Result<()> {
        if let Some(array) = self.open.last_mut() {
            array.empty = false;
        }
        if first { Ok(()) } else { out.write_all(b",") }
    }

    fn begin_object_key<W: ?Sized + io::Write>(
        &mut self,
        out: &mut W,
        first: bool,
    ) -> io::Result<()> {
        if !first {
            out.write_all(b",")?;
        }
        let Some(object) = self.open.last_mut() else {
            return Ok(());
        };
        object.empty = false;
        if object.spread {
            self.newline(out)
        } else {
            Ok(())
        }
    }

    fn begin_object_value<W: ?Sized + io::Write>(&mut self, out: &mut W) -> io::Result<()> {
        out.write_all(b": ")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::render::fixture;

    #[test]
    fn the_document_comes_back_unchanged() {
        for report in fixture::all() {
            let text = render(&report, &Style::default()).unwrap();
            assert_eq!(serde_json::from_str::<Report>(&text).unwrap(), report);
        }
    }

    #[test]
    fn every_document_fits_the_published_schema_and_has_no_field_beyond_it() {
        let text = include_str!("../../report.schema.json");
        let mut schema: serde_json::Value = serde_json::from_str(text).unwrap();
        for definition in schema["$defs"].as_object_mut().unwrap().values_mut() {
            if definition["properties"].is_object() {
                definition["additionalProperties"] = false.into();
            }
        }
        schema["additionalProperties"] = false.into();
        let schema = jsonschema::validator_for(&schema).unwrap();
        for report in fixture::all() {
            let text = render(&report, &Style::default()).unwrap();
            let mut value = serde_json::from_str(&text).unwrap();
            let errors: Vec<String> = schema.iter_errors(&value).map(|e| e.to_string()).collect();
            assert!(errors.is_empty(), "{}", errors.join("\n"));
            value["overall"]["metrics"]["change_fail_rate"]["ratio"] = "7 %".into();
            assert!(!schema.is_valid(&value));
        }
    }

    #[test]
    fn a_diff_shows_one_deployment_a_line() {
        let report = fixture::shop();
        let text = render(&report, &Style::default()).unwrap();
        assert!(
            text.starts_with("{\n \"schema\": \"fivekeys.report/1\",\n \"generated_at\""),
            "{text}"
        );
        assert_eq!(
            text.lines()
                .filter(|l| l.starts_with("  {\"id\": \"run:"))
                .count(),
            26
        );
        assert_eq!(
            text.lines().filter(|l| l.contains("{\"start\"")).count(),
            13
        );
        assert!(text.contains("\n \"notes\": [\n  {\"code\""));
        assert!(text.ends_with("]\n}\n"));
    }

    #[test]
    fn the_window_s_documents_hold_the_window() {
        let mut report = fixture::shop();
        report.window.from = report.deployments[10].finished_at.unwrap();
        let text = deployments_json(&report).unwrap();
        let value: serde_json::Value = serde_json::from_str(&text).unwrap();
        assert_eq!(value["deployments"].as_array().unwrap().len(), 16);
        let text = incidents_json(&report).unwrap();
        assert!(
            text.contains("\n \"incidents\": [\n  {\"id\": \"inc:gh:7\""),
            "{text}"
        );
    }
}
