//! `report --open`: the page is written, its path is said, and the system's opener gets it.
#![cfg(unix)]

use std::os::unix::fs::PermissionsExt as _;

use super::*;

const OPENER: &str = if cfg!(target_os = "macos") {
    "open"
} else {
    "xdg-open"
};

impl Shop {
    /// Runs with an opener that keeps what it was given, and ends as told.
    fn opening(&self, args: &[&str], code: i32) -> (Run, String) {
        let bin = self.home.join("bin");
        std::fs::create_dir_all(&bin).unwrap();
        let program = bin.join(OPENER);
        let script = format!(
            "#!/bin/sh\nprintf '%s\\n' \"$@\" > '{}/opened'\nexit {code}\n",
            self.home.display()
        );
        std::fs::write(&program, script).unwrap();
        std::fs::set_permissions(&program, std::fs::Permissions::from_mode(0o755)).unwrap();
        let path = std::env::var("PATH").unwrap();
        let mut command = self.command(&self.path, args);
        command.env("PATH", format!("{}:{path}", bin.display()));
        let run = Run::of(&command.output().unwrap());
        let opened = std::fs::read_to_string(self.home.join("opened")).unwrap_or_default();
        (run, opened.trim_end().to_owned())
    }
}

#[test]
fn the_page_is_written_to_the_cache_and_opened() {
    let shop = Shop::tagged();
    let (run, opened) = shop.opening(&["report", "--window", "30d", "--open"], 0);
    assert!(opened.ends_with("shop/.dora/cache/report.html"), "{opened}");
    assert!(run.err.contains(&format!("wrote {opened}")), "{}", run.err);
    assert!(!run.err.contains("warning"), "{}", run.err);
    assert!(run.ok().contains("Change lead time"), "the screen stays");
    let page = std::fs::read_to_string(&opened).unwrap();
    assert!(page.starts_with("<!doctype html>") && page.contains("30 days"));
}

#[test]
fn an_exported_page_is_the_one_that_is_opened() {
    let shop = Shop::tagged();
    let (run, opened) = shop.opening(&["report", "--export", "q1.html", "--open"], 0);
    run.ok();
    assert_eq!(opened, shop.path.join("q1.html").display().to_string());
}

#[test]
fn an_opener_that_fails_or_is_missing_breaks_nothing() {
    let shop = Shop::tagged();
    let (run, opened) = shop.opening(&["report", "--open"], 3);
    assert!(
        run.err
            .contains(&format!("warning: `{OPENER}` did not open the page")),
        "{}",
        run.err
    );
    assert!(run.err.contains(&opened));
    run.ok();
}

#[test]
fn a_measured_file_has_no_folder_and_the_way_out_is_said() {
    let shop = Shop::folder();
    shop.write(
        "history.json",
        r#"{"deployments": [{"id": "d1", "environment": "production", "finished_at": "2026-03-02T10:00:00Z"}]}"#,
    );
    let args = ["report", "--from", "history=history.json", "--open"];
    let (run, opened) = shop.opening(&args, 0);
    assert_eq!(opened, "");
    assert!(run.fails(2).contains("--export page.html"));
    let (run, opened) = shop.opening(&[&args[..], &["--export", "page.html"]].concat(), 0);
    run.ok();
    assert!(opened.ends_with("page.html"));
}
