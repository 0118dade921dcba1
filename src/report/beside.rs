//! What stands beside the five metrics, as the document shows it.

use std::collections::BTreeMap;

use super::v1::Beside;
use crate::metric::beside::{BESIDE, Found, Row, Sight};
use crate::metric::stats::rate::poisson_interval;
use crate::metric::{Period, Scope};

/// Every row of one scope.
pub(super) fn of(scope: &Scope<'_>, period: &Period) -> BTreeMap<String, Beside> {
    let sight = Sight::of(scope, period);
    let rows = BESIDE.iter();
    rows.map(|row| (row.id.to_owned(), shown(row, row.of(&sight))))
        .collect()
}

fn shown(row: &Row, found: Found) -> Beside {
    let mut out = Beside {
        unit: row.measure.name().to_owned(),
        ..Beside::default()
    };
    match found {
        Found::Share(of) => {
            out.n = of.total;
            out.value = of.ratio();
            out.interval95 = of.interval95();
        }
        Found::PerHundred(of) => {
            out.n = of.total;
            out.value = of.ratio().map(|each| each * 100.0);
            out.interval95 = poisson_interval(of.hits, of.total as f64 / 100.0, 0.95);
        }
        Found::Count(n) => {
            out.n = n;
            out.value = Some(n as f64);
        }
        Found::Many(of) => {
            out.n = of.n();
            out.value = of.quantile(0.5);
            out.p75 = of.quantile(0.75);
            out.p90 = of.quantile(0.9);
            out.p95 = of.quantile(0.95);
            out.mean = of.mean();
            out.interval95 = of.interval95();
        }
        Found::Nothing(reason) => out.reason = Some(reason.to_owned()),
    }
    out
}
