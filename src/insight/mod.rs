//! How good, which way, why, what next.
