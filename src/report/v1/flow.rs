//! How lead times are spread, and when in the week changes wait.

use serde::{Deserialize, Serialize};

/// Changes of one range of lead times.
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct LeadTimeBand {
    /// Shortest, inside.
    pub from_seconds: u64,
    /// Longest, outside; null for the last band.
    pub to_seconds: Option<u64>,
    /// Changes of the headline.
    pub changes: u64,
}

/// A stage of the changes in which it began at one hour of the week.
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct WaitBegun {
    /// 1 is Monday, in the report's time zone.
    pub weekday: u8,
    /// 0 to 23.
    pub hour: u8,
    /// Changes.
    pub n: u64,
    /// How long it took in the median.
    pub median_seconds: f64,
}
