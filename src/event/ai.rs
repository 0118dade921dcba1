//! What coding agents leave in commits and pull requests: identities, trailers, footers and branches, never words.
//!
//! A sign says that an agent took part. No sign says nothing: completion in an editor leaves none, and a squash may
//! drop it. So whoever counts signs counts a lower bound.

/// Addresses of agents. The domains hold people too, so nothing less than the whole address counts.
const ADDRESSES: [&str; 14] = [
    "noreply@anthropic.com",
    "no-reply@anthropic.com",
    "copilot@github.com",
    "cursoragent@cursor.com",
    "noreply@openai.com",
    "codex@openai.com",
    "amp@ampcode.com",
    "noreply@jules.google",
    "antigravity@google.com",
    "noreply@aider.chat",
    "aider@aider.chat",
    "droid@factory.ai",
    "openhands@all-hands.dev",
    "noreply@opencode.ai",
];

/// Accounts of agents on GitHub, without `[bot]`; their addresses are `NUMBER+ACCOUNT@users.noreply.github.com`.
const ACCOUNTS: [&str; 15] = [
    "claude",
    "copilot",
    "copilot-swe-agent",
    "github-advanced-security",
    "cursor",
    "cursoragent",
    "devin-ai-integration",
    "chatgpt-codex-connector",
    "gemini-code-assist",
    "google-labs-jules",
    "factory-droid",
    "windsurf-bot",
    "amazon-q-developer",
    "opencode-agent",
    "openai-codex",
];

/// What the branches of agents begin with.
const BRANCHES: [&str; 7] = [
    "claude/", "copilot/", "cursor/", "devin/", "codex/", "jules/", "trae/",
];

/// Trailers that only agents write.
const TRAILERS: [&str; 5] = [
    "claude-session",
    "amp-thread-id",
    "agent-logs-url",
    "copilot-session",
    "entire-checkpoint",
];

/// Trailers that name who took part.
const PARTNERS: [&str; 4] = [
    "co-authored-by",
    "assisted-by",
    "generated-by",
    "ai-assisted-by",
];

/// The agents that `Assisted-by: AGENT:MODEL` names, as the Linux kernel has it; other tools stand there too.
const AGENTS: [&str; 12] = [
    "claude",
    "copilot",
    "github copilot",
    "cursor",
    "codex",
    "gemini",
    "aider",
    "devin",
    "amp",
    "jules",
    "windsurf",
    "chatgpt",
];

/// The footer of a tool that signs so.
const FOOTERS: [&str; 2] = [
    "generated with [claude code](https://claude.com/claude-code",
    "generated with [claude code](https://claude.ai/code",
];

/// Signs stand at the end; a message is read no further than this.
const MOST_LINES: usize = 2_000;

/// Whether the author of a commit is an agent: by the address, or by a name that a tool signs people's with.
#[must_use]
pub fn is_agent(name: &str, address: &str) -> bool {
    is_agents_address(address) || name.trim_end().ends_with(" (aider)")
}

/// Whether an account of GitHub is an agent's. A person may be called `claude`: those count with `[bot]` only.
#[must_use]
pub fn is_agents_account(login: &str, is_bot: bool) -> bool {
    let login = login.to_ascii_lowercase();
    let (name, bot) = match login.strip_suffix("[bot]") {
        Some(name) => (name, true),
        None => (login.as_str(), is_bot),
    };
    ACCOUNTS.contains(&name) && (bot || name.starts_with("copilot"))
}

/// Whether a branch is named as agents name theirs.
#[must_use]
pub fn is_agents_branch(branch: &str) -> bool {
    BRANCHES.iter().any(|start| branch.starts_with(start))
}

/// Whether a message, or the text of a pull request, is signed by an agent. Only whole lines of a known form count;
/// what is said about agents does not.
#[must_use]
pub fn is_signed_by_agent(message: &str) -> bool {
    message.lines().rev().take(MOST_LINES).any(|line| {
        let line = line.trim();
        is_trailer(line) || is_footer(line)
    })
}

fn is_trailer(line: &str) -> bool {
    let Some((key, value)) = line.split_once(':') else {
        return false;
    };
    let (key, value) = (key.to_ascii_lowercase(), value.trim());
    let key = key.as_str();
    if TRAILERS.contains(&key) {
        return !value.is_empty();
    }
    match key {
        "made-with" => value.eq_ignore_ascii_case("cursor"),
        "ai-assisted" | "ai-generated" => ["true", "yes"]
            .iter()
            .any(|said| value.eq_ignore_ascii_case(said)),
        _ => PARTNERS.contains(&key) && names_agent(key, value),
    }
}

/// `Name <address>`, or where tools are named, `AGENT:MODEL`.
fn names_agent(key: &str, value: &str) -> bool {
    let address = value
        .rsplit_once('<')
        .and_then(|(_, rest)| rest.split_once('>'));
    if let Some((address, _)) = address {
        return is_agents_address(address);
    }
    let agent = value.split_once(':').map(|(agent, _)| agent.trim());
    let is_one = |name: &str| AGENTS.contains(&name.to_ascii_lowercase().as_str());
    key != "co-authored-by" && agent.is_some_and(is_one)
}

fn is_footer(line: &str) -> bool {
    let said = line.trim_start_matches(|c: char| !c.is_ascii_alphanumeric());
    let said = said.to_ascii_lowercase();
    FOOTERS.iter().any(|footer| said.starts_with(footer))
}

fn is_agents_address(address: &str) -> bool {
    let address = address.trim().to_ascii_lowercase();
    if ADDRESSES.contains(&address.as_str()) {
        return true;
    }
    let account = address
        .strip_suffix("@users.noreply.github.com")
        .and_then(|local| local.split_once('+'))
        .filter(|(number, _)| number.len() >= 3 && number.bytes().all(|b| b.is_ascii_digit()));
    account.is_some_and(|(_, login)| is_agents_account(login, false))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn identities_of_agents_are_known_and_people_who_work_for_their_makers_are_people() {
        for yes in [
            "noreply@anthropic.com",
            "NoReply@Anthropic.com",
            "cursoragent@cursor.com",
            "209825114+claude[bot]@users.noreply.github.com",
            "198982749+Copilot@users.noreply.github.com",
            "158243242+devin-ai-integration[bot]@users.noreply.github.com",
        ] {
            assert!(is_agent("x", yes), "{yes}");
        }
        for no in [
            "dev@openai.com",
            "dev@anthropic.com",
            "dev@sourcegraph.com",
            "jules@acme.example",
            "devin@acme.example",
            "12345+claude@users.noreply.github.com",
            "claude@users.noreply.github.com",
            "49699333+dependabot[bot]@users.noreply.github.com",
            "x+copilot@users.noreply.github.com",
            "",
        ] {
            assert!(!is_agent("Claude", no), "{no}");
        }
        assert!(is_agent("Ada (aider)", "ada@acme.example"));
    }

    #[test]
    fn accounts_count_as_bots_and_copilot_always() {
        assert!(is_agents_account("Copilot", false));
        assert!(is_agents_account("devin-ai-integration[bot]", false));
        assert!(is_agents_account("claude", true));
        assert!(!is_agents_account("claude", false));
        assert!(!is_agents_account("dependabot[bot]", true));
    }

    #[test]
    fn signatures_count_and_words_do_not() {
        for yes in [
            "Add cache\n\nCo-authored-by: Claude Opus 4.6 (1M context) <noreply@anthropic.com>",
            "* one\n\nco-authored-by: Copilot <175728472+Copilot@users.noreply.github.com>\n\n* two",
            "x\n\nAssisted-by: Claude:claude-opus-4-6 coccinelle",
            "x\n\nAssisted-by: Claude Opus 4.7 <noreply@anthropic.com>",
            "x\n\nGenerated-by: Codex <codex@openai.com>",
            "x\n\n\u{1f916} Generated with [Claude Code](https://claude.com/claude-code)",
            "x\r\n\r\nAmp-Thread-ID: https://ampcode.com/threads/T-1\r\n",
            "x\n\nMade-with: Cursor",
            "x\n\nAI-Assisted: yes",
        ] {
            assert!(is_signed_by_agent(yes), "{yes}");
        }
        for no in [
            "Close the cursor; generated with care",
            "Co-authored-by: Claude Martin <claude.martin@acme.example>",
            "Co-authored-by: Claude:opus",
            "Assisted-by: coccinelle:1.2",
            "Assisted-by: sparse",
            "AI-Assisted: no",
            "Made-with: love",
            "As in `Co-authored-by: Claude <noreply@anthropic.com>` above",
            "Reviewed-by: Claude <noreply@anthropic.com>",
            "Claude-Session:",
            "",
        ] {
            assert!(!is_signed_by_agent(no), "{no}");
        }
    }

    #[test]
    fn branches_of_agents_begin_with_their_name() {
        assert!(is_agents_branch("copilot/fix-12") && is_agents_branch("claude/x"));
        assert!(!is_agents_branch("feature/copilot/") && !is_agents_branch("cursor-pagination"));
    }
}
