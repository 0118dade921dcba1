//! Secrets of the environment: not printed, not handed on, not read out of the clone.

use super::*;

const TOKEN: &str = "ghs_VerySecretVerySecretVerySecret012345";

#[cfg(unix)]
#[test]
fn git_is_started_without_the_token() {
    use std::os::unix::fs::PermissionsExt as _;
    let shop = Shop::tagged();
    let seen = shop.home.join("seen");
    let real = std::env::split_paths(&std::env::var_os("PATH").unwrap())
        .map(|folder| folder.join("git"))
        .find(|path| path.is_file())
        .unwrap();
    let fake = shop.home.join("bin/git");
    std::fs::create_dir(shop.home.join("bin")).unwrap();
    let script = format!(
        "#!/bin/sh\n/usr/bin/env >> {}\nexec {} \"$@\"\n",
        seen.display(),
        real.display()
    );
    std::fs::write(&fake, script).unwrap();
    std::fs::set_permissions(&fake, std::fs::Permissions::from_mode(0o755)).unwrap();
    let done = shop
        .command(&shop.path, &["report", "--verbose"])
        .env(
            "PATH",
            format!("{}:/usr/bin:/bin", shop.home.join("bin").display()),
        )
        .env("GITHUB_TOKEN", TOKEN)
        .env("GH_TOKEN", TOKEN)
        .env("INPUT_TOKEN", TOKEN)
        .env("ACTIONS_RUNTIME_TOKEN", TOKEN)
        .env("ACTIONS_ID_TOKEN_REQUEST_TOKEN", TOKEN)
        .output()
        .unwrap();
    let text = Run::of(&done).ok();
    assert!(!text.contains(TOKEN));
    let seen = std::fs::read_to_string(seen).unwrap();
    assert!(seen.contains("GIT_TERMINAL_PROMPT=0"), "{seen}");
    assert!(!seen.contains(TOKEN), "{seen}");
    for text in files(&shop.path.join(".dora")).values() {
        assert!(!text.contains(TOKEN));
    }
}

#[test]
fn an_address_of_the_clone_with_a_password_is_not_shown() {
    let shop = Shop::tagged();
    let url = format!("https://x-access-token:{TOKEN}@github.com/acme/shop.git");
    shop.git(&["remote", "set-url", "origin", &url]);
    for args in [
        &["report", "--verbose"][..],
        &["report", "--format", "json"],
        &["doctor"],
        &["init"],
    ] {
        let run = shop.run(args);
        assert!(
            !run.out.contains(TOKEN) && !run.err.contains(TOKEN),
            "{args:?}"
        );
    }
    for (path, text) in files(&shop.path.join(".dora")) {
        assert!(!text.contains(TOKEN), "{path}");
    }
}
