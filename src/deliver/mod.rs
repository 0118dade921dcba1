//! Puts text in places.

mod comments;
mod issue;

pub use comments::{Draft, Posted, post};
pub use issue::issue;
