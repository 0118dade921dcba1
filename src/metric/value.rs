//! The shapes of a measurement: a distribution of durations, a share with its interval.

use super::stats::{proportion, quantile};

/// Durations, summed up. Percentiles are type 7.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Distribution {
    /// The values, in seconds, ascending.
    pub values: Vec<f64>,
}

impl Distribution {
    /// Of values in any order.
    #[must_use]
    pub fn of(values: impl IntoIterator<Item = f64>) -> Self {
        let mut values: Vec<f64> = values.into_iter().filter(|v| v.is_finite()).collect();
        values.sort_by(f64::total_cmp);
        Self { values }
    }

    /// How many.
    #[must_use]
    pub fn n(&self) -> u64 {
        self.values.len() as u64
    }

    /// The value below which a share `q` lies; `None` where there is no value.
    #[must_use]
    pub fn quantile(&self, q: f64) -> Option<f64> {
        quantile::quantile(&self.values, q)
    }

    /// The mean.
    #[must_use]
    pub fn mean(&self) -> Option<f64> {
        quantile::mean(&self.values)
    }

    /// 95 % interval of the median by order statistics; finite from six values on.
    #[must_use]
    pub fn interval95(&self) -> Option<[f64; 2]> {
        quantile::interval(&self.values, 0.5, 0.95)
    }
}

/// A share of a whole.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Proportion {
    /// Those that have it.
    pub hits: u64,
    /// All.
    pub total: u64,
}

impl Proportion {
    /// `hits / total`; `None` of nothing.
    #[must_use]
    pub fn ratio(&self) -> Option<f64> {
        (self.total > 0).then(|| self.hits as f64 / self.total as f64)
    }

    /// Wilson's 95 % interval.
    #[must_use]
    pub fn interval95(&self) -> Option<[f64; 2]> {
        proportion::wilson(self.hits, self.total, 0.95)
    }
}
