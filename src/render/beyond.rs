//! Numbers beside the five, in words: one row each, the missing ones with their reason.

use serde::Serialize;

use super::humanize;
use crate::report::BESIDE;
use crate::report::v1::{Beside, Scope};

/// A row in words.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(crate) struct Line {
    pub(crate) title: &'static str,
    pub(crate) definition: &'static str,
    pub(crate) n: String,
    /// The value, or that there is none.
    pub(crate) value: String,
    pub(crate) p90: String,
    pub(crate) interval: String,
    /// The reason in two or three words; empty where there is a value.
    pub(crate) why: String,
}

/// Every row that the scope has, in the order of the table.
#[must_use]
pub(crate) fn rows(scope: &Scope) -> Vec<Line> {
    let found = BESIDE
        .iter()
        .filter_map(|row| Some((row, scope.beside.get(row.id)?)));
    found
        .map(|(row, of)| Line {
            title: row.title,
            definition: row.definition,
            n: of.n.to_string(),
            value: of
                .value
                .map_or_else(|| humanize::NOTHING.to_owned(), |v| worded(of, v)),
            p90: of.p90.map_or_else(|| "–".to_owned(), |v| worded(of, v)),
            interval: of.interval95.map_or_else(
                || "–".to_owned(),
                |[low, high]| format!("{}–{}", worded(of, low), worded(of, high)),
            ),
            why: match of.reason.as_deref() {
                // There may be many, and none of them has what the row counts.
                Some("no_deployments") => "none in this window".to_owned(),
                // It was not cut off: no source that was read tells it.
                Some("truncated") => "not told by any source".to_owned(),
                reason => reason.unwrap_or_default().replace('_', " "),
            },
        })
        .collect()
}

fn worded(of: &Beside, value: f64) -> String {
    match of.unit.as_str() {
        "ratio" => humanize::percent(value),
        "seconds" => humanize::duration(value),
        _ => humanize::number(value),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::render::fixture;

    #[test]
    fn what_is_missing_says_why_and_is_no_zero() {
        let rows = rows(&fixture::shop().overall);
        let values: Vec<_> = rows
            .iter()
            .map(|r| (r.title, r.value.as_str(), r.why.as_str()))
            .collect();
        assert_eq!(
            values,
            [
                ("Deploy success rate", "94 %", ""),
                ("Time to merge", "4 h", ""),
                ("CI run time", "no data", "not told by any source"),
            ]
        );
    }
}
