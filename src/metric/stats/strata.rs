//! Two groups compared within strata: what a difference is once something else is held equal.

use statrs::distribution::{ChiSquared, ContinuousCDF};

use super::{p_of_z, z_of};

/// Hits and misses of the first group, then of the second: `[[a, b], [c, d]]`.
pub type Table = [[u64; 2]; 2];

/// An odds ratio over all strata.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Pooled {
    /// Odds of a hit in the first group over those in the second.
    pub odds_ratio: f64,
    /// Its interval.
    pub interval: [f64; 2],
}

/// A χ² test.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct ChiSquare {
    /// The statistic.
    pub chi_squared: f64,
    /// Probability of a larger one by chance.
    pub p: f64,
}

/// A table as floats, with its margins.
struct Margins {
    a: f64,
    ad: f64,
    bc: f64,
    /// Share of the table on its diagonal.
    diagonal: f64,
    row: f64,
    column: f64,
    n: f64,
}

/// Tables without anything in them are left out.
fn margins(strata: &[Table]) -> Vec<Margins> {
    let of = |table: &Table| {
        let [[a, b], [c, d]] = table.map(|row| row.map(|count| count as f64));
        let all = a + b + c + d;
        (all > 0.0).then(|| Margins {
            a,
            ad: a * d / all,
            bc: b * c / all,
            diagonal: (a + d) / all,
            row: a + b,
            column: a + c,
            n: all,
        })
    };
    strata.iter().filter_map(of).collect()
}

/// Mantel and Haenszel's odds ratio, with the interval of Robins, Breslow and Greenland (1986).
///
/// `Σ (ad/n) / Σ (bc/n)` (Mantel & Haenszel 1959). `None` when either sum is 0: the ratio is then 0 or
/// infinite and has no interval.
#[must_use]
pub fn mantel_haenszel(strata: &[Table], confidence: f64) -> Option<Pooled> {
    let z = z_of(confidence)?;
    let tables = margins(strata);
    let sum = |f: &dyn Fn(&Margins) -> f64| -> f64 { tables.iter().map(f).sum() };
    let (ad, bc) = (sum(&|t| t.ad), sum(&|t| t.bc));
    if !(ad > 0.0 && bc > 0.0) {
        return None;
    }
    let variance = sum(&|t| t.diagonal * t.ad) / (2.0 * ad * ad)
        + sum(&|t| t.diagonal * t.bc + (1.0 - t.diagonal) * t.ad) / (2.0 * ad * bc)
        + sum(&|t| (1.0 - t.diagonal) * t.bc) / (2.0 * bc * bc);
    let odds_ratio = ad / bc;
    let half = z * variance.sqrt();
    Some(Pooled {
        odds_ratio,
        interval: [odds_ratio * (-half).exp(), odds_ratio * half.exp()],
    })
}

/// Cochran–Mantel–Haenszel test that the groups do not differ in any stratum.
///
/// `(|Σ a − Σ E(a)| − c)² / Σ Var(a)`, c ½ with `correction`, else 0 (Cochran 1954, Mantel & Haenszel
/// 1959). `None` when no stratum can tell the groups apart.
#[must_use]
pub fn cochran_mantel_haenszel(strata: &[Table], correction: bool) -> Option<ChiSquare> {
    let tables = margins(strata);
    let excess: f64 = tables.iter().map(|t| t.a - t.row * t.column / t.n).sum();
    let spread = |t: &Margins| {
        let product = t.row * (t.n - t.row) * t.column * (t.n - t.column);
        if t.n > 1.0 {
            product / (t.n * t.n * (t.n - 1.0))
        } else {
            0.0
        }
    };
    let variance: f64 = tables.iter().map(spread).sum();
    let distance = if correction {
        (excess.abs() - 0.5).max(0.0)
    } else {
        excess.abs()
    };
    let z = distance / variance.sqrt();
    (variance > 0.0).then(|| ChiSquare {
        chi_squared: z * z,
        p: p_of_z(z),
    })
}

/// Breslow and Day's test that the odds ratio is the same in every stratum.
///
/// `Σ (a − A)² / V`, A the count that the pooled odds ratio gives a table with these margins; with
/// `tarone` less `(Σ a − Σ A)² / Σ V`, which makes it exact in the limit (Breslow & Day 1980, Tarone
/// 1985). Strata in which a margin is 0 say nothing. `None` without a pooled odds ratio or with fewer
/// than two strata.
#[must_use]
pub fn breslow_day(strata: &[Table], tarone: bool) -> Option<ChiSquare> {
    let ratio = mantel_haenszel(strata, 0.95)?.odds_ratio;
    let tables: Vec<Margins> = margins(strata)
        .into_iter()
        .filter(|t| t.row * t.column * (t.n - t.row) * (t.n - t.column) > 0.0)
        .collect();
    let freedom = tables.len().checked_sub(1).filter(|f| *f > 0)?;
    let (mut chi_squared, mut excess, mut variance) = (0.0, 0.0, 0.0);
    for table in &tables {
        let expected = expected(table, ratio);
        let cells = [
            expected,
            table.row - expected,
            table.column - expected,
            table.n - table.row - table.column + expected,
        ];
        let spread = 1.0 / cells.iter().map(|cell| 1.0 / cell).sum::<f64>();
        chi_squared += (table.a - expected).powi(2) / spread;
        excess += table.a - expected;
        variance += spread;
    }
    if tarone {
        chi_squared -= excess * excess / variance;
    }
    let distribution = ChiSquared::new(freedom as f64).ok()?;
    chi_squared.is_finite().then(|| ChiSquare {
        chi_squared,
        p: distribution.sf(chi_squared),
    })
}

/// The first cell of a table with these margins and this odds ratio: the root of a quadratic that
/// leaves no cell negative.
fn expected(table: &Margins, ratio: f64) -> f64 {
    let square = 1.0 - ratio;
    let linear = table.n - table.row - table.column + ratio * (table.row + table.column);
    let constant = -ratio * table.row * table.column;
    let root = (linear * linear - 4.0 * square * constant).max(0.0).sqrt();
    // Written so that nothing cancels where the ratio is near 1.
    -2.0 * constant / (linear + root)
}

#[cfg(test)]
mod tests {
    use super::*;

    const STRATA: [Table; 3] = [
        [[2, 18], [10, 110]],
        [[6, 34], [8, 52]],
        [[20, 40], [6, 14]],
    ];

    #[test]
    fn swapping_the_groups_inverts_the_ratio() {
        let there = mantel_haenszel(&STRATA, 0.95).unwrap();
        let back = mantel_haenszel(&STRATA.map(|[x, y]| [y, x]), 0.95).unwrap();
        assert!((there.odds_ratio * back.odds_ratio - 1.0).abs() < 1e-12);
        assert!((there.interval[0] * back.interval[1] - 1.0).abs() < 1e-12);
        let (one, other) = (
            cochran_mantel_haenszel(&STRATA, true).unwrap(),
            cochran_mantel_haenszel(&STRATA.map(|[x, y]| [y, x]), true).unwrap(),
        );
        assert!((one.p - other.p).abs() < 1e-12);
    }

    #[test]
    fn one_stratum_is_its_own_odds_ratio() {
        let found = mantel_haenszel(&[[[9, 11], [4, 16]]], 0.95).unwrap();
        assert!((found.odds_ratio - 9.0 * 16.0 / (11.0 * 4.0)).abs() < 1e-12);
        assert!(found.interval[0] < found.odds_ratio && found.odds_ratio < found.interval[1]);
        assert_eq!(breslow_day(&[[[9, 11], [4, 16]]], true), None);
    }

    #[test]
    fn opposite_strata_are_not_alike() {
        let opposite = [[[40, 10], [10, 40]], [[10, 40], [40, 10]]];
        assert!((mantel_haenszel(&opposite, 0.95).unwrap().odds_ratio - 1.0).abs() < 1e-12);
        assert!(breslow_day(&opposite, true).unwrap().p < 1e-9);
        assert!(cochran_mantel_haenszel(&opposite, false).unwrap().p > 0.99);
        let alike = [[[40, 10], [10, 40]], [[40, 10], [10, 40]]];
        assert!(breslow_day(&alike, false).unwrap().p > 0.99);
    }

    #[test]
    fn empty_and_one_sided_tables_are_unknown() {
        for bad in [
            &[][..],
            &[[[0, 0], [0, 0]]],
            &[[[3, 0], [4, 0]]],
            &[[[0, 0], [4, 5]]],
        ] {
            assert_eq!(mantel_haenszel(bad, 0.95), None);
            assert_eq!(cochran_mantel_haenszel(bad, true), None);
            assert_eq!(breslow_day(bad, true), None);
        }
        assert_eq!(cochran_mantel_haenszel(&[[[1, 0], [0, 0]]], false), None);
        assert_eq!(mantel_haenszel(&STRATA, 1.0), None);
        let one_sided = [STRATA[0], STRATA[1], [[0, 0], [9, 1]]];
        assert_eq!(
            breslow_day(&one_sided, true),
            breslow_day(&one_sided[..2], true)
        );
    }
}
