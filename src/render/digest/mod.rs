//! A period in short: what changed, the five numbers, notable failures, the one finding. One model, several places.

mod discord;
mod slack;
mod teams;

use serde::Serialize;

use super::comment::marker;
use super::{Format, RenderError, Style, Templates, escape, evidence, gauge, json, view};
use crate::event::Instant;
use crate::report::v1::{Deployment, Finding, Report};
use crate::report::{METRICS, Unit, headline};

/// Failures that are told one by one.
const FAILURES: usize = 5;

/// Where a digest goes; each is what the place's webhook takes.
pub const DIGESTS: [Format; 5] = [
    Format {
        id: "markdown",
        title: "GitHub-flavoured Markdown, such as for an issue",
        media_type: "text/markdown",
        render: markdown,
    },
    Format {
        id: "slack",
        title: "an incoming webhook of Slack: Block Kit",
        media_type: "application/json",
        render: |report, style, _| slack::render(report, style),
    },
    Format {
        id: "teams",
        title: "a workflow's webhook of Teams: an Adaptive Card 1.4",
        media_type: "application/json",
        render: |report, style, _| teams::render(report, style),
    },
    Format {
        id: "discord",
        title: "a webhook of Discord: an embed",
        media_type: "application/json",
        render: |report, style, _| discord::render(report, style),
    },
    Format {
        id: "json",
        title: "any other webhook: numbers and words",
        media_type: "application/json",
        render: |report, style, _| whole(report, style),
    },
];

/// What every rendering says.
#[derive(Debug, Serialize)]
struct Digest<'a> {
    /// Always `fivekeys.digest/1`.
    schema: &'static str,
    repository: String,
    /// First and last day.
    from: String,
    until: String,
    timezone: &'a str,
    generated_at: Instant,
    /// Hash of the rules in force.
    fingerprint: &'a str,
    /// `214 deployments, 301 changes, 3 incidents`.
    counts: String,
    /// What changed, in one line.
    verdict: String,
    /// DORA's order.
    numbers: Vec<Number>,
    /// Not repaired yet first, then by the time that repair took.
    failures: Vec<Failure>,
    failures_hidden: usize,
    /// The most pressing one.
    finding: Option<&'a Finding>,
}

/// A headline, as number and in words.
#[derive(Debug, Serialize)]
struct Number {
    id: &'static str,
    title: &'static str,
    unit: &'static str,
    value: Option<f64>,
    previous: Option<f64>,
    /// `changed`, `no_detectable_change` or `too_little_data`.
    state: &'static str,
    better: Option<bool>,
    /// Why it is missing or flagged.
    reason: Option<String>,
    words: Words,
}

#[derive(Debug, Serialize)]
struct Words {
    /// `9.8 h`, or that there is none.
    value: String,
    previous: String,
    /// `↓ 2.3 h, better`, `no detectable change`.
    change: String,
    /// Empty when nothing is to say.
    reason: String,
}

impl Number {
    /// Value and change in one line.
    fn line(&self) -> String {
        if self.value.is_none() && !self.words.reason.is_empty() {
            return format!("{}. {}", self.words.value, self.words.reason);
        }
        format!("{} · {}", self.words.value, self.words.change)
    }
}

/// A deployment that failed.
#[derive(Debug, Serialize)]
struct Failure {
    id: String,
    service: String,
    finished_at: Option<Instant>,
    recovered_at: Option<Instant>,
    restored_after_seconds: Option<f64>,
    url: Option<String>,
    /// Where and when.
    name: String,
    /// Why it counts as failed, and how it was repaired.
    says: String,
}

fn digest(report: &Report) -> Digest<'_> {
    let header = view::header(report);
    // Earlier ones are there when they were repaired in the window, or are not yet.
    let mut failed: Vec<&Deployment> = report
        .deployments
        .iter()
        .rev()
        .filter(|d| d.failed)
        .collect();
    // Stable, so the newest stands first among equals.
    failed.sort_by(|a, b| {
        let took = |d: &Deployment| d.restored_after_seconds.unwrap_or(f64::INFINITY);
        took(b).total_cmp(&took(a))
    });
    Digest {
        schema: "fivekeys.digest/1",
        repository: header.repository,
        from: header.from,
        until: header.until,
        timezone: &report.window.timezone,
        generated_at: report.generated_at,
        fingerprint: &report.definition.fingerprint,
        counts: header.counts,
        verdict: header.verdict,
        numbers: numbers(report),
        failures_hidden: failed.len().saturating_sub(FAILURES),
        failures: failed
            .into_iter()
            .take(FAILURES)
            .map(|d| failure(report, d))
            .collect(),
        finding: report.findings.iter().min_by_key(|f| urgency(&f.level)),
    }
}

fn numbers(report: &Report) -> Vec<Number> {
    METRICS
        .iter()
        .map(|metric| {
            let now = headline(metric.id, &report.overall.metrics);
            let delta = report.overall.deltas.get(metric.id);
            let row = view::row(metric, &report.overall);
            Number {
                id: metric.id,
                title: metric.title,
                unit: match metric.unit {
                    Unit::PerDay => "per_day",
                    Unit::Seconds => "seconds",
                    Unit::Ratio => "ratio",
                },
                value: now.as_ref().and_then(|h| h.value),
                previous: headline(metric.id, &report.overall.previous).and_then(|h| h.value),
                state: delta.map_or("too_little_data", |d| gauge::state(d.state)),
                better: delta.and_then(|d| d.better),
                reason: now.and_then(|h| h.reason),
                words: Words {
                    change: row.change.text(),
                    value: row.value,
                    previous: row.previous,
                    reason: row.reason,
                },
            }
        })
        .collect()
}

fn failure(report: &Report, deployment: &Deployment) -> Failure {
    let row = evidence::deployment_row(report, deployment);
    let parts = [&row.finished, &row.service, &row.revision].map(String::as_str);
    Failure {
        id: deployment.id.clone(),
        finished_at: deployment.finished_at,
        recovered_at: deployment.recovered_at,
        restored_after_seconds: deployment.restored_after_seconds,
        url: deployment.url.as_deref().and_then(escape::address),
        name: parts
            .into_iter()
            .filter(|part| !part.is_empty())
            .collect::<Vec<_>>()
            .join(" "),
        service: row.service,
        says: row.verdict,
    }
}

/// The first of several equals is the detectors' first.
fn urgency(level: &str) -> usize {
    ["alert", "warn", "good", "info"]
        .iter()
        .position(|known| *known == level)
        .unwrap_or(4)
}

/// `digest --to markdown`, and `report --format digest`.
pub(super) fn markdown(
    report: &Report,
    _: &Style,
    templates: &Templates,
) -> Result<String, RenderError> {
    templates.render("digest.md.j2", &digest(report), &[])
}

/// The digest as an issue: its marker, which names the period, its title, and its text with the marker first.
///
/// # Errors
/// When the team's own template cannot be rendered; with the built-in one, a bug.
pub fn digest_issue(
    report: &Report,
    templates: &Templates,
) -> Result<(String, String, String), RenderError> {
    let digest = digest(report);
    let period = format!("{}/{}", digest.from, digest.until);
    let mark = marker("digest", &period);
    let title = format!("Software delivery, {} – {}", digest.from, digest.until);
    let body = format!(
        "{mark}\n{}",
        templates.render("digest.md.j2", &digest, &[])?
    );
    Ok((mark, title, body))
}

/// `digest --to json`.
fn whole(report: &Report, _: &Style) -> Result<String, RenderError> {
    json::written(&digest(report))
}

/// One visible line of at most `most` UTF-16 units after escaping, cut between two characters.
fn fit(text: &str, most: usize, escaped: impl Fn(char) -> Option<&'static str>) -> String {
    let mut out = String::new();
    let mut length = 0;
    for c in escape::visible(text).chars() {
        let next = escaped(c);
        let size = next.map_or(c.len_utf16(), str::len);
        // Room for the mark.
        if length + size + 1 > most {
            out.push('…');
            return out;
        }
        length += size;
        match next {
            Some(text) => out.push_str(text),
            None => out.push(c),
        }
    }
    out
}

/// For places that show text as it is.
fn plain(text: &str, most: usize) -> String {
    fit(text, most, |_| None)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::render::fixture;

    #[test]
    fn the_worst_stands_first_and_the_one_finding_is_the_most_pressing() {
        let mut report = fixture::shop();
        report.findings[1].level = "alert".into();
        let found = digest(&report);
        assert_eq!(found.finding.unwrap().id, "lead_time_down");
        let ids: Vec<&str> = found.failures.iter().map(|f| f.id.as_str()).collect();
        assert_eq!(
            ids,
            [
                "run:23/production/shop",
                "run:15/production/shop",
                "run:7/production/shop"
            ]
        );
        assert_eq!(found.numbers.len(), 5);
        assert_eq!(found.numbers[0].words.change, "↓ 2.3 h, better");
        assert_eq!(found.numbers[2].state, "too_little_data");
    }

    #[test]
    fn markdown_says_it_all_and_an_empty_period_is_designed() {
        let text = markdown(&fixture::shop(), &Style::default(), &Templates::default()).unwrap();
        for part in [
            "# Software delivery of acme/shop",
            "2025-12-30 – 2026-03-29 UTC",
            "| Change lead time | **9.8 h** |",
            "not repaired yet",
            "Waiting for a first review",
        ] {
            assert!(text.contains(part), "{part}:\n{text}");
        }
        let text = markdown(&fixture::empty(), &Style::default(), &Templates::default()).unwrap();
        assert!(text.contains("**No production deployment took effect in this window.**"));
        assert!(!text.contains("Failed deployments") && !text.contains("To look at"));
    }

    #[test]
    fn the_generic_webhook_gets_numbers_and_null_for_none() {
        for report in fixture::all() {
            let text = whole(&report, &Style::default()).unwrap();
            let value: serde_json::Value = serde_json::from_str(&text).unwrap();
            assert_eq!(value["schema"], "fivekeys.digest/1");
            for (number, metric) in value["numbers"].as_array().unwrap().iter().zip(&METRICS) {
                let expected = headline(metric.id, &report.overall.metrics).unwrap();
                assert_eq!(number["value"].as_f64(), expected.value);
            }
        }
    }

    #[test]
    fn no_name_mentions_or_links_in_any_place() {
        let report = fixture::hostile();
        for place in &DIGESTS {
            let text = (place.render)(&report, &Style::default(), &Templates::default()).unwrap();
            // A footer of Discord reads no marks.
            let marked = text.split("\"footer\"").next().unwrap();
            let marks = ["markdown", "discord"].contains(&place.id);
            assert!(!(marks && marked.contains("](javascript:")), "{text}");
            // The generic webhook gets names as they are, as in the report.
            let shown = place.id != "json";
            assert!(!(shown && text.contains(['\u{1b}', '\u{202e}'])), "{text}");
        }
    }

    #[test]
    fn text_is_cut_between_characters_and_never_inside_an_escape() {
        let amp = |c| (c == '&').then_some("&amp;");
        assert_eq!(fit("a&b", 20, amp), "a&amp;b");
        assert_eq!(fit(&"&".repeat(50), 12, amp), "&amp;&amp;…");
        assert_eq!(fit(&"😀".repeat(50), 7, |_| None), "😀😀😀…");
        assert_eq!(fit("a\nb", 9, amp), "a b", "a name makes no lines");
    }
}
