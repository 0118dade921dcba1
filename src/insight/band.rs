//! How good: the band of a published edition of DORA's report that a value falls in.
//!
//! DORA prints what the members of each cluster answered. Those cells are no cut-offs: clusters are
//! joint profiles, neighbours share cells, and cells leave gaps. The rule that turns them into bands of
//! one metric is ours, the same for every edition, and stated here:
//!
//! 1. A cell covers its printed answer. An end that two answers share belongs to the better band
//!    (once a week is "between once per day and once per week"), except that "less than" excludes its
//!    own end and "on demand" is more than one a day. "Less than one day" below "less than one hour"
//!    begins at one hour. A single percentage reaches from that of the better band to itself.
//! 2. Bands that share a cell cannot be told apart: the name gives all of them (`medium–high`).
//! 3. A value in a gap lies between two bands: the name gives both.
//! 4. Beyond the worst cell is the worst band.
//! 5. With an interval the name covers its ends too. More than two bands is no statement: `None`.
//! 6. Cells that are not in the order of their bands cannot rank a value: `None`. That is the change
//!    fail rate of 2024, whose high cluster (20 %) fails more often than its medium one (10 %).
//!
//! It follows that the change fail rate of 2019, where three clusters share "0–15 %", has no band up to
//! 15 %, and that 2021 has none for 16 % and more. No edition of DORA's has bands for rework.
//!
//! `seed` is no edition of DORA's: one threshold a metric, `reached` or `not reached`.

use std::collections::BTreeMap;
use std::sync::LazyLock;

use serde::Deserialize;

use super::gate::MIN_RATED;
use crate::config::Edition;

/// The file as shipped. It is part of the program and tested; were it broken, nothing is rated.
static BENCHMARKS: LazyLock<Benchmarks> =
    LazyLock::new(|| serde_json::from_str(include_str!("benchmarks.json")).unwrap_or_default());

/// Editions by name.
#[derive(Debug, Default, Deserialize)]
struct Benchmarks {
    editions: BTreeMap<String, Published>,
}

/// One edition.
#[derive(Debug, Deserialize)]
struct Published {
    source: String,
    #[serde(flatten)]
    metrics: BTreeMap<String, Vec<Cell>>,
}

/// What one cluster answered about one metric; ends in the metric's unit, `None` is open.
#[derive(Debug, Deserialize)]
struct Cell {
    band: String,
    best: Option<f64>,
    worst: Option<f64>,
    #[serde(default)]
    open: bool,
}

/// The band of a value: the edition's name and the band's, such as `("2024", "medium–high")`.
///
/// Deployment frequency in deployments a day, lead and recovery time in seconds, rates 0 to 1; `n` is
/// the number of events behind the value, `interval` its interval in the same unit. `None` when the
/// edition is none or does not cover the metric, when `n` is below [`MIN_RATED`], when the value is not
/// a finite number of at least 0, or by rules 5 and 6 of this module.
#[must_use]
pub fn band(
    metric_id: &str,
    edition: Edition,
    value: f64,
    interval: Option<[f64; 2]>,
    n: u64,
) -> Option<(&'static str, String)> {
    if n < MIN_RATED {
        return None;
    }
    let cells = BENCHMARKS
        .editions
        .get(edition.name())?
        .metrics
        .get(metric_id)?;
    let scale = Scale::new(cells, metric_id == "deployment_frequency")?;
    let (mut best, mut worst) = scale.place(value)?;
    for end in interval.into_iter().flatten() {
        let (end_best, end_worst) = scale.place(end)?;
        (best, worst) = (best.min(end_best), worst.max(end_worst));
    }
    let name = match worst - best {
        0 => cells[best].band.clone(),
        1 => format!("{}–{}", cells[worst].band, cells[best].band),
        _ => return None,
    };
    Some((edition.name(), name))
}

/// Where the bands of an edition come from, for the line under a band.
#[must_use]
pub fn source(edition: Edition) -> Option<&'static str> {
    let published = BENCHMARKS.editions.get(edition.name())?;
    Some(published.source.as_str())
}

/// Cells of one metric, best first, read so that a larger number is worse.
struct Scale<'a> {
    cells: &'a [Cell],
    sign: f64,
}

impl<'a> Scale<'a> {
    /// `None` when a band's cell ends before that of a better band: rule 6.
    fn new(cells: &'a [Cell], more_is_better: bool) -> Option<Self> {
        let sign = if more_is_better { -1.0 } else { 1.0 };
        let scale = Self { cells, sign };
        let in_order = |pair: &[Cell]| scale.end(&pair[0]) <= scale.end(&pair[1]);
        (!cells.is_empty() && cells.windows(2).all(in_order)).then_some(scale)
    }

    fn end(&self, cell: &Cell) -> f64 {
        cell.worst.map_or(f64::INFINITY, |end| end * self.sign)
    }

    fn start(&self, cell: &Cell) -> f64 {
        cell.best
            .map_or(f64::NEG_INFINITY, |start| start * self.sign)
    }

    /// The best and the worst band that a value may be in, as indices.
    fn place(&self, value: f64) -> Option<(usize, usize)> {
        if !(value.is_finite() && value >= 0.0) {
            return None;
        }
        let badness = value * self.sign;
        let reaches = |cell: &Cell| {
            let end = self.end(cell);
            badness < end || (!cell.open && badness <= end)
        };
        let last = self.cells.len() - 1;
        let Some(first) = self.cells.iter().position(reaches) else {
            return Some((last, last));
        };
        // "Less than" leaves its own end to the next cell, which begins there.
        if first > 0 && badness < self.start(&self.cells[first]) {
            return Some((first - 1, first));
        }
        let shared = |i: &usize| self.same(first, *i);
        Some((first, (first..=last).rev().find(shared).unwrap_or(first)))
    }

    fn same(&self, a: usize, b: usize) -> bool {
        let (a, b) = (&self.cells[a], &self.cells[b]);
        a.best == b.best && a.worst == b.worst
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const FREQUENCY: &str = "deployment_frequency";
    const LEAD: &str = "change_lead_time";
    const RECOVERY: &str = "failed_deployment_recovery_time";
    const FAIL: &str = "change_fail_rate";
    const HOUR: f64 = 3600.0;
    const DAY: f64 = 86_400.0;
    const ALL: [Edition; 4] = [
        Edition::Y2019,
        Edition::Y2021,
        Edition::Y2023,
        Edition::Y2024,
    ];

    #[track_caller]
    fn rated(metric: &str, edition: Edition, value: f64, wanted: Option<&str>) {
        let found = band(metric, edition, value, None, 20);
        let wanted = wanted.map(|name| (edition.name(), name.to_string()));
        assert_eq!(found, wanted, "{metric} {value}");
    }

    #[test]
    fn the_file_reads_and_every_cell_is_verified() {
        let text = include_str!("benchmarks.json");
        let read: Benchmarks = serde_json::from_str(text).unwrap();
        assert_eq!(read.editions.len(), 5);
        for (name, published) in read.editions.iter().filter(|(name, _)| *name != "seed") {
            assert!(published.source.contains(name.as_str()));
            assert_eq!(published.metrics.len(), 4, "no bands for rework");
            for cells in published.metrics.values() {
                let bands: Vec<&str> = cells.iter().map(|c| c.band.as_str()).collect();
                assert_eq!(bands, ["elite", "high", "medium", "low"]);
            }
        }
        let cells = text.matches("\"cell\"").count();
        let primary = text.matches("\"verified\": \"primary\"").count();
        let secondary = text.matches("\"verified\": \"secondary\"").count();
        let own = text.matches("\"verified\": \"own\"").count();
        assert_eq!((cells, primary + secondary, own), (74, 64, 10));
    }

    #[test]
    fn the_seed_has_one_threshold_a_metric() {
        let no = Some("not reached");
        rated(FREQUENCY, Edition::Seed, 1.01, Some("reached"));
        rated(FREQUENCY, Edition::Seed, 1.0, no);
        rated(FREQUENCY, Edition::Seed, 0.0, no);
        rated(LEAD, Edition::Seed, HOUR - 1.0, Some("reached"));
        rated(LEAD, Edition::Seed, HOUR, no);
        rated(RECOVERY, Edition::Seed, 30.0 * DAY, no);
        rated(FAIL, Edition::Seed, 0.14, Some("reached"));
        rated(FAIL, Edition::Seed, 0.15, no);
        let rework = "deployment_rework_rate";
        rated(rework, Edition::Seed, 0.09, Some("reached"));
        rated(rework, Edition::Seed, 0.1, no);
        let spans = band(FAIL, Edition::Seed, 0.1, Some([0.05, 0.2]), 20).map(|b| b.1);
        assert_eq!(spans.as_deref(), Some("not reached–reached"));
    }

    #[test]
    fn frequency_of_2024_in_deployments_a_day() {
        for (per_day, name) in [
            (50.0, "elite"),
            (1.01, "elite"),
            (1.0, "high"),
            (13.0 / 91.0, "high"),
            (0.14, "medium"),
            (0.034, "medium"),
            (0.03, "low"),
            (0.0, "low"),
        ] {
            rated(FREQUENCY, Edition::Y2024, per_day, Some(name));
            rated(FREQUENCY, Edition::Y2019, per_day, Some(name));
        }
        rated(FREQUENCY, Edition::Y2021, 0.5, Some("high–elite"));
        rated(FREQUENCY, Edition::Y2021, 0.1, Some("high"));
        rated(FREQUENCY, Edition::Y2023, 0.1, Some("low–medium"));
        rated(FREQUENCY, Edition::Y2023, 0.01, Some("low"));
    }

    #[test]
    fn lead_time_by_edition() {
        for (seconds, y2019, y2021) in [
            (0.0, "elite", "elite"),
            (HOUR, "elite", "high–elite"),
            (DAY, "high", "high"),
            (7.0 * DAY, "high", "high"),
            (20.0 * DAY, "medium", "medium–high"),
            (60.0 * DAY, "low", "medium"),
            (400.0 * DAY, "low", "low"),
        ] {
            rated(LEAD, Edition::Y2019, seconds, Some(y2019));
            rated(LEAD, Edition::Y2024, seconds, Some(y2019));
            rated(LEAD, Edition::Y2021, seconds, Some(y2021));
        }
        rated(LEAD, Edition::Y2023, 20.0 * DAY, Some("low–medium"));
        rated(LEAD, Edition::Y2023, 60.0 * DAY, Some("low"));
    }

    #[test]
    fn recovery_where_two_bands_share_a_cell() {
        rated(RECOVERY, Edition::Y2024, 3599.0, Some("elite"));
        rated(RECOVERY, Edition::Y2024, HOUR, Some("medium–high"));
        rated(RECOVERY, Edition::Y2024, DAY, Some("low–medium"));
        rated(RECOVERY, Edition::Y2024, 7.0 * DAY, Some("low"));
        rated(RECOVERY, Edition::Y2023, HOUR, Some("high"));
        rated(RECOVERY, Edition::Y2023, DAY, Some("medium"));
        rated(RECOVERY, Edition::Y2021, 30.0 * DAY, Some("low–medium"));
    }

    #[test]
    fn fail_rate_is_never_finer_than_its_cells() {
        for share in [0.0, 0.04, 0.07, 0.12, 0.3, 0.9] {
            rated(FAIL, Edition::Y2024, share, None);
        }
        rated(FAIL, Edition::Y2023, 0.0, Some("elite"));
        rated(FAIL, Edition::Y2023, 0.07, Some("high"));
        rated(FAIL, Edition::Y2023, 0.15, Some("medium"));
        rated(FAIL, Edition::Y2023, 0.9, Some("low"));
        rated(FAIL, Edition::Y2019, 0.02, None);
        rated(FAIL, Edition::Y2019, 0.15, None);
        rated(FAIL, Edition::Y2019, 0.3, Some("low–medium"));
        rated(FAIL, Edition::Y2019, 0.7, Some("low"));
        rated(FAIL, Edition::Y2021, 0.02, Some("elite"));
        rated(FAIL, Edition::Y2021, 0.2, None);
        rated(FAIL, Edition::Y2021, 0.9, Some("low"));
    }

    #[test]
    fn an_interval_widens_the_name_and_then_ends_it() {
        let of = |low: f64, high: f64| {
            band(
                LEAD,
                Edition::Y2024,
                3.0 * DAY,
                Some([low * DAY, high * DAY]),
                20,
            )
            .map(|b| b.1)
        };
        assert_eq!(of(2.0, 5.0).as_deref(), Some("high"));
        assert_eq!(of(0.5, 5.0).as_deref(), Some("high–elite"));
        assert_eq!(of(2.0, 9.0).as_deref(), Some("medium–high"));
        assert_eq!(of(0.5, 9.0), None);
        assert_eq!(of(f64::NAN, 9.0), None);
        let often = band(FREQUENCY, Edition::Y2024, 0.9, Some([0.6, 1.2]), 80);
        assert_eq!(often, Some(("2024", "high–elite".to_string())));
    }

    #[test]
    fn what_is_not_rated() {
        rated("deployment_rework_rate", Edition::Y2024, 0.1, None);
        rated(LEAD, Edition::None, 60.0, None);
        for value in [f64::NAN, f64::INFINITY, -1.0] {
            rated(LEAD, Edition::Y2024, value, None);
        }
        assert_eq!(band(LEAD, Edition::Y2024, 60.0, None, 4), None);
        assert!(band(LEAD, Edition::Y2024, 60.0, None, 5).is_some());
        assert_eq!(source(Edition::None), None);
    }

    #[test]
    fn a_worse_value_never_has_a_better_band() {
        let order = [
            "elite",
            "high–elite",
            "high",
            "medium–high",
            "medium",
            "low–medium",
            "low",
        ];
        for edition in ALL {
            assert!(source(edition).is_some());
            for (metric, step) in [(LEAD, 0.3 * DAY), (RECOVERY, 0.02 * DAY), (FAIL, 0.001)] {
                let mut before = 0;
                for i in 0..1000 {
                    let found = band(metric, edition, f64::from(i) * step, None, 9);
                    let Some((_, name)) = found else { continue };
                    let now = order.iter().position(|o| *o == name).unwrap();
                    assert!(now >= before, "{metric} {name}");
                    before = now;
                }
            }
        }
    }
}
