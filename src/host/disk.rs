//! Files: bounded reads, atomic writes, a lock. Every error names the path.
#![expect(
    clippy::disallowed_methods,
    reason = "the one place that touches the disk"
)]

use std::fs::{self, File, OpenOptions};
use std::io::{self, Read as _, Write as _};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

/// How long a lock is waited for. A write takes far less; a process that was stopped must not stop all others.
pub const PATIENCE: Duration = Duration::from_mins(1);
const TURN: Duration = Duration::from_millis(10);

/// The text of a file; `None` when there is no such file.
///
/// # Errors
/// When it cannot be read, is longer than `max_bytes`, or is not UTF-8: absent is not unreadable.
pub fn read_text(path: &Path, max_bytes: u64) -> io::Result<Option<String>> {
    let Some(bytes) = read_bytes(path, max_bytes)? else {
        return Ok(None);
    };
    String::from_utf8(bytes).map(Some).map_err(|e| {
        let why = io::Error::new(io::ErrorKind::InvalidData, e.utf8_error());
        named("cannot read", path, &why)
    })
}

/// What Git would keep of a file: the target of a link, nothing of a device; `None` when there is no such file.
///
/// # Errors
/// When it cannot be read, or is longer than `max_bytes`.
pub fn read_as_git(path: &Path, max_bytes: u64) -> io::Result<Option<Vec<u8>>> {
    let kind = match fs::symlink_metadata(path) {
        Ok(about) => about.file_type(),
        Err(e) if e.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(e) => return Err(named("cannot read", path, &e)),
    };
    if kind.is_symlink() {
        let target = fs::read_link(path).map_err(|e| named("cannot read", path, &e))?;
        return Ok(Some(target.into_os_string().into_encoded_bytes()));
    }
    if kind.is_file() {
        return read_bytes(path, max_bytes);
    }
    Ok(Some(Vec::new()))
}

fn read_bytes(path: &Path, max_bytes: u64) -> io::Result<Option<Vec<u8>>> {
    let file = match File::open(path) {
        Ok(file) => file,
        Err(e) if e.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(e) => return Err(named("cannot open", path, &e)),
    };
    // What says that it is too long is not held at all.
    let said = file.metadata().map_or(0, |about| about.len());
    let mut bytes = Vec::new();
    if said <= max_bytes {
        file.take(max_bytes.saturating_add(1))
            .read_to_end(&mut bytes)
            .map_err(|e| named("cannot read", path, &e))?;
    }
    if said.max(bytes.len() as u64) > max_bytes {
        let why = io::Error::new(
            io::ErrorKind::FileTooLarge,
            format!("longer than {max_bytes} bytes"),
        );
        return Err(named("cannot read", path, &why));
    }
    Ok(Some(bytes))
}

/// The text of a file below a folder; `None` when there is no such file. No link is followed below the folder, so that a
/// clone cannot show what lies elsewhere.
///
/// # Errors
/// As [`read_text`], and when a link is on the way.
pub fn read_text_below(folder: &Path, path: &Path, max_bytes: u64) -> io::Result<Option<String>> {
    let whole = folder.join(path);
    let (top, real) = match (fs::canonicalize(folder), fs::canonicalize(&whole)) {
        (Ok(top), Ok(real)) => (top, real),
        (Err(e), _) | (_, Err(e)) if e.kind() == io::ErrorKind::NotFound => return Ok(None),
        (Err(e), _) | (_, Err(e)) => return Err(named("cannot open", &whole, &e)),
    };
    if real != top.join(path) {
        let why = io::Error::new(io::ErrorKind::InvalidInput, "it is behind a link");
        return Err(named("cannot read", &whole, &why));
    }
    read_text(&real, max_bytes)
}

/// Writes a file so that a reader, or a power cut, sees all of it or nothing. Makes its folders.
///
/// # Errors
/// When the folder or the file cannot be written; the old file then stands.
pub fn write_atomic(path: &Path, bytes: &[u8]) -> io::Result<()> {
    static COUNT: AtomicU64 = AtomicU64::new(0);
    let folder = parent(path);
    create_folders(folder)?;
    let name = path.file_name().ok_or_else(|| {
        let why = io::Error::new(io::ErrorKind::InvalidInput, "not a file name");
        named("cannot write", path, &why)
    })?;
    let mut temporary = std::ffi::OsString::from(".");
    temporary.push(name);
    let count = COUNT.fetch_add(1, Ordering::Relaxed);
    temporary.push(format!(".{}-{count}.tmp", std::process::id()));
    let temporary = folder.join(temporary);
    let written = fill(&temporary, bytes).and_then(|()| fs::rename(&temporary, path));
    if let Err(e) = written {
        let _ = fs::remove_file(&temporary);
        return Err(named("cannot write", path, &e));
    }
    sync_folder(folder);
    Ok(())
}

fn fill(path: &Path, bytes: &[u8]) -> io::Result<()> {
    // A left-over of a crashed process with the same id may be in the way, or a link that somebody else's checkout
    // holds in readiness: it would be written through.
    let _ = fs::remove_file(path);
    let mut file = OpenOptions::new().write(true).create_new(true).open(path)?;
    file.write_all(bytes)?;
    file.sync_all()
}

/// Makes the rename itself durable, where folders can be synced; the content already is.
fn sync_folder(folder: &Path) {
    if let Ok(folder) = File::open(folder) {
        let _ = folder.sync_all();
    }
}

/// Adds to the end of a file, and makes it.
///
/// # Errors
/// When it cannot be written.
pub fn append(path: &Path, bytes: &[u8]) -> io::Result<()> {
    OpenOptions::new()
        .create(true)
        .append(true)
        .open(path)
        .and_then(|mut file| file.write_all(bytes))
        .map_err(|e| named("cannot write", path, &e))
}

/// Removes a folder that nothing is in; any other stays.
pub fn remove_empty_folder(path: &Path) {
    let _ = fs::remove_dir(path);
}

/// Makes a folder and those above it.
///
/// # Errors
/// When one cannot be made.
pub fn create_folders(folder: &Path) -> io::Result<()> {
    fs::create_dir_all(folder).map_err(|e| named("cannot create", folder, &e))
}

/// Every file under a folder, as sorted paths relative to it; none when there is no such folder.
/// Links to folders are listed, not followed.
///
/// # Errors
/// When a folder cannot be read.
pub fn list_files(folder: &Path) -> io::Result<Vec<PathBuf>> {
    let mut found = Vec::new();
    let mut open = vec![PathBuf::new()];
    while let Some(inner) = open.pop() {
        let at = folder.join(&inner);
        let entries = match fs::read_dir(&at) {
            Ok(entries) => entries,
            Err(e) if e.kind() == io::ErrorKind::NotFound => continue,
            Err(e) => return Err(named("cannot list", &at, &e)),
        };
        for entry in entries {
            let entry = entry.map_err(|e| named("cannot list", &at, &e))?;
            let kind = entry
                .file_type()
                .map_err(|e| named("cannot list", &at, &e))?;
            let path = inner.join(entry.file_name());
            if kind.is_dir() {
                open.push(path);
            } else {
                found.push(path);
            }
        }
    }
    found.sort();
    Ok(found)
}

/// Removes a file. False when it was not there.
///
/// # Errors
/// When it is there and cannot be removed.
pub fn remove_file(path: &Path) -> io::Result<bool> {
    match fs::remove_file(path) {
        Ok(()) => Ok(true),
        Err(e) if e.kind() == io::ErrorKind::NotFound => Ok(false),
        Err(e) => Err(named("cannot remove", path, &e)),
    }
}

/// An exclusive lock between processes; dropping it, or dying, gives it back.
#[derive(Debug)]
pub struct Lock {
    _held: File,
}

/// Waits for the lock that a file stands for, and makes the file. It is left there: removing it would race.
///
/// # Errors
/// When the file cannot be made, the file system has no locks, or another process keeps the lock longer than
/// [`PATIENCE`].
pub fn lock(path: &Path) -> io::Result<Lock> {
    lock_within(path, PATIENCE)
}

fn lock_within(path: &Path, patience: Duration) -> io::Result<Lock> {
    let mut waited = Duration::ZERO;
    loop {
        if let Some(lock) = try_lock(path)? {
            return Ok(lock);
        }
        if waited >= patience {
            let why = io::Error::new(io::ErrorKind::TimedOut, "another process keeps it");
            return Err(named("cannot lock", path, &why));
        }
        std::thread::sleep(TURN);
        waited += TURN;
    }
}

/// The lock, or `None` while another process holds it.
///
/// # Errors
/// As [`lock`], but for the waiting.
pub fn try_lock(path: &Path) -> io::Result<Option<Lock>> {
    let file = lock_file(path)?;
    match file.try_lock() {
        Ok(()) => Ok(Some(Lock { _held: file })),
        Err(fs::TryLockError::WouldBlock) => Ok(None),
        Err(fs::TryLockError::Error(e)) => Err(named("cannot lock", path, &e)),
    }
}

fn lock_file(path: &Path) -> io::Result<File> {
    create_folders(parent(path))?;
    OpenOptions::new()
        .create(true)
        .truncate(false)
        .write(true)
        .open(path)
        .map_err(|e| named("cannot open", path, &e))
}

fn parent(path: &Path) -> &Path {
    path.parent()
        .filter(|folder| !folder.as_os_str().is_empty())
        .unwrap_or_else(|| Path::new("."))
}

fn named(what: &str, path: &Path, error: &io::Error) -> io::Error {
    io::Error::new(
        error.kind(),
        format!("{what} `{}`: {error}", path.display()),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn absent_is_none_and_unreadable_is_an_error_that_names_the_path() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a/b.txt");
        assert!(read_text(&path, 10).unwrap().is_none());
        write_atomic(&path, b"12345").unwrap();
        assert_eq!(read_text(&path, 5).unwrap().as_deref(), Some("12345"));
        let long = read_text(&path, 4).unwrap_err();
        assert_eq!(long.kind(), io::ErrorKind::FileTooLarge);
        assert!(long.to_string().contains("b.txt"), "{long}");
        write_atomic(&path, b"\xff").unwrap();
        let error = read_text(&path, 5).unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::InvalidData);
        assert!(read_text(folder.path(), 5).is_err(), "a folder is no file");
    }

    #[test]
    fn a_write_replaces_all_of_it_and_leaves_nothing_behind() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("x.json");
        for text in ["long long text", "short"] {
            write_atomic(&path, text.as_bytes()).unwrap();
            assert_eq!(read_text(&path, 99).unwrap().as_deref(), Some(text));
        }
        assert_eq!(
            list_files(folder.path()).unwrap(),
            [PathBuf::from("x.json")]
        );
        // A folder in the way: the error names the path and no temporary file stays.
        let error = write_atomic(folder.path(), b"x").unwrap_err();
        assert!(error.to_string().contains("cannot write"), "{error}");
        assert_eq!(list_files(folder.path()).unwrap().len(), 1);
    }

    #[cfg(unix)]
    #[test]
    fn links_are_neither_read_below_a_folder_nor_written_through() {
        use std::os::unix::fs::symlink;
        let home = tempfile::tempdir().unwrap();
        let at = |name: &str| home.path().join(name);
        write_atomic(&at("secret"), b"s").unwrap();
        write_atomic(&at("clone/a/x"), b"x").unwrap();
        symlink(at("secret"), at("clone/a/link")).unwrap();
        symlink(at("clone/a"), at("clone/b")).unwrap();
        let read = |path: &str| read_text_below(&at("clone"), Path::new(path), 9);
        assert_eq!(read("a/x").unwrap().as_deref(), Some("x"));
        assert_eq!(read("a/none").unwrap(), None);
        for path in ["a/link", "b/x", "../secret"] {
            assert!(read(path).is_err(), "{path}");
        }
        // The name of the next temporary file is no secret.
        for count in 0..50 {
            let name = format!("clone/.out.{}-{count}.tmp", std::process::id());
            symlink(at("secret"), at(&name)).unwrap();
        }
        write_atomic(&at("clone/out"), b"overwritten").unwrap();
        assert_eq!(std::fs::read(at("secret")).unwrap(), b"s");
    }

    #[test]
    fn files_are_listed_sorted_and_relative_and_removed_once() {
        let folder = tempfile::tempdir().unwrap();
        for name in ["b/2", "a", "b/1/x"] {
            write_atomic(&folder.path().join(name), b"").unwrap();
        }
        let want = ["a", "b/1/x", "b/2"].map(PathBuf::from);
        assert_eq!(list_files(folder.path()).unwrap(), want);
        assert!(list_files(&folder.path().join("none")).unwrap().is_empty());
        assert!(remove_file(&folder.path().join("a")).unwrap());
        assert!(!remove_file(&folder.path().join("a")).unwrap());
        assert!(remove_file(&folder.path().join("b")).is_err());
    }

    #[test]
    fn a_lock_is_held_by_one_and_given_back() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join(".dora/lock");
        let held = lock(&path).unwrap();
        assert!(try_lock(&path).unwrap().is_none());
        let late = lock_within(&path, TURN).unwrap_err();
        assert_eq!(late.kind(), io::ErrorKind::TimedOut);
        drop(held);
        assert!(try_lock(&path).unwrap().is_some());
    }
}
