//! Where badges are reached: addresses for public, private and Enterprise repositories, and what is pasted.

use std::fmt::Write as _;

use serde::Serialize;

use super::escape;
use crate::report::METRICS;

/// Where raw files of public repositories are served without an account.
const RAW: &str = "https://raw.githubusercontent.com";
/// The server that has such a place.
const OPEN: &str = "https://github.com";

/// Addresses of the badges on the metrics branch.
#[derive(Debug, Default, PartialEq, Eq, Serialize)]
pub(super) struct Shelf {
    /// The folder, as readers of the repository reach it.
    pub(super) badges: String,
    /// The same for shields, which has no account; empty where it cannot reach it.
    pub(super) shields: String,
    /// What a badge leads to.
    pub(super) target: String,
}

impl Shelf {
    /// Of a repository on a server such as `https://github.com`.
    pub(super) fn of(server: &str, repository: &str, branch: &str, is_private: bool) -> Self {
        let server = server.trim_end_matches('/');
        let is_open = server == OPEN && !is_private;
        let badges = if is_open {
            format!("{RAW}/{repository}/{branch}/badges")
        } else {
            format!("{server}/{repository}/raw/{branch}/badges")
        };
        let clean = |url: &str| escape::address(url).unwrap_or_default();
        let badges = clean(&badges);
        Self {
            shields: if is_open {
                badges.clone()
            } else {
                String::new()
            },
            badges,
            target: clean(&format!("{server}/{repository}/tree/{branch}")),
        }
    }

    /// Markdown of a badge.
    fn line(&self, title: &str, name: &str) -> String {
        format!(
            "[![{title}]({}/{name}.svg)]({})\n",
            self.badges, self.target
        )
    }
}

/// What is pasted to show the badges of a repository: for public and private ones on github.com, whose kind only
/// GitHub knows, and for those on a server of one's own.
#[must_use]
pub fn badge_snippets(server: &str, repository: &str, branch: &str) -> String {
    let mut out = String::new();
    let kinds: &[(&str, bool)] = if server.trim_end_matches('/') == OPEN {
        &[
            ("In a public repository, for everybody", false),
            (
                "In a private one, for whoever may read it and is signed in",
                true,
            ),
        ]
    } else {
        &[("For whoever may read the repository and is signed in", true)]
    };
    for (title, is_private) in kinds {
        let shelf = Shelf::of(server, repository, branch, *is_private);
        let _ = write!(out, "{title}:\n\n{}", shelf.line("DORA", "dora"));
        for metric in &METRICS {
            out.push_str(&shelf.line(metric.title, &metric.id.replace('_', "-")));
        }
        out.push('\n');
        if !shelf.shields.is_empty() {
            let _ = write!(
                out,
                "Drawn by shields.io, from the JSON beside them:\n\n\
                 [![DORA](https://img.shields.io/endpoint?url={}/dora.json)]({})\n\n",
                shelf.shields, shelf.target
            );
        }
    }
    out.push_str("Each has a wide form: write `-wide.svg` for `.svg`.\n");
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn on_github_both_kinds_are_printed_and_shields_for_the_public_one() {
        let out = badge_snippets("https://github.com/", "acme/shop", "fivekeys");
        let target = "(https://github.com/acme/shop/tree/fivekeys)";
        for address in [
            "https://raw.githubusercontent.com/acme/shop/fivekeys/badges/dora.svg",
            "https://github.com/acme/shop/raw/fivekeys/badges/dora.svg",
            "https://img.shields.io/endpoint?url=https://raw.githubusercontent.com/acme/shop/fivekeys/badges/dora.json",
        ] {
            assert!(
                out.contains(&format!("\n[![DORA]({address})]{target}\n")),
                "{out}"
            );
        }
        assert_eq!(out.matches("[![").count(), 13, "{out}");
        assert_eq!(out.matches("img.shields.io").count(), 1);
    }

    #[test]
    fn on_a_server_of_ones_own_it_is_the_server_s() {
        let out = badge_snippets("https://ghe.acme.example", "acme/shop", "numbers");
        assert_eq!(out.matches("[![").count(), 6, "{out}");
        assert!(out.contains(
            "(https://ghe.acme.example/acme/shop/raw/numbers/badges/change-fail-rate.svg)"
        ));
        assert!(!out.contains("shields") && !out.contains("githubusercontent"));
    }

    #[test]
    fn hostile_names_stay_addresses() {
        let out = badge_snippets("https://github.com", "a)](x/b\n", "c d\x1b[2J");
        assert!(
            !out.contains("](x") && !out.contains('\x1b') && !out.contains("c d"),
            "{out}"
        );
    }
}
