//! The `fivekeys` program.

fn main() {}
