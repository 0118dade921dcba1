//! What GitHub answers: server, token, budget, clock, repository, branch and its rules.

use std::time::Duration;

use super::checkup::{Checkup, Health};
use super::{complete, permissions, say_broken, say_whole, set_aside, settings, sources};
use crate::cli::Failure;
use crate::cli::args::DoctorArgs;
use crate::config::Config;
use crate::github::{
    Budget, Client, Greeting, Part, Proxies, Quota, Server, State, Token, forbids_commits,
};
use crate::host::Host;
use crate::ledger::{Branch, Loaded, Reading, Unreadable, first_day};

/// Deadline of all requests together.
const PATIENCE: Duration = Duration::from_mins(1);
/// Fewer requests or points than this may not last for a run.
const FEW: u64 = 50;
/// Two clocks that differ by more are said to.
const SKEW_SECONDS: i64 = 60;

/// What to look at.
pub(super) struct Asked<'a> {
    pub(super) args: &'a DoctorArgs,
    /// `owner/name`, and where its pages stand, as the clone's remote says.
    pub(super) repository: Option<String>,
    pub(super) site: Option<String>,
    pub(super) config: &'a Config,
}

/// Asks GitHub, where there is a token and a repository.
pub(super) fn look(host: &Host, asked: &Asked<'_>, checkup: &mut Checkup) -> Result<(), Failure> {
    let unknown = |checkup: &mut Checkup| {
        checkup.permissions = permissions::needed(asked.config, true, &[]);
    };
    if asked.args.offline {
        checkup.note("GitHub", Health::Skip, "not asked");
        unknown(checkup);
        return Ok(());
    }
    let server = Server::of_host(host);
    let remote = asked.site.as_deref().filter(|_| server.is_none());
    let is_own = remote.is_some_and(|site| !Server::at(site).is_public());
    // A token for github.com is not shown to whatever host a clone came from.
    let token = if is_own {
        Token::of_enterprise(host)
    } else {
        Token::of_host(host)
    };
    let repository = asked.repository.clone();
    let repository = repository.or_else(|| host.var("GITHUB_REPOSITORY").map(str::to_owned));
    let (Some(token), Some(repository)) = (token, repository) else {
        checkup.note("GitHub", Health::Skip, "not asked");
        checkup.help(match remote.filter(|_| is_own) {
            Some(site) => {
                format!("set GH_ENTERPRISE_TOKEN, or GITHUB_TOKEN and GITHUB_SERVER_URL={site}")
            }
            None => "set GITHUB_TOKEN, and --repository outside of a clone".to_owned(),
        });
        unknown(checkup);
        return Ok(());
    };
    let server = server
        .or_else(|| remote.map(Server::at))
        .unwrap_or_default();
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()?;
    runtime.block_on(async {
        let kind = token.kind();
        let client = match Client::new(&server, &Proxies::of_host(host), token, &repository) {
            Ok(client) => client,
            Err(error) => return checkup.problem("GitHub", Health::Fail, &error),
        };
        let patient = Patient {
            host,
            asked,
            client: &client,
            budget: Budget::within(PATIENCE),
        };
        patient.examine(&server, kind, checkup).await;
    });
    runtime.shutdown_background();
    Ok(())
}

struct Patient<'a> {
    host: &'a Host,
    asked: &'a Asked<'a>,
    client: &'a Client,
    budget: Budget,
}

impl Patient<'_> {
    async fn examine(&self, server: &Server, kind: &str, checkup: &mut Checkup) {
        let greeting = match self.client.greet(&self.budget).await {
            Ok(greeting) => greeting,
            Err(error) => return checkup.problem("token", Health::Fail, &error),
        };
        self.server(server, &greeting, checkup);
        let Some(loaded) = self.load(checkup).await else {
            return;
        };
        token(kind, &greeting, loaded.state.is_private, checkup);
        budgets(&greeting, checkup);
        let mut refused = Vec::new();
        repository(&loaded.state, checkup);
        let config = self.config(&loaded.state, checkup);
        match self.client.may_write(&self.budget).await {
            Ok(()) => checkup.note("contents", Health::Ok, "can be read and written"),
            Err(error) => {
                checkup.problem("contents", Health::Fail, &error);
                refused.push("contents");
            }
        }
        self.branch(&loaded, checkup).await;
        if loaded.head.is_some() {
            self.rules(checkup).await;
        }
        let state = &loaded.state;
        refused.extend(sources::look(self.client, &self.budget, &config, state, checkup).await);
        for what in self.client.unknown_here() {
            let says = format!("this GitHub is too old to tell {what}");
            checkup.note("server", Health::Warn, says);
        }
        checkup.permissions = permissions::needed(&config, state.is_private, &refused);
    }

    fn server(&self, server: &Server, greeting: &Greeting, checkup: &mut Checkup) {
        let version = greeting.version.as_deref();
        let version = version.map_or_else(String::new, |v| format!(", Enterprise Server {v}"));
        // What stands before the host may be a password.
        let api = server.api.rsplit('@').next().unwrap_or_default();
        checkup.note("server", Health::Ok, format!("{api}{version}"));
        let Some(theirs) = greeting.now else {
            return;
        };
        let skew = (theirs - self.host.now).num_seconds();
        if self.host.var("SOURCE_DATE_EPOCH").is_some() {
            checkup.note("clock", Health::Skip, "fixed by SOURCE_DATE_EPOCH");
        } else if skew.abs() <= SKEW_SECONDS {
            checkup.note("clock", Health::Ok, "as the server's");
        } else {
            let way = if skew > 0 { "behind" } else { "ahead of" };
            let says = format!("{} s {way} the server's", skew.abs());
            checkup.note("clock", Health::Warn, says);
            checkup.help("set this machine's clock; windows end at its now");
        }
    }

    async fn load(&self, checkup: &mut Checkup) -> Option<Loaded> {
        let today = self.host.now.date_naive();
        let loaded = Branch::new(self.client, &self.asked.args.branch)
            .load(
                Reading {
                    since: first_day(today),
                    today,
                    config: ".github/fivekeys.yml",
                    corrections: &self.asked.config.corrections,
                    incidents: &self.asked.config.incident_labels,
                },
                &self.budget,
            )
            .await;
        match loaded {
            Ok(loaded) => Some(loaded),
            Err(error) => {
                checkup.problem("repository", Health::Fail, &error);
                None
            }
        }
    }

    /// The configuration that the action uses: that of the default branch, else what is known here.
    fn config(&self, state: &State, checkup: &mut Checkup) -> Config {
        const WHAT: &str = "configuration";
        let local = self.asked.config.clone();
        if let Some(error) = state.problem(&Part::Config) {
            checkup.problem(WHAT, Health::Fail, error);
            return local;
        }
        let Some(file) = &state.config else {
            checkup.note(
                WHAT,
                Health::Skip,
                "none on the default branch: the defaults are in force",
            );
            return local;
        };
        match crate::config::parse(file.text.as_deref().unwrap_or("")) {
            Ok(config) => {
                let says = format!("understood on the default branch: {}", settings(&config));
                checkup.note(WHAT, Health::Ok, says);
                config
            }
            Err(error) => {
                checkup.failure(WHAT, &error.into());
                local
            }
        }
    }

    /// The ledger on the branch, mended by a new commit where that is asked for.
    async fn branch(&self, loaded: &Loaded, checkup: &mut Checkup) {
        let name = &self.asked.args.branch;
        if let Some(error) = loaded.state.problem(&Part::Branch) {
            return checkup.problem("branch", Health::Fail, error);
        }
        let Some(head) = &loaded.head else {
            let says = format!("`{name}` is not there yet: the first run makes it");
            checkup.note("branch", Health::Skip, says);
            checkup.help("a ruleset that forbids to create branches would stop it");
            return;
        };
        if loaded.ledger.is_writable() {
            say_whole("branch", &loaded.ledger, checkup);
            return;
        }
        say_broken("branch", &loaded.ledger.unreadable, checkup);
        let branch = Branch::new(self.client, name);
        let repair = match branch.repair(loaded, self.host.now.date_naive()) {
            Ok(Some(repair)) => repair,
            Ok(None) => {
                checkup.help("this is not a ledger of ours, or it cannot be mended line by line");
                return;
            }
            Err(error) => {
                checkup.note("branch", Health::Fail, error.to_string());
                return;
            }
        };
        if !self.asked.args.repair {
            checkup.help(
                "`fivekeys doctor --repair` mends it in a new commit and sets aside what it cannot",
            );
            return;
        }
        let aside = Unreadable::places(&repair.aside);
        let plan = complete(repair, self.asked.config);
        let saved = branch
            .save(
                Some(head),
                &plan,
                "fivekeys: mend the ledger [skip ci]",
                &self.budget,
            )
            .await;
        match saved {
            Ok(commit) => {
                let says = format!("{}; by commit {commit}", set_aside(aside));
                checkup.mended("branch", says);
            }
            Err(error) => checkup.problem("branch", Health::Fail, &error),
        }
    }

    async fn rules(&self, checkup: &mut Checkup) {
        let branch = &self.asked.args.branch;
        match self.client.rules_of(branch, &self.budget).await {
            Ok(None) => checkup.note("rules", Health::Skip, "this server does not tell them"),
            Ok(Some(rules)) => {
                let against: Vec<&str> = rules
                    .iter()
                    .map(String::as_str)
                    .filter(|rule| forbids_commits(rule))
                    .collect();
                if against.is_empty() {
                    checkup.note(
                        "rules",
                        Health::Ok,
                        "none keeps a job from writing the branch",
                    );
                    return;
                }
                let says = format!("on `{branch}`: {}", against.join(", ").to_ascii_lowercase());
                checkup.note("rules", Health::Fail, says);
                checkup.help(format!(
                    "exempt the branch `{branch}` from the ruleset, or let the workflow bypass it"
                ));
            }
            Err(error) => checkup.problem("rules", Health::Fail, &error),
        }
    }
}

/// The kind of token, and for a classic one its scopes; of the others only trying tells what they may do.
fn token(kind: &str, greeting: &Greeting, is_private: bool, checkup: &mut Checkup) {
    let Some(scopes) = &greeting.scopes else {
        checkup.note("token", Health::Ok, format!("accepted; {kind}"));
        return;
    };
    let has = |scope: &str| scopes.iter().any(|own| own == scope);
    let named = if scopes.is_empty() {
        "none".to_owned()
    } else {
        scopes.join(", ")
    };
    let enough = has("repo") || (!is_private && has("public_repo"));
    let health = if enough { Health::Ok } else { Health::Warn };
    checkup.note(
        "token",
        health,
        format!("accepted; {kind}; scopes: {named}"),
    );
    if !enough {
        let scope = if is_private { "repo" } else { "public_repo" };
        checkup.help(format!("writing needs the scope `{scope}`"));
    }
}

fn budgets(greeting: &Greeting, checkup: &mut Checkup) {
    let Some((rest, graph)) = &greeting.quotas else {
        checkup.note("budget", Health::Ok, "this server counts no requests");
        return;
    };
    let few = rest.remaining.min(graph.remaining) < FEW;
    let left = |quota: &Quota, what: &str| format!("{} of {} {what}", quota.remaining, quota.limit);
    let says = format!(
        "{}, {} left this hour",
        left(rest, "requests"),
        left(graph, "points")
    );
    checkup.note("budget", if few { Health::Warn } else { Health::Ok }, says);
    if few {
        let full = chrono::DateTime::from_timestamp(rest.reset.max(graph.reset), 0);
        let at = full.map_or_else(String::new, |at| format!(" at {} UTC", at.format("%H:%M")));
        checkup.help(format!("a run needs about six; they are full again{at}"));
    }
}

fn repository(state: &State, checkup: &mut Checkup) {
    let kind = if state.is_private {
        "private"
    } else {
        "public"
    };
    let branch = state.default_branch.as_deref().unwrap_or("none yet");
    let says = format!("{}, {kind}, default branch {branch}", state.name_with_owner);
    checkup.note("repository", Health::Ok, says);
}
