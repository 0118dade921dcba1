//! `docs/troubleshooting.md`: what it quotes is said by the program, and what the action says is quoted.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use regex::Regex;

use super::{read, root};

const PAGE: &str = "docs/troubleshooting.md";
/// Where the program speaks. `doctor` says with each line what to do; it and the templates have tests of their own.
const SPEAKS: [&str; 8] = [
    "src/adapter",
    "src/cli",
    "src/collect",
    "src/config",
    "src/event/time.rs",
    "src/github/error.rs",
    "src/host/git.rs",
    "src/ledger/mod.rs",
];
/// What is no message: frames of others, progress, lists, what the arguments refuse before, and bugs of git or GitHub.
const NO_MESSAGE: [&str; 16] = [
    "error: {}",
    "caused by: {}",
    "{IN_DOUBT}",
    "; --reset writes it anew",
    "next: add the job of the README",
    "took over ",
    "no incidents are recorded; ",
    "dry run: ",
    " bytes)",
    "  a comment:",
    " swept; ",
    " versions in all",
    "there is no place ",
    "there is no format ",
    " of git's output ",
    " of GitHub has no usable ",
];
/// A shorter piece of a message says nothing by itself.
const SHORT: usize = 6;

fn sources(path: &Path, out: &mut Vec<(String, String)>) {
    if path.is_dir() {
        for entry in fs::read_dir(path).unwrap() {
            sources(&entry.unwrap().path(), out);
        }
    } else if path.extension().is_some_and(|e| e == "rs") {
        let text = fs::read_to_string(path).unwrap();
        let text = text.split("#[cfg(test)]\nmod tests {").next().unwrap();
        out.push((path.display().to_string(), plain(text)));
    }
}

/// Without line breaks in literals, and with their quotes as they are printed.
fn plain(text: &str) -> String {
    let joined = Regex::new(r"\\\n\s*").unwrap().replace_all(text, "");
    joined.replace("\\\"", "\u{201c}")
}

/// Messages of the page, each as the pieces between what varies.
fn quoted() -> Vec<Vec<String>> {
    let page = read(PAGE);
    let mut found = vec![];
    for table in page.split("| it says |").skip(1) {
        let rows = table.lines().skip(2);
        for row in rows.map_while(|row| row.strip_prefix("| ")) {
            let cell = row.split(" | ").next().unwrap();
            let text = cell.trim_matches(['`', ' ']);
            let pieces = text.split('…').map(|piece| piece.trim().to_owned());
            found.push(pieces.filter(|piece| piece.len() >= SHORT).collect());
        }
    }
    found
}

#[test]
fn what_is_quoted_is_said_in_one_place() {
    let mut code = vec![];
    sources(&root().join("src"), &mut code);
    let messages = quoted();
    assert!(messages.len() > 120, "{messages:?}");
    let distinct: BTreeSet<&Vec<String>> = messages.iter().collect();
    assert_eq!(
        distinct.len(),
        messages.len(),
        "a message stands there twice"
    );
    for message in messages {
        assert!(!message.is_empty(), "a message of nothing");
        let said = code.iter().any(|(_, text)| {
            let mut pieces = message.iter();
            pieces.all(|piece| text.contains(piece.as_str()))
        });
        assert!(said, "no source says {message:?}");
    }
}

#[test]
fn what_the_program_says_is_quoted() {
    let says = Regex::new(
        r#"(?:\b(?:degrade|error|notice|miss|cut_short|usage|say|anyhow!|context)\(|\b(?:says|text):|#\[error\()\s*(?:sentence\()?&?(?:format!\()?\s*"([^"]+)""#,
    )
    .unwrap();
    let varies = Regex::new(r"\{[^}]*\}").unwrap();
    let quoted: Vec<String> = quoted().into_iter().flatten().collect();
    let mut missing = vec![];
    let mut seen = 0;
    for path in SPEAKS {
        let mut files = vec![];
        sources(&root().join(path), &mut files);
        assert!(!files.is_empty(), "{path} is gone");
        for (file, text) in files {
            if file.contains("/doctor") {
                continue;
            }
            for found in says.captures_iter(&text) {
                let pieces = varies.split(&found[1]).map(str::trim);
                let Some(longest) = pieces.filter(|p| p.len() >= SHORT).max_by_key(|p| p.len())
                else {
                    continue;
                };
                if NO_MESSAGE.iter().any(|said| found[1].contains(said)) {
                    continue;
                }
                seen += 1;
                let has =
                    |piece: &String| piece.contains(longest) || longest.contains(piece.as_str());
                if !quoted.iter().any(has) {
                    missing.push(format!("{file}: {}", &found[1]));
                }
            }
        }
    }
    assert!(seen > 110, "{seen} messages were found");
    assert!(missing.is_empty(), "{PAGE} lacks\n{}", missing.join("\n"));
}

#[test]
fn every_remedy_for_an_error_of_github_is_quoted() {
    let page = read(PAGE);
    let source = plain(&read("src/github/error.rs"));
    let (_, help) = source.split_once("pub fn help(").unwrap();
    let (help, _) = help.split_once("pub(super) fn").unwrap();
    let literal = Regex::new(r#""([^"]*)""#).unwrap();
    let remedies: Vec<&str> = literal
        .captures_iter(help)
        .map(|found| found.get(1).unwrap().as_str())
        .filter(|text| text.len() > 2 * SHORT)
        .collect();
    assert!(remedies.len() >= 6, "{remedies:?}");
    for remedy in remedies {
        let start = remedy.split('{').next().unwrap().trim();
        assert!(page.contains(start), "{PAGE} does not say: {remedy}");
    }
}
