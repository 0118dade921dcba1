//! `fivekeys badges`: the snippet of a clone, wherever its repository is.

use super::Shop;

#[test]
fn a_clone_of_github_prints_the_snippets_of_both_kinds() {
    let shop = Shop::empty();
    let out = shop.run(&["badges"]).ok();
    for address in [
        "https://raw.githubusercontent.com/acme/shop/fivekeys/badges/dora.svg",
        "https://github.com/acme/shop/raw/fivekeys/badges/dora.svg",
    ] {
        let line = format!("\n[![DORA]({address})](https://github.com/acme/shop/tree/fivekeys)\n");
        assert!(out.contains(&line), "{out}");
    }
}

#[test]
fn a_clone_of_an_enterprise_server_prints_the_server_s() {
    let shop = Shop::empty();
    let url = "git@ghe.acme.example:acme/shop.git";
    shop.git(&["remote", "set-url", "origin", url]);
    let out = shop.run(&["badges", "--branch", "numbers"]).ok();
    let line = "\n[![DORA](https://ghe.acme.example/acme/shop/raw/numbers/badges/dora.svg)](https://ghe.acme.example/acme/shop/tree/numbers)\n";
    assert!(out.contains(line) && !out.contains("github"), "{out}");
}

#[test]
fn outside_of_a_clone_the_repository_is_named() {
    let shop = Shop::folder();
    let no = shop.run(&["badges"]).fails(2);
    assert!(no.contains("give --repository acme/shop"), "{no}");
    let out = shop.run(&["badges", "--repository", "acme/web"]).ok();
    assert!(out.contains("github.com/acme/web/raw/fivekeys/"), "{out}");
}

#[test]
fn what_makes_no_address_is_refused() {
    let shop = Shop::folder();
    for args in [
        &["--repository", "acme"][..],
        &["--repository", ""],
        &["--repository", "acme/shop/web"],
        &["--repository", "acme/shop", "--branch", ""],
    ] {
        let no = shop.run(&[&["badges"], args].concat());
        assert!(no.out.is_empty(), "{args:?}: {}", no.out);
        let no = no.fails(2);
        assert!(no.contains("help: "), "{args:?}: {no}");
    }
}

#[test]
fn the_readme_beside_a_local_ledger_names_badges_by_their_path() {
    let shop = Shop::tagged();
    shop.run(&["report"]).ok();
    let readme = shop.read(".dora/README.md");
    assert!(
        readme.contains("\n[![DORA](.dora/badges/dora.svg)](.dora/README.md)\n"),
        "{readme}"
    );
    assert!(!shop.read(".dora/badges/dora.svg").is_empty());
}
