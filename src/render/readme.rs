//! README.md of the metrics branch: for who opens it.

use serde::Serialize;

use super::markdown::{Page, RunFacts, for_readme};
use super::{RenderError, Templates, escape};
use crate::report::v1::Report;

/// Where raw files of public repositories are served without an account.
const RAW: &str = "https://raw.githubusercontent.com";

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
        /// Address of the folder with the badges, as readers of this repository reach it.
        badges: String,
        /// The same for shields, which has no account; empty where it cannot reach it.
        shields: String,
        target: String,
    }
    let server = facts.server_url.trim_end_matches('/');
    let (repository, branch) = (&facts.repository, &facts.branch);
    let is_open = server == "https://github.com" && !facts.private;
    let badges = if is_open {
        format!("{RAW}/{repository}/{branch}/badges")
    } else {
        format!("{server}/{repository}/raw/{branch}/badges")
    };
    let clean = |url: &str| escape::address(url).unwrap_or_default();
    templates.render(
        "readme.md.j2",
        &Context {
            page: for_readme(report),
            repository,
            shields: if is_open {
                clean(&badges)
            } else {
                String::new()
            },
            badges: clean(&badges),
            target: clean(&format!("{server}/{repository}/tree/{branch}")),
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
