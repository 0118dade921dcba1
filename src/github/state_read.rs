//! The answer to the state query, part by part: what is there, what is absent, what is unreadable.

use serde::Deserialize;
use serde_json::Value;

use super::state::Cut;
use super::{
    BranchState, DeploymentNode, DeploymentPage, FileText, GitHubError, GraphAnswer, Page, Part,
    State, StateRequest,
};

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Blob {
    oid: String,
    #[serde(default)]
    text: Option<String>,
    #[serde(default)]
    is_truncated: bool,
    byte_size: u64,
}

struct Reader<'a> {
    answer: &'a GraphAnswer,
    state: State,
    cut: Vec<Cut>,
}

/// The state, and the blobs that must be read again whole.
pub(super) fn state(
    answer: &GraphAnswer,
    request: &StateRequest,
) -> Result<(State, Vec<Cut>), GitHubError> {
    let repository = &answer.data["repository"];
    if repository.is_null() {
        return Err(answer
            .first_error()
            .cloned()
            .unwrap_or(GitHubError::NotFound {
                what: "repository".to_owned(),
            }));
    }
    let text = |value: &Value| value.as_str().map(str::to_owned);
    let mut reader = Reader {
        answer,
        state: State {
            name_with_owner: text(&repository["nameWithOwner"]).unwrap_or_default(),
            // What is not said to be public is taken for private.
            is_private: repository["isPrivate"].as_bool().unwrap_or(true),
            default_branch: text(&repository["defaultBranchRef"]["name"]),
            head: text(&repository["defaultBranchRef"]["target"]["oid"]),
            rate: Deserialize::deserialize(&answer.data["rateLimit"]).ok(),
            ..State::default()
        },
        cut: Vec::new(),
    };
    if let Some(error) = reader.unreadable(&["repository", "defaultBranchRef"], repository) {
        reader.state.problems.push((Part::Repository, error));
    }
    reader.config(repository);
    reader.branch(repository, request);
    if request.deployments {
        reader.deployments(repository);
    }
    if !request.issues.is_empty() {
        reader.state.issues = reader.records(repository, "issues", Part::Issues);
    }
    if request.marks {
        reader.state.marks = reader.records(repository, "pullRequests", Part::Marks);
    }
    if let Some(error) = reader.unreadable(&["repository", "corrections"], repository) {
        reader.state.problems.push((Part::Corrections, error));
    } else {
        let object = &repository["corrections"];
        reader.state.corrections = reader.file(object, Part::Corrections, "");
    }
    Ok((reader.state, reader.cut))
}

impl Reader<'_> {
    /// Why the last field of this path is null, where it is null for a reason. `NOT_FOUND` is absence.
    fn unreadable(&self, path: &[&str], parent: &Value) -> Option<GitHubError> {
        let field = path.last()?;
        if !parent[*field].is_null() {
            return None;
        }
        let error = self.answer.error_at(path)?;
        (!matches!(error, GitHubError::NotFound { .. })).then(|| error.clone())
    }

    fn config(&mut self, repository: &Value) {
        match self.unreadable(&["repository", "config"], repository) {
            Some(error) => self.state.problems.push((Part::Config, error)),
            None => {
                self.state.config = self.file(&repository["config"], Part::Config, "");
            }
        }
    }

    fn branch(&mut self, repository: &Value, request: &StateRequest) {
        if let Some(error) = self.unreadable(&["repository", "ref"], repository) {
            self.state.problems.push((Part::Branch, error));
            return;
        }
        if repository["ref"].is_null() {
            return;
        }
        let target = &repository["ref"]["target"];
        let Some(head) = target["oid"].as_str() else {
            let error = self
                .answer
                .error_at(&["repository", "ref"])
                .cloned()
                .unwrap_or_else(|| bad("the branch has no commit"));
            self.state.problems.push((Part::Branch, error));
            return;
        };
        self.state.branch = Some(BranchState {
            head_oid: head.to_owned(),
            ..BranchState::default()
        });
        let whole = request
            .files
            .iter()
            .enumerate()
            .map(|(n, p)| (format!("f{n}"), p));
        let ids = request
            .oids
            .iter()
            .enumerate()
            .map(|(n, p)| (format!("o{n}"), p));
        for (alias, path) in whole.chain(ids) {
            self.entry(target, &alias, path);
        }
        if let Some(folder) = &request.folder {
            self.folder(target, folder);
        }
    }

    /// One file of the branch, found by its alias.
    fn entry(&mut self, target: &Value, alias: &str, path: &str) {
        let part = Part::File(path.to_owned());
        let field = &target[alias];
        if field.is_null() || field["object"].is_null() {
            let error = self
                .answer
                .error_at(&["repository", "ref", "target", alias]);
            if let Some(error) = error.filter(|e| !matches!(e, GitHubError::NotFound { .. })) {
                self.state.problems.push((part, error.clone()));
            } else if !field.is_null() {
                let error = bad("the file has no content");
                self.state.problems.push((part, error));
            }
            return;
        }
        // A folder selects none of the fields of a file.
        if field["object"]
            .as_object()
            .is_some_and(serde_json::Map::is_empty)
        {
            self.misplaced(path, "a folder stands in its place");
            return;
        }
        self.keep(&field["object"], part, path);
    }

    fn folder(&mut self, target: &Value, folder: &str) {
        let part = Part::File(folder.to_owned());
        let error = self
            .answer
            .error_at(&["repository", "ref", "target", "folder"]);
        // One unreadable shard makes the folder unreadable: nobody may take it for the whole.
        if let Some(error) = error.filter(|e| !matches!(e, GitHubError::NotFound { .. })) {
            self.state.problems.push((part, error.clone()));
        }
        if !target["folder"].is_null() {
            self.walk(&target["folder"]["object"], folder, 3);
        }
    }

    fn walk(&mut self, tree: &Value, path: &str, deep: u32) {
        let entries = tree["entries"].as_array();
        if tree.is_object() && entries.is_none() {
            self.misplaced(path, "a file stands in the place of a folder");
        }
        for entry in entries.into_iter().flatten() {
            let Some(name) = entry["name"].as_str().filter(|n| !n.starts_with('.')) else {
                continue;
            };
            let path = format!("{path}/{name}");
            let object = &entry["object"];
            if deep > 1 {
                self.walk(object, &path, deep - 1);
            } else if entry["type"] == "blob" {
                let part = Part::File(path.clone());
                if object.is_null() {
                    let error = bad("the file has no content");
                    self.state.problems.push((part, error));
                } else {
                    self.keep(object, part, &path);
                }
            } else {
                self.misplaced(&path, "no file");
            }
        }
    }

    fn misplaced(&mut self, path: &str, what: &str) {
        let part = Part::File(path.to_owned());
        self.state.problems.push((part, bad(what)));
    }

    fn keep(&mut self, object: &Value, part: Part, path: &str) {
        let file = self.file(object, part, path);
        if let (Some(branch), Some(file)) = (&mut self.state.branch, file) {
            branch.files.insert(path.to_owned(), file);
        }
    }

    /// A blob; none where it must be read again whole, or cannot be read.
    fn file(&mut self, object: &Value, part: Part, path: &str) -> Option<FileText> {
        // An object of another kind, such as a folder, selects nothing.
        if object.as_object().is_none_or(serde_json::Map::is_empty) {
            return None;
        }
        let blob = match Blob::deserialize(object) {
            Ok(blob) => blob,
            Err(e) => {
                self.state.problems.push((part, bad(&e.to_string())));
                return None;
            }
        };
        let whole_text_asked = object.get("text").is_some();
        let complete = !blob.is_truncated
            && blob
                .text
                .as_ref()
                .is_some_and(|text| text.len() as u64 == blob.byte_size);
        if whole_text_asked && !complete {
            self.cut.push(Cut {
                part,
                path: path.to_owned(),
                oid: blob.oid,
                bytes: blob.byte_size,
            });
            return None;
        }
        Some(FileText {
            oid: blob.oid,
            text: blob.text,
            bytes: blob.byte_size,
        })
    }

    /// A list of the repository; none came: why not is a problem.
    fn records(&mut self, repository: &Value, field: &str, part: Part) -> Page {
        if repository[field].is_null() {
            let error = self.answer.error_at(&["repository", field]).cloned();
            let error = error.unwrap_or_else(|| bad(&format!("no {field} came")));
            self.state.problems.push((part, error));
        }
        records(&repository[field])
    }

    fn deployments(&mut self, repository: &Value) {
        let connection = &repository["deployments"];
        if connection.is_null() {
            self.records(repository, "deployments", Part::Deployments);
            return;
        }
        let page = page(connection);
        self.state.deployments = page.nodes;
        self.state.next_cursor = page.next_cursor;
        self.state.deployments_total = connection["totalCount"].as_u64().unwrap_or(0);
    }
}

/// A page of deployments.
pub(super) fn page(connection: &Value) -> DeploymentPage {
    DeploymentPage {
        nodes: nodes(&connection["nodes"]),
        next_cursor: next_cursor(connection),
    }
}

/// A page of anything.
pub(super) fn records(connection: &Value) -> Page {
    let list = connection["nodes"].as_array().into_iter().flatten();
    Page {
        nodes: list.filter(|node| node.is_object()).cloned().collect(),
        next_cursor: next_cursor(connection),
    }
}

fn next_cursor(connection: &Value) -> Option<String> {
    let info = &connection["pageInfo"];
    info["endCursor"]
        .as_str()
        .filter(|_| info["hasNextPage"] == true)
        .map(str::to_owned)
}

/// The nodes that are there and have an id.
pub(super) fn nodes(list: &Value) -> Vec<DeploymentNode> {
    let list = list.as_array().into_iter().flatten();
    list.filter(|node| node["id"].is_string())
        .map(|node| DeploymentNode(node.clone()))
        .collect()
}

fn bad(message: &str) -> GitHubError {
    GitHubError::BadAnswer {
        message: message.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn request() -> StateRequest {
        StateRequest {
            files: vec!["ledger/meta.json".into()],
            folder: Some("ledger/events".into()),
            deployments: true,
            ..StateRequest::default()
        }
    }

    fn blob(text: &str, truncated: bool, bytes: usize) -> Value {
        json!({ "oid": "b1", "text": text, "isTruncated": truncated, "byteSize": bytes })
    }

    #[test]
    fn a_cut_or_short_file_is_never_taken_for_the_whole() {
        for object in [blob("ab", true, 900_000), blob("ab", false, 3)] {
            let data = json!({ "repository": { "deployments": { "nodes": [] },
                "ref": { "target": { "oid": "c1", "f0": { "object": object } } } } });
            let answer = GraphAnswer {
                data,
                errors: Vec::new(),
            };
            let (state, cut) = state(&answer, &request()).unwrap();
            assert!(state.branch.unwrap().files.is_empty());
            assert_eq!(cut.len(), 1);
        }
    }

    #[test]
    fn shards_are_found_three_levels_down() {
        let day = json!({ "name": "02.jsonl", "type": "blob", "object": blob("{}", false, 2) });
        let month = json!({ "name": "03", "type": "tree", "object": { "entries": [day] } });
        let year = json!({ "name": "2026", "type": "tree", "object": { "entries": [month] } });
        let data = json!({ "repository": { "deployments": { "nodes": [] },
            "ref": { "target": { "oid": "c1", "folder": { "object": { "entries": [year] } } } } } });
        let answer = GraphAnswer {
            data,
            errors: Vec::new(),
        };
        let (state, _) = state(&answer, &request()).unwrap();
        let files = state.branch.unwrap().files;
        assert_eq!(
            files["ledger/events/2026/03/02.jsonl"].text.as_deref(),
            Some("{}")
        );
    }

    #[test]
    fn absent_is_not_unreadable() {
        let data = json!({ "repository": { "ref": null, "config": null, "deployments": { "nodes": [] } } });
        let mut answer = GraphAnswer {
            data,
            errors: Vec::new(),
        };
        let (absent, _) = state(&answer, &request()).unwrap();
        assert!(absent.branch.is_none() && absent.problems.is_empty());

        let error = GitHubError::Server { status: 200 };
        let path = vec!["repository".to_owned(), "ref".to_owned()];
        answer.errors.push(super::super::GraphError { path, error });
        let (unreadable, _) = state(&answer, &request()).unwrap();
        assert!(unreadable.problem(&Part::Branch).is_some());
        assert!(unreadable.problem(&Part::Config).is_none());
    }
}
