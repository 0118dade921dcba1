//! Files: bounded reads, atomic writes.
