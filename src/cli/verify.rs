//! `fivekeys verify`: the published numbers, recomputed from the ledger.

use serde_json::Value;

use super::args::VerifyArgs;
use super::workspace::{self, FOLDER};
use super::{Exit, Failure, question};
use crate::event::Window;
use crate::host::{Host, disk};
use crate::ledger::Folder;
use crate::render;
use crate::report::v1::Report;
use crate::report::{Ask, build};

/// Largest document that is read.
const LARGEST: u64 = 256 << 20;
/// Most differences that are listed.
const LISTED: usize = 20;

/// Runs the command.
pub(super) fn run(host: &Host, args: &VerifyArgs) -> Result<Exit, Failure> {
    let root = workspace::root(host).unwrap_or_else(|_| host.folder.clone());
    let path = args
        .folder
        .as_ref()
        .map_or_else(|| root.join(FOLDER), |f| host.folder.join(f));
    let file = path.join("metrics.json");
    let text = disk::read_text(&file, LARGEST)?.ok_or_else(|| {
        Failure::usage(
            format!("there is no {}", file.display()),
            Some("`fivekeys report` writes it".to_owned()),
        )
    })?;
    let published: Report = serde_json::from_str(&text)
        .map_err(|e| Failure::usage(format!("{}: {e}", file.display()), None))?;
    let config = question::read_config(&root, args.config.as_deref())?;
    let ledger = Folder::at(&path).load()?;
    if !ledger.is_writable() {
        let note = workspace::unreadable(&ledger);
        return Err(Failure::usage(note.says, note.help));
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
    let fresh: Value = serde_json::from_str(&render::metrics_json(&computed)?).unwrap_or_default();
    let old: Value = serde_json::from_str(&text).unwrap_or_default();
    let mut differences = Vec::new();
    compare("", &old, &fresh, &mut differences);
    if differences.is_empty() {
        host.print(&format!(
            "{} events give every number of {}\n",
            ledger.events.len(),
            file.display()
        ))?;
        return Ok(Exit::Fine);
    }
    for difference in differences.iter().take(LISTED) {
        host.print(&format!("{difference}\n"))?;
    }
    let more = differences.len().saturating_sub(LISTED);
    if more > 0 {
        host.print(&format!("and {more} more\n"))?;
    }
    host.say("error: the published numbers are not those of the ledger");
    Ok(Exit::Missed)
}

/// Lists where two documents differ, by path.
fn compare(path: &str, old: &Value, new: &Value, out: &mut Vec<String>) {
    match (old, new) {
        (Value::Object(a), Value::Object(b)) => {
            let mut keys: Vec<&String> = a.keys().chain(b.keys()).collect();
            keys.sort();
            keys.dedup();
            for key in keys {
                let (x, y) = (
                    a.get(key).unwrap_or(&Value::Null),
                    b.get(key).unwrap_or(&Value::Null),
                );
                compare(&format!("{path}.{key}"), x, y, out);
            }
        }
        (Value::Array(a), Value::Array(b)) if a.len() == b.len() => {
            for (n, (x, y)) in a.iter().zip(b).enumerate() {
                compare(&format!("{path}[{n}]"), x, y, out);
            }
        }
        (x, y) if x == y => {}
        (x, y) => {
            let short = |v: &Value| v.to_string().chars().take(60).collect::<String>();
            let path = path.trim_start_matches('.');
            out.push(format!(
                "{path}: published {}, computed {}",
                short(x),
                short(y)
            ));
        }
    }
}
