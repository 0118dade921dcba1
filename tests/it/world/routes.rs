//! The wire: one request in, one answer out, with log, faults, limits and routes in between.

use std::any::Any;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, Mutex, PoisonError};

use serde_json::{Value, json};
use wiremock::{Match, Respond, ResponseTemplate};

use super::faults::{Fault, Plan, exhausted};
use super::github::{GitHub, Lack};
use super::graphql::{Document, execute, parse};
use super::reply::Reply;
use super::requests::{Request, Requests};
use super::rest::{self, Ask};

/// Everything behind the wire.
#[derive(Debug)]
pub(crate) struct State {
    pub(crate) github: GitHub,
    pub(crate) plan: Plan,
    pub(crate) requests: Requests,
    /// What nobody expected; a test fails for it.
    pub(crate) surprises: Vec<String>,
    /// Where REST begins, such as `/api/v3`; empty on github.com.
    pub(crate) rest_base: &'static str,
    pub(crate) graph_path: &'static str,
}

/// The door to the state for wiremock. It answers while it is asked whether it fits: wiremock asks one request at a
/// time, and an answer that is lost needs another kind of mock than one that arrives.
#[derive(Clone)]
pub(crate) struct Door {
    pub(crate) state: Arc<Mutex<State>>,
    ready: Arc<Mutex<Option<ResponseTemplate>>>,
}

impl Door {
    pub(crate) fn new(state: Arc<Mutex<State>>) -> Self {
        let ready = Arc::default();
        Self { state, ready }
    }
}

impl Match for Door {
    /// Whether the answer is lost.
    fn matches(&self, request: &wiremock::Request) -> bool {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        let reply = state.handle(request);
        let mut ready = self.ready.lock().unwrap_or_else(PoisonError::into_inner);
        *ready = (!reply.lost).then(|| reply.template());
        reply.lost
    }
}

impl Respond for Door {
    fn respond(&self, _: &wiremock::Request) -> ResponseTemplate {
        let mut ready = self.ready.lock().unwrap_or_else(PoisonError::into_inner);
        ready.take().unwrap_or_else(|| ResponseTemplate::new(500))
    }
}

fn words(panic: &(dyn Any + Send)) -> String {
    let text = panic.downcast_ref::<String>().cloned();
    let text = text.or_else(|| panic.downcast_ref::<&str>().map(|&text| text.to_owned()));
    text.unwrap_or_default()
}

impl State {
    fn surprise(&mut self, message: String) -> Reply {
        let reply = Reply::refusal(500, &message);
        self.surprises.push(message);
        reply
    }

    /// The answer to one request.
    pub(crate) fn handle(&mut self, wire: &wiremock::Request) -> Reply {
        let caught = catch_unwind(AssertUnwindSafe(|| self.answer(wire)));
        caught.unwrap_or_else(|panic| {
            let message = format!("the world itself fell: {}", words(&*panic));
            self.surprise(message)
        })
    }

    fn answer(&mut self, wire: &wiremock::Request) -> Reply {
        let method = wire.method.as_str().to_owned();
        let full = wire.url.path().to_owned();
        let body: Value = serde_json::from_slice(&wire.body).unwrap_or_default();
        let is_graph = full == self.graph_path && method == "POST";
        let document = is_graph.then(|| {
            let text = body["query"].as_str().unwrap_or_default();
            parse(text, &body["variables"])
        });
        let mut request = Request {
            number: self.requests.count() + 1,
            path: full
                .strip_prefix(self.rest_base)
                .unwrap_or(&full)
                .to_owned(),
            operation: document.as_ref().map(|document| {
                document
                    .as_ref()
                    .map_or_else(|_| "(unreadable)".to_owned(), |one| one.name.clone())
            }),
            writes: match &document {
                Some(document) => document.as_ref().is_ok_and(|one| one.is_mutation),
                None => method != "GET",
            },
            method,
            status: 0,
        };
        let faults = self.plan.strike(&request, &mut self.github);
        let reply = self.judged(wire, &request, document, body, &faults);
        request.status = if reply.lost { 0 } else { reply.status };
        self.requests.0.push(request);
        reply
    }

    /// The token, the limits and the faults before and after the answer itself.
    fn judged(
        &mut self,
        wire: &wiremock::Request,
        request: &Request,
        document: Option<Result<Document, String>>,
        body: Value,
        faults: &[Fault],
    ) -> Reply {
        let is_graph = document.is_some();
        if let Some(reply) = faults.iter().find_map(|fault| fault.before(request)) {
            let reset = faults.iter().find_map(Fault::reset_in);
            return self.with_headers(reply, is_graph, reset);
        }
        let sent = wire.headers.get("authorization");
        let sent = sent.and_then(|value| value.to_str().ok());
        if sent != Some(&format!("Bearer {}", self.github.token)) {
            return self.with_headers(Reply::refusal(401, "Bad credentials"), is_graph, None);
        }
        if !wire.headers.contains_key("user-agent") {
            return self.surprise("a request without user-agent".to_owned());
        }
        if !self.spend(is_graph) {
            return self.with_headers(exhausted(is_graph), is_graph, None);
        }
        let stale = faults.iter().any(Fault::is_stale);
        let reply = match document {
            Some(document) => self.graph(document, stale),
            None => self.rest(wire, request, body),
        };
        let reply = self.with_headers(reply, is_graph, None);
        faults.iter().fold(reply, |reply, fault| fault.after(reply))
    }

    /// Takes one from what is left of the hour.
    fn spend(&mut self, is_graph: bool) -> bool {
        let Some(rate) = &mut self.github.rate else {
            return true;
        };
        let left = if is_graph {
            &mut rate.graph
        } else {
            &mut rate.rest
        };
        let enough = *left > 0;
        *left = left.saturating_sub(1);
        enough
    }

    fn with_headers(&self, reply: Reply, is_graph: bool, reset_in: Option<u64>) -> Reply {
        let now = self.github.now;
        let reply = reply.header("date", now.format("%a, %d %b %Y %H:%M:%S GMT").to_string());
        let Some(rate) = self.github.rate else {
            return reply;
        };
        let (resource, left) = if is_graph {
            ("graphql", rate.graph)
        } else {
            ("core", rate.rest)
        };
        let left = if reset_in.is_some() { 0 } else { left };
        let wait = reset_in.and_then(|seconds| i64::try_from(seconds).ok());
        let reset = now.timestamp() + wait.unwrap_or(1800);
        reply
            .header("x-ratelimit-limit", rate.limit.to_string())
            .header("x-ratelimit-remaining", left.to_string())
            .header(
                "x-ratelimit-used",
                rate.limit.saturating_sub(left).to_string(),
            )
            .header("x-ratelimit-reset", reset.to_string())
            .header("x-ratelimit-resource", resource)
    }

    fn graph(&mut self, document: Result<Document, String>, stale: bool) -> Reply {
        let document = match document {
            Ok(document) => document,
            Err(message) => {
                self.surprises
                    .push(format!("a GraphQL document: {message}"));
                return Reply::json(200, &json!({ "errors": [{ "message": message }] }));
            }
        };
        let answered = execute(&mut self.github, &document, stale);
        if answered.unknown.is_empty() {
            return Reply::json(200, &answered.body);
        }
        let fields = answered.unknown.join(", ");
        let name = &document.name;
        self.surprise(format!(
            "GraphQL operation `{name}`: the world does not know {fields}"
        ))
    }

    fn rest(&mut self, wire: &wiremock::Request, request: &Request, body: Value) -> Reply {
        let inside = wire.url.path().starts_with(self.rest_base);
        let ask = Ask {
            method: &request.method,
            path: &request.path,
            query: wire.url.query_pairs().into_owned().collect(),
            body,
        };
        if let Some((route, Lack::Route)) = &self.github.rest_lacks
            && request.path.contains(&format!("/{route}"))
        {
            return Reply::refusal(404, "Not Found");
        }
        let reply = inside.then(|| rest::answer(&mut self.github, &ask));
        if let Some(mut reply) = reply.flatten() {
            let mut body = serde_json::from_str(&reply.body).unwrap_or_default();
            older(&mut body, &mut self.github);
            reply.body = body.to_string();
            return reply;
        }
        let path = wire.url.path();
        self.surprise(format!("the world has no route {} {path}", request.method))
    }
}

/// Takes from an answer of REST what this server is too old for.
fn older(body: &mut Value, github: &mut GitHub) {
    match body {
        Value::Array(list) => list.iter_mut().for_each(|item| older(item, github)),
        Value::Object(fields) => {
            github.rest_keys.extend(fields.keys().cloned());
            match &github.rest_lacks {
                Some((key, Lack::Absent)) => drop(fields.remove(key)),
                Some((key, Lack::Null)) => {
                    if let Some(value) = fields.get_mut(key) {
                        *value = Value::Null;
                    }
                }
                Some((_, Lack::Route)) | None => {}
            }
            fields.values_mut().for_each(|value| older(value, github));
        }
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}
