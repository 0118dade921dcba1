//! The digest as a message of Slack, within Block Kit's limits.
//!
//! Text from outside stands in `plain_text`, which knows no mention, link or mark.

use serde_json::{Value, json};

use super::{Digest, digest, fit, plain};
use crate::render::json::written;
use crate::render::{RenderError, Style};
use crate::report::v1::Report;

/// Characters of a section's text.
const TEXT: usize = 3000;
/// Characters of a header.
const HEADER: usize = 150;
/// Characters of a field.
const FIELD: usize = 2000;

pub(super) fn render(report: &Report, _: &Style) -> Result<String, RenderError> {
    let digest = digest(report);
    let title = format!("Software delivery of {}", digest.repository);
    written(&json!({
        "text": marked(&format!("{title}: {}", digest.verdict), TEXT),
        "blocks": blocks(&digest, &title),
    }))
}

fn blocks(digest: &Digest<'_>, title: &str) -> Vec<Value> {
    let when = format!("{} – {} {}", digest.from, digest.until, digest.timezone);
    let fields: Vec<Value> = digest
        .numbers
        .iter()
        .map(|number| {
            let text = format!(
                "*{}*\n{}",
                number.title,
                marked(&number.line(), FIELD - 100)
            );
            json!({ "type": "mrkdwn", "text": text, "verbatim": true })
        })
        .collect();
    let mut blocks = vec![
        json!({ "type": "header", "text": text(title, HEADER) }),
        context(&format!("{when} · {}", digest.counts)),
        section(&digest.verdict),
        json!({ "type": "section", "fields": fields }),
    ];
    if !digest.failures.is_empty() {
        blocks.push(json!({ "type": "divider" }));
        blocks.push(heading("Failed deployments"));
        blocks.extend(
            digest
                .failures
                .iter()
                .map(|f| section(&format!("{}: {}", f.name, f.says))),
        );
        if digest.failures_hidden > 0 {
            blocks.push(context(&format!("and {} more", digest.failures_hidden)));
        }
    }
    if let Some(finding) = digest.finding {
        blocks.push(json!({ "type": "divider" }));
        blocks.push(heading("To look at"));
        blocks.push(section(&finding.says));
        if let Some(next) = &finding.next {
            blocks.push(section(&format!("Next: {next}")));
        }
    }
    blocks.push(context(&format!("definition {}", digest.fingerprint)));
    blocks
}

fn text(content: &str, most: usize) -> Value {
    json!({ "type": "plain_text", "text": filled(plain(content, most)), "emoji": false })
}

/// Slack refuses an empty text.
fn filled(text: String) -> String {
    if text.trim().is_empty() {
        "–".to_owned()
    } else {
        text
    }
}

fn section(content: &str) -> Value {
    json!({ "type": "section", "text": text(content, TEXT) })
}

fn context(content: &str) -> Value {
    json!({ "type": "context", "elements": [text(content, FIELD)] })
}

/// Words of our own.
fn heading(words: &'static str) -> Value {
    let text = format!("*{words}*");
    json!({ "type": "section", "text": { "type": "mrkdwn", "text": text, "verbatim": true } })
}

/// For `mrkdwn`: what has a meaning there becomes an entity, or a look-alike where there is no entity.
fn marked(text: &str, most: usize) -> String {
    fit(text, most, |c| {
        Some(match c {
            '&' => "&amp;",
            '<' => "&lt;",
            '>' => "&gt;",
            '*' => "∗",
            '_' => "ˍ",
            '~' => "∼",
            '`' => "ˋ",
            '@' => "＠",
            _ => return None,
        })
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::render::fixture;

    /// The limits that Block Kit names.
    fn check(message: &Value) {
        let blocks = message["blocks"].as_array().unwrap();
        assert!((1..=50).contains(&blocks.len()));
        assert!(message["text"].as_str().unwrap().chars().count() <= 3000);
        for block in blocks {
            let (text, most) = match block["type"].as_str().unwrap() {
                "header" => (&block["text"], 150),
                "section" if block["fields"].is_array() => {
                    let fields = block["fields"].as_array().unwrap();
                    assert!((1..=10).contains(&fields.len()));
                    for field in fields {
                        check_text(field, 2000);
                    }
                    continue;
                }
                "section" => (&block["text"], 3000),
                "context" => {
                    let elements = block["elements"].as_array().unwrap();
                    assert!((1..=10).contains(&elements.len()));
                    (&elements[0], 2000)
                }
                "divider" => continue,
                other => panic!("no block: {other}"),
            };
            check_text(text, most);
        }
    }

    fn check_text(text: &Value, most: usize) {
        let words = text["text"].as_str().unwrap();
        assert!(
            (1..=most).contains(&words.encode_utf16().count()),
            "{words}"
        );
        if text["type"] == "mrkdwn" {
            assert_eq!(text["verbatim"], true);
            let bare = words
                .replace("&amp;", "")
                .replace("&lt;", "")
                .replace("&gt;", "");
            assert!(!bare.contains(['<', '>', '&', '@', '`', '~']), "{words}");
        } else {
            assert_eq!(text["type"], "plain_text");
        }
    }

    #[test]
    fn every_message_keeps_the_limits_of_block_kit() {
        let mut long = fixture::hostile();
        long.repository = Some("<&".repeat(5000));
        long.findings[0].says = "<".repeat(5000);
        long.findings[0].next = Some("\n".into());
        for report in fixture::all().into_iter().chain([long]) {
            let text = render(&report, &Style::default()).unwrap();
            check(&serde_json::from_str(&text).unwrap());
        }
    }
}
