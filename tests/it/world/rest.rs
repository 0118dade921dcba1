//! The REST routes: comparisons, commits and the Git database.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};

use super::git::{Blob, Commit, Files, tree_id};
use super::github::{GitHub, iso};
use super::reply::Reply;
use super::{environments, probe};

/// Base64 on GitHub comes in lines of this length.
const LINE: usize = 60;

/// One call, its path without base and query.
pub(crate) struct Ask<'a> {
    pub(crate) method: &'a str,
    pub(crate) path: &'a str,
    pub(crate) query: Vec<(String, String)>,
    pub(crate) body: Value,
}

/// The answer; none where the world does not know the route.
pub(crate) fn answer(github: &mut GitHub, ask: &Ask<'_>) -> Option<Reply> {
    if let Some(reply) = probe::answer(github, ask) {
        return Some(reply);
    }
    let prefix = format!("/repos/{}/", github.slug());
    if !ask.path.starts_with("/repos/") {
        return None;
    }
    let Some(route) = ask.path.strip_prefix(&prefix) else {
        return Some(Reply::refusal(404, "Not Found"));
    };
    if let Some(reply) = environments::answer(github, route, ask) {
        return Some(reply);
    }
    if let ("GET", Some(rest)) = (ask.method, route.strip_prefix("actions/")) {
        return super::runs::answer(github, rest, ask);
    }
    let (level, reply): (_, fn(&mut GitHub, &str, &Ask<'_>) -> Reply) =
        match (ask.method, route.split_once('/')?) {
            ("GET", ("compare", _)) => ("read", compare),
            ("GET", ("commits", sha)) if !sha.contains('/') => ("read", commit),
            ("GET", ("git", rest)) if rest.starts_with("blobs/") => ("read", blob),
            ("POST", ("git", "trees")) => ("write", create_tree),
            ("POST", ("git", "commits")) => ("write", create_commit),
            ("POST", ("git", "refs")) => ("write", create_ref),
            _ => return None,
        };
    if !github.permits("contents", level) {
        let refusal = Reply::refusal(403, "Resource not accessible by integration");
        let needed = format!("contents={level}");
        return Some(refusal.header("x-accepted-github-permissions", needed));
    }
    // The Git database of a repository without commits is closed.
    if level == "write" && github.git.is_empty() {
        return Some(Reply::refusal(409, "Git Repository is empty."));
    }
    let tail = route.rsplit('/').next().unwrap_or_default();
    Some(reply(github, tail, ask))
}

pub(super) fn number(ask: &Ask<'_>, name: &str) -> Option<usize> {
    let mut found = ask.query.iter().filter(|(key, _)| key == name);
    found.next()?.1.parse().ok()
}

fn compare(github: &mut GitHub, tail: &str, ask: &Ask<'_>) -> Reply {
    let found = tail.split_once("...").and_then(|(base, head)| {
        let pair = (github.git.resolve(base)?, github.git.resolve(head)?);
        Some((pair.0, &pair.1.sha))
    });
    let Some((base, head)) = found else {
        return Reply::refusal(404, "Not Found");
    };
    let Some(found) = github.git.between(&base.sha, head) else {
        return Reply::refusal(404, &format!("No common ancestor between {tail}."));
    };
    let total = found.ahead.len();
    let paged = number(ask, "per_page").is_some() || number(ask, "page").is_some();
    let (skip, take) = if paged {
        let size = number(ask, "per_page").unwrap_or(30).clamp(1, 100);
        (size * (number(ask, "page").unwrap_or(1).max(1) - 1), size)
    } else {
        // Without pages GitHub gives the newest 250.
        (total.saturating_sub(250), 250)
    };
    let commits = found.ahead.iter().skip(skip).take(take);
    let commits: Vec<Value> = commits.map(|commit| shown(commit)).collect();
    let body = json!({
        "status": found.status,
        "ahead_by": total,
        "behind_by": found.behind,
        "total_commits": total,
        "base_commit": shown(base),
        "merge_base_commit": shown(found.merge_base),
        "commits": commits,
        "files": [],
    });
    Reply::json(200, &body)
}

fn commit(github: &mut GitHub, tail: &str, _: &Ask<'_>) -> Reply {
    match github.git.resolve(tail) {
        Some(commit) => Reply::json(200, &shown(commit)),
        None => Reply::refusal(422, &format!("No commit found for SHA: {tail}")),
    }
}

/// A commit as REST gives it.
fn shown(commit: &Commit) -> Value {
    let login = &commit.author.0;
    let kind = if commit.author.is_bot() {
        "Bot"
    } else {
        "User"
    };
    let actor = json!({ "login": login, "type": kind });
    let person =
        |at| json!({ "name": login, "email": format!("{login}@example.com"), "date": iso(at) });
    let parents: Vec<Value> = commit.parents.iter().map(|p| json!({ "sha": p })).collect();
    json!({
        "sha": commit.sha,
        "author": actor,
        "committer": actor,
        "parents": parents,
        "commit": {
            "message": commit.message,
            "author": person(commit.authored_at),
            "committer": person(commit.committed_at),
            "tree": { "sha": tree_id(&commit.files) },
        },
    })
}

fn blob(github: &mut GitHub, tail: &str, _: &Ask<'_>) -> Reply {
    let Some(blob) = github.git.blob(tail) else {
        return Reply::refusal(404, "Not Found");
    };
    let packed = STANDARD.encode(&blob.bytes);
    let lines = packed.as_bytes().chunks(LINE).map(String::from_utf8_lossy);
    let content: String = lines.flat_map(|line| [line, "\n".into()]).collect();
    let body = json!({ "sha": blob.oid, "size": blob.bytes.len(), "encoding": "base64",
        "content": content });
    Reply::json(200, &body)
}

fn create_tree(github: &mut GitHub, _: &str, ask: &Ask<'_>) -> Reply {
    let mut files = Files::new();
    for entry in ask.body["tree"].as_array().into_iter().flatten() {
        let (Some(path), Some(content)) = (entry["path"].as_str(), entry["content"].as_str())
        else {
            return Reply::refusal(
                422,
                "Invalid request.\n\nA tree entry needs path and content.",
            );
        };
        if entry["mode"] != "100644" {
            return Reply::refusal(422, "Must supply a valid tree.mode");
        }
        files.insert(path.to_owned(), Blob::new(content.as_bytes()));
    }
    if files.is_empty() {
        return Reply::refusal(422, "Invalid tree info");
    }
    let sha = github.git.add_tree(files);
    Reply::json(201, &json!({ "sha": sha, "truncated": false }))
}

fn create_commit(github: &mut GitHub, _: &str, ask: &Ask<'_>) -> Reply {
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let Some(files) = github.git.tree(&text(&ask.body["tree"])).cloned() else {
        return Reply::refusal(422, "Tree SHA does not exist");
    };
    let parents = ask.body["parents"].as_array().into_iter().flatten();
    let parents: Vec<String> = parents.map(text).collect();
    if parents.iter().any(|sha| github.git.commit(sha).is_none()) {
        return Reply::refusal(422, "Parent SHA does not exist or is not a commit object");
    }
    let sha = github.write_commit(parents, files, &text(&ask.body["message"]));
    Reply::json(201, &json!({ "sha": sha }))
}

fn create_ref(github: &mut GitHub, _: &str, ask: &Ask<'_>) -> Reply {
    let text = |name: &str| ask.body[name].as_str().unwrap_or_default().to_owned();
    let (full, sha) = (text("ref"), text("sha"));
    if !full.starts_with("refs/heads/") {
        return Reply::refusal(
            422,
            "Reference name must start with 'refs/' and contain at least two slashes.",
        );
    }
    if github.git.commit(&sha).is_none() {
        return Reply::refusal(422, "Object does not exist");
    }
    if github.git.head(&full, false).is_some() {
        return Reply::refusal(422, "Reference already exists");
    }
    if github
        .ruled
        .contains(full.trim_start_matches("refs/heads/"))
    {
        return Reply::refusal(
            422,
            "Repository rule violations found\n\nCannot create ref due to creations being restricted.\n\n",
        );
    }
    github.git.point(&full, Some(sha.clone()));
    Reply::json(
        201,
        &json!({ "ref": full, "object": { "type": "commit", "sha": sha } }),
    )
}
