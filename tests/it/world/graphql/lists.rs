//! Releases, refs and histories.

use serde_json::Value;

use super::super::github::{Release, iso};
use super::{Args, Call, Object, Thing};

impl Call<'_> {
    /// Newest first.
    pub(super) fn releases(&self) -> Thing {
        let mut rows: Vec<&Release> = self.github.releases.iter().collect();
        rows.sort_by_key(|release| std::cmp::Reverse(release.published_at));
        let rows = rows.into_iter().map(|release| self.release(release));
        Thing::Connection("ReleaseConnection", rows.collect())
    }

    fn release(&self, release: &Release) -> Thing {
        let tag = release.tag.as_str();
        let commit = self.github.git.head(&format!("refs/tags/{tag}"), false);
        let commit = commit.map_or(Thing::NULL, |sha| {
            Thing::Object(Object::Commit(sha.to_owned()))
        });
        let published = (!release.draft).then(|| iso(release.published_at));
        Thing::Object(Object::Record {
            kind: "Release",
            fields: vec![
                ("id", Thing::leaf(format!("RE_kwDOworld{tag}"))),
                ("tagName", Thing::leaf(tag)),
                ("publishedAt", Thing::leaf(published)),
                ("isDraft", Thing::leaf(release.draft)),
                ("isPrerelease", Thing::leaf(release.prerelease)),
                (
                    "url",
                    Thing::leaf(format!("https://github.com/acme/shop/releases/tag/{tag}")),
                ),
                ("tagCommit", commit),
            ],
        })
    }

    /// Those of the newest commits first.
    pub(super) fn refs(&self, prefix: &str) -> Thing {
        let mut rows = self.github.git.refs(prefix);
        rows.sort_by_key(|(name, sha)| {
            let commit = self.github.git.commit(sha);
            std::cmp::Reverse((commit.map(|c| c.committed_at), name.clone()))
        });
        let rows = rows
            .into_iter()
            .map(|(name, oid)| Thing::Object(Object::Ref { name, oid }));
        Thing::Connection("RefConnection", rows.collect())
    }

    pub(super) fn history(&self, sha: &str, args: &Args) -> Thing {
        let path = args.get("path").and_then(Value::as_str);
        let commits = self.github.git.history(sha, path).into_iter();
        let rows = commits.map(|commit| Thing::Object(Object::Commit(commit.sha.clone())));
        Thing::Connection("CommitHistoryConnection", rows.collect())
    }
}
