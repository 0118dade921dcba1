//! Fetches payloads and hands them to adapters.
