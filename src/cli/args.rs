//! The command line.

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand, ValueEnum};

/// Software delivery, measured by DORA's five metrics from what you already have.
#[derive(Debug, Parser)]
#[command(name = "fivekeys", version, about, max_term_width = 100)]
pub(super) struct Cli {
    /// What to do.
    #[command(subcommand)]
    pub(super) command: Command,
}

/// The commands.
#[derive(Debug, Subcommand)]
pub(super) enum Command {
    /// Find what exists, write .github/fivekeys.yml, and print the baseline.
    Init(InitArgs),
    /// Measure this clone and print the five metrics.
    Report(ReportArgs),
    /// Print the metrics week by week, as charts.
    Trend(TrendArgs),
    /// Show how a number came about: definition, rules, and the events behind it.
    Explain(ExplainArgs),
    /// Record a deployment in .dora/, or correct one.
    Deploy(DeployArgs),
    /// Record incidents in .dora/.
    Incident {
        /// Which.
        #[command(subcommand)]
        command: IncidentCommand,
    },
    /// Recompute .dora/metrics.json from the ledger and compare.
    Verify(VerifyArgs),
    /// Run as a GitHub Action: read the runner's environment and GitHub, write the metrics branch.
    Action,
}

/// What to look at; shared by the commands that measure.
#[derive(Debug, Args, Default, Clone)]
pub(super) struct Scope {
    /// Length of the window up to now, such as 30d or 12w.
    #[arg(long, value_name = "LENGTH", conflicts_with = "since")]
    pub(super) window: Option<String>,
    /// First moment of the window: a date or an RFC 3339 instant.
    #[arg(long, value_name = "INSTANT")]
    pub(super) since: Option<String>,
    /// First moment after the window.
    #[arg(long, value_name = "INSTANT")]
    pub(super) until: Option<String>,
    /// The moment that open failures age to, instead of now.
    #[arg(long, value_name = "INSTANT")]
    pub(super) as_of: Option<String>,
    /// IANA time zone of days and weeks.
    #[arg(long, value_name = "ZONE")]
    pub(super) timezone: Option<String>,
    /// Only this service.
    #[arg(long, value_name = "NAME")]
    pub(super) service: Option<String>,
    /// Environments that are production, as comma-separated globs.
    #[arg(long, value_name = "GLOBS")]
    pub(super) environment: Option<String>,
    /// Which tags are deployments, as a regular expression; a group `service` names the component.
    #[arg(long, value_name = "REGEX")]
    pub(super) tags: Option<String>,
    /// Where deployments are read from in a clone.
    #[arg(long, value_enum)]
    pub(super) source: Option<SourceArg>,
    /// Configuration file, instead of .github/fivekeys.yml.
    #[arg(long, value_name = "FILE")]
    pub(super) config: Option<PathBuf>,
    /// Measure a file instead of this clone: history=FILE.
    #[arg(long, value_name = "ADAPTER=FILE")]
    pub(super) from: Option<String>,
}

/// Sources in a clone.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(super) enum SourceArg {
    /// Tags when any match, else merges.
    Auto,
    /// Tags.
    Tags,
    /// First-parent commits of the default branch.
    Merges,
}

/// `report`.
#[derive(Debug, Args)]
pub(super) struct ReportArgs {
    /// What to look at.
    #[command(flatten)]
    pub(super) scope: Scope,
    /// How to print it.
    #[arg(long, default_value = "terminal", value_parser = ["terminal", "markdown", "json", "csv"])]
    pub(super) format: String,
    /// Five lines.
    #[arg(long, conflicts_with = "verbose")]
    pub(super) compact: bool,
    /// Percentiles, services, exclusions.
    #[arg(long)]
    pub(super) verbose: bool,
    /// This window and the one before, side by side.
    #[arg(long)]
    pub(super) compare: bool,
    /// Also write the report here; the ending chooses the format: .json, .csv, .md, .html or .txt.
    #[arg(long, value_name = "FILE")]
    pub(super) export: Option<PathBuf>,
}

/// `trend`.
#[derive(Debug, Args)]
pub(super) struct TrendArgs {
    /// What to look at.
    #[command(flatten)]
    pub(super) scope: Scope,
}

/// `explain`.
#[derive(Debug, Args)]
pub(super) struct ExplainArgs {
    /// A metric, by its name or an older one: `change_lead_time`, `deployment_frequency`,
    /// `failed_deployment_recovery_time`, `change_fail_rate`, `deployment_rework_rate`.
    pub(super) metric: String,
    /// Every event instead of the first twenty.
    #[arg(long)]
    pub(super) verbose: bool,
    /// What to look at.
    #[command(flatten)]
    pub(super) scope: Scope,
}

/// `init`.
#[derive(Debug, Args)]
pub(super) struct InitArgs {
    /// How far back to look.
    #[arg(long, default_value = "90d", value_name = "LENGTH")]
    pub(super) lookback: String,
    /// Write the configuration anew and forget what git can tell again; what people recorded stays.
    #[arg(long)]
    pub(super) reset: bool,
}

/// `deploy`.
#[derive(Debug, Args)]
pub(super) struct DeployArgs {
    /// Environment.
    #[arg(long, default_value = "production")]
    pub(super) environment: String,
    /// Component.
    #[arg(long)]
    pub(super) service: Option<String>,
    /// Commit or version; the clone's HEAD when not given.
    #[arg(long)]
    pub(super) sha: Option<String>,
    /// How it ended: success, failure, cancelled.
    #[arg(long, default_value = "success", value_parser = ["success", "failure", "cancelled"])]
    pub(super) status: String,
    /// When it finished; now when not given.
    #[arg(long, value_name = "INSTANT")]
    pub(super) at: Option<String>,
    /// When it began.
    #[arg(long, value_name = "INSTANT")]
    pub(super) started: Option<String>,
    /// Your own key: the same key is the same deployment.
    #[arg(long)]
    pub(super) id: Option<String>,
    /// Labels, such as hotfix.
    #[arg(long = "label")]
    pub(super) labels: Vec<String>,
    /// Correct this deployment instead of recording one: say --failed or --not-failed.
    #[arg(long, value_name = "ID", conflicts_with_all = ["sha", "started", "id", "service"])]
    pub(super) amend: Option<String>,
    /// With --amend: it failed.
    #[arg(long, requires = "amend", conflicts_with = "not_failed")]
    pub(super) failed: bool,
    /// With --amend: it did not fail.
    #[arg(long, requires = "amend")]
    pub(super) not_failed: bool,
    /// With --amend --failed: the deployment that repaired it.
    #[arg(long, value_name = "ID", requires = "failed")]
    pub(super) fixed_by: Option<String>,
}

/// `incident …`.
#[derive(Debug, Subcommand)]
pub(super) enum IncidentCommand {
    /// Open an incident; prints its id.
    Open(IncidentOpenArgs),
    /// Resolve an incident.
    Resolve(IncidentResolveArgs),
    /// List incidents.
    List,
}

/// `incident open`.
#[derive(Debug, Args)]
pub(super) struct IncidentOpenArgs {
    /// What happened.
    pub(super) title: Option<String>,
    /// Your own key: the same key is the same incident.
    #[arg(long)]
    pub(super) id: Option<String>,
    /// When users were first affected; now when not given.
    #[arg(long, value_name = "INSTANT")]
    pub(super) at: Option<String>,
    /// The service it hurts.
    #[arg(long)]
    pub(super) service: Option<String>,
    /// What caused it: a deployment's id, a commit, or #N for a pull request.
    #[arg(long = "caused-by", value_name = "CAUSE")]
    pub(super) caused_by: Vec<String>,
}

/// `incident resolve`.
#[derive(Debug, Args)]
pub(super) struct IncidentResolveArgs {
    /// Its id.
    pub(super) id: String,
    /// When users were well again; now when not given.
    #[arg(long, value_name = "INSTANT")]
    pub(super) at: Option<String>,
    /// The deployment that repaired it.
    #[arg(long, value_name = "ID")]
    pub(super) fixed_by: Option<String>,
}

/// `verify`.
#[derive(Debug, Args)]
pub(super) struct VerifyArgs {
    /// Folder with metrics.json and ledger/, such as a checkout of the metrics branch.
    #[arg(long, value_name = "FOLDER")]
    pub(super) folder: Option<PathBuf>,
    /// Configuration file, instead of .github/fivekeys.yml.
    #[arg(long, value_name = "FILE")]
    pub(super) config: Option<PathBuf>,
}
