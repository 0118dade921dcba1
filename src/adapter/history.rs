//! The `history` import: a team's deployments, commits, pull requests and incidents in one documented JSON file.
//!
//! Its schema is `history.schema.json`; unknown keys are errors with a near match.

mod file;

use super::status;
use crate::config::ShapeError;
use crate::event::{
    self, Cause, Commit, Correction, DeclaredChange, Event, Fact, Incident, Instant, Outcome, Pull,
    Range, Source, Undoes, causes_in, is_bot, is_hotfix_branch, is_hotfix_title, subject_key,
};

use file::{
    CommitRow, DeploymentRow, File, IncidentRow, Key, MarkRow, PullRow, RangeRow, ReviewRow,
};

pub use file::Settings;

/// What a history file holds.
#[derive(Debug, Default)]
pub struct History {
    /// Its facts.
    pub events: Vec<Event>,
    /// Where it begins.
    pub since: Option<Instant>,
    /// Head of the production branch.
    pub head: Option<String>,
    /// What of the configuration it needs.
    pub settings: Settings,
}

/// Reads a history file. Ids are kept as written.
///
/// # Errors
/// When it is not JSON of this shape.
pub fn parse(text: &str) -> Result<History, ShapeError> {
    let text = text.trim_start_matches('\u{feff}');
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
    let mut events = Vec::new();
    let component = settings
        .components
        .as_deref()
        .map(regex::Regex::new)
        .transpose()
        .map_err(|e| ShapeError::new(&format!("settings.components: {e}"), None))?;
    for row in file.deployments {
        let branch_counts = match (&settings.production_branches, &row.branch) {
            (Some(list), Some(branch)) => list.contains(branch),
            _ => true,
        };
        let component_counts = match (&component, &row.component) {
            (Some(pattern), Some(name)) => pattern.is_match(name),
            _ => true,
        };
        if branch_counts && component_counts {
            events.push(deployment(row));
        }
    }
    events.extend(file.commits.into_iter().map(commit));
    events.extend(file.commit_ranges.into_iter().map(range));
    let bases: Vec<String> = settings
        .base_branches
        .clone()
        .into_iter()
        .flatten()
        .chain(settings.base.clone())
        .collect();
    let counts =
        |p: &PullRow| bases.is_empty() || p.base.as_ref().is_none_or(|b| bases.contains(b));
    events.extend(file.pulls.into_iter().filter(counts).map(pull));
    let label = settings
        .incident_filter
        .as_deref()
        .map(|f| f.trim_start_matches("label").trim().to_owned());
    let labelled = |i: &IncidentRow| label.as_ref().is_none_or(|l| i.labels.contains(l));
    events.extend(file.incidents.into_iter().filter(labelled).map(incident));
    events.extend(
        file.marks
            .into_iter()
            .enumerate()
            .map(|(n, row)| mark(n, row)),
    );
    Ok(History {
        events,
        since: file.history_since,
        head: file.head,
        settings,
    })
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

fn deployment(row: DeploymentRow) -> Event {
    let statuses: Vec<(&str, Instant)> = row
        .statuses
        .iter()
        .map(|s| (s.state.as_str(), s.at))
        .collect();
    let settled = status::settle(&statuses);
    let outcome = if statuses.is_empty() {
        Outcome::of_status(row.status.as_deref().unwrap_or("success"))
    } else {
        settled.outcome
    };
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
            service: row.component,
            environment: row.environment,
            revision: row.sha,
            outcome,
            started_at: row.started_at.or(settled.started_at),
            finished_at: finished.or((outcome != Outcome::Pending).then_some(time)),
            approximate: finished.is_none() && outcome != Outcome::Pending,
            run: row.run.map(Key::text),
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
            pulls: row.merged_pulls,
            ..event::Deployment::default()
        }),
    )
}

fn commit(row: CommitRow) -> Event {
    let message = row.message.unwrap_or_default();
    let (title, body) = message.split_once('\n').unwrap_or((&message, ""));
    event(
        format!("commit:{}", row.sha),
        row.committed_at,
        Fact::Commit(Commit {
            sha: row.sha,
            parents: row.parents,
            authored_at: row.authored_at.unwrap_or(row.committed_at),
            bot: row.author.as_deref().is_some_and(is_bot),
            pull: None,
            undoes: Undoes::read(title, body, ""),
            subject: (!title.trim().is_empty()).then(|| subject_key(title)),
            hotfix: is_hotfix_title(title),
            paths: row.paths,
        }),
    )
}

fn range(row: RangeRow) -> Event {
    event(
        format!("range:{}..{}:{}", row.old, row.new, row.commit),
        Instant::default(),
        Fact::Range(Range {
            old: row.old,
            new: row.new,
            commit: row.commit,
        }),
    )
}

fn pull(row: PullRow) -> Event {
    let title = row.title.unwrap_or_default();
    let branch = row.head.unwrap_or_default();
    let merged = row.merged_at;
    let author = row.author.as_deref();
    let others = |r: &&ReviewRow| r.reviewer.is_none() || r.reviewer.as_deref() != author;
    let first_review = row.reviews.iter().filter(others).map(|r| r.at).min();
    let approvals = row
        .reviews
        .iter()
        .filter(|r| r.state.eq_ignore_ascii_case("approved"))
        .map(|r| r.at)
        .chain(row.approved_at.iter().copied());
    let approved = approvals.filter(|at| merged.is_none_or(|m| *at <= m)).max();
    let mut commits: Vec<String> = row.commits.iter().filter_map(|c| c.sha.clone()).collect();
    commits.extend(row.merged_shas);
    event(
        format!("pr:{}", row.number),
        merged.or(row.created_at).unwrap_or_default(),
        Fact::Pull(Pull {
            number: row.number,
            created_at: row.created_at,
            first_commit_at: row.commits.iter().filter_map(|c| c.authored_at).min(),
            ready_at: row.ready_at.into_iter().min(),
            first_review_at: row.first_review_at.or(first_review),
            approved_at: approved,
            queued_at: row.queued_at,
            merged_at: merged,
            merge_sha: row.merge_sha,
            commits,
            bot: author.is_some_and(is_bot),
            lines: row.lines,
            labels: row.labels,
            undoes: Undoes::read(&title, row.body.as_deref().unwrap_or(""), &branch),
            subject: (!title.is_empty()).then(|| subject_key(&title)),
            hotfix: is_hotfix_title(&title) || is_hotfix_branch(&branch),
            deployment: row.deployment.map(Key::text),
            ..Pull::default()
        }),
    )
}

fn incident(row: IncidentRow) -> Event {
    let mut causes: Vec<Cause> = row
        .deployment
        .map(Key::text)
        .map(Cause::Deployment)
        .into_iter()
        .collect();
    causes.extend(causes_in(row.body.as_deref().unwrap_or("")));
    event(
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
    )
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
