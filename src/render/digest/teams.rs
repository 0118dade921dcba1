//! The digest as an Adaptive Card 1.4, in the envelope that a Teams webhook takes.
//!
//! All text stands in runs of a `RichTextBlock`, the element that reads no Markdown.

use serde_json::{Value, json};

use super::{Digest, digest, plain};
use crate::render::json::written;
use crate::render::{RenderError, Style};
use crate::report::v1::Report;

/// Characters of a run; a whole message may have 28 KB.
const RUN: usize = 600;

pub(super) fn render(report: &Report, _: &Style) -> Result<String, RenderError> {
    let digest = digest(report);
    written(&json!({
        "type": "message",
        "attachments": [{
            "contentType": "application/vnd.microsoft.card.adaptive",
            "content": {
                "$schema": "http://adaptivecards.io/schemas/adaptive-card.json",
                "type": "AdaptiveCard",
                "version": "1.4",
                "fallbackText": plain(&digest.verdict, RUN),
                "body": body(&digest),
            },
        }],
    }))
}

fn body(digest: &Digest<'_>) -> Vec<Value> {
    let title = format!("Software delivery of {}", digest.repository);
    let when = format!(
        "{} – {} {} · {}",
        digest.from, digest.until, digest.timezone, digest.counts
    );
    let mut body = vec![
        block(&[run(&title, "large", true)]),
        block(&[run(&when, "small", false)]),
        block(&[run(&digest.verdict, "default", false)]),
    ];
    for number in &digest.numbers {
        body.push(block(&[
            run(&format!("{}: ", number.title), "default", true),
            run(&number.line(), "default", false),
        ]));
    }
    if !digest.failures.is_empty() {
        body.push(block(&[run("Failed deployments", "medium", true)]));
        for failure in &digest.failures {
            body.push(block(&[
                run(&format!("{}: ", failure.name), "default", true),
                run(&failure.says, "default", false),
            ]));
        }
        if digest.failures_hidden > 0 {
            let more = format!("and {} more", digest.failures_hidden);
            body.push(block(&[run(&more, "default", false)]));
        }
    }
    if let Some(finding) = digest.finding {
        body.push(block(&[run("To look at", "medium", true)]));
        for text in std::iter::once(&finding.says).chain(&finding.next) {
            body.push(block(&[run(text, "default", false)]));
        }
    }
    let definition = format!("definition {}", digest.fingerprint);
    body.push(block(&[run(&definition, "small", false)]));
    body
}

fn block(runs: &[Value]) -> Value {
    json!({ "type": "RichTextBlock", "inlines": runs })
}

fn run(text: &str, size: &str, bold: bool) -> Value {
    let weight = if bold { "bolder" } else { "default" };
    json!({
        "type": "TextRun",
        "text": plain(text, RUN),
        "size": size,
        "weight": weight,
        "isSubtle": size == "small",
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::render::fixture;

    #[test]
    fn every_card_has_only_elements_of_its_version_and_keeps_the_limit() {
        let mut long = fixture::hostile();
        long.findings[0].says = "😀".repeat(50_000);
        for report in fixture::all().into_iter().chain([long]) {
            let text = render(&report, &Style::default()).unwrap();
            assert!(text.len() <= 28 * 1024, "{}", text.len());
            let value: Value = serde_json::from_str(&text).unwrap();
            assert_eq!(value["type"], "message");
            let content = &value["attachments"][0]["content"];
            assert_eq!(content["type"], "AdaptiveCard");
            assert_eq!(content["version"], "1.4");
            let body = content["body"].as_array().unwrap();
            assert!(body.len() >= 9);
            for block in body {
                assert_eq!(block["type"], "RichTextBlock");
                for run in block["inlines"].as_array().unwrap() {
                    assert_eq!(run["type"], "TextRun");
                    assert!(run["text"].is_string() && run["isSubtle"].is_boolean());
                    let size = run["size"].as_str().unwrap();
                    assert!(["small", "default", "medium", "large"].contains(&size));
                    let weight = run["weight"].as_str().unwrap();
                    assert!(["default", "bolder"].contains(&weight));
                }
            }
        }
    }
}
