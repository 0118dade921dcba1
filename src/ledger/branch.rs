//! The ledger on the metrics branch: read from one commit, written by compare-and-swap on it.

use std::collections::{BTreeMap, BTreeSet};

use chrono::NaiveDate;

use super::{
    Ledger, META, Plan, Repair, TooNew, Unreadable, day_of, month_of, month_path, months_between,
    repair,
};
use crate::github::{Budget, Client, GitHubError, Part, State, StateRequest};

/// A branch of a repository that holds a ledger, or will.
#[derive(Debug, Clone, Copy)]
pub struct Branch<'c> {
    client: &'c Client,
    name: &'c str,
}

/// What of the repository is read with the ledger; paths are those of the default branch.
#[derive(Debug, Clone, Copy)]
pub struct Reading<'a> {
    /// Months of the ledger since this day are read, and everything younger.
    pub since: NaiveDate,
    /// The day of reading.
    pub today: NaiveDate,
    /// Path of the configuration.
    pub config: &'a str,
    /// Path of the corrections.
    pub corrections: &'a str,
    /// Labels of the issues that are incidents.
    pub incidents: &'a [String],
}

/// What one query read: the ledger, and everything else of the repository.
#[derive(Debug)]
pub struct Loaded {
    /// The ledger; empty where there is no branch.
    pub ledger: Ledger,
    /// Files of the ledger as they were read.
    pub texts: BTreeMap<String, String>,
    /// The commit it was read from; absent where there is no branch.
    pub head: Option<String>,
    /// The repository.
    pub state: State,
}

/// A day before any ledger: all of it is read since then.
#[must_use]
pub fn first_day(today: NaiveDate) -> NaiveDate {
    NaiveDate::from_ymd_opt(2015, 1, 1).unwrap_or(today)
}

impl<'c> Branch<'c> {
    /// A branch by name.
    #[must_use]
    pub fn new(client: &'c Client, name: &'c str) -> Self {
        Self { client, name }
    }

    /// Reads the ledger with the repository's state, in one query. A layout of a newer version is not read, and the
    /// ledger is read-only.
    ///
    /// # Errors
    /// When GitHub gave nothing.
    pub async fn load(&self, reading: Reading<'_>, budget: &Budget) -> Result<Loaded, GitHubError> {
        let months = months_between(reading.since, reading.today);
        let mut files = vec![META.to_owned()];
        files.extend(months.iter().map(|m| month_path(m)));
        let mut request = StateRequest {
            branch: self.name.to_owned(),
            config_path: reading.config.to_owned(),
            files,
            folder: Some("ledger/events".to_owned()),
            oids: vec!["dashboard/index.html".to_owned()],
            deployments: true,
            issues: reading.incidents.to_vec(),
            marks: true,
            corrections_path: Some(reading.corrections.to_owned()),
        };
        let mut state = self.client.state(&request, budget).await?;
        // After a long silence the shards of its last day are older than the months that were asked for. They will be
        // folded, and a month must be known to be added to.
        let missing = months_of_shards(&state, &request.files);
        if !missing.is_empty() {
            request.files.extend(missing);
            state = self.client.state(&request, budget).await?;
        }
        let mut texts = BTreeMap::new();
        let mut head = None;
        if let Some(branch) = &mut state.branch {
            head = Some(branch.head_oid.clone());
            for (path, file) in &mut branch.files {
                if let Some(text) = file.text.take() {
                    texts.insert(path.clone(), text);
                }
            }
        }
        let since = months.first().map(String::as_str);
        let ledger = self.read(&texts, since, head.is_some(), &state);
        Ok(Loaded {
            ledger,
            texts,
            head,
            state,
        })
    }

    /// The ledger in these files; whatever speaks against writing it is in its `unreadable`.
    fn read(
        &self,
        texts: &BTreeMap<String, String>,
        since: Option<&str>,
        exists: bool,
        state: &State,
    ) -> Ledger {
        let read = Ledger::read(texts, since);
        let mut ledger = read.unwrap_or_else(|too_new| Ledger {
            unreadable: vec![Unreadable {
                file: META.to_owned(),
                line: 0,
                last: 0,
                count: 1,
                what: format!("{too_new}; use the fivekeys that wrote it, or a newer one"),
            }],
            ..Ledger::default()
        });
        // Absent is not unreadable: what could not be read makes the ledger read-only.
        for (part, error) in &state.problems {
            let file = match part {
                Part::Branch => self.name.to_owned(),
                Part::File(path) => path.clone(),
                Part::Config
                | Part::Corrections
                | Part::Deployments
                | Part::Issues
                | Part::Marks
                | Part::Repository => continue,
            };
            ledger.unreadable.push(Unreadable {
                file,
                line: 0,
                last: 0,
                count: 1,
                what: error.to_string(),
            });
        }
        if let Some(what) = self.not_ours(&ledger, exists, state, texts) {
            ledger.mark(self.name, 0, &what);
        } else if exists && ledger.is_writable() && !texts.contains_key(META) {
            ledger.mark(META, 0, "missing");
        }
        ledger
    }

    /// Why a branch that exists is not to be written: it is somebody else's.
    fn not_ours(
        &self,
        ledger: &Ledger,
        exists: bool,
        state: &State,
        texts: &BTreeMap<String, String>,
    ) -> Option<String> {
        if state.default_branch.as_deref() == Some(self.name) {
            return Some("the default branch holds the code, not the metrics".to_owned());
        }
        let foreign = exists && ledger.is_writable() && texts.is_empty();
        foreign.then(|| "the branch exists and holds no ledger".to_owned())
    }

    /// How a ledger that was loaded whole is mended; `None` where nothing is broken, where a file could not be read at
    /// all, or where the branch is somebody else's.
    ///
    /// # Errors
    /// When a newer version wrote it.
    pub fn repair(&self, loaded: &Loaded, today: NaiveDate) -> Result<Option<Repair>, TooNew> {
        let in_lines = |b: &Unreadable| b.file == META || loaded.texts.contains_key(&b.file);
        if !loaded.ledger.unreadable.iter().all(in_lines) {
            return Ok(None);
        }
        repair(&loaded.texts, today)
    }

    /// Writes a plan on top of the commit that was read, or makes the branch.
    ///
    /// # Errors
    /// [`GitHubError::Stale`] when somebody wrote in between, [`GitHubError::Ambiguous`] when the answer was lost:
    /// both mean read again. Anything else: nothing was written.
    pub async fn save(
        &self,
        head: Option<&str>,
        plan: &Plan,
        headline: &str,
        budget: &Budget,
    ) -> Result<String, GitHubError> {
        let files: Vec<(String, Vec<u8>)> = plan
            .writes
            .iter()
            .map(|(path, text)| (path.clone(), text.clone().into_bytes()))
            .collect();
        match head {
            Some(head) => {
                self.client
                    .create_commit_on_branch(
                        self.name,
                        head,
                        headline,
                        &files,
                        &plan.deletes,
                        budget,
                    )
                    .await
            }
            None => {
                self.client
                    .bootstrap(self.name, &files, headline, budget)
                    .await
            }
        }
    }
}

/// Files of the months that have a day's shard and are not among `asked`.
fn months_of_shards(state: &State, asked: &[String]) -> BTreeSet<String> {
    let branch = state.branch.iter();
    let days = branch.flat_map(|b| b.files.keys().filter_map(|path| day_of(path)));
    days.map(|day| month_path(&month_of(day)))
        .filter(|path| !asked.contains(path))
        .collect()
}
