//! What the doctor asks beside the state: the limits, and one entry of each list.

use serde_json::{Value, json};

use super::github::GitHub;
use super::reply::Reply;
use super::rest::Ask;

/// The answer; none where something else answers the route.
pub(super) fn answer(github: &GitHub, ask: &Ask<'_>) -> Option<Reply> {
    if ask.method != "GET" {
        return None;
    }
    if ask.path == "/rate_limit" {
        return Some(github.rate.map_or_else(
            || Reply::refusal(404, "Rate limiting is not enabled."),
            |rate| {
                let core = json!({ "limit": rate.limit, "remaining": rate.rest,
                    "reset": github.now.timestamp() + 1_800 });
                Reply::json(200, &json!({ "resources": { "core": core } }))
            },
        ));
    }
    let list = ask
        .path
        .strip_prefix(&format!("/repos/{}/", github.slug()))?;
    let (scope, numbers): (_, Vec<u64>) = match list {
        "pulls" => ("pull-requests", github.pulls.keys().copied().collect()),
        "issues" => ("issues", github.issues.keys().copied().collect()),
        _ => return None,
    };
    if !github.permits(scope, "read") {
        let refusal = Reply::refusal(403, "Resource not accessible by integration");
        let needed = format!("{}=read", scope.replace('-', "_"));
        return Some(refusal.header("x-accepted-github-permissions", needed));
    }
    let numbers = numbers.into_iter().take(1);
    let rows: Vec<Value> = numbers.map(|number| json!({ "number": number })).collect();
    Some(Reply::json(200, &json!(rows)))
}
