//! `fivekeys badges`: what is pasted to show them.

use super::args::BadgesArgs;
use super::{Exit, Failure};
use crate::github::split_repository;
use crate::host::Host;
use crate::host::git::Git;
use crate::render;

/// Runs the command; nothing is asked of GitHub.
pub(super) fn run(host: &Host, args: &BadgesArgs) -> Result<Exit, Failure> {
    let git = Git::open(&host.folder).ok();
    let of_clone = || git.as_ref()?.repository().ok().flatten();
    let repository = args
        .repository
        .clone()
        .or_else(of_clone)
        .or_else(|| host.var("GITHUB_REPOSITORY").map(str::to_owned));
    let help = "give --repository acme/shop, or run it in a clone with a remote";
    let Some(repository) = repository else {
        return Err(Failure::usage(
            "nothing says which repository's badges",
            help.to_owned(),
        ));
    };
    if let Err(error) = split_repository(&repository) {
        return Err(Failure::usage(error.to_string(), help.to_owned()));
    }
    if args.branch.is_empty() {
        return Err(Failure::usage(
            "`--branch` names no branch",
            "give that of the metrics, or leave it out".to_owned(),
        ));
    }
    let site = git.as_ref().and_then(|git| git.site().ok().flatten());
    let server = site
        .or_else(|| host.var("GITHUB_SERVER_URL").map(str::to_owned))
        .unwrap_or_else(|| "https://github.com".to_owned());
    host.print(&render::badge_snippets(&server, &repository, &args.branch))?;
    Ok(Exit::Fine)
}
