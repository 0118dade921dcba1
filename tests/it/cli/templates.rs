//! A team's own templates in a clone.

use super::*;

fn shop(files: &[(&str, &str)]) -> Shop {
    let shop = Shop::tagged();
    shop.write(".github/fivekeys.yml", "templates: .github/fivekeys\n");
    for (name, text) in files {
        shop.write(&format!(".github/fivekeys/{name}"), text);
    }
    shop
}

#[test]
fn they_draw_what_the_built_in_ones_would() {
    let page = "<!doctype html><meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'\">\
                <title>{{ header.repository }}</title>";
    let shop = shop(&[
        (
            "report.md.j2",
            "{{ header.repository }}: {{ header.verdict }}",
        ),
        ("digest.md.j2", "Acme: {{ counts }}"),
        ("explain.md.j2", "{{ of.title }}!"),
        ("dashboard.html.j2", page),
        (
            "readme.md.j2",
            "{% extends \"fivekeys/readme.md.j2\" %}{% block title %}# Acme\n{% endblock %}",
        ),
        ("unknown.txt", ""),
    ]);
    let text = shop.run(&["report", "--format", "markdown"]).ok();
    assert!(text.starts_with("acme/shop: "), "{text}");
    let text = shop.run(&["report", "--format", "html"]).ok();
    assert!(text.ends_with("<title>acme/shop</title>"), "{text}");
    assert!(shop.read(".dora/README.md").starts_with("# Acme\n"));
    assert_eq!(shop.read(".dora/dashboard/index.html"), text);
    let text = shop.run(&["digest", "--window", "90d"]).ok();
    assert!(text.starts_with("Acme: "), "{text}");
    let text = shop.run(&["explain", "lt", "--format", "markdown"]).ok();
    assert_eq!(text, "Change lead time!\n");
    shop.run(&["verify"]).ok();
}

#[test]
fn a_wrong_one_ends_with_its_place_and_a_fix() {
    let shop = shop(&[]);
    for (name, text, says) in [
        (
            "report.md.j2",
            "x\n\n{{ nope }}",
            "report.md.j2, line 3: undefined value",
        ),
        (
            "report.md.j2",
            "{% if x %}",
            "report.md.j2, line 1: syntax error",
        ),
        (
            "report.md.j2",
            "{{ 'x' * 1000000 }}",
            "line 1: `*` puts values together",
        ),
        (
            "dashboard.html.j2",
            "<p>",
            "dashboard.html.j2: what it makes has no",
        ),
        ("badges.svg.j2", "", "did you mean `badge.svg.j2`?"),
        (
            "report.md.j2",
            "{% include \"/etc/passwd\" %}",
            "the tag `include`",
        ),
    ] {
        shop.write(&format!(".github/fivekeys/{name}"), text);
        let said = shop.run(&["report", "--format", "markdown"]).fails(2);
        assert!(said.contains(says), "{says}: {said}");
        assert!(said.contains("help: "), "{said}");
        std::fs::remove_file(shop.path.join(".github/fivekeys").join(name)).unwrap();
    }
    let said = shop.run(&["report"]).fails(2);
    assert!(said.contains("no file in .github/fivekeys"), "{said}");
    for path in ["../own", "/etc", "C:\\own"] {
        shop.write(".github/fivekeys.yml", &format!("templates: '{path}'\n"));
        let said = shop.run(&["report"]).fails(2);
        assert!(
            said.contains("`templates`: it must be a path in the repository"),
            "{said}"
        );
    }
}

#[cfg(unix)]
#[test]
fn no_link_leads_out_of_the_clone_or_into_its_secrets() {
    use std::os::unix::fs::symlink;
    let secret = "[http] extraheader = AUTHORIZATION: basic SECRET";
    for inside in [true, false] {
        let shop = shop(&[]);
        let target = if inside {
            shop.path.join(".git/extra")
        } else {
            shop.home.join("extra")
        };
        std::fs::write(&target, secret).unwrap();
        std::fs::create_dir_all(shop.path.join(".github/fivekeys")).unwrap();
        symlink(&target, shop.path.join(".github/fivekeys/report.md.j2")).unwrap();
        let run = shop.run(&["report", "--format", "markdown"]);
        assert!(!run.out.contains("SECRET") && !run.err.contains("SECRET"));
        let said = run.fails(2);
        assert!(said.contains("it is behind a link"), "{said}");
    }
}
