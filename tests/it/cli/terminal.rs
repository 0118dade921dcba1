//! What a terminal shows and a pipe does not: progress, colour; and what fits into a few columns of ASCII.

use super::*;

/// The same run with a terminal on every stream, as `script` makes one; `None` where there is no `script`.
fn on_a_terminal(shop: &Shop, args: &str, env: &[(&str, &str)]) -> Option<String> {
    let plain = shop.command(&shop.path, &[]);
    let program = env!("CARGO_BIN_EXE_fivekeys");
    let line = format!("stty rows 24 columns ${{SIZE:-80}} && {program} {args}");
    let mut command = Command::new("script");
    command.args(["-qec", &line, "/dev/null"]).env_clear();
    for (name, value) in plain.get_envs() {
        command.env(name, value?);
    }
    command
        .current_dir(&shop.path)
        .env("TERM", "xterm")
        .env("SHELL", "/bin/sh")
        .envs(env.iter().copied())
        .stdin(std::process::Stdio::null());
    let Ok(output) = command.output() else {
        eprintln!("skipped: there is no `script` to make a terminal with");
        return None;
    };
    Some(String::from_utf8_lossy(&output.stdout).into_owned())
}

#[test]
fn a_terminal_sees_how_far_it_is_and_a_pipe_does_not() {
    let shop = Shop::tagged();
    let piped = shop.run(&["report"]);
    assert_eq!((piped.code, piped.err.as_str()), (0, ""), "{}", piped.out);
    let Some(seen) = on_a_terminal(&shop, "report", &[]) else {
        return;
    };
    for part in ["reading tags", "reading commits", "/3 ", "measuring"] {
        assert!(seen.contains(part), "{part}: {seen:?}");
    }
    // The bar is gone before the report begins.
    let report = seen.find("DORA metrics of").unwrap();
    assert!(!seen[report..].contains("measuring"), "{seen:?}");
    let plain = on_a_terminal(&shop, "report", &[("LC_ALL", "C")]).unwrap();
    assert!(plain.is_ascii() && plain.contains("[=="), "{plain:?}");
}

#[test]
fn colour_is_for_terminals_that_want_it() {
    const STRONG: &str = "\x1b[1m";
    let shop = Shop::tagged();
    let Some(seen) = on_a_terminal(&shop, "report", &[]) else {
        return;
    };
    assert!(seen.contains(STRONG), "{seen:?}");
    for env in [("NO_COLOR", "1"), ("TERM", "dumb")] {
        let seen = on_a_terminal(&shop, "report", &[env]).unwrap();
        assert!(seen.contains("DORA metrics"), "{env:?}: {seen:?}");
        assert!(!seen.contains(STRONG), "{env:?}: {seen:?}");
    }
}

#[test]
fn talk_is_wrapped_on_a_terminal_and_one_line_in_a_pipe() {
    let shop = Shop::tagged();
    let piped = shop.run(&["explain", "nonsense"]).fails(2);
    assert!(
        piped
            .lines()
            .any(|line| line.starts_with("help: ") && line.len() > 80)
    );
    let Some(seen) = on_a_terminal(&shop, "explain nonsense", &[("NO_COLOR", "1")]) else {
        return;
    };
    let talk = &seen[seen.find("error: ").unwrap()..];
    let help = &talk[talk.find("help: ").unwrap()..];
    assert!(help.lines().count() > 1, "{help:?}");
    assert!(
        talk.lines()
            .all(|line| line.trim_end().chars().count() <= 80),
        "{talk:?}"
    );
}

#[test]
fn every_command_fits_80_and_40_columns_of_ascii() {
    let shop = Shop::tagged();
    shop.run(&["report"]).ok();
    for width in [80, 40] {
        for args in [
            &["report"][..],
            &["report", "--verbose"],
            &["report", "--compact"],
            &["report", "--compare"],
            &["trend"],
            &["explain"],
            &["explain", "change_lead_time"],
            &["explain", "change_fail_rate", "--verbose"],
            &["explain", "tag:v1.4.0"],
            &["incident", "list"],
        ] {
            let mut command = shop.command(&shop.path, args);
            command.env("COLUMNS", width.to_string()).env("LC_ALL", "C");
            let text = Run::of(&command.output().unwrap()).ok();
            let long = text.lines().find(|l| l.chars().count() > width);
            assert_eq!(long, None, "{args:?} in {width} columns");
            assert!(text.is_ascii(), "{args:?}: {text}");
        }
        // Whatever else is shortened, the five numbers are not.
        let mut command = shop.command(&shop.path, &["report"]);
        command.env("COLUMNS", width.to_string()).env("LC_ALL", "C");
        let text = Run::of(&command.output().unwrap()).ok();
        let five = text.split("Instability").flat_map(str::lines);
        let cut = five.filter(|line| line.starts_with("  ") && line.ends_with('~'));
        assert_eq!(cut.count(), 0, "{text}");
    }
}

/// Nobody sets `COLUMNS` for programs: the terminal is asked.
#[test]
fn the_width_is_that_of_the_terminal() {
    let shop = Shop::tagged();
    let env = [("SIZE", "50"), ("NO_COLOR", "1")];
    let Some(seen) = on_a_terminal(&shop, "report", &env) else {
        return;
    };
    let report = &seen[seen.find("DORA metrics of").unwrap()..];
    let long = report.lines().map(|l| l.chars().count()).max();
    assert!(
        long.is_some_and(|long| (40..=50).contains(&long)),
        "{report}"
    );
}

#[test]
fn the_help_of_every_command_fits_80_columns_of_ascii() {
    let shop = Shop::folder();
    for command in [
        "", "init", "report", "digest", "trend", "explain", "deploy", "incident", "verify",
        "doctor", "compact",
    ] {
        let args = [command, "--help"];
        let text = shop.run(&args[usize::from(command.is_empty())..]).ok();
        assert!(text.is_ascii(), "{command}: {text}");
        let long = text.lines().find(|l| l.chars().count() > 80);
        assert_eq!(long, None, "{command}");
    }
}

#[test]
fn the_default_report_fits_a_screen_and_verbose_says_more() {
    let shop = Shop::tagged();
    for names in ["^v", "^none"] {
        let text = shop.run(&["report", "--tags", names]).ok();
        assert!(
            text.lines().count() <= 40,
            "{}: {text}",
            text.lines().count()
        );
        let verbose = shop.run(&["report", "--tags", names, "--verbose"]).ok();
        assert!(verbose.lines().count() > text.lines().count());
        assert!(!verbose.contains("--verbose"), "{verbose}");
    }
}
