//! Many tests in one report: how many of their findings are chance.

/// Benjamini–Hochberg adjusted p-values, in the order given.
///
/// The i-th smallest of m becomes `min over j ≥ i of p(j) m / j`, at most 1 (Benjamini & Hochberg 1995):
/// keeping what is at most q lets a share q of the kept be false. A p-value outside 0 to 1 is no test:
/// it is not counted and stays as it is.
#[must_use]
pub fn benjamini_hochberg(p: &[f64]) -> Vec<f64> {
    let order = ranked(p);
    let tests = order.len() as f64;
    let mut adjusted = p.to_vec();
    let mut smallest = 1.0_f64;
    for (below, i) in order.iter().enumerate().rev() {
        smallest = smallest.min(p[*i] * tests / (below as f64 + 1.0));
        adjusted[*i] = smallest;
    }
    adjusted
}

/// Holm's adjusted p-values, in the order given: they bound the chance of any false finding at all.
///
/// The i-th smallest of m becomes `max over j ≤ i of p(j) (m − j + 1)`, at most 1 (Holm 1979). A p-value outside
/// 0 to 1 is no test, as in [`benjamini_hochberg`].
#[must_use]
pub fn holm(p: &[f64]) -> Vec<f64> {
    let order = ranked(p);
    let tests = order.len() as f64;
    let mut adjusted = p.to_vec();
    let mut largest = 0.0_f64;
    for (below, i) in order.iter().enumerate() {
        largest = largest.max(p[*i] * (tests - below as f64)).min(1.0);
        adjusted[*i] = largest;
    }
    adjusted
}

/// Places of the p-values that are tests, the smallest first.
fn ranked(p: &[f64]) -> Vec<usize> {
    let mut order: Vec<usize> = (0..p.len())
        .filter(|i| (0.0..=1.0).contains(&p[*i]))
        .collect();
    order.sort_by(|a, b| p[*a].total_cmp(&p[*b]));
    order
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_never_lowers_and_keeps_the_order() {
        let p = [0.2, 0.001, 0.04, 0.04, 0.9, 0.012];
        let adjusted = benjamini_hochberg(&p);
        for i in 0..p.len() {
            assert!(adjusted[i] >= p[i] && adjusted[i] <= 1.0);
            for j in 0..p.len() {
                assert!(p[i] > p[j] || adjusted[i] <= adjusted[j]);
            }
        }
        assert_eq!(benjamini_hochberg(&[0.03]), vec![0.03]);
        assert_eq!(benjamini_hochberg(&[]), Vec::<f64>::new());
    }

    #[test]
    fn holm_is_the_stricter_one() {
        let p = [0.2, 0.001, 0.04, 0.04, 0.9, 0.012];
        for (holm, hochberg) in holm(&p).iter().zip(benjamini_hochberg(&p)) {
            assert!(*holm >= hochberg && *holm <= 1.0);
        }
        assert_eq!(holm(&[0.03]), vec![0.03]);
        assert!(holm(&[f64::NAN, 0.5])[0].is_nan());
    }

    #[test]
    fn what_is_no_test_is_not_counted() {
        let adjusted = benjamini_hochberg(&[0.01, f64::NAN, 0.02]);
        assert!((adjusted[0] - 0.02).abs() < 1e-15 && (adjusted[2] - 0.02).abs() < 1e-15);
        assert!(adjusted[1].is_nan());
    }
}
