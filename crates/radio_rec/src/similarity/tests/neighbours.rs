//! The nearest neighbours of all, against readable versions.

use super::*;

/// The readable version of [`Neighbourhood`]: dense columns, one formula a measure, no care for speed.
mod readable {
    use super::*;

    fn idf(terms: &Array2<f64>) -> Vec<f64> {
        let documents = terms.nrows() as f64;
        let occurrences = |column: ArrayView1<'_, f64>| column.iter().filter(|&&v| v > 0.0).count();
        terms
            .columns()
            .into_iter()
            .map(|column| documents.ln() - (1.0 + occurrences(column) as f64).ln())
            .collect()
    }

    /// `plays` and the result are documents x terms.
    fn weighted(plays: &Array2<f64>, weighting: Weighting) -> Array2<f64> {
        let idf = idf(plays);
        let mean_sum = plays.sum() / plays.nrows() as f64;
        Array2::from_shape_fn(plays.dim(), |(d, t)| {
            let v = plays[(d, t)];
            match weighting {
                Weighting::None => v,
                Weighting::TfIdf => v.sqrt() * idf[t],
                Weighting::Bm25 { k1, b } => {
                    let length = 1.0 - b + b * plays.row(d).sum() / mean_sum;
                    v * (k1 + 1.0) / (k1 * length + v) * idf[t]
                }
            }
        })
    }

    /// Of `stored`, which says where plays are, the mean of each column is taken from what is stored.
    fn centred(values: &Array2<f64>, stored: &Array2<f64>) -> Array2<f64> {
        let mut centred = values.clone();
        for (column, stored) in centred.columns_mut().into_iter().zip(stored.columns()) {
            let count = stored.iter().filter(|&&v| v > 0.0).count() as f64;
            let mean = column.sum() / count;
            ndarray::Zip::from(column).and(stored).for_each(|v, &s| {
                // Of equal values, rounding is all that can remain.
                if s > 0.0 {
                    *v = if (*v - mean).abs() < 1e-12 * mean.abs() {
                        0.0
                    } else {
                        *v - mean
                    };
                }
            });
        }
        centred
    }

    fn similarity(measure: Measure, a: ArrayView1<'_, f64>, b: ArrayView1<'_, f64>) -> f64 {
        let n = a.len() as f64;
        let set = |v: ArrayView1<'_, f64>| v.mapv(|v| f64::from(u8::from(v > 0.0)));
        let both = set(a).dot(&set(b));
        let (of_a, of_b) = (set(a).sum(), set(b).sum());
        let similarity = match measure {
            Measure::Cosine | Measure::AdjustedCosine => {
                a.dot(&b) / (a.dot(&a).sqrt() * b.dot(&b).sqrt())
            }
            Measure::Pearson => {
                let (a, b) = (&a - a.sum() / n, &b - b.sum() / n);
                // A column that is constant up to rounding correlates with nothing.
                let norms = a.dot(&a).sqrt() * b.dot(&b).sqrt();
                if norms < 1e-9 { 0.0 } else { a.dot(&b) / norms }
            }
            Measure::Jaccard => both / (of_a + of_b - both),
            Measure::Dice => 2.0 * both / (of_a + of_b),
            Measure::Euclidean => 1.0 / (1.0 + (&a - &b).mapv(|d| d * d).sum().sqrt()),
            Measure::ConditionalProbability => both / of_a,
            Measure::Lift => (both / n) / (of_a / n * (of_b / n)),
            Measure::DotProduct => a.dot(&b),
        };
        if similarity.is_nan() { 0.0 } else { similarity }
    }

    /// The similarities of all pairs of rows of `plays` that may be neighbours.
    pub(super) fn similarities(plays: &Array2<f64>, wanted: &Neighbourhood) -> Array2<f64> {
        let &Neighbourhood {
            measure,
            weighting,
            minimum_support,
            shrinkage,
            ..
        } = wanted;
        let mut values = weighted(plays, weighting);
        if measure == Measure::AdjustedCosine {
            values = centred(&values, plays);
        }
        let rows = plays.nrows();
        Array2::from_shape_fn((rows, rows), |(a, b)| {
            let of_both = plays.row(a).into_iter().zip(plays.row(b));
            let common = of_both.filter(|&(&a, &b)| a > 0.0 && b > 0.0).count();
            let norms = [a, b].map(|row| values.row(row).dot(&values.row(row)).sqrt());
            // What rounding leaves of products that cancel is nothing in common.
            let is_apart = values.row(a).dot(&values.row(b)) <= 1e-12 * norms[0] * norms[1];
            if a == b || common < minimum_support || is_apart {
                return 0.0;
            }
            let common = common as f64;
            let shrunk = common / (common + shrinkage);
            similarity(measure, values.row(a), values.row(b)) * shrunk
        })
    }
}

/// Plays of up to 90 users x 80 items, few or many; all 1, whole and small, whole, or fractions.
fn plays() -> impl Strategy<Value = Array2<f64>> {
    let density = prop_oneof![Just(0.02), Just(0.1), Just(0.6)];
    (1usize..90, 1usize..80, density, 0u8..4, any::<u64>()).prop_map(
        |(users, items, density, kind, seed)| {
            use rand::{RngExt, SeedableRng};
            let mut rng = rand::rngs::ChaCha8Rng::seed_from_u64(seed);
            Array2::from_shape_simple_fn((users, items), || {
                match (rng.random::<f64>() < density, kind) {
                    (false, _) => 0.0,
                    (true, 0) => 1.0,
                    (true, 1) => f64::from(rng.random_range(1_u8..6)),
                    (true, 2) => f64::from(rng.random_range(1_u16..2000)),
                    (true, _) => rng.random_range(0.1..9.0),
                }
            })
        },
    )
}

fn neighbourhood() -> impl Strategy<Value = Neighbourhood> {
    let weighting = prop_oneof![
        2 => Just(Weighting::None),
        1 => Just(Weighting::TfIdf),
        1 => Just(Weighting::Bm25 { k1: 1.2, b: 0.75 }),
    ];
    let shrinkage = prop_oneof![Just(0.0), Just(2.5)];
    let measure = prop::sample::select(&Measure::ALL[..]);
    (1usize..30, measure, weighting, 1usize..4, shrinkage).prop_map(
        |(k, measure, weighting, minimum_support, shrinkage)| {
            let weighting = if measure.is_of_sets() {
                Weighting::None
            } else {
                weighting
            };
            Neighbourhood::new(k)
                .measure(measure)
                .weighting(weighting)
                .minimum_support(minimum_support)
                .shrinkage(shrinkage)
        },
    )
}

/// What was found for a row are the k best of its similarities, best first.
fn check_found(
    found: &[(usize, f64)],
    similarities: ArrayView1<'_, f64>,
    k: usize,
) -> std::result::Result<(), TestCaseError> {
    const NOISE: f64 = 1e-9;
    let mut best: Vec<f64> = similarities
        .iter()
        .copied()
        .filter(|&s| s > NOISE)
        .collect();
    best.sort_by(|a, b| b.total_cmp(a));
    best.truncate(k);
    prop_assert!(found.len() >= best.len() && found.len() <= k);
    for (n, &(other, similarity)) in found.iter().enumerate() {
        let expected = best.get(n).copied().unwrap_or(0.0);
        let close = |a: f64, b: f64| (a - b).abs() <= NOISE * a.abs().max(1.0);
        prop_assert!(
            close(similarity, expected),
            "{similarity} is not {expected}"
        );
        prop_assert!(close(similarity, similarities[other]));
        prop_assert!(found[..n].iter().all(|earlier| earlier.0 != other));
    }
    Ok(())
}

proptest! {
    #[test]
    fn the_kernel_equals_the_readable_version(plays in plays(), wanted in neighbourhood()) {
        let data = from_dense(&plays);
        let k = wanted.k;
        let (of_items, of_users) = (wanted.of_items(&data).unwrap(), wanted.of_users(&data).unwrap());
        let expected = readable::similarities(&plays.t().to_owned(), &wanted);
        for item in data.item_indices() {
            let found: Vec<_> =
                of_items.neighbours(item).iter().map(|n| (n.item.index(), n.similarity)).collect();
            check_found(&found, expected.row(item.index()), k)?;
        }
        let expected = readable::similarities(&plays, &wanted);
        for user in data.user_indices() {
            let found: Vec<_> =
                of_users.neighbours(user).iter().map(|n| (n.user.index(), n.similarity)).collect();
            check_found(&found, expected.row(user.index()), k)?;
        }
    }

    /// TF-IDF gives an item that nearly all users have no weight, or one below 0: what rests on such weights is no
    /// neighbour.
    #[test]
    fn weights_of_0_or_below_make_no_neighbours(
        measure in prop::sample::select(&[Measure::Euclidean, Measure::Pearson, Measure::Cosine][..]),
        plays in prop::collection::vec(0u8..6, 72),
    ) {
        let plays = Array2::from_shape_vec((9, 8), plays).unwrap().mapv(f64::from);
        let wanted = Neighbourhood::new(7).measure(measure).weighting(Weighting::TfIdf);
        let data = from_dense(&plays);
        let found = wanted.of_items(&data).unwrap();
        let expected = readable::similarities(&plays.t().to_owned(), &wanted);
        for item in data.item_indices() {
            let found: Vec<_> =
                found.neighbours(item).iter().map(|n| (n.item.index(), n.similarity)).collect();
            check_found(&found, expected.row(item.index()), 7)?;
        }
    }

    #[test]
    fn of_two_is_what_the_neighbours_have(plays in plays(), measure in prop::sample::select(&Measure::ALL[..])) {
        let data = from_dense(&plays);
        let all = Neighbourhood::new(100).measure(measure).of_items(&data).unwrap();
        for item in data.item_indices() {
            for neighbour in all.neighbours(item) {
                let of_two = measure.of_items(&data, item, neighbour.item).unwrap();
                prop_assert!((of_two - neighbour.similarity).abs() <= 1e-12 * of_two.max(1.0));
                if measure != Measure::ConditionalProbability {
                    let other_way = measure.of_items(&data, neighbour.item, item).unwrap();
                    prop_assert_eq!(of_two, other_way);
                }
                let highest = match measure {
                    Measure::Lift => plays.nrows() as f64,
                    Measure::DotProduct => f64::INFINITY,
                    _ => 1.0,
                };
                prop_assert!(of_two > 0.0 && of_two <= highest);
            }
        }
    }

    #[test]
    fn the_order_of_users_changes_nothing(plays in plays(), wanted in neighbourhood()) {
        // Of whole values, whose sums are exact; others differ in their last bits.
        let plays = plays.mapv(f64::ceil);
        let mut reversed = plays.clone();
        reversed.invert_axis(ndarray::Axis(0));
        let wanted = wanted.weighting(Weighting::None);
        prop_assume!(wanted.measure != Measure::AdjustedCosine);
        let found = wanted.of_items(&from_dense(&plays)).unwrap();
        let again = wanted.of_items(&from_dense(&reversed)).unwrap();
        let (found, again) = (found.rows(), again.rows());
        for (found, again) in found.zip(again) {
            prop_assert_eq!(found, again);
        }
    }

    #[test]
    fn the_number_of_threads_changes_nothing(plays in plays(), wanted in neighbourhood()) {
        let data = from_dense(&plays);
        let with = |threads| {
            let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
            pool.install(|| wanted.of_items(&data).unwrap())
        };
        let (one, four) = (with(1), with(4));
        for item in data.item_indices() {
            prop_assert_eq!(one.neighbours(item), four.neighbours(item));
        }
    }
}

#[test]
fn what_is_near_and_far_from_0_keeps_its_distance() {
    let data = Interactions::from_triplets([
        ("a", "x", 3e8),
        ("a", "y", 3e8 + 3.0),
        ("a", "z", 3e8 + 1.0),
        ("b", "x", 0.5),
        ("b", "y", 0.5),
        ("b", "z", 0.5),
        ("c", "w", 1.0),
    ])
    .unwrap();
    let item = |name| data.item(name).unwrap();
    let measure = Measure::Euclidean;
    assert_eq!(measure.of_items(&data, item("x"), item("y")).unwrap(), 0.25);
    let all = Neighbourhood::new(2)
        .measure(measure)
        .of_items(&data)
        .unwrap();
    let of_x = all.neighbours(item("x"));
    let of_x: Vec<_> = of_x.iter().map(|n| (n.item, n.similarity)).collect();
    assert_eq!(of_x, [(item("z"), 0.5), (item("y"), 0.25)]);
}

#[test]
fn many_ties_are_in_the_order_of_the_catalogue() {
    // 200 items that the same two users played: all as similar to each other as can be.
    let triplets = (0..200).flat_map(|item| [("a", item), ("b", item)]);
    let data =
        Interactions::from_triplets(triplets.map(|(user, item)| (user, item.to_string(), 1.0)))
            .unwrap();
    for measure in [
        Measure::Cosine,
        Measure::Jaccard,
        Measure::Dice,
        Measure::Euclidean,
    ] {
        let all = Neighbourhood::new(3)
            .measure(measure)
            .of_items(&data)
            .unwrap();
        let of = |item| {
            all.neighbours(data.item_number(item))
                .iter()
                .map(|n| n.item.index())
                .collect::<Vec<_>>()
        };
        assert_eq!(
            (of(0), of(2), of(199)),
            (vec![1, 2, 3], vec![0, 1, 3], vec![0, 1, 2])
        );
    }
}

/// The similarity of (2, 2, 0) to an item without users: a distance is one even so.
fn nothing_in_common(measure: Measure) -> f64 {
    match measure {
        Measure::Euclidean => 1.0 / (1.0 + 8.0f64.sqrt()),
        _ => 0.0,
    }
}

#[test]
fn what_has_no_similarity_has_no_neighbours() {
    let data = Interactions::from_triplets([
        ("a", "x", 2.0),
        ("a", "y", 2.0),
        ("b", "x", 2.0),
        ("b", "y", 2.0),
        ("b", "nobody's", 0.0),
        ("nothing", "x", 0.0),
    ])
    .unwrap();
    for measure in Measure::ALL {
        for weighting in [
            Weighting::None,
            Weighting::TfIdf,
            Weighting::Bm25 { k1: 1.2, b: 0.75 },
        ] {
            let wanted = Neighbourhood::new(1000)
                .measure(measure)
                .weighting(weighting);
            if weighting != Weighting::None && measure.is_of_sets() {
                continue;
            }
            let (items, users) = (
                wanted.of_items(&data).unwrap(),
                wanted.of_users(&data).unwrap(),
            );
            assert!(items.neighbours(data.item_number(2)).is_empty());
            assert!(users.neighbours(data.user_number(2)).is_empty());
            for item in [0, 1].map(|item| data.item_number(item)) {
                assert!(
                    items
                        .neighbours(item)
                        .iter()
                        .all(|n| n.similarity.is_finite())
                );
                assert_eq!(
                    measure.of_items(&data, item, data.item_number(2)).unwrap(),
                    nothing_in_common(measure)
                );
            }
        }
        // A user's mean takes all away from users whose values are all the same.
        let none_is_left = measure == Measure::AdjustedCosine;
        let all = Neighbourhood::new(9)
            .measure(measure)
            .of_items(&data)
            .unwrap();
        assert_eq!(
            all.neighbours(data.item_number(0)).is_empty(),
            none_is_left,
            "{measure}"
        );
    }
}

#[test]
fn bad_parameters_of_a_neighbourhood_are_refused() {
    let data = Interactions::from_triplets([("a", "x", 1.0)]).unwrap();
    let message = |wanted: Neighbourhood| wanted.of_items(&data).unwrap_err().to_string();
    let wanted = Neighbourhood::new(1);
    assert_eq!(
        message(Neighbourhood::new(0)),
        "`k` is 0, but must be at least 1"
    );
    assert!(message(wanted.minimum_support(0)).starts_with("`minimum_support` is 0"));
    assert!(message(wanted.shrinkage(f64::NAN)).starts_with("`shrinkage` is NaN"));
    assert!(message(wanted.shrinkage(-1.0)).ends_with("must be from 0 to 1e30"));
    let bm25 = |k1, b| wanted.weighting(Weighting::Bm25 { k1, b });
    assert!(message(bm25(f64::INFINITY, 0.5)).starts_with("`k1` is inf"));
    assert!(message(bm25(1.0, 1.5)).ends_with("must be from 0 to 1"));
    assert!(
        message(wanted.weighting(Weighting::TfIdf).measure(Measure::Lift))
            .starts_with("`weighting` is TfIdf with the measure lift")
    );
    assert_eq!(
        "cosinus".parse::<Measure>().unwrap_err().to_string(),
        "`measure` is `cosinus`, but must be one of cosine, adjusted-cosine, pearson, jaccard, dice, euclidean, \
         conditional-probability, lift, dot-product"
    );
}

#[test]
fn an_empty_matrix_has_no_neighbours() {
    let data = Interactions::from_triplets::<&str, &str>([]).unwrap();
    let wanted = Neighbourhood::new(1).weighting(Weighting::TfIdf);
    assert!(wanted.of_items(&data).unwrap().is_empty());
    assert!(wanted.of_users(&data).unwrap().is_empty());
}

/// ln 3 - ln(1 + 2) is not 0 in double precision.
#[test]
fn a_weight_of_0_is_0() {
    let data = Interactions::from_triplets([("a", "x", 5.0), ("b", "x", 2.0), ("c", "y", 0.0)]);
    let data = data.unwrap();
    let wanted = Neighbourhood::new(1).weighting(Weighting::TfIdf);
    let found = wanted.of_users(&data).unwrap();
    assert!(
        data.user_indices()
            .all(|user| found.neighbours(user).is_empty())
    );
}
