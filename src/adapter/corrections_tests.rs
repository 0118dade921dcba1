//! The file of corrections: read, read again, changed, emptied, and wrong in every way.

use super::*;

const TWO: &str = "# ours\n- deployment: dep:DE_1\n  failed: true\n  fixed_by: '#12'\n  why: checkout was down\n- retract: inc:gh:4\n  why: a drill\n";

fn at(hour: u32) -> Instant {
    parse_instant(&format!("2026-03-02T{hour:02}:00:00Z")).unwrap()
}

/// Takes a text in, and the events that this gave.
fn take(known: &mut Events, text: &str, hour: u32) -> usize {
    let events = Corrections::parse(text).unwrap().events(known, at(hour));
    known.extend(events.clone());
    events.len()
}

/// The judgements that count, by deployment.
fn judged(known: &Events) -> BTreeMap<String, bool> {
    let valid = known.without_retracted();
    let word = |e: &Event| {
        let Fact::DeploymentCorrected(c) = &e.fact else {
            return None;
        };
        Some((c.deployment.clone(), c.failed))
    };
    valid.iter().filter_map(word).collect()
}

#[test]
fn the_file_is_a_state_and_reading_it_again_changes_nothing() {
    let mut known = Events::default();
    assert_eq!(take(&mut known, TWO, 10), 2);
    assert_eq!(judged(&known), [("dep:DE_1".to_owned(), true)].into());
    assert!(known.is_retracted("inc:gh:4"));
    assert_eq!(take(&mut known, TWO, 11), 0);
    // Changed: the same register says something else.
    assert_eq!(
        take(
            &mut known,
            &TWO.replace("failed: true", "failed: false"),
            12
        ),
        1
    );
    assert_eq!(judged(&known), [("dep:DE_1".to_owned(), false)].into());
    // Gone, and there again.
    assert_eq!(take(&mut known, "", 13), 2);
    assert!(judged(&known).is_empty() && !known.is_retracted("inc:gh:4"));
    assert_eq!(take(&mut known, "# nothing\n", 14), 0);
    assert_eq!(take(&mut known, TWO, 15), 3);
    assert_eq!(judged(&known), [("dep:DE_1".to_owned(), true)].into());
    assert!(known.is_retracted("inc:gh:4"));
    assert_eq!(take(&mut known, TWO, 16), 0);
}

#[test]
fn the_union_is_the_same_in_any_order() {
    let mut known = Events::default();
    let mut all = Vec::new();
    for (text, hour) in [(TWO, 10), ("", 11), (TWO, 12)] {
        let events = Corrections::parse(text).unwrap().events(&known, at(hour));
        known.extend(events.clone());
        all.extend(events);
    }
    all.reverse();
    assert_eq!(all.into_iter().collect::<Events>(), known);
}

#[test]
fn a_mistake_is_said_with_its_place_and_a_way_out() {
    for (text, line, what, help) in [
        (
            "- deploymnt: x\n  failed: true\n  why: y\n",
            1,
            "deploymnt",
            "`deployment`",
        ),
        (
            "- retract: a\n  why: b\n\n- deployment: x\n  why: y\n",
            4,
            "`failed` is missing",
            "true or false",
        ),
        ("- deployment: x\n  failed: true\n", 1, "no `why`", "review"),
        ("- why: because\n", 1, "neither", "retract"),
        (
            "- deployment: x\n  failed: true\n  why: a\n- deployment: x\n  failed: false\n  why: b\n",
            4,
            "twice",
            "one",
        ),
        (
            "- deployment: x\n  failed: true\n  why: a\n  at: soon\n",
            1,
            "`at`",
            "",
        ),
    ] {
        let error = Corrections::parse(text).unwrap_err();
        assert_eq!(error.place.map(|p| p.0), Some(line), "{text}: {error}");
        assert!(error.to_string().contains(what), "{text}: {error}");
        assert!(error.help.unwrap_or_default().contains(help), "{text}");
    }
    for text in [
        "deployment: x",
        "- 7",
        "- [",
        "- deployment: {a: b}\n  failed: true\n  why: c",
        "\u{0}",
    ] {
        assert!(Corrections::parse(text).is_err(), "{text}");
    }
}

#[test]
fn a_run_may_be_a_number() {
    let mut known = Events::default();
    take(
        &mut known,
        "- deployment: 99\n  failed: true\n  why: y\n",
        9,
    );
    assert!(judged(&known).contains_key("99"));
}
