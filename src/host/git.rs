//! The `git` program, started with a list of arguments.
