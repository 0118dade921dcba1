//! What happened, judged once: failed, rework, rolled back, each with its evidence.
