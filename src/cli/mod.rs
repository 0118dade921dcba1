//! Commands, exit codes, how errors look.
