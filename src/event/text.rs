//! What words in titles, branches and names mean: bots, hotfixes and reverts.
//!
//! Titles and messages themselves are never kept; a one-way key is enough to find `Revert "title"`'s original.

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use super::Cause;

/// What a revert takes back (rule CF3). Any one of the ways to name the original is enough.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Undoes {
    /// `This reverts commit <sha>`; full or abbreviated.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub commits: Vec<String>,
    /// `Reverts #N` or a `revert-N-…` branch.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub pulls: Vec<u64>,
    /// Key of the title in `Revert "title"`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub subject: Option<String>,
}

impl Undoes {
    /// Reads title, body and branch of a pull request, or the message of a commit (no branch).
    #[must_use]
    pub fn read(title: &str, body: &str, branch: &str) -> Self {
        let mut found = Self {
            subject: reverted_title(title).map(subject_key),
            ..Self::default()
        };
        for after in after_each(body, "this reverts commit") {
            let sha: String = after
                .trim_start()
                .chars()
                .take_while(char::is_ascii_hexdigit)
                .collect();
            if (7..=40).contains(&sha.len()) {
                found.commits.push(sha.to_ascii_lowercase());
            }
        }
        for after in after_each(body, "reverts ") {
            // `Reverts #12` or `Reverts acme/shop#12`, GitHub's own form.
            let word = after.split_whitespace().next().unwrap_or("");
            if let Some((_, number)) = word.split_once('#') {
                found.pulls.extend(leading_number(number));
            }
        }
        if let Some(rest) = branch
            .rsplit('/')
            .next()
            .and_then(|b| b.strip_prefix("revert-"))
        {
            found.pulls.extend(leading_number(rest).filter(|_| {
                rest.trim_start_matches(|c: char| c.is_ascii_digit())
                    .starts_with('-')
            }));
        }
        found.pulls.sort_unstable();
        found.pulls.dedup();
        found.commits.sort_unstable();
        found.commits.dedup();
        found
    }

    /// Whether this is no revert at all.
    #[must_use]
    pub fn is_nothing(&self) -> bool {
        self.commits.is_empty() && self.pulls.is_empty() && self.subject.is_none()
    }
}

/// What comes before a cause; blanks, hyphens and underscores are one.
const CAUSE_WORDS: [&str; 2] = ["caused by", "root cause"];

/// What a text names as a cause, tolerantly: `Caused-by: #12`, `root cause: 1a2b3c4`, or below a heading such as
/// `### Root cause`, as issue forms write it. A run, a page of a deployment or its id is a deployment.
#[must_use]
pub fn causes_in(text: &str) -> Vec<Cause> {
    let mut once = std::collections::BTreeSet::new();
    let mut found: Vec<Cause> = cause_words(text).into_iter().filter_map(cause_of).collect();
    found.retain(|cause| once.insert(cause.clone()));
    found
}

/// The words that stand where a text names a cause.
#[must_use]
pub fn cause_words(text: &str) -> Vec<&str> {
    let mut found: Vec<&str> = Vec::new();
    let mut lines = text.lines().peekable();
    while let Some(line) = lines.next() {
        let flat = line.to_ascii_lowercase().replace(['-', '_'], " ");
        for words in CAUSE_WORDS {
            // Lowering and flattening keep byte offsets.
            for (at, _) in flat.match_indices(words) {
                let after = line.get(at + words.len()..).unwrap_or("");
                let rest =
                    after.trim_start_matches(|c: char| c.is_whitespace() || "*_".contains(c));
                let named = rest.strip_prefix(':');
                let begins = line.get(..at).is_some_and(|b| b.chars().all(is_decoration));
                if begins && rest.is_empty() {
                    while lines.next_if(|next| next.trim().is_empty()).is_some() {}
                    found.extend(lines.peek().into_iter().flat_map(|next| words_of(next)));
                } else if let Some(named) = named {
                    // The rest of the line is read, whatever else it says.
                    found.extend(words_of(named));
                    break;
                } else if begins {
                    // Without a colon only what follows at once.
                    found.extend(words_of(rest).next());
                }
            }
        }
    }
    found
}

/// Marks of a heading, a list, a quotation or bold letters.
fn is_decoration(c: char) -> bool {
    c.is_whitespace() || "#*_>-".contains(c)
}

fn words_of(line: &str) -> impl Iterator<Item = &str> {
    line.split(|c: char| c.is_whitespace() || ",;()[]<>`*\"".contains(c))
        .filter(|word| !word.is_empty())
}

fn cause_of(word: &str) -> Option<Cause> {
    let word = word.trim_end_matches(['.', '/', ':', ',']);
    let is_id = ["dep:", "run:", "tag:", "man:"]
        .iter()
        .any(|p| word.starts_with(p));
    if is_id || word.contains("/actions/runs/") || word.contains("/deployments/") {
        return Some(Cause::Deployment(word.to_owned()));
    }
    let last = word.rsplit('/').next().unwrap_or(word);
    if word.contains("/pull/") {
        return leading_number(last).map(Cause::Pull);
    }
    if let Some((_, number)) = word.split_once('#') {
        return number.parse().ok().map(Cause::Pull);
    }
    is_sha(last).then(|| Cause::Commit(last.to_ascii_lowercase()))
}

/// Whether a text can be a commit's id, in full or abbreviated.
#[must_use]
pub fn is_sha(text: &str) -> bool {
    (7..=40).contains(&text.len()) && text.bytes().all(|b| b.is_ascii_hexdigit())
}

fn after_each<'a>(text: &'a str, phrase: &str) -> Vec<&'a str> {
    // ASCII lowering keeps byte offsets.
    let lower = text.to_ascii_lowercase();
    lower
        .match_indices(phrase)
        .filter_map(|(at, _)| text.get(at + phrase.len()..))
        .collect()
}

fn leading_number(text: &str) -> Option<u64> {
    let digits: String = text.chars().take_while(char::is_ascii_digit).collect();
    digits.parse().ok()
}

fn reverted_title(title: &str) -> Option<&str> {
    let rest = title.trim().strip_prefix("Revert \"")?;
    // The last quote ends it: a revert of a revert quotes twice.
    rest.rfind('"').map(|end| &rest[..end])
}

/// A one-way key of a title: 16 hex digits of SHA-256 over its trimmed text, without a trailing ` (#12)`.
#[must_use]
pub fn subject_key(title: &str) -> String {
    let mut text = title.trim();
    if let Some((head, tail)) = text.rsplit_once(" (#")
        && tail
            .strip_suffix(')')
            .is_some_and(|n| !n.is_empty() && n.bytes().all(|b| b.is_ascii_digit()))
    {
        text = head.trim_end();
    }
    digest(text.as_bytes(), 8)
}

/// The first bytes of SHA-256, as hex digits: a short name for a longer text.
#[must_use]
pub fn digest(text: &[u8], bytes: usize) -> String {
    let sum = Sha256::digest(text);
    sum.iter().take(bytes).fold(String::new(), |mut out, byte| {
        use std::fmt::Write as _;
        let _ = write!(out, "{byte:02x}");
        out
    })
}

/// Whether a login or author name is a bot's: `[bot]`, or the token `bot` (rule LT8).
#[must_use]
pub fn is_bot(name: &str) -> bool {
    name.split(|c: char| !c.is_alphanumeric())
        .any(|token| token.eq_ignore_ascii_case("bot"))
}

/// Whether a branch is a hotfix branch: `hotfix/…`, `hotfix-…`, also behind one owner prefix.
#[must_use]
pub fn is_hotfix_branch(branch: &str) -> bool {
    branch.split('/').take(2).any(begins_with_hotfix)
}

/// Whether a title calls the change a hotfix: its first word, also in brackets or as a type.
#[must_use]
pub fn is_hotfix_title(title: &str) -> bool {
    begins_with_hotfix(title.trim_start_matches(|c: char| !c.is_alphanumeric()))
}

fn begins_with_hotfix(text: &str) -> bool {
    let head: String = text
        .chars()
        .take_while(|c| c.is_alphanumeric())
        .collect::<String>()
        .to_ascii_lowercase();
    head == "hotfix"
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn github_s_own_revert_forms_are_read() {
        let found = Undoes::read(
            "Revert \"Add cache (#7)\"",
            "Reverts acme/shop#7",
            "revert-7-cache",
        );
        assert_eq!(found.pulls, [7]);
        assert_eq!(found.subject, Some(subject_key("Add cache")));
        let commit = Undoes::read("x", "This reverts commit 0123456789abcdef.", "");
        assert_eq!(commit.commits, ["0123456789abcdef"]);
    }

    #[test]
    fn the_word_revert_alone_is_no_revert() {
        for title in [
            "Revert to old layout",
            "Stop reverting",
            "revert-proof cache",
        ] {
            assert!(Undoes::read(title, "we revert it later", "feature/revert-me").is_nothing());
        }
    }

    #[test]
    fn causes_are_read_tolerantly() {
        assert_eq!(causes_in("Caused-by: #123"), [Cause::Pull(123)]);
        assert_eq!(
            causes_in("**Root cause:** x\nroot cause: `1A2B3C4`."),
            [Cause::Commit("1a2b3c4".into())]
        );
        assert_eq!(
            causes_in("caused by: https://github.com/acme/shop/pull/7"),
            [Cause::Pull(7)]
        );
        assert!(causes_in("caused by: a cat on the keyboard").is_empty());
        assert!(causes_in("It was not caused by #12, we think").is_empty());
        assert_eq!(
            causes_in("### Caused by\n\n#12\n\n### Impact\n#13"),
            [Cause::Pull(12)]
        );
        assert_eq!(causes_in("> caused_by #4"), [Cause::Pull(4)]);
        let run = "https://github.com/acme/shop/actions/runs/99/job/1";
        for text in [
            format!("Caused by: [run]({run})"),
            format!("root_cause: {run}."),
        ] {
            assert_eq!(causes_in(&text), [Cause::Deployment(run.into())], "{text}");
        }
        assert_eq!(
            causes_in("root cause: dep:DE_7"),
            [Cause::Deployment("dep:DE_7".into())]
        );
    }

    #[test]
    fn hostile_causes_end_quickly_and_name_nothing() {
        for text in [
            "root cause".repeat(20_000),
            "caused by: #".repeat(20_000),
            "root cause:\u{0}é\u{202e}".into(),
        ] {
            assert!(causes_in(&text).is_empty());
        }
    }

    #[test]
    fn bots_are_told_by_token_not_by_letters() {
        assert!(is_bot("renovate[bot]") && is_bot("my-bot") && is_bot("Bot"));
        assert!(!is_bot("abbott") && !is_bot("robotics"));
    }

    #[test]
    fn hotfix_is_a_first_word() {
        assert!(is_hotfix_branch("hotfix/login") && is_hotfix_branch("acme/hotfix-login"));
        assert!(is_hotfix_title("[Hotfix] login") && is_hotfix_title("hotfix: login"));
        assert!(!is_hotfix_title("Document the hotfix process") && !is_hotfix_branch("fix/login"));
    }
}
