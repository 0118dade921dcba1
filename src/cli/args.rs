//! The command line.

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand, ValueEnum};

/// Software delivery, measured by DORA's five metrics from what you already have.
#[derive(Debug, Parser)]
#[command(name = "fivekeys", version, about, max_term_width = 100)]
pub struct Cli {
    /// What to do.
    #[command(subcommand)]
    pub command: Command,
}

/// The commands.
#[derive(Debug, Subcommand)]
pub enum Command {
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
pub struct Scope {
    /// Length of the window up to now, such as 30d or 12w.
    #[arg(long, value_name = "LENGTH", conflicts_with = "since")]
    pub window: Option<String>,
    /// First moment of the window: a date or an RFC 3339 instant.
    #[arg(long, value_name = "INSTANT")]
    pub since: Option<String>,
    /// First moment after the window.
    #[arg(long, value_name = "INSTANT")]
    pub until: Option<String>,
    /// The moment that open failures age to, instead of now.
    #[arg(long, value_name = "INSTANT")]
    pub as_of: Option<String>,
    /// IANA time zone of days and weeks.
    #[arg(long, value_name = "ZONE")]
    pub timezone: Option<String>,
    /// Only this service.
    #[arg(long, value_name = "NAME")]
    pub service: Option<String>,
    /// Environments that are production, as comma-separated globs.
    #[arg(long, value_name = "GLOBS")]
    pub environment: Option<String>,
    /// Which tags are deployments, as a regular expression; a group `service` names the component.
    #[arg(long, value_name = "REGEX")]
    pub tags: Option<String>,
    /// Where deployments are read from in a clone.
    #[arg(long, value_enum)]
    pub source: Option<SourceArg>,
    /// Configuration file, instead of .github/fivekeys.yml.
    #[arg(long, value_name = "FILE")]
    pub config: Option<PathBuf>,
    /// Measure a file instead of this clone: history=FILE.
    #[arg(long, value_name = "ADAPTER=FILE")]
    pub from: Option<String>,
}

/// Sources in a clone.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum SourceArg {
    /// Tags when any match, else merges.
    Auto,
    /// Tags.
    Tags,
    /// First-parent commits of the default branch.
    Merges,
}

/// `report`.
#[derive(Debug, Args)]
pub struct ReportArgs {
    /// What to look at.
    #[command(flatten)]
    pub scope: Scope,
    /// How to print it.
    #[arg(long, default_value = "terminal", value_parser = ["terminal", "markdown", "json", "csv"])]
    pub format: String,
    /// Five lines.
    #[arg(long, conflicts_with = "verbose")]
    pub compact: bool,
    /// Percentiles, services, exclusions.
    #[arg(long)]
    pub verbose: bool,
    /// This window and the one before, side by side.
    #[arg(long)]
    pub compare: bool,
    /// Also write the report here; the ending chooses the format: .json, .csv, .md, .html or .txt.
    #[arg(long, value_name = "FILE")]
    pub export: Option<PathBuf>,
}

/// `trend`.
#[derive(Debug, Args)]
pub struct TrendArgs {
    /// What to look at.
    #[command(flatten)]
    pub scope: Scope,
}

/// `explain`.
#[derive(Debug, Args)]
pub struct ExplainArgs {
    /// A metric, by its name or an older one: change_lead_time, deployment_frequency,
    /// failed_deployment_recovery_time, change_fail_rate, deployment_rework_rate.
    pub metric: String,
    /// Every event instead of the first twenty.
    #[arg(long)]
    pub verbose: bool,
    /// What to look at.
    #[command(flatten)]
    pub scope: Scope,
}

/// `init`.
#[derive(Debug, Args)]
pub struct InitArgs {
    /// How far back to look.
    #[arg(long, default_value = "90d", value_name = "LENGTH")]
    pub lookback: String,
    /// Write the configuration anew and forget what git can tell again; what people recorded stays.
    #[arg(long)]
    pub reset: bool,
}

/// `deploy`.
#[derive(Debug, Args)]
pub struct DeployArgs {
    /// Environment.
    #[arg(long, default_value = "production")]
    pub environment: String,
    /// Component.
    #[arg(long)]
    pub service: Option<String>,
    /// Commit or version; the clone's HEAD when not given.
    #[arg(long)]
    pub sha: Option<String>,
    /// How it ended: success, failure, cancelled.
    #[arg(long, default_value = "success", value_parser = ["success", "failure", "cancelled"])]
    pub status: String,
    /// When it finished; now when not given.
    #[arg(long, value_name = "INSTANT")]
    pub at: Option<String>,
    /// When it began.
    #[arg(long, value_name = "INSTANT")]
    pub started: Option<String>,
    /// Your own key: the same key is the same deployment.
    #[arg(long)]
    pub id: Option<String>,
    /// Labels, such as hotfix.
    #[arg(long = "label")]
    pub labels: Vec<String>,
    /// Correct this deployment instead of recording one: say --failed or --not-failed.
    #[arg(long, value_name = "ID", conflicts_with_all = ["sha", "started", "id", "service"])]
    pub amend: Option<String>,
    /// With --amend: it failed.
    #[arg(long, requires = "amend", conflicts_with = "not_failed")]
    pub failed: bool,
    /// With --amend: it did not fail.
    #[arg(long, requires = "amend")]
    pub not_failed: bool,
    /// With --amend --failed: the deployment that repaired it.
    #[arg(long, value_name = "ID", requires = "failed")]
    pub fixed_by: Option<String>,
}

/// `incident …`.
#[derive(Debug, Subcommand)]
pub enum IncidentCommand {
    /// Open an incident; prints its id.
    Open(IncidentOpenArgs),
    /// Resolve an incident.
    Resolve(IncidentResolveArgs),
    /// List incidents.
    List,
}

/// `incident open`.
#[derive(Debug, Args)]
pub struct IncidentOpenArgs {
    /// What happened.
    pub title: Option<String>,
    /// Your own key: the same key is the same incident.
    #[arg(long)]
    pub id: Option<String>,
    /// When users were first affected; now when not given.
    #[arg(long, value_name = "INSTANT")]
    pub at: Option<String>,
    /// The service it hurts.
    #[arg(long)]
    pub service: Option<String>,
    /// What caused it: a deployment's id, a commit, or #N for a pull request.
    #[arg(long = "caused-by", value_name = "CAUSE")]
    pub caused_by: Vec<String>,
}

/// `incident resolve`.
#[derive(Debug, Args)]
pub struct IncidentResolveArgs {
    /// Its id.
    pub id: String,
    /// When users were well again; now when not given.
    #[arg(long, value_name = "INSTANT")]
    pub at: Option<String>,
    /// The deployment that repaired it.
    #[arg(long, value_name = "ID")]
    pub fixed_by: Option<String>,
}

/// `verify`.
#[derive(Debug, Args)]
pub struct VerifyArgs {
    /// Folder with metrics.json and ledger/, such as a checkout of the metrics branch.
    #[arg(long, value_name = "FOLDER")]
    pub folder: Option<PathBuf>,
    /// Configuration file, instead of .github/fivekeys.yml.
    #[arg(long, value_name = "FILE")]
    pub config: Option<PathBuf>,
}
