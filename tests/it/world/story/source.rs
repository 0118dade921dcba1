//! Sources besides deployments: runs and jobs, tags, releases, files.

use serde_json::{Value, json};

use super::super::git::{Blob, sha};
use super::super::github::{GitHub, Release, Run, iso, moment};

/// A job of a run: name, attempt, beginning and end on the day of the run (`HH:MM`), conclusion.
pub(crate) type Job<'a> = (&'a str, u32, &'a str, &'a str, &'a str);

impl GitHub {
    /// A workflow run of a commit that was pushed; told again, it is the same run after its next attempt.
    pub(crate) fn ran(
        &mut self,
        id: u64,
        file: &str,
        label: &str,
        created_at: &str,
        conclusion: &str,
        jobs: &[Job<'_>],
    ) -> &mut Self {
        let created = moment(created_at);
        let day = created_at.split('T').next().unwrap_or_default();
        let at = |time: &str| format!("{day}T{time}:00Z");
        let attempt = jobs.iter().map(|job| job.1).max().unwrap_or(1);
        let ended = jobs.iter().map(|job| at(job.3)).max();
        let open = conclusion.is_empty();
        let site = format!("{}/{}/actions/runs/{id}", self.site, self.slug());
        let body = json!({
            "id": id,
            "node_id": format!("WFR_kwDOworld{id}"),
            "path": format!(".github/workflows/{file}"),
            "event": "push",
            "head_sha": sha(label),
            "head_branch": null,
            "status": if open { "in_progress" } else { "completed" },
            "conclusion": if open { Value::Null } else { json!(conclusion) },
            "run_attempt": attempt,
            "created_at": iso(created),
            "run_started_at": iso(created),
            "updated_at": ended.unwrap_or_else(|| iso(created + chrono::Duration::minutes(5))),
            "html_url": site,
        });
        let told = |(name, attempt, start, end, conclusion): &Job<'_>| {
            let open = conclusion.is_empty();
            json!({
                "name": name,
                "run_attempt": attempt,
                "status": if open { "in_progress" } else { "completed" },
                "conclusion": if open { Value::Null } else { json!(conclusion) },
                "created_at": at(start),
                "started_at": at(start),
                "completed_at": if open { Value::Null } else { json!(at(end)) },
                "html_url": format!("{site}/job/1"),
            })
        };
        self.runs.retain(|run| run.id != id);
        self.runs.push(Run {
            id,
            file: file.to_owned(),
            created_at: created,
            body,
            jobs: jobs.iter().map(told).collect(),
        });
        self
    }

    /// A lightweight tag.
    pub(crate) fn tag(&mut self, name: &str, label: &str) -> &mut Self {
        self.git
            .point(&format!("refs/tags/{name}"), Some(sha(label)));
        self
    }

    /// A published release of a tag.
    pub(crate) fn release(&mut self, tag: &str, at: &str) -> &mut Self {
        self.releases.push(Release {
            tag: tag.to_owned(),
            published_at: moment(at),
            draft: false,
            prerelease: false,
        });
        self
    }

    /// The newest release is a draft, or a pre-release.
    pub(crate) fn unready(&mut self, draft: bool, prerelease: bool) -> &mut Self {
        let newest = self.releases.last_mut().expect("a release");
        (newest.draft, newest.prerelease) = (draft, prerelease);
        self
    }

    /// A commit on the default branch that writes a file.
    pub(crate) fn writes(&mut self, label: &str, at: &str, path: &str, text: &str) -> &mut Self {
        self.commit(label, at);
        self.git
            .amend(&sha(label), path, Blob::new(text.as_bytes()));
        self
    }
}
