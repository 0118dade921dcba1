//! `.dora/` while processes die, disks are full or closed, and many write at once. Whoever was told an id finds it.
#![cfg(unix)]

use std::collections::BTreeSet;
use std::process::{Child, Stdio};
use std::time::{Duration, Instant};

use fivekeys::ledger::{Folder, Ledger};

use super::*;

/// `FIVEKEYS_KILLS` asks for more.
fn kills() -> u64 {
    let asked = std::env::var("FIVEKEYS_KILLS").ok();
    asked.and_then(|n| n.parse().ok()).unwrap_or(40)
}

/// Numbers without a generator.
fn mixed(n: u64) -> u64 {
    let mut x = n.wrapping_add(0x9E37_79B9_7F4A_7C15);
    x = (x ^ (x >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    x = (x ^ (x >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    x ^ (x >> 31)
}

/// The ledger, which can always be read.
fn ledger(shop: &Shop) -> Ledger {
    let ledger = Folder::at(shop.path.join(".dora")).load().unwrap();
    assert!(ledger.is_writable(), "{:?}", ledger.unreadable);
    ledger
}

fn ids(shop: &Shop) -> BTreeSet<String> {
    ledger(shop).events.iter().map(|e| e.id.clone()).collect()
}

/// Half a file of a writer that died.
fn is_left_over(path: &str) -> bool {
    Path::new(path).extension().is_some_and(|e| e == "tmp")
}

fn end(mut child: Child, signal: &str, after: Duration) -> Output {
    let begun = Instant::now();
    while begun.elapsed() < after && child.try_wait().unwrap().is_none() {
        std::thread::yield_now();
    }
    let id = child.id().to_string();
    Command::new("kill")
        .args([signal, &id])
        .stderr(Stdio::null())
        .status()
        .unwrap();
    child.wait_with_output().unwrap()
}

#[test]
fn a_process_that_is_killed_anywhere_loses_nothing_it_has_confirmed() {
    let mut shop = Shop::tagged();
    let begun = Instant::now();
    shop.run(&["report"]).ok();
    let reporting = begun.elapsed();
    let begun = Instant::now();
    shop.run(&["incident", "open", "First", "--id", "first"])
        .ok();
    let recording = begun.elapsed();
    let mut confirmed = ids(&shop);
    let mut died = 0;
    for n in 0..kills() {
        // Days go by, so that what is interrupted is often a fold.
        shop.now += DAY / 2;
        let key = format!("k{n}");
        let (args, took) = match n % 4 {
            0 => (vec!["report"], reporting),
            1 => (vec!["deploy", "--id", &key], recording),
            _ => (vec!["incident", "open", "x", "--id", &key], recording),
        };
        let mut command = shop.command(&shop.path, &args);
        let child = command
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let part = u32::try_from(mixed(n) % 1_200).unwrap();
        let signal = if n % 3 == 0 { "-TERM" } else { "-KILL" };
        let done = end(child, signal, took * part / 1_000);
        died += u32::from(!done.status.success());
        let said = String::from_utf8_lossy(&done.stdout).into_owned();
        if args[0] != "report" && said.ends_with('\n') {
            confirmed.insert(said.trim().to_owned());
        }
        let now = ids(&shop);
        let lost: Vec<&String> = confirmed.difference(&now).collect();
        assert!(lost.is_empty(), "kill {n}: {lost:?}");
        confirmed = now;
    }
    eprintln!("{died} of {} died on the way", kills());
    assert!(died > 0, "nobody was hit");
    // No lock and no half file stays: the next one is well, and folds what was left.
    shop.now += DAY;
    shop.run(&["incident", "open", "Last", "--id", "last"]).ok();
    let names: Vec<String> = files(&shop.path.join(".dora")).into_keys().collect();
    let days = names.iter().filter(|p| p.contains("/events/")).count();
    assert_eq!(days, 1, "{names:?}");
    assert!(!names.iter().any(|p| is_left_over(p)), "{names:?}");
    assert_eq!(ids(&shop).len(), confirmed.len() + 1);
    shop.run(&["report"]).ok();
    shop.run(&["verify"]).ok();
}

#[test]
fn ten_at_once_on_different_days_lose_nothing() {
    for round in 0..3 {
        let shop = Shop::tagged();
        shop.run(&["report"]).ok();
        let before = ids(&shop);
        let children: Vec<(String, Child)> = (0..10)
            .map(|n| {
                let key = format!("k{n}");
                let args = match n % 5 {
                    0 => vec!["report"],
                    1 | 2 => vec!["deploy", "--id", &key],
                    _ => vec!["incident", "open", "x", "--id", &key],
                };
                let mut command = shop.command(&shop.path, &args);
                // Some clocks are past midnight already, and fold.
                let days = i64::try_from(mixed(round * 10 + n) % 3).unwrap();
                let now = shop.now + days * DAY;
                command.env("SOURCE_DATE_EPOCH", now.to_string());
                let child = command.stdout(Stdio::null()).stderr(Stdio::piped()).spawn();
                (args[0].to_owned(), child.unwrap())
            })
            .collect();
        for (what, child) in children {
            let done = child.wait_with_output().unwrap();
            assert!(
                done.status.success(),
                "{what}: {}",
                String::from_utf8_lossy(&done.stderr)
            );
        }
        let now = ids(&shop);
        assert!(before.is_subset(&now));
        let new: Vec<&String> = now.iter().filter(|id| id.starts_with("man:k")).collect();
        assert_eq!(new.len(), 8, "{new:?}");
    }
}

/// The command under a limit on the size of files, as a full disk stops it; the limit is no signal, but an error.
fn on_a_full_disk(shop: &Shop, blocks: u32, args: &[&str]) -> Run {
    let mut command = shop.command(&shop.path, &[]);
    let env: Vec<_> = command
        .get_envs()
        .map(|(k, v)| (k.to_owned(), v.map(ToOwned::to_owned)))
        .collect();
    let program = command.get_program().to_owned();
    command = Command::new("sh");
    let script = format!("trap '' XFSZ; ulimit -f {blocks}; exec \"$0\" \"$@\"");
    command
        .arg("-c")
        .arg(script)
        .arg(program)
        .args(args)
        .current_dir(&shop.path)
        .env_clear();
    command.envs(env.into_iter().filter_map(|(k, v)| Some((k, v?))));
    Run::of(&command.output().unwrap())
}

#[test]
fn a_full_disk_is_said_and_nothing_is_half_written() {
    let mut shop = Shop::tagged();
    shop.run(&["report"]).ok();
    shop.run(&["incident", "open", "First", "--id", "first"])
        .ok();
    shop.now += DAY;
    let before = files(&shop.path.join(".dora"));
    let known = ids(&shop);
    for blocks in [0, 1, 2, 4, 8] {
        let run = on_a_full_disk(&shop, blocks, &["incident", "open", "Full", "--id", "full"]);
        let no = run.fails(2);
        assert!(
            no.contains("cannot write `") && no.contains(".jsonl"),
            "{no}"
        );
        assert_eq!(ids(&shop), known, "what was not confirmed is not there");
        let names: Vec<String> = files(&shop.path.join(".dora")).into_keys().collect();
        assert!(!names.iter().any(|p| is_left_over(p)), "{names:?}");
        let report = on_a_full_disk(&shop, blocks, &["report"]);
        assert_eq!(report.code, 0, "{}", report.err);
        assert!(report.out.contains("12 deployments"), "{}", report.out);
        assert!(
            report.err.contains("the results were not written"),
            "{}",
            report.err
        );
    }
    let same = |path: &str| files(&shop.path.join(".dora"))[path] == before[path];
    assert!(same("ledger/events/2026/03/30.jsonl") && same("dashboard/index.html"));
    shop.run(&["incident", "open", "Full", "--id", "full"]).ok();
    assert_eq!(ids(&shop).len(), known.len() + 1);
}

/// The command in a mount namespace of its own; `None` where this user may have none.
fn mounted(shop: &Shop, script: &str, args: &[&str]) -> Option<Run> {
    let unshare = |script: &str, args: &[&str]| {
        let mut command = shop.command(&shop.path, &[]);
        let env: Vec<_> = command
            .get_envs()
            .map(|(k, v)| (k.to_owned(), v.map(ToOwned::to_owned)))
            .collect();
        let program = command.get_program().to_owned();
        command = Command::new("unshare");
        command
            .args(["-rm", "sh", "-ec", script])
            .arg(program)
            .args(args);
        command.current_dir(&shop.path).env_clear();
        command.envs(env.into_iter().filter_map(|(k, v)| Some((k, v?))));
        command.output()
    };
    if !unshare("mount -t tmpfs tmpfs .dora", &[]).is_ok_and(|probe| probe.status.success()) {
        eprintln!("skipped: this user may not mount");
        return None;
    }
    Some(Run::of(&unshare(script, args).unwrap()))
}

#[test]
fn a_read_only_file_system_is_said_and_the_report_printed() {
    const SCRIPT: &str =
        "mount --bind .dora .dora; mount -o remount,ro,bind .dora; exec \"$0\" \"$@\"";
    let mut shop = Shop::tagged();
    shop.run(&["report"]).ok();
    shop.now += DAY;
    shop.tag("v9.0.0");
    let before = files(&shop.path.join(".dora"));
    let Some(run) = mounted(&shop, SCRIPT, &["report", "--verbose"]) else {
        return;
    };
    assert_eq!(run.code, 0, "{}", run.err);
    assert!(run.out.contains("13 deployments"), "{}", run.out);
    assert!(
        run.out.contains("Nothing was stored in .dora/"),
        "{}",
        run.out
    );
    assert!(
        run.err.contains("the results were not written"),
        "{}",
        run.err
    );
    for args in [&["incident", "open", "x"][..], &["deploy"]] {
        let no = mounted(&shop, SCRIPT, args).unwrap().fails(2);
        assert!(
            no.contains("Read-only file system") && no.contains("help: "),
            "{no}"
        );
    }
    for args in [&["incident", "list"][..], &["explain", "cfr"], &["verify"]] {
        let run = mounted(&shop, SCRIPT, args).unwrap();
        assert!(matches!(run.code, 0 | 4), "{args:?} {}", run.err);
    }
    assert_eq!(files(&shop.path.join(".dora")), before);
}

#[test]
fn a_disk_without_space_is_said_and_what_was_there_stays() {
    const FULL: &str = "mount -t tmpfs -o size=64k tmpfs ../small; cp -r .dora/. ../small; \
        mount --bind ../small .dora; dd if=/dev/zero of=.dora/filler bs=4096 2>/dev/null || true; ";
    let shop = Shop::folder();
    shop.run(&["incident", "open", "First", "--id", "first"])
        .ok();
    std::fs::create_dir(shop.home.join("small")).unwrap();
    let no = format!("{FULL} exec \"$0\" \"$@\"");
    let Some(run) = mounted(&shop, &no, &["incident", "open", "Full"]) else {
        return;
    };
    let no = run.fails(2);
    assert!(
        no.contains("No space left on device") && no.contains("help: "),
        "{no}"
    );
    // The same again, and then what is left.
    let list = format!("{FULL} \"$0\" deploy 2>/dev/null || true; exec \"$0\" \"$@\"");
    let list = mounted(&shop, &list, &["incident", "list"]).unwrap().ok();
    assert_eq!(list.lines().count(), 1, "{list}");
}
