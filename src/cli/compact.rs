//! `fivekeys compact`: the metrics branch without its past, every file as it is.

use std::time::Duration;

use super::args::CompactArgs;
use super::progress::Progress;
use super::{Exit, Failure, workspace};
use crate::config::Config;
use crate::github::{Budget, Client, GitHubError, Token};
use crate::host::Host;
use crate::host::git::Git;
use crate::ledger::{Branch, Ledger, Reading, first_day};

/// Deadline of all requests together.
const PATIENCE: Duration = Duration::from_mins(1);
/// Most times that it begins again because somebody has written.
const MOST_TRIES: u32 = 4;
/// How long whoever writes now is left alone.
const PAUSE: Duration = Duration::from_secs(1);

/// Runs the command.
pub(super) fn run(host: &Host, args: &CompactArgs) -> Result<Exit, Failure> {
    let repository = args.repository.clone().or_else(|| {
        let git = Git::open(&host.folder).ok();
        git.and_then(|git| git.repository().ok().flatten())
    });
    let repository = repository.or_else(|| host.var("GITHUB_REPOSITORY").map(str::to_owned));
    let (Some(token), Some(repository)) = (Token::of_host(host), repository) else {
        return Err(Failure::usage(
            "the branch is on GitHub, and nothing says whose",
            Some("set GITHUB_TOKEN, and --repository outside of a clone".to_owned()),
        ));
    };
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()?;
    let progress = Progress::start(host, 1);
    progress.step("asking GitHub");
    let says = runtime.block_on(async {
        let client = Client::of_host(host, token, &repository)?;
        let compaction = Compaction {
            host,
            args,
            client: &client,
            budget: Budget::within(PATIENCE),
        };
        compaction.run().await
    });
    drop(progress);
    runtime.shutdown_background();
    host.print(&format!("{}\n", super::failure::plain(says?)))?;
    Ok(Exit::Fine)
}

struct Compaction<'a> {
    host: &'a Host,
    args: &'a CompactArgs,
    client: &'a Client,
    budget: Budget,
}

impl Compaction<'_> {
    /// What was done, in a sentence.
    async fn run(&self) -> Result<String, Failure> {
        let branch = &self.args.branch;
        let mut last = GitHubError::Stale;
        for turn in 0..MOST_TRIES {
            if turn > 0 {
                tokio::time::sleep(PAUSE.min(self.budget.left())).await;
            }
            let head = self.head_of_ours().await?;
            let past = self.client.past_of(branch, &self.budget).await?;
            let Some(past) = past.filter(|past| past.head == head) else {
                continue;
            };
            if past.commits < 2 {
                return Ok(format!("`{branch}` is one commit already: nothing to do"));
            }
            let count = past.commits;
            if self.args.dry_run {
                return Ok(format!(
                    "would put one commit in the place of {count} on `{branch}`; nothing was sent"
                ));
            }
            let headline = "fivekeys: compact [skip ci]";
            let done = self.client.let_go(branch, &past, headline, &self.budget);
            match done.await {
                Ok(commit) => {
                    return Ok(format!(
                        "one commit is in the place of {count} on `{branch}`; every file is as it was\n{commit}"
                    ));
                }
                Err(error @ (GitHubError::Stale | GitHubError::Ambiguous { .. })) => last = error,
                Err(error) => return Err(error.into()),
            }
        }
        let failure = Failure::from(last).during(format!("`{branch}` was not compacted"));
        Err(Failure {
            help: Some("try again when fewer deployments are under way".to_owned()),
            ..failure
        })
    }

    /// The head of a branch that holds a ledger which this version understands whole; of no other branch is the past
    /// let go, for it may be all that can mend it.
    async fn head_of_ours(&self) -> Result<String, Failure> {
        let today = self.host.now.date_naive();
        let config = Config::default();
        let branch = &self.args.branch;
        let reading = Reading {
            since: first_day(today),
            today,
            config: ".github/fivekeys.yml",
            corrections: &config.corrections,
            incidents: &[],
        };
        let loaded = Branch::new(self.client, branch)
            .load(reading, &self.budget)
            .await?;
        Ledger::read(&loaded.texts, None)?;
        if !loaded.ledger.is_writable() {
            let note = workspace::unreadable(&loaded.ledger);
            return Err(Failure::usage(note.says, note.help));
        }
        loaded.head.ok_or_else(|| Failure {
            exit: Exit::Nothing,
            error: anyhow::anyhow!("there is no branch `{branch}`"),
            help: Some("the first run of the action makes it".to_owned()),
        })
    }
}
