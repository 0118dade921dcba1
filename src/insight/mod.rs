//! How good, which way, why, what next.

pub mod band;
pub mod delta;
pub mod trend;
