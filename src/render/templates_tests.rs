//! Tests of a team's own templates: what they may say, what they cannot do, what they cannot leave out.

use super::*;
use crate::render::{RunFacts, badges, comment, fixture, page, readme, summary};

fn with(name: &str, source: &str) -> Result<Templates, TemplateError> {
    let mut templates = Templates::default();
    templates.replace(&format!(".github/fivekeys/{name}"), source)?;
    Ok(templates)
}

fn summarised(source: &str) -> Result<String, TemplateError> {
    let templates = with("summary.md.j2", source)?;
    let facts = RunFacts {
        persisted: true,
        ..RunFacts::default()
    };
    match summary(&fixture::hostile(), &facts, &templates) {
        Ok(text) => Ok(text),
        Err(RenderError::Own(error)) => Err(error),
        Err(bug) => panic!("{bug:?}"),
    }
}

#[test]
fn a_template_replaces_the_one_of_its_name_or_only_some_of_its_blocks() {
    let own = "{% extends \"fivekeys/summary.md.j2\" %}\n{% block title %}\n### Ours: {{ header.repository }}\n\
               {% endblock %}\n{% block end %}{{ super() }}by acme{% endblock %}";
    let templates = with("summary.md.j2", own).unwrap();
    let facts = RunFacts::default();
    let text = summary(&fixture::shop(), &facts, &templates).unwrap();
    let usual = summary(&fixture::shop(), &facts, &Templates::default()).unwrap();
    assert_eq!(
        text,
        format!(
            "{}\nby acme\n",
            usual
                .replace("### Software delivery of acme/shop", "### Ours: acme/shop")
                .trim_end()
        )
    );
    let own = "{% extends \"fivekeys/summary.md.j2\" %}{% import \"parts.md.j2\" as parts %}\
               {% block metrics %}{{ parts.metrics(rows, targets) }}{% endblock %}";
    let text = summarised(own).unwrap();
    assert!(
        text.contains("| Metric | Now |") && !text.contains("against the"),
        "{text}"
    );
    let text =
        summarised("{% set n = rows|length %}{{ n }} rows of {{ header.repository }}").unwrap();
    assert!(
        text.starts_with("5 rows of ") && !text.contains("</"),
        "{text}"
    );
}

#[test]
fn every_built_in_template_could_be_a_team_s_own() {
    // The page has macros of its own: a team replaces its blocks.
    let whole = REPLACEABLE
        .into_iter()
        .filter(|name| *name != "dashboard.html.j2");
    for name in whole.clone() {
        let source = template::source(name).unwrap();
        with(name, source).unwrap_or_else(|e| panic!("{e}"));
    }
    let mut large = fixture::shop();
    let (one, week) = (
        large.deployments[7].clone(),
        large.overall.series.weekly[3].clone(),
    );
    large.deployments = vec![one; 1000];
    large.overall.series.weekly = vec![week; 105];
    for report in [fixture::all(), vec![large]].concat() {
        let mut templates = Templates::default();
        for name in whole.clone() {
            templates
                .replace(name, template::source(name).unwrap())
                .unwrap();
        }
        let page_of_ours = "{% extends \"fivekeys/dashboard.html.j2\" %}";
        templates
            .replace("dashboard.html.j2", page_of_ours)
            .unwrap();
        let usual = Templates::default();
        let facts = RunFacts::default();
        let drawn = |t: &Templates| {
            (
                summary(&report, &facts, t).unwrap(),
                readme(&report, &facts, t).unwrap(),
                page(&report, t).unwrap(),
                badges(&report, t).unwrap(),
                report
                    .changes
                    .first()
                    .map(|c| comment(&report, c, "k", t).unwrap()),
            )
        };
        assert_eq!(drawn(&templates), drawn(&usual));
    }
}

#[test]
fn what_is_not_for_templates_is_refused_with_its_line() {
    for (source, what) in [
        ("{{ title|safe }}", "filter `safe`"),
        ("{{ rows|map('safe') }}", "filter `map`"),
        ("{{ 'a'|replace('', 'b') }}", "filter `replace`"),
        ("{% autoescape false %}{% endautoescape %}", "`autoescape`"),
        ("{% include \"../../etc/passwd\" %}", "`include`"),
        ("{% include \"summary.md.j2\" %}", "`include`"),
        ("{% macro m() %}{{ m() }}{% endmacro %}{{ m() }}", "`macro`"),
        ("{% call m() %}{% endcall %}", "`call`"),
        ("{% filter upper %}x{% endfilter %}", "`filter`"),
        ("{% with a = 1 %}{% endwith %}", "`with`"),
        ("{% do x %}", "`do`"),
        ("{% set x %}{{ x }}{% endset %}", "`set` without"),
        ("{% for x in rows recursive %}{% endfor %}", "`recursive`"),
        ("{% block a %}{{ self.a() }}{% endblock %}", "`self`"),
        ("{{ 'x' ~ 'y' }}", "puts values together"),
        ("{{ 'x' * 1000000000 }}", "puts values together"),
        ("{{ 9 ** 9 ** 9 }}", "puts values together"),
        ("{{ rows + rows }}", "puts values together"),
        ("{{ [rows, rows] }}", "may hold only"),
        ("{{ [[1]] }}", "may hold only"),
        ("{{ (rows, rows) }}", "a list of values"),
        ("{% set x = rows, rows %}", "a list of values"),
        ("{% for x in rows, rows %}{% endfor %}", "a list of values"),
        ("{% if (rows, rows) %}{% endif %}", "a list of values"),
        ("{{ {'a': rows} }}", "no maps"),
    ] {
        let error = summarised(&format!("\n{source}")).unwrap_err();
        assert!(error.what.contains(what), "{source}: {error}");
        assert_eq!(error.line, Some(2), "{source}: {error}");
        assert!(
            error
                .to_string()
                .starts_with(".github/fivekeys/summary.md.j2, line 2: ")
        );
    }
    let huge = "x".repeat(300_000);
    assert!(summarised(&huge).unwrap_err().what.contains("KiB"));
}

#[test]
fn what_fails_while_it_is_drawn_names_its_line_too() {
    for (source, what) in [
        ("{{ nope }}", "undefined value: `nope`"),
        ("{{ header.nope }}", "undefined value: `header.nope`"),
        ("{{ range(100000)|length }}", "unknown function"),
        ("{{ debug() }}", "unknown function"),
        ("{{ namespace() }}", "unknown function"),
        ("{% import \"/etc/passwd\" as x %}", "template not found"),
        ("{% extends \"comment.md.j2\" %}", "template not found"),
        ("{% if %}", "syntax error"),
        ("{{", "syntax error"),
        ("{% endfor %}", "syntax error"),
    ] {
        let error = summarised(&format!("\n{source}")).unwrap_err();
        assert!(error.what.contains(what), "{source}: {error}");
        assert_eq!(error.line, Some(2), "{source}: {error}");
    }
}

#[test]
fn no_template_runs_for_ever_or_grows_without_end() {
    let nested = |depth: usize, inner: &str| {
        let (begin, end) = ("{% for x in deployments %}", "{% endfor %}");
        format!("{}{inner}{}", begin.repeat(depth), end.repeat(depth))
    };
    let row = "{% for a in [1, 2, 3, 4, 5, 6, 7, 8, 9, 0] %}";
    let many = |inner: &str| format!("{}{inner}{}", row.repeat(12), "{% endfor %}".repeat(12));
    for source in [
        nested(30, ""),
        nested(30, "text"),
        many(""),
        many(&"x".repeat(1000)),
        "{% extends \"summary.md.j2\" %}".to_owned(),
        "{% import \"summary.md.j2\" as x %}".to_owned(),
        "{{ (".repeat(5000),
        "{% if 1 %}".repeat(5000),
        format!("{{% if 1 %}}{}{{% endif %}}", "{% elif 1 %}".repeat(5000)),
        format!("{{{{ rows{} }}}}", "|first".repeat(50_000)),
        format!("{{{{ rows{} }}}}", ".a".repeat(50_000)),
        format!("{{{{ 1{} }}}}", " and 1".repeat(50_000)),
        format!("{{{{ {}1 }}}}", "not ".repeat(50_000)),
    ] {
        let begin = source.get(..60).unwrap_or(&source).to_owned();
        assert!(summarised(&source).is_err(), "{begin}");
    }
}

#[test]
fn names_are_escaped_whatever_the_template_does() {
    let tries = "{{ header.repository|default('x')|upper }} {{ [header.repository][0] }}";
    assert!(summarised(tries).is_err());
    let text = summarised("{{ header.repository|upper }} {{ rows|first }} {{ notes }}").unwrap();
    for bad in ["<script", "</script", "<b>", "@acme", "@ACME", "](java"] {
        assert!(!text.contains(bad), "{bad}: {text}");
    }
    let own = "<!doctype html><meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'\">\
               <p title='{{ header.repository }}'>{{ header.repository }}";
    let text = page(
        &fixture::hostile(),
        &with("dashboard.html.j2", own).unwrap(),
    )
    .unwrap();
    assert!(
        !text.contains("</script>") && text.matches('\'').count() == 4,
        "{text}"
    );
}

#[test]
fn what_has_to_be_there_is_there() {
    // What went wrong is said even where the template is silent.
    let facts = RunFacts {
        banner: vec!["no rights <b>".to_owned()],
        ..RunFacts::default()
    };
    let silent = with("summary.md.j2", "All is well.").unwrap();
    let text = summary(&fixture::shop(), &facts, &silent).unwrap();
    assert!(
        text.starts_with("> [!WARNING]\n> no rights &lt;b&gt;\n")
            && text.contains("are not stored"),
        "{text}"
    );
    assert!(text.ends_with("All is well.\n"));
    // The marker is no part of the template.
    let empty = with("comment.md.j2", "").unwrap();
    let report = fixture::shop();
    let text = comment(&report, &report.changes[0], "k", &empty)
        .unwrap()
        .unwrap();
    assert!(
        text.starts_with("<!-- fivekeys:v1:shipped:k -->\n"),
        "{text}"
    );
    // A page that could ask for something, and badges that say nothing, are none.
    let bare = with("dashboard.html.j2", "<!doctype html><p>hello").unwrap();
    let error = page(&report, &bare).unwrap_err().to_string();
    assert!(error.contains("Content-Security-Policy"), "{error}");
    let drawn = |svg: &str, title: &str| {
        let text = format!("<svg{svg}><title>{title}</title></svg>");
        badges(&report, &with("badge.svg.j2", &text).unwrap())
    };
    let svg = " xmlns=\"http://www.w3.org/2000/svg\"";
    assert!(drawn(svg, "x").is_err());
    assert!(drawn("", "{{ title }}").is_err());
    assert!(drawn(svg, "{{ title }}").is_ok());
    // Too much is refused, and not cut.
    let (once, each) = ("x".repeat(200_000), "x".repeat(30_000));
    let long = format!("{once}{{% for d in deployments %}}{each}{{% endfor %}}");
    assert!(summarised(&long).unwrap_err().what.contains("too long"));
    let long = with("comment.md.j2", &"x".repeat(70_000)).unwrap();
    assert!(comment(&report, &report.changes[0], "k", &long).is_err());
}

#[test]
fn a_name_that_is_none_gets_a_near_one() {
    let error = with("sumary.md.j2", "").unwrap_err();
    assert_eq!(error.help, "did you mean `summary.md.j2`?");
    for name in ["parts.md.j2", "status.md.j2", "fivekeys.yml.j2", "../../x"] {
        assert!(with(name, "").is_err(), "{name}");
    }
    let mut templates = with("summary.md.j2", "{{ nope }}").unwrap();
    let facts = RunFacts::default();
    let Err(RenderError::Own(error)) = summary(&fixture::shop(), &facts, &templates) else {
        panic!("it is drawn");
    };
    templates.reject(&error);
    assert!(summary(&fixture::shop(), &facts, &templates).is_ok());
}
