//! Changes with the sign of an AI agent beside those without: how long they take, how often they fail at equal size.

use serde::Serialize;

use super::axis::{Axis, Label, Table, Tick, across, px};
use super::batch;
use crate::render::chart::Scale;
use crate::render::humanize;
use crate::report::Unit;
use crate::report::v1::{AiBand, AiCohort, AiCohorts, AiFailRate, AiFailures, DeltaState, Report};

/// Height of a group's row, in pixels.
const ROW: f64 = 46.0;
/// Share of the width that the longest interval takes; the rest is for words.
const LONGEST: f64 = 0.6;
/// Deployments below which a share is in the table alone: its interval would make the others small.
const DRAWN: u64 = 5;
/// The groups in the document, and what they are called here: the first is drawn darker.
const GROUPS: [(&str, &str); 2] = [("signed", "with a sign"), ("unsigned", "without")];

/// Both groups, drawn.
#[derive(Debug, Serialize)]
pub(super) struct Cohorts {
    /// How many changes have a sign.
    says: String,
    leads: Leads,
    /// `lines` or `changes`.
    size: String,
    fails: Option<Fails>,
    /// What the failures tell, or what is missing.
    fails_says: String,
    table: Table,
}

/// Medians with their intervals.
#[derive(Debug, Serialize)]
struct Leads {
    says: String,
    /// What is drawn, and how large changes are.
    note: String,
    rows: Vec<Row>,
    foot: String,
    ticks: Vec<Label>,
}

/// One group.
#[derive(Debug, Serialize)]
struct Row {
    name: &'static str,
    /// Whether it is the group with a sign.
    signed: bool,
    y: String,
    /// Where words and the interval stand, down.
    middle: String,
    line: String,
    width: String,
    low: String,
    high: String,
    /// Where its words begin, across.
    end: String,
    words: String,
}

/// Shares of failure by size.
#[derive(Debug, Serialize)]
struct Fails {
    ticks: Vec<Tick>,
    labels: Vec<Label>,
    bars: Vec<Bar>,
    /// Places of bars, empty ones too.
    halves: usize,
    /// Width of a bar.
    bar: String,
    table: Table,
}

/// One group in one band.
#[derive(Debug, Serialize)]
struct Bar {
    signed: bool,
    /// Its place among all, from 1.
    place: usize,
    x: String,
    y: String,
    middle: String,
    high: String,
    low: String,
    words: String,
}

struct Group<'r> {
    name: &'static str,
    signed: bool,
    of: &'r AiCohort,
}

/// Draws both groups; none where neither lead times nor failures can be compared.
#[must_use]
pub(super) fn cohorts(report: &Report) -> Option<Cohorts> {
    let ai = report.ai.as_ref()?;
    let too_little = DeltaState::TooLittleData;
    if ai.lead_time.state == too_little && ai.fail_rate.state == too_little {
        return None;
    }
    let groups: Vec<Group<'_>> = GROUPS
        .into_iter()
        .filter_map(|(id, name)| {
            Some(Group {
                name,
                signed: id == "signed",
                of: ai.cohorts.get(id)?,
            })
        })
        .collect();
    Some(Cohorts {
        says: share(ai, &groups),
        leads: leads(ai, &groups),
        size: ai.fail_rate.size.clone(),
        fails: fails(&ai.fail_rate),
        fails_says: fails_says(ai),
        table: table(&groups),
    })
}

fn share(ai: &AiCohorts, groups: &[Group<'_>]) -> String {
    let all: u64 = groups.iter().map(|group| group.of.changes).sum();
    let share = ai.share.zip(ai.interval95).map(|(share, interval)| {
        format!(
            "At least {} ({}) of {}",
            humanize::percent(share),
            humanize::interval(Unit::Ratio, share, interval),
            humanize::plural(all, "change")
        )
    });
    share.map_or_else(String::new, |share| {
        format!("{share} carry the sign of an AI agent: a trailer, an address, a footer, a branch or a label.")
    })
}

fn leads(ai: &AiCohorts, groups: &[Group<'_>]) -> Leads {
    let known: Vec<(&Group<'_>, f64, [f64; 2])> = groups
        .iter()
        .filter_map(|group| {
            let lead = &group.of.lead_time;
            let median = lead.median_seconds?;
            Some((
                group,
                median,
                lead.interval95_seconds.unwrap_or([median; 2]),
            ))
        })
        .collect();
    let highest = known.iter().map(|(_, _, [_, high])| *high);
    let scale = Scale::holding(Unit::Seconds, highest.fold(0.0, f64::max));
    let x = |value: f64| across(value / scale.top * LONGEST, 1.0);
    let row = |(at, (group, median, [low, high])): (usize, &(&Group<'_>, f64, [f64; 2]))| {
        let top = ROW * at as f64;
        Row {
            name: group.name,
            signed: group.signed,
            y: px(top + 7.0),
            middle: px(top + ROW / 2.0 + 4.0),
            line: px(top + ROW / 2.0),
            width: x(*median),
            low: x(*low),
            high: x(*high),
            end: across(high / scale.top * LONGEST + 0.015, 1.0),
            words: format!(
                "{} · {}",
                humanize::duration(*median),
                humanize::plural(group.of.lead_time.n, "change")
            ),
        }
    };
    Leads {
        says: leads_says(ai),
        note: lines(groups),
        rows: known.iter().enumerate().map(row).collect(),
        foot: px(ROW * known.len() as f64),
        ticks: scale
            .ticks()
            .into_iter()
            .map(|(value, label)| Label { x: x(value), label })
            .collect(),
    }
}

/// Larger changes take longer and fail more often: what else the groups differ in.
fn lines(groups: &[Group<'_>]) -> String {
    let each: Vec<String> = groups
        .iter()
        .filter_map(|group| {
            let lines = humanize::number(group.of.median_lines?);
            Some(format!("{lines} lines {}", group.name))
        })
        .collect();
    let median = if each.len() == groups.len() {
        format!(" The median change has {}.", each.join(", "))
    } else {
        String::new()
    };
    format!("With 95 % intervals, over both windows.{median}")
}

fn leads_says(ai: &AiCohorts) -> String {
    let lead = &ai.lead_time;
    match (lead.state, lead.difference_seconds) {
        (DeltaState::Changed, Some(seconds)) => {
            let word = if seconds < 0.0 { "less" } else { "more" };
            let between = lead
                .interval95_seconds
                .map_or(String::new(), |[low, high]| {
                    // Seen in the direction of the difference.
                    let [near, far] = if seconds < 0.0 {
                        [-high, -low]
                    } else {
                        [low, high]
                    };
                    format!(
                        " (95 %: {} to {})",
                        humanize::duration(near),
                        humanize::duration(far)
                    )
                });
            format!(
                "Those with a sign take {} {word}{between}.",
                humanize::duration(seconds.abs())
            )
        }
        (DeltaState::TooLittleData, _) => missing(lead.because.as_deref()),
        _ => "No detectable difference.".to_owned(),
    }
}

fn missing(because: Option<&str>) -> String {
    because.map_or_else(
        || "Too little data to compare.".to_owned(),
        |because| format!("Too little data to compare: {because}."),
    )
}

fn fails_says(ai: &AiCohorts) -> String {
    let rate = &ai.fail_rate;
    let odds = rate.odds_ratio.zip(rate.interval95);
    let at_equal_size = match (rate.state, odds) {
        (DeltaState::TooLittleData, _) => return missing(rate.because.as_deref()),
        (DeltaState::Changed, Some((odds, [low, high]))) => format!(
            "At equal size, the odds of failure with a sign are {} times those without ({}–{}).",
            humanize::number(odds),
            humanize::number(low),
            humanize::number(high)
        ),
        (_, Some((_, [low, high]))) => format!(
            "At equal size no detectable difference: the odds are {} to {} times those without.",
            humanize::number(low),
            humanize::number(high)
        ),
        _ => "No detectable difference.".to_owned(),
    };
    let ratio = |id: &str| ai.cohorts.get(id)?.failures.ratio;
    let crude = ratio("signed").zip(ratio("unsigned"));
    let crude = crude.map_or_else(String::new, |(with, without)| {
        format!(
            " Whatever the size, {} with a sign failed, and {} without.",
            humanize::percent(with),
            humanize::percent(without)
        )
    });
    at_equal_size + &crude
}

/// None where there is too little to compare.
fn fails(rate: &AiFailRate) -> Option<Fails> {
    if rate.state == DeltaState::TooLittleData {
        return None;
    }
    let bands: Vec<&AiBand> = rate
        .bands
        .iter()
        .filter(|band| band.signed.deployments + band.unsigned.deployments > 0)
        .collect();
    let groups = bands.iter().flat_map(|band| [&band.signed, &band.unsigned]);
    let tops: Vec<f64> = groups.filter_map(|of| Some(drawn(of)?.1[1])).collect();
    let axis = Axis::holding(Unit::Ratio, &tops);
    let count = bands.len() as f64;
    let label = |(at, band): (usize, &&AiBand)| Label {
        x: across(at as f64 + 0.5, count),
        label: batch::range(band.from, band.to),
    };
    Some(Fails {
        ticks: axis.ticks(),
        labels: bands.iter().enumerate().map(label).collect(),
        bars: bars(&bands, &axis, &rate.size),
        halves: 2 * bands.len(),
        bar: across(0.32, count),
        table: Table {
            words: false,
            heads: vec![
                "Size",
                "With a sign",
                "Failed",
                "Share (95 %)",
                "Without",
                "Failed",
                "Share (95 %)",
            ],
            rows: bands.iter().map(|band| band_row(band)).collect(),
        },
    })
}

/// Share and interval, where they are drawn.
fn drawn(of: &AiFailures) -> Option<(f64, [f64; 2])> {
    let known = of.ratio.zip(of.interval95);
    known.filter(|_| of.deployments >= DRAWN)
}

fn bars(bands: &[&AiBand], axis: &Axis, size: &str) -> Vec<Bar> {
    let count = bands.len() as f64;
    let mut out = Vec::new();
    for (at, band) in bands.iter().enumerate() {
        let groups = [&band.signed, &band.unsigned];
        for (half, (of, (_, name))) in groups.into_iter().zip(GROUPS).enumerate() {
            let Some((ratio, [low, high])) = drawn(of) else {
                continue;
            };
            let from = at as f64 + 0.16 + 0.36 * half as f64;
            out.push(Bar {
                signed: half == 0,
                place: 2 * at + half + 1,
                x: across(from, count),
                y: axis.y(ratio),
                middle: across(from + 0.16, count),
                high: axis.y(high),
                low: axis.y(low),
                words: format!(
                    "{} {size}, {name}: {}, {} of {} failed",
                    batch::range(band.from, band.to),
                    worded(of),
                    of.failed,
                    humanize::plural(of.deployments, "deployment")
                ),
            });
        }
    }
    out
}

fn band_row(band: &AiBand) -> Vec<String> {
    let cells = |of: &AiFailures| {
        [
            of.deployments.to_string(),
            of.failed.to_string(),
            worded(of),
        ]
    };
    std::iter::once(batch::range(band.from, band.to))
        .chain(cells(&band.signed))
        .chain(cells(&band.unsigned))
        .collect()
}

/// `12 % (9–18 %)`.
fn worded(of: &AiFailures) -> String {
    of.ratio.zip(of.interval95).map_or_else(
        || "–".to_owned(),
        |(ratio, interval)| {
            format!(
                "{} ({})",
                humanize::percent(ratio),
                humanize::interval(Unit::Ratio, ratio, interval)
            )
        },
    )
}

fn table(groups: &[Group<'_>]) -> Table {
    let seconds = |value: Option<f64>| value.map_or_else(|| "–".to_owned(), humanize::duration);
    let row = |group: &Group<'_>| {
        let of = group.of;
        let lead = &of.lead_time;
        vec![
            group.name.to_owned(),
            of.changes.to_string(),
            seconds(lead.median_seconds),
            lead.median_seconds
                .zip(lead.interval95_seconds)
                .map_or_else(
                    || "–".to_owned(),
                    |(median, interval)| humanize::interval(Unit::Seconds, median, interval),
                ),
            seconds(lead.p90_seconds),
            of.median_lines
                .map_or_else(|| "–".to_owned(), humanize::number),
            of.failures.deployments.to_string(),
            worded(&of.failures),
        ]
    };
    Table {
        words: false,
        heads: vec![
            "Changes",
            "Number",
            "Median lead time",
            "95 % interval",
            "p90",
            "Median lines",
            "Deployments",
            "Failed (95 %)",
        ],
        rows: groups.iter().map(row).collect(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::render::fixture;

    fn drawn(change: impl FnOnce(&mut AiCohorts)) -> Option<Cohorts> {
        let mut report = fixture::shop();
        let mut ai = fixture::cohorts();
        change(&mut ai);
        report.ai = Some(ai);
        cohorts(&report)
    }

    #[test]
    fn it_says_a_lower_bound_and_what_holds_at_equal_size() {
        let found = drawn(|_| {}).unwrap();
        assert!(
            found
                .says
                .starts_with("At least 31 % (28–34 %) of 800 changes"),
            "{}",
            found.says
        );
        assert_eq!(
            found.leads.says,
            "Those with a sign take 2 h less (95 %: 30 min to 3 h)."
        );
        assert_eq!(
            found.fails_says,
            "At equal size no detectable difference: the odds are 0.6 to 2.4 times those without. Whatever the size, \
             23 % with a sign failed, and 12 % without."
        );
        let fails = found.fails.unwrap();
        assert_eq!(fails.bars.len(), 5, "an empty group has no bar");
        assert_eq!(fails.table.rows[0][3], "–");
        assert_eq!(found.table.rows.len(), 2);
    }

    #[test]
    fn an_interval_is_said_as_it_is() {
        let found = drawn(|ai| ai.lead_time.interval95_seconds = Some([-10_800.0, 1800.0]));
        assert_eq!(
            found.unwrap().leads.says,
            "Those with a sign take 2 h less (95 %: −30 min to 3 h)."
        );
    }

    #[test]
    fn one_comparison_is_enough_and_the_other_says_what_is_missing() {
        let found = drawn(|ai| {
            ai.fail_rate.state = DeltaState::TooLittleData;
            ai.fail_rate.because = Some("a comparison needs 100 of each".to_owned());
        });
        let found = found.unwrap();
        assert!(found.fails.is_none());
        assert_eq!(
            found.fails_says,
            "Too little data to compare: a comparison needs 100 of each."
        );
    }

    #[test]
    fn without_enough_of_both_there_is_no_section() {
        let none = drawn(|ai| {
            ai.fail_rate.state = DeltaState::TooLittleData;
            ai.lead_time.state = DeltaState::TooLittleData;
        });
        assert!(none.is_none());
        assert!(cohorts(&fixture::shop()).is_none());
    }
}
