//! Documents against the code and the action's definition. `UPDATE_DOCS=1 cargo test docs` rewrites their tables.

mod configuration;
mod examples;
mod messages;
mod numbers;
mod shapes;

use std::{
    fmt::Write as _,
    fs,
    path::{Path, PathBuf},
};

use fivekeys::adapter::ADAPTERS;
use fivekeys::cli::EXITS;
use fivekeys::host::actions::INPUTS;
use fivekeys::render::FORMATS;
use serde_yaml::Value;

use crate::architecture::{FIRST_WORLDLY, MAP};

fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}

pub(crate) fn read(path: &str) -> String {
    fs::read_to_string(root().join(path)).unwrap_or_else(|e| panic!("{path}: {e}"))
}

/// The text between `<!-- name:begin -->` and `<!-- name:end -->` is what it should be, or is made so.
pub(crate) fn check_block(path: &str, name: &str, expected: &str) {
    let text = read(path);
    let (begin, end) = (
        format!("<!-- {name}:begin -->\n"),
        format!("<!-- {name}:end -->"),
    );
    let (before, rest) = text
        .split_once(&begin)
        .unwrap_or_else(|| panic!("{path}: no {begin}"));
    let (found, after) = rest
        .split_once(&end)
        .unwrap_or_else(|| panic!("{path}: no {end}"));
    if found == expected {
        return;
    }
    assert!(
        std::env::var_os("UPDATE_DOCS").is_some(),
        "{path}: `{name}` is out of date; run UPDATE_DOCS=1 cargo test docs\n{expected}"
    );
    fs::write(
        root().join(path),
        format!("{before}{begin}{expected}{end}{after}"),
    )
    .unwrap();
}

#[test]
fn the_table_of_adapters_is_current() {
    let mut table = "| adapter | what it reads |\n|---|---|\n".to_owned();
    for adapter in &ADAPTERS {
        writeln!(table, "| `{}` | {} |", adapter.id, adapter.definition).unwrap();
    }
    check_block("ARCHITECTURE.md", "adapters", &table);
}

#[test]
fn the_table_of_formats_is_current() {
    let mut table = "| `--format` | what it is |\n|---|---|\n".to_owned();
    for format in &FORMATS {
        writeln!(table, "| `{}` | {} |", format.id, format.title).unwrap();
    }
    check_block("docs/command-line.md", "formats", &table);
}

fn action() -> Value {
    serde_yaml::from_str(&read("action.yml")).unwrap()
}

/// Entries of a section of `action.yml`, in their order: name, description, default.
fn entries(action: &Value, section: &str) -> Vec<(String, String, String)> {
    let text = |value: &Value, key: &str| {
        value
            .get(key)
            .and_then(Value::as_str)
            .unwrap_or_default()
            .to_owned()
    };
    action
        .get(section)
        .and_then(Value::as_mapping)
        .unwrap()
        .iter()
        .map(|(name, entry)| {
            let name = name.as_str().unwrap().to_owned();
            (name, text(entry, "description"), text(entry, "default"))
        })
        .collect()
}

fn cell(text: &str) -> String {
    text.replace('|', "\\|")
}

/// Fenced blocks of one language.
pub(crate) fn fenced(text: &str, language: &str) -> Vec<String> {
    let mut out = vec![];
    let mut lines = text.lines();
    while let Some(line) = lines.next() {
        let Some(fence) = line.strip_prefix("```") else {
            continue;
        };
        let block: Vec<_> = lines.by_ref().take_while(|l| *l != "```").collect();
        if fence == language {
            out.push(block.join("\n"));
        }
    }
    out
}

/// Every Markdown file of the repository that is ours.
fn documents(dir: &Path, out: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(dir).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_name().unwrap().to_str().unwrap();
        // Stories and snapshots hold reports, whose links point at somebody's repository.
        let ours =
            name == ".github" || !name.starts_with('.') && name != "target" && name != "tests";
        if path.is_dir() && ours {
            documents(&path, out);
        } else if path.extension().is_some_and(|e| e == "md") {
            out.push(path);
        }
    }
}

/// Every document that is ours, by its path.
fn pages() -> Vec<(String, String)> {
    let mut paths = vec![];
    documents(&root(), &mut paths);
    paths.sort();
    let named = paths.into_iter().map(|path| {
        let text = fs::read_to_string(&path).unwrap();
        (path.display().to_string(), text)
    });
    named.collect()
}

/// The name by which GitHub links to a heading.
fn anchor(heading: &str) -> String {
    heading
        .trim_start_matches('#')
        .trim()
        .to_lowercase()
        .chars()
        .filter_map(|c| match c {
            ' ' => Some('-'),
            c if c.is_alphanumeric() || c == '-' || c == '_' => Some(c),
            _ => None,
        })
        .collect()
}

/// Targets of `[text](target)`, outside fenced blocks.
fn links(text: &str) -> Vec<String> {
    text.split("```")
        .step_by(2)
        .flat_map(|prose| prose.split("](").skip(1))
        .filter_map(|rest| rest.split(')').next())
        .map(str::to_owned)
        .collect()
}

#[test]
fn the_tables_of_inputs_and_outputs_are_those_of_the_action() {
    let action = action();
    let mut inputs = String::from("| input | default | meaning |\n|---|---|---|\n");
    for (name, description, default) in entries(&action, "inputs") {
        let default = match default.as_str() {
            "" => "empty".to_owned(),
            text => format!("`{text}`"),
        };
        writeln!(inputs, "| `{name}` | {default} | {} |", cell(&description)).unwrap();
    }
    check_block("docs/configuration.md", "inputs", &inputs);

    let mut outputs = String::from("| output | meaning |\n|---|---|\n");
    for (name, description, _) in entries(&action, "outputs") {
        writeln!(outputs, "| `{name}` | {} |", cell(&description)).unwrap();
    }
    check_block("docs/configuration.md", "outputs", &outputs);
}

#[test]
fn inputs_are_few_and_every_name_has_one_style() {
    let action = action();
    let (inputs, outputs) = (entries(&action, "inputs"), entries(&action, "outputs"));
    let names: Vec<&str> = inputs.iter().map(|(name, ..)| name.as_str()).collect();
    assert_eq!(names, INPUTS, "what is read is what is declared");
    assert!(inputs.len() <= 20, "more belongs into the configuration");
    for (name, description, _) in inputs.iter().chain(&outputs) {
        let plain = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
        assert!(name.chars().all(plain), "{name}: words joined by hyphens");
        assert!(description.ends_with('.'), "{name}: say it in a sentence");
    }
    let about = action.get("description").and_then(Value::as_str).unwrap();
    assert!(about.len() < 125, "the marketplace takes no more");
}

#[test]
fn the_action_runs_the_image_of_this_version() {
    let action = action();
    let image = action
        .get("runs")
        .and_then(|runs| runs.get("image"))
        .and_then(Value::as_str)
        .unwrap();
    let name = concat!(
        "docker://ghcr.io/fivekeys/fivekeys:",
        env!("CARGO_PKG_VERSION")
    );
    let digest = image.strip_prefix(name).unwrap_or_else(|| {
        panic!("action.yml runs {image}, and the package is {name}");
    });
    assert!(
        digest.is_empty() || digest.starts_with("@sha256:") && digest.len() == 72,
        "{digest} is no digest"
    );
}

#[test]
fn every_exit_code_is_listed() {
    let page = read("docs/command-line.md");
    let (_, rest) = page.split_once("| exit code |").unwrap();
    let listed: Vec<u8> = rest
        .lines()
        .skip(2)
        .map_while(|line| line.strip_prefix("| ")?.split(' ').next()?.parse().ok())
        .collect();
    let codes: Vec<u8> = EXITS.iter().map(|(exit, _)| exit.code()).collect();
    assert_eq!(listed, codes);
}

#[test]
fn every_relative_link_leads_somewhere() {
    let mut wrong = vec![];
    for (path, text) in pages() {
        let path = PathBuf::from(path);
        for link in links(&text) {
            if link.contains("://") || link.starts_with("mailto:") {
                continue;
            }
            let (file, place) = link.split_once('#').unwrap_or((&link, ""));
            let target = match file {
                "" => path.clone(),
                file => path.parent().unwrap().join(file),
            };
            let found = match fs::read_to_string(&target) {
                _ if place.is_empty() => target.exists(),
                Ok(text) => text
                    .lines()
                    .any(|l| l.starts_with('#') && anchor(l) == place),
                Err(_) => false,
            };
            if !found {
                wrong.push(format!("{}: {link}", path.display()));
            }
        }
    }
    assert!(wrong.is_empty(), "\n{}", wrong.join("\n"));
}

#[test]
fn every_page_is_in_the_index_and_every_heading_is_one() {
    let index = read("docs/README.md");
    for (path, text) in pages() {
        let Ok(name) = Path::new(&path).strip_prefix(root().join("docs")) else {
            continue;
        };
        let name = name.display().to_string();
        let linked = name == "README.md" || index.contains(&format!("]({name})"));
        assert!(linked, "docs/README.md does not link to {name}");
        let mut anchors: Vec<String> = text
            .split("```")
            .step_by(2)
            .flat_map(str::lines)
            .filter(|line| line.starts_with('#'))
            .map(anchor)
            .collect();
        let count = anchors.len();
        anchors.sort();
        anchors.dedup();
        assert_eq!(anchors.len(), count, "{name}: two headings have one name");
    }
}

#[test]
fn the_map_in_the_document_is_the_map_that_is_checked() {
    let mut table = String::from("| module | may use | knows |\n|---|---|---|\n");
    for (at, row) in MAP.iter().enumerate() {
        if row.module == FIRST_WORLDLY {
            table.push_str("| *nothing above this line knows the world* | | |\n");
        }
        let may_use = match row.may_use {
            [] => "–".to_owned(),
            // The program and its tests: the last two.
            _ if at + 2 >= MAP.len() => "all".to_owned(),
            some => some.join(" "),
        };
        writeln!(table, "| {} | {may_use} | {} |", row.module, row.knows).unwrap();
    }
    check_block("ARCHITECTURE.md", "map", &table);
}

#[test]
fn every_dependency_is_justified_in_a_line() {
    let text = read("ARCHITECTURE.md");
    let mut section = String::new();
    for line in read("Cargo.toml").lines() {
        if line.starts_with('[') {
            section = line.to_owned();
        } else if section.ends_with("dependencies]")
            && let Some((name, _)) = line.split_once(" = ")
        {
            let found = text.contains(&format!("| `{name}` |"));
            assert!(found, "ARCHITECTURE.md does not say what {name} is for");
        }
    }
}

#[test]
fn the_columns_of_an_export_are_those_that_are_read() {
    let mut table = String::from("| column | meaning |\n|---|---|\n");
    for column in &fivekeys::adapter::DEPLOYMENT_COLUMNS {
        let names: Vec<String> = column.names.iter().map(|n| format!("`{n}`")).collect();
        writeln!(table, "| {} | {} |", names.join(", "), column.means).unwrap();
    }
    check_block("docs/command-line.md", "columns", &table);
}
