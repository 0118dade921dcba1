//! The past of a branch, and how it is let go: one commit without a parent takes the place of all, with the same tree.

use serde_json::json;

use super::{Budget, Client, GitHubError};

const PAST: &str = "query Past($owner: String!, $name: String!, $branch: String!) { \
    rateLimit { cost remaining resetAt } repository(owner: $owner, name: $name) { id \
    ref(qualifiedName: $branch) { target { oid ... on Commit { tree { oid } history(first: 1) { totalCount } } } } } }";
const MOVE: &str = "mutation Move($input: UpdateRefsInput!) { \
    updateRefs(input: $input) { clientMutationId } }";

/// A branch and the commits behind it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Past {
    /// The commit that the branch stands on.
    pub head: String,
    /// The tree of that commit.
    pub tree: String,
    /// Commits that can be reached from it, itself among them.
    pub commits: u64,
    repository: String,
}

impl Client {
    /// The past of a branch; `None` where there is no such branch.
    ///
    /// # Errors
    /// When GitHub gave nothing.
    pub async fn past_of(
        &self,
        branch: &str,
        budget: &Budget,
    ) -> Result<Option<Past>, GitHubError> {
        let (owner, name) = self.owner_and_name();
        let branch = format!("refs/heads/{branch}");
        let variables = json!({ "owner": owner, "name": name, "branch": branch });
        let answer = self.query(PAST, &variables, budget).await?;
        if let Some(error) = answer.first_error() {
            return Err(error.clone());
        }
        let repository = &answer.data["repository"];
        if repository["ref"].is_null() {
            return Ok(None);
        }
        let target = &repository["ref"]["target"];
        let text = |value: &serde_json::Value| value.as_str().map(str::to_owned);
        let past = (|| {
            Some(Past {
                head: text(&target["oid"])?,
                tree: text(&target["tree"]["oid"])?,
                commits: target["history"]["totalCount"].as_u64()?,
                repository: text(&repository["id"])?,
            })
        })();
        let message = "the branch has no commit".to_owned();
        past.map(Some).ok_or(GitHubError::BadAnswer { message })
    }

    /// Puts one commit without a parent in the place of all, where the branch still stands on the head that was read.
    /// Two writes, each sent once. Returns the new head.
    ///
    /// # Errors
    /// [`GitHubError::Stale`] when somebody has written meanwhile: nothing of theirs is touched.
    /// [`GitHubError::Ambiguous`] when an answer was lost. In both cases read again.
    pub async fn let_go(
        &self,
        branch: &str,
        past: &Past,
        headline: &str,
        budget: &Budget,
    ) -> Result<String, GitHubError> {
        let body = json!({ "message": headline, "tree": past.tree, "parents": [] });
        let commit = self.create("git/commits", &body, budget).await?;
        let input = json!({
            "repositoryId": past.repository,
            "refUpdates": [{
                "name": format!("refs/heads/{branch}"),
                "beforeOid": past.head,
                "afterOid": commit,
                "force": true,
            }],
        });
        let moved = self.mutate(MOVE, &json!({ "input": input }), budget).await;
        let error = match moved {
            Ok(answer) => answer.first_error().cloned().map(GitHubError::after_write),
            Err(error) => Some(error),
        };
        let Some(error) = error else {
            return Ok(commit);
        };
        // How GitHub words a head that has moved is not documented: the branch itself tells.
        match self.past_of(branch, budget).await {
            Ok(Some(now)) if now.head == commit => Ok(commit),
            Ok(Some(now)) if now.head == past.head => Err(error),
            Ok(_) => Err(GitHubError::Stale),
            Err(_) => Err(error),
        }
    }
}
