//! Badges: our own flat drawing, and the endpoint form of shields.

use serde::Serialize;

use super::view::{self, Row};
use super::{RenderError, Templates, escape, font, humanize};
use crate::report::v1::Report;
use crate::report::{METRICS, headline};

/// A fill in light and in dark pages. Told apart by every kind of colour vision; white on each is read easily.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
struct Fill {
    light: &'static str,
    dark: &'static str,
}

/// Without it a browser shows no picture.
const NAMESPACE: &str = "xmlns=\"http://www.w3.org/2000/svg\"";

const LABEL: Fill = fill("#444c56", "#3a434e");
const NEUTRAL: Fill = fill("#0b5f99", "#1f6fad");
const MIDDLE: Fill = fill("#7a5c00", "#866604");
const LOW: Fill = fill("#a8430b", "#b44d14");
const NO_DATA: Fill = fill("#626a73", "#656d76");

const fn fill(light: &'static str, dark: &'static str) -> Fill {
    Fill { light, dark }
}

/// What one badge says.
struct Badge {
    path: String,
    label: &'static str,
    message: String,
    /// What the wide one says.
    wide: String,
    fill: Fill,
    /// Read aloud and shown when pointed at; carries the band with its edition.
    title: String,
}

/// Every badge as (path, content): `badges/NAME.svg`, `badges/NAME-wide.svg` and `badges/NAME.json`.
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
        out.push((
            format!("{}.svg", badge.path),
            svg(badge, &badge.message, templates)?,
        ));
        out.push((
            format!("{}-wide.svg", badge.path),
            svg(badge, &badge.wide, templates)?,
        ));
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
    // One that is missing keeps its place, so that no other is taken for it.
    let values: Vec<Option<String>> = shown.iter().map(|id| short(report, id)).collect();
    let rows = view::rows(&report.overall);
    let words: Vec<String> = rows
        .iter()
        .map(|row| format!("{} {}", row.title.to_lowercase(), row.value))
        .collect();
    let named: Vec<String> = rows
        .iter()
        .filter_map(|row| Some(format!("{} {}", label(row.id), short(report, row.id)?)))
        .collect();
    let has_data = values.iter().any(Option::is_some);
    let values = values
        .into_iter()
        .map(|v| v.unwrap_or_else(|| "–".to_owned()));
    let said = |parts: Vec<String>| {
        if has_data {
            parts.join(" · ")
        } else {
            humanize::NOTHING.to_owned()
        }
    };
    Badge {
        path: "badges/dora".to_owned(),
        label: "DORA",
        message: said(values.collect()),
        wide: said(named),
        fill: if has_data { NEUTRAL } else { NO_DATA },
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
    let wide = match (row.known, row.interval.as_str(), row.why.as_str()) {
        (true, "", _) | (false, _, "") => message.clone(),
        (true, interval, _) => format!("{message} (95 %: {interval})"),
        (false, _, why) => format!("{message}: {why}"),
    };
    Badge {
        path: format!("badges/{}", row.slug),
        label: label(row.id),
        fill: if row.known { color(&row.band) } else { NO_DATA },
        title: format!("{}: {}{more}", row.title, row.value),
        message,
        wide,
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
fn color(band: &str) -> Fill {
    let name = band.rsplit(": ").next().unwrap_or("");
    if name.contains("low") {
        LOW
    } else if name.contains("medium") {
        MIDDLE
    } else {
        NEUTRAL
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
        color: badge.fill.light.trim_start_matches('#'),
    })?;
    text.push('\n');
    Ok(text)
}

fn svg(badge: &Badge, message: &str, templates: &Templates) -> Result<String, RenderError> {
    #[derive(Serialize)]
    struct Drawing<'a> {
        title: &'a str,
        label: &'a str,
        message: &'a str,
        label_fill: Fill,
        fill: Fill,
        width: String,
        split: String,
        right: String,
        label_x: String,
        label_width: String,
        message_x: String,
        message_width: String,
    }
    let px = |value: f64| format!("{value:.1}");
    let (label, words) = (font::width_11px(badge.label), font::width_11px(message));
    // Six pixels of air on each outer side, five at the seam.
    let split = (label + 11.0).round();
    let right = (words + 11.0).round();
    // Read aloud, and what `verify` reads.
    let title = format!("<title>{}</title>", escape::xml(&badge.title));
    templates.render(
        "badge.svg.j2",
        &Drawing {
            title: &badge.title,
            label: badge.label,
            message,
            label_fill: LABEL,
            fill: badge.fill,
            width: format!("{:.0}", split + right),
            split: format!("{split:.0}"),
            right: format!("{right:.0}"),
            label_x: px(6.0),
            label_width: px(label),
            message_x: px(split + 5.0),
            message_width: px(words),
        },
        &["<svg", &title, "</svg>", NAMESPACE],
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::render::fixture;

    fn text<'a>(all: &'a [(String, String)], path: &str) -> &'a str {
        &all.iter().find(|(p, _)| p == path).unwrap().1
    }

    /// Relative luminance of a colour, and the contrast of white to it (WCAG 2.2).
    fn contrast_of_white(color: &str) -> f64 {
        let part = |at: usize| {
            let value = f64::from(u8::from_str_radix(&color[at..at + 2], 16).unwrap()) / 255.0;
            if value <= 0.04045 {
                value / 12.92
            } else {
                ((value + 0.055) / 1.055).powf(2.4)
            }
        };
        1.05 / (0.2126 * part(1) + 0.7152 * part(3) + 0.0722 * part(5) + 0.05)
    }

    fn badges(report: &Report) -> Result<Vec<(String, String)>, RenderError> {
        super::badges(report, &Templates::default())
    }

    #[test]
    fn white_is_read_on_every_fill() {
        for fill in [LABEL, NEUTRAL, MIDDLE, LOW, NO_DATA] {
            for color in [fill.light, fill.dark] {
                assert!(contrast_of_white(color) >= 4.5, "{color}");
            }
        }
    }

    #[test]
    fn the_wide_ones_say_the_interval_and_every_name() {
        let out = badges(&fixture::shop()).unwrap();
        let one = text(&out, "badges/change-lead-time-wide.svg");
        assert!(one.contains(">9.8 h (95 %: 8.3–12 h)<"), "{one}");
        let all = text(&out, "badges/dora-wide.svg");
        assert!(
            all.contains("change lead time 9.8 h · deployment frequency 2.4/day"),
            "{all}"
        );
    }

    #[test]
    fn six_badges_in_two_widths_and_for_shields() {
        let out = badges(&fixture::shop()).unwrap();
        let paths: Vec<&str> = out.iter().map(|(path, _)| path.as_str()).collect();
        assert_eq!(paths.len(), 18);
        assert_eq!(
            paths[..3],
            [
                "badges/dora.svg",
                "badges/dora-wide.svg",
                "badges/dora.json"
            ]
        );
        for metric in &METRICS {
            assert!(
                paths.contains(&format!("badges/{}.svg", metric.id.replace('_', "-")).as_str())
            );
        }
        assert_eq!(
            out[2].1,
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
        assert!(out[0].1.contains(NO_DATA.light) && out[0].1.contains(NO_DATA.dark));
        let young = badges(&fixture::young()).unwrap();
        assert!(
            young[2].1.contains("\"2.3/week · – · 0 %\""),
            "{}",
            young[2].1
        );
        let wide = text(&out, "badges/change-lead-time-wide.svg");
        assert!(wide.contains(">no data: no deployments<"), "{wide}");
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
