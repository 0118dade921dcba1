//! Opening a file as the system would: with the program that the person has chosen for it.
#![expect(
    clippy::disallowed_methods,
    reason = "host starts programs; this one is the person's own"
)]

use std::path::Path;
use std::process::{Command, Stdio};

/// The system's opener. Windows has one that needs no shell.
pub const OPENER: &str = if cfg!(target_os = "macos") {
    "open"
} else if cfg!(target_os = "windows") {
    "explorer"
} else {
    "xdg-open"
};

/// Opens a file, and waits until the opener has handed it on.
///
/// # Errors
/// When there is no opener, or it says that it could not.
pub fn open(path: &Path) -> std::io::Result<()> {
    let status = Command::new(OPENER)
        .arg(path)
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .status()?;
    // Explorer says 1 whatever happened.
    if status.success() || cfg!(target_os = "windows") {
        Ok(())
    } else {
        Err(std::io::Error::other(status.to_string()))
    }
}
