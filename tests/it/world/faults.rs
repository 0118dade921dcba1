//! What goes wrong, and when: a plan that must be used up by the end of the test.

use std::fmt;
use std::time::Duration;

use serde_json::json;

use super::github::GitHub;
use super::reply::Reply;
use super::requests::Request;

const BAD_GATEWAY: &str =
    "<html><head><title>502 Bad Gateway</title></head><body><h1>502 Bad Gateway</h1></body></html>";
const SECONDARY: &str = "You have exceeded a secondary rate limit. Please wait a few minutes before you try again. \
     If you reach out to GitHub Support for help, please include the request ID.";
const EXHAUSTED: &str = "API rate limit exceeded for installation ID 1.";

/// What goes wrong with one request.
#[derive(Debug, Clone)]
pub(crate) enum Fault {
    /// 502 with a page of HTML; nothing was done.
    BadGateway,
    /// 502 with a page of HTML; it was done all the same.
    BadGatewayAfter,
    /// The connection breaks before anything was done.
    Dropped,
    /// The connection breaks; it was done all the same.
    DroppedAfter,
    /// Half of the JSON; it was done.
    Truncated,
    /// The answer takes its time; it is done at once.
    Slow(Duration),
    /// 403 for a burst, with seconds to wait where GitHub says how long.
    Secondary(Option<u64>),
    /// 429, with seconds to wait where GitHub says how long.
    TooMany(Option<u64>),
    /// The hour is used up and begins again in so many seconds: 403, and 200 with an error from GraphQL.
    Exhausted(u64),
    /// Status 200, no data, one error of this type; no type where it is empty.
    Graph(&'static str, &'static str),
    /// Branches look as they did before their last change.
    Stale,
}

/// Which requests a fault or a hook is for: the first that fits, unless told otherwise.
#[derive(Debug, Clone)]
pub(crate) struct On {
    which: Which,
    skip: usize,
    times: usize,
    every: usize,
}

#[derive(Debug, Clone)]
enum Which {
    Any,
    Number(usize),
    Operation(String),
    Rest(String, String),
    Mutations,
}

impl On {
    fn new(which: Which) -> Self {
        let (skip, times, every) = (0, 1, 1);
        Self {
            which,
            skip,
            times,
            every,
        }
    }

    pub(crate) fn any() -> Self {
        Self::new(Which::Any)
    }

    /// The request of this number; the first one is 1.
    pub(crate) fn request(number: usize) -> Self {
        Self::new(Which::Number(number))
    }

    /// A GraphQL operation, such as `State`.
    pub(crate) fn operation(name: &str) -> Self {
        Self::new(Which::Operation(name.to_owned()))
    }

    /// A REST call whose path, after the repository, begins like this, such as `POST`, `git/refs`.
    pub(crate) fn rest(method: &str, path: &str) -> Self {
        Self::new(Which::Rest(method.to_owned(), path.to_owned()))
    }

    /// Whatever writes.
    pub(crate) fn mutations() -> Self {
        Self::new(Which::Mutations)
    }

    /// Lets the first ones pass.
    pub(crate) fn skip(mut self, count: usize) -> Self {
        self.skip = count;
        self
    }

    pub(crate) fn times(mut self, count: usize) -> Self {
        self.times = count;
        self
    }

    /// The first of each so many, as long as there are any.
    pub(crate) fn each(mut self, every: usize) -> Self {
        self.every = every;
        self.times = usize::MAX;
        self
    }

    fn fits(&self, request: &Request) -> bool {
        match &self.which {
            Which::Any => true,
            Which::Number(number) => request.number == *number,
            Which::Operation(name) => request.operation.as_ref() == Some(name),
            Which::Rest(method, path) => {
                let after = request.path.splitn(5, '/').nth(4);
                request.operation.is_none()
                    && request.method == *method
                    && after.is_some_and(|after| after.starts_with(path.as_str()))
            }
            Which::Mutations => request.writes,
        }
    }
}

type Hook = Box<dyn FnMut(&mut GitHub) + Send>;

struct Entry {
    on: On,
    fault: Option<Fault>,
    hook: Option<Hook>,
    fired: usize,
}

/// Everything that is to go wrong.
#[derive(Default)]
pub(crate) struct Plan(Vec<Entry>);

impl fmt::Debug for Plan {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list()
            .entries(self.0.iter().map(|e| &e.on))
            .finish()
    }
}

impl Plan {
    pub(crate) fn fault(&mut self, on: On, fault: Fault) {
        self.add(on, Some(fault), None);
    }

    pub(crate) fn hook(&mut self, on: On, hook: Hook) {
        self.add(on, None, Some(hook));
    }

    fn add(&mut self, on: On, fault: Option<Fault>, hook: Option<Hook>) {
        let fired = 0;
        self.0.push(Entry {
            on,
            fault,
            hook,
            fired,
        });
    }

    /// Runs the hooks for a request and returns its faults.
    pub(crate) fn strike(&mut self, request: &Request, github: &mut GitHub) -> Vec<Fault> {
        let mut found = Vec::new();
        for entry in &mut self.0 {
            if entry.on.times == 0 || !entry.on.fits(request) {
                continue;
            }
            if entry.on.skip > 0 {
                entry.on.skip -= 1;
                continue;
            }
            if entry.on.times < usize::MAX {
                entry.on.times -= 1;
            }
            entry.on.skip = entry.on.every - 1;
            entry.fired += 1;
            if let Some(hook) = &mut entry.hook {
                hook(github);
            }
            found.extend(entry.fault.clone());
        }
        found
    }

    /// What was planned and never happened.
    pub(crate) fn unused(&self) -> Vec<String> {
        let goes_on = |entry: &&Entry| entry.on.times == usize::MAX && entry.fired > 0;
        let left = self.0.iter().filter(|entry| entry.on.times > 0);
        let left = left.filter(|entry| !goes_on(entry));
        left.map(|entry| {
            let what = entry
                .fault
                .as_ref()
                .map_or("a hook".to_owned(), |fault| format!("{fault:?}"));
            let (fired, on) = (entry.fired, &entry.on);
            format!("{what} was planned for {on:?} and happened {fired} times")
        })
        .collect()
    }
}

impl Fault {
    pub(crate) fn is_stale(&self) -> bool {
        matches!(self, Self::Stale)
    }

    /// The answer where nothing is done; none where the request goes its way.
    pub(crate) fn before(&self, request: &Request) -> Option<Reply> {
        let retry = |reply: Reply, after: &Option<u64>| match after {
            Some(seconds) => reply.header("retry-after", seconds.to_string()),
            None => reply,
        };
        Some(match self {
            Self::BadGateway => Reply::html(502, BAD_GATEWAY),
            Self::Dropped => Reply {
                lost: true,
                ..Reply::html(0, "")
            },
            Self::Secondary(after) => retry(Reply::refusal(403, SECONDARY), after),
            Self::TooMany(after) => retry(Reply::refusal(429, SECONDARY), after),
            Self::Exhausted(_) => exhausted(request.operation.is_some()),
            Self::Graph(kind, message) => {
                let mut error = json!({ "message": message });
                if !kind.is_empty() {
                    error["type"] = json!(kind);
                }
                Reply::json(200, &json!({ "data": null, "errors": [error] }))
            }
            Self::BadGatewayAfter
            | Self::DroppedAfter
            | Self::Truncated
            | Self::Slow(_)
            | Self::Stale => return None,
        })
    }

    /// What becomes of the answer.
    pub(crate) fn after(&self, mut reply: Reply) -> Reply {
        match self {
            Self::BadGatewayAfter => Reply::html(502, BAD_GATEWAY),
            Self::DroppedAfter => {
                reply.lost = true;
                reply
            }
            Self::Truncated => {
                let half = reply.body.chars().count() / 2;
                reply.body = reply.body.chars().take(half).collect();
                reply
            }
            Self::Slow(delay) => {
                reply.delay = Some(*delay);
                reply
            }
            Self::BadGateway
            | Self::Dropped
            | Self::Secondary(_)
            | Self::TooMany(_)
            | Self::Exhausted(_)
            | Self::Graph(..)
            | Self::Stale => reply,
        }
    }

    /// Seconds until the hour begins again.
    pub(crate) fn reset_in(&self) -> Option<u64> {
        if let Self::Exhausted(seconds) = self {
            return Some(*seconds);
        }
        None
    }
}

/// An hour that is used up.
pub(crate) fn exhausted(is_graph: bool) -> Reply {
    if is_graph {
        let error = json!({ "type": "RATE_LIMITED", "message": EXHAUSTED });
        return Reply::json(200, &json!({ "errors": [error] }));
    }
    Reply::refusal(403, EXHAUSTED)
}
