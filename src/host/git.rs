//! The `git` program, started with a list of arguments: never through a shell, never over the network.

mod process;
#[cfg(test)]
mod tests;

use std::path::{Path, PathBuf};

use process::{failed, start};

/// Most bytes of a short answer, such as a ref or a path.
const SHORT: usize = 64 * 1024;

/// Why git gave no answer.
#[derive(Debug, thiserror::Error)]
pub enum GitError {
    /// There is no `git` to start.
    #[error("the program `git` is not installed, or not on the path")]
    NotInstalled,
    /// The folder belongs to no repository.
    #[error("`{}` is not in a git repository", .folder.display())]
    NotARepository {
        /// The folder asked for.
        folder: PathBuf,
    },
    /// The clone holds only the end of the history.
    #[error(
        "this clone is shallow: part of the history is missing, so every number would be wrong"
    )]
    Shallow,
    /// It ran and refused.
    #[error("`{command}` failed: {stderr}")]
    Failed {
        /// The command, shortened.
        command: String,
        /// What it said.
        stderr: String,
    },
    /// It said more than we are ready to hold.
    #[error("`{command}` printed more than {limit} bytes")]
    TooLarge {
        /// The command, shortened.
        command: String,
        /// Most bytes that were allowed.
        limit: usize,
    },
}

impl GitError {
    /// What to do about it.
    #[must_use]
    pub fn help(&self) -> Option<&'static str> {
        match self {
            Self::NotInstalled => Some("install git 2.24 or newer"),
            Self::NotARepository { .. } => {
                Some("change into a clone, or measure a file with `--from history=FILE`")
            }
            Self::Shallow => Some(
                "run `git fetch --unshallow --tags`; with actions/checkout set `fetch-depth: 0`",
            ),
            Self::Failed { stderr, .. } if stderr.contains("dubious ownership") => Some(
                "the clone belongs to another user: `git config --global --add safe.directory FOLDER`",
            ),
            Self::Failed { .. } | Self::TooLarge { .. } => None,
        }
    }
}

/// A branch, or whatever stands in for it, and the commit it points to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Branch {
    /// Name without remote; absent where `HEAD` is detached and nothing names the default branch.
    pub name: Option<String>,
    /// Full object id of its head.
    pub head: String,
}

/// One repository: a clone, a bare clone, a linked worktree, or any folder inside them.
#[derive(Debug, Clone)]
pub struct Git {
    folder: PathBuf,
    data: PathBuf,
    shallow: bool,
    bare: bool,
}

impl Git {
    /// The repository that the folder belongs to.
    ///
    /// # Errors
    /// When git is not installed, the folder is in no repository, or git refuses to open it.
    pub fn open(folder: &Path) -> Result<Self, GitError> {
        let asked = [
            "rev-parse",
            "--is-shallow-repository",
            "--is-bare-repository",
            "--absolute-git-dir",
        ];
        let outside = || GitError::NotARepository {
            folder: folder.to_owned(),
        };
        if !folder.is_dir() {
            return Err(outside());
        }
        let said = match start(folder, &asked, None, SHORT)? {
            (true, out, _) => String::from_utf8_lossy(&out).into_owned(),
            (false, _, stderr) if stderr.contains("not a git repository") => return Err(outside()),
            (false, _, stderr) => return Err(failed(&asked, stderr)),
        };
        let mut lines = said.splitn(3, '\n');
        let mut next = || lines.next().unwrap_or_default();
        Ok(Self {
            folder: folder.to_owned(),
            shallow: next() == "true",
            bare: next() == "true",
            data: PathBuf::from(next().trim_end_matches(['\n', '\r'])),
        })
    }

    /// The folder that holds the repository's data.
    #[must_use]
    pub fn git_dir(&self) -> &Path {
        &self.data
    }

    /// Whether part of the history is missing.
    #[must_use]
    pub fn is_shallow(&self) -> bool {
        self.shallow
    }

    /// The top folder of the checkout; `None` in a bare clone.
    ///
    /// # Errors
    /// When git cannot be started.
    pub fn top_level(&self) -> Result<Option<PathBuf>, GitError> {
        Ok(self
            .ask(&["rev-parse", "--show-toplevel"])?
            .map(PathBuf::from))
    }

    /// Runs a command and gives its output, as bytes: messages and paths need not be UTF-8.
    ///
    /// # Errors
    /// When it cannot be started, fails, or prints more than `limit` bytes.
    pub fn run(&self, args: &[&str], limit: usize) -> Result<Vec<u8>, GitError> {
        self.feed(args, None, limit)
    }

    /// Runs a command with lines on its standard input: lists of revisions outgrow an argument list.
    ///
    /// # Errors
    /// As [`Git::run`].
    pub fn run_with(&self, args: &[&str], input: &str, limit: usize) -> Result<Vec<u8>, GitError> {
        self.feed(args, Some(input), limit)
    }

    fn feed(&self, args: &[&str], input: Option<&str>, limit: usize) -> Result<Vec<u8>, GitError> {
        match start(&self.folder, args, input, limit)? {
            (true, out, _) => Ok(out),
            (false, _, stderr) => Err(failed(args, stderr)),
        }
    }

    /// A one-line answer; `None` when git says no.
    fn ask(&self, args: &[&str]) -> Result<Option<String>, GitError> {
        let (yes, out, _) = start(&self.folder, args, None, SHORT)?;
        let text = String::from_utf8_lossy(&out);
        let line = text.trim_end_matches(['\n', '\r']);
        Ok((yes && !line.is_empty()).then(|| line.to_owned()))
    }

    /// The commit that a revision means, through any number of annotated tags; `None` when there is none.
    ///
    /// # Errors
    /// When git cannot be started.
    pub fn commit(&self, revision: &str) -> Result<Option<String>, GitError> {
        if revision.starts_with('-') || revision.contains('\0') {
            return Ok(None);
        }
        let peeled = format!("{revision}^{{commit}}");
        self.ask(&["rev-parse", "--verify", "--quiet", &peeled])
    }

    /// Whether there is no commit at all.
    ///
    /// # Errors
    /// When git cannot be started.
    pub fn is_empty(&self) -> Result<bool, GitError> {
        if self.commit("HEAD")?.is_some() {
            return Ok(false);
        }
        let first = ["for-each-ref", "--count=1", "--format=%(objectname)"];
        Ok(self.ask(&first)?.is_none())
    }

    /// The default branch: what `origin` says, else `main` or `master`, else `HEAD`. In a bare clone `HEAD` is
    /// what the remote said. Remote branches go before local ones: what is not pushed is not deployed.
    ///
    /// # Errors
    /// When git cannot be started.
    pub fn default_branch(&self) -> Result<Option<Branch>, GitError> {
        let mut refs = Vec::new();
        let head = self.ask(&["symbolic-ref", "--quiet", "HEAD"])?;
        if self.bare {
            refs.extend(head.clone());
        }
        refs.extend(self.ask(&["symbolic-ref", "--quiet", "refs/remotes/origin/HEAD"])?);
        for place in ["refs/remotes/origin/", "refs/heads/"] {
            refs.extend(["main", "master"].map(|name| format!("{place}{name}")));
        }
        refs.extend(head);
        for name in refs {
            if let Some(head) = self.commit(&name)? {
                let short = name
                    .strip_prefix("refs/remotes/origin/")
                    .or_else(|| name.strip_prefix("refs/heads/"));
                return Ok(Some(Branch {
                    name: short.map(str::to_owned),
                    head,
                }));
            }
        }
        Ok(self.commit("HEAD")?.map(|head| Branch { name: None, head }))
    }

    /// `owner/name` of the remote `origin`; `None` where it is a path, or there is none.
    ///
    /// # Errors
    /// When git cannot be started.
    pub fn repository(&self) -> Result<Option<String>, GitError> {
        // Prints the address without asking the remote, with the user's `insteadOf` applied.
        let url = self.ask(&["ls-remote", "--get-url", "origin"])?;
        Ok(url.as_deref().and_then(repository_of))
    }

    /// Where the GitHub of the remote `origin` has its pages, such as `https://github.com`; `None` where it is a path
    /// or a nickname, or there is none.
    ///
    /// # Errors
    /// When git cannot be started.
    pub fn site(&self) -> Result<Option<String>, GitError> {
        let url = self.ask(&["ls-remote", "--get-url", "origin"])?;
        Ok(url.as_deref().and_then(site_of))
    }

    /// A file at a revision, by its path from the top; `None` when it is not there. Not UTF-8: replaced.
    ///
    /// # Errors
    /// When git cannot be started or the file is longer than `limit` bytes.
    pub fn show(
        &self,
        revision: &str,
        path: &str,
        limit: usize,
    ) -> Result<Option<String>, GitError> {
        let Some(commit) = self.commit(revision)? else {
            return Ok(None);
        };
        let blob = format!("{commit}:{path}");
        let Some(id) = self.ask(&["rev-parse", "--verify", "--quiet", &blob])? else {
            return Ok(None);
        };
        let bytes = self.run(&["cat-file", "blob", &id], limit)?;
        Ok(Some(String::from_utf8_lossy(&bytes).into_owned()))
    }
}

/// Scheme and host of an address that [`repository_of`] reads. Credentials and the ports of ssh are left out.
fn site_of(url: &str) -> Option<String> {
    repository_of(url)?;
    let url = url.trim();
    let (scheme, rest) = url.split_once("://").unwrap_or(("ssh", url));
    let host = rest
        .split('/')
        .next()?
        .rsplit('@')
        .next()?
        .to_ascii_lowercase();
    let is_web = scheme.eq_ignore_ascii_case("https") || scheme.eq_ignore_ascii_case("http");
    let (name, port) = host.split_once(':').unwrap_or((&host, ""));
    let is_plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '.');
    (name.contains('.') && name.chars().all(is_plain)).then_some(())?;
    let name = name
        .strip_prefix("ssh.")
        .filter(|rest| *rest == "github.com")
        .unwrap_or(name);
    let port = port.parse::<u16>().ok().filter(|_| is_web);
    let port = port.map_or_else(String::new, |port| format!(":{port}"));
    let scheme = if is_web {
        scheme.to_ascii_lowercase()
    } else {
        "https".to_owned()
    };
    Some(format!("{scheme}://{name}{port}"))
}

/// Owner and name in an address: https, ssh, git, or `user@host:owner/name`. Credentials are never looked at.
fn repository_of(url: &str) -> Option<String> {
    let url = url.trim();
    let path = if let Some((scheme, rest)) = url.split_once("://") {
        let known = ["https", "http", "ssh", "git", "git+ssh", "ssh+git"];
        let scheme = scheme.to_ascii_lowercase();
        known.contains(&scheme.as_str()).then_some(())?;
        rest.split_once('/')?.1
    } else {
        let (host, path) = url.split_once(':')?;
        // `C:\clone` and `./a:b` are paths of this machine.
        (host.len() > 1 && !host.contains(['/', '\\'])).then_some(())?;
        path
    };
    let path = path.trim_matches('/');
    let (owner, name) = path.strip_suffix(".git").unwrap_or(path).split_once('/')?;
    let plain = |part: &str| {
        !part.is_empty()
            && !part.starts_with('.')
            && part
                .chars()
                .all(|c| c.is_ascii_alphanumeric() || "-_.".contains(c))
    };
    (plain(owner) && plain(name)).then(|| format!("{owner}/{name}"))
}
