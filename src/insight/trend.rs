//! Which way over months: the drift of weekly points, if there is one.

use super::MOST_WEEKS;
use super::gate::{ALPHA, MIN_ALIKE, MIN_POINTS};
use crate::metric::stats::trend::{
    mann_kendall, mann_kendall_autocorrelated, neighbours_alike, theil_sen,
};

/// Autocorrelation of neighbours beyond which the test allows for it.
const ALIKE: f64 = 0.3;

/// Where a sequence goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Direction {
    /// It grows.
    Rising,
    /// It shrinks.
    Falling,
    /// No trend that the points could show.
    None,
}

/// The drift of a sequence.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Trend {
    /// Rising or falling only when Mann–Kendall's p is below [`ALPHA`].
    pub direction: Direction,
    /// Theil–Sen slope: change of the value a week.
    pub slope_per_week: f64,
    /// 95 % interval of the slope.
    pub slope_interval95: [f64; 2],
    /// Mann–Kendall's two-sided p-value.
    pub p: f64,
    /// Weeks with a value.
    pub n: usize,
}

/// The trend of weekly values, oldest first.
///
/// A week without a value is `None` and keeps its place in time; a week without events whose value is
/// 0 is `Some(0.0)`. Leave out weeks that are cut. `None` below [`MIN_POINTS`] values or when one is not
/// finite. Neighbouring weeks are taken as independent, unless there are [`MIN_ALIKE`] and they are alike: then the
/// variance is Hamed and Rao's. Every week is compared with every other one, so only the last `MOST_WEEKS` are.
#[must_use]
pub fn trend(weekly: &[Option<f64>]) -> Option<Trend> {
    let last = weekly
        .get(weekly.len().saturating_sub(MOST_WEEKS)..)
        .unwrap_or_default();
    let known = last
        .iter()
        .enumerate()
        .filter_map(|(week, v)| v.map(|v| (week as f64, v)));
    let (weeks, values): (Vec<f64>, Vec<f64>) = known.unzip();
    if values.len() < MIN_POINTS {
        return None;
    }
    let plain = mann_kendall(&values)?;
    let alike = values.len() >= MIN_ALIKE && neighbours_alike(&values)?.abs() > ALIKE;
    let test = mann_kendall_autocorrelated(&values)
        .filter(|_| alike)
        .unwrap_or(plain);
    let line = theil_sen(&weeks, &values, 0.95)?;
    let direction = match (test.p < ALPHA, test.s > 0.0) {
        (true, true) => Direction::Rising,
        (true, false) => Direction::Falling,
        (false, _) => Direction::None,
    };
    Some(Trend {
        direction,
        slope_per_week: line.slope,
        slope_interval95: line.interval,
        p: test.p,
        n: values.len(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn of_ten_thousand_weeks_the_last_five_years_are_compared() {
        let weekly: Vec<Option<f64>> = (0..10_000_u32).map(|n| Some(f64::from(n % 7))).collect();
        let all = trend(&weekly).unwrap();
        assert_eq!(all.n, MOST_WEEKS);
        assert_eq!(Some(all), trend(&weekly[10_000 - MOST_WEEKS..]));
    }

    fn weekly(values: &[f64]) -> Vec<Option<f64>> {
        values.iter().copied().map(Some).collect()
    }

    #[test]
    fn growth_and_its_mirror() {
        let up = [
            5.0, 7.0, 4.0, 6.0, 8.0, 7.0, 9.0, 6.0, 10.0, 8.0, 11.0, 9.0, 12.0,
        ];
        let down: Vec<f64> = up.iter().rev().copied().collect();
        let (up, down) = (trend(&weekly(&up)).unwrap(), trend(&weekly(&down)).unwrap());
        assert_eq!(
            (up.direction, down.direction),
            (Direction::Rising, Direction::Falling)
        );
        assert!((up.slope_per_week - 0.5).abs() < 1e-12);
        assert!((up.slope_per_week + down.slope_per_week).abs() < 1e-12);
        assert!(up.slope_interval95[0] > 0.0 && (up.p - down.p).abs() < 1e-12);
        assert_eq!(up.n, 13);
    }

    #[test]
    fn noise_has_no_direction() {
        let flat = [6.0, 5.0, 7.0, 6.0, 5.0, 8.0, 6.0, 7.0, 5.0, 6.0, 7.0, 6.0];
        let found = trend(&weekly(&flat)).unwrap();
        assert_eq!(found.direction, Direction::None);
        assert!(found.slope_interval95[0] <= 0.0 && found.slope_interval95[1] >= 0.0);
        assert_eq!(
            trend(&weekly(&[4.0; 9])).unwrap().direction,
            Direction::None
        );
    }

    #[test]
    fn missing_weeks_keep_their_place() {
        let mut line: Vec<Option<f64>> = (0..14).map(|i| Some(f64::from(3 * i))).collect();
        for gap in [2, 3, 9] {
            line[gap] = None;
        }
        let found = trend(&line).unwrap();
        assert!((found.slope_per_week - 3.0).abs() < 1e-12);
        assert_eq!(found.n, 11);
    }

    #[test]
    fn few_points_have_no_trend() {
        assert_eq!(trend(&[]), None);
        assert_eq!(trend(&weekly(&[1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 7.0])), None);
        assert!(trend(&weekly(&[1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 7.0, 8.0])).is_some());
        let mut broken = weekly(&[1.0; 9]);
        broken[4] = Some(f64::NAN);
        assert_eq!(trend(&broken), None);
        assert_eq!(trend(&[None; 40]), None);
    }
}
