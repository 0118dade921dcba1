//! Charts without a canvas: scales with round ticks, and what charts of the five metrics are called.

use super::humanize;
use crate::report::{Metric, Unit};

/// An axis from nought to a round number.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Scale {
    pub(crate) top: f64,
    pub(crate) step: f64,
    unit: Unit,
    /// One unit an axis: what its labels are divided by.
    size: f64,
}

impl Scale {
    /// The axis that holds `max` in three to five steps.
    #[must_use]
    pub(crate) fn holding(unit: Unit, max: f64) -> Self {
        let size = match unit {
            Unit::PerDay => 1.0,
            Unit::Ratio => 0.01,
            Unit::Seconds => unit_size(max),
        };
        let max = (max / size).max(if unit == Unit::Seconds { 0.1 } else { 1.0 });
        let rough = max / 4.0;
        let power = 10_f64.powf(rough.log10().floor());
        let step = [1.0, 2.0, 5.0, 10.0]
            .into_iter()
            .map(|round| round * power)
            .find(|step| *step >= rough * 0.999)
            .unwrap_or(10.0 * power);
        // Deployments are whole.
        let step = if unit == Unit::PerDay {
            step.max(1.0)
        } else {
            step
        };
        Self {
            top: (max / step - 1e-9).ceil().max(1.0) * step * size,
            step: step * size,
            unit,
            size,
        }
    }

    /// Ticks from nought upwards, with labels.
    #[must_use]
    pub(crate) fn ticks(&self) -> Vec<(f64, String)> {
        let mut out = Vec::new();
        let mut count = 0.0;
        while count * self.step <= self.top * 1.001 && out.len() < 12 {
            let value = count * self.step;
            out.push((value, self.label(value)));
            count += 1.0;
        }
        out
    }

    /// A value as the axis words it.
    #[must_use]
    pub(crate) fn label(&self, value: f64) -> String {
        match self.unit {
            Unit::PerDay => humanize::number(value),
            Unit::Ratio => format!("{} %", humanize::number(value * 100.0)),
            Unit::Seconds if value <= 0.0 => "0".to_owned(),
            Unit::Seconds => {
                format!(
                    "{} {}",
                    humanize::number(value / self.size),
                    unit_name(self.size)
                )
            }
        }
    }
}

/// The unit that an axis up to `max` seconds is best read in.
#[must_use]
pub(crate) fn unit_size(max: f64) -> f64 {
    [86_400.0, 3600.0, 60.0]
        .into_iter()
        .find(|size| max >= 2.0 * size)
        .unwrap_or(1.0)
}

/// Its name.
#[must_use]
pub(crate) fn unit_name(size: f64) -> &'static str {
    match size {
        s if s >= 86_400.0 => "d",
        s if s >= 3600.0 => "h",
        s if s >= 60.0 => "min",
        _ => "s",
    }
}

/// The same in full.
#[must_use]
pub(crate) fn unit_word(size: f64) -> &'static str {
    match unit_name(size) {
        "d" => "days",
        "h" => "hours",
        "min" => "minutes",
        _ => "seconds",
    }
}

/// What a chart of this metric shows.
#[must_use]
pub(crate) fn title(metric: &Metric) -> &'static str {
    match metric.id {
        "change_lead_time" => "Change lead time, weekly median",
        "deployment_frequency" => "Deployments a week",
        "failed_deployment_recovery_time" => "Failed deployment recovery time, weekly median",
        "change_fail_rate" => "Change fail rate, weekly",
        _ => "Deployment rework rate, weekly",
    }
}

/// A weekly value in words.
#[must_use]
pub(crate) fn point_words(metric: &Metric, value: Option<f64>) -> String {
    value.map_or_else(
        || "–".to_owned(),
        |v| match metric.unit {
            Unit::PerDay => humanize::number(v),
            Unit::Seconds | Unit::Ratio => humanize::value(metric.unit, v),
        },
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn labels(unit: Unit, max: f64) -> Vec<String> {
        Scale::holding(unit, max)
            .ticks()
            .into_iter()
            .map(|(_, label)| label)
            .collect()
    }

    #[test]
    fn ticks_are_round_and_hold_the_largest_value() {
        assert_eq!(labels(Unit::PerDay, 17.0), ["0", "5", "10", "15", "20"]);
        assert_eq!(labels(Unit::PerDay, 2.0), ["0", "1", "2"]);
        assert_eq!(
            labels(Unit::Ratio, 0.07),
            ["0 %", "2 %", "4 %", "6 %", "8 %"]
        );
        assert_eq!(
            labels(Unit::Seconds, 15.1 * 3600.0),
            ["0", "5 h", "10 h", "15 h", "20 h"]
        );
        assert_eq!(
            labels(Unit::Seconds, 46.8 * 3600.0),
            ["0", "20 h", "40 h", "60 h"]
        );
        assert!(labels(Unit::Seconds, 0.0).len() >= 2);
        for max in [0.3, 1.0, 59.0, 61.0, 7000.0, 1e5, 9.9e6] {
            assert!(Scale::holding(Unit::Seconds, max).top >= max, "{max}");
        }
    }
}
