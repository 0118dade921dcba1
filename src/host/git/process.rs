//! One run of `git`: a hardened environment, bounded output, no pipe that can block another.
#![expect(
    clippy::disallowed_methods,
    reason = "the one place that starts programs"
)]

use std::ffi::OsStr;
use std::io::{Read as _, Write as _};
use std::path::Path;
use std::process::{Child, Command, Stdio};

use super::GitError;

/// Most bytes of standard error that an error quotes.
const STDERR: u64 = 4096;

/// Settings of the user or the repository that would change what the commands print or start.
const SETTINGS: [&str; 8] = [
    "core.quotepath=off",
    "core.fsmonitor=false",
    "core.hooksPath=/dev/null",
    "core.pager=cat",
    "color.ui=false",
    "i18n.logOutputEncoding=UTF-8",
    "log.showSignature=false",
    "log.showRoot=true",
];

/// Variables that say which repository is meant or start programs; inside a hook they name another one.
const FOREIGN: [&str; 9] = [
    "GIT_DIR",
    "GIT_WORK_TREE",
    "GIT_COMMON_DIR",
    "GIT_INDEX_FILE",
    "GIT_OBJECT_DIRECTORY",
    "GIT_ALTERNATE_OBJECT_DIRECTORIES",
    "GIT_NAMESPACE",
    "GIT_EXTERNAL_DIFF",
    "GIT_CONFIG_PARAMETERS",
];

/// Secrets of a runner. Nothing here goes over the network, so git needs none, nor does what a clone makes it start.
const SECRETS: [&str; 5] = [
    "GITHUB_TOKEN",
    "GH_TOKEN",
    "INPUT_TOKEN",
    "ACTIONS_RUNTIME_TOKEN",
    "ACTIONS_ID_TOKEN_REQUEST_TOKEN",
];

fn command(folder: &Path, args: &[&str]) -> Command {
    let mut command = Command::new("git");
    for name in FOREIGN.iter().chain(&SECRETS) {
        command.env_remove(name);
    }
    command
        .env("LC_ALL", "C")
        .env("GIT_TERMINAL_PROMPT", "0")
        .env("GIT_OPTIONAL_LOCKS", "0")
        .env("GIT_NO_REPLACE_OBJECTS", "1")
        .env("GIT_NO_LAZY_FETCH", "1")
        .env("GIT_PAGER", "cat")
        .args([
            OsStr::new("-C"),
            folder.as_os_str(),
            OsStr::new("--no-pager"),
        ])
        .args(SETTINGS.iter().flat_map(|setting| ["-c", setting]))
        .args(args);
    command
}

/// Runs to the end: whether it succeeded, its output, its complaint.
pub(super) fn start(
    folder: &Path,
    args: &[&str],
    input: Option<&str>,
    limit: usize,
) -> Result<(bool, Vec<u8>, String), GitError> {
    let broken = |error: std::io::Error| failed(args, error.to_string());
    let mut child = command(folder, args)
        .stdin(if input.is_some() {
            Stdio::piped()
        } else {
            Stdio::null()
        })
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .map_err(|error| {
            if error.kind() == std::io::ErrorKind::NotFound {
                GitError::NotInstalled
            } else {
                broken(error)
            }
        })?;
    let talked = talk(&mut child, input, limit);
    let status = child.wait().map_err(broken)?;
    let (out, stderr, too_large) = talked.map_err(broken)?;
    if too_large {
        return Err(GitError::TooLarge {
            command: shorten(args),
            limit,
        });
    }
    Ok((status.success(), out, stderr))
}

/// Reads both streams while writing the third, so that no full pipe can stop all of them.
fn talk(
    child: &mut Child,
    input: Option<&str>,
    limit: usize,
) -> std::io::Result<(Vec<u8>, String, bool)> {
    let (stdin, stdout, stderr) = (child.stdin.take(), child.stdout.take(), child.stderr.take());
    std::thread::scope(|scope| {
        scope.spawn(move || {
            if let (Some(mut pipe), Some(text)) = (stdin, input) {
                // A command that failed early has closed it; its status says so.
                let _ = pipe.write_all(text.as_bytes());
            }
        });
        let complaint = scope.spawn(move || {
            let mut kept = Vec::new();
            if let Some(mut pipe) = stderr {
                let _ = pipe.by_ref().take(STDERR).read_to_end(&mut kept);
                let _ = std::io::copy(&mut pipe, &mut std::io::sink());
            }
            String::from_utf8_lossy(&kept).trim().to_owned()
        });
        let mut out = Vec::new();
        if let Some(pipe) = stdout {
            // The pipe closes here, so that a command which prints too much ends by itself.
            pipe.take(limit as u64 + 1).read_to_end(&mut out)?;
        }
        let too_large = out.len() > limit;
        if too_large {
            let _ = child.kill();
        }
        Ok((out, complaint.join().unwrap_or_default(), too_large))
    })
}

pub(super) fn failed(args: &[&str], stderr: String) -> GitError {
    GitError::Failed {
        command: shorten(args),
        stderr,
    }
}

/// The command as a person would know it again.
fn shorten(args: &[&str]) -> String {
    let full = format!("git {}", args.join(" "));
    full.chars().filter(|c| !c.is_control()).take(120).collect()
}
