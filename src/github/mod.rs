//! The GitHub API; nothing of DORA.
//!
//! Reads are retried under one [`Budget`]; writes are sent once, and one whose fate is unknown comes back as
//! [`GitHubError::Ambiguous`], so that the caller reads again instead of sending again.

mod answer;
mod budget;
mod ci;
mod client;
mod comments;
mod commit;
mod compare;
mod connect;
mod error;
mod folder;
mod graph;
mod issues;
mod marks;
mod older;
mod past;
mod probe;
mod pulls;
mod runs;
mod server;
mod state;
mod state_query;
mod state_read;
#[cfg(any(test, feature = "fuzz"))]
pub(crate) mod surface;
mod token;

pub use budget::Budget;
pub use client::{Client, split_repository};
pub use comments::{Comment, CommentChange, MOST_COMMENTS};
pub use compare::Comparison;
pub use connect::Proxies;
pub use error::GitHubError;
pub use graph::{GraphAnswer, GraphError};
pub use issues::{Issue, IssueChange, Issues};
pub use marks::{List, ListPage};
pub use older::Unknown;
pub use past::Past;
pub use probe::{Greeting, Quota, forbids_commits};
pub use pulls::{MOST_IDS, MOST_LINKS, MOST_WHOLE, PullFields};
pub use runs::RunPage;
pub use server::Server;
pub use state::{
    BranchState, DeploymentNode, DeploymentPage, FileText, Page, Part, Rate, State, StateRequest,
};
pub use token::Token;
