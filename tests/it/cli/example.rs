//! The example of the documents: a made-up repository, and what the program says of it.

use std::fmt::Write as _;
use std::io::Write as _;
use std::process::Stdio;

use super::*;
use crate::docs::check_block;

const WEEKS: i64 = 26;
/// Lines of an explanation that are shown.
const SHOWN: usize = 24;

/// The same number for the same seed, spread over 0 to below `limit`.
fn spread(seed: i64, limit: i64) -> i64 {
    let mixed = seed.wrapping_mul(0x9E37_79B9).rotate_left(21) ^ (seed << 7);
    (mixed >> 9).rem_euclid(limit)
}

/// A history as `git fast-import` reads it.
#[derive(Default)]
struct Story {
    stream: String,
    marks: u64,
    main: Option<u64>,
}

impl Story {
    fn commit(&mut self, at: i64, message: &str, parents: [Option<u64>; 2]) -> u64 {
        self.marks += 1;
        let mark = self.marks;
        // A branch of its own, so that the main one moves by its merges only.
        let branch = if parents[1].is_some() {
            "main"
        } else {
            "topic"
        };
        let who = format!("Acme <dev@acme.example> {at} +0000");
        let _ = write!(
            self.stream,
            "reset refs/heads/{branch}\ncommit refs/heads/{branch}\nmark :{mark}\nauthor {who}\ncommitter {who}\ndata {}\n{message}\n",
            message.len()
        );
        let [first, second] = parents;
        for (word, parent) in [("from", first), ("merge", second)] {
            if let Some(parent) = parent {
                let _ = writeln!(self.stream, "{word} :{parent}");
            }
        }
        mark
    }

    /// A pull request of two commits, worked on since `begun` and merged at `merged`.
    fn pull(&mut self, number: i64, begun: i64, merged: i64, reverts: Option<i64>) {
        let (branch, title) = match reverts {
            Some(taken) => (
                format!("revert-{taken}-change"),
                format!("Revert \"Change {taken}\"\n\nReverts acme/shop#{taken}"),
            ),
            None => (format!("change-{number}"), format!("Change {number}")),
        };
        let first = self.commit(begun, &format!("Begin {number}"), [self.main, None]);
        let last = self.commit(begun + (merged - begun) / 2, "Finish", [Some(first), None]);
        let message = format!("Merge pull request #{number} from acme/{branch}\n\n{title}");
        self.main = Some(self.commit(merged, &message, [self.main, Some(last)]));
    }

    fn tag(&mut self, name: &str, at: i64) {
        let (mark, message) = (self.main.unwrap(), "A version");
        let _ = write!(
            self.stream,
            "tag {name}\nfrom :{mark}\ntagger Acme <dev@acme.example> {at} +0000\ndata {}\n{message}\n",
            message.len()
        );
    }
}

/// Half a year: three versions a week that take half a day, then five that take less.
fn story() -> String {
    let mut story = Story::default();
    let root = story.commit(NOW - (WEEKS * 7 + 1) * DAY, "Begin", [None, None]);
    story.main = Some(root);
    let (mut number, mut version) = (0, 0);
    for week in 0..WEEKS {
        let quick = week >= WEEKS / 2;
        for nth in 0..(if quick { 5 } else { 3 }) {
            if spread(week * 7 + nth, 11) == 0 {
                continue;
            }
            let day = if quick { nth } else { 2 * nth };
            let at =
                NOW - (WEEKS - week) * 7 * DAY + day * DAY + 15 * HOUR + spread(version, 5_400);
            version += 1;
            // Every ninth version takes back what the one before brought.
            let repairs = version % 9 == 4;
            let at = if repairs { at - 20 * HOUR } else { at };
            for part in 0..(if repairs { 1 } else { 1 + spread(version, 4) }) {
                number += 1;
                let longest = if quick { 9 } else { 20 };
                let merged = at - 600 - spread(number, 2_400) - 60 * part;
                let begun = merged - HOUR - spread(number * 3 + 1, longest * HOUR);
                story.pull(number, begun, merged, repairs.then_some(number - 1));
            }
            story.tag(&format!("v1.{version}.0"), at);
        }
    }
    story.stream
}

fn shop() -> Shop {
    let shop = Shop::empty();
    let mut import = std::process::Command::new("git")
        .args(["fast-import", "--quiet", "--force"])
        .current_dir(&shop.path)
        .env("HOME", &shop.home)
        .stdin(Stdio::piped())
        .spawn()
        .unwrap();
    let mut stream = import.stdin.take().unwrap();
    stream.write_all(story().as_bytes()).unwrap();
    drop(stream);
    assert!(import.wait().unwrap().success());
    shop.git(&["symbolic-ref", "HEAD", "refs/heads/main"]);
    shop
}

fn shown(text: &str, lines: usize) -> String {
    let mut out: String = text
        .lines()
        .take(lines)
        .map(|line| line.trim_end().to_owned() + "\n")
        .collect();
    if text.lines().count() > lines {
        out.push_str("…\n");
    }
    out
}

#[test]
fn the_example_in_the_docs_is_what_the_program_says() {
    let shop = shop();
    let report = shop.run(&["report"]).ok();
    let explained = shop.run(&["explain", "cfr"]).ok();
    let numbers = shop.json();
    let (failed, all) = (failed(&numbers), deployments(&numbers));
    assert!(failed > 3 && all > 40, "{report}");
    let expected = format!(
        "This is `fivekeys report` in a made-up repository `acme/shop`: half a year of pull requests and version tags, \
         {failed} of whose last {all} versions were followed by a revert.\n\n```text\n{}```\n\nAnd `fivekeys explain cfr`, \
         where one of its numbers comes from, as far as it fits here:\n\n```text\n{}```\n",
        shown(&report, usize::MAX),
        shown(&explained, SHOWN),
    );
    check_block("docs/quick-start.md", "example", &expected);
    let compact = shop.run(&["report", "--compact"]).ok();
    let short = format!("```text\n{}```\n", shown(&compact, usize::MAX));
    check_block("README.md", "example", &short);
}
