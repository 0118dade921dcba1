//! The shape of the code, checked: who may use whom, and how long and how named files are.

use std::{
    collections::BTreeMap,
    fs,
    path::{Path, PathBuf},
};

/// One module of the map.
pub(crate) struct Row {
    /// Name of the module, a file or folder in `src`.
    pub(crate) module: &'static str,
    /// Modules that it may use; each stands above it.
    pub(crate) may_use: &'static [&'static str],
    /// What it knows, and nobody else needs to.
    pub(crate) knows: &'static str,
}

const fn row(module: &'static str, may_use: &'static [&'static str], knows: &'static str) -> Row {
    Row {
        module,
        may_use,
        knows,
    }
}

/// Every module and what it may use, in flow order. A row may name only rows above it,
/// so there can be no circle.
pub(crate) const MAP: &[Row] = &[
    row("event", &[], "facts, ids, spans, windows: the vocabulary"),
    row(
        "config",
        &["event"],
        "what the team counts, promises and wants delivered",
    ),
    row(
        "adapter",
        &["event", "config"],
        "other tools' payloads: text to events",
    ),
    row(
        "timeline",
        &["event", "config"],
        "what happened, judged once: failed, rework, rolled back, each with reason and evidence",
    ),
    row(
        "metric",
        &["event", "timeline"],
        "how much, how often, how long; and `stats`, which has no domain words",
    ),
    row(
        "insight",
        &["event", "config", "timeline", "metric"],
        "how good, which way, why, what next",
    ),
    row(
        "report",
        &["event", "config", "timeline", "metric", "insight"],
        "the one document; `report::v1` is frozen and public",
    ),
    row("render", &["event", "report"], "the document as text"),
    row(
        "host",
        &[],
        "clock, environment, disk, the Actions runner, the `git` program",
    ),
    row("github", &["event", "host"], "the API, nothing of DORA"),
    row(
        "ledger",
        &["event", "host", "github"],
        "events at rest: union, folder, branch",
    ),
    row(
        "collect",
        &["event", "config", "adapter", "host", "github"],
        "fetches payloads, hands them to adapters",
    ),
    row(
        "deliver",
        &["config", "host", "github"],
        "puts text in places",
    ),
    row(
        "cli",
        &[
            "event", "config", "adapter", "timeline", "metric", "insight", "report", "render",
            "host", "github", "ledger", "collect", "deliver",
        ],
        "commands, exit codes, how errors look",
    ),
    row(
        "surface",
        &[
            "event", "config", "adapter", "timeline", "metric", "insight", "report", "render",
            "host", "github", "ledger", "collect", "deliver", "cli",
        ],
        "where text comes in, as functions of bytes: for tests and fuzzing, no part of the program",
    ),
];

/// The first module that knows the world; those above it are pure.
pub(crate) const FIRST_WORLDLY: &str = "host";

/// What the pure modules never name.
const WORLD: &[&str] = &[
    "std::env::",
    "std::fs",
    "std::net",
    "std::process",
    "Instant::now",
    "SystemTime",
    "Utc::now",
    "Local::now",
    "hyper::",
    "hyper_util",
    "octocrab",
    "rustls",
    "tokio",
    "async fn",
    "println!",
    "eprintln!",
];

/// Longest file in lines of code: blank lines, comments and tests apart.
const LONGEST: usize = 400;

/// Files that are longer for a reason, each with its own limit.
const LONGER: &[(&str, usize, &str)] = &[(
    "report/v1.rs",
    520,
    "the public document is read as one list of fields",
)];

/// Names that say nothing about what is inside.
const EMPTY_NAMES: &[&str] = &["utils", "util", "helpers", "helper", "common", "misc"];

/// A source file as the checks see it.
struct Source {
    /// Path below `src`, with `/`.
    path: String,
    /// First part of the path: the module on the map.
    module: String,
    /// The file as it is.
    raw: String,
    /// The file without comments and inline tests.
    code: String,
}

fn rust_files(dir: &Path, out: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(dir).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            rust_files(&path, out);
        } else if path.extension().is_some_and(|e| e == "rs") {
            out.push(path);
        }
    }
}

fn sources() -> Vec<Source> {
    let src = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut paths = vec![];
    rust_files(&src, &mut paths);
    paths.sort();
    paths
        .into_iter()
        .map(|file| {
            let parts: Vec<_> = file
                .strip_prefix(&src)
                .unwrap()
                .components()
                .map(|part| part.as_os_str().to_str().unwrap().to_owned())
                .collect();
            let raw = fs::read_to_string(&file).unwrap();
            Source {
                path: parts.join("/"),
                module: parts[0].trim_end_matches(".rs").to_owned(),
                code: without_comments(&without_inline_tests(&raw)),
                raw,
            }
        })
        .collect()
}

/// Leaves out every `#[cfg(test)] mod name { … }` that stands at the margin.
fn without_inline_tests(text: &str) -> String {
    let mut out = vec![];
    let mut lines = text.lines().peekable();
    while let Some(line) = lines.next() {
        if line != "#[cfg(test)]" {
            out.push(line);
            continue;
        }
        let mut attributes = vec![line];
        while let Some(next) = lines.next_if(|l| !l.contains("mod ") && !l.ends_with(['{', ';'])) {
            attributes.push(next);
        }
        match lines.next_if(|l| l.contains("mod ") && l.ends_with('{')) {
            Some(_) => {
                let _ = lines.by_ref().find(|l| *l == "}");
            }
            None => out.append(&mut attributes),
        }
    }
    out.join("\n")
}

/// Cuts each line at `//`. A text with an address in it is cut too, which hides no module.
fn without_comments(text: &str) -> String {
    text.lines()
        .map(|line| line.split("//").next().unwrap_or_default())
        .collect::<Vec<_>>()
        .join("\n")
}

/// Top-level modules named after `crate::`, also in `crate::{a::X, b::Y}`.
fn uses(code: &str) -> Vec<String> {
    let word = |text: &str| {
        text.trim_start()
            .chars()
            .take_while(|c| c.is_alphanumeric() || *c == '_')
            .collect::<String>()
    };
    let mut names = vec![];
    for rest in code.split("crate::").skip(1) {
        let Some(group) = rest.strip_prefix('{') else {
            names.push(word(rest));
            continue;
        };
        let (mut depth, mut start) = (1, true);
        for (at, c) in group.char_indices() {
            if depth == 1 && start && !c.is_whitespace() {
                names.push(word(&group[at..]));
                start = false;
            }
            match c {
                '{' => depth += 1,
                '}' => depth -= 1,
                ',' if depth == 1 => start = true,
                _ => {}
            }
            if depth == 0 {
                break;
            }
        }
    }
    names.retain(|name| !name.is_empty());
    names
}

#[test]
fn the_map_has_no_circle() {
    for (at, row) in MAP.iter().enumerate() {
        for used in row.may_use {
            let above = MAP[..at].iter().any(|other| other.module == *used);
            assert!(above, "{} names {used}, which is not above it", row.module);
        }
    }
}

#[test]
fn modules_use_only_what_the_map_allows() {
    let map: BTreeMap<_, _> = MAP.iter().map(|row| (row.module, row.may_use)).collect();
    let mut wrong = vec![];
    for source in sources() {
        let (path, module) = (&source.path, source.module.as_str());
        if module == "main" || module == "lib" {
            continue;
        }
        let Some(may_use) = map.get(module) else {
            wrong.push(format!("{path}: {module} is not on the map"));
            continue;
        };
        wrong.extend(
            uses(&source.code)
                .iter()
                .filter(|used| *used != module && !may_use.contains(&used.as_str()))
                .map(|used| format!("{path}: {module} must not use {used}")),
        );
        if source.code.contains("super::super") {
            wrong.push(format!("{path}: name the module from crate::"));
        }
    }
    assert!(wrong.is_empty(), "\n{}", wrong.join("\n"));
}

#[test]
fn the_library_lists_its_modules_in_the_order_of_the_map() {
    let lib = sources().into_iter().find(|s| s.path == "lib.rs").unwrap();
    let listed: Vec<_> = lib
        .code
        .lines()
        .filter_map(|line| line.strip_prefix("pub mod ")?.strip_suffix(';'))
        .collect();
    let map: Vec<_> = MAP.iter().map(|row| row.module).collect();
    assert_eq!(listed, map);
}

#[test]
fn pure_modules_do_not_know_the_world() {
    let pure: Vec<_> = MAP
        .iter()
        .map(|row| row.module)
        .take_while(|module| *module != FIRST_WORLDLY)
        .collect();
    let mut wrong = vec![];
    for source in sources() {
        if !pure.contains(&source.module.as_str()) {
            continue;
        }
        for word in WORLD {
            if source.code.contains(word) {
                wrong.push(format!("{}: names {word}", source.path));
            }
        }
    }
    assert!(wrong.is_empty(), "\n{}", wrong.join("\n"));
}

#[test]
fn files_stay_short() {
    for source in sources() {
        let lines = source.code.lines().filter(|l| !l.trim().is_empty()).count();
        let longest = LONGER
            .iter()
            .find(|(path, ..)| *path == source.path)
            .map_or(LONGEST, |(_, longest, _)| *longest);
        assert!(
            lines <= longest,
            "{}: {lines} lines of code, more than {longest}; split it",
            source.path
        );
    }
}

#[test]
fn files_say_what_they_are_and_have_a_name_that_does() {
    for source in sources() {
        let first = source.raw.lines().next().unwrap_or_default();
        assert!(
            first.starts_with("//! ") && first.ends_with(['.', ':', '?']),
            "{}: begin with `//! what this is.`",
            source.path
        );
        for part in source.path.trim_end_matches(".rs").split('/') {
            assert!(
                !EMPTY_NAMES.contains(&part),
                "{}: `{part}` says nothing about what is inside",
                source.path
            );
        }
    }
}

#[test]
fn the_checks_themselves_see_groups_tests_and_comments() {
    assert_eq!(
        uses("use crate::{event::{Event, Id}, config};\ncrate::metric::all()"),
        ["event", "config", "metric"]
    );
    let text = "use crate::event; // crate::cli\n#[cfg(test)]\n#[expect(x, reason = \"y\")]\nmod tests {\n    use crate::cli;\n}\nfn after() { crate::host::x() }\n#[cfg(test)]\nmod outside;\n";
    let code = without_comments(&without_inline_tests(text));
    assert_eq!(uses(&code), ["event", "host"]);
    assert!(code.contains("mod outside;"));
}
