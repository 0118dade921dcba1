//! The Actions runner: starts the real program in the surroundings that a container action finds.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use std::sync::mpsc;
use std::time::Duration;

use fivekeys::host::Host;
use serde_json::{Value, json};

use super::git::sha;
use super::transcript::Transcript;
use super::{World, github};

/// Nothing takes longer than this; the program's own deadline is shorter.
const HANG: Duration = Duration::from_secs(100);
const FILES: [&str; 5] = [
    "GITHUB_STEP_SUMMARY",
    "GITHUB_OUTPUT",
    "GITHUB_STATE",
    "GITHUB_ENV",
    "GITHUB_PATH",
];

/// One step of one job.
#[derive(Clone)]
pub(crate) struct Runner<'w> {
    world: &'w World,
    event: String,
    payload: Value,
    sha: Option<String>,
    run_id: u64,
    attempt: u32,
    inputs: BTreeMap<String, String>,
    env: BTreeMap<String, String>,
    checkout: BTreeMap<String, String>,
    fixed_clock: bool,
}

impl<'w> Runner<'w> {
    /// A push to the default branch, run 100, the head's commit.
    pub(crate) fn new(world: &'w World) -> Self {
        Self {
            world,
            event: "push".to_owned(),
            payload: json!({}),
            sha: None,
            run_id: 100,
            attempt: 1,
            inputs: BTreeMap::new(),
            env: BTreeMap::new(),
            checkout: BTreeMap::new(),
            fixed_clock: true,
        }
    }

    /// Name of the event, such as `deployment_status`.
    pub(crate) fn event(mut self, name: &str) -> Self {
        name.clone_into(&mut self.event);
        self
    }

    /// What the event says besides the repository; a text is the whole file as it is.
    pub(crate) fn payload(mut self, payload: Value) -> Self {
        self.payload = payload;
        self
    }

    /// Label or id of the commit.
    pub(crate) fn sha(mut self, label: &str) -> Self {
        self.sha = Some(sha(label));
        self
    }

    pub(crate) fn run_id(mut self, id: u64) -> Self {
        self.run_id = id;
        self
    }

    pub(crate) fn attempt(mut self, number: u32) -> Self {
        self.attempt = number;
        self
    }

    /// An input of `action.yml`; the others keep their defaults.
    pub(crate) fn input(mut self, name: &str, value: &str) -> Self {
        self.inputs.insert(name.to_owned(), value.to_owned());
        self
    }

    /// A variable on top of what the runner sets.
    pub(crate) fn env(mut self, name: &str, value: &str) -> Self {
        self.env.insert(name.to_owned(), value.to_owned());
        self
    }

    /// A file that an earlier step has put into the workspace.
    pub(crate) fn checkout(mut self, path: &str, text: &str) -> Self {
        self.checkout.insert(path.to_owned(), text.to_owned());
        self
    }

    /// The program's clock runs; GitHub's does not.
    pub(crate) fn real_clock(mut self) -> Self {
        self.fixed_clock = false;
        self
    }

    /// Runs the action.
    pub(crate) fn run(&self) -> Transcript {
        self.run_args(&strings(&action()["runs"]["args"]))
    }

    /// Runs the program with other arguments in the same surroundings.
    pub(crate) fn run_args(&self, args: &[String]) -> Transcript {
        let folder = tempfile::tempdir().unwrap();
        let env = self.environment(folder.path());
        self.lay_out(folder.path(), &env);
        let mut command = Command::new(program());
        command
            .args(args)
            .env_clear()
            .envs(&env)
            .current_dir(folder.path().join("workspace"));
        let done = self.world.play(command);
        let branch = env.get("INPUT_BRANCH").map_or("fivekeys", String::as_str);
        let transcript = Transcript::read(&done, folder.path(), self.world, branch);
        transcript.assert_silent_about(&self.world.github().token);
        super::kept::keep(&transcript, &self.world.github());
        transcript
    }

    /// Runs the action many times at once; `vary` tells each its number, from 0.
    pub(crate) fn run_many(
        &self,
        count: usize,
        vary: impl Fn(usize, Self) -> Self,
    ) -> Vec<Transcript> {
        let runners: Vec<Self> = (0..count).map(|n| vary(n, self.clone())).collect();
        std::thread::scope(|scope| {
            let started: Vec<_> = runners
                .iter()
                .map(|runner| scope.spawn(|| runner.run()))
                .collect();
            started.into_iter().map(|one| one.join().unwrap()).collect()
        })
    }

    /// The surroundings of the step without a process, and without any file: nothing is there to be read or written.
    pub(crate) fn host(&self) -> Host {
        let folder = PathBuf::from(format!("/job-{}-{}", self.run_id, self.attempt));
        let now = self.world.github().now;
        Host {
            now,
            args: Vec::new(),
            env: self.environment(&folder),
            folder,
            stdout_is_terminal: false,
            stderr_is_terminal: false,
            terminal_columns: None,
        }
    }

    fn lay_out(&self, folder: &Path, env: &BTreeMap<String, String>) {
        for name in ["workspace", "home", "temp"] {
            fs::create_dir(folder.join(name)).unwrap();
        }
        for name in FILES {
            fs::write(&env[name], "").unwrap();
        }
        for (path, text) in &self.checkout {
            let path = folder.join("workspace").join(path);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, text).unwrap();
        }
        let raw = self.payload.as_str().map(str::to_owned);
        let payload = raw.unwrap_or_else(|| self.event_payload().to_string());
        fs::write(&env["GITHUB_EVENT_PATH"], payload).unwrap();
    }

    fn event_payload(&self) -> Value {
        let github = self.world.github();
        let mut payload = json!({
            "repository": {
                "full_name": github.slug(),
                "name": github.name,
                "owner": { "login": github.owner },
                "private": github.private,
                "default_branch": github.default_branch,
            },
            "sender": { "login": "ada", "type": "User" },
        });
        if self.event == "push" {
            payload["ref"] = json!(github.default_ref());
            payload["after"] = json!(self.commit(&github));
        }
        for (name, value) in self.payload.as_object().into_iter().flatten() {
            payload[name] = value.clone();
        }
        payload
    }

    fn commit(&self, github: &github::GitHub) -> String {
        let head = || github.head(&github.default_branch);
        self.sha
            .clone()
            .or_else(head)
            .unwrap_or_else(|| "0".repeat(40))
    }

    fn environment(&self, folder: &Path) -> BTreeMap<String, String> {
        let (api, graph) = (self.world.api_url(), self.world.graphql_url());
        let github = self.world.github();
        let (slug, branch) = (github.slug(), &github.default_branch);
        let commit = self.commit(&github);
        let place = |name: &str| folder.join(name).to_string_lossy().into_owned();
        let mut env = BTreeMap::new();
        let mut set = |name: &str, value: &str| env.insert(name.to_owned(), value.to_owned());
        for (name, value) in [
            ("CI", "true"),
            ("GITHUB_ACTIONS", "true"),
            ("GITHUB_ACTION", "__fivekeys_fivekeys"),
            ("GITHUB_ACTOR", "ada"),
            ("GITHUB_API_URL", &api),
            ("GITHUB_GRAPHQL_URL", &graph),
            ("GITHUB_SERVER_URL", &github.site),
            ("GITHUB_REPOSITORY", &slug),
            ("GITHUB_REPOSITORY_OWNER", &github.owner),
            ("GITHUB_SHA", &commit),
            ("GITHUB_REF", &github.default_ref()),
            ("GITHUB_REF_NAME", branch),
            ("GITHUB_REF_TYPE", "branch"),
            ("GITHUB_RUN_ID", &self.run_id.to_string()),
            ("GITHUB_RUN_NUMBER", "7"),
            ("GITHUB_RUN_ATTEMPT", &self.attempt.to_string()),
            ("GITHUB_JOB", "metrics"),
            ("GITHUB_WORKFLOW", "Deploy"),
            ("GITHUB_EVENT_NAME", &self.event),
            ("GITHUB_EVENT_PATH", &place("event.json")),
            ("GITHUB_WORKSPACE", &place("workspace")),
            ("HOME", &place("home")),
            ("PATH", "/usr/local/bin:/usr/bin:/bin"),
            ("RUNNER_ARCH", "X64"),
            ("RUNNER_ENVIRONMENT", "github-hosted"),
            ("RUNNER_OS", "Linux"),
            ("RUNNER_TEMP", &place("temp")),
        ] {
            set(name, value);
        }
        for name in FILES {
            set(name, &place(&name.to_ascii_lowercase()));
        }
        if self.fixed_clock {
            set("SOURCE_DATE_EPOCH", &github.now.timestamp().to_string());
        }
        env.extend(self.input_variables(&github.token, &commit));
        env.extend(self.env.clone());
        env
    }

    /// `INPUT_*` as the runner writes them: upper case, spaces as underscores, hyphens kept, empty defaults too.
    fn input_variables(&self, token: &str, commit: &str) -> BTreeMap<String, String> {
        let action = action();
        let known = action["inputs"].as_object().unwrap();
        for name in self.inputs.keys() {
            assert!(known.contains_key(name), "action.yml has no input `{name}`");
        }
        let mut found = BTreeMap::new();
        for (name, input) in known {
            let default = input["default"].as_str().unwrap_or_default();
            let value = self.inputs.get(name).map_or(default, String::as_str);
            let value = value
                .replace("${{ github.token }}", token)
                .replace("${{ github.sha }}", commit);
            assert!(!value.contains("${{"), "`{value}` is not evaluated");
            let variable = name.to_ascii_uppercase().replace(' ', "_");
            found.insert(format!("INPUT_{variable}"), value);
        }
        found
    }
}

impl World {
    /// Runs a command to its end. While it starts nothing is answered, so a signal knows whom it is for.
    fn play(&self, mut command: Command) -> Output {
        let mut state = self.state();
        let child = command
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        state.child = child.id();
        drop(state);
        let (tell, told) = mpsc::channel();
        std::thread::spawn(move || tell.send(child.wait_with_output()));
        told.recv_timeout(HANG).expect("it hangs").unwrap()
    }
}

/// The program; outside of the tests, whoever plays this world can be it.
fn program() -> PathBuf {
    let built = option_env!("CARGO_BIN_EXE_fivekeys").map(PathBuf::from);
    built.unwrap_or_else(|| std::env::current_exe().unwrap())
}

fn action() -> Value {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("action.yml");
    serde_yaml::from_str(&fs::read_to_string(path).unwrap()).unwrap()
}

fn strings(list: &Value) -> Vec<String> {
    let list = list.as_array().into_iter().flatten();
    list.filter_map(|one| one.as_str().map(str::to_owned))
        .collect()
}

#[test]
fn a_step_sees_what_a_container_action_sees() {
    let world = World::new().at("2026-03-02T10:00:00Z");
    world
        .github()
        .private()
        .commit("c1", "2026-03-01T09:00:00Z");
    let folder = Path::new("/job");
    let token = world.github().token.clone();
    let env = Runner::new(&world)
        .event("deployment_status")
        .run_id(7)
        .attempt(2)
        .input("environment", "live")
        .env("ACTIONS_STEP_DEBUG", "true")
        .environment(folder);
    for (name, value) in [
        ("GITHUB_SHA", sha("c1").as_str()),
        ("GITHUB_RUN_ID", "7"),
        ("GITHUB_RUN_ATTEMPT", "2"),
        ("GITHUB_EVENT_NAME", "deployment_status"),
        ("GITHUB_OUTPUT", "/job/github_output"),
        ("INPUT_TOKEN", &token),
        ("INPUT_SHA", &sha("c1")),
        ("INPUT_ENVIRONMENT", "live"),
        ("INPUT_FAIL-ON", "none"),
        ("INPUT_SERVICE", ""),
        ("ACTIONS_STEP_DEBUG", "true"),
        ("SOURCE_DATE_EPOCH", "1772445600"),
    ] {
        assert_eq!(env[name], value, "{name}");
    }
    let clock = Runner::new(&world).real_clock().environment(folder);
    assert!(!clock.contains_key("SOURCE_DATE_EPOCH"));
    let runner = Runner::new(&world).payload(json!({ "deployment": { "id": 5 } }));
    let payload = runner.sha("c9").event_payload();
    assert_eq!(payload["after"], sha("c9"));
    assert_eq!(payload["deployment"]["id"], 5);
    assert_eq!(payload["repository"]["private"], true);
}

#[test]
#[should_panic(expected = "action.yml has no input `statuss`")]
fn an_input_that_does_not_exist_fails_the_test() {
    let world = World::new();
    Runner::new(&world)
        .input("statuss", "success")
        .environment(Path::new("/job"));
}
