//! What a clone holds that could say what was deployed: tags, workflows, state files. For a first configuration.

use std::collections::BTreeSet;
use std::path::Path;
use std::sync::LazyLock;

use regex::Regex;

use super::state::versions;
use super::{GitHistoryError, TAGS_LIMIT, tags_of};
use crate::adapter::state_file;
use crate::adapter::workflow_file::{self, DeployLike};
use crate::config::{Config, StateFile, TagPattern};
use crate::host::git::Git;

/// Largest workflow file that is read.
const LARGEST: usize = 1 << 20;
/// Most files whose history is looked at.
const MOST_FILES: usize = 20;
/// A file that changed its versions less often than this is no log.
const LEAST_CHANGES: usize = 3;
/// A scheme that fewer tags follow is none.
const LEAST_TAGS: usize = 3;

/// Files that may say what is deployed.
static STATE: LazyLock<Regex> = LazyLock::new(|| {
    #[expect(clippy::expect_used, reason = "a constant, compiled by a test")]
    Regex::new(r"(?i)(state|deploy|environment|release|live|prod|version|values)[^/]*(/[^/]+)?\.(json|ya?ml)$")
        .expect("a valid pattern")
});

/// Folders whose files are made up, or somebody else's: what stands there was never deployed.
const ELSEWHERE: [&str; 14] = [
    ".dora",
    ".github",
    "docs",
    "e2e",
    "example",
    "examples",
    "fixtures",
    "fuzz",
    "node_modules",
    "spec",
    "test",
    "testdata",
    "tests",
    "vendor",
];

/// What was found.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Glance {
    /// A pattern that most tags follow, where the one in force matches none.
    pub tags: Option<String>,
    /// Components that tags name.
    pub services: Vec<String>,
    /// Jobs and workflows that look like deploys.
    pub workflows: Vec<DeployLike>,
    /// Files whose history is a log of versions.
    pub state_files: Vec<String>,
}

/// Looks at the clone that a folder belongs to.
///
/// # Errors
/// When the folder is in no repository, or git cannot be started or read.
pub fn glance(folder: &Path, config: &Config) -> Result<Glance, GitHistoryError> {
    let git = Git::open(folder)?;
    let Some(branch) = git.default_branch()? else {
        return Ok(Glance::default());
    };
    let names: Vec<String> = tags_of(&git)?.into_iter().map(|tag| tag.name).collect();
    let services: BTreeSet<&str> = names
        .iter()
        .filter_map(|name| config.tags.read(name).flatten())
        .collect();
    let services = services.into_iter().map(str::to_owned).collect();
    let args = [
        "ls-tree",
        "-r",
        "-z",
        "--full-tree",
        "--name-only",
        &branch.head,
    ];
    let listed = git.run(&args, TAGS_LIMIT)?;
    let listed = String::from_utf8_lossy(&listed);
    let files: Vec<&str> = listed.split('\0').filter(|f| !f.is_empty()).collect();
    Ok(Glance {
        tags: scheme(&names, &config.tags),
        services,
        workflows: workflows(&git, &branch.head, &files, config)?,
        state_files: state_files(&git, &branch.head, &files)?,
    })
}

fn workflows(
    git: &Git,
    head: &str,
    files: &[&str],
    config: &Config,
) -> Result<Vec<DeployLike>, GitHistoryError> {
    let mut found = Vec::new();
    for path in files {
        let name = path.strip_prefix(".github/workflows/");
        let Some(name) = name.filter(|n| !n.contains('/') && is_yaml(n)) else {
            continue;
        };
        if let Some(text) = git.show(head, path, LARGEST)? {
            found.extend(workflow_file::deploys(name, &text, &config.environments));
        }
    }
    Ok(found)
}

fn is_yaml(name: &str) -> bool {
    let extension = Path::new(name).extension();
    extension.is_some_and(|e| e == "yml" || e == "yaml")
}

fn state_files(git: &Git, head: &str, files: &[&str]) -> Result<Vec<String>, GitHistoryError> {
    let mut found = Vec::new();
    let likely = files
        .iter()
        .filter(|path| !path.split('/').any(|folder| ELSEWHERE.contains(&folder)))
        .filter(|path| STATE.is_match(path));
    for path in likely.take(MOST_FILES) {
        let file = StateFile {
            path: (*path).to_owned(),
            environment: None,
            service: None,
        };
        let versions = versions(git, head, &file)?;
        let log = state_file::deployments(&file, "production", &versions, true);
        if log.events.len() >= LEAST_CHANGES && log.unreadable.len() < log.events.len() {
            found.push(file.path);
        }
    }
    Ok(found)
}

/// The shape of most tags, numbers left open, where none of them is a deployment by the pattern in force.
fn scheme(names: &[String], known: &TagPattern) -> Option<String> {
    if names.iter().any(|name| known.read(name).is_some()) {
        return None;
    }
    let shapes: BTreeSet<String> = names.iter().map(|name| shape(name)).collect();
    let fits = |pattern: &str| {
        let pattern = TagPattern::new(pattern).ok();
        let fits = |name: &&String| pattern.as_ref().is_some_and(|p| p.read(name).is_some());
        names.iter().filter(fits).count()
    };
    let ranked = shapes
        .into_iter()
        .take(50)
        .map(|shape| (fits(&shape), shape));
    let (count, best) = ranked.max()?;
    (count >= LEAST_TAGS && count * 5 >= names.len() * 4).then_some(best)
}

/// `release_4482` as `^release_\d+$`.
fn shape(name: &str) -> String {
    let mut out = String::from("^");
    let mut in_number = false;
    for c in name.chars() {
        if c.is_ascii_digit() {
            if !in_number {
                out.push_str(r"\d+");
            }
            in_number = true;
        } else {
            in_number = false;
            out.push_str(&regex::escape(c.encode_utf8(&mut [0; 4])));
        }
    }
    out.push('$');
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_shape_of_most_tags_is_proposed_only_where_none_counts() {
        let names = |list: &[&str]| list.iter().map(|n| (*n).to_owned()).collect::<Vec<_>>();
        let of = |list: &[&str]| scheme(&names(list), &TagPattern::default());
        assert_eq!(
            of(&["release_1", "release_22", "release_333", "old", "build.1"][..4]),
            None
        );
        assert_eq!(
            of(&["release_1", "release_22", "release_3", "release_4", "old"]).as_deref(),
            Some(r"^release_\d+$")
        );
        assert_eq!(of(&["v1.0.0", "release_1", "release_2", "release_3"]), None);
        assert_eq!(of(&["a", "b", "c"]), None);
        assert_eq!(of(&[]), None);
    }
}
