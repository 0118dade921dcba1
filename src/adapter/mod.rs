//! Other tools' payloads: text to events.
