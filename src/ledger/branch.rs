//! stub
/// x
pub struct Branch;
/// x
pub struct BranchError;
