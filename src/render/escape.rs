//! One escaping function an output kind: text from outside never becomes markup, a mention, a command or a control code.

use std::fmt::Write as _;

/// What a `<!-- -->` is for: GitHub looks for mentions and references in each text node alone.
const BREAK: &str = "<!-- -->";

/// Longest text from outside that is shown; the rest would only push numbers off the page.
const LONGEST: usize = 600;

/// Longest name in a table.
const BRIEF: usize = 60;

/// Controls, bidirectional overrides and characters without width: they hide or reorder what is read.
pub(crate) fn is_hidden(c: char) -> bool {
    c.is_control()
        || matches!(c,
            '\u{ad}' | '\u{61c}' | '\u{180e}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}'
            | '\u{2060}'..='\u{206f}' | '\u{feff}' | '\u{fff0}'..='\u{fffb}' | '\u{fffe}' | '\u{ffff}'
            | '\u{e0000}'..='\u{e0fff}')
}

/// One line of visible text: breaks and tabs become spaces, hidden characters go, what is too long is cut.
#[must_use]
pub(crate) fn visible(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for (count, c) in text.chars().enumerate() {
        if count == LONGEST {
            out.push('…');
            break;
        }
        if matches!(c, '\n' | '\r' | '\t' | '\u{2028}' | '\u{2029}' | '\u{85}') {
            out.push(' ');
        } else if !is_hidden(c) {
            out.push(c);
        }
    }
    out
}

/// A name for a table's cell: visible and short.
#[must_use]
pub(crate) fn brief(text: &str) -> String {
    let text = visible(text);
    if text.chars().count() <= BRIEF {
        return text;
    }
    text.chars().take(BRIEF - 1).chain(['…']).collect()
}

/// Whether a `[` after this would begin a command, anywhere in a line of a runner's log: GitHub's of the old style, or
/// Azure's.
fn asks_for_a_command(before: &str) -> bool {
    before.ends_with("##") || before.ends_with("##vso")
}

/// For a terminal, which may also be a workflow's log: no control codes, no command that stands within a line.
#[must_use]
pub(crate) fn terminal(text: &str) -> String {
    // `ESC [ 2 J` without its escape is only odd text; `##[` starts a command anywhere in a log line.
    visible(text)
        .replace("##[", "## [")
        .replace("##vso[", "## vso[")
}

/// For a finished line of a terminal: `::command::` at its beginning would be executed by the runner.
#[must_use]
pub(crate) fn terminal_line(line: &str) -> String {
    let trimmed = line.trim_start();
    if let Some(rest) = trimmed.strip_prefix("::") {
        let indent = &line[..line.len() - trimmed.len()];
        return format!("{indent}: :{rest}");
    }
    line.to_owned()
}

/// For running text, headings and table cells of GitHub's Markdown, also inside inline HTML such as `<code>`.
///
/// Entities never are syntax in Markdown; mentions and references are found later, in the text, and are broken.
#[must_use]
pub(crate) fn markdown(text: &str) -> String {
    let text = visible(text);
    // Four spaces at the beginning of a line are code.
    let begins = text.len() - text.trim_start_matches(' ').len();
    let text = text.get(begins.saturating_sub(1)..).unwrap_or_default();
    let mut out = String::with_capacity(text.len() + 16);
    let mut rest = text.chars().peekable();
    let mut first = true;
    while let Some(c) = rest.next() {
        // A commit is known by seven of its digits: the first text ends before them.
        if c.is_ascii_hexdigit() && begins_a_word(&out) && is_commit(rest.clone()) {
            out.push(c);
            out.extend(rest.by_ref().take(5));
            out.push_str(BREAK);
            first = false;
            continue;
        }
        let next = rest.peek().copied().unwrap_or(' ');
        match c {
            '@' => push_broken(&mut out, "@", !next.is_whitespace()),
            '#' => push_broken(&mut out, "&#35;", next.is_ascii_digit()),
            ':' => push_broken(&mut out, ":", next == '/'),
            // `GH-12` is a reference.
            '-' if ends_with(&out, "gh") => push_broken(&mut out, "-", next.is_ascii_digit()),
            // `www.` alone is a link already, so it is broken before the dot.
            '.' if ends_with(&out, "www") => {
                out.push_str(BREAK);
                out.push('.');
            }
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '|' | '\\' | '`' | '*' | '_' | '[' | ']' | '~' | '$' => push_entity(&mut out, c),
            '-' | '+' | '=' if first => push_entity(&mut out, c),
            _ => out.push(c),
        }
        first &= c == ' ';
    }
    out
}

/// Whether these are the other 39 digits of a commit's id.
fn is_commit(mut rest: impl Iterator<Item = char>) -> bool {
    rest.by_ref()
        .take(39)
        .filter(char::is_ascii_hexdigit)
        .count()
        == 39
}

fn begins_a_word(out: &str) -> bool {
    !out.chars()
        .next_back()
        .is_some_and(|c| c.is_ascii_alphanumeric())
}

fn push_broken(out: &mut String, mark: &str, breaks: bool) {
    out.push_str(mark);
    if breaks {
        out.push_str(BREAK);
    }
}

fn ends_with(out: &str, word: &str) -> bool {
    out.len()
        .checked_sub(word.len())
        .and_then(|at| out.get(at..))
        .is_some_and(|end| end.eq_ignore_ascii_case(word))
}

fn push_entity(out: &mut String, c: char) {
    // Writing to a string cannot fail.
    let _ = write!(out, "&#{};", u32::from(c));
}

/// For text and attributes of HTML and SVG.
#[must_use]
pub(crate) fn xml(text: &str) -> String {
    let text = visible(text);
    let mut out = String::with_capacity(text.len() + 16);
    for c in text.chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\'' => out.push_str("&#39;"),
            '[' if asks_for_a_command(&out) => out.push_str("&#91;"),
            _ => out.push(c),
        }
    }
    out
}

/// For a quoted label of a mermaid chart: what has a meaning there is left out.
#[must_use]
pub(crate) fn mermaid(text: &str) -> String {
    visible(text)
        .chars()
        .filter(|c| {
            c.is_alphanumeric() || matches!(c, ' ' | '-' | '.' | ',' | '/' | '–' | ':' | '(' | ')')
        })
        .collect()
}

/// Longest web address that is linked; browsers and servers refuse longer ones.
const LONGEST_ADDRESS: usize = 2048;

/// A web address as the target of a Markdown link or an attribute; none when it is not one.
#[must_use]
pub(crate) fn address(url: &str) -> Option<String> {
    if url.len() > LONGEST_ADDRESS {
        return None;
    }
    let lower = url.trim().to_ascii_lowercase();
    if !(lower.starts_with("https://") || lower.starts_with("http://")) {
        return None;
    }
    let mut out = String::with_capacity(url.len());
    for byte in url.trim().bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~:/?#@!$&+,;=%".contains(&byte) {
            out.push(char::from(byte));
        } else {
            let _ = write!(out, "%{byte:02X}");
        }
    }
    Some(out)
}

/// A web address for GitHub's Markdown, where a link to an issue, a pull request or a discussion leaves a line in its
/// history: such a link goes the way that leaves none. An Enterprise Server has no such way.
#[must_use]
pub(crate) fn silent_address(url: &str) -> Option<String> {
    let address = address(url)?;
    let lower = address.to_ascii_lowercase();
    let (scheme, rest) = lower.split_once("://")?;
    let host = rest.split(['/', '?', '#']).next()?;
    let path = rest.get(host.len()..)?.split(['?', '#']).next()?;
    let leaves_a_line = path
        .split('/')
        .any(|part| matches!(part, "issues" | "pull" | "pulls" | "discussions" | "commit"));
    // With a name or a port in front of it, it is still the same host.
    let name = host.rsplit('@').next()?.split(':').next()?;
    if leaves_a_line && matches!(name.trim_end_matches('.'), "github.com" | "www.github.com") {
        let rest = address.get(scheme.len() + 3 + host.len()..)?;
        return Some(format!("https://redirect.github.com{rest}"));
    }
    Some(address)
}

/// For the value of a label of OpenMetrics. Two names never become one, so nothing is left out: what hides is spelt.
#[must_use]
pub(crate) fn openmetrics(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '"' => out.push_str("\\\""),
            // A backslash of the name is told from one that spells: it is doubled before the format doubles it.
            '\\' => out.push_str("\\\\\\\\"),
            c if is_hidden(c) || c == '[' && asks_for_a_command(&out) => {
                let _ = write!(out, "\\\\u{{{:x}}}", u32::from(c));
            }
            c => out.push(c),
        }
    }
    out
}

/// A finished document of JSON for a terminal or a log: in its texts, what hides or begins a command is spelt, which a
/// reader of JSON reads as the same text.
#[must_use]
pub(crate) fn json(document: &str) -> String {
    let mut out = String::with_capacity(document.len());
    for c in document.chars() {
        let begins_a_command = c == '[' && asks_for_a_command(&out);
        // A document breaks its lines; in its texts, breaks are spelt already.
        if begins_a_command || (is_hidden(c) && c != '\n') {
            let mut pair = [0_u16; 2];
            for unit in c.encode_utf16(&mut pair) {
                let _ = write!(out, "\\u{unit:04x}");
            }
        } else {
            out.push(c);
        }
    }
    out
}

/// A text cell of RFC 4180 on one line, guarded against being read as a formula, or as a command by a runner's log.
#[must_use]
pub(crate) fn csv(text: &str) -> String {
    let text = terminal(text);
    let guarded = match text.trim_start().chars().next() {
        // Full-width signs begin a formula where such keyboards are used.
        Some('=' | '+' | '-' | '@' | '＝' | '＋' | '－' | '＠') => format!("'{text}"),
        _ => text,
    };
    if guarded.contains([',', '"', '\'', ';']) || guarded.starts_with([':', ' ']) {
        format!("\"{}\"", guarded.replace('"', "\"\""))
    } else {
        guarded
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn markdown_makes_no_markup_of_hostile_text() {
        for (hostile, harmless) in [
            ("</script>", "&lt;/script&gt;"),
            ("](javascript:x)", "&#93;(javascript:x)"),
            ("a|b", "a&#124;b"),
            (
                "`x` *y* __z__",
                "&#96;x&#96; &#42;y&#42; &#95;&#95;z&#95;&#95;",
            ),
            ("two\nlines", "two lines"),
            ("a\\|b", "a&#92;&#124;b"),
            ("&lt;", "&amp;lt;"),
            ("--> x", "&#45;-&gt; x"),
            ("2026-03-02", "2026-03-02"),
            ("+ item", "&#43; item"),
            ("    code", " code"),
            ("\u{3000}\u{3000}x", "\u{3000}\u{3000}x"),
            ("  - item", " &#45; item"),
        ] {
            assert_eq!(markdown(hostile), harmless);
        }
    }

    #[test]
    fn markdown_mentions_and_refers_to_nobody() {
        assert_eq!(markdown("@acme/team"), "@<!-- -->acme/team");
        assert_eq!(markdown("acme/shop#1"), "acme/shop&#35;<!-- -->1");
        assert_eq!(markdown("GH-7"), "GH-<!-- -->7");
        assert_eq!(
            markdown("https://evil.example"),
            "https:<!-- -->//evil.example"
        );
        assert_eq!(markdown("www.evil.example"), "www<!-- -->.evil.example");
        assert_eq!(markdown("change-lead-time"), "change-lead-time");
        let commit = "0123456789abcdef0123456789abcdef01234567";
        let broken = format!("at 012345<!-- -->{}", &commit[6..]);
        assert_eq!(markdown(&format!("at {commit}")), broken);
        assert_eq!(markdown(&commit[..12]), commit[..12]);
    }

    #[test]
    fn terminals_get_no_control_codes_and_runners_no_commands() {
        assert_eq!(terminal("\x1b[2Jgone\x07"), "[2Jgone");
        assert_eq!(terminal("abc\u{202e}fed"), "abcfed");
        assert_eq!(terminal("a\u{200b}b\u{9b}31m"), "ab31m");
        assert_eq!(terminal("##[error]x"), "## [error]x");
        assert_eq!(terminal("a##vso[x]"), "a## vso[x]");
        assert_eq!(terminal_line("  ::error::x"), "  : :error::x");
        assert_eq!(terminal_line("std::fs"), "std::fs");
    }

    #[test]
    fn xml_keeps_only_text() {
        assert_eq!(
            xml("</script><x y=\"'&\u{0}\u{202e}"),
            "&lt;/script&gt;&lt;x y=&quot;&#39;&amp;"
        );
    }

    #[test]
    fn csv_cells_are_quoted_and_never_formulas() {
        assert_eq!(csv("=cmd()"), "\"'=cmd()\"");
        assert_eq!(csv("@SUM(A1)"), "\"'@SUM(A1)\"");
        assert_eq!(csv("-1+2"), "\"'-1+2\"");
        assert_eq!(csv(" \t=1"), "\"'  =1\"");
        assert_eq!(csv("＝1"), "\"'＝1\"");
        assert_eq!(csv("a,\"b\"\r\nc"), "\"a,\"\"b\"\"  c\"");
        assert_eq!(csv("::error::x##[error]"), "\"::error::x## [error]\"");
        assert_eq!(csv("shop"), "shop");
    }

    #[test]
    fn labels_of_openmetrics_spell_what_hides() {
        assert_eq!(openmetrics("a\"b\\c\n"), "a\\\"b\\\\\\\\c\\\\u{a}");
        assert_eq!(openmetrics("##[error]"), "##\\\\u{5b}error]");
        assert_eq!(openmetrics("Größe"), "Größe");
    }

    #[test]
    fn only_web_addresses_become_links() {
        assert_eq!(address("javascript:alert(1)"), None);
        assert_eq!(
            address("https://x.example/a b)\"c|d"),
            Some("https://x.example/a%20b%29%22c%7Cd".to_owned())
        );
    }

    #[test]
    fn links_leave_no_line_in_the_history_of_an_issue() {
        for (url, silent) in [
            (
                "https://github.com/acme/shop/issues/1",
                "https://redirect.github.com/acme/shop/issues/1",
            ),
            (
                "HTTP://x@GitHub.com:443/acme/shop/pull/2#x",
                "https://redirect.github.com/acme/shop/pull/2#x",
            ),
            (
                "https://github.com/acme/shop/actions/runs/3",
                "https://github.com/acme/shop/actions/runs/3",
            ),
            (
                "https://shop.example/issues/1",
                "https://shop.example/issues/1",
            ),
        ] {
            assert_eq!(silent_address(url).as_deref(), Some(silent));
        }
        assert_eq!(silent_address("javascript:x"), None);
    }

    #[test]
    fn documents_of_json_say_the_same_without_what_hides() {
        let text = "a\u{202e}b\u{9b}c\u{e0041}##[x]\u{7f}é";
        let spelt = json(&serde_json::Value::from(text).to_string());
        assert_eq!(spelt, r#""a\u202eb\u009bc\udb40\udc41##\u005bx]\u007fé""#);
        let back: String = serde_json::from_str(&spelt).unwrap();
        assert_eq!(back, text);
        assert_eq!(json("{\n  \"a\": [1]\n}"), "{\n  \"a\": [1]\n}");
    }

    #[test]
    fn mermaid_labels_cannot_leave_their_quotes() {
        assert_eq!(mermaid("a\"]\n%% b;`"), "a  b");
    }

    #[test]
    fn endless_names_are_cut() {
        assert_eq!(visible(&"x".repeat(10_000)).chars().count(), LONGEST + 1);
        assert_eq!(brief(&"x".repeat(10_000)).chars().count(), BRIEF);
    }
}
