//! The bounded run: every surface reads its seeds, broken in every way we know, without a fuzzer.

use std::fs;
use std::path::Path;

use proptest::prelude::*;
use proptest::sample::Index;
use proptest::test_runner::{Config as Bounds, RngAlgorithm, TestCaseError, TestRng, TestRunner};

use super::{SURFACES, Surface};

/// Words that have broken readers before, in the form of libFuzzer: `"text"` a line, with `\xNN`.
const DICTIONARY: &str = include_str!("../../fuzz/dictionary.txt");

fn word(line: &str) -> Option<Vec<u8>> {
    let inner = line.strip_prefix('"')?.strip_suffix('"')?;
    let mut out = Vec::new();
    let mut rest = inner;
    while let Some((before, after)) = rest.split_once('\\') {
        out.extend(before.as_bytes());
        let (byte, behind) = match after.strip_prefix('x') {
            Some(hex) => (u8::from_str_radix(hex.get(..2)?, 16).ok()?, &hex[2..]),
            None => (*after.as_bytes().first()?, &after[1..]),
        };
        out.push(byte);
        rest = behind;
    }
    out.extend(rest.as_bytes());
    Some(out)
}

fn words() -> Vec<Vec<u8>> {
    let lines = DICTIONARY.lines().filter(|line| line.starts_with('"'));
    lines.map(|line| word(line).expect(line)).collect()
}

#[expect(clippy::disallowed_methods, reason = "a test reads its seeds")]
fn seeds(name: &str) -> Vec<Vec<u8>> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("fuzz/seeds")
        .join(name);
    let listed = fs::read_dir(&folder).unwrap_or_else(|e| panic!("{}: {e}", folder.display()));
    let mut paths: Vec<_> = listed.map(|entry| entry.unwrap().path()).collect();
    paths.sort();
    assert!(!paths.is_empty(), "{name} has no seed");
    paths.iter().map(|path| fs::read(path).unwrap()).collect()
}

/// One way to break a text.
#[derive(Debug, Clone)]
enum Harm {
    Cut(Index),
    Flip(Index, u8),
    Insert(Index, Index),
    Delete(Index, usize),
    Repeat(Index, usize, usize),
    /// The number here becomes a word.
    Number(Index, Index),
    /// What follows is the end of another seed.
    Splice(Index, Index, Index),
}

fn harm() -> impl Strategy<Value = Harm> {
    let at = any::<Index>;
    prop_oneof![
        1 => at().prop_map(Harm::Cut),
        4 => (at(), any::<u8>()).prop_map(|(at, bits)| Harm::Flip(at, bits)),
        6 => (at(), at()).prop_map(|(at, word)| Harm::Insert(at, word)),
        2 => (at(), 1..60_usize).prop_map(|(at, length)| Harm::Delete(at, length)),
        2 => (at(), 1..200_usize, 1..20_usize).prop_map(|(at, length, times)| Harm::Repeat(at, length, times)),
        6 => (at(), at()).prop_map(|(at, word)| Harm::Number(at, word)),
        1 => (at(), at(), at()).prop_map(|(at, other, from)| Harm::Splice(at, other, from)),
    ]
}

fn broken(seed: &[u8], harms: &[Harm], seeds: &[Vec<u8>], words: &[Vec<u8>]) -> Vec<u8> {
    let mut text = seed.to_vec();
    for harm in harms {
        let place = |at: &Index| at.index(text.len() + 1);
        match harm {
            Harm::Cut(at) => text.truncate(place(at)),
            Harm::Flip(at, bits) => {
                let at = place(at);
                text.iter_mut()
                    .skip(at)
                    .take(1)
                    .for_each(|byte| *byte ^= bits);
            }
            Harm::Insert(at, which) => {
                let at = place(at);
                text.splice(at..at, words[which.index(words.len())].clone());
            }
            Harm::Delete(at, length) => {
                let from = place(at);
                text.drain(from..text.len().min(from + length));
            }
            Harm::Repeat(at, length, times) => {
                let from = place(at);
                let part = text[from..text.len().min(from + length)].repeat(*times);
                text.splice(from..from, part);
            }
            Harm::Number(at, which) => {
                let from = place(at);
                let digit = |byte: &u8| byte.is_ascii_digit();
                let from = from + text[from..].iter().take_while(|b| !digit(b)).count();
                let to = from + text[from..].iter().take_while(|b| digit(b)).count();
                text.splice(from..to, words[which.index(words.len())].clone());
            }
            Harm::Splice(at, other, from) => {
                text.truncate(place(at));
                let other = &seeds[other.index(seeds.len())];
                text.extend_from_slice(&other[from.index(other.len() + 1)..]);
            }
        }
    }
    text
}

/// Reads, and keeps the panic for the report of the smallest text that does it.
fn survives(surface: &Surface, text: &[u8]) -> Result<(), TestCaseError> {
    let read = std::panic::catch_unwind(|| (surface.read)(text));
    read.map_err(|panic| {
        let said = panic.downcast_ref::<String>().cloned();
        let said = said.or_else(|| panic.downcast_ref::<&str>().map(|s| (*s).to_owned()));
        let shown = String::from_utf8_lossy(&text[..text.len().min(2_000)]);
        TestCaseError::fail(format!(
            "{}: {}\n{shown}",
            surface.name,
            said.unwrap_or_default()
        ))
    })
}

/// `PROPTEST_CASES` asks for more.
#[expect(clippy::disallowed_methods, reason = "how long a test may take")]
fn cases(usual: u32) -> u32 {
    let asked = std::env::var("PROPTEST_CASES").ok();
    asked.and_then(|n| n.parse().ok()).unwrap_or(usual)
}

fn surface(name: &str) -> &'static Surface {
    let table: &'static [Surface] = &SURFACES;
    table.iter().find(|surface| surface.name == name).unwrap()
}

/// Whole, cut, and broken by chance that is the same each time.
fn holds(name: &str, usual: u32) {
    let (surface, seeds, words) = (surface(name), seeds(name), words());
    for seed in &seeds {
        let cuts = (usual as usize / 4).clamp(1, 60);
        for part in 0..=cuts {
            survives(surface, &seed[..seed.len() * part / cuts]).unwrap();
        }
    }
    for word in &words {
        survives(surface, word).unwrap();
    }
    let bounds = Bounds {
        cases: cases(usual),
        failure_persistence: None,
        ..Bounds::default()
    };
    let chance = TestRng::deterministic_rng(RngAlgorithm::ChaCha);
    let mut runner = TestRunner::new_with_rng(bounds, chance);
    let harms = (any::<Index>(), prop::collection::vec(harm(), 1..6));
    let checked = runner.run(&harms, |(which, harms)| {
        let seed = &seeds[which.index(seeds.len())];
        survives(surface, &broken(seed, &harms, &seeds, &words))
    });
    if let Err(broken) = checked {
        panic!("{broken}");
    }
}

/// Shapes that are cheap to send and dear to read.
fn shapes() -> Vec<(&'static str, Vec<u8>)> {
    let deep = 100_000;
    let bombs = (1..40).fold("a: &a [x, x]\n".to_owned(), |all, n| {
        let (name, before) = (
            format!("a{n}"),
            if n == 1 {
                "a".to_owned()
            } else {
                format!("a{}", n - 1)
            },
        );
        all + &format!("{name}: &{name} [*{before}, *{before}, *{before}, *{before}]\n")
    });
    let long = 1 << 18;
    vec![
        ("[", "[".repeat(deep).into()),
        ("{", r#"{"a":"#.repeat(deep).into()),
        ("flow maps", "{a: ".repeat(deep).into()),
        ("flow lists", format!("a: {}", "[".repeat(deep)).into()),
        ("block lists", "- ".repeat(deep).into()),
        ("block keys", "? ".repeat(deep).into()),
        ("anchors", bombs.into()),
        ("aliases", format!("&a [{}]", "*a,".repeat(deep)).into()),
        (
            "steps",
            (0..1_000)
                .map(|n| " ".repeat(n) + "a:\n")
                .collect::<String>()
                .into(),
        ),
        (
            "closed",
            format!("{}{}", "[".repeat(deep), "]".repeat(deep)).into(),
        ),
        ("digits", "9".repeat(long).into()),
        ("quotes", "\"".repeat(long).into()),
        ("letters", "a".repeat(long).into()),
        ("commas", ",".repeat(long).into()),
        ("lines", "\n".repeat(long).into()),
        ("short lines", "a\n".repeat(long / 8).into()),
        ("NULs", vec![0; long]),
        ("no text", vec![0xFF; long]),
        (
            "half a letter",
            [b"\"".as_slice(), &[0xE2, 0x82].repeat(1000)].concat(),
        ),
    ]
}

/// None of them takes anything down. One that takes more than linear time makes the whole run hang.
fn endures(name: &str) {
    let surface = surface(name);
    for (shape, text) in shapes() {
        if let Err(error) = survives(surface, &text) {
            let said: String = error.to_string().chars().take(500).collect();
            panic!("{shape}: {said}");
        }
    }
}

macro_rules! surfaces {
    ($($name:ident $cases:literal;)*) => {
        $(mod $name {
            #[test]
            fn what_is_broken_is_read_or_refused() {
                super::holds(stringify!($name), $cases);
            }

            #[test]
            fn what_is_deep_or_long_is_no_danger() {
                super::endures(stringify!($name));
            }
        })*

        #[test]
        fn every_surface_is_run() {
            let run = [$(stringify!($name)),*];
            assert_eq!(SURFACES.map(|surface| surface.name), run);
        }
    };
}

surfaces! {
    adapters 40;
    answer 80;
    config 80;
    corrections 80;
    events 2;
    git 60;
    grammar 600;
    inputs 150;
    ledger 60;
    payload 80;
    question 20;
    report 4;
}
