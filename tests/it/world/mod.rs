//! The test world: GitHub as plain data behind a real HTTP server, and a runner that starts the real program.
//!
//! A test is a story: what is on GitHub, what goes wrong, one run or many, and what is on GitHub then. Whatever the
//! program asks that the world does not know, and whatever was planned and never happened, fails the test.

mod environments;
mod faults;
mod git;
mod github;
mod graphql;
mod kept;
mod line;
mod probe;
mod reply;
mod requests;
mod rest;
mod routes;
mod run;
mod runs;
pub(crate) mod story;
mod transcript;

use std::ops::{Deref, DerefMut};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use wiremock::{Mock, MockServer};

pub(crate) use faults::{Fault, On};
pub(crate) use git::sha;
pub(crate) use github::{GitHub, Lack, moment};
pub(crate) use line::Line;
pub(crate) use requests::Requests;
use routes::{Door, State};
pub(crate) use run::Runner;
pub(crate) use transcript::Transcript;

/// GitHub, and whoever watches it.
pub(crate) struct World {
    server: MockServer,
    state: Arc<Mutex<State>>,
    finished: bool,
}

/// GitHub while a test looks at it or changes it. Nothing is answered meanwhile: let it go before a run.
pub(crate) struct Held<'w>(MutexGuard<'w, State>);

impl Deref for Held<'_> {
    type Target = GitHub;

    fn deref(&self) -> &GitHub {
        &self.0.github
    }
}

impl DerefMut for Held<'_> {
    fn deref_mut(&mut self) -> &mut GitHub {
        &mut self.0.github
    }
}

impl World {
    /// An empty public repository `acme/shop` on github.com.
    pub(crate) fn new() -> Self {
        Self::of(GitHub::new("https://github.com"))
    }

    /// The same on an enterprise server, whose APIs have other paths.
    pub(crate) fn enterprise() -> Self {
        let github = GitHub::new("https://github.example.com");
        Self::start(github, "/api/v3", "/api/graphql")
    }

    /// A world with all that is on this GitHub, and a past of its own from here on.
    pub(crate) fn of(github: GitHub) -> Self {
        Self::start(github, "", "/graphql")
    }

    fn start(github: GitHub, rest_base: &'static str, graph_path: &'static str) -> Self {
        let state = Arc::new(Mutex::new(State {
            github,
            child: 0,
            plan: faults::Plan::default(),
            requests: Requests::default(),
            surprises: Vec::new(),
            rest_base,
            graph_path,
        }));
        let door = Door::new(Arc::clone(&state));
        // The server has a thread and a runtime of its own; this one only sets it up.
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .unwrap();
        let server = runtime.block_on(async {
            let server = MockServer::builder()
                .disable_request_recording()
                .start()
                .await;
            let lost =
                |_: &wiremock::Request| std::io::Error::from(std::io::ErrorKind::ConnectionReset);
            Mock::given(door.clone())
                .respond_with_err(lost)
                .with_priority(1)
                .mount(&server)
                .await;
            Mock::given(wiremock::matchers::any())
                .respond_with(door)
                .with_priority(2)
                .mount(&server)
                .await;
            server
        });
        Self {
            server,
            state,
            finished: false,
        }
    }

    /// The same world at this moment: what GitHub and the program call now.
    pub(crate) fn at(self, now: &str) -> Self {
        self.clock(now);
        self
    }

    /// Time goes on.
    pub(crate) fn clock(&self, now: &str) {
        self.github().now = moment(now);
    }

    /// What is on GitHub.
    pub(crate) fn github(&self) -> Held<'_> {
        Held(self.state())
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Something goes wrong with these requests.
    pub(crate) fn fault(&self, on: On, fault: Fault) {
        self.state().plan.fault(on, fault);
    }

    /// Something else happens on GitHub right before these requests are answered.
    pub(crate) fn before(&self, on: On, hook: impl FnMut(&mut GitHub) + Send + 'static) {
        self.state().plan.hook(on, Box::new(hook));
    }

    /// What was asked so far.
    pub(crate) fn requests(&self) -> Requests {
        self.state().requests.clone()
    }

    /// Begins the log again.
    pub(crate) fn forget_requests(&self) {
        self.state().requests = Requests::default();
    }

    pub(crate) fn api_url(&self) -> String {
        let base = self.state().rest_base;
        format!("{}{base}", self.server.uri())
    }

    pub(crate) fn graphql_url(&self) -> String {
        let path = self.state().graph_path;
        format!("{}{path}", self.server.uri())
    }

    /// Everything nobody expected, and everything expected that never came. Takes it off the books.
    pub(crate) fn left_over(&self) -> Vec<String> {
        let mut state = self.state();
        let plan = std::mem::take(&mut state.plan);
        let mut found = std::mem::take(&mut state.surprises);
        found.extend(plan.unused());
        found
    }

    /// Fails the test for whatever is left over. Dropping the world does the same.
    pub(crate) fn finish(mut self) {
        self.settle();
    }

    fn settle(&mut self) {
        if std::mem::replace(&mut self.finished, true) || std::thread::panicking() {
            return;
        }
        let left = self.left_over();
        assert!(left.is_empty(), "left over: {left:#?}");
    }
}

impl Drop for World {
    fn drop(&mut self) {
        self.settle();
    }
}
