//! The Actions runner: inputs, event payload, step summary, outputs, annotations.
