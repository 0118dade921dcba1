//! The report as text: one table of formats, one place that escapes, one place that words numbers.

mod apology;
mod badge;
mod beside;
mod beyond;
mod cdevents;
mod chart;
mod comment;
mod compare;
mod config_file;
mod csv;
mod dialect;
mod digest;
mod distribution;
mod escape;
mod evidence;
mod explain;
mod facts;
mod font;
mod gauge;
mod humanize;
mod json;
mod judged;
mod markdown;
mod openmetrics;
mod otlp;
mod page;
mod preview;
mod readme;
mod screen;
mod shelf;
mod spark;
mod template;
mod templates;
mod terminal;
mod this;
mod trend;
mod view;

pub use apology::apology;
pub use badge::badges;
pub use comment::{comment, marker};
pub use compare::compare;
pub use config_file::{Found, FoundFile, FoundWorkflow, config_file};
pub use digest::{DIGESTS, digest_issue};
pub(crate) use escape::is_hidden;
pub use explain::{
    Comparison, EXPLANATION_SCHEMA, Exclusion, Explanation, Fact, Item, Kind, Measure, Part, RULES,
    Reason, Rule, Unexplained, explain, explainable, explanation_json, explanation_markdown,
    explanation_terminal,
};
pub use humanize::{REASONS, reason};
pub use json::{deployments_json, incidents_json, metrics_json};
pub use markdown::{Effect, RunFacts, effects, summary};
pub use page::page;
pub use preview::{preview, preview_marker};
pub use readme::readme;
pub use shelf::badge_snippets;
pub use templates::{REPLACEABLE, TemplateError, Templates};
pub use trend::trend;

use crate::report::v1::Report;

/// How text for a terminal looks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[expect(
    clippy::struct_excessive_bools,
    reason = "four independent switches of the command line"
)]
pub struct Style {
    /// Columns; lines are wrapped or shortened to them.
    pub width: usize,
    /// Whether ANSI colours are used. Nothing is said by colour alone.
    pub colour: bool,
    /// Whether the output is limited to ASCII.
    pub ascii: bool,
    /// Everything that is known, over several screens.
    pub verbose: bool,
    /// One line a metric.
    pub compact: bool,
}

impl Default for Style {
    fn default() -> Self {
        Self {
            width: 80,
            colour: false,
            ascii: false,
            verbose: false,
            compact: false,
        }
    }
}

/// Why a report could not be turned into text.
#[derive(Debug, thiserror::Error)]
pub enum RenderError {
    /// A template of this program is wrong: a bug.
    #[error("a template cannot be rendered")]
    Template(#[from] minijinja::Error),
    /// A template of the team is wrong.
    #[error(transparent)]
    Own(#[from] TemplateError),
    /// The document cannot be written as JSON: a bug.
    #[error("the report cannot be written as JSON")]
    Json(#[from] serde_json::Error),
}

/// A row of [`FORMATS`].
#[derive(Debug, Clone, Copy)]
pub struct Format {
    /// What `--format` accepts.
    pub id: &'static str,
    /// What it is, in a few words.
    pub title: &'static str,
    /// IANA media type.
    pub media_type: &'static str,
    /// The whole report in this format, by the templates in force where it has one.
    pub render: fn(&Report, &Style, &Templates) -> Result<String, RenderError>,
}

/// The formats of `report`.
pub const FORMATS: [Format; 13] = [
    Format {
        id: "terminal",
        title: "a screen of text for people",
        media_type: "text/plain",
        render: |report, style, _| terminal::render(report, style),
    },
    Format {
        id: "markdown",
        title: "GitHub-flavoured Markdown",
        media_type: "text/markdown",
        render: markdown::render,
    },
    Format {
        id: "html",
        title: "the dashboard page, one file that needs no network",
        media_type: "text/html",
        render: |report, _, templates| page(report, templates),
    },
    Format {
        id: "digest",
        title: "the period in short, as Markdown",
        media_type: "text/markdown",
        render: digest::markdown,
    },
    Format {
        id: "json",
        title: "the whole document, report version 1",
        media_type: "application/json",
        render: |report, style, _| json::render(report, style),
    },
    Format {
        id: "csv",
        title: "one row a scope, metric and window",
        media_type: "text/csv",
        render: |report, style, _| csv::render(report, style),
    },
    Format {
        id: "csv-deployments",
        title: "the window's deployments, a row each",
        media_type: "text/csv",
        render: |report, style, _| facts::deployments(report, style),
    },
    Format {
        id: "csv-changes",
        title: "the changes that they delivered, a row each",
        media_type: "text/csv",
        render: |report, style, _| facts::changes(report, style),
    },
    Format {
        id: "csv-incidents",
        title: "the window's incidents, a row each",
        media_type: "text/csv",
        render: |report, style, _| facts::incidents(report, style),
    },
    Format {
        id: "openmetrics",
        title: "OpenMetrics 1.0 text, for a scrape",
        media_type: "application/openmetrics-text",
        render: |report, style, _| openmetrics::render(report, style),
    },
    Format {
        id: "prometheus",
        title: "the same as Prometheus' own text, for the Pushgateway and the node exporter's textfiles",
        media_type: "text/plain; version=0.0.4",
        render: |report, style, _| openmetrics::text_format(report, style),
    },
    Format {
        id: "otlp",
        title: "OpenTelemetry metrics, OTLP as JSON",
        media_type: "application/json",
        render: |report, style, _| otlp::render(report, style),
    },
    Format {
        id: "cdevents",
        title: "CDEvents 0.5.1, an event a line",
        media_type: "application/jsonl",
        render: |report, style, _| cdevents::render(report, style),
    },
];

/// Finds a format by id.
#[must_use]
pub fn find_format(id: &str) -> Option<&'static Format> {
    FORMATS.iter().find(|format| format.id == id)
}

#[cfg(test)]
mod fixture;
