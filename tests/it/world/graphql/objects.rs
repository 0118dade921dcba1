//! The fields of the objects that reach others: query, repository, ref, commit, tree.

use serde_json::{Value, json};

use super::super::git::{Blob, Files};
use super::super::github::{REPOSITORY, iso};
use super::{Args, Call, Object, Refusal, Thing};

/// GitHub cuts the text of a blob here.
const CUT: usize = 512_000;

impl Call<'_> {
    pub(super) fn field(
        &mut self,
        object: &Object,
        name: &str,
        args: &Args,
    ) -> Result<Thing, Refusal> {
        let text = |arg: &str| args.get(arg).and_then(Value::as_str).unwrap_or_default();
        match (object, name) {
            (Object::Query, "repository") => self.repository(text("owner"), text("name")),
            (Object::Query, "nodes") => Ok(self.nodes(args)),
            (Object::Query, "rateLimit") => Ok(self.rate_limit()),
            (Object::Mutation, _) => {
                self.mutation(name, &args.get("input").cloned().unwrap_or_default())
            }
            (Object::Repository, _) => self.of_repository(name, args),
            (Object::Ref { name: full, .. }, "name") => {
                let short = full.trim_start_matches("refs/heads/");
                Ok(Thing::leaf(short.trim_start_matches("refs/tags/")))
            }
            // Classic protection is not modelled.
            (Object::Ref { .. }, "refUpdateRule") => Ok(Thing::NULL),
            (Object::Ref { name: full, .. }, "rules") => Ok(self.rules(full)),
            (Object::Ref { oid, .. }, "target") => Ok(Thing::Object(Object::Commit(oid.clone()))),
            (Object::Commit(sha), "history") => Ok(self.history(sha, args)),
            (Object::Commit(sha), _) => self.of_commit(sha, name, text("path")),
            (Object::Tree { commit, path }, "entries") => {
                Ok(Thing::List(self.entries(commit, path)))
            }
            (Object::Record { fields, .. }, _)
                if fields.iter().any(|(field, _)| *field == name) =>
            {
                let mut found = fields.iter().filter(|(field, _)| *field == name);
                Ok(found.next().map_or(Thing::NULL, |(_, thing)| thing.clone()))
            }
            _ => Ok(self.not_known(object, name)),
        }
    }

    fn not_known(&mut self, object: &Object, name: &str) -> Thing {
        self.unknown.push(format!("{}.{name}", object.kind()));
        Thing::NULL
    }

    fn repository(&self, owner: &str, name: &str) -> Result<Thing, Refusal> {
        let asked = format!("{owner}/{name}");
        if asked.eq_ignore_ascii_case(&self.github.slug()) {
            return Ok(Thing::Object(Object::Repository));
        }
        let message = format!("Could not resolve to a Repository with the name '{asked}'.");
        Err(Refusal::new("NOT_FOUND", message))
    }

    fn rules(&self, full: &str) -> Thing {
        let branch = full.trim_start_matches("refs/heads/");
        let rule = Thing::Object(Object::Record {
            kind: "RepositoryRule",
            fields: vec![("type", Thing::leaf("PULL_REQUEST"))],
        });
        let is_ruled = self.github.ruled.contains(branch);
        let nodes = is_ruled.then_some(rule).into_iter();
        Thing::Connection("RepositoryRuleConnection", nodes.collect())
    }

    fn rate_limit(&self) -> Thing {
        let Some(rate) = self.github.rate else {
            return Thing::NULL;
        };
        let reset = self.github.now + chrono::Duration::minutes(30);
        Thing::Object(Object::Record {
            kind: "RateLimit",
            fields: vec![
                ("cost", Thing::leaf(1)),
                ("limit", Thing::leaf(rate.limit)),
                ("remaining", Thing::leaf(rate.graph)),
                ("resetAt", Thing::leaf(iso(reset))),
            ],
        })
    }

    /// Those that are gone are null, each with its error.
    fn nodes(&mut self, args: &Args) -> Thing {
        let ids = args.get("ids").and_then(Value::as_array);
        let ids = ids.cloned().unwrap_or_default();
        if ids.len() > 100 {
            self.unknown
                .push(format!("{} ids: 100 are allowed", ids.len()));
        }
        let mut found = Vec::new();
        for (n, id) in ids.iter().enumerate() {
            let id = id.as_str().unwrap_or_default();
            found.push(self.node(id).unwrap_or_else(|refusal| {
                self.errors
                    .push(json!({ "type": refusal.kind, "path": ["nodes", n],
                    "locations": [{ "line": 1, "column": 1 }], "message": refusal.message }));
                Thing::NULL
            }));
        }
        Thing::List(found)
    }

    pub(super) fn node(&self, id: &str) -> Result<Thing, Refusal> {
        if let Some(deployment) = self.github.deployments.iter().find(|d| d.id == id) {
            self.need("deployments", "read")?;
            return Ok(self.deployment(deployment));
        }
        if let Some(pull) = self.github.pulls.values().find(|pull| pull.id == id) {
            self.need("pull-requests", "read")?;
            return Ok(self.pull(pull));
        }
        let message = format!("Could not resolve to a node with the global id of '{id}'");
        Err(Refusal::new("NOT_FOUND", message))
    }

    fn of_repository(&mut self, name: &str, args: &Args) -> Result<Thing, Refusal> {
        let text = |arg: &str| args.get(arg).and_then(Value::as_str);
        match name {
            "id" => Ok(Thing::leaf(REPOSITORY)),
            "nameWithOwner" => Ok(Thing::leaf(self.github.slug())),
            "isPrivate" => Ok(Thing::leaf(self.github.private)),
            "defaultBranchRef" => Ok(self.reference(&self.github.default_ref())),
            "ref" => {
                self.need("contents", "read")?;
                Ok(self.reference(text("qualifiedName").unwrap_or_default()))
            }
            "object" => {
                self.need("contents", "read")?;
                Ok(match (text("oid"), text("expression")) {
                    (Some(oid), _) => self.commit_or_null(oid),
                    (_, Some(expression)) => self.expression(expression),
                    (None, None) => Thing::NULL,
                })
            }
            "deployments" => {
                self.need("deployments", "read")?;
                let mut rows: Vec<_> = self.github.deployments.iter().collect();
                rows.sort_by(|a, b| (a.created_at, &a.id).cmp(&(b.created_at, &b.id)));
                if args
                    .get("orderBy")
                    .is_some_and(|by| by["direction"] == "DESC")
                {
                    rows.reverse();
                }
                let rows = rows.into_iter().map(|row| self.deployment(row));
                Ok(Thing::Connection("DeploymentConnection", rows.collect()))
            }
            "releases" => {
                self.need("contents", "read")?;
                Ok(self.releases())
            }
            "refs" => {
                self.need("contents", "read")?;
                Ok(self.refs(text("refPrefix").unwrap_or_default()))
            }
            "issues" => self.issues(args),
            "pullRequests" => self.pull_requests(),
            _ => Ok(self.not_known(&Object::Repository, name)),
        }
    }

    fn issues(&mut self, args: &Args) -> Result<Thing, Refusal> {
        self.need("issues", "read")?;
        let asked = args.get("labels").and_then(Value::as_array);
        let has = |issue: &&super::super::github::Issue| {
            asked.is_none_or(|asked| {
                let asked = asked.iter().filter_map(Value::as_str);
                let mut pairs = asked.flat_map(|a| issue.labels.iter().map(move |l| (a, l)));
                pairs.any(|(a, l)| a.eq_ignore_ascii_case(l))
            })
        };
        let mut rows: Vec<_> = self.github.issues.values().filter(has).collect();
        let by_creation = args
            .get("orderBy")
            .is_some_and(|by| by["field"] == "CREATED_AT");
        rows.sort_by_key(|issue| {
            let at = if by_creation {
                issue.created_at
            } else {
                issue.updated_at
            };
            std::cmp::Reverse((at, issue.number))
        });
        let rows = rows.into_iter().map(|row| self.issue(row));
        Ok(Thing::Connection("IssueConnection", rows.collect()))
    }

    fn pull_requests(&mut self) -> Result<Thing, Refusal> {
        self.need("pull-requests", "read")?;
        let pulls = self.github.pulls.values();
        let mut rows: Vec<_> = pulls.filter(|p| p.merged_at.is_some()).collect();
        let touched =
            |p: &&super::super::github::Pull| p.updated_at(&self.github.comments_on(p.number));
        rows.sort_by_key(|pull| std::cmp::Reverse((touched(pull), pull.number)));
        let rows = rows.into_iter().map(|row| self.pull(row));
        Ok(Thing::Connection("PullRequestConnection", rows.collect()))
    }

    fn reference(&self, full: &str) -> Thing {
        self.github
            .git
            .head(full, self.stale)
            .map_or(Thing::NULL, |oid| {
                Thing::Object(Object::Ref {
                    name: full.to_owned(),
                    oid: oid.to_owned(),
                })
            })
    }

    fn commit_or_null(&self, oid: &str) -> Thing {
        self.github.git.commit(oid).map_or(Thing::NULL, |commit| {
            Thing::Object(Object::Commit(commit.sha.clone()))
        })
    }

    /// `HEAD:path`, `branch:path` or a revision.
    fn expression(&self, expression: &str) -> Thing {
        let (revision, path) = expression.split_once(':').unwrap_or((expression, ""));
        let revision = if revision == "HEAD" {
            &self.github.default_branch
        } else {
            revision
        };
        let Some(commit) = self.github.git.resolve(revision) else {
            return Thing::NULL;
        };
        if path.is_empty() {
            return Thing::Object(Object::Commit(commit.sha.clone()));
        }
        self.entry(&commit.sha, path)
            .map_or(Thing::NULL, |(_, object)| object)
    }

    fn of_commit(&mut self, sha: &str, name: &str, path: &str) -> Result<Thing, Refusal> {
        let Some(commit) = self.github.git.commit(sha) else {
            return Ok(Thing::NULL);
        };
        Ok(match name {
            "oid" => Thing::leaf(sha),
            "tree" => {
                let files = commit.files.clone();
                let oid = self.github.git.add_tree(files);
                Thing::Object(Object::Record {
                    kind: "Tree",
                    fields: vec![("oid", Thing::leaf(oid))],
                })
            }
            "message" => Thing::leaf(commit.message.as_str()),
            "parents" => {
                let parents = commit.parents.iter();
                let rows = parents.map(|sha| Thing::Object(Object::Commit(sha.clone())));
                Thing::Connection("CommitConnection", rows.collect())
            }
            "authoredDate" => Thing::leaf(iso(commit.authored_at)),
            "committedDate" => Thing::leaf(iso(commit.committed_at)),
            "file" => self.entry(sha, path).map_or(Thing::NULL, |(kind, object)| {
                let name = path.rsplit('/').next().unwrap_or(path);
                tree_entry(name, kind, object)
            }),
            "associatedPullRequests" => {
                self.need("pull-requests", "read")?;
                let of = |pull: &&super::super::github::Pull| {
                    let all = pull.commits.iter().chain(&pull.landed);
                    all.chain(&pull.merge_commit).any(|one| one == sha)
                };
                let pulls = self.github.pulls.values().filter(of);
                let rows = pulls.map(|pull| self.pull(pull)).collect();
                Thing::Connection("PullRequestConnection", rows)
            }
            _ => self.not_known(&Object::Commit(sha.to_owned()), name),
        })
    }

    /// What stands at a path of a commit: its kind and itself.
    fn entry(&self, commit: &str, path: &str) -> Option<(&'static str, Thing)> {
        let files = self.files(commit);
        if let Some(blob) = files.get(path) {
            return Some(("blob", blob_thing(blob)));
        }
        let inside = format!("{}/", path.trim_end_matches('/'));
        let is_folder = files.keys().any(|file| file.starts_with(&inside));
        is_folder.then(|| {
            let commit = commit.to_owned();
            (
                "tree",
                Thing::Object(Object::Tree {
                    commit,
                    path: inside,
                }),
            )
        })
    }

    fn files(&self, commit: &str) -> &Files {
        const NONE: &Files = &Files::new();
        let commit = self.github.git.commit(commit);
        commit.map_or(NONE, |commit| &commit.files)
    }

    /// The direct children of a folder, whose path ends in a slash.
    fn entries(&self, commit: &str, path: &str) -> Vec<Thing> {
        let files = self.files(commit).keys();
        let rest = files.filter_map(|file| file.strip_prefix(path));
        let mut names: Vec<&str> = rest.filter_map(|rest| rest.split('/').next()).collect();
        names.dedup();
        let child = |name: &str| {
            let (kind, object) = self.entry(commit, &format!("{path}{name}"))?;
            Some(tree_entry(name, kind, object))
        };
        names.into_iter().filter_map(child).collect()
    }
}

fn tree_entry(name: &str, kind: &str, object: Thing) -> Thing {
    Thing::Object(Object::Record {
        kind: "TreeEntry",
        fields: vec![
            ("name", Thing::leaf(name)),
            ("type", Thing::leaf(kind)),
            ("object", object),
        ],
    })
}

fn blob_thing(blob: &Blob) -> Thing {
    let is_binary = blob.bytes.iter().take(8000).any(|byte| *byte == 0);
    let cut = &blob.bytes[..blob.bytes.len().min(CUT)];
    let text = match std::str::from_utf8(cut) {
        _ if is_binary => Value::Null,
        Ok(text) => json!(text),
        Err(e) => json!(String::from_utf8_lossy(&cut[..e.valid_up_to()])),
    };
    Thing::Object(Object::Record {
        kind: "Blob",
        fields: vec![
            ("oid", Thing::leaf(blob.oid.as_str())),
            ("byteSize", Thing::leaf(blob.bytes.len())),
            ("isBinary", Thing::leaf(is_binary)),
            ("isTruncated", Thing::leaf(blob.bytes.len() > CUT)),
            ("text", Thing::Leaf(text)),
        ],
    })
}
