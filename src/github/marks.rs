//! Releases, tags, the history of the default branch or of one file, and the workflow files, by GraphQL.

use std::fmt::Write as _;

use serde_json::{Map, Value, json};

use super::{Budget, Client, GitHubError};

/// A list of the repository that is read in pages of 100, newest first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum List {
    /// Releases, drafts included where the token may see them.
    Releases,
    /// Tags.
    Tags,
}

impl List {
    /// Field of the repository, and its arguments and selections behind the cursor.
    fn field(self) -> (&'static str, &'static str) {
        match self {
            Self::Releases => (
                "releases",
                "orderBy: {field: CREATED_AT, direction: DESC}) { pageInfo { hasNextPage endCursor } \
                 nodes { id tagName publishedAt isDraft isPrerelease url tagCommit { oid } } }",
            ),
            Self::Tags => (
                "refs",
                "refPrefix: \"refs/tags/\", orderBy: {field: TAG_COMMIT_DATE, direction: DESC}) \
                 { pageInfo { hasNextPage endCursor } nodes { name target { __typename oid \
                 ... on Commit { committedDate } ... on Tag { tagger { date } target { __typename oid \
                 ... on Commit { committedDate } } } } } }",
            ),
        }
    }
}

/// A page of a list.
#[derive(Debug, Clone, Default)]
pub struct ListPage {
    /// Newest first.
    pub nodes: Vec<Value>,
    /// Where the next page begins; absent: there is none.
    pub next_cursor: Option<String>,
}

const HISTORY: &str = "query History($owner: String!, $name: String!, $from: GitObjectID!) { \
     rateLimit { cost remaining resetAt } repository(owner: $owner, name: $name) { object(oid: $from) { \
     ... on Commit { history(first: 100) { nodes { oid committedDate parents(first: 1) { nodes { oid } } } } } } } }";

const FILE_HISTORY: &str = "query FileHistory($owner: String!, $name: String!, $from: GitObjectID!, $path: String!) { \
     rateLimit { cost remaining resetAt } repository(owner: $owner, name: $name) { object(oid: $from) { \
     ... on Commit { history(first: 100, path: $path) { pageInfo { hasNextPage } nodes { oid committedDate \
     file(path: $path) { object { ... on Blob { text isTruncated } } } } } } } } }";

const WORKFLOWS: &str = "query Workflows($owner: String!, $name: String!) { \
     rateLimit { cost remaining resetAt } repository(owner: $owner, name: $name) { \
     object(expression: \"HEAD:.github/workflows\") { \
     ... on Tree { entries { name object { ... on Blob { text } } } } } } }";

impl Client {
    /// A page of each of these lists, in one query. A list without a cursor is read from its beginning.
    ///
    /// # Errors
    /// When a list could not be read.
    pub async fn lists(
        &self,
        wanted: &[(List, Option<&str>)],
        budget: &Budget,
    ) -> Result<Vec<ListPage>, GitHubError> {
        let (owner, name) = self.owner_and_name();
        let mut variables = Map::from_iter([
            ("owner".to_owned(), json!(owner)),
            ("name".to_owned(), json!(name)),
        ]);
        let (mut declared, mut fields) = (String::new(), String::new());
        for (list, cursor) in wanted {
            let (field, rest) = list.field();
            let _ = write!(declared, ", ${field}: String");
            let _ = write!(fields, " {field}(first: 100, after: ${field}, {rest}");
            variables.insert(field.to_owned(), json!(cursor));
        }
        let query = format!(
            "query Lists($owner: String!, $name: String!{declared}) {{ rateLimit {{ cost remaining resetAt }} \
             repository(owner: $owner, name: $name) {{{fields} }} }}"
        );
        let answer = self
            .query(&query, &Value::Object(variables), budget)
            .await?;
        let mut pages = Vec::new();
        for (list, _) in wanted {
            let (field, _) = list.field();
            let connection = &answer.data["repository"][field];
            if connection.is_null() {
                let error = answer.error_at(&["repository", field]).cloned();
                return Err(error.unwrap_or(GitHubError::NotFound {
                    what: field.to_owned(),
                }));
            }
            let info = &connection["pageInfo"];
            pages.push(ListPage {
                nodes: nodes_of(&connection["nodes"]),
                next_cursor: info["endCursor"]
                    .as_str()
                    .filter(|_| info["hasNextPage"] == true)
                    .map(str::to_owned),
            });
        }
        Ok(pages)
    }

    /// The commit `from` and up to 99 of its ancestors, newest first, each with its first parent.
    ///
    /// # Errors
    /// [`GitHubError::NotFound`] when there is no such commit.
    pub async fn history(&self, from: &str, budget: &Budget) -> Result<Vec<Value>, GitHubError> {
        let (owner, name) = self.owner_and_name();
        let variables = json!({ "owner": owner, "name": name, "from": from });
        let (nodes, _) = self.commits_of(HISTORY, &variables, budget).await?;
        Ok(nodes)
    }

    /// Up to 100 of the commits that changed a file, the newest that `from` contains first, each with the file as it
    /// left it; and whether there are older ones.
    ///
    /// # Errors
    /// [`GitHubError::NotFound`] when there is no such commit.
    pub async fn file_history(
        &self,
        from: &str,
        path: &str,
        budget: &Budget,
    ) -> Result<(Vec<Value>, bool), GitHubError> {
        let (owner, name) = self.owner_and_name();
        let variables = json!({ "owner": owner, "name": name, "from": from, "path": path });
        self.commits_of(FILE_HISTORY, &variables, budget).await
    }

    async fn commits_of(
        &self,
        query: &str,
        variables: &Value,
        budget: &Budget,
    ) -> Result<(Vec<Value>, bool), GitHubError> {
        let answer = self.query(query, variables, budget).await?;
        let history = &answer.data["repository"]["object"]["history"];
        if history.is_null() {
            let error = answer.error_below(&["repository", "object"]).cloned();
            return Err(error.unwrap_or(GitHubError::NotFound {
                what: "such commit".to_owned(),
            }));
        }
        let more = history["pageInfo"]["hasNextPage"] == true;
        Ok((nodes_of(&history["nodes"]), more))
    }

    /// The workflow files of the default branch, by name.
    ///
    /// # Errors
    /// When they could not be read. A repository without any has none.
    pub async fn workflow_files(
        &self,
        budget: &Budget,
    ) -> Result<Vec<(String, String)>, GitHubError> {
        let (owner, name) = self.owner_and_name();
        let variables = json!({ "owner": owner, "name": name });
        let answer = self.query(WORKFLOWS, &variables, budget).await?;
        let entries = &answer.data["repository"]["object"]["entries"];
        let files = nodes_of(entries).into_iter().filter_map(|entry| {
            let name = entry["name"].as_str()?;
            let text = entry["object"]["text"].as_str()?;
            Some((name.to_owned(), text.to_owned()))
        });
        Ok(files.collect())
    }
}

fn nodes_of(list: &Value) -> Vec<Value> {
    let list = list.as_array().into_iter().flatten();
    list.filter(|node| node.is_object()).cloned().collect()
}
