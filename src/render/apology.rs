//! The job summary of a run that could read nothing: what went wrong, and that the deploy did not.

use std::fmt::Write as _;

use super::RunFacts;
use super::escape;

/// A summary without numbers. It cannot fail: there is no template behind it.
#[must_use]
pub fn apology(facts: &RunFacts) -> String {
    let mut text = "### Delivery was not measured in this run\n\n".to_owned();
    for warning in &facts.banner {
        let _ = write!(text, "> [!WARNING]\n> {}\n\n", escape::markdown(warning));
    }
    text.push_str(
        "The deployment itself is not affected. What GitHub has a record of, the next run takes in.\n",
    );
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_warning_stays_one_quoted_line() {
        let facts = RunFacts {
            banner: vec!["no\n# heading <b>".to_owned()],
            ..RunFacts::default()
        };
        let text = apology(&facts);
        assert!(
            !text.contains("\n# heading") && !text.contains("<b>"),
            "{text}"
        );
    }
}
