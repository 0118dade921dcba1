//! Hostile and ordinary output of git, by hand.
#![expect(clippy::wildcard_enum_match_arm, reason = "tests look for one fact")]

use super::*;
use crate::config::{self, Config};

const NUL: &str = "\0";

fn sha(digit: char) -> String {
    digit.to_string().repeat(40)
}

/// A record as `git log -z` prints it; `at` is the committer date, the author's is ten seconds before.
fn record(id: char, parents: &str, at: i64, subject: &str, body: &str) -> String {
    let parents: Vec<String> = parents.chars().map(sha).collect();
    let (id, parents, authored) = (sha(id), parents.join(" "), at - 10);
    format!("\0{id}\0{parents}\0{authored}\0{at}\0Ann\0ann@example.com\0{subject}\0{body}\0")
}

fn parse(text: &str) -> Vec<LogEntry> {
    read_log(text.as_bytes()).unwrap()
}

fn commit_of(events: &[Event], id: char) -> &Commit {
    let found = events.iter().find_map(|e| match &e.fact {
        Fact::Commit(c) if c.sha == sha(id) => Some(c),
        _ => None,
    });
    found.unwrap()
}

fn pull_of(events: &[Event], number: u64) -> &Pull {
    let found = events.iter().find_map(|e| match &e.fact {
        Fact::Pull(p) if p.number == number => Some(p),
        _ => None,
    });
    found.unwrap()
}

#[test]
fn separators_in_a_message_break_nothing() {
    let body = "\x1f\x1e\n\ncommit 0000\n%x00\r\n\u{2028}";
    let text = record('2', "1", 200, "", body) + &record('1', "", 100, "one", "");
    let log = parse(&text);
    assert_eq!(log.len(), 2);
    assert_eq!(log[0].body, body);
    assert_eq!(log[0].parents, [sha('1')]);
    let events = changes(&log, Some(&sha('2')));
    assert_eq!(
        commit_of(&events, '2').subject,
        None,
        "an empty message has no key"
    );
    assert_eq!(commit_of(&events, '1').authored_at.timestamp(), 90);
    assert_eq!(events[0].time.timestamp(), 200);
}

#[test]
fn paths_follow_their_commit_whatever_they_are_called() {
    let text = record('3', "2", 300, "three", "body\n")
        + "\na\0\nb c\0\"d\0"
        + &record('2', "1", 200, "merge", "")
        + &record('1', "", 100, "one", "")
        + "\n\n\0";
    let log = parse(&text);
    assert_eq!(log[0].paths, ["a", "\nb c", "\"d"]);
    assert!(log[1].paths.is_empty());
    assert_eq!(log[2].paths, ["\n"]);
}

#[test]
fn names_that_are_not_utf_8_are_kept_with_replacements() {
    let mut bytes = record('1', "", 100, "one", "").into_bytes();
    let at = bytes.windows(3).position(|w| w == b"Ann").unwrap();
    bytes[at] = 0xe9;
    assert_eq!(read_log(&bytes).unwrap()[0].author, "\u{fffd}nn");
}

#[test]
fn what_is_cut_off_is_an_error_and_nothing_is_nothing() {
    let whole = record('2', "1", 200, "two", "b") + &record('1', "", 100, "one", "");
    assert_eq!(parse("").len(), 0);
    for end in 1..whole.len() {
        // Only a cut inside the last body can go unseen: there is nothing to tell it by.
        if let Ok(entries) = read_log(&whole.as_bytes()[..end]) {
            assert!(entries.len() == 1 || end >= whole.len() - 1, "cut at {end}");
        }
    }
    let found = read_log(b"\0<script>\0").unwrap_err();
    assert!(
        matches!(found, GitLogError::NotAnId { record: 1, .. }),
        "{found}"
    );
    assert_eq!(
        read_log(b"garbage\0x"),
        Err(GitLogError::Malformed { record: 1 })
    );
}

#[test]
fn dates_beyond_the_calendar_fall_back_and_never_panic() {
    let text = record('1', "", 100, "one", "").replace("\x0090\0", "\x0099999999999999999999\0");
    assert_eq!(parse(&text)[0].authored_at.timestamp(), 100);
    let text = text.replace("\x00100\0", "\0\0");
    assert_eq!(parse(&text)[0].authored_at.timestamp(), 0);
}

#[test]
fn a_merge_names_its_pull_request_and_its_title_is_below() {
    let log = parse(
        &(record(
            '3',
            "12",
            300,
            "Merge pull request #12 from acme/hotfix/login",
            "Revert \"Add cache\"\n\nReverts acme/shop#9\n",
        ) + &record('2', "1", 200, "Merge branch 'main' into x", "")
            + &record('1', "", 100, "Add cache (#9)", "")),
    );
    let events = changes(&log, Some(&sha('3')));
    let pull = pull_of(&events, 12);
    assert!(pull.hotfix && !pull.bot);
    assert_eq!(pull.undoes.pulls, [9]);
    assert_eq!(pull.undoes.subject, Some(subject_key("Add cache")));
    assert_eq!(pull.merged_at.unwrap().timestamp(), 300);
    assert_eq!(pull.merge_sha, Some(sha('3')));
    assert_eq!(pull.first_commit_at, None);
    assert_eq!(commit_of(&events, '3').pull, Some(12));
    assert_eq!(commit_of(&events, '2').pull, None);
    assert_eq!(commit_of(&events, '1').pull, Some(9));
    assert_eq!(pull_of(&events, 9).subject, Some(subject_key("Add cache")));
}

#[test]
fn what_only_looks_like_a_pull_request_is_none() {
    for subject in [
        "Merge pull request #x from a/b",
        "Merge pull request #1",
        "Merge pull request #99999999999999999999 from a/b",
        "Fix (#)",
        "Fix (#1",
        "Fix (#-1)",
        "(#1) fix",
    ] {
        let events = changes(&parse(&record('1', "", 100, subject, "")), None);
        assert_eq!(events.len(), 1, "{subject}");
    }
}

#[test]
fn a_copy_on_another_branch_does_not_take_the_pull_request() {
    let log = parse(
        &(record('4', "1", 50, "Fix (#5)", "")
            + &record('3', "2", 300, "Later", "")
            + &record('2', "1", 200, "Fix (#5)", "")
            + &record('1', "", 10, "one", "")),
    );
    assert_eq!(
        pull_of(&changes(&log, Some(&sha('3'))), 5).merge_sha,
        Some(sha('2'))
    );
    // Without a head, the earliest.
    assert_eq!(pull_of(&changes(&log, None), 5).merge_sha, Some(sha('4')));
}

#[test]
fn a_pull_request_is_a_bot_s_when_all_of_its_commits_are() {
    let bot = |text: String| text.replace("\0Ann\0", "\0renovate[bot]\0");
    let base = record('1', "", 10, "one", "");
    let merge = record('9', "13", 90, "Merge pull request #7 from a/b", "Bump");
    let update = record('3', "21", 30, "Merge branch 'main' into b", "");
    let robot = bot(record('2', "1", 20, "Bump", ""));
    let log = merge.clone() + &update + &robot + &base;
    assert!(pull_of(&changes(&parse(&log), Some(&sha('9'))), 7).bot);
    let person = record('2', "1", 20, "Work", "");
    let repair = bot(record('3', "2", 30, "Format", ""));
    let log = merge + &repair + &person + &base;
    assert!(!pull_of(&changes(&parse(&log), Some(&sha('9'))), 7).bot);
    let local = record('1', "", 10, "x (#8)", "").replace("ann@", "1+my-bot@");
    assert!(pull_of(&changes(&parse(&local), None), 8).bot);
}

fn tag_line(fields: [&str; 7]) -> String {
    fields.join(NUL) + "\n"
}

#[test]
fn only_tags_of_commits_are_tags() {
    let (a, b) = (sha('a'), sha('b'));
    let text = tag_line(["commit", &a, "", "", "100", "", "v1.0.0"])
        + &tag_line(["tag", &b, "commit", &a, "200", "100", "api/v1.0.0+b_1"])
        + &tag_line(["tag", &b, "commit", &a, "", "100", "no-tagger"])
        + &tag_line(["tag", &b, "tag", &a, "300", "", "nested"])
        + &tag_line(["tag", &b, "tree", &a, "300", "", "tree"])
        + &tag_line(["blob", &a, "", "", "", "", "file"])
        + &tag_line(["tree", &a, "", "", "", "", "$(id)`;\"'é"]);
    let tags = read_tags(text.as_bytes()).unwrap();
    let names: Vec<&str> = tags.iter().map(|tag| tag.name.as_str()).collect();
    assert_eq!(names, ["v1.0.0", "api/v1.0.0+b_1", "no-tagger", "nested"]);
    let approximate: Vec<bool> = tags.iter().map(|tag| tag.approximate).collect();
    assert_eq!(approximate, [true, false, true, false]);
    assert_eq!(tags[3].target, Target::Nested(b));
    let short = read_tags(b"commit\0abc").unwrap_err();
    assert_eq!(short, GitLogError::Malformed { record: 1 });
    assert!(read_tags(b"commit\0abc\0\0\x001\0\0x").is_err());
}

fn deployed(config: &Config, names: &[&str]) -> Vec<(String, Option<String>)> {
    let (a, lines) = (sha('a'), String::new());
    let text = names.iter().fold(lines, |text, name| {
        text + &tag_line(["commit", &a, "", "", "100", "", name])
    });
    let events = tag_deployments(&read_tags(text.as_bytes()).unwrap(), config);
    let read = |event: Event| match event.fact {
        Fact::Deployment(d) => (event.id, d.service),
        _ => unreachable!(),
    };
    events.into_iter().map(read).collect()
}

#[test]
fn a_service_s_own_pattern_goes_before_the_general_one() {
    let text = "services:\n  web: { tags: '^prod-' }\n  job: { tags: '^prod-' }\n";
    let config = config::parse(text).unwrap();
    let a = sha('a');
    let found = deployed(&config, &["v1.0.0", "prod-7", "api-v1.0.0", "v1.0.0-rc.1"]);
    let want = [
        (format!("tag:v1.0.0@{a}"), None),
        (format!("tag:prod-7@{a}/job"), Some("job".to_owned())),
        (format!("tag:prod-7@{a}/web"), Some("web".to_owned())),
        (format!("tag:api-v1.0.0@{a}"), Some("api".to_owned())),
    ];
    assert_eq!(found, want);
}

#[test]
fn a_hotfix_tag_is_labelled() {
    let config = config::parse("tags: .\nhotfix: { tags: '^hot' }\n").unwrap();
    let a = sha('a');
    let text = tag_line(["tag", &a, "commit", &a, "100", "90", "hot1"]);
    let events = tag_deployments(&read_tags(text.as_bytes()).unwrap(), &config);
    let Fact::Deployment(found) = &events[0].fact else {
        panic!("a deployment")
    };
    assert_eq!(found.labels, ["hotfix"]);
    assert_eq!(found.environment, "production");
    assert!(!found.approximate && found.outcome == Outcome::Success);
}

#[test]
fn merge_is_deploy_follows_first_parents_only() {
    let log = parse(
        &(record('4', "32", 400, "merge", "")
            + &record('3', "1", 300, "three", "")
            + &record('2', "1", 200, "side", "")
            + &record('1', "", 100, "one", "")),
    );
    let ids: Vec<String> = merge_deployments(&log, Some(&sha('4')))
        .into_iter()
        .map(|event| event.id)
        .collect();
    assert_eq!(ids, ['4', '3', '1'].map(|id| format!("merge:{}", sha(id))));
    assert!(merge_deployments(&log, None).is_empty());
}
