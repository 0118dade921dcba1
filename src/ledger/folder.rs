//! The ledger in a folder: `.dora/`.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use chrono::NaiveDate;

use super::{ASIDE, Ledger, Plan, Repair, Step, TooNew, repair};
use crate::host::{disk, text};

/// Largest file that is read.
const LARGEST: u64 = 512 << 20;
/// Most times that all is read while others write.
const READS: usize = 5;

/// A folder with a ledger in it, or one that will have it.
#[derive(Debug)]
pub struct Folder {
    root: PathBuf,
}

/// A folder that cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum FolderError {
    /// The disk said no.
    #[error(transparent)]
    Disk(#[from] std::io::Error),
    /// A newer version wrote it.
    #[error(transparent)]
    TooNew(#[from] TooNew),
}

impl Folder {
    /// The folder at this path.
    #[must_use]
    pub fn at(root: impl Into<PathBuf>) -> Self {
        Self { root: root.into() }
    }

    /// Where it is.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.root
    }

    /// Keeps other writers out until it is dropped.
    ///
    /// # Errors
    /// When the folder cannot be made or locked.
    pub fn lock(&self) -> Result<disk::Lock, FolderError> {
        Ok(disk::lock(&self.root.join("cache/lock"))?)
    }

    /// Reads all of it; a folder that does not exist is an empty ledger.
    ///
    /// # Errors
    /// When a file cannot be read, or a newer version wrote it.
    pub fn load(&self) -> Result<Ledger, FolderError> {
        Ok(Ledger::read(&self.files()?, None)?)
    }

    /// How it is mended; `None` when nothing is broken. Keep it locked until the repair is saved.
    ///
    /// # Errors
    /// When a file cannot be read, or a newer version wrote it.
    pub fn repair(&self, today: NaiveDate) -> Result<Option<Repair>, FolderError> {
        Ok(repair(&self.files()?, today)?)
    }

    fn files(&self) -> Result<BTreeMap<String, String>, FolderError> {
        for _ in 0..READS {
            if let Some(files) = self.snapshot()? {
                return Ok(files);
            }
        }
        let path = self.root.display();
        Err(std::io::Error::other(format!("`{path}` changes faster than it can be read")).into())
    }

    /// Every file of the ledger; `None` when one went away meanwhile: another writer has folded it, and what it held is
    /// in a file that may have been read before.
    fn snapshot(&self) -> Result<Option<BTreeMap<String, String>>, FolderError> {
        let mut files = BTreeMap::new();
        let inside = self.root.join("ledger");
        for path in disk::list_files(&inside)? {
            let Some(name) = name_of(&path) else {
                continue;
            };
            match disk::read_as_git(&inside.join(&path), LARGEST)? {
                Some(bytes) => files.insert(name, text::of_bytes(bytes)),
                None => return Ok(None),
            };
        }
        Ok(Some(files))
    }

    /// Carries a plan out step by step, every file whole or not at all.
    ///
    /// # Errors
    /// When the disk refuses; what was there stays readable, and today's new lines are not there.
    pub fn save(&self, plan: &Plan) -> Result<(), FolderError> {
        self.sweep()?;
        for step in plan.steps() {
            match step {
                Step::Write(path, text) => {
                    let path = self.root.join(path);
                    // Git knows no empty folders: one in the place of a file is nothing.
                    disk::remove_empty_folder(&path);
                    disk::write_atomic(&path, text.as_bytes())?;
                }
                Step::Delete(path) => {
                    let path = self.root.join(path);
                    disk::remove_file(&path)?;
                    let above = path.ancestors().skip(1);
                    above
                        .take_while(|folder| **folder != self.root)
                        .for_each(disk::remove_empty_folder);
                }
            }
        }
        Ok(())
    }

    /// Removes what writers that were killed have left half written. Whoever saves holds the lock, so nobody is writing.
    fn sweep(&self) -> Result<(), FolderError> {
        for path in disk::list_files(&self.root)? {
            let name = path.file_name().map(|n| n.to_string_lossy());
            if name.is_some_and(|n| n.starts_with('.') && n.ends_with(".tmp")) {
                disk::remove_file(&self.root.join(path))?;
            }
        }
        Ok(())
    }
}

/// Name in the ledger. What is hidden, or has a name of no language, is nobody's line; what was set aside is not read.
fn name_of(path: &Path) -> Option<String> {
    let hidden = |part: &std::ffi::OsStr| part.to_string_lossy().starts_with('.');
    if path.iter().any(hidden) {
        return None;
    }
    let name = format!("ledger/{}", path.to_str()?.replace('\\', "/"));
    (!name.starts_with(ASIDE)).then_some(name)
}
