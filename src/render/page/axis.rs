//! Where things stand in a chart: per cent across, so that it is as wide as its place, and pixels down.

use serde::Serialize;

use crate::render::chart::Scale;
use crate::render::humanize;
use crate::report::Unit;

/// Above the plot, where the value that is pointed at stands.
pub(super) const TOP: f64 = 22.0;
/// Height of the plot.
pub(super) const HEIGHT: f64 = 128.0;
/// Most labels beside a chart.
const TICKS: usize = 6;
/// Most labels below a chart: they stand side by side on a phone.
const LABELS: usize = 6;
/// The same with the year.
const LABELS_WITH_YEAR: usize = 4;

/// Spans that people know, in seconds: the ticks of a logarithmic axis.
const SPANS: [f64; 10] = [
    1.0,
    10.0,
    60.0,
    600.0,
    3600.0,
    6.0 * 3600.0,
    86_400.0,
    7.0 * 86_400.0,
    30.0 * 86_400.0,
    365.0 * 86_400.0,
];

/// The axis that values are read from.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Axis {
    /// From nought to a round number.
    Even(Scale),
    /// Logarithmic, between two spans that people know: a week of waiting would make a line of the hours.
    Spans {
        /// Seconds at the foot.
        low: f64,
        /// Seconds at the top.
        high: f64,
    },
}

/// A label at a place of the axis upwards, in pixels.
#[derive(Debug, Serialize)]
pub(super) struct Tick {
    pub(super) y: String,
    pub(super) label: String,
}

/// A label at a place across, in per cent.
#[derive(Debug, Serialize)]
pub(super) struct Label {
    pub(super) x: String,
    pub(super) label: String,
}

/// The values behind a chart.
#[derive(Debug, Default, Serialize)]
pub(super) struct Table {
    /// Most cells are words, not numbers.
    pub(super) words: bool,
    pub(super) heads: Vec<&'static str>,
    /// The first cell of each names the row.
    pub(super) rows: Vec<Vec<String>>,
}

impl Axis {
    /// The axis that holds every value: logarithmic for durations.
    #[must_use]
    pub(super) fn holding(unit: Unit, values: &[f64]) -> Self {
        let max = values.iter().copied().fold(0.0, f64::max);
        if unit != Unit::Seconds {
            return Self::Even(Scale::holding(unit, max));
        }
        let min = values.iter().copied().fold(max, f64::min);
        let last = SPANS[SPANS.len() - 1];
        let below = SPANS.into_iter().rfind(|span| *span <= min);
        let low = below.unwrap_or(SPANS[0]).min(SPANS[SPANS.len() - 2]);
        let high = SPANS
            .into_iter()
            .find(|span| *span >= max && *span > low)
            .unwrap_or(last);
        Self::Spans { low, high }
    }

    /// How far up a value stands, 0 to 1.
    #[must_use]
    pub(super) fn share(&self, value: f64) -> f64 {
        let share = match self {
            Self::Even(scale) => value / scale.top,
            Self::Spans { low, high } => (value.max(*low) / low).ln() / (high / low).ln(),
        };
        share.clamp(0.0, 1.0)
    }

    /// The pixel at which it stands.
    #[must_use]
    pub(super) fn y(&self, value: f64) -> String {
        px(TOP + HEIGHT * (1.0 - self.share(value)))
    }

    /// Labels from the foot upwards.
    #[must_use]
    pub(super) fn ticks(&self) -> Vec<Tick> {
        let tick = |(value, label): (f64, String)| Tick {
            y: self.y(value),
            label,
        };
        match self {
            Self::Even(scale) => scale.ticks().into_iter().map(tick).collect(),
            Self::Spans { low, high } => {
                let is_within = |span: &f64| low <= span && span <= high;
                let count = SPANS.iter().filter(|span| is_within(span)).count();
                SPANS
                    .into_iter()
                    .filter(is_within)
                    .step_by(if count > TICKS { 2 } else { 1 })
                    .map(|span| tick((span, humanize::span_name(span))))
                    .collect()
            }
        }
    }
}

/// A length in pixels, as short as it can be written.
#[must_use]
pub(super) fn px(value: f64) -> String {
    short(value, 1)
}

/// A part of the whole width, in per cent.
#[must_use]
pub(super) fn across(part: f64, whole: f64) -> String {
    let share = if whole > 0.0 { part / whole } else { 0.0 };
    format!("{}%", short((share * 100.0).clamp(0.0, 100.0), 2))
}

fn short(value: f64, decimals: usize) -> String {
    let text = format!("{value:.decimals$}");
    if text.contains('.') {
        text.trim_end_matches('0').trim_end_matches('.').to_owned()
    } else {
        text
    }
}

/// The days of some of `count` places, evenly apart; on a `long` axis they name the year, and are fewer.
pub(super) fn labels(count: usize, long: bool, day: impl Fn(usize) -> String) -> Vec<Label> {
    let most = if long { LABELS_WITH_YEAR } else { LABELS };
    (0..count)
        .step_by(count.div_ceil(most).max(1))
        .map(|at| Label {
            x: across(at as f64 + 0.5, count as f64),
            label: humanize::axis_label(&day(at), long),
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_stand_between_spans_that_people_know() {
        let axis = Axis::holding(Unit::Seconds, &[5000.0, 90_000.0]);
        let words: Vec<String> = axis.ticks().into_iter().map(|t| t.label).collect();
        assert_eq!(words, ["1 h", "6 h", "1 d", "1 w"]);
        assert_eq!(axis.y(3600.0), "150");
        assert_eq!(axis.y(7.0 * 86_400.0), "22");
        assert!(axis.share(90_000.0) > axis.share(5000.0));
    }

    #[test]
    fn no_value_leaves_the_plot() {
        for values in [
            vec![],
            vec![0.0],
            vec![0.0, 0.3],
            vec![1e12],
            vec![3600.0; 3],
        ] {
            for unit in [Unit::Seconds, Unit::Ratio, Unit::PerDay] {
                let axis = Axis::holding(unit, &values);
                assert!(axis.ticks().len() >= 2, "{axis:?}");
                for value in &values {
                    assert!((0.0..=1.0).contains(&axis.share(*value)), "{axis:?}");
                }
            }
        }
        assert_eq!(across(1.0, 3.0), "33.33%");
        assert_eq!(across(5.0, 0.0), "0%");
        assert_eq!(px(100.0), "100");
    }

    #[test]
    fn labels_never_stand_closer_than_a_sixth() {
        for count in [0, 1, 6, 7, 13, 105] {
            assert!(labels(count, false, |at| at.to_string()).len() <= LABELS);
            assert!(labels(count, true, |at| at.to_string()).len() <= LABELS_WITH_YEAR);
        }
        assert_eq!(labels(13, false, |at| at.to_string())[1].label, "3");
    }
}
