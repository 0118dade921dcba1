//! The first screen: is delivery getting better, why, and what next.

use serde::Serialize;

use crate::render::judged::Judged;
use crate::render::view;
use crate::report::v1::Report;

/// Most sentences of an answer.
const SENTENCES: usize = 3;

/// Three answers.
#[derive(Debug, Serialize)]
pub(super) struct Answers {
    /// There is a window before to hold this one against.
    pub(super) compared: bool,
    /// In two or three words.
    pub(super) better: String,
    /// What moved; worse first.
    pub(super) moves: Vec<Move>,
    pub(super) why: Vec<String>,
    pub(super) next: String,
    /// What speaks for it, and the first step.
    pub(super) how: Vec<String>,
}

/// A metric that moved.
#[derive(Debug, Serialize)]
pub(super) struct Move {
    pub(super) title: &'static str,
    pub(super) arrow: &'static str,
    pub(super) from: String,
    pub(super) to: String,
    /// `good`, `bad` or `none`.
    pub(super) news: &'static str,
}

/// Answers from what the report says already.
#[must_use]
pub(super) fn answers(report: &Report, judged: &Judged) -> Answers {
    let mut moves: Vec<Move> = view::rows(&report.overall)
        .into_iter()
        .filter(|row| !row.change.arrow.is_empty())
        .map(|row| Move {
            title: row.title,
            arrow: row.change.arrow,
            from: row.previous,
            to: row.value,
            news: row.change.news,
        })
        .collect();
    moves.sort_by_key(|of| of.news != "bad");
    let (next, how) = next(report, judged);
    Answers {
        compared: !is_empty(report),
        better: better(report, &moves),
        moves,
        why: why(report, judged),
        next,
        how,
    }
}

fn is_empty(report: &Report) -> bool {
    report.overall.metrics.deployment_frequency.count == 0
}

fn better(report: &Report, moves: &[Move]) -> String {
    let any = |news: &str| moves.iter().any(|of| of.news == news);
    match (any("good"), any("bad")) {
        _ if is_empty(report) => "Nothing to measure yet".to_owned(),
        (true, true) => "Better and worse".to_owned(),
        (true, false) => "Getting better".to_owned(),
        (false, true) => "Getting worse".to_owned(),
        (false, false) => view::header(report).verdict,
    }
}

fn why(report: &Report, judged: &Judged) -> Vec<String> {
    if is_empty(report) {
        let mut out = vec![view::header(report).verdict];
        out.extend(report.notes.iter().map(|n| super::unticked(&n.says)));
        out.truncate(SENTENCES);
        return out;
    }
    let mut out: Vec<String> = Vec::new();
    for level in ["alert", "warn"] {
        let found = report.findings.iter().filter(|f| f.level == level);
        out.extend(found.map(|f| f.says.clone()));
    }
    out.truncate(SENTENCES - 1);
    if !judged.bottleneck.is_empty() {
        out.push(judged.bottleneck.clone());
    }
    let good = report.findings.iter().filter(|f| f.level == "good");
    out.extend(good.map(|f| f.says.clone()));
    out.truncate(SENTENCES);
    if out.is_empty() {
        out.push("Nothing stands out in this window.".to_owned());
    }
    out
}

/// What to do, and what speaks for it: the recommendation, a finding's, or data that would tell more.
fn next(report: &Report, judged: &Judged) -> (String, Vec<String>) {
    if is_empty(report) {
        let mut how: Vec<String> = report
            .notes
            .iter()
            .filter_map(|n| Some(super::unticked(n.help.as_deref()?)))
            .collect();
        how.truncate(SENTENCES - 1);
        let says = "Name the environments that are production in .github/fivekeys.yml, or record a deployment with fivekeys deploy.";
        return (says.to_owned(), how);
    }
    if let Some(advice) = &judged.advice {
        let Some(step) = advice.steps.first() else {
            return (advice.says.clone(), Vec::new());
        };
        let prize = (!advice.prize.is_empty()).then(|| advice.prize.clone());
        let how = std::iter::once(advice.says.clone()).chain(prize);
        return (step.clone(), how.collect());
    }
    let found = report.findings.iter().find_map(|f| f.next.clone());
    if let Some(says) = found {
        return (says, Vec::new());
    }
    match report.quality.fixes.first() {
        Some(fix) => (
            "Make the data better first.".to_owned(),
            vec![super::unticked(fix)],
        ),
        None => (
            "Keep going: nothing here asks for a change.".to_owned(),
            Vec::new(),
        ),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::render::{fixture, judged};

    fn of(report: &Report) -> Answers {
        answers(report, &judged::of(report))
    }

    #[test]
    fn what_got_worse_stands_first() {
        let found = of(&fixture::shop());
        assert_eq!(found.better, "Better and worse");
        let moves: Vec<(&str, &str)> = found.moves.iter().map(|m| (m.title, m.news)).collect();
        assert_eq!(
            moves,
            [
                ("Deployment rework rate", "bad"),
                ("Change lead time", "good"),
                ("Deployment frequency", "good"),
            ]
        );
    }

    #[test]
    fn the_recommendation_is_what_comes_next() {
        let found = of(&fixture::promised());
        assert_eq!(found.next, "Put reviews before new work.");
        assert_eq!(found.how[0], "Review is your largest wait.");
        assert_eq!(found.how.len(), 2);
        assert!(found.why.iter().any(|s| s.contains("largest stage")));
    }

    #[test]
    fn an_empty_history_says_how_to_begin() {
        let found = of(&fixture::empty());
        assert_eq!(found.better, "Nothing to measure yet");
        assert!(found.next.contains(".github/fivekeys.yml") && !found.why.is_empty());
    }
}
