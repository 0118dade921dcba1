//! One deadline for everything a run asks of GitHub, and how long to wait between two tries.

use std::time::Duration;

use tokio::time::Instant;

use super::GitHubError;

/// Most tries of one read.
pub(super) const TRIES: u32 = 4;

/// The moment after which nothing is asked any more.
#[derive(Debug, Clone, Copy)]
pub struct Budget {
    deadline: Instant,
}

impl Budget {
    /// A budget that ends at this moment.
    #[must_use]
    pub fn until(deadline: Instant) -> Self {
        Self { deadline }
    }

    /// A budget that ends this long from now.
    #[must_use]
    pub fn within(span: Duration) -> Self {
        Self::until(Instant::now() + span)
    }

    /// What is left of it.
    #[must_use]
    pub fn left(&self) -> Duration {
        self.deadline.saturating_duration_since(Instant::now())
    }

    /// Whether it is used up.
    #[must_use]
    pub fn is_over(&self) -> bool {
        self.left().is_zero()
    }
}

/// How long to wait before try number `next` (2 to [`TRIES`]); nothing where trying again is no use.
pub(super) fn delay(next: u32, error: &GitHubError, seed: u64) -> Option<Duration> {
    if next > TRIES {
        return None;
    }
    let jitter = Duration::from_millis(mix(seed, next) % 500);
    match error {
        // GitHub: obey `retry-after`, else the reset, else wait a minute at least.
        GitHubError::RateLimited { retry_after, .. } => {
            Some(Duration::from_secs(retry_after.unwrap_or(60)) + jitter)
        }
        GitHubError::Server { .. }
        | GitHubError::Network { .. }
        | GitHubError::Proxy { .. }
        | GitHubError::TimedOut
        | GitHubError::BadAnswer { .. } => {
            let base = 400_u64 << (next - 2);
            Some(Duration::from_millis(base + mix(seed, next) % base))
        }
        GitHubError::NotFound { .. }
        | GitHubError::Forbidden { .. }
        | GitHubError::Unauthorized
        | GitHubError::Stale
        | GitHubError::Ambiguous { .. }
        | GitHubError::TooLarge { .. }
        | GitHubError::RuleBlocked { .. }
        | GitHubError::Refused { .. }
        | GitHubError::Untrusted { .. }
        | GitHubError::TooOld { .. }
        | GitHubError::Setup { .. } => None,
    }
}

/// Spreads writers that failed together; the same seed and try give the same wait.
fn mix(seed: u64, turn: u32) -> u64 {
    let mut z = seed.wrapping_add(u64::from(turn).wrapping_mul(0x9E37_79B9_7F4A_7C15));
    z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    z ^ (z >> 31)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waits_grow_and_end_after_four_tries() {
        let error = GitHubError::Server { status: 502 };
        let waits: Vec<_> = (2..=TRIES).filter_map(|n| delay(n, &error, 7)).collect();
        assert_eq!(waits.len(), 3);
        assert!(waits.is_sorted() && waits[2] < Duration::from_millis(3200));
        assert_eq!(delay(TRIES + 1, &error, 7), None);
    }

    #[test]
    fn a_limit_waits_as_long_as_github_says_and_a_minute_where_it_does_not() {
        let told = GitHubError::RateLimited {
            retry_after: Some(2),
            secondary: true,
        };
        assert!(delay(2, &told, 1).unwrap() < Duration::from_secs(3));
        let silent = GitHubError::RateLimited {
            retry_after: None,
            secondary: true,
        };
        assert!(delay(2, &silent, 1).unwrap() >= Duration::from_mins(1));
    }

    #[test]
    fn a_missing_permission_is_not_asked_twice() {
        assert_eq!(delay(2, &GitHubError::Unauthorized, 1), None);
    }
}
