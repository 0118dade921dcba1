//! A team's own templates: from the default branch, in place of the built-in ones, and never in the way.

use serde_json::json;

use super::{deploy_of, is_green, is_well, next_day, shop};
use crate::world::{Fault, On};

const CONFIG: (&str, &str) = (".github/fivekeys.yml", "templates: .github/fivekeys/\n");

#[test]
fn they_take_the_place_of_the_built_in_ones_for_one_request_more() {
    let world = next_day();
    let usual = {
        let world = next_day();
        deploy_of(&world, 9, 101).run();
        world.requests().of("Folder")
    };
    assert_eq!(usual, 0, "without a folder nothing is asked");
    world
        .github()
        .file(CONFIG.0, CONFIG.1)
        .file(
            ".github/fivekeys/summary.md.j2",
            "{% extends \"fivekeys/summary.md.j2\" %}{% block title %}### Acme ships\n{% endblock %}",
        )
        .file(
            ".github/fivekeys/comment.md.j2",
            "Shipped by acme to {{ deployment.environment }}.",
        )
        .file(".github/fivekeys/readme.md.j2", "# {{ header.repository }} by acme")
        .file(
            ".github/fivekeys/badge.svg.j2",
            "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"99\" height=\"20\" role=\"img\" \
             aria-label=\"{{ title }}\"><title>{{ title }}</title><text>{{ message }}</text></svg>",
        )
        .file(".github/fivekeys/notes.txt", "no template");
    let done = deploy_of(&world, 9, 101).run();
    is_well(&done);
    assert_eq!(world.requests().of("Folder"), 1);
    assert!(
        done.summary.starts_with("### Acme ships\n"),
        "{}",
        done.summary
    );
    assert!(done.summary.contains("4 deployments"));
    let body = &done.comments.last().unwrap().body;
    assert!(
        body.starts_with("<!-- fivekeys:v1:shipped:production -->\nShipped by acme to production."),
        "{body}"
    );
    assert_eq!(done.branch_files["README.md"], "# acme/shop by acme\n");
    let badge = &done.branch_files["badges/dora.svg"];
    assert!(
        badge.contains("width=\"99\"") && badge.contains("<title>DORA: "),
        "{badge}"
    );
    // The same run again finds its comment by the marker.
    let count = done.comments.len();
    let again = deploy_of(&world, 9, 101).run();
    is_well(&again);
    assert_eq!(again.comments.len(), count);
}

#[test]
fn a_wrong_one_is_said_with_its_place_and_the_built_in_one_is_used() {
    let usual = deploy_of(&next_day(), 9, 101).run();
    for (file, text, says) in [
        (
            "summary.md.j2",
            "a\n{{ nope }}",
            "summary.md.j2, line 2: undefined",
        ),
        (
            "summary.md.j2",
            "{{ header.verdict|safe }}",
            "line 1: there is no filter `safe`",
        ),
        (
            "summary.md.j2",
            "{% include \"../../etc/passwd\" %}",
            "the tag `include`",
        ),
        (
            "comment.md.j2",
            "{{ facts.repository }}",
            "comment.md.j2, line 1: undefined",
        ),
        (
            "readme.md.j2",
            "{{ env.GITHUB_TOKEN }}",
            "readme.md.j2, line 1: undefined",
        ),
        (
            "badge.svg.j2",
            "<svg></svg>",
            "badge.svg.j2: what it makes has no `<title>",
        ),
        ("sumary.md.j2", "x", "did you mean `summary.md.j2`?"),
    ] {
        let world = next_day();
        world
            .github()
            .file(CONFIG.0, CONFIG.1)
            .file(&format!(".github/fivekeys/{file}"), text);
        let done = deploy_of(&world, 9, 101).run();
        is_green(&done);
        let said = done.said("error");
        assert!(
            said.len() == 1 && said[0].contains(says),
            "{says}: {said:?}"
        );
        let outputs = (done.output("persisted"), done.output("degraded"));
        assert_eq!(outputs, ("true", "true"), "{file}");
        assert!(done.summary.contains("[!WARNING]"), "{}", done.summary);
        assert_eq!(done.comments.len(), usual.comments.len());
        assert_eq!(
            done.comments.last().unwrap().body,
            usual.comments.last().unwrap().body
        );
        for path in ["README.md", "badges/dora.svg"] {
            assert_eq!(done.branch_files[path], usual.branch_files[path], "{path}");
        }
        let strict = deploy_of(&world, 9, 101).input("fail-on", "error").run();
        // What is not drawn again is not wrong again.
        assert!(strict.exit == 1 || !file.starts_with('s'), "{says}");
    }
}

#[test]
fn a_folder_that_is_not_there_or_cannot_be_read_is_said() {
    let world = next_day();
    world.github().file(CONFIG.0, CONFIG.1);
    let done = deploy_of(&world, 9, 101).run();
    is_green(&done);
    assert!(done.said("error")[0].contains("there is no folder `.github/fivekeys`"));
    assert_eq!(done.output("persisted"), "true");
    let world = next_day();
    world.github().file(CONFIG.0, CONFIG.1);
    world.fault(
        On::operation("Folder"),
        Fault::Graph("FORBIDDEN", "Resource not accessible"),
    );
    let done = deploy_of(&world, 9, 101).run();
    super::is_degraded(&done, "the templates in .github/fivekeys could not be read");
    assert_eq!(done.output("persisted"), "true");
}

#[test]
fn what_went_wrong_is_said_whatever_the_summary_s_template_says() {
    let world = next_day();
    world
        .github()
        .file(CONFIG.0, CONFIG.1)
        .file(".github/fivekeys/summary.md.j2", "All is well.");
    world.fault(
        On::mutations().times(9),
        Fault::Graph("FORBIDDEN", "Resource not accessible"),
    );
    let done = deploy_of(&world, 9, 101).run();
    assert!(
        done.summary.starts_with("> [!WARNING]\n> "),
        "{}",
        done.summary
    );
    assert!(done.summary.contains("are not stored") && done.summary.ends_with("All is well.\n"));
    let _ = world.left_over();
}

#[test]
fn neither_templates_nor_configuration_come_from_a_pull_request() {
    let evil = [
        (
            ".github/fivekeys.yml",
            "environments: [nowhere]\ntemplates: .github/fivekeys\n",
        ),
        (".github/fivekeys/summary.md.j2", "evil"),
        (".github/fivekeys-corrections.yml", "not: [valid"),
    ];
    for event in ["pull_request", "pull_request_target"] {
        let world = shop();
        world
            .github()
            .open_pull(20, "2026-03-02T09:59:00Z", |pull| pull.branch("evil"));
        world.github().push("evil", &evil);
        let mut runner = deploy_of(&world, 8, 100)
            .event(event)
            .input("status", "")
            .payload(json!({ "number": 20, "pull_request": { "head": { "ref": "evil" } } }))
            .env("GITHUB_HEAD_REF", "evil");
        for (path, text) in evil {
            runner = runner.checkout(path, text);
        }
        let done = runner.run();
        is_green(&done);
        assert_eq!(done.annotations, [], "{event}");
        assert!(done.summary.contains("3 deployments") && !done.summary.contains("evil"));
        assert_eq!(world.requests().of("Folder"), 0);
    }
}
