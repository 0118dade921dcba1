//! What runs leave for people, kept for the tools that judge it: where `FIVEKEYS_KEEP` names a folder.

use std::fs;
use std::hash::{DefaultHasher, Hash as _, Hasher as _};
use std::path::Path;

use super::{GitHub, Transcript};

/// Writes each text once, named by its content; the ending says which tool reads it. `tests/formats` reads them all.
pub(super) fn keep(run: &Transcript, github: &GitHub) {
    let Some(folder) = std::env::var_os("FIVEKEYS_KEEP") else {
        return;
    };
    let folder = Path::new(&folder);
    fs::create_dir_all(folder).unwrap();
    let ours = |text: &&String| text.contains("<!-- fivekeys:");
    let issues = github.issues.values().map(|issue| &issue.body);
    let comments = run.comments.iter().map(|comment| &comment.body);
    for comment in comments.chain(issues).filter(ours) {
        write(folder, "comment", comment);
    }
    write(folder, "summary", &run.summary);
    for (path, text) in &run.branch_files {
        match path.rsplit_once('.') {
            Some((_, "md")) => write(folder, "markdown", text),
            Some((_, "svg")) => write(folder, "svg", text),
            Some((badge, "json")) if badge.starts_with("badges/") => {
                write(folder, "shields", text);
            }
            _ => {}
        }
    }
}

fn write(folder: &Path, kind: &str, text: &str) {
    let mut hasher = DefaultHasher::new();
    text.hash(&mut hasher);
    let name = format!("{:016x}.{kind}", hasher.finish());
    fs::write(folder.join(name), text).unwrap();
}
