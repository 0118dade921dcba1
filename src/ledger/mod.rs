//! Events at rest: union, folder, branch.
