//! What was asked, in order.

use std::fmt;

/// One request.
#[derive(Debug, Clone)]
pub(crate) struct Request {
    /// The first one is 1.
    pub(crate) number: usize,
    pub(crate) method: String,
    /// Path without the base of an enterprise server, and without query.
    pub(crate) path: String,
    /// Name of the GraphQL operation.
    pub(crate) operation: Option<String>,
    pub(crate) writes: bool,
    /// Status of the answer; 0 where the connection broke.
    pub(crate) status: u16,
}

impl fmt::Display for Request {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(name) = &self.operation {
            return f.write_str(name);
        }
        let after = self.path.splitn(5, '/').nth(4).unwrap_or(&self.path);
        let mut parts = after.split('/');
        let first = parts.next().unwrap_or_default();
        write!(f, "{} {first}", self.method)?;
        // The Git database is named by what is made in it.
        match parts.next().filter(|_| first == "git") {
            Some(kind) => write!(f, "/{kind}"),
            None => Ok(()),
        }
    }
}

/// All of them.
#[derive(Debug, Clone, Default)]
pub(crate) struct Requests(pub(crate) Vec<Request>);

impl Requests {
    /// In short, such as `State`, `Commit`, `GET compare`, `POST git/refs`.
    pub(crate) fn names(&self) -> Vec<String> {
        self.0.iter().map(ToString::to_string).collect()
    }

    pub(crate) fn count(&self) -> usize {
        self.0.len()
    }

    pub(crate) fn mutations(&self) -> usize {
        self.0.iter().filter(|request| request.writes).count()
    }

    pub(crate) fn reads(&self) -> usize {
        self.count() - self.mutations()
    }

    /// How many have this name.
    pub(crate) fn of(&self, name: &str) -> usize {
        self.names().iter().filter(|one| *one == name).count()
    }
}
