//! The way to the server: TLS by the certificates that this machine trusts, directly or through a proxy.

use std::error::Error;
use std::net::IpAddr;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use hyper::header::{AUTHORIZATION, HeaderValue, PROXY_AUTHORIZATION, USER_AGENT};
use hyper::rt::{Read, ReadBufCursor, Write};
use hyper::{Uri, http::uri::Scheme};
use hyper_rustls::{ConfigBuilderExt as _, HttpsConnector, MaybeHttpsStream};
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::proxy::Tunnel;
use hyper_util::client::legacy::connect::{Connected, Connection, HttpConnector};
use hyper_util::client::proxy::matcher::{Intercept, Matcher};
use hyper_util::rt::{TokioExecutor, TokioIo};
use octocrab::service::middleware::base_uri::BaseUriLayer;
use octocrab::service::middleware::extra_headers::ExtraHeadersLayer;
use octocrab::{AuthState, OctoBody, Octocrab, OctocrabBuilder};
use rustls::ClientConfig;
use tokio::net::TcpStream;
use tower::Service;
use tower_http::follow_redirect::FollowRedirectLayer;

use super::GitHubError;
use super::error::one_line;
use super::token::Token;
use crate::host::Host;

const CONNECT: Duration = Duration::from_secs(10);
/// How GitHub knows us in its logs.
const AGENT: &str = concat!("fivekeys/", env!("CARGO_PKG_VERSION"));

type Cause = Box<dyn Error + Send + Sync>;
type Wire = MaybeHttpsStream<TokioIo<TcpStream>>;

/// The proxies that the usual variables name. Never prints: an address may hold a password.
#[derive(Clone, Default)]
pub struct Proxies {
    /// For `https://` and for `http://`: the variable that names one, and what it says.
    https: Option<(&'static str, String)>,
    http: Option<(&'static str, String)>,
    /// `NO_PROXY`.
    no: String,
}

impl Proxies {
    /// `HTTPS_PROXY`, `HTTP_PROXY`, `ALL_PROXY` and `NO_PROXY`, in upper or lower case, as this machine sets them.
    #[must_use]
    pub fn of_host(host: &Host) -> Self {
        let first = |names: [&'static str; 4]| {
            let mut names = names.into_iter();
            names.find_map(|name| Some((name, host.var(name)?.trim().to_owned())))
        };
        let no = host.var("NO_PROXY").or_else(|| host.var("no_proxy"));
        Self {
            https: first(["HTTPS_PROXY", "https_proxy", "ALL_PROXY", "all_proxy"]),
            http: first(["HTTP_PROXY", "http_proxy", "ALL_PROXY", "all_proxy"]),
            no: no.unwrap_or_default().to_owned(),
        }
    }

    /// The proxy that stands before this server; none where there is none, or `NO_PROXY` leaves the server out.
    fn before(&self, server: &Uri) -> Result<Option<Proxy>, GitHubError> {
        let is_tls = server.scheme() == Some(&Scheme::HTTPS);
        let Some((variable, address)) = (if is_tls { &self.https } else { &self.http }) else {
            return Ok(None);
        };
        let through = |address: &str, no: &str| {
            let matcher = Matcher::builder().all(address).no(no).build();
            matcher.intercept(server)
        };
        let port = server.port_u16().unwrap_or(if is_tls { 443 } else { 80 });
        let no = exceptions(&self.no, port);
        if no.contains(&"*") || through("http://any", &no.join(",")).is_none() {
            return Ok(None);
        }
        let is_usable = |proxy: &Intercept| {
            let to = proxy.uri();
            // A password with an `@` that is not written as `%40`.
            let is_cut = to.authority().is_none_or(|a| a.as_str().contains('@'));
            matches!(to.scheme_str(), Some("http" | "https")) && !is_cut
        };
        let Some(to) = through(address, "").filter(is_usable) else {
            return Err(GitHubError::Setup {
                message: format!(
                    "{variable} does not name a proxy that can be used: write it as `http://host:port`"
                ),
            });
        };
        Ok(Some(Proxy { variable, to }))
    }
}

/// `NO_PROXY` for a server at this port: hosts with their subdomains, addresses and networks, separated by commas.
fn exceptions(list: &str, port: u16) -> Vec<&str> {
    let entries = list.split(|c: char| c == ',' || c.is_whitespace());
    let hosts = entries.filter_map(|entry| {
        if entry.parse::<IpAddr>().is_ok() {
            return Some(entry);
        }
        let (host, at) = match entry.rsplit_once(':') {
            Some((host, at)) if at.bytes().all(|b| b.is_ascii_digit()) => (host, Some(at)),
            _ => (entry, None),
        };
        let meant = at.is_none_or(|at| at.parse() == Ok(port));
        let host = host.trim_start_matches('[').trim_end_matches(']');
        meant.then(|| host.strip_prefix("*.").unwrap_or(host))
    });
    hosts.collect()
}

/// A proxy that is used.
#[derive(Clone)]
struct Proxy {
    variable: &'static str,
    to: Intercept,
}

/// A proxy that could not be reached, or would not let us through.
#[derive(Debug, thiserror::Error)]
#[error("{address}: {message}")]
pub(super) struct ProxyFailed {
    pub(super) variable: &'static str,
    address: String,
    message: String,
}

impl Proxy {
    fn failed(&self, error: &(dyn Error + 'static)) -> ProxyFailed {
        let mut words = vec![error.to_string()];
        let mut cause = error.source();
        while let Some(deeper) = cause {
            words.push(deeper.to_string());
            cause = deeper.source();
        }
        words.dedup();
        ProxyFailed {
            variable: self.variable,
            address: self
                .to
                .uri()
                .authority()
                .map(ToString::to_string)
                .unwrap_or_default(),
            message: one_line(&words.join(": ")),
        }
    }
}

/// A transport to the API at `base`. Must be called inside a tokio runtime.
pub(super) fn connect(
    base: &str,
    token: &Token,
    proxies: &Proxies,
    tls: &Arc<ClientConfig>,
) -> Result<Octocrab, GitHubError> {
    let base = base.trim_end_matches('/');
    let server: Option<Uri> = base.parse().ok();
    let is_web = |uri: &Uri| matches!(uri.scheme_str(), Some("https" | "http"));
    let Some(server) =
        server.filter(|uri| is_web(uri) && uri.host().is_some_and(|h| !h.is_empty()))
    else {
        // An address may carry a name and a password in front of its host.
        let shown = base.rsplit('@').next().unwrap_or(base);
        let shown = one_line(&token.hidden_in(shown.to_owned()));
        let message = format!("`{shown}` is not the address of an API");
        return Err(GitHubError::Setup { message });
    };
    let proxy = proxies.before(&server)?;
    let mut headers = vec![
        (USER_AGENT, HeaderValue::from_static(AGENT)),
        (
            AUTHORIZATION,
            secret(&format!("Bearer {}", token.secret()))?,
        ),
    ];
    // A tunnel sends this itself; a request that the proxy reads has to carry it.
    if let Some(auth) = proxy.as_ref().and_then(|proxy| proxy.to.basic_auth())
        && server.scheme() == Some(&Scheme::HTTP)
    {
        headers.push((PROXY_AUTHORIZATION, auth.clone()));
    }
    let octocrab = OctocrabBuilder::new_empty()
        .with_service(transport(proxy, tls))
        .with_layer(&FollowRedirectLayer::new())
        .with_layer(&ExtraHeadersLayer::new(Arc::new(headers)))
        .with_layer(&BaseUriLayer::new(server))
        .with_auth(AuthState::None)
        .build();
    match octocrab {
        Ok(octocrab) => Ok(octocrab),
        Err(never) => match never {},
    }
}

fn secret(text: &str) -> Result<HeaderValue, GitHubError> {
    let mut value = HeaderValue::from_str(text).map_err(|_| GitHubError::Unauthorized)?;
    value.set_sensitive(true);
    Ok(value)
}

/// TLS that trusts what `SSL_CERT_FILE` and `SSL_CERT_DIR` name, and where neither is set, what the system does.
///
/// # Errors
/// When there is not one authority to trust.
pub(super) fn trust() -> Result<Arc<ClientConfig>, GitHubError> {
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let versions =
        ClientConfig::builder_with_provider(provider).with_safe_default_protocol_versions();
    let config = versions
        .map_err(|e| e.to_string())
        .and_then(|config| config.with_native_roots().map_err(|e| e.to_string()));
    match config {
        Ok(config) => Ok(Arc::new(config.with_no_client_auth())),
        Err(error) => Err(GitHubError::Setup {
            message: format!(
                "no certificate of an authority can be read; check SSL_CERT_FILE and SSL_CERT_DIR: {}",
                one_line(&error)
            ),
        }),
    }
}

type Transport = Client<HttpsConnector<Dial>, OctoBody>;

fn transport(proxy: Option<Proxy>, tls: &Arc<ClientConfig>) -> Transport {
    let mut plain = HttpConnector::new();
    plain.enforce_http(false);
    plain.set_connect_timeout(Some(CONNECT));
    let dial = Dial {
        proxy,
        reach: HttpsConnector::from((plain.clone(), Arc::clone(tls))),
        plain,
    };
    let connector = HttpsConnector::from((dial, Arc::clone(tls)));
    Client::builder(TokioExecutor::new()).build(connector)
}

/// Opens connections, before any TLS with the server.
#[derive(Clone)]
struct Dial {
    proxy: Option<Proxy>,
    plain: HttpConnector,
    /// The same for a proxy, which may want TLS for itself.
    reach: HttpsConnector<HttpConnector>,
}

impl Dial {
    async fn open(mut self, server: Uri) -> Result<Opened, Cause> {
        let Some(proxy) = self.proxy else {
            let wire = Wire::Http(self.plain.call(server).await?);
            return Ok(Opened {
                wire,
                is_read_by_proxy: false,
            });
        };
        let to = proxy.to.uri().clone();
        if server.scheme() == Some(&Scheme::HTTP) {
            let wire = self.reach.call(to).await.map_err(|e| proxy.failed(&*e))?;
            return Ok(Opened {
                wire,
                is_read_by_proxy: true,
            });
        }
        let mut tunnel = Tunnel::new(to, self.reach);
        if let Some(auth) = proxy.to.basic_auth() {
            tunnel = tunnel.with_auth(auth.clone());
        }
        let wire = tunnel.call(server).await.map_err(|e| proxy.failed(&e))?;
        Ok(Opened {
            wire,
            is_read_by_proxy: false,
        })
    }
}

impl Service<Uri> for Dial {
    type Response = Opened;
    type Error = Cause;
    type Future = Pin<Box<dyn Future<Output = Result<Opened, Cause>> + Send>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Cause>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, server: Uri) -> Self::Future {
        Box::pin(self.clone().open(server))
    }
}

/// An open connection. A proxy that reads the request wants the whole address in its first line.
struct Opened {
    wire: Wire,
    is_read_by_proxy: bool,
}

impl Connection for Opened {
    fn connected(&self) -> Connected {
        self.wire.connected().proxy(self.is_read_by_proxy)
    }
}

impl Read for Opened {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: ReadBufCursor<'_>,
    ) -> Poll<std::io::Result<()>> {
        Pin::new(&mut self.wire).poll_read(cx, buf)
    }
}

impl Write for Opened {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &[u8],
    ) -> Poll<std::io::Result<usize>> {
        Pin::new(&mut self.wire).poll_write(cx, buf)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<std::io::Result<()>> {
        Pin::new(&mut self.wire).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<std::io::Result<()>> {
        Pin::new(&mut self.wire).poll_shutdown(cx)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn proxies(no: &str) -> Proxies {
        let named = |variable| Some((variable, "http://ada:secret@proxy.example:3128".to_owned()));
        Proxies {
            https: named("HTTPS_PROXY"),
            http: named("HTTP_PROXY"),
            no: no.to_owned(),
        }
    }

    fn is_used(no: &str, server: &'static str) -> bool {
        proxies(no)
            .before(&Uri::from_static(server))
            .unwrap()
            .is_some()
    }

    #[test]
    fn no_proxy_knows_hosts_suffixes_networks_ports_and_the_star() {
        const SERVER: &str = "https://github.acme.example/api/v3";
        for no in [
            "github.acme.example",
            "GitHub.Acme.Example",
            "acme.example",
            ".acme.example",
            "*.acme.example",
            "other.example, acme.example",
            "other.example acme.example",
            "github.acme.example:443",
            "*",
            "*:443",
        ] {
            assert!(!is_used(no, SERVER), "{no}");
        }
        for no in [
            "",
            "me.example",
            "other.acme.example",
            "github.acme.example:8443",
            "10.0.0.0/8",
            ",",
            ":",
        ] {
            assert!(is_used(no, SERVER), "{no}");
        }
        for (no, server) in [
            ("10.0.0.0/8", "https://10.1.2.3/api/v3"),
            ("10.1.2.3", "http://10.1.2.3:8080/api/v3"),
            ("10.1.2.3:8080", "http://10.1.2.3:8080/api/v3"),
            ("fd00::/8", "https://[fd00::7]/api/v3"),
            ("fd00::7", "https://[fd00::7]/api/v3"),
            ("[fd00::7]:443", "https://[fd00::7]/api/v3"),
            ("*", "https://10.1.2.3/api/v3"),
        ] {
            assert!(!is_used(no, server), "{no} {server}");
        }
        assert!(is_used("10.1.2.3:80", "http://10.1.2.3:8080/api/v3"));
        assert!(is_used("11.0.0.0/8", "https://10.1.2.3/api/v3"));
    }

    #[test]
    fn a_variable_that_names_no_proxy_is_named_and_its_secret_is_not() {
        for bad in [
            "socks5://ada:secret@proxy.example",
            "ftp://secret",
            "http://ada:se@cret@proxy.example",
            "::secret",
        ] {
            let proxies = Proxies {
                https: Some(("all_proxy", bad.to_owned())),
                ..Proxies::default()
            };
            let error = proxies
                .before(&Uri::from_static("https://api.github.com"))
                .err()
                .unwrap();
            let says = error.to_string();
            assert!(
                says.starts_with("all_proxy does not name")
                    && !says.contains("secret")
                    && !says.contains("se@"),
                "{bad}: {says}"
            );
        }
        let plain = Proxies {
            https: Some(("https_proxy", "proxy.example:3128".to_owned())),
            ..Proxies::default()
        };
        let proxy = plain
            .before(&Uri::from_static("https://api.github.com"))
            .unwrap()
            .unwrap();
        assert_eq!(proxy.to.uri(), "http://proxy.example:3128/");
        assert!(
            plain
                .before(&Uri::from_static("http://api.github.com"))
                .unwrap()
                .is_none()
        );
    }

    #[test]
    fn upper_case_goes_first_and_the_kind_before_all() {
        let host = |set: &[(&str, &str)]| {
            Host::of_variables(
                set.iter()
                    .map(|(k, v)| ((*k).to_owned(), (*v).to_owned()))
                    .collect(),
            )
        };
        let read = Proxies::of_host(&host(&[
            ("all_proxy", "http://a:1"),
            ("https_proxy", "http://b:2"),
            ("no_proxy", "x"),
        ]));
        assert_eq!(
            read.https.unwrap(),
            ("https_proxy", "http://b:2".to_owned())
        );
        assert_eq!(read.http.unwrap().0, "all_proxy");
        assert_eq!(read.no, "x");
        let read = Proxies::of_host(&host(&[
            ("HTTPS_PROXY", "http://c:3"),
            ("https_proxy", "http://b:2"),
            ("HTTP_PROXY", ""),
        ]));
        assert_eq!(read.https.unwrap().0, "HTTPS_PROXY");
        assert!(read.http.is_none());
    }
}
