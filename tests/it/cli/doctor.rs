//! `doctor` in a clone: what is well, what is broken, and what `--repair` makes of it.

use super::*;

const SHARD: &str = ".dora/ledger/events/2026/03/30.jsonl";

/// `doctor` with one variable more.
fn with(shop: &Shop, name: &str, value: &str) -> Run {
    let mut command = shop.command(&shop.path, &["doctor"]);
    Run::of(&command.env(name, value).output().unwrap())
}

#[test]
fn a_healthy_clone_is_said_to_be_well() {
    let shop = Shop::tagged();
    shop.run(&["report"]).ok();
    let said = shop.run(&["doctor"]).ok();
    for line in [
        "– configuration  none here: window 90 days (default); source auto (default);\n",
        "deployments by tags\n",
        "✓ .dora          ",
        "– GitHub         not asked\n",
        "\n    permissions:\n      contents: write       # ",
    ] {
        assert!(said.contains(line), "{line}\n{said}");
    }
    assert!(!said.contains(['✗', '!']), "{said}");
    assert!(
        said.lines().all(|line| line.chars().count() <= 80),
        "{said}"
    );
}

#[test]
fn a_terminal_without_unicode_gets_the_same_in_ascii_and_a_program_gets_json() {
    let shop = Shop::tagged();
    let said = with(&shop, "LC_ALL", "C").ok();
    assert!(said.is_ascii(), "{said}");
    assert!(
        said.starts_with("- configuration  none here: window 90 days"),
        "{said}"
    );
    let read = shop.run(&["doctor", "--format", "json"]).ok();
    let read: serde_json::Value = serde_json::from_str(&read).unwrap();
    assert_eq!(read["checks"][0]["what"], "configuration");
    assert_eq!(read["checks"][0]["health"], "skip");
    assert_eq!(read["permissions"][0]["scope"], "contents");
}

#[test]
fn a_token_for_github_com_is_not_shown_to_the_server_of_a_clone() {
    let shop = Shop::tagged();
    shop.git(&[
        "remote",
        "set-url",
        "origin",
        "https://git.acme.example/acme/shop.git",
    ]);
    let said = with(&shop, "GITHUB_TOKEN", "ghp_x").ok();
    assert!(said.contains("– GitHub         not asked\n"), "{said}");
    assert!(
        said.contains("GITHUB_SERVER_URL=https://git.acme.example"),
        "{said}"
    );
}

#[test]
fn a_folder_that_is_no_clone_and_one_without_a_ledger_are_no_failures() {
    let shop = Shop::folder();
    let said = shop.run(&["doctor", "--offline"]).ok();
    assert!(said.contains("– clone "), "{said}");
    assert!(said.contains("– .dora          no ledger yet"), "{said}");
    assert!(!said.contains("set GITHUB_TOKEN"), "{said}");
}

#[test]
fn a_broken_configuration_is_named_with_its_place_and_its_mend() {
    let shop = Shop::tagged();
    shop.write(
        ".github/fivekeys.yml",
        "window: 30d\nenviroments: [production]\n",
    );
    let run = shop.run(&["doctor"]);
    assert_eq!(run.code, 2, "{}", run.out);
    let words: Vec<&str> = run.out.split_whitespace().collect();
    assert!(words.join(" ").contains("line 2, column 1"), "{}", run.out);
    assert!(
        run.out.contains("did you mean `environments`?"),
        "{}",
        run.out
    );
}

#[test]
fn a_broken_ledger_is_named_line_by_line_and_mended_without_loss() {
    let shop = Shop::tagged();
    shop.run(&["report"]).ok();
    let whole = shop.json();
    let path = shop.path.join(SHARD);
    let text = std::fs::read_to_string(&path).unwrap();
    let broken = format!("<<<<<<< ours\n{text}=======\n{text}>>>>>>> theirs\n{{\"id\": \"cut\n");
    std::fs::write(&path, &broken).unwrap();

    let run = shop.run(&["doctor"]);
    assert_eq!(run.code, 2, "{}", run.out);
    let place = format!("✗ .dora          {}:1: a merge conflict", &SHARD[6..]);
    assert!(run.out.contains(&place), "{}", run.out);
    assert!(
        run.out.contains("help: `fivekeys doctor --repair`"),
        "{}",
        run.out
    );
    assert_eq!(
        std::fs::read_to_string(&path).unwrap(),
        broken,
        "only --repair writes"
    );

    let mended = shop.run(&["doctor", "--repair"]);
    assert_eq!(mended.code, 0, "{}", mended.out);
    assert!(
        mended.out.contains("mended: 4 places set aside"),
        "{}",
        mended.out
    );
    let said = shop.run(&["doctor"]).ok();
    assert!(said.contains("✓ .dora "), "{said}");
    let aside = files(&shop.path.join(".dora/ledger/aside"));
    let kept: String = aside.into_values().collect();
    for gone in [
        "<<<<<<< ours",
        "=======",
        ">>>>>>> theirs",
        "{\\\"id\\\": \\\"cut",
    ] {
        assert!(kept.contains(gone), "{gone}: {kept}");
    }
    assert_eq!(shop.json()["overall"], whole["overall"]);
}

#[test]
fn a_hostile_line_cannot_command_the_terminal() {
    let shop = Shop::tagged();
    shop.run(&["report"]).ok();
    let path = shop.path.join(SHARD);
    std::fs::write(
        &path,
        "{\"id\":\"a\",\"fact\":{\"deployment\u{1b}[2J\":1}}\n\u{1b}[2Jx\n",
    )
    .unwrap();
    let run = shop.run(&["doctor"]);
    assert!(!run.out.contains('\u{1b}'), "{:?}", run.out);
}

#[test]
fn every_broken_line_is_counted_however_many_there_are() {
    let shop = Shop::tagged();
    shop.run(&["report"]).ok();
    shop.write(SHARD, &(shop.read(SHARD) + &"noise\n".repeat(1_500)));
    let report = shop.json();
    let said = report["notes"].to_string();
    assert!(said.contains("1500 places in it cannot be read"), "{said}");
    let said = shop.run(&["doctor"]).out;
    assert!(said.contains("and 1490 more places"), "{said}");
    let said = shop.run(&["doctor", "--repair"]).ok();
    assert!(said.contains("1500 places set aside"), "{said}");
}
