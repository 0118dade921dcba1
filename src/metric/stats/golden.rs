//! The statistics against reference implementations: 1e-9, and 1e-6 for p-values.

use serde_json::Value;

use super::logistic::Logistic;
use super::{correlation, multiple, proportion, quantile, rank, rate, strata, survival, trend};

const VALUE: f64 = 1e-9;
const P: f64 = 1e-6;

fn golden() -> Value {
    serde_json::from_str(include_str!("../../../tests/it/fixtures/stats_golden.json")).unwrap()
}

fn rows(key: &str) -> Vec<Value> {
    let found = golden()[key].as_array().unwrap().clone();
    assert!(!found.is_empty(), "{key}");
    found
}

fn number(of: &Value) -> f64 {
    of.as_f64().unwrap_or_else(|| panic!("not a number: {of}"))
}

fn count(of: &Value) -> u64 {
    of.as_u64().unwrap()
}

fn sample(of: &Value) -> Vec<f64> {
    of.as_array().unwrap().iter().map(number).collect()
}

#[track_caller]
fn near(found: f64, wanted: &Value, tolerance: f64) {
    let wanted = number(wanted);
    assert!(
        (found - wanted).abs() <= tolerance,
        "found {found}, wanted {wanted}"
    );
}

#[track_caller]
fn ends(found: [f64; 2], wanted: &Value) {
    near(found[0], &wanted[0], VALUE);
    near(found[1], &wanted[1], VALUE);
}

#[test]
fn proportions() {
    for row in rows("proportion_ci") {
        let (k, n) = (count(&row["k"]), count(&row["n"]));
        ends(proportion::wilson(k, n, 0.95).unwrap(), &row["wilson"]);
        ends(proportion::wilson(k, n, 0.9).unwrap(), &row["wilson90"]);
        ends(
            proportion::clopper_pearson(k, n, 0.95).unwrap(),
            &row["clopper_pearson"],
        );
    }
    for (n, row) in golden()["zero_failures_upper95"].as_object().unwrap() {
        let n = n.parse().unwrap();
        near(
            proportion::upper_bound(0, n, 0.95).unwrap(),
            &row["exact_one_sided"],
            VALUE,
        );
        near(
            proportion::wilson(0, n, 0.95).unwrap()[1],
            &row["wilson_two_sided_hi"],
            VALUE,
        );
    }
}

#[test]
fn two_proportions() {
    for row in rows("two_proportions") {
        let [x1, n1, x2, n2] = ["x1", "n1", "x2", "n2"].map(|key| count(&row[key]));
        let (difference, interval) = proportion::newcombe(x1, n1, x2, n2, 0.95).unwrap();
        near(difference, &row["diff"], VALUE);
        ends(interval, &row["newcombe95"]);
        near(
            proportion::fisher(x1, n1, x2, n2).unwrap(),
            &row["fisher_p"],
            P,
        );
    }
    let row = &golden()["simpson_cmh"];
    near(
        proportion::fisher(28, 120, 24, 200).unwrap(),
        &row["crude_fisher_p"],
        P,
    );
}

#[test]
fn shares_over_ordered_groups() {
    let row = &golden()["cochran_armitage"];
    let (failures, deploys) = (&row["failures"], &row["deploys"]);
    let groups: Vec<_> = (0..4)
        .map(|i| {
            (
                count(&failures[i]),
                count(&deploys[i]),
                number(&row["scores"][i]),
            )
        })
        .collect();
    let (z, p) = proportion::cochran_armitage(&groups).unwrap();
    near(z, &row["z"], VALUE);
    near(p, &row["p"], P);
}

#[test]
fn quantiles() {
    let golden = golden();
    let sorted = quantile::sorted(&sample(&golden["sample_lead_times_h"]));
    for (q, wanted) in golden["quantiles"]["linear"].as_object().unwrap() {
        near(
            quantile::quantile(&sorted, q.parse().unwrap()).unwrap(),
            wanted,
            VALUE,
        );
    }
    let [low, high] = quantile::interval(&sorted, 0.5, 0.95).unwrap();
    near(low, &golden["quantile_ci_scipy_median"]["low"], VALUE);
    near(high, &golden["quantile_ci_scipy_median"]["high"], VALUE);
}

#[test]
fn quantile_ranks() {
    for row in rows("quantile_ci_ranks") {
        let n = usize::try_from(count(&row["n"])).unwrap();
        let (low, high) = quantile::ranks(n, number(&row["q"]), 0.95);
        let rank = |key: &str| row[key].as_u64().map(|r| usize::try_from(r).unwrap());
        assert_eq!(low, rank("lower_rank_1based"), "{row}");
        assert_eq!(high, rank("upper_rank_1based"), "{row}");
    }
}

#[test]
fn outlier_scores() {
    let row = &golden()["mad"];
    let found = quantile::modified_z(&sample(&row["x"])).unwrap();
    for (i, z) in found.iter().enumerate() {
        near(*z, &row["mod_z"][i], VALUE);
    }
    assert_eq!(found.len(), row["mod_z"].as_array().unwrap().len());
}

#[test]
fn two_samples() {
    for row in rows("two_samples") {
        let (x, y) = (sample(&row["x"]), sample(&row["y"]));
        let test = rank::mann_whitney(&x, &y).unwrap();
        let kind = if row["exact"].is_object() {
            "exact"
        } else {
            "asymptotic"
        };
        assert_eq!(test.exact, kind == "exact");
        near(test.u, &row[kind]["U"], VALUE);
        near(test.p, &row[kind]["p"], P);
        near(
            rank::cliffs_delta(&x, &y).unwrap(),
            &row["cliffs_delta"],
            VALUE,
        );
        let shift = rank::hodges_lehmann(&x, &y, 0.95).unwrap();
        near(shift.estimate, &row["hodges_lehmann_x_minus_y"], VALUE);
        ends(shift.interval.unwrap(), &row["hl_ci95"]);
        let spread = rank::brunner_munzel(&x, &y).unwrap();
        near(spread.w, &row["brunner_munzel"]["W"], VALUE);
        near(spread.p, &row["brunner_munzel"]["p"], P);
    }
}

#[test]
fn failed_against_good_by_size() {
    let row = &golden()["batch_vs_failure"];
    let sizes = sample(&row["size"]);
    let failed = sample(&row["failed"]);
    let pick = |wanted: bool| -> Vec<f64> {
        let chosen = sizes
            .iter()
            .zip(&failed)
            .filter(|(_, f)| (**f > 0.5) == wanted);
        chosen.map(|(size, _)| *size).collect()
    };
    // The reference is the approximation; 84 pairs are counted out here, and nearly agree.
    let p = rank::mann_whitney(&pick(true), &pick(false)).unwrap().p;
    near(p, &row["mw_failed_vs_ok_p"], 5e-3);

    let rho = correlation::spearman(&sizes, &failed).unwrap();
    near(rho.coefficient, &row["spearman_rho"], VALUE);
    near(rho.p, &row["spearman_p"], P);
    let tau = correlation::kendall(&sizes, &failed).unwrap();
    near(tau.coefficient, &row["kendall_tau_b"], VALUE);
    near(tau.p, &row["kendall_p"], P);

    let doublings: Vec<(f64, bool)> = sizes
        .iter()
        .zip(&failed)
        .map(|(size, failed)| ((1.0 + size).log2(), *failed > 0.5))
        .collect();
    let (row, curve) = (&row["logit_log2_1p"], Logistic::fit(&doublings).unwrap());
    near(curve.intercept, &row["coef"][0], VALUE);
    near(curve.slope, &row["coef"][1], VALUE);
    near(curve.errors[0], &row["se"][0], VALUE);
    near(curve.errors[1], &row["se"][1], VALUE);
    near(curve.p, &row["p"][1], P);
    near(curve.log_likelihood, &row["llf"], VALUE);
    near(curve.odds_ratio(), &row["odds_ratio_per_doubling"], VALUE);
    ends(curve.interval(0.95).unwrap(), &row["or_ci95"]);
}

#[test]
fn two_groups_within_strata() {
    let row = &golden()["simpson_cmh"];
    let tables: Vec<strata::Table> = row["strata"]
        .as_array()
        .unwrap()
        .iter()
        .map(|t| [0, 1].map(|group| [0, 1].map(|outcome| count(&t[group][outcome]))))
        .collect();
    let pooled = strata::mantel_haenszel(&tables, 0.95).unwrap();
    near(pooled.odds_ratio, &row["mh_odds_ratio"], VALUE);
    ends(pooled.interval, &row["mh_or_ci95"]);
    for (correction, chi, p) in [
        (true, "cmh_chi2_corr", "cmh_p_corr"),
        (false, "cmh_chi2", "cmh_p"),
    ] {
        let found = strata::cochran_mantel_haenszel(&tables, correction).unwrap();
        near(found.chi_squared, &row[chi], VALUE);
        near(found.p, &row[p], P);
    }
    let alike = |tarone| strata::breslow_day(&tables, tarone).unwrap().p;
    near(alike(false), &row["breslow_day_p"], P);
    near(alike(true), &row["breslow_day_tarone_p"], P);
    for (table, wanted) in tables
        .iter()
        .zip(row["per_stratum_cfr"].as_array().unwrap())
    {
        for (group, [hits, misses]) in table.iter().enumerate() {
            let share = proportion::share(*hits, hits + misses).unwrap();
            near(share, &wanted[group], VALUE);
        }
    }
}

#[test]
fn rates() {
    for row in rows("poisson_ci") {
        let found = rate::poisson_interval(count(&row["count"]), number(&row["exposure"]), 0.95);
        ends(found.unwrap(), &row["exact95"]);
    }
    for row in rows("poisson_two") {
        let (c1, c2) = (count(&row["c1"]), count(&row["c2"]));
        let p = rate::compare(c1, number(&row["t1"]), c2, number(&row["t2"])).unwrap();
        near(p, &row["p_exact_cond"], P);
        near(p, &row["p_binomtest"], P);
    }
    let row = &golden()["dispersion"];
    let found = rate::dispersion(&[&sample(&row["x"])]).unwrap();
    near(found.index, &row["index"], VALUE);
    near(found.chi_squared, &row["chi2"], VALUE);
    near(found.p, &row["p_over"], P);
    assert!(
        (found.p / number(&row["p_over"]) - 1.0).abs() < P,
        "also where it is tiny"
    );
}

#[test]
fn survival_with_open_ends() {
    let row = &golden()["kaplan_meier"];
    let durations = sample(&row["durations_h"]);
    let observed = sample(&row["observed"]);
    let pairs: Vec<_> = durations
        .into_iter()
        .zip(observed.iter().map(|o| *o > 0.5))
        .collect();
    let found = survival::kaplan_meier(&pairs, 0.95).unwrap();
    let table = row["table"].as_array().unwrap();
    assert_eq!(found.steps.len(), table.len());
    for (step, wanted) in found.steps.iter().zip(table) {
        near(step.time, &wanted["t"], VALUE);
        near(step.survival, &wanted["S"], VALUE);
        let [low, high] = step.interval.unwrap();
        near(low, &wanted["lo"], VALUE);
        near(high, &wanted["hi"], VALUE);
    }
    near(found.median().unwrap(), &row["median"], VALUE);
    near(found.quantile(0.75).unwrap(), &row["p75"], VALUE);
    near(
        found.restricted_mean(24.0).unwrap(),
        &row["rmst_24h"],
        VALUE,
    );
    let other = &golden()["logrank"];
    let pairs_of = |durations: &Value, observed: &Value| -> Vec<(f64, bool)> {
        let observed = sample(observed);
        let ended = observed.iter().map(|o| *o > 0.5);
        sample(durations).into_iter().zip(ended).collect()
    };
    let test = survival::log_rank(&pairs, &pairs_of(&other["T2"], &other["E2"])).unwrap();
    near(test.chi_squared, &other["chi2"], VALUE);
    near(test.p, &other["p"], P);
    let resolved: Vec<f64> = pairs.iter().filter(|p| p.1).map(|p| p.0).collect();
    let naive = quantile::median(&quantile::sorted(&resolved)).unwrap();
    near(naive, &row["naive_median_resolved_only"], VALUE);
    let [low, high] = found.median_interval();
    near(low.unwrap(), &row["median_ci95"][0], VALUE);
    assert_eq!((high, row["median_ci95"][1].as_str()), (None, Some("inf")));
}

#[test]
fn trends() {
    for row in rows("trend") {
        let y = sample(&row["x"]);
        let x: Vec<f64> = (0..y.len()).map(|i| i as f64).collect();
        let test = trend::mann_kendall(&y).unwrap();
        near(test.s, &row["S"], VALUE);
        near(test.variance, &row["var_s"], VALUE);
        near(test.z, &row["z"], VALUE);
        near(test.p, &row["p"], P);
        near(test.tau, &row["tau_a"], VALUE);
        let tau = correlation::kendall(&x, &y).unwrap();
        near(tau.coefficient, &row["tau_b_scipy"], VALUE);
        // Where the reference finds no variance it has no p-value, and neither have we.
        let careful = trend::mann_kendall_autocorrelated(&y);
        match row["hamed_rao_p"].as_str() {
            Some(_) => assert_eq!(careful, None),
            None => near(careful.unwrap().p, &row["hamed_rao_p"], P),
        }
        let line = trend::theil_sen(&x, &y, 0.95).unwrap();
        near(line.slope, &row["sen_slope"], VALUE);
        near(line.intercept, &row["sen_intercept"], VALUE);
        ends(line.interval, &row["sen_ci95"]);
    }
}

#[test]
fn process_limits() {
    for row in rows("xmr") {
        let x = sample(&row["x"]);
        for (found, [centre, range, lower, upper, limit]) in [
            (trend::xmr(&x), ["centre", "avg_mr", "lnpl", "unpl", "url"]),
            (
                trend::xmr_median(&x),
                [
                    "median_centre",
                    "median_mr",
                    "lnpl_median",
                    "unpl_median",
                    "url_median",
                ],
            ),
        ] {
            let found = found.unwrap();
            near(found.centre, &row[centre], VALUE);
            near(found.range, &row[range], VALUE);
            near(found.limits[0], &row[lower], VALUE);
            near(found.limits[1], &row[upper], VALUE);
            near(found.range_limit, &row[limit], VALUE);
        }
    }
}

#[test]
fn slow_drifts() {
    let row = &golden()["ewma"];
    let baseline = usize::try_from(count(&row["baseline"])).unwrap();
    let (lambda, width) = (number(&row["lambda"]), number(&row["L"]));
    let found = trend::ewma(&sample(&row["x"]), baseline, lambda, width).unwrap();
    let points = row["points"].as_array().unwrap();
    assert_eq!(found.len(), points.len());
    for (point, wanted) in found.iter().zip(points) {
        near(point.value, &wanted["z"], VALUE);
        near(point.limits[0], &wanted["lo"], VALUE);
        near(point.limits[1], &wanted["hi"], VALUE);
    }
}

#[test]
fn change_points() {
    for row in rows("pettitt") {
        let found = trend::pettitt(&sample(&row["x"])).unwrap();
        assert_eq!(found.last_before as u64, count(&row["change_after_index0"]));
        near(found.k, &row["K"], VALUE);
        near(found.p, &row["p_approx"], P);
    }
}

#[test]
fn many_tests() {
    let row = &golden()["benjamini_hochberg"];
    let found = multiple::benjamini_hochberg(&sample(&row["p"]));
    for (i, adjusted) in found.iter().enumerate() {
        near(*adjusted, &row["adjusted"][i], VALUE);
    }
    for (i, adjusted) in multiple::holm(&sample(&row["p"])).iter().enumerate() {
        near(*adjusted, &row["holm"][i], VALUE);
    }
}
