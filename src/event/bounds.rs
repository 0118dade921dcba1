//! What a calendar can hold: moments and spans beyond it are mistakes, and every sum of the others is safe.

use chrono::Datelike as _;

use super::{Event, Fact, Instant, Span};

/// Longest span in seconds: ten thousand years.
const LONGEST: Span = 10_000 * 366 * 86_400;

/// Whether a moment lies in the years 1 to 9999, which is what RFC 3339 can write.
#[must_use]
pub fn is_datable(at: Instant) -> bool {
    (1..=9999).contains(&at.year())
}

/// A moment of so many seconds since 1970; `None` where it is not datable.
#[must_use]
pub fn instant_of_seconds(seconds: i64) -> Option<Instant> {
    Instant::from_timestamp(seconds, 0).filter(|at| is_datable(*at))
}

impl Event {
    /// Whether all its moments are datable, and its spans no longer than the calendar.
    #[must_use]
    pub fn is_bounded(&self) -> bool {
        let (moments, spans) = self.fact.times();
        let moments = moments.into_iter().chain([self.time, self.updated]);
        moments.into_iter().all(is_datable)
            && spans.iter().all(|span| (-LONGEST..=LONGEST).contains(span))
    }
}

impl Fact {
    fn times(&self) -> (Vec<Instant>, Vec<Span>) {
        match self {
            Self::Deployment(d) => {
                let changes = d.changes.iter().flatten().map(|c| c.started_at);
                let moments = [d.started_at, d.finished_at].into_iter().flatten();
                let spans = [d.queue_seconds, d.approval_seconds, d.timer_seconds];
                (
                    moments.chain(changes).collect(),
                    spans.into_iter().flatten().collect(),
                )
            }
            Self::Commit(c) => (vec![c.authored_at], Vec::new()),
            Self::Pull(p) => {
                let moments = [
                    p.created_at,
                    p.first_commit_at,
                    p.ready_at,
                    p.first_review_at,
                    p.approved_at,
                    p.queued_at,
                    p.merged_at,
                ];
                let spans =
                    p.ci.iter()
                        .flat_map(|ci| [ci.run_seconds, ci.queue_seconds]);
                (
                    moments.into_iter().flatten().collect(),
                    spans.flatten().collect(),
                )
            }
            Self::Incident(i) => (
                [Some(i.opened_at), i.resolved_at]
                    .into_iter()
                    .flatten()
                    .collect(),
                Vec::new(),
            ),
            Self::Range(_) | Self::DeploymentCorrected(_) | Self::EventRetracted(_) => {
                (Vec::new(), Vec::new())
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn moments_and_spans_beyond_the_calendar_are_told() {
        let line = |time: &str, more: &str| -> Event {
            let fact =
                format!(r#"{{"deployment":{{"environment":"p","outcome":"success"{more}}}}}"#);
            let text = format!(
                r#"{{"id":"dep:1","time":"{time}","source":"manual","updated":"2026-03-02T10:00:00Z","fact":{fact}}}"#
            );
            serde_json::from_str(&text).unwrap()
        };
        assert!(line("9999-12-31T23:59:59Z", r#","queue_seconds":9"#).is_bounded());
        assert!(line("0001-01-01T00:00:00Z", "").is_bounded());
        assert!(!line("0000-12-31T23:59:59Z", "").is_bounded());
        assert!(!line("+262142-12-31T23:59:59Z", "").is_bounded());
        let ended = r#","finished_at":"-200000-01-01T00:00:00Z""#;
        assert!(!line("2026-03-02T10:00:00Z", ended).is_bounded());
        let queued = r#","queue_seconds":9223372036854775807"#;
        assert!(!line("2026-03-02T10:00:00Z", queued).is_bounded());
    }
}
