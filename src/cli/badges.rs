//! `fivekeys badges`: what is pasted to show them.

use super::args::BadgesArgs;
use super::{Exit, Failure};
use crate::host::Host;
use crate::host::git::Git;
use crate::render;

/// Runs the command; nothing is asked of GitHub.
pub(super) fn run(host: &Host, args: &BadgesArgs) -> Result<Exit, Failure> {
    let git = Git::open(&host.folder).ok();
    let of_clone = || git.as_ref()?.repository().ok().flatten();
    let var = |name| host.var(name).filter(|v| !v.is_empty()).map(str::to_owned);
    let repository = args
        .repository
        .clone()
        .or_else(of_clone)
        .or_else(|| var("GITHUB_REPOSITORY"));
    let Some(repository) = repository else {
        return Err(Failure::usage(
            "nothing says which repository's badges",
            Some("give --repository acme/shop, or run it in a clone with a remote".to_owned()),
        ));
    };
    let site = git.as_ref().and_then(|git| git.site().ok().flatten());
    let server = site
        .or_else(|| var("GITHUB_SERVER_URL"))
        .unwrap_or_else(|| "https://github.com".to_owned());
    host.print(&render::badge_snippets(&server, &repository, &args.branch))?;
    Ok(Exit::Fine)
}
