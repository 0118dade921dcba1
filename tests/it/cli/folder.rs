//! `.dora/` as people and disks leave it: named, left alone, mended, and written by several at once.

use std::path::Path;

use base64::Engine as _;

use super::*;

const DAY_FILE: &str = ".dora/ledger/events/2026/03/30.jsonl";
const MONTH: &str = ".dora/ledger/months/2026-03.jsonl";

/// Two folded incidents, and one of today.
fn recorded() -> Shop {
    let mut shop = Shop::folder();
    shop.now -= 2 * DAY;
    shop.run(&["incident", "open", "One", "--id", "one"]).ok();
    shop.run(&["incident", "open", "Two – ä", "--id", "two"])
        .ok();
    shop.now += 2 * DAY;
    shop.run(&["incident", "open", "Three", "--id", "three"])
        .ok();
    shop
}

/// Every file, whatever its bytes; a link by its target.
fn bytes(folder: &Path) -> BTreeMap<PathBuf, Vec<u8>> {
    let mut found = BTreeMap::new();
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_symlink() {
            let target = std::fs::read_link(&path).unwrap();
            found.insert(path, target.into_os_string().into_encoded_bytes());
        } else if path.is_dir() {
            found.extend(bytes(&path));
        } else if path.is_file() {
            found.insert(path.clone(), std::fs::read(&path).unwrap());
        }
    }
    found
}

fn listed(shop: &Shop) -> usize {
    shop.run(&["incident", "list"]).ok().lines().count()
}

type Damage = (fn(&Path), &'static str, usize);

fn put(path: &Path, with: impl Fn(Vec<u8>) -> Vec<u8>) {
    let bytes = std::fs::read(path).unwrap();
    std::fs::write(path, with(bytes)).unwrap();
}

/// What is done to a file of two lines, what is said of it, and how many of them are read afterwards.
const DAMAGES: [Damage; 10] = [
    (
        |p| put(p, |t| t[..t.len() - 20].to_vec()),
        ":2: not JSON",
        1,
    ),
    (|p| put(p, |_| Vec::new()), ": empty", 0),
    (
        |p| put(p, |t| [&t[..], b"\0\0\n"].concat()),
        ":3: not JSON",
        2,
    ),
    (
        |p| {
            put(p, |t| {
                [b"<<<<<<< a\n", &t[..], b"=======\n>>>>>>> b\n"].concat()
            });
        },
        ":1: a merge conflict",
        2,
    ),
    (
        |p| put(p, |t| [b"\xef\xbb\xbf", &t[..]].concat()),
        ":1: re-encoded",
        2,
    ),
    (
        |p| {
            put(p, |t| {
                String::from_utf8(t).unwrap().replace('\n', "\r\n").into()
            });
        },
        ":1: re-encoded",
        2,
    ),
    (
        |p| {
            put(p, |t| {
                let text = format!("\u{feff}{}", String::from_utf8(t).unwrap());
                text.encode_utf16().flat_map(u16::to_be_bytes).collect()
            });
        },
        ":1: re-encoded",
        2,
    ),
    (
        // Latin-1, as an old editor saves it: the dash and the umlaut of one title are no UTF-8.
        |p| {
            put(p, |t| {
                let text = String::from_utf8(t).unwrap();
                text.chars()
                    .map(|c| u8::try_from(u32::from(c)).unwrap_or(b'-'))
                    .collect()
            });
        },
        "not UTF-8",
        1,
    ),
    (
        |p| put(p, |t| [&t[..], &vec![b'{'; 3 << 20], b"\n"].concat()),
        ":3: not JSON",
        2,
    ),
    (
        |p| {
            let inside = p.join("inside.jsonl");
            let text = std::fs::read(p).unwrap();
            std::fs::remove_file(p).unwrap();
            std::fs::create_dir(p).unwrap();
            std::fs::write(inside, text).unwrap();
        },
        "inside.jsonl: no file of the ledger",
        0,
    ),
];

fn is_mended_from(shop: &Shop, (damage, says, left): &Damage) {
    damage(&shop.path.join(MONTH));
    let dora = shop.path.join(".dora");
    let before = bytes(&dora);
    let no = shop
        .run(&["incident", "open", "Four", "--id", "four"])
        .fails(2);
    assert!(no.contains("ledger/months/2026-03.jsonl"), "{no}");
    assert!(no.contains(says), "{says}: {no}");
    let looked = shop.run(&["doctor", "--offline"]);
    assert_eq!(looked.code, 2, "{}", looked.out);
    assert!(looked.out.contains(says), "{says}: {}", looked.out);
    assert_eq!(bytes(&dora), before, "{says}: nobody touches it");

    shop.run(&["doctor", "--offline", "--repair"]).ok();
    let mended = bytes(&dora);
    shop.run(&["doctor", "--offline", "--repair"]).ok();
    assert_eq!(bytes(&dora), mended, "{says}: once is enough");
    assert_eq!(listed(shop), 1 + left, "{says}");
    shop.run(&["incident", "open", "Four", "--id", "four"]).ok();
    assert_eq!(listed(shop), 2 + left, "{says}");
}

#[test]
fn whatever_was_done_to_a_month_is_named_left_alone_and_mended() {
    for damage in &DAMAGES {
        is_mended_from(&recorded(), damage);
    }
}

#[test]
fn bytes_that_are_no_text_are_set_aside_without_loss() {
    let shop = recorded();
    DAMAGES[7].0(&shop.path.join(MONTH));
    let broken = std::fs::read(shop.path.join(MONTH)).unwrap();
    let lost = broken.split(|b| *b == b'\n').nth(1).unwrap();
    shop.run(&["doctor", "--offline", "--repair"]).ok();
    let aside: String = files(&shop.path.join(".dora/ledger/aside"))
        .into_values()
        .collect();
    let record: Value = serde_json::from_str(&aside).unwrap();
    let packed = record["text"]
        .as_str()
        .unwrap()
        .trim_start_matches('\u{fffd}');
    let unpacked = base64::engine::general_purpose::STANDARD
        .decode(packed)
        .unwrap();
    assert_eq!(unpacked, lost);
}

#[cfg(unix)]
#[test]
fn links_devices_and_empty_folders_are_no_files_of_ours() {
    let shop = recorded();
    let keys = shop.home.join("keys");
    std::fs::write(&keys, "of the office\n").unwrap();
    let month = shop.path.join(MONTH);
    std::fs::remove_file(&month).unwrap();
    std::os::unix::fs::symlink(&keys, &month).unwrap();
    let no = shop.run(&["incident", "open", "Four"]).fails(2);
    assert!(no.contains("2026-03.jsonl:1: not JSON"), "{no}");
    shop.run(&["doctor", "--offline", "--repair"]).ok();
    assert!(!month.exists(), "the link is gone, and said in aside");
    assert_eq!(std::fs::read_to_string(&keys).unwrap(), "of the office\n");
    let aside: String = files(&shop.path.join(".dora/ledger/aside"))
        .into_values()
        .collect();
    assert!(aside.contains(keys.to_str().unwrap()), "{aside}");

    // A pipe would be waited for, for ever.
    let pipe = shop.path.join(".dora/ledger/months/2026-02.jsonl");
    std::fs::create_dir_all(pipe.parent().unwrap()).unwrap();
    let made = Command::new("mkfifo").arg(&pipe).status();
    if made.is_ok_and(|status| status.success()) {
        let no = shop.run(&["incident", "open", "Four"]).fails(2);
        assert!(no.contains("2026-02.jsonl: empty"), "{no}");
        shop.run(&["doctor", "--offline", "--repair"]).ok();
        assert!(!pipe.exists());
    }
    std::fs::create_dir_all(shop.path.join(".dora/ledger/events/2026/03/31.jsonl")).unwrap();
    let mut shop = shop;
    shop.now += DAY;
    shop.run(&["incident", "open", "Four"]).ok();
    assert_eq!(listed(&shop), 2);
}

#[test]
fn what_a_killed_writer_left_is_neither_read_nor_kept() {
    let shop = recorded();
    let half = shop
        .path
        .join(".dora/ledger/events/2026/03/.30.jsonl.1-0.tmp");
    std::fs::write(&half, b"{\"id\":\"half \xc3").unwrap();
    std::fs::write(shop.path.join(".dora/ledger/.DS_Store"), b"\xff").unwrap();
    assert_eq!(listed(&shop), 3);
    shop.run(&["incident", "open", "Four"]).ok();
    assert_eq!(listed(&shop), 4);
    assert!(!half.exists());
}

#[test]
fn git_neither_re_encodes_nor_breaks_what_is_committed() {
    let mut shop = Shop::tagged();
    shop.run(&["report"]).ok();
    shop.git(&["config", "core.autocrlf", "true"]);
    shop.git(&["add", ".dora"]);
    shop.commit("Keep the ledger");
    shop.git(&["checkout", "--quiet", "-b", "theirs"]);
    shop.run(&["incident", "open", "Theirs"]).ok();
    shop.git(&["commit", "--quiet", "-am", "Theirs"]);
    shop.git(&["checkout", "--quiet", "main"]);
    shop.run(&["incident", "open", "Ours"]).ok();
    shop.git(&["commit", "--quiet", "-am", "Ours"]);
    shop.git(&["merge", "--quiet", "--no-edit", "theirs"]);
    std::fs::remove_file(shop.path.join(DAY_FILE)).unwrap();
    shop.git(&["checkout", "--quiet", "--", ".dora"]);
    assert_eq!(listed(&shop), 2);
    assert!(!shop.read(DAY_FILE).contains('\r'));
}

#[test]
fn a_newer_layout_that_may_be_written_is_and_stays_newer() {
    let mut shop = recorded();
    let meta = shop.read(".dora/ledger/meta.json");
    let newer = meta.replace("\"schema\": 1", "\"schema\": 2,\n  \"shards\": 7");
    shop.write(".dora/ledger/meta.json", &newer);
    shop.write(".dora/ledger/months/2026-03.index", "theirs");
    let line = r#"{"id":"x:1","fact":{"weather":{"rain":true}},"later":1}"#;
    shop.write(DAY_FILE, &format!("{}{line}\n", shop.read(DAY_FILE)));
    shop.now += DAY;
    shop.run(&["incident", "open", "Four"]).ok();
    assert_eq!(listed(&shop), 4);
    let meta: Value = serde_json::from_str(&shop.read(".dora/ledger/meta.json")).unwrap();
    assert_eq!(
        (&meta["schema"], &meta["min_reader"], &meta["shards"]),
        (&2.into(), &1.into(), &7.into())
    );
    assert_eq!(shop.read(".dora/ledger/months/2026-03.index"), "theirs");
    assert!(shop.read(MONTH).lines().any(|l| l == line));
    shop.write(
        ".dora/ledger/meta.json",
        &newer.replace("\"min_reader\": 1", "\"min_reader\": 2"),
    );
    let before = files(&shop.path.join(".dora"));
    for args in [
        &["incident", "list"][..],
        &["deploy"],
        &["incident", "open", "x"],
    ] {
        let no = shop.run(args).fails(6);
        assert!(no.contains("layout 2, this fivekeys knows 1"), "{no}");
    }
    assert_eq!(files(&shop.path.join(".dora")), before);
}
