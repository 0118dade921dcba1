//! The client: REST and GraphQL over octocrab, with our own policy of retries.

use std::collections::BTreeSet;
use std::error::Error;
use std::fmt;
use std::sync::atomic::{AtomicI64, AtomicU64, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use chrono::{DateTime, Utc};
use http_body_util::{BodyExt, LengthLimitError, Limited};
use octocrab::Octocrab;
use serde_json::{Value, json};

use super::answer::{Answer, MOST_BYTES};
use super::budget::delay;
use super::connect::{Proxies, ProxyFailed, connect, trust};
use super::error::one_line;
use super::graph::GraphAnswer;
use super::token::Token;
use super::{Budget, GitHubError, Server, older};
use crate::host::Host;

/// GitHub gives up on a request after ten seconds; an enterprise server may be slower.
const ONE_TRY: Duration = Duration::from_secs(30);
const UNKNOWN: u64 = u64::MAX;
const NO_TIME: i64 = i64::MIN;

/// One repository of one GitHub.
pub struct Client {
    rest: Octocrab,
    graph: Octocrab,
    graph_path: String,
    token: Token,
    owner: String,
    name: String,
    seed: u64,
    requests: AtomicU64,
    remaining: AtomicU64,
    /// Seconds since 1970 by the server's clock.
    server_time: AtomicI64,
    lacks: Mutex<BTreeSet<&'static str>>,
}

impl fmt::Debug for Client {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Client")
            .field("repository", &self.repository())
            .field("requests", &self.requests())
            .finish_non_exhaustive()
    }
}

impl Client {
    /// A client for `repository` (`owner/name`) on `server`. Must be called inside a tokio runtime.
    ///
    /// # Errors
    /// [`GitHubError::Setup`] when an address, the name or a proxy is none, or no certificate can be read;
    /// [`GitHubError::Unauthorized`] when the token is empty or cannot be sent.
    pub fn new(
        server: &Server,
        proxies: &Proxies,
        token: Token,
        repository: &str,
    ) -> Result<Self, GitHubError> {
        check(&token, repository)?;
        // `https://host/api/graphql`: octocrab joins base and path, so the last segment is the path.
        let graphql_url = server.graphql.trim_end_matches('/');
        let (base, last) = graphql_url.rsplit_once('/').unwrap_or((graphql_url, ""));
        let tls = trust()?;
        let rest = connect(&server.api, &token, proxies, &tls)?;
        let graph = connect(base, &token, proxies, &tls)?;
        let client = Self::over(rest, token, repository)?;
        Ok(Self {
            graph,
            graph_path: format!("/{last}"),
            ..client
        })
    }

    /// A client for `repository` whose requests all travel by this connection, with the paths of github.com. The
    /// connection may be anything that octocrab takes for one, and adds its own `authorization`.
    ///
    /// # Errors
    /// As [`Client::new`], addresses apart.
    pub fn over(octo: Octocrab, token: Token, repository: &str) -> Result<Self, GitHubError> {
        let (owner, name) = check(&token, repository)?;
        let seed = token
            .secret()
            .bytes()
            .fold(0xCBF2_9CE4_8422_2325, |hash: u64, b| {
                (hash ^ u64::from(b)).wrapping_mul(0x0100_0000_01B3)
            });
        Ok(Self {
            rest: octo.clone(),
            graph: octo,
            graph_path: "/graphql".to_owned(),
            owner: owner.to_owned(),
            name: name.to_owned(),
            token,
            seed,
            requests: AtomicU64::new(0),
            remaining: AtomicU64::new(UNKNOWN),
            server_time: AtomicI64::new(NO_TIME),
            lacks: Mutex::default(),
        })
    }

    /// A client for the GitHub that this machine's variables name; github.com where they name none.
    ///
    /// # Errors
    /// As [`Client::new`].
    pub fn of_host(host: &Host, token: Token, repository: &str) -> Result<Self, GitHubError> {
        let server = Server::of_host(host).unwrap_or_default();
        Self::new(&server, &Proxies::of_host(host), token, repository)
    }

    /// Spreads the waits of writers that run at the same time; the token's own seed is used otherwise.
    #[must_use]
    pub fn seeded(mut self, seed: u64) -> Self {
        self.seed = seed;
        self
    }

    /// `owner/name`.
    #[must_use]
    pub fn repository(&self) -> String {
        format!("{}/{}", self.owner, self.name)
    }

    /// Requests sent so far, retries included.
    #[must_use]
    pub fn requests(&self) -> u64 {
        self.requests.load(Ordering::Relaxed)
    }

    /// What the last answer said is left of the hour's budget.
    #[must_use]
    pub fn remaining(&self) -> Option<u64> {
        Some(self.remaining.load(Ordering::Relaxed)).filter(|n| *n != UNKNOWN)
    }

    /// What the last answer said is the time.
    #[must_use]
    pub fn server_time(&self) -> Option<DateTime<Utc>> {
        DateTime::from_timestamp(self.server_time.load(Ordering::Relaxed), 0)
    }

    pub(super) fn owner_and_name(&self) -> (&str, &str) {
        (&self.owner, &self.name)
    }

    /// `/repos/owner/name` and what follows.
    pub(super) fn path(&self, tail: &str) -> String {
        format!("/repos/{}/{}/{tail}", self.owner, self.name)
    }

    /// A GET, retried.
    pub(super) async fn read(
        &self,
        path: &str,
        what: &str,
        budget: &Budget,
    ) -> Result<Value, GitHubError> {
        self.retried(budget, async || {
            let answer = self.exchange(&self.rest, path, None, budget).await?;
            if answer.is_success() {
                return answer.json();
            }
            Err(GitHubError::of_answer(&answer, what))
        })
        .await
    }

    /// A GET, retried, its answer as it came: one of 404 is an answer too.
    pub(super) async fn answer(
        &self,
        path: &str,
        what: &str,
        budget: &Budget,
    ) -> Result<Answer, GitHubError> {
        self.retried(budget, async || {
            let answer = self.exchange(&self.rest, path, None, budget).await?;
            if answer.is_success() || answer.status == 404 {
                return Ok(answer);
            }
            Err(GitHubError::of_answer(&answer, what))
        })
        .await
    }

    /// A POST of REST, sent once.
    pub(super) async fn write(
        &self,
        path: &str,
        body: &Value,
        what: &str,
        budget: &Budget,
    ) -> Result<Value, GitHubError> {
        let answer = self
            .exchange(&self.rest, path, Some(body), budget)
            .await
            .map_err(GitHubError::after_write)?;
        if !answer.is_success() {
            return Err(GitHubError::of_answer(&answer, what).after_write());
        }
        answer.json().map_err(GitHubError::after_write)
    }

    /// A GraphQL query, retried. Data that came with errors is kept.
    ///
    /// # Errors
    /// When no data came at all.
    pub async fn query(
        &self,
        query: &str,
        variables: &Value,
        budget: &Budget,
    ) -> Result<GraphAnswer, GitHubError> {
        let mut text = query.to_owned();
        loop {
            let body = json!({ "query": text, "variables": variables });
            let answer = self.retried(budget, async || self.ask(&body, budget).await);
            match answer.await {
                Err(GitHubError::TooOld { unknown }) => {
                    let (shorter, lost) =
                        older::without(&text, &unknown).ok_or(GitHubError::TooOld { unknown })?;
                    self.lacks().extend(lost);
                    text = shorter;
                }
                other => return other,
            }
        }
    }

    /// What the server is too old to tell, as far as it was asked, in words.
    #[must_use]
    pub fn unknown_here(&self) -> Vec<&'static str> {
        self.lacks().iter().copied().collect()
    }

    fn lacks(&self) -> MutexGuard<'_, BTreeSet<&'static str>> {
        self.lacks.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A GraphQL mutation, sent once.
    ///
    /// # Errors
    /// [`GitHubError::Ambiguous`] when the answer was lost; what GitHub said when no data came.
    pub async fn mutate(
        &self,
        mutation: &str,
        variables: &Value,
        budget: &Budget,
    ) -> Result<GraphAnswer, GitHubError> {
        let body = json!({ "query": mutation, "variables": variables });
        self.ask(&body, budget)
            .await
            .map_err(GitHubError::after_write)
    }

    async fn ask(&self, body: &Value, budget: &Budget) -> Result<GraphAnswer, GitHubError> {
        let answer = self
            .exchange(&self.graph, &self.graph_path, Some(body), budget)
            .await?;
        if !answer.is_success() {
            return Err(GitHubError::of_answer(&answer, "GraphQL endpoint"));
        }
        GraphAnswer::of(&answer)
    }

    /// Tries until it succeeds, is hopeless, or the budget does not reach for one more.
    async fn retried<T>(
        &self,
        budget: &Budget,
        attempt: impl AsyncFn() -> Result<T, GitHubError>,
    ) -> Result<T, GitHubError> {
        let mut turn = 1;
        let mut before = None;
        loop {
            let error = match attempt().await {
                Ok(found) => return Ok(found),
                // What went wrong is what used the time up.
                Err(GitHubError::NoTime) => return Err(before.unwrap_or(GitHubError::NoTime)),
                Err(error) => error,
            };
            turn += 1;
            let seed = self.seed.wrapping_add(self.requests());
            match delay(turn, &error, seed).filter(|wait| *wait < budget.left()) {
                Some(wait) => tokio::time::sleep(wait).await,
                None => return Err(error),
            }
            before = Some(error);
        }
    }

    /// One request and its whole answer.
    async fn exchange(
        &self,
        octo: &Octocrab,
        path: &str,
        body: Option<&Value>,
        budget: &Budget,
    ) -> Result<Answer, GitHubError> {
        let left = budget.left();
        if left.is_zero() {
            return Err(GitHubError::NoTime);
        }
        self.requests.fetch_add(1, Ordering::Relaxed);
        let answer = tokio::time::timeout(left.min(ONE_TRY), self.transfer(octo, path, body))
            .await
            .map_err(|_| GitHubError::TimedOut)??;
        if let Some(now) = answer.now {
            self.server_time.store(now.timestamp(), Ordering::Relaxed);
        }
        if let Some(remaining) = answer.remaining {
            self.remaining.store(remaining, Ordering::Relaxed);
        }
        Ok(answer)
    }

    async fn transfer(
        &self,
        octo: &Octocrab,
        path: &str,
        body: Option<&Value>,
    ) -> Result<Answer, GitHubError> {
        let response = match body {
            Some(body) => octo._post(path, Some(body)).await,
            None => octo._get(path).await,
        }
        .map_err(|e| self.lost(&e))?;
        let headers = response.headers();
        let get = |name: &str| headers.get(name).and_then(|value| value.to_str().ok());
        let mut answer = Answer::with_headers(response.status().as_u16(), get);
        answer.accepted = answer.accepted.map(|text| self.token.hidden_in(text));
        if let Some(bytes) = get("content-length").and_then(|text| text.parse::<u64>().ok())
            && bytes > MOST_BYTES
        {
            return Err(GitHubError::TooLarge { bytes });
        }
        let text = whole(response.into_body(), MOST_BYTES, |e| self.lost(e)).await?;
        // A proxy may repeat what it was sent.
        answer.text = self.token.hidden_in(text);
        Ok(answer)
    }

    /// A failed transfer in words, its causes included.
    fn lost(&self, error: &(dyn Error + 'static)) -> GitHubError {
        let mut words = Vec::new();
        let mut cause = error.source();
        while let Some(deeper) = cause {
            if let Some(proxy) = deeper.downcast_ref::<ProxyFailed>() {
                return GitHubError::Proxy {
                    variable: proxy.variable,
                    message: proxy.to_string(),
                };
            }
            let timed_out = deeper
                .downcast_ref::<std::io::Error>()
                .is_some_and(|e| e.kind() == std::io::ErrorKind::TimedOut);
            if timed_out {
                return GitHubError::TimedOut;
            }
            words.push(deeper.to_string());
            cause = deeper.source();
        }
        words.dedup();
        // Hidden before it is cut: half of a secret would not be found.
        let message = one_line(&self.token.hidden_in(words.join(": ")));
        if message.contains("invalid peer certificate") {
            return GitHubError::Untrusted { message };
        }
        GitHubError::Network { message }
    }
}

/// A body to its end, which GitHub may not have announced; no more than `most_bytes` of it are ever held.
async fn whole<B>(
    body: B,
    most_bytes: u64,
    lost: impl FnOnce(&(dyn Error + 'static)) -> GitHubError,
) -> Result<String, GitHubError>
where
    B: BodyExt,
    B::Error: Into<Box<dyn Error + Send + Sync>>,
{
    let limit = usize::try_from(most_bytes).unwrap_or(usize::MAX);
    match Limited::new(body, limit).collect().await {
        Ok(read) => String::from_utf8(read.to_bytes().into()).map_err(|_| GitHubError::BadAnswer {
            message: "it is not UTF-8".to_owned(),
        }),
        Err(error) if error.is::<LengthLimitError>() => Err(GitHubError::TooLarge {
            bytes: most_bytes + 1,
        }),
        Err(error) => Err(lost(error.as_ref())),
    }
}

/// Owner and name, where the token can be sent.
fn check<'r>(token: &Token, repository: &'r str) -> Result<(&'r str, &'r str), GitHubError> {
    let named = split_repository(repository)?;
    if token.is_empty() || !token.secret().bytes().all(|b| b.is_ascii_graphic()) {
        return Err(GitHubError::Unauthorized);
    }
    Ok(named)
}

/// Owner and name of `owner/name`.
///
/// # Errors
/// [`GitHubError::Setup`] when it is anything else, or would leave the path of an address.
pub fn split_repository(repository: &str) -> Result<(&str, &str), GitHubError> {
    let plain = |text: &str| {
        !text.is_empty()
            && !matches!(text, "." | "..")
            && text
                .bytes()
                .all(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_' | b'.'))
    };
    repository
        .split_once('/')
        .filter(|(owner, name)| plain(owner) && plain(name))
        .ok_or_else(|| GitHubError::Setup {
            message: format!("`{}` is not `owner/name`", one_line(repository)),
        })
}

#[cfg(test)]
mod tests {
    use http_body_util::Full;

    use super::*;

    #[test]
    fn names_that_would_leave_the_path_are_refused() {
        for bad in [
            "acme",
            "acme/",
            "/shop",
            "acme/shop/x",
            "acme/..",
            "ac me/shop",
            "a/b?c",
        ] {
            assert!(split_repository(bad).is_err(), "{bad}");
        }
        assert_eq!(
            split_repository("acme/shop.js").unwrap(),
            ("acme", "shop.js")
        );
    }

    #[tokio::test]
    async fn a_body_of_unannounced_length_is_cut_off() {
        let network = |e: &(dyn Error + 'static)| GitHubError::Network {
            message: e.to_string(),
        };
        let body = || Full::new(std::io::Cursor::new(vec![b'x'; 1_000]));
        let read = whole(body(), 1_000, network).await;
        assert_eq!(read.map(|text| text.len()), Ok(1_000));
        let cut = whole(body(), 999, network).await;
        assert_eq!(cut, Err(GitHubError::TooLarge { bytes: 1_000 }));
        let binary = Full::new(&b"\xff"[..]);
        let read = whole(binary, 10, network).await;
        assert!(matches!(read, Err(GitHubError::BadAnswer { .. })));
    }

    #[tokio::test]
    async fn an_address_without_a_host_is_an_error_and_no_panic() {
        let client = |api: &str, token: &str| {
            let server = Server {
                api: api.to_owned(),
                ..Server::default()
            };
            Client::new(&server, &Proxies::default(), Token::new(token), "a/b")
        };
        for bad in [
            "",
            "api.github.com",
            "https://",
            "https:///api",
            "file:///x",
        ] {
            assert!(client(bad, "t").is_err(), "{bad}");
        }
        let hostile = client("https://x", "a\nb");
        assert_eq!(hostile.unwrap_err(), GitHubError::Unauthorized);
    }
}
