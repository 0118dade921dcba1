//! The token, which never prints.

use std::fmt;

use crate::host::Host;

/// A token. It prints as `***`.
#[derive(Clone)]
pub struct Token(String);

impl Token {
    /// Wraps a secret.
    #[must_use]
    pub fn new(secret: impl Into<String>) -> Self {
        Self(secret.into().trim().to_owned())
    }

    /// The token that this machine's variables hold.
    #[must_use]
    pub fn of_host(host: &Host) -> Option<Self> {
        Self::first_of(host, &["INPUT_TOKEN", "GITHUB_TOKEN", "GH_TOKEN"])
    }

    /// The token for a server of one's own.
    #[must_use]
    pub fn of_enterprise(host: &Host) -> Option<Self> {
        Self::first_of(host, &["GH_ENTERPRISE_TOKEN", "GITHUB_ENTERPRISE_TOKEN"])
    }

    fn first_of(host: &Host, names: &[&str]) -> Option<Self> {
        names.iter().find_map(|name| host.var(name)).map(Self::new)
    }

    pub(super) fn secret(&self) -> &str {
        &self.0
    }

    /// What kind of token it is, by its prefix, in words.
    #[must_use]
    pub fn kind(&self) -> &'static str {
        [
            ("ghs_", "a job's or an app's token"),
            ("github_pat_", "a fine-grained personal token"),
            ("ghp_", "a classic personal token"),
            ("gho_", "a token of a login by OAuth"),
            ("ghu_", "a user's token by an app"),
        ]
        .iter()
        .find(|(prefix, _)| self.0.starts_with(prefix))
        .map_or("a token of unknown kind", |(_, kind)| kind)
    }

    /// A text without this secret, whoever has put it there.
    pub(super) fn hidden_in(&self, text: String) -> String {
        // Whole documents pass here: nothing is copied where there is nothing to hide.
        if self.0.is_empty() || !text.contains(&self.0) {
            return text;
        }
        text.replace(&self.0, "***")
    }

    /// Whether there is none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl fmt::Debug for Token {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("***")
    }
}

impl fmt::Display for Token {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("***")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_never_prints() {
        let token = Token::new("ghs_secret");
        assert_eq!(format!("{token} {token:?}"), "*** ***");
        let echo = "sent: Bearer ghs_secret".to_owned();
        assert_eq!(token.hidden_in(echo), "sent: Bearer ***");
        assert_eq!(Token::new("").hidden_in("text".to_owned()), "text");
    }
}
