//! The GitHub API; nothing of DORA.
