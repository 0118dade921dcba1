//! Clones as people and attackers leave them: odd tags, odd messages, nothing at all.

use std::io::Write as _;
use std::path::Path;
use std::process::{Command, Stdio};

use fivekeys::collect::git::{GitHistory, GitHistoryError, collect};
use fivekeys::config::{self, Config};
use fivekeys::event::{Commit, Source};
use fivekeys::host::git::GitError;

/// A repository whose clock moves a minute with every command.
struct Repo {
    folder: tempfile::TempDir,
    clock: i64,
}

impl Repo {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let mut repo = Self {
            folder,
            clock: 1_700_000_000,
        };
        repo.git(&["init", "--quiet"], b"");
        repo
    }

    fn path(&self) -> &Path {
        self.folder.path()
    }

    fn git(&mut self, args: &[&str], input: &[u8]) -> String {
        self.clock += 60;
        let date = format!("{} +0000", self.clock);
        let mut child = Command::new("git")
            .arg("-C")
            .arg(self.folder.path())
            .args([
                "-c",
                "init.defaultBranch=main",
                "-c",
                "commit.gpgSign=false",
            ])
            .args([
                "-c",
                "tag.gpgSign=false",
                "-c",
                "user.email=ann@example.com",
            ])
            .args(["-c", "user.name=Ann", "-c", "protocol.file.allow=always"])
            .args(args)
            .env("GIT_AUTHOR_DATE", &date)
            .env("GIT_COMMITTER_DATE", &date)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        child.stdin.take().unwrap().write_all(input).unwrap();
        let done = child.wait_with_output().unwrap();
        assert!(done.status.success(), "git {args:?}: {done:?}");
        String::from_utf8_lossy(&done.stdout).trim().to_owned()
    }

    fn commit(&mut self, message: &[u8]) -> String {
        let args = [
            "commit",
            "-q",
            "--allow-empty",
            "--allow-empty-message",
            "--cleanup=verbatim",
        ];
        self.git(&[&args[..], &["-F", "-"]].concat(), message);
        self.git(&["rev-parse", "HEAD"], b"")
    }

    fn history(&self, config: &str) -> GitHistory {
        collect(self.path(), &config::parse(config).unwrap()).unwrap()
    }
}

fn commit<'h>(history: &'h GitHistory, sha: &str) -> &'h Commit {
    let mut commits = history.events.iter().filter_map(|e| e.fact.as_commit());
    let found = commits.find(|commit| commit.sha == sha);
    found.unwrap_or_else(|| panic!("{sha} is missing"))
}

fn ids(history: &GitHistory, prefix: &str) -> Vec<String> {
    let mut ids: Vec<String> = history
        .events
        .iter()
        .filter(|event| event.id.starts_with(prefix))
        .map(|event| event.id.clone())
        .collect();
    ids.sort();
    ids
}

fn codes(history: &GitHistory) -> Vec<&str> {
    history.notes.iter().map(|note| note.code).collect()
}

#[test]
fn hostile_messages_and_names_are_only_text() {
    let mut repo = Repo::new();
    let one = repo.commit(b"one\x1f\x1e\n\n\x1fcommit 0000000\n");
    let none = repo.commit(b"");
    let author = "--author=Caf\u{e9} \u{1f} [bot] <a@example.com>";
    repo.git(
        &["commit", "-q", "--allow-empty", "-m", "bot's", author],
        b"",
    );
    let bot = repo.git(&["rev-parse", "HEAD"], b"");
    let raw = format!(
        "tree {}\nparent {bot}\nauthor \u{1} <x> 99999999999999999999 +0000\ncommitter n <x> 1700000500 +0000\n\nRaw ",
        repo.git(&["write-tree"], b"")
    );
    let raw = [raw.as_bytes(), b"\xff\xfe (#3)\n\nbody\0after\n"].concat();
    let raw = repo.git(
        &[
            "hash-object",
            "-t",
            "commit",
            "-w",
            "--literally",
            "--stdin",
        ],
        &raw,
    );
    repo.git(&["update-ref", "HEAD", &raw], b"");
    let history = repo.history("");
    assert_eq!(ids(&history, "commit:").len(), 4);
    assert_eq!(commit(&history, &one).parents.len(), 0);
    assert_eq!(commit(&history, &none).subject, None);
    assert!(commit(&history, &bot).bot);
    assert_eq!(commit(&history, &raw).pull, Some(3));
    assert_eq!(history.head, Some(raw));
}

#[test]
fn only_tags_that_peel_to_commits_deploy() {
    let mut repo = Repo::new();
    let one = repo.commit(b"one");
    let tree = repo.git(&["write-tree"], b"");
    let blob = repo.git(&["hash-object", "-w", "--stdin"], b"x");
    repo.git(&["tag", "a", &one], b"");
    repo.git(&["tag", "-a", "-m", "m", "b", &one], b"");
    let at_b = repo.clock;
    repo.git(&["tag", "-a", "-m", "m", "nested", "b"], b"");
    repo.git(&["tag", "tree", &tree], b"");
    repo.git(&["tag", "blob", &blob], b"");
    repo.git(&["tag", "-a", "-m", "m", "annotated-tree", &tree], b"");
    for odd in ["o;$(id)`'\"&|", "o\u{e9}\u{202e}", "o/p@q#%s", "main"] {
        repo.git(&["tag", odd, &one], b"");
    }
    let history = repo.history("tags: .");
    let want = [
        "a",
        "b",
        "main",
        "nested",
        "o/p@q#%s",
        "o;$(id)`'\"&|",
        "o\u{e9}\u{202e}",
    ];
    assert_eq!(
        ids(&history, "tag:"),
        want.map(|name| format!("tag:{name}@{one}"))
    );
    let b = history
        .events
        .iter()
        .find(|e| e.id.starts_with("tag:b@"))
        .unwrap();
    assert_eq!(b.time.timestamp(), at_b);
    assert_eq!(
        (history.source, codes(&history).len()),
        (Source::GitTags, 0)
    );
}

#[test]
fn a_merge_without_a_pull_request_is_a_merge_and_merge_is_deploy_is_said() {
    let mut repo = Repo::new();
    repo.commit(b"one");
    repo.git(&["checkout", "-q", "-b", "side"], b"");
    let side = repo.commit(b"side");
    repo.git(&["checkout", "-q", "main"], b"");
    let two = repo.commit(b"two");
    repo.git(
        &[
            "merge",
            "-q",
            "--no-ff",
            "-m",
            "Merge branch 'side'",
            "side",
        ],
        b"",
    );
    let history = repo.history("");
    assert_eq!(history.source, Source::GitMerges);
    assert_eq!(codes(&history), ["merge_is_deploy"]);
    let merges = ids(&history, "merge:");
    assert!(merges.contains(&format!("merge:{two}")) && !merges.contains(&format!("merge:{side}")));
    assert_eq!((merges.len(), ids(&history, "pr:").len()), (3, 0));
    assert_eq!(ids(&history, "commit:").len(), 4);
}

#[test]
fn tags_that_match_nothing_are_named_and_the_configured_source_is_kept() {
    let mut repo = Repo::new();
    for name in 1..=7 {
        repo.commit(b"x");
        repo.git(&["tag", &format!("build-{name}")], b"");
    }
    let history = repo.history("");
    assert_eq!(codes(&history), ["no_tag_matches", "merge_is_deploy"]);
    assert!(
        history.notes[0]
            .text
            .ends_with("build-7, build-6, build-5, build-4, build-3 and 2 more")
    );
    let history = repo.history("source: tags");
    assert_eq!(history.source, Source::GitTags);
    assert_eq!(
        (codes(&history), ids(&history, "tag:").len()),
        (vec!["no_tag_matches"], 0)
    );
    assert_eq!(ids(&history, "commit:").len(), 7);
    let history = repo.history("source: merges\ntags: build");
    assert_eq!(
        (history.source, codes(&history)),
        (Source::GitMerges, vec!["merge_is_deploy"])
    );
    let history = repo.history("source: deployments\ntags: build");
    assert_eq!(
        (history.source, codes(&history)),
        (Source::GitTags, vec!["deployments_need_github"])
    );
}

#[test]
fn paths_are_read_where_services_need_them_whatever_the_folder_and_the_settings() {
    let mut repo = Repo::new();
    std::fs::create_dir_all(repo.path().join("api/deep")).unwrap();
    std::fs::write(repo.path().join("api/caf\u{e9} x"), "1").unwrap();
    std::fs::write(repo.path().join("top"), "1").unwrap();
    repo.git(&["add", "."], b"");
    let root = repo.commit(b"one");
    repo.git(&["mv", "top", "bottom"], b"");
    let moved = repo.commit(b"two");
    for (key, value) in [
        ("log.showRoot", "false"),
        ("diff.relative", "true"),
        ("diff.external", "false"),
    ] {
        repo.git(&["config", key, value], b"");
    }
    let config = config::parse("services: { api: { paths: ['api/**'] } }").unwrap();
    let history = collect(&repo.path().join("api/deep"), &config).unwrap();
    assert_eq!(commit(&history, &root).paths, ["api/caf\u{e9} x", "top"]);
    assert_eq!(commit(&history, &moved).paths, ["bottom", "top"]);
    assert!(commit(&repo.history(""), &root).paths.is_empty());
}

#[test]
fn replaced_objects_are_read_as_they_were_written() {
    let mut repo = Repo::new();
    let one = repo.commit(b"one");
    let two = repo.commit(b"two (#2)");
    repo.git(&["replace", &two, &one], b"");
    assert_eq!(commit(&repo.history(""), &two).pull, Some(2));
}

#[test]
fn an_empty_repository_is_an_empty_history_and_a_shallow_one_an_error() {
    let mut repo = Repo::new();
    let history = repo.history("");
    assert!(history.events.is_empty() && history.head.is_none());
    repo.commit(b"one");
    repo.commit(b"two");
    repo.git(
        &[
            "remote",
            "add",
            "origin",
            "https://u:secret@github.com/acme/shop.git",
        ],
        b"",
    );
    assert_eq!(repo.history("").repository.as_deref(), Some("acme/shop"));
    let address = format!("file://{}", repo.path().display());
    repo.git(&["clone", "-q", "--depth=1", &address, "short"], b"");
    let error = collect(&repo.path().join("short"), &Config::default()).unwrap_err();
    assert!(
        matches!(error, GitHistoryError::Git(GitError::Shallow)),
        "{error}"
    );
    assert!(error.help().unwrap().contains("--unshallow"));
}

#[test]
fn the_history_of_a_state_file_is_the_log_of_deployments() {
    let mut repo = Repo::new();
    let one = repo.commit(b"one");
    repo.git(&["tag", "v2"], b"");
    let two = repo.commit(b"two");
    std::fs::create_dir_all(repo.path().join("deploy")).unwrap();
    let write = |repo: &mut Repo, text: &str| {
        std::fs::write(repo.path().join("deploy/a [1].json"), text).unwrap();
        repo.git(&["add", "."], b"");
        repo.commit(b"deploy")
    };
    let short = &two[..9];
    for text in [
        "{\"service_image_uri_with_tag\": \"ghcr.io/acme/shop:v2\"}".to_owned(),
        format!("{{\"service_image_uri_with_tag\": \"ghcr.io/acme/shop:{short}\"}}"),
        "{\"service_image_uri_with_tag\": ".to_owned(),
        format!(
            "{{\"service_image_uri_with_tag\": \"ghcr.io/acme/shop:{}\"}}",
            "ab".repeat(20)
        ),
    ] {
        write(&mut repo, &text);
    }
    let text = "state_files: [{path: 'deploy/a [1].json', environment: live}]";
    // From a folder below the top too.
    let config = config::parse(text).unwrap();
    for folder in ["", "deploy"] {
        let history = collect(&repo.path().join(folder), &config).unwrap();
        assert_eq!(history.source, Source::StateFile);
        assert_eq!(codes(&history), ["unreadable"]);
        let mut told: Vec<(i64, String, String)> = history
            .events
            .iter()
            .filter_map(|event| Some((event.time.timestamp(), event.fact.as_deployment()?)))
            .map(|(at, d)| (at, d.environment.clone(), d.revision.clone().unwrap()))
            .collect();
        told.sort();
        let revisions: Vec<&str> = told.iter().map(|(_, _, r)| r.as_str()).collect();
        // A tag and an abbreviation are the commit that they mean; what is not of this repository stays as it is.
        assert_eq!(revisions, [one.as_str(), two.as_str(), &"ab".repeat(20)]);
        assert!(told.iter().all(|(_, environment, _)| environment == "live"));
    }
    let history = repo.history("source: tags\nstate_files: [{path: x.json}]");
    assert_eq!(history.source, Source::GitTags);
    let history = repo.history("state_files: [{path: x.json}]");
    assert_eq!(
        (history.source, codes(&history)),
        (Source::StateFile, vec!["no_state_file"])
    );
}
