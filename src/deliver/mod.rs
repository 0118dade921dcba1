//! Puts text in places.
