//! GraphQL over the state: an answer to any document made of fields that the world knows.

mod lists;
mod mutations;
mod objects;
mod parse;
mod records;

use serde_json::{Map, Value, json};

use super::github::GitHub;
use parse::Selection;
pub(crate) use parse::{Document, parse};

/// A value before its fields are selected.
#[derive(Debug, Clone)]
enum Thing {
    Leaf(Value),
    List(Vec<Thing>),
    Object(Object),
    /// A list that must be asked for in pages.
    Connection(&'static str, Vec<Thing>),
}

impl Thing {
    const NULL: Self = Self::Leaf(Value::Null);

    fn leaf(value: impl Into<Value>) -> Self {
        Self::Leaf(value.into())
    }
}

/// An object of a type.
#[derive(Debug, Clone)]
enum Object {
    Query,
    Mutation,
    Repository,
    Ref {
        name: String,
        oid: String,
    },
    Commit(String),
    Tree {
        commit: String,
        path: String,
    },
    Record {
        kind: &'static str,
        fields: Vec<(&'static str, Thing)>,
    },
}

impl Object {
    fn kind(&self) -> &'static str {
        match self {
            Self::Query => "Query",
            Self::Mutation => "Mutation",
            Self::Repository => "Repository",
            Self::Ref { .. } => "Ref",
            Self::Commit(_) => "Commit",
            Self::Tree { .. } => "Tree",
            Self::Record { kind, .. } => kind,
        }
    }
}

/// Why a field has no value.
#[derive(Debug)]
struct Refusal {
    kind: &'static str,
    message: String,
}

impl Refusal {
    fn new(kind: &'static str, message: impl Into<String>) -> Self {
        let message = message.into();
        Self { kind, message }
    }

    fn forbidden() -> Self {
        Self::new("FORBIDDEN", "Resource not accessible by integration")
    }
}

/// A value that may not be null is: its parent is null too.
struct Bubble;

type Args = Map<String, Value>;

/// What the world answers.
pub(crate) struct Answered {
    pub(crate) body: Value,
    /// Fields that the world does not know.
    pub(crate) unknown: Vec<String>,
}

/// One request.
struct Call<'w> {
    github: &'w mut GitHub,
    document: &'w Document,
    stale: bool,
    errors: Vec<Value>,
    unknown: Vec<String>,
    /// What an older server says to the document.
    too_new: Vec<Value>,
}

/// Carries out a document; a stale one sees refs as they were before their last change.
pub(crate) fn execute(github: &mut GitHub, document: &Document, stale: bool) -> Answered {
    let root = if document.is_mutation {
        Object::Mutation
    } else {
        Object::Query
    };
    // A server looks at the whole document before it does anything.
    if !github.graph_lacks.is_empty() {
        let mut rehearsal = github.clone();
        let mut call = Call::new(&mut rehearsal, document, stale);
        let _ = call.select(&root, &document.selections, &[]);
        if !call.too_new.is_empty() {
            return Answered {
                body: json!({ "errors": call.too_new }),
                unknown: Vec::new(),
            };
        }
    }
    let mut call = Call::new(github, document, stale);
    let data = call.select(&root, &document.selections, &[]);
    let mut body = json!({ "data": data.unwrap_or(Value::Null) });
    if !call.errors.is_empty() {
        body["errors"] = Value::Array(call.errors);
    }
    Answered {
        body,
        unknown: call.unknown,
    }
}

impl<'w> Call<'w> {
    fn new(github: &'w mut GitHub, document: &'w Document, stale: bool) -> Self {
        Self {
            github,
            document,
            stale,
            errors: Vec::new(),
            unknown: Vec::new(),
            too_new: Vec::new(),
        }
    }
}

impl Call<'_> {
    /// Whether this server is too old for a field or, without one, a type; it says so.
    fn lacks(&mut self, kind: &str, field: &str, place: usize) -> bool {
        let name = if field.is_empty() {
            kind.to_owned()
        } else {
            format!("{kind}.{field}")
        };
        let lacks = self.github.graph_lacks.contains(&name);
        if lacks && field.is_empty() {
            self.too_new.push(json!({
                "message": format!("No such type {kind}, so it can't be a fragment condition"),
                "locations": [{ "line": 1, "column": 1 }],
                "extensions": { "code": "undefinedType", "typeName": kind },
            }));
        } else if lacks {
            self.too_new.push(json!({
                "message": format!("Field '{field}' doesn't exist on type '{kind}'"),
                "locations": [{ "line": 1, "column": place + 1 }],
                "extensions": { "code": "undefinedField", "typeName": kind, "fieldName": field },
            }));
        }
        self.github.graph_asked.insert(name);
        lacks
    }

    fn select(
        &mut self,
        object: &Object,
        selections: &[Selection],
        path: &[Value],
    ) -> Result<Value, Bubble> {
        let mut found = Value::Object(Map::new());
        for selection in selections {
            match selection {
                Selection::Field {
                    key,
                    name,
                    args,
                    inner,
                    place,
                } => {
                    if self.lacks(object.kind(), name, *place) {
                        continue;
                    }
                    let mut path = path.to_vec();
                    path.push(json!(key));
                    let value = self.field_value(object, name, args, inner, &path)?;
                    merge(&mut found[key], value);
                }
                Selection::Inline { on, inner } => {
                    if on.as_deref().is_some_and(|on| self.lacks(on, "", 0)) {
                        continue;
                    }
                    if on.as_deref().is_none_or(|on| is_a(object.kind(), on)) {
                        merge(&mut found, self.select(object, inner, path)?);
                    }
                }
                Selection::Spread(name) => {
                    let Some((on, inner)) = self.document.fragments.get(name) else {
                        self.unknown.push(format!("fragment {name}"));
                        continue;
                    };
                    if is_a(object.kind(), on) {
                        merge(&mut found, self.select(object, inner, path)?);
                    }
                }
            }
        }
        Ok(found)
    }

    fn field_value(
        &mut self,
        object: &Object,
        name: &str,
        args: &Args,
        inner: &[Selection],
        path: &[Value],
    ) -> Result<Value, Bubble> {
        if name == "__typename" {
            return Ok(json!(object.kind()));
        }
        let solid = self.github.strict_nulls && never_null(object.kind(), name);
        let resolved = self.field(object, name, args);
        let completed = match resolved {
            Ok(thing) => self.complete(thing, name, args, inner, path),
            Err(refusal) => {
                self.errors.push(json!({
                    "type": refusal.kind,
                    "path": path,
                    "locations": [{ "line": 1, "column": 1 }],
                    "message": refusal.message,
                }));
                Err(Bubble)
            }
        };
        match completed {
            Err(Bubble) if !solid => Ok(Value::Null),
            other => other,
        }
    }

    fn complete(
        &mut self,
        thing: Thing,
        name: &str,
        args: &Args,
        inner: &[Selection],
        path: &[Value],
    ) -> Result<Value, Bubble> {
        match thing {
            Thing::Leaf(value) => {
                if !inner.is_empty() && !value.is_null() {
                    self.unknown.push(format!("selections on `{name}`"));
                }
                Ok(value)
            }
            Thing::List(list) => {
                let mut found = Vec::new();
                for (n, item) in list.into_iter().enumerate() {
                    let mut path = path.to_vec();
                    path.push(json!(n));
                    let item = self.complete(item, name, args, inner, &path);
                    found.push(item.unwrap_or(Value::Null));
                }
                Ok(Value::Array(found))
            }
            Thing::Object(object) => {
                if inner.is_empty() {
                    self.unknown.push(format!("`{name}` without selections"));
                }
                self.select(&object, inner, path)
            }
            Thing::Connection(kind, rows) => match page(kind, name, rows, args) {
                Ok(object) => self.select(&object, inner, path),
                Err(refusal) => {
                    self.unknown.push(refusal);
                    Err(Bubble)
                }
            },
        }
    }

    fn need(&self, scope: &str, level: &str) -> Result<(), Refusal> {
        if self.github.permits(scope, level) {
            return Ok(());
        }
        Err(Refusal::forbidden())
    }
}

/// The part of a connection that was asked for.
fn page(kind: &'static str, name: &str, rows: Vec<Thing>, args: &Args) -> Result<Object, String> {
    let total = rows.len();
    let number = |arg: &str| {
        let value = args.get(arg).and_then(Value::as_u64);
        value.map(|n| usize::try_from(n).unwrap_or(usize::MAX))
    };
    let (first, last) = (number("first"), number("last"));
    match first.or(last) {
        None => return Err(format!("`{name}` without `first` or `last`")),
        Some(n) if n > 100 => return Err(format!("{n} records of `{name}`: 100 are allowed")),
        Some(_) => {}
    }
    // A cursor says how many rows stood from its own to the end, so new ones in front move nothing.
    let from_end = |cursor: &str| cursor.strip_prefix("cursor:")?.parse::<usize>().ok();
    let after = args.get("after").and_then(Value::as_str);
    let start = match after {
        None => 0,
        Some(cursor) => {
            let rest = from_end(cursor).filter(|rest| *rest <= total);
            total - rest.ok_or_else(|| format!("`{cursor}` is no cursor of `{name}`"))?
        }
    };
    let end = first.map_or(total, |n| total.min(start + n));
    let start = last.map_or(start, |n| start.max(end.saturating_sub(n)));
    let nodes: Vec<Thing> = rows.into_iter().skip(start).take(end - start).collect();
    let info = vec![
        ("hasNextPage", Thing::leaf(end < total)),
        ("hasPreviousPage", Thing::leaf(start > 0)),
        ("endCursor", Thing::leaf(format!("cursor:{}", total - end))),
    ];
    Ok(Object::Record {
        kind,
        fields: vec![
            ("totalCount", Thing::leaf(total)),
            ("nodes", Thing::List(nodes)),
            (
                "pageInfo",
                Thing::Object(Object::Record {
                    kind: "PageInfo",
                    fields: info,
                }),
            ),
        ],
    })
}

fn is_a(kind: &str, on: &str) -> bool {
    let group = match on {
        "GitObject" => &["Commit", "Tree", "Blob"][..],
        "Actor" => &["User", "Bot"],
        "Node" => &["Deployment", "PullRequest", "IssueComment", "Repository"],
        _ => &[],
    };
    kind == on || group.contains(&kind)
}

/// Fields that GitHub's schema marks with `!` and that can be refused.
fn never_null(kind: &str, field: &str) -> bool {
    matches!(
        (kind, field),
        ("Repository", "deployments" | "issues" | "pullRequests")
            | ("PullRequest", "comments" | "commits" | "timelineItems")
            | ("PullRequestCommit", "commit")
    )
}

/// The same object asked for twice is one.
fn merge(into: &mut Value, value: Value) {
    match (into, value) {
        (Value::Object(into), Value::Object(fields)) => {
            for (key, value) in fields {
                merge(into.entry(key).or_insert(Value::Null), value);
            }
        }
        (Value::Array(into), Value::Array(items)) if into.len() == items.len() => {
            for (into, item) in into.iter_mut().zip(items) {
                merge(into, item);
            }
        }
        (into, value) => *into = value,
    }
}
