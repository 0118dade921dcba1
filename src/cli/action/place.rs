//! Whose turn it is to write: the run of the oldest pending deployment goes first and takes all others along.

use std::time::Duration;

use tokio::time::Instant as Moment;

use super::flow::Run;
use super::own::recorded;
use crate::collect::own::{self, Own};
use crate::config::Config;
use crate::event::{Event, Events, Outcome as Ended};
use crate::host::actions::Runner;
use crate::ledger::Loaded;

/// The runs of deployments that ended within this of each other are at work at the same time.
const TOGETHER: chrono::Duration = chrono::Duration::seconds(20);
/// What the first writer is given before the next one takes it for absent: many deployments have no run of ours.
const FIRST: Duration = Duration::from_secs(5);
/// What every later one is given.
const SLOT: Duration = Duration::from_millis(1_500);
/// The first look at what became of it; the later ones take twice as long.
const LOOK: Duration = Duration::from_secs(3);
/// Of runs that do not know their place, one in so many slots writes.
const SPREAD: u64 = 4;
/// A read that takes longer than this tells that everything does, writes of others included.
const ONE_READ: Duration = Duration::from_secs(1);
/// As slow as GitHub is taken to be at most.
const SLOWEST: f64 = 4.0;
/// The share of the time left that may be spent waiting; a slow GitHub needs the rest for one more read and a write.
const PATIENCE: f64 = 0.6;

/// What a run does with the snapshot it has read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Turn {
    /// Take in what is new, and write it.
    Write,
    /// Read again after this.
    Wait(Duration),
    /// Somebody else has stored this run's deployment, and whatever is left is for those whose deployments are not.
    Stored,
    /// Others are to write before this run, and its time is up.
    Late,
}

/// How long this run has waited, and for how long it may.
#[derive(Debug, Clone, Copy)]
pub(super) struct Waiting {
    since: Moment,
    most: Duration,
    looks: u32,
}

/// Where a run stands among those that are at work.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Standing {
    /// Nobody else is.
    Alone,
    /// Its deployment is stored; others are at work, or it is alone.
    Stored { alone: bool },
    /// So many are to write before it.
    Behind(u64),
    /// Others are at work and its place is not known: one that is drawn.
    Drawn(u64),
}

impl Run<'_> {
    /// Whose turn it is. `took` is what reading the snapshot took; `waiting` begins with the first one.
    pub(super) fn turn(
        &self,
        loaded: &Loaded,
        config: &Config,
        took: Duration,
        waiting: &mut Option<Waiting>,
    ) -> Turn {
        if self.is_read_only() || self.inputs.dry_run || !loaded.ledger.is_writable() {
            return Turn::Write;
        }
        let recorded = recorded(loaded);
        let own = own::find(&self.own_run(loaded, &recorded, config), &recorded, config);
        // Nobody else can store what only this run knows.
        let word = matches!(own, Own::Reported(_));
        let waited_before = waiting.is_some_and(|w| w.looks > 0);
        let (place, first, due) = match self.standing(loaded, config, &recorded, &own) {
            Standing::Alone | Standing::Stored { alone: true } if !waited_before || word => {
                return Turn::Write;
            }
            Standing::Alone | Standing::Stored { .. } => return Turn::Stored,
            Standing::Behind(0) => return Turn::Write,
            Standing::Behind(place) => (place, LOOK, self.due(place)),
            // Nobody goes before the first of them is due.
            Standing::Drawn(place) => (place, LOOK + FIRST, self.due(place)),
        };
        let now = Moment::now();
        let waiting = waiting.get_or_insert_with(|| Waiting {
            since: now,
            most: self.budget.left().mul_f64(PATIENCE),
            looks: 0,
        });
        let slow = (took.as_secs_f64() / ONE_READ.as_secs_f64()).clamp(1.0, SLOWEST);
        // Within a short deadline everybody is quicker.
        let factor = slow.min(waiting.most.as_secs_f64() / (2.0 * FIRST.as_secs_f64()));
        let due = due.min(Duration::from_hours(1)).mul_f64(factor);
        let waited = now.duration_since(waiting.since);
        if waited >= due {
            return Turn::Write;
        }
        if waited >= waiting.most {
            return match self.budget.left() > LOOK * 2 + took * 2 {
                _ if word => Turn::Write,
                // Not to write before others, but to see whether they do.
                true => Turn::Wait(LOOK),
                false if own == Own::Nothing => Turn::Stored,
                false => Turn::Late,
            };
        }
        let spread = 250 * place.min(12) + self.chance(2 + u64::from(waiting.looks)) % 1_000;
        let look = first * (1 + waiting.looks.min(1)) + Duration::from_millis(spread);
        waiting.looks += 1;
        let left = due.min(waiting.most).saturating_sub(waited);
        Turn::Wait(left.min(look.mul_f64(factor)) + Duration::from_millis(1))
    }

    /// When the run at this place takes all before it for absent.
    fn due(&self, place: u64) -> Duration {
        let slots = u32::try_from(place).unwrap_or(u32::MAX);
        let part = Duration::from_millis(self.chance(1) % 1_000);
        FIRST + SLOT.saturating_mul(slots) + SLOT.mul_f64(part.as_secs_f64())
    }

    fn standing(
        &self,
        loaded: &Loaded,
        config: &Config,
        recorded: &[Event],
        own: &Own,
    ) -> Standing {
        let known = &loaded.ledger.events;
        let mut ours = own::all(&self.own_run(loaded, recorded, config), recorded, config);
        if let (true, Own::Recorded(id)) = (ours.is_empty(), own) {
            ours.extend(recorded.iter().find(|event| event.id == *id));
        }
        if let [ours] = ours.as_slice() {
            return known_place(known, recorded, ours, own);
        }
        if !ours.is_empty() && ours.iter().all(|event| known.knows(event)) {
            return Standing::Stored { alone: false };
        }
        let pending = || recorded.iter().filter(|event| !known.knows(event));
        let Some(newest) = pending().map(|event| event.updated).max() else {
            return Standing::Alone;
        };
        let burst = pending().filter(|event| newest - event.updated < TOGETHER);
        let burst = burst.count() as u64;
        if burst < 2 && (self.now(known) - newest).abs() >= TOGETHER {
            return Standing::Alone;
        }
        Standing::Drawn(self.chance(0) % (SPREAD * burst))
    }

    /// How long to wait after a write that was refused, or whose answer was lost: half a second, and of a span that
    /// grows with each of them.
    pub(super) fn backoff(&self, writes: u32) -> Duration {
        let span = 500 + 500 * (1 << writes.clamp(1, 5));
        Duration::from_millis(500 + self.chance(100 + u64::from(writes)) % span)
    }

    /// A number that looks like chance: the same in every pass of one run, and another one for every other run, those
    /// of the same workflow run included.
    fn chance(&self, salt: u64) -> u64 {
        let runner = Runner::of(self.host);
        let names = ["GITHUB_RUN_ATTEMPT", "RUNNER_NAME", "GITHUB_OUTPUT"];
        let names = names.iter().filter_map(|name| runner.var(name));
        let text = std::iter::once(self.workflow.as_str()).chain(names);
        let seed = text
            .flat_map(str::bytes)
            .fold(0xCBF2_9CE4_8422_2325, |hash: u64, b| {
                (hash ^ u64::from(b)).wrapping_mul(0x0100_0000_01B3)
            });
        let mut z = seed.wrapping_add((salt + 1).wrapping_mul(0x9E37_79B9_7F4A_7C15));
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        z ^ (z >> 31)
    }
}

/// The place of a run that knows its deployment: how many that ended shortly before it are not stored.
fn known_place(known: &Events, recorded: &[Event], ours: &Event, own: &Own) -> Standing {
    let pending = |event: &Event| {
        let deployment = event.fact.as_deployment();
        deployment.is_some_and(|d| d.outcome == Ended::Pending)
    };
    let (stored, word) = match own {
        Own::Reported(event) => (known.knows(event), true),
        Own::Recorded(_) | Own::Ambiguous(_) | Own::Nothing => (known.knows(ours), false),
    };
    let others = || recorded.iter().filter(|event| event.id != ours.id);
    if stored {
        let alone = !others().any(|event| (event.updated - ours.updated).abs() < TOGETHER);
        return Standing::Stored { alone };
    }
    // Whoever has more to say than GitHub's open record waits for those who have it too. A deployment that is under
    // way while ours is settled has no run at work yet.
    let open = |event: &Event| {
        let stored = known.get("deployment", &event.id);
        !known.knows(event) || (word && stored.is_some_and(pending))
    };
    let before = others().filter(|event| {
        (event.updated, &event.id) < (ours.updated, &ours.id)
            && ours.updated - event.updated < TOGETHER
            && (pending(ours) || !pending(event))
            && open(event)
    });
    Standing::Behind(before.count() as u64)
}
