//! Files beyond what is read: refused by their length, with the file and the limit, and left alone.

use super::*;

const MIB: u64 = 1 << 20;

/// A file of one byte more than the limit, which takes no room on the disk.
fn hollow(shop: &Shop, path: &str, limit: u64) {
    shop.write(path, "");
    let file = std::fs::File::options()
        .write(true)
        .open(shop.path.join(path));
    file.unwrap().set_len(limit + 1).unwrap();
}

#[test]
fn a_file_beyond_its_limit_is_named_and_left_alone() {
    let month = ".dora/ledger/months/2026-01.jsonl";
    for (path, limit, command) in [
        (month, 512 * MIB, &["verify"][..]),
        (".dora/metrics.json", 256 * MIB, &["verify"]),
        (".dora/deployments.json", 256 * MIB, &["verify"]),
        (".github/fivekeys.yml", MIB, &["report"]),
        (
            "history.json",
            1024 * MIB,
            &["report", "--from", "history=history.json"],
        ),
        (
            "posts/a.md",
            1024 * MIB,
            &["report", "--from", "cstate=posts"],
        ),
    ] {
        let shop = Shop::tagged();
        shop.run(&["report"]).ok();
        hollow(&shop, path, limit);
        let no = shop.run(command).fails(2);
        let why = format!("longer than {limit} bytes");
        assert!(no.contains(path) && no.contains(&why), "{path}: {no}");
        let after = std::fs::metadata(shop.path.join(path)).unwrap().len();
        assert_eq!(after, limit + 1, "{path}");
    }
}
