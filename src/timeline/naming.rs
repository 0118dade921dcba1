//! Deployments by what people call them: an id, a run, a page, a version, a commit, a pull request.

use std::cell::OnceCell;
use std::collections::HashMap;

use super::delivery::Delivery;
use super::deployment::Deployment;
use super::graph::Graph;
use crate::event::is_sha;

/// Positions of deployments by every name that leads to one.
pub(super) struct Names<'a> {
    by_id: HashMap<String, usize>,
    /// Runs, pages and versions; seldom asked for.
    by_other: OnceCell<HashMap<String, usize>>,
    delivery: &'a Delivery,
    graph: &'a Graph<'a>,
}

impl<'a> Names<'a> {
    pub(super) fn of(
        deployments: &[Deployment],
        delivery: &'a Delivery,
        graph: &'a Graph<'a>,
    ) -> Self {
        let mut by_id = HashMap::new();
        for (at, deployment) in deployments.iter().enumerate() {
            for id in &deployment.ids {
                by_id.entry(id.clone()).or_insert(at);
            }
        }
        Self {
            by_id,
            by_other: OnceCell::new(),
            delivery,
            graph,
        }
    }

    /// Position of the deployment that folds the record with this id, written with its source or without.
    pub(super) fn by_id(&self, id: &str) -> Option<usize> {
        let known = |id: &str| self.by_id.get(id).copied();
        let with = |source: &str| known(&format!("{source}:{id}"));
        known(id).or_else(|| with("dep")).or_else(|| with("man"))
    }

    /// The deployment that a name means. Where several fit it is the earliest, and one that took effect if any did.
    pub(super) fn find(&self, deployments: &[Deployment], name: &str) -> Option<usize> {
        let name = name.trim();
        self.by_id(name)
            .or_else(|| self.by_other(deployments, name))
            .or_else(|| self.delivering(name).into_iter().min())
    }

    /// Deployments that first delivered a pull request (`#12`, or its page) or a commit, one a service.
    pub(super) fn delivering(&self, name: &str) -> Vec<usize> {
        let last = after(name, "/pull/").or_else(|| name.split_once('#').map(|(_, n)| n));
        if let Some(number) = last {
            let number = number.split(['/', '?', '#']).next().unwrap_or(number);
            return number
                .parse()
                .map_or_else(|_| Vec::new(), |number| self.by_pull(number));
        }
        let sha = after(name, "/commit/").unwrap_or(name);
        self.by_commit(sha)
    }

    /// Deployments that first delivered a pull request, one a service.
    pub(super) fn by_pull(&self, number: u64) -> Vec<usize> {
        let found = self.delivery.by_pull.get(&number);
        found.cloned().unwrap_or_default()
    }

    /// Deployments that first delivered a commit, one a service.
    pub(super) fn by_commit(&self, sha: &str) -> Vec<usize> {
        let delivered = |sha: &str| self.delivery.delivered(sha, self.graph).to_vec();
        let found = delivered(sha);
        if found.is_empty() {
            return delivered(&sha.to_ascii_lowercase());
        }
        found
    }

    fn by_other(&self, deployments: &[Deployment], name: &str) -> Option<usize> {
        let known = self.by_other.get_or_init(|| others(deployments));
        let run = after(name, "/actions/runs/").map(|rest| {
            let end = rest.find(|c: char| !c.is_ascii_digit());
            format!("run {}", &rest[..end.unwrap_or(rest.len())])
        });
        let sha = after(name, "/commit/").unwrap_or(name).to_ascii_lowercase();
        // The deployment of this very commit comes before one that only contains it.
        let whole = is_sha(&sha)
            .then(|| self.graph.resolve(&sha))
            .flatten()
            .map(|node| format!("at {}", self.graph.commit(node).sha));
        let ways = [
            run,
            Some(format!("run {name}")),
            Some(format!("url {name}")),
            Some(format!("at {sha}")),
            whole,
        ];
        let mut ways = ways.into_iter().flatten();
        ways.find_map(|way| known.get(&way).copied())
    }
}

fn after<'n>(name: &'n str, part: &str) -> Option<&'n str> {
    name.split_once(part).map(|(_, rest)| rest)
}

fn others(deployments: &[Deployment]) -> HashMap<String, usize> {
    let mut found = HashMap::new();
    for effective in [true, false] {
        for (at, deployment) in deployments.iter().enumerate() {
            if deployment.is_effective() != effective {
                continue;
            }
            let run = deployment.run.iter().map(|run| format!("run {run}"));
            let url = deployment.url.iter().map(|url| format!("url {url}"));
            let revisions = deployment.revisions.iter();
            let revisions = revisions.map(|r| format!("at {}", r.to_ascii_lowercase()));
            let tags = deployment.ids.iter().filter_map(|id| {
                let (tag, _) = id.strip_prefix("tag:")?.rsplit_once('@')?;
                Some(format!("at {}", tag.to_ascii_lowercase()))
            });
            let release = deployment.url.iter().filter_map(|url| {
                let (_, tag) = url.split_once("/releases/tag/")?;
                Some(format!("at {}", tag.to_ascii_lowercase()))
            });
            for name in run.chain(url).chain(revisions).chain(tags).chain(release) {
                found.entry(name).or_insert(at);
            }
        }
    }
    found
}
