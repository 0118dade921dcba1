//! Hostile text, once for all outlets, and the readers that every outlet is judged by.

use std::collections::BTreeSet;
use std::sync::LazyLock;

use pulldown_cmark::{Event, Options, Parser, Tag};
use regex::Regex;

/// Whatever somebody may call a branch, a title, an environment or themselves.
pub const STRINGS: [&str; 78] = [
    "<script>alert(1)</script>",
    "</script></style></svg></title><img src=x onerror=alert(1)>",
    "\"><svg onload=alert(1)>",
    "' onmouseover='alert(1)",
    "&lt;b&gt;&#60;b&#62;",
    "<!-- x -->",
    "--> <b>x</b>",
    "<![CDATA[x]]>",
    "]]>",
    "</details></summary>",
    "<evil:tag/>",
    "a|b|c",
    "a\\|b",
    "`code`",
    "``` x",
    "x\n```\ny",
    "~~~ x",
    "$math$ $$x$$",
    "**bold** __x__ ~~y~~ *z*",
    "[x](javascript:alert(1))",
    "![x](https://evil.example/x.png)",
    "[x]: https://evil.example",
    "[^1]",
    "<https://evil.example>",
    "https://github.com/acme/shop/issues/1",
    "http://evil.example/a_(b)",
    "ftp://evil.example",
    "www.evil.example",
    "mailto:eve@evil.example",
    "eve@evil.example",
    "@acme/all",
    "@octocat",
    "x @octocat,@acme/all",
    "#1",
    "GH-1 gh-2",
    "acme/shop#1",
    "acme/shop@0123456789abcdef0123456789abcdef01234567",
    "0123456789abcdef0123456789abcdef01234567",
    "# heading",
    "x\n\n# heading",
    "- [ ] task",
    "+ item",
    "1. item",
    "> [!WARNING] x",
    "---",
    "===",
    "    indented",
    "line\r\nline\rline",
    "\u{1b}[31mred\u{1b}]0;title\u{7}",
    "\u{9b}31m\u{9d}0;x\u{9c}",
    "\u{8}\u{8}\u{8}back\u{7f}",
    "\u{202e}gnp.exe\u{2066}x\u{2069}",
    "ze\u{200b}ro\u{200d}wi\u{2060}dth\u{feff}\u{ad}",
    "\u{e0041}\u{e0062}tags",
    "\u{2028}line\u{2029}",
    "::error::x",
    "  ::add-mask::x",
    "x\n::set-output name=persisted::y",
    "##[error]x",
    "##vso[task.setvariable]x",
    "x%0A::error::y%0D",
    "${{ secrets.GITHUB_TOKEN }}",
    "x\nghadelimiter_0\npersisted<<EOF",
    "=cmd|'/C calc'!A0",
    "+1+1",
    "-1+1",
    "@SUM(A1:A9)",
    "\t=1+1",
    "＝1+1",
    "a,b;\"c\"\nd",
    "\"]\n  x-axis [\"x\"]\n%% y",
    "%%{init: {}}%%",
    "{{ 7 * 7 }}{% include \"/etc/passwd\" %}",
    "../../etc/passwd",
    "$(id) `id` ; id | id && id",
    "<!channel> <@U012> <!subteam^S1> @everyone @here",
    "javascript:alert(1)",
    "%s%n{}{0}\\u0000",
];

static MENTION: LazyLock<Regex> = LazyLock::new(|| regex(r"(?:^|[^\w`/])@[A-Za-z0-9]"));
static REFERENCE: LazyLock<Regex> = LazyLock::new(|| regex(r"#\d|(?i:\bgh-\d)"));
static COMMIT: LazyLock<Regex> = LazyLock::new(|| regex(r"(?i)\b[0-9a-f]{40}\b"));
static AUTOLINK: LazyLock<Regex> =
    LazyLock::new(|| regex(r"(?i)https?://|ftp://|\bwww\.\w|[\w.+-]@[\w-]+\.[\w-]+"));
static TAG: LazyLock<Regex> = LazyLock::new(|| {
    regex(r#"^<(/?)([a-zA-Z][a-zA-Z0-9]*)((?:\s+[a-zA-Z0-9:-]+(?:="[^"<>]*")?)*)\s*(/?)>"#)
});
static VALUE: LazyLock<Regex> = LazyLock::new(|| regex(r#"="[^"]*""#));
static NOISY: LazyLock<Regex> = LazyLock::new(|| {
    regex(r"(?i)^https?://(?:www\.)?github\.com/[^?#]*/(?:issues|pull|discussions|commit)(?:/|$)")
});

fn regex(text: &str) -> Regex {
    Regex::new(text).unwrap()
}

/// Nothing that hides or reorders text, and no code that a terminal obeys.
#[track_caller]
pub fn is_visible(what: &str, text: &str) {
    let bad = text.chars().find(|c| {
        (c.is_control() && !matches!(c, '\n' | '\r'))
            || matches!(*c, '\u{ad}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}'
                | '\u{2060}'..='\u{206f}' | '\u{feff}' | '\u{e0000}'..='\u{e0fff}')
    });
    assert_eq!(bad, None, "{what}: {text}");
}

/// What a runner reads of a log: no line begins a command that is not ours, and none of the old kind stands anywhere.
#[track_caller]
pub fn is_log(what: &str, text: &str) {
    is_visible(what, text);
    for line in text.lines() {
        let line = line.trim_start();
        let ours = ["error", "warning", "notice"]
            .iter()
            .any(|word| line.starts_with(&format!("::{word} title=fivekeys::")));
        assert!(ours || !line.starts_with("::"), "{what}: {line:?}");
        assert!(
            !line.contains("##[") && !line.contains("##vso["),
            "{what}: {line:?}"
        );
    }
}

/// What GitHub makes of Markdown: no markup, mention, reference, link or image of anybody's but ours.
#[track_caller]
pub fn is_markdown(what: &str, text: &str) {
    is_visible(what, text);
    let options = Options::ENABLE_TABLES
        | Options::ENABLE_STRIKETHROUGH
        | Options::ENABLE_TASKLISTS
        | Options::ENABLE_FOOTNOTES
        | Options::ENABLE_MATH
        | Options::ENABLE_GFM;
    let mut run = String::new();
    let mut fence = None;
    for event in Parser::new_ext(text, options) {
        if let (Event::Text(more), None) = (&event, &fence) {
            run.push_str(more);
            continue;
        }
        is_quiet(what, &std::mem::take(&mut run));
        match event {
            Event::Html(html) | Event::InlineHtml(html) => is_our_html(what, &html),
            Event::Start(Tag::CodeBlock(kind)) => fence = Some(format!("{kind:?}")),
            Event::Text(code) => {
                let kind = fence.clone().unwrap_or_default();
                if kind.contains("mermaid") {
                    is_chart(what, &code);
                } else {
                    assert!(
                        kind.contains("markdown"),
                        "{what}: a block of {kind}: {code}"
                    );
                }
            }
            Event::End(pulldown_cmark::TagEnd::CodeBlock) => fence = None,
            Event::Start(Tag::Link { dest_url, .. }) => is_our_link(what, &dest_url),
            Event::Start(Tag::Image { dest_url, .. }) => {
                assert!(dest_url.starts_with("badges/"), "{what}: {dest_url}");
            }
            Event::Code(_)
            | Event::InlineMath(_)
            | Event::DisplayMath(_)
            | Event::FootnoteReference(_)
            | Event::TaskListMarker(_)
            | Event::Rule
            | Event::Start(Tag::Strikethrough | Tag::FootnoteDefinition(_)) => {
                panic!("{what}: {event:?}: {text}");
            }
            Event::Start(_) | Event::End(_) | Event::SoftBreak | Event::HardBreak => {}
        }
    }
    is_quiet(what, &run);
}

#[track_caller]
fn is_our_link(what: &str, address: &str) {
    let local = [
        "metrics.json",
        "deployments.json",
        "incidents.json",
        "badges",
        "ledger",
        "dashboard/index.html",
    ];
    let known = local.contains(&address) || address.starts_with("https://");
    assert!(known && !NOISY.is_match(address), "{what}: {address}");
    assert!(!address.contains("evil.example"), "{what}: {address}");
}

/// One node of text: GitHub looks for mentions and references in each alone.
#[track_caller]
fn is_quiet(what: &str, text: &str) {
    for bad in [&*MENTION, &*REFERENCE, &*COMMIT, &*AUTOLINK] {
        assert!(!bad.is_match(text), "{what}: {bad} in {text:?}");
    }
}

#[track_caller]
fn is_our_html(what: &str, html: &str) {
    let tags = [
        "details", "/details", "summary", "/summary", "code", "/code", "sub", "/sub",
    ];
    let mut rest = html;
    while let Some(at) = rest.find('<') {
        is_quiet(what, &rest[..at]);
        rest = &rest[at..];
        if let Some(comment) = rest.strip_prefix("<!--") {
            let (inside, after) = comment.split_once("-->").unwrap();
            assert!(
                inside == " " || inside.starts_with(" fivekeys:v1:"),
                "{what}: {inside}"
            );
            rest = after;
            continue;
        }
        let (tag, after) = rest[1..].split_once('>').unwrap();
        assert!(tags.contains(&tag), "{what}: <{tag}>");
        rest = after;
    }
    is_quiet(what, rest);
}

/// The grammar of the one chart that we draw.
#[track_caller]
fn is_chart(what: &str, code: &str) {
    static LINE: LazyLock<Regex> = LazyLock::new(|| {
        regex(
            r#"^(?:xychart-beta|  title "[^"`;%\[\]]*"|  x-axis \["[^"\[\]]*"(?:, "[^"\[\]]*")*\]|  x-axis "week" 1 --> \d+|  y-axis "[a-z]+" 0 --> [\d.]+|  (?:bar|line) \[[\d., ]*\])$"#,
        )
    });
    for line in code.lines() {
        assert!(LINE.is_match(line), "{what}: {line:?}");
    }
}

/// The ends of cells and rows may be left out.
fn close_cells(open: &mut Vec<String>, slash: &str, name: &str) {
    let ends: &[&str] = match (slash, name) {
        ("", "td" | "th") | ("/", "tr") => &["td", "th"],
        ("", "tr") | ("/", "tbody" | "thead" | "table") => &["td", "th", "tr"],
        _ => &[],
    };
    while open
        .last()
        .is_some_and(|last| ends.contains(&last.as_str()))
    {
        open.pop();
    }
}

/// Tags that a page or a drawing of ours never has.
fn is_none_of_theirs(name: &str) {
    let bad = [
        "img",
        "iframe",
        "object",
        "embed",
        "foreignobject",
        "base",
        "form",
    ];
    assert!(!bad.contains(&name), "{name}");
}

/// Markup of HTML or SVG: every `<` begins a tag of ours, and no attribute runs or loads anything.
#[track_caller]
pub fn is_markup(what: &str, text: &str) {
    is_visible(what, text);
    let mut rest = text;
    let mut open: Vec<String> = Vec::new();
    let void = ["meta", "br", "hr", "input"];
    while let Some(at) = rest.find('<') {
        rest = &rest[at..];
        if rest.to_lowercase().starts_with("<!doctype html>") {
            rest = &rest[15..];
            continue;
        }
        let head: String = rest.chars().take(120).collect();
        let found = TAG
            .captures(rest)
            .unwrap_or_else(|| panic!("{what}: {head}"));
        let (name, attributes) = (found[2].to_owned(), found[3].to_lowercase());
        is_none_of_theirs(&name);
        let bare = VALUE.replace_all(&attributes, "");
        assert!(!bare.contains(" on"), "{what}: {head}");
        for bad in [
            "=\"javascript:",
            "=\"data:text",
            "src=\"http",
            "evil.example\"",
        ] {
            assert!(!attributes.contains(bad), "{what}: {head}");
        }
        let is_part_of_chart = attributes.starts_with(" type=\"radio\" name=");
        assert!(name != "input" || is_part_of_chart, "{what}: {head}");
        rest = &rest[found[0].len()..];
        close_cells(&mut open, &found[1], &name);
        if &found[1] == "/" {
            assert_eq!(open.pop().as_deref(), Some(&*name), "{what}: {head}");
        } else if found[4].is_empty() && !void.contains(&&*name) {
            open.push(name.clone());
        }
        if name == "style" || name == "script" {
            assert!(
                &found[1] == "/" || name == "style" || !attributes.contains("src"),
                "{what}"
            );
            // What stands in these is no markup until their end.
            if &found[1] != "/" {
                let end = rest.find(&format!("</{name}>")).unwrap();
                assert!(!rest[..end].contains("alert(1)"), "{what}: {head}");
                rest = &rest[end..];
            }
        }
    }
    assert_eq!(open, Vec::<String>::new(), "{what}");
}

/// RFC 4180: as many cells in every row, and no cell that a spreadsheet would compute.
#[track_caller]
pub fn is_csv(what: &str, text: &str) {
    is_log(what, &text.replace("\r\n", "\n"));
    let mut reader = csv::ReaderBuilder::new().from_reader(text.as_bytes());
    for record in reader.records() {
        for cell in &record.unwrap() {
            let begins = cell.trim_start().chars().next();
            let number = cell.parse::<f64>().is_ok();
            let formula = matches!(
                begins,
                Some('=' | '+' | '-' | '@' | '＝' | '＋' | '－' | '＠')
            );
            assert!(number || !formula, "{what}: {cell:?}");
        }
    }
}

/// JSON, or a document a line, that can be printed into a log.
#[track_caller]
pub fn is_json(what: &str, text: &str) {
    is_log(what, text);
    if serde_json::from_str::<serde_json::Value>(text).is_err() {
        for line in text.lines() {
            serde_json::from_str::<serde_json::Value>(line).unwrap();
        }
    }
}

/// Text that a format knows by its id: judged by the reader of its kind.
#[track_caller]
pub fn is_format(id: &str, text: &str) {
    match id {
        "markdown" | "digest" => is_markdown(id, text),
        "html" => is_markup(id, text),
        "json" | "otlp" | "cdevents" | "slack" | "teams" | "discord" => is_json(id, text),
        "csv" | "csv-deployments" | "csv-changes" | "csv-incidents" => is_csv(id, text),
        "terminal" | "openmetrics" | "prometheus" => {}
        other => panic!("no reader for the format {other}"),
    }
    is_log(id, &text.replace("\r\n", "\n"));
}

#[test]
fn each_is_another_one_and_the_readers_know_what_is_bad() {
    assert_eq!(BTreeSet::from(STRINGS).len(), STRINGS.len());
    let stopped = |judge: fn(&str, &str), text: &str| {
        let text = text.to_owned();
        std::panic::catch_unwind(move || judge("x", &text)).is_err()
    };
    let mut caught = 0;
    for text in STRINGS {
        let whole = format!("x {text}\n\n{text}\n");
        caught += usize::from(stopped(is_markdown, &whole));
    }
    assert!(caught > 40, "{caught}");
    for (judge, bad) in [
        (is_log as fn(&str, &str), "a\n ::error::x"),
        (is_log, "a ##[error]"),
        (is_visible, "\u{202e}"),
        (is_markup, "<p><img src=x></p>"),
        (is_markup, "<p>a < b</p>"),
        (is_markup, "<p onclick=\"x\"></p>"),
        (is_markup, "<p>"),
        (is_csv, "a\r\n=1+1\r\n"),
        (is_json, "{"),
        (is_markdown, "mail @acme"),
        (is_markdown, "see #7"),
        (is_markdown, "<b>x</b>"),
        (is_markdown, "```mermaid\nxychart-beta\n  %% x\n```"),
        (is_markdown, "[x](https://github.com/acme/shop/issues/7)"),
    ] {
        assert!(stopped(judge, bad), "{bad:?}");
    }
    is_markdown(
        "x",
        "@<!-- -->acme and &#35;<!-- -->7, `no`".trim_end_matches(", `no`"),
    );
    is_markup("x", "<p title=\"a&quot;\">a &lt; b<br></p>");
}

#[test]
fn every_test_that_the_threat_model_names_exists() {
    let root = std::path::Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut code = String::new();
    let mut open = vec![root.join("src"), root.join("tests")];
    while let Some(folder) = open.pop() {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                open.push(path);
            } else if path.extension().is_some_and(|ending| ending == "rs") {
                code.push_str(&std::fs::read_to_string(path).unwrap());
            }
        }
    }
    let text = std::fs::read_to_string(root.join("SECURITY.md")).unwrap();
    let rows = text.lines().filter(|line| line.matches('|').count() == 5);
    let named = rows.skip(2).flat_map(|row| {
        let held = row.rsplit('|').nth(1).unwrap();
        held.split('`').skip(1).step_by(2).map(str::to_owned)
    });
    let named: Vec<String> = named.collect();
    assert!(named.len() > 20, "{named:?}");
    for name in named {
        assert!(
            root.join(&name).is_file() || code.contains(&format!("fn {name}(")),
            "{name}"
        );
    }
}
