//! Changes with the sign of an AI agent against those without, as the document shows them.

use std::collections::BTreeMap;

use super::measure::quantiles;
use super::outlook::state;
use super::v1::{AiBand, AiCohort, AiCohorts, AiFailRate, AiFailures, AiLeadTime, DeltaState};
use crate::insight::Insight;
use crate::insight::cohort::{Cohort, Cohorts, Odds, Stratum};
use crate::metric::Proportion;

/// `said` are the findings that survived.
pub(super) fn shown(found: &Cohorts, said: &[Insight]) -> AiCohorts {
    let share = Proportion {
        hits: found.signed.changes,
        total: found.signed.changes + found.unsigned.changes,
    };
    let shift = found.lead_time.as_ref().ok();
    let judged = |known: bool, id| {
        if known {
            state(said, id)
        } else {
            DeltaState::TooLittleData
        }
    };
    AiCohorts {
        share: share.ratio(),
        interval95: share.interval95(),
        cohorts: BTreeMap::from([
            ("signed".to_owned(), cohort(&found.signed)),
            ("unsigned".to_owned(), cohort(&found.unsigned)),
        ]),
        lead_time: AiLeadTime {
            state: judged(shift.is_some(), "ai_lead_time"),
            difference_seconds: shift.map(|s| s.seconds),
            interval95_seconds: shift.and_then(|s| s.interval),
            p: shift.map(|s| s.p),
            because: found.lead_time.as_ref().err().cloned(),
        },
        fail_rate: fail_rate(
            &found.failure,
            judged(found.failure.is_ok(), "ai_fail_rate"),
            found.size.name(),
            &found.bands,
        ),
    }
}

fn cohort(of: &Cohort) -> AiCohort {
    AiCohort {
        changes: of.changes,
        median_lines: of.lines.quantile(0.5),
        lead_time: quantiles(&of.lead_times),
        failures: failures(of.failed),
    }
}

fn failures(of: Proportion) -> AiFailures {
    AiFailures {
        deployments: of.total,
        failed: of.hits,
        ratio: of.ratio(),
        interval95: of.interval95(),
    }
}

fn fail_rate(
    found: &Result<Odds, String>,
    state: DeltaState,
    size: &str,
    bands: &[Stratum],
) -> AiFailRate {
    let odds = found.as_ref().ok();
    AiFailRate {
        state,
        difference: odds.map(|o| o.difference),
        difference_interval95: odds.map(|o| o.interval),
        odds_ratio: odds.map(|o| o.ratio),
        interval95: odds.map(|o| o.ratio_interval),
        p: odds.map(|o| o.p),
        size: size.to_owned(),
        bands: bands
            .iter()
            .map(|band| AiBand {
                from: band.from,
                to: band.to,
                signed: failures(band.signed),
                unsigned: failures(band.unsigned),
            })
            .collect(),
        because: found.as_ref().err().cloned(),
    }
}
