//! `docs/numbers.md`: what is counted, by the tables of the code.

use std::fmt::Write as _;

use fivekeys::insight::DETECTORS;
use fivekeys::metric::Factor;
use fivekeys::render::{REASONS, RULES};
use fivekeys::report::{BESIDE, METRICS};
use serde_json::Value;

use super::{cell, check_block, read};

const PAGE: &str = "docs/numbers.md";

fn json(path: &str) -> Value {
    serde_json::from_str(&read(path)).unwrap()
}

#[test]
fn the_table_of_the_five_is_that_of_the_code() {
    let mut table = String::from(
        "| metric | group | what its number is | rules | also read as |\n|---|---|---|---|---|\n",
    );
    for metric in &METRICS {
        let group = match metric.factor {
            Factor::Throughput => "throughput",
            Factor::Instability => "instability",
        };
        let names: Vec<String> = metric.aliases.iter().map(|a| format!("`{a}`")).collect();
        let _ = writeln!(
            table,
            "| {}<br>`{}` | {group} | {} | {} | {} |",
            metric.title,
            metric.id,
            cell(metric.definition),
            metric.rules,
            names.join(", ")
        );
    }
    check_block(PAGE, "metrics", &table);
}

#[test]
fn the_table_of_what_stands_beside_the_five_is_that_of_the_code() {
    let mut table = String::from("| number | what it is |\n|---|---|\n");
    for row in &BESIDE {
        let _ = writeln!(table, "| `{}` | {} |", row.id, cell(row.definition));
    }
    check_block(PAGE, "beside", &table);
}

#[test]
fn the_table_of_rules_is_that_of_explain() {
    let mut table = String::from("| rule | what it says |\n|---|---|\n");
    for rule in &RULES {
        let _ = writeln!(table, "| {} | {} |", rule.id, cell(rule.says));
    }
    check_block(PAGE, "rules", &table);
}

#[test]
fn the_table_of_reasons_is_that_of_the_code() {
    let mut table = String::from("| reason | what it says |\n|---|---|\n");
    for (code, says) in &REASONS {
        let _ = writeln!(table, "| `{code}` | {says} |");
    }
    check_block(PAGE, "reasons", &table);
}

#[test]
fn the_table_of_findings_is_that_of_the_code() {
    let mut table = String::from("| finding | when it is said |\n|---|---|\n");
    for detector in DETECTORS {
        let _ = writeln!(
            table,
            "| {} | {} |",
            detector.title,
            cell(detector.definition)
        );
    }
    check_block(PAGE, "findings", &table);
}

/// `/// Text.` above `pub const NAME: T = 5;`, as often as it stands in the file.
#[test]
fn the_least_numbers_are_those_of_the_code() {
    let source = read("src/insight/gate.rs");
    let mut table = String::from("| at least | for |\n|---|---|\n");
    let mut about = String::new();
    for line in source.lines() {
        if let Some(text) = line.strip_prefix("///") {
            about.push_str(text);
        } else if let Some((name, value)) = line
            .strip_prefix("pub const ")
            .and_then(|rest| rest.split_once(" = "))
            && name.starts_with("MIN_")
        {
            let value = value.trim_end_matches(';').trim_end_matches(".0");
            let _ = writeln!(table, "| {value} | {} |", cell(about.trim()));
            about.clear();
        } else {
            about.clear();
        }
    }
    assert!(table.lines().count() > 10, "{table}");
    check_block(PAGE, "least", &table);
}

#[test]
fn the_bands_are_those_that_values_are_compared_with() {
    let benchmarks = json("src/insight/benchmarks.json");
    let editions = benchmarks["editions"].as_object().unwrap();
    let mut table = String::from("| edition | metric | bands |\n|---|---|---|\n");
    let mut sources = String::from("\n| edition | source |\n|---|---|\n");
    for (edition, metrics) in editions {
        let _ = writeln!(
            sources,
            "| {edition} | {} |",
            metrics["source"].as_str().unwrap()
        );
        for metric in &METRICS {
            let cells = metrics[metric.id].as_array().map_or(&[][..], |c| c);
            let bands: Vec<String> = cells
                .iter()
                .map(|cell| {
                    let text = |key: &str| cell[key].as_str().unwrap();
                    format!("{}: {}", text("band"), text("cell"))
                })
                .collect();
            let bands = if bands.is_empty() {
                "none".to_owned()
            } else {
                cell(&bands.join(" · "))
            };
            let _ = writeln!(table, "| {edition} | {} | {bands} |", metric.title);
        }
    }
    check_block(PAGE, "bands", &(table + &sources));
}

#[test]
fn the_industry_s_means_are_those_that_are_shown() {
    let found = json("src/insight/quick_check.json");
    let mut table = String::from("| metric | mean | spread |\n|---|---|---|\n");
    for metric in &METRICS {
        let of = &found["metrics"][metric.id];
        let _ = writeln!(
            table,
            "| {} | {} | {} |",
            metric.title, of["mean"], of["spread"]
        );
    }
    let _ = writeln!(table, "\nSource: {}.", found["source"].as_str().unwrap());
    check_block(PAGE, "quick-check", &table);
}
