//! What a run left behind: on its streams, in the runner's files, on GitHub.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::process::Output;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use super::World;
use super::git::Commit;
use super::github::Comment;

/// A workflow command that annotates.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Annotation {
    /// `error`, `warning`, `notice` or `debug`.
    pub(crate) level: String,
    pub(crate) properties: BTreeMap<String, String>,
    pub(crate) message: String,
}

/// All of it.
#[derive(Debug)]
pub(crate) struct Transcript {
    /// Exit status; -1 where a signal ended it.
    pub(crate) exit: i32,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
    pub(crate) summary: String,
    pub(crate) outputs: BTreeMap<String, String>,
    /// From either stream: the runner reads both.
    pub(crate) annotations: Vec<Annotation>,
    /// Files that the run left in the workspace and in its other folders, by path.
    pub(crate) files: BTreeMap<String, String>,
    /// The metrics branch as it stands.
    pub(crate) branch_files: BTreeMap<String, String>,
    /// Its commits, oldest first.
    pub(crate) commits_on_branch: Vec<Commit>,
    /// All comments on all pull requests, oldest first.
    pub(crate) comments: Vec<Comment>,
}

impl Transcript {
    pub(super) fn read(done: &Output, folder: &Path, world: &World, branch: &str) -> Self {
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        let (stdout, stderr) = (text(&done.stdout), text(&done.stderr));
        let mut files = BTreeMap::new();
        gather(folder, "", &mut files);
        files.remove("event.json");
        let mut file = |name: &str| files.remove(name).unwrap_or_default();
        let (summary, output) = (file("github_step_summary"), file("github_output"));
        let github = world.github();
        let annotations = stdout.lines().chain(stderr.lines());
        Self {
            exit: done.status.code().unwrap_or(-1),
            annotations: annotations.filter_map(annotation).collect(),
            outputs: outputs(&output),
            summary,
            files,
            stdout,
            stderr,
            branch_files: github.branch_files(branch),
            commits_on_branch: github.branch_commits(branch),
            comments: github.comments.clone(),
        }
    }

    /// The output of this name; empty where the run set none.
    pub(crate) fn output(&self, name: &str) -> &str {
        self.outputs.get(name).map_or("", String::as_str)
    }

    /// Messages of the annotations of one level.
    pub(crate) fn said(&self, level: &str) -> Vec<&str> {
        let of = self.annotations.iter().filter(|one| one.level == level);
        of.map(|one| one.message.as_str()).collect()
    }

    pub(crate) fn assert_silent_about(&self, token: &str) {
        let everything = format!("{self:?}");
        // Whole, in pieces, and as headers and addresses carry it.
        let pieces = token.as_bytes().windows(12);
        let pieces = pieces.map(|piece| String::from_utf8_lossy(piece).into_owned());
        let packed = (0..3).map(|pad| {
            let text = STANDARD.encode(format!("{}{token}", &"x::"[..pad]));
            text[4..text.len() - 4].to_owned()
        });
        for form in pieces.chain(packed) {
            assert!(!everything.contains(&form), "the token was printed");
        }
    }
}

fn gather(folder: &Path, prefix: &str, files: &mut BTreeMap<String, String>) {
    for entry in fs::read_dir(folder).unwrap() {
        let entry = entry.unwrap();
        let name = format!("{prefix}{}", entry.file_name().to_string_lossy());
        if entry.file_type().unwrap().is_dir() {
            gather(&entry.path(), &format!("{name}/"), files);
        } else {
            let bytes = fs::read(entry.path()).unwrap();
            files.insert(name, String::from_utf8_lossy(&bytes).into_owned());
        }
    }
}

/// `name=value` and `name<<DELIMITER` blocks, as the runner reads them; whatever else is there fails the step.
fn outputs(text: &str) -> BTreeMap<String, String> {
    let mut found = BTreeMap::new();
    let mut lines = text.lines();
    while let Some(line) = lines.next() {
        let equals = line.find('=').unwrap_or(usize::MAX);
        if let Some((name, delimiter)) = line.split_once("<<").filter(|(n, _)| n.len() < equals) {
            let mut block = Vec::new();
            loop {
                let line = lines.next();
                let line = line.unwrap_or_else(|| panic!("`{name}` has no end in {text:?}"));
                if line == delimiter {
                    break;
                }
                block.push(line);
            }
            found.insert(name.to_owned(), block.join("\n"));
        } else if let Some((name, value)) = line.split_once('=') {
            found.insert(name.to_owned(), value.to_owned());
        } else {
            assert!(line.trim().is_empty(), "{line:?} is no output");
        }
    }
    found
}

fn annotation(line: &str) -> Option<Annotation> {
    let (head, message) = line.trim_start().strip_prefix("::")?.split_once("::")?;
    let (level, properties) = head.split_once(' ').unwrap_or((head, ""));
    if !matches!(level, "error" | "warning" | "notice" | "debug") {
        return None;
    }
    let plain = |text: &str| {
        let text = text.replace("%0D", "\r").replace("%0A", "\n");
        let text = text.replace("%3A", ":").replace("%2C", ",");
        text.replace("%25", "%")
    };
    let properties = properties.split(',').filter_map(|one| one.split_once('='));
    Some(Annotation {
        level: level.to_owned(),
        properties: properties
            .map(|(name, value)| (name.trim().to_owned(), plain(value)))
            .collect(),
        message: plain(message),
    })
}

#[test]
fn the_runner_s_files_and_commands_are_read_as_github_reads_them() {
    let found = outputs("a=1\nb<<X\nl1\n=l2<<\nX\nc=p<<q\n\nempty=\n");
    let found: Vec<(&str, &str)> = found.iter().map(|(k, v)| (&**k, &**v)).collect();
    let expected = [("a", "1"), ("b", "l1\n=l2<<"), ("c", "p<<q"), ("empty", "")];
    assert_eq!(found, expected);
    let found = annotation("::warning file=.github/a%2Cb.yml,line=3::one%0Atwo 100%25").unwrap();
    assert_eq!(found.level, "warning");
    assert_eq!(found.properties["file"], ".github/a,b.yml");
    assert_eq!(found.message, "one\ntwo 100%");
    assert_eq!(annotation("::group::x"), None);
    assert_eq!(annotation("warning: x"), None);
}

/// What a run would leave that prints this.
fn printed(stdout: &str) -> Transcript {
    let done = Output {
        status: std::process::ExitStatus::default(),
        stdout: stdout.as_bytes().to_vec(),
        stderr: b"::error::bad\n".to_vec(),
    };
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("github_output"), "persisted=true\n").unwrap();
    fs::write(folder.path().join("github_step_summary"), "# Five\n").unwrap();
    fs::create_dir(folder.path().join("workspace")).unwrap();
    fs::write(folder.path().join("workspace/report.json"), "{}").unwrap();
    Transcript::read(&done, folder.path(), &World::new(), "fivekeys")
}

#[test]
fn a_transcript_holds_all_that_a_run_left() {
    let found = printed("::warning::late\nplain\n");
    assert_eq!((found.exit, found.summary.as_str()), (0, "# Five\n"));
    assert_eq!(
        (found.output("persisted"), found.output("none")),
        ("true", "")
    );
    assert_eq!(
        (found.said("warning"), found.said("error")),
        (vec!["late"], vec!["bad"])
    );
    assert!(found.stdout.ends_with("plain\n") && !found.stderr.is_empty());
    assert_eq!(found.files["workspace/report.json"], "{}");
    assert!(found.branch_files.is_empty() && found.commits_on_branch.is_empty());
}

#[test]
fn a_printed_token_fails_the_test() {
    let token = "ghs_worldworldworldworld0000";
    let basic = STANDARD.encode(format!("x-access-token:{token}"));
    for text in [token, &token[3..18], &STANDARD.encode(token), &basic] {
        let found = printed(&format!("token: {text}\n"));
        let judged = std::panic::catch_unwind(|| found.assert_silent_about(token));
        assert!(judged.is_err(), "{text}");
    }
    printed("nothing\n").assert_silent_about(token);
}
