//! A weight between every two items, in closed form.

use std::borrow::Cow;
use std::ops::Range;

use ndarray::Array2;
use serde::{Deserialize, Serialize};

use super::history::{History, PlayWeight};
use super::model_file::checked_when_read;
use super::recommender::not_zero;
use super::sums::named;
use super::{Explain, Fit, Recommender, SimilarItems, Wanted, check_not_empty};
use crate::interactions::{Interactions, Item};
use crate::linalg::{Real, invert_positive_definite};
use crate::parallel;
use crate::ranking::Top;
use crate::{Error, Result};

/// How many columns of weights are added up at once.
const COLUMNS: usize = 256;

/// Learns how much each item a user played speaks for each other item: a linear autoencoder whose diagonal is 0.
///
/// With X the weighted plays (users x items), the weights B (items x items) minimise
///
/// ```text
/// ‖X - X B‖² + λ ‖B‖²   with B_jj = 0,     so that with P = (XᵀX + λ I)⁻¹   B_ij = -P_ij / P_jj for i ≠ j
/// ```
///
/// and the score of item j is the sum over the user's items i of x_i B_ij (Steck, "Embarrassingly shallow autoencoders
/// for sparse data", WWW 2019, equations 2 and 8). Scores may be negative: what the user played speaks against the
/// item. Every item that somebody played has a score; 0 says that nothing speaks for or against it.
///
/// | parameter | default | meaning | range |
/// |---|---|---|---|
/// | `lambda` | | the penalty for large weights | finite, above 0 |
/// | `weight` | 1 | how strongly a play counts, in learning and in scoring | see [`PlayWeight`] |
/// | `precision` | double | of the weights | see [`Precision`] |
///
/// Learning takes time with the cube of the number of items, and a number of 8 bytes (in single precision 4) for each
/// pair of them and little besides: it is for up to some twenty thousand items, and [`SparseEase`](super::SparseEase)
/// for more. The last bits of the weights depend on what the processor's multiplication is made of; any number of
/// threads gives the same.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Ease {
    /// The penalty for large weights.
    pub lambda: f64,
    /// How strongly a play counts.
    #[serde(default)]
    pub weight: PlayWeight,
    /// Of the weights.
    #[serde(default)]
    pub precision: Precision,
}

/// How precise the weights of [`Ease`] and [`Edlae`](super::Edlae) are.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Precision {
    /// 8 bytes a weight.
    #[default]
    Double,
    /// 4 bytes a weight, learned in half the memory and time, and right to some 5 digits where `lambda` is not small
    /// against the number of an item's listeners. Scores are still sums in double precision.
    Single,
}

impl Ease {
    /// With this penalty, and every play counting 1.
    pub fn new(lambda: f64) -> Self {
        Self {
            lambda,
            weight: PlayWeight::ONE,
            precision: Precision::Double,
        }
    }
}

impl Fit for Ease {
    type Model = EaseModel;

    fn check(&self) -> Result<()> {
        check_penalty(self.lambda, self.weight)
    }

    /// Inverts the matrix.
    ///
    /// # Errors
    ///
    /// [`Error::InvalidParameter`](crate::Error::InvalidParameter) for a parameter outside its range, for a matrix
    /// without values, and for a `lambda` so small against the data that the inverse is lost in rounding.
    fn fit(&self, data: &Interactions) -> Result<EaseModel> {
        self.check()?;
        closed_form(data, self, 0.0)
    }
}

/// A fitted [`Ease`] or [`Edlae`](super::Edlae).
#[derive(Clone, Serialize, Deserialize)]
#[serde(remote = "Self")]
pub struct EaseModel {
    pub(super) data: Interactions,
    weight: PlayWeight,
    pub(super) weights: Weights,
}

/// Items x items: how much the item of the row speaks for the item of the column; 0 on the diagonal.
#[derive(Clone, Serialize, Deserialize)]
pub(super) enum Weights {
    Double(Array2<f64>),
    Single(Array2<f32>),
}

impl Weights {
    fn dim(&self) -> (usize, usize) {
        match self {
            Self::Double(weights) => weights.dim(),
            Self::Single(weights) => weights.dim(),
        }
    }

    fn get(&self, row: usize, column: usize) -> f64 {
        match self {
            Self::Double(weights) => weights[(row, column)],
            Self::Single(weights) => f64::from(weights[(row, column)]),
        }
    }

    fn row(&self, row: usize) -> Vec<f64> {
        match self {
            Self::Double(weights) => weights.row(row).to_vec(),
            Self::Single(weights) => weights.row(row).iter().map(|&w| f64::from(w)).collect(),
        }
    }

    /// Adds multiples of some columns of rows, one after the other.
    fn add_rows(
        &self,
        columns: Range<usize>,
        rows: impl Iterator<Item = (usize, f64)>,
        sums: &mut [f64],
    ) {
        match self {
            Self::Double(weights) => add_rows(weights, columns, rows, sums),
            Self::Single(weights) => add_rows(weights, columns, rows, sums),
        }
    }
}

/// Adds multiples of some columns of rows, one after the other: the same bits for any number of columns.
fn add_rows<T: Copy + Into<f64>>(
    weights: &Array2<T>,
    columns: Range<usize>,
    rows: impl Iterator<Item = (usize, f64)>,
    sums: &mut [f64],
) {
    let stride = weights.ncols();
    let weights = weights.as_slice().expect("rows one after the other");
    for (row, factor) in rows {
        let row = &weights[row * stride..][columns.clone()];
        for (sum, &weight) in sums.iter_mut().zip(row) {
            *sum += factor * weight.into();
        }
    }
}

checked_when_read!(EaseModel);

impl EaseModel {
    /// That the parts fit together, of a model that was read.
    fn checked(self) -> std::result::Result<Self, &'static str> {
        let items = self.data.items().len();
        if self.weights.dim() != (items, items) || self.weight.check().is_err() {
            return Err("its weights are not those of the items");
        }
        let own = (0..items).any(|item| self.weights.get(item, item) != 0.0);
        // Far beyond what is learned, and so small that a score, a sum of products with weights of plays, is finite.
        let fits = match &self.weights {
            Weights::Double(weights) => weights.iter().all(|weight| weight.abs() <= 1e100),
            Weights::Single(weights) => weights.iter().all(|weight| weight.is_finite()),
        };
        if own || !fits {
            return Err("a weight is not a number, too large, or that of an item for itself");
        }
        Ok(self)
    }
}

impl EaseModel {
    /// How much one item speaks for each other: an array of items x items, with 0 on the diagonal. Those of single
    /// precision are copied.
    pub fn weights(&self) -> Cow<'_, Array2<f64>> {
        match &self.weights {
            Weights::Double(weights) => Cow::Borrowed(weights),
            Weights::Single(weights) => Cow::Owned(weights.mapv(f64::from)),
        }
    }

    /// What was played, with how strongly it counts.
    fn plays<'a>(&self, history: &'a History<'_>) -> impl Iterator<Item = (usize, f64)> + use<'a> {
        let weight = self.weight;
        let plays = history.plays();
        plays.map(move |(item, value)| (item.index(), weight.of(value)))
    }
}

impl Recommender for EaseModel {
    fn data(&self) -> &Interactions {
        &self.data
    }

    fn score(&self, history: &History<'_>) -> Vec<(Item, f64)> {
        let mut scores = vec![0.0; self.data.items().len()];
        let all = 0..scores.len();
        self.weights.add_rows(all, self.plays(history), &mut scores);
        let is_played = |&(item, _): &(Item, f64)| self.data.users_of(item).len() > 0;
        self.data
            .item_indices()
            .zip(scores)
            .filter(is_played)
            .collect()
    }

    fn best(&self, histories: &[History<'_>], wanted: &Wanted) -> Vec<Vec<(Item, f64)>> {
        let items = self.data.items().len();
        let mut tops: Vec<Top<u32>> = histories.iter().map(|_| wanted.top()).collect();
        let mut scores = [0.0; COLUMNS];
        // Some columns of all rows stay in the cache while a block of people is asked for.
        for first in (0..items).step_by(COLUMNS) {
            let columns = first..items.min(first + COLUMNS);
            for (history, top) in histories.iter().zip(&mut tops) {
                let scores = &mut scores[..columns.len()];
                scores.fill(0.0);
                self.weights
                    .add_rows(columns.clone(), self.plays(history), scores);
                for (item, &score) in (first as u32..).zip(&*scores) {
                    if top.may_enter(score)
                        && wanted.admits_number(history, item)
                        && !self.data.by_item().range(item as usize).is_empty()
                    {
                        top.push(item, score);
                    }
                }
            }
        }
        let lists = tops.into_iter().map(Top::sorted);
        lists.map(|list| named(&self.data, list)).collect()
    }
}

/// An item is similar to another as much as it speaks for it.
impl SimilarItems for EaseModel {
    fn similarities(&self, item: Item) -> Vec<(Item, f64)> {
        not_zero(&self.data, self.weights.row(item.index()))
    }
}

impl Explain for EaseModel {
    fn contributions(&self, history: &History<'_>, item: Item) -> Vec<(Item, f64)> {
        let speaks_for = |other: Item| self.weights.get(other.index(), item.index());
        history
            .plays()
            .map(|(other, value)| (other, self.weight.of(value) * speaks_for(other)))
            .collect()
    }
}

/// An error for a parameter outside its range.
pub(super) fn check_penalty(lambda: f64, weight: PlayWeight) -> Result<()> {
    if !(lambda.is_finite() && lambda > 0.0) {
        return Err(Error::invalid("lambda", lambda, "a finite number above 0"));
    }
    weight.check()
}

/// -P_ij / P_jj for P = (XᵀX + `share` diag(XᵀX) + λ I)⁻¹. The parameters were checked.
pub(super) fn closed_form(data: &Interactions, ease: &Ease, share: f64) -> Result<EaseModel> {
    check_not_empty(data)?;
    let lost = || {
        let expected = "larger: against such values it is lost in rounding";
        Error::invalid("lambda", ease.lambda, expected)
    };
    let weights = match ease.precision {
        Precision::Double => Weights::Double(solved::<f64>(data, ease, share).ok_or_else(lost)?),
        Precision::Single => Weights::Single(solved::<f32>(data, ease, share).ok_or_else(lost)?),
    };
    Ok(EaseModel {
        data: data.clone(),
        weight: ease.weight,
        weights,
    })
}

/// The weights, unless they are lost in rounding.
fn solved<T: Real + Narrow>(data: &Interactions, ease: &Ease, share: f64) -> Option<Array2<T>> {
    let mut weights = together::<T>(data, ease.weight);
    for (item, diagonal) in data.item_indices().zip(weights.diag_mut()) {
        // As precise as can be, whatever the sums are stored in.
        let squares: f64 = data
            .users_of(item)
            .map(|(_, value)| ease.weight.of(value).powi(2))
            .sum();
        *diagonal = T::narrowed(squares + share * squares + ease.lambda);
    }
    invert_positive_definite(weights.view_mut()).ok()?;
    let diagonal = weights.diag().to_owned();
    for mut row in weights.rows_mut() {
        row.zip_mut_with(&diagonal, |weight, &of_column| {
            *weight = *weight / -of_column;
        });
    }
    weights.diag_mut().fill(T::zero());
    even_out(&mut weights, data);
    let is_finite = weights.iter().all(|weight| weight.is_number());
    is_finite.then_some(weights)
}

/// Gives items that the same users played, and as much, the same weights: what differs is what rounding left.
fn even_out<T: Copy>(weights: &mut Array2<T>, data: &Interactions) {
    let plays = |item: u32| data.by_item().row(item as usize);
    let order = |a: &u32, b: &u32| {
        let ((users_a, values_a), (users_b, values_b)) = (plays(*a), plays(*b));
        let by_value = || {
            values_a
                .iter()
                .map(|v| v.to_bits())
                .cmp(values_b.iter().map(|v| v.to_bits()))
        };
        users_a.cmp(users_b).then_with(by_value).then(a.cmp(b))
    };
    let mut items: Vec<u32> = (0..weights.nrows() as u32).collect();
    items.sort_unstable_by(order);
    let alike = items.chunk_by(|a, b| plays(*a) == plays(*b));
    let alike: Vec<&[u32]> = alike.filter(|items| items.len() > 1).collect();
    // Columns of all first: rows then take what is the same in them.
    for items in &alike {
        let first = items[0] as usize;
        let among = weights[(first, items[1] as usize)];
        for row in 0..weights.nrows() {
            let is_one = items.binary_search(&(row as u32)).is_ok();
            for &item in *items {
                let item = item as usize;
                if row != item {
                    weights[(row, item)] = if is_one { among } else { weights[(row, first)] };
                }
            }
        }
    }
    for items in &alike {
        let first = items[0] as usize;
        for column in (0..weights.ncols() as u32).filter(|at| items.binary_search(at).is_err()) {
            for &item in &items[1..] {
                weights[(item as usize, column as usize)] = weights[(first, column as usize)];
            }
        }
    }
}

/// What a number in double precision is stored in.
pub(super) trait Narrow {
    fn narrowed(number: f64) -> Self;
}

impl Narrow for f64 {
    fn narrowed(number: f64) -> Self {
        number
    }
}

impl Narrow for f32 {
    fn narrowed(number: f64) -> Self {
        number as f32
    }
}

/// XᵀX, on the diagonal and above it: of every two items the sum over users of the products of their weighted plays; an
/// array of items x items.
pub(super) fn together<T: Real + Narrow>(data: &Interactions, weight: PlayWeight) -> Array2<T> {
    let n = data.items().len();
    let mut sums = Array2::zeros((n, n));
    parallel::for_each_init(
        data.item_indices().zip(sums.rows_mut()),
        || vec![0.0; n],
        |sums, _, (item, mut row)| {
            for (user, value) in data.users_of(item) {
                let factor = weight.of(value);
                let (items, values) = data.by_user().row(user.index());
                let after = items.partition_point(|&other| other < item.number());
                for (&other, &value) in items[after..].iter().zip(&values[after..]) {
                    sums[other as usize] += factor * weight.of(value);
                }
            }
            for (to, sum) in row.iter_mut().zip(sums).skip(item.index()) {
                *to = T::narrowed(std::mem::take(sum));
            }
        },
    );
    sums
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::recommend::Request;
    use ndarray::{Array1, Array2};
    use proptest::prelude::*;

    proptest! {
        /// Each column of B is a ridge regression on the other items (the definition), here by gradient descent's fixed
        /// point.
        #[test]
        fn no_other_weights_are_better(values in prop::collection::vec(0u8..3, 24), lambda in 0.1f64..10.0) {
            let values = Array2::from_shape_vec((6, 4), values.into_iter().map(f64::from).collect()).unwrap();
            prop_assume!(values.sum() > 0.0);
            let triplets = values.indexed_iter().map(|((u, i), &v)| (format!("u{u}"), format!("i{i}"), v));
            let data = Interactions::from_triplets(triplets).unwrap();
            let model = Ease { weight: PlayWeight::VALUE, ..Ease::new(lambda) }.fit(&data).unwrap();
            // The derivative of the objective, ½ of it: Xᵀ(X B - X) + λ B, is 0 off the diagonal.
            let b = model.weights();
            let slope = values.t().dot(&(values.dot(&*b) - &values)) + &*b * lambda;
            for ((i, j), &slope) in slope.indexed_iter() {
                prop_assert!(i == j || slope.abs() < 1e-9, "{i} {j}: {slope}");
            }
            prop_assert_eq!(b.diag().to_owned(), Array1::<f64>::zeros(4));
        }
    }

    #[test]
    fn what_nothing_speaks_against_comes_before_what_something_does() {
        let plays = [("c", 3), ("b", 3), ("d", 2)]
            .into_iter()
            .zip(["a", "c", "e"]);
        let plays = plays.flat_map(|((one, times), other)| {
            (0..times).flat_map(move |n| [one, other].map(|item| (format!("{one}{n}"), item, 1.0)))
        });
        let nobody = ("x0".to_owned(), "nobody's", 0.0);
        let plays = plays.chain([("x0".to_owned(), "a", 1.0), nobody]);
        let data = Interactions::from_triplets(plays).unwrap();
        let model = Ease::new(1.0).fit(&data).unwrap();
        let new = model
            .recommend(data.user("x0").unwrap().into(), &Request::new(9))
            .unwrap();
        let scores: Vec<_> = new
            .ranking
            .iter()
            .map(|ranked| (ranked.name.as_str(), (ranked.score * 1e6).round() / 1e6))
            .collect();
        // As numpy has it: -P / diag(P) for P = inv(X.T @ X + I), its row of a.
        assert_eq!(
            scores,
            [("c", 0.6), ("d", 0.0), ("e", 0.0), ("b", -0.346154)]
        );
    }

    proptest! {
        /// Each item twice: what no rounding may order.
        #[test]
        fn items_of_the_same_plays_are_tied(values in prop::collection::vec(0u8..3, 60), lambda in 0.5f64..5.0) {
            prop_assume!(values.iter().any(|&value| value > 0));
            let plays = values.iter().enumerate().flat_map(|(at, &value)| {
                let (user, item) = (at / 6, at % 6);
                [0, 1].map(|twin| (format!("u{user}"), format!("i{item} {twin}"), f64::from(value)))
            });
            let data = Interactions::from_triplets(plays).unwrap();
            let model = Ease { weight: PlayWeight::VALUE, ..Ease::new(lambda) }.fit(&data).unwrap();
            let item = |item: usize, twin: usize| data.item(format!("i{item} {twin}")).unwrap();
            for a in 0..6 {
                let twins = [item(a, 0), item(a, 1)];
                for b in (0..6).filter(|&b| b != a).flat_map(|b| [item(b, 0), item(b, 1)]) {
                    let from = twins.map(|twin| model.weights()[(twin.index(), b.index())]);
                    let to = twins.map(|twin| model.weights()[(b.index(), twin.index())]);
                    prop_assert_eq!((from[0], to[0]), (from[1], to[1]));
                }
                // The plays of some others, whatever the order of the sums.
                let plays: Vec<(Item, f64)> = (0..6).filter(|&b| b != a).map(|b| (item(b, b % 2), 1.0 + b as f64)).collect();
                let scores = model.scores_of(crate::recommend::Whom::History(&plays), &twins).unwrap();
                prop_assert_eq!(scores[0], scores[1]);
            }
        }
    }

    #[test]
    fn single_precision_ranks_as_double_does() {
        let plays = (0..60).flat_map(|u| (0..90).map(move |i| (u, i, (u * 7 + i * i * 3 + i) % 5)));
        let data = Interactions::from_triplets(
            plays
                .filter(|&(.., value)| value < 2)
                .map(|(u, i, value)| (format!("u{u}"), format!("i{i}"), 1.0 + f64::from(value))),
        )
        .unwrap();
        let double = Ease::new(20.0);
        let precision = Precision::Single;
        let single = Ease {
            precision,
            ..double
        };
        let (double, single) = (double.fit(&data).unwrap(), single.fit(&data).unwrap());
        for (a, b) in double.weights().iter().zip(single.weights().iter()) {
            assert!((a - b).abs() < 1e-5, "{a} is not {b}");
        }
        for user in data.user_indices() {
            let list = |model: &EaseModel| model.recommend(user.into(), &Request::new(5)).unwrap();
            let (double, single) = (list(&double), list(&single));
            for (a, b) in double.ranking.scores().zip(single.ranking.scores()) {
                assert!((a - b).abs() < 1e-4, "{a} is not {b}");
            }
        }
    }

    #[test]
    fn a_penalty_that_rounding_swallows_is_refused() {
        let data = Interactions::from_triplets([
            ("a", "x", 1e20),
            ("a", "y", 1e20),
            ("b", "x", 1e20),
            ("b", "y", 1e20),
        ])
        .unwrap();
        let weight = PlayWeight::VALUE;
        let error = Ease {
            weight,
            ..Ease::new(1.0)
        }
        .fit(&data);
        assert_eq!(
            error.err().unwrap().to_string(),
            "`lambda` is 1, but must be larger: against such values it is lost in rounding"
        );
    }
}
