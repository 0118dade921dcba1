//! `fivekeys verify`: the published numbers, recomputed from the ledger.

mod difference;

use std::path::Path;

use serde_json::Value;

use super::args::VerifyArgs;
use difference::{Findings, compare, forget};

use super::artifacts::{self, METRICS, Wanted};
use super::failure::plain;
use super::workspace::{self, FOLDER};
use super::{Exit, Failure, question};
use crate::config::{parse_guardrail, parse_target};
use crate::event::{Window, is_datable};
use crate::host::{Host, disk};
use crate::ledger::Folder;
use crate::render::{RunFacts, Templates};
use crate::report::v1::{Definition, Report, SCHEMA};
use crate::report::{Ask, build, fingerprint};

/// Largest document that is read.
const LARGEST: u64 = 256 << 20;
/// Most differences that are listed.
const LISTED: usize = 20;

/// Runs the command.
pub(super) fn run(host: &Host, args: &VerifyArgs) -> Result<Exit, Failure> {
    let root = workspace::top(host);
    let path = args
        .folder
        .as_ref()
        .map_or_else(|| root.join(FOLDER), |f| host.folder.join(f));
    let (published, text) = published(&path.join(METRICS))?;
    let mut config = question::read_config(&root, args.config.as_deref())?;
    // A promise is no rule of counting: those of then are judged again, whatever is promised now.
    let targets = published.targets.iter();
    config.targets = targets.filter_map(|t| parse_target(&t.text).ok()).collect();
    let guardrails = published.guardrails.iter();
    config.guardrails = guardrails
        .filter_map(|g| parse_guardrail(&g.text).ok())
        .collect();
    let ledger = Folder::at(&path).load()?;
    if !ledger.is_writable() {
        return Err(workspace::unusable(&ledger));
    }
    let ask = Ask {
        window: Window {
            from: published.window.from,
            to: published.window.to,
        },
        now: published.generated_at,
        repository: published.repository.clone(),
        // What was skipped then lowers the quality of the data then.
        notes: published.notes.clone(),
    };
    let mut computed = build(&ledger.events, &config, &ask);
    // Notes of collecting are no numbers: what was skipped then cannot be recomputed now.
    computed.notes.clone_from(&published.notes);
    let mut found = Findings::default();
    let was = &published.definition;
    let given = fingerprint(&was.parameters);
    if given == was.fingerprint {
        if was.parameters != computed.definition.parameters {
            return changed(host, was, &computed.definition);
        }
    } else {
        let line = format!(
            "definition.fingerprint: published {}, its parameters give {given}",
            was.fingerprint
        );
        found.differences.push(line);
    }
    let files = files(&path, (&text, &published), &computed, &mut found)?;
    say(host, &path, &found, &computed, (ledger.events.len(), files))
}

/// The document as it was published, and its text.
fn published(file: &Path) -> Result<(Report, String), Failure> {
    let text = disk::read_text(file, LARGEST)?.ok_or_else(|| {
        Failure::usage(
            format!("there is no {}", file.display()),
            Some("`fivekeys report` writes it".to_owned()),
        )
    })?;
    let report =
        document(&text).map_err(|e| Failure::usage(format!("{}: {e}", file.display()), None))?;
    Ok((report, text))
}

/// Reads a document that anybody may have changed since.
pub(super) fn document(text: &str) -> Result<Report, String> {
    let report: Report = serde_json::from_str(text).map_err(|e| e.to_string())?;
    if report.schema != SCHEMA {
        return Err(format!("it is not {SCHEMA}"));
    }
    let moments = [report.window.from, report.window.to, report.generated_at];
    if !moments.into_iter().all(is_datable) || report.window.from >= report.window.to {
        return Err("its window is none".to_owned());
    }
    Ok(report)
}

/// Numbers of two definitions cannot be compared: names the parameters that moved.
fn changed(host: &Host, was: &Definition, is: &Definition) -> Result<Exit, Failure> {
    let mut keys: Vec<&String> = was.parameters.keys().chain(is.parameters.keys()).collect();
    keys.sort();
    keys.dedup();
    let of = |d: &Definition, key: &str| d.parameters.get(key).cloned();
    let word =
        |value: Option<String>| value.map_or_else(|| "none".to_owned(), |v| format!("`{v}`"));
    let moved = keys
        .into_iter()
        .filter(|key| of(was, key) != of(is, key))
        .map(|key| {
            format!(
                "{key}: published {}, now {}",
                word(of(was, key)),
                word(of(is, key))
            )
        });
    for line in moved.take(LISTED) {
        host.print(&format!("{}\n", plain(line)))?;
    }
    Err(Failure::usage(
        format!(
            "the definition changed: published under {}, now {}; the numbers cannot be compared",
            was.fingerprint, is.fingerprint
        ),
        Some("give the configuration that was in force with --config, or publish anew with `fivekeys report`".to_owned()),
    ))
}

/// Compares what is published with what is computed, file by file; gives how many there are.
fn files(
    folder: &Path,
    (metrics, published): (&str, &Report),
    computed: &Report,
    found: &mut Findings,
) -> Result<usize, Failure> {
    let wanted = Wanted {
        badges: true,
        page: false,
    };
    let mut count = 0;
    for (name, fresh) in artifacts::all(
        computed,
        &RunFacts::default(),
        wanted,
        &Templates::default(),
    )? {
        let old = if name == METRICS {
            Some(metrics.to_owned())
        } else {
            disk::read_text(&folder.join(&name), LARGEST)?
        };
        let Some(old) = old else {
            continue;
        };
        let before = found.differences.len();
        match name.rsplit_once('.').map_or("", |(_, kind)| kind) {
            "json" => {
                let mut fresh: Value = serde_json::from_str(&fresh).unwrap_or_default();
                let old: Value = serde_json::from_str(&old).unwrap_or_default();
                if name == METRICS {
                    let read = serde_json::to_value(published).unwrap_or_default();
                    forget(&old, &read, &mut fresh, found);
                }
                compare("", &old, &fresh, found);
            }
            "svg" => {
                // The drawing may change with the version; what it says may not.
                let (old, fresh) = (title(&old), title(&fresh));
                if old != fresh {
                    let line = format!("title: published {old:?}, computed {fresh:?}");
                    found.differences.push(line);
                }
            }
            // The branch's README also says what only the run knew.
            _ => continue,
        }
        count += 1;
        if name != METRICS {
            for line in found.differences.iter_mut().skip(before) {
                line.insert_str(0, &format!("{name}: "));
            }
        }
    }
    Ok(count)
}

/// What a badge says.
fn title(svg: &str) -> &str {
    let rest = svg.split_once("<title>").map_or("", |(_, rest)| rest);
    rest.split_once("</title>").map_or("", |(title, _)| title)
}

fn say(
    host: &Host,
    folder: &Path,
    found: &Findings,
    computed: &Report,
    (events, files): (usize, usize),
) -> Result<Exit, Failure> {
    let definition = &computed.definition.fingerprint;
    if found.newer > 0 {
        host.say(&format!(
            "note: an older version published it: {} keys of today are not in it",
            found.newer
        ));
    }
    if found.differences.is_empty() {
        host.print(&format!(
            "{events} events give every number of {}\n{files} files hold what they say; definition {definition}\n",
            folder.join(METRICS).display()
        ))?;
        return Ok(Exit::Fine);
    }
    for difference in found.differences.iter().take(LISTED) {
        host.print(&format!("{}\n", plain(difference)))?;
    }
    let more = found.differences.len().saturating_sub(LISTED);
    if more > 0 {
        host.print(&format!("and {more} more\n"))?;
    }
    host.say(&format!(
        "error: the published numbers are not those of the ledger, under the same definition {definition}"
    ));
    Ok(Exit::Missed)
}
