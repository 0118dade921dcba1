//! Puts text in places.

mod comments;

pub use comments::{Draft, Posted, post};
