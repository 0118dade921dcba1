//! What next: one recommendation, from rules whose trigger is computed here and whose prize is computed from the team's own data.
//!
//! `recommendations.json` holds the words, with DORA's page on the capability and the evidence for it. A sentence
//! has `{placeholders}`; one whose numbers are not known is left out. What brings most, as a share of the metric
//! it improves, comes first.

mod instability;
mod rule;
mod waits;

use std::sync::LazyLock;

use serde::Deserialize;

use super::{Insight, Level, Sight};
use rule::{Facts, Found, RULES};

/// The file as shipped. It is part of the program and tested; were it broken, nothing is recommended.
static WORDS: LazyLock<Vec<Words>> = LazyLock::new(|| {
    serde_json::from_str(include_str!("recommendations.json")).unwrap_or_default()
});

/// One rule's words.
#[derive(Debug, Deserialize)]
struct Words {
    id: String,
    capability: String,
    url: String,
    say: Vec<String>,
    steps: Vec<String>,
    evidence: String,
    source: String,
    leading: String,
}

/// What following it would bring.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Gain {
    /// Id of the metric that improves.
    pub metric: &'static str,
    /// Its value now, in its unit.
    pub now: f64,
    /// What it would be.
    pub then: f64,
}

impl Gain {
    /// As a share of the value now.
    fn relative(&self) -> f64 {
        if self.now > 0.0 {
            (self.now - self.then) / self.now
        } else {
            0.0
        }
    }
}

/// The number that moves first when it is followed.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Leading {
    /// `seconds` or `changes`.
    pub unit: &'static str,
    /// Now; `None` where it is not known.
    pub value: Option<f64>,
}

/// Something to do next.
#[derive(Debug, Clone, PartialEq)]
pub struct Recommendation {
    /// Stable id of its rule.
    pub id: &'static str,
    /// What was found.
    pub says: String,
    /// What to do, the first first.
    pub steps: Vec<String>,
    /// Events behind it.
    pub because: Vec<String>,
    /// What DORA knows about it.
    pub evidence: &'static str,
    /// Where that is written.
    pub source: &'static str,
    /// DORA's name of the capability.
    pub capability: &'static str,
    /// Its page.
    pub url: &'static str,
    /// What it would bring; `None` where that cannot be computed.
    pub gain: Option<Gain>,
    /// Name of the leading indicator.
    pub leading: &'static str,
    /// Its present value.
    pub indicator: Leading,
}

impl Recommendation {
    /// As a finding, when another one comes first.
    #[must_use]
    pub fn as_finding(&self) -> Insight {
        Insight {
            id: self.id,
            level: Level::Info,
            says: self.says.clone(),
            because: self.because.clone(),
            next: self.steps.first().cloned(),
            p: None,
        }
    }
}

/// A smaller gain, as a share of the metric, is none worth naming.
const LEAST_GAIN: f64 = 0.01;

/// Every rule that speaks; the one to follow first.
#[must_use]
pub fn recommend(sight: &Sight<'_>) -> Vec<Recommendation> {
    let facts = Facts::of(sight);
    let mut out: Vec<Recommendation> = RULES
        .iter()
        .filter_map(|(id, look)| worded(id, look(&facts)?))
        .collect();
    let worth = |r: &Recommendation| r.gain.map_or(0.0, |gain| gain.relative());
    // Stable: of equals the earlier rule.
    out.sort_by(|a, b| worth(b).total_cmp(&worth(a)));
    out
}

fn worded(id: &'static str, found: Found) -> Option<Recommendation> {
    let words: &'static Words = WORDS.iter().find(|words| words.id == id)?;
    let filled = |texts: &[String]| -> Vec<String> {
        texts
            .iter()
            .filter_map(|text| fill(text, &found.values))
            .collect()
    };
    let says = filled(&words.say);
    (!says.is_empty()).then(|| Recommendation {
        id,
        says: says.join(" "),
        steps: filled(&words.steps),
        because: found.because,
        evidence: &words.evidence,
        source: &words.source,
        capability: &words.capability,
        url: &words.url,
        gain: found.gain.filter(|gain| gain.relative() > LEAST_GAIN),
        leading: &words.leading,
        indicator: found.leading,
    })
}

/// The sentence with its numbers; `None` when one is missing.
fn fill(text: &str, values: &[(&'static str, String)]) -> Option<String> {
    let mut parts = text.split('{');
    let mut out = parts.next()?.to_owned();
    for part in parts {
        let (name, rest) = part.split_once('}')?;
        let (_, value) = values.iter().find(|(known, _)| *known == name)?;
        out.push_str(value);
        out.push_str(rest);
    }
    Some(out)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_rule_has_words_and_every_word_a_rule() {
        let ids: Vec<&str> = RULES.iter().map(|(id, _)| *id).collect();
        let words: Vec<&str> = WORDS.iter().map(|w| w.id.as_str()).collect();
        assert_eq!(ids, words);
        for words in WORDS.iter() {
            assert!(words.url.starts_with("https://dora.dev/capabilities/"));
            assert!(words.source.starts_with("DORA, "), "{}", words.id);
            assert!(!words.steps.is_empty() && !words.say.is_empty());
        }
    }

    #[test]
    fn a_sentence_without_its_number_is_left_out() {
        let values = [("n", "3".to_owned()), ("m", "{n}".to_owned())];
        assert_eq!(fill("a {n} b {m}.", &values).unwrap(), "a 3 b {n}.");
        assert_eq!(fill("a {k}.", &values), None);
        assert_eq!(fill("plain", &values).as_deref(), Some("plain"));
    }
}
