//! stub
pub struct Branch;
pub struct BranchError;
