//! Files that a person names with `--from ADAPTER=FILE`, and what they add to the measurement.

use std::path::{Path, PathBuf};

use super::Failure;
use super::progress::Progress;
use super::question;
use crate::adapter::{self, ADAPTERS, Adapter};
use crate::config::Config;
use crate::event::{Event, Fact, Instant};
use crate::host::{Host, disk};
use crate::report::v1::Note;

/// Largest file that is read, and largest sum of a folder.
const LARGEST: u64 = 1 << 30;

/// A file or folder, and what reads it.
pub(super) struct Import {
    adapter: &'static Adapter,
    path: PathBuf,
}

/// What imports say.
#[derive(Debug, Default)]
pub(super) struct Imported {
    pub(super) events: Vec<Event>,
    pub(super) since: Option<Instant>,
    pub(super) head: Option<String>,
    pub(super) notes: Vec<Note>,
    is_history: bool,
}

impl Imported {
    /// Nothing but incidents: they are measured beside the clone, and everything else instead of it.
    pub(super) fn is_beside(&self) -> bool {
        let incident = |e: &Event| matches!(e.fact, Fact::Incident(_));
        !self.is_history && !self.events.is_empty() && self.events.iter().all(incident)
    }
}

/// Finds the adapters of what was typed.
pub(super) fn find(host: &Host, from: &[String]) -> Result<Vec<Import>, Failure> {
    let one = |from: &String| {
        let named = from.split_once('=').filter(|(_, path)| !path.is_empty());
        let found = named.and_then(|(id, path)| Some((adapter::find(id)?, path)));
        let Some((adapter, path)) = found else {
            let known: Vec<&str> = ADAPTERS.iter().map(|a| a.id).collect();
            return Err(Failure::usage(
                format!("`--from {from}` names no adapter and file"),
                Some(format!(
                    "write --from ADAPTER=FILE; adapters are {}",
                    known.join(", ")
                )),
            ));
        };
        Ok(Import {
            adapter,
            path: host.folder.join(path),
        })
    };
    from.iter().map(one).collect()
}

/// Reads every import, in order; a history brings settings along.
pub(super) fn read(
    imports: &[Import],
    config: &mut Config,
    progress: &Progress,
) -> Result<Imported, Failure> {
    let mut out = Imported::default();
    for import in imports {
        progress.step(&format!("reading {}", import.path.display()));
        let text = text(&import.path)?;
        let during = format!("cannot use {}", import.path.display());
        let read = (import.adapter.read)(text.as_bytes(), config)
            .map_err(|e| Failure::from(e).during(during))?;
        question::apply_settings(config, &read.settings)?;
        out.is_history |= import.adapter.id == "history";
        out.events.extend(read.events);
        out.since = out.since.into_iter().chain(read.since).min();
        out.head = read.head.or(out.head.take());
        out.notes.extend(read.notes.into_iter().map(|note| Note {
            code: note.code.to_owned(),
            says: note.says,
            help: note.help.map(str::to_owned),
        }));
    }
    Ok(out)
}

/// The text of a file; of a folder that of its Markdown files, each after a line `==> NAME <==`.
fn text(path: &Path) -> Result<String, Failure> {
    let files = disk::list_files(path).unwrap_or_default();
    if files.is_empty() {
        let text = disk::read_text(path, LARGEST)?;
        return text.ok_or_else(|| Failure::usage(format!("there is no {}", path.display()), None));
    }
    let mut all = String::new();
    for file in files {
        if file.extension().is_some_and(|e| e == "md") {
            let left = LARGEST.saturating_sub(all.len() as u64);
            let text = disk::read_text(&path.join(&file), left)?.unwrap_or_default();
            let name = file.display().to_string();
            for part in ["==> ", &name, " <==\n", &text, "\n"] {
                all.push_str(part);
            }
        }
    }
    Ok(all)
}
