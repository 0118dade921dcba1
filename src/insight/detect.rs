//! The detectors, one function each.

use super::words::{number, plural};
use super::{Detector, Insight, Level, Sight, batch, cohort, forecast, shift, trend};
use crate::config::FailedAttempts;
use crate::metric::{
    change_fail_rate, deployment_frequency, failed_deployment_recovery_time, silence,
};

/// Every detector.
pub const DETECTORS: &[Detector] = &[
    Detector {
        id: "open_failures",
        title: "Failures that nothing has repaired",
        definition: "A failed deployment of the window has neither a resolved incident nor a remedy.",
        look: open_failures,
    },
    Detector {
        id: "no_failure_evidence",
        title: "Nothing records failures",
        definition: "Deployments exist, and no incident, mark, rollback, revert or hotfix in the whole history.",
        look: no_failure_evidence,
    },
    Detector {
        id: "incident_source_silent",
        title: "Incidents are not recorded any more",
        definition: "Failures were recorded in at least three weeks, none in the window and for 60 days, and the chance of that, had the habit gone on, is below 5 %.",
        look: incident_source_silent,
    },
    Detector {
        id: "failed_attempts",
        title: "Deployments that took no effect",
        definition: "At least one in ten attempts of the window failed before it took effect.",
        look: failed_attempts,
    },
    Detector {
        id: "frequency_trend",
        title: "Deployment frequency over the weeks",
        definition: "Mann–Kendall finds a trend over at least eight whole weeks, p below 0.05.",
        look: frequency_trend,
    },
    Detector {
        id: "promotion_races",
        title: "Rollbacks within the grace period",
        definition: "An earlier version came back within the grace period; shown, not counted.",
        look: promotion_races,
    },
    Detector {
        id: "frequency_shift",
        title: "When deployment frequency changed",
        definition: "Pettitt finds a change of level in the weekly deployments of both windows, at least eleven weeks.",
        look: shift::frequency_shift,
    },
    Detector {
        id: "lead_time_shift",
        title: "When change lead time changed",
        definition: "Pettitt finds a change of level in the weekly medians of both windows, at least eleven weeks.",
        look: shift::lead_time_shift,
    },
    Detector {
        id: "unusual_week",
        title: "Weeks outside natural variation",
        definition: "One of the last four weeks lies outside the XmR limits of twelve to twenty weeks before, two deployments a week or more.",
        look: shift::unusual_weeks,
    },
    Detector {
        id: "deployment_bursts",
        title: "Deployments that come in bursts",
        definition: "Weekly deployments vary more than 1.5 times as much as a constant rate would make them.",
        look: shift::deployment_bursts,
    },
    Detector {
        id: "batch_changes",
        title: "Changes per deployment against failure",
        definition: "The odds of failure grow with each doubling of the changes in a deployment; ten failures or more.",
        look: batch::changes,
    },
    Detector {
        id: "batch_lines",
        title: "Lines per deployment against failure",
        definition: "The odds of failure grow with each doubling of the lines in a deployment; ten failures or more.",
        look: batch::lines,
    },
    Detector {
        id: "ai_lead_time",
        title: "Lead time of changes with the sign of an AI agent",
        definition: "Mann–Whitney finds a difference to those without a sign and the interval of Hodges–Lehmann holds no 0, 30 of each or more over both windows.",
        look: cohort::lead_time,
    },
    Detector {
        id: "ai_fail_rate",
        title: "Failures of deployments with the sign of an AI agent",
        definition: "Mantel–Haenszel over bands of size finds a difference to those without a sign, 100 of each and ten failures or more.",
        look: cohort::failure,
    },
    Detector {
        id: "forecast",
        title: "What the next four weeks will bring",
        definition: "The last eight weeks continued, with the errors that doing so made before, tried five times or more.",
        look: forecast::forecast,
    },
];

fn open_failures(sight: &Sight<'_>) -> Option<Insight> {
    let counted = sight.config.rules.failed_attempts == FailedAttempts::Count;
    let m = failed_deployment_recovery_time::measure(sight.scope, sight.period);
    let open = &m.headline(counted).open;
    (!open.is_empty()).then(|| Insight {
        id: "open_failures",
        level: Level::Alert,
        says: format!(
            "{} not repaired as far as the events tell.",
            plural(
                open.len() as u64,
                "failed deployment is",
                "failed deployments are"
            )
        ),
        because: open.iter().map(|(id, _)| id.clone()).collect(),
        next: Some(
            "Resolve the incident, or name the repair with fivekeys incident resolve --fixed-by."
                .to_owned(),
        ),
        p: None,
    })
}

fn no_failure_evidence(sight: &Sight<'_>) -> Option<Insight> {
    let rate = change_fail_rate::measure(sight.scope, sight.period);
    let counted = sight.config.rules.failed_attempts == FailedAttempts::Count;
    if rate.any_evidence || counted || rate.rate.total == 0 {
        return None;
    }
    let attempts = rate.with_failed_attempts.hits;
    let next = if attempts > 0 {
        "Set failure.failed_attempts: count to let failed attempts stand for failures, or record incidents."
    } else {
        "Record incidents with fivekeys incident open: a fail rate of 0 without a source says nothing."
    };
    Some(Insight {
        id: "no_failure_evidence",
        level: Level::Warn,
        says: "Nothing records failures here: no incident, rollback, revert or hotfix in the whole history.".to_owned(),
        because: Vec::new(),
        next: Some(next.to_owned()),
        p: None,
    })
}

fn incident_source_silent(sight: &Sight<'_>) -> Option<Insight> {
    let found = silence::find(sight.timeline, sight.period)?;
    Some(Insight {
        id: "incident_source_silent",
        level: Level::Warn,
        says: format!(
            "Incidents were recorded in {} different weeks and none since {}: had the habit gone on, the chance of that is {}. A fail rate would only look good.",
            found.weeks,
            found.since.format("%Y-%m-%d"),
            if found.p < 0.001 {
                "below 0.1 %".to_owned()
            } else {
                format!("{:.1} %", found.p * 100.0)
            }
        ),
        because: vec![found.last],
        next: Some(
            "Name the label that incidents have today in incidents.labels, or record them with fivekeys incident open."
                .to_owned(),
        ),
        // The rate is withheld by the same rule, so its reason is always said.
        p: None,
    })
}

fn failed_attempts(sight: &Sight<'_>) -> Option<Insight> {
    let frequency = deployment_frequency::measure(sight.scope, sight.period);
    let tried = frequency.count + frequency.failed_attempts;
    if frequency.failed_attempts * 10 < tried || frequency.failed_attempts < 2 {
        return None;
    }
    let because = sight
        .scope
        .units
        .iter()
        .filter(|u| u.failed_attempt && sight.period.window.contains(u.at))
        .map(|u| sight.timeline.deployments[u.members[0]].id.clone())
        .collect();
    Some(Insight {
        id: "failed_attempts",
        level: Level::Warn,
        says: format!(
            "{} of {tried} took no effect.",
            plural(frequency.failed_attempts, "deployment", "deployments")
        ),
        because,
        next: Some(
            "Look at the step that fails most: a broken pipeline delays every change behind it."
                .to_owned(),
        ),
        p: None,
    })
}

fn frequency_trend(sight: &Sight<'_>) -> Option<Insight> {
    let weeks = sight.recent_weeks();
    let counts: Vec<Option<f64>> = weeks.iter().map(|w| Some(w.deployments as f64)).collect();
    let found = trend::trend(&counts)?;
    let (level, way) = match found.direction {
        trend::Direction::Falling => (Level::Warn, "fewer"),
        trend::Direction::Rising | trend::Direction::None => (Level::Good, "more"),
    };
    Some(Insight {
        id: "frequency_trend",
        level,
        says: format!(
            "Deployments trend: about {} {way} each week over {} weeks (p {:.3}).",
            number(found.slope_per_week.abs()),
            counts.len(),
            found.p
        ),
        because: Vec::new(),
        next: None,
        p: Some(found.p),
    })
}

fn promotion_races(sight: &Sight<'_>) -> Option<Insight> {
    let races: Vec<String> = sight
        .timeline
        .deployments
        .iter()
        .filter(|d| sight.period.window.contains(d.finished_at))
        .filter(|d| d.rollback.is_some_and(|r| r.race))
        .filter(|d| sight.scope.includes(d.service.as_deref()))
        .map(|d| d.id.clone())
        .collect();
    (!races.is_empty()).then(|| Insight {
        id: "promotion_races",
        level: Level::Info,
        says: format!(
            "{} an earlier version within the grace period; that is a race of two promotions, not a rollback.",
            plural(
                races.len() as u64,
                "deployment brought back",
                "deployments brought back"
            )
        ),
        because: races,
        next: Some(
            "Let one deployment finish before the next begins: a concurrency group does it."
                .to_owned(),
        ),
        p: None,
    })
}

#[cfg(test)]
mod tests {
    use super::super::sample::{deployments_a_week, found};
    use super::*;

    #[test]
    fn growth_is_a_trend_and_noise_is_none() {
        let grows: Vec<u64> = (0..26).map(|w| 2 + w / 2).collect();
        let said = found("frequency_trend", &deployments_a_week(&grows)).unwrap();
        assert_eq!(said.level, Level::Good);
        assert!(
            said.says.contains("about 0.5 more each week"),
            "{}",
            said.says
        );
        let shrinks: Vec<u64> = grows.iter().rev().copied().collect();
        let said = found("frequency_trend", &deployments_a_week(&shrinks)).unwrap();
        assert_eq!(said.level, Level::Warn);
        let noise: Vec<u64> = (0..26).map(|w| 5 + w * 7 % 3).collect();
        assert_eq!(found("frequency_trend", &deployments_a_week(&noise)), None);
    }

    #[test]
    fn every_detector_has_its_own_id() {
        let mut ids: Vec<&str> = DETECTORS.iter().map(|d| d.id).collect();
        ids.sort_unstable();
        ids.dedup();
        assert_eq!(ids.len(), DETECTORS.len());
    }
}
