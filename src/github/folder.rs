//! The files of one folder of the default branch.

use std::collections::BTreeMap;

use serde_json::json;

use super::{Budget, Client, GitHubError};

const FOLDER: &str = "query Folder($owner: String!, $name: String!, $at: String!) { \
     rateLimit { cost remaining resetAt } repository(owner: $owner, name: $name) { object(expression: $at) { \
     ... on Tree { entries { name type object { ... on Blob { oid text isTruncated byteSize } } } } } } }";

impl Client {
    /// The texts right in a folder of the default branch, by name; absent where there is no such folder. A file that is
    /// no text, or too large, has none.
    ///
    /// # Errors
    /// When the folder could not be read.
    pub async fn folder(
        &self,
        path: &str,
        budget: &Budget,
    ) -> Result<Option<BTreeMap<String, Option<String>>>, GitHubError> {
        let (owner, name) = self.owner_and_name();
        let variables = json!({ "owner": owner, "name": name, "at": format!("HEAD:{path}") });
        let answer = self.query(FOLDER, &variables, budget).await?;
        if let Some(error) = answer.error_below(&["repository"]) {
            return Err(error.clone());
        }
        let Some(entries) = answer.data["repository"]["object"]["entries"].as_array() else {
            return Ok(None);
        };
        let files = entries.iter().filter(|entry| entry["type"] == "blob");
        let named = files.filter_map(|entry| {
            let blob = &entry["object"];
            let whole = blob["isTruncated"] != true;
            let text = blob["text"].as_str().filter(|_| whole).map(str::to_owned);
            Some((entry["name"].as_str()?.to_owned(), text))
        });
        Ok(Some(named.collect()))
    }
}
