//! Text from outside on its way to a terminal, which may be a workflow's log.

use serde_json::json;

use super::*;
use crate::hostile::{STRINGS, is_format, is_log};

#[track_caller]
fn is_tame(text: &str) {
    // RFC 4180 ends its lines so.
    is_log("the terminal", &text.replace("\r\n", "\n"));
}

/// A history in which everything that has a name has a hostile one.
fn history() -> Value {
    let at = |n: usize, minute: usize| {
        format!("2026-03-{:02}T{:02}:{minute:02}:00Z", 1 + n / 20, n % 20)
    };
    let sha = |n: usize| format!("{n:040x}");
    let rows = |row: &dyn Fn(usize, &str) -> Value| -> Vec<Value> {
        STRINGS
            .iter()
            .enumerate()
            .map(|(n, text)| row(n, text))
            .collect()
    };
    json!({
        "settings": { "environments": ["*"] },
        "history_since": "2026-02-01T00:00:00Z",
        "head": sha(77),
        "deployments": rows(&|n, text| json!({
            "id": text, "environment": text, "component": (n % 4 == 0).then_some(text), "status": "success",
            "started_at": at(n, 30), "finished_at": at(n, 40), "sha": sha(n), "branch": text,
            "labels": [text, "hotfix"], "run": text,
        })),
        "commits": rows(&|n, text| json!({
            "sha": sha(n), "parents": if n == 0 { vec![] } else { vec![sha(n - 1)] },
            "committed_at": at(n, 10), "message": text, "author": text, "paths": [text],
        })),
        "pulls": rows(&|n, text| json!({
            "number": n + 1, "title": text, "author": text, "body": text, "head": text, "labels": [text],
            "created_at": at(n, 0), "merged_at": at(n, 10), "merge_sha": sha(n),
        })),
        "incidents": rows(&|n, text| json!({
            "id": text, "opened_at": at(n, 50), "component": text, "deployment": text, "title": text,
            "body": text, "labels": [text],
        })),
    })
}

#[test]
fn every_format_holds_every_name() {
    let shop = Shop::folder();
    shop.write("history.json", &history().to_string());
    // YAML holds no controls.
    let writable: Vec<&str> = STRINGS
        .into_iter()
        .filter(|text| !text.chars().any(|c| c.is_control() || c > '\u{1fff}'))
        .collect();
    let services: serde_json::Map<String, Value> = writable
        .iter()
        .map(|text| ((*text).to_owned(), json!({ "paths": ["x"] })))
        .collect();
    let config = json!({
        "services": services, "failure": { "labels": &writable }, "rework": { "labels": &writable },
        "hotfix": { "labels": &writable }, "incidents": { "labels": &writable },
    });
    shop.write("fivekeys.yml", &config.to_string());
    let from = ["--from", "history=history.json", "--config", "fivekeys.yml"];
    let run = |args: &[&str]| {
        let run = shop.run(&[args, &from].concat());
        is_tame(&run.err);
        assert_eq!(run.code, 0, "{args:?}: {}", run.err);
        run.out
    };
    for format in &fivekeys::render::FORMATS {
        let text = run(&["report", "--format", format.id]);
        assert!(text.len() > 400, "{}", format.id);
        is_format(format.id, &text);
    }
    for place in &fivekeys::render::DIGESTS {
        let id = if place.id == "markdown" {
            "digest"
        } else {
            place.id
        };
        is_format(id, &run(&["digest", "--window", "90d", "--to", place.id]));
    }
    let slack = run(&["digest", "--window", "90d", "--to", "slack"]);
    assert!(
        !slack.contains("<!channel") && !slack.contains("<@U"),
        "{slack}"
    );
    for args in [
        &["report", "--verbose"][..],
        &["report", "--compact"],
        &["trend"],
    ] {
        is_format("terminal", &run(args));
    }
    let explained = ["lt", "cfr", "df", "STRING 0", "STRING 30", "STRING 61"];
    for name in explained {
        let nth = name
            .strip_prefix("STRING ")
            .map(|n| n.parse::<usize>().unwrap());
        let name = nth.map_or(name, |n| STRINGS[n]);
        for format in ["terminal", "markdown", "json"] {
            let text = run(&["explain", name, "--verbose", "--format", format]);
            is_format(format, &text);
        }
    }
}

#[test]
fn every_error_holds_every_name() {
    let shop = Shop::tagged();
    for strings in STRINGS.chunks(13) {
        let text = strings.join(" ");
        let key = json!({ &text: 1 }).to_string();
        shop.write("history.json", &key);
        shop.write("config.yml", &key);
        shop.write(
            "rows.csv",
            &format!("{}\n{}\n", text.replace('\n', " "), "x,".repeat(9)),
        );
        let files = "templates: own\n";
        shop.write("files.yml", files);
        let _ = std::fs::remove_dir_all(shop.path.join("own"));
        let odd: String = text
            .chars()
            .filter(|c| !"/".contains(*c))
            .take(60)
            .collect();
        shop.write(&format!("own/{odd}.j2"), &text);
        shop.write("own/summary.md.j2", &text);
        for args in [
            &["explain", &text][..],
            &["report", "--service", &text],
            &["report", "--environment", &text],
            &["report", "--config", &text],
            &["report", "--config", "config.yml"],
            &["report", "--config", "files.yml"],
            &["report", "--from", "history=history.json"],
            &["report", "--from", "deployments=rows.csv"],
            &["report", "--since", &text],
            &[
                "deploy",
                "--id",
                &text,
                "--environment",
                &text,
                "--service",
                &text,
            ],
            &["incident", "open", &text, "--id", &text],
            &["incident", "list"],
            &["doctor"],
        ] {
            let run = shop.run(args);
            is_tame(&run.err);
            is_tame(&run.out);
            assert!(run.code != 1 && run.code != 101, "{args:?}: {}", run.err);
        }
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
