//! Workflow runs and jobs that the configuration names as the deploy, newest first and back to the cutoff.

use std::collections::{BTreeMap, BTreeSet};

use chrono::SecondsFormat;

use super::source::ALL;
use super::{Collected, Note, Purse};
use crate::adapter::github_run::{self, Run, Target};
use crate::config::DeployWorkflow;
use crate::event::{Deployment, Event, Instant, Outcome, Source, parse_instant};
use crate::github::GitHubError;

/// Most runs under way that are asked for one by one, once they have left the newest page.
const LOOK_AFTER: usize = 5;

/// The runs of every workflow that is named.
pub(super) async fn collect(purse: &Purse<'_>, out: &mut Collected) -> Vec<Event> {
    let mut lists: BTreeMap<Option<String>, Vec<&DeployWorkflow>> = BTreeMap::new();
    for workflow in &purse.ask.config.workflows {
        lists.entry(file_of(workflow)).or_default().push(workflow);
    }
    let mut found = Vec::new();
    for (file, workflows) in lists {
        let mut reader = Reader {
            purse,
            key: format!("workflow:{}", file.as_deref().unwrap_or("*")),
            file,
            workflows,
            seen: BTreeSet::new(),
            events: Vec::new(),
            unreadable: 0,
        };
        reader.read(out).await;
        reader.look_after(out).await;
        if reader.unreadable > 0 {
            out.note(Note {
                code: "unreadable",
                says: format!("{} workflow runs have no id or time", reader.unreadable),
                help: None,
            });
        }
        found.append(&mut reader.events);
    }
    found
}

/// The one file that is meant; `None` where a pattern may mean several.
fn file_of(workflow: &DeployWorkflow) -> Option<String> {
    let written = workflow.file.describe();
    let name = written.rsplit('/').next().unwrap_or_default();
    let plain = !written.contains(['*', '?', '[', '{', '!']);
    (plain && !name.is_empty()).then(|| name.to_owned())
}

struct Reader<'a, 'p> {
    purse: &'p Purse<'a>,
    key: String,
    file: Option<String>,
    workflows: Vec<&'p DeployWorkflow>,
    seen: BTreeSet<u64>,
    events: Vec<Event>,
    unreadable: usize,
}

/// Where reading goes on: behind the runs of this moment, which stood on this page when it was read. New runs push
/// them to later pages.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Place {
    created: Instant,
    page: u64,
}

impl Place {
    fn read(text: &str) -> Option<Self> {
        let (created, page) = text.split_once('#')?;
        Some(Self {
            created: parse_instant(created).ok()?,
            page: page.parse().ok()?,
        })
    }

    fn written(self) -> String {
        let created = self.created.to_rfc3339_opts(SecondsFormat::Secs, true);
        format!("{created}#{}", self.page)
    }
}

impl Reader<'_, '_> {
    /// From the newest run back to what is known, and where that is not all, from there to the cutoff.
    async fn read(&mut self, out: &mut Collected) {
        let ask = &self.purse.ask;
        let place = ask.places.get(&self.key).map(String::as_str);
        let complete = place == Some(ALL);
        let mut older = place.and_then(Place::read);
        let mut behind: Option<Instant> = None;
        let mut oldest: Option<Instant> = None;
        let mut number = 1;
        loop {
            if self.purse.left_for_source() == 0 {
                let here = oldest.map(|created| Place {
                    created,
                    page: number,
                });
                self.stop_at(here.or(older), out);
                return;
            }
            let listed = ask.client.runs(self.file.as_deref(), number, ask.budget);
            let page = match listed.await {
                Ok(page) => page,
                Err(error) => {
                    refused(&error, out);
                    return;
                }
            };
            let runs: Vec<Run> = page.runs.iter().filter_map(whole).collect();
            self.unreadable += page.runs.len() - runs.len();
            // Runs were deleted meanwhile, and what follows the place has moved to an earlier page.
            let too_old = |place| runs.first().is_none_or(|first| first.created_at < place);
            if number > 2 && behind.is_some_and(too_old) {
                number -= 1;
                continue;
            }
            behind = None;
            let Some(met) = self.take_all(&runs, number, out).await else {
                return;
            };
            oldest = runs.last().map(|run| run.created_at).or(oldest);
            let past = oldest.is_some_and(|oldest| oldest < ask.cutoff);
            if page.last || past || (complete && met) {
                out.finished(&self.key, oldest, ask.cutoff);
                return;
            }
            // Between the new ones and this place everything is known.
            number = match older.filter(|older| met && older.page > number) {
                Some(place) => {
                    older = None;
                    behind = Some(place.created);
                    place.page
                }
                None => number + 1,
            };
        }
    }

    /// Takes a page of runs in; whether what is behind it is known. `None` where reading had to stop.
    async fn take_all(&mut self, runs: &[Run], page: u64, out: &mut Collected) -> Option<bool> {
        let cutoff = self.purse.ask.cutoff;
        let mut met = false;
        for run in runs.iter().filter(|run| run.created_at >= cutoff) {
            match self.take(run, out).await {
                Ok(known) => met |= known,
                Err(error) => {
                    if let Some(error) = error {
                        refused(&error, out);
                    }
                    let created = run.created_at;
                    self.stop_at(Some(Place { created, page }), out);
                    return None;
                }
            }
        }
        let newest = self.newest_known();
        let oldest = runs.last().map(|run| run.created_at);
        Some(met || oldest.is_some_and(|oldest| newest.is_some_and(|known| oldest <= known)))
    }

    fn stop_at(&self, place: Option<Place>, out: &mut Collected) {
        let cutoff = self.purse.ask.cutoff;
        match place {
            Some(place) => {
                out.unfinished(&self.key, place.written(), Some(place.created), cutoff);
            }
            None => out.note(Note::truncated(&self.key, &self.purse.ask)),
        }
    }

    /// Takes a run in; whether it was known and has not changed. `Err(None)`: the requests are used up.
    async fn take(&mut self, run: &Run, out: &mut Collected) -> Result<bool, Option<GitHubError>> {
        // What a pull request ran is not merged, so it cannot be in production.
        if run.event == "pull_request" || !self.seen.insert(run.id) {
            return Ok(false);
        }
        let meant: Vec<&DeployWorkflow> = self
            .workflows
            .iter()
            .filter(|workflow| self.file.is_some() || workflow.is(&run.file))
            .copied()
            .collect();
        let config = self.purse.ask.config;
        let targets: Vec<Target<'_>> = meant.iter().map(|w| Target::of(w, config)).collect();
        let open: Vec<&Target<'_>> = targets
            .iter()
            .filter(|target| !self.is_settled(run, target))
            .collect();
        if open.is_empty() {
            return Ok(!targets.is_empty());
        }
        let jobs = if needs_jobs(run, &open) {
            if self.purse.left_for_source() == 0 {
                return Err(None);
            }
            let ask = &self.purse.ask;
            match ask.client.jobs(run.id, ask.budget).await {
                Ok(jobs) => jobs,
                Err(error @ GitHubError::NotFound { .. }) => {
                    out.note(Note::of("the jobs of a run", &error));
                    return Ok(false);
                }
                Err(error) => return Err(Some(error)),
            }
        } else {
            Vec::new()
        };
        let events = open
            .into_iter()
            .map(|target| github_run::deployment(run, &jobs, *target));
        let events: Vec<Event> = events.collect();
        self.events.extend(events);
        Ok(false)
    }

    /// Whether the ledger has the end of this attempt from GitHub itself, and not only what the job said.
    fn is_settled(&self, run: &Run, target: &Target<'_>) -> bool {
        let id = run.deployment_id(target.environment, target.service);
        let known = self.purse.ask.known.get("deployment", &id);
        known
            .and_then(|event| event.fact.as_deployment())
            .is_some_and(|d| {
                read_here(d) && d.outcome != Outcome::Pending && d.attempt >= Some(run.attempt)
            })
    }

    /// When the newest run that was read here ended: whatever was created before has been listed.
    fn newest_known(&self) -> Option<Instant> {
        self.known().map(|(event, _)| event.time).max()
    }

    fn known(&self) -> impl Iterator<Item = (&Event, &Deployment)> {
        let known = self.purse.ask.known.iter();
        known
            .filter(|event| event.source == Source::WorkflowRun)
            .filter_map(|event| Some((event, event.fact.as_deployment()?)))
            .filter(|(_, d)| match (&self.file, &d.workflow) {
                (Some(file), Some(own)) => file == own,
                (None, Some(_)) => true,
                (_, None) => false,
            })
    }

    /// Runs that were under way and are not among the newest any more.
    async fn look_after(&mut self, out: &mut Collected) {
        let open: Vec<u64> = self
            .known()
            .filter(|(_, d)| d.outcome == Outcome::Pending)
            .filter_map(|(_, d)| d.run.as_deref()?.parse().ok())
            .filter(|id| !self.seen.contains(id))
            .take(LOOK_AFTER)
            .collect();
        for id in open {
            if self.purse.left_for_source() == 0 {
                return;
            }
            let ask = &self.purse.ask;
            let run = match ask.client.run(id, ask.budget).await {
                Ok(node) => whole(&node),
                Err(GitHubError::NotFound { .. }) => None,
                Err(error) => {
                    out.unread("workflow runs", &error);
                    return;
                }
            };
            if let Some(run) = run
                && let Err(Some(error)) = self.take(&run, out).await
            {
                out.unread("workflow runs", &error);
                return;
            }
        }
    }
}

fn refused(error: &GitHubError, out: &mut Collected) {
    let GitHubError::NotFound { .. } = error else {
        out.unread("workflow runs", error);
        return;
    };
    out.note(Note {
        code: "unreadable",
        says: format!("{error}"),
        help: Some("check `workflows` in .github/fivekeys.yml".to_owned()),
    });
}

/// Jobs are asked for only where the run itself does not say enough.
fn needs_jobs(run: &Run, open: &[&Target<'_>]) -> bool {
    run.attempt > 1 || (run.word != "skipped" && open.iter().any(|target| target.job.is_some()))
}

/// What the caller's own job said of a run names no workflow file; what was listed does.
fn read_here(deployment: &Deployment) -> bool {
    deployment.workflow.is_some()
}

/// A run as GitHub has it; without its commit it would be remembered wrongly, so it is asked for again.
fn whole(node: &serde_json::Value) -> Option<Run> {
    Run::read(node).ok().filter(|run| run.sha.is_some())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::parse;

    #[test]
    fn a_plain_file_is_listed_alone_and_a_pattern_among_all() {
        let text = "workflows:\n  - {file: deploy.yml}\n  - {file: .github/workflows/ship.yml}\n  - {file: 'deploy-*.yml'}\n";
        let config = parse(text).unwrap();
        let files: Vec<Option<String>> = config.workflows.iter().map(file_of).collect();
        assert_eq!(
            files,
            [
                Some("deploy.yml".to_owned()),
                Some("ship.yml".to_owned()),
                None
            ]
        );
        assert!(config.workflows[1].is("ship.yml"));
        assert!(config.workflows[2].is("deploy-eu.yml"));
        assert!(!config.workflows[0].is("ship.yml"));
    }

    #[test]
    fn a_place_reads_back() {
        let place = Place {
            created: parse_instant("2026-03-02T10:00:00+01:00").unwrap(),
            page: 7,
        };
        assert_eq!(place.written(), "2026-03-02T09:00:00Z#7");
        assert_eq!(Place::read(&place.written()), Some(place));
        for bad in ["all", "", "2026-03-02T09:00:00Z", "#7", "x#7"] {
            assert_eq!(Place::read(bad), None, "{bad}");
        }
    }
}
