//! README.md of the metrics branch: for who opens it.

use serde::Serialize;

use super::markdown::{Page, RunFacts, for_readme};
use super::shelf::Shelf;
use super::{RenderError, Templates};
use crate::report::v1::Report;

/// The README of the metrics branch.
///
/// # Errors
/// When the team's own template cannot be rendered; with the built-in one, a bug.
pub fn readme(
    report: &Report,
    facts: &RunFacts,
    templates: &Templates,
) -> Result<String, RenderError> {
    #[derive(Serialize)]
    struct Context<'a> {
        #[serde(flatten)]
        page: Page<'a>,
        repository: &'a str,
        #[serde(flatten)]
        shelf: Shelf,
    }
    // Without a branch the badges lie in `.dora/`, and are reached by their path.
    let shelf = if facts.branch.is_empty() {
        Shelf::default()
    } else {
        Shelf::of(
            &facts.server_url,
            &facts.repository,
            &facts.branch,
            facts.private,
        )
    };
    templates.render(
        "readme.md.j2",
        &Context {
            page: for_readme(report),
            repository: &facts.repository,
            shelf,
        },
        &[],
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::render::fixture;

    fn readme(report: &Report, facts: &RunFacts) -> Result<String, RenderError> {
        super::readme(report, facts, &Templates::default())
    }

    fn facts(private: bool, server: &str) -> RunFacts {
        RunFacts {
            branch: "fivekeys".into(),
            server_url: server.into(),
            repository: "acme/shop".into(),
            private,
            persisted: true,
            ..RunFacts::default()
        }
    }

    #[test]
    fn the_badge_s_address_fits_its_readers() {
        for (private, server, address) in [
            (
                false,
                "https://github.com",
                "https://raw.githubusercontent.com/acme/shop/fivekeys/badges/dora.svg",
            ),
            (
                true,
                "https://github.com",
                "https://github.com/acme/shop/raw/fivekeys/badges/dora.svg",
            ),
            (
                false,
                "https://ghe.acme.example/",
                "https://ghe.acme.example/acme/shop/raw/fivekeys/badges/dora.svg",
            ),
        ] {
            let out = readme(&fixture::shop(), &facts(private, server)).unwrap();
            assert!(out.contains(&format!("[![DORA]({address})]")), "{out}");
        }
    }

    #[test]
    fn without_a_branch_the_badges_are_reached_by_their_path() {
        let out = readme(&fixture::shop(), &RunFacts::default()).unwrap();
        assert!(
            out.contains("\n[![DORA](.dora/badges/dora.svg)](.dora/README.md)\n"),
            "{out}"
        );
        assert!(!out.contains("]()") && !out.contains("](/") && !out.contains("This branch"));
        assert!(out.contains("once this folder is committed, to whoever may read it.\n"));
    }

    #[test]
    fn it_shows_every_badge_and_explains_itself() {
        let out = readme(&fixture::shop(), &facts(false, "https://github.com")).unwrap();
        assert_eq!(out.matches("](badges/").count(), 6, "{out}");
        assert_eq!(out.matches("[![").count(), 6, "a snippet each");
        assert!(out.contains("img.shields.io/endpoint?url=https://raw"));
        let private = readme(&fixture::shop(), &facts(true, "https://github.com")).unwrap();
        assert!(!private.contains("img.shields.io") && private.contains("signed in"));
        assert!(out.contains("metrics.json") && out.contains("3f9a61c0d2b4"));
        assert!(!out.contains("\n\n\n"), "{out}");
        assert!(
            !readme(&fixture::empty(), &facts(true, "https://github.com"))
                .unwrap()
                .contains("\n\n\n")
        );
    }

    #[test]
    fn hostile_names_stay_text() {
        let mut facts = facts(false, "https://github.com");
        facts.branch = "x```\n@acme/team".into();
        facts.repository = fixture::HOSTILE.into();
        let out = readme(&fixture::hostile(), &facts).unwrap();
        for bad in ["</script>", "\x1b", "](javascript", "x```"] {
            assert!(!out.contains(bad), "{bad}: {out}");
        }
    }
}
