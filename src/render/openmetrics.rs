//! OpenMetrics 1.0 text: one gauge a number, an info where words are needed, nothing where a number is missing.
//!
//! The same in the text format 0.0.4 that came before it, which the Pushgateway and the textfile collector of the
//! node exporter read: it knows neither infos nor units, nor an end (prometheus/common, issue 622).

use std::fmt::Write as _;

use super::gauge::{self, FAMILIES, Family, Labels, Measure, Number, Sample};
use super::{RenderError, Style, escape};
use crate::report::v1::Report;

/// What every name begins with.
const PREFIX: &str = "fivekeys";

/// `report --format openmetrics`.
#[expect(
    clippy::unnecessary_wraps,
    reason = "the shape of every row of FORMATS"
)]
pub(crate) fn render(report: &Report, _: &Style) -> Result<String, RenderError> {
    let mut out = families(report, describe);
    out.push_str("# EOF\n");
    Ok(out)
}

/// `report --format prometheus`.
#[expect(
    clippy::unnecessary_wraps,
    reason = "the shape of every row of FORMATS"
)]
pub(crate) fn text_format(report: &Report, _: &Style) -> Result<String, RenderError> {
    Ok(families(report, |out, family| {
        let name = sample_name(family);
        let _ = writeln!(out, "# HELP {name} {}", family.help);
        let _ = writeln!(out, "# TYPE {name} gauge");
    }))
}

fn families(report: &Report, describe: fn(&mut String, &Family)) -> String {
    let samples = samples(report);
    let mut out = String::new();
    for family in &FAMILIES {
        let ours: Vec<&Sample> = samples.iter().filter(|s| s.family == family.id).collect();
        if !ours.is_empty() {
            describe(&mut out, family);
        }
        for sample in ours {
            write_sample(&mut out, family, sample);
        }
    }
    out
}

/// Every sample with the labels of its scope: the roll-up has no `service`.
fn samples(report: &Report) -> Vec<Sample> {
    let of = |service: Option<&String>, scope| {
        let mut samples = gauge::of_scope(scope);
        for sample in &mut samples {
            let service = service.map(|name| ("service", name.clone()));
            sample.labels.extend(service);
        }
        samples
    };
    let mut all = gauge::of_report(report);
    all.extend(of(report.service.as_ref(), &report.overall));
    for (name, scope) in &report.services {
        all.extend(of(Some(name), scope));
    }
    if let Some(repository) = &report.repository {
        for sample in &mut all {
            sample.labels.insert("repository", repository.clone());
        }
    }
    all
}

fn unit(measure: Measure) -> Option<&'static str> {
    match measure {
        Measure::Count | Measure::Info => None,
        Measure::PerDay => Some("per_day"),
        Measure::Seconds => Some("seconds"),
        Measure::Ratio => Some("ratio"),
    }
}

/// The family's name, which ends in its unit.
fn name(family: &Family) -> String {
    match unit(family.measure) {
        Some(unit) => format!("{PREFIX}_{}_{unit}", family.id),
        None => format!("{PREFIX}_{}", family.id),
    }
}

/// What a sample is called: of an info it is told from the family.
fn sample_name(family: &Family) -> String {
    let info = if family.measure == Measure::Info {
        "_info"
    } else {
        ""
    };
    format!("{}{info}", name(family))
}

// Writing to a string cannot fail.
fn describe(out: &mut String, family: &Family) {
    let name = name(family);
    let kind = if family.measure == Measure::Info {
        "info"
    } else {
        "gauge"
    };
    let _ = writeln!(out, "# TYPE {name} {kind}");
    if let Some(unit) = unit(family.measure) {
        let _ = writeln!(out, "# UNIT {name} {unit}");
    }
    let _ = writeln!(out, "# HELP {name} {}", family.help);
}

fn write_sample(out: &mut String, family: &Family, sample: &Sample) {
    out.push_str(&sample_name(family));
    write_labels(out, &sample.labels);
    let _ = match sample.value {
        Number::Whole(count) => writeln!(out, " {count}"),
        Number::Real(value) => writeln!(out, " {value}"),
    };
}

fn write_labels(out: &mut String, labels: &Labels) {
    if labels.is_empty() {
        return;
    }
    let pairs: Vec<String> = labels
        .iter()
        .map(|(name, text)| format!("{name}=\"{}\"", escape::openmetrics(text)))
        .collect();
    let _ = write!(out, "{{{}}}", pairs.join(","));
}

#[cfg(test)]
mod tests {
    use std::collections::{BTreeMap, BTreeSet};

    use super::*;
    use crate::render::fixture;

    /// Series by name and labels, as a strict reader of the specification sees them.
    type Series = BTreeMap<(String, BTreeMap<String, String>), f64>;

    fn is_name(text: &str, colon: bool) -> bool {
        !text.starts_with(|c: char| c.is_ascii_digit())
            && !text.is_empty()
            && text
                .chars()
                .all(|c| c.is_ascii_alphanumeric() || c == '_' || colon && c == ':')
    }

    fn read_labels(text: &str) -> (BTreeMap<String, String>, &str) {
        let (mut labels, mut rest) = (BTreeMap::new(), text);
        loop {
            let (name, after) = rest.split_once("=\"").expect("a label");
            assert!(is_name(name, false) && !name.starts_with("__"), "{name}");
            let (mut value, mut chars) = (String::new(), after.char_indices());
            let end = loop {
                match chars.next().expect("a closing quote") {
                    (at, '"') => break at,
                    (_, '\\') => value.push(match chars.next().expect("an escaped one").1 {
                        'n' => '\n',
                        c @ ('\\' | '"') => c,
                        c => panic!("no escape: {c}"),
                    }),
                    (_, c) => value.push(c),
                }
            };
            assert!(
                labels.insert(name.to_owned(), value).is_none(),
                "{name} twice"
            );
            rest = &after[end + 1..];
            if let Some(after) = rest.strip_prefix('}') {
                return (labels, after);
            }
            rest = rest.strip_prefix(',').expect("a comma");
        }
    }

    #[derive(Default)]
    struct Reader {
        series: Series,
        /// The family that is open: name, type, metadata seen, samples seen.
        open: (String, String, BTreeSet<String>, bool),
        closed: BTreeSet<String>,
    }

    impl Reader {
        fn metadata(&mut self, line: &str) {
            let mut words = line.splitn(3, ' ');
            let (keyword, name) = (words.next().unwrap(), words.next().unwrap());
            let rest = words.next().expect("a value");
            assert!(is_name(name, true), "{name}");
            if self.open.0 != name {
                let before = std::mem::take(&mut self.open);
                assert!(
                    before.0.is_empty() || before.3,
                    "{} has no sample",
                    before.0
                );
                assert!(self.closed.insert(before.0), "interleaved");
                assert!(!self.closed.contains(name), "{name} is interleaved");
                name.clone_into(&mut self.open.0);
            }
            assert!(!self.open.3, "metadata after samples");
            assert!(
                self.open.2.insert(keyword.to_owned()),
                "{keyword} of {name} twice"
            );
            match keyword {
                "TYPE" => {
                    assert!(["gauge", "info"].contains(&rest), "{rest}");
                    rest.clone_into(&mut self.open.1);
                }
                "UNIT" => {
                    assert!(name.ends_with(&format!("_{rest}")), "{name}: {rest}");
                    assert!(self.open.1 != "info", "an info has no unit");
                }
                "HELP" => assert!(!rest.contains(['\\', '"']), "help is plain"),
                other => panic!("no keyword: {other}"),
            }
            for suffix in ["_total", "_count", "_sum", "_bucket", "_created", "_info"] {
                assert!(!name.ends_with(suffix), "{name} is reserved");
            }
        }

        fn sample(&mut self, line: &str) {
            let at = line.find(['{', ' ']).expect("a name");
            let (name, mut rest) = line.split_at(at);
            assert!(is_name(name, true), "{name}");
            let expected = match self.open.1.as_str() {
                "info" => format!("{}_info", self.open.0),
                _ => self.open.0.clone(),
            };
            assert_eq!(name, expected);
            let mut labels = BTreeMap::new();
            if let Some(inside) = rest.strip_prefix('{') {
                (labels, rest) = read_labels(inside);
            }
            let value = rest.strip_prefix(' ').expect("one space");
            let number: f64 = value.parse().expect("a number");
            assert!(number.is_finite() && !value.contains(' '), "{value}");
            assert!(self.open.1 != "info" || value == "1");
            self.open.3 = true;
            let again = self.series.insert((name.to_owned(), labels), number);
            assert!(again.is_none(), "a series twice: {line}");
        }
    }

    fn read(text: &str) -> Series {
        let body = text.strip_suffix("# EOF\n").expect("an end");
        assert!(!body.contains("# EOF") && !body.contains("\n\n"));
        let mut reader = Reader::default();
        for line in body.lines() {
            match line.strip_prefix("# ") {
                Some(metadata) => reader.metadata(metadata),
                None => reader.sample(line),
            }
        }
        reader.series
    }

    fn labels(pairs: &[(&str, &str)]) -> BTreeMap<String, String> {
        pairs
            .iter()
            .map(|(name, text)| ((*name).to_owned(), (*text).to_owned()))
            .collect()
    }

    #[test]
    fn a_strict_reader_reads_every_report() {
        for report in fixture::all() {
            let text = render(&report, &Style::default()).unwrap();
            assert!(!text.contains(['\u{1b}', '\u{202e}']), "{text}");
            assert!(!read(&text).is_empty());
        }
    }

    #[test]
    fn the_older_text_format_has_the_same_samples_and_no_type_that_it_does_not_know() {
        for report in fixture::all() {
            let new = render(&report, &Style::default()).unwrap();
            let old = text_format(&report, &Style::default()).unwrap();
            let samples = |text: &str| -> Vec<String> {
                let lines = text.lines().filter(|l| !l.starts_with('#'));
                lines.map(str::to_owned).collect()
            };
            assert_eq!(samples(&new), samples(&old));
            let mut described = BTreeSet::new();
            for line in old.lines() {
                if let Some(rest) = line.strip_prefix("# TYPE ") {
                    let (name, kind) = rest.split_once(' ').unwrap();
                    assert_eq!(kind, "gauge", "{line}");
                    assert!(described.insert(name), "{name} is described twice");
                } else if !line.starts_with("# HELP ") {
                    let end = line.find(['{', ' ']).unwrap();
                    assert!(described.contains(&line[..end]), "{line}");
                }
            }
        }
    }

    #[test]
    fn numbers_are_the_report_s_and_services_stand_beside_the_roll_up() {
        let mut report = fixture::shop();
        report
            .services
            .insert("a\"b\\c\nd".into(), fixture::young().overall);
        let series = read(&render(&report, &Style::default()).unwrap());
        let of = |name: &str, pairs: &[(&str, &str)]| {
            let mut labels = labels(pairs);
            labels.insert("repository".into(), "acme/shop".into());
            series.get(&(name.to_owned(), labels)).copied()
        };
        assert_eq!(
            of("fivekeys_change_lead_time_seconds", &[("percentile", "50")]),
            Some(35_280.0)
        );
        assert_eq!(of("fivekeys_deployment_frequency_per_day", &[]), Some(2.4));
        assert_eq!(of("fivekeys_deployments", &[]), Some(216.0));
        assert_eq!(
            of(
                "fivekeys_deployments_in_environment",
                &[("environment", "production")]
            ),
            Some(216.0)
        );
        let odd = ("service", "a\"b\\\\c\\u{a}d");
        assert_eq!(of("fivekeys_deployments", &[odd]), Some(1.0));
        assert_eq!(
            of(
                "fivekeys_change_lead_time_seconds",
                &[odd, ("percentile", "50")]
            ),
            None,
            "never 0 for what is missing"
        );
        let why = [
            odd,
            ("metric", "change_lead_time"),
            ("reason", "baseline_only"),
        ];
        assert_eq!(of("fivekeys_reason_info", &why), Some(1.0));
    }

    #[test]
    fn names_that_look_alike_stay_two_series() {
        let mut report = fixture::shop();
        for name in ["a", "a\u{200b}", "a\\u{200b}", "a\u{1b}", "a\n", "a\\n"] {
            report.services.insert(name.into(), report.overall.clone());
        }
        let series = read(&render(&report, &Style::default()).unwrap());
        let found = series
            .keys()
            .filter(|(name, _)| name == "fivekeys_deployments")
            .count();
        assert_eq!(found, 7);
    }

    #[test]
    #[expect(
        clippy::disallowed_methods,
        reason = "a test that reads a file of the repository"
    )]
    fn the_dashboard_asks_only_for_what_is_written() {
        let path = concat!(env!("CARGO_MANIFEST_DIR"), "/dashboards/grafana.json");
        let text = std::fs::read_to_string(path).unwrap();
        let board: serde_json::Value = serde_json::from_str(&text).unwrap();
        let series = read(&render(&fixture::shop(), &Style::default()).unwrap());
        let mut written: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
        for (name, labels) in series.keys() {
            let known = written
                .entry(name)
                .or_insert_with(|| BTreeSet::from(["service"]));
            known.extend(labels.keys().map(String::as_str));
        }
        // The fixture misses no number, so it has no reason either.
        let why = BTreeSet::from(["service", "repository", "metric", "reason"]);
        written.insert("fivekeys_reason_info", why);
        let asked = regex::Regex::new(r"\b(fivekeys_\w+)(?:\{([^}]*)\})?").unwrap();
        let label = regex::Regex::new(r"(\w+)\s*(?:=~|!~|!=|=)").unwrap();
        let mut seen = BTreeSet::new();
        for found in asked.captures_iter(&board.to_string().replace("\\\"", "'")) {
            let name = found.get(1).unwrap().as_str().to_owned();
            let known = written.get(name.as_str());
            let known = known.unwrap_or_else(|| panic!("nothing writes {name}"));
            let inside = found.get(2).map_or("", |m| m.as_str());
            for one in label.captures_iter(inside) {
                assert!(known.contains(&one[1]), "{name} has no label {}", &one[1]);
            }
            seen.insert(name);
        }
        assert!(seen.len() >= 10, "{seen:?}");
        for metric in &crate::report::METRICS {
            let used = seen.iter().any(|name| name.contains(metric.id));
            assert!(used, "the dashboard leaves {} out", metric.id);
        }
    }
}
