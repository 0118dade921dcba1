//! The `deployments` import: one deployment a row, as CSV or JSON, by the column names that exports use.

use std::collections::BTreeMap;

use serde_json::Value;

use super::loose_time::{self, Moment};
use super::table::{self, Adapter, Assumed, ReadError, Reading};
use crate::config::{Config, ShapeError};
use crate::event::{Deployment, Event, Fact, Instant, Outcome, Source, digest, distance};

/// The row of [`super::ADAPTERS`].
pub(super) const ADAPTER: Adapter = Adapter {
    id: "deployments",
    title: "Deployments, a row each",
    definition: "An export of deployments: CSV with a line of names, a JSON list, or an object a line. Columns are found by the names that exports use; those that are not read are said.",
    read,
};

fn read(bytes: &[u8], _config: &Config) -> Result<Reading, ReadError> {
    let rows = parse(table::text(bytes)?)?;
    let notes = notes(&rows);
    Ok(Reading {
        events: rows.events,
        since: rows.since,
        notes,
        ..Reading::default()
    })
}

fn notes(rows: &DeploymentRows) -> Vec<Assumed> {
    let mut notes = Vec::new();
    if !rows.unread.is_empty() {
        let names: Vec<&str> = rows.unread.iter().take(12).map(String::as_str).collect();
        notes.push(Assumed {
            code: "columns_not_read",
            says: format!("These columns are not read: {}.", names.join(", ")),
            help: Some("docs/command-line.md lists the columns that are."),
        });
    }
    if rows.assumed_utc > 0 {
        let n = rows.assumed_utc;
        notes.push(Assumed {
            code: "utc_assumed",
            says: format!("{n} deployments have a time without an offset: UTC was assumed."),
            help: Some("Write times as 2026-03-02T10:00:00+01:00."),
        });
    }
    if !rows.unknown_statuses.is_empty() {
        let listed = rows.unknown_statuses.iter().take(8);
        let words: Vec<String> = listed.map(|(word, n)| format!("{word} ({n})")).collect();
        notes.push(Assumed {
            code: "statuses_not_known",
            says: format!(
                "Deployments with these statuses are not counted: {}.",
                words.join(", ")
            ),
            help: Some("Use success, failure or cancelled."),
        });
    }
    notes
}

/// What a column means, and the names it goes by; the first of them that has a value counts.
#[derive(Debug)]
pub struct Column {
    /// What it means.
    pub means: &'static str,
    /// Its names, compared without case, spaces, dashes and underscores.
    pub names: &'static [&'static str],
}

const FINISHED: usize = 0;
const STARTED: usize = 1;
const ENVIRONMENT: usize = 2;
const SERVICE: usize = 3;
const VERSION: usize = 4;
const STATUS: usize = 5;
const ID: usize = 6;
const RUN: usize = 7;

/// The columns that are read.
pub const DEPLOYMENT_COLUMNS: [Column; 9] = [
    Column {
        means: "When it took effect, or failed. Needed, unless it has a start. Without an offset it is UTC.",
        names: &[
            "finished_at",
            "deployed_at",
            "completed_at",
            "ended_at",
            "timestamp",
            "time",
            "date",
        ],
    },
    Column {
        means: "When work on it began.",
        names: &["started_at", "start_time", "created_at"],
    },
    Column {
        means: "Where it went. A file without this column is all `production`.",
        names: &["environment", "environment_name", "env", "stage"],
    },
    Column {
        means: "What was deployed: the component.",
        names: &[
            "service",
            "service_name",
            "application",
            "app",
            "component",
            "project",
        ],
    },
    Column {
        means: "Which commit or version of it.",
        names: &["version", "sha", "commit_sha", "commit", "revision", "tag"],
    },
    Column {
        means: "How it ended, in the words of most tools. Without it: success.",
        names: &["status", "result", "outcome", "conclusion", "state"],
    },
    Column {
        means: "A key of its own. Without it, its content is the key.",
        names: &["id", "deployment_id"],
    },
    Column {
        means: "The run it belongs to: rows of one run and service are one deployment.",
        names: &["run", "run_id", "pipeline_id", "build_id"],
    },
    Column {
        means: "A page about it.",
        names: &["url", "link"],
    },
];

/// Distinct names that are remembered: rows of JSON may each bring new ones.
const MOST_NAMES: usize = 1000;

/// What a file of deployments holds.
#[derive(Debug, Default)]
struct DeploymentRows {
    /// Its facts.
    events: Vec<Event>,
    /// Time of the first row.
    since: Option<Instant>,
    /// Columns that mean nothing here.
    unread: Vec<String>,
    /// Rows whose time names no offset.
    assumed_utc: usize,
    /// Words for how it ended that mean nothing here, and how many rows have each: those are not counted.
    unknown_statuses: BTreeMap<String, usize>,
}

/// Cells by column of [`DEPLOYMENT_COLUMNS`], and the line they stand in.
struct Row {
    line: usize,
    cells: [Option<String>; DEPLOYMENT_COLUMNS.len()],
}

/// The names of a file's columns, each looked up once: place in the table, and place among the names there.
type Names = BTreeMap<String, Option<(usize, usize)>>;

/// Reads a file of deployments: CSV with a line of names (by comma, semicolon or tab), JSON Lines, or a JSON list.
///
/// # Errors
/// When it is none of these, has no column for the time, or a row whose time cannot be read; with line and near match.
fn parse(text: &str) -> Result<DeploymentRows, ShapeError> {
    let mut names = Names::new();
    let rows = match text.trim_start().chars().next() {
        Some('{') => json_lines(text, &mut names)?,
        Some('[') => json_list(text, &mut names)?,
        Some(_) => csv_rows(text, &mut names)?,
        None => return Err(wrong(1, "there are no rows".to_owned(), None)),
    };
    let unread = names.into_iter().filter(|(_, found)| found.is_none());
    let mut out = DeploymentRows {
        unread: unread.map(|(name, _)| name).collect(),
        ..DeploymentRows::default()
    };
    check_names(&out.unread)?;
    let any = |column: usize| rows.iter().any(|r| r.cells[column].is_some());
    if !any(FINISHED) && !any(STARTED) {
        let names = DEPLOYMENT_COLUMNS[FINISHED].names.join(", ");
        let help = format!("name the column of the time one of {names}");
        return Err(wrong(1, "no column says when".to_owned(), Some(help)));
    }
    let elsewhere = if any(ENVIRONMENT) {
        "unknown"
    } else {
        "production"
    };
    for row in rows {
        let event = event(row, elsewhere, &mut out)?;
        out.since = out.since.into_iter().chain([event.time]).min();
        out.events.push(event);
    }
    Ok(out)
}

fn wrong(line: usize, what: String, help: Option<String>) -> ShapeError {
    ShapeError {
        place: Some((line, 1)),
        what,
        help,
    }
}

/// A name that is nearly one of ours is a typing error, not a column of somebody else's.
fn check_names(unread: &[String]) -> Result<(), ShapeError> {
    let known: Vec<&str> = DEPLOYMENT_COLUMNS
        .iter()
        .flat_map(|c| c.names.iter().copied())
        .collect();
    for name in unread.iter().filter(|n| n.len() > 4) {
        if let Some(near) = known.iter().filter(|k| distance(name, k) == 1).min() {
            let help = format!("did you mean `{near}`?");
            return Err(wrong(1, format!("unknown column `{name}`"), Some(help)));
        }
    }
    Ok(())
}

/// Place of a column in the table, and of its name among the names.
fn column(name: &str) -> Option<(usize, usize)> {
    let plain = |name: &str| -> String {
        let letters = name.chars().filter(|c| c.is_alphanumeric());
        letters.flat_map(char::to_lowercase).collect()
    };
    let wanted = plain(name);
    DEPLOYMENT_COLUMNS
        .iter()
        .enumerate()
        .find_map(|(at, column)| {
            let rank = column.names.iter().position(|n| plain(n) == wanted)?;
            Some((at, rank))
        })
}

/// Sorts named values into their columns.
fn row<'a>(
    line: usize,
    values: impl Iterator<Item = (&'a str, Option<String>)>,
    names: &mut Names,
) -> Row {
    let mut cells = [const { None }; DEPLOYMENT_COLUMNS.len()];
    let mut ranks = [usize::MAX; DEPLOYMENT_COLUMNS.len()];
    for (name, value) in values {
        let found = match names.get(name) {
            Some(known) => *known,
            None if names.len() < MOST_NAMES => {
                *names.entry(name.to_owned()).or_insert_with(|| column(name))
            }
            None => column(name),
        };
        let value = value.filter(|v| !v.trim().is_empty());
        if let Some((at, rank)) = found
            && value.is_some()
            && rank < ranks[at]
        {
            ranks[at] = rank;
            cells[at] = value;
        }
    }
    Row { line, cells }
}

fn csv_rows(text: &str, names: &mut Names) -> Result<Vec<Row>, ShapeError> {
    let first = text.lines().next().unwrap_or("");
    let most = [b',', b';', b'\t']
        .into_iter()
        .max_by_key(|c| (first.bytes().filter(|b| b == c).count(), *c == b','));
    let mut reader = csv::ReaderBuilder::new()
        .delimiter(most.unwrap_or(b','))
        .trim(csv::Trim::All)
        .from_reader(text.as_bytes());
    let broken = |e: csv::Error| {
        let line = e.position().map_or(1, csv::Position::line);
        wrong(usize::try_from(line).unwrap_or(1), e.to_string(), None)
    };
    let header = reader.headers().map_err(broken)?.clone();
    let mut rows = Vec::new();
    for record in reader.records() {
        let record = record.map_err(broken)?;
        let line = record.position().map_or(0, csv::Position::line);
        let values = header.iter().zip(record.iter().map(|v| Some(v.to_owned())));
        rows.push(row(usize::try_from(line).unwrap_or(0), values, names));
    }
    Ok(rows)
}

fn json_lines(text: &str, names: &mut Names) -> Result<Vec<Row>, ShapeError> {
    (1..)
        .zip(text.lines())
        .filter(|(_, line)| !line.trim().is_empty())
        .map(|(line, text)| {
            let value: Value = serde_json::from_str(text)
                .map_err(|e| ShapeError::new(&e.to_string(), Some((line, e.column()))))?;
            json_row(line, &value, names)
        })
        .collect()
}

fn json_list(text: &str, names: &mut Names) -> Result<Vec<Row>, ShapeError> {
    let list: Vec<Value> = serde_json::from_str(text)
        .map_err(|e| ShapeError::new(&e.to_string(), Some((e.line(), e.column()))))?;
    // The line of an entry is not known: its number is the next best.
    let numbered = (1..).zip(&list);
    numbered
        .map(|(n, value)| json_row(n, value, names))
        .collect()
}

fn json_row(line: usize, value: &Value, names: &mut Names) -> Result<Row, ShapeError> {
    let Some(object) = value.as_object() else {
        return Err(wrong(
            line,
            "a deployment is one JSON object".to_owned(),
            None,
        ));
    };
    let values = object.iter().map(|(name, value)| {
        let text = match value {
            Value::String(text) => Some(text.clone()),
            Value::Number(number) => Some(number.to_string()),
            Value::Null | Value::Bool(_) | Value::Array(_) | Value::Object(_) => None,
        };
        (name.as_str(), text)
    });
    Ok(row(line, values, names))
}

fn event(row: Row, elsewhere: &str, out: &mut DeploymentRows) -> Result<Event, ShapeError> {
    let mut assumed = false;
    let mut moment = |at: usize| -> Result<Option<Instant>, ShapeError> {
        let Some(text) = &row.cells[at] else {
            return Ok(None);
        };
        let Some(Moment { at, assumed_utc }) = loose_time::read(text) else {
            let shown: String = text.chars().take(60).collect();
            let help = "write it as 2026-03-02T10:00:00Z".to_owned();
            return Err(wrong(
                row.line,
                format!("`{shown}` is not a moment"),
                Some(help),
            ));
        };
        assumed |= assumed_utc;
        Ok(Some(at))
    };
    let (finished, started) = (moment(FINISHED)?, moment(STARTED)?);
    let Some(time) = finished.or(started) else {
        return Err(wrong(
            row.line,
            "this deployment has no time".to_owned(),
            None,
        ));
    };
    let outcome = match row.cells[STATUS].as_deref() {
        None => Outcome::Success,
        Some(word) => Outcome::read(word).unwrap_or_else(|| {
            let shown: String = word.chars().take(40).collect();
            *out.unknown_statuses.entry(shown).or_default() += 1;
            Outcome::Ignored
        }),
    };
    out.assumed_utc += usize::from(assumed);
    let id = row.cells[ID]
        .clone()
        .unwrap_or_else(|| content_id(&row, time));
    let [_, _, environment, service, version, _, _, run, url] = row.cells;
    let ended = outcome != Outcome::Pending;
    Ok(Event {
        id,
        time,
        source: Source::History,
        updated: time,
        fact: Fact::Deployment(Deployment {
            service,
            environment: environment.unwrap_or_else(|| elsewhere.to_owned()),
            revision: version,
            outcome,
            started_at: started,
            finished_at: Some(time).filter(|_| ended),
            approximate: ended && finished.is_none(),
            run,
            url: url.filter(|u| u.starts_with("https://") || u.starts_with("http://")),
            ..Deployment::default()
        }),
    })
}

/// Two rows that say the same are one deployment.
fn content_id(row: &Row, time: Instant) -> String {
    let cell = |at: usize| row.cells[at].as_deref().unwrap_or("");
    let parts = [
        &time.to_rfc3339(),
        cell(STARTED),
        cell(ENVIRONMENT),
        cell(SERVICE),
        cell(VERSION),
        cell(STATUS),
        cell(RUN),
    ];
    format!("dep:{}", digest(parts.join("\u{1f}").as_bytes(), 12))
}

#[cfg(test)]
#[path = "deployment_rows_tests.rs"]
mod tests;
