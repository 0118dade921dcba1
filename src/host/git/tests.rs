//! Real repositories, made on the spot.
#![expect(clippy::disallowed_methods, reason = "tests make repositories")]

use std::path::Path;
use std::process::Command;

use super::{Git, GitError, repository_of, site_of};

fn git(folder: &Path, args: &[&str]) {
    let done = Command::new("git")
        .arg("-C")
        .arg(folder)
        .args(["-c", "user.name=n", "-c", "user.email=n@example.com"])
        .args([
            "-c",
            "init.defaultBranch=trunk",
            "-c",
            "commit.gpgSign=false",
        ])
        .args(args)
        .output()
        .unwrap();
    assert!(done.status.success(), "git {args:?}: {done:?}");
}

fn repository() -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    git(folder.path(), &["init", "--quiet"]);
    folder
}

fn commit(folder: &Path, message: &str) {
    git(
        folder,
        &["commit", "--quiet", "--allow-empty", "-m", message],
    );
}

#[test]
fn a_folder_outside_and_a_folder_that_is_not_there_are_no_repository() {
    let folder = tempfile::tempdir().unwrap();
    for place in [folder.path().to_owned(), folder.path().join("none")] {
        let error = Git::open(&place).unwrap_err();
        assert!(matches!(error, GitError::NotARepository { .. }), "{error}");
        assert!(error.help().is_some());
    }
}

#[test]
fn an_empty_repository_has_no_branch_and_says_so() {
    let folder = repository();
    let git = Git::open(folder.path()).unwrap();
    assert!(git.is_empty().unwrap() && !git.is_shallow());
    assert_eq!(git.default_branch().unwrap(), None);
    assert_eq!(git.show("HEAD", "a", 9).unwrap(), None);
    assert_eq!(git.repository().unwrap(), None);
}

#[test]
fn the_same_branch_is_found_from_a_subfolder_a_worktree_and_a_bare_clone() {
    let folder = repository();
    let root = folder.path();
    std::fs::create_dir_all(root.join("sub/.github")).unwrap();
    std::fs::write(root.join("sub/.github/x.yml"), b"a\xff").unwrap();
    git(root, &["add", "."]);
    commit(root, "one");
    git(
        root,
        &["worktree", "add", "--quiet", "-b", "side", "../side"],
    );
    git(root, &["worktree", "move", "../side", "linked"]);
    git(root, &["clone", "--quiet", "--bare", ".", "bare.git"]);
    for place in ["sub", "bare.git", "."] {
        let git = Git::open(&root.join(place)).unwrap();
        let branch = git.default_branch().unwrap().unwrap();
        assert_eq!(branch.name.as_deref(), Some("trunk"), "{place}");
        assert_eq!(git.top_level().unwrap().is_none(), place == "bare.git");
        assert!(!git.is_empty().unwrap() && git.git_dir().is_absolute());
        let shown = git.show("HEAD", "sub/.github/x.yml", 9).unwrap();
        assert_eq!(shown.as_deref(), Some("a\u{fffd}"), "{place}");
        assert_eq!(git.show("HEAD", "sub/none", 9).unwrap(), None);
        assert_eq!(git.show("--help", "x", 9).unwrap(), None);
    }
    let linked = Git::open(&root.join("linked")).unwrap();
    assert_eq!(
        linked.default_branch().unwrap().unwrap().name.as_deref(),
        Some("side")
    );
}

#[test]
fn what_origin_says_goes_before_main_and_a_detached_head_comes_last() {
    let folder = repository();
    let root = folder.path();
    commit(root, "one");
    git(root, &["checkout", "--quiet", "--detach"]);
    commit(root, "two");
    git(root, &["branch", "-D", "trunk"]);
    let name = |git: &Git| git.default_branch().unwrap().unwrap().name;
    let opened = Git::open(root).unwrap();
    assert_eq!(name(&opened), None);
    git(root, &["branch", "master", "HEAD~1"]);
    assert_eq!(name(&opened).as_deref(), Some("master"));
    git(root, &["update-ref", "refs/remotes/origin/main", "HEAD"]);
    assert_eq!(name(&opened).as_deref(), Some("main"));
    git(root, &["update-ref", "refs/remotes/origin/dev/x", "HEAD"]);
    git(
        root,
        &[
            "symbolic-ref",
            "refs/remotes/origin/HEAD",
            "refs/remotes/origin/dev/x",
        ],
    );
    assert_eq!(name(&opened).as_deref(), Some("dev/x"));
    // Says a branch that is not there: passed over.
    git(
        root,
        &[
            "symbolic-ref",
            "refs/remotes/origin/HEAD",
            "refs/remotes/origin/gone",
        ],
    );
    assert_eq!(name(&opened).as_deref(), Some("main"));
}

#[test]
fn a_shallow_clone_is_seen() {
    let folder = repository();
    let root = folder.path();
    commit(root, "one");
    commit(root, "two");
    let address = format!("file://{}", root.display());
    git(root, &["clone", "--quiet", "--depth=1", &address, "short"]);
    assert!(Git::open(&root.join("short")).unwrap().is_shallow());
    assert!(GitError::Shallow.help().unwrap().contains("fetch-depth: 0"));
}

#[test]
fn too_much_output_and_failure_are_told_apart() {
    let folder = repository();
    commit(folder.path(), &"long ".repeat(20_000));
    let git = Git::open(folder.path()).unwrap();
    let error = git.run(&["log", "--format=%B"], 1000).unwrap_err();
    assert!(
        matches!(error, GitError::TooLarge { limit: 1000, .. }),
        "{error}"
    );
    let error = git.run(&["log", "no-such-revision"], 1000).unwrap_err();
    assert!(error.to_string().contains("no-such-revision"), "{error}");
    let many = "HEAD\n".repeat(50_000);
    let out = git
        .run_with(&["log", "--format=%H", "--stdin"], &many, 1000)
        .unwrap();
    assert_eq!(out.len(), 41);
}

#[test]
fn settings_of_the_repository_change_nothing() {
    let folder = repository();
    let root = folder.path();
    commit(root, "one");
    git(root, &["config", "core.pager", "touch pwned"]);
    git(root, &["config", "core.fsmonitor", "touch pwned"]);
    git(root, &["config", "alias.log", "!touch pwned"]);
    git(root, &["config", "color.ui", "always"]);
    git(root, &["config", "log.showSignature", "true"]);
    let out = Git::open(root)
        .unwrap()
        .run(&["log", "--format=%s"], 100)
        .unwrap();
    assert_eq!(out, b"one\n");
    assert!(!root.join("pwned").exists());
}

#[test]
fn owner_and_name_are_read_from_every_kind_of_address() {
    for url in [
        "https://github.com/acme/shop.git",
        "https://github.com/acme/shop/",
        "https://user:ghp_secret@ghes.example.com:8443/acme/shop",
        "ssh://git@ssh.github.com:443/acme/shop.git",
        "git://github.com/acme/shop",
        "git@github.com:acme/shop.git",
        "org-1@ghes.example.com:/acme/shop.git",
        "HTTPS://GitHub.com/acme/shop",
    ] {
        assert_eq!(repository_of(url).as_deref(), Some("acme/shop"), "{url}");
    }
    for url in [
        "origin",
        "/srv/git/acme/shop.git",
        "file:///srv/acme/shop.git",
        "../acme/shop",
        "C:\\clones\\shop",
        "C:/acme/shop",
        "https://github.com/shop",
        "https://gitlab.com/group/sub/shop",
        "https://github.com/acme/..",
        "git@github.com:acme/$(id)",
        "",
    ] {
        assert_eq!(repository_of(url), None, "{url}");
    }
}

#[test]
fn the_server_is_read_from_every_kind_of_address_and_credentials_are_not() {
    for (url, site) in [
        (
            "https://github.com/acme/shop.git",
            Some("https://github.com"),
        ),
        (
            "https://ada:ghp_secret@Git.Acme.example:8443/acme/shop",
            Some("https://git.acme.example:8443"),
        ),
        (
            "http://git.acme.example/acme/shop",
            Some("http://git.acme.example"),
        ),
        (
            "ssh://git@ssh.github.com:443/acme/shop.git",
            Some("https://github.com"),
        ),
        (
            "ssh://git@git.acme.example:2222/acme/shop.git",
            Some("https://git.acme.example"),
        ),
        (
            "git@git.acme.example:acme/shop.git",
            Some("https://git.acme.example"),
        ),
        ("work:acme/shop.git", None),
        ("git@work:acme/shop.git", None),
        ("/srv/git.acme.example/shop.git", None),
        ("https://[::1]/acme/shop", None),
    ] {
        assert_eq!(site_of(url).as_deref(), site, "{url}");
    }
}
