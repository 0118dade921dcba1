//! Every adapter reads its folder of fixtures: `tests/it/fixtures/adapters/ADAPTER/NAME.txt` gives `NAME.events.jsonl`.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use fivekeys::adapter::{ADAPTERS, Adapter};
use fivekeys::config::{self, Config};
use fivekeys::event::{Event, Events};

const EVENTS: &str = ".events.jsonl";
const CONFIG: &str = "fivekeys.yml";

fn folder(adapter: &Adapter) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("tests/it/fixtures/adapters")
        .join(adapter.id)
}

/// The payloads of an adapter, with the configuration that lies beside them.
fn payloads(adapter: &Adapter) -> (Vec<PathBuf>, Config) {
    let folder = folder(adapter);
    let listed = fs::read_dir(&folder).unwrap_or_else(|e| panic!("{}: {e}", folder.display()));
    let mut paths: Vec<PathBuf> = listed.map(|entry| entry.unwrap().path()).collect();
    paths.sort();
    let name = |path: &Path| path.file_name().unwrap().to_string_lossy().into_owned();
    paths.retain(|path| !name(path).ends_with(EVENTS) && name(path) != CONFIG);
    let written = fs::read_to_string(folder.join(CONFIG)).unwrap_or_default();
    (paths, config::parse(&written).unwrap())
}

fn read(adapter: &Adapter, path: &Path, config: &Config) -> Vec<Event> {
    let bytes = fs::read(path).unwrap();
    let reading = (adapter.read)(&bytes, config);
    let reading = reading.unwrap_or_else(|e| panic!("{}: {e}", path.display()));
    reading.events
}

#[test]
fn every_adapter_reads_its_fixtures() {
    for adapter in &ADAPTERS {
        let (paths, config) = payloads(adapter);
        assert!(!paths.is_empty(), "{} has no fixture", adapter.id);
        for path in paths {
            let events = read(adapter, &path, &config);
            assert!(!events.is_empty(), "{} gives nothing", path.display());
            let lines: String = events
                .iter()
                .map(|event| serde_json::to_string(event).unwrap() + "\n")
                .collect();
            let expected = path.with_extension("").display().to_string() + EVENTS;
            if std::env::var_os("UPDATE_FIXTURES").is_some() {
                fs::write(&expected, &lines).unwrap();
            }
            let known = fs::read_to_string(&expected).unwrap_or_default();
            assert!(
                known == lines,
                "{expected} is not what {} gives now; look, then UPDATE_FIXTURES=1\n{lines}",
                adapter.id
            );
        }
    }
}

#[test]
fn reading_twice_is_reading_once_and_ids_are_well_formed() {
    for adapter in &ADAPTERS {
        let (paths, config) = payloads(adapter);
        for path in paths {
            let events = read(adapter, &path, &config);
            let once: Events = events.iter().cloned().collect();
            let twice: Events = events
                .iter()
                .chain(&read(adapter, &path, &config))
                .cloned()
                .collect();
            assert_eq!(once, twice, "{}", path.display());
            for event in &events {
                let printable = !event.id.is_empty() && !event.id.chars().any(char::is_control);
                assert!(printable, "{}: id {:?}", path.display(), event.id);
            }
        }
    }
}

#[test]
fn names_are_those_of_a_table() {
    let ids: Vec<&str> = ADAPTERS.iter().map(|a| a.id).collect();
    let sorted: BTreeSet<&str> = ids.iter().copied().collect();
    assert_eq!(ids, sorted.into_iter().collect::<Vec<_>>());
    for adapter in &ADAPTERS {
        assert!(adapter.definition.ends_with('.'), "{}", adapter.id);
    }
}

/// Cut, doubled or replaced by noise, a payload gives an error or events, never a panic.
#[test]
fn broken_payloads_do_not_break_us() {
    for adapter in &ADAPTERS {
        let (paths, config) = payloads(adapter);
        for path in paths {
            let whole = fs::read(&path).unwrap();
            let step = (whole.len() / 97).max(1);
            for cut in (0..whole.len()).step_by(step) {
                let _ = (adapter.read)(&whole[..cut], &config);
                let mut noisy = whole.clone();
                noisy[cut] = noisy[cut].wrapping_add(0x5b);
                let _ = (adapter.read)(&noisy, &config);
            }
            let doubled = [whole.as_slice(), whole.as_slice()].concat();
            let _ = (adapter.read)(&doubled, &config);
        }
        for noise in [
            &b""[..],
            b"null",
            b"[[[[",
            b"{}",
            b"[1, true, \"x\"]",
            b"\xff\xfe\x00",
        ] {
            let _ = (adapter.read)(noise, &Config::default());
        }
    }
}
