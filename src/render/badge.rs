//! Badges: our own flat drawing, and the endpoint form of shields.

use serde::Serialize;

use super::view::{self, Row};
use super::{RenderError, Templates, escape, font, humanize};
use crate::report::v1::Report;
use crate::report::{METRICS, headline};

/// Told apart by every kind of colour vision; white on each has a contrast above 4.5.
const NEUTRAL: &str = "#0b5f99";
const GOOD: &str = "#0b5f99";
const MIDDLE: &str = "#7a5c00";
const LOW: &str = "#a8430b";
const NO_DATA: &str = "#626a73";

/// What one badge says.
struct Badge {
    path: String,
    label: &'static str,
    message: String,
    color: &'static str,
    /// Read aloud and shown when pointed at; carries the band with its edition.
    title: String,
}

/// Every badge as (path, content): `badges/NAME.svg` and `badges/NAME.json`.
///
/// # Errors
/// When the team's own template cannot be rendered, or draws a badge that says nothing; with the built-in one, a bug.
pub fn badges(
    report: &Report,
    templates: &Templates,
) -> Result<Vec<(String, String)>, RenderError> {
    let rows = view::rows(&report.overall);
    let mut all = vec![overall(report)];
    all.extend(rows.iter().map(|row| one(report, row)));
    let mut out = Vec::new();
    for badge in &all {
        out.push((format!("{}.svg", badge.path), svg(badge, templates)?));
        out.push((format!("{}.json", badge.path), endpoint(badge)?));
    }
    Ok(out)
}

fn short(report: &Report, metric: &str) -> Option<String> {
    let found = METRICS.iter().find(|m| m.id == metric)?;
    let value = headline(metric, &report.overall.metrics)?.value?;
    Some(humanize::short(found.unit, value))
}

fn overall(report: &Report) -> Badge {
    let shown = [
        "deployment_frequency",
        "change_lead_time",
        "change_fail_rate",
    ];
    let values: Vec<String> = shown.iter().filter_map(|id| short(report, id)).collect();
    let words: Vec<String> = view::rows(&report.overall)
        .iter()
        .map(|row| format!("{} {}", row.title.to_lowercase(), row.value))
        .collect();
    let has_data = !values.is_empty();
    Badge {
        path: "badges/dora".to_owned(),
        label: "DORA",
        message: if has_data {
            values.join(" · ")
        } else {
            humanize::NOTHING.to_owned()
        },
        color: if has_data { NEUTRAL } else { NO_DATA },
        title: format!("DORA: {}", words.join(", ")),
    }
}

fn one(report: &Report, row: &Row) -> Badge {
    let message = short(report, row.id).unwrap_or_else(|| humanize::NOTHING.to_owned());
    let more = match (row.known, row.band.is_empty()) {
        (true, true) => String::new(),
        (true, false) => format!(" ({})", row.band),
        (false, _) => format!(": {}", row.reason),
    };
    Badge {
        path: format!("badges/{}", row.slug),
        label: label(row.id),
        color: if row.known { color(&row.band) } else { NO_DATA },
        title: format!("{}: {}{more}", row.title, row.value),
        message,
    }
}

/// Badges are read in passing: DORA's name, shortened only where it would fill a line.
fn label(metric: &str) -> &'static str {
    match metric {
        "change_lead_time" => "change lead time",
        "deployment_frequency" => "deployment frequency",
        "failed_deployment_recovery_time" => "recovery time",
        "change_fail_rate" => "change fail rate",
        _ => "rework rate",
    }
}

/// By the lower end of the band; a metric without one is neutral.
fn color(band: &str) -> &'static str {
    let name = band.rsplit(": ").next().unwrap_or("");
    if name.contains("low") {
        LOW
    } else if name.contains("medium") {
        MIDDLE
    } else if name.is_empty() {
        NEUTRAL
    } else {
        GOOD
    }
}

fn endpoint(badge: &Badge) -> Result<String, RenderError> {
    /// Shields rejects any other key.
    #[derive(Serialize)]
    #[serde(rename_all = "camelCase")]
    struct Endpoint<'a> {
        schema_version: u8,
        label: &'a str,
        message: &'a str,
        color: &'a str,
    }
    let mut text = serde_json::to_string(&Endpoint {
        schema_version: 1,
        label: badge.label,
        message: &badge.message,
        color: badge.color.trim_start_matches('#'),
    })?;
    text.push('\n');
    Ok(text)
}

fn svg(badge: &Badge, templates: &Templates) -> Result<String, RenderError> {
    #[derive(Serialize)]
    struct Drawing<'a> {
        title: &'a str,
        label: &'a str,
        message: &'a str,
        color: &'a str,
        width: String,
        split: String,
        right: String,
        label_x: String,
        label_width: String,
        message_x: String,
        message_width: String,
    }
    let px = |value: f64| format!("{value:.1}");
    let (label, message) = (
        font::width_11px(badge.label),
        font::width_11px(&badge.message),
    );
    // Six pixels of air on each outer side, five at the seam.
    let split = (label + 11.0).round();
    let right = (message + 11.0).round();
    // Read aloud, and what `verify` reads.
    let title = format!("<title>{}</title>", escape::xml(&badge.title));
    templates.render(
        "badge.svg.j2",
        &Drawing {
            title: &badge.title,
            label: badge.label,
            message: &badge.message,
            color: badge.color,
            width: format!("{:.0}", split + right),
            split: format!("{split:.0}"),
            right: format!("{right:.0}"),
            label_x: px(6.0),
            label_width: px(label),
            message_x: px(split + 5.0),
            message_width: px(message),
        },
        &["<svg", &title, "</svg>"],
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::render::fixture;

    fn badges(report: &Report) -> Result<Vec<(String, String)>, RenderError> {
        super::badges(report, &Templates::default())
    }

    #[test]
    fn six_badges_in_two_forms() {
        let out = badges(&fixture::shop()).unwrap();
        let paths: Vec<&str> = out.iter().map(|(path, _)| path.as_str()).collect();
        assert_eq!(paths.len(), 12);
        assert_eq!(paths[..2], ["badges/dora.svg", "badges/dora.json"]);
        for metric in &METRICS {
            assert!(
                paths.contains(&format!("badges/{}.svg", metric.id.replace('_', "-")).as_str())
            );
        }
        assert_eq!(
            out[1].1,
            "{\"schemaVersion\":1,\"label\":\"DORA\",\"message\":\"2.4/day · 9.8 h · 4 %\",\"color\":\"0b5f99\"}\n"
        );
    }

    #[test]
    fn a_badge_is_read_aloud_with_its_edition() {
        let out = badges(&fixture::shop()).unwrap();
        let svg = &out
            .iter()
            .find(|(path, _)| path == "badges/change-lead-time.svg")
            .unwrap()
            .1;
        assert!(
            svg.contains("role=\"img\"")
                && svg.contains("<title>Change lead time: 9.8 h (2024: high)</title>"),
            "{svg}"
        );
        assert!(svg.contains("aria-label=\"Change lead time: 9.8 h (2024: high)\""));
    }

    #[test]
    fn no_data_is_a_badge_too() {
        let out = badges(&fixture::empty()).unwrap();
        assert!(out.iter().all(|(_, text)| text.contains("no data")));
        assert!(out[0].1.contains(NO_DATA));
    }

    #[test]
    fn hostile_bands_stay_text() {
        for (path, text) in badges(&fixture::hostile()).unwrap() {
            assert!(
                !text.contains("</script>") && !text.contains('\x1b'),
                "{path}"
            );
        }
    }
}
