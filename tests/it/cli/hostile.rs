//! Text from outside on its way to a terminal, which may be a workflow's log.

use super::*;

/// Neither a terminal escape, nor a line that a runner would obey.
#[track_caller]
fn is_tame(text: &str) {
    // RFC 4180 ends its lines so.
    let text = text.replace("\r\n", "\n");
    assert!(
        !text.contains(['\x1b', '\u{202e}', '\r', '\x07']),
        "{text:?}"
    );
    for line in text.lines() {
        assert!(!line.trim_start().starts_with("::"), "{line:?}");
        assert!(!line.contains("##["), "{line:?}");
    }
}

#[test]
fn names_of_tags_and_branches_stay_text() {
    let mut shop = Shop::empty();
    shop.commit("::error::\u{1b}[2J");
    for tag in ["##[error]x", "::error::y", "\u{202e}evil", "<img>"] {
        let odd = tag.replace('[', "(");
        // Git itself refuses some characters; what it takes must be tame.
        shop.git(&["tag", &odd.replace([':', '('], "_")]);
    }
    shop.git(&["branch", "\u{202e}evil"]);
    for args in [
        &["report"][..],
        &["report", "--verbose"],
        &["report", "--format", "markdown"],
        &["report", "--format", "csv-deployments"],
        &["report", "--format", "openmetrics"],
        &["digest", "--window", "90d"],
        &["trend"],
        &["explain", "lt", "--verbose"],
    ] {
        let run = shop.run(args);
        is_tame(&run.out);
        is_tame(&run.err);
    }
    let pattern = [&["report", "--verbose", "--tags", "(?<service>.*)"][..]].concat();
    is_tame(&shop.run(&pattern).ok());
}

#[test]
fn titles_keys_and_arguments_stay_text() {
    let shop = Shop::tagged();
    let evil = "\u{1b}[2J::error::\u{202e}x\r\n::error::y##[error]z";
    for args in [
        &["incident", "open", evil, "--id", "i", "--service", evil][..],
        &["incident", "open", "x", "--caused-by", evil],
        &[
            "deploy",
            "--id",
            "d",
            "--service",
            evil,
            "--sha",
            evil,
            "--label",
            evil,
        ],
        &["deploy", "--id", evil],
        &["incident", "list"],
        &["report"],
        &["report", "--verbose"],
        &["report", "--format", "csv"],
        &["report", "--format", "csv-deployments"],
        &["report", "--format", "csv-incidents"],
        &["report", "--format", "openmetrics"],
        &["report", "--month", evil],
        &["report", "--quarter", evil],
        &["digest", "--window", "90d"],
        &["digest", "--to", evil],
        &["explain", "cfr", "--verbose"],
        &["explain", "df", "--verbose"],
        &["explain", evil],
        &["report", "--service", evil],
        &["report", "--environment", evil],
        &["report", "--tags", evil],
        &["report", "--tags", "(\n::error::x"],
        &["report", "--since", evil],
        &["report", "--from", evil],
        &["report", "--export", evil],
        &["incident", "resolve", evil, "--at", evil],
        &["incident", "resolve", "no\n::error::x"],
        &["deploy", "--amend", evil, "--failed"],
        &["verify", "--folder", evil],
    ] {
        let run = shop.run(args);
        is_tame(&run.err);
        is_tame(&run.out);
    }
}

#[test]
fn a_hostile_configuration_is_quoted_tamely() {
    let shop = Shop::tagged();
    for text in [
        "\"\\e[2J::error::\": 1\n",
        "window: \"\\n::error::x\"\n",
        "tags: \"(\\n::error::x\"\n",
    ] {
        shop.write(".github/fivekeys.yml", text);
        is_tame(&shop.run(&["report"]).fails(2));
    }
}
