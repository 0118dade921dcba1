//! The `history` import: a team's deployments, commits, pull requests and incidents in one documented JSON file.
//!
//! Its schema is `history.schema.json`; unknown keys are errors with a near match.

mod file;
mod read;
mod repositories;

use std::collections::BTreeSet;

use super::status;
use super::table::{self, Adapter, ReadError, Reading};
use crate::config::{Config, Globs, ShapeError, parse_pattern};
use crate::event::{
    self, Cause, Commit, Correction, DeclaredChange, Event, Fact, Incident, Instant, Outcome, Pull,
    Range, Source, Undoes, cause_words, causes_in, is_agents_branch, is_bot, is_hotfix_branch,
    is_hotfix_title, is_signed_by_agent, subject_key,
};

use file::{CommitRow, DeploymentRow, File, IncidentRow, MarkRow, PullRow, RangeRow, ReviewRow};
use read::Key;
use repositories::Repositories;

pub use file::Settings;

/// A row of the table of adapters.
pub(super) const ADAPTER: Adapter = Adapter {
    id: "history",
    title: "History file",
    definition: "One JSON object of the shape in `history.schema.json`: deployments, commits, pull requests, \
                 incidents and marks, written by hand or exported from another tool. Ids are kept as written.",
    read,
};

fn read(bytes: &[u8], _: &Config) -> Result<Reading, ReadError> {
    Ok(parse(table::text(bytes)?)?)
}

/// Reads a history file. Ids are kept as written.
///
/// # Errors
/// When it is not JSON of this shape.
pub fn parse(text: &str) -> Result<Reading, ShapeError> {
    // A list would be read as the fields in order, and an empty one as an empty history.
    if text.trim_start().starts_with('[') {
        return Err(ShapeError::new("a history is one JSON object", None));
    }
    let file: File = serde_json::from_str(text).map_err(|e| {
        let place = (e.line() > 0).then(|| (e.line(), e.column()));
        ShapeError::new(&e.to_string(), place)
    })?;
    let mut settings = file.settings;
    settings.paths.extend(file.settings_paths);
    let filters = Filters::of(&settings)?;
    let names = Names::of(&file.deployments, &file.commits);
    let repositories = Repositories::of(&file.deployments, &file.pulls);
    let mut events = Vec::new();
    for row in file.deployments {
        if filters.deployment(&row) {
            events.push(deployment(row, &repositories));
        }
    }
    events.extend(file.commits.into_iter().map(|row| commit(row, &names)));
    events.extend(file.commit_ranges.into_iter().map(range));
    let pulls = file.pulls.into_iter().filter(|p| filters.pull(p));
    events.extend(pulls.map(|row| pull(row, &repositories)));
    let incidents = file.incidents.into_iter().filter(|i| filters.incident(i));
    events.extend(incidents.map(|row| incident(row, &names)));
    let numbered = file.marks.into_iter().enumerate();
    events.extend(numbered.map(|(n, row)| mark(n, row)));
    repositories.tell_apart(&mut events);
    Ok(Reading {
        events,
        since: file.history_since,
        head: file.head,
        settings,
        ..Reading::default()
    })
}

/// What of a history counts, by its settings.
struct Filters {
    branches: Option<Globs>,
    components: Option<regex::Regex>,
    bases: Vec<String>,
    label: Option<String>,
}

impl Filters {
    fn of(settings: &Settings) -> Result<Self, ShapeError> {
        let wrong =
            |key: &str, why: String| ShapeError::new(&format!("settings.{key}: {why}"), None);
        let branches = settings.production_branches.as_deref();
        let components = settings.components.as_deref();
        let bases = settings
            .base_branches
            .iter()
            .flatten()
            .chain(&settings.base);
        let label = settings.incident_filter.as_deref().map(|filter| {
            let filter = filter.trim().trim_start_matches("label");
            filter.trim_matches([' ', ':', '=', '"', '\'']).to_owned()
        });
        Ok(Self {
            branches: branches
                .map(|list| Globs::new(list, false))
                .transpose()
                .map_err(|e| wrong("production_branches", e.to_string()))?,
            components: components
                .map(parse_pattern)
                .transpose()
                .map_err(|e| wrong("components", e.to_string()))?,
            bases: bases.cloned().collect(),
            label,
        })
    }

    fn deployment(&self, row: &DeploymentRow) -> bool {
        let branch = match (&self.branches, &row.branch) {
            (Some(list), Some(branch)) => list.matches(branch),
            _ => true,
        };
        let component = match (&self.components, &row.component) {
            (Some(pattern), Some(name)) => pattern.is_match(name),
            _ => true,
        };
        branch && component
    }

    fn pull(&self, row: &PullRow) -> bool {
        let base = row.base.as_ref();
        self.bases.is_empty() || base.is_none_or(|b| self.bases.contains(b))
    }

    fn incident(&self, row: &IncidentRow) -> bool {
        let wanted = self.label.as_deref();
        wanted.is_none_or(|w| row.labels.iter().any(|l| l.eq_ignore_ascii_case(w)))
    }
}

/// What a body may name as a cause, beside what looks like a commit or a pull request anyway.
struct Names {
    deployments: BTreeSet<String>,
    commits: BTreeSet<String>,
}

impl Names {
    fn of(deployments: &[DeploymentRow], commits: &[CommitRow]) -> Self {
        let declared = deployments.iter().flat_map(|d| d.changes.iter().flatten());
        Self {
            deployments: deployments.iter().map(|d| d.id.clone().text()).collect(),
            commits: deployments
                .iter()
                .filter_map(|d| d.sha.clone())
                .chain(declared.map(|c| c.sha.clone()))
                .chain(commits.iter().map(|c| c.sha.clone()))
                .collect(),
        }
    }

    fn causes(&self, body: &str) -> Vec<Cause> {
        let mut found = causes_in(body);
        for word in cause_words(body) {
            let word = word.trim_end_matches('.');
            if self.commits.contains(word) {
                found.push(Cause::Commit(word.to_owned()));
            } else if self.deployments.contains(word) {
                found.push(Cause::Deployment(word.to_owned()));
            }
        }
        found
    }
}

impl Names {
    /// `This reverts commit …` may name any commit of the file, whatever its ids look like.
    fn add_reverted(&self, message: &str, undoes: &mut Undoes) {
        let lower = message.to_ascii_lowercase();
        for (at, phrase) in lower.match_indices("this reverts commit") {
            let after = message.get(at + phrase.len()..).unwrap_or_default();
            let word = after.split_whitespace().next().unwrap_or_default();
            let sha = word.trim_end_matches(['.', ',', ')']);
            if self.commits.contains(sha) && undoes.commits.iter().all(|known| known != sha) {
                undoes.commits.push(sha.to_owned());
            }
        }
    }
}

fn event(id: String, time: Instant, fact: Fact) -> Event {
    Event {
        id,
        time,
        source: Source::History,
        updated: time,
        fact,
    }
}

fn deployment(row: DeploymentRow, repositories: &Repositories) -> Event {
    let statuses: Vec<(&str, Instant)> = row
        .statuses
        .iter()
        .map(|s| (s.state.as_str(), s.at))
        .collect();
    let settled = status::settle(&statuses);
    let said = row.status.as_deref().map(Outcome::of_status);
    let outcome = match (settled.outcome, said) {
        // Statuses that do not say how it ended leave that to the row.
        (Outcome::Pending, Some(said)) => said,
        (Outcome::Pending, None) if statuses.is_empty() => Outcome::Success,
        (settled, _) => settled,
    };
    let stopped = |word: &str| outcome == Outcome::Ignored && Outcome::is_cancelled(word);
    let last = statuses.iter().max_by_key(|(_, at)| *at);
    let cancelled =
        row.status.as_deref().is_some_and(stopped) || last.is_some_and(|(word, _)| stopped(word));
    let finished = row.finished_at.or(settled.finished_at);
    let known = [
        finished,
        row.started_at,
        row.created_at,
        statuses.iter().map(|s| s.1).min(),
    ];
    // Without any time it lies before every window, and says so by being approximate.
    let time = known.into_iter().flatten().next().unwrap_or_default();
    event(
        row.id.text(),
        time,
        Fact::Deployment(event::Deployment {
            service: repositories.service(row.component, row.repo.as_ref()),
            environment: row.environment.unwrap_or_else(|| "production".to_owned()),
            revision: row.sha,
            outcome,
            cancelled,
            started_at: row.started_at.or(settled.started_at),
            finished_at: finished.or((outcome != Outcome::Pending).then_some(time)),
            approximate: finished.is_none() && outcome != Outcome::Pending,
            run: row.run.map(Key::text),
            queue_seconds: settled.queue,
            approval_seconds: settled.waiting,
            pulls: repositories.numbers(row.repo.as_ref(), row.merged_pulls),
            repository: row.repo,
            attempt: row.attempt,
            labels: row.labels,
            changes: row.changes.map(|list| {
                list.into_iter()
                    .map(|c| DeclaredChange {
                        sha: c.sha,
                        started_at: c.authored_at.unwrap_or(c.committed_at),
                        bot: c.author.as_deref().is_some_and(is_bot),
                    })
                    .collect()
            }),
            ..event::Deployment::default()
        }),
    )
}

fn commit(row: CommitRow, names: &Names) -> Event {
    let message = row.message.unwrap_or_default();
    let (title, body) = message.split_once('\n').unwrap_or((&message, ""));
    let mut undoes = Undoes::read(title, body, "");
    names.add_reverted(&message, &mut undoes);
    event(
        format!("commit:{}", row.sha),
        row.committed_at,
        Fact::Commit(Commit {
            sha: row.sha,
            parents: row.parents,
            authored_at: row.authored_at.unwrap_or(row.committed_at),
            bot: row.author.as_deref().is_some_and(is_bot),
            ai: row.ai.or(is_signed_by_agent(body).then_some(true)),
            pull: None,
            undoes,
            subject: (!title.trim().is_empty()).then(|| subject_key(title)),
            hotfix: is_hotfix_title(title),
            paths: row.paths,
        }),
    )
}

fn range(row: RangeRow) -> Event {
    // Before the first revision there is none: such a range is nobody's.
    let old = row.old.unwrap_or_default();
    event(
        format!("range:{old}..{}:{}", row.new, row.commit),
        Instant::default(),
        Fact::Range(Range {
            old,
            new: row.new,
            commit: row.commit,
        }),
    )
}

fn is_state(review: &ReviewRow, wanted: &str) -> bool {
    let state = review.state.as_deref();
    state.is_some_and(|state| state.eq_ignore_ascii_case(wanted))
}

fn pull(row: PullRow, repositories: &Repositories) -> Event {
    let repository = row.repo.as_ref();
    let number = repositories.number(repository, row.number);
    let title = row.title.unwrap_or_default();
    let branch = row.head.unwrap_or_default();
    let merged = row.merged_at;
    let author = row.author.as_deref();
    let others = |r: &&ReviewRow| {
        let reviewer = r.reviewer.as_deref();
        reviewer.is_none() || (reviewer != author && !reviewer.is_some_and(is_bot))
    };
    let first_review = row.reviews.iter().filter(others).map(|r| r.at).min();
    let asked = row.reviews.iter().filter(others);
    let asked = asked.filter(|r| is_state(r, "changes_requested"));
    let rounds = u32::try_from(asked.count()).unwrap_or(u32::MAX);
    let approvals = row
        .reviews
        .iter()
        .filter(|r| is_state(r, "approved"))
        .map(|r| r.at)
        .chain(row.approved_at.iter().copied());
    let approved = approvals.filter(|at| merged.is_none_or(|m| *at <= m)).max();
    let mut commits: Vec<String> = row.commits.iter().filter_map(|c| c.sha.clone()).collect();
    commits.extend(row.merged_shas);
    let mut undoes = Undoes::read(&title, row.body.as_deref().unwrap_or(""), &branch);
    undoes.pulls = repositories.numbers(repository, undoes.pulls);
    let is_signed =
        is_agents_branch(&branch) || row.body.as_deref().is_some_and(is_signed_by_agent);
    let authored = row.commits.iter();
    event(
        format!("pr:{number}"),
        merged.or(row.created_at).unwrap_or_default(),
        Fact::Pull(Pull {
            number,
            created_at: row.created_at,
            first_commit_at: authored
                .filter_map(|c| c.authored_at.or(c.committed_at))
                .min(),
            ready_at: row.ready_at.into_iter().min(),
            first_review_at: row.first_review_at.or(first_review),
            approved_at: approved,
            queued_at: row.queued_at,
            merged_at: merged,
            merge_sha: row.merge_sha,
            commits,
            bot: author.is_some_and(is_bot),
            ai: row.ai.or(is_signed.then_some(true)),
            lines: row.lines,
            review_rounds: first_review.map(|_| rounds.saturating_add(1)),
            labels: row.labels,
            undoes,
            subject: (!title.is_empty()).then(|| subject_key(&title)),
            hotfix: is_hotfix_title(&title) || is_hotfix_branch(&branch),
            deployment: row.deployment.map(Key::text),
            repository: row.repo,
            ..Pull::default()
        }),
    )
}

fn incident(row: IncidentRow, names: &Names) -> Event {
    let mut causes: Vec<Cause> = row
        .deployment
        .map(Key::text)
        .map(Cause::Deployment)
        .into_iter()
        .collect();
    causes.extend(names.causes(row.body.as_deref().unwrap_or("")));
    let told = event(
        row.id.text(),
        row.opened_at,
        Fact::Incident(Incident {
            opened_at: row.opened_at,
            resolved_at: row.resolved_at,
            service: row.component,
            causes,
            fixed_by: row.fixed_by.map(Key::text),
            title: row.title,
        }),
    );
    // Of two rows of one incident the one that knows its end is the later.
    Event {
        updated: row.resolved_at.unwrap_or(row.opened_at),
        ..told
    }
}

fn mark(n: usize, row: MarkRow) -> Event {
    event(
        format!("mark:{n:06}"),
        row.at.unwrap_or_default(),
        Fact::DeploymentCorrected(Correction {
            deployment: row.deployment.text(),
            pull: None,
            failed: row.failed,
            fixed_by: row.fixed_by.map(Key::text),
        }),
    )
}
