//! One user's list as a number.
//!
//! Here `hits` says of each place of a list, best first, whether the item there is relevant; `k` is how many places
//! count (a shorter list is as if the missing places were wrong); `relevant` is how many relevant items there are,
//! whether in the list or not. All are from 0 to 1. For `k` = 0 or without relevant items they are 0:
//! [`evaluate`](super::evaluate) counts only users with relevant items.
//!
//! | metric | formula | source |
//! |---|---|---|
//! | [`precision`] | hits in the first k / k | Herlocker et al., "Evaluating collaborative filtering recommender systems", TOIS 2004, section 4.2 |
//! | [`recall`] | hits in the first k / relevant | the same |
//! | [`capped_recall`] | hits in the first k / the smaller of relevant and k | Liang et al., "Variational autoencoders for collaborative filtering", WWW 2018, section 4.2, which calls it recall |
//! | [`hit_rate`] | 1 if there is a hit in the first k | Deshpande and Karypis, "Item-based top-N recommendation algorithms", TOIS 2004, section 5.1 |
//! | [`reciprocal_rank`] | 1 / place of the first hit in the first k | Voorhees, "The TREC-8 question answering track report", 1999 |
//! | [`average_precision`] | Σ over hits of the precision down to them / relevant | Manning, Raghavan, Schütze, Introduction to Information Retrieval, section 8.4, cut at k |
//! | [`ndcg`] | Σ 1/log₂(place + 1) over hits / the largest that it can be | Järvelin and Kekäläinen, "Cumulated gain-based evaluation of IR techniques", TOIS 2002, with gains 0 and 1 |
//! | [`auc`] | how often a relevant item stands above another one | Fawcett, "An introduction to ROC analysis", 2006, section 7 |
//!
//! They are those of trec_eval (`P`, `recall`, `map_cut`, `ndcg_cut`). Others divide average precision by the smaller
//! of `relevant` and k, which gives larger numbers: of the Recommenders project
//! (<https://github.com/recommenders-team/recommenders>), `map` divides by `relevant` as here, and `map_at_k` by the
//! smaller.

/// The share of the first `k` places that hit.
pub fn precision(hits: &[bool], k: usize) -> f64 {
    ratio(count(hits, k), k)
}

/// The share of the relevant items that are in the first `k` places.
pub fn recall(hits: &[bool], k: usize, relevant: usize) -> f64 {
    ratio(count(hits, k), relevant)
}

/// The share of the hits that `k` places can have: 1 if they are full of relevant items, or have all of them.
pub fn capped_recall(hits: &[bool], k: usize, relevant: usize) -> f64 {
    ratio(count(hits, k), relevant.min(k))
}

/// 1 if one of the first `k` places hits.
pub fn hit_rate(hits: &[bool], k: usize) -> f64 {
    if count(hits, k) > 0 { 1.0 } else { 0.0 }
}

/// 1 / the first place that hits, from 1; 0 if it is not among the first `k`.
pub fn reciprocal_rank(hits: &[bool], k: usize) -> f64 {
    let first = hits.iter().take(k).position(|&hit| hit);
    first.map_or(0.0, |place| 1.0 / (place + 1) as f64)
}

/// The sum over the hits in the first `k` places of the precision down to their place, divided by `relevant`.
pub fn average_precision(hits: &[bool], k: usize, relevant: usize) -> f64 {
    let (mut found, mut sum) = (0, 0.0);
    for (place, &hit) in (1_usize..).zip(hits.iter().take(k)) {
        if hit {
            found += 1;
            sum += ratio(found, place);
        }
    }
    if relevant == 0 {
        0.0
    } else {
        sum / relevant as f64
    }
}

/// The discounted gain of the first `k` places, where a hit at place r gains 1 / log₂(r + 1), divided by that of the
/// best list there is: one that begins with as many hits as there are `relevant` items.
pub fn ndcg(hits: &[bool], k: usize, relevant: usize) -> f64 {
    let ideal = ideal_gain(k.min(relevant));
    let places = (0..k).zip(hits).filter(|(_, hit)| **hit);
    let gained: f64 = places.map(|(place, _)| gain(place)).sum();
    if ideal == 0.0 { 0.0 } else { gained / ideal }
}

/// What a hit at a place gains, from 0.
fn gain(place: usize) -> f64 {
    1.0 / ((place + 2) as f64).log2()
}

/// What hits at the first `places` gain.
///
/// From a place on that no list comes to, the sum is the integral of ln 2 / ln t and half of its first and last term
/// (Euler and Maclaurin's formula), which is right to 1e-12 of it: with t = eˣ the integrand is smooth, and Simpson's
/// rule is exact enough.
fn ideal_gain(places: usize) -> f64 {
    const ONE_BY_ONE: usize = 1 << 20;
    const STEPS: usize = 1000;
    let summed: f64 = (0..places.min(ONE_BY_ONE)).map(gain).sum();
    if places <= ONE_BY_ONE {
        return summed;
    }
    let of = |t: f64| 1.0 / t.log2();
    let (first, last) = (ONE_BY_ONE as f64 + 2.0, places as f64 + 1.0);
    let step = (last / first).ln() / STEPS as f64;
    let integrand = |at: usize| {
        let x = first.ln() + at as f64 * step;
        x.exp() * std::f64::consts::LN_2 / x
    };
    let weight = |at: usize| match at {
        0 | STEPS => 1.0,
        odd if odd % 2 == 1 => 4.0,
        _ => 2.0,
    };
    let sum: f64 = (0..=STEPS).map(|at| weight(at) * integrand(at)).sum();
    summed + sum * step / 3.0 + (of(first) + of(last)) / 2.0
}

/// The area under the receiver operating characteristic: the share of pairs of a relevant and another item in which the
/// relevant one has the higher score, a tie counting half.
///
/// Of each item its score and whether it is relevant, in any order; scores are compared as they are. Nothing if all or
/// none are relevant: then there is no pair.
pub fn auc(mut items: Vec<(f64, bool)>) -> Option<f64> {
    items.sort_unstable_by(|a, b| a.0.total_cmp(&b.0));
    let relevant = items.iter().filter(|item| item.1).count();
    let others = items.len() - relevant;
    if relevant == 0 || others == 0 {
        return None;
    }
    // Twice the number of pairs won, so that a half is whole.
    let (mut won, mut others_below) = (0, 0);
    for tied in items.chunk_by(|a, b| a.0 == b.0) {
        let relevant = tied.iter().filter(|item| item.1).count();
        let others = tied.len() - relevant;
        won += relevant * (2 * others_below + others);
        others_below += others;
    }
    Some(won as f64 / (2.0 * relevant as f64 * others as f64))
}

fn count(hits: &[bool], k: usize) -> usize {
    hits.iter().take(k).filter(|&&hit| hit).count()
}

fn ratio(part: usize, whole: usize) -> f64 {
    if whole == 0 {
        0.0
    } else {
        part as f64 / whole as f64
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn a_list_by_hand() {
        let hits = [false, true, true, false, true];
        assert_eq!(precision(&hits, 4), 0.5);
        assert_eq!(precision(&hits, 10), 0.3);
        assert_eq!(recall(&hits, 4, 8), 0.25);
        assert_eq!(capped_recall(&hits, 4, 8), 0.5);
        assert_eq!(capped_recall(&hits, 4, 3), 2.0 / 3.0);
        assert_eq!((hit_rate(&hits, 1), hit_rate(&hits, 2)), (0.0, 1.0));
        assert_eq!(
            (reciprocal_rank(&hits, 1), reciprocal_rank(&hits, 9)),
            (0.0, 0.5)
        );
        assert_eq!(
            average_precision(&hits, 3, 4),
            (1.0 / 2.0 + 2.0 / 3.0) / 4.0
        );
        let gained = 1.0 / 3f64.log2() + 0.5;
        assert_eq!(ndcg(&hits, 3, 2), gained / (1.0 + 1.0 / 3f64.log2()));
    }

    #[test]
    fn without_relevant_items_all_is_0() {
        assert_eq!(recall(&[false], 5, 0), 0.0);
        assert_eq!(capped_recall(&[false], 5, 0), 0.0);
        assert_eq!(ndcg(&[], 5, 0), 0.0);
        assert_eq!(average_precision(&[], 5, 0), 0.0);
        assert_eq!(ndcg(&[true], 0, 1), 0.0);
        assert_eq!(precision(&[true], 0), 0.0);
        assert_eq!(auc(vec![(1.0, false)]), None);
    }

    #[test]
    fn more_places_than_can_be_counted_end() {
        let slowly = |places: usize| (0..places).map(gain).sum::<f64>();
        for places in [1, 7, 1 << 20, (1 << 20) + 1, (1 << 20) + 2, 5 << 20] {
            let (found, expected) = (ideal_gain(places), slowly(places));
            assert!(
                (found / expected - 1.0).abs() < 1e-12,
                "{places}: {found} is not {expected}"
            );
        }
        let hits = [true, true];
        let first_two = gain(0) + gain(1);
        assert_eq!(ndcg(&hits, usize::MAX, 2), 1.0);
        let huge = ndcg(&hits, usize::MAX, usize::MAX);
        // The logarithmic integral of 2^64 is 4.26e17 (and a half); the sum is ln 2 times that.
        assert!((huge * 2.95e17 / first_two - 1.0).abs() < 0.01, "{huge}");
        assert_eq!(
            average_precision(&hits, usize::MAX, usize::MAX),
            2.0 / usize::MAX as f64
        );
    }

    proptest! {
        #[test]
        fn auc_counts_pairs(items in prop::collection::vec((0u8..5, any::<bool>()), 0..20)) {
            let items: Vec<(f64, bool)> = items.into_iter().map(|(s, r)| (f64::from(s), r)).collect();
            let (mut pairs, mut won) = (0.0, 0.0);
            for a in items.iter().filter(|a| a.1) {
                for b in items.iter().filter(|b| !b.1) {
                    pairs += 1.0;
                    won += if a.0 > b.0 { 1.0 } else if a.0 == b.0 { 0.5 } else { 0.0 };
                }
            }
            let expected = (pairs > 0.0).then(|| won / pairs);
            prop_assert_eq!(auc(items), expected);
        }

        #[test]
        fn all_are_between_0_and_1(hits in prop::collection::vec(any::<bool>(), 0..12), k in 0usize..12, more in 0usize..5) {
            let relevant = hits.iter().filter(|&&hit| hit).count() + more;
            for value in [
                precision(&hits, k), recall(&hits, k, relevant), capped_recall(&hits, k, relevant), hit_rate(&hits, k), reciprocal_rank(&hits, k),
                average_precision(&hits, k, relevant), ndcg(&hits, k, relevant),
            ] {
                prop_assert!((0.0..=1.0 + 1e-12).contains(&value));
            }
        }
    }
}
