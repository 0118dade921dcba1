//! The command line.

use std::path::PathBuf;

use clap::builder::PossibleValuesParser;
use clap::{Args, Parser, Subcommand, ValueEnum};

use crate::render::{DIGESTS, FORMATS};

/// What people type first.
const EXAMPLES: &str = "\
Examples:
  fivekeys report                      the five metrics of this clone
  fivekeys report --compact            the same in five lines
  fivekeys explain change_fail_rate    where a number comes from
  fivekeys incident open 'Checkout is down' --caused-by 3f2a91c

It works offline. What it reads and records is kept in .dora/.";

const REPORT_EXAMPLES: &str = "\
Examples:
  fivekeys report --window 30d --compare
  fivekeys report --since 2026-01-01 --until 2026-04-01 --export q1.csv
  fivekeys report --tags '^deploy-\\d+$'
  fivekeys report --tags '^(?<service>[a-z]+)-v\\d+' --service api
  fivekeys report --from history=history.json --format json
  fivekeys report --open
  fivekeys report --gate
  fivekeys report --from deployments=export.csv --environment prod
  fivekeys report --from cstate=content/issues
  fivekeys report --quarter 2026Q3 --format html > q3.html
  git worktree add ../metrics origin/fivekeys
  fivekeys report --from ledger=../metrics --format openmetrics

Formats: terminal, markdown, html, digest, json, csv, csv-deployments,
csv-changes, csv-incidents, openmetrics, prometheus, otlp, cdevents.

Exit codes: 0 fine, 2 usage or configuration, 3 nothing to measure,
4 a target missed (with --gate), 6 a newer fivekeys wrote the ledger.";

const DIGEST_EXAMPLES: &str = "\
Examples:
  fivekeys digest --to slack | curl --json @- URL
  fivekeys digest --month 2026-09
  fivekeys digest --from ledger=../metrics --to teams

Nothing is sent: what is printed is what the webhook of that place takes.";

const EXPLAIN_EXAMPLES: &str = "\
Examples:
  fivekeys explain                     every figure that can be explained
  fivekeys explain change_lead_time --service api
  fivekeys explain change_lead_time.stages.review.p90
  fivekeys explain MTTR --window 180d --verbose
  fivekeys explain '#417' --format json
  fivekeys explain tag:v1.2.0";

const DEPLOY_EXAMPLES: &str = "\
Examples:
  fivekeys deploy --id build-812 --sha v1.4.0
  fivekeys deploy --service api --status failure --at 2026-03-02T10:15:00Z
  fivekeys deploy --amend build-812 --failed --fixed-by build-815";

const OPEN_EXAMPLES: &str = "\
Examples:
  fivekeys incident open 'Checkout is down' --id pd-4711 --caused-by build-812
  fivekeys incident resolve pd-4711 --fixed-by build-815";

const DOCTOR_EXAMPLES: &str = "\
Examples:
  fivekeys doctor                      this clone, its configuration and ledger
  GITHUB_TOKEN=TOKEN fivekeys doctor       the same, and what GitHub answers
  fivekeys doctor --repair             mend a broken ledger
It reads and tells; only --repair writes. What cannot be read is set aside in
ledger/aside/, word for word, in .dora/ or in a new commit on the branch.
Exit: 0 where nothing fails, 2 where something here does, 5 where GitHub does.";

const COMPACT_EXAMPLES: &str = "\
Examples:
  fivekeys compact --dry-run           how many commits would become one
  GITHUB_TOKEN=TOKEN fivekeys compact --repository acme/shop

It works on GitHub and needs `contents: write`. Whoever writes meanwhile wins,
and it begins again. Other clones fetch the branch anew with `--force`.

Exit codes: 0 fine, 2 usage, or a ledger that must be mended first, 3 no
branch, 5 GitHub said no, 6 a newer fivekeys wrote the ledger.";

/// Software delivery, measured by DORA's five metrics from what you already have.
#[derive(Debug, Parser)]
#[command(name = "fivekeys", version, after_help = EXAMPLES)]
pub(super) struct Cli {
    /// What to do.
    #[command(subcommand)]
    pub(super) command: Command,
}

/// The commands.
#[derive(Debug, Subcommand)]
pub(super) enum Command {
    /// Write .github/fivekeys.yml from what exists, and print the baseline.
    Init(InitArgs),
    /// Measure this clone and print the five metrics.
    #[command(after_help = REPORT_EXAMPLES)]
    Report(ReportArgs),
    /// Print a period in short, for a chat or an issue.
    #[command(after_help = DIGEST_EXAMPLES)]
    Digest(DigestArgs),
    /// Print the metrics week by week, as charts.
    Trend(TrendArgs),
    /// Show how a number or a verdict came about: definition, rules, events.
    #[command(after_help = EXPLAIN_EXAMPLES)]
    Explain(ExplainArgs),
    /// Record a deployment in .dora/, or correct one.
    #[command(after_help = DEPLOY_EXAMPLES)]
    Deploy(DeployArgs),
    /// Record incidents in .dora/.
    #[command(after_help = OPEN_EXAMPLES)]
    Incident {
        /// Which.
        #[command(subcommand)]
        command: IncidentCommand,
    },
    /// Print the Markdown that shows the badges of the metrics branch.
    Badges(BadgesArgs),
    /// Recompute .dora/metrics.json from the ledger and compare.
    Verify(VerifyArgs),
    /// Find what keeps the numbers from being right.
    #[command(after_help = DOCTOR_EXAMPLES)]
    Doctor(DoctorArgs),
    /// Let go of the metrics branch's past; every file stays as it is.
    #[command(after_help = COMPACT_EXAMPLES)]
    Compact(CompactArgs),
    /// Run as a GitHub Action; the container calls it.
    Action,
}

/// What to look at; shared by the commands that measure.
#[derive(Debug, Args, Default, Clone)]
pub(super) struct Scope {
    /// Length of the window up to now, such as 30d or 12w.
    #[arg(long, value_name = "LENGTH", conflicts_with = "since")]
    pub(super) window: Option<String>,
    /// First moment of the window: 2026-03-01, or RFC 3339.
    #[arg(long, value_name = "INSTANT")]
    pub(super) since: Option<String>,
    /// First moment after the window.
    #[arg(long, value_name = "INSTANT")]
    pub(super) until: Option<String>,
    /// A month of the time zone, such as 2026-09.
    #[arg(long, value_name = "MONTH", conflicts_with_all = ["window", "since", "until"])]
    pub(super) month: Option<String>,
    /// A quarter of the time zone, such as 2026Q3.
    #[arg(long, value_name = "QUARTER", conflicts_with_all = ["window", "since", "until", "month"])]
    pub(super) quarter: Option<String>,
    /// What counts as now, such as for open failures.
    #[arg(long, value_name = "INSTANT")]
    pub(super) as_of: Option<String>,
    /// IANA time zone of days and weeks.
    #[arg(long, value_name = "ZONE")]
    pub(super) timezone: Option<String>,
    /// Only this service.
    #[arg(long, value_name = "NAME")]
    pub(super) service: Option<String>,
    /// Which environments are production: globs, by commas.
    #[arg(long, value_name = "GLOBS")]
    pub(super) environment: Option<String>,
    /// Which tags are deployments, as shown below.
    #[arg(long, value_name = "REGEX")]
    pub(super) tags: Option<String>,
    /// tags, merges, or auto: tags when any match.
    #[arg(long, value_enum, hide_possible_values = true)]
    pub(super) source: Option<SourceArg>,
    /// Configuration, instead of .github/fivekeys.yml.
    #[arg(long, value_name = "FILE")]
    pub(super) config: Option<PathBuf>,
    /// Measure files: ledger, history, deployments, cstate.
    #[arg(long, value_name = "ADAPTER=FILE")]
    pub(super) from: Vec<String>,
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
#[expect(
    clippy::struct_excessive_bools,
    reason = "independent switches of the command line"
)]
#[derive(Debug, Args)]
pub(super) struct ReportArgs {
    /// What to look at.
    #[command(flatten)]
    pub(super) scope: Scope,
    /// The format, as below.
    #[arg(
        long,
        default_value = "terminal",
        hide_possible_values = true,
        value_parser = PossibleValuesParser::new(FORMATS.map(|format| format.id)),
    )]
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
    /// Also write it to a .json, .csv, .md, .html or .txt.
    #[arg(long, value_name = "FILE")]
    pub(super) export: Option<PathBuf>,
    /// Open the dashboard page in the browser.
    #[arg(long)]
    pub(super) open: bool,
    /// Exit with 4 when a target is missed with certainty.
    #[arg(long)]
    pub(super) gate: bool,
}

/// `digest`.
#[derive(Debug, Args)]
pub(super) struct DigestArgs {
    /// slack, teams, discord, json.
    #[arg(
        long,
        value_name = "PLACE",
        default_value = "markdown",
        hide_possible_values = true,
        value_parser = PossibleValuesParser::new(DIGESTS.map(|place| place.id)),
    )]
    pub(super) to: String,
    /// The last whole month, instead of the last week.
    #[arg(long, conflicts_with_all = ["window", "since", "until", "month", "quarter"])]
    pub(super) monthly: bool,
    /// What to look at.
    #[command(flatten)]
    pub(super) scope: Scope,
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
    /// A figure or an event, as below; without it: every figure there is.
    pub(super) figure: Option<String>,
    /// terminal, markdown or json.
    #[arg(
        long,
        default_value = "terminal",
        hide_possible_values = true,
        value_parser = ["terminal", "markdown", "json"],
    )]
    pub(super) format: String,
    /// Every event, not only the first twenty.
    #[arg(long)]
    pub(super) verbose: bool,
    /// What to look at.
    #[command(flatten)]
    pub(super) scope: Scope,
}

/// `init`.
#[derive(Debug, Args)]
pub(super) struct InitArgs {
    /// How far back to look, here and in the action.
    #[arg(long, value_name = "LENGTH")]
    pub(super) lookback: Option<String>,
    /// Begin anew: the file, and git. Recorded events stay.
    #[arg(long)]
    pub(super) reset: bool,
}

/// `deploy`.
#[derive(Debug, Args)]
pub(super) struct DeployArgs {
    /// Where it went.
    #[arg(long, value_name = "NAME", default_value = "production")]
    pub(super) environment: String,
    /// Component.
    #[arg(long, value_name = "NAME")]
    pub(super) service: Option<String>,
    /// Commit or version; the clone's HEAD when not given.
    #[arg(long)]
    pub(super) sha: Option<String>,
    /// success, failure or cancelled.
    #[arg(
        long,
        default_value = "success",
        hide_possible_values = true,
        value_parser = ["success", "failure", "cancelled"],
    )]
    pub(super) status: String,
    /// When it finished; now when not given.
    #[arg(long, value_name = "INSTANT")]
    pub(super) at: Option<String>,
    /// When it began.
    #[arg(long, value_name = "INSTANT")]
    pub(super) started: Option<String>,
    /// Your own key: the same key is the same deployment.
    #[arg(long, value_name = "KEY")]
    pub(super) id: Option<String>,
    /// A label such as hotfix; may be given again.
    #[arg(long = "label", value_name = "LABEL")]
    pub(super) labels: Vec<String>,
    /// Correct this one: with --failed or --not-failed.
    #[arg(long, value_name = "ID", conflicts_with_all = ["sha", "started", "id", "service"])]
    pub(super) amend: Option<String>,
    /// With --amend: it failed.
    #[arg(long, requires = "amend", conflicts_with = "not_failed")]
    pub(super) failed: bool,
    /// With --amend: it did not fail.
    #[arg(long, requires = "amend")]
    pub(super) not_failed: bool,
    /// With --amend --failed: what repaired it.
    #[arg(long, value_name = "ID", requires = "failed")]
    pub(super) fixed_by: Option<String>,
}

/// `incident …`.
#[derive(Debug, Subcommand)]
pub(super) enum IncidentCommand {
    /// Open an incident; prints its id.
    #[command(after_help = OPEN_EXAMPLES)]
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
    #[arg(long, value_name = "KEY")]
    pub(super) id: Option<String>,
    /// When users were first affected; now when not given.
    #[arg(long, value_name = "INSTANT")]
    pub(super) at: Option<String>,
    /// The service it hurts.
    #[arg(long, value_name = "NAME")]
    pub(super) service: Option<String>,
    /// A deployment, a commit, or #N for a pull request.
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

/// `doctor`.
#[derive(Debug, Args)]
pub(super) struct DoctorArgs {
    /// Mend a ledger that cannot be read.
    #[arg(long)]
    pub(super) repair: bool,
    /// Such as acme/shop; else that of the clone.
    #[arg(long, value_name = "OWNER/NAME")]
    pub(super) repository: Option<String>,
    /// Branch of the ledger.
    #[arg(long, value_name = "NAME", default_value = "fivekeys")]
    pub(super) branch: String,
    /// Do not ask GitHub, even with a token.
    #[arg(long)]
    pub(super) offline: bool,
    /// Configuration, instead of .github/fivekeys.yml.
    #[arg(long, value_name = "FILE")]
    pub(super) config: Option<PathBuf>,
    /// For people or for programs.
    #[arg(long, value_name = "FORMAT", value_enum, default_value = "terminal")]
    pub(super) format: DoctorFormat,
}

/// How `doctor` answers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(super) enum DoctorFormat {
    /// Lines for people.
    Terminal,
    /// One document.
    Json,
}

/// `badges`.
#[derive(Debug, Args)]
pub(super) struct BadgesArgs {
    /// Such as acme/shop; else that of the clone.
    #[arg(long, value_name = "OWNER/NAME")]
    pub(super) repository: Option<String>,
    /// Branch of the ledger.
    #[arg(long, value_name = "NAME", default_value = "fivekeys")]
    pub(super) branch: String,
}

/// `compact`.
#[derive(Debug, Args)]
pub(super) struct CompactArgs {
    /// Say what would be done; send nothing.
    #[arg(long)]
    pub(super) dry_run: bool,
    /// Such as acme/shop; else that of the clone.
    #[arg(long, value_name = "OWNER/NAME")]
    pub(super) repository: Option<String>,
    /// Branch of the ledger.
    #[arg(long, value_name = "NAME", default_value = "fivekeys")]
    pub(super) branch: String,
}

/// `verify`.
#[derive(Debug, Args)]
pub(super) struct VerifyArgs {
    /// Such as a checkout of the metrics branch; else .dora.
    #[arg(long, value_name = "FOLDER")]
    pub(super) folder: Option<PathBuf>,
    /// Configuration file, instead of .github/fivekeys.yml.
    #[arg(long, value_name = "FILE")]
    pub(super) config: Option<PathBuf>,
}
