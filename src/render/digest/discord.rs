//! The digest as an embed of Discord, within its limits. Nobody is mentioned, whatever a name says.

use serde_json::{Value, json};

use super::{Digest, digest, fit};
use crate::render::json::written;
use crate::render::{RenderError, Style};
use crate::report::v1::Report;

/// Characters of a title.
const TITLE: usize = 256;
/// Characters of a metric's value; 1024 are allowed.
const VALUE: usize = 300;
/// Characters of a line of the longer texts: 4096 are allowed in the description, 1024 in a field, 6000 in all.
const LINE: usize = 200;
/// Characters of the footer.
const FOOTER: usize = 200;

pub(super) fn render(report: &Report, _: &Style) -> Result<String, RenderError> {
    let digest = digest(report);
    let title = format!("Software delivery of {}", digest.repository);
    let when = format!("{} – {} {}", digest.from, digest.until, digest.timezone);
    let description = [&when, &digest.counts, &digest.verdict].map(|line| marked(line, 3 * LINE));
    written(&json!({
        "allowed_mentions": { "parse": [] },
        "embeds": [{
            "title": marked(&title, TITLE),
            "description": description.join("\n"),
            "fields": fields(&digest),
            "footer": { "text": super::plain(&format!("definition {}", digest.fingerprint), FOOTER) },
            "timestamp": digest.generated_at,
        }],
    }))
}

fn fields(digest: &Digest<'_>) -> Vec<Value> {
    let mut fields: Vec<Value> = digest
        .numbers
        .iter()
        .map(|number| {
            json!({ "name": number.title, "value": marked(&number.line(), VALUE), "inline": true })
        })
        .collect();
    if !digest.failures.is_empty() {
        let mut lines: Vec<String> = digest
            .failures
            .iter()
            .map(|f| marked(&format!("{}: {}", f.name, f.says), LINE - 10))
            .collect();
        if digest.failures_hidden > 0 {
            lines.truncate(4);
            let more = digest.failures.len() - lines.len() + digest.failures_hidden;
            lines.push(format!("and {more} more"));
        }
        fields.push(json!({ "name": "Failed deployments", "value": lines.join("\n") }));
    }
    if let Some(finding) = digest.finding {
        let text: Vec<String> = std::iter::once(&finding.says)
            .chain(&finding.next)
            .map(|text| marked(text, 2 * LINE))
            .filter(|text| !text.is_empty())
            .collect();
        fields.push(json!({ "name": "To look at", "value": filled(text.join("\n")) }));
    }
    fields
}

/// Discord refuses an empty value.
fn filled(text: String) -> String {
    if text.trim().is_empty() {
        "–".to_owned()
    } else {
        text
    }
}

/// For Discord's Markdown: a backslash before every mark that has a meaning, also in an address.
fn marked(text: &str, most: usize) -> String {
    fit(text, most, |c| {
        Some(match c {
            '\\' => "\\\\",
            '*' => "\\*",
            '_' => "\\_",
            '~' => "\\~",
            '`' => "\\`",
            '|' => "\\|",
            '>' => "\\>",
            '<' => "\\<",
            '#' => "\\#",
            '[' => "\\[",
            ']' => "\\]",
            '@' => "\\@",
            ':' => "\\:",
            _ => return None,
        })
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::render::fixture;

    fn length(value: &Value) -> usize {
        let text = value.as_str().unwrap();
        let length = text.encode_utf16().count();
        assert!(length > 0, "nothing may be empty");
        length
    }

    #[test]
    fn every_embed_keeps_the_limits() {
        let mut long = fixture::hostile();
        long.repository = Some("*😀".repeat(5000));
        long.findings[0].says = "`".repeat(5000);
        long.findings[0].next = Some("\u{200b}".into());
        for deployment in &mut long.deployments {
            deployment.failed = true;
        }
        for report in fixture::all().into_iter().chain([long]) {
            let text = render(&report, &Style::default()).unwrap();
            let value: Value = serde_json::from_str(&text).unwrap();
            assert_eq!(value["allowed_mentions"], json!({ "parse": [] }));
            let embed = &value["embeds"][0];
            let mut all = length(&embed["title"]) + length(&embed["description"]);
            assert!(length(&embed["title"]) <= 256 && length(&embed["description"]) <= 4096);
            let fields = embed["fields"].as_array().unwrap();
            assert!((5..=25).contains(&fields.len()));
            for field in fields {
                assert!(length(&field["name"]) <= 256 && length(&field["value"]) <= 1024);
                all += length(&field["name"]) + length(&field["value"]);
            }
            all += length(&embed["footer"]["text"]);
            assert!(all <= 6000, "{all}");
        }
    }

    #[test]
    fn marks_are_shown_and_not_obeyed() {
        assert_eq!(
            marked("**[x](https://e)**", 99),
            "\\*\\*\\[x\\](https\\://e)\\*\\*"
        );
        assert_eq!(marked("<@1> @here", 99), "\\<\\@1\\> \\@here");
    }
}
