//! What a run costs, measured: `docs/limits.md` shows this table. `UPDATE_DOCS=1 cargo test docs` writes it.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use super::{deploy_of, next_day, ship, shop};
use crate::docs::check_block;
use crate::world::{Runner, Transcript, World};

struct Table {
    text: String,
    before: BTreeMap<String, String>,
}

impl Table {
    /// A row for the run that has just been.
    fn row(&mut self, what: &str, world: &World, done: &Transcript) {
        super::is_green(done);
        assert_eq!(done.output("persisted"), "true", "{what}: {done:#?}");
        let changed = |(path, text): &(&String, &String)| self.before.get(*path) != Some(*text);
        let written: Vec<_> = done.branch_files.iter().filter(changed).collect();
        let bytes: usize = written.iter().map(|(_, text)| text.len()).sum();
        let requests = world.requests();
        let size = match bytes {
            0 => "–".to_owned(),
            // Words and drawings move a little from version to version.
            bytes => format!("{} kB", bytes.div_ceil(10_000) * 10),
        };
        let _ = writeln!(
            self.text,
            "| {what} | {} | {} | {} | {size} |",
            requests.count(),
            requests.mutations(),
            written.len(),
        );
        self.before.clone_from(&done.branch_files);
        world.forget_requests();
    }
}

/// A year in which a pull request was merged and deployed every third day.
fn year() -> World {
    let world = World::new().at("2026-03-02T10:00:00Z");
    let first = crate::world::moment("2025-03-03T09:00:00Z");
    for n in 0..121 {
        let at = first + chrono::Duration::days(3 * n);
        let (number, hour) = (
            100 + u64::try_from(n).unwrap(),
            at.format("%FT%H").to_string(),
        );
        ship(&world, number, 1_000 + number, &hour);
    }
    world
}

/// What a year leaves on the branch.
fn grown(files: &BTreeMap<String, String>) {
    let size = |begin: &str| {
        let those = files.iter().filter(|(path, _)| path.starts_with(begin));
        let bytes: usize = those.map(|(_, text)| text.len()).sum();
        bytes.div_ceil(10_000) * 10
    };
    let said = format!(
        "After that year of 121 deployments, each of one pull request, the ledger has at most {} kB and the whole branch at most {} kB, before git packs them.\n",
        size("ledger/"),
        size("")
    );
    check_block("docs/limits.md", "growth", &said);
}

#[test]
fn what_a_run_costs_is_measured_for_the_docs() {
    let mut table = Table {
        text: "| run | requests | of them write | files in the commit | their size, at most |\n|---|---|---|---|---|\n".to_owned(),
        before: BTreeMap::new(),
    };
    let world = shop();
    let done = deploy_of(&world, 8, 100).run();
    table.row("the first: 3 deployments, 2 pull requests", &world, &done);
    world.finish();

    table.before.clear();
    let world = year();
    let done = deploy_of(&world, 220, 1_220).run();
    table.row(
        "the first: a year, 121 deployments of a pull request each",
        &world,
        &done,
    );
    grown(&done.branch_files);
    let done = deploy_of(&world, 220, 1_220).run();
    table.row("the run after it", &world, &done);

    let world = next_day();
    table.before = world.github().branch_files("fivekeys");
    let done = deploy_of(&world, 9, 101).run();
    table.row(
        "a deployment of one pull request, the first of its day, with a comment",
        &world,
        &done,
    );
    let done = deploy_of(&world, 9, 101).run();
    table.row("the same run again", &world, &done);
    let nightly = Runner::new(&world).event("schedule").run_id(150).sha("pr9");
    let done = nightly.input("status", "").run();
    table.row("a nightly run with nothing new", &world, &done);

    world.clock("2026-03-03T12:00:00Z");
    for number in 10..19 {
        world
            .github()
            .merge_pull(number, &format!("2026-03-03T10:{number}:00Z"));
    }
    ship(&world, 19, 102, "2026-03-03T11");
    let done = deploy_of(&world, 19, 102).run();
    table.row(
        "a deployment of ten pull requests, with ten comments",
        &world,
        &done,
    );
    world.finish();
    check_block("docs/limits.md", "cost", &table.text);
}
