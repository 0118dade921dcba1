//! The weekly series of one metric, and the small line of blocks drawn from it.

use crate::report::v1::{Point, Series};

/// A week without a value; not the dot that parts words, so that ASCII can tell them apart.
const GAP: char = '⋅';

const BLOCKS: [char; 8] = ['▁', '▂', '▃', '▄', '▅', '▆', '▇', '█'];

/// One metric's value in one point; none where it has none.
#[must_use]
pub(crate) fn value_of(metric: &str, point: &Point) -> Option<f64> {
    let share = |part: u64| (point.deployments > 0).then(|| part as f64 / point.deployments as f64);
    match metric {
        "deployment_frequency" => Some(point.deployments as f64),
        "change_lead_time" => point.lead_time_median_seconds,
        "failed_deployment_recovery_time" => point.recovery_median_seconds,
        "change_fail_rate" => share(point.failed),
        "deployment_rework_rate" => share(point.rework),
        _ => None,
    }
}

/// The last `count` whole weeks; cut weeks would look like a fall.
#[must_use]
pub(crate) fn whole_weeks(series: &Series, count: usize) -> Vec<&Point> {
    let whole: Vec<&Point> = series.weekly.iter().filter(|p| !p.partial).collect();
    whole[whole.len().saturating_sub(count)..].to_vec()
}

/// A sparkline from nought to the largest value, a dot where there is none; empty below two values.
#[must_use]
pub(crate) fn sparkline(metric: &str, series: &Series, count: usize) -> String {
    let values: Vec<Option<f64>> = whole_weeks(series, count)
        .into_iter()
        .map(|point| value_of(metric, point))
        .collect();
    if values.iter().flatten().count() < 2 {
        return String::new();
    }
    let top = values.iter().flatten().copied().fold(0.0, f64::max);
    values
        .into_iter()
        .map(|value| value.map_or(GAP, |v| block(v, top)))
        .collect()
}

fn block(value: f64, top: f64) -> char {
    let last = BLOCKS.len() - 1;
    let share = if top > 0.0 { value / top } else { 0.0 };
    // The first level that reaches the share; comparing needs no cast.
    BLOCKS
        .iter()
        .enumerate()
        .find(|(level, _)| (*level as f64 + 0.5) / last as f64 >= share)
        .map_or(BLOCKS[last], |(_, block)| *block)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::render::fixture;

    #[test]
    fn heights_follow_values_and_gaps_stay_visible() {
        let mut series = fixture::shop().overall.series;
        assert_eq!(
            sparkline("change_lead_time", &series, 26).chars().count(),
            12
        );
        for (index, point) in series.weekly.iter_mut().enumerate() {
            point.deployments = if index == 3 { 14 } else { 0 };
            point.lead_time_median_seconds = None;
            point.partial = false;
        }
        assert_eq!(
            sparkline("deployment_frequency", &series, 4)
                .chars()
                .count(),
            4
        );
        assert!(sparkline("deployment_frequency", &series, 26).starts_with("▁▁▁█▁"));
        assert_eq!(sparkline("change_lead_time", &series, 26), "");
        assert_eq!(sparkline("change_fail_rate", &series, 26), "");
    }
}
