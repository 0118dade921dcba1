//! The ledger in a folder: `.dora/`.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use chrono::NaiveDate;

use super::{Ledger, Plan, Repair, TooNew, repair};
use crate::host::disk;

/// Largest file that is read.
const LARGEST: u64 = 512 << 20;

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
        let mut files = BTreeMap::new();
        for path in disk::list_files(&self.root.join("ledger"))? {
            let name = format!("ledger/{}", path.to_string_lossy().replace('\\', "/"));
            if let Some(text) = disk::read_text(&self.root.join(&name), LARGEST)? {
                files.insert(name, text);
            }
        }
        Ok(files)
    }

    /// Carries a plan out: every file whole or not at all, deletions last.
    ///
    /// # Errors
    /// When the disk refuses; what was there stays readable.
    pub fn save(&self, plan: &Plan) -> Result<(), FolderError> {
        for (path, text) in &plan.writes {
            disk::write_atomic(&self.root.join(path), text.as_bytes())?;
        }
        for path in &plan.deletes {
            disk::remove_file(&self.root.join(path))?;
        }
        Ok(())
    }
}
