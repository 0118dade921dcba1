//! The ledger on the metrics branch.

/// x
pub struct Branch;
/// x
pub struct BranchError;
