//! Incidents of a status page in cState's form: one Markdown file each, with YAML front matter.

use serde_yaml::Value;

use super::loose_time;
use super::table::{self, Adapter, Assumed, ReadError, Reading};
use crate::config::{Config, ShapeError, parse_yaml};
use crate::event::{Event, Fact, Incident, Source, causes_in, digest};

/// The row of [`super::ADAPTERS`].
pub(super) const ADAPTER: Adapter = Adapter {
    id: "cstate",
    title: "Status page of cState",
    definition: "Posts of a status page in cState's form: a folder of Markdown files, or their text, each after a line `==> NAME.md <==`. Planned work, `notice` and `informational`, is no incident.",
    read,
};

/// Every post; one that cannot be used is its own fault, and is said.
fn read(bytes: &[u8], config: &Config) -> Result<Reading, ReadError> {
    let text = table::text(bytes)?;
    let mut out = Reading::default();
    let (mut notices, mut assumed, mut left_out) = (0_usize, 0_usize, Vec::new());
    for (key, post) in posts(text) {
        match parse(&key, post, config) {
            Ok(Post::Incident { event, assumed_utc }) => {
                assumed += usize::from(assumed_utc);
                out.events.push(*event);
            }
            Ok(Post::Notice) => notices += 1,
            Err(why) => left_out.push(format!("{key} ({why})")),
        }
    }
    if out.events.is_empty() && notices == 0 {
        let what = left_out.first().map_or("there is no post", String::as_str);
        return Err(ShapeError::new(what, None).into());
    }
    let mut note = |code, says: String| {
        out.notes.push(Assumed {
            code,
            says,
            help: None,
        });
    };
    if notices > 0 {
        note(
            "notices_left_out",
            format!("{notices} posts of the status page are planned work or news, not incidents."),
        );
    }
    if assumed > 0 {
        note(
            "utc_assumed",
            format!("{assumed} incidents have a time without an offset: UTC was assumed."),
        );
    }
    if !left_out.is_empty() {
        let shown: Vec<String> = left_out.iter().take(8).cloned().collect();
        note(
            "posts_left_out",
            format!(
                "{} posts of the status page were not read: {}.",
                left_out.len(),
                shown.join(", ")
            ),
        );
    }
    Ok(out)
}

/// The posts of a text with their keys: the names of their files, or without those the content.
fn posts(text: &str) -> Vec<(String, &str)> {
    let mut found: Vec<(String, &str)> = Vec::new();
    let mut from = 0;
    let mut key = None;
    let mut at = 0;
    for line in text.split_inclusive('\n') {
        let name = line
            .trim_end()
            .strip_prefix("==> ")
            .and_then(|l| l.strip_suffix(" <=="));
        if let Some(name) = name {
            found.extend(
                key.take()
                    .map(|key| (key, text.get(from..at).unwrap_or(""))),
            );
            let name = name.strip_suffix(".md").unwrap_or(name);
            key = Some(name.replace(char::is_control, ""));
            from = at + line.len();
        }
        at += line.len();
    }
    let last = text.get(from..).unwrap_or("");
    let key = key.unwrap_or_else(|| digest(last.as_bytes(), 12));
    found.push((key, last));
    found
}

/// A post that cannot be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
enum CstateError {
    /// The text does not begin with a block between lines of `---`.
    #[error("it has no front matter")]
    NoFrontMatter,
    /// The front matter is not YAML.
    #[error("its front matter is not YAML: {0}")]
    NotYaml(String),
    /// A moment is absent or none.
    #[error("its `{0}` is not a moment")]
    Time(&'static str),
}

/// What a post on a status page is.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Post {
    /// Users were, or are, affected.
    Incident {
        /// The fact.
        event: Box<Event>,
        /// A time without an offset was taken for UTC.
        assumed_utc: bool,
    },
    /// Planned work, or news: severity `notice`, or `informational`.
    Notice,
}

/// Reads a post. Its key is the name of its file without the ending; the id is `inc:cstate:<key>`.
///
/// # Errors
/// When it is no such post, or does not say when it began and, where it is resolved, when it ended.
fn parse(key: &str, text: &str, config: &Config) -> Result<Post, CstateError> {
    let (front, body) = split(text).ok_or(CstateError::NoFrontMatter)?;
    let front: Value = parse_yaml(front).map_err(|e| CstateError::NotYaml(e.to_string()))?;
    let word = |name: &str| scalar(front.get(name)).map(|w| w.trim().to_ascii_lowercase());
    if word("severity").as_deref() == Some("notice")
        || word("informational").as_deref() == Some("true")
    {
        return Ok(Post::Notice);
    }
    let moment = |name: &'static str| {
        let text = scalar(front.get(name)).ok_or(CstateError::Time(name))?;
        loose_time::read(&text).ok_or(CstateError::Time(name))
    };
    let opened = moment("date")?;
    // An open incident may hold the time of an earlier end.
    let resolved = (word("resolved").as_deref() == Some("true"))
        .then(|| moment("resolvedWhen"))
        .transpose()?;
    Ok(Post::Incident {
        event: Box::new(Event {
            id: format!("inc:cstate:{key}"),
            time: opened.at,
            source: Source::StatusPage,
            updated: resolved.map_or(opened.at, |r| r.at.max(opened.at)),
            fact: Fact::Incident(Incident {
                opened_at: opened.at,
                resolved_at: resolved.map(|r| r.at),
                service: service(&front, config),
                causes: causes_in(body),
                fixed_by: None,
                title: None,
            }),
        }),
        assumed_utc: opened.assumed_utc || resolved.is_some_and(|r| r.assumed_utc),
    })
}

/// Front matter and body.
fn split(text: &str) -> Option<(&str, &str)> {
    let (first, rest) = text.split_once('\n')?;
    if first.trim_end() != "---" {
        return None;
    }
    let mut from = 0;
    for line in rest.split_inclusive('\n') {
        if line.trim_end() == "---" {
            return Some((rest.get(..from)?, rest.get(from + line.len()..)?));
        }
        from += line.len();
    }
    None
}

fn scalar(value: Option<&Value>) -> Option<String> {
    let value = value?;
    let text = value.as_str().map(str::to_owned);
    text.or_else(|| value.as_bool().map(|b| b.to_string()))
        .or_else(|| value.as_i64().map(|n| n.to_string()))
}

/// The service it hurts, where it names exactly one of ours: a page's systems are seldom the services of a repository.
fn service(front: &Value, config: &Config) -> Option<String> {
    let affected = front.get("affected")?.as_sequence()?;
    let mut ours = affected
        .iter()
        .filter_map(Value::as_str)
        .filter(|name| config.services.contains_key(*name));
    let only = ours.next()?;
    ours.next().is_none().then(|| only.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config;
    use crate::event::{Cause, parse_instant};

    const POST: &str = "---\ntitle: API is down\ndate: 2026-03-02T9:58:00-00:00\nresolved: true\n\
        resolvedWhen: 2026-03-02 12:41:00\n# levels: down, disrupted, notice\nseverity: down\naffected:\n  - api\n  \
        - www\nsection: issue\n---\n\nCaused-by: #12\n";

    fn incident(text: &str, config: &Config) -> (Event, bool) {
        match parse("2026-03-02-api", text, config) {
            Ok(Post::Incident { event, assumed_utc }) => (*event, assumed_utc),
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn a_post_is_an_incident_with_its_times_and_causes() {
        let services = config::parse("services: {api: {}}").unwrap();
        let (event, assumed_utc) = incident(POST, &services);
        assert_eq!(
            (event.id.as_str(), assumed_utc),
            ("inc:cstate:2026-03-02-api", true)
        );
        let fact = event.fact.as_incident().unwrap();
        assert_eq!(
            fact.opened_at,
            parse_instant("2026-03-02T09:58:00Z").unwrap()
        );
        assert_eq!(fact.resolved_at, parse_instant("2026-03-02T12:41:00Z").ok());
        assert_eq!(fact.service.as_deref(), Some("api"));
        assert_eq!(fact.causes, [Cause::Pull(12)]);
        assert_eq!(
            incident(POST, &Config::default())
                .0
                .fact
                .as_incident()
                .unwrap()
                .service,
            None
        );
    }

    #[test]
    fn an_open_post_has_no_end_and_a_notice_is_no_incident() {
        let open = POST.replace("resolved: true", "resolved: false");
        assert_eq!(
            incident(&open, &Config::default())
                .0
                .fact
                .as_incident()
                .unwrap()
                .resolved_at,
            None
        );
        for notice in [
            POST.replace("severity: down", "severity: Notice"),
            POST.replace("section: issue", "informational: true"),
        ] {
            assert_eq!(parse("x", &notice, &Config::default()), Ok(Post::Notice));
        }
    }

    #[test]
    fn what_is_no_post_says_why() {
        let of = |text: &str| parse("x", text, &Config::default()).unwrap_err();
        assert_eq!(of("# About\n"), CstateError::NoFrontMatter);
        assert_eq!(of("---\ndate: 2026-03-02\n"), CstateError::NoFrontMatter);
        assert!(matches!(of("---\na: [\n---\n"), CstateError::NotYaml(_)));
        assert_eq!(of("---\ntitle: x\n---\n"), CstateError::Time("date"));
        assert_eq!(
            of(&POST.replace("resolvedWhen: 2026-03-02 12:41:00\n", "")),
            CstateError::Time("resolvedWhen")
        );
    }
}
