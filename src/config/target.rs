//! What the team has promised: targets such as `change_lead_time.p50 <= 1d by 2027-03-31`, and guardrails.

use chrono::{Datelike, NaiveDate};

use super::parse_seconds;
use super::shape::suggest;

/// Most targets, and most guardrails, of one configuration: each is measured anew.
pub const MOST_PROMISES: usize = 50;
const LONGEST: usize = 300;
const PERCENTILES: [u8; 5] = [50, 75, 90, 95, 99];

/// What can be promised.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Measure {
    /// Deployments a day.
    DeploymentFrequency,
    /// First commit to production.
    ChangeLeadTime,
    /// Pull request opened to production.
    PrCreatedToDeploy,
    /// Merged to production.
    MergeToDeploy,
    /// Failed deployment to its repair.
    FailedDeploymentRecoveryTime,
    /// Share of deployments that failed.
    ChangeFailRate,
    /// Share of deployments that were repairs.
    DeploymentReworkRate,
}

/// What a measure is counted in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Quantity {
    /// Deployments a day.
    PerDay,
    /// Seconds.
    Seconds,
    /// A share, 0 to 1.
    Share,
}

impl Quantity {
    /// The word in reports.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::PerDay => "per_day",
            Self::Seconds => "seconds",
            Self::Share => "ratio",
        }
    }
}

/// A measure, the name it is written by, and older names.
type Named = (Measure, &'static str, &'static [&'static str]);

const MEASURES: [Named; 7] = [
    (
        Measure::ChangeLeadTime,
        "change_lead_time",
        &["lead_time", "lt"],
    ),
    (
        Measure::DeploymentFrequency,
        "deployment_frequency",
        &["frequency", "df"],
    ),
    (
        Measure::FailedDeploymentRecoveryTime,
        "failed_deployment_recovery_time",
        &["recovery_time", "recovery", "mttr", "fdrt"],
    ),
    (
        Measure::ChangeFailRate,
        "change_fail_rate",
        &["change_failure_rate", "fail_rate", "cfr"],
    ),
    (
        Measure::DeploymentReworkRate,
        "deployment_rework_rate",
        &["rework_rate", "rework", "rw"],
    ),
    (Measure::PrCreatedToDeploy, "pr_created_to_deploy", &[]),
    (Measure::MergeToDeploy, "merge_to_deploy", &[]),
];

impl Measure {
    /// As written in configuration and report.
    #[must_use]
    pub fn name(self) -> &'static str {
        MEASURES
            .iter()
            .find(|(measure, ..)| *measure == self)
            .map_or("", |(_, name, _)| *name)
    }

    /// What it is counted in.
    #[must_use]
    pub fn quantity(self) -> Quantity {
        match self {
            Self::DeploymentFrequency => Quantity::PerDay,
            Self::ChangeLeadTime
            | Self::PrCreatedToDeploy
            | Self::MergeToDeploy
            | Self::FailedDeploymentRecoveryTime => Quantity::Seconds,
            Self::ChangeFailRate | Self::DeploymentReworkRate => Quantity::Share,
        }
    }

    fn find(name: &str) -> Option<Self> {
        let name = name.trim().to_ascii_lowercase().replace('-', "_");
        MEASURES
            .iter()
            .find(|(_, own, aliases)| *own == name || aliases.contains(&name.as_str()))
            .map(|(measure, ..)| *measure)
    }

    /// One of the five, which are compared with the window before.
    fn is_compared(self) -> bool {
        !matches!(self, Self::PrCreatedToDeploy | Self::MergeToDeploy)
    }
}

/// On which side of the limit a value must lie.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Bound {
    /// `<=`
    AtMost,
    /// `<`
    Below,
    /// `>=`
    AtLeast,
    /// `>`
    Above,
}

impl Bound {
    /// As written.
    #[must_use]
    pub fn sign(self) -> &'static str {
        match self {
            Self::AtMost => "<=",
            Self::Below => "<",
            Self::AtLeast => ">=",
            Self::Above => ">",
        }
    }

    /// Whether the limit lies above the values that keep it.
    #[must_use]
    pub fn is_ceiling(self) -> bool {
        matches!(self, Self::AtMost | Self::Below)
    }

    /// Whether a value keeps the limit.
    #[must_use]
    pub fn holds(self, limit: f64, value: f64) -> bool {
        match self {
            Self::AtMost => value <= limit,
            Self::Below => value < limit,
            Self::AtLeast => value >= limit,
            Self::Above => value > limit,
        }
    }
}

/// An outcome that was promised.
#[derive(Debug, Clone, PartialEq)]
pub struct Target {
    /// As written.
    pub written: String,
    /// Of one service; `None`: of all together.
    pub service: Option<String>,
    /// What is measured.
    pub measure: Measure,
    /// Which percentile of a duration; 50 for the other quantities too.
    pub percentile: u8,
    /// On which side of the limit.
    pub bound: Bound,
    /// In the measure's quantity.
    pub limit: f64,
    /// The day by whose end it must hold; `None`: always.
    pub by: Option<NaiveDate>,
}

/// A metric that moves one way.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Movement {
    /// Of one service; `None`: of all together.
    pub service: Option<String>,
    /// One of the five metrics.
    pub measure: Measure,
    /// Upwards, else downwards.
    pub rises: bool,
}

/// What must not get worse.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Guardrail {
    /// As written.
    pub written: String,
    /// What must not happen.
    pub never: Movement,
    /// Only while this happens; `None`: ever.
    pub during: Option<Movement>,
}

/// A promise that cannot be read.
#[derive(Debug, Clone, thiserror::Error, PartialEq, Eq)]
#[error("{what}, at character {column} of `{written}`")]
pub struct TargetError {
    /// The promise, cut where it is very long.
    pub written: String,
    /// First character of what is wrong, from 1.
    pub column: usize,
    /// What is wrong.
    pub what: String,
    /// A near match, or the form that is expected.
    pub help: Option<String>,
}

/// One promise while it is read.
struct Reader<'t> {
    text: &'t str,
}

impl<'t> Reader<'t> {
    /// `part` is a part of the text.
    fn fail(&self, part: &str, what: String, help: Option<String>) -> TargetError {
        let offset = part
            .as_ptr()
            .addr()
            .saturating_sub(self.text.as_ptr().addr());
        let before = self.text.get(..offset).unwrap_or("");
        TargetError {
            written: self.text.chars().take(LONGEST).collect(),
            column: before.chars().count() + 1,
            what,
            help,
        }
    }

    fn check_length(&self) -> Result<(), TargetError> {
        if self.text.chars().count() > LONGEST {
            let what = format!("longer than {LONGEST} characters");
            return Err(self.fail(self.text, what, None));
        }
        Ok(())
    }

    /// `services.api.change_lead_time.p90`: service, measure and percentile.
    fn subject(
        &self,
        written: &'t str,
    ) -> Result<(Option<String>, Measure, Option<u8>), TargetError> {
        let mut rest = written.trim();
        let percentile = self.percentile(&mut rest)?;
        let service = match rest.strip_prefix("services.") {
            None => None,
            Some(inner) => {
                let Some((name, metric)) = inner.rsplit_once('.') else {
                    let help = "write services.api.change_lead_time".to_owned();
                    let what = "a service and its metric are expected".to_owned();
                    return Err(self.fail(rest, what, Some(help)));
                };
                rest = metric;
                Some(name.trim().to_owned())
            }
        };
        let Some(measure) = Measure::find(rest) else {
            let names: Vec<&str> = MEASURES.iter().map(|(_, name, _)| *name).collect();
            let help = suggest(rest, &names);
            return Err(self.fail(rest, format!("there is no metric `{rest}`"), Some(help)));
        };
        if percentile.is_some() && measure.quantity() != Quantity::Seconds {
            let what = format!("`{}` has no percentiles", measure.name());
            return Err(self.fail(rest, what, None));
        }
        Ok((service, measure, percentile))
    }

    /// Takes a percentile off the end.
    fn percentile(&self, rest: &mut &'t str) -> Result<Option<u8>, TargetError> {
        let Some((head, last)) = rest.rsplit_once('.') else {
            return Ok(None);
        };
        let digits = match last.trim() {
            "median" => "50",
            last => match last.strip_prefix('p') {
                Some(digits)
                    if !digits.is_empty() && digits.chars().all(|c| c.is_ascii_digit()) =>
                {
                    digits
                }
                _ => return Ok(None),
            },
        };
        let known = digits.parse().ok().filter(|p| PERCENTILES.contains(p));
        let Some(percentile) = known else {
            let help = "use p50, p75, p90, p95 or p99".to_owned();
            let what = format!("`{last}` is not a percentile that is measured");
            return Err(self.fail(last, what, Some(help)));
        };
        *rest = head;
        Ok(Some(percentile))
    }

    fn limit(&self, written: &'t str, measure: Measure) -> Result<f64, TargetError> {
        let text = written.trim();
        let (found, example) = match measure.quantity() {
            Quantity::PerDay => (rate(text), "8/day, 3/week or 1/month"),
            Quantity::Seconds => (parse_seconds(text).ok().map(|s| s as f64), "5m, 2.5h or 1d"),
            Quantity::Share => (share(text), "2% or 0.02"),
        };
        found.ok_or_else(|| {
            let what = format!(
                "`{}` is no limit of `{}`",
                text.chars().take(40).collect::<String>(),
                measure.name()
            );
            self.fail(text, what, Some(format!("write it as {example}")))
        })
    }

    fn day(&self, written: &'t str) -> Result<NaiveDate, TargetError> {
        let text = written.trim();
        NaiveDate::parse_from_str(text, "%Y-%m-%d")
            .ok()
            .filter(|day| (1970..2200).contains(&day.year()))
            .ok_or_else(|| {
                let what = format!("`{text}` is not a day such as 2027-03-31");
                self.fail(text, what, None)
            })
    }

    /// `SUBJECT` and a verb, for guardrails.
    fn movement(
        &self,
        subject: &'t str,
        verb: &'t str,
        rising: &str,
        falling: &str,
    ) -> Result<Movement, TargetError> {
        let (service, measure, percentile) = self.subject(subject)?;
        if percentile.is_some() || !measure.is_compared() {
            let what = "a guardrail watches one of the five metrics as a whole".to_owned();
            return Err(self.fail(subject.trim(), what, None));
        }
        let rises = match verb.trim() {
            word if word == rising => true,
            word if word == falling => false,
            word => {
                let what = format!("`{word}` is neither `{rising}` nor `{falling}`");
                return Err(self.fail(verb.trim(), what, None));
            }
        };
        Ok(Movement {
            service,
            measure,
            rises,
        })
    }
}

/// Reads `METRIC <= LIMIT by DAY`; the day may be missing.
///
/// The metric may carry a percentile (`change_lead_time.p90`) and a service (`services.api.change_lead_time`).
/// Limits are `8/day`, `2.5h` or `2%`, as the metric is counted.
///
/// # Errors
/// With the place in the text and a near match, when a part cannot be read or does not fit the metric.
pub fn parse_target(text: &str) -> Result<Target, TargetError> {
    const FORM: &str = "write a target as change_lead_time.p50 <= 1d by 2027-03-31";
    let reader = Reader { text };
    reader.check_length()?;
    let Some(at) = text.find(['<', '>', '≤', '≥', '=']) else {
        let what = "there is no <= or >=".to_owned();
        return Err(reader.fail(text, what, Some(FORM.to_owned())));
    };
    let (left, right) = text.split_at(at);
    let signs: [(&str, Bound); 6] = [
        ("<=", Bound::AtMost),
        (">=", Bound::AtLeast),
        ("≤", Bound::AtMost),
        ("≥", Bound::AtLeast),
        ("<", Bound::Below),
        (">", Bound::Above),
    ];
    let sign = signs
        .into_iter()
        .find_map(|(sign, bound)| Some((bound, right.strip_prefix(sign)?)));
    let Some((bound, right)) = sign else {
        let what = "`=` is neither <= nor >=".to_owned();
        return Err(reader.fail(right, what, Some(FORM.to_owned())));
    };
    let (service, measure, percentile) = reader.subject(left)?;
    let (limit, by) = match right.rsplit_once(" by ") {
        Some((limit, day)) => (limit, Some(reader.day(day)?)),
        None => (right, None),
    };
    Ok(Target {
        written: text.to_owned(),
        service,
        measure,
        percentile: percentile.unwrap_or(50),
        bound,
        limit: reader.limit(limit, measure)?,
        by,
    })
}

/// Reads `METRIC must not rise while METRIC rises`; the condition may be missing, and both verbs may be of falling.
///
/// # Errors
/// As [`parse_target`].
pub fn parse_guardrail(text: &str) -> Result<Guardrail, TargetError> {
    const FORM: &str =
        "write a guardrail as change_fail_rate must not rise while deployment_frequency rises";
    let reader = Reader { text };
    reader.check_length()?;
    let Some((subject, rest)) = text.split_once(" must not ") else {
        let what = "there is no `must not`".to_owned();
        return Err(reader.fail(text, what, Some(FORM.to_owned())));
    };
    let (verb, condition) = match rest.split_once(" while ") {
        Some((verb, condition)) => (verb, Some(condition)),
        None => (rest, None),
    };
    let never = reader.movement(subject, verb, "rise", "fall")?;
    let during = match condition.map(|c| (c, c.trim_end().rsplit_once(' '))) {
        None => None,
        Some((_, Some((subject, verb)))) => Some(reader.movement(subject, verb, "rises", "falls")?),
        Some((condition, None)) => {
            let what = "a metric and `rises` or `falls` are expected".to_owned();
            return Err(reader.fail(condition, what, Some(FORM.to_owned())));
        }
    };
    Ok(Guardrail {
        written: text.to_owned(),
        never,
        during,
    })
}

/// Deployments a day: `8/day`, `8 per day`, `3 a week`.
fn rate(text: &str) -> Option<f64> {
    let end = text.find(|c: char| !c.is_ascii_digit() && c != '.')?;
    let (number, rest) = text.split_at(end);
    let rest = rest.trim_start();
    let unit = rest
        .strip_prefix('/')
        .or_else(|| rest.strip_prefix("per "))
        .or_else(|| rest.strip_prefix("a "))?;
    let days = match unit.trim() {
        "hour" => 1.0 / 24.0,
        "day" | "d" => 1.0,
        "week" | "w" => 7.0,
        "month" => 30.4375,
        _ => return None,
    };
    let number: f64 = number.parse().ok()?;
    (number.is_finite() && number < 1e9).then_some(number / days)
}

/// `2%`, `2 %` or `0.02`.
fn share(text: &str) -> Option<f64> {
    let value: f64 = match text.strip_suffix('%') {
        Some(percent) => percent.trim().parse::<f64>().ok()? / 100.0,
        None => text.parse().ok()?,
    };
    (0.0..=1.0).contains(&value).then_some(value)
}

#[cfg(test)]
mod tests {
    #![expect(clippy::float_cmp, reason = "exact by construction")]

    use super::*;

    fn target(text: &str) -> Target {
        parse_target(text).unwrap()
    }

    #[test]
    fn the_forms_people_write_are_read() {
        let a = target("deployment_frequency >= 8/day by 2027-03-31");
        assert_eq!((a.measure, a.limit), (Measure::DeploymentFrequency, 8.0));
        assert_eq!(a.by, NaiveDate::from_ymd_opt(2027, 3, 31));
        let b = target("change_lead_time.p90 <= 2.5h");
        assert_eq!((b.percentile, b.limit, b.by), (90, 9000.0, None));
        let c = target("services.api.v2.change-lead-time.median<1d");
        assert_eq!(c.service.as_deref(), Some("api.v2"));
        assert_eq!((c.bound, c.percentile), (Bound::Below, 50));
        assert_eq!(target("CFR <= 2 %").limit, 0.02);
        assert_eq!(target("MTTR ≤ 5m").limit, 300.0);
        assert_eq!(target("df > 3 per week").limit, 3.0 / 7.0);
        assert_eq!(
            target("pr_created_to_deploy <= 1d").measure,
            Measure::PrCreatedToDeploy
        );
    }

    #[test]
    fn a_mistake_is_named_with_its_place_and_a_near_match() {
        for (text, column, what, help) in [
            (
                "change_led_time <= 1d",
                1,
                "no metric `change_led_time`",
                "`change_lead_time`",
            ),
            ("services.api.cfr.p50 <= 1%", 14, "has no percentiles", ""),
            (
                "change_lead_time.p42 <= 1d",
                18,
                "`p42` is not a percentile",
                "p90",
            ),
            ("change_fail_rate <= 5m", 21, "`5m` is no limit", "2%"),
            ("change_fail_rate <= 5", 21, "`5` is no limit", "0.02"),
            ("change_lead_time <= 2%", 21, "`2%` is no limit", "2.5h"),
            ("deployment_frequency >= 8", 25, "`8` is no limit", "8/day"),
            ("change_lead_time 1d", 1, "no <= or >=", "by 2027-03-31"),
            ("change_lead_time = 1d", 18, "neither", "by 2027-03-31"),
            ("mttr <= 1h by soon", 15, "`soon` is not a day", ""),
            ("services.api <= 1h", 1, "a service and its metric", "api"),
        ] {
            let error = parse_target(text).unwrap_err();
            assert_eq!(error.column, column, "{error}");
            assert!(error.what.contains(what), "{text}: {error}");
            assert!(
                error.help.as_deref().unwrap_or("").contains(help),
                "{text}: {:?}",
                error.help
            );
        }
        let long = parse_target(&"é".repeat(4000)).unwrap_err();
        assert!(long.written.chars().count() <= LONGEST);
    }

    #[test]
    fn guardrails_say_what_must_not_happen_and_when() {
        let both = parse_guardrail("cfr must not rise while deployment_frequency rises").unwrap();
        assert_eq!(both.never.measure, Measure::ChangeFailRate);
        assert!(both.never.rises && both.during.unwrap().rises);
        let one = parse_guardrail("services.api.df must not fall").unwrap();
        assert_eq!(one.never.service.as_deref(), Some("api"));
        assert!(!one.never.rises && one.during.is_none());
        for (text, what) in [
            ("cfr must rise", "no `must not`"),
            ("cfr must not explode", "`explode` is neither"),
            ("cfr must not rise while df", "are expected"),
            ("cfr must not rise while df rise", "`rise` is neither"),
            ("lead_time.p90 must not rise", "as a whole"),
            ("merge_to_deploy must not rise", "as a whole"),
        ] {
            let error = parse_guardrail(text).unwrap_err().to_string();
            assert!(error.contains(what), "{text}: {error}");
        }
    }
}
