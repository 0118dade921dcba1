//! The place in the industry, the bottleneck and the recommendation as the document shows them.

use std::collections::BTreeMap;

use super::v1::{self, Metrics};
use crate::config::Edition;
use crate::insight::Sight;
use crate::insight::bottleneck::Bottleneck;
use crate::insight::position::{self, Position};
use crate::insight::recommend::Recommendation;
use crate::metric::{METRICS, Unit, deployment_frequency};

/// The place of every metric that has one; none at all without benchmarks.
pub(super) fn position(sight: &Sight<'_>, metrics: &Metrics) -> BTreeMap<String, v1::Position> {
    if sight.config.benchmark == Edition::None {
        return BTreeMap::new();
    }
    // Without any evidence of failure a rate of 0 is no score of 10.
    let blind = metrics.change_fail_rate.reason.as_deref() == Some("no_incident_source");
    METRICS
        .iter()
        .filter_map(|metric| {
            let headline = super::headline(metric.id, metrics)?;
            let found = match metric.unit {
                Unit::Seconds => {
                    position::of_time(metric.id, headline.value?, headline.interval95, headline.n)
                }
                Unit::Ratio if blind => None,
                Unit::Ratio => {
                    position::of_share(metric.id, headline.value?, headline.interval95, headline.n)
                }
                Unit::PerDay => {
                    let measured = deployment_frequency::measure(sight.scope, sight.period);
                    position::of_frequency(&measured, sight.scope, sight.period)
                }
            };
            Some((metric.id.to_owned(), place(&found?)))
        })
        .collect()
}

fn place(found: &Position) -> v1::Position {
    v1::Position {
        edition: found.edition.to_owned(),
        score: found.score,
        range: found.range,
        answer: found.answer.map(str::to_owned),
        industry_mean: found.mean,
        spread: found.spread,
        z: found.z,
        source: found.source.to_owned(),
    }
}

pub(super) fn bottleneck(found: Bottleneck) -> v1::Bottleneck {
    let Bottleneck { stage, prize } = found;
    v1::Bottleneck {
        stage: stage.to_owned(),
        share: prize.share,
        n: prize.n,
        median_seconds: prize.median,
        p25_seconds: prize.p25,
        lead_time_seconds: prize.lead_now,
        lead_time_then_seconds: prize.lead_then,
        because: prize.longest,
    }
}

pub(super) fn recommendation(found: &Recommendation) -> v1::Recommendation {
    v1::Recommendation {
        id: found.id.to_owned(),
        says: found.says.clone(),
        steps: found.steps.clone(),
        because: found.because.clone(),
        prize: found.gain.map(|gain| v1::Prize {
            metric: gain.metric.to_owned(),
            unit: match crate::metric::find(gain.metric).map(|m| m.unit) {
                Some(Unit::Ratio) => "ratio",
                Some(Unit::Seconds | Unit::PerDay) | None => "seconds",
            }
            .to_owned(),
            now: gain.now,
            then: gain.then,
        }),
        capability: found.capability.to_owned(),
        url: found.url.to_owned(),
        evidence: found.evidence.to_owned(),
        source: found.source.to_owned(),
        leading: v1::Leading {
            name: found.leading.to_owned(),
            unit: found.indicator.unit.to_owned(),
            value: found.indicator.value,
        },
    }
}
