//! REPORT: the one document, built from events by a function that cannot fail.

mod headline;
pub mod v1;

pub use headline::{Headline, headline};

pub use crate::metric::{Better, Factor, METRICS, Metric, Unit, find as find_metric};
