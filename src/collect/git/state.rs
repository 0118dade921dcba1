//! State files of a clone: every commit of a file's history, with the file as it left it.

use std::collections::{BTreeMap, BTreeSet};

use super::{GitHistoryError, GitNote};
use crate::adapter::state_file::{self, Version};
use crate::config::{Config, StateFile};
use crate::event::{Event, Fact, Instant, instant_of_seconds};
use crate::host::git::Git;

/// Most bytes of the list of a file's commits.
const LOG_LIMIT: usize = 64 * 1024 * 1024;
/// Most bytes of all versions of a file together.
const TEXT_LIMIT: usize = 256 * 1024 * 1024;

/// Deployments by every state file of the configuration, and the commits of this clone that they deployed.
pub(super) fn collect(
    git: &Git,
    head: Option<&str>,
    config: &Config,
    notes: &mut Vec<GitNote>,
) -> Result<(Vec<Event>, BTreeSet<String>), GitHistoryError> {
    let production = config.environments.default_name();
    let mut events = Vec::new();
    for file in &config.state_files {
        let versions = match head {
            Some(head) => versions(git, head, file)?,
            None => Vec::new(),
        };
        if versions.is_empty() {
            notes.push(GitNote {
                code: "no_state_file",
                text: format!("{} has no history on the default branch", file.path),
                help: "check the path under `state_files`".to_owned(),
            });
        }
        let log = state_file::deployments(file, production, &versions, true);
        if let Some(first) = log.unreadable.first() {
            notes.push(GitNote {
                code: "unreadable",
                text: format!("{first}, and {} versions in all", log.unreadable.len()),
                help: "nothing to do: what stood before them goes on".to_owned(),
            });
        }
        if log.is_foreign {
            notes.push(GitNote {
                code: "unreadable",
                text: format!("{} names no version in a shape that is known", file.path),
                help: "see docs/configuration.md for the shapes".to_owned(),
            });
        }
        events.extend(log.events);
    }
    if config.state_files.is_empty() {
        notes.push(GitNote {
            code: "no_state_file",
            text: "the configured source is `state`, and no file is named".to_owned(),
            help: "name the file under `state_files`".to_owned(),
        });
    }
    let commits = resolve(git, &mut events)?;
    Ok((events, commits))
}

/// Oldest first.
pub(super) fn versions(
    git: &Git,
    head: &str,
    file: &StateFile,
) -> Result<Vec<Version>, GitHistoryError> {
    let path = format!(":(top,literal){}", file.path);
    let args = [
        "log",
        "--reverse",
        "--no-color",
        "--format=%H %ct",
        head,
        "--",
        &path,
    ];
    let listed = git.run(&args, LOG_LIMIT)?;
    let listed = String::from_utf8_lossy(&listed);
    let commits: Vec<(&str, Instant)> = listed
        .lines()
        .filter_map(|line| line.split_once(' '))
        .filter_map(|(sha, at)| Some((sha, instant_of_seconds(at.parse().ok()?)?)))
        .collect();
    if commits.is_empty() || file.path.contains('\n') {
        return Ok(Vec::new());
    }
    let names: String = commits
        .iter()
        .flat_map(|(sha, _)| [sha, ":", &file.path, "\n"])
        .collect();
    let bytes = git.run_with(&["cat-file", "--batch"], &names, TEXT_LIMIT)?;
    let mut rest = bytes.as_slice();
    let versions = commits.into_iter().map(|(sha, at)| Version {
        sha: sha.to_owned(),
        at,
        text: next_blob(&mut rest),
    });
    Ok(versions.collect())
}

/// The next answer of `git cat-file --batch`: a line that ends in the size, and so many bytes; or a line that ends in
/// `missing`.
fn next_blob(rest: &mut &[u8]) -> Option<String> {
    let Some(end) = rest.iter().position(|byte| *byte == b'\n') else {
        *rest = &[];
        return None;
    };
    let (line, behind) = rest.split_at(end);
    *rest = behind.get(1..).unwrap_or_default();
    let line = String::from_utf8_lossy(line);
    let mut words = line.rsplitn(3, ' ');
    let size: usize = words.next()?.parse().ok()?;
    let kind = words.next()?;
    let text = rest
        .get(..size)
        .map(|bytes| String::from_utf8_lossy(bytes).into_owned());
    *rest = rest.get(size.saturating_add(1)..).unwrap_or_default();
    text.filter(|_| kind == "blob")
}

/// How many answers there are in what `git cat-file --batch` printed; for [`crate::surface`].
#[cfg(any(test, feature = "fuzz"))]
pub(crate) fn blobs(mut bytes: &[u8]) -> usize {
    std::iter::from_fn(|| (!bytes.is_empty()).then(|| next_blob(&mut bytes))).count()
}

/// Puts the commit that a version is, or that a tag of its name points to, in its place. Those commits are returned:
/// other versions are not of this repository.
fn resolve(git: &Git, events: &mut [Event]) -> Result<BTreeSet<String>, GitHistoryError> {
    let versions: BTreeSet<String> = events
        .iter()
        .filter_map(|event| event.fact.as_deployment()?.revision.clone())
        .filter(|version| is_name(version))
        .collect();
    if versions.is_empty() {
        return Ok(BTreeSet::new());
    }
    let names: String = versions
        .iter()
        .flat_map(|v| [name_of(v), "\n".to_owned()])
        .collect();
    let bytes = git.run_with(&["cat-file", "--batch-check"], &names, LOG_LIMIT)?;
    let answers = String::from_utf8_lossy(&bytes);
    let commits: BTreeMap<String, String> = versions
        .into_iter()
        .zip(answers.lines())
        .filter_map(|(version, line)| {
            let (sha, rest) = line.split_once(' ')?;
            rest.starts_with("commit ")
                .then(|| (version, sha.to_owned()))
        })
        .collect();
    for event in events {
        if let Fact::Deployment(deployed) = &mut event.fact
            && let Some(sha) = deployed.revision.as_ref().and_then(|v| commits.get(v))
        {
            deployed.revision = Some(sha.clone());
        }
    }
    Ok(commits.into_values().collect())
}

/// Whether a version can be a commit or a tag, and nothing that git would take for more.
fn is_name(version: &str) -> bool {
    let plain = |c: char| c.is_ascii_alphanumeric() || "._-/+".contains(c);
    version.chars().all(plain) && !version.contains("..")
}

fn name_of(version: &str) -> String {
    let is_id = (7..=64).contains(&version.len()) && version.bytes().all(|b| b.is_ascii_hexdigit());
    if is_id {
        format!("{version}^{{commit}}")
    } else {
        format!("refs/tags/{version}^{{commit}}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn blobs_come_with_their_sizes_and_missing_ones_without() {
        let batch = b"aa blob 3\na\nb\nbb:x y missing\ncc tree 2\nzz\ndd blob 0\n\n";
        let mut rest = batch.as_slice();
        assert_eq!(next_blob(&mut rest).as_deref(), Some("a\nb"));
        assert_eq!(next_blob(&mut rest), None);
        assert_eq!(next_blob(&mut rest), None);
        assert_eq!(next_blob(&mut rest).as_deref(), Some(""));
        assert_eq!(next_blob(&mut rest), None);
        let mut cut = b"aa blob 900\nshort".as_slice();
        assert_eq!(next_blob(&mut cut), None);
    }
}
