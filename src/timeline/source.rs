//! Which source's deployments count, where several know the same repository (rule U1).

use std::collections::{HashMap, HashSet};

use crate::config::{Config, SourceChoice};
use crate::event::{Event, Events, Instant, Outcome, Source};

/// How long after a mark the deployment that it started ends at the latest.
const STARTS: chrono::Duration = chrono::Duration::hours(24);

/// Keeps the records of the first source that has any: GitHub's deployments, workflow runs, state files, releases, tags,
/// merges, imports. What the ledger was told by people, or by the deploying job itself, always counts, once.
pub(super) fn select<T>(
    records: Vec<T>,
    events: &Events,
    config: &Config,
    event: impl Fn(&T) -> &Event,
) -> Vec<T> {
    let chosen = match config.source {
        SourceChoice::Auto => first_of_all(records.iter().map(&event), config),
        said @ (SourceChoice::Deployments
        | SourceChoice::Workflows
        | SourceChoice::Releases
        | SourceChoice::Tags
        | SourceChoice::State
        | SourceChoice::Merges) => said,
    };
    let before = before_reports(records.iter().map(&event), config);
    let is = |choice: SourceChoice, event: &Event| {
        chosen == choice
            || before
                .as_ref()
                .is_some_and(|before| before.marked == choice && before.counts(event))
    };
    let mainline = (chosen == SourceChoice::Merges)
        .then(|| Mainline::of(events))
        .flatten();
    let recorded = Recorded::of(records.iter().map(&event), config);
    let counts = |event: &Event| match event.source {
        Source::GithubDeployments => chosen == SourceChoice::Deployments,
        // Runs beside GitHub's deployments are those that it has no record of.
        Source::WorkflowRun => {
            chosen == SourceChoice::Workflows
                || (chosen == SourceChoice::Deployments && !recorded.knows(event, config))
        }
        Source::GithubReleases => is(SourceChoice::Releases, event),
        Source::StateFile => is(SourceChoice::State, event),
        Source::GitTags => is(SourceChoice::Tags, event) && is_deployment_tag(event, config),
        Source::GitMerges => {
            chosen == SourceChoice::Merges && mainline.as_ref().is_none_or(|line| line.holds(event))
        }
        Source::History => false,
        Source::GithubChanges
        | Source::GitLog
        | Source::Manual
        | Source::GithubIssues
        | Source::GithubMarks
        | Source::CorrectionsFile
        | Source::StatusPage => true,
    };
    let mut kept: Vec<bool> = records.iter().map(&event).map(counts).collect();
    let mut of_sources = records.iter().map(&event).zip(&kept);
    // An import is the last of the order: it counts where no other source has any.
    if !of_sources.any(|(e, kept)| *kept && e.source != Source::Manual) {
        for (record, kept) in records.iter().zip(&mut kept) {
            *kept |= event(record).source == Source::History;
        }
    }
    let both = records.into_iter().zip(kept);
    both.filter_map(|(record, kept)| kept.then_some(record))
        .collect()
}

/// What marked deployments until the deploying job began to report itself: its first word does not take the history
/// back.
struct Before<'e> {
    marked: SourceChoice,
    first_report: &'e Event,
}

impl Before<'_> {
    /// A mark from before the first report; but not the one that started the very deployment that is reported.
    fn counts(&self, mark: &Event) -> bool {
        let since = self.first_report.time - mark.time;
        let reported = revision(self.first_report);
        let same = reported.is_some() && revision(mark) == reported;
        since > chrono::Duration::zero() && !(same && since < STARTS)
    }
}

fn revision(event: &Event) -> Option<&str> {
    event.fact.as_deployment()?.revision.as_deref()
}

fn before_reports<'e>(
    events: impl Iterator<Item = &'e Event> + Clone,
    config: &Config,
) -> Option<Before<'e>> {
    let others = events.clone().filter(|e| e.source != Source::WorkflowRun);
    let reports = events.filter(|e| e.source == Source::WorkflowRun);
    let open = config.source == SourceChoice::Auto && config.workflows.is_empty();
    let first_report = reports.min_by_key(|e| (e.time, &e.id)).filter(|_| open)?;
    let marked = first_of_all(others, config);
    let is_mark = matches!(
        marked,
        SourceChoice::Releases | SourceChoice::Tags | SourceChoice::State
    );
    is_mark.then_some(Before {
        marked,
        first_report,
    })
}

/// Where the configuration leaves it open.
fn first_of_all<'e>(events: impl Iterator<Item = &'e Event>, config: &Config) -> SourceChoice {
    let mut other_environments = false;
    let rank = |event: &'e Event| match event.source {
        Source::GithubDeployments if !is_production(event, config) => {
            other_environments = true;
            None
        }
        Source::GithubDeployments => Some(0),
        // Runs that nobody named as the deploy are what jobs reported of themselves.
        Source::WorkflowRun if config.workflows.is_empty() => Some(3),
        Source::WorkflowRun => Some(1),
        // A file that is not configured any more is a log that has ended.
        Source::StateFile if config.state_files.is_empty() => Some(4),
        Source::StateFile => Some(2),
        Source::GithubReleases => Some(5),
        Source::GitTags if is_deployment_tag(event, config) => Some(6),
        Source::GitMerges => Some(7),
        Source::GitTags
        | Source::GithubChanges
        | Source::GitLog
        | Source::History
        | Source::Manual
        | Source::GithubIssues
        | Source::GithubMarks
        | Source::CorrectionsFile
        | Source::StatusPage => None,
    };
    match events.filter_map(rank).min() {
        Some(0 | 1 | 3) => SourceChoice::Deployments,
        Some(2 | 4) => SourceChoice::State,
        Some(5) => SourceChoice::Releases,
        Some(6) => SourceChoice::Tags,
        // Their environments are to be listed (rule U4).
        None if other_environments => SourceChoice::Deployments,
        _ => SourceChoice::Merges,
    }
}

fn is_production(event: &Event, config: &Config) -> bool {
    event.fact.as_deployment().is_some_and(|d| {
        let flagged = !config.environments.is_configured() && d.production == Some(true);
        !d.transient && (config.environments.is_production(&d.environment) || flagged)
    })
}

/// Production's deployments of GitHub that have ended, by run, each with its service.
struct Recorded<'e>(HashMap<&'e str, Vec<Option<&'e str>>>);

impl<'e> Recorded<'e> {
    fn of(events: impl Iterator<Item = &'e Event>, config: &Config) -> Self {
        let mut runs: HashMap<&str, Vec<Option<&str>>> = HashMap::new();
        for event in events.filter(|e| e.source == Source::GithubDeployments) {
            if let Some(d) = event.fact.as_deployment()
                && let Some(run) = d.run.as_deref()
                && matches!(d.outcome, Outcome::Success | Outcome::Failure)
                && is_production(event, config)
            {
                runs.entry(run).or_default().push(d.service.as_deref());
            }
        }
        Self(runs)
    }

    /// Whether GitHub has its own record of what this run deployed: one source per event.
    fn knows(&self, event: &Event, config: &Config) -> bool {
        event.fact.as_deployment().is_some_and(|d| {
            let run = d.run.as_deref().unwrap_or_default();
            let service = d.service.as_deref();
            is_production(event, config)
                && self.0.get(run).is_some_and(|known| {
                    known
                        .iter()
                        .any(|k| k.is_none() || service.is_none() || *k == service)
                })
        })
    }
}

/// Whether a tag is a deployment by the patterns in force now, not by those it was collected with.
fn is_deployment_tag(event: &Event, config: &Config) -> bool {
    let name = event.id.strip_prefix("tag:").unwrap_or(&event.id);
    let name = name.rsplit_once('@').map_or(name, |(name, _)| name);
    let hotfix = config.rules.hotfix_tags.as_ref();
    config.tags.read(name).is_some()
        || hotfix.is_some_and(|pattern| pattern.read(name).is_some())
        || config
            .services
            .values()
            .filter_map(|s| s.tags.as_ref())
            .any(|pattern| pattern.read(name).is_some())
}

/// First-parent commits of the production branch's head, as far as they are known.
struct Mainline<'e> {
    on: HashSet<&'e str>,
    known: HashMap<&'e str, (Option<&'e str>, Instant)>,
    /// The oldest of them, where its parent is not known: of what is older nothing can be said.
    end: Option<Instant>,
}

impl<'e> Mainline<'e> {
    /// `None` while the head is not known.
    fn of(events: &'e Events) -> Option<Self> {
        let head = events.head.as_deref()?;
        let mut line = Self {
            on: HashSet::new(),
            known: events
                .iter()
                .filter_map(|e| Some((e.fact.as_commit()?, e.time)))
                .map(|(c, at)| {
                    let parent = c.parents.first().map(String::as_str);
                    (c.sha.as_str(), (parent, at))
                })
                .collect(),
            end: None,
        };
        let mut next = Some(head);
        while let Some(sha) = next {
            let Some((parent, at)) = line.known.get(sha).copied() else {
                return Some(line);
            };
            if !line.on.insert(sha) {
                break;
            }
            line.end = Some(at);
            next = parent;
        }
        line.end = None;
        Some(line)
    }

    /// Whether a merge is still on the branch: rewritten history leaves merges behind that never were deployed.
    fn holds(&self, event: &Event) -> bool {
        let deployment = event.fact.as_deployment();
        let Some(sha) = deployment.and_then(|d| d.revision.as_deref()) else {
            return true;
        };
        self.on.contains(sha)
            || !self.known.contains_key(sha)
            || self.end.is_some_and(|end| event.time <= end)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::parse;
    use crate::event::{Deployment, Fact, parse_instant};

    fn event(source: Source, id: &str, run: Option<&str>) -> Event {
        let at = parse_instant("2026-03-02T09:00:00Z").unwrap();
        Event {
            id: id.to_owned(),
            time: at,
            source,
            updated: at,
            fact: Fact::Deployment(Deployment {
                environment: "production".to_owned(),
                outcome: Outcome::Success,
                run: run.map(str::to_owned),
                ..Deployment::default()
            }),
        }
    }

    fn in_environment(mut event: Event, name: &str) -> Event {
        if let Fact::Deployment(d) = &mut event.fact {
            name.clone_into(&mut d.environment);
        }
        event
    }

    fn kept(records: &[Event], config: &str) -> Vec<String> {
        let events: Events = records.iter().cloned().collect();
        let config = parse(config).unwrap();
        let kept = select(records.iter().collect(), &events, &config, |e| e);
        kept.iter().map(|e| e.id.clone()).collect()
    }

    /// One record of every source, in the order of the rule.
    fn all() -> Vec<Event> {
        vec![
            event(Source::Manual, "man:a", None),
            event(Source::GithubDeployments, "dep:a", Some("1")),
            event(Source::WorkflowRun, "run:2/production/", Some("2")),
            event(Source::StateFile, "state:a", None),
            event(Source::GithubReleases, "rel:a", None),
            event(Source::GitTags, "tag:v1.0.0@a", None),
            event(Source::GitMerges, "merge:a", None),
            event(Source::History, "history:a", None),
        ]
    }

    #[test]
    fn u1_the_first_source_that_has_any_counts_and_what_people_wrote_always() {
        let all = all();
        let expected = [
            vec!["man:a", "dep:a", "run:2/production/"],
            vec!["man:a", "run:2/production/"],
            vec!["man:a", "state:a"],
            vec!["man:a", "rel:a"],
            vec!["man:a", "tag:v1.0.0@a"],
            vec!["man:a", "merge:a"],
            vec!["man:a", "history:a"],
        ];
        for (skipped, expected) in expected.iter().enumerate() {
            let mut records = vec![all[0].clone()];
            records.extend(all[1 + skipped..].iter().cloned());
            assert_eq!(kept(&records, ""), *expected, "without the first {skipped}");
        }
        for (choice, expected) in [
            ("deployments", "dep:a"),
            ("workflows", "run:2/production/"),
            ("state", "state:a"),
            ("releases", "rel:a"),
            ("tags", "tag:v1.0.0@a"),
            ("merges", "merge:a"),
        ] {
            let found = kept(&all, &format!("source: {choice}"));
            assert_eq!(found[..2], ["man:a", expected], "{choice}");
        }
    }

    #[test]
    fn u1_a_run_that_github_has_a_deployment_of_is_one_event() {
        let run = event(Source::WorkflowRun, "run:1/production/", Some("1"));
        let own = event(Source::GithubDeployments, "dep:a", Some("1"));
        assert_eq!(kept(&[own.clone(), run.clone()], ""), ["dep:a"]);
        // GitHub's record of staging is none of production.
        let staging = in_environment(own.clone(), "staging");
        let found = kept(&[staging, run.clone()], "");
        assert!(found.contains(&"run:1/production/".to_owned()), "{found:?}");
        let mut open = own;
        if let Fact::Deployment(d) = &mut open.fact {
            d.outcome = Outcome::Pending;
        }
        assert_eq!(kept(&[open, run], ""), ["dep:a", "run:1/production/"]);
    }

    #[test]
    fn u1_the_first_word_of_a_job_does_not_take_the_history_back() {
        let at = |mut event: Event, day: i64| {
            event.time += chrono::Duration::days(day);
            event
        };
        let tags = [0, 1, 9].map(|day| {
            at(
                event(Source::GitTags, &format!("tag:v1.0.{day}@a"), None),
                day,
            )
        });
        let report = at(
            event(Source::WorkflowRun, "run:1/production/", Some("1")),
            5,
        );
        let all = [&tags[..], &[report]].concat();
        let told = ["tag:v1.0.0@a", "tag:v1.0.1@a", "run:1/production/"];
        assert_eq!(kept(&all, ""), told);
        assert_eq!(kept(&all, "source: tags").len(), 3);
        let named = kept(&all, "workflows: [{file: a.yml}]");
        assert_eq!(named, ["run:1/production/"]);
        // The tag that started the first deployment that was reported is that deployment.
        let of_v1_0_1 = |mut event: Event| {
            if let Fact::Deployment(d) = &mut event.fact {
                d.revision = Some("a1".to_owned());
            }
            event
        };
        let mut started: Vec<Event> = all.into_iter().map(of_v1_0_1).collect();
        started[1].time = started[3].time - chrono::Duration::minutes(9);
        assert_eq!(kept(&started, ""), ["tag:v1.0.0@a", "run:1/production/"]);
    }

    #[test]
    fn a_hotfix_may_have_tags_of_its_own() {
        let tag = event(Source::GitTags, "tag:v1-hotfix@a", None);
        let written = "tags: '^v\\d+$'\nhotfix: {tags: '-hotfix$'}";
        assert_eq!(kept(&[tag], written), ["tag:v1-hotfix@a"]);
    }

    #[test]
    fn u1_a_state_file_that_is_configured_goes_before_what_jobs_said_of_themselves() {
        let own = event(Source::WorkflowRun, "run:1/production/", Some("1"));
        let state = event(Source::StateFile, "state:a", None);
        let both = [own, state];
        assert_eq!(kept(&both, "state_files: [{path: a}]"), ["state:a"]);
        assert_eq!(kept(&both, ""), ["run:1/production/"]);
        let named = "workflows: [{file: a.yml}]\nstate_files: [{path: a}]";
        assert_eq!(kept(&both, named), ["run:1/production/"]);
    }

    #[test]
    fn u4_other_environments_hide_no_source_and_are_listed_where_there_is_none() {
        let staging = in_environment(event(Source::GithubDeployments, "dep:a", None), "staging");
        let tag = event(Source::GitTags, "tag:v1.0.0@a", None);
        assert_eq!(kept(&[staging.clone(), tag], ""), ["tag:v1.0.0@a"]);
        assert_eq!(kept(&[staging], ""), ["dep:a"]);
    }
}
