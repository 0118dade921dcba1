//! Where a GitHub has its two APIs.

use crate::host::Host;

/// The addresses of one GitHub. The default is github.com.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Server {
    /// Of REST, such as `https://api.github.com` or `https://HOST/api/v3`.
    pub api: String,
    /// Of GraphQL, such as `https://api.github.com/graphql` or `https://HOST/api/graphql`.
    pub graphql: String,
}

impl Default for Server {
    fn default() -> Self {
        Self {
            api: "https://api.github.com".to_owned(),
            graphql: "https://api.github.com/graphql".to_owned(),
        }
    }
}

impl Server {
    /// The GitHub that the variables of a job name: `GITHUB_API_URL` and `GITHUB_GRAPHQL_URL`, else
    /// `GITHUB_SERVER_URL`, else `GH_HOST`. `None` where none is set.
    #[must_use]
    pub fn of_host(host: &Host) -> Option<Self> {
        let api = host
            .var("GITHUB_API_URL")
            .map(|url| url.trim_end_matches('/'));
        let site = host.var("GITHUB_SERVER_URL").map(str::to_owned);
        let site = site.or_else(|| host.var("GH_HOST").map(|name| format!("https://{name}")));
        let named = match (api, site) {
            (Some(api), _) => Self {
                api: api.to_owned(),
                graphql: format!("{}/graphql", api.strip_suffix("/v3").unwrap_or(api)),
            },
            (None, site) => Self::at(&site?),
        };
        let graphql = host.var("GITHUB_GRAPHQL_URL").map(str::to_owned);
        Some(Self {
            graphql: graphql.unwrap_or(named.graphql),
            api: named.api,
        })
    }

    /// Whether it is github.com or a tenant of Enterprise Cloud, and no server of somebody's own.
    #[must_use]
    pub fn is_public(&self) -> bool {
        let name = self.api.trim_start_matches("https://");
        name == "api.github.com" || (name.starts_with("api.") && name.ends_with(".ghe.com"))
    }

    /// The GitHub whose pages stand at this address, such as `https://github.com`.
    #[must_use]
    pub fn at(site: &str) -> Self {
        let site = site.trim_end_matches('/');
        let (scheme, name) = site.split_once("://").unwrap_or(("https", site));
        let lower = name.to_ascii_lowercase();
        // Tenants of Enterprise Cloud have their APIs where github.com has its own.
        if lower == "github.com" || lower.ends_with(".ghe.com") {
            return Self {
                api: format!("{scheme}://api.{name}"),
                graphql: format!("{scheme}://api.{name}/graphql"),
            };
        }
        Self {
            api: format!("{scheme}://{name}/api/v3"),
            graphql: format!("{scheme}://{name}/api/graphql"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn named(set: &[(&str, &str)]) -> Option<(String, String)> {
        let host = Host::of_variables(
            set.iter()
                .map(|(k, v)| ((*k).to_owned(), (*v).to_owned()))
                .collect(),
        );
        Server::of_host(&host).map(|server| (server.api, server.graphql))
    }

    #[test]
    fn one_variable_is_enough() {
        let pair = |api: &str, graphql: &str| Some((api.to_owned(), graphql.to_owned()));
        let own = pair(
            "https://git.acme.example/api/v3",
            "https://git.acme.example/api/graphql",
        );
        assert_eq!(
            named(&[("GITHUB_API_URL", "https://git.acme.example/api/v3/")]),
            own
        );
        assert_eq!(
            named(&[("GITHUB_SERVER_URL", "https://git.acme.example")]),
            own
        );
        assert_eq!(named(&[("GH_HOST", "git.acme.example")]), own);
        let cloud = pair("https://api.github.com", "https://api.github.com/graphql");
        assert_eq!(
            named(&[("GITHUB_API_URL", "https://api.github.com")]),
            cloud
        );
        assert_eq!(named(&[("GITHUB_SERVER_URL", "https://github.com")]), cloud);
        let tenant = pair(
            "https://api.acme.ghe.com",
            "https://api.acme.ghe.com/graphql",
        );
        assert_eq!(
            named(&[("GITHUB_SERVER_URL", "https://acme.ghe.com/")]),
            tenant
        );
        let both = [
            ("GITHUB_API_URL", "http://127.0.0.1:1/x"),
            ("GITHUB_GRAPHQL_URL", "http://127.0.0.1:2/g"),
        ];
        assert_eq!(
            named(&both),
            pair("http://127.0.0.1:1/x", "http://127.0.0.1:2/g")
        );
        assert_eq!(named(&[]), None);
    }
}
