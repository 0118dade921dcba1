//! What people say of failures: issues that are incidents, words on pull requests, the file of corrections.

use std::collections::BTreeSet;

use super::{Ask, Collected, Note, Purse, is_news};
use crate::adapter::{Corrections, github_issue, github_judgement};
use crate::config::Config;
use crate::event::{Event, Instant, Source, parse_instant};
use crate::github::{Page, Part};

/// Adds what is new. A run without a configuration that can be trusted takes nothing back.
pub(super) async fn collect(purse: &Purse<'_>, out: &mut Collected) {
    incidents(purse, out).await;
    marks(purse, out).await;
    corrections(&purse.ask, out);
}

/// Issues, page by page while there is news.
async fn incidents(purse: &Purse<'_>, out: &mut Collected) {
    let ask = &purse.ask;
    let labels = &ask.config.incident_labels;
    if labels.is_empty() {
        return;
    }
    if let Some(error) = ask.state.problem(&Part::Issues) {
        let mut note = Note::of("issues that are incidents", error);
        let unasked = *labels == Config::default().incident_labels;
        if note.code == "not_permitted" && unasked {
            // A workflow that was written without incidents in mind is not to be warned in each of its runs.
            note.code = "no_incident_source";
        }
        out.note(note);
        return;
    }
    let mut page = ask.state.issues.clone();
    let mut seen = BTreeSet::new();
    let reached = loop {
        let oldest = oldest(&page);
        let any_known = take_issues(ask, &page, &mut seen, out);
        let Some(cursor) = page.next_cursor.take() else {
            break Instant::MIN_UTC;
        };
        // What was touched before something that is known was read by an earlier run.
        let Some(oldest) = oldest.filter(|at| !any_known && *at >= ask.cutoff) else {
            break oldest.unwrap_or(Instant::MAX_UTC);
        };
        if purse.left_of(ask.requests / 2) == 0 {
            out.note(Note::truncated("older incidents", ask));
            break oldest;
        }
        match ask.client.more_issues(labels, &cursor, ask.budget).await {
            Ok(next) => page = next,
            Err(error) => {
                out.note(Note::of("older incidents", &error));
                break oldest;
            }
        }
    };
    if ask.trusted {
        take_back(ask, reached, &seen, out);
    }
}

/// Takes a page in; tells whether the ledger knew any of it as it is.
fn take_issues(
    ask: &Ask<'_>,
    page: &Page,
    seen: &mut BTreeSet<String>,
    out: &mut Collected,
) -> bool {
    let mut any_known = false;
    for node in &page.nodes {
        let Ok(Some(read)) = github_issue::from_graphql(node, &ask.config.incident_labels) else {
            continue;
        };
        let event = read.incident;
        seen.insert(event.id.clone());
        settle(ask, &event, read.left_out, out);
        if is_news(ask.known, &event) {
            out.events.push(event);
        } else {
            any_known = true;
        }
    }
    any_known
}

/// Whatever still has the label was touched after it was stored, and would have been read.
fn take_back(ask: &Ask<'_>, reached: Instant, seen: &BTreeSet<String>, out: &mut Collected) {
    let lost = ask.known.iter().filter(|event| {
        event.source == Source::GithubIssues
            && event.fact.as_incident().is_some()
            && event.updated >= reached
            && !seen.contains(&event.id)
            && !ask.known.is_retracted(&event.id)
    });
    for event in lost {
        let mut gone = event.clone();
        gone.updated += chrono::Duration::milliseconds(1);
        settle(ask, &gone, Some("the issue lost its incident label"), out);
    }
}

/// Takes an event back, or back in, where its source says otherwise than the ledger.
fn settle(ask: &Ask<'_>, event: &Event, left_out: Option<&str>, out: &mut Collected) {
    let mut word = Event::retraction(&event.id, left_out, event.source, event.updated);
    let known = ask.known.get(word.fact.kind(), &word.id);
    let says = |known: &Event| known.fact == word.fact;
    if known.map_or(left_out.is_none(), says) {
        return;
    }
    if let Some(known) = known {
        word.updated = word
            .updated
            .max(known.updated + chrono::Duration::milliseconds(1));
    }
    out.events.push(word);
}

/// Pull requests that were touched since the ledger last heard of a deployment.
async fn marks(purse: &Purse<'_>, out: &mut Collected) {
    let ask = &purse.ask;
    if let Some(error) = ask.state.problem(&Part::Marks) {
        out.note(Note::of("words on pull requests", error));
        return;
    }
    let heard = ask
        .known
        .iter()
        .filter(|event| event.fact.as_deployment().is_some());
    // What was written before the first run was written for somebody else.
    let since = heard.map(|event| event.updated).max();
    let mut page = ask.state.marks.clone();
    let mut more = ask.requests / 8;
    loop {
        for node in &page.nodes {
            if let Ok(read) = github_judgement::from_graphql(node, &ask.config.rules) {
                take_mark(ask, read, out);
            }
        }
        let older = oldest(&page).filter(|at| since.is_some_and(|since| *at >= since));
        let Some(cursor) = page.next_cursor.take().filter(|_| older.is_some()) else {
            return;
        };
        // They are seldom used: an eighth of all requests is plenty.
        if purse.left_of(ask.requests / 2) == 0 || more == 0 {
            return out.note(Note {
                code: "truncated",
                says: "words on pull requests that were touched long ago were not looked for"
                    .to_owned(),
                help: Some("write them into the file of corrections".to_owned()),
            });
        }
        more -= 1;
        match ask.client.more_marks(&cursor, ask.budget).await {
            Ok(next) => page = next,
            Err(error) => return out.note(Note::of("words on older pull requests", &error)),
        }
    }
}

fn take_mark(ask: &Ask<'_>, read: github_judgement::ReadMark, out: &mut Collected) {
    if let Some(number) = read.unclear {
        out.note(Note {
            code: "unreadable",
            says: format!("a /fivekeys command on pull request {number} is none that is known"),
            help: Some(
                "write `/fivekeys failed`, `/fivekeys failed fixed by #12` or `/fivekeys fine`"
                    .to_owned(),
            ),
        });
    }
    let known = ask.known.get("deployment.corrected", &read.id);
    // Older comments are not shown: one of them may be what the ledger remembers.
    let may_be_older =
        |known: &Event| read.cut && read.word.as_ref().is_none_or(|word| word.time < known.time);
    if known.is_some_and(may_be_older) {
        return;
    }
    match (read.word, known) {
        (Some(word), _) => {
            settle(ask, &word, None, out);
            let same = |known: &Event| known.fact == word.fact && known.time == word.time;
            if !known.is_some_and(same) {
                out.events.push(word);
            }
        }
        (None, Some(known)) if ask.trusted => {
            let mut gone = known.clone();
            gone.updated = read.updated.max(known.updated);
            settle(ask, &gone, Some("nobody says so any more"), out);
        }
        (None, _) => {}
    }
}

fn corrections(ask: &Ask<'_>, out: &mut Collected) {
    let path = &ask.config.corrections;
    if let Some(error) = ask.state.problem(&Part::Corrections) {
        out.note(Note::of(path, error));
        return;
    }
    if !ask.trusted {
        return;
    }
    let text = ask
        .state
        .corrections
        .as_ref()
        .and_then(|f| f.text.as_deref());
    match Corrections::parse(text.unwrap_or_default()) {
        Ok(found) => out.events.extend(found.events(ask.known, ask.now)),
        Err(error) => out.note(Note {
            code: "unreadable",
            says: format!("{path}: {error}; what it said before stays in force"),
            help: error.help,
        }),
    }
}

/// The last of a page was touched longest ago.
fn oldest(page: &Page) -> Option<Instant> {
    let moments = page
        .nodes
        .iter()
        .filter_map(|node| node["updatedAt"].as_str());
    moments.filter_map(|text| parse_instant(text).ok()).min()
}
