//! The metrics branch as people find it: broken by others, mended by the doctor, its past let go.

use std::collections::BTreeMap;

use fivekeys::ledger::Ledger;

use crate::action::{deploy_of, deployments, each, ids, is_not_stored, is_well, next_day};
use crate::world::{Fault, On, Runner, Transcript, World};

const SHARD: &str = "ledger/events/2026/03/02.jsonl";
const MONTH: &str = "ledger/months/2026-02.jsonl";
const META: &str = "ledger/meta.json";

/// What happens to a file, and what is said of it: the bytes it has then, or the file that stands inside it.
enum Damage {
    Bytes(fn(&[u8]) -> Vec<u8>, &'static str),
    Folder,
    Beside(&'static str),
}

fn lines(text: &[u8], with: impl Fn(&[u8]) -> Vec<u8>) -> Vec<u8> {
    let lines = text.split(|b| *b == b'\n').filter(|line| !line.is_empty());
    lines.flat_map(with).collect()
}

/// Everything that editors, checkouts, merges, shells and disks do to a file of lines.
const DAMAGES: [Damage; 14] = [
    Damage::Bytes(|t| t[..t.len() - 40].to_vec(), "not JSON"),
    Damage::Bytes(|_| Vec::new(), "empty"),
    Damage::Bytes(|t| [t, b"\0\0\0\0\n"].concat(), "not JSON"),
    Damage::Bytes(
        |t| {
            [
                b"<<<<<<< HEAD\n",
                t,
                b"||||||| base\n=======\n",
                t,
                b">>>>>>> other\n",
            ]
            .concat()
        },
        ":1: a merge conflict",
    ),
    Damage::Bytes(
        |t| [b"\xef\xbb\xbf", t].concat(),
        ":1: re-encoded: it begins",
    ),
    Damage::Bytes(
        |t| lines(t, |line| [line, b"\r\n"].concat()),
        ":1: re-encoded: lines end",
    ),
    Damage::Bytes(
        |t| {
            let text = format!("\u{feff}{}", String::from_utf8_lossy(t));
            text.encode_utf16().flat_map(u16::to_le_bytes).collect()
        },
        ":1: re-encoded: it begins",
    ),
    Damage::Bytes(|t| [t, b"{\"id\":\"Jos\xe9\"}\n"].concat(), "not UTF-8"),
    Damage::Bytes(
        |t| [t, vec![b'['; 600_000].as_slice(), b"\n"].concat(),
        "not JSON",
    ),
    Damage::Bytes(|_| b"../../keys".to_vec(), ":1: not JSON"),
    Damage::Bytes(
        |_| b"# Notes\n\nKeys of the office.\n".to_vec(),
        ":1: not JSON",
    ),
    Damage::Folder,
    Damage::Beside("ledger/events/2026/03/02 (copy).jsonl"),
    Damage::Beside("ledger/events/2026/03/notes.txt"),
];

/// A shop with a month and a day, and the branch's files.
fn months() -> World {
    let world = next_day();
    let mut github = world.github();
    let line = r#"{"id":"man:old","time":"2026-02-02T10:00:00Z","source":"manual","updated":"2026-02-02T10:00:00Z","fact":{"incident":{"opened_at":"2026-02-02T10:00:00Z","resolved_at":"2026-02-02T11:00:00Z"}}}"#;
    github.push("fivekeys", &[(MONTH, &format!("{line}\n"))]);
    drop(github);
    world
}

fn run(world: &World, args: &[&str]) -> Transcript {
    let args: Vec<String> = args.iter().map(|&a| a.to_owned()).collect();
    Runner::new(world).run_args(&args)
}

fn text_of(done: &Transcript) -> String {
    format!("{}{}", done.stdout, done.stderr)
}

/// Each line that is gone from the ledger, word for word.
fn aside(files: &BTreeMap<String, String>) -> String {
    let found = files.iter().filter(|(p, _)| p.starts_with("ledger/aside/"));
    found.map(|(_, text)| text.as_str()).collect()
}

/// Does it, and returns the file that is broken then.
fn break_it(world: &World, damage: &Damage, path: &str) -> String {
    let whole = world.github().branch_files("fivekeys");
    let bytes = whole[path].as_bytes();
    let mut github = world.github();
    match damage {
        Damage::Bytes(with, _) => github.push_bytes("fivekeys", path, &with(bytes)),
        Damage::Beside(other) => {
            github.push_bytes("fivekeys", other, bytes);
            return (*other).to_owned();
        }
        Damage::Folder => {
            github.remove("fivekeys", path);
            github.push_bytes("fivekeys", &format!("{path}/inside"), bytes);
        }
    }
    path.to_owned()
}

/// Every line of the broken file is either read or set aside.
fn nothing_is_lost(found: &str, now: &BTreeMap<String, String>, broken: &str) {
    let kept = aside(now);
    for line in found
        .split('\n')
        .map(|l| l.trim_matches(['\r', '\u{feff}']))
    {
        let ours = now.get(broken).is_some_and(|text| text.contains(line));
        // What is no text is held byte by byte in the tests of the folder.
        let odd = line.contains(['\0', '\u{fffd}']);
        let quoted = serde_json::to_string(line).unwrap();
        let set_aside = kept.contains(quoted.trim_matches('"'));
        assert!(ours || odd || set_aside, "{broken}: {line:?}");
    }
}

fn is_mended_from(damage: &Damage, path: &str) {
    let world = months();
    let broken = break_it(&world, damage, path);
    let name = broken.rsplit('/').next().unwrap();
    let reason = match damage {
        Damage::Bytes(_, says) => says,
        Damage::Beside(_) | Damage::Folder => name,
    };
    let before = world.github().branch_commits("fivekeys");
    let commits = || world.github().branch_commits("fivekeys");
    let found = world.github().branch_files("fivekeys");

    let done = deploy_of(&world, 9, 101).run();
    is_not_stored(&done, name);
    let said = done.said("warning")[0];
    assert!(said.contains(reason), "{reason}: {said}");
    assert_eq!(done.branch_files, found, "{broken}");
    let refused = run(&world, &["compact"]);
    assert_eq!(refused.exit, 2, "{}", text_of(&refused));
    let looked = run(&world, &["doctor"]);
    assert_eq!(looked.exit, 5, "{}", looked.stdout);
    let named = looked.stdout.contains(name) && looked.stdout.contains(reason);
    assert!(named, "{}", looked.stdout);
    assert_eq!(commits().len(), before.len());

    let mended = run(&world, &["doctor", "--repair"]);
    if matches!(damage, Damage::Folder) {
        // Only people can tell what a folder is doing there.
        assert_eq!(mended.exit, 5, "{}", mended.stdout);
        assert_eq!(mended.branch_files, found);
        return;
    }
    assert_eq!(mended.exit, 0, "{reason} {}", mended.stdout);
    assert_eq!(commits().len(), before.len() + 1, "one new commit");
    let parents = commits().pop().unwrap().parents;
    assert_eq!(parents, [before.last().unwrap().sha.clone()]);
    nothing_is_lost(&found[&broken], &mended.branch_files, &broken);
    let again = run(&world, &["doctor", "--repair"]);
    assert_eq!(again.exit, 0, "{}", again.stdout);
    assert_eq!(commits().len(), before.len() + 1, "once is enough");
    let next = deploy_of(&world, 9, 101).run();
    is_well(&next);
    assert_eq!(deployments(&next.branch_files).len(), 4, "{reason}");
}

#[test]
fn whatever_was_done_to_a_day_is_named_left_alone_and_mended_by_one_commit() {
    each(&DAMAGES[..8], |damage| is_mended_from(damage, SHARD));
    each(&DAMAGES[8..], |damage| is_mended_from(damage, SHARD));
}

#[test]
fn whatever_was_done_to_a_month_is_named_left_alone_and_mended_by_one_commit() {
    each(&DAMAGES[..8], |damage| is_mended_from(damage, MONTH));
    each(&DAMAGES[8..12], |damage| is_mended_from(damage, MONTH));
}

#[test]
fn bookkeeping_that_is_broken_or_gone_is_told_from_the_lines() {
    type Case = (fn(&[u8]) -> Option<Vec<u8>>, &'static str);
    let cases: [Case; 5] = [
        (|t| Some(t[..t.len() / 2].to_vec()), "2026-02"),
        (|_| Some(Vec::new()), "2026-02"),
        // It is understood, and stays what it was.
        (|t| Some([b"\xef\xbb\xbf", t].concat()), "2026-03"),
        (
            |t| Some([b"<<<<<<< HEAD\n", t, b"=======\n", t, b">>>>>>> x\n"].concat()),
            "2026-02",
        ),
        (|_| None, "2026-02"),
    ];
    each(cases, |(case, first)| {
        let world = months();
        let whole = world.github().branch_files("fivekeys");
        match case(whole[META].as_bytes()) {
            Some(bytes) => world.github().push_bytes("fivekeys", META, &bytes),
            None => {
                world.github().remove("fivekeys", META);
            }
        }
        is_not_stored(&deploy_of(&world, 9, 101).run(), "meta.json");
        let mended = run(&world, &["doctor", "--repair"]);
        assert_eq!(mended.exit, 0, "{}", mended.stdout);
        let ledger = Ledger::read(&mended.branch_files, None).unwrap();
        assert_eq!(ledger.meta.first_month.as_deref(), Some(first));
        assert_eq!(ids(&whole).len(), ledger.events.len());
        is_well(&deploy_of(&world, 9, 101).run());
    });
}

#[test]
fn lines_that_stand_twice_count_once() {
    let world = months();
    let whole = world.github().branch_files("fivekeys");
    let twice = whole[SHARD].repeat(2);
    world
        .github()
        .push_bytes("fivekeys", SHARD, twice.as_bytes());
    let done = deploy_of(&world, 9, 101).run();
    is_well(&done);
    let now = ids(&done.branch_files);
    for id in ids(&whole) {
        assert_eq!(now.iter().filter(|one| **one == id).count(), 1, "{id}");
    }
}

#[test]
fn files_of_others_beside_the_ledger_are_left_as_they_are() {
    let world = months();
    let others = [
        ".nojekyll",
        "CNAME",
        "ledger/index.bin",
        "ledger/months/.gitkeep",
    ];
    for path in others {
        world.github().push_bytes("fivekeys", path, b"theirs \xff");
    }
    let done = deploy_of(&world, 9, 101).run();
    is_well(&done);
    for path in others {
        assert_eq!(done.branch_files[path], "theirs \u{fffd}");
    }
}

#[test]
fn a_newer_layout_that_may_be_written_is_and_stays_newer() {
    let world = months();
    let line = r#"{"id":"x:1","time":"2026-03-02T00:00:00Z","fact":{"weather":{"sky":"grey"}}}"#;
    let meta = world.github().branch_files("fivekeys")[META].clone();
    let newer = meta.replacen(
        "\"schema\": 1",
        "\"shards\": [\"by service\"],\n  \"schema\": 2",
        1,
    );
    let shard = world.github().branch_files("fivekeys")[SHARD].clone();
    let field = shard.replacen("{\"id\"", "{\"later\":true,\"id\"", 1);
    world.github().push(
        "fivekeys",
        &[
            (META, &newer),
            (SHARD, &format!("{field}{line}\n")),
            ("ledger/months/2026-03.index", "new\n"),
            ("ledger/events/2026/03/02.index", "new\n"),
        ],
    );
    let done = deploy_of(&world, 9, 101).run();
    is_well(&done);
    let files = &done.branch_files;
    let meta: serde_json::Value = serde_json::from_str(&files[META]).unwrap();
    assert_eq!(meta["schema"], 2, "it never goes down");
    assert_eq!(meta["min_reader"], 1);
    assert_eq!(meta["shards"][0], "by service");
    let month = &files["ledger/months/2026-03.jsonl"];
    for kept in [line, field.lines().next().unwrap()] {
        assert_eq!(month.lines().filter(|l| *l == kept).count(), 1, "{kept}");
    }
    assert_eq!(files["ledger/months/2026-03.index"], "new\n");
    assert_eq!(files["ledger/events/2026/03/02.index"], "new\n");

    // Where the layout asks for a newer reader, nothing is touched and every command says so.
    let closed = files[META].replacen("\"min_reader\": 1", "\"min_reader\": 2", 1);
    world.github().push("fivekeys", &[(META, &closed)]);
    let before = world.github().head("fivekeys");
    is_not_stored(&deploy_of(&world, 9, 109).run(), "the ledger has layout 2");
    let refused = run(&world, &["compact"]);
    assert_eq!(refused.exit, 6, "{}", text_of(&refused));
    run(&world, &["doctor", "--repair"]);
    assert_eq!(world.github().head("fivekeys"), before);
}

fn grown() -> World {
    let world = next_day();
    is_well(&deploy_of(&world, 9, 101).run());
    world.forget_requests();
    world
}

#[test]
fn compact_leaves_one_commit_with_every_file_as_it_was() {
    let world = grown();
    let before = world.github().branch_files("fivekeys");
    let dry = run(&world, &["compact", "--dry-run"]);
    assert_eq!(dry.exit, 0, "{}", dry.stderr);
    assert!(dry.stdout.contains("in the place of 2"), "{}", dry.stdout);
    assert_eq!(world.requests().mutations(), 0);
    let done = run(&world, &["compact"]);
    assert_eq!(done.exit, 0, "{}", done.stderr);
    assert_eq!(done.commits_on_branch.len(), 1);
    assert_eq!(done.commits_on_branch[0].parents, Vec::<String>::new());
    assert!(done.commits_on_branch[0].message.contains("[skip ci]"));
    assert_eq!(done.branch_files, before, "byte for byte");
    assert!(
        done.stdout
            .contains(&world.github().head("fivekeys").unwrap())
    );
    assert_eq!(
        world.requests().names(),
        ["State", "Past", "State", "Past", "POST git/commits", "Move"]
    );
    let again = run(&world, &["compact"]);
    assert!(again.stdout.contains("nothing to do"), "{}", again.stdout);
    // The next run writes on what is left.
    let next = deploy_of(&world, 9, 101).attempt(2).run();
    is_well(&next);
    world.finish();
}

#[test]
fn whoever_writes_while_it_compacts_is_never_erased() {
    let world = grown();
    world.before(On::operation("Move"), |github| {
        github.push("fivekeys", &[("note.md", "somebody was here\n")]);
    });
    let done = run(&world, &["compact"]);
    assert_eq!(done.exit, 0, "{}", done.stderr);
    assert_eq!(done.commits_on_branch.len(), 1);
    assert_eq!(done.branch_files["note.md"], "somebody was here\n");
    world.finish();

    let world = grown();
    world.before(On::operation("Move").times(4), |github| {
        let count = github.branch_commits("fivekeys").len();
        github.push("fivekeys", &[("note.md", &format!("{count}\n"))]);
    });
    let done = run(&world, &["compact"]);
    assert_eq!(done.exit, 5, "{}", done.stdout);
    assert!(done.stderr.contains("was not compacted"), "{}", done.stderr);
    assert_eq!(done.commits_on_branch.len(), 2 + 4, "all of theirs");
    world.finish();
}

#[test]
fn a_compaction_whose_answer_was_lost_is_read_again() {
    for fault in [
        Fault::BadGatewayAfter,
        Fault::DroppedAfter,
        Fault::BadGateway,
    ] {
        let world = grown();
        let before = world.github().branch_files("fivekeys");
        world.fault(On::operation("Move"), fault.clone());
        let done = run(&world, &["compact"]);
        assert_eq!(done.exit, 0, "{fault:?} {}", done.stderr);
        assert_eq!(done.commits_on_branch.len(), 1, "{fault:?}");
        assert_eq!(done.branch_files, before);
        world.finish();
    }
}

#[test]
fn nothing_but_a_ledger_is_compacted() {
    let world = grown();
    world
        .github()
        .push("docs", &[("README.md", "1\n")])
        .push("docs", &[("README.md", "2\n")]);
    let main = world.github().head("main");
    let docs = world.github().head("docs");
    for (args, code, says) in [
        (
            &["compact", "--branch", "main"][..],
            2,
            "the default branch holds the code",
        ),
        (&["compact", "--branch", "docs"], 2, "holds no ledger"),
        (
            &["compact", "--branch", "none"],
            3,
            "there is no branch `none`",
        ),
    ] {
        let done = run(&world, args);
        assert_eq!(done.exit, code, "{}", text_of(&done));
        assert!(done.stderr.contains(says), "{}", done.stderr);
    }
    assert_eq!(world.github().head("main"), main);
    assert_eq!(world.github().head("docs"), docs);
    world.github().ruleset("fivekeys");
    let done = run(&world, &["compact"]);
    assert_eq!(done.exit, 5, "{}", done.stderr);
    assert!(
        done.stderr.contains("exclude the metrics branch"),
        "{}",
        done.stderr
    );
}
