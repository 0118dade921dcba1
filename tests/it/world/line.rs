//! The same world without a wire: requests and answers in memory, so that time can be virtual.

use std::io::{Error, ErrorKind};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use fivekeys::github::{Client, Token};
use http_body_util::{BodyExt as _, Full};
use octocrab::{AuthState, OctoBody, Octocrab, OctocrabBuilder};
use tokio::time::{Instant, sleep};

use super::World;

/// How long a request takes on its way there, and its answer on the way back.
pub(crate) type Latency = Box<dyn FnMut(&str) -> (Duration, Duration) + Send>;

/// What was sent and when.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Sent {
    pub(crate) at: Instant,
    /// Commits, branches and comments that it asked for.
    pub(crate) creates: usize,
}

/// A connection to the world. It belongs to the runtime it was made in.
#[derive(Clone)]
pub(crate) struct Line {
    octo: Octocrab,
    sent: Arc<Mutex<Vec<Sent>>>,
    token: String,
    repository: String,
}

impl World {
    /// A connection in memory; `latency` is told what is asked.
    pub(crate) fn line(&self, latency: Latency) -> Line {
        let (state, latency) = (Arc::clone(&self.state), Arc::new(Mutex::new(latency)));
        let sent = Arc::new(Mutex::new(Vec::new()));
        let log = Arc::clone(&sent);
        let service = tower::service_fn(move |request: http::Request<OctoBody>| {
            let (state, latency) = (Arc::clone(&state), Arc::clone(&latency));
            let log = Arc::clone(&log);
            async move {
                let (parts, body) = request.into_parts();
                let body: Vec<u8> = body.collect().await.map_err(lost)?.to_bytes().into();
                let text = String::from_utf8_lossy(&body).into_owned();
                let at = Instant::now();
                let creates = creates(&parts, &text);
                hold(&log).push(Sent { at, creates });
                let mut asked = wiremock::Request {
                    url: format!("http://world{}", parts.uri).parse().map_err(lost)?,
                    method: parts.method,
                    headers: parts.headers,
                    body,
                };
                // What goes through octocrab's own client has one.
                let agent = http::HeaderValue::from_static("octocrab");
                asked.headers.insert("user-agent", agent);
                let (there, back) = hold(&latency)(&text);
                sleep(there).await;
                let reply = hold(&state).handle(&asked);
                sleep(back + reply.delay.unwrap_or_default()).await;
                if reply.lost {
                    return Err(Error::from(ErrorKind::ConnectionReset));
                }
                let mut response = http::Response::builder().status(reply.status);
                for (name, value) in &reply.headers {
                    response = response.header(*name, value);
                }
                response.body(Full::from(reply.body)).map_err(lost)
            }
        });
        let github = self.github();
        let (token, repository) = (github.token.clone(), github.slug());
        drop(github);
        let auth = AuthState::AccessToken {
            token: token.clone().into(),
        };
        let octo = OctocrabBuilder::new_empty().with_service(service);
        let Ok(octo) = octo.with_auth(auth).build();
        Line {
            octo,
            sent,
            token,
            repository,
        }
    }
}

impl Line {
    /// The client of one run.
    pub(crate) fn client(&self, run: u64) -> Client {
        let token = Token::new(&self.token);
        let client = Client::over(self.octo.clone(), token, &self.repository).unwrap();
        client.seeded(run)
    }

    /// Everything that was sent, in order.
    pub(crate) fn sent(&self) -> Vec<Sent> {
        hold(&self.sent).clone()
    }
}

fn hold<T>(shared: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    shared.lock().unwrap_or_else(PoisonError::into_inner)
}

fn lost(error: impl std::error::Error + Send + Sync + 'static) -> Error {
    Error::other(error)
}

/// What GitHub's limit of content-creating requests counts.
fn creates(parts: &http::request::Parts, body: &str) -> usize {
    let made = [
        "createCommitOnBranch(",
        "addComment(",
        "updateIssueComment(",
    ];
    let rest = ["git/commits", "git/refs"];
    let path = parts.uri.path();
    let by_rest = parts.method == http::Method::POST && rest.iter().any(|end| path.ends_with(end));
    made.iter()
        .map(|call| body.matches(call).count())
        .sum::<usize>()
        + usize::from(by_rest)
}
