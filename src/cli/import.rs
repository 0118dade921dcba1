//! Files that a person names with `--from ADAPTER=FILE`, and what they add to the measurement.

use std::path::{Path, PathBuf};

use super::artifacts::METRICS;
use super::progress::Progress;
use super::{Failure, question, verify, workspace};
use crate::adapter::{self, ADAPTERS, Adapter};
use crate::config::Config;
use crate::event::{Event, Fact, Instant};
use crate::host::{Host, disk};
use crate::ledger::{Folder, META};
use crate::report::v1::Note;

/// Largest file that is read, and largest sum of a folder.
const LARGEST: u64 = 1 << 30;
/// What names a checkout of the metrics branch.
const LEDGER: &str = "ledger";
/// Notes of collecting and of reading files: only those who did it know. What judging assumed is judged again.
const COLLECTED: [&str; 20] = [
    "by_time",
    "columns_not_read",
    "deployments_need_github",
    "measured_on_github",
    "merge_is_deploy",
    "no_incident_source",
    "no_state_file",
    "no_tag_matches",
    "no_tags",
    "not_permitted",
    "notices_left_out",
    "older_server",
    "posts_left_out",
    "rate_limited",
    "statuses_not_known",
    "truncated",
    "undeployed_unknown",
    "unreadable",
    "utc_assumed",
    "workflows_look_like_deploys",
];

/// A file or folder, and what reads it.
pub(super) struct Import {
    reader: Reader,
    path: PathBuf,
}

enum Reader {
    Adapter(&'static Adapter),
    /// The metrics branch, checked out.
    Ledger,
}

impl Import {
    /// Whether it is this repository's own history, which its own configuration judges.
    pub(super) fn is_ledger(&self) -> bool {
        matches!(self.reader, Reader::Ledger)
    }
}

/// What imports say.
#[derive(Debug, Default)]
pub(super) struct Imported {
    pub(super) events: Vec<Event>,
    pub(super) since: Option<Instant>,
    pub(super) head: Option<String>,
    pub(super) notes: Vec<Note>,
    /// Of the ledger that was read.
    pub(super) repository: Option<String>,
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
        let reader = |id| match id {
            LEDGER => Some(Reader::Ledger),
            id => adapter::find(id).map(Reader::Adapter),
        };
        let found = named.and_then(|(id, path)| Some((reader(id)?, path)));
        let Some((reader, path)) = found else {
            let adapters = ADAPTERS.iter().map(|a| a.id);
            let known: Vec<&str> = adapters.chain([LEDGER]).collect();
            return Err(Failure::usage(
                format!("`--from {from}` names no adapter and file"),
                Some(format!(
                    "write --from ADAPTER=FILE; adapters are {}",
                    known.join(", ")
                )),
            ));
        };
        Ok(Import {
            reader,
            path: host.folder.join(path),
        })
    };
    let found: Vec<Import> = from.iter().map(one).collect::<Result<_, _>>()?;
    if found.iter().filter(|import| import.is_ledger()).count() > 1 {
        return Err(Failure::usage(
            "`--from ledger=` can be given once: numbers of pull requests are those of one repository",
            None,
        ));
    }
    Ok(found)
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
        let Reader::Adapter(adapter) = import.reader else {
            ledger(&import.path, &mut out)?;
            continue;
        };
        let text = text(&import.path)?;
        let during = format!("cannot use {}", import.path.display());
        let read =
            (adapter.read)(text.as_bytes(), config).map_err(|e| Failure::from(e).during(during))?;
        question::apply_settings(config, &read.settings)?;
        out.is_history |= adapter.id == "history";
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

/// All that the action remembers, and what it said collecting left out.
fn ledger(path: &Path, out: &mut Imported) -> Result<(), Failure> {
    if disk::read_text(&path.join(META), LARGEST)?.is_none() {
        return Err(Failure::usage(
            format!("there is no ledger in {}", path.display()),
            Some("name a checkout of the metrics branch, such as one that `git worktree add ../metrics origin/fivekeys` makes".to_owned()),
        ));
    }
    let ledger = Folder::at(path).load()?;
    if !ledger.is_writable() {
        return Err(workspace::unusable(&ledger));
    }
    out.is_history = true;
    out.since = out.since.into_iter().chain(ledger.meta.history_since).min();
    out.head = ledger.meta.head.or(out.head.take());
    out.events.extend(ledger.events.iter().cloned());
    // Without the results, or with those of a newer version, the events are still all there.
    let text = disk::read_text(&path.join(METRICS), LARGEST)?;
    if let Some(published) = text.and_then(|text| verify::document(&text).ok()) {
        let collected = |note: &Note| COLLECTED.contains(&note.code.as_str());
        out.notes
            .extend(published.notes.into_iter().filter(collected));
        out.repository = published.repository;
    }
    Ok(())
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

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    /// Codes in what the files of a folder say.
    fn codes(folder: &Path, out: &mut BTreeSet<String>) {
        let code = regex::Regex::new(r#"(?:\bcode(?::| =)|\bnote\()\s*"([a-z_]+)""#).unwrap();
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                codes(&path, out);
            } else {
                let text = disk::read_text(&path, LARGEST).unwrap().unwrap();
                out.extend(code.captures_iter(&text).map(|found| found[1].to_owned()));
            }
        }
    }

    #[test]
    fn every_note_of_collecting_is_kept() {
        let mut found = BTreeSet::new();
        for folder in ["src/adapter", "src/collect"] {
            codes(
                &Path::new(env!("CARGO_MANIFEST_DIR")).join(folder),
                &mut found,
            );
        }
        // Those of what GitHub answers.
        found.extend(["not_permitted", "rate_limited"].map(str::to_owned));
        let kept: BTreeSet<String> = COLLECTED.map(str::to_owned).into();
        assert_eq!(kept, found);
    }
}
