//! The way to the server: a private authority, proxies, and what is said where the way is closed. The whole action
//! runs against the test world, which stands behind real TLS and real proxies on loopback.

use std::io::{Read, Write};
use std::net::{Shutdown, SocketAddr, TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};

use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::{ServerConfig, ServerConnection, StreamOwned};

use crate::world::{Runner, Transcript, World};

/// User and password of the proxy, and how they are sent.
const LOGIN: &str = "ada:s3cret%21";
const SENT: &str = "proxy-authorization: basic ywrhonmzy3jldce=";

fn fixture(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("tests/it/fixtures/tls")
        .join(name)
}

/// Heads of the requests that were seen, in lower case.
#[derive(Clone, Default)]
struct Seen(Arc<Mutex<Vec<String>>>);

impl Seen {
    fn add(&self, head: &[u8]) {
        let head = String::from_utf8_lossy(head).to_lowercase();
        self.0.lock().unwrap().push(head);
    }

    fn heads(&self) -> Vec<String> {
        self.0.lock().unwrap().clone()
    }
}

/// Answers every connection on a port of its own, until the test program ends.
fn listen(serve: impl Fn(TcpStream) -> Option<()> + Send + Sync + 'static) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let at = listener.local_addr().unwrap();
    let serve = Arc::new(serve);
    std::thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            let serve = Arc::clone(&serve);
            std::thread::spawn(move || serve(stream));
        }
    });
    at
}

/// The head of a request and what came of its body.
fn head(stream: &mut impl Read) -> Option<(Vec<u8>, Vec<u8>)> {
    let (mut text, mut part) = (Vec::new(), [0; 4096]);
    loop {
        let count = stream.read(&mut part).ok().filter(|count| *count > 0)?;
        text.extend_from_slice(&part[..count]);
        if let Some(at) = text.windows(4).position(|four| four == b"\r\n\r\n") {
            let body = text.split_off(at + 4);
            return Some((text, body));
        }
    }
}

/// One request, handed on to `to` by a connection of its own, its head changed.
fn hand_on(
    stream: &mut (impl Read + Write),
    (first, mut body): (Vec<u8>, Vec<u8>),
    to: SocketAddr,
    change: impl Fn(&str) -> String,
) -> Option<()> {
    let text = String::from_utf8(first).ok()?;
    let length = text.lines().find_map(|line| {
        let (name, value) = line.split_once(':')?;
        name.eq_ignore_ascii_case("content-length")
            .then(|| value.trim().parse::<usize>())
    });
    let mut rest = vec![0; length.unwrap_or(Ok(0)).ok()?.saturating_sub(body.len())];
    stream.read_exact(&mut rest).ok()?;
    body.extend(rest);
    let mut behind = TcpStream::connect(to).ok()?;
    let asked = change(&text).replacen("\r\n", "\r\nconnection: close\r\n", 1);
    behind.write_all(asked.as_bytes()).ok()?;
    behind.write_all(&body).ok()?;
    let mut answer = Vec::new();
    behind.read_to_end(&mut answer).ok()?;
    stream.write_all(&answer).ok()?;
    stream.flush().ok()
}

/// TLS with the certificate of the private authority before the world.
fn tls(world: &World) -> SocketAddr {
    let key = PrivateKeyDer::from_pem_file(fixture("server.key")).unwrap();
    let chain = CertificateDer::pem_file_iter(fixture("server.pem")).unwrap();
    let chain = chain.map(Result::unwrap).collect();
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(chain, key)
        .unwrap();
    let (config, to) = (Arc::new(config), behind(world));
    listen(move |stream| {
        let mut stream = StreamOwned::new(ServerConnection::new(Arc::clone(&config)).ok()?, stream);
        let first = head(&mut stream)?;
        hand_on(&mut stream, first, to, str::to_owned)?;
        stream.conn.send_close_notify();
        stream.flush().ok()
    })
}

fn behind(world: &World) -> SocketAddr {
    let url = world.api_url();
    let place = url
        .trim_start_matches("http://")
        .split('/')
        .next()
        .unwrap_or_default();
    place.parse().unwrap()
}

/// A proxy that opens tunnels and hands plain requests on, for those who log in.
fn proxy(seen: &Seen) -> SocketAddr {
    let seen = seen.clone();
    listen(move |mut stream| {
        let first = head(&mut stream)?;
        seen.add(&first.0);
        let text = String::from_utf8(first.0.clone()).ok()?;
        if !text.to_lowercase().contains(SENT) {
            let refusal = "HTTP/1.1 407 Proxy Authentication Required\r\ncontent-length: 0\r\n\r\n";
            return stream.write_all(refusal.as_bytes()).ok();
        }
        let mut words = text.split(' ');
        let (method, place) = (words.next()?, words.next()?);
        if method != "CONNECT" {
            let (host, _) = place.strip_prefix("http://")?.split_once('/')?;
            let to = host.parse().ok()?;
            return hand_on(&mut stream, first, to, |text| {
                text.replacen(&format!("http://{host}"), "", 1)
            });
        }
        let behind = TcpStream::connect(place.parse::<SocketAddr>().ok()?).ok()?;
        stream
            .write_all(b"HTTP/1.1 200 Connection established\r\n\r\n")
            .ok()?;
        let (mut up, mut down) = (behind.try_clone().ok()?, stream.try_clone().ok()?);
        let (mut behind, mut stream) = (behind, stream);
        std::thread::spawn(move || {
            let _ = std::io::copy(&mut behind, &mut down);
            let _ = down.shutdown(Shutdown::Both);
        });
        let _ = std::io::copy(&mut stream, &mut up);
        up.shutdown(Shutdown::Both).ok()
    })
}

/// An Enterprise Server with one deployment.
fn server() -> World {
    let world = World::enterprise().at("2026-03-02T10:00:00Z");
    world
        .github()
        .no_rate_limits()
        .commit("c1", "2026-03-01T09:00:00Z")
        .deploy_with(
            "production",
            "c1",
            "2026-03-02T09:00:00Z",
            &[("success", "2026-03-02T09:05:00Z")],
            |deploy| deploy.run(100, 1),
        );
    world
}

fn run_by<'w>(world: &'w World, at: SocketAddr, scheme: &str) -> Runner<'w> {
    Runner::new(world)
        .sha("c1")
        .input("status", "success")
        .env("GITHUB_API_URL", &format!("{scheme}://{at}/api/v3"))
        .env(
            "GITHUB_GRAPHQL_URL",
            &format!("{scheme}://{at}/api/graphql"),
        )
}

fn trusting(runner: Runner<'_>) -> Runner<'_> {
    runner.env("SSL_CERT_FILE", fixture("authority.pem").to_str().unwrap())
}

fn is_measured(done: &Transcript) {
    assert_eq!(done.exit, 0, "{done:#?}");
    assert_eq!(done.output("persisted"), "true", "{done:#?}");
    assert_eq!(done.output("degraded"), "false", "{done:#?}");
}

/// Nothing is measured, the deploy is green, and the way out is named.
fn is_closed(done: &Transcript, reasons: &[&str]) {
    assert_eq!(done.exit, 0, "{done:#?}");
    assert_eq!(done.output("persisted"), "false");
    let said = done.said("warning").join("\n");
    let summary = done.summary.replace("&#95;", "_");
    for reason in reasons {
        assert!(said.contains(reason), "{said:?} does not say {reason:?}");
        assert!(
            summary.contains(reason),
            "{summary} does not say {reason:?}"
        );
    }
    let everything = format!("{done:?}");
    assert!(!everything.contains("s3cret"), "{everything}");
}

#[test]
fn a_private_authority_is_trusted_where_ssl_cert_file_names_it() {
    let world = server();
    let at = tls(&world);
    is_measured(&trusting(run_by(&world, at, "https")).run());
    // The second run, another process, finds everything stored.
    let again = trusting(run_by(&world, at, "https")).run();
    assert_eq!(again.output("commit"), "");
    assert_eq!(world.github().branch_commits("fivekeys").len(), 1);
}

#[test]
fn an_authority_that_is_not_known_or_cannot_be_read_names_ssl_cert_file() {
    let world = server();
    let at = tls(&world);
    is_closed(
        &run_by(&world, at, "https").run(),
        &["the server's certificate is not trusted", "SSL_CERT_FILE"],
    );
    let folder = tempfile::tempdir().unwrap();
    let file = |name: &str, text: &str| {
        let path = folder.path().join(name);
        std::fs::write(&path, text).unwrap();
        path
    };
    let cut = "-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----\n";
    for path in [
        folder.path().join("gone.pem"),
        file("empty.pem", ""),
        file("text.pem", "no PEM\n"),
        file("cut.pem", cut),
    ] {
        let runner = run_by(&world, at, "https").env("SSL_CERT_FILE", path.to_str().unwrap());
        is_closed(&runner.run(), &["SSL_CERT_FILE"]);
    }
    assert_eq!(world.requests().count(), 0);
}

#[test]
fn a_tunnel_through_a_proxy_carries_everything_and_the_proxy_sees_nothing_of_it() {
    for name in ["HTTPS_PROXY", "https_proxy", "ALL_PROXY"] {
        let (world, seen) = (server(), Seen::default());
        let (at, door) = (tls(&world), proxy(&seen));
        let runner =
            trusting(run_by(&world, at, "https")).env(name, &format!("http://{LOGIN}@{door}"));
        is_measured(&runner.run());
        let heads = seen.heads();
        assert!(!heads.is_empty(), "{name}");
        let token = world.github().token.to_lowercase();
        for head in heads {
            assert!(head.starts_with(&format!("connect {at} ")), "{head}");
            assert!(head.contains(SENT) && !head.contains(&token), "{head}");
        }
    }
}

#[test]
fn plain_requests_go_through_a_proxy_too() {
    let (world, seen) = (server(), Seen::default());
    let (at, door) = (behind(&world), proxy(&seen));
    let runner = run_by(&world, at, "http").env("HTTP_PROXY", &format!("http://{LOGIN}@{door}"));
    is_measured(&runner.run());
    let heads = seen.heads();
    assert_eq!(heads.len(), world.requests().count());
    assert!(
        heads
            .iter()
            .all(|head| head.contains(&format!(" http://{at}/api/"))),
        "{heads:#?}"
    );
}

#[test]
fn what_no_proxy_names_is_reached_directly_and_each_kind_has_its_own_variable() {
    let nowhere = "http://127.0.0.1:9";
    let world = server();
    let at = tls(&world);
    for no in [
        "127.0.0.1".to_owned(),
        "127.0.0.0/8".to_owned(),
        at.to_string(),
        "*".to_owned(),
    ] {
        let runner = trusting(run_by(&world, at, "https"))
            .env("HTTPS_PROXY", nowhere)
            .env("NO_PROXY", &format!("github.com, {no}"));
        assert_eq!(runner.run().output("persisted"), "true", "{no}");
    }
    let runner = trusting(run_by(&world, at, "https")).env("HTTP_PROXY", nowhere);
    assert_eq!(runner.run().output("persisted"), "true");
}

#[test]
fn a_proxy_that_is_dead_closed_or_none_is_named_by_its_variable_and_its_password_is_not() {
    let world = server();
    let (at, seen) = (tls(&world), Seen::default());
    let door = proxy(&seen);
    let dead = {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        listener.local_addr().unwrap()
    };
    let say = |runner: Runner<'_>, reasons: &[&str]| {
        is_closed(&runner.input("timeout", "20s").run(), reasons);
    };
    let through = |name: &str, to: &str| trusting(run_by(&world, at, "https")).env(name, to);
    let address = dead.to_string();
    say(
        through("HTTPS_PROXY", &format!("http://ada:s3cret@{dead}")),
        &["HTTPS_PROXY", &address, "NO_PROXY"],
    );
    say(
        through("https_proxy", &format!("http://ada:s3cret-too@{door}")),
        &["https_proxy", "proxy authorization required"],
    );
    say(
        through("all_proxy", "socks5://ada:s3cret@127.0.0.1:9"),
        &["all_proxy does not name a proxy"],
    );
    let plain = run_by(&world, behind(&world), "http").env("HTTP_PROXY", &format!("http://{door}"));
    say(plain, &["HTTP_PROXY", "user and a password"]);
    assert_eq!(world.requests().count(), 0);
}
